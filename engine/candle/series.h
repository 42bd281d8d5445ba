/*
 * series: the windows of one market and one time bar, and the updates that they make.
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

#include "engine/candle/candle_outlet.h"
#include "engine/candle/window_list.h"

#define SERIES_WINDOWS_MAX 65536
/* Empty windows carried after one record; when a jump in time leaves more, the older ones get no
 * candle. */
#define SERIES_CARRIED_MAX 100000

/* What all series of an engine share. */
struct series_rules {
    int64_t horizon_ns;
    bool carry;
    struct window_pool *pool;
    struct candle_outlet *outlet;
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

/* Where a trade would go. */
struct series_spot {
    int64_t open_ns;
    struct window *window; /* NULL: to be made by series_take() */
    bool late;             /* the window has closed */
    bool lost;             /* and is beyond the horizon: nothing to be done */
};
/* `watermark_ns` is that of the record before. */
struct series_spot series_locate(struct series *series, const struct series_rules *rules,
                                 int64_t watermark_ns, int64_t source_ns);
/* The window that holds source_ns, as things stand; NULL: none. */
struct window *series_at(const struct series *series, int64_t source_ns, bool *out_late);
/* The window of a spot that is not lost, made when it is not there. */
enum err series_take(struct series *series, const struct series_rules *rules,
                     const struct series_spot *spot, struct window **out) ERR_MUST_CHECK;

/* The window was changed: it gives an update. */
void series_touch(struct series *series, struct window *window);

/* Windows that open before this close at the watermark. */
int64_t series_due_until(const struct series *series, int64_t watermark_ns);

/* Time has come to `watermark_ns`, which never goes back: closes what is due and gives the updates
 * of all changed windows. */
enum err series_advance(struct series *series, const struct series_rules *rules,
                        const struct market_face *face, int64_t watermark_ns) ERR_MUST_CHECK;

/* The watermark at which series_advance() has something to do next; INT64_MAX: none. */
int64_t series_deadline(const struct series *series, const struct series_rules *rules);

/* Nothing changes; update is 0. */
void series_each_forming(const struct series *series, const struct candle_outlet *outlet,
                         const struct market_face *face,
                         void (*each)(const struct candle *candle, void *arg), void *arg);

#endif
