/*
 * candle_table: candles as aligned rows for people; a part of sink_text.
 *
 *     time (UTC)        venue    instrument  bar  state       open      high       low  ...
 *     2024-08-08 23:55  binance  BTC-USDT    1m   closed  61837.63  61850.00  61830.10  ...
 *
 * Rows wait until they are flushed, so that those that come together line up; columns only ever get
 * wider. Numbers keep every digit that is not a trailing zero, a series as many as any of its rows
 * so far needs; only vwap is rounded, to two digits more than the price, and the latency (p50,
 * source -> receive), to 0.01 ms. Text is made safe for terminals. On a narrow terminal, things are
 * left out: latency, vwap, flags, trades, state, the date (which then has a line of its own
 * whenever it changes), score, volume, venue.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_TABLE_H
#define REWICK_ENGINE_SINK_CANDLE_TABLE_H

#include "engine/base/buf.h"
#include "engine/candle/candle.h"

#define CANDLE_TABLE_COLUMNS   15
#define CANDLE_TABLE_ROWS_MAX  1000 /* waiting; flush then */
#define CANDLE_TABLE_BYTES_MAX (CANDLE_TABLE_ROWS_MAX * 2048)

/* Fraction digits shown for a series; zeroed at first. */
struct candle_table_scale {
    uint8_t price, volume;
};

struct candle_table {
    bool colour;
    size_t widths[CANDLE_TABLE_COLUMNS];
    size_t clock_width; /* of the time without its date */
    uint32_t shown;     /* bits of the columns of the last header; 0 = none yet */
    char date[11];      /* of the last line that was a date */
    size_t row_count;
    struct buf rows; /* per row: its mood, then the cells, each with a NUL */
};

void candle_table_init(struct candle_table *table, bool colour);
void candle_table_release(struct candle_table *table);

/* ERR_LIMIT over CANDLE_TABLE_ROWS_MAX. */
enum err candle_table_add(struct candle_table *table, const struct candle *candle,
                          struct candle_table_scale *scale) ERR_MUST_CHECK;

/* Writes a header unless the last one has the columns that fit now. */
enum err candle_table_header(struct candle_table *table, size_t width,
                             struct buf *out) ERR_MUST_CHECK;

/* Writes the rows that wait as lines, with a header in front when there is none yet or other
 * columns are shown. `width`: of the terminal, 0 = no limit. */
enum err candle_table_flush(struct candle_table *table, size_t width,
                            struct buf *out) ERR_MUST_CHECK;

/* The same without a header, and cut at the width; *out_length is the length of each line. */
enum err candle_table_flush_cut(struct candle_table *table, size_t width, struct buf *out,
                                size_t *out_length) ERR_MUST_CHECK;

#endif
