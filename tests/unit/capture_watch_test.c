/* capture_watch: records in, orders and health out; with a scripted venue. */
#include "tests/unit/unit.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/capture_watch.h"
#include "tests/unit/repair_source.h"

#define START_NS (INT64_C(1700000000) * 1000000000)
#define ORDERS   64

struct bench {
    struct source source;
    struct capture_watch *watch;
    struct venue_frame frame;
    struct stamp now;
    size_t order_count;
    struct order orders[ORDERS];
    bool full;
};

static enum err give(const struct order *order, void *arg)
{
    struct bench *bench = arg;
    if (bench->full)
        return err_fail(ERR_LIMIT, "full");
    assert_true(bench->order_count < ORDERS);
    bench->orders[bench->order_count++] = *order;
    return ERR_OK;
}

static struct bench *open_bench(enum venue_ids ids, enum venue_ack ack)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    log_set_quiet(1);
    source_init(&bench->source, ids, true, false);
    bench->source.recording.ack = ack;
    bench->source.recording.greets = true;
    bench->now = (struct stamp){START_NS, NS_PER_S};
    venue_frame_init(&bench->frame);
    struct capture_watch_options options = {
        .plan = &bench->source.plan, .give = give, .give_arg = bench};
    assert_ok(capture_watch_new(&bench->watch, &options));
    return bench;
}

static void close_bench(struct bench *bench)
{
    capture_watch_free(bench->watch);
    venue_frame_release(&bench->frame);
    free(bench);
}

static struct record record_of(const struct bench *bench, enum record_type type,
                               uint32_t connection, const char *data)
{
    return (struct record){.seq = 1,
                           .type = type,
                           .venue = "testing",
                           .connection = connection,
                           .wall_ns = bench->now.wall_ns,
                           .mono_ns = bench->now.mono_ns,
                           .source_ns = RECORD_NO_TIME,
                           .data = (const uint8_t *)data,
                           .size = strlen(data)};
}

static void see(struct bench *bench, enum record_type type, uint32_t connection, const char *data,
                const struct venue_frame *frame)
{
    struct record record = record_of(bench, type, connection, data);
    assert_ok(capture_watch_see(bench->watch, &record, frame));
}

static void event(struct bench *bench, uint32_t connection, const char *json)
{
    see(bench, RECORD_CONNECTION, connection, json, NULL);
}

static void clear_frame(struct bench *bench, enum venue_frame_kind kind, const char *symbol)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = kind;
    snprintf(bench->frame.symbol, SYMBOL_MAX, "%s", symbol);
}

static void receive(struct bench *bench, uint32_t connection)
{
    see(bench, RECORD_RECEIVED, connection, "{}", &bench->frame);
}

static void ack(struct bench *bench, uint32_t connection, const char *symbol, const char *error)
{
    clear_frame(bench, VENUE_ACK, symbol);
    snprintf(bench->frame.error, VENUE_ERROR_MAX, "%s", error);
    receive(bench, connection);
}

static void fill_trade(struct bench *bench, const char *symbol, uint64_t id, uint32_t flags)
{
    struct trade *out;
    assert_ok(venue_frame_add(&bench->frame, &out));
    snprintf(out->symbol, SYMBOL_MAX, "%s", symbol);
    out->has_id = true;
    out->id = out->first_id = out->last_id = id;
    out->count = 1;
    out->price.mantissa = out->quantity.mantissa = 1;
    out->source_ns = bench->now.wall_ns;
    out->flags = flags;
}

static void trade(struct bench *bench, uint32_t connection, const char *symbol, uint64_t id)
{
    clear_frame(bench, VENUE_TRADES, symbol);
    snprintf(bench->frame.channel, CHANNEL_MAX, "trade");
    fill_trade(bench, symbol, id, 0);
    receive(bench, connection);
}

static void pass(struct bench *bench, int64_t ns)
{
    bench->now.wall_ns += ns;
    bench->now.mono_ns += ns;
    capture_watch_work(bench->watch, bench->now);
}

static size_t count_orders(const struct bench *bench, enum order_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < bench->order_count; i++)
        count += bench->orders[i].kind == kind;
    return count;
}

static const struct order *last_order(const struct bench *bench, enum order_kind kind)
{
    for (size_t i = bench->order_count; i-- > 0;)
        if (bench->orders[i].kind == kind)
            return &bench->orders[i];
    fail_msg("no such order");
    return NULL;
}

static struct watch_venue venue_of(struct bench *bench)
{
    struct watch_venue out;
    assert_int_equal(capture_watch_venue_count(bench->watch), 1);
    capture_watch_venue(bench->watch, 0, bench->now, &out);
    return out;
}

#define OPEN(link)                                                                                 \
    "{\"event\":\"open\",\"url\":\"wss://x\",\"link\":" #link                                      \
    ",\"wanted\":{\"trade\":[\"AAA\",\"BBB\"]}}"
#define REPLACES(link, connection)                                                                 \
    "{\"event\":\"open\",\"url\":\"wss://x\",\"link\":" #link ",\"replaces\":" #connection         \
    ",\"wanted\":{\"trade\":[\"AAA\",\"BBB\"]}}"
#define LOST    "{\"event\":\"close\",\"reason\":\"cut\",\"planned\":false}"
#define PLANNED "{\"event\":\"close\",\"reason\":\"done\",\"planned\":true}"

static void test_greeting_and_settling_are_ordered_once(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    assert_int_equal(venue_of(bench).health, HEALTH_DOWN);
    event(bench, 5, OPEN(1));
    for (int i = 0; i < 2; i++) {
        clear_frame(bench, VENUE_STATUS, "");
        receive(bench, 5);
    }
    assert_int_equal(count_orders(bench, ORDER_GREETED), 1);
    ack(bench, 5, "AAA", "");
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 0);
    assert_int_equal(venue_of(bench).health, HEALTH_DOWN);
    bench->full = true;
    ack(bench, 5, "BBB", "");
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 0);
    bench->full = false;
    pass(bench, NS_PER_S);
    pass(bench, NS_PER_S);
    trade(bench, 5, "AAA", 1);
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 1);
    assert_int_equal(last_order(bench, ORDER_SETTLED)->connection, 5);
    struct watch_venue venue = venue_of(bench);
    assert_int_equal(venue.health, HEALTH_UP);
    assert_string_equal(venue.why, "");
    assert_int_equal(venue.trades, 1);
    assert_int_equal(venue.connection_count, 1);
    assert_int_equal(venue.connections[0].connection, 5);
    assert_int_equal(venue.connections[0].link, 1);
    assert_int_equal(venue.connections[0].wanted, 2);
    assert_int_equal(venue.connections[0].confirmed, 2);
    assert_int_equal(venue.connections[0].frames, 5);
    assert_int_equal(venue.connections[0].frames_per_min, 5);
    close_bench(bench);
}

static void test_refusals_degrade_and_all_refused_is_known(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    const char *text = NULL;
    event(bench, 1, OPEN(1));
    ack(bench, 1, "AAA", "unknown pair");
    assert_false(capture_watch_all_refused(bench->watch, bench->now.mono_ns, &text));
    pass(bench, 3 * NS_PER_S);
    assert_true(capture_watch_all_refused(bench->watch, bench->now.mono_ns, &text));
    assert_non_null(strstr(text, "unknown pair"));
    ack(bench, 1, "BBB", "");
    assert_false(capture_watch_all_refused(bench->watch, bench->now.mono_ns, &text));
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 1);
    struct watch_venue venue = venue_of(bench);
    assert_int_equal(venue.health, HEALTH_DEGRADED);
    assert_non_null(strstr(venue.why, "refused"));
    assert_int_equal(venue.refused, 1);
    close_bench(bench);
}

static void settle(struct bench *bench, uint32_t connection)
{
    ack(bench, connection, "AAA", "");
    ack(bench, connection, "BBB", "");
}

static void test_a_silent_stream_is_renewed_with_patience(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    for (uint64_t id = 1; id <= 200; id++) {
        trade(bench, 1, "AAA", id);
        pass(bench, 2 * NS_PER_S);
    }
    pass(bench, 33 * NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 0);
    clear_frame(bench, VENUE_HEARTBEAT, "");
    receive(bench, 1); /* is no data */
    pass(bench, 3 * NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 1);
    assert_string_equal(last_order(bench, ORDER_RENEW)->text,
                        "no 'trade' for 38 s, usually at most 2 s");
    assert_int_equal(venue_of(bench).health, HEALTH_DEGRADED);
    /* the next ones after 5 min, 10 min, 20 min */
    static const int64_t waits[] = {5, 10, 20, 40, 80, 160, 320, 360, 360};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        pass(bench, waits[i] * NS_PER_MIN - NS_PER_S);
        assert_int_equal(count_orders(bench, ORDER_RENEW), i + 1);
        pass(bench, 2 * NS_PER_S);
        assert_int_equal(count_orders(bench, ORDER_RENEW), i + 2);
    }
    close_bench(bench);
}

static void test_a_stream_that_gives_nothing_is_renewed(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    pass(bench, 5 * NS_PER_MIN - NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 0);
    pass(bench, 2 * NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 1);
    /* its successor does no better */
    event(bench, 2, OPEN(1));
    settle(bench, 2);
    event(bench, 1, PLANNED);
    pass(bench, 5 * NS_PER_MIN + NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 2);
    event(bench, 3, OPEN(1));
    settle(bench, 3);
    event(bench, 2, PLANNED);
    pass(bench, 6 * NS_PER_MIN);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 2);
    pass(bench, 5 * NS_PER_MIN);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 3);
    close_bench(bench);
}

static void test_a_stream_that_gave_little_is_renewed(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    trade(bench, 1, "AAA", 1);
    pass(bench, NS_PER_MIN);
    trade(bench, 1, "AAA", 2);
    pass(bench, 8 * NS_PER_MIN - NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 0);
    pass(bench, 2 * NS_PER_S); /* five minutes and three times the longest silence */
    assert_int_equal(count_orders(bench, ORDER_RENEW), 1);
    close_bench(bench);
}

static void test_a_stream_that_is_never_acknowledged_is_renewed(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    pass(bench, 2 * NS_PER_MIN); /* overdue */
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 0);
    assert_int_equal(venue_of(bench).health, HEALTH_DOWN);
    pass(bench, 5 * NS_PER_MIN + NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 1);
    close_bench(bench);
}

static void test_the_venue_asks_for_a_new_connection(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    for (int i = 0; i < 3; i++) {
        clear_frame(bench, VENUE_STATUS, "");
        bench->frame.reconnect = true;
        receive(bench, 1);
    }
    assert_int_equal(count_orders(bench, ORDER_RENEW), 1);
    assert_string_equal(last_order(bench, ORDER_RENEW)->text, "the venue asks for it");
    close_bench(bench);
}

static void test_a_reconnect_is_a_hole_and_a_changeover_is_not(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    trade(bench, 1, "AAA", 10);
    /* changeover */
    event(bench, 2, REPLACES(1, 1));
    assert_int_equal(venue_of(bench).health, HEALTH_UP); /* the old one carries on */
    settle(bench, 2);
    event(bench, 1, PLANNED);
    pass(bench, NS_PER_MIN);
    assert_int_equal(count_orders(bench, ORDER_FETCH), 0);
    assert_int_equal(venue_of(bench).health, HEALTH_UP);
    assert_int_equal(venue_of(bench).reconnects, 0);
    /* cut */
    event(bench, 2, LOST);
    assert_int_equal(venue_of(bench).health, HEALTH_DOWN);
    event(bench, 3, "{\"event\":\"error\",\"reason\":\"refused\"}");
    assert_int_equal(venue_of(bench).errors, 1);
    assert_string_equal(venue_of(bench).why, "cannot connect");
    pass(bench, NS_PER_MIN);
    event(bench, 4, OPEN(1));
    settle(bench, 4);
    pass(bench, 3 * NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_FETCH), 1);
    assert_non_null(strstr(last_order(bench, ORDER_FETCH)->text, "/trades?s=AAA&f=11&"));
    assert_int_equal(venue_of(bench).health, HEALTH_DEGRADED);
    assert_int_equal(venue_of(bench).reconnects, 1);
    close_bench(bench);
}

static void test_answers_reach_the_repair(void **state)
{
    (void)state;
    char http[ORDER_TEXT_MAX + 128];
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    trade(bench, 1, "AAA", 10);
    trade(bench, 1, "AAA", 13);
    pass(bench, 3 * NS_PER_S);
    snprintf(http, sizeof http,
             "{\"method\":\"GET\",\"url\":\"https://rest.test%s\",\"status\":200}\n[]",
             last_order(bench, ORDER_FETCH)->text);
    clear_frame(bench, VENUE_TRADES, "AAA");
    fill_trade(bench, "AAA", 11, TRADE_BACKFILL);
    fill_trade(bench, "AAA", 12, TRADE_BACKFILL);
    see(bench, RECORD_HTTP, 0, http, &bench->frame);
    struct watch_venue venue = venue_of(bench);
    assert_int_equal(venue.repair.open, 0);
    assert_int_equal(venue.repair.filled, 2);
    assert_int_equal(venue.repair.fetched, 2);
    close_bench(bench);
}

static void test_redundant_connections_leave_no_hole(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_OPAQUE, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    event(bench, 2, OPEN(2));
    settle(bench, 1);
    settle(bench, 2);
    trade(bench, 1, "AAA", 77);
    event(bench, 1, LOST);
    assert_int_equal(venue_of(bench).health, HEALTH_DEGRADED);
    pass(bench, NS_PER_MIN);
    event(bench, 3, OPEN(1));
    settle(bench, 3);
    pass(bench, NS_PER_MIN);
    assert_int_equal(count_orders(bench, ORDER_FETCH), 0);
    assert_int_equal(count_orders(bench, ORDER_NOTE), 0);
    assert_int_equal(venue_of(bench).health, HEALTH_UP);
    close_bench(bench);
}

static void test_the_end_of_a_session_is_no_hole(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_OPAQUE, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    event(bench, 2, OPEN(2));
    settle(bench, 1);
    settle(bench, 2);
    trade(bench, 1, "AAA", 77);
    event(bench, 1, PLANNED);
    event(bench, 2, PLANNED);
    pass(bench, NS_PER_MIN);
    assert_int_equal(venue_of(bench).repair.holes, 0);
    assert_int_equal(venue_of(bench).connection_count, 0);
    close_bench(bench);
}

static void test_messages_lost_in_the_queue_are_a_hole_where_ids_do_not_show_it(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_ASCENDING, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    trade(bench, 1, "AAA", 5);
    pass(bench, NS_PER_S);
    see(bench, RECORD_GAP, 1,
        "{\"reason\":\"queue "
        "full\",\"count\":9,\"frames\":8,\"first_wall_ns\":1,\"last_wall_ns\":2}",
        NULL);
    trade(bench, 1, "AAA", 50);
    assert_int_equal(venue_of(bench).repair.holes, 2); /* and BBB, of which nothing is known */
    pass(bench, 3 * NS_PER_S);
    assert_int_equal(count_orders(bench, ORDER_FETCH), 1);
    close_bench(bench);
}

static void test_an_end_that_was_lost_in_the_queue_is_noticed(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_ASCENDING, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    trade(bench, 1, "AAA", 5);
    /* 1 has ended, and 2 stands in its place; then 2 ends too */
    event(bench, 2, OPEN(1));
    settle(bench, 2);
    assert_int_equal(venue_of(bench).connection_count, 1);
    assert_int_equal(venue_of(bench).reconnects, 1);
    assert_int_equal(venue_of(bench).repair.holes, 2);
    event(bench, 2, LOST);
    assert_int_equal(venue_of(bench).health, HEALTH_DOWN);
    /* another link's are left alone */
    event(bench, 3, OPEN(2));
    settle(bench, 3);
    event(bench, 4, OPEN(1));
    settle(bench, 4);
    assert_int_equal(venue_of(bench).connection_count, 2);
    assert_int_equal(venue_of(bench).reconnects, 2);
    close_bench(bench);
}

static void test_a_connection_whose_beginning_was_lost_is_replaced(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_ASCENDING, ACK_SYMBOL);
    for (int i = 0; i < 3; i++)
        trade(bench, 7, "AAA", 5 + (uint64_t)i);
    assert_int_equal(count_orders(bench, ORDER_RENEW), 1);
    assert_int_equal(last_order(bench, ORDER_RENEW)->connection, 7);
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 0);
    assert_int_equal(venue_of(bench).health, HEALTH_DOWN);
    event(bench, 8, REPLACES(1, 7));
    settle(bench, 8);
    assert_int_equal(venue_of(bench).health, HEALTH_UP);
    assert_int_equal(venue_of(bench).connection_count, 2);
    /* its end may be lost as well */
    event(bench, 9, REPLACES(1, 8));
    assert_int_equal(venue_of(bench).connection_count, 2);
    /* one that ends before it was replaced leaves nothing behind */
    trade(bench, 20, "AAA", 9);
    event(bench, 20, LOST);
    assert_int_equal(venue_of(bench).connection_count, 2);
    close_bench(bench);
}

static void test_what_an_older_session_had_is_a_hole_until_it_is_carried_again(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_ASCENDING, ACK_SYMBOL);
    struct record record = record_of(bench, RECORD_CONNECTION, 1, OPEN(1));
    assert_ok(capture_watch_recall(bench->watch, &record, NULL));
    bench->now.wall_ns += NS_PER_HOUR;
    record = record_of(bench, RECORD_RECEIVED, 1, "{}");
    clear_frame(bench, VENUE_TRADES, "AAA");
    fill_trade(bench, "AAA", 5, 0);
    assert_ok(capture_watch_recall(bench->watch, &record, &bench->frame));
    bench->now.wall_ns += NS_PER_HOUR;
    event(bench, 2, OPEN(1));
    settle(bench, 2);
    assert_int_equal(venue_of(bench).repair.holes, 2);
    char from[64];
    pass(bench, 3 * NS_PER_S);
    snprintf(from, sizeof from, "s=AAA&f=0&l=0&a=%" PRId64, START_NS + NS_PER_HOUR);
    assert_non_null(strstr(last_order(bench, ORDER_FETCH)->text, from));
    close_bench(bench);
}

static void test_changes_of_subscriptions(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_OPAQUE, ACK_SYMBOL);
    event(bench, 1, OPEN(1));
    settle(bench, 1);
    trade(bench, 1, "AAA", 5);
    event(bench, 1,
          "{\"event\":\"change\",\"add\":{\"trade\":[\"CCC\"]},\"leave\":{\"trade\":[\"AAA\"]}}");
    assert_int_equal(venue_of(bench).connections[0].wanted, 2);
    assert_int_equal(venue_of(bench).connections[0].settled, false);
    ack(bench, 1, "CCC", "");
    assert_int_equal(count_orders(bench, ORDER_SETTLED), 2);
    assert_int_equal(venue_of(bench).repair.holes, 0);
    close_bench(bench);
}

static void test_what_is_no_json_and_who_is_unknown_do_no_harm(void **state)
{
    (void)state;
    static const char *const events[] = {
        "",
        "[]",
        "{\"event\":7}",
        "{\"event\":\"close\"}",
        "{\"event\":\"change\",\"add\":{\"trade\":[\"AAA\"]}}",
        "{\"event\":\"open\",\"link\":-1,\"wanted\":{\"nothing\":[\"AAA\"],\"trade\":[7,\"AAA\"]}}",
        "{\"event\":\"open\",\"wanted\":[1,2]}",
        "{\"event\":\"clock\",\"step_ns\":5}",
    };
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        event(bench, 9, events[i]);
    see(bench, RECORD_HTTP, 0, "no line", NULL);
    see(bench, RECORD_GAP, 9, "{", NULL);
    trade(bench, 77, "AAA", 1);
    trade(bench, 9, "ZZZ", 1);
    clear_frame(bench, VENUE_MALFORMED, "");
    snprintf(bench->frame.error, VENUE_ERROR_MAX, "no member 'p'");
    receive(bench, 9);
    pass(bench, NS_PER_HOUR);
    struct watch_venue venue = venue_of(bench);
    assert_int_equal(venue.frames, 3);
    assert_int_equal(venue.trades, 2);
    assert_int_equal(venue.malformed, 1);
    assert_true(capture_watch_data_ns(bench->watch) > 0);
    close_bench(bench);
}

static const struct watch_connection *connection_of(const struct watch_venue *venue,
                                                    uint32_t number)
{
    for (size_t i = 0; i < venue->connection_count; i++)
        if (venue->connections[i].connection == number)
            return &venue->connections[i];
    fail_msg("no such connection");
    return NULL;
}

/* The worse of what the watch and the records say, with its reason. */
static void test_health_is_the_worse_of_two(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, ACK_SYMBOL);
    struct watch_venue venue = venue_of(bench);
    assert_int_equal(venue.score, 0);
    event(bench, 1, OPEN(1));
    venue = venue_of(bench); /* nothing is confirmed yet: only the watch knows */
    assert_int_equal(venue.report.state, HEALTH_UP);
    assert_int_equal(venue.health, HEALTH_DOWN);
    assert_int_equal(venue.score, 0);
    settle(bench, 1);
    trade(bench, 1, "AAA", 10);
    venue = venue_of(bench);
    assert_int_equal(venue.health, HEALTH_UP);
    assert_int_equal(venue.score, 100);
    assert_true(connection_of(&venue, 1)->has_report);
    assert_int_equal(connection_of(&venue, 1)->report.score, 100);
    assert_int_equal(venue.report.trades, 1);
    /* a hole that is being repaired: 2 of 4 trades */
    trade(bench, 1, "AAA", 13);
    pass(bench, NS_PER_S);
    venue = venue_of(bench);
    assert_int_equal(venue.report.missing, 2);
    assert_int_equal(venue.report.state, HEALTH_UP);
    assert_string_equal(venue.report.why, "2 missing trades (-20)");
    assert_int_equal(venue.health, HEALTH_DEGRADED);
    assert_string_equal(venue.why, "1 holes are being repaired");
    assert_int_equal(venue.score, 100 - 20 - 10);
    trade(bench, 1, "AAA", 11);
    trade(bench, 1, "AAA", 12);
    pass(bench, NS_PER_S);
    venue = venue_of(bench);
    assert_int_equal(venue.report.missing, 0);
    assert_int_equal(venue.health, HEALTH_UP);
    /* only the records say this */
    clear_frame(bench, VENUE_MALFORMED, "");
    receive(bench, 1);
    venue = venue_of(bench);
    assert_int_equal(venue.health, HEALTH_DEGRADED);
    assert_string_equal(venue.why, "1 malformed frame (-20)");
    assert_int_equal(venue.score, 80);
    /* and the loss of what nobody else carries both do */
    event(bench, 1, LOST);
    venue = venue_of(bench);
    assert_int_equal(venue.health, HEALTH_DOWN);
    assert_int_equal(venue.report.state, HEALTH_DOWN);
    assert_string_equal(venue.why, "not connected");
    assert_int_equal(venue.score, 0);
    close_bench(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greeting_and_settling_are_ordered_once),
        cmocka_unit_test(test_refusals_degrade_and_all_refused_is_known),
        cmocka_unit_test(test_a_silent_stream_is_renewed_with_patience),
        cmocka_unit_test(test_a_stream_that_gives_nothing_is_renewed),
        cmocka_unit_test(test_a_stream_that_gave_little_is_renewed),
        cmocka_unit_test(test_a_stream_that_is_never_acknowledged_is_renewed),
        cmocka_unit_test(test_the_venue_asks_for_a_new_connection),
        cmocka_unit_test(test_a_reconnect_is_a_hole_and_a_changeover_is_not),
        cmocka_unit_test(test_answers_reach_the_repair),
        cmocka_unit_test(test_redundant_connections_leave_no_hole),
        cmocka_unit_test(test_the_end_of_a_session_is_no_hole),
        cmocka_unit_test(test_messages_lost_in_the_queue_are_a_hole_where_ids_do_not_show_it),
        cmocka_unit_test(test_an_end_that_was_lost_in_the_queue_is_noticed),
        cmocka_unit_test(test_a_connection_whose_beginning_was_lost_is_replaced),
        cmocka_unit_test(test_what_an_older_session_had_is_a_hole_until_it_is_carried_again),
        cmocka_unit_test(test_changes_of_subscriptions),
        cmocka_unit_test(test_what_is_no_json_and_who_is_unknown_do_no_harm),
        cmocka_unit_test(test_health_is_the_worse_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
