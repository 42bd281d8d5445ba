#include "engine/venue/binance/binance.h"

#include "engine/base/time_text.h"

static const struct venue_channel channels[] = {
    {.name = "trade", .role = ROLE_TRADES},    {.name = "aggTrade", .role = ROLE_TRADES},
    {.name = "bookTicker", .role = ROLE_TOP},  {.name = "depth@100ms", .role = ROLE_DEPTH},
    {.name = "kline_1m", .role = ROLE_KLINES}, {.name = NULL},
};

/* 1024 streams per connection, which ends after 24 hours; 300 attempts to connect in five minutes,
 * of which four fifths are used. Five inbound messages per second are allowed and pongs count too:
 * three leave room. Spot pings every 20 s, so two and a half pings without a sign of life mean a
 * dead connection.
 *
 * wss://data-stream.binance.vision has the same streams, and https://data-api.binance.vision the
 * same REST, for market data only and without historicalTrades (so that only aggTrade can be
 * repaired there): both are reached by giving them as other hosts. */
static const struct venue_recording recording = {
    .url = "wss://stream.binance.com:9443/stream",
    .path = "/stream",
    .channels = channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 1024,
    .send_gap_ns = 350 * NS_PER_MS,
    .connects = 240,
    .connects_span_ns = 5 * NS_PER_MIN,
    .silence_ns = 50 * NS_PER_S,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

/* Another company's markets with the same limits; it pings every three minutes. */
static const struct venue_recording us_recording = {
    .url = "wss://stream.binance.us:9443/stream",
    .path = "/stream",
    .channels = channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 1024,
    .send_gap_ns = 350 * NS_PER_MS,
    .connects = 240,
    .connects_span_ns = 5 * NS_PER_MIN,
    .silence_ns = 4 * NS_PER_MIN,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

/* The paths were split in 2026: what is asked for on the wrong one is acknowledged and never sent.
 * Raw trades are in no manual any more and may stay silent: aggTrade is the default. */
#define USDM_PUBLIC .url = "wss://fstream.binance.com/public/stream", .path = "/public/stream"
static const struct venue_channel usdm_channels[] = {
    {.name = "aggTrade", .role = ROLE_TRADES},
    {.name = "trade", .role = ROLE_TRADES, USDM_PUBLIC},
    {.name = "bookTicker", .role = ROLE_TOP, USDM_PUBLIC},
    {.name = "depth@100ms", .role = ROLE_DEPTH, USDM_PUBLIC},
    {.name = "kline_1m", .role = ROLE_KLINES},
    {.name = NULL},
};

static const struct venue_recording usdm_recording = {
    .url = "wss://fstream.binance.com/market/stream",
    .path = "/market/stream",
    .channels = usdm_channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 1024,
    .send_gap_ns = 350 * NS_PER_MS,
    .connects = 240,
    .connects_span_ns = 5 * NS_PER_MIN,
    .silence_ns = 4 * NS_PER_MIN,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

static const struct venue_channel coinm_channels[] = {
    {.name = "aggTrade", .role = ROLE_TRADES}, {.name = "trade", .role = ROLE_TRADES},
    {.name = "bookTicker", .role = ROLE_TOP},  {.name = "depth@100ms", .role = ROLE_DEPTH},
    {.name = "kline_1m", .role = ROLE_KLINES}, {.name = NULL},
};

static const struct venue_recording coinm_recording = {
    .url = "wss://dstream.binance.com/stream",
    .path = "/stream",
    .channels = coinm_channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 200,
    .send_gap_ns = 350 * NS_PER_MS,
    .connects = 240,
    .connects_span_ns = 5 * NS_PER_MIN,
    .silence_ns = 4 * NS_PER_MIN,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = binance_subscribe,
};

const struct venue venue_binance = {
    .name = "binance",
    .title = "Binance spot",
    .ids = IDS_CONTIGUOUS,
    .decode = binance_decode,
    .decode_general = binance_decode_general,
    .decode_http = binance_decode_http,
    .klines = binance_klines,
    .klines_http = binance_klines_http,
    .describe = binance_describe,
    .symbol = binance_symbol,
    .recording = &recording,
    .rest = &binance_rest,
    .serving = &binance_serving,
};

const struct venue venue_binance_us = {
    .name = "binance-us",
    .title = "Binance.US",
    .ids = IDS_CONTIGUOUS,
    .has_no_mic = true,
    .decode = binance_decode,
    .decode_general = binance_decode_general,
    .decode_http = binance_decode_http,
    .klines = binance_klines,
    .klines_http = binance_klines_http,
    .describe = binance_describe,
    .symbol = binance_symbol,
    .recording = &us_recording,
    .rest = &binance_us_rest,
    .serving = &binance_serving,
};

const struct venue venue_binance_usdm = {
    .name = "binance-usdm",
    .title = "Binance USD-M futures",
    .ids = IDS_CONTIGUOUS,
    .decode = binance_decode,
    .decode_general = binance_decode_general,
    .decode_http = binance_decode_http,
    .klines = binance_klines,
    .klines_http = binance_klines_http,
    .describe = binance_usdm_describe,
    .symbol = binance_usdm_symbol,
    .recording = &usdm_recording,
    .rest = &binance_usdm_rest,
    .serving = &binance_usdm_serving,
};

const struct venue venue_binance_coinm = {
    .name = "binance-coinm",
    .title = "Binance COIN-M futures",
    .ids = IDS_CONTIGUOUS,
    .decode = binance_decode,
    .decode_general = binance_decode_general,
    .decode_http = binance_decode_http,
    .klines = binance_coinm_klines,
    .klines_http = binance_coinm_klines_http,
    .describe = binance_coinm_describe,
    .symbol = binance_coinm_symbol,
    .recording = &coinm_recording,
    .rest = &binance_coinm_rest,
    .serving = &binance_coinm_serving,
};
