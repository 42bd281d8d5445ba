#include "engine/base/time_text.h"
#include "replayer/pacing.h"
#include "tests/unit/unit.h"

static struct pacing_speed speed(const char *text)
{
    struct pacing_speed out;
    assert_ok(pacing_parse(&out, text));
    return out;
}

static struct record at(enum record_type type, int64_t wall_ns, int64_t mono_ns)
{
    return (struct record){.type = type, .wall_ns = wall_ns, .mono_ns = mono_ns};
}

/* Deadline of a frame with both clocks at `tape_ns`. */
static int64_t frame(struct pacing *pacing, int64_t tape_ns, int64_t now_ns)
{
    struct record record = at(RECORD_RECEIVED, tape_ns, tape_ns);
    return pacing_deadline(pacing, &record, now_ns);
}

static void accepts_max_and_factors(void **state)
{
    (void)state;
    assert_true(pacing_is_max(speed("max")));
    static const struct {
        const char *text;
        int64_t real_ns; /* of one second on the tape */
    } good[] = {{"1", NS_PER_S},          {"1.000", NS_PER_S},        {"10", NS_PER_S / 10},
                {"0.5", 2 * NS_PER_S},    {".25", 4 * NS_PER_S},      {"2x", NS_PER_S / 2},
                {"1e3", NS_PER_S / 1000}, {"0.001", 1000 * NS_PER_S}, {"1000000", 1000}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct pacing pacing;
        pacing_init(&pacing, speed(good[i].text));
        assert_int_equal(frame(&pacing, 5, 100), 100);
        assert_int_equal(frame(&pacing, 5 + NS_PER_S, 7), 100 + good[i].real_ns);
    }
}

static void refuses_other_speeds(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "x", "0", "-1", "fast", "1y", "0.0001", "1000001", "1.2345", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pacing_speed out;
        assert_err(ERR_USAGE, pacing_parse(&out, bad[i]));
    }
}

static void full_speed_never_waits(void **state)
{
    (void)state;
    struct pacing pacing;
    pacing_init(&pacing, PACING_MAX);
    assert_true(frame(&pacing, 0, 100) == INT64_MIN);
    assert_true(frame(&pacing, NS_PER_DAY, 100) == INT64_MIN);
}

static void deadlines_do_not_drift(void **state)
{
    (void)state;
    struct pacing pacing;
    pacing_init(&pacing, speed("3"));
    /* A third of a nanosecond per step would add up if each step were rounded for itself. */
    int64_t last = 0;
    for (int64_t i = 0; i <= 3000; i++)
        last = frame(&pacing, i * 10, 0);
    assert_int_equal(last, 10000);
}

static void a_session_is_bridged_by_the_wall_clock(void **state)
{
    (void)state;
    struct pacing pacing;
    pacing_init(&pacing, speed("1"));
    struct record a = at(RECORD_CONFIG, 1000 * NS_PER_S, 50 * NS_PER_S);
    struct record b = at(RECORD_RECEIVED, 2000 * NS_PER_S, 51 * NS_PER_S);
    struct record c = at(RECORD_CONFIG, 2010 * NS_PER_S, 3 * NS_PER_S);
    struct record d = at(RECORD_RECEIVED, 2010 * NS_PER_S, 4 * NS_PER_S);
    assert_int_equal(pacing_deadline(&pacing, &a, 0), 0);
    /* The wall clock was set by 999 s; the monotonic one knows better. */
    assert_int_equal(pacing_deadline(&pacing, &b, 0), 1 * NS_PER_S);
    assert_int_equal(pacing_deadline(&pacing, &c, 0), 11 * NS_PER_S);
    assert_int_equal(pacing_deadline(&pacing, &d, 0), 12 * NS_PER_S);
}

static void time_never_goes_back(void **state)
{
    (void)state;
    struct pacing pacing;
    pacing_init(&pacing, speed("1"));
    assert_int_equal(frame(&pacing, 100, 1000), 1000);
    assert_int_equal(frame(&pacing, 200, 0), 1100);
    assert_int_equal(frame(&pacing, 150, 0), 1100);
    assert_int_equal(frame(&pacing, 220, 0), 1120);
    struct record back = at(RECORD_CONFIG, 0, 0);
    assert_int_equal(pacing_deadline(&pacing, &back, 0), 1120);
    assert_int_equal(frame(&pacing, 10, 0), 1130);
}

static void absurd_times_do_not_overflow(void **state)
{
    (void)state;
    struct pacing pacing;
    pacing_init(&pacing, speed("0.001"));
    struct record first = at(RECORD_RECEIVED, INT64_MIN, INT64_MIN);
    struct record last = at(RECORD_CONFIG, INT64_MAX, INT64_MAX);
    assert_int_equal(pacing_deadline(&pacing, &first, 5), 5);
    assert_true(pacing_deadline(&pacing, &last, 5) == INT64_MAX);
    assert_true(pacing_deadline(&pacing, &last, 5) == INT64_MAX);
}

static void restarting_begins_the_time_anew(void **state)
{
    (void)state;
    struct pacing pacing;
    pacing_init(&pacing, speed("2"));
    frame(&pacing, 0, 0);
    frame(&pacing, 100, 0);
    pacing_restart(&pacing);
    assert_int_equal(frame(&pacing, 5000, 77), 77);
    assert_int_equal(frame(&pacing, 5010, 99), 82);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_max_and_factors),
        cmocka_unit_test(refuses_other_speeds),
        cmocka_unit_test(full_speed_never_waits),
        cmocka_unit_test(deadlines_do_not_drift),
        cmocka_unit_test(a_session_is_bridged_by_the_wall_clock),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(absurd_times_do_not_overflow),
        cmocka_unit_test(restarting_begins_the_time_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
