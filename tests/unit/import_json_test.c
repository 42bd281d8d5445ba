#include "replayer/import_json.h"
#include "tests/unit/unit.h"

#include <jansson.h>

static struct import_json json_of(const char *text)
{
    struct import_json json;
    import_json_init(&json, text, strlen(text));
    return json;
}

static void assert_member(struct import_json *json, const char *key, enum import_json_kind kind,
                          const char *value)
{
    struct import_json_member member;
    assert_ok(import_json_next(json, &member));
    assert_true(import_json_is(&member, key));
    assert_int_equal(member.kind, kind);
    assert_int_equal(member.value_size, strlen(value));
    assert_memory_equal(member.value, value, member.value_size);
}

static void gives_members_as_they_stand(void **state)
{
    (void)state;
    struct import_json_member member;
    struct import_json json =
        json_of(" { \"t\" : \"a\\\"b\" ,\"ts\":1786309548.6290078, "
                "\"n\":{\"x\":[1,\"}\\\"\",{}]}, \"e\":[], \"z\":null,\"o\":-1 } \r");
    assert_member(&json, "t", IMPORT_JSON_STRING, "a\\\"b");
    assert_member(&json, "ts", IMPORT_JSON_NUMBER, "1786309548.6290078");
    assert_member(&json, "n", IMPORT_JSON_OTHER, "{\"x\":[1,\"}\\\"\",{}]}");
    assert_member(&json, "e", IMPORT_JSON_OTHER, "[]");
    assert_member(&json, "z", IMPORT_JSON_OTHER, "null");
    assert_member(&json, "o", IMPORT_JSON_NUMBER, "-1");
    assert_err(ERR_END, import_json_next(&json, &member));
    json = json_of("{}");
    assert_err(ERR_END, import_json_next(&json, &member));
}

static void refuses_what_is_not_an_object(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           " ",          "[1]",      "x",          "{",
        "{\"a\"",     "{\"a\":",    "{\"a\":1", "{\"a\":\"1", "{\"a\":\"1\\\"}",
        "{\"a\":[1}", "{\"a\":{",   "{a:1}",    "{\"a\" 1}",  "{\"a\":1 \"b\":2}",
        "{\"a\":1}}", "{\"a\":1}x", "{,}",      "{\"a\":,}",  "{\"a\\"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct import_json json = json_of(bad[i]);
        struct import_json_member member;
        enum err err = ERR_OK;
        for (int steps = 0; err == ERR_OK && steps < 10; steps++)
            err = import_json_next(&json, &member);
        if (err != ERR_DAMAGED)
            fail_msg("'%s' gives %s", bad[i], err_name(err));
    }
}

static void assert_unescapes(const char *text, const void *bytes, size_t size)
{
    struct buf buf;
    buf_init(&buf, 1000);
    assert_ok(buf_append_text(&buf, "-"));
    assert_ok(import_json_unescape((const uint8_t *)text, strlen(text), &buf));
    assert_int_equal(buf.size, 1 + size);
    assert_memory_equal(buf.data + 1, bytes, size);
    buf_release(&buf);
}

static void gives_back_the_bytes_of_a_string(void **state)
{
    (void)state;
    assert_unescapes("", "", 0);
    assert_unescapes("plain", "plain", 5);
    assert_unescapes("{\\\"a\\\":\\\"b\\\\n\\\"}", "{\"a\":\"b\\n\"}", 11);
    assert_unescapes("\\/\\b\\f\\n\\r\\t", "/\b\f\n\r\t", 6);
    assert_unescapes("\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac", 6);
    assert_unescapes("\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4);
    assert_unescapes("\\u0000", "\0", 1);
    assert_unescapes("\xc3\xa9\xff", "\xc3\xa9\xff", 3);
}

static void refuses_escapes_that_stand_for_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"\\",      "\\x",     "\\u12",          "\\u12g4",
                                      "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\n..."};
    struct buf buf;
    buf_init(&buf, 1000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_err(ERR_DAMAGED,
                   import_json_unescape((const uint8_t *)bad[i], strlen(bad[i]), &buf));
    buf_release(&buf);
}

/* What jansson writes for random text, in both of its ways of escaping, comes back as the text. */
static void agrees_with_another_writer(void **state)
{
    (void)state;
    uint64_t seed = 11;
    static const char *const pieces[] = {
        "a", "\"", "\\", "\n", "\x01", "/", "\xc3\xa9", "\xf0\x9f\x98\x80", "\x7f"};
    struct buf buf;
    buf_init(&buf, 100000);
    for (int round = 0; round < 2000; round++) {
        char text[512] = "";
        size_t count = unit_below(&seed, 40);
        for (size_t i = 0; i < count; i++)
            strncat(text, pieces[unit_below(&seed, 9)], sizeof text - strlen(text) - 1);
        json_t *string = json_string(text);
        char *written = json_dumps(string, JSON_ENCODE_ANY | (round % 2 ? JSON_ENSURE_ASCII : 0));
        buf_clear(&buf);
        assert_ok(import_json_unescape((uint8_t *)written + 1, strlen(written) - 2, &buf));
        assert_int_equal(buf.size, strlen(text));
        if (buf.size > 0)
            assert_memory_equal(buf.data, text, buf.size);
        free(written);
        json_decref(string);
    }
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_members_as_they_stand),
        cmocka_unit_test(refuses_what_is_not_an_object),
        cmocka_unit_test(gives_back_the_bytes_of_a_string),
        cmocka_unit_test(refuses_escapes_that_stand_for_nothing),
        cmocka_unit_test(agrees_with_another_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
