#include "engine/lane_rules.h"

#include "tests/unit/unit.h"

static struct lane_rules *rules;

static struct tape_lane judge(enum record_type type, const char *venue, const char *data)
{
    struct record record = {
        .type = type,
        .venue = venue,
        .connection = 1,
        .source_ns = RECORD_NO_TIME,
        .data = (const uint8_t *)data,
        .size = strlen(data),
    };
    struct tape_lane lane = {.type = type};
    memset(lane.channel, 'x', sizeof lane.channel - 1);
    memset(lane.symbol, 'x', sizeof lane.symbol - 1);
    memcpy(lane.venue, venue, strlen(venue) + 1);
    assert_ok(lane_rules_judge(&record, &lane, rules));
    assert_int_equal(lane.rules, LANE_RULES);
    return lane;
}

static void assert_lane(struct tape_lane lane, enum lane_role role, const char *channel,
                        const char *symbol)
{
    assert_int_equal(lane.role, role);
    assert_string_equal(lane.channel, channel);
    assert_string_equal(lane.symbol, symbol);
}

static int setup(void **state)
{
    (void)state;
    return lane_rules_new(&rules) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    lane_rules_free(rules);
    return 0;
}

static void frames_go_where_their_venue_says(void **state)
{
    (void)state;
    assert_lane(judge(RECORD_RECEIVED, "binance",
                      "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,"
                      "\"s\":\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63\",\"q\":\"0.02\","
                      "\"T\":1723161255342,\"m\":true,\"M\":true}}"),
                LANE_TRADES, "trade", "BTCUSDT");
    assert_lane(judge(RECORD_RECEIVED, "binance",
                      "{\"stream\":\"ethusdt@bookTicker\",\"data\":{\"u\":1,\"s\":\"ETHUSDT\","
                      "\"b\":\"1.0\",\"B\":\"2\",\"a\":\"1.1\",\"A\":\"3\"}}"),
                LANE_MARKET, "bookTicker", "ETHUSDT");
    assert_lane(judge(RECORD_RECEIVED, "binance", "{\"result\":null,\"id\":1}"), LANE_TALK, "", "");
    assert_lane(judge(RECORD_RECEIVED, "binance", "nonsense"), LANE_TALK, "", "");
    assert_lane(judge(RECORD_RECEIVED, "no such venue", "{}"), LANE_TALK, "", "");
}

static void trades_of_several_symbols_name_none(void **state)
{
    (void)state;
    static const char trade[] = "{\"symbol\":\"%s\",\"side\":\"buy\",\"price\":1.5,\"qty\":2.0,"
                                "\"ord_type\":\"market\",\"trade_id\":%d,"
                                "\"timestamp\":\"2023-09-25T07:49:37.708706Z\"}";
    char text[1024], a[256], b[256];
    snprintf(a, sizeof a, trade, "BTC/USD", 1);
    snprintf(b, sizeof b, trade, "ETH/USD", 2);
    snprintf(text, sizeof text, "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[%s,%s]}", a,
             b);
    assert_lane(judge(RECORD_RECEIVED, "kraken", text), LANE_TRADES, "trade", "");
    snprintf(text, sizeof text, "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[%s]}", a);
    assert_lane(judge(RECORD_RECEIVED, "kraken", text), LANE_TRADES, "trade", "BTC/USD");
}

static void all_that_is_not_received_is_control(void **state)
{
    (void)state;
    assert_lane(judge(RECORD_SENT, "binance", "{\"method\":\"SUBSCRIBE\"}"), LANE_CONTROL, "", "");
    assert_lane(judge(RECORD_CONFIG, "", "{}"), LANE_CONTROL, "", "");
    assert_lane(judge(RECORD_TICK, "", ""), LANE_CONTROL, "", "");
}

static bool wants(enum record_type type, const char *venue, enum lane_role role, bool before)
{
    struct tape_lane lane = {.type = type, .role = role, .rules = LANE_RULES};
    memcpy(lane.venue, venue, strlen(venue) + 1);
    return lane_rules_for_candles(&lane, before, NULL);
}

static void candles_want_all_but_market_data(void **state)
{
    (void)state;
    assert_true(wants(RECORD_RECEIVED, "binance", LANE_TRADES, false));
    assert_true(wants(RECORD_RECEIVED, "binance", LANE_TALK, false));
    assert_true(wants(RECORD_GAP, "", LANE_CONTROL, false));
    assert_false(wants(RECORD_RECEIVED, "binance", LANE_MARKET, false));
    struct tape_lane other = {
        .type = RECORD_RECEIVED, .role = LANE_MARKET, .rules = LANE_RULES + 1};
    assert_true(lane_rules_for_candles(&other, false, NULL));
}

static void before_the_beginning_only_what_is_learnt_from(void **state)
{
    (void)state;
    assert_true(wants(RECORD_CONFIG, "", LANE_CONTROL, true));
    assert_true(wants(RECORD_HTTP, "binance", LANE_CONTROL, true));
    assert_true(wants(RECORD_CONNECTION, "binance", LANE_CONTROL, true));
    assert_false(wants(RECORD_TICK, "", LANE_CONTROL, true));
    assert_false(wants(RECORD_RECEIVED, "binance", LANE_TRADES, true));
    assert_false(wants(RECORD_RECEIVED, "binance", LANE_UNJUDGED, true));
    /* Acknowledgements give channels their numbers. */
    assert_true(wants(RECORD_RECEIVED, "bitfinex", LANE_TALK, true));
    assert_true(wants(RECORD_RECEIVED, "bitfinex", LANE_UNJUDGED, true));
    assert_false(wants(RECORD_RECEIVED, "bitfinex", LANE_TRADES, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frames_go_where_their_venue_says, setup, teardown),
        cmocka_unit_test_setup_teardown(trades_of_several_symbols_name_none, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_is_not_received_is_control, setup, teardown),
        cmocka_unit_test(candles_want_all_but_market_data),
        cmocka_unit_test(before_the_beginning_only_what_is_learnt_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
