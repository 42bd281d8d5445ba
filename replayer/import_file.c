#include "replayer/import_file.h"

#include "engine/engine_answer.h"
#include "replayer/import_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import_file {
    const struct import_settings *settings;
    const char *path; /* borrowed */
    void (*complain)(const char *text, void *arg);
    void *arg;
    struct import_lines *lines;
    struct import_parser parser;
    struct venue_frame frame;
    struct buf url, http; /* of an HTTP answer: its address; head line and body */
    struct buf held;      /* a configuration without a time: it waits for the record behind it */
    struct record after;  /* that record; its data is NULL when there is none */
    int64_t last_ns;      /* receive time of the record before; at first what was given for all */
    uint64_t unreadable, trades;
};

static enum err new_file(struct import_file **out, const struct import_settings *settings)
{
    struct import_file *file = calloc(1, sizeof *file);
    if (!file)
        return err_fail(ERR_NOMEM, "out of memory");
    file->settings = settings;
    file->last_ns = settings->time_ns;
    import_parser_init(&file->parser, settings->url);
    venue_frame_init(&file->frame);
    buf_init(&file->url, 64u * 1024);
    buf_init(&file->http, RECORD_DATA_MAX + 64u * 1024);
    buf_init(&file->held, RECORD_DATA_MAX);
    *out = file;
    return ERR_OK;
}

enum err import_file_open(struct import_file **out, const struct import_settings *settings,
                          const char *path, void (*complain)(const char *text, void *arg),
                          void *arg)
{
    *out = NULL;
    struct import_file *file = NULL;
    struct import_source *source = NULL;
    enum err err = import_source_open(&source, path);
    if (err == ERR_OK)
        err = new_file(&file, settings);
    if (err == ERR_OK)
        err = import_lines_open(&file->lines, source);
    else
        import_source_close(source);
    if (err != ERR_OK) {
        import_file_close(file);
        return err;
    }
    file->path = path;
    file->complain = complain;
    file->arg = arg;
    *out = file;
    return ERR_OK;
}

void import_file_close(struct import_file *file)
{
    if (!file)
        return;
    import_lines_close(file->lines);
    import_parser_release(&file->parser);
    venue_frame_release(&file->frame);
    buf_release(&file->url);
    buf_release(&file->http);
    buf_release(&file->held);
    free(file);
}

uint64_t import_file_unreadable(const struct import_file *file)
{
    return file->unreadable;
}

uint64_t import_file_trades(const struct import_file *file)
{
    return file->trades;
}

void import_file_progress(const struct import_file *file, uint64_t *out_done, uint64_t *out_total)
{
    import_source_progress(import_lines_source(file->lines), out_done, out_total);
}

/* ---- what cannot be read -------------------------------------------------------------------- */

/* Reasons may quote the input, which must not steer the terminal. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void complain(struct import_file *file, enum err err)
{
    char text[ERR_TEXT_MAX + 512];
    if (file->unreadable < IMPORT_COMPLAINTS_MAX) {
        snprintf(text, sizeof text, "%s:%" PRIu64 ": %s", file->path,
                 import_lines_number(file->lines), err_text(err));
        make_printable(text);
        file->complain(text, file->arg);
    }
    file->unreadable++;
    if (file->unreadable == IMPORT_COMPLAINTS_MAX) {
        snprintf(text, sizeof text, "%s: more of it is only counted", file->path);
        file->complain(text, file->arg);
    }
    err_clear();
}

/* Faults of the input, which cost one line; all others end the import. */
static bool costs_one_line(enum err err)
{
    return err == ERR_DAMAGED || err == ERR_LIMIT || err == ERR_RANGE;
}

/* ---- from an entry to a record -------------------------------------------------------------- */

/* Room for the address that an HTTP answer answers, NUL-terminated. */
static enum err copy_url(struct import_file *file, const struct import_entry *entry)
{
    buf_clear(&file->url);
    enum err err = buf_append(&file->url, entry->url, entry->url_size);
    return err == ERR_OK ? buf_terminate(&file->url) : err;
}

/* The form that it has on a tape. Captures hold good answers only. */
static enum err compose_http(struct import_file *file, struct import_entry *entry)
{
    enum err err =
        engine_answer_write(&file->http, (const char *)file->url.data, entry->data, entry->size);
    entry->data = file->http.data;
    entry->size = file->http.size;
    return err;
}

static enum err decode_http(struct import_file *file, const struct import_entry *entry)
{
    const struct import_settings *settings = file->settings;
    const struct venue *venue = settings->venue;
    enum err err = copy_url(file, entry);
    if (err != ERR_OK)
        return err;
    const char *url = (const char *)file->url.data;
    if (venue->rest && venue->rest->is_list(url)) {
        /* It goes on the tape whatever it holds, as frames do. */
        err = venue->rest->decode_list(url, entry->data, entry->size, settings->instruments);
        err_clear();
        return err == ERR_NOMEM ? err : ERR_OK;
    }
    if (!venue->decode_http)
        return ERR_OK;
    return venue->decode_http(url, entry->data, entry->size, settings->instruments, &file->frame);
}

/* The venue's view of the entry: its own time and its trades. */
static enum err decode(struct import_file *file, const struct import_entry *entry)
{
    enum err err = ERR_OK;
    venue_frame_clear(&file->frame);
    file->frame.connection = entry->connection;
    if (entry->type == RECORD_RECEIVED)
        err = file->settings->venue->decode(entry->data, entry->size, &file->frame);
    else if (entry->type == RECORD_HTTP)
        err = decode_http(file, entry);
    file->trades += file->frame.trade_count;
    return err;
}

static int64_t newest_trade(const struct venue_frame *frame)
{
    int64_t newest = RECORD_NO_TIME;
    for (size_t i = 0; i < frame->trade_count; i++)
        if (frame->trades[i].source_ns > newest)
            newest = frame->trades[i].source_ns;
    return newest;
}

/* A receive time for what has none: that of an HTTP answer is the newest trade's unless it was
 * given, a frame's is its own time, else that of what came before. */
static int64_t choose_time(const struct import_file *file, const struct import_entry *entry)
{
    int64_t given = file->settings->time_ns;
    if (entry->type == RECORD_HTTP)
        return given != RECORD_NO_TIME ? given : newest_trade(&file->frame);
    int64_t own = file->frame.source_ns;
    return own != RECORD_NO_TIME ? own : file->last_ns;
}

static enum err no_time(const struct import_entry *entry)
{
    return err_fail(ERR_DAMAGED, "%s; give the receive time with --time",
                    entry->type == RECORD_HTTP ? "no trade with a time in the answer"
                                               : "no time in the frame and none before it");
}

static enum err complete(struct import_file *file, struct import_entry *entry, struct record *out)
{
    enum err err = decode(file, entry);
    if (err == ERR_OK && entry->type == RECORD_HTTP)
        err = compose_http(file, entry);
    if (err != ERR_OK)
        return err;
    if (entry->size > RECORD_DATA_MAX)
        return err_fail(ERR_LIMIT, "the message is larger than %u bytes", RECORD_DATA_MAX);
    int64_t wall = entry->wall_ns != RECORD_NO_TIME ? entry->wall_ns : choose_time(file, entry);
    if (wall == RECORD_NO_TIME && entry->type != RECORD_CONFIG)
        return no_time(entry);
    *out = (struct record){.type = entry->type,
                           .flags = entry->flags,
                           .venue = file->settings->venue->name,
                           .connection = entry->connection,
                           .wall_ns = wall,
                           .source_ns = file->frame.source_ns,
                           .data = entry->data ? entry->data : (const uint8_t *)"",
                           .size = entry->size};
    return ERR_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum err next_line(struct import_file *file, const uint8_t **line, size_t *size)
{
    const struct import_format *format = file->settings->format;
    for (;;) {
        enum err err = format->whole ? import_lines_rest(file->lines, line, size)
                                     : import_lines_next(file->lines, line, size);
        bool empty = err == ERR_OK && (*size == 0 || (*size == 1 && **line == '\r'));
        if (!empty || format->whole)
            return err;
        *size = 0;
        if (format->empty_lines)
            return ERR_OK;
    }
}

static enum err read_record(struct import_file *file, struct record *out)
{
    const uint8_t *line;
    size_t size;
    enum err err = next_line(file, &line, &size);
    if (err != ERR_OK)
        return err;
    struct import_entry entry = {.wall_ns = RECORD_NO_TIME};
    err = file->settings->format->parse(&file->parser, line, size, &entry);
    return err == ERR_OK ? complete(file, &entry, out) : err;
}

/* Passes over what cannot be read and over lines that hold nothing. */
static enum err read_good(struct import_file *file, struct record *out)
{
    for (;;) {
        uint64_t before = import_lines_number(file->lines);
        enum err err = read_record(file, out);
        if (costs_one_line(err)) {
            complain(file, err);
            continue;
        }
        if (err != ERR_END || import_lines_number(file->lines) == before)
            return err;
    }
}

static enum err hold(struct import_file *file, const struct record *config)
{
    buf_clear(&file->held);
    return buf_append(&file->held, config->data, config->size);
}

/* `config` came before anything that has a time: it gets the time of what follows. */
static enum err give_held(struct import_file *file, struct record *config)
{
    struct record *after = &file->after;
    enum err err = hold(file, config);
    while (err == ERR_OK && (err = read_good(file, after)) == ERR_OK &&
           after->wall_ns == RECORD_NO_TIME) {
        /* Two of them in a row: the later one counts. */
        err = hold(file, after);
    }
    if (err != ERR_OK) {
        after->data = NULL;
        return err;
    }
    config->data = file->held.data;
    config->size = file->held.size;
    config->wall_ns = after->wall_ns;
    return ERR_OK;
}

enum err import_file_next(struct import_file *file, struct record *out)
{
    if (file->after.data) {
        *out = file->after;
        file->after.data = NULL;
        return ERR_OK;
    }
    enum err err = read_good(file, out);
    if (err == ERR_OK && out->wall_ns == RECORD_NO_TIME)
        err = give_held(file, out);
    if (err == ERR_OK)
        file->last_ns = out->wall_ns;
    return err;
}
