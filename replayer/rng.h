/*
 * rng: seeded pseudo-random numbers for `rewick simulate`. The same seed and stream give the same
 * numbers on every machine: xoshiro256** (Blackman and Vigna, 2018), its state filled by
 * splitmix64, integers only. Not for secrets.
 *
 * Streams of one seed are independent for all that matters here, so that each market, connection
 * and fault has its own and none disturbs another. Plain data; one owner.
 */
#ifndef REWICK_REPLAYER_RNG_H
#define REWICK_REPLAYER_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);

uint64_t rng_next(struct rng *rng);
/* 0 .. bound - 1, each exactly as likely as the others. bound must not be 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* first .. last, both included. */
int64_t rng_between(struct rng *rng, int64_t first, int64_t last);
/* True `permille` times in a thousand. */
bool rng_chance(struct rng *rng, unsigned permille);
/* Waiting time of a Poisson process, at least 1: -ln(u) * mean, computed in integers. mean in
 * 1 .. 2^56; the result is at most 45 * mean. */
int64_t rng_wait(struct rng *rng, int64_t mean);

#endif
