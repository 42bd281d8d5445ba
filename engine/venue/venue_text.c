#include "engine/venue/venue_text.h"

#include "engine/base/time_text.h"
#include "engine/venue/json_scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || (unsigned char)c >= 0x80;
}

/* Copies the part up to '-' or the end; its size, 0 when it is empty, too long or has a bad byte.
 */
static size_t take_part(const char *text, char *out, size_t out_size)
{
    size_t size = strcspn(text, "-");
    if (size == 0 || size >= out_size) {
        return 0;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_name_byte(text[i])) {
            return 0;
        }
        out[i] = text[i];
    }
    out[size] = '\0';
    venue_text_upper(out);
    return size;
}

enum err venue_name_split(const char *instrument, struct venue_name *out)
{
    const char *at = instrument;
    *out = (struct venue_name){0};
    size_t size = take_part(at, out->base, sizeof out->base);
    bool fine = size > 0 && at[size] == '-';
    if (fine) {
        at += size + 1;
        size = take_part(at, out->quote, sizeof out->quote);
        fine = size > 0;
        at += size;
    }
    if (fine && *at == '-') {
        size = take_part(++at, out->suffix, sizeof out->suffix);
        fine = size > 0;
        at += size;
    }
    if (!fine || *at != '\0') {
        return err_fail(ERR_UNKNOWN, "instrument '%s' is not BASE-QUOTE; write it like BTC-USDT",
                        instrument);
    }
    return ERR_OK;
}

enum err venue_name_join(char *out, size_t out_size, const char *const *parts)
{
    size_t used = 0;
    for (size_t i = 0; parts[i]; i++) {
        size_t size = strlen(parts[i]);
        if (used + size >= out_size) {
            return err_fail(ERR_UNKNOWN, "name '%s%s%s' is too long", parts[0], parts[1],
                            parts[2] ? "..." : "");
        }
        memcpy(out + used, parts[i], size);
        used += size;
    }
    out[used] = '\0';
    return ERR_OK;
}

const char *venue_text_ending(const char *text, size_t size, const char *const *endings,
                              size_t count)
{
    const char *found = NULL;
    size_t found_size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t ending_size = strlen(endings[i]);
        if (ending_size > found_size && ending_size < size &&
            memcmp(text + size - ending_size, endings[i], ending_size) == 0) {
            found = endings[i];
            found_size = ending_size;
        }
    }
    return found;
}

void venue_text_upper(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'a' && *text <= 'z') {
            *text = (char)(*text - 'a' + 'A');
        }
    }
}

void venue_text_lower(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

struct venue_path venue_path_of(const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *path = strchr(scheme && scheme < url + 8 ? scheme + 3 : url, '/');
    if (!path) {
        return (struct venue_path){"", "", 0};
    }
    size_t size = strcspn(path, "?#");
    return (struct venue_path){path, path[size] == '?' ? path + size + 1 : "", size};
}

bool venue_path_ends(struct venue_path path, const char *tail)
{
    size_t size = strlen(tail);
    return path.size >= size && memcmp(path.text + path.size - size, tail, size) == 0;
}

bool venue_path_param(struct venue_path path, const char *name, char *out, size_t out_size)
{
    size_t name_size = strlen(name);
    for (const char *at = path.query; *at != '\0' && *at != '#';) {
        size_t size = strcspn(at, "&#");
        if (size > name_size && strncmp(at, name, name_size) == 0 && at[name_size] == '=') {
            return venue_path_decode(at + name_size + 1, size - name_size - 1, out, out_size);
        }
        at += size + (at[size] == '&');
    }
    return false;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool venue_path_decode(const char *text, size_t size, char *out, size_t out_size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        int byte = (unsigned char)text[i];
        if (text[i] == '%') {
            if (size - i < 3 || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) {
                return false;
            }
            byte = hex(text[i + 1]) * 16 + hex(text[i + 2]);
            i += 2;
        }
        if (byte == 0 || used + 1 >= out_size) {
            return false;
        }
        out[used++] = (char)byte;
    }
    if (out_size == 0) {
        return false;
    }
    out[used] = '\0';
    return true;
}

bool venue_path_u64(struct venue_path path, const char *name, uint64_t *out)
{
    char text[24];
    if (!venue_path_param(path, name, text, sizeof text)) {
        return false;
    }
    struct json_span span = {.kind = SPAN_NUMBER, .text = text, .size = strlen(text)};
    return json_scan_u64(span, out);
}

enum err venue_text_append_url(struct buf *out, const char *text)
{
    enum err err = ERR_OK;
    for (; *text != '\0' && !err; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~", c);
        err = plain ? buf_append_byte(out, c) : buf_printf(out, "%%%02X", c);
    }
    return err;
}

enum err venue_text_append_us(struct buf *out, int64_t time_ns)
{
    int64_t fraction = time_ns % NS_PER_S;
    if (fraction < 0) {
        fraction += NS_PER_S;
    }
    char text[TIME_TEXT_MAX];
    size_t size = time_format(text, time_ns - fraction);
    return buf_printf(out, "%.*s.%06dZ", (int)(size - 1), text, (int)(fraction / NS_PER_US));
}

enum err venue_text_append_time(struct buf *out, int64_t time_ns)
{
    char text[TIME_TEXT_MAX];
    size_t size = time_format(text, time_ns) - 1;
    while (memchr(text, '.', size) && (text[size - 1] == '0' || text[size - 1] == '.')) {
        size--;
    }
    enum err err = buf_append(out, text, size);
    return err ? err : buf_append_byte(out, 'Z');
}

enum err venue_text_append_seconds(struct buf *out, int64_t time_ns, int digits)
{
    char text[32];
    int64_t time = time_ns > 0 ? time_ns : 0;
    int size =
        snprintf(text, sizeof text, "%" PRId64 ".%09" PRId64, time / NS_PER_S, time % NS_PER_S);
    int least = size - 9 + digits;
    while (size > least && text[size - 1] == '0') {
        size--;
    }
    size -= text[size - 1] == '.';
    return buf_append(out, text, (size_t)size);
}

enum err venue_text_append_decimal(struct buf *out, struct decimal value)
{
    char text[DECIMAL_TEXT_MAX];
    return buf_append(out, text, decimal_format(text, value));
}

enum err venue_text_append_list(struct buf *out, const char *const *items, size_t count)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = 0; i < count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = buf_append_json(out, items[i], strlen(items[i]));
        }
    }
    return err ? err : buf_append_byte(out, ']');
}

size_t venue_text_part(size_t count, size_t max, size_t index, size_t *out_first)
{
    if (index > count / max) {
        return 0;
    }
    *out_first = index * max;
    size_t left = count - *out_first;
    return left < max ? left : max;
}

void venue_describe_symbol(const char *symbol, struct instrument *out)
{
    *out = (struct instrument){.trading = true};
    size_t size = strnlen(symbol, SYMBOL_MAX - 1);
    memcpy(out->symbol, symbol, size);
    memcpy(out->request_symbol, symbol, size);
    instrument_name(out, out->name);
}

bool venue_text_asset(const char *text, size_t size, char out[ASSET_MAX])
{
    if (size == 0 || size >= ASSET_MAX) {
        return false;
    }
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

enum err venue_text_one_page(size_t index, const char *target, struct buf *out)
{
    buf_clear(out);
    return index > 0 ? ERR_END : buf_append_text(out, target);
}
