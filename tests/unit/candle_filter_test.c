#include "engine/sink/candle_filter.h"

#include "tests/unit/candle_sample.h"

static char binance[] = "binance", kraken[] = "kraken", btc[] = "BTC-USDT", eth[] = "ETH-USDT",
            minute[] = "60s", hour[] = "1h", empty[] = "", typo[] = "binanse", no_bar[] = "1x";

/* A message whose lists are the caller's. */
static void message_init(Rewick__V1__CandleFilter *message, char **venues, size_t venue_count,
                         char **instruments, size_t instrument_count, char **bars, size_t bar_count)
{
    rewick__v1__candle_filter__init(message);
    message->venues = venues;
    message->n_venues = venue_count;
    message->instruments = instruments;
    message->n_instruments = instrument_count;
    message->bars = bars;
    message->n_bars = bar_count;
}

static void an_empty_filter_takes_all_but_forming(void **state)
{
    (void)state;
    struct candle_filter filter;
    struct candle candle = candle_sample(1);
    assert_ok(candle_filter_init(&filter, NULL));
    assert_true(candle_filter_has(&filter, &candle));
    candle.state = CANDLE_FORMING;
    assert_false(candle_filter_has(&filter, &candle));
    filter.forming = true;
    assert_true(candle_filter_has(&filter, &candle));
    candle_filter_release(&filter);
    candle_filter_release(&filter);
}

static void every_list_and_bound_counts(void **state)
{
    (void)state;
    char *venues[] = {kraken, binance}, *instruments[] = {eth, btc}, *bars[] = {hour, minute};
    Rewick__V1__CandleFilter message;
    message_init(&message, venues, 2, instruments, 2, bars, 2);
    struct candle_filter filter;
    assert_ok(candle_filter_init(&filter, &message));
    struct candle candle = candle_sample(1);
    assert_true(candle_filter_has(&filter, &candle));
    candle.venue = "coinbase";
    assert_false(candle_filter_has(&filter, &candle));
    candle.venue = "kraken";
    candle.instrument = "BTC-USD";
    assert_false(candle_filter_has(&filter, &candle));
    candle.instrument = "ETH-USDT";
    candle.bar.size = NS_PER_S;
    assert_false(candle_filter_has(&filter, &candle));
    candle.bar.size = NS_PER_HOUR;
    assert_true(candle_filter_has(&filter, &candle));
    filter.from_ns = candle.open_ns;
    filter.to_ns = candle.open_ns + 1;
    assert_true(candle_filter_has(&filter, &candle));
    filter.from_ns++;
    filter.to_ns++;
    assert_false(candle_filter_has(&filter, &candle));
    filter.from_ns = INT64_MIN;
    filter.to_ns = candle.open_ns;
    assert_false(candle_filter_has(&filter, &candle));
    candle_filter_release(&filter);
}

static void composites_and_all_kinds_of_bars_can_be_asked_for(void **state)
{
    (void)state;
    static char composite[] = "composite", volume[] = "0.50v", ticks[] = "100t";
    char *venues[] = {composite}, *bars[] = {volume, ticks, minute};
    Rewick__V1__CandleFilter message;
    message_init(&message, venues, 1, NULL, 0, bars, 3);
    struct candle_filter filter;
    assert_ok(candle_filter_init(&filter, &message));
    struct candle candle = candle_sample(1);
    assert_false(candle_filter_has(&filter, &candle));
    candle.venue = "composite";
    assert_true(candle_filter_has(&filter, &candle));
    candle.bar = (struct bar){BAR_VOLUME, 5, 1};
    assert_true(candle_filter_has(&filter, &candle));
    candle.bar.kind = BAR_NOTIONAL;
    assert_false(candle_filter_has(&filter, &candle));
    candle.bar = (struct bar){BAR_VOLUME, 5, 0};
    assert_false(candle_filter_has(&filter, &candle));
    candle.bar = (struct bar){BAR_TICK, 100, 0};
    assert_true(candle_filter_has(&filter, &candle));
    candle_filter_release(&filter);
}

/* Of the same size, or of the same digits. */
static void other_kinds_and_scales_are_other_filters(void **state)
{
    (void)state;
    static char texts[][8] = {"5t", "5v", "5n", "0.5v", "0.05v", "5s"};
    uint32_t prints[6];
    for (size_t i = 0; i < 6; i++) {
        char *bars[] = {texts[i]};
        Rewick__V1__CandleFilter message;
        struct candle_filter filter;
        message_init(&message, NULL, 0, NULL, 0, bars, 1);
        assert_ok(candle_filter_init(&filter, &message));
        prints[i] = candle_filter_fingerprint(&filter);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(prints[i], prints[j]);
        candle_filter_release(&filter);
    }
}

static void order_of_the_lists_does_not_matter(void **state)
{
    (void)state;
    char *one[] = {kraken, binance}, *two[] = {binance, kraken}, *three[] = {binance};
    Rewick__V1__CandleFilter messages[3];
    message_init(&messages[0], one, 2, NULL, 0, NULL, 0);
    message_init(&messages[1], two, 2, NULL, 0, NULL, 0);
    message_init(&messages[2], three, 1, NULL, 0, NULL, 0);
    uint32_t prints[3];
    for (int i = 0; i < 3; i++) {
        struct candle_filter filter;
        assert_ok(candle_filter_init(&filter, &messages[i]));
        prints[i] = candle_filter_fingerprint(&filter);
        candle_filter_release(&filter);
    }
    assert_int_equal(prints[0], prints[1]);
    assert_int_not_equal(prints[0], prints[2]);
}

static void wrong_entries_are_named(void **state)
{
    (void)state;
    static char *many[CANDLE_FILTER_LIST_MAX + 1];
    for (size_t i = 0; i < CANDLE_FILTER_LIST_MAX + 1; i++)
        many[i] = btc;
    char *unknown[] = {binance, typo}, *blank[] = {empty}, *bar[] = {minute, no_bar};
    struct {
        Rewick__V1__CandleFilter message;
        const char *begin;
    } cases[5];
    message_init(&cases[0].message, unknown, 2, NULL, 0, NULL, 0);
    cases[0].begin = "filter.venues: ";
    message_init(&cases[1].message, NULL, 0, blank, 1, NULL, 0);
    cases[1].begin = "filter.instruments: ";
    message_init(&cases[2].message, NULL, 0, many, CANDLE_FILTER_LIST_MAX + 1, NULL, 0);
    cases[2].begin = "filter.instruments: 257 entries";
    message_init(&cases[3].message, NULL, 0, NULL, 0, bar, 2);
    cases[3].begin = "filter.bars: ";
    message_init(&cases[4].message, NULL, 0, NULL, 0, blank, 1);
    cases[4].begin = "filter.bars: ";
    for (size_t i = 0; i < 5; i++) {
        struct candle_filter filter;
        enum err err = candle_filter_init(&filter, &cases[i].message);
        assert_true(err != ERR_OK);
        if (strncmp(err_text(err), cases[i].begin, strlen(cases[i].begin)) != 0)
            fail_msg("'%s' does not begin with '%s'", err_text(err), cases[i].begin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_filter_takes_all_but_forming),
        cmocka_unit_test(every_list_and_bound_counts),
        cmocka_unit_test(composites_and_all_kinds_of_bars_can_be_asked_for),
        cmocka_unit_test(other_kinds_and_scales_are_other_filters),
        cmocka_unit_test(order_of_the_lists_does_not_matter),
        cmocka_unit_test(wrong_entries_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
