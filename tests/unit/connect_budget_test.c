#include "recorder/connect_budget.h"
#include "tests/unit/unit.h"

#define SECOND INT64_C(1000000000)

static void burst_then_one_every_refill(void **state)
{
    (void)state;
    struct connect_budget budget;
    int64_t now = 1000 * SECOND;
    connect_budget_init(&budget, now);
    for (int i = 0; i < CONNECT_BUDGET_BURST; i++)
        assert_int_equal(connect_budget_take(&budget, now), 0);
    assert_int_equal(connect_budget_take(&budget, now), CONNECT_BUDGET_REFILL_NS);
    now += CONNECT_BUDGET_REFILL_NS - 1;
    assert_int_equal(connect_budget_take(&budget, now), 1);
    now += 1;
    assert_int_equal(connect_budget_take(&budget, now), 0);
    assert_int_equal(connect_budget_take(&budget, now), CONNECT_BUDGET_REFILL_NS);
}

static void a_long_rest_gives_the_burst_and_no_more(void **state)
{
    (void)state;
    struct connect_budget budget;
    connect_budget_init(&budget, 0);
    int64_t now = 365 * 24 * 3600 * SECOND;
    int taken = 0;
    while (connect_budget_take(&budget, now) == 0)
        taken++;
    assert_int_equal(taken, CONNECT_BUDGET_BURST);
}

/* A venue that cuts every connection at once, for a day: no window of 10 minutes sees more attempts
 * than Kraken bears (150), none of 5 minutes more than Binance bears (300). */
static void a_flapping_venue_is_never_asked_too_often(void **state)
{
    (void)state;
    enum { DAY_S = 24 * 3600 };
    static int attempts[DAY_S];
    struct connect_budget budget;
    connect_budget_init(&budget, 0);
    for (int s = 0; s < DAY_S; s++)
        for (int i = 0; i < 10; i++)
            attempts[s] += connect_budget_take(&budget, s * SECOND + i * SECOND / 10) == 0;
    for (int s = 0; s + 600 <= DAY_S; s++) {
        int five = 0, ten = 0;
        for (int i = 0; i < 600; i++) {
            ten += attempts[s + i];
            five += i < 300 ? attempts[s + i] : 0;
        }
        assert_true(ten <= 150);
        assert_true(five <= 300);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_then_one_every_refill),
        cmocka_unit_test(a_long_rest_gives_the_burst_and_no_more),
        cmocka_unit_test(a_flapping_venue_is_never_asked_too_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
