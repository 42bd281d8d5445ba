/*
 * venue_compare: the venues of an instrument side by side.
 *
 *     candles of one bar   -> close, vwap, volume, spread, latency, uptime, gaps, score
 *     candles of a short bar -> lead
 *
 * docs/compare.md has the formulas. It takes candles of any number of instruments in any order,
 * from an engine or a store; a later update of a candle replaces the one before. Candles that are
 * still forming, of other bars, or that open outside of [from, to) are ignored.
 *
 * The reference of an instrument, which spread and lead are against, is its composite where there
 * is one, else the venue with the largest volume (of those that count base currency; where nobody
 * does: with the most trades; of equal ones the first by name).
 *
 * Pure; integers only. Not thread safe. It copies what it keeps.
 */
#ifndef REWICK_ENGINE_COMPARE_VENUE_COMPARE_H
#define REWICK_ENGINE_COMPARE_VENUE_COMPARE_H

#include "engine/candle/candle.h"
#include "engine/compare/compare_lag.h"

/* All together; more are ERR_LIMIT. A candle costs some 250 bytes, one of the short bar 24. */
#define VENUE_COMPARE_MARKETS_MAX 8192
#define VENUE_COMPARE_CANDLES_MAX 1000000
#define VENUE_COMPARE_PRICES_MAX  20000000

struct venue_compare_options {
    struct bar bar;         /* a time bar */
    struct bar lag_bar;     /* a time bar, may be the same */
    int64_t from_ns, to_ns; /* open times in [from, to); INT64_MIN and INT64_MAX = no bound */
};

struct venue_compare;

enum err venue_compare_new(struct venue_compare **out,
                           const struct venue_compare_options *options) ERR_MUST_CHECK;
void venue_compare_free(struct venue_compare *compare); /* accepts NULL */

/* ERR_NOMEM, ERR_LIMIT with text. */
enum err venue_compare_take(struct venue_compare *compare,
                            const struct candle *candle) ERR_MUST_CHECK;

/* One venue of an instrument. Plain data. */
struct compare_row {
    const char *venue, *symbol, *channel; /* valid as long as the comparison */
    bool is_reference;
    enum volume_unit volume_unit;
    uint64_t candles; /* windows with a trade */
    uint64_t trades;
    struct decimal close; /* of the last of them */
    bool has_volume, has_vwap, has_share;
    struct decimal volume, quote_volume, vwap;
    uint32_t share_ppm; /* of the volume of all venues that count the same, cut */

    /* Close against the reference's, in 1/100 of a percent with 4 decimals. */
    bool has_spread;
    struct decimal spread_last, spread_mean, spread_size; /* size: mean without signs */
    uint64_t spread_windows;

    struct lag_result lag;
    struct latency_figures latency; /* count 0: not known */
    bool has_uptime;
    uint32_t uptime_ppm;
    uint64_t missing; /* trade ids */
    uint64_t no_data; /* windows of the range in which it was not connected, or has no candle */
    uint64_t duplicates, late, malformed, dropped, suspect;
    bool has_score;
    struct decimal score; /* mean, 2 decimals */
};

struct venue_comparison {
    const char *instrument;
    struct bar bar, lag_bar;
    int64_t from_ns,
        to_ns;             /* from the first window that anybody traded in to the end of the last */
    uint64_t windows;      /* of the bar, in that range */
    const char *reference; /* venue */
    size_t row_count;
    const struct compare_row *rows; /* by venue; the composite last */
};

/* Instruments by name; those that fewer than `venues_min` venues have (a composite is none) are
 * left out. `each` ends it by returning another code than ERR_OK, which is passed on. ERR_NOMEM. */
enum err venue_compare_each(struct venue_compare *compare, size_t venues_min,
                            enum err (*each)(const struct venue_comparison *comparison, void *arg),
                            void *arg) ERR_MUST_CHECK;

/* The columns of a row: CSV, NDJSON, documentation. Kinds: T text, N time, D exact decimal, I
 * integer, S signed integer, P share. */
#define COMPARE_COLUMNS(X)                                                                         \
    X(instrument, T)                                                                               \
    X(venue, T)                                                                                    \
    X(symbol, T)                                                                                   \
    X(channel, T)                                                                                  \
    X(bar, T)                                                                                      \
    X(from_time, N)                                                                                \
    X(to_time, N)                                                                                  \
    X(windows, I)                                                                                  \
    X(candles, I)                                                                                  \
    X(trades, I)                                                                                   \
    X(close, D)                                                                                    \
    X(vwap, D)                                                                                     \
    X(volume, D)                                                                                   \
    X(volume_unit, T)                                                                              \
    X(volume_share, P)                                                                             \
    X(reference, T)                                                                                \
    X(spread_last_bps, D)                                                                          \
    X(spread_mean_bps, D)                                                                          \
    X(spread_size_bps, D)                                                                          \
    X(lag_bar, T)                                                                                  \
    X(lead_bars, S)                                                                                \
    X(correlation, D)                                                                              \
    X(lag_pairs, I)                                                                                \
    X(latency_count, I)                                                                            \
    X(latency_min, S)                                                                              \
    X(latency_p50, S)                                                                              \
    X(latency_p90, S)                                                                              \
    X(latency_p99, S)                                                                              \
    X(latency_max, S)                                                                              \
    X(uptime, P)                                                                                   \
    X(missing, I)                                                                                  \
    X(no_data, I)                                                                                  \
    X(duplicates, I)                                                                               \
    X(late, I)                                                                                     \
    X(malformed, I)                                                                                \
    X(dropped, I)                                                                                  \
    X(suspect, I)                                                                                  \
    X(score, D)

enum compare_column {
#define COMPARE_COLUMN_ENUM(name, kind) COMPARE_##name,
    COMPARE_COLUMNS(COMPARE_COLUMN_ENUM)
#undef COMPARE_COLUMN_ENUM
        COMPARE_COLUMN_COUNT
};
const char *compare_column_name(enum compare_column column);
char compare_column_kind(enum compare_column column);

#define COMPARE_FIELD_MAX 128
/* The field as text, NUL-terminated, never quoted. False: it has no value. */
bool compare_field(const struct venue_comparison *comparison, const struct compare_row *row,
                   enum compare_column column, char text[COMPARE_FIELD_MAX]);

#endif
