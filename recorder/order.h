/*
 * order: what other threads ask of the thread that owns the sockets. Orders go through a bounded
 * queue; giving one never waits.
 *
 *     watch (tape thread) --ORDERS--> conductor (net thread)
 *     main thread         --ORDERS-->
 *
 * Plain data; `text` and `plan` as said below.
 */
#ifndef REWICK_RECORDER_ORDER_H
#define REWICK_RECORDER_ORDER_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_plan;

enum order_kind {
    /* The venue has spoken on `connection`: it may be subscribed now. */
    ORDER_GREETED,
    /* Everything that was wanted of `connection` has been confirmed or refused: it carries what it
     * can carry. */
    ORDER_SETTLED,
    /* Replace `connection` by a new one, overlapping: `text` says why ("the venue asks for it",
     * "silent for 95 s, usually 2 s"). */
    ORDER_RENEW,
    /* Fetch `text` (a target) from the REST host of `venue`; the answer comes as a RECORD_HTTP.
     * At most one a venue is under way for the watch. */
    ORDER_FETCH,
    /* Put a record of type `record` with data `data`, or `text` when that is NULL, on the tape, for
     * `venue` and `connection`. */
    ORDER_NOTE,
    /* From now on `plan` is what is to be captured. The plan before must stay until the conductor
     * ends (record_plan keeps them all). */
    ORDER_PLAN,
};

#define ORDER_TEXT_MAX 2048

struct order {
    enum order_kind kind;
    const char *venue; /* a venue's name; NULL when `connection` says it */
    uint32_t connection;
    enum record_type record;
    const struct record_plan *plan;
    void *data; /* from malloc(); belongs to the order once it was taken; NULL = none */
    size_t size;
    char text[ORDER_TEXT_MAX];
};

/* Takes an order and returns at once; ERR_LIMIT: the queue is full, the order is not taken. */
typedef enum err order_give_fn(const struct order *order, void *arg);

#define ORDER_QUEUE_MAX 256

struct order_queue;

/* `wake` (may be NULL) is called after each push, by the thread that pushes. */
enum err order_queue_new(struct order_queue **out, void (*wake)(void *arg),
                         void *arg) ERR_MUST_CHECK;
void order_queue_free(struct order_queue *queue); /* accepts NULL */
enum err order_queue_push(struct order_queue *queue,
                          const struct order *order) ERR_MUST_CHECK; /* any thread */
bool order_queue_pop(struct order_queue *queue, struct order *out);  /* one thread */

#endif
