#include "engine/candle/market_set.h"

#include "engine/base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MARKETS_FIRST 16

/* Of each time bar: the longest shorter one that nests in it. */
static void find_bases(struct market_rules *rules)
{
    for (size_t i = 0; i < rules->time_count; i++) {
        rules->base[i] = MARKET_NO_BASE;
        for (size_t j = i; j-- > 0 && rules->base[i] == MARKET_NO_BASE;)
            if (bar_nests(rules->bars[j], rules->bars[i]))
                rules->base[i] = (int)j;
    }
}

enum err market_set_init(struct market_set *set, const struct market_set_options *options)
{
    *set = (struct market_set){.options = *options};
    window_pool_init(&set->pool);
    set->outlet = (struct candle_outlet){
        .candle = options->candle,
        .now = options->now,
        .arg = options->arg,
        .forming = options->forming,
        .tape = options->tape,
        .latencies = &set->pool.latencies,
    };
    set->rules = (struct market_rules){
        .series = {options->horizon_ns, options->carry, &set->pool, &set->outlet},
        .lateness_ns = options->lateness_ns,
        .exclude_suspect = options->exclude_suspect,
        .bars = set->options.bars,
    };
    while (set->rules.time_count < options->bar_count &&
           options->bars[set->rules.time_count].kind == BAR_TIME)
        set->rules.time_count++;
    set->rules.trade_count = options->bar_count - set->rules.time_count;
    find_bases(&set->rules);
    set->options.composite = NULL;
    if (options->composite == NULL || options->composite->rule_count == 0)
        return ERR_OK;
    enum err err = composite_set_new(&set->composite, options->composite, set->options.bars,
                                     set->rules.time_count, options->horizon_ns);
    set->outlet.composite = set->composite;
    return err;
}

void market_set_release(struct market_set *set)
{
    for (size_t i = 0; i < set->market_count; i++)
        market_free(set->markets[i], &set->rules);
    for (size_t i = 0; i < set->unwanted_count; i++)
        market_free(set->unwanted[i], &set->rules);
    free(set->markets);
    free(set->table);
    free(set->heap);
    free(set->touched);
    free(set->unwanted);
    composite_set_free(set->composite);
    connection_set_release(&set->connections);
    window_pool_release(&set->pool);
    *set = (struct market_set){0};
}

/* ---- heap of deadlines ----------------------------------------------------------------------- */

/* A market's heap_ns is its deadline or earlier: a deadline that moved away is looked at when the
 * old one is reached, so that a trade seldom costs more than a comparison. */

static void heap_put(struct market_set *set, size_t at, struct market *market)
{
    set->heap[at] = market;
    market->heap_at = at;
}

static void heap_up(struct market_set *set, size_t at)
{
    struct market *market = set->heap[at];
    while (at > 0 && set->heap[(at - 1) / 2]->heap_ns > market->heap_ns) {
        heap_put(set, at, set->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(set, at, market);
}

static void heap_down(struct market_set *set, size_t at)
{
    struct market *market = set->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= set->market_count)
            break;
        if (child + 1 < set->market_count &&
            set->heap[child + 1]->heap_ns < set->heap[child]->heap_ns)
            child++;
        if (set->heap[child]->heap_ns >= market->heap_ns)
            break;
        heap_put(set, at, set->heap[child]);
        at = child;
    }
    heap_put(set, at, market);
}

static void heap_lower(struct market_set *set, struct market *market, int64_t deadline_ns)
{
    if (deadline_ns >= market->heap_ns)
        return;
    market->heap_ns = deadline_ns;
    heap_up(set, market->heap_at);
}

/* ---- finding markets ------------------------------------------------------------------------- */

/* Of the symbol, eight bytes at a time, begun with the venue. */
static uint64_t hash_of(const struct venue *venue, const char *symbol)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)(uintptr_t)venue;
    for (size_t left = strnlen(symbol, SYMBOL_MAX); left > 0;) {
        uint64_t piece = 0;
        size_t size = left < sizeof piece ? left : sizeof piece;
        memcpy(&piece, symbol, size);
        symbol += size;
        left -= size;
        hash = (hash ^ piece) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return hash;
}

/* Whether one of the eight bytes is 0. */
static bool has_end(uint64_t word)
{
    return ((word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080)) != 0;
}

static bool same_symbol(const char *a, const char *b)
{
    /* By the words of eight bytes that nearly all symbols fit into; both arrays are SYMBOL_MAX. */
    uint64_t x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    if (x[0] == y[0] && (has_end(x[0]) || (x[1] == y[1] && has_end(x[1]))))
        return true;
    return strcmp(a, b) == 0;
}

/* The market's place in the table, or the free one where it would go. `symbol` is SYMBOL_MAX long.
 */
static struct market_slot *table_place(const struct market_set *set, const struct venue *venue,
                                       const char *symbol, uint64_t hash)
{
    for (size_t i = hash & (set->table_size - 1);; i = (i + 1) & (set->table_size - 1)) {
        struct market_slot *slot = &set->table[i];
        if (slot->market == NULL)
            return slot;
        if (slot->hash != hash)
            continue;
        market_fetch(slot->market);
        if (slot->market->venue == venue && same_symbol(slot->market->symbol, symbol))
            return slot;
    }
}

static enum err grow_array(struct market ***array, size_t capacity)
{
    struct market **grown = realloc(*array, capacity * sizeof(struct market *));
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for markets");
    *array = grown;
    return ERR_OK;
}

static enum err grow_table(struct market_set *set, size_t size)
{
    struct market_slot *old = set->table;
    size_t old_size = set->table_size;
    struct market_slot *table = calloc(size, sizeof *table);
    if (table == NULL)
        return err_fail(ERR_NOMEM, "out of memory for markets");
    set->table = table;
    set->table_size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].market != NULL)
            *table_place(set, old[i].market->venue, old[i].market->symbol, old[i].hash) = old[i];
    free(old);
    return ERR_OK;
}

/* Room for one market more in everything. The table stays at most half full. */
static enum err make_room(struct market_set *set)
{
    size_t count = set->market_count + set->unwanted_count;
    if (count < set->capacity)
        return ERR_OK;
    size_t capacity = set->capacity > 0 ? 2 * set->capacity : MARKETS_FIRST;
    struct market ***arrays[] = {&set->markets, &set->heap, &set->touched, &set->unwanted};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        enum err err = grow_array(arrays[i], capacity);
        if (err != ERR_OK)
            return err;
    }
    enum err err = grow_table(set, 2 * capacity);
    if (err == ERR_OK)
        set->capacity = capacity;
    return err;
}

/* Symbols become fields of CSV rows, JSON, database keys: only characters that need no quotes
 * anywhere, but in any script (venues list tokens with Chinese names). */
static bool symbol_is_clean(const char *symbol)
{
    size_t length = strnlen(symbol, SYMBOL_MAX);
    if (length == 0 || length == SYMBOL_MAX || buf_is_utf8(symbol, length) == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)symbol[i], next = (unsigned char)symbol[i + 1];
        bool control = c <= ' ' || c == 0x7f || (c == 0xc2 && next < 0xa0);
        if (control || strchr(",\"\\'", symbol[i]) != NULL)
            return false;
    }
    return true;
}

/* Who follows a market that is new, and which composite it is in. */
static enum err introduce(struct market_set *set, struct market *market)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < set->connections.count && err == ERR_OK; i++) {
        const struct connection *connection = set->connections.items[i];
        if (connection->venue == market->venue && connection_follows(connection, market->symbol))
            err = market_follow(market, &set->rules, connection->opened_ns, set->clock_ns);
    }
    if (err != ERR_OK || set->composite == NULL)
        return err;
    struct composite_market face = {
        .venue = market->venue->name,
        .symbol = market->symbol,
        .instrument = market->instrument,
        .quote = market->quote,
        .volume_unit = market->blank.volume_unit,
        .market = market,
    };
    return composite_set_join(set->composite, &face, &market->member);
}

static enum err add_market(struct market_set *set, const struct market_source *source,
                           const struct trade *trade, struct market **out)
{
    struct market *market;
    enum err err = make_room(set);
    if (err == ERR_OK)
        err = market_new(&market, &set->rules, source, trade);
    if (err != ERR_OK)
        return err;
    market->hash = hash_of(source->venue, market->symbol);
    *table_place(set, source->venue, market->symbol, market->hash) =
        (struct market_slot){market->hash, market};
    market->wanted =
        set->options.wanted == NULL || set->options.wanted(market->instrument, set->options.arg);
    market->heap_ns = INT64_MAX;
    if (market->wanted) {
        market->index = set->market_count;
        set->markets[set->market_count++] = market;
        heap_put(set, market->index, market);
    } else {
        set->unwanted[set->unwanted_count++] = market;
    }
    *out = market;
    return market->wanted ? introduce(set, market) : ERR_OK;
}

static enum err find_market(struct market_set *set, const struct market_source *source,
                            const struct trade *trade, enum market_set_verdict *out_verdict,
                            struct market **out)
{
    const struct venue *venue = source->venue;
    struct market *market = set->last;
    if (market != NULL && market->venue == venue && same_symbol(market->symbol, trade->symbol)) {
        *out = market;
        return ERR_OK;
    }
    *out = NULL;
    if (set->table_size > 0)
        *out = table_place(set, venue, trade->symbol, hash_of(venue, trade->symbol))->market;
    if (*out != NULL) {
        market_fetch_window(*out);
        set->last = *out;
        return ERR_OK;
    }
    if (!symbol_is_clean(trade->symbol)) {
        *out_verdict = MARKET_SET_BAD_SYMBOL;
        return ERR_OK;
    }
    if (set->market_count + set->unwanted_count >= MARKET_SET_MAX) {
        *out_verdict = MARKET_SET_FULL;
        return ERR_OK;
    }
    enum err err = add_market(set, source, trade, out);
    set->last = *out;
    return err;
}

void market_set_begin(struct market_set *set, const struct market_set_record *record)
{
    int64_t passed_ns = record->passed_ns;
    assert(passed_ns >= 0 && set->touched_count == 0);
    candle_outlet_begin(&set->outlet, record->seq, record->wall_ns, record->mono_ns);
    set->before_ns = set->clock_ns;
    /* INT64_MAX is the deadline of those that wait for nothing: never reached. */
    bool fits = passed_ns < INT64_MAX - set->clock_ns;
    set->clock_ns = fits ? set->clock_ns + passed_ns : INT64_MAX - 1;
}

/* ---- connections ----------------------------------------------------------------------------- */

struct connection *market_set_connection(const struct market_set *set, uint32_t id)
{
    return connection_set_find(&set->connections, id);
}

/* When the first of those that follow a market was opened, but for one that leaves it. */
static int64_t first_opened(const struct market_set *set, const struct market *market,
                            const struct connection *leaving)
{
    int64_t first_ns = INT64_MAX;
    for (size_t i = 0; i < set->connections.count; i++) {
        const struct connection *connection = set->connections.items[i];
        if (connection != leaving && connection->venue == market->venue &&
            connection->opened_ns < first_ns && connection_follows(connection, market->symbol))
            first_ns = connection->opened_ns;
    }
    return first_ns;
}

static void unfollow(struct market_set *set, struct market *market,
                     const struct connection *leaving, int64_t clock_ns)
{
    market_unfollow(market, &set->rules, clock_ns);
    if (!market->started && market->followers > 0)
        market->followed_clock_ns = first_opened(set, market, leaving);
}

static void close_at(struct market_set *set, struct connection *connection, int64_t clock_ns)
{
    for (size_t i = 0; i < set->market_count; i++) {
        struct market *market = set->markets[i];
        if (market->venue == connection->venue && connection_follows(connection, market->symbol))
            unfollow(set, market, connection, clock_ns);
    }
    connection_set_remove(&set->connections, connection);
}

void market_set_close(struct market_set *set, struct connection *connection)
{
    close_at(set, connection, set->clock_ns);
}

void market_set_end_session(struct market_set *set)
{
    while (set->connections.count > 0)
        close_at(set, set->connections.items[0], set->before_ns);
}

enum err market_set_open(struct market_set *set, const struct venue *venue, uint32_t id, bool all,
                         struct connection **out)
{
    struct connection *old = market_set_connection(set, id);
    if (old != NULL)
        market_set_close(set, old);
    if (set->connections.count == CONNECTIONS_MAX)
        market_set_close(set, set->connections.items[0]);
    enum err err = connection_set_add(&set->connections, venue, id, set->clock_ns, all, out);
    for (size_t i = 0; i < set->market_count && all && err == ERR_OK; i++)
        if (set->markets[i]->venue == venue)
            err = market_follow(set->markets[i], &set->rules, set->clock_ns, set->clock_ns);
    return err;
}

/* The wanted market of that venue and symbol, or NULL. */
static struct market *known_market(const struct market_set *set, const struct venue *venue,
                                   const char *symbol)
{
    char padded[SYMBOL_MAX] = ""; /* the look-up reads whole words */
    size_t size = strnlen(symbol, SYMBOL_MAX);
    if (set->table_size == 0 || size == SYMBOL_MAX)
        return NULL;
    memcpy(padded, symbol, size);
    struct market *market = table_place(set, venue, padded, hash_of(venue, padded))->market;
    return market != NULL && market->wanted ? market : NULL;
}

enum err market_set_want(struct market_set *set, struct connection *connection, const char *symbol)
{
    bool is_new;
    enum err err = connection_want(connection, symbol, &is_new);
    struct market *market = known_market(set, connection->venue, symbol);
    if (err != ERR_OK || market == NULL || !is_new)
        return err;
    return market_follow(market, &set->rules, connection->opened_ns, set->clock_ns);
}

void market_set_leave(struct market_set *set, struct connection *connection, const char *symbol)
{
    struct market *market = known_market(set, connection->venue, symbol);
    if (connection->all || !connection_follows(connection, symbol))
        return;
    connection_leave(connection, symbol);
    if (market != NULL)
        unfollow(set, market, connection, set->clock_ns);
}

/* ---- records --------------------------------------------------------------------------------- */

static void touch(struct market_set *set, struct market *market)
{
    if (market->touched)
        return;
    market->touched = true;
    set->touched[set->touched_count++] = market;
}

/* All trades of a connection tell of its clock, those of markets that are filtered out too. */
static void learn_offset(const struct market_source *source, const struct trade *trade,
                         int64_t wall_ns)
{
    int64_t latency_ns;
    if (source->connection == NULL || !market_source_live(source, trade) ||
        trade_time_check(trade->source_ns, wall_ns) != TIME_GOOD ||
        __builtin_sub_overflow(wall_ns, trade->source_ns, &latency_ns))
        return;
    clock_offset_add(&source->connection->offset, latency_ns);
}

enum err market_set_trade(struct market_set *set, const struct market_source *source,
                          const struct trade *trade, enum market_set_verdict *out_verdict,
                          struct market_finding *out_finding, const struct market **out_market)
{
    struct market *market = NULL;
    *out_verdict = MARKET_SET_DONE;
    *out_finding = (struct market_finding){0};
    enum err err = find_market(set, source, trade, out_verdict, &market);
    *out_market = market;
    if (err != ERR_OK || market == NULL)
        return err;
    learn_offset(source, trade, set->outlet.wall_ns);
    if (!market->wanted) {
        *out_verdict = MARKET_SET_UNWANTED;
        return ERR_OK;
    }
    if (!market->touched)
        market_begin(market, &set->rules, set->before_ns);
    touch(set, market);
    return market_trade(market, &set->rules, source, trade, set->clock_ns, out_finding);
}

int64_t market_set_due(const struct market_set *set)
{
    return set->market_count > 0 ? set->heap[0]->heap_ns : INT64_MAX;
}

/* Those that time alone has something to do for. */
static void touch_due(struct market_set *set)
{
    while (set->market_count > 0 && set->heap[0]->heap_ns <= set->clock_ns) {
        struct market *market = set->heap[0];
        int64_t deadline_ns = market_deadline(market, &set->rules);
        if (deadline_ns <= set->clock_ns) {
            touch(set, market);
            deadline_ns = INT64_MAX; /* set again when it has been processed */
        }
        market->heap_ns = deadline_ns;
        heap_down(set, 0);
    }
}

static int compare_index(const void *a, const void *b)
{
    size_t left = (*(struct market *const *)a)->index, right = (*(struct market *const *)b)->index;
    return (left > right) - (left < right);
}

/* ---- composites ------------------------------------------------------------------------------ */

static int64_t watermark_of(const void *market, void *arg)
{
    const struct market_set *set = arg;
    return market_watermark(market, &set->rules, set->clock_ns);
}

static int64_t reaches(const void *market, int64_t watermark_ns, void *arg)
{
    const struct market_set *set = arg;
    return market_reaches(market, &set->rules, watermark_ns);
}

static void give_composite(struct candle *candle, void *arg)
{
    struct market_set *set = arg;
    candle_outlet_pass(&set->outlet, candle);
}

static enum err end_composites(struct market_set *set)
{
    struct composite_clock clock = {
        .clock_ns = set->clock_ns,
        .watermark = watermark_of,
        .reaches = reaches,
        .forming = set->outlet.forming,
        .give = give_composite,
        .arg = set,
    };
    return composite_set_end(set->composite, &clock);
}

enum err market_set_end(struct market_set *set)
{
    touch_due(set);
    if (set->touched_count > 1)
        qsort(set->touched, set->touched_count, sizeof(struct market *), compare_index);
    enum err err = ERR_OK;
    for (size_t i = 0; i < set->touched_count; i++) {
        struct market *market = set->touched[i];
        market->touched = false;
        if (err == ERR_OK)
            err = market_advance(market, &set->rules, set->clock_ns);
        if (market->moved && market->member != NULL)
            composite_set_moved(set->composite, market->member);
        market->moved = false;
        heap_lower(set, market, market_deadline(market, &set->rules));
    }
    set->touched_count = 0;
    return err == ERR_OK && set->composite != NULL ? end_composites(set) : err;
}

enum err market_set_each_forming(struct market_set *set,
                                 void (*each)(const struct candle *candle, void *arg), void *arg)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < set->market_count && err == ERR_OK; i++)
        err = market_each_forming(set->markets[i], &set->rules, set->clock_ns, each, arg);
    if (err == ERR_OK && set->composite != NULL)
        composite_set_each_forming(set->composite, each, arg);
    return err;
}
