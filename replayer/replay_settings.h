/*
 * replay_settings: what `rewick replay` was asked for, and the engine configuration that follows
 * from it and from the tape: the first RECORD_CONFIG with bars says what the tape was recorded
 * with, options say otherwise.
 */
#ifndef REWICK_REPLAYER_REPLAY_SETTINGS_H
#define REWICK_REPLAYER_REPLAY_SETTINGS_H

#include "engine/engine_options.h"
#include "engine/sink/outputs.h"
#include "replayer/pacing.h"

#define REPLAY_LIST_BYTES_MAX (ENGINE_FILTERS_MAX * INSTRUMENT_MAX)
#define REPLAY_SCOPE_MAX      128

/* Who wants to see a run from inside. All may be NULL. */
struct replay_tap {
    /* Every candle update; the first failure ends the run. */
    enum err (*candle)(const struct candle *candle, void *arg);
    /* Every record, after the engine had it; also those before --from, from which it only learns.
     */
    enum err (*record)(const struct record *record, void *arg);
    /* The candles still forming have been given; the engine goes away. */
    void (*end)(const struct engine *engine, void *arg);
    bool forming; /* forming candles too */
    void *arg;
};

struct replay_settings {
    /* options, as given; NULL or a bound of int64_t when not */
    struct engine_options engine;
    const char *venues, *instruments, *speed;
    int64_t from_ns,
        to_ns; /* by receive time: from the first record at or after, to the first at or after */
    bool salvage, follow, verbose;
    int64_t threads; /* 0 = as many as there are processors */
    struct outputs_options outputs;
    const struct replay_tap *tap; /* borrowed; NULL: nobody */

    /* what they mean */
    struct pacing_speed pace;
    struct engine_config config;
    struct engine_filter filter; /* points into the lists */
    char venue_list[REPLAY_LIST_BYTES_MAX], instrument_list[REPLAY_LIST_BYTES_MAX];
    char scope[REPLAY_SCOPE_MAX];
};

/* The options of the command, ended by one without a name; they set `settings`. */
#define REPLAY_OPTION_COUNT (10 + ENGINE_OPTION_COUNT + OUTPUTS_OPTION_COUNT)
void replay_settings_options(struct replay_settings *settings,
                             struct option table[REPLAY_OPTION_COUNT]);

/* Everything that can be said without the tape. ERR_USAGE, ERR_UNKNOWN. */
enum err replay_settings_check(struct replay_settings *settings) ERR_MUST_CHECK;

/* Fills `config`. Reads the first records of the tape's segments until it has found one.
 * ERR_DAMAGED: a configuration that is no good. */
enum err replay_settings_configure(struct replay_settings *settings,
                                   const char *tape) ERR_MUST_CHECK;

#endif
