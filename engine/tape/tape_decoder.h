/*
 * tape_decoder: one block of a tape in, its records out. Pure: knows no files.
 *
 * The block's checksums may be right and its inside wrong (a forgery): every length is checked
 * before it is used, and either all records of a block come out or none.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_DECODER_H
#define REWICK_ENGINE_TAPE_TAPE_DECODER_H

#include "engine/base/err.h"
#include "engine/tape/record.h"
#include "engine/tape/tape_frame.h"

struct tape_decoder;

enum err tape_decoder_new(struct tape_decoder **out) ERR_MUST_CHECK;
void tape_decoder_free(struct tape_decoder *decoder); /* accepts NULL */

/* `frame` are the header->frame_size bytes of the zstd frame; their checksum was compared already.
 * ERR_DAMAGED: *out_reason, a static text, tells why. The records are borrowed, with all they point
 * to, until the next call; there are header->record_count of them. */
enum err tape_decoder_decode(struct tape_decoder *decoder, const struct tape_block_header *header,
                             const uint8_t *frame, const struct record **out,
                             const char **out_reason) ERR_MUST_CHECK;

#define TAPE_LOOK_OTHER_TYPES (UINT32_C(1) << 31) /* type 31 and above */

/* What a block's header tells of its records by itself. Plain data. */
struct tape_block_look {
    int64_t wall_max_ns; /* the latest wall clock; clocks step, so that it may be any record's */
    uint16_t source_count;
    /* Borrowed until the next call. */
    const struct tape_source_look {
        const char *venue;
        uint32_t types; /* bit t: the source has records of type t */
    } * sources;
};

/* Reads times and types alone, without the zstd frame, in a fraction of the time that decoding
 * takes. ERR_DAMAGED, without a text: the record table does not tell, because it is wrong or of
 * version 1; decoding says which. */
enum err tape_decoder_look(struct tape_decoder *decoder, const struct tape_block_header *header,
                           struct tape_block_look *out) ERR_MUST_CHECK;

#endif
