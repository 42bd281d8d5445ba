/*
 * kucoin: KuCoin spot.
 *
 * Where to connect is asked for first (POST /api/v1/bullet-public gives address, token and how
 * often to ping); the venue then speaks first ("welcome"). Channels are the topics without their
 * symbol ("/market/match"); the interval of candles, which stands behind the symbol in a topic, is
 * part of the channel here ("/market/candles_1min").
 *
 * The id of a trade is its `sequence`: it is counted per symbol together with changes of the book,
 * so that duplicates show and gaps do not, and it is the only id that REST has too. Frames of the
 * futures ("/contractMarket/execution") are decoded as well: their numbers are JSON numbers and
 * their quantities contracts.
 */
#ifndef REWICK_ENGINE_VENUE_KUCOIN_KUCOIN_H
#define REWICK_ENGINE_VENUE_KUCOIN_KUCOIN_H

#include "engine/venue/venue.h"
#include "engine/venue/venue_field.h"

extern const struct venue venue_kucoin;

/* ---- between the files of this folder --------------------------------------------------------
 */

#define KUCOIN_TRADES     "/market/match"
#define KUCOIN_TOPICS_MAX 100 /* symbols in one message */
#define KUCOIN_TOPIC_MAX  (CHANNEL_MAX + SYMBOL_MAX)
#define KUCOIN_HANDSHAKE  "/api/v1/bullet-public"
#define KUCOIN_LIST       "/api/v2/symbols"
#define KUCOIN_HISTORIES  "/api/v1/market/histories"

/* "/market/match" and "BTC-USDT", "/market/candles" and "BTC-USDT_1min" -> channel and symbol;
 * "all" is symbol "". False when they do not fit. */
bool kucoin_name(const char *topic, const char *symbol_text, char channel[CHANNEL_MAX],
                 char symbol[SYMBOL_MAX]);
/* "/market/candles_1min" -> where "_1min" begins; the end of the channel when it has no interval.
 */
size_t kucoin_interval_at(const char *channel);

enum err kucoin_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err kucoin_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err kucoin_decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_frame *out);
/* The venue's own candles. */
size_t kucoin_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                     struct venue_kline *out, size_t max);
size_t kucoin_klines_http(const char *url, const uint8_t *data, size_t size,
                          const struct instrument_list *list, struct venue_kline *out, size_t max);

/* Adds the trade of a row of feed or REST; symbol "": the row has it. */
enum err kucoin_trade(struct venue_frame *frame, struct json_span element, const char *symbol,
                      uint32_t flags) ERR_MUST_CHECK;
/* Symbol and time of any other object, where it has them. */
enum err kucoin_note(struct venue_frame *frame, struct json_span data) ERR_MUST_CHECK;
void kucoin_describe(const char *symbol, struct instrument *out);

extern const struct venue_handshake kucoin_handshake;
#define KUCOIN_PING_NS (INT64_C(18) * 1000000000)

extern const struct venue_rest kucoin_rest;
enum err kucoin_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out);
extern const struct venue_serving kucoin_serving;

#endif
