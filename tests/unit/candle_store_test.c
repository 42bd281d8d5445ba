#include "engine/sink/candle_store.h"

#include "engine/sink/sink_sqlite.h"
#include "engine/tape/record.h"
#include "tests/unit/candle_sample.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t tape_id[16] = {1};
static char folder[] = "/tmp/candle_store_test.XXXXXX";
static char path[256];

/* ---- helpers --------------------------------------------------------------------------------- */

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int fresh(void **state)
{
    (void)state;
    static const char *const suffixes[] = {"-wal", "-shm", "-lock", ""};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s/x.db%s", folder, suffixes[i]);
        unlink(path);
    }
    return 0;
}

static int remove_folder(void **state)
{
    fresh(state);
    return rmdir(folder);
}

static struct sink *open_sink_as(const char *scope)
{
    struct engine_config config;
    struct sink *sink;
    struct sink_sqlite_options options = {.scope = scope, .commit_ns = 1};
    engine_config_default(&config);
    assert_ok(sink_sqlite_open_with(&sink, path, tape_id, &config, &options));
    return sink;
}

static void put(struct sink *sink, const struct candle *candle)
{
    assert_ok(sink->put(sink, candle));
    assert_ok(sink->commit(sink, candle->update, candle->update, false));
}

static void finish(struct sink *sink)
{
    assert_ok(sink->close(sink));
}

/* Rows as text, and copies of the first ones. */
struct rows {
    size_t count;
    char text[4096];
    size_t stop_after; /* 0 = never */
};

static enum err add_row(const struct candle *candle, void *arg)
{
    struct rows *rows = arg;
    char bar[BAR_TEXT_MAX];
    bar_format(bar, candle->bar);
    size_t used = strlen(rows->text);
    snprintf(rows->text + used, sizeof rows->text - used, "%lld %s %s %s %s %u\n",
             (long long)((candle->open_ns - SAMPLE_OPEN_NS) / NS_PER_MIN), candle->venue,
             candle->instrument, bar, candle_state_name(candle->state), candle->revision);
    rows->count++;
    return rows->count == rows->stop_after ? ERR_CHECK : ERR_OK;
}

static const struct candle_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};

static void assert_rows(struct candle_store *store, const struct candle_query *query,
                        const char *expected)
{
    struct rows rows = {0};
    assert_ok(candle_store_query(store, query, add_row, &rows, NULL));
    assert_string_equal(rows.text, expected);
}

/* ---- rows come back -------------------------------------------------------------------------- */

static enum err compare_row(const struct candle *candle, void *arg)
{
    const struct candle *expected = arg;
    assert_candle_equal(candle, expected);
    assert_int_equal(candle->update, expected->update);
    assert_int_equal(candle->flags, expected->flags);
    assert_int_equal(candle->volume_unit, expected->volume_unit);
    assert_true(candle->quote_volume.mantissa == expected->quote_volume.mantissa);
    assert_int_equal(candle->quote_volume.scale, expected->quote_volume.scale);
    assert_true(candle->first_trade_id == expected->first_trade_id);
    assert_true(candle->last_trade_id == expected->last_trade_id);
    assert_int_equal(candle->ungraded, expected->ungraded);
    assert_int_equal(candle->connections.count, expected->connections.count);
    assert_int_equal(candle->connections.more, expected->connections.more);
    assert_int_equal(candle->contribution_count, expected->contribution_count);
    for (size_t i = 0; i < candle->contribution_count; i++)
        assert_int_equal(candle->contributions[i].state, expected->contributions[i].state);
    assert_int_equal(candle->score, expected->score);
    assert_int_equal(candle->connected_ppm, expected->connected_ppm);
    assert_int_equal(candle->latency.min, expected->latency.min);
    assert_int_equal(candle->clock_offset_ns, expected->clock_offset_ns);
    assert_true((candle->identity != NULL) == (expected->identity != NULL));
    return ERR_OK;
}

static void assert_comes_back(const struct candle *candle)
{
    struct candle_store *store;
    fresh(NULL);
    struct sink *sink = open_sink_as(NULL);
    put(sink, candle);
    assert_ok(candle_store_open(&store, path));
    assert_ok(candle_store_query(store, &everything, compare_row, (void *)(uintptr_t)candle, NULL));
    candle_store_close(store);
    finish(sink);
}

static void candles_come_back_digit_for_digit(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    assert_comes_back(&candle);
    candle.first_trade_id = 0;
    candle.last_trade_id = UINT64_MAX;
    candle.flags = 0;
    /* More digits than venues send: a sum of products. */
    candle.quote_volume = (struct decimal){((int128)INT64_MAX << 63) + 12345, 36};
    assert_comes_back(&candle);
    candle.quote_volume.mantissa = -candle.quote_volume.mantissa;
    candle.open = sample_decimal("0.00000001");
    candle.close = sample_decimal("100");
    assert_comes_back(&candle);
}

static void candles_without_some_values_come_back(void **state)
{
    (void)state;
    struct candle candle = candle_sample(7);
    candle.trades = 0;
    candle.has_ids = false;
    candle.first_trade_id = candle.last_trade_id = 0;
    candle.first_seq = candle.last_seq = 0;
    candle.first_trade_ns = candle.last_trade_ns = RECORD_NO_TIME;
    candle.flags = CANDLE_PARTIAL | CANDLE_CARRIED;
    assert_comes_back(&candle);
    candle = candle_sample(7);
    candle.identity = NULL;
    candle.tape = NULL;
    candle.contribution_count = 0;
    candle.connections = (struct candle_connections){0};
    candle.has_connected = candle.has_clock_offset = false;
    candle.connected_ppm = 0;
    candle.clock_offset_ns = 0;
    candle.latency = candle.emit = (struct latency_figures){0};
    candle.score = 0;
    assert_comes_back(&candle);
    candle = candle_sample(7);
    candle.volume_unit = VOLUME_CONTRACT;
    candle.quote_volume = DECIMAL_ZERO;
    candle.state = CANDLE_CORRECTED;
    candle.revision = UINT32_MAX;
    candle.open_ns = -NS_PER_MIN;
    candle.close_ns = 0;
    assert_comes_back(&candle);
}

static void every_flag_comes_back(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    for (int bit = 0; bit < CANDLE_FLAG_COUNT; bit++) {
        candle = candle_sample(1);
        candle.flags = UINT32_C(1) << bit;
        if (candle.flags == CANDLE_OVERFLOW)
            candle.quote_volume = DECIMAL_ZERO;
        assert_comes_back(&candle);
    }
    candle.flags = (UINT32_C(1) << CANDLE_FLAG_COUNT) - 1;
    candle.quote_volume = DECIMAL_ZERO;
    assert_comes_back(&candle);
}

static void the_largest_values_come_back(void **state)
{
    (void)state;
    const struct decimal longest = {((int128)1 << 126) + 1, DECIMAL_SCALE_MAX};
    struct contribution members[CONTRIBUTIONS_MAX];
    for (size_t i = 0; i < CONTRIBUTIONS_MAX; i++)
        members[i] = (struct contribution){"a-venue-with-a-name-of-31-bytes",
                                           "",
                                           (enum contribution_state)(i % 4),
                                           longest,
                                           longest,
                                           longest};
    struct candle candle = candle_sample(1);
    candle.contributions = members;
    candle.contribution_count = CONTRIBUTIONS_MAX;
    candle.latency = (struct latency_figures){UINT64_MAX, INT64_MIN, INT64_MIN, INT64_MIN,
                                              INT64_MAX,  INT64_MAX, INT64_MAX};
    candle.emit = candle.latency;
    candle.clock_offset_ns = INT64_MIN;
    candle.connected_ppm = CANDLE_PPM;
    candle.score = 100;
    candle.malformed = candle.dropped = candle.suspect = UINT64_MAX;
    candle.connections = (struct candle_connections){{0, 1, 2, UINT32_MAX}, 4, false};
    assert_comes_back(&candle);
}

/* ---- queries --------------------------------------------------------------------------------- */

/* Minutes 0 and 1 of two venues and three bars, one forming, one with two corrections. */
static void fill(struct sink *sink)
{
    static const struct {
        const char *venue, *instrument;
        int64_t minutes, open;
        enum candle_state state;
        uint32_t revision;
    } rows[] = {
        {"kraken", "BTC-USD", 1, 0, CANDLE_CLOSED, 0},
        {"kraken", "BTC-USD", 1, 1, CANDLE_CLOSED, 0},
        {"binance", "BTC-USDT", 60, 0, CANDLE_FORMING, 0},
        {"binance", "BTC-USDT", 2, 0, CANDLE_CLOSED, 0},
        {"binance", "BTC-USDT", 1, 0, CANDLE_CLOSED, 0},
        {"binance", "BTC-USDT", 1, 0, CANDLE_CORRECTED, 1},
        {"binance", "BTC-USDT", 1, 0, CANDLE_CORRECTED, 2},
        {"binance", "ETH-USDT", 1, 1, CANDLE_CLOSED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct candle candle = candle_sample(i + 1);
        candle.venue = rows[i].venue;
        candle.instrument = rows[i].instrument;
        candle.bar.size = rows[i].minutes * NS_PER_MIN;
        candle.open_ns += rows[i].open * NS_PER_MIN;
        candle.close_ns = candle.open_ns + candle.bar.size;
        candle.state = rows[i].state;
        candle.revision = rows[i].revision;
        put(sink, &candle);
    }
}

static struct candle_store *filled_store(void)
{
    struct candle_store *store;
    struct sink *sink = open_sink_as(NULL);
    fill(sink);
    finish(sink);
    assert_ok(candle_store_open(&store, path));
    return store;
}

static void rows_are_ordered_by_time_market_and_bar_size(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    assert_rows(store, &everything,
                "0 binance BTC-USDT 1m corrected 2\n"
                "0 binance BTC-USDT 2m closed 0\n"
                "0 kraken BTC-USD 1m closed 0\n"
                "1 binance ETH-USDT 1m closed 0\n"
                "1 kraken BTC-USD 1m closed 0\n");
    struct candle_query query = everything;
    query.forming = query.revisions = true;
    assert_rows(store, &query,
                "0 binance BTC-USDT 1m closed 0\n"
                "0 binance BTC-USDT 1m corrected 1\n"
                "0 binance BTC-USDT 1m corrected 2\n"
                "0 binance BTC-USDT 2m closed 0\n"
                "0 binance BTC-USDT 1h forming 0\n"
                "0 kraken BTC-USD 1m closed 0\n"
                "1 binance ETH-USDT 1m closed 0\n"
                "1 kraken BTC-USD 1m closed 0\n");
    candle_store_close(store);
}

/* By value, not by text, and not by when they close. */
static void bars_of_all_kinds_are_in_their_order(void **state)
{
    (void)state;
    static const struct bar bars[] = {
        {BAR_NOTIONAL, 1000000, 0},           {BAR_NOTIONAL, 999, 0}, {BAR_VOLUME, 50, 0},
        {BAR_VOLUME, 123456789012345678, 17}, {BAR_VOLUME, 75, 2},    {BAR_TICK, 100, 0},
        {BAR_VOLUME, 123456789012345679, 17}, {BAR_TICK, 9, 0},       {BAR_TIME, NS_PER_MIN, 0},
    };
    struct sink *sink = open_sink_as(NULL);
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
        struct candle candle = candle_sample(i + 1);
        candle.bar = bars[i];
        candle.close_ns = candle.open_ns + (int64_t)(i * 7 % 5) + 1;
        put(sink, &candle);
    }
    finish(sink);
    struct candle_store *store;
    assert_ok(candle_store_open(&store, path));
    assert_rows(store, &everything,
                "0 binance BTC-USDT 1m closed 0\n"
                "0 binance BTC-USDT 9t closed 0\n"
                "0 binance BTC-USDT 100t closed 0\n"
                "0 binance BTC-USDT 0.75v closed 0\n"
                "0 binance BTC-USDT 1.23456789012345678v closed 0\n"
                "0 binance BTC-USDT 1.23456789012345679v closed 0\n"
                "0 binance BTC-USDT 50v closed 0\n"
                "0 binance BTC-USDT 999n closed 0\n"
                "0 binance BTC-USDT 1000000n closed 0\n");
    struct candle_query query = everything;
    query.revisions = true;
    query.offset = 5;
    query.limit = 2;
    assert_rows(store, &query,
                "0 binance BTC-USDT 1.23456789012345679v closed 0\n"
                "0 binance BTC-USDT 50v closed 0\n");
    candle_store_close(store);
}

static void filters_combine(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    const char *const venues[] = {"binance", "x' OR 1 --"}, *const instruments[] = {"ETH-USDT",
                                                                                    "BTC-USDT"};
    const struct bar bars[] = {{BAR_TIME, NS_PER_MIN, 0}, {BAR_TIME, NS_PER_HOUR, 0}};
    struct candle_query query = everything;
    query.venues = venues;
    query.venue_count = 2;
    query.instruments = instruments;
    query.instrument_count = 2;
    query.bars = bars;
    query.bar_count = 2;
    assert_rows(store, &query,
                "0 binance BTC-USDT 1m corrected 2\n"
                "1 binance ETH-USDT 1m closed 0\n");
    query.forming = true;
    query.instrument_count = 1;
    assert_rows(store, &query, "1 binance ETH-USDT 1m closed 0\n");
    query.instruments = NULL;
    query.instrument_count = 0;
    query.bars++;
    query.bar_count = 1;
    assert_rows(store, &query, "0 binance BTC-USDT 1h forming 0\n");
    candle_store_close(store);
}

static void times_are_from_inclusive_to_exclusive(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    struct candle_query query = everything;
    query.from_ns = SAMPLE_OPEN_NS + NS_PER_MIN;
    assert_rows(store, &query,
                "1 binance ETH-USDT 1m closed 0\n"
                "1 kraken BTC-USD 1m closed 0\n");
    query.from_ns++;
    assert_rows(store, &query, "");
    query.from_ns = SAMPLE_OPEN_NS;
    query.to_ns = SAMPLE_OPEN_NS;
    assert_rows(store, &query, "");
    query.to_ns++;
    query.revisions = true;
    assert_rows(store, &query,
                "0 binance BTC-USDT 1m closed 0\n"
                "0 binance BTC-USDT 1m corrected 1\n"
                "0 binance BTC-USDT 1m corrected 2\n"
                "0 binance BTC-USDT 2m closed 0\n"
                "0 kraken BTC-USD 1m closed 0\n");
    candle_store_close(store);
}

static void pages_join_without_hole_or_overlap(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    for (uint64_t page = 1; page <= 9; page++) {
        struct candle_query query = everything;
        struct rows all = {0}, paged = {0};
        query.forming = query.revisions = true;
        assert_ok(candle_store_query(store, &query, add_row, &all, NULL));
        query.limit = page;
        for (query.offset = 0; query.offset < 20; query.offset += page) {
            size_t before = paged.count;
            assert_ok(candle_store_query(store, &query, add_row, &paged, NULL));
            assert_true(paged.count - before <= page);
        }
        assert_int_equal(all.count, 8);
        assert_string_equal(all.text, paged.text);
    }
    candle_store_close(store);
}

static void a_callback_can_end_the_query(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    struct rows rows = {.stop_after = 2};
    assert_err(ERR_CHECK, candle_store_query(store, &everything, add_row, &rows, NULL));
    assert_int_equal(rows.count, 2);
    rows = (struct rows){0};
    assert_ok(candle_store_query(store, &everything, add_row, &rows, NULL));
    assert_int_equal(rows.count, 5);
    candle_store_close(store);
}

static void too_many_names_are_refused(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    static const char *names[CANDLE_STORE_NAMES_MAX + 1];
    for (size_t i = 0; i <= CANDLE_STORE_NAMES_MAX; i++)
        names[i] = "kraken";
    struct candle_query query = everything;
    struct rows rows = {0};
    query.venues = names;
    query.venue_count = CANDLE_STORE_NAMES_MAX;
    query.instruments = names;
    query.instrument_count = CANDLE_STORE_NAMES_MAX;
    assert_rows(store, &query, "");
    query.venue_count++;
    assert_err(ERR_LIMIT, candle_store_query(store, &query, add_row, &rows, NULL));
    candle_store_close(store);
}

static enum err add_text(const char *a, const char *b, const char *c, void *arg)
{
    char *text = arg;
    size_t used = strlen(text);
    snprintf(text + used, 500 - used, "%s %s %s\n", a, b, c);
    return ERR_OK;
}

static void instruments_and_series_are_listed(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    char text[500] = "";
    assert_ok(candle_store_instruments(store, add_text, text));
    assert_string_equal(text, "binance BTC-USDT BTCUSDT\n"
                              "binance ETH-USDT BTCUSDT\n"
                              "kraken BTC-USD BTCUSDT\n");
    text[0] = '\0';
    assert_ok(candle_store_series(store, add_text, text));
    assert_string_equal(text, "binance BTC-USDT 1h\n"
                              "binance BTC-USDT 1m\n"
                              "binance BTC-USDT 2m\n"
                              "binance ETH-USDT 1m\n"
                              "kraken BTC-USD 1m\n");
    candle_store_close(store);
}

/* ---- beside a writer ------------------------------------------------------------------------- */

struct snapshot {
    struct sink *sink;
    uint64_t rows, highest;
};

/* The writer goes on while the rows are read. */
static enum err write_between(const struct candle *candle, void *arg)
{
    struct snapshot *snapshot = arg;
    struct candle next = candle_sample(1000 + snapshot->rows);
    next.open_ns += (int64_t)next.update * NS_PER_MIN;
    put(snapshot->sink, &next);
    snapshot->rows++;
    if (candle->update > snapshot->highest)
        snapshot->highest = candle->update;
    return ERR_OK;
}

static void a_query_sees_one_state_while_the_writer_goes_on(void **state)
{
    (void)state;
    struct candle_store *store;
    struct snapshot snapshot = {.sink = open_sink_as(NULL)};
    uint64_t update = 99;
    fill(snapshot.sink);
    assert_ok(candle_store_open(&store, path));
    assert_ok(candle_store_query(store, &everything, write_between, &snapshot, &update));
    assert_int_equal(snapshot.rows, 5);
    assert_int_equal(update, 8);
    assert_int_equal(snapshot.highest, 8);
    struct rows rows = {0};
    assert_ok(candle_store_query(store, &everything, add_row, &rows, &update));
    assert_int_equal(rows.count, 10);
    assert_int_equal(update, 1004);
    candle_store_close(store);
    finish(snapshot.sink);
}

static void the_update_is_that_of_the_newest_writer(void **state)
{
    (void)state;
    struct candle_store *store;
    struct rows rows = {0};
    uint64_t update;
    struct sink *sink = open_sink_as("first");
    fill(sink);
    finish(sink);
    sink = open_sink_as("second");
    assert_ok(candle_store_open(&store, path));
    /* It has stored nothing yet: what the first one counted means nothing to it. */
    assert_ok(candle_store_query(store, &everything, add_row, &rows, &update));
    assert_int_equal(update, 0);
    struct candle candle = candle_sample(3);
    put(sink, &candle);
    assert_ok(candle_store_query(store, &everything, add_row, &rows, &update));
    assert_int_equal(update, 3);
    finish(sink);
    sink = open_sink_as("first");
    assert_ok(candle_store_query(store, &everything, add_row, &rows, &update));
    assert_int_equal(update, 8);
    candle_store_close(store);
    finish(sink);
}

/* Root may write everywhere; what nobody may not is tried as nobody. */
static void a_store_in_a_read_only_folder_can_be_read(void **state)
{
    (void)state;
    struct candle_store *store = filled_store();
    candle_store_close(store);
    char odd[300], plain[256];
    snprintf(odd, sizeof odd, "%s/50%%?#.db", folder);
    snprintf(plain, sizeof plain, "%s", path);
    assert_int_equal(rename(plain, odd), 0);
    fresh(NULL);
    assert_int_equal(chmod(odd, 0444), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(65534), 0);
    enum err err = candle_store_open(&store, odd);
    if (root)
        assert_int_equal(seteuid(0), 0);
    chmod(folder, 0755);
    assert_ok(err);
    struct rows rows = {0};
    assert_ok(candle_store_query(store, &everything, add_row, &rows, NULL));
    assert_int_equal(rows.count, 5);
    candle_store_close(store);
    unlink(odd);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void assert_open_fails(enum err code, const char *text)
{
    struct candle_store *store;
    err_clear();
    assert_err(code, candle_store_open(&store, path));
    assert_null(store);
    if (!strstr(err_text(code), text))
        fail_msg("'%s' does not say '%s'", err_text(code), text);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void what_is_no_store_is_told(void **state)
{
    (void)state;
    assert_open_fails(ERR_MISSING, "does not exist; make it with 'rewick replay TAPE --db ");
    assert_int_equal(access(path, F_OK), -1);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 500; i++)
        fputs("no database ", file);
    fclose(file);
    assert_open_fails(ERR_DAMAGED, "is not a database of rewick");
    fresh(NULL);
    run_sql("CREATE TABLE t (a)");
    assert_open_fails(ERR_DAMAGED, "is the database of another program");
    fresh(NULL);
    run_sql("PRAGMA user_version = 0");
    file = fopen(path, "w");
    fclose(file);
    assert_open_fails(ERR_DAMAGED, "is empty; fill it with 'rewick replay TAPE --db ");
    fresh(NULL);
    finish(open_sink_as(NULL));
    run_sql("UPDATE meta SET value = 4");
    assert_open_fails(ERR_DAMAGED, "has schema 4 and this rewick knows up to 3");
}

static void a_damaged_value_is_told_and_never_read_as_something(void **state)
{
    (void)state;
    static const char *const values[] = {"open = '61837.6x'",
                                         "open = ''",
                                         "close = '1.2.3'",
                                         "low = '-'",
                                         "high = '.5'",
                                         "volume = '9999999999999999999999999999999999999999'",
                                         "state = 'open'",
                                         "bar = '0m'",
                                         "volume_unit = 'apples'",
                                         "flags = 'partial|'",
                                         "flags = '|partial'",
                                         "flags = 'parti'",
                                         "flags = 'partial carried'",
                                         "connections = ''",
                                         "connections = '1|'",
                                         "connections = '1|x'",
                                         "connections = '-1'",
                                         "connections = '1+|2'",
                                         "connections = '4294967296'",
                                         "connections = '1|2|3|4|5'",
                                         "connected = '1.000001'",
                                         "connected = '-0.1'",
                                         "connected = ''",
                                         "connected = 'all'",
                                         "score = 101",
                                         "score = -1",
                                         "revision = 4294967296",
                                         "contributions = ''",
                                         "contributions = 'kraken XBT used 1 2'",
                                         "contributions = 'kraken XBT used 1 2 3 4'",
                                         "contributions = 'kraken XBT lost 1 2 3'",
                                         "contributions = 'kraken XBT used 1 2 x'",
                                         "contributions = 'kraken XBT used 1 2 3|'",
                                         "contributions = replace(hex(zeroblob(32)), '00', "
                                         "'kraken XBT used 1 2 3|') || 'a b used 1 2 3'",
                                         "contributions = hex(zeroblob(100000))",
                                         "mic = NULL",
                                         "cfi = NULL",
                                         "vwap = '0.0000000000000000000000000000000000001'"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct candle_store *store;
        struct rows rows = {0};
        char sql[300];
        fresh(NULL);
        struct sink *sink = open_sink_as(NULL);
        struct candle candle = candle_sample(1);
        put(sink, &candle);
        finish(sink);
        snprintf(sql, sizeof sql,
                 "UPDATE candle SET %s; UPDATE series SET bar = (SELECT bar FROM candle)",
                 values[i]);
        run_sql(sql);
        assert_ok(candle_store_open(&store, path));
        assert_err(ERR_DAMAGED, candle_store_query(store, &everything, add_row, &rows, NULL));
        assert_non_null(strstr(err_text(ERR_DAMAGED), "is damaged: '"));
        candle_store_close(store);
    }
}

/* One row short of damage: the number of members is what counts. */
static void as_many_members_as_a_composite_has_can_be_read(void **state)
{
    (void)state;
    struct candle_store *store;
    struct rows rows = {0};
    struct sink *sink = open_sink_as(NULL);
    struct candle candle = candle_sample(1);
    put(sink, &candle);
    finish(sink);
    run_sql("UPDATE candle SET contributions = replace(hex(zeroblob(31)), '00', "
            "'kraken XBT used 1 2 3|') || 'a b used 1 2 3'");
    assert_ok(candle_store_open(&store, path));
    assert_ok(candle_store_query(store, &everything, add_row, &rows, NULL));
    assert_int_equal(rows.count, 1);
    candle_store_close(store);
}

/* Rows that were stored before candles had a score. */
static enum err check_ungraded(const struct candle *candle, void *arg)
{
    static const enum candle_column absent[] = {
        COLUMN_malformed,     COLUMN_dropped,     COLUMN_suspect,   COLUMN_score,
        COLUMN_latency_count, COLUMN_latency_p50, COLUMN_connected, COLUMN_mic,
        COLUMN_connections,   COLUMN_emit_count};
    char text[CANDLE_FIELD_MAX];
    assert_true(candle->ungraded);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        assert_false(candle_field(candle, absent[i], text));
    assert_true(candle_field(candle, COLUMN_trades, text));
    assert_string_equal(text, "1234");
    ++*(int *)arg;
    return ERR_OK;
}

static void what_old_rows_do_not_know_has_no_value(void **state)
{
    (void)state;
    struct candle_store *store;
    int count = 0;
    struct sink *sink = open_sink_as(NULL);
    struct candle candle = candle_sample(1);
    put(sink, &candle);
    finish(sink);
    run_sql("UPDATE candle SET connections = NULL, malformed = NULL, dropped = NULL, "
            "suspect = NULL, connected = NULL, score = NULL, latency_count = NULL, "
            "latency_min = NULL, latency_p50 = NULL, clock_offset = NULL, mic = NULL, "
            "operating_mic = NULL, base_currency = NULL, quote_currency = NULL, base_dti = NULL, "
            "quote_dti = NULL, cfi = NULL, contributions = NULL, tape = NULL, emit_count = NULL");
    assert_ok(candle_store_open(&store, path));
    assert_ok(candle_store_query(store, &everything, check_ungraded, &count, NULL));
    assert_int_equal(count, 1);
    candle_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(candles_come_back_digit_for_digit, fresh),
        cmocka_unit_test_setup(candles_without_some_values_come_back, fresh),
        cmocka_unit_test_setup(every_flag_comes_back, fresh),
        cmocka_unit_test_setup(the_largest_values_come_back, fresh),
        cmocka_unit_test_setup(as_many_members_as_a_composite_has_can_be_read, fresh),
        cmocka_unit_test_setup(what_old_rows_do_not_know_has_no_value, fresh),
        cmocka_unit_test_setup(bars_of_all_kinds_are_in_their_order, fresh),
        cmocka_unit_test_setup(rows_are_ordered_by_time_market_and_bar_size, fresh),
        cmocka_unit_test_setup(filters_combine, fresh),
        cmocka_unit_test_setup(times_are_from_inclusive_to_exclusive, fresh),
        cmocka_unit_test_setup(pages_join_without_hole_or_overlap, fresh),
        cmocka_unit_test_setup(a_callback_can_end_the_query, fresh),
        cmocka_unit_test_setup(too_many_names_are_refused, fresh),
        cmocka_unit_test_setup(instruments_and_series_are_listed, fresh),
        cmocka_unit_test_setup(a_query_sees_one_state_while_the_writer_goes_on, fresh),
        cmocka_unit_test_setup(the_update_is_that_of_the_newest_writer, fresh),
        cmocka_unit_test_setup(a_store_in_a_read_only_folder_can_be_read, fresh),
        cmocka_unit_test_setup(what_is_no_store_is_told, fresh),
        cmocka_unit_test_setup(a_damaged_value_is_told_and_never_read_as_something, fresh),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
