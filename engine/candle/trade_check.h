/*
 * trade_check: what is wrong with a trade's time, price or size: the judges behind "What is refused
 * and what is suspect" in docs/candles.md.
 *
 *     a trade -> time: good, absurd, in a wrong unit
 *             -> price, size: suspect beside the recent range of its market
 *
 * The recent range holds the trades that were not suspect of a full block of 128 and of the one
 * that is filling:
 *
 *     ... | previous: 128 | current: 0 .. 127 |
 *
 * A trade within the current block's prices and not larger than its largest, as nearly all are,
 * costs three comparisons.
 *
 * Plain data, no allocation, exact. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_TRADE_CHECK_H
#define REWICK_ENGINE_CANDLE_TRADE_CHECK_H

#include "engine/base/decimal.h"
#include "engine/candle/bar.h"

#include <stdbool.h>
#include <stdint.h>

/* Source times handled: nothing computed from them and a bar can overflow. The year 2254. */
#define TRADE_CHECK_TIME_MAX (INT64_MAX - 64 * BAR_SIZE_MAX)

enum time_verdict {
    TIME_GOOD,
    TIME_ABSURD, /* 1970-01-01 00:00 or before, more than a day ahead of the wall clock, or beyond
                  * TRADE_CHECK_TIME_MAX */
    TIME_UNIT    /* absurd or before 1971, but within a day of the wall clock in another unit */
};

/* Other units: times 10^3, 10^6, 10^9, or divided by 10^3, 10^6. `wall_ns`: when its record was
 * received. */
enum time_verdict trade_time_check(int64_t source_ns, int64_t wall_ns);

/* Bits. */
enum trade_suspect {
    SUSPECT_TIME = 1,
    SUSPECT_PRICE = 2, /* above twice the highest, or below half the lowest, of the range */
    SUSPECT_SIZE = 4   /* above 1,000 times the largest of the range */
};

#define TRADE_CHECK_BLOCK  128
#define TRADE_CHECK_JUDGES 16 /* held before prices and sizes are judged */
#define TRADE_CHECK_IN_ROW 16 /* suspects after which the range begins anew */

struct trade_range {
    struct decimal high, low, largest;
    uint8_t count; /* 0: the others mean nothing */
};

/* One per market. Zeroed: no range yet. */
struct trade_check {
    struct trade_range current, previous;
    uint8_t in_row; /* suspects */
};

/* The market's next trade that is neither refused nor bad: price and quantity are above 0. Gives
 * trade_suspect bits, SUSPECT_TIME with them when it is suspect for its time. What is not suspect
 * enters the range. The 16th suspect in a row begins it anew and is not suspect any more, for its
 * time neither: 0. */
unsigned trade_check_see(struct trade_check *check, struct decimal price, struct decimal quantity,
                         bool suspect_time);

#endif
