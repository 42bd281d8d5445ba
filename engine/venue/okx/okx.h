/*
 * okx: OKX v5, one venue for all it trades: spot, perpetual swaps, futures, options.
 *
 * Channel and instrument stand in an "arg" object; times, ids and numbers are strings; ids go up by
 * one per instrument. Two channels report trades: `trades-all` each fill, `trades` one row for the
 * fills of a taker order at one price, which bears the last of their ids. Contracts are counted in
 * contracts, not in coins.
 *
 * The push that follows a subscription repeats the last trade and nothing marks it, so it is a
 * trade like all others here; its id tells whether it is one that is known. Frames of the retired
 * v3 ({"table":"spot/trade",...}) are decoded too: tapes of it exist.
 */
#ifndef REWICK_ENGINE_VENUE_OKX_OKX_H
#define REWICK_ENGINE_VENUE_OKX_OKX_H

#include "engine/venue/venue.h"
#include "engine/venue/venue_field.h"

extern const struct venue venue_okx;

/* ---- between the files of this folder ---------------------------------------------------------
 */

#define OKX_FILLS_MAX 65536 /* in one row: more than any stands for */

enum err okx_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err okx_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err okx_decode_http(const char *url, const uint8_t *data, size_t size,
                         const struct instrument_list *list, struct venue_frame *out);
/* The venue's own candles. */
size_t okx_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                  struct venue_kline *out, size_t max);
size_t okx_klines_http(const char *url, const uint8_t *data, size_t size,
                       const struct instrument_list *list, struct venue_kline *out, size_t max);

/* Adds the trade of a row of v5, with these flags. */
enum err okx_trade(struct venue_frame *frame, struct json_span element, uint32_t flags);
/* frame->source_ns = the newest "ts" of rows that are objects; a field_each_fn. */
enum err okx_note_row(struct venue_frame *frame, struct json_span element, void *arg);
/* The rest of a frame of v3. */
enum err okx_v3_decode(struct venue_frame *frame, struct json_span table, struct json_span data);

enum err okx_symbol(const char *instrument, char out[SYMBOL_MAX]);
void okx_describe(const char *symbol, struct instrument *out);

extern const struct venue_rest okx_rest;
enum err okx_write_trades(const struct venue_writing *writing, const struct trade *trades,
                          size_t count, size_t *out_count, struct buf *out);
/* {"instId":...,"ts":"..."} as all sources write trades; `fills`: with "count" behind it. */
enum err okx_append_trade(struct buf *out, const struct trade *trade, bool fills);
enum err okx_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                    const struct venue_past *past, int *out_status, struct buf *out);
extern const struct venue_serving okx_serving;

#endif
