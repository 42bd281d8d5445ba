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

/* Most trades go into the newest window: no division, no search. */
static struct window *newest_holding(const struct series *series, int64_t source_ns)
{
    struct window *newest = window_list_last(&series->forming);
    bool holds = newest != NULL && source_ns >= newest->open_ns && source_ns < newest->close_ns;
    return holds ? newest : NULL;
}

static struct window *find_open(const struct series *series, int64_t open_ns)
{
    bool closed = open_ns < series->closed_until_ns;
    return window_list_find(closed ? &series->closed : &series->forming, open_ns);
}

struct series_spot series_locate(const struct series *series, const struct series_rules *rules,
                                 int64_t watermark_ns, int64_t source_ns)
{
    struct window *newest = newest_holding(series, source_ns);
    if (newest != NULL)
        return (struct series_spot){.open_ns = newest->open_ns, .window = newest};
    struct series_spot spot = {.open_ns = bar_open(series->bar, source_ns)};
    spot.late = spot.open_ns < series->closed_until_ns;
    spot.lost = spot.late && (spot.open_ns < series->forgotten_ns ||
                              watermark_ns - (spot.open_ns + series->bar.size) > rules->horizon_ns);
    if (!spot.lost)
        spot.window = find_open(series, spot.open_ns);
    return spot;
}

struct window *series_find(const struct series *series, const struct series_rules *rules,
                           int64_t watermark_ns, int64_t source_ns)
{
    return series_locate(series, rules, watermark_ns, source_ns).window;
}

static void mark_changed(struct series *series, struct window *window)
{
    window->changed = true;
    if (window->open_ns < series->changed_from_ns)
        series->changed_from_ns = window->open_ns;
}

void series_touch(struct series *series, struct window *window)
{
    mark_changed(series, window);
}

/* New windows in front of `index`. */
static enum err add_windows(struct series *series, const struct series_rules *rules,
                            struct window_list *list, size_t index, size_t count, int64_t open_ns)
{
    enum err err = window_list_add(list, rules->pool, series->bar, index, count, open_ns);
    if (err != ERR_OK)
        return err;
    for (size_t i = index; i < index + count; i++)
        if (window_list_at(list, i)->open_ns <= series->partial_until_ns)
            window_list_at(list, i)->flags |= CANDLE_PARTIAL;
    return ERR_OK;
}

enum err series_commit(struct series *series, const struct series_rules *rules,
                       const struct series_spot *spot, const struct window_sums *sums,
                       const struct window_entry *entry)
{
    assert(!spot->lost);
    struct window *window = spot->window;
    if (window == NULL) {
        struct window_list *list = spot->late ? &series->closed : &series->forming;
        size_t index = window_list_index(list, spot->open_ns);
        enum err err = add_windows(series, rules, list, index, 1, spot->open_ns);
        if (err != ERR_OK)
            return err;
        window = window_list_at(list, index);
    }
    window_commit(window, sums, entry, spot->late);
    mark_changed(series, window);
    return ERR_OK;
}

/* ---- updates --------------------------------------------------------------------------------- */

static void make_candle(const struct series *series, const struct series_outlet *outlet,
                        const struct candle *blank, const struct window *window, struct candle *out)
{
    *out = *blank;
    window_to_candle(window, out);
    out->bar = series->bar;
    out->seq = outlet->seq;
    out->wall_ns = outlet->wall_ns;
}

static void give(struct window *window, const struct series_rules *rules,
                 const struct candle *blank, const struct series *series, enum candle_state state)
{
    struct series_outlet *outlet = rules->outlet;
    struct candle candle;
    make_candle(series, outlet, blank, window, &candle);
    candle.state = state;
    candle.update = ++outlet->updates;
    window->changed = false;
    outlet->candle(&candle, outlet->arg);
}

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
        mark_changed(series, window_list_at(&series->closed, i));
    }
    return err;
}

/* Keeps carried candles true: an empty window has the close of the one before it. */
static enum err mend_carried(struct series *series, const struct series_rules *rules, size_t index)
{
    struct window *window = window_list_at(&series->closed, index);
    if (index > 0 && window->sums.trades == 0) {
        struct decimal price = window_list_at(&series->closed, index - 1)->close;
        if (!decimal_same(window->close, price)) {
            window_carry(window, price);
            mark_changed(series, window);
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
                                 const struct candle *blank)
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
        give(window, rules, blank, series, CANDLE_CORRECTED);
    }
    return ERR_OK;
}

static void close_up_to(struct series *series, int64_t until_ns)
{
    if (until_ns > series->closed_until_ns)
        series->closed_until_ns = until_ns;
}

/* Open time of the first window that has not closed at this watermark. */
static int64_t unclosed_from(const struct series *series, int64_t watermark_ns)
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

static void keep_within_maximum(struct series *series, const struct series_rules *rules)
{
    while (series->closed.count > closed_min(rules) &&
           series->closed.count + series->forming.count > SERIES_WINDOWS_MAX)
        drop_first(series, rules);
}

/* Closes the empty windows between the last closed one and until_ns. */
static enum err carry_to(struct series *series, const struct series_rules *rules,
                         const struct candle *blank, int64_t until_ns)
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
        give(window, rules, blank, series, CANDLE_CLOSED);
        keep_within_maximum(series, rules);
    }
    return ERR_OK;
}

static enum err close_first(struct series *series, const struct series_rules *rules,
                            const struct candle *blank)
{
    enum err err = window_list_move(&series->forming, &series->closed);
    if (err != ERR_OK)
        return err;
    struct window *window = window_list_last(&series->closed);
    close_up_to(series, window->close_ns);
    give(window, rules, blank, series, CANDLE_CLOSED);
    keep_within_maximum(series, rules);
    return ERR_OK;
}

static enum err close_due(struct series *series, const struct series_rules *rules,
                          const struct candle *blank, int64_t watermark_ns)
{
    int64_t until_ns = unclosed_from(series, watermark_ns);
    for (;;) {
        const struct window *next = window_list_first(&series->forming);
        bool full = series->forming.count >= SERIES_WINDOWS_MAX;
        bool due = next != NULL && (next->open_ns < until_ns || full);
        if (rules->carry && series->closed.count > 0) {
            enum err err = carry_to(series, rules, blank, due ? next->open_ns : until_ns);
            if (err != ERR_OK)
                return err;
        }
        if (!due)
            break;
        enum err err = close_first(series, rules, blank);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err series_advance(struct series *series, const struct series_rules *rules,
                        const struct candle *blank, int64_t watermark_ns)
{
    enum err err = give_corrections(series, rules, blank);
    if (err == ERR_OK)
        err = close_due(series, rules, blank, watermark_ns);
    if (err != ERR_OK)
        return err;
    const struct window_list *forming = &series->forming;
    for (size_t i = first_changed(series, forming); i < forming->count; i++)
        if (window_list_at(forming, i)->changed)
            give(window_list_at(forming, i), rules, blank, series, CANDLE_FORMING);
    series->changed_from_ns = INT64_MAX;
    keep_within_maximum(series, rules);
    series_catch_up(series, rules, watermark_ns);
    return ERR_OK;
}

void series_catch_up(struct series *series, const struct series_rules *rules, int64_t watermark_ns)
{
    close_up_to(series, unclosed_from(series, watermark_ns));
    assert(series->forming.count == 0 ||
           window_list_first(&series->forming)->open_ns >= series->closed_until_ns);
    while (series->closed.count > closed_min(rules) &&
           watermark_ns - window_list_first(&series->closed)->close_ns > rules->horizon_ns)
        drop_first(series, rules);
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

void series_each_forming(const struct series *series, const struct series_outlet *outlet,
                         const struct candle *blank,
                         void (*each)(const struct candle *candle, void *arg), void *arg)
{
    for (size_t i = 0; i < series->forming.count; i++) {
        struct candle candle;
        make_candle(series, outlet, blank, window_list_at(&series->forming, i), &candle);
        candle.state = CANDLE_FORMING;
        each(&candle, arg);
    }
}
