#include "engine/base/time_text.h"
#include "replayer/replay_report.h"
#include "tests/unit/unit.h"

static void nothing_wrong_is_nothing_said(void **state)
{
    (void)state;
    char text[REPLAY_REPORT_MAX];
    struct engine_stats stats = {
        .records = 10, .frames = 9, .trades = 8, .counted = 8, .duplicates = 1};
    assert_false(replay_report_troubles(text, &stats));
    assert_string_equal(text, "");
}

static void troubles_are_counted_in_words(void **state)
{
    (void)state;
    char text[REPLAY_REPORT_MAX];
    struct engine_stats stats = {.malformed = 1, .missing = 2, .lost_late = 1, .gap_records = 7};
    assert_true(replay_report_troubles(text, &stats));
    assert_string_equal(text,
                        "1 malformed frame, 7 records lost while recording, 2 missing trades, "
                        "1 trade too late for any candle");
}

static void what_is_refused_and_what_is_suspect_has_counters_of_its_own(void **state)
{
    (void)state;
    char text[REPLAY_REPORT_MAX];
    struct engine_stats stats = {.dropped = 1, .oversized = 2, .time_unit = 3, .absurd_time = 1};
    assert_true(replay_report_troubles(text, &stats));
    assert_string_equal(text, "1 dropped frame, 2 trades too large for their bars, "
                              "3 trades with a time in another unit, 1 trade with an absurd time");
    stats = (struct engine_stats){.bad_price = 1, .bad_size = 4};
    assert_true(replay_report_troubles(text, &stats));
    assert_string_equal(text, "1 trade without a price above 0, 4 trades without a size above 0");
    stats = (struct engine_stats){.suspect_time = 1,
                                  .suspect_price = 2,
                                  .suspect_size = 1,
                                  .suspect_excluded = 3,
                                  .clock_steps = 1};
    assert_true(replay_report_troubles(text, &stats));
    assert_string_equal(text, "1 suspect time, 2 suspect prices, 1 suspect size, "
                              "3 suspect trades left out, 1 step of the recorder's clock");
}

static void the_summary_says_what_was_read_and_how_fast(void **state)
{
    (void)state;
    char text[REPLAY_REPORT_MAX];
    struct engine_stats stats = {.records = 50000, .counted = 1, .duplicates = 2, .late = 1};
    replay_report_summary(text, &stats, 3, 2 * NS_PER_S + NS_PER_S / 20);
    assert_string_equal(text, "50000 records, 1 trade, 3 candles in 2.05 s (24 k records/s); "
                              "2 duplicates, 1 late trade");
    stats = (struct engine_stats){.records = 0};
    replay_report_summary(text, &stats, 0, 0);
    assert_string_equal(text, "0 records, 0 trades, 0 candles in 0.00 s (0 records/s)");
}

static void losses_say_where_and_what(void **state)
{
    (void)state;
    char text[REPLAY_REPORT_MAX];
    struct tape_loss loss = {.file = "00000002.rwk.zst",
                             .offset = 4096,
                             .size = 300,
                             .first_seq = 7,
                             .last_seq = 9,
                             .missing = 3,
                             .reason = "checksum is wrong"};
    replay_report_loss(text, &loss);
    assert_string_equal(
        text, "00000002.rwk.zst at byte 4096: 300 bytes cannot be used: checksum is wrong; "
              "records 7 to 9 are missing");
    loss.last_seq = 7;
    loss.missing = 1;
    loss.size = 0;
    replay_report_loss(text, &loss);
    assert_string_equal(text,
                        "00000002.rwk.zst at byte 4096: checksum is wrong; record 7 is missing");
    loss.first_seq = loss.last_seq = loss.missing = 0;
    replay_report_loss(text, &loss);
    assert_string_equal(text, "00000002.rwk.zst at byte 4096: checksum is wrong");
}

/* Texts are cut, never written over their end. */
static void the_largest_numbers_fit(void **state)
{
    (void)state;
    char text[REPLAY_REPORT_MAX + 1];
    struct engine_stats stats;
    memset(&stats, 0xff, sizeof stats);
    text[REPLAY_REPORT_MAX] = '!';
    assert_true(replay_report_troubles(text, &stats));
    assert_true(strlen(text) < REPLAY_REPORT_MAX - 1); /* nothing was cut */
    replay_report_summary(text, &stats, UINT64_MAX, INT64_MAX);
    assert_true(strlen(text) < REPLAY_REPORT_MAX);
    struct tape_loss loss = {.offset = UINT64_MAX,
                             .size = UINT64_MAX,
                             .first_seq = UINT64_MAX - 1,
                             .last_seq = UINT64_MAX,
                             .missing = 1};
    memset(loss.file, 'f', sizeof loss.file - 1);
    memset(loss.reason, 'r', sizeof loss.reason - 1);
    replay_report_loss(text, &loss);
    assert_true(strlen(text) < REPLAY_REPORT_MAX);
    assert_int_equal(text[REPLAY_REPORT_MAX], '!');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_wrong_is_nothing_said),
        cmocka_unit_test(troubles_are_counted_in_words),
        cmocka_unit_test(what_is_refused_and_what_is_suspect_has_counters_of_its_own),
        cmocka_unit_test(the_summary_says_what_was_read_and_how_fast),
        cmocka_unit_test(losses_say_where_and_what),
        cmocka_unit_test(the_largest_numbers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
