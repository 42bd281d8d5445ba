/* venue_text: names, paths and small texts that all venues handle alike. Pure. */
#ifndef REWICK_ENGINE_VENUE_VENUE_TEXT_H
#define REWICK_ENGINE_VENUE_VENUE_TEXT_H

#include "engine/base/buf.h"
#include "engine/base/decimal.h"
#include "engine/base/err.h"
#include "engine/trade/trade.h"
#include "engine/venue/instrument.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BASE-QUOTE or BASE-QUOTE-SUFFIX, taken apart and in upper case. */
struct venue_name {
    char base[INSTRUMENT_MAX], quote[INSTRUMENT_MAX];
    char suffix[INSTRUMENT_MAX]; /* "", "PERP", "210625" */
};

/* ERR_UNKNOWN with text when it is not of that form or holds anything but letters, digits, '.', '_'
 * and what is not ASCII. */
enum err venue_name_split(const char *instrument, struct venue_name *out) ERR_MUST_CHECK;
/* Puts parts together into `out`; NULL ends them. ERR_UNKNOWN with text when they do not fit. */
enum err venue_name_join(char *out, size_t out_size, const char *const *parts) ERR_MUST_CHECK;

/* The longest of `endings` that text[0..size) ends with and has something in front of; NULL: none.
 */
const char *venue_text_ending(const char *text, size_t size, const char *const *endings,
                              size_t count);

/* ASCII letters only; symbols may hold UTF-8. */
void venue_text_upper(char *text);
void venue_text_lower(char *text);

/* Target or URL -> its path, "/api/v3/trades", percent codes kept; size 0 when there is none. */
struct venue_path {
    const char *text, *query; /* query: behind '?', or "" */
    size_t size;
};
struct venue_path venue_path_of(const char *url);
/* Does the path end with `tail` ("/api/v3/trades")? */
bool venue_path_ends(struct venue_path path, const char *tail);
/* The value of query parameter `name`, decoded; false when it is not there or does not fit. */
bool venue_path_param(struct venue_path path, const char *name, char *out, size_t out_size);
/* text[0..size) with percent codes decoded; false when it does not fit or a code is bad. */
bool venue_path_decode(const char *text, size_t size, char *out, size_t out_size);
/* Query parameter `name` as a whole number; false when it is not there or is none. */
bool venue_path_u64(struct venue_path path, const char *name, uint64_t *out);

/* Appends text for a path or query: all but letters, digits and "-._~" as percent codes. */
enum err venue_text_append_url(struct buf *out, const char *text) ERR_MUST_CHECK;
/* Appends a time with exactly six fraction digits, "2023-09-25T09:21:10.428340Z". */
enum err venue_text_append_us(struct buf *out, int64_t time_ns) ERR_MUST_CHECK;
/* Appends a time with as many fraction digits as it needs, "2025-12-31T06:00:12.44524Z". */
enum err venue_text_append_time(struct buf *out, int64_t time_ns) ERR_MUST_CHECK;
/* Appends secs.fraction with at least `digits` fraction digits (0: and no point when there are
 * none), "1762819912.8068414". Times before 1970 become 0. */
enum err venue_text_append_seconds(struct buf *out, int64_t time_ns, int digits) ERR_MUST_CHECK;
/* Appends exact text of a decimal, never an exponent. */
enum err venue_text_append_decimal(struct buf *out, struct decimal value) ERR_MUST_CHECK;
/* Appends ["a","b"] for items [first, first + count). */
enum err venue_text_append_list(struct buf *out, const char *const *items,
                                size_t count) ERR_MUST_CHECK;

/* Part `index` of `count` things in parts of `max`: where it begins and how many they are; 0: no
 * such part. */
size_t venue_text_part(size_t count, size_t max, size_t index, size_t *out_first);

/* What venues of one spelling share in describe(): zeroed, open for trading, both symbols set, and
 * the symbol as its name. */
void venue_describe_symbol(const char *symbol, struct instrument *out);
/* text[0..size) as a currency's code; false when that is empty or does not fit. */
bool venue_text_asset(const char *text, size_t size, char out[ASSET_MAX]);

/* For a venue_rest.list() of one request: `target` replaces what `out` holds for index 0; ERR_END
 * for every other index. */
enum err venue_text_one_page(size_t index, const char *target, struct buf *out) ERR_MUST_CHECK;

#endif
