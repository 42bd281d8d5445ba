#include "engine/candle/connection_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 8

/* Index of the first one with this id or a higher one. */
static size_t index_of(const struct connection_set *set, uint32_t id)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->items[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void connection_free(struct connection *connection)
{
    free(connection->symbols);
    free(connection);
}

void connection_set_release(struct connection_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        connection_free(set->items[i]);
    free(set->items);
    *set = (struct connection_set){0};
}

struct connection *connection_set_find(const struct connection_set *set, uint32_t id)
{
    size_t at = index_of(set, id);
    return at < set->count && set->items[at]->id == id ? set->items[at] : NULL;
}

static enum err make_room(struct connection_set *set)
{
    if (set->count < set->capacity)
        return ERR_OK;
    size_t capacity = set->capacity > 0 ? 2 * set->capacity : FIRST;
    struct connection **grown = realloc(set->items, capacity * sizeof(struct connection *));
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for connections");
    set->items = grown;
    set->capacity = capacity;
    return ERR_OK;
}

enum err connection_set_add(struct connection_set *set, const struct venue *venue, uint32_t id,
                            int64_t opened_ns, bool all, struct connection **out)
{
    size_t at = index_of(set, id);
    assert(set->count < CONNECTIONS_MAX && (at == set->count || set->items[at]->id != id));
    enum err err = make_room(set);
    if (err != ERR_OK)
        return err;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return err_fail(ERR_NOMEM, "out of memory for connections");
    connection->id = id;
    connection->venue = venue;
    connection->opened_ns = opened_ns;
    connection->all = all;
    memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof *set->items);
    set->items[at] = connection;
    set->count++;
    *out = connection;
    return ERR_OK;
}

void connection_set_remove(struct connection_set *set, struct connection *connection)
{
    size_t at = index_of(set, connection->id);
    assert(at < set->count && set->items[at] == connection);
    memmove(set->items + at, set->items + at + 1, (set->count - at - 1) * sizeof *set->items);
    set->count--;
    connection_free(connection);
}

/* ---- symbols --------------------------------------------------------------------------------- */

/* FNV-1a. Two symbols of one venue with the same hash are taken for one. */
static uint64_t hash_of(const char *symbol)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *symbol != '\0'; symbol++)
        hash = (hash ^ (unsigned char)*symbol) * UINT64_C(1099511628211);
    return hash;
}

static size_t symbol_index(const struct connection *connection, uint64_t hash)
{
    size_t low = 0, high = connection->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (connection->symbols[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool connection_follows(const struct connection *connection, const char *symbol)
{
    if (connection->all)
        return true;
    uint64_t hash = hash_of(symbol);
    size_t at = symbol_index(connection, hash);
    return at < connection->count && connection->symbols[at] == hash;
}

enum err connection_want(struct connection *connection, const char *symbol, bool *out_new)
{
    *out_new = false;
    if (connection_follows(connection, symbol) || connection->count == CONNECTION_SYMBOLS_MAX)
        return ERR_OK;
    if (connection->count == connection->capacity) {
        size_t capacity = connection->capacity > 0 ? 2 * connection->capacity : FIRST;
        uint64_t *grown = realloc(connection->symbols, capacity * sizeof *grown);
        if (grown == NULL)
            return err_fail(ERR_NOMEM, "out of memory for subscriptions");
        connection->symbols = grown;
        connection->capacity = capacity;
    }
    uint64_t hash = hash_of(symbol);
    size_t at = symbol_index(connection, hash);
    memmove(connection->symbols + at + 1, connection->symbols + at,
            (connection->count - at) * sizeof *connection->symbols);
    connection->symbols[at] = hash;
    connection->count++;
    *out_new = true;
    return ERR_OK;
}

void connection_leave(struct connection *connection, const char *symbol)
{
    uint64_t hash = hash_of(symbol);
    size_t at = symbol_index(connection, hash);
    if (connection->all || at == connection->count || connection->symbols[at] != hash)
        return;
    memmove(connection->symbols + at, connection->symbols + at + 1,
            (connection->count - at - 1) * sizeof *connection->symbols);
    connection->count--;
}
