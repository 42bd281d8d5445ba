/*
 * record_queue: records on their way from one thread to another, at most so many bytes of them.
 *
 *     socket --push--> [ record | data | record | data | ... ] --peek, pop--> tape
 *
 * One thread pushes, one thread takes out. Pushing never waits: when there is no room it says so
 * and changes nothing; what then happens is the policy of the one who pushes. Memory is one ring
 * that is touched only as far as it was ever filled. A record's `venue` must live longer than the
 * queue; its data is copied.
 */
#ifndef REWICK_RECORDER_RECORD_QUEUE_H
#define REWICK_RECORDER_RECORD_QUEUE_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>
#include <stddef.h>

struct record_queue;

enum record_queue_state {
    QUEUE_RECORD, /* there is one */
    QUEUE_EMPTY,  /* none now */
    QUEUE_ENDED,  /* none now and none to come */
};

/* A queue must be somewhat larger than the largest record; the capture queue holds four of
 * RECORD_DATA_MAX, less what goes with each. */
#define RECORD_QUEUE_BYTES_MIN (64u * 1024)
#define RECORD_QUEUE_BYTES_MAX (1024u * 1024 * 1024)

/* `bytes` is rounded up to a power of two. */
enum err record_queue_new(struct record_queue **out, size_t bytes) ERR_MUST_CHECK;
void record_queue_free(
    struct record_queue *queue); /* accepts NULL; no thread may use it any more */

/* Before the first push. With patience a push does not wake the taking thread, which would cost
 * more than the record itself at high rates: it looks by itself after `patience_ns`, and, while
 * nothing comes, after up to eight times that. A queue that fills wakes it. */
void record_queue_set_patience(struct record_queue *queue, int64_t patience_ns);

/* The pushing thread's. False: no room. */
bool record_queue_push(struct record_queue *queue, const struct record *record);
/* The pushing thread's: nothing more comes. */
void record_queue_end(struct record_queue *queue);

/* The taking thread's. The oldest record, valid until record_queue_pop(); waits up to `wait_ns` for
 * one, less when record_queue_wake() is called. */
enum record_queue_state record_queue_peek(struct record_queue *queue, struct record *out,
                                          int64_t wait_ns);
/* The taking thread's: gives up the record that the last peek gave. */
void record_queue_pop(struct record_queue *queue);

/* Any thread: ends one wait of the taking thread, the present or the next one. */
void record_queue_wake(struct record_queue *queue);

#endif
