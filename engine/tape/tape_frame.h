/*
 * tape_frame: the three frame headers of a segment (segment header, block header, end mark) as
 * structs, to bytes and back. Pure; tape_format.h draws the bytes.
 *
 * The parse functions look at untrusted bytes. They give NULL when the frame is whole in itself
 * (its lengths are within the limits of tape_format.h and its checksum is right), else the reason
 * as a static text. Whether it is in its place (salt, chain, numbers) is for tape_segment.h to say.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_FRAME_H
#define REWICK_ENGINE_TAPE_TAPE_FRAME_H

#include "engine/tape/tape_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tape_segment_header {
    uint16_t version;
    bool sealed; /* sealed_format.h draws what follows; else tape_format.h */
    uint32_t number;
    uint8_t id[16];
    uint64_t salt;
    uint64_t first_seq;
    uint32_t next_connection;
    uint32_t chain;
    int64_t wall_ns;
    uint32_t crc; /* filled by write and parse */
};

struct tape_block_header {
    uint32_t size; /* of the header itself */
    uint32_t record_count;
    uint64_t salt;
    uint64_t first_seq;
    int64_t wall_ns, mono_ns;
    uint32_t frame_size;   /* the zstd frame */
    uint32_t content_size; /* what it decompresses to */
    uint32_t frame_crc;
    uint32_t chain;
    uint16_t source_count;
    uint16_t flags;
    uint32_t table_size;
    uint32_t crc;
    const uint8_t *sources;  /* borrowed from the parsed bytes; every length in it was checked */
    const uint8_t *table;    /* borrowed; table_size bytes, not looked at */
    uint32_t connection_max; /* largest connection number among the sources */
};

struct tape_end_mark {
    uint64_t salt;
    uint64_t next_seq;
    uint32_t block_count;
    uint32_t chain;
    uint32_t crc;
};

/* `out` holds TAPE_SEGMENT_HEADER_SIZE or TAPE_END_MARK_SIZE bytes. */
void tape_segment_header_write(uint8_t *out, struct tape_segment_header *header);
void tape_end_mark_write(uint8_t *out, struct tape_end_mark *mark);
/* Sources and table are in place behind the fixed part already; fills the rest of out[0..size). */
void tape_block_header_write(uint8_t *out, struct tape_block_header *header);

#define TAPE_REASON_NEWER "made by a newer rewick"

/* `size` bytes are there; what lies behind the header does not matter. A whole header of a later
 * format version gives TAPE_REASON_NEWER. Segment headers have at most TAPE_SEGMENT_HEADER_MAX
 * bytes in every version. */
const char *tape_segment_header_parse(struct tape_segment_header *out, const uint8_t *data,
                                      size_t size);
const char *tape_end_mark_parse(struct tape_end_mark *out, const uint8_t *data, size_t size);

/* Bytes of the block header that begins with these TAPE_FRAME_PREFIX_SIZE bytes, 0 when no block
 * header begins so. At most TAPE_BLOCK_HEADER_MAX. */
#define TAPE_FRAME_PREFIX_SIZE 8
uint32_t tape_block_header_size(const uint8_t *data);
/* `size` bytes are there and are the whole header as tape_block_header_size() said. */
const char *tape_block_header_parse(struct tape_block_header *out, const uint8_t *data,
                                    size_t size);

#endif
