#include "engine/health/health.h"

#include "engine/candle/clock_offset.h"
#include "engine/health/health_flow.h"
#include "engine/health/health_score.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S    INT64_C(1000000000)
#define NS_PER_MIN  (60 * NS_PER_S)
#define NS_PER_HOUR (60 * NS_PER_MIN)

#define VENUES_MAX      128 /* more than there are */
#define CACHE_SIZE      256 /* connections found without searching */
#define SILENCE_HOURS   6
#define SILENCE_MIN     100 /* frames of data before anything is said */
#define SILENCE_TIMES   3
#define SILENCE_SLACK   (30 * NS_PER_S)
#define SILENCE_GAP_MAX (INT64_C(366) * 24 * NS_PER_HOUR)
#define STEP_NS         (NS_PER_S / 10) /* of the wall clock against the monotonic one */
#define SOURCE_LEAD_MAX (24 * NS_PER_HOUR)
#define ENDED_NS        (HEALTH_MINUTES * NS_PER_MIN) /* a lost connection is told for so long */

struct health_venue {
    const struct venue *venue;
    bool seen; /* in this session */
    size_t open;
    int64_t found;       /* trades missing (or repaired) that are not counted yet */
    int64_t unrepaired;  /* trades found missing that no repair and no gap record spoke of */
    struct latency gone; /* the running minute's, of connections that are not kept */
    struct health_flow flow;
    struct latency_figures latency; /* of the last full minute */
};

struct health_connection {
    struct health_venue *venue;
    uint32_t number, link; /* link 0: none is known */
    bool open;
    int64_t opened_ns, ended_ns;
    uint64_t refused;
    struct health_flow flow;
    uint64_t data_frames;
    int64_t gaps[SILENCE_HOURS]; /* the longest between two of them, by hour */
    struct latency minute;       /* the running one's */
    struct latency_figures latency;
    struct clock_offset offset;
};

struct health {
    bool started;
    int64_t clock_ns, minute, hour; /* minute, hour: numbers of the running ones */
    int64_t minute_end_ns;
    size_t slot, hour_slot;
    int64_t wall_ns; /* of the record that was seen last */
    uint64_t seq;
    bool in_session;
    uint64_t skew_ns; /* wall clock less monotonic clock, modulo 2^64 */
    int64_t stepped;  /* minute in which the wall clock was stepped last */
    enum err failed;  /* the first error; nothing is right after it */

    struct health_venue *last; /* of the last record that had one */
    size_t venue_count;
    struct health_venue *venues[VENUES_MAX]; /* owned */
    size_t count, capacity, ended;
    struct health_connection **connections; /* owned; by venue, then number */
    struct health_connection *cache[CACHE_SIZE];
    struct latency_pool pool;
};

/* ---- life ------------------------------------------------------------------------------------ */

enum err health_new(struct health **out)
{
    struct health *health = calloc(1, sizeof *health);
    *out = health;
    if (health == NULL)
        return err_fail(ERR_NOMEM, "out of memory for health");
    health->stepped = HEALTH_NEVER;
    latency_pool_init(&health->pool);
    return ERR_OK;
}

void health_free(struct health *health)
{
    if (health == NULL)
        return;
    for (size_t i = 0; i < health->count; i++)
        free(health->connections[i]);
    for (size_t i = 0; i < health->venue_count; i++)
        free(health->venues[i]);
    free(health->connections);
    latency_pool_release(&health->pool);
    free(health);
}

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t number_of(int64_t time_ns, int64_t unit_ns)
{
    return time_ns / unit_ns - (time_ns % unit_ns < 0);
}

/* HEALTH_NEVER is for ever ago. */
static int64_t since(const struct health *health, int64_t time_ns)
{
    int64_t passed_ns;
    bool over = __builtin_sub_overflow(health->clock_ns, time_ns, &passed_ns);
    return time_ns == HEALTH_NEVER || over ? INT64_MAX : passed_ns;
}

static bool within_minute(const struct health *health, int64_t time_ns)
{
    return since(health, time_ns) < NS_PER_MIN;
}

static int64_t age(const struct health *health, int64_t time_ns)
{
    return time_ns == HEALTH_NEVER ? -1 : since(health, time_ns);
}

/* ---- connections ----------------------------------------------------------------------------- */

/* Place of the first one that is not before (venue, number). Venues are ordered by their place in
 * memory, which shows nowhere: reports go venue by venue. */
static size_t place_of(const struct health *health, const struct health_venue *venue,
                       uint32_t number)
{
    size_t low = 0, high = health->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct health_connection *at = health->connections[middle];
        bool before =
            at->venue != venue ? (uintptr_t)at->venue < (uintptr_t)venue : at->number < number;
        *(before ? &low : &high) = before ? middle + 1 : middle;
    }
    return low;
}

/* NULL: not known. */
static struct health_connection *find(struct health *health, const struct health_venue *venue,
                                      uint32_t number)
{
    struct health_connection **cached = &health->cache[number % CACHE_SIZE];
    if (*cached != NULL && (*cached)->number == number && (*cached)->venue == venue)
        return *cached;
    size_t at = place_of(health, venue, number);
    if (at == health->count || health->connections[at]->venue != venue ||
        health->connections[at]->number != number)
        return NULL;
    *cached = health->connections[at];
    return *cached;
}

static void keep_failure(struct health *health, enum err err)
{
    if (err != ERR_OK && health->failed == ERR_OK)
        health->failed = err;
}

static void forget(struct health *health, size_t at)
{
    struct health_connection *connection = health->connections[at];
    keep_failure(health,
                 latency_merge(&connection->venue->gone, &health->pool, &connection->minute));
    struct health_connection **cached = &health->cache[connection->number % CACHE_SIZE];
    if (*cached == connection)
        *cached = NULL;
    if (connection->open)
        connection->venue->open--;
    else
        health->ended--;
    latency_clear(&connection->minute, &health->pool);
    free(connection);
    health->count--;
    memmove(health->connections + at, health->connections + at + 1,
            (health->count - at) * sizeof(struct health_connection *));
}

static void forget_ended(struct health *health, int64_t age_ns)
{
    for (size_t i = health->count; health->ended > 0 && i-- > 0;)
        if (!health->connections[i]->open &&
            since(health, health->connections[i]->ended_ns) >= age_ns)
            forget(health, i);
}

static enum err reserve(struct health *health)
{
    if (health->count < health->capacity)
        return ERR_OK;
    size_t capacity = health->capacity > 0 ? 2 * health->capacity : 8;
    void *grown = realloc(health->connections, capacity * sizeof(struct health_connection *));
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for health");
    health->connections = grown;
    health->capacity = capacity;
    return ERR_OK;
}

/* *out NULL: there are too many. */
static enum err open_connection(struct health *health, struct health_venue *venue, uint32_t number,
                                struct health_connection **out)
{
    *out = NULL;
    if (health->count >= HEALTH_CONNECTIONS_MAX)
        forget_ended(health, 0);
    if (health->count >= HEALTH_CONNECTIONS_MAX)
        return ERR_OK;
    enum err err = reserve(health);
    struct health_connection *connection = err == ERR_OK ? calloc(1, sizeof *connection) : NULL;
    if (connection == NULL)
        return err != ERR_OK ? err : err_fail(ERR_NOMEM, "out of memory for health");
    *connection = (struct health_connection){
        .venue = venue, .number = number, .open = true, .opened_ns = health->clock_ns};
    health_flow_init(&connection->flow);
    size_t at = place_of(health, venue, number);
    memmove(health->connections + at + 1, health->connections + at,
            (health->count - at) * sizeof(struct health_connection *));
    health->connections[at] = connection;
    health->count++;
    venue->open++;
    *out = connection;
    return ERR_OK;
}

/* Unplanned. It stays to be told. */
static void lose(struct health *health, struct health_connection *connection)
{
    struct health_flow *flows[] = {&connection->flow, &connection->venue->flow};
    for (size_t i = 0; i < 2; i++) {
        health_flow_add(&flows[i]->minutes[health->slot].reconnects, 1);
        flows[i]->lost_ns = health->clock_ns;
    }
    connection->open = false;
    connection->ended_ns = health->clock_ns;
    connection->venue->open--;
    health->ended++;
}

static void end_session(struct health *health)
{
    for (size_t i = health->count; i-- > 0;)
        forget(health, i);
    for (size_t i = 0; i < health->venue_count; i++)
        health->venues[i]->seen = false;
    health->in_session = false;
}

/* ---- the clock moves on ---------------------------------------------------------------------- */

/* Figures of the minute that has ended; those of a venue are over all of its connections. */
static void close_latencies(struct health *health, struct health_venue *venue)
{
    struct latency all = venue->gone;
    size_t i = place_of(health, venue, 0);
    venue->gone = (struct latency){0};
    for (; i < health->count && health->connections[i]->venue == venue; i++) {
        struct health_connection *connection = health->connections[i];
        latency_figures(&connection->minute, &connection->latency);
        keep_failure(health, latency_merge(&all, &health->pool, &connection->minute));
        latency_clear(&connection->minute, &health->pool);
    }
    latency_figures(&all, &venue->latency);
    latency_clear(&all, &health->pool);
}

static void close_minute(struct health *health)
{
    for (size_t i = 0; i < health->venue_count; i++) {
        struct health_venue *venue = health->venues[i];
        close_latencies(health, venue);
        health_flow_minute(&venue->flow, health->slot, venue->open > 0);
    }
    for (size_t i = 0; i < health->count; i++)
        health_flow_minute(&health->connections[i]->flow, health->slot,
                           health->connections[i]->open);
    health->slot = (health->slot + 1) % HEALTH_MINUTES;
}

static void close_hour(struct health *health)
{
    health->hour_slot = (health->hour_slot + 1) % SILENCE_HOURS;
    for (size_t i = 0; i < health->count; i++)
        health->connections[i]->gaps[health->hour_slot] = 0;
}

/* After so many minutes nothing is left of what was before, and more change nothing. */
#define MINUTES_KEPT (HEALTH_WHOLE_MAX + 1)

static void set_time(struct health *health)
{
    health->minute = number_of(health->clock_ns, NS_PER_MIN);
    health->hour = number_of(health->clock_ns, NS_PER_HOUR);
    if (__builtin_mul_overflow(health->minute + 1, NS_PER_MIN, &health->minute_end_ns))
        health->minute_end_ns = INT64_MAX;
}

static void close_time(struct health *health)
{
    const int64_t minute = health->minute, hour = health->hour;
    set_time(health);
    for (int64_t i = minute; i < health->minute && i - minute < MINUTES_KEPT; i++)
        close_minute(health);
    for (int64_t i = hour; i < health->hour && i - hour < SILENCE_HOURS; i++)
        close_hour(health);
    forget_ended(health, ENDED_NS);
}

static void advance(struct health *health, int64_t clock_ns)
{
    if (!health->started) {
        health->started = true;
        health->clock_ns = clock_ns;
        set_time(health);
    }
    if (clock_ns > health->clock_ns)
        health->clock_ns = clock_ns;
    if (health->clock_ns >= health->minute_end_ns)
        close_time(health);
}

/* A step of the wall clock shows against the monotonic one. */
static void see_clocks(struct health *health, const struct record *record)
{
    uint64_t skew_ns = (uint64_t)record->wall_ns - (uint64_t)record->mono_ns;
    int64_t moved_ns = (int64_t)(skew_ns - health->skew_ns);
    if (health->in_session && (moved_ns > STEP_NS || moved_ns < -STEP_NS))
        health->stepped = health->minute;
    health->in_session = true;
    health->skew_ns = skew_ns;
    health->wall_ns = record->wall_ns;
    health->seq = record->seq;
}

/* ---- silence --------------------------------------------------------------------------------- */

/* 0: not known yet. */
static int64_t limit_of(const struct health_connection *connection)
{
    int64_t longest_ns = 0;
    if (connection->data_frames < SILENCE_MIN)
        return 0;
    for (size_t i = 0; i < SILENCE_HOURS; i++)
        longest_ns = connection->gaps[i] > longest_ns ? connection->gaps[i] : longest_ns;
    return SILENCE_TIMES * longest_ns + SILENCE_SLACK;
}

static void keep_gap(struct health_connection *connection, size_t hour_slot, int64_t gap_ns)
{
    int64_t limit_ns = limit_of(connection);
    if (limit_ns > 0 && gap_ns > limit_ns)
        gap_ns = limit_ns;
    gap_ns = gap_ns > SILENCE_GAP_MAX ? SILENCE_GAP_MAX : gap_ns;
    if (gap_ns > connection->gaps[hour_slot])
        connection->gaps[hour_slot] = gap_ns;
}

static int64_t silence_of(const struct health *health, const struct health_connection *connection)
{
    int64_t data_ns = connection->flow.data_ns;
    return since(health, data_ns == HEALTH_NEVER ? connection->opened_ns : data_ns);
}

static bool is_silent(const struct health *health, const struct health_connection *connection)
{
    int64_t limit_ns = limit_of(connection);
    return limit_ns > 0 && silence_of(health, connection) >= limit_ns;
}

/* ---- events of connections ------------------------------------------------------------------- */

static uint32_t number_in(const json_t *event, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(event, name));
    return value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

/* Figures and what is usual go on; ages begin anew. */
static void inherit(struct health_connection *connection, const struct health_connection *from)
{
    connection->flow = from->flow;
    connection->flow.frame_ns = connection->flow.data_ns = HEALTH_NEVER;
    connection->flow.began_open = connection->flow.was_whole = false;
    connection->data_frames = from->data_frames;
    memcpy(connection->gaps, from->gaps, sizeof connection->gaps);
}

/* All others of the link end now, but for the one that is to be replaced later. */
static void take_link(struct health *health, struct health_connection *connection,
                      uint32_t replaces)
{
    const struct health_connection *from = NULL;
    struct health_venue *venue = connection->venue;
    size_t first = place_of(health, venue, 0), end = place_of(health, venue, UINT32_MAX);
    for (size_t i = first; i <= end && i < health->count; i++) {
        struct health_connection *other = health->connections[i];
        if (other == connection || other->venue != venue)
            continue;
        bool replaced = other->number == replaces;
        bool same = connection->link > 0 && other->link == connection->link;
        if (same && !replaced && other->open)
            lose(health, other);
        if (replaced || (same && (from == NULL || from->number != replaces)))
            from = other;
    }
    if (from != NULL)
        inherit(connection, from);
    for (size_t i = health->count; connection->link > 0 && i-- > 0;) {
        const struct health_connection *other = health->connections[i];
        if (other->venue == venue && !other->open && other->link == connection->link)
            forget(health, i);
    }
}

static enum err on_open(struct health *health, struct health_venue *venue, uint32_t number,
                        const json_t *event)
{
    forget_ended(health, ENDED_NS);
    struct health_connection *connection = find(health, venue, number);
    if (connection != NULL)
        forget(health, place_of(health, venue, number));
    enum err err = open_connection(health, venue, number, &connection);
    if (err != ERR_OK || connection == NULL)
        return err;
    connection->link = number_in(event, "link");
    take_link(health, connection, number_in(event, "replaces"));
    return ERR_OK;
}

static void on_error(struct health *health, struct health_venue *venue,
                     struct health_connection *connection)
{
    if (connection != NULL && connection->open) {
        lose(health, connection);
        return;
    }
    health_flow_add(&venue->flow.minutes[health->slot].errors, 1);
    venue->flow.failed_ns = health->clock_ns;
}

static enum err see_event(struct health *health, struct health_venue *venue,
                          const struct record *record)
{
    json_t *event =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(event, "event"));
    const char *kind = text != NULL ? text : "";
    struct health_connection *connection = find(health, venue, record->connection);
    bool open = connection != NULL && connection->open;
    enum err err = ERR_OK;
    if (strcmp(kind, "open") == 0 && record->connection > 0)
        err = on_open(health, venue, record->connection, event);
    else if (strcmp(kind, "change") == 0 && open && json_object_get(event, "leave") != NULL)
        connection->refused = 0;
    else if (strcmp(kind, "close") == 0 && open && json_is_true(json_object_get(event, "planned")))
        forget(health, place_of(health, venue, record->connection));
    else if (strcmp(kind, "close") == 0 && open)
        lose(health, connection);
    else if (strcmp(kind, "error") == 0)
        on_error(health, venue, connection);
    json_decref(event);
    return err;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Trades that are old news say nothing about latency, and absurd times neither. */
static enum err see_latency(struct health *health, struct health_connection *connection,
                            const struct trade *trade, int64_t wall_ns)
{
    int64_t latency_ns;
    if (trade->source_ns <= 0 || __builtin_sub_overflow(wall_ns, trade->source_ns, &latency_ns) ||
        latency_ns < -SOURCE_LEAD_MAX)
        return ERR_OK;
    clock_offset_add(&connection->offset, latency_ns);
    enum err err = latency_add(&connection->minute, &health->pool, latency_ns);
    return err == ERR_LIMIT ? ERR_OK : err;
}

static enum err see_trades(struct health *health, struct health_venue *venue,
                           struct health_connection *connection, const struct venue_frame *frame,
                           int64_t wall_ns)
{
    uint64_t count = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < frame->trade_count && err == ERR_OK; i++) {
        if (frame->trades[i].flags & (TRADE_SNAPSHOT | TRADE_BACKFILL | TRADE_REPEAT))
            continue;
        count++;
        if (connection != NULL)
            err = see_latency(health, connection, &frame->trades[i], wall_ns);
    }
    venue->flow.minutes[health->slot].trades += count;
    if (connection != NULL)
        connection->flow.minutes[health->slot].trades += count;
    return err;
}

static void see_data(struct health *health, struct health_venue *venue,
                     struct health_connection *connection)
{
    venue->flow.data_ns = health->clock_ns;
    if (connection == NULL)
        return;
    int64_t gap_ns = silence_of(health, connection);
    if (gap_ns > connection->gaps[health->hour_slot] && connection->flow.data_ns != HEALTH_NEVER)
        keep_gap(connection, health->hour_slot, gap_ns);
    connection->data_frames++;
    connection->flow.data_ns = health->clock_ns;
}

static void see_malformed(const struct health *health, struct health_flow *flow)
{
    flow->minutes[health->slot].malformed++;
    flow->fault_ns = health->clock_ns;
}

static enum err see_kind(struct health *health, struct health_venue *venue,
                         struct health_connection *connection, const struct venue_frame *frame,
                         int64_t wall_ns)
{
    switch (frame->kind) {
    case VENUE_TRADES:
        see_data(health, venue, connection);
        return see_trades(health, venue, connection, frame, wall_ns);
    case VENUE_DATA:
        see_data(health, venue, connection);
        break;
    case VENUE_ACK:
        if (connection != NULL && frame->error[0] != '\0' && !frame->leave)
            connection->refused++;
        break;
    case VENUE_MALFORMED:
        see_malformed(health, &venue->flow);
        if (connection != NULL)
            see_malformed(health, &connection->flow);
        break;
    case VENUE_HEARTBEAT:
    case VENUE_STATUS:
    case VENUE_OTHER:
        break;
    }
    return ERR_OK;
}

static void count_frame(const struct health *health, struct health_flow *flow)
{
    flow->minutes[health->slot].frames++;
    flow->frame_ns = health->clock_ns;
}

/* A connection whose opening is not on the tape is met with its first frame. */
static enum err see_frame(struct health *health, struct health_venue *venue,
                          const struct record *record, const struct venue_frame *frame)
{
    struct health_connection *connection = find(health, venue, record->connection);
    if (connection != NULL && !connection->open) {
        forget_ended(health, ENDED_NS);
        connection = find(health, venue, record->connection);
    }
    if (connection == NULL && record->connection > 0) {
        enum err err = open_connection(health, venue, record->connection, &connection);
        if (err != ERR_OK)
            return err;
    }
    count_frame(health, &venue->flow);
    if (connection != NULL)
        count_frame(health, &connection->flow);
    return frame != NULL ? see_kind(health, venue, connection, frame, record->wall_ns) : ERR_OK;
}

/* ---- gaps ------------------------------------------------------------------------------------ */

static void count_missing(const struct health *health, struct health_venue *venue, int64_t count)
{
    int64_t *missing = &venue->flow.minutes[health->slot].missing;
    int64_t sum = *missing + count;
    *missing = sum > HEALTH_COUNT_MAX    ? HEALTH_COUNT_MAX
               : sum < -HEALTH_COUNT_MAX ? -HEALTH_COUNT_MAX
                                         : sum;
}

static void take_found(const struct health *health, struct health_venue *venue)
{
    int64_t unrepaired = venue->unrepaired + venue->found;
    if (venue->found == 0)
        return;
    count_missing(health, venue, venue->found);
    venue->unrepaired = unrepaired < 0                  ? 0
                        : unrepaired > HEALTH_COUNT_MAX ? HEALTH_COUNT_MAX
                                                        : unrepaired;
    venue->found = 0;
}

static void see_dropped(const struct health *health, struct health_flow *flow, uint64_t count)
{
    if (count == 0)
        return;
    health_flow_add(&flow->minutes[health->slot].dropped, count);
    flow->fault_ns = health->clock_ns;
}

static int64_t count_in(const json_t *gap, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(gap, name));
    return value < 0 ? 0 : value > HEALTH_COUNT_MAX ? HEALTH_COUNT_MAX : value;
}

/* Trades that nobody could fetch count where they have not been found missing already. */
static void see_gap(struct health *health, struct health_venue *venue, const struct record *record)
{
    json_t *gap =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    struct health_connection *connection = find(health, venue, record->connection);
    int64_t missing = count_in(gap, "missing");
    int64_t known = missing < venue->unrepaired ? missing : venue->unrepaired;
    bool frames = json_object_get(gap, "frames") != NULL;
    uint64_t dropped = (uint64_t)count_in(gap, frames ? "frames" : "count");
    json_decref(gap);
    venue->unrepaired -= known;
    count_missing(health, venue, missing - known);
    see_dropped(health, &venue->flow, dropped);
    if (connection != NULL)
        see_dropped(health, &connection->flow, dropped);
}

/* ---- records --------------------------------------------------------------------------------- */

/* NULL: there are too many. */
static enum err find_venue(struct health *health, const struct venue *venue,
                           struct health_venue **out)
{
    size_t i = 0;
    *out = NULL;
    if (health->last != NULL && health->last->venue == venue) {
        *out = health->last;
        return ERR_OK;
    }
    while (i < health->venue_count && health->venues[i]->venue != venue)
        i++;
    if (i == health->venue_count && i < VENUES_MAX) {
        health->venues[i] = calloc(1, sizeof *health->venues[i]);
        if (health->venues[i] == NULL)
            return err_fail(ERR_NOMEM, "out of memory for health");
        health->venues[i]->venue = venue;
        health_flow_init(&health->venues[i]->flow);
        health->venue_count++;
    }
    *out = i < health->venue_count ? health->venues[i] : NULL;
    if (*out != NULL)
        health->last = *out;
    return ERR_OK;
}

static enum err see_record(struct health *health, const struct record *record,
                           const struct venue *known, const struct venue_frame *frame)
{
    struct health_venue *venue;
    enum err err = find_venue(health, known, &venue);
    if (err != ERR_OK || venue == NULL)
        return err;
    venue->seen = true;
    take_found(health, venue);
    if (record->type == RECORD_RECEIVED)
        return see_frame(health, venue, record, frame);
    if (record->type == RECORD_CONNECTION)
        return see_event(health, venue, record);
    if (record->type == RECORD_GAP)
        see_gap(health, venue, record);
    return ERR_OK;
}

enum err health_see(struct health *health, const struct record *record, const struct venue *venue,
                    const struct venue_frame *frame, int64_t clock_ns)
{
    if (record->type == RECORD_CONFIG)
        end_session(health);
    advance(health, clock_ns);
    see_clocks(health, record);
    if (venue != NULL && health->failed == ERR_OK)
        health->failed = see_record(health, record, venue, frame);
    return health->failed;
}

void health_missing(struct health *health, const struct venue *venue, int64_t count)
{
    struct health_venue *at;
    const int64_t max = HEALTH_COUNT_MAX;
    keep_failure(health, find_venue(health, venue, &at));
    if (at == NULL)
        return;
    count = at->found + (count > max ? max : count < -max ? -max : count);
    at->found = count > max ? max : count < -max ? -max : count;
}

/* ---- reports --------------------------------------------------------------------------------- */

static bool was_stepped(const struct health *health)
{
    return health->stepped != HEALTH_NEVER && health->stepped >= health->minute - 1;
}

static void report_flow(const struct health *health, const struct health_flow *flow,
                        struct health_report *report)
{
    struct health_minute sum;
    size_t last = (health->slot + HEALTH_MINUTES - 1) % HEALTH_MINUTES;
    health_flow_sum(flow, &sum);
    report->frame_age_ns = age(health, flow->frame_ns);
    report->data_age_ns = age(health, flow->data_ns);
    report->frames_per_min = flow->minutes[last].frames;
    report->usual_per_min = flow->usual;
    report->frames = sum.frames;
    report->trades = sum.trades;
    report->malformed = sum.malformed;
    report->dropped = sum.dropped;
    report->reconnects = sum.reconnects;
    report->errors = sum.errors;
    report->missing = (uint64_t)sum.missing;
}

static bool has_trouble(const struct health *health, const struct health_flow *flow)
{
    return within_minute(health, flow->fault_ns) || within_minute(health, flow->lost_ns) ||
           within_minute(health, flow->failed_ns);
}

static void report_latency(const struct health *health, const struct latency_figures *latency,
                           struct health_report *report)
{
    report->latency = *latency;
    report->clock_untrusted = was_stepped(health) || (latency->count > 0 && latency->min < 0);
}

static void report_connection(const struct health *health,
                              const struct health_connection *connection,
                              struct health_report *report)
{
    *report = (struct health_report){.wall_ns = health->wall_ns,
                                     .seq = health->seq,
                                     .venue = connection->venue->venue->name,
                                     .connection = connection->number,
                                     .connections = connection->open,
                                     .refused = connection->open ? connection->refused : 0,
                                     .silence_limit_ns = limit_of(connection),
                                     .has_clock_offset = connection->offset.known,
                                     .clock_offset_ns = connection->offset.ns};
    report_flow(health, &connection->flow, report);
    report_latency(health, &connection->latency, report);
    struct health_signs signs = {.down = !connection->open,
                                 .trouble = has_trouble(health, &connection->flow),
                                 .silence_ns = silence_of(health, connection),
                                 .limit_ns = report->silence_limit_ns,
                                 .was_whole = connection->flow.was_whole};
    health_judge(report, &signs);
}

/* What the venue has from its connections. */
static void gather(const struct health *health, const struct health_connection *connection,
                   struct health_report *report, struct health_signs *signs)
{
    const int64_t limit_ns = limit_of(connection), silence_ns = silence_of(health, connection);
    if (!connection->open) {
        report->lost += connection->link > 0;
        return;
    }
    report->connections++;
    report->refused += connection->refused;
    signs->trouble |= has_trouble(health, &connection->flow);
    if (is_silent(health, connection) &&
        (signs->limit_ns == 0 || silence_ns / limit_ns > signs->silence_ns / signs->limit_ns)) {
        signs->silence_ns = silence_ns;
        signs->limit_ns = limit_ns;
    }
}

static void report_venue(const struct health *health, const struct health_venue *venue,
                         struct health_report *report)
{
    *report = (struct health_report){
        .wall_ns = health->wall_ns, .seq = health->seq, .venue = venue->venue->name};
    struct health_signs signs = {.down = venue->open == 0,
                                 .trouble = has_trouble(health, &venue->flow),
                                 .was_whole = venue->flow.was_whole};
    report_flow(health, &venue->flow, report);
    report_latency(health, &venue->latency, report);
    size_t i = place_of(health, venue, 0);
    for (; i < health->count && health->connections[i]->venue == venue; i++)
        gather(health, health->connections[i], report, &signs);
    health_judge(report, &signs);
}

void health_each(struct health *health, int64_t clock_ns,
                 void (*each)(const struct health_report *report, void *arg), void *arg)
{
    struct health_report report;
    if (health->started)
        advance(health, clock_ns);
    forget_ended(health, ENDED_NS);
    for (size_t v = 0; v < health->venue_count; v++) {
        struct health_venue *venue = health->venues[v];
        if (!venue->seen)
            continue;
        take_found(health, venue);
        report_venue(health, venue, &report);
        each(&report, arg);
        size_t i = place_of(health, venue, 0);
        for (; i < health->count && health->connections[i]->venue == venue; i++) {
            report_connection(health, health->connections[i], &report);
            each(&report, arg);
        }
    }
}
