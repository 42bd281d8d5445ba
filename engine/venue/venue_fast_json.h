/*
 * venue_fast_json: more pieces of single-pass decoding (venue_fast.h), for venues whose members
 * come in no fixed order or whose time stands near the end.
 *
 * Two proofs of structure without a walk, besides the one of fast_find():
 *   - Every member has a colon: where none stands, there is none, however deep.
 *   - A member that is followed by nothing but members of scalars and then the closing bracket is
 *     a member of the object which that bracket closes.
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_FAST_JSON_H
#define REWICK_ENGINE_VENUE_VENUE_FAST_JSON_H

#include "engine/venue/venue_fast.h"

/* ---- members --------------------------------------------------------------------------------- */

/* A member's name, in the frame. */
struct fast_name {
    const char *text;
    size_t size;
};

#define FAST_IS(name, literal)                                                                     \
    ((name).size == sizeof(literal) - 1 &&                                                         \
     memcmp((name).text, "" literal, sizeof(literal) - 1) == 0)

/* A quote with a letter behind it begins a string: behind one that ends a string no letter may
 * stand. So whoever comes to a name from a place found by its byte alone is not inside a string. */
FAST_INLINE bool fast_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads `"name":`, to the value. */
FAST_INLINE bool fast_name(struct fast *fast, struct fast_name *out)
{
    if (!FAST_EAT(fast, "\"")) {
        return false;
    }
    out->text = fast->at;
    fast->at = fast_plain_end(fast->at, fast->end, '"');
    out->size = (size_t)(fast->at - out->text);
    return out->size > 0 && fast_is_letter(*out->text) && FAST_EAT(fast, "\":");
}

/* `"text"`, whatever it says. */
FAST_INLINE bool fast_skip_text(struct fast *fast)
{
    return FAST_EAT(fast, "\"") && fast_skip_string(fast) && FAST_EAT(fast, "\"");
}

/* A number with sign and exponent as it likes. */
FAST_INLINE bool fast_skip_number(struct fast *fast)
{
    struct decimal number;
    uint64_t exponent = 0;
    (void)FAST_EAT(fast, "-");
    if (!fast_number(fast, &number)) {
        return false;
    }
    if (!FAST_EAT(fast, "e") && !FAST_EAT(fast, "E")) {
        return true;
    }
    if (!FAST_EAT(fast, "-")) {
        (void)FAST_EAT(fast, "+");
    }
    return fast_digits(fast, &exponent);
}

/* fast_skip_scalar() for values that may be any number. */
FAST_INLINE bool fast_skip_value(struct fast *fast)
{
    char c = fast_peek(fast);
    return c == '-' || (c >= '0' && c <= '9') ? fast_skip_number(fast) : fast_skip_scalar(fast);
}

/* From behind an opening bracket to the comma in front of the next member, or to the end, without
 * looking at the elements: no member stands between. Either way the array has been closed there. */
FAST_INLINE bool fast_skip_array(struct fast *fast)
{
    const char *first = fast->at, *at = fast->at;
    if (!fast_find(fast, ':')) {
        return fast->at > first && fast->at[-1] == ']';
    }
    at = fast->at - 1;
    if (at <= first || *at != '"') {
        return false;
    }
    do {
        at--;
    } while (at > first && *at != '"' && fast_is_plain(*at));
    if (at - first < 2 || *at != '"' || !fast_is_letter(at[1]) || at[-1] != ',' || at[-2] != ']') {
        return false;
    }
    fast->at = at - 1;
    return true;
}

/* ---- the end of the frame -------------------------------------------------------------------- */

/* Goes behind the last place of a literal of four bytes or more, in the last `within` bytes. A
 * literal that begins with `,"` is a member's name there and no part of a string. */
FAST_INLINE bool fast_find_last(struct fast *fast, const char *text, size_t size, size_t within)
{
    const char *first = fast_left(fast) > within ? fast->end - within : fast->at;
    if ((size_t)(fast->end - first) < size) {
        return false;
    }
    uint32_t head = fast_load4(text);
    const char *at = fast->end - size;
    while (fast_load4(at) != head || memcmp(at, text, size) != 0) {
        if (at == first) {
            return false;
        }
        at--;
    }
    fast->at = at + size;
    return true;
}
#define FAST_FIND_LAST(fast, literal, within)                                                      \
    fast_find_last((fast), "" literal, sizeof(literal) - 1, (within))

/* Cuts `,"name":"text"` off the end; `out` gets the text, which is plain and at most `max` bytes
 * long. */
FAST_INLINE bool fast_cut_text(struct fast *fast, const char *head, size_t head_size, size_t max,
                               struct fast *out)
{
    if (!FAST_EAT_BACK(fast, "\"")) {
        return false;
    }
    const char *first = fast_left(fast) > max ? fast->end - max : fast->at;
    const char *quote = memrchr(first, '"', (size_t)(fast->end - first));
    if (!quote || fast_plain_end(quote + 1, fast->end, '"') != fast->end) {
        return false;
    }
    *out = (struct fast){quote + 1, fast->end};
    fast->end = quote + 1;
    return fast_eat_back(fast, head, head_size);
}
#define FAST_CUT_TEXT(fast, head, max, out)                                                        \
    fast_cut_text((fast), "" head, sizeof(head) - 1, (max), (out))

/* ---- long numbers ---------------------------------------------------------------------------- */

/* fast_digits() without a loop for 16 to 19 of them: times in us and ns, and ids made of them. */
FAST_INLINE bool fast_digits_wide(struct fast *fast, uint64_t *out)
{
    const char *at = fast->at;
    if (fast_left(fast) < 20) {
        return fast_digits(fast, out);
    }
    uint64_t head = fast_load8(at), tail = fast_load8(at + 8), last = fast_load4(at + 16);
    unsigned more = fast_digit_count(last);
    if (fast_digit_count(head) < 8 || fast_digit_count(tail) < 8 || more > 3) {
        return fast_digits(fast, out);
    }
    head = fast_digit_value(head, 8) * 100000000 + fast_digit_value(tail, 8);
    *out = more > 0 ? head * fast_power(more) + fast_digit_value(last, more) : head;
    fast->at += 16 + more;
    return true;
}

/* The same for a whole JSON number. */
FAST_INLINE bool fast_u64_wide(struct fast *fast, uint64_t *out)
{
    const char *first = fast->at;
    return fast_digits_wide(fast, out) && (*first != '0' || fast->at == first + 1);
}

/* ---- times ----------------------------------------------------------------------------------- */

/* fast_digits() without a loop for the 13 of a time in ms, at the very end of a frame too. */
FAST_INLINE bool fast_digits_ms(struct fast *fast, uint64_t *out)
{
    const char *at = fast->at;
    if (fast_left(fast) < 13 || (fast_left(fast) > 13 && at[13] >= '0' && at[13] <= '9')) {
        return fast_digits(fast, out);
    }
    uint64_t head = fast_load8(at), tail = fast_load8(at + 5);
    if (fast_digit_count(head) < 8 || fast_digit_count(tail) < 8) {
        return fast_digits(fast, out);
    }
    fast->at += 13;
    *out = fast_digit_value(head, 8) * 100000 + fast_digit_value(tail >> 24, 5);
    return true;
}

/* A JSON number of ms. */
FAST_INLINE bool fast_ms(struct fast *fast, int64_t *out_ns)
{
    uint64_t ms = 0;
    return fast_peek(fast) != '0' && fast_digits_ms(fast, &ms) && fast_scale(ms, NS_PER_MS, out_ns);
}

/* time_from_epoch() after 1970. */
FAST_INLINE bool fast_from_epoch(uint64_t number, int64_t *out_ns)
{
    return number > 0 && number <= INT64_MAX && time_from_epoch(out_ns, (int64_t)number) == ERR_OK;
}

/* Copies a plain text with a NUL; false when it is empty or does not fit. */
FAST_INLINE bool fast_take_text(const char *text, size_t size, char *out, size_t out_size)
{
    if (size == 0 || size >= out_size) {
        return false;
    }
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

#endif
