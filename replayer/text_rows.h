/*
 * text_rows: rows of short texts on a stream, as an aligned table for people, as CSV with a header
 * line, or as NDJSON.
 *
 * A cell without a value (NULL) is empty in CSV and table, null in NDJSON. In a table, which is
 * written at the end, texts are made safe for terminals.
 */
#ifndef REWICK_REPLAYER_TEXT_ROWS_H
#define REWICK_REPLAYER_TEXT_ROWS_H

#include "engine/base/buf.h"
#include "engine/sink/sink_text.h"

#include <stdio.h>

#define TEXT_ROWS_COLUMNS_MAX 48
#define TEXT_ROWS_BYTES_MAX   (64u * 1024 * 1024) /* of a table; more is ERR_LIMIT */

/* Kinds as in CANDLE_COLUMNS: integers (I, S) are numbers in NDJSON, lists (L, parts between bars)
 * arrays, all else strings; N, D, P, I and S stand on the right in a table. */
struct text_column {
    const char *name;
    char kind;
};

struct text_rows {
    FILE *out; /* borrowed */
    enum text_format format;
    size_t column_count;
    struct text_column columns[TEXT_ROWS_COLUMNS_MAX];
    size_t widths[TEXT_ROWS_COLUMNS_MAX];
    size_t row_count;
    struct buf rows; /* of a table: the cells, each with a NUL */
};

/* The header of CSV goes out at once. */
enum err text_rows_open(struct text_rows *rows, FILE *out, enum text_format format,
                        const struct text_column *columns, size_t count) ERR_MUST_CHECK;
/* As many as columns. ERR_LIMIT; write errors. */
enum err text_rows_add(struct text_rows *rows, const char *const *cells) ERR_MUST_CHECK;
/* Writes the table, nothing when it has no rows; releases it in any case. */
enum err text_rows_close(struct text_rows *rows) ERR_MUST_CHECK;

#endif
