/*
 * simulate_style: the wire form of each venue's frames, written by hand from integers: member
 * order, digits, how many trades share a frame and in what order, snapshots, heartbeats, a second
 * channel that is no trades. What the venue answers to requests comes from venue->serving, as it
 * does in `rewick serve`.
 */
#ifndef REWICK_REPLAYER_SIMULATE_STYLE_H
#define REWICK_REPLAYER_SIMULATE_STYLE_H

#include "engine/base/buf.h"
#include "replayer/simulate_market.h"

#define SIMULATE_FRAME_TRADES_MAX 128

/* One frame to be written. */
struct simulate_frame {
    struct simulate_market *market; /* its sequence number moves */
    const char *channel;
    const struct simulate_trade *trades[SIMULATE_FRAME_TRADES_MAX]; /* oldest first, at least one */
    size_t count;
    bool snapshot;     /* sent because the client subscribed */
    bool combined;     /* binance: in {"stream":...,"data":...} */
    int64_t venue_ns;  /* the venue's clock */
    uint64_t sequence; /* of the connection, from 0 */
    struct rng *rng;
};

enum simulate_grouping {
    GROUP_SINGLE, /* a frame per trade (or per aggregate on an aggregated channel) */
    GROUP_ORDER,  /* the trades of one order share a frame */
    GROUP_BATCH,  /* all trades of an instrument within batch_ns share a frame */
};

typedef enum err simulate_write_fn(const struct simulate_frame *frame, struct buf *out);

struct simulate_style {
    const char *venue;
    const char *instruments; /* what is simulated unless the user says otherwise */
    bool coarse_price, coarse_quantity;
    bool fine_quantity; /* eight digits */
    bool contracts;     /* quantities are contracts: 100 dollars each for BTC, 10 for others */
    int64_t tick;       /* of BTC's price, in last digits; others have 1 */
    int64_t precision_ns;
    const char
        *off_book_channel; /* where rows that are no trades of the book turn up; NULL: none */
    enum simulate_grouping grouping;
    int64_t batch_ns;
    size_t snapshot_max; /* trades sent on subscribing; 0: none */
    bool snapshot_before_ack;
    const char *book_channel; /* top of book; recorded when the venue's recording knows it */
    const char *heartbeat_channel;
    bool heartbeat_each_symbol;
    bool heartbeat_when_idle; /* only in seconds in which nothing else is sent */
    simulate_write_fn *trades, *book, *heartbeat; /* heartbeat NULL: none */
};

/* By the venue's name; NULL: this venue cannot be simulated. */
const struct simulate_style *simulate_style_find(const char *venue);
/* Index 0, 1, ...; NULL behind the last. */
const struct simulate_style *simulate_style_at(size_t index);

bool simulate_channel_aggregates(const char *channel);

/* Exact decimal text of `value` units of the last of `digits` digits, written with `wire` digits
 * (more are filled with zeros), or with as few as it needs when wire < 0. */
size_t simulate_number(char text[DECIMAL_TEXT_MAX], int64_t value, int digits, int wire);
/* RFC 3339 in UTC with `digits` fraction digits, or with as few as it needs of 9 when digits < 0.
 */
size_t simulate_time(char text[TIME_TEXT_MAX], int64_t time_ns, int digits);

#endif
