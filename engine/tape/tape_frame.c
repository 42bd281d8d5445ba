#include "engine/tape/tape_frame.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"

#include <assert.h>
#include <string.h>

#define CRC_SIZE    4
#define KIND_SEALED 1

static const uint8_t segment_tag[8] = "RWKTAPE";
static const uint8_t block_tag[4] = {'R', 'W', 'K', 'B'};
static const uint8_t end_tag[4] = {'R', 'W', 'K', 'E'};

static void put_prefix(uint8_t *out, uint32_t magic, size_t size)
{
    bytes_put_u32(out, magic);
    bytes_put_u32(out + 4, (uint32_t)(size - TAPE_FRAME_PREFIX_SIZE));
}

/* The checksum over all before it, in the last four bytes of every frame header. */
static uint32_t put_crc(uint8_t *out, size_t size)
{
    uint32_t crc = crc32c(0, out, size - CRC_SIZE);
    bytes_put_u32(out + size - CRC_SIZE, crc);
    return crc;
}

static bool crc_is_right(const uint8_t *data, size_t size)
{
    return bytes_get_u32(data + size - CRC_SIZE) == crc32c(0, data, size - CRC_SIZE);
}

void tape_segment_header_write(uint8_t *out, struct tape_segment_header *header)
{
    memset(out, 0, TAPE_SEGMENT_HEADER_SIZE);
    put_prefix(out, TAPE_SEGMENT_MAGIC, TAPE_SEGMENT_HEADER_SIZE);
    memcpy(out + 8, segment_tag, sizeof segment_tag);
    bytes_put_u16(out + 16, header->version);
    bytes_put_u16(out + 18, header->sealed ? KIND_SEALED : 0);
    bytes_put_u32(out + 20, header->number);
    memcpy(out + 24, header->id, sizeof header->id);
    bytes_put_u64(out + 40, header->salt);
    bytes_put_u64(out + 48, header->first_seq);
    bytes_put_u32(out + 56, header->next_connection);
    bytes_put_u32(out + 60, header->chain);
    bytes_put_i64(out + 64, header->wall_ns);
    header->crc = put_crc(out, TAPE_SEGMENT_HEADER_SIZE);
}

void tape_end_mark_write(uint8_t *out, struct tape_end_mark *mark)
{
    memset(out, 0, TAPE_END_MARK_SIZE);
    put_prefix(out, TAPE_END_MAGIC, TAPE_END_MARK_SIZE);
    memcpy(out + 8, end_tag, sizeof end_tag);
    bytes_put_u64(out + 16, mark->salt);
    bytes_put_u64(out + 24, mark->next_seq);
    bytes_put_u32(out + 32, mark->block_count);
    bytes_put_u32(out + 36, mark->chain);
    mark->crc = put_crc(out, TAPE_END_MARK_SIZE);
}

void tape_block_header_write(uint8_t *out, struct tape_block_header *header)
{
    assert(header->size >= TAPE_BLOCK_FIXED_SIZE + CRC_SIZE);
    put_prefix(out, TAPE_BLOCK_MAGIC, header->size);
    memcpy(out + 8, block_tag, sizeof block_tag);
    bytes_put_u32(out + 12, header->record_count);
    bytes_put_u64(out + 16, header->salt);
    bytes_put_u64(out + 24, header->first_seq);
    bytes_put_i64(out + 32, header->wall_ns);
    bytes_put_i64(out + 40, header->mono_ns);
    bytes_put_u32(out + 48, header->frame_size);
    bytes_put_u32(out + 52, header->content_size);
    bytes_put_u32(out + 56, header->frame_crc);
    bytes_put_u32(out + 60, header->chain);
    bytes_put_u16(out + 64, header->source_count);
    bytes_put_u16(out + 66, header->flags);
    bytes_put_u32(out + 68, header->table_size);
    header->crc = put_crc(out, header->size);
}

static void read_segment_header(struct tape_segment_header *out, const uint8_t *data)
{
    out->version = bytes_get_u16(data + 16);
    out->sealed = out->version > 1 && bytes_get_u16(data + 18) == KIND_SEALED;
    out->number = bytes_get_u32(data + 20);
    memcpy(out->id, data + 24, sizeof out->id);
    out->salt = bytes_get_u64(data + 40);
    out->first_seq = bytes_get_u64(data + 48);
    out->next_connection = bytes_get_u32(data + 56);
    out->chain = bytes_get_u32(data + 60);
    out->wall_ns = bytes_get_i64(data + 64);
    out->crc = bytes_get_u32(data + 72);
}

const char *tape_segment_header_parse(struct tape_segment_header *out, const uint8_t *data,
                                      size_t size)
{
    if (size < TAPE_SEGMENT_HEADER_SIZE)
        return "segment header is cut off";
    if (bytes_get_u32(data) != TAPE_SEGMENT_MAGIC || memcmp(data + 8, segment_tag, 8) != 0)
        return "no segment header at the start";
    size_t content = bytes_get_u32(data + 4);
    if (content < TAPE_SEGMENT_HEADER_SIZE - TAPE_FRAME_PREFIX_SIZE ||
        content > size - TAPE_FRAME_PREFIX_SIZE ||
        !crc_is_right(data, TAPE_FRAME_PREFIX_SIZE + content))
        return "segment header does not match its checksum";
    uint16_t version = bytes_get_u16(data + 16);
    if (version > TAPE_VERSION || (version > 1 && bytes_get_u16(data + 18) > KIND_SEALED))
        return TAPE_REASON_NEWER;
    if (version == 0 || content != TAPE_SEGMENT_HEADER_SIZE - TAPE_FRAME_PREFIX_SIZE)
        return "segment header has an impossible version";
    read_segment_header(out, data);
    if (out->number == 0 || out->first_seq == 0 || out->next_connection == 0)
        return "segment header has an impossible number";
    return NULL;
}

const char *tape_end_mark_parse(struct tape_end_mark *out, const uint8_t *data, size_t size)
{
    if (size < TAPE_END_MARK_SIZE)
        return "end mark is cut off";
    if (bytes_get_u32(data) != TAPE_END_MAGIC || memcmp(data + 8, end_tag, sizeof end_tag) != 0)
        return "no block or end mark here";
    if (bytes_get_u32(data + 4) != TAPE_END_MARK_SIZE - TAPE_FRAME_PREFIX_SIZE ||
        !crc_is_right(data, TAPE_END_MARK_SIZE))
        return "end mark does not match its checksum";
    out->salt = bytes_get_u64(data + 16);
    out->next_seq = bytes_get_u64(data + 24);
    out->block_count = bytes_get_u32(data + 32);
    out->chain = bytes_get_u32(data + 36);
    out->crc = bytes_get_u32(data + 40);
    return NULL;
}

uint32_t tape_block_header_size(const uint8_t *data)
{
    uint32_t content = bytes_get_u32(data + 4);
    if (bytes_get_u32(data) != TAPE_BLOCK_MAGIC ||
        content < TAPE_BLOCK_FIXED_SIZE + CRC_SIZE - TAPE_FRAME_PREFIX_SIZE ||
        content > TAPE_BLOCK_HEADER_MAX - TAPE_FRAME_PREFIX_SIZE)
        return 0;
    return content + TAPE_FRAME_PREFIX_SIZE;
}

static void read_block_header(struct tape_block_header *out, const uint8_t *data)
{
    out->record_count = bytes_get_u32(data + 12);
    out->salt = bytes_get_u64(data + 16);
    out->first_seq = bytes_get_u64(data + 24);
    out->wall_ns = bytes_get_i64(data + 32);
    out->mono_ns = bytes_get_i64(data + 40);
    out->frame_size = bytes_get_u32(data + 48);
    out->content_size = bytes_get_u32(data + 52);
    out->frame_crc = bytes_get_u32(data + 56);
    out->chain = bytes_get_u32(data + 60);
    out->source_count = bytes_get_u16(data + 64);
    out->flags = bytes_get_u16(data + 66);
    out->table_size = bytes_get_u32(data + 68);
    out->crc = bytes_get_u32(data + out->size - CRC_SIZE);
    out->sources = data + TAPE_BLOCK_FIXED_SIZE;
}

/* A row has at least TAPE_ROW_MIN bytes; columns of equal numbers hardly any. */
static bool table_is_possible(const struct tape_block_header *header)
{
    const uint32_t least =
        header->flags & TAPE_BLOCK_FLAG_COLUMNS ? 1 : header->record_count * TAPE_ROW_MIN;
    return header->table_size >= least && header->table_size <= TAPE_BLOCK_TABLE_MAX;
}

/* Limits that need no look at the sources. A record has at least one byte of content, the line
 * feed. */
static bool counts_are_possible(const struct tape_block_header *header)
{
    return header->record_count > 0 && header->record_count <= TAPE_BLOCK_RECORDS_MAX &&
           table_is_possible(header) && header->content_size >= header->record_count &&
           header->content_size <= TAPE_BLOCK_CONTENT_MAX && header->frame_size > 0 &&
           header->frame_size <= TAPE_BLOCK_FRAME_MAX && header->source_count > 0 &&
           header->source_count <= TAPE_BLOCK_SOURCES_MAX && header->first_seq > 0 &&
           header->first_seq <= UINT64_MAX - header->record_count;
}

/* Steps over the sources; false when they and the table do not fill the header exactly. */
static bool measure_sources(struct tape_block_header *header, const uint8_t *data)
{
    size_t offset = TAPE_BLOCK_FIXED_SIZE;
    const size_t end = header->size - CRC_SIZE;
    for (unsigned i = 0; i < header->source_count; i++) {
        if (end - offset < TAPE_SOURCE_FIXED_SIZE)
            return false;
        uint32_t connection = bytes_get_u32(data + offset);
        size_t length = data[offset + 4];
        offset += TAPE_SOURCE_FIXED_SIZE;
        if (length >= RECORD_VENUE_MAX || end - offset < length || memchr(data + offset, 0, length))
            return false;
        if (connection > header->connection_max)
            header->connection_max = connection;
        offset += length;
    }
    header->table = data + offset;
    return end - offset == header->table_size;
}

const char *tape_block_header_parse(struct tape_block_header *out, const uint8_t *data, size_t size)
{
    assert(size >= TAPE_BLOCK_FIXED_SIZE + CRC_SIZE);
    if (memcmp(data + 8, block_tag, sizeof block_tag) != 0)
        return "no block or end mark here";
    if (!crc_is_right(data, size))
        return "block header does not match its checksum";
    *out = (struct tape_block_header){.size = (uint32_t)size};
    read_block_header(out, data);
    if (!counts_are_possible(out) || !measure_sources(out, data))
        return "block header has impossible numbers";
    return NULL;
}
