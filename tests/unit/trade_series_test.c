/* Tick, volume and notional bars: what completes them, how trades are split (docs/candles.md), and
 * that nothing is lost by it. */
#include "engine/candle/trade_series.h"
#include "engine/tape/record.h"
#include "tests/unit/unit.h"

#define T0        INT64_C(1700006400000000000)
#define LINES_MAX 2100

static struct bench {
    struct window_pool pool;
    struct coverage coverage;
    struct candle blank;
    struct candle_outlet outlet;
    struct trade_series series;
    bool oversized;
    size_t count;
    struct candle candles[LINES_MAX];
} b;

static void keep_candle(const struct candle *candle, void *arg)
{
    (void)arg;
    assert_true(b.count < LINES_MAX);
    b.candles[b.count++] = *candle;
}

static void begin(const char *bar_text, enum volume_unit unit)
{
    struct bar bar;
    memset(&b, 0, sizeof b);
    window_pool_init(&b.pool);
    coverage_init(&b.coverage);
    b.blank = (struct candle){.venue = "v",
                              .instrument = "i",
                              .channel = "c",
                              .symbol = "s",
                              .has_ids = true,
                              .volume_unit = unit};
    b.outlet = (struct candle_outlet){.candle = keep_candle, .latencies = &b.pool.latencies};
    assert_ok(bar_parse(&bar, bar_text));
    trade_series_init(&b.series, bar);
}

static void end(void)
{
    coverage_release(&b.coverage);
    window_pool_release(&b.pool);
}

static struct market_face face(void)
{
    return (struct market_face){&b.blank, &b.coverage, T0, NULL};
}

static void give(const struct trade *trade, uint64_t missing)
{
    struct market_face of = face();
    struct window_entry entry = {.trade = trade,
                                 .quantity = trade->quantity,
                                 .amount_fits = true,
                                 .whole = true,
                                 .seq = trade->id,
                                 .clock_offset_ns = CLOCK_OFFSET_NONE};
    if (b.blank.volume_unit == VOLUME_BASE)
        entry.amount_fits = decimal_mul(&entry.amount, trade->price, trade->quantity) == ERR_OK;
    else if (b.blank.volume_unit == VOLUME_QUOTE)
        entry.amount = trade->quantity;
    assert_ok(trade_series_add(&b.series, &b.pool, &b.outlet, &of, &entry, missing, &b.oversized));
}

static struct decimal number(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

static uint64_t next_id = 1;

static void add(int64_t after_ns, const char *price, const char *quantity)
{
    struct trade trade = {.source_ns = T0 + after_ns,
                          .has_id = true,
                          .count = 1,
                          .price = number(price),
                          .quantity = number(quantity),
                          .taker = TAKER_BUY};
    trade.id = trade.first_id = trade.last_id = next_id++;
    give(&trade, 0);
}

/* "open high low close volume quote_volume n" of a closed candle. */
static void assert_candle(size_t index, const char *text)
{
    char line[600], *to = line;
    assert_true(index < b.count);
    const struct candle *c = &b.candles[index];
    assert_int_equal(c->state, CANDLE_CLOSED);
    const struct decimal numbers[] = {c->open,  c->high,   c->low,
                                      c->close, c->volume, c->quote_volume};
    for (size_t i = 0; i < 6; i++) {
        to += decimal_format(to, numbers[i]);
        *to++ = ' ';
    }
    sprintf(to, "%llu", (unsigned long long)c->trades);
    assert_string_equal(line, text);
}

/* What is in the filling one. */
static void assert_filling(const char *volume, const char *quote_volume)
{
    const struct window *window = b.series.window;
    assert_non_null(window);
    struct decimal sum = {window->volume.all, window->volume.scale};
    assert_int_equal(decimal_compare(sum, number(volume)), 0);
    sum = (struct decimal){window->quote_volume.all, window->quote_volume.scale};
    assert_int_equal(decimal_compare(sum, number(quote_volume)), 0);
}

/* ---- tick bars ------------------------------------------------------------------------------- */

static void the_trade_that_completes_a_tick_bar_is_in_it(void **state)
{
    (void)state;
    begin("3t", VOLUME_BASE);
    add(0, "10", "1");
    add(5, "12", "1");
    assert_int_equal(b.count, 0);
    add(7, "9", "2");
    assert_int_equal(b.count, 1);
    assert_candle(0, "10 12 9 9 4 40 3"); /* 10 + 12 + 18 */
    assert_int_equal(b.candles[0].open_ns, T0);
    assert_int_equal(b.candles[0].close_ns, T0 + 8);
    assert_int_equal(b.candles[0].flags, CANDLE_PARTIAL);
    assert_null(b.series.window);
    add(9, "11", "1");
    add(9, "11", "1");
    add(9, "11", "1");
    assert_int_equal(b.count, 2);
    assert_int_equal(b.candles[1].flags, 0);
    end();
}

static void a_row_of_an_aggregated_channel_is_one_tick(void **state)
{
    (void)state;
    begin("2t", VOLUME_BASE);
    struct trade row = {.source_ns = T0,
                        .has_id = true,
                        .id = 1,
                        .first_id = 10,
                        .last_id = 14,
                        .count = 5,
                        .price = {10, 0},
                        .quantity = {3, 0}};
    give(&row, 2);
    row.id = 2;
    row.first_id = row.last_id = 15;
    row.count = 1;
    give(&row, 1);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.candles[0].trades, 6);
    assert_int_equal(b.candles[0].missing, 3);
    assert_int_equal(b.candles[0].first_trade_id, 10);
    assert_int_equal(b.candles[0].last_trade_id, 15);
    end();
}

static void trades_are_taken_as_they_come(void **state)
{
    (void)state;
    begin("2t", VOLUME_BASE);
    add(100, "10", "1");
    add(50, "11", "1"); /* older, but it came later */
    assert_candle(0, "10 11 10 11 2 21 2");
    assert_int_equal(b.candles[0].open_ns, T0 + 100);
    assert_int_equal(b.candles[0].close_ns, T0 + 101); /* behind the latest source time */
    assert_int_equal(b.candles[0].late, 0);
    end();
}

/* open_time goes up by 1 ns at least, close_time lies behind it. */
static void no_two_bars_open_at_one_time(void **state)
{
    (void)state;
    begin("1t", VOLUME_BASE);
    static const int64_t times[] = {10, 10, 10, 5, 11, 12, 20};
    static const int64_t opens[] = {10, 11, 12, 13, 14, 15, 20};
    for (size_t i = 0; i < 7; i++)
        add(times[i], "1", "1");
    assert_int_equal(b.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(b.candles[i].open_ns, T0 + opens[i]);
        assert_int_equal(b.candles[i].close_ns, T0 + opens[i] + 1);
    }
    end();
}

/* ---- volume bars ----------------------------------------------------------------------------- */

static void a_volume_bar_is_full_to_the_last_digit(void **state)
{
    (void)state;
    begin("2v", VOLUME_BASE);
    add(0, "10.0", "1.5");
    assert_filling("1.5", "15");
    /* 0.50 of 3.25 fill the first (5.0 of money), 2 the second (20), 0.75 stay (7.5). */
    add(1, "10.0", "3.25");
    assert_int_equal(b.count, 2);
    assert_candle(0, "10.0 10.0 10.0 10.0 2.0 20.00 2");
    assert_candle(1, "10.0 10.0 10.0 10.0 2 20.0 0");
    assert_filling("0.75", "7.5");
    assert_false(b.oversized);
    /* The same trade in three of them; its executions in the one in which it begins. */
    assert_int_equal(b.candles[0].last_trade_id, b.candles[1].first_trade_id);
    assert_int_equal(b.candles[1].open_ns, T0 + 1);
    assert_int_equal(b.series.window->open_ns, T0 + 2);
    add(9, "20", "1.25");
    assert_candle(2, "10.0 20 10.0 20 2.00 32.500 1"); /* 7.5 + 25 */
    assert_null(b.series.window);
    end();
}

static void bars_of_contracts_and_of_money_are_volume_bars_too(void **state)
{
    (void)state;
    begin("10v", VOLUME_CONTRACT);
    add(0, "60000", "25");
    assert_int_equal(b.count, 2);
    assert_filling("5", "0");
    end();
    begin("10v", VOLUME_QUOTE);
    add(0, "60000", "25");
    assert_int_equal(b.count, 2);
    assert_candle(0, "60000 60000 60000 60000 10 10 1");
    assert_filling("5", "5");
    end();
}

/* ---- notional bars --------------------------------------------------------------------------- */

/* 100 of money at a price of 30: 3.33333333 (cut, 8 decimals more than "10" has) is in the first
 * bar, so 300 fill three, and the last takes what is left of both: 3.33333334 for 100. */
static void a_notional_bar_takes_a_quantity_that_is_cut(void **state)
{
    (void)state;
    begin("100n", VOLUME_BASE);
    add(0, "30", "10");
    assert_int_equal(b.count, 3);
    assert_candle(0, "30 30 30 30 3.33333333 100 1");
    assert_candle(1, "30 30 30 30 3.33333333 100 0");
    assert_candle(2, "30 30 30 30 3.33333334 100 0");
    assert_null(b.series.window);
    /* 100 / 150 = 0.666666666|6: nine decimals, as "1.0" has one. */
    add(1, "150", "1.0");
    assert_candle(3, "150 150 150 150 0.666666666 100 1");
    assert_filling("0.333333334", "50");
    end();
}

/* 5 / 0.75 = 6.66666666|66 would be rounded up to ...67; it is cut. */
static void a_quotient_is_cut_and_not_rounded(void **state)
{
    (void)state;
    begin("5n", VOLUME_BASE);
    add(0, "0.75", "7"); /* 5.25 */
    assert_candle(0, "0.75 0.75 0.75 0.75 6.66666666 5 1");
    assert_filling("0.33333334", "0.25");
    end();
}

static void inverse_contracts_are_money_themselves(void **state)
{
    (void)state;
    begin("100n", VOLUME_QUOTE);
    add(0, "60000", "250");
    assert_int_equal(b.count, 2);
    assert_candle(0, "60000 60000 60000 60000 100 100 1");
    assert_filling("50", "50");
    end();
}

static void contracts_have_no_notional_bars(void **state)
{
    (void)state;
    static const struct {
        const char *bar;
        enum volume_unit unit;
        bool possible;
    } cases[] = {{"10t", VOLUME_CONTRACT, true},
                 {"10v", VOLUME_CONTRACT, true},
                 {"10n", VOLUME_CONTRACT, false},
                 {"10n", VOLUME_BASE, true},
                 {"10n", VOLUME_QUOTE, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bar bar;
        assert_ok(bar_parse(&bar, cases[i].bar));
        assert_int_equal(trade_series_possible(bar, cases[i].unit), cases[i].possible);
    }
}

/* A price so high that the room buys nothing. */
static void a_part_may_be_all_money(void **state)
{
    (void)state;
    begin("1n", VOLUME_BASE);
    add(0, "3000000000000", "1");
    assert_true(b.oversized);
    assert_int_equal(b.count, TRADE_SERIES_SPLIT_MAX);
    assert_candle(0, "3000000000000 3000000000000 3000000000000 3000000000000 0.00000000 1 1");
    char text[CANDLE_FIELD_MAX];
    assert_false(candle_field(&b.candles[0], COLUMN_vwap, text));
    assert_true(candle_field(&b.candles[0], COLUMN_first_trade_time, text));
    end();
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void one_trade_fills_a_thousand_bars_at_most(void **state)
{
    (void)state;
    begin("2v", VOLUME_BASE);
    add(0, "1", "2000");
    assert_int_equal(b.count, 1000);
    assert_false(b.oversized);
    assert_null(b.series.window);
    end();
    begin("2v", VOLUME_BASE);
    add(0, "1", "2000.5");
    assert_int_equal(b.count, 1000);
    assert_true(b.oversized);
    assert_null(b.series.window);
    assert_candle(998, "1 1 1 1 2 2 0");
    assert_candle(999, "1 1 1 1 2.5 2.5 0");
    add(1, "1", "1");
    assert_false(b.oversized);
    assert_filling("1", "1");
    end();
}

/* Beside what is there: the first of the thousand is the one that was filling. */
static void the_bar_that_is_filling_is_one_of_the_thousand(void **state)
{
    (void)state;
    begin("2v", VOLUME_BASE);
    add(0, "1", "1");
    add(1, "1", "2000"); /* 1, 999 times 2, and one too many */
    assert_int_equal(b.count, 1000);
    assert_true(b.oversized);
    assert_candle(999, "1 1 1 1 3 3 0");
    end();
}

static void money_that_does_not_fit_is_an_overflow(void **state)
{
    (void)state;
    static const char *const bars[] = {"1t", "1v", "1n"};
    for (size_t i = 0; i < 3; i++) {
        begin(bars[i], VOLUME_BASE);
        add(0, "9999999999999999999999999999", "9999999999999999999999999999");
        assert_int_equal(b.count, 1);
        assert_int_equal(b.candles[0].flags, CANDLE_PARTIAL | CANDLE_OVERFLOW);
        assert_int_equal(b.candles[0].score, 0);
        assert_int_equal(b.candles[0].trades, 1);
        assert_int_equal(b.oversized, i > 0);
        add(1, "1", "1");
        assert_int_equal(b.count, 2);
        assert_int_equal(b.candles[1].flags, 0);
        end();
    }
}

/* ---- the forming one ------------------------------------------------------------------------- */

static void the_filling_bar_is_given_once_per_record(void **state)
{
    (void)state;
    begin("3t", VOLUME_BASE);
    struct market_face of = face();
    add(0, "1", "1");
    assert_ok(trade_series_end(&b.series, &b.outlet, &of));
    assert_int_equal(b.count, 0); /* not wanted */
    b.outlet.forming = true;
    add(1, "2", "1");
    assert_ok(trade_series_end(&b.series, &b.outlet, &of));
    assert_ok(trade_series_end(&b.series, &b.outlet, &of)); /* nothing new */
    assert_int_equal(b.count, 1);
    assert_int_equal(b.candles[0].state, CANDLE_FORMING);
    assert_int_equal(b.candles[0].trades, 2);
    add(2, "2", "1");
    assert_ok(trade_series_end(&b.series, &b.outlet, &of));
    assert_int_equal(b.count, 2);
    assert_int_equal(b.candles[1].state, CANDLE_CLOSED);
    end();
}

/* ---- nothing is lost ---------------------------------------------------------------------------
 */

static const struct decimal zero;

static void plus(struct decimal *sum, struct decimal value)
{
    assert_ok(decimal_add(sum, *sum, value));
}

/* Of all bars, the filling one included. */
static void assert_sums(struct decimal volume, struct decimal bought, struct decimal money,
                        uint64_t trades)
{
    struct decimal sums[3] = {zero, zero, zero};
    uint64_t count = 0;
    if (b.series.window != NULL) {
        b.candles[b.count] = b.blank;
        window_to_candle(b.series.window, &b.candles[b.count++]);
    }
    for (size_t i = 0; i < b.count; i++) {
        plus(&sums[0], b.candles[i].volume);
        plus(&sums[1], b.candles[i].taker_buy_volume);
        plus(&sums[2], b.candles[i].quote_volume);
        count += b.candles[i].trades;
        assert_true(i == 0 || b.candles[i - 1].open_ns < b.candles[i].open_ns);
        assert_true(b.candles[i].volume.mantissa >= 0);
    }
    assert_int_equal(decimal_compare(sums[0], volume), 0);
    assert_int_equal(decimal_compare(sums[1], bought), 0);
    assert_int_equal(decimal_compare(sums[2], money), 0);
    assert_int_equal(count, trades);
}

static struct trade random_trade(uint64_t *random, uint64_t id)
{
    struct trade trade = {
        .source_ns = T0 + (int64_t)unit_below(random, 100),
        .has_id = true,
        .id = id,
        .first_id = id,
        .last_id = id,
        .count = 1 + unit_below(random, 3),
        .price = {1 + (int64_t)unit_below(random, 5000), (uint8_t)unit_below(random, 4)},
        .quantity = {1 + (int64_t)unit_below(random, 900), (uint8_t)unit_below(random, 4)},
        .taker = unit_below(random, 2) ? TAKER_BUY : TAKER_SELL,
    };
    return trade;
}

static void parts_add_up_exactly(void **state)
{
    (void)state;
    static const char *const bars[] = {"7v", "0.35v", "123n", "33.33n", "5t"};
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        uint64_t random = seed, trades = 0;
        const char *bar = bars[seed % 5];
        struct decimal volume = zero, bought = zero, money = zero;
        begin(bar, unit_below(&random, 4) > 0 ? VOLUME_BASE : VOLUME_QUOTE);
        for (uint64_t id = 1; id <= 8 && b.count < 1000; id++) {
            struct trade trade = random_trade(&random, id);
            struct decimal amount = trade.quantity;
            give(&trade, 0);
            if (b.blank.volume_unit == VOLUME_BASE)
                assert_ok(decimal_mul(&amount, trade.price, trade.quantity));
            plus(&volume, trade.quantity);
            plus(&money, amount);
            if (trade.taker == TAKER_BUY)
                plus(&bought, trade.quantity);
            trades += trade.count;
        }
        assert_sums(volume, bought, money, trades);
        end();
    }
}

/* All but one that took more than it could: the size of the bar, to the digit. */
static void full_bars_hold_their_size(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        uint64_t random = seed;
        bool by_volume = seed % 2;
        bool oversized = false;
        begin(by_volume ? "0.7v" : "19.9n", VOLUME_BASE);
        for (uint64_t id = 1; id <= 8 && b.count < 1000; id++) {
            struct trade trade = random_trade(&random, id);
            size_t before = b.count;
            give(&trade, 0);
            oversized = b.oversized;
            for (size_t i = before; i < b.count - oversized; i++)
                assert_int_equal(
                    decimal_compare(by_volume ? b.candles[i].volume : b.candles[i].quote_volume,
                                    bar_amount(b.series.bar)),
                    0);
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trade_that_completes_a_tick_bar_is_in_it),
        cmocka_unit_test(a_row_of_an_aggregated_channel_is_one_tick),
        cmocka_unit_test(trades_are_taken_as_they_come),
        cmocka_unit_test(no_two_bars_open_at_one_time),
        cmocka_unit_test(a_volume_bar_is_full_to_the_last_digit),
        cmocka_unit_test(bars_of_contracts_and_of_money_are_volume_bars_too),
        cmocka_unit_test(a_notional_bar_takes_a_quantity_that_is_cut),
        cmocka_unit_test(a_quotient_is_cut_and_not_rounded),
        cmocka_unit_test(inverse_contracts_are_money_themselves),
        cmocka_unit_test(contracts_have_no_notional_bars),
        cmocka_unit_test(a_part_may_be_all_money),
        cmocka_unit_test(one_trade_fills_a_thousand_bars_at_most),
        cmocka_unit_test(the_bar_that_is_filling_is_one_of_the_thousand),
        cmocka_unit_test(money_that_does_not_fit_is_an_overflow),
        cmocka_unit_test(the_filling_bar_is_given_once_per_record),
        cmocka_unit_test(parts_add_up_exactly),
        cmocka_unit_test(full_bars_hold_their_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
