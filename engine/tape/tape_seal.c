#include "engine/tape/tape_seal.h"

#include "engine/tape/seal_chunk.h"
#include "engine/tape/seal_ends.h"
#include "engine/tape/seal_file.h"
#include "engine/tape/tape_decoder.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_reader.h"
#include "engine/tape/tape_segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_DEFAULT 9
/* The comparison has no chunks between which to ask whether to stop. */
#define COMPARED_AT_ONCE 16384u

struct sealing {
    const struct io *io;
    const char *path;
    const struct tape_seal_options *options;
    struct tape_seal_result *result;
    struct tape_folder folder;
    uint64_t done, total; /* bytes, for `progress` */

    struct tape_decoder *decoder;
    struct seal_chunk *chunk;
    struct tape_segment segment; /* the live one that is being rewritten */

    /* Of the segment at hand. */
    uint32_t number;
    char name[TAPE_NAME_SIZE];
    char *live_path, *seal_path;
    uint64_t records, frame_bytes;
    uint64_t sealed_bytes;

    enum err damage; /* of the first segment that is damaged */
    char damage_text[ERR_TEXT_MAX];
};

static enum err fail_damaged(const struct sealing *sealing, uint64_t offset, const char *reason)
{
    return err_fail(ERR_DAMAGED,
                    "tape '%s' is damaged: %s, offset %llu: %s; it stays unsealed; 'rewick tape "
                    "repair' makes a new tape of what is whole",
                    sealing->path, sealing->name, (unsigned long long)offset, reason);
}

static void tell_progress(const struct sealing *sealing, uint64_t beyond)
{
    const struct tape_seal_progress progress = {
        .done = sealing->done + beyond,
        .total = sealing->total,
        .records = sealing->result->records + sealing->records,
    };
    if (sealing->options->progress)
        sealing->options->progress(&progress, sealing->options->arg);
}

static enum err ask_to_stop(const struct sealing *sealing)
{
    return sealing->options->stop && sealing->options->stop(sealing->options->arg) ? ERR_STOP
                                                                                   : ERR_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Writes the chunk that is full, or the last one. */
static enum err end_chunk(struct sealing *sealing, struct seal_file *file)
{
    if (seal_chunk_count(sealing->chunk) == 0)
        return ERR_OK;
    enum err err = seal_file_add(file, sealing->chunk);
    seal_chunk_begin(sealing->chunk, 0, false);
    tell_progress(sealing, sealing->segment.offset);
    return err == ERR_OK ? ask_to_stop(sealing) : err;
}

static enum err add_record(struct sealing *sealing, struct seal_file *file,
                           const struct record *record, bool behind_hole)
{
    const struct tape_lane_judge *judge = &sealing->options->judge;
    struct tape_lane lane = {.type = record->type};
    memcpy(lane.venue, record->venue, strlen(record->venue) + 1);
    enum err err = judge->judge(record, &lane, judge->arg);
    if (err == ERR_OK && (behind_hole || !seal_chunk_has_room(sealing->chunk, record->size)))
        err = end_chunk(sealing, file);
    if (err != ERR_OK)
        return err;
    if (seal_chunk_count(sealing->chunk) == 0)
        seal_chunk_begin(sealing->chunk, record->seq, behind_hole);
    sealing->records++;
    sealing->frame_bytes += record->size;
    return seal_chunk_add(sealing->chunk, record, &lane);
}

static enum err add_block(struct sealing *sealing, struct seal_file *file)
{
    const struct tape_segment *segment = &sealing->segment;
    const struct tape_block_header *block = &segment->block;
    const struct record *records = NULL;
    const char *reason = NULL;
    enum err err = tape_decoder_decode(sealing->decoder, block, segment->frame, &records, &reason);
    if (err == ERR_DAMAGED)
        return fail_damaged(sealing, segment->block_offset, reason);
    for (uint32_t i = 0; i < block->record_count && err == ERR_OK; i++)
        err = add_record(sealing, file, &records[i],
                         i == 0 && (block->flags & TAPE_BLOCK_FLAG_HOLE) != 0);
    return err;
}

/* The live segment stops at a bad place: the torn tail that a crash leaves, or damage? */
static enum err judge_bad_end(struct sealing *sealing)
{
    struct tape_segment *segment = &sealing->segment;
    struct tape_segment_find find;
    const uint64_t offset = segment->offset;
    const char *reason = segment->reason;
    enum err err = tape_segment_find(segment, &find);
    if (err == ERR_OK && (find.whole_behind || segment->closed || segment->header_is_bad))
        err = fail_damaged(sealing, offset, reason);
    return err;
}

/* A segment that ends without an end mark was ended by a crash: the next one must say the same. */
static enum err judge_crash(const struct sealing *sealing)
{
    const struct tape_segment *segment = &sealing->segment;
    struct tape_segment next = {0};
    char name[TAPE_NAME_SIZE];
    tape_segment_name(name, sealing->number + 1);
    char *path = tape_path_join(sealing->path, name);
    enum err err = path ? tape_segment_open(&next, sealing->io, path, name)
                        : err_fail(ERR_NOMEM, "out of memory for a path");
    if (err == ERR_OK && (next.header_is_bad || next.header.first_seq != segment->next_seq ||
                          next.header.chain != segment->chain))
        err = fail_damaged(sealing, segment->offset, "segment's end is cut off");
    tape_segment_release(&next);
    free(path);
    return err;
}

static enum err add_blocks(struct sealing *sealing, struct seal_file *file)
{
    enum tape_segment_event event = SEGMENT_BLOCK;
    enum err err = ERR_OK;
    seal_chunk_begin(sealing->chunk, 0, false);
    while (err == ERR_OK && event != SEGMENT_STOPS && event != SEGMENT_BAD) {
        err = tape_segment_next(&sealing->segment, 0, &event);
        if (err == ERR_OK && event == SEGMENT_BLOCK)
            err = add_block(sealing, file);
    }
    if (err == ERR_OK && event == SEGMENT_BAD)
        err = judge_bad_end(sealing);
    if (err == ERR_OK && !sealing->segment.closed)
        err = judge_crash(sealing);
    return err == ERR_OK ? end_chunk(sealing, file) : err;
}

static enum err fill_file(struct sealing *sealing, struct seal_file *file)
{
    const struct tape_segment *segment = &sealing->segment;
    enum err err = add_blocks(sealing, file);
    const struct seal_end end = {
        .next_seq = segment->next_seq,
        .next_connection = segment->next_connection,
        .chain = segment->chain,
    };
    if (err == ERR_OK)
        err = seal_file_finish(file, &end);
    sealing->sealed_bytes = seal_file_size(file);
    return err;
}

static enum err write_sealed(struct sealing *sealing)
{
    struct tape_segment *segment = &sealing->segment;
    struct seal_file *file = NULL;
    const int level = sealing->options->level ? sealing->options->level : LEVEL_DEFAULT;
    sealing->records = sealing->frame_bytes = 0;
    enum err err = tape_segment_open(segment, sealing->io, sealing->live_path, sealing->name);
    if (err == ERR_OK && segment->header_is_bad)
        err = fail_damaged(sealing, 0, segment->reason);
    if (err == ERR_OK && segment->header.number != sealing->number)
        err = fail_damaged(sealing, 0, "segment has another number inside");
    if (err == ERR_OK)
        err = seal_file_open(&file, sealing->io, sealing->seal_path, &segment->header, level);
    if (err == ERR_OK)
        err = fill_file(sealing, file);
    seal_file_close(file);
    tape_segment_close(segment);
    return err;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static bool is_same(const struct record *live, const struct record *sealed)
{
    return live->seq == sealed->seq && live->type == sealed->type && live->flags == sealed->flags &&
           strcmp(live->venue, sealed->venue) == 0 && live->connection == sealed->connection &&
           live->wall_ns == sealed->wall_ns && live->mono_ns == sealed->mono_ns &&
           live->source_ns == sealed->source_ns && live->size == sealed->size && !sealed->unread &&
           (live->size == 0 || memcmp(live->data, sealed->data, live->size) == 0);
}

static enum err fail_differs(const struct sealing *sealing, uint64_t seq)
{
    return err_fail(ERR_IO,
                    "cannot seal '%s/%s': record %llu does not come back as it was; it stays "
                    "unsealed; please report this, with the segment",
                    sealing->path, sealing->name, (unsigned long long)seq);
}

static enum err compare_records(const struct sealing *sealing, struct tape_reader *live,
                                struct tape_reader *sealed)
{
    struct record left, right;
    uint64_t count = 0, done = 0, total = 0;
    enum err err = ERR_OK;
    for (; err == ERR_OK; count++) {
        err = tape_reader_next(live, &left);
        if (err != ERR_OK)
            break;
        err = tape_reader_next(sealed, &right);
        if (err == ERR_END || (err == ERR_OK && !is_same(&left, &right)))
            return fail_differs(sealing, left.seq);
        if (err == ERR_OK && count % COMPARED_AT_ONCE == 0) {
            tape_reader_progress(live, &done, &total);
            tell_progress(sealing, sealing->segment.size + done);
            err = ask_to_stop(sealing);
        }
    }
    if (err != ERR_END)
        return err;
    err = tape_reader_next(sealed, &right);
    if (err == ERR_OK || (err == ERR_END && count != sealing->records))
        return fail_differs(sealing, err == ERR_OK ? right.seq : sealing->segment.next_seq);
    return err == ERR_END ? ERR_OK : err;
}

/* What no record tells: the ends of the file and the checksum over all of it. */
static enum err compare_ends(const struct sealing *sealing)
{
    const struct io *io = sealing->io;
    const struct tape_segment *segment = &sealing->segment;
    struct io_file *file = NULL;
    struct seal_ends ends;
    const char *reason = NULL;
    enum err err = io->open(io->self, &file, sealing->seal_path, IO_READ);
    if (err == ERR_OK)
        err = seal_ends_read(&ends, file, io, true, &reason);
    io->close(file);
    if (err != ERR_OK)
        return err;
    if (reason || ends.mark.live_chain != segment->chain ||
        ends.mark.next_seq != segment->next_seq || ends.header.chain != segment->header.chain)
        return err_fail(ERR_IO, "cannot seal '%s/%s': %s in what was written; look after the disk",
                        sealing->path, sealing->name, reason ? reason : "another end");
    return ERR_OK;
}

/* Reads both back as every reader of tapes does. */
static enum err compare(const struct sealing *sealing)
{
    const struct tape_reader_options options = {0};
    struct tape_reader *live = NULL, *sealed = NULL;
    enum err err = compare_ends(sealing);
    if (err == ERR_OK)
        err = tape_reader_open(&live, sealing->io, sealing->live_path, &options);
    if (err == ERR_OK)
        err = tape_reader_open(&sealed, sealing->io, sealing->seal_path, &options);
    if (err == ERR_OK)
        err = compare_records(sealing, live, sealed);
    tape_reader_close(live);
    tape_reader_close(sealed);
    return err;
}

/* ---- one segment ---------------------------------------------------------------------------- */

/* Whether the segment was given up meanwhile (tape_folder_forget()). */
static enum err look_whether_given_up(const struct sealing *sealing, uint32_t *out_first, bool *out)
{
    struct tape_folder folder = {0};
    enum err err = tape_folder_list(&folder, sealing->io, sealing->path, UINT32_MAX);
    *out_first = folder.first;
    *out = err == ERR_OK && sealing->number < folder.first;
    tape_folder_release(&folder);
    return err;
}

/* Who gives segments up makes the mark first and removes them then. So a segment that was removed
 * just before its sealed one took the name is found here: the mark is there. Where it is not, it
 * comes later, and with it the removal. */
static enum err put_in_place(const struct sealing *sealing)
{
    const struct io *io = sealing->io;
    uint32_t first = 0;
    bool given_up = false;
    enum err err = look_whether_given_up(sealing, &first, &given_up);
    if (err != ERR_OK || given_up)
        return err != ERR_OK ? err : ERR_MISSING;
    err = io->replace(io->self, sealing->seal_path, sealing->live_path);
    if (err == ERR_OK)
        err = io->sync_dir(io->self, sealing->path);
    if (err == ERR_OK)
        err = look_whether_given_up(sealing, &first, &given_up);
    if (err == ERR_OK && given_up) {
        err = tape_folder_forget(io, sealing->path, first);
        return err == ERR_OK ? ERR_MISSING : err;
    }
    return err;
}

/* After a failure nothing is left behind, if that can be done; the failure stays what it was. */
static enum err drop_sealed(const struct sealing *sealing, enum err err)
{
    char text[ERR_TEXT_MAX];
    snprintf(text, sizeof text, "%s", err_text(err));
    (void)sealing->io->remove(sealing->io->self, sealing->seal_path);
    return err == ERR_STOP ? err : err_fail(err, "%s", text);
}

static enum err remove_leftover(const struct sealing *sealing)
{
    enum err err = sealing->io->remove(sealing->io->self, sealing->seal_path);
    return err == ERR_MISSING ? ERR_OK : err;
}

static void note_sealed(struct sealing *sealing)
{
    struct tape_seal_result *result = sealing->result;
    const uint64_t live_bytes = sealing->segment.size;
    result->sealed++;
    result->live_bytes += live_bytes;
    result->sealed_bytes += sealing->sealed_bytes;
    result->records += sealing->records;
    result->frame_bytes += sealing->frame_bytes;
    if (sealing->options->sealed)
        sealing->options->sealed(sealing->number, live_bytes, sealing->sealed_bytes,
                                 sealing->options->arg);
}

/* A damaged segment does not keep the others from being sealed. */
static enum err note_damage(struct sealing *sealing)
{
    sealing->result->left++;
    if (sealing->damage == ERR_OK) {
        sealing->damage = ERR_DAMAGED;
        snprintf(sealing->damage_text, sizeof sealing->damage_text, "%s", err_text(ERR_DAMAGED));
    }
    return ERR_OK;
}

static enum err seal(struct sealing *sealing)
{
    uint32_t first = 0;
    bool given_up = false;
    enum err err = remove_leftover(sealing);
    if (err == ERR_OK)
        err = write_sealed(sealing);
    if (err == ERR_OK)
        err = compare(sealing);
    if (err == ERR_OK)
        err = put_in_place(sealing);
    if (err == ERR_OK) {
        note_sealed(sealing);
        return ERR_OK;
    }
    err = drop_sealed(sealing, err);
    /* One that was given up while it was being sealed is no longer anybody's. */
    if (err == ERR_MISSING && look_whether_given_up(sealing, &first, &given_up) == ERR_OK &&
        given_up)
        return ERR_OK;
    return err == ERR_DAMAGED ? note_damage(sealing) : err;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static enum err set_segment(struct sealing *sealing, uint32_t number)
{
    char seal_name[TAPE_NAME_SIZE];
    tape_segment_name(sealing->name, number);
    tape_seal_name(seal_name, number);
    free(sealing->live_path);
    free(sealing->seal_path);
    sealing->number = number;
    sealing->live_path = tape_path_join(sealing->path, sealing->name);
    sealing->seal_path = tape_path_join(sealing->path, seal_name);
    return sealing->live_path && sealing->seal_path
               ? ERR_OK
               : err_fail(ERR_NOMEM, "out of memory for a path");
}

/* Whether the file ends with an end mark, so that nobody writes to it any more. */
static enum err has_end_mark(struct io_file *file, const struct io *io, uint64_t size, bool *out)
{
    uint8_t data[TAPE_END_MARK_SIZE];
    struct tape_end_mark mark;
    size_t got = 0;
    *out = false;
    if (size < TAPE_SEGMENT_HEADER_SIZE + sizeof data)
        return ERR_OK;
    enum err err = io->read(file, data, sizeof data, size - sizeof data, &got);
    *out = err == ERR_OK && tape_end_mark_parse(&mark, data, got) == NULL;
    return err;
}

enum segment_state { STATE_SEALED, STATE_READY, STATE_OPEN };

static enum err look_at(const struct sealing *sealing, bool newest, enum segment_state *out,
                        uint64_t *out_size)
{
    const struct io *io = sealing->io;
    struct io_file *file = NULL;
    bool sealed = false, ready = !newest;
    *out_size = 0;
    enum err err = io->open(io->self, &file, sealing->live_path, IO_READ);
    if (err == ERR_OK)
        err = io->size(file, out_size);
    if (err == ERR_OK)
        err = seal_ends_is_sealed(file, io, &sealed);
    if (err == ERR_OK && newest && !sealed && sealing->options->with_last)
        err = has_end_mark(file, io, *out_size, &ready);
    io->close(file);
    *out = sealed ? STATE_SEALED : ready ? STATE_READY : STATE_OPEN;
    return err;
}

/* One that is gone before its turn came was given up. */
static enum err look_at_number(struct sealing *sealing, size_t index, enum segment_state *out,
                               uint64_t *out_size)
{
    uint32_t first = 0;
    bool given_up = false;
    enum err err = set_segment(sealing, sealing->folder.numbers[index]);
    if (err == ERR_OK)
        err = look_at(sealing, index + 1 == sealing->folder.count, out, out_size);
    if (err == ERR_MISSING && look_whether_given_up(sealing, &first, &given_up) == ERR_OK &&
        given_up) {
        *out = STATE_OPEN;
        return ERR_OK;
    }
    return err;
}

static enum err measure_all(struct sealing *sealing)
{
    enum segment_state state = STATE_OPEN;
    uint64_t size = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < sealing->folder.count && err == ERR_OK; i++) {
        err = look_at_number(sealing, i, &state, &size);
        if (err == ERR_OK && state == STATE_READY)
            sealing->total += 2 * size;
    }
    return err;
}

static enum err seal_all(struct sealing *sealing)
{
    enum segment_state state = STATE_OPEN;
    uint64_t size = 0;
    enum err err = measure_all(sealing);
    for (size_t i = 0; i < sealing->folder.count && err == ERR_OK; i++) {
        err = look_at_number(sealing, i, &state, &size);
        if (err != ERR_OK)
            break;
        sealing->result->already += state == STATE_SEALED;
        sealing->result->left += state == STATE_OPEN;
        if (state != STATE_READY)
            continue;
        err = seal(sealing);
        sealing->done += 2 * size;
    }
    if (err == ERR_OK && sealing->damage != ERR_OK)
        err = err_fail(sealing->damage, "%s", sealing->damage_text);
    return err;
}

/* A crash may have left what belongs to a segment that is sealed or given up by now. */
static enum err remove_stray(const char *name, void *arg)
{
    const struct sealing *sealing = arg;
    if (tape_seal_number(name) == 0)
        return ERR_OK;
    char *path = tape_path_join(sealing->path, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = sealing->io->remove(sealing->io->self, path);
    free(path);
    return err == ERR_MISSING ? ERR_OK : err;
}

static enum err take_lock(const struct sealing *sealing, struct io_file **out)
{
    char *path = tape_path_join(sealing->path, TAPE_SEAL_LOCK_NAME);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = sealing->io->lock(sealing->io->self, out, path);
    free(path);
    if (err == ERR_LOCKED)
        err_fail(err, "tape '%s' is being sealed by another process; wait until that has ended",
                 sealing->path);
    return err;
}

static enum err check_folder(struct sealing *sealing)
{
    const struct io *io = sealing->io;
    enum err err = tape_folder_list(&sealing->folder, io, sealing->path, 0);
    if (err == ERR_MISSING)
        return err_fail(err,
                        "tape '%s' does not exist; give the folder that 'rewick record --out' made",
                        sealing->path);
    if (err == ERR_OK && sealing->folder.count == 0)
        return err_fail(ERR_DAMAGED,
                        "'%s' is not a tape: no segment in it; give the folder that 'rewick record "
                        "--out' made",
                        sealing->path);
    return err;
}

enum err tape_seal(const struct io *io, const char *path, const struct tape_seal_options *options,
                   struct tape_seal_result *out)
{
    *out = (struct tape_seal_result){0};
    struct sealing sealing = {.io = io, .path = path, .options = options, .result = out};
    struct io_file *lock = NULL;
    /* No lock is made in a folder that is no tape. */
    enum err err = check_folder(&sealing);
    if (err == ERR_OK)
        err = take_lock(&sealing, &lock);
    if (err == ERR_OK)
        err = io->list_dir(io->self, path, remove_stray, &sealing);
    if (err == ERR_OK) /* again: another one may have ended just now */
        err = check_folder(&sealing);
    if (err == ERR_OK)
        err = tape_decoder_new(&sealing.decoder);
    if (err == ERR_OK)
        err = seal_chunk_new(&sealing.chunk);
    if (err == ERR_OK)
        err = seal_all(&sealing);
    io->close(lock);
    tape_segment_release(&sealing.segment);
    tape_decoder_free(sealing.decoder);
    seal_chunk_free(sealing.chunk);
    tape_folder_release(&sealing.folder);
    free(sealing.live_path);
    free(sealing.seal_path);
    return err;
}

enum err tape_segment_is_sealed(const struct io *io, const char *path, bool *out)
{
    struct io_file *file = NULL;
    enum err err = io->open(io->self, &file, path, IO_READ);
    if (err == ERR_OK)
        err = seal_ends_is_sealed(file, io, out);
    io->close(file);
    return err;
}
