/*
 * time_text: times and durations as people and venues write them. Pure: "now" is an argument.
 *
 * A time is an int64_t of nanoseconds since 1970-01-01 UTC, which spans the years 1677 to 2262.
 */
#ifndef REWICK_ENGINE_BASE_TIME_TEXT_H
#define REWICK_ENGINE_BASE_TIME_TEXT_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US   INT64_C(1000)
#define NS_PER_MS   INT64_C(1000000)
#define NS_PER_S    INT64_C(1000000000)
#define NS_PER_MIN  (60 * NS_PER_S)
#define NS_PER_HOUR (60 * NS_PER_MIN)
#define NS_PER_DAY  (24 * NS_PER_HOUR)
#define NS_PER_WEEK (7 * NS_PER_DAY)

/* "2024-08-08T23:55:00.123456789Z" and NUL. */
#define TIME_TEXT_MAX 40

/* RFC 3339 with 0 to 9 fraction digits and 'Z', 'z' or an offset; 'T' may be a blank. The whole
 * text must match. Leap second 60 is accepted as the second after. ERR_DAMAGED: not of that form;
 * ERR_RANGE: outside int64 nanoseconds. Sets no error text. */
enum err time_parse_rfc3339(int64_t *out_ns, const char *text, size_t size) ERR_MUST_CHECK;

/* Decimal seconds, "1618677372.1768699", at most 9 fraction digits kept (more are cut), exactly. */
enum err time_parse_seconds(int64_t *out_ns, const char *text, size_t size) ERR_MUST_CHECK;

/* An epoch integer whose unit is told by its size: below 1e11 s, below 1e14 ms, below 1e17 us, else
 * ns. (1e11 s is the year 5138; 1e11 ms is 1973.) */
enum err time_from_epoch(int64_t *out_ns, int64_t value) ERR_MUST_CHECK;

/* What the command line accepts: RFC 3339, a date alone (00:00:00 UTC), an epoch in s, ms, us or ns
 * (see time_from_epoch; a fraction means seconds), or relative to now: "-2h", "-90s", "-1d", "now".
 * Sets the error text. */
enum err time_parse_user(int64_t *out_ns, const char *text, int64_t now_ns) ERR_MUST_CHECK;

/* A whole number with a unit: ns, us, ms, s, m, h, d, w. Sets the error text. */
enum err duration_parse(int64_t *out_ns, const char *text) ERR_MUST_CHECK;

/* RFC 3339 in UTC with 0, 3, 6 or 9 fraction digits, as few as hold the value exactly. `text` must
 * hold TIME_TEXT_MAX bytes. Returns the length. */
size_t time_format(char *text, int64_t time_ns);

/* The largest unit that holds it exactly: 60000000000 -> "1m". `text` holds TIME_TEXT_MAX bytes. */
size_t duration_format(char *text, int64_t duration_ns);

#endif
