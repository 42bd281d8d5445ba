#include "engine/tape/seal_ends.h"

#include "engine/base/crc32c.h"

#include <stdlib.h>
#include <string.h>

#define READ_BYTES ((size_t)256 * 1024)

static enum err read_header(struct tape_segment_header *out, struct io_file *file,
                            const struct io *io, const char **out_reason)
{
    uint8_t data[TAPE_SEGMENT_HEADER_MAX];
    size_t size = 0;
    enum err err = io->read(file, data, sizeof data, 0, &size);
    if (err == ERR_OK)
        *out_reason = tape_segment_header_parse(out, data, size);
    return err;
}

enum err seal_ends_is_sealed(struct io_file *file, const struct io *io, bool *out)
{
    struct tape_segment_header header = {0};
    const char *reason = NULL;
    enum err err = read_header(&header, file, io, &reason);
    *out = err == ERR_OK && !reason && header.sealed;
    return err;
}

static enum err read_end_mark(struct seal_ends *ends, struct io_file *file, const struct io *io,
                              const char **out_reason)
{
    uint8_t data[SEALED_END_MARK_SIZE];
    size_t size = 0;
    *out_reason = "end mark is cut off";
    if (ends->size < TAPE_SEGMENT_HEADER_SIZE + SEALED_END_MARK_SIZE)
        return ERR_OK;
    enum err err = io->read(file, data, sizeof data, ends->size - sizeof data, &size);
    if (err == ERR_OK && size == sizeof data)
        *out_reason = sealed_end_mark_parse(&ends->mark, data);
    return err;
}

static bool agree(const struct seal_ends *ends)
{
    const struct tape_segment_header *header = &ends->header;
    const struct sealed_end_mark *mark = &ends->mark;
    return header->number == mark->number && header->salt == mark->salt &&
           header->first_seq == mark->first_seq &&
           memcmp(header->id, mark->id, sizeof mark->id) == 0 &&
           header->next_connection <= mark->next_connection;
}

static enum err check_crc(const struct seal_ends *ends, struct io_file *file, const struct io *io,
                          const char **out_reason)
{
    uint8_t *data = malloc(READ_BYTES);
    if (!data)
        return err_fail(ERR_NOMEM, "out of memory for a piece of a segment");
    const uint64_t end = ends->size - SEALED_END_MARK_SIZE;
    uint32_t crc = 0;
    enum err err = ERR_OK;
    for (uint64_t at = 0; at < end && err == ERR_OK;) {
        size_t size = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES, got = 0;
        err = io->read(file, data, size, at, &got);
        if (err == ERR_OK && got < size)
            break;
        crc = crc32c(crc, data, size);
        at += size;
    }
    free(data);
    if (crc != ends->mark.file_crc)
        *out_reason = "segment does not match its checksum";
    return err;
}

enum err seal_ends_read(struct seal_ends *out, struct io_file *file, const struct io *io, bool all,
                        const char **out_reason)
{
    enum err err = io->size(file, &out->size);
    if (err == ERR_OK)
        err = read_header(&out->header, file, io, out_reason);
    if (err != ERR_OK || *out_reason)
        return err;
    err = read_end_mark(out, file, io, out_reason);
    if (err != ERR_OK || *out_reason)
        return err;
    if (!out->header.sealed || !agree(out))
        *out_reason = "end mark belongs to another segment";
    else if (all)
        err = check_crc(out, file, io, out_reason);
    return err;
}
