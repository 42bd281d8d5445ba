#include "engine/base/time_text.h"
#include "replayer/replay_progress.h"
#include "tests/unit/unit.h"

static void assert_line(const char *expected, struct replay_amount amount, int64_t elapsed_ns)
{
    char text[REPLAY_PROGRESS_TEXT_MAX];
    replay_progress_format(text, "replay", amount, elapsed_ns);
    assert_string_equal(text, expected);
}

static void shows_share_rate_and_time_left(void **state)
{
    (void)state;
    assert_line("replay  25% [#####...............]  500 k records/s, 0:06 left",
                (struct replay_amount){.done = 250, .total = 1000, .records = 1000000},
                2 * NS_PER_S);
    assert_line("replay 100% [####################]  12 records/s, 0:00 left",
                (struct replay_amount){.done = 7, .total = 7, .records = 12}, NS_PER_S);
    assert_line("replay   0% [....................]  12.3 M records/s, 2:46:39 left",
                (struct replay_amount){.done = 1, .total = 10000, .records = 12345678}, NS_PER_S);
}

static void says_less_when_less_is_known(void **state)
{
    (void)state;
    assert_line("replay  100 records/s", (struct replay_amount){.done = 5, .records = 100},
                NS_PER_S);
    assert_line("replay   0% [....................]  0 records/s",
                (struct replay_amount){.total = 1000}, 0);
    /* A growing tape: what was read may exceed what there was in the beginning. */
    assert_line("replay  1 records/s", (struct replay_amount){.done = 5, .total = 4, .records = 1},
                NS_PER_S);
}

static void survives_absurd_numbers(void **state)
{
    (void)state;
    char text[REPLAY_PROGRESS_TEXT_MAX];
    struct replay_amount amount = {.done = 1, .total = UINT64_MAX, .records = UINT64_MAX};
    replay_progress_format(text, "replay", amount, INT64_MAX);
    assert_non_null(strstr(text, "replay   0% ["));
    replay_progress_format(text, "replay", amount, 1);
    assert_true(strlen(text) < REPLAY_PROGRESS_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_share_rate_and_time_left),
        cmocka_unit_test(says_less_when_less_is_known),
        cmocka_unit_test(survives_absurd_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
