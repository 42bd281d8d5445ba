#include "engine/base/time_text.h"
#include "recorder/wire.h"
#include "tests/unit/unit.h"

/* ---- a transport that keeps what it is given ------------------------------------------------ */

static struct {
    enum err result; /* of sending */
    unsigned sent, closed;
    enum close_way way;
    char text[8192], reason[256];
} net;

static enum err net_connect(void *arg, uint32_t connection, const struct ws_url *url)
{
    (void)arg;
    (void)connection;
    (void)url;
    return ERR_OK;
}

static enum err net_send(void *arg, uint32_t connection, const void *data, size_t size)
{
    (void)arg;
    (void)connection;
    if (net.result)
        return err_fail(net.result, "no");
    net.sent++;
    size_t used = strlen(net.text);
    snprintf(net.text + used, sizeof net.text - used, "%.*s;", (int)size, (const char *)data);
    return ERR_OK;
}

static void net_close(void *arg, uint32_t connection, enum close_way way, const char *reason)
{
    (void)arg;
    (void)connection;
    net.closed++;
    net.way = way;
    snprintf(net.reason, sizeof net.reason, "%s", reason);
}

static const struct transport transport = {net_connect, net_send, net_close, NULL, NULL};

/* ---- a venue -------------------------------------------------------------------------------- */

static const struct venue_channel channels[] = {{.name = "trade"}, {.name = "top"}, {0}};
static bool can_leave;

/* One symbol a message. */
static enum err subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    if (change->leave && !can_leave)
        return ERR_UNKNOWN;
    if (index >= change->count)
        return ERR_END;
    buf_clear(out);
    return buf_printf(out, "%c%llu%c%s", change->leave ? '-' : '+',
                      (unsigned long long)(change->first_id + index), change->channel[0],
                      change->symbols[index]);
}

static enum err keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "k%llu", (unsigned long long)number);
}

static enum err respond(const uint8_t *data, size_t size, struct buf *out)
{
    if (size == 0 || data[0] != 't')
        return ERR_END;
    buf_clear(out);
    return buf_printf(out, "r%.*s", (int)size - 1, (const char *)data + 1);
}

static struct venue_recording recording;
static const struct venue venue = {.name = "sim", .recording = &recording};
static const struct ws_url url = {.tls = true, .text = "wss://host/ws"};

static const struct shard_item items[] = {
    {&channels[0], "A"}, {&channels[1], "A"}, {&channels[0], "B"}, {&channels[0], "C"}};

static struct item_span span(size_t first, size_t count)
{
    return (struct item_span){items + first, count};
}

/* ---- the wire ------------------------------------------------------------------------------- */

static struct wire_world world;
static struct wire *wire;
static struct stamp now;

static int set_up(void **state)
{
    (void)state;
    memset(&net, 0, sizeof net);
    can_leave = true;
    recording = (struct venue_recording){.symbols_max = 3,
                                         .send_gap_ns = NS_PER_S,
                                         .silence_ns = NS_PER_MIN,
                                         .subscribe = subscribe,
                                         .respond = respond};
    now = (struct stamp){.wall_ns = 5 * NS_PER_DAY, .mono_ns = 1000 * NS_PER_S};
    struct record_queue *queue;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    memset(&world, 0, sizeof world);
    world.transport = &transport;
    buf_init(&world.text, RECORD_DATA_MAX);
    assert_ok(capture_feed_init(&world.feed, queue));
    assert_ok(wire_new(&wire, &venue, &url, 7));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wire_free(wire);
    buf_release(&world.text);
    record_queue_free(world.feed.queue);
    capture_feed_release(&world.feed);
    return 0;
}

static void open_with(struct item_span wanted)
{
    struct connection_open open = {.url = url.text, .link = 1, .wanted = wanted};
    wire_start(wire, now.mono_ns);
    assert_ok(wire_connect(wire, &world));
    wire_opened(wire, &world, &open, now);
}

/* Works for so long, at the times that it asks for. */
static void work_for(int64_t span_ns)
{
    int64_t until_ns = now.mono_ns + span_ns;
    while (now.mono_ns < until_ns) {
        int64_t due_ns = wire_work(wire, &world, now);
        due_ns = due_ns > now.mono_ns ? due_ns : now.mono_ns + 1;
        due_ns = due_ns < until_ns ? due_ns : until_ns;
        now.wall_ns += due_ns - now.mono_ns;
        now.mono_ns = due_ns;
    }
    (void)wire_work(wire, &world, now);
}

static void ids_count_up_over_all_changes(void **state)
{
    (void)state;
    open_with(span(0, 3));
    work_for(10 * NS_PER_S);
    assert_string_equal(net.text, "+1tA;+2tB;+3tA;");
    assert_true(wire_has_asked(wire));
    assert_true(wire_change(wire, &world, span(3, 1), span(2, 1), now));
    assert_false(wire_has_asked(wire));
    work_for(10 * NS_PER_S);
    assert_string_equal(net.text, "+1tA;+2tB;+3tA;-4tB;+5tC;");
}

static void what_has_no_room_is_lacking(void **state)
{
    (void)state;
    can_leave = false;
    open_with(span(0, 3));
    work_for(10 * NS_PER_S);
    assert_false(wire_change(wire, &world, (struct item_span){0}, span(2, 1), now));
    assert_false(wire->lacks); /* it carries more than is wanted */
    assert_false(wire_change(wire, &world, span(3, 1), (struct item_span){0}, now));
    assert_true(wire->lacks);
    work_for(10 * NS_PER_S);
    assert_int_equal(net.sent, 3);
}

/* The watch does not know of it, so it would never take it as settled. */
static void a_change_that_is_not_on_the_tape_asks_for_another_wire(void **state)
{
    (void)state;
    static const char filler[4096];
    open_with(span(0, 3));
    while (wire->drops.total == 0)
        wire_note(wire, &world, RECORD_SENT, now, filler, sizeof filler);
    while (wire->drops.total < 100)
        wire_note(wire, &world, RECORD_SENT, now, filler, 16);
    assert_false(wire_change(wire, &world, span(3, 1), span(2, 1), now));
    assert_false(wire->lacks); /* it is asked for all the same */
}

static void a_change_waits_for_the_changes_before_it(void **state)
{
    (void)state;
    open_with(span(0, 2));
    assert_true(wire_change(wire, &world, (struct item_span){0}, span(0, 1), now));
    assert_true(wire_change(wire, &world, span(0, 1), (struct item_span){0}, now));
    work_for(20 * NS_PER_S);
    assert_string_equal(net.text, "+1tA;+2tA;-3tA;+4tA;");
}

static void changes_without_end_ask_for_another_wire(void **state)
{
    (void)state;
    int done = 0;
    recording.symbols_max = 1000000;
    open_with(span(0, 1));
    while (done < 100000 && wire_change(wire, &world, span(3, 1), span(3, 1), now))
        done++;
    assert_in_range(done, 50, WIRE_CHANGES_MAX);
    assert_true(wire->lacks);
}

static void only_the_newest_test_is_answered(void **state)
{
    (void)state;
    open_with(span(0, 1));
    (void)wire_work(wire, &world, now); /* +1tA; the next in a second */
    assert_true(wire_message(wire, &world, now, "t1", 2, false));
    assert_true(wire_message(wire, &world, now, "t2", 2, false));
    assert_false(wire_message(wire, &world, now, "data", 4, false));
    work_for(10 * NS_PER_S);
    assert_string_equal(net.text, "+1tA;r2;");
}

static void tests_without_end_do_not_hold_up_the_rest(void **state)
{
    (void)state;
    wire->keepalive_ns = 4 * NS_PER_S;
    recording.keepalive = keepalive;
    open_with(span(0, 3));
    for (int i = 0; i < 9; i++) {
        (void)wire_message(wire, &world, now, "tx", 2, false);
        work_for(NS_PER_S);
    }
    assert_string_equal(net.text, "rx;+1tA;rx;+2tB;rx;k0;rx;+3tA;rx;k1;");
}

static void a_message_that_is_not_taken_stays_the_next(void **state)
{
    (void)state;
    net.result = ERR_LIMIT;
    open_with(span(0, 2));
    work_for(5 * NS_PER_S);
    assert_int_equal(net.sent, 0);
    assert_int_equal(net.closed, 0);
    net.result = ERR_OK;
    work_for(5 * NS_PER_S);
    assert_string_equal(net.text, "+1tA;+2tA;");
}

static void a_wire_that_cannot_send_is_closed(void **state)
{
    (void)state;
    net.result = ERR_NET;
    open_with(span(0, 2));
    work_for(5 * NS_PER_S);
    assert_int_equal(net.closed, 1);
    assert_int_equal(net.way, CLOSE_AT_ONCE);
    assert_string_equal(net.reason, "cannot send: no");
    assert_true(wire_closed(wire, &world, now, "gone", false)); /* may have a hole */
    assert_int_equal(wire->state, WIRE_ENDED);
    assert_string_equal(wire->reason, "cannot send: no");
}

static void closing_before_it_is_open(void **state)
{
    (void)state;
    wire_start(wire, now.mono_ns);
    wire_close(wire, &world, CLOSE_POLITE, "not wanted", true);
    assert_int_equal(wire->state, WIRE_ENDED); /* the transport never heard of it */
    assert_int_equal(net.closed, 0);
}

static void silence_ends_it_and_any_sign_of_life_does_not(void **state)
{
    (void)state;
    open_with(span(0, 1));
    work_for(50 * NS_PER_S);
    wire_too_large(wire, &world, now);
    work_for(59 * NS_PER_S);
    assert_int_equal(net.closed, 0);
    work_for(NS_PER_S);
    assert_int_equal(net.closed, 1);
    assert_int_equal(net.way, CLOSE_AT_ONCE);
    assert_string_equal(net.reason, "nothing came for 1m");
    assert_int_equal(world.feed.dropped, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids_count_up_over_all_changes),
        TEST(what_has_no_room_is_lacking),
        TEST(a_change_that_is_not_on_the_tape_asks_for_another_wire),
        TEST(a_change_waits_for_the_changes_before_it),
        TEST(changes_without_end_ask_for_another_wire),
        TEST(only_the_newest_test_is_answered),
        TEST(tests_without_end_do_not_hold_up_the_rest),
        TEST(a_message_that_is_not_taken_stays_the_next),
        TEST(a_wire_that_cannot_send_is_closed),
        TEST(closing_before_it_is_open),
        TEST(silence_ends_it_and_any_sign_of_life_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
