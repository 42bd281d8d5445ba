#include "recorder/capture_feed.h"
#include "tests/unit/unit.h"

static struct record_queue *queue;
static struct capture_feed feed;

static int set_up(void **state)
{
    (void)state;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    assert_ok(capture_feed_init(&feed, queue));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    capture_feed_release(&feed);
    record_queue_free(queue);
    return 0;
}

static void push(const struct feed_source *source, int64_t mono_ns, size_t size)
{
    static const uint8_t data[8192];
    struct stamp stamp = {.wall_ns = mono_ns + 7, .mono_ns = mono_ns};
    capture_feed_push(&feed, source, RECORD_RECEIVED, 0, stamp, data, size);
}

static struct record take(void)
{
    struct record record;
    assert_int_equal(record_queue_peek(queue, &record, 0), QUEUE_RECORD);
    record_queue_pop(queue);
    return record;
}

static bool is_empty(void)
{
    struct record record;
    return record_queue_peek(queue, &record, 0) == QUEUE_EMPTY;
}

static void monotonic_time_never_goes_back(void **state)
{
    (void)state;
    struct capture_drops drops = {0};
    struct feed_source source = {"sim", 3, &drops};
    push(&source, 100, 1);
    push(&source, 90, 1);
    push(&source, 110, 1);
    assert_int_equal(take().mono_ns, 100);
    struct record late = take();
    assert_int_equal(late.mono_ns, 100);
    assert_int_equal(late.wall_ns, 97); /* the wall clock says what it said */
    assert_int_equal(late.connection, 3);
    assert_string_equal(late.venue, "sim");
    assert_int_equal(take().mono_ns, 110);
}

static void ticks_come_only_in_silence(void **state)
{
    (void)state;
    struct capture_drops drops = {0};
    struct feed_source source = {"sim", 3, &drops};
    struct stamp now = {.mono_ns = 1000};
    assert_int_equal(capture_feed_tick(&feed, now), 1000 + CAPTURE_TICK_NS);
    push(&source, 2000, 1);
    (void)take();
    now.mono_ns = 1000 + CAPTURE_TICK_NS;
    assert_int_equal(capture_feed_tick(&feed, now), 2000 + CAPTURE_TICK_NS);
    assert_true(is_empty());
    now.mono_ns = 2000 + CAPTURE_TICK_NS;
    assert_int_equal(capture_feed_tick(&feed, now), now.mono_ns + CAPTURE_TICK_NS);
    struct record tick = take();
    assert_int_equal(tick.type, RECORD_TICK);
    assert_int_equal(tick.mono_ns, now.mono_ns);
    assert_string_equal(tick.venue, "");
    assert_int_equal(tick.size, 0);
    assert_true(is_empty());
}

/* Each venue's losses are told under its own name. */
static void losses_of_venues_are_kept_apart(void **state)
{
    (void)state;
    struct feed_source one = capture_feed_venue(&feed, "one", 0);
    struct feed_source two = capture_feed_venue(&feed, "two", 0);
    struct feed_source again = capture_feed_venue(&feed, "one", 9);
    struct stamp now = {.mono_ns = 50};
    uint64_t pushed = 0;
    assert_ptr_equal(one.drops, again.drops);
    assert_int_equal(again.connection, 9);
    while (feed.dropped == 0) { /* where nothing fits, no gap record does */
        push(&one, 10, 0);
        pushed++;
    }
    push(&two, 11, 0);
    push(&again, 12, 0);
    assert_int_equal(feed.dropped, 3);
    for (uint64_t i = 1; i < pushed; i++)
        (void)take();
    assert_true(is_empty());
    assert_true(capture_feed_tell_venues(&feed, now));
    struct record gap = take();
    assert_int_equal(gap.type, RECORD_GAP);
    assert_string_equal(gap.venue, "one");
    assert_non_null(memmem(gap.data, gap.size, "\"count\":2", 9));
    gap = take();
    assert_string_equal(gap.venue, "two");
    assert_non_null(memmem(gap.data, gap.size, "\"count\":1", 9));
    assert_true(is_empty());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(monotonic_time_never_goes_back),
        TEST(ticks_come_only_in_silence),
        TEST(losses_of_venues_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
