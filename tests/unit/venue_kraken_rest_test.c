#include "tests/unit/venue_rest_sample.h"

#define TRADES_URL "https://api.kraken.com/0/public/Trades"

/* ---- instrument lists ------------------------------------------------------------------------ */

/* Members as the venue sends them, shortened. */
static const char pairs[] =
    "{\"error\":[],\"result\":{\"XXBTZUSD\":{\"altname\":\"XBTUSD\",\"wsname\":\"XBT/USD\","
    "\"aclass_base\":\"currency\",\"base\":\"XXBT\",\"aclass_quote\":\"currency\",\"quote\":"
    "\"ZUSD\","
    "\"lot\":\"unit\",\"cost_decimals\":5,\"pair_decimals\":1,\"lot_decimals\":8,\"lot_"
    "multiplier\":"
    "1,\"fees\":[[0,0.4],[10000,0.35]],\"ordermin\":\"0.00005\",\"tick_size\":\"0.1\",\"status\":"
    "\"online\"},"
    "\"XXDGXXBT\":{\"status\":\"post_only\",\"pair_decimals\":10,\"wsname\":\"XDG/"
    "XBT\",\"altname\":"
    "\"XDGXBT\"},"
    "\"AAPLxUSD\":{\"altname\":\"AAPLxUSD\",\"wsname\":\"AAPLx/USD\",\"tick_size\":\"0.01\"},"
    "\"XBTUSD.d\":{\"altname\":\"XBTUSD.d\",\"pair_decimals\":1},"
    "\"BAD\":{\"altname\":\"BAD\",\"wsname\":\"BAD\"},\"WORSE\":7}}";

static void the_list_brings_v1_names_to_those_of_v2(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("kraken", 0, "/0/public/AssetPairs");
    assert_list_target("kraken", 1, NULL);
    assert_ok(rest_list("kraken", "https://h/0/public/AssetPairs", pairs, &list));
    assert_int_equal(list.count, 3); /* no wsname: not on the feed */
    const struct instrument *btc = instrument_list_name(&list, "BTC-USD");
    assert_string_equal(btc->symbol, "BTC/USD");
    assert_string_equal(btc->request_symbol, "XBTUSD");
    assert_string_equal(btc->base, "BTC");
    assert_decimal(btc->price_tick, "0.1");
    assert_decimal(btc->quantity_step, "0.00000001");
    assert_true(btc->trading);
    const struct instrument *doge = instrument_list_name(&list, "DOGE-BTC");
    assert_string_equal(doge->symbol, "DOGE/BTC");
    assert_string_equal(doge->request_symbol, "XDGXBT");
    assert_decimal(doge->price_tick, "0.0000000001");
    assert_false(doge->trading);
    assert_string_equal(instrument_list_name(&list, "AAPLX-USD")->symbol, "AAPLx/USD");
    instrument_list_release(&list);
}

static void the_list_of_v1_keeps_its_spelling(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("kraken-v1", 0, "/0/public/AssetPairs");
    assert_ok(rest_list("kraken-v1", "https://h/0/public/AssetPairs", pairs, &list));
    assert_int_equal(list.count, 3);
    assert_string_equal(instrument_list_name(&list, "BTC-USD")->symbol, "XBT/USD");
    assert_string_equal(instrument_list_name(&list, "BTC-USD")->request_symbol, "XBTUSD");
    assert_string_equal(instrument_list_name(&list, "DOGE-BTC")->symbol, "XDG/XBT");
    instrument_list_release(&list);
}

static void what_is_no_list_adds_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"{\"error\":[\"EGeneral:Too many requests\"]}", "EGeneral:Too many requests"},
        {"{\"error\":[],\"result\":[]}", "'result' is not an object"},
        {"{\"error\":[]}", "'result' is missing"},
        {"{\"result\":{}}", "'error' is missing"},
        {"[]", "not a JSON object"},
    };
    struct instrument_list list;
    instrument_list_init(&list);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_err(ERR_DAMAGED, rest_list("kraken", "u", cases[i].text, &list));
        assert_non_null(strstr(err_text(ERR_DAMAGED), cases[i].reason));
    }
    char text[sizeof pairs];
    for (size_t size = 0; size < sizeof pairs - 1; size++) {
        memcpy(text, pairs, size);
        text[size] = '\0';
        assert_err(ERR_DAMAGED, rest_list("kraken", "u", text, &list));
    }
    assert_int_equal(list.count, 0);
    instrument_list_release(&list);
}

/* ---- repair ---------------------------------------------------------------------------------- */

static void holes_are_asked_for_by_time(void **state)
{
    (void)state;
    struct instrument doge;
    venue_find("kraken")->describe("DOGE/BTC", &doge);
    assert_string_equal(doge.request_symbol, "XDGXBT");
    struct venue_hole hole = {
        &doge, "trade", 5, 9, INT64_C(1762795433971744000), INT64_C(1762795457846737000), 0};
    assert_repair("kraken", &hole,
                  "/0/public/Trades?pair=XDGXBT&since=1762795433971744000&count=1000");
    hole.from_ns = INT64_MIN;
    assert_repair("kraken", &hole, "/0/public/Trades?pair=XDGXBT&since=0&count=1000");
    assert_true(venue_find("kraken")->rest->trades_ascending);
    assert_null(venue_find("kraken-v1")->rest->trades);
}

static void the_list_names_the_pair_of_an_answer(void **state)
{
    (void)state;
    static const char body[] =
        "{\"error\":[],\"result\":{\"WHATEVER\":[[\"105433.60000\",\"0.00027625\","
        "1762795433.9717445,\"b\",\"l\",\"\",10218208]],\"last\":\"1762820035982277754\"}}";
    static const struct {
        const char *query, *symbol;
    } cases[] = {
        {"?pair=XBTUSD&since=1", "BTC/USD"},
        {"?pair=XDGXBT", "DOGE/BTC"},
        {"?pair=NOPE", "WHATEVER"},
        {"", "WHATEVER"},
    };
    struct instrument_list list;
    instrument_list_init(&list);
    assert_ok(rest_list("kraken", "u", pairs, &list));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[256];
        struct venue_frame frame;
        venue_frame_init(&frame);
        snprintf(url, sizeof url, TRADES_URL "%s", cases[i].query);
        assert_ok(venue_find("kraken")->decode_http(url, (const uint8_t *)body, sizeof body - 1,
                                                    &list, &frame));
        assert_int_equal(frame.trade_count, 1);
        assert_string_equal(frame.trades[0].symbol, cases[i].symbol);
        assert_int_equal(frame.trades[0].source_ns, INT64_C(1762795433971744500));
        venue_frame_release(&frame);
    }
    instrument_list_release(&list);
}

/* ---- playing --------------------------------------------------------------------------------- */

static const char *const symbols[] = {"BTC/USD", "DOGE/BTC", "AAPLx/USD"};
static const char *const v1_symbols[] = {"XBT/USD", "XDG/XBT", "ETH/EUR"};

static void trades_are_written_as_the_venue_does(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("kraken", symbols, 1);
    rest_past_fill(past, "BTC/USD", 400, NS_PER_US, 0);
    struct venue_writing writing = {.channel = "trade", .venue_ns = SAMPLE_WALL_NS};
    assert_written_trades("kraken", past, &writing, 0);
    writing.snapshot = true;
    assert_written_trades("kraken", past, &writing, TRADE_SNAPSHOT);
    free(past);
    past = rest_past_new("kraken-v1", v1_symbols, 1);
    rest_past_fill(past, "XBT/USD", 400, NS_PER_US, 0);
    for (size_t i = 0; i < past->trade_count; i++) {
        struct trade *trade = &past->trades[i];
        trade->has_id = false;
        trade->id = trade->first_id = trade->last_id = 0;
        if (i > 0) { /* without ids the order of equal times is that of arrival */
            trade->source_ns += trade->source_ns == trade[-1].source_ns;
            trade->source_ns -= trade->source_ns % NS_PER_US;
        }
    }
    assert_written_trades("kraken-v1", past, &writing, 0);
    free(past);
}

static void a_written_frame_is_byte_for_byte_one_of_the_venue(void **state)
{
    (void)state;
    /* From the manual, and one received on 2021-04-17 but for its channel's number. */
    static const char *const frames[][2] = {
        {"kraken",
         "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"MATIC/USD\",\"side\":"
         "\"sell\",\"price\":0.5117,\"qty\":40.0,\"ord_type\":\"market\",\"trade_id\":4665906,"
         "\"timestamp\":\"2023-09-25T07:49:37.708706Z\"}]}"},
        {"kraken-v1",
         "[0,[[\"354.04000000\",\"0.28245396\",\"1618678150.826417\",\"s\",\"m\",\"\"],["
         "\"353.81000000\",\"1.71754604\",\"1618678150.827816\",\"s\",\"m\",\"\"]],\"trade\","
         "\"XMR/USD\"]"},
    };
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < 2; i++) {
        size_t count = 0;
        struct venue_writing writing = {.channel = "trade"};
        struct venue_frame frame = sample_decode(frames[i][0], frames[i][1]);
        assert_ok(
            venue_find(frames[i][0])
                ->serving->write_trades(&writing, frame.trades, frame.trade_count, &count, &out));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, frames[i][1]);
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

static void the_list_goes_out_and_back(void **state)
{
    (void)state;
    static const char *const venues[] = {"kraken", "kraken-v1"};
    for (size_t i = 0; i < 2; i++) {
        struct rest_past *past = rest_past_new(venues[i], i == 0 ? symbols : v1_symbols, 3);
        assert_answered_list(venues[i], past);
        past->instruments[0].price_tick = (struct decimal){1, 1};
        past->instruments[0].quantity_step = (struct decimal){1, 8};
        past->instruments[1].quantity_step = (struct decimal){100, 8};
        past->instruments[2].trading = false;
        assert_answered_list(venues[i], past);
        free(past);
    }
}

static void trades_are_answered_by_time(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("kraken", symbols, 2);
    rest_past_fill(past, "BTC/USD", 2500, NS_PER_US, 0);
    char target[256];
    assert_answered_trades("kraken", past, "/0/public/Trades?pair=XBTUSD", 1500, 1000);
    assert_answered_trades("kraken", past, "/0/public/Trades?pair=BTC%2FUSD&count=3", 2497, 3);
    size_t first = 40;
    while (past->trades[first - 1].source_ns == past->trades[first].source_ns) {
        first++;
    }
    snprintf(target, sizeof target, "/0/public/Trades?pair=XBTUSD&since=%lld&count=1000",
             (long long)past->trades[first].source_ns);
    assert_answered_trades("kraken", past, target, first, 1000);
    snprintf(target, sizeof target, "/0/public/Trades?pair=XBTUSD&since=%lld&count=2",
             (long long)(past->trades[0].source_ns / NS_PER_S));
    assert_answered_trades("kraken", past, target, 0, 2);
    snprintf(target, sizeof target, "/0/public/Trades?pair=XBTUSD&since=%lld",
             (long long)past->trades[2499].source_ns + 1);
    assert_answered_trades("kraken", past, target, 0, 0);
    assert_answered_trades("kraken", past, "/0/public/Trades?pair=XDGXBT", 0, 0);
    free(past);
}

static void a_page_says_where_the_next_one_begins(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("kraken", symbols, 1);
    past->trades[past->trade_count++] = (struct trade){
        .symbol = "BTC/USD",
        .has_id = true,
        .id = 10218208,
        .source_ns = INT64_C(1762795433971744500),
        .price = {10543360000, 5},
        .quantity = {27625, 8},
        .taker = TAKER_BUY,
    };
    assert_answer_text("kraken", past, "/0/public/Trades?pair=XBTUSD", 200,
                       "{\"error\":[],\"result\":{\"XBTUSD\":[[\"105433.60000\",\"0.00027625\","
                       "1762795433.9717445,\"b\",\"l\",\"\",10218208]],\"last\":"
                       "\"1762795433971744500\"}}");
    assert_answer_text("kraken", past, "/0/public/Trades?pair=NOPE", 200,
                       "{\"error\":[\"EQuery:Unknown asset pair\"]}");
    assert_answer_text("kraken", past, "/0/public/Trades", 200,
                       "{\"error\":[\"EQuery:Unknown asset pair\"]}");
    assert_answer_text("kraken", past, "/0/public/AssetPairs?pair=NOPE", 200,
                       "{\"error\":[\"EQuery:Unknown asset pair\"]}");
    assert_answer_text("kraken", past, "/0/public/Trades?pair=XBTUSD&since=x", 200,
                       "{\"error\":[\"EGeneral:Invalid arguments:since\"]}");
    assert_answer_text("kraken", past, "/0/public/Trades?pair=XBTUSD&count=x", 200,
                       "{\"error\":[\"EGeneral:Invalid arguments:count\"]}");
    assert_no_answer("kraken", past, "GET", "/0/public/Depth");
    assert_no_answer("kraken", past, "POST", "/0/public/Trades?pair=XBTUSD");
    free(past);
}

static void a_long_hole_is_repaired_page_by_page(void **state)
{
    (void)state;
    assert_int_equal(assert_repairs_many("kraken", "BTC/USD", "trade", NS_PER_US), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_brings_v1_names_to_those_of_v2),
        cmocka_unit_test(the_list_of_v1_keeps_its_spelling),
        cmocka_unit_test(what_is_no_list_adds_nothing),
        cmocka_unit_test(holes_are_asked_for_by_time),
        cmocka_unit_test(the_list_names_the_pair_of_an_answer),
        cmocka_unit_test(trades_are_written_as_the_venue_does),
        cmocka_unit_test(a_written_frame_is_byte_for_byte_one_of_the_venue),
        cmocka_unit_test(the_list_goes_out_and_back),
        cmocka_unit_test(trades_are_answered_by_time),
        cmocka_unit_test(a_long_hole_is_repaired_page_by_page),
        cmocka_unit_test(a_page_says_where_the_next_one_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
