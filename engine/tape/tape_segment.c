#include "engine/tape/tape_segment.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/sealed_frame.h"

#include <assert.h>
#include <string.h>

#define WINDOW_MAX                                                                                 \
    ((size_t)TAPE_BLOCK_HEADER_MAX + TAPE_BLOCK_FRAME_MAX + 2 * (size_t)TAPE_SEGMENT_CHUNK)

/* Bytes that tape_segment_find() may put through a checksum: a whole file of honest blocks takes
 * one time its size; forged headers that each span many others are cut short here. */
#define FIND_WORK_PER_BYTE 8
#define FIND_WORK_MIN      (64u * 1024 * 1024)

/* Gives the bytes offset .. offset + size, which were in the file when it was last looked at, or
 * NULL when it has shrunk since (a writer cut off what it could not finish). Moves all that was
 * given before. */
static enum err load(struct tape_segment *segment, uint64_t offset, size_t size,
                     const uint8_t **out)
{
    struct buf *window = &segment->window;
    assert(size <= segment->size && offset <= segment->size - size);
    uint64_t start = segment->window_offset;
    bool inside = offset >= start && offset - start <= window->size;
    size_t skip = inside ? (size_t)(offset - start) : 0;
    if (inside && window->size - skip >= size) {
        *out = window->data + skip;
        return ERR_OK;
    }
    size_t kept = inside ? window->size - skip : 0;
    if (kept > 0 && skip > 0)
        memmove(window->data, window->data + skip, kept);
    window->size = kept;
    segment->window_offset = offset;
    uint64_t left = segment->size - offset - kept;
    size_t want = size - kept > segment->read_size ? size - kept : segment->read_size;
    if (want > left)
        want = (size_t)left;
    enum err err = buf_reserve(window, want);
    size_t got = 0;
    if (err == ERR_OK)
        err = segment->io->read(segment->file, window->data + kept, want, offset + kept, &got);
    if (err != ERR_OK)
        return err;
    window->size += got;
    *out = window->size >= size ? window->data : NULL;
    return ERR_OK;
}

/* The end mark of a sealed segment; *out_reason is NULL when it is whole. */
static enum err read_sealed_mark(const struct tape_segment *segment, struct sealed_end_mark *out,
                                 const char **out_reason)
{
    uint8_t data[SEALED_END_MARK_SIZE];
    size_t size = 0;
    *out_reason = "end mark is cut off";
    if (segment->size < TAPE_SEGMENT_HEADER_SIZE + SEALED_END_MARK_SIZE)
        return ERR_OK;
    enum err err =
        segment->io->read(segment->file, data, sizeof data, segment->size - sizeof data, &size);
    if (err == ERR_OK && size == sizeof data)
        *out_reason = sealed_end_mark_parse(out, data);
    return err;
}

static void take_header(struct tape_segment *segment)
{
    const struct tape_segment_header *header = &segment->header;
    segment->header_is_known = true;
    segment->sealed = header->sealed;
    segment->offset = TAPE_SEGMENT_HEADER_SIZE;
    segment->salt = header->salt;
    segment->salt_is_known = true;
    segment->next_seq = header->first_seq;
    segment->next_connection = header->next_connection;
}

/* A bad header may be that of a sealed segment: its end mark says the same once more, and its lanes
 * say at least that it is one. */
static enum err look_for_sealed(struct tape_segment *segment)
{
    const struct buf *window = &segment->window;
    struct sealed_end_mark mark;
    struct sealed_lane_header lane;
    const char *reason = NULL;
    enum err err = read_sealed_mark(segment, &mark, &reason);
    if (err != ERR_OK)
        return err;
    if (!reason) {
        segment->header = (struct tape_segment_header){
            .version = TAPE_VERSION,
            .sealed = true,
            .number = mark.number,
            .salt = mark.salt,
            .first_seq = mark.first_seq,
            .next_connection = 1,
        };
        memcpy(segment->header.id, mark.id, sizeof mark.id);
        take_header(segment);
    } else if (window->size >= TAPE_SEGMENT_HEADER_SIZE + TAPE_FRAME_PREFIX_SIZE) {
        const uint8_t *data = window->data + TAPE_SEGMENT_HEADER_SIZE;
        const size_t size = sealed_lane_header_size(data);
        segment->sealed = size > 0 && size <= window->size - TAPE_SEGMENT_HEADER_SIZE &&
                          !sealed_lane_header_parse(&lane, data, size);
    }
    return ERR_OK;
}

/* A small read: readers that look for a number open many segments for their headers alone. */
static enum err read_header(struct tape_segment *segment)
{
    struct buf *window = &segment->window;
    size_t size = 0;
    enum err err = buf_reserve(window, TAPE_SEGMENT_HEADER_MAX);
    if (err == ERR_OK)
        err = segment->io->read(segment->file, window->data, TAPE_SEGMENT_HEADER_MAX, 0, &size);
    if (err != ERR_OK)
        return err;
    window->size = size < segment->size ? size : (size_t)segment->size;
    segment->reason = tape_segment_header_parse(&segment->header, window->data, window->size);
    segment->header_is_bad = segment->reason != NULL;
    segment->next_seq = 1;
    segment->next_connection = 1;
    if (segment->header_is_bad)
        return look_for_sealed(segment);
    take_header(segment);
    segment->chain = segment->header.crc;
    segment->chain_is_known = true;
    return ERR_OK;
}

enum err tape_segment_open(struct tape_segment *segment, const struct io *io, const char *path,
                           const char *name)
{
    tape_segment_close(segment);
    struct buf window = segment->window;
    *segment = (struct tape_segment){.io = io, .read_size = TAPE_SEGMENT_CHUNK, .window = window};
    if (!window.data)
        buf_init(&segment->window, WINDOW_MAX);
    buf_clear(&segment->window);
    size_t length = strnlen(name, TAPE_NAME_SIZE - 1);
    memcpy(segment->name, name, length);
    enum err err = io->open(io->self, &segment->file, path, IO_READ);
    if (err == ERR_OK)
        err = io->size(segment->file, &segment->size);
    if (err == ERR_OK)
        err = read_header(segment);
    if (err != ERR_OK)
        tape_segment_close(segment);
    return err;
}

void tape_segment_close(struct tape_segment *segment)
{
    if (segment->file)
        segment->io->close(segment->file);
    segment->file = NULL;
}

void tape_segment_release(struct tape_segment *segment)
{
    tape_segment_close(segment);
    buf_release(&segment->window);
    *segment = (struct tape_segment){0};
}

enum err tape_segment_refresh(struct tape_segment *segment, bool *out_changed)
{
    uint64_t size = 0;
    enum err err = segment->io->size(segment->file, &size);
    if (err != ERR_OK)
        return err;
    /* What was read stays read: a file that was cut below that has nothing more. */
    if (size < segment->offset)
        size = segment->offset;
    *out_changed = size != segment->size;
    segment->size = size;
    buf_clear(&segment->window);
    return ERR_OK;
}

static enum err bad(struct tape_segment *segment, const char *reason, enum tape_segment_event *out)
{
    segment->reason = reason;
    *out = SEGMENT_BAD;
    return ERR_OK;
}

/* Why a whole block cannot stand here; NULL when it can. */
static const char *misplaced_block(const struct tape_segment *segment,
                                   const struct tape_block_header *block)
{
    if (segment->salt_is_known && block->salt != segment->salt)
        return "block belongs to another segment";
    if (segment->chain_is_known && block->chain != segment->chain)
        return "block does not follow the one before";
    bool behind_hole = block->flags & TAPE_BLOCK_FLAG_HOLE;
    if (block->first_seq < segment->next_seq ||
        (segment->chain_is_known && behind_hole && block->first_seq == segment->next_seq))
        return "block repeats record numbers";
    if (segment->chain_is_known && !behind_hole && block->first_seq != segment->next_seq)
        return "block leaves out record numbers";
    return NULL;
}

static const char *misplaced_end(const struct tape_segment *segment,
                                 const struct tape_end_mark *mark)
{
    if (!segment->salt_is_known || mark->salt != segment->salt)
        return "end mark belongs to another segment";
    if (segment->chain_is_known && mark->chain != segment->chain)
        return "end mark does not follow the block before";
    if (mark->next_seq < segment->next_seq ||
        (segment->chain_is_known && mark->next_seq != segment->next_seq))
        return "end mark tells another record number";
    if (!segment->jumped && mark->block_count != segment->block_count)
        return "end mark tells another number of blocks";
    return NULL;
}

static void accept_block(struct tape_segment *segment)
{
    const struct tape_block_header *block = &segment->block;
    segment->block_offset = segment->offset;
    segment->offset += (uint64_t)block->size + block->frame_size;
    segment->salt = block->salt;
    segment->chain = block->crc;
    segment->salt_is_known = segment->chain_is_known = true;
    segment->next_seq = block->first_seq + block->record_count;
    segment->block_count++;
    if (block->connection_max >= segment->next_connection)
        segment->next_connection =
            block->connection_max < UINT32_MAX ? block->connection_max + 1 : UINT32_MAX;
}

/* Header and zstd frame lie in memory together; the header's borrowed parts are set anew. */
static enum err load_block(struct tape_segment *segment, struct tape_block_header *block,
                           uint64_t offset, const uint8_t **out_frame)
{
    const uint8_t *data = NULL;
    enum err err = load(segment, offset, (size_t)block->size + block->frame_size, &data);
    *out_frame = data ? data + block->size : NULL;
    if (err != ERR_OK || !data)
        return err;
    block->sources = data + TAPE_BLOCK_FIXED_SIZE;
    block->table = data + block->size - sizeof(uint32_t) - block->table_size;
    return ERR_OK;
}

/* A block that cannot be read, but whose numbers are known. */
static enum err bad_block(struct tape_segment *segment, const char *reason,
                          enum tape_segment_event *out)
{
    const struct tape_block_header *block = &segment->block;
    segment->bad_first_seq = block->first_seq;
    segment->bad_last_seq = block->first_seq + block->record_count - 1;
    return bad(segment, reason, out);
}

/* The frame of segment->block, which is not longer than what is left of the file. */
static enum err next_frame(struct tape_segment *segment, enum tape_segment_event *out)
{
    struct tape_block_header *block = &segment->block;
    enum err err = load_block(segment, block, segment->offset, &segment->frame);
    if (err != ERR_OK)
        return err;
    if (!segment->frame)
        return bad_block(segment, "block is cut off", out);
    if (crc32c(0, segment->frame, block->frame_size) != block->frame_crc)
        return bad_block(segment, "block does not match its checksum", out);
    accept_block(segment);
    *out = SEGMENT_BLOCK;
    return ERR_OK;
}

/* What is wanted of the blocks. Plain data. */
struct wish {
    uint64_t from_seq;
    bool headers; /* only these */
};

/* The header is whole and in its place. */
static enum err take_header_of_block(struct tape_segment *segment, const struct wish *wish,
                                     enum tape_segment_event *out)
{
    const struct tape_block_header *block = &segment->block;
    segment->frame = NULL;
    if (block->frame_size > segment->size - segment->offset - block->size)
        return bad_block(segment, "block is cut off", out);
    if (block->first_seq + block->record_count - 1 < wish->from_seq) {
        accept_block(segment);
        *out = SEGMENT_SKIPPED;
        return ERR_OK;
    }
    *out = SEGMENT_BLOCK;
    return wish->headers ? ERR_OK : next_frame(segment, out);
}

static enum err next_block(struct tape_segment *segment, const struct wish *wish,
                           const uint8_t *prefix, enum tape_segment_event *out)
{
    uint32_t size = tape_block_header_size(prefix);
    if (size == 0)
        return bad(segment,
                   bytes_get_u64(prefix) == 0 ? "zeros where a block should be"
                   : bytes_get_u32(prefix) == TAPE_BLOCK_MAGIC
                       ? "block header has an impossible length"
                       : "no block or end mark here",
                   out);
    if (size > segment->size - segment->offset)
        return bad(segment, "block header is cut off", out);
    const uint8_t *data = NULL;
    enum err err = load(segment, segment->offset, size, &data);
    if (err != ERR_OK)
        return err;
    const char *reason =
        data ? tape_block_header_parse(&segment->block, data, size) : "block header is cut off";
    if (!reason)
        reason = misplaced_block(segment, &segment->block);
    return reason ? bad(segment, reason, out) : take_header_of_block(segment, wish, out);
}

static enum err next_end_mark(struct tape_segment *segment, enum tape_segment_event *out)
{
    const uint8_t *data = NULL;
    if (segment->size - segment->offset < TAPE_END_MARK_SIZE)
        return bad(segment, "end mark is cut off", out);
    enum err err = load(segment, segment->offset, TAPE_END_MARK_SIZE, &data);
    if (err != ERR_OK)
        return err;
    struct tape_end_mark mark;
    const char *reason =
        data ? tape_end_mark_parse(&mark, data, TAPE_END_MARK_SIZE) : "end mark is cut off";
    if (!reason)
        reason = misplaced_end(segment, &mark);
    if (reason)
        return bad(segment, reason, out);
    segment->offset += TAPE_END_MARK_SIZE;
    segment->chain = mark.crc;
    segment->chain_is_known = true;
    segment->next_seq = mark.next_seq;
    segment->closed = true;
    *out = SEGMENT_CLOSED;
    return ERR_OK;
}

static enum err next_event(struct tape_segment *segment, const struct wish *wish,
                           enum tape_segment_event *out)
{
    segment->bad_first_seq = segment->bad_last_seq = 0;
    if (segment->header_is_bad && !segment->jumped)
        return bad(segment, segment->reason, out);
    if (segment->offset >= segment->size) {
        *out = SEGMENT_STOPS;
        return ERR_OK;
    }
    if (segment->closed)
        return bad(segment, "bytes behind the end mark", out);
    const uint8_t *prefix = NULL;
    if (segment->size - segment->offset < TAPE_FRAME_PREFIX_SIZE)
        return bad(segment, "block is cut off", out);
    enum err err = load(segment, segment->offset, TAPE_FRAME_PREFIX_SIZE, &prefix);
    if (err != ERR_OK)
        return err;
    if (!prefix)
        return bad(segment, "block is cut off", out);
    if (bytes_get_u32(prefix) == TAPE_END_MAGIC)
        return next_end_mark(segment, out);
    return next_block(segment, wish, prefix, out);
}

enum err tape_segment_next(struct tape_segment *segment, uint64_t from_seq,
                           enum tape_segment_event *out)
{
    const struct wish wish = {.from_seq = from_seq};
    return next_event(segment, &wish, out);
}

enum err tape_segment_look(struct tape_segment *segment, uint64_t from_seq,
                           enum tape_segment_event *out)
{
    const struct wish wish = {.from_seq = from_seq, .headers = true};
    segment->read_size = TAPE_SEGMENT_PIECE;
    enum err err = next_event(segment, &wish, out);
    segment->read_size = TAPE_SEGMENT_CHUNK;
    return err;
}

void tape_segment_pass(struct tape_segment *segment)
{
    accept_block(segment);
}

/* ---- behind a bad place --------------------------------------------------------------------- */

static void find_end_mark(const struct tape_segment *segment, const uint8_t *data, uint64_t offset,
                          struct tape_segment_find *find)
{
    struct tape_end_mark mark;
    if (tape_end_mark_parse(&mark, data, TAPE_END_MARK_SIZE) || !segment->salt_is_known ||
        mark.salt != segment->salt)
        return;
    find->whole_behind = true;
    if (mark.next_seq < segment->next_seq)
        return;
    find->found = true;
    find->offset = offset;
    find->next_seq = mark.next_seq;
}

/* Whether a block that looks like one of ours from its fixed part is whole. */
static enum err find_block(struct tape_segment *segment, uint64_t offset, uint32_t size,
                           uint64_t *work, struct tape_segment_find *find)
{
    const uint8_t *data = NULL, *frame = NULL;
    struct tape_block_header block;
    enum err err = load(segment, offset, size, &data);
    if (err != ERR_OK || !data)
        return err;
    *work += size;
    if (tape_block_header_parse(&block, data, size) ||
        block.frame_size > segment->size - offset - size)
        return ERR_OK;
    err = load_block(segment, &block, offset, &frame);
    if (err != ERR_OK || !frame)
        return err;
    *work += block.frame_size;
    if (crc32c(0, frame, block.frame_size) != block.frame_crc)
        return ERR_OK;
    find->whole_behind = true;
    if (block.first_seq < segment->next_seq)
        return ERR_OK;
    find->found = true;
    find->offset = offset;
    find->next_seq = block.first_seq;
    return ERR_OK;
}

/* A frame of ours may begin at `offset`: its magic is there. */
static enum err find_at(struct tape_segment *segment, uint64_t offset, uint64_t *work,
                        struct tape_segment_find *find)
{
    const uint8_t *data = NULL;
    uint64_t left = segment->size - offset;
    if (left < TAPE_END_MARK_SIZE)
        return ERR_OK;
    size_t size = left < TAPE_BLOCK_FIXED_SIZE ? TAPE_END_MARK_SIZE : TAPE_BLOCK_FIXED_SIZE;
    enum err err = load(segment, offset, size, &data);
    if (err != ERR_OK || !data)
        return err;
    if (bytes_get_u32(data) == TAPE_END_MAGIC) {
        *work += TAPE_END_MARK_SIZE;
        find_end_mark(segment, data, offset, find);
        return ERR_OK;
    }
    uint32_t header_size = tape_block_header_size(data);
    if (header_size == 0 || header_size > left ||
        (segment->salt_is_known && bytes_get_u64(data + 16) != segment->salt))
        return ERR_OK;
    return find_block(segment, offset, header_size, work, find);
}

/* Where in data[0..size) a block's or end mark's magic begins; `size` when nowhere. */
static size_t find_magic(const uint8_t *data, size_t size)
{
    static const uint8_t tail[3] = {0x2A, 0x4D, 0x18}; /* bytes 1..3 of both */
    for (size_t at = 0; size - at >= 4;) {
        const uint8_t *hit = memmem(data + at + 1, size - at - 1, tail, sizeof tail);
        if (!hit)
            return size;
        at = (size_t)(hit - data) - 1;
        if (data[at] == (uint8_t)TAPE_BLOCK_MAGIC || data[at] == (uint8_t)TAPE_END_MAGIC)
            return at;
        at++;
    }
    return size;
}

enum err tape_segment_find(struct tape_segment *segment, struct tape_segment_find *out)
{
    uint64_t work = 0, work_max = segment->size * FIND_WORK_PER_BYTE + FIND_WORK_MIN;
    uint64_t offset = segment->offset;
    /* Nobody appends to a sealed segment: what is bad in it is no torn tail. */
    *out = (struct tape_segment_find){.whole_behind = segment->sealed};
    while (!segment->sealed && !out->found && work <= work_max &&
           segment->size - offset >= TAPE_END_MARK_SIZE) {
        const uint8_t *data = NULL;
        uint64_t left = segment->size - offset;
        size_t size = left < TAPE_SEGMENT_CHUNK ? (size_t)left : TAPE_SEGMENT_CHUNK;
        enum err err = load(segment, offset, size, &data);
        if (err != ERR_OK || !data)
            return err;
        size_t at = find_magic(data, size);
        if (at < size) {
            err = find_at(segment, offset + at, &work, out);
            if (err != ERR_OK)
                return err;
            offset += at + 1;
        } else {
            /* The last three bytes may begin a magic that ends in the next chunk. */
            offset += size - 3;
        }
    }
    return ERR_OK;
}

void tape_segment_jump(struct tape_segment *segment, uint64_t offset, uint64_t next_seq)
{
    assert(offset >= segment->offset && offset <= segment->size);
    segment->offset = offset;
    segment->next_seq = next_seq;
    segment->chain_is_known = false;
    segment->closed = false;
    segment->jumped = true;
}
