/*
 * market: one venue's instrument. Decides for each trade whether it counts, keeps the watermark,
 * and hands the trade to the series of all bars.
 *
 *     trades -> MARKET -> series (one per bar) -> candle updates
 *
 * Time comes with the calls: `clock_ns` is the engine's clock, which never goes back. A record is
 * processed as market_begin(), market_trade() for each of its trades, market_advance(); a market
 * that a record does not touch only needs market_advance() once market_deadline() is reached.
 *
 * Roll-up. A longer time bar has a base: the longest shorter one that nests in it. A trade goes
 * into the windows of bars without a base only, and a window that closes is merged into those that
 * it is the base of ("absorbed"). What comes later, or concerns a window that is not there, goes
 * to both directly. With forming candles wanted everything goes to all bars directly. Either way
 * the candles are the same.
 *
 * Internal to engine/candle and engine.c. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_MARKET_H
#define REWICK_ENGINE_CANDLE_MARKET_H

#include "engine/candle/connection_set.h"
#include "engine/candle/market_check.h"
#include "engine/candle/series.h"
#include "engine/candle/trade_check.h"
#include "engine/candle/trade_series.h"
#include "engine/identifier/identity.h"

/* A trade further ahead of its market's time than this is suspect. */
#define MARKET_SUSPECT_AHEAD_NS (INT64_C(600) * 1000000000)

#define MARKET_BARS_MAX 32
#define MARKET_NO_BASE  (-1)

struct market_rules {
    struct series_rules series;
    int64_t lateness_ns;
    bool exclude_suspect;
    size_t time_count, trade_count; /* time bars from short to long, then the other ones */
    const struct bar *bars;         /* borrowed */
    int base[MARKET_BARS_MAX];      /* of each time bar: index of the one it is rolled up from */
};

struct market {
    /* What every trade looks at comes first, so that it lies in few lines of the cache. */
    const struct venue *venue;
    uint64_t hash;
    char symbol[SYMBOL_MAX];
    int64_t newest_ns; /* place of the newest trade */
    uint64_t newest_id;
    int64_t highest_clock_ns; /* clock when newest_ns was reached */
    int64_t watermark_ns;     /* INT64_MIN: none yet */
    int64_t due_ns;           /* watermark at which a series has something to do, or earlier */
    struct window *recent;    /* where the last trade went: a hint, to fetch it ahead */
    bool started;             /* a trade has counted */
    bool changed;             /* a window needs an update */
    bool aggregated;          /* which of the two kinds of trades counts */
    bool wanted;              /* false: filtered out, has no series */
    bool touched;             /* by the record that is being processed */
    bool moved;               /* a trade has counted in it */
    uint32_t last_connection; /* known to follow it; 0: none */
    /* Totals of the venue when the last trade counted. */
    uint64_t seen_malformed, seen_dropped, seen_steps;
    size_t heap_at; /* for market_set */
    int64_t heap_ns;
    struct market_check check;
    struct trade_check trade_check;

    char instrument[INSTRUMENT_MAX];
    char channel[CHANNEL_MAX];
    char quote[ASSET_MAX];
    struct candle blank; /* identity of its candles */
    struct identity identity;
    bool guessed; /* the name comes from a spelling that says it only to who knows */

    /* Who follows it. */
    struct coverage coverage;
    size_t followers;
    int64_t followed_clock_ns; /* when the first of them was opened; before the market started */

    struct composite_member *member;   /* NULL: in no composite */
    size_t index;                      /* order in which markets were first seen */
    struct trade_series *trade_series; /* owned, as many as the rules say */
    struct series series[];            /* time bars, in their order */
};

/* Ask the cache for what a trade of it will need: first what stands in the market, then the window,
 * which only the market knows. */
static inline void market_fetch(const struct market *market)
{
    const char *hot = (const char *)market, *check = (const char *)&market->trade_check;
    const char *series = (const char *)market->series;
    for (size_t at = 0; at <= 256; at += 64)
        __builtin_prefetch(hot + at, 1);
    __builtin_prefetch(check + 64, 1);
    __builtin_prefetch(series);
    __builtin_prefetch(series + 64);
}

static inline void market_fetch_window(const struct market *market)
{
    const char *window = (const char *)market->recent;
    for (size_t at = 0; window != NULL && at < sizeof(struct window); at += 64)
        __builtin_prefetch(window + at, 1);
}

enum market_verdict {
    MARKET_COUNTED,
    MARKET_DUPLICATE,
    MARKET_REPEATED, /* seen before, as the venue reports everything twice */
    MARKET_EXCLUDED,
    MARKET_BAD_PRICE, /* zero or negative */
    MARKET_BAD_SIZE,
    MARKET_SUSPECT, /* and those are excluded */
    MARKET_SNAPSHOT,
    MARKET_OTHER_CHANNEL,
    MARKET_LOST_LATE,   /* beyond the horizon in every bar */
    MARKET_ABSURD_TIME, /* before 1970, or more than a day ahead of the wall clock */
    MARKET_TIME_UNIT,   /* a time in another unit */
};
#define MARKET_VERDICTS 12

struct market_finding {
    enum market_verdict verdict;
    bool late;         /* made a correction in one bar or more */
    bool lost;         /* beyond the horizon in one bar or more */
    bool out_of_order; /* behind a newer trade of the market */
    bool oversized;    /* would have filled too many volume or notional bars */
    uint32_t suspect;  /* CANDLE_SUSPECT_... */
    uint64_t missing;  /* ids that it made missing */
    uint64_t filled;   /* ids that are no longer missing */
};

/* Where the trades of a record come from. Borrowed. */
struct market_source {
    const struct venue *venue;
    const struct instrument_list *instruments; /* of the venue, as far as known; may be NULL */
    const char *channel;
    struct connection *connection; /* NULL: none, as for HTTP answers */
    bool received;                 /* by WebSocket: has a latency */
    const char *mic;               /* what the user says of the venue; NULL: nothing */
    /* Totals so far: frames of the venue that could not be read, and that were lost; steps of the
     * wall clock. */
    uint64_t malformed, dropped, steps;
};

/* Whether the trade was received as it happened: it has a latency. */
static inline bool market_source_live(const struct market_source *source, const struct trade *trade)
{
    return source->received && (trade->flags & (TRADE_SNAPSHOT | TRADE_BACKFILL)) == 0;
}

/* `first` decides on channel kind and ids; its symbol is the market's. What the instrument list
 * says of the symbol is what the market is for good; without it the spelling speaks. ERR_NOMEM. */
enum err market_new(struct market **out, const struct market_rules *rules,
                    const struct market_source *source, const struct trade *first) ERR_MUST_CHECK;
void market_free(struct market *market, const struct market_rules *rules); /* accepts NULL */

/* Brings the watermark to what it was when the record before this one had been processed. */
void market_begin(struct market *market, const struct market_rules *rules, int64_t clock_ns);

enum err market_trade(struct market *market, const struct market_rules *rules,
                      const struct market_source *source, const struct trade *trade,
                      int64_t clock_ns, struct market_finding *out) ERR_MUST_CHECK;

/* Moves the watermark to the clock and gives the updates. */
enum err market_advance(struct market *market, const struct market_rules *rules,
                        int64_t clock_ns) ERR_MUST_CHECK;

/* The clock at which market_advance() has something to do without a trade; INT64_MAX: never. */
int64_t market_deadline(const struct market *market, const struct market_rules *rules);
/* The clock at which its watermark reaches a time if nothing else comes; INT64_MAX: never. */
int64_t market_reaches(const struct market *market, const struct market_rules *rules,
                       int64_t watermark_ns);
/* The watermark at that clock; INT64_MIN: none yet. */
int64_t market_watermark(const struct market *market, const struct market_rules *rules,
                         int64_t clock_ns);

/* A connection, opened at that clock, begins to follow it, or ends. */
enum err market_follow(struct market *market, const struct market_rules *rules, int64_t opened_ns,
                       int64_t clock_ns) ERR_MUST_CHECK;
void market_unfollow(struct market *market, const struct market_rules *rules, int64_t clock_ns);

/* Candles that are still forming; update is 0. No candle changes. */
enum err market_each_forming(struct market *market, const struct market_rules *rules,
                             int64_t clock_ns, void (*each)(const struct candle *candle, void *arg),
                             void *arg) ERR_MUST_CHECK;

#endif
