/* replayer_commands: the subcommands that read: replay, serve, import, simulate, tape, candles,
 * compare. */
#ifndef REWICK_REPLAYER_REPLAYER_COMMANDS_H
#define REWICK_REPLAYER_REPLAYER_COMMANDS_H

#include "engine/base/options.h"

extern const struct command command_replay;
extern const struct command command_serve;
extern const struct command command_import;
extern const struct command command_simulate;
extern const struct command command_candles;
extern const struct command command_compare;
extern const struct command command_tape_info;
extern const struct command command_tape_cat;
extern const struct command command_tape_verify;
extern const struct command command_tape_repair;
extern const struct command command_tape_seal;
extern const struct command command_tape_cut;
extern const struct command command_tape_merge;

#endif
