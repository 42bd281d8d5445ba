/*
 * trade: one execution as a venue reported it, or several that the venue folded into one row.
 *
 *     frame -> venue decoder -> TRADE -> id check -> candles
 *
 * Plain data, self-contained (no pointers).
 */
#ifndef REWICK_ENGINE_TRADE_TRADE_H
#define REWICK_ENGINE_TRADE_TRADE_H

#include "engine/base/decimal.h"

#include <stdbool.h>
#include <stdint.h>

#define SYMBOL_MAX     64 /* bytes of a venue's own spelling, NUL included */
#define INSTRUMENT_MAX 64 /* bytes of BASE-QUOTE, NUL included */
#define CHANNEL_MAX    32

/* Who took liquidity: the aggressor. */
enum trade_taker { TAKER_UNKNOWN, TAKER_BUY, TAKER_SELL };

/* Sent on subscribing and older than the subscription; see id_check.h for when it counts. */
#define TRADE_SNAPSHOT 0x01u
/* Takes part in the numbering but not in candles: off-book executions, zero rows. */
#define TRADE_EXCLUDED 0x02u
/* A row of an aggregated channel: `id` numbers aggregates, first_id..last_id the trades in it. */
#define TRADE_AGGREGATED 0x04u
/* Came by HTTP: repairs, and says nothing about latency. */
#define TRADE_BACKFILL 0x08u
/* The same execution once more, as the venue always reports it twice (Bitfinex "tu" after "te"):
 * counts when the first report is missing, and is otherwise ignored, not a duplicate. */
#define TRADE_REPEAT 0x10u
/* The id is a hash, or another number without an order: it tells one trade from another, but not
 * which of two at the same time came first. */
#define TRADE_OPAQUE 0x20u

struct trade {
    char symbol[SYMBOL_MAX]; /* venue's spelling, upper or lower case as the venue's REST has it */
    int64_t source_ns;       /* the venue's time of the execution */
    bool has_id;             /* false: the venue numbers nothing (kraken-v1) */
    uint64_t id;             /* the number that is checked for gaps and duplicates */
    uint64_t folded; /* the row stands for the ids id - folded .. id (OKX folds fills); else 0 */
    uint64_t first_id, last_id; /* of the trades themselves; both = id when not aggregated */
    uint64_t count;             /* executions in it: last_id - first_id + 1, else 1 */
    struct decimal price;       /* > 0 unless TRADE_EXCLUDED */
    struct decimal quantity; /* > 0 unless TRADE_EXCLUDED; base currency or contracts, see venue */
    enum trade_taker taker;
    uint32_t flags;
};

/* Order of trades in a market: source time, then id unless that is opaque. < 0, 0, > 0; 0 means
 * arrival decides. */
int trade_compare(const struct trade *a, const struct trade *b);

#endif
