#include "engine/compare/compare_market.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void compare_market_init(struct compare_market *market, const struct candle *candle)
{
    memset(market, 0, sizeof *market);
    snprintf(market->venue, sizeof market->venue, "%s", candle->venue);
    snprintf(market->instrument, sizeof market->instrument, "%s", candle->instrument);
    snprintf(market->symbol, sizeof market->symbol, "%s", candle->symbol ? candle->symbol : "");
    snprintf(market->channel, sizeof market->channel, "%s", candle->channel ? candle->channel : "");
    market->volume_unit = candle->volume_unit;
}

void compare_market_release(struct compare_market *market)
{
    free(market->windows);
    free(market->points);
}

/* ---- lists in order of time ------------------------------------------------------------------ */

/* Room for one more item. */
static enum err grow(void **items, size_t *capacity, size_t count, size_t item_size)
{
    if (count < *capacity) {
        return ERR_OK;
    }
    size_t more = *capacity ? 2 * *capacity : 64;
    void *larger = realloc(*items, more * item_size);
    if (!larger) {
        return err_fail(ERR_NOMEM, "no memory for %zu candles to compare", more);
    }
    *items = larger;
    *capacity = more;
    return ERR_OK;
}

/* Place of the first window that opens then or later; candles mostly come in order. */
static size_t window_place(const struct compare_market *market, int64_t open_ns)
{
    size_t low = 0, high = market->window_count;
    if (high > 0 && market->windows[high - 1].open_ns < open_ns) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (market->windows[middle].open_ns < open_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t point_place(const struct compare_market *market, int64_t bar)
{
    size_t low = 0, high = market->point_count;
    if (high > 0 && market->points[high - 1].bar < bar) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (market->points[middle].bar < bar) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct compare_window *compare_market_find(const struct compare_market *market,
                                                 int64_t open_ns)
{
    size_t place = window_place(market, open_ns);
    return place < market->window_count && market->windows[place].open_ns == open_ns
               ? &market->windows[place]
               : NULL;
}

/* ---- candles --------------------------------------------------------------------------------- */

static uint8_t longest_scale(const struct candle *candle)
{
    uint8_t scale = candle->open.scale;
    scale = candle->high.scale > scale ? candle->high.scale : scale;
    scale = candle->low.scale > scale ? candle->low.scale : scale;
    return candle->close.scale > scale ? candle->close.scale : scale;
}

/* All but its time and its latency. */
static void fill_window(struct compare_window *window, const struct candle *candle)
{
    window->traded = candle->trades > 0;
    window->no_data = (candle->flags & CANDLE_NO_DATA) != 0;
    window->has_volume = !(candle->flags & CANDLE_OVERFLOW);
    window->has_connected = candle->has_connected;
    window->has_score = !candle->ungraded;
    window->score = candle->score;
    window->price_scale = longest_scale(candle);
    window->connected_ppm = candle->connected_ppm;
    window->close = candle->close;
    window->volume = candle->volume;
    window->quote_volume = candle->quote_volume;
    window->trades = candle->trades;
    window->last_trade_ns = candle->last_trade_ns;
    window->missing = candle->missing;
    window->duplicates = candle->duplicates;
    window->late = candle->late;
    window->malformed = candle->malformed;
    window->dropped = candle->dropped;
    window->suspect = candle->suspect;
}

enum err compare_market_window(struct compare_market *market, struct latency_pool *pool,
                               const struct candle *candle, bool *out_new)
{
    size_t place = window_place(market, candle->open_ns);
    *out_new = place == market->window_count || market->windows[place].open_ns != candle->open_ns;
    if (*out_new) {
        void *items = market->windows;
        enum err err =
            grow(&items, &market->window_capacity, market->window_count, sizeof *market->windows);
        market->windows = items;
        if (err) {
            return err;
        }
        memmove(market->windows + place + 1, market->windows + place,
                (market->window_count - place) * sizeof *market->windows);
        market->windows[place] = (struct compare_window){.open_ns = candle->open_ns};
        market->window_count++;
    }
    struct compare_window *window = &market->windows[place];
    fill_window(window, candle);
    latency_clear(&window->latency, pool);
    return candle->latency_values ? latency_merge(&window->latency, pool, candle->latency_values)
                                  : ERR_OK;
}

enum err compare_market_price(struct compare_market *market, const struct candle *candle,
                              bool *out_new)
{
    struct lag_point point = {.bar = candle->open_ns / candle->bar.size,
                              .price = (int64_t)candle->close.mantissa,
                              .scale = candle->close.scale};
    *out_new = false;
    /* Flat ones are carried here too, and only so far; a price of more than 18 digits is none. */
    if (candle->trades == 0 || point.price != candle->close.mantissa || point.price <= 0) {
        return ERR_OK;
    }
    size_t place = point_place(market, point.bar);
    *out_new = place == market->point_count || market->points[place].bar != point.bar;
    if (*out_new) {
        void *items = market->points;
        enum err err =
            grow(&items, &market->point_capacity, market->point_count, sizeof *market->points);
        market->points = items;
        if (err) {
            return err;
        }
        memmove(market->points + place + 1, market->points + place,
                (market->point_count - place) * sizeof *market->points);
        market->point_count++;
    }
    market->points[place] = point;
    return ERR_OK;
}
