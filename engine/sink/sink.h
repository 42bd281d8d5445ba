/*
 * sink: where candle updates go. Every sink gets every update in order, and is told when the
 * records up to a sequence number are done (so that it can store its place on the tape with its
 * candles).
 *
 * A sink belongs to one thread, the one that runs the engine; what it does in others is its own
 * business.
 */
#ifndef REWICK_ENGINE_SINK_SINK_H
#define REWICK_ENGINE_SINK_SINK_H

#include "engine/candle/candle.h"
#include "engine/health/health.h"

struct sink {
    const char *name;
    /* The candle is the caller's; its strings live until the sink is closed. */
    enum err (*put)(struct sink *sink, const struct candle *candle);
    /* All records up to `seq` are processed and gave the updates up to `update`. `final`: nothing
     * more comes; hold nothing back. */
    enum err (*commit)(struct sink *sink, uint64_t seq, uint64_t update, bool final);
    /* Health of a venue or connection, see health.h. May be NULL. */
    enum err (*health)(struct sink *sink, const struct health_report *report);
    enum err (*close)(struct sink *sink); /* frees it in any case */
};

#endif
