/*
 * The lane codec on any texts and on hostile content. Input: one byte that says which, then
 *
 *     0  texts, a byte 0xFF between them: they come back
 *     1  u16 count, u16 bytes, content: decoded, or refused with a reason
 *     2  u8 n, n edits of u16 place and u8 bits, texts: their content, changed so, is decoded
 *
 * A decoded block fills exactly the bytes that it was said to have.
 */
#include "engine/base/bytes.h"
#include "engine/tape/lane_codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define TEXTS_MAX 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lane_encoder *encoder;
static struct lane_decoder *decoder;

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void *take(size_t size)
{
    void *memory = malloc(size ? size : 1);
    check(memory != NULL);
    return memory;
}

static size_t split(struct lane_text *texts, const uint8_t *data, size_t size)
{
    size_t count = 0, first = 0;
    for (size_t i = 0; i <= size && count < TEXTS_MAX; i++)
        if (i == size || data[i] == 0xFF) {
            texts[count++] = (struct lane_text){data + first, i - first};
            first = i + 1;
        }
    return count;
}

static size_t bytes_of(const struct lane_text *texts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].size;
    return bytes;
}

/* The block that came out, or NULL when it was refused. */
static uint8_t *decode(const uint8_t *frame, size_t size, struct lane_text *texts, size_t count,
                       size_t byte_count)
{
    const char *reason = NULL;
    uint8_t *bytes = take(byte_count + LANE_SLACK);
    const enum err err =
        lane_decode(decoder, frame, size, texts, count, bytes, byte_count, &reason);
    check(err == ERR_OK || (err == ERR_DAMAGED && reason));
    if (err != ERR_OK) {
        free(bytes);
        return NULL;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; at += texts[i++].size)
        check(texts[i].data == bytes + at && texts[i].size <= byte_count - at);
    check(at == byte_count);
    return bytes;
}

static void round_trip(const uint8_t *data, size_t size)
{
    struct lane_text texts[TEXTS_MAX], back[TEXTS_MAX];
    const size_t count = split(texts, data, size);
    const uint8_t *frame;
    size_t frame_size;
    check(lane_encode(encoder, texts, count, &frame, &frame_size) == ERR_OK);
    uint8_t *bytes = decode(frame, frame_size, back, count, bytes_of(texts, count));
    check(bytes != NULL);
    for (size_t i = 0; i < count; i++)
        check(back[i].size == texts[i].size &&
              memcmp(back[i].data, texts[i].data, texts[i].size) == 0);
    free(bytes);
}

static void decode_content(const uint8_t *content, size_t size, size_t count, size_t byte_count)
{
    struct lane_text texts[TEXTS_MAX];
    const size_t capacity = ZSTD_compressBound(size);
    uint8_t *frame = take(capacity);
    const size_t frame_size = ZSTD_compress(frame, capacity, content, size, 1);
    check(!ZSTD_isError(frame_size));
    free(decode(frame, frame_size, texts, count, byte_count));
    free(frame);
}

static void edit_content(const uint8_t *edits, size_t edit_count, const uint8_t *data, size_t size)
{
    struct lane_text texts[TEXTS_MAX];
    const size_t count = split(texts, data, size);
    const uint8_t *frame;
    size_t frame_size;
    check(lane_encode(encoder, texts, count, &frame, &frame_size) == ERR_OK);
    const size_t content_size = (size_t)ZSTD_getFrameContentSize(frame, frame_size);
    uint8_t *content = take(content_size);
    check(ZSTD_decompress(content, content_size, frame, frame_size) == content_size);
    for (size_t i = 0; i < edit_count; i++)
        content[bytes_get_u16(edits + 3 * i) % content_size] ^= edits[3 * i + 2];
    decode_content(content, content_size, count, bytes_of(texts, count));
    free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!encoder)
        check(lane_encoder_new(&encoder, 1) == ERR_OK && lane_decoder_new(&decoder) == ERR_OK);
    if (size < 1)
        return 0;
    const uint8_t way = data[0] % 3;
    data++;
    size--;
    if (way == 0)
        round_trip(data, size);
    else if (way == 1 && size > 4)
        decode_content(data + 4, size - 4, bytes_get_u16(data) % (TEXTS_MAX + 1),
                       bytes_get_u16(data + 2));
    else if (way == 2 && size > 1 && size - 1 >= 3 * (size_t)data[0])
        edit_content(data + 1, data[0], data + 1 + 3 * (size_t)data[0],
                     size - 1 - 3 * (size_t)data[0]);
    return 0;
}
