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

/* Targets of the options. A list replaces the one of the tape as a whole; "none" alone empties it.
 */
struct engine_options {
    struct option_list bars;         /* each a list, "1s,1m"; none = not said */
    int64_t lateness_ms, horizon_ms; /* -1 = not said, as for all numbers */
    const char *empty;               /* "none", "carry"; NULL = not said */
    const char *exclude;             /* "none", "suspect"; NULL = not said */
    struct option_list mics;         /* each a list, "VENUE=MIC,..." */
    struct option_list composites;   /* "INSTRUMENT=METHOD,INSTRUMENT,..." */
    struct option_list same_quotes;  /* "FROM=TO,..." */
    int64_t composite_venues, composite_stale_ms, composite_score, composite_outlier_ppm;
};

#define ENGINE_OPTIONS_NOT_SAID                                                                    \
    ((struct engine_options){.lateness_ms = -1,                                                    \
                             .horizon_ms = -1,                                                     \
                             .composite_venues = -1,                                               \
                             .composite_stale_ms = -1,                                             \
                             .composite_score = -1,                                                \
                             .composite_outlier_ppm = -1})

/* How many entries engine_options_table() fills: the same for every command, --bar first. */
#define ENGINE_OPTION_COUNT 12
void engine_options_table(struct engine_options *options, struct option table[ENGINE_OPTION_COUNT]);

/* Puts what was said over what `config` holds. ERR_USAGE with text. */
enum err engine_options_apply(const struct engine_options *options,
                              struct engine_config *config) ERR_MUST_CHECK;

/* Appends the options that say what `config` holds, "--bar 1s,1m --lateness-ms 500 --horizon-ms
 * 600000 --empty none", and the others where they differ from the defaults. */
enum err engine_options_write(const struct engine_config *config, struct buf *out) ERR_MUST_CHECK;

/* Fills `config` from the first RECORD_CONFIG with bars among the records that a session begins
 * with, else with the defaults. A session begins a segment, so a recording that was added to an
 * import is found, too. What cannot be read (no tape there, damage) ends the search without a
 * failure: who reads the tape next reports it. `salvage` as in tape_reader_options. ERR_DAMAGED: a
 * configuration that is no good. */
enum err engine_options_from_tape(struct engine_config *config, const struct io *io,
                                  const char *path, bool salvage, bool *out_found) ERR_MUST_CHECK;

#endif
