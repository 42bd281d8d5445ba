#include "engine/compare/kline_compare.h"

#include "engine/candle/composite.h"
#include "engine/compare/kline_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VENUE_MAX  32
#define ROOM       (2 * (size_t)KLINE_COMPARE_WINDOWS_MAX) /* of a list: half of it may lie behind */
#define TABLE_SIZE (2 * KLINE_COMPARE_MARKETS_MAX)

/* One window. */
struct window {
    int64_t open_ns;
    bool has_kline, has_ours, agreed;
    int64_t said_ns;
    struct venue_kline kline;
    struct kline_ours ours;
};

/* A market and a length. */
struct market {
    char venue[VENUE_MAX], symbol[SYMBOL_MAX], instrument[INSTRUMENT_MAX];
    int64_t size_ns;
    bool has_kline, has_candle;
    int64_t newest_kline_ns; /* open times */
    int64_t first_ours_ns, last_ours_ns;
    int64_t judged_ns; /* windows up to here are done */
    size_t head, count, capacity;
    struct window *windows; /* owned; [head, head + count), ascending */
    struct kline_counts counts;
};

struct kline_compare {
    struct kline_compare_options options;
    struct kline_counts counts;
    size_t market_count;
    struct market *markets[KLINE_COMPARE_MARKETS_MAX];
    uint16_t table[TABLE_SIZE]; /* by venue, symbol and length: index + 1 */
    bool lost_late;
};

enum err kline_compare_new(struct kline_compare **out, const struct kline_compare_options *options)
{
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return err_fail(ERR_NOMEM, "out of memory");
    }
    (*out)->options = *options;
    return ERR_OK;
}

void kline_compare_free(struct kline_compare *compare)
{
    if (!compare) {
        return;
    }
    for (size_t i = 0; i < compare->market_count; i++) {
        free(compare->markets[i]->windows);
        free(compare->markets[i]);
    }
    free(compare);
}

/* ---- markets --------------------------------------------------------------------------------- */

static uint32_t hash(uint32_t state, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        state = (state ^ bytes[i]) * 16777619u;
    }
    return (state ^ 0xff) * 16777619u;
}

static size_t table_place(const struct kline_compare *compare, const char *venue,
                          const char *symbol, int64_t size_ns)
{
    uint32_t state = hash(2166136261u, venue, strlen(venue));
    state = hash(hash(state, symbol, strlen(symbol)), &size_ns, sizeof size_ns);
    size_t place = state % TABLE_SIZE;
    while (compare->table[place] != 0) {
        const struct market *market = compare->markets[compare->table[place] - 1];
        if (market->size_ns == size_ns && strcmp(market->symbol, symbol) == 0 &&
            strcmp(market->venue, venue) == 0) {
            break;
        }
        place = (place + 1) % TABLE_SIZE;
    }
    return place;
}

static enum err find_market(struct kline_compare *compare, const char *venue, const char *symbol,
                            int64_t size_ns, struct market **out)
{
    size_t place = table_place(compare, venue, symbol, size_ns);
    if (compare->table[place] != 0) {
        *out = compare->markets[compare->table[place] - 1];
        return ERR_OK;
    }
    if (compare->market_count == KLINE_COMPARE_MARKETS_MAX) {
        return err_fail(ERR_LIMIT, "more than %d markets with candles to compare; name instruments",
                        KLINE_COMPARE_MARKETS_MAX);
    }
    *out = calloc(1, sizeof **out);
    if (!*out) {
        return err_fail(ERR_NOMEM, "out of memory");
    }
    snprintf((*out)->venue, sizeof(*out)->venue, "%s", venue);
    snprintf((*out)->symbol, sizeof(*out)->symbol, "%s", symbol);
    (*out)->size_ns = size_ns;
    (*out)->judged_ns = INT64_MIN;
    compare->markets[compare->market_count++] = *out;
    compare->table[place] = (uint16_t)compare->market_count;
    return ERR_OK;
}

static bool is_in_range(const struct kline_compare *compare, int64_t open_ns)
{
    const struct kline_compare_options *options = &compare->options;
    return open_ns >= options->from_ns && (open_ns < options->to_ns || options->to_ns == INT64_MAX);
}

static bool is_built(const struct kline_compare *compare, int64_t size_ns)
{
    for (size_t i = 0; i < compare->options.bar_count; i++) {
        const struct bar *bar = &compare->options.bars[i];
        if (bar->kind == BAR_TIME && bar->size == size_ns) {
            return true;
        }
    }
    return false;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void count(struct kline_counts *counts, const struct kline_verdict *verdict)
{
    counts->compared += verdict->outcome != KLINE_NOT_COVERED;
    counts->equal += verdict->outcome == KLINE_EQUAL;
    counts->cut += verdict->outcome == KLINE_EQUAL &&
                   (verdict->notes & (KLINE_NOTE_CUT | KLINE_NOTE_ROUNDED)) != 0;
    counts->differs += verdict->outcome == KLINE_DIFFERS;
    counts->explained += verdict->outcome == KLINE_EXPLAINED;
    counts->not_covered += verdict->outcome == KLINE_NOT_COVERED;
}

static void judge(struct kline_compare *compare, struct market *market, const struct window *window)
{
    struct kline_verdict verdict = {
        .venue = market->venue,
        .symbol = market->symbol,
        .instrument = market->instrument,
        .size_ns = market->size_ns,
        .open_ns = window->open_ns,
    };
    const struct kline_case known = {
        .kline = &window->kline,
        .ours = window->has_ours ? &window->ours : NULL,
        .said_ns = window->said_ns,
        .has_later = market->newest_kline_ns > window->open_ns,
        .built = is_built(compare, market->size_ns),
        .inside = market->has_candle && window->open_ns >= market->first_ours_ns &&
                  window->open_ns <= market->last_ours_ns,
        .agreed = window->agreed,
        .lost_late = compare->lost_late,
    };
    if (!window->has_kline || (compare->options.known_only && !market->has_candle)) {
        return;
    }
    kline_judge(&verdict, &known);
    count(&market->counts, &verdict);
    count(&compare->counts, &verdict);
    if (compare->options.verdict) {
        compare->options.verdict(&verdict, compare->options.arg);
    }
}

static void judge_first(struct kline_compare *compare, struct market *market)
{
    const struct window *window = &market->windows[market->head];
    judge(compare, market, window);
    market->judged_ns = window->open_ns;
    market->head++;
    market->count--;
}

void kline_compare_end(struct kline_compare *compare, bool lost_late)
{
    compare->lost_late = lost_late;
    for (size_t i = 0; i < compare->market_count; i++) {
        while (compare->markets[i]->count > 0) {
            judge_first(compare, compare->markets[i]);
        }
    }
}

/* ---- windows --------------------------------------------------------------------------------- */

static size_t place_of(const struct market *market, int64_t open_ns)
{
    size_t low = market->head, high = market->head + market->count;
    if (market->count > 0 && market->windows[high - 1].open_ns < open_ns) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (market->windows[middle].open_ns < open_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Room behind the last window. */
static enum err make_room(struct market *market)
{
    if (market->head + market->count < market->capacity) {
        return ERR_OK;
    }
    if (market->capacity == ROOM) { /* at least half of it lies behind */
        memmove(market->windows, market->windows + market->head,
                market->count * sizeof *market->windows);
        market->head = 0;
        return ERR_OK;
    }
    size_t capacity = market->capacity ? 2 * market->capacity : 16;
    struct window *larger = realloc(market->windows, capacity * sizeof *larger);
    if (!larger) {
        return err_fail(ERR_NOMEM, "no memory for %zu windows to compare", capacity);
    }
    market->windows = larger;
    market->capacity = capacity;
    return ERR_OK;
}

static bool is_there(const struct market *market, size_t place, int64_t open_ns)
{
    return place < market->head + market->count && market->windows[place].open_ns == open_ns;
}

/* The window that opens then; NULL when it is judged already, or older than all that are kept. */
static enum err find_window(struct kline_compare *compare, struct market *market, int64_t open_ns,
                            struct window **out)
{
    size_t place = place_of(market, open_ns);
    bool full = market->count == KLINE_COMPARE_WINDOWS_MAX;
    *out = NULL;
    if (is_there(market, place, open_ns)) {
        *out = &market->windows[place];
        return ERR_OK;
    }
    if (open_ns <= market->judged_ns || (full && place == market->head)) {
        return ERR_OK;
    }
    if (full) {
        judge_first(compare, market);
    }
    enum err err = make_room(market);
    if (err) {
        return err;
    }
    place = place_of(market, open_ns);
    memmove(market->windows + place + 1, market->windows + place,
            (market->head + market->count - place) * sizeof *market->windows);
    market->windows[place] = (struct window){.open_ns = open_ns};
    market->count++;
    *out = &market->windows[place];
    return ERR_OK;
}

/* One of both is new. */
static void see_agreement(struct window *window)
{
    window->agreed = window->agreed || (window->has_kline && window->has_ours &&
                                        kline_agrees(&window->ours, &window->kline));
}

enum err kline_compare_kline(struct kline_compare *compare, const char *venue,
                             const struct venue_kline *kline, int64_t said_ns)
{
    struct market *market = NULL;
    struct window *window = NULL;
    if (!is_in_range(compare, kline->open_ns)) {
        return ERR_OK;
    }
    enum err err = find_market(compare, venue, kline->symbol, kline->size_ns, &market);
    if (!err) {
        err = find_window(compare, market, kline->open_ns, &window);
    }
    if (err || !window) {
        return err;
    }
    market->newest_kline_ns = market->has_kline && market->newest_kline_ns > kline->open_ns
                                  ? market->newest_kline_ns
                                  : kline->open_ns;
    market->has_kline = true;
    /* What was said to be final is not taken back by an answer that marks nothing. */
    if (!window->has_kline || window->kline.state != KLINE_FINAL || kline->state == KLINE_FINAL) {
        window->kline = *kline;
        window->said_ns = said_ns;
    }
    window->has_kline = true;
    see_agreement(window);
    return ERR_OK;
}

static void note_range(struct market *market, const struct candle *candle)
{
    int64_t open_ns = candle->open_ns;
    snprintf(market->instrument, sizeof market->instrument, "%s", candle->instrument);
    market->first_ours_ns =
        market->has_candle && market->first_ours_ns < open_ns ? market->first_ours_ns : open_ns;
    market->last_ours_ns =
        market->has_candle && market->last_ours_ns > open_ns ? market->last_ours_ns : open_ns;
    market->has_candle = true;
}

enum err kline_compare_candle(struct kline_compare *compare, const struct candle *candle)
{
    struct market *market = NULL;
    struct window *window = NULL;
    if (candle->bar.kind != BAR_TIME || !is_built(compare, candle->bar.size) ||
        !is_in_range(compare, candle->open_ns) || strcmp(candle->venue, COMPOSITE_VENUE) == 0) {
        return ERR_OK;
    }
    enum err err = find_market(compare, candle->venue, candle->symbol, candle->bar.size, &market);
    if (err) {
        return err;
    }
    note_range(market, candle);
    err = find_window(compare, market, candle->open_ns, &window);
    if (err || !window) {
        return err;
    }
    kline_ours_fill(&window->ours, candle);
    window->has_ours = true;
    see_agreement(window);
    return ERR_OK;
}

/* ---- what came of it ------------------------------------------------------------------------- */

const struct kline_counts *kline_compare_counts(const struct kline_compare *compare)
{
    return &compare->counts;
}

void kline_compare_each_market(const struct kline_compare *compare,
                               void (*each)(const struct kline_market *market, void *arg),
                               void *arg)
{
    for (size_t i = 0; i < compare->market_count; i++) {
        const struct market *market = compare->markets[i];
        if (market->has_kline) {
            const struct kline_market out = {.venue = market->venue,
                                             .symbol = market->symbol,
                                             .instrument = market->instrument,
                                             .size_ns = market->size_ns,
                                             .counts = market->counts};
            each(&out, arg);
        }
    }
}
