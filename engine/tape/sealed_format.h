/*
 * sealed_format: the bytes of a sealed segment. docs/tape-format.md tells the same at length.
 *
 * A sealed segment holds the same records as the live one that it replaced, under the same name and
 * with the same first and last number; it is made to be kept and to be read fast. Its records are
 * divided into chunks of consecutive numbers, and a chunk into one block per lane: the records of
 * one type, venue, role, channel and symbol. A reader that wants trades only reads of all blocks
 * the columns (when) and of the blocks of trade lanes the payloads (what).
 *
 *     segment  =  segment header   chunk ...   index   end mark
 *     chunk    =  lane block ...
 *     block    =  lane header   columns   [payloads]
 *
 * Segment header, lane header, index and end mark are skippable frames, columns and payloads one
 * zstd frame each with content size and checksum: the whole is a standard zstd file. Integers are
 * little-endian. CRCs are CRC-32C.
 *
 * Segment header: as in tape_format.h, version 2, with 1 at byte 18 (0 = live). Chain is what it
 * was in the live one.
 *
 * Lane header:
 *       0  u32  0x184D2A53
 *       4  u32  content length = bytes that follow
 *       8  4    "RWKL"
 *      12  u32  number of the chunk in the segment, from 0
 *      16  u64  the segment's salt
 *      24  u64  number of the chunk's first record; the others count on by one
 *      32  u32  number of records in the chunk, 1 to 65536
 *      36  u32  number of records in this block, 1 and up
 *      40  u16  number of this block in the chunk, from 0
 *      42  u16  number of blocks in the chunk
 *      44  u32  columns: length of the zstd frame
 *      48  u32  columns: length of what it decompresses to
 *      52  u32  columns: CRC of the zstd frame
 *      56  u32  payloads: length of the zstd frame, 0 when all payloads are empty (then none is
 *               there, and the next two are 0)
 *      60  u32  payloads: bytes of all payloads together
 *      64  u32  payloads: CRC of the zstd frame
 *      68  u8   record type
 *      69  u8   role: 0 control, 1 talk, 2 trades, 3 market (enum lane_role)
 *      70  u16  rules: by which rules the lane was judged (LANE_RULES)
 *      72  i64  lowest wall clock in the block
 *      80  i64  highest
 *      88  u32  highest connection number in the block
 *      92  u8   flags. Bit 0: the numbers before the chunk are known to be lost (as bit 0 of a live
 *               block's); the same in all blocks of a chunk
 *      93  u8   length of the venue's name, then of channel and symbol
 *      94  u8   length of the channel
 *      95  u8   length of the symbol
 *      96  venue, channel, symbol, without zero bytes
 *       .  u32  CRC of everything before it, from byte 0
 *
 * Columns (column.h), each of as many numbers as the block has records, in this order:
 *       position  number - first number of the chunk; ascending
 *       wall      receive time, wall clock
 *       mono      monotonic clock - wall clock
 *       connection
 *       flags     as in record.h; bit 7: a source time is there
 *       source    source time; of records without one the one before (0 before the first)
 *       size      bytes of the payload
 *
 * Payloads: lane_codec.h.
 *
 * Index: one entry per chunk, so that a time or a number is found without reading the blocks:
 *       0  u32  0x184D2A54
 *       4  u32  content length
 *       8  4    "RWKI"
 *      12  u32  number of chunks
 *      16  u64  the segment's salt
 *      24  chunks of 48 bytes each:
 *             0  u64  where its first lane header begins in the file
 *             8  u64  number of its first record
 *            16  u32  number of records
 *            20  u16  number of blocks
 *            22  u16  what is in it: bit t for records of type t, bit 14 for those of type 14 and
 *                     above, bit 15 for lanes of talk
 *            24  i64  lowest wall clock
 *            32  i64  highest
 *            40  u64  bytes of payloads
 *       .  u32  CRC of everything before it, from byte 0
 *
 * End mark, the last 88 bytes of the file:
 *       0  u32  0x184D2A52
 *       4  u32  80
 *       8  4    "RWKF"
 *      12  u32  segment number
 *      16  u64  the segment's salt
 *      24  u64  number that follows the last record
 *      32  u64  where the index begins
 *      40  u32  number of blocks in the segment
 *      44  u32  live chain: the CRC of the last whole frame header of the live segment (its end
 *               mark), which the next segment's header repeats
 *      48  u64  number that the first record has (the segment header's)
 *      56  16   tape id (the segment header's)
 *      72  u32  connection number that is free behind this segment
 *      76  u32  0
 *      80  u32  CRC of everything in the file before the end mark
 *      84  u32  CRC of bytes 0..83
 *
 * What follows: a changed bit is always noticed. It costs the block of one lane at most; one in
 * segment header, index or end mark costs nothing, because blocks say what they are, the end mark
 * repeats the header, and the index can be made again from the blocks.
 */
#ifndef REWICK_ENGINE_TAPE_SEALED_FORMAT_H
#define REWICK_ENGINE_TAPE_SEALED_FORMAT_H

#include "engine/tape/lane_codec.h"
#include "engine/tape/tape_format.h"

#define SEALED_LANE_MAGIC  0x184D2A53u
#define SEALED_INDEX_MAGIC 0x184D2A54u

#define SEALED_LANE_FIXED_SIZE  96
#define SEALED_INDEX_FIXED_SIZE 24
#define SEALED_CHUNK_SIZE       48 /* of an entry in the index */
#define SEALED_END_MARK_SIZE    88

/* Hard limits; a reader refuses more before it allocates. */
#define SEALED_CHUNK_RECORDS_MAX 65536u
#define SEALED_CHUNK_BYTES_MAX                                                                     \
    (16u * 1024 * 1024) /* payloads of a chunk; one record fits alone                              \
                         */
#define SEALED_CHUNK_BLOCKS_MAX 65535u
#define SEALED_COLUMNS_MAX      (SEALED_CHUNK_RECORDS_MAX * 72u) /* content of the columns */
#define SEALED_FRAME_MAX        (32u * 1024 * 1024)              /* a zstd frame */
#define SEALED_CHUNKS_MAX       1048576u                         /* in one segment */

#endif
