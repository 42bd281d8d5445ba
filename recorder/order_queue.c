#include "recorder/order.h"

#include <pthread.h>
#include <stdlib.h>

struct order_queue {
    void (*wake)(void *arg);
    void *arg;
    pthread_mutex_t mutex;
    size_t first, count;
    struct order orders[ORDER_QUEUE_MAX];
};

enum err order_queue_new(struct order_queue **out, void (*wake)(void *arg), void *arg)
{
    struct order_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return err_fail(ERR_NOMEM, "out of memory for a queue of orders");
    queue->wake = wake;
    queue->arg = arg;
    pthread_mutex_init(&queue->mutex, NULL);
    *out = queue;
    return ERR_OK;
}

void order_queue_free(struct order_queue *queue)
{
    if (!queue)
        return;
    struct order order;
    while (order_queue_pop(queue, &order))
        free(order.data);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

enum err order_queue_push(struct order_queue *queue, const struct order *order)
{
    pthread_mutex_lock(&queue->mutex);
    bool full = queue->count == ORDER_QUEUE_MAX;
    if (!full)
        queue->orders[(queue->first + queue->count++) % ORDER_QUEUE_MAX] = *order;
    pthread_mutex_unlock(&queue->mutex);
    if (full)
        return err_fail(ERR_LIMIT, "%d orders are waiting for the network thread", ORDER_QUEUE_MAX);
    if (queue->wake)
        queue->wake(queue->arg);
    return ERR_OK;
}

bool order_queue_pop(struct order_queue *queue, struct order *out)
{
    pthread_mutex_lock(&queue->mutex);
    bool any = queue->count > 0;
    if (any) {
        *out = queue->orders[queue->first];
        queue->first = (queue->first + 1) % ORDER_QUEUE_MAX;
        queue->count--;
    }
    pthread_mutex_unlock(&queue->mutex);
    return any;
}
