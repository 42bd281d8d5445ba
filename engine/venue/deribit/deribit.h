/*
 * deribit: Deribit v2 (JSON-RPC over WebSocket and HTTP): futures, perpetuals, options, spot.
 *
 * A subscription is one word, "trades.BTC-PERPETUAL.100ms"; here it is channel "trades.100ms" with
 * symbol "BTC-PERPETUAL": the instrument is taken out of the middle. Trades are numbered without
 * holes per instrument (trade_seq). Inverse futures count dollars (VOLUME_QUOTE), all else the base
 * currency; inverse options are quoted in their base.
 *
 * The answer to a subscription lists what was accepted and leaves out what was not, silently. The
 * id of such a request therefore says what it asked for: "7/100" is message 7 with 100 channels,
 * "7/-100" the same for leaving. The venue sends ids back as they are.
 */
#ifndef REWICK_ENGINE_VENUE_DERIBIT_DERIBIT_H
#define REWICK_ENGINE_VENUE_DERIBIT_DERIBIT_H

#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

extern const struct venue venue_deribit;

/* ---- between the files of this folder ---------------------------------------------------------
 */

/* Trades of one HTTP answer. */
#define DERIBIT_ROWS_MAX 1000
/* A whole subscription word, NUL included. */
#define DERIBIT_WORD_MAX (CHANNEL_MAX + SYMBOL_MAX)

enum err deribit_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err deribit_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err deribit_decode_http(const char *url, const uint8_t *data, size_t size,
                             const struct instrument_list *list, struct venue_frame *out);
/* The venue's own candles. */
size_t deribit_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                      struct venue_kline *out, size_t max);

enum err deribit_respond(const uint8_t *data, size_t size, struct buf *out);

/* "trades.BTC-PERPETUAL.100ms" <-> "trades.100ms" and "BTC-PERPETUAL"; words without an instrument
 * are all channel. False when something does not fit. */
bool deribit_split(const char *word, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX]);
bool deribit_join(const char *channel, const char *symbol, char word[DERIBIT_WORD_MAX]);

void deribit_describe(const char *symbol, struct instrument *out);
enum err deribit_symbol(const char *instrument, char out[SYMBOL_MAX]);

enum err deribit_subscribe(const struct venue_change *change, size_t index, struct buf *out);

/* A trade as the venue writes it; `before` (may be NULL) is the one before it. */
enum err deribit_append_trade(struct buf *out, const struct trade *trade,
                              const struct trade *before);
/* ,"usIn":N,"usOut":N,"usDiff":0,"testnet":false} */
enum err deribit_append_times(struct buf *out, int64_t wall_ns);
enum err deribit_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                        const struct venue_past *past, int *out_status, struct buf *out);

extern const struct venue_rest deribit_rest;
extern const struct venue_serving deribit_serving;

#endif
