/*
 * kline_judge: one candle of ours against one kline of the same window. Internal to engine/compare.
 */
#ifndef REWICK_ENGINE_COMPARE_KLINE_JUDGE_H
#define REWICK_ENGINE_COMPARE_KLINE_JUDGE_H

#include "engine/compare/kline_compare.h"

/* What counts of a candle. */
struct kline_ours {
    enum candle_state state;
    enum volume_unit volume_unit;
    uint32_t flags;
    struct decimal open, high, low, close;
    struct decimal volume, quote_volume, taker_buy_volume, taker_buy_quote_volume, vwap;
    uint64_t trades, missing;
    bool has_ids;
    uint64_t first_id, last_id;
    int64_t last_trade_ns;
};
void kline_ours_fill(struct kline_ours *out, const struct candle *candle);

/* What is known of a window. */
struct kline_case {
    const struct venue_kline *kline;
    const struct kline_ours *ours; /* NULL: no candle */
    int64_t said_ns;               /* when the kline was said, or KLINE_NO_TIME */
    bool has_later;                /* a kline of a later window has come */
    bool built;                    /* candles of that length are made */
    bool inside;                   /* between candles that we have, or one of them */
    bool agreed;                   /* both were equal at a time, kline_agrees() */
    bool lost_late;
};

/* Whether all values are equal now. Volumes grow with every trade, so then they hold the same. */
bool kline_agrees(const struct kline_ours *ours, const struct venue_kline *kline);

/* Outcome, reason, notes and differences; all else of `out` is left alone. */
void kline_judge(struct kline_verdict *out, const struct kline_case *window);

#endif
