#include "engine/trade/trade.h"
#include "tests/unit/unit.h"

static int order(int64_t a_ns, uint64_t a_id, int64_t b_ns, uint64_t b_id)
{
    struct trade a = {.source_ns = a_ns, .id = a_id}, b = {.source_ns = b_ns, .id = b_id};
    assert_int_equal(trade_compare(&a, &b), -trade_compare(&b, &a));
    return trade_compare(&a, &b);
}

static void source_time_comes_before_id(void **state)
{
    (void)state;
    assert_true(order(1, 9, 2, 1) < 0);
    assert_true(order(INT64_MIN, 0, INT64_MAX, 0) < 0);
    assert_true(order(-1, 0, 1, 0) < 0);
}

static void trades_of_one_time_go_by_id(void **state)
{
    (void)state;
    assert_true(order(5, 1, 5, 2) < 0);
    assert_true(order(5, 0, 5, UINT64_MAX) < 0);
}

static void equal_trades_leave_it_to_arrival(void **state)
{
    (void)state;
    assert_int_equal(order(5, 7, 5, 7), 0);
    assert_int_equal(order(5, 0, 5, 0), 0);
}

static void an_opaque_id_has_no_place_in_the_order(void **state)
{
    (void)state;
    struct trade a = {.source_ns = 5, .id = 9, .flags = TRADE_OPAQUE};
    struct trade b = {.source_ns = 5, .id = 1, .flags = TRADE_OPAQUE};
    assert_int_equal(trade_compare(&a, &b), 0);
    b.source_ns = 6;
    assert_true(trade_compare(&a, &b) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_time_comes_before_id),
        cmocka_unit_test(trades_of_one_time_go_by_id),
        cmocka_unit_test(equal_trades_leave_it_to_arrival),
        cmocka_unit_test(an_opaque_id_has_no_place_in_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
