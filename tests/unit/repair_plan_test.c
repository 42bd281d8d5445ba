/* repair_plan: holes are found, fetched page by page, or told; with a scripted source. */
#include "tests/unit/unit.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/repair_plan.h"
#include "tests/unit/repair_source.h"

#include <jansson.h>

#define START_NS (INT64_C(1700000000) * 1000000000)
#define ORDERS   64

struct bench {
    struct source source;
    struct repair_plan *repair;
    struct venue_frame frame;
    struct stamp now;
    size_t fetch_count, note_count;
    char target[ORDER_TEXT_MAX]; /* the last fetch */
    char notes[ORDERS][ORDER_TEXT_MAX];
    bool full; /* the queue takes nothing */
};

static enum err give(const struct order *order, void *arg)
{
    struct bench *bench = arg;
    if (bench->full)
        return err_fail(ERR_LIMIT, "full");
    assert_string_equal(order->venue, "testing");
    assert_int_equal(order->connection, 0);
    if (order->kind == ORDER_FETCH) {
        bench->fetch_count++;
        memcpy(bench->target, order->text, sizeof bench->target);
    } else {
        assert_int_equal(order->kind, ORDER_NOTE);
        assert_int_equal(order->record, RECORD_GAP);
        assert_true(bench->note_count < ORDERS);
        memcpy(bench->notes[bench->note_count++], order->text, ORDER_TEXT_MAX);
    }
    return ERR_OK;
}

static struct bench *open_bench(enum venue_ids ids, bool ascending)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    log_set_quiet(1);
    source_init(&bench->source, ids, ascending, false);
    bench->now = (struct stamp){START_NS, NS_PER_S};
    venue_frame_init(&bench->frame);
    assert_ok(repair_plan_new(&bench->repair, &bench->source.plan, give, bench));
    return bench;
}

static void close_bench(struct bench *bench)
{
    repair_plan_free(bench->repair);
    venue_frame_release(&bench->frame);
    free(bench);
}

static void pass(struct bench *bench, int64_t ns)
{
    bench->now.wall_ns += ns;
    bench->now.mono_ns += ns;
    repair_plan_work(bench->repair, bench->now);
}

/* Trade `id` happens `id` seconds after the start. */
static void put(struct bench *bench, uint64_t id, uint32_t flags)
{
    struct trade *trade;
    assert_ok(venue_frame_add(&bench->frame, &trade));
    snprintf(trade->symbol, SYMBOL_MAX, "AAA");
    trade->has_id = true;
    trade->id = trade->first_id = trade->last_id = id;
    trade->count = 1;
    trade->price.mantissa = trade->quantity.mantissa = 1;
    trade->source_ns = START_NS - 1000000 * NS_PER_S / 1000 + (int64_t)id * NS_PER_MS;
    trade->flags = flags;
}

static int64_t time_of(uint64_t id)
{
    return START_NS - 1000000 * NS_PER_S / 1000 + (int64_t)id * NS_PER_MS;
}

static void live(struct bench *bench, uint64_t first, uint64_t last)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    snprintf(bench->frame.channel, CHANNEL_MAX, "trade");
    for (uint64_t id = first; id <= last; id++)
        put(bench, id, 0);
    assert_ok(repair_plan_trades(bench->repair, &bench->source.venue, &bench->frame, bench->now));
}

static void answer(struct bench *bench, uint64_t first, uint64_t last)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    for (uint64_t id = first; id <= last; id++)
        put(bench, id, TRADE_BACKFILL);
    assert_ok(repair_plan_answer(bench->repair, &bench->source.venue, bench->target, 200,
                                 &bench->frame, bench->now));
}

static void refuse(struct bench *bench, int status)
{
    assert_ok(repair_plan_answer(bench->repair, &bench->source.venue, bench->target, status, NULL,
                                 bench->now));
}

static void uncover(struct bench *bench)
{
    assert_ok(
        repair_plan_uncovered(bench->repair, &bench->source.venue, "trade", "AAA", bench->now));
}

static void cover(struct bench *bench)
{
    assert_ok(repair_plan_covered(bench->repair, &bench->source.venue, "trade", "AAA", bench->now));
}

static struct repair_stats stats(const struct bench *bench)
{
    struct repair_stats out;
    repair_plan_stats(bench->repair, &bench->source.venue, &out);
    return out;
}

static uint64_t param(const char *target, const char *name)
{
    const char *at = strstr(target, name);
    assert_non_null(at);
    return strtoull(at + strlen(name), NULL, 10);
}

static void assert_asked(const struct bench *bench, uint64_t first, uint64_t last)
{
    assert_int_equal(param(bench->target, "&f="), first);
    assert_true(param(bench->target, "&l=") == last);
}

static void test_skipped_ids_are_fetched_after_grace(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    live(bench, 16, 20);
    pass(bench, REPAIR_GRACE_NS - NS_PER_MS);
    assert_int_equal(bench->fetch_count, 0);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 1);
    assert_asked(bench, 11, 15);
    answer(bench, 11, 13);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 2);
    assert_asked(bench, 14, 15);
    answer(bench, 13, 25);
    pass(bench, NS_PER_S);
    assert_int_equal(stats(bench).open, 0);
    assert_int_equal(stats(bench).missing, 5);
    assert_int_equal(stats(bench).filled, 5);
    assert_int_equal(stats(bench).fetched, 10);
    assert_int_equal(bench->note_count, 0);
    close_bench(bench);
}

static void test_another_connection_fills_within_grace(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    live(bench, 12, 12);
    pass(bench, NS_PER_S);
    live(bench, 11, 11);
    pass(bench, 10 * NS_PER_S);
    assert_int_equal(bench->fetch_count, 0);
    assert_int_equal(stats(bench).open, 0);
    assert_int_equal(stats(bench).filled, 1);
    close_bench(bench);
}

static void test_descending_pages(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, false);
    live(bench, 1, 10);
    live(bench, 31, 31);
    pass(bench, 3 * NS_PER_S);
    assert_asked(bench, 11, 30);
    answer(bench, 21, 30);
    pass(bench, NS_PER_S);
    assert_asked(bench, 11, 20);
    answer(bench, 5, 22);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 2);
    assert_int_equal(stats(bench).open, 0);
    close_bench(bench);
}

static void test_what_the_venue_does_not_give_is_told(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    live(bench, 21, 21);
    pass(bench, 3 * NS_PER_S);
    answer(bench, 13, 30); /* 11 and 12 are not there */
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 1);
    pass(bench, REPAIR_RETRY_NS);
    assert_int_equal(bench->fetch_count, 2);
    assert_asked(bench, 11, 12);
    answer(bench, 13, 30);
    bench->full = true;
    pass(bench, NS_PER_S);
    assert_int_equal(bench->note_count, 0);
    bench->full = false;
    pass(bench, NS_PER_S);
    assert_int_equal(bench->note_count, 1);
    json_t *note = json_loads(bench->notes[0], 0, NULL);
    assert_string_equal(json_string_value(json_object_get(note, "reason")), "not repaired");
    assert_int_equal(json_integer_value(json_object_get(note, "count")), 0);
    assert_true(json_is_integer(json_object_get(note, "count")));
    assert_int_equal(json_integer_value(json_object_get(note, "first_id")), 11);
    assert_int_equal(json_integer_value(json_object_get(note, "last_id")), 12);
    assert_int_equal(json_integer_value(json_object_get(note, "missing")), 2);
    assert_string_equal(json_string_value(json_object_get(note, "symbol")), "AAA");
    assert_string_equal(json_string_value(json_object_get(note, "instrument")), "AAA-USD");
    assert_true(json_integer_value(json_object_get(note, "first_wall_ns")) == time_of(10));
    assert_true(json_integer_value(json_object_get(note, "last_wall_ns")) == time_of(21));
    json_decref(note);
    assert_int_equal(stats(bench).given_up, 1);
    assert_int_equal(stats(bench).open, 0);
    close_bench(bench);
}

static void test_refusals_are_waited_out_and_bounded(void **state)
{
    (void)state;
    static const int statuses[] = {429, 418, 503, 0, 500, 429};
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    live(bench, 12, 12);
    pass(bench, 3 * NS_PER_S);
    int64_t wait_ns = REPAIR_RETRY_NS;
    for (int i = 0; i < REPAIR_TRIES_MAX; i++) {
        assert_int_equal(bench->fetch_count, i + 1);
        refuse(bench, statuses[i]);
        pass(bench, wait_ns - NS_PER_MS);
        assert_int_equal(bench->fetch_count, i + 1);
        pass(bench, NS_PER_S);
        wait_ns *= 2;
    }
    assert_int_equal(bench->fetch_count, REPAIR_TRIES_MAX);
    assert_int_equal(bench->note_count, 1);
    assert_non_null(strstr(bench->notes[0], "HTTP status 429"));
    close_bench(bench);
}

static void test_an_ack_with_error_is_a_refusal(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    live(bench, 12, 12);
    pass(bench, 3 * NS_PER_S);
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_ACK;
    snprintf(bench->frame.error, VENUE_ERROR_MAX, "too many requests");
    assert_ok(repair_plan_answer(bench->repair, &bench->source.venue, bench->target, 200,
                                 &bench->frame, bench->now));
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 1);
    pass(bench, REPAIR_RETRY_NS);
    assert_int_equal(bench->fetch_count, 2);
    answer(bench, 11, 11);
    assert_int_equal(stats(bench).open, 0);
    close_bench(bench);
}

static void test_no_answer_is_a_failed_try(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    live(bench, 12, 12);
    pass(bench, 3 * NS_PER_S);
    pass(bench, REPAIR_ANSWER_NS - NS_PER_S);
    pass(bench, REPAIR_RETRY_NS);
    assert_int_equal(bench->fetch_count, 1);
    pass(bench, 2 * REPAIR_RETRY_NS);
    assert_int_equal(bench->fetch_count, 2);
    close_bench(bench);
}

static void test_no_source_is_told_at_once(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    bench->source.rest.trades = source_none;
    live(bench, 1, 10);
    live(bench, 12, 12);
    pass(bench, 3 * NS_PER_S);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 0);
    assert_int_equal(bench->note_count, 1);
    assert_non_null(strstr(bench->notes[0], "nothing is kept"));
    close_bench(bench);
}

static void test_tail_after_reconnect_in_a_quiet_market(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    cover(bench);
    live(bench, 1, 10);
    pass(bench, 10 * NS_PER_S);
    uncover(bench);
    pass(bench, 10 * NS_PER_S);
    cover(bench);
    pass(bench, 3 * NS_PER_S);
    assert_int_equal(bench->fetch_count, 1);
    assert_asked(bench, 11, UINT64_MAX);
    answer(bench, 10, 14);
    pass(bench, NS_PER_S);
    assert_asked(bench, 15, UINT64_MAX);
    answer(bench, 14, 14);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 2);
    assert_int_equal(stats(bench).open, 0);
    assert_int_equal(stats(bench).fetched, 4);
    assert_int_equal(bench->note_count, 0);
    /* the next live trade shows the rest */
    live(bench, 17, 17);
    assert_int_equal(stats(bench).missing, 2);
    pass(bench, 3 * NS_PER_S);
    assert_asked(bench, 15, 16);
    close_bench(bench);
}

static void test_tail_ends_at_the_first_live_trade(void **state)
{
    (void)state;
    for (int seen = 0; seen < 2; seen++) {
        struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
        cover(bench);
        live(bench, 1, 10);
        uncover(bench);
        cover(bench);
        live(bench, seen ? 11 : 15, 20);
        pass(bench, 3 * NS_PER_S);
        assert_int_equal(bench->fetch_count, seen ? 0 : 1);
        if (!seen) {
            assert_asked(bench, 11, 14);
            answer(bench, 11, 14);
        }
        assert_int_equal(stats(bench).open, 0);
        assert_int_equal(stats(bench).holes, 1);
        close_bench(bench);
    }
}

static void test_descending_tail(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, false);
    cover(bench);
    live(bench, 1, 10);
    uncover(bench);
    cover(bench);
    pass(bench, 3 * NS_PER_S);
    assert_asked(bench, 11, UINT64_MAX);
    answer(bench, 28, 30);
    pass(bench, NS_PER_S);
    assert_asked(bench, 11, 27);
    answer(bench, 9, 27);
    assert_int_equal(stats(bench).open, 0);
    assert_int_equal(bench->note_count, 0);
    close_bench(bench);
}

static void test_a_restart_is_a_hole(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    put(bench, 7, 0);
    put(bench, 8, 0);
    assert_ok(repair_plan_recall(bench->repair, &bench->source.venue, &bench->frame));
    cover(bench);
    live(bench, 12, 13);
    pass(bench, 3 * NS_PER_S);
    assert_asked(bench, 9, 11);
    answer(bench, 5, 11);
    assert_int_equal(stats(bench).open, 0);
    assert_int_equal(stats(bench).fetched, 3);
    close_bench(bench);
}

static void recall(struct bench *bench, uint64_t first, uint64_t last, uint32_t flags)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    for (uint64_t id = first; id <= last; id++)
        put(bench, id, flags);
    assert_ok(repair_plan_recall(bench->repair, &bench->source.venue, &bench->frame));
}

static void test_a_hole_that_an_older_session_left_is_asked_for(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    recall(bench, 10, 12, 0);
    recall(bench, 15, 16, 0);
    recall(bench, 13, 14, TRADE_BACKFILL);
    recall(bench, 20, 22, 0);
    assert_int_equal(stats(bench).open, 1);
    assert_int_equal(stats(bench).missing, 3); /* 13 and 14 are the older session's */
    assert_int_equal(stats(bench).filled, 0);
    pass(bench, 3 * NS_PER_S);
    assert_int_equal(bench->fetch_count, 1);
    assert_asked(bench, 17, 19);
    answer(bench, 17, 21);
    assert_int_equal(stats(bench).open, 0);
    assert_int_equal(stats(bench).fetched, 3);
    assert_int_equal(stats(bench).filled, 3);
    assert_int_equal(bench->note_count, 0);
    close_bench(bench);
}

static void test_ids_without_gaps_are_told_with_what_was_fetched(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_ASCENDING, true);
    cover(bench);
    live(bench, 10, 10);
    uncover(bench);
    cover(bench);
    live(bench, 40, 40);
    pass(bench, 3 * NS_PER_S);
    assert_int_equal(bench->fetch_count, 1);
    assert_asked(bench, 0, 0);
    assert_true((int64_t)param(bench->target, "&a=") == time_of(10));
    assert_true((int64_t)param(bench->target, "&b=") == time_of(40));
    answer(bench, 10, 20);
    pass(bench, NS_PER_S);
    assert_true((int64_t)param(bench->target, "&a=") == time_of(20));
    answer(bench, 20, 45);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->fetch_count, 2);
    assert_int_equal(bench->note_count, 1);
    assert_non_null(strstr(bench->notes[0], "\"reason\":\"possibly incomplete\""));
    assert_non_null(strstr(bench->notes[0], "\"fetched\":29"));
    assert_int_equal(stats(bench).possible, 1);
    assert_int_equal(stats(bench).given_up, 0);
    close_bench(bench);
}

static void test_without_source_the_interval_is_told(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_OPAQUE, true);
    bench->source.rest.trades = NULL;
    cover(bench);
    live(bench, 10, 10);
    uncover(bench);
    pass(bench, NS_PER_MIN);
    cover(bench);
    pass(bench, 3 * NS_PER_S);
    pass(bench, NS_PER_S);
    assert_int_equal(bench->note_count, 1);
    assert_non_null(strstr(bench->notes[0], "there is no source"));
    close_bench(bench);
}

static void test_two_outages_without_a_trade_between_are_one_hole(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_OPAQUE, true);
    bench->source.rest.trades = NULL;
    cover(bench);
    live(bench, 10, 10);
    uncover(bench);
    cover(bench);
    pass(bench, NS_PER_S);
    uncover(bench);
    pass(bench, NS_PER_S - NS_PER_MS);
    cover(bench);
    pass(bench, REPAIR_GRACE_NS - NS_PER_MS);
    assert_int_equal(stats(bench).possible, 0); /* not given up yet */
    pass(bench, NS_PER_S);
    pass(bench, NS_PER_S);
    assert_int_equal(stats(bench).holes, 1);
    assert_int_equal(bench->note_count, 1);
    json_t *note = json_loads(bench->notes[0], 0, NULL);
    assert_true(json_integer_value(json_object_get(note, "first_wall_ns")) == time_of(10));
    json_decref(note);
    close_bench(bench);
}

static size_t notes_counted;

static enum err count_notes(const struct order *order, void *arg)
{
    bool *full = arg;
    if (*full || order->kind == ORDER_FETCH)
        return err_fail(ERR_LIMIT, "full");
    notes_counted++;
    return ERR_OK;
}

static void test_too_many_holes_are_told(void **state)
{
    (void)state;
    enum { MARKETS = REPAIR_HOLES_MAX + 10 };
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    struct instrument *instruments = calloc(MARKETS, sizeof *instruments);
    assert_non_null(instruments);
    for (int i = 0; i < MARKETS; i++) {
        snprintf(instruments[i].symbol, SYMBOL_MAX, "S%d", i);
        snprintf(instruments[i].name, INSTRUMENT_MAX, "S%d-USD", i);
    }
    bench->source.plan.venues[0].instruments = instruments;
    bench->source.plan.venues[0].count = MARKETS;
    bool full = true;
    struct repair_plan *repair;
    assert_ok(repair_plan_new(&repair, &bench->source.plan, count_notes, &full));
    static const uint64_t ids[] = {1, 5, 9};
    notes_counted = 0;
    for (size_t k = 0; k < 3; k++) {
        for (int i = 0; i < MARKETS; i++) {
            venue_frame_clear(&bench->frame);
            put(bench, ids[k], 0);
            memcpy(bench->frame.trades[0].symbol, instruments[i].symbol, SYMBOL_MAX);
            assert_ok(repair_plan_trades(repair, &bench->source.venue, &bench->frame, bench->now));
        }
    }
    struct repair_stats out;
    repair_plan_stats(repair, &bench->source.venue, &out);
    assert_int_equal(out.open, MARKETS);
    assert_int_equal(out.given_up, 10);
    full = false;
    repair_plan_work(repair, bench->now);
    assert_int_equal(notes_counted, 10);
    repair_plan_stats(repair, &bench->source.venue, &out);
    assert_int_equal(out.open, REPAIR_HOLES_MAX);
    repair_plan_free(repair);
    free(instruments);
    close_bench(bench);
}

static void test_other_numberings_are_left_alone(void **state)
{
    (void)state;
    struct bench *bench = open_bench(IDS_CONTIGUOUS, true);
    live(bench, 1, 10);
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    put(bench, 5000, TRADE_AGGREGATED);
    assert_ok(repair_plan_trades(bench->repair, &bench->source.venue, &bench->frame, bench->now));
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    snprintf(bench->frame.channel, CHANNEL_MAX, "book");
    put(bench, 6000, 0);
    assert_ok(repair_plan_trades(bench->repair, &bench->source.venue, &bench->frame, bench->now));
    assert_int_equal(stats(bench).missing, 0);
    close_bench(bench);
}

/* ---- random markets --------------------------------------------------------------------------
 */

#define WORLD_TRADES 4000
#define WORLD_LINKS  2
#define STEP_NS      (500 * NS_PER_MS)

enum fate { FATE_LOST, FATE_LIVE, FATE_FETCHED };

struct made {
    uint64_t id;
    int64_t time_ns;
    bool hidden; /* REST never gives it */
    enum fate fate;
};

struct told {
    bool known; /* not repaired, with ids */
    uint64_t first_id, last_id, missing;
    int64_t from_ns, to_ns;
};

struct world {
    struct source source;
    struct repair_plan *repair;
    struct venue_frame frame;
    struct stamp now;
    uint64_t seed, random;
    enum venue_ids ids;
    bool up, once, refuses, calm;
    bool open[WORLD_LINKS];
    size_t count;
    size_t first_plus_1; /* place of the first trade that was shown, or rather behind it */
    struct made made[WORLD_TRADES];
    uint64_t next_id;
    char target[ORDER_TEXT_MAX];
    int64_t answer_ns; /* 0: nothing is asked */
    uint64_t requests;
    size_t told_count;
    struct told told[256];
};

static enum err world_give(const struct order *order, void *arg)
{
    struct world *world = arg;
    if (unit_below(&world->random, 10) == 0)
        return err_fail(ERR_LIMIT, "full");
    if (order->kind == ORDER_FETCH) {
        assert_true(world->answer_ns == 0); /* one at a time */
        world->requests++;
        memcpy(world->target, order->text, sizeof world->target);
        world->answer_ns =
            world->now.mono_ns + (int64_t)unit_below(&world->random, 4) * STEP_NS + 1;
        return ERR_OK;
    }
    json_t *note = json_loads(order->text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(note);
    assert_true(world->told_count < 256);
    world->told[world->told_count++] = (struct told){
        .known = strcmp(json_string_value(json_object_get(note, "reason")), "not repaired") == 0,
        .first_id = (uint64_t)json_integer_value(json_object_get(note, "first_id")),
        .last_id = (uint64_t)json_integer_value(json_object_get(note, "last_id")),
        .missing = (uint64_t)json_integer_value(json_object_get(note, "missing")),
        .from_ns = json_integer_value(json_object_get(note, "first_wall_ns")),
        .to_ns = json_integer_value(json_object_get(note, "last_wall_ns")),
    };
    json_decref(note);
    return ERR_OK;
}

static void world_add(struct world *world, const struct made *made, uint32_t flags)
{
    struct trade *trade;
    assert_ok(venue_frame_add(&world->frame, &trade));
    snprintf(trade->symbol, SYMBOL_MAX, "BBB");
    trade->has_id = true;
    trade->id = trade->first_id = trade->last_id = made->id;
    trade->count = 1;
    trade->price.mantissa = trade->quantity.mantissa = 1;
    trade->source_ns = made->time_ns;
    trade->flags = flags;
}

static uint64_t world_next_id(struct world *world)
{
    if (world->ids == IDS_OPAQUE)
        return unit_random(&world->random);
    world->next_id += world->ids == IDS_CONTIGUOUS ? 1 : 1 + unit_below(&world->random, 50);
    return world->next_id;
}

static unsigned world_links(const struct world *world)
{
    unsigned open = 0;
    for (int i = 0; i < WORLD_LINKS; i++)
        open += world->open[i];
    return open;
}

/* A trade happens; open links show it, some of them more than once or not at all. */
static void world_trade(struct world *world)
{
    if (world->count == WORLD_TRADES)
        return;
    struct made *made = &world->made[world->count];
    int64_t last_ns = world->count > 0 ? world->made[world->count - 1].time_ns : 0;
    *made = (struct made){.id = world_next_id(world), .time_ns = world->now.wall_ns};
    made->time_ns += (int64_t)unit_below(&world->random, (uint64_t)STEP_NS / 2);
    made->time_ns = made->time_ns > last_ns ? made->time_ns : last_ns + 1;
    bool may_drop = world->ids == IDS_CONTIGUOUS && !world->calm;
    made->hidden = may_drop && unit_below(&world->random, 100) == 0;
    bool dropped = may_drop && unit_below(&world->random, 12) == 0;
    world->count++;
    for (int i = 0; i < WORLD_LINKS; i++) {
        bool late = may_drop && unit_below(&world->random, 5) == 0;
        if (!world->open[i] || dropped || (late && world_links(world) > 1 && i == 0))
            continue;
        venue_frame_clear(&world->frame);
        world->frame.kind = VENUE_TRADES;
        world_add(world, made, 0);
        made->fate = FATE_LIVE;
        if (world->first_plus_1 == 0)
            world->first_plus_1 = world->count;
        assert_ok(
            repair_plan_trades(world->repair, &world->source.venue, &world->frame, world->now));
    }
}

/* An older trade again, or the one that a slower link had not shown yet. */
static void world_late(struct world *world)
{
    size_t back = 1 + (size_t)unit_below(&world->random, 8);
    if (world->count < back || world_links(world) == 0 || world->first_plus_1 == 0)
        return;
    struct made *made = &world->made[world->count - back];
    if (made->fate == FATE_LOST && world->ids != IDS_CONTIGUOUS)
        return;
    venue_frame_clear(&world->frame);
    world->frame.kind = VENUE_TRADES;
    world_add(world, made, 0);
    made->fate = made->fate == FATE_LOST ? FATE_LIVE : made->fate;
    assert_ok(repair_plan_trades(world->repair, &world->source.venue, &world->frame, world->now));
}

static void world_switch(struct world *world)
{
    size_t at = (size_t)unit_below(&world->random, WORLD_LINKS);
    unsigned before = world_links(world);
    world->open[at] = world->calm || !world->open[at];
    unsigned after = world_links(world);
    const struct venue *venue = &world->source.venue;
    if (before > 0 && after == 0)
        assert_ok(repair_plan_uncovered(world->repair, venue, "trade", "BBB", world->now));
    if (before == 0 && after > 0)
        assert_ok(repair_plan_covered(world->repair, venue, "trade", "BBB", world->now));
}

/* Rows [first, first + count) of those made, as an answer. */
static void world_rows(struct world *world, size_t first, size_t count)
{
    venue_frame_clear(&world->frame);
    world->frame.kind = VENUE_TRADES;
    for (size_t i = first; i < first + count && i < world->count; i++) {
        struct made *made = &world->made[i];
        if (made->hidden)
            continue;
        world_add(world, made, TRADE_BACKFILL);
        made->fate = made->fate == FATE_LOST ? FATE_FETCHED : made->fate;
    }
    assert_ok(repair_plan_answer(world->repair, &world->source.venue, world->target, 200,
                                 &world->frame, world->now));
}

static bool in_question(const struct world *world, const struct made *made)
{
    uint64_t first = param(world->target, "&f="), last = param(world->target, "&l=");
    if (last > 0)
        return made->id >= first && made->id <= last;
    return made->time_ns >= (int64_t)param(world->target, "&a=") &&
           made->time_ns <= (int64_t)param(world->target, "&b=");
}

/* A page of random size from the end at which the source begins, often overlapping what is known.
 */
static void world_page(struct world *world)
{
    size_t low = 0, high = world->count;
    while (low < high && !in_question(world, &world->made[low]))
        low++;
    while (high > low && !in_question(world, &world->made[high - 1]))
        high--;
    size_t size = 5 + (size_t)unit_below(&world->random, 20);
    size_t extra = (size_t)unit_below(&world->random, 3);
    if (world->once) {
        size_t kept = 60;
        world_rows(world, world->count > kept ? world->count - kept : 0, kept);
    } else if (world->up) {
        size_t first = low > extra ? low - extra : 0;
        world_rows(world, first, size);
    } else {
        size_t end = high + extra < world->count ? high + extra : world->count;
        world_rows(world, end > size ? end - size : 0, end > size ? size : end);
    }
}

static void world_answer(struct world *world)
{
    static const int statuses[] = {0, 429, 418, 500, 503};
    world->answer_ns = 0;
    if (!world->refuses || unit_below(&world->random, 5) > 0) {
        world_page(world);
        return;
    }
    assert_ok(repair_plan_answer(world->repair, &world->source.venue, world->target,
                                 statuses[unit_below(&world->random, 5)], NULL, world->now));
}

static void world_step(struct world *world, bool trades)
{
    world->now.wall_ns += STEP_NS;
    world->now.mono_ns += STEP_NS;
    for (uint64_t n = trades ? unit_below(&world->random, 4) : 0; n > 0; n--)
        world_trade(world);
    if (!world->calm && unit_below(&world->random, 3) == 0)
        world_late(world);
    if (!world->calm && unit_below(&world->random, 20) == 0)
        world_switch(world);
    if (world->answer_ns > 0 && world->now.mono_ns >= world->answer_ns)
        world_answer(world);
    repair_plan_work(world->repair, world->now);
}

static void world_calm(struct world *world)
{
    world->calm = true;
    for (int i = 0; i < 16; i++)
        world_switch(world);
    for (int i = 0; i < 20; i++)
        world_trade(world);
    struct repair_stats out;
    int steps = 0;
    do {
        world_step(world, false);
        repair_plan_stats(world->repair, &world->source.venue, &out);
        assert_true(++steps < 100000);
    } while (out.open > 0 || steps < 20);
}

static bool is_told(const struct world *world, const struct made *made)
{
    for (size_t i = 0; i < world->told_count; i++) {
        const struct told *told = &world->told[i];
        bool inside = told->known ? made->id >= told->first_id && made->id <= told->last_id
                                  : made->time_ns >= told->from_ns && made->time_ns <= told->to_ns;
        if (inside)
            return true;
    }
    return false;
}

/* From the first trade that was seen on, each is there or told. */
static void world_check(const struct world *world)
{
    uint64_t lost = 0;
    assert_true(world->first_plus_1 > 0);
    for (size_t i = world->first_plus_1 - 1; i < world->count; i++) {
        const struct made *made = &world->made[i];
        if (made->fate != FATE_LOST)
            continue;
        lost++;
        if (!is_told(world, made))
            fail_msg("seed %" PRIu64 ": trade %" PRIu64 " is neither there nor told", world->seed,
                     made->id);
        if (!made->hidden && !world->once && !world->refuses)
            fail_msg("seed %" PRIu64 ": trade %" PRIu64 " could have been fetched", world->seed,
                     made->id);
    }
    uint64_t told = 0;
    for (size_t i = 0; i < world->told_count; i++)
        told += world->told[i].known ? world->told[i].missing : 0;
    if (world->ids == IDS_CONTIGUOUS)
        assert_true(told >= lost); /* a late link may fill what was told */
    struct repair_stats out;
    repair_plan_stats(world->repair, &world->source.venue, &out);
    uint64_t bound = out.holes * (2 * REPAIR_TRIES_MAX + 4) + 2 * (out.missing + out.fetched);
    assert_true(world->requests <= bound);
}

static void run_world(uint64_t seed)
{
    static const enum venue_ids kinds[] = {IDS_CONTIGUOUS, IDS_CONTIGUOUS, IDS_ASCENDING,
                                           IDS_OPAQUE};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->seed = world->random = seed;
    world->ids = kinds[seed % 4];
    world->up = seed / 4 % 2;
    world->once = seed / 8 % 4 == 0 && world->ids != IDS_CONTIGUOUS;
    world->refuses = seed / 32 % 2;
    world->next_id = unit_below(&world->random, 1000);
    world->now = (struct stamp){START_NS, NS_PER_S};
    source_init(&world->source, world->ids, world->up, world->once);
    venue_frame_init(&world->frame);
    assert_ok(repair_plan_new(&world->repair, &world->source.plan, world_give, world));
    for (int i = 0; i < 400; i++)
        world_step(world, true);
    world_calm(world);
    world_check(world);
    repair_plan_free(world->repair);
    venue_frame_release(&world->frame);
    free(world);
}

static void test_whatever_happens_trades_are_fetched_or_told(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++)
        run_world(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skipped_ids_are_fetched_after_grace),
        cmocka_unit_test(test_another_connection_fills_within_grace),
        cmocka_unit_test(test_descending_pages),
        cmocka_unit_test(test_what_the_venue_does_not_give_is_told),
        cmocka_unit_test(test_refusals_are_waited_out_and_bounded),
        cmocka_unit_test(test_an_ack_with_error_is_a_refusal),
        cmocka_unit_test(test_no_answer_is_a_failed_try),
        cmocka_unit_test(test_no_source_is_told_at_once),
        cmocka_unit_test(test_tail_after_reconnect_in_a_quiet_market),
        cmocka_unit_test(test_tail_ends_at_the_first_live_trade),
        cmocka_unit_test(test_descending_tail),
        cmocka_unit_test(test_a_restart_is_a_hole),
        cmocka_unit_test(test_a_hole_that_an_older_session_left_is_asked_for),
        cmocka_unit_test(test_ids_without_gaps_are_told_with_what_was_fetched),
        cmocka_unit_test(test_without_source_the_interval_is_told),
        cmocka_unit_test(test_two_outages_without_a_trade_between_are_one_hole),
        cmocka_unit_test(test_too_many_holes_are_told),
        cmocka_unit_test(test_other_numberings_are_left_alone),
        cmocka_unit_test(test_whatever_happens_trades_are_fetched_or_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
