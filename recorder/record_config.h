/*
 * record_config: the engine settings of a run. A tape has one set for ever, because its candles are
 * to be the same whenever they are made; so a new tape takes what was asked for, and on an existing
 * one the tape's own settings hold and asking for others is refused.
 */
#ifndef REWICK_RECORDER_RECORD_CONFIG_H
#define REWICK_RECORDER_RECORD_CONFIG_H

#include "engine/base/io.h"
#include "engine/engine_options.h"

/* Reads the settings of the tape at `path`, if there is one. ERR_USAGE: the wish is no good, or the
 * tape has others (the text says which). A tape that cannot be read is left for tape_writer_open()
 * to judge. */
enum err record_config_make(struct engine_config *out, const struct engine_options *wish,
                            const struct io *io, const char *path) ERR_MUST_CHECK;

#endif
