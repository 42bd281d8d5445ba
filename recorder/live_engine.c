#include "recorder/live_engine.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/tape/tape_reader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_NS    (20 * NS_PER_MS)
#define TAPE_BATCH 256 /* records read from the tape between two looks at the queue */

struct live_engine {
    struct live_engine_options options;
    struct engine *engine;
    struct tape_reader *reader; /* open while records are read from the tape */
    bool doubted;               /* it was opened anew since the last record came from it */
    bool fresh;                 /* the record being fed came through the queue */
    _Atomic uint64_t fed;       /* last record fed */
    uint64_t committed;
    int64_t committed_ns;
    bool tape_failed;
    struct live_engine_stats stats;
    enum err err;
    char err_text[ERR_TEXT_MAX];
    pthread_mutex_t mutex;
    pthread_cond_t done_cond;
    bool done;
    pthread_t thread;
};

static void on_candle(const struct candle *candle, void *arg)
{
    struct live_engine *live = arg;
    live->stats.closed += candle->state == CANDLE_CLOSED;
    live->stats.corrected += candle->state == CANDLE_CORRECTED;
    outputs_candle(candle, live->options.outputs);
}

/* The monotonic clock of a record that was read from the tape may be that of another boot. */
static int64_t on_now(void *arg)
{
    const struct live_engine *live = arg;
    return live->fresh ? clock_mono_ns() : INT64_MIN;
}

static void on_health(const struct health_report *report, void *arg)
{
    struct live_engine *live = arg;
    outputs_health(report, live->options.outputs);
}

static void on_note(const char *text, void *arg)
{
    (void)arg;
    log_warn("%s", text);
}

/* ---- committing ----------------------------------------------------------------------------- */

/* Waits until the tape has written all that was fed. False: it never will. */
static bool wait_for_tape(struct live_engine *live, uint64_t seq)
{
    while (!capture_writer_wait(live->options.writer, seq, 100 * NS_PER_MS))
        if (capture_writer_ended(live->options.writer))
            return capture_writer_written(live->options.writer) >= seq;
    return true;
}

static enum err commit(struct live_engine *live, bool final)
{
    uint64_t fed = atomic_load(&live->fed);
    if (!wait_for_tape(live, fed)) {
        live->tape_failed = true; /* the writer tells why */
        return ERR_END;
    }
    enum err err = outputs_commit(live->options.outputs, fed, final);
    live->committed = fed;
    live->committed_ns = clock_mono_ns();
    return err;
}

static enum err commit_if_due(struct live_engine *live)
{
    if (live->committed == atomic_load(&live->fed) ||
        clock_mono_ns() - live->committed_ns < live->options.commit_ns)
        return ERR_OK;
    return commit(live, false);
}

/* ---- feeding -------------------------------------------------------------------------------- */

static enum err feed(struct live_engine *live, const struct record *record)
{
    enum err err = engine_feed(live->engine, record);
    atomic_store(&live->fed, record->seq);
    return err;
}

static enum err open_reader(struct live_engine *live)
{
    struct tape_reader_options options = {.from_seq = atomic_load(&live->fed) + 1};
    if (live->reader)
        return ERR_OK;
    return tape_reader_open(&live->reader, live->options.io, live->options.tape_path, &options);
}

/* Nothing more to read now although record `fed + 1` was appended: it is in a block that is still
 * open. */
static enum err wait_for_block(struct live_engine *live, bool ended)
{
    uint64_t next = atomic_load(&live->fed) + 1;
    if (capture_writer_wait(live->options.writer, next, IDLE_NS))
        return ended ? err_fail(ERR_DAMAGED, "tape '%s' ends before record %" PRIu64,
                                live->options.tape_path, next)
                     : ERR_OK;
    live->tape_failed = ended;
    return ended ? ERR_END : ERR_OK;
}

/* After a failed sync the tape is cut back and goes on in a new segment, with the same records: to
 * a reader that was beyond the cut it looks damaged, to a new one it does not. */
static enum err doubt_reader(struct live_engine *live)
{
    tape_reader_close(live->reader);
    live->reader = NULL;
    live->doubted = true;
    return ERR_OK;
}

/* Feeds some records from the tape, none behind `last`. */
static enum err feed_from_tape(struct live_engine *live, uint64_t last)
{
    bool ended = capture_writer_ended(live->options.writer); /* before the look at the tape */
    enum err err = open_reader(live);
    for (int i = 0; !err && i < TAPE_BATCH && atomic_load(&live->fed) < last; i++) {
        struct record record;
        err = tape_reader_next(live->reader, &record);
        if (err == ERR_END)
            return wait_for_block(live, ended);
        if (err == ERR_DAMAGED && !live->doubted)
            return doubt_reader(live);
        if (!err)
            err = feed(live, &record);
        live->doubted = false;
        live->stats.from_tape += !err;
    }
    return err;
}

static enum err feed_from_queue(struct live_engine *live, const struct record *record)
{
    enum err err = ERR_OK;
    uint64_t next = atomic_load(&live->fed) + 1;
    if (record->seq > next)
        return feed_from_tape(live, record->seq - 1);
    if (record->seq == next) {
        tape_reader_close(live->reader);
        live->reader = NULL;
        live->fresh = true;
        err = feed(live, record);
        live->fresh = false;
    }
    record_queue_pop(live->options.queue);
    return err;
}

/* ERR_END: all done. */
static enum err step(struct live_engine *live)
{
    struct record record;
    /* The count before the look at the queue: see the writer. */
    uint64_t appended = capture_writer_appended(live->options.writer);
    bool behind = atomic_load(&live->fed) < appended;
    switch (record_queue_peek(live->options.queue, &record, behind ? 0 : IDLE_NS)) {
    case QUEUE_RECORD:
        return feed_from_queue(live, &record);
    case QUEUE_EMPTY:
        return behind ? feed_from_tape(live, appended) : ERR_OK;
    case QUEUE_ENDED:
        break;
    }
    appended = capture_writer_appended(live->options.writer);
    return atomic_load(&live->fed) < appended ? feed_from_tape(live, appended) : ERR_END;
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Whatever it was, capture goes on. That the reader of stdout went away is no fault. */
static void end_early(struct live_engine *live, enum err err)
{
    if (err == ERR_STOP) {
        log_warn("nobody reads stdout any more: no more candles; capture goes on");
        return;
    }
    live->err = err;
    snprintf(live->err_text, sizeof live->err_text, "%s", err_text(err));
    log_error("candles end here: %s; capture goes on, and 'rewick replay %s' makes them later",
              live->err_text, live->options.tape_path);
}

/* As a replay of the tape ends. */
static enum err finish(struct live_engine *live)
{
    enum err err = commit(live, true);
    if (err || !live->options.forming_last)
        return err;
    err = engine_each_forming(live->engine, outputs_forming, live->options.outputs);
    return err ? err : commit(live, true);
}

static void *run(void *arg)
{
    struct live_engine *live = arg;
    pthread_setname_np(pthread_self(), "rewick-engine");
    enum err err = ERR_OK;
    while (!err) {
        err = step(live);
        err = err ? err : commit_if_due(live);
    }
    if (err == ERR_END && !live->tape_failed)
        err = finish(live);
    if (err && err != ERR_END)
        end_early(live, err);
    tape_reader_close(live->reader);
    live->reader = NULL;
    pthread_mutex_lock(&live->mutex);
    live->done = true;
    pthread_cond_broadcast(&live->done_cond);
    pthread_mutex_unlock(&live->mutex);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

enum err live_engine_start(struct live_engine **out, const struct live_engine_options *options)
{
    struct live_engine *live = calloc(1, sizeof *live);
    if (!live)
        return err_fail(ERR_NOMEM, "out of memory for the engine's thread");
    live->options = *options;
    pthread_mutex_init(&live->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&live->done_cond, &attr);
    pthread_condattr_destroy(&attr);
    struct engine_outlet outlet = {
        .candle = on_candle,
        .forming = outputs_want_forming(options->outputs),
        .now = on_now,
        .tape = outputs_tape(options->outputs),
        .health = outputs_want_health(options->outputs) ? on_health : NULL,
        .note = on_note,
        .arg = live,
    };
    enum err err = engine_new(&live->engine, options->config, NULL, &outlet);
    if (!err && pthread_create(&live->thread, NULL, run, live) != 0)
        err = err_fail(ERR_IO, "cannot start the engine's thread");
    if (err) {
        live_engine_free(live);
        return err;
    }
    *out = live;
    return ERR_OK;
}

bool live_engine_wait(struct live_engine *live, int64_t wait_ns)
{
    int64_t until_ns = clock_mono_ns() + wait_ns;
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    pthread_mutex_lock(&live->mutex);
    int rc = 0;
    while (rc == 0 && !live->done)
        rc = pthread_cond_timedwait(&live->done_cond, &live->mutex, &until);
    bool done = live->done;
    pthread_mutex_unlock(&live->mutex);
    return done;
}

enum err live_engine_join(struct live_engine *live)
{
    pthread_join(live->thread, NULL);
    return live->err ? err_fail(live->err, "%s", live->err_text) : ERR_OK;
}

void live_engine_free(struct live_engine *live)
{
    if (!live)
        return;
    tape_reader_close(live->reader);
    engine_free(live->engine);
    pthread_cond_destroy(&live->done_cond);
    pthread_mutex_destroy(&live->mutex);
    free(live);
}

uint64_t live_engine_behind(const struct live_engine *live)
{
    uint64_t appended = capture_writer_appended(live->options.writer),
             fed = atomic_load(&live->fed);
    return appended > fed ? appended - fed : 0;
}

void live_engine_stats(const struct live_engine *live, struct live_engine_stats *out)
{
    *out = live->stats;
    out->engine = *engine_stats(live->engine);
}
