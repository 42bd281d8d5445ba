#include "engine/venue/json_scan.h"

#include "engine/base/buf.h"

#include <string.h>

static bool fail(struct json_scan *scan, const char *fault)
{
    scan->fault = fault;
    return false;
}

static void skip_blanks(struct json_scan *scan)
{
    while (scan->at < scan->end &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t')) {
        scan->at++;
    }
}

/* The byte that comes next, or NUL at the end: no grammar rule begins with it. */
static char peek(const struct json_scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind "\u", or -1. */
static int hex_unit(const char *at, const char *end)
{
    if (end - at < 4) {
        return -1;
    }
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* The code point that the escape at `at` (behind the backslash) stands for, and its length; -1 when
 * it is none. */
static int32_t read_escape(const char *at, const char *end, size_t *out_size)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = at < end && *at != '\0' ? strchr(letters, *at) : NULL;
    if (letter) {
        *out_size = 1;
        return meanings[letter - letters];
    }
    int unit = at < end && *at == 'u' ? hex_unit(at + 1, end) : -1;
    *out_size = 5;
    if (unit < 0 || !is_high_surrogate(unit)) {
        return unit < 0 || is_low_surrogate(unit) ? -1 : unit;
    }
    if (end - at < 11 || at[5] != '\\' || at[6] != 'u') {
        return -1;
    }
    int low = hex_unit(at + 7, end);
    *out_size = 11;
    return is_low_surrogate(low) ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : -1;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* In each byte of `word` its high bit is set where the byte is not plain: a quote, a backslash, a
 * control character or a part of what is not ASCII. A borrow can set bits above the lowest one too,
 * never below it. */
static uint64_t find_special(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
    return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
            ((word - ones * 0x20) & ~word) | word) &
           highs;
}

/* The first byte from `at` that is not plain, or `end`. Strings are most of a frame: eight bytes at
 * a time. */
static const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t special = find_special(word);
        if (special != 0) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + __builtin_ctzll(special) / 8;
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < end && is_plain(*at)) {
        at++;
    }
    return at;
}

static bool scan_string(struct json_scan *scan, struct json_span *out)
{
    bool wide = false;
    out->kind = SPAN_STRING;
    out->escaped = false;
    out->text = ++scan->at; /* the opening quote */
    for (;;) {
        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at == scan->end) {
            return fail(scan, "it ends inside a string");
        }
        char c = *scan->at;
        if (c == '"') {
            break;
        }
        size_t size = 0;
        if (c == '\\') {
            out->escaped = true;
            if (read_escape(scan->at + 1, scan->end, &size) < 0) {
                return fail(scan, "a string has a bad escape");
            }
        } else if ((unsigned char)c < 0x20) {
            return fail(scan, "a string has a control character");
        } else {
            wide = true;
        }
        scan->at += 1 + size;
    }
    out->size = (size_t)(scan->at++ - out->text);
    if (wide && !buf_is_utf8(out->text, out->size)) {
        return fail(scan, "a string is not UTF-8");
    }
    return true;
}

static bool skip_digits(struct json_scan *scan)
{
    const char *first = scan->at;
    while (is_digit(peek(scan))) {
        scan->at++;
    }
    return scan->at > first;
}

static bool scan_number(struct json_scan *scan, struct json_span *out)
{
    out->kind = SPAN_NUMBER;
    out->text = scan->at;
    if (peek(scan) == '-') {
        scan->at++;
    }
    bool fine = true;
    if (peek(scan) == '0') {
        scan->at++;
    } else {
        fine = skip_digits(scan);
    }
    if (fine && peek(scan) == '.') {
        scan->at++;
        fine = skip_digits(scan);
    }
    if (fine && (peek(scan) == 'e' || peek(scan) == 'E')) {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') {
            scan->at++;
        }
        fine = skip_digits(scan);
    }
    out->size = (size_t)(scan->at - out->text);
    return fine || fail(scan, "a number is malformed");
}

static bool scan_word(struct json_scan *scan, struct json_span *out)
{
    static const struct {
        const char *word;
        enum json_span_kind kind;
    } words[] = {{"true", SPAN_TRUE}, {"false", SPAN_FALSE}, {"null", SPAN_NULL}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i].word);
        if ((size_t)(scan->end - scan->at) >= size && memcmp(scan->at, words[i].word, size) == 0) {
            *out = (struct json_span){words[i].kind, false, scan->at, size};
            scan->at += size;
            return true;
        }
    }
    return fail(scan, scan->at == scan->end ? "it ends too early" : "a value is missing");
}

/* Anything but a container. */
static bool scan_scalar(struct json_scan *scan, struct json_span *out)
{
    char c = peek(scan);
    if (c == '"') {
        return scan_string(scan, out);
    }
    return is_digit(c) || c == '-' ? scan_number(scan, out) : scan_word(scan, out);
}

/* A member's name and the colon behind it. */
static bool scan_key(struct json_scan *scan, struct json_span *out)
{
    if (peek(scan) != '"') {
        return fail(scan, scan->at == scan->end ? "it ends too early" : "a member has no name");
    }
    if (!scan_string(scan, out)) {
        return false;
    }
    skip_blanks(scan);
    if (peek(scan) != ':') {
        return fail(scan, scan->at == scan->end ? "it ends too early" : "a colon is missing");
    }
    scan->at++;
    skip_blanks(scan);
    return true;
}

/* Behind a value or an opening bracket of `depth` containers, whose kinds are the bits of
 * `objects`: closes all that end here and goes on to the next value. */
static bool skip_between(struct json_scan *scan, uint64_t *objects, unsigned *depth)
{
    struct json_span key;
    while (*depth > 0) {
        skip_blanks(scan);
        char c = peek(scan);
        if (c == ',') {
            scan->at++;
            skip_blanks(scan);
            return !(*objects & 1) || scan_key(scan, &key);
        }
        if (c != (*objects & 1 ? '}' : ']')) {
            return fail(scan, scan->at == scan->end ? "it ends too early" : "a comma is missing");
        }
        scan->at++;
        *objects >>= 1;
        --*depth;
    }
    return true;
}

/* Steps over a whole container without recursion. */
static bool scan_container(struct json_scan *scan, struct json_span *out)
{
    struct json_span inner = {0};
    uint64_t objects = 0;
    unsigned depth = 0;
    out->kind = peek(scan) == '{' ? SPAN_OBJECT : SPAN_ARRAY;
    out->text = scan->at;
    do {
        char c = peek(scan);
        if (c == '{' || c == '[') {
            if (depth == JSON_SCAN_DEPTH_MAX) {
                return fail(scan, "it is nested too deeply");
            }
            scan->at++;
            objects = objects << 1 | (c == '{');
            depth++;
            skip_blanks(scan);
            if (peek(scan) != (c == '{' ? '}' : ']')) {
                if (c == '{' && !scan_key(scan, &inner)) {
                    return false;
                }
                continue;
            }
        } else if (!scan_scalar(scan, &inner)) {
            return false;
        }
        if (!skip_between(scan, &objects, &depth)) {
            return false;
        }
    } while (depth > 0);
    out->size = (size_t)(scan->at - out->text);
    return true;
}

static bool scan_value(struct json_scan *scan, struct json_span *out)
{
    *out = (struct json_span){0};
    char c = peek(scan);
    return c == '{' || c == '[' ? scan_container(scan, out) : scan_scalar(scan, out);
}

struct json_span json_scan_document(const void *data, size_t size)
{
    const char *text = data;
    struct json_scan scan = {.at = text, .end = size > 0 ? text + size : text};
    skip_blanks(&scan);
    while (scan.end > scan.at && memchr(" \n\r\t", scan.end[-1], 4)) {
        scan.end--;
    }
    struct json_span span = {.text = scan.at, .size = (size_t)(scan.end - scan.at)};
    char c = peek(&scan);
    if (c == '{' || c == '[') {
        span.kind = c == '{' ? SPAN_OBJECT : SPAN_ARRAY;
    } else if (!scan_value(&scan, &span) || scan.at != scan.end) {
        span.kind = SPAN_NONE;
    }
    return span;
}

void json_scan_open(struct json_scan *scan, struct json_span container)
{
    *scan = (struct json_scan){
        .at = container.text + 1, /* the bracket */
        .end = container.text + container.size,
        .object = container.kind == SPAN_OBJECT,
    };
}

bool json_scan_next(struct json_scan *scan, struct json_span *key, struct json_span *value)
{
    key->kind = SPAN_NONE;
    if (scan->fault) {
        return false;
    }
    skip_blanks(scan);
    char c = peek(scan);
    if (c == (scan->object ? '}' : ']')) {
        return scan->at + 1 == scan->end ? false : fail(scan, "something stands behind its end");
    }
    if (scan->begun) {
        if (c != ',') {
            return fail(scan, scan->at == scan->end ? "it ends too early" : "a comma is missing");
        }
        scan->at++;
        skip_blanks(scan);
    }
    scan->begun = true;
    return (!scan->object || scan_key(scan, key)) && scan_value(scan, value);
}

/* The index of the name that `key` is, looking from `first` on and then from the start; else count.
 */
static size_t find_name(struct json_span key, const char *const *names, size_t count, size_t first)
{
    char c = key.size > 0 ? key.text[0] : '\0';
    for (size_t tried = 0; tried < count; tried++) {
        size_t i = first + tried < count ? first + tried : first + tried - count;
        /* Mostly the first byte decides; that of an escape decides nothing. */
        if ((names[i][0] == c || key.escaped) && json_scan_is(key, names[i])) {
            return i;
        }
    }
    return count;
}

const char *json_scan_pick(struct json_span object, const char *const *names, size_t count,
                           struct json_span *values)
{
    struct json_scan scan;
    struct json_span key, value;
    size_t likely = 0; /* members mostly come in the order of the names */
    memset(values, 0, count * sizeof *values);
    json_scan_open(&scan, object);
    while (json_scan_next(&scan, &key, &value)) {
        size_t i = find_name(key, names, count, likely);
        if (i == count) {
            continue;
        }
        if (values[i].kind != SPAN_NONE) {
            return "a member occurs twice";
        }
        values[i] = value;
        likely = i + 1;
    }
    return scan.fault;
}

bool json_scan_is(struct json_span string, const char *text)
{
    if (string.kind != SPAN_STRING) {
        return false;
    }
    if (!string.escaped) {
        /* An unescaped string holds no NUL, so the comparison stays inside `text`. */
        return (string.size == 0 || text[0] == string.text[0]) &&
               strncmp(text, string.text, string.size) == 0 && text[string.size] == '\0';
    }
    char plain[64];
    return json_scan_text(string, plain, sizeof plain) && strcmp(plain, text) == 0;
}

/* Writes a code point as UTF-8; returns its length. */
static size_t put_utf8(char out[4], int32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[size] | point);
    return size;
}

/* One character of a string from *at, unescaped, as UTF-8; returns its length. */
static size_t take_character(const char **at, const char *end, char out[4])
{
    if (**at != '\\') {
        size_t size = 1;
        out[0] = *(*at)++;
        while (size < 4 && *at < end && ((unsigned char)**at & 0xc0) == 0x80) {
            out[size++] = *(*at)++;
        }
        return size;
    }
    size_t size = 0;
    int32_t point = read_escape(*at + 1, end, &size);
    *at += 1 + size;
    return put_utf8(out, point < 0 ? ' ' : point);
}

bool json_scan_text(struct json_span string, char *out, size_t out_size)
{
    if (string.kind != SPAN_STRING) {
        return false;
    }
    if (!string.escaped) {
        if (string.size >= out_size) {
            return false;
        }
        memcpy(out, string.text, string.size);
        out[string.size] = '\0';
        return true;
    }
    const char *at = string.text, *end = at + string.size;
    size_t used = 0;
    while (at < end) {
        char bytes[4];
        size_t size = take_character(&at, end, bytes);
        if (used + size >= out_size || bytes[0] == '\0') {
            return false;
        }
        memcpy(out + used, bytes, size);
        used += size;
    }
    out[used] = '\0';
    return true;
}

bool json_scan_name(struct json_span string, char *out, size_t out_size)
{
    if (!json_scan_text(string, out, out_size) || out[0] == '\0') {
        return false;
    }
    for (const char *at = out; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return true;
}

void json_scan_excerpt(struct json_span string, char *out, size_t out_size)
{
    const char *at = string.text, *end = string.size > 0 ? at + string.size : at;
    size_t used = 0;
    while (at < end) {
        char bytes[4];
        size_t size = take_character(&at, end, bytes);
        if (used + size >= out_size) {
            break;
        }
        if ((unsigned char)bytes[0] < 0x20 || bytes[0] == 0x7f) {
            bytes[0] = ' ';
        }
        memcpy(out + used, bytes, size);
        used += size;
    }
    out[used] = '\0';
}

bool json_scan_u64(struct json_span value, uint64_t *out)
{
    if ((value.kind != SPAN_NUMBER && value.kind != SPAN_STRING) || value.size == 0) {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.text[i];
        if (!is_digit(c) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c - '0'), &number)) {
            return false;
        }
    }
    *out = number;
    return true;
}
