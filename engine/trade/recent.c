#include "engine/trade/recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_FIRST 64

void recent_init(struct recent *recent, size_t item_size, size_t max)
{
    assert(max >= PLACES_FIRST && max < RECENT_NONE && (max & (max - 1)) == 0);
    *recent = (struct recent){.item_size = item_size, .max = max};
}

void recent_release(struct recent *recent)
{
    free(recent->items);
    free(recent->numbers);
    free(recent->next);
    free(recent->heads);
    *recent = (struct recent){0};
}

/* Venues choose numbers, some one after the other; the multiplication spreads them. */
static uint32_t *head_of(const struct recent *recent, uint64_t number)
{
    uint64_t mixed = (number ^ (number >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
    return &recent->heads[(mixed >> 32) & (recent->capacity - 1)];
}

static uint32_t same_number(const struct recent *recent, uint32_t place, uint64_t number)
{
    while (place != RECENT_NONE && recent->numbers[place] != number)
        place = recent->next[place];
    return place;
}

uint32_t recent_first(const struct recent *recent, uint64_t number)
{
    return recent->count > 0 ? same_number(recent, *head_of(recent, number), number) : RECENT_NONE;
}

uint32_t recent_next(const struct recent *recent, uint32_t place)
{
    return same_number(recent, recent->next[place], recent->numbers[place]);
}

void *recent_item(const struct recent *recent, uint32_t place)
{
    return recent->items + place * recent->item_size;
}

static void link_place(struct recent *recent, uint32_t place)
{
    uint32_t *head = head_of(recent, recent->numbers[place]);
    recent->next[place] = *head;
    *head = place;
}

static void unlink_place(struct recent *recent, uint32_t place)
{
    uint32_t *at = head_of(recent, recent->numbers[place]);
    while (*at != place)
        at = &recent->next[*at];
    *at = recent->next[place];
}

static enum err resize(void **array, size_t count, size_t size)
{
    void *grown = realloc(*array, count * size);
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for recent trades");
    *array = grown;
    return ERR_OK;
}

/* The arrays may have grown when an error comes back; `capacity` has not. */
static enum err grow(struct recent *recent)
{
    size_t capacity = recent->capacity > 0 ? 2 * recent->capacity : PLACES_FIRST;
    void *items = recent->items, *numbers = recent->numbers, *next = recent->next,
         *heads = recent->heads;
    enum err err = recent->item_size > 0 ? resize(&items, capacity, recent->item_size) : ERR_OK;
    if (err == ERR_OK)
        err = resize(&numbers, capacity, sizeof *recent->numbers);
    if (err == ERR_OK)
        err = resize(&next, capacity, sizeof *recent->next);
    if (err == ERR_OK)
        err = resize(&heads, capacity, sizeof *recent->heads);
    recent->items = items;
    recent->numbers = numbers;
    recent->next = next;
    recent->heads = heads;
    if (err != ERR_OK)
        return err;
    recent->capacity = capacity;
    memset(recent->heads, 0xff, capacity * sizeof *recent->heads);
    for (uint32_t place = 0; place < recent->count; place++)
        link_place(recent, place);
    return ERR_OK;
}

enum err recent_add(struct recent *recent, uint64_t number, void **out)
{
    uint32_t place;
    if (recent->count == recent->max) {
        place = (uint32_t)recent->oldest;
        recent->oldest = (recent->oldest + 1) & (recent->max - 1);
        unlink_place(recent, place);
    } else {
        enum err err = recent->count == recent->capacity ? grow(recent) : ERR_OK;
        if (err != ERR_OK)
            return err;
        place = (uint32_t)recent->count++;
    }
    recent->numbers[place] = number;
    link_place(recent, place);
    if (recent->item_size > 0)
        memset(recent_item(recent, place), 0, recent->item_size);
    if (out != NULL)
        *out = recent_item(recent, place);
    return ERR_OK;
}
