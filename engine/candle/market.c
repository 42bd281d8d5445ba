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
    market->blank.volume_unit = instrument->volume_unit;
}

enum err market_new(struct market **out, const struct market_rules *rules,
                    const struct market_source *source, const struct trade *first)
{
    assert(rules->bar_count <= MARKET_BARS_MAX);
    size_t bars_size = rules->bar_count * sizeof(struct series);
    struct market *market = calloc(1, sizeof *market + bars_size);
    if (market == NULL)
        return err_fail(ERR_NOMEM, "out of memory for markets");
    market->venue = source->venue;
    memcpy(market->symbol, first->symbol, sizeof market->symbol);
    snprintf(market->channel, sizeof market->channel, "%s", source->channel);
    market->aggregated = (first->flags & TRADE_AGGREGATED) != 0;
    market_check_init(&market->check, source->venue->ids);
    market->blank = (struct candle){
        .venue = source->venue->name,
        .instrument = market->instrument,
        .channel = market->channel,
        .symbol = market->symbol,
        .has_ids = first->has_id,
    };
    identify(market, source);
    market->series_count = rules->bar_count;
    for (size_t i = 0; i < rules->bar_count; i++)
        series_init(&market->series[i], rules->bars[i]);
    *out = market;
    return ERR_OK;
}

void market_free(struct market *market)
{
    if (market == NULL)
        return;
    for (size_t i = 0; i < market->series_count; i++)
        series_release(&market->series[i]);
    market_check_release(&market->check);
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
static void move_watermark(struct market *market, const struct market_rules *rules,
                           int64_t clock_ns)
{
    int64_t passed_ns = add_saturated(clock_ns, -market->highest_clock_ns);
    int64_t watermark_ns = add_saturated(market->newest_ns, passed_ns) - rules->lateness_ns;
    if (watermark_ns > SERIES_TIME_MAX)
        watermark_ns = SERIES_TIME_MAX;
    if (watermark_ns > market->watermark_ns)
        market->watermark_ns = watermark_ns;
}

void market_begin(struct market *market, const struct market_rules *rules, int64_t clock_ns)
{
    if (!market->started)
        return;
    move_watermark(market, rules, clock_ns);
    for (size_t i = 0; i < market->series_count; i++)
        series_catch_up(&market->series[i], &rules->series, market->watermark_ns);
}

int64_t market_deadline(const struct market *market, const struct market_rules *rules)
{
    int64_t deadline_ns = INT64_MAX;
    for (size_t i = 0; i < market->series_count; i++) {
        int64_t next_ns = series_deadline(&market->series[i], &rules->series);
        if (next_ns < deadline_ns)
            deadline_ns = next_ns;
    }
    if (deadline_ns > SERIES_TIME_MAX)
        return INT64_MAX;
    return add_saturated(market->highest_clock_ns,
                         deadline_ns - market->newest_ns + rules->lateness_ns);
}

enum err market_advance(struct market *market, const struct market_rules *rules, int64_t clock_ns)
{
    if (!market->started)
        return ERR_OK;
    move_watermark(market, rules, clock_ns);
    enum err err = ERR_OK;
    for (size_t i = 0; i < market->series_count && err == ERR_OK; i++)
        err = series_advance(&market->series[i], &rules->series, &market->blank,
                             market->watermark_ns);
    return err;
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* What a trade would do, worked out for all bars before anything is done. */
struct stage {
    struct window_entry entry;
    struct series_spot spots[MARKET_BARS_MAX];
    struct window_sums sums[MARKET_BARS_MAX];
};

static bool absurd_time(const struct trade *trade, int64_t wall_ns)
{
    return trade->source_ns <= 0 || trade->source_ns > SERIES_TIME_MAX ||
           trade->source_ns > add_saturated(wall_ns, MARKET_AHEAD_MAX_NS);
}

static bool excluded(const struct trade *trade)
{
    return (trade->flags & TRADE_EXCLUDED) != 0 || trade->price.mantissa <= 0 ||
           trade->quantity.mantissa <= 0 || trade->count == 0;
}

static void count_duplicate(struct market *market, const struct market_rules *rules,
                            const struct trade *trade)
{
    for (size_t i = 0; i < market->series_count; i++) {
        struct window *window =
            series_find(&market->series[i], &rules->series, market->watermark_ns, trade->source_ns);
        if (window != NULL)
            window->duplicates++;
    }
}

/* A hole belongs to the window of the trade that showed it, where that one is kept. Filling it
 * mends that window even when it has closed; opening one is no news of its own. */
static void count_missing(struct market *market, const struct market_rules *rules,
                          const struct trade *trade, const struct id_finding *found)
{
    bool fill = found->verdict == ID_FILL;
    int64_t revealed_ns = fill ? found->revealed_ns : trade->source_ns;
    for (size_t i = 0; i < market->series_count; i++) {
        struct series *series = &market->series[i];
        struct window *window =
            series_find(series, &rules->series, market->watermark_ns, revealed_ns);
        if (window == NULL)
            continue;
        if (!fill) {
            window->missing += found->missing;
        } else if (window->missing > 0) {
            uint64_t filled = found->filled;
            window->missing -= filled < window->missing ? filled : window->missing;
            series_touch(series, window);
        }
    }
}

static bool behind_newest(const struct market *market, const struct trade *trade)
{
    if (!market->started || trade->source_ns > market->newest_ns)
        return false;
    bool ordered = trade->has_id && (trade->flags & TRADE_OPAQUE) == 0;
    return trade->source_ns < market->newest_ns || (ordered && trade->id < market->newest_id);
}

/* What was paid, where the quantity says it. */
static enum err amount_of(const struct market *market, const struct trade *trade,
                          struct decimal *out)
{
    switch (market->blank.volume_unit) {
    case VOLUME_BASE:
        return decimal_mul(out, trade->price, trade->quantity);
    case VOLUME_QUOTE:
        *out = trade->quantity;
        return ERR_OK;
    case VOLUME_CONTRACT:
        break;
    }
    *out = DECIMAL_ZERO;
    return ERR_OK;
}

/* ERR_RANGE: a sum does not fit. */
static enum err stage_trade(struct market *market, const struct market_rules *rules,
                            const struct trade *trade, struct stage *stage)
{
    stage->entry = (struct window_entry){
        .trade = trade,
        .seq = rules->series.outlet->seq,
        .out_of_order = behind_newest(market, trade),
    };
    if (amount_of(market, trade, &stage->entry.amount) != ERR_OK)
        return ERR_RANGE;
    for (size_t i = 0; i < market->series_count; i++) {
        struct series_spot *spot = &stage->spots[i];
        *spot = series_locate(&market->series[i], &rules->series, market->watermark_ns,
                              trade->source_ns);
        const struct window_sums *sums = spot->window != NULL ? &spot->window->sums : NULL;
        if (!spot->lost && window_sums_add(&stage->sums[i], sums, &stage->entry) != ERR_OK)
            return ERR_RANGE;
    }
    return ERR_OK;
}

/* The first trade that counts. Its window, and those before it, were not followed from their start.
 */
static void start(struct market *market, const struct market_rules *rules,
                  const struct trade *trade, int64_t clock_ns)
{
    market->started = true;
    market->newest_ns = trade->source_ns;
    market->newest_id = trade->id;
    market->highest_clock_ns = clock_ns;
    market->watermark_ns = trade->source_ns - rules->lateness_ns;
    for (size_t i = 0; i < market->series_count; i++)
        market->series[i].partial_until_ns = bar_open(market->series[i].bar, trade->source_ns);
}

static void move_newest(struct market *market, const struct trade *trade, int64_t clock_ns)
{
    if (behind_newest(market, trade))
        return;
    if (trade->source_ns > market->newest_ns)
        market->highest_clock_ns = clock_ns;
    market->newest_ns = trade->source_ns;
    market->newest_id = trade->id;
}

static enum err commit_trade(struct market *market, const struct market_rules *rules,
                             const struct stage *stage, struct market_finding *out)
{
    bool counted = false;
    for (size_t i = 0; i < market->series_count; i++) {
        const struct series_spot *spot = &stage->spots[i];
        if (spot->lost) {
            out->lost = true;
            continue;
        }
        enum err err =
            series_commit(&market->series[i], &rules->series, spot, &stage->sums[i], &stage->entry);
        if (err != ERR_OK)
            return err;
        counted = true;
        out->late |= spot->late;
    }
    out->out_of_order = counted && stage->entry.out_of_order;
    out->verdict = counted ? MARKET_COUNTED : MARKET_LOST_LATE;
    return ERR_OK;
}

/* The id says that it counts. */
static enum err add_trade(struct market *market, const struct market_rules *rules,
                          const struct trade *trade, int64_t clock_ns, struct market_finding *out)
{
    struct stage stage;
    if (stage_trade(market, rules, trade, &stage) != ERR_OK) {
        out->verdict = MARKET_OVERFLOW;
        return ERR_OK;
    }
    if (!market->started)
        start(market, rules, trade, clock_ns);
    enum err err = commit_trade(market, rules, &stage, out);
    if (err == ERR_OK && out->verdict == MARKET_COUNTED)
        move_newest(market, trade, clock_ns);
    return err;
}

static void refuse(struct market *market, const struct market_rules *rules,
                   const struct trade *trade, struct market_finding *out)
{
    if ((trade->flags & TRADE_REPEAT) != 0) {
        out->verdict = MARKET_REPEATED;
        return;
    }
    out->verdict = MARKET_DUPLICATE;
    count_duplicate(market, rules, trade);
}

enum err market_trade(struct market *market, const struct market_rules *rules,
                      const struct market_source *source, const struct trade *trade,
                      int64_t clock_ns, struct market_finding *out)
{
    *out = (struct market_finding){.verdict = MARKET_ABSURD_TIME};
    if (absurd_time(trade, rules->series.outlet->wall_ns))
        return ERR_OK;
    out->verdict = MARKET_OTHER_CHANNEL;
    if (((trade->flags & TRADE_AGGREGATED) != 0) != market->aggregated)
        return ERR_OK;
    struct id_finding found;
    enum err err = market_check_see(&market->check, trade, source->connection,
                                    rules->series.outlet->seq, &found);
    if (err != ERR_OK)
        return err;
    out->missing = found.missing;
    out->filled = found.filled;
    if (found.verdict == ID_NOTED) {
        out->verdict = MARKET_SNAPSHOT;
    } else if (found.verdict == ID_DUPLICATE) {
        refuse(market, rules, trade, out);
    } else if (excluded(trade)) {
        out->verdict = MARKET_EXCLUDED;
    } else {
        err = add_trade(market, rules, trade, clock_ns, out);
    }
    if (err == ERR_OK && (found.missing > 0 || found.verdict == ID_FILL))
        count_missing(market, rules, trade, &found);
    return err;
}
