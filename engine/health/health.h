/*
 * health: how well each venue and each of its connections delivers: up, degraded or down, the
 * figures behind that, and a score 0 to 100.
 *
 *     records, decoded frames, latencies -> HEALTH -> reports -> SQLite, gRPC, `rewick status`
 *
 * A function of the records and of the clock that they carry, so a replay gives the reports that
 * the recording gave. docs/health.md has the rules and the formula. Pure; not thread safe.
 *
 * Seeing a record allocates nothing, but for the first of a connection and as the latency's pool
 * grows. Once in a minute of the clock the minute that ended is closed for all connections.
 */
#ifndef REWICK_ENGINE_HEALTH_HEALTH_H
#define REWICK_ENGINE_HEALTH_HEALTH_H

#include "engine/base/err.h"
#include "engine/candle/latency.h"
#include "engine/tape/record.h"
#include "engine/venue/venue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_EVERY_NS        (INT64_C(10) * 1000000000) /* of the engine's clock, between reports */
#define HEALTH_CONNECTIONS_MAX 4096 /* open at once; more count for their venue only */
#define HEALTH_WHY_MAX         160

enum health_state { HEALTH_UP, HEALTH_DEGRADED, HEALTH_DOWN };
const char *health_state_name(enum health_state state); /* "up", "degraded", "down" */

/* Plain data; strings live as long as the health. "10 minutes" are the running minute of the clock
 * and the nine before it. */
struct health_report {
    int64_t wall_ns; /* of the record with which it was made */
    uint64_t seq;    /* its number */
    const char *venue;
    uint32_t connection; /* 0: the whole venue */
    enum health_state state;
    uint8_t score;            /* 0 .. 100 */
    char why[HEALTH_WHY_MAX]; /* "" when up with score 100 */

    int64_t frame_age_ns;                   /* since the last frame; -1: none yet */
    int64_t data_age_ns;                    /* since the last market data; -1: none yet */
    int64_t silence_limit_ns;               /* of a connection's market data; 0: not known yet */
    uint64_t frames_per_min, usual_per_min; /* of the last full minute; usually (0: not known) */
    uint32_t connections;                   /* open */
    uint32_t lost;                          /* links whose connection was lost and not replaced */
    uint64_t refused;                       /* subscriptions of open connections */
    uint64_t reconnects, errors; /* connections that ended unplanned, attempts that failed: over 10
                                    minutes */
    uint64_t frames, malformed, dropped, trades; /* over 10 minutes */
    uint64_t missing;                            /* the same; 0 for a connection */
    struct latency_figures latency; /* source -> receive of trades, over the last full minute */
    bool clock_untrusted;           /* one of them is negative, or the wall clock was stepped */
    bool has_clock_offset;          /* never for a venue */
    int64_t clock_offset_ns;
};

struct health;

enum err health_new(struct health **out) ERR_MUST_CHECK;
void health_free(struct health *health); /* accepts NULL */

/* Every record in order. `venue` is what its name stands for, NULL when unknown or none; `frame`
 * what a received record or an HTTP answer decodes to, else NULL. clock_ns: the engine's clock,
 * which never goes back (less than before counts as the same). ERR_NOMEM. */
enum err health_see(struct health *health, const struct record *record, const struct venue *venue,
                    const struct venue_frame *frame, int64_t clock_ns) ERR_MUST_CHECK;
/* Trade ids that were found missing (or repaired: negative). They count with the venue's next
 * record, or the next report: before or after health_see() of the record that showed them. */
void health_missing(struct health *health, const struct venue *venue, int64_t count);

/* Reports at this time: for each venue of the session in the order in which they were first seen,
 * then each of its connections by number. The clock moves on, nothing else changes. */
void health_each(struct health *health, int64_t clock_ns,
                 void (*each)(const struct health_report *report, void *arg), void *arg);

#endif
