/*
 * coinbase: two feeds of the same books. `coinbase` is Coinbase Exchange (matches),
 * `coinbase-advanced` the Advanced Trade API (market_trades). Both write BTC-USD, number trades per
 * product without holes, and give the side of the maker.
 */
#ifndef REWICK_ENGINE_VENUE_COINBASE_COINBASE_H
#define REWICK_ENGINE_VENUE_COINBASE_COINBASE_H

#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

extern const struct venue venue_coinbase;
extern const struct venue venue_coinbase_advanced;

/* ---- between the files of this folder ----------------------------------------------------------
 */

enum err coinbase_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err coinbase_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err coinbase_decode_http(const char *url, const uint8_t *data, size_t size,
                              const struct instrument_list *list, struct venue_frame *out);
enum err coinbase_advanced_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err coinbase_advanced_decode_general(const uint8_t *data, size_t size,
                                          struct venue_frame *out);
enum err coinbase_advanced_decode_http(const char *url, const uint8_t *data, size_t size,
                                       const struct instrument_list *list, struct venue_frame *out);
/* The venue's own candles. */
size_t coinbase_advanced_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                                struct venue_kline *out, size_t max);
size_t coinbase_klines_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_kline *out,
                            size_t max);

/* One row of market_trades or of the REST ticker into `frame`. */
enum err coinbase_advanced_trade(struct venue_frame *frame, struct json_span element,
                                 uint32_t flags) ERR_MUST_CHECK;

enum err coinbase_symbol(const char *instrument, char out[SYMBOL_MAX]);
void coinbase_describe(const char *symbol, struct instrument *out);

/* subscribe and unsubscribe messages. */
enum err coinbase_subscribe(const struct venue_change *change, size_t index, struct buf *out);
enum err coinbase_advanced_subscribe(const struct venue_change *change, size_t index,
                                     struct buf *out);

/* {"type":"error","message":...,"reason":...}, the same on both feeds. */
void coinbase_refusal(struct venue_frame *frame, struct json_span message, struct json_span reason);

/* The serving functions of the same names. */
enum err coinbase_write_trades(const struct venue_writing *writing, const struct trade *trades,
                               size_t count, size_t *out_count, struct buf *out);
enum err coinbase_advanced_write_trades(const struct venue_writing *writing,
                                        const struct trade *trades, size_t count, size_t *out_count,
                                        struct buf *out);
enum err coinbase_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                         const struct venue_past *past, int *out_status, struct buf *out);
enum err coinbase_advanced_answer(const char *method, const char *target, const char *host,
                                  int64_t wall_ns, const struct venue_past *past, int *out_status,
                                  struct buf *out);
/* ,"side":"sell","size":"0.04","price":"14.7775" of a match or a row of REST. */
enum err coinbase_append_amounts(const struct trade *trade, struct buf *out) ERR_MUST_CHECK;
/* [{...},{...}] as market_trades and the REST ticker have them. */
enum err coinbase_append_newest_first(const struct trade *trades, size_t count,
                                      struct buf *out) ERR_MUST_CHECK;

extern const struct venue_rest coinbase_rest;
extern const struct venue_rest coinbase_advanced_rest;
extern const struct venue_serving coinbase_serving;
extern const struct venue_serving coinbase_advanced_serving;

#endif
