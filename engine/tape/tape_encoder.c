#include "engine/tape/tape_encoder.h"

#include "engine/base/buf.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/varint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Type, flags, source index (at most 2 bytes), data length (at most 4), three times of at most 10.
 */
#define ROW_MAX 38

struct source {
    uint32_t connection;
    uint8_t length;
    char venue[RECORD_VENUE_MAX];
};

struct tape_encoder {
    ZSTD_CCtx *zstd;
    struct buf table, content, out;
    uint32_t count;
    int64_t first_wall_ns, first_mono_ns;
    int64_t wall_ns, mono_ns; /* of the row before */
    uint32_t source_count;
    uint32_t source_last; /* most records come from where the last one came from */
    struct source sources[TAPE_BLOCK_SOURCES_MAX];
};

static enum err prepare_zstd(ZSTD_CCtx *zstd, int level)
{
    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel())
        return err_fail(ERR_USAGE, "compression level %d is not between %d and %d", level,
                        ZSTD_minCLevel(), ZSTD_maxCLevel());
    if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1)))
        return err_fail(ERR_NOMEM, "cannot set up zstd");
    return ERR_OK;
}

enum err tape_encoder_new(struct tape_encoder **out, int level)
{
    struct tape_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return err_fail(ERR_NOMEM, "out of memory for a tape encoder");
    buf_init(&encoder->table, TAPE_BLOCK_TABLE_MAX);
    buf_init(&encoder->content, TAPE_BLOCK_CONTENT_MAX);
    buf_init(&encoder->out, (size_t)TAPE_BLOCK_HEADER_MAX + TAPE_BLOCK_FRAME_MAX);
    encoder->zstd = ZSTD_createCCtx();
    enum err err = encoder->zstd ? prepare_zstd(encoder->zstd, level)
                                 : err_fail(ERR_NOMEM, "out of memory for zstd");
    if (err == ERR_OK)
        err = buf_reserve(&encoder->content, 2 * (size_t)TAPE_BLOCK_CONTENT_GOAL);
    if (err != ERR_OK) {
        tape_encoder_free(encoder);
        return err;
    }
    *out = encoder;
    return ERR_OK;
}

void tape_encoder_free(struct tape_encoder *encoder)
{
    if (!encoder)
        return;
    ZSTD_freeCCtx(encoder->zstd);
    buf_release(&encoder->table);
    buf_release(&encoder->content);
    buf_release(&encoder->out);
    free(encoder);
}

/* Room for one large record is given back: it may not come again for months. */
static void clear(struct buf *buf)
{
    if (buf->capacity > 8 * (size_t)TAPE_BLOCK_CONTENT_GOAL)
        buf_release(buf);
    buf_clear(buf);
}

void tape_encoder_clear(struct tape_encoder *encoder)
{
    buf_clear(&encoder->table);
    clear(&encoder->content);
    clear(&encoder->out);
    encoder->count = 0;
    encoder->source_count = 0;
    encoder->source_last = 0;
}

static bool is_source(const struct source *source, const struct record *record)
{
    return source->connection == record->connection && strcmp(source->venue, record->venue) == 0;
}

/* Index of the record's source; source_count when it is not there yet. */
static uint32_t find_source(const struct tape_encoder *encoder, const struct record *record)
{
    uint32_t i = encoder->source_last;
    if (i < encoder->source_count && is_source(&encoder->sources[i], record))
        return i;
    for (i = 0; i < encoder->source_count; i++)
        if (is_source(&encoder->sources[i], record))
            break;
    return i;
}

bool tape_encoder_has_room(const struct tape_encoder *encoder, const struct record *record)
{
    return encoder->count < TAPE_BLOCK_RECORDS_MAX &&
           record->size < TAPE_BLOCK_CONTENT_MAX - encoder->content.size &&
           find_source(encoder, record) < TAPE_BLOCK_SOURCES_MAX;
}

uint32_t tape_encoder_count(const struct tape_encoder *encoder)
{
    return encoder->count;
}

size_t tape_encoder_content_size(const struct tape_encoder *encoder)
{
    return encoder->content.size;
}

static void add_source(struct tape_encoder *encoder, const struct record *record)
{
    assert(encoder->source_count < TAPE_BLOCK_SOURCES_MAX);
    struct source *source = &encoder->sources[encoder->source_count++];
    size_t length = strlen(record->venue);
    assert(length < RECORD_VENUE_MAX);
    source->connection = record->connection;
    source->length = (uint8_t)length;
    memcpy(source->venue, record->venue, length + 1);
}

/* Modulo 2^64, so that every pair of times has a difference. */
static uint64_t zigzag_difference(int64_t a, int64_t b)
{
    return varint_zigzag((uint64_t)a - (uint64_t)b);
}

static void put_row(struct tape_encoder *encoder, const struct record *record, uint32_t source)
{
    uint8_t *start = encoder->table.data + encoder->table.size;
    uint8_t *p = start;
    bool has_source_time = record->source_ns != RECORD_NO_TIME;
    *p++ = (uint8_t)record->type;
    *p++ = (uint8_t)((record->flags & ~TAPE_ROW_HAS_SOURCE_TIME) |
                     (has_source_time ? TAPE_ROW_HAS_SOURCE_TIME : 0));
    p = varint_put(p, source);
    p = varint_put(p, record->size);
    p = varint_put(p, zigzag_difference(record->wall_ns, encoder->wall_ns));
    p = varint_put(p, zigzag_difference(record->mono_ns, encoder->mono_ns));
    if (has_source_time)
        p = varint_put(p, zigzag_difference(record->wall_ns, record->source_ns));
    encoder->table.size += (size_t)(p - start);
}

enum err tape_encoder_add(struct tape_encoder *encoder, const struct record *record)
{
    assert(tape_encoder_has_room(encoder, record));
    assert(record->type > 0 && (unsigned)record->type <= UINT8_MAX);
    enum err err = buf_reserve(&encoder->table, ROW_MAX);
    if (err == ERR_OK)
        err = buf_reserve(&encoder->content, record->size + 1);
    if (err != ERR_OK)
        return err;
    if (encoder->count == 0) {
        encoder->first_wall_ns = encoder->wall_ns = record->wall_ns;
        encoder->first_mono_ns = encoder->mono_ns = record->mono_ns;
    }
    uint32_t source = find_source(encoder, record);
    if (source == encoder->source_count)
        add_source(encoder, record);
    encoder->source_last = source;
    put_row(encoder, record, source);
    struct buf *content = &encoder->content;
    if (record->size > 0)
        memcpy(content->data + content->size, record->data, record->size);
    content->size += record->size;
    content->data[content->size++] = '\n';
    encoder->wall_ns = record->wall_ns;
    encoder->mono_ns = record->mono_ns;
    encoder->count++;
    return ERR_OK;
}

static size_t put_sources(const struct tape_encoder *encoder, uint8_t *out)
{
    uint8_t *p = out;
    for (uint32_t i = 0; i < encoder->source_count; i++) {
        const struct source *source = &encoder->sources[i];
        bytes_put_u32(p, source->connection);
        p[4] = source->length;
        memcpy(p + TAPE_SOURCE_FIXED_SIZE, source->venue, source->length);
        p += TAPE_SOURCE_FIXED_SIZE + source->length;
    }
    return (size_t)(p - out);
}

static size_t sources_size(const struct tape_encoder *encoder)
{
    size_t size = 0;
    for (uint32_t i = 0; i < encoder->source_count; i++)
        size += TAPE_SOURCE_FIXED_SIZE + (size_t)encoder->sources[i].length;
    return size;
}

enum err tape_encoder_finish(struct tape_encoder *encoder, const struct tape_block_place *place,
                             const uint8_t **out, size_t *out_size, uint32_t *out_crc)
{
    assert(encoder->count > 0);
    size_t header_size =
        TAPE_BLOCK_FIXED_SIZE + sources_size(encoder) + encoder->table.size + sizeof(uint32_t);
    size_t bound = ZSTD_compressBound(encoder->content.size);
    buf_clear(&encoder->out);
    enum err err = buf_reserve(&encoder->out, header_size + bound);
    if (err != ERR_OK)
        return err;
    uint8_t *header_bytes = encoder->out.data;
    uint8_t *frame = header_bytes + header_size;
    size_t frame_size =
        ZSTD_compress2(encoder->zstd, frame, bound, encoder->content.data, encoder->content.size);
    if (ZSTD_isError(frame_size))
        return err_fail(ERR_NOMEM, "cannot compress: %s", ZSTD_getErrorName(frame_size));
    size_t sources = put_sources(encoder, header_bytes + TAPE_BLOCK_FIXED_SIZE);
    memcpy(header_bytes + TAPE_BLOCK_FIXED_SIZE + sources, encoder->table.data,
           encoder->table.size);
    struct tape_block_header header = {
        .size = (uint32_t)header_size,
        .record_count = encoder->count,
        .salt = place->salt,
        .first_seq = place->first_seq,
        .wall_ns = encoder->first_wall_ns,
        .mono_ns = encoder->first_mono_ns,
        .frame_size = (uint32_t)frame_size,
        .content_size = (uint32_t)encoder->content.size,
        .frame_crc = crc32c(0, frame, frame_size),
        .chain = place->chain,
        .source_count = (uint16_t)encoder->source_count,
        .flags = place->flags,
        .table_size = (uint32_t)encoder->table.size,
    };
    tape_block_header_write(header_bytes, &header);
    *out = header_bytes;
    *out_size = header_size + frame_size;
    *out_crc = header.crc;
    return ERR_OK;
}
