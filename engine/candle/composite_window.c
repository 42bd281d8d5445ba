#include "engine/candle/composite_window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_FIRST 8

/* ---- pool ------------------------------------------------------------------------------------ */

/* A window has at least one part, so these run out of parts first; windows are small. */
#define BLOCK_ITEMS 16
struct composite_block {
    struct composite_block *next;
    struct composite_window windows[BLOCK_ITEMS];
    struct composite_part parts[BLOCK_ITEMS];
};

void composite_pool_release(struct composite_pool *pool)
{
    while (pool->blocks != NULL) {
        struct composite_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
    *pool = (struct composite_pool){0};
}

static void give_window(struct composite_pool *pool, struct composite_window *window)
{
    window->next = pool->windows;
    pool->windows = window;
}

static void give_part(struct composite_pool *pool, struct composite_part *part)
{
    part->next = pool->parts;
    pool->parts = part;
}

/* Makes sure that there is one free item of either kind. */
static enum err grow(struct composite_pool *pool)
{
    if (pool->windows != NULL && pool->parts != NULL)
        return ERR_OK;
    struct composite_block *block = malloc(sizeof *block);
    if (block == NULL)
        return err_fail(ERR_NOMEM, "out of memory for windows of composites");
    block->next = pool->blocks;
    pool->blocks = block;
    for (size_t i = 0; i < BLOCK_ITEMS; i++) {
        give_window(pool, &block->windows[i]);
        give_part(pool, &block->parts[i]);
    }
    return ERR_OK;
}

/* ---- windows --------------------------------------------------------------------------------- */

void composite_windows_init(struct composite_windows *windows)
{
    *windows = (struct composite_windows){
        .forgotten_ns = INT64_MIN, .changed_from_ns = INT64_MAX, .changed_to_ns = INT64_MIN};
}

void composite_windows_release(struct composite_windows *windows)
{
    free(windows->items);
    *windows = (struct composite_windows){0};
}

size_t composite_windows_index(const struct composite_windows *windows, int64_t open_ns)
{
    size_t low = 0, high = windows->count;
    if (high > 0 && composite_windows_at(windows, high - 1)->open_ns < open_ns)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (composite_windows_at(windows, middle)->open_ns < open_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for one more behind the last. Items move down only when half of the space is free, so that
 * a list used as a queue costs a constant per item. */
static enum err make_room(struct composite_windows *windows)
{
    size_t count = windows->count;
    if (windows->head + count < windows->capacity)
        return ERR_OK;
    if (windows->head > windows->capacity / 2) {
        struct composite_window **first = windows->items + windows->head;
        memmove(windows->items, first, count * sizeof(struct composite_window *));
        windows->head = 0;
        return ERR_OK;
    }
    size_t capacity = windows->capacity > 0 ? 2 * windows->capacity : ITEMS_FIRST;
    struct composite_window **grown =
        realloc(windows->items, capacity * sizeof(struct composite_window *));
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for windows of composites");
    windows->items = grown;
    windows->capacity = capacity;
    return ERR_OK;
}

enum err composite_windows_need(struct composite_windows *windows, struct composite_pool *pool,
                                size_t index, const struct candle *candle, bool closed,
                                struct composite_window **out)
{
    assert(index <= windows->count);
    if (index < windows->count &&
        composite_windows_at(windows, index)->open_ns == candle->open_ns) {
        *out = composite_windows_at(windows, index);
        return ERR_OK;
    }
    enum err err = make_room(windows);
    if (err == ERR_OK)
        err = grow(pool);
    if (err != ERR_OK)
        return err;
    struct composite_window *window = pool->windows;
    pool->windows = window->next;
    *window = (struct composite_window){.open_ns = candle->open_ns, .close_ns = candle->close_ns};
    struct composite_window **at = windows->items + windows->head + index;
    memmove(at + 1, at, (windows->count - index) * sizeof(struct composite_window *));
    *at = window;
    windows->count++;
    assert(closed ? index <= windows->closed : index >= windows->closed);
    windows->closed += closed;
    *out = window;
    return ERR_OK;
}

enum err composite_window_part(struct composite_window *window, struct composite_pool *pool,
                               size_t member, struct composite_part **out)
{
    struct composite_part **at = &window->parts;
    while (*at != NULL && (*at)->member < member)
        at = &(*at)->next;
    if (*at == NULL || (*at)->member != member) {
        enum err err = grow(pool);
        if (err != ERR_OK)
            return err;
        struct composite_part *part = pool->parts;
        pool->parts = part->next;
        *part = (struct composite_part){.next = *at, .member = member};
        *at = part;
    }
    *out = *at;
    return ERR_OK;
}

void composite_windows_touch(struct composite_windows *windows, struct composite_window *window)
{
    window->changed = true;
    if (window->open_ns < windows->changed_from_ns)
        windows->changed_from_ns = window->open_ns;
    if (window->open_ns > windows->changed_to_ns)
        windows->changed_to_ns = window->open_ns;
}

void composite_windows_drop_first(struct composite_windows *windows, struct composite_pool *pool)
{
    assert(windows->closed > 0);
    struct composite_window *window = composite_windows_at(windows, 0);
    while (window->parts != NULL) {
        struct composite_part *part = window->parts;
        window->parts = part->next;
        give_part(pool, part);
    }
    give_window(pool, window);
    windows->head++;
    windows->count--;
    windows->closed--;
}
