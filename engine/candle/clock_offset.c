#include "engine/candle/clock_offset.h"

#include <assert.h>

/* Of few values counting is faster than sorting, and leaves their order. */
static int64_t median_of(const int64_t *values, unsigned count)
{
    assert(count > 0);
    unsigned middle = (count - 1) / 2;
    for (unsigned i = 0;; i++) {
        unsigned below = 0, equal = 0;
        for (unsigned j = 0; j < count; j++) {
            below += values[j] < values[i];
            equal += values[j] == values[i];
        }
        if (below <= middle && middle < below + equal)
            return values[i];
    }
}

static void add_to_newest(struct clock_offset *offset, int64_t median_ns)
{
    offset->newest[offset->newest_next] = median_ns;
    offset->newest_next = (uint8_t)((offset->newest_next + 1) % CLOCK_OFFSET_NEWEST);
    if (offset->newest_count < CLOCK_OFFSET_NEWEST)
        offset->newest_count++;
    offset->ns = median_of(offset->newest, offset->newest_count);
}

static void add_to_medians(struct clock_offset *offset, int64_t median_ns)
{
    offset->medians[offset->median_count++] = median_ns;
    if (offset->median_count == CLOCK_OFFSET_GROUP) {
        offset->median_count = 0;
        add_to_newest(offset, median_of(offset->medians, CLOCK_OFFSET_GROUP));
    } else if (offset->newest_count == 0) {
        offset->ns = median_of(offset->medians, offset->median_count);
    }
}

void clock_offset_add(struct clock_offset *offset, int64_t latency_ns)
{
    assert(offset->value_count < CLOCK_OFFSET_GROUP);
    offset->known = true;
    offset->values[offset->value_count++] = latency_ns;
    if (offset->value_count == CLOCK_OFFSET_GROUP) {
        offset->value_count = 0;
        add_to_medians(offset, median_of(offset->values, CLOCK_OFFSET_GROUP));
    } else if (offset->median_count == 0 && offset->newest_count == 0) {
        offset->ns = median_of(offset->values, offset->value_count);
    }
}
