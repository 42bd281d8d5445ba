#include "engine/candle/trade_check.h"

#include "engine/base/time_text.h"

#include <assert.h>

/* ---- time ------------------------------------------------------------------------------------ */

static bool is_near(int64_t time_ns, int64_t wall_ns)
{
    int128 ahead = (int128)time_ns - wall_ns;
    return ahead >= -NS_PER_DAY && ahead <= NS_PER_DAY;
}

/* Whether it is the wall clock's time in another unit. */
static bool is_other_unit(int64_t source_ns, int64_t wall_ns)
{
    if (is_near(source_ns / 1000, wall_ns) || is_near(source_ns / 1000000, wall_ns))
        return true;
    for (int64_t factor = 1000; factor <= 1000000000; factor *= 1000) {
        int64_t time_ns;
        if (!__builtin_mul_overflow(source_ns, factor, &time_ns) && is_near(time_ns, wall_ns))
            return true;
    }
    return false;
}

enum time_verdict trade_time_check(int64_t source_ns, int64_t wall_ns)
{
    bool absurd =
        source_ns <= 0 || source_ns - NS_PER_DAY > wall_ns || source_ns > TRADE_CHECK_TIME_MAX;
    if (!absurd && source_ns >= 365 * NS_PER_DAY)
        return TIME_GOOD;
    if (is_other_unit(source_ns, wall_ns))
        return TIME_UNIT;
    return absurd ? TIME_ABSURD : TIME_GOOD;
}

/* ---- price and size -------------------------------------------------------------------------- */

/* Numbers of one market mostly have the same number of decimals. */
static inline bool is_above(struct decimal a, struct decimal b)
{
    return a.scale == b.scale ? a.mantissa > b.mantissa : decimal_compare(a, b) > 0;
}

/* Whether a > times * b. What does not fit is larger than anything that a venue sends. */
static bool is_above_times(struct decimal a, int times, struct decimal b)
{
    if (__builtin_mul_overflow(b.mantissa, times, &b.mantissa))
        return false;
    return is_above(a, b);
}

static inline bool is_inside(const struct trade_range *range, struct decimal price,
                             struct decimal quantity)
{
    return range->count > 0 && !is_above(price, range->high) && !is_above(range->low, price) &&
           !is_above(quantity, range->largest);
}

static void widen(struct trade_range *range, const struct trade_range *by)
{
    if (range->count == 0 || is_above(by->high, range->high))
        range->high = by->high;
    if (range->count == 0 || is_above(range->low, by->low))
        range->low = by->low;
    if (range->count == 0 || is_above(by->largest, range->largest))
        range->largest = by->largest;
    range->count = (uint8_t)(range->count + by->count);
}

/* Against a range of both blocks. */
static unsigned judge(const struct trade_check *check, struct decimal price,
                      struct decimal quantity)
{
    if (check->current.count + check->previous.count < TRADE_CHECK_JUDGES)
        return 0;
    struct trade_range range = check->current;
    if (check->previous.count > 0)
        widen(&range, &check->previous);
    unsigned suspect = 0;
    if (is_above_times(price, 2, range.high) || is_above_times(range.low, 2, price))
        suspect |= SUSPECT_PRICE;
    if (is_above_times(quantity, 1000, range.largest))
        suspect |= SUSPECT_SIZE;
    return suspect;
}

static inline void turn_when_full(struct trade_check *check)
{
    if (check->current.count < TRADE_CHECK_BLOCK)
        return;
    check->previous = check->current;
    check->current.count = 0;
}

unsigned trade_check_see(struct trade_check *check, struct decimal price, struct decimal quantity,
                         bool suspect_time)
{
    assert(price.mantissa > 0 && quantity.mantissa > 0);
    if (!suspect_time && is_inside(&check->current, price, quantity)) {
        check->current.count++;
        check->in_row = 0;
        turn_when_full(check);
        return 0;
    }
    unsigned suspect = suspect_time ? SUSPECT_TIME : 0;
    if (!is_inside(&check->previous, price, quantity))
        suspect |= judge(check, price, quantity);
    if (suspect != 0 && ++check->in_row < TRADE_CHECK_IN_ROW)
        return suspect;
    if (suspect != 0)
        *check = (struct trade_check){0};
    check->in_row = 0;
    widen(&check->current, &(struct trade_range){price, price, quantity, 1});
    turn_when_full(check);
    return 0;
}
