#include "recorder/conductor.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/fetcher.h"
#include "recorder/link_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How often a full capture queue is tried again, and a changeover that waits for its turn. */
#define GAP_RETRY_NS  (10 * NS_PER_MS)
#define TURN_RETRY_NS NS_PER_S
#define CLOCK_STEP_NS (100 * NS_PER_MS)

_Static_assert(CONDUCTOR_FETCHES_MAX == FETCH_QUEUE_MAX, "the header says so");
_Static_assert(CONDUCTOR_LINKS_MAX == LINK_SET_MAX, "the header says so");
_Static_assert(ORDER_TEXT_MAX <= FETCH_TARGET_MAX, "an order's target fits");

struct conductor {
    struct wire_world world;
    struct transport_events events;
    const struct record_plan *plan;
    struct link_set links;
    struct wire_set wires;
    struct fetcher fetcher;
    struct link_counts counts;

    bool started, stopping, busy; /* busy: something may be due now */
    int64_t due_ns;
    uint64_t seen_dropped;   /* of world.feed.dropped: what was lost since is to be told */
    int64_t clock_offset_ns; /* wall minus monotonic */
};

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct wire *living(struct conductor *conductor, uint32_t connection)
{
    return wire_set_living(&conductor->wires, connection);
}

/* ---- records -------------------------------------------------------------------------------- */

bool conductor_tell_gaps(struct conductor *conductor, struct stamp now)
{
    return wire_set_tell(&conductor->wires, &conductor->world, now) &&
           capture_feed_tell_venues(&conductor->world.feed, now);
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
    struct buf *text = &conductor->world.text;
    struct feed_source source = capture_feed_venue(&conductor->world.feed, "", 0);
    if (connection_record_clock(text, step_ns) == ERR_OK)
        capture_feed_push(&conductor->world.feed, &source, RECORD_CONNECTION, 0, now, text->data,
                          text->size);
}

/* ---- the ends of wires
 * ---------------------------------------------------------------------------------- */

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

/* When the seat wants a wire; now or earlier: now. */
static int64_t seat_due_ns(const struct conductor *conductor, const struct link *link,
                           const struct link_seat *seat, int64_t now_ns)
{
    if (seat->wire || seat->due_ns > now_ns)
        return seat->wire ? INT64_MAX : seat->due_ns;
    bool waits = seat == &link->successor && now_ns < link_patience_ns(link) &&
                 link_set_is_changing(&conductor->links, link);
    return waits ? now_ns + TURN_RETRY_NS : now_ns;
}

static enum err fill_seat(struct conductor *conductor, struct link *link, struct link_seat *seat,
                          struct stamp now)
{
    struct wire *wire;
    enum err err = wire_set_add(&conductor->wires, link->shard->venue, link->shard->url, &wire);
    if (err)
        return err;
    wire->link = link;
    seat->wire = wire;
    wire_start(wire, now.mono_ns);
    if (wire->state == WIRE_ASKING)
        err = fetcher_ask(&conductor->fetcher, wire, link->shard->rest, now);
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
    for (size_t i = 0; i < conductor->links.count; i++) {
        struct link *link = conductor->links.links[i];
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
    for (size_t i = 0; i < conductor->wires.count; i++) {
        struct wire *wire = conductor->wires.wires[i];
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

/* ---- orders --------------------------------------------------------------------------------- */

static void settle(struct wire *wire, struct stamp now)
{
    if (!wire->settled)
        wire->settled_ns = now.mono_ns;
    wire->settled = true;
}

static const struct plan_venue *find_venue(const struct conductor *conductor, const char *name)
{
    for (size_t i = 0; name && i < conductor->plan->venue_count; i++)
        if (strcmp(conductor->plan->venues[i].venue->name, name) == 0)
            return &conductor->plan->venues[i];
    return NULL;
}

static void order_fetch(struct conductor *conductor, const struct order *order, struct stamp now)
{
    const struct plan_venue *venue = find_venue(conductor, order->venue);
    if (venue && !conductor->stopping)
        fetcher_order(&conductor->fetcher, venue, order->text, now);
}

static void order_note(struct conductor *conductor, const struct order *order, struct stamp now)
{
    struct wire *wire = wire_set_find(&conductor->wires, order->connection);
    const void *data = order->data ? order->data : order->text;
    size_t size = order->data ? order->size : strlen(order->text);
    if (wire) {
        wire_note(wire, &conductor->world, order->record, now, data, size);
        return;
    }
    struct capture_feed *feed = &conductor->world.feed;
    struct feed_source source =
        capture_feed_venue(feed, order->venue ? order->venue : "", order->connection);
    capture_feed_push(feed, &source, order->record, 0, now, data, size);
}

static enum err take_plan(struct conductor *conductor, const struct record_plan *plan,
                          struct stamp now)
{
    conductor->plan = plan;
    return link_set_update(&conductor->links, plan, &conductor->world, now);
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
    struct wire *wire = living(conductor, order->connection);
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
        if (wire && wire->link && wire->state == WIRE_OPEN)
            link_renew(wire, order->text, now);
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
    struct wire *wire = living(conductor, connection);
    if (!wire || wire->state != WIRE_CONNECTING)
        return;
    struct connection_open open = {.url = wire->url->text};
    if (wire->link) {
        open.link = wire->link->number;
        open.replaces = link_replaced_by(wire->link, wire);
        const struct shard_items *wanted = &wire->link->shard->wanted;
        open.wanted = (struct item_span){wanted->items, wanted->count};
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
    struct wire *wire = living(conductor, connection);
    if (wire && wire_message(wire, &conductor->world, now, data, size, binary))
        conductor->busy = true;
}

static void on_too_large(void *arg, uint32_t connection, struct stamp now)
{
    struct conductor *conductor = arg;
    struct wire *wire = living(conductor, connection);
    if (!wire)
        return;
    log_warn("%s: a message of more than %u bytes is left out", wire->venue->name, RECORD_DATA_MAX);
    wire_too_large(wire, &conductor->world, now);
    conductor->busy = true;
}

static void on_heard(void *arg, uint32_t connection, struct stamp now)
{
    struct wire *wire = living(arg, connection);
    if (wire)
        wire->heard_ns = now.mono_ns;
}

static void on_sendable(void *arg, uint32_t connection, struct stamp now)
{
    struct conductor *conductor = arg;
    struct wire *wire = living(conductor, connection);
    (void)now;
    if (!wire)
        return;
    wire->blocked = false;
    conductor->busy = true;
}

static void on_closed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    struct wire *wire = living(arg, connection);
    if (wire && (wire->state == WIRE_OPEN || wire->state == WIRE_CLOSING))
        end_wire(arg, wire, now, reason);
}

static void on_failed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    struct wire *wire = living(arg, connection);
    if (wire && wire->state == WIRE_CONNECTING)
        fail_wire(arg, wire, now, reason);
}

static void on_answered(void *arg, uint32_t number, struct stamp now,
                        const struct fetch_answer *answer)
{
    struct conductor *conductor = arg;
    conductor->busy = true;
    fetcher_answered(&conductor->fetcher, number, now, answer);
}

static void on_no_address(void *arg, struct wire *wire, struct stamp now, const char *reason)
{
    fail_wire(arg, wire, now, reason);
}

const struct transport_events *conductor_events(struct conductor *conductor)
{
    return &conductor->events;
}

/* ---- work ----------------------------------------------------------------------------------- */

static int64_t work_wires(struct conductor *conductor, struct stamp now)
{
    int64_t due_ns = INT64_MAX;
    for (size_t i = 0; i < conductor->wires.count; i++)
        due_ns = sooner(due_ns, wire_work(conductor->wires.wires[i], &conductor->world, now));
    return due_ns;
}

static int64_t work_all(struct conductor *conductor, struct stamp now)
{
    int64_t due_ns = work_wires(conductor, now);
    if (!conductor->stopping) {
        due_ns = sooner(due_ns, work_links(conductor, now));
        due_ns = sooner(due_ns, connect_ready(conductor, now));
        due_ns = sooner(due_ns, fetcher_work(&conductor->fetcher, now));
    }
    wire_set_reap(&conductor->wires, &conductor->world, now);
    return due_ns;
}

/* Gaps go out before anything newer. */
static int64_t work(struct conductor *conductor, struct stamp now)
{
    int64_t due_ns = INT64_MAX;
    conductor->busy = false;
    conductor->seen_dropped = conductor->world.feed.dropped;
    if (!conductor_tell_gaps(conductor, now))
        due_ns = now.mono_ns + GAP_RETRY_NS;
    due_ns = sooner(due_ns, work_all(conductor, now));
    return conductor->busy || due_ns < now.mono_ns ? now.mono_ns : due_ns;
}

int64_t conductor_work(struct conductor *conductor, struct stamp now)
{
    note_clock(conductor, now);
    conductor->started = true;
    bool lost = conductor->world.feed.dropped != conductor->seen_dropped;
    if (conductor->busy || lost || now.mono_ns >= conductor->due_ns)
        conductor->due_ns = work(conductor, now);
    return sooner(conductor->due_ns, capture_feed_tick(&conductor->world.feed, now));
}

/* ---- stopping ------------------------------------------------------------------------------- */

static const char stop_reason[] = "the recorder stops";

bool conductor_stop(struct conductor *conductor, struct stamp now)
{
    if (!conductor->stopping) {
        conductor->stopping = true;
        link_set_close(&conductor->links, &conductor->world, stop_reason);
    }
    bool closed = true;
    for (size_t i = 0; i < conductor->wires.count; i++)
        closed = closed && conductor->wires.wires[i]->state == WIRE_ENDED;
    (void)now;
    return closed;
}

void conductor_abandon(struct conductor *conductor, struct stamp now)
{
    (void)conductor_stop(conductor, now);
    for (size_t i = 0; i < conductor->wires.count; i++) {
        struct wire *wire = conductor->wires.wires[i];
        if (wire->state == WIRE_OPEN || wire->state == WIRE_CLOSING)
            end_wire(conductor, wire, now, stop_reason);
        else if (wire->state != WIRE_ENDED)
            fail_wire(conductor, wire, now, stop_reason);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

static void set_up(struct conductor *conductor, const struct conductor_options *options)
{
    conductor->world.transport = options->transport;
    conductor->busy = true;
    conductor->links.seed = options->seed;
    buf_init(&conductor->world.text, RECORD_DATA_MAX);
    wire_set_init(&conductor->wires, options->first_connection);
    conductor->fetcher.world = &conductor->world;
    conductor->fetcher.wires = &conductor->wires;
    conductor->fetcher.fail = on_no_address;
    conductor->fetcher.arg = conductor;
    fetch_queue_init(&conductor->fetcher.queue, options->seed);
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
}

enum err conductor_new(struct conductor **out, const struct conductor_options *options)
{
    struct conductor *conductor = calloc(1, sizeof *conductor);
    if (!conductor)
        return err_fail(ERR_NOMEM, "out of memory for the connections");
    set_up(conductor, options);
    enum err err = capture_feed_init(&conductor->world.feed, options->queue);
    err = err ? err : take_plan(conductor, options->plan, (struct stamp){0});
    if (err) {
        conductor_free(conductor);
        return err;
    }
    *out = conductor;
    return ERR_OK;
}

void conductor_free(struct conductor *conductor)
{
    if (!conductor)
        return;
    wire_set_release(&conductor->wires);
    link_set_release(&conductor->links);
    fetch_queue_release(&conductor->fetcher.queue);
    capture_feed_release(&conductor->world.feed);
    buf_release(&conductor->world.text);
    free(conductor);
}

void conductor_stats(const struct conductor *conductor, struct conductor_stats *out)
{
    *out = (struct conductor_stats){
        .opened = conductor->counts.opened,
        .failed = conductor->counts.failed,
        .lost = conductor->counts.lost,
        .changeovers = conductor->counts.changeovers,
        .dropped = conductor->world.feed.dropped,
        .fetches = conductor->fetcher.fetches,
        .fetches_failed = conductor->fetcher.failed,
        .links = conductor->links.count,
    };
    for (size_t i = 0; i < conductor->wires.count; i++)
        out->open += conductor->wires.wires[i]->state == WIRE_OPEN;
}
