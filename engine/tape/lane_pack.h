/*
 * lane_pack: the payloads of a block in the shaped form (lane_form.h).
 *
 * Each payload is split (lane_split.h). What repeats in it becomes a repeat, its steps a shape that
 * payloads share, its values go to columns by their place in the frame's structure. A column whose
 * values are all the same becomes part of the literals. For the others what costs least is sought:
 * column.h, or the difference to a column beside.
 *
 * Memory: some 50 bytes for each value (LANE_VALUES_MAX), kept from block to block.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_PACK_H
#define REWICK_ENGINE_TAPE_LANE_PACK_H

#include "engine/base/buf.h"
#include "engine/tape/lane_codec.h"

#include <stdbool.h>

struct lane_packer;

enum err lane_packer_new(struct lane_packer **out) ERR_MUST_CHECK;
void lane_packer_free(struct lane_packer *packer); /* accepts NULL */

/* Appends the shaped form, without its form byte, to `out`. *out_fits is false when the payloads
 * have more of something than the form can hold; what was appended is then worthless. */
enum err lane_pack(struct lane_packer *packer, const struct lane_text *texts, size_t count,
                   struct buf *out, bool *out_fits) ERR_MUST_CHECK;

/* Where large columns end in `out`, ascending: each is best compressed by itself. */
const size_t *lane_packer_ends(const struct lane_packer *packer, size_t *out_count);

#endif
