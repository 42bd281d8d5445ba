#include "tests/unit/venue_rest_sample.h"

#define HOST "https://api.gemini.com"
#define LIST "/v1/symbols/details/all"

static void the_list_says_what_things_are(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"symbol\":\"BTCUSD\",\"base_currency\":\"BTC\",\"quote_currency\":\"USD\",\"tick_"
        "size\":1E-8,\"quote_increment\":0.01,\"min_order_size\":\"0.00001\",\"status\":\"open\","
        "\"wrap_enabled\":false,\"product_type\":\"spot\",\"contract_type\":\"vanilla\","
        "\"contract_price_currency\":\"USD\"},{\"symbol\":\"BTCGUSDPERP\",\"base_currency\":"
        "\"BTC\",\"quote_currency\":\"GUSD\",\"tick_size\":0.0001,\"quote_increment\":0.5,"
        "\"status\":\"post_only\",\"product_type\":\"swap\",\"contract_type\":\"linear\","
        "\"contract_price_currency\":\"GUSD\"},{\"base_currency\":\"no symbol\"},7]";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("gemini", 0, LIST);
    assert_list_target("gemini", 1, NULL);
    assert_ok(rest_list("gemini", HOST LIST, text, &list));
    assert_int_equal(list.count, 2);
    const struct instrument *item = instrument_list_name(&list, "BTC-USD");
    assert_non_null(item);
    assert_string_equal(item->symbol, "btcusd");
    assert_true(item->kind == INSTRUMENT_SPOT && item->trading);
    assert_decimal(item->price_tick, "0.01");
    assert_decimal(item->quantity_step, "0.00000001");
    item = instrument_list_name(&list, "BTC-GUSD-PERP");
    assert_non_null(item);
    assert_string_equal(item->symbol, "btcgusdperp");
    assert_true(item->volume_unit == VOLUME_BASE && !item->trading);
    assert_decimal(item->price_tick, "0.5");
    instrument_list_release(&list);
}

static void one_symbol_is_a_list_too(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_ok(rest_list("gemini", HOST "/v1/symbols/details/ETHUSD",
                        "{\"symbol\":\"ETHUSD\",\"base_currency\":\"ETH\",\"quote_currency\":"
                        "\"USD\",\"status\":\"limit_only\"}",
                        &list));
    const struct instrument *item = instrument_list_name(&list, "ETH-USD");
    assert_true(item && item->trading && item->kind == INSTRUMENT_SPOT);
    instrument_list_release(&list);
}

static void an_answer_that_is_no_list_is_an_error(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[",
        "[{]",
        "7",
        "null",
        "{}",
        "{\"result\":\"error\",\"reason\":\"InvalidSymbol\",\"message\":\"no\"}"};
    struct instrument_list list;
    instrument_list_init(&list);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_err(ERR_DAMAGED, rest_list("gemini", HOST LIST, texts[i], &list));
    }
    assert_int_equal(list.count, 0);
    instrument_list_release(&list);
}

static void trades_are_asked_for_from_an_id_or_a_time_on(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("gemini")->describe("btcusd", &instrument);
    struct venue_hole hole = {.instrument = &instrument,
                              .channel = "trade",
                              .from_ns = INT64_C(1695633670428) * NS_PER_MS + 7,
                              .to_ns = INT64_C(1695633680000) * NS_PER_MS,
                              .now_ns = INT64_C(1695633690000) * NS_PER_MS};
    assert_repair("gemini", &hole, "/v1/trades/btcusd?timestamp=1695633670427&limit_trades=500");
    hole.first_id = 100;
    hole.last_id = 200;
    assert_repair("gemini", &hole, "/v1/trades/btcusd?since_tid=99&limit_trades=500");
    hole.now_ns = hole.to_ns + 8 * NS_PER_DAY;
    assert_repair("gemini", &hole, NULL);
}

#define ROW(id, type, more)                                                                        \
    "{\"timestamp\":1547146811,\"timestampms\":1547146811357,\"tid\":" id                          \
    ",\"price\":\"3632.54\",\"amount\":\"0.10\",\"exchange\":\"gemini\",\"type\":\"" type          \
    "\"" more "}"

static void trades_are_read(void **state)
{
    (void)state;
    struct venue_frame frame =
        sample_http("gemini", HOST "/v1/trades/BTCUSD?limit_trades=5",
                    "[" ROW("4", "buy", ",\"broken\":true") "," ROW("3", "block", "") "," ROW(
                        "2", "auction", "") "," ROW("1", "sell", ",\"broken\":false") "]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trade");
    assert_int_equal(frame.trade_count, 4);
    assert_sample(&frame.trades[0], &(struct sample_trade){"btcusd", "3632.54", "0.10", 1,
                                                           INT64_C(1547146811357) * NS_PER_MS,
                                                           TAKER_SELL, TRADE_BACKFILL});
    /* What no feed reports, and what was undone. */
    for (size_t i = 1; i < 4; i++) {
        assert_true(frame.trades[i].flags == (TRADE_BACKFILL | TRADE_EXCLUDED));
    }
    assert_int_equal(frame.trades[1].taker, TAKER_UNKNOWN);
    venue_frame_release(&frame);
    frame = sample_http("gemini", HOST "/v1/trades/NOPE",
                        "{\"result\":\"error\",\"reason\":\"InvalidSymbol\",\"message\":\"no\"}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "InvalidSymbol: no");
    venue_frame_release(&frame);
    frame = sample_http("gemini", HOST "/v1/trades/BTCUSD", "[" ROW("4", "gift", "") "]");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
    frame = sample_http("gemini", HOST "/v2/candles/btcusd/1m", "[[1,2,3,4,5,6]]");
    assert_int_equal(frame.kind, VENUE_DATA);
    venue_frame_release(&frame);
    frame = sample_http("gemini", HOST "/v1/trades/BTCUSD", "[" ROW("4", "buy", ""));
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    assert_int_equal(frame.trade_count, 0);
    venue_frame_release(&frame);
}

static void a_played_list_reads_as_it_was(void **state)
{
    (void)state;
    static const char *const symbols[] = {"btcusd", "btcgusdperp", "ethusd"};
    struct rest_past *past = rest_past_new("gemini", symbols, 3);
    static const char *const quotes[] = {"USD", "GUSD"};
    for (size_t i = 0; i < 2; i++) {
        memcpy(past->instruments[i].base, "BTC", 4);
        memcpy(past->instruments[i].quote, quotes[i], strlen(quotes[i]) + 1);
        instrument_name(&past->instruments[i], past->instruments[i].name);
        past->instruments[i].price_tick = (struct decimal){5, 1};
        past->instruments[i].quantity_step = (struct decimal){1, 8};
    }
    past->instruments[1].trading = false;
    assert_answered_list("gemini", past);
    assert_answer_text("gemini", past, "/v1/symbols/details/ETHUSD", 200,
                       "{\"symbol\":\"ETHUSD\",\"base_currency\":\"\",\"quote_currency\":\"\","
                       "\"tick_size\":0,\"quote_increment\":0,\"status\":\"open\","
                       "\"product_type\":\"spot\"}");
    free(past);
}

static void played_trades_fill_a_hole(void **state)
{
    (void)state;
    assert_int_equal(assert_repairs_many("gemini", "btcusd", "trade", NS_PER_MS), 5);
    const char *symbol = "btcusd";
    struct rest_past *past = rest_past_new("gemini", &symbol, 1);
    rest_past_fill(past, symbol, 100, NS_PER_MS, 0);
    assert_answered_trades("gemini", past, "/v1/trades/BTCUSD", 50, 50);
    assert_answered_trades("gemini", past, "/v1/trades/btcusd?limit_trades=1000", 0, 100);
    assert_answered_trades("gemini", past, "/v1/trades/btcusd?since_tid=4000000009&limit_trades=3",
                           10, 3);
    assert_answered_trades("gemini", past, "/v1/trades/btcusd?timestamp=0&limit_trades=7", 0, 7);
    assert_answered_trades("gemini", past, "/v1/trades/btcusd?timestamp=99999999999", 0, 0);
    assert_answer_text("gemini", past, "/v1/trades/nope", 400,
                       "{\"result\":\"error\",\"reason\":\"InvalidSymbol\",\"message\":"
                       "\"InvalidSymbol\"}");
    assert_no_answer("gemini", past, "POST", "/v1/trades/btcusd");
    assert_no_answer("gemini", past, "GET", "/v1/book/btcusd");
    free(past);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_says_what_things_are),
        cmocka_unit_test(one_symbol_is_a_list_too),
        cmocka_unit_test(an_answer_that_is_no_list_is_an_error),
        cmocka_unit_test(trades_are_asked_for_from_an_id_or_a_time_on),
        cmocka_unit_test(trades_are_read),
        cmocka_unit_test(a_played_list_reads_as_it_was),
        cmocka_unit_test(played_trades_fill_a_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
