/*
 * seal_ends: the two ends of a sealed segment's file, its header and its end mark, which say what
 * it is without its records being read.
 */
#ifndef REWICK_ENGINE_TAPE_SEAL_ENDS_H
#define REWICK_ENGINE_TAPE_SEAL_ENDS_H

#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_frame.h"

/* Plain data. */
struct seal_ends {
    struct tape_segment_header header;
    struct sealed_end_mark mark; /* agrees with the header */
    uint64_t size;               /* of the file */
};

/* Whether the file begins as a sealed segment does. */
enum err seal_ends_is_sealed(struct io_file *file, const struct io *io, bool *out) ERR_MUST_CHECK;

/* *out_reason is NULL when both ends are whole and agree and, with `all`, the checksum of all that
 * lies between is right too; else a static text. Fails only when the file cannot be read. */
enum err seal_ends_read(struct seal_ends *out, struct io_file *file, const struct io *io, bool all,
                        const char **out_reason) ERR_MUST_CHECK;

#endif
