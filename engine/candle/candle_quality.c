#include "engine/candle/candle_quality.h"

#define DEDUCTION_MAX 20

static uint32_t deduction(uint64_t a, uint64_t b)
{
    if (a >= DEDUCTION_MAX || b >= DEDUCTION_MAX || a + b >= DEDUCTION_MAX)
        return DEDUCTION_MAX;
    return (uint32_t)(a + b);
}

static uint8_t score_of(const struct candle *candle)
{
    if ((candle->flags & CANDLE_OVERFLOW) != 0)
        return 0;
    uint128 share = candle->has_connected ? candle->connected_ppm : CANDLE_PPM;
    uint128 points = 100 * share / CANDLE_PPM;
    if (candle->trades > 0)
        points = 100 * share * candle->trades /
                 (((uint128)candle->trades + candle->missing) * CANDLE_PPM);
    uint32_t lost = deduction(candle->malformed, candle->dropped) + deduction(candle->suspect, 0);
    return points > lost ? (uint8_t)(points - lost) : 0;
}

void candle_judge(struct candle *candle)
{
    uint32_t flags = candle->flags;
    bool none = candle->has_connected && candle->connected_ppm == 0;
    if (candle->has_connected && candle->connected_ppm < CANDLE_PPM)
        flags |= CANDLE_DISCONNECTED;
    if ((flags & CANDLE_CARRIED) != 0 && none)
        flags |= CANDLE_NO_DATA;
    if (candle->missing > 0)
        flags |= CANDLE_MISSING;
    if (candle->malformed > 0)
        flags |= CANDLE_MALFORMED;
    if (candle->dropped > 0)
        flags |= CANDLE_DROPPED;
    if (candle->backfilled > 0)
        flags |= CANDLE_BACKFILLED;
    if (candle->latency.count > 0 && candle->latency.min < 0)
        flags |= CANDLE_CLOCK;
    candle->flags = flags;
    candle->score = score_of(candle);
}
