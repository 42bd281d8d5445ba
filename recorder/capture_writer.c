#include "recorder/capture_writer.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/capture_intake.h"
#include "recorder/capture_status.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX   512
#define LOOK_NS_MAX (10 * NS_PER_MS)
/* While the tape takes nothing: how often it is asked again. */
#define PAUSE_NS (20 * NS_PER_MS)

struct capture_writer {
    struct capture_writer_options options;
    struct capture_watch *watch;
    struct capture_intake intake;
    _Atomic(const struct record_plan *) next_plan;
    uint64_t first_seq;
    int64_t newest_mono_ns; /* receive time of the newest record */
    int64_t oldest_mono_ns; /* and of the oldest one not yet written; 0 = none */
    enum err err;
    char err_text[ERR_TEXT_MAX];
    uint64_t lost; /* records that came and are not on the tape */
    struct capture_writer_stats stats;
    bool lag_warned;

    _Atomic uint64_t appended;
    _Atomic uint64_t written;
    atomic_bool hurry; /* somebody waits for what is appended */
    /* under the mutex */
    bool ended;
    bool status_wanted, status_there;
    struct buf status;
    pthread_mutex_t mutex;
    pthread_cond_t progress;
    pthread_t thread;
};

/* ---- a record ------------------------------------------------------------------------------- */

/* ERR_STOP: the tape takes nothing at the moment. */
static enum err take(struct capture_writer *writer, struct record *record)
{
    enum err err = capture_intake_take(&writer->intake, record);
    if (err)
        return err;
    writer->newest_mono_ns = record->mono_ns;
    if (writer->oldest_mono_ns == 0)
        writer->oldest_mono_ns = record->mono_ns;
    /* Offered first, counted then: who sees the count and an empty queue knows that the record is
     * on the tape only. */
    record_queue_push(writer->options.engine, record);
    atomic_store(&writer->appended, record->seq);
    return ERR_OK;
}

/* ---- the bounds ----------------------------------------------------------------------------- */

static void note_wait(struct capture_writer *writer, int64_t now_ns)
{
    int64_t waited_ns = now_ns - writer->oldest_mono_ns;
    if (waited_ns > writer->stats.wait_max_ns)
        writer->stats.wait_max_ns = waited_ns;
    if (waited_ns > writer->options.flush_ns + NS_PER_S && !writer->lag_warned) {
        writer->lag_warned = true;
        log_warn("the disk is slow: a record waited %" PRId64 " ms to be written",
                 waited_ns / NS_PER_MS);
    }
}

static void publish_written(struct capture_writer *writer)
{
    uint64_t written = tape_keeper_written_seq(writer->options.tape);
    if (written == atomic_load(&writer->written))
        return;
    if (writer->oldest_mono_ns != 0)
        note_wait(writer, clock_mono_ns());
    bool all = written >= atomic_load(&writer->appended);
    writer->oldest_mono_ns = all ? 0 : writer->newest_mono_ns;
    pthread_mutex_lock(&writer->mutex);
    atomic_store(&writer->written, written);
    pthread_cond_broadcast(&writer->progress);
    pthread_mutex_unlock(&writer->mutex);
}

static enum err keep_bounds(struct capture_writer *writer)
{
    if (atomic_exchange(&writer->hurry, false))
        tape_keeper_flush(writer->options.tape);
    enum err err = tape_keeper_work(writer->options.tape, clock_mono_ns());
    publish_written(writer);
    return err;
}

/* ---- the watch ------------------------------------------------------------------------------ */

static void answer_status(struct capture_writer *writer, struct stamp now)
{
    pthread_mutex_lock(&writer->mutex);
    if (writer->status_wanted) {
        buf_clear(&writer->status);
        enum err err = capture_status_tape(writer->options.tape, &writer->status);
        err = err ? err : buf_append_byte(&writer->status, ',');
        err = err ? err : capture_status_venues(writer->watch, now, &writer->status);
        writer->status_there = err == ERR_OK;
        writer->status_wanted = false;
        pthread_cond_broadcast(&writer->progress);
    }
    pthread_mutex_unlock(&writer->mutex);
}

static void watch(struct capture_writer *writer)
{
    struct stamp now = {.wall_ns = clock_wall_ns(), .mono_ns = clock_mono_ns()};
    capture_intake_plan(&writer->intake, atomic_load(&writer->next_plan));
    capture_watch_work(writer->watch, now);
    int64_t data_ns = capture_watch_data_ns(writer->watch);
    if (capture_watch_all_refused(writer->watch, now.mono_ns, NULL))
        record_control_stop(writer->options.control, STOP_REFUSED);
    int64_t limit_ns = writer->options.until_silent_ns;
    if (limit_ns > 0 && data_ns > 0 && now.mono_ns - data_ns >= limit_ns)
        record_control_stop(writer->options.control, STOP_SILENCE);
    answer_status(writer, now);
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Takes what is there. QUEUE_RECORD: more may be there already. */
static enum record_queue_state take_batch(struct capture_writer *writer, int64_t wait_ns)
{
    struct record record;
    enum record_queue_state state = QUEUE_RECORD;
    for (int i = 0; i < BATCH_MAX; i++) {
        state = record_queue_peek(writer->options.in, &record, i == 0 ? wait_ns : 0);
        if (state != QUEUE_RECORD)
            break;
        enum err err = take(writer, &record);
        if (err == ERR_STOP) {
            clock_sleep_until(clock_mono_ns() + PAUSE_NS);
            break;
        }
        writer->err = err;
        if (err)
            break;
        record_queue_pop(writer->options.in);
    }
    return state;
}

/* The tape has failed: the sockets are being closed; what still comes is only counted. */
static void count_the_lost(struct capture_writer *writer)
{
    struct record record;
    enum record_queue_state state;
    while ((state = record_queue_peek(writer->options.in, &record, LOOK_NS_MAX)) != QUEUE_ENDED) {
        if (state != QUEUE_RECORD)
            continue;
        writer->lost += record.type != RECORD_TICK;
        record_queue_pop(writer->options.in);
    }
}

static void end(struct capture_writer *writer, uint64_t written)
{
    pthread_mutex_lock(&writer->mutex);
    atomic_store(&writer->written, written);
    writer->ended = true;
    pthread_cond_broadcast(&writer->progress);
    pthread_mutex_unlock(&writer->mutex);
    record_queue_end(writer->options.engine);
}

static void keep_failure(struct capture_writer *writer, enum err err)
{
    if (writer->err_text[0] != '\0')
        return;
    writer->err = err;
    snprintf(writer->err_text, sizeof writer->err_text, "%s", err_text(err));
}

static void on_failure(struct capture_writer *writer)
{
    uint64_t written = tape_keeper_written_seq(writer->options.tape);
    keep_failure(writer, writer->err);
    record_control_stop(writer->options.control, STOP_TAPE);
    writer->lost = atomic_load(&writer->appended) - written;
    end(writer, written);
    count_the_lost(writer);
}

static void close_tape(struct capture_writer *writer)
{
    struct tape_keeper *tape = writer->options.tape;
    uint64_t last_seq = tape_keeper_next_seq(tape) - 1;
    uint64_t written = tape_keeper_written_seq(tape);
    writer->stats.bytes = tape_keeper_bytes(tape);
    writer->options.tape = NULL;
    enum err err = tape_keeper_close(tape);
    if (err)
        keep_failure(writer, err);
    if (!writer->err)
        written = last_seq;
    else if (writer->lost == 0)
        writer->lost = last_seq - written;
    writer->stats.records = written + 1 - writer->first_seq;
    if (!writer->ended)
        end(writer, written);
}

/* The capture queue has ended but the tape takes nothing: one more try is made on closing it, with
 * what is in memory; the rest is lost and counted. */
static bool must_end(const struct capture_writer *writer)
{
    struct tape_keeper_state state;
    if (record_control_cause(writer->options.control) == STOP_NONE)
        return false;
    tape_keeper_state(writer->options.tape, &state);
    return state.interrupted;
}

static void *run(void *arg)
{
    struct capture_writer *writer = arg;
    pthread_setname_np(pthread_self(), "rewick-tape");
    int64_t look_ns = writer->options.flush_ns / CAPTURE_WRITER_LOOKS;
    look_ns = look_ns > LOOK_NS_MAX ? LOOK_NS_MAX : look_ns;
    enum record_queue_state state = QUEUE_EMPTY;
    while (state != QUEUE_ENDED && !writer->err) {
        state = take_batch(writer, look_ns);
        if (!writer->err)
            writer->err = keep_bounds(writer);
        watch(writer);
        if (!writer->err && must_end(writer)) {
            struct tape_keeper_state kept;
            tape_keeper_state(writer->options.tape, &kept);
            writer->err = err_fail(ERR_NOSPACE, "%s", kept.why);
        }
    }
    if (writer->err)
        on_failure(writer);
    close_tape(writer);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

enum err capture_writer_start(struct capture_writer **out,
                              const struct capture_writer_options *options)
{
    struct capture_writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        (void)!tape_keeper_close(options->tape);
        return err_fail(ERR_NOMEM, "out of memory for the tape's thread");
    }
    writer->options = *options;
    writer->watch = options->watch;
    atomic_init(&writer->next_plan, options->plan);
    writer->first_seq = tape_keeper_next_seq(options->tape);
    atomic_init(&writer->appended, writer->first_seq - 1);
    atomic_init(&writer->written, writer->first_seq - 1);
    capture_intake_init(&writer->intake, options->tape, options->watch, options->plan);
    buf_init(&writer->status, CAPTURE_STATUS_BYTES_MAX);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->progress, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
        (void)!tape_keeper_close(options->tape);
        capture_writer_free(writer);
        return err_fail(ERR_IO, "cannot start the tape's thread");
    }
    *out = writer;
    return ERR_OK;
}

enum err capture_writer_join(struct capture_writer *writer)
{
    pthread_join(writer->thread, NULL);
    if (!writer->err)
        return ERR_OK;
    if (writer->lost > 0)
        return err_fail(writer->err, "%s (%" PRIu64 " had come)", writer->err_text, writer->lost);
    return err_fail(writer->err, "%s", writer->err_text);
}

void capture_writer_free(struct capture_writer *writer)
{
    if (!writer)
        return;
    capture_intake_release(&writer->intake);
    buf_release(&writer->status);
    pthread_cond_destroy(&writer->progress);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

/* ---- progress ------------------------------------------------------------------------------- */

void capture_writer_plan(struct capture_writer *writer, const struct record_plan *plan)
{
    atomic_store(&writer->next_plan, plan);
}

uint64_t capture_writer_appended(const struct capture_writer *writer)
{
    return atomic_load(&writer->appended);
}

uint64_t capture_writer_written(const struct capture_writer *writer)
{
    return atomic_load(&writer->written);
}

static struct timespec until(int64_t wait_ns)
{
    int64_t at_ns = clock_mono_ns() + wait_ns;
    return (struct timespec){.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};
}

bool capture_writer_wait(struct capture_writer *writer, uint64_t seq, int64_t wait_ns)
{
    if (capture_writer_written(writer) >= seq)
        return true;
    atomic_store(&writer->hurry, true);
    record_queue_wake(writer->options.in);
    struct timespec end_at = until(wait_ns);
    pthread_mutex_lock(&writer->mutex);
    int rc = 0;
    while (rc == 0 && !writer->ended && atomic_load(&writer->written) < seq)
        rc = pthread_cond_timedwait(&writer->progress, &writer->mutex, &end_at);
    pthread_mutex_unlock(&writer->mutex);
    return capture_writer_written(writer) >= seq;
}

bool capture_writer_ended(struct capture_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    bool ended = writer->ended;
    pthread_mutex_unlock(&writer->mutex);
    return ended;
}

enum err capture_writer_status(struct capture_writer *writer, int64_t wait_ns, struct buf *out)
{
    struct timespec end_at = until(wait_ns);
    pthread_mutex_lock(&writer->mutex);
    writer->status_wanted = true;
    writer->status_there = false;
    int rc = 0;
    while (rc == 0 && !writer->ended && writer->status_wanted)
        rc = pthread_cond_timedwait(&writer->progress, &writer->mutex, &end_at);
    enum err err = ERR_STOP;
    if (writer->status_there)
        err = buf_append(out, writer->status.data, writer->status.size);
    writer->status_wanted = false;
    pthread_mutex_unlock(&writer->mutex);
    return err;
}

void capture_writer_stats(const struct capture_writer *writer, struct capture_writer_stats *out)
{
    *out = writer->stats;
}
