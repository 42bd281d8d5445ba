#include "engine/sink/candle_schema.h"

#include "engine/tape/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- SQL ------------------------------------------------------------------------------------- */

/* "rewk": `file` and sqlite3 tell whose database this is. */
#define APPLICATION_ID 0x7265776b

#define LIST(name, kind)     #name ", "
#define LIST_OLD(name, kind) "OLD." #name ", "
#define PLACE(name, kind)    "?, "
#define ASSIGN(name, kind)   #name " = excluded." #name ", "

/* The columns in each of these forms, a comma behind each. */
#define COLUMN_NAMES       CANDLE_COLUMNS(LIST)
#define COLUMN_NAMES_OLD   CANDLE_COLUMNS(LIST_OLD)
#define COLUMN_PLACES      CANDLE_COLUMNS(PLACE)
#define COLUMN_ASSIGNMENTS CANDLE_COLUMNS(ASSIGN)

#define TEXT_OF(x) #x
#define NUMBER(x)  TEXT_OF(x)

const char candle_schema_columns[] = COLUMN_NAMES;

const char candle_schema_upsert[] =
    "INSERT INTO candle (" COLUMN_NAMES "update_no, latency_histogram) "
    "VALUES (" COLUMN_PLACES "?, ?) "
    "ON CONFLICT (venue, instrument, bar, open_time) DO UPDATE SET " COLUMN_ASSIGNMENTS
    "update_no = excluded.update_no, latency_histogram = excluded.latency_histogram "
    /* Who knows only a part of a window does not overwrite who knew all of it: a tape whose
     * beginning was given up begins in the middle of one. */
    "WHERE coalesce(excluded.flags, '') NOT LIKE '%partial%' "
    "OR coalesce(candle.flags, '') LIKE '%partial%' OR candle.state = 'forming'";

/* What a step creates stays as it was when the step was written; later steps change it. */
/* clang-format off */
#define VERSION_1_COLUMNS \
    "  venue TEXT, instrument TEXT, bar TEXT, open_time INTEGER, close_time INTEGER,\n" \
    "  state TEXT, revision ANY, open TEXT, high TEXT, low TEXT, close TEXT, volume TEXT,\n" \
    "  quote_volume TEXT, trades ANY, taker_buy_volume TEXT, taker_buy_quote_volume TEXT,\n" \
    "  vwap TEXT, volume_unit TEXT, channel TEXT, symbol TEXT, first_trade_id ANY,\n" \
    "  last_trade_id ANY, first_trade_time INTEGER, last_trade_time INTEGER, first_seq ANY,\n" \
    "  last_seq ANY, missing ANY, duplicates ANY, late ANY, out_of_order ANY, flags TEXT,\n"

/* Without rowid, a series lies together in order of time, which is how it is read. */
static const char version_1[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE candle (\n" VERSION_1_COLUMNS
    "  update_no ANY NOT NULL,\n"
    "  PRIMARY KEY (venue, instrument, bar, open_time)\n"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE candle_revision (\n" VERSION_1_COLUMNS
    "  update_no ANY NOT NULL,\n"
    "  PRIMARY KEY (venue, instrument, bar, open_time, revision)\n"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE series (\n"
    "  venue TEXT, instrument TEXT, bar TEXT, symbol TEXT,\n"
    "  PRIMARY KEY (venue, instrument, bar)\n"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE tape_position (\n"
    "  tape TEXT, configuration TEXT, seq ANY NOT NULL, update_no ANY NOT NULL,\n"
    "  trail INTEGER NOT NULL, commit_no INTEGER NOT NULL UNIQUE,\n"
    "  PRIMARY KEY (tape, configuration)\n"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TRIGGER candle_new AFTER INSERT ON candle BEGIN\n"
    "  INSERT INTO series SELECT NEW.venue, NEW.instrument, NEW.bar, NEW.symbol\n"
    "    WHERE NOT EXISTS (SELECT 1 FROM series\n"
    "      WHERE venue = NEW.venue AND instrument = NEW.instrument AND bar = NEW.bar);\n"
    "END;"

    "CREATE VIEW ohlcv AS SELECT venue, instrument, bar,\n"
    "  strftime('%Y-%m-%dT%H:%M:%SZ', open_time / 1000000000, 'unixepoch') AS time,\n"
    "  CAST(open AS REAL) AS open, CAST(high AS REAL) AS high,\n"
    "  CAST(low AS REAL) AS low, CAST(close AS REAL) AS close,\n"
    "  CAST(volume AS REAL) AS volume, CAST(quote_volume AS REAL) AS quote_volume, trades,\n"
    "  CAST(taker_buy_volume AS REAL) AS taker_buy_volume,\n"
    "  CAST(taker_buy_quote_volume AS REAL) AS taker_buy_quote_volume,\n"
    "  CAST(vwap AS REAL) AS vwap, state\n"
    "FROM candle;"

    "PRAGMA application_id = " NUMBER(APPLICATION_ID) ";";

/* What was stored before came over WebSockets. */
static const char version_2[] =
    "ALTER TABLE candle ADD COLUMN backfilled ANY NOT NULL DEFAULT 0;"
    "ALTER TABLE candle_revision ADD COLUMN backfilled ANY NOT NULL DEFAULT 0;";

/* No default: what was stored before does not know these. */
#define VERSION_3_COLUMNS(table) \
    ADD(table, "connections TEXT") ADD(table, "malformed ANY") ADD(table, "dropped ANY") \
    ADD(table, "suspect ANY") ADD(table, "connected TEXT") ADD(table, "score ANY") \
    ADD(table, "latency_count ANY") ADD(table, "latency_min INTEGER") \
    ADD(table, "latency_mean INTEGER") ADD(table, "latency_p50 INTEGER") \
    ADD(table, "latency_p90 INTEGER") ADD(table, "latency_p99 INTEGER") \
    ADD(table, "latency_max INTEGER") ADD(table, "clock_offset INTEGER") ADD(table, "mic TEXT") \
    ADD(table, "operating_mic TEXT") ADD(table, "base_currency TEXT") \
    ADD(table, "quote_currency TEXT") ADD(table, "base_dti TEXT") ADD(table, "quote_dti TEXT") \
    ADD(table, "cfi TEXT") ADD(table, "contributions TEXT") ADD(table, "tape TEXT") \
    ADD(table, "emit_count ANY") ADD(table, "emit_min INTEGER") ADD(table, "emit_mean INTEGER") \
    ADD(table, "emit_p50 INTEGER") ADD(table, "emit_p90 INTEGER") ADD(table, "emit_p99 INTEGER") \
    ADD(table, "emit_max INTEGER")
#define ADD(table, column) "ALTER TABLE " table " ADD COLUMN " column ";"

/* Without the places on the tapes, what they hold is stored anew when they are fed again, with all
 * columns. */
static const char version_3_candle[] =
    VERSION_3_COLUMNS("candle") ADD("candle", "latency_histogram BLOB");
static const char version_3_revision[] = VERSION_3_COLUMNS("candle_revision");
static const char version_3[] =
    "CREATE TABLE health (\n"
    "  time_ns INTEGER, venue TEXT, connection INTEGER, state TEXT NOT NULL,\n"
    "  score INTEGER NOT NULL, why TEXT NOT NULL, seq ANY NOT NULL,\n"
    "  frame_age INTEGER, data_age INTEGER, frames_per_min ANY NOT NULL, usual_per_min INTEGER,\n"
    "  connections INTEGER NOT NULL, reconnects ANY NOT NULL, errors ANY NOT NULL,\n"
    "  malformed ANY NOT NULL, dropped ANY NOT NULL, missing ANY NOT NULL, trades ANY NOT NULL,\n"
    "  latency_count ANY NOT NULL, latency_min INTEGER, latency_mean INTEGER,\n"
    "  latency_p50 INTEGER, latency_p90 INTEGER, latency_p99 INTEGER, latency_max INTEGER,\n"
    "  clock_offset INTEGER,\n"
    "  PRIMARY KEY (time_ns, venue, connection)\n"
    ") STRICT, WITHOUT ROWID;"

    "DROP VIEW IF EXISTS ohlcv;"
    "CREATE VIEW ohlcv AS SELECT venue, instrument, bar,\n"
    "  strftime('%Y-%m-%dT%H:%M:%S', open_time / 1000000000, 'unixepoch') ||\n"
    "    CASE WHEN open_time % 1000000000 = 0 THEN ''\n"
    "      WHEN open_time % 1000000 = 0 THEN printf('.%03d', open_time / 1000000 % 1000)\n"
    "      WHEN open_time % 1000 = 0 THEN printf('.%06d', open_time / 1000 % 1000000)\n"
    "      ELSE printf('.%09d', open_time % 1000000000) END || 'Z' AS time,\n"
    "  CAST(open AS REAL) AS open, CAST(high AS REAL) AS high,\n"
    "  CAST(low AS REAL) AS low, CAST(close AS REAL) AS close,\n"
    "  CAST(volume AS REAL) AS volume, CAST(quote_volume AS REAL) AS quote_volume, trades,\n"
    "  CAST(taker_buy_volume AS REAL) AS taker_buy_volume,\n"
    "  CAST(taker_buy_quote_volume AS REAL) AS taker_buy_quote_volume,\n"
    "  CAST(vwap AS REAL) AS vwap, state, missing, CAST(connected AS REAL) AS connected, score,\n"
    "  flags, latency_p50 / 1000000.0 AS latency_p50_ms, latency_p99 / 1000000.0 AS latency_p99_ms\n"
    "FROM candle;"

    "DELETE FROM tape_position;";

/* A higher revision keeps the one that it replaces. Anything else is another run over the same
 * window, and its revisions take the place of the earlier run's. Made anew by every migration: it
 * names all columns. */
static const char replaced_trigger[] =
    "DROP TRIGGER IF EXISTS candle_replaced;"
    "CREATE TRIGGER candle_replaced BEFORE UPDATE ON candle WHEN OLD.state <> 'forming' BEGIN\n"
    "  DELETE FROM candle_revision WHERE venue = OLD.venue AND instrument = OLD.instrument\n"
    "    AND bar = OLD.bar AND open_time = OLD.open_time\n"
    "    AND revision >= min(OLD.revision, NEW.revision);\n"
    "  INSERT INTO candle_revision (" COLUMN_NAMES "update_no)\n"
    "    SELECT " COLUMN_NAMES_OLD "OLD.update_no WHERE NEW.revision > OLD.revision;\n"
    "END;";
/* clang-format on */

#define STEP_PARTS_MAX 3

/* Step i takes schema i to i + 1, in parts; 0 is the empty file. */
static const char *const migrations[][STEP_PARTS_MAX] = {
    {version_1},
    {version_2},
    {version_3_candle, version_3_revision, version_3},
};
_Static_assert(sizeof migrations / sizeof migrations[0] == CANDLE_SCHEMA_VERSION,
               "one step per schema version");

/* ---- errors ---------------------------------------------------------------------------------- */

static enum err fail_open(sqlite3 *db, const char *path)
{
    int number = sqlite3_system_errno(db);
    if (number == ENOENT || number == ENOTDIR)
        return err_fail(
            ERR_MISSING,
            "the folder of database '%s' does not exist; make it or choose another --db", path);
    return err_fail(ERR_IO, "cannot open database '%s': %s", path,
                    number ? strerror(number) : sqlite3_errmsg(db));
}

enum err candle_schema_fail(sqlite3 *db, const char *path)
{
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_fail(
            ERR_LOCKED,
            "database '%s' is locked by another process; stop it or choose another --db", path);
    case SQLITE_NOTADB:
        return err_fail(ERR_DAMAGED, "'%s' is not a database of rewick; choose another --db", path);
    case SQLITE_CORRUPT:
        return err_fail(
            ERR_DAMAGED,
            "database '%s' is damaged (%s); move it away and replay its tapes into a new one", path,
            sqlite3_errmsg(db));
    case SQLITE_FULL:
        return err_fail(
            ERR_NOSPACE,
            "no space left for database '%s'; make room and run again, what is stored stays", path);
    case SQLITE_READONLY:
        return err_fail(ERR_IO,
                        "database '%s' is read-only; change its permissions or choose another --db",
                        path);
    case SQLITE_CANTOPEN:
        return fail_open(db, path);
    case SQLITE_NOMEM:
        return err_fail(ERR_NOMEM, "out of memory in database '%s'", path);
    case SQLITE_IOERR:
        if (sqlite3_system_errno(db) == ENOSPC || sqlite3_system_errno(db) == EDQUOT)
            return err_fail(ERR_NOSPACE,
                            "no space left for database '%s'; make room and run again, what is "
                            "stored stays",
                            path);
        return err_fail(ERR_IO, "i/o error in database '%s': %s", path,
                        strerror(sqlite3_system_errno(db)));
    default:
        return err_fail(ERR_IO, "database '%s': %s", path, sqlite3_errmsg(db));
    }
}

enum err candle_schema_run(sqlite3 *db, const char *path, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return candle_schema_fail(db, path);
    return ERR_OK;
}

enum err candle_schema_prepare(sqlite3 *db, const char *path, sqlite3_stmt **out, const char *sql)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return candle_schema_fail(db, path);
    return ERR_OK;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* What a query needs and no more, so that a file made to harm cannot do much. */
static void harden(sqlite3 *db, enum candle_schema_access access)
{
    static const struct {
        int id, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 1000000},
        {SQLITE_LIMIT_SQL_LENGTH, 100000},
        {SQLITE_LIMIT_COLUMN, 100},
        {SQLITE_LIMIT_EXPR_DEPTH, 50},
        {SQLITE_LIMIT_COMPOUND_SELECT, 3},
        {SQLITE_LIMIT_VDBE_OP, 25000},
        {SQLITE_LIMIT_FUNCTION_ARG, 8},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 4096},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 2},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        sqlite3_limit(db, limits[i].id, limits[i].value);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (access == CANDLE_SCHEMA_WRITE)
        return;
    /* One connection alone checkpoints: the writer's. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

/* Texts that are no bars come last. Either way the bytes decide between equals, so that the order
 * is one whatever stands in the file. */
static int compare_bars(void *arg, int a_size, const void *a, int b_size, const void *b)
{
    (void)arg;
    const struct {
        const void *text;
        int size;
    } sides[2] = {{a, a_size}, {b, b_size}};
    struct bar bars[2];
    bool valid[2];
    for (size_t i = 0; i < 2; i++) {
        char text[BAR_TEXT_MAX];
        valid[i] = sides[i].size < BAR_TEXT_MAX;
        if (!valid[i])
            continue;
        memcpy(text, sides[i].text, (size_t)sides[i].size);
        text[sides[i].size] = '\0';
        valid[i] = bar_parse(&bars[i], text) == ERR_OK;
    }
    err_clear();
    int order = (int)valid[1] - (int)valid[0];
    if (order == 0 && valid[0])
        order = bar_compare(bars[0], bars[1]);
    if (order == 0)
        order = memcmp(a, b, (size_t)(a_size < b_size ? a_size : b_size));
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static enum err add_collation(sqlite3 *db, const char *path)
{
    if (sqlite3_create_collation_v2(db, CANDLE_SCHEMA_BAR_ORDER, SQLITE_UTF8, NULL, compare_bars,
                                    NULL) != SQLITE_OK)
        return candle_schema_fail(db, path);
    return ERR_OK;
}

/* One integer, or `otherwise` when there is no row. */
static enum err query_integer(sqlite3 *db, const char *path, const char *sql, int64_t otherwise,
                              int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    enum err err = candle_schema_prepare(db, path, &statement, sql);
    if (err != ERR_OK)
        return err;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = candle_schema_fail(db, path);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : otherwise;
    sqlite3_finalize(statement);
    return err;
}

/* 0 for an empty file. */
static enum err read_version(sqlite3 *db, const char *path, int64_t *out)
{
    int64_t tables, meta;
    enum err err = query_integer(db, path, "SELECT count(*) FROM sqlite_schema", 0, &tables);
    if (err != ERR_OK || tables == 0) {
        *out = 0;
        return err;
    }
    err = query_integer(db, path,
                        "SELECT count(*) FROM pragma_application_id, sqlite_schema WHERE "
                        "application_id = " NUMBER(APPLICATION_ID) " AND name = 'meta'",
                        0, &meta);
    if (err == ERR_OK && meta == 1)
        err =
            query_integer(db, path, "SELECT value FROM meta WHERE key = 'schema_version'", 0, out);
    if (err == ERR_OK && (meta != 1 || *out < 1))
        err = err_fail(ERR_DAMAGED, "'%s' is the database of another program; choose another --db",
                       path);
    return err;
}

static enum err fail_version(const char *path, int64_t version)
{
    if (version > CANDLE_SCHEMA_VERSION)
        return err_fail(ERR_DAMAGED,
                        "database '%s' has schema %" PRId64
                        " and this rewick knows up to %d; use a newer "
                        "rewick or choose another --db",
                        path, version, CANDLE_SCHEMA_VERSION);
    if (version == 0)
        return err_fail(ERR_DAMAGED,
                        "database '%s' is empty; fill it with 'rewick replay TAPE --db %s'", path,
                        path);
    return err_fail(ERR_DAMAGED,
                    "database '%s' has the old schema %" PRId64
                    "; 'rewick replay TAPE --db %s' brings it "
                    "up to date",
                    path, version, path);
}

static enum err migrate_from(sqlite3 *db, const char *path, int64_t version)
{
    enum err err = ERR_OK;
    for (; version < CANDLE_SCHEMA_VERSION; version++)
        for (size_t i = 0; i < STEP_PARTS_MAX && migrations[version][i] && err == ERR_OK; i++)
            err = candle_schema_run(db, path, migrations[version][i]);
    if (err == ERR_OK)
        err = candle_schema_run(db, path, replaced_trigger);
    if (err != ERR_OK)
        return err;
    return candle_schema_run(
        db, path,
        "INSERT INTO meta VALUES ('schema_version', '" NUMBER(
            CANDLE_SCHEMA_VERSION) "') "
                                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value");
}

/* The version is read inside the transaction: another process may be doing the same. */
static enum err migrate(sqlite3 *db, const char *path)
{
    int64_t version;
    enum err err = candle_schema_run(db, path, "BEGIN IMMEDIATE");
    if (err != ERR_OK)
        return err;
    err = read_version(db, path, &version);
    if (err == ERR_OK && version > CANDLE_SCHEMA_VERSION)
        err = fail_version(path, version);
    else if (err == ERR_OK && version < CANDLE_SCHEMA_VERSION)
        err = migrate_from(db, path, version);
    if (err == ERR_OK)
        return candle_schema_run(db, path, "COMMIT");
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

static enum err prepare_writing(sqlite3 *db, const char *path)
{
    if (sqlite3_db_readonly(db, "main") == 1)
        return err_fail(ERR_IO,
                        "database '%s' is read-only; change its permissions or choose another --db",
                        path);
    /* Whose file this is comes before anything is changed in it. */
    int64_t version;
    enum err err = read_version(db, path, &version);
    if (err == ERR_OK && version > CANDLE_SCHEMA_VERSION)
        err = fail_version(path, version);
    if (err == ERR_OK)
        err = candle_schema_run(db, path,
                                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                                "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384");
    return err == ERR_OK ? migrate(db, path) : err;
}

static enum err check_reading(sqlite3 *db, const char *path)
{
    int64_t version;
    enum err err = read_version(db, path, &version);
    if (err == ERR_OK && version != CANDLE_SCHEMA_VERSION)
        err = fail_version(path, version);
    return err;
}

/* The name as SQLite takes it, a path and nothing else: "./" keeps ":memory:" and "file:" from
 * meaning something. Free with sqlite3_free(). */
static char *plain_name(const char *path)
{
    return sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
}

/* A URI that says that nobody changes the file. */
static char *immutable_name(const char *path)
{
    sqlite3_str *uri = sqlite3_str_new(NULL);
    sqlite3_str_appendf(uri, "file:%s", path[0] == '/' ? "" : "./");
    for (; *path; path++) {
        if (strchr("%?#", *path))
            sqlite3_str_appendf(uri, "%%%02X", (unsigned)*path);
        else
            sqlite3_str_appendchar(uri, 1, *path);
    }
    sqlite3_str_appendall(uri, "?immutable=1");
    return sqlite3_str_finish(uri);
}

/* Takes the name. */
static enum err open_name(sqlite3 **out, const char *path, char *name, int flags)
{
    *out = NULL;
    if (!name)
        return err_fail(ERR_NOMEM, "out of memory for database '%s'", path);
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(name, out, flags, NULL);
    sqlite3_free(name);
    if (!*out)
        return err_fail(ERR_NOMEM, "out of memory for database '%s'", path);
    return rc == SQLITE_OK ? ERR_OK : candle_schema_fail(*out, path);
}

static enum err open_writing(sqlite3 **out, const char *path, int busy_ms)
{
    enum err err =
        open_name(out, path, plain_name(path), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (err != ERR_OK)
        return err;
    sqlite3_busy_timeout(*out, busy_ms);
    harden(*out, CANDLE_SCHEMA_WRITE);
    return prepare_writing(*out, path);
}

static enum err open_reading(sqlite3 **out, const char *path, char *name, int flags, int busy_ms)
{
    enum err err = open_name(out, path, name, SQLITE_OPEN_READONLY | flags);
    if (err != ERR_OK)
        return err;
    sqlite3_busy_timeout(*out, busy_ms);
    harden(*out, CANDLE_SCHEMA_READ);
    err = add_collation(*out, path);
    return err == ERR_OK ? check_reading(*out, path) : err;
}

/* Readers share a file beside the store. Where none can be made, because the folder is read-only,
 * and no writer has left its log, nobody writes either. */
static bool is_at_rest(sqlite3 *db, const char *path)
{
    int rc = db ? sqlite3_errcode(db) & 0xff : SQLITE_OK;
    struct stat status;
    char *log = sqlite3_mprintf("%s-wal", path);
    bool has_log = !log || stat(log, &status) == 0;
    sqlite3_free(log);
    return !has_log && (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY);
}

enum err candle_schema_open(sqlite3 **out, const char *path, enum candle_schema_access access,
                            int busy_ms)
{
    *out = NULL;
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (!exists && errno == ENOENT && access == CANDLE_SCHEMA_READ)
        return err_fail(ERR_MISSING,
                        "database '%s' does not exist; make it with 'rewick replay TAPE --db %s'",
                        path, path);
    if (exists && S_ISDIR(status.st_mode))
        return err_fail(ERR_IO, "database '%s' is a folder; give a file with --db", path);
    sqlite3 *db;
    enum err err = access == CANDLE_SCHEMA_WRITE
                       ? open_writing(&db, path, busy_ms)
                       : open_reading(&db, path, plain_name(path), 0, busy_ms);
    if (err != ERR_OK && access == CANDLE_SCHEMA_READ && is_at_rest(db, path)) {
        sqlite3_close_v2(db);
        err = open_reading(&db, path, immutable_name(path), SQLITE_OPEN_URI, busy_ms);
    }
    if (err == ERR_OK)
        *out = db;
    else
        sqlite3_close_v2(db);
    return err;
}

/* ---- writing rows ---------------------------------------------------------------------------- */

/* Where the columns that are not plain text lie in the candle. */
static const size_t members[CANDLE_COLUMN_COUNT] = {
    [COLUMN_open_time] = offsetof(struct candle, open_ns),
    [COLUMN_close_time] = offsetof(struct candle, close_ns),
    [COLUMN_open] = offsetof(struct candle, open),
    [COLUMN_high] = offsetof(struct candle, high),
    [COLUMN_low] = offsetof(struct candle, low),
    [COLUMN_close] = offsetof(struct candle, close),
    [COLUMN_volume] = offsetof(struct candle, volume),
    [COLUMN_quote_volume] = offsetof(struct candle, quote_volume),
    [COLUMN_trades] = offsetof(struct candle, trades),
    [COLUMN_taker_buy_volume] = offsetof(struct candle, taker_buy_volume),
    [COLUMN_taker_buy_quote_volume] = offsetof(struct candle, taker_buy_quote_volume),
    [COLUMN_vwap] = offsetof(struct candle, vwap),
    [COLUMN_first_trade_id] = offsetof(struct candle, first_trade_id),
    [COLUMN_last_trade_id] = offsetof(struct candle, last_trade_id),
    [COLUMN_first_trade_time] = offsetof(struct candle, first_trade_ns),
    [COLUMN_last_trade_time] = offsetof(struct candle, last_trade_ns),
    [COLUMN_first_seq] = offsetof(struct candle, first_seq),
    [COLUMN_last_seq] = offsetof(struct candle, last_seq),
    [COLUMN_missing] = offsetof(struct candle, missing),
    [COLUMN_duplicates] = offsetof(struct candle, duplicates),
    [COLUMN_late] = offsetof(struct candle, late),
    [COLUMN_out_of_order] = offsetof(struct candle, out_of_order),
    [COLUMN_backfilled] = offsetof(struct candle, backfilled),
    [COLUMN_malformed] = offsetof(struct candle, malformed),
    [COLUMN_dropped] = offsetof(struct candle, dropped),
    [COLUMN_suspect] = offsetof(struct candle, suspect),
    [COLUMN_latency_count] = offsetof(struct candle, latency.count),
    [COLUMN_latency_min] = offsetof(struct candle, latency.min),
    [COLUMN_latency_mean] = offsetof(struct candle, latency.mean),
    [COLUMN_latency_p50] = offsetof(struct candle, latency.p50),
    [COLUMN_latency_p90] = offsetof(struct candle, latency.p90),
    [COLUMN_latency_p99] = offsetof(struct candle, latency.p99),
    [COLUMN_latency_max] = offsetof(struct candle, latency.max),
    [COLUMN_clock_offset] = offsetof(struct candle, clock_offset_ns),
    [COLUMN_emit_count] = offsetof(struct candle, emit.count),
    [COLUMN_emit_min] = offsetof(struct candle, emit.min),
    [COLUMN_emit_mean] = offsetof(struct candle, emit.mean),
    [COLUMN_emit_p50] = offsetof(struct candle, emit.p50),
    [COLUMN_emit_p90] = offsetof(struct candle, emit.p90),
    [COLUMN_emit_p99] = offsetof(struct candle, emit.p99),
    [COLUMN_emit_max] = offsetof(struct candle, emit.max),
};

int candle_schema_bind_u64(sqlite3_stmt *statement, int index, uint64_t value)
{
    if (value <= INT64_MAX)
        return sqlite3_bind_int64(statement, index, (int64_t)value);
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, value);
    return sqlite3_bind_text(statement, index, text, size, SQLITE_TRANSIENT);
}

static int bind_integer(sqlite3_stmt *upsert, enum candle_column column,
                        const struct candle *candle)
{
    int index = (int)column + 1;
    if (column == COLUMN_revision)
        return sqlite3_bind_int64(upsert, index, candle->revision);
    if (column == COLUMN_score)
        return sqlite3_bind_int64(upsert, index, candle->score);
    uint64_t value;
    memcpy(&value, (const char *)candle + members[column], sizeof value);
    return candle_schema_bind_u64(upsert, index, value);
}

static int bind_signed(sqlite3_stmt *upsert, enum candle_column column, const struct candle *candle)
{
    int64_t value;
    memcpy(&value, (const char *)candle + members[column], sizeof value);
    return sqlite3_bind_int64(upsert, (int)column + 1, value);
}

/* What has no value is candle_field()'s to say. */
static int bind_column(sqlite3_stmt *upsert, enum candle_column column, const struct candle *candle)
{
    char text[CANDLE_FIELD_MAX];
    if (!candle_field(candle, column, text))
        return sqlite3_bind_null(upsert, (int)column + 1);
    switch (candle_column_kind(column)) {
    case 'I':
        return bind_integer(upsert, column, candle);
    case 'N':
    case 'S':
        return bind_signed(upsert, column, candle);
    default:
        return sqlite3_bind_text(upsert, (int)column + 1, text, -1, SQLITE_TRANSIENT);
    }
}

int candle_schema_bind(sqlite3_stmt *upsert, const struct candle *candle,
                       const struct candle_histogram *histogram)
{
    int rc = candle_schema_bind_u64(upsert, CANDLE_COLUMN_COUNT + 1, candle->update);
    if (rc == SQLITE_OK && histogram->size > 0)
        rc = sqlite3_bind_blob64(upsert, CANDLE_COLUMN_COUNT + 2, histogram->data, histogram->size,
                                 SQLITE_STATIC);
    else if (rc == SQLITE_OK)
        rc = sqlite3_bind_null(upsert, CANDLE_COLUMN_COUNT + 2);
    for (enum candle_column column = 0; column < CANDLE_COLUMN_COUNT && rc == SQLITE_OK; column++)
        rc = bind_column(upsert, column, candle);
    return rc;
}

/* ---- reading rows ---------------------------------------------------------------------------- */

static const char *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "";
}

static bool is_null(sqlite3_stmt *row, enum candle_column column)
{
    return sqlite3_column_type(row, (int)column) == SQLITE_NULL;
}

uint64_t candle_schema_u64(sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return (uint64_t)sqlite3_column_int64(row, column);
    return strtoull(column_text(row, column), NULL, 10);
}

static enum err row_state(const char *text, enum candle_state *out)
{
    for (enum candle_state state = CANDLE_FORMING; state <= CANDLE_CORRECTED; state++) {
        if (strcmp(text, candle_state_name(state)) == 0) {
            *out = state;
            return ERR_OK;
        }
    }
    return ERR_DAMAGED;
}

/* The text of the unit is candle_field()'s: what gives the same text is the value. */
static enum err row_volume_unit(const char *text, struct candle *out)
{
    char field[CANDLE_FIELD_MAX];
    for (out->volume_unit = VOLUME_BASE; out->volume_unit <= VOLUME_QUOTE; out->volume_unit++)
        if (candle_field(out, COLUMN_volume_unit, field) && strcmp(field, text) == 0)
            return ERR_OK;
    return ERR_DAMAGED;
}

/* The next of the parts between `separator`; *rest moves behind it, NULL behind the last. */
static size_t next_part(const char **rest, char separator, const char **out)
{
    *out = *rest;
    const char *end = strchr(*rest, separator);
    size_t size = end ? (size_t)(end - *rest) : strlen(*rest);
    *rest = end ? end + 1 : NULL;
    return size;
}

static enum err row_flag(const char *name, size_t size, uint32_t *flags)
{
    char text[CANDLE_SHORT_MAX];
    for (int bit = 0; bit < CANDLE_FLAG_COUNT; bit++) {
        uint32_t flag = UINT32_C(1) << bit;
        if (candle_flags_format(text, flag) != size || memcmp(text, name, size) != 0)
            continue;
        *flags |= flag;
        return ERR_OK;
    }
    return ERR_DAMAGED;
}

static enum err row_flags(const char *text, uint32_t *out)
{
    *out = 0;
    enum err err = ERR_OK;
    for (const char *rest = text[0] ? text : NULL; rest && err == ERR_OK;) {
        const char *name;
        size_t size = next_part(&rest, '|', &name);
        err = row_flag(name, size, out);
    }
    return err;
}

/* "3|4|9|12+" */
static enum err row_connections(const char *text, struct candle_connections *out)
{
    *out = (struct candle_connections){0};
    for (const char *rest = text; rest;) {
        char *end;
        errno = 0;
        unsigned long long id = strtoull(rest, &end, 10);
        bool number = rest[0] >= '0' && rest[0] <= '9' && errno == 0 && id <= UINT32_MAX;
        if (!number || out->count == CANDLE_CONNECTIONS_MAX)
            return ERR_DAMAGED;
        out->ids[out->count++] = (uint32_t)id;
        out->more = *end == '+';
        end += out->more;
        if (*end != '\0' && (out->more || *end != '|'))
            return ERR_DAMAGED;
        rest = *end == '|' ? end + 1 : NULL;
    }
    return ERR_OK;
}

/* decimal_parse() takes what venues send, at most 28 digits; sums in candles may have 39. */
static enum err parse_sum(const char *text, struct decimal *out)
{
    bool negative = *text == '-';
    bool point = false;
    const char *digits = text + negative;
    *out = DECIMAL_ZERO;
    for (text = digits; *text; text++) {
        if (*text == '.' && !point && text > digits) {
            point = true;
            continue;
        }
        int digit = negative ? '0' - *text : *text - '0';
        if (*text < '0' || *text > '9' || (point && ++out->scale > DECIMAL_SCALE_MAX) ||
            __builtin_mul_overflow(out->mantissa, 10, &out->mantissa) ||
            __builtin_add_overflow(out->mantissa, digit, &out->mantissa))
            return ERR_DAMAGED;
    }
    return text > digits ? ERR_OK : ERR_DAMAGED;
}

/* Millionths, from the share's exact text. */
static enum err row_connected(const char *text, struct candle *out)
{
    struct decimal share, ppm;
    const struct decimal one = {1, 0};
    if (parse_sum(text, &share) != ERR_OK || share.mantissa < 0 ||
        decimal_compare(share, one) > 0 || decimal_rescale(&ppm, share, 6) != ERR_OK)
        return ERR_DAMAGED;
    out->has_connected = true;
    out->connected_ppm = (uint32_t)ppm.mantissa;
    return ERR_OK;
}

static enum err row_contribution_state(const char *text, enum contribution_state *out)
{
    for (*out = CONTRIBUTION_USED; *out <= CONTRIBUTION_OUTLIER; ++*out)
        if (strcmp(text, contribution_state_name(*out)) == 0)
            return ERR_OK;
    return ERR_DAMAGED;
}

/* "binance BTCUSDT used 61837.63 61840.07 12.5", which is cut into its parts. */
static enum err row_contribution(char *text, struct contribution *out)
{
    enum { PARTS = 6 };
    char *parts[PARTS];
    size_t count = 0;
    for (char *rest = text; rest; count++) {
        char *part = strsep(&rest, " ");
        if (count == PARTS)
            return ERR_DAMAGED;
        parts[count] = part;
    }
    if (count != PARTS)
        return ERR_DAMAGED;
    out->venue = parts[0];
    out->symbol = parts[1];
    enum err err = row_contribution_state(parts[2], &out->state);
    if (err == ERR_OK)
        err = parse_sum(parts[3], &out->close);
    if (err == ERR_OK)
        err = parse_sum(parts[4], &out->vwap);
    return err == ERR_OK ? parse_sum(parts[5], &out->volume) : err;
}

static enum err row_contributions(const char *text, struct candle_schema_scratch *scratch,
                                  struct candle *out)
{
    size_t size = strlen(text);
    if (size >= sizeof scratch->members_text)
        return ERR_DAMAGED;
    memcpy(scratch->members_text, text, size + 1);
    out->contributions = scratch->members;
    enum err err = ERR_OK;
    for (char *rest = scratch->members_text; rest && err == ERR_OK;) {
        char *one = strsep(&rest, "|");
        if (out->contribution_count == CONTRIBUTIONS_MAX)
            return ERR_DAMAGED;
        err = row_contribution(one, &scratch->members[out->contribution_count++]);
    }
    return err;
}

/* All of them, or none for composites and for what was stored before candles had them. */
static enum err row_identifier(const char *text, enum candle_column column,
                               struct candle_schema_scratch *scratch, struct candle *out)
{
    const char **const list[] = {
        &scratch->identity.mic,           &scratch->identity.operating_mic,
        &scratch->identity.base_currency, &scratch->identity.quote_currency,
        &scratch->identity.base_dti,      &scratch->identity.quote_dti,
        &scratch->identity.cfi,
    };
    if (column == COLUMN_mic)
        out->identity = &scratch->identity;
    if (out->identity == NULL)
        return ERR_DAMAGED;
    *list[column - COLUMN_mic] = text;
    return ERR_OK;
}

static bool is_identifier(enum candle_column column)
{
    return column >= COLUMN_mic && column <= COLUMN_cfi;
}

/* Columns of text that may be NULL: nothing is set then. */
static enum err row_optional(const char *text, enum candle_column column,
                             struct candle_schema_scratch *scratch, struct candle *out)
{
    if (is_identifier(column))
        return row_identifier(text, column, scratch, out);
    switch (column) {
    case COLUMN_connections:
        return row_connections(text, &out->connections);
    case COLUMN_connected:
        return row_connected(text, out);
    case COLUMN_flags:
        return row_flags(text, &out->flags);
    case COLUMN_contributions:
        return row_contributions(text, scratch, out);
    default:
        out->tape = text;
        return ERR_OK;
    }
}

static enum err row_text(sqlite3_stmt *row, enum candle_column column,
                         struct candle_schema_scratch *scratch, struct candle *out)
{
    const char *text = column_text(row, (int)column);
    switch (column) {
    case COLUMN_venue:
        out->venue = text;
        return ERR_OK;
    case COLUMN_instrument:
        out->instrument = text;
        return ERR_OK;
    case COLUMN_bar:
        return bar_parse(&out->bar, text);
    case COLUMN_state:
        return row_state(text, &out->state);
    case COLUMN_volume_unit:
        return row_volume_unit(text, out);
    case COLUMN_channel:
        out->channel = text;
        return ERR_OK;
    case COLUMN_symbol:
        out->symbol = text;
        return ERR_OK;
    default:
        break;
    }
    if (!is_null(row, column))
        return row_optional(text, column, scratch, out);
    /* An identity with a hole is none that we wrote. */
    return is_identifier(column) && out->identity != NULL ? ERR_DAMAGED : ERR_OK;
}

static enum err row_decimal(sqlite3_stmt *row, enum candle_column column, struct candle *out)
{
    struct decimal value = DECIMAL_ZERO;
    if (!is_null(row, column) && parse_sum(column_text(row, (int)column), &value) != ERR_OK)
        return ERR_DAMAGED;
    memcpy((char *)out + members[column], &value, sizeof value);
    return ERR_OK;
}

static enum err row_integer(sqlite3_stmt *row, enum candle_column column, struct candle *out)
{
    uint64_t value = candle_schema_u64(row, (int)column);
    switch (column) {
    case COLUMN_revision:
        out->revision = (uint32_t)value;
        return value <= UINT32_MAX ? ERR_OK : ERR_DAMAGED;
    case COLUMN_score:
        out->ungraded = is_null(row, column);
        out->score = (uint8_t)value;
        return value <= 100 ? ERR_OK : ERR_DAMAGED;
    case COLUMN_first_trade_id:
    case COLUMN_last_trade_id:
        out->has_ids = !is_null(row, column);
        break;
    default:
        break;
    }
    memcpy((char *)out + members[column], &value, sizeof value);
    return ERR_OK;
}

static enum err row_signed(sqlite3_stmt *row, enum candle_column column, int64_t otherwise,
                           struct candle *out)
{
    int64_t value = is_null(row, column) ? otherwise : sqlite3_column_int64(row, (int)column);
    if (column == COLUMN_clock_offset)
        out->has_clock_offset = !is_null(row, column);
    memcpy((char *)out + members[column], &value, sizeof value);
    return ERR_OK;
}

static enum err row_column(sqlite3_stmt *row, enum candle_column column,
                           struct candle_schema_scratch *scratch, struct candle *out)
{
    switch (candle_column_kind(column)) {
    case 'I':
        return row_integer(row, column, out);
    case 'N':
        return row_signed(row, column, RECORD_NO_TIME, out);
    case 'S':
        return row_signed(row, column, 0, out);
    case 'D':
    case 'Q':
        return row_decimal(row, column, out);
    default:
        return row_text(row, column, scratch, out);
    }
}

enum err candle_schema_row(sqlite3_stmt *row, const char *path,
                           struct candle_schema_scratch *scratch, struct candle *out)
{
    *out = (struct candle){.update = candle_schema_u64(row, CANDLE_COLUMN_COUNT)};
    for (enum candle_column column = 0; column < CANDLE_COLUMN_COUNT; column++) {
        if (row_column(row, column, scratch, out) != ERR_OK)
            return err_fail(
                ERR_DAMAGED,
                "database '%s' is damaged: '%.100s' is no %s of a candle; replay its tapes into "
                "a new one",
                path, column_text(row, (int)column), candle_column_name(column));
    }
    return ERR_OK;
}
