#include "engine/tape/tape_decoder.h"

#include "engine/base/buf.h"
#include "engine/base/bytes.h"
#include "engine/tape/column.h"
#include "engine/tape/varint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct source {
    uint32_t connection;
    char venue[RECORD_VENUE_MAX];
};

struct tape_decoder {
    ZSTD_DCtx *zstd;
    struct buf content, table;
    struct record *records;
    int64_t *columns; /* one behind the other, record_capacity numbers each */
    uint32_t record_capacity;
    struct source sources[TAPE_BLOCK_SOURCES_MAX];
    struct tape_source_look looks[TAPE_BLOCK_SOURCES_MAX];
};

enum err tape_decoder_new(struct tape_decoder **out)
{
    struct tape_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return err_fail(ERR_NOMEM, "out of memory for a tape decoder");
    buf_init(&decoder->content, TAPE_BLOCK_CONTENT_MAX);
    buf_init(&decoder->table, TAPE_BLOCK_TABLE_MAX);
    decoder->zstd = ZSTD_createDCtx();
    if (!decoder->zstd) {
        tape_decoder_free(decoder);
        return err_fail(ERR_NOMEM, "out of memory for zstd");
    }
    *out = decoder;
    return ERR_OK;
}

void tape_decoder_free(struct tape_decoder *decoder)
{
    if (!decoder)
        return;
    ZSTD_freeDCtx(decoder->zstd);
    buf_release(&decoder->content);
    buf_release(&decoder->table);
    free(decoder->records);
    free(decoder->columns);
    free(decoder);
}

static enum err damaged(const char **out_reason, const char *reason)
{
    *out_reason = reason;
    return ERR_DAMAGED;
}

static enum err make_room(struct tape_decoder *decoder, const struct tape_block_header *header)
{
    if (header->record_count <= decoder->record_capacity)
        return ERR_OK;
    uint32_t capacity = header->record_count + header->record_count / 2;
    free(decoder->records);
    free(decoder->columns);
    decoder->record_capacity = 0;
    decoder->records = malloc(capacity * sizeof *decoder->records);
    decoder->columns = malloc((size_t)capacity * TAPE_COLUMNS * sizeof *decoder->columns);
    if (!decoder->records || !decoder->columns)
        return err_fail(ERR_NOMEM, "out of memory for %u records", capacity);
    decoder->record_capacity = capacity;
    return ERR_OK;
}

/* In one go into memory of the stated size: no window to allocate, whatever the frame asks for. */
static enum err decompress(struct tape_decoder *decoder, const struct tape_block_header *header,
                           const uint8_t *frame, const char **out_reason)
{
    if (ZSTD_findFrameCompressedSize(frame, header->frame_size) != header->frame_size)
        return damaged(out_reason, "block does not hold one zstd frame");
    buf_clear(&decoder->content);
    enum err err = buf_reserve(&decoder->content, header->content_size);
    if (err != ERR_OK)
        return err;
    size_t size = ZSTD_decompressDCtx(decoder->zstd, decoder->content.data, header->content_size,
                                      frame, header->frame_size);
    if (size != header->content_size)
        return damaged(out_reason, "block does not decompress to the stated length");
    decoder->content.size = size;
    return ERR_OK;
}

/* tape_block_header_parse() has checked the lengths. */
static void read_sources(struct tape_decoder *decoder, const struct tape_block_header *header)
{
    const uint8_t *p = header->sources;
    for (unsigned i = 0; i < header->source_count; i++) {
        struct source *source = &decoder->sources[i];
        size_t length = p[4];
        source->connection = bytes_get_u32(p);
        memcpy(source->venue, p + TAPE_SOURCE_FIXED_SIZE, length);
        source->venue[length] = 0;
        p += TAPE_SOURCE_FIXED_SIZE + length;
    }
}

/* The place in table and content. */
struct cursor {
    const uint8_t *row, *row_end;
    const uint8_t *data, *data_end;
    uint64_t wall_ns, mono_ns; /* of the row before */
};

/* ---- columns -------------------------------------------------------------------------------- */

/* One zstd frame of at most TAPE_BLOCK_TABLE_MAX bytes, again into memory of the stated size. */
static enum err decompress_table(struct tape_decoder *decoder,
                                 const struct tape_block_header *header, struct cursor *at,
                                 const char **out_reason)
{
    static const char wrong[] = "compressed record table of the block is wrong";
    const uint64_t size = ZSTD_getFrameContentSize(header->table, header->table_size);
    if (size > TAPE_BLOCK_TABLE_MAX ||
        ZSTD_findFrameCompressedSize(header->table, header->table_size) != header->table_size)
        return damaged(out_reason, wrong);
    buf_clear(&decoder->table);
    enum err err = buf_reserve(&decoder->table, size);
    if (err != ERR_OK)
        return err;
    if (ZSTD_decompressDCtx(decoder->zstd, decoder->table.data, size, header->table,
                            header->table_size) != size)
        return damaged(out_reason, wrong);
    at->row = decoder->table.data;
    at->row_end = at->row + size;
    return ERR_OK;
}

static int64_t *column_of(const struct tape_decoder *decoder, enum tape_column column)
{
    return decoder->columns + (size_t)column * decoder->record_capacity;
}

static uint32_t count_source_times(const int64_t *flags, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found += (flags[i] & TAPE_ROW_HAS_SOURCE_TIME) != 0;
    return found;
}

static bool read_columns(const struct tape_decoder *decoder, const struct tape_block_header *header,
                         struct cursor *at)
{
    uint32_t count = header->record_count;
    for (enum tape_column i = 0; i < TAPE_COLUMNS && at->row; i++) {
        if (i == TAPE_COLUMN_SOURCE_TIME)
            count = count_source_times(column_of(decoder, TAPE_COLUMN_FLAGS), count);
        at->row = column_get(at->row, at->row_end, column_of(decoder, i), count);
    }
    return at->row != NULL;
}

/* Whether record `i` is one; moves to the next one's data. */
static bool check_row(const struct tape_decoder *decoder, const struct tape_block_header *header,
                      struct cursor *at, uint32_t i, struct record *out)
{
    const uint64_t type = (uint64_t)column_of(decoder, TAPE_COLUMN_TYPE)[i];
    const uint64_t flags = (uint64_t)column_of(decoder, TAPE_COLUMN_FLAGS)[i];
    const uint64_t source = (uint64_t)column_of(decoder, TAPE_COLUMN_SOURCE)[i];
    const uint64_t size = (uint64_t)column_of(decoder, TAPE_COLUMN_SIZE)[i];
    if (type == 0 || type > UINT8_MAX || flags > UINT8_MAX || source >= header->source_count ||
        size >= (uint64_t)(at->data_end - at->data) || size > RECORD_DATA_MAX ||
        at->data[size] != '\n')
        return false;
    out->type = (enum record_type)type;
    out->flags = (uint8_t)(flags & ~(uint64_t)TAPE_ROW_HAS_SOURCE_TIME);
    out->venue = decoder->sources[source].venue;
    out->connection = decoder->sources[source].connection;
    out->data = at->data;
    out->size = (size_t)size;
    at->data += size + 1;
    return true;
}

/* False: a source time that is none. */
static bool assemble_rows(struct tape_decoder *decoder, const struct tape_block_header *header,
                          struct cursor *at)
{
    const int64_t *const flags = column_of(decoder, TAPE_COLUMN_FLAGS);
    const int64_t *const wall = column_of(decoder, TAPE_COLUMN_WALL);
    const int64_t *const mono = column_of(decoder, TAPE_COLUMN_MONO);
    const int64_t *source_time = column_of(decoder, TAPE_COLUMN_SOURCE_TIME);
    for (uint32_t i = 0; i < header->record_count; i++) {
        struct record *out = &decoder->records[i];
        if (!check_row(decoder, header, at, i, out))
            return false;
        out->seq = header->first_seq + i;
        out->unread = false;
        out->row = 0;
        out->wall_ns = (int64_t)(at->wall_ns + (uint64_t)wall[i]);
        out->mono_ns = (int64_t)(at->mono_ns + (uint64_t)wall[i] + (uint64_t)mono[i]);
        out->source_ns = RECORD_NO_TIME;
        if (flags[i] & TAPE_ROW_HAS_SOURCE_TIME) {
            out->source_ns = (int64_t)(at->wall_ns + (uint64_t)*source_time++);
            if (out->source_ns == RECORD_NO_TIME)
                return false;
        }
    }
    return true;
}

/* ---- rows of version 1 ---------------------------------------------------------------------- */

static bool read_row(const struct tape_decoder *decoder, const struct tape_block_header *header,
                     struct cursor *at, struct record *out)
{
    const uint8_t *p = at->row, *end = at->row_end;
    uint64_t source, size, wall, mono, delay;
    if (end - p < TAPE_ROW_MIN || p[0] == 0)
        return false;
    out->unread = false;
    out->row = 0;
    out->type = (enum record_type)p[0];
    out->flags = p[1];
    if (!(p = varint_get(p + 2, end, &source)) || !(p = varint_get(p, end, &size)) ||
        !(p = varint_get(p, end, &wall)) || !(p = varint_get(p, end, &mono)))
        return false;
    if (source >= header->source_count || size >= (uint64_t)(at->data_end - at->data) ||
        size > RECORD_DATA_MAX || at->data[size] != '\n')
        return false;
    at->wall_ns += varint_unzigzag(wall);
    at->mono_ns += varint_unzigzag(mono);
    out->source_ns = RECORD_NO_TIME;
    if (out->flags & TAPE_ROW_HAS_SOURCE_TIME) {
        if (!(p = varint_get(p, end, &delay)))
            return false;
        out->source_ns = (int64_t)(at->wall_ns - varint_unzigzag(delay));
        if (out->source_ns == RECORD_NO_TIME)
            return false;
        out->flags &= (uint8_t)~TAPE_ROW_HAS_SOURCE_TIME;
    }
    out->venue = decoder->sources[source].venue;
    out->connection = decoder->sources[source].connection;
    out->wall_ns = (int64_t)at->wall_ns;
    out->mono_ns = (int64_t)at->mono_ns;
    out->data = at->data;
    out->size = (size_t)size;
    at->data += size + 1;
    at->row = p;
    return true;
}

static bool read_rows(struct tape_decoder *decoder, const struct tape_block_header *header,
                      struct cursor *at)
{
    for (uint32_t i = 0; i < header->record_count; i++) {
        decoder->records[i].seq = header->first_seq + i;
        if (!read_row(decoder, header, at, &decoder->records[i]))
            return false;
    }
    return true;
}

/* ---- a block -------------------------------------------------------------------------------- */

static enum err read_table(struct tape_decoder *decoder, const struct tape_block_header *header,
                           const char **out_reason)
{
    struct cursor at = {
        .row = header->table,
        .row_end = header->table + header->table_size,
        .data = decoder->content.data,
        .data_end = decoder->content.data + decoder->content.size,
        .wall_ns = (uint64_t)header->wall_ns,
        .mono_ns = (uint64_t)header->mono_ns,
    };
    const bool columns = header->flags & TAPE_BLOCK_FLAG_COLUMNS;
    enum err err = columns && header->flags & TAPE_BLOCK_FLAG_COMPRESSED
                       ? decompress_table(decoder, header, &at, out_reason)
                       : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (columns ? !read_columns(decoder, header, &at) || !assemble_rows(decoder, header, &at)
                : !read_rows(decoder, header, &at))
        return damaged(out_reason, "record table of the block is wrong");
    if (at.row != at.row_end || at.data != at.data_end)
        return damaged(out_reason, "record table and content of the block do not fit");
    return ERR_OK;
}

enum err tape_decoder_decode(struct tape_decoder *decoder, const struct tape_block_header *header,
                             const uint8_t *frame, const struct record **out,
                             const char **out_reason)
{
    enum err err = make_room(decoder, header);
    if (err == ERR_OK)
        err = decompress(decoder, header, frame, out_reason);
    if (err != ERR_OK)
        return err;
    read_sources(decoder, header);
    err = read_table(decoder, header, out_reason);
    *out = decoder->records;
    return err;
}

/* ---- a look at the header ------------------------------------------------------------------- */

/* The columns that a look is for. */
static bool read_some_columns(const struct tape_decoder *decoder,
                              const struct tape_block_header *header, struct cursor *at)
{
    for (enum tape_column i = 0; i <= TAPE_COLUMN_WALL && at->row; i++)
        at->row =
            i == TAPE_COLUMN_TYPE || i == TAPE_COLUMN_SOURCE || i == TAPE_COLUMN_WALL
                ? column_get(at->row, at->row_end, column_of(decoder, i), header->record_count)
                : column_skip(at->row, at->row_end);
    return at->row != NULL;
}

/* False: types or sources that are none. */
static bool take_looks(struct tape_decoder *decoder, const struct tape_block_header *header)
{
    const int64_t *const types = column_of(decoder, TAPE_COLUMN_TYPE);
    const int64_t *const sources = column_of(decoder, TAPE_COLUMN_SOURCE);
    for (unsigned i = 0; i < header->source_count; i++)
        decoder->looks[i] = (struct tape_source_look){.venue = decoder->sources[i].venue};
    for (uint32_t i = 0; i < header->record_count; i++) {
        const uint64_t type = (uint64_t)types[i], source = (uint64_t)sources[i];
        if (type == 0 || type > UINT8_MAX || source >= header->source_count)
            return false;
        decoder->looks[source].types |= UINT32_C(1) << (type < 31 ? type : 31);
    }
    return true;
}

static int64_t find_wall_max(const struct tape_decoder *decoder,
                             const struct tape_block_header *header)
{
    const int64_t *const walls = column_of(decoder, TAPE_COLUMN_WALL);
    int64_t max = INT64_MIN;
    for (uint32_t i = 0; i < header->record_count; i++) {
        const int64_t wall_ns = (int64_t)((uint64_t)header->wall_ns + (uint64_t)walls[i]);
        max = wall_ns > max ? wall_ns : max;
    }
    return max;
}

enum err tape_decoder_look(struct tape_decoder *decoder, const struct tape_block_header *header,
                           struct tape_block_look *out)
{
    const char *reason = NULL;
    struct cursor at = {.row = header->table, .row_end = header->table + header->table_size};
    if (!(header->flags & TAPE_BLOCK_FLAG_COLUMNS))
        return ERR_DAMAGED;
    enum err err = make_room(decoder, header);
    if (err == ERR_OK && header->flags & TAPE_BLOCK_FLAG_COMPRESSED)
        err = decompress_table(decoder, header, &at, &reason);
    if (err != ERR_OK)
        return err;
    read_sources(decoder, header);
    if (!read_some_columns(decoder, header, &at) || !take_looks(decoder, header))
        return ERR_DAMAGED;
    *out = (struct tape_block_look){
        .wall_max_ns = find_wall_max(decoder, header),
        .source_count = header->source_count,
        .sources = decoder->looks,
    };
    return ERR_OK;
}
