#include "recorder/sync_thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum sync_state { SYNC_IDLE, SYNC_ASKED, SYNC_OVER };

struct sync_thread {
    struct tape_syncer syncer;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    /* under the mutex */
    enum sync_state state;
    const struct io *io;
    struct io_file *file;
    enum err err;
    char text[ERR_TEXT_MAX]; /* error texts are a thread's own */
    bool stop;
};

static void *run(void *arg)
{
    struct sync_thread *sync = arg;
    pthread_setname_np(pthread_self(), "rewick-sync");
    pthread_mutex_lock(&sync->mutex);
    while (!sync->stop) {
        if (sync->state != SYNC_ASKED) {
            pthread_cond_wait(&sync->cond, &sync->mutex);
            continue;
        }
        pthread_mutex_unlock(&sync->mutex);
        enum err err = sync->io->sync(sync->file);
        pthread_mutex_lock(&sync->mutex);
        sync->err = err;
        snprintf(sync->text, sizeof sync->text, "%s", err ? err_text(err) : "");
        sync->state = SYNC_OVER;
        pthread_cond_broadcast(&sync->cond);
    }
    pthread_mutex_unlock(&sync->mutex);
    return NULL;
}

static void begin(void *arg, const struct io *io, struct io_file *file)
{
    struct sync_thread *sync = arg;
    pthread_mutex_lock(&sync->mutex);
    sync->io = io;
    sync->file = file;
    sync->state = SYNC_ASKED;
    pthread_cond_broadcast(&sync->cond);
    pthread_mutex_unlock(&sync->mutex);
}

/* Under the mutex. */
static enum err take_result(struct sync_thread *sync)
{
    sync->state = SYNC_IDLE;
    return sync->err ? err_fail(sync->err, "%s", sync->text) : ERR_OK;
}

static bool poll_end(void *arg, enum err *out)
{
    struct sync_thread *sync = arg;
    pthread_mutex_lock(&sync->mutex);
    bool over = sync->state == SYNC_OVER;
    *out = over ? take_result(sync) : ERR_OK;
    pthread_mutex_unlock(&sync->mutex);
    return over;
}

static enum err wait_end(void *arg)
{
    struct sync_thread *sync = arg;
    pthread_mutex_lock(&sync->mutex);
    while (sync->state == SYNC_ASKED)
        pthread_cond_wait(&sync->cond, &sync->mutex);
    enum err err = take_result(sync);
    pthread_mutex_unlock(&sync->mutex);
    return err;
}

enum err sync_thread_start(struct sync_thread **out)
{
    struct sync_thread *sync = calloc(1, sizeof *sync);
    if (!sync)
        return err_fail(ERR_NOMEM, "out of memory for the sync thread");
    pthread_mutex_init(&sync->mutex, NULL);
    pthread_cond_init(&sync->cond, NULL);
    sync->syncer = (struct tape_syncer){begin, poll_end, wait_end, sync};
    if (pthread_create(&sync->thread, NULL, run, sync) != 0) {
        pthread_cond_destroy(&sync->cond);
        pthread_mutex_destroy(&sync->mutex);
        free(sync);
        return err_fail(ERR_IO, "cannot start the sync thread");
    }
    *out = sync;
    return ERR_OK;
}

void sync_thread_stop(struct sync_thread *sync)
{
    if (!sync)
        return;
    pthread_mutex_lock(&sync->mutex);
    sync->stop = true;
    pthread_cond_broadcast(&sync->cond);
    pthread_mutex_unlock(&sync->mutex);
    pthread_join(sync->thread, NULL);
    pthread_cond_destroy(&sync->cond);
    pthread_mutex_destroy(&sync->mutex);
    free(sync);
}

const struct tape_syncer *sync_thread_syncer(struct sync_thread *sync)
{
    return &sync->syncer;
}
