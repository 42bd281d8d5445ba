/*
 * io_fault: a file system in memory behind struct io that fails when it is told to and loses power
 * when it is told to. For tests and fuzzers; include io_fault.c once in the program.
 *
 * Every call through the table is counted. io_fault_arm() makes the n-th one from then on fail,
 * once or for ever. io_fault_crash() is power loss: of each file only what was synced is sure;
 * every write since then is kept, lost, torn at a sector or garbled, and names that the folder's
 * sync has not seen may be as before.
 */
#ifndef REWICK_TESTS_UNIT_IO_FAULT_H
#define REWICK_TESTS_UNIT_IO_FAULT_H

#include "engine/base/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_IO,      /* ERR_IO, nothing done */
    FAULT_NOSPACE, /* ERR_NOSPACE, nothing done */
    FAULT_SHORT,   /* writes: half of it is written, then ERR_NOSPACE; other calls: ERR_IO */
};

enum fault_call {
    CALL_ANY,
    CALL_WRITE,
    CALL_SYNC,
    CALL_READ,
};

struct io_fault;

struct io_fault *io_fault_new(void);
void io_fault_free(struct io_fault *fault);
/* A copy with no open files. */
struct io_fault *io_fault_clone(const struct io_fault *fault);
const struct io *io_fault_io(struct io_fault *fault);

/* The n-th call (from 1) of that sort from now on fails; with `for_ever` all that follow too. 0
 * disarms. */
void io_fault_arm(struct io_fault *fault, enum fault_call call, uint64_t n, enum fault_kind kind,
                  bool for_ever);
bool io_fault_has_hit(const struct io_fault *fault); /* since the last arm */
uint64_t io_fault_calls(const struct io_fault *fault, enum fault_call call); /* so far */

void io_fault_crash(struct io_fault *fault, uint64_t seed);

/* A file's bytes, NULL when there is no such file. Borrowed, writable, until the next change. */
uint8_t *io_fault_data(struct io_fault *fault, const char *path, size_t *out_size);
/* Makes or replaces a file. */
void io_fault_put(struct io_fault *fault, const char *path, const void *data, size_t size);
void io_fault_remove(struct io_fault *fault, const char *path);

#endif
