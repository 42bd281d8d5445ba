/*
 * compare_store: the venues of a store side by side: its candles into a venue_compare.
 */
#ifndef REWICK_ENGINE_SINK_COMPARE_STORE_H
#define REWICK_ENGINE_SINK_COMPARE_STORE_H

#include "engine/compare/venue_compare.h"
#include "engine/sink/candle_store.h"

struct compare_store_query {
    const char *const *instruments; /* 0: all */
    size_t instrument_count;
    struct venue_compare_options options;
    /* lag_bar was asked for; else a store without candles of it is compared in `bar`. */
    bool lag_bar_said;
    uint64_t rows_max;       /* more are ERR_LIMIT; 0: no bound */
    bool (*stop)(void *arg); /* asked before each candle; may be NULL */
    void *arg;
};

/* ERR_UNKNOWN with text: the store has no candles of a bar. ERR_STOP: stop() said so. ERR_LIMIT. */
enum err compare_store_read(struct venue_compare **out, struct candle_store *store,
                            const struct compare_store_query *query) ERR_MUST_CHECK;

#endif
