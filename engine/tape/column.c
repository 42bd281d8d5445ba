#include "engine/tape/column.h"

#include "engine/base/bytes.h"
#include "engine/tape/varint.h"
#include <string.h>

enum mode { MODE_CONSTANT, MODE_PLAIN, MODE_DELTA, MODE_DELTA_OF_DELTA, MODES };

/* Mode, length, unit, first number. */
#define HEADER_MAX (1 + 3 * VARINT_SIZE_MAX)

/* What a column would cost in one mode, as far as its numbers tell. */
struct tally {
    uint64_t unit;  /* greatest common divisor so far, 0 while all are 0 */
    uint64_t count; /* numbers that are not 0 */
    uint64_t bits;
};

static uint64_t magnitude(uint64_t number)
{
    return number >> 63 ? 0 - number : number;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void tally_add(struct tally *tally, uint64_t number)
{
    if (number == 0)
        return;
    const uint64_t size = magnitude(number);
    tally->count++;
    tally->bits += 65 - (unsigned)__builtin_clzll(size);
    if (tally->unit != 1)
        tally->unit = common_divisor(size, tally->unit);
}

static uint64_t tally_cost(const struct tally *tally)
{
    if (tally->unit == 0)
        return 0;
    return tally->bits - tally->count * (63 - (unsigned)__builtin_clzll(tally->unit));
}

static void tally_all(struct tally tallies[MODES], const int64_t *numbers, size_t count)
{
    memset(tallies, 0, MODES * sizeof *tallies);
    uint64_t before = count ? (uint64_t)numbers[0] : 0;
    uint64_t delta_before = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t number = (uint64_t)numbers[i];
        const uint64_t delta = number - before;
        tally_add(&tallies[MODE_PLAIN], number);
        tally_add(&tallies[MODE_DELTA], delta);
        tally_add(&tallies[MODE_DELTA_OF_DELTA], delta - delta_before);
        before = number;
        delta_before = delta;
    }
}

static enum mode best_of(const struct tally tallies[MODES])
{
    if (tallies[MODE_DELTA].count == 0)
        return MODE_CONSTANT;
    enum mode best = MODE_PLAIN;
    for (enum mode mode = MODE_DELTA; mode < MODES; mode++)
        if (tally_cost(&tallies[mode]) < tally_cost(&tallies[best]))
            best = mode;
    return best;
}

static enum mode choose(const int64_t *numbers, size_t count, uint64_t *out_unit)
{
    struct tally tallies[MODES];
    tally_all(tallies, numbers, count);
    const enum mode best = best_of(tallies);
    *out_unit = tallies[best].unit;
    return best;
}

uint64_t column_cost(const int64_t *numbers, size_t count)
{
    struct tally tallies[MODES];
    tally_all(tallies, numbers, count);
    return tally_cost(&tallies[best_of(tallies)]);
}

static uint8_t *put_quotient(uint8_t *p, uint64_t number, uint64_t unit)
{
    if (unit != 1)
        number = number >> 63 ? 0 - (0 - number) / unit : number / unit;
    return varint_put(p, varint_zigzag(number));
}

static uint8_t *put_numbers(uint8_t *p, enum mode mode, uint64_t unit, const int64_t *numbers,
                            size_t count)
{
    if (mode == MODE_CONSTANT)
        return count ? varint_put(p, varint_zigzag((uint64_t)numbers[0])) : p;
    p = varint_put(p, unit);
    if (mode == MODE_PLAIN) {
        for (size_t i = 0; i < count; i++)
            p = put_quotient(p, (uint64_t)numbers[i], unit);
        return p;
    }
    if (count == 0)
        return p;
    uint64_t before = (uint64_t)numbers[0];
    uint64_t delta_before = 0;
    p = varint_put(p, varint_zigzag(before));
    for (size_t i = 1; i < count; i++) {
        const uint64_t delta = (uint64_t)numbers[i] - before;
        p = put_quotient(p, delta - delta_before, unit);
        before = (uint64_t)numbers[i];
        delta_before = mode == MODE_DELTA_OF_DELTA ? delta : 0;
    }
    return p;
}

static enum err put_column(struct buf *out, enum mode mode, uint64_t unit, const int64_t *numbers,
                           size_t count)
{
    enum err err = buf_reserve(out, HEADER_MAX + count * VARINT_SIZE_MAX);
    if (err != ERR_OK)
        return err;
    /* The numbers first, behind the longest header that could be; then moved up to it. */
    uint8_t *head = out->data + out->size;
    uint8_t *body = head + 1 + VARINT_SIZE_MAX;
    const size_t size = (size_t)(put_numbers(body, mode, unit, numbers, count) - body);
    *head++ = (uint8_t)mode;
    head = varint_put(head, size);
    memmove(head, body, size);
    out->size = (size_t)(head + size - out->data);
    return ERR_OK;
}

enum err column_put(struct buf *out, const int64_t *numbers, size_t count)
{
    uint64_t unit = 1;
    const enum mode mode = choose(numbers, count, &unit);
    return put_column(out, mode, unit, numbers, count);
}

enum err column_put_delta(struct buf *out, const int64_t *numbers, size_t count)
{
    return put_column(out, MODE_DELTA, 1, numbers, count);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Without a branch on its length, which nothing foretells in a column of noise; one byte or more
 * is foretold well. */
static inline const uint8_t *get_short(const uint8_t *p, uint64_t word, uint64_t stops,
                                       uint64_t *out)
{
    word &= stops ^ (stops - 1); /* up to the first byte that ends a number */
    word &= UINT64_C(0x7f7f7f7f7f7f7f7f);
    word = (word & UINT64_C(0x007f007f007f007f)) | (word & UINT64_C(0x7f007f007f007f00)) >> 1;
    word = (word & UINT64_C(0x00003fff00003fff)) | (word & UINT64_C(0x3fff00003fff0000)) >> 2;
    word = (word & UINT64_C(0x000000000fffffff)) | (word & UINT64_C(0x0fffffff00000000)) >> 4;
    *out = varint_unzigzag(word);
    return p + __builtin_ctzll(stops) / 8 + 1;
}

static inline const uint8_t *get_number(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    if (p < end && *p < 0x80) {
        *out = varint_unzigzag(*p);
        return p + 1;
    }
    if (end - p >= 8) {
        uint64_t word = bytes_get_u64(p), stops = ~word & UINT64_C(0x8080808080808080);
        if (stops != 0)
            return get_short(p, word, stops, out);
    }
    p = varint_get(p, end, &value);
    *out = varint_unzigzag(value);
    return p;
}

static const uint8_t *get_constant(const uint8_t *p, const uint8_t *end, int64_t *numbers,
                                   size_t count)
{
    if (count == 0)
        return p;
    uint64_t number;
    p = get_number(p, end, &number);
    if (p)
        for (size_t i = 0; i < count; i++)
            numbers[i] = (int64_t)number;
    return p;
}

static const uint8_t *get_plain(const uint8_t *p, const uint8_t *end, uint64_t unit,
                                int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count && p; i++) {
        uint64_t number;
        p = get_number(p, end, &number);
        numbers[i] = (int64_t)(number * unit);
    }
    return p;
}

static const uint8_t *get_delta(const uint8_t *p, const uint8_t *end, uint64_t unit,
                                int64_t *numbers, size_t count)
{
    uint64_t number = 0;
    if (count > 0 && (p = get_number(p, end, &number)))
        numbers[0] = (int64_t)number;
    for (size_t i = 1; i < count && p; i++) {
        uint64_t delta;
        p = get_number(p, end, &delta);
        number += delta * unit;
        numbers[i] = (int64_t)number;
    }
    return p;
}

static const uint8_t *get_delta_of_delta(const uint8_t *p, const uint8_t *end, uint64_t unit,
                                         int64_t *numbers, size_t count)
{
    uint64_t number = 0, delta = 0;
    if (count > 0 && (p = get_number(p, end, &number)))
        numbers[0] = (int64_t)number;
    for (size_t i = 1; i < count && p; i++) {
        uint64_t change;
        p = get_number(p, end, &change);
        delta += change * unit;
        number += delta;
        numbers[i] = (int64_t)number;
    }
    return p;
}

static const uint8_t *get_body(enum mode mode, const uint8_t *p, const uint8_t *end,
                               int64_t *numbers, size_t count)
{
    if (mode == MODE_CONSTANT)
        return get_constant(p, end, numbers, count);
    uint64_t unit;
    p = varint_get(p, end, &unit);
    if (!p || unit == 0)
        return NULL;
    switch (mode) {
    case MODE_PLAIN:
        return get_plain(p, end, unit, numbers, count);
    case MODE_DELTA:
        return get_delta(p, end, unit, numbers, count);
    case MODE_DELTA_OF_DELTA:
        return get_delta_of_delta(p, end, unit, numbers, count);
    default:
        return NULL;
    }
}

/* Mode and length, which is within p .. end; gives the place of the body. */
static const uint8_t *get_head(const uint8_t *p, const uint8_t *end, uint8_t *out_mode,
                               uint64_t *out_size)
{
    if (p == end)
        return NULL;
    *out_mode = *p++;
    p = varint_get(p, end, out_size);
    return p && *out_mode < MODES && *out_size <= (size_t)(end - p) ? p : NULL;
}

const uint8_t *column_get(const uint8_t *p, const uint8_t *end, int64_t *numbers, size_t count)
{
    uint8_t mode;
    uint64_t size;
    p = get_head(p, end, &mode, &size);
    if (!p)
        return NULL;
    end = p + size;
    return get_body((enum mode)mode, p, end, numbers, count) == end ? end : NULL;
}

const uint8_t *column_skip(const uint8_t *p, const uint8_t *end)
{
    uint8_t mode;
    uint64_t size;
    p = get_head(p, end, &mode, &size);
    return p ? p + size : NULL;
}
