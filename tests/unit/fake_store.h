/*
 * fake_store: a market of made-up candles and a candle_store in memory that shows it, for the tests
 * of the gRPC service. It takes the place of the real candle_store at link time.
 *
 * Every update has a number, and a candle's `trades` is the number of the update that made it: so
 * whoever gets a candle can tell which state of it this is. Updates are committed to the store when
 * the test says so, which makes every order of events possible that a slow or fast disk could
 * bring.
 */
#ifndef REWICK_TESTS_UNIT_FAKE_STORE_H
#define REWICK_TESTS_UNIT_FAKE_STORE_H

#include "engine/sink/candle_store.h"
#include "engine/tape/record.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define FAKE_SERIES  8
#define FAKE_BASE_NS (INT64_C(1700000000) * 1000000000)

/* One state of one candle; update 0: not there. */
struct fake_row {
    uint64_t update;
    uint32_t revision;
    enum candle_state state;
};

struct fake_series {
    const char *venue, *instrument;
    struct bar bar;
    size_t count, capacity;      /* windows, of which the last may be forming */
    struct fake_row *now, *seen; /* as the engine has it; as the store shows it */
};

/* An update: the newest state of a window. */
struct fake_update {
    unsigned series;
    size_t window;
    struct fake_row row;
};

static struct {
    pthread_mutex_t lock; /* over what the store shows */
    struct fake_series series[FAKE_SERIES];
    uint64_t update_count, committed, capacity;
    struct fake_update *updates; /* all; number n is at n - 1 */
    uint64_t random;
    atomic_int reads_fail;     /* queries fail with ERR_IO */
    atomic_uint read_delay_us; /* of each query */
    atomic_uint queries;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline void fake_init(uint64_t seed)
{
    static const char *const venues[] = {"binance", "kraken"};
    static const char *const instruments[] = {"BTC-USDT", "ETH-USDT"};
    static const int64_t sizes[] = {1, 60};
    fake.random = seed;
    for (unsigned i = 0; i < FAKE_SERIES; i++) {
        struct fake_series *series = &fake.series[i];
        *series =
            (struct fake_series){.venue = venues[i & 1], .instrument = instruments[i >> 1 & 1]};
        series->bar = (struct bar){BAR_TIME, sizes[i >> 2] * 1000000000, 0};
    }
    fake.update_count = fake.committed = 0;
}

static inline void fake_release(void)
{
    for (unsigned i = 0; i < FAKE_SERIES; i++) {
        free(fake.series[i].now);
        free(fake.series[i].seen);
    }
    free(fake.updates);
    fake.updates = NULL;
    fake.capacity = 0;
}

static inline struct candle fake_candle(const struct fake_series *series, size_t window,
                                        struct fake_row row)
{
    int64_t open_ns = bar_open(series->bar, FAKE_BASE_NS) + (int64_t)window * series->bar.size;
    struct decimal price = {INT64_C(6183763) + (int128)(row.update % 1000), 2};
    return (struct candle){
        .venue = series->venue,
        .instrument = series->instrument,
        .bar = series->bar,
        .open_ns = open_ns,
        .close_ns = open_ns + series->bar.size,
        .state = row.state,
        .revision = row.revision,
        .open = price,
        .high = price,
        .low = price,
        .close = price,
        .volume = {12345678, 8},
        .quote_volume = {987654321, 10},
        .vwap = price,
        .trades = row.update,
        .channel = "trade",
        .symbol = "BTCUSDT",
        .has_ids = true,
        .first_trade_id = row.update,
        .last_trade_id = row.update + 1,
        .first_trade_ns = open_ns,
        .last_trade_ns = open_ns + 1,
        .first_seq = row.update,
        .last_seq = row.update,
        .update = row.update,
    };
}

/* Makes room for one more window, whose state is not there yet. */
static inline void fake_grow(struct fake_series *series)
{
    pthread_mutex_lock(&fake.lock);
    if (series->count == series->capacity) {
        series->capacity = series->capacity ? series->capacity * 2 : 1024;
        series->now = realloc(series->now, series->capacity * sizeof *series->now);
        series->seen = realloc(series->seen, series->capacity * sizeof *series->seen);
        assert_true(series->now != NULL && series->seen != NULL);
    }
    series->now[series->count] = series->seen[series->count] = (struct fake_row){0};
    series->count++;
    pthread_mutex_unlock(&fake.lock);
}

/* Numbers a new state of a window and keeps it until it is committed. */
static inline struct candle fake_change(unsigned index, size_t window, enum candle_state state,
                                        uint32_t revision)
{
    if (fake.update_count == fake.capacity) {
        fake.capacity = fake.capacity ? fake.capacity * 2 : 4096;
        fake.updates = realloc(fake.updates, fake.capacity * sizeof *fake.updates);
        assert_non_null(fake.updates);
    }
    struct fake_row row = {fake.update_count + 1, revision, state};
    fake.updates[fake.update_count++] = (struct fake_update){index, window, row};
    fake.series[index].now[window] = row;
    return fake_candle(&fake.series[index], window, row);
}

/* The next update of the market: mostly the newest window, forming or closing; sometimes an old one
 * again. */
static inline struct candle fake_next(void)
{
    unsigned index = (unsigned)unit_below(&fake.random, FAKE_SERIES);
    struct fake_series *series = &fake.series[index];
    uint64_t dice = unit_below(&fake.random, 100);
    if (series->count > 1 && dice < 20) {
        size_t window = (size_t)unit_below(&fake.random, series->count - 1);
        return fake_change(index, window, CANDLE_CORRECTED, series->now[window].revision + 1);
    }
    if (series->count == 0 || series->now[series->count - 1].state != CANDLE_FORMING)
        fake_grow(series);
    return fake_change(index, series->count - 1, dice < 70 ? CANDLE_FORMING : CANDLE_CLOSED, 0);
}

/* The update with this number once more. */
static inline struct candle fake_again(uint64_t number)
{
    const struct fake_update *update = &fake.updates[number - 1];
    return fake_candle(&fake.series[update->series], update->window, update->row);
}

/* The store shows all updates up to this one from now on. */
static inline void fake_commit(uint64_t update)
{
    pthread_mutex_lock(&fake.lock);
    for (; fake.committed < update; fake.committed++) {
        const struct fake_update *u = &fake.updates[fake.committed];
        fake.series[u->series].seen[u->window] = u->row;
    }
    pthread_mutex_unlock(&fake.lock);
}

/* ---- candle_store -----------------------------------------------------------------------------
 */

struct candle_store {
    char unused;
};

enum err candle_store_open(struct candle_store **out, const char *path)
{
    if (strcmp(path, "missing") == 0)
        return err_fail(ERR_MISSING, "database 'missing' does not exist");
    *out = malloc(sizeof **out);
    return *out ? ERR_OK : ERR_NOMEM;
}

void candle_store_close(struct candle_store *store)
{
    free(store);
}

static bool fake_has_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

static inline bool fake_wants(const struct candle_query *query, const struct fake_series *series)
{
    bool bar = query->bar_count == 0;
    for (size_t i = 0; i < query->bar_count; i++)
        bar = bar || bar_equal(query->bars[i], series->bar);
    return bar && fake_has_name(query->venues, query->venue_count, series->venue) &&
           fake_has_name(query->instruments, query->instrument_count, series->instrument);
}

/* The series' first window at `window` or behind it that the query wants; count: none. */
static inline size_t fake_find(const struct candle_query *query, const struct fake_series *series,
                               size_t window)
{
    for (; window < series->count; window++) {
        struct candle candle = fake_candle(series, window, series->seen[window]);
        if (candle.open_ns >= query->to_ns)
            return series->count;
        if (candle.update != 0 && candle.open_ns >= query->from_ns &&
            (query->forming || candle.state != CANDLE_FORMING))
            return window;
    }
    return window;
}

static inline size_t fake_first(const struct candle_query *query, const struct fake_series *series)
{
    if (!fake_wants(query, series))
        return series->count;
    int64_t base_ns = bar_open(series->bar, FAKE_BASE_NS);
    size_t window =
        query->from_ns <= base_ns ? 0 : (size_t)((query->from_ns - base_ns) / series->bar.size);
    return fake_find(query, series, window < series->count ? window : series->count);
}

/* Is series a's window in front of series b's? */
static inline bool fake_before(const struct fake_series *a, size_t a_window,
                               const struct fake_series *b, size_t b_window)
{
    int64_t a_ns = bar_open(a->bar, FAKE_BASE_NS) + (int64_t)a_window * a->bar.size;
    int64_t b_ns = bar_open(b->bar, FAKE_BASE_NS) + (int64_t)b_window * b->bar.size;
    if (a_ns != b_ns)
        return a_ns < b_ns;
    int order = strcmp(a->venue, b->venue);
    if (order == 0)
        order = strcmp(a->instrument, b->instrument);
    return order == 0 ? a->bar.size < b->bar.size : order < 0;
}

static inline enum err fake_each(const struct candle_query *query,
                                 enum err (*each)(const struct candle *candle, void *arg),
                                 void *arg)
{
    size_t at[FAKE_SERIES];
    for (unsigned i = 0; i < FAKE_SERIES; i++)
        at[i] = fake_first(query, &fake.series[i]);
    for (uint64_t rows = 0; query->limit == 0 || rows < query->limit; rows++) {
        unsigned best = FAKE_SERIES;
        for (unsigned i = 0; i < FAKE_SERIES; i++)
            if (at[i] < fake.series[i].count &&
                (best == FAKE_SERIES ||
                 fake_before(&fake.series[i], at[i], &fake.series[best], at[best])))
                best = i;
        if (best == FAKE_SERIES)
            return ERR_OK;
        struct fake_series *series = &fake.series[best];
        struct candle candle = fake_candle(series, at[best], series->seen[at[best]]);
        enum err err = each(&candle, arg);
        if (err != ERR_OK)
            return err;
        at[best] = fake_find(query, series, at[best] + 1);
    }
    return ERR_OK;
}

enum err candle_store_query(struct candle_store *store, const struct candle_query *query,
                            enum err (*each)(const struct candle *candle, void *arg), void *arg,
                            uint64_t *out_update)
{
    (void)store;
    atomic_fetch_add(&fake.queries, 1);
    if (atomic_load(&fake.reads_fail))
        return err_fail(ERR_IO, "cannot read database 'fake'");
    usleep(atomic_load(&fake.read_delay_us));
    pthread_mutex_lock(&fake.lock);
    if (out_update)
        *out_update = fake.committed;
    enum err err = fake_each(query, each, arg);
    pthread_mutex_unlock(&fake.lock);
    return err;
}

enum err candle_store_instruments(struct candle_store *store,
                                  enum err (*each)(const char *venue, const char *instrument,
                                                   const char *symbol, void *arg),
                                  void *arg)
{
    (void)store;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < FAKE_SERIES / 2 && err == ERR_OK; i++)
        err = each(fake.series[i].venue, fake.series[i].instrument, "BTCUSDT", arg);
    return err;
}

enum err candle_store_series(struct candle_store *store,
                             enum err (*each)(const char *venue, const char *instrument,
                                              const char *bar, void *arg),
                             void *arg)
{
    (void)store, (void)each, (void)arg;
    return ERR_OK;
}

#endif
