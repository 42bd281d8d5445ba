#include "engine/venue/coinbase/coinbase.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* "level2" stands for the batches of level2_batch, which need no login: frames call themselves the
 * same. */
static const struct venue_channel channels[] = {
    {.name = "matches", .role = ROLE_TRADES},
    {.name = "ticker", .role = ROLE_TOP},
    {.name = "level2", .role = ROLE_DEPTH},
    {.name = NULL},
};

/* The heartbeat channel, subscribed to with every other, speaks every second, so silence shows
 * soon. The venue takes 8 connections and 100 messages a second; no number of products per
 * connection and no age is documented. */
static const struct venue_recording recording = {
    .url = "wss://ws-feed.exchange.coinbase.com/",
    .path = "/",
    .channels = channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 400,
    .send_gap_ns = 50 * NS_PER_MS,
    .connects = 6,
    .connects_span_ns = NS_PER_S,
    .silence_ns = 10 * NS_PER_S,
    .subscribe = coinbase_subscribe,
};

static const struct venue_channel advanced_channels[] = {
    {.name = "market_trades", .role = ROLE_TRADES},
    {.name = "ticker", .role = ROLE_TOP},
    {.name = "level2", .role = ROLE_DEPTH},
    {.name = "candles", .role = ROLE_KLINES},
    {.name = NULL},
};

/* Eight messages and eight connections a second are the lower of two documented bounds. */
static const struct venue_recording advanced_recording = {
    .url = "wss://advanced-trade-ws.coinbase.com/",
    .path = "/",
    .channels = advanced_channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 400,
    .send_gap_ns = 150 * NS_PER_MS,
    .connects = 6,
    .connects_span_ns = NS_PER_S,
    .silence_ns = 10 * NS_PER_S,
    .subscribe = coinbase_advanced_subscribe,
};

enum err coinbase_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    const char *const parts[] = {name.base,   "-", name.quote, name.suffix[0] != '\0' ? "-" : NULL,
                                 name.suffix, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}

/* BTC-USD; what has another number of parts (BIT-26JUL24-CDE) is a contract whose currencies only
 * the product list tells. */
void coinbase_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    const char *mark = strchr(out->symbol, '-');
    if (mark && !strchr(mark + 1, '-')) {
        (void)(venue_text_asset(out->symbol, (size_t)(mark - out->symbol), out->base) &&
               venue_text_asset(mark + 1, strlen(mark + 1), out->quote));
    } else {
        out->kind = INSTRUMENT_OTHER;
    }
    instrument_name(out, out->name);
}

const struct venue venue_coinbase = {
    .name = "coinbase",
    .title = "Coinbase Exchange",
    .ids = IDS_CONTIGUOUS,
    .has_no_mic = true,
    .decode = coinbase_decode,
    .decode_general = coinbase_decode_general,
    .decode_http = coinbase_decode_http,
    .klines_http = coinbase_klines_http,
    .describe = coinbase_describe,
    .symbol = coinbase_symbol,
    .recording = &recording,
    .rest = &coinbase_rest,
    .serving = &coinbase_serving,
};

const struct venue venue_coinbase_advanced = {
    .name = "coinbase-advanced",
    .title = "Coinbase Advanced Trade",
    .ids = IDS_CONTIGUOUS,
    .decode = coinbase_advanced_decode,
    .decode_general = coinbase_advanced_decode_general,
    .decode_http = coinbase_advanced_decode_http,
    .klines = coinbase_advanced_klines,
    .describe = coinbase_describe,
    .symbol = coinbase_symbol,
    .recording = &advanced_recording,
    .rest = &coinbase_advanced_rest,
    .serving = &coinbase_advanced_serving,
};
