/* rewick tape merge: several tapes as one, in the order of receive time. */
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/tape/tape_reader.h"
#include "replayer/replay_progress.h"
#include "replayer/replay_stop.h"
#include "replayer/replayer_commands.h"
#include "replayer/tape_out.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TAPES_MAX       16
#define CONNECTIONS_MAX 1048576u /* of one tape */
#define LINKS_EACH      65536    /* numbers of places where connections follow one another */

struct input {
    const char *path;
    struct tape_reader *reader;
    struct record head; /* while there is one */
    bool has_head, given;
    int64_t key_ns;        /* highest wall clock up to the head */
    uint32_t *connections; /* number here -> number there; 0: not yet */
    uint32_t capacity;
};

struct merge {
    const char *to;
    bool salvage, seal;
    size_t count;
    struct input inputs[TAPES_MAX];
    struct tape_out *out;
    uint32_t next_connection;
    bool begun;
    int64_t first_wall_ns, mono_ns;
    uint64_t done;
    struct buf text;
    struct replay_progress progress;
};

static enum err advance(struct input *input)
{
    enum err err = tape_reader_next(input->reader, &input->head);
    input->has_head = err == ERR_OK;
    if (input->has_head && input->head.wall_ns > input->key_ns)
        input->key_ns = input->head.wall_ns;
    return err == ERR_END ? ERR_OK : err;
}

/* The same folder or file. Ids do not tell: tapes that are cut from one tape may share theirs. */
static bool is_same(const char *a, const char *b)
{
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

static enum err open_input(struct merge *merge, struct input *input)
{
    struct tape_reader_options options = {.salvage = merge->salvage};
    input->key_ns = INT64_MIN;
    enum err err = tape_reader_open(&input->reader, io_posix(), input->path, &options);
    if (err == ERR_OK)
        err = advance(input);
    for (size_t i = 0; err == ERR_OK && &merge->inputs[i] != input; i++)
        if (is_same(merge->inputs[i].path, input->path))
            err = err_fail(ERR_USAGE, "'%s' and '%s' are the same tape", merge->inputs[i].path,
                           input->path);
    return err;
}

/* The input whose head was received first; among equals the first one given. */
static struct input *choose(struct merge *merge)
{
    struct input *chosen = NULL;
    for (size_t i = 0; i < merge->count; i++) {
        struct input *input = &merge->inputs[i];
        if (input->has_head && (!chosen || input->key_ns < chosen->key_ns))
            chosen = input;
    }
    return chosen;
}

/* A session begins, and with it all connections end: not while another tape is under way. */
static bool ends_others(const struct merge *merge, const struct input *input)
{
    if (input->head.type != RECORD_CONFIG)
        return false;
    for (size_t i = 0; i < merge->count; i++)
        if (&merge->inputs[i] != input && merge->inputs[i].given && merge->inputs[i].has_head)
            return true;
    return false;
}

static enum err map_connection(struct merge *merge, struct input *input, uint32_t number,
                               uint32_t *out)
{
    *out = 0;
    if (number == 0)
        return ERR_OK;
    if (number >= CONNECTIONS_MAX)
        return err_fail(ERR_LIMIT, "'%s' has more than %u connections", input->path,
                        CONNECTIONS_MAX);
    if (number >= input->capacity) {
        uint32_t capacity = 2 * number + 64;
        uint32_t *grown = realloc(input->connections, capacity * sizeof *grown);
        if (!grown)
            return err_fail(ERR_NOMEM, "out of memory for connections");
        memset(grown + input->capacity, 0, (capacity - input->capacity) * sizeof *grown);
        input->connections = grown;
        input->capacity = capacity;
    }
    if (input->connections[number] == 0)
        input->connections[number] = ++merge->next_connection;
    *out = input->connections[number];
    return ERR_OK;
}

/* The numbers inside a connection's events; false when there are none. */
static enum err map_members(struct merge *merge, struct input *input, json_t *event,
                            bool *out_changed)
{
    uint32_t number = 0;
    json_t *replaces = json_object_get(event, "replaces"), *link = json_object_get(event, "link");
    enum err err = ERR_OK;
    if (json_is_integer(replaces) && json_integer_value(replaces) > 0 &&
        json_integer_value(replaces) < CONNECTIONS_MAX) {
        err = map_connection(merge, input, (uint32_t)json_integer_value(replaces), &number);
        json_integer_set(replaces, number);
        *out_changed = true;
    }
    if (json_is_integer(link) && input > merge->inputs) {
        json_integer_set(link, json_integer_value(link) + LINKS_EACH * (input - merge->inputs));
        *out_changed = true;
    }
    return err;
}

static enum err map_event(struct merge *merge, struct input *input, struct record *record)
{
    bool changed = false;
    json_t *event = json_loadb((const char *)record->data, record->size, 0, NULL);
    enum err err = event ? map_members(merge, input, event, &changed) : ERR_OK;
    char *text = err == ERR_OK && changed ? json_dumps(event, JSON_COMPACT) : NULL;
    if (text) {
        buf_clear(&merge->text);
        err = buf_append(&merge->text, text, strlen(text));
        record->data = merge->text.data;
        record->size = merge->text.size;
    }
    free(text);
    json_decref(event);
    return err;
}

/* The clocks of different machines have nothing to do with each other: the new tape's monotonic
 * clock follows the wall clock and stands while that is set back. */
static void set_clock(struct merge *merge, struct record *record)
{
    int64_t since_ns;
    if (!merge->begun)
        merge->first_wall_ns = record->wall_ns;
    merge->begun = true;
    if (!__builtin_sub_overflow(record->wall_ns, merge->first_wall_ns, &since_ns) &&
        since_ns > merge->mono_ns)
        merge->mono_ns = since_ns;
    record->mono_ns = merge->mono_ns;
}

static enum err take(struct merge *merge, struct input *input)
{
    struct record record = input->head;
    enum err err = map_connection(merge, input, input->head.connection, &record.connection);
    if (err == ERR_OK && record.type == RECORD_CONNECTION)
        err = map_event(merge, input, &record);
    set_clock(merge, &record);
    if (err == ERR_OK)
        err = tape_out_append(merge->out, &record);
    input->given = true;
    return err;
}

static void show(struct merge *merge)
{
    struct replay_amount amount = {.records = ++merge->done};
    if (!merge->progress.out || merge->done % 1024 != 0)
        return;
    for (size_t i = 0; i < merge->count; i++) {
        uint64_t done = 0, total = 0;
        tape_reader_progress(merge->inputs[i].reader, &done, &total);
        amount.done += done;
        amount.total += total;
    }
    replay_progress_show(&merge->progress, amount, clock_mono_ns());
}

static enum err copy(struct merge *merge)
{
    struct input *input = choose(merge);
    enum err err = ERR_OK;
    if (!input)
        return err_fail(ERR_USAGE, "there is no record on these tapes");
    err = tape_out_open(&merge->out, merge->to, tape_reader_id(merge->inputs[0].reader),
                        input->head.wall_ns);
    for (; err == ERR_OK && input && !replay_stop_asked(); input = choose(merge)) {
        if (!ends_others(merge, input))
            err = take(merge, input);
        if (err == ERR_OK)
            err = advance(input);
        show(merge);
    }
    return err == ERR_OK && input
               ? err_fail(ERR_STOP, "stopped; nothing is left of '%s'", merge->to)
               : err;
}

static enum err merge_tapes(struct merge *merge)
{
    enum err err = ERR_OK;
    replay_stop_install();
    replay_progress_init(&merge->progress, "merge", true, clock_mono_ns());
    buf_init(&merge->text, RECORD_DATA_MAX);
    for (size_t i = 0; i < merge->count && err == ERR_OK; i++)
        err = open_input(merge, &merge->inputs[i]);
    if (err == ERR_OK)
        err = copy(merge);
    uint64_t kept = merge->out ? tape_out_count(merge->out) : 0;
    replay_progress_clear(&merge->progress);
    err = tape_out_close(merge->out, err, merge->seal);
    for (size_t i = 0; i < merge->count; i++) {
        tape_reader_close(merge->inputs[i].reader);
        free(merge->inputs[i].connections);
    }
    buf_release(&merge->text);
    if (err == ERR_OK)
        fprintf(stderr, "merged %" PRIu64 " records of %zu tapes into '%s'\n", kept, merge->count,
                merge->to);
    return err;
}

static enum err run_merge(const struct command *command, int argc, char **argv)
{
    static struct merge merge;
    merge = (struct merge){.to = NULL};
    const struct option options[] = {
        {"out", "NEW", "folder of the new tape; it must not exist", OPTION_STRING, &merge.to, 0, 0},
        {"seal", NULL, "seal the new tape", OPTION_FLAG, &merge.seal, 0, 0},
        {"salvage", NULL, "go on behind damage", OPTION_FLAG, &merge.salvage, 0, 0},
        {0},
    };
    int operands = 0;
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &operands);
    if (err == ERR_OK && !merge.to)
        err = err_fail(ERR_USAGE, "'tape merge' needs --out NEW, a folder for the new tape; see "
                                  "'rewick tape merge --help'");
    for (int i = 0; i < operands && err == ERR_OK; i++)
        merge.inputs[merge.count++].path = argv[i];
    return err == ERR_OK ? merge_tapes(&merge) : err;
}

const struct command command_tape_merge = {
    .name = "tape merge",
    .operands = "TAPE TAPE...",
    .summary = "several tapes as one, by receive time; connections and records are numbered anew, "
               "the monotonic clock is made from the wall clock, and of tapes that overlap the "
               "configuration of the first one counts",
    .examples = "rewick tape merge binance-tape kraken-tape --out both\n"
                "rewick tape merge monday tuesday wednesday --out days --seal\n",
    .operands_min = 2,
    .operands_max = TAPES_MAX,
    .run = run_merge,
};
