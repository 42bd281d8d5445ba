/*
 * compare_lag: does one series of prices move before another?
 *
 * A price is that of a bar: the close of its candle, or, where nothing was traded, the close before
 * it, for at most LAG_CARRY_BARS bars. The return of a bar, where it and the bar before have a
 * price:
 *
 *     r = (price - price before) / price before,   half to even at 1e-9, within -1 .. 1
 *
 * For each lead k from -LAG_MAX to LAG_MAX the pairs are x's return of bar t and y's of bar t + k,
 * and their correlation (Pearson's, all sums exact integers) is
 *
 *     (n Sxy - Sx Sy) / (sqrt(n Sxx - Sx^2) sqrt(n Syy - Sy^2))
 *
 * in thousandths, cut toward zero. The lead is the k with the highest correlation; of equal ones
 * the nearest to 0, then the negative one. k > 0: x moves k bars before y. It needs
 * LAG_PAIRS_MIN pairs with movement on both sides.
 *
 * Pure; integers only.
 */
#ifndef REWICK_ENGINE_COMPARE_COMPARE_LAG_H
#define REWICK_ENGINE_COMPARE_COMPARE_LAG_H

#include "engine/base/decimal.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAG_MAX        10
#define LAG_CARRY_BARS 60
#define LAG_PAIRS_MIN  20
/* Of each series; the newest ones count. */
#define LAG_RETURNS_MAX (1 << 22)

/* A price of a bar. Ascending by bar, no two alike. */
struct lag_point {
    int64_t bar; /* number of the bar: open time / length */
    int64_t price;
    uint8_t scale; /* price * 10^-scale, above 0 */
};

/* A return of a bar, in 1e-9. */
struct lag_return {
    int64_t bar, value;
};

struct lag_returns {
    size_t count;
    struct lag_return *items; /* owned */
};

/* ERR_NOMEM. */
enum err lag_returns_make(struct lag_returns *out, const struct lag_point *points,
                          size_t count) ERR_MUST_CHECK;
void lag_returns_release(struct lag_returns *returns); /* accepts a zeroed one */

struct lag_result {
    bool found;
    int lead;       /* bars, -LAG_MAX .. LAG_MAX */
    int permille;   /* the correlation there, -1000 .. 1000 */
    uint64_t pairs; /* at that lead */
};

void lag_correlate(struct lag_result *out, const struct lag_returns *x,
                   const struct lag_returns *y);

#endif
