#include "recorder/old_plan.h"
#include "tests/unit/unit.h"

static struct option_list list(const char *a, const char *b)
{
    return (struct option_list){.count = (size_t)(a != NULL) + (size_t)(b != NULL),
                                .items = {a, b}};
}

static enum err make(struct old_plan *plan, struct option_list venues,
                     struct option_list channels, struct option_list urls)
{
    return old_plan_make(plan, &venues, &channels, &urls);
}

static void names_become_symbols_and_endpoints(void **state)
{
    (void)state;
    struct old_plan *plan = calloc(1, sizeof *plan);
    assert_ok(make(plan, list("binance:BTC-USDT,ETH-USDT", "kraken:BTC-USD"), list(NULL, NULL),
                   list("kraken=ws://127.0.0.1:9", NULL)));
    assert_int_equal(plan->venue_count, 2);
    assert_string_equal(plan->venues[0].symbols[0], "BTCUSDT");
    assert_string_equal(plan->venues[0].symbols[1], "ETHUSDT");
    assert_string_equal(plan->venues[0].channel, "trade");
    assert_string_equal(plan->venues[0].url.text, "wss://stream.binance.com:9443/stream");
    assert_string_equal(plan->venues[1].symbols[0], "BTC/USD");
    assert_string_equal(plan->venues[1].url.text, "ws://127.0.0.1:9/v2");
    assert_int_equal(plan->link_count, 2);
    old_plan_release(plan);
    free(plan);
}

static void a_venue_may_be_named_again(void **state)
{
    (void)state;
    struct old_plan *plan = calloc(1, sizeof *plan);
    assert_ok(make(plan, list("binance:BTC-USDT", "binance:ETH-USDT"), list(NULL, NULL),
                   list(NULL, NULL)));
    assert_int_equal(plan->venue_count, 1);
    assert_int_equal(plan->venues[0].count, 2);
    assert_int_equal(plan->link_count, 1);
    old_plan_release(plan);
    free(plan);
}

/* Binance's futures have channels on different endpoints. */
static void the_endpoint_goes_with_the_channel(void **state)
{
    (void)state;
    struct old_plan *plan = calloc(1, sizeof *plan);
    assert_ok(make(plan, list("binance-usdm:BTC-USDT", NULL), list("binance-usdm=trade", NULL),
                   list(NULL, NULL)));
    assert_string_equal(plan->venues[0].url.text, "wss://fstream.binance.com/public/stream");
    old_plan_release(plan);
    assert_ok(make(plan, list("binance-usdm:BTC-USDT", NULL), list("binance-usdm=aggTrade", NULL),
                   list("binance-usdm=ws://127.0.0.1:9", NULL)));
    assert_string_equal(plan->venues[0].url.text, "ws://127.0.0.1:9/market/stream");
    old_plan_release(plan);
    free(plan);
}

static void symbols_are_spread_over_connections(void **state)
{
    (void)state;
    struct old_plan *plan = calloc(1, sizeof *plan);
    const size_t each = venue_find("binance")->recording->symbols_max;
    const size_t count = each + each / 2;
    char *text = malloc(count * 16 + 16);
    char *end = text + sprintf(text, "binance:");
    for (size_t i = 0; i < count; i++)
        end += sprintf(end, "%sA%zu-B", i ? "," : "", i);
    assert_ok(make(plan, list(text, NULL), list(NULL, NULL), list(NULL, NULL)));
    assert_int_equal(plan->link_count, 2);
    assert_int_equal(plan->links[0].first, 0);
    assert_int_equal(plan->links[0].count, each);
    assert_int_equal(plan->links[1].first, each);
    assert_int_equal(plan->links[1].count, count - each);
    old_plan_release(plan);
    free(plan);
    free(text);
}

static void wrong_wishes_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        const char *venue, *channel, *url;
    } cases[] = {
        {ERR_USAGE, NULL, NULL, NULL},
        {ERR_UNKNOWN, "", NULL, NULL},
        {ERR_UNKNOWN, "nowhere:A-B", NULL, NULL},
        {ERR_UNKNOWN, "averyveryveryverylongnameofavenuethatisnone:A-B", NULL, NULL},
        {ERR_USAGE, "binance", NULL, NULL},
        {ERR_USAGE, "binance:", NULL, NULL},
        {ERR_USAGE, "binance:A-B,", NULL, NULL},
        {ERR_USAGE, "binance:A-B,A-B", NULL, NULL},
        {ERR_USAGE, "kraken-v1:A-B", NULL, NULL},
        {ERR_UNKNOWN, "binance:AB", NULL, NULL},
        {ERR_UNKNOWN, "binance:A-B", "binance=none", NULL},
        {ERR_USAGE, "binance:A-B", "binance=", NULL},
        {ERR_USAGE, "binance:A-B", "=trade", NULL},
        {ERR_USAGE, "binance:A-B", "kraken=trade", NULL},
        {ERR_USAGE, "binance:A-B", NULL, "binance"},
        {ERR_USAGE, "binance:A-B", NULL, "binance=http://a"},
    };
    struct old_plan *plan = calloc(1, sizeof *plan);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        err_clear();
        assert_err(cases[i].err, make(plan, list(cases[i].venue, NULL),
                                      list(cases[i].channel, NULL), list(cases[i].url, NULL)));
        old_plan_release(plan);
    }
    free(plan);
}

static void the_configuration_says_what_is_recorded(void **state)
{
    (void)state;
    struct old_plan *plan = calloc(1, sizeof *plan);
    struct engine_config config;
    struct buf json;
    engine_config_default(&config);
    buf_init(&json, 65536);
    assert_ok(make(plan, list("kraken:BTC-USD,ETH-USD", NULL), list(NULL, NULL),
                   list("kraken=ws://h:1/p", NULL)));
    assert_ok(old_plan_config(plan, &config, &json));
    assert_ok(buf_terminate(&json));
    assert_string_equal(
        (const char *)json.data,
        "{\"rewick\":\"" REWICK_VERSION "\",\"bars\":[\"1m\"],\"lateness_ns\":500000000,"
        "\"horizon_ns\":600000000000,\"empty\":\"none\",\"venues\":[{\"venue\":\"kraken\","
        "\"url\":\"ws://h:1/p\",\"channel\":\"trade\",\"instruments\":[\"BTC-USD\",\"ETH-USD\"],"
        "\"symbols\":[\"BTC/USD\",\"ETH/USD\"]}]}");
    buf_release(&json);
    old_plan_release(plan);
    free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_symbols_and_endpoints),
        cmocka_unit_test(a_venue_may_be_named_again),
        cmocka_unit_test(the_endpoint_goes_with_the_channel),
        cmocka_unit_test(symbols_are_spread_over_connections),
        cmocka_unit_test(wrong_wishes_are_refused),
        cmocka_unit_test(the_configuration_says_what_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
