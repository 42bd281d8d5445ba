#include "engine/tape/tape_reader.h"

#include "engine/tape/tape_scan.h"
#include "engine/tape/tape_unit.h"

#include <stdio.h>
#include <stdlib.h>

struct tape_reader {
    struct tape_scan *scan;
    struct tape_unit_decoder *decoder;
    struct tape_unit unit;
    struct tape_records records;
    size_t next; /* of `records` */

    /* Damage in the unit; told when the records before it are given out. */
    enum err failure;
    char failure_text[ERR_TEXT_MAX];
};

enum err tape_reader_open(struct tape_reader **out, const struct io *io, const char *path,
                          const struct tape_reader_options *options)
{
    struct tape_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return err_fail(ERR_NOMEM, "out of memory for a tape reader");
    enum err err = tape_unit_decoder_new(&reader->decoder);
    if (err == ERR_OK)
        err = tape_scan_open(&reader->scan, io, path, options);
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
    tape_scan_close(reader->scan);
    tape_unit_decoder_free(reader->decoder);
    tape_unit_release(&reader->unit);
    tape_records_release(&reader->records);
    free(reader);
}

static enum err keep_failure(struct tape_reader *reader, enum err err)
{
    snprintf(reader->failure_text, sizeof reader->failure_text, "%s", err_text(err));
    reader->failure = err;
    return err;
}

/* Leaves those before the first that is missing. */
static void cut_records(struct tape_records *records)
{
    size_t kept = 0;
    while (kept < records->count && records->records[kept].seq < records->missing_first)
        kept++;
    records->count = kept;
}

static enum err next_unit(struct tape_reader *reader)
{
    reader->next = 0;
    reader->records.count = 0;
    enum err err = tape_scan_next(reader->scan, &reader->unit);
    if (err == ERR_OK)
        err = tape_unit_decode(reader->decoder, &reader->unit, &reader->records);
    if (err != ERR_OK)
        return err == ERR_END ? err : keep_failure(reader, err);
    err = tape_scan_judge(reader->scan, &reader->unit, &reader->records);
    if (err == ERR_OK)
        return err;
    keep_failure(reader, err);
    cut_records(&reader->records);
    return reader->records.count > 0 ? ERR_OK : err;
}

enum err tape_reader_next(struct tape_reader *reader, struct record *out)
{
    while (reader->next == reader->records.count) {
        if (reader->failure != ERR_OK)
            return err_fail(reader->failure, "%s", reader->failure_text);
        enum err err = next_unit(reader);
        if (err != ERR_OK)
            return err;
    }
    *out = reader->records.records[reader->next++];
    return ERR_OK;
}

void tape_reader_place(const struct tape_reader *reader, uint32_t *out_segment,
                       uint64_t *out_offset)
{
    *out_segment = reader->unit.segment;
    *out_offset = reader->unit.offset;
}

void tape_reader_progress(const struct tape_reader *reader, uint64_t *out_done, uint64_t *out_total)
{
    tape_scan_progress(reader->scan, out_done, out_total);
}

const uint8_t *tape_reader_id(const struct tape_reader *reader)
{
    return tape_scan_id(reader->scan);
}

uint32_t tape_reader_segments(const struct tape_reader *reader)
{
    return tape_scan_segments(reader->scan);
}

bool tape_reader_closed(const struct tape_reader *reader)
{
    return tape_scan_closed(reader->scan);
}

const struct tape_loss *tape_reader_losses(const struct tape_reader *reader, size_t *out_count)
{
    return tape_scan_losses(reader->scan, out_count);
}

const struct tape_loss *tape_reader_tail(const struct tape_reader *reader)
{
    return tape_scan_tail(reader->scan);
}
