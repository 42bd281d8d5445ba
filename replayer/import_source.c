#include "replayer/import_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define INPUT_SIZE (128u * 1024)
#define MAGIC_SIZE 4

enum packing { PLAIN, GZIP, ZSTD };

struct import_source {
    const char *path; /* borrowed */
    int fd;           /* -1: memory */
    const uint8_t *memory;
    size_t memory_size;

    uint8_t input[INPUT_SIZE];
    size_t input_at, input_size;
    bool input_ended;
    uint64_t done, total;

    enum packing packing;
    bool inside;  /* in the middle of a gzip member or zstd frame */
    enum err end; /* not ERR_OK: what every further read gives */
    const char *reason;
    char reason_text[64];
    z_stream gzip;
    ZSTD_DStream *zstd;
};

static enum err open_packing(struct import_source *source);

static enum err source_new(struct import_source **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return err_fail(ERR_NOMEM, "out of memory");
    (*out)->fd = -1;
    return ERR_OK;
}

static enum err open_file(struct import_source *source, const char *path)
{
    source->path = path;
    if (strcmp(path, "-") == 0) {
        source->fd = STDIN_FILENO;
        return ERR_OK;
    }
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0)
        return err_errno("cannot open '%s'", path);
    struct stat status;
    if (fstat(source->fd, &status) == 0 && S_ISREG(status.st_mode))
        source->total = (uint64_t)status.st_size;
    return ERR_OK;
}

enum err import_source_open(struct import_source **out, const char *path)
{
    *out = NULL;
    struct import_source *source;
    enum err err = source_new(&source);
    if (err != ERR_OK)
        return err;
    err = open_file(source, path);
    if (err == ERR_OK)
        err = open_packing(source);
    if (err != ERR_OK) {
        import_source_close(source);
        return err;
    }
    *out = source;
    return ERR_OK;
}

enum err import_source_open_memory(struct import_source **out, const void *data, size_t size)
{
    *out = NULL;
    struct import_source *source;
    enum err err = source_new(&source);
    if (err != ERR_OK)
        return err;
    source->path = "memory";
    source->memory = data;
    source->memory_size = source->total = size;
    err = open_packing(source);
    if (err != ERR_OK) {
        import_source_close(source);
        return err;
    }
    *out = source;
    return ERR_OK;
}

void import_source_close(struct import_source *source)
{
    if (!source)
        return;
    if (source->packing == GZIP)
        inflateEnd(&source->gzip);
    ZSTD_freeDStream(source->zstd);
    if (source->fd > STDIN_FILENO)
        close(source->fd);
    free(source);
}

void import_source_progress(const struct import_source *source, uint64_t *out_done,
                            uint64_t *out_total)
{
    *out_done = source->done;
    *out_total = source->total;
}

/* ---- input ---------------------------------------------------------------------------------- */

static enum err read_fd(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    ssize_t got;
    do
        got = read(source->fd, data, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_errno("cannot read '%s'", source->path);
    *out_size = (size_t)got;
    return ERR_OK;
}

static void read_memory(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    *out_size = size < source->memory_size ? size : source->memory_size;
    if (*out_size > 0)
        memcpy(data, source->memory, *out_size);
    source->memory += *out_size;
    source->memory_size -= *out_size;
}

/* Reads more input behind what is there; input_ended when there is no more. */
static enum err fill_input(struct import_source *source)
{
    if (source->input_at == source->input_size)
        source->input_at = source->input_size = 0;
    size_t got = 0;
    void *room = source->input + source->input_size;
    enum err err = ERR_OK;
    if (source->fd < 0)
        read_memory(source, room, INPUT_SIZE - source->input_size, &got);
    else
        err = read_fd(source, room, INPUT_SIZE - source->input_size, &got);
    if (err != ERR_OK)
        return err;
    source->input_size += got;
    source->done += got;
    source->input_ended = got == 0;
    return ERR_OK;
}

static enum packing tell_packing(const uint8_t *data, size_t size)
{
    if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return GZIP;
    if (size < MAGIC_SIZE)
        return PLAIN;
    bool frame = memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0;
    bool skippable = (data[0] & 0xf0) == 0x50 && memcmp(data + 1, "\x2a\x4d\x18", 3) == 0;
    return frame || skippable ? ZSTD : PLAIN;
}

static enum err open_packing(struct import_source *source)
{
    while (source->input_size < MAGIC_SIZE && !source->input_ended) {
        enum err err = fill_input(source);
        if (err != ERR_OK)
            return err;
    }
    source->packing = tell_packing(source->input, source->input_size);
    source->inside = source->packing != PLAIN;
    if (source->packing == GZIP && inflateInit2(&source->gzip, 15 + 16) != Z_OK) {
        source->packing = PLAIN;
        return err_fail(ERR_NOMEM, "out of memory");
    }
    if (source->packing == ZSTD && !(source->zstd = ZSTD_createDStream()))
        return err_fail(ERR_NOMEM, "out of memory");
    return ERR_OK;
}

/* ---- unpacking ------------------------------------------------------------------------------ */

static enum err finish(struct import_source *source, enum err end, const char *reason)
{
    source->end = end;
    source->reason = reason;
    return ERR_OK;
}

static enum err copy_plain(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    size_t left = source->input_size - source->input_at;
    *out_size = size < left ? size : left;
    memcpy(data, source->input + source->input_at, *out_size);
    source->input_at += *out_size;
    return ERR_OK;
}

/* Behind a member: another one, zeros that some tools pad with, or something that does not belong.
 */
static enum err begin_member(struct import_source *source)
{
    uint8_t first = source->input[source->input_at];
    if (first == 0) {
        source->input_at++;
        return ERR_OK;
    }
    if (first != 0x1f)
        return finish(source, ERR_DAMAGED, "something else follows the gzip data");
    inflateReset(&source->gzip);
    source->inside = true;
    return ERR_OK;
}

static enum err unpack_gzip(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    if (!source->inside)
        return begin_member(source);
    z_stream *gzip = &source->gzip;
    gzip->next_in = source->input + source->input_at;
    gzip->avail_in = (uInt)(source->input_size - source->input_at);
    gzip->next_out = data;
    gzip->avail_out = (uInt)size;
    int code = inflate(gzip, Z_NO_FLUSH);
    source->input_at = source->input_size - gzip->avail_in;
    *out_size = size - gzip->avail_out;
    if (code == Z_STREAM_END)
        source->inside = false;
    else if (code == Z_MEM_ERROR)
        return err_fail(ERR_NOMEM, "out of memory");
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return finish(source, ERR_DAMAGED, "the gzip data is damaged");
    return ERR_OK;
}

static enum err unpack_zstd(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    ZSTD_inBuffer in = {source->input, source->input_size, source->input_at};
    ZSTD_outBuffer out = {data, size, 0};
    size_t code = ZSTD_decompressStream(source->zstd, &out, &in);
    source->input_at = in.pos;
    *out_size = out.pos;
    source->inside = code != 0;
    if (!ZSTD_isError(code))
        return ERR_OK;
    strncpy(source->reason_text, ZSTD_getErrorName(code), sizeof source->reason_text - 1);
    return finish(source, ERR_DAMAGED, source->reason_text);
}

static enum err unpack(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    *out_size = 0;
    switch (source->packing) {
    case GZIP:
        return unpack_gzip(source, data, size, out_size);
    case ZSTD:
        return unpack_zstd(source, data, size, out_size);
    case PLAIN:
        break;
    }
    return copy_plain(source, data, size, out_size);
}

/* Output may still wait in the unpacker when the input is used up; so unpacking goes before
 * reading. */
static enum err read_some(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    bool empty = source->input_at == source->input_size;
    if (!empty || source->inside) {
        enum err err = unpack(source, data, size, out_size);
        if (err != ERR_OK || *out_size > 0 || source->input_at < source->input_size ||
            source->end != ERR_OK)
            return err;
    }
    if (!source->input_ended)
        return fill_input(source);
    if (source->inside)
        return finish(source, ERR_DAMAGED, "the packed data ends too early");
    return finish(source, ERR_END, NULL);
}

enum err import_source_read(struct import_source *source, void *data, size_t size, size_t *out_size)
{
    *out_size = 0;
    while (*out_size == 0 && source->end == ERR_OK) {
        enum err err = read_some(source, data, size, out_size);
        if (err != ERR_OK)
            return err;
    }
    if (*out_size > 0)
        return ERR_OK;
    return source->reason ? err_fail(source->end, "%s", source->reason) : source->end;
}
