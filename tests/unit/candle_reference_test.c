/*
 * The engine's candles against a naive model of them, update by update, over many seeded markets:
 * late, lost, duplicate, disordered, missing, repaired, excluded, snapshot and aggregated trades,
 * latencies, lost frames, several connections, bars and markets, silence, empty windows carried or
 * not.
 *
 * The model keeps every trade, and works every window out again from nothing, in plain integers,
 * whenever it may have changed. It knows nothing of series, roll-up, heaps or sums.
 *
 * Each seed is run once more at the same time without forming candles, where longer bars are
 * rolled up from shorter ones: the other updates must be the same in every column.
 *
 * REWICK_TEST_SEEDS sets the number of seeds.
 */
#include "engine/candle/market_set.h"
#include "engine/tape/record.h"
#include "tests/unit/unit.h"

/* Sanitizers take five times as long. */
#ifdef __SANITIZE_ADDRESS__
#define SEEDS 150
#else
#define SEEDS 1000
#endif

#define SECOND     INT64_C(1000000000)
#define EPOCH      (INT64_C(1700006400) * SECOND) /* a whole minute and second, not a whole 7 s */
#define MARKETS    4
#define BARS       4
#define TRADES_MAX 6000
#define IDS_MAX    8000
#define WINDOWS    3000
#define UPDATES    20000
#define LINKS      6
#define NOWHERE    INT64_C(-1)

/* ---- the model ------------------------------------------------------------------------------- */

struct model_trade {
    int64_t source_ns;
    uint64_t id, first_id, last_id, count, seq;
    int64_t price, quantity; /* scales 2 and 3 */
    bool buy, out_of_order, has_latency, stepped;
    int64_t latency_ns;
    uint32_t link;
    uint64_t malformed, dropped;
    int window[BARS]; /* -1: lost */
    bool late[BARS];
};

/* One row of the table that the updates must lead to. */
struct model_window {
    bool exists, closed, changed, carried;
    uint32_t revision;
    int64_t carried_at;
    uint64_t missing, duplicates;
};

struct model_market {
    size_t count;
    struct model_trade trades[TRADES_MAX];
    bool aggregated, kind_known, live, started;
    bool followed; /* started before this record: it has a watermark */
    bool seen[IDS_MAX];
    int64_t revealed_ns[IDS_MAX]; /* 0: not missing; NOWHERE: by a trade in no candle */
    uint64_t first_live_id, top_id;
    int64_t first_ns, newest_ns, highest_clock_ns, watermark_ns;
    uint64_t newest_id;
    int64_t followed_ns;                               /* followed from this market time on */
    uint64_t seen_malformed, seen_dropped, seen_steps; /* when its last trade counted */
    struct model_window windows[BARS][WINDOWS];
    int first_window[BARS], end_window[BARS];
};

struct model {
    int64_t sizes[BARS], lateness_ns, horizon_ns, base_ns[BARS];
    bool carry;
    int64_t opened_ns;             /* of all connections */
    int seen[MARKETS], seen_count; /* in this order */
    struct model_market markets[MARKETS];
};

struct update {
    int market, bar, window;
    enum candle_state state;
    uint32_t revision;
};

static int window_of(const struct model *model, int bar, int64_t source_ns)
{
    int64_t index = (source_ns - model->base_ns[bar]) / model->sizes[bar];
    assert_true(index >= 0 && index < WINDOWS);
    return (int)index;
}

static int64_t close_of(const struct model *model, int bar, int window)
{
    return model->base_ns[bar] + (window + 1) * model->sizes[bar];
}

/* Exists and may still change. */
static struct model_window *living(struct model *model, struct model_market *m, int bar,
                                   int64_t source_ns)
{
    int index = window_of(model, bar, source_ns);
    struct model_window *w = &m->windows[bar][index];
    bool lost = w->closed && m->watermark_ns - close_of(model, bar, index) > model->horizon_ns;
    return w->exists && !lost ? w : NULL;
}

static bool model_id(struct model_market *m, const struct trade *t, uint64_t *missing,
                     int64_t *filled_ns, bool *duplicate)
{
    bool snapshot = (t->flags & TRADE_SNAPSHOT) != 0;
    if (!t->has_id)
        return !snapshot;
    bool counts = !snapshot || (m->live && t->id > m->first_live_id);
    if (!snapshot && !m->live) {
        m->live = true;
        m->first_live_id = t->id;
    }
    if (m->seen[t->id]) {
        *duplicate = !snapshot;
        return false;
    }
    m->seen[t->id] = true;
    if (m->top_id == 0 || t->id > m->top_id) {
        for (uint64_t id = m->top_id + 1; m->top_id != 0 && counts && id < t->id; id++, ++*missing)
            m->revealed_ns[id] = (t->flags & TRADE_EXCLUDED) != 0 ? NOWHERE : t->source_ns;
        m->top_id = t->id;
    } else if (m->revealed_ns[t->id] != 0) {
        *filled_ns = m->revealed_ns[t->id];
        m->revealed_ns[t->id] = 0;
        counts = true;
    }
    return counts;
}

/* A record, and what was counted without a trade up to it. */
struct at {
    int64_t clock_ns, wall_ns;
    uint64_t seq, malformed, dropped, steps;
    uint32_t link;
};

/* What its coming shows. */
static void model_lost(struct model_market *m, struct model_trade *k, const struct at *at)
{
    if (m->started) {
        k->malformed = at->malformed - m->seen_malformed;
        k->dropped = at->dropped - m->seen_dropped;
        k->stepped = at->steps != m->seen_steps;
    }
    m->seen_malformed = at->malformed;
    m->seen_dropped = at->dropped;
    m->seen_steps = at->steps;
}

static void model_add(struct model *model, struct model_market *m, const struct trade *t,
                      const struct at *at)
{
    struct model_trade *k = &m->trades[m->count];
    bool newer = !m->started || t->source_ns > m->newest_ns ||
                 (t->source_ns == m->newest_ns && t->id >= m->newest_id);
    *k = (struct model_trade){.source_ns = t->source_ns,
                              .id = t->id,
                              .first_id = t->first_id,
                              .last_id = t->last_id,
                              .count = t->count,
                              .seq = at->seq,
                              .price = (int64_t)t->price.mantissa,
                              .quantity = (int64_t)t->quantity.mantissa,
                              .buy = t->taker == TAKER_BUY,
                              .out_of_order = !newer,
                              .has_latency = (t->flags & TRADE_SNAPSHOT) == 0,
                              .latency_ns = at->wall_ns - t->source_ns,
                              .link = at->link};
    model_lost(m, k, at);
    for (int bar = 0; bar < BARS; bar++) {
        int index = window_of(model, bar, t->source_ns);
        int64_t close_ns = close_of(model, bar, index);
        k->late[bar] = m->followed && close_ns <= m->watermark_ns;
        bool lost = k->late[bar] && m->watermark_ns - close_ns > model->horizon_ns;
        k->window[bar] = lost ? -1 : index;
        if (lost)
            continue;
        struct model_window *w = &m->windows[bar][index];
        w->closed = w->closed || k->late[bar];
        w->exists = w->changed = true;
        w->carried = false;
        if (index < m->first_window[bar])
            m->first_window[bar] = index;
        if (index >= m->end_window[bar])
            m->end_window[bar] = index + 1;
    }
    if (!m->started) {
        m->first_ns = m->newest_ns = t->source_ns;
        m->highest_clock_ns = at->clock_ns;
        m->watermark_ns = t->source_ns - model->lateness_ns;
        m->followed_ns = t->source_ns - (at->clock_ns - model->opened_ns);
        m->started = true;
    }
    m->count++;
    if (t->source_ns > m->newest_ns)
        m->highest_clock_ns = at->clock_ns;
    if (newer) {
        m->newest_ns = t->source_ns;
        m->newest_id = t->id;
    }
}

static void model_trade(struct model *model, struct model_market *m, const struct trade *t,
                        const struct at *at)
{
    bool aggregated = (t->flags & TRADE_AGGREGATED) != 0;
    if (!m->kind_known) {
        m->kind_known = true;
        m->aggregated = aggregated;
        model->seen[model->seen_count++] = (int)(m - model->markets);
    }
    if (m->aggregated != aggregated)
        return;
    uint64_t missing = 0;
    int64_t filled_ns = 0;
    bool duplicate = false;
    bool counts = model_id(m, t, &missing, &filled_ns, &duplicate);
    if (counts && !(t->flags & TRADE_EXCLUDED))
        model_add(model, m, t, at);
    if ((t->flags & TRADE_EXCLUDED) != 0)
        missing = 0;
    for (int bar = 0; bar < BARS && filled_ns != NOWHERE; bar++) {
        struct model_window *w = living(model, m, bar, filled_ns ? filled_ns : t->source_ns);
        if (w != NULL && duplicate)
            w->duplicates++;
        if (w != NULL && !filled_ns)
            w->missing += missing;
        if (w != NULL && filled_ns && w->missing > 0) {
            w->missing--;
            w->changed = true;
        }
    }
}

static int64_t last_price(const struct model_market *m, int bar, int window)
{
    const struct model_trade *last = NULL;
    for (size_t i = 0; i < m->count; i++) {
        const struct model_trade *t = &m->trades[i];
        if (t->window[bar] == window && (last == NULL || t->source_ns > last->source_ns ||
                                         (t->source_ns == last->source_ns && t->id >= last->id)))
            last = t;
    }
    return last != NULL ? last->price : m->windows[bar][window].carried_at;
}

/* What the record has done to one market and bar. */
static void model_updates(struct model *model, int market, int bar, int64_t before_ns,
                          struct update *out, size_t *count)
{
    struct model_market *m = &model->markets[market];
    int64_t horizon_ns = before_ns - model->horizon_ns - 4 * model->sizes[bar];
    int from = horizon_ns > model->base_ns[bar] ? window_of(model, bar, horizon_ns) : 0;
    if (from < m->first_window[bar])
        from = m->first_window[bar];
    int64_t price = model->carry && from > m->first_window[bar] ? last_price(m, bar, from++) : 0;
    for (int i = from; i < WINDOWS; i++) {
        struct model_window *w = &m->windows[bar][i];
        bool due = close_of(model, bar, i) <= m->watermark_ns;
        if (!due && i >= m->end_window[bar])
            break;
        bool flat = !w->exists || w->carried;
        if (model->carry && due && flat && (!w->exists || w->carried_at != price)) {
            w->closed = w->closed || close_of(model, bar, i) <= before_ns; /* closed empty */
            w->exists = w->changed = w->carried = true;
            w->carried_at = price;
        }
        bool closes = w->exists && due && !w->closed;
        if (closes || w->changed) {
            enum candle_state state = w->closed ? CANDLE_CORRECTED
                                      : closes  ? CANDLE_CLOSED
                                                : CANDLE_FORMING;
            w->revision += w->closed;
            out[(*count)++] = (struct update){market, bar, i, state, w->revision};
            price = model->carry ? last_price(m, bar, i) : 0;
        } else if (model->carry && w->exists) {
            price = last_price(m, bar, i);
        }
        w->closed = due || w->closed;
        w->changed = false;
    }
}

static void model_time(struct model *model, int64_t clock_ns, struct update *out, size_t *count)
{
    for (int i = 0; i < model->seen_count; i++) {
        struct model_market *m = &model->markets[model->seen[i]];
        if (!m->started)
            continue;
        int64_t before_ns = m->followed ? m->watermark_ns : 0;
        m->followed = true;
        int64_t watermark_ns = m->newest_ns + (clock_ns - m->highest_clock_ns) - model->lateness_ns;
        if (watermark_ns > m->watermark_ns)
            m->watermark_ns = watermark_ns;
        for (int bar = 0; bar < BARS; bar++)
            model_updates(model, model->seen[i], bar, before_ns, out, count);
    }
}

/* ---- comparison ------------------------------------------------------------------------------ */

struct actual {
    size_t count;
    struct candle candles[UPDATES];
};

static void keep_candle(const struct candle *candle, void *arg)
{
    struct actual *actual = arg;
    assert_true(actual->count < UPDATES);
    actual->candles[actual->count++] = *candle;
}

static void assert_decimal(struct decimal value, int64_t mantissa, uint8_t scale)
{
    assert_int_equal(value.scale, scale);
    assert_true(value.mantissa == mantissa);
}

/* quote / volume at 6 digits, half to even: scales 5 and 3 leave 2. */
static int64_t model_vwap(int128 quote, int128 volume)
{
    int128 dividend = quote * 10000;
    int128 quotient = dividend / volume, twice = dividend % volume * 2;
    return (int64_t)(quotient + (twice > volume || (twice == volume && quotient % 2 == 1)));
}

/* The lowest four of those that brought something, and whether there are more. */
static void compare_links(uint32_t links, const struct candle_connections *connections)
{
    size_t count = 0;
    bool more = false;
    for (uint32_t link = 1; link <= LINKS; link++) {
        if ((links >> link & 1) == 0)
            continue;
        if (count == CANDLE_CONNECTIONS_MAX)
            more = true;
        else
            assert_int_equal(connections->ids[count++], link);
    }
    assert_int_equal(connections->count, count);
    assert_int_equal(connections->more, more);
}

static void compare_latency(const struct model_market *m, int bar, int window,
                            const struct latency_figures *latency)
{
    int64_t min = INT64_MAX, max = INT64_MIN, sum = 0, count = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct model_trade *t = &m->trades[i];
        if (t->window[bar] != window || !t->has_latency)
            continue;
        min = t->latency_ns < min ? t->latency_ns : min;
        max = t->latency_ns > max ? t->latency_ns : max;
        sum += t->latency_ns;
        count++;
    }
    assert_int_equal(latency->count, count);
    if (count == 0)
        return;
    assert_int_equal(latency->min, min);
    assert_int_equal(latency->max, max);
    assert_int_equal(latency->mean, sum >= 0 ? sum / count : -((-sum + count - 1) / count));
    assert_true(latency->p50 >= min && latency->p99 <= max);
    assert_true(latency->p50 <= latency->p90 && latency->p90 <= latency->p99);
}

static void compare_traded(const struct model_market *m, int bar, int window,
                           const struct candle *c)
{
    const struct model_trade *first = NULL, *last = NULL;
    int64_t high = 0, low = INT64_MAX, volume = 0, quote = 0, buy = 0, buy_quote = 0;
    uint64_t count = 0, late = 0, out_of_order = 0, first_seq = UINT64_MAX, last_seq = 0;
    uint64_t malformed = 0, dropped = 0;
    uint32_t links = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct model_trade *t = &m->trades[i];
        if (t->window[bar] != window)
            continue;
        if (first == NULL || t->source_ns < first->source_ns ||
            (t->source_ns == first->source_ns && t->id < first->id))
            first = t;
        if (last == NULL || t->source_ns > last->source_ns ||
            (t->source_ns == last->source_ns && t->id >= last->id))
            last = t;
        high = t->price > high ? t->price : high;
        low = t->price < low ? t->price : low;
        volume += t->quantity;
        quote += t->price * t->quantity;
        buy += t->buy ? t->quantity : 0;
        buy_quote += t->buy ? t->price * t->quantity : 0;
        count += t->count;
        late += t->late[bar];
        out_of_order += t->out_of_order;
        malformed += t->malformed;
        dropped += t->dropped;
        links |= UINT32_C(1) << t->link;
        first_seq = t->seq < first_seq ? t->seq : first_seq;
        last_seq = t->seq > last_seq ? t->seq : last_seq;
    }
    assert_non_null(first);
    assert_decimal(c->open, first->price, 2);
    assert_decimal(c->high, high, 2);
    assert_decimal(c->low, low, 2);
    assert_decimal(c->close, last->price, 2);
    assert_decimal(c->volume, volume, 3);
    assert_decimal(c->quote_volume, quote, 5);
    assert_decimal(c->taker_buy_volume, buy, 3);
    assert_decimal(c->taker_buy_quote_volume, buy_quote, 5);
    assert_decimal(c->vwap, model_vwap(quote, volume), 6);
    assert_int_equal(c->trades, count);
    assert_int_equal(c->late, late);
    assert_int_equal(c->out_of_order, out_of_order);
    assert_int_equal(c->malformed, malformed);
    assert_int_equal(c->dropped, dropped);
    compare_links(links, &c->connections);
    compare_latency(m, bar, window, &c->latency);
    assert_int_equal(c->first_seq, first_seq);
    assert_int_equal(c->last_seq, last_seq);
    assert_int_equal(c->first_trade_id, first->first_id);
    assert_int_equal(c->last_trade_id, last->last_id);
    assert_int_equal(c->first_trade_ns, first->source_ns);
    assert_int_equal(c->last_trade_ns, last->source_ns);
}

static void compare_carried(const struct model_window *w, const struct candle *c)
{
    assert_decimal(c->open, w->carried_at, 2);
    assert_decimal(c->high, w->carried_at, 2);
    assert_decimal(c->low, w->carried_at, 2);
    assert_decimal(c->close, w->carried_at, 2);
    assert_true(decimal_is_zero(c->volume) && decimal_is_zero(c->quote_volume));
    assert_int_equal(c->trades, 0);
    assert_int_equal(c->first_trade_ns, RECORD_NO_TIME);
}

/* What the seeds have met, so that none of it can go untested unseen. */
static struct {
    uint64_t closed, corrected, carried, carried_corrected, late, out_of_order, missing, duplicates;
    uint64_t lost, filled, snapshot, excluded, other_channel, disconnected, malformed, clock;
} met;

static void count_met(const struct candle *c)
{
    bool carried = (c->flags & CANDLE_CARRIED) != 0;
    met.closed += c->state == CANDLE_CLOSED;
    met.corrected += c->state == CANDLE_CORRECTED;
    met.carried += carried;
    met.carried_corrected += carried && c->state == CANDLE_CORRECTED;
    met.late += c->late > 0;
    met.out_of_order += c->out_of_order > 0;
    met.missing += c->missing > 0;
    met.duplicates += c->duplicates > 0;
    met.disconnected += (c->flags & CANDLE_DISCONNECTED) != 0;
    met.malformed += (c->flags & CANDLE_MALFORMED) != 0;
    met.clock += (c->flags & CANDLE_CLOCK) != 0;
}

static void count_finding(const struct market_finding *finding)
{
    met.lost += finding->lost;
    met.filled += finding->filled;
    met.snapshot += finding->verdict == MARKET_SNAPSHOT;
    met.excluded += finding->verdict == MARKET_EXCLUDED;
    met.other_channel += finding->verdict == MARKET_OTHER_CHANNEL;
}

static bool stepped_in(const struct model_market *m, int bar, int window)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->trades[i].window[bar] == window && m->trades[i].stepped)
            return true;
    return false;
}

/* In millionths; nothing ends once the connections are there. */
static int64_t model_connected(const struct model *model, const struct model_market *m,
                               const struct candle *c)
{
    int64_t end = m->watermark_ns + model->lateness_ns, from = m->followed_ns;
    if (c->close_ns < end)
        end = c->close_ns;
    if (end <= c->open_ns || from <= c->open_ns)
        return 1000000;
    return from >= end ? 0 : (int64_t)((int128)(end - from) * 1000000 / (end - c->open_ns));
}

static uint64_t at_most_20(uint64_t count)
{
    return count < 20 ? count : 20;
}

static void compare_quality(const struct model *model, const struct model_market *m, int bar,
                            int window, const struct candle *c)
{
    int64_t connected = model_connected(model, m, c);
    bool carried = c->trades == 0;
    bool clock = (c->latency.count > 0 && c->latency.min < 0) || stepped_in(m, bar, window);
    assert_true(c->has_connected);
    assert_int_equal(c->connected_ppm, connected);
    assert_int_equal(
        c->flags,
        (c->open_ns <= m->first_ns ? CANDLE_PARTIAL : 0) | (carried ? CANDLE_CARRIED : 0) |
            (connected < 1000000 ? CANDLE_DISCONNECTED : 0) |
            (carried && connected == 0 ? CANDLE_NO_DATA : 0) |
            (c->missing > 0 ? CANDLE_MISSING : 0) | (c->malformed > 0 ? CANDLE_MALFORMED : 0) |
            (c->dropped > 0 ? CANDLE_DROPPED : 0) | (clock ? CANDLE_CLOCK : 0));
    uint64_t score = (uint64_t)connected / 10000;
    if (!carried)
        score = 100 * (uint64_t)connected * c->trades / (c->trades + c->missing) / 1000000;
    uint64_t lost = at_most_20(c->malformed + c->dropped);
    assert_int_equal(c->score, score > lost ? score - lost : 0);
}

static void compare(struct model *model, const struct update *want, const struct candle *c)
{
    const struct model_market *m = &model->markets[want->market];
    const struct model_window *w = &m->windows[want->bar][want->window];
    int64_t open_ns = close_of(model, want->bar, want->window) - model->sizes[want->bar];
    count_met(c);
    assert_int_equal(c->symbol[0], 'A' + want->market);
    assert_int_equal(c->bar.size, model->sizes[want->bar]);
    assert_int_equal(c->open_ns, open_ns);
    assert_int_equal(c->close_ns, open_ns + model->sizes[want->bar]);
    assert_int_equal(c->state, want->state);
    assert_int_equal(c->revision, want->revision);
    assert_int_equal(c->missing, w->missing);
    assert_int_equal(c->duplicates, w->duplicates);
    assert_int_equal((c->flags & CANDLE_CARRIED) != 0, w->carried);
    if (w->carried)
        compare_carried(w, c);
    else
        compare_traded(m, want->bar, want->window, c);
    compare_quality(model, m, want->bar, want->window, c);
}

/* Those that are not forming, column by column. */
static void compare_without_forming(const struct actual *with, const struct actual *without)
{
    static char want[CANDLE_ROW_MAX], row[CANDLE_ROW_MAX];
    size_t at = 0;
    for (size_t i = 0; i < with->count; i++) {
        if (with->candles[i].state == CANDLE_FORMING)
            continue;
        assert_true(at < without->count);
        candle_row(&with->candles[i], want);
        candle_row(&without->candles[at++], row);
        assert_string_equal(row, want);
    }
    assert_int_equal(at, without->count);
}

/* ---- seeded markets -------------------------------------------------------------------------- */

struct source {
    uint64_t random;
    uint64_t next_id[MARKETS];
    int64_t price[MARKETS], last_ns[MARKETS];
    size_t held_count; /* made, to be sent later or never */
    struct {
        int market;
        struct trade trade;
    } held[64];
};

static const char *const symbols[MARKETS] = {"AAA", "BBB", "CCC", "DDD"};

static bool chance(struct source *source, uint64_t percent)
{
    return unit_below(&source->random, 100) < percent;
}

/* The venue's next trade of a market; C is aggregated, D has no ids. */
static struct trade next_trade(struct source *source, int market, int64_t source_ns)
{
    if (source_ns < source->last_ns[market] || chance(source, 20))
        source_ns = source->last_ns[market];
    source->last_ns[market] = source_ns;
    source->price[market] += (int64_t)unit_below(&source->random, 201) - 100;
    uint64_t id = ++source->next_id[market];
    struct trade trade = {
        .source_ns = source_ns,
        .has_id = market != 3,
        .id = market != 3 ? id : 0,
        .count = 1,
        .price = {source->price[market], 2},
        .quantity = {1 + (int64_t)unit_below(&source->random, 5000), 3},
        .taker = chance(source, 50) ? TAKER_BUY : TAKER_SELL,
    };
    memcpy(trade.symbol, symbols[market], 4);
    trade.first_id = trade.last_id = trade.id;
    if (market == 2) {
        trade.flags |= TRADE_AGGREGATED;
        trade.count = 1 + unit_below(&source->random, 4);
        trade.first_id = 10 * id;
        trade.last_id = trade.first_id + trade.count - 1;
    }
    if (chance(source, 2))
        trade.flags |= TRADE_EXCLUDED;
    if (chance(source, 2))
        trade.flags |= TRADE_SNAPSHOT;
    if (chance(source, 1))
        trade.flags ^= TRADE_AGGREGATED;
    return trade;
}

static void hold(struct source *source, int market, const struct trade *trade)
{
    if (source->held_count == 64)
        return;
    source->held[source->held_count].market = market;
    source->held[source->held_count++].trade = *trade;
}

/* What the next frame says: a new trade, a new one while another is held back, an old one, one
 * again. */
static struct trade pick_trade(struct source *source, int64_t clock_ns, int *market)
{
    if (source->held_count > 0 && chance(source, 15)) {
        size_t i = (size_t)unit_below(&source->random, source->held_count);
        struct trade trade = source->held[i].trade;
        *market = source->held[i].market;
        if (chance(source, 80))
            source->held[i] = source->held[--source->held_count];
        return trade;
    }
    *market = (int)unit_below(&source->random, MARKETS);
    int64_t source_ns = clock_ns - (int64_t)unit_below(&source->random, 900) * 1000000;
    struct trade trade = next_trade(source, *market, source_ns);
    if (chance(source, 12)) {
        hold(source, *market, &trade);
        trade = next_trade(source, *market, source_ns);
    } else if (chance(source, 6)) {
        hold(source, *market, &trade);
    }
    return trade;
}

static int64_t next_step_ns(struct source *source)
{
    uint64_t kind = unit_below(&source->random, 100);
    if (kind < 20)
        return 0;
    if (kind < 95)
        return (int64_t)unit_below(&source->random, 400) * 1000000;
    return (int64_t)unit_below(&source->random, 9000) * 1000000;
}

/* 7 s are rolled up from 1 s; 1 m too, and 5 m from 1 m. */
static const struct bar all_bars[BARS] = {{BAR_TIME, 1 * SECOND, 0},
                                          {BAR_TIME, 7 * SECOND, 0},
                                          {BAR_TIME, 60 * SECOND, 0},
                                          {BAR_TIME, 300 * SECOND, 0}};

static void describe_plain(const char *symbol, struct instrument *out)
{
    *out = (struct instrument){.kind = INSTRUMENT_OTHER};
    snprintf(out->symbol, sizeof out->symbol, "%s", symbol);
    memcpy(out->name, out->symbol, sizeof out->name);
}

static const struct venue contiguous_venue = {
    .name = "test", .ids = IDS_CONTIGUOUS, .describe = describe_plain};

static void init_model(struct model *model, const struct market_set_options *options)
{
    memset(model, 0, sizeof *model);
    model->lateness_ns = options->lateness_ns;
    model->horizon_ns = options->horizon_ns;
    model->carry = options->carry;
    for (int bar = 0; bar < BARS; bar++) {
        model->sizes[bar] = options->bars[bar].size;
        model->base_ns[bar] =
            (EPOCH - 200 * SECOND) / options->bars[bar].size * options->bars[bar].size;
        for (int i = 0; i < MARKETS; i++)
            model->markets[i].first_window[bar] = WINDOWS;
    }
}

/* The same market set twice: with forming candles, and without. */
struct pair {
    struct market_set sets[2];
    struct actual actual[2];
};

static struct connection *open_link(struct market_set *set, uint32_t id)
{
    struct connection *connection;
    assert_ok(market_set_open(set, &contiguous_venue, id, true, &connection));
    return connection;
}

static void give_trade(struct pair *pair, const struct trade *trade, const struct at *at)
{
    for (int i = 0; i < 2; i++) {
        enum market_set_verdict verdict;
        struct market_finding finding;
        const struct market *found;
        struct market_source source = {
            .venue = &contiguous_venue,
            .channel = "trade",
            .connection = market_set_connection(&pair->sets[i], at->link),
            .received = true,
            .malformed = at->malformed,
            .dropped = at->dropped,
            .steps = at->steps,
        };
        assert_ok(market_set_trade(&pair->sets[i], &source, trade, &verdict, &finding, &found));
        assert_int_equal(verdict, MARKET_SET_DONE);
        if (i == 0)
            count_finding(&finding);
    }
}

static void feed_record(struct pair *pair, struct model *model, struct source *source,
                        struct at *at)
{
    size_t trades = chance(source, 30) ? 0 : 1 + (size_t)unit_below(&source->random, 4);
    at->malformed += chance(source, 3);
    at->dropped += chance(source, 2) ? unit_below(&source->random, 9) : 0;
    at->steps += chance(source, 1);
    for (size_t i = 0; i < trades; i++) {
        int market;
        struct trade trade = pick_trade(source, at->clock_ns, &market);
        if (model->markets[market].count + 1 == TRADES_MAX || trade.id >= IDS_MAX)
            continue;
        give_trade(pair, &trade, at);
        model_trade(model, &model->markets[market], &trade, at);
    }
}

static void begin_record(struct pair *pair, const struct at *at, int64_t step_ns)
{
    for (int i = 0; i < 2; i++) {
        struct market_set_record record = {at->seq, at->wall_ns, at->clock_ns, step_ns};
        pair->actual[i].count = 0;
        market_set_begin(&pair->sets[i], &record);
    }
}

static void init_pair(struct pair *pair, struct market_set_options *options)
{
    for (int i = 0; i < 2; i++) {
        options->forming = i == 0;
        options->arg = &pair->actual[i];
        assert_ok(market_set_init(&pair->sets[i], options));
    }
}

/* The connections come with the first record. */
static void open_links(struct pair *pair)
{
    for (int i = 0; i < 2; i++)
        for (uint32_t link = 1; link <= LINKS; link++)
            open_link(&pair->sets[i], link);
}

static void end_record(struct pair *pair, struct model *model, uint64_t seed, const struct at *at)
{
    static struct update want[UPDATES];
    size_t count = 0;
    for (int i = 0; i < 2; i++)
        assert_ok(market_set_end(&pair->sets[i]));
    model_time(model, at->clock_ns, want, &count);
    if (pair->actual[0].count != count)
        fail_msg("seed %llu, record %llu: %zu updates, not %zu", (unsigned long long)seed,
                 (unsigned long long)at->seq, pair->actual[0].count, count);
    for (size_t i = 0; i < count; i++)
        compare(model, &want[i], &pair->actual[0].candles[i]);
    compare_without_forming(&pair->actual[0], &pair->actual[1]);
}

static void run_seed(uint64_t seed, struct model *model, struct pair *pair, size_t record_count)
{
    struct source source = {.random = seed};
    struct market_set_options options = {
        .bar_count = BARS,
        .lateness_ns = (int64_t)unit_below(&source.random, 4) * 400 * 1000000,
        .horizon_ns = (int64_t)unit_below(&source.random, 4) * 11 * SECOND,
        .carry = chance(&source, 50),
        .candle = keep_candle,
    };
    memcpy(options.bars, all_bars, sizeof all_bars);
    for (int i = 0; i < MARKETS; i++) {
        source.next_id[i] = 1000;
        source.price[i] = 5000000;
        source.last_ns[i] = EPOCH - SECOND;
    }
    init_model(model, &options);
    init_pair(pair, &options);
    int64_t skew_ns = (int64_t)unit_below(&source.random, 1000) * 1000000; /* the receiver's */
    struct at at = {.clock_ns = EPOCH + (int64_t)unit_below(&source.random, 60000) * 1000000};
    int64_t step_ns = 0;
    model->opened_ns = at.clock_ns;
    while (++at.seq <= record_count) {
        at.clock_ns += step_ns;
        at.wall_ns = at.clock_ns - skew_ns;
        at.link = 1 + (uint32_t)unit_below(&source.random, LINKS);
        begin_record(pair, &at, step_ns);
        if (at.seq == 1)
            open_links(pair);
        feed_record(pair, model, &source, &at);
        end_record(pair, model, seed, &at);
        step_ns = next_step_ns(&source);
    }
    for (int i = 0; i < 2; i++)
        market_set_release(&pair->sets[i]);
}

static void equals_a_naive_model_update_by_update(void **state)
{
    (void)state;
    const char *text = getenv("REWICK_TEST_SEEDS");
    uint64_t seeds = text != NULL ? strtoull(text, NULL, 10) : SEEDS;
    struct model *model = malloc(sizeof *model);
    struct pair *pair = malloc(sizeof *pair);
    assert_true(model != NULL && pair != NULL);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_seed(seed, model, pair, 1000);
    const uint64_t *counts = (const uint64_t *)&met;
    for (size_t i = 0; i < sizeof met / sizeof *counts; i++)
        if (counts[i] < seeds)
            fail_msg("case %zu was met %llu times only", i, (unsigned long long)counts[i]);
    free(model);
    free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_naive_model_update_by_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
