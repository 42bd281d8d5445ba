/*
 * shard: what one connection carries, and how the subscriptions of a plan are spread over shards.
 *
 *     plan: venue x channel x instrument --> SHARD  one venue, one address, at most symbols_max
 *                                        --> SHARD  subscriptions (channel and symbol)
 *
 * Channels of one venue can live at different addresses: then a symbol is in a shard of each. All
 * channels of a symbol at one address go into one shard where there is room.
 *
 * Sticky: a new plan moves nothing that stays. What is new fills the room that is there, then new
 * shards. A shard from which everything went stays, empty, until shard_set_prune().
 *
 * Pure. Strings and addresses are borrowed from the plans, which must outlive the set.
 */
#ifndef REWICK_RECORDER_SHARD_H
#define REWICK_RECORDER_SHARD_H

#include "recorder/record_plan.h"

struct shard_item {
    const struct venue_channel *channel;
    const char *symbol;
};

struct shard_items {
    size_t count, capacity;
    struct shard_item *items; /* owned */
};

struct shard {
    const struct venue *venue;
    const struct ws_url *url, *rest;
    unsigned redundancy;
    struct shard_items wanted; /* grouped by symbol; the last `added` came with the last update */
    size_t added;
    struct shard_items left; /* went with the last update */
};

struct shard_set {
    size_t count, capacity;
    struct shard **shards; /* owned; in the order of making */
};

void shard_set_release(struct shard_set *set); /* accepts a zeroed one */
/* ERR_NOMEM: what the plan added may be missing, all that stays is there. */
enum err shard_set_update(struct shard_set *set, const struct record_plan *plan) ERR_MUST_CHECK;
/* Frees the empty shards. */
void shard_set_prune(struct shard_set *set);

enum err shard_items_add(struct shard_items *items, struct shard_item item) ERR_MUST_CHECK;
void shard_items_release(struct shard_items *items); /* accepts a zeroed one */

#endif
