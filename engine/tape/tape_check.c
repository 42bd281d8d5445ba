#include "engine/tape/tape_check.h"

#include "engine/tape/tape_scan.h"
#include "engine/tape/tape_writer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Venues beyond the table share its last line under this name. */
#define OTHER_VENUES "(others)"

struct range {
    uint64_t first, last;
};

/* A pass over a tape in salvage mode. */
struct pass {
    struct tape_summary *summary;
    const struct tape_check_watch *watch;
    size_t venue_last; /* where the last record's venue was found */

    struct tape_scan *scan;
    struct tape_unit_decoder *decoder;
    struct tape_unit unit;
    struct tape_records records;

    uint64_t next_seq; /* behind the record last met */
    /* Where numbers are lost that lie behind it: of the numbers without a record those in these. */
    struct range *lost; /* owned */
    size_t lost_count, lost_capacity;
    enum err failure; /* the list could not grow */
};

/* What is to be done with each record, in order, and with numbers that were lost before it. */
struct pass_work {
    enum err (*record)(const struct record *record, void *arg);
    enum err (*lost)(uint64_t first, uint64_t last, const struct record *behind, void *arg);
    void *arg;
};

/* ---- losses --------------------------------------------------------------------------------- */

static void add_lost(struct pass *pass, struct range range)
{
    if (pass->lost_count == pass->lost_capacity) {
        size_t capacity = pass->lost_capacity ? 2 * pass->lost_capacity : 16;
        struct range *lost = realloc(pass->lost, capacity * sizeof *lost);
        if (!lost) {
            pass->failure = err_fail(ERR_NOMEM, "out of memory for a list of losses");
            return;
        }
        pass->lost = lost;
        pass->lost_capacity = capacity;
    }
    pass->lost[pass->lost_count++] = range;
}

static void take_loss(const struct tape_loss *loss, void *arg)
{
    struct pass *pass = arg;
    if (loss->torn)
        pass->summary->torn_count++;
    else
        pass->summary->damage_count++;
    pass->summary->missing_seqs += loss->missing;
    if (loss->missing > 0)
        add_lost(pass, (struct range){loss->first_seq, loss->last_seq});
    if (pass->watch && pass->watch->loss)
        pass->watch->loss(loss, pass->watch->arg);
}

/* The lost numbers that come first in `from` .. `end`; false when there are none. */
static bool find_lost(const struct pass *pass, uint64_t from, uint64_t end, struct range *out)
{
    bool found = false;
    for (size_t i = 0; i < pass->lost_count; i++) {
        const struct range *lost = &pass->lost[i];
        const uint64_t first = lost->first > from ? lost->first : from;
        if (first <= lost->last && first <= end && (!found || first < out->first)) {
            *out = (struct range){first, lost->last < end ? lost->last : end};
            found = true;
        }
    }
    /* Others may begin in it or right behind it and reach further. */
    for (size_t i = 0; found && i < pass->lost_count;) {
        const struct range *lost = &pass->lost[i++];
        if (out->last < end && lost->first <= out->last + 1 && lost->last > out->last) {
            out->last = lost->last < end ? lost->last : end;
            i = 0;
        }
    }
    return found;
}

static void forget_lost_before(struct pass *pass, uint64_t seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < pass->lost_count; i++)
        if (pass->lost[i].last >= seq)
            pass->lost[kept++] = pass->lost[i];
    pass->lost_count = kept;
}

/* Tells the lost numbers up to `end`, before `behind` or at the end of the tape (NULL). */
static enum err tell_lost(struct pass *pass, uint64_t end, const struct record *behind,
                          const struct pass_work *work)
{
    struct range lost = {0};
    uint64_t from = pass->next_seq;
    while (from <= end && find_lost(pass, from, end, &lost)) {
        if (pass->watch && pass->watch->missing)
            pass->watch->missing(lost.first, lost.last, pass->watch->arg);
        enum err err = work->lost ? work->lost(lost.first, lost.last, behind, work->arg) : ERR_OK;
        if (err != ERR_OK || lost.last == UINT64_MAX)
            return err;
        from = lost.last + 1;
    }
    return ERR_OK;
}

/* ---- records -------------------------------------------------------------------------------- */

static struct tape_venue_summary *find_venue(struct pass *pass, const char *venue)
{
    struct tape_summary *summary = pass->summary;
    size_t i = pass->venue_last;
    if (i < summary->venue_count && strcmp(summary->venues[i].venue, venue) == 0)
        return &summary->venues[i];
    for (i = 0; i < summary->venue_count; i++)
        if (strcmp(summary->venues[i].venue, venue) == 0)
            break;
    if (i == TAPE_SUMMARY_VENUES_MAX) {
        i--;
        venue = OTHER_VENUES;
    } else if (i == summary->venue_count) {
        summary->venue_count++;
    }
    pass->venue_last = i;
    snprintf(summary->venues[i].venue, sizeof summary->venues[i].venue, "%s", venue);
    return &summary->venues[i];
}

/* What a RECORD_GAP says is lost; 0 when it cannot be read. */
static uint64_t gap_count(const struct record *record)
{
    json_t *gap = json_loadb((const char *)record->data, record->size, 0, NULL);
    json_int_t count = json_integer_value(json_object_get(gap, "count"));
    json_decref(gap);
    return count > 0 ? (uint64_t)count : 0;
}

static void take_record(struct pass *pass, const struct record *record)
{
    struct tape_summary *summary = pass->summary;
    struct tape_venue_summary *venue = find_venue(pass, record->venue);
    bool is_known = record->type > 0 && record->type <= RECORD_TYPE_MAX;
    venue->records[is_known ? record->type : 0]++;
    if (record->type == RECORD_RECEIVED)
        venue->bytes += record->size;
    if (record->type == RECORD_GAP)
        summary->gap_records += gap_count(record);
    if (summary->records++ == 0)
        summary->first_seq = record->seq;
    summary->last_seq = record->seq;
    summary->content_bytes += record->size;
    if (summary->first_wall_ns == RECORD_NO_TIME || record->wall_ns < summary->first_wall_ns)
        summary->first_wall_ns = record->wall_ns;
    if (summary->last_wall_ns == RECORD_NO_TIME || record->wall_ns > summary->last_wall_ns)
        summary->last_wall_ns = record->wall_ns;
}

static enum err take_lanes(const struct pass *pass)
{
    const struct tape_check_watch *watch = pass->watch;
    const struct tape_unit *unit = &pass->unit;
    uint64_t bytes = 0;
    enum err err = ERR_OK;
    if (!watch || !watch->lane)
        return ERR_OK;
    if (!unit->sealed) {
        for (size_t i = 0; i < pass->records.count; i++)
            bytes += pass->records.records[i].size;
        return watch->lane(NULL, pass->records.count, bytes, unit->size, watch->arg);
    }
    for (size_t i = 0; i < unit->part_count && err == ERR_OK; i++) {
        const struct tape_unit_part *part = &unit->parts[i];
        if (!part->reason)
            err = watch->lane(&part->header.lane, part->header.record_count,
                              part->header.payloads_bytes, part->size, watch->arg);
    }
    return err;
}

static enum err take_unit(struct pass *pass, const struct pass_work *work)
{
    enum err err = tape_unit_decode(pass->decoder, &pass->unit, &pass->records);
    if (err == ERR_OK)
        err = tape_scan_judge(pass->scan, &pass->unit, &pass->records);
    if (err == ERR_OK)
        err = take_lanes(pass);
    for (size_t i = 0; i < pass->records.count && err == ERR_OK; i++) {
        const struct record *record = &pass->records.records[i];
        if (record->seq > pass->next_seq && pass->lost_count > 0) {
            err = tell_lost(pass, record->seq - 1, record, work);
            forget_lost_before(pass, record->seq);
        }
        pass->next_seq = record->seq + 1;
        take_record(pass, record);
        if (err == ERR_OK && work->record)
            err = work->record(record, work->arg);
    }
    return err;
}

static enum err open_pass(struct pass *pass, const struct io *io, const char *path)
{
    *pass->summary = (struct tape_summary){
        .first_wall_ns = RECORD_NO_TIME,
        .last_wall_ns = RECORD_NO_TIME,
    };
    pass->next_seq = 1;
    struct tape_reader_options options = {.salvage = true, .each_loss = take_loss, .arg = pass};
    enum err err = tape_unit_decoder_new(&pass->decoder);
    return err == ERR_OK ? tape_scan_open(&pass->scan, io, path, &options) : err;
}

/* What is known only at the end. */
static enum err end_pass(struct pass *pass, const struct pass_work *work)
{
    struct tape_summary *summary = pass->summary;
    uint64_t done = 0;
    if (tape_scan_tail(pass->scan))
        take_loss(tape_scan_tail(pass->scan), pass);
    memcpy(summary->id, tape_scan_id(pass->scan), sizeof summary->id);
    summary->segments = tape_scan_segments(pass->scan);
    summary->sealed = tape_scan_sealed(pass->scan);
    summary->closed = tape_scan_closed(pass->scan);
    tape_scan_progress(pass->scan, &done, &summary->file_bytes);
    return tell_lost(pass, UINT64_MAX, NULL, work);
}

static enum err run_pass(struct pass *pass, const struct pass_work *work)
{
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        err = tape_scan_next(pass->scan, &pass->unit);
        if (err == ERR_OK)
            err = take_unit(pass, work);
    }
    if (err == ERR_END)
        err = end_pass(pass, work);
    return err == ERR_OK ? pass->failure : err;
}

static void close_pass(struct pass *pass)
{
    tape_scan_close(pass->scan);
    tape_unit_decoder_free(pass->decoder);
    tape_unit_release(&pass->unit);
    tape_records_release(&pass->records);
    free(pass->lost);
}

enum err tape_check_watched(const struct io *io, const char *path, struct tape_summary *out,
                            const struct tape_check_watch *watch)
{
    static const struct pass_work no_work = {0};
    struct pass pass = {.summary = out, .watch = watch};
    enum err err = open_pass(&pass, io, path);
    if (err == ERR_OK)
        err = run_pass(&pass, &no_work);
    close_pass(&pass);
    return err;
}

enum err tape_check(const struct io *io, const char *path, struct tape_summary *out,
                    void (*each_loss)(const struct tape_loss *loss, void *arg), void *arg)
{
    const struct tape_check_watch watch = {.loss = each_loss, .arg = arg};
    return tape_check_watched(io, path, out, &watch);
}

/* ---- repair --------------------------------------------------------------------------------- */

struct repair {
    struct pass pass;
    struct tape_writer *writer;
    bool has_last;
    int64_t last_wall_ns, last_mono_ns; /* of the last record kept */
    uint64_t kept;
};

/* The number `last` tells that all from the next free one up to it are lost. It is dated like the
 * record behind the hole, or, at the end of the tape, like the one before. */
static enum err write_gap(struct repair *repair, uint64_t last, const struct record *behind)
{
    char text[192];
    uint64_t first = tape_writer_next_seq(repair->writer);
    int64_t after_ns = behind ? behind->wall_ns : repair->last_wall_ns;
    int64_t before_ns = repair->has_last ? repair->last_wall_ns : after_ns;
    int length = snprintf(text, sizeof text,
                          "{\"reason\":\"damage\",\"count\":%" PRIu64 ",\"first_wall_ns\":%" PRId64
                          ",\"last_wall_ns\":%" PRId64 "}",
                          last - first + 1, before_ns, after_ns);
    struct record gap = {
        .type = RECORD_GAP,
        .venue = "",
        .wall_ns = after_ns,
        .mono_ns = behind ? behind->mono_ns : repair->last_mono_ns,
        .source_ns = RECORD_NO_TIME,
        .data = (const uint8_t *)text,
        .size = (size_t)length,
    };
    if (last != first) {
        enum err err = tape_writer_skip_to(repair->writer, last);
        if (err != ERR_OK)
            return err;
    }
    return tape_writer_append(repair->writer, &gap);
}

/* Numbers that an earlier repair gave up may lie between: their gap record is lost too, then. */
static enum err close_lost(uint64_t first, uint64_t last, const struct record *behind, void *arg)
{
    (void)first;
    return write_gap(arg, last, behind);
}

/* A hole that was no loss of this pass: an earlier repair left it, and then this is the record that
 * tells of it, or `from` is a lone segment from the middle of a tape. */
static enum err close_known_hole(struct repair *repair, const struct record *record)
{
    if (record->type == RECORD_GAP)
        return tape_writer_skip_to(repair->writer, record->seq);
    return write_gap(repair, record->seq - 1, record);
}

static enum err keep_record(const struct record *record, void *arg)
{
    struct repair *repair = arg;
    struct record copy = *record;
    enum err err = ERR_OK;
    if (record->seq > tape_writer_next_seq(repair->writer))
        err = close_known_hole(repair, record);
    if (err == ERR_OK)
        err = tape_writer_append(repair->writer, &copy);
    if (err != ERR_OK)
        return err;
    repair->has_last = true;
    repair->last_wall_ns = record->wall_ns;
    repair->last_mono_ns = record->mono_ns;
    repair->kept++;
    return ERR_OK;
}

static enum err refuse_existing(const char *name, void *arg)
{
    (void)name;
    return err_fail(ERR_USAGE, "'%s' exists already; give a new folder for the repaired tape",
                    (const char *)arg);
}

static enum err check_target(const struct io *io, const char *to)
{
    char *path = strdup(to);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = io->list_dir(io->self, to, refuse_existing, path);
    if (err == ERR_MISSING)
        err = ERR_OK;
    else if (err == ERR_OK || err == ERR_IO)
        err = refuse_existing("", path);
    free(path);
    return err;
}

/* Salts and id are made from the old id and the first record, so that a repair done twice gives the
 * same bytes. */
static enum err open_target(struct repair *repair, const struct io *io, const char *to)
{
    uint64_t id[2];
    memcpy(id, tape_scan_id(repair->pass.scan), sizeof id);
    const struct tape_writer_options options = {
        .random = {~id[0], ~id[1], id[0] ^ (id[1] << 1), id[1]},
    };
    return tape_writer_open(&repair->writer, io, to, &options);
}

enum err tape_repair(const struct io *io, const char *from, const char *to,
                     struct tape_summary *out_before, uint64_t *out_kept)
{
    struct repair repair = {.pass = {.summary = out_before}};
    const struct pass_work work = {.record = keep_record, .lost = close_lost, .arg = &repair};
    enum err err = check_target(io, to);
    if (err == ERR_OK)
        err = open_pass(&repair.pass, io, from);
    if (err == ERR_OK)
        err = open_target(&repair, io, to);
    if (err == ERR_OK)
        err = run_pass(&repair.pass, &work);
    if (err == ERR_OK)
        err = tape_writer_close(repair.writer);
    else
        tape_writer_abandon(repair.writer);
    close_pass(&repair.pass);
    *out_kept = repair.kept;
    return err;
}
