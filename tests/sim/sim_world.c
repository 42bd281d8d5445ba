#include "tests/sim/sim_world.h"

#include "engine/base/time_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_NS        (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01 */
#define CLIENTS_MAX    1024
#define RECENT_MAX     16384 /* trades per market that REST can give */
#define ATTEMPTS_MAX   4096
#define LATENCY_MIN_NS (5 * NS_PER_MS)
#define LATENCY_MAX_NS (60 * NS_PER_MS)
#define HEARD_NS       (2 * NS_PER_S)
#define PRICE_BASE     1000000

static void die(const char *text)
{
    fprintf(stderr, "sim: %s\n", text);
    abort();
}

/* ---- chance -----------------------------------------------------------------------------------
 */

static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t between(uint64_t *state, int64_t low, int64_t high)
{
    return low + (int64_t)(draw(state) % (uint64_t)(high - low + 1));
}

static bool happens(uint64_t *state, unsigned per_million)
{
    return per_million > 0 && draw(state) % 1000000 < per_million;
}

/* ---- the world --------------------------------------------------------------------------------
 */

struct market {
    size_t venue;
    struct instrument instrument;
    uint64_t made;  /* trades */
    uint64_t first; /* the first one that could be had: somebody was subscribed */
    bool could_be_had;
    uint8_t *counted; /* owned, a byte each */
    uint64_t capacity;
    struct trade *recent; /* owned ring */
    uint64_t recent_count;
};

enum client_state { CLIENT_CONNECTING, CLIENT_OPEN, CLIENT_GONE };

struct client {
    enum client_state state;
    uint32_t connection;
    size_t venue;
    struct venue_subscriptions subs;
    uint64_t sequence;
    int64_t last_delivery_ns, last_send_ns, opened_ns;
    bool stalled;
    char target[1200];
};

enum event_kind {
    EVENT_TRADE,   /* market */
    EVENT_OPEN,    /* client */
    EVENT_FRAME,   /* client, data */
    EVENT_REQUEST, /* client, data */
    EVENT_END,     /* client, data = reason: the venue cuts it */
    EVENT_CLOSED,  /* client, data = reason: our own close */
    EVENT_HEARD,   /* client */
    EVENT_ANSWER,  /* fetch */
};

struct event {
    int64_t at_ns;
    uint64_t order;
    enum event_kind kind;
    size_t index; /* market, client slot, or venue */
    uint32_t connection;
    uint32_t fetch;
    uint8_t *data; /* owned */
    size_t size;
};

struct host {
    int64_t attempts[ATTEMPTS_MAX]; /* ring */
    uint64_t attempt_count;
    int64_t last_request_ns;
};

struct sim_world {
    struct sim_world_options options;
    struct transport transport;
    const struct transport_events *events;
    uint64_t random;
    int64_t now_ns;
    uint64_t order;
    bool trading;

    size_t market_count;
    struct market markets[SIM_MARKETS_MAX];
    struct host hosts[SIM_VENUES_MAX];
    size_t client_count;
    struct client *clients[CLIENTS_MAX];

    size_t event_count, event_capacity;
    struct event *heap;

    struct buf frame, reply;
    struct sim_truth truth;
};

static const struct venue *venue_at(const struct sim_world *world, size_t index)
{
    return world->options.venues[index];
}

static int64_t wall(const struct sim_world *world)
{
    return WALL_NS + world->now_ns;
}

struct stamp sim_world_now(const struct sim_world *world)
{
    return (struct stamp){.wall_ns = wall(world), .mono_ns = world->now_ns};
}

static void broken(struct sim_world *world, const struct venue *venue, const char *what)
{
    if (world->truth.broken[0] == '\0')
        snprintf(world->truth.broken, sizeof world->truth.broken, "%s: %s at %.3f s", venue->name,
                 what, (double)world->now_ns / 1e9);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static bool sooner(const struct event *a, const struct event *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void swap_events(struct event *a, struct event *b)
{
    struct event kept = *a;
    *a = *b;
    *b = kept;
}

static struct event *schedule(struct sim_world *world, int64_t at_ns, enum event_kind kind,
                              size_t index)
{
    if (world->event_count == world->event_capacity) {
        world->event_capacity = world->event_capacity ? world->event_capacity * 2 : 1024;
        world->heap = realloc(world->heap, world->event_capacity * sizeof *world->heap);
        if (!world->heap)
            die("out of memory");
    }
    size_t i = world->event_count++;
    world->heap[i] =
        (struct event){.at_ns = at_ns, .order = world->order++, .kind = kind, .index = index};
    while (i > 0 && sooner(&world->heap[i], &world->heap[(i - 1) / 2])) {
        swap_events(&world->heap[i], &world->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    return &world->heap[i];
}

static void set_data(struct event *event, const void *data, size_t size)
{
    event->data = malloc(size + 1);
    if (!event->data)
        die("out of memory");
    memcpy(event->data, data, size);
    event->data[size] = 0;
    event->size = size;
}

static struct event take_event(struct sim_world *world)
{
    struct event taken = world->heap[0];
    world->heap[0] = world->heap[--world->event_count];
    size_t i = 0;
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < world->event_count && sooner(&world->heap[child], &world->heap[least]))
                least = child;
        if (least == i)
            return taken;
        swap_events(&world->heap[i], &world->heap[least]);
        i = least;
    }
}

static int64_t latency(struct sim_world *world)
{
    return between(&world->random, LATENCY_MIN_NS, LATENCY_MAX_NS);
}

/* ---- markets ----------------------------------------------------------------------------------
 */

static uint64_t id_of(const struct venue *venue, uint64_t number)
{
    return venue->ids == IDS_CONTIGUOUS ? 1000 + number : 1000 + number * 7;
}

static struct trade make_trade(const struct sim_world *world, const struct market *market)
{
    const struct venue *venue = venue_at(world, market->venue);
    struct trade trade = {
        .source_ns = wall(world) / NS_PER_MS * NS_PER_MS,
        .has_id = venue->ids != IDS_NONE,
        .id = id_of(venue, market->made),
        .count = 1,
        .price = {.mantissa = PRICE_BASE + (int64_t)market->made, .scale = 2},
        .quantity = {.mantissa = 1 + (int64_t)(market->made % 50), .scale = 0},
        .taker = market->made % 3 ? TAKER_BUY : TAKER_SELL,
    };
    trade.first_id = trade.last_id = trade.id;
    memcpy(trade.symbol, market->instrument.symbol, sizeof trade.symbol);
    return trade;
}

static void remember(struct market *market, const struct trade *trade)
{
    if (market->made == market->capacity) {
        market->capacity = market->capacity ? market->capacity * 2 : 1024;
        market->counted = realloc(market->counted, market->capacity);
        if (!market->counted)
            die("out of memory");
    }
    market->counted[market->made++] = 0;
    market->recent[market->recent_count++ % RECENT_MAX] = *trade;
}

static struct market *market_of(struct sim_world *world, const struct venue *venue,
                                const char *symbol)
{
    for (size_t i = 0; i < world->market_count; i++)
        if (venue_at(world, world->markets[i].venue) == venue &&
            strcmp(world->markets[i].instrument.symbol, symbol) == 0)
            return &world->markets[i];
    return NULL;
}

/* Spellings that some venue has; the first ones that a venue's grammar takes are used. */
static const char *const names[][2] = {{"BTC-USDT", "BTC"},      {"ETH-USDT", "ETH"},
                                       {"BTC-USD", "BTC"},       {"ETH-USD", "ETH"},
                                       {"BTC-USDT-PERP", "BTC"}, {"ETH-USDT-PERP", "ETH"},
                                       {"BTC-USD-PERP", "BTC"},  {"ETH-USD-PERP", "ETH"}};

static bool fits(const struct venue *venue, const char *name)
{
    bool perpetual = strstr(name, "-PERP") != NULL;
    bool derivatives = strstr(venue->name, "-usdm") || strstr(venue->name, "-coinm") ||
                       strstr(venue->name, "linear") || strstr(venue->name, "inverse") ||
                       strcmp(venue->name, "deribit") == 0;
    bool dollars = strstr(venue->name, "-coinm") || strstr(venue->name, "inverse") ||
                   strcmp(venue->name, "deribit") == 0 || strstr(venue->name, "coinbase");
    return perpetual == derivatives && dollars == (strstr(name, "USDT") == NULL);
}

static void describe(const struct venue *venue, const char *name, const char *base,
                     struct instrument *out)
{
    char symbol[SYMBOL_MAX];
    memset(out, 0, sizeof *out);
    if (venue->symbol(name, symbol) != ERR_OK)
        die("a venue has no spelling for its instrument");
    venue->describe(symbol, out);
    memcpy(out->symbol, symbol, sizeof symbol);
    if (out->request_symbol[0] == '\0')
        memcpy(out->request_symbol, symbol, sizeof symbol);
    bool perpetual = strstr(name, "-PERP") != NULL;
    snprintf(out->base, sizeof out->base, "%s", base);
    snprintf(out->quote, sizeof out->quote, "%s", strstr(name, "USDT") ? "USDT" : "USD");
    snprintf(out->name, sizeof out->name, "%s", name);
    out->kind = perpetual ? INSTRUMENT_PERPETUAL : INSTRUMENT_SPOT;
    out->price_tick = (struct decimal){1, 2};
    out->quantity_step = (struct decimal){1, 8};
    out->trading = true;
    if (perpetual) {
        out->contract_size = (struct decimal){1, 0};
        snprintf(out->contract_asset, sizeof out->contract_asset, "%s",
                 out->volume_unit == VOLUME_QUOTE ? out->quote : out->base);
    }
}

bool sim_instrument(const struct venue *venue, size_t index, struct instrument *out)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!fits(venue, names[i][0]) || index-- > 0)
            continue;
        describe(venue, names[i][0], names[i][1], out);
        return true;
    }
    return false;
}

static void add_markets(struct sim_world *world, size_t venue)
{
    for (size_t i = 0; i < world->options.markets_per_venue; i++) {
        if (world->market_count == SIM_MARKETS_MAX)
            die("too many markets");
        struct market *market = &world->markets[world->market_count];
        market->venue = venue;
        if (!sim_instrument(venue_at(world, venue), i, &market->instrument))
            die("a venue without a market");
        market->recent = calloc(RECENT_MAX, sizeof *market->recent);
        if (!market->recent)
            die("out of memory");
        schedule(world, between(&world->random, 0, world->options.trade_gap_ns), EVENT_TRADE,
                 world->market_count++);
    }
}

/* ---- REST -------------------------------------------------------------------------------------
 */

struct past {
    struct sim_world *world;
    size_t venue;
};

static bool in_span(const struct trade *trade, const struct venue_span *span)
{
    return trade->id >= span->first_id && trade->id <= span->last_id &&
           trade->source_ns >= span->from_ns && trade->source_ns <= span->to_ns;
}

static size_t past_trades(const char *symbol, const struct venue_span *span, size_t max,
                          struct trade *out, void *arg)
{
    const struct past *past = arg;
    struct sim_world *world = past->world;
    const struct market *market = NULL;
    for (size_t i = 0; i < world->market_count; i++)
        if (world->markets[i].venue == past->venue &&
            strcmp(world->markets[i].instrument.symbol, symbol) == 0)
            market = &world->markets[i];
    if (!market)
        return 0;
    uint64_t oldest = market->recent_count > RECENT_MAX ? market->recent_count - RECENT_MAX : 0;
    size_t count = 0;
    if (span->newest) {
        uint64_t at = market->recent_count;
        while (at > oldest && count < max)
            count += in_span(&market->recent[--at % RECENT_MAX], span);
        oldest = at;
    }
    count = 0;
    for (uint64_t at = oldest; at < market->recent_count && count < max; at++)
        if (in_span(&market->recent[at % RECENT_MAX], span))
            out[count++] = market->recent[at % RECENT_MAX];
    return count;
}

static int answer(struct sim_world *world, size_t index, const char *method, const char *target,
                  struct buf *out)
{
    struct instrument instruments[2];
    struct past arg = {world, index};
    struct venue_past past = {.instruments = instruments, .trades = past_trades, .arg = &arg};
    for (size_t i = 0; i < world->market_count; i++)
        if (world->markets[i].venue == index)
            instruments[past.instrument_count++] = world->markets[i].instrument;
    char host[64];
    snprintf(host, sizeof host, "%s.sim", venue_at(world, index)->name);
    int status = 200;
    buf_clear(out);
    enum err err = venue_at(world, index)
                       ->serving->answer(method, target, host, wall(world), &past, &status, out);
    if (err == ERR_UNKNOWN)
        return 404;
    return err ? 500 : status;
}

void sim_world_answer(struct sim_world *world, size_t index, const char *target, struct buf *out)
{
    if (answer(world, index, "GET", target, out) != 200)
        die("no instrument list");
}

/* ---- clients ----------------------------------------------------------------------------------
 */

static struct client *client_of(struct sim_world *world, uint32_t connection, size_t *out_slot)
{
    for (size_t i = world->client_count; i-- > 0;) {
        if (world->clients[i] && world->clients[i]->connection == connection) {
            *out_slot = i;
            return world->clients[i];
        }
    }
    return NULL;
}

static size_t free_slot(struct sim_world *world)
{
    for (size_t i = 0; i < world->client_count; i++) {
        struct client *client = world->clients[i];
        if (!client)
            return i;
    }
    if (world->client_count == CLIENTS_MAX)
        die("too many clients");
    return world->client_count++;
}

static void drop_client(struct sim_world *world, size_t slot)
{
    venue_subscriptions_release(&world->clients[slot]->subs);
    free(world->clients[slot]);
    world->clients[slot] = NULL;
}

static size_t venue_of_host(const struct sim_world *world, const char *host)
{
    for (size_t i = 0; i < world->options.venue_count; i++) {
        size_t size = strlen(venue_at(world, i)->name);
        if (strncmp(host, venue_at(world, i)->name, size) == 0 && strcmp(host + size, ".sim") == 0)
            return i;
    }
    die("a connection to an unknown host");
    return 0;
}

static void check_budget(struct sim_world *world, size_t venue)
{
    struct host *host = &world->hosts[venue];
    const struct venue_recording *recording = venue_at(world, venue)->recording;
    host->attempts[host->attempt_count++ % ATTEMPTS_MAX] = world->now_ns;
    if (recording->connects >= ATTEMPTS_MAX || host->attempt_count <= recording->connects)
        return;
    uint64_t before = host->attempt_count - 1 - recording->connects;
    if (world->now_ns - host->attempts[before % ATTEMPTS_MAX] < recording->connects_span_ns)
        broken(world, venue_at(world, venue), "more attempts to connect than it bears");
}

static enum err do_connect(void *arg, uint32_t connection, const struct ws_url *url)
{
    struct sim_world *world = arg;
    size_t slot = free_slot(world), venue = venue_of_host(world, url->host);
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        die("out of memory");
    client->connection = connection;
    client->venue = venue;
    snprintf(client->target, sizeof client->target, "%s", url->path);
    venue_subscriptions_init(&client->subs);
    world->clients[slot] = client;
    world->truth.connects++;
    check_budget(world, venue);
    struct event *event = schedule(world, world->now_ns + 3 * latency(world), EVENT_OPEN, slot);
    event->connection = connection;
    return ERR_OK;
}

static enum err do_send(void *arg, uint32_t connection, const void *data, size_t size)
{
    struct sim_world *world = arg;
    size_t slot;
    struct client *client = client_of(world, connection, &slot);
    if (!client || client->state != CLIENT_OPEN)
        die("a message on a connection that is not open");
    const struct venue *venue = venue_at(world, client->venue);
    if (client->last_send_ns > 0 &&
        world->now_ns - client->last_send_ns < venue->recording->send_gap_ns)
        broken(world, venue, "messages sent faster than it bears");
    client->last_send_ns = world->now_ns;
    world->truth.sent++;
    struct event *event = schedule(world, world->now_ns + latency(world), EVENT_REQUEST, slot);
    event->connection = connection;
    set_data(event, data, size);
    return ERR_OK;
}

static void end_client(struct sim_world *world, size_t slot, const char *reason, int64_t after_ns)
{
    struct event *event = schedule(world, world->now_ns + after_ns, EVENT_CLOSED, slot);
    event->connection = world->clients[slot]->connection;
    set_data(event, reason, strlen(reason));
}

static void do_close(void *arg, uint32_t connection, enum close_way way, const char *reason)
{
    struct sim_world *world = arg;
    size_t slot;
    struct client *client = client_of(world, connection, &slot);
    if (client)
        end_client(world, slot, reason,
                   way == CLOSE_POLITE && !client->stalled ? latency(world) : 0);
}

static enum err do_fetch(void *arg, uint32_t fetch, const char *method, const struct ws_url *url,
                         const char *target)
{
    struct sim_world *world = arg;
    size_t venue = venue_of_host(world, url->host);
    struct host *host = &world->hosts[venue];
    const struct venue_rest *rest = venue_at(world, venue)->rest;
    if (rest && host->last_request_ns > 0 && world->now_ns - host->last_request_ns < rest->gap_ns)
        broken(world, venue_at(world, venue), "requests faster than it bears");
    host->last_request_ns = world->now_ns;
    world->truth.requests++;
    struct event *event = schedule(world, world->now_ns + 2 * latency(world), EVENT_ANSWER, venue);
    event->fetch = fetch;
    char text[4096];
    int size = snprintf(text, sizeof text, "%s %s", method, target);
    set_data(event, text, (size_t)size);
    return ERR_OK;
}

/* ---- frames -----------------------------------------------------------------------------------
 */

/* In order, as TCP has it. */
static void send_frame(struct sim_world *world, size_t slot, const void *data, size_t size)
{
    struct client *client = world->clients[slot];
    if (client->stalled)
        return;
    int64_t at_ns = world->now_ns + latency(world);
    if (at_ns < client->last_delivery_ns)
        at_ns = client->last_delivery_ns;
    client->last_delivery_ns = at_ns;
    struct event *event = schedule(world, at_ns, EVENT_FRAME, slot);
    event->connection = client->connection;
    set_data(event, data, size);
}

struct replying {
    struct sim_world *world;
    size_t slot;
};

static enum err reply(const void *data, size_t size, void *arg)
{
    const struct replying *to = arg;
    send_frame(to->world, to->slot, data, size);
    return ERR_OK;
}

static bool has_symbol(const char *symbol, void *arg)
{
    const struct replying *to = arg;
    struct sim_world *world = to->world;
    const struct venue *venue = venue_at(world, world->clients[to->slot]->venue);
    return market_of(world, venue, symbol) != NULL;
}

static void send_trade(struct sim_world *world, size_t slot, const struct trade *trade)
{
    struct client *client = world->clients[slot];
    const struct venue *venue = venue_at(world, client->venue);
    const struct sim_faults *faults = &world->options.faults;
    struct venue_writing writing = {.channel = venue->recording->channels[0].name,
                                    .venue_ns = wall(world),
                                    .sequence = client->sequence++,
                                    .subs = &client->subs};
    size_t count = 0;
    if (happens(&world->random, faults->lose))
        return;
    if (venue->serving->write_trades(&writing, trade, 1, &count, &world->frame) != ERR_OK ||
        count != 1)
        die("a trade cannot be written");
    if (happens(&world->random, faults->garbage))
        send_frame(world, slot, "{\"broken", 8);
    send_frame(world, slot, world->frame.data, world->frame.size);
    if (happens(&world->random, faults->duplicate) && venue->ids != IDS_NONE)
        send_frame(world, slot, world->frame.data, world->frame.size);
}

static bool is_subscribed(const struct client *client, const struct venue *venue,
                          const char *symbol)
{
    return venue_subscriptions_has(&client->subs, venue->recording->channels[0].name, symbol);
}

static void trade_now(struct sim_world *world, size_t index)
{
    struct market *market = &world->markets[index];
    const struct venue *venue = venue_at(world, market->venue);
    if (!world->trading)
        return;
    struct trade trade = make_trade(world, market);
    for (size_t i = 0; i < world->client_count; i++) {
        struct client *client = world->clients[i];
        if (!client || client->venue != market->venue || client->state != CLIENT_OPEN ||
            !is_subscribed(client, venue, trade.symbol))
            continue;
        if (!market->could_be_had && !client->stalled) {
            market->could_be_had = true;
            market->first = market->made;
        }
        send_trade(world, i, &trade);
    }
    remember(market, &trade);
    int64_t gap_ns = world->options.trade_gap_ns;
    /* Bursts and pauses. */
    int64_t wait_ns = draw(&world->random) % 4 == 0 ? between(&world->random, 0, gap_ns / 50)
                                                    : between(&world->random, 0, gap_ns * 8 / 3);
    schedule(world, world->now_ns + wait_ns, EVENT_TRADE, index);
}

/* ---- what happens -----------------------------------------------------------------------------
 */

static int64_t age_of(struct sim_world *world, const struct venue *venue)
{
    int64_t age_ns = venue->recording->age_max_ns;
    if (world->options.age_ns > 0 && (age_ns == 0 || age_ns > world->options.age_ns))
        age_ns = world->options.age_ns;
    return age_ns;
}

/* Misfortune is drawn once a second; here, when it will come. */
static void plan_misfortune(struct sim_world *world, size_t slot)
{
    const struct sim_faults *faults = &world->options.faults;
    struct client *client = world->clients[slot];
    for (int64_t s = 1; s <= 3600 && (faults->cut > 0 || faults->stall > 0); s++) {
        bool cut = happens(&world->random, faults->cut);
        if (!cut && !happens(&world->random, faults->stall))
            continue;
        struct event *event = schedule(world, world->now_ns + s * NS_PER_S, EVENT_END, slot);
        event->connection = client->connection;
        set_data(event, cut ? "cut" : "stall", cut ? 3 : 5);
        return;
    }
}

static void open_client(struct sim_world *world, size_t slot)
{
    struct client *client = world->clients[slot];
    const struct venue *venue = venue_at(world, client->venue);
    struct replying to = {world, slot};
    if (happens(&world->random, world->options.faults.refuse) ||
        venue->serving->open(client->target, &client->subs) != ERR_OK) {
        uint32_t connection = client->connection;
        drop_client(world, slot);
        world->events->failed(world->events->arg, connection, sim_world_now(world), "refused");
        return;
    }
    client->state = CLIENT_OPEN;
    client->opened_ns = world->now_ns;
    struct event *event;
    int64_t age_ns = age_of(world, venue);
    if (age_ns > 0) {
        if (world->options.faults.early_cut)
            age_ns = between(&world->random, age_ns / 2, age_ns);
        event = schedule(world, world->now_ns + age_ns, EVENT_END, slot);
        event->connection = client->connection;
        set_data(event, "age", 3);
    }
    event = schedule(world, world->now_ns + HEARD_NS, EVENT_HEARD, slot);
    event->connection = client->connection;
    plan_misfortune(world, slot);
    world->events->opened(world->events->arg, client->connection, sim_world_now(world));
    if (venue->serving->greet && venue->serving->greet(wall(world), reply, &to) != ERR_OK)
        die("a venue cannot greet");
}

static void take_request(struct sim_world *world, const struct event *event)
{
    struct client *client = world->clients[event->index];
    struct replying to = {world, event->index};
    if (client->stalled)
        return;
    const struct venue *venue = venue_at(world, client->venue);
    if (venue->serving->request(event->data, event->size, wall(world), &client->subs, has_symbol,
                                reply, &to) != ERR_OK)
        die("a venue cannot answer");
}

static void close_client(struct sim_world *world, size_t slot, const char *reason)
{
    struct client *client = world->clients[slot];
    uint32_t connection = client->connection;
    bool was_open = client->state == CLIENT_OPEN;
    drop_client(world, slot);
    if (was_open)
        world->events->closed(world->events->arg, connection, sim_world_now(world), reason);
    else
        world->events->failed(world->events->arg, connection, sim_world_now(world), reason);
}

static void end_now(struct sim_world *world, const struct event *event)
{
    struct client *client = world->clients[event->index];
    if (strcmp((const char *)event->data, "stall") == 0)
        client->stalled = true; /* open, and nothing comes any more */
    else
        close_client(world, event->index, "the venue ended it");
}

static void answer_now(struct sim_world *world, const struct event *event)
{
    struct fetch_answer result = {.reason = ""};
    const struct sim_faults *faults = &world->options.faults;
    char *target = strchr((char *)event->data, ' ');
    *target++ = '\0';
    if (happens(&world->random, faults->http_fail)) {
        result.reason = "connection refused";
    } else if (happens(&world->random, faults->http_limit)) {
        result.status = 429;
        result.retry_after_ns = 3 * NS_PER_S;
    } else {
        result.status =
            answer(world, event->index, (const char *)event->data, target, &world->reply);
        result.body = world->reply.data;
        result.size = world->reply.size;
    }
    world->events->answered(world->events->arg, event->fetch, sim_world_now(world), &result);
}

static bool is_there(const struct sim_world *world, const struct event *event)
{
    const struct client *client = world->clients[event->index];
    return client && client->connection == event->connection;
}

static void happen(struct sim_world *world, const struct event *event)
{
    const struct transport_events *events = world->events;
    switch (event->kind) {
    case EVENT_TRADE:
        trade_now(world, event->index);
        return;
    case EVENT_ANSWER:
        answer_now(world, event);
        return;
    default:
        break;
    }
    if (!is_there(world, event))
        return;
    switch (event->kind) {
    case EVENT_OPEN:
        open_client(world, event->index);
        break;
    case EVENT_FRAME:
        world->truth.messages++;
        events->message(events->arg, event->connection, sim_world_now(world), event->data,
                        event->size, false);
        break;
    case EVENT_REQUEST:
        take_request(world, event);
        break;
    case EVENT_END:
        end_now(world, event);
        break;
    case EVENT_CLOSED:
        close_client(world, event->index, (const char *)event->data);
        break;
    case EVENT_HEARD:
        if (!world->clients[event->index]->stalled) {
            struct event *next =
                schedule(world, world->now_ns + HEARD_NS, EVENT_HEARD, event->index);
            next->connection = event->connection;
            events->heard(events->arg, event->connection, sim_world_now(world));
        }
        break;
    case EVENT_TRADE:
    case EVENT_ANSWER:
        break;
    }
}

int64_t sim_world_next(const struct sim_world *world)
{
    return world->event_count > 0 ? world->heap[0].at_ns : INT64_MAX;
}

void sim_world_go(struct sim_world *world, int64_t mono_ns)
{
    assert(mono_ns >= world->now_ns);
    world->now_ns = mono_ns;
    while (world->event_count > 0 && world->heap[0].at_ns <= mono_ns) {
        struct event event = take_event(world);
        happen(world, &event);
        free(event.data);
    }
}

/* ---- life -------------------------------------------------------------------------------------
 */

struct sim_world *sim_world_new(const struct sim_world_options *options)
{
    struct sim_world *world = calloc(1, sizeof *world);
    if (!world)
        die("out of memory");
    world->options = *options;
    world->random = options->seed;
    world->now_ns = NS_PER_S;
    world->trading = true;
    world->transport = (struct transport){do_connect, do_send, do_close, do_fetch, world};
    buf_init(&world->frame, 1u << 20);
    buf_init(&world->reply, 16u << 20);
    for (size_t i = 0; i < options->venue_count; i++)
        add_markets(world, i);
    return world;
}

void sim_world_free(struct sim_world *world)
{
    for (size_t i = 0; i < world->client_count; i++)
        if (world->clients[i])
            drop_client(world, i);
    for (size_t i = 0; i < world->event_count; i++)
        free(world->heap[i].data);
    for (size_t i = 0; i < world->market_count; i++) {
        free(world->markets[i].counted);
        free(world->markets[i].recent);
    }
    free(world->heap);
    buf_release(&world->frame);
    buf_release(&world->reply);
    free(world);
}

const struct transport *sim_world_transport(struct sim_world *world)
{
    return &world->transport;
}

void sim_world_listen(struct sim_world *world, const struct transport_events *events)
{
    world->events = events;
}

void sim_world_calm(struct sim_world *world)
{
    world->options.faults = (struct sim_faults){0};
    for (size_t i = 0; i < world->event_count; i++)
        if (world->heap[i].kind == EVENT_END && world->heap[i].data[0] != 'a')
            world->heap[i].connection = 0; /* of nobody */
}

void sim_world_stop_trading(struct sim_world *world)
{
    world->trading = false;
}

void sim_world_wish(const struct sim_world *world, size_t index, char wish[256], char url[64],
                    char rest_url[64])
{
    const char *name = venue_at(world, index)->name;
    int size = snprintf(wish, 256, "%s", name);
    char separator = ':';
    for (size_t i = 0; i < world->market_count; i++) {
        if (world->markets[i].venue != index)
            continue;
        size += snprintf(wish + size, 256 - (size_t)size, "%c%s", separator,
                         world->markets[i].instrument.name);
        separator = ',';
    }
    snprintf(url, 64, "%s=ws://%s.sim", name, name);
    snprintf(rest_url, 64, "%s=http://%s.sim", name, name);
}

/* ---- the truth --------------------------------------------------------------------------------
 */

void sim_world_counted(struct sim_world *world, const struct venue *venue,
                       const struct trade *trade)
{
    struct market *market = market_of(world, venue, trade->symbol);
    struct decimal price;
    if (!market || decimal_rescale(&price, trade->price, 2) != ERR_OK) {
        world->truth.unknown++;
        return;
    }
    int128 number = price.mantissa - PRICE_BASE;
    if (number < 0 || number >= (int128)market->made)
        world->truth.unknown++;
    else if (market->counted[number]++ > 0)
        world->truth.twice++;
}

static uint64_t missing_of(const struct market *market)
{
    uint64_t missing = 0;
    for (uint64_t i = market->first; market->could_be_had && i < market->made; i++)
        missing += market->counted[i] == 0;
    return missing;
}

void sim_world_truth(const struct sim_world *world, struct sim_truth *out)
{
    *out = world->truth;
    out->trades = out->missing = 0;
    for (size_t i = 0; i < world->market_count; i++) {
        const struct market *market = &world->markets[i];
        out->trades += market->could_be_had ? market->made - market->first : 0;
        out->missing += missing_of(market);
    }
}

uint64_t sim_world_missing(const struct sim_world *world, const struct venue *venue)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < world->market_count; i++)
        if (venue_at(world, world->markets[i].venue) == venue)
            missing += missing_of(&world->markets[i]);
    return missing;
}

void sim_world_recount(struct sim_world *world)
{
    world->truth.twice = world->truth.unknown = 0;
    for (size_t i = 0; i < world->market_count; i++)
        if (world->markets[i].made > 0)
            memset(world->markets[i].counted, 0, world->markets[i].made);
}
