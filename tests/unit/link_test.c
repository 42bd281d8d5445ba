#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/conductor.h"
#include "recorder/link.h"
#include "tests/unit/unit.h"

/* ---- a transport that only counts ----------------------------------------------------------- */

static unsigned closed;

static enum err net_connect(void *arg, uint32_t connection, const struct ws_url *url)
{
    (void)arg;
    (void)connection;
    (void)url;
    return ERR_OK;
}

static void net_close(void *arg, uint32_t connection, enum close_way way, const char *reason)
{
    (void)arg;
    (void)connection;
    (void)way;
    (void)reason;
    closed++;
}

static const struct transport transport = {net_connect, NULL, net_close, NULL, NULL};
static struct venue_recording recording = {.symbols_max = 10, .age_max_ns = NS_PER_DAY};
static const struct venue venue = {.name = "sim", .recording = &recording};
static const struct ws_url url = {.text = "wss://host"};
static struct shard shard = {.venue = &venue, .url = &url, .redundancy = 1};

static struct wire_world world;
static struct link_counts counts;
static struct link *link;
static struct wire *wires[8];
static size_t wire_count;
static struct stamp now;

static void set_up_link(uint64_t seed)
{
    struct record_queue *queue;
    now = (struct stamp){.mono_ns = 1000 * NS_PER_S};
    closed = 0;
    wire_count = 0;
    counts = (struct link_counts){0};
    memset(&world, 0, sizeof world);
    world.transport = &transport;
    buf_init(&world.text, 65536);
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    assert_ok(capture_feed_init(&world.feed, queue));
    assert_ok(link_new(&link, 1, &shard, NULL, seed));
}

static void tear_down_link(void)
{
    for (size_t i = 0; i < wire_count; i++)
        wire_free(wires[i]);
    link_free(link);
    buf_release(&world.text);
    record_queue_free(world.feed.queue);
    capture_feed_release(&world.feed);
}

/* Puts an open wire on the seat. */
static struct wire *open_on(struct link_seat *seat)
{
    struct wire *wire;
    struct connection_open open = {.url = url.text};
    assert_null(seat->wire);
    assert_ok(wire_new(&wire, &venue, &url, (uint32_t)wire_count + 1));
    wires[wire_count++] = wire;
    wire->link = link;
    seat->wire = wire;
    wire_start(wire, now.mono_ns);
    assert_ok(wire_connect(wire, &world));
    wire_opened(wire, &world, &open, now);
    link_opened(link, wire, now);
    return wire;
}

static void end(struct wire *wire)
{
    (void)wire_closed(wire, &world, now, "cut", link_covers(link, wire));
    link_ended(link, wire, now);
}

static void settle(struct wire *wire)
{
    wire->settled = true;
    wire->settled_ns = now.mono_ns;
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* Of many links each tenth of the span gets about a tenth of the changeovers, none is outside. */
static void ages_are_spread_over_their_span(void **state)
{
    (void)state;
    int tenths[10] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        set_up_link(seed * UINT64_C(0xD1B54A32D192ED03));
        const struct wire *wire = open_on(&link->present);
        int64_t age_ns = wire->renew_ns - now.mono_ns;
        int64_t from_ns = NS_PER_DAY / 100 * 80, to_ns = NS_PER_DAY / 100 * 97;
        assert_in_range(age_ns, from_ns, to_ns);
        assert_true(age_ns <= NS_PER_DAY - 10 * NS_PER_MIN);
        tenths[(age_ns - from_ns) * 10 / (to_ns - from_ns + 1)]++;
        assert_int_equal(link_patience_ns(link), now.mono_ns + NS_PER_DAY - 10 * NS_PER_MIN);
        tear_down_link();
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(tenths[i], 60, 140);
}

static void waits_double_and_a_proven_connection_resets_them(void **state)
{
    (void)state;
    int64_t longest_ns[8] = {0};
    for (uint64_t seed = 0; seed < 300; seed++) {
        set_up_link(seed);
        for (int i = 0; i < 7; i++) {
            end(open_on(&link->present));
            int64_t wait_ns = link->present.due_ns - now.mono_ns;
            assert_true(wait_ns >= 0);
            longest_ns[i] = wait_ns > longest_ns[i] ? wait_ns : longest_ns[i];
        }
        struct wire *wire = open_on(&link->present);
        now.mono_ns += LINK_PROVEN_NS;
        end(wire);
        assert_in_range(link->present.due_ns - now.mono_ns, 0, NS_PER_S / 2);
        tear_down_link();
    }
    static const int64_t expected_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000};
    for (int i = 0; i < 7; i++)
        assert_in_range(longest_ns[i], expected_ms[i] * NS_PER_MS * 9 / 10,
                        expected_ms[i] * NS_PER_MS);
}

static void a_changeover_waits_for_the_overlap(void **state)
{
    (void)state;
    set_up_link(1);
    struct wire *old = open_on(&link->present);
    now.mono_ns += NS_PER_HOUR;
    assert_int_equal(link_work(link, &world, &counts, now), old->renew_ns);
    assert_int_equal(link->successor.due_ns, INT64_MAX);
    link_renew(old, "the venue asks for it", now);
    (void)link_work(link, &world, &counts, now);
    assert_int_equal(link->successor.due_ns, now.mono_ns);
    assert_int_equal(link_patience_ns(link), INT64_MIN);
    struct wire *successor = open_on(&link->successor);
    assert_int_equal(link_replaced_by(link, successor), 1);
    assert_int_equal(link_work(link, &world, &counts, now), now.mono_ns + LINK_SETTLE_NS);
    assert_false(link_covers(link, old));
    settle(successor);
    assert_true(link_covers(link, old));
    assert_int_equal(link_work(link, &world, &counts, now), now.mono_ns + LINK_OVERLAP_NS);
    assert_int_equal(closed, 0);
    now.mono_ns += LINK_OVERLAP_NS;
    (void)link_work(link, &world, &counts, now);
    assert_int_equal(closed, 1);
    assert_ptr_equal(link->present.wire, successor);
    assert_null(link->successor.wire);
    assert_null(old->link);
    assert_true(old->planned);
    assert_int_equal(counts.changeovers, 1);
    tear_down_link();
}

/* A waiting successor takes the place of the old one with no longer a wait than that would have. */
static void the_end_of_the_old_one_makes_the_successor_the_present_one(void **state)
{
    (void)state;
    for (int waiting = 0; waiting < 2; waiting++) {
        set_up_link(3);
        struct wire *old = open_on(&link->present), *successor = NULL;
        now.mono_ns += NS_PER_HOUR;
        link_renew(old, "the venue asks for it", now);
        (void)link_work(link, &world, &counts, now);
        if (waiting)
            link->successor.due_ns = now.mono_ns + 30 * NS_PER_S;
        else
            successor = open_on(&link->successor);
        end(old);
        assert_ptr_equal(link->present.wire, successor);
        assert_null(link->successor.wire);
        assert_int_equal(link->successor.due_ns, INT64_MAX);
        assert_false(link->renewing);
        if (waiting)
            assert_in_range(link->present.due_ns - now.mono_ns, 0, NS_PER_S / 2);
        tear_down_link();
    }
}

static void an_unfit_successor_is_held_until_all_is_carried(void **state)
{
    (void)state;
    set_up_link(1);
    struct wire *old = open_on(&link->present);
    now.mono_ns += NS_PER_HOUR;
    link_renew(old, "what it carries cannot be changed", now);
    (void)link_work(link, &world, &counts, now);
    struct wire *unfit = open_on(&link->successor);
    unfit->lacks = true;
    link_hold_successor(link, &world, now);
    assert_null(link->successor.wire);
    assert_true(link->successor.due_ns < INT64_MAX);
    struct wire *fit = open_on(&link->successor);
    settle(fit);
    assert_int_equal(closed, 0);
    now.mono_ns += LINK_OVERLAP_NS;
    (void)link_work(link, &world, &counts, now);
    assert_int_equal(closed, 2);
    assert_ptr_equal(link->present.wire, fit);
    assert_null(unfit->link);
    assert_int_equal(link->held_count, 0);

    /* One that ends while it is held is just gone. */
    link_renew(fit, "again", now);
    now.mono_ns += NS_PER_HOUR;
    (void)link_work(link, &world, &counts, now);
    unfit = open_on(&link->successor);
    link_hold_successor(link, &world, now);
    end(unfit);
    assert_int_equal(link->held_count, 0);
    assert_ptr_equal(link->present.wire, fit);
    tear_down_link();
}

static int silence_log(void **state)
{
    (void)state;
    log_set_quiet(1);
    log_set_limit(1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages_are_spread_over_their_span),
        cmocka_unit_test(waits_double_and_a_proven_connection_resets_them),
        cmocka_unit_test(a_changeover_waits_for_the_overlap),
        cmocka_unit_test(the_end_of_the_old_one_makes_the_successor_the_present_one),
        cmocka_unit_test(an_unfit_successor_is_held_until_all_is_carried),
    };
    return cmocka_run_group_tests(tests, silence_log, NULL);
}
