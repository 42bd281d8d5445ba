#include "engine/venue/bybit/bybit.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

static const struct venue_channel channels[] = {
    {.name = "publicTrade", .role = ROLE_TRADES},
    {.name = "orderbook.1", .role = ROLE_TOP},
    {.name = "tickers", .role = ROLE_TOP},
    {.name = "orderbook.50", .role = ROLE_DEPTH},
    {.name = "orderbook.200", .role = ROLE_DEPTH},
    {.name = "kline.1", .role = ROLE_KLINES},
    {.name = NULL},
};

/* A topic that does not exist refuses the whole message, and spot takes no more than these. */
#define TOPICS_PER_MESSAGE 10

const char *bybit_category_word(enum bybit_category category)
{
    static const char *const words[] = {"spot", "linear", "inverse"};
    return words[category];
}

static enum err append_topics(struct buf *out, const struct venue_change *change, size_t first,
                              size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = first; i < first + count && !err; i++) {
        char topic[CHANNEL_MAX + SYMBOL_MAX];
        int size = snprintf(topic, sizeof topic, "%s.%s", change->channel, change->symbols[i]);
        if (size < 0 || (size_t)size >= sizeof topic) {
            return err_fail(ERR_LIMIT, "topic '%s' is too long", topic);
        }
        err = i > first ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : buf_append_json(out, topic, (size_t)size);
    }
    return err;
}

static enum err subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, TOPICS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = buf_printf(out, "{\"req_id\":\"%llu\",\"op\":\"%s\",\"args\":[",
                              (unsigned long long)(change->first_id + index),
                              change->leave ? "unsubscribe" : "subscribe");
    err = err ? err : append_topics(out, change, first, size);
    return err ? err : buf_append_text(out, "]}");
}

static enum err keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "{\"req_id\":\"%llu\",\"op\":\"ping\"}", (unsigned long long)number);
}

/* 21,000 characters of topics are allowed on a connection: 200 of the longest are 16,000. A ping
 * every 20 s is what the venue asks for; each is answered. 500 connects in five minutes are allowed
 * to all hosts together. No limit of messages is documented: this one is modest. */
#define LIMITS                                                                                     \
    .channels = channels, .ack = ACK_MESSAGE, .symbols_max = 200, .send_gap_ns = 100 * NS_PER_MS,  \
    .connects = 400, .connects_span_ns = 5 * NS_PER_MIN, .silence_ns = 45 * NS_PER_S,              \
    .subscribe = subscribe, .keepalive_ns = 20 * NS_PER_S, .keepalive = keepalive

static const struct venue_recording spot_recording = {
    .url = "wss://stream.bybit.com/v5/public/spot", .path = "/v5/public/spot", LIMITS};
static const struct venue_recording linear_recording = {
    .url = "wss://stream.bybit.com/v5/public/linear", .path = "/v5/public/linear", LIMITS};
static const struct venue_recording inverse_recording = {
    .url = "wss://stream.bybit.com/v5/public/inverse", .path = "/v5/public/inverse", LIMITS};

const struct venue venue_bybit = {
    .name = "bybit",
    .title = "Bybit spot",
    .ids = IDS_ASCENDING,
    .has_no_mic = true,
    .decode = bybit_spot_decode,
    .decode_general = bybit_spot_decode_general,
    .decode_http = bybit_decode_http,
    .klines = bybit_klines,
    .klines_http = bybit_klines_http,
    .describe = bybit_spot_describe,
    .symbol = bybit_spot_symbol,
    .recording = &spot_recording,
    .rest = &bybit_spot_rest,
    .serving = &bybit_spot_serving,
};

const struct venue venue_bybit_linear = {
    .name = "bybit-linear",
    .title = "Bybit contracts in USDT and USDC",
    .ids = IDS_OPAQUE,
    .has_no_mic = true,
    .decode = bybit_contract_decode,
    .decode_general = bybit_contract_decode_general,
    .decode_http = bybit_decode_http,
    .klines = bybit_klines,
    .klines_http = bybit_klines_http,
    .describe = bybit_linear_describe,
    .symbol = bybit_linear_symbol,
    .recording = &linear_recording,
    .rest = &bybit_linear_rest,
    .serving = &bybit_linear_serving,
};

const struct venue venue_bybit_inverse = {
    .name = "bybit-inverse",
    .title = "Bybit contracts in coins",
    .ids = IDS_OPAQUE,
    .has_no_mic = true,
    .decode = bybit_contract_decode,
    .decode_general = bybit_contract_decode_general,
    .decode_http = bybit_decode_http,
    .klines = bybit_inverse_klines,
    .klines_http = bybit_klines_http,
    .describe = bybit_inverse_describe,
    .symbol = bybit_inverse_symbol,
    .recording = &inverse_recording,
    .rest = &bybit_inverse_rest,
    .serving = &bybit_inverse_serving,
};
