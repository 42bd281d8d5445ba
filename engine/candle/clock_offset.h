/*
 * clock_offset: how much the receiver's clock shows more than the source's, the usual delay
 * included: the median of the recent latencies of a connection, as a remedian.
 *
 *     latencies --15--> their median --15--> their median --> the newest 31 of those
 *
 * The estimate is the median of the last level that holds something; of an even number the lower
 * middle one. It moves with each of the first 14 latencies, then with each 15th, from the 225th on
 * with each 225th; it is kept, so that reading it costs nothing, and a latency that does not move
 * it costs a store.
 *
 * Plain data, no allocation. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_CLOCK_OFFSET_H
#define REWICK_ENGINE_CANDLE_CLOCK_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_OFFSET_GROUP  15
#define CLOCK_OFFSET_NEWEST 31

/* Zeroed: nothing known. */
struct clock_offset {
    int64_t ns; /* the estimate */
    bool known; /* whether there is one */
    uint8_t value_count, median_count, newest_count;
    uint8_t newest_next; /* place of the next one in the ring */
    int64_t values[CLOCK_OFFSET_GROUP];
    int64_t medians[CLOCK_OFFSET_GROUP];
    int64_t newest[CLOCK_OFFSET_NEWEST];
};

void clock_offset_add(struct clock_offset *offset, int64_t latency_ns);

#endif
