/*
 * kline_source: the venues' own candles among the records of a tape, in frames and in HTTP answers.
 * One for a tape: what a venue's frames mean may depend on those before.
 */
#ifndef REWICK_REPLAYER_KLINE_SOURCE_H
#define REWICK_REPLAYER_KLINE_SOURCE_H

#include "engine/tape/record.h"
#include "engine/venue/venue.h"

struct kline_source;

/* said_ns: the venue's time of the frame, or RECORD_NO_TIME. */
typedef enum err kline_source_fn(const struct venue *venue, const struct venue_kline *kline,
                                 int64_t said_ns, void *arg);

enum err kline_source_new(struct kline_source **out) ERR_MUST_CHECK;
void kline_source_free(struct kline_source *source); /* accepts NULL */

/* Gives each kline of the record. What `each` fails with is passed on. */
enum err kline_source_take(struct kline_source *source, const struct record *record,
                           kline_source_fn *each, void *arg) ERR_MUST_CHECK;

#endif
