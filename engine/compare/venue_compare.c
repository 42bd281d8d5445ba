#include "engine/compare/venue_compare.h"

#include "engine/candle/composite.h"
#include "engine/compare/compare_market.h"

#include <stdlib.h>
#include <string.h>

#define RATIO_SCALE 8 /* of a spread as a share; in 1/100 of a percent these are 4 decimals */
#define BPS_SCALE   4
#define SCORE_SCALE 2
#define TABLE_SIZE  (2 * VENUE_COMPARE_MARKETS_MAX)

struct venue_compare {
    struct venue_compare_options options;
    size_t market_count, candle_count, price_count;
    struct compare_market *markets[VENUE_COMPARE_MARKETS_MAX];
    uint16_t table[TABLE_SIZE]; /* by venue and instrument: index + 1 */
    struct latency_pool pool;
};

enum err venue_compare_new(struct venue_compare **out, const struct venue_compare_options *options)
{
    *out = NULL;
    if (options->bar.kind != BAR_TIME || options->lag_bar.kind != BAR_TIME) {
        return err_fail(ERR_USAGE, "venues are compared by time bars, like 1m");
    }
    struct venue_compare *compare = calloc(1, sizeof *compare);
    if (!compare) {
        return err_fail(ERR_NOMEM, "out of memory");
    }
    compare->options = *options;
    latency_pool_init(&compare->pool);
    *out = compare;
    return ERR_OK;
}

void venue_compare_free(struct venue_compare *compare)
{
    if (!compare) {
        return;
    }
    for (size_t i = 0; i < compare->market_count; i++) {
        compare_market_release(compare->markets[i]);
        free(compare->markets[i]);
    }
    latency_pool_release(&compare->pool);
    free(compare);
}

/* ---- taking candles -------------------------------------------------------------------------- */

static uint32_t hash(uint32_t state, const char *text)
{
    for (; *text; text++) {
        state = (state ^ (uint8_t)*text) * 16777619u;
    }
    return (state ^ 0xff) * 16777619u;
}

/* Where the market stands in the table, or would. */
static size_t table_place(const struct venue_compare *compare, const char *venue,
                          const char *instrument)
{
    size_t place = hash(hash(2166136261u, venue), instrument) % TABLE_SIZE;
    while (compare->table[place] != 0) {
        const struct compare_market *market = compare->markets[compare->table[place] - 1];
        if (strcmp(market->venue, venue) == 0 && strcmp(market->instrument, instrument) == 0) {
            break;
        }
        place = (place + 1) % TABLE_SIZE;
    }
    return place;
}

static enum err find_market(struct venue_compare *compare, const struct candle *candle,
                            struct compare_market **out)
{
    size_t place = table_place(compare, candle->venue, candle->instrument);
    if (compare->table[place] != 0) {
        *out = compare->markets[compare->table[place] - 1];
        return ERR_OK;
    }
    if (compare->market_count == VENUE_COMPARE_MARKETS_MAX) {
        return err_fail(ERR_LIMIT, "more than %d markets to compare; name instruments",
                        VENUE_COMPARE_MARKETS_MAX);
    }
    *out = malloc(sizeof **out);
    if (!*out) {
        return err_fail(ERR_NOMEM, "out of memory");
    }
    compare_market_init(*out, candle);
    compare->markets[compare->market_count++] = *out;
    compare->table[place] = (uint16_t)compare->market_count;
    return ERR_OK;
}

static enum err take_window(struct venue_compare *compare, struct compare_market *market,
                            const struct candle *candle)
{
    bool is_new = false;
    if (compare->candle_count == VENUE_COMPARE_CANDLES_MAX) {
        return err_fail(ERR_LIMIT,
                        "more than %d candles to compare; take a longer bar, a shorter range or "
                        "fewer instruments",
                        VENUE_COMPARE_CANDLES_MAX);
    }
    enum err err = compare_market_window(market, &compare->pool, candle, &is_new);
    compare->candle_count += is_new;
    return err;
}

static enum err take_price(struct venue_compare *compare, struct compare_market *market,
                           const struct candle *candle)
{
    bool is_new = false;
    if (compare->price_count == VENUE_COMPARE_PRICES_MAX) {
        return err_fail(ERR_LIMIT,
                        "more than %d prices to compare; take a longer bar for the lead, a shorter "
                        "range or fewer instruments",
                        VENUE_COMPARE_PRICES_MAX);
    }
    enum err err = compare_market_price(market, candle, &is_new);
    compare->price_count += is_new;
    return err;
}

enum err venue_compare_take(struct venue_compare *compare, const struct candle *candle)
{
    const struct venue_compare_options *options = &compare->options;
    bool window = bar_equal(candle->bar, options->bar);
    bool price = bar_equal(candle->bar, options->lag_bar);
    if ((!window && !price) || candle->state == CANDLE_FORMING ||
        candle->open_ns < options->from_ns ||
        (candle->open_ns >= options->to_ns && options->to_ns != INT64_MAX)) {
        return ERR_OK;
    }
    struct compare_market *market = NULL;
    enum err err = find_market(compare, candle, &market);
    if (!err && window) {
        err = take_window(compare, market, candle);
    }
    return !err && price ? take_price(compare, market, candle) : err;
}

/* ---- one instrument -------------------------------------------------------------------------- */

/* What a comparison is made from and made into. */
struct work {
    struct venue_compare *compare;
    struct compare_market *const *markets; /* of one instrument, the composite last */
    size_t count;
    struct compare_row *rows;
    struct lag_returns *returns; /* of each */
    int64_t first_ns, last_ns;   /* open times of the first and last window */
    size_t reference;
};

static bool is_composite(const struct compare_market *market)
{
    return strcmp(market->venue, COMPOSITE_VENUE) == 0;
}

/* False: nobody traded. */
static bool find_range(struct work *work)
{
    bool found = false;
    for (size_t i = 0; i < work->count; i++) {
        const struct compare_market *market = work->markets[i];
        for (size_t j = 0; j < market->window_count; j++) {
            const struct compare_window *window = &market->windows[j];
            if (!window->traded) {
                continue;
            }
            work->first_ns =
                found && work->first_ns < window->open_ns ? work->first_ns : window->open_ns;
            work->last_ns =
                found && work->last_ns > window->open_ns ? work->last_ns : window->open_ns;
            found = true;
        }
    }
    return found;
}

static uint64_t window_count(const struct work *work)
{
    return (uint64_t)((work->last_ns - work->first_ns) / work->compare->options.bar.size) + 1;
}

/* Sums that become a row at the end. */
struct tally {
    uint64_t connected, connected_count, score, score_count, present, no_data;
    uint8_t price_scale;
    struct latency latency;
};

static void add_amounts(struct compare_row *row, const struct compare_window *window)
{
    row->has_volume = row->has_volume && window->has_volume &&
                      !decimal_add(&row->volume, row->volume, window->volume) &&
                      !decimal_add(&row->quote_volume, row->quote_volume, window->quote_volume);
}

static void add_counts(struct compare_row *row, const struct compare_window *window)
{
    row->trades += window->trades;
    row->missing += window->missing;
    row->duplicates += window->duplicates;
    row->late += window->late;
    row->malformed += window->malformed;
    row->dropped += window->dropped;
    row->suspect += window->suspect;
}

static enum err add_window(struct work *work, struct compare_row *row, struct tally *tally,
                           const struct compare_window *window)
{
    tally->present++;
    tally->no_data += window->no_data;
    if (window->has_connected) {
        tally->connected += window->connected_ppm;
        tally->connected_count++;
    }
    if (window->has_score) {
        tally->score += window->score;
        tally->score_count++;
    }
    add_counts(row, window);
    if (!window->traded) {
        return ERR_OK;
    }
    row->candles++;
    row->close = window->close;
    tally->price_scale =
        window->price_scale > tally->price_scale ? window->price_scale : tally->price_scale;
    add_amounts(row, window);
    return latency_merge(&tally->latency, &work->compare->pool, &window->latency);
}

/* Quote volume / volume with 4 decimals more than the prices; fewer where that does not fit. */
static bool average(struct decimal *out, const struct compare_row *row, uint8_t price_scale)
{
    if (!row->has_volume || row->volume_unit != VOLUME_BASE || decimal_is_zero(row->volume)) {
        return false;
    }
    int scale = price_scale + 4 < DECIMAL_SCALE_MAX ? price_scale + 4 : DECIMAL_SCALE_MAX;
    for (; scale >= 0; scale--) {
        if (!decimal_div(out, row->quote_volume, row->volume, (uint8_t)scale)) {
            return true;
        }
    }
    return false;
}

static struct decimal mean(int128 sum, uint64_t count, uint8_t scale)
{
    struct decimal out = DECIMAL_ZERO;
    if (decimal_div(&out, (struct decimal){sum, 0}, (struct decimal){count, 0}, scale)) {
        out = DECIMAL_ZERO;
    }
    return out;
}

static void finish_row(const struct work *work, struct compare_row *row, const struct tally *tally)
{
    row->has_vwap = average(&row->vwap, row, tally->price_scale);
    row->no_data = window_count(work) - tally->present + tally->no_data;
    row->has_uptime = tally->connected_count > 0;
    row->uptime_ppm = row->has_uptime ? (uint32_t)(tally->connected / tally->connected_count) : 0;
    row->has_score = tally->score_count > 0;
    if (row->has_score) {
        row->score = mean(tally->score, tally->score_count, SCORE_SCALE);
    }
    latency_figures(&tally->latency, &row->latency);
}

static enum err fill_row(struct work *work, size_t index)
{
    const struct compare_market *market = work->markets[index];
    struct compare_row *row = &work->rows[index];
    struct tally tally = {0};
    enum err err = ERR_OK;
    *row = (struct compare_row){.venue = market->venue,
                                .symbol = market->symbol,
                                .channel = market->channel,
                                .volume_unit = market->volume_unit,
                                .has_volume = true};
    for (size_t i = 0; i < market->window_count && !err; i++) {
        const struct compare_window *window = &market->windows[i];
        if (window->open_ns >= work->first_ns && window->open_ns <= work->last_ns) {
            err = add_window(work, row, &tally, window);
        }
    }
    finish_row(work, row, &tally);
    latency_clear(&tally.latency, &work->compare->pool);
    return err;
}

/* ---- shares and the reference ---------------------------------------------------------------- */

static void fill_shares(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        struct compare_row *row = &work->rows[i];
        struct decimal sum = DECIMAL_ZERO, share;
        bool fine = !is_composite(work->markets[i]) && row->volume_unit != VOLUME_CONTRACT;
        for (size_t j = 0; j < work->count && fine; j++) {
            const struct compare_row *other = &work->rows[j];
            if (!is_composite(work->markets[j]) && other->volume_unit == row->volume_unit) {
                fine = other->has_volume && !decimal_add(&sum, sum, other->volume);
            }
        }
        /* One digit more than is kept, so that cutting is not rounding. */
        row->has_share = fine && !decimal_is_zero(sum) &&
                         !decimal_div(&share, row->volume, sum, 18) && share.mantissa >= 0;
        if (row->has_share) {
            row->share_ppm = (uint32_t)(share.mantissa / 1000000000000);
        }
    }
}

static bool is_larger(const struct compare_row *row, const struct compare_row *than)
{
    bool base = row->volume_unit == VOLUME_BASE && row->has_volume;
    bool than_base = than->volume_unit == VOLUME_BASE && than->has_volume;
    if (base != than_base) {
        return base;
    }
    return base ? decimal_compare(row->volume, than->volume) > 0 : row->trades > than->trades;
}

static void find_reference(struct work *work)
{
    work->reference = 0;
    for (size_t i = 0; i < work->count; i++) {
        if (is_composite(work->markets[i]) && work->rows[i].candles > 0) {
            work->reference = i;
            break;
        }
        if (is_larger(&work->rows[i], &work->rows[work->reference])) {
            work->reference = i;
        }
    }
    work->rows[work->reference].is_reference = true;
}

/* ---- against the reference ------------------------------------------------------------------- */

static bool spread_of(struct decimal *out, struct decimal close, struct decimal reference)
{
    struct decimal difference;
    return !decimal_sub(&difference, close, reference) &&
           !decimal_div(out, difference, reference, RATIO_SCALE);
}

static void fill_spread(const struct work *work, struct compare_row *row,
                        const struct compare_market *market)
{
    const struct compare_market *reference = work->markets[work->reference];
    int128 sum = 0, size = 0;
    for (size_t i = 0; i < market->window_count; i++) {
        const struct compare_window *window = &market->windows[i];
        const struct compare_window *other = compare_market_find(reference, window->open_ns);
        struct decimal ratio;
        if (!window->traded || !other || !other->traded ||
            !spread_of(&ratio, window->close, other->close) ||
            __builtin_add_overflow(sum, ratio.mantissa, &sum) ||
            __builtin_add_overflow(size, ratio.mantissa < 0 ? -ratio.mantissa : ratio.mantissa,
                                   &size)) {
            continue;
        }
        row->spread_last = (struct decimal){ratio.mantissa, BPS_SCALE};
        row->spread_windows++;
    }
    row->has_spread = row->spread_windows > 0;
    if (row->has_spread) {
        row->spread_mean = mean(sum, row->spread_windows, 0);
        row->spread_size = mean(size, row->spread_windows, 0);
        row->spread_mean.scale = row->spread_size.scale = BPS_SCALE;
    }
}

static enum err fill_against(struct work *work)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < work->count && !err; i++) {
        const struct compare_market *market = work->markets[i];
        err = lag_returns_make(&work->returns[i], market->points, market->point_count);
    }
    for (size_t i = 0; i < work->count && !err; i++) {
        if (i != work->reference) {
            fill_spread(work, &work->rows[i], work->markets[i]);
            lag_correlate(&work->rows[i].lag, &work->returns[i], &work->returns[work->reference]);
        }
    }
    return err;
}

static enum err fill_all(struct work *work)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < work->count && !err; i++) {
        err = fill_row(work, i);
    }
    if (err) {
        return err;
    }
    fill_shares(work);
    find_reference(work);
    return fill_against(work);
}

typedef enum err each_fn(const struct venue_comparison *comparison, void *arg);

static enum err give(struct work *work, each_fn *each, void *arg)
{
    const struct venue_compare_options *options = &work->compare->options;
    const struct venue_comparison comparison = {
        .instrument = work->markets[0]->instrument,
        .bar = options->bar,
        .lag_bar = options->lag_bar,
        .from_ns = work->first_ns,
        .to_ns = work->last_ns + options->bar.size,
        .windows = window_count(work),
        .reference = work->rows[work->reference].venue,
        .row_count = work->count,
        .rows = work->rows,
    };
    return each(&comparison, arg);
}

static enum err compare_instrument(struct work *work, each_fn *each, void *arg)
{
    if (!find_range(work)) {
        return ERR_OK;
    }
    work->rows = calloc(work->count, sizeof *work->rows);
    work->returns = calloc(work->count, sizeof *work->returns);
    enum err err =
        work->rows && work->returns ? fill_all(work) : err_fail(ERR_NOMEM, "out of memory");
    if (!err) {
        err = give(work, each, arg);
    }
    for (size_t i = 0; i < work->count && work->returns; i++) {
        lag_returns_release(&work->returns[i]);
    }
    free(work->returns);
    free(work->rows);
    return err;
}

/* ---- all instruments ------------------------------------------------------------------------- */

static int by_instrument(const void *a, const void *b)
{
    const struct compare_market *one = *(struct compare_market *const *)a;
    const struct compare_market *two = *(struct compare_market *const *)b;
    int order = strcmp(one->instrument, two->instrument);
    if (order == 0) {
        order = is_composite(one) - is_composite(two);
    }
    return order ? order : strcmp(one->venue, two->venue);
}

static size_t venues_of(const struct work *work)
{
    size_t venues = 0;
    for (size_t i = 0; i < work->count; i++) {
        venues += !is_composite(work->markets[i]);
    }
    return venues;
}

enum err venue_compare_each(struct venue_compare *compare, size_t venues_min, each_fn *each,
                            void *arg)
{
    enum err err = ERR_OK;
    size_t count = compare->market_count;
    struct compare_market **markets = malloc((count + 1) * sizeof(struct compare_market *));
    if (!markets) {
        return err_fail(ERR_NOMEM, "out of memory");
    }
    memcpy(markets, compare->markets, count * sizeof(struct compare_market *));
    qsort(markets, count, sizeof(struct compare_market *), by_instrument);
    for (size_t first = 0, end; first < count && !err; first = end) {
        for (end = first + 1;
             end < count && strcmp(markets[end]->instrument, markets[first]->instrument) == 0;
             end++) {
        }
        struct work work = {.compare = compare, .markets = markets + first, .count = end - first};
        if (venues_of(&work) >= venues_min) {
            err = compare_instrument(&work, each, arg);
        }
    }
    free(markets);
    return err;
}
