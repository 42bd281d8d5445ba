#include "engine/tape/lane_codec.h"

#include "engine/base/buf.h"
#include "engine/tape/column.h"
#include "engine/tape/lane_form.h"
#include "engine/tape/lane_pack.h"
#include "engine/tape/lane_unpack.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* The shaped form is taken without a look at the plain one when it makes payloads this many times
 * smaller. */
#define SURE_RATIO 6u

/* Besides what zstd itself may need: a block header for each flush. */
#define FRAME_MAX (ZSTD_COMPRESSBOUND(LANE_CONTENT_MAX) + 4096)

struct lane_encoder {
    ZSTD_CCtx *zstd;
    struct lane_packer *packer;
    struct buf content;
    struct buf frame, plain_frame;
    int64_t sizes[LANE_TEXTS_MAX];
};

struct lane_decoder {
    ZSTD_DCtx *zstd;
    struct lane_unpacker *unpacker;
    struct buf content;
    size_t count; /* payloads of it */
    int64_t sizes[LANE_TEXTS_MAX];
};

/* ---- encoding ------------------------------------------------------------------------------- */

enum err lane_encoder_new(struct lane_encoder **out, int level)
{
    struct lane_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return err_fail(ERR_NOMEM, "out of memory for encoding lanes");
    buf_init(&encoder->content, LANE_CONTENT_MAX);
    buf_init(&encoder->frame, FRAME_MAX);
    buf_init(&encoder->plain_frame, FRAME_MAX);
    encoder->zstd = ZSTD_createCCtx();
    if (!encoder->zstd ||
        ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_checksumFlag, 1))) {
        lane_encoder_free(encoder);
        return err_fail(ERR_NOMEM, "out of memory for encoding lanes");
    }
    enum err err = lane_packer_new(&encoder->packer);
    if (err != ERR_OK) {
        lane_encoder_free(encoder);
        return err;
    }
    *out = encoder;
    return ERR_OK;
}

void lane_encoder_free(struct lane_encoder *encoder)
{
    if (!encoder)
        return;
    ZSTD_freeCCtx(encoder->zstd);
    lane_packer_free(encoder->packer);
    buf_release(&encoder->content);
    buf_release(&encoder->frame);
    buf_release(&encoder->plain_frame);
    free(encoder);
}

static enum err put_plain(struct lane_encoder *encoder, const struct lane_text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        encoder->sizes[i] = (int64_t)texts[i].size;
    enum err err = buf_append_byte(&encoder->content, LANE_PLAIN);
    if (err == ERR_OK)
        err = column_put(&encoder->content, encoder->sizes, count);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = buf_append(&encoder->content, texts[i].data, texts[i].size);
    return err;
}

static enum err zstd_failed(size_t code)
{
    return err_fail(ERR_NOMEM, "cannot compress a lane: %s", ZSTD_getErrorName(code));
}

/* Compresses content up to `to`, as a block that ends there. */
static enum err compress_to(struct lane_encoder *encoder, size_t to, ZSTD_EndDirective directive,
                            ZSTD_inBuffer *in, ZSTD_outBuffer *out)
{
    in->size = to;
    const size_t left = ZSTD_compressStream2(encoder->zstd, out, in, directive);
    return left == 0 ? ERR_OK : zstd_failed(left);
}

/* The content as one frame, that begins a new block at each of the ends. */
static enum err compress(struct lane_encoder *encoder, const size_t *ends, size_t end_count,
                         struct buf *frame)
{
    const struct buf *content = &encoder->content;
    buf_clear(frame);
    enum err err = buf_reserve(frame, ZSTD_compressBound(content->size) + 4096);
    if (err != ERR_OK)
        return err;
    ZSTD_CCtx_reset(encoder->zstd, ZSTD_reset_session_only);
    ZSTD_inBuffer in = {content->data, 0, 0};
    ZSTD_outBuffer out = {frame->data, frame->capacity, 0};
    const size_t code = ZSTD_CCtx_setPledgedSrcSize(encoder->zstd, content->size);
    if (ZSTD_isError(code))
        return zstd_failed(code);
    for (size_t i = 0; i < end_count && err == ERR_OK; i++)
        err = compress_to(encoder, ends[i], ZSTD_e_flush, &in, &out);
    if (err == ERR_OK)
        err = compress_to(encoder, content->size, ZSTD_e_end, &in, &out);
    frame->size = out.pos;
    return err;
}

static enum err encode_shaped(struct lane_encoder *encoder, const struct lane_text *texts,
                              size_t count, bool *out_fits)
{
    buf_clear(&encoder->content);
    enum err err = buf_append_byte(&encoder->content, LANE_SHAPED);
    if (err == ERR_OK)
        err = lane_pack(encoder->packer, texts, count, &encoder->content, out_fits);
    if (err != ERR_OK || !*out_fits)
        return err;
    size_t end_count;
    const size_t *ends = lane_packer_ends(encoder->packer, &end_count);
    return compress(encoder, ends, end_count, &encoder->frame);
}

static enum err encode_plain(struct lane_encoder *encoder, const struct lane_text *texts,
                             size_t count)
{
    buf_clear(&encoder->content);
    enum err err = put_plain(encoder, texts, count);
    return err == ERR_OK ? compress(encoder, NULL, 0, &encoder->plain_frame) : err;
}

enum err lane_encode(struct lane_encoder *encoder, const struct lane_text *texts, size_t count,
                     const uint8_t **out, size_t *out_size)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].size;
    assert(count > 0 && count <= LANE_TEXTS_MAX && bytes <= LANE_BYTES_MAX);
    bool fits = false;
    enum err err = encode_shaped(encoder, texts, count, &fits);
    const struct buf *best = &encoder->frame;
    if (err == ERR_OK && (!fits || best->size > bytes / SURE_RATIO)) {
        err = encode_plain(encoder, texts, count);
        if (!fits || encoder->plain_frame.size < best->size)
            best = &encoder->plain_frame;
    }
    *out = best->data;
    *out_size = best->size;
    return err;
}

/* ---- decoding ------------------------------------------------------------------------------- */

enum err lane_decoder_new(struct lane_decoder **out)
{
    struct lane_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return err_fail(ERR_NOMEM, "out of memory for decoding lanes");
    buf_init(&decoder->content, LANE_CONTENT_MAX + LANE_SLACK);
    decoder->zstd = ZSTD_createDCtx();
    if (!decoder->zstd) {
        lane_decoder_free(decoder);
        return err_fail(ERR_NOMEM, "out of memory for decoding lanes");
    }
    enum err err = lane_unpacker_new(&decoder->unpacker);
    if (err != ERR_OK) {
        lane_decoder_free(decoder);
        return err;
    }
    *out = decoder;
    return ERR_OK;
}

void lane_decoder_free(struct lane_decoder *decoder)
{
    if (!decoder)
        return;
    ZSTD_freeDCtx(decoder->zstd);
    lane_unpacker_free(decoder->unpacker);
    buf_release(&decoder->content);
    free(decoder);
}

static enum err damaged(const char **out_reason, const char *reason)
{
    *out_reason = reason;
    return ERR_DAMAGED;
}

static enum err unpack_frame(struct lane_decoder *decoder, const uint8_t *frame, size_t frame_size,
                             const char **out_reason)
{
    const unsigned long long size = ZSTD_getFrameContentSize(frame, frame_size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size == 0 ||
        size > LANE_CONTENT_MAX)
        return damaged(out_reason, "payloads are no zstd frame of a possible size");
    buf_clear(&decoder->content);
    enum err err = buf_reserve(&decoder->content, (size_t)size + LANE_SLACK);
    if (err != ERR_OK)
        return err;
    if (ZSTD_decompressDCtx(decoder->zstd, decoder->content.data, (size_t)size, frame,
                            frame_size) != size)
        return damaged(out_reason, "payloads do not decompress");
    decoder->content.size = (size_t)size;
    return ERR_OK;
}

static enum err take_plain(struct lane_decoder *decoder, struct lane_text *texts, size_t count,
                           uint8_t *bytes, size_t byte_count, const char **out_reason)
{
    const uint8_t *end = decoder->content.data + decoder->content.size;
    const uint8_t *p = column_get(decoder->content.data + 1, end, decoder->sizes, count);
    if (!p || (size_t)(end - p) != byte_count)
        return damaged(out_reason, "payloads have other lengths than stated");
    size_t left = byte_count;
    for (size_t i = 0; i < count; i++) {
        const uint64_t size = (uint64_t)decoder->sizes[i];
        if (size > left)
            return damaged(out_reason, "payloads have other lengths than stated");
        texts[i] = (struct lane_text){bytes + (byte_count - left), (size_t)size};
        left -= (size_t)size;
    }
    if (left != 0)
        return damaged(out_reason, "payloads have other lengths than stated");
    if (byte_count > 0)
        memcpy(bytes, p, byte_count);
    return ERR_OK;
}

enum err lane_decode_open(struct lane_decoder *decoder, const uint8_t *frame, size_t frame_size,
                          size_t count, struct lane_unpacker **out_rows, const char **out_reason)
{
    *out_rows = NULL;
    decoder->count = count;
    if (count > LANE_TEXTS_MAX)
        return damaged(out_reason, "more payloads than a block may have");
    enum err err = unpack_frame(decoder, frame, frame_size, out_reason);
    if (err != ERR_OK || decoder->content.data[0] == LANE_PLAIN)
        return err;
    if (decoder->content.data[0] != LANE_SHAPED)
        return damaged(out_reason, "payloads are of a form that is not known");
    *out_rows = decoder->unpacker;
    return lane_unpack_open(decoder->unpacker, decoder->content.data + 1, decoder->content.size - 1,
                            count, out_reason);
}

enum err lane_decode_texts(struct lane_decoder *decoder, struct lane_text *texts, uint8_t *bytes,
                           size_t byte_count, const char **out_reason)
{
    if (byte_count > LANE_BYTES_MAX)
        return damaged(out_reason, "more payloads than a block may have");
    if (decoder->content.data[0] == LANE_PLAIN)
        return take_plain(decoder, texts, decoder->count, bytes, byte_count, out_reason);
    return lane_unpack_texts(decoder->unpacker, texts, bytes, byte_count, out_reason);
}

enum err lane_decode(struct lane_decoder *decoder, const uint8_t *frame, size_t frame_size,
                     struct lane_text *texts, size_t count, uint8_t *bytes, size_t byte_count,
                     const char **out_reason)
{
    struct lane_unpacker *rows;
    enum err err = lane_decode_open(decoder, frame, frame_size, count, &rows, out_reason);
    return err == ERR_OK ? lane_decode_texts(decoder, texts, bytes, byte_count, out_reason) : err;
}
