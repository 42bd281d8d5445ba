/*
 * sink_sqlite: candles and the place on the tape, in one SQLite transaction, so that after a crash
 * and a restart each candle is there exactly once.
 *
 * Tables (docs/candles.md shows them with queries):
 *   candle           last revision of each candle; columns of CANDLE_COLUMNS and update_no; key
 *                    venue, instrument, bar, open_time; exact decimals as text, times as ns
 *   candle_revision  earlier revisions (closed and corrected, not forming)
 *   series           venue, instrument, bar and symbol of all that is in candle
 *   tape_position    per tape and engine configuration: last record and last update stored
 *   health           reports on venues and connections of the last 7 days (health_table.h)
 *   meta             schema version; older ones are migrated on opening, newer ones refused
 *   ohlcv (view)     REAL values and ISO times, for people and pandas
 * Integers are INTEGER up to 2^63 - 1 and TEXT above (ids of venues go up to 2^64 - 1).
 *
 * On opening, the updates that are stored already are known (tape_position): they are skipped when
 * they come again, which they do because a restarted engine is fed from the start of the tape. A
 * checksum over all updates makes sure that they are the same ones (ERR_DAMAGED when not: another
 * rewick made them). Where two tapes have the same candle, the one that is written last stays,
 * unless it is flagged partial and the stored one is whole: a tape whose beginning was given up
 * begins in the middle of windows.
 *
 * Forming candles wait in memory, the last state of each (SINK_SQLITE_FORMING_MAX), and are written
 * on committing; closed and corrected ones are written at once. A commit happens when the last one
 * is SINK_SQLITE_COMMIT_NS ago, after SINK_SQLITE_COMMIT_UPDATES, and at the end. Closing without a
 * final commit drops what was not committed, as a crash would.
 *
 * One connection writes and checkpoints (SQLite's WAL-reset bug, versions up to 3.51.2, needs two):
 * a lock on "PATH-lock" keeps a second writer out. WAL, synchronous=NORMAL: a power loss may drop
 * the last commits, and the next run stores them again.
 */
#ifndef REWICK_ENGINE_SINK_SINK_SQLITE_H
#define REWICK_ENGINE_SINK_SINK_SQLITE_H

#include "engine/engine.h"
#include "engine/sink/sink.h"

/* Updates are committed at most this much later, or after this many. */
#define SINK_SQLITE_COMMIT_NS      (INT64_C(100) * 1000000)
#define SINK_SQLITE_COMMIT_UPDATES 20000
/* How long to wait for another program that has the file locked. */
#define SINK_SQLITE_BUSY_MS 5000
/* Forming candles waiting in memory, and about what their contributions and histograms may take;
 * more are written before the commit. */
#define SINK_SQLITE_FORMING_MAX       16384
#define SINK_SQLITE_FORMING_BYTES_MAX (32 * 1024 * 1024)

/* Zero means the values above. */
struct sink_sqlite_options {
    /* What of the tape is fed when it is not all: venues, instruments, times, as any text. Updates
     * are numbered differently then, so it is part of the place on the tape. NULL = all. */
    const char *scope;
    int busy_ms;
    int64_t commit_ns;
};

/* `path` is made when missing. ERR_LOCKED, ERR_DAMAGED (not a database, newer schema), ERR_MISSING
 * (its folder), ERR_NOSPACE, ERR_IO. */
enum err sink_sqlite_open(struct sink **out, const char *path, const uint8_t tape_id[16],
                          const struct engine_config *config) ERR_MUST_CHECK;
enum err sink_sqlite_open_with(struct sink **out, const char *path, const uint8_t tape_id[16],
                               const struct engine_config *config,
                               const struct sink_sqlite_options *options) ERR_MUST_CHECK;

#endif
