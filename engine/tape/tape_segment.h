/*
 * tape_segment: one segment file, read from front to back. Reader and recovery both stand on it, so
 * that they agree on what is whole. It says what is there; what to do about it is theirs to decide.
 * Of a sealed segment it knows the header alone: sealed_segment.h walks the rest.
 *
 *     open -> next, next, next ... -> BLOCK BLOCK BLOCK CLOSED STOPS
 *                                           BAD -> find -> next ...
 *
 * It checks each frame by itself (lengths, checksums) and in its place (salt, chain, sequence
 * number). Lengths are compared with the file's size and the limits of tape_format.h before memory
 * is taken. Reads go forward and are TAPE_SEGMENT_CHUNK large. Not thread safe.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_SEGMENT_H
#define REWICK_ENGINE_TAPE_TAPE_SEGMENT_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_frame.h"

#include <stdbool.h>

#define TAPE_SEGMENT_CHUNK (1024u * 1024)
#define TAPE_SEGMENT_PIECE (8u * 1024) /* read at once by who looks at headers; most fit */

enum tape_segment_event {
    SEGMENT_BLOCK,   /* `block` and `frame` hold a whole block */
    SEGMENT_SKIPPED, /* a block that ends before the wanted number; only its header was checked */
    SEGMENT_CLOSED,  /* the end mark */
    SEGMENT_STOPS,   /* the file ends here, between two frames */
    SEGMENT_BAD,     /* `reason` says what is wrong at `offset` */
};

/* Fields are for reading, except where said. */
struct tape_segment {
    const struct io *io;
    struct io_file *file;
    char name[TAPE_NAME_SIZE];
    uint64_t size;   /* of the file when last looked at */
    uint64_t offset; /* of the frame that comes next */

    struct tape_segment_header header;
    bool header_is_bad; /* `reason` says why; salt, numbers and chain are then not known, */
    /* unless a sealed segment's end mark repeats them (all but the chain). */
    bool header_is_known;
    bool sealed; /* by its header or, when that is bad, by what else is in it */
    bool salt_is_known;
    bool chain_is_known;
    uint64_t salt;
    uint32_t chain;           /* the CRC of the last whole frame header, when known */
    uint64_t next_seq;        /* the caller may raise it between open and the first next */
    uint32_t next_connection; /* larger than all numbers seen in blocks and header */
    uint32_t block_count;     /* met so far */
    bool closed;              /* the end mark was met */
    bool jumped;              /* something was left out, so that block_count says nothing */

    struct tape_block_header block;
    const uint8_t *frame;   /* borrowed until the next call */
    uint64_t block_offset;  /* where the block last met begins */
    const char *reason;     /* static text */
    uint64_t bad_first_seq; /* numbers that the bad block is known to hold; 0,0 when none are */
    uint64_t bad_last_seq;

    size_t read_size;  /* least that is read at once */
    struct buf window; /* bytes of the file from window_offset on */
    uint64_t window_offset;
};

/* `segment` must be zeroed or released; it may be one that was open before. `path` is the file;
 * `name` is what `name` will hold. Fails only when the file cannot be read; a bad header is no
 * error but header_is_bad. */
enum err tape_segment_open(struct tape_segment *segment, const struct io *io, const char *path,
                           const char *name) ERR_MUST_CHECK;
/* Closes the file; keeps the memory for the next open. */
void tape_segment_close(struct tape_segment *segment);
void tape_segment_release(struct tape_segment *segment); /* closes too; accepts a zeroed one */

/* What comes next. Blocks all of whose numbers are below `from_seq` are SEGMENT_SKIPPED. After
 * SEGMENT_BAD and SEGMENT_STOPS nothing has moved: it can be asked again when the file has grown.
 */
enum err tape_segment_next(struct tape_segment *segment, uint64_t from_seq,
                           enum tape_segment_event *out) ERR_MUST_CHECK;

/* As tape_segment_next(), but of a block that is not skipped only the header is read and checked:
 * SEGMENT_BLOCK, `frame` is NULL, `block` is borrowed until the next call, and the segment still
 * stands before the block. Then tape_segment_next() gives out the block, or tape_segment_pass()
 * goes behind it. Headers are read in small pieces, so that the file's frames are not. */
enum err tape_segment_look(struct tape_segment *segment, uint64_t from_seq,
                           enum tape_segment_event *out) ERR_MUST_CHECK;
void tape_segment_pass(struct tape_segment *segment);

/* Looks at the file's size again and forgets what was read ahead. */
enum err tape_segment_refresh(struct tape_segment *segment, bool *out_changed) ERR_MUST_CHECK;

/* What lies behind a bad place. Plain data. */
struct tape_segment_find {
    bool found;        /* a whole frame that can follow; offset and next_seq are its */
    bool whole_behind; /* some whole frame of this segment lies behind, so this is no torn tail */
    uint64_t offset;
    uint64_t next_seq; /* number of the block's first record, or the end mark's next number */
};
/* Looks from the bad place on. The work is bounded by a small multiple of the file's size, however
 * the bytes are forged. Moves nothing. */
enum err tape_segment_find(struct tape_segment *segment,
                           struct tape_segment_find *out) ERR_MUST_CHECK;
/* Goes on at `offset` with the chain unknown and the next number `next_seq`. */
void tape_segment_jump(struct tape_segment *segment, uint64_t offset, uint64_t next_seq);

#endif
