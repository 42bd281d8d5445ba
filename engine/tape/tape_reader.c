#include "engine/tape/tape_reader.h"

#include "engine/tape/tape_decoder.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_segment.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the segment before leaves to the next one: what must follow, and whether its end was good.
 */
struct left_behind {
    char file[TAPE_NAME_SIZE];
    uint32_t number;
    bool chain_is_known;
    uint32_t chain;
    uint64_t next_seq;
    bool closed;
    bool bad;          /* its end could not be read, for `reason` */
    bool whole_behind; /* and that was no torn tail */
    uint64_t offset, size;
    const char *reason;
};

struct tape_reader {
    const struct io *io;
    char *path;
    struct tape_reader_options options;
    bool is_file; /* path is one segment, not a folder */

    struct tape_folder upcoming; /* segments behind the current one, from `upcoming_next` on */
    size_t upcoming_next;
    uint32_t segment_count;
    struct tape_segment segment;
    uint64_t passed_bytes, total_bytes;

    struct tape_decoder *decoder;
    const struct record *records; /* of the block last decoded */
    size_t record_next, record_count;
    uint32_t place_segment;
    uint64_t place_offset;

    bool has_id;
    uint8_t id[16];

    struct tape_loss *losses;
    size_t loss_count, loss_capacity;
    bool has_tail;
    struct tape_loss tail;

    enum err failure; /* what stopped it for good */
    char failure_text[ERR_TEXT_MAX];
};

/* ---- losses and failures -------------------------------------------------------------------- */

/* Every later call fails the same way: after a fault nothing is known of the place. */
static enum err keep_failure(struct tape_reader *reader, enum err err)
{
    snprintf(reader->failure_text, sizeof reader->failure_text, "%s", err_text(err));
    reader->failure = err;
    return err;
}

static enum err fail_newer(const struct tape_reader *reader, const char *name)
{
    return err_fail(ERR_DAMAGED, "tape '%s' was made by a newer rewick (%s); read it with that one",
                    reader->path, name);
}

static enum err keep_loss(struct tape_reader *reader, const struct tape_loss *loss, size_t place)
{
    if (place > TAPE_LOSSES_MAX)
        return ERR_OK;
    if (place >= reader->loss_capacity) {
        size_t capacity = reader->loss_capacity ? 2 * reader->loss_capacity : 16;
        struct tape_loss *losses = realloc(reader->losses, capacity * sizeof *losses);
        if (!losses)
            return err_fail(ERR_NOMEM, "out of memory for a list of losses");
        reader->losses = losses;
        reader->loss_capacity = capacity;
    }
    reader->losses[place] = *loss;
    return ERR_OK;
}

static enum err note_loss(struct tape_reader *reader, const struct tape_loss *loss)
{
    reader->has_tail = false;
    if (reader->options.each_loss)
        reader->options.each_loss(loss, reader->options.arg);
    if (reader->loss_count < TAPE_LOSSES_MAX) {
        enum err err = keep_loss(reader, loss, reader->loss_count);
        if (err != ERR_OK)
            return err;
    }
    reader->loss_count++;
    return ERR_OK;
}

/* Damage: strict readers stop for good, others note it and go on. */
static enum err damaged(struct tape_reader *reader, const struct tape_loss *loss)
{
    if (reader->options.salvage)
        return note_loss(reader, loss);
    return err_fail(ERR_DAMAGED,
                    "tape '%s' is damaged: %s, offset %llu: %s; 'rewick tape verify' lists all "
                    "that is wrong, 'rewick tape repair' keeps the rest",
                    reader->path, loss->file, (unsigned long long)loss->offset, loss->reason);
}

static void set_name(struct tape_loss *loss, const char *file)
{
    snprintf(loss->file, sizeof loss->file, "%s", file);
}

__attribute__((format(printf, 2, 3))) static void set_reason(struct tape_loss *loss,
                                                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(loss->reason, sizeof loss->reason, format, args);
    va_end(args);
}

/* The current segment from its offset to `end`. */
static struct tape_loss loss_here(const struct tape_reader *reader, uint64_t end,
                                  const char *reason)
{
    const struct tape_segment *segment = &reader->segment;
    struct tape_loss loss = {.offset = segment->offset, .size = end - segment->offset};
    set_name(&loss, segment->name);
    set_reason(&loss, "%s", reason);
    return loss;
}

/* Numbers first..next-1 are missing, if there are any. */
static void set_missing(struct tape_loss *loss, uint64_t first, uint64_t next)
{
    if (next <= first)
        return;
    loss->first_seq = first;
    loss->last_seq = next - 1;
}

/* ---- opening segments ----------------------------------------------------------------------- */

static enum err open_segment(struct tape_reader *reader, uint32_t number)
{
    char name[TAPE_NAME_SIZE];
    tape_segment_name(name, number);
    char *path = tape_path_join(reader->path, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = tape_segment_open(&reader->segment, reader->io, path, name);
    free(path);
    return err;
}

/* A size of 0 for one that cannot be opened: that is told when its turn comes. */
static uint64_t segment_size(const struct tape_reader *reader, uint32_t number)
{
    char name[TAPE_NAME_SIZE];
    uint64_t size = 0;
    struct io_file *file = NULL;
    tape_segment_name(name, number);
    char *path = tape_path_join(reader->path, name);
    if (path && reader->io->open(reader->io->self, &file, path, IO_READ) == ERR_OK) {
        if (reader->io->size(file, &size) != ERR_OK)
            size = 0;
        reader->io->close(file);
    }
    free(path);
    return size;
}

/* Fills `upcoming` with the segments above `after`. */
static enum err list_upcoming(struct tape_reader *reader, uint32_t after)
{
    enum err err = tape_folder_list(&reader->upcoming, reader->io, reader->path, after);
    reader->upcoming_next = 0;
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < reader->upcoming.count; i++)
        reader->total_bytes += segment_size(reader, reader->upcoming.numbers[i]);
    reader->segment_count += (uint32_t)reader->upcoming.count;
    return ERR_OK;
}

/* The number that the current segment's file name says. */
static uint32_t current_number(const struct tape_reader *reader)
{
    return tape_segment_number(reader->segment.name);
}

static enum err look_for_newer(struct tape_reader *reader, bool *out)
{
    *out = false;
    if (reader->is_file)
        return ERR_OK;
    if (reader->upcoming_next == reader->upcoming.count) {
        enum err err = list_upcoming(reader, current_number(reader));
        if (err != ERR_OK)
            return err;
    }
    *out = reader->upcoming_next < reader->upcoming.count;
    return ERR_OK;
}

/* Nothing in the open segment can be used: it is not the one its name says. */
static enum err refuse_segment(struct tape_reader *reader, uint64_t next_seq, const char *reason)
{
    struct tape_segment *segment = &reader->segment;
    segment->offset = 0;
    struct tape_loss loss = loss_here(reader, segment->size, reason);
    enum err err = damaged(reader, &loss);
    tape_segment_jump(segment, segment->size, next_seq);
    return err;
}

/* A bad end of the segment before whose missing numbers are told with something else. */
static enum err tell_bad_end(struct tape_reader *reader, const struct left_behind *left, bool torn)
{
    struct tape_loss loss = {.offset = left->offset, .size = left->size, .torn = torn};
    set_name(&loss, left->file);
    set_reason(&loss, "%s", left->reason);
    return torn ? note_loss(reader, &loss) : damaged(reader, &loss);
}

/* The current segment does not follow what was left behind: what is missing, and where. */
static enum err tell_break(struct tape_reader *reader, const struct left_behind *left,
                           uint32_t number)
{
    struct tape_segment *segment = &reader->segment;
    struct tape_loss loss = {0};
    enum err err = ERR_OK;
    set_missing(&loss, left->next_seq, segment->header.first_seq);
    if (number != left->number + 1) {
        if (left->bad)
            err = tell_bad_end(reader, left, false);
        char name[TAPE_NAME_SIZE];
        tape_segment_name(name, left->number + 1);
        set_name(&loss, name);
        if (number == left->number + 2)
            set_reason(&loss, "segment is missing");
        else
            set_reason(&loss, "segments %u to %u are missing", left->number + 1, number - 1);
    } else if (left->bad || !left->closed) {
        set_name(&loss, left->file);
        loss.offset = left->offset;
        loss.size = left->size;
        set_reason(&loss, "%s",
                   left->bad              ? left->reason
                   : left->chain_is_known ? "segment's end is cut off"
                                          : "records are missing behind the damage");
    } else {
        set_name(&loss, segment->name);
        set_reason(&loss, segment->header.first_seq < left->next_seq
                              ? "segment repeats record numbers"
                              : "segment does not follow the one before");
    }
    return err == ERR_OK ? damaged(reader, &loss) : err;
}

/* The header of the current segment is whole: is it the one that must follow? */
static enum err judge_header(struct tape_reader *reader, const struct left_behind *left,
                             uint32_t number)
{
    struct tape_segment *segment = &reader->segment;
    const struct tape_segment_header *header = &segment->header;
    bool other_tape = reader->has_id && memcmp(header->id, reader->id, sizeof header->id) != 0;
    if (header->number != number || other_tape) {
        enum err err = left->bad ? tell_bad_end(reader, left, false) : ERR_OK;
        return err != ERR_OK ? err
                             : refuse_segment(reader, left->next_seq,
                                              other_tape ? "segment belongs to another tape"
                                                         : "segment has another number inside");
    }
    memcpy(reader->id, header->id, sizeof header->id);
    reader->has_id = true;
    bool follows = number == left->number + 1 && header->first_seq == left->next_seq &&
                   (!left->chain_is_known || header->chain == left->chain);
    enum err err = ERR_OK;
    if (!follows)
        err = tell_break(reader, left, number);
    else if (left->bad)
        err = tell_bad_end(reader, left, !left->whole_behind && !left->closed);
    if (segment->next_seq < left->next_seq)
        segment->next_seq = left->next_seq;
    return err;
}

static enum err judge_segment(struct tape_reader *reader, const struct left_behind *left,
                              uint32_t number)
{
    struct tape_segment *segment = &reader->segment;
    if (!segment->header_is_bad)
        return judge_header(reader, left, number);
    if (strcmp(segment->reason, TAPE_REASON_NEWER) == 0)
        return fail_newer(reader, segment->name);
    enum err err = left->bad ? tell_bad_end(reader, left, false) : ERR_OK;
    segment->next_seq = left->next_seq;
    /* tape_segment_next() tells what is wrong with the header, and what can be saved behind it. */
    return err;
}

static enum err move_on(struct tape_reader *reader, bool bad, bool whole_behind)
{
    struct tape_segment *segment = &reader->segment;
    struct left_behind left = {
        .number = current_number(reader),
        .chain_is_known = segment->chain_is_known,
        .chain = segment->chain,
        .next_seq = segment->next_seq,
        .closed = segment->closed,
        .bad = bad,
        .whole_behind = whole_behind,
        .offset = segment->offset,
        .size = segment->size - segment->offset,
        .reason = segment->reason,
    };
    memcpy(left.file, segment->name, sizeof left.file);
    uint64_t size = segment->size;
    uint32_t number = reader->upcoming.numbers[reader->upcoming_next];
    enum err err = open_segment(reader, number);
    if (err != ERR_OK)
        return err;
    reader->passed_bytes += size;
    reader->upcoming_next++;
    return judge_segment(reader, &left, number);
}

/* ---- the start ------------------------------------------------------------------------------ */

/* Index of the newest segment that begins at or before the first record wanted. */
static enum err choose_start(struct tape_reader *reader, size_t *out)
{
    *out = 0;
    for (size_t i = reader->upcoming.count; reader->options.from_seq > 1 && i-- > 1;) {
        enum err err = open_segment(reader, reader->upcoming.numbers[i]);
        if (err != ERR_OK)
            return err;
        const struct tape_segment *segment = &reader->segment;
        if (!segment->header_is_bad && segment->header.number == reader->upcoming.numbers[i] &&
            segment->header.first_seq <= reader->options.from_seq) {
            *out = i;
            break;
        }
    }
    return ERR_OK;
}

static enum err open_folder(struct tape_reader *reader)
{
    size_t start = 0;
    if (reader->upcoming.count == 0)
        return err_fail(ERR_DAMAGED,
                        "'%s' is not a tape: no segment in it; give the folder that 'rewick "
                        "record --out' made",
                        reader->path);
    enum err err = choose_start(reader, &start);
    uint32_t number = reader->upcoming.numbers[start];
    if (err == ERR_OK)
        err = open_segment(reader, number);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < start; i++)
        reader->passed_bytes += segment_size(reader, reader->upcoming.numbers[i]);
    reader->upcoming_next = start + 1;
    struct left_behind left = {.chain_is_known = true, .next_seq = 1, .closed = true};
    if (start > 0 || (number == reader->upcoming.first && number > 1)) {
        left.number = number - 1;
        left.chain_is_known = false;
        left.next_seq = reader->segment.next_seq;
    }
    return judge_segment(reader, &left, number);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* A lone segment: nothing is known of what should come before it. */
static enum err open_file(struct tape_reader *reader)
{
    struct tape_segment *segment = &reader->segment;
    enum err err = tape_segment_open(segment, reader->io, reader->path, base_name(reader->path));
    if (err != ERR_OK)
        return err;
    reader->is_file = true;
    reader->segment_count = 1;
    reader->total_bytes = segment->size;
    if (!segment->header_is_bad) {
        memcpy(reader->id, segment->header.id, sizeof reader->id);
        reader->has_id = true;
        return ERR_OK;
    }
    if (strcmp(segment->reason, TAPE_REASON_NEWER) == 0)
        return fail_newer(reader, segment->name);
    const char *reason = segment->reason;
    struct tape_segment_find find = {0};
    err = reader->options.salvage ? tape_segment_find(segment, &find) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (!find.found)
        return err_fail(ERR_DAMAGED,
                        "'%s' is not a segment of a tape: %s; give the folder that 'rewick record "
                        "--out' made",
                        reader->path, reason);
    struct tape_loss loss = loss_here(reader, find.offset, reason);
    tape_segment_jump(segment, find.offset, find.next_seq);
    return note_loss(reader, &loss);
}

static enum err open_path(struct tape_reader *reader)
{
    enum err err = list_upcoming(reader, 0);
    if (err == ERR_OK)
        return open_folder(reader);
    if (err == ERR_MISSING)
        return err_fail(ERR_MISSING,
                        "tape '%s' does not exist; give the folder that 'rewick record --out' made",
                        reader->path);
    if (err != ERR_IO)
        return err;
    return open_file(reader);
}

enum err tape_reader_open(struct tape_reader **out, const struct io *io, const char *path,
                          const struct tape_reader_options *options)
{
    struct tape_reader *reader = calloc(1, sizeof *reader);
    if (!reader || !(reader->path = strdup(path))) {
        free(reader);
        return err_fail(ERR_NOMEM, "out of memory for a tape reader");
    }
    reader->io = io;
    if (options)
        reader->options = *options;
    enum err err = tape_decoder_new(&reader->decoder);
    if (err == ERR_OK)
        err = open_path(reader);
    if (err != ERR_OK) {
        tape_reader_close(reader);
        return err;
    }
    *out = reader;
    return ERR_OK;
}

void tape_reader_close(struct tape_reader *reader)
{
    if (!reader)
        return;
    tape_segment_release(&reader->segment);
    tape_folder_release(&reader->upcoming);
    tape_decoder_free(reader->decoder);
    free(reader->losses);
    free(reader->path);
    free(reader);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum err take_block(struct tape_reader *reader)
{
    const struct tape_segment *segment = &reader->segment;
    const struct tape_block_header *block = &segment->block;
    const char *reason = NULL;
    enum err err =
        tape_decoder_decode(reader->decoder, block, segment->frame, &reader->records, &reason);
    if (err == ERR_DAMAGED) {
        struct tape_loss loss = {.offset = segment->block_offset,
                                 .size = segment->offset - segment->block_offset};
        set_name(&loss, segment->name);
        set_reason(&loss, "%s", reason);
        set_missing(&loss, block->first_seq, block->first_seq + block->record_count);
        return damaged(reader, &loss);
    }
    if (err != ERR_OK)
        return err;
    uint64_t from = reader->options.from_seq;
    reader->record_next = from > block->first_seq ? (size_t)(from - block->first_seq) : 0;
    reader->record_count = block->record_count;
    reader->place_segment =
        segment->header_is_bad ? current_number(reader) : segment->header.number;
    reader->place_offset = segment->block_offset;
    return ERR_OK;
}

/* A bad place with whole frames behind it. */
static enum err pass_damage(struct tape_reader *reader, const struct tape_segment_find *find,
                            const char *reason)
{
    struct tape_segment *segment = &reader->segment;
    struct tape_loss loss = loss_here(reader, find->offset, reason);
    set_missing(&loss, segment->next_seq, find->next_seq);
    enum err err = damaged(reader, &loss);
    if (err == ERR_OK)
        tape_segment_jump(segment, find->offset, find->next_seq);
    return err;
}

/* Numbers that the bad block at the end is known to hold. */
static void set_bad_numbers(struct tape_loss *loss, const struct tape_segment *segment)
{
    if (segment->bad_first_seq != 0)
        set_missing(loss, segment->next_seq, segment->bad_last_seq + 1);
}

/* The last segment cannot be read further. */
static enum err end_badly(struct tape_reader *reader, bool whole_behind)
{
    struct tape_segment *segment = &reader->segment;
    struct tape_loss loss = loss_here(reader, segment->size, segment->reason);
    set_bad_numbers(&loss, segment);
    if (whole_behind || segment->closed || (segment->header_is_bad && !segment->jumped)) {
        enum err err = damaged(reader, &loss);
        if (err == ERR_OK)
            tape_segment_jump(segment, segment->size,
                              loss.last_seq ? loss.last_seq + 1 : segment->next_seq);
        return err;
    }
    loss.torn = true;
    enum err err = keep_loss(
        reader, &loss, reader->loss_count < TAPE_LOSSES_MAX ? reader->loss_count : TAPE_LOSSES_MAX);
    if (err != ERR_OK)
        return err;
    reader->tail = loss;
    reader->has_tail = true;
    return ERR_END;
}

/* The current segment stops or is bad here. The order matters beside a live writer: a newer segment
 * that was there before the size was looked at means that this one is final. */
static enum err at_stop(struct tape_reader *reader, bool bad)
{
    struct tape_segment *segment = &reader->segment;
    struct tape_segment_find find = {0};
    const char *reason = segment->reason;
    bool newer = false, changed = false;
    uint64_t size = segment->size;
    enum err err = look_for_newer(reader, &newer);
    if (err == ERR_OK)
        err = tape_segment_refresh(segment, &changed);
    if (err != ERR_OK)
        return err;
    reader->total_bytes += segment->size - size;
    if (changed)
        return ERR_OK;
    if (bad)
        err = tape_segment_find(segment, &find);
    if (err != ERR_OK)
        return err;
    if (find.found)
        return pass_damage(reader, &find, reason);
    if (newer)
        return move_on(reader, bad, find.whole_behind);
    return bad ? end_badly(reader, find.whole_behind) : ERR_END;
}

/* Goes on by one frame. */
static enum err advance(struct tape_reader *reader)
{
    enum tape_segment_event event = SEGMENT_STOPS;
    reader->record_next = reader->record_count = 0;
    reader->has_tail = false;
    enum err err = tape_segment_next(&reader->segment, reader->options.from_seq, &event);
    if (err != ERR_OK)
        return err;
    switch (event) {
    case SEGMENT_BLOCK:
        return take_block(reader);
    case SEGMENT_SKIPPED:
    case SEGMENT_CLOSED:
        return ERR_OK;
    case SEGMENT_STOPS:
    case SEGMENT_BAD:
        break;
    }
    return at_stop(reader, event == SEGMENT_BAD);
}

enum err tape_reader_next(struct tape_reader *reader, struct record *out)
{
    if (reader->failure != ERR_OK)
        return err_fail(reader->failure, "%s", reader->failure_text);
    while (reader->record_next == reader->record_count) {
        enum err err = advance(reader);
        if (err == ERR_END)
            return err;
        if (err != ERR_OK)
            return keep_failure(reader, err);
    }
    *out = reader->records[reader->record_next++];
    return ERR_OK;
}

void tape_reader_place(const struct tape_reader *reader, uint32_t *out_segment,
                       uint64_t *out_offset)
{
    *out_segment = reader->place_segment;
    *out_offset = reader->place_offset;
}

void tape_reader_progress(const struct tape_reader *reader, uint64_t *out_done, uint64_t *out_total)
{
    *out_done = reader->passed_bytes + reader->segment.offset;
    *out_total = reader->total_bytes;
}

const uint8_t *tape_reader_id(const struct tape_reader *reader)
{
    return reader->id;
}

uint32_t tape_reader_segments(const struct tape_reader *reader)
{
    return reader->segment_count;
}

bool tape_reader_closed(const struct tape_reader *reader)
{
    return reader->segment.closed;
}

const struct tape_loss *tape_reader_losses(const struct tape_reader *reader, size_t *out_count)
{
    *out_count = reader->loss_count + (reader->has_tail ? 1 : 0);
    return reader->losses;
}

const struct tape_loss *tape_reader_tail(const struct tape_reader *reader)
{
    return reader->has_tail ? &reader->tail : NULL;
}
