#include "engine/engine_answer.h"

#include <jansson.h>

#include <string.h>

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

enum err engine_answer_write(struct buf *out, const char *url, const uint8_t *body, size_t size)
{
    buf_clear(out);
    enum err err = buf_append_text(out, "{\"method\":\"GET\",\"url\":");
    if (err == ERR_OK)
        err = buf_append_json(out, url, strlen(url));
    if (err == ERR_OK)
        err = buf_append_text(out, ",\"status\":200}\n");
    return err == ERR_OK ? buf_append(out, body, size) : err;
}
