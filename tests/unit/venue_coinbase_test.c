#include "tests/unit/venue_sample.h"

static const char match[] =
    "{\"type\":\"match\",\"trade_id\":82008,\"maker_order_id\":\"f71dd5c4-b316-4869-83db-"
    "ff328a7379a6\",\"taker_order_id\":\"d30ea30a-c805-4f05-ba7e-28020dfc52b3\",\"side\":\"sell\","
    "\"size\":\"335\",\"price\":\"0.5762\",\"product_id\":\"SKL-GBP\",\"sequence\":27883501,"
    "\"time\":"
    "\"2021-04-17T16:43:37.270697Z\"}";
static const char last_match[] =
    "{\"type\":\"last_match\",\"trade_id\":881613,\"maker_order_id\":\"27fff20b-af29-4f45-8744-"
    "56dd1ef57dc0\",\"taker_order_id\":\"1da6ce16-c8da-4732-9f71-6049f4c6aaf8\",\"side\":\"buy\","
    "\"size\":\"0.04\",\"price\":\"14.7775\",\"product_id\":\"BAND-GBP\",\"sequence\":333938798,"
    "\"time\":\"2021-04-17T16:43:30.244075Z\"}";
static const char ticker[] =
    "{\"type\":\"ticker\",\"sequence\":27883501,\"product_id\":\"SKL-GBP\",\"price\":\"0.5762\","
    "\"best_bid\":\"0.5742\",\"best_ask\":\"0.5771\",\"side\":\"buy\",\"time\":"
    "\"2021-04-17T16:43:37.270697Z\",\"trade_id\":82008,\"last_size\":\"335\"}";

/* 2021-04-17T16:43:37Z and 16:43:30Z, from `date -u -d`. */
#define MATCH_NS      (INT64_C(1618677817) * 1000000000 + 270697000)
#define LAST_MATCH_NS (INT64_C(1618677810) * 1000000000 + 244075000)

static void the_side_of_a_match_is_the_makers(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("coinbase", match);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "matches");
    assert_string_equal(frame.symbol, "SKL-GBP");
    assert_sample(&frame.trades[0], &(struct sample_trade){"SKL-GBP", "0.5762", "335", 82008,
                                                           MATCH_NS, TAKER_BUY, 0});
    venue_frame_release(&frame);
    frame = sample_decode("coinbase", last_match);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BAND-GBP", "14.7775", "0.04", 881613, LAST_MATCH_NS,
                                         TAKER_SELL, TRADE_SNAPSHOT});
    venue_frame_release(&frame);
}

static void a_ticker_gives_no_trades(void **state)
{
    (void)state;
    assert_kind("coinbase", ticker, VENUE_DATA, "ticker", "SKL-GBP");
    struct venue_frame frame = sample_decode("coinbase", ticker);
    assert_int_equal(frame.source_ns, MATCH_NS);
    venue_frame_release(&frame);
}

static void other_exchange_frames_are_told_apart(void **state)
{
    (void)state;
    assert_kind("coinbase",
                "{\"type\":\"heartbeat\",\"sequence\":90,\"last_trade_id\":20,\"product_id\":"
                "\"BTC-USD\",\"time\":\"2014-11-07T08:19:28.464459Z\"}",
                VENUE_HEARTBEAT, "heartbeat", "BTC-USD");
    assert_kind("coinbase", "{\"type\":\"l2update\",\"product_id\":\"BTC-USD\",\"changes\":[]}",
                VENUE_DATA, "level2", "BTC-USD");
    assert_kind("coinbase", "{\"type\":\"snapshot\",\"product_id\":\"BTC-USD\",\"bids\":[]}",
                VENUE_DATA, "level2", "BTC-USD");
    assert_kind("coinbase",
                "{\"type\":\"open\",\"side\":\"sell\",\"product_id\":\"BTC-USD\",\"time\":"
                "\"2022-06-01T08:32:21.469151Z\"}",
                VENUE_DATA, "full", "BTC-USD");
    assert_kind("coinbase", "{\"bids\": [], \"asks\": [], \"sequence\": 406959136}", VENUE_DATA, "",
                "");
    assert_kind("coinbase",
                "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"level2\",\"product_ids\":["
                "\"BAND-GBP\"]}]}",
                VENUE_ACK, "", "");
    assert_kind("coinbase", "{\"type\":\"news\"}", VENUE_OTHER, "", "");
    assert_refusal(
        "coinbase",
        "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"X-Y is not a "
        "valid product\"}",
        "Failed to subscribe: X-Y is not a valid product");
    assert_refusal("coinbase", "{\"type\":\"error\"}", "refused");
}

static void a_time_of_the_year_1_is_none(void **state)
{
    (void)state;
    struct venue_frame frame =
        sample_decode("coinbase", "{\"type\":\"l2update\",\"product_id\":\"BTC-USD\",\"time\":"
                                  "\"0001-01-01T00:00:00.000000Z\"}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, RECORD_NO_TIME);
    venue_frame_release(&frame);
}

#define MATCH(id, side, size, price, product, time)                                                \
    "{\"type\":\"match\",\"trade_id\":" id ",\"side\":" side ",\"size\":" size ",\"price\":" price \
    ",\"product_id\":" product ",\"time\":" time "}"
#define TIME "\"2021-04-17T16:43:37.270697Z\""

static void a_wrong_member_of_a_match_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {MATCH("\"1\"", "\"buy\"", "\"1\"", "\"1\"", "\"A-B\"", TIME),
         "'trade_id' is not a number"},
        {MATCH("1", "\"hold\"", "\"1\"", "\"1\"", "\"A-B\"", TIME), "'side' is no side"},
        {MATCH("1", "\"SELL\"", "\"1\"", "\"1\"", "\"A-B\"", TIME), "'side' is no side"},
        {MATCH("1", "\"buy\"", "1", "\"1\"", "\"A-B\"", TIME), "'size' is not a string"},
        {MATCH("1", "\"buy\"", "\"0.-10000\"", "\"1\"", "\"A-B\"", TIME), "'size' is no decimal"},
        {MATCH("1", "\"buy\"", "\"1\"", "\"\"", "\"A-B\"", TIME), "'price' is no decimal"},
        {MATCH("1", "\"buy\"", "\"1\"", "\"1\"", "[]", TIME), "'product_id' is not a string"},
        {MATCH("1", "\"buy\"", "\"1\"", "\"1\"", "\"A-B\"", "\"0001-01-01T00:00:00Z\""),
         "'time' is out of range"},
        {MATCH("1", "\"buy\"", "\"1\"", "\"1\"", "\"A-B\"", "\"yesterday\""), "'time' is no time"},
        {MATCH("1", "\"buy\"", "\"1\"", "\"1\"", "\"A-B\"", "1618677817"),
         "'time' is not a string"},
        {"{\"type\":\"match\"}", "'product_id' is missing"},
        {"{\"type\":1}", "'type' is not a string"},
        {"[]", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_malformed("coinbase", cases[i].text, cases[i].reason);
    }
}

/* ---- Advanced Trade -------------------------------------------------------------------------- */

static const char advanced[] =
    "{\"channel\":\"market_trades\",\"client_id\":\"\",\"timestamp\":\"2025-12-31T06:00:12."
    "516946132Z\",\"sequence_num\":1851,\"events\":[{\"type\":\"update\",\"trades\":[{\"product_"
    "id\":"
    "\"BTC-USD\",\"trade_id\":\"929248657\",\"price\":\"88355.59\",\"size\":\"0.00136573\","
    "\"time\":"
    "\"2025-12-31T06:00:12.44524Z\",\"side\":\"SELL\"}]}]}";

/* 2025-12-31T06:00:12Z, from `date -u -d`. */
#define ADVANCED_S INT64_C(1767160812)

static void an_advanced_trade_has_an_id_of_digits_and_odd_fractions(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("coinbase-advanced", advanced);
    assert_string_equal(frame.channel, "market_trades");
    assert_string_equal(frame.symbol, "BTC-USD");
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-USD", "88355.59", "0.00136573", 929248657,
                                         ADVANCED_S * 1000000000 + 445240000, TAKER_BUY, 0});
    venue_frame_release(&frame);
}

#define ROW(product, id, time, side)                                                               \
    "{\"product_id\":\"" product "\",\"trade_id\":\"" id "\",\"price\":\"1\",\"size\":\"1\","      \
    "\"time\":\"2025-12-31T06:00:" time "Z\",\"side\":\"" side "\"}"

static void advanced_trades_are_sorted_oldest_first(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "coinbase-advanced",
        "{\"channel\":\"market_trades\",\"timestamp\":\"2025-12-31T06:00:12Z\",\"events\":["
        "{\"type\":\"update\",\"trades\":[" ROW("BTC-USD", "13", "11.5", "BUY") "," //
        ROW("BTC-USD", "12", "11.5", "SELL") "," ROW(
            "BTC-USD", "11", "10.000001",
            "SELL") "]},"
                    "{\"type\":\"snapshot\",\"trades\":[" ROW("ETH-USD", "7", "09", "BUY") "]}]}");
    static const uint64_t ids[] = {7, 11, 12, 13};
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_int_equal(frame.trade_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(frame.trades[i].id == ids[i]);
        assert_int_equal(frame.trades[i].flags, i == 0 ? TRADE_SNAPSHOT : 0);
    }
    assert_string_equal(frame.symbol, ""); /* two products */
    assert_int_equal(frame.trades[3].taker, TAKER_SELL);
    assert_int_equal(frame.source_ns, frame.trades[3].source_ns);
    venue_frame_release(&frame);
}

static void other_advanced_frames_are_told_apart(void **state)
{
    (void)state;
    assert_kind("coinbase-advanced",
                "{\"channel\":\"heartbeats\",\"timestamp\":\"2026-08-09T21:05:48.856364007Z\","
                "\"sequence_num\":35,\"events\":[{\"current_time\":\"2026-08-09 21:05:48.854840045 "
                "+0000 UTC m=+41691.260485341\",\"heartbeat_counter\":41691}]}",
                VENUE_HEARTBEAT, "heartbeats", "");
    assert_kind(
        "coinbase-advanced",
        "{\"channel\":\"subscriptions\",\"timestamp\":\"2026-08-09T21:05:48.228846629Z\","
        "\"sequence_num\":2,\"events\":[{\"subscriptions\":{\"market_trades\":[\"BTC-USD\"]}}]}",
        VENUE_ACK, "", "");
    assert_kind("coinbase-advanced",
                "{\"channel\":\"l2_data\",\"timestamp\":\"2026-08-09T21:05:48.505350477Z\","
                "\"events\":[{\"type\":\"update\",\"product_id\":\"BTC-USD\",\"updates\":[]}]}",
                VENUE_DATA, "level2", "BTC-USD");
    assert_kind("coinbase-advanced",
                "{\"channel\":\"ticker\",\"timestamp\":\"2026-08-09T21:05:48.505350477Z\","
                "\"events\":[{\"type\":\"update\",\"tickers\":[{\"product_id\":\"ETH-USD\"},{"
                "\"product_id\":\"ETH-USD\"}]}]}",
                VENUE_DATA, "ticker", "ETH-USD");
    assert_kind("coinbase-advanced",
                "{\"channel\":\"ticker\",\"events\":[{\"type\":\"update\",\"tickers\":[{"
                "\"product_id\":\"ETH-USD\"},{\"product_id\":\"BTC-USD\"},{\"product_id\":"
                "\"ETH-USD\"}]}]}",
                VENUE_DATA, "ticker", "");
    assert_kind("coinbase-advanced", "{\"channel\":\"user\",\"events\":[]}", VENUE_OTHER, "user",
                "");
    assert_refusal("coinbase-advanced",
                   "{\"type\":\"error\",\"message\":\"authentication failure\"}",
                   "authentication failure");
    assert_malformed("coinbase-advanced", "{\"channel\":\"market_trades\",\"events\":{}}",
                     "'events' is not an array");
    assert_malformed("coinbase-advanced", "{\"channel\":\"market_trades\",\"events\":[7]}",
                     "not a JSON object");
    assert_malformed("coinbase-advanced",
                     "{\"channel\":\"market_trades\",\"events\":[{\"type\":\"update\"}]}",
                     "'trades' is missing");
    assert_malformed("coinbase-advanced",
                     "{\"channel\":\"market_trades\",\"events\":[{\"type\":\"update\",\"trades\":[{"
                     "\"product_id\":\"A-B\",\"trade_id\":5}]}]}",
                     "'trade_id' is not a string");
}

/* ---- names, HTTP, messages ---------------------------------------------------------------------
 */

static void names_are_the_same(void **state)
{
    (void)state;
    assert_names("coinbase", "BTC-USD", "BTC-USD");
    assert_names("coinbase-advanced", "BTC-PERP-INTX", "BTC-PERP-INTX");
    char out[SYMBOL_MAX];
    assert_err(ERR_UNKNOWN, venue_find("coinbase")->symbol("BTCUSD", out));
}

static void rest_trades_come_newest_first_with_the_makers_side(void **state)
{
    (void)state;
    struct venue_frame frame =
        sample_http("coinbase", "https://api.exchange.coinbase.com/products/SKL-GBP/trades?limit=2",
                    "[{\"trade_id\":74,\"side\":\"buy\",\"size\":\"0.01000000\",\"price\":\"10."
                    "00000000\",\"time\":"
                    "\"2021-04-17T16:43:37.270697Z\"},{\"trade_id\":73,\"side\":\"sell\",\"size\":"
                    "\"0.5\",\"price\":"
                    "\"100.00000000\",\"time\":\"2021-04-17T16:43:30.244075Z\"}]");
    assert_string_equal(frame.channel, "matches");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"SKL-GBP", "100.00000000", "0.5", 73, LAST_MATCH_NS,
                                         TAKER_BUY, TRADE_BACKFILL});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"SKL-GBP", "10.00000000", "0.01000000", 74, MATCH_NS,
                                         TAKER_SELL, TRADE_BACKFILL});
    venue_frame_release(&frame);
    frame = sample_http(
        "coinbase-advanced",
        "https://api.coinbase.com/api/v3/brokerage/market/products/BTC-USD/ticker?limit=1",
        "{\"trades\":[{\"trade_id\":\"34b0\",\"product_id\":\"BTC-USD\"}],\"best_bid\":\"1\"}");
    assert_int_equal(frame.kind, VENUE_MALFORMED); /* ids are digits */
    venue_frame_release(&frame);
    frame = sample_http(
        "coinbase-advanced",
        "https://api.coinbase.com/api/v3/brokerage/market/products/BTC-USD/ticker?limit=1",
        "{\"trades\":[" ROW("BTC-USD", "9", "12.44524", "SELL") "],\"best_bid\":\"1\"}");
    assert_sample(&frame.trades[0], &(struct sample_trade){"BTC-USD", "1", "1", 9,
                                                           ADVANCED_S * 1000000000 + 445240000,
                                                           TAKER_BUY, TRADE_BACKFILL});
    venue_frame_release(&frame);
}

static void other_answers_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *body;
        enum venue_frame_kind kind;
    } cases[] = {
        {"https://h/products/BTC-USD/candles?granularity=60", "[[1,2,3,4,5,6]]", VENUE_DATA},
        {"https://h/products/NO-NO/trades", "{\"message\":\"NotFound\"}", VENUE_ACK},
        {"https://h/products/BTC-USD/trades", "{}", VENUE_MALFORMED},
        {"https://h/products/BTC-USD/trades", "[", VENUE_MALFORMED},
        {"https://h/products//trades", "[]", VENUE_OTHER},
        {"https://h/products", "[]", VENUE_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct venue_frame frame = sample_http("coinbase", cases[i].url, cases[i].body);
        assert_int_equal(frame.kind, cases[i].kind);
        venue_frame_release(&frame);
    }
}

static void subscribes_with_heartbeats(void **state)
{
    (void)state;
    assert_subscribe(
        "coinbase", "matches", "BTC-USD", 0,
        "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channels\":[\"matches\","
        "\"heartbeat\"]}");
    assert_subscribe("coinbase", "matches", "BTC-USD", 1, NULL);
    assert_subscribe("coinbase-advanced", "market_trades", "BTC-USD", 0,
                     "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":"
                     "\"market_trades\"}");
    assert_subscribe("coinbase-advanced", "market_trades", "BTC-USD", 1,
                     "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":"
                     "\"heartbeats\"}");
    assert_subscribe("coinbase-advanced", "market_trades", "BTC-USD", 2, NULL);
    assert_subscribe("coinbase", "level2", "BTC-USD", 0,
                     "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channels\":["
                     "\"level2_batch\",\"heartbeat\"]}");
}

/* The heartbeat goes with the trades; other channels of a product leave it. */
static void unsubscribes(void **state)
{
    (void)state;
    assert_unsubscribe("coinbase", "matches", "BTC-USD", 0,
                       "{\"type\":\"unsubscribe\",\"product_ids\":[\"BTC-USD\"],\"channels\":["
                       "\"matches\",\"heartbeat\"]}");
    assert_unsubscribe("coinbase", "level2", "BTC-USD", 0,
                       "{\"type\":\"unsubscribe\",\"product_ids\":[\"BTC-USD\"],\"channels\":["
                       "\"level2_batch\"]}");
    assert_unsubscribe("coinbase", "level2", "BTC-USD", 1, NULL);
    assert_unsubscribe("coinbase-advanced", "candles", "BTC-USD", 0,
                       "{\"type\":\"unsubscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":"
                       "\"candles\"}");
    assert_unsubscribe("coinbase-advanced", "candles", "BTC-USD", 1, NULL);
}

static void a_refusal_names_the_product(void **state)
{
    (void)state;
    static const char *const venues[] = {"coinbase", "coinbase-advanced"};
    for (size_t i = 0; i < 2; i++) {
        struct venue_frame frame = sample_decode(
            venues[i], "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":"
                       "\"FOO-USD is not a valid product\"}");
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_string_equal(frame.symbol, "FOO-USD");
        assert_false(frame.leave);
        assert_string_equal(frame.error, "Failed to subscribe: FOO-USD is not a valid product");
        venue_frame_release(&frame);
        frame =
            sample_decode(venues[i], "{\"type\":\"error\",\"message\":\"Failed to unsubscribe\","
                                     "\"reason\":\"x is not a valid channel\"}");
        assert_string_equal(frame.symbol, "");
        assert_true(frame.leave);
        venue_frame_release(&frame);
    }
}

/* ---- playing --------------------------------------------------------------------------------- */

static void lists_everything_active_after_each_request(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("coinbase", "/");
    assert_answer(
        &client,
        "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channels\":[\"matches\"]}",
        "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"matches\",\"product_ids\":["
        "\"BTC-USD\"]}]}");
    assert_answer(
        &client,
        "{\"type\":\"subscribe\",\"channels\":[{\"name\":\"heartbeat\",\"product_ids\":["
        "\"ETH-USD\",\"BTC-USD\"]},\"level2_batch\"],\"product_ids\":[\"ETH-USD\"]}",
        "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"heartbeat\",\"product_ids\":["
        "\"BTC-USD\",\"ETH-USD\"]},{\"name\":\"level2\",\"product_ids\":[\"ETH-USD\"]},{"
        "\"name\":\"matches\",\"product_ids\":[\"BTC-USD\"]}]}");
    assert_true(
        sample_is_sent(&client, MATCH("1", "\"buy\"", "\"1\"", "\"1\"", "\"BTC-USD\"", TIME)));
    assert_false(sample_is_sent(&client, match)); /* SKL-GBP */
    assert_true(sample_is_sent(&client, "{\"type\":\"l2update\",\"product_id\":\"ETH-USD\"}"));
    assert_answer(&client,
                  "{\"type\":\"unsubscribe\",\"product_ids\":[\"BTC-USD\",\"ETH-USD\",\"SKL-GBP\"],"
                  "\"channels\":[\"matches\",\"heartbeat\",\"level2\"]}",
                  "{\"type\":\"subscriptions\",\"channels\":[]}");
    venue_subscriptions_release(&client.subs);
}

static void an_unknown_product_fails_the_whole_request(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\",\"NO-PE\"],\"channels\":["
         "\"matches\"]}",
         "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"NO-PE is not a "
         "valid "
         "product\"}"},
        {"{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channels\":[\"matches\","
         "\"x\\\"\"]}",
         "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"x\\\" is not a "
         "valid "
         "channel\"}"},
        {"{\"type\":\"subscribe\",\"product_ids\":[7],\"channels\":[\"matches\"]}",
         "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"is not a valid "
         "product\"}"},
        {"{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"]}",
         "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"must specify at "
         "least "
         "one channel\"}"},
        {"{\"type\":\"subscribe\",\"channels\":[\"matches\"]}",
         "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"product_ids must be "
         "a "
         "list of products\"}"},
        {"{\"type\":\"hello\"}",
         "{\"type\":\"error\",\"message\":\"Type has to be either subscribe or unsubscribe\"}"},
        {"{\"type\":", "{\"type\":\"error\",\"message\":\"Malformed JSON\"}"},
    };
    struct sample_client client = sample_connect("coinbase", "/");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_answer(&client, cases[i][0], cases[i][1]);
        assert_int_equal(client.subs.count, 0);
    }
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/ws", &client.subs));
    venue_subscriptions_release(&client.subs);
}

static void advanced_takes_one_channel_a_request(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("coinbase-advanced", "/");
    assert_answer(
        &client,
        "{\"type\":\"subscribe\",\"product_ids\":[\"ETH-USD\",\"BTC-USD\"],\"channel\":"
        "\"market_trades\"}",
        "{\"channel\":\"subscriptions\",\"timestamp\":\"2023-09-25T09:21:10.428340Z\","
        "\"sequence_num\":0,\"events\":[{\"subscriptions\":{\"market_trades\":[\"BTC-USD\","
        "\"ETH-USD\"]}}]}");
    assert_answer(
        &client, "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}",
        "{\"channel\":\"subscriptions\",\"timestamp\":\"2023-09-25T09:21:10.428340Z\","
        "\"sequence_num\":0,\"events\":[{\"subscriptions\":{\"heartbeats\":[\"heartbeats\"],"
        "\"market_trades\":[\"BTC-USD\",\"ETH-USD\"]}}]}");
    assert_true(sample_is_sent(&client, advanced));
    assert_true(sample_is_sent(&client, "{\"channel\":\"heartbeats\",\"events\":[]}"));
    assert_false(sample_is_sent(&client, "{\"channel\":\"ticker\",\"events\":[]}"));
    assert_answer(
        &client,
        "{\"type\":\"subscribe\",\"product_ids\":[\"NO-PE\"],\"channel\":\"market_trades\"}",
        "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"NO-PE is not a "
        "valid product\"}");
    venue_subscriptions_release(&client.subs);
}

static void market_data_are_told_by_their_ends(void **state)
{
    (void)state;
    assert_head("coinbase",
                "{\"type\":\"l2update\",\"product_id\":\"SKL-BTC\",\"changes\":[[\"sell\"\"0.1\"]],"
                "\"time\":\"2021-04-17T16:43:37.075687Z\"}",
                "level2", "SKL-BTC", INT64_C(1618677817075687000));
    assert_head(
        "coinbase",
        "{\"type\":\"ticker\",\"sequence\":333938798,\"product_id\":\"BAND-GBP\",\"price\":,"
        "\"side\":\"buy\",\"time\":\"2021-04-17T16:43:30.244075Z\",\"trade_id\":881613,"
        "\"last_size\":\"0.04\"}",
        "ticker", "BAND-GBP", INT64_C(1618677810244075000));
    assert_head(
        "coinbase-advanced",
        "{\"channel\":\"l2_data\",\"client_id\":\"\",\"timestamp\":"
        "\"2021-04-17T16:43:37.075687123Z\",\"sequence_num\":14,\"events\":[{\"type\":\"update\","
        "\"product_id\":\"BTC-USD\",\"updates\":[{\"side\":}]}]}",
        "level2", "BTC-USD", INT64_C(1618677817075687123));
    assert_head(
        "coinbase-advanced",
        "{\"channel\":\"ticker\",\"timestamp\":\"2021-04-17T16:43:37.075687123Z\","
        "\"sequence_num\":14,\"events\":[{\"type\":\"update\",\"tickers\":[{\"type\":\"ticker\","
        "\"product_id\":\"BTC-USD\",\"price\":}]}]}",
        "ticker", "BTC-USD", INT64_C(1618677817075687123));
}

/* Several events or rows have no common product when they differ, wherever the second one is. */
static void a_second_product_is_not_overlooked(void **state)
{
    (void)state;
    assert_kind(
        "coinbase-advanced",
        "{\"channel\":\"l2_data\",\"timestamp\":\"2021-04-17T16:43:37.075687123Z\","
        "\"sequence_num\":14,\"events\":[{\"type\":\"update\",\"product_id\":\"BTC-USD\","
        "\"updates\":[{}]},{\"type\":\"update\",\"product_id\":\"ETH-USD\",\"updates\":[{}]}]}",
        VENUE_DATA, "level2", "");
    assert_kind(
        "coinbase-advanced",
        "{\"channel\":\"ticker\",\"timestamp\":\"2021-04-17T16:43:37.075687123Z\","
        "\"sequence_num\":14,\"events\":[{\"type\":\"update\",\"tickers\":[{\"type\":\"ticker\","
        "\"product_id\":\"BTC-USD\"},{\"type\":\"ticker\",\"product_id\":\"ETH-USD\"}]}]}",
        VENUE_DATA, "ticker", "");
}

static void a_match_is_read_to_its_last_byte(void **state)
{
    (void)state;
    char text[sizeof match];
    for (size_t size = 1; size < sizeof match - 1; size++) {
        memcpy(text, match, size);
        text[size] = '\0';
        assert_malformed("coinbase", text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_side_of_a_match_is_the_makers),
        cmocka_unit_test(a_ticker_gives_no_trades),
        cmocka_unit_test(other_exchange_frames_are_told_apart),
        cmocka_unit_test(a_time_of_the_year_1_is_none),
        cmocka_unit_test(a_wrong_member_of_a_match_is_named),
        cmocka_unit_test(an_advanced_trade_has_an_id_of_digits_and_odd_fractions),
        cmocka_unit_test(advanced_trades_are_sorted_oldest_first),
        cmocka_unit_test(other_advanced_frames_are_told_apart),
        cmocka_unit_test(names_are_the_same),
        cmocka_unit_test(rest_trades_come_newest_first_with_the_makers_side),
        cmocka_unit_test(other_answers_are_told_apart),
        cmocka_unit_test(subscribes_with_heartbeats),
        cmocka_unit_test(unsubscribes),
        cmocka_unit_test(a_refusal_names_the_product),
        cmocka_unit_test(lists_everything_active_after_each_request),
        cmocka_unit_test(an_unknown_product_fails_the_whole_request),
        cmocka_unit_test(advanced_takes_one_channel_a_request),
        cmocka_unit_test(market_data_are_told_by_their_ends),
        cmocka_unit_test(a_second_product_is_not_overlooked),
        cmocka_unit_test(a_match_is_read_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
