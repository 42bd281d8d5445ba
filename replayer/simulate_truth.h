/*
 * simulate_truth: the exact truth beside a simulated tape, for tests that build candles on their
 * own.
 *
 *   trades.csv   every trade as the market made it, in that order:
 *                venue,instrument,id,source_ns,price,quantity,taker,counted
 *                counted is 1 when a correct consumer of the tape holds it in a candle: it reached
 * the recorder while that followed the market (a snapshot after a reconnect repairs too), and it is
 * a trade of the book truth.json   seed and settings, and what went wrong on each venue
 */
#ifndef REWICK_REPLAYER_SIMULATE_TRUTH_H
#define REWICK_REPLAYER_SIMULATE_TRUTH_H

#include "replayer/simulate_feed.h"

#include <stdio.h>

struct simulate_truth {
    FILE *trades; /* NULL: no truth is written */
    char folder[4096];
};

/* Makes the folder when it is missing; `folder` NULL: every call does nothing. */
enum err simulate_truth_open(struct simulate_truth *truth, const char *folder) ERR_MUST_CHECK;
enum err simulate_truth_trade(struct simulate_truth *truth, const struct simulate_market *market,
                              const struct simulate_trade *trade) ERR_MUST_CHECK;
/* Finishes trades.csv and writes `json` to truth.json. */
enum err simulate_truth_finish(struct simulate_truth *truth, const struct buf *json) ERR_MUST_CHECK;
void simulate_truth_release(struct simulate_truth *truth);

/* "binance":{...}: settings and counts of one feed. */
enum err simulate_truth_feed(const struct simulate_feed *feed, struct buf *json) ERR_MUST_CHECK;

#endif
