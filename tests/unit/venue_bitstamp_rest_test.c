#include "tests/unit/venue_rest_sample.h"

#define LIST "/api/v2/markets/"
#define HOST "https://www.bitstamp.net"

static void the_list_says_what_things_are(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"base_currency\":\"BTC\",\"base_decimals\":8,\"counter_currency\":\"USD\","
        "\"counter_decimals\":0,\"description\":\"Bitcoin / U.S. dollar\",\"instant_and_market_"
        "orders\":\"Enabled\",\"instant_order_counter_decimals\":2,\"market_symbol\":\"btcusd\","
        "\"market_type\":\"SPOT\",\"minimum_order_value\":\"10\",\"name\":\"BTC/USD\",\"trading\":"
        "\"Enabled\"},{\"base_currency\":\"BTC\",\"base_decimals\":8,\"counter_currency\":\"USD\","
        "\"counter_decimals\":0,\"market_symbol\":\"btcusd-perp\",\"market_type\":\"PERPETUAL\","
        "\"name\":\"BTC/USD-PERP\",\"trading\":\"Disabled\"},{\"name\":\"no symbol\"},7]";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("bitstamp", 0, LIST);
    assert_list_target("bitstamp", 1, NULL);
    assert_ok(rest_list("bitstamp", HOST LIST, text, &list));
    assert_int_equal(list.count, 2);
    const struct instrument *item = instrument_list_name(&list, "BTC-USD");
    assert_non_null(item);
    assert_string_equal(item->symbol, "btcusd");
    assert_true(item->kind == INSTRUMENT_SPOT && item->trading);
    assert_decimal(item->price_tick, "1");
    assert_decimal(item->quantity_step, "0.00000001");
    item = instrument_list_name(&list, "BTC-USD-PERP");
    assert_non_null(item);
    assert_true(item->volume_unit == VOLUME_BASE && !item->trading);
    instrument_list_release(&list);
}

/* The list that was there before has "name": "BTC/USD" alone. */
static void the_older_list_is_read_too(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_true(venue_find("bitstamp")->rest->is_list(HOST "/api/v2/trading-pairs-info/"));
    assert_ok(rest_list("bitstamp", HOST "/api/v2/trading-pairs-info/",
                        "[{\"name\":\"USDC/USD\",\"url_symbol\":\"usdcusd\",\"base_decimals\":5,"
                        "\"counter_decimals\":5,\"minimum_order\":\"10.00000 USD\",\"trading\":"
                        "\"Enabled\"}]",
                        &list));
    const struct instrument *item = instrument_list_name(&list, "USDC-USD");
    assert_non_null(item);
    assert_string_equal(item->symbol, "usdcusd");
    assert_decimal(item->price_tick, "0.00001");
    instrument_list_release(&list);
}

static void an_answer_that_is_no_list_is_an_error(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[", "[{]", "{\"status\":\"error\"}", "7", "null"};
    struct instrument_list list;
    instrument_list_init(&list);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_err(ERR_DAMAGED, rest_list("bitstamp", HOST LIST, texts[i], &list));
    }
    assert_int_equal(list.count, 0);
    instrument_list_release(&list);
}

static struct venue_hole hole_of(const struct instrument *instrument, int64_t from_s, int64_t to_s)
{
    return (struct venue_hole){.instrument = instrument,
                               .channel = "live_trades",
                               .from_ns = SAMPLE_WALL_NS - from_s * NS_PER_S,
                               .to_ns = SAMPLE_WALL_NS - to_s * NS_PER_S,
                               .now_ns = SAMPLE_WALL_NS};
}

static void the_shortest_span_that_reaches_back_is_asked_for(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("bitstamp")->describe("btcusd", &instrument);
    static const struct {
        int64_t from_s, to_s;
        const char *span;
    } cases[] = {{20, 10, "minute"},
                 {55, 10, "hour"},
                 {3500, 10, "day"},
                 {2 * 86400, 3600, "day"},
                 {49, 0, "minute"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[128];
        struct venue_hole hole = hole_of(&instrument, cases[i].from_s, cases[i].to_s);
        snprintf(expected, sizeof expected, "/api/v2/transactions/btcusd/?time=%s", cases[i].span);
        assert_repair("bitstamp", &hole, expected);
    }
    struct venue_hole old = hole_of(&instrument, 3 * 86400, 2 * 86400);
    assert_repair("bitstamp", &old, NULL);
    assert_true(venue_find("bitstamp")->rest->trades_once);
}

static void transactions_are_read(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "bitstamp", HOST "/api/v2/transactions/btcusd/?time=hour",
        "[{\"date\":\"1643640187\",\"tid\":\"209565169\",\"amount\":\"0.50000000\",\"type\":\"1\","
        "\"price\":\"38001.5\"},{\"date\":1643640186,\"tid\":209565168,\"amount\":\"0.1\",\"type\":"
        "0,\"price\":\"38000\"}]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "live_trades");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0], &(struct sample_trade){"btcusd", "38000", "0.1", 209565168,
                                                           INT64_C(1643640186) * NS_PER_S,
                                                           TAKER_BUY, TRADE_BACKFILL});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"btcusd", "38001.5", "0.50000000", 209565169,
                                         INT64_C(1643640187) * NS_PER_S, TAKER_SELL,
                                         TRADE_BACKFILL});
    venue_frame_release(&frame);
    frame = sample_http("bitstamp", HOST "/api/v2/transactions/btcusd/",
                        "{\"status\":\"error\",\"reason\":\"Invalid\",\"code\":\"API0001\"}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "Invalid: API0001");
    venue_frame_release(&frame);
    frame = sample_http("bitstamp", HOST "/api/v2/transactions/btcusd/",
                        "[{\"date\":\"1\",\"tid\":\"x\",\"amount\":\"1\",\"type\":\"0\","
                        "\"price\":\"1\"}]");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
    frame = sample_http("bitstamp", HOST "/api/v2/ticker/", "[{}]");
    assert_int_equal(frame.kind, VENUE_DATA);
    venue_frame_release(&frame);
    frame = sample_http("bitstamp", HOST "/api/v2/order_book/btcusd/", "{\"bids\":[}");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
}

static struct rest_past *past_new(void)
{
    static const char *const symbols[] = {"btcusd", "btcusd-perp", "ethusd"};
    struct rest_past *past = rest_past_new("bitstamp", symbols, 3);
    for (size_t i = 0; i < 2; i++) {
        memcpy(past->instruments[i].base, "BTC", 4);
        memcpy(past->instruments[i].quote, "USD", 4);
        instrument_name(&past->instruments[i], past->instruments[i].name);
        past->instruments[i].price_tick = (struct decimal){1, 2};
        past->instruments[i].quantity_step = (struct decimal){1, 8};
    }
    past->instruments[1].trading = false;
    return past;
}

static void a_played_list_reads_as_it_was(void **state)
{
    (void)state;
    struct rest_past *past = past_new();
    assert_answered_list("bitstamp", past);
    free(past);
}

static void played_transactions_are_those_of_the_span(void **state)
{
    (void)state;
    struct rest_past *past = past_new();
    rest_past_fill(past, "btcusd", 100, NS_PER_S, 0);
    for (size_t i = 0; i < 100; i++) { /* the last is a second old, each other one second older */
        past->trades[i].source_ns =
            SAMPLE_WALL_NS / NS_PER_S * NS_PER_S - (int64_t)(100 - i) * NS_PER_S;
    }
    assert_answered_trades("bitstamp", past, "/api/v2/transactions/btcusd/?time=hour", 0, 100);
    assert_answered_trades("bitstamp", past, "/api/v2/transactions/btcusd/", 0, 100);
    assert_answered_trades("bitstamp", past, "/api/v2/transactions/btcusd/?time=minute", 41, 59);
    assert_answered_trades("bitstamp", past, "/api/v2/transactions/ethusd/?time=day", 0, 0);
    assert_answer_text("bitstamp", past, "/api/v2/transactions/btcusd/?time=year", 400,
                       "{\"status\":\"error\",\"reason\":\"Invalid time.\"}");
    assert_answer_text("bitstamp", past, "/api/v2/transactions/nope/", 404,
                       "{\"status\":\"error\",\"reason\":\"Currency pair not found.\"}");
    assert_no_answer("bitstamp", past, "POST", "/api/v2/transactions/btcusd/");
    assert_no_answer("bitstamp", past, "GET", "/api/v2/order_book/btcusd/");
    free(past);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_says_what_things_are),
        cmocka_unit_test(the_older_list_is_read_too),
        cmocka_unit_test(an_answer_that_is_no_list_is_an_error),
        cmocka_unit_test(the_shortest_span_that_reaches_back_is_asked_for),
        cmocka_unit_test(transactions_are_read),
        cmocka_unit_test(a_played_list_reads_as_it_was),
        cmocka_unit_test(played_transactions_are_those_of_the_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
