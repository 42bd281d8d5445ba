#include "recorder/wire_set.h"
#include "tests/unit/unit.h"

static struct venue_recording recording;
static const struct venue venue = {.name = "sim", .recording = &recording};
static const struct ws_url url = {.text = "wss://host"};

static struct wire_set *set;
static struct wire_world world;

static void set_up(uint32_t first_connection, size_t queue_bytes)
{
    struct record_queue *queue;
    set = calloc(1, sizeof *set);
    assert_non_null(set);
    wire_set_init(set, first_connection);
    memset(&world, 0, sizeof world);
    buf_init(&world.text, 65536);
    assert_ok(record_queue_new(&queue, queue_bytes));
    assert_ok(capture_feed_init(&world.feed, queue));
}

static void tear_down(void)
{
    wire_set_release(set);
    free(set);
    buf_release(&world.text);
    record_queue_free(world.feed.queue);
    capture_feed_release(&world.feed);
}

static void numbers_count_up_and_leave_out_what_is_in_the_way(void **state)
{
    (void)state;
    struct wire *first, *wire = NULL;
    struct stamp now = {0};
    set_up(0, 65536);
    assert_ok(wire_set_add(set, &venue, &url, &first));
    assert_int_equal(first->connection, 1); /* 0 is no connection */
    for (uint32_t i = 2; i <= WIRE_SET_MAX; i++) {
        assert_ok(wire_set_add(set, &venue, &url, &wire));
        assert_int_equal(wire->connection, i);
        wire->state = WIRE_ENDED;
        wire_set_reap(set, &world, now);
        assert_null(wire_set_find(set, i));
    }
    assert_ok(wire_set_add(set, &venue, &url, &wire));
    assert_int_equal(wire->connection, WIRE_SET_MAX + 2); /* 1 still lives in that place */
    assert_ptr_equal(wire_set_living(set, 1), first);
    assert_null(wire_set_find(set, WIRE_SET_MAX + 1));
    tear_down();
}

static void a_full_set_says_so(void **state)
{
    (void)state;
    struct wire *wire;
    set_up(1, 65536);
    for (size_t i = 0; i < WIRE_SET_MAX; i++)
        assert_ok(wire_set_add(set, &venue, &url, &wire));
    assert_err(ERR_LIMIT, wire_set_add(set, &venue, &url, &wire));
    tear_down();
}

static void an_ended_wire_stays_until_its_losses_are_told(void **state)
{
    (void)state;
    struct wire *wire;
    struct stamp now = {.mono_ns = 5};
    struct record record;
    set_up(1, RECORD_QUEUE_BYTES_MIN);
    assert_ok(wire_set_add(set, &venue, &url, &wire));
    wire->state = WIRE_OPEN;
    while (world.feed.dropped == 0) /* where nothing fits, no gap record does */
        wire_note(wire, &world, RECORD_RECEIVED, now, "", 0);
    wire->state = WIRE_ENDED;
    wire_set_reap(set, &world, now);
    assert_ptr_equal(wire_set_find(set, 1), wire);
    assert_null(wire_set_living(set, 1));
    while (record_queue_peek(world.feed.queue, &record, 0) == QUEUE_RECORD)
        record_queue_pop(world.feed.queue);
    assert_true(wire_set_tell(set, &world, now));
    assert_int_equal(record_queue_peek(world.feed.queue, &record, 0), QUEUE_RECORD);
    assert_int_equal(record.type, RECORD_GAP);
    assert_int_equal(record.connection, 1);
    wire_set_reap(set, &world, now);
    assert_null(wire_set_find(set, 1));
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_count_up_and_leave_out_what_is_in_the_way),
        cmocka_unit_test(a_full_set_says_so),
        cmocka_unit_test(an_ended_wire_stays_until_its_losses_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
