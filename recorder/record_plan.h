/*
 * record_plan: what is to be captured, checked and resolved against the venues' instrument lists.
 * Fixed once it is made; threads share it read only. A change of subscriptions makes a new plan.
 */
#ifndef REWICK_RECORDER_RECORD_PLAN_H
#define REWICK_RECORDER_RECORD_PLAN_H

#include "engine/base/buf.h"
#include "engine/engine.h"
#include "engine/venue/venue.h"
#include "recorder/record_wish.h"
#include "recorder/ws_url.h"

#define PLAN_VENUES_MAX      32
#define PLAN_INSTRUMENTS_MAX 4096 /* per venue */
#define PLAN_STREAMS_MAX     9    /* channels per venue */

/* A channel and where it is served. */
struct plan_stream {
    const struct venue_channel *channel;
    struct ws_url url;
};

struct plan_venue {
    const struct venue *venue;
    struct ws_url rest;  /* host of HTTP requests; path "" */
    unsigned redundancy; /* connections that carry each subscription, from 1 */
    size_t stream_count; /* each instrument is subscribed to on all of them; the first is trades */
    struct plan_stream streams[PLAN_STREAMS_MAX];
    size_t count;
    struct instrument *instruments; /* owned */
    struct instrument_list list;    /* all that the venue has; empty when it could not be had */
    bool list_borrowed;             /* from a plan that lives longer, else owned */
};

struct record_plan {
    size_t venue_count;
    struct plan_venue venues[PLAN_VENUES_MAX];
};

/* Venues, channels and addresses of the wish; lists and instruments are still missing. ERR_USAGE or
 * ERR_UNKNOWN with a text that names what exists. `out` is released by the caller in any case. */
enum err record_plan_make(struct record_plan *out, const struct record_wish *wish) ERR_MUST_CHECK;
/* Resolves the instruments of venue `index` with its list, or, when that is empty, by the venue's
 * grammar: then the names are those that the user wrote. ERR_UNKNOWN names the nearest ones. */
enum err record_plan_resolve(struct record_plan *plan, size_t index,
                             const struct record_wish *wish) ERR_MUST_CHECK;
void record_plan_release(struct record_plan *plan); /* accepts a zeroed plan */

/* NULL when the plan does not have it. */
const struct plan_venue *record_plan_venue(const struct record_plan *plan, const char *name);

/* The data of RECORD_CONFIG. */
enum err record_plan_config(const struct record_plan *plan, const struct engine_config *config,
                            struct buf *out) ERR_MUST_CHECK;

#endif
