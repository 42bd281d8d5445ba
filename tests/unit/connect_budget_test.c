#include "recorder/connect_budget.h"
#include "tests/unit/unit.h"

#include <stdbool.h>

#define SECOND INT64_C(1000000000)

static struct connect_budget budget_of(uint32_t attempts, int64_t span_ns)
{
    struct connect_budget budget;
    connect_budget_init(&budget);
    assert_ok(connect_budget_limit(&budget, (struct connect_limit){attempts, span_ns}));
    return budget;
}

static void so_many_then_one_for_each_that_has_passed(void **state)
{
    (void)state;
    struct connect_budget budget = budget_of(3, 10 * SECOND);
    assert_int_equal(connect_budget_take(&budget, 100 * SECOND), 0);
    assert_int_equal(connect_budget_take(&budget, 104 * SECOND), 0);
    assert_int_equal(connect_budget_take(&budget, 105 * SECOND), 0);
    assert_int_equal(connect_budget_take(&budget, 106 * SECOND), 4 * SECOND);
    assert_int_equal(connect_budget_take(&budget, 110 * SECOND - 1), 1);
    assert_int_equal(connect_budget_take(&budget, 110 * SECOND), 0);
    assert_int_equal(connect_budget_take(&budget, 110 * SECOND), 4 * SECOND);
    connect_budget_release(&budget);
}

static void a_long_rest_gives_no_more_than_the_limit(void **state)
{
    (void)state;
    struct connect_budget budget = budget_of(20, 60 * SECOND);
    int taken = 0;
    while (connect_budget_take(&budget, 365 * 24 * 3600 * SECOND) == 0)
        taken++;
    assert_int_equal(taken, 20);
    connect_budget_release(&budget);
}

static void without_a_limit_all_is_free(void **state)
{
    (void)state;
    struct connect_budget budget = budget_of(0, 60 * SECOND);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(connect_budget_take(&budget, 1), 0);
    connect_budget_release(&budget);
}

/* A limit that comes later counts what went before, as far as it is known. */
static void a_later_limit_knows_earlier_attempts(void **state)
{
    (void)state;
    struct connect_budget budget = budget_of(10, SECOND);
    for (int i = 0; i < 7; i++)
        assert_int_equal(connect_budget_take(&budget, i), 0);
    assert_ok(connect_budget_limit(&budget, (struct connect_limit){8, 100 * SECOND}));
    assert_ok(connect_budget_limit(&budget, (struct connect_limit){50, 1000 * SECOND}));
    assert_int_equal(connect_budget_take(&budget, 10), 0);
    assert_int_equal(connect_budget_take(&budget, 20), 100 * SECOND - 20);
    connect_budget_release(&budget);
}

/* Whoever asks however often, with whatever limits: counted independently, no window of any limit
 * holds more, and nothing that all limits allow is refused. */
static void all_limits_hold_in_every_window(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        enum { TAKEN_MAX = 4000 };
        static int64_t taken[TAKEN_MAX];
        uint64_t random = seed;
        size_t count = 0;
        struct connect_limit limits[12];
        struct connect_budget budget;
        connect_budget_init(&budget);
        size_t limit_count = 1 + (size_t)unit_below(&random, CONNECT_BUDGET_LIMITS_MAX + 4);
        for (size_t i = 0; i < limit_count; i++) {
            limits[i].attempts = 1 + (uint32_t)unit_below(&random, 40);
            limits[i].span_ns = 1 + (int64_t)unit_below(&random, 2000);
            assert_ok(connect_budget_limit(&budget, limits[i]));
        }
        for (int64_t now = 0; count < TAKEN_MAX && now < 200000;
             now += (int64_t)unit_below(&random, 8)) {
            bool allowed = true;
            for (size_t i = 0; i < limit_count; i++)
                allowed = allowed && (count < limits[i].attempts ||
                                      now - taken[count - limits[i].attempts] >= limits[i].span_ns);
            int64_t wait = connect_budget_take(&budget, now);
            if (wait == 0) {
                assert_true(allowed);
                taken[count++] = now;
            } else if (limit_count <= CONNECT_BUDGET_LIMITS_MAX) {
                assert_false(allowed);
            }
        }
        assert_true(count > 10);
        connect_budget_release(&budget);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_then_one_for_each_that_has_passed),
        cmocka_unit_test(a_long_rest_gives_no_more_than_the_limit),
        cmocka_unit_test(without_a_limit_all_is_free),
        cmocka_unit_test(a_later_limit_knows_earlier_attempts),
        cmocka_unit_test(all_limits_hold_in_every_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
