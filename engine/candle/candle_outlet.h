/*
 * candle_outlet: makes candles from windows, numbers the updates and hands them out. One for all
 * series of an engine. Internal to engine/candle.
 */
#ifndef REWICK_ENGINE_CANDLE_CANDLE_OUTLET_H
#define REWICK_ENGINE_CANDLE_CANDLE_OUTLET_H

#include "engine/candle/composite.h"
#include "engine/candle/coverage.h"
#include "engine/candle/window.h"

#define OUTLET_NOT_MEASURED INT64_MIN

/* What a candle says of its market, at this moment. */
struct market_face {
    const struct candle *blank; /* identity */
    const struct coverage *coverage;
    int64_t now_ns;                  /* the market's time: watermark plus lateness */
    struct composite_member *member; /* NULL: in no composite */
};

struct candle_outlet {
    void (*candle)(const struct candle *candle, void *arg);
    /* The monotonic clock now; NULL, or OUTLET_NOT_MEASURED: receive -> emit is not measured. */
    int64_t (*now)(void *arg);
    void *arg;
    bool forming;                    /* forming candles are wanted */
    const char *tape;                /* for the candles; may be NULL */
    struct composite_set *composite; /* NULL: none */
    struct latency_pool *latencies;

    uint64_t updates;   /* given out so far */
    uint64_t skipped;   /* empty windows that SERIES_CARRIED_MAX left without a candle */
    uint64_t overflows; /* windows whose sums do not fit */
    /* The record that is being processed. */
    uint64_t seq;
    int64_t wall_ns, mono_ns;
    bool asked; /* now() was, for this record */
    int64_t now_ns;
};

void candle_outlet_begin(struct candle_outlet *outlet, uint64_t seq, int64_t wall_ns,
                         int64_t mono_ns);

/* The window as a candle that is no update: update is 0. */
void candle_outlet_make(const struct candle_outlet *outlet, const struct market_face *face,
                        struct bar bar, const struct window *window, enum candle_state state,
                        struct candle *out);
/* As an update: to the composite of its market and to whoever listens. */
enum err candle_outlet_give(struct candle_outlet *outlet, const struct market_face *face,
                            struct bar bar, struct window *window,
                            enum candle_state state) ERR_MUST_CHECK;
/* A candle that was made elsewhere. */
void candle_outlet_pass(struct candle_outlet *outlet, struct candle *candle);

#endif
