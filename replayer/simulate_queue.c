#include "replayer/simulate_queue.h"

#include <stdlib.h>
#include <string.h>

void simulate_queue_init(struct simulate_queue *queue)
{
    memset(queue, 0, sizeof *queue);
}

void simulate_queue_release(struct simulate_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(queue->heap[i].ids);
    free(queue->heap);
    memset(queue, 0, sizeof *queue);
}

static bool before(const struct simulate_item *a, const struct simulate_item *b)
{
    return a->wall_ns != b->wall_ns ? a->wall_ns < b->wall_ns : a->serial < b->serial;
}

static void swap(struct simulate_item *a, struct simulate_item *b)
{
    struct simulate_item t = *a;
    *a = *b;
    *b = t;
}

static enum err grow(struct simulate_queue *queue)
{
    size_t capacity = queue->capacity ? queue->capacity * 2 : 64;
    if (capacity > SIMULATE_QUEUE_MAX)
        return err_fail(ERR_LIMIT, "too many frames on their way; ask for a lower --rate");
    struct simulate_item *heap = realloc(queue->heap, capacity * sizeof *heap);
    if (!heap)
        return err_fail(ERR_NOMEM, "no memory for the simulation's frames");
    queue->heap = heap;
    queue->capacity = capacity;
    return ERR_OK;
}

enum err simulate_queue_push(struct simulate_queue *queue, const struct simulate_item *item,
                             const uint64_t *ids, const void *data)
{
    if (queue->count == queue->capacity) {
        enum err err = grow(queue);
        if (err != ERR_OK)
            return err;
    }
    struct simulate_item copy = *item;
    copy.serial = queue->next_serial++;
    copy.ids = malloc(item->id_count * sizeof *ids + item->size + 1);
    if (!copy.ids)
        return err_fail(ERR_NOMEM, "no memory for the simulation's frames");
    if (item->id_count > 0)
        memcpy(copy.ids, ids, item->id_count * sizeof *ids);
    if (item->size > 0)
        memcpy(copy.ids + item->id_count, data, item->size);
    size_t at = queue->count++;
    queue->heap[at] = copy;
    while (at > 0 && before(&queue->heap[at], &queue->heap[(at - 1) / 2])) {
        swap(&queue->heap[at], &queue->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    return ERR_OK;
}

bool simulate_queue_pop(struct simulate_queue *queue, int64_t until_ns, struct simulate_item *out)
{
    if (queue->count == 0 || queue->heap[0].wall_ns > until_ns)
        return false;
    *out = queue->heap[0];
    queue->heap[0] = queue->heap[--queue->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < queue->count; child++)
            if (before(&queue->heap[child], &queue->heap[least]))
                least = child;
        if (least == at)
            return true;
        swap(&queue->heap[at], &queue->heap[least]);
        at = least;
    }
}
