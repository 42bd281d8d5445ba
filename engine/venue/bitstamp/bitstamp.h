/*
 * bitstamp: Bitstamp spot and perpetuals, WebSocket v2.
 *
 * Channel and symbol are one word ("live_trades_btcusd"), one is subscribed to per message, and
 * one trade comes per frame. Trade ids go up over all pairs together, so that duplicates show and
 * gaps do not. Numbers stand twice in a trade, as JSON numbers that have been through a double and
 * as text; the text counts.
 */
#ifndef REWICK_ENGINE_VENUE_BITSTAMP_BITSTAMP_H
#define REWICK_ENGINE_VENUE_BITSTAMP_BITSTAMP_H

#include "engine/venue/venue.h"
#include "engine/venue/venue_field.h"

extern const struct venue venue_bitstamp;

/* ---- between the files of this folder --------------------------------------------------------
 */

#define BITSTAMP_TRADES       "live_trades"
#define BITSTAMP_WORD_MAX     (CHANNEL_MAX + SYMBOL_MAX)
#define BITSTAMP_LIST         "/api/v2/markets/"
#define BITSTAMP_TRANSACTIONS "/api/v2/transactions/"

/* "live_trades_btcusd" -> channel and symbol, divided at the last '_'; false when it is no such
 * word. */
bool bitstamp_split(const char *word, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX]);
/* The spans of time that transactions are asked for, shortest first: "minute", "hour", "day"; NULL
 * ends them. */
struct bitstamp_span {
    const char *name;
    int64_t length_ns;
};
extern const struct bitstamp_span bitstamp_spans[];
/* The symbol in ".../transactions/btcusd/"; false when the path is another. */
bool bitstamp_transactions_of(const char *url, char symbol[SYMBOL_MAX]);

enum err bitstamp_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bitstamp_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bitstamp_decode_http(const char *url, const uint8_t *data, size_t size,
                              const struct instrument_list *list, struct venue_frame *out);
/* Seconds or microseconds since 1970 as text or number. */
enum err bitstamp_time(struct venue_frame *frame, const struct field_set *set, size_t index,
                       int64_t unit_ns, int64_t *out_ns) ERR_MUST_CHECK;

extern const struct venue_rest bitstamp_rest;
enum err bitstamp_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                         const struct venue_past *past, int *out_status, struct buf *out);
extern const struct venue_serving bitstamp_serving;

#endif
