/*
 * engine: records in, candles out. Pure: no sockets, no clocks, no files, no threads, no
 * randomness, no floats. The same records and the same configuration give the same updates, bit for
 * bit.
 *
 *     record -> frame (venue decoder) -> trades -> duplicates and gaps -> windows -> candle updates
 *
 * A *market* is one venue's instrument. Each has, per bar, its windows.
 *
 * Names. An HTTP record with a venue's instrument list fills that list. A market takes its name and
 * its volume unit from it when its first trade comes, and keeps them whatever lists come later;
 * where the list does not have the symbol, the spelling alone says what it can.
 *
 * Time. The engine's only clock is the receive time of the records: the monotonic clock within a
 * session (a RECORD_CONFIG begins one), the wall clock from one session to the next; it never goes
 * back. Watermark of a market = highest source time of its trades, plus the receive time that has
 * passed since, minus the lateness allowance; it never goes back. A window closes when the
 * watermark reaches its end; every record (RECORD_TICK too) moves the time of all markets, after
 * its trades have been added. Only trades that count move a watermark. A trade with an absurd
 * source time (before 1970, or more than a day ahead of the record's wall clock) is refused and
 * counted, so that no single one can close what is still to come.
 *
 * Updates. After each record, every window that it changed gives one update, markets in the order
 * they were first seen, bars in their order, windows by open time; a window that the record both
 * changed and closed gives only the closed update. Composites follow. A trade for a window that has
 * closed gives a corrected update with the next revision as long as watermark - close time <=
 * horizon, else it is counted as lost to lateness. A late trade for a window that closed empty
 * makes revision 1 of it.
 *
 * Numbers of a window that are counted without a trade (a duplicate was dropped) come out with its
 * next update; only a trade that counts, and the repair of a hole that it showed, makes one.
 *
 * Order in a window: source time, trade id, arrival. Open and close follow that order.
 *
 * Channels. Raw and aggregated trades of a market never mix: the first kind that is seen counts,
 * the other is counted as `other_channel` and ignored.
 *
 * Not thread safe. Memory: grows with markets and bars (ENGINE_MARKETS_MAX, ENGINE_BARS_MAX) and
 * with the windows inside the horizon, not with the length of the tape.
 */
#ifndef REWICK_ENGINE_ENGINE_H
#define REWICK_ENGINE_ENGINE_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/candle/candle.h"
#include "engine/candle/composite.h"
#include "engine/decoded.h"
#include "engine/health/health.h"
#include "engine/tape/record.h"
#include "engine/trade/trade.h"

#define ENGINE_BARS_MAX    32
#define ENGINE_MARKETS_MAX 65536
#define ENGINE_FILTERS_MAX 256
#define ENGINE_WINDOWS_MAX                                                                         \
    65536 /* kept per market and bar; the oldest goes first, closed when it has not */
#define ENGINE_CARRIED_MAX                                                                         \
    100000 /* EMPTY_CARRY, per record, market and bar; the older ones are skipped */
#define ENGINE_LATENESS_MAX_NS BAR_SIZE_MAX
#define ENGINE_HORIZON_MAX_NS  (INT64_C(366) * 24 * 3600 * 1000000000)

enum engine_empty {
    EMPTY_NONE,  /* a window without trades gives no candle */
    EMPTY_CARRY, /* it gives a flat candle at the last close, volume 0, flag CANDLE_CARRIED */
};

#define ENGINE_MICS_MAX 32
/* What the user says of a venue: whose book it is. */
struct engine_mic {
    char venue[RECORD_VENUE_MAX];
    char mic[5]; /* ISO 10383, checked against the table (identity_mic()) */
};

/* What changes candles. It is written to the tape as RECORD_CONFIG, so that a replay takes it from
 * there. Plain data. */
struct engine_config {
    size_t bar_count;
    struct bar bars[ENGINE_BARS_MAX]; /* no two equal; engine_config_check() puts them in order */
    int64_t lateness_ns;              /* 0 .. ENGINE_LATENESS_MAX_NS */
    int64_t horizon_ns;               /* 0 .. ENGINE_HORIZON_MAX_NS */
    enum engine_empty empty;
    bool exclude_suspect; /* suspect trades are in no candle */
    struct composite_config composite;
    size_t mic_count;
    struct engine_mic mics[ENGINE_MICS_MAX]; /* no two for one venue */
};

#define ENGINE_LATENESS_DEFAULT_NS (INT64_C(500) * 1000000)
#define ENGINE_HORIZON_DEFAULT_NS  (INT64_C(600) * 1000000000)

/* One bar of 1m, the defaults, EMPTY_NONE, no composites. */
void engine_config_default(struct engine_config *config);
/* Puts the bars in their order, and the lists by name. ERR_USAGE with text when a member is out of
 * its range, two entries are for the same, or a venue or MIC is not known. */
enum err engine_config_check(struct engine_config *config) ERR_MUST_CHECK;
/* The JSON members of RECORD_CONFIG, without braces:
 * "bars":["1s","1m"],"lateness_ns":500000000,"horizon_ns":600000000000,"empty":"none", and where
 * they differ from the defaults: "exclude":["suspect"], "mics":{"binance":"BNCX"},
 * "composites":{"BTC-USDT":"median","*":"vwap"}, "same_quotes":{"USDT":"USD"},
 * "composite_stale_ns":N, "composite_score":N, "composite_outlier_ppm":N, "composite_venues":N */
enum err engine_config_write(const struct engine_config *config, struct buf *out) ERR_MUST_CHECK;
/* Reads them from a RECORD_CONFIG's data; members that are not there keep their value. *out_found:
 * it had "bars". ERR_DAMAGED with text for what is there but wrong; config is then untouched. */
enum err engine_config_read(struct engine_config *config, const uint8_t *data, size_t size,
                            bool *out_found) ERR_MUST_CHECK;
bool engine_config_equal(const struct engine_config *a, const struct engine_config *b);

/* Which markets to build, all when empty. Not part of the configuration: it leaves out, it does not
 * change. Strings are borrowed and must outlive the engine. */
struct engine_filter {
    size_t venue_count, instrument_count;
    const char *venues[ENGINE_FILTERS_MAX];
    const char *instruments[ENGINE_FILTERS_MAX];
};

struct engine_stats {
    uint64_t records, frames, malformed, other, refused; /* refused: acks with an error */
    uint64_t trades;                                     /* decoded */
    uint64_t counted;                                    /* in at least one candle */
    uint64_t duplicates, excluded, snapshot, other_channel, filtered;
    uint64_t repeated;  /* second reports of venues that always give two; ignored */
    uint64_t missing;   /* ids missing now */
    uint64_t late;      /* made corrections */
    uint64_t lost_late; /* beyond the horizon: left out of at least one bar's candle */
    uint64_t out_of_order;
    uint64_t overflow;            /* closed candles with a sum that does not fit */
    uint64_t oversized;           /* trades that would have filled more bars than BAR_SPLIT_MAX */
    uint64_t absurd_time;         /* trades refused for their source time ... */
    uint64_t time_unit;           /* ... which is one in another unit */
    uint64_t bad_price, bad_size; /* zero or negative */
    uint64_t suspect_time, suspect_price, suspect_size; /* whether they counted or not */
    uint64_t suspect_excluded;                          /* of those: in no candle */
    uint64_t clock_steps;                               /* of the recorder's wall clock */
    uint64_t dropped;       /* frames that RECORD_GAP entries say were lost */
    uint64_t no_room;       /* trades of markets beyond ENGINE_MARKETS_MAX */
    uint64_t carry_skipped; /* empty windows beyond ENGINE_CARRIED_MAX */
    uint64_t gap_records;   /* records that RECORD_GAP entries say were lost */
    uint64_t updates;       /* candle updates given out */
    size_t markets;
};

/* Receives what the engine makes. All may be NULL but `candle`. Strings in what they get live as
 * long as the engine. They must not call the engine. */
struct engine_outlet {
    void (*candle)(const struct candle *candle, void *arg);
    /* Forming updates are wanted. They cost a candle per record and bar; the closed and corrected
     * ones are the same with and without. Updates are numbered as they are given. */
    bool forming;
    /* The monotonic clock now, to measure receive -> emit; INT64_MIN: not comparable with the
     * record's. NULL: not measured, as in a replay. What it says is outside the digest. */
    int64_t (*now)(void *arg);
    const char *tape; /* id for the candles' column, 32 hex digits; NULL: none */
    /* Health of every venue and connection, each HEALTH_EVERY_NS of the records' time. */
    void (*health)(const struct health_report *report, void *arg);
    /* Every trade that counts, before the candles of its record. */
    void (*trade)(const struct venue *venue, const char *instrument, const struct trade *trade,
                  const struct record *record, void *arg);
    /* First of each kind of trouble (per venue), one line without a line feed: "binance: malformed
     * frame, record 17: no member 'p'". */
    void (*note)(const char *text, void *arg);
    void *arg;
};

struct engine;

enum err engine_new(struct engine **out, const struct engine_config *config,
                    const struct engine_filter *filter, /* NULL = everything */
                    const struct engine_outlet *outlet) ERR_MUST_CHECK;
void engine_free(struct engine *engine); /* accepts NULL */

/* ERR_OK for whatever the record holds; ERR_NOMEM. Records of unknown venues are counted as
 * `other`. An `unread` record counts as market data of another channel. After an error the engine
 * can only be freed. */
enum err engine_feed(struct engine *engine, const struct record *record) ERR_MUST_CHECK;

/* The same for record `index` of those that `decoded` was made of. An engine whose outlet wants
 * health looks at every frame itself and must be fed whole records only. */
enum err engine_feed_decoded(struct engine *engine, const struct record *record,
                             const struct decoded *decoded, size_t index) ERR_MUST_CHECK;
/* Feeds as many of records[0..count) (the records first, first + 1 ... of `decoded`) as nothing
 * comes of but that time passes, and returns how many: the fast way over market data that candles
 * do not need. It gives no update. */
size_t engine_pass(struct engine *engine, const struct record *records, size_t count,
                   const struct decoded *decoded, size_t first);

/* A record that lies before those that are to be fed: instrument lists and the numbers that venues
 * gave to channels are learnt from it, nothing else happens. ERR_NOMEM, as above. */
enum err engine_prime(struct engine *engine, const struct record *record) ERR_MUST_CHECK;

/* Calls `each` for every candle that is still forming, with update 0. No candle changes. ERR_NOMEM,
 * as above. */
enum err engine_each_forming(struct engine *engine,
                             void (*each)(const struct candle *candle, void *arg),
                             void *arg) ERR_MUST_CHECK;

const struct engine_stats *engine_stats(const struct engine *engine);

/* Markets seen, in order; NULL behind the last. */
struct engine_market {
    const struct venue *venue;
    const char *instrument, *symbol;
};
bool engine_market_at(const struct engine *engine, size_t index, struct engine_market *out);

/* Clock offset of a connection that is open, in ns; false: not known. */
bool engine_clock_offset(const struct engine *engine, uint32_t connection, int64_t *out_ns);

#endif
