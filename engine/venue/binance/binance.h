/*
 * binance: Binance spot, Binance.US, USD-M futures and COIN-M futures. One grammar of frames and
 * messages; they differ in names, endpoints, units and trade ids.
 *
 * A stream is called symbol@channel, the symbol in lower case ("btcusdt@aggTrade"); a frame comes
 * raw (the event) or combined ({"stream":"btcusdt@aggTrade","data":event}), depending on the
 * connection's path.
 */
#ifndef REWICK_ENGINE_VENUE_BINANCE_BINANCE_H
#define REWICK_ENGINE_VENUE_BINANCE_BINANCE_H

#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

extern const struct venue venue_binance;
extern const struct venue venue_binance_us;
extern const struct venue venue_binance_usdm;
extern const struct venue venue_binance_coinm;

/* ---- between the files of this folder ----------------------------------------------------------
 */

enum err binance_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err binance_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err binance_decode_http(const char *url, const uint8_t *data, size_t size,
                             const struct instrument_list *list, struct venue_frame *out);

/* The venue's own candles. */
size_t binance_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                      struct venue_kline *out, size_t max);
size_t binance_coinm_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct venue_kline *out, size_t max);
size_t binance_klines_http(const char *url, const uint8_t *data, size_t size,
                           const struct instrument_list *list, struct venue_kline *out, size_t max);
size_t binance_coinm_klines_http(const char *url, const uint8_t *data, size_t size,
                                 const struct instrument_list *list, struct venue_kline *out,
                                 size_t max);

/* The answer forms that frames and HTTP share: {"code":-1121,"msg":"..."}. */
void binance_refusal(struct venue_frame *frame, struct json_span code, struct json_span message);
/* Fills id range and count of an aggregated row from `first` and `last`. */
enum err binance_range(struct venue_frame *frame, struct trade *trade, struct json_span first,
                       struct json_span last) ERR_MUST_CHECK;

enum err binance_symbol(const char *instrument, char out[SYMBOL_MAX]);
void binance_describe(const char *symbol, struct instrument *out);
enum err binance_usdm_symbol(const char *instrument, char out[SYMBOL_MAX]);
void binance_usdm_describe(const char *symbol, struct instrument *out);
enum err binance_coinm_symbol(const char *instrument, char out[SYMBOL_MAX]);
void binance_coinm_describe(const char *symbol, struct instrument *out);

/* Between "btcusdt@trade" and ("trade", "BTCUSDT"); "!bookTicker" is a channel without symbol.
 * False when it does not fit. */
bool binance_stream_split(const char *stream, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX]);
#define BINANCE_STREAM_MAX (SYMBOL_MAX + CHANNEL_MAX)
void binance_stream_join(const char *channel, const char *symbol, char out[BINANCE_STREAM_MAX]);

/* SUBSCRIBE and UNSUBSCRIBE messages. */
enum err binance_subscribe(const struct venue_change *change, size_t index, struct buf *out);

/* The serving functions of the same names. */
enum err binance_write_spot(const struct venue_writing *writing, const struct trade *trades,
                            size_t count, size_t *out_count, struct buf *out);
enum err binance_write_futures(const struct venue_writing *writing, const struct trade *trades,
                               size_t count, size_t *out_count, struct buf *out);
enum err binance_answer_spot(const char *method, const char *target, const char *host,
                             int64_t wall_ns, const struct venue_past *past, int *out_status,
                             struct buf *out);
enum err binance_answer_usdm(const char *method, const char *target, const char *host,
                             int64_t wall_ns, const struct venue_past *past, int *out_status,
                             struct buf *out);
enum err binance_answer_coinm(const char *method, const char *target, const char *host,
                              int64_t wall_ns, const struct venue_past *past, int *out_status,
                              struct buf *out);
/* ,"f":1,"l":2 of an aggregated row. */
enum err binance_append_range(const struct trade *trade, struct buf *out) ERR_MUST_CHECK;

extern const struct venue_rest binance_rest;
extern const struct venue_rest binance_us_rest;
extern const struct venue_rest binance_usdm_rest;
extern const struct venue_rest binance_coinm_rest;
extern const struct venue_serving binance_serving;
extern const struct venue_serving binance_usdm_serving;
extern const struct venue_serving binance_coinm_serving;

#endif
