#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/conductor.h"
#include "recorder/wire.h"
#include "tests/unit/unit.h"

#include "tests/unit/fake_transport.c"

#include <jansson.h>
#include <unistd.h>

/* ---- two venues ----------------------------------------------------------------------------- */

/* They speak in words: "sub 1 trade S00,S01", "leave 2 trade S00", "ping 0", "test X", "answer X".
 */
#define SYMBOLS  64
#define CHANNELS 3

static const struct venue_channel sim_channels[] = {
    {.name = "trade", .role = ROLE_TRADES},
    {.name = "top", .role = ROLE_TOP},
    {.name = "book", .role = ROLE_DEPTH, .path = "/book"},
    {0},
};
static size_t sim_batch;
static bool sim_can_leave;

static enum err sim_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    if (change->leave && !sim_can_leave)
        return ERR_UNKNOWN;
    if (index * sim_batch >= change->count)
        return ERR_END;
    buf_clear(out);
    enum err err = buf_printf(out, "%s %llu %s ", change->leave ? "leave" : "sub",
                              (unsigned long long)(change->first_id + index), change->channel);
    for (size_t i = index * sim_batch; i < change->count && i < (index + 1) * sim_batch; i++) {
        err = err || i == index * sim_batch ? err : buf_append_byte(out, ',');
        err = err ? err : buf_append_text(out, change->symbols[i]);
    }
    return err;
}

static enum err sim_keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "ping %llu", (unsigned long long)number);
}

static enum err sim_respond(const uint8_t *data, size_t size, struct buf *out)
{
    if (size < 5 || memcmp(data, "test ", 5) != 0)
        return ERR_END;
    buf_clear(out);
    return buf_printf(out, "answer %.*s", (int)(size - 5), (const char *)data + 5);
}

/* The answer is the address. */
static enum err sim_address(const uint8_t *answer, size_t size, uint64_t number, struct buf *out,
                            int64_t *out_keepalive_ns)
{
    if (size == 0)
        return err_fail(ERR_DAMAGED, "an empty answer");
    *out_keepalive_ns = 7 * NS_PER_S;
    return buf_printf(out, "%.*s?n=%llu", (int)size, (const char *)answer,
                      (unsigned long long)number);
}

static const struct venue_handshake sim_handshake = {"POST", "/token", sim_address};
static const struct venue_rest sim_rest = {.url = "https://rest.sim", .gap_ns = NS_PER_S};
static struct venue_recording sim_recording;
static const struct venue sim_venue = {
    .name = "sim", .title = "Sim", .recording = &sim_recording, .rest = &sim_rest};
static const struct venue far_venue = {
    .name = "far", .title = "Far", .recording = &sim_recording, .rest = &sim_rest};

static void usual_venue(void)
{
    sim_batch = 4;
    sim_can_leave = true;
    sim_recording = (struct venue_recording){
        .url = "wss://sim",
        .path = "/ws",
        .channels = sim_channels,
        .symbols_max = 100,
        .send_gap_ns = 200 * NS_PER_MS,
        .connects = 30,
        .connects_span_ns = 5 * NS_PER_MIN,
        .silence_ns = NS_PER_MIN,
        .subscribe = sim_subscribe,
    };
}

/* ---- plans ---------------------------------------------------------------------------------- */

/* Symbols with a bit in `symbols`, on the first `channels` channels; the third lives elsewhere. */
static struct record_plan *plan_new(const struct venue *venue, uint64_t symbols, size_t channels,
                                    unsigned redundancy)
{
    struct record_plan *plan = calloc(1, sizeof *plan);
    struct plan_venue *at = &plan->venues[0];
    plan->venue_count = 1;
    at->venue = venue;
    at->redundancy = redundancy;
    at->stream_count = channels;
    assert_ok(ws_url_parse_http(&at->rest, "https://rest.sim"));
    for (size_t i = 0; i < channels; i++) {
        at->streams[i].channel = &sim_channels[i];
        assert_ok(ws_url_parse(&at->streams[i].url, "wss://sim.example", i < 2 ? "/ws" : "/book"));
    }
    at->instruments = calloc(SYMBOLS, sizeof *at->instruments);
    for (unsigned i = 0; i < SYMBOLS; i++)
        if (symbols >> i & 1)
            snprintf(at->instruments[at->count++].symbol, SYMBOL_MAX, "S%02u", i);
    return plan;
}

static uint64_t first(unsigned count)
{
    return count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

/* ---- the world ------------------------------------------------------------------------------ */

#define PLANS_MAX 512
#define WORDS     CHANNELS

/* What the far end and the tape know of a connection: bits of symbols by channel. */
struct far_end {
    uint64_t has[WORDS], wants[WORDS];
    bool open, settling;
    int64_t opened_ns, closed_ns, sent_ns;
    uint32_t link, replaces;
    int planned; /* -1 not closed */
    unsigned messages;
};

/* A record of the tape. */
struct taken {
    enum record_type type;
    char venue[RECORD_VENUE_MAX];
    uint32_t connection;
    int64_t wall_ns, mono_ns;
    char *text;
};

struct world {
    struct fake_net *net;
    struct conductor *conductor;
    struct record_queue *queue;
    size_t plan_count;
    struct record_plan *plans[PLANS_MAX];
    const struct record_plan *plan; /* now */

    bool keeps; /* the tape is kept in `tape` */
    bool stalled;
    size_t tape_count, tape_capacity;
    struct taken *tape;
    int64_t mono_ns; /* of the newest record */
    uint64_t type_counts[RECORD_TYPE_MAX + 1];
    uint64_t gap_count;
    uint64_t events[8]; /* open, close, error, change, clock */

    size_t end_count;
    struct far_end *ends;
    unsigned carriers[CHANNELS * SYMBOLS];
    uint64_t wanted[WORDS];
    uint64_t armed[WORDS]; /* asked for since it is wanted: from now on a hole counts */
    uint64_t holes;        /* moments at which nobody carried any more what is wanted */
    uint64_t too_many, too_fast;
    bool settles;
    int64_t settle_after_ns;

    size_t attempt_count, attempt_capacity;
    int64_t *attempts;

    /* what the far end does */
    bool refuses, flaps, silent_after_open;
    int64_t cut_age_ns; /* 0 = never */
    int64_t says_every_ns;
    unsigned http_count;
    int http_status[8];
    int64_t http_retry_ns;
    const char *http_body;
    char asked[8][WS_URL_TEXT_MAX + 256];
    int64_t asked_ns[8];
};

static struct far_end *end_of(struct world *world, uint32_t connection)
{
    if (connection >= world->end_count) {
        size_t count = (size_t)connection * 2 + 16;
        world->ends = realloc(world->ends, count * sizeof *world->ends);
        memset(world->ends + world->end_count, 0, (count - world->end_count) * sizeof *world->ends);
        for (size_t i = world->end_count; i < count; i++)
            world->ends[i].planned = -1;
        world->end_count = count;
    }
    return &world->ends[connection];
}

static size_t channel_index(const char *name)
{
    for (size_t i = 0; i < CHANNELS; i++)
        if (strcmp(sim_channels[i].name, name) == 0)
            return i;
    fail_msg("no channel %s", name);
    return 0;
}

static unsigned symbol_index(const char *symbol)
{
    unsigned index = 0;
    assert_int_equal(sscanf(symbol, "S%02u", &index), 1);
    assert_true(index < SYMBOLS);
    return index;
}

/* ---- the watch ------------------------------------------------------------------------------ */

static void give(struct world *world, enum order_kind kind, uint32_t connection, const char *text)
{
    static struct order order;
    order = (struct order){.kind = kind, .connection = connection, .venue = "sim"};
    snprintf(order.text, sizeof order.text, "%s", text);
    conductor_order(world->conductor, &order, fake_net_now(world->net));
}

static void settle(struct fake_net *net, uint64_t connection, void *arg)
{
    (void)net;
    give(arg, ORDER_SETTLED, (uint32_t)connection, "");
}

static void look_if_settled(struct world *world, uint32_t connection)
{
    struct far_end *end = end_of(world, connection);
    bool all = end->open;
    for (size_t i = 0; i < WORDS; i++)
        all = all && (end->wants[i] & ~end->has[i]) == 0;
    if (all && world->settles)
        fake_net_call(world->net, world->settle_after_ns, settle, world, connection);
}

static void read_items(json_t *items, uint64_t out[WORDS])
{
    const char *channel;
    json_t *symbols, *symbol;
    size_t i;
    memset(out, 0, WORDS * sizeof *out);
    json_object_foreach(items, channel, symbols)
    {
        json_array_foreach(symbols, i, symbol)
        {
            uint64_t bit = UINT64_C(1) << symbol_index(json_string_value(symbol));
            uint64_t *word = &out[channel_index(channel)];
            assert_int_equal(*word & bit, 0);
            *word |= bit;
        }
    }
}

static void see_connection(struct world *world, const struct record *record)
{
    static const char *const names[] = {"open", "close", "error", "change", "clock"};
    uint64_t items[WORDS];
    json_error_t error;
    json_t *json = json_loadb((const char *)record->data, record->size, 0, &error);
    assert_non_null(json);
    const char *event = json_string_value(json_object_get(json, "event"));
    struct far_end *end = end_of(world, record->connection);
    for (int i = 0; i < 5; i++)
        world->events[i] += strcmp(event, names[i]) == 0;
    if (strcmp(event, "open") == 0) {
        end->link = (uint32_t)json_integer_value(json_object_get(json, "link"));
        end->replaces = (uint32_t)json_integer_value(json_object_get(json, "replaces"));
        end->opened_ns = record->mono_ns;
        read_items(json_object_get(json, "wanted"), end->wants);
    } else if (strcmp(event, "change") == 0) {
        read_items(json_object_get(json, "leave"), items);
        for (size_t i = 0; i < WORDS; i++)
            end->wants[i] &= ~items[i];
        read_items(json_object_get(json, "add"), items);
        for (size_t i = 0; i < WORDS; i++)
            end->wants[i] |= items[i];
        look_if_settled(world, record->connection);
    } else if (strcmp(event, "close") == 0) {
        end->planned = json_is_true(json_object_get(json, "planned"));
        end->closed_ns = record->mono_ns;
    }
    json_decref(json);
}

static void see_sent(struct world *world, const struct record *record)
{
    struct far_end *end = end_of(world, record->connection);
    if (end->messages++ > 0)
        world->too_fast += record->mono_ns - end->sent_ns < sim_recording.send_gap_ns;
    end->sent_ns = record->mono_ns;
}

static void see_gap(struct world *world, const struct record *record)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)record->data, record->size, 0, &error);
    assert_non_null(json);
    world->gap_count += (uint64_t)json_integer_value(json_object_get(json, "count"));
    json_decref(json);
}

static void keep(struct world *world, const struct record *record)
{
    if (world->tape_count == world->tape_capacity) {
        world->tape_capacity = world->tape_capacity ? world->tape_capacity * 2 : 64;
        world->tape = realloc(world->tape, world->tape_capacity * sizeof *world->tape);
    }
    struct taken *taken = &world->tape[world->tape_count++];
    *taken = (struct taken){.type = record->type,
                            .connection = record->connection,
                            .wall_ns = record->wall_ns,
                            .mono_ns = record->mono_ns,
                            .text = strndup((const char *)record->data, record->size)};
    snprintf(taken->venue, sizeof taken->venue, "%s", record->venue);
}

static void drain(struct world *world)
{
    struct record record;
    while (!world->stalled && record_queue_peek(world->queue, &record, 0) == QUEUE_RECORD) {
        assert_true(record.mono_ns >= world->mono_ns);
        world->mono_ns = record.mono_ns;
        world->type_counts[record.type]++;
        if (record.type == RECORD_CONNECTION)
            see_connection(world, &record);
        else if (record.type == RECORD_SENT)
            see_sent(world, &record);
        else if (record.type == RECORD_GAP)
            see_gap(world, &record);
        if (world->keeps && record.type != RECORD_TICK)
            keep(world, &record);
        record_queue_pop(world->queue);
    }
}

/* ---- the far end ---------------------------------------------------------------------------- */

static void on_say(struct fake_net *net, uint64_t connection, void *arg)
{
    struct world *world = arg;
    if (!fake_net_is_open(net, (uint32_t)connection))
        return;
    fake_net_say(net, (uint32_t)connection, 0, "data");
    fake_net_call(net, world->says_every_ns, on_say, world, connection);
}

static void on_connect(struct fake_net *net, uint32_t connection, const struct ws_url *url,
                       void *arg)
{
    struct world *world = arg;
    (void)url;
    if (world->attempt_count == world->attempt_capacity) {
        world->attempt_capacity = world->attempt_capacity ? world->attempt_capacity * 2 : 64;
        world->attempts =
            realloc(world->attempts, world->attempt_capacity * sizeof *world->attempts);
    }
    world->attempts[world->attempt_count++] = fake_net_now(net).mono_ns;
    if (world->refuses) {
        fake_net_fail(net, connection, 30 * NS_PER_MS, "connection refused");
        return;
    }
    end_of(world, connection)->open = true;
    fake_net_open(net, connection, 30 * NS_PER_MS);
    if (world->flaps)
        fake_net_cut(net, connection, 31 * NS_PER_MS, "no service");
    if (world->cut_age_ns > 0)
        fake_net_cut(net, connection, world->cut_age_ns, "the day is over");
    if (world->says_every_ns > 0)
        fake_net_call(net, world->says_every_ns, on_say, world, connection);
}

static void carry(struct world *world, struct far_end *end, size_t channel, unsigned symbol,
                  bool leave)
{
    uint64_t bit = UINT64_C(1) << symbol;
    unsigned *carriers = &world->carriers[channel * SYMBOLS + symbol];
    if (!leave)
        world->armed[channel] |= bit & world->wanted[channel];
    if (!leave && !(end->has[channel] & bit)) {
        ++*carriers;
        end->has[channel] |= bit;
    } else if (leave && (end->has[channel] & bit)) {
        --*carriers;
        end->has[channel] &= ~bit;
        if (*carriers == 0 && (world->armed[channel] & bit))
            world->holes++;
    }
}

static void on_words(struct fake_net *net, uint32_t connection, const char *text, void *arg)
{
    struct world *world = arg;
    struct far_end *end = end_of(world, connection);
    char verb[8], channel[16], symbols[2048], *rest = NULL;
    unsigned id;
    (void)net;
    if (sscanf(text, "%7s %u %15s %2047s", verb, &id, channel, symbols) != 4)
        return;
    for (char *at = strtok_r(symbols, ",", &rest); at; at = strtok_r(NULL, ",", &rest))
        carry(world, end, channel_index(channel), symbol_index(at), strcmp(verb, "leave") == 0);
    size_t count = 0;
    for (size_t i = 0; i < WORDS; i++)
        count += (size_t)__builtin_popcountll(end->has[i]);
    world->too_many += count > sim_recording.symbols_max;
    look_if_settled(world, connection);
}

static void on_gone(struct fake_net *net, uint32_t connection, void *arg)
{
    struct world *world = arg;
    struct far_end *end = end_of(world, connection);
    (void)net;
    end->open = false;
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        for (unsigned symbol = 0; symbol < SYMBOLS; symbol++)
            carry(world, end, channel, symbol, true);
}

static void on_request(struct fake_net *net, uint32_t fetch, const char *method,
                       const struct ws_url *url, const char *target, void *arg)
{
    struct world *world = arg;
    unsigned number = world->http_count < 8 ? world->http_count : 7;
    snprintf(world->asked[number], sizeof world->asked[number], "%.8s %s%.200s", method, url->text,
             target);
    world->asked_ns[number] = fake_net_now(net).mono_ns;
    world->http_count++;
    int status = world->http_status[number];
    fake_net_answer(net, fetch, 40 * NS_PER_MS, status, status == 429 ? world->http_retry_ns : 0,
                    status ? world->http_body : "no answer in time");
}

/* ---- running -------------------------------------------------------------------------------- */

static int64_t work(void *arg, struct stamp now)
{
    struct world *world = arg;
    int64_t due_ns = conductor_work(world->conductor, now);
    drain(world);
    return due_ns;
}

static void run(struct world *world, int64_t span_ns)
{
    fake_net_run(world->net, fake_net_now(world->net).mono_ns + span_ns, work, world);
}

/* Lines for people would drown those of the tests. */
static void run_quietly(struct world *world, int64_t span_ns, size_t *out_bytes)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int kept = dup(2);
    dup2(fileno(file), 2);
    run(world, span_ns);
    fflush(stderr);
    dup2(kept, 2);
    close(kept);
    fseek(file, 0, SEEK_END);
    if (out_bytes)
        *out_bytes = (size_t)ftell(file);
    fclose(file);
}

static void want(struct world *world, const struct record_plan *plan)
{
    world->plan = plan;
    uint64_t wanted[WORDS] = {0};
    for (size_t v = 0; v < plan->venue_count; v++)
        for (size_t s = 0; s < plan->venues[v].stream_count; s++)
            for (size_t i = 0; i < plan->venues[v].count; i++)
                wanted[s] |= UINT64_C(1) << symbol_index(plan->venues[v].instruments[i].symbol);
    memcpy(world->wanted, wanted, sizeof wanted);
    for (size_t i = 0; i < WORDS; i++)
        world->armed[i] &= wanted[i];
}

static struct record_plan *own(struct world *world, struct record_plan *plan)
{
    assert_true(world->plan_count < PLANS_MAX);
    world->plans[world->plan_count++] = plan;
    return plan;
}

static void world_start(struct world *world, struct record_plan *plan, uint64_t seed)
{
    struct fake_peer peer = {on_connect, on_words, on_gone, on_request, world};
    memset(world, 0, sizeof *world);
    world->keeps = world->settles = true;
    world->settle_after_ns = 50 * NS_PER_MS;
    world->says_every_ns = 10 * NS_PER_S;
    world->http_body = "body";
    for (int i = 0; i < 8; i++)
        world->http_status[i] = 200;
    log_set_quiet(1);
    world->net = fake_net_new(1000 * NS_PER_S, INT64_C(1700000000) * NS_PER_S);
    fake_net_set_peer(world->net, &peer);
    assert_ok(record_queue_new(&world->queue, 1024 * 1024));
    want(world, own(world, plan));
    struct conductor_options options = {.plan = plan,
                                        .transport = fake_net_transport(world->net),
                                        .queue = world->queue,
                                        .first_connection = 1,
                                        .seed = seed};
    assert_ok(conductor_new(&world->conductor, &options));
    fake_net_listen(world->net, conductor_events(world->conductor));
}

static void give_plan(struct world *world, struct record_plan *plan)
{
    static struct order order;
    want(world, own(world, plan));
    order = (struct order){.kind = ORDER_PLAN, .plan = plan};
    conductor_order(world->conductor, &order, fake_net_now(world->net));
}

static void world_end(struct world *world)
{
    conductor_free(world->conductor);
    fake_net_free(world->net);
    record_queue_free(world->queue);
    for (size_t i = 0; i < world->plan_count; i++) {
        free(world->plans[i]->venues[0].instruments);
        free(world->plans[i]);
    }
    for (size_t i = 0; i < world->tape_count; i++)
        free(world->tape[i].text);
    free(world->tape);
    free(world->ends);
    free(world->attempts);
    log_set_quiet(0);
}

/* The i-th record of that type on the tape, NULL when there are fewer. */
static const struct taken *nth(const struct world *world, enum record_type type, size_t index)
{
    for (size_t i = 0; i < world->tape_count; i++)
        if (world->tape[i].type == type && index-- == 0)
            return &world->tape[i];
    return NULL;
}

static void assert_nth(const struct world *world, enum record_type type, size_t index,
                       const char *text)
{
    const struct taken *taken = nth(world, type, index);
    assert_non_null(taken);
    assert_string_equal(taken->text, text);
}

/* No span of that length holds more attempts. */
static void assert_budget(const struct world *world, size_t attempts, int64_t span_ns)
{
    for (size_t i = attempts; i < world->attempt_count; i++)
        assert_true(world->attempts[i] - world->attempts[i - attempts] >= span_ns);
}

static struct conductor_stats stats_of(const struct world *world)
{
    struct conductor_stats stats;
    conductor_stats(world->conductor, &stats);
    return stats;
}

static void assert_all_carried(const struct world *world)
{
    for (unsigned i = 0; i < CHANNELS * SYMBOLS; i++)
        if (world->wanted[i / SYMBOLS] >> i % SYMBOLS & 1)
            assert_true(world->carriers[i] > 0);
}

/* ---- subscribing ---------------------------------------------------------------------------- */

static void connects_subscribes_and_tells_all_of_it(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(6), 2, 1), 1);
    run(&world, 5 * NS_PER_S);
    assert_nth(&world, RECORD_CONNECTION, 0,
               "{\"event\":\"open\",\"url\":\"wss://sim.example/ws\",\"link\":1,\"wanted\":{"
               "\"trade\":[\"S00\",\"S01\",\"S02\",\"S03\",\"S04\",\"S05\"],"
               "\"top\":[\"S00\",\"S01\",\"S02\",\"S03\",\"S04\",\"S05\"]}}");
    assert_nth(&world, RECORD_SENT, 0, "sub 1 trade S00,S01,S02,S03");
    assert_nth(&world, RECORD_SENT, 1, "sub 2 trade S04,S05");
    assert_nth(&world, RECORD_SENT, 2, "sub 3 top S00,S01,S02,S03");
    assert_nth(&world, RECORD_SENT, 3, "sub 4 top S04,S05");
    assert_null(nth(&world, RECORD_SENT, 4));
    assert_int_equal(nth(&world, RECORD_SENT, 3)->mono_ns - nth(&world, RECORD_SENT, 0)->mono_ns,
                     600 * NS_PER_MS);
    assert_string_equal(nth(&world, RECORD_SENT, 0)->venue, "sim");
    assert_int_equal(nth(&world, RECORD_SENT, 0)->connection, 1);
    assert_all_carried(&world);
    assert_int_equal(stats_of(&world).open, 1);
    world_end(&world);
}

static void channels_live_at_their_own_addresses(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.symbols_max = 4;
    world_start(&world, plan_new(&sim_venue, first(5), 3, 2), 1);
    run(&world, 20 * NS_PER_S);
    /* /ws: 5 symbols of 2 channels, 2 symbols a connection: 3 shards; /book: 4 and 1: 2 shards;
     * all twice. */
    assert_int_equal(stats_of(&world).links, 10);
    assert_int_equal(stats_of(&world).open, 10);
    assert_all_carried(&world);
    for (unsigned i = 0; i < 5; i++)
        for (unsigned channel = 0; channel < CHANNELS; channel++)
            assert_int_equal(world.carriers[channel * SYMBOLS + i], 2);
    assert_int_equal(world.too_many, 0);
    world_end(&world);
}

static void waits_for_a_venue_that_greets(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.greets = true;
    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    run(&world, 3 * NS_PER_S);
    assert_null(nth(&world, RECORD_SENT, 0));
    give(&world, ORDER_GREETED, 1, "");
    run(&world, NS_PER_S);
    assert_nth(&world, RECORD_SENT, 0, "sub 1 trade S00,S01");
    world_end(&world);

    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    run(&world, 20 * NS_PER_S);
    assert_int_equal(nth(&world, RECORD_SENT, 0)->mono_ns -
                         nth(&world, RECORD_CONNECTION, 0)->mono_ns,
                     WIRE_GREET_NS);
    world_end(&world);
}

static void messages_that_the_transport_does_not_take_are_sent_later(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(8), 1, 1), 1);
    fake_net_jam(world.net, 3);
    run(&world, 5 * NS_PER_S);
    assert_nth(&world, RECORD_SENT, 0, "sub 1 trade S00,S01,S02,S03");
    assert_nth(&world, RECORD_SENT, 1, "sub 2 trade S04,S05,S06,S07");
    assert_null(nth(&world, RECORD_SENT, 2));
    assert_int_equal(world.too_fast, 0);
    world_end(&world);
}

static void keeps_alive_and_answers_tests_at_the_venues_pace(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.keepalive_ns = 10 * NS_PER_S;
    sim_recording.keepalive = sim_keepalive;
    sim_recording.respond = sim_respond;
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    run(&world, NS_PER_S);
    fake_net_say(world.net, 1, 0, "test A");
    run(&world, NS_PER_S);
    assert_nth(&world, RECORD_SENT, 0, "sub 1 trade S00");
    assert_nth(&world, RECORD_SENT, 1, "answer A");
    run(&world, 28 * NS_PER_S);
    assert_nth(&world, RECORD_SENT, 2, "ping 0");
    assert_nth(&world, RECORD_SENT, 3, "ping 1");
    assert_int_equal(nth(&world, RECORD_SENT, 3)->mono_ns - nth(&world, RECORD_SENT, 2)->mono_ns,
                     10 * NS_PER_S);

    /* A flood of tests: answered at the pace, newest first, and the keepalive still goes out. */
    size_t before = world.type_counts[RECORD_SENT];
    for (int i = 0; i < 12000; i++)
        fake_net_say(world.net, 1, i * NS_PER_MS, "test flood");
    run(&world, 12 * NS_PER_S);
    assert_in_range(world.type_counts[RECORD_SENT] - before, 55, 61);
    assert_int_equal(world.too_fast, 0);
    bool kept_alive = false;
    for (size_t i = before; nth(&world, RECORD_SENT, i); i++)
        kept_alive = kept_alive || strncmp(nth(&world, RECORD_SENT, i)->text, "ping", 4) == 0;
    assert_true(kept_alive);
    world_end(&world);
}

/* ---- handshake ------------------------------------------------------------------------------ */

static void asks_for_an_address_where_the_venue_gives_one(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.handshake = &sim_handshake;
    sim_recording.keepalive = sim_keepalive;
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    world.http_status[0] = 503;
    world.http_body = "wss://token.example/x";
    run_quietly(&world, 12 * NS_PER_S, NULL);
    assert_string_equal(world.asked[0], "POST https://rest.sim/token");
    assert_nth(&world, RECORD_HTTP, 0,
               "{\"method\":\"POST\",\"url\":\"https://rest.sim/token\",\"status\":503}\n"
               "wss://token.example/x");
    assert_nth(&world, RECORD_CONNECTION, 0,
               "{\"event\":\"error\",\"reason\":\"rest.sim gives no address: HTTP status 503\"}");
    assert_nth(&world, RECORD_HTTP, 1,
               "{\"method\":\"POST\",\"url\":\"https://rest.sim/token\",\"status\":200}\n"
               "wss://token.example/x");
    assert_nth(&world, RECORD_CONNECTION, 1,
               "{\"event\":\"open\",\"url\":\"wss://token.example/x?n=2\",\"link\":1,\"wanted\":{"
               "\"trade\":[\"S00\"]}}");
    assert_nth(&world, RECORD_SENT, 1, "ping 0"); /* after the 7 s that the answer says */
    world_end(&world);
}

static void an_address_without_tls_is_refused(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.handshake = &sim_handshake;
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    world.http_body = "ws://token.example/x";
    run_quietly(&world, NS_PER_MIN, NULL);
    assert_int_equal(world.attempt_count, 0);
    assert_true(world.events[2] > 2);
    assert_nth(&world, RECORD_CONNECTION, 0,
               "{\"event\":\"error\",\"reason\":\"the handshake gives an address without TLS\"}");
    world_end(&world);
}

/* ---- reconnecting --------------------------------------------------------------------------- */

static void comes_back_within_a_second_after_a_proven_connection(void **state)
{
    (void)state;
    usual_venue();
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct world world;
        world_start(&world, plan_new(&sim_venue, first(3), 1, 1), seed);
        run(&world, 30 * NS_PER_S);
        fake_net_cut(world.net, 1, 0, "reset by peer");
        run_quietly(&world, NS_PER_S, NULL);
        assert_int_equal(world.attempt_count, 2);
        assert_nth(&world, RECORD_CONNECTION, 1,
                   "{\"event\":\"close\",\"reason\":\"reset by peer\",\"planned\":false}");
        run(&world, NS_PER_S);
        assert_all_carried(&world);
        assert_int_equal(stats_of(&world).lost, 1);
        world_end(&world);
    }
}

static void a_silent_connection_is_dead(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    world.says_every_ns = 0;
    run(&world, NS_PER_S);
    fake_net_ping(world.net, 1, 40 * NS_PER_S); /* counts as a sign of life */
    run(&world, 90 * NS_PER_S);
    assert_int_equal(stats_of(&world).open, 1);
    assert_int_equal(world.attempt_count, 1);
    run_quietly(&world, 15 * NS_PER_S, NULL);
    assert_int_equal(world.attempt_count, 2);
    assert_nth(&world, RECORD_CONNECTION, 1,
               "{\"event\":\"close\",\"reason\":\"nothing came for 1m\",\"planned\":false}");
    assert_int_equal(nth(&world, RECORD_CONNECTION, 1)->mono_ns, 1101 * NS_PER_S);
    world_end(&world);
}

/* A venue that cuts every connection at once, for a day, 20 links to it. */
static void a_flapping_venue_is_never_asked_too_often(void **state)
{
    (void)state;
    struct world world;
    size_t bytes = 0;
    usual_venue();
    sim_recording.symbols_max = 1;
    world_start(&world, plan_new(&sim_venue, first(10), 1, 2), 3);
    world.keeps = false;
    world.flaps = true;
    run_quietly(&world, NS_PER_DAY, &bytes);
    assert_budget(&world, sim_recording.connects, sim_recording.connects_span_ns);
    /* It goes on all the time: all that the budget allows. */
    assert_true(world.attempt_count > 288 * 29);
    assert_int_equal(world.too_fast, 0);
    assert_in_range(world.attempt_count - world.events[0], 0, 20); /* some are under way */
    /* At most one line a minute and link, of less than 200 bytes, after the first few. */
    assert_in_range(bytes, 1, 20 * (24 * 60 + 20) * 200);
    world.flaps = false;
    run_quietly(&world, 10 * NS_PER_MIN, NULL);
    assert_all_carried(&world);
    world_end(&world);
}

static void a_venue_that_refuses_is_asked_less_and_less_often(void **state)
{
    (void)state;
    struct world world;
    size_t bytes = 0;
    usual_venue();
    sim_recording.connects = 1000;
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 3);
    world.refuses = true;
    run_quietly(&world, NS_PER_HOUR, &bytes);
    /* Waits of 15 s on average: about 240. */
    assert_in_range(world.attempt_count, 200, 300);
    assert_int_equal(stats_of(&world).failed, world.attempt_count);
    assert_in_range(bytes, 100, 70 * 200);
    world_end(&world);
}

static void many_links_of_a_host_share_what_it_bears(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.symbols_max = 1;
    world_start(&world, plan_new(&sim_venue, first(50), 1, 1), 3);
    world.keeps = false;
    run(&world, 11 * NS_PER_MIN);
    assert_int_equal(world.attempt_count, 50);
    assert_budget(&world, sim_recording.connects, sim_recording.connects_span_ns);
    assert_budget(&world, 1, 100 * NS_PER_MS);
    assert_all_carried(&world);
    world_end(&world);
}

/* ---- changeover ----------------------------------------------------------------------------- */

static void an_old_connection_is_replaced_before_it_is_cut(void **state)
{
    (void)state;
    usual_venue();
    sim_recording.age_max_ns = NS_PER_DAY;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct world world;
        world_start(&world, plan_new(&sim_venue, first(9), 2, 1), seed);
        world.keeps = false;
        world.cut_age_ns = NS_PER_DAY;
        run_quietly(&world, NS_PER_DAY + NS_PER_MIN, NULL);
        struct far_end *old = end_of(&world, 1), *new = end_of(&world, 2);
        assert_int_equal(new->replaces, 1);
        assert_int_equal(new->link, old->link);
        assert_int_equal(old->planned, 1);
        assert_in_range(new->opened_ns - old->opened_ns, NS_PER_DAY / 100 * 80,
                        NS_PER_DAY / 100 * 97 + NS_PER_S);
        /* Subscribed with five messages in a second, settled, then three seconds side by side. */
        assert_in_range(old->closed_ns - new->opened_ns, 3 * NS_PER_S, 6 * NS_PER_S);
        assert_int_equal(world.holes, 0);
        assert_int_equal(stats_of(&world).changeovers, 1);
        assert_int_equal(stats_of(&world).lost, 0);
        world_end(&world);
    }
}

static void changeovers_of_a_host_are_staggered(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.symbols_max = 1;
    sim_recording.connects = 1000;
    sim_recording.age_max_ns = 10 * NS_PER_MIN; /* 20 changeovers in less than two minutes */
    world_start(&world, plan_new(&sim_venue, first(20), 1, 1), 5);
    world.keeps = false;
    run_quietly(&world, 590 * NS_PER_S, NULL);
    assert_int_equal(stats_of(&world).changeovers, 20);
    assert_int_equal(world.holes, 0);
    unsigned together = 0;
    for (uint32_t a = 21; a <= 40; a++)
        for (uint32_t b = a + 1; b <= 40; b++) {
            struct far_end *one = end_of(&world, a), *two = end_of(&world, b);
            int64_t end_ns = end_of(&world, one->replaces)->closed_ns;
            assert_true(one->replaces != two->replaces);
            together +=
                two->opened_ns >= one->opened_ns && two->opened_ns + 100 < end_ns - 50000000;
        }
    assert_int_equal(together, 0);
    world_end(&world);
}

static void a_successor_that_fails_is_tried_again_while_the_old_one_stays(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    run(&world, NS_PER_MIN);
    world.refuses = true;
    give(&world, ORDER_RENEW, 1, "the venue asks for it");
    run_quietly(&world, 2 * NS_PER_MIN, NULL);
    assert_true(world.attempt_count > 3);
    assert_true(fake_net_is_open(world.net, 1));
    assert_int_equal(world.holes, 0);

    /* The old one ends: now it is urgent, and the wait small. */
    fake_net_cut(world.net, 1, 0, "going away");
    size_t before = world.attempt_count;
    run_quietly(&world, NS_PER_S, NULL);
    assert_true(world.attempt_count > before);
    assert_int_equal(end_of(&world, 1)->planned, 0);
    world.refuses = false;
    run_quietly(&world, NS_PER_MIN, NULL);
    assert_all_carried(&world);
    assert_int_equal(stats_of(&world).open, 1);
    assert_int_equal(stats_of(&world).lost, 1);
    world_end(&world);
}

static void a_successor_that_does_not_settle_is_given_up(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    run(&world, NS_PER_MIN);
    world.settles = false;
    give(&world, ORDER_RENEW, 1, "silent for 95 s, usually 2 s");
    run_quietly(&world, LINK_SETTLE_NS + 2 * NS_PER_S, NULL);
    struct far_end *failed = end_of(&world, 2);
    assert_int_equal(failed->replaces, 1);
    assert_int_equal(failed->planned, 1); /* the old one carries on: no hole */
    assert_in_range(failed->closed_ns - failed->opened_ns, LINK_SETTLE_NS,
                    LINK_SETTLE_NS + NS_PER_S);
    assert_true(fake_net_is_open(world.net, 1));
    world.settles = true;
    run_quietly(&world, NS_PER_MIN, NULL);
    assert_int_equal(stats_of(&world).changeovers, 1);
    assert_int_equal(world.holes, 0);
    assert_int_equal(stats_of(&world).lost, 0);
    world_end(&world);
}

static void a_successor_takes_over_at_once_when_the_old_one_is_cut(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    run(&world, 10 * NS_PER_MIN);
    give(&world, ORDER_RENEW, 1, "the venue asks for it");
    run_quietly(&world, 1500 * NS_PER_MS, NULL); /* settled, still side by side */
    assert_int_equal(fake_net_open_count(world.net), 2);
    fake_net_cut(world.net, 1, 0, "going away");
    run_quietly(&world, NS_PER_MIN, NULL);
    assert_int_equal(end_of(&world, 1)->planned, 1); /* another one carried all of it */
    assert_int_equal(world.attempt_count, 2);
    assert_int_equal(stats_of(&world).open, 1);
    assert_int_equal(world.holes, 0);
    world_end(&world);
}

/* A venue that asks for another connection as soon as it has one. */
static void a_venue_that_always_asks_for_a_new_connection_is_not_obeyed_blindly(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    world.keeps = false;
    for (int i = 0; i < 3600; i++) {
        for (uint32_t connection = 1; connection < world.end_count; connection++)
            if (end_of(&world, connection)->open)
                give(&world, ORDER_RENEW, connection, "the venue asks for it");
        run_quietly(&world, NS_PER_S, NULL);
    }
    assert_in_range(world.attempt_count, 60, 400);
    assert_int_equal(world.holes, 0);
    world_end(&world);
}

/* ---- a change of plans ---------------------------------------------------------------------- */

static void what_stays_keeps_its_connection(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.symbols_max = 4;
    world_start(&world, plan_new(&sim_venue, first(6), 1, 1), 1); /* 0-3 and 4-5 */
    run(&world, NS_PER_MIN);
    give_plan(&world, plan_new(&sim_venue, 0x3f5, 1, 1)); /* without 1 and 3, with 6 to 9 */
    run(&world, NS_PER_MIN);
    assert_all_carried(&world);
    assert_int_equal(world.holes, 0);
    assert_int_equal(stats_of(&world).open, 2);
    assert_int_equal(world.attempt_count, 2);
    assert_nth(&world, RECORD_CONNECTION, 2,
               "{\"event\":\"change\",\"add\":{\"trade\":[\"S06\",\"S07\"]},"
               "\"leave\":{\"trade\":[\"S01\",\"S03\"]}}");
    assert_nth(&world, RECORD_CONNECTION, 3,
               "{\"event\":\"change\",\"add\":{\"trade\":[\"S08\",\"S09\"]}}");
    assert_nth(&world, RECORD_SENT, 2, "leave 2 trade S01,S03");
    assert_nth(&world, RECORD_SENT, 3, "sub 2 trade S08,S09");
    assert_nth(&world, RECORD_SENT, 4, "sub 3 trade S06,S07");
    assert_int_equal(world.too_many, 0);
    assert_int_equal(world.carriers[1] + world.carriers[3], 0);

    /* Two more than there is room for, then all that a shard carries goes. */
    give_plan(&world, plan_new(&sim_venue, 0xff5, 1, 1));
    run(&world, NS_PER_MIN);
    assert_all_carried(&world);
    assert_int_equal(stats_of(&world).open, 3);
    give_plan(&world, plan_new(&sim_venue, 0x330, 1, 1));
    run(&world, NS_PER_MIN);
    assert_all_carried(&world);
    assert_int_equal(stats_of(&world).open, 1);
    assert_int_equal(stats_of(&world).links, 1);
    assert_int_equal(stats_of(&world).lost, 0);
    world_end(&world);
}

static void where_nothing_can_be_left_the_connection_is_replaced(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_can_leave = false;
    sim_recording.symbols_max = 4;
    world_start(&world, plan_new(&sim_venue, first(4), 1, 1), 1);
    run(&world, NS_PER_MIN);
    give_plan(&world, plan_new(&sim_venue, 0x1e, 1, 1)); /* without 0, with 4 */
    run(&world, NS_PER_MIN);
    assert_all_carried(&world);
    assert_int_equal(world.holes, 0);
    assert_int_equal(world.too_many, 0);
    assert_int_equal(world.carriers[0], 0);
    assert_int_equal(stats_of(&world).changeovers, 1);
    assert_int_equal(end_of(&world, 2)->replaces, 1);
    world_end(&world);
}

static void another_venue_and_another_redundancy_are_changes_of_plan_too(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(2), 1, 1), 1);
    run(&world, NS_PER_MIN);
    give_plan(&world, plan_new(&sim_venue, first(2), 1, 3));
    run(&world, NS_PER_MIN);
    assert_int_equal(stats_of(&world).open, 3);
    assert_true(fake_net_is_open(world.net, 1));
    give_plan(&world, plan_new(&sim_venue, first(2), 1, 2));
    run(&world, NS_PER_MIN);
    assert_int_equal(stats_of(&world).open, 2);
    assert_true(fake_net_is_open(world.net, 1));
    give_plan(&world, plan_new(&far_venue, first(2), 1, 1));
    run(&world, NS_PER_MIN);
    assert_int_equal(stats_of(&world).open, 1);
    assert_false(fake_net_is_open(world.net, 1));
    assert_int_equal(stats_of(&world).lost, 0);
    world_end(&world);
}

static void a_plan_of_too_many_connections_is_refused(void **state)
{
    (void)state;
    usual_venue();
    sim_recording.symbols_max = 1;
    struct record_plan *plan = plan_new(&sim_venue, UINT64_MAX, 3, 4); /* 768 */
    struct fake_net *net = fake_net_new(0, 0);
    struct record_queue *queue;
    struct conductor *conductor;
    assert_ok(record_queue_new(&queue, 65536));
    struct conductor_options options = {
        .plan = plan, .transport = fake_net_transport(net), .queue = queue, .first_connection = 1};
    assert_err(ERR_LIMIT, conductor_new(&conductor, &options));
    free(plan->venues[0].instruments);
    free(plan);
    fake_net_free(net);
    record_queue_free(queue);
}

/* ---- fetching ------------------------------------------------------------------------------- */

static void fetches_become_records_at_the_hosts_pace(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    run(&world, NS_PER_S);
    give(&world, ORDER_FETCH, 0, "/trades?from=1");
    give(&world, ORDER_FETCH, 0, "/trades?from=1"); /* the same is not asked twice */
    give(&world, ORDER_FETCH, 0, "/trades?from=2");
    run(&world, 5 * NS_PER_S);
    assert_nth(&world, RECORD_HTTP, 0,
               "{\"method\":\"GET\",\"url\":\"https://rest.sim/trades?from=1\",\"status\":200}\n"
               "body");
    assert_int_equal(nth(&world, RECORD_HTTP, 0)->connection, 0);
    assert_string_equal(nth(&world, RECORD_HTTP, 0)->venue, "sim");
    assert_string_equal(world.asked[1], "GET https://rest.sim/trades?from=2");
    assert_int_equal(world.asked_ns[1] - world.asked_ns[0], NS_PER_S);
    assert_int_equal(world.http_count, 2);
    assert_int_equal(stats_of(&world).fetches, 2);

    /* The last answer of three is the answer. */
    world.http_count = 0;
    world.http_status[0] = world.http_status[1] = 500;
    world.http_status[2] = 0;
    give(&world, ORDER_FETCH, 0, "/trades?from=3");
    run(&world, NS_PER_MIN);
    assert_int_equal(world.http_count, 3);
    assert_nth(&world, RECORD_HTTP, 2,
               "{\"method\":\"GET\",\"url\":\"https://rest.sim/trades?from=3\",\"status\":0,"
               "\"error\":\"no answer in time\"}\n");
    assert_int_equal(stats_of(&world).fetches_failed, 1);

    /* Without room: an answer too. */
    for (int i = 0; i < CONDUCTOR_FETCHES_MAX + 1; i++) {
        char target[32];
        snprintf(target, sizeof target, "/x?%d", i);
        give(&world, ORDER_FETCH, 0, target);
    }
    run(&world, NS_PER_MS);
    assert_nth(&world, RECORD_HTTP, 3,
               "{\"method\":\"GET\",\"url\":\"https://rest.sim/x?64\",\"status\":0,\"error\":\"64 "
               "requests are waiting already\"}\n");
    world_end(&world);
}

static void a_host_that_says_too_many_is_left_alone(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    world.http_status[0] = 429;
    world.http_retry_ns = 20 * NS_PER_S; /* waited for */
    world.http_status[2] = 429;
    run(&world, NS_PER_S);
    give(&world, ORDER_FETCH, 0, "/a");
    run(&world, 30 * NS_PER_S);
    assert_in_range(world.asked_ns[1] - world.asked_ns[0], 20 * NS_PER_S, 21 * NS_PER_S);
    assert_nth(&world, RECORD_HTTP, 0,
               "{\"method\":\"GET\",\"url\":\"https://rest.sim/a\",\"status\":200}\nbody");
    world.http_retry_ns = 10 * NS_PER_MIN; /* too long: that is the answer, the host rests */
    give(&world, ORDER_FETCH, 0, "/b");
    run(&world, NS_PER_MIN);
    assert_nth(&world, RECORD_HTTP, 1,
               "{\"method\":\"GET\",\"url\":\"https://rest.sim/b\",\"status\":429}\nbody");
    give(&world, ORDER_FETCH, 0, "/c");
    run(&world, 10 * NS_PER_MIN);
    assert_in_range(world.asked_ns[3] - world.asked_ns[2], 10 * NS_PER_MIN,
                    10 * NS_PER_MIN + NS_PER_S);
    world_end(&world);
}

/* ---- records -------------------------------------------------------------------------------- */

static void notes_and_clock_steps_are_records(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    run(&world, NS_PER_S);
    static struct order order;
    order = (struct order){.kind = ORDER_NOTE, .venue = "sim", .record = RECORD_GAP};
    snprintf(order.text, sizeof order.text, "{\"reason\":\"not repaired\",\"count\":0}");
    conductor_order(world.conductor, &order, fake_net_now(world.net));
    fake_net_step(world.net, -NS_PER_HOUR);
    run_quietly(&world, NS_PER_S, NULL);
    fake_net_step(world.net, 99 * NS_PER_MS); /* no step: slewing */
    run_quietly(&world, NS_PER_S, NULL);
    assert_nth(&world, RECORD_GAP, 0, "{\"reason\":\"not repaired\",\"count\":0}");
    assert_nth(&world, RECORD_CONNECTION, 1, "{\"event\":\"clock\",\"step_ns\":-3600000000000}");
    assert_string_equal(nth(&world, RECORD_CONNECTION, 1)->venue, "");
    assert_int_equal(nth(&world, RECORD_CONNECTION, 1)->connection, 0);
    assert_int_equal(world.events[4], 1);
    world_end(&world);
}

static void silence_is_marked_with_ticks(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 1);
    world.says_every_ns = 0;
    run(&world, NS_PER_S);
    uint64_t before = world.type_counts[RECORD_TICK];
    run(&world, 10 * NS_PER_S);
    assert_in_range(world.type_counts[RECORD_TICK] - before, 39, 40);
    for (int i = 0; i < 100; i++)
        fake_net_say(world.net, 1, i * 100 * NS_PER_MS, "data");
    before = world.type_counts[RECORD_TICK];
    run(&world, 10 * NS_PER_S);
    assert_in_range(world.type_counts[RECORD_TICK] - before, 0, 1);
    world_end(&world);
}

/* Received messages = those on the tape + those that gap records count, whatever the queue does. */
static void what_does_not_fit_is_counted_exactly(void **state)
{
    (void)state;
    usual_venue();
    sim_recording.symbols_max = 2;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct world world;
        uint64_t random = seed, sent = 0;
        world_start(&world, plan_new(&sim_venue, first(8), 1, 2), seed);
        world.keeps = false;
        world.says_every_ns = 0;
        run(&world, 10 * NS_PER_S);
        uint64_t others = world.type_counts[RECORD_CONNECTION] + world.type_counts[RECORD_SENT];
        for (int round = 0; round < 40; round++) {
            uint32_t connection = (uint32_t)unit_below(&random, 8) + 1;
            int count = (int)unit_below(&random, 10000);
            world.stalled = unit_below(&random, 2) == 0;
            for (int i = 0; i < count; i++)
                fake_net_say(world.net, connection, 0, "data");
            fake_net_too_large(world.net, connection, 0);
            sent += (uint64_t)count + 1;
            run_quietly(&world, 100 * NS_PER_MS, NULL);
        }
        world.stalled = false;
        run_quietly(&world, NS_PER_S, NULL);
        assert_true(conductor_tell_gaps(world.conductor, fake_net_now(world.net)));
        drain(&world);
        assert_int_equal(world.type_counts[RECORD_RECEIVED] + world.gap_count, sent);
        assert_int_equal(stats_of(&world).dropped, world.gap_count);
        assert_int_equal(world.type_counts[RECORD_CONNECTION] + world.type_counts[RECORD_SENT],
                         others);
        assert_true(world.gap_count > 40);
        world_end(&world);
    }
}

/* Connections that end while nothing can be told: their gaps come all the same. */
static void gaps_of_ended_connections_are_told(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.connects = 100000;
    world_start(&world, plan_new(&sim_venue, first(1), 1, 1), 3);
    world.keeps = false;
    world.flaps = true;
    /* Fill the queue to the brim, then leave it so while connections come and go. */
    world.stalled = true;
    run_quietly(&world, NS_PER_S, NULL);
    for (uint32_t i = 0; i < 20000; i++)
        give(&world, ORDER_NOTE, 0, "x");
    run_quietly(&world, NS_PER_HOUR, NULL);
    world.stalled = false;
    run_quietly(&world, NS_PER_S, NULL);
    uint64_t notes = 20000 - world.type_counts[0]; /* of type 0: on the tape */
    assert_true(world.attempt_count > 100);
    /* Each attempt gave an open, a message and a close. */
    assert_int_equal(world.events[0] + world.events[1] + world.type_counts[RECORD_SENT] +
                         world.gap_count,
                     3 * world.attempt_count + notes);
    world_end(&world);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void stops_politely(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    sim_recording.symbols_max = 1;
    world_start(&world, plan_new(&sim_venue, first(5), 1, 1), 1);
    run(&world, 250 * NS_PER_MS); /* three have begun */
    assert_false(conductor_stop(world.conductor, fake_net_now(world.net)));
    run(&world, NS_PER_S);
    assert_true(conductor_stop(world.conductor, fake_net_now(world.net)));
    assert_int_equal(fake_net_open_count(world.net), 0);
    assert_int_equal(world.attempt_count, 3);
    assert_int_equal(stats_of(&world).lost, 0);
    assert_int_equal(stats_of(&world).failed, 0);
    for (uint32_t i = 1; i <= 3; i++)
        if (end_of(&world, i)->opened_ns)
            assert_int_equal(end_of(&world, i)->planned, 1);
    run(&world, NS_PER_MIN);
    assert_int_equal(world.attempt_count, 3);
    world_end(&world);
}

static void what_is_abandoned_counts_as_closed(void **state)
{
    (void)state;
    struct world world;
    usual_venue();
    world_start(&world, plan_new(&sim_venue, first(2), 1, 2), 1);
    run(&world, 10 * NS_PER_S);
    assert_false(conductor_stop(world.conductor, fake_net_now(world.net)));
    conductor_abandon(world.conductor, fake_net_now(world.net));
    drain(&world);
    assert_int_equal(world.events[1], 2);
    assert_true(conductor_stop(world.conductor, fake_net_now(world.net)));
    run(&world, NS_PER_S); /* events that come late change nothing */
    assert_int_equal(world.events[1], 2);
    world_end(&world);
}

/* ---- a transport that answers within the call ----------------------------------------------- */

struct prompt {
    const struct transport_events *to;
    struct stamp now;
    uint64_t random;
    unsigned calls;
    bool open[4096];
};

static enum err prompt_connect(void *arg, uint32_t connection, const struct ws_url *url)
{
    struct prompt *prompt = arg;
    (void)url;
    prompt->calls++;
    assert_true(connection < 4096);
    switch (unit_below(&prompt->random, 3)) {
    case 0:
        return err_fail(ERR_NET, "no sockets left");
    case 1:
        prompt->to->failed(prompt->to->arg, connection, prompt->now, "refused");
        return ERR_OK;
    default:
        prompt->open[connection] = true;
        prompt->to->opened(prompt->to->arg, connection, prompt->now);
        return ERR_OK;
    }
}

static void prompt_end(struct prompt *prompt, uint32_t connection, const char *reason)
{
    assert_true(prompt->open[connection]);
    prompt->open[connection] = false;
    prompt->to->closed(prompt->to->arg, connection, prompt->now, reason);
}

static enum err prompt_send(void *arg, uint32_t connection, const void *data, size_t size)
{
    struct prompt *prompt = arg;
    prompt->calls++;
    assert_true(prompt->open[connection]);
    switch (unit_below(&prompt->random, 8)) {
    case 0:
        return err_fail(ERR_NET, "broken pipe");
    case 1:
        return err_fail(ERR_LIMIT, "later");
    case 2:
        prompt_end(prompt, connection, "reset");
        return ERR_OK;
    default:
        prompt->to->message(prompt->to->arg, connection, prompt->now, data, size, false);
        return ERR_OK;
    }
}

static void prompt_close(void *arg, uint32_t connection, enum close_way way, const char *reason)
{
    (void)way;
    prompt_end(arg, connection, reason);
}

static enum err prompt_fetch(void *arg, uint32_t fetch, const char *method,
                             const struct ws_url *url, const char *target)
{
    struct prompt *prompt = arg;
    struct fetch_answer answer = {.status = 200, .body = "wss://token", .size = 11, .reason = ""};
    (void)method;
    (void)url;
    (void)target;
    if (unit_below(&prompt->random, 4) == 0)
        return err_fail(ERR_NET, "no sockets left");
    prompt->to->answered(prompt->to->arg, fetch, prompt->now, &answer);
    return ERR_OK;
}

static void results_may_come_within_the_call(void **state)
{
    (void)state;
    FILE *sink = tmpfile();
    int kept = dup(2);
    usual_venue();
    sim_recording.connects = 1000;
    sim_recording.keepalive_ns = NS_PER_S;
    sim_recording.keepalive = sim_keepalive;
    sim_recording.age_max_ns = NS_PER_MIN;
    assert_non_null(sink);
    for (uint64_t seed = 0; seed < 40; seed++) {
        static struct prompt prompt;
        struct transport transport = {prompt_connect, prompt_send, prompt_close, prompt_fetch,
                                      &prompt};
        struct world world = {0};
        prompt = (struct prompt){.random = seed};
        sim_recording.handshake = seed % 2 ? &sim_handshake : NULL;
        struct record_plan *plan = plan_new(&sim_venue, first(9), 3, 2);
        struct conductor_options options = {
            .plan = plan, .transport = &transport, .first_connection = 1, .seed = seed};
        assert_ok(record_queue_new(&world.queue, 1024 * 1024));
        options.queue = world.queue;
        assert_ok(conductor_new(&world.conductor, &options));
        prompt.to = conductor_events(world.conductor);
        fflush(stderr);
        dup2(fileno(sink), 2);
        for (int i = 0; i < 20000; i++) {
            (void)conductor_work(world.conductor, prompt.now);
            prompt.now.mono_ns += 50 * NS_PER_MS;
            prompt.now.wall_ns += 50 * NS_PER_MS;
            drain(&world);
        }
        conductor_abandon(world.conductor, prompt.now);
        fflush(stderr);
        dup2(kept, 2);
        assert_true(prompt.calls > 100);
        assert_true(conductor_stop(world.conductor, prompt.now));
        for (size_t i = 0; i < 4096; i++)
            assert_false(prompt.open[i]);
        drain(&world);
        assert_int_equal(world.events[0], world.events[1]); /* each open has its close */
        assert_int_equal(world.gap_count, 0);
        conductor_free(world.conductor);
        record_queue_free(world.queue);
        free(world.ends);
        free(plan->venues[0].instruments);
        free(plan);
    }
    close(kept);
    fclose(sink);
}

/* ---- long runs ------------------------------------------------------------------------------ */

/* A week of a venue that cuts every connection at 24 hours, to the second. */
static void a_week_of_forced_disconnects_has_no_hole(void **state)
{
    (void)state;
    usual_venue();
    sim_recording.symbols_max = 8;
    sim_recording.age_max_ns = NS_PER_DAY;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct world world;
        world_start(&world, plan_new(&sim_venue, first(40), 2, seed % 2 ? 2 : 1), seed);
        world.keeps = false;
        world.cut_age_ns = NS_PER_DAY;
        world.says_every_ns = 50 * NS_PER_S;
        run_quietly(&world, 7 * NS_PER_DAY, NULL);
        assert_int_equal(world.holes, 0);
        assert_int_equal(stats_of(&world).lost, 0);
        assert_true(stats_of(&world).changeovers >= 7 * stats_of(&world).links);
        assert_budget(&world, sim_recording.connects, sim_recording.connects_span_ns);
        assert_int_equal(world.too_fast + world.too_many + world.gap_count, 0);
        assert_all_carried(&world);
        world_end(&world);
    }
}

/* Plans change at random, connections are renewed and their successors fail now and then: as long
 * as nothing cuts a connection that carries something, nothing is lost. */
static void plans_that_change_at_random_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct world world;
        uint64_t random = seed * 7919 + 1, symbols = first(20);
        usual_venue();
        sim_can_leave = seed % 3 != 0;
        sim_recording.symbols_max = 3 + (size_t)unit_below(&random, 20);
        sim_recording.connects = 1000;
        sim_recording.greets = false;
        world_start(&world, plan_new(&sim_venue, symbols, 3, 1 + (unsigned)(seed % 2)), seed);
        world.keeps = false;
        run_quietly(&world, NS_PER_MIN, NULL);
        for (int round = 0; round < 100; round++) {
            for (uint64_t i = unit_below(&random, 8); i > 0; i--)
                symbols ^= UINT64_C(1) << unit_below(&random, SYMBOLS);
            world.refuses = unit_below(&random, 8) == 0;
            give_plan(&world, plan_new(&sim_venue, symbols, 3, 1 + (unsigned)(seed % 2)));
            give(&world, ORDER_RENEW, (uint32_t)unit_below(&random, world.end_count),
                 "the venue asks for it");
            run_quietly(&world, (int64_t)unit_below(&random, 20000) * NS_PER_MS, NULL);
        }
        world.refuses = false;
        run_quietly(&world, 5 * NS_PER_MIN, NULL);
        assert_all_carried(&world);
        assert_int_equal(world.holes, 0);
        assert_int_equal(world.too_many, 0);
        assert_int_equal(world.too_fast, 0);
        assert_int_equal(stats_of(&world).lost, 0);
        for (unsigned i = 0; i < CHANNELS * SYMBOLS; i++)
            assert_int_equal(world.carriers[i] > 0, world.wanted[i / SYMBOLS] >> i % SYMBOLS & 1);
        world_end(&world);
    }
}

/* The same seed gives the same day. */
static void a_seed_decides_everything(void **state)
{
    (void)state;
    int64_t attempts[2][40];
    usual_venue();
    for (int turn = 0; turn < 2; turn++) {
        struct world world;
        world_start(&world, plan_new(&sim_venue, first(10), 2, 2), 42);
        world.refuses = true;
        run_quietly(&world, NS_PER_HOUR, NULL);
        assert_true(world.attempt_count >= 40);
        memcpy(attempts[turn], world.attempts, sizeof attempts[turn]);
        world_end(&world);
    }
    assert_memory_equal(attempts[0], attempts[1], sizeof attempts[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_subscribes_and_tells_all_of_it),
        cmocka_unit_test(channels_live_at_their_own_addresses),
        cmocka_unit_test(waits_for_a_venue_that_greets),
        cmocka_unit_test(messages_that_the_transport_does_not_take_are_sent_later),
        cmocka_unit_test(keeps_alive_and_answers_tests_at_the_venues_pace),
        cmocka_unit_test(asks_for_an_address_where_the_venue_gives_one),
        cmocka_unit_test(an_address_without_tls_is_refused),
        cmocka_unit_test(comes_back_within_a_second_after_a_proven_connection),
        cmocka_unit_test(a_silent_connection_is_dead),
        cmocka_unit_test(a_flapping_venue_is_never_asked_too_often),
        cmocka_unit_test(a_venue_that_refuses_is_asked_less_and_less_often),
        cmocka_unit_test(many_links_of_a_host_share_what_it_bears),
        cmocka_unit_test(an_old_connection_is_replaced_before_it_is_cut),
        cmocka_unit_test(changeovers_of_a_host_are_staggered),
        cmocka_unit_test(a_successor_that_fails_is_tried_again_while_the_old_one_stays),
        cmocka_unit_test(a_successor_that_does_not_settle_is_given_up),
        cmocka_unit_test(a_successor_takes_over_at_once_when_the_old_one_is_cut),
        cmocka_unit_test(a_venue_that_always_asks_for_a_new_connection_is_not_obeyed_blindly),
        cmocka_unit_test(what_stays_keeps_its_connection),
        cmocka_unit_test(where_nothing_can_be_left_the_connection_is_replaced),
        cmocka_unit_test(another_venue_and_another_redundancy_are_changes_of_plan_too),
        cmocka_unit_test(a_plan_of_too_many_connections_is_refused),
        cmocka_unit_test(fetches_become_records_at_the_hosts_pace),
        cmocka_unit_test(a_host_that_says_too_many_is_left_alone),
        cmocka_unit_test(notes_and_clock_steps_are_records),
        cmocka_unit_test(silence_is_marked_with_ticks),
        cmocka_unit_test(what_does_not_fit_is_counted_exactly),
        cmocka_unit_test(gaps_of_ended_connections_are_told),
        cmocka_unit_test(stops_politely),
        cmocka_unit_test(what_is_abandoned_counts_as_closed),
        cmocka_unit_test(results_may_come_within_the_call),
        cmocka_unit_test(a_week_of_forced_disconnects_has_no_hole),
        cmocka_unit_test(plans_that_change_at_random_lose_nothing),
        cmocka_unit_test(a_seed_decides_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
