#include "engine/venue/binance/binance.h"

#include "engine/base/time_text.h"

static const char *const channels[] = {"trade", "aggTrade", "bookTicker", NULL};

/* One stream per symbol, 1024 streams per connection, which ends after 24 hours. Five inbound
 * messages per second are allowed and pongs count too: three leave room. Spot pings every 20 s, so
 * two and a half pings without a sign of life mean a dead connection; futures ping every 3 minutes.
 */
static const struct venue_recording recording = {
    .url = "wss://stream.binance.com:9443/stream",
    .path = "/stream",
    .channel = "trade",
    .channels = channels,
    .symbols_max = 1024,
    .send_gap_ns = 350 * NS_PER_MS,
    .silence_ns = 50 * NS_PER_S,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

static const char *const futures_channels[] = {"aggTrade", "trade", "bookTicker", NULL};

/* The paths were split in 2026: what is asked for on the wrong one is acknowledged and never sent.
 * Raw trades are in no manual any more and may stay silent: aggTrade is the default. */
static const struct venue_endpoint usdm_elsewhere[] = {
    {"trade", "wss://fstream.binance.com/public/stream", "/public/stream"},
    {"bookTicker", "wss://fstream.binance.com/public/stream", "/public/stream"},
    {NULL, NULL, NULL},
};

static const struct venue_recording usdm_recording = {
    .url = "wss://fstream.binance.com/market/stream",
    .path = "/market/stream",
    .elsewhere = usdm_elsewhere,
    .channel = "aggTrade",
    .channels = futures_channels,
    .symbols_max = 1024,
    .send_gap_ns = 350 * NS_PER_MS,
    .silence_ns = 4 * NS_PER_MIN,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

static const struct venue_recording coinm_recording = {
    .url = "wss://dstream.binance.com/stream",
    .path = "/stream",
    .channel = "aggTrade",
    .channels = futures_channels,
    .symbols_max = 200,
    .send_gap_ns = 350 * NS_PER_MS,
    .silence_ns = 4 * NS_PER_MIN,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

const struct venue venue_binance = {
    .name = "binance",
    .title = "Binance spot",
    .volume_unit = VOLUME_BASE,
    .ids_contiguous = true,
    .decode = binance_decode,
    .decode_http = binance_decode_http,
    .symbol = binance_symbol,
    .instrument = binance_instrument,
    .recording = &recording,
    .serving = &binance_serving,
};

const struct venue venue_binance_usdm = {
    .name = "binance-usdm",
    .title = "Binance USD-M futures",
    .volume_unit = VOLUME_BASE,
    .ids_contiguous = true,
    .decode = binance_decode,
    .decode_http = binance_decode_http,
    .symbol = binance_usdm_symbol,
    .instrument = binance_usdm_instrument,
    .recording = &usdm_recording,
    .serving = &binance_serving,
};

const struct venue venue_binance_coinm = {
    .name = "binance-coinm",
    .title = "Binance COIN-M futures",
    .volume_unit = VOLUME_CONTRACT,
    .ids_contiguous = true,
    .decode = binance_decode,
    .decode_http = binance_decode_http,
    .symbol = binance_coinm_symbol,
    .instrument = binance_coinm_instrument,
    .recording = &coinm_recording,
    .serving = &binance_serving,
};
