/*
 * A second body for json_scan.h, on top of jansson: what the reference decoders read JSON with. It
 * builds a tree, and jansson's grammar decides what is JSON.
 *
 * jansson makes doubles of numbers, folds members of the same name, and forgets how a string was
 * written. So the document is rewritten before it is parsed, by a loop that knows strings, numbers
 * and brackets and nothing else; all the rest is copied, and what is no JSON stays none:
 *
 *     12.50      "n12.50"       a number (only if it is one: RFC 8259, 6; and no member's name)
 *     "text"     "stext"        a string
 *     "a\nb"     "ea\\nb"       one with escapes: its bytes; jansson has read it alone before
 *     "name":    "s17:name":    a member, numbered, so that each has a name of its own
 *
 * Spans of strings and numbers point into the strings of the tree, those of containers are the tree
 * itself. It lives until the next json_scan_document() of the thread.
 *
 * Differences from json_scan.c that are known and meant:
 *   - jansson stops at 2048 containers inside each other: here too it is JSON_SCAN_DEPTH_MAX in the
 *     one that is walked.
 *   - Names with an escaped NUL are JSON, but not for jansson: here it sees escapes as text.
 *   - A NUL byte is no JSON, but jansson passes over one behind true, false and null: none is let
 *     through to it.
 *   - A document that is no JSON has no sound parts: every walk over it fails at once.
 *   - The text of an array or object is not in the tree: an excerpt of one is REFERENCE_UNKNOWN.
 */
#include "engine/venue/json_scan.h"

#include "tests/reference_decoder/decode_equal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory that goes with the document ------------------------------------------------------ */

#define CHUNK_SIZE ((size_t)1 << 20)
#define ALIGNMENT  ((size_t)16)

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(16) char bytes[];
};

static _Thread_local struct chunk *chunks; /* the newest first */

static struct chunk *add_chunk(size_t size)
{
    size = size < CHUNK_SIZE ? CHUNK_SIZE : size;
    struct chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk) {
        abort();
    }
    *chunk = (struct chunk){.next = chunks, .size = size};
    chunks = chunk;
    return chunk;
}

static void *arena_take(size_t size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *chunk = chunks;
    if (!chunk || chunk->size - chunk->used < size) {
        chunk = add_chunk(size);
    }
    void *taken = chunk->bytes + chunk->used;
    chunk->used += size;
    return taken;
}

static void arena_leave(void *taken)
{
    (void)taken;
}

/* All but the first chunk go. */
static void arena_clear(void)
{
    while (chunks && chunks->next) {
        struct chunk *next = chunks->next;
        free(chunks);
        chunks = next;
    }
    if (chunks) {
        chunks->used = 0;
    }
}

static json_t *parse(const char *text, size_t size)
{
    json_malloc_t take;
    json_free_t leave;
    json_get_alloc_funcs(&take, &leave);
    json_set_alloc_funcs(arena_take, arena_leave);
    json_t *root = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_set_alloc_funcs(take, leave);
    return root;
}

/* ---- rewriting ------------------------------------------------------------------------------- */

struct rewriting {
    const char *at, *end;
    char *out;
    unsigned members, depth;
    bool broken;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void put(struct rewriting *re, const char *text, size_t size)
{
    memcpy(re->out, text, size);
    re->out += size;
}

static void put_ordinal(struct rewriting *re)
{
    char digits[16];
    size_t at = sizeof digits;
    unsigned left = re->members++;
    digits[--at] = ':';
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    put(re, digits + at, sizeof digits - at);
}

/* Behind the quote that ends the string at `at`, or NULL. */
static const char *string_end(const char *at, const char *end, bool *out_escaped)
{
    *out_escaped = false;
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') {
            *out_escaped = true;
            at++;
        }
    }
    return at < end ? at + 1 : NULL;
}

static bool is_name(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) {
        at++;
    }
    return at < end && *at == ':';
}

static void rewrite_string(struct rewriting *re)
{
    bool escaped = false;
    const char *first = re->at, *behind = string_end(first, re->end, &escaped);
    if (!behind || (escaped && !parse(first, (size_t)(behind - first)))) {
        re->broken = true;
        re->at = re->end;
        return;
    }
    put(re, escaped ? "\"e" : "\"s", 2);
    if (is_name(behind, re->end)) {
        put_ordinal(re);
    }
    for (const char *at = first + 1; at < behind - 1; at++) {
        if (*at == '\\' || *at == '"') {
            *re->out++ = '\\';
        }
        *re->out++ = *at;
    }
    *re->out++ = '"';
    re->at = behind;
}

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && is_digit(*at)) {
        at++;
    }
    return at;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? and no more. */
static bool is_number(const char *at, const char *end)
{
    at += *at == '-';
    const char *whole = at;
    at = digits_end(at, end);
    if (at == whole || (*whole == '0' && at - whole > 1)) {
        return false;
    }
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = digits_end(at, end);
        if (at == fraction) {
            return false;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        const char *exponent = at;
        at = digits_end(at, end);
        if (at == exponent) {
            return false;
        }
    }
    return at == end;
}

static void rewrite_number(struct rewriting *re)
{
    const char *behind = re->at;
    while (behind < re->end && *behind != '\0' && strchr("0123456789+-.eE", *behind)) {
        behind++;
    }
    size_t size = (size_t)(behind - re->at);
    bool number = is_number(re->at, behind) && !is_name(behind, re->end);
    put(re, "\"n", number ? 2 : 0);
    put(re, re->at, size);
    put(re, "\"", number ? 1 : 0);
    re->at = behind;
}

static void rewrite_byte(struct rewriting *re)
{
    char c = *re->at++;
    *re->out++ = c;
    if (c == '{' || c == '[') {
        re->broken |= ++re->depth > JSON_SCAN_DEPTH_MAX + 1;
    } else if (c == '}' || c == ']') {
        re->depth -= re->depth > 0;
    }
}

static json_t *parse_rewritten(const char *text, size_t size)
{
    if (memchr(text, '\0', size)) {
        return NULL;
    }
    /* No byte becomes more than that many: "" with the longest number is 15. */
    char *rewritten = arena_take(8 * size + 16);
    struct rewriting re = {.at = text, .end = text + size, .out = rewritten};
    while (re.at < re.end && !re.broken) {
        if (*re.at == '"') {
            rewrite_string(&re);
        } else if (is_digit(*re.at) || *re.at == '-') {
            rewrite_number(&re);
        } else {
            rewrite_byte(&re);
        }
    }
    return re.broken ? NULL : parse(rewritten, (size_t)(re.out - rewritten));
}

/* ---- spans ----------------------------------------------------------------------------------- */

static json_t *container_of(const char *text)
{
    return (json_t *)(uintptr_t)text;
}

/* A rewritten string; a name has its number in front. */
static struct json_span span_of_text(const char *text, size_t size, bool name)
{
    struct json_span span = {text[0] == 'n' ? SPAN_NUMBER : SPAN_STRING, text[0] == 'e', text + 1,
                             size - 1};
    if (name) {
        const char *first = (const char *)memchr(text, ':', size) + 1;
        span.size -= (size_t)(first - span.text);
        span.text = first;
    }
    return span;
}

static struct json_span span_of(json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return (struct json_span){SPAN_OBJECT, false, (const char *)value, json_object_size(value)};
    case JSON_ARRAY:
        return (struct json_span){SPAN_ARRAY, false, (const char *)value, json_array_size(value)};
    case JSON_STRING:
        return span_of_text(json_string_value(value), json_string_length(value), false);
    case JSON_TRUE:
        return (struct json_span){SPAN_TRUE, false, "true", 4};
    case JSON_FALSE:
        return (struct json_span){SPAN_FALSE, false, "false", 5};
    case JSON_NULL:
        return (struct json_span){SPAN_NULL, false, "null", 4};
    case JSON_INTEGER:
    case JSON_REAL:
        break;
    }
    abort(); /* jansson takes for a number what is none */
}

struct json_span json_scan_document(const void *data, size_t size)
{
    const char *at = data, *end = size > 0 ? at + size : at;
    arena_clear();
    while (at < end && is_blank(*at)) {
        at++;
    }
    json_t *root = at < end ? parse_rewritten(at, (size_t)(end - at)) : NULL;
    if (root) {
        return span_of(root);
    }
    char c = at < end ? *at : '\0';
    return (struct json_span){.kind = c == '{' ? SPAN_OBJECT : c == '[' ? SPAN_ARRAY : SPAN_NONE};
}

/* ---- walking --------------------------------------------------------------------------------- */

/* `at` is the container, `end` the member (an iterator) or the number of the element that came
 * last. */
void json_scan_open(struct json_scan *scan, struct json_span container)
{
    *scan = (struct json_scan){
        .at = container.text,
        .object = container.kind == SPAN_OBJECT,
        .fault = container.text ? NULL : "jansson cannot read it",
    };
}

static bool next_element(struct json_scan *scan, struct json_span *value)
{
    uintptr_t index = scan->begun ? (uintptr_t)scan->end + 1 : 0;
    json_t *element = json_array_get(container_of(scan->at), index);
    if (element) {
        *value = span_of(element);
    }
    scan->end = (const char *)index;
    scan->begun = true;
    return element != NULL;
}

static bool next_member(struct json_scan *scan, struct json_span *key, struct json_span *value)
{
    json_t *object = container_of(scan->at);
    void *member = scan->begun ? json_object_iter_next(object, container_of(scan->end))
                               : json_object_iter(object);
    if (member) {
        const char *name = json_object_iter_key(member);
        *key = span_of_text(name, strlen(name), true);
        *value = span_of(json_object_iter_value(member));
    }
    scan->end = member;
    scan->begun = true;
    return member != NULL;
}

bool json_scan_next(struct json_scan *scan, struct json_span *key, struct json_span *value)
{
    key->kind = SPAN_NONE;
    if (scan->fault || (scan->begun && scan->object && !scan->end)) {
        return false;
    }
    return scan->object ? next_member(scan, key, value) : next_element(scan, value);
}

const char *json_scan_pick(struct json_span object, const char *const *names, size_t count,
                           struct json_span *values)
{
    struct json_scan scan;
    struct json_span key, value;
    memset(values, 0, count * sizeof *values);
    json_scan_open(&scan, object);
    while (json_scan_next(&scan, &key, &value)) {
        size_t i = 0;
        while (i < count && !json_scan_is(key, names[i])) {
            i++;
        }
        if (i < count && values[i].kind != SPAN_NONE) {
            return "the same member again";
        }
        if (i < count) {
            values[i] = value;
        }
    }
    return scan.fault;
}

/* ---- scalars --------------------------------------------------------------------------------- */

struct plain {
    const char *text;
    size_t size;
};

/* Without escapes, by jansson; it was fine before. */
static struct plain unescape(struct json_span string)
{
    if (!string.escaped) {
        return (struct plain){string.text, string.size};
    }
    char *quoted = arena_take(string.size + 2);
    quoted[0] = '"';
    memcpy(quoted + 1, string.text, string.size);
    quoted[string.size + 1] = '"';
    json_t *value = parse(quoted, string.size + 2);
    if (!value) {
        abort();
    }
    return (struct plain){json_string_value(value), json_string_length(value)};
}

bool json_scan_is(struct json_span string, const char *text)
{
    if (string.kind != SPAN_STRING) {
        return false;
    }
    struct plain plain = unescape(string);
    return plain.size == strlen(text) && memcmp(plain.text, text, plain.size) == 0;
}

bool json_scan_text(struct json_span string, char *out, size_t out_size)
{
    if (string.kind != SPAN_STRING) {
        return false;
    }
    struct plain plain = unescape(string);
    if (plain.size >= out_size || memchr(plain.text, '\0', plain.size)) {
        return false;
    }
    memcpy(out, plain.text, plain.size);
    out[plain.size] = '\0';
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

/* As long as it fits, cut between two characters. */
void json_scan_excerpt(struct json_span string, char *out, size_t out_size)
{
    struct plain plain = {"", 0};
    if (string.kind == SPAN_ARRAY || string.kind == SPAN_OBJECT) {
        plain = (struct plain){REFERENCE_UNKNOWN, sizeof REFERENCE_UNKNOWN - 1};
    } else if (string.kind != SPAN_NONE) {
        plain = unescape(string);
    }
    size_t size = plain.size;
    if (size >= out_size) {
        size = out_size - 1;
        while (size > 0 && ((unsigned char)plain.text[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    for (size_t i = 0; i < size; i++) {
        char c = plain.text[i];
        bool control = (unsigned char)c < 0x20 || c == 0x7f;
        out[i] = control && string.kind == SPAN_STRING ? ' ' : c;
    }
    out[size] = '\0';
}

bool json_scan_u64(struct json_span value, uint64_t *out)
{
    if (value.kind != SPAN_NUMBER && value.kind != SPAN_STRING) {
        return false;
    }
    /* jansson reads integers up to 2^63 - 1: an own reading, by comparing digits. */
    static const char most[] = "18446744073709551615";
    const char *at = value.text, *end = value.size > 0 ? at + value.size : at;
    if (at == end || digits_end(at, end) != end) {
        return false;
    }
    while (end - at > 1 && *at == '0') {
        at++;
    }
    size_t size = (size_t)(end - at);
    if (size > sizeof most - 1 ||
        (size == sizeof most - 1 && memcmp(at, most, sizeof most - 1) > 0)) {
        return false;
    }
    *out = 0;
    for (; at < end; at++) {
        *out = *out * 10 + (uint64_t)(*at - '0');
    }
    return true;
}
