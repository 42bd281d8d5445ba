/*
 * capture_writer: the thread that owns the tape. Takes records out of the capture queue, decodes
 * them for the venue's time and for the watch, puts them on the tape within the flush and sync
 * bounds, and offers each to the engine's queue.
 *
 *     capture queue --> [ decode, watch ] --> tape_keeper --> engine queue (when it has room)
 *
 * Nothing behind the tape can hold it up: when the engine's queue is full the record is only on the
 * tape, and the engine reads it there. The disk does not hold it up either: another thread syncs,
 * and while the tape is interrupted records wait in the capture queue.
 */
#ifndef REWICK_RECORDER_CAPTURE_WRITER_H
#define REWICK_RECORDER_CAPTURE_WRITER_H

#include "recorder/capture_watch.h"
#include "recorder/record_control.h"
#include "recorder/record_queue.h"
#include "recorder/tape_keeper.h"

struct capture_writer;

/* The thread looks at the clock this often within a flush bound, so that the bound holds. */
#define CAPTURE_WRITER_LOOKS 8

struct capture_writer_options {
    struct tape_keeper *tape;         /* taken, also when starting fails */
    struct capture_watch *watch;      /* borrowed; this thread's until joined */
    struct record_queue *in, *engine; /* must outlive it; it ends `engine` */
    const struct record_plan *plan;
    struct record_control *control;
    int64_t flush_ns; /* bound that the user was told */
    int64_t
        until_silent_ns; /* stop when no market data came for so long after the first; 0 = never */
};

enum err capture_writer_start(struct capture_writer **out,
                              const struct capture_writer_options *options) ERR_MUST_CHECK;
/* Waits until the capture queue has ended and the tape is closed. What went wrong on the tape comes
 * out here, with a text that says what is not on it. */
enum err capture_writer_join(struct capture_writer *writer) ERR_MUST_CHECK;
void capture_writer_free(struct capture_writer *writer); /* after joining; accepts NULL */

/* Any thread. */
void capture_writer_plan(struct capture_writer *writer, const struct record_plan *plan);
uint64_t capture_writer_appended(const struct capture_writer *writer); /* newest record taken */
uint64_t capture_writer_written(const struct capture_writer *writer);  /* handed to the kernel */
/* Waits until record `seq` is written, which it hurries on. False: the wait or the writer ended
 * before. */
bool capture_writer_wait(struct capture_writer *writer, uint64_t seq, int64_t wait_ns);
/* The tape is closed, or failed; nothing more will be written. */
bool capture_writer_ended(struct capture_writer *writer);
/* Tape and venues as members of a JSON object (see capture_status.h), put behind what `out` holds.
 * ERR_STOP: the thread did not answer within `wait_ns`. */
enum err capture_writer_status(struct capture_writer *writer, int64_t wait_ns,
                               struct buf *out) ERR_MUST_CHECK;

struct capture_writer_stats {
    uint64_t records;    /* put on the tape by this run */
    uint64_t bytes;      /* of files */
    int64_t wait_max_ns; /* the longest that a record waited from receipt to being written */
};
/* After joining. */
void capture_writer_stats(const struct capture_writer *writer, struct capture_writer_stats *out);

#endif
