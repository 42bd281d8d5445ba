/* Sums, order, overflow and merging of windows. */
#include "engine/candle/window.h"
#include "engine/tape/record.h"
#include "tests/unit/unit.h"

#define SECOND INT64_C(1000000000)
#define TRADES 40

static struct window_pool pool;

static int set_up(void **state)
{
    (void)state;
    window_pool_init(&pool);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    window_pool_release(&pool);
    return 0;
}

static struct window *take(int64_t open_ns, int64_t close_ns)
{
    struct window *window = window_pool_take(&pool);
    assert_non_null(window);
    window->open_ns = open_ns;
    window->close_ns = close_ns;
    return window;
}

static struct decimal number(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

static struct trade make_trade(uint64_t id, int64_t source_ns, const char *price,
                               const char *quantity)
{
    return (struct trade){.source_ns = source_ns,
                          .has_id = true,
                          .id = id,
                          .first_id = id,
                          .last_id = id,
                          .count = 1,
                          .price = number(price),
                          .quantity = number(quantity),
                          .taker = TAKER_BUY};
}

static struct window_entry entry_of(const struct trade *trade)
{
    struct window_entry entry = {.trade = trade,
                                 .quantity = trade->quantity,
                                 .whole = true,
                                 .seq = trade->id,
                                 .clock_offset_ns = CLOCK_OFFSET_NONE};
    entry.amount_fits = decimal_mul(&entry.amount, trade->price, trade->quantity) == ERR_OK;
    return entry;
}

static void add(struct window *window, const struct trade *trade)
{
    struct window_entry entry = entry_of(trade);
    assert_ok(window_add(window, &pool.latencies, &entry, false));
}

/* All that a candle shows of a window. */
static void row_of(const struct window *window, char row[CANDLE_ROW_MAX])
{
    struct candle candle = {.venue = "v",
                            .instrument = "i",
                            .bar = {BAR_TIME, SECOND, 0},
                            .channel = "c",
                            .symbol = "s",
                            .has_ids = true};
    window_to_candle(window, &candle);
    candle_row(&candle, row);
}

static void assert_same(const struct window *a, const struct window *b)
{
    static char left[CANDLE_ROW_MAX], right[CANDLE_ROW_MAX];
    row_of(a, left);
    row_of(b, right);
    assert_string_equal(left, right);
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void a_sum_has_the_decimals_of_its_longest_part(void **state)
{
    (void)state;
    static const char *const quantities[] = {"1", "0.25", "3.5"};
    struct window *window = take(0, SECOND);
    for (uint64_t i = 0; i < 3; i++) {
        struct trade trade = make_trade(1 + i, 1, "2.0", quantities[i]);
        trade.taker = i == 1 ? TAKER_SELL : TAKER_BUY;
        add(window, &trade);
    }
    assert_true(window->volume.all == 475 && window->volume.scale == 2);
    assert_true(window->volume.bought == 450);
    assert_true(window->quote_volume.all == 9500 && window->quote_volume.scale == 3);
    assert_true(window->quote_volume.bought == 9000);
}

/* The largest sum is 2^127 - 1, about 1.7e38: three products of 6e37 do not fit, two do; with five
 * more decimals not even one. */
static void what_does_not_fit_is_no_value_in_any_order(void **state)
{
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct trade trades[] = {make_trade(1, 1, "6000000000000000000", "10000000000000000000"),
                             make_trade(2, 2, "1", "1"), make_trade(3, 3, "0.00001", "1")};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct window *window = take(0, SECOND);
        for (size_t j = 0; j < 3; j++)
            add(window, &trades[orders[i][j]]);
        assert_int_equal(window->flags, CANDLE_OVERFLOW);
        assert_int_equal(window->trades, 3);
        assert_int_equal(decimal_compare(window->low, trades[2].price), 0);
    }
    /* The first two alone fit. */
    struct window *window = take(0, SECOND);
    add(window, &trades[0]);
    add(window, &trades[1]);
    assert_int_equal(window->flags, 0);
}

static void what_does_not_fit_is_no_value_through_merging_either(void **state)
{
    (void)state;
    struct trade large = make_trade(1, 1, "6000000000000000000", "10000000000000000000");
    for (int through = 0; through < 2; through++) {
        struct window *whole = take(0, 3 * SECOND);
        for (int i = 0; i < 3; i++) {
            struct window *part = take(i * SECOND, (i + 1) * SECOND);
            large.source_ns = i * SECOND;
            add(through ? part : whole, &large);
            assert_int_equal(part->flags, 0);
            if (through)
                assert_ok(window_merge(whole, &pool.latencies, part));
            assert_int_equal(whole->flags, i < 2 ? 0 : CANDLE_OVERFLOW);
        }
        struct trade small = make_trade(9, 9, "1", "1");
        add(whole, &small);
        assert_int_equal(whole->flags, CANDLE_OVERFLOW); /* for good */
    }
    struct window *part = take(0, SECOND), *whole = take(0, 2 * SECOND);
    part->flags = CANDLE_OVERFLOW;
    part->rows = 1;
    assert_ok(window_merge(whole, &pool.latencies, part));
    assert_int_equal(whole->flags, CANDLE_OVERFLOW);
}

static void counts_of_executions_stop_at_the_largest_number(void **state)
{
    (void)state;
    struct window *a = take(0, SECOND), *b = take(0, 2 * SECOND);
    struct trade many = make_trade(1, 1, "1", "1");
    many.count = (uint64_t)INT64_MAX;
    add(a, &many);
    add(a, &many);
    assert_int_equal(a->trades, INT64_MAX);
    assert_ok(window_merge(b, &pool.latencies, a));
    assert_ok(window_merge(b, &pool.latencies, a));
    assert_int_equal(b->trades, INT64_MAX);
}

/* ---- source ---------------------------------------------------------------------------------- */

static void the_four_lowest_connections_are_kept(void **state)
{
    (void)state;
    static const uint32_t ids[] = {9, 3, 9, 12, 7, 3, 0};
    struct window *window = take(0, SECOND);
    struct trade trade = make_trade(1, 1, "1", "1");
    struct window_entry entry = entry_of(&trade);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        entry.connection = ids[i];
        assert_ok(window_add(window, &pool.latencies, &entry, false));
    }
    static const uint32_t four[] = {3, 7, 9, 12};
    assert_int_equal(window->connections.count, 4);
    assert_memory_equal(window->connections.ids, four, sizeof four);
    assert_false(window->connections.more);
    for (uint32_t id = 8; id <= 20; id += 12) { /* one in between, one behind */
        entry.connection = id;
        assert_ok(window_add(window, &pool.latencies, &entry, false));
    }
    static const uint32_t lowest[] = {3, 7, 8, 9};
    assert_memory_equal(window->connections.ids, lowest, sizeof lowest);
    assert_true(window->connections.more);
    struct window *other = take(0, SECOND), *whole = take(0, SECOND);
    entry.connection = 1;
    assert_ok(window_add(other, &pool.latencies, &entry, false));
    assert_ok(window_merge(whole, &pool.latencies, other));
    assert_ok(window_merge(whole, &pool.latencies, window));
    static const uint32_t merged[] = {1, 3, 7, 8};
    assert_memory_equal(whole->connections.ids, merged, sizeof merged);
    assert_true(whole->connections.more);
}

static void a_part_of_a_trade_brings_only_its_amounts(void **state)
{
    (void)state;
    struct window *window = take(0, SECOND);
    struct trade trade = make_trade(7, 1, "2", "5");
    trade.flags = TRADE_BACKFILL;
    struct window_entry entry = entry_of(&trade);
    entry.whole = false;
    entry.has_latency = entry.out_of_order = true;
    entry.malformed = entry.dropped = 3;
    entry.flags = CANDLE_SUSPECT_SIZE;
    entry.connection = 4;
    assert_ok(window_add(window, &pool.latencies, &entry, false));
    assert_true(window->volume.all == 5 && window->quote_volume.all == 10);
    assert_int_equal(window->rows, 1);
    assert_int_equal(window->first_trade_id, 7);
    assert_int_equal(window->connections.ids[0], 4);
    assert_int_equal(window->trades + window->backfilled + window->malformed + window->dropped +
                         window->suspect + window->out_of_order + window->latency.count,
                     0);
    assert_int_equal(window->flags, 0);
}

static void by_arrival_the_last_that_comes_closes(void **state)
{
    (void)state;
    struct window *window = take(0, SECOND);
    struct trade late = make_trade(2, 100, "7", "1"), early = make_trade(1, 50, "5", "1");
    struct window_entry entry = entry_of(&late);
    entry.by_arrival = true;
    assert_ok(window_add(window, &pool.latencies, &entry, false));
    entry = entry_of(&early);
    entry.by_arrival = true;
    assert_ok(window_add(window, &pool.latencies, &entry, false));
    assert_int_equal(decimal_compare(window->open, number("7")), 0);
    assert_int_equal(decimal_compare(window->close, number("5")), 0);
    assert_int_equal(window->last_trade_id, 1);
}

static void a_flat_window_is_replaced_by_its_first_trade(void **state)
{
    (void)state;
    struct window *window = take(0, SECOND), *other = take(0, SECOND), *part = take(0, SECOND);
    struct trade trade = make_trade(1, 1, "2.50", "1");
    window_carry(window, number("9"));
    window_carry(other, number("9"));
    assert_int_equal(window->flags, CANDLE_CARRIED);
    add(window, &trade);
    add(part, &trade);
    assert_ok(window_merge(other, &pool.latencies, part));
    assert_int_equal(window->flags | other->flags, 0);
    assert_int_equal(decimal_compare(window->high, number("2.50")), 0);
    assert_int_equal(decimal_compare(other->high, number("2.50")), 0);
}

/* ---- merging --------------------------------------------------------------------------------- */

static struct window_entry random_entry(uint64_t *random, struct trade *trade, uint64_t id)
{
    static const uint8_t scales[] = {0, 2, 2, 2, 3, 8, 20};
    *trade = (struct trade){
        .source_ns = (int64_t)unit_below(random, 10) * SECOND + (int64_t)unit_below(random, 3),
        .has_id = true,
        .id = id,
        .first_id = id * 10,
        .last_id = id * 10 + 3,
        .count = 1 + unit_below(random, 4),
        .price = {1 + (int64_t)unit_below(random, 1000), scales[unit_below(random, 7)]},
        .quantity = {1 + (int64_t)unit_below(random, 1000), scales[unit_below(random, 7)]},
        .taker = (enum trade_taker)unit_below(random, 3),
        .flags = unit_below(random, 5) == 0 ? TRADE_BACKFILL : 0,
    };
    if (unit_below(random, 200) == 0)
        trade->quantity = (struct decimal){(int128)1 << 125, 0};
    struct window_entry entry = entry_of(trade);
    entry.seq = unit_below(random, 1000) + 1;
    entry.connection = (uint32_t)unit_below(random, 7);
    entry.out_of_order = unit_below(random, 2);
    entry.has_latency = unit_below(random, 3) > 0;
    entry.latency_ns = (int64_t)unit_below(random, 100000000) - 1000000;
    entry.clock_offset_ns = entry.has_latency ? (int64_t)unit_below(random, 9) : CLOCK_OFFSET_NONE;
    entry.malformed = unit_below(random, 9) == 0;
    entry.dropped = unit_below(random, 9) == 0;
    entry.flags = unit_below(random, 9) == 0 ? CANDLE_SUSPECT_PRICE : 0;
    return entry;
}

/* Ten windows of a second, in any order, are one of ten. */
static void merging_is_adding(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        uint64_t random = seed;
        struct window *whole = take(0, 10 * SECOND), *merged = take(0, 10 * SECOND), *parts[10];
        struct trade trades[TRADES];
        for (int i = 0; i < 10; i++)
            parts[i] = take(i * SECOND, (i + 1) * SECOND);
        size_t count = 1 + (size_t)unit_below(&random, TRADES);
        for (size_t i = 0; i < count; i++) {
            struct window_entry entry = random_entry(&random, &trades[i], i + 1);
            assert_ok(window_add(whole, &pool.latencies, &entry, false));
            assert_ok(
                window_add(parts[trades[i].source_ns / SECOND], &pool.latencies, &entry, false));
        }
        size_t first = (size_t)unit_below(&random, 10);
        for (size_t i = 0; i < 10; i++) {
            struct window *part = parts[(first + 7 * i) % 10];
            part->missing = unit_below(&random, 3);
            part->duplicates = unit_below(&random, 3);
            whole->missing += part->missing;
            whole->duplicates += part->duplicates;
            assert_ok(window_merge(merged, &pool.latencies, part));
            window_pool_give(&pool, part);
        }
        assert_same(merged, whole);
        window_pool_give(&pool, merged);
        window_pool_give(&pool, whole);
    }
}

/* Windows that are given back are used again, clean. */
static void a_pool_gives_clean_windows(void **state)
{
    (void)state;
    struct window *window = take(0, SECOND);
    struct trade trade = make_trade(1, 1, "1", "1");
    struct window_entry entry = entry_of(&trade);
    entry.has_latency = true;
    assert_ok(window_add(window, &pool.latencies, &entry, true));
    window_pool_give(&pool, window);
    struct window *again = window_pool_take(&pool);
    assert_ptr_equal(again, window);
    assert_same(again, &(struct window){.clock_offset_ns = CLOCK_OFFSET_NONE});
    assert_int_equal(again->rows, 0);
    struct window *many[3 * WINDOW_POOL_BLOCK];
    for (size_t i = 0; i < 3 * WINDOW_POOL_BLOCK; i++) {
        many[i] = window_pool_take(&pool);
        assert_non_null(many[i]);
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(many[i], many[j]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sum_has_the_decimals_of_its_longest_part, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_no_value_in_any_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_no_value_through_merging_either,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_of_executions_stop_at_the_largest_number, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_four_lowest_connections_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_of_a_trade_brings_only_its_amounts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(by_arrival_the_last_that_comes_closes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flat_window_is_replaced_by_its_first_trade, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(merging_is_adding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pool_gives_clean_windows, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
