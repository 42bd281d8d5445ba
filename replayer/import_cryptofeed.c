/*
 * cryptofeed, text form, and the choice between the two forms:
 *
 *     URL <-> t              connected
 *     URL <- t: message      sent
 *     URL -> t: body         HTTP answer
 *     t: frame               received
 *     configuration: {...}   what the tool was set to
 *
 * t is in seconds. JSON lines (import_cryptofeed_json.c) begin with '{', which no line of the text
 * form does.
 */
#include "replayer/import_format.h"

#include <string.h>

#define CONFIGURATION "configuration: "

/* Splits "t: rest" and reads the time. */
static enum err take_time(const uint8_t *text, size_t size, struct import_entry *out)
{
    size_t colon = import_find(text, size, ':');
    if (colon + 1 >= size || text[colon + 1] != ' ')
        return err_fail(ERR_DAMAGED, "no 'time: ' in front of the message");
    out->data = text + colon + 2;
    out->size = size - colon - 2;
    return import_seconds(&out->wall_ns, text, colon);
}

/* A capture may begin in the middle of a connection. */
static uint32_t current(struct import_parser *parser)
{
    if (parser->connections == 0)
        parser->connections = 1;
    return parser->connections;
}

static bool starts(const uint8_t *text, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && memcmp(text, with, length) == 0;
}

/* A line that begins with an address; `rest` is what follows it. */
static enum err parse_address(struct import_parser *parser, const uint8_t *url, size_t url_size,
                              const uint8_t *rest, size_t size, struct import_entry *out)
{
    if (starts(rest, size, " <-> ")) {
        enum err err = import_seconds(&out->wall_ns, rest + 5, size - 5);
        return err == ERR_OK ? import_entry_open(parser, url, url_size, out) : err;
    }
    if (starts(rest, size, " <- ")) {
        out->type = RECORD_SENT;
        out->connection = current(parser);
        return take_time(rest + 4, size - 4, out);
    }
    if (starts(rest, size, " -> ")) {
        out->type = RECORD_HTTP;
        out->url = url;
        out->url_size = url_size;
        enum err err = import_url_check(url, url_size);
        return err == ERR_OK ? take_time(rest + 4, size - 4, out) : err;
    }
    return err_fail(ERR_DAMAGED, "none of '<->', '<-' and '->' behind the address");
}

static bool is_address(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++)
        if (memcmp(text + i, "://", 3) == 0)
            return i > 0;
    return false;
}

static enum err parse_text(struct import_parser *parser, const uint8_t *line, size_t size,
                           struct import_entry *out)
{
    size_t skip = strlen(CONFIGURATION);
    if (starts(line, size, CONFIGURATION))
        return import_entry_config(line + skip, size - skip, out);
    size_t blank = import_find(line, size, ' ');
    if (is_address(line, blank))
        return parse_address(parser, line, blank, line + blank, size - blank, out);
    out->type = RECORD_RECEIVED;
    enum err err = take_time(line, size, out);
    if (err == ERR_OK)
        out->connection = current(parser);
    return err;
}

static enum err parse(struct import_parser *parser, const uint8_t *line, size_t size,
                      struct import_entry *out)
{
    if (!parser->begun)
        parser->json = size > 0 && line[0] == '{';
    parser->begun = true;
    return parser->json ? import_cryptofeed_json(parser, line, size, out)
                        : parse_text(parser, line, size, out);
}

const struct import_format import_format_cryptofeed = {.name = "cryptofeed", .parse = parse};
