#include "engine/candle/trade_series.h"

/* Decimals that a part's quantity has more than the trade's, where money decides. */
#define PART_DIGITS 8

void trade_series_init(struct trade_series *series, struct bar bar)
{
    *series = (struct trade_series){.bar = bar, .last_open_ns = INT64_MIN};
}

bool trade_series_possible(struct bar bar, enum volume_unit unit)
{
    return bar.kind != BAR_NOTIONAL || unit != VOLUME_CONTRACT;
}

/* ---- windows --------------------------------------------------------------------------------- */

static enum err begin(struct trade_series *series, struct window_pool *pool, int64_t source_ns)
{
    struct window *window = window_pool_take(pool);
    if (window == NULL)
        return err_fail(ERR_NOMEM, "out of memory for windows");
    bool later = source_ns > series->last_open_ns;
    window->open_ns = later ? source_ns : series->last_open_ns + 1;
    window->close_ns = window->open_ns + 1;
    if (series->last_open_ns == INT64_MIN)
        window->flags |= CANDLE_PARTIAL;
    series->last_open_ns = window->open_ns;
    series->window = window;
    return ERR_OK;
}

static enum err finish(struct trade_series *series, struct window_pool *pool,
                       struct candle_outlet *outlet, const struct market_face *face)
{
    struct window *window = series->window;
    series->window = NULL;
    enum err err = candle_outlet_give(outlet, face, series->bar, window, CANDLE_CLOSED);
    window_pool_give(pool, window);
    return err;
}

static enum err put(struct trade_series *series, struct window_pool *pool,
                    const struct window_entry *entry, uint64_t missing)
{
    struct window *window = series->window;
    int64_t source_ns = entry->trade->source_ns;
    if (source_ns >= window->close_ns)
        window->close_ns = source_ns + 1;
    if (entry->whole)
        window->missing += missing;
    return window_add(window, &pool->latencies, entry, false);
}

/* ---- splitting ------------------------------------------------------------------------------- */

/* What is still missing to the bar's size; ERR_RANGE: it cannot be told. */
static enum err room_in(const struct trade_series *series, struct decimal *out)
{
    const struct window *window = series->window;
    const struct window_sum *sum =
        series->bar.kind == BAR_VOLUME ? &window->volume : &window->quote_volume;
    if ((window->flags & CANDLE_OVERFLOW) != 0)
        return ERR_RANGE;
    return decimal_sub(out, bar_amount(series->bar), (struct decimal){sum->all, sum->scale});
}

/* amount / price, cut to `scale` decimals. */
static enum err divide_cut(struct decimal *out, struct decimal amount, struct decimal price,
                           uint8_t scale)
{
    struct decimal product;
    enum err err = decimal_div(out, amount, price, scale);
    if (err == ERR_OK)
        err = decimal_mul(&product, *out, price);
    if (err == ERR_OK && decimal_compare(product, amount) > 0)
        out->mantissa--; /* the division had rounded up */
    return err;
}

/* The part of `rest` that fills a volume bar. */
static enum err volume_part(const struct window_entry *rest, struct decimal room,
                            enum volume_unit unit, struct window_entry *part)
{
    part->quantity = room;
    if (unit == VOLUME_BASE)
        return decimal_mul(&part->amount, rest->trade->price, room);
    part->amount = unit == VOLUME_QUOTE ? room : rest->amount;
    return ERR_OK;
}

static enum err notional_part(const struct window_entry *rest, struct decimal room,
                              enum volume_unit unit, struct window_entry *part)
{
    unsigned scale = rest->trade->quantity.scale + PART_DIGITS;
    part->amount = room;
    if (unit == VOLUME_QUOTE) {
        part->quantity = room;
        return ERR_OK;
    }
    return divide_cut(&part->quantity, room, rest->trade->price,
                      (uint8_t)(scale < DECIMAL_SCALE_MAX ? scale : DECIMAL_SCALE_MAX));
}

enum fit { FIT_INSIDE, FIT_COMPLETES, FIT_SPLIT, FIT_IMPOSSIBLE };

/* Whether the rest of the trade fits, and what part of it does when it has to be split; that is
 * then taken off it. `last`: no more splitting. */
static enum fit fit_rest(const struct trade_series *series, enum volume_unit unit, bool last,
                         struct window_entry *rest, struct window_entry *part)
{
    bool by_volume = series->bar.kind == BAR_VOLUME;
    struct decimal room;
    if (series->bar.kind == BAR_TICK)
        return series->window->rows + 1 < (uint64_t)series->bar.size ? FIT_INSIDE : FIT_COMPLETES;
    if (!rest->amount_fits || room_in(series, &room) != ERR_OK)
        return FIT_IMPOSSIBLE;
    int order = decimal_compare(by_volume ? rest->quantity : rest->amount, room);
    if (order <= 0)
        return order < 0 ? FIT_INSIDE : FIT_COMPLETES;
    if (last)
        return FIT_IMPOSSIBLE;
    *part = *rest;
    enum err err =
        by_volume ? volume_part(rest, room, unit, part) : notional_part(rest, room, unit, part);
    struct window_entry left = *rest;
    left.whole = false;
    if (err != ERR_OK || decimal_sub(&left.quantity, rest->quantity, part->quantity) != ERR_OK ||
        decimal_sub(&left.amount, rest->amount, part->amount) != ERR_OK)
        return FIT_IMPOSSIBLE;
    *rest = left;
    return FIT_SPLIT;
}

enum err trade_series_add(struct trade_series *series, struct window_pool *pool,
                          struct candle_outlet *outlet, const struct market_face *face,
                          const struct window_entry *entry, uint64_t missing, bool *out_oversized)
{
    struct window_entry rest = *entry, part;
    rest.by_arrival = true;
    *out_oversized = false;
    for (int filled = 1;; filled++) {
        enum err err = ERR_OK;
        if (series->window == NULL)
            err = begin(series, pool, entry->trade->source_ns);
        if (err != ERR_OK)
            return err;
        enum fit fit = fit_rest(series, face->blank->volume_unit, filled == TRADE_SERIES_SPLIT_MAX,
                                &rest, &part);
        *out_oversized |= fit == FIT_IMPOSSIBLE;
        err = put(series, pool, fit == FIT_SPLIT ? &part : &rest, missing);
        if (err == ERR_OK && fit != FIT_INSIDE)
            err = finish(series, pool, outlet, face);
        if (err != ERR_OK || fit != FIT_SPLIT)
            return err;
    }
}

enum err trade_series_end(struct trade_series *series, struct candle_outlet *outlet,
                          const struct market_face *face)
{
    if (series->window == NULL || !series->window->changed || !outlet->forming)
        return ERR_OK;
    return candle_outlet_give(outlet, face, series->bar, series->window, CANDLE_FORMING);
}
