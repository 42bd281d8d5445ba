/*
 * simulate_run: the whole simulation: fair prices, venues and the recorder, in one order of time,
 * onto a tape.
 *
 *     fairs -> markets -> feeds -> queue -> records -> tape
 *                  |                           |
 *                  +---- truth <--- fates -----+
 *
 * Everything follows from the options: the same options give the same records on every machine.
 * Memory is bounded by the rate and SIMULATE_WINDOW_NS, not by the length.
 */
#ifndef REWICK_REPLAYER_SIMULATE_RUN_H
#define REWICK_REPLAYER_SIMULATE_RUN_H

#include "engine/engine.h"

#define SIMULATE_VENUES_MAX      16
#define SIMULATE_INSTRUMENTS_MAX 64

struct simulate_options {
    const char *const *venues;
    size_t venue_count;
    const char *const *instruments; /* of every venue; none: each venue's own */
    size_t instrument_count;
    const char
        *channel;       /* trade channel of the venues that have it; NULL: each venue's usual one */
    const char *faults; /* "none", "some", "many" */
    uint64_t seed;
    int64_t start_ns, length_ns;
    int64_t rate;                /* trades per second and instrument, about */
    struct engine_config engine; /* written to the tape, for the replay */
    const char *tape;            /* must not exist */
    const char *truth;           /* folder, or NULL */
};

struct simulate_result {
    uint64_t records, trades, counted;
};

enum err simulate_run(const struct simulate_options *options,
                      struct simulate_result *out) ERR_MUST_CHECK;

#endif
