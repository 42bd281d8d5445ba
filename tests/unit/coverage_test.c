#include "engine/candle/coverage.h"

#include "engine/base/time_text.h"
#include "tests/unit/unit.h"

static uint32_t share(const struct coverage *coverage, int64_t open_ns, int64_t close_ns,
                      int64_t now_ns)
{
    uint32_t ppm = 77;
    assert_true(coverage_share(coverage, open_ns, close_ns, now_ns, &ppm));
    return ppm;
}

static void a_market_never_followed_has_no_share(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    uint32_t ppm = 5;
    assert_false(coverage_share(&coverage, 0, 100, 200, &ppm));
    coverage_down(&coverage, 10);
    assert_ok(coverage_up(&coverage, 20));
    assert_false(coverage_share(&coverage, 0, 100, 200, &ppm));
    assert_false(coverage_share(&coverage, 0, 0, 0, &ppm));
    assert_int_equal(ppm, 5);
    coverage_release(&coverage);
}

static void a_minute_with_six_seconds_of_outage(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    int64_t open = 1000 * NS_PER_MIN, close = open + NS_PER_MIN;
    coverage_begin(&coverage, open - NS_PER_MIN);
    assert_int_equal(share(&coverage, open, close, close), 1000000);
    coverage_down(&coverage, open + 10 * NS_PER_S);
    /* It goes on: half of what has passed. */
    assert_int_equal(share(&coverage, open, close, open + 20 * NS_PER_S), 500000);
    assert_ok(coverage_up(&coverage, open + 16 * NS_PER_S));
    assert_int_equal(share(&coverage, open, close, close), 900000);
    assert_int_equal(share(&coverage, open, close, close + NS_PER_DAY), 900000);
    /* 6 of 35 s are lost: 0.8285714... is cut. */
    assert_int_equal(share(&coverage, open, close, open + 35 * NS_PER_S), 828571);
    assert_int_equal(share(&coverage, open, close, open + 10 * NS_PER_S), 1000000);
    assert_int_equal(share(&coverage, close, close + NS_PER_MIN, close + NS_PER_MIN), 1000000);
    assert_int_equal(share(&coverage, open + 11 * NS_PER_S, open + 12 * NS_PER_S, close), 0);
    coverage_release(&coverage);
}

static void one_nanosecond_shows(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, 0);
    coverage_down(&coverage, 5);
    assert_ok(coverage_up(&coverage, 6));
    assert_int_equal(share(&coverage, 0, NS_PER_WEEK, INT64_MAX), 999999);
    coverage_release(&coverage);
}

static void what_has_not_begun_is_whole(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, 0);
    coverage_down(&coverage, 50);
    assert_int_equal(share(&coverage, 100, 200, 100), 1000000);
    assert_int_equal(share(&coverage, 100, 200, 50), 1000000);
    assert_int_equal(share(&coverage, 100, 200, 101), 0);
    assert_int_equal(share(&coverage, 100, 100, 500), 1000000);
    coverage_release(&coverage);
}

static void before_the_first_following_it_was_not_connected(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, 75);
    coverage_begin(&coverage, 10);
    assert_int_equal(share(&coverage, 0, 100, 100), 250000);
    assert_int_equal(share(&coverage, 0, 75, 100), 0);
    assert_int_equal(share(&coverage, 75, 100, 100), 1000000);
    assert_int_equal(share(&coverage, INT64_MIN, INT64_MAX, 76), 0);
    coverage_release(&coverage);
}

static void an_outage_without_length_is_none(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, 0);
    coverage_down(&coverage, 50);
    assert_ok(coverage_up(&coverage, 50));
    coverage_down(&coverage, 60);
    assert_ok(coverage_up(&coverage, 55));
    assert_int_equal(coverage.outage_count, 0);
    assert_int_equal(share(&coverage, 0, 100, 100), 1000000);
    coverage_release(&coverage);
}

static void calls_that_say_nothing_new_change_nothing(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, 0);
    assert_ok(coverage_up(&coverage, 10));
    coverage_down(&coverage, 20);
    coverage_down(&coverage, 30);
    assert_ok(coverage_up(&coverage, 40));
    assert_ok(coverage_up(&coverage, 50));
    assert_int_equal(share(&coverage, 0, 100, 100), 800000);
    /* Earlier than the end of the last outage: nothing is lost twice. */
    coverage_down(&coverage, 30);
    assert_ok(coverage_up(&coverage, 60));
    assert_int_equal(share(&coverage, 0, 100, 100), 600000);
    coverage_release(&coverage);
}

/* By the words of docs/candles.md, each nanosecond for itself. */
#define NAIVE_TIMES 30000
struct naive {
    struct {
        int64_t from, to;
    } outages[3000];
    size_t count;
    int64_t followed_from, down_since; /* down_since -1: not down */
};

static void naive_end_outage(struct naive *naive, int64_t to)
{
    if (to > naive->down_since) {
        naive->outages[naive->count].from = naive->down_since;
        naive->outages[naive->count++].to = to;
    }
    naive->down_since = -1;
    if (naive->count > 1024) {
        naive->outages[1].from = naive->outages[0].from;
        memmove(naive->outages, naive->outages + 1, --naive->count * sizeof naive->outages[0]);
    }
}

static uint32_t naive_share(const struct naive *naive, int64_t open, int64_t close, int64_t now)
{
    static bool lost[NAIVE_TIMES];
    int64_t end = close < now ? close : now;
    if (end <= open)
        return 1000000;
    assert_true(open >= 0 && end <= NAIVE_TIMES);
    for (int64_t t = 0; t < NAIVE_TIMES; t++)
        lost[t] = t < naive->followed_from || (naive->down_since >= 0 && t >= naive->down_since);
    for (size_t i = 0; i < naive->count; i++)
        for (int64_t t = naive->outages[i].from; t < naive->outages[i].to; t++)
            lost[t] = true;
    uint64_t connected = 0;
    for (int64_t t = open; t < end; t++)
        connected += !lost[t];
    return (uint32_t)(connected * 1000000 / (uint64_t)(end - open));
}

/* `changes` ups and downs with up to `step` - 1 ns between them, and shares of all times. */
static void compare_with_naive(uint64_t *random, int changes, uint64_t step, uint64_t rarely)
{
    static struct naive naive;
    struct coverage coverage;
    coverage_init(&coverage);
    int64_t now = (int64_t)unit_below(random, 50);
    naive.count = 0;
    naive.followed_from = now;
    naive.down_since = -1;
    coverage_begin(&coverage, now);
    for (int i = 0; i < changes; i++) {
        now += (int64_t)unit_below(random, step);
        if (naive.down_since < 0) {
            coverage_down(&coverage, now);
            naive.down_since = now;
        } else {
            assert_ok(coverage_up(&coverage, now));
            naive_end_outage(&naive, now);
        }
        if (unit_below(random, rarely) != 0)
            continue;
        int64_t open = (int64_t)unit_below(random, (uint64_t)now + 10);
        int64_t close = open + (int64_t)unit_below(random, 1 + (uint64_t)now);
        int64_t at = now + (int64_t)unit_below(random, 20);
        assert_int_equal(share(&coverage, open, close, at), naive_share(&naive, open, close, at));
        assert_int_equal(share(&coverage, 0, now, now), naive_share(&naive, 0, now, now));
    }
    assert_true(coverage.outage_count <= COVERAGE_OUTAGES_MAX);
    coverage_release(&coverage);
}

static void every_share_is_that_of_single_nanoseconds(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 150; round++)
        compare_with_naive(&random, (int)(1 + unit_below(&random, 40)), 12, 1);
}

static void of_many_outages_the_oldest_are_joined(void **state)
{
    (void)state;
    uint64_t random = 2;
    for (int round = 0; round < 3; round++)
        compare_with_naive(&random, 5000, 8, 10);

    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, 0);
    for (int64_t i = 0; i < COVERAGE_OUTAGES_MAX; i++) {
        coverage_down(&coverage, 10 * i);
        assert_ok(coverage_up(&coverage, 10 * i + 5));
    }
    assert_int_equal(share(&coverage, 0, 20, 1000000), 500000);
    coverage_down(&coverage, 1000000);
    assert_ok(coverage_up(&coverage, 1000001));
    /* [0, 5) and [10, 15) are [0, 15) now. */
    assert_int_equal(coverage.outage_count, COVERAGE_OUTAGES_MAX);
    assert_int_equal(share(&coverage, 0, 20, 2000000), 250000);
    assert_int_equal(share(&coverage, 15, 25, 2000000), 500000);
    coverage_release(&coverage);
}

static void the_whole_range_of_times_is_handled(void **state)
{
    (void)state;
    struct coverage coverage;
    coverage_init(&coverage);
    coverage_begin(&coverage, INT64_MIN);
    coverage_down(&coverage, INT64_MIN);
    assert_ok(coverage_up(&coverage, 0));
    /* 2^63 of 2^64 - 1 ns. */
    assert_int_equal(share(&coverage, INT64_MIN, INT64_MAX, INT64_MAX), 499999);
    coverage_down(&coverage, INT64_MAX - 1);
    assert_int_equal(share(&coverage, INT64_MAX - 1, INT64_MAX, INT64_MAX), 0);
    coverage_release(&coverage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_market_never_followed_has_no_share),
        cmocka_unit_test(a_minute_with_six_seconds_of_outage),
        cmocka_unit_test(one_nanosecond_shows),
        cmocka_unit_test(what_has_not_begun_is_whole),
        cmocka_unit_test(before_the_first_following_it_was_not_connected),
        cmocka_unit_test(an_outage_without_length_is_none),
        cmocka_unit_test(calls_that_say_nothing_new_change_nothing),
        cmocka_unit_test(every_share_is_that_of_single_nanoseconds),
        cmocka_unit_test(of_many_outages_the_oldest_are_joined),
        cmocka_unit_test(the_whole_range_of_times_is_handled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
