/*
 * composite: candles of an instrument over its venues, made from the candles of its markets.
 *
 *     trade -> window -> candle of each market -> COMPOSITE -> candle with venue "composite"
 *
 * docs/candles.md, "Composites", has the rules and formulas. It is a function of the markets'
 * candle updates and of their watermarks, and of nothing else.
 *
 * Closing. A window closes when the watermark of every member has reached its end. Members without
 * a watermark (no trade of theirs has counted yet) have no say. What has closed stays closed when a
 * member joins that is behind: its candle of such a window, once closed, is a correction, and its
 * forming ones of it are ignored.
 *
 * In a record: joins, trades that moved members and the members' candle updates in any order, then
 * composite_set_end(), once per record and also when nothing happened but time.
 *
 * Memory: windows (with what each member gave) within the horizon, COMPOSITE_WINDOWS_MAX per
 * composite and bar; nothing is allocated per update once there were enough.
 *
 * Internal to engine/candle and engine.c. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_COMPOSITE_H
#define REWICK_ENGINE_CANDLE_COMPOSITE_H

#include "engine/candle/candle.h"

#define COMPOSITE_VENUE       "composite"
#define COMPOSITE_RULES_MAX   64
#define COMPOSITE_QUOTES_MAX  32
#define COMPOSITE_WINDOWS_MAX 65536 /* kept per composite and bar; the oldest goes first */

enum composite_method {
    COMPOSITE_VWAP,
    COMPOSITE_MEDIAN,
    COMPOSITE_MEAN,
    COMPOSITE_CONSOLIDATED,
};
#define COMPOSITE_METHODS 4

struct composite_rule {
    char instrument[INSTRUMENT_MAX]; /* canonical name; "*": all that no other rule names */
    enum composite_method method;
};

struct composite_quote {
    char from[ASSET_MAX], to[ASSET_MAX]; /* markets quoted in `from` belong to those in `to` */
};

/* What the user wants. Plain data; part of the engine's configuration. */
struct composite_config {
    size_t rule_count, quote_count; /* no rules: no composites */
    struct composite_rule rules[COMPOSITE_RULES_MAX];
    struct composite_quote quotes[COMPOSITE_QUOTES_MAX];
    int64_t stale_ns;     /* > 0 */
    uint32_t score_min;   /* 0 .. 100 */
    uint32_t outlier_ppm; /* > 0 */
    uint32_t venues_min;  /* 1 .. CONTRIBUTIONS_MAX */
};

/* No rules; 60 s, 50, 10000 ppm, 2. */
void composite_config_default(struct composite_config *config);
const char *composite_method_name(enum composite_method method); /* "vwap", "median", ... */
/* False: not one of the names. */
bool composite_method_parse(enum composite_method *out, const char *text);

struct composite_set;
struct composite_member; /* a market in its composite */

/* A market that may become a member. Borrowed. */
struct composite_market {
    const char *venue, *symbol; /* must outlive the set */
    const char *instrument;     /* canonical name */
    const char *quote;          /* code of the quote asset; "" = not known */
    enum volume_unit volume_unit;
    const void *market; /* for the clock's calls; must outlive the set */
};

/* Name and method of the composite that a market belongs to; false: to none. The quote asset is the
 * second part of the name, unless `quote` says otherwise. */
bool composite_config_place(const struct composite_config *config,
                            const struct composite_market *market, char name[INSTRUMENT_MAX],
                            enum composite_method *method);

/* Time, of the record that is being processed, and where candles go. */
struct composite_clock {
    int64_t clock_ns; /* engine's clock; never goes back; below INT64_MAX */
    /* At clock_ns; INT64_MIN: none yet. Both are asked for members that have joined or moved with
     * this record. */
    int64_t (*watermark)(const void *market, void *arg);
    /* The clock at which the market's watermark will have reached watermark_ns, which is above what
     * it is now, if nothing else comes; INT64_MAX: never. From there on it goes with the clock. */
    int64_t (*reaches)(const void *market, int64_t watermark_ns, void *arg);
    bool forming; /* forming candles are wanted too */
    /* Gets identity, state, values; numbers the update. */
    void (*give)(struct candle *candle, void *arg);
    void *arg; /* of all */
};

/* `bars`: time bars in their order, copied. */
enum err composite_set_new(struct composite_set **out, const struct composite_config *config,
                           const struct bar *bars, size_t bar_count,
                           int64_t horizon_ns) ERR_MUST_CHECK;
void composite_set_free(struct composite_set *set); /* accepts NULL */

/* Once per market, when it is first seen. *out is NULL when it is in no composite (no rule, another
 * unit, CONTRIBUTIONS_MAX members). */
enum err composite_set_join(struct composite_set *set, const struct composite_market *market,
                            struct composite_member **out) ERR_MUST_CHECK;
/* A candle update of a member, in any state, of one of the bars (others are ignored). Forming ones
 * are needed for forming composites only: closed and corrected ones are the same without them. */
enum err composite_set_take(struct composite_set *set, struct composite_member *member,
                            const struct candle *candle) ERR_MUST_CHECK;
/* A trade of the member has counted: its watermark may have moved other than by the clock. Needs to
 * be said for each, since the set goes by the clock otherwise. */
void composite_set_moved(struct composite_set *set, struct composite_member *member);
/* The record is done: gives updates, closes what is due, forgets what is beyond the horizon. Cheap
 * when nothing was taken, nobody moved and nothing is due. */
enum err composite_set_end(struct composite_set *set,
                           const struct composite_clock *clock) ERR_MUST_CHECK;
/* When it has something to do next without a candle; INT64_MAX: never. */
int64_t composite_set_deadline(const struct composite_set *set);

/* Nothing changes; update is 0. */
void composite_set_each_forming(const struct composite_set *set,
                                void (*each)(const struct candle *candle, void *arg), void *arg);

#endif
