/*
 * sealed_segment: the file of a sealed segment, walked from chunk to chunk. It fills units with the
 * bytes of the lanes that are wanted and leaves the rest of the file unread.
 *
 *     begin -> next, next ... -> CHUNK CHUNK SKIPPED CHUNK LOSS ... END
 *
 * With a whole index it knows where each chunk lies, so that what is damaged in one cannot touch
 * another. Without it the lane headers are followed, and where one is damaged the next is looked
 * for; the work is bounded by a small multiple of the file's size, however the bytes are forged.
 * What is damaged inside a chunk is left to the unit to say; what is lost between chunks, and what
 * is wrong at the ends of the file, is a LOSS. Not thread safe.
 */
#ifndef REWICK_ENGINE_TAPE_SEALED_SEGMENT_H
#define REWICK_ENGINE_TAPE_SEALED_SEGMENT_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_reader.h"
#include "engine/tape/tape_segment.h"
#include "engine/tape/tape_unit.h"

#include <stdbool.h>

enum sealed_event {
    SEALED_CHUNK,   /* the unit is filled */
    SEALED_SKIPPED, /* nothing in the chunk is wanted; nothing or little of it was looked at */
    SEALED_LOSS,    /* `loss` tells what was passed over or is wrong */
    SEALED_END,     /* nothing more; the segment stands at its end */
};

/* Plain data. */
struct sealed_loss {
    uint64_t offset, size; /* of the bytes that could not be used */
    uint64_t first_seq;    /* numbers first .. next - 1 are missing; none when first is next */
    uint64_t next_seq;
    const char *reason; /* static text */
};

/* Zeroed is empty. Fields are for reading. */
struct sealed_segment {
    /* Borrowed: the open file. Its offset, numbers, chain and `closed` are moved on as those of a
     * live one are. */
    struct tape_segment *base;
    struct sealed_end_mark mark;
    const char *mark_reason; /* why the end mark cannot be used; NULL when it can */
    struct buf index;
    const uint8_t *chunks; /* of the index; NULL when it cannot be used */
    uint32_t chunk_count;
    const char *index_reason;
    uint64_t blocks_end; /* no block reaches behind this */

    uint32_t chunk;                                     /* number of the one that comes next */
    uint64_t seen[(SEALED_CHUNK_BLOCKS_MAX + 63) / 64]; /* its blocks that were met: bits */
    bool crossed; /* the first record received at or after the wanted time lies behind */
    struct sealed_loss loss;
    bool blocks_are_done;
    unsigned ends_checked; /* how many of the things behind the blocks */

    /* Where the bytes last put into the unit lie in the file. */
    uint64_t piece_offset;
    size_t piece;
    struct buf window; /* of the search */
};

/* What of the segment is wanted; as in tape_reader_options. Plain data. */
struct sealed_wish {
    uint64_t from_seq;
    int64_t from_ns;
    bool (*wants)(const struct tape_lane *lane, bool before, void *arg);
    void *arg;
};

/* `base` is open and sealed. `crossed`: records at or behind the wanted time were met in a segment
 * before, or no time is asked for. Fails only when the file cannot be read. */
enum err sealed_segment_begin(struct sealed_segment *sealed, struct tape_segment *base,
                              bool crossed) ERR_MUST_CHECK;
void sealed_segment_release(struct sealed_segment *sealed); /* accepts a zeroed one */

enum err sealed_segment_next(struct sealed_segment *sealed, const struct sealed_wish *wish,
                             struct tape_unit *unit, enum sealed_event *out) ERR_MUST_CHECK;

#endif
