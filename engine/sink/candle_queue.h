/*
 * candle_queue: candle updates that wait for one client, first in, first out. Bounded by count and
 * bytes. Not thread safe.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_QUEUE_H
#define REWICK_ENGINE_SINK_CANDLE_QUEUE_H

#include "engine/sink/candle_hub.h"

/* Zeroed but for the limits: empty. */
struct candle_queue {
    size_t count_max;
    uint64_t bytes_max; /* of packed updates; they are shared with other clients */
    size_t count;
    uint64_t bytes;
    size_t head, capacity;
    struct candle_event **ring; /* owned, grows to count_max */
};

/* Takes a reference. ERR_LIMIT: full; ERR_NOMEM. Sets no text. */
enum err candle_queue_push(struct candle_queue *queue, struct candle_event *event) ERR_MUST_CHECK;
/* The first, whose reference goes to the caller; NULL when empty. */
struct candle_event *candle_queue_pop(struct candle_queue *queue);
/* Takes out all for which keep() is false; the others stay in order. */
void candle_queue_keep(struct candle_queue *queue,
                       bool (*keep)(const struct candle_event *event, void *arg), void *arg);
/* Empties it and frees its memory. */
void candle_queue_release(struct candle_queue *queue);

#endif
