/* The score and the flags that counts say, by hand. */
#include "engine/candle/candle_quality.h"
#include "tests/unit/unit.h"

/* Connected throughout, 10 trades, nothing wrong. */
static struct candle good(void)
{
    return (struct candle){.trades = 10, .has_connected = true, .connected_ppm = CANDLE_PPM};
}

static void assert_judged(struct candle candle, uint8_t score, uint32_t flags)
{
    candle_judge(&candle);
    assert_int_equal(candle.score, score);
    assert_int_equal(candle.flags, flags);
}

static void what_is_whole_has_a_score_of_100(void **state)
{
    (void)state;
    struct candle c = good();
    assert_judged(c, 100, 0);
    c.has_connected = false; /* nobody says */
    c.connected_ppm = 0;
    assert_judged(c, 100, 0);
    c = good();
    c.duplicates = c.late = c.out_of_order = 1000; /* have been mended */
    assert_judged(c, 100, 0);
}

/* floor(100 * 54 / 60 * 180 / 200) - 1 */
static void the_example_of_the_manual_is_80(void **state)
{
    (void)state;
    struct candle c = {.trades = 180,
                       .missing = 20,
                       .malformed = 1,
                       .has_connected = true,
                       .connected_ppm = 900000};
    assert_judged(c, 80, CANDLE_DISCONNECTED | CANDLE_MISSING | CANDLE_MALFORMED);
}

static void shares_are_rounded_down(void **state)
{
    (void)state;
    struct candle c = good();
    c.connected_ppm = 999999;
    assert_judged(c, 99, CANDLE_DISCONNECTED);
    c = good();
    c.trades = 2;
    c.missing = 1; /* 66.67 */
    assert_judged(c, 66, CANDLE_MISSING);
    c.trades = UINT64_MAX;
    assert_judged(c, 99, CANDLE_MISSING);
    c.trades = 1;
    c.missing = UINT64_MAX;
    assert_judged(c, 0, CANDLE_MISSING);
    c = good();
    c.connected_ppm = 500000;
    c.missing = 10; /* 100 * 0.5 * 0.5 */
    assert_judged(c, 25, CANDLE_DISCONNECTED | CANDLE_MISSING);
}

static void lost_frames_and_suspects_cost_20_at_most(void **state)
{
    (void)state;
    struct candle c = good();
    c.malformed = 7;
    c.dropped = 12;
    assert_judged(c, 81, CANDLE_MALFORMED | CANDLE_DROPPED);
    c.dropped = 14; /* 21 */
    assert_judged(c, 80, CANDLE_MALFORMED | CANDLE_DROPPED);
    c.malformed = c.dropped = UINT64_MAX; /* their sum does not fit */
    assert_judged(c, 80, CANDLE_MALFORMED | CANDLE_DROPPED);
    c.suspect = 3;
    assert_judged(c, 77, CANDLE_MALFORMED | CANDLE_DROPPED);
    c.suspect = 4000;
    assert_judged(c, 60, CANDLE_MALFORMED | CANDLE_DROPPED);
    c.connected_ppm = 300000; /* 30 - 40 */
    assert_judged(c, 0, CANDLE_MALFORMED | CANDLE_DROPPED | CANDLE_DISCONNECTED);
}

static void without_trades_only_the_connection_counts(void **state)
{
    (void)state;
    struct candle c = {.flags = CANDLE_CARRIED, .has_connected = true, .connected_ppm = 0};
    assert_judged(c, 0, CANDLE_CARRIED | CANDLE_DISCONNECTED | CANDLE_NO_DATA);
    c.connected_ppm = 1;
    assert_judged(c, 0, CANDLE_CARRIED | CANDLE_DISCONNECTED);
    c.connected_ppm = 123456;
    assert_judged(c, 12, CANDLE_CARRIED | CANDLE_DISCONNECTED);
    c.connected_ppm = CANDLE_PPM;
    assert_judged(c, 100, CANDLE_CARRIED);
    c.missing = 5; /* what trades that are gone had shown */
    assert_judged(c, 100, CANDLE_CARRIED | CANDLE_MISSING);
}

static void with_trades_there_is_data(void **state)
{
    (void)state;
    struct candle c = good();
    c.connected_ppm = 0; /* all came by repair */
    c.backfilled = 10;
    assert_judged(c, 0, CANDLE_DISCONNECTED | CANDLE_BACKFILLED);
}

static void an_overflow_has_a_score_of_0_and_keeps_its_flags(void **state)
{
    (void)state;
    struct candle c = good();
    c.flags = CANDLE_OVERFLOW | CANDLE_PARTIAL | CANDLE_SUSPECT_SIZE | CANDLE_FEW_VENUES;
    assert_judged(c, 0, c.flags);
}

static void latency_below_zero_is_a_matter_of_the_clock(void **state)
{
    (void)state;
    struct candle c = good();
    c.latency.count = 5;
    assert_judged(c, 100, 0);
    c.latency.min = -1;
    assert_judged(c, 100, CANDLE_CLOCK);
    c.latency.count = 0; /* then the figures mean nothing */
    assert_judged(c, 100, 0);
    c.flags = CANDLE_CLOCK; /* a step */
    assert_judged(c, 100, CANDLE_CLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_whole_has_a_score_of_100),
        cmocka_unit_test(the_example_of_the_manual_is_80),
        cmocka_unit_test(shares_are_rounded_down),
        cmocka_unit_test(lost_frames_and_suspects_cost_20_at_most),
        cmocka_unit_test(without_trades_only_the_connection_counts),
        cmocka_unit_test(with_trades_there_is_data),
        cmocka_unit_test(an_overflow_has_a_score_of_0_and_keeps_its_flags),
        cmocka_unit_test(latency_below_zero_is_a_matter_of_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
