/*
 * sink_sqlite: candles and the place on the tape, in one SQLite transaction, so that after a crash and a
 * restart each candle is there exactly once.
 *
 * Tables (docs/candles.md shows them with queries):
 *   candle           last revision of each candle; columns of CANDLE_COLUMNS and update_no; primary key venue,
 *                    instrument, bar, open_time; exact decimals as text, times as ns
 *   candle_revision  earlier revisions (closed and corrected, not forming)
 *   tape_position    per tape and engine configuration: last record and last update stored
 *   meta             schema version; older ones are migrated on opening, newer ones refused
 *   ohlcv (view)     REAL values and ISO times, for people and pandas
 *
 * On opening, the updates that are stored already are known (tape_position): they are skipped when they come
 * again, which they do because a restarted engine is fed from the start of the tape.
 *
 * One connection writes and checkpoints (SQLite's WAL-reset bug, versions up to 3.51.2, needs two). WAL,
 * synchronous=NORMAL: a power loss may drop the last commits, and the next run stores them again.
 */
#ifndef REWICK_ENGINE_SINK_SINK_SQLITE_H
#define REWICK_ENGINE_SINK_SINK_SQLITE_H

#include "engine/engine.h"
#include "engine/sink/sink.h"

#define SINK_SQLITE_SCHEMA 1
/* Updates are committed at most this much later. */
#define SINK_SQLITE_COMMIT_NS (INT64_C(100) * 1000000)
/* How long to wait for another process that has the file locked. */
#define SINK_SQLITE_BUSY_MS 5000

/* `path` is made when missing. ERR_LOCKED, ERR_DAMAGED (not a database, newer schema), ERR_IO. */
enum err sink_sqlite_open(struct sink **out, const char *path, const uint8_t tape_id[16],
                          const struct engine_config *config) ERR_MUST_CHECK;

#endif
