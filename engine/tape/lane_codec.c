#include "engine/tape/lane_codec.h"

#include "engine/base/buf.h"
#include "engine/tape/column.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* First byte of the content. */
enum form { FORM_PLAIN };

/* Form and sizes of the plain form, besides the payloads. */
#define HEAD_MAX    (1024 + 10 * (size_t)LANE_TEXTS_MAX)
#define CONTENT_MAX (LANE_BYTES_MAX + HEAD_MAX)

struct lane_encoder {
    ZSTD_CCtx *zstd;
    struct buf content;
    struct buf frame;
    int64_t sizes[LANE_TEXTS_MAX];
};

struct lane_decoder {
    ZSTD_DCtx *zstd;
    struct buf content;
    int64_t sizes[LANE_TEXTS_MAX];
};

/* ---- encoding ------------------------------------------------------------------------------- */

enum err lane_encoder_new(struct lane_encoder **out, int level)
{
    struct lane_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return err_fail(ERR_NOMEM, "out of memory for encoding lanes");
    buf_init(&encoder->content, CONTENT_MAX);
    buf_init(&encoder->frame, ZSTD_compressBound(CONTENT_MAX));
    encoder->zstd = ZSTD_createCCtx();
    if (!encoder->zstd ||
        ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_checksumFlag, 1))) {
        lane_encoder_free(encoder);
        return err_fail(ERR_NOMEM, "out of memory for encoding lanes");
    }
    *out = encoder;
    return ERR_OK;
}

void lane_encoder_free(struct lane_encoder *encoder)
{
    if (!encoder)
        return;
    ZSTD_freeCCtx(encoder->zstd);
    buf_release(&encoder->content);
    buf_release(&encoder->frame);
    free(encoder);
}

static enum err put_plain(struct lane_encoder *encoder, const struct lane_text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        encoder->sizes[i] = (int64_t)texts[i].size;
    enum err err = buf_append_byte(&encoder->content, FORM_PLAIN);
    if (err == ERR_OK)
        err = column_put(&encoder->content, encoder->sizes, count);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = buf_append(&encoder->content, texts[i].data, texts[i].size);
    return err;
}

enum err lane_encode(struct lane_encoder *encoder, const struct lane_text *texts, size_t count,
                     const uint8_t **out, size_t *out_size)
{
    buf_clear(&encoder->content);
    enum err err = put_plain(encoder, texts, count);
    if (err != ERR_OK)
        return err;
    buf_clear(&encoder->frame);
    err = buf_reserve(&encoder->frame, ZSTD_compressBound(encoder->content.size));
    if (err != ERR_OK)
        return err;
    size_t size = ZSTD_compress2(encoder->zstd, encoder->frame.data, encoder->frame.capacity,
                                 encoder->content.data, encoder->content.size);
    if (ZSTD_isError(size))
        return err_fail(ERR_NOMEM, "cannot compress a lane: %s", ZSTD_getErrorName(size));
    *out = encoder->frame.data;
    *out_size = size;
    return ERR_OK;
}

/* ---- decoding ------------------------------------------------------------------------------- */

enum err lane_decoder_new(struct lane_decoder **out)
{
    struct lane_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return err_fail(ERR_NOMEM, "out of memory for decoding lanes");
    buf_init(&decoder->content, CONTENT_MAX);
    decoder->zstd = ZSTD_createDCtx();
    if (!decoder->zstd) {
        lane_decoder_free(decoder);
        return err_fail(ERR_NOMEM, "out of memory for decoding lanes");
    }
    *out = decoder;
    return ERR_OK;
}

void lane_decoder_free(struct lane_decoder *decoder)
{
    if (!decoder)
        return;
    ZSTD_freeDCtx(decoder->zstd);
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
        size > CONTENT_MAX)
        return damaged(out_reason, "payloads are no zstd frame of a possible size");
    buf_clear(&decoder->content);
    enum err err = buf_reserve(&decoder->content, (size_t)size);
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

enum err lane_decode(struct lane_decoder *decoder, const uint8_t *frame, size_t frame_size,
                     struct lane_text *texts, size_t count, uint8_t *bytes, size_t byte_count,
                     const char **out_reason)
{
    if (count > LANE_TEXTS_MAX || byte_count > LANE_BYTES_MAX)
        return damaged(out_reason, "more payloads than a block may have");
    enum err err = unpack_frame(decoder, frame, frame_size, out_reason);
    if (err != ERR_OK)
        return err;
    if (decoder->content.data[0] == FORM_PLAIN)
        return take_plain(decoder, texts, count, bytes, byte_count, out_reason);
    return damaged(out_reason, "payloads are of a form that is not known");
}
