#include "engine/tape/sealed_segment.h"

#include "engine/base/bytes.h"

#include <assert.h>
#include <string.h>

/* Bytes read at once: of all that follows when everything is wanted, else a lane header and small
 * columns behind it. Payloads that are not wanted and fit the latter are read over. */
#define READ_ALL  ((size_t)1024 * 1024)
#define READ_SOME ((size_t)16 * 1024)

#define WINDOW ((size_t)256 * 1024) /* of a search */

#define LANE_HEADER_MAX                                                                            \
    ((size_t)SEALED_LANE_FIXED_SIZE + RECORD_VENUE_MAX + 2 * (size_t)LANE_TEXT_MAX + 4)
#define INDEX_SIZE_MAX                                                                             \
    (SEALED_INDEX_FIXED_SIZE + (uint64_t)SEALED_CHUNKS_MAX * SEALED_CHUNK_SIZE + 4)

/* ---- reading -------------------------------------------------------------------------------- */

/* Bytes offset .. offset + size of the file, which must be in it, behind those of `buf`.
 * *out_there: whether they could be had; the file may have been cut since. */
static enum err read_on(const struct sealed_segment *sealed, struct buf *buf, uint64_t offset,
                        size_t size, bool *out_there)
{
    const struct tape_segment *base = sealed->base;
    size_t got = 0;
    enum err err = buf_reserve(buf, size);
    if (err == ERR_OK)
        err = base->io->read(base->file, buf->data + buf->size, size, offset, &got);
    if (err != ERR_OK)
        return err;
    buf->size += got < size ? got : size;
    *out_there = got >= size;
    return ERR_OK;
}

/* ---- the ends of the file ------------------------------------------------------------------- */

static const char *misplaced_mark(const struct tape_segment *base,
                                  const struct sealed_end_mark *mark)
{
    const struct tape_segment_header *header = &base->header;
    if (!base->header_is_bad && (mark->salt != header->salt || mark->number != header->number ||
                                 mark->first_seq != header->first_seq ||
                                 memcmp(mark->id, header->id, sizeof mark->id) != 0))
        return "end mark belongs to another segment";
    if (mark->index_offset > base->size - SEALED_END_MARK_SIZE)
        return "end mark has impossible numbers";
    return NULL;
}

static enum err read_mark(struct sealed_segment *sealed)
{
    const struct tape_segment *base = sealed->base;
    bool there = false;
    sealed->mark_reason = "end mark is cut off";
    if (base->size < TAPE_SEGMENT_HEADER_SIZE + SEALED_END_MARK_SIZE)
        return ERR_OK;
    buf_clear(&sealed->window);
    enum err err = read_on(sealed, &sealed->window, base->size - SEALED_END_MARK_SIZE,
                           SEALED_END_MARK_SIZE, &there);
    if (err != ERR_OK || !there)
        return err;
    sealed->mark_reason = sealed_end_mark_parse(&sealed->mark, sealed->window.data);
    if (!sealed->mark_reason)
        sealed->mark_reason = misplaced_mark(base, &sealed->mark);
    return ERR_OK;
}

/* The index at `offset` .. `end`; a NULL reason when it is whole. */
static enum err read_index(struct sealed_segment *sealed, uint64_t offset, uint64_t end)
{
    bool there = false;
    sealed->chunks = NULL;
    sealed->index_reason = "index has an impossible length";
    if (end - offset < SEALED_INDEX_FIXED_SIZE || end - offset > INDEX_SIZE_MAX)
        return ERR_OK;
    buf_clear(&sealed->index);
    enum err err = read_on(sealed, &sealed->index, offset, (size_t)(end - offset), &there);
    if (err != ERR_OK || !there)
        return err;
    sealed->index_reason =
        sealed_index_parse(sealed->base->salt, sealed->index.data, sealed->index.size,
                           &sealed->chunks, &sealed->chunk_count);
    return ERR_OK;
}

/* Whether the chunks fill the file up to the index and the numbers up to the end mark's. */
static bool index_fits(const struct sealed_segment *sealed)
{
    if (sealed->chunk_count == 0)
        return sealed->mark.next_seq == sealed->mark.first_seq;
    const struct sealed_chunk last = sealed_chunk_get(sealed->chunks, sealed->chunk_count - 1);
    return last.offset < sealed->mark.index_offset &&
           last.first_seq + last.record_count == sealed->mark.next_seq;
}

enum err sealed_segment_begin(struct sealed_segment *sealed, struct tape_segment *base,
                              bool crossed)
{
    struct buf index = sealed->index, window = sealed->window;
    *sealed =
        (struct sealed_segment){.base = base, .index = index, .window = window, .crossed = crossed};
    if (!index.data)
        buf_init(&sealed->index, INDEX_SIZE_MAX);
    if (!window.data)
        buf_init(&sealed->window, WINDOW);
    base->offset = TAPE_SEGMENT_HEADER_SIZE;
    base->chain_is_known = false;
    enum err err = read_mark(sealed);
    sealed->blocks_end = base->size;
    if (err != ERR_OK || sealed->mark_reason)
        return err;
    if (base->header_is_bad) {
        base->salt = sealed->mark.salt;
        base->salt_is_known = true;
    }
    sealed->blocks_end = base->size - SEALED_END_MARK_SIZE;
    err = read_index(sealed, sealed->mark.index_offset, sealed->blocks_end);
    if (err == ERR_OK && !sealed->index_reason && !index_fits(sealed))
        sealed->index_reason = "index does not fit the end mark";
    if (sealed->index_reason)
        sealed->chunks = NULL;
    else
        sealed->blocks_end = sealed->mark.index_offset;
    return err;
}

void sealed_segment_release(struct sealed_segment *sealed)
{
    buf_release(&sealed->index);
    buf_release(&sealed->window);
    *sealed = (struct sealed_segment){0};
}

/* ---- one chunk ------------------------------------------------------------------------------ */

/* A walk over the blocks of one chunk. */
struct walk {
    struct sealed_segment *sealed;
    const struct sealed_wish *wish;
    struct tape_unit *unit;
    bool load; /* frames are loaded; else only headers looked at */
    bool all;  /* the chunk reaches the wanted time; else only what is wanted before it counts */
    bool stop; /* the rest of the chunk is not wanted */
    uint64_t limit; /* no block of the chunk reaches behind this */

    bool is_known; /* what all blocks of the chunk say alike */
    uint32_t chunk;
    uint64_t first_seq;
    uint32_t record_count;
    uint16_t block_count;
    bool has_header, behind_hole;

    uint32_t next_block;     /* behind the highest met */
    uint32_t blocks;         /* met; sealed->seen has their numbers */
    uint64_t records, bytes; /* in them */
    int64_t wall_min_ns, wall_max_ns;
    uint16_t kinds;
};

/* The bytes offset .. offset + size, which lie before the walk's limit, in the unit; *out_at is
 * where. *out_there: whether they could be had. */
static enum err load(struct walk *walk, uint64_t offset, size_t size, size_t *out_at,
                     bool *out_there)
{
    struct sealed_segment *sealed = walk->sealed;
    struct buf *bytes = &walk->unit->bytes;
    const size_t ahead = walk->all && !walk->wish->wants && walk->load ? READ_ALL : READ_SOME;
    uint64_t have = sealed->piece_offset + (bytes->size - sealed->piece);
    if (offset < sealed->piece_offset || offset > have + READ_SOME) {
        sealed->piece_offset = have = offset;
        sealed->piece = bytes->size;
    }
    *out_there = true;
    *out_at = sealed->piece + (size_t)(offset - sealed->piece_offset);
    if (offset + size <= have)
        return ERR_OK;
    uint64_t want = offset + size - have;
    if (want < ahead)
        want = ahead;
    if (want > walk->limit - have)
        want = walk->limit - have;
    *out_there = want <= TAPE_UNIT_BYTES_MAX - bytes->size;
    if (!*out_there)
        return ERR_OK;
    enum err err = read_on(sealed, bytes, have, (size_t)want, out_there);
    if (err == ERR_OK)
        *out_there = bytes->size - *out_at >= size;
    return err;
}

static bool was_seen(const struct walk *walk, uint32_t block)
{
    return walk->blocks > 0 && walk->sealed->seen[block / 64] >> block % 64 & 1;
}

/* Why the whole lane header is none of those that can come next; NULL when it is. */
static const char *misplaced(const struct walk *walk, const struct sealed_lane_header *header)
{
    const struct tape_segment *base = walk->sealed->base;
    if (base->salt_is_known && header->salt != base->salt)
        return "block belongs to another segment";
    if (header->chunk != walk->chunk)
        return "block belongs to another chunk";
    if (walk->is_known &&
        (header->chunk_first_seq != walk->first_seq || header->chunk_count != walk->record_count ||
         header->block_count != walk->block_count))
        return "block does not fit its chunk";
    if (walk->has_header && header->behind_hole != walk->behind_hole)
        return "block does not fit its chunk";
    if (was_seen(walk, header->block))
        return "block is there twice";
    if (header->record_count > header->chunk_count - walk->records ||
        header->payloads_bytes > SEALED_CHUNK_BYTES_MAX - walk->bytes)
        return "chunk is larger than it says";
    return NULL;
}

/* The lane header at `offset`, before the limit; *out_reason is NULL when it is whole. */
static enum err read_lane_header(struct walk *walk, uint64_t offset, struct sealed_lane_header *out,
                                 const char **out_reason)
{
    size_t at = 0;
    bool there = false;
    *out_reason = "block is cut off";
    if (walk->limit - offset < TAPE_FRAME_PREFIX_SIZE)
        return ERR_OK;
    enum err err = load(walk, offset, TAPE_FRAME_PREFIX_SIZE, &at, &there);
    if (err != ERR_OK || !there)
        return err;
    const uint32_t size = sealed_lane_header_size(walk->unit->bytes.data + at);
    if (size == 0) {
        *out_reason = "no block here";
        return ERR_OK;
    }
    if (size > walk->limit - offset)
        return ERR_OK;
    err = load(walk, offset, size, &at, &there);
    if (err == ERR_OK && there)
        *out_reason = sealed_lane_header_parse(out, walk->unit->bytes.data + at, size);
    return err;
}

static uint64_t block_size(const struct sealed_lane_header *header)
{
    return (uint64_t)header->size + header->columns_size + header->payloads_size;
}

/* As the index counts them: bit 14 stands for all types that have no bit of their own. */
static uint16_t kinds_of(const struct tape_lane *lane)
{
    const unsigned type = (unsigned)lane->type;
    return (uint16_t)(1u << (type < 14 ? type : 14) |
                      (lane->role == LANE_TALK ? SEALED_KIND_TALK : 0));
}

static void take_facts(struct walk *walk, const struct sealed_lane_header *header)
{
    struct tape_segment *base = walk->sealed->base;
    walk->is_known = walk->has_header = true;
    walk->first_seq = header->chunk_first_seq;
    walk->record_count = header->chunk_count;
    walk->block_count = header->block_count;
    walk->behind_hole = header->behind_hole;
    if (!base->salt_is_known) {
        base->salt = header->salt;
        base->salt_is_known = true;
    }
    if (walk->blocks++ == 0)
        memset(walk->sealed->seen, 0, sizeof walk->sealed->seen);
    walk->sealed->seen[header->block / 64] |= UINT64_C(1) << header->block % 64;
    if (header->block >= walk->next_block)
        walk->next_block = header->block + 1u;
    walk->records += header->record_count;
    walk->bytes += header->payloads_bytes;
    if (header->wall_min_ns < walk->wall_min_ns)
        walk->wall_min_ns = header->wall_min_ns;
    if (header->wall_max_ns > walk->wall_max_ns)
        walk->wall_max_ns = header->wall_max_ns;
    walk->kinds |= kinds_of(&header->lane);
    if (header->connection_max >= base->next_connection)
        base->next_connection =
            header->connection_max < UINT32_MAX ? header->connection_max + 1 : UINT32_MAX;
}

/* Says what of the block is wanted. */
static void judge_part(struct walk *walk, struct tape_unit_part *part)
{
    const struct sealed_wish *wish = walk->wish;
    const struct tape_lane *lane = &part->header.lane;
    part->before = !walk->sealed->crossed && wish->wants && wish->wants(lane, true, wish->arg);
    part->wanted =
        part->before || (walk->all && (!wish->wants || wish->wants(lane, false, wish->arg)));
    part->left_out = !walk->all && !part->before;
    /* Lanes of market data are the last, and whether one is wanted of the past depends on its rules
     * alone (tape_reader.h). */
    walk->stop = walk->sealed->chunks && part->left_out && lane->role >= LANE_TRADES;
}

/* The frames of the part's block. One that cannot be loaded makes it a bad place. */
static enum err load_part(struct walk *walk, struct tape_unit_part *part)
{
    const struct sealed_lane_header *header = &part->header;
    const uint64_t columns = part->offset + header->size;
    bool there = true;
    enum err err = ERR_OK;
    if (!walk->load || part->left_out)
        return ERR_OK;
    err = load(walk, columns, header->columns_size, &part->columns, &there);
    if (err == ERR_OK && there && part->wanted)
        err = load(walk, columns + header->columns_size, header->payloads_size, &part->payloads,
                   &there);
    if (!there)
        part->reason = "block is cut off";
    return err;
}

/* ---- looking for the next block ------------------------------------------------------------- */

/* Whether the walk can go on with this header: as a block of its chunk, or, where no index says
 * better, as the beginning of a later one. */
static bool can_follow(const struct walk *walk, const struct sealed_lane_header *header)
{
    const struct tape_segment *base = walk->sealed->base;
    if (!misplaced(walk, header))
        return walk->is_known || header->chunk_first_seq >= base->next_seq;
    return !walk->sealed->chunks && (!base->salt_is_known || header->salt == base->salt) &&
           header->chunk > walk->chunk &&
           header->chunk_first_seq >=
               (walk->is_known ? walk->first_seq + walk->record_count : base->next_seq);
}

/* Where in data[0..size) a lane header's magic begins; `size` when nowhere. */
static size_t find_magic(const uint8_t *data, size_t size)
{
    uint8_t magic[4];
    bytes_put_u32(magic, SEALED_LANE_MAGIC);
    const uint8_t *hit = memmem(data, size, magic, sizeof magic);
    return hit ? (size_t)(hit - data) : size;
}

/* Whether a header that can follow begins at data[0]; all of it is there. */
static bool is_next_header(const struct walk *walk, const uint8_t *data, size_t size)
{
    struct sealed_lane_header header;
    if (size < TAPE_FRAME_PREFIX_SIZE)
        return false;
    const uint32_t header_size = sealed_lane_header_size(data);
    return header_size != 0 && header_size <= size &&
           (!walk->sealed->base->salt_is_known ||
            bytes_get_u64(data + 16) == walk->sealed->base->salt) &&
           !sealed_lane_header_parse(&header, data, header_size) && can_follow(walk, &header);
}

/* The first place behind `offset` where a header that can follow begins, or the limit. A header is
 * short, so that the work is a small multiple of the bytes. */
static enum err find_block(struct walk *walk, uint64_t offset, uint64_t *out)
{
    struct buf *window = &walk->sealed->window;
    for (offset++; offset < walk->limit;) {
        const uint64_t left = walk->limit - offset;
        const size_t size = left < WINDOW ? (size_t)left : WINDOW;
        bool there = false;
        buf_clear(window);
        enum err err = read_on(walk->sealed, window, offset, size, &there);
        if (err != ERR_OK)
            return err;
        const bool is_last = size == left || !there;
        /* Headers that begin in the first part lie in the window as a whole. */
        const size_t sure = is_last || window->size < LANE_HEADER_MAX
                                ? window->size
                                : window->size - LANE_HEADER_MAX;
        for (size_t at = 0; at < sure; at++) {
            at += find_magic(window->data + at, window->size - at);
            if (at < sure && is_next_header(walk, window->data + at, window->size - at)) {
                *out = offset + at;
                return ERR_OK;
            }
        }
        if (is_last)
            break;
        offset += sure;
    }
    *out = walk->limit;
    return ERR_OK;
}

/* ---- walking -------------------------------------------------------------------------------- */

/* The bytes from where the segment stands to the next block that can follow are a bad place. */
static enum err pass_bad(struct walk *walk, const struct sealed_lane_header *header,
                         const char *reason)
{
    struct tape_segment *base = walk->sealed->base;
    struct tape_unit_part *part = NULL;
    uint64_t end = 0;
    enum err err = find_block(walk, base->offset, &end);
    if (err == ERR_OK)
        err = tape_unit_add_part(walk->unit, &part);
    if (err != ERR_OK)
        return err;
    part->reason = reason;
    part->offset = base->offset;
    part->size = end - base->offset;
    if (header) {
        part->has_header = true;
        part->header = *header;
    }
    base->offset = end;
    return ERR_OK;
}

/* A block that should have come before: nothing is lost, but it is no longer as it was written. */
static enum err note_place(struct walk *walk, const struct sealed_lane_header *header)
{
    struct tape_unit_part *part = NULL;
    if (header->block >= walk->next_block)
        return ERR_OK;
    enum err err = tape_unit_add_part(walk->unit, &part);
    if (err != ERR_OK)
        return err;
    part->reason = "block is out of its place";
    part->has_header = true;
    part->header = *header;
    part->offset = walk->sealed->base->offset;
    part->size = block_size(header);
    return ERR_OK;
}

static enum err take_block(struct walk *walk, const struct sealed_lane_header *header)
{
    struct tape_segment *base = walk->sealed->base;
    struct tape_unit_part *part = NULL;
    enum err err = note_place(walk, header);
    if (err == ERR_OK)
        err = tape_unit_add_part(walk->unit, &part);
    if (err != ERR_OK)
        return err;
    take_facts(walk, header);
    part->has_header = true;
    part->header = *header;
    part->offset = base->offset;
    part->size = block_size(header);
    base->offset += part->size;
    judge_part(walk, part);
    return load_part(walk, part);
}

/* Whether a block of a later chunk is only one that was put here: right behind it the walk goes on.
 */
static enum err is_stray(struct walk *walk, const struct sealed_lane_header *header, bool *out)
{
    const uint64_t offset = walk->sealed->base->offset, size = block_size(header);
    struct sealed_lane_header next;
    const char *reason = NULL;
    *out = false;
    if (size >= walk->limit - offset)
        return ERR_OK;
    enum err err = read_lane_header(walk, offset + size, &next, &reason);
    *out = err == ERR_OK && !reason && !misplaced(walk, &next);
    return err;
}

/* Whether the blocks end here, where no index says where they do. */
static enum err meet_index(struct walk *walk, bool *out)
{
    const struct sealed_segment *sealed = walk->sealed;
    const uint64_t offset = sealed->base->offset;
    size_t at = 0;
    bool there = false;
    *out = offset >= walk->limit;
    if (*out || walk->limit - offset < TAPE_FRAME_PREFIX_SIZE)
        return ERR_OK;
    enum err err = load(walk, offset, TAPE_FRAME_PREFIX_SIZE, &at, &there);
    if (err != ERR_OK || !there)
        return err;
    const uint8_t *prefix = walk->unit->bytes.data + at;
    *out = bytes_get_u32(prefix) == SEALED_INDEX_MAGIC ||
           (!sealed->mark_reason && offset == sealed->mark.index_offset &&
            sealed_lane_header_size(prefix) == 0);
    return ERR_OK;
}

/* One block or bad place; *out_end when the chunk ends here. */
static enum err step(struct walk *walk, bool *out_end)
{
    const struct sealed_segment *sealed = walk->sealed;
    struct sealed_lane_header header;
    const char *reason = NULL;
    enum err err = ERR_OK;
    if (!sealed->chunks && walk->has_header) {
        *out_end = walk->blocks == walk->block_count;
        if (!*out_end)
            err = meet_index(walk, out_end);
        if (err != ERR_OK || *out_end)
            return err;
    }
    *out_end = walk->stop || sealed->base->offset >= walk->limit;
    if (*out_end)
        return ERR_OK;
    err = read_lane_header(walk, sealed->base->offset, &header, &reason);
    if (err != ERR_OK)
        return err;
    if (reason)
        return pass_bad(walk, NULL, reason);
    reason = misplaced(walk, &header);
    if (reason && can_follow(walk, &header)) {
        bool stray = false;
        err = is_stray(walk, &header, &stray);
        *out_end = !stray;
        if (err != ERR_OK || *out_end)
            return err;
    }
    if (!reason && block_size(&header) > walk->limit - sealed->base->offset)
        reason = "block is cut off";
    return reason ? pass_bad(walk, &header, reason) : take_block(walk, &header);
}

/* What the index says of the chunk is what its blocks say; seeking trusts it. */
static enum err compare_index(struct walk *walk)
{
    const struct sealed_segment *sealed = walk->sealed;
    struct tape_unit_part *part = NULL;
    if (!sealed->chunks || walk->blocks != walk->block_count)
        return ERR_OK;
    const struct sealed_chunk entry = sealed_chunk_get(sealed->chunks, walk->chunk);
    if (entry.wall_min_ns == walk->wall_min_ns && entry.wall_max_ns == walk->wall_max_ns &&
        entry.kinds == walk->kinds && entry.bytes == walk->bytes)
        return ERR_OK;
    enum err err = tape_unit_add_part(walk->unit, &part);
    if (err != ERR_OK)
        return err;
    part->reason = "index tells otherwise of the chunk";
    part->offset = entry.offset;
    return ERR_OK;
}

static enum err walk_chunk(struct walk *walk)
{
    bool end = false;
    enum err err = tape_unit_clear(walk->unit, READ_SOME);
    walk->sealed->piece = 0;
    walk->sealed->piece_offset = walk->sealed->base->offset;
    while (err == ERR_OK && !end)
        err = step(walk, &end);
    return err == ERR_OK ? compare_index(walk) : err;
}

static struct walk begin_walk(struct sealed_segment *sealed, const struct sealed_wish *wish,
                              struct tape_unit *unit)
{
    struct walk walk = {
        .sealed = sealed,
        .wish = wish,
        .unit = unit,
        .load = true,
        .all = sealed->crossed,
        .limit = sealed->blocks_end,
        .chunk = sealed->chunk,
        .wall_min_ns = INT64_MAX,
        .wall_max_ns = INT64_MIN,
    };
    if (!sealed->chunks)
        return walk;
    const struct sealed_chunk entry = sealed_chunk_get(sealed->chunks, sealed->chunk);
    if (sealed->chunk + 1 < sealed->chunk_count)
        walk.limit = sealed_chunk_get(sealed->chunks, sealed->chunk + 1).offset;
    walk.is_known = true;
    walk.first_seq = entry.first_seq;
    walk.record_count = entry.record_count;
    walk.block_count = entry.block_count;
    walk.all = sealed->crossed || entry.wall_max_ns >= wish->from_ns;
    return walk;
}

/* ---- from chunk to chunk -------------------------------------------------------------------- */

static enum err tell(struct sealed_segment *sealed, struct sealed_loss loss, enum sealed_event *out)
{
    sealed->loss = loss;
    *out = SEALED_LOSS;
    return ERR_OK;
}

/* Whether anything in a chunk of the index may be wanted of the time before. Frames that were
 * received may have been judged by other rules: only their lanes can tell. */
static bool may_be_wanted(const struct sealed_wish *wish, uint16_t kinds)
{
    const uint16_t of_types = (uint16_t)((1u << (RECORD_TYPE_MAX + 1)) - 1);
    if (!wish->wants)
        return false;
    if (kinds & ~(of_types | SEALED_KIND_TALK) || kinds & 1u << RECORD_RECEIVED)
        return true;
    for (unsigned type = 1; type <= RECORD_TYPE_MAX; type++) {
        const struct tape_lane lane = {.type = (enum record_type)type, .role = LANE_CONTROL};
        if (kinds & 1u << type && wish->wants(&lane, true, wish->arg))
            return true;
    }
    return false;
}

/* Behind the chunk. */
static void pass_chunk(struct sealed_segment *sealed, const struct walk *walk)
{
    sealed->base->next_seq = walk->first_seq + walk->record_count;
    sealed->chunk = walk->chunk + 1;
    if (walk->all)
        sealed->crossed = true;
}

/* A chunk that the index alone tells to be of no use. */
static bool is_useless(const struct sealed_segment *sealed, const struct walk *walk)
{
    if (walk->first_seq + walk->record_count <= walk->wish->from_seq)
        return true;
    return !walk->all &&
           !may_be_wanted(walk->wish, sealed_chunk_get(sealed->chunks, walk->chunk).kinds);
}

/* Without an index only the headers tell whether the chunk reaches the wanted time. */
static enum err measure(struct sealed_segment *sealed, struct walk *walk)
{
    const uint64_t start = sealed->base->offset;
    struct walk look = *walk;
    if (sealed->chunks || sealed->crossed)
        return ERR_OK;
    look.load = false;
    look.all = true;
    enum err err = walk_chunk(&look);
    walk->all = look.has_header && look.wall_max_ns >= walk->wish->from_ns;
    sealed->base->offset = start;
    return err;
}

/* The walk met no block of the chunk, and no index tells what was in it. */
static enum err lose_unknown(struct sealed_segment *sealed, const struct walk *walk, uint64_t start,
                             enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    struct sealed_lane_header header;
    const char *reason = NULL;
    const struct tape_unit *unit = walk->unit;
    struct sealed_loss loss = {
        .offset = start,
        .size = base->offset - start,
        .reason = unit->part_count ? unit->parts[0].reason : "blocks are missing",
    };
    struct walk next = *walk;
    if (base->offset >= walk->limit)
        reason = "no block here";
    enum err err = reason ? ERR_OK : read_lane_header(&next, base->offset, &header, &reason);
    if (err != ERR_OK)
        return err;
    if (reason) {
        sealed->blocks_are_done = true;
        loss.next_seq = sealed->mark_reason ? 0 : sealed->mark.next_seq;
    } else {
        sealed->chunk = header.chunk;
        loss.next_seq = header.chunk_first_seq;
    }
    if (loss.next_seq > base->next_seq) {
        loss.first_seq = base->next_seq;
        base->next_seq = loss.next_seq;
    } else {
        loss.next_seq = 0;
    }
    return tell(sealed, loss, out);
}

/* Fills in what the unit says of itself. */
static void finish_unit(struct sealed_segment *sealed, const struct walk *walk, uint64_t start)
{
    struct tape_unit *unit = walk->unit;
    unit->sealed = true;
    unit->offset = start;
    unit->size = sealed->base->offset - start;
    unit->first_seq = walk->first_seq;
    unit->record_count = walk->record_count;
    unit->from_seq = walk->wish->from_seq;
    unit->from_ns = sealed->crossed ? 0 : walk->wish->from_ns;
    unit->partial = walk->stop;
}

static bool is_wanted(const struct tape_unit *unit)
{
    for (size_t i = 0; i < unit->part_count; i++)
        if (unit->parts[i].reason || !unit->parts[i].left_out)
            return true;
    return false;
}

/* The chunk was walked: is it where the numbers say? */
static enum err judge_chunk(struct sealed_segment *sealed, const struct walk *walk, uint64_t start,
                            enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    const uint64_t next_seq = base->next_seq;
    if (walk->first_seq < next_seq) {
        const struct sealed_loss loss = {.offset = start,
                                         .size = base->offset - start,
                                         .reason = "chunk repeats record numbers"};
        sealed->chunk = walk->chunk + 1;
        return tell(sealed, loss, out);
    }
    if (walk->first_seq > next_seq && !walk->behind_hole && walk->wish->from_seq <= next_seq) {
        /* Told first; the chunk is walked again. */
        const struct sealed_loss loss = {.offset = start,
                                         .first_seq = next_seq,
                                         .next_seq = walk->first_seq,
                                         .reason = "chunk leaves out record numbers"};
        base->next_seq = walk->first_seq;
        base->offset = start;
        return tell(sealed, loss, out);
    }
    finish_unit(sealed, walk, start);
    if (sealed->chunks)
        base->offset = walk->limit;
    pass_chunk(sealed, walk);
    *out = is_wanted(walk->unit) && walk->first_seq + walk->record_count > walk->wish->from_seq
               ? SEALED_CHUNK
               : SEALED_SKIPPED;
    return ERR_OK;
}

static enum err next_chunk(struct sealed_segment *sealed, const struct sealed_wish *wish,
                           struct tape_unit *unit, enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    const uint64_t start = base->offset;
    struct walk walk = begin_walk(sealed, wish, unit);
    if (sealed->chunks && is_useless(sealed, &walk)) {
        base->offset = walk.limit;
        pass_chunk(sealed, &walk);
        *out = SEALED_SKIPPED;
        return ERR_OK;
    }
    enum err err = measure(sealed, &walk);
    if (err == ERR_OK)
        err = walk_chunk(&walk);
    if (err != ERR_OK)
        return err;
    return walk.is_known ? judge_chunk(sealed, &walk, start, out)
                         : lose_unknown(sealed, &walk, start, out);
}

/* ---- behind the blocks ---------------------------------------------------------------------- */

/* The index where the blocks end, when the end mark did not lead to it: moves behind it. */
static enum err find_index(struct sealed_segment *sealed, uint64_t end)
{
    struct tape_segment *base = sealed->base;
    bool there = false;
    const char *reason = sealed->index_reason;
    buf_clear(&sealed->window);
    if (end - base->offset < TAPE_FRAME_PREFIX_SIZE)
        return ERR_OK;
    enum err err = read_on(sealed, &sealed->window, base->offset, TAPE_FRAME_PREFIX_SIZE, &there);
    if (err != ERR_OK || !there || bytes_get_u32(sealed->window.data) != SEALED_INDEX_MAGIC)
        return err;
    const uint64_t size = (uint64_t)bytes_get_u32(sealed->window.data + 4) + TAPE_FRAME_PREFIX_SIZE;
    sealed->index_reason = "index is cut off";
    if (size > end - base->offset)
        return ERR_OK;
    err = read_index(sealed, base->offset, base->offset + size);
    sealed->chunks = NULL;
    if (err != ERR_OK || sealed->index_reason)
        return err;
    base->offset += size;
    if (!sealed->mark_reason)
        sealed->index_reason = reason ? reason : "index is not where the end mark says";
    return ERR_OK;
}

/* Moves behind a whole end mark of this segment that has other bytes behind it. */
static enum err find_mark(struct sealed_segment *sealed)
{
    struct tape_segment *base = sealed->base;
    bool there = false;
    struct sealed_end_mark mark;
    if (base->size - base->offset <= SEALED_END_MARK_SIZE)
        return ERR_OK;
    buf_clear(&sealed->window);
    enum err err = read_on(sealed, &sealed->window, base->offset, SEALED_END_MARK_SIZE, &there);
    if (err == ERR_OK && there && !sealed_end_mark_parse(&mark, sealed->window.data) &&
        mark.salt == base->salt) {
        base->offset += SEALED_END_MARK_SIZE;
        sealed->mark_reason = "bytes behind the end mark";
    }
    return err;
}

/* What is wrong with the index. Where the end mark is bad too, they are one bad place. */
static enum err check_index(struct sealed_segment *sealed, enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    const uint64_t start = base->offset;
    const uint64_t end = sealed->mark_reason ? base->size : base->size - SEALED_END_MARK_SIZE;
    enum err err = sealed->chunks ? ERR_OK : find_index(sealed, end);
    if (err != ERR_OK || sealed->mark_reason)
        return err;
    base->offset = end;
    if (!sealed->index_reason)
        return ERR_OK;
    const struct sealed_loss loss = {
        .offset = start, .size = end - start, .reason = sealed->index_reason};
    return tell(sealed, loss, out);
}

static enum err check_numbers(struct sealed_segment *sealed, enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    if (sealed->mark_reason || base->next_seq >= sealed->mark.next_seq)
        return ERR_OK;
    const struct sealed_loss loss = {.offset = base->offset,
                                     .first_seq = base->next_seq,
                                     .next_seq = sealed->mark.next_seq,
                                     .reason = "end mark tells of more records"};
    base->next_seq = sealed->mark.next_seq;
    return tell(sealed, loss, out);
}

static enum err check_mark(struct sealed_segment *sealed, enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    if (!sealed->mark_reason) {
        base->offset = base->size;
        base->closed = true;
        base->chain = sealed->mark.live_chain;
        base->chain_is_known = true;
        if (sealed->mark.next_connection > base->next_connection)
            base->next_connection = sealed->mark.next_connection;
        return ERR_OK;
    }
    enum err err = find_mark(sealed);
    if (err != ERR_OK)
        return err;
    const uint64_t left = base->size - base->offset;
    const struct sealed_loss loss = {
        .offset = base->offset,
        .size = left,
        .reason = left < SEALED_END_MARK_SIZE ? "segment's end is cut off" : sealed->mark_reason};
    base->offset = base->size;
    return tell(sealed, loss, out);
}

/* What is wrong behind the blocks, one thing after the other. */
static enum err check_ends(struct sealed_segment *sealed, enum sealed_event *out)
{
    static enum err (*const checks[])(struct sealed_segment *, enum sealed_event *) = {
        check_index, check_numbers, check_mark};
    *out = SEALED_END;
    while (*out == SEALED_END && sealed->ends_checked < sizeof checks / sizeof checks[0]) {
        enum err err = checks[sealed->ends_checked++](sealed, out);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Whether the segment stands behind its last block. */
static enum err meet_end(struct sealed_segment *sealed, struct tape_unit *unit)
{
    if (sealed->chunks) {
        sealed->blocks_are_done = sealed->chunk == sealed->chunk_count;
        return ERR_OK;
    }
    static const struct sealed_wish all = {0};
    struct walk walk = {.sealed = sealed, .wish = &all, .unit = unit, .limit = sealed->blocks_end};
    enum err err = tape_unit_clear(unit, READ_SOME);
    sealed->piece = 0;
    sealed->piece_offset = sealed->base->offset;
    return err == ERR_OK ? meet_index(&walk, &sealed->blocks_are_done) : err;
}

enum err sealed_segment_next(struct sealed_segment *sealed, const struct sealed_wish *wish,
                             struct tape_unit *unit, enum sealed_event *out)
{
    struct tape_segment *base = sealed->base;
    if (!sealed->blocks_are_done) {
        enum err err = meet_end(sealed, unit);
        if (err != ERR_OK)
            return err;
    }
    if (sealed->blocks_are_done)
        return check_ends(sealed, out);
    if (sealed->chunks) {
        const uint64_t offset = sealed_chunk_get(sealed->chunks, sealed->chunk).offset;
        if (base->offset < offset) {
            const struct sealed_loss loss = {.offset = base->offset,
                                             .size = offset - base->offset,
                                             .reason = "bytes that belong to no block"};
            base->offset = offset;
            return tell(sealed, loss, out);
        }
    }
    return next_chunk(sealed, wish, unit, out);
}
