#include "engine/sink/compare_store.h"

#include <inttypes.h>
#include <string.h>

/* ---- bars that are there --------------------------------------------------------------------- */

struct search {
    char bar[BAR_TEXT_MAX];
    bool found;
};

static enum err search_series(const char *venue, const char *instrument, const char *bar, void *arg)
{
    struct search *search = arg;
    (void)venue;
    (void)instrument;
    search->found = search->found || strcmp(bar, search->bar) == 0;
    return ERR_OK;
}

static enum err want_bar(struct candle_store *store, struct bar bar, bool *out_found)
{
    struct search search = {.found = false};
    bar_format(search.bar, bar);
    enum err err = candle_store_series(store, search_series, &search);
    *out_found = search.found;
    return err == ERR_OK && !search.found
               ? err_fail(ERR_UNKNOWN, "the store has no candles of bar '%s'; name one that it has",
                          search.bar)
               : err;
}

/* Bars of which there are candles. */
static enum err check_bars(struct candle_store *store, const struct compare_store_query *query,
                           struct venue_compare_options *options)
{
    bool found = false;
    enum err err = want_bar(store, options->bar, &found);
    if (err != ERR_OK)
        return err;
    err = want_bar(store, options->lag_bar, &found);
    if (err == ERR_UNKNOWN && !query->lag_bar_said) {
        options->lag_bar = options->bar;
        err_clear();
        return ERR_OK;
    }
    return err;
}

/* ---- candles --------------------------------------------------------------------------------- */

struct reading {
    struct venue_compare *compare;
    const struct compare_store_query *query;
    uint64_t rows;
};

static enum err take(const struct candle *candle, void *arg)
{
    struct reading *reading = arg;
    const struct compare_store_query *query = reading->query;
    if (query->stop && query->stop(query->arg))
        return ERR_STOP;
    if (query->rows_max > 0 && ++reading->rows > query->rows_max)
        return err_fail(ERR_LIMIT, "more than %" PRIu64 " candles; ask for less", query->rows_max);
    return venue_compare_take(reading->compare, candle);
}

static enum err read_bar(struct candle_store *store, struct reading *reading, struct bar bar,
                         const struct venue_compare_options *options, bool histograms)
{
    const struct candle_query query = {
        .instruments = reading->query->instruments,
        .instrument_count = reading->query->instrument_count,
        .bars = &bar,
        .bar_count = 1,
        .from_ns = options->from_ns,
        .to_ns = options->to_ns,
        .histograms = histograms,
    };
    return candle_store_query(store, &query, take, reading, NULL);
}

enum err compare_store_read(struct venue_compare **out, struct candle_store *store,
                            const struct compare_store_query *query)
{
    struct venue_compare_options options = query->options;
    struct reading reading = {.query = query};
    *out = NULL;
    enum err err = check_bars(store, query, &options);
    if (err == ERR_OK)
        err = venue_compare_new(&reading.compare, &options);
    if (err == ERR_OK)
        err = read_bar(store, &reading, options.bar, &options, true);
    if (err == ERR_OK && !bar_equal(options.bar, options.lag_bar))
        err = read_bar(store, &reading, options.lag_bar, &options, false);
    if (err != ERR_OK) {
        venue_compare_free(reading.compare);
        return err;
    }
    *out = reading.compare;
    return ERR_OK;
}
