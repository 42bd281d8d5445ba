/*
 * kraken: Kraken spot over WebSocket v2 (`kraken`) and v1 (`kraken-v1`).
 *
 * v2 writes BTC/USD, sends numbers as JSON numbers and numbers the trades of each pair. v1 writes
 * XBT/USD, sends arrays that are told apart by their last element, and numbers nothing: a gap in it
 * cannot be seen. REST answers belong to `kraken`; their pair names (XBTUSDT, XXBTZUSD) are brought
 * to the spelling of v2, so that live and backfilled trades are one market.
 */
#ifndef REWICK_ENGINE_VENUE_KRAKEN_KRAKEN_H
#define REWICK_ENGINE_VENUE_KRAKEN_KRAKEN_H

#include "engine/venue/venue.h"

extern const struct venue venue_kraken;
extern const struct venue venue_kraken_v1;

/* ---- between the files of this folder ----------------------------------------------------------
 */

enum err kraken_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err kraken_decode_http(const char *url, const uint8_t *data, size_t size,
                            struct venue_frame *out);
enum err kraken_v1_decode(const uint8_t *data, size_t size, struct venue_frame *out);

enum err kraken_symbol(const char *instrument, char out[SYMBOL_MAX]);
void kraken_instrument(const char *symbol, char out[INSTRUMENT_MAX]);
enum err kraken_v1_symbol(const char *instrument, char out[SYMBOL_MAX]);
void kraken_v1_instrument(const char *symbol, char out[INSTRUMENT_MAX]);
/* A pair of REST ("XXBTZUSD") in the spelling of v2 ("BTC/USD"); itself when nothing known divides
 * it. */
void kraken_rest_symbol(const char *pair, char out[SYMBOL_MAX]);

enum err kraken_subscribe(const char *channel, const char *const *symbols, size_t count,
                          size_t index, struct buf *out);
enum err kraken_keepalive(uint64_t number, struct buf *out);

extern const struct venue_serving kraken_serving;
extern const struct venue_serving kraken_v1_serving;

#endif
