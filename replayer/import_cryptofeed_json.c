/*
 * cryptofeed, JSON lines (its format 2, kept under zstd):
 *
 *     {"t":"header","format":2,"exchange":"KRAKEN","config":{...},"recorded":seconds,...}
 *     {"t":"connect","conn":"KRAKEN.ws.1","addr":"wss://...","ts":seconds}
 *     {"t":"send","conn":"KRAKEN.ws.1","ts":seconds,"addr":"wss://...","data":"message"}
 *     {"t":"recv","conn":"KRAKEN.ws.1","ts":seconds,"data":"frame"}      or "b64":"..." for a
 * binary one
 *     {"t":"http","conn":"KRAKEN.http.0","ts":seconds,"url":"https://...","data":"body"}
 *
 * Members come in any order; those that are not known are passed over.
 */
#include "replayer/import_format.h"
#include "replayer/import_json.h"

#include <stdlib.h>
#include <string.h>

/* The members that count; a NULL value: it is not there. */
struct envelope {
    struct import_json_member kind, conn, time, recorded, address, url, data, base64;
};

static enum err read_envelope(struct envelope *envelope, const uint8_t *line, size_t size)
{
    struct {
        const char *key;
        struct import_json_member *member;
    } wanted[] = {{"t", &envelope->kind},       {"conn", &envelope->conn},
                  {"ts", &envelope->time},      {"recorded", &envelope->recorded},
                  {"addr", &envelope->address}, {"url", &envelope->url},
                  {"data", &envelope->data},    {"b64", &envelope->base64}};
    struct import_json json;
    struct import_json_member member;
    enum err err;
    *envelope = (struct envelope){.kind = {.value = NULL}};
    import_json_init(&json, line, size);
    while ((err = import_json_next(&json, &member)) == ERR_OK)
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            if (import_json_is(&member, wanted[i].key))
                *wanted[i].member = member;
    return err == ERR_END ? ERR_OK : err;
}

static bool is_string(const struct import_json_member *member)
{
    return member->value && member->kind == IMPORT_JSON_STRING;
}

static bool kind_is(const struct envelope *envelope, const char *kind)
{
    const struct import_json_member *member = &envelope->kind;
    return member->value_size == strlen(kind) && memcmp(member->value, kind, strlen(kind)) == 0;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static enum err take_time(const struct import_json_member *member, struct import_entry *out)
{
    if (!member->value || member->kind != IMPORT_JSON_NUMBER)
        return err_fail(ERR_DAMAGED, "no time: 'ts' is missing or not a number");
    return import_seconds(&out->wall_ns, member->value, member->value_size);
}

static enum err take_text(const struct import_json_member *member, const char *name,
                          struct buf *out)
{
    if (!is_string(member))
        return err_fail(ERR_DAMAGED, "'%s' is missing or not a string", name);
    buf_clear(out);
    return import_json_unescape(member->value, member->value_size, out);
}

static enum err take_url(const struct import_json_member *member, const char *name, struct buf *out)
{
    enum err err = take_text(member, name, out);
    return err == ERR_OK ? import_url_check(out->data, out->size) : err;
}

static int base64_value(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* RFC 4648 with padding. */
static enum err decode_base64(const uint8_t *text, size_t size, struct buf *out)
{
    size_t padding = 0;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    buf_clear(out);
    enum err err = size % 4 == 0 ? buf_reserve(out, size / 4 * 3)
                                 : err_fail(ERR_DAMAGED, "'b64' is not base64");
    if (err != ERR_OK)
        return err;
    uint32_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        int value = i < size - padding ? base64_value(text[i]) : 0;
        if (value < 0)
            return err_fail(ERR_DAMAGED, "'b64' is not base64");
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        out->data[out->size++] = (uint8_t)(bits >> 16);
        out->data[out->size++] = (uint8_t)(bits >> 8);
        out->data[out->size++] = (uint8_t)bits;
    }
    out->size -= padding;
    return ERR_OK;
}

/* The message: text, or binary in base64. One that has neither (the tool leaves out what was
 * nothing) is empty. */
static enum err take_data(struct import_parser *parser, const struct envelope *envelope,
                          struct import_entry *out)
{
    enum err err = ERR_OK;
    buf_clear(&parser->data);
    if (is_string(&envelope->base64)) {
        out->flags = RECORD_BINARY;
        err = decode_base64(envelope->base64.value, envelope->base64.value_size, &parser->data);
    } else if (envelope->data.value) {
        err = take_text(&envelope->data, "data", &parser->data);
    }
    out->data = parser->data.data;
    out->size = parser->data.size;
    return err;
}

/* ---- connections ---------------------------------------------------------------------------- */

static enum err add_name(struct import_parser *parser, const struct import_json_member *conn,
                         struct import_name **out)
{
    if (!parser->names)
        parser->names = calloc(IMPORT_NAMES_MAX, sizeof *parser->names);
    if (!parser->names)
        return err_fail(ERR_NOMEM, "out of memory");
    if (parser->name_count == IMPORT_NAMES_MAX)
        return err_fail(ERR_LIMIT, "more than %d connection names in one file", IMPORT_NAMES_MAX);
    *out = &parser->names[parser->name_count++];
    memcpy((*out)->text, conn->value, conn->value_size);
    (*out)->text[conn->value_size] = '\0';
    (*out)->connection = 0;
    return ERR_OK;
}

static enum err find_name(struct import_parser *parser, const struct import_json_member *conn,
                          struct import_name **out)
{
    if (!is_string(conn) || conn->value_size >= IMPORT_NAME_MAX)
        return err_fail(ERR_DAMAGED, "'conn' is missing or not a short string");
    for (size_t i = parser->name_count; i > 0; i--) {
        struct import_name *name = &parser->names[i - 1];
        if (strlen(name->text) == conn->value_size &&
            memcmp(name->text, conn->value, conn->value_size) == 0) {
            *out = name;
            return ERR_OK;
        }
    }
    return add_name(parser, conn, out);
}

/* The connection that bears the name now; a capture may begin in the middle of it. */
static enum err take_connection(struct import_parser *parser, const struct envelope *envelope,
                                struct import_entry *out)
{
    struct import_name *name;
    enum err err = find_name(parser, &envelope->conn, &name);
    if (err != ERR_OK)
        return err;
    if (name->connection == 0)
        name->connection = ++parser->connections;
    out->connection = name->connection;
    return ERR_OK;
}

/* ---- kinds of lines ------------------------------------------------------------------------- */

static enum err parse_header(const struct envelope *envelope, const uint8_t *line, size_t size,
                             struct import_entry *out)
{
    enum err err = import_entry_config(line, size, out);
    if (err != ERR_OK || !envelope->recorded.value || envelope->recorded.kind != IMPORT_JSON_NUMBER)
        return err;
    return take_time(&envelope->recorded, out);
}

static enum err parse_connect(struct import_parser *parser, const struct envelope *envelope,
                              struct import_entry *out)
{
    struct import_name *name;
    enum err err = take_time(&envelope->time, out);
    if (err == ERR_OK)
        err = find_name(parser, &envelope->conn, &name);
    if (err == ERR_OK)
        err = take_url(&envelope->address, "addr", &parser->other);
    if (err == ERR_OK)
        err = import_entry_open(parser, parser->other.data, parser->other.size, out);
    if (err == ERR_OK)
        name->connection = out->connection;
    return err;
}

static enum err parse_message(struct import_parser *parser, const struct envelope *envelope,
                              struct import_entry *out)
{
    out->type = kind_is(envelope, "send") ? RECORD_SENT : RECORD_RECEIVED;
    enum err err = take_time(&envelope->time, out);
    if (err == ERR_OK)
        err = take_data(parser, envelope, out);
    return err == ERR_OK ? take_connection(parser, envelope, out) : err;
}

static enum err parse_http(struct import_parser *parser, const struct envelope *envelope,
                           struct import_entry *out)
{
    out->type = RECORD_HTTP;
    enum err err = take_time(&envelope->time, out);
    if (err == ERR_OK)
        err = take_url(&envelope->url, "url", &parser->other);
    if (err == ERR_OK)
        err = take_data(parser, envelope, out);
    out->flags = 0;
    out->url = parser->other.data;
    out->url_size = parser->other.size;
    return err;
}

enum err import_cryptofeed_json(struct import_parser *parser, const uint8_t *line, size_t size,
                                struct import_entry *out)
{
    struct envelope envelope;
    enum err err = read_envelope(&envelope, line, size);
    if (err != ERR_OK)
        return err;
    if (!is_string(&envelope.kind))
        return err_fail(ERR_DAMAGED, "'t' is missing or not a string");
    if (kind_is(&envelope, "recv") || kind_is(&envelope, "send"))
        return parse_message(parser, &envelope, out);
    if (kind_is(&envelope, "header"))
        return parse_header(&envelope, line, size, out);
    if (kind_is(&envelope, "connect"))
        return parse_connect(parser, &envelope, out);
    if (kind_is(&envelope, "http"))
        return parse_http(parser, &envelope, out);
    return err_fail(ERR_DAMAGED, "'t' is none of header, connect, send, recv and http");
}
