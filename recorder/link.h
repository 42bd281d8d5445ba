/*
 * link: keeps one living wire for one shard. It says when to try again (backoff with full jitter),
 * when the present wire is to be replaced (its age, or somebody asked for it), and lets the
 * successor take over:
 *
 *     present   ====================================x closed politely
 *     successor              connect, subscribe, settle ==== LINK_OVERLAP_NS ====================
 *
 * A successor that fails is tried again, the old one stays until it is cut. When the old one ends
 * first, the successor takes its place as it is. A successor that has no room for what a change of
 * plans adds is not fit to take over, but may carry something that the old one does not: it is held
 * until a wire that carries everything is in place.
 *
 * Pure; the conductor owns and makes the wires. One thread.
 */
#ifndef REWICK_RECORDER_LINK_H
#define REWICK_RECORDER_LINK_H

#include "recorder/backoff.h"
#include "recorder/connect_budget.h"
#include "recorder/shard.h"
#include "recorder/wire.h"

/* A host and what all links to it share. */
struct link_host {
    struct link_host *next;
    char authority[sizeof((struct ws_url *)0)->authority];
    struct connect_budget budget;
    int64_t closed_until_ns; /* the budget has nothing before */
};

/* A place for a wire. */
struct link_seat {
    struct wire *wire; /* NULL: there is none ... */
    int64_t due_ns;    /* ... and one is to be made at this time; INT64_MAX: none is wanted */
    struct backoff backoff;
};

/* Lines about one link: the first few are said, then one a minute. */
struct link_talk {
    unsigned said;
    uint64_t unsaid;
    int64_t next_ns;
};

#define LINK_HELD_MAX 4

struct link {
    uint32_t number; /* on the tape */
    struct shard *shard;
    struct link_host *host;
    struct link_seat present, successor;
    bool renewing; /* the successor's seat is in use */
    size_t held_count;
    struct wire *held[LINK_HELD_MAX];
    bool connected_before;
    uint64_t random;
    struct link_talk talk;
};

struct link_counts {
    uint64_t opened, failed, lost, changeovers;
};

enum err link_new(struct link **out, uint32_t number, struct shard *shard, struct link_host *host,
                  uint64_t seed) ERR_MUST_CHECK;
void link_free(struct link *link); /* accepts NULL; its wires stay */

/* Begins and ends changeovers; says when to look again. */
int64_t link_work(struct link *link, struct wire_world *world, struct link_counts *counts,
                  struct stamp now);
/* A changeover for age waits for its turn until this time. */
int64_t link_patience_ns(const struct link *link);
/* The present wire is to be replaced, now and without waiting for other links. */
void link_renew(struct wire *wire, const char *why, struct stamp now);
/* The successor is not fit any more: another one is wanted. */
void link_hold_successor(struct link *link, struct wire_world *world, struct stamp now);
/* Closes what it has; nobody serves it any more. */
void link_close(struct link *link, struct wire_world *world, const char *reason);

/* One of its wires has opened, or ended (`lost`: what it carried may have a hole; `why`: its
 * reason). */
void link_opened(struct link *link, struct wire *wire, struct stamp now);
void link_ended(struct link *link, struct wire *wire, struct stamp now);
/* Another wire of the link carries all that `wire` does. */
bool link_covers(const struct link *link, const struct wire *wire);
/* What the wire would replace; 0: nothing. */
uint32_t link_replaced_by(const struct link *link, const struct wire *wire);

#endif
