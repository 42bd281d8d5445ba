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
#include "engine/venue/venue_text.h"

extern const struct venue venue_kraken;
extern const struct venue venue_kraken_v1;

/* ---- between the files of this folder ----------------------------------------------------------
 */

enum err kraken_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err kraken_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err kraken_decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_frame *out);
enum err kraken_v1_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err kraken_v1_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);

/* The symbol of the pair that a request was for, which the answer may spell in another way
 * ("XXBTZUSD" for "XBTUSD"): as the instrument list (may be NULL) has it, else as the answer's own
 * spelling says. */
void kraken_answered_pair(struct venue_path path, const struct instrument_list *list,
                          const char *answered, char out[SYMBOL_MAX]);
/* The venue's own candles. */
size_t kraken_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                     struct venue_kline *out, size_t max);
size_t kraken_v1_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                        struct venue_kline *out, size_t max);
size_t kraken_klines_http(const char *url, const uint8_t *data, size_t size,
                          const struct instrument_list *list, struct venue_kline *out, size_t max);

enum err kraken_symbol(const char *instrument, char out[SYMBOL_MAX]);
enum err kraken_v1_symbol(const char *instrument, char out[SYMBOL_MAX]);
/* Codes of v1 are no names in v2, so both feeds are read with the same table. */
void kraken_describe(const char *symbol, struct instrument *out);
/* A pair of v1 and of the instrument list ("XBT/USD") in the spelling of v2 ("BTC/USD"), and back;
 * false when it is no pair. */
bool kraken_pair_common(const char *pair, char out[SYMBOL_MAX]);
bool kraken_pair_own(const char *pair, char out[SYMBOL_MAX]);
/* A pair of REST ("XXBTZUSD") in the spelling of v2 ("BTC/USD"); itself when nothing known divides
 * it. */
void kraken_rest_symbol(const char *pair, char out[SYMBOL_MAX]);

enum err kraken_subscribe(const struct venue_change *change, size_t index, struct buf *out);
enum err kraken_keepalive(uint64_t number, struct buf *out);
enum err kraken_v1_subscribe(const struct venue_change *change, size_t index, struct buf *out);
enum err kraken_v1_keepalive(uint64_t number, struct buf *out);

/* The serving functions of the same names. */
enum err kraken_write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out);
enum err kraken_v1_write_trades(const struct venue_writing *writing, const struct trade *trades,
                                size_t count, size_t *out_count, struct buf *out);
enum err kraken_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out);
/* ["354.04","0.28",<quote>1618678150.826417<quote>,"s","m","" of a row of v1 or of REST, open at
 * its end. */
enum err kraken_append_row(const struct trade *trade, const char *quote,
                           struct buf *out) ERR_MUST_CHECK;

extern const struct venue_rest kraken_rest;
extern const struct venue_rest kraken_v1_rest;
extern const struct venue_serving kraken_serving;
extern const struct venue_serving kraken_v1_serving;

#endif
