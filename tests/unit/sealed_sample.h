/* sealed_sample: small sealed segments for tests: a live segment in memory is rewritten with chunks
 * of a few records, which sealing itself would not make so small. */
#ifndef REWICK_TESTS_UNIT_SEALED_SAMPLE_H
#define REWICK_TESTS_UNIT_SEALED_SAMPLE_H

#include "engine/tape/seal_chunk.h"
#include "engine/tape/seal_file.h"
#include "engine/tape/tape_decoder.h"
#include "engine/tape/tape_segment.h"
#include "tests/unit/tape_sample.h"

/* Lanes by what the records of unit_append() are: five lanes and more. */
static inline struct tape_lane sample_lane(const struct record *record)
{
    struct tape_lane lane = {.type = record->type, .role = LANE_CONTROL, .rules = 1};
    snprintf(lane.venue, sizeof lane.venue, "%s", record->venue);
    if (record->type != RECORD_RECEIVED)
        return lane;
    const unsigned kind = (unsigned)(record->seq * 7919 % 10);
    lane.role = kind < 2 ? LANE_TALK : kind < 5 ? LANE_TRADES : LANE_MARKET;
    if (lane.role == LANE_TALK)
        return lane;
    snprintf(lane.channel, sizeof lane.channel, "%s", kind < 5 ? "trade" : "depth");
    snprintf(lane.symbol, sizeof lane.symbol, "%s", kind % 2 ? "BTCUSDT" : "ETHUSDT");
    return lane;
}

struct sample_seal {
    struct seal_file *file;
    struct seal_chunk *chunk;
    unsigned per_chunk;
};

static inline void sample_end_chunk(struct sample_seal *seal)
{
    if (seal_chunk_count(seal->chunk) > 0)
        assert_ok(seal_file_add(seal->file, seal->chunk));
    seal_chunk_begin(seal->chunk, 0, false);
}

static inline void sample_add(struct sample_seal *seal, const struct record *record, bool hole)
{
    const struct tape_lane lane = sample_lane(record);
    if (hole || seal_chunk_count(seal->chunk) == seal->per_chunk)
        sample_end_chunk(seal);
    if (seal_chunk_count(seal->chunk) == 0)
        seal_chunk_begin(seal->chunk, record->seq, hole);
    assert_ok(seal_chunk_add(seal->chunk, record, &lane));
}

static inline void sample_add_block(struct sample_seal *seal, struct tape_decoder *decoder,
                                    const struct tape_segment *segment)
{
    const struct record *records = NULL;
    const char *reason = NULL;
    assert_ok(tape_decoder_decode(decoder, &segment->block, segment->frame, &records, &reason));
    for (uint32_t i = 0; i < segment->block.record_count; i++)
        sample_add(seal, &records[i], i == 0 && segment->block.flags & TAPE_BLOCK_FLAG_HOLE);
}

/* Rewrites the live segment `path`. */
static inline void sample_seal(struct io_fault *fault, const char *path, unsigned per_chunk)
{
    const struct io *io = io_fault_io(fault);
    struct sample_seal seal = {.per_chunk = per_chunk};
    struct tape_segment live = {0};
    struct tape_decoder *decoder = NULL;
    enum tape_segment_event event = SEGMENT_BLOCK;
    assert_ok(tape_segment_open(&live, io, path, path));
    assert_false(live.sealed);
    assert_ok(tape_decoder_new(&decoder));
    assert_ok(seal_file_open(&seal.file, io, "sealing", &live.header, 3));
    assert_ok(seal_chunk_new(&seal.chunk));
    seal_chunk_begin(seal.chunk, 0, false);
    while (event != SEGMENT_STOPS) {
        assert_ok(tape_segment_next(&live, 0, &event));
        assert_true(event != SEGMENT_BAD);
        if (event == SEGMENT_BLOCK)
            sample_add_block(&seal, decoder, &live);
    }
    sample_end_chunk(&seal);
    const struct seal_end end = {
        .next_seq = live.next_seq, .next_connection = live.next_connection, .chain = live.chain};
    assert_ok(seal_file_finish(seal.file, &end));
    seal_file_close(seal.file);
    seal_chunk_free(seal.chunk);
    tape_decoder_free(decoder);
    tape_segment_release(&live);
    size_t size = 0;
    const uint8_t *bytes = io_fault_data(fault, "sealing", &size);
    uint8_t *copy = malloc(size);
    memcpy(copy, bytes, size);
    io_fault_put(fault, path, copy, size);
    io_fault_remove(fault, "sealing");
    free(copy);
}

#endif
