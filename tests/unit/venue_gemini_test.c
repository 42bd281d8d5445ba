#include "tests/unit/venue_equal.h"
#include "tests/unit/venue_past_sample.h"

#define MS INT64_C(1000000)

/* 2^60 + 1: no double holds it. */
#define TRADE(time, id, price, quantity, maker)                                                    \
    "{\"E\":" time ",\"s\":\"btcusd\",\"t\":" id ",\"p\":" price ",\"q\":" quantity                \
    ",\"m\":" maker "}"

static const char trade_text[] =
    TRADE("1783981140085684203", "2840141014190422", "\"62145.38000\"", "\"0.0162522200\"", "true");

static void a_trade_has_nanoseconds_and_no_name(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("gemini", trade_text);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trade");
    assert_string_equal(frame.symbol, "btcusd");
    assert_int_equal(frame.trade_count, 1);
    assert_true(frame.source_ns == INT64_C(1783981140085684203));
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"btcusd", "62145.38000", "0.0162522200",
                                         UINT64_C(2840141014190422), INT64_C(1783981140085684203),
                                         TAKER_SELL, 0});
    venue_frame_release(&frame);
    frame = sample_decode(
        "gemini", TRADE("1152921504606846977", "18446744073709551615", "\"1\"", "\"2\"", "false"));
    assert_true(frame.trades[0].id == UINT64_MAX);
    assert_true(frame.trades[0].source_ns == INT64_C(1152921504606846977));
    assert_int_equal(frame.trades[0].taker, TAKER_BUY);
    venue_frame_release(&frame);
    assert_int_equal(venue_find("gemini")->ids, IDS_ASCENDING);
}

/* The examples of the manual. */
static void other_streams_are_told_by_their_members(void **state)
{
    (void)state;
    assert_kind("gemini",
                "{\"u\":1751505576085,\"E\":1751508438600117161,\"s\":\"btcusd\",\"b\":"
                "\"45000.50\",\"B\":\"1.25000000\",\"a\":\"45001.00\",\"A\":\"0.75000000\"}",
                VENUE_DATA, "bookTicker", "btcusd");
    assert_kind("gemini",
                "{\"e\":\"depthUpdate\",\"E\":1751508260659505382,\"s\":\"btcusd\",\"U\":12345677,"
                "\"u\":12345678,\"b\":[[\"45000.50\",\"1.25000000\"]],\"a\":[]}",
                VENUE_DATA, "depth", "btcusd");
    assert_kind("gemini",
                "{\"lastUpdateId\":12345678,\"bids\":[[\"45000.50\",\"1.25000000\"]],\"asks\":[]}",
                VENUE_DATA, "", "");
    assert_kind("gemini", "{\"e\":\"contractStatus\",\"E\":1751508260659505382}", VENUE_OTHER, "",
                "");
    assert_kind("gemini", "{}", VENUE_OTHER, "", "");
    struct venue_frame frame = sample_decode(
        "gemini", "{\"e\":\"depthUpdate\",\"E\":1751508260659505382,\"s\":\"btcusd\"}");
    assert_true(frame.source_ns == INT64_C(1751508260659505382));
    venue_frame_release(&frame);
}

static void answers_name_their_message(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("gemini", "{\"id\":1,\"status\":200}");
    assert_true(frame.kind == VENUE_ACK && frame.error[0] == '\0');
    assert_true(frame.has_request_id && frame.request_id == 1);
    venue_frame_release(&frame);
    frame = sample_decode("gemini", "{\"id\":\"12\",\"status\":200,\"result\":{}}");
    assert_true(frame.has_request_id && frame.request_id == 12);
    venue_frame_release(&frame);
    frame = sample_decode("gemini", "{\"id\":4,\"status\":400,\"error\":{\"code\":-1013,\"msg\":"
                                    "\"Invalid stream name: nope@trade\"}}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "Invalid stream name: nope@trade");
    assert_true(frame.request_id == 4);
    venue_frame_release(&frame);
    assert_refusal("gemini", "{\"id\":\"x\",\"status\":429}", "refused");
    assert_refusal("gemini", "{\"result\":\"error\",\"reason\":\"NoValidTradingPairs\"}",
                   "NoValidTradingPairs");
}

static void a_wrong_member_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {TRADE("\"1\"", "1", "\"1\"", "\"1\"", "true"), "'E' is not a number"},
        {TRADE("0", "1", "\"1\"", "\"1\"", "true"), "'E' is no time"},
        {TRADE("9223372036854775808", "1", "\"1\"", "\"1\"", "true"), "'E' is no time"},
        {TRADE("1e18", "1", "\"1\"", "\"1\"", "true"), "'E' is not a whole number"},
        {TRADE("1751508260659505382", "\"1\"", "\"1\"", "\"1\"", "true"), "'t' is not a number"},
        {TRADE("1751508260659505382", "1", "1", "\"1\"", "true"), "'p' is not a string"},
        {TRADE("1751508260659505382", "1", "\"1\"", "\"-1\"", "true"), "below zero"},
        {TRADE("1751508260659505382", "1", "\"1\"", "\"1\"", "1"), "'m' is not a boolean"},
        {"{\"t\":1,\"p\":\"1\"}", "'s' is missing"},
        {"{\"type\":7}", "'type' is not a string"},
        {"{\"type\":\"l2_updates\",\"changes\":[]}", "'symbol' is missing"},
        {"{\"type\":\"l2_updates\",\"symbol\":\"BTCUSD\",\"trades\":7}",
         "'trades' is not an array"},
        {"{\"id\":1,\"status\":\"200\"}", "'status' is not a number"},
        {"[]", "not a JSON object"},
        {"", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_malformed("gemini", cases[i].text, cases[i].reason);
    }
}

/* ---- the old API -----------------------------------------------------------------------------
 */

static const char old_trade[] =
    "{\"type\":\"trade\",\"symbol\":\"ANKRUSD\",\"event_id\":45465818387,\"timestamp\":"
    "1624493670759,\"price\":\"0.07946\",\"quantity\":\"1020.482111\",\"side\":\"buy\"}";

static const char old_book[] =
    "{\"type\":\"l2_updates\",\"symbol\":\"ALCXUSD\",\"changes\":[[\"buy\",\"302.75\",\"0.00001\"]]"
    ","
    "\"trades\":[{\"type\":\"trade\",\"symbol\":\"ALCXUSD\",\"event_id\":45465785975,\"timestamp\":"
    "1624493651491,\"price\":\"302.53\",\"quantity\":\"0.992143\",\"side\":\"buy\"},{\"type\":"
    "\"trade\",\"symbol\":\"ALCXUSD\",\"event_id\":45465785690,\"timestamp\":1624493651353,"
    "\"price\":\"302.32\",\"quantity\":\"4.140581\",\"side\":\"sell\"}],\"auction_events\":[]}";

static void trades_of_the_old_api_are_of_channel_l2(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("gemini", old_trade);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "l2");
    assert_string_equal(frame.symbol, "ankrusd");
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"ankrusd", "0.07946", "1020.482111", 45465818387,
                                         INT64_C(1624493670759) * MS, TAKER_BUY, 0});
    venue_frame_release(&frame);
}

static void the_first_frame_of_a_symbol_repeats_old_trades(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("gemini", old_book);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "l2");
    assert_string_equal(frame.symbol, "alcxusd");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"alcxusd", "302.32", "4.140581", 45465785690,
                                         INT64_C(1624493651353) * MS, TAKER_SELL, TRADE_SNAPSHOT});
    assert_sample(&frame.trades[1],
                  &(struct sample_trade){"alcxusd", "302.53", "0.992143", 45465785975,
                                         INT64_C(1624493651491) * MS, TAKER_BUY, TRADE_SNAPSHOT});
    venue_frame_release(&frame);
    assert_kind("gemini",
                "{\"type\":\"l2_updates\",\"symbol\":\"BTCUSD\",\"changes\":[],\"trades\":[]}",
                VENUE_DATA, "l2", "btcusd");
}

static void other_frames_of_the_old_api_are_told_apart(void **state)
{
    (void)state;
    assert_kind("gemini", "{\"type\":\"heartbeat\",\"timestamp\":1624493666869}", VENUE_HEARTBEAT,
                "heartbeat", "");
    assert_kind("gemini",
                "{\"type\":\"candles_1m_updates\",\"symbol\":\"BTCUSD\",\"changes\":[[1561054500000"
                ",9350.18,9358.35,9350.18,9355.51,2.07]]}",
                VENUE_DATA, "candles_1m", "btcusd");
    assert_kind("gemini", "{\"type\":\"block_trade\",\"symbol\":\"BTCUSD\"}", VENUE_DATA, "l2",
                "btcusd");
    assert_kind("gemini", "{\"type\":\"candles_updates\",\"symbol\":\"BTCUSD\"}", VENUE_OTHER, "",
                "");
    assert_kind("gemini", "{\"type\":\"news\"}", VENUE_OTHER, "", "");
}

static void half_a_frame_gives_no_trade(void **state)
{
    (void)state;
    assert_cut_frames("gemini", trade_text);
    assert_cut_frames("gemini", old_trade);
    assert_cut_frames("gemini", old_book);
}

/* ---- names and messages ----------------------------------------------------------------------
 */

static void a_symbol_is_divided_by_the_list_only(void **state)
{
    (void)state;
    struct instrument out;
    assert_instrument("gemini", "btcusd", "btcusd");
    assert_symbol("gemini", "BTC-USD", "btcusd");
    assert_symbol("gemini", "BTC-GUSD-PERP", "btcgusdperp");
    venue_find("gemini")->describe("btcgusdperp", &out);
    assert_int_equal(out.kind, INSTRUMENT_PERPETUAL);
    char symbol[SYMBOL_MAX];
    assert_err(ERR_UNKNOWN, venue_find("gemini")->symbol("BTC", symbol));
    assert_err(ERR_UNKNOWN, venue_find("gemini")->symbol("BTC-USD-20240101", symbol));
}

static void subscribes_to_streams(void **state)
{
    (void)state;
    static const char *const symbols[] = {"btcusd", "ethusd"};
    const struct venue_change change = {
        .channel = "trade", .symbols = symbols, .count = 2, .first_id = 1};
    assert_change("gemini", &change, 0,
                  "{\"id\":\"1\",\"method\":\"subscribe\",\"params\":[\"btcusd@trade\","
                  "\"ethusd@trade\"]}");
    assert_change("gemini", &change, 1, NULL);
    assert_unsubscribe("gemini", "depth", "btcusd", 0,
                       "{\"id\":\"9\",\"method\":\"unsubscribe\",\"params\":["
                       "\"btcusd@depth@100ms\"]}");
    const struct venue_recording *recording = venue_find("gemini")->recording;
    assert_string_equal(venue_channel_find(recording, "trades")->name, "trade");
    assert_string_equal(venue_channel_find(recording, "top")->name, "bookTicker");
    assert_string_equal(venue_channel_find(recording, "depth")->name, "depth");
}

static void long_symbols_fit_into_messages(void **state)
{
    (void)state;
    char longest[SYMBOL_MAX];
    const char *symbols[200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < 200; i++) {
        symbols[i] = longest;
    }
    const struct venue_change change = {.channel = "depth", .symbols = symbols, .count = 200};
    struct buf out;
    size_t streams = 0;
    buf_init(&out, 16 << 10);
    for (size_t i = 0; venue_find("gemini")->recording->subscribe(&change, i, &out) == ERR_OK;
         i++) {
        assert_ok(buf_terminate(&out));
        for (const char *at = (const char *)out.data; (at = strstr(at, "@depth@100ms\"")); at++) {
            streams++;
        }
    }
    assert_int_equal(streams, 200);
    buf_release(&out);
}

/* ---- playing ---------------------------------------------------------------------------------
 */

static bool has_symbol(const char *symbol, void *arg)
{
    (void)arg;
    return strcmp(symbol, "btcusd") == 0 || strcmp(symbol, "ethusd") == 0;
}

static void ask(struct sample_client *client, const char *text)
{
    client->count = 0;
    assert_ok(client->venue->serving->request((const uint8_t *)text, strlen(text), SAMPLE_WALL_NS,
                                              &client->subs, has_symbol, sample_reply, client));
}

static void assert_reply(struct sample_client *client, const char *text, const char *expected)
{
    ask(client, text);
    assert_int_equal(client->count, 1);
    assert_string_equal(client->replies[0], expected);
}

static void a_client_is_answered_as_the_venue_does(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("gemini", "/?snapshot=-1");
    assert_reply(&client, "{\"id\":\"1\",\"method\":\"subscribe\",\"params\":[\"BTCUSD@trade\"]}",
                 "{\"id\":1,\"status\":200}");
    assert_true(sample_is_sent(&client, trade_text));
    assert_false(sample_is_sent(&client, old_trade));
    /* One bad name, and nothing of it is done. */
    assert_reply(
        &client, "{\"id\":4,\"method\":\"SUBSCRIBE\",\"params\":[\"ethusd@trade\",\"nope@trade\"]}",
        "{\"id\":4,\"status\":400,\"error\":{\"code\":-1013,\"msg\":\"Invalid stream name: "
        "nope@trade\"}}");
    assert_int_equal(client.subs.count, 1);
    assert_reply(&client, "{\"id\":\"b\",\"method\":\"LIST_SUBSCRIPTIONS\"}",
                 "{\"id\":\"b\",\"status\":200,\"result\":[\"btcusd@trade\"]}");
    assert_reply(&client, "{\"id\":5,\"method\":\"order.place\"}",
                 "{\"id\":5,\"status\":400,\"error\":{\"code\":-1020,\"msg\":\"Unsupported "
                 "operation\"}}");
    assert_reply(&client, "{\"id\":6,\"method\":\"subscribe\",\"params\":{\"streams\":[]}}",
                 "{\"id\":6,\"status\":400,\"error\":{\"code\":-1013,\"msg\":\"Invalid "
                 "parameters\"}}");
    assert_reply(&client, "{\"id\":7,\"method\":\"ping\"}",
                 "{\"id\":7,\"status\":200,\"result\":{}}");
    assert_reply(
        &client, "x",
        "{\"id\":null,\"status\":400,\"error\":{\"code\":-1013,\"msg\":\"Invalid JSON\"}}");
    assert_reply(&client, "{\"id\":8,\"method\":\"unsubscribe\",\"params\":[\"btcusd@trade\"]}",
                 "{\"id\":8,\"status\":200}");
    assert_int_equal(client.subs.count, 0);
    venue_subscriptions_release(&client.subs);
}

static void the_old_api_confirms_nothing(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("gemini", "/v2/marketdata/");
    ask(&client, "{\"type\":\"subscribe\",\"subscriptions\":[{\"name\":\"l2\",\"symbols\":["
                 "\"BTCUSD\",\"NOPE\"]}]}");
    assert_int_equal(client.count, 0);
    assert_true(venue_subscriptions_has(&client.subs, "l2", "btcusd"));
    assert_true(sample_is_sent(&client, "{\"type\":\"heartbeat\",\"timestamp\":1624493666869}"));
    assert_false(sample_is_sent(&client, trade_text));
    assert_reply(&client,
                 "{\"type\":\"subscribe\",\"subscriptions\":[{\"name\":\"l2\",\"symbols\":["
                 "\"btcusd\"]}]}",
                 "{\"result\":\"error\",\"reason\":\"NoValidTradingPairs\"}");
    ask(&client, "{\"type\":\"unsubscribe\",\"subscriptions\":[{\"name\":\"l2\",\"symbols\":["
                 "\"BTCUSD\"]}]}");
    assert_int_equal(client.subs.count, 1);
    struct venue_subscriptions none;
    venue_subscriptions_init(&none);
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/v1/marketdata", &none));
    venue_subscriptions_release(&client.subs);
}

static void written_trades_are_read_again(void **state)
{
    (void)state;
    const char *symbol = "ethusd";
    struct rest_past *past = rest_past_new("gemini", &symbol, 1);
    rest_past_fill(past, symbol, 300, MS, 0);
    assert_written_trades("gemini", past, &(struct venue_writing){.channel = "l2"}, 0);
    assert_written_trades(
        "gemini", past, &(struct venue_writing){.channel = "l2", .snapshot = true}, TRADE_SNAPSHOT);
    for (size_t i = 0; i < past->trade_count; i++) {
        past->trades[i].source_ns += (int64_t)i;
    }
    assert_written_trades("gemini", past, &(struct venue_writing){.channel = "trade"}, 0);
    free(past);
}

/* ---- recordings ------------------------------------------------------------------------------
 */

struct counts {
    struct venue_frame frame;
    size_t frames, trades, old, heartbeats;
};

static void count_line(char *line, void *arg)
{
    struct counts *counts = arg;
    const char *text = capture_frame(line);
    if (!text) {
        return;
    }
    assert_ok(venue_find("gemini")->decode((const uint8_t *)text, strlen(text), &counts->frame));
    if (counts->frame.kind == VENUE_MALFORMED || counts->frame.kind == VENUE_OTHER) {
        fail_msg("kind %d, %s: %.200s", counts->frame.kind, counts->frame.error, text);
    }
    counts->frames++;
    counts->heartbeats += counts->frame.kind == VENUE_HEARTBEAT;
    for (size_t i = 0; i < counts->frame.trade_count; i++) {
        counts->trades++;
        counts->old += counts->frame.trades[i].flags == TRADE_SNAPSHOT;
    }
}

static void a_recording_is_understood_whole(void **state)
{
    (void)state;
    struct counts counts = {0};
    venue_frame_init(&counts.frame);
    bool there = capture_lines(CAPTURES "cryptofeed/GEMINI.ws.1.0", count_line, &counts);
    venue_frame_release(&counts.frame);
    if (!there) {
        skip();
    }
    assert_int_equal(counts.heartbeats, 7); /* grep -o '"type":"[a-z0-9_]*"' | uniq -c */
    assert_int_equal(counts.trades, 516);
    assert_int_equal(counts.old, 10 * 50);
    assert_int_equal(counts.frames, 655 + 7 + 16);
}

/* ---- both decoders ----------------------------------------------------------------------------
 */

/* As the venue sends them, and some that mean another thing than their ends promise. */
static const char *const equal_texts[] = {
    "{\"E\":1783981140085684203,\"s\":\"btcusd\",\"t\":2840141014190422,\"p\":\"62145.38000\","
    "\"q\":\"0.0162522200\",\"m\":true}",
    "{\"u\":1751505576085,\"E\":1751508438600117161,\"s\":\"btcusd\",\"b\":\"45000.50\",\"B\":\"1."
    "25000000\",\"a\":\"45001.00\",\"A\":\"0.75000000\"}",
    "{\"e\":\"depthUpdate\",\"E\":1751508260659505382,\"s\":\"btcusd\",\"U\":12345677,\"u\":"
    "12345678,\"b\":[[\"45000.50\",\"1.25000000\"]],\"a\":[]}",
    "{\"lastUpdateId\":12345678,\"bids\":[[\"45000.50\",\"1.25000000\"]],\"asks\":[[\"45001.00\","
    "\"0.5\"]]}",
    "{\"type\":\"trade\",\"symbol\":\"ANKRUSD\",\"event_id\":45465818387,\"timestamp\":"
    "1624493670759,\"price\":\"0.07946\",\"quantity\":\"1020.482111\",\"side\":\"buy\"}",
    "{\"type\":\"l2_updates\",\"symbol\":\"ETHEUR\",\"changes\":[[\"buy\",\"1647.74\",\"1.844\"],["
    "\"sell\",\"1657.29\",\"0\"]]}",
    "{\"type\":\"l2_updates\",\"symbol\":\"BTCUSD\",\"changes\":[[\"buy\",\"9122.04\",\"0."
    "00121425\"],[\"sell\",\"9122.07\",\"0.98942292\"]],\"trades\":[{\"type\":\"trade\",\"symbol\":"
    "\"BTCUSD\",\"event_id\":169841458,\"timestamp\":1560976400428,\"price\":\"9122.04\","
    "\"quantity\":\"0.0073173\",\"side\":\"sell\"},{\"type\":\"trade\",\"symbol\":\"BTCUSD\","
    "\"event_id\":169841457,\"timestamp\":1560976400428,\"price\":\"9122\",\"quantity\":\"1\","
    "\"side\":\"buy\"}],\"auction_events\":[]}",
    "{\"type\":\"candles_1m_updates\",\"symbol\":\"BTCUSD\",\"changes\":[[1560976380000,9122,9123,"
    "9121,9122.5,1.5]]}",
    "{\"type\":\"heartbeat\",\"timestamp\":1624493666869}",
    "{\"lastUpdateId\":1,\"bids\":[1,{\"x\":[],\"asks\":[2]}],\"s\":\"btcusd\"}",
    "{\"lastUpdateId\":1,\"bids\":[\"x],\",\":y\"],\"s\":\"btcusd\"}",
};

static void both_decoders_say_the_same_of_changed_frames(void **state)
{
    (void)state;
    equal_decode_all("gemini", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
}

static void what_stands_between_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"type\":\"l2_updates\",\"symbol\":\"ETHEUR\",\"changes\":[[\"buy\",]]}",
    };
    assert_unseen("gemini", frames, sizeof frames / sizeof frames[0]);
}

static void both_decoders_say_the_same_of_a_recording(void **state)
{
    (void)state;
    equal_recording("gemini", CAPTURES "cryptofeed/GEMINI.ws.1.0", 26, 645);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_has_nanoseconds_and_no_name),
        cmocka_unit_test(other_streams_are_told_by_their_members),
        cmocka_unit_test(answers_name_their_message),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(trades_of_the_old_api_are_of_channel_l2),
        cmocka_unit_test(the_first_frame_of_a_symbol_repeats_old_trades),
        cmocka_unit_test(other_frames_of_the_old_api_are_told_apart),
        cmocka_unit_test(half_a_frame_gives_no_trade),
        cmocka_unit_test(a_symbol_is_divided_by_the_list_only),
        cmocka_unit_test(subscribes_to_streams),
        cmocka_unit_test(long_symbols_fit_into_messages),
        cmocka_unit_test(a_client_is_answered_as_the_venue_does),
        cmocka_unit_test(the_old_api_confirms_nothing),
        cmocka_unit_test(written_trades_are_read_again),
        cmocka_unit_test(a_recording_is_understood_whole),
        cmocka_unit_test(both_decoders_say_the_same_of_changed_frames),
        cmocka_unit_test(what_stands_between_is_not_looked_at),
        cmocka_unit_test(both_decoders_say_the_same_of_a_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
