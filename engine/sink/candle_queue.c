#include "engine/sink/candle_queue.h"

#include <stdlib.h>

#define CAPACITY_MIN 64

static struct candle_event **slot(const struct candle_queue *queue, size_t index)
{
    return &queue->ring[(queue->head + index) % queue->capacity];
}

static enum err grow(struct candle_queue *queue)
{
    size_t capacity = queue->capacity == 0 ? CAPACITY_MIN : queue->capacity * 2;
    struct candle_event **ring = calloc(capacity, sizeof *ring);
    if (ring == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < queue->count; i++)
        ring[i] = *slot(queue, i);
    free(queue->ring);
    queue->ring = ring;
    queue->head = 0;
    queue->capacity = capacity;
    return ERR_OK;
}

enum err candle_queue_push(struct candle_queue *queue, struct candle_event *event)
{
    uint64_t bytes = GRPC_SLICE_LENGTH(event->packed);
    if (queue->count >= queue->count_max || queue->bytes + bytes > queue->bytes_max)
        return ERR_LIMIT;
    if (queue->count == queue->capacity && grow(queue) != ERR_OK)
        return ERR_NOMEM;
    *slot(queue, queue->count) = candle_event_ref(event);
    queue->count++;
    queue->bytes += bytes;
    return ERR_OK;
}

struct candle_event *candle_queue_pop(struct candle_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    struct candle_event *event = *slot(queue, 0);
    queue->head = (queue->head + 1) % queue->capacity;
    queue->count--;
    queue->bytes -= GRPC_SLICE_LENGTH(event->packed);
    return event;
}

void candle_queue_keep(struct candle_queue *queue,
                       bool (*keep)(const struct candle_event *event, void *arg), void *arg)
{
    for (size_t left = queue->count; left > 0; left--) {
        struct candle_event *event = candle_queue_pop(queue);
        if (keep(event, arg)) {
            /* Behind the others; there is room, since it was just taken out. */
            *slot(queue, queue->count) = event;
            queue->count++;
            queue->bytes += GRPC_SLICE_LENGTH(event->packed);
        } else {
            candle_event_unref(event);
        }
    }
}

void candle_queue_release(struct candle_queue *queue)
{
    struct candle_event *event;
    while ((event = candle_queue_pop(queue)) != NULL)
        candle_event_unref(event);
    free(queue->ring);
    queue->ring = NULL;
    queue->head = queue->capacity = 0;
}
