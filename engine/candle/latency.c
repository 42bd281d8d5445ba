#include "engine/candle/latency.h"

void latency_pool_init(struct latency_pool *pool)
{
    *pool = (struct latency_pool){0};
}
