/*
 * record_call: what the command line and the configuration file of `rewick record` say. One table
 * of options serves both.
 */
#ifndef REWICK_RECORDER_RECORD_CALL_H
#define REWICK_RECORDER_RECORD_CALL_H

#include "engine/base/options.h"
#include "engine/engine_options.h"
#include "engine/sink/outputs.h"
#include "recorder/config_file.h"
#include "recorder/record_wish.h"

struct record_call {
    const char *config, *out, *ca_file, *log;
    struct record_wish_options venues;
    struct engine_options engine;
    int64_t flush_ms, sync_ms, segment_bytes, for_ns, until_silent_ns;
    int64_t keep_age_ns, keep_bytes; /* 0 = for ever */
    bool no_seal;
    struct outputs_options outputs;
    struct config_file file; /* owns texts of the others */
};

/* The file first, then the words, which go over it (lists add to it). `words` is left untouched.
 * ERR_STOP: help was printed. `call` is released by the caller in any case. */
enum err record_call_parse(struct record_call *call, const struct command *command, int count,
                           char *const *words) ERR_MUST_CHECK;
void record_call_release(struct record_call *call);

#endif
