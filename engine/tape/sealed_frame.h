/*
 * sealed_frame: the frame headers of a sealed segment (lane header, index, end mark) as structs, to
 * bytes and back. Pure; sealed_format.h draws the bytes.
 *
 * The parse functions look at untrusted bytes. They give NULL when the frame is whole in itself
 * (its lengths are within the limits of sealed_format.h and its checksum is right), else the reason
 * as a static text.
 */
#ifndef REWICK_ENGINE_TAPE_SEALED_FRAME_H
#define REWICK_ENGINE_TAPE_SEALED_FRAME_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/tape/sealed_format.h"
#include "engine/tape/tape_lane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sealed_lane_header {
    uint32_t size; /* of the header itself; filled by write and parse */
    uint32_t chunk;
    uint64_t salt;
    uint64_t chunk_first_seq;
    uint32_t chunk_count; /* records of the chunk */
    uint32_t record_count;
    uint16_t block, block_count;
    uint32_t columns_size, columns_content, columns_crc;
    uint32_t payloads_size, payloads_bytes, payloads_crc;
    int64_t wall_min_ns, wall_max_ns;
    uint32_t connection_max;
    bool behind_hole;
    struct tape_lane lane;
};

struct sealed_chunk {
    uint64_t offset;
    uint64_t first_seq;
    uint32_t record_count;
    uint16_t block_count;
    uint16_t kinds; /* bit t: records of type t; SEALED_KIND_TALK */
    int64_t wall_min_ns, wall_max_ns;
    uint64_t bytes;
};
#define SEALED_KIND_TALK 0x8000u

struct sealed_end_mark {
    uint32_t number;
    uint64_t salt;
    uint64_t next_seq;
    uint64_t index_offset;
    uint32_t block_count;
    uint32_t live_chain;
    uint64_t first_seq;
    uint8_t id[16];
    uint32_t next_connection;
    uint32_t file_crc;
};

/* Appends the lane header to `out`. Its names must fit their limits. */
enum err sealed_lane_header_put(struct buf *out, struct sealed_lane_header *header) ERR_MUST_CHECK;
/* Bytes of the lane header that begins with these TAPE_FRAME_PREFIX_SIZE bytes, 0 when none begins
 * so. */
uint32_t sealed_lane_header_size(const uint8_t *data);
/* `size` bytes are there and are the whole header as sealed_lane_header_size() said. */
const char *sealed_lane_header_parse(struct sealed_lane_header *out, const uint8_t *data,
                                     size_t size);

/* Appends the index to `out`. */
enum err sealed_index_put(struct buf *out, uint64_t salt, const struct sealed_chunk *chunks,
                          uint32_t count) ERR_MUST_CHECK;
/* `size` bytes are there, the whole frame. *out_count chunks are at *out (borrowed bytes; read them
 * with sealed_chunk_get()). Offsets and numbers ascend; that they are true only blocks tell. */
const char *sealed_index_parse(uint64_t salt, const uint8_t *data, size_t size, const uint8_t **out,
                               uint32_t *out_count);
struct sealed_chunk sealed_chunk_get(const uint8_t *chunks, uint32_t index);

void sealed_end_mark_write(uint8_t out[SEALED_END_MARK_SIZE], const struct sealed_end_mark *mark);
/* `data` are SEALED_END_MARK_SIZE bytes. */
const char *sealed_end_mark_parse(struct sealed_end_mark *out, const uint8_t *data);

#endif
