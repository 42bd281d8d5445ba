#include "recorder/record_wish.h"
#include "tests/unit/unit.h"

static struct record_wish wish;
static struct record_wish_options options;

static struct option_list list(const char *a, const char *b)
{
    return (struct option_list){.count = (size_t)(a != NULL) + (size_t)(b != NULL),
                                .items = {a, b}};
}

static enum err make(void)
{
    record_wish_release(&wish);
    return record_wish_make(&wish, &options);
}

static int begin(void **state)
{
    (void)state;
    options = (struct record_wish_options){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    record_wish_release(&wish);
    return 0;
}

static void venues_and_instruments_keep_their_order(void **state)
{
    (void)state;
    options.venues = list("kraken:ETH-USD,btc-usd", "binance:BTCUSDT");
    assert_ok(make());
    assert_int_equal(wish.venue_count, 2);
    assert_string_equal(wish.venues[0].name, "kraken");
    assert_int_equal(wish.venues[0].instrument_count, 2);
    assert_string_equal(wish.venues[0].instruments[0], "ETH-USD");
    assert_string_equal(wish.venues[0].instruments[1], "btc-usd");
    assert_string_equal(wish.venues[1].name, "binance");
    assert_string_equal(wish.venues[1].instruments[0], "BTCUSDT");
}

static void nothing_more_was_said(void **state)
{
    (void)state;
    options.venues = list("kraken:BTC-USD", NULL);
    assert_ok(make());
    assert_int_equal(wish.venues[0].redundancy, 1);
    assert_int_equal(wish.venues[0].channel_count, 0);
    assert_null(wish.venues[0].url);
    assert_null(wish.venues[0].rest_url);
    assert_null(wish.venues[0].list_file);
}

static void a_venue_named_again_gets_more(void **state)
{
    (void)state;
    options.venues = list("kraken:BTC-USD", "kraken:ETH-USD");
    assert_ok(make());
    assert_int_equal(wish.venue_count, 1);
    assert_int_equal(wish.venues[0].instrument_count, 2);
}

/* The name of one venue begins like another's. */
static void settings_go_to_their_venue(void **state)
{
    (void)state;
    options.venues = list("binance-us:BTC-USD", "binance:BTC-USDT");
    options.channels = list("binance=aggTrade,top", NULL);
    options.urls = list("binance-us=ws://127.0.0.1:1/x?a=b", NULL);
    options.rest_urls = list("binance=http://127.0.0.1:2", NULL);
    options.lists = list("binance=a=b.json", NULL);
    options.redundant = list("binance-us=4", NULL);
    assert_ok(make());
    const struct wish_venue *us = &wish.venues[0], *global = &wish.venues[1];
    assert_int_equal(us->channel_count, 0);
    assert_int_equal(global->channel_count, 2);
    assert_string_equal(global->channels[0], "aggTrade");
    assert_string_equal(global->channels[1], "top");
    assert_string_equal(us->url, "ws://127.0.0.1:1/x?a=b");
    assert_null(global->url);
    assert_string_equal(global->rest_url, "http://127.0.0.1:2");
    assert_string_equal(global->list_file, "a=b.json");
    assert_int_equal(us->redundancy, 4);
    assert_int_equal(global->redundancy, 1);
}

static void a_setting_without_a_venue_is_for_all(void **state)
{
    (void)state;
    options.venues = list("kraken:BTC-USD", "binance:BTC-USDT");
    options.channels = list("top", "kraken=depth");
    options.redundant = list("2", "binance=3");
    assert_ok(make());
    assert_int_equal(wish.venues[0].channel_count, 2);
    assert_string_equal(wish.venues[0].channels[1], "depth");
    assert_int_equal(wish.venues[1].channel_count, 1);
    assert_int_equal(wish.venues[0].redundancy, 2);
    assert_int_equal(wish.venues[1].redundancy, 3);
}

/* What the command line says comes after what a file says. */
static void the_last_word_counts(void **state)
{
    (void)state;
    options.venues = list("kraken:BTC-USD", NULL);
    options.urls = list("kraken=ws://a", "kraken=ws://b");
    options.rest_urls = list("kraken=http://a", "kraken=http://b");
    options.lists = list("kraken=a", "kraken=b");
    options.redundant = list("kraken=2", "kraken=3");
    assert_ok(make());
    assert_string_equal(wish.venues[0].url, "ws://b");
    assert_string_equal(wish.venues[0].rest_url, "http://b");
    assert_string_equal(wish.venues[0].list_file, "b");
    assert_int_equal(wish.venues[0].redundancy, 3);
}

/* ---- wrong options --------------------------------------------------------------------------- */

#define LIST(name) offsetof(struct record_wish_options, name)

static const struct {
    size_t list; /* of the wrong word */
    const char *word, *message;
} wrong[] = {
    {LIST(venues), "kraken", "--venue 'kraken' names no instruments; give 'kraken:BTC-USD,...'"},
    {LIST(venues), "kraken:",
     "--venue '' of kraken has an empty instrument; "
     "give VENUE:BASE-QUOTE,..."},
    {LIST(venues), "kraken:A-B,,C-D",
     "--venue 'A-B,,C-D' of kraken has an empty instrument; "
     "give VENUE:BASE-QUOTE,..."},
    {LIST(venues), "kraken:A-B,",
     "--venue 'A-B,' of kraken has an empty instrument; "
     "give VENUE:BASE-QUOTE,..."},
    {LIST(venues), "kraken:A-B,C-D,A-B", "kraken: 'A-B' is named twice"},
    {LIST(venues), "binance:ETH-USDT,BTC-USDT", "binance: 'BTC-USDT' is named twice"},
    {LIST(channels), "binance=", "--channel 'binance=' is not of the form [VENUE=]CHANNEL,..."},
    {LIST(channels), "=top", "--channel '=top' is not of the form [VENUE=]CHANNEL,..."},
    {LIST(channels), "",
     "--channel '' of binance has an empty channel; "
     "give [VENUE=]CHANNEL,..."},
    {LIST(channels), "binance=top,,depth",
     "--channel 'top,,depth' of binance has an empty "
     "channel; give [VENUE=]CHANNEL,..."},
    {LIST(channels), "a,b,c,d,e,f,g,h,i", "binance: more than 8 channels; run a second recorder"},
    {LIST(channels), "okx=top", "--channel 'okx=top' is for a venue that no --venue names"},
    {LIST(urls), "ws://127.0.0.1:9", "--url 'ws://127.0.0.1:9' is not of the form VENUE=URL"},
    {LIST(urls), "binance=", "--url 'binance=' is not of the form VENUE=URL"},
    {LIST(urls), "okx=ws://a", "--url 'okx=ws://a' is for a venue that no --venue names"},
    {LIST(rest_urls), "http://a", "--rest-url 'http://a' is not of the form VENUE=URL"},
    {LIST(rest_urls), "okx=http://a",
     "--rest-url 'okx=http://a' is for a venue that no --venue names"},
    {LIST(lists), "list.json", "--instruments 'list.json' is not of the form VENUE=FILE"},
    {LIST(lists), "okx=list.json",
     "--instruments 'okx=list.json' is for a venue that no --venue names"},
    {LIST(redundant), "0", "--redundant '0' is not possible; give 1 to 4 connections"},
    {LIST(redundant), "5", "--redundant '5' is not possible; give 1 to 4 connections"},
    {LIST(redundant), "two", "--redundant 'two' is not possible; give 1 to 4 connections"},
    {LIST(redundant), "binance=2x", "--redundant '2x' is not possible; give 1 to 4 connections"},
    {LIST(redundant), "okx=2", "--redundant 'okx=2' is for a venue that no --venue names"},
};

static void wrong_options_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        options = (struct record_wish_options){.venues = list("binance:BTC-USDT", NULL)};
        struct option_list *at = (struct option_list *)((char *)&options + wrong[i].list);
        at->items[at->count++] = wrong[i].word;
        enum err err = make();
        if (err != ERR_USAGE)
            fail_msg("'%s' is %s", wrong[i].word, err_name(err));
        assert_string_equal(err_text(err), wrong[i].message);
    }
}

static void nothing_to_record_is_no_wish(void **state)
{
    (void)state;
    assert_err(ERR_USAGE, make());
    assert_string_equal(err_text(ERR_USAGE),
                        "nothing to record; give --venue VENUE:BASE-QUOTE,...");
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void so_many_venues_and_no_more(void **state)
{
    char words[WISH_VENUES_MAX + 1][16];
    (void)state;
    for (size_t i = 0; i <= WISH_VENUES_MAX; i++) {
        snprintf(words[i], sizeof words[i], "v%zu:A-B", i);
        options.venues.items[i] = words[i];
    }
    options.venues.count = WISH_VENUES_MAX;
    assert_ok(make());
    options.venues.count++;
    assert_err(ERR_USAGE, make());
    assert_non_null(strstr(err_text(ERR_USAGE), "more than 32 venues"));
}

static void so_many_instruments_and_no_more(void **state)
{
    static char text[WISH_INSTRUMENTS_MAX * 8 + 64];
    size_t used = (size_t)snprintf(text, sizeof text, "kraken:");
    (void)state;
    for (size_t i = 0; i < WISH_INSTRUMENTS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%sA-%zu", i > 0 ? "," : "", i);
    options.venues = list(text, NULL);
    assert_ok(make());
    assert_int_equal(wish.venues[0].instrument_count, WISH_INSTRUMENTS_MAX);
    options.venues = list(text, "kraken:one-more");
    assert_err(ERR_USAGE, make());
    assert_non_null(strstr(err_text(ERR_USAGE), "kraken: more than 4096 instruments"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(venues_and_instruments_keep_their_order, begin, end),
        cmocka_unit_test_setup_teardown(nothing_more_was_said, begin, end),
        cmocka_unit_test_setup_teardown(a_venue_named_again_gets_more, begin, end),
        cmocka_unit_test_setup_teardown(settings_go_to_their_venue, begin, end),
        cmocka_unit_test_setup_teardown(a_setting_without_a_venue_is_for_all, begin, end),
        cmocka_unit_test_setup_teardown(the_last_word_counts, begin, end),
        cmocka_unit_test_setup_teardown(wrong_options_are_named, begin, end),
        cmocka_unit_test_setup_teardown(nothing_to_record_is_no_wish, begin, end),
        cmocka_unit_test_setup_teardown(so_many_venues_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(so_many_instruments_and_no_more, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
