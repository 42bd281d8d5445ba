#include "engine/sink/store_pool.h"

#include "engine/base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct store_pool {
    char *path;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct store_job *jobs; /* by due_ns, then as posted */
    size_t job_count;
    atomic_bool stopping;
    size_t thread_count;
    pthread_t threads[STORE_POOL_THREADS];
};

static void *run_jobs(void *arg);

static struct store_pool *new_pool(const char *path)
{
    struct store_pool *pool = calloc(1, sizeof *pool);
    char *copy = strdup(path);
    if (pool == NULL || copy == NULL) {
        free(pool);
        free(copy);
        return NULL;
    }
    pool->path = copy;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return pool;
}

enum err store_pool_open(struct store_pool **out, const char *path)
{
    *out = NULL;
    struct store_pool *pool = new_pool(path);
    if (pool == NULL)
        return err_fail(ERR_NOMEM, "no memory for the readers of '%s'", path);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (pool->thread_count < STORE_POOL_THREADS &&
           pthread_create(&pool->threads[pool->thread_count], NULL, run_jobs, pool) == 0)
        pool->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pool->thread_count == 0) {
        store_pool_close(pool);
        return err_fail(ERR_NOMEM,
                        "cannot start a thread; raise the limit of processes (ulimit -u)");
    }
    *out = pool;
    return ERR_OK;
}

void store_pool_stop(struct store_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stopping, true);
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool->thread_count = 0;
}

void store_pool_close(struct store_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->path);
    free(pool);
}

bool store_pool_stopping(struct store_pool *pool)
{
    return atomic_load(&pool->stopping);
}

bool store_pool_post(struct store_pool *pool, struct store_job *job, int64_t delay_ns)
{
    job->due_ns = clock_mono_ns() + delay_ns;
    pthread_mutex_lock(&pool->lock);
    bool taken = !atomic_load(&pool->stopping) && pool->job_count < STORE_POOL_JOBS_MAX;
    if (taken) {
        struct store_job **place = &pool->jobs;
        while (*place != NULL && (*place)->due_ns <= job->due_ns)
            place = &(*place)->next;
        job->next = *place;
        *place = job;
        pool->job_count++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

/* ---- threads ----------------------------------------------------------------------------------
 */

static void wait_for_change(struct store_pool *pool)
{
    if (pool->jobs == NULL) {
        pthread_cond_wait(&pool->changed, &pool->lock);
        return;
    }
    int64_t due_ns = pool->jobs->due_ns;
    struct timespec due = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
    pthread_cond_timedwait(&pool->changed, &pool->lock, &due);
}

/* NULL: the pool is closing and no job is left. */
static struct store_job *next_job(struct store_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct store_job *job;
    for (;;) {
        job = pool->jobs;
        bool stopping = atomic_load(&pool->stopping);
        if (job != NULL && (stopping || job->due_ns <= clock_mono_ns()))
            break;
        if (stopping)
            break;
        wait_for_change(pool);
    }
    if (job != NULL) {
        pool->jobs = job->next;
        pool->job_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void run_job(struct store_pool *pool, struct store_job *job, struct candle_store **store)
{
    if (atomic_load(&pool->stopping)) {
        job->run(job, NULL, "server is shutting down");
        return;
    }
    char error[ERR_TEXT_MAX] = "";
    if (*store == NULL) {
        enum err err = candle_store_open(store, pool->path);
        if (err != ERR_OK) {
            *store = NULL;
            snprintf(error, sizeof error, "%s", err_text(err));
        }
    }
    job->run(job, *store, error);
}

static void *run_jobs(void *arg)
{
    struct store_pool *pool = arg;
    struct candle_store *store = NULL;
    struct store_job *job;
    while ((job = next_job(pool)) != NULL)
        run_job(pool, job, &store);
    candle_store_close(store);
    return NULL;
}
