/*
 * sink_text: candles on a stream, as a table for people (candle_table.h), or as CSV or NDJSON with
 * the columns of CANDLE_COLUMNS.
 *
 * CSV (RFC 4180 with LF) has a header line. NDJSON: one object a line; integers (ids, counts, ns)
 * are numbers, flags and lists (kinds F and L) are arrays of strings, everything else is a string
 * or null; decimals are strings, exact. On a terminal the table keeps the forming candles as a
 * block below the closed ones and redraws it.
 *
 * Rows are flushed on commit: at once when the last flush is SINK_TEXT_FLUSH_NS ago (for a table on
 * a terminal SINK_TEXT_REDRAW_NS), else on a later commit. A candle whose update is 0 is no update
 * but always a row, forming or not.
 */
#ifndef REWICK_ENGINE_SINK_SINK_TEXT_H
#define REWICK_ENGINE_SINK_SINK_TEXT_H

#include "engine/sink/sink.h"

#include <stdio.h>

enum text_format { TEXT_TABLE, TEXT_CSV, TEXT_NDJSON };

#define SINK_TEXT_FLUSH_NS        (INT64_C(5) * 1000000)
#define SINK_TEXT_REDRAW_NS       (INT64_C(100) * 1000000)
#define SINK_TEXT_BLOCK_MAX       256 /* series whose forming candles it can show */
#define SINK_TEXT_BLOCK_LINES_MAX 16  /* and at most a third of the terminal's lines */

enum err text_format_parse(enum text_format *out, const char *text) ERR_MUST_CHECK; /* sets text */

/* Whether it is a terminal that can colour and move its cursor (TERM is not "dumb"). */
bool text_is_terminal(FILE *out);

/* Columns to write, in this order; none = all. Plain data. */
struct text_columns {
    size_t count;
    enum candle_column list[CANDLE_COLUMN_COUNT];
};

/* A comma list of their names, for CSV and NDJSON. ERR_USAGE or ERR_UNKNOWN with text. */
enum err text_columns_parse(struct text_columns *out, const char *text,
                            enum text_format format) ERR_MUST_CHECK;

struct sink_text_options {
    enum text_format format;
    struct text_columns columns; /* not of a table */
    bool forming;  /* forming updates too; in a table at most one row a second per candle series, by
                      the receive time of the records */
    bool terminal; /* TEXT_TABLE: columns fit its width, colours unless NO_COLOR is set, and the
                      block of forming candles */
};

/* `out` is borrowed. A write error is ERR_IO or ERR_NOSPACE with text; a reader that went away
 * (EPIPE) is ERR_STOP without one. After an error all further calls give it again. */
enum err sink_text_open(struct sink **out_sink, FILE *out,
                        const struct sink_text_options *options) ERR_MUST_CHECK;

#endif
