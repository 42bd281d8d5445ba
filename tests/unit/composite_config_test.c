/* Names of methods, and to which composite a market belongs. */
#include "engine/candle/composite.h"
#include "tests/unit/unit.h"

static void methods_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"vwap", "median", "mean", "consolidated"};
    for (enum composite_method method = 0; method < COMPOSITE_METHODS; method++) {
        enum composite_method parsed = COMPOSITE_METHODS;
        assert_string_equal(composite_method_name(method), names[method]);
        assert_true(composite_method_parse(&parsed, names[method]));
        assert_int_equal(parsed, method);
    }
    enum composite_method untouched = COMPOSITE_MEAN;
    assert_false(composite_method_parse(&untouched, "VWAP"));
    assert_false(composite_method_parse(&untouched, ""));
    assert_false(composite_method_parse(&untouched, "mea"));
    assert_int_equal(untouched, COMPOSITE_MEAN);
}

static void add_rule(struct composite_config *config, const char *instrument,
                     enum composite_method method)
{
    struct composite_rule *rule = &config->rules[config->rule_count++];
    snprintf(rule->instrument, sizeof rule->instrument, "%s", instrument);
    rule->method = method;
}

static void add_quote(struct composite_config *config, const char *from, const char *to)
{
    struct composite_quote *quote = &config->quotes[config->quote_count++];
    snprintf(quote->from, sizeof quote->from, "%s", from);
    snprintf(quote->to, sizeof quote->to, "%s", to);
}

/* "name=method" or "none" */
static const char *place(const struct composite_config *config, const char *instrument,
                         const char *quote)
{
    static char text[INSTRUMENT_MAX + 32];
    struct composite_market market = {"venue", "symbol", instrument, quote, VOLUME_BASE, NULL};
    char name[INSTRUMENT_MAX];
    enum composite_method method;
    if (!composite_config_place(config, &market, name, &method))
        return "none";
    snprintf(text, sizeof text, "%s=%s", name, composite_method_name(method));
    return text;
}

static void a_name_goes_before_the_star(void **state)
{
    (void)state;
    struct composite_config config;
    composite_config_default(&config);
    assert_string_equal(place(&config, "BTC-USDT", "USDT"), "none");
    add_rule(&config, "BTC-USDT", COMPOSITE_MEDIAN);
    assert_string_equal(place(&config, "BTC-USDT", "USDT"), "BTC-USDT=median");
    assert_string_equal(place(&config, "ETH-USDT", "USDT"), "none");
    add_rule(&config, "*", COMPOSITE_VWAP);
    add_rule(&config, "SOL-USDT", COMPOSITE_MEAN);
    assert_string_equal(place(&config, "BTC-USDT", "USDT"), "BTC-USDT=median");
    assert_string_equal(place(&config, "SOL-USDT", "USDT"), "SOL-USDT=mean");
    assert_string_equal(place(&config, "BTC-USDT-PERP", "USDT"), "BTC-USDT-PERP=vwap");
    assert_string_equal(place(&config, "BTCUSDT", ""), "BTCUSDT=vwap");
}

static void the_same_quotes_meet(void **state)
{
    (void)state;
    struct composite_config config;
    composite_config_default(&config);
    add_rule(&config, "*", COMPOSITE_VWAP);
    add_rule(&config, "BTC-USD", COMPOSITE_MEAN);
    add_quote(&config, "USDT", "USD");
    add_quote(&config, "USD", "EUR");
    add_quote(&config, "USDT", "USDC");
    assert_string_equal(place(&config, "BTC-USDT", "USDT"), "BTC-USD=mean"); /* once, the first */
    assert_string_equal(place(&config, "BTC-USDT", ""), "BTC-USD=mean");
    assert_string_equal(place(&config, "BTC-USD", "USD"), "BTC-EUR=vwap");
    assert_string_equal(place(&config, "BTC-USDT-PERP", "USDT"), "BTC-USD-PERP=vwap");
    assert_string_equal(place(&config, "USDT-BTC", "BTC"), "USDT-BTC=vwap");
    assert_string_equal(place(&config, "BTC-USDTX", "USDTX"), "BTC-USDTX=vwap");
    assert_string_equal(place(&config, "USDT", ""), "USDT=vwap");
    assert_string_equal(place(&config, "A-USDT-B", "B"), "A-USDT-B=vwap"); /* not its quote */
}

static void only_amounts_of_the_base_currency_add_up(void **state)
{
    (void)state;
    struct composite_config config;
    composite_config_default(&config);
    add_rule(&config, "*", COMPOSITE_VWAP);
    struct composite_market market = {"venue", "symbol", "BTC-USD", "USD", VOLUME_CONTRACT, NULL};
    char name[INSTRUMENT_MAX];
    enum composite_method method;
    assert_false(composite_config_place(&config, &market, name, &method));
    market.volume_unit = VOLUME_QUOTE;
    assert_false(composite_config_place(&config, &market, name, &method));
    market.volume_unit = VOLUME_BASE;
    assert_true(composite_config_place(&config, &market, name, &method));
}

/* 63 characters are the most; another quote makes it longer. */
static void a_name_that_would_be_too_long_is_in_none(void **state)
{
    (void)state;
    static const char longest[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-USD";
    struct composite_config config;
    composite_config_default(&config);
    add_rule(&config, "*", COMPOSITE_VWAP);
    assert_int_equal(strlen(longest), INSTRUMENT_MAX - 1);
    assert_string_not_equal(place(&config, longest, "USD"), "none");
    add_quote(&config, "USD", "USDT");
    assert_string_equal(place(&config, longest, "USD"), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_have_names),
        cmocka_unit_test(a_name_goes_before_the_star),
        cmocka_unit_test(the_same_quotes_meet),
        cmocka_unit_test(only_amounts_of_the_base_currency_add_up),
        cmocka_unit_test(a_name_that_would_be_too_long_is_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
