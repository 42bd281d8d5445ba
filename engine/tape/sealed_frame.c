#include "engine/tape/sealed_frame.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/tape_frame.h"

#include <assert.h>
#include <string.h>

#define CRC_SIZE      4
#define END_MARK_BODY (SEALED_END_MARK_SIZE - TAPE_FRAME_PREFIX_SIZE)
#define LANE_NAMES_MAX                                                                             \
    ((uint32_t)(RECORD_VENUE_MAX - 1) + (uint32_t)(LANE_TEXT_MAX - 1) +                            \
     (uint32_t)(LANE_TEXT_MAX - 1))
#define LANE_FLAG_HOLE 0x01u

static const uint8_t lane_tag[4] = {'R', 'W', 'K', 'L'};
static const uint8_t index_tag[4] = {'R', 'W', 'K', 'I'};
static const uint8_t end_tag[4] = {'R', 'W', 'K', 'F'};

static bool crc_is_right(const uint8_t *data, size_t size)
{
    return bytes_get_u32(data + size - CRC_SIZE) == crc32c(0, data, size - CRC_SIZE);
}

static void put_prefix(uint8_t *out, uint32_t magic, size_t size, const uint8_t tag[4])
{
    bytes_put_u32(out, magic);
    bytes_put_u32(out + 4, (uint32_t)(size - TAPE_FRAME_PREFIX_SIZE));
    memcpy(out + TAPE_FRAME_PREFIX_SIZE, tag, 4);
}

/* ---- lane header ---------------------------------------------------------------------------- */

static void write_lane_fixed(uint8_t *out, const struct sealed_lane_header *header)
{
    put_prefix(out, SEALED_LANE_MAGIC, header->size, lane_tag);
    bytes_put_u32(out + 12, header->chunk);
    bytes_put_u64(out + 16, header->salt);
    bytes_put_u64(out + 24, header->chunk_first_seq);
    bytes_put_u32(out + 32, header->chunk_count);
    bytes_put_u32(out + 36, header->record_count);
    bytes_put_u16(out + 40, header->block);
    bytes_put_u16(out + 42, header->block_count);
    bytes_put_u32(out + 44, header->columns_size);
    bytes_put_u32(out + 48, header->columns_content);
    bytes_put_u32(out + 52, header->columns_crc);
    bytes_put_u32(out + 56, header->payloads_size);
    bytes_put_u32(out + 60, header->payloads_bytes);
    bytes_put_u32(out + 64, header->payloads_crc);
    out[68] = (uint8_t)header->lane.type;
    out[69] = (uint8_t)header->lane.role;
    bytes_put_u16(out + 70, header->lane.rules);
    bytes_put_i64(out + 72, header->wall_min_ns);
    bytes_put_i64(out + 80, header->wall_max_ns);
    bytes_put_u32(out + 88, header->connection_max);
    out[92] = header->behind_hole ? LANE_FLAG_HOLE : 0;
}

enum err sealed_lane_header_put(struct buf *out, struct sealed_lane_header *header)
{
    const struct tape_lane *lane = &header->lane;
    const size_t venue = strnlen(lane->venue, RECORD_VENUE_MAX);
    const size_t channel = strnlen(lane->channel, LANE_TEXT_MAX);
    const size_t symbol = strnlen(lane->symbol, LANE_TEXT_MAX);
    assert(venue < RECORD_VENUE_MAX && channel < LANE_TEXT_MAX && symbol < LANE_TEXT_MAX);
    header->size = (uint32_t)(SEALED_LANE_FIXED_SIZE + venue + channel + symbol + CRC_SIZE);
    enum err err = buf_reserve(out, header->size);
    if (err != ERR_OK)
        return err;
    uint8_t *bytes = out->data + out->size;
    write_lane_fixed(bytes, header);
    bytes[93] = (uint8_t)venue;
    bytes[94] = (uint8_t)channel;
    bytes[95] = (uint8_t)symbol;
    uint8_t *names = bytes + SEALED_LANE_FIXED_SIZE;
    memcpy(names, lane->venue, venue);
    memcpy(names + venue, lane->channel, channel);
    memcpy(names + venue + channel, lane->symbol, symbol);
    const size_t body = header->size - CRC_SIZE;
    bytes_put_u32(bytes + body, crc32c(0, bytes, body));
    out->size += header->size;
    return ERR_OK;
}

uint32_t sealed_lane_header_size(const uint8_t *data)
{
    const uint32_t least = SEALED_LANE_FIXED_SIZE + CRC_SIZE - TAPE_FRAME_PREFIX_SIZE;
    const uint32_t content = bytes_get_u32(data + 4);
    if (bytes_get_u32(data) != SEALED_LANE_MAGIC || content < least ||
        content > least + LANE_NAMES_MAX)
        return 0;
    return content + TAPE_FRAME_PREFIX_SIZE;
}

static void read_lane_fixed(struct sealed_lane_header *out, const uint8_t *data)
{
    out->chunk = bytes_get_u32(data + 12);
    out->salt = bytes_get_u64(data + 16);
    out->chunk_first_seq = bytes_get_u64(data + 24);
    out->chunk_count = bytes_get_u32(data + 32);
    out->record_count = bytes_get_u32(data + 36);
    out->block = bytes_get_u16(data + 40);
    out->block_count = bytes_get_u16(data + 42);
    out->columns_size = bytes_get_u32(data + 44);
    out->columns_content = bytes_get_u32(data + 48);
    out->columns_crc = bytes_get_u32(data + 52);
    out->payloads_size = bytes_get_u32(data + 56);
    out->payloads_bytes = bytes_get_u32(data + 60);
    out->payloads_crc = bytes_get_u32(data + 64);
    out->lane.type = (enum record_type)data[68];
    out->lane.role = (enum lane_role)data[69];
    out->lane.rules = bytes_get_u16(data + 70);
    out->wall_min_ns = bytes_get_i64(data + 72);
    out->wall_max_ns = bytes_get_i64(data + 80);
    out->connection_max = bytes_get_u32(data + 88);
    out->behind_hole = data[92] & LANE_FLAG_HOLE;
}

/* Takes one name of `length` bytes at *at; false when it does not fit or holds a zero byte. */
static bool take_name(char *out, size_t size, const uint8_t **at, const uint8_t *end, size_t length)
{
    if (length >= size || (size_t)(end - *at) < length || memchr(*at, 0, length))
        return false;
    memcpy(out, *at, length);
    out[length] = 0;
    *at += length;
    return true;
}

static bool take_names(struct tape_lane *lane, const uint8_t *data, size_t size)
{
    const uint8_t *at = data + SEALED_LANE_FIXED_SIZE;
    const uint8_t *end = data + size - CRC_SIZE;
    return take_name(lane->venue, sizeof lane->venue, &at, end, data[93]) &&
           take_name(lane->channel, sizeof lane->channel, &at, end, data[94]) &&
           take_name(lane->symbol, sizeof lane->symbol, &at, end, data[95]) && at == end;
}

static bool place_is_possible(const struct sealed_lane_header *header)
{
    return header->chunk < SEALED_CHUNKS_MAX && header->chunk_first_seq > 0 &&
           header->chunk_count > 0 && header->chunk_count <= SEALED_CHUNK_RECORDS_MAX &&
           header->chunk_first_seq <= UINT64_MAX - header->chunk_count &&
           header->record_count > 0 && header->block < header->block_count &&
           /* Every other block has a record of its own. */
           header->record_count <= header->chunk_count &&
           header->block_count <= header->chunk_count - header->record_count + 1 &&
           header->wall_min_ns <= header->wall_max_ns;
}

static bool frames_are_possible(const struct sealed_lane_header *header)
{
    if (header->columns_size == 0 || header->columns_size > SEALED_FRAME_MAX ||
        header->columns_content == 0 || header->columns_content > SEALED_COLUMNS_MAX)
        return false;
    if (header->payloads_size == 0)
        return header->payloads_bytes == 0 && header->payloads_crc == 0;
    return header->payloads_size <= SEALED_FRAME_MAX && header->payloads_bytes > 0 &&
           header->payloads_bytes <= SEALED_CHUNK_BYTES_MAX;
}

/* Only what was received is asked what it is. */
static bool lane_is_possible(const struct tape_lane *lane)
{
    return lane->type > 0 && lane->role <= LANE_MARKET &&
           (lane->type == RECORD_RECEIVED) == (lane->role != LANE_CONTROL);
}

const char *sealed_lane_header_parse(struct sealed_lane_header *out, const uint8_t *data,
                                     size_t size)
{
    assert(size >= SEALED_LANE_FIXED_SIZE + CRC_SIZE);
    if (memcmp(data + TAPE_FRAME_PREFIX_SIZE, lane_tag, sizeof lane_tag) != 0)
        return "no lane header here";
    if (!crc_is_right(data, size))
        return "lane header does not match its checksum";
    *out = (struct sealed_lane_header){.size = (uint32_t)size};
    read_lane_fixed(out, data);
    if (!place_is_possible(out) || !frames_are_possible(out) || !lane_is_possible(&out->lane) ||
        !take_names(&out->lane, data, size))
        return "lane header has impossible numbers";
    return NULL;
}

/* ---- index ---------------------------------------------------------------------------------- */

static void write_chunk(uint8_t *out, const struct sealed_chunk *chunk)
{
    bytes_put_u64(out, chunk->offset);
    bytes_put_u64(out + 8, chunk->first_seq);
    bytes_put_u32(out + 16, chunk->record_count);
    bytes_put_u16(out + 20, chunk->block_count);
    bytes_put_u16(out + 22, chunk->kinds);
    bytes_put_i64(out + 24, chunk->wall_min_ns);
    bytes_put_i64(out + 32, chunk->wall_max_ns);
    bytes_put_u64(out + 40, chunk->bytes);
}

struct sealed_chunk sealed_chunk_get(const uint8_t *chunks, uint32_t index)
{
    const uint8_t *data = chunks + (size_t)index * SEALED_CHUNK_SIZE;
    return (struct sealed_chunk){
        .offset = bytes_get_u64(data),
        .first_seq = bytes_get_u64(data + 8),
        .record_count = bytes_get_u32(data + 16),
        .block_count = bytes_get_u16(data + 20),
        .kinds = bytes_get_u16(data + 22),
        .wall_min_ns = bytes_get_i64(data + 24),
        .wall_max_ns = bytes_get_i64(data + 32),
        .bytes = bytes_get_u64(data + 40),
    };
}

static size_t index_size(uint32_t count)
{
    return SEALED_INDEX_FIXED_SIZE + (size_t)count * SEALED_CHUNK_SIZE + CRC_SIZE;
}

enum err sealed_index_put(struct buf *out, uint64_t salt, const struct sealed_chunk *chunks,
                          uint32_t count)
{
    assert(count <= SEALED_CHUNKS_MAX);
    const size_t size = index_size(count);
    enum err err = buf_reserve(out, size);
    if (err != ERR_OK)
        return err;
    uint8_t *bytes = out->data + out->size;
    put_prefix(bytes, SEALED_INDEX_MAGIC, size, index_tag);
    bytes_put_u32(bytes + 12, count);
    bytes_put_u64(bytes + 16, salt);
    for (uint32_t i = 0; i < count; i++)
        write_chunk(bytes + SEALED_INDEX_FIXED_SIZE + (size_t)i * SEALED_CHUNK_SIZE, &chunks[i]);
    bytes_put_u32(bytes + size - CRC_SIZE, crc32c(0, bytes, size - CRC_SIZE));
    out->size += size;
    return ERR_OK;
}

static bool chunk_is_possible(const struct sealed_chunk *chunk)
{
    return chunk->first_seq > 0 && chunk->record_count > 0 &&
           chunk->record_count <= SEALED_CHUNK_RECORDS_MAX &&
           chunk->first_seq <= UINT64_MAX - chunk->record_count && chunk->block_count > 0 &&
           chunk->block_count <= chunk->record_count && chunk->wall_min_ns <= chunk->wall_max_ns &&
           chunk->bytes <= SEALED_CHUNK_BYTES_MAX;
}

/* Each chunk lies behind the one before, in the file and in the numbers. */
static bool chunks_ascend(const uint8_t *chunks, uint32_t count)
{
    uint64_t offset_min = TAPE_SEGMENT_HEADER_SIZE;
    uint64_t seq_min = 1;
    for (uint32_t i = 0; i < count; i++) {
        const struct sealed_chunk chunk = sealed_chunk_get(chunks, i);
        if (!chunk_is_possible(&chunk) || chunk.offset < offset_min || chunk.first_seq < seq_min)
            return false;
        offset_min = chunk.offset < UINT64_MAX ? chunk.offset + 1 : chunk.offset;
        seq_min = chunk.first_seq + chunk.record_count;
    }
    return true;
}

const char *sealed_index_parse(uint64_t salt, const uint8_t *data, size_t size, const uint8_t **out,
                               uint32_t *out_count)
{
    if (size < index_size(0))
        return "index is cut off";
    if (bytes_get_u32(data) != SEALED_INDEX_MAGIC ||
        memcmp(data + TAPE_FRAME_PREFIX_SIZE, index_tag, sizeof index_tag) != 0)
        return "no index here";
    if (size - TAPE_FRAME_PREFIX_SIZE != bytes_get_u32(data + 4) || !crc_is_right(data, size))
        return "index does not match its checksum";
    const uint32_t count = bytes_get_u32(data + 12);
    if (count > SEALED_CHUNKS_MAX || size != index_size(count))
        return "index has impossible numbers";
    if (bytes_get_u64(data + 16) != salt)
        return "index belongs to another segment";
    if (!chunks_ascend(data + SEALED_INDEX_FIXED_SIZE, count))
        return "index has impossible numbers";
    *out = data + SEALED_INDEX_FIXED_SIZE;
    *out_count = count;
    return NULL;
}

/* ---- end mark ------------------------------------------------------------------------------- */

void sealed_end_mark_write(uint8_t out[SEALED_END_MARK_SIZE], const struct sealed_end_mark *mark)
{
    memset(out, 0, SEALED_END_MARK_SIZE);
    put_prefix(out, TAPE_END_MAGIC, SEALED_END_MARK_SIZE, end_tag);
    bytes_put_u32(out + 12, mark->number);
    bytes_put_u64(out + 16, mark->salt);
    bytes_put_u64(out + 24, mark->next_seq);
    bytes_put_u64(out + 32, mark->index_offset);
    bytes_put_u32(out + 40, mark->block_count);
    bytes_put_u32(out + 44, mark->live_chain);
    bytes_put_u64(out + 48, mark->first_seq);
    memcpy(out + 56, mark->id, sizeof mark->id);
    bytes_put_u32(out + 72, mark->next_connection);
    bytes_put_u32(out + 80, mark->file_crc);
    bytes_put_u32(out + 84, crc32c(0, out, SEALED_END_MARK_SIZE - CRC_SIZE));
}

const char *sealed_end_mark_parse(struct sealed_end_mark *out, const uint8_t *data)
{
    if (bytes_get_u32(data) != TAPE_END_MAGIC || bytes_get_u32(data + 4) != END_MARK_BODY ||
        memcmp(data + TAPE_FRAME_PREFIX_SIZE, end_tag, sizeof end_tag) != 0)
        return "no end mark of a sealed segment here";
    if (!crc_is_right(data, SEALED_END_MARK_SIZE))
        return "end mark does not match its checksum";
    *out = (struct sealed_end_mark){
        .number = bytes_get_u32(data + 12),
        .salt = bytes_get_u64(data + 16),
        .next_seq = bytes_get_u64(data + 24),
        .index_offset = bytes_get_u64(data + 32),
        .block_count = bytes_get_u32(data + 40),
        .live_chain = bytes_get_u32(data + 44),
        .first_seq = bytes_get_u64(data + 48),
        .next_connection = bytes_get_u32(data + 72),
        .file_crc = bytes_get_u32(data + 80),
    };
    memcpy(out->id, data + 56, sizeof out->id);
    if (out->number == 0 || out->first_seq == 0 || out->next_seq < out->first_seq ||
        out->next_connection == 0 || out->index_offset < TAPE_SEGMENT_HEADER_SIZE)
        return "end mark has impossible numbers";
    return NULL;
}
