#include "engine/sink/health_message.h"

#include <stdlib.h>
#include <string.h>

/* All that one report may need. */
struct piece {
    Rewick__V1__HealthReport report;
    Rewick__V1__LatencyMetrics latency;
    Rewick__V1__VenueHealth venue;
    Rewick__V1__ConnectionHealth connection;
};

static Rewick__V1__HealthState state_of(enum health_state state)
{
    switch (state) {
    case HEALTH_UP:
        return REWICK__V1__HEALTH_STATE__HEALTH_STATE_UP;
    case HEALTH_DEGRADED:
        return REWICK__V1__HEALTH_STATE__HEALTH_STATE_DEGRADED;
    case HEALTH_DOWN:
        return REWICK__V1__HEALTH_STATE__HEALTH_STATE_DOWN;
    }
    return REWICK__V1__HEALTH_STATE__HEALTH_STATE_UNSPECIFIED;
}

static void set_latency(struct piece *piece, const struct latency_figures *figures)
{
    if (figures->count == 0)
        return;
    rewick__v1__latency_metrics__init(&piece->latency);
    piece->latency.count = figures->count;
    piece->latency.min_ns = figures->min;
    piece->latency.mean_ns = figures->mean;
    piece->latency.p50_ns = figures->p50;
    piece->latency.p90_ns = figures->p90;
    piece->latency.p99_ns = figures->p99;
    piece->latency.max_ns = figures->max;
    piece->report.latency = &piece->latency;
}

/* What may be absent. */
static void set_optional(Rewick__V1__HealthReport *out, const struct health_report *report)
{
    if (report->frame_age_ns >= 0) {
        out->optional_frame_age_case = REWICK__V1__HEALTH_REPORT__OPTIONAL_FRAME_AGE_FRAME_AGE_NS;
        out->frame_age_ns = report->frame_age_ns;
    }
    if (report->data_age_ns >= 0) {
        out->optional_data_age_case = REWICK__V1__HEALTH_REPORT__OPTIONAL_DATA_AGE_DATA_AGE_NS;
        out->data_age_ns = report->data_age_ns;
    }
    if (report->silence_limit_ns > 0) {
        out->optional_silence_limit_case =
            REWICK__V1__HEALTH_REPORT__OPTIONAL_SILENCE_LIMIT_SILENCE_LIMIT_NS;
        out->silence_limit_ns = report->silence_limit_ns;
    }
    if (report->usual_per_min > 0) {
        out->optional_usual_case = REWICK__V1__HEALTH_REPORT__OPTIONAL_USUAL_USUAL_PER_MIN;
        out->usual_per_min = report->usual_per_min;
    }
    if (report->has_clock_offset) {
        out->optional_clock_offset_case =
            REWICK__V1__HEALTH_REPORT__OPTIONAL_CLOCK_OFFSET_CLOCK_OFFSET_NS;
        out->clock_offset_ns = report->clock_offset_ns;
    }
}

static void set_report(struct piece *piece, struct health_report *report)
{
    Rewick__V1__HealthReport *out = &piece->report;
    rewick__v1__health_report__init(out);
    out->state = state_of(report->state);
    out->wall_time_ns = report->wall_ns;
    out->seq = report->seq;
    out->frames_per_min = report->frames_per_min;
    out->connections_open = report->connections;
    out->connections_lost = report->lost;
    out->refused = report->refused;
    out->reconnects = report->reconnects;
    out->errors = report->errors;
    out->frames = report->frames;
    out->malformed = report->malformed;
    out->dropped = report->dropped;
    out->trades = report->trades;
    out->missing = report->missing;
    out->clock_untrusted = report->clock_untrusted;
    out->score = report->score;
    out->why = report->why;
    set_optional(out, report);
    set_latency(piece, &report->latency);
}

static bool is_wished(struct health_wish wish, const char *venue)
{
    for (size_t i = 0; i < wish.count; i++)
        if (strcmp(wish.venues[i], venue) == 0)
            return true;
    return wish.count == 0;
}

static Rewick__V1__VenueHealth *set_venue(struct piece *piece, char *name,
                                          Rewick__V1__ConnectionHealth **connections)
{
    rewick__v1__venue_health__init(&piece->venue);
    piece->venue.venue = name;
    piece->venue.report = &piece->report;
    piece->venue.connections = connections;
    return &piece->venue;
}

static Rewick__V1__ConnectionHealth *set_connection(struct piece *piece, uint32_t number)
{
    rewick__v1__connection_health__init(&piece->connection);
    piece->connection.connection = number;
    piece->connection.report = &piece->report;
    return &piece->connection;
}

/* A venue's connections follow it. */
static void fill(struct health_message *out, const struct health_round *round,
                 struct health_wish wish, struct piece *pieces,
                 Rewick__V1__ConnectionHealth **connections)
{
    Rewick__V1__VenueHealth *venue = NULL;
    for (size_t i = 0; i < round->count; i++) {
        struct health_report *report = &round->reports[i];
        if (report->connection == 0)
            venue = is_wished(wish, report->venue)
                        ? set_venue(&pieces[i], round->names[i], connections + i)
                        : NULL;
        if (venue == NULL)
            continue;
        set_report(&pieces[i], report);
        if (report->connection == 0)
            out->venues[out->count++] = venue;
        else
            venue->connections[venue->n_connections++] =
                set_connection(&pieces[i], report->connection);
    }
}

enum err health_message_make(struct health_message *out, const struct health_round *round,
                             struct health_wish wish)
{
    *out = (struct health_message){0};
    if (round == NULL || round->count == 0)
        return ERR_OK;
    size_t size = sizeof(struct piece) + 2 * sizeof(void *);
    out->memory = calloc(round->count, size);
    if (out->memory == NULL)
        return err_fail(ERR_NOMEM, "out of memory");
    struct piece *pieces = out->memory;
    void *pointers = pieces + round->count;
    out->venues = pointers;
    fill(out, round, wish, pieces, (Rewick__V1__ConnectionHealth **)pointers + round->count);
    return ERR_OK;
}

void health_message_release(struct health_message *message)
{
    free(message->memory);
    *message = (struct health_message){0};
}
