/*
 * import_json: the members of one JSON object, one after the other, with numbers and strings as
 * they stand in the text: a time in seconds keeps all its digits, a frame in a string gets back its
 * own bytes. For the envelopes of JSON lines; nested values are passed over. Pure.
 */
#ifndef REWICK_REPLAYER_IMPORT_JSON_H
#define REWICK_REPLAYER_IMPORT_JSON_H

#include "engine/base/buf.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct import_json {
    const uint8_t *at, *end;
    bool begun;
};

enum import_json_kind {
    IMPORT_JSON_STRING,
    IMPORT_JSON_NUMBER,
    IMPORT_JSON_OTHER, /* null, true, false, object, array */
};

/* Texts are borrowed from the line. Strings are what stands between the quotes, escapes untouched.
 */
struct import_json_member {
    const uint8_t *key;
    size_t key_size;
    enum import_json_kind kind;
    const uint8_t *value;
    size_t value_size;
};

void import_json_init(struct import_json *json, const void *line, size_t size);
/* ERR_END behind the last member, when nothing but blanks follows the object; ERR_DAMAGED with
 * text. */
enum err import_json_next(struct import_json *json, struct import_json_member *out) ERR_MUST_CHECK;

bool import_json_is(const struct import_json_member *member, const char *key);

/* Appends the bytes that the string stands for. ERR_DAMAGED: an escape that JSON does not have, or
 * half a surrogate pair (no bytes stand for it). */
enum err import_json_unescape(const uint8_t *text, size_t size, struct buf *out) ERR_MUST_CHECK;

#endif
