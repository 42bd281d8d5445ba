/*
 * venue_routes: the numbers that a venue gives to channels of a connection when it acknowledges
 * them, and that stand in data frames instead of names (Bitfinex's chanId).
 *
 * Keyed by connection and number; at most VENUE_ROUTES_MAX; when there are more, the one goes
 * that was not added or found for the longest: connections that are gone leave theirs behind, those
 * that live use theirs. Finding takes the same time however many there are; adding to a full set
 * and removing move all. Pure; plain data but for one allocation.
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_ROUTES_H
#define REWICK_ENGINE_VENUE_VENUE_ROUTES_H

#include "engine/base/err.h"
#include "engine/trade/trade.h"

#include <stddef.h>
#include <stdint.h>

#define VENUE_ROUTES_MAX 4096

struct venue_route {
    uint32_t connection;
    uint64_t number;
    uint64_t used; /* by the count of all uses */
    char channel[CHANNEL_MAX];
    char symbol[SYMBOL_MAX];
};

struct venue_routes {
    size_t count, capacity;
    uint64_t uses;
    struct venue_route *items; /* owned; in the order of adding */
    uint32_t *by_key;          /* behind the items: hash table of index + 1, twice the capacity */
};

void venue_routes_release(struct venue_routes *routes); /* accepts a zeroed one */
/* Replaces a route of the same key. Names that are too long are cut. */
enum err venue_routes_add(struct venue_routes *routes, uint32_t connection, uint64_t number,
                          const char *channel, const char *symbol) ERR_MUST_CHECK;
/* NULL when there is none. Valid until the next add or remove. */
const struct venue_route *venue_routes_find(struct venue_routes *routes, uint32_t connection,
                                            uint64_t number);
void venue_routes_remove(struct venue_routes *routes, uint32_t connection, uint64_t number);

#endif
