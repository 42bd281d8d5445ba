#include "engine/candle/clock_offset.h"

#include "tests/unit/unit.h"

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t sorted_median(const int64_t *values, size_t count)
{
    int64_t sorted[31];
    assert_true(count > 0 && count <= 31);
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare_values);
    return sorted[(count - 1) / 2];
}

/* The estimate after all of `values`, worked out anew from the first one on. */
static int64_t naive_estimate(const int64_t *values, size_t count)
{
    int64_t medians[1000], highest[100];
    size_t median_count = count / 15, highest_count = median_count / 15;
    for (size_t i = 0; i < median_count; i++)
        medians[i] = sorted_median(values + 15 * i, 15);
    for (size_t i = 0; i < highest_count; i++)
        highest[i] = sorted_median(medians + 15 * i, 15);
    if (highest_count > 31)
        return sorted_median(highest + highest_count - 31, 31);
    if (highest_count > 0)
        return sorted_median(highest, highest_count);
    return median_count > 0 ? sorted_median(medians, median_count) : sorted_median(values, count);
}

static void nothing_is_known_without_a_latency(void **state)
{
    (void)state;
    struct clock_offset offset = {0};
    assert_false(offset.known);
    clock_offset_add(&offset, -7);
    assert_true(offset.known);
    assert_int_equal(offset.ns, -7);
}

static void the_first_values_by_hand(void **state)
{
    (void)state;
    /* Of two the lower. The fifteenth makes the first group's median, 8, and the sixteenth no more.
     */
    static const int64_t values[] = {10, 20, 5, 7, 9, 8, 1, 2, 3, 4, 6, 11, 12, 13, 100, 0};
    static const int64_t estimates[] = {10, 10, 10, 7, 9, 8, 8, 7, 7, 5, 6, 6, 7, 7, 8, 8};
    struct clock_offset offset = {0};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        clock_offset_add(&offset, values[i]);
        assert_int_equal(offset.ns, estimates[i]);
    }
}

static void every_estimate_is_the_one_worked_out_anew(void **state)
{
    (void)state;
    uint64_t random = 1;
    static int64_t values[9000];
    for (int kind = 0; kind < 3; kind++) {
        struct clock_offset offset = {0};
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            values[i] = (int64_t)unit_random(&random);
            if (kind == 1) /* many equal ones */
                values[i] %= 4;
            if (kind == 2 && i > 0) /* a clock that runs away */
                values[i] = values[i - 1] + (int64_t)unit_below(&random, 1000) - 400;
            clock_offset_add(&offset, values[i]);
            /* All early ones, later those around a change. */
            if (i < 700 || (i + 1) % 15 < 2)
                assert_int_equal(offset.ns, naive_estimate(values, i + 1));
        }
    }
}

static void outliers_do_not_move_it(void **state)
{
    (void)state;
    uint64_t random = 2;
    struct clock_offset offset = {0};
    for (int i = 0; i < 20000; i++) {
        bool outlier = unit_below(&random, 10) == 0;
        int64_t usual = 1000 + (int64_t)unit_below(&random, 100);
        clock_offset_add(&offset, outlier ? INT64_MAX : usual);
    }
    assert_true(offset.ns >= 1000 && offset.ns < 1100);
}

static void it_follows_a_clock_that_was_set(void **state)
{
    (void)state;
    struct clock_offset offset = {0};
    for (int i = 0; i < 20000; i++)
        clock_offset_add(&offset, 1000);
    /* 16 of the newest 31 medians of 225 values. */
    int count = 0;
    for (; offset.ns == 1000; count++)
        clock_offset_add(&offset, -5000);
    assert_int_equal(offset.ns, -5000);
    assert_true(count > 14 * 225 && count <= 17 * 225);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_without_a_latency),
        cmocka_unit_test(the_first_values_by_hand),
        cmocka_unit_test(every_estimate_is_the_one_worked_out_anew),
        cmocka_unit_test(outliers_do_not_move_it),
        cmocka_unit_test(it_follows_a_clock_that_was_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
