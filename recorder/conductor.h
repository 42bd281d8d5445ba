/*
 * conductor: keeps every subscription of the plan on a living connection, for months.
 *
 *     plan: venue x channel x instrument
 *       -> SHARDS   what one connection carries: one venue, one address, at most symbols_max
 *          -> LINKS one or more (--redundant) per shard
 *             -> WIRES a connection: the present one and, in a changeover, its successor
 *
 * It decides when to connect (backoff with full jitter and a budget per host), what to send and
 * when (paced subscribes, keepalives, answers to the venue's tests), when a connection is dead
 * (silence) or old (a planned changeover, staggered, before the venue's forced disconnect: the
 * successor is subscribed and settled first, then both run for LINK_OVERLAP_NS, then the old one is
 * closed), and what to fetch. Everything that happens becomes a record in the capture queue; it
 * decodes nothing. What only a decoder can know comes as orders from the watch.
 *
 * Records of a connection (RECORD_CONNECTION, JSON):
 *   {"event":"open","url":"...","link":3,"replaces":17,"wanted":{"trade":["BTCUSDT"]}}
 *        replaces: the connection that this one is to take over from; only in a changeover
 *   {"event":"change","add":{"trade":[...]},"leave":{"trade":[...]}}   a plan changed
 *   {"event":"close","reason":"...","planned":true}    planned: another connection of the link
 * carries all of it, nobody wants it any more, or the recorder stops; else what it carried may have
 * a hole from here
 *   {"event":"error","reason":"..."}                   an attempt failed
 *   {"event":"clock","step_ns":-3600000000000}         of no venue and connection 0: the wall clock
 * was stepped by so much
 * Answers to fetches are RECORD_HTTP of connection 0, those of a handshake of the connection that
 * it is for; status 0 and a member "error" say that there was none. Failed requests are tried again
 * first (fetch_queue.h); only the last answer is a record. A connection number may be left out.
 *
 * Pure but for the transport and the queue: time is an argument, randomness a seed. One thread.
 * Bounds: CONDUCTOR_LINKS_MAX links, CONDUCTOR_FETCHES_MAX fetches waiting.
 */
#ifndef REWICK_RECORDER_CONDUCTOR_H
#define REWICK_RECORDER_CONDUCTOR_H

#include "recorder/capture_drops.h"
#include "recorder/order.h"
#include "recorder/record_plan.h"
#include "recorder/transport.h"

#define CONDUCTOR_LINKS_MAX   512
#define CONDUCTOR_FETCHES_MAX 64

/* A connection that lasted this long was a success: the next wait begins small again. */
#define LINK_PROVEN_NS (INT64_C(10) * 1000000000)
/* Old and new run side by side for this long once the new one has settled. */
#define LINK_OVERLAP_NS (INT64_C(3) * 1000000000)
/* The age at which a venue is taken to cut connections when its documents say nothing. */
#define LINK_AGE_NS (INT64_C(24) * 3600 * 1000000000)
/* A successor that has not settled by then is given up and tried again. */
#define LINK_SETTLE_NS (INT64_C(30) * 1000000000)

struct conductor;

struct conductor_options {
    const struct record_plan *plan; /* must outlive it */
    const struct transport *transport;
    struct record_queue *queue; /* must outlive it */
    uint32_t first_connection;
    uint64_t seed;
};

struct conductor_stats {
    uint64_t opened, failed; /* connections */
    uint64_t lost;           /* ended without a successor in place */
    uint64_t changeovers;    /* planned replacements that went through */
    uint64_t dropped;        /* records that are not on the tape */
    uint64_t fetches, fetches_failed;
    size_t links, open; /* now */
};

enum err conductor_new(struct conductor **out,
                       const struct conductor_options *options) ERR_MUST_CHECK;
void conductor_free(struct conductor *conductor); /* accepts NULL */

/* Does what is due and says when to call again at the latest (monotonic). Call it after every other
 * call too, or within a few ms. */
int64_t conductor_work(struct conductor *conductor, struct stamp now);
void conductor_order(struct conductor *conductor, const struct order *order, struct stamp now);

/* For the transport; valid as long as the conductor. */
const struct transport_events *conductor_events(struct conductor *conductor);

/* Closes everything politely; no reconnects. True when nothing is open any more. Call again until
 * then. */
bool conductor_stop(struct conductor *conductor, struct stamp now);
/* Gives up at once: what is still open counts as closed now. */
void conductor_abandon(struct conductor *conductor, struct stamp now);
/* Puts the gaps that are due on the tape; true when none is left. */
bool conductor_tell_gaps(struct conductor *conductor, struct stamp now);

void conductor_stats(const struct conductor *conductor, struct conductor_stats *out);

#endif
