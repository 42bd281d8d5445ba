/*
 * store_pool: a few threads that read the store, each with its own candle_store, so that a long
 * read holds up neither the engine nor the completion threads. Jobs run once, in the order in which
 * they fall due.
 */
#ifndef REWICK_ENGINE_SINK_STORE_POOL_H
#define REWICK_ENGINE_SINK_STORE_POOL_H

#include "engine/sink/candle_store.h"

#define STORE_POOL_THREADS  2
#define STORE_POOL_JOBS_MAX 1024 /* waiting */

struct store_pool;

/* Embedded in its owner's struct, which must live until run() was called. */
struct store_job {
    /* `store` is NULL when it cannot be read or the pool is closing; `error` then says why. The job
     * may be posted again from here, or freed. */
    void (*run)(struct store_job *job, struct candle_store *store, const char *error);
    int64_t due_ns;
    struct store_job *next;
};

/* Stores are opened when the first job needs them, and again for the next job when that failed. */
enum err store_pool_open(struct store_pool **out, const char *path) ERR_MUST_CHECK;
/* Runs what waits without a store, then ends the threads. Later posts fail. */
void store_pool_stop(struct store_pool *pool);
void store_pool_close(struct store_pool *pool); /* after stop; accepts NULL */

/* Runs the job in delay_ns or later. False: too many jobs, or the pool is closing; run() will not
 * be called. */
bool store_pool_post(struct store_pool *pool, struct store_job *job, int64_t delay_ns);
/* A long read may look here whether it is still wanted. */
bool store_pool_stopping(struct store_pool *pool);

#endif
