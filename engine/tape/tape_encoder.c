#include "engine/tape/tape_encoder.h"

#include "engine/base/buf.h"
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/column.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define ROWS_FIRST 1024 /* that memory is made for */
/* column_put() asks for room for the longest numbers; zstd for more than it will write. */
#define TABLE_SLACK ((size_t)TAPE_BLOCK_RECORDS_MAX * 10 * TAPE_COLUMNS)
#define OUT_MAX     ((size_t)TAPE_BLOCK_HEADER_MAX + TAPE_BLOCK_FRAME_MAX + TABLE_SLACK)

struct source {
    uint32_t connection;
    uint8_t length;
    char venue[RECORD_VENUE_MAX];
};

struct tape_encoder {
    ZSTD_CCtx *zstd;
    int level;
    struct buf table, content, out;
    int64_t *columns[TAPE_COLUMNS]; /* one allocation */
    uint32_t capacity;              /* of each */
    uint32_t count;                 /* numbers in each but the last */
    uint32_t source_time_count;     /* in the last */
    int64_t first_wall_ns, first_mono_ns;
    uint32_t source_count;
    uint32_t source_last; /* most records come from where the last one came from */
    struct source sources[TAPE_BLOCK_SOURCES_MAX];
};

static enum err check_level(int level)
{
    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel())
        return err_fail(ERR_USAGE, "compression level %d is not between %d and %d", level,
                        ZSTD_minCLevel(), ZSTD_maxCLevel());
    return ERR_OK;
}

static enum err reserve_rows(struct tape_encoder *encoder, uint32_t capacity)
{
    int64_t *columns = malloc((size_t)capacity * TAPE_COLUMNS * sizeof *columns);
    if (!columns)
        return err_fail(ERR_NOMEM, "out of memory for a block of %u records", capacity);
    for (int i = 0; i < TAPE_COLUMNS; i++)
        if (encoder->capacity > 0)
            memcpy(columns + (size_t)i * capacity, encoder->columns[i],
                   encoder->capacity * sizeof *columns);
    free(encoder->columns[0]);
    for (int i = 0; i < TAPE_COLUMNS; i++)
        encoder->columns[i] = columns + (size_t)i * capacity;
    encoder->capacity = capacity;
    return ERR_OK;
}

enum err tape_encoder_new(struct tape_encoder **out, int level)
{
    enum err err = check_level(level);
    struct tape_encoder *encoder = err == ERR_OK ? calloc(1, sizeof *encoder) : NULL;
    if (!encoder)
        return err == ERR_OK ? err_fail(ERR_NOMEM, "out of memory for a tape encoder") : err;
    encoder->level = level;
    buf_init(&encoder->table, TAPE_BLOCK_TABLE_MAX + TABLE_SLACK);
    buf_init(&encoder->content, TAPE_BLOCK_CONTENT_MAX);
    buf_init(&encoder->out, OUT_MAX);
    encoder->zstd = ZSTD_createCCtx();
    err = encoder->zstd ? reserve_rows(encoder, ROWS_FIRST)
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
    free(encoder->columns[0]);
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
    clear(&encoder->table);
    clear(&encoder->content);
    clear(&encoder->out);
    encoder->count = 0;
    encoder->source_time_count = 0;
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
static int64_t difference(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static void add_row(struct tape_encoder *encoder, const struct record *record, uint32_t source)
{
    int64_t *const *columns = encoder->columns;
    const uint32_t i = encoder->count++;
    const bool has_source_time = record->source_ns != RECORD_NO_TIME;
    const int64_t wall = difference(record->wall_ns, encoder->first_wall_ns);
    columns[TAPE_COLUMN_TYPE][i] = record->type;
    columns[TAPE_COLUMN_FLAGS][i] = (record->flags & ~TAPE_ROW_HAS_SOURCE_TIME) |
                                    (has_source_time ? TAPE_ROW_HAS_SOURCE_TIME : 0);
    columns[TAPE_COLUMN_SOURCE][i] = source;
    columns[TAPE_COLUMN_SIZE][i] = (int64_t)record->size;
    columns[TAPE_COLUMN_WALL][i] = wall;
    columns[TAPE_COLUMN_MONO][i] =
        difference(difference(record->mono_ns, encoder->first_mono_ns), wall);
    if (has_source_time)
        columns[TAPE_COLUMN_SOURCE_TIME][encoder->source_time_count++] =
            difference(record->source_ns, encoder->first_wall_ns);
}

enum err tape_encoder_add(struct tape_encoder *encoder, const struct record *record)
{
    assert(tape_encoder_has_room(encoder, record));
    assert(record->type > 0 && (unsigned)record->type <= UINT8_MAX);
    enum err err = buf_reserve(&encoder->content, record->size + 1);
    if (err == ERR_OK && encoder->count == encoder->capacity)
        err = reserve_rows(encoder, 2 * encoder->capacity);
    if (err != ERR_OK)
        return err;
    if (encoder->count == 0) {
        encoder->first_wall_ns = record->wall_ns;
        encoder->first_mono_ns = record->mono_ns;
    }
    uint32_t source = find_source(encoder, record);
    if (source == encoder->source_count)
        add_source(encoder, record);
    encoder->source_last = source;
    add_row(encoder, record, source);
    struct buf *content = &encoder->content;
    if (record->size > 0)
        memcpy(content->data + content->size, record->data, record->size);
    content->size += record->size;
    content->data[content->size++] = '\n';
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

static int payload_level(const struct tape_encoder *encoder)
{
    if (encoder->level != TAPE_ENCODER_ADAPTS)
        return encoder->level;
    return encoder->content.size < TAPE_ENCODER_SMALL ? TAPE_ENCODER_SMALL_LEVEL : 1;
}

/* Appends `from` to encoder->out as one zstd frame, with a checksum of zstd's own or without. */
static enum err compress(struct tape_encoder *encoder, int level, int checksum,
                         const struct buf *from)
{
    struct buf *out = &encoder->out;
    ZSTD_CCtx *zstd = encoder->zstd;
    enum err err = buf_reserve(out, ZSTD_compressBound(from->size));
    if (err != ERR_OK)
        return err;
    size_t size = ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(size))
        size = ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, checksum);
    if (!ZSTD_isError(size))
        size = ZSTD_compress2(zstd, out->data + out->size, out->capacity - out->size, from->data,
                              from->size);
    if (ZSTD_isError(size))
        return err_fail(ERR_NOMEM, "cannot compress: %s", ZSTD_getErrorName(size));
    out->size += size;
    return ERR_OK;
}

/* Appends the record table to encoder->out; *out_flags says in which form. */
static enum err put_table(struct tape_encoder *encoder, uint16_t *out_flags)
{
    struct buf *table = &encoder->table, *out = &encoder->out;
    enum err err = ERR_OK;
    buf_clear(table);
    for (int i = 0; i < TAPE_COLUMNS && err == ERR_OK; i++)
        err =
            column_put(table, encoder->columns[i],
                       i == TAPE_COLUMN_SOURCE_TIME ? encoder->source_time_count : encoder->count);
    assert(err != ERR_OK || table->size <= TAPE_BLOCK_TABLE_MAX);
    const size_t start = out->size;
    if (err == ERR_OK)
        err = compress(encoder, 1, 0, table);
    *out_flags = TAPE_BLOCK_FLAG_COLUMNS | TAPE_BLOCK_FLAG_COMPRESSED;
    if (err != ERR_OK || out->size - start < table->size)
        return err;
    *out_flags = TAPE_BLOCK_FLAG_COLUMNS;
    out->size = start;
    return buf_append(out, table->data, table->size);
}

/* Room for the header's fixed part, then sources and table. */
static enum err put_header_body(struct tape_encoder *encoder, struct tape_block_header *header)
{
    struct buf *out = &encoder->out;
    uint16_t flags = 0;
    buf_clear(out);
    enum err err = buf_reserve(out, TAPE_BLOCK_FIXED_SIZE + sources_size(encoder));
    if (err != ERR_OK)
        return err;
    out->size = TAPE_BLOCK_FIXED_SIZE + put_sources(encoder, out->data + TAPE_BLOCK_FIXED_SIZE);
    const size_t start = out->size;
    err = put_table(encoder, &flags);
    if (err == ERR_OK)
        err = buf_reserve(out, sizeof(uint32_t));
    if (err != ERR_OK)
        return err;
    header->flags |= flags;
    header->table_size = (uint32_t)(out->size - start);
    out->size += sizeof(uint32_t);
    header->size = (uint32_t)out->size;
    return ERR_OK;
}

enum err tape_encoder_finish(struct tape_encoder *encoder, const struct tape_block_place *place,
                             const uint8_t **out, size_t *out_size, uint32_t *out_crc)
{
    assert(encoder->count > 0);
    struct tape_block_header header = {
        .record_count = encoder->count,
        .salt = place->salt,
        .first_seq = place->first_seq,
        .wall_ns = encoder->first_wall_ns,
        .mono_ns = encoder->first_mono_ns,
        .content_size = (uint32_t)encoder->content.size,
        .chain = place->chain,
        .source_count = (uint16_t)encoder->source_count,
        .flags = place->flags,
    };
    enum err err = put_header_body(encoder, &header);
    if (err == ERR_OK)
        err = compress(encoder, payload_level(encoder), 1, &encoder->content);
    if (err != ERR_OK)
        return err;
    const struct buf *bytes = &encoder->out;
    header.frame_size = (uint32_t)(bytes->size - header.size);
    header.frame_crc = crc32c(0, bytes->data + header.size, header.frame_size);
    tape_block_header_write(bytes->data, &header);
    *out = bytes->data;
    *out_size = bytes->size;
    *out_crc = header.crc;
    return ERR_OK;
}
