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

#include <stdbool.h>

struct lane_unpacker;

enum err lane_unpacker_new(struct lane_unpacker **out) ERR_MUST_CHECK;
void lane_unpacker_free(struct lane_unpacker *unpacker); /* accepts NULL */

/* Reads shapes and columns of `count` payloads. `content` is what follows the form byte and stays
 * where it is as long as payloads are made of it; LANE_SLACK bytes behind it may be read.
 * ERR_DAMAGED: see lane_decode(). */
enum err lane_unpack_open(struct lane_unpacker *unpacker, const uint8_t *content, size_t size,
                          size_t count, const char **out_reason) ERR_MUST_CHECK;

/* All payloads: see lane_decode(). */
enum err lane_unpack_texts(struct lane_unpacker *unpacker, struct lane_text *texts, uint8_t *bytes,
                           size_t byte_count, const char **out_reason) ERR_MUST_CHECK;

/* ---- rows -------------------------------------------------------------------------------------
 *
 * Or one payload after the other as the values that it is made of, for who knows what they mean and
 * needs no text (engine/lane_trades.h). Nothing checks then that the texts are as long as stated.
 */

#define LANE_CELLS_MAX 24

/* One value, in the order of the text. */
struct lane_cell {
    int64_t number;   /* number, time: all digits; else what is the same for the same word only */
    uint8_t kind;     /* enum lane_kind */
    uint8_t decimals; /* of `number` */
    uint8_t shown;    /* of these, how many are written */
};

struct lane_row {
    uint32_t shape; /* payloads of one shape differ in their cells only */
    uint32_t count;
    struct lane_cell cells[LANE_CELLS_MAX];
};

/* False: some payload is no row, since its shape repeats or has too many values. */
bool lane_rows_begin(struct lane_unpacker *unpacker);
/* At most `count` times after lane_rows_begin(). */
void lane_rows_next(struct lane_unpacker *unpacker, struct lane_row *out);
/* The payload of a row, which may have other numbers than the block's; 0 when there is no room.
 * Bytes up to `room` may be written over. */
size_t lane_row_text(const struct lane_unpacker *unpacker, const struct lane_row *row, uint8_t *out,
                     size_t room);

#endif
