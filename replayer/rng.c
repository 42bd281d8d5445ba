#include "replayer/rng.h"

#include "engine/base/decimal.h"

#include <assert.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t fill = seed;
    fill = splitmix64(&fill) ^ stream;
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&fill);
}

static uint64_t rotate_left(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    /* The lowest 2^64 mod bound numbers would make some results likelier; draw again. */
    uint64_t reject = (0 - bound) % bound;
    for (;;) {
        uint64_t x = rng_next(rng);
        if (x >= reject)
            return x % bound;
    }
}

int64_t rng_between(struct rng *rng, int64_t first, int64_t last)
{
    assert(first <= last);
    uint64_t span = (uint64_t)last - (uint64_t)first;
    if (span == UINT64_MAX)
        return (int64_t)rng_next(rng);
    return (int64_t)((uint64_t)first + rng_below(rng, span + 1));
}

bool rng_chance(struct rng *rng, unsigned permille)
{
    return rng_below(rng, 1000) < permille;
}

/* -log2(x / 2^64) with 32 fraction bits: the leading zeros give the whole part, repeated squaring
 * of the normalised rest one bit at a time. */
static uint64_t minus_log2(uint64_t x)
{
    int zeros = __builtin_clzll(x);
    uint64_t mantissa = x << zeros;
    uint64_t fraction = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint128 square = (uint128)mantissa * mantissa;
        if (square >> 127) {
            fraction |= UINT64_C(1) << bit;
            mantissa = (uint64_t)(square >> 64);
        } else {
            mantissa = (uint64_t)(square >> 63);
        }
    }
    return ((uint64_t)(zeros + 1) << 32) - fraction;
}

int64_t rng_wait(struct rng *rng, int64_t mean)
{
    assert(mean >= 1 && mean <= INT64_C(1) << 56);
    const uint64_t ln2 = UINT64_C(2977044472); /* ln 2 * 2^32 */
    uint64_t u = rng_next(rng) | 1;
    uint64_t log = (uint64_t)(((uint128)minus_log2(u) * ln2) >> 32);
    int64_t wait = (int64_t)(((uint128)log * (uint64_t)mean) >> 32);
    return wait < 1 ? 1 : wait;
}
