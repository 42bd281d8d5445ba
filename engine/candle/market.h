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
 * Internal to engine/candle and engine.c. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_MARKET_H
#define REWICK_ENGINE_CANDLE_MARKET_H

#include "engine/candle/market_check.h"
#include "engine/candle/series.h"

/* A trade whose source time is further ahead of the record's wall clock than this is refused: it
 * would close windows that are still to come. Receive clocks are behind by seconds, not by days. */
#define MARKET_AHEAD_MAX_NS (INT64_C(24) * 3600 * 1000000000)

#define MARKET_BARS_MAX 32

struct market_rules {
    struct series_rules series;
    int64_t lateness_ns;
    size_t bar_count;
    const struct bar *bars; /* borrowed */
};

struct market {
    const struct venue *venue;
    char symbol[SYMBOL_MAX];
    char instrument[INSTRUMENT_MAX];
    char channel[CHANNEL_MAX];
    struct candle blank; /* identity of its candles */
    bool guessed;        /* the name comes from a spelling that says it only to who knows */
    bool aggregated;     /* which of the two kinds of trades counts */
    struct market_check check;

    bool started;      /* a trade has counted */
    int64_t newest_ns; /* place of the newest trade */
    uint64_t newest_id;
    int64_t highest_clock_ns; /* clock when newest_ns was reached */
    int64_t watermark_ns;

    /* for market_set */
    size_t index; /* order in which markets were first seen */
    uint64_t hash;
    bool wanted;  /* false: filtered out, has no series */
    bool touched; /* by the record that is being processed */
    size_t heap_at;
    int64_t heap_ns;

    size_t series_count;
    struct series series[]; /* in the order of the bars */
};

enum market_verdict {
    MARKET_COUNTED,
    MARKET_DUPLICATE,
    MARKET_REPEATED, /* seen before, as the venue reports everything twice */
    MARKET_EXCLUDED,
    MARKET_SNAPSHOT,
    MARKET_OTHER_CHANNEL,
    MARKET_LOST_LATE,   /* beyond the horizon in every bar */
    MARKET_OVERFLOW,    /* a sum would not fit: left out of every bar */
    MARKET_ABSURD_TIME, /* before 1970, or more than a day ahead of the wall clock */
};

struct market_finding {
    enum market_verdict verdict;
    bool late;         /* made a correction in one bar or more */
    bool lost;         /* beyond the horizon in one bar or more */
    bool out_of_order; /* behind a newer trade of the market */
    uint64_t missing;  /* ids that it made missing */
    uint64_t filled;   /* ids that are no longer missing */
};

/* Where a trade comes from. Borrowed. */
struct market_source {
    const struct venue *venue;
    const struct instrument_list *instruments; /* of the venue, as far as known; may be NULL */
    const char *channel;
    uint32_t connection; /* 0: none */
};

/* `first` decides on channel kind and ids; its symbol is the market's. What the instrument list
 * says of the symbol is what the market is for good; without it the spelling speaks. ERR_NOMEM. */
enum err market_new(struct market **out, const struct market_rules *rules,
                    const struct market_source *source, const struct trade *first) ERR_MUST_CHECK;
void market_free(struct market *market); /* accepts NULL */

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

#endif
