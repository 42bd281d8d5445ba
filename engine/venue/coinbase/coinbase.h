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
enum err coinbase_decode_http(const char *url, const uint8_t *data, size_t size,
                              struct venue_frame *out);
enum err coinbase_advanced_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err coinbase_advanced_decode_http(const char *url, const uint8_t *data, size_t size,
                                       struct venue_frame *out);
/* One row of market_trades or of the REST ticker into `frame`. */
enum err coinbase_advanced_trade(struct venue_frame *frame, struct json_span element,
                                 uint32_t flags) ERR_MUST_CHECK;

enum err coinbase_symbol(const char *instrument, char out[SYMBOL_MAX]);
void coinbase_instrument(const char *symbol, char out[INSTRUMENT_MAX]);

enum err coinbase_subscribe(const char *channel, const char *const *symbols, size_t count,
                            size_t index, struct buf *out);
enum err coinbase_advanced_subscribe(const char *channel, const char *const *symbols, size_t count,
                                     size_t index, struct buf *out);

extern const struct venue_serving coinbase_serving;
extern const struct venue_serving coinbase_advanced_serving;

#endif
