#include "replayer/import_format.h"

#include "engine/base/time_text.h"
#include "replayer/import_lines.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct import_format *const formats[] = {
    &import_format_hftbacktest, &import_format_cryptofeed, &import_format_tardis,
    &import_format_http,        &import_format_frames,
};

enum err import_format_get(const struct import_format **out, const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i]->name, name) == 0) {
            *out = formats[i];
            return ERR_OK;
        }
    return err_fail(ERR_UNKNOWN,
                    "unknown format '%s'; known are hftbacktest, cryptofeed, tardis, "
                    "http and frames",
                    name);
}

void import_parser_init(struct import_parser *parser, const char *url)
{
    *parser = (struct import_parser){.url = url};
    buf_init(&parser->data, IMPORT_LINE_MAX);
    buf_init(&parser->other, IMPORT_LINE_MAX);
}

void import_parser_release(struct import_parser *parser)
{
    buf_release(&parser->data);
    buf_release(&parser->other);
    free(parser->names);
    parser->names = NULL;
}

enum err import_url_check(const uint8_t *url, size_t size)
{
    bool fine = buf_is_utf8(url, size);
    for (size_t i = 0; i < size && fine; i++)
        fine = url[i] >= 0x20 && url[i] != 0x7f;
    return fine ? ERR_OK : err_fail(ERR_DAMAGED, "the url is not UTF-8 without control characters");
}

enum err import_entry_open(struct import_parser *parser, const uint8_t *url, size_t url_size,
                           struct import_entry *out)
{
    struct buf *data = &parser->data;
    buf_clear(data);
    enum err err = import_url_check(url, url_size);
    if (err == ERR_OK)
        err = buf_append_text(data, "{\"event\":\"open\",\"url\":");
    if (err == ERR_OK)
        err = buf_append_json(data, url, url_size);
    if (err == ERR_OK)
        err = buf_append_byte(data, '}');
    if (err != ERR_OK)
        return err;
    out->type = RECORD_CONNECTION;
    out->connection = ++parser->connections;
    out->data = data->data;
    out->size = data->size;
    return ERR_OK;
}

enum err import_entry_config(const uint8_t *json, size_t size, struct import_entry *out)
{
    json_error_t error;
    json_t *parsed = json_loadb((const char *)json, size, 0, &error);
    if (!parsed)
        return err_fail(ERR_DAMAGED, "the configuration is not JSON: %s", error.text);
    bool object = json_is_object(parsed);
    json_decref(parsed);
    if (!object)
        return err_fail(ERR_DAMAGED, "the configuration is not a JSON object");
    out->type = RECORD_CONFIG;
    out->data = json;
    out->size = size;
    return ERR_OK;
}

enum err import_seconds(int64_t *out_ns, const uint8_t *text, size_t size)
{
    if (time_parse_seconds(out_ns, (const char *)text, size) != ERR_OK ||
        *out_ns < IMPORT_TIME_MIN_NS)
        return err_fail(ERR_DAMAGED, "no receive time in seconds since 1970");
    return ERR_OK;
}

size_t import_find(const uint8_t *text, size_t size, uint8_t c)
{
    const uint8_t *found = size > 0 ? memchr(text, c, size) : NULL;
    return found ? (size_t)(found - text) : size;
}
