/* recorder_commands: the subcommands around capture: record, status, instruments. */
#ifndef REWICK_RECORDER_RECORDER_COMMANDS_H
#define REWICK_RECORDER_RECORDER_COMMANDS_H

#include "engine/base/options.h"

extern const struct command command_record;
extern const struct command command_status;
extern const struct command command_instruments;

#endif
