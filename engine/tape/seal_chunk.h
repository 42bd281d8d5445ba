/*
 * seal_chunk: gathers records of consecutive numbers and divides them into the lanes of a sealed
 * segment's chunk (sealed_format.h).
 *
 *     begin -> has_room? add, has_room? add ... -> sort -> block 0, 1, 2 ...
 *
 * Lanes come out in one fixed order, so that the same records make the same bytes: control, talk,
 * trades, market; then by venue, channel and symbol. Memory is kept from chunk to chunk: the
 * payloads (at most SEALED_CHUNK_BYTES_MAX) and some 70 bytes per record. Not thread safe.
 */
#ifndef REWICK_ENGINE_TAPE_SEAL_CHUNK_H
#define REWICK_ENGINE_TAPE_SEAL_CHUNK_H

#include "engine/base/err.h"
#include "engine/tape/record.h"
#include "engine/tape/tape_lane.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A chunk is closed when it has so much, for the sake of those that read it: several are decoded at
 * once, and in memory. Chunks four times as large save 1.3 % of a full capture of one instrument.
 * Where lanes are many each would have few records in that, and its block would mostly tell what it
 * is: then a chunk goes on to what the format allows. */
#define SEAL_CHUNK_RECORDS 16384u
#define SEAL_CHUNK_BYTES   (4u * 1024 * 1024)
#define SEAL_LANE_RECORDS  256u /* each lane should have so many */

struct seal_chunk;

/* What is kept of a record beside its lane. */
struct seal_entry {
    uint32_t lane;     /* in order of appearance */
    uint32_t position; /* its number - the chunk's first */
    uint32_t connection;
    uint32_t offset, size; /* of the payload */
    uint8_t flags;
    int64_t wall_ns, mono_ns, source_ns;
};

/* The records of one lane, in order. Borrowed until the chunk is begun anew. */
struct seal_block {
    const struct tape_lane *lane;
    const struct seal_entry *entries;
    size_t count;
    const uint8_t *payloads; /* seal_entry.offset counts from here */
};

enum err seal_chunk_new(struct seal_chunk **out) ERR_MUST_CHECK;
void seal_chunk_free(struct seal_chunk *chunk); /* accepts NULL */

/* Forgets what it holds. `behind_hole`: numbers before first_seq are known to be lost. */
void seal_chunk_begin(struct seal_chunk *chunk, uint64_t first_seq, bool behind_hole);
/* Whether one more record of `size` bytes can be added. An empty chunk has room for every record.
 */
bool seal_chunk_has_room(const struct seal_chunk *chunk, size_t size);
/* Copies the record; its number must be the next one. */
enum err seal_chunk_add(struct seal_chunk *chunk, const struct record *record,
                        const struct tape_lane *lane) ERR_MUST_CHECK;

uint64_t seal_chunk_first_seq(const struct seal_chunk *chunk);
bool seal_chunk_behind_hole(const struct seal_chunk *chunk);
uint32_t seal_chunk_count(const struct seal_chunk *chunk); /* of records */
uint64_t seal_chunk_bytes(const struct seal_chunk *chunk); /* of payloads */

/* Divides what was added; nothing can be added behind it. *out_count blocks are there. */
void seal_chunk_sort(struct seal_chunk *chunk, uint32_t *out_count);
struct seal_block seal_chunk_block(const struct seal_chunk *chunk, uint32_t index);

#endif
