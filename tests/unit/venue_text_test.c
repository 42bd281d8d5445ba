#include "engine/venue/venue_text.h"
#include "tests/unit/unit.h"

static void a_name_is_taken_apart_in_upper_case(void **state)
{
    (void)state;
    struct venue_name name;
    assert_ok(venue_name_split("btc-usdt", &name));
    assert_string_equal(name.base, "BTC");
    assert_string_equal(name.quote, "USDT");
    assert_string_equal(name.suffix, "");
    assert_ok(venue_name_split("1000SHIB-USDT-perp", &name));
    assert_string_equal(name.base, "1000SHIB");
    assert_string_equal(name.suffix, "PERP");
    assert_err(ERR_UNKNOWN, venue_name_split("BTC-USD-A-B", &name));
    assert_err(ERR_UNKNOWN, venue_name_split("BTC-US\nD", &name));
}

static void parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char out[8];
    const char *const fits[] = {"BTC", "-", "USD", NULL}, *const long_by_one[] = {"BTC", "USDT",
                                                                                  "X", NULL};
    assert_ok(venue_name_join(out, sizeof out, fits));
    assert_string_equal(out, "BTC-USD");
    assert_err(ERR_UNKNOWN, venue_name_join(out, sizeof out, long_by_one));
}

static void assert_path(const char *url, const char *path, const char *query)
{
    struct venue_path got = venue_path_of(url);
    assert_int_equal(got.size, strlen(path));
    assert_memory_equal(got.text, path, got.size);
    assert_string_equal(got.query, query);
}

static void urls_and_targets_have_a_path(void **state)
{
    (void)state;
    assert_path("https://h:1/a/b?x=1&y=2", "/a/b", "x=1&y=2");
    assert_path("/stream?streams=a@b/c@d", "/stream", "streams=a@b/c@d");
    assert_path("/a#b", "/a", "");
    assert_path("wss://host", "", "");
    assert_path("", "", "");
    assert_path("/redirect?to=https://h/x", "/redirect", "to=https://h/x");
    assert_true(venue_path_ends(venue_path_of("https://h/0/public/Trades?pair=x"), "/Trades"));
    assert_false(venue_path_ends(venue_path_of("/x"), "/api/v3/x"));
}

static void parameters_are_decoded(void **state)
{
    (void)state;
    struct venue_path path =
        venue_path_of("/p?symbols=no&symbol=BTC%2FUSD&bad=%4&nul=%00&last=1#f");
    char out[8];
    assert_true(venue_path_param(path, "symbol", out, sizeof out));
    assert_string_equal(out, "BTC/USD");
    assert_true(venue_path_param(path, "last", out, sizeof out));
    assert_string_equal(out, "1");
    assert_false(venue_path_param(path, "bad", out, sizeof out));
    assert_false(venue_path_param(path, "nul", out, sizeof out));
    assert_false(venue_path_param(path, "none", out, sizeof out));
    assert_false(venue_path_param(path, "symbol", out, 7));
}

static void times_have_six_digits_whatever_they_are(void **state)
{
    (void)state;
    static const struct {
        int64_t time_ns;
        const char *text;
    } cases[] = {
        {INT64_C(1695633670428340000), "2023-09-25T09:21:10.428340Z"},
        {INT64_C(1695633670000000000), "2023-09-25T09:21:10.000000Z"},
        {INT64_C(1695633670999999999), "2023-09-25T09:21:10.999999Z"},
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
    };
    struct buf out;
    buf_init(&out, 64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&out);
        assert_ok(venue_text_append_us(&out, cases[i].time_ns));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, cases[i].text);
    }
    buf_release(&out);
}

static void times_have_as_many_digits_as_they_need(void **state)
{
    (void)state;
    static const struct {
        int64_t time_ns;
        const char *text, *seconds, *micros;
    } cases[] = {
        {INT64_C(1767160812445240000), "2025-12-31T06:00:12.44524Z", "1767160812.44524",
         "1767160812.445240"},
        {INT64_C(1767160812000000000), "2025-12-31T06:00:12Z", "1767160812", "1767160812.000000"},
        {INT64_C(1767160810100000000), "2025-12-31T06:00:10.1Z", "1767160810.1",
         "1767160810.100000"},
        {INT64_C(1767160812000000001), "2025-12-31T06:00:12.000000001Z", "1767160812.000000001",
         "1767160812.000000001"},
        {0, "1970-01-01T00:00:00Z", "0", "0.000000"},
    };
    struct buf out;
    buf_init(&out, 64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&out);
        assert_ok(venue_text_append_time(&out, cases[i].time_ns));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, cases[i].text);
        buf_clear(&out);
        assert_ok(venue_text_append_seconds(&out, cases[i].time_ns, 0));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, cases[i].seconds);
        buf_clear(&out);
        assert_ok(venue_text_append_seconds(&out, cases[i].time_ns, 6));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, cases[i].micros);
    }
    buf_clear(&out);
    assert_ok(venue_text_append_seconds(&out, INT64_MIN, 0));
    assert_int_equal(out.size, 1);
    buf_release(&out);
}

static void what_goes_into_a_url_is_encoded(void **state)
{
    (void)state;
    struct buf out;
    char back[32];
    buf_init(&out, 64);
    assert_ok(venue_text_append_url(&out, "aZ09-._~/ &%\xe5\xb8\x81"));
    assert_ok(buf_terminate(&out));
    assert_string_equal((const char *)out.data, "aZ09-._~%2F%20%26%25%E5%B8%81");
    assert_true(venue_path_decode((const char *)out.data, out.size, back, sizeof back));
    assert_string_equal(back, "aZ09-._~/ &%\xe5\xb8\x81");
    buf_release(&out);
    uint64_t number = 7;
    struct venue_path path = venue_path_of("/a?n=18446744073709551615&m=1x&k=&z=-1");
    assert_true(venue_path_u64(path, "n", &number));
    assert_true(number == UINT64_MAX);
    assert_false(venue_path_u64(path, "m", &number));
    assert_false(venue_path_u64(path, "k", &number));
    assert_false(venue_path_u64(path, "z", &number));
    assert_false(venue_path_u64(path, "none", &number));
}

static void things_come_in_parts(void **state)
{
    (void)state;
    size_t first = 0;
    assert_int_equal(venue_text_part(101, 50, 0, &first), 50);
    assert_int_equal(first, 0);
    assert_int_equal(venue_text_part(101, 50, 2, &first), 1);
    assert_int_equal(first, 100);
    assert_int_equal(venue_text_part(101, 50, 3, &first), 0);
    assert_int_equal(venue_text_part(100, 50, 2, &first), 0);
    assert_int_equal(venue_text_part(0, 50, 0, &first), 0);
    assert_int_equal(venue_text_part(100, 50, SIZE_MAX, &first), 0);
}

static void a_currency_fits_or_is_none(void **state)
{
    (void)state;
    char asset[ASSET_MAX], longest[ASSET_MAX + 1];
    memset(longest, 'A', sizeof longest);
    assert_true(venue_text_asset("BTCUSD", 3, asset));
    assert_string_equal(asset, "BTC");
    assert_false(venue_text_asset("", 0, asset));
    assert_false(venue_text_asset(longest, ASSET_MAX, asset));
    assert_true(venue_text_asset(longest, ASSET_MAX - 1, asset));
}

static void lists_are_json(void **state)
{
    (void)state;
    const char *const items[] = {"a", "b\"c"};
    struct buf out;
    buf_init(&out, 64);
    assert_ok(venue_text_append_list(&out, items, 2));
    assert_ok(venue_text_append_list(&out, items, 0));
    assert_ok(buf_terminate(&out));
    assert_string_equal((const char *)out.data, "[\"a\",\"b\\\"c\"][]");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_taken_apart_in_upper_case),
        cmocka_unit_test(parts_that_do_not_fit_are_refused),
        cmocka_unit_test(urls_and_targets_have_a_path),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(times_have_six_digits_whatever_they_are),
        cmocka_unit_test(times_have_as_many_digits_as_they_need),
        cmocka_unit_test(what_goes_into_a_url_is_encoded),
        cmocka_unit_test(things_come_in_parts),
        cmocka_unit_test(a_currency_fits_or_is_none),
        cmocka_unit_test(lists_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
