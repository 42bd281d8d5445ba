#include "engine/venue/instrument.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

/* 2024-06-28 08:00:00 UTC, when the quarter's contracts end. */
#define EXPIRY_NS (INT64_C(1719561600) * 1000000000)

static struct instrument make(const char *symbol, const char *base, const char *quote,
                              enum instrument_kind kind)
{
    struct instrument instrument = {.kind = kind};
    snprintf(instrument.symbol, sizeof instrument.symbol, "%s", symbol);
    snprintf(instrument.base, sizeof instrument.base, "%s", base);
    snprintf(instrument.quote, sizeof instrument.quote, "%s", quote);
    if (kind == INSTRUMENT_FUTURE || kind == INSTRUMENT_OPTION)
        instrument.expiry_ns = EXPIRY_NS;
    return instrument;
}

static void assert_name(const struct instrument *instrument, const char *expected)
{
    char name[INSTRUMENT_MAX];
    instrument_name(instrument, name);
    assert_string_equal(name, expected);
}

static void names_say_kind_expiry_and_strike(void **state)
{
    (void)state;
    struct instrument spot = make("btcusdt", "btc", "usdt", INSTRUMENT_SPOT);
    assert_name(&spot, "BTC-USDT");
    struct instrument perpetual = make("BTC-USD-SWAP", "BTC", "USD", INSTRUMENT_PERPETUAL);
    assert_name(&perpetual, "BTC-USD-PERP");
    struct instrument future = make("BTCUSD_240628", "BTC", "USD", INSTRUMENT_FUTURE);
    assert_name(&future, "BTC-USD-20240628");
    struct instrument option = make("BTC-28JUN24-60000-C", "BTC", "USD", INSTRUMENT_OPTION);
    option.strike = (struct decimal){600000, 1};
    option.call = true;
    assert_name(&option, "BTC-USD-20240628-60000-C");
    option.strike = (struct decimal){625, 3};
    option.call = false;
    assert_name(&option, "BTC-USD-20240628-0.625-P");
}

static void what_does_not_give_a_name_keeps_its_symbol(void **state)
{
    (void)state;
    struct instrument other = make("BTC-FS-28JUN24_PERP", "BTC", "USD", INSTRUMENT_OTHER);
    assert_name(&other, "BTC-FS-28JUN24_PERP");
    struct instrument half = make("btcusd", "BTC", "", INSTRUMENT_SPOT);
    assert_name(&half, "btcusd");
    struct instrument endless = make("X1", "BTC", "USD", INSTRUMENT_FUTURE);
    endless.expiry_ns = 0;
    assert_name(&endless, "X1");
    struct instrument no_strike = make("X2", "BTC", "USD", INSTRUMENT_OPTION);
    assert_name(&no_strike, "X2");
    /* Nothing that divides names or needs quotes gets into one. */
    struct instrument divided = make("X3", "BTC-X", "USD", INSTRUMENT_SPOT);
    assert_name(&divided, "X3");
    struct instrument quoted = make("X4", "BTC", "US\",D", INSTRUMENT_SPOT);
    assert_name(&quoted, "X4");
    struct instrument foreign = make("X5", "币安人生", "USDT", INSTRUMENT_SPOT);
    assert_name(&foreign, "币安人生-USDT");
    struct instrument large = make("X6", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE",
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE", INSTRUMENT_PERPETUAL);
    assert_name(&large, "X6");
}

static void add(struct instrument_list *list, const char *symbol, const char *base,
                const char *quote, enum instrument_kind kind)
{
    struct instrument instrument = make(symbol, base, quote, kind);
    assert_ok(instrument_list_add(list, &instrument));
}

static void a_list_finds_by_symbol_and_name(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_null(instrument_list_symbol(&list, "BTCUSDT"));
    assert_null(instrument_list_name(&list, "BTC-USDT"));
    struct instrument xbt = make("XBT/USD", "btc", "usd", INSTRUMENT_SPOT);
    snprintf(xbt.request_symbol, sizeof xbt.request_symbol, "XXBTZUSD");
    assert_ok(instrument_list_add(&list, &xbt));
    add(&list, "ethusd", "eth", "usd", INSTRUMENT_SPOT);

    const struct instrument *found = instrument_list_symbol(&list, "XBT/USD");
    assert_non_null(found);
    assert_string_equal(found->name, "BTC-USD");
    assert_string_equal(found->base, "BTC");
    assert_ptr_equal(instrument_list_name(&list, "BTC-USD"), found);
    assert_ptr_equal(instrument_list_request_symbol(&list, "XXBTZUSD"), found);
    assert_string_equal(instrument_list_symbol(&list, "ethusd")->request_symbol, "ethusd");
    assert_null(instrument_list_symbol(&list, "ETHUSD"));
    assert_null(instrument_list_request_symbol(&list, "XETHZUSD"));
    instrument_list_release(&list);
    instrument_list_release(&list);
}

static void names_are_never_shared(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    add(&list, "BTCUSD", "BTC", "USD", INSTRUMENT_SPOT);
    add(&list, "BTCUSD2", "BTC", "USD", INSTRUMENT_SPOT);
    assert_string_equal(instrument_list_symbol(&list, "BTCUSD2")->name, "BTCUSD2");
    /* A symbol that is the name of another. */
    add(&list, "BTC-USD", "BTC", "USD", INSTRUMENT_SPOT);
    const char *third = instrument_list_symbol(&list, "BTC-USD")->name;
    assert_string_not_equal(third, "BTC-USD");
    assert_memory_equal(third, "BTC-USD", strlen("BTC-USD"));
    assert_string_equal(instrument_list_name(&list, third)->symbol, "BTC-USD");
    /* Names that differ in case only would be the same to the user. */
    add(&list, "btc-usd", "", "", INSTRUMENT_OTHER);
    assert_string_not_equal(instrument_list_symbol(&list, "btc-usd")->name, "btc-usd");
    assert_string_equal(instrument_list_name(&list, "BTC-USD")->symbol, "BTCUSD");
    instrument_list_release(&list);
}

static void a_symbol_again_is_replaced_and_keeps_its_name(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    add(&list, "MATICUSDT", "MATIC", "USDT", INSTRUMENT_SPOT);
    struct instrument again = make("MATICUSDT", "POL", "USDT", INSTRUMENT_SPOT);
    again.volume_unit = VOLUME_CONTRACT;
    assert_ok(instrument_list_add(&list, &again));
    assert_int_equal(list.count, 1);
    const struct instrument *found = instrument_list_name(&list, "MATIC-USDT");
    assert_string_equal(found->base, "POL");
    assert_int_equal(found->volume_unit, VOLUME_CONTRACT);
    assert_null(instrument_list_name(&list, "POL-USDT"));
    instrument_list_release(&list);
}

static void a_list_has_a_maximum(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    char symbol[SYMBOL_MAX], base[ASSET_MAX];
    for (int i = 0; i < INSTRUMENTS_MAX; i++) {
        snprintf(symbol, sizeof symbol, "S%dUSD", i);
        snprintf(base, sizeof base, "S%d", i);
        add(&list, symbol, base, "USD", INSTRUMENT_SPOT);
    }
    struct instrument more = make("MORE", "MORE", "USD", INSTRUMENT_SPOT);
    assert_err(ERR_LIMIT, instrument_list_add(&list, &more));
    add(&list, "S7USD", "S7", "USD", INSTRUMENT_SPOT);
    for (int i = 0; i < INSTRUMENTS_MAX; i += 111) {
        snprintf(symbol, sizeof symbol, "S%dUSD", i);
        snprintf(base, sizeof base, "s%d-Usd", i);
        assert_ptr_equal(instrument_list_symbol(&list, symbol), &list.items[i]);
        assert_ptr_equal(instrument_list_name(&list, base), &list.items[i]);
    }
    instrument_list_release(&list);
}

static void add_usual(struct instrument_list *list)
{
    instrument_list_init(list);
    add(list, "ETHUSDT", "ETH", "USDT", INSTRUMENT_SPOT);
    add(list, "BTCUSD1", "BTC", "USD1", INSTRUMENT_SPOT);
    add(list, "BTCUSDT", "BTC", "USDT", INSTRUMENT_SPOT);
    add(list, "BTCUSDC", "BTC", "USDC", INSTRUMENT_SPOT);
    add(list, "SOLEUR", "SOL", "EUR", INSTRUMENT_SPOT);
}

static void what_the_user_wrote_is_found(void **state)
{
    (void)state;
    struct instrument_list list;
    add_usual(&list);
    const struct instrument *found;
    assert_ok(instrument_list_find(&list, "binance", "btc-usdt", &found));
    assert_string_equal(found->symbol, "BTCUSDT");
    assert_ok(instrument_list_find(&list, "binance", "SOLEUR", &found));
    assert_string_equal(found->name, "SOL-EUR");
    assert_err(ERR_UNKNOWN, instrument_list_find(&list, "binance", "soleur", &found));
    instrument_list_release(&list);
}

static void an_unknown_name_names_the_nearest(void **state)
{
    (void)state;
    struct instrument_list list;
    add_usual(&list);
    const struct instrument *found;
    assert_err(ERR_UNKNOWN, instrument_list_find(&list, "binance", "BTC-USDR", &found));
    assert_string_equal(err_text(ERR_UNKNOWN),
                        "binance has no instrument 'BTC-USDR'; nearest: BTC-USD1, BTC-USDT, "
                        "BTC-USDC (see 'rewick instruments --venue binance')");
    instrument_list_release(&list);
    assert_err(ERR_UNKNOWN, instrument_list_find(&list, "kraken", "BTC-USD", &found));
    assert_string_equal(
        err_text(ERR_UNKNOWN),
        "kraken has no instrument 'BTC-USD' (see 'rewick instruments --venue kraken')");
}

static void the_nearest_come_by_distance_then_order(void **state)
{
    (void)state;
    struct instrument_list list;
    add_usual(&list);
    const struct instrument *near[8];
    /* A symbol is nearer than a name here: one letter to BTCUSDT, two to BTC-USDT. */
    assert_int_equal(instrument_list_nearest(&list, "btcusdtt", near, 2), 2);
    assert_string_equal(near[0]->symbol, "BTCUSDT");
    assert_string_equal(near[1]->symbol, "BTCUSD1"); /* two away, as BTCUSDC is: order decides */
    assert_int_equal(instrument_list_nearest(&list, "SOL-EUR", near, 8), 5);
    assert_string_equal(near[0]->symbol, "SOLEUR");
    assert_int_equal(instrument_list_nearest(&list, "SOL-EUR", near, 0), 0);
    char huge[500];
    memset(huge, 'X', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(instrument_list_nearest(&list, huge, near, 3), 3);
    assert_int_equal(instrument_list_nearest(&list, "", near, 1), 1);
    assert_string_equal(near[0]->symbol, "SOLEUR"); /* the shortest */
    instrument_list_release(&list);
}

static void kinds_and_units_have_words(void **state)
{
    (void)state;
    assert_string_equal(instrument_kind_name(INSTRUMENT_SPOT), "spot");
    assert_string_equal(instrument_kind_name(INSTRUMENT_PERPETUAL), "perpetual");
    assert_string_equal(instrument_kind_name(INSTRUMENT_FUTURE), "future");
    assert_string_equal(instrument_kind_name(INSTRUMENT_OPTION), "option");
    assert_string_equal(instrument_kind_name(INSTRUMENT_OTHER), "other");
    assert_string_equal(volume_unit_name(VOLUME_BASE), "base");
    assert_string_equal(volume_unit_name(VOLUME_CONTRACT), "contract");
    assert_string_equal(volume_unit_name(VOLUME_QUOTE), "quote");
}

static void a_canonical_name_is_taken_apart(void **state)
{
    (void)state;
    struct instrument item = {.symbol = "kept"};
    assert_true(instrument_from_name("BTC-USDT", &item));
    assert_string_equal(item.base, "BTC");
    assert_string_equal(item.quote, "USDT");
    assert_int_equal(item.kind, INSTRUMENT_SPOT);
    assert_true(instrument_from_name("BTC-USD-PERP", &item));
    assert_int_equal(item.kind, INSTRUMENT_PERPETUAL);
    assert_true(instrument_from_name("ETH-EUR-20261225", &item));
    assert_int_equal(item.kind, INSTRUMENT_FUTURE);
    assert_true(item.expiry_ns == INT64_C(1798156800) * 1000000000);
    assert_string_equal(item.symbol, "kept");
    static const char *const others[] = {
        "",
        "BTC",
        "BTC-",
        "-USD",
        "A-B-C",
        "A-B-PERP-X",
        "A-B-20261301",
        "A-B-19000101",
        "A-B-2026",
        "A B-USD",
        "A-\"B\"",
        "A/B-USD",
        "A-B-C-D",
        "A-B-20261225-60000-C",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct instrument before = item;
        assert_false(instrument_from_name(others[i], &item));
        assert_memory_equal(&before, &item, sizeof item);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_kind_expiry_and_strike),
        cmocka_unit_test(what_does_not_give_a_name_keeps_its_symbol),
        cmocka_unit_test(a_canonical_name_is_taken_apart),
        cmocka_unit_test(a_list_finds_by_symbol_and_name),
        cmocka_unit_test(names_are_never_shared),
        cmocka_unit_test(a_symbol_again_is_replaced_and_keeps_its_name),
        cmocka_unit_test(a_list_has_a_maximum),
        cmocka_unit_test(what_the_user_wrote_is_found),
        cmocka_unit_test(an_unknown_name_names_the_nearest),
        cmocka_unit_test(the_nearest_come_by_distance_then_order),
        cmocka_unit_test(kinds_and_units_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
