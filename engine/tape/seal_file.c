#include "engine/tape/seal_file.h"

#include "engine/base/buf.h"
#include "engine/base/crc32c.h"
#include "engine/tape/column.h"
#include "engine/tape/lane_codec.h"
#include "engine/tape/sealed_frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define WRITE_BYTES (1024u * 1024)     /* written at once */
#define SYNC_BYTES  (8u * 1024 * 1024) /* synced at once */
#define PENDING_MAX (WRITE_BYTES + 2 * (size_t)SEALED_FRAME_MAX + 4096u)
#define KIND_OTHER  14 /* bit of all types that have no bit of their own */

struct seal_file {
    const struct io *io;
    struct io_file *file;
    struct tape_segment_header header;

    struct buf pending; /* bytes that are not in the file yet */
    uint64_t size;      /* of the file with them */
    uint64_t synced;
    uint32_t crc; /* over all of it */

    struct sealed_chunk *chunks;
    uint32_t chunk_count, chunk_capacity;
    uint32_t block_count;

    struct lane_encoder *encoder;
    ZSTD_CCtx *zstd;
    struct buf columns, frame; /* of one block: as numbers, and compressed */
    int64_t *numbers;          /* SEALED_CHUNK_RECORDS_MAX */
    struct lane_text *texts;   /* as many */
};

/* ---- the file ------------------------------------------------------------------------------- */

static enum err write_pending(struct seal_file *file)
{
    const struct buf *pending = &file->pending;
    enum err err =
        file->io->write(file->file, pending->data, pending->size, file->size - pending->size);
    if (err == ERR_OK && file->size - file->synced >= SYNC_BYTES) {
        file->synced = file->size;
        err = file->io->sync(file->file);
    }
    buf_clear(&file->pending);
    return err;
}

/* Takes note of the `size` bytes that were put at the end of `pending`. */
static enum err put(struct seal_file *file, size_t size)
{
    const struct buf *pending = &file->pending;
    file->crc = crc32c(file->crc, pending->data + pending->size - size, size);
    file->size += size;
    return pending->size >= WRITE_BYTES ? write_pending(file) : ERR_OK;
}

static enum err put_bytes(struct seal_file *file, const void *data, size_t size)
{
    enum err err = buf_append(&file->pending, data, size);
    return err == ERR_OK ? put(file, size) : err;
}

static enum err put_segment_header(struct seal_file *file)
{
    uint8_t bytes[TAPE_SEGMENT_HEADER_SIZE];
    tape_segment_header_write(bytes, &file->header);
    return put_bytes(file, bytes, sizeof bytes);
}

static enum err make_room(struct seal_file *file, int level)
{
    file->numbers = calloc(SEALED_CHUNK_RECORDS_MAX, sizeof *file->numbers);
    file->texts = calloc(SEALED_CHUNK_RECORDS_MAX, sizeof *file->texts);
    file->zstd = ZSTD_createCCtx();
    if (!file->numbers || !file->texts || !file->zstd ||
        ZSTD_isError(ZSTD_CCtx_setParameter(file->zstd, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(file->zstd, ZSTD_c_checksumFlag, 1)))
        return err_fail(ERR_NOMEM, "out of memory for a sealed segment");
    buf_init(&file->pending, PENDING_MAX);
    buf_init(&file->columns, SEALED_COLUMNS_MAX);
    buf_init(&file->frame, SEALED_FRAME_MAX);
    return lane_encoder_new(&file->encoder, level);
}

enum err seal_file_open(struct seal_file **out, const struct io *io, const char *path,
                        const struct tape_segment_header *live, int level)
{
    struct seal_file *file = calloc(1, sizeof *file);
    if (!file)
        return err_fail(ERR_NOMEM, "out of memory for a sealed segment");
    file->io = io;
    file->header = *live;
    file->header.version = TAPE_VERSION;
    file->header.sealed = true;
    enum err err = make_room(file, level);
    if (err == ERR_OK)
        err = io->open(io->self, &file->file, path, IO_CREATE);
    if (err == ERR_OK)
        err = put_segment_header(file);
    if (err != ERR_OK) {
        seal_file_close(file);
        return err;
    }
    *out = file;
    return ERR_OK;
}

uint64_t seal_file_size(const struct seal_file *file)
{
    return file->size;
}

void seal_file_close(struct seal_file *file)
{
    if (!file)
        return;
    file->io->close(file->file);
    lane_encoder_free(file->encoder);
    ZSTD_freeCCtx(file->zstd);
    buf_release(&file->pending);
    buf_release(&file->columns);
    buf_release(&file->frame);
    free(file->chunks);
    free(file->numbers);
    free(file->texts);
    free(file);
}

/* ---- a block -------------------------------------------------------------------------------- */

static enum err put_column(struct seal_file *file, size_t count)
{
    return column_put(&file->columns, file->numbers, count);
}

/* Wall clock and what the monotonic one differs from it. */
static enum err put_clocks(struct seal_file *file, const struct seal_block *block)
{
    for (size_t i = 0; i < block->count; i++)
        file->numbers[i] = block->entries[i].wall_ns;
    enum err err = put_column(file, block->count);
    for (size_t i = 0; i < block->count; i++)
        file->numbers[i] =
            (int64_t)((uint64_t)block->entries[i].mono_ns - (uint64_t)block->entries[i].wall_ns);
    return err == ERR_OK ? put_column(file, block->count) : err;
}

static enum err put_flags_and_source(struct seal_file *file, const struct seal_block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct seal_entry *entry = &block->entries[i];
        bool has_source = entry->source_ns != RECORD_NO_TIME;
        file->numbers[i] = entry->flags | (has_source ? (int64_t)TAPE_ROW_HAS_SOURCE_TIME : 0);
    }
    enum err err = put_column(file, block->count);
    int64_t before = 0;
    for (size_t i = 0; i < block->count; i++) {
        if (block->entries[i].source_ns != RECORD_NO_TIME)
            before = block->entries[i].source_ns;
        file->numbers[i] = before;
    }
    return err == ERR_OK ? put_column(file, block->count) : err;
}

static enum err put_columns(struct seal_file *file, const struct seal_block *block)
{
    buf_clear(&file->columns);
    for (size_t i = 0; i < block->count; i++)
        file->numbers[i] = block->entries[i].position;
    enum err err = put_column(file, block->count);
    if (err == ERR_OK)
        err = put_clocks(file, block);
    for (size_t i = 0; i < block->count; i++)
        file->numbers[i] = block->entries[i].connection;
    if (err == ERR_OK)
        err = put_column(file, block->count);
    if (err == ERR_OK)
        err = put_flags_and_source(file, block);
    for (size_t i = 0; i < block->count; i++)
        file->numbers[i] = block->entries[i].size;
    return err == ERR_OK ? put_column(file, block->count) : err;
}

/* Columns into file->frame. */
static enum err compress_columns(struct seal_file *file, struct sealed_lane_header *header)
{
    struct buf *frame = &file->frame;
    const struct buf *columns = &file->columns;
    buf_clear(frame);
    enum err err = buf_reserve(frame, ZSTD_compressBound(columns->size));
    if (err != ERR_OK)
        return err;
    size_t size =
        ZSTD_compress2(file->zstd, frame->data, frame->capacity, columns->data, columns->size);
    if (ZSTD_isError(size))
        return err_fail(ERR_NOMEM, "cannot compress: %s", ZSTD_getErrorName(size));
    frame->size = size;
    header->columns_size = (uint32_t)size;
    header->columns_content = (uint32_t)columns->size;
    header->columns_crc = crc32c(0, frame->data, size);
    return ERR_OK;
}

static enum err encode_payloads(struct seal_file *file, const struct seal_block *block,
                                struct sealed_lane_header *header, const uint8_t **out)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < block->count; i++) {
        const struct seal_entry *entry = &block->entries[i];
        file->texts[i] = (struct lane_text){block->payloads + entry->offset, entry->size};
        bytes += entry->size;
    }
    if (bytes == 0)
        return ERR_OK;
    size_t size = 0;
    enum err err = lane_encode(file->encoder, file->texts, block->count, out, &size);
    if (err != ERR_OK)
        return err;
    if (size > SEALED_FRAME_MAX)
        return err_fail(ERR_LIMIT, "a block of %zu bytes is too large to be sealed", size);
    header->payloads_size = (uint32_t)size;
    header->payloads_bytes = (uint32_t)bytes;
    header->payloads_crc = crc32c(0, *out, size);
    return ERR_OK;
}

static void note_limits(struct sealed_lane_header *header, const struct seal_block *block)
{
    header->wall_min_ns = header->wall_max_ns = block->entries[0].wall_ns;
    for (size_t i = 0; i < block->count; i++) {
        const struct seal_entry *entry = &block->entries[i];
        if (entry->wall_ns < header->wall_min_ns)
            header->wall_min_ns = entry->wall_ns;
        if (entry->wall_ns > header->wall_max_ns)
            header->wall_max_ns = entry->wall_ns;
        if (entry->connection > header->connection_max)
            header->connection_max = entry->connection;
    }
}

/* `header` says already where the block stands. */
static enum err add_block(struct seal_file *file, const struct seal_block *block,
                          struct sealed_lane_header *header)
{
    const uint8_t *payloads = NULL;
    header->record_count = (uint32_t)block->count;
    header->lane = *block->lane;
    note_limits(header, block);
    enum err err = put_columns(file, block);
    if (err == ERR_OK)
        err = compress_columns(file, header);
    if (err == ERR_OK)
        err = encode_payloads(file, block, header, &payloads);
    if (err == ERR_OK)
        err = sealed_lane_header_put(&file->pending, header);
    if (err == ERR_OK)
        err = put(file, header->size);
    if (err == ERR_OK)
        err = put_bytes(file, file->frame.data, file->frame.size);
    if (err == ERR_OK && header->payloads_size > 0)
        err = put_bytes(file, payloads, header->payloads_size);
    return err;
}

/* ---- a chunk -------------------------------------------------------------------------------- */

static enum err next_chunk(struct seal_file *file, struct sealed_chunk **out)
{
    if (file->chunk_count == SEALED_CHUNKS_MAX)
        return err_fail(ERR_LIMIT, "the segment is too large to be sealed");
    if (file->chunk_count == file->chunk_capacity) {
        uint32_t capacity = file->chunk_capacity ? 2 * file->chunk_capacity : 64;
        struct sealed_chunk *chunks = realloc(file->chunks, capacity * sizeof *chunks);
        if (!chunks)
            return err_fail(ERR_NOMEM, "out of memory for an index of %u chunks", capacity);
        file->chunks = chunks;
        file->chunk_capacity = capacity;
    }
    *out = &file->chunks[file->chunk_count++];
    return ERR_OK;
}

static void note_block(struct sealed_chunk *entry, const struct sealed_lane_header *header)
{
    const unsigned type = (unsigned)header->lane.type;
    entry->kinds |= (uint16_t)(1u << (type < KIND_OTHER ? type : KIND_OTHER));
    if (header->lane.role == LANE_TALK)
        entry->kinds |= SEALED_KIND_TALK;
    if (header->block == 0 || header->wall_min_ns < entry->wall_min_ns)
        entry->wall_min_ns = header->wall_min_ns;
    if (header->block == 0 || header->wall_max_ns > entry->wall_max_ns)
        entry->wall_max_ns = header->wall_max_ns;
}

enum err seal_file_add(struct seal_file *file, struct seal_chunk *chunk)
{
    struct sealed_chunk *entry = NULL;
    uint32_t count = 0;
    assert(seal_chunk_count(chunk) > 0);
    seal_chunk_sort(chunk, &count);
    enum err err = next_chunk(file, &entry);
    if (err != ERR_OK)
        return err;
    *entry = (struct sealed_chunk){
        .offset = file->size,
        .first_seq = seal_chunk_first_seq(chunk),
        .record_count = seal_chunk_count(chunk),
        .block_count = (uint16_t)count,
        .bytes = seal_chunk_bytes(chunk),
    };
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        const struct seal_block block = seal_chunk_block(chunk, i);
        struct sealed_lane_header header = {
            .chunk = file->chunk_count - 1,
            .salt = file->header.salt,
            .chunk_first_seq = entry->first_seq,
            .chunk_count = entry->record_count,
            .block = (uint16_t)i,
            .block_count = entry->block_count,
            .behind_hole = seal_chunk_behind_hole(chunk),
        };
        err = add_block(file, &block, &header);
        note_block(entry, &header);
    }
    file->block_count += count;
    return err;
}

enum err seal_file_finish(struct seal_file *file, const struct seal_end *end)
{
    uint8_t bytes[SEALED_END_MARK_SIZE];
    struct sealed_end_mark mark = {
        .number = file->header.number,
        .salt = file->header.salt,
        .next_seq = end->next_seq,
        .index_offset = file->size,
        .block_count = file->block_count,
        .live_chain = end->chain,
        .first_seq = file->header.first_seq,
        .next_connection = end->next_connection,
    };
    memcpy(mark.id, file->header.id, sizeof mark.id);
    const size_t before = file->pending.size;
    enum err err =
        sealed_index_put(&file->pending, file->header.salt, file->chunks, file->chunk_count);
    if (err == ERR_OK)
        err = put(file, file->pending.size - before);
    mark.file_crc = file->crc;
    sealed_end_mark_write(bytes, &mark);
    if (err == ERR_OK)
        err = put_bytes(file, bytes, sizeof bytes);
    if (err == ERR_OK)
        err = write_pending(file);
    return err == ERR_OK ? file->io->sync(file->file) : err;
}
