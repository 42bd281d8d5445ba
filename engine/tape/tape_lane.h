/*
 * tape_lane: what the records of one block of a sealed segment have in common, and who may want
 * them.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_LANE_H
#define REWICK_ENGINE_TAPE_TAPE_LANE_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>

#define LANE_TEXT_MAX 64 /* bytes of a channel's or symbol's name, NUL included */

/* Written to disk: never renumber. */
enum lane_role {
    LANE_CONTROL = 0, /* everything that is no received frame */
    LANE_TALK = 1,    /* received: answers, heartbeats, status, what is malformed or unknown */
    LANE_TRADES = 2,  /* received: trades */
    LANE_MARKET = 3,  /* received: market data of other channels */
    /* Of records in live segments, whose frames nobody has looked at. Not on disk. */
    LANE_UNJUDGED = 255,
};

struct tape_lane {
    enum record_type type;
    enum lane_role role;
    /* By which rules role, channel and symbol were found: rules change when a decoder learns to
     * understand a frame otherwise. Who reads by lanes must read all received frames of lanes that
     * were judged by other rules than its own. */
    uint16_t rules;
    char venue[RECORD_VENUE_MAX];
    char channel[LANE_TEXT_MAX]; /* the venue's word; "" when there is none */
    char symbol[LANE_TEXT_MAX];  /* the venue's spelling; "" when there is none or several */
};

/* "control", "talk", "trades", "market", "unjudged". */
const char *lane_role_name(enum lane_role role);

/* "binance trade BTCUSDT", "binance tick", for people. */
#define TAPE_LANE_TEXT_MAX (RECORD_VENUE_MAX + 2 * LANE_TEXT_MAX)
void tape_lane_text(char out[TAPE_LANE_TEXT_MAX], const struct tape_lane *lane);

/* Says to which lane a record of a live segment belongs: fills role, rules, channel and symbol of
 * `out`; type and venue are the record's. Records come in their order, all of a tape from its
 * beginning on, or of a segment. See engine/lane_rules.h. */
struct tape_lane_judge {
    enum err (*judge)(const struct record *record, struct tape_lane *out, void *arg);
    void *arg;
};

#endif
