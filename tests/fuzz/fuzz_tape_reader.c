/*
 * The tape reader on hostile segments, live and sealed. Input: one byte of ways, then the bytes of
 * a segment.
 *
 * Ways: 1 salvage, 2 as a lone file, 4 make all checksums right (else nothing gets past them), 8
 * make salts, chains and numbers right too, 16 check and repair it, 32 let a writer go on behind
 * it, 64 want trades alone, 128 from a number and a time in it.
 */
#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/sealed_format.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_check.h"
#include "engine/tape/tape_reader.h"
#include "engine/tape/tape_writer.h"

#include "tests/unit/io_fault.c"

#define FILE_PATH "tape/00000001.rwk.zst"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void put_crc(uint8_t *header, size_t size)
{
    bytes_put_u32(header + size - 4, crc32c(0, header, size - 4));
}

struct fix {
    uint64_t salt, next_seq;
    uint32_t chain;
    bool places;
};

/* Makes one frame's checksums right; its length, 0 when it is none. */
static size_t fix_frame(uint8_t *p, size_t left, struct fix *fix)
{
    if (left < 12)
        return 0;
    uint64_t header = (uint64_t)bytes_get_u32(p + 4) + 8;
    if (bytes_get_u32(p) == TAPE_END_MAGIC && header == TAPE_END_MARK_SIZE && header <= left) {
        if (fix->places) {
            bytes_put_u64(p + 16, fix->salt);
            bytes_put_u64(p + 24, fix->next_seq);
            bytes_put_u32(p + 36, fix->chain);
        }
        put_crc(p, (size_t)header);
        return (size_t)header;
    }
    if (bytes_get_u32(p) != TAPE_BLOCK_MAGIC || header < TAPE_BLOCK_FIXED_SIZE + 4 || header > left)
        return 0;
    if (fix->places) {
        bytes_put_u64(p + 16, fix->salt);
        bytes_put_u64(p + 24, fix->next_seq);
        bytes_put_u32(p + 60, fix->chain);
    }
    uint32_t frame = bytes_get_u32(p + 48);
    if (frame > left - header)
        bytes_put_u32(p + 48, frame = (uint32_t)(left - header));
    bytes_put_u32(p + 56, crc32c(0, p + header, frame));
    put_crc(p, (size_t)header);
    fix->next_seq += bytes_get_u32(p + 12);
    fix->chain = bytes_get_u32(p + header - 4);
    return (size_t)header + frame;
}

static void fix_crc(uint8_t *crc, const uint8_t *frame, size_t size)
{
    bytes_put_u32(crc, size ? crc32c(0, frame, size) : 0);
}

/* A lane header with its frames, cut to what is there. */
static size_t fix_block(uint8_t *p, size_t left, struct fix *fix)
{
    const size_t header = sealed_lane_header_size(p);
    if (header == 0 || header > left)
        return 0;
    size_t columns = bytes_get_u32(p + 44), payloads = bytes_get_u32(p + 56);
    if (columns > left - header)
        bytes_put_u32(p + 44, (uint32_t)(columns = left - header));
    if (payloads > left - header - columns)
        bytes_put_u32(p + 56, (uint32_t)(payloads = left - header - columns));
    if (fix->places)
        bytes_put_u64(p + 16, fix->salt);
    fix_crc(p + 52, p + header, columns);
    fix_crc(p + 64, p + header + columns, payloads);
    put_crc(p, header);
    return header + columns + payloads;
}

/* Index and end mark that lie at `at`. */
static void fix_ends(uint8_t *bytes, size_t size, size_t at, const struct fix *fix)
{
    if (size - at < SEALED_INDEX_FIXED_SIZE + 4 + SEALED_END_MARK_SIZE)
        return;
    uint8_t *mark = bytes + size - SEALED_END_MARK_SIZE;
    if (fix->places) {
        bytes_put_u32(bytes + at + 4, (uint32_t)(size - SEALED_END_MARK_SIZE - at) - 8);
        bytes_put_u64(bytes + at + 16, fix->salt);
        memcpy(mark + 12, bytes + 20, 4);
        bytes_put_u64(mark + 16, fix->salt);
        bytes_put_u64(mark + 32, at);
        memcpy(mark + 48, bytes + 48, 8);
        memcpy(mark + 56, bytes + 24, 16);
    }
    put_crc(bytes + at, size - SEALED_END_MARK_SIZE - at);
    put_crc(mark, SEALED_END_MARK_SIZE);
}

static void fix_sealed(uint8_t *bytes, size_t size, struct fix *fix)
{
    size_t at = TAPE_SEGMENT_HEADER_SIZE;
    for (size_t step = 1; step && size - at >= SEALED_LANE_FIXED_SIZE; at += step)
        step = fix_block(bytes + at, size - at, fix);
    fix_ends(bytes, size, at, fix);
}

static void fix_segment(uint8_t *bytes, size_t size, bool places)
{
    if (size < TAPE_SEGMENT_HEADER_SIZE)
        return;
    put_crc(bytes, TAPE_SEGMENT_HEADER_SIZE);
    struct fix fix = {bytes_get_u64(bytes + 40), bytes_get_u64(bytes + 48),
                      bytes_get_u32(bytes + 72), places};
    if (bytes[18] == 1) {
        fix_sealed(bytes, size, &fix);
        return;
    }
    for (size_t at = TAPE_SEGMENT_HEADER_SIZE, step = 1; step && at < size; at += step)
        step = fix_frame(bytes + at, size - at, &fix);
}

static bool wants_trades(const struct tape_lane *lane, bool before, void *arg)
{
    (void)arg;
    return before ? lane->type == RECORD_TICK : lane->role != LANE_MARKET;
}

static void read_all(const struct io *io, const char *path,
                     const struct tape_reader_options *options)
{
    const bool salvage = options->salvage;
    struct tape_reader *reader = NULL;
    struct record record;
    uint64_t before = 0, sum = 0;
    if (tape_reader_open(&reader, io, path, options) != ERR_OK)
        return;
    enum err err;
    while ((err = tape_reader_next(reader, &record)) == ERR_OK) {
        check(record.seq > before);
        check(record.size <= RECORD_DATA_MAX && strlen(record.venue) < RECORD_VENUE_MAX);
        check(!record.unread || (options->wants && record.size == 0));
        for (size_t i = 0; i < record.size; i++)
            sum += record.data[i];
        before = record.seq;
    }
    check(err == ERR_END || (!salvage && err == ERR_DAMAGED) || err == ERR_DAMAGED);
    check(sum < UINT64_MAX);
    tape_reader_close(reader);
}

/* What a repair makes is always whole. */
static void repair(const struct io *io)
{
    struct tape_summary before, after;
    uint64_t kept = 0;
    if (tape_repair(io, "tape", "repaired", &before, &kept) != ERR_OK)
        return;
    check(tape_check(io, "repaired", &after, NULL, NULL) == ERR_OK);
    check(after.damage_count == 0 && after.torn_count == 0 && after.missing_seqs == 0);
    check(before.records == kept && after.records >= kept);
}

/* What a writer accepted is no damage to a reader, except inside a block that only a decoder sees.
 */
static void go_on(const struct io *io)
{
    struct tape_writer_options options = {.random = {1, 2, 3, 4}};
    struct tape_writer *writer = NULL;
    struct record record = {.type = RECORD_TICK, .venue = ""};
    if (tape_writer_open(&writer, io, "tape", &options) != ERR_OK)
        return;
    if (tape_writer_next_seq(writer) < UINT64_MAX / 2)
        check(tape_writer_append(writer, &record) == ERR_OK);
    check(tape_writer_close(writer) == ERR_OK);
    const struct tape_reader_options reading = {.salvage = true};
    read_all(io, "tape", &reading);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint8_t ways = data[0];
    struct io_fault *fault = io_fault_new();
    const struct io *io = io_fault_io(fault);
    check(io->make_dir(io->self, "tape") == ERR_OK);
    io_fault_put(fault, FILE_PATH, data + 1, size - 1);
    size_t length = 0;
    if (ways & 4)
        fix_segment(io_fault_data(fault, FILE_PATH, &length), size - 1, ways & 8);
    struct tape_reader_options options = {.salvage = ways & 1};
    if (ways & 64)
        options.wants = wants_trades;
    if (ways & 128 && size > 80) {
        options.from_seq = data[60] % 16;
        options.from_ns = bytes_get_i64(data + 65) + data[61] * INT64_C(1000000);
    }
    read_all(io, ways & 2 ? FILE_PATH : "tape", &options);
    if (ways & 16)
        repair(io);
    if (ways & 32)
        go_on(io);
    io_fault_free(fault);
    return 0;
}
