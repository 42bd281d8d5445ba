#include "engine/venue/okx/okx.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* The port 8443 of older manuals was closed in autumn 2026. */
#define PUBLIC_PATH   "/ws/v5/public"
#define BUSINESS_PATH "/ws/v5/business"
#define PUBLIC_URL    "wss://ws.okx.com" PUBLIC_PATH
#define BUSINESS_URL  "wss://ws.okx.com" BUSINESS_PATH

static const struct venue_channel channels[] = {
    {"trades-all", ROLE_TRADES, BUSINESS_URL, BUSINESS_PATH},
    {"trades", ROLE_TRADES, PUBLIC_URL, PUBLIC_PATH},
    {"bbo-tbt", ROLE_TOP, PUBLIC_URL, PUBLIC_PATH},
    {"tickers", ROLE_TOP, PUBLIC_URL, PUBLIC_PATH},
    {"books", ROLE_DEPTH, PUBLIC_URL, PUBLIC_PATH},
    {"books5", ROLE_DEPTH, PUBLIC_URL, PUBLIC_PATH},
    {"candle1m", ROLE_KLINES, BUSINESS_URL, BUSINESS_PATH},
    {.name = NULL},
};

/* What is subscribed to may be 64 KiB long in all: 500 of the longest are 52,000 bytes. A message
 * holds 100 of them; 480 messages an hour are allowed on a connection, and 3 a second. */
#define SYMBOLS_MAX         500
#define SYMBOLS_PER_MESSAGE 100

static enum err append_args(struct buf *out, const struct venue_change *change, size_t first,
                            size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = first; i < first + count && !err; i++) {
        const char *symbol = change->symbols[i];
        err = buf_printf(out, "%s{\"channel\":\"%s\",\"instId\":", i > first ? "," : "",
                         change->channel);
        err = err ? err : buf_append_json(out, symbol, strlen(symbol));
        err = err ? err : buf_append_byte(out, '}');
    }
    return err;
}

static enum err subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, SYMBOLS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = buf_printf(out, "{\"id\":\"%llu\",\"op\":\"%s\",\"args\":[",
                              (unsigned long long)(change->first_id + index),
                              change->leave ? "unsubscribe" : "subscribe");
    err = err ? err : append_args(out, change, first, size);
    return err ? err : buf_append_text(out, "]}");
}

static enum err keepalive(uint64_t number, struct buf *out)
{
    (void)number;
    buf_clear(out);
    return buf_append_text(out, "ping");
}

/* The venue closes what was silent for 30 s; every ping is answered, so more than one of them has
 * been lost by then. Three connects a second are allowed. */
static const struct venue_recording recording = {
    .url = BUSINESS_URL,
    .path = BUSINESS_PATH,
    .channels = channels,
    .ack = ACK_SYMBOL,
    .symbols_max = SYMBOLS_MAX,
    .send_gap_ns = 500 * NS_PER_MS,
    .connects = 2,
    .connects_span_ns = NS_PER_S,
    .silence_ns = 30 * NS_PER_S,
    .subscribe = subscribe,
    .keepalive_ns = 12 * NS_PER_S,
    .keepalive = keepalive,
};

const struct venue venue_okx = {
    .name = "okx",
    .title = "OKX",
    .ids = IDS_CONTIGUOUS,
    .decode = okx_decode,
    .decode_general = okx_decode_general,
    .decode_http = okx_decode_http,
    .klines = okx_klines,
    .klines_http = okx_klines_http,
    .describe = okx_describe,
    .symbol = okx_symbol,
    .recording = &recording,
    .rest = &okx_rest,
    .serving = &okx_serving,
};
