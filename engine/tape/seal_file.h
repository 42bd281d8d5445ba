/*
 * seal_file: a sealed segment being written, from its header to its end mark (sealed_format.h).
 *
 *     open -> add chunk, add chunk ... -> finish -> close
 *
 * What was added is synced piece by piece, so that the sync at the end is short and the disk stays
 * free for a capture beside it. Not thread safe.
 */
#ifndef REWICK_ENGINE_TAPE_SEAL_FILE_H
#define REWICK_ENGINE_TAPE_SEAL_FILE_H

#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/seal_chunk.h"
#include "engine/tape/tape_frame.h"

#include <stdint.h>

struct seal_file;

/* How the live segment ends. */
struct seal_end {
    uint64_t next_seq;        /* number that follows its last record */
    uint32_t next_connection; /* free behind it */
    uint32_t chain;           /* the CRC of its last whole frame header */
};

/* Makes the file, which must not exist. `live` is the header of the segment that it holds. `level`
 * is of zstd. */
enum err seal_file_open(struct seal_file **out, const struct io *io, const char *path,
                        const struct tape_segment_header *live, int level) ERR_MUST_CHECK;
/* Writes the records of a chunk that holds at least one. Sorts the chunk. */
enum err seal_file_add(struct seal_file *file, struct seal_chunk *chunk) ERR_MUST_CHECK;
/* Index, end mark and sync. */
enum err seal_file_finish(struct seal_file *file, const struct seal_end *end) ERR_MUST_CHECK;
uint64_t seal_file_size(const struct seal_file *file);
void seal_file_close(struct seal_file *file); /* accepts NULL */

#endif
