#include "engine/tape/lane_index.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64u

void lane_index_release(struct lane_index *index)
{
    free(index->slots);
    *index = (struct lane_index){0};
}

void lane_index_clear(struct lane_index *index)
{
    if (index->count * 16 < index->capacity && index->capacity > CAPACITY_MIN)
        lane_index_release(index);
    else if (index->count > 0)
        memset(index->slots, 0, index->capacity * sizeof *index->slots);
    index->count = 0;
}

static bool grow(struct lane_index *index)
{
    const struct lane_index old = *index;
    const size_t capacity = old.capacity ? 2 * old.capacity : CAPACITY_MIN;
    struct lane_index_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return false;
    *index = (struct lane_index){.slots = slots, .capacity = capacity};
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].number != 0 &&
            !lane_index_add(index, old.slots[i].hash, old.slots[i].number - 1))
            return false;
    free(old.slots);
    return true;
}

bool lane_index_add(struct lane_index *index, uint64_t hash, uint32_t number)
{
    if (2 * index->count >= index->capacity && !grow(index))
        return false;
    size_t at = lane_index_start(index, hash);
    while (index->slots[at].number != 0)
        at = (at + 1) & (index->capacity - 1);
    index->slots[at] = (struct lane_index_slot){hash, number + 1};
    index->count++;
    return true;
}
