/*
 * bybit: Bybit v5: `bybit` (spot), `bybit-linear` (contracts in USDT and USDC), `bybit-inverse`
 * (contracts in coins; a quantity of them counts dollars).
 *
 * A topic is channel and symbol in one, "orderbook.50.BTCUSDT". Trades of spot are numbered across
 * all of it, so they go up with holes; those of contracts bear UUIDs, of which a hash is the id.
 * "snapshot" in a frame of trades says nothing: they are live. REST has the newest trades only.
 *
 * Trades of the retired v2 ("trade.BTCUSD") are decoded too: tapes of it exist.
 */
#ifndef REWICK_ENGINE_VENUE_BYBIT_BYBIT_H
#define REWICK_ENGINE_VENUE_BYBIT_BYBIT_H

#include "engine/venue/venue.h"
#include "engine/venue/venue_field.h"

extern const struct venue venue_bybit;
extern const struct venue venue_bybit_linear;
extern const struct venue venue_bybit_inverse;

/* ---- between the files of this folder ---------------------------------------------------------
 */

enum bybit_category { BYBIT_SPOT, BYBIT_LINEAR, BYBIT_INVERSE };

const char *bybit_category_word(enum bybit_category category); /* "spot", ... */

enum err bybit_spot_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bybit_spot_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bybit_contract_decode(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bybit_contract_decode_general(const uint8_t *data, size_t size, struct venue_frame *out);
enum err bybit_decode_http(const char *url, const uint8_t *data, size_t size,
                           const struct instrument_list *list, struct venue_frame *out);

/* The venue's own candles. */
size_t bybit_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                    struct venue_kline *out, size_t max);
size_t bybit_inverse_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct venue_kline *out, size_t max);
size_t bybit_klines_http(const char *url, const uint8_t *data, size_t size,
                         const struct instrument_list *list, struct venue_kline *out, size_t max);

/* What the readers of trades share. Digits are the id itself; of any other text a contract's id is
 * the hash, while spot, whose ids have an order, then has none. */
enum err bybit_fill_id(struct venue_frame *frame, const struct field_set *row, size_t index,
                       enum bybit_category category, struct trade *trade);
/* The hash of such a text: FNV-1a. */
static inline uint64_t bybit_hash(const char *text, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    }
    return hash;
}
/* A number of ms, in a number or a string. */
enum err bybit_fill_time(struct venue_frame *frame, const struct field_set *row, size_t index,
                         struct trade *trade);

enum err bybit_spot_symbol(const char *instrument, char out[SYMBOL_MAX]);
enum err bybit_linear_symbol(const char *instrument, char out[SYMBOL_MAX]);
enum err bybit_inverse_symbol(const char *instrument, char out[SYMBOL_MAX]);
void bybit_spot_describe(const char *symbol, struct instrument *out);
void bybit_linear_describe(const char *symbol, struct instrument *out);
void bybit_inverse_describe(const char *symbol, struct instrument *out);

extern const struct venue_rest bybit_spot_rest, bybit_linear_rest, bybit_inverse_rest;

/* The answers of a played venue of that category. */
enum err bybit_answer(enum bybit_category category, const char *method, const char *target,
                      int64_t wall_ns, const struct venue_past *past, int *out_status,
                      struct buf *out);
extern const struct venue_serving bybit_spot_serving, bybit_linear_serving, bybit_inverse_serving;

#endif
