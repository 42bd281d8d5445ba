#include "recorder/subscription_watch.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define SECOND INT64_C(1000000000)

struct fixture {
    struct old_plan plan;
    struct subscription_watch *watch;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct option_list venues = {2, {"binance:BTC-USDT,ETH-USDT", "kraken:BTC-USD"}};
    struct option_list none = {0};
    if (old_plan_make(&f->plan, &venues, &none, &none) != ERR_OK ||
        subscription_watch_new(&f->watch, &f->plan) != ERR_OK)
        return 1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    subscription_watch_free(f->watch);
    old_plan_release(&f->plan);
    free(f);
    return 0;
}

/* A frame that decoded to this came from the venue at second `at`. */
static void see(struct fixture *f, const char *venue, int64_t at, enum venue_frame_kind kind,
                const char *symbol, const char *error)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    frame.kind = kind;
    snprintf(frame.symbol, sizeof frame.symbol, "%s", symbol);
    snprintf(frame.error, sizeof frame.error, "%s", error);
    struct record record = {.type = RECORD_RECEIVED, .venue = venue, .mono_ns = at * SECOND};
    subscription_watch_see(f->watch, &record, &frame);
    venue_frame_release(&frame);
}

static bool all_refused(struct fixture *f, int64_t at)
{
    return subscription_watch_all_refused(f->watch, at * SECOND, NULL);
}

static void all_refused_needs_a_refusal_of_every_venue_and_some_time(void **state)
{
    struct fixture *f = *state;
    const char *text = NULL;
    assert_false(all_refused(f, 1000));
    see(f, "binance", 1, VENUE_ACK, "", "no such stream");
    assert_false(all_refused(f, 1000));
    see(f, "kraken", 5, VENUE_ACK, "BTC/USD", "no such pair");
    assert_false(all_refused(f, 6));
    assert_true(subscription_watch_all_refused(f->watch, 8 * SECOND, &text));
    assert_string_equal(text, "kraken: subscription refused: no such pair");
}

static void one_that_is_accepted_is_enough(void **state)
{
    struct fixture *f = *state;
    see(f, "binance", 1, VENUE_ACK, "", "no such stream");
    see(f, "kraken", 1, VENUE_ACK, "BTC/USD", "no such pair");
    assert_true(all_refused(f, 60));
    see(f, "kraken", 61, VENUE_ACK, "ETH/USD", "");
    assert_false(all_refused(f, 1000));
}

static void data_counts_as_accepted_and_heartbeats_do_not(void **state)
{
    struct fixture *f = *state;
    see(f, "binance", 1, VENUE_ACK, "", "refused");
    see(f, "kraken", 1, VENUE_ACK, "", "refused");
    see(f, "binance", 2, VENUE_HEARTBEAT, "", "");
    see(f, "binance", 2, VENUE_STATUS, "", "");
    see(f, "binance", 2, VENUE_MALFORMED, "", "rubbish");
    assert_true(all_refused(f, 60));
    assert_int_equal(subscription_watch_data_ns(f->watch), 0);
    see(f, "binance", 3, VENUE_TRADES, "BTCUSDT", "");
    assert_false(all_refused(f, 1000));
    assert_int_equal(subscription_watch_data_ns(f->watch), 3 * SECOND);
}

static void frames_are_counted_per_venue(void **state)
{
    struct fixture *f = *state;
    see(f, "binance", 1, VENUE_TRADES, "BTCUSDT", "");
    see(f, "binance", 2, VENUE_OTHER, "", "");
    see(f, "kraken", 3, VENUE_HEARTBEAT, "", "");
    see(f, "elsewhere", 3, VENUE_TRADES, "", "");
    struct record sent = {.type = RECORD_SENT, .venue = "kraken"};
    struct record tick = {.type = RECORD_TICK, .venue = ""};
    subscription_watch_see(f->watch, &sent, NULL);
    subscription_watch_see(f->watch, &tick, NULL);
    assert_int_equal(subscription_watch_frames(f->watch, 0), 2);
    assert_int_equal(subscription_watch_frames(f->watch, 1), 1);
}

/* What is said on stderr while the watch works at second `at`. */
static void work(struct fixture *f, int64_t at, char *said, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    subscription_watch_work(f->watch, at * SECOND);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    said[fread(said, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void an_instrument_that_stays_quiet_is_named_once(void **state)
{
    struct fixture *f = *state;
    char said[1024];
    static const char event[] = "{\"event\":\"open\",\"url\":\"ws://x\"}";
    struct record open = {.type = RECORD_CONNECTION,
                          .venue = "binance",
                          .mono_ns = 10 * SECOND,
                          .data = (const uint8_t *)event,
                          .size = sizeof event - 1};
    subscription_watch_see(f->watch, &open, NULL);
    see(f, "binance", 12, VENUE_TRADES, "btcusdt", ""); /* some feeds write it small */
    work(f, 39, said, sizeof said);
    assert_string_equal(said, "");
    work(f, 40, said, sizeof said);
    assert_non_null(strstr(said, "binance: nothing came for ETH-USDT in 30 s"));
    assert_null(strstr(said, "BTC-USDT"));
    assert_null(strstr(said, "kraken")); /* not connected yet: that is said elsewhere */
    work(f, 400, said, sizeof said);
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_refused_needs_a_refusal_of_every_venue_and_some_time,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_accepted_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(data_counts_as_accepted_and_heartbeats_do_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_instrument_that_stays_quiet_is_named_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(frames_are_counted_per_venue, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
