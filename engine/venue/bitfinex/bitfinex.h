/*
 * bitfinex: Bitfinex over WebSocket v2: spot and perpetual contracts (tBTCF0:USTF0).
 *
 * A data frame is [number, ...]: the number stands for channel and symbol of its connection as the
 * `subscribed` frame said, so frames are decoded with frame->routes. Trades come twice, as "te"
 * when they happen and as "tu" when they are booked, with one id; ids are the venue's, not the
 * pair's, so they show duplicates and no gaps. Elements may be appended to any array.
 *
 * A channel with a parameter carries it in its name here: "candles:trade:1m" (key
 * "trade:1m:tBTCUSD"), "status:deriv", "book:R0" (raw book; "book" is precision P0).
 */
#ifndef REWICK_ENGINE_VENUE_BITFINEX_BITFINEX_H
#define REWICK_ENGINE_VENUE_BITFINEX_BITFINEX_H

#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

extern const struct venue venue_bitfinex;

/* ---- between the files of this folder ---------------------------------------------------------
 */

/* Channels on one connection: 25 in the limits, 30 in the protocol's own page; 36 were accepted. */
#define BITFINEX_CHANNELS_MAX 25
#define BITFINEX_SERVED_MAX   30
/* Rows of one answer with trades. */
#define BITFINEX_ROWS_MAX 10000

enum err bitfinex_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bitfinex_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bitfinex_decode_http(const char *url, const uint8_t *data, size_t size,
                              const struct instrument_list *list, struct venue_frame *out);
/* The venue's own candles. */
size_t bitfinex_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                       struct venue_kline *out, size_t max);

/* A row [ID, MTS, AMOUNT, PRICE] becomes a trade of frame->symbol; `arg` points to its flags. */
enum err bitfinex_decode_row(struct venue_frame *frame, struct json_span element, void *arg);

/* frame->source_ns = the last element behind a frame's data, when it is the time of sending (flag
 * 32768) in ms; frame numbers stay far below. */
void bitfinex_note_time(struct venue_frame *frame, uint64_t last);

/* The members of a message that name what is subscribed to. */
enum bitfinex_word { WORD_CHANNEL, WORD_SYMBOL, WORD_KEY, WORD_PREC, WORD_PAIR, BITFINEX_WORDS };
extern const char *const bitfinex_word_names[BITFINEX_WORDS];
/* False when they name no channel; the symbol may stay empty. */
bool bitfinex_read_words(const struct json_span words[BITFINEX_WORDS], char channel[CHANNEL_MAX],
                         char symbol[SYMBOL_MAX]);

/* The venue's own code of a currency (UST) and what the world calls it (USDT). */
struct bitfinex_code {
    char own[ASSET_MAX], common[ASSET_MAX];
};
struct bitfinex_codes {
    size_t count;
    const struct bitfinex_code *items;
};
/* Those that are used where the venue's own list is not at hand. */
extern const struct bitfinex_codes bitfinex_known_codes;
/* What the grammar of pairs says. */
void bitfinex_describe_with(const char *symbol, const struct bitfinex_codes *codes,
                            struct instrument *out);
void bitfinex_describe(const char *symbol, struct instrument *out);
enum err bitfinex_symbol(const char *instrument, char out[SYMBOL_MAX]);
/* The two currencies of a pair in the venue's codes; false when nothing divides it. */
bool bitfinex_divide(const char *pair, char base[ASSET_MAX], char quote[ASSET_MAX]);

enum err bitfinex_subscribe(const struct venue_change *change, size_t index, struct buf *out);
enum err bitfinex_keepalive(uint64_t number, struct buf *out);

/* A trade as the venue writes it. */
enum err bitfinex_append_row(struct buf *out, const struct trade *trade);
enum err bitfinex_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                         const struct venue_past *past, int *out_status, struct buf *out);

extern const struct venue_rest bitfinex_rest;
extern const struct venue_serving bitfinex_serving;

#endif
