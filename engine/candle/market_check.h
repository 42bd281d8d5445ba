/*
 * market_check: whether a trade of a market is new, by what the ids of its venue are good for.
 *
 *     IDS_CONTIGUOUS, IDS_ASCENDING   id_check: exact, with and without holes that are missing
 *     IDS_OPAQUE                      the most recent MARKET_CHECK_OPAQUE_MAX ids are known
 *     IDS_NONE                        row_check: by all that a row holds, and how often it came
 *
 * Where ids have no order, time stands in for it: a snapshot trade counts when the market was
 * followed before and the trade is newer than the first one seen live. Trades without an id on a
 * venue that has some are not checked.
 *
 * Internal to engine/candle. Allocates only while it grows.
 */
#ifndef REWICK_ENGINE_CANDLE_MARKET_CHECK_H
#define REWICK_ENGINE_CANDLE_MARKET_CHECK_H

#include "engine/trade/id_check.h"
#include "engine/trade/recent.h"
#include "engine/trade/row_check.h"
#include "engine/venue/venue.h"

#define MARKET_CHECK_OPAQUE_MAX 65536

struct market_check {
    enum venue_ids kind;
    union {
        struct id_check ids;
        struct recent opaque;
        struct row_check rows;
    };
    bool live; /* a trade that is no snapshot was seen; unless id_check knows */
    int64_t first_live_ns;
};

void market_check_init(struct market_check *check, enum venue_ids kind);
void market_check_release(struct market_check *check);

/* `seq` is the record that holds the trade. Its source time must not be ID_NOT_MISSING. ERR_NOMEM.
 */
enum err market_check_see(struct market_check *check, const struct trade *trade,
                          uint32_t connection, uint64_t seq, struct id_finding *out) ERR_MUST_CHECK;

/* The hole that the last trade has shown belongs to no window; see id_check_disown(). */
void market_check_disown(struct market_check *check);

#endif
