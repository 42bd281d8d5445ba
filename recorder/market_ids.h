/*
 * market_ids: what is known of one market's trades: which have been seen, which are missing, the
 * newest.
 *
 *     trades -> id_check (contiguous ids)   -> missing ids, exactly
 *            -> the last few (all others)   -> new or not, as far back as those go
 *
 * Pure. Allocates only while the number of holes grows.
 */
#ifndef REWICK_RECORDER_MARKET_IDS_H
#define REWICK_RECORDER_MARKET_IDS_H

#include "engine/trade/id_check.h"
#include "engine/trade/trade.h"
#include "engine/venue/venue.h"

#define MARKET_IDS_LAST 64

struct market_ids {
    bool contiguous;
    bool known;        /* a trade has been seen or recalled */
    bool recalled;     /* of an older session: newest_id stands for all below */
    int64_t newest_ns; /* source time of the newest trade */
    uint64_t newest_id;
    struct id_check check;
    uint64_t *last; /* owned; a ring of MARKET_IDS_LAST keys; NULL when ids are contiguous */
    size_t last_count;
};

/* What one trade says. Ranges are inclusive. */
struct market_news {
    bool is_new;
    struct id_range ids;
    uint64_t filled; /* ids that are no longer missing */
    /* Ids that it showed to be missing, and the time of the trade below them. */
    uint64_t missing;
    struct id_range missing_ids;
    int64_t below_ns;
    /* Ids of which there is no track any more. */
    uint64_t lost;
    struct id_range lost_ids;
};

/* ERR_NOMEM. */
enum err market_ids_init(struct market_ids *ids, enum venue_ids kind) ERR_MUST_CHECK;
void market_ids_release(struct market_ids *ids); /* accepts a zeroed one */

/* A trade of an older session: only the newest is kept. */
void market_ids_recall(struct market_ids *ids, const struct trade *trade);
enum err market_ids_see(struct market_ids *ids, const struct trade *trade,
                        struct market_news *out) ERR_MUST_CHECK;

/* The lowest and the highest id in the range that has not been seen; false: there is none. Only for
 * contiguous ids. */
bool market_ids_lowest(const struct market_ids *ids, struct id_range range, uint64_t *out);
bool market_ids_highest(const struct market_ids *ids, struct id_range range, uint64_t *out);
/* How many of them. */
uint64_t market_ids_count(const struct market_ids *ids, struct id_range range);

#endif
