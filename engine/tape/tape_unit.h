/*
 * tape_unit: the piece of a tape that is decoded by itself: a block of a live segment or a chunk of
 * a sealed one, as bytes. tape_scan gives units out in order; decoding them needs nothing else, so
 * that it can be done by several threads at once.
 *
 *     tape_scan -> UNIT (bytes) -> tape_unit_decode() -> records
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_UNIT_H
#define REWICK_ENGINE_TAPE_TAPE_UNIT_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/tape/record.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_frame.h"

#include <stdbool.h>

/* One block of a chunk. */
struct tape_unit_part {
    struct sealed_lane_header header;
    size_t columns, payloads; /* where their zstd frames begin in the unit's bytes */
    bool wanted;              /* payloads are there; else its records come out `unread` */
    uint64_t offset;          /* of the block in the file */
};

/* Plain data but for what it owns; zeroed is empty. Fields are for reading. */
struct tape_unit {
    bool sealed;
    uint32_t segment;      /* its number */
    uint64_t offset, size; /* of the block or chunk in the file */
    uint64_t first_seq;
    uint32_t record_count; /* that the unit says it has; fewer are there when parts are damaged */
    uint64_t from_seq;     /* records below it are not wanted; 0 = all are */
    /* Of records received before it only those of wanted lanes are given out at all; 0:
     * all. */
    int64_t from_ns;
    struct buf bytes;               /* owned */
    struct tape_block_header block; /* live; borrows from `bytes` */
    size_t part_count, part_capacity;
    struct tape_unit_part *parts; /* sealed; owned */
};

void tape_unit_release(struct tape_unit *unit); /* accepts a zeroed one */

struct tape_unit_decoder;

enum err tape_unit_decoder_new(struct tape_unit_decoder **out) ERR_MUST_CHECK;
void tape_unit_decoder_free(struct tape_unit_decoder *decoder); /* accepts NULL */

/* The decoder's memory that a unit's records lie in: who decodes ahead needs one per unit. */
struct tape_records {
    struct record *records; /* ascending numbers */
    size_t count;
    /* Numbers that the unit should hold and that are in none of its whole parts. */
    uint64_t missing, missing_first, missing_last;
    const char *reason; /* static text: why the first of them are missing; NULL when none is */
    uint64_t reason_offset, reason_size; /* where in the file that is */
    /* Owned. */
    size_t capacity;
    struct buf bytes; /* payloads and names that the records point to */
    void *more;
};
void tape_records_release(struct tape_records *records); /* accepts a zeroed one */

/* All that can be decoded; what cannot is `missing`. The records and what they point to belong to
 * `out`, until it is filled anew: unit and decoder are free to be used for the next. Fails for want
 * of memory only. A live block comes out whole or not at all. */
enum err tape_unit_decode(struct tape_unit_decoder *decoder, const struct tape_unit *unit,
                          struct tape_records *out) ERR_MUST_CHECK;

#endif
