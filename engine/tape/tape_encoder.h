/*
 * tape_encoder: records in, one block of a tape out. Pure: knows no files. tape_format.h draws the
 * block.
 *
 *   while (tape_encoder_has_room(e, &record))   tape_encoder_add(e, &record);
 *   tape_encoder_finish(e, &place, &bytes, &size);  ... write them ...  tape_encoder_clear(e);
 *
 * Memory is kept from block to block: in steady state nothing is allocated.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_ENCODER_H
#define REWICK_ENGINE_TAPE_TAPE_ENCODER_H

#include "engine/base/err.h"
#include "engine/tape/record.h"
#include "engine/tape/tape_frame.h"

#include <stdbool.h>

struct tape_encoder;

/* Where the block will stand. Plain data. */
struct tape_block_place {
    uint64_t salt;
    uint64_t first_seq;
    uint32_t chain;
    uint16_t flags;
};

/* `level` is zstd's for the payloads. TAPE_ENCODER_ADAPTS: 1, and TAPE_ENCODER_SMALL_LEVEL for
 * blocks below TAPE_ENCODER_SMALL bytes, which are written when little arrives: there is time, and
 * need, because zstd begins anew with each block. */
#define TAPE_ENCODER_ADAPTS      0
#define TAPE_ENCODER_SMALL       (64u * 1024)
#define TAPE_ENCODER_SMALL_LEVEL 7
enum err tape_encoder_new(struct tape_encoder **out, int level) ERR_MUST_CHECK;
void tape_encoder_free(struct tape_encoder *encoder); /* accepts NULL */

/* An empty encoder has room for every valid record. */
bool tape_encoder_has_room(const struct tape_encoder *encoder, const struct record *record);
/* Copies the record; its seq is not looked at. There must be room. */
enum err tape_encoder_add(struct tape_encoder *encoder, const struct record *record) ERR_MUST_CHECK;

uint32_t tape_encoder_count(const struct tape_encoder *encoder);      /* records in it */
size_t tape_encoder_content_size(const struct tape_encoder *encoder); /* decompressed bytes */

/* There must be a record. The bytes are borrowed until the next call; *out_crc is the header's. */
enum err tape_encoder_finish(struct tape_encoder *encoder, const struct tape_block_place *place,
                             const uint8_t **out, size_t *out_size,
                             uint32_t *out_crc) ERR_MUST_CHECK;
void tape_encoder_clear(struct tape_encoder *encoder);

#endif
