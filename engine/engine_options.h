/*
 * engine_options: the engine configuration that a command runs with: what the tape was recorded
 * with, or the defaults, and over that what the command line says. Recorder, replayer and simulator
 * read the same texts and look at a tape in the same way.
 */
#ifndef REWICK_ENGINE_ENGINE_OPTIONS_H
#define REWICK_ENGINE_ENGINE_OPTIONS_H

#include "engine/base/io.h"
#include "engine/base/options.h"
#include "engine/engine.h"

/* Targets of --bar, --lateness-ms, --horizon-ms and --empty. */
struct engine_options {
    struct option_list bars; /* each a list, "1s,1m"; none = not said */
    int64_t lateness_ms;     /* -1 = not said */
    int64_t horizon_ms;      /* -1 = not said */
    const char *empty;       /* "none", "carry"; NULL = not said */
};

#define ENGINE_OPTIONS_NOT_SAID ((struct engine_options){.lateness_ms = -1, .horizon_ms = -1})

/* Puts what was said over what `config` holds. ERR_USAGE with text. */
enum err engine_options_apply(const struct engine_options *options,
                              struct engine_config *config) ERR_MUST_CHECK;

/* Fills `config` from the first RECORD_CONFIG with bars among the records that a session begins
 * with, else with the defaults. A session begins a segment, so a recording that was added to an
 * import is found, too. What cannot be read (no tape there, damage) ends the search without a
 * failure: who reads the tape next reports it. `salvage` as in tape_reader_options. ERR_DAMAGED: a
 * configuration that is no good. */
enum err engine_options_from_tape(struct engine_config *config, const struct io *io,
                                  const char *path, bool salvage, bool *out_found) ERR_MUST_CHECK;

#endif
