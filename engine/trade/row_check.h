/*
 * row_check: duplicates among the trades of a market whose venue numbers nothing.
 *
 * Rows are told apart by what they hold: time, price, quantity, side. Equal rows can be different
 * trades, so what counts is how often a row came. Connections that show the same market show the
 * same rows equally often: a row counts only when its connection has shown it more often than it
 * has been counted so far. Overlapping and redundant connections merge exactly, and equal rows of
 * one connection all count.
 *
 *     connection 1   A A B        counted   A A B
 *     connection 2     A A A                        A    its third A: one more than connection 1
 * saw
 *
 * A batch (a snapshot, an HTTP answer) may repeat what was shown before, by its own connection too:
 * it is counted for itself, and raises what its connection has shown to what it holds.
 *
 * Bounded: the most recent ROW_CHECK_ROWS_MAX different rows are known, and of each the
 * ROW_CHECK_CONNECTIONS connections that began to show it last. An older row that comes again is
 * new; of a forgotten connection the row must come anew as often as it has been counted.
 *
 * Pure; allocates only while it grows.
 */
#ifndef REWICK_ENGINE_TRADE_ROW_CHECK_H
#define REWICK_ENGINE_TRADE_ROW_CHECK_H

#include "engine/trade/recent.h"
#include "engine/trade/trade.h"

#include <stdbool.h>

#define ROW_CHECK_ROWS_MAX    16384
#define ROW_CHECK_CONNECTIONS 4

struct row_check {
    struct recent rows;
};

/* Who shows a row. */
struct row_source {
    uint32_t connection; /* 0: none, as for HTTP answers */
    uint64_t batch;      /* number of the snapshot or answer that holds it, from 1; 0: none */
};

void row_check_init(struct row_check *check);
void row_check_release(struct row_check *check); /* accepts a zeroed one */

/* *out_new: it counts. ERR_NOMEM. */
enum err row_check_see(struct row_check *check, const struct trade *trade,
                       const struct row_source *source, bool *out_new) ERR_MUST_CHECK;

#endif
