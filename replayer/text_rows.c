#include "replayer/text_rows.h"

#include <errno.h>
#include <string.h>

#define LINE_BYTES_MAX (1u << 20)

/* ERR_STOP: whoever read went away. */
static enum err write_out(FILE *out, const struct buf *text)
{
    if (fwrite(text->data, 1, text->size, out) == text->size)
        return ERR_OK;
    return errno == EPIPE ? ERR_STOP : err_errno("cannot write to stdout");
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static enum err csv_cell(const char *text, struct buf *line)
{
    if (!strpbrk(text, ",\"\r\n"))
        return buf_append_text(line, text);
    enum err err = buf_append_byte(line, '"');
    for (; *text && err == ERR_OK; text++) {
        if (*text == '"')
            err = buf_append_byte(line, '"');
        if (err == ERR_OK)
            err = buf_append_byte(line, (uint8_t)*text);
    }
    return err == ERR_OK ? buf_append_byte(line, '"') : err;
}

static enum err csv_line(const struct text_rows *rows, const char *const *cells, struct buf *line)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < rows->column_count && err == ERR_OK; i++) {
        if (cells[i])
            err = csv_cell(cells[i], line);
        if (err == ERR_OK)
            err = buf_append_byte(line, i + 1 < rows->column_count ? ',' : '\n');
    }
    return err;
}

/* ---- NDJSON ---------------------------------------------------------------------------------- */

/* A JSON string, whatever bytes a venue put into a name. */
static enum err json_text(const char *text, size_t size, struct buf *line)
{
    char safe[256];
    if (buf_is_utf8(text, size))
        return buf_append_json(line, text, size);
    size = size < sizeof safe ? size : sizeof safe;
    for (size_t i = 0; i < size; i++)
        safe[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
    return buf_append_json(line, safe, size);
}

static enum err json_list(const char *text, struct buf *line)
{
    enum err err = buf_append_byte(line, '[');
    for (bool first = true; *text && err == ERR_OK; first = false) {
        size_t size = strcspn(text, "|");
        err = first ? ERR_OK : buf_append_byte(line, ',');
        if (err == ERR_OK)
            err = json_text(text, size, line);
        text += size + (text[size] == '|');
    }
    return err == ERR_OK ? buf_append_byte(line, ']') : err;
}

static enum err json_cell(const char *text, char kind, struct buf *line)
{
    if (!text)
        return buf_append_text(line, "null");
    if (kind == 'I' || kind == 'S')
        return buf_append_text(line, text);
    return kind == 'L' ? json_list(text, line) : json_text(text, strlen(text), line);
}

static enum err json_line(const struct text_rows *rows, const char *const *cells, struct buf *line)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < rows->column_count && err == ERR_OK; i++) {
        err = buf_printf(line, "%c\"%s\":", i ? ',' : '{', rows->columns[i].name);
        if (err == ERR_OK)
            err = json_cell(cells[i], rows->columns[i].kind, line);
    }
    return err == ERR_OK ? buf_append_text(line, "}\n") : err;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static enum err keep_cells(struct text_rows *rows, const char *const *cells)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < rows->column_count && err == ERR_OK; i++) {
        const char *text = cells[i] ? cells[i] : "";
        rows->widths[i] = larger(rows->widths[i], strlen(text));
        err = buf_append(&rows->rows, text, strlen(text) + 1);
    }
    rows->row_count++;
    return err;
}

static enum err table_cell(const struct text_rows *rows, size_t column, const char *text,
                           struct buf *line)
{
    bool right = strchr("NDPIS", rows->columns[column].kind) != NULL;
    bool last = column + 1 == rows->column_count;
    size_t size = strlen(text), at = line->size;
    int pad = (int)(rows->widths[column] - size);
    bool utf8 = buf_is_utf8(text, size);
    enum err err = right  ? buf_printf(line, "%*s%s", pad, "", text)
                   : last ? buf_append_text(line, text)
                          : buf_printf(line, "%s%*s", text, pad, "");
    for (size_t i = at; i < line->size; i++)
        if (line->data[i] < ' ' || line->data[i] == 0x7f || (line->data[i] > 0x7f && !utf8))
            line->data[i] = '?';
    return err == ERR_OK ? buf_append_text(line, last ? "\n" : "  ") : err;
}

static enum err write_table(struct text_rows *rows)
{
    struct buf text;
    enum err err = ERR_OK;
    const char *cell = (const char *)rows->rows.data;
    buf_init(&text, 2 * TEXT_ROWS_BYTES_MAX);
    for (size_t i = 0; i < rows->column_count && err == ERR_OK; i++)
        err = table_cell(rows, i, rows->columns[i].name, &text);
    for (size_t i = 0; i < rows->row_count * rows->column_count && err == ERR_OK; i++) {
        err = table_cell(rows, i % rows->column_count, cell, &text);
        cell += strlen(cell) + 1;
    }
    if (err == ERR_OK)
        err = write_out(rows->out, &text);
    buf_release(&text);
    return err;
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum err write_line(struct text_rows *rows, const char *const *cells)
{
    struct buf line;
    buf_init(&line, LINE_BYTES_MAX);
    enum err err =
        rows->format == TEXT_CSV ? csv_line(rows, cells, &line) : json_line(rows, cells, &line);
    if (err == ERR_OK)
        err = write_out(rows->out, &line);
    buf_release(&line);
    return err;
}

enum err text_rows_open(struct text_rows *rows, FILE *out, enum text_format format,
                        const struct text_column *columns, size_t count)
{
    const char *names[TEXT_ROWS_COLUMNS_MAX];
    *rows = (struct text_rows){.out = out, .format = format, .column_count = count};
    buf_init(&rows->rows, TEXT_ROWS_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        rows->columns[i] = columns[i];
        rows->widths[i] = strlen(columns[i].name);
        names[i] = columns[i].name;
    }
    return format == TEXT_CSV ? write_line(rows, names) : ERR_OK;
}

enum err text_rows_add(struct text_rows *rows, const char *const *cells)
{
    return rows->format == TEXT_TABLE ? keep_cells(rows, cells) : write_line(rows, cells);
}

enum err text_rows_close(struct text_rows *rows)
{
    enum err err = rows->row_count > 0 ? write_table(rows) : ERR_OK;
    buf_release(&rows->rows);
    return err;
}
