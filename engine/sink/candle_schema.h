/*
 * candle_schema: the tables of the SQLite store and how a candle becomes a row and comes back.
 * Shared by sink_sqlite, which writes, and candle_store, which reads; for nobody else.
 *
 * All of it is made from CANDLE_COLUMNS. Kinds: T, F, D, Q are TEXT (decimals exact, as the venue
 * wrote them), N is INTEGER (ns since 1970 UTC), I is an INTEGER up to 2^63 - 1 and TEXT above,
 * which is why these columns are declared ANY. What has no value is NULL.
 *
 * The file keeps its own order: triggers move the row that an update replaces to candle_revision
 * and note new series, so whoever writes needs one upsert only.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_SCHEMA_H
#define REWICK_ENGINE_SINK_CANDLE_SCHEMA_H

#include "engine/candle/candle.h"

#include <sqlite3.h>

#define CANDLE_SCHEMA_VERSION 2

/* The columns in order, for SELECT, each with a comma behind it: "venue, instrument, ... flags, ".
 */
extern const char candle_schema_columns[];
/* Upsert of one candle; parameters 1 .. CANDLE_COLUMN_COUNT are the columns, the next is update_no.
 */
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

/* SQLite's own codes: SQLITE_OK or what the failing bind said. */
int candle_schema_bind(sqlite3_stmt *upsert, const struct candle *candle);
int candle_schema_bind_u64(sqlite3_stmt *statement, int index, uint64_t value);

/* The candle in columns 0 .. CANDLE_COLUMN_COUNT - 1, update_no behind them. Strings belong to the
 * statement and live until its next step. ERR_DAMAGED: a value that no candle has. */
enum err candle_schema_row(sqlite3_stmt *row, const char *path, struct candle *out) ERR_MUST_CHECK;
uint64_t candle_schema_u64(sqlite3_stmt *row, int column);

#endif
