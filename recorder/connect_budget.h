/*
 * connect_budget: no host is connected to more often than it bears, whatever goes wrong. Exact: for
 * every limit "at most N in any span of S" the N-th last attempt must be S old before the next one.
 * Several venues on one host put their limits together; all of them are kept.
 *
 * Pure: time is an argument and never goes back. Owns its memory.
 */
#ifndef REWICK_RECORDER_CONNECT_BUDGET_H
#define REWICK_RECORDER_CONNECT_BUDGET_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* A limit that allows more attempts than this is kept as if it allowed this many. */
#define CONNECT_BUDGET_ATTEMPTS_MAX 1024
/* Different limits of one host; more are folded into the last, the stricter of each part. */
#define CONNECT_BUDGET_LIMITS_MAX 8

struct connect_limit {
    uint32_t attempts; /* at most so many ... */
    int64_t span_ns;   /* ... in any span of this length */
};

struct connect_budget {
    size_t limit_count;
    struct connect_limit limits[CONNECT_BUDGET_LIMITS_MAX];
    uint64_t taken; /* ever */
    size_t capacity;
    int64_t *times; /* owned: attempt number i at times[i % capacity] */
};

void connect_budget_init(struct connect_budget *budget);
void connect_budget_release(struct connect_budget *budget); /* accepts a zeroed one */
/* From now on this limit holds too, for attempts of the past as well as they are known. A limit of
 * 0 attempts or of no span is none. ERR_NOMEM: the limits are as before. */
enum err connect_budget_limit(struct connect_budget *budget,
                              struct connect_limit limit) ERR_MUST_CHECK;
/* Takes one attempt and returns 0, or takes nothing and returns how long to wait, ns. */
int64_t connect_budget_take(struct connect_budget *budget, int64_t now_ns);

#endif
