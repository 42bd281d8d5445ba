#include "engine/venue/venue_routes.h"

#include <stdlib.h>
#include <string.h>

void venue_routes_release(struct venue_routes *routes)
{
    free(routes->items);
    *routes = (struct venue_routes){0};
}

/* Where the key stands in the table, or the empty place where it would. */
static size_t place(const struct venue_routes *routes, uint32_t connection, uint64_t number)
{
    size_t mask = 2 * routes->capacity - 1;
    uint64_t hash = (number ^ (uint64_t)connection << 32) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 40) & mask;
    for (; routes->by_key[at] > 0; at = (at + 1) & mask) {
        const struct venue_route *route = &routes->items[routes->by_key[at] - 1];
        if (route->number == number && route->connection == connection) {
            break;
        }
    }
    return at;
}

static void rebuild(struct venue_routes *routes)
{
    memset(routes->by_key, 0, 2 * routes->capacity * sizeof *routes->by_key);
    for (size_t i = 0; i < routes->count; i++) {
        const struct venue_route *route = &routes->items[i];
        routes->by_key[place(routes, route->connection, route->number)] = (uint32_t)i + 1;
    }
}

static enum err grow(struct venue_routes *routes)
{
    size_t capacity = routes->capacity > 0 ? 2 * routes->capacity : 64;
    struct venue_route *items =
        realloc(routes->items, capacity * (sizeof *items + 2 * sizeof *routes->by_key));
    if (!items) {
        return err_fail(ERR_NOMEM, "out of memory for %zu routes", capacity);
    }
    routes->items = items;
    routes->capacity = capacity;
    routes->by_key = (uint32_t *)(void *)(items + capacity);
    rebuild(routes);
    return ERR_OK;
}

static void take_out(struct venue_routes *routes, size_t index)
{
    struct venue_route *route = &routes->items[index];
    memmove(route, route + 1, (--routes->count - index) * sizeof *route);
    rebuild(routes);
}

static size_t longest_unused(const struct venue_routes *routes)
{
    size_t oldest = 0;
    for (size_t i = 1; i < routes->count; i++) {
        if (routes->items[i].used < routes->items[oldest].used) {
            oldest = i;
        }
    }
    return oldest;
}

static void copy_name(char *out, size_t out_size, const char *name)
{
    size_t size = strnlen(name, out_size - 1);
    memcpy(out, name, size);
    out[size] = '\0';
}

enum err venue_routes_add(struct venue_routes *routes, uint32_t connection, uint64_t number,
                          const char *channel, const char *symbol)
{
    _Static_assert((VENUE_ROUTES_MAX & (VENUE_ROUTES_MAX - 1)) == 0 && VENUE_ROUTES_MAX >= 64,
                   "the table is doubled from 64 on");
    venue_routes_remove(routes, connection, number);
    if (routes->count == VENUE_ROUTES_MAX) {
        take_out(routes, longest_unused(routes));
    }
    if (routes->count == routes->capacity) {
        enum err err = grow(routes);
        if (err) {
            return err;
        }
    }
    size_t at = place(routes, connection, number);
    struct venue_route *route = &routes->items[routes->count++];
    *route =
        (struct venue_route){.connection = connection, .number = number, .used = ++routes->uses};
    copy_name(route->channel, sizeof route->channel, channel);
    copy_name(route->symbol, sizeof route->symbol, symbol);
    routes->by_key[at] = (uint32_t)routes->count;
    return ERR_OK;
}

const struct venue_route *venue_routes_find(struct venue_routes *routes, uint32_t connection,
                                            uint64_t number)
{
    if (routes->count == 0) {
        return NULL;
    }
    uint32_t index = routes->by_key[place(routes, connection, number)];
    if (index == 0) {
        return NULL;
    }
    routes->items[index - 1].used = ++routes->uses;
    return &routes->items[index - 1];
}

void venue_routes_remove(struct venue_routes *routes, uint32_t connection, uint64_t number)
{
    const struct venue_route *route = venue_routes_find(routes, connection, number);
    if (route) {
        take_out(routes, (size_t)(route - routes->items));
    }
}
