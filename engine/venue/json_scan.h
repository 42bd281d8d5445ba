/*
 * json_scan: pulls values out of JSON text without building a tree and without allocating.
 *
 *     document ──▶ span of an object ──▶ span of a member ──▶ text, number, inner spans …
 *
 * A span points into the caller's bytes. Numbers stay text, so no digit of a price and no bit of an
 * id is lost: "105944.20" keeps its zero, 18239578009413566319 all its digits.
 *
 * Walking over a container checks all of it (RFC 8259: grammar, escapes, paired surrogates, UTF-8),
 * so a walk that came to its end without a fault has seen well-formed JSON, and the spans it gave
 * out may be walked in turn. Nesting is limited to JSON_SCAN_DEPTH_MAX; the stack used does not
 * depend on the input.
 */
#ifndef REWICK_ENGINE_VENUE_JSON_SCAN_H
#define REWICK_ENGINE_VENUE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_SCAN_DEPTH_MAX 64 /* containers inside the one that is walked */

enum json_span_kind {
    SPAN_NONE, /* not there */
    SPAN_NULL,
    SPAN_FALSE,
    SPAN_TRUE,
    SPAN_NUMBER,
    SPAN_STRING,
    SPAN_ARRAY,
    SPAN_OBJECT,
};

/* Plain data; borrows the document. */
struct json_span {
    enum json_span_kind kind;
    bool escaped;     /* a string with backslashes in it */
    const char *text; /* of a string what is between the quotes, raw; of others all of it */
    size_t size;
};

/* The document without the white space around it. Its kind is only what the first byte promises: it
 * is checked when it is walked. SPAN_NONE: nothing that JSON begins with. */
struct json_span json_scan_document(const void *data, size_t size);

/* A walk over one array or object. */
struct json_scan {
    const char *at, *end;
    bool begun, object;
    const char
        *fault; /* NULL, or what is wrong, as the end of a sentence: "it ends inside a string" */
};

/* `container` must be of kind SPAN_ARRAY or SPAN_OBJECT. */
void json_scan_open(struct json_scan *scan, struct json_span container);
/* The next one; false at the end and at a fault (look at scan->fault). `key` is for objects; arrays
 * set it to SPAN_NONE. */
bool json_scan_next(struct json_scan *scan, struct json_span *key, struct json_span *value);

/* Walks all of `object` and puts the members called names[i] into values[i], SPAN_NONE where there
 * is none. A picked member that occurs twice is a fault: readers that look at the first one only
 * (venue_fast.h) then never mean another than this. Fastest when names are in the order in which
 * they usually come. Returns the fault or NULL. */
const char *json_scan_pick(struct json_span object, const char *const *names, size_t count,
                           struct json_span *values);

/* A string (or a member's name) equal to `text`? */
bool json_scan_is(struct json_span string, const char *text);
/* The string's text, unescaped, with a NUL. False when it does not fit or holds a NUL itself. */
bool json_scan_text(struct json_span string, char *out, size_t out_size);
/* The same for a name: false too when it is empty or has control characters. */
bool json_scan_name(struct json_span string, char *out, size_t out_size);
/* As much of it as fits, for people to read: control characters become blanks. */
void json_scan_excerpt(struct json_span string, char *out, size_t out_size);
/* Digits only, in a number or in a string, at most UINT64_MAX. */
bool json_scan_u64(struct json_span value, uint64_t *out);

#endif
