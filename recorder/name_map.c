#include "recorder/name_map.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64 /* a power of two, as all that follow */

void name_map_release(struct name_map *map)
{
    free(map->pairs);
    free(map->slots);
    *map = (struct name_map){0};
}

/* FNV-1a over both, with a NUL between. */
static uint64_t hash_of(const char *channel, const char *symbol)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *channel; channel++)
        hash = (hash ^ (uint8_t)*channel) * UINT64_C(0x100000001b3);
    hash *= UINT64_C(0x100000001b3);
    for (; *symbol; symbol++)
        hash = (hash ^ (uint8_t)*symbol) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 32);
}

/* Where it is, or where it would be put. */
static uint32_t *slot_of(const struct name_map *map, const char *channel, const char *symbol)
{
    size_t mask = 2 * map->capacity - 1;
    size_t at = (size_t)hash_of(channel, symbol) & mask;
    for (; map->slots[at]; at = (at + 1) & mask) {
        const struct name_pair *pair = &map->pairs[map->slots[at] - 1];
        if (strcmp(pair->symbol, symbol) == 0 && strcmp(pair->channel, channel) == 0)
            break;
    }
    return &map->slots[at];
}

uint32_t name_map_find(const struct name_map *map, const char *channel, const char *symbol)
{
    return map->capacity == 0 ? NAME_MAP_NONE : *slot_of(map, channel, symbol) - 1;
}

static enum err grow(struct name_map *map)
{
    size_t capacity = map->capacity > 0 ? 2 * map->capacity : FIRST_CAPACITY;
    struct name_pair *pairs = realloc(map->pairs, capacity * sizeof *pairs);
    if (!pairs)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    map->pairs = pairs;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!slots)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    for (size_t i = 0; i < map->count; i++)
        *slot_of(map, pairs[i].channel, pairs[i].symbol) = (uint32_t)i + 1;
    return ERR_OK;
}

enum err name_map_add(struct name_map *map, const char *channel, const char *symbol, uint32_t *out)
{
    *out = name_map_find(map, channel, symbol);
    if (*out != NAME_MAP_NONE)
        return ERR_OK;
    enum err err = map->count == map->capacity ? grow(map) : ERR_OK;
    if (err)
        return err;
    *out = (uint32_t)map->count;
    *slot_of(map, channel, symbol) = *out + 1;
    map->pairs[map->count++] = (struct name_pair){channel, symbol};
    return ERR_OK;
}
