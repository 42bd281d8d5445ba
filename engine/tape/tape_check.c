#include "engine/tape/tape_check.h"

#include "engine/tape/tape_reader.h"
#include "engine/tape/tape_writer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Venues beyond the table share its last line under this name. */
#define OTHER_VENUES "(others)"

/* A pass over a tape in salvage mode. */
struct pass {
    struct tape_summary *summary;
    void (*each_loss)(const struct tape_loss *loss, void *arg);
    void *arg;
    size_t venue_last;     /* where the last record's venue was found */
    uint64_t missing_last; /* the largest number known to be missing so far */
};

static void take_loss(const struct tape_loss *loss, void *arg)
{
    struct pass *pass = arg;
    if (loss->torn)
        pass->summary->torn_count++;
    else
        pass->summary->damage_count++;
    if (loss->last_seq != 0) {
        pass->summary->missing_seqs += loss->last_seq - loss->first_seq + 1;
        pass->missing_last = loss->last_seq;
    }
    if (pass->each_loss)
        pass->each_loss(loss, pass->arg);
}

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

static enum err open_pass(struct pass *pass, struct tape_reader **out, const struct io *io,
                          const char *path)
{
    *pass->summary = (struct tape_summary){
        .first_wall_ns = RECORD_NO_TIME,
        .last_wall_ns = RECORD_NO_TIME,
    };
    struct tape_reader_options options = {.salvage = true, .each_loss = take_loss, .arg = pass};
    return tape_reader_open(out, io, path, &options);
}

/* What is known only at the end. */
static void end_pass(struct pass *pass, const struct tape_reader *reader)
{
    struct tape_summary *summary = pass->summary;
    uint64_t done = 0;
    if (tape_reader_tail(reader))
        take_loss(tape_reader_tail(reader), pass);
    memcpy(summary->id, tape_reader_id(reader), sizeof summary->id);
    summary->segments = tape_reader_segments(reader);
    summary->closed = tape_reader_closed(reader);
    tape_reader_progress(reader, &done, &summary->file_bytes);
}

enum err tape_check(const struct io *io, const char *path, struct tape_summary *out,
                    void (*each_loss)(const struct tape_loss *loss, void *arg), void *arg)
{
    struct pass pass = {.summary = out, .each_loss = each_loss, .arg = arg};
    struct tape_reader *reader = NULL;
    enum err err = open_pass(&pass, &reader, io, path);
    while (err == ERR_OK) {
        struct record record;
        err = tape_reader_next(reader, &record);
        if (err == ERR_OK)
            take_record(&pass, &record);
    }
    if (err == ERR_END) {
        end_pass(&pass, reader);
        err = ERR_OK;
    }
    tape_reader_close(reader);
    return err;
}

/* ---- repair --------------------------------------------------------------------------------- */

struct repair {
    struct pass pass;
    struct tape_reader *reader;
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

/* A hole that was no loss of this pass: an earlier repair left it, and then this is the record that
 * tells of it, or `from` is a lone segment from the middle of a tape. */
static enum err close_known_hole(struct repair *repair, const struct record *record, uint64_t seq)
{
    if (record->type == RECORD_GAP)
        return tape_writer_skip_to(repair->writer, seq);
    return write_gap(repair, seq - 1, record);
}

static enum err keep_record(struct repair *repair, struct record *record)
{
    enum err err = ERR_OK;
    uint64_t seq = record->seq;
    uint64_t missing_last = repair->pass.missing_last;
    take_record(&repair->pass, record);
    if (missing_last >= tape_writer_next_seq(repair->writer) && missing_last < seq)
        err = write_gap(repair, missing_last, record);
    if (err == ERR_OK && seq > tape_writer_next_seq(repair->writer))
        err = close_known_hole(repair, record, seq);
    if (err == ERR_OK)
        err = tape_writer_append(repair->writer, record);
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
    memcpy(id, tape_reader_id(repair->reader), sizeof id);
    const struct tape_writer_options options = {
        .random = {~id[0], ~id[1], id[0] ^ (id[1] << 1), id[1]},
    };
    return tape_writer_open(&repair->writer, io, to, &options);
}

static enum err copy_all(struct repair *repair)
{
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        struct record record;
        err = tape_reader_next(repair->reader, &record);
        if (err == ERR_OK)
            err = keep_record(repair, &record);
    }
    if (err != ERR_END)
        return err;
    end_pass(&repair->pass, repair->reader);
    if (repair->pass.missing_last >= tape_writer_next_seq(repair->writer))
        return write_gap(repair, repair->pass.missing_last, NULL);
    return ERR_OK;
}

enum err tape_repair(const struct io *io, const char *from, const char *to,
                     struct tape_summary *out_before, uint64_t *out_kept)
{
    struct repair repair = {.pass = {.summary = out_before}};
    enum err err = check_target(io, to);
    if (err == ERR_OK)
        err = open_pass(&repair.pass, &repair.reader, io, from);
    if (err == ERR_OK)
        err = open_target(&repair, io, to);
    if (err == ERR_OK)
        err = copy_all(&repair);
    if (err == ERR_OK)
        err = tape_writer_close(repair.writer);
    else
        tape_writer_abandon(repair.writer);
    tape_reader_close(repair.reader);
    *out_kept = repair.kept;
    return err;
}
