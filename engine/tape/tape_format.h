/*
 * tape_format: the bytes of a tape. docs/tape-format.md tells the same at length; a test reads
 * every fixture with a reader written from that page alone.
 *
 * A tape is a folder of segments `NNNNNNNN.rwk.zst`, numbered from 00000001 without holes, and a
 * file LOCK. A segment is, at every moment, a standard zstd file (RFC 8878): payloads in zstd
 * frames, our own metadata in skippable frames, so that `zstd -t` passes on it and `zstd -dc`
 * prints every payload in order with a line feed behind each. All integers are little-endian.
 *
 *     segment  =  segment header  block*  [end mark]
 *     block    =  block header (skippable frame)  zstd frame
 *
 * Segment header, a skippable frame:
 *       0  u32  0x184D2A50
 *       4  u32  content length = bytes that follow
 *       8  8    "RWKTAPE" NUL
 *      16  u16  format version, 2
 *      18  u16  0: live, drawn here; 1: sealed, drawn in sealed_format.h (version 1: passed over)
 *      20  u32  segment number, from 1
 *      24  16   tape id, random, the same in all segments of a tape
 *      40  u64  salt, random, this segment's own
 *      48  u64  sequence number that follows the last record of the segment before; 1 in
 *               segment 1. The first record here has it, unless its block has flag bit 0
 *      56  u32  connection number that is free at this point (all used ones are smaller)
 *      60  u32  chain: CRC of the last whole frame header of the segment before (its end mark or,
 *               when a crash ended it, the last whole block's, or its segment header's when it has
 *               no whole block); 0 in segment 1
 *      64  i64  wall clock when it was made, ns
 *      72  u32  CRC-32C of bytes 0..71
 * In every later version too, bytes 0..19 mean the same, the whole is at most 4 KiB long, and the
 * last four bytes are the CRC-32C of all before: a reader can tell "newer" from "damaged".
 *
 * Block header, a skippable frame:
 *       0  u32  0x184D2A51
 *       4  u32  content length
 *       8  4    "RWKB"
 *      12  u32  number of records, at least 1
 *      16  u64  the segment's salt
 *      24  u64  sequence number of the first record; the others count on from it by one
 *      32  i64  wall clock base, ns: the first record's
 *      40  i64  monotonic clock base, ns: the first record's
 *      48  u32  length of the zstd frame behind this header, bytes
 *      52  u32  length of what it decompresses to, bytes
 *      56  u32  CRC-32C of the zstd frame
 *      60  u32  chain: CRC of the frame header before (segment header or block header)
 *      64  u16  number of sources, S
 *      66  u16  flags. Bit 0: the numbers between the block before and this one are known to be
 *               lost (a repair wrote this); without it the first number must follow the last one
 *               before. Bit 1: the record table is columns. Bit 2, beside bit 1 only: it is
 *               compressed, one zstd frame with content size. Others: passed over
 *      68  u32  length of the record table, T
 *      72  S sources, each: u32 connection, u8 length of the venue's name, the name
 *       .  T bytes: the record table
 *       .  u32  CRC-32C of everything before it, from byte 0
 *
 * Record table, columns (column.h) in this order, each with a number per record:
 *       type        not 0
 *       flags       bit 7: a source time is there
 *       source      index into the sources
 *       size        bytes of data
 *       wall        wall clock - base
 *       mono        (mono - wall clock) - (mono base - wall clock base)
 *       source time - wall clock base; numbers of those records only that have one
 * They fill the table. Arithmetic is modulo 2^64. Clocks and sizes make columns that compress well,
 * to a quarter of what they take as rows.
 *
 * Record table of version 1 (bits 1 and 2 are 0), one row per record, all numbers LEB128 varints,
 * z(x) = zigzag of a signed x:
 *       type u8 (not 0), flags u8 (bit 7: a source time is there), source index, data length,
 *       z(wall - wall of the row before), z(mono - mono of the row before),
 *       and, when bit 7 is set, z(wall - source time)
 * The row before the first has the bases of the header.
 *
 * The decompressed zstd frame is, for each record in order, its data and one line feed (0x0A).
 *
 * End mark, a skippable frame; there only when the segment was closed in good order:
 *       0  u32  0x184D2A52
 *       4  u32  content length, 36
 *       8  4    "RWKE"
 *      12  u32  0
 *      16  u64  the segment's salt
 *      24  u64  sequence number that follows the last record
 *      32  u32  number of blocks in this segment
 *      36  u32  chain: CRC of the frame header before
 *      40  u32  CRC-32C of bytes 0..39
 *
 * What follows from it: a changed bit is always noticed (every byte is under a CRC, bytes 0..7 of
 * each frame included); a cut is noticed (no end mark, or half a block); moved, doubled or foreign
 * blocks are noticed (salt, chain, sequence); zeros never parse.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_FORMAT_H
#define REWICK_ENGINE_TAPE_TAPE_FORMAT_H

#include "engine/tape/record.h"

#define TAPE_VERSION       2
#define TAPE_SEGMENT_MAGIC 0x184D2A50u
#define TAPE_BLOCK_MAGIC   0x184D2A51u
#define TAPE_END_MAGIC     0x184D2A52u
#define TAPE_SUFFIX        ".rwk.zst"
#define TAPE_LOCK_NAME     "LOCK"

#define TAPE_SEGMENT_HEADER_SIZE 76
#define TAPE_BLOCK_FIXED_SIZE    72
#define TAPE_SOURCE_FIXED_SIZE   5 /* then the venue's name */
#define TAPE_END_MARK_SIZE       44
#define TAPE_ROW_MIN             6 /* bytes of the shortest row of a record table */

#define TAPE_BLOCK_FLAG_HOLE       0x0001u
#define TAPE_BLOCK_FLAG_COLUMNS    0x0002u
#define TAPE_BLOCK_FLAG_COMPRESSED 0x0004u
#define TAPE_ROW_HAS_SOURCE_TIME   0x80u

/* Columns of a record table. */
enum tape_column {
    TAPE_COLUMN_TYPE,
    TAPE_COLUMN_FLAGS,
    TAPE_COLUMN_SOURCE,
    TAPE_COLUMN_SIZE,
    TAPE_COLUMN_WALL,
    TAPE_COLUMN_MONO,
    TAPE_COLUMN_SOURCE_TIME,
    TAPE_COLUMNS
};

/* Hard limits; a reader refuses more before it allocates. */
#define TAPE_BLOCK_RECORDS_MAX 65536u
#define TAPE_BLOCK_CONTENT_MAX (RECORD_DATA_MAX + 1024u * 1024) /* decompressed bytes */
#define TAPE_BLOCK_SOURCES_MAX 1024u
#define TAPE_BLOCK_TABLE_MAX   (TAPE_BLOCK_RECORDS_MAX * 48u)          /* compressed or not */
#define TAPE_BLOCK_FRAME_MAX   (TAPE_BLOCK_CONTENT_MAX + 1024u * 1024) /* compressed bytes */
#define TAPE_BLOCK_HEADER_MAX                                                                      \
    (TAPE_BLOCK_FIXED_SIZE +                                                                       \
     TAPE_BLOCK_SOURCES_MAX * (TAPE_SOURCE_FIXED_SIZE + RECORD_VENUE_MAX - 1u) +                   \
     TAPE_BLOCK_TABLE_MAX + 4u)
#define TAPE_SEGMENT_HEADER_MAX 4096u
#define TAPE_SEGMENTS_MAX       99999999u /* eight digits */

/* A block is closed when its content reaches this, or when the flush bound is up. */
#define TAPE_BLOCK_CONTENT_GOAL (256u * 1024)

#endif
