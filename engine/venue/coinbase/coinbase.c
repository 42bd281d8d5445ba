#include "engine/venue/coinbase/coinbase.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <string.h>

static const char *const channels[] = {"matches", "ticker", NULL};
static const char *const advanced_channels[] = {"market_trades", "ticker", NULL};

/* The heartbeat channel, subscribed to with the trades, speaks every second, so silence shows soon.
 * The venue takes 100 messages a second; no number of products per connection and no age is
 * documented. */
static const struct venue_recording recording = {
    .url = "wss://ws-feed.exchange.coinbase.com/",
    .path = "/",
    .channel = "matches",
    .channels = channels,
    .symbols_max = 400,
    .send_gap_ns = 50 * NS_PER_MS,
    .silence_ns = 10 * NS_PER_S,
    .subscribe = coinbase_subscribe,
};

/* Eight messages a second is the lower of two documented bounds. */
static const struct venue_recording advanced_recording = {
    .url = "wss://advanced-trade-ws.coinbase.com/",
    .path = "/",
    .channel = "market_trades",
    .channels = advanced_channels,
    .symbols_max = 400,
    .send_gap_ns = 150 * NS_PER_MS,
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

void coinbase_instrument(const char *symbol, char out[INSTRUMENT_MAX])
{
    size_t size = strlen(symbol);
    size = size < INSTRUMENT_MAX ? size : INSTRUMENT_MAX - 1;
    memcpy(out, symbol, size);
    out[size] = '\0';
}

const struct venue venue_coinbase = {
    .name = "coinbase",
    .title = "Coinbase Exchange",
    .volume_unit = VOLUME_BASE,
    .ids_contiguous = true,
    .decode = coinbase_decode,
    .decode_http = coinbase_decode_http,
    .symbol = coinbase_symbol,
    .instrument = coinbase_instrument,
    .recording = &recording,
    .serving = &coinbase_serving,
};

const struct venue venue_coinbase_advanced = {
    .name = "coinbase-advanced",
    .title = "Coinbase Advanced Trade",
    .volume_unit = VOLUME_BASE,
    .ids_contiguous = true,
    .decode = coinbase_advanced_decode,
    .decode_http = coinbase_advanced_decode_http,
    .symbol = coinbase_symbol,
    .instrument = coinbase_instrument,
    .recording = &advanced_recording,
    .serving = &coinbase_advanced_serving,
};
