/*
 * coverage: when a market was connected, in market time (docs/candles.md "Connected share").
 *
 *     never followed | followed ......| outage |..........| outage |.... now
 *                    ^ from             [from, to)          [from, to)
 *
 * What lies before the first following counts as not connected. Calls come in the order of market
 * time, which never goes back; a time that is earlier than the last one given is taken for that.
 * Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_COVERAGE_H
#define REWICK_ENGINE_CANDLE_COVERAGE_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Outages kept; when there is one more the two oldest become one, together with what lies between
 * them. One that has not ended is not among them yet. */
#define COVERAGE_OUTAGES_MAX 1024
/* A share of 1. */
#define COVERAGE_WHOLE 1000000

/* One per market. */
struct coverage {
    int64_t followed_from_ns;
    int64_t down_since_ns;
    bool followed; /* ever */
    bool down;     /* not followed now */
    uint16_t outage_count, capacity;
    struct coverage_outage *outages; /* owned; ascending */
};

struct coverage_outage {
    int64_t from_ns, to_ns;
    uint64_t lost_ns; /* by the outages before it; only differences mean something */
};

void coverage_init(struct coverage *coverage);
void coverage_release(struct coverage *coverage);

/* The first connection follows the market. Later calls change nothing. */
void coverage_begin(struct coverage *coverage, int64_t from_ns);
/* The last connection went. Nothing changes when it is down, or was never followed. */
void coverage_down(struct coverage *coverage, int64_t at_ns);
/* The next one follows it. An outage without length is not kept; nothing changes when it is not
 * down. ERR_NOMEM: it stays down. */
enum err coverage_up(struct coverage *coverage, int64_t at_ns) ERR_MUST_CHECK;

/* The share of [open_ns, the smaller of close_ns and now_ns) in which the market was connected, in
 * millionths, cut; COVERAGE_WHOLE when that is empty. False: no value, it was never followed. Costs
 * little for windows behind the last outage, and log(outages) for others. */
bool coverage_share(const struct coverage *coverage, int64_t open_ns, int64_t close_ns,
                    int64_t now_ns, uint32_t *out_ppm);

#endif
