/*
 * compare_run: what `rewick compare` compares, from tapes or from a store.
 *
 *     tape  -> replay_run -> candles -> venue_compare
 *                         \> records -> kline_source -> kline_compare
 *     store -> candles -> venue_compare
 */
#ifndef REWICK_REPLAYER_COMPARE_RUN_H
#define REWICK_REPLAYER_COMPARE_RUN_H

#include "engine/compare/kline_compare.h"
#include "engine/compare/venue_compare.h"
#include "engine/engine_options.h"

/* Plain data; texts are borrowed from the command line. */
struct compare_wish {
    struct engine_options engine; /* of tapes; its bars are not looked at */
    const char *instruments;      /* a comma list; NULL = all */
    struct bar bar, lag_bar;
    bool lag_bar_said;
    int64_t from_ns, to_ns; /* open times; INT64_MIN and INT64_MAX = no bound */
    bool salvage;
    bool forming; /* klines are compared while they form, too */
    void (*verdict)(const struct kline_verdict *verdict, void *arg); /* may be NULL */
    void *arg;
};

#define COMPARE_BARS_MAX 4

struct compare_run {
    struct venue_compare *venues;
    struct kline_compare *klines;
    struct bar kline_bars[COMPARE_BARS_MAX]; /* that klines are compared with */
    bool stopped;                            /* before the end: what is there is a part */
};

/* Until replay_stop_asked(): then what is there is a part. ERR_DAMAGED after all that is whole was
 * taken: what came is in `out`. */
enum err compare_run_tapes(struct compare_run *out, const struct compare_wish *wish,
                           const char *const *tapes, size_t count) ERR_MUST_CHECK;
enum err compare_run_store(struct compare_run *out, const struct compare_wish *wish,
                           const char *path) ERR_MUST_CHECK;
void compare_run_release(struct compare_run *run); /* accepts a zeroed one */

/* Whether the file is a SQLite database. */
bool compare_run_is_store(const char *path);

#endif
