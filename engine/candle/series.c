#include "engine/candle/series.h"

#include <assert.h>

void series_init(struct series *series, struct bar bar)
{
    *series = (struct series){
        .bar = bar,
        .closed_until_ns = INT64_MIN,
        .forgotten_ns = INT64_MIN,
        .changed_from_ns = INT64_MAX,
        .partial_until_ns = INT64_MIN,
    };
}

void series_release(struct series *series)
{
    window_list_release(&series->closed);
    window_list_release(&series->forming);
}

static struct window *find_open(const struct series *series, int64_t open_ns)
{
    bool closed = open_ns < series->closed_until_ns;
    return window_list_find(closed ? &series->closed : &series->forming, open_ns);
}

static void close_up_to(struct series *series, int64_t until_ns)
{
    if (until_ns > series->closed_until_ns)
        series->closed_until_ns = until_ns;
}

int64_t series_due_until(const struct series *series, int64_t watermark_ns)
{
    int64_t known = series->closed_until_ns;
    bool same = known != INT64_MIN && watermark_ns - known < series->bar.size;
    return same ? known : bar_open(series->bar, watermark_ns);
}

static void drop_first(struct series *series, const struct series_rules *rules)
{
    series->forgotten_ns = window_list_first(&series->closed)->close_ns;
    window_list_drop_first(&series->closed, rules->pool);
}

/* The last closed window stays where the next empty one needs its close. */
static size_t closed_min(const struct series_rules *rules)
{
    return rules->carry ? 1 : 0;
}

/* Windows that nothing was given for close too, and those beyond the horizon go. */
static void catch_up(struct series *series, const struct series_rules *rules, int64_t watermark_ns)
{
    close_up_to(series, series_due_until(series, watermark_ns));
    assert(series->forming.count == 0 ||
           window_list_first(&series->forming)->open_ns >= series->closed_until_ns);
    while (series->closed.count > closed_min(rules) &&
           watermark_ns - window_list_first(&series->closed)->close_ns > rules->horizon_ns)
        drop_first(series, rules);
}

struct series_spot series_locate(struct series *series, const struct series_rules *rules,
                                 int64_t watermark_ns, int64_t source_ns)
{
    /* Most trades go into the newest window: no division, no search. */
    struct window *newest = window_list_last(&series->forming);
    if (newest != NULL && source_ns >= newest->open_ns && source_ns < newest->close_ns)
        return (struct series_spot){.open_ns = newest->open_ns, .window = newest};
    if (watermark_ns != INT64_MIN)
        catch_up(series, rules, watermark_ns);
    struct series_spot spot = {.open_ns = bar_open(series->bar, source_ns)};
    spot.late = spot.open_ns < series->closed_until_ns;
    spot.lost = spot.late && (spot.open_ns < series->forgotten_ns ||
                              watermark_ns - (spot.open_ns + series->bar.size) > rules->horizon_ns);
    if (!spot.lost)
        spot.window = find_open(series, spot.open_ns);
    return spot;
}

struct window *series_at(const struct series *series, int64_t source_ns, bool *out_late)
{
    int64_t open_ns = bar_open(series->bar, source_ns);
    *out_late = open_ns < series->closed_until_ns;
    return find_open(series, open_ns);
}

void series_touch(struct series *series, struct window *window)
{
    window->changed = true;
    if (window->open_ns < series->changed_from_ns)
        series->changed_from_ns = window->open_ns;
}

/* New windows in front of `index`. */
static enum err add_windows(struct series *series, const struct series_rules *rules,
                            struct window_list *list, size_t index, size_t count, int64_t open_ns)
{
    enum err err = window_list_add(list, rules->pool, series->bar, index, count, open_ns);
    if (err != ERR_OK)
        return err;
    for (size_t i = index; i < index + count; i++) {
        struct window *window = window_list_at(list, i);
        window->absorbed = list == &series->closed; /* what comes into it late goes up directly */
        if (window->open_ns <= series->partial_until_ns)
            window->flags |= CANDLE_PARTIAL;
    }
    return ERR_OK;
}

enum err series_take(struct series *series, const struct series_rules *rules,
                     const struct series_spot *spot, struct window **out)
{
    assert(!spot->lost);
    *out = spot->window;
    if (*out != NULL)
        return ERR_OK;
    struct window_list *list = spot->late ? &series->closed : &series->forming;
    size_t index = window_list_index(list, spot->open_ns);
    enum err err = add_windows(series, rules, list, index, 1, spot->open_ns);
    if (err == ERR_OK)
        *out = window_list_at(list, index);
    return err;
}

/* ---- updates --------------------------------------------------------------------------------- */

static bool decimal_same(struct decimal a, struct decimal b)
{
    return a.mantissa == b.mantissa && a.scale == b.scale;
}

/* How many windows to carry in front of until_ns, when the last candle ends at from_ns. A maximum
 * above the one for windows means that what was skipped is never in between windows that are kept.
 */
static size_t carried_count(const struct series *series, const struct series_rules *rules,
                            int64_t from_ns, int64_t until_ns)
{
    _Static_assert(SERIES_CARRIED_MAX > SERIES_WINDOWS_MAX, "holes must fall out");
    if (until_ns <= from_ns)
        return 0;
    uint64_t count = (uint64_t)((until_ns - from_ns) / series->bar.size);
    if (count <= SERIES_CARRIED_MAX)
        return (size_t)count;
    rules->outlet->skipped += count - SERIES_CARRIED_MAX;
    return SERIES_CARRIED_MAX;
}

/* A window was added in front of the series' first one: the empty windows behind it, which had no
 * last close to be flat at, get their candle now. */
static enum err carry_behind(struct series *series, const struct series_rules *rules, size_t index)
{
    const struct window *window = window_list_at(&series->closed, index);
    bool is_last = index + 1 == series->closed.count;
    int64_t until_ns =
        is_last ? series->closed_until_ns : window_list_at(&series->closed, index + 1)->open_ns;
    size_t count = carried_count(series, rules, window->close_ns, until_ns);
    if (count == 0)
        return ERR_OK;
    enum err err = add_windows(series, rules, &series->closed, index + 1, count,
                               until_ns - (int64_t)count * series->bar.size);
    for (size_t i = index + 1; err == ERR_OK && i <= index + count; i++) {
        window_carry(window_list_at(&series->closed, i), window->close);
        series_touch(series, window_list_at(&series->closed, i));
    }
    return err;
}

/* Keeps carried candles true: an empty window has the close of the one before it. */
static enum err mend_carried(struct series *series, const struct series_rules *rules, size_t index)
{
    struct window *window = window_list_at(&series->closed, index);
    if (index > 0 && window->rows == 0) {
        struct decimal price = window_list_at(&series->closed, index - 1)->close;
        if (!decimal_same(window->close, price)) {
            window_carry(window, price);
            series_touch(series, window);
        }
    }
    return window->changed ? carry_behind(series, rules, index) : ERR_OK;
}

/* Index of the first window that may have changed; cheap when that is one of the last. */
static size_t first_changed(const struct series *series, const struct window_list *list)
{
    if (list->count == 0 || window_list_last(list)->open_ns < series->changed_from_ns)
        return list->count;
    return window_list_index(list, series->changed_from_ns);
}

static enum err give_corrections(struct series *series, const struct series_rules *rules,
                                 const struct market_face *face)
{
    struct window_list *closed = &series->closed;
    for (size_t i = first_changed(series, closed); i < closed->count; i++) {
        enum err err = rules->carry ? mend_carried(series, rules, i) : ERR_OK;
        if (err != ERR_OK)
            return err;
        struct window *window = window_list_at(closed, i);
        if (!window->changed)
            continue;
        window->revision++;
        err = candle_outlet_give(rules->outlet, face, series->bar, window, CANDLE_CORRECTED);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static void keep_within_maximum(struct series *series, const struct series_rules *rules)
{
    while (series->closed.count > closed_min(rules) &&
           series->closed.count + series->forming.count > SERIES_WINDOWS_MAX)
        drop_first(series, rules);
}

/* Closes the empty windows between the last closed one and until_ns. */
static enum err carry_to(struct series *series, const struct series_rules *rules,
                         const struct market_face *face, int64_t until_ns)
{
    const struct window *last = window_list_last(&series->closed);
    struct decimal price = last->close;
    size_t count = carried_count(series, rules, last->close_ns, until_ns);
    for (int64_t open_ns = until_ns - (int64_t)count * series->bar.size; open_ns < until_ns;
         open_ns += series->bar.size) {
        enum err err =
            add_windows(series, rules, &series->closed, series->closed.count, 1, open_ns);
        if (err != ERR_OK)
            return err;
        struct window *window = window_list_last(&series->closed);
        window_carry(window, price);
        close_up_to(series, window->close_ns);
        err = candle_outlet_give(rules->outlet, face, series->bar, window, CANDLE_CLOSED);
        if (err != ERR_OK)
            return err;
        keep_within_maximum(series, rules);
    }
    return ERR_OK;
}

static enum err close_first(struct series *series, const struct series_rules *rules,
                            const struct market_face *face)
{
    enum err err = window_list_move(&series->forming, &series->closed);
    if (err != ERR_OK)
        return err;
    struct window *window = window_list_last(&series->closed);
    close_up_to(series, window->close_ns);
    err = candle_outlet_give(rules->outlet, face, series->bar, window, CANDLE_CLOSED);
    keep_within_maximum(series, rules);
    return err;
}

static enum err close_due(struct series *series, const struct series_rules *rules,
                          const struct market_face *face, int64_t watermark_ns)
{
    int64_t until_ns = series_due_until(series, watermark_ns);
    for (;;) {
        const struct window *next = window_list_first(&series->forming);
        bool full = series->forming.count >= SERIES_WINDOWS_MAX;
        bool due = next != NULL && (next->open_ns < until_ns || full);
        if (rules->carry && series->closed.count > 0) {
            enum err err = carry_to(series, rules, face, due ? next->open_ns : until_ns);
            if (err != ERR_OK)
                return err;
        }
        if (!due)
            break;
        enum err err = close_first(series, rules, face);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Of what has changed and has not closed. */
static enum err give_forming(struct series *series, const struct series_rules *rules,
                             const struct market_face *face)
{
    const struct window_list *forming = &series->forming;
    enum err err = ERR_OK;
    for (size_t i = first_changed(series, forming); i < forming->count && err == ERR_OK; i++)
        if (window_list_at(forming, i)->changed)
            err = candle_outlet_give(rules->outlet, face, series->bar, window_list_at(forming, i),
                                     CANDLE_FORMING);
    return err;
}

enum err series_advance(struct series *series, const struct series_rules *rules,
                        const struct market_face *face, int64_t watermark_ns)
{
    enum err err = give_corrections(series, rules, face);
    if (err == ERR_OK)
        err = close_due(series, rules, face, watermark_ns);
    if (err == ERR_OK && rules->outlet->forming)
        err = give_forming(series, rules, face);
    series->changed_from_ns = INT64_MAX;
    keep_within_maximum(series, rules);
    catch_up(series, rules, watermark_ns);
    return err;
}

int64_t series_deadline(const struct series *series, const struct series_rules *rules)
{
    const struct window *closed = window_list_last(&series->closed);
    const struct window *forming = window_list_first(&series->forming);
    if (rules->carry && closed != NULL)
        return series->closed_until_ns + series->bar.size;
    if (forming != NULL)
        return forming->close_ns;
    return closed != NULL ? closed->close_ns + rules->horizon_ns + 1 : INT64_MAX;
}

void series_each_forming(const struct series *series, const struct candle_outlet *outlet,
                         const struct market_face *face,
                         void (*each)(const struct candle *candle, void *arg), void *arg)
{
    for (size_t i = 0; i < series->forming.count; i++) {
        struct candle candle;
        candle_outlet_make(outlet, face, series->bar, window_list_at(&series->forming, i),
                           CANDLE_FORMING, &candle);
        each(&candle, arg);
    }
}
