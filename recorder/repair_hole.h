/*
 * repair_hole: one hole in the trades of a market, and how far the venue's answers have come in it.
 *
 *     ids      |  seen  |///// missing /////|  seen  |      a range of skipped ids
 *     tail     |  seen  |/////////// ...                    everything since the newest id
 *     time     |  last before |//////////| first after |    ids say nothing
 *
 * An answer takes off the hole what it covers, from the side from which the venue answers, whether
 * it held all of it or not; a round ends when nothing is left to ask for or an answer brings
 * nothing on. What is still missing then is asked for in another round, because sources lag behind;
 * then it is given up.
 *
 * Pure; plain data.
 */
#ifndef REWICK_RECORDER_REPAIR_HOLE_H
#define REWICK_RECORDER_REPAIR_HOLE_H

#include "engine/base/buf.h"
#include "engine/venue/venue.h"
#include "recorder/market_ids.h"

#define REPAIR_HOLE_ROUNDS_MAX 2
#define REPAIR_HOLE_WHY_MAX    256

enum hole_kind { HOLE_IDS, HOLE_TAIL, HOLE_TIME };

struct repair_hole {
    enum hole_kind kind;
    struct id_range ids; /* HOLE_TAIL: up to UINT64_MAX */
    int64_t from_ns, to_ns;
    /* what is still to be asked for in this round */
    struct id_range ask;
    int64_t ask_from_ns, ask_to_ns;
    bool whole; /* HOLE_TIME: the answers begin at its beginning */
    unsigned rounds, tries, pages;
    uint64_t fetched;
    char why[REPAIR_HOLE_WHY_MAX]; /* why it is given up */
};

/* What an answer holds of a market. */
struct hole_page {
    size_t rows, numbered; /* numbered: rows with ids */
    struct id_range ids;
    int64_t first_ns, last_ns;
};

enum hole_step {
    HOLE_MORE,  /* ask on */
    HOLE_AGAIN, /* ask for what is left, later */
    HOLE_DONE,
    HOLE_GIVE_UP,
};

void repair_hole_ids(struct repair_hole *hole, struct id_range ids, int64_t from_ns, int64_t to_ns);
void repair_hole_tail(struct repair_hole *hole, uint64_t first_id, int64_t from_ns, int64_t to_ns);
void repair_hole_time(struct repair_hole *hole, int64_t from_ns, int64_t to_ns);

/* A hole that was open ends before this trade. */
void repair_hole_end(struct repair_hole *hole, struct id_range ids, int64_t time_ns);
bool repair_hole_has(const struct repair_hole *hole, struct id_range ids);
bool repair_hole_is_filled(const struct repair_hole *hole, const struct market_ids *ids);

/* Fills ids and times of the next question. False: nothing is left to ask for in this round. */
bool repair_hole_question(const struct repair_hole *hole, const struct market_ids *ids,
                          struct venue_hole *out);
void hole_page_add(struct hole_page *page, const struct trade *trade);
/* The rows of the page have been seen by `ids`. */
enum hole_step repair_hole_take(struct repair_hole *hole, const struct market_ids *ids,
                                const struct hole_page *page, const struct venue_rest *rest);
/* There is no question in this round: a next one, or the end. */
enum hole_step repair_hole_next_round(struct repair_hole *hole, const struct market_ids *ids,
                                      const struct venue_rest *rest);

/* The data of the RECORD_GAP that tells it; replaces what `out` holds. */
enum err repair_hole_tell(const struct repair_hole *hole, const struct market_ids *ids,
                          const struct instrument *instrument, struct buf *out) ERR_MUST_CHECK;

#endif
