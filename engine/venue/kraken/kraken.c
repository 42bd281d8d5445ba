#include "engine/venue/kraken/kraken.h"

#include "engine/base/time_text.h"

static const struct venue_channel channels[] = {
    {.name = "trade", .role = ROLE_TRADES},
    {.name = "ticker", .role = ROLE_TOP},
    {.name = "book", .role = ROLE_DEPTH},
    {.name = "ohlc", .role = ROLE_KLINES},
    {.name = NULL},
};

/* Once subscribed the venue sends a heartbeat every second in which nothing else is sent, so
 * silence shows soon; a connection on which the client says nothing may be closed after a minute.
 * 150 connects in ten minutes are allowed. No limit of pairs, of messages or of age is documented:
 * these are modest. */
static const struct venue_recording recording = {
    .url = "wss://ws.kraken.com/v2",
    .path = "/v2",
    .channels = channels,
    .ack = ACK_SYMBOL,
    .symbols_max = 200,
    .send_gap_ns = 200 * NS_PER_MS,
    .connects = 120,
    .connects_span_ns = 10 * NS_PER_MIN,
    .silence_ns = 10 * NS_PER_S,
    .keepalive_ns = 30 * NS_PER_S,
    .subscribe = kraken_subscribe,
    .keepalive = kraken_keepalive,
};

/* Depth and interval are part of these names in frames. */
static const struct venue_channel v1_channels[] = {
    {.name = "trade", .role = ROLE_TRADES},
    {.name = "ticker", .role = ROLE_TOP},
    {.name = "book-10", .role = ROLE_DEPTH},
    {.name = "ohlc-1", .role = ROLE_KLINES},
    {.name = NULL},
};

static const struct venue_recording v1_recording = {
    .url = "wss://ws.kraken.com/",
    .path = "/",
    .channels = v1_channels,
    .ack = ACK_SYMBOL,
    .symbols_max = 200,
    .send_gap_ns = 200 * NS_PER_MS,
    .connects = 120,
    .connects_span_ns = 10 * NS_PER_MIN,
    .silence_ns = 10 * NS_PER_S,
    .keepalive_ns = 30 * NS_PER_S,
    .subscribe = kraken_v1_subscribe,
    .keepalive = kraken_v1_keepalive,
};

const struct venue venue_kraken = {
    .name = "kraken",
    .title = "Kraken spot",
    .ids = IDS_CONTIGUOUS,
    .decode = kraken_decode,
    .decode_general = kraken_decode_general,
    .decode_http = kraken_decode_http,
    .klines = kraken_klines,
    .klines_http = kraken_klines_http,
    .describe = kraken_describe,
    .symbol = kraken_symbol,
    .recording = &recording,
    .rest = &kraken_rest,
    .serving = &kraken_serving,
};

const struct venue venue_kraken_v1 = {
    .name = "kraken-v1",
    .title = "Kraken spot, WebSocket v1",
    .ids = IDS_NONE,
    .decode = kraken_v1_decode,
    .decode_general = kraken_v1_decode_general,
    .klines = kraken_v1_klines,
    .decode_http = NULL,
    .describe = kraken_describe,
    .symbol = kraken_v1_symbol,
    .recording = &v1_recording,
    .rest = &kraken_v1_rest,
    .serving = &kraken_v1_serving,
};
