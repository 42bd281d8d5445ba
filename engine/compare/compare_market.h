/*
 * compare_market: what venue_compare keeps of one venue's instrument: the candles of the bar and
 * the prices of the short bar, by time. Internal to engine/compare.
 */
#ifndef REWICK_ENGINE_COMPARE_COMPARE_MARKET_H
#define REWICK_ENGINE_COMPARE_COMPARE_MARKET_H

#include "engine/compare/venue_compare.h"

#define COMPARE_VENUE_MAX 32 /* bytes of a venue's name, NUL included */

/* What counts of one candle. */
struct compare_window {
    int64_t open_ns, last_trade_ns;
    bool traded, no_data, has_volume, has_connected, has_score;
    uint8_t score, price_scale;
    uint32_t connected_ppm;
    struct decimal close, volume, quote_volume;
    uint64_t trades, missing, duplicates, late, malformed, dropped, suspect;
    struct latency latency; /* the pool's */
};

struct compare_market {
    char venue[COMPARE_VENUE_MAX], instrument[INSTRUMENT_MAX], symbol[SYMBOL_MAX];
    char channel[CHANNEL_MAX];
    enum volume_unit volume_unit;
    size_t window_count, window_capacity;
    struct compare_window *windows; /* owned; ascending by open time */
    size_t point_count, point_capacity;
    struct lag_point *points; /* owned; ascending by bar */
};

void compare_market_init(struct compare_market *market, const struct candle *candle);
void compare_market_release(struct compare_market *market); /* the pool keeps its pieces */

/* Add a candle, or replace it. *out_new: it was not there. ERR_NOMEM. */
enum err compare_market_window(struct compare_market *market, struct latency_pool *pool,
                               const struct candle *candle, bool *out_new) ERR_MUST_CHECK;
enum err compare_market_price(struct compare_market *market, const struct candle *candle,
                              bool *out_new) ERR_MUST_CHECK;

/* NULL: none opens then. */
const struct compare_window *compare_market_find(const struct compare_market *market,
                                                 int64_t open_ns);

#endif
