#include "engine/tape/tape_scan.h"

#include "engine/tape/sealed_segment.h"
#include "engine/tape/tape_decoder.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_losses.h"
#include "engine/tape/tape_segment.h"

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

struct tape_scan {
    const struct io *io;
    char *path;
    struct tape_reader_options options;
    bool is_file; /* path is one segment, not a folder */

    struct tape_folder upcoming; /* segments behind the current one, from `upcoming_next` on */
    size_t upcoming_next;
    uint32_t segment_count, sealed_count;
    struct tape_segment segment;
    struct sealed_segment sealed; /* over `segment`, when that is a sealed one */
    bool sealed_is_begun;
    bool is_refused; /* nothing of `segment` can be used */
    uint64_t passed_bytes, total_bytes;

    bool crossed; /* the first record of the wanted time or later lies behind */
    /* They look into live blocks for that time: into headers, and, when these do not tell, into
     * the blocks. */
    struct tape_decoder *header_looker;
    struct tape_unit_decoder *looker;
    struct tape_records looked_at;

    bool has_id;
    uint8_t id[16];

    struct tape_losses losses;

    enum err failure; /* what stopped it for good */
    char failure_text[ERR_TEXT_MAX];
};

/* ---- failures ------------------------------------------------------------------------------- */

/* Every later call fails the same way: after a fault nothing is known of the place. */
static enum err keep_failure(struct tape_scan *scan, enum err err)
{
    snprintf(scan->failure_text, sizeof scan->failure_text, "%s", err_text(err));
    scan->failure = err;
    return err;
}

static enum err fail_newer(const struct tape_scan *scan, const char *name)
{
    return err_fail(ERR_DAMAGED, "tape '%s' was made by a newer rewick (%s); read it with that one",
                    scan->path, name);
}

static enum err damaged(struct tape_scan *scan, const struct tape_loss *loss)
{
    return tape_losses_damage(&scan->losses, &scan->options, scan->path, loss);
}

static enum err note_loss(struct tape_scan *scan, const struct tape_loss *loss)
{
    return tape_losses_note(&scan->losses, &scan->options, loss);
}

/* The current segment from its offset to `end`. */
static struct tape_loss loss_here(const struct tape_scan *scan, uint64_t end, const char *reason)
{
    const struct tape_segment *segment = &scan->segment;
    struct tape_loss loss = {.offset = segment->offset, .size = end - segment->offset};
    tape_loss_name(&loss, segment->name);
    tape_loss_because(&loss, "%s", reason);
    return loss;
}

/* ---- opening segments ----------------------------------------------------------------------- */

static enum err open_segment(struct tape_scan *scan, uint32_t number)
{
    char name[TAPE_NAME_SIZE];
    tape_segment_name(name, number);
    char *path = tape_path_join(scan->path, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = tape_segment_open(&scan->segment, scan->io, path, name);
    scan->sealed_is_begun = scan->is_refused = false;
    free(path);
    return err;
}

/* A size of 0 for one that cannot be opened: that is told when its turn comes. */
static uint64_t segment_size(const struct tape_scan *scan, uint32_t number)
{
    char name[TAPE_NAME_SIZE];
    uint64_t size = 0;
    struct io_file *file = NULL;
    tape_segment_name(name, number);
    char *path = tape_path_join(scan->path, name);
    if (path && scan->io->open(scan->io->self, &file, path, IO_READ) == ERR_OK) {
        if (scan->io->size(file, &size) != ERR_OK)
            size = 0;
        scan->io->close(file);
    }
    free(path);
    return size;
}

/* Fills `upcoming` with the segments above `after`. */
static enum err list_upcoming(struct tape_scan *scan, uint32_t after)
{
    enum err err = tape_folder_list(&scan->upcoming, scan->io, scan->path, after);
    scan->upcoming_next = 0;
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < scan->upcoming.count; i++)
        scan->total_bytes += segment_size(scan, scan->upcoming.numbers[i]);
    scan->segment_count += (uint32_t)scan->upcoming.count;
    return ERR_OK;
}

/* The number that the current segment's file name says. */
static uint32_t current_number(const struct tape_scan *scan)
{
    return tape_segment_number(scan->segment.name);
}

static enum err look_for_newer(struct tape_scan *scan, bool *out)
{
    *out = false;
    if (scan->is_file)
        return ERR_OK;
    if (scan->upcoming_next == scan->upcoming.count) {
        enum err err = list_upcoming(scan, current_number(scan));
        if (err != ERR_OK)
            return err;
    }
    *out = scan->upcoming_next < scan->upcoming.count;
    return ERR_OK;
}

/* Nothing in the open segment can be used: it is not the one its name says. */
static enum err refuse_segment(struct tape_scan *scan, uint64_t next_seq, const char *reason)
{
    struct tape_segment *segment = &scan->segment;
    segment->offset = 0;
    struct tape_loss loss = loss_here(scan, segment->size, reason);
    enum err err = damaged(scan, &loss);
    tape_segment_jump(segment, segment->size, next_seq);
    scan->is_refused = true;
    return err;
}

/* A bad end of the segment before whose missing numbers are told with something else. */
static enum err tell_bad_end(struct tape_scan *scan, const struct left_behind *left, bool torn)
{
    struct tape_loss loss = {.offset = left->offset, .size = left->size, .torn = torn};
    tape_loss_name(&loss, left->file);
    tape_loss_because(&loss, "%s", left->reason);
    return torn ? note_loss(scan, &loss) : damaged(scan, &loss);
}

/* The current segment does not follow what was left behind: what is missing, and where. */
static enum err tell_break(struct tape_scan *scan, const struct left_behind *left, uint32_t number)
{
    struct tape_segment *segment = &scan->segment;
    struct tape_loss loss = {0};
    enum err err = ERR_OK;
    tape_loss_numbers(&loss, left->next_seq, segment->header.first_seq);
    if (number != left->number + 1) {
        if (left->bad)
            err = tell_bad_end(scan, left, false);
        char name[TAPE_NAME_SIZE];
        tape_segment_name(name, left->number + 1);
        tape_loss_name(&loss, name);
        if (number == left->number + 2)
            tape_loss_because(&loss, "segment is missing");
        else
            tape_loss_because(&loss, "segments %u to %u are missing", left->number + 1, number - 1);
    } else if (left->bad || !left->closed) {
        tape_loss_name(&loss, left->file);
        loss.offset = left->offset;
        loss.size = left->size;
        tape_loss_because(&loss, "%s",
                          left->bad              ? left->reason
                          : left->chain_is_known ? "segment's end is cut off"
                                                 : "records are missing behind the damage");
    } else {
        tape_loss_name(&loss, segment->name);
        tape_loss_because(&loss, segment->header.first_seq < left->next_seq
                                     ? "segment repeats record numbers"
                                     : "segment does not follow the one before");
    }
    return err == ERR_OK ? damaged(scan, &loss) : err;
}

/* The header of the current segment is known: is it the one that must follow? */
static enum err judge_header(struct tape_scan *scan, const struct left_behind *left,
                             uint32_t number)
{
    struct tape_segment *segment = &scan->segment;
    const struct tape_segment_header *header = &segment->header;
    bool other_tape = scan->has_id && memcmp(header->id, scan->id, sizeof header->id) != 0;
    if (header->number != number || other_tape) {
        enum err err = left->bad ? tell_bad_end(scan, left, false) : ERR_OK;
        return err != ERR_OK ? err
                             : refuse_segment(scan, left->next_seq,
                                              other_tape ? "segment belongs to another tape"
                                                         : "segment has another number inside");
    }
    memcpy(scan->id, header->id, sizeof header->id);
    scan->has_id = true;
    bool follows =
        number == left->number + 1 && header->first_seq == left->next_seq &&
        (!left->chain_is_known || segment->header_is_bad || header->chain == left->chain);
    enum err err = ERR_OK;
    if (!follows)
        err = tell_break(scan, left, number);
    else if (left->bad)
        err = tell_bad_end(scan, left, !left->whole_behind && !left->closed);
    if (segment->next_seq < left->next_seq)
        segment->next_seq = left->next_seq;
    return err;
}

static enum err judge_segment(struct tape_scan *scan, const struct left_behind *left,
                              uint32_t number)
{
    struct tape_segment *segment = &scan->segment;
    if (segment->header_is_known)
        return judge_header(scan, left, number);
    if (strcmp(segment->reason, TAPE_REASON_NEWER) == 0)
        return fail_newer(scan, segment->name);
    enum err err = left->bad ? tell_bad_end(scan, left, false) : ERR_OK;
    segment->next_seq = left->next_seq;
    /* tape_segment_next() tells what is wrong with the header, and what can be saved behind it. */
    return err;
}

static enum err move_on(struct tape_scan *scan, bool bad, bool whole_behind)
{
    struct tape_segment *segment = &scan->segment;
    struct left_behind left = {
        .number = current_number(scan),
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
    uint32_t number = scan->upcoming.numbers[scan->upcoming_next];
    enum err err = open_segment(scan, number);
    if (err != ERR_OK)
        return err;
    scan->passed_bytes += size;
    scan->upcoming_next++;
    return judge_segment(scan, &left, number);
}

/* ---- the start ------------------------------------------------------------------------------ */

/* Index of the newest segment that begins at or before the first record wanted. */
static enum err choose_start(struct tape_scan *scan, size_t *out)
{
    *out = 0;
    for (size_t i = scan->upcoming.count; scan->options.from_seq > 1 && i-- > 1;) {
        enum err err = open_segment(scan, scan->upcoming.numbers[i]);
        if (err != ERR_OK)
            return err;
        const struct tape_segment *segment = &scan->segment;
        if (segment->header_is_known && segment->header.number == scan->upcoming.numbers[i] &&
            segment->header.first_seq <= scan->options.from_seq) {
            *out = i;
            break;
        }
    }
    return ERR_OK;
}

static enum err open_folder(struct tape_scan *scan)
{
    size_t start = 0;
    if (scan->upcoming.count == 0)
        return err_fail(ERR_DAMAGED,
                        "'%s' is not a tape: no segment in it; give the folder that 'rewick "
                        "record --out' made",
                        scan->path);
    enum err err = choose_start(scan, &start);
    uint32_t number = scan->upcoming.numbers[start];
    if (err == ERR_OK)
        err = open_segment(scan, number);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < start; i++)
        scan->passed_bytes += segment_size(scan, scan->upcoming.numbers[i]);
    scan->upcoming_next = start + 1;
    struct left_behind left = {.chain_is_known = true, .next_seq = 1, .closed = true};
    if (start > 0 || (number == scan->upcoming.first && number > 1)) {
        left.number = number - 1;
        left.chain_is_known = false;
        left.next_seq = scan->segment.next_seq;
    }
    return judge_segment(scan, &left, number);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* A lone segment: nothing is known of what should come before it. */
static enum err open_file(struct tape_scan *scan)
{
    struct tape_segment *segment = &scan->segment;
    enum err err = tape_segment_open(segment, scan->io, scan->path, base_name(scan->path));
    if (err != ERR_OK)
        return err;
    scan->is_file = true;
    scan->segment_count = 1;
    scan->total_bytes = segment->size;
    if (segment->header_is_known) {
        memcpy(scan->id, segment->header.id, sizeof scan->id);
        scan->has_id = true;
    }
    if (!segment->header_is_bad || segment->sealed)
        return ERR_OK;
    if (strcmp(segment->reason, TAPE_REASON_NEWER) == 0)
        return fail_newer(scan, segment->name);
    const char *reason = segment->reason;
    struct tape_segment_find find = {0};
    err = scan->options.salvage ? tape_segment_find(segment, &find) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (!find.found)
        return err_fail(ERR_DAMAGED,
                        "'%s' is not a segment of a tape: %s; give the folder that 'rewick record "
                        "--out' made",
                        scan->path, reason);
    struct tape_loss loss = loss_here(scan, find.offset, reason);
    tape_segment_jump(segment, find.offset, find.next_seq);
    return note_loss(scan, &loss);
}

static enum err open_path(struct tape_scan *scan)
{
    enum err err = list_upcoming(scan, 0);
    if (err == ERR_OK)
        return open_folder(scan);
    if (err == ERR_MISSING)
        return err_fail(ERR_MISSING,
                        "tape '%s' does not exist; give the folder that 'rewick record --out' made",
                        scan->path);
    if (err != ERR_IO)
        return err;
    return open_file(scan);
}

enum err tape_scan_open(struct tape_scan **out, const struct io *io, const char *path,
                        const struct tape_reader_options *options)
{
    struct tape_scan *scan = calloc(1, sizeof *scan);
    if (!scan || !(scan->path = strdup(path))) {
        free(scan);
        return err_fail(ERR_NOMEM, "out of memory for a tape reader");
    }
    scan->io = io;
    if (options)
        scan->options = *options;
    scan->crossed = scan->options.from_ns == 0;
    enum err err = scan->crossed ? ERR_OK : tape_unit_decoder_new(&scan->looker);
    if (err == ERR_OK && !scan->crossed)
        err = tape_decoder_new(&scan->header_looker);
    if (err == ERR_OK)
        err = open_path(scan);
    if (err != ERR_OK) {
        tape_scan_close(scan);
        return err;
    }
    *out = scan;
    return ERR_OK;
}

void tape_scan_close(struct tape_scan *scan)
{
    if (!scan)
        return;
    sealed_segment_release(&scan->sealed);
    tape_segment_release(&scan->segment);
    tape_decoder_free(scan->header_looker);
    tape_unit_decoder_free(scan->looker);
    tape_records_release(&scan->looked_at);
    tape_folder_release(&scan->upcoming);
    tape_losses_release(&scan->losses);
    free(scan->path);
    free(scan);
}

/* ---- reading -------------------------------------------------------------------------------- */

static uint32_t segment_number(const struct tape_scan *scan)
{
    const struct tape_segment *segment = &scan->segment;
    return segment->header_is_known ? segment->header.number : current_number(scan);
}

/* A copy of the block that the segment stands behind. */
static enum err copy_block(struct tape_scan *scan, struct tape_unit *unit)
{
    const struct tape_segment *segment = &scan->segment;
    const struct tape_block_header *block = &segment->block;
    const size_t size = (size_t)block->size + block->frame_size;
    enum err err = tape_unit_clear(unit, size);
    if (err == ERR_OK)
        err = buf_append(&unit->bytes, segment->frame - block->size, size);
    if (err != ERR_OK)
        return err;
    unit->segment = segment_number(scan);
    unit->offset = segment->block_offset;
    unit->size = size;
    unit->first_seq = block->first_seq;
    unit->record_count = block->record_count;
    unit->from_seq = scan->options.from_seq;
    unit->block = *block;
    unit->block.sources = unit->bytes.data + (block->sources - (segment->frame - block->size));
    unit->block.table = unit->bytes.data + (block->table - (segment->frame - block->size));
    return ERR_OK;
}

/* What a block is good for in the time before the wanted one. */
enum use {
    USE_NONE,
    USE_BEFORE,  /* something in it is wanted of that time */
    USE_CROSSES, /* and it reaches the wanted time */
    USE_UNKNOWN, /* only its records can say */
};

static bool wants_some(const struct tape_reader_options *options,
                       const struct tape_block_look *look)
{
    for (unsigned i = 0; options->wants && i < look->source_count; i++) {
        const struct tape_source_look *source = &look->sources[i];
        if (source->types & TAPE_LOOK_OTHER_TYPES)
            return true;
        for (unsigned type = 1; source->types >> type; type++)
            if (source->types >> type & 1 &&
                tape_unit_wants_before(options->wants, options->arg, type, source->venue))
                return true;
    }
    return false;
}

/* By its header alone. That of a block has the time of each record: they are all looked at, because
 * clocks step. */
static enum err look_at_header(const struct tape_scan *scan, enum use *out)
{
    const struct tape_reader_options *options = &scan->options;
    struct tape_block_look look;
    *out = USE_UNKNOWN;
    if (scan->segment.block.first_seq < options->from_seq)
        return ERR_OK;
    enum err err = tape_decoder_look(scan->header_looker, &scan->segment.block, &look);
    if (err != ERR_OK)
        return err == ERR_DAMAGED ? ERR_OK : err;
    if (look.wall_max_ns >= options->from_ns)
        *out = USE_CROSSES;
    else
        *out = wants_some(options, &look) ? USE_BEFORE : USE_NONE;
    return ERR_OK;
}

/* By its records. */
static enum err look_at_records(struct tape_scan *scan, const struct tape_unit *unit,
                                bool *out_wanted)
{
    enum err err = tape_unit_decode(scan->looker, unit, &scan->looked_at);
    if (err != ERR_OK)
        return err;
    *out_wanted = scan->looked_at.fault_count > 0;
    for (size_t i = 0; i < scan->looked_at.count; i++) {
        const struct record *record = &scan->looked_at.records[i];
        scan->crossed |= record->wall_ns >= scan->options.from_ns;
        *out_wanted |=
            scan->crossed || tape_unit_wants_before(scan->options.wants, scan->options.arg,
                                                    record->type, record->venue);
    }
    return ERR_OK;
}

/* Of a block that is of no use now not even the frame is read. */
static enum err next_in_past(struct tape_scan *scan, enum use *out_use,
                             enum tape_segment_event *out)
{
    struct tape_segment *segment = &scan->segment;
    enum err err = tape_segment_look(segment, scan->options.from_seq, out);
    if (err != ERR_OK || *out != SEGMENT_BLOCK)
        return err;
    err = look_at_header(scan, out_use);
    if (err != ERR_OK)
        return err;
    if (*out_use != USE_NONE)
        return tape_segment_next(segment, scan->options.from_seq, out);
    tape_segment_pass(segment);
    *out = SEGMENT_SKIPPED;
    return ERR_OK;
}

static enum err take_block(struct tape_scan *scan, struct tape_unit *unit, enum use use,
                           bool *out_unit)
{
    enum err err = copy_block(scan, unit);
    *out_unit = true;
    if (err != ERR_OK || scan->crossed)
        return err;
    if (use == USE_UNKNOWN)
        err = look_at_records(scan, unit, out_unit);
    scan->crossed |= use == USE_CROSSES;
    unit->from_ns = scan->options.from_ns;
    unit->wants = scan->options.wants;
    unit->arg = scan->options.arg;
    return err;
}

/* A bad place with whole frames behind it. */
static enum err pass_damage(struct tape_scan *scan, const struct tape_segment_find *find,
                            const char *reason)
{
    struct tape_segment *segment = &scan->segment;
    struct tape_loss loss = loss_here(scan, find->offset, reason);
    tape_loss_numbers(&loss, segment->next_seq, find->next_seq);
    enum err err = damaged(scan, &loss);
    if (err == ERR_OK)
        tape_segment_jump(segment, find->offset, find->next_seq);
    return err;
}

/* Numbers that the bad block at the end is known to hold. */
static void set_bad_numbers(struct tape_loss *loss, const struct tape_segment *segment)
{
    if (segment->bad_first_seq != 0)
        tape_loss_numbers(loss, segment->next_seq, segment->bad_last_seq + 1);
}

/* The last segment cannot be read further. */
static enum err end_badly(struct tape_scan *scan, bool whole_behind)
{
    struct tape_segment *segment = &scan->segment;
    struct tape_loss loss = loss_here(scan, segment->size, segment->reason);
    set_bad_numbers(&loss, segment);
    if (whole_behind || segment->closed || (segment->header_is_bad && !segment->jumped)) {
        enum err err = damaged(scan, &loss);
        if (err == ERR_OK)
            tape_segment_jump(segment, segment->size,
                              loss.last_seq ? loss.last_seq + 1 : segment->next_seq);
        return err;
    }
    loss.torn = true;
    enum err err = tape_losses_set_tail(&scan->losses, &loss);
    return err == ERR_OK ? ERR_END : err;
}

/* The current segment stops or is bad here. The order matters beside a live writer: a newer segment
 * that was there before the size was looked at means that this one is final. */
static enum err at_stop(struct tape_scan *scan, bool bad)
{
    struct tape_segment *segment = &scan->segment;
    struct tape_segment_find find = {0};
    const char *reason = segment->reason;
    bool newer = false, changed = false;
    uint64_t size = segment->size;
    enum err err = look_for_newer(scan, &newer);
    if (err == ERR_OK)
        err = tape_segment_refresh(segment, &changed);
    if (err != ERR_OK)
        return err;
    scan->total_bytes += segment->size - size;
    if (changed)
        return ERR_OK;
    if (bad)
        err = tape_segment_find(segment, &find);
    if (err != ERR_OK)
        return err;
    if (find.found)
        return pass_damage(scan, &find, reason);
    if (newer)
        return move_on(scan, bad, find.whole_behind);
    return bad ? end_badly(scan, find.whole_behind) : ERR_END;
}

/* Goes on by one frame of a live segment; *out_unit tells whether a unit came of it. */
static enum err advance_live(struct tape_scan *scan, struct tape_unit *unit, bool *out_unit)
{
    enum tape_segment_event event = SEGMENT_STOPS;
    enum use use = USE_UNKNOWN;
    enum err err = scan->crossed ? tape_segment_next(&scan->segment, scan->options.from_seq, &event)
                                 : next_in_past(scan, &use, &event);
    if (err != ERR_OK)
        return err;
    switch (event) {
    case SEGMENT_BLOCK:
        return take_block(scan, unit, use, out_unit);
    case SEGMENT_SKIPPED:
    case SEGMENT_CLOSED:
        return ERR_OK;
    case SEGMENT_STOPS:
    case SEGMENT_BAD:
        break;
    }
    return at_stop(scan, event == SEGMENT_BAD);
}

/* ---- sealed segments ------------------------------------------------------------------------ */

static enum err begin_sealed(struct tape_scan *scan)
{
    struct tape_segment *segment = &scan->segment;
    const char *reason = segment->reason;
    scan->sealed_is_begun = true;
    scan->sealed_count++;
    enum err err = sealed_segment_begin(&scan->sealed, segment, scan->crossed);
    if (err != ERR_OK || !segment->header_is_bad)
        return err;
    struct tape_loss loss = {.size = TAPE_SEGMENT_HEADER_SIZE};
    tape_loss_name(&loss, segment->name);
    tape_loss_because(&loss, "%s", reason);
    return damaged(scan, &loss);
}

static enum err tell_sealed_loss(struct tape_scan *scan)
{
    const struct sealed_loss *from = &scan->sealed.loss;
    struct tape_loss loss = {.offset = from->offset, .size = from->size};
    tape_loss_name(&loss, scan->segment.name);
    tape_loss_because(&loss, "%s", from->reason);
    tape_loss_numbers(&loss, from->first_seq, from->next_seq);
    return damaged(scan, &loss);
}

/* Goes on by one chunk. */
static enum err advance_sealed(struct tape_scan *scan, struct tape_unit *unit, bool *out_unit)
{
    const struct sealed_wish wish = {
        .from_seq = scan->options.from_seq,
        .from_ns = scan->options.from_ns,
        .wants = scan->options.wants,
        .arg = scan->options.arg,
    };
    enum sealed_event event = SEALED_END;
    enum err err = scan->sealed_is_begun ? ERR_OK : begin_sealed(scan);
    if (err == ERR_OK)
        err = sealed_segment_next(&scan->sealed, &wish, unit, &event);
    if (err != ERR_OK)
        return err;
    scan->crossed = scan->sealed.crossed;
    switch (event) {
    case SEALED_CHUNK:
        *out_unit = true;
        unit->segment = segment_number(scan);
        return ERR_OK;
    case SEALED_SKIPPED:
        return ERR_OK;
    case SEALED_LOSS:
        return tell_sealed_loss(scan);
    case SEALED_END:
        break;
    }
    return at_stop(scan, false);
}

static enum err advance(struct tape_scan *scan, struct tape_unit *unit, bool *out_unit)
{
    tape_losses_forget_tail(&scan->losses);
    return scan->segment.sealed && !scan->is_refused ? advance_sealed(scan, unit, out_unit)
                                                     : advance_live(scan, unit, out_unit);
}

enum err tape_scan_next(struct tape_scan *scan, struct tape_unit *unit)
{
    if (scan->failure != ERR_OK)
        return err_fail(scan->failure, "%s", scan->failure_text);
    for (bool has_unit = false; !has_unit;) {
        enum err err = advance(scan, unit, &has_unit);
        if (err == ERR_END)
            return err;
        if (err != ERR_OK)
            return keep_failure(scan, err);
    }
    return ERR_OK;
}

/* ---- judging -------------------------------------------------------------------------------- */

static enum err judge_fault(struct tape_scan *scan, const struct tape_unit *unit,
                            const struct tape_unit_fault *fault)
{
    const struct tape_unit_part *part = fault->part;
    struct tape_loss loss = {
        .offset = part ? part->offset : unit->offset,
        .size = part ? part->size : unit->size,
        .first_seq = fault->first_seq,
        .last_seq = fault->last_seq,
        .missing = fault->missing,
    };
    if (scan->is_file)
        tape_loss_name(&loss, scan->segment.name);
    else
        tape_segment_name(loss.file, unit->segment);
    if (part && part->has_header) {
        char lane[TAPE_LANE_TEXT_MAX];
        tape_lane_text(lane, &part->header.lane);
        tape_loss_because(&loss, "%s (lane %s, block %u of chunk %u)", fault->reason, lane,
                          part->header.block, part->header.chunk);
    } else {
        tape_loss_because(&loss, "%s", fault->reason);
    }
    return damaged(scan, &loss);
}

enum err tape_scan_judge(struct tape_scan *scan, const struct tape_unit *unit,
                         const struct tape_records *records)
{
    for (size_t i = 0; i < records->fault_count; i++) {
        enum err err = judge_fault(scan, unit, &records->faults[i]);
        if (err != ERR_OK)
            return keep_failure(scan, err);
    }
    return ERR_OK;
}

void tape_scan_progress(const struct tape_scan *scan, uint64_t *out_done, uint64_t *out_total)
{
    *out_done = scan->passed_bytes + scan->segment.offset;
    *out_total = scan->total_bytes;
}

const uint8_t *tape_scan_id(const struct tape_scan *scan)
{
    return scan->id;
}

uint32_t tape_scan_segments(const struct tape_scan *scan)
{
    return scan->segment_count;
}

uint32_t tape_scan_sealed(const struct tape_scan *scan)
{
    return scan->sealed_count;
}

bool tape_scan_closed(const struct tape_scan *scan)
{
    return scan->segment.closed;
}

const struct tape_loss *tape_scan_losses(const struct tape_scan *scan, size_t *out_count)
{
    *out_count = scan->losses.count + (scan->losses.has_tail ? 1 : 0);
    return scan->losses.items;
}

const struct tape_loss *tape_scan_tail(const struct tape_scan *scan)
{
    return scan->losses.has_tail ? &scan->losses.tail : NULL;
}
