/*
 * binance: Binance spot, USD-M futures and COIN-M futures. One grammar of frames and messages; they
 * differ in names, endpoints and units. Binance.US speaks it too and can be imported as `binance`.
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
extern const struct venue venue_binance_usdm;
extern const struct venue venue_binance_coinm;

/* ---- between the files of this folder ----------------------------------------------------------
 */

enum err binance_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err binance_decode_http(const char *url, const uint8_t *data, size_t size,
                             struct venue_frame *out);

/* The answer forms that frames and HTTP share: {"code":-1121,"msg":"..."}. */
void binance_refusal(struct venue_frame *frame, struct json_span code, struct json_span message);
/* Fills id range and count of an aggregated row from `first` and `last`. */
enum err binance_range(struct venue_frame *frame, struct trade *trade, struct json_span first,
                       struct json_span last) ERR_MUST_CHECK;

enum err binance_symbol(const char *instrument, char out[SYMBOL_MAX]);
void binance_instrument(const char *symbol, char out[INSTRUMENT_MAX]);
enum err binance_usdm_symbol(const char *instrument, char out[SYMBOL_MAX]);
void binance_usdm_instrument(const char *symbol, char out[INSTRUMENT_MAX]);
enum err binance_coinm_symbol(const char *instrument, char out[SYMBOL_MAX]);
void binance_coinm_instrument(const char *symbol, char out[INSTRUMENT_MAX]);

/* Between "btcusdt@trade" and ("trade", "BTCUSDT"); "!bookTicker" is a channel without symbol.
 * False when it does not fit. */
bool binance_stream_split(const char *stream, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX]);
#define BINANCE_STREAM_MAX (SYMBOL_MAX + CHANNEL_MAX)
void binance_stream_join(const char *channel, const char *symbol, char out[BINANCE_STREAM_MAX]);

/* SUBSCRIBE messages; all three venues. */
enum err binance_subscribe(const char *channel, const char *const *symbols, size_t count,
                           size_t index, struct buf *out);
extern const struct venue_serving binance_serving;

#endif
