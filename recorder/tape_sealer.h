/*
 * tape_sealer: the thread that seals finished segments of the tape that is being recorded
 * (engine/tape/tape_seal.h), one at a time, those that an earlier run left first.
 *
 * Capture comes first: the thread runs only when no other wants the processor or the disk, and not
 * at all while the disk has no room for one segment more. What cannot be sealed stays live, is told
 * once, and is tried again when the next segment is finished. What is not sealed yet when the
 * recording ends is sealed by the next one.
 */
#ifndef REWICK_RECORDER_TAPE_SEALER_H
#define REWICK_RECORDER_TAPE_SEALER_H

#include "engine/base/err.h"
#include "engine/base/io.h"

#include <stdbool.h>
#include <stdint.h>

/* How long a finished segment may go unnoticed. */
#define TAPE_SEALER_LOOK_NS (INT64_C(1) * 1000000000)
/* Left free for the tape itself, and a segment beside it. */
#define TAPE_SEALER_RESERVE (UINT64_C(64) * 1024 * 1024)

struct tape_sealer;

struct tape_sealer_options {
    const struct io *io;
    const char *path; /* must outlive it; the tape is there */
    uint64_t segment_bytes;
    /* Free and total bytes of the disk; false: not known. Any thread. */
    bool (*space)(void *arg, uint64_t *out_free, uint64_t *out_total);
    void *arg;
};

enum err tape_sealer_start(struct tape_sealer **out,
                           const struct tape_sealer_options *options) ERR_MUST_CHECK;
/* Ends it soon, in the middle of a segment too. Frees; accepts NULL. */
void tape_sealer_stop(struct tape_sealer *sealer);

/* Any thread. */
struct tape_sealer_stats {
    uint32_t sealed, live;             /* segments of the tape, as of the last look */
    uint32_t now;                      /* sealed by this run */
    uint64_t live_bytes, sealed_bytes; /* of those, before and after */
};
struct tape_sealer_stats tape_sealer_stats(struct tape_sealer *sealer);

#endif
