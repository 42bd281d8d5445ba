/*
 * series: the windows of one market and one bar, and the updates that they make.
 *
 *     open time ->   | forgotten | closed, inside the horizon | forming |
 *                                                  closed_until_ns ^
 *
 * A window that opens before closed_until_ns has closed, whether or not it had trades. Windows are
 * kept while a late trade may still correct them: until they are older than the horizon, or more
 * than SERIES_WINDOWS_MAX.
 *
 * With `carry` every window after the first one gets a candle: those without trades are made when
 * they close, flat at the last close, and follow it when a correction changes it.
 *
 * Internal to engine/candle. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_SERIES_H
#define REWICK_ENGINE_CANDLE_SERIES_H

#include "engine/candle/window_list.h"

#define SERIES_WINDOWS_MAX 65536
/* Empty windows carried after one record; when a jump in time leaves more, the older ones get no
 * candle. */
#define SERIES_CARRIED_MAX 100000
/* Source times handled: nothing computed from them and a bar can overflow. The year 2254. */
#define SERIES_TIME_MAX (INT64_MAX - 64 * BAR_SIZE_MAX)

/* Where updates go. One for all series of an engine. */
struct series_outlet {
    void (*candle)(const struct candle *candle, void *arg);
    void *arg;
    uint64_t updates; /* given out so far */
    uint64_t skipped; /* empty windows that SERIES_CARRIED_MAX left without a candle */
    uint64_t seq;     /* record that is being processed */
    int64_t wall_ns;
};

/* What all series of an engine share. */
struct series_rules {
    int64_t horizon_ns;
    bool carry;
    struct window_pool *pool;
    struct series_outlet *outlet;
};

struct series {
    struct bar bar;
    struct window_list closed, forming;
    int64_t closed_until_ns;  /* INT64_MIN: none */
    int64_t forgotten_ns;     /* closed windows that open before this are not kept */
    int64_t changed_from_ns;  /* lowest open time of a changed window; INT64_MAX: none */
    int64_t partial_until_ns; /* windows that open up to here were not followed from their start */
};

void series_init(struct series *series, struct bar bar);
/* The windows themselves are the pool's. */
void series_release(struct series *series);

/* The window that holds source_ns, when there is one and it can still change; else NULL. */
struct window *series_find(const struct series *series, const struct series_rules *rules,
                           int64_t watermark_ns, int64_t source_ns);

/* Where a trade would go. */
struct series_spot {
    int64_t open_ns;
    struct window *window; /* NULL: to be made by series_commit() */
    bool late;             /* the window has closed */
    bool lost;             /* and is beyond the horizon: nothing to be done */
};
struct series_spot series_locate(const struct series *series, const struct series_rules *rules,
                                 int64_t watermark_ns, int64_t source_ns);

/* The trade goes where series_locate() said. */
enum err series_commit(struct series *series, const struct series_rules *rules,
                       const struct series_spot *spot, const struct window_sums *sums,
                       const struct window_entry *entry) ERR_MUST_CHECK;

/* The window was changed by other than a trade: it gives an update. */
void series_touch(struct series *series, struct window *window);

/* Time has come to `watermark_ns`, which never goes back: closes what is due and gives the updates
 * of all changed windows. `blank` is a candle with the market's identity. */
enum err series_advance(struct series *series, const struct series_rules *rules,
                        const struct candle *blank, int64_t watermark_ns) ERR_MUST_CHECK;

/* Brings the series to `watermark_ns`, before the deadline or at it: windows that nothing was given
 * for close too, and those beyond the horizon go. */
void series_catch_up(struct series *series, const struct series_rules *rules, int64_t watermark_ns);

/* The watermark at which series_advance() has something to do next; INT64_MAX: none. */
int64_t series_deadline(const struct series *series, const struct series_rules *rules);

/* Nothing changes; update is 0. */
void series_each_forming(const struct series *series, const struct series_outlet *outlet,
                         const struct candle *blank,
                         void (*each)(const struct candle *candle, void *arg), void *arg);

#endif
