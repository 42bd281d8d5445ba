/*
 * window: the trades of one window of one market and bar, added up. What a candle is made from.
 *
 *     trade -> market -> series -> WINDOW -> candle
 *
 * The result does not depend on the order in which trades are added or windows are merged, except
 * where trades compare equal (then arrival decides). A sum that does not fit is no value for good:
 * CANDLE_OVERFLOW; since parts are never negative it is the same in any order.
 *
 * Internal to engine/candle. Plain data; no allocation but the pools'.
 */
#ifndef REWICK_ENGINE_CANDLE_WINDOW_H
#define REWICK_ENGINE_CANDLE_WINDOW_H

#include "engine/candle/candle.h"
#include "engine/candle/latency.h"
#include "engine/trade/trade.h"

/* A sum and the part of it where the taker bought: always the same number of decimals. */
struct window_sum {
    int128 all, bought;
    uint8_t scale;
};

/* Place of a trade in the window's order. */
struct window_place {
    int64_t source_ns;
    uint64_t id;
};

struct window {
    int64_t open_ns, close_ns;
    uint64_t rows;                         /* trades as the venue reported them */
    uint64_t trades;                       /* executions in them */
    struct decimal open, high, low, close; /* valid when it has trades or is carried */
    struct window_sum volume, quote_volume;
    struct window_place first, last;
    uint64_t first_trade_id, last_trade_id;
    uint64_t first_seq, last_seq;
    int64_t clock_offset_ns; /* with the last trade; CLOCK_OFFSET_NONE */
    uint32_t flags;          /* those that no count says */
    uint8_t price_scale;     /* largest of its prices */
    bool changed;            /* since its last update */
    bool absorbed;           /* the windows that are rolled up from it have all of it */
    struct candle_connections connections;
    struct latency latency;

    uint64_t missing, duplicates, late, out_of_order, backfilled, malformed, dropped, suspect;
    uint32_t revision;
    struct latency emit;
    struct window *next; /* of the pool's free ones */
};

#define CLOCK_OFFSET_NONE INT64_MIN

/* A trade, or the part of one that goes into this window, with what all bars need of it. */
struct window_entry {
    const struct trade *trade;
    struct decimal quantity, amount; /* of quote currency; 0 where quantities are contracts */
    bool amount_fits;
    bool whole;      /* or the first part: brings all that is not quantity and amount */
    bool by_arrival; /* the last that comes is the last of the window, whatever its time */
    uint64_t seq;
    uint32_t connection; /* that brought it; 0: none */
    bool out_of_order;   /* behind a newer trade of its market */
    bool has_latency;
    int64_t latency_ns, clock_offset_ns;
    /* What its coming shows. */
    uint32_t flags;
    uint64_t malformed, dropped;
};

/* The trade becomes part of the window. ERR_NOMEM: the window is no good any more. */
enum err window_add(struct window *window, struct latency_pool *latencies,
                    const struct window_entry *entry, bool late) ERR_MUST_CHECK;
/* All of `from`, whose time lies inside, becomes part of the window; `late`, revision and flags of
 * the window alone (CANDLE_PARTIAL) are not taken over. */
enum err window_merge(struct window *window, struct latency_pool *latencies,
                      const struct window *from) ERR_MUST_CHECK;

/* Makes it flat at a price, without trades. */
void window_carry(struct window *window, struct decimal price);

/* Values and counts of the window. The caller sets identity, state, share, score and the members
 * about the update. */
void window_to_candle(const struct window *window, struct candle *out);

/* Windows are taken from here and given back, so that none is allocated once there were enough. */
#define WINDOW_POOL_BLOCK 64
struct window_block;
struct window_pool {
    struct window *free;
    struct window_block *blocks;
    struct latency_pool latencies;
};

void window_pool_init(struct window_pool *pool);
void window_pool_release(struct window_pool *pool); /* all its windows go too */
/* A zeroed window; NULL when out of memory. */
struct window *window_pool_take(struct window_pool *pool);
void window_pool_give(struct window_pool *pool, struct window *window);

#endif
