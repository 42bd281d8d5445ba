/*
 * window_list: windows in ascending order of open time. Adding behind the last and taking the first
 * are cheap (what nearly always happens); adding in between moves pointers. Internal to
 * engine/candle.
 */
#ifndef REWICK_ENGINE_CANDLE_WINDOW_LIST_H
#define REWICK_ENGINE_CANDLE_WINDOW_LIST_H

#include "engine/candle/window.h"

struct window_list {
    struct window **items; /* owned; [head, head + count) are in use; the windows are the pool's */
    size_t head, count, capacity;
};

void window_list_release(struct window_list *list);

static inline struct window *window_list_at(const struct window_list *list, size_t index)
{
    return list->items[list->head + index];
}

/* Accepts an empty list: NULL. */
static inline struct window *window_list_last(const struct window_list *list)
{
    return list->count > 0 ? window_list_at(list, list->count - 1) : NULL;
}

static inline struct window *window_list_first(const struct window_list *list)
{
    return list->count > 0 ? window_list_at(list, 0) : NULL;
}

/* Index of the first window that opens at open_ns or later; count when there is none. */
size_t window_list_index(const struct window_list *list, int64_t open_ns);
/* The window that opens then, or NULL. */
struct window *window_list_find(const struct window_list *list, int64_t open_ns);

/* Takes new windows from the pool and puts them in front of `index`; their open times are
 * first_open_ns and on, one after another. ERR_NOMEM: nothing changed. */
enum err window_list_add(struct window_list *list, struct window_pool *pool, struct bar bar,
                         size_t index, size_t count, int64_t first_open_ns) ERR_MUST_CHECK;
/* Moves the first window of one list behind the last of another. */
enum err window_list_move(struct window_list *from, struct window_list *to) ERR_MUST_CHECK;
/* Gives the first window back to the pool. */
void window_list_drop_first(struct window_list *list, struct window_pool *pool);

#endif
