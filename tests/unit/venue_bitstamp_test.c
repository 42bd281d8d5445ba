#include "tests/unit/venue_equal.h"
#include "tests/unit/venue_past_sample.h"

#define US   INT64_C(1000)
#define S    INT64_C(1000000000)
#define HOST "https://www.bitstamp.net"

static const char trade_text[] =
    "{\"data\":{\"id\":216000477,\"timestamp\":\"1641343699\",\"amount\":0.0792,\"amount_str\":"
    "\"0.07920000\",\"price\":3805.44,\"price_str\":\"3805.44\",\"type\":0,\"microtimestamp\":"
    "\"1641343699596000\",\"buy_order_id\":1443875737346049,\"sell_order_id\":1443875731320832},"
    "\"channel\":\"live_trades_ethusd\",\"event\":\"trade\"}";

#define TRADE(id, amount, price, type, time)                                                       \
    "{\"data\":{\"id\":" id ",\"amount_str\":" amount ",\"price_str\":" price ",\"type\":" type    \
    ",\"microtimestamp\":" time "},\"channel\":\"live_trades_btcusd\",\"event\":\"trade\"}"

static void a_trade_is_read_from_its_texts(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("bitstamp", trade_text);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "live_trades");
    assert_string_equal(frame.symbol, "ethusd");
    assert_int_equal(frame.trade_count, 1);
    assert_int_equal(frame.source_ns, INT64_C(1641343699596000) * US);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"ethusd", "3805.44", "0.07920000", 216000477,
                                         INT64_C(1641343699596000) * US, TAKER_BUY, 0});
    venue_frame_release(&frame);
    frame = sample_decode("bitstamp", TRADE("7", "\"1E-8\"", "\"57748.80\"", "1", "\"1000000\""));
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"btcusd", "57748.80", "0.00000001", 7, S, TAKER_SELL, 0});
    venue_frame_release(&frame);
    assert_int_equal(venue_find("bitstamp")->ids, IDS_ASCENDING);
}

static void other_frames_are_told_apart(void **state)
{
    (void)state;
    assert_kind("bitstamp",
                "{\"data\":{\"timestamp\":\"1641343691\",\"microtimestamp\":\"1641343691244908\","
                "\"bids\":[[\"1.15979\",\"993.02588113\"]],\"asks\":[]},\"channel\":"
                "\"diff_order_book_bateur\",\"event\":\"data\"}",
                VENUE_DATA, "diff_order_book", "bateur");
    assert_kind("bitstamp",
                "{\"data\":{\"id\":1,\"microtimestamp\":\"1641343691244908\"},\"channel\":"
                "\"live_orders_btcusd-perp\",\"event\":\"order_created\"}",
                VENUE_DATA, "live_orders", "btcusd-perp");
    assert_kind("bitstamp",
                "{\"event\":\"bts:heartbeat\",\"channel\":\"\",\"data\":{\"status\":\"success\"}}",
                VENUE_HEARTBEAT, "", "");
    assert_kind("bitstamp", "{\"event\":\"bts:something\",\"channel\":\"\",\"data\":{}}",
                VENUE_OTHER, "", "");
    assert_kind("bitstamp", "{\"event\":\"news\",\"channel\":\"all\",\"data\":{}}", VENUE_OTHER, "",
                "");
    assert_kind("bitstamp", "{}", VENUE_OTHER, "", "");
}

static void answers_grant_and_refuse(void **state)
{
    (void)state;
    struct venue_frame frame =
        sample_decode("bitstamp", "{\"event\":\"bts:subscription_succeeded\",\"channel\":"
                                  "\"live_trades_sgbeur\",\"data\":{}}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.channel, "live_trades");
    assert_string_equal(frame.symbol, "sgbeur");
    assert_true(frame.error[0] == '\0' && !frame.leave && !frame.has_request_id);
    venue_frame_release(&frame);
    frame = sample_decode("bitstamp", "{\"event\":\"bts:unsubscription_succeeded\",\"channel\":"
                                      "\"order_book_btcusd\",\"data\":{}}");
    assert_true(frame.kind == VENUE_ACK && frame.leave);
    assert_string_equal(frame.channel, "order_book");
    venue_frame_release(&frame);
    assert_refusal("bitstamp",
                   "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,\"message\":"
                   "\"Bad subscription string.\"}}",
                   "Bad subscription string.");
    assert_refusal("bitstamp", "{\"event\":\"bts:error\",\"data\":\"\"}", "refused");
}

static void maintenance_asks_to_connect_anew(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "bitstamp", "{\"event\":\"bts:request_reconnect\",\"channel\":\"\",\"data\":\"\"}");
    assert_true(frame.kind == VENUE_STATUS && frame.reconnect);
    venue_frame_release(&frame);
}

static void a_wrong_member_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {TRADE("\"7\"", "\"1\"", "\"1\"", "0", "\"1\""), "'id' is not a number"},
        {TRADE("7", "1", "\"1\"", "0", "\"1\""), "'amount_str' is not a string"},
        {TRADE("7", "\"1\"", "\"x\"", "0", "\"1\""), "'price_str' is no decimal"},
        {TRADE("7", "\"1\"", "\"-1\"", "0", "\"1\""), "below zero"},
        {TRADE("7", "\"1\"", "\"1\"", "2", "\"1\""), "'type' is neither 0 nor 1"},
        {TRADE("7", "\"1\"", "\"1\"", "0", "\"0\""), "'microtimestamp' is no time"},
        {TRADE("7", "\"1\"", "\"1\"", "0", "\"9223372036854776\""), "'microtimestamp' is no time"},
        {TRADE("7", "\"1\"", "\"1\"", "0", "null"), "'microtimestamp' is no time"},
        {"{\"event\":\"trade\",\"channel\":\"live_trades_btcusd\"}", "not a JSON object"},
        {"{\"event\":\"trade\",\"channel\":\"x\",\"data\":{}}", "names no channel"},
        {"{\"event\":7}", "'event' is not a string"},
        {"[]", "not a JSON object"},
        {"", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_malformed("bitstamp", cases[i].text, cases[i].reason);
    }
}

static void half_a_frame_gives_no_trade(void **state)
{
    (void)state;
    assert_cut_frames("bitstamp", trade_text);
}

static void a_pair_is_divided_by_the_list_only(void **state)
{
    (void)state;
    struct instrument out;
    assert_instrument("bitstamp", "btcusd", "btcusd");
    assert_symbol("bitstamp", "BTC-USD", "btcusd");
    assert_symbol("bitstamp", "BTC-USD-PERP", "btcusd-perp");
    venue_find("bitstamp")->describe("btcusd-perp", &out);
    assert_int_equal(out.kind, INSTRUMENT_PERPETUAL);
    assert_string_equal(out.base, "");
    char symbol[SYMBOL_MAX];
    assert_err(ERR_UNKNOWN, venue_find("bitstamp")->symbol("BTC", symbol));
    assert_err(ERR_UNKNOWN, venue_find("bitstamp")->symbol("BTC-USD-20240101", symbol));
}

static void subscribes_to_one_channel_a_message(void **state)
{
    (void)state;
    static const char *const symbols[] = {"btcusd", "ethusd"};
    const struct venue_change change = {.channel = "live_trades", .symbols = symbols, .count = 2};
    assert_change("bitstamp", &change, 1,
                  "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"live_trades_ethusd\"}}");
    assert_change("bitstamp", &change, 2, NULL);
    assert_unsubscribe(
        "bitstamp", "order_book", "btcusd", 0,
        "{\"event\":\"bts:unsubscribe\",\"data\":{\"channel\":\"order_book_btcusd\"}}");
    const struct venue_recording *recording = venue_find("bitstamp")->recording;
    assert_string_equal(venue_channel_find(recording, "trades")->name, "live_trades");
    assert_string_equal(venue_channel_find(recording, "depth")->name, "diff_order_book");
    assert_null(venue_channel_find(recording, "klines"));
    assert_true(recording->silence_ns > recording->keepalive_ns);
}

/* ---- playing ---------------------------------------------------------------------------------
 */

static bool has_symbol(const char *symbol, void *arg)
{
    (void)arg;
    return strcmp(symbol, "btcusd") == 0;
}

static void assert_reply(struct sample_client *client, const char *text, const char *expected)
{
    client->count = 0;
    assert_ok(client->venue->serving->request((const uint8_t *)text, strlen(text), SAMPLE_WALL_NS,
                                              &client->subs, has_symbol, sample_reply, client));
    assert_int_equal(client->count, 1);
    assert_string_equal(client->replies[0], expected);
}

#define BAD                                                                                        \
    "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,\"message\":\"Bad "         \
    "subscription string.\"}}"

static void a_client_is_answered_as_the_venue_does(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("bitstamp", "/");
    struct venue_subscriptions none;
    venue_subscriptions_init(&none);
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/v1", &none));
    assert_reply(&client,
                 "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"live_trades_btcusd\"}}",
                 "{\"event\":\"bts:subscription_succeeded\",\"channel\":\"live_trades_btcusd\","
                 "\"data\":{}}");
    assert_true(venue_subscriptions_has(&client.subs, "live_trades", "btcusd"));
    assert_reply(&client,
                 "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"live_trades_nope\"}}", BAD);
    assert_reply(&client, "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"dead_btcusd\"}}",
                 BAD);
    assert_reply(&client, "{\"event\":\"bts:subscribe\"}", BAD);
    assert_reply(
        &client, "{\"event\":\"bts:heartbeat\"}",
        "{\"event\":\"bts:heartbeat\",\"channel\":\"\",\"data\":{\"status\":\"success\"}}");
    assert_reply(&client, "x",
                 "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,\"message\":"
                 "\"Incorrect JSON format.\"}}");
    assert_reply(&client,
                 "{\"event\":\"bts:unsubscribe\",\"data\":{\"channel\":\"live_trades_btcusd\"}}",
                 "{\"event\":\"bts:unsubscription_succeeded\",\"channel\":\"live_trades_btcusd\","
                 "\"data\":{}}");
    assert_int_equal(client.subs.count, 0);
    venue_subscriptions_release(&client.subs);
}

static void written_trades_are_read_again(void **state)
{
    (void)state;
    const char *symbol = "ethusd";
    struct rest_past *past = rest_past_new("bitstamp", &symbol, 1);
    rest_past_fill(past, symbol, 300, US, 0);
    assert_written_trades("bitstamp", past, &(struct venue_writing){.channel = "live_trades"}, 0);
    free(past);
}

/* ---- recordings ------------------------------------------------------------------------------
 */

struct counts {
    struct venue_frame frame;
    size_t frames, trades, acks;
};

static void count_line(char *line, void *arg)
{
    struct counts *counts = arg;
    const char *text = capture_frame(line);
    if (!text) {
        return;
    }
    assert_ok(venue_find("bitstamp")->decode((const uint8_t *)text, strlen(text), &counts->frame));
    if (counts->frame.kind == VENUE_MALFORMED || counts->frame.kind == VENUE_OTHER) {
        fail_msg("kind %d, %s: %s", counts->frame.kind, counts->frame.error, text);
    }
    counts->frames++;
    counts->trades += counts->frame.trade_count;
    counts->acks += counts->frame.kind == VENUE_ACK;
}

static void a_recording_is_understood_whole(void **state)
{
    (void)state;
    struct counts counts = {0};
    venue_frame_init(&counts.frame);
    bool there = capture_lines(CAPTURES "cryptofeed/BITSTAMP.ws.1.0", count_line, &counts);
    venue_frame_release(&counts.frame);
    if (!there) {
        skip();
    }
    assert_int_equal(counts.frames, 20 + 717 + 10); /* grep -o '"event":"[a-z:_]*"' | uniq -c */
    assert_int_equal(counts.trades, 10);
    assert_int_equal(counts.acks, 20);
}

struct odd_count {
    size_t lines, checked;
};

/* These lines name no module; one of them is an answer over HTTP. */
static void check_odd_line(char *line, void *arg)
{
    struct odd_count *count = arg;
    json_t *root = json_loads(line, 0, NULL), *text = NULL;
    const char *raw = json_string_value(json_object_get(root, "raw"));
    struct venue_frame frame;
    size_t i = 0;
    venue_frame_init(&frame);
    if (strcmp(json_string_value(json_object_get(root, "exchange")), "bitstamp") == 0) {
        const struct venue *venue = venue_find("bitstamp");
        const uint8_t *data = (const uint8_t *)raw;
        bool http = !strstr(raw, "\"event\"");
        assert_ok(http ? venue->decode_http(HOST "/api/v2/order_book/btcusd", data, strlen(raw),
                                            NULL, &frame)
                       : venue->decode(data, strlen(raw), &frame));
        count->lines++;
        json_array_foreach(json_object_get(root, "asserts"), i, text)
        {
            if (!odd_check(&frame, json_string_value(text), &count->checked)) {
                fail_msg("'%s' does not hold: %s", json_string_value(text), raw);
            }
        }
    }
    venue_frame_release(&frame);
    json_decref(root);
}

static void odd_frames_mean_what_others_found(void **state)
{
    (void)state;
    struct odd_count count = {0};
    if (!capture_lines(CAPTURES "frames-odd.jsonl", check_odd_line, &count)) {
        skip();
    }
    assert_true(count.lines == 3 && count.checked >= 6);
}

/* ---- both decoders ----------------------------------------------------------------------------
 */

/* As the venue sends them, and some that mean another thing than their ends promise. */
static const char *const equal_texts[] = {
    "{\"data\":{\"id\":216000477,\"timestamp\":\"1641343699\",\"amount\":0.0792,\"amount_str\":\"0."
    "07920000\",\"price\":3805.44,\"price_str\":\"3805.44\",\"type\":0,\"microtimestamp\":"
    "\"1641343699596000\",\"buy_order_id\":1443875737346049,\"sell_order_id\":1443875731320832},"
    "\"channel\":\"live_trades_ethusd\",\"event\":\"trade\"}",
    "{\"event\":\"trade\",\"channel\":\"live_trades_btceur\",\"data\":{\"id\":216000478,\"id_str\":"
    "\"216000478\",\"timestamp\":\"1641343700\",\"amount\":1e-05,\"amount_str\":\"0.00001000\","
    "\"price\":40000,\"price_str\":\"40000\",\"type\":1,\"microtimestamp\":\"1641343700000001\","
    "\"buy_order_id\":1,\"sell_order_id\":2}}",
    "{\"data\":{\"timestamp\":\"1653978373\",\"microtimestamp\":\"1653978373164007\",\"bids\":[["
    "\"31524.50\",\"0.36400000\"]],\"asks\":[]},\"channel\":\"order_book_btcusd\",\"event\":"
    "\"data\"}",
    "{\"event\":\"data\",\"channel\":\"diff_order_book_btcusd\",\"data\":{\"timestamp\":"
    "\"1653978373\",\"microtimestamp\":\"1653978373164007\",\"bids\":[],\"asks\":[[\"31524.50\","
    "\"0.36400000\"]]}}",
    "{\"data\":{\"id\":1,\"order_type\":0,\"datetime\":\"1641343701\",\"microtimestamp\":"
    "\"1641343701000000\",\"amount\":1.5},\"channel\":\"live_orders_ethusd\",\"event\":\"order_"
    "created\"}",
    "{\"data\":{\"timestamp\":\"1\",\"microtimestamp\":\"1653978373164007\",\"x\":\"\\\","
    "\\\"channel\\\":\\\"y\"},\"channel\":\"order_book_btcusd\",\"event\":\"data\"}",
};

static void both_decoders_say_the_same_of_changed_frames(void **state)
{
    (void)state;
    equal_decode_all("bitstamp", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
}

static void what_stands_between_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"data\":{\"timestamp\":\"1653978373\",\"microtimestamp\":\"1653978373164007\",\"bids\":["
        "[\"1\",]]},\"channel\":\"order_book_btcusd\",\"event\":\"data\"}",
    };
    assert_unseen("bitstamp", frames, sizeof frames / sizeof frames[0]);
}

static void both_decoders_say_the_same_of_a_recording(void **state)
{
    (void)state;
    equal_recording("bitstamp", CAPTURES "cryptofeed/BITSTAMP.ws.1.0", 10, 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_is_read_from_its_texts),
        cmocka_unit_test(other_frames_are_told_apart),
        cmocka_unit_test(answers_grant_and_refuse),
        cmocka_unit_test(maintenance_asks_to_connect_anew),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(half_a_frame_gives_no_trade),
        cmocka_unit_test(a_pair_is_divided_by_the_list_only),
        cmocka_unit_test(subscribes_to_one_channel_a_message),
        cmocka_unit_test(a_client_is_answered_as_the_venue_does),
        cmocka_unit_test(written_trades_are_read_again),
        cmocka_unit_test(a_recording_is_understood_whole),
        cmocka_unit_test(odd_frames_mean_what_others_found),
        cmocka_unit_test(both_decoders_say_the_same_of_changed_frames),
        cmocka_unit_test(what_stands_between_is_not_looked_at),
        cmocka_unit_test(both_decoders_say_the_same_of_a_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
