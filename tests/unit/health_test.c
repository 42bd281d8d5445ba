/* health: states and scores worked out by hand, and random records against a
 * naive recomputation.
 */
#include "tests/unit/unit.h"

#include "engine/base/time_text.h"
#include "engine/candle/clock_offset.h"
#include "engine/health/health.h"

#define START_NS (INT64_C(1700000040) * NS_PER_S) /* begins a minute */

static const struct venue first_venue = {.name = "first"}, second_venue = {.name = "second"};

struct bench {
    struct health *health;
    struct venue_frame frame;
    int64_t clock_ns; /* the engine's; its wall clock shows START_NS more */
    int64_t step_ns;  /* of the wall clock */
    uint64_t seq;
    const struct venue *venue;
    size_t count;
    struct health_report reports[64];
};

static struct bench *open_bench(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    assert_ok(health_new(&bench->health));
    venue_frame_init(&bench->frame);
    bench->venue = &first_venue;
    return bench;
}

static void close_bench(struct bench *bench)
{
    health_free(bench->health);
    venue_frame_release(&bench->frame);
    free(bench);
}

static void see(struct bench *bench, enum record_type type, uint32_t connection, const char *data,
                const struct venue_frame *frame)
{
    struct record record = {.seq = ++bench->seq,
                            .type = type,
                            .venue = bench->venue ? bench->venue->name : "",
                            .connection = connection,
                            .wall_ns = START_NS + bench->clock_ns + bench->step_ns,
                            .mono_ns = bench->clock_ns,
                            .source_ns = RECORD_NO_TIME,
                            .data = (const uint8_t *)data,
                            .size = strlen(data)};
    assert_ok(health_see(bench->health, &record, bench->venue, frame, bench->clock_ns));
}

static void event(struct bench *bench, uint32_t connection, const char *json)
{
    see(bench, RECORD_CONNECTION, connection, json, NULL);
}

static void receive(struct bench *bench, uint32_t connection, enum venue_frame_kind kind)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = kind;
    if (kind == VENUE_MALFORMED)
        venue_frame_malformed(&bench->frame, "bad");
    see(bench, RECORD_RECEIVED, connection, "{}", &bench->frame);
}

static void refuse(struct bench *bench, uint32_t connection)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_ACK;
    snprintf(bench->frame.error, VENUE_ERROR_MAX, "no");
    see(bench, RECORD_RECEIVED, connection, "{}", &bench->frame);
}

static void add_trade(struct bench *bench, int64_t latency_ns, uint32_t flags)
{
    struct trade *out;
    assert_ok(venue_frame_add(&bench->frame, &out));
    out->source_ns = START_NS + bench->clock_ns + bench->step_ns - latency_ns;
    out->flags = flags;
}

static void trade(struct bench *bench, uint32_t connection, int64_t latency_ns, uint32_t flags)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_TRADES;
    add_trade(bench, latency_ns, flags);
    see(bench, RECORD_RECEIVED, connection, "{}", &bench->frame);
}

static void keep_report(const struct health_report *report, void *arg)
{
    struct bench *bench = arg;
    assert_true(bench->count < sizeof bench->reports / sizeof bench->reports[0]);
    bench->reports[bench->count++] = *report;
}

/* connection 0: the venue. Valid until the next call. */
static const struct health_report *try_report(struct bench *bench, uint32_t connection)
{
    bench->count = 0;
    health_each(bench->health, bench->clock_ns, keep_report, bench);
    for (size_t i = 0; i < bench->count; i++)
        if (bench->reports[i].connection == connection &&
            strcmp(bench->reports[i].venue, bench->venue->name) == 0)
            return &bench->reports[i];
    return NULL;
}

static const struct health_report *report(struct bench *bench, uint32_t connection)
{
    const struct health_report *found = try_report(bench, connection);
    assert_non_null(found);
    return found;
}

static void assert_health(struct bench *bench, uint32_t connection, enum health_state state,
                          unsigned score, const char *why)
{
    const struct health_report *found = report(bench, connection);
    assert_string_equal(found->why, why);
    assert_int_equal(found->state, state);
    assert_int_equal(found->score, score);
}

#define OPEN    "{\"event\":\"open\",\"url\":\"wss://x\",\"link\":1}"
#define OTHER   "{\"event\":\"open\",\"url\":\"wss://x\",\"link\":2}"
#define LOST    "{\"event\":\"close\",\"reason\":\"cut\",\"planned\":false}"
#define PLANNED "{\"event\":\"close\",\"reason\":\"done\",\"planned\":true}"
#define FAILED  "{\"event\":\"error\",\"reason\":\"no\"}"

/* ---- by hand
 * ---------------------------------------------------------------------------------
 */

static void test_a_venue_is_up_while_all_comes(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    assert_null(try_report(bench, 0));
    see(bench, RECORD_HTTP, 0, "{}\n[]", NULL);
    assert_health(bench, 0, HEALTH_DOWN, 0, "no connection is open");
    event(bench, 7, OPEN);
    assert_health(bench, 0, HEALTH_UP, 100, "");
    assert_health(bench, 7, HEALTH_UP, 100, "");
    assert_int_equal(report(bench, 7)->frame_age_ns, -1);
    bench->clock_ns += NS_PER_S;
    receive(bench, 7, VENUE_HEARTBEAT);
    bench->clock_ns += NS_PER_S;
    trade(bench, 7, 5 * NS_PER_MS, 0);
    bench->clock_ns += 3 * NS_PER_S;
    const struct health_report *found = report(bench, 7);
    assert_int_equal(found->frames, 2);
    assert_int_equal(found->trades, 1);
    assert_int_equal(found->frame_age_ns, 3 * NS_PER_S);
    assert_int_equal(found->data_age_ns, 3 * NS_PER_S);
    assert_int_equal(found->connections, 1);
    assert_int_equal(found->seq, bench->seq);
    assert_int_equal(found->wall_ns, START_NS + 2 * NS_PER_S);
    event(bench, 7, PLANNED);
    assert_null(try_report(bench, 7));
    assert_health(bench, 0, HEALTH_DOWN, 0, "no connection is open");
    close_bench(bench);
}

/* Latencies are those of the last full minute; snapshots and repairs say
 * nothing. */
static void test_latency_is_of_the_last_full_minute(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    event(bench, 2, OTHER);
    trade(bench, 1, 740 * NS_PER_MS, 0);
    trade(bench, 2, 20 * NS_PER_MS, 0);
    trade(bench, 1, NS_PER_HOUR, TRADE_SNAPSHOT);
    trade(bench, 1, NS_PER_HOUR, TRADE_BACKFILL);
    assert_int_equal(report(bench, 0)->latency.count, 0);
    event(bench, 2, PLANNED);
    bench->clock_ns += NS_PER_MIN;
    const struct health_report *found = report(bench, 0);
    assert_int_equal(found->latency.count, 2);
    assert_int_equal(found->latency.min, 20 * NS_PER_MS);
    assert_int_equal(found->latency.max, 740 * NS_PER_MS);
    assert_string_equal(found->why, "latency p99 740 ms (-1)");
    assert_int_equal(found->score, 99);
    assert_int_equal(found->state, HEALTH_UP);
    assert_int_equal(report(bench, 1)->latency.count, 1);
    assert_true(report(bench, 1)->has_clock_offset);
    assert_int_equal(report(bench, 1)->clock_offset_ns, 740 * NS_PER_MS);
    trade(bench, 1, -NS_PER_MS, 0);
    bench->clock_ns += NS_PER_MIN;
    assert_health(bench, 1, HEALTH_UP, 90, "clocks not to be trusted (-10)");
    bench->clock_ns += NS_PER_MIN;
    assert_health(bench, 1, HEALTH_UP, 100, "");
    close_bench(bench);
}

static void test_a_step_of_the_wall_clock_is_told_for_two_minutes(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    bench->step_ns = NS_PER_S / 10;
    receive(bench, 1, VENUE_HEARTBEAT);
    assert_false(report(bench, 1)->clock_untrusted);
    bench->step_ns = -1;
    receive(bench, 1, VENUE_HEARTBEAT);
    assert_true(report(bench, 1)->clock_untrusted);
    bench->clock_ns = 2 * NS_PER_MIN - 1;
    assert_health(bench, 1, HEALTH_UP, 90, "clocks not to be trusted (-10)");
    bench->clock_ns++;
    assert_false(report(bench, 1)->clock_untrusted);
    close_bench(bench);
}

/* 100 frames, at most 2 s apart: the limit is 3 x 2 + 30 s. */
static void test_silence_is_measured_against_the_usual(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    for (int i = 0; i < 99; i++) {
        bench->clock_ns += 2 * NS_PER_S;
        receive(bench, 1, VENUE_DATA);
    }
    assert_int_equal(report(bench, 1)->silence_limit_ns, 0);
    bench->clock_ns += NS_PER_S;
    receive(bench, 1, VENUE_DATA);
    assert_int_equal(report(bench, 1)->silence_limit_ns, 36 * NS_PER_S);
    bench->clock_ns += 36 * NS_PER_S - 1;
    receive(bench, 1, VENUE_HEARTBEAT); /* is no data */
    assert_int_equal(report(bench, 1)->state, HEALTH_UP);
    bench->clock_ns++;
    assert_health(bench, 1, HEALTH_DEGRADED, 80, "no market data for 36 s (-20)");
    assert_health(bench, 0, HEALTH_DEGRADED, 80, "no market data for 36 s (-20)");
    bench->clock_ns += 36 * NS_PER_S;
    assert_int_equal(report(bench, 1)->score, 60);
    /* the silence counts for no more than the limit was */
    receive(bench, 1, VENUE_DATA);
    assert_int_equal(report(bench, 1)->silence_limit_ns, (3 * 36 + 30) * NS_PER_S);
    /* and is forgotten with the sixth hour after its own */
    bench->clock_ns = 6 * NS_PER_HOUR - 1;
    assert_int_equal(report(bench, 1)->silence_limit_ns, (3 * 36 + 30) * NS_PER_S);
    bench->clock_ns++;
    assert_int_equal(report(bench, 1)->silence_limit_ns, 30 * NS_PER_S);
    close_bench(bench);
}

static void test_a_rate_far_below_usual_costs_points(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    static const int frames[] = {100, 1, 60, 40, 60, 80, 5};
    event(bench, 1, OPEN);
    for (size_t minute = 0; minute < sizeof frames / sizeof frames[0]; minute++) {
        for (int i = 0; i < frames[minute]; i++)
            receive(bench, 1, VENUE_HEARTBEAT);
        bench->clock_ns += NS_PER_MIN;
        assert_int_equal(report(bench, 1)->frames_per_min, frames[minute]);
        /* the first minute was not whole; then 1, 60, 40, 60, 80 */
        assert_int_equal(report(bench, 1)->usual_per_min, minute < 5 ? 0 : minute == 5 ? 60 : 40);
    }
    /* floor(20 x (40 - 4 x 5) / 40) */
    assert_health(bench, 1, HEALTH_UP, 90, "5 frames/min, usually 40 (-10)");
    close_bench(bench);
}

static void test_losses_degrade_for_a_minute_and_cost_for_ten(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    bench->clock_ns = 5 * NS_PER_S;
    for (int i = 0; i < 998; i++)
        receive(bench, 1, VENUE_HEARTBEAT);
    receive(bench, 1, VENUE_MALFORMED);
    see(bench, RECORD_GAP, 1, "{\"reason\":\"full\",\"count\":9,\"frames\":1}", NULL);
    /* 2 of 1000 */
    assert_health(bench, 1, HEALTH_DEGRADED, 98, "1 malformed frame and 1 dropped frame (-2)");
    see(bench, RECORD_GAP, 0, "{\"reason\":\"damage\",\"count\":1}", NULL);
    assert_int_equal(report(bench, 1)->dropped, 1);
    /* 3 of 1001 are 2.997 per mille */
    assert_health(bench, 0, HEALTH_DEGRADED, 97, "1 malformed frame and 2 dropped frames (-3)");
    bench->clock_ns += NS_PER_MIN - 1;
    assert_int_equal(report(bench, 1)->state, HEALTH_DEGRADED);
    bench->clock_ns++;
    assert_health(bench, 1, HEALTH_UP, 98, "1 malformed frame and 1 dropped frame (-2)");
    bench->clock_ns = 10 * NS_PER_MIN - 1;
    assert_int_equal(report(bench, 1)->malformed, 1);
    bench->clock_ns++;
    assert_health(bench, 1, HEALTH_UP, 100, "");
    close_bench(bench);
}

static void test_missing_trades_count_once(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    for (int i = 0; i < 90; i++)
        trade(bench, 1, NS_PER_MS, 0);
    health_missing(bench->health, &first_venue, 13);
    health_missing(bench->health, &first_venue, -3);
    assert_int_equal(report(bench, 0)->missing, 10);
    assert_health(bench, 0, HEALTH_UP, 80, "10 missing trades (-20)");
    assert_health(bench, 1, HEALTH_UP, 100, "");
    /* told by the recorder as well: 10 of them are known already */
    see(bench, RECORD_GAP, 0, "{\"reason\":\"not repaired\",\"count\":0,\"missing\":8}", NULL);
    assert_int_equal(report(bench, 0)->missing, 10);
    see(bench, RECORD_GAP, 0, "{\"reason\":\"not repaired\",\"count\":0,\"missing\":7}", NULL);
    assert_int_equal(report(bench, 0)->missing, 15);
    assert_int_equal(report(bench, 0)->dropped, 0);
    bench->clock_ns += NS_PER_MIN;
    health_missing(bench->health, &first_venue, -20);
    assert_int_equal(report(bench, 0)->missing, 0);
    /* told before the record that shows it, an hour after the one before */
    health_missing(bench->health, &first_venue, 4);
    bench->clock_ns += NS_PER_HOUR;
    trade(bench, 1, NS_PER_MS, 0);
    assert_int_equal(report(bench, 0)->missing, 4);
    close_bench(bench);
}

static void test_refusals_stay_until_the_subscriptions_change(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    event(bench, 2, OTHER);
    refuse(bench, 1);
    refuse(bench, 1);
    assert_health(bench, 1, HEALTH_DEGRADED, 90, "2 subscriptions refused (-10)");
    assert_health(bench, 2, HEALTH_UP, 100, "");
    bench->clock_ns += NS_PER_HOUR;
    assert_health(bench, 0, HEALTH_DEGRADED, 90, "2 subscriptions refused (-10)");
    event(bench, 1, "{\"event\":\"change\",\"add\":{\"trade\":[\"A\"]}}");
    assert_int_equal(report(bench, 1)->refused, 2);
    event(bench, 1, "{\"event\":\"change\",\"leave\":{\"trade\":[\"B\"]}}");
    assert_health(bench, 0, HEALTH_UP, 100, "");
    close_bench(bench);
}

static void test_a_lost_connection_and_its_successor(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    event(bench, 2, OTHER);
    receive(bench, 1, VENUE_MALFORMED);
    bench->clock_ns += 2 * NS_PER_MIN;
    event(bench, 1, LOST);
    assert_health(bench, 1, HEALTH_DOWN, 0, "the connection has ended");
    assert_health(bench, 2, HEALTH_UP, 100, "");
    /* half of its links, a reconnect, all of its frames */
    assert_health(bench, 0, HEALTH_DEGRADED, 100 - 20 - 5 - 20,
                  "1 lost connection not replaced (-20), 1 reconnect (-5), 1 "
                  "malformed frame (-20)");
    assert_int_equal(report(bench, 0)->lost, 1);
    event(bench, 3, FAILED);
    assert_int_equal(report(bench, 0)->errors, 1);
    bench->clock_ns += NS_PER_MIN;
    assert_int_equal(report(bench, 0)->state, HEALTH_DEGRADED);
    event(bench, 4, OPEN);
    assert_null(try_report(bench, 1));
    /* its link's figures go on */
    assert_health(bench, 4, HEALTH_UP, 75, "1 reconnect (-5), 1 malformed frame (-20)");
    assert_health(bench, 0, HEALTH_UP, 73,
                  "1 reconnect and 1 failed attempt (-7), 1 malformed frame (-20)");
    bench->clock_ns += NS_PER_HOUR;
    /* a changeover costs nothing */
    event(bench, 5, "{\"event\":\"open\",\"link\":1,\"replaces\":4}");
    assert_int_equal(report(bench, 4)->state, HEALTH_UP);
    event(bench, 4, PLANNED);
    assert_health(bench, 5, HEALTH_UP, 100, "");
    assert_health(bench, 0, HEALTH_UP, 100, "");
    /* the end of the one before was lost itself */
    event(bench, 6, OPEN);
    assert_null(try_report(bench, 5));
    assert_health(bench, 6, HEALTH_DEGRADED, 95, "1 reconnect (-5)");
    close_bench(bench);
}

static void test_what_is_usual_belongs_to_the_link(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    for (int i = 0; i < 700; i++) {
        bench->clock_ns += NS_PER_S;
        receive(bench, 1, VENUE_DATA);
    }
    assert_int_equal(report(bench, 1)->usual_per_min, 60);
    event(bench, 1, LOST);
    bench->clock_ns += 5 * NS_PER_S;
    event(bench, 2, OPEN);
    assert_int_equal(report(bench, 2)->usual_per_min, 60);
    assert_int_equal(report(bench, 2)->silence_limit_ns, 33 * NS_PER_S);
    assert_int_equal(report(bench, 2)->data_age_ns, -1);
    bench->clock_ns += 33 * NS_PER_S;
    assert_non_null(strstr(report(bench, 2)->why, "no market data for 33 s (-20)"));
    close_bench(bench);
}

static void test_a_lost_connection_is_told_for_ten_minutes(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    event(bench, 2, OTHER);
    bench->clock_ns += NS_PER_S;
    event(bench, 1, FAILED); /* of an open one: it has ended */
    assert_int_equal(report(bench, 0)->reconnects, 1);
    assert_int_equal(report(bench, 0)->errors, 0);
    bench->clock_ns += 10 * NS_PER_MIN - 1;
    assert_int_equal(report(bench, 1)->state, HEALTH_DOWN);
    assert_int_equal(report(bench, 0)->lost, 1);
    bench->clock_ns++;
    assert_null(try_report(bench, 1));
    assert_health(bench, 0, HEALTH_UP, 100, "");
    close_bench(bench);
}

static void test_a_configuration_ends_all_connections(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    bench->venue = &second_venue;
    receive(bench, 2, VENUE_DATA); /* without an open record */
    assert_int_equal(report(bench, 2)->state, HEALTH_UP);
    assert_int_equal(bench->count, 4);
    bench->venue = NULL;
    see(bench, RECORD_CONFIG, 0, "{}", NULL);
    bench->venue = &second_venue;
    assert_null(try_report(bench, 2));
    assert_int_equal(bench->count, 0);
    event(bench, 3, OPEN);
    assert_health(bench, 0, HEALTH_UP, 100, "");
    assert_int_equal(bench->count, 2);
    close_bench(bench);
}

static void test_records_that_are_no_records_harm_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{\"event\":1}",
        "{\"event\":\"open\",\"link\":-4,\"replaces\":99999999999}",
        "{\"count\":9223372036854775807,\"frames\":9223372036854775807}",
        "{\"count\":0,\"missing\":9223372036854775807}",
        "{\"count\":-5,\"frames\":-5,\"missing\":-5}",
    };
    struct bench *bench = open_bench();
    event(bench, 1, OPEN);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (uint32_t k = 0; k < 4; k++)
            for (enum record_type type = 0; type < RECORD_TYPE_MAX; type++)
                see(bench, type, k, texts[i], NULL);
    for (int i = 0; i < 1000; i++)
        see(bench, RECORD_GAP, 1, "{\"count\":9223372036854775807}", NULL);
    struct record record = {.type = RECORD_TICK,
                            .venue = "",
                            .wall_ns = INT64_MIN,
                            .mono_ns = INT64_MAX,
                            .data = (const uint8_t *)""};
    assert_ok(health_see(bench->health, &record, NULL, NULL, INT64_MAX));
    assert_ok(health_see(bench->health, &record, &first_venue, NULL, INT64_MIN));
    bench->clock_ns = INT64_MAX;
    report(bench, 0);
    close_bench(bench);
}

static void test_connections_have_a_limit(void **state)
{
    (void)state;
    struct bench *bench = open_bench();
    for (uint32_t number = 1; number <= HEALTH_CONNECTIONS_MAX + 10; number++)
        receive(bench, number, VENUE_DATA);
    event(bench, 5, LOST); /* makes room */
    receive(bench, 5000, VENUE_DATA);
    receive(bench, 5001, VENUE_DATA);
    for (uint32_t number = 6; number <= HEALTH_CONNECTIONS_MAX; number++)
        event(bench, number, PLANNED);
    const struct health_report *venue = report(bench, 0);
    assert_int_equal(venue->frames, HEALTH_CONNECTIONS_MAX + 12);
    assert_int_equal(venue->connections, 5); /* 1 to 4 and 5000 */
    report(bench, 5000);
    assert_null(try_report(bench, 5001));
    close_bench(bench);
}

/* ---- against a naive recomputation
 * ----------------------------------------------------------- */

/* Everything that ever happened, from which every figure is counted anew. */
enum kind { FRAME, TRADE, MALFORMED, DROPPED, LOSS, FAILURE, MISSING, DATA, GAP, LATENCY, KINDS };

struct happening {
    enum kind kind;
    int64_t clock_ns, value;
};

struct history {
    size_t count, capacity;
    struct happening *items;
};

struct twin {
    size_t venue;
    uint32_t number, link;
    bool present, lost;
    int64_t opened_ns, ended_ns; /* INT64_MAX: open */
    uint64_t refused;
    size_t whole_count; /* inherited, newest first */
    uint64_t whole[15];
    struct history history; /* with that of the one before on its link */
    struct history own;
    bool gave;
};

#define TWINS 400
struct naive {
    struct bench *bench;
    uint64_t seed;
    size_t count;
    struct twin twins[TWINS];
    struct {
        bool seen;
        int64_t unrepaired;
        struct history history;
    } venues[2];
    int64_t stepped_ns; /* INT64_MIN: never */
    int64_t told_ns;    /* the last time that the module was told */
};

static const struct venue *const venues[] = {&first_venue, &second_venue};

static void happen(struct history *history, enum kind kind, int64_t clock_ns, int64_t value)
{
    if (history->count == history->capacity) {
        history->capacity = 2 * history->capacity + 64;
        history->items = realloc(history->items, history->capacity * sizeof(struct happening));
        assert_non_null(history->items);
    }
    history->items[history->count++] = (struct happening){kind, clock_ns, value};
}

/* Sum of the values in [from, to). */
static int64_t sum(const struct history *history, enum kind kind, int64_t from_ns, int64_t to_ns)
{
    int64_t all = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct happening *at = &history->items[i];
        if (at->kind == kind && at->clock_ns >= from_ns && at->clock_ns < to_ns)
            all += at->value;
    }
    return all;
}

static int64_t latest(const struct history *history, enum kind kind)
{
    for (size_t i = history->count; i-- > 0;)
        if (history->items[i].kind == kind)
            return history->items[i].clock_ns;
    return INT64_MIN;
}

static bool recent(const struct history *history, enum kind kind, int64_t now_ns)
{
    return sum(history, kind, now_ns - NS_PER_MIN + 1, INT64_MAX) > 0;
}

static bool is_open_at(const struct twin *twin, int64_t clock_ns)
{
    return twin->opened_ns < clock_ns && twin->ended_ns >= clock_ns;
}

static bool venue_open_at(const struct naive *naive, size_t venue, int64_t clock_ns)
{
    for (size_t i = 0; i < naive->count; i++)
        if (naive->twins[i].venue == venue && is_open_at(&naive->twins[i], clock_ns))
            return true;
    return false;
}

/* twin NULL: the venue. */
static bool was_open_at(const struct naive *naive, size_t venue, const struct twin *twin,
                        int64_t clock_ns)
{
    return twin ? is_open_at(twin, clock_ns) : venue_open_at(naive, venue, clock_ns);
}

static size_t whole_minutes(const struct naive *naive, size_t venue, const struct twin *twin,
                            uint64_t out[15])
{
    size_t count = 0;
    const struct history *history = twin ? &twin->history : &naive->venues[venue].history;
    int64_t end_ns = naive->bench->clock_ns / NS_PER_MIN * NS_PER_MIN;
    for (; count < 15 && end_ns > 0; end_ns -= NS_PER_MIN)
        if (was_open_at(naive, venue, twin, end_ns) &&
            was_open_at(naive, venue, twin, end_ns - NS_PER_MIN))
            out[count++] = (uint64_t)sum(history, FRAME, end_ns - NS_PER_MIN, end_ns);
    for (size_t i = 0; twin && count < 15 && i < twin->whole_count; i++)
        out[count++] = twin->whole[i];
    return count;
}

static uint64_t usual_of(const uint64_t *whole, size_t count)
{
    for (size_t i = 0; count >= 5 && i < count; i++) {
        size_t below = 0, same = 0;
        for (size_t k = 0; k < count; k++) {
            below += whole[k] < whole[i];
            same += whole[k] == whole[i];
        }
        if (below <= (count - 1) / 2 && (count - 1) / 2 < below + same)
            return whole[i];
    }
    return 0;
}

static int64_t limit_at(const struct history *history, int64_t now_ns)
{
    int64_t longest_ns = 0;
    if (sum(history, DATA, 0, INT64_MAX) < 100)
        return 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct happening *at = &history->items[i];
        if (at->kind == GAP && at->clock_ns / NS_PER_HOUR > now_ns / NS_PER_HOUR - 6 &&
            at->value > longest_ns)
            longest_ns = at->value;
    }
    return 3 * longest_ns + 30 * NS_PER_S;
}

static int64_t silence_at(const struct twin *twin, int64_t now_ns)
{
    return now_ns - (twin->gave ? latest(&twin->own, DATA) : twin->opened_ns);
}

static bool is_kept(const struct naive *naive, const struct twin *twin)
{
    bool open = twin->ended_ns == INT64_MAX;
    return twin->present && (open || naive->bench->clock_ns - twin->ended_ns < 10 * NS_PER_MIN);
}

static struct twin *find_twin(struct naive *naive, size_t venue, uint32_t number)
{
    for (size_t i = 0; i < naive->count; i++) {
        struct twin *twin = &naive->twins[i];
        if (twin->venue == venue && twin->number == number && is_kept(naive, twin))
            return twin;
    }
    return NULL;
}

static struct twin *new_twin(struct naive *naive, size_t venue, uint32_t number)
{
    assert_true(naive->count < TWINS);
    struct twin *twin = &naive->twins[naive->count++];
    *twin = (struct twin){.venue = venue,
                          .number = number,
                          .present = true,
                          .opened_ns = naive->bench->clock_ns,
                          .ended_ns = INT64_MAX};
    return twin;
}

static void lose_twin(struct naive *naive, struct twin *twin)
{
    int64_t now_ns = naive->bench->clock_ns;
    happen(&twin->history, LOSS, now_ns, 1);
    happen(&naive->venues[twin->venue].history, LOSS, now_ns, 1);
    twin->ended_ns = now_ns;
    twin->lost = true;
}

static void end_twin(const struct naive *naive, struct twin *twin)
{
    twin->present = false;
    if (twin->ended_ns == INT64_MAX)
        twin->ended_ns = naive->bench->clock_ns;
}

/* ---- the same record to both ---- */

static void both_open(struct naive *naive, size_t venue, uint32_t number, uint32_t link,
                      uint32_t replaces)
{
    char json[128];
    snprintf(json, sizeof json, "{\"event\":\"open\",\"link\":%u,\"replaces\":%u}", link, replaces);
    event(naive->bench, number, json);
    struct twin *old = find_twin(naive, venue, number);
    if (old)
        end_twin(naive, old);
    struct twin *twin = new_twin(naive, venue, number), *before = NULL;
    twin->link = link;
    for (size_t i = 0; i + 1 < naive->count; i++) {
        struct twin *at = &naive->twins[i];
        bool same = at->venue == venue && link > 0 && at->link == link && is_kept(naive, at);
        if (same && at->number != replaces && at->ended_ns == INT64_MAX)
            lose_twin(naive, at);
        if (same && (!before || at->number > before->number))
            before = at;
    }
    if (find_twin(naive, venue, replaces) && replaces != number)
        before = find_twin(naive, venue, replaces);
    if (before) {
        twin->whole_count = whole_minutes(naive, venue, before, twin->whole);
        for (size_t i = 0; i < before->history.count; i++) {
            const struct happening *at = &before->history.items[i];
            happen(&twin->history, at->kind, at->clock_ns, at->value);
        }
    }
    for (size_t i = 0; i + 1 < naive->count; i++) {
        struct twin *at = &naive->twins[i];
        if (at->venue == venue && link > 0 && at->link == link && at->lost)
            at->present = false;
    }
}

static void both_close(struct naive *naive, size_t venue, uint32_t number, bool planned)
{
    event(naive->bench, number, planned ? PLANNED : LOST);
    struct twin *twin = find_twin(naive, venue, number);
    if (!twin || twin->ended_ns != INT64_MAX)
        return;
    if (planned)
        end_twin(naive, twin);
    else
        lose_twin(naive, twin);
}

static void both_fail(struct naive *naive, size_t venue, uint32_t number)
{
    event(naive->bench, number, FAILED);
    struct twin *twin = find_twin(naive, venue, number);
    if (twin && twin->ended_ns == INT64_MAX)
        lose_twin(naive, twin);
    else
        happen(&naive->venues[venue].history, FAILURE, naive->bench->clock_ns, 1);
}

static void twin_data(struct naive *naive, size_t venue, struct twin *twin)
{
    int64_t now_ns = naive->bench->clock_ns;
    happen(&naive->venues[venue].history, DATA, now_ns, 1);
    if (!twin)
        return;
    if (twin->gave) {
        int64_t gap_ns = silence_at(twin, now_ns), limit_ns = limit_at(&twin->history, now_ns);
        happen(&twin->history, GAP, now_ns, limit_ns && gap_ns > limit_ns ? limit_ns : gap_ns);
    }
    happen(&twin->history, DATA, now_ns, 1);
    happen(&twin->own, DATA, now_ns, 1);
    twin->gave = true;
}

static void both_note(struct naive *naive, size_t venue, struct twin *twin, enum kind kind,
                      int64_t value)
{
    happen(&naive->venues[venue].history, kind, naive->bench->clock_ns, value);
    if (twin)
        happen(&twin->history, kind, naive->bench->clock_ns, value);
}

static void both_trades(struct naive *naive, size_t venue, struct twin *twin)
{
    struct bench *bench = naive->bench;
    size_t count = unit_below(&naive->seed, 4);
    for (size_t i = 0; i < count; i++) {
        int64_t latency_ns = (int64_t)unit_below(&naive->seed, 3000) * NS_PER_MS / 2;
        latency_ns -= unit_below(&naive->seed, 60) == 0 ? NS_PER_S : 0;
        bool old = unit_below(&naive->seed, 5) == 0;
        add_trade(bench, latency_ns, old ? TRADE_SNAPSHOT : 0);
        if (old)
            continue;
        both_note(naive, venue, twin, TRADE, 1);
        if (twin) {
            happen(&twin->own, LATENCY, bench->clock_ns, latency_ns);
            happen(&naive->venues[venue].history, LATENCY, bench->clock_ns, latency_ns);
        }
    }
}

static void both_frame(struct naive *naive, size_t venue, uint32_t number)
{
    static const enum venue_frame_kind kinds[] = {VENUE_TRADES, VENUE_TRADES, VENUE_TRADES,
                                                  VENUE_DATA,   VENUE_DATA,   VENUE_HEARTBEAT,
                                                  VENUE_STATUS, VENUE_OTHER};
    struct bench *bench = naive->bench;
    struct twin *twin = find_twin(naive, venue, number);
    uint64_t dice = unit_below(&naive->seed, 400);
    if (!twin && number > 0)
        twin = new_twin(naive, venue, number);
    venue_frame_clear(&bench->frame);
    bench->frame.kind = dice == 0   ? VENUE_MALFORMED
                        : dice == 1 ? VENUE_ACK
                                    : kinds[dice % (sizeof kinds / sizeof kinds[0])];
    both_note(naive, venue, twin, FRAME, 1);
    if (bench->frame.kind == VENUE_MALFORMED)
        both_note(naive, venue, twin, MALFORMED, 1);
    if (bench->frame.kind == VENUE_TRADES || bench->frame.kind == VENUE_DATA)
        twin_data(naive, venue, twin);
    if (bench->frame.kind == VENUE_TRADES)
        both_trades(naive, venue, twin);
    if (bench->frame.kind == VENUE_ACK) {
        snprintf(bench->frame.error, VENUE_ERROR_MAX, "no");
        if (twin)
            twin->refused++;
    }
    see(bench, RECORD_RECEIVED, number, "{}", &bench->frame);
}

static void both_gap(struct naive *naive, size_t venue, uint32_t number)
{
    char json[128];
    int64_t lost = (int64_t)unit_below(&naive->seed, 3),
            *unrepaired = &naive->venues[venue].unrepaired;
    if (unit_below(&naive->seed, 2) == 0) {
        snprintf(json, sizeof json, "{\"count\":%d,\"frames\":%d}", (int)lost + 1, (int)lost);
        both_note(naive, venue, find_twin(naive, venue, number), DROPPED, lost);
    } else {
        snprintf(json, sizeof json, "{\"count\":0,\"missing\":%d}", (int)lost);
        int64_t known = lost < *unrepaired ? lost : *unrepaired;
        *unrepaired -= known;
        both_note(naive, venue, NULL, MISSING, lost - known);
    }
    see(naive->bench, RECORD_GAP, number, json, NULL);
}

static void both_missing(struct naive *naive, size_t venue)
{
    int64_t count = (int64_t)unit_below(&naive->seed, 9) - 3,
            *unrepaired = &naive->venues[venue].unrepaired;
    health_missing(naive->bench->health, venues[venue], count);
    both_note(naive, venue, NULL, MISSING, count);
    *unrepaired = *unrepaired + count > 0 ? *unrepaired + count : 0;
    see(naive->bench, RECORD_TICK, 0, "", NULL);
}

/* Whatever was open is so no longer than the module knew. */
static void both_begin(struct naive *naive)
{
    for (size_t i = 0; i < naive->count; i++) {
        if (naive->twins[i].ended_ns == INT64_MAX)
            naive->twins[i].ended_ns = naive->told_ns;
        naive->twins[i].present = false;
    }
    naive->venues[0].seen = naive->venues[1].seen = false;
    naive->bench->venue = NULL;
    see(naive->bench, RECORD_CONFIG, 0, "{}", NULL);
}

/* ---- comparing ---- */

static void assert_latency(const struct history *history, int64_t now_ns,
                           const struct health_report *found)
{
    struct latency latency = {0};
    struct latency_figures figures;
    struct latency_pool pool;
    int64_t end_ns = now_ns / NS_PER_MIN * NS_PER_MIN;
    latency_pool_init(&pool);
    for (size_t i = 0; i < history->count; i++) {
        const struct happening *at = &history->items[i];
        if (at->kind == LATENCY && at->clock_ns >= end_ns - NS_PER_MIN && at->clock_ns < end_ns)
            assert_ok(latency_add(&latency, &pool, at->value));
    }
    latency_figures(&latency, &figures);
    assert_memory_equal(&figures, &found->latency, sizeof figures);
    latency_pool_release(&pool);
}

static void assert_figures(const struct naive *naive, const struct history *history,
                           const struct health_report *found)
{
    int64_t now_ns = naive->bench->clock_ns, minute_ns = now_ns / NS_PER_MIN * NS_PER_MIN;
    int64_t from_ns = minute_ns - 9 * NS_PER_MIN, missing;
    assert_int_equal(found->frames, sum(history, FRAME, from_ns, INT64_MAX));
    assert_int_equal(found->trades, sum(history, TRADE, from_ns, INT64_MAX));
    assert_int_equal(found->malformed, sum(history, MALFORMED, from_ns, INT64_MAX));
    assert_int_equal(found->dropped, sum(history, DROPPED, from_ns, INT64_MAX));
    assert_int_equal(found->reconnects, sum(history, LOSS, from_ns, INT64_MAX));
    assert_int_equal(found->errors, sum(history, FAILURE, from_ns, INT64_MAX));
    missing = sum(history, MISSING, from_ns, INT64_MAX);
    assert_int_equal(found->missing, missing > 0 ? missing : 0);
    assert_int_equal(found->frames_per_min, sum(history, FRAME, minute_ns - NS_PER_MIN, minute_ns));
    bool stepped = naive->stepped_ns != INT64_MIN && naive->stepped_ns >= minute_ns - NS_PER_MIN;
    assert_int_equal(found->clock_untrusted,
                     stepped || (found->latency.count > 0 && found->latency.min < 0));
}

static double lesser(double a, double b)
{
    return a < b ? a : b;
}

static double floored(double value)
{
    return (double)(int64_t)value;
}

static double share(double part, double whole)
{
    double exact = part > 0 ? 1000 * part / whole : 0;
    return lesser(20, floored(exact) < exact ? floored(exact) + 1 : exact);
}

static void assert_score(const struct health_report *found, double silences, bool whole,
                         enum health_state state)
{
    double u = (double)found->usual_per_min, f = (double)found->frames_per_min;
    double points = lesser(40, 20 * floored(silences));
    double lost = (double)found->lost, p99_ms = (double)(found->latency.p99 / NS_PER_MS);
    double cut = floored(40 * lost / (lost + (double)found->connections));
    points += lost == 0 ? 0 : cut < 1 ? 1 : cut;
    points += whole && u >= 12 && 4 * f < u ? floored(20 * (u - 4 * f) / u) : 0;
    points += lesser(20, 5 * (double)found->refused);
    points += lesser(20, 5 * (double)found->reconnects + 2 * (double)found->errors);
    points += share((double)(found->malformed + found->dropped),
                    (double)(found->frames + found->dropped));
    points += share((double)found->missing, (double)(found->trades + found->missing));
    points += found->clock_untrusted ? 10 : lesser(10, floored(p99_ms / 500));
    double score = state == HEALTH_DOWN ? 0 : points > 99 ? 1 : 100 - points;
    assert_int_equal(found->state, state);
    assert_int_equal(found->score, (int)score);
    assert_int_equal(found->why[0] == '\0', score == 100);
    assert_true(score < 100 || state == HEALTH_UP);
}

static double silences_of(const struct naive *naive, const struct twin *twin)
{
    int64_t now_ns = naive->bench->clock_ns, limit_ns = limit_at(&twin->history, now_ns);
    return limit_ns > 0 ? (double)(silence_at(twin, now_ns) / limit_ns) : 0;
}

static bool has_trouble(const struct history *history, int64_t now_ns)
{
    return recent(history, MALFORMED, now_ns) || recent(history, DROPPED, now_ns) ||
           recent(history, LOSS, now_ns) || recent(history, FAILURE, now_ns);
}

static bool is_degraded(const struct naive *naive, const struct twin *twin)
{
    return silences_of(naive, twin) > 0 || twin->refused > 0 ||
           has_trouble(&twin->history, naive->bench->clock_ns);
}

static bool was_whole(const struct naive *naive, size_t venue, const struct twin *twin)
{
    int64_t minute_ns = naive->bench->clock_ns / NS_PER_MIN * NS_PER_MIN;
    return was_open_at(naive, venue, twin, minute_ns) &&
           was_open_at(naive, venue, twin, minute_ns - NS_PER_MIN);
}

static void assert_twin(struct naive *naive, const struct twin *twin,
                        const struct health_report *found)
{
    uint64_t whole[15];
    int64_t now_ns = naive->bench->clock_ns;
    bool open = twin->ended_ns == INT64_MAX;
    assert_latency(&twin->own, now_ns, found);
    assert_figures(naive, &twin->history, found);
    assert_int_equal(found->usual_per_min,
                     usual_of(whole, whole_minutes(naive, twin->venue, twin, whole)));
    assert_int_equal(found->silence_limit_ns, limit_at(&twin->history, now_ns));
    assert_int_equal(found->data_age_ns, twin->gave ? silence_at(twin, now_ns) : -1);
    assert_int_equal(found->connections, open);
    assert_int_equal(found->refused, open ? twin->refused : 0);
    struct clock_offset offset = {0};
    for (size_t i = 0; i < twin->own.count; i++)
        if (twin->own.items[i].kind == LATENCY)
            clock_offset_add(&offset, twin->own.items[i].value);
    assert_int_equal(found->has_clock_offset, offset.known);
    assert_int_equal(found->clock_offset_ns, offset.ns);
    assert_score(found, silences_of(naive, twin), was_whole(naive, twin->venue, twin),
                 !open                      ? HEALTH_DOWN
                 : is_degraded(naive, twin) ? HEALTH_DEGRADED
                                            : HEALTH_UP);
}

static void assert_venue(struct naive *naive, size_t venue, const struct health_report *found)
{
    uint64_t whole[15];
    double silences = 0;
    uint32_t open = 0, lost = 0;
    int64_t now_ns = naive->bench->clock_ns;
    const struct history *history = &naive->venues[venue].history;
    bool degraded = has_trouble(history, now_ns);
    for (size_t i = 0; i < naive->count; i++) {
        const struct twin *twin = &naive->twins[i];
        if (twin->venue != venue || !is_kept(naive, twin))
            continue;
        bool is_open = twin->ended_ns == INT64_MAX;
        open += is_open;
        lost += !is_open && twin->link > 0;
        degraded |= is_open ? is_degraded(naive, twin) : twin->link > 0;
        if (is_open && silences_of(naive, twin) > silences)
            silences = silences_of(naive, twin);
    }
    assert_int_equal(found->connections, open);
    assert_int_equal(found->lost, lost);
    assert_latency(history, now_ns, found);
    assert_figures(naive, history, found);
    assert_int_equal(found->usual_per_min,
                     usual_of(whole, whole_minutes(naive, venue, NULL, whole)));
    assert_score(found, silences, was_whole(naive, venue, NULL),
                 open == 0  ? HEALTH_DOWN
                 : degraded ? HEALTH_DEGRADED
                            : HEALTH_UP);
}

static void compare(struct naive *naive)
{
    struct bench *bench = naive->bench;
    size_t told = 0;
    naive->told_ns = bench->clock_ns;
    bench->count = 0;
    health_each(bench->health, bench->clock_ns, keep_report, bench);
    for (size_t i = 0; i < bench->count; i++) {
        const struct health_report *found = &bench->reports[i];
        size_t venue = strcmp(found->venue, "second") == 0;
        if (found->connection == 0)
            assert_venue(naive, venue, found);
        else
            assert_twin(naive, find_twin(naive, venue, found->connection), found);
    }
    for (size_t i = 0; i < naive->count; i++)
        told += is_kept(naive, &naive->twins[i]);
    assert_int_equal(bench->count, told + naive->venues[0].seen + naive->venues[1].seen);
}

/* ---- random records ---- */

static void pass(struct naive *naive)
{
    static const int64_t spans_ms[] = {200, 2000, 2000, 2000, 20000, 20000, 200000};
    uint64_t dice = unit_below(&naive->seed, 300);
    int64_t span_ms = dice == 0  ? 30 * 3600 * 1000
                      : dice < 4 ? 40 * 60 * 1000
                                 : spans_ms[unit_below(&naive->seed, 7)];
    naive->bench->clock_ns += (int64_t)unit_below(&naive->seed, (uint64_t)span_ms) * NS_PER_MS;
}

static void happen_once(struct naive *naive)
{
    struct bench *bench = naive->bench;
    size_t venue = unit_below(&naive->seed, 2);
    uint32_t number = (uint32_t)(unit_below(&naive->seed, 3) + 3 * venue);
    uint64_t dice = unit_below(&naive->seed, 100);
    pass(naive);
    bench->venue = venues[venue];
    if (dice == 0) {
        both_begin(naive);
        return;
    }
    if (bench->seq > 0 && unit_below(&naive->seed, 100) == 0) {
        bench->step_ns += NS_PER_S;
        naive->stepped_ns = bench->clock_ns;
    }
    naive->venues[venue].seen = true;
    see(bench, RECORD_HTTP, 0, "{}\n", NULL);
    if (dice < 6)
        both_open(naive, venue, number + 1, (uint32_t)unit_below(&naive->seed, 3),
                  (uint32_t)unit_below(&naive->seed, 4));
    else if (dice < 9)
        both_close(naive, venue, number + 1, dice == 6);
    else if (dice < 11)
        both_fail(naive, venue, number + 1);
    else if (dice < 14)
        both_gap(naive, venue, number);
    else if (dice < 16)
        both_missing(naive, venue);
    for (size_t i = 0; dice >= 16 && i < dice / 4; i++) {
        bench->clock_ns += (int64_t)unit_below(&naive->seed, 300) * NS_PER_MS;
        both_frame(naive, venue, number);
    }
}

static void test_random_records_give_what_a_recount_gives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct naive *naive = calloc(1, sizeof *naive);
        assert_non_null(naive);
        naive->bench = open_bench();
        naive->seed = seed;
        naive->stepped_ns = INT64_MIN;
        for (int i = 0; i < 120; i++) {
            happen_once(naive);
            naive->told_ns = naive->bench->clock_ns;
            if (unit_below(&naive->seed, 4) == 0)
                pass(naive);
            if (unit_below(&naive->seed, 2) == 0)
                compare(naive);
        }
        for (size_t i = 0; i < naive->count; i++) {
            free(naive->twins[i].history.items);
            free(naive->twins[i].own.items);
        }
        free(naive->venues[0].history.items);
        free(naive->venues[1].history.items);
        close_bench(naive->bench);
        free(naive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_venue_is_up_while_all_comes),
        cmocka_unit_test(test_latency_is_of_the_last_full_minute),
        cmocka_unit_test(test_a_step_of_the_wall_clock_is_told_for_two_minutes),
        cmocka_unit_test(test_silence_is_measured_against_the_usual),
        cmocka_unit_test(test_a_rate_far_below_usual_costs_points),
        cmocka_unit_test(test_losses_degrade_for_a_minute_and_cost_for_ten),
        cmocka_unit_test(test_missing_trades_count_once),
        cmocka_unit_test(test_refusals_stay_until_the_subscriptions_change),
        cmocka_unit_test(test_a_lost_connection_and_its_successor),
        cmocka_unit_test(test_what_is_usual_belongs_to_the_link),
        cmocka_unit_test(test_a_lost_connection_is_told_for_ten_minutes),
        cmocka_unit_test(test_a_configuration_ends_all_connections),
        cmocka_unit_test(test_records_that_are_no_records_harm_nothing),
        cmocka_unit_test(test_connections_have_a_limit),
        cmocka_unit_test(test_random_records_give_what_a_recount_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
