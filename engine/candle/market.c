#include "engine/candle/market.h"

#include "engine/tape/record.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the symbol alone does not say where base and quote meet: it is left whole, or they stand
 * side by side in it. */
static bool is_guess(const struct instrument *instrument)
{
    char joined[2 * ASSET_MAX];
    snprintf(joined, sizeof joined, "%s%s", instrument->base, instrument->quote);
    return instrument->base[0] == '\0' || instrument->quote[0] == '\0' ||
           strcasestr(instrument->symbol, joined) != NULL;
}

/* Assets and volume unit, name and identifiers. */
static void identify(struct market *market, const struct market_source *source)
{
    struct instrument spelled;
    const struct instrument *instrument =
        source->instruments != NULL ? instrument_list_symbol(source->instruments, market->symbol)
                                    : NULL;
    if (instrument == NULL) {
        memset(&spelled, 0, sizeof spelled);
        source->venue->describe(market->symbol, &spelled);
        market->guessed = is_guess(&spelled);
        instrument = &spelled;
    }
    memcpy(market->instrument, instrument->name, sizeof market->instrument);
    memcpy(market->quote, instrument->quote, sizeof market->quote);
    market->blank.volume_unit = instrument->volume_unit;
    identity_find(&market->identity, source->mic, source->venue->has_no_mic, instrument->base,
                  instrument->quote);
    market->blank.identity = &market->identity;
}

enum err market_new(struct market **out, const struct market_rules *rules,
                    const struct market_source *source, const struct trade *first)
{
    assert(rules->time_count + rules->trade_count <= MARKET_BARS_MAX);
    struct market *market = calloc(1, sizeof *market + rules->time_count * sizeof(struct series));
    struct trade_series *others = calloc(rules->trade_count + 1, sizeof *others);
    if (market == NULL || others == NULL) {
        free(market);
        free(others);
        return err_fail(ERR_NOMEM, "out of memory for markets");
    }
    market->venue = source->venue;
    market->watermark_ns = INT64_MIN;
    market->due_ns = INT64_MAX;
    memcpy(market->symbol, first->symbol, sizeof market->symbol);
    snprintf(market->channel, sizeof market->channel, "%s", source->channel);
    market->aggregated = (first->flags & TRADE_AGGREGATED) != 0;
    market_check_init(&market->check, source->venue->ids);

    coverage_init(&market->coverage);
    market->blank = (struct candle){
        .venue = source->venue->name,
        .instrument = market->instrument,
        .channel = market->channel,
        .symbol = market->symbol,
        .has_ids = first->has_id,
    };
    identify(market, source);
    for (size_t i = 0; i < rules->time_count; i++)
        series_init(&market->series[i], rules->bars[i]);
    market->trade_series = others;
    for (size_t i = 0; i < rules->trade_count; i++)
        trade_series_init(&others[i], rules->bars[rules->time_count + i]);
    *out = market;
    return ERR_OK;
}

void market_free(struct market *market, const struct market_rules *rules)
{
    if (market == NULL)
        return;
    for (size_t i = 0; i < rules->time_count; i++)
        series_release(&market->series[i]);
    free(market->trade_series);
    market_check_release(&market->check);
    coverage_release(&market->coverage);
    free(market);
}

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t add_saturated(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

/* Highest source time plus the time that has passed since, minus the lateness allowance; never
 * back. */
int64_t market_watermark(const struct market *market, const struct market_rules *rules,
                         int64_t clock_ns)
{
    if (!market->started)
        return INT64_MIN;
    int64_t passed_ns = clock_ns - market->highest_clock_ns; /* both are >= 0 */
    int64_t watermark_ns = add_saturated(market->newest_ns, passed_ns) - rules->lateness_ns;
    if (watermark_ns > TRADE_CHECK_TIME_MAX)
        watermark_ns = TRADE_CHECK_TIME_MAX;
    return watermark_ns > market->watermark_ns ? watermark_ns : market->watermark_ns;
}

static int64_t time_of(const struct market *market, const struct market_rules *rules,
                       int64_t clock_ns)
{
    return market_watermark(market, rules, clock_ns) + rules->lateness_ns;
}

static struct market_face face_of(const struct market *market, const struct market_rules *rules)
{
    return (struct market_face){&market->blank, &market->coverage,
                                market->watermark_ns + rules->lateness_ns, market->member};
}

void market_begin(struct market *market, const struct market_rules *rules, int64_t clock_ns)
{
    if (market->started)
        market->watermark_ns = market_watermark(market, rules, clock_ns);
}

int64_t market_reaches(const struct market *market, const struct market_rules *rules,
                       int64_t watermark_ns)
{
    if (!market->started || watermark_ns > TRADE_CHECK_TIME_MAX)
        return INT64_MAX;
    return add_saturated(market->highest_clock_ns,
                         watermark_ns - market->newest_ns + rules->lateness_ns);
}

int64_t market_deadline(const struct market *market, const struct market_rules *rules)
{
    return market_reaches(market, rules, market->due_ns);
}

/* ---- windows of all bars --------------------------------------------------------------------- */

/* The series that are rolled up from series i: for (j = next_above(rules, i, i); j > 0; ...) */
static size_t next_above(const struct market_rules *rules, size_t i, size_t behind)
{
    for (size_t j = behind + 1; j < rules->time_count; j++)
        if (rules->base[j] == (int)i)
            return j;
    return 0;
}

static void window_changed(struct market *market, size_t i, struct window *window)
{
    series_touch(&market->series[i], window);
    market->changed = true;
}

/* All of `from`, which may still be forming, goes into the windows above series i. */
static enum err merge_above(struct market *market, const struct market_rules *rules, size_t i,
                            const struct window *from)
{
    enum err err = ERR_OK;
    for (size_t j = next_above(rules, i, i); j > 0 && err == ERR_OK; j = next_above(rules, i, j)) {
        bool late;
        struct window *window = series_at(&market->series[j], from->open_ns, &late);
        if (window == NULL)
            continue; /* given up: no candle of it changes any more */
        err = window_merge(window, &rules->series.pool->latencies, from);
        if (late)
            window_changed(market, j, window);
        if (err == ERR_OK && window->absorbed)
            err = merge_above(market, rules, j, from);
    }
    return err;
}

static enum err absorb(struct market *market, const struct market_rules *rules, size_t i,
                       struct window *window)
{
    if (window->absorbed)
        return ERR_OK;
    window->absorbed = true;
    return merge_above(market, rules, i, window);
}

/* Windows that are about to close, or have to since there are too many. */
static enum err absorb_due(struct market *market, const struct market_rules *rules, size_t i,
                           int64_t watermark_ns)
{
    const struct window_list *forming = &market->series[i].forming;
    bool full = forming->count >= SERIES_WINDOWS_MAX;
    int64_t until_ns = series_due_until(&market->series[i], watermark_ns);
    enum err err = ERR_OK;
    for (size_t at = 0; at < forming->count && err == ERR_OK; at++) {
        struct window *window = window_list_at(forming, at);
        if (!full && window->open_ns >= until_ns)
            break;
        err = absorb(market, rules, i, window);
    }
    return err;
}

/* Makes the window of a spot, and those above, so that they are there when it closes. */
static enum err make_window(struct market *market, const struct market_rules *rules, size_t i,
                            const struct series_spot *spot, struct window **out)
{
    enum err err = series_take(&market->series[i], &rules->series, spot, out);
    if (err != ERR_OK)
        return err;
    if ((*out)->close_ns < market->due_ns)
        market->due_ns = (*out)->close_ns;
    if (market->series[i].forming.count >= SERIES_WINDOWS_MAX)
        market->changed = true; /* too many: the oldest closes */
    bool direct = spot->late || rules->series.outlet->forming;
    for (size_t j = next_above(rules, i, i); j > 0 && !direct; j = next_above(rules, i, j)) {
        struct series_spot above =
            series_locate(&market->series[j], &rules->series, market->watermark_ns, spot->open_ns);
        struct window *window;
        direct = above.late || above.lost;
        if (!direct && above.window == NULL)
            err = make_window(market, rules, j, &above, &window);
        if (err != ERR_OK)
            return err;
    }
    (*out)->absorbed = direct;
    return ERR_OK;
}

/* What a trade does, in all bars. */
struct deed {
    const struct window_entry *entry;
    struct market_finding *out;
    bool counted;
};

static enum err add_above(struct market *market, const struct market_rules *rules, size_t i,
                          struct deed *deed);

/* Into series i, and into those above unless it will be rolled up into them. */
static enum err add_to(struct market *market, const struct market_rules *rules, size_t i,
                       struct deed *deed)
{
    struct series_spot spot = series_locate(&market->series[i], &rules->series,
                                            market->watermark_ns, deed->entry->trade->source_ns);
    struct window *window = spot.window;
    if (spot.lost) {
        deed->out->lost = true;
        return add_above(market, rules, i, deed);
    }
    enum err err = window == NULL ? make_window(market, rules, i, &spot, &window) : ERR_OK;
    if (err == ERR_OK)
        err = window_add(window, &rules->series.pool->latencies, deed->entry, spot.late);
    if (err != ERR_OK)
        return err;
    deed->counted = true;
    market->recent = window;
    deed->out->late |= spot.late;
    if (spot.late || rules->series.outlet->forming)
        window_changed(market, i, window);
    return window->absorbed ? add_above(market, rules, i, deed) : ERR_OK;
}

static enum err add_above(struct market *market, const struct market_rules *rules, size_t i,
                          struct deed *deed)
{
    enum err err = ERR_OK;
    for (size_t j = next_above(rules, i, i); j > 0 && err == ERR_OK; j = next_above(rules, i, j))
        err = add_to(market, rules, j, deed);
    return err;
}

/* ---- counts without a trade ------------------------------------------------------------------ */

enum tally { TALLY_DUPLICATE, TALLY_SUSPECT, TALLY_MISSING, TALLY_FILLED };

static void count_in(struct market *market, size_t i, struct window *window, enum tally tally,
                     uint64_t count)
{
    switch (tally) {
    case TALLY_DUPLICATE:
        window->duplicates += count;
        break;
    case TALLY_SUSPECT:
        window->suspect += count;
        break;
    case TALLY_MISSING:
        window->missing += count;
        break;
    case TALLY_FILLED:
        window->missing -= count < window->missing ? count : window->missing;
        window_changed(market, i, window);
        break;
    }
}

/* In the windows that hold that time, where they are and can still change. */
static void tally_at(struct market *market, const struct market_rules *rules, size_t i,
                     int64_t source_ns, enum tally tally, uint64_t count)
{
    struct series_spot spot =
        series_locate(&market->series[i], &rules->series, market->watermark_ns, source_ns);
    if (spot.window != NULL)
        count_in(market, i, spot.window, tally, count);
    if (spot.window != NULL && !spot.window->absorbed)
        return;
    for (size_t j = next_above(rules, i, i); j > 0; j = next_above(rules, i, j))
        tally_at(market, rules, j, source_ns, tally, count);
}

static void tally(struct market *market, const struct market_rules *rules, int64_t source_ns,
                  enum tally tally, uint64_t count)
{
    for (size_t i = 0; i < rules->time_count; i++)
        if (rules->base[i] == MARKET_NO_BASE)
            tally_at(market, rules, i, source_ns, tally, count);
    if (tally != TALLY_DUPLICATE && tally != TALLY_SUSPECT)
        return;
    for (size_t i = 0; i < rules->trade_count; i++)
        if (market->trade_series[i].window != NULL)
            count_in(market, i, market->trade_series[i].window, tally, count);
}

/* ---- trades ---------------------------------------------------------------------------------- */

static bool behind_newest(const struct market *market, const struct trade *trade)
{
    if (!market->started || trade->source_ns > market->newest_ns)
        return false;
    bool ordered = trade->has_id && (trade->flags & TRADE_OPAQUE) == 0;
    return trade->source_ns < market->newest_ns || (ordered && trade->id < market->newest_id);
}

/* What was paid, where the quantity says it. False: it does not fit. */
static bool amount_of(const struct market *market, const struct trade *trade, struct decimal *out)
{
    switch (market->blank.volume_unit) {
    case VOLUME_BASE:
        return decimal_mul(out, trade->price, trade->quantity) == ERR_OK;
    case VOLUME_QUOTE:
        *out = trade->quantity;
        return true;
    case VOLUME_CONTRACT:
        break;
    }
    *out = DECIMAL_ZERO;
    return true;
}

static void remember_seen(struct market *market, const struct market_source *source)
{
    market->seen_malformed = source->malformed;
    market->seen_dropped = source->dropped;
    market->seen_steps = source->steps;
}

/* The first trade that counts. Its window, and those before it, were not followed from their start.
 * The watermark comes with the end of the record: nothing in this one is late. */
static void start(struct market *market, const struct market_rules *rules,
                  const struct market_source *source, const struct trade *trade, int64_t clock_ns)
{
    market->started = true;
    market->newest_ns = trade->source_ns;
    market->newest_id = trade->id;
    market->highest_clock_ns = clock_ns;
    remember_seen(market, source);
    for (size_t i = 0; i < rules->time_count; i++)
        market->series[i].partial_until_ns = bar_open(market->series[i].bar, trade->source_ns);
    if (market->followers > 0)
        coverage_begin(&market->coverage,
                       add_saturated(trade->source_ns, market->followed_clock_ns - clock_ns));
}

static void move_newest(struct market *market, const struct trade *trade, int64_t clock_ns)
{
    if (trade->source_ns > market->newest_ns)
        market->highest_clock_ns = clock_ns;
    market->newest_ns = trade->source_ns;
    market->newest_id = trade->id;
}

/* What the coming of this trade shows, and how late it is. */
static void fill_entry(struct market *market, const struct market_source *source,
                       const struct trade *trade, int64_t wall_ns, struct window_entry *entry)
{
    const struct connection *connection = source->connection;
    entry->connection = connection != NULL ? connection->id : 0;
    entry->clock_offset_ns = CLOCK_OFFSET_NONE;
    entry->has_latency = market_source_live(source, trade) &&
                         !__builtin_sub_overflow(wall_ns, trade->source_ns, &entry->latency_ns);
    if (entry->has_latency && connection != NULL && connection->offset.known)
        entry->clock_offset_ns = connection->offset.ns;
    entry->malformed = source->malformed - market->seen_malformed;
    entry->dropped = source->dropped - market->seen_dropped;
    if (source->steps != market->seen_steps)
        entry->flags |= CANDLE_CLOCK;
}

/* Tick, volume and notional bars. */
static enum err add_to_bars(struct market *market, const struct market_rules *rules,
                            const struct window_entry *entry, int64_t clock_ns,
                            struct market_finding *out)
{
    struct market_face face = face_of(market, rules);
    enum err err = ERR_OK;
    face.now_ns = time_of(market, rules, clock_ns);
    for (size_t i = 0; i < rules->trade_count && err == ERR_OK; i++) {
        struct trade_series *series = &market->trade_series[i];
        bool oversized = false;
        if (trade_series_possible(series->bar, market->blank.volume_unit))
            err = trade_series_add(series, rules->series.pool, rules->series.outlet, &face, entry,
                                   out->missing, &oversized);
        out->oversized |= oversized;
    }
    return err;
}

static enum err add_trade(struct market *market, const struct market_rules *rules,
                          const struct market_source *source, const struct trade *trade,
                          int64_t clock_ns, struct market_finding *out)
{
    struct candle_outlet *outlet = rules->series.outlet;
    struct window_entry entry = {
        .trade = trade,
        .quantity = trade->quantity,
        .whole = true,
        .seq = outlet->seq,
        .out_of_order = behind_newest(market, trade),
        .flags = out->suspect,
    };
    enum err err = ERR_OK;
    if (!market->started)
        start(market, rules, source, trade, clock_ns);
    entry.amount_fits = amount_of(market, trade, &entry.amount);
    fill_entry(market, source, trade, outlet->wall_ns, &entry);
    remember_seen(market, source);
    /* Tick, volume and notional bars take it however late it is. */
    struct deed deed = {&entry, out, rules->trade_count > 0 || rules->time_count == 0};
    for (size_t i = 0; i < rules->time_count && err == ERR_OK; i++)
        if (rules->base[i] == MARKET_NO_BASE)
            err = add_to(market, rules, i, &deed);
    if (err != ERR_OK)
        return err;
    /* It moves time even when it is lost, so that no bar changes the candles of others. */
    if (!entry.out_of_order)
        move_newest(market, trade, clock_ns);
    market->moved = true;
    out->verdict = deed.counted ? MARKET_COUNTED : MARKET_LOST_LATE;
    if (!deed.counted)
        return ERR_OK;
    out->out_of_order = entry.out_of_order;
    return rules->trade_count > 0 ? add_to_bars(market, rules, &entry, clock_ns, out) : ERR_OK;
}

/* Of those that the id lets through. */
static enum market_verdict judge(struct market *market, const struct market_rules *rules,
                                 const struct market_source *source, const struct trade *trade,
                                 int64_t clock_ns, uint32_t *out_suspect)
{
    if (trade->price.mantissa <= 0)
        return MARKET_BAD_PRICE;
    if (trade->quantity.mantissa <= 0)
        return MARKET_BAD_SIZE;
    if ((trade->flags & TRADE_EXCLUDED) != 0 || trade->count == 0)
        return MARKET_EXCLUDED;
    bool ahead =
        market_source_live(source, trade) && market->started &&
        trade->source_ns > add_saturated(time_of(market, rules, clock_ns), MARKET_SUSPECT_AHEAD_NS);
    unsigned found = trade_check_see(&market->trade_check, trade->price, trade->quantity, ahead);
    *out_suspect = ((found & SUSPECT_TIME) != 0 ? CANDLE_SUSPECT_TIME : 0u) |
                   ((found & SUSPECT_PRICE) != 0 ? CANDLE_SUSPECT_PRICE : 0u) |
                   ((found & SUSPECT_SIZE) != 0 ? CANDLE_SUSPECT_SIZE : 0u);
    return found != 0 && rules->exclude_suspect ? MARKET_SUSPECT : MARKET_COUNTED;
}

static void refuse(struct market *market, const struct market_rules *rules,
                   const struct trade *trade, struct market_finding *out)
{
    if ((trade->flags & TRADE_REPEAT) != 0) {
        out->verdict = MARKET_REPEATED;
        return;
    }
    out->verdict = MARKET_DUPLICATE;
    tally(market, rules, trade->source_ns, TALLY_DUPLICATE, 1);
}

/* A hole belongs to the window of the trade that showed it. Filling it mends that window even when
 * it has closed; opening one is no news of its own. */
static void count_hole(struct market *market, const struct market_rules *rules,
                       const struct trade *trade, const struct id_finding *found,
                       enum market_verdict verdict)
{
    if (found->verdict == ID_FILL) {
        if (found->revealed_ns != ID_NOWHERE)
            tally(market, rules, found->revealed_ns, TALLY_FILLED, found->filled);
    } else if (verdict == MARKET_COUNTED || verdict == MARKET_LOST_LATE) {
        tally(market, rules, trade->source_ns, TALLY_MISSING, found->missing);
    } else {
        market_check_disown(&market->check);
    }
}

static enum err follow_connection(struct market *market, const struct market_rules *rules,
                                  const struct market_source *source, int64_t clock_ns)
{
    struct connection *connection = source->connection;
    market->last_connection = connection->id;
    bool is_new;
    enum err err = connection_want(connection, market->symbol, &is_new);
    if (err != ERR_OK || !is_new)
        return err;
    return market_follow(market, rules, connection->opened_ns, clock_ns);
}

enum err market_trade(struct market *market, const struct market_rules *rules,
                      const struct market_source *source, const struct trade *trade,
                      int64_t clock_ns, struct market_finding *out)
{
    *out = (struct market_finding){.verdict = MARKET_ABSURD_TIME};
    enum time_verdict time = trade_time_check(trade->source_ns, rules->series.outlet->wall_ns);
    if (time != TIME_GOOD) {
        out->verdict = time == TIME_UNIT ? MARKET_TIME_UNIT : MARKET_ABSURD_TIME;
        return ERR_OK;
    }
    out->verdict = MARKET_OTHER_CHANNEL;
    if (((trade->flags & TRADE_AGGREGATED) != 0) != market->aggregated)
        return ERR_OK;
    enum err err = ERR_OK;
    if (source->connection != NULL && source->connection->id != market->last_connection)
        err = follow_connection(market, rules, source, clock_ns);
    struct id_finding found;
    if (err == ERR_OK)
        err = market_check_see(&market->check, trade,
                               source->connection != NULL ? source->connection->id : 0,
                               rules->series.outlet->seq, &found);
    if (err != ERR_OK)
        return err;
    out->missing = found.missing;
    out->filled = found.filled;
    if (found.verdict == ID_NOTED) {
        out->verdict = MARKET_SNAPSHOT;
    } else if (found.verdict == ID_DUPLICATE) {
        refuse(market, rules, trade, out);
    } else {
        out->verdict = judge(market, rules, source, trade, clock_ns, &out->suspect);
        if (out->verdict == MARKET_SUSPECT)
            tally(market, rules, trade->source_ns, TALLY_SUSPECT, 1);
        else if (out->verdict == MARKET_COUNTED)
            err = add_trade(market, rules, source, trade, clock_ns, out);
    }
    if (err == ERR_OK && (found.missing > 0 || found.verdict == ID_FILL))
        count_hole(market, rules, trade, &found, out->verdict);
    return err;
}

/* ---- updates --------------------------------------------------------------------------------- */

static void find_due(struct market *market, const struct market_rules *rules)
{
    market->due_ns = INT64_MAX;
    for (size_t i = 0; i < rules->time_count; i++) {
        int64_t next_ns = series_deadline(&market->series[i], &rules->series);
        if (next_ns < market->due_ns)
            market->due_ns = next_ns;
    }
}

static enum err advance_series(struct market *market, const struct market_rules *rules)
{
    struct market_face face = face_of(market, rules);
    enum err err = ERR_OK;
    for (size_t i = 0; i < rules->time_count && err == ERR_OK; i++) {
        err = absorb_due(market, rules, i, market->watermark_ns);
        if (err == ERR_OK)
            err = series_advance(&market->series[i], &rules->series, &face, market->watermark_ns);
    }
    market->changed = false;
    find_due(market, rules);
    return err;
}

enum err market_advance(struct market *market, const struct market_rules *rules, int64_t clock_ns)
{
    if (!market->started)
        return ERR_OK;
    market->watermark_ns = market_watermark(market, rules, clock_ns);
    enum err err = ERR_OK;
    if (market->changed || market->watermark_ns >= market->due_ns)
        err = advance_series(market, rules);
    if (rules->trade_count == 0 || !rules->series.outlet->forming)
        return err;
    struct market_face face = face_of(market, rules);
    for (size_t i = 0; i < rules->trade_count && err == ERR_OK; i++)
        err = trade_series_end(&market->trade_series[i], rules->series.outlet, &face);
    return err;
}

/* Composites learn here of what they were not given while nobody wanted forming candles. */
struct forming_listener {
    struct composite_set *composite;
    struct composite_member *member;
    void (*each)(const struct candle *candle, void *arg);
    void *arg;
    enum err err;
};

static void hear_forming(const struct candle *candle, void *arg)
{
    struct forming_listener *listener = arg;
    listener->each(candle, listener->arg);
    if (listener->err == ERR_OK && listener->member != NULL)
        listener->err = composite_set_take(listener->composite, listener->member, candle);
}

enum err market_each_forming(struct market *market, const struct market_rules *rules,
                             int64_t clock_ns, void (*each)(const struct candle *candle, void *arg),
                             void *arg)
{
    const struct candle_outlet *outlet = rules->series.outlet;
    struct forming_listener listener = {outlet->composite, outlet->forming ? NULL : market->member,
                                        each, arg, ERR_OK};
    struct market_face face = face_of(market, rules);
    if (market->started)
        face.now_ns = time_of(market, rules, clock_ns);
    for (size_t i = 0; i < rules->time_count; i++) {
        const struct window_list *forming = &market->series[i].forming;
        for (size_t at = 0; at < forming->count; at++) {
            enum err err = absorb(market, rules, i, window_list_at(forming, at));
            if (err != ERR_OK)
                return err;
        }
        series_each_forming(&market->series[i], outlet, &face, hear_forming, &listener);
    }
    for (size_t i = 0; i < rules->trade_count; i++) {
        struct candle candle;
        if (market->trade_series[i].window == NULL)
            continue;
        candle_outlet_make(outlet, &face, market->trade_series[i].bar,
                           market->trade_series[i].window, CANDLE_FORMING, &candle);
        each(&candle, arg);
    }
    return listener.err;
}

/* ---- who follows it -------------------------------------------------------------------------- */

enum err market_follow(struct market *market, const struct market_rules *rules, int64_t opened_ns,
                       int64_t clock_ns)
{
    if (market->followers++ == 0 || opened_ns < market->followed_clock_ns)
        market->followed_clock_ns = opened_ns;
    if (!market->started || market->followers > 1)
        return ERR_OK;
    int64_t now_ns = time_of(market, rules, clock_ns);
    if (!market->coverage.followed) {
        coverage_begin(&market->coverage, now_ns);
        return ERR_OK;
    }
    return coverage_up(&market->coverage, now_ns);
}

void market_unfollow(struct market *market, const struct market_rules *rules, int64_t clock_ns)
{
    assert(market->followers > 0);
    market->last_connection = 0;
    if (--market->followers == 0 && market->started)
        coverage_down(&market->coverage, time_of(market, rules, clock_ns));
}
