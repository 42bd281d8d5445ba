/*
 * composite_window: the windows of one composite and bar, each with what its members gave.
 *
 *     open time ->   | forgotten | closed | forming |
 *
 * Internal to composite.
 */
#ifndef REWICK_ENGINE_CANDLE_COMPOSITE_WINDOW_H
#define REWICK_ENGINE_CANDLE_COMPOSITE_WINDOW_H

#include "engine/candle/composite_blend.h"

struct composite_window {
    struct composite_window *next; /* of the pool's free ones */
    int64_t open_ns, close_ns;
    struct composite_part *parts; /* at least one; by member */
    uint32_t revision;
    bool changed; /* since its last update */
};

/* Windows and parts are taken from here and given back, so that none is allocated once there were
 * enough. */
struct composite_block;
struct composite_pool {
    struct composite_window *windows;
    struct composite_part *parts;
    struct composite_block *blocks;
};

void composite_pool_release(struct composite_pool *pool); /* accepts a zeroed one */

/* Ascending by open time. A zeroed one is empty. */
struct composite_windows {
    struct composite_window **items; /* owned; [head, head + count) are in use */
    size_t head, count, capacity;
    size_t closed;        /* so many of them, the first ones, have closed */
    int64_t forgotten_ns; /* windows that open before this are not kept any more */
    int64_t changed_from_ns, changed_to_ns; /* open times of changed windows; from > to: none */
};

void composite_windows_init(struct composite_windows *windows);
/* The windows themselves are the pool's. */
void composite_windows_release(struct composite_windows *windows);

static inline struct composite_window *composite_windows_at(const struct composite_windows *windows,
                                                            size_t index)
{
    return windows->items[windows->head + index];
}

/* Index of the first window that opens at open_ns or later; count when there is none. */
size_t composite_windows_index(const struct composite_windows *windows, int64_t open_ns);

/* The window at `index` if it opens at open_ns, else a new one, put there; it has closed already or
 * not. */
enum err composite_windows_need(struct composite_windows *windows, struct composite_pool *pool,
                                size_t index, const struct candle *candle, bool closed,
                                struct composite_window **out) ERR_MUST_CHECK;
/* The part of a member, a new one where it has none yet. */
enum err composite_window_part(struct composite_window *window, struct composite_pool *pool,
                               size_t member, struct composite_part **out) ERR_MUST_CHECK;
void composite_windows_touch(struct composite_windows *windows, struct composite_window *window);
/* Gives the first window, which has closed, and its parts back to the pool. */
void composite_windows_drop_first(struct composite_windows *windows, struct composite_pool *pool);

#endif
