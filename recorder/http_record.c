#include "recorder/http_record.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>

static enum err append_url(struct buf *out, const struct ws_url *host, const char *target)
{
    struct buf url;
    buf_init(&url, 64 * 1024);
    enum err err = buf_printf(&url, "%s%s", host->text, target);
    err = err ? err : buf_append_json(out, url.data, url.size);
    buf_release(&url);
    return err;
}

enum err http_record_write(struct buf *out, const char *method, const struct ws_url *host,
                           const char *target, int status, const char *error, const void *body,
                           size_t size)
{
    buf_clear(out);
    enum err err = buf_printf(out, "{\"method\":\"%s\",\"url\":", method);
    err = err ? err : append_url(out, host, target);
    err = err ? err : buf_printf(out, ",\"status\":%d", status);
    if (!err && error && *error) {
        err = buf_append_text(out, ",\"error\":");
        err = err ? err : buf_append_json(out, error, strlen(error));
    }
    err = err ? err : buf_append_text(out, "}\n");
    return err ? err : buf_append(out, body, size);
}

bool http_record_read(struct http_record *out, const struct record *record)
{
    *out = (struct http_record){0};
    const uint8_t *end = record->size > 0 ? memchr(record->data, '\n', record->size) : NULL;
    if (record->type != RECORD_HTTP || !end)
        return false;
    size_t head = (size_t)(end - record->data);
    json_t *line = json_loadb((const char *)record->data, head, JSON_REJECT_DUPLICATES, NULL);
    const char *url = json_string_value(json_object_get(line, "url"));
    const json_t *status = json_object_get(line, "status");
    bool good = url && json_is_integer(status);
    if (good) {
        int size = snprintf(out->url, sizeof out->url, "%s", url);
        if (size < 0 || (size_t)size >= sizeof out->url)
            out->url[0] = '\0';
        json_int_t value = json_integer_value(status);
        out->status = value >= 0 && value <= 999 ? (int)value : 0;
        out->body = end + 1;
        out->size = record->size - head - 1;
    }
    json_decref(line);
    return good;
}
