#include "engine/sink/sink_sqlite.h"

#include "engine/sink/candle_schema.h"
#include "engine/tape/record.h"
#include "tests/unit/candle_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint8_t tape_id[16] = {0xab, 0xcd, 1};
static char folder[] = "/tmp/sink_sqlite_test.XXXXXX";
static char path[256];

/* ---- helpers --------------------------------------------------------------------------------- */

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static void clear_folder(void)
{
    static const char *const names[] = {"x.db", "x.db-wal", "x.db-shm", "x.db-lock"};
    char name[320];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, names[i]);
        unlink(name);
    }
}

static int remove_folder(void **state)
{
    (void)state;
    clear_folder();
    return rmdir(folder);
}

static int fresh(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/x.db", folder);
    clear_folder();
    return 0;
}

static struct engine_config config_of(int64_t lateness_ns)
{
    struct engine_config config;
    engine_config_default(&config);
    config.lateness_ns = lateness_ns;
    return config;
}

static enum err try_open(struct sink **out, const char *file)
{
    struct engine_config config = config_of(1);
    struct sink_sqlite_options options = {.busy_ms = 50, .commit_ns = 1};
    return sink_sqlite_open_with(out, file, tape_id, &config, &options);
}

static struct sink *open_sink(void)
{
    struct sink *sink = NULL;
    assert_ok(try_open(&sink, path));
    return sink;
}

static void finish(struct sink *sink, uint64_t seq, uint64_t update)
{
    assert_ok(sink->commit(sink, seq, update, true));
    assert_ok(sink->close(sink));
}

/* All rows of a query, columns with '|', rows with a line feed; caller frees. */
static char *query(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *rows;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    int rc;
    while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const unsigned char *cell = sqlite3_column_text(rows, i);
            fprintf(out, "%s%s", cell ? (const char *)cell : "NULL",
                    i + 1 < sqlite3_column_count(rows) ? "|" : "\n");
        }
    assert_int_equal(rc, SQLITE_DONE);
    sqlite3_finalize(rows);
    sqlite3_close(db);
    fclose(out);
    return text;
}

static void assert_query(const char *sql, const char *expected)
{
    char *text = query(sql);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- a long deterministic feed: three series, forming, closed, corrected -------------------- */

/* Forty updates per window: 30 forming, 3 closed, 4 forming ones of the next window, 2 corrections
 * of series 0, 1 forming. */
#define FEED_STEPS 40

static const char *const feed_instruments[] = {"BTC-USDT", "ETH-USDT", "SOL-USDT"};

static struct candle feed_update(uint64_t number)
{
    uint64_t window = (number - 1) / FEED_STEPS, step = (number - 1) % FEED_STEPS;
    uint64_t series = step % 3, random = number;
    struct candle candle = candle_sample(number);
    candle.state = CANDLE_FORMING;
    if (step >= 30 && step < 33)
        candle.state = CANDLE_CLOSED;
    if (step == 37 || step == 38) {
        candle.state = CANDLE_CORRECTED;
        candle.revision = (uint32_t)(step - 36);
        series = 0;
    } else if (step >= 33) {
        window++;
    }
    candle.instrument = feed_instruments[series];
    candle.symbol = feed_instruments[series];
    candle.open_ns += (int64_t)window * NS_PER_MIN;
    candle.close_ns += (int64_t)window * NS_PER_MIN;
    candle.close.mantissa = 1 + (int128)unit_below(&random, 100000000000000);
    candle.trades = unit_random(&random);
    candle.first_seq = number;
    candle.last_seq = number;
    return candle;
}

static enum err feed(struct sink *sink, uint64_t count, bool final)
{
    for (uint64_t number = 1; number <= count; number++) {
        struct candle candle = feed_update(number);
        enum err err = sink->put(sink, &candle);
        if (err == ERR_OK)
            err = sink->commit(sink, number * 10, number, final && number == count);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Everything but the number of commits, which depends on time. */
#define LIST(name, kind) #name ", "
static const char *const dump_sql[] = {
    "SELECT " CANDLE_COLUMNS(
        LIST) "update_no FROM candle ORDER BY venue, instrument, bar, open_time",
    "SELECT " CANDLE_COLUMNS(LIST) "update_no FROM candle_revision "
                                   "ORDER BY venue, instrument, bar, open_time, revision",
    "SELECT venue, instrument, bar, symbol, seq, update_no, trail, tape, configuration "
    "FROM series, tape_position ORDER BY 1, 2, 3",
};
#define DUMP_PARTS (sizeof dump_sql / sizeof dump_sql[0])

static char *dump_all(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < DUMP_PARTS; i++) {
        char *part = query(dump_sql[i]);
        fputs(part, out);
        free(part);
    }
    fclose(out);
    return text;
}

static char *expected_dump(uint64_t count)
{
    fresh(NULL);
    struct sink *sink = open_sink();
    assert_ok(feed(sink, count, true));
    assert_ok(sink->close(sink));
    char *dump = dump_all();
    fresh(NULL);
    return dump;
}

static void assert_dump(const char *expected)
{
    assert_query("PRAGMA integrity_check", "ok\n");
    char *dump = dump_all();
    /* Not assert_string_equal(): it would print megabytes. */
    assert_true(strcmp(dump, expected) == 0);
    free(dump);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void stores_every_column_of_a_candle(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    struct sink *sink = open_sink();
    assert_ok(sink->put(sink, &candle));
    finish(sink, 5, 1);
    for (enum candle_column column = 0; column < CANDLE_COLUMN_COUNT; column++) {
        char sql[200], field[CANDLE_FIELD_MAX], expected[CANDLE_FIELD_MAX + 2];
        bool is_time = candle_column_kind(column) == 'N';
        snprintf(sql, sizeof sql, "SELECT %s FROM candle", candle_column_name(column));
        assert_true(candle_field(&candle, column, field));
        if (is_time) {
            int64_t time_ns;
            assert_ok(time_parse_rfc3339(&time_ns, field, strlen(field)));
            snprintf(field, sizeof field, "%lld", (long long)time_ns);
        }
        snprintf(expected, sizeof expected, "%s\n", field);
        assert_query(sql, expected);
    }
    assert_query(
        "SELECT open, typeof(open), typeof(open_time), typeof(trades), update_no FROM candle",
        "61837.63000000|text|integer|integer|1\n");
    assert_query("SELECT seq, update_no, tape FROM tape_position",
                 "5|1|abcd0100000000000000000000000000\n");
    assert_query("SELECT * FROM series", "binance|BTC-USDT|1m|BTCUSDT\n");
    assert_query("SELECT * FROM meta", "schema_version|3\n");
}

static void what_has_no_value_is_null_and_large_ids_are_exact(void **state)
{
    (void)state;
    struct candle ids = candle_sample(1), none = candle_sample(2);
    ids.first_trade_id = INT64_MAX;
    ids.last_trade_id = UINT64_MAX;
    none.instrument = "XBTUSD";
    none.volume_unit = VOLUME_CONTRACT;
    none.trades = 0;
    none.first_trade_ns = none.last_trade_ns = RECORD_NO_TIME;
    none.has_ids = false;
    none.latency.count = none.emit.count = 0;
    none.identity = NULL;
    none.tape = NULL;
    none.has_connected = none.has_clock_offset = false;
    none.contribution_count = 0;
    none.connections.count = 0;
    struct sink *sink = open_sink();
    assert_ok(sink->put(sink, &ids));
    assert_ok(sink->put(sink, &none));
    finish(sink, 5, 2);
    assert_query(
        "SELECT first_trade_id, typeof(first_trade_id), last_trade_id, typeof(last_trade_id) "
        "FROM candle WHERE instrument = 'BTC-USDT'",
        "9223372036854775807|integer|18446744073709551615|text\n");
    assert_query(
        "SELECT quote_volume, taker_buy_quote_volume, vwap, first_trade_id, last_trade_id, "
        "first_trade_time, last_trade_time, first_seq, last_seq, volume_unit "
        "FROM candle WHERE instrument = 'XBTUSD'",
        "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|contract\n");
    assert_query(
        "SELECT connections, connected, latency_count, latency_min, latency_mean, latency_p50, "
        "latency_p90, latency_p99, latency_max, clock_offset, mic, operating_mic, base_currency, "
        "quote_currency, base_dti, quote_dti, cfi, contributions, tape, emit_count, emit_min, "
        "emit_max, latency_histogram FROM candle WHERE instrument = 'XBTUSD'",
        "NULL|NULL|0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|"
        "NULL|NULL|NULL|NULL|NULL\n");
    assert_query(
        "SELECT typeof(connected), typeof(score), typeof(latency_min), typeof(clock_offset), "
        "typeof(contributions), typeof(malformed) FROM candle WHERE instrument = 'BTC-USDT'",
        "text|integer|integer|integer|text|integer\n");
}

/* A histogram of these latencies, in ms. */
struct measured {
    struct latency_pool pool;
    struct latency values;
};

static void measure(struct measured *measured, struct candle *candle, const int64_t *ms,
                    size_t count)
{
    *measured = (struct measured){0};
    latency_pool_init(&measured->pool);
    for (size_t i = 0; i < count; i++)
        assert_ok(latency_add(&measured->values, &measured->pool, ms[i] * NS_PER_MS));
    latency_figures(&measured->values, &candle->latency);
    candle->latency_values = &measured->values;
}

/* What is in the store, unpacked: the same figures as those of its columns. */
static void assert_histogram(const char *where, const struct latency_figures *expected)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT latency_histogram FROM candle WHERE %s", where);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    struct measured read = {0};
    struct latency_figures figures;
    latency_pool_init(&read.pool);
    assert_ok(latency_unpack(&read.values, &read.pool, sqlite3_column_blob(row, 0),
                             (size_t)sqlite3_column_bytes(row, 0)));
    latency_figures(&read.values, &figures);
    assert_int_equal(figures.count, expected->count);
    assert_int_equal(figures.min, expected->min);
    assert_int_equal(figures.p50, expected->p50);
    assert_int_equal(figures.max, expected->max);
    latency_pool_release(&read.pool);
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void histograms_are_kept_to_be_put_together_later(void **state)
{
    (void)state;
    static const int64_t first[] = {1, 2, 3, 400}, second[] = {-7, 5};
    struct measured measured;
    struct candle closed = candle_sample(1), corrected = candle_sample(2);
    struct sink *sink = open_sink();
    measure(&measured, &closed, first, 4);
    assert_ok(sink->put(sink, &closed));
    latency_pool_release(&measured.pool);
    corrected.open_ns += NS_PER_MIN;
    measure(&measured, &corrected, second, 2);
    assert_ok(sink->put(sink, &corrected));
    latency_pool_release(&measured.pool);
    finish(sink, 9, 2);
    assert_histogram("update_no = 1", &closed.latency);
    assert_histogram("update_no = 2", &corrected.latency);
    assert_query("SELECT count(*) FROM pragma_table_info('candle_revision') "
                 "WHERE name = 'latency_histogram'",
                 "0\n");
}

/* What a forming candle points to is gone when it is written. */
static void forming_candles_keep_what_is_valid_during_the_call_only(void **state)
{
    (void)state;
    static const int64_t few[] = {1, 2}, many[] = {1, 2, 30, 400, 5000, 60000, -700, -8000};
    struct contribution members[CONTRIBUTIONS_MAX];
    struct sink *sink = open_sink();
    struct latency_figures last;
    for (uint64_t update = 1; update <= 6; update++) {
        struct measured measured;
        struct candle candle = candle_sample(update);
        candle.state = CANDLE_FORMING;
        candle.instrument = update % 2 ? "BTC-USDT" : "ETH-USDT";
        candle.contribution_count = update < 6 ? update : 1;
        for (size_t i = 0; i < candle.contribution_count; i++)
            members[i] = (struct contribution){
                "kraken", "XBT", CONTRIBUTION_STALE, {(int128)update, 0}, {2, 0}, {3, 0}};
        candle.contributions = members;
        measure(&measured, &candle, update == 5 ? many : few, update == 5 ? 8 : 2);
        if (update == 5)
            last = candle.latency;
        assert_ok(sink->put(sink, &candle));
        latency_pool_release(&measured.pool);
        memset(members, 0xff, sizeof members);
    }
    finish(sink, 9, 6);
    assert_histogram("instrument = 'BTC-USDT'", &last);
    assert_query("SELECT contributions FROM candle ORDER BY instrument",
                 "kraken XBT stale 5 2 3|kraken XBT stale 5 2 3|kraken XBT stale 5 2 3|"
                 "kraken XBT stale 5 2 3|kraken XBT stale 5 2 3\n"
                 "kraken XBT stale 6 2 3\n");
}

/* ---- health ---------------------------------------------------------------------------------- */

static struct health_report report_of(uint64_t seq, int64_t wall_ns, uint32_t connection)
{
    return (struct health_report){
        .wall_ns = wall_ns,
        .seq = seq,
        .venue = "binance",
        .connection = connection,
        .state = HEALTH_DEGRADED,
        .score = 71,
        .why = "3 trades missing",
        .frame_age_ns = 5,
        .data_age_ns = -1,
        .frames_per_min = 600,
        .usual_per_min = 0,
        .connections = 2,
        .reconnects = 1,
        .errors = 4,
        .malformed = 6,
        .dropped = 7,
        .missing = 3,
        .trades = 900,
        .latency = {900, -5, 10, 11, 12, 13, 14},
        .has_clock_offset = true,
        .clock_offset_ns = -9,
    };
}

static void reports_of_health_are_rows(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    struct health_report report = report_of(5, 1000, 3);
    assert_ok(sink->health(sink, &report));
    report = report_of(5, 1000, 0);
    report.latency.count = 0;
    report.has_clock_offset = false;
    report.usual_per_min = 620;
    report.state = HEALTH_UP;
    assert_ok(sink->health(sink, &report));
    finish(sink, 5, 0);
    assert_query("SELECT * FROM health ORDER BY connection",
                 "1000|binance|0|up|71|3 trades missing|5|5|NULL|600|620|2|1|4|6|7|3|900|0|NULL|"
                 "NULL|NULL|NULL|NULL|NULL|NULL\n"
                 "1000|binance|3|degraded|71|3 trades missing|5|5|NULL|600|NULL|2|1|4|6|7|3|900|"
                 "900|-5|10|11|12|13|14|-9\n");
}

/* A restarted engine is fed from the start of the tape and reports again. */
static void reports_that_come_again_are_skipped(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    struct candle candle = candle_sample(1);
    struct health_report report = report_of(5, 1000, 3);
    assert_ok(sink->put(sink, &candle));
    assert_ok(sink->health(sink, &report));
    finish(sink, 5, 1);
    sink = open_sink();
    report.score = 1;
    assert_ok(sink->health(sink, &report)); /* in front of the update that is stored */
    assert_ok(sink->put(sink, &candle));
    assert_ok(sink->health(sink, &report));
    report = report_of(6, 2000, 3);
    assert_ok(sink->health(sink, &report));
    finish(sink, 6, 1);
    assert_query("SELECT time_ns, score FROM health", "1000|71\n2000|71\n");
    assert_query("SELECT seq, update_no FROM tape_position", "6|1\n");
}

static void old_reports_are_deleted(void **state)
{
    (void)state;
    const int64_t start_ns = SAMPLE_OPEN_NS;
    struct sink *sink = open_sink();
    for (int day = 0; day <= 20; day++) {
        struct health_report report = report_of((uint64_t)day + 1, start_ns + day * NS_PER_DAY, 0);
        assert_ok(sink->health(sink, &report));
        assert_ok(sink->commit(sink, (uint64_t)day + 1, 0, false));
    }
    finish(sink, 21, 0);
    assert_query("SELECT count(*), (max(time_ns) - min(time_ns)) / 86400000000000 FROM health",
                 "8|7\n");
}

static void view_has_numbers_and_iso_times(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    struct sink *sink = open_sink();
    assert_ok(sink->put(sink, &candle));
    finish(sink, 5, 1);
    assert_query(
        "SELECT venue, instrument, bar, time, open, high, low, close, volume, trades, state, "
        "typeof(open), typeof(vwap), typeof(quote_volume) FROM ohlcv",
        "binance|BTC-USDT|1m|2024-08-08T23:55:00Z|61837.63|61850.0|61830.1|61844.02|12.34567|"
        "1234|closed|real|real|real\n");
    assert_query("SELECT missing, connected, typeof(connected), score, flags, latency_p50_ms, "
                 "latency_p99_ms FROM ohlcv",
                 "1|0.983333|real|80|partial|1.9|9.1\n");
}

/* Bars that do not begin at a whole second must not share a time. The text is that of CSV. */
static void times_of_the_view_are_exact(void **state)
{
    (void)state;
    static const int64_t behind_ns[] = {0, 12 * NS_PER_MS, 345000, 12345678};
    struct sink *sink = open_sink();
    for (uint64_t i = 0; i < 4; i++) {
        struct candle candle = candle_sample(i + 1);
        candle.bar = (struct bar){BAR_TICK, 100, 0};
        candle.open_ns += behind_ns[i];
        assert_ok(sink->put(sink, &candle));
    }
    finish(sink, 5, 4);
    assert_query("SELECT v.time FROM ohlcv v JOIN candle c USING (venue, instrument, bar) "
                 "WHERE c.update_no = 1 ORDER BY 1",
                 "2024-08-08T23:55:00.000345Z\n2024-08-08T23:55:00.012345678Z\n"
                 "2024-08-08T23:55:00.012Z\n2024-08-08T23:55:00Z\n");
}

static void earlier_revisions_are_kept_and_forming_ones_are_not(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    struct candle candle = candle_sample(1);
    candle.state = CANDLE_FORMING;
    assert_ok(sink->put(sink, &candle));
    assert_ok(sink->commit(sink, 1, 1, false));
    candle.state = CANDLE_CLOSED;
    for (uint32_t revision = 0; revision < 3; revision++) {
        candle.revision = revision;
        candle.update++;
        candle.trades = 100 + revision;
        assert_ok(sink->put(sink, &candle));
        candle.state = CANDLE_CORRECTED;
    }
    finish(sink, 9, candle.update);
    assert_query("SELECT state, revision, trades, update_no FROM candle", "corrected|2|102|4\n");
    assert_query("SELECT state, revision, trades, update_no FROM candle_revision",
                 "closed|0|100|2\ncorrected|1|101|3\n");
}

/* The same market recorded twice: the tape that is stored last has its own revisions only. */
static void another_tape_replaces_candle_and_revisions(void **state)
{
    (void)state;
    const uint8_t other_tape[16] = {9};
    struct engine_config config = config_of(1);
    struct candle candle = candle_sample(1);
    struct sink *sink = open_sink();
    for (uint32_t revision = 0; revision < 3; revision++, candle.update++) {
        candle.revision = revision;
        candle.state = revision ? CANDLE_CORRECTED : CANDLE_CLOSED;
        assert_ok(sink->put(sink, &candle));
    }
    finish(sink, 9, 3);
    assert_ok(sink_sqlite_open(&sink, path, other_tape, &config));
    candle = candle_sample(1);
    candle.trades = 7;
    assert_ok(sink->put(sink, &candle));
    candle.state = CANDLE_CORRECTED;
    candle.revision = 1;
    candle.update = 2;
    candle.trades = 8;
    assert_ok(sink->put(sink, &candle));
    finish(sink, 9, 2);
    assert_query("SELECT revision, trades FROM candle", "1|8\n");
    assert_query("SELECT revision, trades FROM candle_revision", "0|7\n");
    assert_query("SELECT count(*), count(DISTINCT tape), max(update_no) FROM tape_position",
                 "2|2|3\n");
}

/* A tape that begins in the middle of a window knows less than what is stored of it. */
static void a_part_of_a_window_does_not_replace_the_whole(void **state)
{
    (void)state;
    const uint8_t other_tape[16] = {9};
    struct engine_config config = config_of(1);
    struct candle candle = candle_sample(1);
    struct sink *sink = open_sink();
    candle.flags = 0;
    assert_ok(sink->put(sink, &candle));
    finish(sink, 9, 1);
    assert_ok(sink_sqlite_open(&sink, path, other_tape, &config));
    candle.flags = CANDLE_PARTIAL;
    candle.trades = 7;
    assert_ok(sink->put(sink, &candle));
    candle.open_ns += NS_PER_MIN;
    candle.close_ns += NS_PER_MIN;
    candle.update = 2;
    assert_ok(sink->put(sink, &candle));
    candle.update = 3;
    candle.trades = 8;
    candle.state = CANDLE_CORRECTED;
    candle.revision = 1;
    assert_ok(sink->put(sink, &candle));
    finish(sink, 9, 3);
    assert_query("SELECT trades, state FROM candle ORDER BY open_time",
                 "1234|closed\n8|corrected\n");
}

static void more_forming_candles_than_fit_in_memory_are_all_stored(void **state)
{
    (void)state;
    struct engine_config config = config_of(1);
    struct sink *sink;
    assert_ok(sink_sqlite_open(&sink, path, tape_id, &config));
    uint64_t count = 2 * SINK_SQLITE_FORMING_MAX + 5;
    for (uint64_t i = 1; i <= count; i++) {
        struct candle candle = candle_sample(i);
        candle.state = CANDLE_FORMING;
        candle.open_ns += (int64_t)i * NS_PER_MIN;
        assert_ok(sink->put(sink, &candle));
    }
    finish(sink, 1, count);
    assert_query("SELECT count(*), count(DISTINCT update_no), max(update_no) FROM candle",
                 "32773|32773|32773\n");
}

/* ---- commits --------------------------------------------------------------------------------- */

static void commits_wait_for_time_or_number_or_the_end(void **state)
{
    (void)state;
    struct engine_config config = config_of(1);
    struct sink_sqlite_options hour = {.commit_ns = NS_PER_HOUR};
    struct sink *sink;
    assert_ok(sink_sqlite_open_with(&sink, path, tape_id, &config, &hour));
    assert_ok(feed(sink, FEED_STEPS, false));
    assert_query("SELECT count(*) FROM candle", "0\n");
    assert_ok(sink->commit(sink, 1000, FEED_STEPS, true));
    /* Window 0 of three series, the forming window 1 of three. */
    assert_query("SELECT count(*) FROM candle", "6\n");
    for (uint64_t number = FEED_STEPS + 1; number <= FEED_STEPS + SINK_SQLITE_COMMIT_UPDATES;
         number++) {
        struct candle candle = feed_update(number);
        assert_ok(sink->put(sink, &candle));
        assert_ok(sink->commit(sink, number, number, false));
    }
    assert_query("SELECT update_no FROM tape_position", "20040\n");
    assert_ok(sink->close(sink));

    struct sink_sqlite_options soon = {.commit_ns = 1, .scope = "soon"};
    assert_ok(sink_sqlite_open_with(&sink, path, tape_id, &config, &soon));
    struct candle candle = candle_sample(1);
    assert_ok(sink->put(sink, &candle));
    assert_ok(sink->commit(sink, 77, 1, false));
    assert_query("SELECT seq FROM tape_position WHERE configuration LIKE '%\"scope\":\"soon\"'",
                 "77\n");
    assert_ok(sink->close(sink));
}

static void closing_without_a_final_commit_keeps_what_was_committed(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    assert_ok(feed(sink, 35, false));
    struct candle candle = feed_update(36);
    assert_ok(sink->put(sink, &candle));
    assert_ok(sink->close(sink));
    assert_query("SELECT seq, update_no FROM tape_position", "350|35\n");
}

static void updates_that_come_again_are_skipped(void **state)
{
    (void)state;
    char *expected = expected_dump(400);
    struct sink *sink = open_sink();
    assert_ok(feed(sink, 170, true));
    assert_ok(sink->close(sink));
    assert_query("SELECT max(update_no) FROM candle", "170\n");
    sink = open_sink();
    char *before = query("SELECT commit_no FROM tape_position");
    assert_ok(feed(sink, 170, true));
    char *after = query("SELECT commit_no FROM tape_position");
    assert_string_equal(before, after);
    assert_ok(sink->close(sink));
    sink = open_sink();
    assert_ok(feed(sink, 400, true));
    assert_ok(sink->close(sink));
    assert_dump(expected);
    free(before);
    free(after);
    free(expected);
}

static void other_updates_of_the_same_tape_are_refused(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    assert_ok(feed(sink, 100, true));
    assert_ok(sink->close(sink));
    sink = open_sink();
    for (uint64_t number = 1; number < 100; number++) {
        struct candle candle = feed_update(number);
        candle.trades += number == 50;
        assert_ok(sink->put(sink, &candle));
    }
    struct candle last = feed_update(100);
    assert_err(ERR_DAMAGED, sink->put(sink, &last));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "another rewick"));
    assert_err(ERR_DAMAGED, sink->commit(sink, 1, 100, true));
    assert_ok(sink->close(sink));
    assert_query("SELECT update_no FROM tape_position", "100\n");
}

static void configuration_and_scope_have_places_of_their_own(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    assert_ok(feed(sink, 100, true));
    assert_ok(sink->close(sink));
    struct engine_config config = config_of(2);
    const struct sink_sqlite_options scopes[] = {{.scope = NULL}, {.scope = "venue a\"b"}};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(sink_sqlite_open_with(&sink, path, tape_id, &config, &scopes[i]));
        struct candle candle = candle_sample(1);
        candle.trades = 5000 + i;
        assert_ok(sink->put(sink, &candle));
        finish(sink, 9, 1);
        assert_query(
            "SELECT max(trades) FROM candle WHERE update_no = 1 AND instrument = 'BTC-USDT'",
            i ? "5001\n" : "5000\n");
    }
    assert_query("SELECT count(*) FROM tape_position", "3\n");
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void assert_fails(enum err code, const char *file, const char *text)
{
    struct sink *sink = NULL;
    err_clear();
    assert_err(code, try_open(&sink, file));
    assert_null(sink);
    if (!strstr(err_text(code), text))
        fail_msg("'%s' does not say '%s'", err_text(code), text);
}

static void a_second_writer_is_refused(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    assert_fails(ERR_LOCKED, path,
                 "is locked by another process that writes to it; stop it or choose");
    assert_ok(sink->close(sink));
    sink = open_sink();
    assert_ok(sink->close(sink));
    char lock_path[300];
    snprintf(lock_path, sizeof lock_path, "%s-lock", path);
    assert_int_equal(access(lock_path, F_OK), -1);
}

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static void a_lock_of_another_program_is_waited_for_and_then_told(void **state)
{
    (void)state;
    sqlite3 *other;
    struct sink *sink = open_sink();
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    run_sql(other, "BEGIN IMMEDIATE");
    struct candle candle = candle_sample(1);
    assert_err(ERR_LOCKED, sink->put(sink, &candle));
    assert_non_null(strstr(err_text(ERR_LOCKED), "is locked by another process; stop it"));
    assert_err(ERR_LOCKED, sink->commit(sink, 1, 1, true));
    assert_ok(sink->close(sink));
    assert_fails(ERR_LOCKED, path, "is locked by another process; stop it or choose another --db");
    run_sql(other, "COMMIT");
    sqlite3_close(other);
    sink = open_sink();
    assert_ok(sink->put(sink, &candle));
    finish(sink, 1, 1);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 300; i++)
        fputs(text, file);
    fclose(file);
}

static void foreign_files_are_refused_and_left_alone(void **state)
{
    (void)state;
    write_file("not a database at all, ");
    assert_fails(ERR_DAMAGED, path, "is not a database of rewick; choose another --db");
    fresh(NULL);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    run_sql(other, "CREATE TABLE meta (key, value); INSERT INTO meta VALUES ('schema_version', 1)");
    sqlite3_close(other);
    assert_fails(ERR_DAMAGED, path, "is the database of another program; choose another --db");
    assert_query("PRAGMA journal_mode", "delete\n");
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    assert_ok(sink->close(sink));
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    run_sql(other, "UPDATE meta SET value = '99' WHERE key = 'schema_version'");
    sqlite3_close(other);
    assert_fails(ERR_DAMAGED, path,
                 "has schema 99 and this rewick knows up to 3; use a newer rewick");
}

static void an_empty_file_becomes_a_store(void **state)
{
    (void)state;
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    close(fd);
    struct sink *sink = open_sink();
    assert_ok(sink->close(sink));
    assert_query("SELECT value FROM meta", "3\n");
}

/* As version 0.1.0 made it, with a candle and a revision of it. */
static const char version_1[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('schema_version', '1');"
    "CREATE TABLE candle (venue TEXT, instrument TEXT, bar TEXT, open_time INTEGER,"
    "  close_time INTEGER, state TEXT, revision ANY, open TEXT, high TEXT, low TEXT, close TEXT,"
    "  volume TEXT, quote_volume TEXT, trades ANY, taker_buy_volume TEXT,"
    "  taker_buy_quote_volume TEXT, vwap TEXT, volume_unit TEXT, channel TEXT, symbol TEXT,"
    "  first_trade_id ANY, last_trade_id ANY, first_trade_time INTEGER, last_trade_time INTEGER,"
    "  first_seq ANY, last_seq ANY, missing ANY, duplicates ANY, late ANY, out_of_order ANY,"
    "  flags TEXT, update_no ANY NOT NULL, PRIMARY KEY (venue, instrument, bar, open_time)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE candle_revision (venue TEXT, instrument TEXT, bar TEXT, open_time INTEGER,"
    "  close_time INTEGER, state TEXT, revision ANY, open TEXT, high TEXT, low TEXT, close TEXT,"
    "  volume TEXT, quote_volume TEXT, trades ANY, taker_buy_volume TEXT,"
    "  taker_buy_quote_volume TEXT, vwap TEXT, volume_unit TEXT, channel TEXT, symbol TEXT,"
    "  first_trade_id ANY, last_trade_id ANY, first_trade_time INTEGER, last_trade_time INTEGER,"
    "  first_seq ANY, last_seq ANY, missing ANY, duplicates ANY, late ANY, out_of_order ANY,"
    "  flags TEXT, update_no ANY NOT NULL,"
    "  PRIMARY KEY (venue, instrument, bar, open_time, revision)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE series (venue TEXT, instrument TEXT, bar TEXT, symbol TEXT,"
    "  PRIMARY KEY (venue, instrument, bar)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tape_position (tape TEXT, configuration TEXT, seq ANY NOT NULL,"
    "  update_no ANY NOT NULL, trail INTEGER NOT NULL, commit_no INTEGER NOT NULL UNIQUE,"
    "  PRIMARY KEY (tape, configuration)) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER candle_replaced BEFORE UPDATE ON candle WHEN OLD.state <> 'forming' BEGIN"
    "  INSERT INTO candle_revision SELECT OLD.venue, OLD.instrument, OLD.bar, OLD.open_time,"
    "    OLD.close_time, OLD.state, OLD.revision, OLD.open, OLD.high, OLD.low, OLD.close,"
    "    OLD.volume, OLD.quote_volume, OLD.trades, OLD.taker_buy_volume,"
    "    OLD.taker_buy_quote_volume, OLD.vwap, OLD.volume_unit, OLD.channel, OLD.symbol,"
    "    OLD.first_trade_id, OLD.last_trade_id, OLD.first_trade_time, OLD.last_trade_time,"
    "    OLD.first_seq, OLD.last_seq, OLD.missing, OLD.duplicates, OLD.late, OLD.out_of_order,"
    "    OLD.flags, OLD.update_no WHERE NEW.revision > OLD.revision;"
    "END;"
    "CREATE VIEW ohlcv AS SELECT venue FROM candle;"
    "INSERT INTO candle VALUES ('binance', 'BTC-USDT', '1m', 60, 120, 'closed', 0, '5', '5', '5',"
    "  '5', '1', '5', 1, '1', '5', '5.0000', 'base', 'trade', 'BTCUSDT', 7, 7, 61, 61, 2, 2, 0, 0,"
    "  0, 0, 'partial', 3);"
    "UPDATE candle SET state = 'corrected', revision = 1, out_of_order = 8;"
    "PRAGMA application_id = 1919252331;";

static void the_first_schema_is_migrated(void **state)
{
    (void)state;
    sqlite3 *old;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    run_sql(old, version_1);
    sqlite3_close(old);
    struct sink *sink = open_sink();
    assert_ok(sink->close(sink));
    assert_query("SELECT value FROM meta", "3\n");
    assert_query("SELECT state, revision, out_of_order, backfilled, flags, update_no FROM candle",
                 "corrected|1|8|0|partial|3\n");
    /* What replaces a row keeps it with every column in its place. */
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    run_sql(old, "UPDATE candle SET backfilled = 4; UPDATE candle SET revision = 2");
    sqlite3_close(old);
    assert_query("SELECT revision, out_of_order, backfilled, flags, update_no FROM candle_revision",
                 "0|0|0|partial|3\n1|8|4|partial|3\n");
    /* What it did not know stays unknown. */
    assert_query("SELECT connections, malformed, connected, score, latency_count, mic, tape, "
                 "latency_histogram FROM candle",
                 "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n");
    assert_query("SELECT time, score, latency_p50_ms FROM ohlcv",
                 "1970-01-01T00:00:00.000000060Z|NULL|NULL\n");
    assert_query("SELECT count(*) FROM tape_position WHERE seq > 0", "0\n");
}

/* Version 0.2.0 wrote schema 2; its places on tapes count candles with other flags. */
static void a_tape_is_stored_anew_after_a_migration(void **state)
{
    (void)state;
    sqlite3 *old;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    run_sql(old, version_1);
    run_sql(old, "ALTER TABLE candle ADD COLUMN backfilled ANY NOT NULL DEFAULT 0;"
                 "ALTER TABLE candle_revision ADD COLUMN backfilled ANY NOT NULL DEFAULT 0;"
                 "UPDATE meta SET value = 2;"
                 "INSERT INTO tape_position SELECT 'abcd0100000000000000000000000000', "
                 "'\"bars\":[\"1m\"],\"lateness_ns\":1,\"horizon_ns\":600000000000,"
                 "\"empty\":\"none\"', 9, 3, 12345, 1");
    sqlite3_close(old);
    struct sink *sink = open_sink();
    struct candle candle = candle_sample(1);
    candle.open_ns = 60;
    candle.close_ns = 120;
    assert_ok(sink->put(sink, &candle));
    finish(sink, 9, 1);
    assert_query("SELECT state, revision, score, tape FROM candle",
                 "closed|0|80|000102030405060708090a0b0c0d0e0f\n");
    assert_query("SELECT count(*) FROM candle_revision", "0\n");
}

static void bad_paths_say_what_is_wrong(void **state)
{
    (void)state;
    char name[300];
    snprintf(name, sizeof name, "%s/none/x.db", folder);
    assert_fails(ERR_MISSING, name, "the folder of database '");
    snprintf(name, sizeof name, "%s/x.db", folder);
    mkdir(name, 0755);
    assert_fails(ERR_IO, name, "is a folder; give a file with --db");
    rmdir(name);
    assert_fails(ERR_USAGE, "", "give a file with --db");
}

/* Root may write everywhere; what nobody may not is tried as nobody. */
static void a_read_only_file_is_refused(void **state)
{
    (void)state;
    struct sink *sink = open_sink();
    assert_ok(sink->close(sink));
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(65534), 0);
    assert_fails(ERR_IO, path, "is read-only; change its permissions or choose another --db");
    if (root)
        assert_int_equal(seteuid(0), 0);
    chmod(path, 0644);
}

static void names_with_a_meaning_for_sqlite_are_only_names(void **state)
{
    (void)state;
    char here[256];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    struct sink *sink = NULL;
    assert_ok(try_open(&sink, "file:x.db?mode=memory"));
    assert_ok(sink->close(sink));
    assert_int_equal(access("file:x.db?mode=memory", F_OK), 0);
    unlink("file:x.db?mode=memory");
    assert_int_equal(chdir(here), 0);
}

static void limits_and_defences_are_on(void **state)
{
    (void)state;
    sqlite3 *db;
    assert_ok(candle_schema_open(&db, path, CANDLE_SCHEMA_WRITE, 10));
    assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, -1), 0);
    assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1), 1000000);
    assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, -1), 100000);
    assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, -1), 25000);
    assert_int_equal(sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1), 50);
    int on = -1;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
    assert_int_equal(on, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &on);
    assert_int_equal(on, 0);
    sqlite3_close(db);
    assert_ok(candle_schema_open(&db, path, CANDLE_SCHEMA_READ, 10));
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &on);
    assert_int_equal(on, 1);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM candle", NULL, NULL, NULL), SQLITE_READONLY);
    sqlite3_close(db);
}

/* ---- the Nth system call fails --------------------------------------------------------------- */

/* Stands in for the calls with which SQLite writes: from number `fail_at` on (or that one only)
 * they fail. */
static struct {
    int calls, fail_at, number;
    bool once;
} faults;

static bool call_fails(void)
{
    faults.calls++;
    if (faults.fail_at == 0 || faults.calls < faults.fail_at ||
        (faults.once && faults.calls > faults.fail_at))
        return false;
    errno = faults.number;
    return true;
}

static ssize_t faulty_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return call_fails() ? -1 : pwrite(fd, data, size, offset);
}

static ssize_t faulty_write(int fd, const void *data, size_t size)
{
    return call_fails() ? -1 : write(fd, data, size);
}

static int faulty_truncate(int fd, off_t size)
{
    return call_fails() ? -1 : ftruncate(fd, size);
}

static void set_faults(bool on)
{
    static const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {{"pwrite", (sqlite3_syscall_ptr)faulty_pwrite},
                 {"pwrite64", (sqlite3_syscall_ptr)faulty_pwrite},
                 {"write", (sqlite3_syscall_ptr)faulty_write},
                 {"ftruncate", (sqlite3_syscall_ptr)faulty_truncate}};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        assert_int_equal(vfs->xSetSystemCall(vfs, calls[i].name, on ? calls[i].call : NULL),
                         SQLITE_OK);
}

#define FAULT_UPDATES 90

/* One run with the Nth write failing. True when it failed, and then it said so. */
static bool run_with_fault(int fail_at)
{
    struct sink *sink = NULL;
    faults.calls = 0;
    faults.fail_at = fail_at;
    err_clear();
    enum err err = try_open(&sink, path);
    if (err == ERR_OK)
        err = feed(sink, FAULT_UPDATES, true);
    if (sink)
        (void)sink->close(sink);
    faults.fail_at = 0;
    if (err == ERR_OK)
        return false;
    assert_true(err == (faults.number == ENOSPC ? ERR_NOSPACE : ERR_IO));
    return true;
}

static void sweep(int number, bool once, const char *expected)
{
    faults.number = number;
    faults.once = once;
    bool reached = true;
    int failures = 0;
    for (int fail_at = 1; reached; fail_at += 1 + fail_at / 20) {
        fresh(NULL);
        failures += run_with_fault(fail_at);
        reached = faults.calls >= fail_at;
        assert_false(run_with_fault(0));
        assert_dump(expected);
    }
    assert_true(failures > 20);
}

static void a_full_or_broken_disk_is_told_and_the_next_run_completes(void **state)
{
    (void)state;
    char *expected = expected_dump(FAULT_UPDATES);
    set_faults(true);
    sweep(ENOSPC, true, expected);
    sweep(ENOSPC, false, expected);
    sweep(EIO, true, expected);
    sweep(EIO, false, expected);
    set_faults(false);
    free(expected);
}

/* ---- kill -9 --------------------------------------------------------------------------------- */

#define KILL_UPDATES 24000
#define KILLS        60

/* In a process of its own: feeds from the start, commits as often as it can. */
static int feed_main(const char *file)
{
    struct sink *sink = NULL;
    if (try_open(&sink, file) != ERR_OK || feed(sink, KILL_UPDATES, true) != ERR_OK ||
        sink->close(sink) != ERR_OK) {
        fprintf(stderr, "%s\n", err_text(ERR_IO));
        return 1;
    }
    return 0;
}

/* True when it was killed before its end. */
static bool feed_and_kill(int64_t after_ns)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "sink_sqlite_test", "--feed", path, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    if (after_ns > 0) {
        nanosleep(&(struct timespec){.tv_nsec = (long)after_ns}, NULL);
        kill(child, SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return !WIFEXITED(status);
}

static void after_any_kill_each_candle_is_there_exactly_once(void **state)
{
    (void)state;
    char *expected = expected_dump(KILL_UPDATES);
    uint64_t random = 42;
    int kills = 0;
    while (kills < KILLS) {
        fresh(NULL);
        while (kills < KILLS &&
               feed_and_kill(NS_PER_MS + (int64_t)unit_below(&random, 25 * NS_PER_MS)))
            kills++;
        assert_false(feed_and_kill(0));
        assert_dump(expected);
    }
    assert_query("SELECT count(*) FROM candle WHERE state <> 'forming'", "1800\n");
    assert_query("SELECT count(*) FROM candle_revision", "1200\n");
    free(expected);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--feed") == 0)
        return feed_main(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stores_every_column_of_a_candle, fresh),
        cmocka_unit_test_setup(what_has_no_value_is_null_and_large_ids_are_exact, fresh),
        cmocka_unit_test_setup(histograms_are_kept_to_be_put_together_later, fresh),
        cmocka_unit_test_setup(forming_candles_keep_what_is_valid_during_the_call_only, fresh),
        cmocka_unit_test_setup(reports_of_health_are_rows, fresh),
        cmocka_unit_test_setup(reports_that_come_again_are_skipped, fresh),
        cmocka_unit_test_setup(old_reports_are_deleted, fresh),
        cmocka_unit_test_setup(times_of_the_view_are_exact, fresh),
        cmocka_unit_test_setup(view_has_numbers_and_iso_times, fresh),
        cmocka_unit_test_setup(earlier_revisions_are_kept_and_forming_ones_are_not, fresh),
        cmocka_unit_test_setup(another_tape_replaces_candle_and_revisions, fresh),
        cmocka_unit_test_setup(a_part_of_a_window_does_not_replace_the_whole, fresh),
        cmocka_unit_test_setup(more_forming_candles_than_fit_in_memory_are_all_stored, fresh),
        cmocka_unit_test_setup(commits_wait_for_time_or_number_or_the_end, fresh),
        cmocka_unit_test_setup(closing_without_a_final_commit_keeps_what_was_committed, fresh),
        cmocka_unit_test_setup(updates_that_come_again_are_skipped, fresh),
        cmocka_unit_test_setup(other_updates_of_the_same_tape_are_refused, fresh),
        cmocka_unit_test_setup(configuration_and_scope_have_places_of_their_own, fresh),
        cmocka_unit_test_setup(a_second_writer_is_refused, fresh),
        cmocka_unit_test_setup(a_lock_of_another_program_is_waited_for_and_then_told, fresh),
        cmocka_unit_test_setup(foreign_files_are_refused_and_left_alone, fresh),
        cmocka_unit_test_setup(a_newer_schema_is_refused, fresh),
        cmocka_unit_test_setup(an_empty_file_becomes_a_store, fresh),
        cmocka_unit_test_setup(the_first_schema_is_migrated, fresh),
        cmocka_unit_test_setup(a_tape_is_stored_anew_after_a_migration, fresh),
        cmocka_unit_test_setup(bad_paths_say_what_is_wrong, fresh),
        cmocka_unit_test_setup(a_read_only_file_is_refused, fresh),
        cmocka_unit_test_setup(names_with_a_meaning_for_sqlite_are_only_names, fresh),
        cmocka_unit_test_setup(limits_and_defences_are_on, fresh),
        cmocka_unit_test_setup(a_full_or_broken_disk_is_told_and_the_next_run_completes, fresh),
        cmocka_unit_test_setup(after_any_kill_each_candle_is_there_exactly_once, fresh),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
