#include "recorder/conductor.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/fetch_queue.h"
#include "recorder/http_record.h"
#include "recorder/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places for wires by connection number: those that live and those whose last gap is still to be
 * told. A power of two. */
#define SLOTS 4096u
/* However much a host bears, two attempts to connect to it are this far apart. */
#define SPREAD_NS (100 * NS_PER_MS)
/* How often a full capture queue is tried again, and a changeover that waits for its turn. */
#define GAP_RETRY_NS  (10 * NS_PER_MS)
#define TURN_RETRY_NS NS_PER_S
#define CLOCK_STEP_NS (100 * NS_PER_MS)

_Static_assert(CONDUCTOR_FETCHES_MAX == FETCH_QUEUE_MAX, "the header says so");
_Static_assert(ORDER_TEXT_MAX <= FETCH_TARGET_MAX, "an order's target fits");

/* A venue's records that belong to no connection. */
struct account {
    struct account *next;
    const char *venue;
    struct capture_drops drops;
};

struct conductor {
    struct wire_world world;
    struct transport_events events;
    const struct record_plan *plan;
    uint64_t seed;

    struct shard_set shards;
    size_t link_count;
    struct link *links[CONDUCTOR_LINKS_MAX];
    uint32_t link_numbers; /* given so far */
    struct link_host *hosts;
    struct account *accounts;

    uint32_t next_connection;
    size_t wire_count;
    struct wire *wires[SLOTS]; /* owned; the first wire_count */
    struct wire *slots[SLOTS]; /* the same, by connection number */

    struct fetch_queue fetches;
    struct conductor_stats stats;
    struct link_counts counts;

    bool started, stopping, busy; /* busy: something may be due now */
    int64_t due_ns;
    int64_t clock_offset_ns; /* wall minus monotonic */
};

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- finding -------------------------------------------------------------------------------- */

static struct wire *find_wire(struct conductor *conductor, uint32_t connection)
{
    struct wire *wire = conductor->slots[connection % SLOTS];
    return wire && wire->connection == connection ? wire : NULL;
}

/* Its events still count. */
static struct wire *find_living(struct conductor *conductor, uint32_t connection)
{
    struct wire *wire = find_wire(conductor, connection);
    return wire && wire->state != WIRE_ENDED ? wire : NULL;
}

static const struct plan_venue *find_venue(const struct conductor *conductor, const char *name)
{
    for (size_t i = 0; name && i < conductor->plan->venue_count; i++)
        if (strcmp(conductor->plan->venues[i].venue->name, name) == 0)
            return &conductor->plan->venues[i];
    return NULL;
}

/* Falls back on the account of no venue when there is no memory for another. */
static struct account *account_of(struct conductor *conductor, const char *venue)
{
    struct account **at = &conductor->accounts;
    while (*at && strcmp((*at)->venue, venue) != 0)
        at = &(*at)->next;
    if (!*at)
        *at = calloc(1, sizeof **at);
    if (!*at)
        return conductor->accounts;
    (*at)->venue = venue;
    return *at;
}

static struct link_host *host_of(struct conductor *conductor, const struct shard *shard)
{
    const struct venue_recording *recording = shard->venue->recording;
    struct link_host **at = &conductor->hosts;
    while (*at && strcmp((*at)->authority, shard->url->authority) != 0)
        at = &(*at)->next;
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return NULL;
        memcpy((*at)->authority, shard->url->authority, sizeof(*at)->authority);
        connect_budget_init(&(*at)->budget);
        (*at)->closed_until_ns = INT64_MIN;
    }
    struct connect_limit venue = {recording->connects, recording->connects_span_ns};
    struct connect_limit spread = {1, SPREAD_NS};
    enum err err = connect_budget_limit(&(*at)->budget, spread);
    err = err ? err : connect_budget_limit(&(*at)->budget, venue);
    return err ? NULL : *at;
}

/* ---- records -------------------------------------------------------------------------------- */

static void note(struct conductor *conductor, const char *venue, uint32_t connection,
                 enum record_type type, struct stamp now, const struct buf *data)
{
    struct account *account = account_of(conductor, venue);
    struct feed_source source = {venue, connection, &account->drops};
    capture_feed_push(&conductor->world.feed, &source, type, 0, now, data->data, data->size);
}

static bool tell_account(struct conductor *conductor, struct account *account, struct stamp now)
{
    struct feed_source source = {account->venue, 0, &account->drops};
    return capture_feed_tell(&conductor->world.feed, &source, now);
}

bool conductor_tell_gaps(struct conductor *conductor, struct stamp now)
{
    bool told = true;
    for (size_t i = 0; i < conductor->wire_count; i++)
        told = wire_tell(conductor->wires[i], &conductor->world, now) && told;
    for (struct account *at = conductor->accounts; at; at = at->next)
        told = tell_account(conductor, at, now) && told;
    return told;
}

/* What steps is the wall clock: the difference to the monotonic one jumps. */
static void note_clock(struct conductor *conductor, struct stamp now)
{
    int64_t offset_ns = now.wall_ns - now.mono_ns;
    int64_t step_ns = offset_ns - conductor->clock_offset_ns;
    bool stepped = step_ns > CLOCK_STEP_NS || step_ns < -CLOCK_STEP_NS;
    conductor->clock_offset_ns = offset_ns;
    if (!conductor->started || !stepped)
        return;
    log_warn("the system's clock has stepped by %" PRId64 " ms", step_ns / NS_PER_MS);
    if (connection_record_clock(&conductor->world.text, step_ns) == ERR_OK)
        note(conductor, "", 0, RECORD_CONNECTION, now, &conductor->world.text);
}

/* ---- wires ---------------------------------------------------------------------------------- */

/* Numbers whose place is still taken are left out. */
static uint32_t next_connection(struct conductor *conductor)
{
    while (conductor->next_connection == 0 || conductor->slots[conductor->next_connection % SLOTS])
        conductor->next_connection++;
    return conductor->next_connection++;
}

static void forget_wire(struct conductor *conductor, size_t index)
{
    struct wire *wire = conductor->wires[index];
    conductor->slots[wire->connection % SLOTS] = NULL;
    conductor->wires[index] = conductor->wires[--conductor->wire_count];
    wire_free(wire);
}

static void reap(struct conductor *conductor, struct stamp now)
{
    for (size_t i = conductor->wire_count; i-- > 0;) {
        struct wire *wire = conductor->wires[i];
        if (wire->state == WIRE_ENDED && wire_tell(wire, &conductor->world, now))
            forget_wire(conductor, i);
    }
}

static void after_end(struct conductor *conductor, struct wire *wire, struct stamp now)
{
    if (wire->link)
        link_ended(wire->link, wire, now);
    conductor->busy = true;
}

static void fail_wire(struct conductor *conductor, struct wire *wire, struct stamp now,
                      const char *reason)
{
    conductor->counts.failed += wire->link != NULL;
    wire_failed(wire, &conductor->world, now, reason);
    after_end(conductor, wire, now);
}

static void end_wire(struct conductor *conductor, struct wire *wire, struct stamp now,
                     const char *reason)
{
    bool covered = wire->link && link_covers(wire->link, wire);
    bool lost = wire_closed(wire, &conductor->world, now, reason, covered);
    conductor->counts.lost += lost;
    after_end(conductor, wire, now);
}

/* ---- links ---------------------------------------------------------------------------------- */

/* Another changeover is under way at the host. */
static bool host_is_changing(const struct conductor *conductor, const struct link *link)
{
    for (size_t i = 0; i < conductor->link_count; i++) {
        const struct link *other = conductor->links[i];
        if (other != link && other->host == link->host && other->successor.wire)
            return true;
    }
    return false;
}

/* When the seat wants a wire; now or earlier: now. */
static int64_t seat_due_ns(const struct conductor *conductor, const struct link *link,
                           const struct link_seat *seat, int64_t now_ns)
{
    if (seat->wire || seat->due_ns > now_ns)
        return seat->wire ? INT64_MAX : seat->due_ns;
    bool waits = seat == &link->successor && now_ns < link_patience_ns(link) &&
                 host_is_changing(conductor, link);
    return waits ? now_ns + TURN_RETRY_NS : now_ns;
}

static enum err ask_for_address(struct conductor *conductor, const struct link *link,
                                const struct wire *wire, int64_t now_ns)
{
    const struct venue_handshake *handshake = wire->venue->recording->handshake;
    struct fetch fetch = {
        .venue = wire->venue,
        .host = link->shard->rest,
        .method = handshake->method,
        .connection = wire->connection,
    };
    if (fetch.host->host[0] == '\0')
        return err_fail(ERR_USAGE, "no host is known to ask for its address");
    snprintf(fetch.target, sizeof fetch.target, "%s", handshake->target);
    conductor->stats.fetches++;
    return fetch_queue_add(&conductor->fetches, &fetch, now_ns);
}

static enum err fill_seat(struct conductor *conductor, struct link *link, struct link_seat *seat,
                          struct stamp now)
{
    struct wire *wire;
    if (conductor->wire_count + 1 >= SLOTS)
        return err_fail(ERR_LIMIT, "too many connections wait for room in the capture queue");
    enum err err =
        wire_new(&wire, link->shard->venue, link->shard->url, next_connection(conductor));
    if (err)
        return err;
    conductor->wires[conductor->wire_count++] = wire;
    conductor->slots[wire->connection % SLOTS] = wire;
    wire->link = link;
    seat->wire = wire;
    wire_start(wire, now.mono_ns);
    err = wire->state == WIRE_ASKING ? ask_for_address(conductor, link, wire, now.mono_ns) : ERR_OK;
    if (err)
        fail_wire(conductor, wire, now, err_text(err));
    return ERR_OK;
}

static int64_t work_seat(struct conductor *conductor, struct link *link, struct link_seat *seat,
                         struct stamp now)
{
    int64_t due_ns = seat_due_ns(conductor, link, seat, now.mono_ns);
    if (due_ns > now.mono_ns)
        return due_ns;
    if (fill_seat(conductor, link, seat, now) != ERR_OK)
        seat->due_ns = now.mono_ns + NS_PER_S;
    return seat->wire ? INT64_MAX : seat->due_ns;
}

static int64_t work_links(struct conductor *conductor, struct stamp now)
{
    int64_t due_ns = INT64_MAX;
    for (size_t i = 0; i < conductor->link_count; i++) {
        struct link *link = conductor->links[i];
        int64_t at_ns = link_work(link, &conductor->world, &conductor->counts, now);
        due_ns = sooner(due_ns, at_ns);
        due_ns = sooner(due_ns, work_seat(conductor, link, &link->present, now));
        due_ns = sooner(due_ns, work_seat(conductor, link, &link->successor, now));
    }
    return due_ns;
}

/* ---- connecting ----------------------------------------------------------------------------- */

/* What nobody carries goes before a changeover, then who has waited longest. */
static bool goes_before(const struct wire *a, const struct wire *b)
{
    bool a_first = a->link->present.wire == a, b_first = b->link->present.wire == b;
    if (a_first != b_first)
        return a_first;
    return a->ready_ns != b->ready_ns ? a->ready_ns < b->ready_ns : a->connection < b->connection;
}

static struct wire *next_ready(const struct conductor *conductor, int64_t now_ns,
                               int64_t *out_due_ns)
{
    struct wire *best = NULL;
    *out_due_ns = INT64_MAX;
    for (size_t i = 0; i < conductor->wire_count; i++) {
        struct wire *wire = conductor->wires[i];
        if (wire->state != WIRE_READY || !wire->link)
            continue;
        int64_t open_ns = wire->link->host->closed_until_ns;
        if (open_ns > now_ns)
            *out_due_ns = sooner(*out_due_ns, open_ns);
        else if (!best || goes_before(wire, best))
            best = wire;
    }
    return best;
}

static int64_t connect_ready(struct conductor *conductor, struct stamp now)
{
    struct wire *wire;
    int64_t due_ns;
    while ((wire = next_ready(conductor, now.mono_ns, &due_ns))) {
        struct link_host *host = wire->link->host;
        int64_t wait_ns = connect_budget_take(&host->budget, now.mono_ns);
        if (wait_ns > 0) {
            host->closed_until_ns = now.mono_ns + wait_ns;
            continue;
        }
        enum err err = wire_connect(wire, &conductor->world);
        if (err)
            fail_wire(conductor, wire, now, err_text(err));
    }
    return due_ns;
}

/* ---- fetching ------------------------------------------------------------------------------- */

static void note_answer(struct conductor *conductor, const struct fetch *fetch, struct stamp now,
                        const struct fetch_answer *answer)
{
    struct buf *text = &conductor->world.text;
    const char *reason = answer->status == 0 ? answer->reason : NULL;
    if (reason && (*reason == '\0' || !buf_is_utf8(reason, strlen(reason))))
        reason = "no answer";
    enum err err = http_record_write(text, fetch->method, fetch->host, fetch->target,
                                     answer->status, reason, answer->body, answer->size);
    if (!err) {
        note(conductor, fetch->venue->name, fetch->connection, RECORD_HTTP, now, text);
        return;
    }
    struct account *account = account_of(conductor, fetch->venue->name);
    struct feed_source source = {fetch->venue->name, fetch->connection, &account->drops};
    capture_feed_lost(&conductor->world.feed, &source, DROP_TOO_LARGE, now);
}

static void give_address(struct conductor *conductor, const struct fetch *fetch, struct stamp now,
                         const struct fetch_answer *answer)
{
    struct wire *wire = find_living(conductor, fetch->connection);
    char reason[2 * WIRE_REASON_MAX];
    if (!wire || wire->state != WIRE_ASKING)
        return;
    if (answer->status == 200) {
        enum err err =
            wire_address(wire, answer->body, answer->size, fetch->host->tls, now.mono_ns);
        if (err)
            fail_wire(conductor, wire, now, err_text(err));
        return;
    }
    if (answer->status == 0)
        snprintf(reason, sizeof reason, "%s gives no address: %.*s", fetch->host->authority, 200,
                 answer->reason);
    else
        snprintf(reason, sizeof reason, "%s gives no address: HTTP status %d",
                 fetch->host->authority, answer->status);
    fail_wire(conductor, wire, now, reason);
}

static void on_answer(struct conductor *conductor, struct fetch *fetch, struct stamp now,
                      const struct fetch_answer *answer)
{
    conductor->busy = true;
    if (fetch_queue_answer(&conductor->fetches, fetch, answer, now.mono_ns) == FETCH_AGAIN)
        return;
    conductor->stats.fetches_failed += answer->status != 200;
    note_answer(conductor, fetch, now, answer);
    if (fetch->connection > 0)
        give_address(conductor, fetch, now, answer);
    fetch_queue_done(fetch);
}

static int64_t work_fetches(struct conductor *conductor, struct stamp now)
{
    const struct transport *transport = conductor->world.transport;
    struct fetch *fetch;
    int64_t due_ns;
    while ((fetch = fetch_queue_take(&conductor->fetches, now.mono_ns, &due_ns))) {
        enum err err = transport->fetch(transport->arg, fetch->number, fetch->method, fetch->host,
                                        fetch->target);
        if (!err)
            continue;
        struct fetch_answer none = {.body = "", .reason = err_text(err)};
        on_answer(conductor, fetch, now, &none);
    }
    return due_ns;
}

static void order_fetch(struct conductor *conductor, const struct order *order, struct stamp now)
{
    const struct plan_venue *venue = find_venue(conductor, order->venue);
    if (!venue || conductor->stopping)
        return;
    struct fetch fetch = {.venue = venue->venue, .host = &venue->rest, .method = "GET"};
    snprintf(fetch.target, sizeof fetch.target, "%s", order->text);
    enum err err = venue->rest.host[0] == '\0'
                       ? err_fail(ERR_USAGE, "the venue has no host for requests")
                       : fetch_queue_add(&conductor->fetches, &fetch, now.mono_ns);
    if (err == ERR_STOP)
        return;
    conductor->stats.fetches++;
    if (!err)
        return;
    struct fetch_answer none = {.body = "", .reason = err_text(err)};
    conductor->stats.fetches_failed++;
    note_answer(conductor, &fetch, now, &none);
}

/* ---- the plan ------------------------------------------------------------------------------- */

static struct item_span wanted_of(const struct shard *shard)
{
    return (struct item_span){shard->wanted.items, shard->wanted.count};
}

static struct item_span added_of(const struct shard *shard)
{
    return (struct item_span){shard->wanted.items + (shard->wanted.count - shard->added),
                              shard->added};
}

static void change_wire(struct conductor *conductor, struct wire *wire, const struct shard *shard,
                        struct stamp now)
{
    struct item_span left = {shard->left.items, shard->left.count};
    if (!wire || wire->state != WIRE_OPEN)
        return;
    if (wire_change(wire, &conductor->world, added_of(shard), left, now))
        return;
    wire->renew_ns = now.mono_ns;
    wire->renew_urgent = true;
    snprintf(wire->renew_reason, sizeof wire->renew_reason,
             "what is subscribed to cannot be changed on it");
}

static void change_links(struct conductor *conductor, struct stamp now)
{
    for (size_t i = 0; i < conductor->link_count; i++) {
        struct link *link = conductor->links[i];
        const struct shard *shard = link->shard;
        if (shard->wanted.count == 0 || shard->added + shard->left.count == 0)
            continue;
        change_wire(conductor, link->present.wire, shard, now);
        change_wire(conductor, link->successor.wire, shard, now);
    }
}

/* Links of shards that are empty, and those beyond the redundancy. */
static void remove_links(struct conductor *conductor)
{
    size_t kept = 0;
    for (size_t i = 0; i < conductor->link_count; i++) {
        struct link *link = conductor->links[i];
        unsigned before = 0;
        for (size_t k = 0; k < kept; k++)
            before += conductor->links[k]->shard == link->shard;
        if (link->shard->wanted.count > 0 && before < link->shard->redundancy) {
            conductor->links[kept++] = link;
            continue;
        }
        link_close(link, &conductor->world, "not wanted any more");
        link_free(link);
    }
    conductor->link_count = kept;
}

static unsigned links_of(const struct conductor *conductor, const struct shard *shard)
{
    unsigned count = 0;
    for (size_t i = 0; i < conductor->link_count; i++)
        count += conductor->links[i]->shard == shard;
    return count;
}

static enum err add_link(struct conductor *conductor, struct shard *shard)
{
    if (conductor->link_count == CONDUCTOR_LINKS_MAX)
        return err_fail(ERR_LIMIT,
                        "%s: more than %d connections are needed; record fewer instruments or "
                        "channels, or with a second recorder",
                        shard->venue->name, CONDUCTOR_LINKS_MAX);
    struct link_host *host = host_of(conductor, shard);
    if (!host)
        return err_fail(ERR_NOMEM, "out of memory for a connection");
    uint32_t number = conductor->link_numbers + 1;
    uint64_t seed = conductor->seed ^ number * UINT64_C(0xD1B54A32D192ED03);
    enum err err = link_new(&conductor->links[conductor->link_count], number, shard, host, seed);
    if (err)
        return err;
    conductor->link_numbers = number;
    conductor->link_count++;
    return ERR_OK;
}

static enum err add_links(struct conductor *conductor)
{
    for (size_t i = 0; i < conductor->shards.count; i++) {
        struct shard *shard = conductor->shards.shards[i];
        unsigned count = shard->wanted.count > 0 ? links_of(conductor, shard) : shard->redundancy;
        for (; count < shard->redundancy; count++) {
            enum err err = add_link(conductor, shard);
            if (err)
                return err;
        }
    }
    return ERR_OK;
}

static enum err take_plan(struct conductor *conductor, const struct record_plan *plan,
                          struct stamp now)
{
    conductor->plan = plan;
    enum err err = shard_set_update(&conductor->shards, plan);
    change_links(conductor, now);
    remove_links(conductor);
    shard_set_prune(&conductor->shards);
    return err ? err : add_links(conductor);
}

/* ---- orders --------------------------------------------------------------------------------- */

static void settle(struct wire *wire, struct stamp now)
{
    if (!wire->settled)
        wire->settled_ns = now.mono_ns;
    wire->settled = true;
}

static void renew(struct wire *wire, const char *why, struct stamp now)
{
    if (wire->state != WIRE_OPEN || !wire->link)
        return;
    wire->renew_ns = now.mono_ns;
    wire->renew_urgent = true;
    snprintf(wire->renew_reason, sizeof wire->renew_reason, "%.*s", WIRE_REASON_MAX - 1, why);
}

static void order_note(struct conductor *conductor, const struct order *order, struct stamp now)
{
    struct wire *wire = order->connection ? find_wire(conductor, order->connection) : NULL;
    size_t size = strlen(order->text);
    if (wire) {
        wire_note(wire, &conductor->world, order->record, now, order->text, size);
        return;
    }
    const char *venue = order->venue ? order->venue : "";
    struct account *account = account_of(conductor, venue);
    struct feed_source source = {venue, order->connection, &account->drops};
    capture_feed_push(&conductor->world.feed, &source, order->record, 0, now, order->text, size);
}

static void order_plan(struct conductor *conductor, const struct order *order, struct stamp now)
{
    if (conductor->stopping || !order->plan)
        return;
    enum err err = take_plan(conductor, order->plan, now);
    if (err)
        log_error("the new subscriptions cannot all be captured: %s", err_text(err));
}

void conductor_order(struct conductor *conductor, const struct order *order, struct stamp now)
{
    struct wire *wire = order->connection ? find_living(conductor, order->connection) : NULL;
    conductor->busy = true;
    switch (order->kind) {
    case ORDER_GREETED:
        if (wire)
            wire->greeted = true;
        break;
    case ORDER_SETTLED:
        if (wire)
            settle(wire, now);
        break;
    case ORDER_RENEW:
        if (wire)
            renew(wire, order->text, now);
        break;
    case ORDER_FETCH:
        order_fetch(conductor, order, now);
        break;
    case ORDER_NOTE:
        order_note(conductor, order, now);
        break;
    case ORDER_PLAN:
        order_plan(conductor, order, now);
        break;
    }
}

/* ---- events of the transport ---------------------------------------------------------------- */

static void on_opened(void *arg, uint32_t connection, struct stamp now)
{
    struct conductor *conductor = arg;
    struct wire *wire = find_living(conductor, connection);
    if (!wire || wire->state != WIRE_CONNECTING)
        return;
    struct connection_open open = {.url = wire->url->text};
    if (wire->link) {
        open.link = wire->link->number;
        open.replaces = link_replaced_by(wire->link, wire);
        open.wanted = wanted_of(wire->link->shard);
    }
    conductor->busy = true;
    conductor->counts.opened++;
    wire_opened(wire, &conductor->world, &open, now);
    if (wire->link)
        link_opened(wire->link, wire, now);
    else
        wire_close(wire, &conductor->world, CLOSE_POLITE, "not wanted any more", true);
}

static void on_message(void *arg, uint32_t connection, struct stamp now, const void *data,
                       size_t size, bool binary)
{
    struct conductor *conductor = arg;
    struct wire *wire = find_living(conductor, connection);
    if (wire && wire_message(wire, &conductor->world, now, data, size, binary))
        conductor->busy = true;
}

static void on_too_large(void *arg, uint32_t connection, struct stamp now)
{
    struct conductor *conductor = arg;
    struct wire *wire = find_living(conductor, connection);
    if (!wire)
        return;
    log_warn("%s: a message of more than %u bytes is left out", wire->venue->name, RECORD_DATA_MAX);
    wire_too_large(wire, &conductor->world, now);
    conductor->busy = true;
}

static void on_heard(void *arg, uint32_t connection, struct stamp now)
{
    struct wire *wire = find_living(arg, connection);
    if (wire)
        wire->heard_ns = now.mono_ns;
}

static void on_sendable(void *arg, uint32_t connection, struct stamp now)
{
    struct conductor *conductor = arg;
    struct wire *wire = find_living(conductor, connection);
    (void)now;
    if (!wire)
        return;
    wire->blocked = false;
    conductor->busy = true;
}

static void on_closed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    struct wire *wire = find_living(arg, connection);
    if (wire && (wire->state == WIRE_OPEN || wire->state == WIRE_CLOSING))
        end_wire(arg, wire, now, reason);
}

static void on_failed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    struct wire *wire = find_living(arg, connection);
    if (wire && wire->state == WIRE_CONNECTING)
        fail_wire(arg, wire, now, reason);
}

static void on_answered(void *arg, uint32_t number, struct stamp now,
                        const struct fetch_answer *answer)
{
    struct conductor *conductor = arg;
    struct fetch *fetch = fetch_queue_find(&conductor->fetches, number);
    if (fetch)
        on_answer(conductor, fetch, now, answer);
}

const struct transport_events *conductor_events(struct conductor *conductor)
{
    return &conductor->events;
}

/* ---- work ----------------------------------------------------------------------------------- */

static int64_t work_wires(struct conductor *conductor, struct stamp now)
{
    int64_t due_ns = INT64_MAX;
    for (size_t i = 0; i < conductor->wire_count; i++)
        due_ns = sooner(due_ns, wire_work(conductor->wires[i], &conductor->world, now));
    return due_ns;
}

static int64_t work_all(struct conductor *conductor, struct stamp now)
{
    int64_t due_ns = work_wires(conductor, now);
    if (!conductor->stopping) {
        due_ns = sooner(due_ns, work_links(conductor, now));
        due_ns = sooner(due_ns, connect_ready(conductor, now));
        due_ns = sooner(due_ns, work_fetches(conductor, now));
    }
    reap(conductor, now);
    return due_ns;
}

int64_t conductor_work(struct conductor *conductor, struct stamp now)
{
    note_clock(conductor, now);
    conductor->started = true;
    if (!conductor->busy && now.mono_ns < conductor->due_ns)
        return conductor->due_ns;
    conductor->busy = false;
    int64_t due_ns = INT64_MAX;
    if (!conductor_tell_gaps(conductor, now))
        due_ns = now.mono_ns + GAP_RETRY_NS;
    due_ns = sooner(due_ns, work_all(conductor, now));
    due_ns = sooner(due_ns, capture_feed_tick(&conductor->world.feed, now));
    conductor->due_ns = conductor->busy || due_ns < now.mono_ns ? now.mono_ns : due_ns;
    return conductor->due_ns;
}

/* ---- stopping ------------------------------------------------------------------------------- */

static const char stop_reason[] = "the recorder stops";

bool conductor_stop(struct conductor *conductor, struct stamp now)
{
    if (!conductor->stopping) {
        conductor->stopping = true;
        for (size_t i = 0; i < conductor->link_count; i++)
            link_close(conductor->links[i], &conductor->world, stop_reason);
    }
    bool closed = true;
    for (size_t i = 0; i < conductor->wire_count; i++)
        closed = closed && conductor->wires[i]->state == WIRE_ENDED;
    (void)now;
    return closed;
}

void conductor_abandon(struct conductor *conductor, struct stamp now)
{
    (void)conductor_stop(conductor, now);
    for (size_t i = 0; i < conductor->wire_count; i++) {
        struct wire *wire = conductor->wires[i];
        if (wire->state == WIRE_OPEN || wire->state == WIRE_CLOSING)
            end_wire(conductor, wire, now, stop_reason);
        else if (wire->state != WIRE_ENDED)
            fail_wire(conductor, wire, now, stop_reason);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

enum err conductor_new(struct conductor **out, const struct conductor_options *options)
{
    struct conductor *conductor = calloc(1, sizeof *conductor);
    if (!conductor)
        return err_fail(ERR_NOMEM, "out of memory for the connections");
    conductor->world.transport = options->transport;
    capture_feed_init(&conductor->world.feed, options->queue);
    buf_init(&conductor->world.text, RECORD_DATA_MAX);
    conductor->next_connection = options->first_connection;
    conductor->seed = options->seed;
    conductor->busy = true;
    fetch_queue_init(&conductor->fetches, options->seed);
    conductor->events = (struct transport_events){
        .opened = on_opened,
        .message = on_message,
        .too_large = on_too_large,
        .heard = on_heard,
        .sendable = on_sendable,
        .closed = on_closed,
        .failed = on_failed,
        .answered = on_answered,
        .arg = conductor,
    };
    enum err err = account_of(conductor, "") ? ERR_OK : err_fail(ERR_NOMEM, "out of memory");
    err = err ? err : take_plan(conductor, options->plan, (struct stamp){0});
    if (err) {
        conductor_free(conductor);
        return err;
    }
    *out = conductor;
    return ERR_OK;
}

static void free_hosts(struct conductor *conductor)
{
    while (conductor->hosts) {
        struct link_host *host = conductor->hosts;
        conductor->hosts = host->next;
        connect_budget_release(&host->budget);
        free(host);
    }
    while (conductor->accounts) {
        struct account *account = conductor->accounts;
        conductor->accounts = account->next;
        free(account);
    }
}

void conductor_free(struct conductor *conductor)
{
    if (!conductor)
        return;
    for (size_t i = 0; i < conductor->wire_count; i++)
        wire_free(conductor->wires[i]);
    for (size_t i = 0; i < conductor->link_count; i++)
        link_free(conductor->links[i]);
    shard_set_release(&conductor->shards);
    free_hosts(conductor);
    fetch_queue_release(&conductor->fetches);
    buf_release(&conductor->world.text);
    free(conductor);
}

void conductor_stats(const struct conductor *conductor, struct conductor_stats *out)
{
    *out = conductor->stats;
    out->opened = conductor->counts.opened;
    out->failed = conductor->counts.failed;
    out->lost = conductor->counts.lost;
    out->changeovers = conductor->counts.changeovers;
    out->dropped = conductor->world.feed.dropped;
    out->links = conductor->link_count;
    out->open = 0;
    for (size_t i = 0; i < conductor->wire_count; i++)
        out->open += conductor->wires[i]->state == WIRE_OPEN;
}
