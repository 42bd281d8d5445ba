/* stream_rate: the usual longest silence, and what is longer than that. */
#include "tests/unit/unit.h"

#include "engine/base/time_text.h"
#include "recorder/stream_rate.h"

static void see(struct stream_rate *rate, int count, int64_t silence_ns)
{
    for (int i = 0; i < count; i++)
        stream_rate_see(rate, silence_ns);
}

static void test_nothing_is_said_of_a_stream_with_few_frames(void **state)
{
    (void)state;
    struct stream_rate rate = {0};
    assert_false(stream_rate_is_silent(&rate, 100 * NS_PER_DAY));
    see(&rate, STREAM_RATE_FRAMES_MIN - 1, NS_PER_S);
    assert_false(stream_rate_is_silent(&rate, 100 * NS_PER_DAY));
    assert_int_equal(stream_rate_usual_ns(&rate), 0);
    see(&rate, 1, NS_PER_S);
    assert_true(stream_rate_is_silent(&rate, 100 * NS_PER_DAY));
    assert_int_equal(stream_rate_usual_ns(&rate), NS_PER_S);
}

static void test_three_times_the_longest_and_half_a_minute(void **state)
{
    (void)state;
    struct stream_rate rate = {0};
    see(&rate, 200, NS_PER_MS);
    see(&rate, 1, 2 * NS_PER_S);
    see(&rate, 200, NS_PER_MS);
    assert_false(stream_rate_is_silent(&rate, 36 * NS_PER_S));
    assert_true(stream_rate_is_silent(&rate, 36 * NS_PER_S + 1));
}

static void test_what_was_usual_fades_to_about_a_half(void **state)
{
    (void)state;
    struct stream_rate rate = {0};
    see(&rate, 200, NS_PER_MS);
    see(&rate, 1, NS_PER_HOUR);
    see(&rate, (int)(STREAM_RATE_FADE_NS / NS_PER_S), NS_PER_S);
    int64_t usual_ns = stream_rate_usual_ns(&rate);
    assert_true(usual_ns > NS_PER_HOUR * 4 / 10 && usual_ns < NS_PER_HOUR * 6 / 10);
    see(&rate, (int)(20 * STREAM_RATE_FADE_NS / NS_PER_S), NS_PER_S);
    assert_int_equal(stream_rate_usual_ns(&rate), NS_PER_S);
}

static void test_absurd_silences_do_no_harm(void **state)
{
    (void)state;
    struct stream_rate rate = {0};
    see(&rate, 200, INT64_MAX);
    see(&rate, 200, INT64_MIN);
    assert_true(stream_rate_usual_ns(&rate) > 0);
    assert_false(stream_rate_is_silent(&rate, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_said_of_a_stream_with_few_frames),
        cmocka_unit_test(test_three_times_the_longest_and_half_a_minute),
        cmocka_unit_test(test_what_was_usual_fades_to_about_a_half),
        cmocka_unit_test(test_absurd_silences_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
