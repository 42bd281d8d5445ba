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

static void what_has_no_line_is_no_answer(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{\"url\":\"https://h/\",\"status\":200}",
        "\n{}",
        "nonsense\n{}",
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
        cmocka_unit_test(what_has_no_line_is_no_answer),
        cmocka_unit_test(only_good_answers_of_the_endpoint_are_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
