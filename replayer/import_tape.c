#include "replayer/import_tape.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "engine/tape/tape_format.h"
#include "engine/tape/tape_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* An import can be run again: it is written in whole blocks and synced at the end. */
#define FLUSH_NS NS_PER_HOUR

/* Numbers on the tape for the connections of one file; 0: not given out yet. */
struct connections {
    uint32_t *numbers; /* owned; index is the number within the file */
    size_t count;
};

struct import_tape {
    struct tape_writer *writer;
    int64_t mono_ns;
    uint32_t next_connection, connection_count;
    size_t file_count;
    struct connections *files; /* owned */
};

static enum err refuse_segment(const char *name, void *arg)
{
    size_t length = strlen(name), suffix = strlen(TAPE_SUFFIX);
    if (length < suffix || strcmp(name + length - suffix, TAPE_SUFFIX) != 0)
        return ERR_OK;
    return err_fail(ERR_USAGE,
                    "tape '%s' exists; add to it with --append or give another name with --out",
                    (const char *)arg);
}

enum err import_tape_check(const char *path, bool append)
{
    if (append)
        return ERR_OK;
    const struct io *io = io_posix();
    char *name = strdup(path);
    if (!name)
        return err_fail(ERR_NOMEM, "out of memory");
    enum err err = io->list_dir(io->self, path, refuse_segment, name);
    free(name);
    return err == ERR_MISSING ? ERR_OK : err;
}

/* ---- opening -------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum err write_names(struct buf *json, const struct import_origin *origin)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < origin->file_count && err == ERR_OK; i++) {
        const char *name = base_name(origin->files[i]);
        if (!buf_is_utf8(name, strlen(name)))
            name = "?";
        if (i > 0)
            err = buf_append_byte(json, ',');
        if (err == ERR_OK)
            err = buf_append_json(json, name, strlen(name));
    }
    return err;
}

static enum err write_config(struct buf *json, const struct import_origin *origin)
{
    enum err err = buf_printf(
        json, "{\"rewick\":\"%s\",\"import\":{\"from\":\"%s\",\"venue\":\"%s\",\"files\":[",
        REWICK_VERSION, origin->format, origin->venue);
    if (err == ERR_OK)
        err = write_names(json, origin);
    return err == ERR_OK ? buf_append_text(json, "]}}") : err;
}

static enum err append_config(struct import_tape *tape, const struct import_origin *origin,
                              int64_t wall_ns)
{
    struct buf json;
    buf_init(&json, RECORD_DATA_MAX);
    enum err err = write_config(&json, origin);
    struct record record = {.type = RECORD_CONFIG,
                            .venue = "",
                            .wall_ns = wall_ns,
                            .mono_ns = wall_ns,
                            .source_ns = RECORD_NO_TIME,
                            .data = json.data,
                            .size = json.size};
    if (err == ERR_OK)
        err = tape_writer_append(tape->writer, &record);
    tape->mono_ns = wall_ns;
    buf_release(&json);
    return err;
}

static enum err open_writer(struct import_tape *tape, const char *path)
{
    struct tape_writer_options options = {
        .flush_ns = FLUSH_NS, .sync_ns = FLUSH_NS, .wall_ns = clock_wall_ns()};
    if (getrandom(options.random, sizeof options.random, 0) != (ssize_t)sizeof options.random)
        return err_errno("cannot get random numbers");
    enum err err = tape_writer_open(&tape->writer, io_posix(), path, &options);
    if (err == ERR_OK)
        tape->next_connection = tape_writer_next_connection(tape->writer);
    return err;
}

enum err import_tape_open(struct import_tape **out, const char *path,
                          const struct import_origin *origin, int64_t wall_ns)
{
    *out = NULL;
    struct import_tape *tape = calloc(1, sizeof *tape);
    struct connections *files = calloc(origin->file_count, sizeof *files);
    if (!tape || !files) {
        free(tape);
        free(files);
        return err_fail(ERR_NOMEM, "out of memory");
    }
    tape->files = files;
    tape->file_count = origin->file_count;
    enum err err = open_writer(tape, path);
    if (err == ERR_OK)
        err = append_config(tape, origin, wall_ns);
    if (err == ERR_OK)
        *out = tape;
    else
        (void)!import_tape_close(tape);
    return err;
}

/* ---- appending ------------------------------------------------------------------------------ */

static enum err make_room(struct connections *connections, uint32_t number)
{
    if (number < connections->count)
        return ERR_OK;
    if (number >= IMPORT_CONNECTIONS_MAX)
        return err_fail(ERR_LIMIT, "more than %u connections; import fewer files at once",
                        IMPORT_CONNECTIONS_MAX);
    size_t count = connections->count * 2 > number ? connections->count * 2 : number + 1;
    uint32_t *numbers = realloc(connections->numbers, count * sizeof *numbers);
    if (!numbers)
        return err_fail(ERR_NOMEM, "out of memory");
    memset(numbers + connections->count, 0, (count - connections->count) * sizeof *numbers);
    connections->numbers = numbers;
    connections->count = count;
    return ERR_OK;
}

/* The tape's number for connection `number` of the file, a fresh one when it is met first. */
static enum err renumber(struct import_tape *tape, size_t file, uint32_t number, uint32_t *out)
{
    *out = 0;
    if (number == 0)
        return ERR_OK;
    struct connections *connections = &tape->files[file];
    enum err err = make_room(connections, number);
    if (err != ERR_OK)
        return err;
    if (connections->numbers[number] == 0)
        connections->numbers[number] = tape->next_connection++;
    *out = connections->numbers[number];
    return ERR_OK;
}

enum err import_tape_append(struct import_tape *tape, size_t file, const struct record *record)
{
    struct record copy = *record;
    enum err err = renumber(tape, file, record->connection, &copy.connection);
    if (err != ERR_OK)
        return err;
    if (record->wall_ns > tape->mono_ns)
        tape->mono_ns = record->wall_ns;
    copy.mono_ns = tape->mono_ns;
    return tape_writer_append(tape->writer, &copy);
}

enum err import_tape_close(struct import_tape *tape)
{
    if (!tape)
        return ERR_OK;
    enum err err = tape_writer_close(tape->writer);
    for (size_t i = 0; i < tape->file_count; i++)
        free(tape->files[i].numbers);
    free(tape->files);
    free(tape);
    return err;
}
