#include "engine/tape/tape_writer.h"

#include "engine/tape/seal_ends.h"
#include "engine/tape/tape_encoder.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_frame.h"
#include "engine/tape/tape_segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_DEFAULT_NS      (INT64_C(100) * 1000000)
#define SYNC_DEFAULT_NS       (INT64_C(1000) * 1000000)
#define SEGMENT_DEFAULT_BYTES (UINT64_C(256) * 1024 * 1024)

struct tape_writer {
    const struct io *io;
    char *path;
    struct tape_writer_options options;
    struct io_file *lock;
    struct tape_encoder *encoder;

    struct io_file *file; /* the segment being written */
    uint32_t number;
    uint64_t salt;
    uint64_t size; /* of it up to the last whole frame */
    uint32_t block_count;
    uint32_t chain;

    uint8_t id[16];
    uint64_t next_seq;
    uint64_t block_seq; /* number that follows the last record written */
    bool behind_hole;   /* the open block begins behind numbers that were given up */
    uint64_t written_seq, durable_seq;
    uint64_t durable_size; /* of the file, when durable_seq was reached */
    bool syncing;          /* the syncer has the file */
    uint64_t syncing_seq, syncing_size;
    uint32_t next_connection;
    uint64_t bytes;

    int64_t wall_ns;        /* of the last record: it follows the clock when that is set right */
    int64_t now_ns;         /* monotonic, as of the last tape_writer_work() */
    int64_t block_since_ns; /* the open block has held a record since then at the earliest */
    int64_t unsynced_since_ns;

    enum err failure;
    bool tainted; /* the file could not be cut back */
    char failure_text[ERR_TEXT_MAX];
};

/* ---- failing -------------------------------------------------------------------------------- */

static enum err fail_again(const struct tape_writer *writer)
{
    return err_fail(writer->failure, "%s", writer->failure_text);
}

/* Refuses all further work with one text. `code` and the thread's text are the fault. */
static enum err fail_for_good(struct tape_writer *writer, enum err code, const char *what,
                              uint64_t lost_from, const char *remedy)
{
    char fault[ERR_TEXT_MAX / 2];
    snprintf(fault, sizeof fault, "%s",
             code == ERR_NOSPACE ? "no space left on device" : err_text(code));
    err_fail(code, "cannot %s tape '%s': %s; records from number %llu on %s", what, writer->path,
             fault, (unsigned long long)lost_from, remedy);
    snprintf(writer->failure_text, sizeof writer->failure_text, "%s", err_text(code));
    writer->failure = code;
    return code;
}

static bool cut(struct tape_writer *writer, uint64_t size)
{
    if (!writer->file || writer->io->truncate(writer->file, size) == ERR_OK)
        return true;
    err_clear();
    return false;
}

/* The file keeps its whole frames only, and of those only what a sync that was under way has not
 * lost. When the cut fails, a torn tail stays behind, which the next writer and all readers know
 * how to treat. */
static enum err fail_write(struct tape_writer *writer, enum err code)
{
    const char *remedy = code == ERR_NOSPACE
                             ? "are not on the tape; free space and start again"
                             : "are not on the tape; look after the disk and start again";
    const struct tape_syncer *syncer = writer->options.syncer;
    fail_for_good(writer, code, "write to", writer->block_seq, remedy);
    bool lost = writer->syncing && syncer->wait(syncer->arg) != ERR_OK;
    writer->syncing = false;
    writer->tainted = !cut(writer, lost ? writer->durable_size : writer->size) && lost;
    return fail_again(writer);
}

/* What the failed sync was to save may be in the page cache only, and look whole: it is cut off. */
static enum err fail_sync(struct tape_writer *writer, enum err code)
{
    fail_for_good(writer, code, "sync", writer->durable_seq + 1,
                  "are not on the tape; look after the disk and start again");
    writer->tainted = !cut(writer, writer->durable_size);
    return fail_again(writer);
}

/* ---- segments ------------------------------------------------------------------------------- */

/* Salts differ from segment to segment and from session to session (splitmix64). */
static uint64_t make_salt(const struct tape_writer *writer, uint32_t number)
{
    uint64_t z = writer->options.random[2] + number * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31) ^ writer->options.random[3];
}

static enum err write_segment_header(struct tape_writer *writer, struct io_file *file)
{
    uint8_t bytes[TAPE_SEGMENT_HEADER_SIZE];
    struct tape_segment_header header = {
        .version = TAPE_VERSION,
        .number = writer->number,
        .salt = writer->salt,
        .first_seq = writer->block_seq,
        .next_connection = writer->next_connection,
        .chain = writer->chain,
        .wall_ns = writer->wall_ns,
    };
    memcpy(header.id, writer->id, sizeof header.id);
    tape_segment_header_write(bytes, &header);
    enum err err = writer->io->write(file, bytes, sizeof bytes, 0);
    if (err == ERR_OK)
        err = writer->io->sync(file);
    writer->chain = header.crc;
    return err;
}

/* A segment gets its name only when its header is on the disk: a name without one never exists. */
static enum err make_segment_at(struct tape_writer *writer, const char *temp, const char *path)
{
    const struct io *io = writer->io;
    struct io_file *file = NULL;
    enum err err = io->open(io->self, &file, temp, IO_CREATE);
    if (err != ERR_OK)
        return err;
    err = write_segment_header(writer, file);
    if (err == ERR_OK)
        err = io->rename(io->self, temp, path);
    if (err == ERR_OK)
        err = io->sync_dir(io->self, writer->path);
    if (err != ERR_OK)
        io->close(file);
    else
        writer->file = file;
    return err;
}

static enum err start_segment(struct tape_writer *writer)
{
    if (writer->number >= TAPE_SEGMENTS_MAX)
        return err_fail(ERR_LIMIT, "tape has %u segments, the most there can be; begin a new tape",
                        writer->number);
    writer->number++;
    writer->salt = make_salt(writer, writer->number);
    writer->size = writer->durable_size = TAPE_SEGMENT_HEADER_SIZE;
    writer->block_count = 0;
    char name[TAPE_NAME_SIZE], temp_name[TAPE_NAME_SIZE + sizeof TAPE_TEMP_SUFFIX];
    tape_segment_name(name, writer->number);
    snprintf(temp_name, sizeof temp_name, "%s" TAPE_TEMP_SUFFIX, name);
    char *path = tape_path_join(writer->path, name);
    char *temp = tape_path_join(writer->path, temp_name);
    enum err err = path && temp ? make_segment_at(writer, temp, path)
                                : err_fail(ERR_NOMEM, "out of memory for a path");
    if (err == ERR_OK)
        writer->bytes += TAPE_SEGMENT_HEADER_SIZE;
    free(path);
    free(temp);
    return err;
}

static enum err end_sync(struct tape_writer *writer, enum err err, uint64_t seq, uint64_t size)
{
    writer->syncing = false;
    if (err != ERR_OK)
        return fail_sync(writer, err);
    writer->durable_seq = seq;
    writer->durable_size = size;
    return ERR_OK;
}

/* The sync that is under way somewhere else, if there is one. */
static enum err join_sync(struct tape_writer *writer)
{
    const struct tape_syncer *syncer = writer->options.syncer;
    if (!writer->syncing)
        return ERR_OK;
    return end_sync(writer, syncer->wait(syncer->arg), writer->syncing_seq, writer->syncing_size);
}

static enum err sync_file(struct tape_writer *writer)
{
    enum err err = join_sync(writer);
    if (err != ERR_OK)
        return err;
    return end_sync(writer, writer->io->sync(writer->file), writer->written_seq, writer->size);
}

/* Begins a sync, or sees whether the one that was begun has ended. */
static enum err sync_elsewhere(struct tape_writer *writer, bool due)
{
    const struct tape_syncer *syncer = writer->options.syncer;
    enum err err = ERR_OK;
    if (writer->syncing) {
        if (!syncer->poll(syncer->arg, &err))
            return ERR_OK;
        err = end_sync(writer, err, writer->syncing_seq, writer->syncing_size);
        due = due && writer->durable_seq != writer->written_seq;
    }
    if (err != ERR_OK || !due)
        return err;
    writer->syncing = true;
    writer->syncing_seq = writer->written_seq;
    writer->syncing_size = writer->size;
    writer->unsynced_since_ns = writer->now_ns; /* of what is written from here on */
    syncer->begin(syncer->arg, writer->io, writer->file);
    return ERR_OK;
}

static enum err end_segment(struct tape_writer *writer)
{
    uint8_t bytes[TAPE_END_MARK_SIZE];
    struct tape_end_mark mark = {
        .salt = writer->salt,
        .next_seq = writer->block_seq,
        .block_count = writer->block_count,
        .chain = writer->chain,
    };
    tape_end_mark_write(bytes, &mark);
    enum err err = writer->io->write(writer->file, bytes, sizeof bytes, writer->size);
    if (err != ERR_OK)
        return fail_write(writer, err);
    writer->size += sizeof bytes;
    writer->bytes += sizeof bytes;
    writer->chain = mark.crc;
    err = sync_file(writer);
    if (err != ERR_OK)
        return err;
    writer->io->close(writer->file);
    writer->file = NULL;
    return ERR_OK;
}

static enum err rotate(struct tape_writer *writer)
{
    enum err err = end_segment(writer);
    if (err != ERR_OK)
        return err;
    err = start_segment(writer);
    return err == ERR_OK ? ERR_OK : fail_write(writer, err);
}

/* ---- recovery ------------------------------------------------------------------------------- */

static enum err damaged(const struct tape_writer *writer, const char *name, uint64_t offset,
                        const char *reason)
{
    return err_fail(ERR_DAMAGED,
                    "tape '%s' is damaged: %s, offset %llu: %s; run 'rewick tape repair' and go "
                    "on with the repaired one",
                    writer->path, name, (unsigned long long)offset, reason);
}

/* Reads the newest segment to its last whole block. */
static enum err scan_segment(struct tape_writer *writer, struct tape_segment *segment)
{
    enum tape_segment_event event = SEGMENT_BLOCK;
    enum err err = ERR_OK;
    if (segment->header_is_bad)
        return damaged(writer, segment->name, 0, segment->reason);
    while (err == ERR_OK && event != SEGMENT_STOPS && event != SEGMENT_BAD)
        err = tape_segment_next(segment, 0, &event);
    if (err != ERR_OK || event == SEGMENT_STOPS)
        return err;
    struct tape_segment_find find;
    const char *reason = segment->reason;
    err = tape_segment_find(segment, &find);
    if (err == ERR_OK && (find.whole_behind || segment->closed))
        err = damaged(writer, segment->name, segment->offset, reason);
    return err;
}

/* A sealed segment is complete: its end mark says all that counts, and its checksum is right. */
static enum err scan_sealed(struct tape_writer *writer, struct tape_segment *segment)
{
    struct seal_ends ends;
    const char *reason = NULL;
    enum err err = seal_ends_read(&ends, segment->file, writer->io, true, &reason);
    if (err != ERR_OK)
        return err;
    if (reason)
        return damaged(writer, segment->name, 0, reason);
    segment->chain = ends.mark.live_chain;
    segment->next_seq = ends.mark.next_seq;
    segment->next_connection = ends.mark.next_connection;
    return ERR_OK;
}

static void go_on_behind(struct tape_writer *writer, const struct tape_segment *segment)
{
    memcpy(writer->id, segment->header.id, sizeof writer->id);
    writer->number = segment->header.number;
    writer->chain = segment->chain;
    writer->next_seq = writer->block_seq = segment->next_seq;
    writer->written_seq = writer->durable_seq = segment->next_seq - 1;
    writer->next_connection = segment->next_connection;
}

static enum err recover_segment(struct tape_writer *writer, uint32_t number)
{
    char name[TAPE_NAME_SIZE];
    tape_segment_name(name, number);
    char *path = tape_path_join(writer->path, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    struct tape_segment segment = {0};
    enum err err = tape_segment_open(&segment, writer->io, path, name);
    if (err == ERR_OK)
        err = !segment.header_is_bad && segment.header.sealed ? scan_sealed(writer, &segment)
                                                              : scan_segment(writer, &segment);
    if (err == ERR_OK && segment.header.number != number)
        err = damaged(writer, name, 0, "segment has another number inside");
    /* What a crash left in the page cache must not go lost behind the new segment that counts on
     * it. */
    if (err == ERR_OK)
        err = writer->io->sync(segment.file);
    if (err == ERR_OK)
        go_on_behind(writer, &segment);
    tape_segment_release(&segment);
    free(path);
    return err;
}

static enum err remove_temporary(const char *name, void *arg)
{
    struct tape_writer *writer = arg;
    if (!tape_name_is_temporary(name))
        return ERR_OK;
    char *path = tape_path_join(writer->path, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = writer->io->remove(writer->io->self, path);
    free(path);
    return err;
}

/* The folder's own name of a new tape must survive power loss too. */
static enum err sync_parent(const struct tape_writer *writer)
{
    char *parent = strdup(writer->path);
    if (!parent)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    size_t length = strlen(parent);
    while (length > 1 && parent[length - 1] == '/')
        parent[--length] = 0;
    char *slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = 0;
    enum err err = writer->io->sync_dir(writer->io->self, slash ? parent : ".");
    free(parent);
    return err;
}

static enum err recover(struct tape_writer *writer)
{
    struct tape_folder folder = {0};
    const struct io *io = writer->io;
    enum err err = io->list_dir(io->self, writer->path, remove_temporary, writer);
    if (err == ERR_OK)
        err = tape_folder_list(&folder, io, writer->path, 0);
    if (err == ERR_OK && folder.count == 0)
        err = sync_parent(writer);
    if (err == ERR_OK && folder.count > 0) {
        uint32_t newest = folder.numbers[folder.count - 1];
        uint32_t missing = newest - (folder.first - 1) - (uint32_t)folder.count;
        if (missing != 0)
            err = err_fail(ERR_DAMAGED,
                           "tape '%s' is damaged: %u segments are missing; run 'rewick tape "
                           "repair' and go on with the repaired one",
                           writer->path, missing);
        else
            err = recover_segment(writer, newest);
    }
    tape_folder_release(&folder);
    return err;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static void set_defaults(struct tape_writer *writer, const struct tape_writer_options *options)
{
    struct tape_writer_options *own = &writer->options;
    if (options)
        *own = *options;
    if (own->flush_ns == 0)
        own->flush_ns = FLUSH_DEFAULT_NS;
    if (own->sync_ns == 0)
        own->sync_ns = SYNC_DEFAULT_NS;
    if (own->segment_bytes == 0)
        own->segment_bytes = SEGMENT_DEFAULT_BYTES;
    memcpy(writer->id, own->random, sizeof writer->id);
    writer->wall_ns = own->wall_ns;
    writer->next_seq = writer->block_seq = 1;
    writer->next_connection = 1;
}

static enum err take_lock(struct tape_writer *writer)
{
    char *path = tape_path_join(writer->path, TAPE_LOCK_NAME);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = writer->io->lock(writer->io->self, &writer->lock, path);
    free(path);
    if (err == ERR_LOCKED)
        err_fail(err,
                 "tape '%s' is being written by another process; stop that or give another "
                 "folder",
                 writer->path);
    return err;
}

static enum err open_writer(struct tape_writer *writer)
{
    enum err err = tape_encoder_new(&writer->encoder, writer->options.level);
    if (err == ERR_OK)
        err = writer->io->make_dir(writer->io->self, writer->path);
    if (err == ERR_OK)
        err = take_lock(writer);
    if (err == ERR_OK)
        err = recover(writer);
    if (err == ERR_OK)
        err = start_segment(writer);
    return err;
}

enum err tape_writer_open(struct tape_writer **out, const struct io *io, const char *path,
                          const struct tape_writer_options *options)
{
    struct tape_writer *writer = calloc(1, sizeof *writer);
    if (!writer || !(writer->path = strdup(path))) {
        free(writer);
        return err_fail(ERR_NOMEM, "out of memory for a tape writer");
    }
    writer->io = io;
    set_defaults(writer, options);
    enum err err = open_writer(writer);
    if (err != ERR_OK) {
        tape_writer_abandon(writer);
        return err;
    }
    *out = writer;
    return ERR_OK;
}

void tape_writer_abandon(struct tape_writer *writer)
{
    if (!writer)
        return;
    if (writer->syncing) /* the file is not ours alone until it has ended */
        (void)writer->options.syncer->wait(writer->options.syncer->arg);
    writer->io->close(writer->file);
    writer->io->close(writer->lock);
    tape_encoder_free(writer->encoder);
    free(writer->path);
    free(writer);
}

enum err tape_writer_close(struct tape_writer *writer)
{
    if (!writer)
        return ERR_OK;
    enum err err = tape_writer_flush(writer);
    if (err == ERR_OK)
        err = end_segment(writer);
    tape_writer_abandon(writer);
    return err;
}

/* ---- writing -------------------------------------------------------------------------------- */

static enum err write_block(struct tape_writer *writer)
{
    struct tape_block_place place = {
        .salt = writer->salt,
        .first_seq = writer->next_seq - tape_encoder_count(writer->encoder),
        .chain = writer->chain,
        .flags = writer->behind_hole ? TAPE_BLOCK_FLAG_HOLE : 0,
    };
    const uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t crc = 0;
    enum err err = tape_encoder_finish(writer->encoder, &place, &bytes, &size, &crc);
    if (err == ERR_OK)
        err = writer->io->write(writer->file, bytes, size, writer->size);
    if (err != ERR_OK)
        return fail_write(writer, err);
    if (writer->written_seq == writer->durable_seq)
        writer->unsynced_since_ns = writer->now_ns;
    writer->chain = crc;
    writer->size += size;
    writer->bytes += size;
    writer->block_count++;
    writer->block_seq = writer->next_seq;
    writer->written_seq = writer->next_seq - 1;
    writer->behind_hole = false;
    tape_encoder_clear(writer->encoder);
    return ERR_OK;
}

enum err tape_writer_flush(struct tape_writer *writer)
{
    if (writer->failure != ERR_OK)
        return fail_again(writer);
    if (tape_encoder_count(writer->encoder) == 0)
        return ERR_OK;
    enum err err = write_block(writer);
    if (err == ERR_OK && writer->size >= writer->options.segment_bytes)
        err = rotate(writer);
    return err;
}

enum err tape_writer_sync(struct tape_writer *writer)
{
    enum err err = tape_writer_flush(writer);
    if (err != ERR_OK || writer->durable_seq == writer->written_seq)
        return err;
    return sync_file(writer);
}

static enum err check_record(const struct record *record)
{
    if (record->type == 0 || (unsigned)record->type > UINT8_MAX)
        return err_fail(ERR_RANGE, "record type %d cannot be written", (int)record->type);
    if (record->size > RECORD_DATA_MAX)
        return err_fail(ERR_LIMIT, "record of %zu bytes is too large, at most %u are written",
                        record->size, RECORD_DATA_MAX);
    if (strnlen(record->venue, RECORD_VENUE_MAX) == RECORD_VENUE_MAX)
        return err_fail(ERR_LIMIT, "venue name '%.*s...' is too long", RECORD_VENUE_MAX,
                        record->venue);
    return ERR_OK;
}

enum err tape_writer_append(struct tape_writer *writer, struct record *record)
{
    if (writer->failure != ERR_OK)
        return fail_again(writer);
    enum err err = check_record(record);
    if (err == ERR_OK && !tape_encoder_has_room(writer->encoder, record))
        err = tape_writer_flush(writer);
    if (err != ERR_OK)
        return err;
    bool first = tape_encoder_count(writer->encoder) == 0;
    err = tape_encoder_add(writer->encoder, record);
    if (err != ERR_OK)
        return err;
    if (first)
        writer->block_since_ns = writer->now_ns;
    record->seq = writer->next_seq++;
    writer->wall_ns = record->wall_ns;
    if (record->connection >= writer->next_connection)
        writer->next_connection =
            record->connection < UINT32_MAX ? record->connection + 1 : UINT32_MAX;
    return tape_encoder_content_size(writer->encoder) >= TAPE_BLOCK_CONTENT_GOAL
               ? tape_writer_flush(writer)
               : ERR_OK;
}

enum err tape_writer_skip_to(struct tape_writer *writer, uint64_t seq)
{
    enum err err = tape_writer_flush(writer);
    if (err != ERR_OK)
        return err;
    if (seq <= writer->next_seq)
        return err_fail(ERR_RANGE, "record number %llu is not free", (unsigned long long)seq);
    writer->next_seq = seq;
    writer->behind_hole = true;
    return ERR_OK;
}

enum err tape_writer_work(struct tape_writer *writer, int64_t mono_ns)
{
    writer->now_ns = mono_ns;
    if (writer->failure != ERR_OK)
        return fail_again(writer);
    enum err err = ERR_OK;
    if (tape_encoder_count(writer->encoder) > 0 &&
        mono_ns - writer->block_since_ns >= writer->options.flush_ns)
        err = tape_writer_flush(writer);
    if (err != ERR_OK)
        return err;
    bool due = writer->written_seq != writer->durable_seq &&
               mono_ns - writer->unsynced_since_ns >= writer->options.sync_ns;
    if (writer->options.syncer)
        return sync_elsewhere(writer, due);
    return due ? sync_file(writer) : ERR_OK;
}

bool tape_writer_can_go_on(const struct tape_writer *writer)
{
    return !writer->tainted;
}

uint64_t tape_writer_next_seq(const struct tape_writer *writer)
{
    return writer->next_seq;
}

uint64_t tape_writer_written_seq(const struct tape_writer *writer)
{
    return writer->written_seq;
}

uint64_t tape_writer_durable_seq(const struct tape_writer *writer)
{
    return writer->durable_seq;
}

uint32_t tape_writer_next_connection(const struct tape_writer *writer)
{
    return writer->next_connection;
}

uint64_t tape_writer_bytes(const struct tape_writer *writer)
{
    return writer->bytes;
}

const uint8_t *tape_writer_id(const struct tape_writer *writer)
{
    return writer->id;
}
