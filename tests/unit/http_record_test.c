#include "engine/base/buf.h"
#include "recorder/http_record.h"
#include "tests/unit/unit.h"

static struct ws_url host;
static struct buf text;

static int begin(void **state)
{
    (void)state;
    buf_init(&text, 256 * 1024);
    return ws_url_parse_http(&host, "https://api.example.com:8443") == ERR_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    buf_release(&text);
    return 0;
}

static struct record record_of(const void *data, size_t size)
{
    return (struct record){.type = RECORD_HTTP, .venue = "kraken", .data = data, .size = size};
}

/* ---- writing --------------------------------------------------------------------------------- */

static void an_answer_is_a_line_and_its_body(void **state)
{
    static const char expected[] = "{\"method\":\"GET\",\"url\":\"https://api.example.com:8443/a?b="
                                   "c&d=%22e%22\",\"status\":200}\n{\"rows\":\n[]}";
    (void)state;
    assert_ok(http_record_write(&text, "GET", &host, "/a?b=c&d=%22e%22", 200, NULL,
                                "{\"rows\":\n[]}", 12));
    assert_int_equal(text.size, sizeof expected - 1);
    assert_memory_equal(text.data, expected, text.size);
}

static void no_answer_says_why(void **state)
{
    static const char expected[] = "{\"method\":\"POST\",\"url\":\"https://api.example.com:8443/\","
                                   "\"status\":0,\"error\":\"it said \\\"no\\\"\"}\n";
    (void)state;
    assert_ok(http_record_write(&text, "POST", &host, "/", 0, "it said \"no\"", NULL, 0));
    assert_int_equal(text.size, sizeof expected - 1);
    assert_memory_equal(text.data, expected, text.size);
}

static void an_empty_reason_is_none(void **state)
{
    (void)state;
    assert_ok(http_record_write(&text, "GET", &host, "/", 204, "", NULL, 0));
    assert_ok(buf_terminate(&text));
    assert_null(strstr((const char *)text.data, "error"));
}

static void a_body_beyond_the_bound_is_refused(void **state)
{
    static char body[256 * 1024];
    (void)state;
    assert_err(ERR_LIMIT,
               http_record_write(&text, "GET", &host, "/", 200, NULL, body, sizeof body));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bodies are bytes: any of them, line feeds and zeros too. */
static void what_was_written_is_read(void **state)
{
    static const char *const targets[] = {"/", "/a?b=\"c\"&d=\\", "/\t\xc3\xa9"};
    uint8_t body[512];
    struct http_record read;
    uint64_t random = 1;
    (void)state;
    for (size_t i = 0; i < 300; i++) {
        size_t size = unit_below(&random, sizeof body);
        int status = (int)unit_below(&random, 1000);
        const char *target = targets[i % 3];
        for (size_t k = 0; k < size; k++)
            body[k] = (uint8_t)unit_random(&random);
        assert_ok(http_record_write(&text, "GET", &host, target, status, i % 2 ? "why" : NULL, body,
                                    size));
        struct record record = record_of(text.data, text.size);
        assert_true(http_record_read(&read, &record));
        assert_int_equal(read.status, status);
        assert_int_equal(read.size, size);
        assert_memory_equal(read.body, body, size);
        assert_memory_equal(read.url, host.text, strlen(host.text));
        assert_string_equal(read.url + strlen(host.text), target);
    }
}

static void a_url_that_does_not_fit_is_not_cut(void **state)
{
    char target[WS_URL_TEXT_MAX + 1];
    struct http_record read;
    (void)state;
    memset(target, 'x', sizeof target - 1);
    target[0] = '/';
    target[sizeof target - 1] = '\0';
    assert_ok(http_record_write(&text, "GET", &host, target, 200, NULL, "b", 1));
    struct record record = record_of(text.data, text.size);
    assert_true(http_record_read(&read, &record));
    assert_string_equal(read.url, "");
    assert_int_equal(read.size, 1);
}

/* Tapes come from anywhere. */
static void what_is_no_such_record_is_refused(void **state)
{
    static const struct {
        const char *data;
        bool fine;
        int status;
    } cases[] = {
        {"", false, 0},
        {"\n", false, 0},
        {"{\"url\":\"https://a/\",\"status\":200}", false, 0}, /* no line feed */
        {"{\"url\":\"https://a/\"}\nbody", false, 0},
        {"{\"status\":200}\nbody", false, 0},
        {"{\"url\":7,\"status\":200}\n", false, 0},
        {"{\"url\":\"https://a/\",\"status\":\"200\"}\n", false, 0},
        {"{\"url\":\"https://a/\",\"status\":200\n}", false, 0},
        {"[\"https://a/\",200]\n", false, 0},
        {"{\"url\":\"https://a/\",\"url\":\"https://b/\",\"status\":200}\n", false, 0},
        {"{\"url\":\"https://a/\",\"status\":200,\"more\":[1]}\n", true, 200},
        {"{\"url\":\"https://a/\",\"status\":-1}\n", true, 0},
        {"{\"url\":\"https://a/\",\"status\":4294967496}\n", true, 0}, /* 200 in 32 bits */
    };
    struct http_record read;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record record = record_of(cases[i].data, strlen(cases[i].data));
        if (http_record_read(&read, &record) != cases[i].fine)
            fail_msg("%s", cases[i].data);
        assert_int_equal(read.status, cases[i].status);
    }
    struct record frame = record_of(cases[10].data, strlen(cases[10].data));
    frame.type = RECORD_RECEIVED;
    assert_false(http_record_read(&read, &frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_is_a_line_and_its_body, begin, end),
        cmocka_unit_test_setup_teardown(no_answer_says_why, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_reason_is_none, begin, end),
        cmocka_unit_test_setup_teardown(a_body_beyond_the_bound_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(what_was_written_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_url_that_does_not_fit_is_not_cut, begin, end),
        cmocka_unit_test(what_is_no_such_record_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
