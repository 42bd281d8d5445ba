#include "recorder/tape_sealer.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/lane_rules.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_seal.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct tape_sealer {
    struct tape_sealer_options options;
    struct lane_rules *rules;
    uint32_t newest; /* segment, at the last look; 0: not looked yet */
    bool due;        /* there may be something to seal */
    bool space_told;
    char told[ERR_TEXT_MAX]; /* the last warning */

    atomic_bool stop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct tape_sealer_stats stats; /* under the mutex */
};

/* ---- the lowest priority --------------------------------------------------------------------- */

/* linux/ioprio.h is not everywhere. */
#define IOPRIO_WHO_THREAD  1
#define IOPRIO_CLASS_IDLE  3
#define IOPRIO_CLASS_SHIFT 13

/* Where the system does not grant it, the thread runs as any other. */
static void take_lowest_priority(void)
{
    const struct sched_param param = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &param);
#ifdef SYS_ioprio_set
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_THREAD, 0, IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT);
#endif
}

/* On a busy machine it would else take long to notice that it must stop. */
static void give_normal_priority(pthread_t thread)
{
    const struct sched_param param = {0};
    (void)pthread_setschedparam(thread, SCHED_OTHER, &param);
}

/* ---- sealing --------------------------------------------------------------------------------- */

static bool has_space(const struct tape_sealer *sealer)
{
    const struct tape_sealer_options *options = &sealer->options;
    uint64_t free_bytes = 0, total_bytes = 0;
    return !options->space || !options->space(options->arg, &free_bytes, &total_bytes) ||
           free_bytes >= TAPE_SEALER_RESERVE + options->segment_bytes;
}

static bool must_stop(void *arg)
{
    struct tape_sealer *sealer = arg;
    return atomic_load(&sealer->stop) || !has_space(sealer);
}

static void note_sealed(uint32_t segment, uint64_t live_bytes, uint64_t sealed_bytes, void *arg)
{
    struct tape_sealer *sealer = arg;
    (void)segment;
    pthread_mutex_lock(&sealer->mutex);
    sealer->stats.sealed++;
    sealer->stats.live -= sealer->stats.live > 0;
    sealer->stats.now++;
    sealer->stats.live_bytes += live_bytes;
    sealer->stats.sealed_bytes += sealed_bytes;
    pthread_mutex_unlock(&sealer->mutex);
}

static void tell_space(struct tape_sealer *sealer)
{
    if (!sealer->space_told)
        log_warn("finished segments of tape '%s' are not sealed: the disk has too little room; "
                 "they are when it has more",
                 sealer->options.path);
    sealer->space_told = true;
}

/* Each fault once, however often it is met. */
static void tell_failure(struct tape_sealer *sealer, enum err err)
{
    const char *text = err_text(err);
    if (err == ERR_LOCKED || strncmp(sealer->told, text, sizeof sealer->told - 1) == 0)
        return;
    snprintf(sealer->told, sizeof sealer->told, "%s", text);
    log_warn("%s", text);
}

/* One more than the newest that was seen is there. */
static bool has_rotated(const struct tape_sealer *sealer)
{
    const struct io *io = sealer->options.io;
    char name[TAPE_NAME_SIZE];
    struct io_file *file = NULL;
    tape_segment_name(name, sealer->newest + 1);
    char *path = tape_path_join(sealer->options.path, name);
    bool there = path && io->open(io->self, &file, path, IO_READ) == ERR_OK;
    io->close(file);
    free(path);
    return there;
}

static enum err look_at_folder(struct tape_sealer *sealer)
{
    struct tape_folder folder = {0};
    enum err err = tape_folder_list(&folder, sealer->options.io, sealer->options.path, 0);
    if (!err && folder.count > 0)
        sealer->newest = folder.numbers[folder.count - 1];
    tape_folder_release(&folder);
    return err;
}

static void note_result(struct tape_sealer *sealer, const struct tape_seal_result *result)
{
    pthread_mutex_lock(&sealer->mutex);
    sealer->stats.sealed = result->already + result->sealed;
    sealer->stats.live = result->left;
    pthread_mutex_unlock(&sealer->mutex);
}

static void seal(struct tape_sealer *sealer)
{
    const struct tape_seal_options options = {
        .judge = {lane_rules_judge, sealer->rules},
        .stop = must_stop,
        .sealed = note_sealed,
        .arg = sealer,
    };
    struct tape_seal_result result;
    enum err err = look_at_folder(sealer);
    err = err ? err : tape_seal(sealer->options.io, sealer->options.path, &options, &result);
    sealer->due = err == ERR_STOP; /* the disk became full meanwhile */
    if (err && err != ERR_STOP)
        tell_failure(sealer, err);
    if (!err || err == ERR_DAMAGED)
        note_result(sealer, &result);
}

static void work(struct tape_sealer *sealer)
{
    sealer->due = sealer->due || has_rotated(sealer);
    if (!sealer->due)
        return;
    if (!has_space(sealer)) {
        tell_space(sealer);
        return;
    }
    sealer->space_told = false;
    seal(sealer);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void wait_for_look(struct tape_sealer *sealer)
{
    const int64_t at_ns = clock_mono_ns() + TAPE_SEALER_LOOK_NS;
    const struct timespec until = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};
    int rc = 0;
    pthread_mutex_lock(&sealer->mutex);
    while (rc == 0 && !atomic_load(&sealer->stop))
        rc = pthread_cond_timedwait(&sealer->wake, &sealer->mutex, &until);
    pthread_mutex_unlock(&sealer->mutex);
}

static void *run(void *arg)
{
    struct tape_sealer *sealer = arg;
    pthread_setname_np(pthread_self(), "rewick-seal");
    take_lowest_priority();
    while (!atomic_load(&sealer->stop)) {
        work(sealer);
        wait_for_look(sealer);
    }
    return NULL;
}

static void release(struct tape_sealer *sealer)
{
    lane_rules_free(sealer->rules);
    pthread_cond_destroy(&sealer->wake);
    pthread_mutex_destroy(&sealer->mutex);
    free(sealer);
}

enum err tape_sealer_start(struct tape_sealer **out, const struct tape_sealer_options *options)
{
    struct tape_sealer *sealer = calloc(1, sizeof *sealer);
    if (!sealer)
        return err_fail(ERR_NOMEM, "out of memory for the sealing thread");
    sealer->options = *options;
    sealer->due = true;
    pthread_mutex_init(&sealer->mutex, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&sealer->wake, &attr);
    pthread_condattr_destroy(&attr);
    enum err err = lane_rules_new(&sealer->rules);
    if (!err && pthread_create(&sealer->thread, NULL, run, sealer) != 0)
        err = err_fail(ERR_IO, "cannot start the sealing thread");
    if (err) {
        release(sealer);
        return err;
    }
    *out = sealer;
    return ERR_OK;
}

void tape_sealer_stop(struct tape_sealer *sealer)
{
    if (!sealer)
        return;
    atomic_store(&sealer->stop, true);
    pthread_mutex_lock(&sealer->mutex);
    pthread_cond_broadcast(&sealer->wake);
    pthread_mutex_unlock(&sealer->mutex);
    give_normal_priority(sealer->thread);
    pthread_join(sealer->thread, NULL);
    release(sealer);
}

struct tape_sealer_stats tape_sealer_stats(struct tape_sealer *sealer)
{
    pthread_mutex_lock(&sealer->mutex);
    const struct tape_sealer_stats stats = sealer->stats;
    pthread_mutex_unlock(&sealer->mutex);
    return stats;
}
