/*
 * column: a list of 64-bit numbers as few bytes, and back. The columns of record headers and the
 * numbers inside frames are kept so; zstd goes over the result.
 *
 *     column  =  mode u8   varint count of bytes that follow   those bytes
 *
 *     0 constant   zigzag varint: all numbers are this one (0 bytes when there are no numbers)
 *     1 plain      varint unit; then per number zigzag varint of number / unit
 *     2 delta      varint unit; zigzag varint of the first number; then per number zigzag varint of
 *                  (number - number before) / unit
 *     3 delta of   varint unit; zigzag varint of the first number; then per number zigzag varint of
 *       delta      ((number - number before) - (number before - number before that)) / unit, where
 *                  the number before the first is the first
 *
 * All arithmetic is modulo 2^64; `unit` is at least 1 and divides exactly. The encoder takes the
 * mode that costs least, by a rule that looks at the numbers alone. Pure; any thread.
 */
#ifndef REWICK_ENGINE_TAPE_COLUMN_H
#define REWICK_ENGINE_TAPE_COLUMN_H

#include "engine/base/buf.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends the column to `out`. */
enum err column_put(struct buf *out, const int64_t *numbers, size_t count) ERR_MUST_CHECK;
/* The same without a choice, for who has no time to look: mode 2 with unit 1. */
enum err column_put_delta(struct buf *out, const int64_t *numbers, size_t count) ERR_MUST_CHECK;

/* What the numbers cost in their best mode, in bits, roughly. */
uint64_t column_cost(const int64_t *numbers, size_t count);

/* Reads a column of exactly `count` numbers at p .. end; gives the place behind it, or NULL when it
 * is none. The bytes are untrusted. */
const uint8_t *column_get(const uint8_t *p, const uint8_t *end, int64_t *numbers, size_t count);
/* The place behind the column at p .. end, whose numbers are not looked at, or NULL. */
const uint8_t *column_skip(const uint8_t *p, const uint8_t *end);

#endif
