/*
 * candle_filter: which candles a gRPC client asked for: from the request to the query of the store
 * and to the test of a live update, so that both mean the same.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_FILTER_H
#define REWICK_ENGINE_SINK_CANDLE_FILTER_H

#include "engine/engine.h"
#include "engine/sink/candle_store.h"

#include "rewick/v1/market_data.pb-c.h"

#define CANDLE_FILTER_LIST_MAX 256 /* entries of each list */

struct candle_filter {
    size_t venue_count, instrument_count, bar_count;
    const char **venues, **instruments; /* sorted; the strings are those of the message */
    struct bar *bars;
    int64_t from_ns, to_ns; /* open time in [from, to); INT64_MIN and INT64_MAX = no bound */
    bool forming;
};

/* `message` may be NULL (no filter). It is borrowed and must live as long as the filter. ERR_USAGE,
 * ERR_UNKNOWN or ERR_LIMIT with a text that begins with the field: "filter.bars: ...". */
enum err candle_filter_init(struct candle_filter *filter,
                            const Rewick__V1__CandleFilter *message) ERR_MUST_CHECK;
void candle_filter_release(struct candle_filter *filter); /* accepts a zeroed one */

bool candle_filter_has(const struct candle_filter *filter, const struct candle *candle);

/* The lists are borrowed from the filter. */
void candle_filter_query(const struct candle_filter *filter, struct candle_query *out);

/* CRC-32C over all that the filter says, whatever the order of its lists. */
uint32_t candle_filter_fingerprint(const struct candle_filter *filter);

#endif
