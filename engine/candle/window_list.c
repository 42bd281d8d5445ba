#include "engine/candle/window_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_FIRST 8

void window_list_release(struct window_list *list)
{
    free(list->items);
    *list = (struct window_list){0};
}

size_t window_list_index(const struct window_list *list, int64_t open_ns)
{
    size_t low = 0, high = list->count;
    if (high > 0 && window_list_at(list, high - 1)->open_ns < open_ns)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (window_list_at(list, middle)->open_ns < open_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct window *window_list_find(const struct window_list *list, int64_t open_ns)
{
    size_t index = window_list_index(list, open_ns);
    if (index == list->count || window_list_at(list, index)->open_ns != open_ns)
        return NULL;
    return window_list_at(list, index);
}

/* Room for `count` items more behind the last. Items move down only when half of the space in front
 * is free, so that a list used as a queue costs a constant per item. */
static enum err make_room(struct window_list *list, size_t count)
{
    size_t needed = list->count + count;
    if (list->head + needed <= list->capacity)
        return ERR_OK;
    if (needed <= list->capacity / 2) {
        memmove(list->items, list->items + list->head, list->count * sizeof(struct window *));
        list->head = 0;
        return ERR_OK;
    }
    size_t capacity = list->capacity > 0 ? list->capacity : ITEMS_FIRST;
    while (capacity < 2 * needed)
        capacity *= 2;
    struct window **grown = malloc(capacity * sizeof(struct window *));
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for windows");
    if (list->count > 0)
        memcpy(grown, list->items + list->head, list->count * sizeof(struct window *));
    free(list->items);
    list->items = grown;
    list->head = 0;
    list->capacity = capacity;
    return ERR_OK;
}

/* `count` windows chained by `next`, or NULL with nothing taken. */
static struct window *take_chain(struct window_pool *pool, size_t count)
{
    struct window *chain = NULL;
    for (size_t i = 0; i < count; i++) {
        struct window *window = window_pool_take(pool);
        if (window == NULL) {
            while (chain != NULL) {
                struct window *next = chain->next;
                window_pool_give(pool, chain);
                chain = next;
            }
            return NULL;
        }
        window->next = chain;
        chain = window;
    }
    return chain;
}

enum err window_list_add(struct window_list *list, struct window_pool *pool, struct bar bar,
                         size_t index, size_t count, int64_t first_open_ns)
{
    assert(index <= list->count && count > 0);
    enum err err = make_room(list, count);
    if (err != ERR_OK)
        return err;
    struct window *chain = take_chain(pool, count);
    if (chain == NULL)
        return err_fail(ERR_NOMEM, "out of memory for windows");
    struct window **at = list->items + list->head + index;
    memmove(at + count, at, (list->count - index) * sizeof(struct window *));
    for (size_t i = 0; i < count; i++) {
        struct window *window = chain;
        chain = window->next;
        window->next = NULL;
        window->open_ns = first_open_ns + (int64_t)i * bar.size;
        window->close_ns = window->open_ns + bar.size;
        at[i] = window;
    }
    list->count += count;
    return ERR_OK;
}

enum err window_list_move(struct window_list *from, struct window_list *to)
{
    assert(from->count > 0);
    enum err err = make_room(to, 1);
    if (err != ERR_OK)
        return err;
    struct window *window = window_list_at(from, 0);
    from->head++;
    from->count--;
    assert(to->count == 0 || window_list_last(to)->open_ns < window->open_ns);
    to->items[to->head + to->count++] = window;
    return ERR_OK;
}

void window_list_drop_first(struct window_list *list, struct window_pool *pool)
{
    assert(list->count > 0);
    window_pool_give(pool, window_list_at(list, 0));
    list->head++;
    list->count--;
}
