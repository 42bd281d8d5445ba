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

#endif
