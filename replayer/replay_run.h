/*
 * replay_run: one run of `rewick replay`: records of a tape, at their pace, through the engine into
 * the outputs.
 *
 *     replay_stream -> [from, to) -> pacing -> engine -> outputs
 */
#ifndef REWICK_REPLAYER_REPLAY_RUN_H
#define REWICK_REPLAYER_REPLAY_RUN_H

#include "replayer/replay_settings.h"

/* Until the end of the tape or replay_stop_asked(); ERR_DAMAGED after all candles up to the damage
 * have been given out, or, with --salvage, all of them. */
enum err replay_run(const struct replay_settings *settings, const char *tape) ERR_MUST_CHECK;

#endif
