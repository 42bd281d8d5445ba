/*
 * market_set: all markets of an engine. Finds the market of a trade, moves time for all of them,
 * and gives the updates of a record in their order: markets as they were first seen, bars as
 * configured, windows by open time, then the composites.
 *
 *     market_set_begin(), market_set_trade()..., market_set_end()      once per record
 *
 * Finding a market is a comparison when it is the one of the trade before, else a hash look-up.
 * Time costs nothing for markets that are not due: they wait in a heap.
 *
 * Internal to engine/candle and engine.c. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_MARKET_SET_H
#define REWICK_ENGINE_CANDLE_MARKET_SET_H

#include "engine/candle/composite.h"
#include "engine/candle/connection_set.h"
#include "engine/candle/market.h"

/* Markets with a candle and markets filtered out, together. */
#define MARKET_SET_MAX 65536

/* Plain data, copied. */
struct market_set_options {
    size_t bar_count;
    struct bar bars[MARKET_BARS_MAX]; /* in the order of bar_compare() */
    int64_t lateness_ns, horizon_ns;
    bool carry, exclude_suspect;
    const struct composite_config *composite; /* borrowed during the call; NULL: none */
    bool forming;
    const char *tape; /* borrowed for good; may be NULL */
    void (*candle)(const struct candle *candle, void *arg);
    int64_t (*now)(void *arg);                         /* NULL: receive -> emit is not measured */
    bool (*wanted)(const char *instrument, void *arg); /* NULL: every market */
    void *arg;                                         /* of all */
};

/* A place of the hash table; the hash saves looking at the market. */
struct market_slot {
    uint64_t hash;
    struct market *market; /* NULL: free */
};

struct market_set {
    struct market_set_options options;
    struct market_rules rules;
    struct candle_outlet outlet;
    struct window_pool pool;
    struct connection_set connections;
    struct composite_set *composite; /* NULL: none */

    int64_t clock_ns, before_ns; /* now, and at the record before */
    struct market **markets;     /* owned, the wanted ones in order */
    struct market_slot *table;   /* all, by hash; open addressing, power of two */
    struct market **heap;        /* the wanted ones, lowest heap_ns first */
    struct market **touched;     /* by this record, later those that are due too */
    struct market **unwanted;    /* owned */
    size_t market_count, unwanted_count, touched_count;
    size_t capacity, table_size; /* capacity: of all arrays but the table */
    struct market *last;         /* of the trade before */
};

enum err market_set_init(struct market_set *set,
                         const struct market_set_options *options) ERR_MUST_CHECK;
void market_set_release(struct market_set *set);

/* A record: its number, its clocks, and how much time has passed since the one before. */
struct market_set_record {
    uint64_t seq;
    int64_t wall_ns, mono_ns, passed_ns;
};
void market_set_begin(struct market_set *set, const struct market_set_record *record);

/* ---- who follows which market; between begin and end, before the record's trades */

/* A connection opens, asking for nothing yet, or for who knows what (`all`). One with that number
 * that is there ends first. */
enum err market_set_open(struct market_set *set, const struct venue *venue, uint32_t id, bool all,
                         struct connection **out) ERR_MUST_CHECK;
enum err market_set_want(struct market_set *set, struct connection *connection,
                         const char *symbol) ERR_MUST_CHECK;
void market_set_leave(struct market_set *set, struct connection *connection, const char *symbol);
void market_set_close(struct market_set *set, struct connection *connection);
/* All connections ended with the record before. */
void market_set_end_session(struct market_set *set);
struct connection *market_set_connection(const struct market_set *set, uint32_t id); /* or NULL */

enum market_set_verdict {
    MARKET_SET_DONE,       /* see the finding */
    MARKET_SET_UNWANTED,   /* filtered out */
    MARKET_SET_FULL,       /* a market more than MARKET_SET_MAX */
    MARKET_SET_BAD_SYMBOL, /* empty, or with characters that no symbol has */
};

/* *out_market is NULL when there is none. */
enum err market_set_trade(struct market_set *set, const struct market_source *source,
                          const struct trade *trade, enum market_set_verdict *out_verdict,
                          struct market_finding *out_finding,
                          const struct market **out_market) ERR_MUST_CHECK;

/* The clock at which time alone may have something to do; INT64_MAX: never. */
int64_t market_set_due(const struct market_set *set);
enum err market_set_end(struct market_set *set) ERR_MUST_CHECK;

/* No candle changes; update is 0. */
enum err market_set_each_forming(struct market_set *set,
                                 void (*each)(const struct candle *candle, void *arg),
                                 void *arg) ERR_MUST_CHECK;

#endif
