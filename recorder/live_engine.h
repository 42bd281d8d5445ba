/*
 * live_engine: the thread that makes candles while recording. It feeds the engine with exactly the
 * records on the tape, in order, and hands the candles to the outputs.
 *
 * Records come from the writer through a bounded queue. What is not in the queue, because the queue
 * was full or because the tape is older than this run, is read from the tape itself. So a slow
 * output never slows down capture and never loses a candle, and after a restart the engine is
 * rebuilt from the start of the tape.
 *
 * Outputs are told to commit only what the tape has written: no database ever holds a candle whose
 * frames a kill could take away.
 *
 * When an output fails, candles end and capture goes on; live_engine_join() gives the error.
 */
#ifndef REWICK_RECORDER_LIVE_ENGINE_H
#define REWICK_RECORDER_LIVE_ENGINE_H

#include "engine/base/io.h"
#include "engine/engine.h"
#include "engine/sink/outputs.h"
#include "recorder/capture_writer.h"

/* Outputs commit about this often, or once per flush bound when that is longer. */
#define LIVE_ENGINE_COMMIT_NS (INT64_C(100) * 1000000)

struct live_engine;

struct live_engine_options {
    const struct io *io;
    const char *tape_path;
    const struct engine_config *config;
    struct outputs *outputs;       /* borrowed; this thread's until joined */
    struct record_queue *queue;    /* what the writer offers */
    struct capture_writer *writer; /* must outlive it */
    int64_t commit_ns;
    bool forming_last; /* show candles that are still forming at the end */
};

enum err live_engine_start(struct live_engine **out,
                           const struct live_engine_options *options) ERR_MUST_CHECK;
/* Waits until every record of the tape is done, at most `wait_ns` long. False: not done yet. */
bool live_engine_wait(struct live_engine *live, int64_t wait_ns);
/* Waits for the end of the thread. */
enum err live_engine_join(struct live_engine *live) ERR_MUST_CHECK;
void live_engine_free(struct live_engine *live); /* after joining; accepts NULL */

/* Any thread: records not yet fed. */
uint64_t live_engine_behind(const struct live_engine *live);

struct live_engine_stats {
    struct engine_stats engine;
    uint64_t closed;    /* candles closed */
    uint64_t corrected; /* corrections */
    uint64_t from_tape; /* records read from the tape instead of the queue */
};
/* After joining. */
void live_engine_stats(const struct live_engine *live, struct live_engine_stats *out);

#endif
