/* recorder_commands: the subcommand that captures: record. */
#ifndef REWICK_RECORDER_RECORDER_COMMANDS_H
#define REWICK_RECORDER_RECORDER_COMMANDS_H

#include "engine/base/options.h"

extern const struct command command_record;

#endif
