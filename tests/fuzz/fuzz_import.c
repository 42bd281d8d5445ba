/*
 * Fuzzes what `rewick import` makes of a foreign file: unpacking, lines, formats. The first byte
 * says which format (byte % 5), the rest is the file.
 *
 * Beyond crashes: what is refused carries a reason, what is read points at bytes that are there,
 * times are receive times or none, connections count from 1, and what rewick writes itself is JSON.
 */
#include "replayer/import_format.h"
#include "replayer/import_lines.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"hftbacktest", "cryptofeed", "tardis", "http", "frames"};

static void check_json(const uint8_t *data, size_t size)
{
    json_t *json = json_loadb((const char *)data, size, 0, NULL);
    assert(json_is_object(json));
    json_decref(json);
}

/* Touches every byte, so that a pointer to nowhere shows. */
static unsigned sum(const uint8_t *data, size_t size)
{
    unsigned total = 0;
    for (size_t i = 0; i < size; i++)
        total += data[i];
    return total;
}

static void check_entry(const struct import_parser *parser, const struct import_entry *entry)
{
    volatile unsigned touched = sum(entry->data, entry->size) + sum(entry->url, entry->url_size);
    (void)touched;
    assert(entry->size <= IMPORT_LINE_MAX);
    assert(entry->wall_ns == RECORD_NO_TIME || entry->wall_ns >= IMPORT_TIME_MIN_NS ||
           strcmp(parser->url, "tardis") == 0);
    assert(entry->connection <= parser->connections);
    bool message = entry->type == RECORD_RECEIVED || entry->type == RECORD_SENT;
    assert((entry->connection > 0) == (message || entry->type == RECORD_CONNECTION));
    if (entry->type == RECORD_CONNECTION || entry->type == RECORD_CONFIG)
        check_json(entry->data, entry->size);
    if (entry->type == RECORD_HTTP)
        assert(import_url_check(entry->url, entry->url_size) == ERR_OK);
}

static enum err next(const struct import_format *format, struct import_lines *lines,
                     const uint8_t **line, size_t *size)
{
    return format->whole ? import_lines_rest(lines, line, size)
                         : import_lines_next(lines, line, size);
}

static void read_file(const struct import_format *format, struct import_lines *lines)
{
    struct import_parser parser;
    const uint8_t *line;
    size_t size;
    enum err err;
    import_parser_init(&parser, format->name);
    while ((err = next(format, lines, &line, &size)) != ERR_END) {
        assert(err == ERR_OK || err == ERR_DAMAGED || err == ERR_LIMIT);
        if (err != ERR_OK || (size == 0 && !format->empty_lines))
            continue;
        struct import_entry entry = {.wall_ns = RECORD_NO_TIME};
        err_clear();
        err = format->parse(&parser, line, size, &entry);
        assert(err == ERR_OK || err == ERR_END || err == ERR_DAMAGED || err == ERR_LIMIT);
        if (err == ERR_OK)
            check_entry(&parser, &entry);
        else if (err != ERR_END)
            assert(err_text(err) == err_text(ERR_OK)); /* a text of its own */
    }
    import_parser_release(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct import_format *format;
    struct import_source *source;
    struct import_lines *lines;
    if (import_format_get(&format, names[data[0] % 5]) != ERR_OK)
        return 0;
    if (import_source_open_memory(&source, data + 1, size - 1) != ERR_OK)
        return 0;
    if (import_lines_open(&lines, source) != ERR_OK)
        return 0;
    read_file(format, lines);
    import_lines_close(lines);
    return 0;
}
