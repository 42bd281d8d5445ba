#include "recorder/wire.h"

#include "engine/base/time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message that the transport did not take is offered again after this, if it does not say so
 * itself. */
#define RETRY_NS (100 * NS_PER_MS)
/* Messages a call where a venue has no pace. */
#define BURST_MAX 64

/* ---- life ----------------------------------------------------------------------------------- */

enum err wire_new(struct wire **out, const struct venue *venue, const struct ws_url *url,
                  uint32_t connection)
{
    struct wire *wire = calloc(1, sizeof *wire);
    if (!wire)
        return err_fail(ERR_NOMEM, "out of memory for a connection");
    wire->venue = venue;
    wire->url = url;
    wire->connection = connection;
    wire->renew_ns = INT64_MAX;
    wire->sent_ns = INT64_MIN;
    wire->keepalive_ns = venue->recording->keepalive_ns;
    wire->next_id = 1;
    buf_init(&wire->out, WIRE_MESSAGE_MAX);
    buf_init(&wire->answer, WIRE_MESSAGE_MAX);
    *out = wire;
    return ERR_OK;
}

/* An ended wire may have to wait until its last gap is told: it keeps no more than that needs. */
static void release_parts(struct wire *wire)
{
    for (size_t i = 0; i < wire->change_count; i++)
        free(wire->changes[i].symbols);
    free(wire->changes);
    free(wire->own_url);
    wire->changes = NULL;
    wire->own_url = NULL;
    wire->url = NULL;
    wire->change_count = wire->change_at = 0;
    wire->answer_due = wire->out_full = false;
    buf_release(&wire->out);
    buf_release(&wire->answer);
}

void wire_free(struct wire *wire)
{
    if (!wire)
        return;
    release_parts(wire);
    free(wire);
}

void wire_start(struct wire *wire, int64_t now_ns)
{
    wire->state = wire->venue->recording->handshake ? WIRE_ASKING : WIRE_READY;
    wire->ready_ns = now_ns;
}

/* ---- records -------------------------------------------------------------------------------- */

static struct feed_source source_of(struct wire *wire)
{
    return (struct feed_source){wire->venue->name, wire->connection, &wire->drops};
}

void wire_note(struct wire *wire, struct wire_world *world, enum record_type type, struct stamp now,
               const void *data, size_t size)
{
    struct feed_source source = source_of(wire);
    capture_feed_push(&world->feed, &source, type, 0, now, data, size);
}

/* The event in world->text; what could not be written counts as lost: false. */
static bool note_event(struct wire *wire, struct wire_world *world, struct stamp now, enum err err)
{
    struct feed_source source = source_of(wire);
    uint64_t lost = wire->drops.total;
    if (err)
        capture_feed_lost(&world->feed, &source, DROP_TOO_LARGE, now);
    else
        wire_note(wire, world, RECORD_CONNECTION, now, world->text.data, world->text.size);
    return wire->drops.total == lost;
}

bool wire_tell(struct wire *wire, struct wire_world *world, struct stamp now)
{
    struct feed_source source = source_of(wire);
    return capture_feed_tell(&world->feed, &source, now);
}

/* ---- connecting ----------------------------------------------------------------------------- */

static enum err parse_address(struct wire *wire, const struct buf *text, bool tls)
{
    enum err err = ws_url_parse(wire->own_url, (const char *)text->data, "/");
    if (err)
        return err_context(ERR_DAMAGED, "the handshake gives an address that cannot be used");
    if (tls && !wire->own_url->tls)
        return err_fail(ERR_DAMAGED, "the handshake gives an address without TLS");
    return ERR_OK;
}

enum err wire_address(struct wire *wire, const void *answer, size_t size, bool tls, int64_t now_ns)
{
    const struct venue_handshake *handshake = wire->venue->recording->handshake;
    struct buf text;
    buf_init(&text, WS_URL_TEXT_MAX);
    wire->own_url = calloc(1, sizeof *wire->own_url);
    enum err err = wire->own_url ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for an address");
    err =
        err ? err : handshake->address(answer, size, wire->connection, &text, &wire->keepalive_ns);
    err = err ? err : buf_terminate(&text);
    err = err ? err : parse_address(wire, &text, tls);
    buf_release(&text);
    if (err)
        return err;
    wire->url = wire->own_url;
    wire->state = WIRE_READY;
    wire->ready_ns = now_ns;
    return ERR_OK;
}

enum err wire_connect(struct wire *wire, struct wire_world *world)
{
    wire->state = WIRE_CONNECTING;
    return world->transport->connect(world->transport->arg, wire->connection, wire->url);
}

/* Ours counts, if we ended it. */
static void keep_reason(struct wire *wire, const char *reason)
{
    if (*wire->reason == '\0')
        snprintf(wire->reason, sizeof wire->reason, "%s", reason);
}

void wire_failed(struct wire *wire, struct wire_world *world, struct stamp now, const char *reason)
{
    keep_reason(wire, reason);
    note_event(wire, world, now, connection_record_error(&world->text, wire->reason));
    wire->state = WIRE_ENDED;
}

/* ---- closing -------------------------------------------------------------------------------- */

void wire_close(struct wire *wire, struct wire_world *world, enum close_way way, const char *reason,
                bool planned)
{
    bool was_open = wire->state == WIRE_OPEN;
    if (wire->state == WIRE_CLOSING || wire->state == WIRE_ENDED)
        return;
    snprintf(wire->reason, sizeof wire->reason, "%s", reason);
    wire->planned = planned;
    if (!was_open && wire->state != WIRE_CONNECTING) {
        wire->state = WIRE_ENDED;
        return;
    }
    if (was_open)
        wire->state = WIRE_CLOSING;
    world->transport->close(world->transport->arg, wire->connection, way, reason);
}

bool wire_closed(struct wire *wire, struct wire_world *world, struct stamp now, const char *reason,
                 bool covered)
{
    bool planned = wire->planned || covered;
    keep_reason(wire, reason);
    note_event(wire, world, now, connection_record_close(&world->text, wire->reason, planned));
    wire->state = WIRE_ENDED;
    return !planned;
}

/* ---- subscriptions -------------------------------------------------------------------------- */

static enum err grow_changes(struct wire *wire)
{
    /* Those that are done make room before more memory is taken. */
    size_t left = wire->change_count - wire->change_at;
    for (size_t i = 0; i < wire->change_at; i++)
        free(wire->changes[i].symbols);
    if (wire->change_at > 0)
        memmove(wire->changes, wire->changes + wire->change_at, left * sizeof *wire->changes);
    wire->change_count = left;
    wire->change_at = 0;
    struct wire_change *grown = realloc(wire->changes, (left + 1) * sizeof *grown);
    if (!grown)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    wire->changes = grown;
    return ERR_OK;
}

static enum err change_of(struct wire_change *out, struct item_span items,
                          const struct venue_channel *channel, bool leave)
{
    const char **symbols = calloc(items.count, sizeof *symbols);
    if (!symbols)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    *out = (struct wire_change){.leave = leave, .channel = channel, .symbols = symbols};
    for (size_t i = 0; i < items.count; i++)
        if (items.items[i].channel == channel)
            symbols[out->count++] = items.items[i].symbol;
    return ERR_OK;
}

/* One change per channel. */
static enum err add_changes(struct wire *wire, struct item_span items, bool leave)
{
    const struct venue_channel *channel;
    size_t at = 0;
    enum err err = ERR_OK;
    while (!err && (channel = item_span_channel(items, &at))) {
        struct wire_change change;
        err = grow_changes(wire);
        err = err ? err : change_of(&change, items, channel, leave);
        if (!err)
            wire->changes[wire->change_count++] = change;
    }
    return err;
}

static struct venue_change venue_change_of(const struct wire *wire,
                                           const struct wire_change *change)
{
    return (struct venue_change){
        .leave = change->leave,
        .channel = change->channel->name,
        .symbols = change->symbols,
        .count = change->count,
        .first_id = wire->next_id - wire->change_index,
    };
}

/* Whether the venue has a message for leaving these. */
static bool can_leave(struct wire *wire, struct wire_world *world, struct item_span leave)
{
    const struct venue_channel *channel;
    size_t at = 0;
    enum err err = ERR_OK;
    while (!err && (channel = item_span_channel(leave, &at))) {
        struct wire_change change;
        err = change_of(&change, leave, channel, true);
        if (err)
            break;
        struct venue_change ask = venue_change_of(wire, &change);
        err = wire->venue->recording->subscribe(&ask, 0, &world->text);
        free(change.symbols);
    }
    return err == ERR_OK;
}

static bool has_room(const struct wire *wire, struct item_span add, size_t leave_count)
{
    return wire->carried - leave_count + add.count <= wire->venue->recording->symbols_max &&
           wire->change_count - wire->change_at + 2 * PLAN_STREAMS_MAX <= WIRE_CHANGES_MAX;
}

bool wire_change(struct wire *wire, struct wire_world *world, struct item_span add,
                 struct item_span leave, struct stamp now)
{
    bool leaving = can_leave(wire, world, leave);
    size_t leave_count = leaving ? leave.count : 0;
    bool adding = has_room(wire, add, leave_count);
    struct item_span told = adding ? add : (struct item_span){0};
    bool noted = told.count + leave.count == 0 ||
                 note_event(wire, world, now, connection_record_change(&world->text, told, leave));
    enum err err = leaving && adding ? add_changes(wire, leave, true) : ERR_OK;
    if (!err && adding)
        err = add_changes(wire, add, false);
    if (!adding || err) {
        wire->lacks = true;
        return false;
    }
    wire->carried += add.count - leave_count;
    wire->settled = wire->settled && add.count == 0;
    wire->changed_ns = now.mono_ns;
    return leaving && noted;
}

bool wire_has_asked(const struct wire *wire)
{
    return wire->change_at == wire->change_count && !(wire->out_full && wire->out_is_change);
}

/* ---- what comes ----------------------------------------------------------------------------- */

void wire_opened(struct wire *wire, struct wire_world *world, const struct connection_open *open,
                 struct stamp now)
{
    wire->state = WIRE_OPEN;
    wire->opened_ns = wire->heard_ns = wire->kept_alive_ns = wire->changed_ns = now.mono_ns;
    wire->was_open = true;
    wire->greeted = !wire->venue->recording->greets;
    note_event(wire, world, now, connection_record_open(&world->text, open));
    wire->carried = open->wanted.count;
    enum err err = add_changes(wire, open->wanted, false);
    if (err)
        wire_close(wire, world, CLOSE_POLITE, err_text(err), false);
}

bool wire_message(struct wire *wire, struct wire_world *world, struct stamp now, const void *data,
                  size_t size, bool binary)
{
    const struct venue_recording *recording = wire->venue->recording;
    struct feed_source source = source_of(wire);
    wire->heard_ns = now.mono_ns;
    capture_feed_push(&world->feed, &source, RECORD_RECEIVED, binary ? RECORD_BINARY : 0, now, data,
                      size);
    if (!recording->respond || wire->state != WIRE_OPEN)
        return false;
    if (recording->respond(data, size, &world->text) != ERR_OK)
        return false;
    buf_clear(&wire->answer);
    wire->answer_due = buf_append(&wire->answer, world->text.data, world->text.size) == ERR_OK;
    return wire->answer_due;
}

void wire_too_large(struct wire *wire, struct wire_world *world, struct stamp now)
{
    struct feed_source source = source_of(wire);
    wire->heard_ns = now.mono_ns;
    capture_feed_lost(&world->feed, &source, DROP_TOO_LARGE, now);
}

/* ---- sending -------------------------------------------------------------------------------- */

static int64_t keepalive_due_ns(const struct wire *wire)
{
    return wire->keepalive_ns > 0 && wire->venue->recording->keepalive
               ? wire->kept_alive_ns + wire->keepalive_ns
               : INT64_MAX;
}

static int64_t change_due_ns(const struct wire *wire)
{
    if (wire->change_at == wire->change_count)
        return INT64_MAX;
    return wire->greeted ? INT64_MIN : wire->opened_ns + WIRE_GREET_NS;
}

static enum err next_change(struct wire *wire)
{
    while (wire->change_at < wire->change_count) {
        struct venue_change change = venue_change_of(wire, &wire->changes[wire->change_at]);
        enum err err = wire->venue->recording->subscribe(&change, wire->change_index, &wire->out);
        if (err != ERR_END) {
            wire->change_index++;
            wire->next_id++;
            wire->out_is_change = true;
            return err;
        }
        wire->change_at++;
        wire->change_index = 0;
    }
    return ERR_END;
}

static enum err next_answer(struct wire *wire)
{
    wire->answer_due = false;
    buf_clear(&wire->out);
    return buf_append(&wire->out, wire->answer.data, wire->answer.size);
}

static enum err next_keepalive(struct wire *wire, int64_t now_ns)
{
    wire->kept_alive_ns = now_ns;
    return wire->venue->recording->keepalive(wire->keepalive_number++, &wire->out);
}

/* The next message that is due, in wire->out; ERR_END when there is none. Tests without end must
 * not keep all else from going out. */
static enum err next_message(struct wire *wire, int64_t now_ns)
{
    bool keepalive = now_ns >= keepalive_due_ns(wire);
    bool change = now_ns >= change_due_ns(wire);
    wire->out_is_change = false;
    if (wire->answer_due && !(wire->answered_last && (keepalive || change))) {
        wire->answered_last = true;
        return next_answer(wire);
    }
    wire->answered_last = false;
    if (keepalive)
        return next_keepalive(wire, now_ns);
    return change ? next_change(wire) : ERR_END;
}

/* ERR_END: nothing more can be sent now. */
static enum err send_one(struct wire *wire, struct wire_world *world, struct stamp now)
{
    if (!wire->out_full) {
        enum err err = next_message(wire, now.mono_ns);
        if (err)
            return err;
        wire->out_full = true;
    }
    wire->blocked = false;
    enum err err = world->transport->send(world->transport->arg, wire->connection, wire->out.data,
                                          wire->out.size);
    if (err == ERR_LIMIT) {
        wire->blocked = true;
        return ERR_END;
    }
    if (err)
        return err;
    wire->out_full = false;
    wire->sent_ns = now.mono_ns;
    if (wire->out_is_change)
        wire->changed_ns = now.mono_ns;
    wire_note(wire, world, RECORD_SENT, now, wire->out.data, wire->out.size);
    return ERR_OK;
}

static int64_t next_send_ns(const struct wire *wire)
{
    if (wire->sent_ns == INT64_MIN || wire->venue->recording->send_gap_ns <= 0)
        return INT64_MIN;
    return wire->sent_ns + wire->venue->recording->send_gap_ns;
}

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When there will be a message that may go out. */
static int64_t send_due_ns(const struct wire *wire, int64_t now_ns)
{
    if (wire->blocked)
        return now_ns + RETRY_NS;
    int64_t due_ns = at_most(keepalive_due_ns(wire), change_due_ns(wire));
    if (wire->answer_due || wire->out_full)
        due_ns = INT64_MIN;
    return due_ns == INT64_MAX ? INT64_MAX : at_least(due_ns, next_send_ns(wire));
}

static void send_due(struct wire *wire, struct wire_world *world, struct stamp now)
{
    for (int i = 0; i < BURST_MAX && wire->state == WIRE_OPEN; i++) {
        if (now.mono_ns < next_send_ns(wire))
            return;
        enum err err = send_one(wire, world, now);
        if (err == ERR_END)
            return;
        if (err && wire->state == WIRE_OPEN) {
            char reason[WIRE_REASON_MAX];
            snprintf(reason, sizeof reason, "cannot send: %s", err_text(err));
            wire_close(wire, world, CLOSE_AT_ONCE, reason, false);
        }
    }
}

/* ---- what is due ---------------------------------------------------------------------------- */

static int64_t silence_due_ns(const struct wire *wire)
{
    int64_t silence_ns = wire->venue->recording->silence_ns;
    return silence_ns > 0 ? wire->heard_ns + silence_ns : INT64_MAX;
}

int64_t wire_work(struct wire *wire, struct wire_world *world, struct stamp now)
{
    /* Not at its end, which may come within a call that still uses them. */
    if (wire->state == WIRE_ENDED)
        release_parts(wire);
    if (wire->state != WIRE_OPEN)
        return INT64_MAX;
    if (now.mono_ns >= silence_due_ns(wire)) {
        char text[TIME_TEXT_MAX], reason[WIRE_REASON_MAX];
        duration_format(text, wire->venue->recording->silence_ns);
        snprintf(reason, sizeof reason, "nothing came for %s", text);
        wire_close(wire, world, CLOSE_AT_ONCE, reason, false);
        return INT64_MAX;
    }
    send_due(wire, world, now);
    if (wire->state != WIRE_OPEN)
        return INT64_MAX;
    return at_most(silence_due_ns(wire), send_due_ns(wire, now.mono_ns));
}
