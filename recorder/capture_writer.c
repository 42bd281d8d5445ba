#include "recorder/capture_writer.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX   256 /* records between two looks at the clock */
#define LOOK_NS_MAX (50 * NS_PER_MS)

struct capture_writer {
    struct capture_writer_options options;
    struct subscription_watch *watch;
    struct venue_frame frame;

    /* the tape; the thread's alone */
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
    bool ended;        /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t progress;
    pthread_t thread;
};

/* ---- a record ------------------------------------------------------------------------------- */

static const struct venue *venue_of(const struct capture_writer *writer,
                                    const struct record *record)
{
    const struct old_plan *plan = writer->options.plan;
    for (size_t i = 0; i < plan->venue_count; i++)
        if (plan->venues[i].venue->name == record->venue)
            return plan->venues[i].venue;
    return NULL;
}

/* What cannot be decoded has no source time and goes on the tape all the same. */
static const struct venue_frame *decode(struct capture_writer *writer, struct record *record)
{
    const struct venue *venue = venue_of(writer, record);
    writer->frame.connection = record->connection;
    if (record->type != RECORD_RECEIVED || !venue ||
        venue->decode(record->data, record->size, &writer->frame) != ERR_OK)
        return NULL;
    record->source_ns = writer->frame.source_ns;
    return &writer->frame;
}

static enum err take(struct capture_writer *writer, struct record *record)
{
    const struct venue_frame *frame = decode(writer, record);
    enum err err = tape_writer_append(writer->options.tape, record);
    if (err)
        return err;
    writer->newest_mono_ns = record->mono_ns;
    if (writer->oldest_mono_ns == 0)
        writer->oldest_mono_ns = record->mono_ns;
    subscription_watch_see(writer->watch, record, frame);
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
    uint64_t written = tape_writer_written_seq(writer->options.tape);
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
    enum err err = ERR_OK;
    if (atomic_exchange(&writer->hurry, false))
        err = tape_writer_flush(writer->options.tape);
    if (!err)
        err = tape_writer_work(writer->options.tape, clock_mono_ns());
    publish_written(writer);
    return err;
}

static void look_at_subscriptions(struct capture_writer *writer)
{
    int64_t now_ns = clock_mono_ns(), data_ns = subscription_watch_data_ns(writer->watch);
    subscription_watch_work(writer->watch, now_ns);
    if (subscription_watch_all_refused(writer->watch, now_ns, NULL))
        record_control_stop(writer->options.control, STOP_REFUSED);
    int64_t limit_ns = writer->options.until_silent_ns;
    if (limit_ns > 0 && data_ns > 0 && now_ns - data_ns >= limit_ns)
        record_control_stop(writer->options.control, STOP_SILENCE);
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Takes what is there. QUEUE_RECORD: more may be there already. */
static enum record_queue_state take_batch(struct capture_writer *writer, int64_t wait_ns)
{
    struct record record;
    enum record_queue_state state = QUEUE_RECORD;
    for (int i = 0; i < BATCH_MAX && !writer->err; i++) {
        state = record_queue_peek(writer->options.in, &record, i == 0 ? wait_ns : 0);
        if (state != QUEUE_RECORD)
            break;
        writer->err = take(writer, &record);
        if (!writer->err)
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

static void on_failure(struct capture_writer *writer)
{
    snprintf(writer->err_text, sizeof writer->err_text, "%s", err_text(writer->err));
    record_control_stop(writer->options.control, STOP_TAPE);
    publish_written(writer);
    pthread_mutex_lock(&writer->mutex);
    writer->ended = true;
    pthread_cond_broadcast(&writer->progress);
    pthread_mutex_unlock(&writer->mutex);
    record_queue_end(writer->options.engine);
    writer->lost = atomic_load(&writer->appended) - atomic_load(&writer->written);
    count_the_lost(writer);
}

static void close_tape(struct capture_writer *writer)
{
    struct tape_writer *tape = writer->options.tape;
    uint64_t last_seq = tape_writer_next_seq(tape) - 1;
    writer->stats.records = last_seq + 1 - writer->first_seq;
    if (writer->err)
        writer->stats.records = tape_writer_written_seq(tape) + 1 - writer->first_seq;
    writer->stats.bytes = tape_writer_bytes(tape);
    writer->options.tape = NULL;
    enum err err = tape_writer_close(tape);
    if (!writer->err && err) {
        writer->err = err;
        snprintf(writer->err_text, sizeof writer->err_text, "%s", err_text(err));
    }
    pthread_mutex_lock(&writer->mutex);
    if (!writer->err)
        atomic_store(&writer->written, last_seq);
    writer->ended = true;
    pthread_cond_broadcast(&writer->progress);
    pthread_mutex_unlock(&writer->mutex);
    record_queue_end(writer->options.engine);
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
        look_at_subscriptions(writer);
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
        tape_writer_abandon(options->tape);
        return err_fail(ERR_NOMEM, "out of memory for the tape's thread");
    }
    writer->options = *options;
    writer->first_seq = tape_writer_next_seq(options->tape);
    atomic_init(&writer->appended, writer->first_seq - 1);
    atomic_init(&writer->written, writer->first_seq - 1);
    venue_frame_init(&writer->frame);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->progress, &attr);
    pthread_condattr_destroy(&attr);
    enum err err = subscription_watch_new(&writer->watch, options->plan);
    if (!err && pthread_create(&writer->thread, NULL, run, writer) != 0)
        err = err_fail(ERR_IO, "cannot start the tape's thread");
    if (err) {
        tape_writer_abandon(options->tape);
        capture_writer_free(writer);
        return err;
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
    subscription_watch_free(writer->watch);
    venue_frame_release(&writer->frame);
    pthread_cond_destroy(&writer->progress);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}

/* ---- progress ------------------------------------------------------------------------------- */

uint64_t capture_writer_appended(const struct capture_writer *writer)
{
    return atomic_load(&writer->appended);
}

uint64_t capture_writer_written(const struct capture_writer *writer)
{
    return atomic_load(&writer->written);
}

bool capture_writer_wait(struct capture_writer *writer, uint64_t seq, int64_t wait_ns)
{
    if (capture_writer_written(writer) >= seq)
        return true;
    atomic_store(&writer->hurry, true);
    record_queue_wake(writer->options.in);
    int64_t until_ns = clock_mono_ns() + wait_ns;
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    pthread_mutex_lock(&writer->mutex);
    int rc = 0;
    while (rc == 0 && !writer->ended && atomic_load(&writer->written) < seq)
        rc = pthread_cond_timedwait(&writer->progress, &writer->mutex, &until);
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

void capture_writer_stats(const struct capture_writer *writer, struct capture_writer_stats *out)
{
    *out = writer->stats;
}

const struct subscription_watch *capture_writer_watch(const struct capture_writer *writer)
{
    return writer->watch;
}
