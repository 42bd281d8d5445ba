/*
 * health: how well each venue and each of its connections delivers: up, degraded or down, the
 * figures behind that, and a score 0 to 100.
 *
 *     records, decoded frames, latencies -> HEALTH -> reports -> SQLite, gRPC, `rewick status`
 *
 * A function of the records and of the clock that they carry, so a replay gives the reports that
 * the recording gave. docs/health.md has the rules and the formula. Pure; not thread safe.
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
#define HEALTH_CONNECTIONS_MAX 4096                       /* open at once; more are not followed */

enum health_state { HEALTH_UP, HEALTH_DEGRADED, HEALTH_DOWN };
const char *health_state_name(enum health_state state); /* "up", "degraded", "down" */

/* Plain data; strings live as long as the health. */
struct health_report {
    int64_t wall_ns; /* of the record with which it was made */
    uint64_t seq;    /* its number */
    const char *venue;
    uint32_t connection; /* 0: the whole venue */
    enum health_state state;
    uint8_t score; /* 0 .. 100 */
    char why[160]; /* "" when up with score 100 */

    int64_t frame_age_ns;                   /* since the last frame; -1: none yet */
    int64_t data_age_ns;                    /* since the last market data; -1: none yet */
    uint64_t frames_per_min, usual_per_min; /* over the last minute; usually (0: not known yet) */
    uint32_t connections;                   /* open */
    uint64_t reconnects, errors; /* connections that ended unplanned, attempts that failed: over the
                                    last 10 minutes */
    uint64_t malformed, dropped, missing, trades; /* over the last 10 minutes */
    struct latency_figures latency; /* source -> receive of trades, over the last full minute */
    bool has_clock_offset;
    int64_t clock_offset_ns;
};

struct health;

enum err health_new(struct health **out) ERR_MUST_CHECK;
void health_free(struct health *health); /* accepts NULL */

/* Every record in order. `venue` is what its name stands for, NULL when unknown or none; `frame`
 * what a received record or an HTTP answer decodes to, else NULL. clock_ns: the engine's clock,
 * which never goes back. ERR_NOMEM. */
enum err health_see(struct health *health, const struct record *record, const struct venue *venue,
                    const struct venue_frame *frame, int64_t clock_ns) ERR_MUST_CHECK;
/* Trade ids that were found missing (or repaired: negative), with the record that is being seen. */
void health_missing(struct health *health, const struct venue *venue, int64_t count);

/* Reports now: for each venue, then each of its connections. Nothing changes. */
void health_each(const struct health *health, int64_t clock_ns,
                   void (*each)(const struct health_report *report, void *arg), void *arg);

#endif
