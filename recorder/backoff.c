#include "recorder/backoff.h"

void backoff_init(struct backoff *backoff, uint64_t seed)
{
    backoff->tries = 0;
    backoff->random = seed;
}

uint64_t backoff_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t backoff_ceiling(const struct backoff *backoff)
{
    int64_t ceiling = BACKOFF_BASE_NS;
    for (uint32_t i = 0; i < backoff->tries && ceiling < BACKOFF_MAX_NS; i++)
        ceiling *= 2;
    return ceiling < BACKOFF_MAX_NS ? ceiling : BACKOFF_MAX_NS;
}

int64_t backoff_next(struct backoff *backoff)
{
    uint64_t range = (uint64_t)backoff_ceiling(backoff) + 1;
    if (backoff->tries < UINT32_MAX)
        backoff->tries++;
    return (int64_t)(backoff_random(&backoff->random) % range);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->tries = 0;
}
