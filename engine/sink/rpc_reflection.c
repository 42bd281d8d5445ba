#include "engine/sink/rpc_reflection.h"

#include "engine/sink/descriptor_set.h"

#include "descriptors.h"
#include "grpc/reflection/v1alpha/reflection.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Grpc__Reflection__V1alpha__ServerReflectionRequest reflection_request;
typedef Grpc__Reflection__V1alpha__ServerReflectionResponse reflection_response;

#define SERVICE_NAME_MAX 128

/* One stream. No lock: reading, answering and sending take turns, and the server orders them. */
struct reflection {
    struct rpc_call *call;
    bool reading;
    bool answered; /* `answer` waits to be sent */
    grpc_slice answer;
    bool ended; /* the client has sent its last, or something that is no request */
    grpc_status_code status;
};

static void serve_reflection(struct rpc_call *call, const uint8_t *request, size_t size, void *arg);

void rpc_reflection_methods(struct rpc_method out[RPC_REFLECTION_METHODS])
{
    out[0] = (struct rpc_method){"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                 RPC_BIDI, serve_reflection, NULL};
    out[1] = (struct rpc_method){"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                 RPC_BIDI, serve_reflection, NULL};
}

static struct span all_files(void)
{
    return (struct span){descriptors, descriptors_len};
}

/* ---- answers ----------------------------------------------------------------------------------
 */

/* Each function fills the response and packs it while what it points to is alive. */

static grpc_slice answer_error(reflection_response *response, grpc_status_code code,
                               const char *text)
{
    Grpc__Reflection__V1alpha__ErrorResponse error;
    grpc__reflection__v1alpha__error_response__init(&error);
    char copy[RPC_TEXT_MAX];
    snprintf(copy, sizeof copy, "%s", text);
    error.error_code = (int32_t)code;
    error.error_message = copy;
    response->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    response->error_response = &error;
    return rpc_pack(&response->base);
}

static bool is_listed(const struct span *files, size_t count, struct span file)
{
    for (size_t i = 0; i < count; i++)
        if (files[i].data == file.data)
            return true;
    return false;
}

/* The file and all that it imports, so that a client can build it at once. */
static size_t collect_files(struct span file, struct span files[RPC_REFLECTION_FILES_MAX])
{
    size_t count = 0;
    files[count++] = file;
    for (size_t done = 0; done < count; done++) {
        struct span name, import;
        for (size_t i = 0; descriptor_file_dependency(files[done], i, &name); i++) {
            char text[256];
            snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data);
            if (count < RPC_REFLECTION_FILES_MAX &&
                descriptor_set_file(all_files(), text, &import) && !is_listed(files, count, import))
                files[count++] = import;
        }
    }
    return count;
}

static grpc_slice answer_files(reflection_response *response, struct span file)
{
    struct span files[RPC_REFLECTION_FILES_MAX];
    ProtobufCBinaryData data[RPC_REFLECTION_FILES_MAX];
    Grpc__Reflection__V1alpha__FileDescriptorResponse list;
    grpc__reflection__v1alpha__file_descriptor_response__init(&list);
    list.n_file_descriptor_proto = collect_files(file, files);
    list.file_descriptor_proto = data;
    for (size_t i = 0; i < list.n_file_descriptor_proto; i++) {
        data[i].len = files[i].size;
        /* protobuf-c only reads what it packs, but its struct has no const. */
        memcpy(&data[i].data, &files[i].data, sizeof data[i].data);
    }
    response->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
    response->file_descriptor_response = &list;
    return rpc_pack(&response->base);
}

static grpc_slice answer_file(reflection_response *response, const char *name)
{
    struct span file;
    if (descriptor_set_file(all_files(), name, &file))
        return answer_files(response, file);
    return answer_error(response, GRPC_STATUS_NOT_FOUND, "no file of that name");
}

static grpc_slice answer_symbol(reflection_response *response, const char *symbol)
{
    struct span file;
    if (descriptor_set_symbol(all_files(), symbol, &file))
        return answer_files(response, file);
    return answer_error(response, GRPC_STATUS_NOT_FOUND, "no symbol of that name");
}

static grpc_slice answer_services(reflection_response *response)
{
    char names[RPC_REFLECTION_SERVICES_MAX][SERVICE_NAME_MAX];
    Grpc__Reflection__V1alpha__ServiceResponse services[RPC_REFLECTION_SERVICES_MAX];
    Grpc__Reflection__V1alpha__ServiceResponse *pointers[RPC_REFLECTION_SERVICES_MAX];
    Grpc__Reflection__V1alpha__ListServiceResponse list;
    grpc__reflection__v1alpha__list_service_response__init(&list);
    list.service = pointers;
    struct span file = {NULL, 0};
    while (descriptor_set_next(all_files(), file, &file)) {
        size_t n = list.n_service;
        for (size_t i = 0; n < RPC_REFLECTION_SERVICES_MAX &&
                           descriptor_file_service(file, i, names[n], SERVICE_NAME_MAX);
             i++) {
            grpc__reflection__v1alpha__service_response__init(&services[n]);
            services[n].name = names[n];
            pointers[n] = &services[n];
            n++;
        }
        list.n_service = n;
    }
    response->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
    response->list_services_response = &list;
    return rpc_pack(&response->base);
}

/* proto3: nothing here has extensions. */
static grpc_slice answer_extension_numbers(reflection_response *response, char *type)
{
    struct span file;
    if (!descriptor_set_symbol(all_files(), type, &file))
        return answer_error(response, GRPC_STATUS_NOT_FOUND, "no type of that name");
    Grpc__Reflection__V1alpha__ExtensionNumberResponse numbers;
    grpc__reflection__v1alpha__extension_number_response__init(&numbers);
    numbers.base_type_name = type;
    response->message_response_case =
        GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE;
    response->all_extension_numbers_response = &numbers;
    return rpc_pack(&response->base);
}

static grpc_slice answer(reflection_request *request)
{
    reflection_response response;
    grpc__reflection__v1alpha__server_reflection_response__init(&response);
    response.valid_host = request->host;
    response.original_request = request;
    switch (request->message_request_case) {
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        return answer_file(&response, request->file_by_filename);
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        return answer_symbol(&response, request->file_containing_symbol);
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        return answer_error(&response, GRPC_STATUS_NOT_FOUND, "no message here has extensions");
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        return answer_extension_numbers(&response, request->all_extension_numbers_of_type);
    case GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        return answer_services(&response);
    default:
        return answer_error(&response, GRPC_STATUS_INVALID_ARGUMENT,
                            "the request asks for nothing known");
    }
}

/* ---- the stream -------------------------------------------------------------------------------
 */

static enum rpc_next reflection_next(void *state, struct rpc_outgoing *out)
{
    struct reflection *reflection = state;
    if (reflection->answered) {
        reflection->answered = false;
        out->slices[out->count++] = reflection->answer;
        return RPC_NEXT_MESSAGE;
    }
    if (reflection->ended) {
        out->status = reflection->status;
        snprintf(out->text, sizeof out->text, "%s",
                 reflection->status == GRPC_STATUS_OK
                     ? ""
                     : "the request is not a ServerReflectionRequest");
        return RPC_NEXT_STATUS;
    }
    if (!reflection->reading) {
        reflection->reading = true;
        rpc_stream_read(reflection->call); /* nothing may be touched behind it */
    }
    return RPC_NEXT_NOTHING;
}

static void reflection_received(void *state, const uint8_t *data, size_t size)
{
    struct reflection *reflection = state;
    reflection_request *request =
        data == NULL
            ? NULL
            : grpc__reflection__v1alpha__server_reflection_request__unpack(NULL, size, data);
    if (request != NULL) {
        reflection->answer = answer(request);
        reflection->answered = true;
        grpc__reflection__v1alpha__server_reflection_request__free_unpacked(request, NULL);
    } else {
        reflection->ended = true;
        reflection->status = data == NULL ? GRPC_STATUS_OK : GRPC_STATUS_INVALID_ARGUMENT;
    }
    reflection->reading = false;
    rpc_stream_kick(reflection->call);
}

static void reflection_closed(void *state)
{
    (void)state;
}

static void reflection_release(void *state)
{
    struct reflection *reflection = state;
    if (reflection->answered)
        grpc_slice_unref(reflection->answer);
    free(reflection);
}

static const struct rpc_stream_events reflection_events = {
    .next = reflection_next,
    .received = reflection_received,
    .closed = reflection_closed,
    .release = reflection_release,
};

static void serve_reflection(struct rpc_call *call, const uint8_t *request, size_t size, void *arg)
{
    (void)request, (void)size, (void)arg;
    struct reflection *reflection = calloc(1, sizeof *reflection);
    if (reflection == NULL) {
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    reflection->call = call;
    rpc_stream_open(call, &reflection_events, reflection);
}
