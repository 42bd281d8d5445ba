/*
 * candle_schema: the tables of the SQLite store and how a candle becomes a row and comes back.
 * Shared by sink_sqlite, which writes, and candle_store, which reads; for nobody else.
 *
 * All of it is made from CANDLE_COLUMNS. Kinds: T, F, L, D, Q, P are TEXT (decimals exact, as the
 * venue wrote them), N and S are INTEGER (ns), I is an INTEGER up to 2^63 - 1 and TEXT above, which
 * is why these columns are declared ANY. What has no value is NULL; rows that were stored before a
 * column existed have NULL there and give candles that are `ungraded`.
 *
 * Only here: candle.latency_histogram, what the figures of source -> receive latency come from
 * (latency_pack()), so that candles can be put together later.
 *
 * The file keeps its own order: triggers move the row that an update replaces to candle_revision
 * and note new series, so whoever writes needs one upsert only.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_SCHEMA_H
#define REWICK_ENGINE_SINK_CANDLE_SCHEMA_H

#include "engine/candle/candle.h"

#include <sqlite3.h>

#define CANDLE_SCHEMA_VERSION 3

/* A collation of connections that read: texts of bars in the order of bar_compare(). */
#define CANDLE_SCHEMA_BAR_ORDER "bar_order"

/* The columns in order, for SELECT, each with a comma behind it: "venue, instrument, ... flags, ".
 */
extern const char candle_schema_columns[];
/* Upsert of one candle; parameters 1 .. CANDLE_COLUMN_COUNT are the columns, then update_no and
 * latency_histogram. */
extern const char candle_schema_upsert[];

enum candle_schema_access { CANDLE_SCHEMA_READ, CANDLE_SCHEMA_WRITE };

/* Opens the file with lowered limits, defences on and a bound on waiting for locks, and makes sure
 * that it is a store of ours: for writing it is made when missing and older schemas are migrated.
 * The connection is the caller's, to close with sqlite3_close_v2(). Sets the error text. */
enum err candle_schema_open(sqlite3 **out, const char *path, enum candle_schema_access access,
                            int busy_ms) ERR_MUST_CHECK;

/* What the last call on `db` failed with, as an error that names the file and says what to do. */
enum err candle_schema_fail(sqlite3 *db, const char *path);

/* Runs statements that give no rows. */
enum err candle_schema_run(sqlite3 *db, const char *path, const char *sql) ERR_MUST_CHECK;
/* A statement to be used again and again. */
enum err candle_schema_prepare(sqlite3 *db, const char *path, sqlite3_stmt **out,
                               const char *sql) ERR_MUST_CHECK;

/* A packed histogram; size 0: none. */
struct candle_histogram {
    const uint8_t *data; /* borrowed, until the statement is bound anew */
    size_t size;
};

/* SQLite's own codes: SQLITE_OK or what the failing bind said. */
int candle_schema_bind(sqlite3_stmt *upsert, const struct candle *candle,
                       const struct candle_histogram *histogram);
int candle_schema_bind_u64(sqlite3_stmt *statement, int index, uint64_t value);

/* What a candle that was read points to. */
struct candle_schema_scratch {
    struct identity identity;
    struct contribution members[CONTRIBUTIONS_MAX];
    char members_text[CANDLE_FIELD_MAX];
};

/* The candle in columns 0 .. CANDLE_COLUMN_COUNT - 1, update_no behind them. Strings belong to the
 * statement and the scratch and live until its next step. ERR_DAMAGED: a value that no candle has.
 */
enum err candle_schema_row(sqlite3_stmt *row, const char *path,
                           struct candle_schema_scratch *scratch,
                           struct candle *out) ERR_MUST_CHECK;
uint64_t candle_schema_u64(sqlite3_stmt *row, int column);

#endif
