/*
 * venue_link: one connection to a venue, for as long as the recorder runs: connects, subscribes at
 * the pace that the venue bears, keeps alive, notices silence, and comes back after every failure.
 *
 *     IDLE --> RESOLVING --> CONNECTING --> OPEN --> (closed) --> IDLE ...
 *
 * Everything that happens on it goes into the capture queue as a record: frames in both directions,
 * byte for byte, and the opening, closing and failing of the connection. Each attempt has a
 * connection number of its own.
 *
 * All functions belong to the thread that runs libwebsockets.
 */
#ifndef REWICK_RECORDER_VENUE_LINK_H
#define REWICK_RECORDER_VENUE_LINK_H

#include "recorder/capture_drops.h"
#include "recorder/old_budget.h"
#include "recorder/old_plan.h"

#include <libwebsockets.h>

/* A connection that lasted this long was a success: the next wait begins small again. */
#define LINK_PROVEN_NS INT64_C(10000000000)
/* TCP connect, TLS and the upgrade together. */
#define LINK_CONNECT_TIMEOUT_S 15

/* What all links of a recorder share. */
struct link_shared {
    struct lws_context *context;
    struct record_queue *queue;
    struct old_budget
        budgets[OLD_VENUES_MAX]; /* per venue of the plan, shared by equal hosts */
    const struct old_plan *plan;
    uint32_t next_connection;
    int64_t pushed_mono_ns; /* receive time of the newest record */
    size_t connecting;      /* links in that state, for net_log_listen() */
};

struct link_stats {
    uint64_t opened, failed; /* connections */
    uint64_t dropped;        /* records that are not on the tape */
};

struct venue_link;

enum err venue_link_new(struct venue_link **out, const struct old_link *plan,
                        struct link_shared *shared, uint64_t seed) ERR_MUST_CHECK;
void venue_link_free(struct venue_link *link); /* after the context; accepts NULL */

/* Every LINK_TICK: moves on whatever is due. */
void venue_link_tick(struct venue_link *link);
/* Says goodbye and closes; no reconnect. True when nothing is open any more. Call again until then.
 */
bool venue_link_stop(struct venue_link *link);
/* Gives up at once: what is still open counts as closed now. */
void venue_link_abandon(struct venue_link *link);
/* Puts the gaps that are due on the tape; true when none is left. */
bool venue_link_tell_gaps(struct venue_link *link);

void venue_link_stats(const struct venue_link *link, struct link_stats *out);

/* The protocol callback; the link is the wsi's user data. */
int venue_link_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t size);

#endif
