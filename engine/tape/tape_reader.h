/*
 * tape_reader: gives out the records of a tape in order of their sequence numbers.
 *
 * It never gives out a record that is not exactly as it was written. What it meets instead:
 *   torn tail   the last segment, or one that a crash ended before the next was begun, stops
 *               inside a block or without an end mark. The whole blocks before are given out. At
 *               the end of the tape this is ERR_END: with the writer alive more may follow, and
 *               calling again later goes on from there (that is how to follow a growing tape).
 *   damage      anything else: a bad block with whole ones behind, a missing segment, a hole in
 *               the numbers. Strict: ERR_DAMAGED, text with file, offset and reason, and nothing
 *               more. Salvage: skips to the next whole block and goes on; tape_reader_losses()
 *               tells what is missing.
 *
 * Not thread safe. Any number of readers beside one writer.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_READER_H
#define REWICK_ENGINE_TAPE_TAPE_READER_H

#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/record.h"
#include "engine/tape/tape_lane.h"

#include <stdbool.h>

struct tape_reader;

/* One stretch of lost or suspicious bytes or numbers. */
struct tape_loss {
    char file[32];                /* segment's name */
    uint64_t offset, size;        /* bytes that could not be used (size 0: numbers only) */
    uint64_t first_seq, last_seq; /* missing numbers; 0,0 when none is missing or none is known */
    uint64_t missing;             /* how many of first_seq .. last_seq: in sealed segments those of
                                   * other lanes lie between */
    bool torn;                    /* a torn tail, the ordinary trace of a crash; else damage */
    char reason[256];
};
#define TAPE_LOSSES_MAX 1024 /* kept; more are only counted */

struct tape_reader_options {
    bool salvage;      /* go on behind damage */
    uint64_t from_seq; /* first record wanted; 0 or 1 = from the start. What lies before it is
                        * skipped, and is checked only as far as skipping needs it */
    /* The records received before `from_ns` are not wanted either, but for those of lanes that
     * `wants` asks for with `before`: what must be known of the past to go on from there. 0 = the
     * tape's beginning. Sealed segments are found by their index, in milliseconds at any size of
     * the tape; of live ones block headers are read. */
    int64_t from_ns;
    /* Which lanes are wanted; NULL: all. Of sealed segments the records of others are given out all
     * the same, `unread`. Of live segments all is read, and `wants` is asked only for records
     * before from_ns, with LANE_UNJUDGED. Must always answer the same; any thread. Which lanes of
     * trades and market data are wanted of the time before may depend on their rules alone. */
    bool (*wants)(const struct tape_lane *lane, bool before, void *arg);
    /* Called for each loss as soon as it is certain, without bound (strict readers meet torn tails
     * only); may be NULL. A torn tail at the end of the tape is not certain while more may follow:
     * see tape_reader_tail(). */
    void (*each_loss)(const struct tape_loss *loss, void *arg);
    void *arg;
};

/* `path` is a tape's folder or one segment file. ERR_MISSING; ERR_DAMAGED: not a tape, or made by a
 * newer version. */
enum err tape_reader_open(struct tape_reader **out, const struct io *io, const char *path,
                          const struct tape_reader_options *options) ERR_MUST_CHECK;

/* The next record; its pointers are valid until the next call. ERR_END when there is none now.
 * After every other error all later calls fail the same way. */
enum err tape_reader_next(struct tape_reader *reader, struct record *out) ERR_MUST_CHECK;

/* Where the record last given out lies: segment number and offset of its block. */
void tape_reader_place(const struct tape_reader *reader, uint32_t *out_segment,
                       uint64_t *out_offset);

/* Bytes of the tape read so far and in all, for progress bars. */
void tape_reader_progress(const struct tape_reader *reader, uint64_t *out_done,
                          uint64_t *out_total);

/* 16 bytes, the tape's id; zeros while no segment header could be read. */
const uint8_t *tape_reader_id(const struct tape_reader *reader);

/* Segments known so far, and, after ERR_END, whether the last one has its end mark. */
uint32_t tape_reader_segments(const struct tape_reader *reader);
bool tape_reader_closed(const struct tape_reader *reader);

/* All losses met so far, a torn tail at the end last. Borrowed, valid until the next call on the
 * reader. *out_count may exceed TAPE_LOSSES_MAX, and then only that many are there. */
const struct tape_loss *tape_reader_losses(const struct tape_reader *reader, size_t *out_count);

/* After ERR_END: the torn tail at the end of the tape, NULL when there is none. Borrowed, valid
 * until the next call on the reader. */
const struct tape_loss *tape_reader_tail(const struct tape_reader *reader);

void tape_reader_close(struct tape_reader *reader); /* accepts NULL */

#endif
