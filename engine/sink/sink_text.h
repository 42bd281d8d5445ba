/*
 * sink_text: candles on a stream, as a table for people, or as CSV or NDJSON with the columns of
 * CANDLE_COLUMNS.
 *
 * CSV (RFC 4180 with LF) has a header line. NDJSON: one object a line, every value a string except integers
 * (ids and counts) and nulls; decimals are strings, exact. The table shows a choice of columns; on a terminal it
 * keeps the forming candles as a block below the closed ones and redraws it, in colour.
 */
#ifndef REWICK_ENGINE_SINK_SINK_TEXT_H
#define REWICK_ENGINE_SINK_SINK_TEXT_H

#include "engine/sink/sink.h"

#include <stdio.h>

enum text_format { TEXT_TABLE, TEXT_CSV, TEXT_NDJSON };

enum err text_format_parse(enum text_format *out, const char *text) ERR_MUST_CHECK; /* sets text */

struct sink_text_options {
    enum text_format format;
    bool forming;  /* forming updates too; in a table at most one row a second per candle series, by the
                      receive time of the records */
    bool terminal; /* colours, and the block of forming candles (TEXT_TABLE only) */
};

/* `out` is borrowed. A write error (closed pipe) is ERR_IO. */
enum err sink_text_open(struct sink **out_sink, FILE *out,
                        const struct sink_text_options *options) ERR_MUST_CHECK;

/* One row outside of any stream of updates, for `rewick candles`; pass NULL for the header (nothing for
 * NDJSON). */
enum err text_row(FILE *out, enum text_format format, const struct candle *candle) ERR_MUST_CHECK;

#endif
