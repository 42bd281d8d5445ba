#include "engine/venue/venue.h"

#include <stdlib.h>
#include <string.h>

void venue_subscriptions_init(struct venue_subscriptions *subs)
{
    *subs = (struct venue_subscriptions){0};
}

void venue_subscriptions_release(struct venue_subscriptions *subs)
{
    free(subs->items);
    venue_subscriptions_init(subs);
}

static int compare(const struct venue_subscription *item, const char *channel, const char *symbol)
{
    int order = strcmp(item->channel, channel);
    return order != 0 ? order : strcmp(item->symbol, symbol);
}

/* Where (channel, symbol) stands or would stand. */
static size_t place(const struct venue_subscriptions *subs, const char *channel, const char *symbol)
{
    size_t low = 0, high = subs->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&subs->items[middle], channel, symbol) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool stands_at(const struct venue_subscriptions *subs, size_t at, const char *channel,
                      const char *symbol)
{
    return at < subs->count && compare(&subs->items[at], channel, symbol) == 0;
}

bool venue_subscriptions_has(const struct venue_subscriptions *subs, const char *channel,
                             const char *symbol)
{
    /* "" sorts first: it is the whole channel, or any product of it. */
    size_t first = place(subs, channel, "");
    if (first == subs->count || strcmp(subs->items[first].channel, channel) != 0) {
        return false;
    }
    return symbol[0] == '\0' || subs->items[first].symbol[0] == '\0' ||
           stands_at(subs, place(subs, channel, symbol), channel, symbol);
}

static enum err grow(struct venue_subscriptions *subs)
{
    size_t capacity = subs->capacity > 0 ? subs->capacity * 2 : 16;
    struct venue_subscription *items = realloc(subs->items, capacity * sizeof *items);
    if (!items) {
        return err_fail(ERR_NOMEM, "out of memory for %zu subscriptions", capacity);
    }
    subs->items = items;
    subs->capacity = capacity;
    return ERR_OK;
}

enum err venue_subscriptions_add(struct venue_subscriptions *subs, const char *channel,
                                 const char *symbol)
{
    if (strlen(channel) >= CHANNEL_MAX || strlen(symbol) >= SYMBOL_MAX) {
        return err_fail(ERR_LIMIT, "channel '%s' or symbol '%s' is too long", channel, symbol);
    }
    size_t at = place(subs, channel, symbol);
    if (stands_at(subs, at, channel, symbol)) {
        return ERR_OK;
    }
    if (subs->count == VENUE_SUBSCRIPTIONS_MAX) {
        return err_fail(ERR_LIMIT, "more than %d subscriptions on a connection",
                        VENUE_SUBSCRIPTIONS_MAX);
    }
    if (subs->count == subs->capacity) {
        enum err err = grow(subs);
        if (err) {
            return err;
        }
    }
    struct venue_subscription *item = &subs->items[at];
    memmove(item + 1, item, (subs->count++ - at) * sizeof *item);
    memcpy(item->channel, channel, strlen(channel) + 1);
    memcpy(item->symbol, symbol, strlen(symbol) + 1);
    return ERR_OK;
}

void venue_subscriptions_remove(struct venue_subscriptions *subs, const char *channel,
                                const char *symbol)
{
    size_t at = place(subs, channel, symbol);
    if (stands_at(subs, at, channel, symbol)) {
        struct venue_subscription *item = &subs->items[at];
        memmove(item, item + 1, (--subs->count - at) * sizeof *item);
    }
}
