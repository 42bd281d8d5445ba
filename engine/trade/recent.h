/*
 * recent: the most recent things of a kind, found by a 64-bit number. When the maximum is reached,
 * the one that was added first goes.
 *
 * With item_size 0 it is a set of numbers; else each thing has so many bytes of its own, and
 * several may share a number. Internal to engine/trade and engine/candle. Allocates only while it
 * grows.
 */
#ifndef REWICK_ENGINE_TRADE_RECENT_H
#define REWICK_ENGINE_TRADE_RECENT_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define RECENT_NONE UINT32_MAX

struct recent {
    size_t item_size, max; /* max: a power of two */
    size_t count, capacity;
    size_t oldest;     /* place of the one that goes next, once full */
    uint8_t *items;    /* owned, all of them */
    uint64_t *numbers; /* by place */
    uint32_t *next;    /* place -> next place of its chain */
    uint32_t *heads;   /* as many as places */
};

void recent_init(struct recent *recent, size_t item_size, size_t max);
void recent_release(struct recent *recent); /* accepts a zeroed one */

/* Places of the things with this number: the first and the next; RECENT_NONE behind the last. */
uint32_t recent_first(const struct recent *recent, uint64_t number);
uint32_t recent_next(const struct recent *recent, uint32_t place);
/* Valid until the next add. */
void *recent_item(const struct recent *recent, uint32_t place);

/* Adds one; *out (may be NULL) is its zeroed item. */
enum err recent_add(struct recent *recent, uint64_t number, void **out) ERR_MUST_CHECK;

#endif
