/*
 * window: the trades of one window of one market and bar, added up. What a candle is made from.
 *
 *     trade -> market -> series -> WINDOW -> candle
 *
 * Adding is in two steps, so that a trade goes into the windows of all bars or into none:
 * window_sums_add() computes and may fail, window_commit() cannot. The result does not depend on
 * the order in which the trades come, except where trades compare equal (then arrival decides).
 *
 * Internal to engine/candle. Plain data; no allocation but the pool's.
 */
#ifndef REWICK_ENGINE_CANDLE_WINDOW_H
#define REWICK_ENGINE_CANDLE_WINDOW_H

#include "engine/candle/candle.h"
#include "engine/trade/trade.h"

struct window_sums {
    struct decimal volume, quote_volume, taker_buy_volume, taker_buy_quote_volume;
    uint64_t trades;
};

/* Place of a trade in the window's order. */
struct window_place {
    int64_t source_ns;
    uint64_t id;
};

struct window {
    struct window *next; /* of the pool's free ones */
    int64_t open_ns, close_ns;
    struct decimal open, high, low, close; /* valid when it has trades or is carried */
    struct window_sums sums;
    struct window_place first, last;
    uint64_t first_trade_id, last_trade_id;
    uint64_t first_seq, last_seq;
    uint64_t missing, duplicates, late, out_of_order, backfilled;
    uint32_t revision;
    uint32_t flags;      /* CANDLE_PARTIAL, CANDLE_CARRIED */
    uint8_t price_scale; /* largest of its prices */
    bool changed;        /* since its last update */
};

/* A trade with what all bars need of it. */
struct window_entry {
    const struct trade *trade;
    struct decimal amount; /* of quote currency; 0 where quantities are contracts */
    uint64_t seq;          /* record that brought it */
    bool out_of_order;     /* behind a newer trade of its market */
};

/* ERR_RANGE when a sum does not fit; out is then undefined. sums may be NULL: none yet. */
enum err window_sums_add(struct window_sums *out, const struct window_sums *sums,
                         const struct window_entry *entry) ERR_MUST_CHECK;

/* The trade becomes part of the window; sums are those that window_sums_add() gave. */
void window_commit(struct window *window, const struct window_sums *sums,
                   const struct window_entry *entry, bool late);

/* Makes it flat at a price, without trades. */
void window_carry(struct window *window, struct decimal price);

/* Values and counts of the window. The caller sets identity, state and the members about the
 * update. */
void window_to_candle(const struct window *window, struct candle *out);

/* Windows are taken from here and given back, so that none is allocated once there were enough. */
#define WINDOW_POOL_BLOCK 64
struct window_block;
struct window_pool {
    struct window *free;
    struct window_block *blocks;
};

void window_pool_init(struct window_pool *pool);
void window_pool_release(struct window_pool *pool); /* all its windows go too */
/* A zeroed window; NULL when out of memory. */
struct window *window_pool_take(struct window_pool *pool);
void window_pool_give(struct window_pool *pool, struct window *window);

#endif
