#include "replayer/serve_past.h"
#include "tests/unit/unit.h"

static const struct venue_span all = {
    .last_id = UINT64_MAX, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .newest = true};

static void add(struct serve_past *past, uint64_t seq, const char *symbol, uint64_t id,
                int64_t source_ns)
{
    struct venue_frame frame;
    struct trade *trade;
    venue_frame_init(&frame);
    assert_ok(venue_frame_add(&frame, &trade));
    snprintf(trade->symbol, sizeof trade->symbol, "%s", symbol);
    trade->has_id = true;
    trade->id = id;
    trade->source_ns = source_ns;
    assert_ok(serve_past_add(past, &frame, seq));
    venue_frame_release(&frame);
}

static void assert_ids(struct serve_past *past, const char *symbol, struct venue_span span,
                       size_t max, const char *expected)
{
    struct trade out[16];
    char text[256] = "";
    size_t count = serve_past_trades(symbol, &span, max, out, past), used = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%llu ",
                                 (unsigned long long)out[i].id);
    assert_string_equal(text, expected);
}

static void spans_select_by_id_time_and_end(void **state)
{
    (void)state;
    struct serve_past past = {0};
    assert_ids(&past, "A", all, 10, "");
    for (uint64_t i = 1; i <= 6; i++) {
        add(&past, 2 * i, "A", 10 + i, 100 * (int64_t)i);
        add(&past, 2 * i + 1, "B", 90 + i, 100 * (int64_t)i);
    }
    assert_ids(&past, "A", all, 10, "11 12 13 14 15 16 ");
    assert_ids(&past, "B", all, 2, "95 96 ");
    struct venue_span span = all;
    span.newest = false;
    assert_ids(&past, "A", span, 2, "11 12 ");
    span.first_id = 13;
    assert_ids(&past, "A", span, 2, "13 14 ");
    span.last_id = 13;
    assert_ids(&past, "A", span, 2, "13 ");
    span = all;
    span.from_ns = 200;
    span.to_ns = 400;
    assert_ids(&past, "A", span, 10, "12 13 14 ");
    span.aggregated = true;
    assert_ids(&past, "A", span, 10, "");
    serve_past_release(&past);
}

static void who_is_behind_adds_nothing_and_repeats_come_once(void **state)
{
    (void)state;
    struct serve_past past = {0};
    add(&past, 1, "A", 11, 100);
    add(&past, 2, "A", 13, 300);
    add(&past, 1, "A", 99, 100); /* another client, on its way */
    add(&past, 3, "A", 12, 200); /* late */
    add(&past, 4, "A", 13, 300); /* a second connection */
    assert_ids(&past, "A", all, 10, "11 12 13 ");
    serve_past_release(&past);
}

static void answers_on_the_tape_belong_to_it(void **state)
{
    (void)state;
    struct serve_past past = {0};
    struct venue_frame frame;
    venue_frame_init(&frame);
    const char *data =
        "{\"method\":\"GET\",\"url\":\"https://h/api/v3/trades?symbol=BTCUSDT\",\"status\":200}\n"
        "[{\"id\":28457,\"price\":\"4.00000100\",\"qty\":\"12.00000000\",\"quoteQty\":\"48."
        "000012\","
        "\"time\":1499865549590,\"isBuyerMaker\":true,\"isBestMatch\":true}]";
    struct record record = {
        .seq = 5, .type = RECORD_HTTP, .data = (const uint8_t *)data, .size = strlen(data)};
    const struct venue *venue = venue_find("binance");
    for (int i = 0; i < 2; i++)
        assert_ok(serve_past_add_answer(&past, venue, NULL, &record, &frame));
    assert_int_equal(past.count, 1);
    assert_ids(&past, "BTCUSDT", all, 10, "28457 ");
    venue_frame_release(&frame);
    serve_past_release(&past);
}

static void only_so_many_are_known(void **state)
{
    (void)state;
    struct serve_past past = {0};
    for (uint64_t i = 1; i <= SERVE_PAST_MAX + 3; i++)
        add(&past, i, "A", i, (int64_t)i);
    assert_int_equal(past.count, SERVE_PAST_MAX);
    struct venue_span span = all;
    span.newest = false;
    assert_ids(&past, "A", span, 2, "4 5 ");
    assert_ids(&past, "A", all, 1, "32771 ");
    serve_past_release(&past);
    serve_past_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_select_by_id_time_and_end),
        cmocka_unit_test(who_is_behind_adds_nothing_and_repeats_come_once),
        cmocka_unit_test(answers_on_the_tape_belong_to_it),
        cmocka_unit_test(only_so_many_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
