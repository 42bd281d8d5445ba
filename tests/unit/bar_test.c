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

static void reads_trades_volumes_and_money(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct bar bar;
    } cases[] = {
        {"100t", {BAR_TICK, 100, 0}},
        {"0001t", {BAR_TICK, 1, 0}},
        {"1000000000t", {BAR_TICK, BAR_TICKS_MAX, 0}},
        {"50v", {BAR_VOLUME, 50, 0}},
        {"0.5v", {BAR_VOLUME, 5, 1}},
        {"0.50v", {BAR_VOLUME, 5, 1}},
        {"50.00v", {BAR_VOLUME, 50, 0}},
        {"00.050v", {BAR_VOLUME, 5, 2}},
        {"0.000000000000000001v", {BAR_VOLUME, 1, 18}},
        {"999999999999999999v", {BAR_VOLUME, 999999999999999999, 0}},
        {"1000000n", {BAR_NOTIONAL, 1000000, 0}},
        {"12345678.9n", {BAR_NOTIONAL, 123456789, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bar bar;
        assert_ok(bar_parse(&bar, cases[i].text));
        assert_true(bar_equal(bar, cases[i].bar));
        assert_true(bar_is_valid(bar));
    }
}

static void refuses_what_is_no_bar_and_says_what_is(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "bar '' is not a bar; give a time from 1s to 1w, like 1m, trades like 100t"},
        {"m", "is not a bar"},
        {"1", "is not a bar"},
        {"1x", "is not a bar"},
        {"1M", "is not a bar"},
        {"-1m", "is not a bar"},
        {"+1m", "is not a bar"},
        {" 1m", "is not a bar"},
        {"1m ", "is not a bar"},
        {"100ms", "is not a bar"},
        {"1e3v", "is not a bar"},
        {".5v", "is not a bar"},
        {"5.v", "is not a bar"},
        {".v", "is not a bar"},
        {"v", "is not a bar"},
        {"-5v", "is not a bar"},
        {"100T", "bar '100T' is not a bar"},
        {"1.5h", "bar '1.5h' is not a whole number"},
        {"1.0t", "is not a whole number"},
        {"1.2.3v", "is not a number"},
        {"1..3n", "is not a number"},
        {"0s", "bar '0s' has no length"},
        {"0w", "has no length"},
        {"0t", "bar '0t' holds no trade"},
        {"0v", "bar '0v' has no size"},
        {"0.000n", "has no size"},
        {"2w", "bar '2w' is longer than a week"},
        {"604801s", "is longer than a week"},
        {"8d", "is longer than a week"},
        {"99999999999999999999999999999999s", "is longer than a week"},
        {"18446744073709551617s", "is longer than a week"}, /* 2^64 + 1 */
        {"1000000001t", "holds more than 1000000000 trades"},
        {"18446744073709551617t", "holds more than 1000000000 trades"},
        {"1000000000000000000v", "has more than 18 digits"},
        {"0.0000000000000000001v", "has more than 18 digits"},
        {"1234567890.123456789n", "has more than 18 digits"},
        {"340282366920938463463374607431768211457n", "has more than 18 digits"}, /* 2^128 + 1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bar bar = {BAR_TIME, 17, 0};
        assert_err(ERR_USAGE, bar_parse(&bar, cases[i].text));
        if (strstr(err_text(ERR_USAGE), cases[i].said) == NULL)
            fail_msg("'%s': %s", cases[i].text, err_text(ERR_USAGE));
        assert_int_equal(bar.size, 17);
    }
}

static void writes_the_shortest_text_that_is_exact(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"60s", "1m"},
        {"90s", "90s"},
        {"3600s", "1h"},
        {"90m", "90m"},
        {"24h", "1d"},
        {"48h", "2d"},
        {"7d", "1w"},
        {"168h", "1w"},
        {"604799s", "604799s"},
        {"007t", "7t"},
        {"604800t", "604800t"},
        {"50.0v", "50v"},
        {"0.50v", "0.5v"},
        {"60v", "60v"},
        {"0.000000000000000001v", "0.000000000000000001v"},
        {"1000000n", "1000000n"},
        {"0.25n", "0.25n"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct bar bar;
        char text[BAR_TEXT_MAX];
        assert_ok(bar_parse(&bar, pairs[i][0]));
        bar_format(text, bar);
        assert_string_equal(text, pairs[i][1]);
    }
}

static struct bar bar_of(const char *text)
{
    struct bar bar;
    assert_ok(bar_parse(&bar, text));
    return bar;
}

static void every_text_is_read_back(void **state)
{
    (void)state;
    uint64_t random = 2;
    for (int i = 0; i < 100000; i++) {
        int64_t size = 1 + (int64_t)(unit_random(&random) >> (4 + unit_below(&random, 60)));
        struct bar bars[] = {
            {BAR_TIME, (1 + size % 604800) * NS_PER_S, 0},
            {BAR_TICK, 1 + size % BAR_TICKS_MAX, 0},
            {BAR_VOLUME, 10 * (size % 100000000000000000) + 1, (uint8_t)unit_below(&random, 19)},
            {BAR_NOTIONAL, 1 + size % 999999999999999999, 0},
        };
        for (size_t j = 0; j < sizeof bars / sizeof bars[0]; j++) {
            char text[BAR_TEXT_MAX];
            assert_true(bar_is_valid(bars[j]));
            bar_format(text, bars[j]);
            assert_true(bar_equal(bar_of(text), bars[j]));
        }
    }
}

static void bars_are_ordered_by_kind_and_size(void **state)
{
    (void)state;
    static const char *const ascending[] = {
        "1s",       "90s",
        "2m",       "1h",
        "1d",       "1w",
        "1t",       "100t",
        "0.05v",    "0.5v",
        "5v",       "49.9v",
        "50v",      "0.000000000000000001n",
        "1000000n", "999999999999999999n",
    };
    size_t count = sizeof ascending / sizeof ascending[0];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            int order = bar_compare(bar_of(ascending[i]), bar_of(ascending[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(bar_equal(bar_of(ascending[i]), bar_of(ascending[j])), i == j);
        }
}

static void only_what_can_be_parsed_is_valid(void **state)
{
    (void)state;
    static const struct bar bad[] = {
        {BAR_TIME, 0, 0},
        {BAR_TIME, -NS_PER_S, 0},
        {BAR_TIME, NS_PER_S + 1, 0},
        {BAR_TIME, NS_PER_WEEK + NS_PER_S, 0},
        {BAR_TIME, NS_PER_S, 1},
        {BAR_TICK, 0, 0},
        {BAR_TICK, BAR_TICKS_MAX + 1, 0},
        {BAR_TICK, 5, 1},
        {BAR_VOLUME, 0, 0},
        {BAR_VOLUME, -5, 0},
        {BAR_VOLUME, 50, 1},
        {BAR_VOLUME, 5, 19},
        {BAR_VOLUME, 1000000000000000000, 0},
        {BAR_NOTIONAL, 10, 2},
        {(enum bar_kind)(BAR_NOTIONAL + 1), NS_PER_S, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bar_is_valid(bad[i]));
}

static void an_amount_is_the_number_of_the_text(void **state)
{
    (void)state;
    struct decimal amount = bar_amount(bar_of("12.50v"));
    assert_int_equal(amount.mantissa, 125);
    assert_int_equal(amount.scale, 1);
}

/* By the words of the header: the windows of `whole` around 1970 begin with one of `part`'s and end
 * where one ends. */
static bool naive_nests(struct bar part, struct bar whole)
{
    if (part.size >= whole.size)
        return false;
    int64_t open = bar_open(whole, 0);
    for (int i = 0; i < 3; i++, open += whole.size)
        if (bar_open(part, open) != open || bar_open(part, open + whole.size) != open + whole.size)
            return false;
    return true;
}

static void a_bar_nests_where_its_windows_fill_those_of_the_other(void **state)
{
    (void)state;
    assert_true(bar_nests(bar_of("1s"), bar_of("1m")));
    assert_true(bar_nests(bar_of("1d"), bar_of("1w")));
    assert_true(bar_nests(bar_of("12h"), bar_of("1w")));
    assert_true(bar_nests(bar_of("8h"), bar_of("1w")));
    assert_false(bar_nests(bar_of("1m"), bar_of("90s")));
    assert_false(bar_nests(bar_of("1m"), bar_of("1m")));
    assert_false(bar_nests(bar_of("1h"), bar_of("1m")));
    /* 24 of them are a week, but 1970-01-05 is not one of their beginnings. */
    assert_false(bar_nests(bar_of("7h"), bar_of("1w")));
    assert_false(bar_nests(bar_of("84h"), bar_of("1w")));
    assert_false(bar_nests(bar_of("10t"), bar_of("100t")));
    assert_false(bar_nests(bar_of("10t"), bar_of("1m")));
    assert_false(bar_nests(bar_of("1s"), bar_of("1000000000t")));
    uint64_t random = 4;
    for (int i = 0; i < 200000; i++) {
        int64_t size = (int64_t)(1 + unit_below(&random, 3600)),
                times = (int64_t)(1 + unit_below(&random, 168));
        struct bar part = {BAR_TIME, size * NS_PER_S, 0},
                   whole = {BAR_TIME, size * times * NS_PER_S, 0};
        if (unit_below(&random, 4) == 0)
            whole.size = NS_PER_WEEK;
        assert_int_equal(bar_nests(part, whole), naive_nests(part, whole));
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
    assert_int_equal(bar_open(bar_of(bar_text), at(source)), at(open));
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
    struct bar minute = {BAR_TIME, NS_PER_MIN, 0};
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
        struct bar bar = {BAR_TIME, (int64_t)(1 + unit_below(&random, 604800)) * NS_PER_S, 0};
        int64_t time_ns = (int64_t)unit_random(&random) / 2;
        int64_t open = bar_open(bar, time_ns);
        int64_t shift = bar.size == NS_PER_WEEK ? 4 * NS_PER_DAY : 0;
        assert_true(open <= time_ns && time_ns - open < bar.size);
        assert_int_equal((open - shift) % bar.size, 0);
    }
    struct bar week = {BAR_TIME, NS_PER_WEEK, 0};
    assert_int_equal(bar_open(week, INT64_MIN), INT64_MIN);
    assert_true(bar_open(week, INT64_MAX) > INT64_MAX - NS_PER_WEEK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_seconds_in_all_units),
        cmocka_unit_test(reads_trades_volumes_and_money),
        cmocka_unit_test(refuses_what_is_no_bar_and_says_what_is),
        cmocka_unit_test(writes_the_shortest_text_that_is_exact),
        cmocka_unit_test(every_text_is_read_back),
        cmocka_unit_test(bars_are_ordered_by_kind_and_size),
        cmocka_unit_test(only_what_can_be_parsed_is_valid),
        cmocka_unit_test(an_amount_is_the_number_of_the_text),
        cmocka_unit_test(a_bar_nests_where_its_windows_fill_those_of_the_other),
        cmocka_unit_test(windows_are_aligned_to_utc_and_weeks_to_monday),
        cmocka_unit_test(times_before_1970_go_down_to_their_open),
        cmocka_unit_test(every_time_lies_in_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
