/*
 * pacing: when to give out the records of a tape so that the distances between them are kept, at a
 * chosen speed. For replay and for playing a venue.
 *
 *     deadline = start + (time on the tape since the first record) / speed
 *
 * Deadlines are absolute, so that being late once does not shift what follows. Time on the tape is
 * the monotonic receive time within a session and the wall clock from one session to the next (a
 * RECORD_CONFIG begins one), as in engine/engine.h; it never goes back, and gaps are kept. Exact
 * integer arithmetic. Pure; not thread safe.
 */
#ifndef REWICK_REPLAYER_PACING_H
#define REWICK_REPLAYER_PACING_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>
#include <stdint.h>

/* real time = time on the tape * numerator / denominator; denominator 0: as fast as it goes. */
struct pacing_speed {
    uint64_t numerator, denominator;
};

#define PACING_MAX ((struct pacing_speed){0, 0})

/* "max", or a factor from 0.001 to 1000000 with at most three fraction digits: "1", "10", "0.5"
 * (with or without an "x" behind it). Sets the text. */
enum err pacing_parse(struct pacing_speed *out, const char *text) ERR_MUST_CHECK;
bool pacing_is_max(struct pacing_speed speed);

struct pacing {
    struct pacing_speed speed;
    bool begun;
    int64_t start_ns;         /* monotonic clock at the first record */
    int64_t tape_ns;          /* time on the tape since the first record */
    int64_t wall_ns, mono_ns; /* of the newest record */
};

void pacing_init(struct pacing *pacing, struct pacing_speed speed);

/* The monotonic time at which `record` is due. Call it once for every record, in order; `now_ns` is
 * the monotonic clock and is used for the first record only. At full speed: INT64_MIN. */
int64_t pacing_deadline(struct pacing *pacing, const struct record *record, int64_t now_ns);

/* The next record is due at once and begins the time anew: after a seek, a pause or a loop. */
void pacing_restart(struct pacing *pacing);

#endif
