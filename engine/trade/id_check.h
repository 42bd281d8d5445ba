/*
 * id_check: duplicates and gaps, from the ids of one market's trades (one venue, one instrument, one
 * numbering). For venues whose ids go up by one from trade to trade.
 *
 * It keeps the set of ids seen as ascending intervals, so an id is new, a filler of a known hole, or a
 * duplicate, exactly, in whatever order the trades come:
 *
 *     seen [100..250] [253..300]      251 fills, 200 is a duplicate, 310 opens a hole of 9
 *
 * Snapshot trades (sent on subscribe, older than the subscription) count only when they repair: the
 * market was followed before and the id is above the first one seen live. Else they are only noted as
 * seen, so that a hole between snapshot and live shows.
 *
 * Bounded: at most ID_CHECK_INTERVALS_MAX intervals; when one more is needed the oldest hole is given
 * up: its ids count as missing for ever and would be taken for duplicates. Pure; no allocation but
 * what id_check_init() makes.
 */
#ifndef REWICK_ENGINE_TRADE_ID_CHECK_H
#define REWICK_ENGINE_TRADE_ID_CHECK_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_CHECK_INTERVALS_MAX 4096

struct id_interval {
    uint64_t first, last;
};

struct id_check {
    struct id_interval *intervals; /* owned, ascending, never touching */
    size_t count, capacity;
    bool live; /* a trade that is no snapshot was seen */
    uint64_t first_live_id;
    uint64_t missing; /* ids in holes now, given-up holes included */
    uint64_t given_up;
    uint64_t duplicates;
};

enum id_verdict {
    ID_NEW,       /* count it */
    ID_FILL,      /* count it: it was missing */
    ID_DUPLICATE, /* drop it */
    ID_NOTED,     /* a snapshot trade from before the subscription: do not count it */
};

void id_check_init(struct id_check *check);
void id_check_release(struct id_check *check);

/* *out_missing: how many ids this one made missing (the hole in front of it), 0 for all but ID_NEW.
 * A hole of more than UINT32_MAX ids is no gap but another numbering: it is opened as seen, with 0
 * missing. */
enum err id_check_see(struct id_check *check, uint64_t id, bool snapshot, enum id_verdict *out_verdict,
                      uint64_t *out_missing) ERR_MUST_CHECK;

#endif
