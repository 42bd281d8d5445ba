#include "engine/sink/sink_text.h"

#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "engine/sink/candle_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TEXT_BYTES_MAX   (8u * 1024 * 1024) /* of output waiting: a table's rows and the block */
#define TEXT_BYTES_WRITE (64u * 1024)       /* written without waiting for a commit */
#define SERIES_SLOTS_MIN 64u
#define TERMINAL_WIDTH   80 /* where it does not say */
#define TERMINAL_HEIGHT  24

/* What is remembered of a series. Known by a hash: two in a billion series might share one, and
 * then their rows look a little different. */
struct text_series {
    uint64_t hash; /* 0 = free */
    struct candle_table_scale scale;
    int64_t row_wall_ns; /* of its last forming row */
    size_t block_place;  /* + 1; 0 = none */
};

struct series_map {
    size_t count, slot_count;
    struct text_series *slots;
};

/* The forming candles at the bottom of a terminal. A series keeps its place; update 0 = nothing to
 * show. */
struct block {
    size_t count;
    struct candle candles[SINK_TEXT_BLOCK_MAX];
    bool changed;
    size_t lines, line_length; /* as they stand on the terminal */
    int64_t drawn_mono_ns;
};

struct sink_text {
    struct sink sink;
    FILE *out;
    struct sink_text_options options;
    struct buf buf;
    int64_t flushed_mono_ns;
    enum err failed;
    struct series_map series;
    struct candle_table table;
    struct block block;
};

/* ---- series ---------------------------------------------------------------------------------- */

static uint64_t series_hash(const struct candle *candle)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *const texts[] = {candle->venue, candle->instrument};
    for (size_t i = 0; i < 2; i++) {
        for (const char *c = texts[i]; *c; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
        hash *= UINT64_C(0x100000001b3);
    }
    hash = (hash ^ (uint64_t)candle->bar.kind) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ (uint64_t)candle->bar.size) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ candle->bar.scale) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

static struct text_series *series_slot(const struct series_map *map, uint64_t hash)
{
    for (uint64_t slot = hash;; slot++) {
        struct text_series *series = &map->slots[slot % map->slot_count];
        if (series->hash == 0 || series->hash == hash)
            return series;
    }
}

static enum err series_grow(struct series_map *map)
{
    struct series_map grown = {map->count, map->slot_count ? 2 * map->slot_count : SERIES_SLOTS_MIN,
                               NULL};
    grown.slots = calloc(grown.slot_count, sizeof *grown.slots);
    if (!grown.slots)
        return err_fail(ERR_NOMEM, "out of memory for %zu series", map->count);
    for (size_t i = 0; i < map->slot_count; i++)
        if (map->slots[i].hash != 0)
            *series_slot(&grown, map->slots[i].hash) = map->slots[i];
    free(map->slots);
    *map = grown;
    return ERR_OK;
}

static enum err series_of(struct series_map *map, const struct candle *candle,
                          struct text_series **out)
{
    if (2 * map->count >= map->slot_count) {
        enum err err = series_grow(map);
        if (err != ERR_OK)
            return err;
    }
    uint64_t hash = series_hash(candle);
    *out = series_slot(map, hash);
    if ((*out)->hash == 0) {
        **out = (struct text_series){.hash = hash, .row_wall_ns = INT64_MIN};
        map->count++;
    }
    return ERR_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum err fail_write(struct sink_text *sink)
{
    buf_clear(&sink->buf);
    if (errno == EPIPE) {
        err_clear();
        sink->failed = ERR_STOP;
    } else {
        sink->failed = err_errno("cannot write candles");
    }
    return sink->failed;
}

static enum err fail_again(const struct sink_text *sink)
{
    return sink->failed == ERR_STOP ? ERR_STOP
                                    : err_fail(sink->failed, "cannot write candles any more");
}

static enum err write_out(struct sink_text *sink, bool flush)
{
    size_t size = sink->buf.size;
    if (size > 0 && fwrite(sink->buf.data, 1, size, sink->out) != size)
        return fail_write(sink);
    buf_clear(&sink->buf);
    if (!flush)
        return ERR_OK;
    if (fflush(sink->out) != 0)
        return fail_write(sink);
    sink->flushed_mono_ns = clock_mono_ns();
    return ERR_OK;
}

static enum err keep_failure(struct sink_text *sink, enum err err)
{
    sink->failed = err;
    return err;
}

/* ---- CSV and NDJSON -------------------------------------------------------------------------- */

static enum err csv_header(const struct text_columns *columns, struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < columns->count && err == ERR_OK; i++)
        err = buf_printf(out, "%s%c", candle_column_name(columns->list[i]),
                         i + 1 < columns->count ? ',' : '\n');
    return err;
}

static enum err csv_quoted(const char *text, struct buf *out)
{
    enum err err = buf_append_byte(out, '"');
    for (; *text && err == ERR_OK; text++) {
        if (*text == '"')
            err = buf_append_byte(out, '"');
        if (err == ERR_OK)
            err = buf_append_byte(out, (uint8_t)*text);
    }
    return err == ERR_OK ? buf_append_byte(out, '"') : err;
}

static enum err csv_row(const struct text_columns *columns, const struct candle *candle,
                        struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < columns->count && err == ERR_OK; i++) {
        char text[CANDLE_FIELD_MAX];
        if (candle_field(candle, columns->list[i], text))
            err = strpbrk(text, ",\"\r\n") ? csv_quoted(text, out) : buf_append_text(out, text);
        if (err == ERR_OK)
            err = buf_append_byte(out, i + 1 < columns->count ? ',' : '\n');
    }
    return err;
}

/* A JSON string, whatever bytes a venue put into a name. */
static enum err json_text(char *text, struct buf *out)
{
    size_t size = strlen(text);
    if (!buf_is_utf8(text, size))
        for (char *c = text; *c; c++)
            if (*c < ' ' || *c > '~')
                *c = '?';
    return buf_append_json(out, text, size);
}

/* The parts between bars as strings; cuts the text. */
static enum err json_list(char *text, struct buf *out)
{
    enum err err = buf_append_byte(out, '[');
    for (char *rest = text[0] ? text : NULL; rest && err == ERR_OK;) {
        char *part = strsep(&rest, "|");
        if (part != text)
            err = buf_append_byte(out, ',');
        if (err == ERR_OK)
            err = json_text(part, out);
    }
    return err == ERR_OK ? buf_append_byte(out, ']') : err;
}

static enum err json_value(char *text, char kind, struct buf *out)
{
    switch (kind) {
    case 'I':
    case 'S':
        return buf_append_text(out, text);
    case 'F':
    case 'L':
        return json_list(text, out);
    default:
        return json_text(text, out);
    }
}

static enum err ndjson_row(const struct text_columns *columns, const struct candle *candle,
                           struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < columns->count && err == ERR_OK; i++) {
        enum candle_column column = columns->list[i];
        char text[CANDLE_FIELD_MAX];
        bool any = candle_field(candle, column, text);
        err = buf_printf(out, "%c\"%s\":", i ? ',' : '{', candle_column_name(column));
        if (err == ERR_OK)
            err = any ? json_value(text, candle_column_kind(column), out)
                      : buf_append_text(out, "null");
    }
    return err == ERR_OK ? buf_append_text(out, "}\n") : err;
}

/* ---- the table and its block ----------------------------------------------------------------- */

static void terminal_size(const struct sink_text *sink, size_t *out_width, size_t *out_height)
{
    struct winsize size = {0};
    if (!sink->options.terminal || ioctl(fileno(sink->out), TIOCGWINSZ, &size) != 0)
        size.ws_col = size.ws_row = 0;
    *out_width = size.ws_col ? size.ws_col : TERMINAL_WIDTH;
    *out_height = size.ws_row ? size.ws_row : TERMINAL_HEIGHT;
}

/* Beyond the call, without what lives no longer than that. */
static void keep_candle(struct candle *kept, const struct candle *candle)
{
    *kept = *candle;
    kept->latency_values = NULL;
    kept->contributions = NULL;
    kept->contribution_count = 0;
}

static void block_keep(struct block *block, struct text_series *series, const struct candle *candle)
{
    if (series->block_place == 0) {
        if (candle->state != CANDLE_FORMING || block->count == SINK_TEXT_BLOCK_MAX)
            return;
        series->block_place = ++block->count;
    }
    struct candle *kept = &block->candles[series->block_place - 1];
    if (candle->state == CANDLE_FORMING && (kept->update == 0 || candle->open_ns >= kept->open_ns))
        keep_candle(kept, candle);
    else if (candle->state != CANDLE_FORMING && candle->open_ns == kept->open_ns)
        kept->update = 0;
    block->changed = true;
}

/* From wherever in its line the cursor is below the block. A terminal that has become narrower has
 * wrapped the lines. */
static enum err block_erase(struct block *block, size_t width, struct buf *out)
{
    size_t rows = block->lines * ((block->line_length + width - 1) / width);
    block->lines = 0;
    block->changed = true;
    if (rows > 0)
        return buf_printf(out, "\r\033[%zuA\033[J", rows);
    return buf_append_text(out, "\r\033[J");
}

static enum err block_add(struct sink_text *sink, const struct candle *candle)
{
    struct text_series *series;
    enum err err = series_of(&sink->series, candle, &series);
    return err == ERR_OK ? candle_table_add(&sink->table, candle, &series->scale) : err;
}

static enum err block_draw(struct sink_text *sink, size_t width, size_t height)
{
    struct block *block = &sink->block;
    size_t lines_max =
        height / 3 < SINK_TEXT_BLOCK_LINES_MAX ? height / 3 : SINK_TEXT_BLOCK_LINES_MAX;
    size_t lines = 0, hidden = 0;
    for (size_t i = 0; i < block->count; i++) {
        if (block->candles[i].update == 0)
            continue;
        if (lines == lines_max) {
            hidden++;
            continue;
        }
        enum err err = block_add(sink, &block->candles[i]);
        if (err != ERR_OK)
            return err;
        lines++;
    }
    if (lines > 0 && sink->table.shown == 0) {
        enum err err = candle_table_header(&sink->table, width - 1, &sink->buf);
        if (err != ERR_OK)
            return err;
    }
    /* The last column stays free: writing there moves the cursor of some terminals. */
    enum err err = candle_table_flush_cut(&sink->table, width - 1, &sink->buf, &block->line_length);
    if (err == ERR_OK && hidden > 0)
        err = buf_printf(&sink->buf, "%.*s\n", (int)(width - 1), "and more that are forming");
    block->lines = lines + (hidden > 0);
    block->changed = false;
    block->drawn_mono_ns = clock_mono_ns();
    return err;
}

/* Rows that wait, on a terminal in place of the block, which follows when asked for. */
static enum err table_write(struct sink_text *sink, bool with_block)
{
    size_t width, height;
    if (!sink->options.terminal)
        return candle_table_flush(&sink->table, 0, &sink->buf);
    terminal_size(sink, &width, &height);
    enum err err = block_erase(&sink->block, width, &sink->buf);
    if (err == ERR_OK)
        err = candle_table_flush(&sink->table, width - 1, &sink->buf);
    return err == ERR_OK && with_block ? block_draw(sink, width, height) : err;
}

/* Forming rows of a series are a second of receive time apart. */
static bool table_row_is_due(struct text_series *series, const struct candle *candle)
{
    if (candle->update == 0 || candle->state != CANDLE_FORMING)
        return true;
    if (series->row_wall_ns != INT64_MIN && candle->wall_ns >= series->row_wall_ns &&
        candle->wall_ns - series->row_wall_ns < NS_PER_S)
        return false;
    series->row_wall_ns = candle->wall_ns;
    return true;
}

static enum err table_put(struct sink_text *sink, const struct candle *candle, bool wanted)
{
    struct text_series *series;
    enum err err = series_of(&sink->series, candle, &series);
    if (err != ERR_OK)
        return err;
    if (sink->options.terminal && candle->update != 0)
        block_keep(&sink->block, series, candle);
    if (!wanted || !table_row_is_due(series, candle))
        return ERR_OK;
    if (sink->table.row_count == CANDLE_TABLE_ROWS_MAX)
        err = table_write(sink, false);
    return err == ERR_OK ? candle_table_add(&sink->table, candle, &series->scale) : err;
}

static bool table_is_due(const struct sink_text *sink, int64_t mono_ns)
{
    if (sink->options.terminal)
        return (sink->table.row_count > 0 || sink->block.changed) &&
               mono_ns - sink->block.drawn_mono_ns >= SINK_TEXT_REDRAW_NS;
    return sink->table.row_count > 0 && mono_ns - sink->flushed_mono_ns >= SINK_TEXT_FLUSH_NS;
}

/* ---- the sink -------------------------------------------------------------------------------- */

static enum err text_put(struct sink *base, const struct candle *candle)
{
    struct sink_text *sink = (struct sink_text *)base;
    if (sink->failed != ERR_OK)
        return fail_again(sink);
    bool wanted = candle->state != CANDLE_FORMING || sink->options.forming || candle->update == 0;
    enum err err = ERR_OK;
    if (sink->options.format == TEXT_TABLE)
        err = table_put(sink, candle, wanted);
    else if (wanted)
        err = sink->options.format == TEXT_CSV
                  ? csv_row(&sink->options.columns, candle, &sink->buf)
                  : ndjson_row(&sink->options.columns, candle, &sink->buf);
    if (err != ERR_OK)
        return keep_failure(sink, err);
    return sink->buf.size >= TEXT_BYTES_WRITE ? write_out(sink, false) : ERR_OK;
}

static bool is_waiting(const struct sink_text *sink)
{
    return sink->buf.size > 0 || sink->table.row_count > 0 ||
           (sink->options.terminal && sink->block.changed);
}

static enum err text_commit(struct sink *base, uint64_t seq, uint64_t update, bool final)
{
    struct sink_text *sink = (struct sink_text *)base;
    (void)seq;
    (void)update;
    if (sink->failed != ERR_OK)
        return fail_again(sink);
    if (!final && !is_waiting(sink))
        return ERR_OK;
    int64_t mono_ns = clock_mono_ns();
    bool table_due = sink->options.format == TEXT_TABLE && (final || table_is_due(sink, mono_ns));
    if (table_due) {
        enum err err = table_write(sink, !final);
        if (err != ERR_OK)
            return keep_failure(sink, err);
    }
    if (!final && !table_due && mono_ns - sink->flushed_mono_ns < SINK_TEXT_FLUSH_NS)
        return ERR_OK;
    return write_out(sink, true);
}

static void text_free(struct sink_text *sink)
{
    candle_table_release(&sink->table);
    buf_release(&sink->buf);
    free(sink->series.slots);
    free(sink);
}

static enum err text_close(struct sink *base)
{
    struct sink_text *sink = (struct sink_text *)base;
    enum err err = text_commit(base, 0, 0, true);
    text_free(sink);
    return err;
}

/* ---- opening --------------------------------------------------------------------------------- */

enum err text_format_parse(enum text_format *out, const char *text)
{
    static const char *const names[] = {
        [TEXT_TABLE] = "table", [TEXT_CSV] = "csv", [TEXT_NDJSON] = "ndjson"};
    for (enum text_format format = TEXT_TABLE; format <= TEXT_NDJSON; format++) {
        if (strcmp(text, names[format]) == 0) {
            *out = format;
            return ERR_OK;
        }
    }
    return err_fail(ERR_USAGE, "unknown format '%s'; choose table, csv or ndjson", text);
}

static enum err find_column(enum candle_column *out, const char *name, size_t size)
{
    for (enum candle_column i = 0; i < CANDLE_COLUMN_COUNT; i++) {
        const char *known = candle_column_name(i);
        if (strlen(known) == size && memcmp(known, name, size) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return err_fail(ERR_UNKNOWN,
                    "unknown column '%.*s'; the first line of --format csv names all columns",
                    size < 60 ? (int)size : 60, name);
}

static bool has_column(const struct text_columns *columns, enum candle_column column)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->list[i] == column)
            return true;
    return false;
}

enum err text_columns_parse(struct text_columns *out, const char *text, enum text_format format)
{
    *out = (struct text_columns){0};
    if (format == TEXT_TABLE)
        return err_fail(ERR_USAGE, "a table has its own columns; give --format csv or ndjson too");
    for (const char *rest = text; rest;) {
        const char *comma = strchr(rest, ',');
        size_t size = comma ? (size_t)(comma - rest) : strlen(rest);
        enum candle_column column = CANDLE_COLUMN_COUNT;
        enum err err = find_column(&column, rest, size);
        if (err != ERR_OK)
            return err;
        if (has_column(out, column))
            return err_fail(ERR_USAGE, "column '%s' is named twice; name it once",
                            candle_column_name(column));
        out->list[out->count++] = column;
        rest = comma ? comma + 1 : NULL;
    }
    return ERR_OK;
}

static void choose_all_columns(struct text_columns *columns)
{
    for (enum candle_column i = 0; i < CANDLE_COLUMN_COUNT; i++)
        columns->list[i] = i;
    columns->count = CANDLE_COLUMN_COUNT;
}

bool text_is_terminal(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) == 1 && term && strcmp(term, "dumb") != 0;
}

enum err sink_text_open(struct sink **out_sink, FILE *out, const struct sink_text_options *options)
{
    *out_sink = NULL;
    struct sink_text *sink = calloc(1, sizeof *sink);
    if (!sink)
        return err_fail(ERR_NOMEM, "out of memory for candles on stdout");
    sink->sink = (struct sink){"text", text_put, text_commit, NULL, text_close};
    sink->out = out;
    sink->options = *options;
    sink->options.terminal = options->terminal && options->format == TEXT_TABLE;
    if (sink->options.columns.count == 0)
        choose_all_columns(&sink->options.columns);
    buf_init(&sink->buf, TEXT_BYTES_MAX);
    const char *no_color = getenv("NO_COLOR");
    candle_table_init(&sink->table, sink->options.terminal && !(no_color && no_color[0]));
    enum err err =
        options->format == TEXT_CSV ? csv_header(&sink->options.columns, &sink->buf) : ERR_OK;
    if (err == ERR_OK)
        *out_sink = &sink->sink;
    else
        text_free(sink);
    return err;
}
