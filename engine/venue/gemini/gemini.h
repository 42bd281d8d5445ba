/*
 * gemini: Gemini spot and perpetuals, two WebSocket APIs in one venue.
 *
 * The one that is recorded (wss://ws.gemini.com) has streams ("btcusd@trade"), times in
 * nanoseconds and no name of the kind of event in most frames: what they are is told by their
 * members. The older one (/v2/marketdata) is archived but still speaks; its tapes are decoded and
 * played. There all is channel "l2", trades too, and the first frame of each symbol repeats the
 * last fifty trades.
 *
 * Symbols are upper case in the old API and in the instrument list, lower case in the new one; here
 * they are always lower case. Trade ids go up over all symbols together.
 */
#ifndef REWICK_ENGINE_VENUE_GEMINI_GEMINI_H
#define REWICK_ENGINE_VENUE_GEMINI_GEMINI_H

#include "engine/venue/venue.h"
#include "engine/venue/venue_field.h"

extern const struct venue venue_gemini;

/* ---- between the files of this folder --------------------------------------------------------
 */

#define GEMINI_STREAM_MAX (SYMBOL_MAX + CHANNEL_MAX + 1)
#define GEMINI_DETAILS    "/v1/symbols/details/"
#define GEMINI_TRADES     "/v1/trades/"
#define GEMINI_ROWS_MAX   500 /* trades in one answer */

enum err gemini_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err gemini_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err gemini_decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_frame *out);
/* A symbol, lower case. */
enum err gemini_symbol_of(struct venue_frame *frame, const struct field_set *set, size_t index,
                          char out[SYMBOL_MAX]) ERR_MUST_CHECK;
/* An epoch in whatever unit its size tells. */
enum err gemini_time(struct venue_frame *frame, const struct field_set *set, size_t index,
                     int64_t *out_ns) ERR_MUST_CHECK;
/* What follows `start` in the URL's path, lower case; false when the path is another. */
bool gemini_path_symbol(const char *url, const char *start, char out[SYMBOL_MAX]);

extern const struct venue_rest gemini_rest;
enum err gemini_write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out);
enum err gemini_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out);
extern const struct venue_serving gemini_serving;

#endif
