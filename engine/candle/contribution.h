/*
 * contribution: what one market gives to a candle of a composite, or why it does not. Plain data.
 */
#ifndef REWICK_ENGINE_CANDLE_CONTRIBUTION_H
#define REWICK_ENGINE_CANDLE_CONTRIBUTION_H

#include "engine/base/decimal.h"

#define CONTRIBUTIONS_MAX 32 /* members of a composite */

enum contribution_state {
    CONTRIBUTION_USED,
    CONTRIBUTION_STALE,     /* its last trade is much older than that of others */
    CONTRIBUTION_UNHEALTHY, /* score below the minimum */
    CONTRIBUTION_OUTLIER,   /* close too far from the median */
};

struct contribution {
    const char *venue, *symbol; /* of the market, which outlives it */
    enum contribution_state state;
    struct decimal close, vwap, volume;
};

const char *contribution_state_name(enum contribution_state state); /* "used", "stale", ... */

#endif
