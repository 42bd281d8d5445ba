#include "recorder/record_plan.h"
#include "tests/unit/unit.h"

#include <jansson.h>

static struct record_plan *plan;
static struct record_wish wish;
static struct record_wish_options options;

static struct option_list list(const char *a, const char *b)
{
    return (struct option_list){.count = (size_t)(a != NULL) + (size_t)(b != NULL),
                                .items = {a, b}};
}

/* A plan from `options`, without instruments. */
static enum err make(void)
{
    record_plan_release(plan);
    record_wish_release(&wish);
    assert_ok(record_wish_make(&wish, &options));
    return record_plan_make(plan, &wish);
}

static int begin(void **state)
{
    (void)state;
    options = (struct record_wish_options){0};
    plan = calloc(1, sizeof *plan);
    return plan ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    record_plan_release(plan);
    record_wish_release(&wish);
    free(plan);
    return 0;
}

/* ---- channels -------------------------------------------------------------------------------- */

static const struct {
    const char *venue, *channels, *streams;
} chosen[] = {
    {"binance:BTC-USDT", NULL, "trade"},
    {"binance:BTC-USDT", "trades", "trade"},
    {"binance:BTC-USDT", "aggTrade", "aggTrade"},
    {"binance-usdm:BTC-USDT-PERP", NULL, "aggTrade"}, /* raw trades are in no manual any more */
    {"binance-usdm:BTC-USDT-PERP", "trade", "trade"},
    {"binance:BTC-USDT", "top", "trade bookTicker"},
    {"binance:BTC-USDT", "bookTicker,top", "trade bookTicker"},
    {"binance:BTC-USDT", "klines,depth,aggTrade", "aggTrade kline_1m depth@100ms"},
    {"kraken:BTC-USD", "trades,top,depth,klines", "trade ticker book ohlc"},
    {"bitfinex:BTC-USD", "book:R0", "trades book:R0"},
};

static void channels_are_found_by_name_and_by_role(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chosen / sizeof chosen[0]; i++) {
        char streams[256] = "";
        options.venues = list(chosen[i].venue, NULL);
        options.channels = list(chosen[i].channels, NULL);
        assert_ok(make());
        for (size_t k = 0; k < plan->venues[0].stream_count; k++) {
            strcat(streams, k > 0 ? " " : "");
            strcat(streams, plan->venues[0].streams[k].channel->name);
        }
        assert_string_equal(streams, chosen[i].streams);
        assert_int_equal(plan->venues[0].streams[0].channel->role, ROLE_TRADES);
    }
}

static const struct {
    const char *venue, *channels;
    enum err err;
    const char *message;
} refused[] = {
    {"binance:BTC-USDT", "trade,aggTrade", ERR_USAGE,
     "binance: 'trade' and 'aggTrade' are both trades; give one of them"},
    {"binance:BTC-USDT", "aggTrade,trades", ERR_USAGE,
     "binance: 'aggTrade' and 'trade' are both trades; give one of them"},
    {"kraken:BTC-USD", "aggTrade", ERR_UNKNOWN,
     "kraken has no channel 'aggTrade' to record; it has trade, ticker, book, ohlc (or trades, "
     "top, depth, klines)"},
    {"kraken:BTC-USD", "Trade", ERR_UNKNOWN,
     "kraken has no channel 'Trade' to record; it has trade, ticker, book, ohlc (or trades, "
     "top, depth, klines)"},
};

static void channels_that_cannot_be_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        options.venues = list(refused[i].venue, NULL);
        options.channels = list(refused[i].channels, NULL);
        assert_err(refused[i].err, make());
        assert_string_equal(err_text(refused[i].err), refused[i].message);
    }
}

/* Coinbase Exchange has no klines. */
static void a_role_that_a_venue_lacks_is_refused(void **state)
{
    (void)state;
    options.venues = list("coinbase:BTC-USD", NULL);
    options.channels = list("klines", NULL);
    assert_err(ERR_UNKNOWN, make());
    assert_non_null(strstr(err_text(ERR_UNKNOWN), "coinbase has no channel 'klines'"));
}

static void an_unknown_venue_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    options.venues = list("binanse:BTC-USDT", NULL);
    assert_err(ERR_UNKNOWN, make());
    assert_non_null(strstr(err_text(ERR_UNKNOWN), "unknown venue 'binanse'"));
    assert_non_null(strstr(err_text(ERR_UNKNOWN), "binance,"));
}

static void redundancy_goes_into_the_plan(void **state)
{
    (void)state;
    options.venues = list("kraken:BTC-USD", "binance:BTC-USDT");
    options.redundant = list("binance=3", NULL);
    assert_ok(make());
    assert_int_equal(plan->venues[0].redundancy, 1);
    assert_int_equal(plan->venues[1].redundancy, 3);
}

static void venues_are_found_by_name(void **state)
{
    (void)state;
    options.venues = list("kraken:BTC-USD", "binance:BTC-USDT");
    assert_ok(make());
    assert_ptr_equal(record_plan_venue(plan, "binance"), &plan->venues[1]);
    assert_null(record_plan_venue(plan, "binance-us"));
}

/* ---- addresses ------------------------------------------------------------------------------- */

static const struct {
    const char *url, *rest_url;            /* as the user gives them; NULL: not */
    const char *trades, *depth, *requests; /* where the plan goes */
} addresses[] = {
    /* USD-M serves trades and books at two paths of its host. */
    {NULL, NULL, "wss://fstream.binance.com/market/stream",
     "wss://fstream.binance.com/public/stream", "https://fapi.binance.com"},
    {"ws://127.0.0.1:9101", NULL, "ws://127.0.0.1:9101/market/stream",
     "ws://127.0.0.1:9101/public/stream", "http://127.0.0.1:9101"},
    {"ws://127.0.0.1:9101/both", NULL, "ws://127.0.0.1:9101/both", "ws://127.0.0.1:9101/both",
     "http://127.0.0.1:9101"},
    {"wss://[::1]:9", NULL, "wss://[::1]:9/market/stream", "wss://[::1]:9/public/stream",
     "https://[::1]:9"},
    {"wss://data.example.com", "https://rest.example.com", "wss://data.example.com/market/stream",
     "wss://data.example.com/public/stream", "https://rest.example.com"},
    {NULL, "http://127.0.0.1:9102", "wss://fstream.binance.com/market/stream",
     "wss://fstream.binance.com/public/stream", "http://127.0.0.1:9102"},
};

static void addresses_are_the_venues_or_the_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        char url[128], rest[128];
        snprintf(url, sizeof url, "binance-usdm=%s", addresses[i].url ? addresses[i].url : "");
        snprintf(rest, sizeof rest, "binance-usdm=%s",
                 addresses[i].rest_url ? addresses[i].rest_url : "");
        options.venues = list("binance-usdm:BTC-USDT-PERP", NULL);
        options.channels = list("depth", NULL);
        options.urls = list(addresses[i].url ? url : NULL, NULL);
        options.rest_urls = list(addresses[i].rest_url ? rest : NULL, NULL);
        assert_ok(make());
        assert_string_equal(plan->venues[0].streams[0].url.text, addresses[i].trades);
        assert_string_equal(plan->venues[0].streams[1].url.text, addresses[i].depth);
        assert_string_equal(plan->venues[0].rest.text, addresses[i].requests);
    }
}

static void addresses_that_are_none_are_refused(void **state)
{
    static const char *const urls[] = {"binance=http://a", "binance=127.0.0.1:9", "binance=ws://"};
    (void)state;
    options.venues = list("binance:BTC-USDT", NULL);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        options.urls = list(urls[i], NULL);
        assert_err(ERR_USAGE, make());
    }
    options.urls = list(NULL, NULL);
    options.rest_urls = list("binance=wss://a", NULL);
    assert_err(ERR_USAGE, make());
}

/* ---- instruments ----------------------------------------------------------------------------- */

static void add(struct instrument_list *to, const char *symbol, const char *base, const char *quote)
{
    struct instrument item = {.kind = INSTRUMENT_SPOT, .trading = true};
    snprintf(item.symbol, sizeof item.symbol, "%s", symbol);
    snprintf(item.base, sizeof item.base, "%s", base);
    snprintf(item.quote, sizeof item.quote, "%s", quote);
    assert_ok(instrument_list_add(to, &item));
}

/* A list whose symbols no grammar would give. */
static enum err resolve(const char *venues)
{
    options.venues = list(venues, NULL);
    assert_ok(make());
    add(&plan->venues[0].list, "XX1", "BTC", "USD");
    add(&plan->venues[0].list, "XX2", "ETH", "USD");
    add(&plan->venues[0].list, "XX3", "BTC", "USDT");
    return record_plan_resolve(plan, 0, &wish);
}

static void a_list_gives_symbols_for_names(void **state)
{
    (void)state;
    assert_ok(resolve("kraken:eth-usd,BTC-USDT,XX1"));
    const struct plan_venue *venue = &plan->venues[0];
    assert_int_equal(venue->count, 3);
    assert_string_equal(venue->instruments[0].symbol, "XX2");
    assert_string_equal(venue->instruments[0].name, "ETH-USD");
    assert_string_equal(venue->instruments[1].symbol, "XX3");
    assert_string_equal(venue->instruments[2].name, "BTC-USD");
}

static void an_unknown_instrument_names_the_nearest(void **state)
{
    (void)state;
    assert_err(ERR_UNKNOWN, resolve("kraken:ETH-USD,BTC-USDD"));
    const char *text = err_text(ERR_UNKNOWN);
    assert_non_null(strstr(text, "kraken has no instrument 'BTC-USDD'; nearest: BTC-USD"));
    assert_non_null(strstr(text, "BTC-USDT"));
    assert_non_null(strstr(text, "(see 'rewick instruments --venue kraken')"));
}

/* By name and by symbol it is the same market. */
static void an_instrument_is_wanted_once(void **state)
{
    (void)state;
    assert_err(ERR_USAGE, resolve("kraken:BTC-USD,XX1"));
    assert_string_equal(err_text(ERR_USAGE), "kraken: 'XX1' is named twice");
    assert_err(ERR_USAGE, resolve("kraken:BTC-USD,btc-usd"));
    assert_string_equal(err_text(ERR_USAGE), "kraken: 'btc-usd' is named twice");
}

static void without_a_list_the_grammar_gives_symbols(void **state)
{
    static const struct {
        const char *venue, *symbol, *name;
    } cases[] = {
        {"binance:BTC-USDT", "BTCUSDT", "BTC-USDT"},
        {"binance:btc-usdt", "BTCUSDT", "BTC-USDT"},
        {"kraken:BTC-USD", "BTC/USD", "BTC-USD"},
        {"kraken-v1:BTC-USD", "XBT/USD", "BTC-USD"},
        {"coinbase:btc-usd", "BTC-USD", "BTC-USD"},
        {"okx:BTC-USDT-PERP", "BTC-USDT-SWAP", "BTC-USDT-PERP"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.venues = list(cases[i].venue, NULL);
        assert_ok(make());
        assert_ok(record_plan_resolve(plan, 0, &wish));
        const struct instrument *item = &plan->venues[0].instruments[0];
        assert_string_equal(item->symbol, cases[i].symbol);
        assert_string_equal(item->name, cases[i].name);
        assert_true(item->request_symbol[0] != '\0');
    }
}

static void without_a_list_what_is_no_name_is_refused(void **state)
{
    static char text[SYMBOL_MAX * 4] = "binance:";
    (void)state;
    options.venues = list("binance:BTCUSDT", NULL);
    assert_ok(make());
    assert_err(ERR_UNKNOWN, record_plan_resolve(plan, 0, &wish));
    size_t used = strlen(text);
    memset(text + used, 'A', sizeof text - used - 1);
    memcpy(text + sizeof text - 4, "-B", 2);
    options.venues = list(text, NULL);
    assert_ok(make());
    assert_int_not_equal(record_plan_resolve(plan, 0, &wish), ERR_OK);
}

static void it_can_be_resolved_again(void **state)
{
    (void)state;
    assert_err(ERR_UNKNOWN, resolve("kraken:BTC-USD,SOL-USD"));
    add(&plan->venues[0].list, "XX4", "SOL", "USD");
    assert_ok(record_plan_resolve(plan, 0, &wish));
    assert_int_equal(plan->venues[0].count, 2);
    assert_string_equal(plan->venues[0].instruments[1].symbol, "XX4");
}

/* ---- what goes on the tape ------------------------------------------------------------------- */

static void assert_texts(const json_t *array, const char *first, const char *second)
{
    assert_int_equal(json_array_size(array), 2);
    assert_string_equal(json_string_value(json_array_get(array, 0)), first);
    assert_string_equal(json_string_value(json_array_get(array, 1)), second);
}

static void the_configuration_says_what_is_captured(void **state)
{
    struct engine_config config;
    struct buf text;
    (void)state;
    buf_init(&text, 64 * 1024);
    engine_config_default(&config);
    config.lateness_ns = 7;
    options.channels = list("top", NULL);
    options.redundant = list("2", NULL);
    assert_ok(resolve("kraken:BTC-USD,ETH-USD"));
    assert_ok(record_plan_config(plan, &config, &text));
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    const json_t *venue = json_array_get(json_object_get(root, "venues"), 0);
    assert_string_equal(json_string_value(json_object_get(venue, "venue")), "kraken");
    assert_string_equal(json_string_value(json_object_get(venue, "url")), "wss://ws.kraken.com/v2");
    assert_int_equal(json_integer_value(json_object_get(venue, "redundant")), 2);
    assert_texts(json_object_get(venue, "channels"), "trade", "ticker");
    assert_texts(json_object_get(venue, "instruments"), "BTC-USD", "ETH-USD");
    assert_texts(json_object_get(venue, "symbols"), "XX1", "XX2");
    /* A replay finds its engine settings in the same record. */
    struct engine_config again;
    bool found;
    engine_config_default(&again);
    assert_ok(engine_config_read(&again, text.data, text.size, &found));
    assert_true(found && engine_config_equal(&again, &config));
    json_decref(root);
    buf_release(&text);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(channels_are_found_by_name_and_by_role),
        test(channels_that_cannot_be_are_refused),
        test(a_role_that_a_venue_lacks_is_refused),
        test(an_unknown_venue_is_refused_with_the_known_ones),
        test(redundancy_goes_into_the_plan),
        test(venues_are_found_by_name),
        test(addresses_are_the_venues_or_the_users),
        test(addresses_that_are_none_are_refused),
        test(a_list_gives_symbols_for_names),
        test(an_unknown_instrument_names_the_nearest),
        test(an_instrument_is_wanted_once),
        test(without_a_list_the_grammar_gives_symbols),
        test(without_a_list_what_is_no_name_is_refused),
        test(it_can_be_resolved_again),
        test(the_configuration_says_what_is_captured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
