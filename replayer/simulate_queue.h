/*
 * simulate_queue: records on their way to the simulated recorder, given out in order of their
 * receive time (then of their pushing). Owns copies of what is pushed.
 */
#ifndef REWICK_REPLAYER_SIMULATE_QUEUE_H
#define REWICK_REPLAYER_SIMULATE_QUEUE_H

#include "engine/tape/record.h"
#include "replayer/simulate_market.h"

#define SIMULATE_QUEUE_MAX (1u << 20)

struct simulate_item {
    int64_t wall_ns; /* receive time */
    uint64_t serial; /* set by simulate_queue_push() */
    enum record_type type;
    const struct venue *venue;
    uint32_t connection;
    int64_t source_ns;
    /* Trades in it, for the truth; market NULL: none. */
    struct simulate_market *market;
    bool snapshot;
    size_t id_count, size;
    uint64_t *ids; /* id_count ids, then size bytes of data */
};

struct simulate_queue {
    size_t count, capacity;
    struct simulate_item *heap; /* owned */
    uint64_t next_serial;
};

void simulate_queue_init(struct simulate_queue *queue);
void simulate_queue_release(struct simulate_queue *queue);

/* Copies ids and data of the item. */
enum err simulate_queue_push(struct simulate_queue *queue, const struct simulate_item *item,
                             const uint64_t *ids, const void *data) ERR_MUST_CHECK;
/* The first item when it is due by `until_ns`: true, and the caller frees item->ids. */
bool simulate_queue_pop(struct simulate_queue *queue, int64_t until_ns, struct simulate_item *out);

static inline const uint8_t *simulate_item_data(const struct simulate_item *item)
{
    return (const uint8_t *)(item->ids + item->id_count);
}

#endif
