/*
 * venue_fast: the pieces of single-pass decoding. A venue's fast decoder walks over the bytes of a
 * frame once, in the order in which the venue writes them, and parses straight into the trade:
 *
 *     struct fast fast = fast_open(data, size);
 *     if (!FAST_EAT(&fast, "{\"p\":\"") || !fast_decimal(&fast, &trade->price) ||
 *         !FAST_EAT(&fast, "\"}") || !fast_is_end(&fast))
 *         return false;   // general decoder
 *
 * Every function says false when the bytes are not of the one plain form that it knows: escapes,
 * exponents, signs, blanks, bytes beyond ASCII, more than 19 digits, years after 2099. That
 * is no judgement about the frame: it goes to the general decoder as if nothing had been tried.
 * Where a function says true it has read exactly what the general decoder (json_scan, venue_field)
 * reads there, and what it read was valid JSON. Values stop at the byte behind them: readers of
 * strings begin behind the opening quote and leave the closing one to the FAST_EAT() that follows.
 *
 * Market data are told by their head. What lies between the places that are read is not looked at,
 * so every such shortcut needs a reason why no well-formed frame can mean something else: members
 * that occur twice are a fault (json_scan_pick), and see fast_find().
 *
 * Nothing is read outside of [at, end). No allocation but for the frame's trades. Pure.
 *
 * Eight bytes at a time are read as one number (little end first, on any machine).
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_FAST_H
#define REWICK_ENGINE_VENUE_VENUE_FAST_H

#include "engine/base/decimal.h"
#include "engine/base/time_text.h"
#include "engine/trade/trade.h"
#include "engine/venue/venue.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The cursor lives in two registers as long as all that it is given to is inlined: in memory every
 * step would wait for the store of the step before. So decoders use this for their own parts too,
 * and call each from one place. */
#define FAST_INLINE static inline __attribute__((always_inline))
/* For the decoder itself: a form that is tried after others is no rare one, to be made small. */
#define FAST_HOT __attribute__((hot))

#define FAST_DIGITS_MAX 19 /* any number of that many digits fits 64 bits */

/* What is left of the frame. Functions that say false leave it anywhere, but for FAST_EAT() and
 * FAST_EAT_BACK(), which leave it alone: several forms can be tried with them. */
struct fast {
    const char *at, *end;
};

FAST_INLINE struct fast fast_open(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    return (struct fast){at, size > 0 ? at + size : at};
}

FAST_INLINE size_t fast_left(const struct fast *fast)
{
    return (size_t)(fast->end - fast->at);
}

FAST_INLINE bool fast_is_end(const struct fast *fast)
{
    return fast->at == fast->end;
}

/* The next byte, NUL at the end (a NUL is never what one looks for). */
FAST_INLINE char fast_peek(const struct fast *fast)
{
    return fast->at < fast->end ? *fast->at : '\0';
}

/* ---- fixed text ------------------------------------------------------------------------------ */

FAST_INLINE uint32_t fast_load4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return le32toh(word);
}

FAST_INLINE uint64_t fast_load8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/* At most 64 bytes of a literal, compared in words that become part of the instructions: memcmp()
 * is a call for all that is longer than two of them. */
FAST_INLINE bool fast_same(const char *a, const char *b, size_t size)
{
    if (size < 4) {
        return memcmp(a, b, size) == 0;
    }
    if (size < 8) {
        return fast_load4(a) == fast_load4(b) &&
               fast_load4(a + size - 4) == fast_load4(b + size - 4);
    }
    uint64_t other = fast_load8(a) ^ fast_load8(b);
    other |= fast_load8(a + size - 8) ^ fast_load8(b + size - 8);
    other |= size > 16 ? fast_load8(a + 8) ^ fast_load8(b + 8) : 0;
    other |= size > 24 ? fast_load8(a + 16) ^ fast_load8(b + 16) : 0;
    other |= size > 32 ? fast_load8(a + 24) ^ fast_load8(b + 24) : 0;
    other |= size > 40 ? fast_load8(a + 32) ^ fast_load8(b + 32) : 0;
    other |= size > 48 ? fast_load8(a + 40) ^ fast_load8(b + 40) : 0;
    other |= size > 56 ? fast_load8(a + 48) ^ fast_load8(b + 48) : 0;
    return other == 0;
}

FAST_INLINE bool fast_eat(struct fast *fast, const char *text, size_t size)
{
    if (fast_left(fast) < size || !fast_same(fast->at, text, size)) {
        return false;
    }
    fast->at += size;
    return true;
}

/* The same at the end: what is left becomes shorter. */
FAST_INLINE bool fast_eat_back(struct fast *fast, const char *text, size_t size)
{
    if (fast_left(fast) < size || !fast_same(fast->end - size, text, size)) {
        return false;
    }
    fast->end -= size;
    return true;
}

/* Is the literal the next, or the last? Steps over it. */
#define FAST_EAT(fast, literal)      fast_eat((fast), "" literal, FAST_SIZE(literal))
#define FAST_EAT_BACK(fast, literal) fast_eat_back((fast), "" literal, FAST_SIZE(literal))
/* Its length; does not compile for one that is longer than fast_same() compares. */
#define FAST_SIZE(literal) (sizeof(literal) - 1 + 0 * sizeof(char[sizeof(literal) <= 65 ? 1 : -1]))

/* Goes to the first `byte`, which stays the next one. False when there is none.
 *
 * Brackets found this way prove structure without a walk: when no ']' stands between "x":[ and the
 * found one, the array closes there and nowhere before. (Were that ']' in a string, the quote that
 * begins the literal eaten next would end the string, and the text would not be JSON.) */
FAST_INLINE bool fast_find(struct fast *fast, char byte)
{
    const char *found = fast->at < fast->end ? memchr(fast->at, byte, fast_left(fast)) : NULL;
    fast->at = found ? found : fast->end;
    return found != NULL;
}

/* ---- words of eight bytes -------------------------------------------------------------------- */

#define FAST_ONES UINT64_C(0x0101010101010101)

/* How many of the word's first bytes are digits: 0 .. 8. */
FAST_INLINE unsigned fast_digit_count(uint64_t word)
{
    /* Digits become 0 .. 9, all else 10 and more; a carry comes from bytes only that are none. */
    uint64_t value = word ^ (FAST_ONES * '0');
    uint64_t none = ((value + FAST_ONES * 0x76) | value) & (FAST_ONES * 0x80);
    return none != 0 ? (unsigned)__builtin_ctzll(none) / 8 : 8;
}

/* The number that the word's first `count` digits are: 1 .. 8. Pairs, then fours, then all. */
FAST_INLINE uint64_t fast_digit_value(uint64_t word, unsigned count)
{
    uint64_t value = (word ^ (FAST_ONES * '0')) << (64 - 8 * count);
    value = value * 10 + (value >> 8);
    uint64_t low = (value & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064);
    uint64_t high = ((value >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001);
    return (low + high) >> 32;
}

FAST_INLINE uint64_t fast_power(unsigned exponent)
{
    static const uint64_t powers[FAST_DIGITS_MAX + 1] = {
        1u,
        10u,
        100u,
        1000u,
        10000u,
        100000u,
        1000000u,
        10000000u,
        100000000u,
        1000000000u,
        10000000000u,
        100000000000u,
        1000000000000u,
        10000000000000u,
        100000000000000u,
        1000000000000000u,
        10000000000000000u,
        100000000000000000u,
        1000000000000000000u,
        10000000000000000000u,
    };
    return powers[exponent];
}

/* ---- whole numbers --------------------------------------------------------------------------- */

/* The forms that are rare, or too near to the end for words. */
bool fast_digits_long(struct fast *fast, uint64_t *out);
bool fast_decimal_long(struct fast *fast, struct decimal *out);

/* The digits of a string; zeros in front are fine (json_scan_u64). */
FAST_INLINE bool fast_digits(struct fast *fast, uint64_t *out)
{
    if (fast_left(fast) >= 16) {
        uint64_t head = fast_load8(fast->at);
        unsigned count = fast_digit_count(head);
        if (count < 8) {
            fast->at += count;
            *out = count > 0 ? fast_digit_value(head, count) : 0;
            return count > 0;
        }
        uint64_t tail = fast_load8(fast->at + 8);
        unsigned more = fast_digit_count(tail);
        if (more < 8) {
            fast->at += 8 + more;
            head = fast_digit_value(head, 8);
            *out = more > 0 ? head * fast_power(more) + fast_digit_value(tail, more) : head;
            return true;
        }
    }
    struct fast copy = *fast; /* the cursor itself stays out of memory */
    bool fine = fast_digits_long(&copy, out);
    *fast = copy;
    return fine;
}

/* A whole JSON number: no zeros in front. Of "12.5" it takes the 12: eat what must follow. */
FAST_INLINE bool fast_u64(struct fast *fast, uint64_t *out)
{
    const char *first = fast->at;
    return fast_digits(fast, out) && (*first != '0' || fast->at == first + 1);
}

/* ---- decimals -------------------------------------------------------------------------------- */

/* The text of a decimal in a string: digits, or digits, a point and digits. All of them count for
 * the scale, zeros at the end included, as with decimal_parse(). */
FAST_INLINE bool fast_decimal(struct fast *fast, struct decimal *out)
{
    if (fast_left(fast) > 17) {
        const char *at = fast->at;
        uint64_t head = fast_load8(at);
        unsigned digits = fast_digit_count(head);
        if (digits > 0 && at[digits] == '.') {
            uint64_t tail = fast_load8(at + digits + 1);
            unsigned scale = fast_digit_count(tail);
            const char *end = at + digits + 1 + scale;
            /* Eight is what most have; nine and more are rare. */
            if (scale > 0 && (scale < 8 || *end < '0' || *end > '9')) {
                uint64_t whole = fast_digit_value(head, digits) * fast_power(scale);
                out->mantissa = (int128)(whole + fast_digit_value(tail, scale));
                out->scale = (uint8_t)scale;
                fast->at = end;
                return true;
            }
        } else if (digits > 0 && digits < 8) {
            out->mantissa = (int128)fast_digit_value(head, digits);
            out->scale = 0;
            fast->at = at + digits;
            return true;
        }
    }
    struct fast copy = *fast;
    bool fine = fast_decimal_long(&copy, out);
    *fast = copy;
    return fine;
}

/* The same as a JSON number: no zeros in front but the one before a point. */
FAST_INLINE bool fast_number(struct fast *fast, struct decimal *out)
{
    const char *first = fast->at;
    return fast_decimal(fast, out) && (*first != '0' || fast->at == first + 1 || first[1] == '.');
}

/* ---- times ----------------------------------------------------------------------------------- */

/* number * unit_ns; false unless it is after 1970 and fits. */
FAST_INLINE bool fast_scale(uint64_t number, int64_t unit_ns, int64_t *out_ns)
{
    return number > 0 && !__builtin_mul_overflow(number, unit_ns, out_ns);
}

/* A JSON number of ms, or of us when it has 15 digits or more: FIELD_TIME_EPOCH. */
FAST_INLINE bool fast_epoch(struct fast *fast, int64_t *out_ns)
{
    uint64_t number = 0;
    if (fast_left(fast) >= 16) { /* ms since 2001 */
        uint64_t head = fast_load8(fast->at), tail = fast_load8(fast->at + 8);
        if (fast_digit_count(head) == 8 && fast_digit_count(tail) == 5 && *fast->at != '0') {
            fast->at += 13;
            number = fast_digit_value(head, 8) * 100000 + fast_digit_value(tail, 5);
            return fast_scale(number, NS_PER_MS, out_ns);
        }
    }
    return fast_u64(fast, &number) &&
           fast_scale(number, number < 100000000000000u ? NS_PER_MS : NS_PER_US, out_ns);
}

/* Digits behind a point as ns: 1 .. 9 of them. */
FAST_INLINE bool fast_fraction(struct fast *fast, int64_t *out_ns)
{
    uint64_t value = 0;
    unsigned digits = 0;
    if (fast_left(fast) >= 8 && (digits = fast_digit_count(fast_load8(fast->at))) > 0) {
        value = fast_digit_value(fast_load8(fast->at), digits);
        fast->at += digits;
    }
    while (fast_peek(fast) >= '0' && fast_peek(fast) <= '9' && digits < 9) {
        value = value * 10 + (uint64_t)(*fast->at++ - '0');
        digits++;
    }
    *out_ns = (int64_t)(value * fast_power(9 - digits));
    return digits > 0; /* a tenth one is eaten by nobody */
}

/* The text "1618678150.826417" in a string: FIELD_TIME_SECONDS. */
FAST_INLINE bool fast_seconds(struct fast *fast, int64_t *out_ns)
{
    uint64_t seconds = 0;
    int64_t fraction = 0;
    if (!fast_digits(fast, &seconds) || seconds > (uint64_t)(INT64_MAX / NS_PER_S) - 1) {
        return false;
    }
    if (fast_peek(fast) == '.') {
        fast->at++;
        if (!fast_fraction(fast, &fraction)) {
            return false;
        }
    }
    *out_ns = (int64_t)seconds * NS_PER_S + fraction;
    return *out_ns > 0;
}

/* Is every byte of `word` what `form` has there: a digit where that has '0', else the same? *out
 * gets the two-digit number that begins at each byte. */
FAST_INLINE bool fast_form(uint64_t word, uint64_t form, uint64_t digit_room, uint64_t *out)
{
    uint64_t value = word ^ form;
    *out = value * 10 + (value >> 8);
    return (((value + digit_room) | value) & (FAST_ONES * 0x80)) == 0;
}

FAST_INLINE unsigned fast_byte(uint64_t word, unsigned index)
{
    return (unsigned)(word >> (8 * index)) & 0xff;
}

/* Days from 1970-01-01 to a date from then to 2099, when each fourth year is a leap year; -1 when
 * there is no such day. */
FAST_INLINE int64_t fast_days(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t before[14] = {0,   0,   31,  59,  90,  120, 151,
                                        181, 212, 243, 273, 304, 334, 365};
    bool leap = year % 4 == 0;
    if (year - 1970 >= 130 || month - 1 >= 12 || day == 0 ||
        day > (unsigned)(before[month + 1] - before[month] + (month == 2 && leap))) {
        return -1;
    }
    return (year - 1970) * 365 + (year - 1969) / 4 + before[month] + (month > 2 && leap) + day - 1;
}

/* The text "2021-04-17T16:43:37.270697Z" in a string, with 0 to 9 fraction digits, after 1970 and
 * before 2100: FIELD_TIME_RFC3339. */
FAST_INLINE bool fast_rfc3339(struct fast *fast, int64_t *out_ns)
{
    /* Little end first: "0000-00-" "00T00:00" ".000000Z". */
    const uint64_t date_form = UINT64_C(0x2d30302d30303030),
                   date_room = UINT64_C(0x7f76767f76767676);
    const uint64_t time_form = UINT64_C(0x30303a3030543030),
                   time_room = UINT64_C(0x76767f76767f7676);
    const uint64_t us_form = UINT64_C(0x5a3030303030302e), us_room = UINT64_C(0x7f7676767676767f);
    uint64_t date, time, us;
    if (fast_left(fast) < 20 || !fast_form(fast_load8(fast->at), date_form, date_room, &date) ||
        !fast_form(fast_load8(fast->at + 8), time_form, time_room, &time) || fast->at[16] != ':') {
        return false;
    }
    unsigned tens = (unsigned)(unsigned char)fast->at[17] - '0';
    unsigned ones = (unsigned)(unsigned char)fast->at[18] - '0';
    unsigned hour = fast_byte(time, 3), minute = fast_byte(time, 6);
    unsigned year = fast_byte(date, 0) * 100 + fast_byte(date, 2);
    int64_t days = fast_days(year, fast_byte(date, 5), fast_byte(time, 0)), fraction = 0;
    if (days < 0 || hour > 23 || minute > 59 || tens > 5 || ones > 9) {
        return false;
    }
    fast->at += 19;
    if (fast_left(fast) >= 8 && fast_form(fast_load8(fast->at), us_form, us_room, &us)) {
        fraction = fast_byte(us, 1) * 10000 + fast_byte(us, 3) * 100 + fast_byte(us, 5);
        fraction *= NS_PER_US;
        fast->at += 8;
    } else if ((FAST_EAT(fast, ".") && !fast_fraction(fast, &fraction)) || !FAST_EAT(fast, "Z")) {
        return false;
    }
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + tens * 10 + ones;
    *out_ns = seconds * NS_PER_S + fraction;
    return *out_ns > 0;
}

/* ---- strings --------------------------------------------------------------------------------- */

/* In each byte of `word` the high bit where the byte is no plain one: a quote, a backslash, a
 * control character (DEL too), or beyond ASCII. Above the lowest set bit it can be wrong. */
FAST_INLINE uint64_t fast_special(uint64_t word)
{
    uint64_t quote = word ^ (FAST_ONES * '"'), backslash = word ^ (FAST_ONES * '\\');
    uint64_t del = word ^ (FAST_ONES * 0x7f);
    return (((quote - FAST_ONES) & ~quote) | ((backslash - FAST_ONES) & ~backslash) |
            ((del - FAST_ONES) & ~del) | ((word - FAST_ONES * 0x20) & ~word) | word) &
           (FAST_ONES * 0x80);
}

FAST_INLINE bool fast_is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#ifdef __SSE2__
/* The same for sixteen bytes, `stop` included, a bit for each. Strings that are stepped over are
 * where vectors pay: a Coinbase match with its two UUIDs takes 61 ns instead of 72, a Kraken trade
 * 47 instead of 50. All others are too short to gain. */
FAST_INLINE unsigned fast_special16(const char *at, char stop)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quotes = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    __m128i others = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(stop)),
                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    /* As signed bytes those beyond ASCII are less than a blank too. */
    __m128i controls = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, others), controls));
}
#endif

/* The first byte from `at` that is `stop` or not plain, or `end`. */
FAST_INLINE const char *fast_plain_end(const char *at, const char *end, char stop)
{
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        unsigned special = fast_special16(at, stop);
        if (special != 0) {
            return at + __builtin_ctz(special);
        }
    }
#endif
    for (; end - at >= 8; at += 8) {
        uint64_t word = fast_load8(at), found = word ^ (FAST_ONES * (unsigned char)stop);
        uint64_t special =
            fast_special(word) | (((found - FAST_ONES) & ~found) & (FAST_ONES * 0x80));
        if (special != 0) {
            return at + __builtin_ctzll(special) / 8;
        }
    }
    while (at < end && *at != stop && fast_is_plain(*at)) {
        at++;
    }
    return at;
}

/* To the closing quote. */
FAST_INLINE bool fast_skip_string(struct fast *fast)
{
    fast->at = fast_plain_end(fast->at, fast->end, '"');
    return fast_peek(fast) == '"';
}

/* The high bit of each byte that is a small letter; right for ASCII. */
FAST_INLINE uint64_t fast_small(uint64_t word)
{
    return ((word + FAST_ONES * (0x80 - 'a')) & ~(word + FAST_ONES * (0x80 - 'z' - 1))) &
           (FAST_ONES * 0x80);
}

/* Is all that is left flat and without names that have a letter from c to z or from C to Z? Then
 * none of the members in it is called so. */
static inline bool fast_is_flat(const struct fast *fast)
{
    /* [c-z{|}] and, without the bit that makes letters small, [C-Z[\]]. */
    const char *at = fast->at;
    uint64_t found = 0;
    for (; fast->end - at >= 8; at += 8) {
        uint64_t word = fast_load8(at);
        uint64_t low = (word & (FAST_ONES * 0x5f)) | (FAST_ONES * 0x20);
        found |= ((low + FAST_ONES * (0x80 - 'c')) & ~(low + FAST_ONES * (0x80 - '}' - 1))) | word;
    }
    for (; at < fast->end; at++) {
        unsigned char low = (unsigned char)(*at | 0x20);
        found |= low >= 'c' && low != '~' && low != 0x7f ? 0x80 : 0;
    }
    return (found & (FAST_ONES * 0x80)) == 0;
}

/* Copies by words; `out_size` is a multiple of 8. */
FAST_INLINE bool fast_copy(struct fast *fast, char *out, size_t out_size, bool no_small)
{
    size_t used = 0;
    for (; used < out_size && fast_left(fast) >= 8; used += 8) {
        uint64_t word = fast_load8(fast->at), special = fast_special(word);
        special |= no_small ? fast_small(word) : 0;
        if (special == 0) {
            word = htole64(word);
            memcpy(out + used, &word, sizeof word);
            fast->at += 8;
            continue;
        }
        unsigned size = (unsigned)__builtin_ctzll(special) / 8;
        word = htole64(word & ~(UINT64_MAX << (8 * size)));
        memcpy(out + used, &word, sizeof word);
        fast->at += size;
        return *fast->at == '"' && used + size > 0;
    }
    for (; used < out_size && fast->at < fast->end && fast_is_plain(*fast->at); used++) {
        if (no_small && *fast->at >= 'a' && *fast->at <= 'z') {
            return false;
        }
        out[used] = *fast->at++;
    }
    if (used == 0 || used == out_size) {
        return false;
    }
    out[used] = '\0';
    return fast_peek(fast) == '"';
}

/* Copies a string up to its closing quote, with a NUL: it must not be empty and must fit. */
#define FAST_NAME(fast, array)                                                                     \
    fast_copy((fast), (array), sizeof(array) + FAST_IS_WORDS(sizeof(array)), false)
/* The same for a name in capitals: false when there is a small letter in it. */
#define FAST_NAME_CAPITAL(fast, array)                                                             \
    fast_copy((fast), (array), sizeof(array) + FAST_IS_WORDS(sizeof(array)), true)
/* 0; does not compile for sizes that are no multiple of 8. */
#define FAST_IS_WORDS(size) (0 * sizeof(char[(size) % 8 == 0 ? 1 : -1]))

/* Any value but arrays and objects, from its first byte to the one behind it. Numbers are whole or
 * plain decimals. */
FAST_INLINE bool fast_skip_scalar(struct fast *fast)
{
    struct decimal number;
    if (FAST_EAT(fast, "\"")) {
        return fast_skip_string(fast) && FAST_EAT(fast, "\"");
    }
    char c = fast_peek(fast);
    if ((c >= '0' && c <= '9') || FAST_EAT(fast, "-")) {
        return fast_number(fast, &number);
    }
    return FAST_EAT(fast, "true") || FAST_EAT(fast, "false") || FAST_EAT(fast, "null");
}

/* The text of a time of six fraction digits at the end, which is cut off. */
FAST_INLINE bool fast_rfc3339_back(struct fast *fast, int64_t *out_ns)
{
    const size_t size = sizeof "2021-04-17T16:43:37.270697Z" - 1;
    if (fast_left(fast) < size) {
        return false;
    }
    fast->end -= size;
    struct fast tail = {fast->end, fast->end + size};
    return fast_rfc3339(&tail, out_ns) && fast_is_end(&tail);
}

/* Cuts off the digits, points too, at the end; there may be none. */
FAST_INLINE void fast_digits_back(struct fast *fast)
{
    while (fast->end > fast->at &&
           ((fast->end[-1] >= '0' && fast->end[-1] <= '9') || fast->end[-1] == '.')) {
        fast->end--;
    }
}

/* ---- the frame ------------------------------------------------------------------------------- */

/* The end of a decode(): what is not of the usual form begins anew with the general decoder. */
FAST_INLINE enum err fast_general(venue_decode_fn *general, const uint8_t *data, size_t size,
                                  struct venue_frame *frame)
{
    frame->general_count++;
    return general(data, size, frame);
}

/* By pieces, which become stores; all at once it is an instruction that takes long to begin. */
FAST_INLINE void fast_clear_trade(struct trade *trade)
{
    _Static_assert(sizeof *trade > 128 && sizeof *trade <= 224, "three pieces");
    char *bytes = (char *)trade;
    memset(bytes, 0, 64);
    memset(bytes + 64, 0, 64);
    memset(bytes + 128, 0, sizeof *trade - 128);
}

/* A zeroed trade at the end of the list; NULL (general decoder) when there is no room. */
FAST_INLINE struct trade *fast_trade(struct venue_frame *frame)
{
    struct trade *trade = NULL;
    if (frame->trade_count < frame->trade_capacity) {
        trade = &frame->trades[frame->trade_count++];
        fast_clear_trade(trade);
        return trade;
    }
    return venue_frame_add(frame, &trade) == ERR_OK ? trade : NULL;
}

/* The taker's side: the literal that says bought, or the one that says sold. */
#define FAST_TAKER(fast, trade, bought, sold)                                                      \
    fast_taker((fast), (trade), "" bought, FAST_SIZE(bought), "" sold, FAST_SIZE(sold))
FAST_INLINE bool fast_taker(struct fast *fast, struct trade *trade, const char *bought,
                            size_t bought_size, const char *sold, size_t sold_size)
{
    bool buys = fast_eat(fast, bought, bought_size);
    trade->taker = buys ? TAKER_BUY : TAKER_SELL;
    return buys || fast_eat(fast, sold, sold_size);
}

/* What field_check_trade() does: nothing that is read here can be below zero. */
FAST_INLINE void fast_check_trade(struct trade *trade)
{
    if (trade->price.mantissa == 0 || trade->quantity.mantissa == 0) {
        trade->flags |= TRADE_EXCLUDED;
    }
    if (!(trade->flags & TRADE_AGGREGATED)) {
        trade->first_id = trade->id;
        trade->last_id = trade->id;
        trade->count = 1;
    }
}

/* The end of decoding of a frame of trades: kind, order, common symbol and time. The channel has
 * been set. */
void fast_finish_trades(struct venue_frame *frame);

/* Makes the frame market data of that channel. Symbol and time have been set, or are those of
 * venue_frame_clear(). */
FAST_INLINE void fast_data(struct venue_frame *frame, const char *channel, size_t size)
{
    frame->kind = VENUE_DATA;
    memcpy(frame->channel, channel, size);
}
#define FAST_DATA(frame, literal) fast_data((frame), "" literal, sizeof(literal))

#endif
