/*
 * lane_codec: the payloads of one block of a lane in, one zstd frame out, and back, byte for byte.
 * Pure: knows neither files nor venues. docs/tape-format.md, "Payloads of a lane block", draws the
 * bytes; a Python reader in tests/e2e is written from that page alone.
 *
 * Frames of one channel and instrument are the same text again and again with other numbers in it.
 * So the numbers are taken out into columns (column.h and what this module adds: differences to the
 * number before in the same column, or to one of the numbers before in the same frame), the text
 * between them is kept once, and zstd goes over the columns. What is no such text (binary, huge
 * numbers, leading zeros where they would be lost) stays text: nothing is ever altered. Where all
 * of that does not pay, the payloads are kept as they are.
 *
 * Encoder and decoder keep their memory from block to block. One thread each.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_CODEC_H
#define REWICK_ENGINE_TAPE_LANE_CODEC_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Limits of one block. */
#define LANE_TEXTS_MAX 65536u
#define LANE_BYTES_MAX (16u * 1024 * 1024) /* all payloads together */

struct lane_text {
    const uint8_t *data;
    size_t size;
};

struct lane_encoder;
struct lane_decoder;

enum err lane_encoder_new(struct lane_encoder **out, int level) ERR_MUST_CHECK;
void lane_encoder_free(struct lane_encoder *encoder); /* accepts NULL */

/* At least one text; the bytes, one zstd frame with content size and checksum, are borrowed until
 * the next call. */
enum err lane_encode(struct lane_encoder *encoder, const struct lane_text *texts, size_t count,
                     const uint8_t **out, size_t *out_size) ERR_MUST_CHECK;

enum err lane_decoder_new(struct lane_decoder **out) ERR_MUST_CHECK;
void lane_decoder_free(struct lane_decoder *decoder); /* accepts NULL */

/* `frame` is untrusted, however right its checksum is. Fills texts[0..count), whose bytes lie in
 * `bytes` one behind the other and fill bytes[0..byte_count) exactly. `bytes` has LANE_SLACK more
 * that may be written over. ERR_DAMAGED: *out_reason, a static text, tells why. */
#define LANE_SLACK 64
enum err lane_decode(struct lane_decoder *decoder, const uint8_t *frame, size_t frame_size,
                     struct lane_text *texts, size_t count, uint8_t *bytes, size_t byte_count,
                     const char **out_reason) ERR_MUST_CHECK;

/* The same in two steps, between which the rows can be read (lane_unpack.h): *out_rows is NULL when
 * the payloads are not shaped. */
struct lane_unpacker;
enum err lane_decode_open(struct lane_decoder *decoder, const uint8_t *frame, size_t frame_size,
                          size_t count, struct lane_unpacker **out_rows,
                          const char **out_reason) ERR_MUST_CHECK;
enum err lane_decode_texts(struct lane_decoder *decoder, struct lane_text *texts, uint8_t *bytes,
                           size_t byte_count, const char **out_reason) ERR_MUST_CHECK;

#endif
