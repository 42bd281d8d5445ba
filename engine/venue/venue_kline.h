/*
 * venue_kline: what the readers of the venues' own candles share.
 *
 *     struct kline_reader reader;
 *     kline_reader_init(&reader, out, max);
 *     return kline_reader_finish(&reader, read(&reader, json_scan_document(data, size)));
 *
 * They read with the functions of venue_field.h, the reader's frame at hand for the reasons. A
 * frame or answer is read as a whole or not at all: one row that cannot be read, and there is none.
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_KLINE_H
#define REWICK_ENGINE_VENUE_VENUE_KLINE_H

#include "engine/venue/venue.h"
#include "engine/venue/venue_field.h"

struct kline_reader {
    struct venue_frame scratch;
    struct venue_kline common; /* what all rows share: symbol, size */
    struct venue_kline *out;   /* borrowed */
    size_t count, max;         /* rows beyond `max` are left out */
};

void kline_reader_init(struct kline_reader *reader, struct venue_kline *out, size_t max);
/* How many were read; 0 after a failure. */
size_t kline_reader_finish(struct kline_reader *reader, enum err err);

/* How long the candles are that a venue calls "1m", "1min", "60", "4H", "1D", "W": a bare number
 * counts minutes, an upper-case "M" months. ERR_DAMAGED: nothing of the kind, or no fixed length.
 */
enum err kline_size(struct kline_reader *reader, const char *text, int64_t *out_ns) ERR_MUST_CHECK;

/* Members that are a number with one venue and a string with the next; both are read. */
enum err kline_decimal(struct kline_reader *reader, const struct field_set *row, size_t index,
                       struct decimal *out) ERR_MUST_CHECK;
enum err kline_count(struct kline_reader *reader, const struct field_set *row, size_t index,
                     uint64_t *out) ERR_MUST_CHECK;
/* Whole units of time since 1970. */
enum err kline_time(struct kline_reader *reader, const struct field_set *row, size_t index,
                    int64_t unit_ns, int64_t *out_ns) ERR_MUST_CHECK;

/* Where the values stand in a row. */
struct kline_places {
    size_t open, high, low, close, volume;
};
enum err kline_values(struct kline_reader *reader, const struct field_set *row,
                      const struct kline_places *places, struct venue_kline *out) ERR_MUST_CHECK;

/* An answer {"data":[rows], ...}: each row by `each`, whose argument is the reader. */
enum err kline_data_rows(struct kline_reader *reader, struct json_span document,
                         field_each_fn *each) ERR_MUST_CHECK;

/* Takes a kline that is complete. ERR_DAMAGED: none that can be (a price of zero, a volume below
 * it, a low above the high, no symbol, size or time). */
enum err kline_keep(struct kline_reader *reader, const struct venue_kline *kline) ERR_MUST_CHECK;

#endif
