/*
 * lane_index: finds numbered things by a hash of them. The caller keeps the things and compares:
 *
 *     size_t at = lane_index_start(&index, hash);
 *     for (uint32_t found; lane_index_next(&index, hash, &at, &found);)
 *         if (is_it(found)) ...
 *     lane_index_add(&index, hash, number)
 */
#ifndef REWICK_ENGINE_TAPE_LANE_INDEX_H
#define REWICK_ENGINE_TAPE_LANE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane_index_slot {
    uint64_t hash;
    uint32_t number; /* number + 1; 0 = free */
};

struct lane_index {
    struct lane_index_slot *slots; /* owned */
    size_t capacity, count;        /* capacity is a power of 2, or 0 */
};

void lane_index_release(struct lane_index *index);
/* Keeps memory that fits what was in it. */
void lane_index_clear(struct lane_index *index);
/* False when memory is out. */
bool lane_index_add(struct lane_index *index, uint64_t hash, uint32_t number);

static inline size_t lane_index_start(const struct lane_index *index, uint64_t hash)
{
    return index->capacity ? hash & (index->capacity - 1) : 0;
}

/* The next number with that hash; false when there is none more. */
static inline bool lane_index_next(const struct lane_index *index, uint64_t hash, size_t *at,
                                   uint32_t *out)
{
    if (index->capacity == 0)
        return false;
    while (index->slots[*at].number != 0) {
        const struct lane_index_slot *slot = &index->slots[*at];
        *at = (*at + 1) & (index->capacity - 1);
        if (slot->hash == hash) {
            *out = slot->number - 1;
            return true;
        }
    }
    return false;
}

#endif
