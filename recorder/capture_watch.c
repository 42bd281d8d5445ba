#include "recorder/capture_watch.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/engine_answer.h"
#include "recorder/watched_venue.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A subscription from which nothing came for this long gets a warning. */
#define QUIET_NS (30 * NS_PER_S)
/* All refused is believed when nothing else came for this long after the last refusal. */
#define REFUSED_NS (2 * NS_PER_S)
/* Lines about refusals per venue; reconnects would repeat them for ever. */
#define REFUSALS_SAID_MAX 64
/* How often all is looked through. */
#define LOOK_NS (250 * NS_PER_MS)

#define NAMES_SHOWN 5
/* What the watch finds and the records do not say costs so much of the score. */
#define OWN_POINTS 10

/* A few names for one line. */
struct names {
    size_t count, used;
    char text[NAMES_SHOWN * (CHANNEL_MAX + INSTRUMENT_MAX + 4) + 64];
};

struct capture_watch {
    const struct record_plan *plan;
    size_t count;
    struct watched_venue venues[PLAN_VENUES_MAX];
    struct repair_plan *repair;
    struct health *health;
    order_give_fn *give;
    void *give_arg;
    struct order order;
    bool began; /* a record of this session has been seen */
    struct stamp now;
    int64_t looked_ns, data_ns;
    enum err err;                  /* of what was done within a callback */
    struct names refused, overdue; /* since the last line about them */
    char refusal[RECORD_VENUE_MAX + VENUE_ERROR_MAX + 32];
};

/* ---- life ----------------------------------------------------------------------------------- */

static struct watched_venue *find_venue(struct capture_watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->venues[i].plan->venue->name, name) == 0)
            return &watch->venues[i];
    return NULL;
}

static void take_plan(struct capture_watch *watch, const struct record_plan *plan)
{
    watch->plan = plan;
    for (size_t i = 0; i < plan->venue_count; i++) {
        struct watched_venue *venue = find_venue(watch, plan->venues[i].venue->name);
        if (!venue && watch->count == PLAN_VENUES_MAX) {
            log_error("%s: more than %d venues, it is not watched", plan->venues[i].venue->name,
                      PLAN_VENUES_MAX);
            continue;
        }
        venue = venue ? venue : &watch->venues[watch->count++];
        venue->plan = &plan->venues[i];
        watched_venue_forget_lost(venue);
    }
}

enum err capture_watch_new(struct capture_watch **out, const struct capture_watch_options *options)
{
    struct capture_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return err_fail(ERR_NOMEM, "out of memory for watching");
    watch->give = options->give;
    watch->give_arg = options->give_arg;
    watch->looked_ns = INT64_MIN;
    enum err err = repair_plan_new(&watch->repair, options->plan, options->give, options->give_arg);
    err = err ? err : health_new(&watch->health);
    if (err) {
        capture_watch_free(watch);
        return err;
    }
    take_plan(watch, options->plan);
    *out = watch;
    return ERR_OK;
}

void capture_watch_free(struct capture_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++)
        watched_venue_release(&watch->venues[i]);
    repair_plan_free(watch->repair);
    health_free(watch->health);
    free(watch);
}

void capture_watch_plan(struct capture_watch *watch, const struct record_plan *plan)
{
    take_plan(watch, plan);
    repair_plan_plan(watch->repair, plan);
}

static void keep(struct capture_watch *watch, enum err err)
{
    if (err && !watch->err)
        watch->err = err;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* What the user calls it; the venue's spelling where the plan does not have it any more. */
static const char *instrument_of(const struct plan_venue *plan, const char *symbol)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->instruments[i].symbol, symbol) == 0)
            return plan->instruments[i].name;
    return symbol;
}

static void add_name(struct names *names, const struct watched_venue *venue, const char *channel,
                     const char *symbol)
{
    if (names->count++ >= NAMES_SHOWN)
        return;
    int size = snprintf(names->text + names->used, sizeof names->text - names->used, "%s%s %s",
                        names->used ? ", " : "", channel, instrument_of(venue->plan, symbol));
    names->used += size > 0 ? (size_t)size : 0;
}

/* The whole, in names->text. */
static const char *end_names(struct names *names)
{
    if (names->count > NAMES_SHOWN)
        snprintf(names->text + names->used, sizeof names->text - names->used, " and %zu more",
                 names->count - NAMES_SHOWN);
    return names->text;
}

/* ---- orders --------------------------------------------------------------------------------- */

static bool give(struct capture_watch *watch, enum order_kind kind, uint32_t connection,
                 const char *text)
{
    watch->order.kind = kind;
    watch->order.venue = NULL;
    watch->order.connection = connection;
    snprintf(watch->order.text, sizeof watch->order.text, "%s", text);
    return watch->give(&watch->order, watch->give_arg) == ERR_OK;
}

/* Those that were not taken stay due. */
static void give_due(struct capture_watch *watch, struct watched_connection *connection)
{
    uint32_t number = connection->number;
    if (connection->give_greeted && give(watch, ORDER_GREETED, number, ""))
        connection->give_greeted = false;
    if (connection->give_settled && give(watch, ORDER_SETTLED, number, ""))
        connection->give_settled = false;
    if (connection->give_renew && give(watch, ORDER_RENEW, number, connection->renew_why))
        connection->give_renew = false;
}

/* ---- coverage ------------------------------------------------------------------------------- */

static void carry(struct capture_watch *watch, struct watched_venue *venue,
                  struct coverage *coverage)
{
    if (coverage->since_ns == 0)
        coverage->since_ns = watch->now.mono_ns;
    if (coverage->carriers++ == 0)
        keep(watch, repair_plan_covered(watch->repair, venue->plan->venue, coverage->channel,
                                        coverage->symbol, watch->now));
}

/* `hole`: what comes meanwhile is missed. */
static void drop(struct capture_watch *watch, struct watched_venue *venue,
                 struct coverage *coverage, bool hole)
{
    if (--coverage->carriers == 0 && hole)
        keep(watch, repair_plan_uncovered(watch->repair, venue->plan->venue, coverage->channel,
                                          coverage->symbol, watch->now));
}

static void on_changed(const struct watched_sub *sub, enum watched_state before, const char *text,
                       void *arg)
{
    struct watched_connection *connection = arg;
    struct capture_watch *watch = connection->watch;
    struct watched_venue *venue = connection->venue;
    struct coverage *coverage = venue->coverages[sub->number];
    (void)text;
    if (before == SUB_CONFIRMED)
        drop(watch, venue, coverage, true);
    if (sub->state == SUB_CONFIRMED) {
        watched_connection_carries(connection, coverage->stream, watch->now.mono_ns);
        venue->accepted = true;
        carry(watch, venue, coverage);
    } else if (sub->state == SUB_REFUSED) {
        venue->refused++;
        if (!coverage->refused)
            add_name(&watch->refused, venue, sub->channel, sub->symbol);
        coverage->refused = true;
    } else if (sub->state == SUB_OVERDUE) {
        watched_connection_carries(connection, coverage->stream, watch->now.mono_ns);
        add_name(&watch->overdue, venue, sub->channel, sub->symbol);
    }
}

/* A connection whose beginning was lost wants nothing that is known, which would be there at once.
 */
static void check_settled(struct watched_connection *connection)
{
    bool settled =
        connection->open && connection->began && connection_watch_settled(&connection->subs);
    if (settled && !connection->settled)
        connection->give_settled = true;
    connection->settled = settled;
}

/* ---- events of connections ------------------------------------------------------------------ */

/* The symbols of one channel in {"trade":["BTCUSDT"]}. */
struct wanted {
    size_t count;
    uint32_t *numbers;
    const char **symbols;
};

static enum err read_symbols(struct watched_venue *venue, const char *channel, const json_t *array,
                             struct wanted *out)
{
    size_t size = json_array_size(array);
    *out = (struct wanted){.numbers = calloc(size + 1, sizeof *out->numbers),
                           .symbols = calloc(size + 1, sizeof *out->symbols)};
    if (!out->numbers || !out->symbols)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    for (size_t i = 0; i < size; i++) {
        const char *symbol = json_string_value(json_array_get(array, i));
        uint32_t number;
        enum err err = symbol ? watched_venue_add(venue, channel, symbol, &number) : ERR_UNKNOWN;
        if (err == ERR_NOMEM)
            return err;
        if (err)
            continue;
        out->numbers[out->count] = number;
        out->symbols[out->count++] = venue->coverages[number]->symbol;
    }
    return ERR_OK;
}

static void release_wanted(struct wanted *wanted)
{
    free(wanted->numbers);
    free(wanted->symbols);
}

static enum err want(struct watched_connection *connection, const struct watched_list *list)
{
    struct connection_watch *subs = &connection->subs;
    struct coverage **coverages = connection->venue->coverages;
    for (size_t i = 0; i < list->count; i++)
        coverages[list->numbers[i]]->wanted += !connection_watch_find(subs, list->numbers[i]);
    enum err err = connection_watch_want(subs, list);
    for (size_t i = 0; i < list->count; i++)
        coverages[list->numbers[i]]->wanted -= !connection_watch_find(subs, list->numbers[i]);
    return err;
}

/* Whoever leaves a subscription does not want it: that makes no hole. */
static enum err leave(struct watched_connection *connection, const struct watched_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct watched_sub *sub = connection_watch_find(&connection->subs, list->numbers[i]);
        struct coverage *coverage = connection->venue->coverages[list->numbers[i]];
        if (!sub)
            continue;
        coverage->wanted--;
        if (sub->state == SUB_CONFIRMED)
            drop(connection->watch, connection->venue, coverage, coverage->wanted > 0);
    }
    return connection_watch_leave(&connection->subs, list);
}

typedef enum err list_fn(struct watched_connection *connection, const struct watched_list *list);

static enum err each_channel(struct watched_connection *connection, json_t *object, list_fn *each)
{
    const char *channel;
    json_t *array;
    enum err err = ERR_OK;
    json_object_foreach(object, channel, array)
    {
        struct wanted wanted;
        size_t stream = watched_venue_stream(connection->venue, channel);
        if (stream == WATCH_STREAMS_MAX)
            continue;
        err = read_symbols(connection->venue, channel, array, &wanted);
        struct watched_list list = {connection->venue->streams[stream], wanted.count,
                                    wanted.symbols, wanted.numbers};
        if (!err && wanted.count > 0)
            err = each(connection, &list);
        release_wanted(&wanted);
        if (err)
            return err;
    }
    return err;
}

static uint32_t number_of(const json_t *event, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(event, name));
    return value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static void on_close(struct capture_watch *watch, struct watched_venue *venue,
                     struct watched_connection *connection, bool planned);

static enum err connect(struct capture_watch *watch, struct watched_venue *venue,
                        const struct record *record, uint32_t link, struct watched_connection **out)
{
    enum err err = watched_venue_connect(venue, record->connection, link, out);
    if (err)
        return err;
    struct watched_connection *connection = *out;
    connection->watch = watch;
    connection->open = true;
    connection->opened_wall_ns = record->wall_ns;
    connection_watch_init(&connection->subs, venue->plan->venue, record->mono_ns, on_changed,
                          connection);
    return ERR_OK;
}

/* Beside the one that it is to replace, a link has no other connection when it opens one: the ends
 * of those were lost in a full queue. */
static void end_others(struct capture_watch *watch, struct watched_venue *venue, uint32_t link,
                       uint32_t replaced)
{
    for (size_t i = venue->count; link > 0 && i-- > 0;) {
        struct watched_connection *other = venue->connections[i];
        if (other->open && other->number != replaced && other->link && other->link->number == link)
            on_close(watch, venue, other, false);
    }
}

static enum err on_open(struct capture_watch *watch, struct watched_venue *venue,
                        const struct record *record, const json_t *event)
{
    struct watched_connection *connection;
    uint32_t link = number_of(event, "link"), replaced = number_of(event, "replaces");
    end_others(watch, venue, link, replaced);
    enum err err = connect(watch, venue, record, link, &connection);
    if (err)
        return err;
    connection->began = true;
    struct watched_connection *old = watched_venue_connection(venue, replaced);
    if (old && !old->link)
        old->link = connection->link;
    err = each_channel(connection, json_object_get(event, "wanted"), want);
    check_settled(connection);
    give_due(watch, connection);
    return err;
}

static enum err on_change(struct capture_watch *watch, struct watched_connection *connection,
                          const json_t *event)
{
    enum err err = each_channel(connection, json_object_get(event, "leave"), leave);
    if (!err && connection_watch_settled(&connection->subs))
        connection->settled = true;
    json_t *add = json_object_get(event, "add");
    if (!err && json_object_size(add) > 0) {
        connection->settled = false;
        err = each_channel(connection, add, want);
    }
    check_settled(connection);
    give_due(watch, connection);
    return err;
}

/* A planned end without anybody else who wants it: it is not wanted any more. */
static void on_close(struct capture_watch *watch, struct watched_venue *venue,
                     struct watched_connection *connection, bool planned)
{
    struct connection_watch *subs = &connection->subs;
    connection->open = connection->settled = false;
    for (size_t i = 0; i < subs->count; i++) {
        struct coverage *coverage = venue->coverages[subs->subs[i].number];
        coverage->wanted--;
        if (subs->subs[i].state == SUB_CONFIRMED)
            drop(watch, venue, coverage, !planned || coverage->wanted > 0);
    }
    venue->reconnects += !planned;
    if (planned || !connection->link) { /* it has no successor that would make room */
        watched_venue_forget(venue, connection);
        return;
    }
    connection->give_greeted = connection->give_settled = connection->give_renew = false;
}

static enum err see_event(struct capture_watch *watch, struct watched_venue *venue,
                          const struct record *record)
{
    json_t *event =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(event, "event"));
    struct watched_connection *connection = watched_venue_connection(venue, record->connection);
    bool open = connection && connection->open;
    enum err err = ERR_OK;
    if (kind && strcmp(kind, "open") == 0)
        err = on_open(watch, venue, record, event);
    else if (kind && open && strcmp(kind, "change") == 0)
        err = on_change(watch, connection, event);
    else if (kind && open && strcmp(kind, "close") == 0)
        on_close(watch, venue, connection, json_is_true(json_object_get(event, "planned")));
    else if (kind && strcmp(kind, "error") == 0)
        err = watched_venue_fail(venue, record->connection);
    json_decref(event);
    return err;
}

/* ---- frames --------------------------------------------------------------------------------- */

static void say_refusal(struct capture_watch *watch, struct watched_venue *venue,
                        const struct venue_frame *frame)
{
    const char *name = venue->plan->venue->name;
    bool repeated = strstr(watch->refusal, frame->error) != NULL;
    venue->refused_ns = watch->now.mono_ns;
    snprintf(watch->refusal, sizeof watch->refusal, "%s: subscription refused: %s", name,
             frame->error);
    bool named = watch->refused.count > 0;
    if ((named || !repeated) && venue->refusals_said++ < REFUSALS_SAID_MAX) {
        if (named)
            log_warn("%s: subscription refused: %s: %s", name, end_names(&watch->refused),
                     frame->error);
        else
            log_warn("%s", watch->refusal);
    }
}

static void see_ack(struct capture_watch *watch, struct watched_venue *venue,
                    struct watched_connection *connection, const struct venue_frame *frame)
{
    uint64_t refused = venue->refused;
    watch->refused = (struct names){0};
    bool known = connection && connection_watch_ack(&connection->subs, frame);
    if (frame->leave)
        return;
    if (!*frame->error) {
        venue->accepted = true;
        return;
    }
    /* What names no subscription may still be a refusal of one. */
    if (!known)
        venue->refused++;
    if (!known || venue->refused > refused)
        say_refusal(watch, venue, frame);
}

static void see_data_of(struct watched_venue *venue, struct watched_connection *connection,
                        const char *channel, const char *symbol)
{
    uint32_t number = watched_venue_find(venue, channel, symbol);
    if (number == NAME_MAP_NONE)
        return;
    venue->coverages[number]->heard = true;
    if (connection && connection->open)
        connection_watch_data(&connection->subs, number);
}

static enum err see_data(struct capture_watch *watch, struct watched_venue *venue,
                         struct watched_connection *connection, const struct venue_frame *frame)
{
    watch->data_ns = watch->now.mono_ns;
    venue->accepted = true;
    venue->last_data_wall_ns = watch->now.wall_ns;
    if (*frame->symbol)
        see_data_of(venue, connection, frame->channel, frame->symbol);
    for (size_t i = 0; !*frame->symbol && i < frame->trade_count; i++)
        if (i == 0 || strcmp(frame->trades[i].symbol, frame->trades[i - 1].symbol) != 0)
            see_data_of(venue, connection, frame->channel, frame->trades[i].symbol);
    size_t stream = connection ? watched_venue_stream(venue, frame->channel) : WATCH_STREAMS_MAX;
    if (stream < WATCH_STREAMS_MAX)
        watched_connection_data(connection, stream, watch->now);
    if (frame->kind != VENUE_TRADES)
        return ERR_OK;
    venue->trades += frame->trade_count;
    if (connection)
        connection->trades += frame->trade_count;
    return repair_plan_trades(watch->repair, venue->plan->venue, frame, watch->now);
}

/* Texts that differ in numbers only are of one kind. */
static uint64_t kind_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        if (!isdigit((unsigned char)*text))
            hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static void see_malformed(struct watched_venue *venue, struct watched_connection *connection,
                          const struct record *record, const struct venue_frame *frame)
{
    uint64_t kind = kind_of(frame->error);
    venue->malformed++;
    if (connection)
        connection->malformed++;
    for (size_t i = 0; i < venue->malformed_kinds; i++)
        if (venue->malformed_hashes[i] == kind)
            return;
    if (venue->malformed_kinds == WATCH_MALFORMED_KINDS)
        return;
    venue->malformed_hashes[venue->malformed_kinds++] = kind;
    log_warn("%s: malformed frame, the first of its kind: %s (record %" PRIu64 ")",
             venue->plan->venue->name, frame->error, record->seq);
}

static void see_status(const struct watched_venue *venue, struct watched_connection *connection)
{
    if (connection->greeted)
        return;
    connection->greeted = true;
    connection->give_greeted = venue->plan->venue->recording->greets;
}

static void see_reconnect(struct watched_connection *connection)
{
    if (connection->renewing || !connection->open)
        return;
    connection->renewing = connection->give_renew = true;
    snprintf(connection->renew_why, sizeof connection->renew_why, "the venue asks for it");
}

/* Its beginning was lost in a full queue: nobody knows what it carries, so another one is wanted.
 */
static enum err meet(struct capture_watch *watch, struct watched_venue *venue,
                     const struct record *record, struct watched_connection **out)
{
    *out = watched_venue_connection(venue, record->connection);
    if (*out || record->connection == 0)
        return ERR_OK;
    enum err err = connect(watch, venue, record, 0, out);
    if (err)
        return err;
    (*out)->renewing = (*out)->give_renew = true;
    snprintf((*out)->renew_why, sizeof(*out)->renew_why, "its beginning is not on the tape");
    return ERR_OK;
}

static enum err see_frame(struct capture_watch *watch, struct watched_venue *venue,
                          const struct record *record, const struct venue_frame *frame)
{
    struct watched_connection *connection;
    enum err err = meet(watch, venue, record, &connection);
    if (err)
        return err;
    venue->frames++;
    if (connection)
        watched_connection_frame(connection, watch->now);
    if (!frame)
        return ERR_OK;
    if (frame->kind == VENUE_TRADES || frame->kind == VENUE_DATA)
        err = see_data(watch, venue, connection, frame);
    else if (frame->kind == VENUE_ACK)
        see_ack(watch, venue, connection, frame);
    else if (frame->kind == VENUE_MALFORMED)
        see_malformed(venue, connection, record, frame);
    else if (frame->kind == VENUE_STATUS && connection)
        see_status(venue, connection);
    if (!connection)
        return err;
    if (frame->reconnect)
        see_reconnect(connection);
    if (!connection->settled)
        check_settled(connection);
    give_due(watch, connection);
    return err;
}

/* ---- other records -------------------------------------------------------------------------- */

/* Path and query of a URL. */
static const char *target_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *target = strchr(host ? host + 3 : url, '/');
    return target ? target : "";
}

/* Answers of a handshake belong to a connection. */
static enum err see_answer(struct capture_watch *watch, const struct watched_venue *venue,
                           const struct record *record, const struct venue_frame *frame)
{
    struct engine_answer answer;
    enum err err = ERR_OK;
    if (record->connection > 0)
        return ERR_OK;
    if (engine_answer_read(&answer, record) &&
        !(venue->plan->venue->rest && venue->plan->venue->rest->is_list(answer.url)))
        err = repair_plan_answer(watch->repair, venue->plan->venue, target_of(answer.url),
                                 (int)answer.status, frame, watch->now);
    engine_answer_release(&answer);
    return err;
}

/* Messages of the venue did not come through the capture queue. Contiguous ids show by themselves
 * what was in them. */
static void see_gap(struct capture_watch *watch, struct watched_venue *venue,
                    const struct record *record)
{
    struct watched_connection *connection = watched_venue_connection(venue, record->connection);
    const struct venue *own = venue->plan->venue;
    if (!connection || own->ids == IDS_CONTIGUOUS)
        return;
    json_t *gap = json_loadb((const char *)record->data, record->size, 0, NULL);
    bool frames = json_integer_value(json_object_get(gap, "frames")) > 0;
    json_decref(gap);
    for (size_t i = 0; frames && i < connection->subs.count; i++) {
        const struct watched_sub *sub = &connection->subs.subs[i];
        if (sub->state != SUB_CONFIRMED)
            continue;
        keep(watch,
             repair_plan_uncovered(watch->repair, own, sub->channel, sub->symbol, watch->now));
        keep(watch, repair_plan_covered(watch->repair, own, sub->channel, sub->symbol, watch->now));
    }
}

/* ---- seeing --------------------------------------------------------------------------------- */

/* What an older session captured has been uncovered since its end. */
static void begin(struct capture_watch *watch)
{
    watch->began = true;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched_venue *venue = &watch->venues[i];
        struct stamp end = {venue->recalled_wall_ns, watch->now.mono_ns};
        for (size_t k = 0; k < venue->names.count; k++)
            if (venue->coverages[k]->recalled)
                keep(watch, repair_plan_uncovered(watch->repair, venue->plan->venue,
                                                  venue->coverages[k]->channel,
                                                  venue->coverages[k]->symbol, end));
    }
}

enum err capture_watch_see(struct capture_watch *watch, const struct record *record,
                           const struct venue_frame *frame)
{
    struct watched_venue *venue = find_venue(watch, record->venue);
    enum err err = ERR_OK;
    watch->now = (struct stamp){record->wall_ns, record->mono_ns};
    if (!watch->began)
        begin(watch);
    keep(watch, health_see(watch->health, record, venue ? venue->plan->venue : NULL, frame,
                           record->mono_ns));
    if (!venue)
        return watch->err;
    if (record->type == RECORD_RECEIVED) {
        err = see_frame(watch, venue, record, frame);
    } else if (record->type == RECORD_CONNECTION) {
        err = see_event(watch, venue, record);
    } else if (record->type == RECORD_HTTP) {
        err = see_answer(watch, venue, record, frame);
    } else if (record->type == RECORD_GAP) {
        see_gap(watch, venue, record);
    } else if (record->type == RECORD_SENT) {
        struct watched_connection *connection = watched_venue_connection(venue, record->connection);
        if (connection)
            connection_watch_sent(&connection->subs, record->data, record->size, record->mono_ns);
    }
    keep(watch, err);
    return watch->err;
}

static enum err recall_wanted(struct watched_venue *venue, json_t *object, bool wanted)
{
    const char *channel;
    json_t *array;
    json_object_foreach(object, channel, array)
    {
        for (size_t i = 0; i < json_array_size(array); i++) {
            const char *symbol = json_string_value(json_array_get(array, i));
            uint32_t number;
            enum err err =
                symbol ? watched_venue_add(venue, channel, symbol, &number) : ERR_UNKNOWN;
            if (err == ERR_NOMEM)
                return err;
            if (!err)
                venue->coverages[number]->recalled = wanted;
        }
    }
    return ERR_OK;
}

enum err capture_watch_recall(struct capture_watch *watch, const struct record *record,
                              const struct venue_frame *frame)
{
    struct watched_venue *venue = find_venue(watch, record->venue);
    enum err err = ERR_OK;
    if (!venue)
        return ERR_OK;
    if (record->wall_ns > venue->recalled_wall_ns)
        venue->recalled_wall_ns = record->wall_ns;
    if (record->type == RECORD_CONNECTION) {
        json_t *event = json_loadb((const char *)record->data, record->size, 0, NULL);
        err = recall_wanted(venue, json_object_get(event, "wanted"), true);
        err = err ? err : recall_wanted(venue, json_object_get(event, "add"), true);
        err = err ? err : recall_wanted(venue, json_object_get(event, "leave"), false);
        json_decref(event);
    } else if (frame && frame->kind == VENUE_TRADES) {
        err = repair_plan_recall(watch->repair, venue->plan->venue, frame);
    }
    return err;
}

/* ---- work ----------------------------------------------------------------------------------- */

static void work_connection(struct capture_watch *watch, struct watched_venue *venue,
                            struct watched_connection *connection)
{
    if (!connection->open)
        return;
    watch->overdue = (struct names){0};
    connection_watch_work(&connection->subs, watch->now.mono_ns);
    if (watch->overdue.count > 0)
        log_warn("%s: not acknowledged within %d s: %s", venue->plan->venue->name,
                 (int)(WATCH_ACK_NS / NS_PER_S), end_names(&watch->overdue));
    if (!connection->settled)
        check_settled(connection);
    if (watched_connection_renew(connection, venue->streams, watch->now.mono_ns)) {
        connection->give_renew = true;
        log_warn("%s: connection %" PRIu32 ": %s", venue->plan->venue->name, connection->number,
                 connection->renew_why);
    }
    give_due(watch, connection);
}

static void warn_quiet(struct capture_watch *watch, struct watched_venue *venue)
{
    struct names names = {0};
    for (size_t i = 0; i < venue->names.count; i++) {
        struct coverage *coverage = venue->coverages[i];
        if (coverage->heard || coverage->warned || coverage->since_ns == 0 ||
            watch->now.mono_ns - coverage->since_ns < QUIET_NS)
            continue;
        coverage->warned = true;
        if (coverage->wanted > 0)
            add_name(&names, venue, coverage->channel, coverage->symbol);
    }
    if (names.count > 0)
        log_warn("%s: nothing came for %s in %d s; a quiet market, or the venue does not know "
                 "the name",
                 venue->plan->venue->name, end_names(&names), (int)(QUIET_NS / NS_PER_S));
}

static void count_missing(struct capture_watch *watch, struct watched_venue *venue)
{
    struct repair_stats stats;
    repair_plan_stats(watch->repair, venue->plan->venue, &stats);
    int64_t found = (int64_t)(stats.missing - venue->missing);
    int64_t filled = (int64_t)(stats.filled - venue->filled);
    if (found != 0 || filled != 0)
        health_missing(watch->health, venue->plan->venue, found - filled);
    venue->missing = stats.missing;
    venue->filled = stats.filled;
}

void capture_watch_work(struct capture_watch *watch, struct stamp now)
{
    repair_plan_work(watch->repair, now);
    if (watch->looked_ns != INT64_MIN && now.mono_ns - watch->looked_ns < LOOK_NS)
        return;
    watch->looked_ns = now.mono_ns;
    watch->now = now;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched_venue *venue = &watch->venues[i];
        for (size_t k = 0; k < venue->count; k++)
            work_connection(watch, venue, venue->connections[k]);
        warn_quiet(watch, venue);
        count_missing(watch, venue);
    }
}

/* ---- asking --------------------------------------------------------------------------------- */

bool capture_watch_all_refused(const struct capture_watch *watch, int64_t mono_ns,
                               const char **text)
{
    for (size_t i = 0; i < watch->count; i++) {
        const struct watched_venue *venue = &watch->venues[i];
        if (venue->accepted || venue->refused_ns == 0 || mono_ns - venue->refused_ns < REFUSED_NS)
            return false;
    }
    if (text)
        *text = watch->refusal;
    return watch->count > 0;
}

int64_t capture_watch_data_ns(const struct capture_watch *watch)
{
    return watch->data_ns;
}

size_t capture_watch_venue_count(const struct capture_watch *watch)
{
    return watch->count;
}

struct telling {
    struct watch_venue *venue;
    struct watch_connection *connections;
};

static void take_report(const struct health_report *report, void *arg)
{
    const struct telling *telling = arg;
    struct watch_venue *venue = telling->venue;
    if (strcmp(report->venue, venue->venue->name) != 0)
        return;
    if (report->connection == 0)
        venue->report = *report;
    for (size_t i = 0; report->connection > 0 && i < venue->connection_count; i++) {
        struct watch_connection *connection = &telling->connections[i];
        if (connection->connection != report->connection)
            continue;
        connection->has_report = true;
        connection->report = *report;
    }
}

/* The worse state counts. What nobody but the watch knows costs points of its own. */
static void combine(struct watch_venue *out)
{
    bool seen = out->report.venue != NULL;
    out->score = seen ? out->report.score : 100;
    if (seen && out->report.state > out->health) {
        out->health = out->report.state;
        snprintf(out->why, sizeof out->why, "%s", out->report.why);
    } else if (!seen || out->report.state < out->health) {
        out->score = out->score > OWN_POINTS ? out->score - OWN_POINTS : 1;
    }
    if (out->health == HEALTH_DOWN)
        out->score = 0;
}

void capture_watch_venue(struct capture_watch *watch, size_t index, struct stamp now,
                         struct watch_venue *out)
{
    struct watched_venue *venue = &watch->venues[index];
    struct repair_stats repair;
    repair_plan_stats(watch->repair, venue->plan->venue, &repair);
    count_missing(watch, venue);
    watched_venue_tell(venue, &repair, now.mono_ns, out);
    struct telling telling = {out, venue->told};
    health_each(watch->health, now.mono_ns, take_report, &telling);
    combine(out);
}
