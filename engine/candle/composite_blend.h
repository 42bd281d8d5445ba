/*
 * composite_blend: the candle of a composite from its members' candles of one window: who takes
 * part, and the values. docs/candles.md, "Composites", has the rules. Pure.
 *
 *     candle of each member -> composite_part -> COMPOSITE_BLEND -> values, contributions
 *
 * Internal to engine/candle.
 */
#ifndef REWICK_ENGINE_CANDLE_COMPOSITE_BLEND_H
#define REWICK_ENGINE_CANDLE_COMPOSITE_BLEND_H

#include "engine/candle/composite.h"

enum part_price { PART_OPEN, PART_HIGH, PART_LOW, PART_CLOSE, PART_PRICES };
enum part_volume {
    PART_VOLUME,
    PART_QUOTE_VOLUME,
    PART_TAKER_BUY_VOLUME,
    PART_TAKER_BUY_QUOTE_VOLUME,
    PART_VOLUMES
};
enum part_count {
    PART_TRADES,
    PART_MISSING,
    PART_DUPLICATES,
    PART_LATE,
    PART_OUT_OF_ORDER,
    PART_BACKFILLED,
    PART_MALFORMED,
    PART_DROPPED,
    PART_SUSPECT,
    PART_COUNTS
};

/* What is kept of a member's candle that has a trade. Plain data. */
struct composite_part {
    struct composite_part *next; /* of the same window, by member; or of the free ones */
    size_t member;               /* its place in the order of members */
    const char *venue, *symbol;
    struct decimal prices[PART_PRICES];
    struct decimal volumes[PART_VOLUMES]; /* these and vwap: not with the flag CANDLE_OVERFLOW */
    struct decimal vwap;
    uint64_t counts[PART_COUNTS];
    int64_t first_trade_ns, last_trade_ns;
    uint64_t first_seq, last_seq;
    uint32_t connected_ppm;
    uint32_t flags;
    bool has_connected;
    uint8_t score;
};

/* Values of the candle; the rest of the part stays. */
void composite_part_set(struct composite_part *part, const struct candle *candle);

/* parts: 1 .. CONTRIBUTIONS_MAX, by member. Sets the values, the quality, trade times and records
 * of *out, and contribution_count and contributions, which are put into `contributions`; the caller
 * sets identity, state, source and what is about the update. */
void composite_blend(const struct composite_config *config, enum composite_method method,
                     const struct composite_part *const *parts, size_t count, struct candle *out,
                     struct contribution contributions[CONTRIBUTIONS_MAX]);

#endif
