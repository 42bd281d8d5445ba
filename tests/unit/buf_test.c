#include "engine/base/buf.h"
#include "tests/unit/unit.h"

static void grows_up_to_its_ceiling_and_no_further(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    for (int i = 0; i < 100; i++)
        assert_ok(buf_append_byte(&buf, (uint8_t)i));
    assert_err(ERR_LIMIT, buf_append_byte(&buf, 1));
    assert_err(ERR_LIMIT, buf_append(&buf, "xx", SIZE_MAX));
    assert_int_equal(buf.size, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf.data[i], i);
    buf_release(&buf);
}

static void formats_short_and_long_texts(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10000);
    assert_ok(buf_printf(&buf, "%d-%s", 7, "x"));
    assert_ok(buf_printf(&buf, "%0*d", 1000, 1));
    assert_int_equal(buf.size, 1003);
    assert_memory_equal(buf.data, "7-x000", 6);
    assert_ok(buf_terminate(&buf));
    assert_int_equal(strlen((const char *)buf.data), 1003);
    assert_int_equal(buf.size, 1003);
    buf_release(&buf);
}

static void escapes_json(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    static const char text[] = "a\"b\\c\n\t\r\x01\x1f/\xc3\xa9";
    assert_ok(buf_append_json(&buf, text, sizeof text - 1));
    assert_ok(buf_append_json(&buf, "", 0));
    assert_ok(buf_terminate(&buf));
    assert_string_equal((const char *)buf.data,
                        "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u001f/\xc3\xa9\"\"\"");
    buf_release(&buf);
}

static void knows_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf"};
    static const char *const bad[] = {"\x80",         "\xc3",         "\xc0\xaf",
                                      "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xff",         "a\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(buf_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(buf_is_utf8(bad[i], strlen(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_ceiling_and_no_further),
        cmocka_unit_test(formats_short_and_long_texts),
        cmocka_unit_test(escapes_json),
        cmocka_unit_test(knows_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
