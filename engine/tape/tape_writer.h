/*
 * tape_writer: appends records to a tape. One writer per tape (a lock in the folder sees to it).
 *
 *   tape_writer_open()    makes the folder or recovers what is there: nothing that exists is ever
 *                         changed; a torn tail of the newest segment stays as it is and a new
 *                         segment is begun behind the last whole block (see tape_reader.h)
 *   tape_writer_append()  gives the record its number and puts it into the open block
 *   tape_writer_work()    writes the block when the flush bound is up, syncs when the sync bound is
 *   tape_writer_close()   writes what is open, the end mark, and syncs
 *
 * Promises. `written_seq`: all records up to it were handed to the kernel; they survive kill -9.
 * `durable_seq`: all records up to it were synced; they survive power loss. When a write fails the
 * file is cut back to its last whole block; when a sync fails, to what was durable, because the
 * kernel may have dropped the pages and a second sync would say nothing. The writer then takes no
 * more and every later call fails the same way; the text says the first sequence number that is not
 * on the tape. Who still has the records from durable_seq on may abandon this writer, open another
 * on the tape, and append them again: they get the same numbers, in a new segment
 * (tape_writer_can_go_on()).
 *
 * Not thread safe: one thread owns a writer. Time is an argument.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_WRITER_H
#define REWICK_ENGINE_TAPE_TAPE_WRITER_H

#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/record.h"

#include <stdbool.h>

struct tape_writer;

/* Who syncs, so that the writer's thread need not wait for the disk. At most one sync is under way;
 * the file stays open meanwhile. */
struct tape_syncer {
    /* Begins io->sync(file) somewhere else. */
    void (*begin)(void *arg, const struct io *io, struct io_file *file);
    /* False: still under way. True: it has ended, with *out. */
    bool (*poll)(void *arg, enum err *out);
    /* Waits for the end. */
    enum err (*wait)(void *arg);
    void *arg;
};

struct tape_writer_options {
    int64_t flush_ns;       /* an appended record is written at most this much later; 0 = 100 ms */
    int64_t sync_ns;        /* a written record is synced at most this much later; 0 = 1 s */
    uint64_t segment_bytes; /* a segment that reached this is closed; 0 = 256 MiB */
    int level;              /* zstd level; 0 = TAPE_ENCODER_ADAPTS */
    int64_t wall_ns;        /* now, for the first segment; the next ones have the last record's */
    uint64_t random[4];     /* random bits: tape id (first two) and salts */
    const struct tape_syncer *syncer; /* NULL: syncs within the calls; must outlive the writer */
};

/* Opens `path` for appending, making it when it is missing. ERR_LOCKED: another writer has it.
 * ERR_DAMAGED: damage elsewhere than at the very end; the text says to run `rewick tape repair`. */
enum err tape_writer_open(struct tape_writer **out, const struct io *io, const char *path,
                          const struct tape_writer_options *options) ERR_MUST_CHECK;

/* Sets record->seq and copies all it needs. The record's venue must be shorter than
 * RECORD_VENUE_MAX and its data at most RECORD_DATA_MAX. May write when the block is full. */
enum err tape_writer_append(struct tape_writer *writer, struct record *record) ERR_MUST_CHECK;

/* The next record gets `seq`, which must be larger than tape_writer_next_seq(); the numbers between
 * are given up. Only for tape_repair(): the next record must be the RECORD_GAP that tells of them.
 */
enum err tape_writer_skip_to(struct tape_writer *writer, uint64_t seq) ERR_MUST_CHECK;

/* Call often. `mono_ns` is the monotonic clock. */
enum err tape_writer_work(struct tape_writer *writer, int64_t mono_ns) ERR_MUST_CHECK;

enum err tape_writer_flush(struct tape_writer *writer)
    ERR_MUST_CHECK; /* write the open block now */
enum err tape_writer_sync(struct tape_writer *writer)
    ERR_MUST_CHECK; /* flush, then fdatasync now */

uint64_t tape_writer_next_seq(const struct tape_writer *writer);    /* the next record gets it */
uint64_t tape_writer_written_seq(const struct tape_writer *writer); /* 0 = none */
uint64_t tape_writer_durable_seq(const struct tape_writer *writer); /* 0 = none */
uint32_t tape_writer_next_connection(const struct tape_writer *writer); /* smallest free number */
uint64_t tape_writer_bytes(const struct tape_writer *writer); /* written since it was opened */
/* 16 bytes, the tape's id. */
const uint8_t *tape_writer_id(const struct tape_writer *writer);

/* Flush, end mark, sync, unlock, free. Frees in any case; accepts NULL. */
enum err tape_writer_close(struct tape_writer *writer) ERR_MUST_CHECK;

/* After a failure: nothing that is not durable is left behind as if it were, so that another writer
 * may go on with this tape. False: the file could not be cut back; go on only after a look at the
 * disk. */
bool tape_writer_can_go_on(const struct tape_writer *writer);

/* Frees and unlocks without writing anything more, as a crash would leave it. For tests and for the
 * way out after a failure. */
void tape_writer_abandon(struct tape_writer *writer);

#endif
