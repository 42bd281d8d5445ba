/*
 * old_budget: no host is connected to more often than it bears, whatever goes wrong. A token
 * bucket per host: OLD_BUDGET_BURST attempts at once, then one every OLD_BUDGET_REFILL_NS.
 * That is at most 80 attempts in 5 minutes and 140 in 10, below the tightest limits known (Kraken:
 * about 150 in 10 minutes).
 *
 * Pure: time is an argument. Plain data.
 */
#ifndef REWICK_RECORDER_OLD_BUDGET_H
#define REWICK_RECORDER_OLD_BUDGET_H

#include <stdint.h>

#define OLD_BUDGET_BURST     20
#define OLD_BUDGET_REFILL_NS INT64_C(5000000000)

struct old_budget {
    int64_t tokens;
    int64_t refilled_ns; /* monotonic */
};

void old_budget_init(struct old_budget *budget, int64_t now_ns);
/* Takes one attempt and returns 0, or takes nothing and returns how long to wait, ns. */
int64_t old_budget_take(struct old_budget *budget, int64_t now_ns);

#endif
