/*
 * retention: how much of a tape is kept. Whole segments go, oldest first, when they end before the
 * age allowed or when the tape is larger than allowed; never the newest two.
 */
#ifndef REWICK_RECORDER_RETENTION_H
#define REWICK_RECORDER_RETENTION_H

#include "engine/base/io.h"

#include <stdint.h>

#define RETENTION_KEPT_MIN 2

struct retention {
    int64_t age_ns; /* 0 = any */
    uint64_t bytes; /* 0 = any */
};

/* *out_removed: segments that went. */
enum err retention_apply(const struct retention *retention, const struct io *io, const char *path,
                         int64_t wall_ns, uint32_t *out_removed) ERR_MUST_CHECK;

/* The number of the first record that is kept; 1 when nothing was removed, or nothing is there. */
enum err retention_first_seq(const struct io *io, const char *path, uint64_t *out) ERR_MUST_CHECK;

#endif
