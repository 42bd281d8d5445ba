/*
 * trade_series: the tick, volume or notional bars of one market (docs/candles.md has the rules of
 * splitting). Trades are taken in the order in which they count; a candle is given when the trade
 * that completes it comes, and is never corrected.
 *
 * Internal to engine/candle. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_TRADE_SERIES_H
#define REWICK_ENGINE_CANDLE_TRADE_SERIES_H

#include "engine/candle/candle_outlet.h"
#include "engine/candle/window.h"

/* Candles that one trade fills at most; what is more goes into the last of them whole. */
#define TRADE_SERIES_SPLIT_MAX 1000

struct trade_series {
    struct bar bar;
    struct window *window; /* the one that is filling; NULL: none */
    int64_t last_open_ns;  /* INT64_MIN: none yet */
};

void trade_series_init(struct trade_series *series, struct bar bar);

/* Money bars need amounts of money. */
bool trade_series_possible(struct bar bar, enum volume_unit unit);

/* *out_oversized: it would have filled more than TRADE_SERIES_SPLIT_MAX, or its parts do not fit.
 * `missing` is what the trade showed missing. ERR_NOMEM. */
enum err trade_series_add(struct trade_series *series, struct window_pool *pool,
                          struct candle_outlet *outlet, const struct market_face *face,
                          const struct window_entry *entry, uint64_t missing,
                          bool *out_oversized) ERR_MUST_CHECK;

/* The record is done: the filling candle, when it has changed and forming ones are wanted. */
enum err trade_series_end(struct trade_series *series, struct candle_outlet *outlet,
                          const struct market_face *face) ERR_MUST_CHECK;

#endif
