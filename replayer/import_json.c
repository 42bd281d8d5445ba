#include "replayer/import_json.h"

#include <string.h>

void import_json_init(struct import_json *json, const void *line, size_t size)
{
    *json = (struct import_json){.at = line, .end = (const uint8_t *)line + size};
}

bool import_json_is(const struct import_json_member *member, const char *key)
{
    size_t size = strlen(key);
    return member->key_size == size && memcmp(member->key, key, size) == 0;
}

static enum err damaged(const char *what)
{
    return err_fail(ERR_DAMAGED, "not a JSON object: %s", what);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Passes over blanks; what stands there then, or 0 at the end. */
static uint8_t peek(struct import_json *json)
{
    while (json->at < json->end && is_blank(*json->at))
        json->at++;
    return json->at < json->end ? *json->at : 0;
}

static enum err expect(struct import_json *json, uint8_t c, const char *what)
{
    if (peek(json) != c)
        return damaged(what);
    json->at++;
    return ERR_OK;
}

/* Behind the opening quote: gives the text up to the closing one and passes over it. */
static enum err take_string(struct import_json *json, const uint8_t **out, size_t *out_size)
{
    const uint8_t *text = json->at;
    size_t size = 0, left = (size_t)(json->end - json->at);
    while (size < left && text[size] != '"')
        size += text[size] == '\\' ? 2 : 1;
    if (size >= left)
        return damaged("a string does not end");
    *out = text;
    *out_size = size;
    json->at = text + size + 1;
    return ERR_OK;
}

static enum err skip_nested(struct import_json *json)
{
    size_t depth = 0;
    const uint8_t *text;
    size_t size;
    while (json->at < json->end) {
        uint8_t c = *json->at++;
        if (c == '"') {
            enum err err = take_string(json, &text, &size);
            if (err != ERR_OK)
                return err;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        if (depth == 0)
            return ERR_OK;
    }
    return damaged("a value does not end");
}

static bool ends_word(uint8_t c)
{
    return is_blank(c) || c == ',' || c == '}' || c == ']' || c == '"' || c == '{' || c == '[' ||
           c == ':';
}

static enum err skip_word(struct import_json *json)
{
    const uint8_t *from = json->at;
    while (json->at < json->end && !ends_word(*json->at))
        json->at++;
    return json->at > from ? ERR_OK : damaged("a value is missing");
}

static enum err take_value(struct import_json *json, struct import_json_member *out)
{
    uint8_t c = peek(json);
    if (c == '"') {
        json->at++;
        out->kind = IMPORT_JSON_STRING;
        return take_string(json, &out->value, &out->value_size);
    }
    out->kind = c == '-' || (c >= '0' && c <= '9') ? IMPORT_JSON_NUMBER : IMPORT_JSON_OTHER;
    out->value = json->at;
    enum err err = c == '{' || c == '[' ? skip_nested(json) : skip_word(json);
    out->value_size = (size_t)(json->at - out->value);
    return err;
}

static enum err end_object(struct import_json *json)
{
    json->at++;
    return peek(json) == 0 && json->at == json->end ? ERR_END : damaged("something follows it");
}

enum err import_json_next(struct import_json *json, struct import_json_member *out)
{
    enum err err = ERR_OK;
    bool first = !json->begun;
    if (first)
        err = expect(json, '{', "no '{' in front");
    json->begun = true;
    if (err == ERR_OK && peek(json) == '}')
        return end_object(json);
    if (err == ERR_OK && !first)
        err = expect(json, ',', "a comma or '}' is missing");
    if (err == ERR_OK)
        err = expect(json, '"', "a name is missing");
    if (err == ERR_OK)
        err = take_string(json, &out->key, &out->key_size);
    if (err == ERR_OK)
        err = expect(json, ':', "a colon is missing");
    return err == ERR_OK ? take_value(json, out) : err;
}

/* ---- strings -------------------------------------------------------------------------------- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits, or -1. */
static int32_t hex_unit(const uint8_t *p, const uint8_t *end)
{
    if (end - p < 4)
        return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static size_t encode_utf8(uint8_t out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(lead[size] | c);
    return size;
}

/* Behind "\u": gives the character and how many bytes of text it took, 0 when it stands for none.
 */
static size_t take_unicode(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
    int32_t unit = hex_unit(p, end);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return 0;
    *out = (uint32_t)unit;
    if (unit < 0xd800 || unit > 0xdbff)
        return 4;
    int32_t low = end - p >= 10 && p[4] == '\\' && p[5] == 'u' ? hex_unit(p + 6, end) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *out = 0x10000 + ((uint32_t)(unit - 0xd800) << 10 | (uint32_t)(low - 0xdc00));
    return 10;
}

static uint8_t plain_escape(uint8_t c)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const char *found = c ? strchr(names, c) : NULL;
    return found ? (uint8_t)bytes[found - names] : 0;
}

/* One escape at *p, which is a backslash. Writes at most 4 bytes; 0: there is no such escape. */
static size_t take_escape(const uint8_t **p, const uint8_t *end, uint8_t out[4])
{
    const uint8_t *name = *p + 1;
    if (name >= end)
        return 0;
    if (*name != 'u') {
        out[0] = plain_escape(*name);
        *p = name + 1;
        return out[0] != 0;
    }
    uint32_t c = 0;
    size_t taken = take_unicode(name + 1, end, &c);
    *p = name + 1 + taken;
    return taken > 0 ? encode_utf8(out, c) : 0;
}

enum err import_json_unescape(const uint8_t *text, size_t size, struct buf *out)
{
    /* No escape is shorter than the bytes that it stands for. */
    enum err err = buf_reserve(out, size);
    if (err != ERR_OK)
        return err;
    const uint8_t *p = text, *end = text + size;
    uint8_t *to = out->data + out->size;
    while (p < end) {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        uint8_t bytes[4];
        size_t count = take_escape(&p, end, bytes);
        if (count == 0)
            return err_fail(ERR_DAMAGED, "a string has an escape that stands for nothing");
        for (size_t i = 0; i < count; i++)
            *to++ = bytes[i];
    }
    out->size = (size_t)(to - out->data);
    return ERR_OK;
}
