/*
 * sim_run: a whole recorder (conductor, watch, tape, engine: the code of `rewick record` without
 * its threads and sockets) in a simulated world, then a replay of what it wrote.
 */
#ifndef REWICK_TESTS_SIM_SIM_RUN_H
#define REWICK_TESTS_SIM_SIM_RUN_H

#include "engine/base/io.h"
#include "tests/sim/sim_world.h"

struct sim_run_options {
    struct sim_world_options world;
    const struct io *io;
    const char *path;
    int64_t length_ns; /* trading time */
    int64_t calm_ns;   /* then, without misfortune, until everything that can be repaired is */
    unsigned redundancy;
    size_t queue_bytes;
    unsigned stall; /* odds in a million that the tape's side stops for a while, per look */
    uint64_t segment_bytes;
};

struct sim_result {
    struct sim_truth live, replay;
    uint64_t frames, gap_frames, gap_records,
        dropped; /* on the tape; by the recorder's own count */
    uint64_t records, lost, changeovers, opened, fetches;
    uint64_t not_repaired, possible;
    char live_digest[65], replay_digest[65];
    uint64_t closed; /* candles */
};

void sim_run(const struct sim_run_options *options, struct sim_result *out);

#endif
