#include "engine/candle/window.h"

#include "engine/tape/record.h"

#include <assert.h>
#include <stdlib.h>

/* What sums have in almost every case: equal scales. */
static enum err add(struct decimal *out, struct decimal a, struct decimal b)
{
    int128 sum;
    if (a.scale != b.scale || __builtin_add_overflow(a.mantissa, b.mantissa, &sum))
        return decimal_add(out, a, b);
    *out = (struct decimal){sum, a.scale};
    return ERR_OK;
}

static int compare(struct decimal a, struct decimal b)
{
    if (a.scale != b.scale)
        return decimal_compare(a, b);
    return (a.mantissa > b.mantissa) - (a.mantissa < b.mantissa);
}

/* Sells add a zero with their scale, so that all volumes of a candle have the same number of
 * digits. */
static struct decimal bought(struct decimal value, enum trade_taker taker)
{
    return taker == TAKER_BUY ? value : (struct decimal){0, value.scale};
}

enum err window_sums_add(struct window_sums *out, const struct window_sums *sums,
                         const struct window_entry *entry)
{
    static const struct window_sums none = {0};
    const struct window_sums *from = sums != NULL ? sums : &none;
    const struct trade *trade = entry->trade;
    struct decimal buy = bought(trade->quantity, trade->taker);
    struct decimal buy_amount = bought(entry->amount, trade->taker);
    if (__builtin_add_overflow(from->trades, trade->count, &out->trades) ||
        out->trades > INT64_MAX || add(&out->volume, from->volume, trade->quantity) != ERR_OK ||
        add(&out->quote_volume, from->quote_volume, entry->amount) != ERR_OK ||
        add(&out->taker_buy_volume, from->taker_buy_volume, buy) != ERR_OK ||
        add(&out->taker_buy_quote_volume, from->taker_buy_quote_volume, buy_amount) != ERR_OK)
        return ERR_RANGE;
    return ERR_OK;
}

static int compare_places(struct window_place a, struct window_place b)
{
    if (a.source_ns != b.source_ns)
        return a.source_ns < b.source_ns ? -1 : 1;
    return (a.id > b.id) - (a.id < b.id);
}

/* Of equal prices with different digits ("5", "5.0") the longest stands, whichever came first. */
static bool beats(struct decimal price, struct decimal best, int sign)
{
    int order = compare(price, best) * sign;
    return order > 0 || (order == 0 && price.scale > best.scale);
}

static void commit_first(struct window *window, const struct window_entry *entry,
                         struct window_place place)
{
    const struct trade *trade = entry->trade;
    window->flags &= ~(uint32_t)CANDLE_CARRIED;
    window->first = window->last = place;
    window->first_trade_id = trade->first_id;
    window->last_trade_id = trade->last_id;
    window->first_seq = window->last_seq = entry->seq;
    window->open = window->high = window->low = window->close = trade->price;
    window->price_scale = trade->price.scale;
}

static void commit_further(struct window *window, const struct window_entry *entry,
                           struct window_place place)
{
    const struct trade *trade = entry->trade;
    if (compare_places(place, window->first) < 0) {
        window->first = place;
        window->first_trade_id = trade->first_id;
        window->open = trade->price;
    }
    if (compare_places(place, window->last) >= 0) {
        window->last = place;
        window->last_trade_id = trade->last_id;
        window->close = trade->price;
    }
    if (beats(trade->price, window->high, 1))
        window->high = trade->price;
    if (beats(trade->price, window->low, -1))
        window->low = trade->price;
    if (trade->price.scale > window->price_scale)
        window->price_scale = trade->price.scale;
    if (entry->seq < window->first_seq)
        window->first_seq = entry->seq;
    if (entry->seq > window->last_seq)
        window->last_seq = entry->seq;
}

void window_commit(struct window *window, const struct window_sums *sums,
                   const struct window_entry *entry, bool late)
{
    const struct trade *trade = entry->trade;
    bool ordered = trade->has_id && (trade->flags & TRADE_OPAQUE) == 0;
    struct window_place place = {trade->source_ns, ordered ? trade->id : 0};
    assert(place.source_ns >= window->open_ns && place.source_ns < window->close_ns);
    if (window->sums.trades == 0)
        commit_first(window, entry, place);
    else
        commit_further(window, entry, place);
    window->sums = *sums;
    window->late += late;
    window->out_of_order += entry->out_of_order;
    window->backfilled += (trade->flags & TRADE_BACKFILL) != 0 ? trade->count : 0;
    window->changed = true;
}

void window_carry(struct window *window, struct decimal price)
{
    assert(window->sums.trades == 0);
    window->flags |= CANDLE_CARRIED;
    window->open = window->high = window->low = window->close = price;
    window->price_scale = price.scale;
}

/* The digits that are asked for, or as many as fit where prices are absurdly far apart. */
static struct decimal average_price(const struct window *window)
{
    unsigned scale = window->price_scale + 4u;
    if (scale > DECIMAL_SCALE_MAX)
        scale = DECIMAL_SCALE_MAX;
    struct decimal vwap = DECIMAL_ZERO;
    while (decimal_div(&vwap, window->sums.quote_volume, window->sums.volume, (uint8_t)scale) !=
               ERR_OK &&
           scale > 0)
        scale--;
    return vwap;
}

void window_to_candle(const struct window *window, struct candle *out)
{
    bool traded = window->sums.trades > 0;
    out->open_ns = window->open_ns;
    out->close_ns = window->close_ns;
    out->revision = window->revision;
    out->open = window->open;
    out->high = window->high;
    out->low = window->low;
    out->close = window->close;
    out->volume = window->sums.volume;
    out->quote_volume = window->sums.quote_volume;
    out->trades = window->sums.trades;
    out->taker_buy_volume = window->sums.taker_buy_volume;
    out->taker_buy_quote_volume = window->sums.taker_buy_quote_volume;
    out->vwap = traded ? average_price(window) : DECIMAL_ZERO;
    out->first_trade_id = window->first_trade_id;
    out->last_trade_id = window->last_trade_id;
    out->first_trade_ns = traded ? window->first.source_ns : RECORD_NO_TIME;
    out->last_trade_ns = traded ? window->last.source_ns : RECORD_NO_TIME;
    out->first_seq = window->first_seq;
    out->last_seq = window->last_seq;
    out->missing = window->missing;
    out->duplicates = window->duplicates;
    out->late = window->late;
    out->out_of_order = window->out_of_order;
    out->backfilled = window->backfilled;
    out->flags = window->flags;
}

/* ---- pool ------------------------------------------------------------------------------------ */

struct window_block {
    struct window_block *next;
    struct window windows[WINDOW_POOL_BLOCK];
};

void window_pool_init(struct window_pool *pool)
{
    *pool = (struct window_pool){0};
}

void window_pool_release(struct window_pool *pool)
{
    while (pool->blocks != NULL) {
        struct window_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
    *pool = (struct window_pool){0};
}

static bool grow(struct window_pool *pool)
{
    struct window_block *block = malloc(sizeof *block);
    if (block == NULL)
        return false;
    block->next = pool->blocks;
    pool->blocks = block;
    for (size_t i = 0; i < WINDOW_POOL_BLOCK; i++)
        window_pool_give(pool, &block->windows[i]);
    return true;
}

struct window *window_pool_take(struct window_pool *pool)
{
    if (pool->free == NULL && !grow(pool))
        return NULL;
    struct window *window = pool->free;
    pool->free = window->next;
    *window = (struct window){0};
    return window;
}

void window_pool_give(struct window_pool *pool, struct window *window)
{
    window->next = pool->free;
    pool->free = window;
}
