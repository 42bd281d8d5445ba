#include "engine/base/time_text.h"
#include "tests/unit/unit.h"

#include <time.h>

static int64_t rfc3339(const char *text)
{
    int64_t ns;
    if (time_parse_rfc3339(&ns, text, strlen(text)) != ERR_OK)
        fail_msg("'%s' is not a time", text);
    return ns;
}

static void reads_rfc_3339(void **state)
{
    (void)state;
    assert_int_equal(rfc3339("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(rfc3339("2024-08-08T23:55:00Z"), INT64_C(1723161300) * NS_PER_S);
    assert_int_equal(rfc3339("2025-12-31T06:00:12.44524Z") % NS_PER_S, 445240000);
    assert_int_equal(rfc3339("2024-08-09T01:55:00+02:00"), rfc3339("2024-08-08T23:55:00Z"));
    assert_int_equal(rfc3339("2016-12-31T23:59:60Z"), rfc3339("2017-01-01T00:00:00Z"));
    assert_int_equal(rfc3339("1969-12-31T23:59:59.5Z"), -NS_PER_S / 2);
    assert_int_equal(rfc3339("2024-02-29 00:00:00z"), INT64_C(1709164800) * NS_PER_S);
}

static void refuses_other_forms(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2024-08-08",
                                      "2024-08-08T23:55:00",
                                      "2024-08-08T23:55Z",
                                      "2024-13-01T00:00:00Z",
                                      "2023-02-29T00:00:00Z",
                                      "2024-08-08T24:00:00Z",
                                      "2024-08-08T23:55:00.Z",
                                      "2024-08-08T23:55:00.1234567890Z",
                                      "2024-08-08T23:55:00Zx",
                                      "2024-8-8T23:55:00Z"};
    int64_t ns;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_err(ERR_DAMAGED, time_parse_rfc3339(&ns, bad[i], strlen(bad[i])));
    const char *year_one = "0001-01-01T00:00:00.000000Z";
    assert_err(ERR_RANGE, time_parse_rfc3339(&ns, year_one, strlen(year_one)));
}

static void reads_decimal_seconds_exactly(void **state)
{
    (void)state;
    int64_t ns;
    assert_ok(time_parse_seconds(&ns, "1618677372.1768699", 18));
    assert_int_equal(ns, INT64_C(1618677372176869900));
    assert_ok(time_parse_seconds(&ns, "1618677372", 10));
    assert_int_equal(ns, INT64_C(1618677372000000000));
    assert_ok(time_parse_seconds(&ns, "1.0000000019", 12));
    assert_int_equal(ns, 1000000001);
    assert_ok(time_parse_seconds(&ns, "-1.5", 4));
    assert_int_equal(ns, -1500000000);
    assert_err(ERR_DAMAGED, time_parse_seconds(&ns, "1.", 2));
    assert_err(ERR_DAMAGED, time_parse_seconds(&ns, "1e9", 3));
    assert_err(ERR_RANGE, time_parse_seconds(&ns, "99999999999999999999", 20));
}

static void tells_the_unit_of_an_epoch_by_its_size(void **state)
{
    (void)state;
    static const int64_t same[] = {1723161300, 1723161300000, 1723161300000000,
                                   1723161300000000000};
    for (size_t i = 0; i < 4; i++) {
        int64_t ns;
        assert_ok(time_from_epoch(&ns, same[i]));
        assert_int_equal(ns, INT64_C(1723161300000000000));
    }
}

static void reads_what_people_write(void **state)
{
    (void)state;
    int64_t ns, now = INT64_C(1723161300) * NS_PER_S;
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"now", INT64_C(1723161300000000000)},
        {"-2h", INT64_C(1723154100000000000)},
        {"2024-08-08", INT64_C(1723075200000000000)},
        {"2024-08-08T23:55:00Z", INT64_C(1723161300000000000)},
        {"1723161300", INT64_C(1723161300000000000)},
        {"1723161300.25", INT64_C(1723161300250000000)},
        {"1723161300123", INT64_C(1723161300123000000)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_ok(time_parse_user(&ns, rows[i].text, now));
        assert_int_equal(ns, rows[i].ns);
    }
    assert_err(ERR_USAGE, time_parse_user(&ns, "yesterday", now));
    assert_non_null(strstr(err_text(ERR_USAGE), "'yesterday' is not a time; give"));
}

static void durations_go_both_ways(void **state)
{
    (void)state;
    static const char *const texts[] = {"1ns", "250ms", "90s", "1m", "36h", "1w", "3d", "0s"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t ns;
        char text[TIME_TEXT_MAX];
        assert_ok(duration_parse(&ns, texts[i]));
        duration_format(text, ns);
        assert_string_equal(text, texts[i]);
    }
    int64_t ns;
    static const char *const bad[] = {"", "s", "5", "-1s", "1.5s", "1 s", "99999999999w"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_err(ERR_USAGE, duration_parse(&ns, bad[i]));
}

static void formats_as_few_digits_as_hold_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2024-08-08T23:55:00Z",           "2024-08-08T23:55:00.100Z",
        "2024-08-08T23:55:00.000001Z",    "2024-08-08T23:55:00.000000001Z",
        "1969-12-31T23:59:59.999999999Z", "1677-09-21T00:12:43.145224192Z",
        "2262-04-11T23:47:16.854775807Z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[TIME_TEXT_MAX];
        size_t size = time_format(text, rfc3339(texts[i]));
        assert_int_equal(size, strlen(texts[i]));
        assert_string_equal(text, texts[i]);
    }
}

/* Against the C library's calendar, over all years an int64 of ns can hold. */
static void agrees_with_the_calendar_of_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 20000; i++) {
        int64_t ns = (int64_t)unit_random(&seed);
        int64_t seconds = ns / NS_PER_S - (ns % NS_PER_S < 0);
        struct tm tm;
        time_t as_time = (time_t)seconds;
        assert_non_null(gmtime_r(&as_time, &tm));
        char expected[32], text[TIME_TEXT_MAX];
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
        time_format(text, ns);
        assert_memory_equal(text, expected, strlen(expected));
        assert_int_equal(rfc3339(text), ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rfc_3339),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(reads_decimal_seconds_exactly),
        cmocka_unit_test(tells_the_unit_of_an_epoch_by_its_size),
        cmocka_unit_test(reads_what_people_write),
        cmocka_unit_test(durations_go_both_ways),
        cmocka_unit_test(formats_as_few_digits_as_hold_it),
        cmocka_unit_test(agrees_with_the_calendar_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
