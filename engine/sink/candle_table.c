#include "engine/sink/candle_table.h"

#include "engine/base/time_text.h"

#include <string.h>

#define GAP          2 /* blanks between columns */
#define SHORT_SCALE  2 /* fraction digits that stay when they are zeros */
#define VWAP_SCALE   2 /* digits of vwap behind those of the price */
#define MS_SCALE     2 /* fraction digits of a latency in ms */
#define DATE_SHOWN   (1u << CANDLE_TABLE_COLUMNS)
#define ALL_SHOWN    (DATE_SHOWN | (DATE_SHOWN - 1))
#define DATE_LENGTH  10
#define CLOCK_TITLE  "UTC"
#define CELL_MAX     CANDLE_FIELD_MAX
#define ESCAPE_RESET "\033[0m"
#define ESCAPE_BOLD  "\033[1m"
#define ESCAPE_RED   "\033[31m"
#define ESCAPE_GREEN "\033[32m"

enum table_column {
    TABLE_TIME,
    TABLE_VENUE,
    TABLE_INSTRUMENT,
    TABLE_BAR,
    TABLE_STATE,
    TABLE_OPEN,
    TABLE_HIGH,
    TABLE_LOW,
    TABLE_CLOSE,
    TABLE_VOLUME,
    TABLE_TRADES,
    TABLE_VWAP,
    TABLE_SCORE,
    TABLE_LATENCY,
    TABLE_FLAGS,
};

static const struct {
    const char *title;
    bool right;
    size_t width_min;
} columns[CANDLE_TABLE_COLUMNS] = {
    [TABLE_TIME] = {"time (UTC)", false, 10},
    [TABLE_VENUE] = {"venue", false, 5},
    [TABLE_INSTRUMENT] = {"instrument", false, 10},
    [TABLE_BAR] = {"bar", false, 3},
    [TABLE_STATE] = {"state", false, 9},
    [TABLE_OPEN] = {"open", true, 8},
    [TABLE_HIGH] = {"high", true, 8},
    [TABLE_LOW] = {"low", true, 8},
    [TABLE_CLOSE] = {"close", true, 8},
    [TABLE_VOLUME] = {"volume", true, 8},
    [TABLE_TRADES] = {"trades", true, 6},
    [TABLE_VWAP] = {"vwap", true, 8},
    [TABLE_SCORE] = {"score", true, 5},
    [TABLE_LATENCY] = {"p50 ms", true, 7},
    [TABLE_FLAGS] = {"flags", false, 5},
};

/* Left out when the terminal is narrow, in this order. */
static const uint32_t optional[] = {1u << TABLE_LATENCY, 1u << TABLE_VWAP,   1u << TABLE_FLAGS,
                                    1u << TABLE_TRADES,  1u << TABLE_STATE,  DATE_SHOWN,
                                    1u << TABLE_SCORE,   1u << TABLE_VOLUME, 1u << TABLE_VENUE};

/* First byte of a row. */
enum mood { MOOD_FLAT = '=', MOOD_UP = '+', MOOD_DOWN = '-' };

void candle_table_init(struct candle_table *table, bool colour)
{
    *table = (struct candle_table){.colour = colour};
    for (size_t i = 0; i < CANDLE_TABLE_COLUMNS; i++)
        table->widths[i] = columns[i].width_min;
    table->clock_width = strlen(CLOCK_TITLE);
    buf_init(&table->rows, CANDLE_TABLE_BYTES_MAX);
}

void candle_table_release(struct candle_table *table)
{
    buf_release(&table->rows);
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* Fraction digits without trailing zeros, but two where there are two. */
static uint8_t scale_needed(struct decimal value)
{
    while (value.scale > SHORT_SCALE && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        value.scale--;
    }
    return value.scale;
}

static uint8_t larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

static void widen_scales(const struct candle *candle, struct candle_table_scale *scale)
{
    scale->price = larger(scale->price, scale_needed(candle->open));
    scale->price = larger(scale->price, scale_needed(candle->high));
    scale->price = larger(scale->price, scale_needed(candle->low));
    scale->price = larger(scale->price, scale_needed(candle->close));
    scale->volume = larger(scale->volume, scale_needed(candle->volume));
}

static void number_cell(char text[CELL_MAX], struct decimal value, uint8_t scale)
{
    struct decimal shown;
    if (scale >= value.scale || decimal_rescale(&shown, value, scale) != ERR_OK)
        shown = value;
    decimal_format(text, shown);
}

static void vwap_cell(char text[CELL_MAX], const struct candle *candle, uint8_t price_scale)
{
    struct decimal shown, one = {1, 0};
    uint8_t scale = (uint8_t)(price_scale + VWAP_SCALE);
    if (!candle_field(candle, COLUMN_vwap, text))
        text[0] = '\0';
    else if (scale < candle->vwap.scale && decimal_div(&shown, candle->vwap, one, scale) == ERR_OK)
        decimal_format(text, shown);
}

/* "2024-08-08 23:55:01", as short as all open times of the bar allow. */
static void time_cell(char text[CELL_MAX], const struct candle *candle)
{
    size_t length = time_format(text, candle->open_ns);
    text[length - 1] = '\0'; /* the Z */
    text[10] = ' ';
    if (candle->bar.kind != BAR_TIME)
        return;
    if (candle->bar.size % NS_PER_DAY == 0)
        text[10] = '\0';
    else if (candle->bar.size % NS_PER_MIN == 0)
        text[16] = '\0';
}

static void latency_cell(char text[CELL_MAX], const struct candle *candle)
{
    struct decimal shown;
    const struct decimal p50_ms = {candle->latency.p50, 6}, one = {1, 0};
    text[0] = '\0';
    if (candle->latency.count > 0 && decimal_div(&shown, p50_ms, one, MS_SCALE) == ERR_OK)
        decimal_format(text, shown);
}

static void text_cell(char text[CELL_MAX], const struct candle *candle, enum candle_column column)
{
    if (!candle_field(candle, column, text))
        text[0] = '\0';
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static void make_cell(char text[CELL_MAX], const struct candle *candle, enum table_column column,
                      const struct candle_table_scale *scale)
{
    switch (column) {
    case TABLE_TIME:
        time_cell(text, candle);
        break;
    case TABLE_VENUE:
        text_cell(text, candle, COLUMN_venue);
        break;
    case TABLE_INSTRUMENT:
        text_cell(text, candle, COLUMN_instrument);
        break;
    case TABLE_BAR:
        text_cell(text, candle, COLUMN_bar);
        break;
    case TABLE_STATE:
        text_cell(text, candle, COLUMN_state);
        break;
    case TABLE_OPEN:
        number_cell(text, candle->open, scale->price);
        break;
    case TABLE_HIGH:
        number_cell(text, candle->high, scale->price);
        break;
    case TABLE_LOW:
        number_cell(text, candle->low, scale->price);
        break;
    case TABLE_CLOSE:
        number_cell(text, candle->close, scale->price);
        break;
    case TABLE_VOLUME:
        number_cell(text, candle->volume, scale->volume);
        break;
    case TABLE_TRADES:
        text_cell(text, candle, COLUMN_trades);
        break;
    case TABLE_VWAP:
        vwap_cell(text, candle, scale->price);
        break;
    case TABLE_SCORE:
        text_cell(text, candle, COLUMN_score);
        break;
    case TABLE_LATENCY:
        latency_cell(text, candle);
        break;
    case TABLE_FLAGS:
        text_cell(text, candle, COLUMN_flags);
        break;
    }
}

/* The time of day, or the date of a candle that has only that. */
static const char *without_date(const char *time)
{
    return time[DATE_LENGTH] == ' ' ? time + DATE_LENGTH + 1 : time;
}

static void widen(struct candle_table *table, enum table_column column, const char *text)
{
    size_t length = strlen(text);
    if (length > table->widths[column])
        table->widths[column] = length;
    if (column == TABLE_TIME && strlen(without_date(text)) > table->clock_width)
        table->clock_width = strlen(without_date(text));
}

enum err candle_table_add(struct candle_table *table, const struct candle *candle,
                          struct candle_table_scale *scale)
{
    if (table->row_count == CANDLE_TABLE_ROWS_MAX)
        return err_fail(ERR_LIMIT, "more than %d rows of a table wait", CANDLE_TABLE_ROWS_MAX);
    widen_scales(candle, scale);
    int order = decimal_compare(candle->close, candle->open);
    enum mood mood = order > 0 ? MOOD_UP : order < 0 ? MOOD_DOWN : MOOD_FLAT;
    enum err err = buf_append_byte(&table->rows, (uint8_t)mood);
    for (enum table_column i = 0; i < CANDLE_TABLE_COLUMNS && err == ERR_OK; i++) {
        char text[CELL_MAX];
        make_cell(text, candle, i, scale);
        widen(table, i, text);
        err = buf_append(&table->rows, text, strlen(text) + 1);
    }
    table->row_count++;
    return err;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static size_t column_width(const struct candle_table *table, size_t column, uint32_t shown)
{
    return column == TABLE_TIME && !(shown & DATE_SHOWN) ? table->clock_width
                                                         : table->widths[column];
}

static size_t total_width(const struct candle_table *table, uint32_t shown)
{
    size_t width = 0;
    for (size_t i = 0; i < CANDLE_TABLE_COLUMNS; i++)
        if (shown & 1u << i)
            width += column_width(table, i, shown) + GAP;
    return width - GAP;
}

static uint32_t choose_columns(const struct candle_table *table, size_t width)
{
    uint32_t shown = ALL_SHOWN;
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (width > 0 && total_width(table, shown) > width)
            shown &= ~optional[i];
    return shown;
}

static const char *colour_of(const struct candle_table *table, enum table_column column, int mood)
{
    if (!table->colour || column < TABLE_OPEN || column > TABLE_CLOSE || mood == MOOD_FLAT)
        return NULL;
    return mood == MOOD_UP ? ESCAPE_GREEN : ESCAPE_RED;
}

/* One line being written: what may still be shown of it, and blanks that are only written before
 * more text. */
struct line {
    struct buf *out;
    size_t left, blanks;
};

/* Cells are ASCII: a byte is a column of the terminal. */
static enum err line_text(struct line *line, const char *text, size_t length, const char *colour)
{
    size_t blanks = line->blanks < line->left ? line->blanks : line->left;
    line->left -= blanks;
    line->blanks = 0;
    if (length > line->left)
        length = line->left;
    line->left -= length;
    enum err err = buf_printf(line->out, "%*s%s", (int)blanks, "", colour ? colour : "");
    if (err == ERR_OK)
        err = buf_append(line->out, text, length);
    return err == ERR_OK && colour ? buf_append_text(line->out, ESCAPE_RESET) : err;
}

static enum err line_cell(struct line *line, const struct candle_table *table, size_t column,
                          const char *text, const char *colour)
{
    size_t length = strlen(text);
    size_t padding = column_width(table, column, table->shown) - length;
    if (columns[column].right)
        line->blanks += padding;
    enum err err = length > 0 ? line_text(line, text, length, colour) : ERR_OK;
    line->blanks += GAP + (columns[column].right ? 0 : padding);
    return err;
}

static const char *title_of(const struct candle_table *table, enum table_column column)
{
    return column == TABLE_TIME && !(table->shown & DATE_SHOWN) ? CLOCK_TITLE
                                                                : columns[column].title;
}

static enum err write_header(const struct candle_table *table, struct buf *out)
{
    struct line line = {out, SIZE_MAX, 0};
    enum err err = table->colour ? buf_append_text(out, ESCAPE_BOLD) : ERR_OK;
    for (size_t i = 0; i < CANDLE_TABLE_COLUMNS && err == ERR_OK; i++)
        if (table->shown & 1u << i)
            err = line_cell(&line, table, i, title_of(table, (enum table_column)i), NULL);
    if (err == ERR_OK && table->colour)
        err = buf_append_text(out, ESCAPE_RESET);
    return err == ERR_OK ? buf_append_byte(out, '\n') : err;
}

/* Writes the row at *row and moves *row behind it. */
static enum err write_row(const struct candle_table *table, const char **row, size_t width,
                          struct buf *out)
{
    struct line line = {out, width, 0};
    int mood = *(*row)++;
    enum err err = ERR_OK;
    for (size_t i = 0; i < CANDLE_TABLE_COLUMNS; i++) {
        const char *text = *row;
        *row += strlen(text) + 1;
        if (i == TABLE_TIME && !(table->shown & DATE_SHOWN))
            text = without_date(text);
        if (err == ERR_OK && table->shown & 1u << i)
            err = line_cell(&line, table, i, text, colour_of(table, (enum table_column)i, mood));
    }
    return err == ERR_OK ? buf_append_byte(out, '\n') : err;
}

/* Where rows have no date, a line of its own says it. */
static enum err write_date(struct candle_table *table, const char *row, struct buf *out)
{
    const char *time = row + 1;
    if (table->shown & DATE_SHOWN || time[DATE_LENGTH] != ' ' ||
        strncmp(table->date, time, DATE_LENGTH) == 0)
        return ERR_OK;
    memcpy(table->date, time, DATE_LENGTH);
    return buf_printf(out, "%s%s%s\n", table->colour ? ESCAPE_BOLD : "", table->date,
                      table->colour ? ESCAPE_RESET : "");
}

static enum err write_rows(struct candle_table *table, size_t width, bool dates, struct buf *out)
{
    enum err err = ERR_OK;
    const char *row = (const char *)table->rows.data;
    for (size_t i = 0; i < table->row_count && err == ERR_OK; i++) {
        if (dates)
            err = write_date(table, row, out);
        if (err == ERR_OK)
            err = write_row(table, &row, width, out);
    }
    table->row_count = 0;
    buf_clear(&table->rows);
    return err;
}

enum err candle_table_header(struct candle_table *table, size_t width, struct buf *out)
{
    uint32_t shown = choose_columns(table, width);
    if (shown == table->shown)
        return ERR_OK;
    table->shown = shown;
    return write_header(table, out);
}

enum err candle_table_flush(struct candle_table *table, size_t width, struct buf *out)
{
    if (table->row_count == 0)
        return ERR_OK;
    enum err err = candle_table_header(table, width, out);
    return err == ERR_OK ? write_rows(table, SIZE_MAX, true, out) : err;
}

enum err candle_table_flush_cut(struct candle_table *table, size_t width, struct buf *out,
                                size_t *out_length)
{
    uint32_t shown = table->shown;
    table->shown = choose_columns(table, width);
    size_t length = total_width(table, table->shown);
    *out_length = length < width ? length : width;
    enum err err = write_rows(table, width, false, out);
    table->shown = shown;
    return err;
}
