/*
 * lane_rules: to which lane of a sealed segment a record belongs, and which lanes candles need.
 *
 * A frame's lane is what its venue's decoder calls it: trades; market data of other channels; all
 * else is talk. Candles need everything but market data of other channels: not one byte of these is
 * looked at when candles are built, in live segments either, so sealing changes no candle.
 */
#ifndef REWICK_ENGINE_LANE_RULES_H
#define REWICK_ENGINE_LANE_RULES_H

#include "engine/base/err.h"
#include "engine/tape/tape_lane.h"

/* Goes up when a decoder calls a frame something else than it did before. */
#define LANE_RULES 1

struct lane_rules;

enum err lane_rules_new(struct lane_rules **out) ERR_MUST_CHECK;
void lane_rules_free(struct lane_rules *rules); /* accepts NULL */

/* tape_lane_judge.judge, with a lane_rules as `arg`. Never fails because of what a record holds.
 * Frames of routed venues (venue.h) whose connection was opened before the first record that was
 * judged are talk. */
enum err lane_rules_judge(const struct record *record, struct tape_lane *out, void *arg);

/* tape_reader_options.wants of who builds candles; `arg` is not used. */
bool lane_rules_for_candles(const struct tape_lane *lane, bool before, void *arg);

#endif
