/*
 * serve_past: what has been traded on a played market up to where its clients are, for questions
 * over HTTP. Players add what they pass; the one that is furthest ahead brings what is new. Trades
 * that stand on the tape as HTTP answers belong to it too: what a recorder missed can be asked for.
 *
 * Bounded: the most recent SERVE_PAST_MAX trades are known. Not thread safe.
 */
#ifndef REWICK_REPLAYER_SERVE_PAST_H
#define REWICK_REPLAYER_SERVE_PAST_H

#include "engine/tape/record.h"
#include "engine/venue/venue.h"

#define SERVE_PAST_MAX 32768

struct serve_past {
    size_t count, capacity;
    size_t next;          /* given up next, once full */
    struct trade *trades; /* owned */
    uint64_t seq;         /* newest record that was added */
};

void serve_past_release(struct serve_past *past); /* accepts a zeroed one and NULL */

/* The trades that the record holds, unless a later one has been added. ERR_NOMEM. */
enum err serve_past_add(struct serve_past *past, const struct venue_frame *frame,
                        uint64_t seq) ERR_MUST_CHECK;
/* The same for an HTTP answer; `frame` is where it is decoded. */
enum err serve_past_add_answer(struct serve_past *past, const struct venue *venue,
                               const struct instrument_list *instruments,
                               const struct record *record,
                               struct venue_frame *frame) ERR_MUST_CHECK;

/* venue_past.trades with a struct serve_past as `arg`. A trade that came more than once is given
 * once where it has an id. */
size_t serve_past_trades(const char *symbol, const struct venue_span *span, size_t max,
                         struct trade *out, void *arg);

#endif
