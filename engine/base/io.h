/*
 * io: the one seam between the tape and the operating system.
 *
 * Everything that touches a tape's files goes through this table, so that tests can put a memory or
 * a faulty body in place of io_posix() and watch every call. Each function returns ERR_OK or sets
 * the error text (subject: the path) and returns ERR_NOSPACE, ERR_MISSING, ERR_LOCKED or ERR_IO.
 *
 * EINTR is retried inside. Files are opened O_CLOEXEC, made with mode 0640, folders with 0750.
 */
#ifndef REWICK_ENGINE_BASE_IO_H
#define REWICK_ENGINE_BASE_IO_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io_file; /* opaque: one open file */

enum io_mode {
    IO_READ,   /* existing file, read only */
    IO_CREATE, /* new file, read and write; fails when it exists */
};

struct io {
    void *self;
    enum err (*open)(void *self, struct io_file **out, const char *path, enum io_mode mode);
    /* Reads up to `size` bytes; *out_size is short only at the end of the file. */
    enum err (*read)(struct io_file *file, void *data, size_t size, uint64_t offset,
                     size_t *out_size);
    /* Writes all of it or fails; after a failure the file may hold a part. */
    enum err (*write)(struct io_file *file, const void *data, size_t size, uint64_t offset);
    enum err (*truncate)(struct io_file *file, uint64_t size);
    enum err (*sync)(struct io_file *file); /* fdatasync */
    enum err (*size)(struct io_file *file, uint64_t *out_size);
    void (*close)(struct io_file *file); /* accepts NULL */

    enum err (*rename)(void *self, const char *from, const char *to); /* fails when `to` exists */
    /* The same in the place of `to`, whether there is one or not, in one step: at every moment the
     * name is either file's. Who has the old one open keeps it. */
    enum err (*replace)(void *self, const char *from, const char *to);
    enum err (*remove)(void *self, const char *path);
    enum err (*make_dir)(void *self, const char *path); /* fine when it is there already */
    enum err (*sync_dir)(void *self, const char *path);
    /* Calls `each` for every name in the folder, in no order; stops at its first error. */
    enum err (*list_dir)(void *self, const char *path,
                         enum err (*each)(const char *name, void *arg), void *arg);
    /* Takes the exclusive lock `path` (made when missing; holds for the life of the process or
     * until close). ERR_LOCKED when another process has it. */
    enum err (*lock)(void *self, struct io_file **out, const char *path);
};

/* The real one. Lives for ever; any thread, but each io_file is one thread's at a time. */
const struct io *io_posix(void);

/* Whole small file into a caller-freed buffer with a NUL behind it; ERR_LIMIT over size_max. */
enum err io_read_file(const char *path, size_t size_max, char **out,
                      size_t *out_size) ERR_MUST_CHECK;

#endif
