/*
 * health_board: the newest health reports, from the engine's thread to any other.
 *
 *     health_board_put(), ... put(), publish()  ->  the newest ROUND  ->  health_board_newest()
 *
 * A round is what was reported at one time: every venue, each followed by its connections. It is
 * published whole and never changes; whoever reads it holds a reference. So the engine's thread
 * waits for nobody longer than it takes to change a pointer, and a slow reader sees the newest
 * round when it comes back.
 *
 * put() and publish() are for one thread, the rest for any.
 */
#ifndef REWICK_ENGINE_SINK_HEALTH_BOARD_H
#define REWICK_ENGINE_SINK_HEALTH_BOARD_H

#include "engine/health/health.h"

#include <stdatomic.h>

/* Reports of a round; more are left out, and said so once. */
#define HEALTH_ROUND_MAX (2 * HEALTH_CONNECTIONS_MAX)

struct health_round {
    atomic_uint refs;
    uint64_t number; /* from 1 */
    size_t count, capacity;
    struct health_report *reports; /* owned; their venues are those of `names` */
    char (*names)[RECORD_VENUE_MAX];
};

struct health_board;

enum err health_board_new(struct health_board **out) ERR_MUST_CHECK;
void health_board_free(struct health_board *board); /* accepts NULL */

/* A report of the round that is being made. ERR_NOMEM. */
enum err health_board_put(struct health_board *board,
                          const struct health_report *report) ERR_MUST_CHECK;
/* The round is whole: it becomes the newest one. Cheap when nothing was put. */
void health_board_publish(struct health_board *board);

/* A reference to the newest one, NULL before the first. */
struct health_round *health_board_newest(struct health_board *board);
void health_round_unref(struct health_round *round); /* accepts NULL */

/* Sleeps until there is a round newer than `number`, or the board is stopped: then false. */
bool health_board_wait(struct health_board *board, uint64_t number);
void health_board_stop(struct health_board *board);

#endif
