#include "tests/unit/venue_equal.h"
#include "tests/unit/venue_sample.h"

#include <jansson.h>

/* ---- frames ---------------------------------------------------------------------------------- */

#define SUBSCRIBED_TRADES                                                                          \
    "{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":17470,\"symbol\":\"tBTCUSD\","    \
    "\"pair\":\"BTCUSD\"}"

/* Decodes one frame after another as those of one connection. Release it. */
static void decode_on(struct venue_frame *frame, uint32_t connection, const char *text)
{
    size_t size = strlen(text);
    uint8_t *exact = malloc(size + 1);
    memcpy(exact, text, size);
    frame->connection = connection;
    assert_ok(venue_find("bitfinex")->decode(exact, size, frame));
    free(exact);
}

static struct venue_frame subscribed(void)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    decode_on(&frame, 1, SUBSCRIBED_TRADES);
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "");
    assert_string_equal(frame.channel, "trades");
    assert_string_equal(frame.symbol, "tBTCUSD");
    return frame;
}

static void a_trade_comes_twice_and_the_second_is_a_repeat(void **state)
{
    (void)state;
    struct venue_frame frame = subscribed();
    decode_on(&frame, 1, "[17470,\"te\",[401597395,1574694478808,0.005,7245.3]]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"tBTCUSD", "7245.3", "0.005", 401597395,
                                         INT64_C(1574694478808000000), TAKER_BUY, 0});
    assert_int_equal(frame.source_ns, INT64_C(1574694478808000000));
    decode_on(&frame, 1, "[17470,\"tu\",[401597395,1574694478808,0.005,7245.3]]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_int_equal(frame.trades[0].flags, TRADE_REPEAT);
    assert_int_equal(frame.trades[0].id, 401597395);
    venue_frame_release(&frame);
}

static void a_snapshot_is_newest_first_and_its_sign_is_the_taker(void **state)
{
    (void)state;
    struct venue_frame frame = subscribed();
    decode_on(&frame, 1,
              "[17470,[[401597395,1574694478808,0.005,7245.3],[401597394,1574694478800,-1e-7,"
              "7245.00]]]");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"tBTCUSD", "7245.00", "0.0000001", 401597394,
                                         INT64_C(1574694478800000000), TAKER_SELL, TRADE_SNAPSHOT});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"tBTCUSD", "7245.3", "0.005", 401597395,
                                         INT64_C(1574694478808000000), TAKER_BUY, TRADE_SNAPSHOT});
    decode_on(&frame, 1, "[17470,[]]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.symbol, "tBTCUSD");
    assert_int_equal(frame.trade_count, 0);
    venue_frame_release(&frame);
}

static void appended_elements_and_frame_numbers_are_tolerated(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "[17470,\"te\",[5,1574694478808,-2,7245.3,null,\"new\"],77]",
        "[17470,\"te\",[5,1574694478808,-2,7245.3],77,1574694478999]",
        "[17470,\"te\",[5,1574694478808,\"-2\",\"7245.3\"],1,2,3,4,5,6,7,8,9,10]",
    };
    struct venue_frame frame = subscribed();
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        decode_on(&frame, 1, frames[i]);
        assert_int_equal(frame.trade_count, 1);
        assert_sample(&frame.trades[0],
                      &(struct sample_trade){"tBTCUSD", "7245.3", "2", 5,
                                             INT64_C(1574694478808000000), TAKER_SELL, 0});
    }
    venue_frame_release(&frame);
}

static void a_number_means_its_own_connection_until_it_is_left(void **state)
{
    (void)state;
    static const char trade[] = "[17470,\"te\",[5,1574694478808,-2,7245.3]]";
    struct venue_frame frame = subscribed();
    decode_on(&frame, 2, trade);
    assert_int_equal(frame.kind, VENUE_OTHER);
    assert_int_equal(frame.trade_count, 0);
    assert_string_equal(frame.error, "no subscription of this connection has number 17470");
    decode_on(&frame, 1, trade);
    assert_int_equal(frame.kind, VENUE_TRADES);
    decode_on(&frame, 1, "{\"event\":\"unsubscribed\",\"status\":\"OK\",\"chanId\":17470}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_true(frame.leave);
    assert_string_equal(frame.channel, "trades");
    assert_string_equal(frame.symbol, "tBTCUSD");
    decode_on(&frame, 1, trade);
    assert_int_equal(frame.kind, VENUE_OTHER);
    assert_false(frame.leave);
    decode_on(&frame, 1, "[17470,\"hb\"]");
    assert_int_equal(frame.kind, VENUE_HEARTBEAT);
    assert_string_equal(frame.error, "");
    venue_frame_release(&frame);
}

static void check_data(struct venue_frame *frame, const char *text, const char *channel,
                       const char *symbol, int64_t source_ns)
{
    decode_on(frame, 1, text);
    assert_int_equal(frame->kind, VENUE_DATA);
    assert_string_equal(frame->channel, channel);
    assert_string_equal(frame->symbol, symbol);
    assert_true(frame->source_ns == source_ns);
}

static void channels_with_parameters_carry_them_in_their_name(void **state)
{
    (void)state;
    struct venue_frame frame = subscribed();
    decode_on(&frame, 1,
              "{\"event\":\"subscribed\",\"channel\":\"candles\",\"chanId\":1,\"key\":"
              "\"trade:1m:tTESTBTC:TESTUSD\"}");
    check_data(&frame, "[1,[1574698260000,7379.7,7383.8,7388.3,7379.7,1.68829482]]",
               "candles:trade:1m", "tTESTBTC:TESTUSD", RECORD_NO_TIME);
    decode_on(&frame, 1,
              "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":2,\"symbol\":\"tBTCUSD\","
              "\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"25\",\"pair\":\"BTCUSD\"}");
    check_data(&frame, "[2,[[86717,0,1],[86816,0,-1]],2,1790134414850]", "book", "tBTCUSD",
               INT64_C(1790134414850000000));
    check_data(&frame, "[2,\"cs\",-1330055495,9]", "book", "tBTCUSD", RECORD_NO_TIME);
    decode_on(&frame, 1,
              "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":3,\"symbol\":\"tBTCUSD\","
              "\"prec\":\"R0\",\"freq\":\"F0\",\"len\":\"25\",\"pair\":\"BTCUSD\"}");
    check_data(&frame, "[3,[34006738527,8744.9,0.25603413],12]", "book:R0", "tBTCUSD",
               RECORD_NO_TIME);
    decode_on(&frame, 1,
              "{\"event\":\"subscribed\",\"channel\":\"status\",\"chanId\":4,\"key\":"
              "\"deriv:tBTCF0:USTF0\"}");
    check_data(&frame, "[4,[1790133734000,null,86710.4]]", "status:deriv", "tBTCF0:USTF0",
               RECORD_NO_TIME);
    /* Loans are no trades. */
    decode_on(&frame, 1,
              "{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":5,\"symbol\":\"fUSD\","
              "\"currency\":\"USD\"}");
    check_data(&frame, "[5,[[133323543,1574694605000,-59.84,0.00023647,2]]]", "trades", "fUSD",
               RECORD_NO_TIME);
    check_data(&frame, "[5,\"fte\",[133323072,1574694245478,-258.7,0.000234,2]]", "trades", "fUSD",
               RECORD_NO_TIME);
    venue_frame_release(&frame);
}

static void events_are_told_apart(void **state)
{
    (void)state;
    assert_kind("bitfinex",
                "{\"event\":\"info\",\"version\":2,\"serverId\":\"083bd8d4\",\"platform\":{"
                "\"status\":1}}",
                VENUE_STATUS, "info", "");
    assert_kind("bitfinex", "{\"event\":\"conf\",\"status\":\"OK\",\"flags\":65536}", VENUE_ACK, "",
                "");
    assert_kind("bitfinex", "{\"event\":\"pong\",\"ts\":1511545528111,\"cid\":1234}",
                VENUE_HEARTBEAT, "", "");
    assert_kind("bitfinex", "{\"event\":\"auth\",\"status\":\"OK\",\"chanId\":0}", VENUE_OTHER, "",
                "");
    assert_kind("bitfinex", "{\"event\":\"news\"}", VENUE_OTHER, "", "");
    assert_kind("bitfinex", "[0,\"hb\"]", VENUE_HEARTBEAT, "", "");
    assert_kind("bitfinex", "[]", VENUE_OTHER, "", "");
    /* A book as REST sends it. */
    assert_kind("bitfinex", "[[23143,5,0.4721613],[23142,3,0.22947044]]", VENUE_OTHER, "", "");
}

static void the_venue_may_ask_for_a_new_connection(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool reconnect;
    } frames[] = {
        {"{\"event\":\"info\",\"code\":20051,\"msg\":\"Stopping. Please try to reconnect\"}", true},
        {"{\"event\":\"info\",\"code\":20060,\"msg\":\"Entering in Maintenance mode.\"}", false},
        {"{\"event\":\"info\",\"code\":20061,\"msg\":\"Maintenance ended.\"}", true},
        {"{\"event\":\"info\",\"version\":2,\"platform\":{\"status\":0}}", false},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct venue_frame frame = sample_decode("bitfinex", frames[i].text);
        assert_int_equal(frame.kind, VENUE_STATUS);
        assert_int_equal(frame.reconnect, frames[i].reconnect);
        venue_frame_release(&frame);
    }
}

static void refusals_name_channel_and_symbol(void **state)
{
    (void)state;
    static const char invalid[] = "{\"channel\":\"book\",\"symbol\":\"tNOPEF0:USTF0\",\"prec\":"
                                  "\"P0\",\"len\":\"25\",\"event\":\"error\",\"msg\":\"symbol: "
                                  "invalid\",\"code\":10300,\"pair\":\"NOPEF0:USTF0\"}";
    assert_refusal("bitfinex", invalid, "symbol: invalid");
    assert_kind("bitfinex", invalid, VENUE_ACK, "book", "tNOPEF0:USTF0");
    assert_refusal("bitfinex",
                   "{\"event\":\"error\",\"msg\":\"unsubscribe: invalid\",\"code\":10400}",
                   "unsubscribe: invalid");
    assert_refusal("bitfinex", "{\"event\":\"conf\",\"status\":\"FAILED\"}", "refused");
    /* Who is subscribed already has what it asked for. */
    assert_refusal("bitfinex",
                   "{\"channel\":\"ticker\",\"symbol\":\"tLTCUSD\",\"event\":\"error\",\"msg\":"
                   "\"subscribe: dup\",\"code\":10301,\"pair\":\"LTCUSD\"}",
                   "");
}

static void wrong_frames_say_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } frames[] = {
        {"", "not a JSON object"},
        {"[17470,\"te\",[1,1574694478808,1,1]", "ends too early"},
        {"[17470,\"te\"]", "not a JSON array"},
        {"[17470,\"te\",[1,1574694478808,1]]", "'PRICE' is missing"},
        {"[17470,\"te\",[-1,1574694478808,1,1]]", "'ID'"},
        {"[17470,\"te\",[1.5,1574694478808,1,1]]", "'ID'"},
        {"[17470,\"te\",[1,0,1,1]]", "'MTS'"},
        {"[17470,\"te\",[1,1574694478808,null,1]]", "'AMOUNT'"},
        {"[17470,\"te\",[1,1574694478808,1,-1]]", "below zero"},
        {"[17470,[1,1574694478808,1,1]]", "not a JSON array"},
        {"[17470,[[1,1574694478808,1,1],7]]", "not a JSON array"},
        {"{\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"}", "'chanId'"},
        {"{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":1}", "without channel"},
        {"{\"event\":\"subscribed\",\"symbol\":\"tBTCUSD\",\"chanId\":1}", "without channel"},
        {"[{\"symbol\":\"tBTCUSD\"},\"te\",[1,1574694478808,1,1]]", "names no channel"},
    };
    struct venue_frame frame = subscribed();
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        decode_on(&frame, 1, frames[i].text);
        if (frame.kind != VENUE_MALFORMED || !strstr(frame.error, frames[i].reason)) {
            fail_msg("kind %d, error '%s': %s", frame.kind, frame.error, frames[i].text);
        }
        assert_int_equal(frame.trade_count, 0);
    }
    venue_frame_release(&frame);
}

/* No trade and no route comes from a part of a frame. */
static void cut_frames_give_nothing(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "[17470,\"te\",[401597395,1574694478808,0.005,7245.3],12]",
        "[17470,[[401597395,1574694478808,0.005,7245.3],[401597394,1574694478800,-1,7245]]]",
        "[{\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"},\"tu\",[1,1574694478808,1,1]]",
        "{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":99,\"symbol\":\"tETHUSD\"}",
        "{\"event\":\"unsubscribed\",\"status\":\"OK\",\"chanId\":17470}",
    };
    struct venue_frame frame = subscribed();
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        for (size_t size = 0; size < strlen(frames[i]); size++) {
            char text[256];
            memcpy(text, frames[i], size);
            text[size] = '\0';
            decode_on(&frame, 1, text);
            assert_int_equal(frame.kind, VENUE_MALFORMED);
            assert_int_equal(frame.trade_count, 0);
            assert_int_equal(frame.routes.count, 1);
        }
    }
    venue_frame_release(&frame);
}

#define SUBSCRIBED_CANDLES                                                                         \
    "{\"event\":\"subscribed\",\"channel\":\"candles\",\"chanId\":99,\"key\":\"trade:1m:"          \
    "tETHUSD\"}"

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "[17470,\"te\",[401597395,1574694478808,0.005,7245.3],12]",
        "[17470,[[401597395,1574694478808,0.005,7245.3],[401597394,1574694478800,-1,7245]]]",
        SUBSCRIBED_CANDLES,
    };
    static const char bytes[] = "[]{},:\"\\0123456789-.eEtnu \n\x80\x01";
    uint64_t seed = 11;
    struct venue_frame frame = subscribed();
    for (int i = 0; i < 30000; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s", frames[unit_below(&seed, 3)]);
        for (uint64_t k = unit_below(&seed, 4) + 1; k > 0; k--) {
            text[unit_below(&seed, strlen(text))] = bytes[unit_below(&seed, sizeof bytes - 1)];
        }
        decode_on(&frame, (uint32_t)unit_below(&seed, 3), text);
        assert_true(frame.trade_count == 0 || frame.kind == VENUE_TRADES);
    }
    venue_frame_release(&frame);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void check_names(const char *symbol, const char *name, enum instrument_kind kind)
{
    struct instrument instrument;
    char back[SYMBOL_MAX];
    venue_find("bitfinex")->describe(symbol, &instrument);
    assert_string_equal(instrument.symbol, symbol);
    assert_string_equal(instrument.name, name);
    assert_int_equal(instrument.kind, kind);
    assert_int_equal(instrument.volume_unit, VOLUME_BASE);
    if (kind != INSTRUMENT_OTHER) {
        assert_ok(venue_find("bitfinex")->symbol(name, back));
        assert_string_equal(back, symbol);
    }
}

static void symbols_are_divided_by_the_grammar_and_aliased_as_whole_codes(void **state)
{
    (void)state;
    check_names("tBTCUSD", "BTC-USD", INSTRUMENT_SPOT);
    check_names("tBTCUST", "BTC-USDT", INSTRUMENT_SPOT);
    check_names("tTESTBTC:TESTUSD", "TESTBTC-TESTUSD", INSTRUMENT_SPOT);
    check_names("tDOGE:USD", "DOGE-USD", INSTRUMENT_SPOT);
    check_names("tBCHN:USD", "BCH-USD", INSTRUMENT_SPOT);
    check_names("tUSTUSD", "USDT-USD", INSTRUMENT_SPOT);
    check_names("tUSTC:USD", "USTC-USD", INSTRUMENT_SPOT);
    check_names("tIOTETH", "IOTA-ETH", INSTRUMENT_SPOT);
    check_names("tBTCF0:USTF0", "BTC-USDT-PERP", INSTRUMENT_PERPETUAL);
    check_names("tETHF0:BTCF0", "ETH-BTC-PERP", INSTRUMENT_PERPETUAL);
    check_names("fUSD", "fUSD", INSTRUMENT_OTHER);
    check_names("tBTCUSDX", "tBTCUSDX", INSTRUMENT_OTHER);
    check_names("t:USD", "t:USD", INSTRUMENT_OTHER);
    check_names("", "", INSTRUMENT_OTHER);
    char out[SYMBOL_MAX];
    assert_err(ERR_UNKNOWN, venue_find("bitfinex")->symbol("BTCUSD", out));
    assert_err(ERR_UNKNOWN, venue_find("bitfinex")->symbol("BTC-USD-20241227", out));
}

/* ---- recording ------------------------------------------------------------------------------- */

static void check_message(const struct venue_change *change, size_t index, const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    enum err err = venue_find("bitfinex")->recording->subscribe(change, index, &out);
    assert_int_equal(err, expected ? ERR_OK : ERR_END);
    if (expected) {
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
    }
    buf_release(&out);
}

static void one_channel_a_message_after_asking_for_frame_numbers(void **state)
{
    (void)state;
    static const char *const symbols[] = {"tBTCUSD", "tTESTBTC:TESTUSD"};
    struct venue_change change = {.channel = "trades", .symbols = symbols, .count = 2};
    check_message(&change, 0, "{\"event\":\"conf\",\"flags\":65536}");
    check_message(&change, 1,
                  "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"}");
    check_message(
        &change, 2,
        "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tTESTBTC:TESTUSD\"}");
    check_message(&change, 3, NULL);
    change.channel = "candles:trade:1m";
    check_message(&change, 1,
                  "{\"event\":\"subscribe\",\"channel\":\"candles\",\"key\":\"trade:1m:tBTCUSD\"}");
    change.channel = "book";
    check_message(&change, 1,
                  "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"tBTCUSD\",\"prec\":"
                  "\"P0\",\"freq\":\"F0\",\"len\":\"100\"}");
    change.channel = "book:R0";
    check_message(&change, 1,
                  "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"tBTCUSD\",\"prec\":"
                  "\"R0\",\"freq\":\"F0\",\"len\":\"100\"}");
    change.count = 0;
    check_message(&change, 0, NULL);
}

static void leaving_needs_a_number_and_is_refused_with_advice(void **state)
{
    (void)state;
    static const char *const symbols[] = {"tBTCUSD"};
    struct venue_change change = {
        .leave = true, .channel = "trades", .symbols = symbols, .count = 1};
    struct buf out;
    buf_init(&out, 4096);
    assert_err(ERR_UNKNOWN, venue_find("bitfinex")->recording->subscribe(&change, 0, &out));
    assert_non_null(strstr(err_text(ERR_UNKNOWN), "connect anew"));
    buf_release(&out);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

#define LIST_URL                                                                                   \
    "https://api-pub.bitfinex.com/v2/conf/pub:list:pair:exchange,pub:list:pair:futures,"           \
    "pub:map:currency:sym"

static void the_list_names_pairs_by_its_own_codes(void **state)
{
    (void)state;
    static const char answer[] =
        "[[\"BTCUSD\",\"BTCUST\",\"AAABBB\",\"LUNA:USD\",\"TESTBTC:TESTUSD\",7,\"\"],"
        "[\"BTCF0:USTF0\",\"EUTF0:USTF0\"],"
        "[[\"UST\",\"USDt\"],[\"LUNA\",\"LUNC\"],[\"AAA\",\"Alpha\"],[\"EUTF0\",\"EURt\"],"
        "[\"USTF0\",\"USDt\"],[7,8],[\"X\"]]]";
    const struct venue_rest *rest = venue_find("bitfinex")->rest;
    struct instrument_list list;
    instrument_list_init(&list);
    struct buf target;
    buf_init(&target, 4096);
    assert_ok(rest->list(0, NULL, 0, &target));
    assert_ok(buf_terminate(&target));
    assert_string_equal((const char *)target.data, strstr(LIST_URL, "/v2/"));
    assert_int_equal(rest->list(1, NULL, 0, &target), ERR_END);
    buf_release(&target);
    assert_true(rest->is_list(LIST_URL));
    assert_true(rest->is_list("http://127.0.0.1:8080/v2/conf/pub:info:pair"));
    assert_false(rest->is_list("https://api-pub.bitfinex.com/v2/conf/pub:map:currency:sym"));
    assert_false(rest->is_list("https://api-pub.bitfinex.com/v2/trades/tBTCUSD/hist"));
    assert_ok(rest->decode_list(LIST_URL, (const uint8_t *)answer, strlen(answer), &list));
    static const struct {
        const char *symbol, *name;
    } expected[] = {
        {"tBTCUSD", "BTC-USD"},
        {"tBTCUST", "BTC-USDT"},
        {"tAAABBB", "ALPHA-BBB"},
        {"tLUNA:USD", "LUNC-USD"},
        {"tTESTBTC:TESTUSD", "TESTBTC-TESTUSD"},
        {"tBTCF0:USTF0", "BTC-USDT-PERP"},
        {"tEUTF0:USTF0", "EURT-USDT-PERP"},
    };
    assert_int_equal(list.count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < list.count; i++) {
        assert_string_equal(list.items[i].symbol, expected[i].symbol);
        assert_string_equal(list.items[i].name, expected[i].name);
        assert_true(list.items[i].trading);
    }
    instrument_list_release(&list);
}

static void what_is_no_list_is_damaged(void **state)
{
    (void)state;
    static const char *const answers[] = {"",
                                          "{}",
                                          "[\"error\",10020,\"conf: invalid\"]",
                                          "[[\"BTCUSD\"]]",
                                          "[[],[],[]",
                                          "[\"BTCUSD\",[],[]]"};
    const struct venue_rest *rest = venue_find("bitfinex")->rest;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct instrument_list list;
        instrument_list_init(&list);
        assert_err(ERR_DAMAGED, rest->decode_list(LIST_URL, (const uint8_t *)answers[i],
                                                  strlen(answers[i]), &list));
        assert_int_equal(list.count, 0);
        instrument_list_release(&list);
    }
}

static struct venue_frame http(const char *url, const char *text)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    assert_ok(venue_find("bitfinex")
                  ->decode_http(url, (const uint8_t *)text, strlen(text), NULL, &frame));
    return frame;
}

static void repairs_ask_for_a_span_and_bring_backfilled_trades(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("bitfinex")->describe("tTESTBTC:TESTUSD", &instrument);
    struct venue_hole hole = {.instrument = &instrument,
                              .channel = "trades",
                              .from_ns = INT64_C(1574694478800999999),
                              .to_ns = INT64_C(1574694478808000001)};
    struct buf target;
    buf_init(&target, 4096);
    assert_ok(venue_find("bitfinex")->rest->trades(&hole, &target));
    assert_ok(buf_terminate(&target));
    assert_string_equal((const char *)target.data,
                        "/v2/trades/tTESTBTC:TESTUSD/"
                        "hist?limit=10000&start=1574694478800&end=1574694478809&sort=1");
    venue_find("bitfinex")->describe("t\r\nX: y", &instrument);
    assert_err(ERR_UNKNOWN, venue_find("bitfinex")->rest->trades(&hole, &target));
    buf_release(&target);

    struct venue_frame frame =
        http("https://h/v2/trades/tTESTBTC%3ATESTUSD/hist?limit=2&sort=1",
             "[[401597394,1574694478800,-1,7245],[401597395,1574694478808,0.005,7245.3]]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"tTESTBTC:TESTUSD", "7245", "1", 401597394,
                                         INT64_C(1574694478800000000), TAKER_SELL, TRADE_BACKFILL});
    venue_frame_release(&frame);
    frame = http("https://h/v2/trades/tBTCUSD/hist", "[\"error\",11010,\"ratelimit: error\"]");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "ratelimit: error");
    venue_frame_release(&frame);
    frame = http("https://h/v2/trades/tBTCUSD/hist", "{\"message\":\"no\"}");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
    frame = http("https://h/v2/book/tBTCUSD/P0", "[[23143,5,0.4721613],[23142,3,-0.2]]");
    assert_int_equal(frame.kind, VENUE_DATA);
    venue_frame_release(&frame);
}

/* ---- playing --------------------------------------------------------------------------------- */

struct client {
    struct venue_subscriptions subs;
    size_t count;
    char reply[1024];
};

static bool has_symbol(const char *symbol, void *arg)
{
    (void)arg;
    return strncmp(symbol, "tP", 2) == 0 || strcmp(symbol, "tBTCUSD") == 0 ||
           strcmp(symbol, "tTESTBTC:TESTUSD") == 0;
}

static enum err reply(const void *data, size_t size, void *arg)
{
    struct client *client = arg;
    assert_true(size < sizeof client->reply);
    memcpy(client->reply, data, size);
    client->reply[size] = '\0';
    client->count++;
    return ERR_OK;
}

static void ask(struct client *client, const char *text)
{
    client->count = 0;
    client->reply[0] = '\0';
    assert_ok(venue_find("bitfinex")
                  ->serving->request((const uint8_t *)text, strlen(text), SAMPLE_WALL_NS,
                                     &client->subs, has_symbol, reply, client));
}

static void check_answer(struct client *client, const char *text, const char *expected)
{
    ask(client, text);
    assert_string_equal(client->reply, expected);
}

static struct client connect_client(void)
{
    struct client client = {0};
    venue_subscriptions_init(&client.subs);
    assert_ok(venue_find("bitfinex")->serving->open("/ws/2", &client.subs));
    return client;
}

static void the_venue_speaks_first(void **state)
{
    (void)state;
    const struct venue_serving *serving = venue_find("bitfinex")->serving;
    struct client client = connect_client();
    assert_err(ERR_UNKNOWN, serving->open("/ws/1", &client.subs));
    assert_ok(serving->greet(SAMPLE_WALL_NS, reply, &client));
    struct venue_frame frame = sample_decode("bitfinex", client.reply);
    assert_int_equal(frame.kind, VENUE_STATUS);
    assert_true(venue_find("bitfinex")->recording->greets);
    venue_frame_release(&frame);
    venue_subscriptions_release(&client.subs);
}

/* The answers are those of the venue, member by member, but for the number. */
static void requests_are_answered_as_by_the_venue(void **state)
{
    (void)state;
    struct client client = connect_client();
    unsigned number = 0;
    ask(&client, "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"}");
    assert_int_equal(sscanf(client.reply,
                            "{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":%u,",
                            &number),
                     1);
    assert_non_null(strstr(client.reply, ",\"symbol\":\"tBTCUSD\",\"pair\":\"BTCUSD\"}"));
    assert_true(venue_subscriptions_has(&client.subs, "trades", "tBTCUSD"));
    check_answer(&client, "{\"event\":\"subscribe\",\"channel\":\"trades\",\"pair\":\"BTCUSD\"}",
                 "{\"channel\":\"trades\",\"symbol\":\"tBTCUSD\",\"pair\":\"BTCUSD\",\"event\":"
                 "\"error\",\"msg\":\"subscribe: dup\",\"code\":10301}");
    check_answer(&client, "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tNOPE\"}",
                 "{\"channel\":\"trades\",\"symbol\":\"tNOPE\",\"pair\":\"NOPE\",\"event\":"
                 "\"error\",\"msg\":\"symbol: invalid\",\"code\":10300}");
    ask(&client, "{\"event\":\"subscribe\",\"channel\":\"nope\",\"symbol\":\"tBTCUSD\"}");
    assert_non_null(strstr(client.reply, "\"msg\":\"channel: unknown\",\"code\":10300"));
    ask(&client, "{\"event\":\"subscribe\",\"channel\":\"book\",\"symbol\":\"BTCUSD\",\"prec\":"
                 "\"R0\",\"len\":\"100\",\"subId\":\"a\"}");
    assert_non_null(strstr(client.reply, ",\"symbol\":\"tBTCUSD\",\"prec\":\"R0\",\"freq\":\"F0\","
                                         "\"len\":\"100\",\"subId\":\"a\",\"pair\":\"BTCUSD\"}"));
    assert_true(venue_subscriptions_has(&client.subs, "book:R0", "tBTCUSD"));
    ask(&client, "{\"event\":\"subscribe\",\"channel\":\"candles\",\"key\":\"trade:1m:tBTCUSD\"}");
    assert_non_null(strstr(client.reply, ",\"key\":\"trade:1m:tBTCUSD\"}"));
    assert_true(venue_subscriptions_has(&client.subs, "candles:trade:1m", "tBTCUSD"));
    check_answer(&client, "{\"event\":\"ping\",\"cid\":1234}",
                 "{\"event\":\"pong\",\"ts\":1695633670428,\"cid\":1234}");
    check_answer(&client, "{\"event\":\"conf\",\"flags\":65536}",
                 "{\"event\":\"conf\",\"status\":\"OK\",\"flags\":65536}");
    check_answer(&client, "{\"event\":\"nope\"}",
                 "{\"event\":\"error\",\"msg\":\"event: invalid (nope)\",\"code\":10000}");
    ask(&client, "no JSON");
    assert_int_equal(client.count, 0);
    char text[96], expected[96];
    snprintf(text, sizeof text, "{\"event\":\"unsubscribe\",\"chanId\":%u}", number);
    snprintf(expected, sizeof expected,
             "{\"event\":\"unsubscribed\",\"status\":\"OK\",\"chanId\":%u}", number);
    check_answer(&client, text, expected);
    assert_false(venue_subscriptions_has(&client.subs, "trades", "tBTCUSD"));
    check_answer(&client, text,
                 "{\"event\":\"error\",\"msg\":\"unsubscribe: invalid\",\"code\":10400}");
    venue_subscriptions_release(&client.subs);
}

static void a_connection_holds_thirty_channels(void **state)
{
    (void)state;
    struct client client = connect_client();
    ask(&client, "{\"event\":\"conf\",\"flags\":65536}");
    for (int i = 0; i <= 30; i++) {
        char text[96];
        snprintf(text, sizeof text,
                 "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tP%05d\"}", i);
        ask(&client, text);
        assert_int_equal(strstr(client.reply, "subscribed") != NULL, i < 30);
    }
    assert_non_null(strstr(client.reply, "\"msg\":\"subscribe: limit\",\"code\":10305"));
    venue_subscriptions_release(&client.subs);
}

/* Frames of a tape have the number that the recorder was given. */
static void frames_of_a_tape_get_the_number_of_the_client(void **state)
{
    (void)state;
    static const struct {
        const char *in, *rest;
    } cases[] = {
        {"[17470,\"te\",[5,1574694478808,-2,7245.3],77]",
         ",\"te\",[5,1574694478808,-2,7245.3],77]"},
        {" [ 17470 , \"hb\"] ", " , \"hb\"]"},
        {"[{\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"},[]]", ",[]]"},
    };
    static const char *const others[] = {"{\"event\":\"info\"}", "[3,\"hb\"]", "nonsense", ""};
    const struct venue_serving *serving = venue_find("bitfinex")->serving;
    struct client client = connect_client();
    struct venue_frame frame = subscribed();
    struct buf out;
    unsigned number = 0;
    buf_init(&out, 4096);
    ask(&client, "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"}");
    assert_int_equal(sscanf(strstr(client.reply, "chanId"), "chanId\":%u", &number), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "[%u%s", number, cases[i].rest);
        decode_on(&frame, 1, cases[i].in);
        assert_ok(serving->reframe(&frame, (const uint8_t *)cases[i].in, strlen(cases[i].in),
                                   &client.subs, &out));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        decode_on(&frame, 1, others[i]);
        assert_ok(serving->reframe(&frame, (const uint8_t *)others[i], strlen(others[i]),
                                   &client.subs, &out));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, others[i]);
    }
    buf_release(&out);
    venue_frame_release(&frame);
    venue_subscriptions_release(&client.subs);
}

/* Whatever a client is told and sent, a recorder understands. */
static void written_trades_decode_to_themselves(void **state)
{
    (void)state;
    struct client client = connect_client();
    struct venue_frame frame;
    struct buf out;
    uint64_t seed = 5;
    venue_frame_init(&frame);
    buf_init(&out, 1 << 20);
    ask(&client, "{\"event\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"tBTCUSD\"}");
    decode_on(&frame, 1, client.reply);
    for (int round = 0; round < 2000; round++) {
        struct trade trades[40];
        size_t count = 1 + unit_below(&seed, 40), written = 0;
        int64_t time_ns = INT64_C(1600000000000000000);
        for (size_t i = 0; i < count; i++) {
            time_ns += (int64_t)unit_below(&seed, 3) * 1000000;
            trades[i] = (struct trade){
                .symbol = "tBTCUSD",
                .source_ns = time_ns,
                .has_id = true,
                .id = 1000 + i,
                .price = {1 + (int128)(unit_random(&seed) >> 20), (uint8_t)unit_below(&seed, 9)},
                .quantity = {1 + (int128)(unit_random(&seed) >> 20), (uint8_t)unit_below(&seed, 9)},
                .taker = unit_below(&seed, 2) ? TAKER_BUY : TAKER_SELL,
            };
        }
        if (round == 1000) {
            ask(&client, "{\"event\":\"conf\",\"flags\":65536}");
        }
        struct venue_writing writing = {
            .channel = "trades", .sequence = 7, .snapshot = round % 2, .subs = &client.subs};
        assert_ok(
            venue_find("bitfinex")->serving->write_trades(&writing, trades, count, &written, &out));
        assert_ok(buf_terminate(&out));
        assert_int_equal(strstr((const char *)out.data, "],8]") != NULL, round >= 1000);
        decode_on(&frame, 1, (const char *)out.data);
        assert_int_equal(frame.kind, VENUE_TRADES);
        size_t expected = writing.snapshot ? (count < 30 ? count : 30) : 1;
        assert_int_equal(written, writing.snapshot ? count : 1);
        assert_int_equal(frame.trade_count, expected);
        for (size_t i = 0; i < expected; i++) {
            const struct trade *from = &trades[writing.snapshot ? count - expected + i : 0];
            assert_true(frame.trades[i].id == from->id);
            assert_true(frame.trades[i].source_ns == from->source_ns);
            assert_int_equal(frame.trades[i].taker, from->taker);
            assert_int_equal(decimal_compare(frame.trades[i].price, from->price), 0);
            assert_int_equal(decimal_compare(frame.trades[i].quantity, from->quantity), 0);
            assert_int_equal(frame.trades[i].flags, writing.snapshot ? TRADE_SNAPSHOT : 0);
        }
    }
    buf_release(&out);
    venue_frame_release(&frame);
    venue_subscriptions_release(&client.subs);
}

/* ---- its past -------------------------------------------------------------------------------- */

enum { PAST_TRADES = 300 };

/* Trade i has id 10 i and happened at i ms. */
static size_t past_trades(const char *symbol, const struct venue_span *span, size_t max,
                          struct trade *out, void *arg)
{
    (void)arg;
    size_t first = PAST_TRADES, count = 0;
    for (size_t i = PAST_TRADES; i > 0; i--) {
        int64_t time_ns = (int64_t)i * 1000000;
        if (time_ns >= span->from_ns && time_ns <= span->to_ns) {
            first = i;
            count++;
        }
    }
    if (span->newest && count > max) {
        first += count - max;
    }
    count = count < max ? count : max;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct trade){.source_ns = (int64_t)(first + i) * 1000000,
                                .id = 10 * (first + i),
                                .price = {5, 1},
                                .quantity = {(int128)(first + i), 3},
                                .taker = TAKER_SELL};
        snprintf(out[i].symbol, sizeof out[i].symbol, "%s", symbol);
    }
    return count;
}

static void answer(const char *target, const struct venue_past *past, int status, struct buf *out)
{
    int got = 0;
    assert_ok(venue_find("bitfinex")
                  ->serving->answer("GET", target, "localhost:1", SAMPLE_WALL_NS, past, &got, out));
    assert_int_equal(got, status);
    assert_ok(buf_terminate(out));
}

static void the_list_that_is_served_is_the_list_that_is_read(void **state)
{
    (void)state;
    static const char *const symbols[] = {"tBTCUSD", "tBTCUST", "tTESTBTC:TESTUSD", "tBTCF0:USTF0",
                                          "tBCHN:USD"};
    struct instrument_list list, read;
    struct buf out, target;
    instrument_list_init(&list);
    instrument_list_init(&read);
    buf_init(&out, 1 << 20);
    buf_init(&target, 4096);
    for (size_t i = 0; i < 5; i++) {
        struct instrument instrument;
        venue_find("bitfinex")->describe(symbols[i], &instrument);
        assert_ok(instrument_list_add(&list, &instrument));
    }
    struct venue_past past = {.instrument_count = list.count, .instruments = list.items};
    const struct venue_rest *rest = venue_find("bitfinex")->rest;
    assert_ok(rest->list(0, NULL, 0, &target));
    assert_ok(buf_terminate(&target));
    answer((const char *)target.data, &past, 200, &out);
    assert_ok(rest->decode_list((const char *)target.data, out.data, out.size, &read));
    assert_int_equal(read.count, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const struct instrument *found = instrument_list_symbol(&read, list.items[i].symbol);
        assert_non_null(found);
        assert_string_equal(found->name, list.items[i].name);
        assert_int_equal(found->kind, list.items[i].kind);
    }
    answer("/v2/conf/pub:info:pair", &past, 200, &out);
    instrument_list_release(&read);
    assert_ok(rest->decode_list("/v2/conf/pub:info:pair", out.data, out.size, &read));
    assert_int_equal(read.count, 4);
    buf_release(&target);
    buf_release(&out);
    instrument_list_release(&read);
    instrument_list_release(&list);
}

static void trades_are_served_within_the_limits_of_the_venue(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("bitfinex")->describe("tBTCUSD", &instrument);
    struct venue_past past = {1, &instrument, past_trades, NULL};
    struct buf out;
    buf_init(&out, 1 << 20);
    static const struct {
        const char *query;
        uint64_t first, last;
    } asked[] = {
        {"", 1760, 3000},                  /* the newest 125 */
        {"?limit=2", 2990, 3000},          /* */
        {"?limit=2&sort=1", 10, 20},       /* the oldest */
        {"?start=5&end=7&sort=1", 50, 70}, /* bounds included */
        {"?limit=10000&start=100", 1000, 3000},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        char target[128];
        snprintf(target, sizeof target, "/v2/trades/tBTCUSD/hist%s", asked[i].query);
        answer(target, &past, 200, &out);
        struct venue_frame frame = http(target, (const char *)out.data);
        assert_int_equal(frame.trade_count, (asked[i].last - asked[i].first) / 10 + 1);
        assert_int_equal(frame.trades[0].id, asked[i].first);
        assert_int_equal(frame.trades[frame.trade_count - 1].id, asked[i].last);
        assert_int_equal(frame.trades[0].taker, TAKER_SELL);
        venue_frame_release(&frame);
    }
    answer("/v2/trades/tBTCUSD/hist?limit=2", &past, 200, &out);
    assert_string_equal((const char *)out.data, "[[3000,300,-0.300,0.5],[2990,299,-0.299,0.5]]");
    answer("/v2/trades/tNOPE/hist", &past, 500, &out);
    assert_string_equal((const char *)out.data, "[\"error\",10020,\"symbol: invalid\"]");
    answer("/v2/trades/tBTCUSD/hist?limit=10001", &past, 500, &out);
    answer("/v2/platform/status", &past, 200, &out);
    assert_string_equal((const char *)out.data, "[1]");
    int status = 0;
    assert_err(ERR_UNKNOWN,
               venue_find("bitfinex")
                   ->serving->answer("GET", "/v1/symbols", "h", 0, &past, &status, &out));
    assert_err(ERR_UNKNOWN,
               venue_find("bitfinex")
                   ->serving->answer("GET", "/v2/trades//hist", "h", 0, &past, &status, &out));
    buf_release(&out);
}

/* ---- recordings ------------------------------------------------------------------------------ */

/* Reads a line without its end; false at the end of the file. */
static bool read_line(FILE *file, char **line, size_t *capacity)
{
    ssize_t size = getline(line, capacity, file);
    while (size > 0 && ((*line)[size - 1] == '\n' || (*line)[size - 1] == '\r')) {
        (*line)[--size] = '\0';
    }
    return size >= 0;
}

static void the_recording_decodes_to_the_end(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/captures/cryptofeed/BITFINEX.ws.11.0", "r");
    if (!file) {
        print_message("no recording; skipped\n");
        skip();
    }
    struct venue_frame frame;
    char *line = NULL;
    size_t capacity = 0, kinds[VENUE_MALFORMED + 1] = {0}, trades = 0;
    venue_frame_init(&frame);
    while (read_line(file, &line, &capacity)) {
        char *text = strstr(line, ": ");
        if (line[0] < '0' || line[0] > '9' || !text) {
            continue;
        }
        decode_on(&frame, 1, text + 2);
        if (frame.kind == VENUE_MALFORMED || frame.error[0] != '\0') {
            fail_msg("%s: %s", frame.error, line);
        }
        kinds[frame.kind]++;
        for (size_t i = 0; i < frame.trade_count; i++) {
            assert_int_equal(frame.trades[i].flags, TRADE_SNAPSHOT);
            assert_true(i == 0 || frame.trades[i].source_ns >= frame.trades[i - 1].source_ns);
        }
        trades += frame.trade_count;
    }
    /* Counted with grep: 21 channels and one conf, one info, 42 heartbeats, 7 snapshots. */
    assert_int_equal(kinds[VENUE_ACK], 22);
    assert_int_equal(kinds[VENUE_STATUS], 1);
    assert_int_equal(kinds[VENUE_HEARTBEAT], 42);
    assert_int_equal(kinds[VENUE_TRADES], 7);
    assert_int_equal(kinds[VENUE_OTHER], 0);
    assert_int_equal(trades, 7 * 30);
    free(line);
    fclose(file);
    venue_frame_release(&frame);
}

/* Single frames in which another project had put the names in place of the number. Its assertions
 * hold but for two kinds: it takes a candle's opening for the frame's time, which is no time at
 * which the venue said anything; and it gives volumes in money, which is not asked here. */
static void odd_frames_with_names_for_numbers_decode(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum venue_frame_kind kind;
        const char *channel, *symbol;
        int64_t source_ms;
    } frames[] = {
        {"[{\"symbol\":\"tBTCUST\",\"channel\":\"trades\"},\"tu\",[637771130,1615232733897,"
         "0.11546588,51350]]",
         VENUE_TRADES, "trades", "tBTCUST", 1615232733897},
        {"[{\"channel\":\"trades\",\"symbol\":\"tBTCF0:USTF0\"},[[647256201,1616219105954,"
         "-0.06153795,58119],[647256191,1616219094921,0.0257,58138],[647256188,1616219088734,"
         "0.01679516,58138]]]",
         VENUE_TRADES, "trades", "tBTCF0:USTF0", 1616219105954},
        {"[{\"symbol\":\"tBTCUST\",\"channel\":\"book\",\"len\":\"25\",\"freq\":\"F0\",\"prec\":"
         "\"P0\"},[34668,1,-0.00813136]]",
         VENUE_DATA, "book", "tBTCUST", 0},
        {"[{\"channel\":\"candles\",\"key\":\"trade:1m:tBTCF0:USTF0\"},[1654076040000,31672,31673,"
         "31673,31667,0.00118434]]",
         VENUE_DATA, "candles:trade:1m", "tBTCF0:USTF0", 0},
        {"[{\"symbol\":\"tBTCF0:USTF0\",\"channel\":\"ticker\"},[29936,25.086598379999998,29940]]",
         VENUE_DATA, "ticker", "tBTCF0:USTF0", 0},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct venue_frame frame = sample_decode("bitfinex", frames[i].text);
        assert_int_equal(frame.kind, frames[i].kind);
        assert_string_equal(frame.channel, frames[i].channel);
        assert_string_equal(frame.symbol, frames[i].symbol);
        assert_true(frame.source_ns ==
                    (frames[i].source_ms > 0 ? frames[i].source_ms * 1000000 : RECORD_NO_TIME));
        venue_frame_release(&frame);
    }
}

static void check_odd(const char *raw, const char *module, json_t *asserts)
{
    struct venue_frame frame = sample_decode("bitfinex", raw);
    bool trades = strcmp(module, "trade") == 0;
    if (frame.kind == VENUE_MALFORMED || frame.error[0] != '\0' ||
        (frame.kind == VENUE_TRADES) != trades) {
        fail_msg("kind %d, error '%s': %s", frame.kind, frame.error, raw);
    }
    for (size_t i = 0; trades && i < json_array_size(asserts); i++) {
        const char *text = json_string_value(json_array_get(asserts, i));
        unsigned long long number = 0;
        if (sscanf(text, "trades.len(), %llu", &number) == 1) {
            assert_int_equal(frame.trade_count, number);
        } else if (strstr(text, "extract_timestamp") && sscanf(text, " %llu,", &number) == 1) {
            assert_true(frame.source_ns == (int64_t)number * 1000000);
        } else if (strstr(text, "side, TradeSide::")) {
            assert_int_equal(frame.trades[0].taker, strstr(text, "Buy") ? TAKER_BUY : TAKER_SELL);
        }
    }
    venue_frame_release(&frame);
}

/* Those of this venue in a collection of single frames with another project's assertions: what
 * they say of kind, number of trades and time of trades holds. */
static void the_odd_frames_of_the_collection_decode(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/captures/frames-odd.jsonl", "r");
    if (!file) {
        print_message("no recording; skipped\n");
        skip();
    }
    char *line = NULL;
    size_t capacity = 0, seen = 0;
    while (getline(&line, &capacity, file) >= 0) {
        json_t *root = json_loads(line, 0, NULL);
        const char *exchange = json_string_value(json_object_get(root, "exchange"));
        if (exchange && strcmp(exchange, "bitfinex") == 0) {
            check_odd(json_string_value(json_object_get(root, "raw")),
                      json_string_value(json_object_get(root, "module")),
                      json_object_get(root, "asserts"));
            seen++;
        }
        json_decref(root);
    }
    assert_true(seen > 10);
    free(line);
    fclose(file);
}

/* ---- both decoders ----------------------------------------------------------------------------
 */

/* As the venue sends them, and some that mean another thing than their ends promise. */
static const char *const equal_texts[] = {
    "{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":232959,\"symbol\":\"tBFTUSD\","
    "\"pair\":\"BFTUSD\"}",
    "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":232955,\"symbol\":\"tMNABTC\","
    "\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"25\",\"pair\":\"MNABTC\"}",
    "[232959,[[669899159,1618665870435,166.391496,0.076989],[669898213,1618661110078,-2272."
    "50116833,0.068961],[669898212,1618661110078,-1,3]],35]",
    "[232959,\"te\",[669899160,1618677547784,-0.25,0.0769],127]",
    "[232959,\"tu\",[669899160,1618677547784,\"-0.25\",\"0.0769\"],128,1618677547790]",
    "[232959,\"te\",[669899161,1618677547785,12,0.0769]]",
    "[232955,[0.0010262,0,1],1670]",
    "[232955,[[0.0010262,3,-698.26038028],[1,2,3]],1671,1618677547790]",
    "[232955,[0.0010262,0,1]]",
    "[232955,\"hb\",127]",
    "[7,\"hb\"]",
    "[232959,\"hb\",5,1618677547790]",
    "[232955,\"cs\",-123456789,8]",
    "[232955,[],[5]]",
    "[232955,[1],\"1618677547790\"]",
    "[232959,[]]",
    "[232955,[1],9223372036855]",
    "[232955,[1],9223372036854]",
    "[8,[1,2,3],5]",
};

static void both_decoders_say_the_same_of_changed_frames(void **state)
{
    (void)state;
    equal_decode_all("bitfinex", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
}

static void what_stands_between_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":5,\"symbol\":\"tBTCUSD\","
        "\"prec\":\"P0\",\"pair\":\"BTCUSD\"}",
        "[5,[1,,2],7]",
    };
    assert_unseen("bitfinex", frames, sizeof frames / sizeof frames[0]);
}

static void both_decoders_say_the_same_of_a_recording(void **state)
{
    (void)state;
    equal_recording("bitfinex", CAPTURES "cryptofeed/BITFINEX.ws.11.0", 7, 1600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_comes_twice_and_the_second_is_a_repeat),
        cmocka_unit_test(a_snapshot_is_newest_first_and_its_sign_is_the_taker),
        cmocka_unit_test(appended_elements_and_frame_numbers_are_tolerated),
        cmocka_unit_test(a_number_means_its_own_connection_until_it_is_left),
        cmocka_unit_test(channels_with_parameters_carry_them_in_their_name),
        cmocka_unit_test(events_are_told_apart),
        cmocka_unit_test(the_venue_may_ask_for_a_new_connection),
        cmocka_unit_test(refusals_name_channel_and_symbol),
        cmocka_unit_test(wrong_frames_say_what_is_wrong),
        cmocka_unit_test(cut_frames_give_nothing),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(symbols_are_divided_by_the_grammar_and_aliased_as_whole_codes),
        cmocka_unit_test(one_channel_a_message_after_asking_for_frame_numbers),
        cmocka_unit_test(leaving_needs_a_number_and_is_refused_with_advice),
        cmocka_unit_test(the_list_names_pairs_by_its_own_codes),
        cmocka_unit_test(what_is_no_list_is_damaged),
        cmocka_unit_test(repairs_ask_for_a_span_and_bring_backfilled_trades),
        cmocka_unit_test(the_venue_speaks_first),
        cmocka_unit_test(requests_are_answered_as_by_the_venue),
        cmocka_unit_test(a_connection_holds_thirty_channels),
        cmocka_unit_test(frames_of_a_tape_get_the_number_of_the_client),
        cmocka_unit_test(written_trades_decode_to_themselves),
        cmocka_unit_test(the_list_that_is_served_is_the_list_that_is_read),
        cmocka_unit_test(trades_are_served_within_the_limits_of_the_venue),
        cmocka_unit_test(the_recording_decodes_to_the_end),
        cmocka_unit_test(the_odd_frames_of_the_collection_decode),
        cmocka_unit_test(odd_frames_with_names_for_numbers_decode),
        cmocka_unit_test(both_decoders_say_the_same_of_changed_frames),
        cmocka_unit_test(what_stands_between_is_not_looked_at),
        cmocka_unit_test(both_decoders_say_the_same_of_a_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
