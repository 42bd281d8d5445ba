#include "replayer/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The authors' xoshiro256** run by hand from the state 1, 2, 3, 4: the first results are
 * rotl(2 * 5, 7) * 9 = 11520, then 0, then 1509978240 (prng.di.unimi.it/xoshiro256starstar.c). */
static void follows_the_published_algorithm(void **unused)
{
    (void)unused;
    struct rng rng = {{1, 2, 3, 4}};
    assert_int_equal(rng_next(&rng), 11520);
    assert_int_equal(rng_next(&rng), 0);
    assert_int_equal(rng_next(&rng), 1509978240);
    assert_true(rng_next(&rng) == UINT64_C(1215971899390074240));
}

static void same_seed_same_numbers_other_stream_others(void **unused)
{
    (void)unused;
    struct rng a, b, c, d;
    rng_init(&a, 7, 1);
    rng_init(&b, 7, 1);
    rng_init(&c, 7, 2);
    rng_init(&d, 8, 1);
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a);
        assert_true(x == rng_next(&b));
        assert_true(x != rng_next(&c));
        assert_true(x != rng_next(&d));
    }
}

static void below_and_between_stay_inside_and_reach_the_ends(void **unused)
{
    (void)unused;
    struct rng rng;
    rng_init(&rng, 1, 1);
    unsigned seen[3] = {0, 0, 0};
    for (int i = 0; i < 30000; i++)
        seen[rng_below(&rng, 3)]++;
    for (int i = 0; i < 3; i++)
        assert_in_range(seen[i], 9500, 10500);
    int64_t low = 5, high = -5;
    for (int i = 0; i < 1000; i++) {
        int64_t x = rng_between(&rng, -2, 2);
        assert_true(x >= -2 && x <= 2);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    assert_true(low == -2 && high == 2);
    assert_true(rng_between(&rng, 9, 9) == 9);
    rng_between(&rng, INT64_MIN, INT64_MAX);
    assert_true(rng_below(&rng, 1) == 0);
}

static void chance_keeps_its_odds(void **unused)
{
    (void)unused;
    struct rng rng;
    rng_init(&rng, 2, 1);
    unsigned hits = 0;
    for (int i = 0; i < 100000; i++) {
        hits += rng_chance(&rng, 250);
        assert_false(rng_chance(&rng, 0));
        assert_true(rng_chance(&rng, 1000));
    }
    assert_in_range(hits, 24500, 25500);
}

/* An exponential distribution: mean as asked, and a share of 1/e of the waits above the mean. */
static void waits_are_exponential(void **unused)
{
    (void)unused;
    struct rng rng;
    rng_init(&rng, 3, 1);
    const int64_t mean = 1000000;
    const int draws = 200000;
    int64_t sum = 0;
    unsigned above = 0;
    for (int i = 0; i < draws; i++) {
        int64_t wait = rng_wait(&rng, mean);
        assert_true(wait >= 1 && wait <= 45 * mean);
        sum += wait;
        above += wait > mean;
    }
    assert_true(sum / draws > 990000 && sum / draws < 1010000);
    assert_in_range(above, draws * 363 / 1000, draws * 373 / 1000);
    assert_true(rng_wait(&rng, 1) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_published_algorithm),
        cmocka_unit_test(same_seed_same_numbers_other_stream_others),
        cmocka_unit_test(below_and_between_stay_inside_and_reach_the_ends),
        cmocka_unit_test(chance_keeps_its_odds),
        cmocka_unit_test(waits_are_exponential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
