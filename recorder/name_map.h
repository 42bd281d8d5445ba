/*
 * name_map: numbers for (channel, symbol), from 0 in the order of adding. Finding takes the same
 * time however many there are. Strings are borrowed. Nothing is ever removed. Pure.
 */
#ifndef REWICK_RECORDER_NAME_MAP_H
#define REWICK_RECORDER_NAME_MAP_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define NAME_MAP_NONE UINT32_MAX

struct name_pair {
    const char *channel, *symbol;
};

struct name_map {
    size_t count, capacity;
    struct name_pair *pairs; /* owned; by number */
    uint32_t *slots;         /* owned; number + 1, twice as many as pairs; 0 = free */
};

void name_map_release(struct name_map *map); /* accepts a zeroed one */
uint32_t name_map_find(const struct name_map *map, const char *channel, const char *symbol);
/* The number it has, or a new one. */
enum err name_map_add(struct name_map *map, const char *channel, const char *symbol,
                      uint32_t *out) ERR_MUST_CHECK;

#endif
