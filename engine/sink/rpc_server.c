#include "engine/sink/rpc_server.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <dlfcn.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The core is not instrumented: tell the thread sanitizer that a tag carries the order of events
 * with it. */
#if defined(__SANITIZE_THREAD__)
#define RPC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RPC_TSAN 1
#endif
#endif
#ifdef RPC_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define TAG_GIVEN(tag) __tsan_release(tag)
#define TAG_BACK(tag)  __tsan_acquire(tag)
#else
#define TAG_GIVEN(tag) ((void)(tag))
#define TAG_BACK(tag)  ((void)(tag))
#endif

#define THREAD_COUNT 2
/* How often to look whether all connections are closed, and for how long after the grace. */
#define HANG_UP_NS            (INT64_C(5) * 1000000)
#define HANG_UP_MAX_NS        (INT64_C(5) * 1000000000)
#define CORE_SHUTDOWN_NS      (INT64_C(500) * 1000000)
#define CORE_SHUTDOWN_LOOK_NS (INT64_C(1) * 1000000)
/* Lines of the core that reach stderr; hostile clients must not be able to fill it. */
#define CORE_LINES_MAX 20

/* What a completion queue gives back when an operation is done. */
struct tag {
    void (*done)(struct tag *tag, bool ok);
    void *owner;
};

struct method {
    struct rpc_method face;
    struct rpc_server *server;
    void *handle; /* NULL: the catch-all */
};

struct rpc_call {
    struct rpc_server *server;
    struct method *method;
    atomic_uint refs; /* one per running batch, one per holder */
    grpc_call *core;
    grpc_metadata_array metadata;
    grpc_call_details details; /* catch-all only */
    gpr_timespec deadline;
    grpc_byte_buffer *payload;
    grpc_byte_buffer *received;
    int cancelled;
    struct tag requested, sent, read, ended;

    const struct rpc_stream_events *events;
    void *state;
    /* Kicks not yet answered with "nothing". Whoever raises it from 0 owns the sending side; while
     * a batch runs, the batch does, and before the stream is open nobody does. */
    _Atomic uint64_t kicks;
};

struct rpc_server {
    grpc_server *core;
    grpc_completion_queue *queue;
    struct rpc_address address; /* with the port that it has got */
    size_t method_count;
    struct method methods[RPC_METHODS_MAX + 1];
    size_t thread_count;
    pthread_t threads[THREAD_COUNT];
    struct tag shutdown;
    atomic_bool stopping;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t live; /* calls that were accepted and are not freed */
    bool is_shut_down;
};

static atomic_bool core_muted;
static atomic_uint core_lines;
static atomic_uint core_shutdowns; /* under way */

static void arm(struct method *method);
static void pump(struct rpc_call *call);

/* ---- setting up -------------------------------------------------------------------------------
 */

static void log_core_line(gpr_log_func_args *args)
{
    if (args->severity != GPR_LOG_SEVERITY_ERROR || atomic_load(&core_muted))
        return;
    unsigned number = atomic_fetch_add(&core_lines, 1);
    if (number < CORE_LINES_MAX)
        log_warn("gRPC: %s", args->message);
    else if (number == CORE_LINES_MAX)
        log_warn("gRPC: further lines are left out");
}

/* Debian builds abseil with its debug checks on: every lock keeps a graph of lock orders, aborts
 * the process on a presumed cycle, and costs a fifth of the throughput. */
static void switch_off_deadlock_check(void)
{
    void *symbol = dlsym(RTLD_DEFAULT,
                         "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE");
    if (symbol == NULL)
        return;
    void (*set_mode)(int);
    memcpy(&set_mode, &symbol, sizeof set_mode);
    set_mode(0); /* OnDeadlockCycle::kIgnore */
}

static void init_core(void)
{
    switch_off_deadlock_check();
    gpr_set_log_function(log_core_line);
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    grpc_init();
}

static grpc_arg integer_arg(const char *key, int value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER};
    memcpy(&arg.key, &key, sizeof arg.key); /* the library's struct forgot the const */
    arg.value.integer = value;
    return arg;
}

static grpc_server *create_core_server(void)
{
    grpc_arg list[] = {
        integer_arg(GRPC_ARG_ALLOW_REUSEPORT, 0),
        integer_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, RPC_REQUEST_BYTES_MAX),
        integer_arg(GRPC_ARG_MAX_CONCURRENT_STREAMS, RPC_CONNECTION_CALLS_MAX),
        integer_arg(GRPC_ARG_KEEPALIVE_TIME_MS, RPC_KEEPALIVE_MS),
        integer_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, RPC_KEEPALIVE_TIMEOUT_MS),
        integer_arg(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        integer_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, RPC_CLIENT_PING_MIN_MS),
    };
    grpc_channel_args args = {.num_args = sizeof list / sizeof list[0], .args = list};
    return grpc_server_create(&args, NULL);
}

static void register_methods(struct rpc_server *server, const struct rpc_method *methods,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct method *method = &server->methods[i];
        method->face = methods[i];
        method->server = server;
        method->handle = grpc_server_register_method(
            server->core, methods[i].path, NULL,
            methods[i].kind == RPC_BIDI ? GRPC_SRM_PAYLOAD_NONE
                                        : GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER,
            0);
    }
    server->methods[count] = (struct method){.face.path = "any", .server = server};
    server->method_count = count + 1;
}

static int add_port(struct rpc_server *server, const struct rpc_address *address)
{
    char text[RPC_ADDRESS_TEXT_MAX];
    rpc_address_format(text, address);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    atomic_store(&core_muted, true); /* the caller says why, once */
    int port = grpc_server_add_http2_port(server->core, text, credentials);
    atomic_store(&core_muted, false);
    grpc_server_credentials_release(credentials);
    server->address = *address;
    server->address.port = (uint16_t)port;
    return port;
}

static enum err fail_listen(const struct rpc_address *address)
{
    char text[RPC_ADDRESS_TEXT_MAX];
    rpc_address_format(text, address);
    return err_fail(ERR_NET, "cannot listen on %s; choose another with --grpc", text);
}

static void *run_thread(void *arg)
{
    struct rpc_server *server = arg;
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.type == GRPC_OP_COMPLETE) {
            struct tag *tag = event.tag;
            TAG_BACK(tag);
            tag->done(tag, event.success != 0);
        }
    }
}

static void shutdown_done(struct tag *tag, bool ok)
{
    (void)ok;
    struct rpc_server *server = tag->owner;
    pthread_mutex_lock(&server->lock);
    server->is_shut_down = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static struct rpc_server *new_server(void)
{
    struct rpc_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    server->shutdown = (struct tag){shutdown_done, server};
    return server;
}

static enum err start_threads(struct rpc_server *server)
{
    for (size_t i = 0; i < THREAD_COUNT; i++) {
        if (pthread_create(&server->threads[i], NULL, run_thread, server) != 0)
            return err_fail(ERR_NOMEM,
                            "cannot start a gRPC thread; raise the limit of processes (ulimit -u)");
        server->thread_count++;
    }
    return ERR_OK;
}

static enum err start_server(struct rpc_server *server, const struct rpc_address *address,
                             const struct rpc_method *methods, size_t method_count, int *out_port)
{
    server->core = create_core_server();
    server->queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->core, server->queue, NULL);
    register_methods(server, methods, method_count);
    int port = add_port(server, address);
    grpc_server_start(server->core);
    enum err err = start_threads(server);
    if (err == ERR_OK && port == 0)
        err = fail_listen(address);
    if (err != ERR_OK)
        return err;
    *out_port = port;
    for (size_t i = 0; i < server->method_count; i++)
        arm(&server->methods[i]);
    return ERR_OK;
}

enum err rpc_server_open(struct rpc_server **out, const struct rpc_address *address,
                         const struct rpc_method *methods, size_t method_count, int *out_port)
{
    *out = NULL;
    if (method_count > RPC_METHODS_MAX)
        return err_fail(ERR_LIMIT, "more than %d gRPC methods", RPC_METHODS_MAX);
    struct rpc_server *server = new_server();
    if (server == NULL)
        return err_fail(ERR_NOMEM, "no memory for the gRPC server");
    /* Threads inherit the mask: signals stay with the caller's threads. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    init_core();
    enum err err = start_server(server, address, methods, method_count, out_port);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != ERR_OK) {
        rpc_server_stop(server);
        rpc_server_wait(server, 0);
        rpc_server_close(server);
        return err;
    }
    *out = server;
    return ERR_OK;
}

/* ---- shutting down ----------------------------------------------------------------------------
 */

void rpc_server_stop(struct rpc_server *server)
{
    if (atomic_exchange(&server->stopping, true))
        return;
    TAG_GIVEN(&server->shutdown);
    grpc_server_shutdown_and_notify(server->core, server->queue, &server->shutdown);
}

static bool wait_until_shut_down(struct rpc_server *server, int64_t deadline_ns)
{
    struct timespec deadline = {.tv_sec = deadline_ns / 1000000000,
                                .tv_nsec = deadline_ns % 1000000000};
    pthread_mutex_lock(&server->lock);
    int status = 0;
    while (!server->is_shut_down && status == 0)
        status = pthread_cond_timedwait(&server->changed, &server->lock, &deadline);
    bool is_shut_down = server->is_shut_down;
    pthread_mutex_unlock(&server->lock);
    return is_shut_down;
}

/* The shutdown waits for connections too, and a stopped client never closes its own; and
 * connections outlive the shutdown while there is something to write, which would hold up
 * grpc_shutdown() for ten seconds. */
static void wait_for_connections(struct rpc_server *server, int64_t deadline_ns)
{
    for (;;) {
        bool is_shut_down = wait_until_shut_down(server, clock_mono_ns() + HANG_UP_NS);
        int64_t now_ns = clock_mono_ns();
        size_t count = rpc_address_connections(&server->address, now_ns > deadline_ns);
        if (is_shut_down && (count == 0 || now_ns > deadline_ns + HANG_UP_MAX_NS))
            return;
        clock_sleep_until(now_ns + HANG_UP_NS);
    }
}

void rpc_server_wait(struct rpc_server *server, int64_t grace_ns)
{
    if (server->thread_count == 0)
        return;
    int64_t deadline_ns = clock_mono_ns() + grace_ns;
    if (!wait_until_shut_down(server, deadline_ns))
        grpc_server_cancel_all_calls(server->core);
    wait_for_connections(server, deadline_ns);
    /* Starting a batch on a queue that is shut down would abort the process: let the last call go
     * first. */
    pthread_mutex_lock(&server->lock);
    while (server->live > 0)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* Without threads (they could not be started) nobody else takes the events. */
static void drain_queue(struct rpc_server *server)
{
    if (server->thread_count == 0)
        run_thread(server);
    for (size_t i = 0; i < server->thread_count; i++)
        pthread_join(server->threads[i], NULL);
}

static void wait_without_threads(struct rpc_server *server)
{
    while (server->thread_count == 0 && !server->is_shut_down) {
        grpc_event event =
            grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        if (event.type != GRPC_OP_COMPLETE)
            return;
        struct tag *tag = event.tag;
        TAG_BACK(tag);
        tag->done(tag, event.success != 0);
    }
}

static void *run_core_shutdown(void *arg)
{
    (void)arg;
    grpc_shutdown();
    atomic_fetch_sub(&core_shutdowns, 1);
    return NULL;
}

/* grpc_shutdown() joins the core's own poller, which may sleep for ten seconds after a client did
 * not take what was sent to it. Nobody needs to wait for that. */
static void leave_core(void)
{
    pthread_t thread;
    atomic_fetch_add(&core_shutdowns, 1);
    if (pthread_create(&thread, NULL, run_core_shutdown, NULL) != 0) {
        run_core_shutdown(NULL);
        return;
    }
    pthread_detach(thread);
    int64_t deadline_ns = clock_mono_ns() + CORE_SHUTDOWN_NS;
    while (atomic_load(&core_shutdowns) > 0 && clock_mono_ns() < deadline_ns)
        clock_sleep_until(clock_mono_ns() + CORE_SHUTDOWN_LOOK_NS);
}

void rpc_server_close(struct rpc_server *server)
{
    if (server == NULL)
        return;
    wait_without_threads(server);
    grpc_server_destroy(server->core);
    grpc_completion_queue_shutdown(server->queue);
    drain_queue(server);
    grpc_completion_queue_destroy(server->queue);
    leave_core();
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static void count_live(struct rpc_server *server, bool more)
{
    pthread_mutex_lock(&server->lock);
    server->live += more ? 1 : SIZE_MAX;
    if (server->live == 0)
        pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void free_call(struct rpc_call *call)
{
    if (call->events != NULL)
        call->events->release(call->state);
    if (call->payload != NULL)
        grpc_byte_buffer_destroy(call->payload);
    if (call->received != NULL)
        grpc_byte_buffer_destroy(call->received);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    struct rpc_server *server = call->server;
    bool accepted = call->core != NULL;
    if (accepted)
        grpc_call_unref(call->core);
    free(call);
    if (accepted)
        count_live(server, false);
}

void rpc_call_ref(struct rpc_call *call)
{
    atomic_fetch_add(&call->refs, 1);
}

void rpc_call_unref(struct rpc_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) == 1)
        free_call(call);
}

/* Runs a batch, which holds a reference of its own. False: it was not started and no event will
 * come. */
static bool start_batch(struct rpc_call *call, const grpc_op *ops, size_t count, struct tag *tag)
{
    rpc_call_ref(call);
    TAG_GIVEN(tag);
    if (grpc_call_start_batch(call->core, ops, count, tag, NULL) == GRPC_CALL_OK)
        return true;
    log_warn("gRPC: %s: the core refused a batch", call->method->face.path);
    rpc_call_unref(call);
    return false;
}

static void batch_done(struct tag *tag, bool ok)
{
    (void)ok;
    rpc_call_unref(tag->owner);
}

/* One whole message of a byte buffer, decompressed; an empty slice when it cannot be read. */
static bool read_message(grpc_byte_buffer *buffer, grpc_slice *out)
{
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, buffer))
        return false;
    *out = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    return true;
}

static void serve_unknown(struct rpc_call *call)
{
    char path[RPC_TEXT_MAX / 2];
    size_t size = GRPC_SLICE_LENGTH(call->details.method);
    if (size > sizeof path - 1)
        size = sizeof path - 1;
    memcpy(path, GRPC_SLICE_START_PTR(call->details.method), size);
    path[size] = '\0';
    rpc_fail(call, GRPC_STATUS_UNIMPLEMENTED,
             "no method '%s' here; server reflection lists the services", path);
}

static void serve(struct rpc_call *call)
{
    struct rpc_method *method = &call->method->face;
    if (call->method->handle == NULL) {
        serve_unknown(call);
        return;
    }
    if (method->kind == RPC_BIDI) {
        method->serve(call, NULL, 0, method->arg);
        return;
    }
    grpc_slice request;
    if (call->payload == NULL) {
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the call has no request message");
    } else if (!read_message(call->payload, &request)) {
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request cannot be decompressed");
    } else {
        method->serve(call, GRPC_SLICE_START_PTR(request), GRPC_SLICE_LENGTH(request), method->arg);
        grpc_slice_unref(request);
    }
}

static void call_requested(struct tag *tag, bool ok)
{
    struct rpc_call *call = tag->owner;
    if (!ok) { /* the server is stopping: there is no call */
        call->core = NULL;
        rpc_call_unref(call);
        return;
    }
    count_live(call->server, true);
    if (!atomic_load(&call->server->stopping))
        arm(call->method);
    serve(call);
}

/* Waits for the next call of a method. */
static void arm(struct method *method)
{
    struct rpc_server *server = method->server;
    struct rpc_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        log_error("no memory; gRPC method %s is not served any more", method->face.path);
        return;
    }
    call->server = server;
    call->method = method;
    atomic_init(&call->refs, 1);
    atomic_init(&call->kicks, 1);
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
    call->requested = (struct tag){call_requested, call};
    TAG_GIVEN(&call->requested);
    grpc_call_error error =
        method->handle != NULL
            ? grpc_server_request_registered_call(
                  server->core, method->handle, &call->core, &call->deadline, &call->metadata,
                  method->face.kind == RPC_BIDI ? NULL : &call->payload, server->queue,
                  server->queue, &call->requested)
            : grpc_server_request_call(server->core, &call->core, &call->details, &call->metadata,
                                       server->queue, server->queue, &call->requested);
    if (error != GRPC_CALL_OK) {
        log_error("gRPC method %s is not served any more: error %d", method->face.path, (int)error);
        rpc_call_unref(call);
    }
}

/* ---- unary ------------------------------------------------------------------------------------
 */

static void answer(struct rpc_call *call, grpc_byte_buffer *message, grpc_status_code status,
                   const char *text)
{
    grpc_slice details = grpc_slice_from_copied_string(text);
    grpc_op ops[4];
    memset(ops, 0, sizeof ops);
    size_t count = 0;
    ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (message != NULL) {
        ops[count].op = GRPC_OP_SEND_MESSAGE;
        ops[count++].data.send_message.send_message = message;
    }
    ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[count].data.send_status_from_server.status = status;
    ops[count++].data.send_status_from_server.status_details = &details;
    ops[count].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    ops[count++].data.recv_close_on_server.cancelled = &call->cancelled;
    call->sent = (struct tag){batch_done, call};
    start_batch(call, ops, count, &call->sent);
    grpc_slice_unref(details);
    rpc_call_unref(call);
}

void rpc_reply_slice(struct rpc_call *call, grpc_slice message)
{
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&message, 1);
    answer(call, buffer, GRPC_STATUS_OK, "");
    grpc_byte_buffer_destroy(buffer);
    grpc_slice_unref(message);
}

grpc_slice rpc_pack(const ProtobufCMessage *message)
{
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    return slice;
}

void rpc_reply(struct rpc_call *call, const ProtobufCMessage *message)
{
    rpc_reply_slice(call, rpc_pack(message));
}

void rpc_fail(struct rpc_call *call, grpc_status_code status, const char *format, ...)
{
    char text[RPC_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    answer(call, NULL, status, text);
}

/* ---- streams ----------------------------------------------------------------------------------
 */

static void stream_ended(struct tag *tag, bool ok)
{
    (void)ok; /* always true; `cancelled` would tell how it ended */
    struct rpc_call *call = tag->owner;
    call->events->closed(call->state);
    rpc_call_unref(call);
}

/* The batch owned the sending side; it goes on with the next message. A failed send means that the
 * call is cancelled: nothing can be sent any more, so the side stays owned and kicks do nothing. */
static void stream_sent(struct tag *tag, bool ok)
{
    struct rpc_call *call = tag->owner;
    if (ok)
        pump(call);
    rpc_call_unref(call);
}

static void stream_read(struct tag *tag, bool ok)
{
    struct rpc_call *call = tag->owner;
    grpc_byte_buffer *buffer = call->received;
    call->received = NULL;
    grpc_slice message;
    if (ok && buffer != NULL && read_message(buffer, &message)) {
        call->events->received(call->state, GRPC_SLICE_START_PTR(message),
                               GRPC_SLICE_LENGTH(message));
        grpc_slice_unref(message);
    } else {
        call->events->received(call->state, NULL, 0);
    }
    if (buffer != NULL)
        grpc_byte_buffer_destroy(buffer);
    rpc_call_unref(call);
}

void rpc_stream_open(struct rpc_call *call, const struct rpc_stream_events *events, void *state)
{
    call->events = events;
    call->state = state;
    call->ended = (struct tag){stream_ended, call};
    call->sent = (struct tag){stream_sent, call};
    call->read = (struct tag){stream_read, call};
    grpc_op op;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    op.data.recv_close_on_server.cancelled = &call->cancelled;
    if (!start_batch(call, &op, 1, &call->ended))
        events->closed(state);
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_SEND_INITIAL_METADATA;
    start_batch(call, &op, 1, &call->sent);
    rpc_call_unref(call);
}

static void send_message(struct rpc_call *call, struct rpc_outgoing *out)
{
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(out->slices, out->count);
    grpc_op op;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_SEND_MESSAGE;
    op.data.send_message.send_message = buffer;
    start_batch(call, &op, 1, &call->sent);
    grpc_byte_buffer_destroy(buffer);
    for (size_t i = 0; i < out->count; i++)
        grpc_slice_unref(out->slices[i]);
}

static void send_status(struct rpc_call *call, const struct rpc_outgoing *out)
{
    grpc_slice details = grpc_slice_from_copied_string(out->text);
    grpc_op op;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    op.data.send_status_from_server.status = out->status;
    op.data.send_status_from_server.status_details = &details;
    call->sent.done = batch_done; /* and nothing after it */
    start_batch(call, &op, 1, &call->sent);
    grpc_slice_unref(details);
}

/* Called by the owner of the sending side: starts the next batch, or gives the side up. */
static void pump(struct rpc_call *call)
{
    struct rpc_outgoing out;
    for (;;) {
        uint64_t seen = atomic_load(&call->kicks);
        out.count = 0;
        switch (call->events->next(call->state, &out)) {
        case RPC_NEXT_MESSAGE:
            send_message(call, &out);
            return;
        case RPC_NEXT_STATUS:
            send_status(call, &out);
            return;
        case RPC_NEXT_NOTHING:
            /* A kick since `seen` may have brought something: look again. */
            if (atomic_compare_exchange_strong(&call->kicks, &seen, 0))
                return;
        }
    }
}

void rpc_stream_kick(struct rpc_call *call)
{
    if (atomic_fetch_add(&call->kicks, 1) == 0)
        pump(call);
}

void rpc_stream_read(struct rpc_call *call)
{
    grpc_op op;
    memset(&op, 0, sizeof op);
    op.op = GRPC_OP_RECV_MESSAGE;
    op.data.recv_message.recv_message = &call->received;
    start_batch(call, &op, 1, &call->read);
}

void rpc_stream_cancel(struct rpc_call *call)
{
    grpc_call_cancel(call->core, NULL);
}
