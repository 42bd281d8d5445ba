#include "tests/unit/venue_equal.h"
#include "tests/unit/venue_past_sample.h"

#define MS INT64_C(1000000)

static const char push[] =
    "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USD-220527\"},\"data\":[{\"instId\":\"BTC-"
    "USD-"
    "220527\",\"tradeId\":\"7849\",\"px\":\"30218.8\",\"sz\":\"1\",\"side\":\"buy\",\"ts\":"
    "\"1652459199958\"}]}";

static void a_trade_is_read_from_strings(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("okx", push);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trades");
    assert_string_equal(frame.symbol, "BTC-USD-220527");
    assert_int_equal(frame.source_ns, INT64_C(1652459199958) * MS);
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-USD-220527", "30218.8", "1", 7849,
                                         INT64_C(1652459199958) * MS, TAKER_BUY, 0});
    assert_true(frame.trades[0].folded == 0 && frame.trades[0].count == 1);
    venue_frame_release(&frame);
    assert_int_equal(venue_find("okx")->ids, IDS_CONTIGUOUS);
}

#define FOLDED(count, id)                                                                          \
    "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":\"BTC-"  \
    "USDT-SWAP\",\"tradeId\":\"" id "\",\"px\":\"83725.9\",\"sz\":\"5\",\"side\":\"sell\",\"ts\":" \
    "\"1791369350776\",\"count\":" count ",\"source\":\"0\",\"seqId\":344430848209}]}"

/* "tradeId" is the last id of the fills that were merged, "count" their number. */
static void a_row_of_several_fills_stands_for_their_ids(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("okx", FOLDED("\"5\"", "2978601964"));
    assert_int_equal(frame.trade_count, 1);
    assert_true(frame.trades[0].id == 2978601964 && frame.trades[0].folded == 4);
    assert_true(frame.trades[0].first_id == 2978601960 && frame.trades[0].last_id == 2978601964);
    assert_true(frame.trades[0].count == 5);
    venue_frame_release(&frame);
    frame = sample_decode("okx", FOLDED("\"1\"", "0"));
    assert_int_equal(frame.trade_count, 1);
    assert_true(frame.trades[0].folded == 0 && frame.trades[0].count == 1);
    venue_frame_release(&frame);
    assert_malformed("okx", FOLDED("\"0\"", "7"), "'count' is no number of fills");
    assert_malformed("okx", FOLDED("\"9\"", "7"), "'count' is no number of fills");
    assert_malformed("okx", FOLDED("\"18446744073709551615\"", "18446744073709551615"),
                     "'count' is no number of fills");
    assert_malformed("okx", FOLDED("5", "7"), "'count' is not a string");
    assert_malformed("okx", FOLDED("\"\"", "7"), "'count' is not a whole number");
}

static void other_frames_are_told_apart(void **state)
{
    (void)state;
    assert_kind("okx", "pong", VENUE_HEARTBEAT, "", "");
    assert_kind("okx", "ping", VENUE_HEARTBEAT, "", "");
    assert_kind("okx",
                "{\"arg\":{\"channel\":\"bbo-tbt\",\"instId\":\"BTC-USDT\"},\"data\":[{\"asks\":[["
                "\"31774.7\",\"0.14368878\",\"0\",\"3\"]],\"bids\":[],\"ts\":\"1654032991947\"}]}",
                VENUE_DATA, "bbo-tbt", "BTC-USDT");
    assert_kind("okx",
                "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT\"},\"data\":[["
                "\"1654154580000\",\"29930.7\",\"29936.3\",\"29930.7\",\"29936.3\",\"0.0111536\","
                "\"333.86246417\",\"333.86246417\",\"0\"]]}",
                VENUE_DATA, "candle1m", "BTC-USDT");
    assert_kind("okx",
                "{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"data\":[{"
                "\"instId\":\"XDP-USDT-SWAP\"}]}",
                VENUE_DATA, "liquidation-orders", "");
    assert_kind("okx", "{\"event\":\"login\",\"code\":\"0\",\"msg\":\"\"}", VENUE_OTHER, "", "");
    assert_kind("okx", "{}", VENUE_OTHER, "", "");
    assert_kind("okx",
                "{\"event\":\"channel-conn-count\",\"channel\":\"trades\",\"connCount\":\"2\","
                "\"connId\":\"abcd1234\"}",
                VENUE_STATUS, "", "");
    assert_refusal("okx",
                   "{\"event\":\"channel-conn-count-error\",\"channel\":\"trades\",\"connCount\":"
                   "\"30\",\"connId\":\"a4d3ae55\"}",
                   "channel-conn-count-error: trades");
}

static void the_time_of_a_frame_is_the_newest_row_s(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "okx", "{\"arg\":{\"channel\":\"tickers\",\"instId\":\"BTC-USDT\"},\"data\":[{\"ts\":"
               "\"1654166073135\"},{\"ts\":\"1654166073134\"},{\"ts\":\"\"}]}");
    assert_int_equal(frame.source_ns, INT64_C(1654166073135) * MS);
    venue_frame_release(&frame);
    /* The first element of a candle is when it opened. */
    frame = sample_decode("okx", "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT\"},"
                                 "\"data\":[[\"1654154580000\",\"1\"]]}");
    assert_int_equal(frame.source_ns, RECORD_NO_TIME);
    venue_frame_release(&frame);
}

static void answers_name_message_channel_and_instrument(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "okx",
        "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":"
        "\"BTC-USDT\"},\"connId\":\"bfcb4b8e\"}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.channel, "trades");
    assert_string_equal(frame.symbol, "BTC-USDT");
    assert_true(frame.has_request_id && frame.request_id == 1512);
    assert_false(frame.leave);
    assert_string_equal(frame.error, "");
    venue_frame_release(&frame);

    frame = sample_decode("okx", "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"books\","
                                 "\"instId\":\"BTC-USDT\"},\"connId\":\"d0b44253\"}");
    assert_true(frame.kind == VENUE_ACK && frame.leave && !frame.has_request_id);
    venue_frame_release(&frame);

    frame =
        sample_decode("okx", "{\"event\":\"error\",\"msg\":\"Subscribe failed, wrong URL or "
                             "channel:books,instId:NOPE-USDT doesn't exist.\",\"code\":\"60018\","
                             "\"connId\":\"5e1f2fe5\",\"id\":\"77\"}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "60018: Subscribe failed, wrong URL or "
                                     "channel:books,instId:NOPE-USDT doesn't exist.");
    assert_string_equal(frame.channel, "books");
    assert_string_equal(frame.symbol, "NOPE-USDT");
    assert_true(frame.has_request_id && frame.request_id == 77);
    venue_frame_release(&frame);

    assert_refusal("okx", "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request\"}",
                   "60012: Invalid request");
    assert_refusal("okx", "{\"event\":\"error\"}", "refused");
    /* An id of another client's making is none of ours. */
    frame = sample_decode("okx", "{\"id\":\"ob1\",\"event\":\"subscribe\",\"arg\":{\"channel\":"
                                 "\"trades\"}}");
    assert_true(frame.kind == VENUE_ACK && !frame.has_request_id);
    venue_frame_release(&frame);
}

static void an_upgrade_asks_to_connect_anew(void **state)
{
    (void)state;
    struct venue_frame frame =
        sample_decode("okx", "{\"event\":\"notice\",\"code\":\"64008\",\"msg\":\"The connection "
                             "will soon be closed for a service upgrade. Please reconnect.\","
                             "\"connId\":\"a4d3ae55\"}");
    assert_true(frame.kind == VENUE_STATUS && frame.reconnect);
    venue_frame_release(&frame);
    frame = sample_decode("okx", "{\"event\":\"notice\",\"code\":\"64009\",\"msg\":\"\"}");
    assert_true(frame.kind == VENUE_STATUS && !frame.reconnect);
    venue_frame_release(&frame);
}

#define ROW(id, px, sz, side, ts)                                                                  \
    "{\"arg\":{\"channel\":\"trades-all\",\"instId\":\"BTC-USDT\"},\"data\":[{\"instId\":\"BTC-"   \
    "USDT\",\"tradeId\":" id ",\"px\":" px ",\"sz\":" sz ",\"side\":" side ",\"ts\":" ts "}]}"

static void a_wrong_member_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {ROW("1", "\"1\"", "\"1\"", "\"buy\"", "\"1\""), "'tradeId' is not a string"},
        {ROW("\"x\"", "\"1\"", "\"1\"", "\"buy\"", "\"1\""), "'tradeId' is not a whole number"},
        {ROW("\"1\"", "1", "\"1\"", "\"buy\"", "\"1\""), "'px' is not a string"},
        {ROW("\"1\"", "\"1\"", "\"-1\"", "\"buy\"", "\"1\""), "below zero"},
        {ROW("\"1\"", "\"1\"", "\"\"", "\"buy\"", "\"1\""), "'sz' is no decimal"},
        {ROW("\"1\"", "\"1\"", "\"1\"", "\"Buy\"", "\"1\""), "'side' is no side"},
        {ROW("\"1\"", "\"1\"", "\"1\"", "\"buy\"", "1"), "'ts' is not a string"},
        {ROW("\"1\"", "\"1\"", "\"1\"", "\"buy\"", "\"0\""), "'ts' is no time"},
        {ROW("\"1\"", "\"1\"", "\"1\"", "\"buy\"", "\"9223372036855\""), "'ts' is no time"},
        {"{\"arg\":{\"channel\":\"trades\",\"instId\":\"A-B\"}}", "'data' is missing"},
        {"{\"arg\":{\"channel\":\"trades\",\"instId\":\"A-B\"},\"data\":[7]}", "not a JSON object"},
        {"{\"arg\":{\"instId\":\"A-B\"},\"data\":[]}", "'channel' is missing"},
        {"{\"arg\":7,\"data\":[]}", "not a JSON object"},
        {"{\"event\":7}", "'event' is not a string"},
        {"pongs", "not a JSON object"},
        {"pon", "not a JSON object"},
        {"", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_malformed("okx", cases[i].text, cases[i].reason);
    }
}

static void half_a_frame_gives_no_trade(void **state)
{
    (void)state;
    assert_cut_frames("okx", push);
    assert_cut_frames("okx", FOLDED("\"5\"", "2978601964"));
    assert_cut_frames("okx", "{\"table\":\"spot/trade\",\"data\":[{\"side\":\"sell\",\"trade_id\":"
                             "\"161659503\",\"price\":\"56593.6\",\"size\":\"0.00020621\","
                             "\"instrument_id\":\"BTC-USDT\",\"timestamp\":"
                             "\"2021-03-22T01:16:28.687Z\"}]}");
}

static void frames_of_v3_are_read_too(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "okx", "{\"table\":\"option/trade\",\"data\":[{\"side\":\"sell\",\"trade_id\":\"3\","
               "\"price\":\"0.0255\",\"qty\":\"10\",\"instrument_id\":\"BTC-USD-211124-55500-C\","
               "\"timestamp\":\"2021-11-23T10:55:56.522Z\"}]}");
    assert_string_equal(frame.channel, "option/trade");
    assert_string_equal(frame.symbol, "BTC-USD-211124-55500-C");
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-USD-211124-55500-C", "0.0255", "10", 3,
                                         INT64_C(1637664956522) * MS, TAKER_SELL, 0});
    venue_frame_release(&frame);
    assert_kind("okx", "{\"event\":\"subscribe\",\"channel\":\"spot/trade:BTC-USDT\"}", VENUE_ACK,
                "spot/trade", "BTC-USDT");
    assert_kind("okx",
                "{\"table\":\"spot/depth5\",\"data\":[{\"asks\":[],\"bids\":[],\"instrument_id\":"
                "\"BETH-ETH\",\"timestamp\":\"2022-02-25T00:00:01.032Z\"}]}",
                VENUE_DATA, "spot/depth5", "BETH-ETH");
}

/* ---- names ------------------------------------------------------------------------------------
 */

static void the_grammar_of_symbols_is_read(void **state)
{
    (void)state;
    assert_names("okx", "BTC-USDT", "BTC-USDT");
    assert_names("okx", "BTC-USDT-PERP", "BTC-USDT-SWAP");
    assert_names("okx", "BTC-USD-20220527", "BTC-USD-220527");
    assert_instrument("okx", "BTC-USD_UM-SWAP", "BTC-USD_UM-PERP");
    assert_instrument("okx", "BTC-USD-220304-32000-P", "BTC-USD-20220304-32000-P");
    assert_instrument("okx", "BTC", "BTC");
    assert_instrument("okx", "BTC-USD-229927", "BTC-USD-229927");
    assert_instrument("okx", "BTC-USDT_BTC-USDT-SWAP", "BTC-USDT_BTC-USDT-SWAP");
    assert_instrument("okx", "A-B-C-D-E-F-G", "A-B-C-D-E-F-G");

    struct instrument out;
    venue_find("okx")->describe("BTC-USD-220304-32000-P", &out);
    assert_int_equal(out.kind, INSTRUMENT_OPTION);
    assert_int_equal(out.expiry_ns, INT64_C(1646380800) * 1000000000); /* date -u -d '...08:00' */
    assert_true(out.strike.mantissa == 32000 && out.strike.scale == 0 && !out.call);
    assert_int_equal(out.volume_unit, VOLUME_CONTRACT);
    venue_find("okx")->describe("BTC-USDT", &out);
    assert_int_equal(out.volume_unit, VOLUME_BASE);

    char symbol[SYMBOL_MAX];
    assert_err(ERR_UNKNOWN, venue_find("okx")->symbol("BTC", symbol));
    assert_err(ERR_UNKNOWN, venue_find("okx")->symbol("BTC-USD-SWAP", symbol));
    assert_err(ERR_UNKNOWN, venue_find("okx")->symbol("BTC-USD-20221301", symbol));
}

/* ---- recording --------------------------------------------------------------------------------
 */

static void subscribes_in_the_venue_s_words(void **state)
{
    (void)state;
    assert_subscribe("okx", "trades-all", "BTC-USDT", 0,
                     "{\"id\":\"1\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades-all\","
                     "\"instId\":\"BTC-USDT\"}]}");
    assert_subscribe("okx", "trades-all", "BTC-USDT", 1, NULL);
    assert_unsubscribe("okx", "books", "BTC-USDT", 0,
                       "{\"id\":\"9\",\"op\":\"unsubscribe\",\"args\":[{\"channel\":\"books\","
                       "\"instId\":\"BTC-USDT\"}]}");
}

/* What the manual allows: 64 KiB of subscriptions on a connection, 480 messages an hour. */
static void messages_keep_to_the_limits(void **state)
{
    (void)state;
    const struct venue_recording *recording = venue_find("okx")->recording;
    char longest[SYMBOL_MAX];
    memset(longest, 'X', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *symbols[512];
    for (size_t i = 0; i < 512; i++) {
        symbols[i] = longest;
    }
    assert_true(recording->symbols_max <= 512);
    const struct venue_change change = {.channel = "trades-all",
                                        .symbols = symbols,
                                        .count = recording->symbols_max,
                                        .first_id = UINT64_MAX - 600};
    struct buf out;
    size_t bytes = 0, messages = 0, args = 0;
    buf_init(&out, 64 << 10);
    while (recording->subscribe(&change, messages, &out) == ERR_OK) {
        bytes += out.size;
        messages++;
        assert_ok(buf_terminate(&out));
        for (const char *at = (const char *)out.data; (at = strstr(at, "instId")); at++) {
            args++;
        }
    }
    assert_int_equal(args, recording->symbols_max);
    assert_true(bytes < 65536 && messages <= 48);
    assert_ok(recording->keepalive(7, &out));
    assert_memory_equal(out.data, "ping", 4);
    assert_int_equal(out.size, 4);
    assert_true(recording->keepalive_ns < INT64_C(30) * 1000000000 &&
                recording->silence_ns > recording->keepalive_ns);
    buf_release(&out);
}

static void channels_know_their_path(void **state)
{
    (void)state;
    const struct venue_recording *recording = venue_find("okx")->recording;
    const struct venue_channel *channel = venue_channel_find(recording, "trades");
    assert_string_equal(channel->name, "trades");
    assert_string_equal(venue_channel_path(recording, channel), "/ws/v5/public");
    assert_string_equal(recording->channels[0].name, "trades-all");
    assert_string_equal(venue_channel_url(recording, &recording->channels[0]),
                        "wss://ws.okx.com/ws/v5/business");
    channel = venue_channel_find(recording, "klines");
    assert_string_equal(channel->name, "candle1m");
    assert_string_equal(venue_channel_path(recording, channel), "/ws/v5/business");
    assert_string_equal(venue_channel_find(recording, "top")->name, "bbo-tbt");
    assert_string_equal(venue_channel_find(recording, "depth")->name, "books");
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static void assert_target(enum err err, struct buf *out, const char *expected)
{
    assert_ok(err);
    assert_ok(buf_terminate(out));
    assert_string_equal((const char *)out->data, expected);
}

static void asks_for_one_list_of_each_kind(void **state)
{
    (void)state;
    const struct venue_rest *rest = venue_find("okx")->rest;
    struct buf out;
    buf_init(&out, 1024);
    assert_target(rest->list(0, NULL, 0, &out), &out, "/api/v5/public/instruments?instType=SPOT");
    assert_target(rest->list(1, NULL, 0, &out), &out, "/api/v5/public/instruments?instType=SWAP");
    assert_target(rest->list(2, NULL, 0, &out), &out,
                  "/api/v5/public/instruments?instType=FUTURES");
    assert_int_equal(rest->list(3, NULL, 0, &out), ERR_END);
    assert_true(rest->is_list("http://127.0.0.1:1/api/v5/public/instruments?instType=SPOT"));
    assert_false(rest->is_list("https://openapi.okx.com/api/v5/market/history-trades?instId=A"));
    buf_release(&out);
}

#define LIST_URL "https://openapi.okx.com/api/v5/public/instruments?instType=SPOT"

/* The manual's example of a spot pair, and the members of contracts that matter. */
static const char listed[] =
    "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"alias\":\"\",\"auctionEndTime\":\"\",\"baseCcy\":"
    "\"BTC\",\"category\":\"1\",\"ctMult\":\"\",\"ctType\":\"\",\"ctVal\":\"\",\"ctValCcy\":\"\","
    "\"contTdSwTime\":\"1704876947000\",\"expTime\":\"\",\"futureSettlement\":false,\"instFamily\":"
    "\"\",\"instId\":\"BTC-EUR\",\"instType\":\"SPOT\",\"lever\":\"\",\"listTime\":"
    "\"1704876947000\",\"lotSz\":\"0.00000001\",\"minSz\":\"0.00001\",\"optType\":\"\","
    "\"quoteCcy\":"
    "\"EUR\",\"tradeQuoteCcyList\":[\"EUR\"],\"settleCcy\":\"\",\"state\":\"live\",\"stk\":\"\","
    "\"tickSz\":\"1\",\"uly\":\"\",\"instIdCode\":1000000000},"
    "{\"instType\":\"SWAP\",\"instId\":\"BTC-USD-SWAP\",\"uly\":\"BTC-USD\",\"instFamily\":"
    "\"BTC-USD\",\"settleCcy\":\"BTC\",\"ctVal\":\"100\",\"ctMult\":\"1\",\"ctValCcy\":\"USD\","
    "\"expTime\":\"1800000000000\",\"tickSz\":\"0.1\",\"lotSz\":\"1\",\"ctType\":\"inverse\","
    "\"state\":\"live\"},"
    "{\"instType\":\"SWAP\",\"instId\":\"BTC-USD_UM-SWAP\",\"uly\":\"BTC-USD\",\"instFamily\":"
    "\"BTC-USD_UM\",\"ctVal\":\"0.01\",\"ctMult\":\"0.1\",\"ctValCcy\":\"BTC\",\"state\":"
    "\"suspend\"},"
    "{\"instType\":\"FUTURES\",\"instId\":\"BTC-USD-220527\",\"uly\":\"BTC-USD\",\"ctVal\":\"100\","
    "\"ctMult\":\"1\",\"ctValCcy\":\"USD\",\"expTime\":\"1653638400000\",\"state\":\"preopen\"},"
    "{\"instType\":\"FUTURES\",\"instId\":\"NEW-USDT-991231\",\"uly\":\"\",\"instFamily\":\"\","
    "\"state\":\"preopen\"},"
    "{\"instType\":\"OPTION\",\"instId\":\"BTC-USD-220304-32000-P\",\"instFamily\":\"BTC-USD\","
    "\"ctVal\":\"1\",\"ctMult\":\"0.01\",\"ctValCcy\":\"BTC\",\"optType\":\"P\",\"stk\":\"32000\","
    "\"expTime\":\"1646380800000\",\"state\":\"live\"},"
    "{\"instType\":\"MOON\",\"instId\":\"BTC-MOON\"},{\"instType\":\"SPOT\"},7]}";

static void a_list_says_what_things_are(void **state)
{
    (void)state;
    struct instrument_list list;
    char text[DECIMAL_TEXT_MAX];
    instrument_list_init(&list);
    assert_ok(venue_find("okx")->rest->decode_list(LIST_URL, (const uint8_t *)listed,
                                                   strlen(listed), &list));
    assert_int_equal(list.count, 6);
    const struct instrument *item = instrument_list_name(&list, "BTC-EUR");
    assert_non_null(item);
    assert_true(item->kind == INSTRUMENT_SPOT && item->volume_unit == VOLUME_BASE && item->trading);
    decimal_format(text, item->quantity_step);
    assert_string_equal(text, "0.00000001");

    item = instrument_list_name(&list, "BTC-USD-PERP");
    assert_non_null(item);
    assert_string_equal(item->symbol, "BTC-USD-SWAP");
    assert_true(item->volume_unit == VOLUME_CONTRACT && item->expiry_ns == 0);
    decimal_format(text, item->contract_size);
    assert_string_equal(text, "100");
    assert_string_equal(item->contract_asset, "USD");
    decimal_format(text, item->price_tick);
    assert_string_equal(text, "0.1");

    /* Another contract on the same underlying has another name, whatever the order of the list. */
    item = instrument_list_symbol(&list, "BTC-USD_UM-SWAP");
    assert_string_equal(item->name, "BTC-USD_UM-PERP");
    decimal_format(text, item->contract_size);
    assert_string_equal(text, "0.001");
    assert_string_equal(item->contract_asset, "BTC");
    assert_false(item->trading);

    item = instrument_list_name(&list, "BTC-USD-20220527");
    assert_non_null(item);
    assert_int_equal(item->expiry_ns, INT64_C(1653638400) * 1000000000);
    assert_false(item->trading);
    assert_non_null(instrument_list_name(&list, "NEW-USDT-991231"));
    item = instrument_list_name(&list, "BTC-USD-20220304-32000-P");
    assert_non_null(item);
    assert_true(item->kind == INSTRUMENT_OPTION && !item->call);
    instrument_list_release(&list);
}

static void what_is_no_list_is_said(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "[]",
        "{}",
        "{\"code\":\"0\",\"data\":{}}",
        "{\"code\":\"50011\",\"msg\":\"Too Many Requests\",\"data\":[]}",
        "{\"code\":0,\"data\":[]}",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct instrument_list list;
        instrument_list_init(&list);
        assert_err(ERR_DAMAGED,
                   venue_find("okx")->rest->decode_list(LIST_URL, (const uint8_t *)answers[i],
                                                        strlen(answers[i]), &list));
        assert_int_equal(list.count, 0);
        instrument_list_release(&list);
    }
    assert_non_null(strstr(err_text(ERR_DAMAGED), "no instrument list"));
}

static void asks_for_missing_trades(void **state)
{
    (void)state;
    const struct venue_rest *rest = venue_find("okx")->rest;
    struct instrument item = {.request_symbol = "BTC-USDT-SWAP"};
    struct venue_hole hole = {.instrument = &item,
                              .channel = "trades-all",
                              .first_id = 100,
                              .last_id = 240,
                              .from_ns = 1,
                              .to_ns = INT64_C(1791369350776) * MS,
                              .now_ns = INT64_C(1791369360000) * MS};
    struct buf out;
    buf_init(&out, 1024);
    assert_target(rest->trades(&hole, &out), &out,
                  "/api/v5/market/history-trades?instId=BTC-USDT-SWAP&type=1&after=241&limit=100");
    hole.first_id = hole.last_id = 0;
    assert_target(rest->trades(&hole, &out), &out,
                  "/api/v5/market/history-trades?instId=BTC-USDT-SWAP&type=2&after=1791369350777&"
                  "limit=100");
    hole.now_ns += INT64_C(91) * 86400 * 1000000000;
    assert_err(ERR_UNKNOWN, rest->trades(&hole, &out));
    buf_release(&out);
}

#define TRADES_URL "https://openapi.okx.com/api/v5/market/history-trades?instId=BTC-USDT"

static void answers_over_http_are_told_apart(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "okx", TRADES_URL,
        "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"side\":\"sell\",\"sz\":\"0.00001\",\"source\":"
        "\"0\",\"px\":\"29963.2\",\"tradeId\":\"242720720\",\"instId\":\"BTC-USDT\",\"ts\":"
        "\"1654161646974\"},{\"side\":\"sell\",\"sz\":\"0.00001\",\"source\":\"0\",\"px\":"
        "\"29964.1\",\"tradeId\":\"242720719\",\"instId\":\"BTC-USDT\",\"ts\":\"1654161641568\"}]"
        "}");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trades-all");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-USDT", "29964.1", "0.00001", 242720719,
                                         INT64_C(1654161641568) * MS, TAKER_SELL, TRADE_BACKFILL});
    venue_frame_release(&frame);

    frame =
        sample_http("okx", TRADES_URL,
                    "{\"code\":\"51001\",\"msg\":\"Instrument ID does not exist\",\"data\":[]}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "51001: Instrument ID does not exist");
    venue_frame_release(&frame);

    frame = sample_http("okx", "https://openapi.okx.com/api/v5/market/books?instId=BTC-USDT",
                        "{\"code\":\"0\",\"msg\":\"\",\"data\":[{\"asks\":[],\"bids\":[],\"ts\":"
                        "\"1654328918680\"}]}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, INT64_C(1654328918680) * MS);
    venue_frame_release(&frame);

    frame = sample_http("okx", TRADES_URL, "<html>429</html>");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
}

/* ---- playing ----------------------------------------------------------------------------------
 */

static void requests_are_answered(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("okx", "/ws/v5/public");
    assert_answer(&client, "ping", "pong");
    assert_answer(&client,
                  "{\"id\":\"7\",\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":"
                  "\"BTC-USD-220527\"}]}",
                  "{\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":"
                  "\"BTC-USD-220527\"},\"connId\":\"cba4811c\",\"id\":\"7\"}");
    assert_true(sample_is_sent(&client, push));
    assert_false(sample_is_sent(&client, ROW("\"1\"", "\"1\"", "\"1\"", "\"buy\"", "\"1\"")));
    sample_request(&client,
                   "{\"op\":\"subscribe\",\"args\":[{\"channel\":\"trades-all\",\"instId\":"
                   "\"BTC-USDT\"},{\"channel\":\"candle1m\",\"instId\":\"DOGE-USDT\"},"
                   "{\"channel\":\"novels\",\"instId\":\"BTC-USDT\"},7]}");
    assert_int_equal(client.count, 4);
    assert_true(sample_is_sent(&client, ROW("\"1\"", "\"1\"", "\"1\"", "\"buy\"", "\"1\"")));
    struct venue_frame frame = sample_decode("okx", client.replies[1]);
    assert_true(frame.kind == VENUE_ACK && strncmp(frame.error, "60018: ", 7) == 0);
    assert_string_equal(frame.symbol, "DOGE-USDT");
    assert_string_equal(frame.channel, "candle1m");
    venue_frame_release(&frame);
    frame = sample_decode("okx", client.replies[2]);
    assert_string_equal(frame.channel, "novels");
    venue_frame_release(&frame);
    frame = sample_decode("okx", client.replies[3]);
    assert_string_equal(frame.error, "60013: Invalid args");
    venue_frame_release(&frame);

    assert_answer(&client,
                  "{\"op\":\"unsubscribe\",\"args\":[{\"channel\":\"trades\",\"instId\":"
                  "\"BTC-USD-220527\"}]}",
                  "{\"event\":\"unsubscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":"
                  "\"BTC-USD-220527\"},\"connId\":\"cba4811c\"}");
    assert_false(sample_is_sent(&client, push));
    assert_answer(&client, "{\"op\":\"sing\",\"id\":\"1\"}",
                  "{\"event\":\"error\",\"msg\":\"Invalid op: sing\",\"code\":\"60019\","
                  "\"connId\":\"cba4811c\",\"id\":\"1\"}");
    assert_answer(&client, "{\"op\":",
                  "{\"event\":\"error\",\"msg\":\"Invalid request\",\"code\":\"60012\","
                  "\"connId\":\"cba4811c\"}");
    assert_answer(&client, "{\"op\":\"subscribe\"}",
                  "{\"event\":\"error\",\"msg\":\"Invalid args\",\"code\":\"60013\","
                  "\"connId\":\"cba4811c\"}");
    venue_subscriptions_release(&client.subs);
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/ws/v5/private", &client.subs));
    assert_ok(client.venue->serving->open("/ws/v5/business", &client.subs));
}

/* What the recorder says to the venue, the played venue understands, and the other way round. */
static void recorder_and_played_venue_understand_each_other(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("okx", "/ws/v5/business");
    const struct venue_recording *recording = client.venue->recording;
    const char *const symbols[] = {"BTC-USDT", "ETH-USDT"};
    for (const struct venue_channel *at = recording->channels; at->name; at++) {
        const struct venue_change change = {
            .channel = at->name, .symbols = symbols, .count = 2, .first_id = 31};
        struct buf out;
        buf_init(&out, 4096);
        assert_ok(recording->subscribe(&change, 0, &out));
        assert_ok(buf_terminate(&out));
        sample_request(&client, (const char *)out.data);
        assert_int_equal(client.count, 2);
        for (size_t i = 0; i < 2; i++) {
            struct venue_frame frame = sample_decode("okx", client.replies[i]);
            assert_true(frame.kind == VENUE_ACK && frame.error[0] == '\0');
            assert_string_equal(frame.channel, at->name);
            assert_string_equal(frame.symbol, symbols[i]);
            assert_true(frame.has_request_id && frame.request_id == 31);
            venue_frame_release(&frame);
        }
        buf_release(&out);
    }
    venue_subscriptions_release(&client.subs);
}

static void written_trades_read_back(void **state)
{
    (void)state;
    uint64_t seed = 20260101;
    struct trade trade = {.symbol = "BTC-USDT-SWAP", .source_ns = INT64_C(1700000000000) * MS};
    struct buf out;
    buf_init(&out, 4096);
    for (int i = 0; i < 2000; i++) {
        const char *channel = unit_below(&seed, 2) ? "trades" : "trades-all";
        past_next(&seed, &trade);
        trade.folded = 0;
        if (strcmp(channel, "trades") == 0) {
            trade.id += trade.folded = unit_below(&seed, 4);
            trade.first_id = trade.id - trade.folded;
            trade.last_id = trade.id;
            trade.count = trade.folded + 1;
        }
        const struct venue_writing writing = {.channel = channel, .sequence = 1};
        struct trade two[2] = {trade, trade};
        size_t written = 0;
        assert_ok(venue_find("okx")->serving->write_trades(&writing, two, 2, &written, &out));
        assert_int_equal(written, 1);
        assert_ok(buf_terminate(&out));
        struct venue_frame frame = sample_decode("okx", (const char *)out.data);
        assert_int_equal(frame.trade_count, 1);
        assert_string_equal(frame.channel, channel);
        assert_string_equal(frame.symbol, "BTC-USDT-SWAP");
        assert_same_trade(&frame.trades[0], &trade, 0);
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

static void a_written_list_reads_back(void **state)
{
    (void)state;
    const struct venue_rest *rest = venue_find("okx")->rest;
    struct instrument_list list, again;
    instrument_list_init(&list);
    instrument_list_init(&again);
    assert_ok(rest->decode_list(LIST_URL, (const uint8_t *)listed, strlen(listed), &list));
    const struct venue_past past = {.instrument_count = list.count, .instruments = list.items};
    static const char *const kinds[] = {"SPOT", "SWAP", "FUTURES", "OPTION"};
    for (size_t i = 0; i < 4; i++) {
        char target[64];
        snprintf(target, sizeof target, "/api/v5/public/instruments?instType=%s", kinds[i]);
        struct buf out = past_get("okx", &past, target, 200);
        assert_ok(rest->decode_list(target, out.data, out.size, &again));
        buf_release(&out);
    }
    assert_int_equal(again.count, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const struct instrument *a = &list.items[i];
        const struct instrument *b = instrument_list_symbol(&again, a->symbol);
        assert_non_null(b);
        assert_string_equal(b->name, a->name);
        assert_string_equal(b->contract_asset, a->contract_asset);
        assert_true(b->kind == a->kind && b->expiry_ns == a->expiry_ns && b->call == a->call);
        assert_true(b->trading == a->trading && b->volume_unit == a->volume_unit);
        assert_int_equal(decimal_compare(b->price_tick, a->price_tick), 0);
        assert_int_equal(decimal_compare(b->quantity_step, a->quantity_step), 0);
        assert_int_equal(decimal_compare(b->contract_size, a->contract_size), 0);
        assert_int_equal(decimal_compare(b->strike, a->strike), 0);
    }
    struct buf out = past_get("okx", &past, "/api/v5/public/instruments?instType=MOON", 400);
    assert_non_null(strstr((const char *)out.data, "51000"));
    buf_release(&out);
    instrument_list_release(&list);
    instrument_list_release(&again);
}

enum { PAST_TRADES = 700 };

/* As the conductor does it: page from the new end of a hole to its old one. */
static void a_hole_is_filled_page_by_page(void **state)
{
    (void)state;
    uint64_t seed = 7;
    static const char *const symbols[] = {"BTC-USDT"};
    struct rest_past *own = rest_past_new("okx", symbols, 1);
    struct trade trade = {.symbol = "BTC-USDT", .source_ns = INT64_C(1700000000000) * MS};
    for (size_t i = 0; i < PAST_TRADES; i++) {
        past_next(&seed, &trade);
        trade.id = trade.first_id = trade.last_id = 5000 + i;
        own->trades[own->trade_count++] = trade;
    }
    const struct trade *trades = own->trades;
    const struct venue_past *past = &own->past;
    struct venue_hole hole = {.instrument = &own->instruments[0],
                              .channel = "trades-all",
                              .first_id = 5100,
                              .last_id = 5449,
                              .to_ns = trades[450].source_ns,
                              .now_ns = trades[450].source_ns};
    size_t filled = 0, pages = 0;
    while (hole.last_id >= hole.first_id) {
        struct buf target;
        buf_init(&target, 1024);
        assert_ok(venue_find("okx")->rest->trades(&hole, &target));
        assert_ok(buf_terminate(&target));
        struct buf out = past_get("okx", past, (const char *)target.data, 200);
        struct venue_frame frame =
            sample_http("okx", (const char *)target.data, (const char *)out.data);
        assert_int_equal(frame.kind, VENUE_TRADES);
        assert_int_equal(frame.trade_count, 100);
        assert_true(frame.trades[99].id == hole.last_id);
        for (size_t i = 0; i < 100; i++) {
            assert_same_trade(&frame.trades[i], &trades[frame.trades[i].id - 5000], TRADE_BACKFILL);
            filled += frame.trades[i].id >= hole.first_id;
        }
        hole.last_id = frame.trades[0].id - 1;
        pages++;
        venue_frame_release(&frame);
        buf_release(&target);
        buf_release(&out);
    }
    assert_int_equal(filled, 350);
    assert_int_equal(pages, 4);

    struct buf out = past_get("okx", past, "/api/v5/market/trades?instId=BTC-USDT&limit=9999", 200);
    struct venue_frame frame =
        sample_http("okx", "/api/v5/market/trades?x=1", (const char *)out.data);
    assert_int_equal(frame.trade_count, 500);
    assert_true(frame.trades[499].id == 5000 + PAST_TRADES - 1);
    venue_frame_release(&frame);
    buf_release(&out);
    /* By time: what is older than the ms. */
    char target[128];
    snprintf(target, sizeof target,
             "/api/v5/market/history-trades?instId=BTC-USDT&type=2&after=%lld&limit=3",
             (long long)(trades[300].source_ns / MS + 1));
    out = past_get("okx", past, target, 200);
    frame = sample_http("okx", target, (const char *)out.data);
    assert_int_equal(frame.trade_count, 3);
    assert_int_equal(frame.trades[2].source_ns, trades[300].source_ns);
    venue_frame_release(&frame);
    buf_release(&out);
    out = past_get("okx", past, "/api/v5/market/history-trades?instId=NO-PE", 200);
    frame = sample_http("okx", TRADES_URL, (const char *)out.data);
    assert_string_equal(frame.error, "51001: Instrument ID doesn't exist.");
    venue_frame_release(&frame);
    buf_release(&out);
    int status = 0;
    buf_init(&out, 1024);
    assert_err(ERR_UNKNOWN, venue_find("okx")->serving->answer("GET", "/api/v5/market/books", "", 0,
                                                               past, &status, &out));
    assert_err(ERR_UNKNOWN,
               venue_find("okx")->serving->answer(
                   "POST", "/api/v5/public/instruments?instType=SPOT", "", 0, past, &status, &out));
    buf_release(&out);
    free(own);
}

/* ---- recordings -------------------------------------------------------------------------------
 */

struct counts {
    size_t frames, trades, ids;
    uint64_t last_id[3];
};

static void count_line(char *line, void *arg)
{
    static const char *const symbols[] = {"BTC-USD-220527", "UNI-USD-SWAP", "BTC-USDT"};
    struct counts *counts = arg;
    const char *text = capture_frame(line);
    if (!text) {
        return;
    }
    struct venue_frame frame = sample_decode("okx", text);
    if (frame.kind == VENUE_OTHER || frame.kind == VENUE_MALFORMED) {
        fail_msg("kind %d, '%s': %s", frame.kind, frame.error, text);
    }
    counts->frames++;
    counts->trades += frame.trade_count;
    for (const char *at = text; (at = strstr(at, "\"tradeId\"")); at++) {
        counts->ids++;
    }
    /* One after the other in each instrument. */
    for (size_t i = 0; i < 3 && frame.trade_count > 0; i++) {
        if (strcmp(frame.trades[0].symbol, symbols[i]) == 0) {
            assert_true(counts->last_id[i] == 0 || frame.trades[0].id == counts->last_id[i] + 1);
            counts->last_id[i] = frame.trades[0].id;
        }
    }
    venue_frame_release(&frame);
}

static void a_recording_decodes(void **state)
{
    (void)state;
    struct counts counts = {0};
    if (!capture_lines(CAPTURES "cryptofeed/OKX.ws.1.0", count_line, &counts)) {
        skip();
    }
    assert_true(counts.frames > 0);
    assert_int_equal(counts.trades, counts.ids);
    assert_int_equal(counts.trades, 74); /* grep -c tradeId */
}

/* Of two answers over HTTP among these the frame's time is looked at too. */
static bool decode_odd(const struct odd_line *line, struct venue_frame *out)
{
    if (strcmp(line->exchange, "okx") != 0) {
        return false;
    }
    const struct venue *venue = venue_find("okx");
    const uint8_t *data = (const uint8_t *)line->raw;
    bool http = strncmp(line->raw, "{\"code\"", 7) == 0;
    assert_ok(http ? venue->decode_http("https://openapi.okx.com/api/v5/market/books?instId=A",
                                        data, strlen(line->raw), NULL, out)
                   : venue->decode(data, strlen(line->raw), out));
    return true;
}

static void odd_frames_mean_what_others_found(void **state)
{
    (void)state;
    odd_check_all(decode_odd, 30);
}

/* ---- both decoders ----------------------------------------------------------------------------
 */

/* As the venue sends them, and some that mean another thing than their ends promise. */
static const char *const equal_texts[] = {
    "{\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT\"},\"data\":[{\"instId\":\"BTC-USDT\","
    "\"tradeId\":\"338476310\",\"px\":\"30243.5\",\"sz\":\"0.00684062\",\"side\":\"buy\",\"ts\":"
    "\"1652459226050\"}]}",
    "{\"arg\":{\"channel\":\"trades\",\"instId\":\"ETH-USDT\"},\"data\":[{\"instId\":\"ETH-USDT\","
    "\"tradeId\":\"130639474\",\"px\":\"2219.9\",\"sz\":\"0.12060306\",\"side\":\"sell\",\"ts\":"
    "\"1630048897897\",\"count\":\"3\",\"source\":\"0\",\"seqId\":1234}]}",
    "{\"arg\":{\"channel\":\"trades-all\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":[{\"instId\":"
    "\"BTC-USDT-SWAP\",\"tradeId\":\"219066265\",\"px\":\"43568.8\",\"sz\":\"7\",\"side\":\"buy\","
    "\"ts\":\"1646312440646\",\"source\":\"0\"},{\"instId\":\"BTC-USDT-SWAP\",\"tradeId\":"
    "\"219066264\",\"px\":\"43568\",\"sz\":\"1\",\"side\":\"sell\",\"ts\":\"1646312440646\","
    "\"source\":\"0\"}]}",
    "{\"arg\":{\"channel\":\"books-l2-tbt\",\"instId\":\"BTC-USDT\"},\"action\":\"snapshot\","
    "\"data\":[{\"asks\":[[\"43666.1\",\"1.09431286\",\"0\",\"15\"],[\"43666.3\",\"0.01\",\"0\","
    "\"1\"]],\"bids\":[[\"43666\",\"0.00278174\",\"0\",\"5\"]],\"ts\":\"1646313944551\","
    "\"checksum\":-144433427}]}",
    "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"action\":\"update\",\"data\":[{"
    "\"asks\":[],\"bids\":[],\"ts\":\"1646313944552\",\"checksum\":144433427,\"seqId\":12,"
    "\"prevSeqId\":11}]}",
    "{\"arg\":{\"channel\":\"bbo-tbt\",\"instId\":\"BTC-USDT\"},\"data\":[{\"asks\":[[\"31774.7\","
    "\"0.14368878\",\"0\",\"3\"]],\"bids\":[[\"31774.6\",\"0.3392211\",\"0\",\"3\"]],\"ts\":"
    "\"1654032991947\"}]}",
    "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT\"},\"data\":[[\"1654154580000\","
    "\"29930.7\",\"29936.3\",\"29930.7\",\"29936.3\",\"0.0111536\",\"333.86246417\"]]}",
    "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"data\":[{\"ts\":\"9\",\"asks\":[]},"
    "{\"bids\":[],\"ts\":\"5\"}]}",
    "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"data\":[],\"event\":\"notice\","
    "\"x\":[{\"a\":1,\"ts\":\"5\"}]}",
    "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT\"},\"data\":[[\"1\"]],\"event\":"
    "\"notice\",\"y\":[[\"1\"]]}",
    "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"data\":[{\"x\\\",\\\"ts\":\"7\","
    "\"asks\":[1]}]}",
};

static void both_decoders_say_the_same_of_changed_frames(void **state)
{
    (void)state;
    equal_decode_all("okx", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
}

static void what_stands_between_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"arg\":{\"channel\":\"books\",\"instId\":\"BTC-USDT\"},\"action\":\"update\",\"data\":[{"
        "\"asks\":[[\"1\",]],\"bids\":[],\"ts\":\"1646313944552\",\"checksum\":1}]}",
    };
    assert_unseen("okx", frames, sizeof frames / sizeof frames[0]);
}

static void both_decoders_say_the_same_of_a_recording(void **state)
{
    (void)state;
    equal_recording("okx", CAPTURES "cryptofeed/OKX.ws.1.0", 70, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_is_read_from_strings),
        cmocka_unit_test(a_row_of_several_fills_stands_for_their_ids),
        cmocka_unit_test(other_frames_are_told_apart),
        cmocka_unit_test(the_time_of_a_frame_is_the_newest_row_s),
        cmocka_unit_test(answers_name_message_channel_and_instrument),
        cmocka_unit_test(an_upgrade_asks_to_connect_anew),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(half_a_frame_gives_no_trade),
        cmocka_unit_test(frames_of_v3_are_read_too),
        cmocka_unit_test(the_grammar_of_symbols_is_read),
        cmocka_unit_test(subscribes_in_the_venue_s_words),
        cmocka_unit_test(messages_keep_to_the_limits),
        cmocka_unit_test(channels_know_their_path),
        cmocka_unit_test(asks_for_one_list_of_each_kind),
        cmocka_unit_test(a_list_says_what_things_are),
        cmocka_unit_test(what_is_no_list_is_said),
        cmocka_unit_test(asks_for_missing_trades),
        cmocka_unit_test(answers_over_http_are_told_apart),
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(recorder_and_played_venue_understand_each_other),
        cmocka_unit_test(written_trades_read_back),
        cmocka_unit_test(a_written_list_reads_back),
        cmocka_unit_test(a_hole_is_filled_page_by_page),
        cmocka_unit_test(a_recording_decodes),
        cmocka_unit_test(odd_frames_mean_what_others_found),
        cmocka_unit_test(both_decoders_say_the_same_of_changed_frames),
        cmocka_unit_test(what_stands_between_is_not_looked_at),
        cmocka_unit_test(both_decoders_say_the_same_of_a_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
