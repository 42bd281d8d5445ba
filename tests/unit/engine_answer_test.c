#include "engine/engine_answer.h"
#include "tests/unit/unit.h"

static struct record http(const char *data)
{
    return (struct record){
        .type = RECORD_HTTP, .data = (const uint8_t *)data, .size = strlen(data)};
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    static const char body[] = "[\"a\",\n\0 2]";
    const char *url = "https://h/p?q=\"1\"&r=\\";
    assert_ok(engine_answer_write(&out, "https://old/", (const uint8_t *)"x", 1));
    assert_ok(engine_answer_write(&out, url, (const uint8_t *)body, sizeof body));
    struct record record = {.type = RECORD_HTTP, .data = out.data, .size = out.size};
    struct engine_answer answer;
    assert_true(engine_answer_read(&answer, &record));
    assert_string_equal(answer.url, url);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.size, sizeof body);
    assert_memory_equal(answer.body, body, sizeof body);
    engine_answer_release(&answer);
    engine_answer_release(&answer);
    buf_release(&out);
}

static void tell(struct buf *out, const struct engine_asked *asked, const char *expected)
{
    assert_ok(engine_answer_tell(out, asked, "{\"rows\":\n[]}", 12));
    assert_int_equal(out->size, strlen(expected));
    assert_memory_equal(out->data, expected, out->size);
}

static void an_answer_is_a_line_and_its_body(void **state)
{
    (void)state;
    static char large[4096];
    struct buf out;
    buf_init(&out, sizeof large);
    struct engine_asked asked = {"GET", "https://h:8443", "/a?b=c&d=%22e%22", 200, NULL};
    tell(&out, &asked,
         "{\"method\":\"GET\",\"url\":\"https://h:8443/a?b=c&d=%22e%22\",\"status\":200}\n"
         "{\"rows\":\n[]}");
    asked = (struct engine_asked){"POST", "https://h", "/", 0, "it said \"no\""};
    tell(&out, &asked,
         "{\"method\":\"POST\",\"url\":\"https://h/\",\"status\":0,\"error\":\"it said "
         "\\\"no\\\"\"}\n{\"rows\":\n[]}");
    asked = (struct engine_asked){"GET", "https://h", "/", 204, ""};
    tell(&out, &asked,
         "{\"method\":\"GET\",\"url\":\"https://h/\",\"status\":204}\n{\"rows\":\n[]}");
    assert_err(ERR_LIMIT, engine_answer_tell(&out, &asked, large, sizeof large));
    buf_release(&out);
}

/* Bodies are bytes: any of them, line feeds and zeros too. */
static void every_body_is_read_as_it_was(void **state)
{
    (void)state;
    static const char *const targets[] = {"/", "/a?b=\"c\"&d=\\", "/\t\xc3\xa9"};
    uint8_t body[512];
    uint64_t random = 1;
    struct buf out;
    buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < 300; i++) {
        size_t size = unit_below(&random, sizeof body);
        struct engine_asked asked = {"GET", "https://h", targets[i % 3],
                                     (int)unit_below(&random, 1000), i % 2 ? "why" : NULL};
        for (size_t k = 0; k < size; k++)
            body[k] = (uint8_t)unit_random(&random);
        assert_ok(engine_answer_tell(&out, &asked, body, size));
        struct record record = {.type = RECORD_HTTP, .data = out.data, .size = out.size};
        struct engine_answer answer;
        assert_true(engine_answer_read(&answer, &record));
        assert_int_equal(answer.status, asked.status);
        assert_int_equal(answer.size, size);
        assert_memory_equal(answer.body, body, size);
        assert_memory_equal(answer.url, "https://h", 9);
        assert_string_equal(answer.url + 9, asked.target);
        engine_answer_release(&answer);
    }
    buf_release(&out);
}

static void good_answers_that_are_no_lists_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        bool decoded;
    } cases[] = {
        {"{\"url\":\"https://h/api/v3/historicalTrades?symbol=BTCUSDT\",\"status\":200}\n[]", true},
        {"{\"url\":\"https://h/api/v3/historicalTrades?symbol=BTCUSDT\",\"status\":429}\n[]",
         false},
        /* 200 in 32 bits */
        {"{\"url\":\"https://h/api/v3/historicalTrades?symbol=X\",\"status\":4294967496}\n", false},
        {"{\"url\":\"https://h/api/v3/exchangeInfo\",\"status\":200}\n{}", false},
        {"no line", false},
    };
    struct instrument_list none;
    struct venue_frame frame;
    instrument_list_init(&none);
    venue_frame_init(&frame);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record record = http(cases[i].data);
        bool decoded;
        assert_ok(engine_answer_decode(&record, venue_find("binance"), &none, &frame, &decoded));
        assert_int_equal(decoded, cases[i].decoded);
    }
    venue_frame_release(&frame);
    instrument_list_release(&none);
}

static void what_has_no_line_is_no_answer(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{\"url\":\"https://h/\",\"status\":200}",
        "\n{}",
        "nonsense\n{}",
        "\n",
        "[\"https://h/\",200]\n",
        "{\"url\":\"https://h/\",\"status\":200\n}",
        "{\"url\":\"https://h/\",\"url\":\"https://b/\",\"status\":200}\n",
        "{\"url\":\"https://h/\"}\n{}",
        "{\"status\":200}\n{}",
        "{\"url\":7,\"status\":200}\n{}",
        "{\"url\":\"https://h/\",\"status\":\"200\"}\n{}",
        "{\"url\":\"https://h/\",\"status\":200,\"status\":404}\n{}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct record record = http(bad[i]);
        struct engine_answer answer;
        assert_false(engine_answer_read(&answer, &record));
        engine_answer_release(&answer);
    }
}

static void only_good_answers_of_the_endpoint_are_lists(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        bool is_list;
    } cases[] = {
        {"{\"url\":\"https://api.binance.com/api/v3/exchangeInfo\",\"status\":200}\n{}", true},
        {"{\"url\":\"http://127.0.0.1:9/api/v3/exchangeInfo\",\"status\":200}\n{}", true},
        {"{\"url\":\"https://api.binance.com/api/v3/exchangeInfo\",\"status\":418}\n{}", false},
        {"{\"url\":\"https://api.binance.com/api/v3/trades?symbol=X\",\"status\":200}\n{}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record record = http(cases[i].data);
        struct engine_answer answer;
        assert_true(engine_answer_read(&answer, &record));
        assert_int_equal(engine_answer_is_list(&answer, venue_find("binance")), cases[i].is_list);
        engine_answer_release(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_answer_is_a_line_and_its_body),
        cmocka_unit_test(every_body_is_read_as_it_was),
        cmocka_unit_test(good_answers_that_are_no_lists_are_decoded),
        cmocka_unit_test(what_has_no_line_is_no_answer),
        cmocka_unit_test(only_good_answers_of_the_endpoint_are_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
