#include "engine/engine_answer.h"

#include <jansson.h>

#include <string.h>

#define URL_BYTES_MAX (64u * 1024)

bool engine_answer_read(struct engine_answer *answer, const struct record *record)
{
    *answer = (struct engine_answer){0};
    const uint8_t *end = record->size > 0 ? memchr(record->data, '\n', record->size) : NULL;
    if (end == NULL)
        return false;
    size_t line_size = (size_t)(end - record->data);
    json_t *line = json_loadb((const char *)record->data, line_size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *status = json_object_get(line, "status");
    *answer = (struct engine_answer){
        .line = line,
        .url = json_string_value(json_object_get(line, "url")),
        .status = json_integer_value(status),
        .body = end + 1,
        .size = record->size - line_size - 1,
    };
    return answer->url != NULL && json_is_integer(status);
}

void engine_answer_release(struct engine_answer *answer)
{
    json_decref(answer->line);
    *answer = (struct engine_answer){0};
}

bool engine_answer_is_list(const struct engine_answer *answer, const struct venue *venue)
{
    return answer->status == 200 && venue->rest != NULL && venue->rest->is_list(answer->url);
}

enum err engine_answer_decode(const struct record *record, const struct venue *venue,
                              const struct instrument_list *instruments, struct venue_frame *frame,
                              bool *out_decoded)
{
    struct engine_answer answer;
    enum err err = ERR_OK;
    *out_decoded = venue->decode_http != NULL && engine_answer_read(&answer, record) &&
                   answer.status == 200 && !engine_answer_is_list(&answer, venue);
    if (*out_decoded)
        err = venue->decode_http(answer.url, answer.body, answer.size, instruments, frame);
    if (venue->decode_http != NULL)
        engine_answer_release(&answer);
    return err;
}

static enum err append_url(struct buf *out, const struct engine_asked *asked)
{
    struct buf url;
    buf_init(&url, URL_BYTES_MAX);
    enum err err = buf_printf(&url, "%s%s", asked->host, asked->target);
    err = err ? err : buf_append_json(out, url.data, url.size);
    buf_release(&url);
    return err;
}

enum err engine_answer_tell(struct buf *out, const struct engine_asked *asked, const void *body,
                            size_t size)
{
    buf_clear(out);
    enum err err = buf_printf(out, "{\"method\":\"%s\",\"url\":", asked->method);
    err = err ? err : append_url(out, asked);
    err = err ? err : buf_printf(out, ",\"status\":%d", asked->status);
    if (!err && asked->error && *asked->error) {
        err = buf_append_text(out, ",\"error\":");
        err = err ? err : buf_append_json(out, asked->error, strlen(asked->error));
    }
    err = err ? err : buf_append_text(out, "}\n");
    return err ? err : buf_append(out, body, size);
}

enum err engine_answer_write(struct buf *out, const char *url, const uint8_t *body, size_t size)
{
    struct engine_asked asked = {.method = "GET", .host = url, .target = "", .status = 200};
    return engine_answer_tell(out, &asked, body, size);
}
