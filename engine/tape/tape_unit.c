#include "engine/tape/tape_unit.h"

#include "engine/tape/chunk_decoder.h"
#include "engine/tape/tape_decoder.h"

#include <stdlib.h>
#include <string.h>

/* Buffers above this are given back when they are used for much less. */
#define KEPT_BYTES ((size_t)4 * 1024 * 1024)

void tape_unit_release(struct tape_unit *unit)
{
    buf_release(&unit->bytes);
    free(unit->parts);
    *unit = (struct tape_unit){0};
}

enum err tape_unit_make_room(struct buf *buf, size_t size, size_t size_max)
{
    const size_t used = buf->size > size ? buf->size : size;
    if (buf->capacity > KEPT_BYTES && used < buf->capacity / 4)
        buf_release(buf);
    if (!buf->data)
        buf_init(buf, size_max);
    buf_clear(buf);
    return buf_reserve(buf, size);
}

enum err tape_unit_clear(struct tape_unit *unit, size_t size)
{
    *unit = (struct tape_unit){
        .bytes = unit->bytes, .parts = unit->parts, .part_capacity = unit->part_capacity};
    return tape_unit_make_room(&unit->bytes, size, TAPE_UNIT_BYTES_MAX);
}

enum err tape_unit_add_part(struct tape_unit *unit, struct tape_unit_part **out)
{
    if (unit->part_count == unit->part_capacity) {
        size_t capacity = unit->part_capacity ? 2 * unit->part_capacity : 64;
        struct tape_unit_part *parts = realloc(unit->parts, capacity * sizeof *parts);
        if (!parts)
            return err_fail(ERR_NOMEM, "out of memory for the blocks of a chunk");
        unit->parts = parts;
        unit->part_capacity = capacity;
    }
    *out = &unit->parts[unit->part_count++];
    memset(*out, 0, sizeof **out);
    return ERR_OK;
}

/* ---- decoding ------------------------------------------------------------------------------- */

struct tape_unit_decoder {
    struct chunk_decoder *chunks; /* made when the first chunk comes */
};

enum err tape_unit_decoder_new(struct tape_unit_decoder **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for a tape decoder");
}

void tape_unit_decoder_free(struct tape_unit_decoder *decoder)
{
    if (!decoder)
        return;
    chunk_decoder_free(decoder->chunks);
    free(decoder);
}

/* What tape_records owns. */
struct tape_records_more {
    struct tape_decoder *live; /* a live block's records lie in its memory */
    struct tape_unit_fault live_fault;
    struct record *kept; /* of a live block, when not all are wanted */
    size_t kept_capacity;
    struct chunk_records chunk;
};

void tape_records_release(struct tape_records *records)
{
    struct tape_records_more *more = records->more;
    if (more) {
        tape_decoder_free(more->live);
        free(more->kept);
        chunk_records_release(&more->chunk);
    }
    free(more);
    *records = (struct tape_records){0};
}

static enum err get_more(struct tape_records *records, struct tape_records_more **out)
{
    if (!records->more)
        records->more = calloc(1, sizeof **out);
    *out = records->more;
    return *out ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for records");
}

/* ---- live blocks ---------------------------------------------------------------------------- */

static void lose_block(const struct tape_unit *unit, const char *reason,
                       struct tape_records_more *more, struct tape_records *out)
{
    uint64_t first = unit->first_seq;
    const uint64_t next = first + unit->record_count;
    if (first < unit->from_seq)
        first = unit->from_seq;
    more->live_fault = (struct tape_unit_fault){
        .reason = reason, .missing = next - first, .first_seq = first, .last_seq = next - 1};
    out->missing = next - first;
    out->missing_first = first;
    out->missing_last = next - 1;
    out->faults = &more->live_fault;
    out->fault_count = 1;
}

static void skip_to(uint64_t seq, const struct tape_unit *unit, struct tape_records *out)
{
    if (seq <= unit->first_seq)
        return;
    const uint64_t skip = seq - unit->first_seq;
    const size_t skipped = skip < out->count ? (size_t)skip : out->count;
    out->records += skipped;
    out->count -= skipped;
}

bool tape_unit_wants_before(bool (*wants)(const struct tape_lane *lane, bool before, void *arg),
                            void *arg, enum record_type type, const char *venue)
{
    struct tape_lane lane = {.type = type, .role = LANE_UNJUDGED};
    if (!wants)
        return false;
    memcpy(lane.venue, venue, strlen(venue) + 1);
    return wants(&lane, true, arg);
}

/* Leaves out what was received before the wanted time and is not wanted of it. */
static enum err skip_to_time(const struct tape_unit *unit, struct tape_records_more *more,
                             struct tape_records *out)
{
    if (out->count > more->kept_capacity) {
        struct record *kept = realloc(more->kept, out->count * sizeof *kept);
        if (!kept)
            return err_fail(ERR_NOMEM, "out of memory for records");
        more->kept = kept;
        more->kept_capacity = out->count;
    }
    bool crossed = false;
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++) {
        const struct record *record = &out->records[i];
        crossed |= record->wall_ns >= unit->from_ns;
        if (crossed || tape_unit_wants_before(unit->wants, unit->arg, record->type, record->venue))
            more->kept[count++] = *record;
    }
    out->records = more->kept;
    out->count = count;
    return ERR_OK;
}

static enum err decode_live(const struct tape_unit *unit, struct tape_records_more *more,
                            struct tape_records *out)
{
    const char *reason = NULL;
    enum err err = more->live ? ERR_OK : tape_decoder_new(&more->live);
    if (err == ERR_OK)
        err = tape_decoder_decode(more->live, &unit->block, unit->bytes.data + unit->block.size,
                                  &out->records, &reason);
    if (err == ERR_DAMAGED) {
        lose_block(unit, reason, more, out);
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    out->count = unit->record_count;
    skip_to(unit->from_seq, unit, out);
    return unit->from_ns ? skip_to_time(unit, more, out) : ERR_OK;
}

enum err tape_unit_decode(struct tape_unit_decoder *decoder, const struct tape_unit *unit,
                          struct tape_records *out)
{
    struct tape_records_more *more = NULL;
    *out = (struct tape_records){.more = out->more};
    enum err err = get_more(out, &more);
    if (err != ERR_OK)
        return err;
    if (!unit->sealed)
        return decode_live(unit, more, out);
    if (!decoder->chunks)
        err = chunk_decoder_new(&decoder->chunks);
    return err == ERR_OK ? chunk_decoder_decode(decoder->chunks, unit, &more->chunk, out) : err;
}
