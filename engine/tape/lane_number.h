/*
 * lane_number: the numbers and times that stand in frames, as 64-bit integers and back to the same
 * text. What would not come back byte for byte is not taken. Pure; any thread.
 *
 * A number is -?(0|[1-9][0-9]*)(.[0-9]+)? without "-0": its digits are the integer, and how many of
 * them stand behind the point is kept apart. A time is 2023-09-25T07:49:37(.[0-9]+)?: seconds since
 * 1970 with as many decimals as the text has.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_NUMBER_H
#define REWICK_ENGINE_TAPE_LANE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANE_DECIMALS_MAX 18
/* Bytes that a write may take and may write over. */
#define LANE_NUMBER_SIZE_MAX 32
#define LANE_TIME_SIZE_MAX   48
/* Times end before the year 10000. */
#define LANE_TIME_END INT64_C(253402300800)

struct lane_number {
    int64_t value;
    uint8_t decimals;
};

extern const uint64_t lane_powers[LANE_DECIMALS_MAX + 2]; /* of ten */

/* The whole of text[0..size) is a number. */
bool lane_number_parse(struct lane_number *out, const uint8_t *text, size_t size);
/* text[0..n) is a time; gives n, or 0. */
size_t lane_time_parse(struct lane_number *out, const uint8_t *text, size_t size);

/* Give the place behind what was written. */
uint8_t *lane_number_write(uint8_t *out, int64_t value, unsigned decimals);
/* The time must be one: 0 up to LANE_TIME_END. */
uint8_t *lane_time_write(uint8_t *out, int64_t value, unsigned decimals);

#endif
