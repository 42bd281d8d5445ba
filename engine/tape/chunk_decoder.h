/*
 * chunk_decoder: a chunk of a sealed segment, its records out: the columns of all lanes, scattered
 * to their places in the order of numbers, and the payloads of those that are wanted.
 *
 * However right the checksums are, every length and number is checked before it is used; a block
 * comes out whole or not at all. Keeps its memory from chunk to chunk. One thread.
 */
#ifndef REWICK_ENGINE_TAPE_CHUNK_DECODER_H
#define REWICK_ENGINE_TAPE_CHUNK_DECODER_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/tape/tape_unit.h"

struct chunk_decoder;

enum err chunk_decoder_new(struct chunk_decoder **out) ERR_MUST_CHECK;
void chunk_decoder_free(struct chunk_decoder *decoder); /* accepts NULL */

/* Memory of one chunk's records and what is said of them; zeroed is empty. */
struct chunk_records {
    struct record *records; /* owned, as is all else */
    size_t capacity;
    struct buf payloads;
    struct buf venues;
    struct tape_unit_fault *faults;
    size_t fault_count, fault_capacity;
};
void chunk_records_release(struct chunk_records *records);

/* Fills `out` and what `memory` gives it. Fails for want of memory only. */
enum err chunk_decoder_decode(struct chunk_decoder *decoder, const struct tape_unit *unit,
                              struct chunk_records *memory,
                              struct tape_records *out) ERR_MUST_CHECK;

#endif
