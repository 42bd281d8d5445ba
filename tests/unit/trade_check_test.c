#include "engine/candle/trade_check.h"

#include "engine/base/time_text.h"
#include "tests/unit/unit.h"

static int64_t at(const char *rfc3339)
{
    int64_t time_ns;
    assert_ok(time_parse_rfc3339(&time_ns, rfc3339, strlen(rfc3339)));
    return time_ns;
}

static struct decimal number(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

static unsigned see(struct trade_check *check, const char *price, const char *quantity)
{
    return trade_check_see(check, number(price), number(quantity), false);
}

static void see_many(struct trade_check *check, int count, const char *price, const char *quantity)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(see(check, price, quantity), 0);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void times_are_good_up_to_a_day_ahead(void **state)
{
    (void)state;
    int64_t wall = at("2024-08-08T12:00:00Z");
    assert_int_equal(trade_time_check(wall, wall), TIME_GOOD);
    assert_int_equal(trade_time_check(wall + NS_PER_DAY, wall), TIME_GOOD);
    assert_int_equal(trade_time_check(wall + NS_PER_DAY + 1, wall), TIME_ABSURD);
    /* Old ones are no trouble. */
    assert_int_equal(trade_time_check(at("1971-01-01T00:00:00Z"), wall), TIME_GOOD);
    assert_int_equal(trade_time_check(at("1970-12-31T23:59:59Z"), wall), TIME_GOOD);
    assert_int_equal(trade_time_check(1, wall), TIME_GOOD);
    assert_int_equal(trade_time_check(0, wall), TIME_ABSURD);
    assert_int_equal(trade_time_check(-1, wall), TIME_ABSURD);
    assert_int_equal(trade_time_check(INT64_MIN, wall), TIME_ABSURD);
    assert_int_equal(trade_time_check(INT64_MAX, wall), TIME_ABSURD);
}

static void nothing_is_good_beyond_what_can_be_computed(void **state)
{
    (void)state;
    int64_t last = TRADE_CHECK_TIME_MAX;
    assert_true(last > at("2254-01-01T00:00:00Z") && last < at("2262-01-01T00:00:00Z"));
    assert_int_equal(trade_time_check(last, INT64_MAX), TIME_GOOD);
    assert_int_equal(trade_time_check(last + 1, INT64_MAX), TIME_ABSURD);
    assert_int_equal(trade_time_check(last, last), TIME_GOOD);
    assert_int_equal(trade_time_check(last + 1, last), TIME_ABSURD);
    assert_int_equal(trade_time_check(INT64_MAX, INT64_MIN), TIME_ABSURD);
    assert_int_equal(trade_time_check(INT64_MIN, INT64_MIN), TIME_ABSURD);
    assert_int_equal(trade_time_check(1, INT64_MIN), TIME_ABSURD);
}

static void a_time_in_another_unit_is_told_from_an_absurd_one(void **state)
{
    (void)state;
    int64_t wall = at("2024-08-08T12:00:00Z"), day = NS_PER_DAY;
    for (int64_t factor = 1000; factor <= 1000000000; factor *= 1000) {
        assert_int_equal(trade_time_check(wall / factor, wall), TIME_UNIT);
        assert_int_equal(trade_time_check((wall - day) / factor, wall),
                         (wall - day) % factor == 0 ? TIME_UNIT : TIME_GOOD);
        assert_int_equal(trade_time_check((wall + day) / factor, wall), TIME_UNIT);
        assert_int_equal(trade_time_check((wall + day) / factor + 1, wall), TIME_GOOD);
        assert_int_equal(trade_time_check((wall - day) / factor - 1, wall), TIME_GOOD);
    }
    /* Read as too coarse a unit: out of range but for a wall clock that was never set. */
    wall = at("1970-03-01T00:00:00Z");
    assert_int_equal(trade_time_check(wall * 100, wall), TIME_ABSURD);
    assert_int_equal(trade_time_check(wall * 1000, wall), TIME_UNIT);
    assert_int_equal(trade_time_check((wall + day) * 1000, wall), TIME_UNIT);
    assert_int_equal(trade_time_check((wall + day) * 1000 + 1000, wall), TIME_ABSURD);
    wall = at("1970-01-01T01:00:00Z");
    assert_int_equal(trade_time_check(wall * 1000000, wall), TIME_UNIT);
}

/* ---- price and size -------------------------------------------------------------------------- */

static void nothing_is_judged_before_sixteen_trades(void **state)
{
    (void)state;
    struct trade_check check = {0};
    see_many(&check, 14, "100", "1");
    assert_int_equal(see(&check, "500", "1"), 0); /* the fifteenth */
    assert_int_equal(see(&check, "3", "9000"), 0);
    assert_int_equal(see(&check, "1.4", "1"), SUSPECT_PRICE);
    assert_int_equal(see(&check, "1001", "1"), SUSPECT_PRICE);
}

static void the_limits_themselves_are_not_suspect(void **state)
{
    (void)state;
    static const struct {
        const char *price, *quantity;
        unsigned suspect;
    } cases[] = {
        {"200", "1", 0},
        {"200.00", "1", 0},
        {"200.01", "1", SUSPECT_PRICE},
        {"201", "1", SUSPECT_PRICE},
        {"45.5", "1", 0},
        {"45.50", "1", 0},
        {"45.499", "1", SUSPECT_PRICE},
        {"45", "1", SUSPECT_PRICE},
        {"100", "500", 0},
        {"100", "500.0", 0},
        {"100", "500.0000000000000000001", SUSPECT_SIZE},
        {"100", "0.0000000000000000001", 0},
        {"0.000000000000000000000000001", "9999999999999999999999999999",
         SUSPECT_PRICE | SUSPECT_SIZE},
        {"9999999999999999999999999999", "501", SUSPECT_PRICE | SUSPECT_SIZE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trade_check check = {0};
        see_many(&check, 10, "100", "0.25");
        see_many(&check, 6, "91", "0.5");
        assert_int_equal(see(&check, cases[i].price, cases[i].quantity), cases[i].suspect);
    }
}

static void the_range_forgets_after_two_blocks(void **state)
{
    (void)state;
    struct trade_check check = {0};
    see_many(&check, 1, "1000", "1");
    see_many(&check, 127 + 127, "600", "1");
    /* 255 trades: the first block is full, the second lacks one. */
    assert_int_equal(see(&check, "1900", "1"), 0);
    check = (struct trade_check){0};
    see_many(&check, 1, "1000", "1");
    see_many(&check, 127 + 128, "600", "1");
    assert_int_equal(see(&check, "1900", "1"), SUSPECT_PRICE);
    assert_int_equal(see(&check, "1200", "1"), 0);
}

static void suspects_do_not_enter_the_range(void **state)
{
    (void)state;
    struct trade_check check = {0};
    see_many(&check, 16, "100", "1");
    for (int i = 0; i < 100; i++) {
        assert_int_equal(see(&check, "300", "1"), SUSPECT_PRICE);
        assert_int_equal(see(&check, "100", "2000"), SUSPECT_SIZE);
        assert_int_equal(trade_check_see(&check, number("190"), number("1"), true), SUSPECT_TIME);
        see_many(&check, 1, "100", "1");
    }
}

static void the_sixteenth_suspect_in_a_row_begins_the_range_anew(void **state)
{
    (void)state;
    struct trade_check check = {0};
    see_many(&check, 200, "100", "1");
    for (int i = 0; i < 15; i++)
        assert_int_equal(see(&check, "300", "1"), SUSPECT_PRICE);
    /* One between them begins the row anew. */
    see_many(&check, 1, "100", "1");
    for (int i = 0; i < 15; i++)
        assert_int_equal(see(&check, "300", "1"), SUSPECT_PRICE);
    see_many(&check, 1, "300", "1");
    /* It holds one now; with sixteen it judges, by these alone. */
    see_many(&check, 15, "310", "1");
    assert_int_equal(see(&check, "100", "1"), SUSPECT_PRICE);
    assert_int_equal(see(&check, "150", "1"), 0);
}

static void suspects_of_all_kinds_make_one_row(void **state)
{
    (void)state;
    struct trade_check check = {0};
    see_many(&check, 16, "100", "1");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(see(&check, "300", "1"), SUSPECT_PRICE);
        assert_int_equal(trade_check_see(&check, number("100"), number("1"), true), SUSPECT_TIME);
        assert_int_equal(trade_check_see(&check, number("10"), number("1001"), true),
                         SUSPECT_TIME | SUSPECT_PRICE | SUSPECT_SIZE);
    }
    assert_int_equal(trade_check_see(&check, number("7"), number("1"), true), 0);
    see_many(&check, 15, "7", "1");
    assert_int_equal(see(&check, "100", "1"), SUSPECT_PRICE);
}

/* By the words of docs/candles.md: all trades that entered, in a list. */
struct naive {
    struct decimal prices[20000], quantities[20000];
    size_t begin, count, in_row;
};

static struct decimal times(struct decimal value, int by)
{
    value.mantissa *= by;
    return value;
}

static unsigned naive_see(struct naive *naive, struct decimal price, struct decimal quantity,
                          bool suspect_time)
{
    size_t held = naive->count - naive->begin, from = naive->begin;
    if (held >= 256)
        from += (held / 128 - 1) * 128;
    bool above = held >= 16, below = held >= 16, large = held >= 16;
    for (size_t i = from; i < naive->count; i++) {
        above = above && decimal_compare(price, times(naive->prices[i], 2)) > 0;
        below = below && decimal_compare(times(price, 2), naive->prices[i]) < 0;
        large = large && decimal_compare(quantity, times(naive->quantities[i], 1000)) > 0;
    }
    unsigned suspect = (above || below ? SUSPECT_PRICE : 0u) | (large ? SUSPECT_SIZE : 0u) |
                       (suspect_time ? SUSPECT_TIME : 0u);
    naive->in_row = suspect != 0 ? naive->in_row + 1 : 0;
    if (suspect != 0 && naive->in_row < 16)
        return suspect;
    if (suspect != 0)
        naive->begin = naive->count;
    naive->in_row = 0;
    naive->prices[naive->count] = price;
    naive->quantities[naive->count] = quantity;
    naive->count++;
    return 0;
}

static struct decimal any_number(uint64_t *random, int64_t around)
{
    int64_t value = around + (int64_t)unit_below(random, 10);
    if (unit_below(random, 12) == 0)
        value = around * 9 / 20 + (int64_t)unit_below(random, (uint64_t)around * 2);
    if (unit_below(random, 40) == 0)
        value = 1 + (int64_t)(unit_random(random) >> (10 + unit_below(random, 54)));
    struct decimal number = {value, 2};
    for (uint64_t longer = unit_below(random, 4); longer == 3 && number.scale < 6; number.scale++)
        number.mantissa *= 10;
    return number;
}

static void every_verdict_is_that_of_the_document(void **state)
{
    (void)state;
    static struct naive naive;
    uint64_t random = 1;
    unsigned seen[8] = {0};
    int anew = 0;
    for (int round = 0; round < 6; round++) {
        struct trade_check check = {0};
        naive = (struct naive){.count = 0};
        int64_t around = 100, burst = 0;
        for (int i = 0; i < 15000; i++) {
            if (unit_below(&random, 400) == 0)
                around = 20 + (int64_t)unit_below(&random, 1000);
            if (unit_below(&random, 300) == 0)
                burst = 25;
            bool suspect_time = unit_below(&random, 30) == 0 || burst > 5;
            burst -= burst > 0;
            struct decimal price = any_number(&random, around);
            struct decimal quantity = any_number(&random, 5);
            size_t begin = naive.begin;
            unsigned expected = naive_see(&naive, price, quantity, suspect_time);
            assert_int_equal(trade_check_see(&check, price, quantity, suspect_time), expected);
            seen[expected]++;
            anew += naive.begin != begin;
        }
    }
    for (size_t i = 0; i < 8; i++)
        assert_true(seen[i] > 0);
    assert_true(anew > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_good_up_to_a_day_ahead),
        cmocka_unit_test(nothing_is_good_beyond_what_can_be_computed),
        cmocka_unit_test(a_time_in_another_unit_is_told_from_an_absurd_one),
        cmocka_unit_test(nothing_is_judged_before_sixteen_trades),
        cmocka_unit_test(the_limits_themselves_are_not_suspect),
        cmocka_unit_test(the_range_forgets_after_two_blocks),
        cmocka_unit_test(suspects_do_not_enter_the_range),
        cmocka_unit_test(the_sixteenth_suspect_in_a_row_begins_the_range_anew),
        cmocka_unit_test(suspects_of_all_kinds_make_one_row),
        cmocka_unit_test(every_verdict_is_that_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
