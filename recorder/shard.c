#include "recorder/shard.h"

#include <stdlib.h>
#include <string.h>

/* Working memory of one update for one venue. */
struct spread {
    struct shard_set *set;
    const struct plan_venue *plan;
    size_t symbols_max;
    struct shard **home; /* [instrument * stream_count + stream]: where it is; NULL = nowhere yet */
    uint32_t *by_symbol; /* hash table of instrument index + 1 */
    size_t table_size;   /* a power of two, or 0 */
};

/* ---- memory --------------------------------------------------------------------------------- */

enum err shard_items_add(struct shard_items *items, struct shard_item item)
{
    if (items->count == items->capacity) {
        size_t capacity = items->capacity ? items->capacity * 2 : 16;
        struct shard_item *grown = realloc(items->items, capacity * sizeof *grown);
        if (!grown)
            return err_fail(ERR_NOMEM, "out of memory for subscriptions");
        items->items = grown;
        items->capacity = capacity;
    }
    items->items[items->count++] = item;
    return ERR_OK;
}

void shard_items_release(struct shard_items *items)
{
    free(items->items);
    memset(items, 0, sizeof *items);
}

static void shard_free(struct shard *shard)
{
    shard_items_release(&shard->wanted);
    shard_items_release(&shard->left);
    free(shard);
}

void shard_set_release(struct shard_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        shard_free(set->shards[i]);
    free(set->shards);
    memset(set, 0, sizeof *set);
}

void shard_set_prune(struct shard_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (set->shards[i]->wanted.count > 0)
            set->shards[kept++] = set->shards[i];
        else
            shard_free(set->shards[i]);
    }
    set->count = kept;
}

static enum err new_shard(struct spread *spread, size_t stream, struct shard **out)
{
    struct shard_set *set = spread->set;
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 16;
        struct shard **grown = realloc(set->shards, capacity * sizeof(struct shard *));
        if (!grown)
            return err_fail(ERR_NOMEM, "out of memory for connections");
        set->shards = grown;
        set->capacity = capacity;
    }
    struct shard *shard = calloc(1, sizeof *shard);
    if (!shard)
        return err_fail(ERR_NOMEM, "out of memory for connections");
    shard->venue = spread->plan->venue;
    shard->url = &spread->plan->streams[stream].url;
    shard->rest = &spread->plan->rest;
    shard->redundancy = spread->plan->redundancy;
    set->shards[set->count++] = shard;
    *out = shard;
    return ERR_OK;
}

/* ---- what stays ----------------------------------------------------------------------------- */

static size_t hash_of(const char *symbol)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *symbol; symbol++)
        hash = (hash ^ (uint8_t)*symbol) * UINT64_C(0x100000001B3);
    return (size_t)(hash ^ hash >> 32);
}

static enum err index_symbols(struct spread *spread)
{
    const struct plan_venue *plan = spread->plan;
    spread->table_size = 16;
    while (spread->table_size < plan->count * 2)
        spread->table_size *= 2;
    spread->by_symbol = calloc(spread->table_size, sizeof *spread->by_symbol);
    spread->home = calloc(plan->count * plan->stream_count + 1, sizeof(struct shard *));
    if (!spread->by_symbol || !spread->home)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    for (size_t i = 0; i < plan->count; i++) {
        size_t at = hash_of(plan->instruments[i].symbol);
        while (spread->by_symbol[at & (spread->table_size - 1)])
            at++;
        spread->by_symbol[at & (spread->table_size - 1)] = (uint32_t)(i + 1);
    }
    return ERR_OK;
}

static size_t find_symbol(const struct spread *spread, const char *symbol)
{
    size_t at = hash_of(symbol), found;
    while ((found = spread->by_symbol[at & (spread->table_size - 1)]) != 0) {
        if (strcmp(spread->plan->instruments[found - 1].symbol, symbol) == 0)
            return found - 1;
        at++;
    }
    return SIZE_MAX;
}

static bool same_place(const struct shard *shard, const struct plan_venue *plan, size_t stream)
{
    return shard->venue == plan->venue &&
           strcmp(shard->url->text, plan->streams[stream].url.text) == 0;
}

static size_t find_stream(const struct spread *spread, const struct shard *shard,
                          const struct venue_channel *channel)
{
    for (size_t i = 0; i < spread->plan->stream_count; i++)
        if (spread->plan->streams[i].channel == channel && same_place(shard, spread->plan, i))
            return i;
    return SIZE_MAX;
}

/* Keeps what the plan has, notes what it has not. */
static enum err keep(struct spread *spread, struct shard *shard)
{
    const struct plan_venue *plan = spread->plan;
    struct shard_items *wanted = &shard->wanted;
    size_t kept = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < wanted->count; i++) {
        struct shard_item item = wanted->items[i];
        size_t stream = find_stream(spread, shard, item.channel);
        size_t symbol = stream == SIZE_MAX ? SIZE_MAX : find_symbol(spread, item.symbol);
        if (symbol == SIZE_MAX) {
            err = err ? err : shard_items_add(&shard->left, item);
            continue;
        }
        spread->home[symbol * plan->stream_count + stream] = shard;
        item.symbol = plan->instruments[symbol].symbol;
        wanted->items[kept++] = item;
        shard->url = &plan->streams[stream].url;
    }
    wanted->count = kept;
    shard->rest = &plan->rest;
    shard->redundancy = plan->redundancy;
    return err;
}

/* ---- what is new ---------------------------------------------------------------------------- */

static bool has_room(const struct spread *spread, const struct shard *shard, size_t count)
{
    return shard->wanted.count + count <= spread->symbols_max;
}

/* Where the symbol already is, else the first with room, else a new one. */
static enum err choose(struct spread *spread, size_t symbol, size_t stream, size_t count,
                       struct shard **out)
{
    const struct plan_venue *plan = spread->plan;
    for (size_t i = 0; i < plan->stream_count; i++) {
        struct shard *home = spread->home[symbol * plan->stream_count + i];
        if (home && same_place(home, plan, stream) && has_room(spread, home, count)) {
            *out = home;
            return ERR_OK;
        }
    }
    for (size_t i = 0; i < spread->set->count; i++) {
        struct shard *shard = spread->set->shards[i];
        if (same_place(shard, plan, stream) && has_room(spread, shard, count)) {
            *out = shard;
            return ERR_OK;
        }
    }
    return new_shard(spread, stream, out);
}

/* The streams of the symbol at the address of `first` that are nowhere yet, from `first` on. */
static size_t missing_at(const struct spread *spread, size_t symbol, size_t first,
                         size_t out[PLAN_STREAMS_MAX])
{
    const struct plan_venue *plan = spread->plan;
    const char *address = plan->streams[first].url.text;
    size_t count = 0;
    for (size_t i = first; i < plan->stream_count && count < spread->symbols_max; i++)
        if (!spread->home[symbol * plan->stream_count + i] &&
            strcmp(plan->streams[i].url.text, address) == 0)
            out[count++] = i;
    return count;
}

static enum err place_symbol(struct spread *spread, size_t symbol)
{
    const struct plan_venue *plan = spread->plan;
    for (size_t first = 0; first < plan->stream_count; first++) {
        size_t streams[PLAN_STREAMS_MAX];
        struct shard *shard = NULL;
        if (spread->home[symbol * plan->stream_count + first])
            continue;
        size_t count = missing_at(spread, symbol, first, streams);
        enum err err = choose(spread, symbol, first, count, &shard);
        for (size_t i = 0; !err && i < count; i++) {
            struct shard_item item = {plan->streams[streams[i]].channel,
                                      plan->instruments[symbol].symbol};
            err = shard_items_add(&shard->wanted, item);
            if (err)
                return err;
            shard->added++;
            spread->home[symbol * plan->stream_count + streams[i]] = shard;
        }
        if (err)
            return err;
    }
    return ERR_OK;
}

/* ---- updating ------------------------------------------------------------------------------- */

static enum err update_venue(struct shard_set *set, const struct plan_venue *plan)
{
    size_t max = plan->venue->recording->symbols_max;
    struct spread spread = {.set = set, .plan = plan, .symbols_max = max > 0 ? max : 1};
    enum err err = index_symbols(&spread);
    for (size_t i = 0; !err && i < set->count; i++)
        if (set->shards[i]->venue == plan->venue)
            err = keep(&spread, set->shards[i]);
    for (size_t i = 0; !err && i < plan->count; i++)
        err = place_symbol(&spread, i);
    free(spread.by_symbol);
    free(spread.home);
    return err;
}

static bool has_venue(const struct record_plan *plan, const struct venue *venue)
{
    for (size_t i = 0; i < plan->venue_count; i++)
        if (plan->venues[i].venue == venue)
            return true;
    return false;
}

static enum err empty(struct shard *shard)
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < shard->wanted.count; i++)
        err = shard_items_add(&shard->left, shard->wanted.items[i]);
    shard->wanted.count = 0;
    return err;
}

enum err shard_set_update(struct shard_set *set, const struct record_plan *plan)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < set->count; i++) {
        set->shards[i]->added = 0;
        set->shards[i]->left.count = 0;
    }
    for (size_t i = 0; !err && i < set->count; i++)
        if (!has_venue(plan, set->shards[i]->venue))
            err = empty(set->shards[i]);
    for (size_t i = 0; !err && i < plan->venue_count; i++)
        err = update_venue(set, &plan->venues[i]);
    return err;
}
