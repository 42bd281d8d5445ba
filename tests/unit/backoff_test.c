#include "recorder/backoff.h"
#include "tests/unit/unit.h"

static void ceiling_doubles_up_to_thirty_seconds(void **state)
{
    (void)state;
    static const int64_t expected_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct backoff backoff;
    backoff_init(&backoff, 1);
    for (size_t i = 0; i < sizeof expected_ms / sizeof expected_ms[0]; i++) {
        assert_int_equal(backoff_ceiling(&backoff), expected_ms[i] * 1000000);
        (void)backoff_next(&backoff);
    }
}

static void wait_is_never_above_the_ceiling_nor_negative(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, seed);
        for (int i = 0; i < 20; i++) {
            int64_t ceiling = backoff_ceiling(&backoff), wait = backoff_next(&backoff);
            assert_true(wait >= 0 && wait <= ceiling);
        }
    }
}

/* Full jitter: of many recorders cut off together, each tenth of the range gets about a tenth. */
static void waits_are_spread_over_the_whole_range(void **state)
{
    (void)state;
    int tenths[10] = {0};
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct backoff backoff;
        backoff_init(&backoff, seed);
        tenths[backoff_next(&backoff) / (BACKOFF_BASE_NS / 10 + 1)]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(tenths[i], 850, 1150);
}

static void reset_begins_small_again(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 7);
    for (int i = 0; i < 40; i++)
        (void)backoff_next(&backoff);
    assert_int_equal(backoff_ceiling(&backoff), BACKOFF_MAX_NS);
    backoff_reset(&backoff);
    assert_int_equal(backoff_ceiling(&backoff), BACKOFF_BASE_NS);
}

static void tries_do_not_wrap_around(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 7);
    backoff.tries = UINT32_MAX;
    (void)backoff_next(&backoff);
    assert_int_equal(backoff_ceiling(&backoff), BACKOFF_MAX_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceiling_doubles_up_to_thirty_seconds),
        cmocka_unit_test(wait_is_never_above_the_ceiling_nor_negative),
        cmocka_unit_test(waits_are_spread_over_the_whole_range),
        cmocka_unit_test(reset_begins_small_again),
        cmocka_unit_test(tries_do_not_wrap_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
