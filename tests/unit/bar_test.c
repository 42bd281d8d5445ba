#include "engine/base/time_text.h"
#include "engine/candle/bar.h"
#include "tests/unit/unit.h"

static int64_t size_of(const char *text)
{
    struct bar bar;
    assert_ok(bar_parse(&bar, text));
    assert_int_equal(bar.kind, BAR_TIME);
    return bar.size;
}

static void reads_whole_seconds_in_all_units(void **state)
{
    (void)state;
    assert_int_equal(size_of("1s"), NS_PER_S);
    assert_int_equal(size_of("90s"), 90 * NS_PER_S);
    assert_int_equal(size_of("1m"), NS_PER_MIN);
    assert_int_equal(size_of("4h"), 4 * NS_PER_HOUR);
    assert_int_equal(size_of("1d"), NS_PER_DAY);
    assert_int_equal(size_of("1w"), NS_PER_WEEK);
    assert_int_equal(size_of("604800s"), NS_PER_WEEK);
    assert_int_equal(size_of("0007s"), 7 * NS_PER_S);
}

static void refuses_what_is_no_bar_and_says_what_is(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "bar '' is not a time bar; give a whole number and s, m, h, d or w"},
        {"m", "is not a time bar"},
        {"1", "is not a time bar"},
        {"1x", "is not a time bar"},
        {"1M", "is not a time bar"},
        {"-1m", "is not a time bar"},
        {"+1m", "is not a time bar"},
        {" 1m", "is not a time bar"},
        {"1m ", "is not a time bar"},
        {"1.5h", "is not a time bar"},
        {"100ms", "is not a time bar"},
        {"100t", "bar '100t' is not a time bar"},
        {"0s", "bar '0s' has no length"},
        {"0w", "has no length"},
        {"2w", "bar '2w' is longer than a week"},
        {"604801s", "is longer than a week"},
        {"8d", "is longer than a week"},
        {"99999999999999999999999999999999s", "is longer than a week"},
        {"18446744073709551617s", "is longer than a week"}, /* 2^64 + 1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bar bar = {BAR_TIME, 17};
        assert_err(ERR_USAGE, bar_parse(&bar, cases[i].text));
        if (strstr(err_text(ERR_USAGE), cases[i].said) == NULL)
            fail_msg("'%s': %s", cases[i].text, err_text(ERR_USAGE));
        assert_int_equal(bar.size, 17);
    }
}

static void writes_the_largest_unit_that_is_exact(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"60s", "1m"}, {"90s", "90s"}, {"3600s", "1h"}, {"90m", "90m"},         {"24h", "1d"},
        {"48h", "2d"}, {"7d", "1w"},   {"168h", "1w"},  {"604799s", "604799s"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct bar bar;
        char text[BAR_TEXT_MAX];
        assert_ok(bar_parse(&bar, pairs[i][0]));
        bar_format(text, bar);
        assert_string_equal(text, pairs[i][1]);
    }
}

static int64_t at(const char *rfc3339)
{
    int64_t time_ns;
    assert_ok(time_parse_rfc3339(&time_ns, rfc3339, strlen(rfc3339)));
    return time_ns;
}

static void assert_opens(const char *bar_text, const char *source, const char *open)
{
    struct bar bar;
    assert_ok(bar_parse(&bar, bar_text));
    assert_int_equal(bar_open(bar, at(source)), at(open));
}

static void windows_are_aligned_to_utc_and_weeks_to_monday(void **state)
{
    (void)state;
    assert_opens("1m", "2024-08-08T23:55:59.999999999Z", "2024-08-08T23:55:00Z");
    assert_opens("1m", "2024-08-08T23:56:00Z", "2024-08-08T23:56:00Z");
    assert_opens("4h", "2024-08-08T23:55:59Z", "2024-08-08T20:00:00Z");
    assert_opens("1d", "2024-02-29T12:00:00Z", "2024-02-29T00:00:00Z");
    /* 2024-08-05 is a Monday. */
    assert_opens("1w", "2024-08-08T00:00:00Z", "2024-08-05T00:00:00Z");
    assert_opens("1w", "2024-08-11T23:59:59.999999999Z", "2024-08-05T00:00:00Z");
    assert_opens("1w", "2024-08-12T00:00:00Z", "2024-08-12T00:00:00Z");
    assert_opens("1w", "1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z");
    assert_opens("1w", "1970-01-05T00:00:00Z", "1970-01-05T00:00:00Z");
    /* Not whole weeks: from the epoch. */
    assert_opens("2d", "1970-01-04T00:00:00Z", "1970-01-03T00:00:00Z");
}

static void times_before_1970_go_down_to_their_open(void **state)
{
    (void)state;
    struct bar minute = {BAR_TIME, NS_PER_MIN};
    assert_int_equal(bar_open(minute, -1), -NS_PER_MIN);
    assert_int_equal(bar_open(minute, -NS_PER_MIN), -NS_PER_MIN);
    assert_int_equal(bar_open(minute, -NS_PER_MIN - 1), -2 * NS_PER_MIN);
    assert_opens("1w", "1969-12-28T23:59:59Z", "1969-12-22T00:00:00Z");
}

static void every_time_lies_in_its_window(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 200000; i++) {
        struct bar bar = {BAR_TIME, (int64_t)(1 + unit_below(&random, 604800)) * NS_PER_S};
        int64_t time_ns = (int64_t)unit_random(&random) / 2;
        int64_t open = bar_open(bar, time_ns);
        int64_t shift = bar.size == NS_PER_WEEK ? 4 * NS_PER_DAY : 0;
        assert_true(open <= time_ns && time_ns - open < bar.size);
        assert_int_equal((open - shift) % bar.size, 0);
    }
    struct bar week = {BAR_TIME, NS_PER_WEEK};
    assert_int_equal(bar_open(week, INT64_MIN), INT64_MIN);
    assert_true(bar_open(week, INT64_MAX) > INT64_MAX - NS_PER_WEEK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_seconds_in_all_units),
        cmocka_unit_test(refuses_what_is_no_bar_and_says_what_is),
        cmocka_unit_test(writes_the_largest_unit_that_is_exact),
        cmocka_unit_test(windows_are_aligned_to_utc_and_weeks_to_monday),
        cmocka_unit_test(times_before_1970_go_down_to_their_open),
        cmocka_unit_test(every_time_lies_in_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
