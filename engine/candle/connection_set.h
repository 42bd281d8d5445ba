/*
 * connection_set: the connections that are open, what each follows, and its clock.
 *
 * Internal to engine/candle and engine.c. Bounded: CONNECTIONS_MAX open ones; the one that was
 * opened first goes when there is one more, as if it had closed.
 */
#ifndef REWICK_ENGINE_CANDLE_CONNECTION_SET_H
#define REWICK_ENGINE_CANDLE_CONNECTION_SET_H

#include "engine/candle/clock_offset.h"
#include "engine/venue/venue.h"

#define CONNECTIONS_MAX        4096
#define CONNECTION_SYMBOLS_MAX 65536

struct connection {
    uint32_t id;
    const struct venue *venue;
    int64_t opened_ns; /* by the engine's clock */
    bool all;          /* what was asked for is not known: it follows its whole venue */
    uint64_t *symbols; /* owned; hashes of those that it follows, ascending */
    size_t count, capacity;
    struct clock_offset offset;
};

struct connection_set {
    struct connection **items; /* owned; ascending by id */
    size_t count, capacity;
};

void connection_set_release(struct connection_set *set); /* accepts a zeroed one */
struct connection *connection_set_find(const struct connection_set *set, uint32_t id);
/* It must not be there. At CONNECTIONS_MAX the caller closes one first. */
enum err connection_set_add(struct connection_set *set, const struct venue *venue, uint32_t id,
                            int64_t opened_ns, bool all, struct connection **out) ERR_MUST_CHECK;
/* Frees it. */
void connection_set_remove(struct connection_set *set, struct connection *connection);

bool connection_follows(const struct connection *connection, const char *symbol);
/* *out_new: it follows this from now on; not when it did already, or follows
 * CONNECTION_SYMBOLS_MAX.
 */
enum err connection_want(struct connection *connection, const char *symbol,
                         bool *out_new) ERR_MUST_CHECK;
void connection_leave(struct connection *connection, const char *symbol);

#endif
