/*
 * import_tape: the tape that an import writes: a RECORD_CONFIG that says where it comes from, then
 * the records of the files with connection numbers of the tape. Receive times are the capture's; as
 * captures have no monotonic clock, the wall clock stands in for it and is held where it goes back.
 *
 * Not thread safe.
 */
#ifndef REWICK_REPLAYER_IMPORT_TAPE_H
#define REWICK_REPLAYER_IMPORT_TAPE_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connections of one import, over all files. */
#define IMPORT_CONNECTIONS_MAX (1u << 20)

struct import_origin {
    const char *format, *venue;
    const char *const *files;
    size_t file_count;
};

struct import_tape;

/* ERR_USAGE when `path` holds a tape and `append` is not set. Nothing is written. */
enum err import_tape_check(const char *path, bool append) ERR_MUST_CHECK;

/* Opens the tape and writes the RECORD_CONFIG with the receive time of the first record. */
enum err import_tape_open(struct import_tape **out, const char *path,
                          const struct import_origin *origin, int64_t wall_ns) ERR_MUST_CHECK;

/* Appends a record of file number `file`, whose connection counts within that file. */
enum err import_tape_append(struct import_tape *tape, size_t file,
                            const struct record *record) ERR_MUST_CHECK;

/* Frees in any case; accepts NULL. */
enum err import_tape_close(struct import_tape *tape) ERR_MUST_CHECK;

#endif
