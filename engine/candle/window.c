#include "engine/candle/window.h"

#include "engine/tape/record.h"

#include <assert.h>
#include <stdlib.h>

/* ---- sums ------------------------------------------------------------------------------------ */

/* In almost every case the scales are equal. */
static bool rescale_both(struct window_sum *sum, int128 *all, int128 *bought, uint8_t scale)
{
    struct decimal to;
    if (sum->scale < scale) {
        if (decimal_rescale(&to, (struct decimal){sum->all, sum->scale}, scale) != ERR_OK)
            return false;
        sum->all = to.mantissa;
        /* Smaller than what has just fitted. */
        if (decimal_rescale(&to, (struct decimal){sum->bought, sum->scale}, scale) != ERR_OK)
            return false;
        sum->bought = to.mantissa;
        sum->scale = scale;
        return true;
    }
    if (decimal_rescale(&to, (struct decimal){*all, scale}, sum->scale) != ERR_OK)
        return false;
    *all = to.mantissa;
    if (decimal_rescale(&to, (struct decimal){*bought, scale}, sum->scale) != ERR_OK)
        return false;
    *bought = to.mantissa;
    return true;
}

/* False: it does not fit; the sum is then no good. */
static bool sum_add(struct window_sum *sum, int128 all, int128 bought, uint8_t scale)
{
    if (sum->scale != scale && !rescale_both(sum, &all, &bought, scale))
        return false;
    if (__builtin_add_overflow(sum->all, all, &sum->all))
        return false;
    sum->bought += bought; /* never more than the sum of all */
    return true;
}

static bool sum_merge(struct window_sum *sum, const struct window_sum *from)
{
    return sum_add(sum, from->all, from->bought, from->scale);
}

/* ---- prices ---------------------------------------------------------------------------------- */

static int compare(struct decimal a, struct decimal b)
{
    if (a.scale != b.scale)
        return decimal_compare(a, b);
    return (a.mantissa > b.mantissa) - (a.mantissa < b.mantissa);
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

static void take_extremes(struct window *window, struct decimal high, struct decimal low)
{
    if (beats(high, window->high, 1))
        window->high = high;
    if (beats(low, window->low, -1))
        window->low = low;
}

/* ---- connections ----------------------------------------------------------------------------- */

static void connections_add(struct candle_connections *set, uint32_t id)
{
    size_t at = 0;
    while (at < set->count && set->ids[at] < id)
        at++;
    if (at < set->count && set->ids[at] == id)
        return;
    if (set->count == CANDLE_CONNECTIONS_MAX) {
        set->more = true;
        if (at == CANDLE_CONNECTIONS_MAX)
            return;
        set->count--;
    }
    for (size_t i = set->count; i > at; i--)
        set->ids[i] = set->ids[i - 1];
    set->ids[at] = id;
    set->count++;
}

static void connections_merge(struct candle_connections *set, const struct candle_connections *from)
{
    for (size_t i = 0; i < from->count; i++)
        connections_add(set, from->ids[i]);
    set->more |= from->more;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static void add_amounts(struct window *window, const struct window_entry *entry)
{
    if ((window->flags & CANDLE_OVERFLOW) != 0)
        return;
    bool buy = entry->trade->taker == TAKER_BUY;
    struct decimal quantity = entry->quantity, amount = entry->amount;
    if (!entry->amount_fits ||
        !sum_add(&window->volume, quantity.mantissa, buy ? quantity.mantissa : 0, quantity.scale) ||
        !sum_add(&window->quote_volume, amount.mantissa, buy ? amount.mantissa : 0, amount.scale))
        window->flags |= CANDLE_OVERFLOW;
}

static void add_first(struct window *window, const struct window_entry *entry,
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
    window->clock_offset_ns = entry->clock_offset_ns;
}

static void add_further(struct window *window, const struct window_entry *entry,
                        struct window_place place)
{
    const struct trade *trade = entry->trade;
    if (entry->by_arrival || compare_places(place, window->last) >= 0) {
        window->last = place;
        window->last_trade_id = trade->last_id;
        window->close = trade->price;
        window->clock_offset_ns = entry->clock_offset_ns;
    } else if (compare_places(place, window->first) < 0) {
        window->first = place;
        window->first_trade_id = trade->first_id;
        window->open = trade->price;
    }
    take_extremes(window, trade->price, trade->price);
    if (trade->price.scale > window->price_scale)
        window->price_scale = trade->price.scale;
    if (entry->seq < window->first_seq)
        window->first_seq = entry->seq;
    if (entry->seq > window->last_seq)
        window->last_seq = entry->seq;
}

/* Executions, up to what an integer of the store holds. */
static void add_count(struct window *window, uint64_t count)
{
    if (__builtin_add_overflow(window->trades, count, &window->trades) ||
        window->trades > INT64_MAX)
        window->trades = INT64_MAX;
}

static enum err add_particulars(struct window *window, struct latency_pool *latencies,
                                const struct window_entry *entry)
{
    const struct trade *trade = entry->trade;
    add_count(window, trade->count);
    window->out_of_order += entry->out_of_order;
    if ((trade->flags & TRADE_BACKFILL) != 0)
        window->backfilled += trade->count;
    const uint32_t suspect = CANDLE_SUSPECT_TIME | CANDLE_SUSPECT_PRICE | CANDLE_SUSPECT_SIZE;
    window->suspect += (entry->flags & suspect) != 0;
    window->flags |= entry->flags;
    if ((entry->malformed | entry->dropped) != 0) {
        window->malformed += entry->malformed;
        window->dropped += entry->dropped;
    }
    return entry->has_latency ? latency_add(&window->latency, latencies, entry->latency_ns)
                              : ERR_OK;
}

enum err window_add(struct window *window, struct latency_pool *latencies,
                    const struct window_entry *entry, bool late)
{
    const struct trade *trade = entry->trade;
    bool ordered = trade->has_id && (trade->flags & TRADE_OPAQUE) == 0;
    struct window_place place = {trade->source_ns, ordered ? trade->id : 0};
    if (window->rows == 0)
        add_first(window, entry, place);
    else
        add_further(window, entry, place);
    window->rows++;
    add_amounts(window, entry);
    if (entry->connection != 0 &&
        (window->connections.count == 0 || window->connections.ids[0] != entry->connection))
        connections_add(&window->connections, entry->connection);
    window->late += late;
    window->changed = true;
    return entry->whole ? add_particulars(window, latencies, entry) : ERR_OK;
}

/* ---- merging --------------------------------------------------------------------------------- */

static void merge_prices(struct window *window, const struct window *from)
{
    if (window->rows == 0 || compare_places(from->last, window->last) >= 0) {
        window->last = from->last;
        window->last_trade_id = from->last_trade_id;
        window->close = from->close;
        window->clock_offset_ns = from->clock_offset_ns;
    }
    if (window->rows == 0 || compare_places(from->first, window->first) < 0) {
        window->first = from->first;
        window->first_trade_id = from->first_trade_id;
        window->open = from->open;
    }
    if (window->rows == 0) {
        window->high = from->high;
        window->low = from->low;
    } else {
        take_extremes(window, from->high, from->low);
    }
    if (window->rows == 0 || from->price_scale > window->price_scale)
        window->price_scale = from->price_scale;
    if (window->rows == 0 || from->first_seq < window->first_seq)
        window->first_seq = from->first_seq;
    if (from->last_seq > window->last_seq)
        window->last_seq = from->last_seq;
}

enum err window_merge(struct window *window, struct latency_pool *latencies,
                      const struct window *from)
{
    assert(from->open_ns >= window->open_ns && from->close_ns <= window->close_ns);
    window->missing += from->missing;
    window->duplicates += from->duplicates;
    window->suspect += from->suspect;
    window->changed = true;
    if (from->rows == 0)
        return ERR_OK;
    merge_prices(window, from);
    window->rows += from->rows;
    add_count(window, from->trades);
    window->flags |= from->flags & ~(uint32_t)(CANDLE_PARTIAL | CANDLE_CARRIED);
    window->flags &= ~(uint32_t)CANDLE_CARRIED;
    if ((window->flags & CANDLE_OVERFLOW) == 0 &&
        (!sum_merge(&window->volume, &from->volume) ||
         !sum_merge(&window->quote_volume, &from->quote_volume)))
        window->flags |= CANDLE_OVERFLOW;
    window->out_of_order += from->out_of_order;
    window->backfilled += from->backfilled;
    window->malformed += from->malformed;
    window->dropped += from->dropped;
    connections_merge(&window->connections, &from->connections);
    return latency_merge(&window->latency, latencies, &from->latency);
}

void window_carry(struct window *window, struct decimal price)
{
    assert(window->rows == 0);
    window->flags |= CANDLE_CARRIED;
    window->open = window->high = window->low = window->close = price;
    window->price_scale = price.scale;
}

/* ---- the candle ------------------------------------------------------------------------------ */

/* The digits that are asked for, or as many as fit where prices are absurdly far apart. */
static struct decimal average_price(const struct candle *candle, uint8_t price_scale)
{
    unsigned scale = price_scale + 4u;
    if (scale > DECIMAL_SCALE_MAX)
        scale = DECIMAL_SCALE_MAX;
    struct decimal vwap = DECIMAL_ZERO;
    while (decimal_div(&vwap, candle->quote_volume, candle->volume, (uint8_t)scale) != ERR_OK &&
           scale > 0)
        scale--;
    return vwap;
}

static void put_values(const struct window *window, struct candle *out)
{
    const struct window_sum *volume = &window->volume, *quote = &window->quote_volume;
    out->open = window->open;
    out->high = window->high;
    out->low = window->low;
    out->close = window->close;
    out->trades = window->trades;
    if ((window->flags & CANDLE_OVERFLOW) != 0)
        return;
    out->volume = (struct decimal){volume->all, volume->scale};
    out->taker_buy_volume = (struct decimal){volume->bought, volume->scale};
    out->quote_volume = (struct decimal){quote->all, quote->scale};
    out->taker_buy_quote_volume = (struct decimal){quote->bought, quote->scale};
    if (window->rows > 0 && volume->all != 0)
        out->vwap = average_price(out, window->price_scale);
}

void window_to_candle(const struct window *window, struct candle *out)
{
    bool traded = window->rows > 0;
    out->open_ns = window->open_ns;
    out->close_ns = window->close_ns;
    out->revision = window->revision;
    put_values(window, out);
    out->first_trade_id = window->first_trade_id;
    out->last_trade_id = window->last_trade_id;
    out->first_trade_ns = traded ? window->first.source_ns : RECORD_NO_TIME;
    out->last_trade_ns = traded ? window->last.source_ns : RECORD_NO_TIME;
    out->first_seq = window->first_seq;
    out->last_seq = window->last_seq;
    out->connections = window->connections;
    out->missing = window->missing;
    out->duplicates = window->duplicates;
    out->late = window->late;
    out->out_of_order = window->out_of_order;
    out->backfilled = window->backfilled;
    out->malformed = window->malformed;
    out->dropped = window->dropped;
    out->suspect = window->suspect;
    out->flags = window->flags;
    latency_figures(&window->latency, &out->latency);
    latency_figures(&window->emit, &out->emit);
    out->latency_values = &window->latency;
    out->has_clock_offset = traded && window->clock_offset_ns != CLOCK_OFFSET_NONE;
    out->clock_offset_ns = out->has_clock_offset ? window->clock_offset_ns : 0;
}

/* ---- pool ------------------------------------------------------------------------------------ */

struct window_block {
    struct window_block *next;
    struct window windows[WINDOW_POOL_BLOCK];
};

void window_pool_init(struct window_pool *pool)
{
    *pool = (struct window_pool){0};
    latency_pool_init(&pool->latencies);
}

void window_pool_release(struct window_pool *pool)
{
    while (pool->blocks != NULL) {
        struct window_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
    latency_pool_release(&pool->latencies);
    *pool = (struct window_pool){0};
}

static bool grow(struct window_pool *pool)
{
    struct window_block *block = calloc(1, sizeof *block);
    if (block == NULL)
        return false;
    block->next = pool->blocks;
    pool->blocks = block;
    for (size_t i = 0; i < WINDOW_POOL_BLOCK; i++) {
        block->windows[i].next = pool->free;
        pool->free = &block->windows[i];
    }
    return true;
}

struct window *window_pool_take(struct window_pool *pool)
{
    if (pool->free == NULL && !grow(pool))
        return NULL;
    struct window *window = pool->free;
    pool->free = window->next;
    *window = (struct window){.clock_offset_ns = CLOCK_OFFSET_NONE};
    return window;
}

void window_pool_give(struct window_pool *pool, struct window *window)
{
    latency_clear(&window->latency, &pool->latencies);
    latency_clear(&window->emit, &pool->latencies);
    window->next = pool->free;
    pool->free = window;
}
