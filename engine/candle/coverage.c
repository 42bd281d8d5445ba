#include "engine/candle/coverage.h"

#include "engine/base/decimal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 8

void coverage_init(struct coverage *coverage)
{
    *coverage = (struct coverage){0};
}

void coverage_release(struct coverage *coverage)
{
    free(coverage->outages);
    *coverage = (struct coverage){0};
}

void coverage_begin(struct coverage *coverage, int64_t from_ns)
{
    if (coverage->followed)
        return;
    coverage->followed = true;
    coverage->followed_from_ns = from_ns;
}

static struct coverage_outage *newest(const struct coverage *coverage)
{
    return coverage->outage_count > 0 ? &coverage->outages[coverage->outage_count - 1] : NULL;
}

/* Of b - a, which is not negative. */
static uint64_t length_of(int64_t a, int64_t b)
{
    assert(a <= b);
    return (uint64_t)b - (uint64_t)a;
}

void coverage_down(struct coverage *coverage, int64_t at_ns)
{
    if (!coverage->followed || coverage->down)
        return;
    const struct coverage_outage *last = newest(coverage);
    int64_t earliest = last != NULL ? last->to_ns : coverage->followed_from_ns;
    coverage->down = true;
    coverage->down_since_ns = at_ns > earliest ? at_ns : earliest;
}

static void join_oldest(struct coverage *coverage)
{
    struct coverage_outage *oldest = coverage->outages;
    /* What lay between them is lost too: the differences to all that follow grow by it. */
    oldest[0].lost_ns -= length_of(oldest[0].to_ns, oldest[1].from_ns);
    oldest[0].to_ns = oldest[1].to_ns;
    coverage->outage_count--;
    memmove(oldest + 1, oldest + 2, (coverage->outage_count - 1u) * sizeof *oldest);
}

static enum err make_room(struct coverage *coverage)
{
    if (coverage->outage_count == COVERAGE_OUTAGES_MAX)
        join_oldest(coverage);
    if (coverage->outage_count < coverage->capacity)
        return ERR_OK;
    size_t capacity = coverage->capacity > 0 ? 2u * coverage->capacity : CAPACITY_FIRST;
    struct coverage_outage *grown = realloc(coverage->outages, capacity * sizeof *grown);
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for outages");
    coverage->outages = grown;
    coverage->capacity = (uint16_t)capacity;
    return ERR_OK;
}

enum err coverage_up(struct coverage *coverage, int64_t at_ns)
{
    if (coverage->down && at_ns > coverage->down_since_ns) {
        enum err err = make_room(coverage);
        if (err != ERR_OK)
            return err;
        struct coverage_outage outage = {coverage->down_since_ns, at_ns, 0};
        const struct coverage_outage *last = newest(coverage);
        if (last != NULL)
            outage.lost_ns = last->lost_ns + length_of(last->from_ns, last->to_ns);
        coverage->outages[coverage->outage_count++] = outage;
    }
    coverage->down = false;
    return ERR_OK;
}

/* How many outages began before `time_ns`. */
static size_t count_before(const struct coverage *coverage, int64_t time_ns)
{
    size_t low = 0, high = coverage->outage_count;
    if (high == 0 || coverage->outages[high - 1].from_ns < time_ns)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (coverage->outages[middle].from_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What the outages up to `time_ns` took, counted like their lost_ns. */
static uint64_t lost_until(const struct coverage *coverage, int64_t time_ns)
{
    size_t count = count_before(coverage, time_ns);
    if (count == 0)
        return coverage->outage_count > 0 ? coverage->outages[0].lost_ns : 0;
    const struct coverage_outage *last = &coverage->outages[count - 1];
    return last->lost_ns + length_of(last->from_ns, time_ns < last->to_ns ? time_ns : last->to_ns);
}

/* In [open_ns, end_ns). */
static uint64_t lost_within(const struct coverage *coverage, int64_t open_ns, int64_t end_ns)
{
    int64_t from = coverage->followed_from_ns;
    if (end_ns <= from)
        return length_of(open_ns, end_ns);
    uint64_t lost = open_ns < from ? length_of(open_ns, from) : 0;
    const struct coverage_outage *last = newest(coverage);
    if (last != NULL && open_ns < last->to_ns)
        lost += lost_until(coverage, end_ns) - lost_until(coverage, open_ns);
    int64_t since = open_ns > coverage->down_since_ns ? open_ns : coverage->down_since_ns;
    if (coverage->down && since < end_ns)
        lost += length_of(since, end_ns);
    return lost;
}

bool coverage_share(const struct coverage *coverage, int64_t open_ns, int64_t close_ns,
                    int64_t now_ns, uint32_t *out_ppm)
{
    if (!coverage->followed)
        return false;
    *out_ppm = COVERAGE_WHOLE;
    int64_t end = close_ns < now_ns ? close_ns : now_ns;
    uint64_t lost = end > open_ns ? lost_within(coverage, open_ns, end) : 0;
    if (lost > 0) {
        uint64_t whole = length_of(open_ns, end);
        assert(lost <= whole);
        *out_ppm = (uint32_t)((uint128)(whole - lost) * COVERAGE_WHOLE / whole);
    }
    return true;
}
