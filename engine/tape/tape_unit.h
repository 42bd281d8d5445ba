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
#include "engine/tape/lane_unpack.h"
#include "engine/tape/record.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_frame.h"

#include <stdbool.h>

/* One block of a chunk, or a place in it that holds none. */
struct tape_unit_part {
    const char *reason; /* static text: why nothing here can be used; NULL when it is a block */
    bool has_header;    /* `header` is there; always without a reason */
    bool left_out;      /* none of its records is wanted, `unread` neither */
    bool wanted;        /* payloads are there; else its records come out `unread` */
    bool before;        /* wanted of the time before unit.from_ns too */
    struct sealed_lane_header header;
    size_t columns, payloads; /* where their zstd frames begin in the unit's bytes */
    uint64_t offset, size;    /* of the block in the file */
};

/* Who can do without the payloads of trades. `take` makes what it wants of a block's rows
 * (lane_unpack.h) and gives them numbers: the first row's, the others' follow. 0: it wants the
 * payloads after all. Called by tape_unit_decode(). */
struct tape_rows {
    uint32_t (*take)(void *arg, const struct tape_lane *lane, struct lane_unpacker *rows,
                     size_t count); /* NULL: nobody */
    void *arg;
};

/* Plain data but for what it owns; zeroed is empty. Fields are for reading. */
struct tape_unit {
    bool sealed;
    uint32_t segment;      /* its number */
    uint64_t offset, size; /* of the block or chunk in the file */
    uint64_t first_seq;
    uint32_t record_count; /* that the unit says it has; fewer are there when parts are damaged */
    uint64_t from_seq;     /* records below it are not wanted; 0 = all are */
    /* Of the records before the first that was received then or later only those are given out that
     * are wanted of the time before; 0: all. */
    int64_t from_ns;
    bool (*wants)(const struct tape_lane *lane, bool before, void *arg); /* live, with from_ns */
    void *arg;
    struct tape_rows rows;          /* sealed: set by who decodes it */
    struct buf bytes;               /* owned */
    struct tape_block_header block; /* live; borrows from `bytes` */
    size_t part_count, part_capacity;
    struct tape_unit_part *parts; /* sealed; owned */
    bool partial;                 /* sealed: the chunk's other blocks were not even looked at */
};

/* Most bytes of a unit; more of one are damage. */
#define TAPE_UNIT_BYTES_MAX ((size_t)64 * 1024 * 1024)

void tape_unit_release(struct tape_unit *unit); /* accepts a zeroed one */
/* For who fills it: empty but for its memory, which has room for `size` bytes. */
enum err tape_unit_clear(struct tape_unit *unit, size_t size) ERR_MUST_CHECK;
/* Empties a buffer for `size` bytes; one that is far larger than what it is used for is given back.
 */
enum err tape_unit_make_room(struct buf *buf, size_t size, size_t size_max) ERR_MUST_CHECK;
/* One more part, zeroed. Moves the others. */
enum err tape_unit_add_part(struct tape_unit *unit, struct tape_unit_part **out) ERR_MUST_CHECK;

/* Whether `wants` (NULL: nobody) asks for records of this type and venue in live blocks of the time
 * before from_ns. */
bool tape_unit_wants_before(bool (*wants)(const struct tape_lane *lane, bool before, void *arg),
                            void *arg, enum record_type type, const char *venue);

struct tape_unit_decoder;

enum err tape_unit_decoder_new(struct tape_unit_decoder **out) ERR_MUST_CHECK;
void tape_unit_decoder_free(struct tape_unit_decoder *decoder); /* accepts NULL */

/* Something wrong in a unit. */
struct tape_unit_fault {
    const char *reason;                    /* static text */
    const struct tape_unit_part *part;     /* of the unit; NULL: the unit as a whole */
    uint64_t missing, first_seq, last_seq; /* numbers: how many of those from first to last */
};

/* The decoder's memory that a unit's records lie in: who decodes ahead needs one per unit. */
struct tape_records {
    const struct record *records; /* ascending numbers */
    size_t count;
    /* Numbers that the unit should hold and that are in none of its whole parts: how many of those
     * from first to last. Faults without missing numbers are possible too. */
    uint64_t missing, missing_first, missing_last;
    const struct tape_unit_fault *faults; /* borrow from the unit */
    size_t fault_count;
    void *more; /* owned */
};
void tape_records_release(struct tape_records *records); /* accepts a zeroed one */

/* All that can be decoded; what cannot is `missing`. The records and what they point to belong to
 * `out`, until it is filled anew: decoder and, once its faults are judged, unit are free to be used
 * for the next. Fails for want of memory only. A live block comes out whole or not at all. */
enum err tape_unit_decode(struct tape_unit_decoder *decoder, const struct tape_unit *unit,
                          struct tape_records *out) ERR_MUST_CHECK;

#endif
