#include "tests/unit/venue_equal.h"
#include "tests/unit/venue_sample.h"

#include <jansson.h>

/* ---- trades ---------------------------------------------------------------------------------- */

/* Seen on the wire in 2025. */
static const char wire[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"trades.BTC-"
    "PERPETUAL.agg2\",\"data\":[{\"timestamp\":1742627465811,\"price\":84295.5,\"direction\":"
    "\"buy\",\"index_price\":84319.98,\"instrument_name\":\"BTC-PERPETUAL\",\"trade_seq\":"
    "242126092,\"amount\":8430.0,\"mark_price\":84292.11,\"tick_direction\":2,\"contracts\":843.0,"
    "\"trade_id\":\"356130997\"}]}}";

#define NOTICE(channel, data)                                                                      \
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"" channel          \
    "\",\"data\":" data "}}"
#define ROW(seq, time, price, name, side, amount)                                                  \
    "{\"trade_seq\":" seq ",\"trade_id\":\"ETH-1\",\"timestamp\":" time ",\"tick_direction\":1,"   \
    "\"price\":" price ",\"instrument_name\":\"" name "\",\"direction\":\"" side                   \
    "\",\"amount\":" amount "}"

static void a_trade_is_numbered_by_its_instrument(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("deribit", wire);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trades.agg2");
    assert_string_equal(frame.symbol, "BTC-PERPETUAL");
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-PERPETUAL", "84295.5", "8430.0", 242126092,
                                         INT64_C(1742627465811000000), TAKER_BUY, 0});
    assert_true(frame.source_ns == INT64_C(1742627465811000000));
    assert_int_equal(venue_find("deribit")->ids, IDS_CONTIGUOUS);
    venue_frame_release(&frame);
}

static void a_notification_holds_many_trades_with_all_their_digits(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "deribit",
        NOTICE("trades.option.ETH.100ms",
               "[" ROW("8", "1590470616102", "0.0320", "ETH-5AUG23-1800-P", "sell",
                       "0.5") "," ROW("7", "1590470616101", "1.0e-4", "ETH-25SEP20-6000-C", "buy",
                                      "12345678.12345678") "]"));
    assert_int_equal(frame.trade_count, 2);
    assert_string_equal(frame.channel, "trades.option.ETH.100ms");
    assert_string_equal(frame.symbol, "");
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"ETH-25SEP20-6000-C", "0.00010", "12345678.12345678", 7,
                                         INT64_C(1590470616101000000), TAKER_BUY, 0});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"ETH-5AUG23-1800-P", "0.0320", "0.5", 8,
                                         INT64_C(1590470616102000000), TAKER_SELL, 0});
    venue_frame_release(&frame);
}

static void block_trades_take_part_in_the_numbering_only(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "deribit",
        NOTICE("trades.BTC-PERPETUAL.100ms",
               "[{\"trade_seq\":5,\"trade_id\":\"1\",\"timestamp\":1590470616101,\"price\":1.5,"
               "\"instrument_name\":\"BTC-PERPETUAL\",\"direction\":\"buy\",\"amount\":10.0,"
               "\"block_trade_id\":\"61\",\"block_trade_leg_count\":2}]"));
    assert_int_equal(frame.trade_count, 1);
    assert_int_equal(frame.trades[0].flags, TRADE_EXCLUDED);
    assert_int_equal(frame.trades[0].id, 5);
    venue_frame_release(&frame);
}

/* ---- other frames ---------------------------------------------------------------------------- */

static void check_data(const char *text, const char *channel, const char *symbol, int64_t source_ms)
{
    struct venue_frame frame = sample_decode("deribit", text);
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_string_equal(frame.channel, channel);
    assert_string_equal(frame.symbol, symbol);
    assert_true(frame.source_ns == (source_ms > 0 ? source_ms * 1000000 : RECORD_NO_TIME));
    venue_frame_release(&frame);
}

/* Frames that another project asserts instrument and time of; only that it takes the tick of a
 * chart, which is when the candle opens, for the time of the frame is not followed. */
static void other_channels_are_data_with_instrument_and_time(void **state)
{
    (void)state;
    check_data(NOTICE("book.BTC-25JUN21.100ms",
                      "{\"type\":\"snapshot\",\"timestamp\":1622626472678,\"instrument_name\":"
                      "\"BTC-25JUN21\",\"change_id\":31479219781,\"bids\":[[\"new\",37317.0,2960.0]"
                      "],\"asks\":[]}"),
               "book.100ms", "BTC-25JUN21", 1622626472678);
    check_data(NOTICE("book.BTC-PERPETUAL.none.20.100ms",
                      "{\"timestamp\":1653983481909,\"instrument_name\":\"BTC-PERPETUAL\","
                      "\"change_id\":1,\"bids\":[[31523.5,128780.0]],\"asks\":[]}"),
               "book.none.20.100ms", "BTC-PERPETUAL", 1653983481909);
    check_data(NOTICE("quote.BTC-30SEP22",
                      "{\"timestamp\":1654012570801,\"instrument_name\":\"BTC-30SEP22\","
                      "\"best_bid_price\":32499.0}"),
               "quote", "BTC-30SEP22", 1654012570801);
    check_data(NOTICE("ticker.BTC_USDC-PERPETUAL.100ms",
                      "{\"timestamp\":1654161785818,\"stats\":{\"volume\":null},"
                      "\"instrument_name\":\"BTC_USDC-PERPETUAL\"}"),
               "ticker.100ms", "BTC_USDC-PERPETUAL", 1654161785818);
    check_data(NOTICE("chart.trades.BTC-25MAR23-26500-P.3",
                      "{\"volume\":0.1,\"tick\":1679559480000,\"open\":0.003}"),
               "chart.trades.3", "BTC-25MAR23-26500-P", 0);
    check_data(NOTICE("deribit_price_index.btc_usd",
                      "{\"timestamp\":1550588002899,\"price\":3937.89,\"index_name\":\"btc_usd\"}"),
               "deribit_price_index.btc_usd", "", 1550588002899);
    check_data(NOTICE("markprice.options.btc_usd", "[{\"mark_price\":1}]"),
               "markprice.options.btc_usd", "", 0);
    /* Answers of HTTP in such a form. */
    check_data("{\"jsonrpc\":\"2.0\",\"result\":{\"timestamp\":1654245922403,\"instrument_name\":"
               "\"BTC-30SEP22\",\"bids\":[]},\"usIn\":1654245922540414}",
               "", "BTC-30SEP22", 1654245922403);
    check_data("{\"jsonrpc\":\"2.0\",\"result\":[{\"instrument_name\":\"ETH-24JUN22-1600-P\","
               "\"creation_timestamp\":1654341866165}],\"usIn\":1}",
               "", "ETH-24JUN22-1600-P", 1654341866165);
    check_data("{\"jsonrpc\":\"2.0\",\"result\":[{\"instrument_name\":\"BTC-24JUN22-30000-C\","
               "\"creation_timestamp\":1654338604906},{\"instrument_name\":\"BTC-30DEC22-90000-P\","
               "\"creation_timestamp\":1654338604906}],\"usIn\":1}",
               "", "", 1654338604906);
}

static void heartbeats_and_tests_are_heartbeats(void **state)
{
    (void)state;
    assert_kind(
        "deribit",
        "{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"type\":\"heartbeat\"}}",
        VENUE_HEARTBEAT, "heartbeat", "");
    assert_kind(
        "deribit",
        "{\"params\":{\"type\":\"test_request\"},\"method\":\"heartbeat\",\"jsonrpc\":\"2.0\"}",
        VENUE_HEARTBEAT, "heartbeat", "");
    assert_kind("deribit", "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"version\":\"1.2.26\"}}",
                VENUE_HEARTBEAT, "", "");
    assert_kind("deribit", "{\"jsonrpc\":\"2.0\",\"method\":\"news\"}", VENUE_OTHER, "", "");
    assert_kind("deribit", "{}", VENUE_OTHER, "", "");
}

struct ack {
    const char *text, *error;
    bool has_id;
    uint64_t id;
    bool leave;
};

static void the_answer_is_compared_with_what_was_asked_for(void **state)
{
    (void)state;
    static const struct ack acks[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":\"7/2\",\"result\":[\"trades.A.100ms\",\"trades.B.100ms\"]}",
         "", true, 7, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"7/3\",\"result\":[\"trades.A.100ms\",\"trades.B.100ms\"]}",
         "only 2 of 3 channels were accepted", true, 7, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"18446744073709551615/1\",\"result\":[]}",
         "only 0 of 1 channels were accepted", true, UINT64_MAX, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"9/-2\",\"result\":[\"trades.A.100ms\"]}", "", true, 9,
         true},
        {"{\"jsonrpc\":\"2.0\",\"id\":3997,\"result\":[],\"usIn\":1561053224590810,\"usOut\":"
         "1561053224590859,\"usDiff\":49,\"testnet\":true}",
         "no channel was accepted", true, 3997, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":9613,\"result\":[\"book.ETH-PERPETUAL.none.1.100ms\"]}", "",
         true, 9613, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":\"ok\"}", "", true, 4, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a/b\",\"result\":\"ok\"}", "", false, 0, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"5f0c\",\"result\":\"ok\"}", "", false, 0, false},
        {"{\"jsonrpc\":\"2.0\",\"error\":{\"message\":\"Invalid params\",\"data\":{\"reason\":"
         "\"value must be a list\",\"param\":\"channels\"},\"code\":-32602},\"id\":\"8/5\"}",
         "Invalid params: value must be a list", true, 8, false},
        {"{\"jsonrpc\":\"2.0\",\"error\":{\"message\":\"too_many_requests\",\"code\":10028},\"id\":"
         "8}",
         "too_many_requests", true, 8, false},
    };
    for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        struct venue_frame frame = sample_decode("deribit", acks[i].text);
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_string_equal(frame.error, acks[i].error);
        assert_int_equal(frame.has_request_id, acks[i].has_id);
        if (acks[i].has_id) {
            assert_true(frame.request_id == acks[i].id);
        }
        assert_int_equal(frame.leave, acks[i].leave);
        venue_frame_release(&frame);
    }
}

static void wrong_frames_say_what_is_wrong(void **state)
{
    (void)state;
    assert_malformed("deribit", "", "not a JSON object");
    assert_malformed("deribit", "[1]", "not a JSON object");
    assert_malformed("deribit", "{\"method\":\"subscription\"}", "not a JSON object");
    assert_malformed("deribit", NOTICE("", "[]"), "'channel' is empty");
    assert_malformed("deribit", NOTICE("trades.X.100ms", "{}"), "'data' is not an array");
    assert_malformed("deribit", NOTICE("trades.X.100ms", "[7]"), "not a JSON object");
    assert_malformed(
        "deribit",
        NOTICE("trades.X.100ms", "[" ROW("-1", "1590470616101", "1", "X", "buy", "1") "]"),
        "'trade_seq'");
    assert_malformed("deribit",
                     NOTICE("trades.X.100ms", "[" ROW("1", "\"x\"", "1", "X", "buy", "1") "]"),
                     "'timestamp'");
    assert_malformed(
        "deribit",
        NOTICE("trades.X.100ms", "[" ROW("1", "1590470616101", "\"1\"", "X", "buy", "1") "]"),
        "'price' is not a number");
    assert_malformed(
        "deribit",
        NOTICE("trades.X.100ms", "[" ROW("1", "1590470616101", "1", "X", "zero", "1") "]"),
        "'direction' is no side");
    assert_malformed(
        "deribit",
        NOTICE("trades.X.100ms", "[" ROW("1", "1590470616101", "1", "X", "buy", "-1") "]"),
        "below zero");
}

static void cut_frames_give_nothing(void **state)
{
    (void)state;
    for (size_t size = 0; size < strlen(wire); size++) {
        char text[sizeof wire];
        memcpy(text, wire, size);
        text[size] = '\0';
        struct venue_frame frame = sample_decode("deribit", text);
        assert_int_equal(frame.kind, VENUE_MALFORMED);
        assert_int_equal(frame.trade_count, 0);
        venue_frame_release(&frame);
    }
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    static const char answer[] =
        "{\"jsonrpc\":\"2.0\",\"id\":\"7/2\",\"result\":[\"trades.A.raw\"]}";
    static const char bytes[] = "[]{},:\"\\0123456789-./eEtnu \n\x80\x01";
    uint64_t seed = 17;
    struct buf out;
    buf_init(&out, 4096);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof wire];
        snprintf(text, sizeof text, "%s", i % 2 ? wire : answer);
        for (uint64_t k = unit_below(&seed, 4) + 1; k > 0; k--) {
            text[unit_below(&seed, strlen(text))] = bytes[unit_below(&seed, sizeof bytes - 1)];
        }
        struct venue_frame frame = sample_decode("deribit", text);
        assert_true(frame.trade_count == 0 || frame.kind == VENUE_TRADES);
        venue_frame_release(&frame);
        enum err err =
            venue_find("deribit")->recording->respond((const uint8_t *)text, strlen(text), &out);
        assert_int_equal(err, ERR_END);
    }
    buf_release(&out);
}

/* ---- names ----------------------------------------------------------------------------------- */

struct named {
    const char *symbol, *name;
    enum instrument_kind kind;
    enum volume_unit unit;
    int64_t expiry_s; /* from `date -u -d` */
};

static void symbols_are_divided_by_the_grammar(void **state)
{
    (void)state;
    static const struct named named[] = {
        {"BTC-PERPETUAL", "BTC-USD-PERP", INSTRUMENT_PERPETUAL, VOLUME_QUOTE, 0},
        {"BTC_USDC-PERPETUAL", "BTC-USDC-PERP", INSTRUMENT_PERPETUAL, VOLUME_BASE, 0},
        {"BTC-27DEC24", "BTC-USD-20241227", INSTRUMENT_FUTURE, VOLUME_QUOTE, 1735286400},
        {"ETH-5AUG23", "ETH-USD-20230805", INSTRUMENT_FUTURE, VOLUME_QUOTE, 1691222400},
        {"BTC-27DEC24-50000-C", "BTC-BTC-20241227-50000-C", INSTRUMENT_OPTION, VOLUME_BASE,
         1735286400},
        {"XRP_USDC-30JUN23-0d625-P", "XRP-USDC-20230630-0.625-P", INSTRUMENT_OPTION, VOLUME_BASE,
         1688112000},
        {"BTC_USDC", "BTC-USDC", INSTRUMENT_SPOT, VOLUME_BASE, 0},
    };
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        struct instrument instrument;
        char back[SYMBOL_MAX];
        venue_find("deribit")->describe(named[i].symbol, &instrument);
        assert_string_equal(instrument.name, named[i].name);
        assert_int_equal(instrument.kind, named[i].kind);
        assert_int_equal(instrument.volume_unit, named[i].unit);
        assert_true(instrument.expiry_ns == named[i].expiry_s * 1000000000);
        assert_ok(venue_find("deribit")->symbol(named[i].name, back));
        assert_string_equal(back, named[i].symbol);
    }
}

static void what_the_grammar_does_not_divide_keeps_its_name(void **state)
{
    (void)state;
    static const char *const symbols[] = {"BTC-FS-27DEC24_PERP",
                                          "BTC-CS-27DEC24-60000_65000",
                                          "BTC-31FEB24",
                                          "BTC-27DEC24-50000",
                                          "BTC-27DEC24-50000-X",
                                          "BTC-27DEC24-1d2d3-C",
                                          "BTC-27DEC24-0-C",
                                          "BTC",
                                          "-PERPETUAL",
                                          "BTC-",
                                          "_USD",
                                          ""};
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        struct instrument instrument;
        venue_find("deribit")->describe(symbols[i], &instrument);
        assert_string_equal(instrument.name, symbols[i]);
        assert_int_equal(instrument.kind, INSTRUMENT_OTHER);
        assert_string_equal(instrument.base, "");
    }
    static const char *const names[] = {"BTC",
                                        "BTC-USD-",
                                        "BTC-USD-20241327",
                                        "BTC-USD-2024",
                                        "BTC-BTC-20241227-50000",
                                        "BTC-BTC-20241227-50000-X",
                                        "BTC-BTC-20241227-a-C",
                                        "BTC-USD-20241227-50000-C",
                                        "A-B-C-D-E-F"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char out[SYMBOL_MAX];
        assert_err(ERR_UNKNOWN, venue_find("deribit")->symbol(names[i], out));
    }
}

/* ---- recording ------------------------------------------------------------------------------- */

static void check_message(const struct venue_change *change, size_t index, const char *expected)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    enum err err = venue_find("deribit")->recording->subscribe(change, index, &out);
    assert_int_equal(err, expected ? ERR_OK : ERR_END);
    if (expected) {
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
    }
    buf_release(&out);
}

static void a_heartbeat_is_asked_for_then_many_channels_at_once(void **state)
{
    (void)state;
    static const char *const symbols[] = {"BTC-PERPETUAL", "ETH-5AUG23"};
    struct venue_change change = {
        .channel = "trades.100ms", .symbols = symbols, .count = 2, .first_id = 40};
    check_message(&change, 0,
                  "{\"jsonrpc\":\"2.0\",\"id\":40,\"method\":\"public/set_heartbeat\",\"params\":{"
                  "\"interval\":10}}");
    check_message(
        &change, 1,
        "{\"jsonrpc\":\"2.0\",\"id\":\"41/2\",\"method\":\"public/subscribe\",\"params\":{"
        "\"channels\":[\"trades.BTC-PERPETUAL.100ms\",\"trades.ETH-5AUG23.100ms\"]}}");
    check_message(&change, 2, NULL);
    change.channel = "chart.trades.1";
    change.count = 1;
    change.leave = true;
    check_message(&change, 0,
                  "{\"jsonrpc\":\"2.0\",\"id\":\"40/-1\",\"method\":\"public/unsubscribe\","
                  "\"params\":{\"channels\":[\"chart.trades.BTC-PERPETUAL.1\"]}}");
    check_message(&change, 1, NULL);
    change.channel = "quote";
    check_message(&change, 0,
                  "{\"jsonrpc\":\"2.0\",\"id\":\"40/-1\",\"method\":\"public/unsubscribe\","
                  "\"params\":{\"channels\":[\"quote.BTC-PERPETUAL\"]}}");
    change.count = 0;
    check_message(&change, 0, NULL);
    change.leave = false;
    check_message(&change, 0, NULL);
}

static void every_symbol_is_asked_for_once(void **state)
{
    (void)state;
    const char *symbols[250];
    char texts[250][16];
    for (size_t i = 0; i < 250; i++) {
        snprintf(texts[i], sizeof texts[i], "C%zu-PERPETUAL", i);
        symbols[i] = texts[i];
    }
    struct venue_change change = {.channel = "quote", .symbols = symbols, .count = 250};
    struct buf out;
    size_t found = 0, messages = 0;
    buf_init(&out, 1 << 16);
    while (venue_find("deribit")->recording->subscribe(&change, messages, &out) == ERR_OK) {
        assert_ok(buf_terminate(&out));
        for (const char *at = (const char *)out.data; (at = strstr(at, "\"quote.")); at++) {
            char expected[40];
            snprintf(expected, sizeof expected, "\"quote.C%zu-PERPETUAL\"", found++);
            assert_int_equal(strncmp(at, expected, strlen(expected)), 0);
        }
        messages++;
    }
    assert_int_equal(found, 250);
    assert_int_equal(messages, 4);
    buf_release(&out);
}

static void a_test_of_the_venue_is_answered(void **state)
{
    (void)state;
    static const char test[] =
        "{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"type\":\"test_request\"}}";
    static const char *const others[] = {
        "",
        "{\"jsonrpc\":\"2.0\",\"method\":\"heartbeat\",\"params\":{\"type\":\"heartbeat\"}}",
        NOTICE("quote.X", "{\"instrument_name\":\"test_request\"}"),
        "\"test_request\"",
        "{\"method\":\"heartbeat\",\"params\":{\"type\":\"test_request\"}",
        wire};
    const struct venue_recording *recording = venue_find("deribit")->recording;
    struct buf out;
    buf_init(&out, 4096);
    assert_ok(recording->respond((const uint8_t *)test, strlen(test), &out));
    assert_ok(buf_terminate(&out));
    assert_string_equal(
        (const char *)out.data,
        "{\"jsonrpc\":\"2.0\",\"id\":\"test\",\"method\":\"public/test\",\"params\":{}}");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(recording->respond((const uint8_t *)others[i], strlen(others[i]), &out),
                         ERR_END);
    }
    buf_release(&out);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

#define LIST_URL "https://www.deribit.com/api/v2/public/get_instruments?currency=any&expired=false"

/* Entries as documented, cut to what matters here. */
static const char list_answer[] =
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":["
    "{\"tick_size\":0.5,\"settlement_period\":\"perpetual\",\"settlement_currency\":\"BTC\","
    "\"quote_currency\":\"USD\",\"min_trade_amount\":10.0,\"kind\":\"future\",\"is_active\":true,"
    "\"instrument_type\":\"reversed\",\"instrument_name\":\"BTC-PERPETUAL\",\"instrument_id\":"
    "210838,\"expiration_timestamp\":32503708800000,\"counter_currency\":\"USD\","
    "\"contract_size\":10.0,\"base_currency\":\"BTC\"},"
    "{\"tick_size\":0.0005,\"tick_size_steps\":[{\"above_price\":120,\"tick_size\":0.001}],"
    "\"strike\":16000.0,\"settlement_period\":\"week\",\"quote_currency\":\"BTC\",\"option_type\":"
    "\"put\",\"min_trade_amount\":0.1,\"kind\":\"option\",\"is_active\":true,\"instrument_name\":"
    "\"BTC-13JAN23-16000-P\",\"expiration_timestamp\":1673596800000,\"counter_currency\":\"USD\","
    "\"contract_size\":1,\"base_currency\":\"BTC\",\"instrument_type\":\"reversed\"},"
    "{\"tick_size\":1.0e-4,\"settlement_period\":\"month\",\"quote_currency\":\"USDC\","
    "\"min_trade_amount\":1,\"kind\":\"future\",\"is_active\":false,\"instrument_type\":\"linear\","
    "\"instrument_name\":\"XRP_USDC-30JUN23\",\"expiration_timestamp\":1688112000000,"
    "\"contract_size\":1,\"base_currency\":\"XRP\"},"
    "{\"kind\":\"spot\",\"instrument_name\":\"BTC_USDC\",\"base_currency\":\"BTC\","
    "\"quote_currency\":\"USDC\",\"tick_size\":1.0,\"min_trade_amount\":0.0001,\"is_active\":true},"
    "{\"kind\":\"future_combo\",\"instrument_name\":\"BTC-FS-30JUN23_PERP\",\"base_currency\":"
    "\"BTC\",\"quote_currency\":\"USD\",\"settlement_period\":\"month\",\"expiration_timestamp\":"
    "1688112000000,\"is_active\":true},"
    "{\"kind\":\"future\"},7,{\"instrument_name\":\"X\"}],\"usIn\":1,\"usOut\":2}";

static void check_decimal(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, number);
    assert_string_equal(text, expected);
}

static void the_list_says_kind_steps_and_units(void **state)
{
    (void)state;
    const struct venue_rest *rest = venue_find("deribit")->rest;
    struct instrument_list list;
    struct buf target;
    instrument_list_init(&list);
    buf_init(&target, 4096);
    assert_ok(rest->list(0, NULL, 0, &target));
    assert_ok(buf_terminate(&target));
    assert_string_equal((const char *)target.data, strstr(LIST_URL, "/api/"));
    assert_int_equal(rest->list(1, NULL, 0, &target), ERR_END);
    assert_true(rest->is_list(LIST_URL));
    assert_false(rest->is_list("https://h/api/v2/public/get_instrument?instrument_name=X"));
    assert_ok(
        rest->decode_list(LIST_URL, (const uint8_t *)list_answer, strlen(list_answer), &list));
    assert_int_equal(list.count, 5);

    const struct instrument *found = instrument_list_symbol(&list, "BTC-PERPETUAL");
    assert_string_equal(found->name, "BTC-USD-PERP");
    assert_int_equal(found->kind, INSTRUMENT_PERPETUAL);
    assert_int_equal(found->volume_unit, VOLUME_QUOTE);
    assert_true(found->expiry_ns == 0 && found->trading);
    check_decimal(found->price_tick, "0.5");
    check_decimal(found->quantity_step, "10.0");
    check_decimal(found->contract_size, "10.0");
    assert_string_equal(found->contract_asset, "USD");

    found = instrument_list_symbol(&list, "BTC-13JAN23-16000-P");
    assert_string_equal(found->name, "BTC-BTC-20230113-16000-P");
    assert_int_equal(found->kind, INSTRUMENT_OPTION);
    assert_int_equal(found->volume_unit, VOLUME_BASE);
    assert_false(found->call);
    assert_true(found->expiry_ns == INT64_C(1673596800000000000));
    assert_string_equal(found->contract_asset, "BTC");

    found = instrument_list_symbol(&list, "XRP_USDC-30JUN23");
    assert_string_equal(found->name, "XRP-USDC-20230630");
    assert_int_equal(found->kind, INSTRUMENT_FUTURE);
    assert_int_equal(found->volume_unit, VOLUME_BASE);
    assert_false(found->trading);
    check_decimal(found->price_tick, "0.00010");

    found = instrument_list_symbol(&list, "BTC_USDC");
    assert_string_equal(found->name, "BTC-USDC");
    assert_int_equal(found->kind, INSTRUMENT_SPOT);
    found = instrument_list_symbol(&list, "BTC-FS-30JUN23_PERP");
    assert_string_equal(found->name, "BTC-FS-30JUN23_PERP");
    assert_int_equal(found->kind, INSTRUMENT_OTHER);
    buf_release(&target);
    instrument_list_release(&list);
}

static void the_spelling_and_the_list_agree_on_names(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_ok(venue_find("deribit")->rest->decode_list(LIST_URL, (const uint8_t *)list_answer,
                                                       strlen(list_answer), &list));
    for (size_t i = 0; i < list.count; i++) {
        struct instrument spelled;
        venue_find("deribit")->describe(list.items[i].symbol, &spelled);
        assert_string_equal(spelled.name, list.items[i].name);
        assert_int_equal(spelled.kind, list.items[i].kind);
        assert_int_equal(spelled.volume_unit, list.items[i].volume_unit);
        /* Combinations end too, but that is not in their canonical name. */
        assert_true(spelled.expiry_ns == list.items[i].expiry_ns);
    }
    instrument_list_release(&list);
}

static void what_is_no_list_is_damaged(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "", "[]", "{\"error\":{\"message\":\"too_many_requests\",\"code\":10028}}",
        "{\"result\":{}}", "{\"result\":[]"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct instrument_list list;
        instrument_list_init(&list);
        assert_err(ERR_DAMAGED,
                   venue_find("deribit")->rest->decode_list(LIST_URL, (const uint8_t *)answers[i],
                                                            strlen(answers[i]), &list));
        instrument_list_release(&list);
    }
}

static void check_target(const struct venue_hole *hole, const char *expected)
{
    struct buf target;
    buf_init(&target, 4096);
    assert_ok(venue_find("deribit")->rest->trades(hole, &target));
    assert_ok(buf_terminate(&target));
    assert_string_equal((const char *)target.data, expected);
    buf_release(&target);
}

static void repairs_ask_by_number_and_by_time_where_there_is_none(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("deribit")->describe("BTC-PERPETUAL", &instrument);
    struct venue_hole hole = {.instrument = &instrument,
                              .channel = "trades.100ms",
                              .first_id = 100,
                              .last_id = 120,
                              .from_ns = INT64_C(1590470616101000001),
                              .to_ns = INT64_C(1590470616105000001)};
    check_target(&hole, "/api/v2/public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL"
                        "&start_seq=100&end_seq=120&count=1000&sorting=asc");
    hole.last_id = 100000;
    check_target(&hole, "/api/v2/public/get_last_trades_by_instrument?instrument_name=BTC-PERPETUAL"
                        "&start_seq=100&end_seq=1099&count=1000&sorting=asc");
    hole.first_id = hole.last_id = 0;
    check_target(&hole, "/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name="
                        "BTC-PERPETUAL&start_timestamp=1590470616101&end_timestamp=1590470616106"
                        "&count=1000&sorting=asc");
    memcpy(instrument.request_symbol, "a b\r\n", 6);
    check_target(&hole,
                 "/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name=a%20b%0D%0A"
                 "&start_timestamp=1590470616101&end_timestamp=1590470616106&count=1000"
                 "&sorting=asc");
}

static struct venue_frame http(const char *url, const char *text)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    assert_ok(
        venue_find("deribit")->decode_http(url, (const uint8_t *)text, strlen(text), NULL, &frame));
    return frame;
}

static void answers_over_http_bring_backfilled_trades(void **state)
{
    (void)state;
    static const char url[] = "https://h/api/v2/public/get_last_trades_by_instrument?count=1";
    struct venue_frame frame = http(
        url, "{\"jsonrpc\":\"2.0\",\"id\":1469,\"result\":{\"trades\":["
             "{\"trade_seq\":3471,\"trade_id\":\"48077291\",\"timestamp\":1590470616101,"
             "\"tick_direction\":2,\"price\":0.032,\"mark_price\":0.04070324,\"iv\":74.74,"
             "\"instrument_name\":\"BTC-25SEP20-6000-P\",\"index_price\":8899.93,\"direction\":"
             "\"sell\",\"amount\":0.5}],\"has_more\":true}}");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_int_equal(frame.trade_count, 1);
    assert_string_equal(frame.symbol, "BTC-25SEP20-6000-P");
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTC-25SEP20-6000-P", "0.032", "0.5", 3471,
                                         INT64_C(1590470616101000000), TAKER_SELL, TRADE_BACKFILL});
    venue_frame_release(&frame);
    frame = http(url, "{\"jsonrpc\":\"2.0\",\"result\":{\"trades\":[],\"has_more\":false}}");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_int_equal(frame.trade_count, 0);
    venue_frame_release(&frame);
    frame = http(url, "{\"jsonrpc\":\"2.0\",\"error\":{\"message\":\"too_many_requests\",\"code\":"
                      "10028}}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "too_many_requests");
    venue_frame_release(&frame);
    frame = http(url, "{\"jsonrpc\":\"2.0\",\"result\":[]}");
    assert_string_equal(frame.error, "");
    venue_frame_release(&frame);
}

/* ---- playing --------------------------------------------------------------------------------- */

static void check_result(struct sample_client *client, const char *text, const char *expected)
{
    char all[1024];
    snprintf(all, sizeof all,
             "{\"jsonrpc\":\"2.0\",%s,\"usIn\":1695633670428340,\"usOut\":1695633670428340,"
             "\"usDiff\":0,\"testnet\":false}",
             expected);
    assert_answer(client, text, all);
}

static void requests_are_answered_as_by_the_venue(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("deribit", "/ws/api/v2");
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/ws/api/v1", &client.subs));
    check_result(&client,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/subscribe\",\"params\":{"
                 "\"channels\":[\"trades.BTC-PERPETUAL.100ms\",\"trades.XYZ-PERPETUAL.100ms\",7,"
                 "\"chart.trades.ETH-5AUG23.1\",\"nope.BTC-PERPETUAL\"]}}",
                 "\"id\":1,\"result\":[\"trades.BTC-PERPETUAL.100ms\","
                 "\"chart.trades.ETH-5AUG23.1\"]");
    assert_true(venue_subscriptions_has(&client.subs, "trades.100ms", "BTC-PERPETUAL"));
    assert_true(venue_subscriptions_has(&client.subs, "chart.trades.1", "ETH-5AUG23"));
    assert_int_equal(client.subs.count, 2);
    assert_false(sample_is_sent(&client, wire));
    check_result(&client,
                 "{\"id\":9,\"method\":\"public/subscribe\",\"params\":{\"channels\":["
                 "\"trades.option.BTC.100ms\",\"trades.100ms\"]}}",
                 "\"id\":9,\"result\":[\"trades.option.BTC.100ms\"]");
    assert_true(venue_subscriptions_has(&client.subs, "trades.option.BTC.100ms", "BTC-1JAN24-1-C"));
    check_result(&client,
                 "{\"id\":9,\"method\":\"public/unsubscribe\",\"params\":{\"channels\":["
                 "\"trades.option.BTC.100ms\"]}}",
                 "\"id\":9,\"result\":[\"trades.option.BTC.100ms\"]");
    check_result(&client,
                 "{\"jsonrpc\":\"2.0\",\"id\":\"x/1\",\"method\":\"public/unsubscribe\",\"params\":"
                 "{\"channels\":[\"trades.BTC-PERPETUAL.100ms\"]}}",
                 "\"id\":\"x/1\",\"result\":[\"trades.BTC-PERPETUAL.100ms\"]");
    assert_int_equal(client.subs.count, 1);
    check_result(&client, "{\"id\":2,\"method\":\"public/subscribe\",\"params\":{}}",
                 "\"id\":2,\"error\":{\"message\":\"Invalid params\",\"data\":{\"reason\":\"value "
                 "must be a list\",\"param\":\"channels\"},\"code\":-32602}");
    check_result(&client,
                 "{\"id\":3,\"method\":\"public/set_heartbeat\",\"params\":{\"interval\":10}}",
                 "\"id\":3,\"result\":\"ok\"");
    assert_true(venue_subscriptions_has(&client.subs, "heartbeat", ""));
    check_result(&client, "{\"id\":4,\"method\":\"public/unsubscribe_all\",\"params\":{}}",
                 "\"id\":4,\"result\":\"ok\"");
    assert_int_equal(client.subs.count, 1);
    check_result(&client, "{\"id\":5,\"method\":\"public/disable_heartbeat\",\"params\":{}}",
                 "\"id\":5,\"result\":\"ok\"");
    assert_int_equal(client.subs.count, 0);
    check_result(&client, "{\"id\":6,\"method\":\"public/test\",\"params\":{}}",
                 "\"id\":6,\"result\":{\"version\":\"1.2.26\"}");
    check_result(&client, "{\"id\":7,\"method\":\"public/get_time\"}",
                 "\"id\":7,\"result\":1695633670428");
    check_result(&client, "{\"id\":8,\"method\":\"public/nope\"}",
                 "\"id\":8,\"error\":{\"message\":\"Method not found\",\"code\":-32601}");
    check_result(&client, "no JSON", "\"error\":{\"message\":\"Parse error\",\"code\":-32700}");
    venue_subscriptions_release(&client.subs);
}

/* What a recorder asks for, a played venue confirms, and the recorder understands it. */
static void recorder_and_played_venue_understand_each_other(void **state)
{
    (void)state;
    static const char *const symbols[] = {"BTC-PERPETUAL", "XYZ-PERPETUAL"};
    static const char *const errors[] = {"", "only 1 of 2 channels were accepted"};
    struct venue_change change = {
        .channel = "trades.100ms", .symbols = symbols, .count = 2, .first_id = 12};
    struct sample_client client = sample_connect("deribit", "/ws/api/v2");
    struct buf out;
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(client.venue->recording->subscribe(&change, i, &out));
        assert_ok(buf_terminate(&out));
        sample_request(&client, (const char *)out.data);
        struct venue_frame frame = sample_decode("deribit", client.replies[0]);
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_true(frame.has_request_id && frame.request_id == 12 + i);
        assert_string_equal(frame.error, errors[i]);
        venue_frame_release(&frame);
    }
    buf_release(&out);
    venue_subscriptions_release(&client.subs);
}

static void written_trades_decode_to_themselves(void **state)
{
    (void)state;
    struct buf out;
    uint64_t seed = 9;
    buf_init(&out, 1 << 20);
    for (int round = 0; round < 1000; round++) {
        struct trade trades[40];
        size_t count = 1 + unit_below(&seed, 40), written = 0;
        int64_t time_ns = INT64_C(1600000000000000000);
        for (size_t i = 0; i < count; i++) {
            time_ns += (int64_t)unit_below(&seed, 3) * 1000000;
            trades[i] = (struct trade){
                .symbol = "BTC_USDC-PERPETUAL",
                .source_ns = time_ns,
                .has_id = true,
                .id = UINT64_MAX - 100 + i,
                .price = {1 + (int128)(unit_random(&seed) >> 20), (uint8_t)unit_below(&seed, 9)},
                .quantity = {1 + (int128)(unit_random(&seed) >> 20), (uint8_t)unit_below(&seed, 9)},
                .taker = unit_below(&seed, 2) ? TAKER_BUY : TAKER_SELL,
            };
        }
        struct venue_writing writing = {.channel = "trades.100ms"};
        assert_ok(
            venue_find("deribit")->serving->write_trades(&writing, trades, count, &written, &out));
        assert_int_equal(written, count);
        assert_ok(buf_terminate(&out));
        struct venue_frame frame = sample_decode("deribit", (const char *)out.data);
        assert_int_equal(frame.kind, VENUE_TRADES);
        assert_string_equal(frame.channel, "trades.100ms");
        assert_string_equal(frame.symbol, "BTC_USDC-PERPETUAL");
        assert_int_equal(frame.trade_count, count);
        for (size_t i = 0; i < count; i++) {
            assert_true(frame.trades[i].id == trades[i].id);
            assert_true(frame.trades[i].source_ns == trades[i].source_ns);
            assert_int_equal(frame.trades[i].taker, trades[i].taker);
            assert_int_equal(decimal_compare(frame.trades[i].price, trades[i].price), 0);
            assert_int_equal(decimal_compare(frame.trades[i].quantity, trades[i].quantity), 0);
            assert_int_equal(frame.trades[i].flags, 0);
        }
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

/* ---- its past -------------------------------------------------------------------------------- */

enum { PAST_TRADES = 3000 };

/* Trade i has id i and happened at i ms. */
static size_t past_trades(const char *symbol, const struct venue_span *span, size_t max,
                          struct trade *out, void *arg)
{
    (void)arg;
    uint64_t first = 0, count = 0;
    for (uint64_t i = 1; i <= PAST_TRADES; i++) {
        int64_t time_ns = (int64_t)i * 1000000;
        if (i >= span->first_id && i <= span->last_id && time_ns >= span->from_ns &&
            time_ns <= span->to_ns) {
            first = first == 0 ? i : first;
            count++;
        }
    }
    if (span->newest && count > max) {
        first += count - max;
    }
    count = count < max ? count : max;
    for (uint64_t i = 0; i < count; i++) {
        out[i] = (struct trade){.source_ns = (int64_t)(first + i) * 1000000,
                                .id = first + i,
                                .price = {5, 1},
                                .quantity = {(int128)(first + i), 0},
                                .taker = TAKER_SELL};
        snprintf(out[i].symbol, sizeof out[i].symbol, "%s", symbol);
    }
    return count;
}

static void answer(const char *target, const struct venue_past *past, int status, struct buf *out)
{
    int got = 0;
    assert_ok(venue_find("deribit")->serving->answer("GET", target, "localhost:1", SAMPLE_WALL_NS,
                                                     past, &got, out));
    assert_int_equal(got, status);
    assert_ok(buf_terminate(out));
}

static void the_list_that_is_served_is_the_list_that_is_read(void **state)
{
    (void)state;
    const struct venue_rest *rest = venue_find("deribit")->rest;
    struct instrument_list list, read;
    struct buf out;
    instrument_list_init(&list);
    instrument_list_init(&read);
    buf_init(&out, 1 << 20);
    assert_ok(
        rest->decode_list(LIST_URL, (const uint8_t *)list_answer, strlen(list_answer), &list));
    struct venue_past past = {.instrument_count = list.count, .instruments = list.items};
    answer(strstr(LIST_URL, "/api/"), &past, 200, &out);
    assert_ok(rest->decode_list(LIST_URL, out.data, out.size, &read));
    assert_int_equal(read.count, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const struct instrument *from = &list.items[i], *to = &read.items[i];
        assert_string_equal(to->symbol, from->symbol);
        assert_string_equal(to->name, from->name);
        assert_int_equal(to->kind, from->kind);
        assert_int_equal(to->volume_unit, from->volume_unit);
        assert_int_equal(to->trading, from->trading);
        assert_true(to->expiry_ns == from->expiry_ns);
        assert_int_equal(decimal_compare(to->price_tick, from->price_tick), 0);
        assert_int_equal(decimal_compare(to->quantity_step, from->quantity_step), 0);
        assert_int_equal(decimal_compare(to->contract_size, from->contract_size), 0);
    }
    answer("/api/v2/public/get_instruments?currency=BTC&kind=option", &past, 200, &out);
    instrument_list_release(&read);
    assert_ok(rest->decode_list(LIST_URL, out.data, out.size, &read));
    assert_int_equal(read.count, 1);
    answer("/api/v2/public/get_instruments", &past, 400, &out);
    buf_release(&out);
    instrument_list_release(&read);
    instrument_list_release(&list);
}

static void trades_are_served_within_the_limits_of_the_venue(void **state)
{
    (void)state;
    struct instrument instrument;
    venue_find("deribit")->describe("BTC-PERPETUAL", &instrument);
    struct venue_past past = {1, &instrument, past_trades, NULL};
    struct buf out;
    buf_init(&out, 1 << 20);
    static const struct {
        const char *query;
        uint64_t first, last;
        bool more;
    } asked[] = {
        {"?instrument_name=BTC-PERPETUAL", 2991, 3000, true}, /* the newest ten */
        {"?instrument_name=BTC-PERPETUAL&count=1000", 2001, 3000, true},
        {"?instrument_name=BTC-PERPETUAL&start_seq=5&end_seq=7", 5, 7, false},
        {"?instrument_name=BTC-PERPETUAL&start_seq=5&count=3&sorting=asc", 5, 7, true},
        {"?instrument_name=BTC-PERPETUAL&end_seq=7&count=3&sorting=asc", 5, 7, true},
        {"_and_time?instrument_name=BTC-PERPETUAL&start_timestamp=5&end_timestamp=7&count=2", 5, 6,
         true},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        char target[160];
        snprintf(target, sizeof target, "/api/v2/public/get_last_trades_by_instrument%s",
                 asked[i].query);
        answer(target, &past, 200, &out);
        struct venue_frame frame = http(target, (const char *)out.data);
        assert_int_equal(frame.trade_count, asked[i].last - asked[i].first + 1);
        assert_int_equal(frame.trades[0].id, asked[i].first);
        assert_int_equal(frame.trades[frame.trade_count - 1].id, asked[i].last);
        assert_int_equal(strstr((const char *)out.data, "\"has_more\":true") != NULL,
                         asked[i].more);
        venue_frame_release(&frame);
    }
    static const char *const refused[] = {
        "", "?instrument_name=NO", "?instrument_name=BTC-PERPETUAL&count=1001",
        "?instrument_name=BTC-PERPETUAL&count=0", "_and_time?instrument_name=BTC-PERPETUAL"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char target[160];
        snprintf(target, sizeof target, "/api/v2/public/get_last_trades_by_instrument%s",
                 refused[i]);
        answer(target, &past, 400, &out);
        struct venue_frame frame = http(target, (const char *)out.data);
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_true(frame.error[0] != '\0');
        venue_frame_release(&frame);
    }
    int status = 0;
    assert_err(ERR_UNKNOWN, venue_find("deribit")->serving->answer("POST", "/api/v2/public/test",
                                                                   "h", 0, &past, &status, &out));
    assert_err(ERR_UNKNOWN, venue_find("deribit")->serving->answer("GET", "/api/v2/public/nope",
                                                                   "h", 0, &past, &status, &out));
    buf_release(&out);
}

/* ---- recordings ------------------------------------------------------------------------------ */

static void the_recording_decodes_to_the_end(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/captures/cryptofeed/DERIBIT.ws.1.0", "r");
    if (!file) {
        print_message("no recording; skipped\n");
        skip();
    }
    char *line = NULL;
    size_t capacity = 0, kinds[VENUE_MALFORMED + 1] = {0}, tickers = 0;
    while (getline(&line, &capacity, file) >= 0) {
        char *text = strstr(line, ": ");
        if (line[0] < '0' || line[0] > '9' || !text) {
            continue;
        }
        struct venue_frame frame = sample_decode("deribit", text + 2);
        if (frame.kind == VENUE_MALFORMED || frame.error[0] != '\0') {
            fail_msg("%s: %s", frame.error, line);
        }
        kinds[frame.kind]++;
        tickers += strcmp(frame.channel, "ticker.raw") == 0;
        assert_true(frame.kind != VENUE_DATA ||
                    (frame.symbol[0] != '\0' && frame.source_ns != RECORD_NO_TIME));
        venue_frame_release(&frame);
    }
    assert_int_equal(kinds[VENUE_ACK], 1);
    assert_int_equal(kinds[VENUE_OTHER], 0);
    assert_int_equal(kinds[VENUE_TRADES], 0);
    assert_true(tickers > 0 && kinds[VENUE_DATA] > tickers);
    free(line);
    fclose(file);
}

static void check_odd(const char *raw, const char *module, json_t *asserts)
{
    struct venue_frame frame = sample_decode("deribit", raw);
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
        if (exchange && strcmp(exchange, "deribit") == 0) {
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
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"trades.BTC-"
    "PERPETUAL.raw\",\"data\":[{\"trade_seq\":92836831,\"trade_id\":\"137487241\",\"timestamp\":"
    "1616321478553,\"tick_direction\":1,\"price\":56168.0,\"mark_price\":56172.08,\"instrument_"
    "name\":\"BTC-PERPETUAL\",\"index_price\":56173.74,\"direction\":\"buy\",\"amount\":5580.0}]}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"trades.BTC-"
    "PERPETUAL.agg2\",\"data\":[{\"timestamp\":1742627465811,\"price\":84295.5,\"direction\":"
    "\"buy\",\"index_price\":84319.98,\"instrument_name\":\"BTC-PERPETUAL\",\"trade_seq\":"
    "242126092,\"amount\":8430.0,\"mark_price\":84292.11,\"tick_direction\":2,\"contracts\":843.0,"
    "\"trade_id\":\"356130997\"},{\"timestamp\":1742627465811,\"price\":84295.5,\"direction\":"
    "\"sell\",\"liquidation\":\"T\",\"iv\":-1e-5,\"instrument_name\":\"BTC-PERPETUAL\",\"trade_"
    "seq\":242126091,\"amount\":1}]}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"trades.option.BTC."
    "raw\",\"data\":[{\"trade_seq\":7,\"timestamp\":1590484512190,\"price\":0.0555,\"instrument_"
    "name\":\"BTC-27DEC24-32000-P\",\"direction\":\"buy\",\"amount\":0.1,\"block_trade_id\":"
    "\"BLOCK-1\"}]}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"book.BTC-25JUN21."
    "100ms\",\"data\":{\"type\":\"snapshot\",\"timestamp\":1622626472678,\"instrument_name\":\"BTC-"
    "25JUN21\",\"change_id\":31479219781,\"bids\":[[\"new\",37317.0,2960.0]],\"asks\":[]}}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"quote.BTC-"
    "30SEP22\",\"data\":{\"timestamp\":1654012570801,\"instrument_name\":\"BTC-30SEP22\",\"best_"
    "bid_price\":32499.0,\"best_bid_amount\":2370.0}}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"ticker.ETH-27AUG21-"
    "4000-P.raw\",\"data\":{\"underlying_price\":1999.98,\"underlying_index\":\"ETH-27AUG21\","
    "\"timestamp\":1626993723632,\"stats\":{\"volume\":null},\"instrument_name\":\"ETH-27AUG21-"
    "4000-P\"}}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"chart.trades.BTC-"
    "31MAR23.1\",\"data\":{\"volume\":0.00172302,\"tick\":1677628800000,\"open\":23215.0,\"low\":"
    "23215.0,\"cost\":40.0,\"close\":23215.0}}}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"deribit_price_"
    "index.btc_usd\",\"data\":{\"timestamp\":1654012570801,\"price\":3.5,\"index_name\":\"btc_"
    "usd\"}}}",
};

static void both_decoders_say_the_same_of_changed_frames(void **state)
{
    (void)state;
    equal_decode_all("deribit", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
}

static void what_stands_between_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"book.BTC-"
        "25JUN21.100ms\",\"data\":{\"type\":\"change\",\"timestamp\":1622626472678,\"bids\":[,]}}}",
    };
    assert_unseen("deribit", frames, sizeof frames / sizeof frames[0]);
}

static void both_decoders_say_the_same_of_a_recording(void **state)
{
    (void)state;
    equal_recording("deribit", CAPTURES "cryptofeed/DERIBIT.ws.1.0", 0, 130);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_is_numbered_by_its_instrument),
        cmocka_unit_test(a_notification_holds_many_trades_with_all_their_digits),
        cmocka_unit_test(block_trades_take_part_in_the_numbering_only),
        cmocka_unit_test(other_channels_are_data_with_instrument_and_time),
        cmocka_unit_test(heartbeats_and_tests_are_heartbeats),
        cmocka_unit_test(the_answer_is_compared_with_what_was_asked_for),
        cmocka_unit_test(wrong_frames_say_what_is_wrong),
        cmocka_unit_test(cut_frames_give_nothing),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(symbols_are_divided_by_the_grammar),
        cmocka_unit_test(what_the_grammar_does_not_divide_keeps_its_name),
        cmocka_unit_test(a_heartbeat_is_asked_for_then_many_channels_at_once),
        cmocka_unit_test(every_symbol_is_asked_for_once),
        cmocka_unit_test(a_test_of_the_venue_is_answered),
        cmocka_unit_test(the_list_says_kind_steps_and_units),
        cmocka_unit_test(the_spelling_and_the_list_agree_on_names),
        cmocka_unit_test(what_is_no_list_is_damaged),
        cmocka_unit_test(repairs_ask_by_number_and_by_time_where_there_is_none),
        cmocka_unit_test(answers_over_http_bring_backfilled_trades),
        cmocka_unit_test(requests_are_answered_as_by_the_venue),
        cmocka_unit_test(recorder_and_played_venue_understand_each_other),
        cmocka_unit_test(written_trades_decode_to_themselves),
        cmocka_unit_test(the_list_that_is_served_is_the_list_that_is_read),
        cmocka_unit_test(trades_are_served_within_the_limits_of_the_venue),
        cmocka_unit_test(the_recording_decodes_to_the_end),
        cmocka_unit_test(the_odd_frames_of_the_collection_decode),
        cmocka_unit_test(both_decoders_say_the_same_of_changed_frames),
        cmocka_unit_test(what_stands_between_is_not_looked_at),
        cmocka_unit_test(both_decoders_say_the_same_of_a_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
