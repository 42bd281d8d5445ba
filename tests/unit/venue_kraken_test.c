#include "tests/unit/venue_sample.h"

static const char update[] =
    "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"MATIC/"
    "USD\",\"side\":\"sell\","
    "\"price\":0.5117,\"qty\":40.0,\"ord_type\":\"market\",\"trade_id\":4665906,\"timestamp\":"
    "\"2023-09-25T07:49:37.708706Z\"}]}";

/* 2023-09-25T07:49:37Z, from `date -u -d`. */
#define UPDATE_NS (INT64_C(1695628177) * 1000000000 + 708706000)

static void a_v2_trade_keeps_the_digits_of_its_numbers(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("kraken", update);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trade");
    assert_string_equal(frame.symbol, "MATIC/USD");
    assert_sample(&frame.trades[0], &(struct sample_trade){"MATIC/USD", "0.5117", "40.0", 4665906,
                                                           UPDATE_NS, TAKER_SELL, 0});
    venue_frame_release(&frame);
}

#define ROW(side, price, qty, id, time)                                                            \
    "{\"symbol\":\"BTC/USDT\",\"side\":" side ",\"price\":" price ",\"qty\":" qty ",\"ord_type\":" \
    "\"limit\",\"trade_id\":" id ",\"timestamp\":" time "}"
#define TIME(fraction) "\"2023-09-25T07:49:37" fraction "Z\""
#define SNAPSHOT(rows) "{\"channel\":\"trade\",\"type\":\"snapshot\",\"data\":[" rows "]}"

static void a_snapshot_is_marked_and_sorted(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "kraken",
        SNAPSHOT(ROW("\"buy\"", "105944.20", "1e-10", "18446744073709551615",
                     TIME(".708706")) "," ROW("\"sell\"", "1.5E3", "0.00012460", "7", TIME(".7"))));
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC/USDT", "1500", "0.00012460", 7, UPDATE_NS - 8706000,
                                         TAKER_SELL, TRADE_SNAPSHOT});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"BTC/USDT", "105944.20", "0.0000000001", UINT64_MAX,
                                         UPDATE_NS, TAKER_BUY, TRADE_SNAPSHOT});
    venue_frame_release(&frame);
}

static void other_v2_frames_are_told_apart(void **state)
{
    (void)state;
    assert_kind("kraken",
                "{\"channel\":\"status\",\"data\":[{\"api_version\":\"v2\",\"connection_id\":"
                "13834774380200032777,\"system\":\"online\",\"version\":\"2.0.0\"}],\"type\":"
                "\"update\"}",
                VENUE_STATUS, "status", "");
    assert_kind("kraken", "{\"channel\":\"heartbeat\"}", VENUE_HEARTBEAT, "heartbeat", "");
    assert_kind("kraken", "{\"method\":\"pong\",\"req_id\":42}", VENUE_HEARTBEAT, "", "");
    assert_kind("kraken",
                "{\"method\":\"subscribe\",\"result\":{\"channel\":\"trade\",\"snapshot\":true,"
                "\"symbol\":\"MATIC/USD\"},\"success\":true,\"time_in\":"
                "\"2023-09-25T09:21:10.428340Z\",\"time_out\":\"2023-09-25T09:21:10.428375Z\"}",
                VENUE_ACK, "trade", "MATIC/USD");
    assert_kind(
        "kraken",
        "{\"channel\":\"ohlc\",\"type\":\"update\",\"timestamp\":"
        "\"2026-10-06T18:06:02.918011Z\",\"data\":[{\"symbol\":\"BTC/USD\",\"open\":85754.8,"
        "\"timestamp\":\"2026-10-06T18:07:00.000000Z\"}]}",
        VENUE_DATA, "ohlc", "BTC/USD");
    assert_kind("kraken",
                "{\"channel\":\"instrument\",\"type\":\"snapshot\",\"data\":{\"pairs\":[]}}",
                VENUE_DATA, "instrument", "");
    assert_kind("kraken", "{\"channel\":\"news\",\"data\":7}", VENUE_OTHER, "news", "");
    assert_refusal("kraken",
                   "{\"error\":\"Currency pair not supported XBT/USD\",\"method\":\"subscribe\","
                   "\"success\":false,\"symbol\":\"XBT/USD\",\"time_in\":"
                   "\"2026-10-06T17:39:49.588049Z\",\"time_out\":\"2026-10-06T17:39:49.588083Z\"}",
                   "Currency pair not supported XBT/USD");
    assert_refusal("kraken", "{\"Error\":\"Exceeded msg rate\"}", "Exceeded msg rate");
    assert_refusal("kraken", "{\"method\":\"subscribe\",\"success\":false}", "refused");
}

static void the_time_of_a_frame_is_the_exchanges(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "kraken", "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\","
                  "\"timestamp\":\"2023-09-25T07:49:37.708706Z\"}]}");
    assert_int_equal(frame.source_ns, UPDATE_NS);
    venue_frame_release(&frame);
    /* An empty ticker has carried the time 0. */
    frame = sample_decode("kraken", "{\"channel\":\"ticker\",\"type\":\"update\",\"data\":[{"
                                    "\"symbol\":\"BTC/USD\",\"timestamp\":"
                                    "\"1970-01-01T00:00:00.000000Z\"}]}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, RECORD_NO_TIME);
    venue_frame_release(&frame);
}

static void a_wrong_member_of_a_v2_trade_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {SNAPSHOT(ROW("\"buy\"", "\"1\"", "1", "1", TIME(""))), "'price' is not a number"},
        {SNAPSHOT(ROW("\"b\"", "1", "1", "1", TIME(""))), "'side' is no side"},
        {SNAPSHOT(ROW("\"buy\"", "1", "-1", "1", TIME(""))), "below zero"},
        {SNAPSHOT(ROW("\"buy\"", "1e400", "1", "1", TIME(""))), "'price' has too many digits"},
        {SNAPSHOT(ROW("\"buy\"", "1", "1", "1.0", TIME(""))), "'trade_id' is not a whole number"},
        {SNAPSHOT(ROW("\"buy\"", "1", "1", "1", "7")), "'timestamp' is not a string"},
        {SNAPSHOT("7"), "not a JSON object"},
        {"{\"channel\":\"trade\",\"type\":\"update\"}", "'data' is missing"},
        {"{\"channel\":\"trade\",\"data\":[]}", "'type' is missing"},
        {"{\"channel\":[]}", "'channel' is not a string"},
        {"[1,[],\"trade\",\"XBT/USD\"]", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_malformed("kraken", cases[i].text, cases[i].reason);
    }
}

/* ---- v1 -------------------------------------------------------------------------------------- */

static const char v1_trades[] =
    "[993,[[\"354.04000000\",\"0.28245396\",\"1618678150.826417\",\"s\",\"m\",\"\"],[\"353."
    "81000000\","
    "\"1.71754604\",\"1618678150.827816\",\"b\",\"l\",\"\"]],\"trade\",\"XMR/USD\"]";

static void a_v1_frame_is_told_by_its_last_element(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("kraken-v1", v1_trades);
    assert_int_equal(frame.trade_count, 2);
    assert_string_equal(frame.channel, "trade");
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"XMR/USD", "354.04000000", "0.28245396", 0,
                                         INT64_C(1618678150826417000), TAKER_SELL, 0});
    assert_int_equal(frame.trades[1].taker, TAKER_BUY);
    assert_false(frame.trades[0].has_id);
    assert_int_equal(frame.source_ns, INT64_C(1618678150827816000));
    venue_frame_release(&frame);
    assert_int_equal(venue_find("kraken-v1")->ids, IDS_NONE);
}

static void other_v1_frames_are_told_apart(void **state)
{
    (void)state;
    assert_kind("kraken-v1",
                "{\"connectionID\":18239578009413566319,\"event\":\"systemStatus\",\"status\":"
                "\"online\",\"version\":\"1.8.3\"}",
                VENUE_STATUS, "status", "");
    assert_kind("kraken-v1", "{\"event\":\"heartbeat\"}", VENUE_HEARTBEAT, "heartbeat", "");
    assert_kind("kraken-v1",
                "{\"channelID\":1665,\"channelName\":\"trade\",\"event\":\"subscriptionStatus\","
                "\"pair\":\"WAVES/EUR\",\"status\":\"subscribed\",\"subscription\":{\"name\":"
                "\"trade\"}}",
                VENUE_ACK, "trade", "WAVES/EUR");
    assert_refusal("kraken-v1",
                   "{\"errorMessage\":\"Currency pair not supported X/Y\",\"event\":"
                   "\"subscriptionStatus\",\"pair\":\"X/Y\",\"status\":\"error\"}",
                   "Currency pair not supported X/Y");
    static const char book[] =
        "[320,{\"a\":[[\"38800.00000\",\"0.02203518\",\"1622766170.577187\"]]},{\"b\":[["
        "\"38800.00000\",\"0.03017320\",\"1622766170.577304\"]],\"c\":\"2479000840\"},\"book-25\","
        "\"XBT/USD\"]";
    assert_kind("kraken-v1", book, VENUE_DATA, "book-25", "XBT/USD");
    struct venue_frame frame = sample_decode("kraken-v1", book);
    assert_int_equal(frame.source_ns, INT64_C(1622766170577304000));
    venue_frame_release(&frame);
    assert_malformed("kraken-v1", "[1,2,3]", "does not end with channel and pair");
    assert_malformed("kraken-v1", "[1,[],\"trade\",\"\"]", "does not end with channel and pair");
    assert_malformed("kraken-v1", "[1,2,3,4]", "does not end with channel and pair");
    assert_malformed("kraken-v1", "[1,2,\"trade\",\"A/B\"]", "'data' is not an array");
    assert_malformed("kraken-v1", "[1,[[\"1\",\"1\",\"1618678150.8\"]],\"trade\",\"A/B\"]",
                     "'side' is missing");
    assert_malformed("kraken-v1", "[1,[[\"1\",\"1\",1618678150.8,\"b\"]],\"trade\",\"A/B\"]",
                     "'time' is not a string");
    assert_malformed("kraken-v1", "[1,[7],\"trade\",\"A/B\"]", "not a JSON array");
}

/* ---- names ----------------------------------------------------------------------------------- */

static void v1_has_its_own_codes(void **state)
{
    (void)state;
    assert_names("kraken", "BTC-USD", "BTC/USD");
    assert_names("kraken", "DOGE-EUR", "DOGE/EUR");
    assert_names("kraken-v1", "BTC-USD", "XBT/USD");
    assert_names("kraken-v1", "ETH-BTC", "ETH/XBT");
    assert_names("kraken-v1", "DOGE-USD", "XDG/USD");
    assert_instrument("kraken", "BTCUSD", "BTCUSD");
    assert_instrument("kraken", "/USD", "/USD");
    assert_instrument("kraken", "A/B/C", "A/B/C");
    char out[SYMBOL_MAX];
    assert_err(ERR_UNKNOWN, venue_find("kraken")->symbol("BTC/USD", out));
    assert_err(ERR_UNKNOWN, venue_find("kraken")->symbol("BTC-USD-PERP", out));
}

static void assert_rest_symbol(const char *pair, const char *symbol)
{
    char body[256];
    snprintf(
        body, sizeof body,
        "{\"error\":[],\"result\":{\"%s\":[[\"1\",\"1\",1762795433.9717445,\"b\",\"l\",\"\",5]],"
        "\"last\":\"1762820035982277754\"}}",
        pair);
    struct venue_frame frame = sample_http("kraken", "https://h/0/public/Trades?pair=x", body);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.symbol, symbol);
    venue_frame_release(&frame);
}

static void pairs_of_rest_are_brought_to_the_spelling_of_v2(void **state)
{
    (void)state;
    assert_rest_symbol("XBTUSDT", "BTC/USDT");
    assert_rest_symbol("XXBTZUSD", "BTC/USD");
    assert_rest_symbol("XETHXXBT", "ETH/BTC");
    assert_rest_symbol("XXDGZUSD", "DOGE/USD");
    assert_rest_symbol("XDGUSD", "DOGE/USD");
    assert_rest_symbol("XTZUSD", "XTZ/USD");
    assert_rest_symbol("USDTZUSD", "USDT/USD");
    assert_rest_symbol("ZEURZUSD", "EUR/USD");
    assert_rest_symbol("SOLUSD", "SOL/USD");
    assert_rest_symbol("ADAXBT", "ADA/BTC");
    assert_rest_symbol("BTC/USD", "BTC/USD");
    assert_rest_symbol("XBTUSD.d", "XBTUSD.d");
    assert_rest_symbol("USD", "USD");
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void rest_trades_have_exact_times(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "kraken", "https://api.kraken.com/0/public/Trades?pair=XBTUSDT",
        "{\"error\":[],\"result\":{\"XBTUSDT\":[[\"105433.60000\",\"0.00027625\",1762795433."
        "9717445,"
        "\"b\",\"l\",\"\",10218208],[\"105410.10000\",\"0.00005000\",1762795457,\"s\",\"m\",\"\",0]"
        ",["
        "\"105410.1\",\"1\",1762795458.1,\"s\",\"m\",\"\"]],\"last\":\"1762820035982277754\"}}");
    assert_int_equal(frame.trade_count, 3);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC/USDT", "105433.60000", "0.00027625", 10218208,
                                         INT64_C(1762795433971744500), TAKER_BUY, TRADE_BACKFILL});
    assert_true(frame.trades[0].has_id);
    assert_false(frame.trades[1].has_id); /* id 0: from before they were numbered */
    assert_false(frame.trades[2].has_id);
    assert_int_equal(frame.source_ns, INT64_C(1762795458100000000));
    venue_frame_release(&frame);
}

static void other_rest_answers_are_told_apart(void **state)
{
    (void)state;
    static const char trades[] = "https://h/0/public/Trades?pair=x";
    static const struct {
        const char *url, *body;
        enum venue_frame_kind kind;
    } cases[] = {
        {trades, "{\"error\":[\"EGeneral:Too many requests\"]}", VENUE_ACK},
        {trades, "{\"error\":[],\"result\":{\"X\":[]}}", VENUE_TRADES},
        {trades, "{\"error\":[],\"result\":[]}", VENUE_MALFORMED},
        {trades, "{\"error\":[],\"result\":{\"X\":7}}", VENUE_MALFORMED},
        {trades, "{\"error\":[],\"result\":{\"X\":[[]]}}", VENUE_MALFORMED},
        {trades, "{\"error\":7}", VENUE_MALFORMED},
        {trades, "{\"error\":[],\"result\":{\"\":[]}}", VENUE_MALFORMED},
        {trades, "[]", VENUE_MALFORMED},
        {"https://h/0/public/OHLC?pair=x", "{\"error\":[],\"result\":{}}", VENUE_DATA},
        {"https://h/0/public/Time", "{\"error\":[],\"result\":{}}", VENUE_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct venue_frame frame = sample_http("kraken", cases[i].url, cases[i].body);
        assert_int_equal(frame.kind, cases[i].kind);
        assert_int_equal(strcmp(frame.error, "EGeneral:Too many requests") == 0, i == 0);
        venue_frame_release(&frame);
    }
    assert_null(venue_find("kraken-v1")->decode_http);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void subscribes_with_a_snapshot_and_pings(void **state)
{
    (void)state;
    assert_subscribe("kraken", "trade", "BTC/USD", 0,
                     "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":["
                     "\"BTC/USD\"],\"snapshot\":true},\"req_id\":1}");
    assert_subscribe("kraken", "trade", "BTC/USD", 1, NULL);
    assert_unsubscribe("kraken", "ohlc", "BTC/USD", 0,
                       "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"ohlc\",\"symbol\":["
                       "\"BTC/USD\"]},\"req_id\":9}");
    assert_subscribe("kraken-v1", "trade", "XBT/USD", 0,
                     "{\"event\":\"subscribe\",\"pair\":[\"XBT/USD\"],\"subscription\":{\"name\":"
                     "\"trade\"},\"reqid\":1}");
    assert_subscribe("kraken-v1", "ohlc-1", "XBT/USD", 0,
                     "{\"event\":\"subscribe\",\"pair\":[\"XBT/USD\"],\"subscription\":{\"name\":"
                     "\"ohlc\",\"interval\":1},\"reqid\":1}");
    assert_unsubscribe("kraken-v1", "book-10", "XBT/USD", 0,
                       "{\"event\":\"unsubscribe\",\"pair\":[\"XBT/USD\"],\"subscription\":{"
                       "\"name\":\"book\",\"depth\":10},\"reqid\":9}");
    assert_unsubscribe("kraken-v1", "book-10", "XBT/USD", 1, NULL);
    struct buf out;
    buf_init(&out, 256);
    assert_ok(venue_find("kraken")->recording->keepalive(42, &out));
    assert_ok(buf_terminate(&out));
    assert_string_equal((const char *)out.data, "{\"method\":\"ping\",\"req_id\":42}");
    assert_ok(venue_find("kraken-v1")->recording->keepalive(42, &out));
    assert_ok(buf_terminate(&out));
    assert_string_equal((const char *)out.data, "{\"event\":\"ping\",\"reqid\":42}");
    buf_release(&out);
}

/* What the venue answers to its own subscribe messages, once per symbol. */
static void answers_say_what_they_answer(void **state)
{
    (void)state;
    static const struct {
        const char *venue, *text, *channel, *symbol;
        bool leave, refused;
        uint64_t id;
    } cases[] = {
        {"kraken",
         "{\"method\":\"subscribe\",\"req_id\":7,\"result\":{\"channel\":\"book\",\"depth\":10,"
         "\"snapshot\":true,\"symbol\":\"BTC/USD\"},\"success\":true}",
         "book", "BTC/USD", false, false, 7},
        {"kraken",
         "{\"method\":\"unsubscribe\",\"req_id\":8,\"result\":{\"channel\":\"trade\",\"symbol\":"
         "\"BTC/USD\"},\"success\":true}",
         "trade", "BTC/USD", true, false, 8},
        {"kraken",
         "{\"error\":\"Subscription Not Found\",\"method\":\"unsubscribe\",\"req_id\":9,"
         "\"success\":false,\"symbol\":\"BTC/USD\"}",
         "", "BTC/USD", true, true, 9},
        {"kraken-v1",
         "{\"channelID\":10,\"channelName\":\"book-10\",\"event\":\"subscriptionStatus\",\"pair\":"
         "\"XBT/USD\",\"reqid\":4,\"status\":\"subscribed\"}",
         "book-10", "XBT/USD", false, false, 4},
        {"kraken-v1",
         "{\"channelID\":10,\"channelName\":\"trade\",\"event\":\"subscriptionStatus\",\"pair\":"
         "\"XBT/USD\",\"reqid\":5,\"status\":\"unsubscribed\"}",
         "trade", "XBT/USD", true, false, 5},
        {"kraken-v1",
         "{\"errorMessage\":\"Currency pair not supported X/Y\",\"event\":\"subscriptionStatus\","
         "\"pair\":\"X/Y\",\"reqid\":6,\"status\":\"error\"}",
         "", "X/Y", false, true, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct venue_frame frame = sample_decode(cases[i].venue, cases[i].text);
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_string_equal(frame.channel, cases[i].channel);
        assert_string_equal(frame.symbol, cases[i].symbol);
        assert_int_equal(frame.leave, cases[i].leave);
        assert_int_equal(frame.error[0] != '\0', cases[i].refused);
        assert_true(frame.has_request_id && frame.request_id == cases[i].id);
        venue_frame_release(&frame);
    }
}

/* ---- playing --------------------------------------------------------------------------------- */

#define TIMES                                                                                      \
    ",\"time_in\":\"2023-09-25T09:21:10.428340Z\",\"time_out\":\"2023-09-25T09:21:10.428340Z\"}"

static void v2_answers_once_per_symbol(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("kraken", "/v2");
    assert_ok(client.venue->serving->greet(SAMPLE_WALL_NS, sample_reply, &client));
    struct venue_frame frame = sample_decode("kraken", client.replies[0]);
    assert_int_equal(frame.kind, VENUE_STATUS);
    venue_frame_release(&frame);
    assert_false(sample_is_sent(&client, "{\"channel\":\"heartbeat\"}"));
    sample_request(&client,
                   "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":["
                   "\"BTC/USD\",\"NO/PE\",\"ETH/USD\"],\"snapshot\":true},\"req_id\":7}");
    assert_int_equal(client.count, 3);
    assert_string_equal(client.replies[0],
                        "{\"method\":\"subscribe\",\"req_id\":7,\"result\":{\"channel\":\"trade\","
                        "\"snapshot\":true,\"symbol\":\"BTC/USD\"},\"success\":true" TIMES);
    assert_string_equal(client.replies[1],
                        "{\"error\":\"Currency pair not supported NO/PE\",\"method\":\"subscribe\","
                        "\"req_id\":7,\"success\":false,\"symbol\":\"NO/PE\"" TIMES);
    assert_true(venue_subscriptions_has(&client.subs, "trade", "ETH/USD"));
    assert_false(venue_subscriptions_has(&client.subs, "trade", "NO/PE"));
    assert_false(sample_is_sent(&client, update)); /* MATIC/USD */
    assert_true(sample_is_sent(&client, "{\"channel\":\"heartbeat\"}"));
    sample_request(&client, "{\"method\":\"unsubscribe\",\"params\":{\"channel\":\"trade\","
                            "\"symbol\":[\"ETH/USD\"]}}");
    assert_string_equal(client.replies[0],
                        "{\"method\":\"unsubscribe\",\"result\":{\"channel\":\"trade\",\"symbol\":"
                        "\"ETH/USD\"},\"success\":true" TIMES);
    assert_false(venue_subscriptions_has(&client.subs, "trade", "ETH/USD"));
    assert_answer(&client, "{\"method\":\"ping\",\"req_id\":101}",
                  "{\"method\":\"pong\",\"req_id\":101" TIMES);
    assert_answer(&client, "{\"method\":\"dance\"}",
                  "{\"error\":\"Method not supported\",\"success\":false" TIMES);
    assert_answer(&client, "{", "{\"error\":\"Malformed request\",\"success\":false" TIMES);
    assert_answer(&client,
                  "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":7}}",
                  "{\"error\":\"Symbol(s) field must be an array of strings\",\"method\":"
                  "\"subscribe\",\"success\":false" TIMES);
    venue_subscriptions_release(&client.subs);
}

static void what_it_answers_the_decoder_understands(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":[\"BTC/USD\"]}}",
        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":[\"\\u0001\"]}}",
        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"x\",\"symbol\":[\"BTC/USD\"]}}",
    };
    struct sample_client client = sample_connect("kraken", "/v2/");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        sample_request(&client, requests[i]);
        assert_int_equal(client.count, 1);
        struct venue_frame frame = sample_decode("kraken", client.replies[0]);
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_int_equal(frame.error[0] == '\0', i == 0);
        assert_int_equal(frame.source_ns, SAMPLE_WALL_NS);
        venue_frame_release(&frame);
    }
    venue_subscriptions_release(&client.subs);
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/", &client.subs));
    venue_subscriptions_release(&client.subs);
}

static void v1_answers_once_per_pair(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("kraken-v1", "/");
    sample_request(&client, "{\"event\":\"subscribe\",\"pair\":[\"XBT/USD\",\"NO/PE\"],"
                            "\"subscription\":{\"name\":\"trade\"},\"reqid\":3}");
    assert_int_equal(client.count, 2);
    assert_string_equal(client.replies[0],
                        "{\"channelName\":\"trade\",\"event\":\"subscriptionStatus\",\"pair\":"
                        "\"XBT/USD\",\"reqid\":3,\"status\":\"subscribed\",\"subscription\":{"
                        "\"name\":\"trade\"}}");
    assert_string_equal(
        client.replies[1],
        "{\"errorMessage\":\"Currency pair not supported NO/PE\",\"event\":"
        "\"subscriptionStatus\",\"pair\":\"NO/PE\",\"reqid\":3,\"status\":\"error\","
        "\"subscription\":{\"name\":\"trade\"}}");
    assert_true(sample_is_sent(&client, "[1,[],\"trade\",\"XBT/USD\"]"));
    assert_false(sample_is_sent(&client, v1_trades));
    sample_request(&client, "{\"event\":\"subscribe\",\"pair\":[\"ETH/USD\"],\"subscription\":{"
                            "\"name\":\"book\",\"depth\":1000}}");
    assert_true(sample_is_sent(&client, "[1,{},\"book-1000\",\"ETH/USD\"]"));
    assert_answer(&client, "{\"event\":\"ping\",\"reqid\":42}",
                  "{\"event\":\"pong\",\"reqid\":42}");
    assert_answer(
        &client,
        "{\"event\":\"subscribe\",\"pair\":[\"ETH/USD\"],\"subscription\":{\"name\":\"x\"}}",
        "{\"errorMessage\":\"Subscription name invalid\",\"event\":\"subscriptionStatus\","
        "\"pair\":\"ETH/USD\",\"status\":\"error\",\"subscription\":{\"name\":\"x\"}}");
    venue_subscriptions_release(&client.subs);
}

static void market_data_are_told_by_their_ends(void **state)
{
    (void)state;
    assert_head(
        "kraken",
        "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\",\"bids\":"
        "[{\"price\":}],\"asks\":[],\"checksum\":2114181697,\"timestamp\":"
        "\"2021-04-17T16:43:37.075687Z\"}]}",
        "book", "BTC/USD", INT64_C(1618677817075687000));
    assert_head("kraken",
                "{\"channel\":\"ohlc\",\"type\":\"update\",\"timestamp\":"
                "\"2021-04-17T16:43:37.075687123Z\",\"data\":[{\"symbol\":\"BTC/USD\",\"open\":}]}",
                "ohlc", "BTC/USD", INT64_C(1618677817075687123));
    assert_head("kraken-v1", "[1668,{\"a\":[\"13.25\"\"35\"]},\"ticker\",\"WAVES/EUR\"]", "ticker",
                "WAVES/EUR", RECORD_NO_TIME);
    assert_head("kraken-v1", "[42,[\"1542057314.748456\",\"1542057360\",],\"ohlc-5\",\"XBT/USD\"]",
                "ohlc-5", "XBT/USD", INT64_C(1542057314748456000));
}

static void a_second_row_is_not_overlooked(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "kraken",
        "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\",\"bids\":"
        "[],\"asks\":[],\"checksum\":1}],\"other\":[{\"timestamp\":"
        "\"2021-04-17T16:43:37.075687Z\"}]}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, RECORD_NO_TIME);
    venue_frame_release(&frame);
    assert_kind("kraken",
                "{\"channel\":\"ohlc\",\"type\":\"update\",\"timestamp\":"
                "\"2021-04-17T16:43:37.075687123Z\",\"data\":[{\"symbol\":\"BTC/USD\"},{\"symbol\":"
                "\"ETH/USD\"}]}",
                VENUE_DATA, "ohlc", "");
    frame =
        sample_decode("kraken-v1", "[42,{\"a\":[[\"1\",\"2\",\"1542057314.1\"]]},{\"b\":[[\"1\","
                                   "\"2\",\"1542057314.3\"],[\"1\",\"2\",\"1542057314.2\",\"r\"]],"
                                   "\"c\":\"7\"},\"book-10\",\"XBT/USD\"]");
    assert_int_equal(frame.source_ns, INT64_C(1542057314300000000));
    assert_string_equal(frame.channel, "book-10");
    venue_frame_release(&frame);
}

static void an_update_is_read_to_its_last_byte(void **state)
{
    (void)state;
    char text[sizeof update];
    for (size_t size = 1; size < sizeof update - 1; size++) {
        memcpy(text, update, size);
        text[size] = '\0';
        assert_malformed("kraken", text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_v2_trade_keeps_the_digits_of_its_numbers),
        cmocka_unit_test(a_snapshot_is_marked_and_sorted),
        cmocka_unit_test(other_v2_frames_are_told_apart),
        cmocka_unit_test(the_time_of_a_frame_is_the_exchanges),
        cmocka_unit_test(a_wrong_member_of_a_v2_trade_is_named),
        cmocka_unit_test(a_v1_frame_is_told_by_its_last_element),
        cmocka_unit_test(other_v1_frames_are_told_apart),
        cmocka_unit_test(v1_has_its_own_codes),
        cmocka_unit_test(pairs_of_rest_are_brought_to_the_spelling_of_v2),
        cmocka_unit_test(rest_trades_have_exact_times),
        cmocka_unit_test(other_rest_answers_are_told_apart),
        cmocka_unit_test(subscribes_with_a_snapshot_and_pings),
        cmocka_unit_test(answers_say_what_they_answer),
        cmocka_unit_test(v2_answers_once_per_symbol),
        cmocka_unit_test(what_it_answers_the_decoder_understands),
        cmocka_unit_test(v1_answers_once_per_pair),
        cmocka_unit_test(market_data_are_told_by_their_ends),
        cmocka_unit_test(a_second_row_is_not_overlooked),
        cmocka_unit_test(an_update_is_read_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
