/*
 * lane_unpack: the shaped form of a lane's payloads (lane_form.h) back to payloads. All columns are
 * read into arrays first; then the steps of each payload's shape write it, without a check where
 * there is room for the most that the shape can take.
 *
 * The content is untrusted. Memory: 8 bytes for each value (LANE_VALUES_MAX), 1 more for each whose
 * decimals are listed, steps and columns up to their limits; kept from block to block.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_UNPACK_H
#define REWICK_ENGINE_TAPE_LANE_UNPACK_H

#include "engine/tape/lane_codec.h"

struct lane_unpacker;

enum err lane_unpacker_new(struct lane_unpacker **out) ERR_MUST_CHECK;
void lane_unpacker_free(struct lane_unpacker *unpacker); /* accepts NULL */

/* `content` is what follows the form byte; LANE_SLACK bytes behind it may be read. Otherwise like
 * lane_decode(). */
enum err lane_unpack(struct lane_unpacker *unpacker, const uint8_t *content, size_t size,
                     struct lane_text *texts, size_t count, uint8_t *bytes, size_t byte_count,
                     const char **out_reason) ERR_MUST_CHECK;

#endif
