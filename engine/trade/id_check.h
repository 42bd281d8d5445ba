/*
 * id_check: duplicates and gaps, from the ids of one market's trades (one venue, one instrument,
 * one numbering).
 *
 * It keeps the set of ids seen as ascending intervals, so an id is new, a filler of a known hole,
 * or a duplicate, exactly, in whatever order the trades come:
 *
 *     seen [100..250] [253..300]      251 fills, 200 is a duplicate, 310 opens a hole of 9
 *
 * A hole is missing when an id above it was the first to show it, in a numbering that goes up by
 * one from trade to trade. What lies below the first id seen, or between ids that were only noted,
 * is unknown ground: nothing there is missing, and an id that turns up there is new.
 *
 * A row may stand for several ids in a row. It is new or a filler only as a whole, when none of its
 * ids has been seen: a part of it cannot be taken out, and the whole would count twice what was
 * there. A row of which a part has been seen is a duplicate and leaves the rest as it was, missing
 * if it was, for rows that bring it alone.
 *
 * Snapshot trades (sent on subscribe, older than the subscription) count only when they repair:
 * they fill a hole that is missing, or the market was followed before and the id is above the first
 * one seen live. Else they are only noted as seen, so that a hole between snapshot and live shows.
 *
 * Bounded: at most ID_CHECK_INTERVALS_MAX intervals; when one more is needed the lowest hole is
 * given up: its ids count as missing for ever and would be taken for duplicates. Pure; allocates
 * only while the number of holes grows.
 */
#ifndef REWICK_ENGINE_TRADE_ID_CHECK_H
#define REWICK_ENGINE_TRADE_ID_CHECK_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_CHECK_INTERVALS_MAX 4096
/* A larger hole is no gap but another numbering: unknown ground. */
#define ID_CHECK_HOLE_MAX UINT64_C(4294967295)

/* Ids that one row may stand for; see id_range_of(). */
#define ID_CHECK_RANGE_MAX 65536

/* "Nobody misses the hole in front". */
#define ID_NOT_MISSING INT64_MIN
/* "It is missing, but no window counts it". */
#define ID_NOWHERE (INT64_MIN + 1)

struct id_interval {
    uint64_t first, last;
    int64_t
        revealed_ns; /* source time of the trade that showed the hole in front, ID_NOT_MISSING */
};

struct id_check {
    struct id_interval *intervals; /* owned; [head, head + count) ascending, never touching */
    size_t head, count, capacity;
    bool contiguous; /* ids go up by one: holes are missing trades */
    bool live;       /* a trade that is no snapshot was seen */
    uint64_t first_live_id;
    uint64_t missing; /* ids missing now, those of given-up holes included */
    uint64_t given_up;
};

/* The ids of one row, both inclusive. */
struct id_range {
    uint64_t first, last;
};

enum id_verdict {
    ID_NEW,       /* count it */
    ID_FILL,      /* count it: it was missing */
    ID_DUPLICATE, /* drop it */
    ID_NOTED,     /* a snapshot trade that repairs nothing: do not count it */
};

struct id_finding {
    enum id_verdict verdict;
    uint64_t
        missing; /* ID_NEW: how many ids this one made missing (the hole in front of it); else 0 */
    uint64_t filled;     /* ID_FILL: how many ids are no longer missing; else 0 */
    int64_t revealed_ns; /* ID_FILL: source time of the trade that showed the hole; else
                            ID_NOT_MISSING */
};

void id_check_init(struct id_check *check, bool contiguous);
void id_check_release(struct id_check *check);

/* The ids of a row that ends with `id` and holds `folded` before it; `id` alone when those are
 * absurdly many. */
struct id_range id_range_of(uint64_t id, uint64_t folded);

/* The usual case: the id behind the highest one, live. False: it is not that; see id_check_see().
 */
static inline bool id_check_follow(struct id_check *check, uint64_t id, bool snapshot)
{
    if (snapshot || !check->live || check->count == 0)
        return false;
    struct id_interval *newest = &check->intervals[check->head + check->count - 1];
    if (id == 0 || newest->last != id - 1)
        return false;
    newest->last = id;
    return true;
}

/* source_ns must not be ID_NOT_MISSING. ERR_NOMEM: nothing changed. */
enum err id_check_see(struct id_check *check, struct id_range ids, int64_t source_ns, bool snapshot,
                      struct id_finding *out) ERR_MUST_CHECK;

/* The hole that the last ID_NEW has shown is in no window: its filling will say ID_NOWHERE. */
void id_check_disown(struct id_check *check);

#endif
