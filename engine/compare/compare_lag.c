#include "engine/compare/compare_lag.h"

#include <stdlib.h>

#define RETURN_SCALE 9
#define RETURN_MAX   INT64_C(1000000000)

/* ---- returns --------------------------------------------------------------------------------- */

static int64_t return_of(const struct lag_point *before, const struct lag_point *now)
{
    struct decimal from = {before->price, before->scale}, to = {now->price, now->scale}, change;
    if (decimal_sub(&change, to, from) || decimal_div(&change, change, from, RETURN_SCALE) ||
        change.mantissa > RETURN_MAX) {
        return decimal_compare(to, from) < 0 ? -RETURN_MAX : RETURN_MAX;
    }
    return (int64_t)change.mantissa;
}

/* Bars from this point to before the next one that have a return, the point's own left out. */
static int64_t carried(const struct lag_point *points, size_t count, size_t index)
{
    int64_t gap = index + 1 < count ? points[index + 1].bar - points[index].bar - 1 : 0;
    return gap < LAG_CARRY_BARS ? gap : LAG_CARRY_BARS;
}

static bool has_return(const struct lag_point *points, size_t index)
{
    return index > 0 && points[index].bar - points[index - 1].bar - 1 <= LAG_CARRY_BARS;
}

static size_t returns_at(const struct lag_point *points, size_t count, size_t index)
{
    return (size_t)carried(points, count, index) + has_return(points, index);
}

/* The first point of the newest ones that have LAG_RETURNS_MAX returns at most. */
static size_t first_point(const struct lag_point *points, size_t count, size_t *out_returns)
{
    size_t first = count;
    *out_returns = 0;
    while (first > 0 && *out_returns + returns_at(points, count, first - 1) <= LAG_RETURNS_MAX) {
        first--;
        *out_returns += returns_at(points, count, first);
    }
    return first;
}

enum err lag_returns_make(struct lag_returns *out, const struct lag_point *points, size_t count)
{
    size_t returns = 0, first = first_point(points, count, &returns);
    *out = (struct lag_returns){.items = malloc((returns + 1) * sizeof *out->items)};
    if (!out->items) {
        return err_fail(ERR_NOMEM, "no memory for %zu returns", returns);
    }
    for (size_t i = first; i < count; i++) {
        if (has_return(points, i)) {
            out->items[out->count++] =
                (struct lag_return){points[i].bar, return_of(&points[i - 1], &points[i])};
        }
        int64_t quiet = carried(points, count, i);
        for (int64_t bar = 1; bar <= quiet; bar++) {
            out->items[out->count++] = (struct lag_return){points[i].bar + bar, 0};
        }
    }
    return ERR_OK;
}

void lag_returns_release(struct lag_returns *returns)
{
    free(returns->items);
    *returns = (struct lag_returns){0};
}

/* ---- correlation ----------------------------------------------------------------------------- */

/* At most 2^22 pairs of returns within 10^9: n * Sxx stays below 2^104. */
struct sums {
    int128 n, x, y, xx, yy, xy;
};

static void add_pairs(struct sums *sums, const struct lag_returns *x, const struct lag_returns *y,
                      int lead)
{
    size_t i = 0, j = 0;
    while (i < x->count && j < y->count) {
        int64_t ahead = x->items[i].bar + lead, other = y->items[j].bar;
        if (ahead == other) {
            int128 a = x->items[i].value, b = y->items[j].value;
            sums->n++;
            sums->x += a;
            sums->y += b;
            sums->xx += a * a;
            sums->yy += b * b;
            sums->xy += a * b;
        }
        i += ahead <= other;
        j += other <= ahead;
    }
}

/* Largest r with r * r <= value. */
static uint128 square_root(uint128 value)
{
    uint128 root = 0;
    for (uint128 bit = (uint128)1 << 126; bit > 0; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

/* The root of value * 4^*out_shift, which has some 63 bits whatever the value. */
static uint128 long_root(uint128 value, unsigned *out_shift)
{
    for (*out_shift = 0; value < (uint128)1 << 124; *out_shift += 1) {
        value <<= 2;
    }
    return square_root(value);
}

static int in_permille(int128 covariance, uint128 variance_x, uint128 variance_y)
{
    unsigned shift_x = 0, shift_y = 0;
    uint128 roots = long_root(variance_x, &shift_x);
    roots *= long_root(variance_y, &shift_y);
    bool negative = covariance < 0;
    uint128 size = (uint128)(negative ? -covariance : covariance);
    /* By Cauchy and Schwarz it is at most the product of the roots, so that it fits, too. */
    uint128 permille = (size << (shift_x + shift_y)) / (roots / 1000);
    int value = permille < 1000 ? (int)permille : 1000;
    return negative ? -value : value;
}

static bool correlate(int *out_permille, uint64_t *out_pairs, const struct lag_returns *x,
                      const struct lag_returns *y, int lead)
{
    struct sums sums = {0};
    add_pairs(&sums, x, y, lead);
    int128 variance_x = sums.n * sums.xx - sums.x * sums.x;
    int128 variance_y = sums.n * sums.yy - sums.y * sums.y;
    *out_pairs = (uint64_t)sums.n;
    if (sums.n < LAG_PAIRS_MIN || variance_x <= 0 || variance_y <= 0) {
        return false;
    }
    *out_permille =
        in_permille(sums.n * sums.xy - sums.x * sums.y, (uint128)variance_x, (uint128)variance_y);
    return true;
}

void lag_correlate(struct lag_result *out, const struct lag_returns *x, const struct lag_returns *y)
{
    *out = (struct lag_result){0};
    /* 0, -1, 1, -2, 2, ...: of equal ones the first stays. */
    for (int step = 0; step <= 2 * LAG_MAX; step++) {
        int lead = step % 2 ? -(step + 1) / 2 : step / 2;
        int permille = 0;
        uint64_t pairs = 0;
        if (correlate(&permille, &pairs, x, y, lead) && (!out->found || permille > out->permille)) {
            *out = (struct lag_result){true, lead, permille, pairs};
        }
    }
}
