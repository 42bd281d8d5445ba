#include "engine/venue/json_scan.h"
#include "tests/unit/unit.h"

#include <jansson.h>

/* Walks a document as a decoder does: its members or elements, and those of the containers in it.
 */
static const char *walk(struct json_span span, int depth)
{
    struct json_scan scan;
    struct json_span key, value;
    if (span.kind != SPAN_ARRAY && span.kind != SPAN_OBJECT) {
        return span.kind == SPAN_NONE ? "no value" : NULL;
    }
    json_scan_open(&scan, span);
    while (json_scan_next(&scan, &key, &value)) {
        const char *fault = depth > 0 ? walk(value, depth - 1) : NULL;
        /* What a walk gave out is well formed. */
        assert_null(fault);
    }
    return scan.fault;
}

static const char *fault_of(const char *text, size_t size)
{
    /* A copy without a byte behind it, so that a sanitizer sees the scanner step over the end. */
    char *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, text, size);
    const char *fault = walk(json_scan_document(exact, size), 3);
    free(exact);
    return fault;
}

static void accepts_what_json_is(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{}",
        "[]",
        " \t\r\n{ \"a\" : [ 1 , 2 ] }\n ",
        "[[],{},[{}],{\"a\":[]}]",
        "[0,-0,1,-1,0.5,1e5,1E+5,1e-10,0E-8,123456789012345678901234567890]",
        "[true,false,null]",
        "[\"\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\uD83D\\uDE00\"]",
        "[\"\xe5\xb8\x81\",\"\xf0\x9f\x98\x80\"]",
        "{\"\":1,\"a\":2,\"a\":3}",
        "17",
        "\"text\"",
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        const char *fault = fault_of(documents[i], strlen(documents[i]));
        if (fault) {
            fail_msg("%s: %s", documents[i], fault);
        }
    }
}

static void refuses_what_json_is_not(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "",
        "{",
        "}",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{1:2}",
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "[1e]",
        "[1e+]",
        "[-]",
        "[--1]",
        "[tru]",
        "[nul]",
        "[True]",
        "[\"]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\u123g\"]",
        "[\"\\uD800\"]",
        "[\"\\uDC00\"]",
        "[\"\\uD800\\u0041\"]",
        "[\"\n\"]",
        "[\"\xff\"]",
        "[\"\xc0\x80\"]",
        "[\"\xed\xa0\x80\"]",
        "{}{}",
        "[] []",
        "[1]x",
        "[}",
        "{]",
        "[[1}]",
        "{\"a\":[1,2}",
        "'a'",
        "[1,,2]",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"b\"",
        "nan",
        "[NaN]",
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        if (!fault_of(documents[i], strlen(documents[i]))) {
            fail_msg("accepted: %s", documents[i]);
        }
    }
    assert_non_null(fault_of("[\"\0\"]", 5));
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    char text[2 * (JSON_SCAN_DEPTH_MAX + 2) + 1];
    for (size_t depth = JSON_SCAN_DEPTH_MAX + 1; depth <= JSON_SCAN_DEPTH_MAX + 2; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(fault_of(text, 2 * depth) == NULL, depth == JSON_SCAN_DEPTH_MAX + 1);
    }
    size_t size = 1 << 20;
    char *deep = malloc(size);
    memset(deep, '[', size);
    assert_non_null(fault_of(deep, size));
    free(deep);
}

static void picks_members_in_any_order(void **state)
{
    (void)state;
    static const char *const names[] = {"e", "price", "id"};
    static const char text[] = "{\"id\":18446744073709551615,\"x\":[{\"e\":1}],\"pr\\u0069ce\":"
                               "105944.20,\"y\":1,\"e\":\"new\",\"y\":2}";
    struct json_span values[3];
    uint64_t id = 0;
    assert_null(json_scan_pick(json_scan_document(text, sizeof text - 1), names, 3, values));
    assert_true(json_scan_is(values[0], "new"));
    assert_int_equal(values[1].kind, SPAN_NUMBER);
    assert_memory_equal(values[1].text, "105944.20", 9);
    assert_int_equal(values[1].size, 9);
    assert_true(json_scan_u64(values[2], &id));
    assert_true(id == UINT64_MAX);
    assert_null(json_scan_pick(json_scan_document("{}", 2), names, 3, values));
    assert_int_equal(values[0].kind, SPAN_NONE);
}

static void a_picked_member_must_not_occur_twice(void **state)
{
    (void)state;
    static const char *const names[] = {"e", "price"};
    static const char *const texts[] = {
        "{\"e\":1,\"price\":2,\"e\":1}",
        "{\"e\":null,\"e\":1}",
        "{\"e\":1,\"\\u0065\":1}",
        "{\"price\":[],\"x\":{},\"price\":{}}",
    };
    struct json_span values[2];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct json_span document = json_scan_document(texts[i], strlen(texts[i]));
        assert_string_equal(json_scan_pick(document, names, 2, values), "a member occurs twice");
    }
}

static struct json_span string_of(const char *text)
{
    return json_scan_document(text, strlen(text));
}

static void gives_text_unescaped_or_not_at_all(void **state)
{
    (void)state;
    char out[8];
    assert_true(json_scan_text(string_of("\"BTC-USD\""), out, sizeof out));
    assert_string_equal(out, "BTC-USD");
    assert_false(json_scan_text(string_of("\"BTC-USDT\""), out, sizeof out));
    assert_true(json_scan_text(string_of("\"\\u5e01\\\"\\n\""), out, sizeof out));
    assert_string_equal(out, "\xe5\xb8\x81\"\n");
    assert_true(json_scan_text(string_of("\"\\uD83D\\uDE00\""), out, sizeof out));
    assert_string_equal(out, "\xf0\x9f\x98\x80");
    assert_false(json_scan_text(string_of("\"a\\u0000b\""), out, sizeof out));
    assert_false(json_scan_text(string_of("12"), out, sizeof out));
    assert_true(json_scan_name(string_of("\"\\u5e01\""), out, sizeof out));
    assert_false(json_scan_name(string_of("\"\""), out, sizeof out));
    assert_false(json_scan_name(string_of("\"a\\n\""), out, sizeof out));
    json_scan_excerpt(string_of("\"a\\nb\\u0000\xe5\xb8\x81xyz\""), out, sizeof out);
    assert_string_equal(out, "a b \xe5\xb8\x81");
}

static void whole_numbers_are_exact_or_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "18446744073709551616",       "-1", "1.0", "1e3", "\"\"", "\"1a\"", "true", "\" 1\"",
        "\"99999999999999999999999\""};
    uint64_t value = 0;
    assert_true(json_scan_u64(string_of("\"18239578009413566319\""), &value));
    assert_true(value == UINT64_C(18239578009413566319));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(json_scan_u64(string_of(bad[i]), &value));
    }
}

/* jansson refuses some well-formed numbers because it must make values of them. */
static bool is_too_large(const json_error_t *error)
{
    return json_error_code(error) == json_error_numeric_overflow;
}

static void agrees_with_jansson_on_damaged_documents(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        ("{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,\"s\":"
         "\"BTCUSDT\",\"p\":\"61837.63000000\",\"m\":true,\"M\":null}}"),
        "[321,[[\"57126.70000\",\"0.02063928\",\"1616333924.737428\",\"b\",\"m\",\"\"]],\"trade\"]",
        "{\"a\":[-1.5e-10,0E-8,{}],\"b\\u00e9\\ud83d\\ude00\":\"\xc3\xa9\",\"c\":[[],[[]]]}",
    };
    static const char alphabet[] = "{}[]\",:\\u0123eE+-.tfn \n\x80\xc3\x01";
    uint64_t random = 20240808;
    size_t accepted = 0;
    for (int round = 0; round < 200000; round++) {
        char text[256];
        const char *seed = seeds[unit_below(&random, 3)];
        size_t size = strlen(seed);
        memcpy(text, seed, size);
        for (uint64_t edits = unit_below(&random, 3) + 1; edits > 0; edits--) {
            size_t at = unit_below(&random, size);
            if (unit_below(&random, 3) == 0) {
                memmove(text + at, text + at + 1, --size - at);
            } else {
                text[at] = alphabet[unit_below(&random, sizeof alphabet - 1)];
            }
        }
        json_error_t error;
        json_t *root = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        const char *fault = fault_of(text, size);
        if ((root == NULL) != (fault != NULL) && !(root == NULL && is_too_large(&error))) {
            fail_msg("%s, jansson: %s: %.*s", fault ? fault : "fine", root ? "fine" : error.text,
                     (int)size, text);
        }
        accepted += root != NULL;
        json_decref(root);
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_json_is),
        cmocka_unit_test(refuses_what_json_is_not),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(picks_members_in_any_order),
        cmocka_unit_test(a_picked_member_must_not_occur_twice),
        cmocka_unit_test(gives_text_unescaped_or_not_at_all),
        cmocka_unit_test(whole_numbers_are_exact_or_refused),
        cmocka_unit_test(agrees_with_jansson_on_damaged_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
