#include "recorder/connection_record.h"
#include "tests/unit/unit.h"

static const struct venue_channel trade = {.name = "trade"}, top = {.name = "top"};
static const struct shard_item items[] = {
    {&trade, "A"}, {&top, "A"}, {&trade, "B\"C"}, {&top, "D"}};

static void assert_text(const struct buf *out, const char *expected)
{
    char text[1024];
    snprintf(text, sizeof text, "%.*s", (int)out->size, (const char *)out->data);
    assert_string_equal(text, expected);
}

static void subscriptions_are_grouped_by_channel(void **state)
{
    (void)state;
    struct buf out;
    struct connection_open open = {.url = "wss://h/\"", .link = 3, .wanted = {items, 4}};
    buf_init(&out, 4096);
    assert_ok(connection_record_open(&out, &open));
    assert_text(&out, "{\"event\":\"open\",\"url\":\"wss://h/\\\"\",\"link\":3,\"wanted\":{"
                      "\"trade\":[\"A\",\"B\\\"C\"],\"top\":[\"A\",\"D\"]}}");
    open = (struct connection_open){.url = "ws://h", .link = 3, .replaces = 17};
    assert_ok(connection_record_open(&out, &open));
    assert_text(&out, "{\"event\":\"open\",\"url\":\"ws://h\",\"link\":3,\"replaces\":17,"
                      "\"wanted\":{}}");
    assert_ok(connection_record_change(&out, (struct item_span){items, 1},
                                       (struct item_span){items + 3, 1}));
    assert_text(&out, "{\"event\":\"change\",\"add\":{\"trade\":[\"A\"]},\"leave\":{\"top\":"
                      "[\"D\"]}}");
    buf_release(&out);
}

static void a_reason_that_is_no_text_is_not_written(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    assert_ok(connection_record_close(&out, "code 1000: \"bye\"", true));
    assert_text(&out,
                "{\"event\":\"close\",\"reason\":\"code 1000: \\\"bye\\\"\",\"planned\":true}");
    assert_ok(connection_record_error(&out, "\xff\xfe"));
    assert_text(&out, "{\"event\":\"error\",\"reason\":\"a reason that is no text\"}");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscriptions_are_grouped_by_channel),
        cmocka_unit_test(a_reason_that_is_no_text_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
