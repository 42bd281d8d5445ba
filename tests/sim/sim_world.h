/*
 * sim_world: venues, their markets, the network between them and a recorder, on a virtual clock. It
 * is the transport (recorder/transport.h) of a conductor. Venues speak through venue->serving; the
 * truth of what was traded and sent is kept beside it.
 *
 * One thread; everything follows from the seed.
 */
#ifndef REWICK_TESTS_SIM_SIM_WORLD_H
#define REWICK_TESTS_SIM_SIM_WORLD_H

#include "engine/venue/venue.h"
#include "recorder/transport.h"

#define SIM_MARKETS_MAX 64
#define SIM_VENUES_MAX  32

/* Odds of misfortune, drawn per second of each connection, or per frame, or per answer. In parts of
 * a million. */
struct sim_faults {
    unsigned cut, stall, refuse;    /* connections: cut off, silent but open, not let in */
    unsigned duplicate, garbage;    /* frames: sent twice, made unreadable */
    unsigned lose;                  /* frames of trades that the venue never sends */
    unsigned http_fail, http_limit; /* answers: none at all, 429 */
    bool early_cut;                 /* connections end at a random age below the venue's */
};

struct sim_world_options {
    uint64_t seed;
    size_t venue_count;
    const struct venue *venues[SIM_VENUES_MAX];
    size_t markets_per_venue; /* 1 or 2 */
    int64_t trade_gap_ns;     /* mean time between two trades of a market */
    int64_t age_ns;           /* venues end connections of this age; 0: as they say */
    struct sim_faults faults;
};

/* Instrument number `index` (0 or 1) that is simulated at a venue; false: there is none. */
bool sim_instrument(const struct venue *venue, size_t index, struct instrument *out);

struct sim_world;

struct sim_world *sim_world_new(const struct sim_world_options *options);
void sim_world_free(struct sim_world *world);
const struct transport *sim_world_transport(struct sim_world *world);
void sim_world_listen(struct sim_world *world, const struct transport_events *events);

/* Time now, and of the next thing that happens in the world. */
struct stamp sim_world_now(const struct sim_world *world);
int64_t sim_world_next(const struct sim_world *world);
/* Goes on to `mono_ns`, which is not beyond sim_world_next(), and lets happen what is due then. */
void sim_world_go(struct sim_world *world, int64_t mono_ns);
/* No more misfortune, no more trades. */
void sim_world_calm(struct sim_world *world);
void sim_world_stop_trading(struct sim_world *world);

/* "VENUE:NAME,NAME" and the address "ws://VENUE.sim" of venue `index`. */
void sim_world_wish(const struct sim_world *world, size_t index, char wish[256], char url[64],
                    char rest_url[64]);
/* The venue's answer to a request of its instrument list, as if fetched. */
void sim_world_answer(struct sim_world *world, size_t index, const char *target, struct buf *out);

/* ---- the truth ------------------------------------------------------------------------------ */

/* A candle engine has counted this trade. */
void sim_world_counted(struct sim_world *world, const struct venue *venue,
                       const struct trade *trade);

struct sim_truth {
    uint64_t trades;                   /* made while they could be had */
    uint64_t missing;                  /* never counted */
    uint64_t twice;                    /* counted more than once */
    uint64_t unknown;                  /* counted, but never made */
    uint64_t messages;                 /* handed to the recorder */
    uint64_t connects, requests, sent; /* of the recorder */
    char broken[256];                  /* the first limit of a venue that was broken; "" = none */
};
void sim_world_truth(const struct sim_world *world, struct sim_truth *out);
/* Trades missing in one venue. */
uint64_t sim_world_missing(const struct sim_world *world, const struct venue *venue);
/* Forgets what was counted, for another engine. */
void sim_world_recount(struct sim_world *world);

#endif
