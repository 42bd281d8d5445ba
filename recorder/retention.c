#include "recorder/retention.h"

#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_frame.h"

#include <stdlib.h>

struct segment {
    uint64_t bytes;
    uint64_t first_seq;
    int64_t begin_ns; /* wall clock */
};

static enum err look_at_file(const struct io *io, const char *path, struct segment *out)
{
    uint8_t bytes[TAPE_SEGMENT_HEADER_MAX];
    struct tape_segment_header header;
    struct io_file *file = NULL;
    size_t size = 0;
    enum err err = io->open(io->self, &file, path, IO_READ);
    if (err)
        return err;
    err = io->size(file, &out->bytes);
    err = err ? err : io->read(file, bytes, sizeof bytes, 0, &size);
    io->close(file);
    if (!err && tape_segment_header_parse(&header, bytes, size) != NULL)
        err = err_fail(ERR_DAMAGED, "'%s' has a damaged header", path);
    if (!err) {
        out->begin_ns = header.wall_ns;
        out->first_seq = header.first_seq;
    }
    return err;
}

static enum err look_at(const struct io *io, const char *path, uint32_t number, struct segment *out)
{
    char name[TAPE_NAME_SIZE];
    tape_segment_name(name, number);
    char *full = tape_path_join(path, name);
    if (!full)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = look_at_file(io, full, out);
    free(full);
    return err;
}

/* How many of the oldest go. A segment ends where the next one begins. */
static size_t count_old(const struct retention *retention, const struct segment *segments,
                        size_t count, int64_t wall_ns)
{
    uint64_t total = 0;
    size_t old = 0;
    for (size_t i = 0; i < count; i++)
        total += segments[i].bytes;
    while (old + RETENTION_KEPT_MIN < count) {
        bool aged =
            retention->age_ns > 0 && segments[old + 1].begin_ns < wall_ns - retention->age_ns;
        bool large = retention->bytes > 0 && total > retention->bytes;
        if (!aged && !large)
            break;
        total -= segments[old++].bytes;
    }
    return old;
}

static enum err apply(const struct retention *retention, const struct io *io, const char *path,
                      const struct tape_folder *folder, int64_t wall_ns, uint32_t *out_removed)
{
    struct segment *segments = calloc(folder->count, sizeof *segments);
    if (!segments)
        return err_fail(ERR_NOMEM, "out of memory for a list of segments");
    enum err err = ERR_OK;
    for (size_t i = 0; i < folder->count && !err; i++)
        err = look_at(io, path, folder->numbers[i], &segments[i]);
    size_t old = err ? 0 : count_old(retention, segments, folder->count, wall_ns);
    free(segments);
    if (old == 0)
        return err;
    err = tape_folder_forget(io, path, folder->numbers[old]);
    *out_removed = err ? 0 : (uint32_t)old;
    return err;
}

enum err retention_apply(const struct retention *retention, const struct io *io, const char *path,
                         int64_t wall_ns, uint32_t *out_removed)
{
    struct tape_folder folder = {0};
    *out_removed = 0;
    enum err err = tape_folder_list(&folder, io, path, 0);
    if (!err && folder.count > RETENTION_KEPT_MIN)
        err = apply(retention, io, path, &folder, wall_ns, out_removed);
    tape_folder_release(&folder);
    return err ? err_context(err, "old files of tape '%s' are not removed", path) : ERR_OK;
}

enum err retention_first_seq(const struct io *io, const char *path, uint64_t *out)
{
    struct tape_folder folder = {0};
    struct segment segment = {.first_seq = 1};
    enum err err = tape_folder_list(&folder, io, path, 0);
    if (!err && folder.count > 0 && folder.first > 1)
        err = look_at(io, path, folder.numbers[0], &segment);
    tape_folder_release(&folder);
    *out = segment.first_seq;
    return err;
}
