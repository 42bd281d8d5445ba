#include "recorder/watched_venue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_connection(struct watched_connection *connection)
{
    connection_watch_release(&connection->subs);
    free(connection);
}

void watched_venue_release(struct watched_venue *venue)
{
    struct watched_link *next;
    for (size_t i = 0; i < venue->count; i++)
        free_connection(venue->connections[i]);
    for (size_t i = 0; i < venue->names.count; i++)
        free(venue->coverages[i]);
    for (struct watched_link *link = venue->links; link; link = next) {
        next = link->next;
        free(link);
    }
    free(venue->connections);
    free(venue->coverages);
    free(venue->told);
    name_map_release(&venue->names);
    *venue = (struct watched_venue){0};
}

/* ---- subscriptions -------------------------------------------------------------------------- */

static size_t find_stream(const struct watched_venue *venue, const char *channel)
{
    size_t i = 0;
    while (i < venue->stream_count && strcmp(venue->streams[i], channel) != 0)
        i++;
    return i;
}

/* The venue's own string, which lives for ever. */
static const char *own_name(const struct watched_venue *venue, const char *channel)
{
    const struct venue_channel *at = venue->plan->venue->recording->channels;
    while (at->name && strcmp(at->name, channel) != 0)
        at++;
    return at->name;
}

size_t watched_venue_stream(struct watched_venue *venue, const char *channel)
{
    size_t stream = find_stream(venue, channel);
    const char *own = stream == venue->stream_count ? own_name(venue, channel) : NULL;
    if (stream < venue->stream_count)
        return stream;
    if (!own || venue->stream_count == WATCH_STREAMS_MAX)
        return WATCH_STREAMS_MAX;
    venue->streams[venue->stream_count++] = own;
    return stream;
}

uint32_t watched_venue_find(const struct watched_venue *venue, const char *channel,
                            const char *symbol)
{
    return name_map_find(&venue->names, channel, symbol);
}

static enum err make_coverage(struct watched_venue *venue, const char *channel, const char *symbol,
                              size_t stream, uint32_t *out)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);
    if (!coverage)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    snprintf(coverage->channel, sizeof coverage->channel, "%s", channel);
    snprintf(coverage->symbol, sizeof coverage->symbol, "%s", symbol);
    coverage->stream = stream;
    enum err err = name_map_add(&venue->names, coverage->channel, coverage->symbol, out);
    if (err || venue->names.count != *out + 1u) {
        free(coverage);
        return err;
    }
    venue->coverages[*out] = coverage;
    return ERR_OK;
}

enum err watched_venue_add(struct watched_venue *venue, const char *channel, const char *symbol,
                           uint32_t *out)
{
    size_t count = venue->names.count, stream = watched_venue_stream(venue, channel);
    *out = name_map_find(&venue->names, channel, symbol);
    if (*out != NAME_MAP_NONE)
        return ERR_OK;
    if (stream == WATCH_STREAMS_MAX || strlen(symbol) >= SYMBOL_MAX)
        return err_fail(ERR_UNKNOWN, "%s has no channel '%s' or symbol '%s'",
                        venue->plan->venue->name, channel, symbol);
    if ((count & (count - 1)) == 0) { /* room doubles: 1, 2, 4, ... */
        size_t room = count > 0 ? 2 * count : 1;
        struct coverage **grown = realloc(venue->coverages, room * sizeof(struct coverage *));
        if (!grown)
            return err_fail(ERR_NOMEM, "out of memory for subscriptions");
        venue->coverages = grown;
    }
    return make_coverage(venue, channel, symbol, stream, out);
}

/* ---- connections ---------------------------------------------------------------------------- */

/* How many have a lower number. */
static size_t place_of(const struct watched_venue *venue, uint32_t number)
{
    size_t low = 0, high = venue->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (venue->connections[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct watched_connection *watched_venue_connection(const struct watched_venue *venue,
                                                    uint32_t number)
{
    size_t at = place_of(venue, number);
    return at < venue->count && venue->connections[at]->number == number ? venue->connections[at]
                                                                         : NULL;
}

static enum err reserve(struct watched_venue *venue)
{
    if (venue->count < venue->capacity)
        return ERR_OK;
    size_t capacity = venue->capacity > 0 ? 2 * venue->capacity : 4;
    void *connections = realloc(venue->connections, capacity * sizeof(struct watched_connection *));
    if (!connections)
        return err_fail(ERR_NOMEM, "out of memory for connections");
    venue->connections = connections;
    struct watch_connection *told = realloc(venue->told, (capacity + 1) * sizeof *told);
    if (!told)
        return err_fail(ERR_NOMEM, "out of memory for connections");
    venue->told = told;
    venue->capacity = capacity;
    return ERR_OK;
}

/* Link numbers are few and stay. 0 is no link. */
static enum err find_link(struct watched_venue *venue, uint32_t number, struct watched_link **out)
{
    struct watched_link **at = &venue->links;
    *out = NULL;
    if (number == 0)
        return ERR_OK;
    while (*at && (*at)->number != number)
        at = &(*at)->next;
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return err_fail(ERR_NOMEM, "out of memory for connections");
        (*at)->number = number;
        (*at)->renewed_ns = INT64_MIN;
    }
    *out = *at;
    return ERR_OK;
}

/* What was kept of the link's lost connections makes room for the new one. */
static void forget_lost(struct watched_venue *venue, const struct watched_link *link)
{
    for (size_t i = venue->count; link && i-- > 0;)
        if (venue->connections[i]->link == link && !venue->connections[i]->open)
            watched_venue_forget(venue, venue->connections[i]);
}

enum err watched_venue_connect(struct watched_venue *venue, uint32_t number, uint32_t link_number,
                               struct watched_connection **out)
{
    struct watched_connection *old = watched_venue_connection(venue, number);
    struct watched_link *link;
    if (old)
        watched_venue_forget(venue, old);
    enum err err = find_link(venue, link_number, &link);
    if (err)
        return err;
    forget_lost(venue, link);
    err = reserve(venue);
    struct watched_connection *connection = err ? NULL : calloc(1, sizeof *connection);
    if (!connection)
        return err ? err : err_fail(ERR_NOMEM, "out of memory for a connection");
    connection->number = number;
    connection->link = link;
    connection->venue = venue;
    size_t at = place_of(venue, number);
    memmove(venue->connections + at + 1, venue->connections + at,
            (venue->count - at) * sizeof(struct watched_connection *));
    venue->connections[at] = connection;
    venue->count++;
    venue->failed = 0;
    *out = connection;
    return ERR_OK;
}

void watched_venue_forget(struct watched_venue *venue, struct watched_connection *connection)
{
    size_t at = place_of(venue, connection->number);
    venue->count--;
    memmove(venue->connections + at, venue->connections + at + 1,
            (venue->count - at) * sizeof(struct watched_connection *));
    free_connection(connection);
}

enum err watched_venue_fail(struct watched_venue *venue, uint32_t number)
{
    venue->errors++;
    venue->failed = number;
    return reserve(venue);
}

void watched_venue_forget_lost(struct watched_venue *venue)
{
    for (size_t i = venue->count; i-- > 0;)
        if (!venue->connections[i]->open)
            watched_venue_forget(venue, venue->connections[i]);
}

/* ---- telling -------------------------------------------------------------------------------- */

/* What is not as it should be. */
struct faults {
    size_t settled;
    uint32_t lost, unsettled; /* a connection; 0 = none */
    size_t refused, overdue;
    uint32_t silent;
    char silence[160];
};

/* While a successor is being made the one before carries on. */
static bool has_settled(const struct watched_venue *venue, const struct watched_link *link)
{
    for (size_t i = 0; i < venue->count; i++)
        if (venue->connections[i]->link == link && venue->connections[i]->settled)
            return true;
    return false;
}

static void find_faults(const struct watched_venue *venue, int64_t mono_ns, struct faults *out)
{
    *out = (struct faults){0};
    for (size_t i = 0; i < venue->count; i++) {
        const struct watched_connection *connection = venue->connections[i];
        bool carried =
            connection->settled || (connection->link && has_settled(venue, connection->link));
        out->settled += connection->settled;
        if (!carried)
            *(connection->open ? &out->unsettled : &out->lost) = connection->number;
        if (!connection->open)
            continue;
        out->refused += connection->subs.counts[SUB_REFUSED];
        out->overdue += connection->subs.counts[SUB_OVERDUE];
        if (!out->silent &&
            watched_connection_is_silent(connection, venue->streams, mono_ns, out->silence))
            out->silent = connection->number;
    }
}

static void say_why(const struct watched_venue *venue, const struct faults *faults,
                    const struct repair_stats *repair, struct watch_venue *out)
{
    size_t max = sizeof out->why;
    if (faults->settled == 0 && faults->unsettled)
        snprintf(out->why, max, "connection %" PRIu32 " is open but not all is confirmed yet",
                 faults->unsettled);
    else if (faults->settled == 0)
        snprintf(out->why, max, "%s", venue->failed ? "cannot connect" : "not connected");
    else if (faults->lost)
        snprintf(out->why, max, "connection %" PRIu32 " was lost and has no successor yet",
                 faults->lost);
    else if (faults->unsettled)
        snprintf(out->why, max, "connection %" PRIu32 " is not settled yet", faults->unsettled);
    else if (faults->refused)
        snprintf(out->why, max, "%zu subscriptions are refused", faults->refused);
    else if (faults->overdue)
        snprintf(out->why, max, "%zu subscriptions are not acknowledged", faults->overdue);
    else if (faults->silent)
        snprintf(out->why, max, "connection %" PRIu32 ": %.110s", faults->silent, faults->silence);
    else if (repair->open > 0)
        snprintf(out->why, max, "%" PRIu64 " holes are being repaired", repair->open);
}

void watched_venue_tell(const struct watched_venue *venue, const struct repair_stats *repair,
                        int64_t mono_ns, struct watch_venue *out)
{
    struct faults faults;
    find_faults(venue, mono_ns, &faults);
    *out = (struct watch_venue){
        .venue = venue->plan->venue,
        .frames = venue->frames,
        .trades = venue->trades,
        .malformed = venue->malformed,
        .reconnects = venue->reconnects,
        .errors = venue->errors,
        .refused = venue->refused,
        .repair = *repair,
        .last_data_wall_ns = venue->last_data_wall_ns,
        .connection_count = venue->count,
        .connections = venue->told,
    };
    for (size_t i = 0; i < venue->count; i++)
        watched_connection_tell(venue->connections[i], mono_ns, &venue->told[i]);
    if (venue->failed && venue->told)
        venue->told[out->connection_count++] =
            (struct watch_connection){.connection = venue->failed};
    say_why(venue, &faults, repair, out);
    out->health = faults.settled == 0 ? HEALTH_DOWN : *out->why ? HEALTH_DEGRADED : HEALTH_UP;
}
