#include "tests/unit/venue_rest_sample.h"

#define HOST   "https://api.kucoin.com"
#define LIST   "/api/v2/symbols"
#define TRADES "/api/v1/market/histories?symbol="

static void the_list_says_what_things_are(void **state)
{
    (void)state;
    static const char text[] =
        "{\"code\":\"200000\",\"data\":[{\"symbol\":\"BTC-USDT\",\"name\":\"BTC-USDT\","
        "\"baseCurrency\":\"BTC\",\"quoteCurrency\":\"USDT\",\"feeCurrency\":\"USDT\",\"market\":"
        "\"USDS\",\"baseMinSize\":\"0.00001\",\"baseIncrement\":\"0.00000001\",\"quoteIncrement\":"
        "\"0.000001\",\"priceIncrement\":\"0.1\",\"priceLimitRate\":\"0.1\",\"minFunds\":null,"
        "\"isMarginEnabled\":true,\"enableTrading\":true},{\"symbol\":\"BCHSV-USDT\",\"name\":"
        "\"BSV-USDT\",\"baseCurrency\":\"BCHSV\",\"quoteCurrency\":\"USDT\",\"enableTrading\":"
        "false},{\"name\":\"no symbol\"},7]}";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("kucoin", 0, LIST);
    assert_list_target("kucoin", 1, NULL);
    assert_ok(rest_list("kucoin", HOST LIST, text, &list));
    assert_int_equal(list.count, 2);
    const struct instrument *item = instrument_list_name(&list, "BTC-USDT");
    assert_non_null(item);
    assert_true(item->kind == INSTRUMENT_SPOT && item->trading);
    assert_true(item->volume_unit == VOLUME_BASE);
    assert_decimal(item->price_tick, "0.1");
    assert_decimal(item->quantity_step, "0.00000001");
    item = instrument_list_symbol(&list, "BCHSV-USDT");
    assert_true(item && !item->trading);
    assert_decimal(item->price_tick, "0");
    instrument_list_release(&list);
}

static void an_answer_that_is_no_list_is_an_error(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   "[",
                                        "{}", "{\"code\":\"429000\",\"msg\":\"too many requests\"}",
                                        "7",  "{\"code\":\"200000\",\"data\":{}}"};
    struct instrument_list list;
    instrument_list_init(&list);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_err(ERR_DAMAGED, rest_list("kucoin", HOST LIST, texts[i], &list));
    }
    assert_int_equal(list.count, 0);
    instrument_list_release(&list);
}

static void the_newest_trades_are_all_there_are(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("kucoin")->describe("BTC-USDT", &instrument);
    struct venue_hole hole = {.instrument = &instrument, .channel = "/market/match"};
    assert_repair("kucoin", &hole, TRADES "BTC-USDT");
    assert_true(venue_find("kucoin")->rest->trades_once);
}

static void histories_are_read(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "kucoin", HOST TRADES "BTC-USDT",
        "{\"code\":\"200000\",\"data\":[{\"sequence\":\"10976028003549185\",\"price\":\"67122\","
        "\"size\":\"0.000025\",\"side\":\"buy\",\"time\":1729177117877000001},{\"sequence\":"
        "\"10976028003549188\",\"price\":\"67121.9\",\"size\":\"0.01792257\",\"side\":\"sell\","
        "\"time\":1729177117877000001}]}");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "/market/match");
    assert_string_equal(frame.symbol, "BTC-USDT");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-USDT", "67122", "0.000025",
                                         UINT64_C(10976028003549185), INT64_C(1729177117877000001),
                                         TAKER_BUY, TRADE_BACKFILL});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"BTC-USDT", "67121.9", "0.01792257",
                                         UINT64_C(10976028003549188), INT64_C(1729177117877000001),
                                         TAKER_SELL, TRADE_BACKFILL});
    venue_frame_release(&frame);
    frame = sample_http("kucoin", HOST TRADES "NOPE",
                        "{\"code\":\"400100\",\"msg\":\"symbol not exists\"}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "400100: symbol not exists");
    venue_frame_release(&frame);
    frame = sample_http("kucoin", HOST TRADES "A-B", "{\"code\":\"200000\",\"data\":null}");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
    frame =
        sample_http("kucoin", HOST "/api/v1/market/histories", "{\"code\":\"200000\",\"data\":[]}");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
    frame = sample_http("kucoin", HOST "/api/v1/bullet-public",
                        "{\"code\":\"200000\",\"data\":{\"token\":\"t\"}}");
    assert_int_equal(frame.kind, VENUE_STATUS);
    venue_frame_release(&frame);
}

static void a_played_list_reads_as_it_was(void **state)
{
    (void)state;
    static const char *const symbols[] = {"BTC-USDT", "ETH-BTC"};
    struct rest_past *past = rest_past_new("kucoin", symbols, 2);
    past->instruments[0].price_tick = (struct decimal){1, 1};
    past->instruments[0].quantity_step = (struct decimal){1, 8};
    past->instruments[1].trading = false;
    assert_answered_list("kucoin", past);
    free(past);
}

static void played_histories_are_the_newest_hundred(void **state)
{
    (void)state;
    const char *symbol = "BTC-USDT";
    struct rest_past *past = rest_past_new("kucoin", &symbol, 1);
    rest_past_fill(past, symbol, 250, 7, 0);
    assert_answered_trades("kucoin", past, TRADES "BTC-USDT", 150, 100);
    assert_answer_text("kucoin", past, TRADES "NOPE", 400,
                       "{\"code\":\"400100\",\"msg\":\"symbol not exists\"}");
    assert_answer_text("kucoin", past, "/api/v1/market/histories", 400,
                       "{\"code\":\"400100\",\"msg\":\"symbol not exists\"}");
    assert_no_answer("kucoin", past, "GET", "/api/v1/bullet-public");
    assert_no_answer("kucoin", past, "POST", LIST);
    assert_no_answer("kucoin", past, "GET", "/api/v1/market/candles");
    free(past);
}

/* The address in the answer is that of whoever was asked. */
static void a_played_handshake_leads_back(void **state)
{
    (void)state;
    const struct venue *venue = venue_find("kucoin");
    struct venue_past past = {0};
    struct buf body, url;
    int status = 0;
    int64_t ping_ns = 0;
    buf_init(&body, 4096);
    buf_init(&url, 4096);
    assert_ok(venue->serving->answer("POST", "/api/v1/bullet-public", "127.0.0.1:9101",
                                     SAMPLE_WALL_NS, &past, &status, &body));
    assert_int_equal(status, 200);
    assert_ok(venue->recording->handshake->address(body.data, body.size, 5, &url, &ping_ns));
    assert_ok(buf_terminate(&url));
    assert_string_equal((const char *)url.data,
                        "ws://127.0.0.1:9101/endpoint?token=played&connectId=5");
    static const char *const bad[] = {"", "a/b", "a@b", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_ok(venue->serving->answer("POST", "/api/v1/bullet-public", bad[i], SAMPLE_WALL_NS,
                                         &past, &status, &body));
        assert_int_equal(status, 400);
    }
    buf_release(&body);
    buf_release(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_says_what_things_are),
        cmocka_unit_test(an_answer_that_is_no_list_is_an_error),
        cmocka_unit_test(the_newest_trades_are_all_there_are),
        cmocka_unit_test(histories_are_read),
        cmocka_unit_test(a_played_list_reads_as_it_was),
        cmocka_unit_test(played_histories_are_the_newest_hundred),
        cmocka_unit_test(a_played_handshake_leads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
