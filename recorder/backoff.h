/*
 * backoff: how long to wait before the next attempt to connect. Exponential with full jitter: the
 * wait is drawn evenly from 0 .. min(max, base * 2^tries), so that many recorders cut off at once
 * do not come back at once.
 *
 * Pure: randomness comes from the seed. Plain data.
 */
#ifndef REWICK_RECORDER_BACKOFF_H
#define REWICK_RECORDER_BACKOFF_H

#include <stdint.h>

#define BACKOFF_BASE_NS INT64_C(500000000)
#define BACKOFF_MAX_NS  INT64_C(30000000000)

struct backoff {
    uint32_t tries; /* attempts since the last success */
    uint64_t random;
};

void backoff_init(struct backoff *backoff, uint64_t seed);
/* The wait before the next attempt, ns; counts one more try. */
int64_t backoff_next(struct backoff *backoff);
/* The largest wait that backoff_next() may give now. */
int64_t backoff_ceiling(const struct backoff *backoff);
/* A random number: splitmix64, any seed will do. */
uint64_t backoff_random(uint64_t *state);
/* After a success that lasted. */
void backoff_reset(struct backoff *backoff);

#endif
