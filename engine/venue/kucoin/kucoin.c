#include "engine/venue/kucoin/kucoin.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

static const struct venue_channel channels[] = {
    {.name = KUCOIN_TRADES, .role = ROLE_TRADES},
    {.name = "/market/ticker", .role = ROLE_TOP},
    {.name = "/spotMarket/level1", .role = ROLE_TOP},
    {.name = "/market/level2", .role = ROLE_DEPTH},
    {.name = "/spotMarket/level2Depth5", .role = ROLE_DEPTH},
    {.name = "/spotMarket/level2Depth50", .role = ROLE_DEPTH},
    {.name = "/market/candles_1min", .role = ROLE_KLINES},
    {.name = NULL},
};

static bool is_candles(const char *topic, size_t size)
{
    return (size >= 8 && memcmp(topic + size - 8, "/candles", 8) == 0) ||
           (size >= 7 && memcmp(topic + size - 7, "/candle", 7) == 0);
}

size_t kucoin_interval_at(const char *channel)
{
    size_t size = strlen(channel);
    const char *mark = strrchr(channel, '_');
    return mark && is_candles(channel, (size_t)(mark - channel)) ? (size_t)(mark - channel) : size;
}

bool kucoin_name(const char *topic, const char *symbol_text, char channel[CHANNEL_MAX],
                 char symbol[SYMBOL_MAX])
{
    size_t size = strlen(topic), symbol_size = strlen(symbol_text);
    const char *interval = strrchr(symbol_text, '_');
    if (!interval || !is_candles(topic, size)) {
        interval = symbol_text + symbol_size;
    }
    symbol_size = (size_t)(interval - symbol_text);
    if (size == 0 || symbol_size == 0 || symbol_size >= SYMBOL_MAX ||
        size + strlen(interval) >= CHANNEL_MAX) {
        return false;
    }
    memcpy(channel, topic, size);
    memcpy(channel + size, interval, strlen(interval) + 1);
    if (symbol_size == 3 && memcmp(symbol_text, "all", 3) == 0) {
        symbol_size = 0;
    }
    memcpy(symbol, symbol_text, symbol_size);
    symbol[symbol_size] = '\0';
    return true;
}

/* BTC-USDT. What is not of that form (futures: XBTUSDTM) stays whole. */
void kucoin_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    const char *mark = strchr(out->symbol, '-');
    if (!mark || strchr(mark + 1, '-') ||
        !venue_text_asset(out->symbol, (size_t)(mark - out->symbol), out->base) ||
        !venue_text_asset(mark + 1, strlen(mark + 1), out->quote)) {
        out->base[0] = out->quote[0] = '\0';
    }
    venue_text_upper(out->base);
    venue_text_upper(out->quote);
    instrument_name(out, out->name);
}

static enum err symbol_of(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    if (name.suffix[0] != '\0') {
        return err_fail(ERR_UNKNOWN, "instrument '%s' is no spot pair; write it like BTC-USDT",
                        instrument);
    }
    const char *const parts[] = {name.base, "-", name.quote, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}

/* "/market/candles:BTC-USDT_1min,ETH-USDT_1min" */
static enum err append_topic(char *out, size_t out_size, const struct venue_change *change,
                             size_t first, size_t count)
{
    size_t at = kucoin_interval_at(change->channel);
    size_t used = (size_t)snprintf(out, out_size, "%.*s:", (int)at, change->channel);
    for (size_t i = first; i < first + count && used < out_size; i++) {
        used += (size_t)snprintf(out + used, out_size - used, "%s%s%s", i > first ? "," : "",
                                 change->symbols[i], change->channel + at);
    }
    return used < out_size ? ERR_OK
                           : err_fail(ERR_LIMIT, "symbol '%s' is too long", change->symbols[first]);
}

static enum err subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    char topic[KUCOIN_TOPICS_MAX * KUCOIN_TOPIC_MAX];
    size_t first = 0, size = venue_text_part(change->count, KUCOIN_TOPICS_MAX, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = append_topic(topic, sizeof topic, change, first, size);
    err = err ? err
              : buf_printf(out, "{\"id\":\"%llu\",\"type\":\"%s\",\"topic\":",
                           (unsigned long long)(change->first_id + index),
                           change->leave ? "unsubscribe" : "subscribe");
    err = err ? err : buf_append_json(out, topic, strlen(topic));
    return err ? err : buf_append_text(out, ",\"privateChannel\":false,\"response\":true}");
}

static enum err keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "{\"id\":\"%llu\",\"type\":\"ping\"}", (unsigned long long)number);
}

/* 30 connects a minute, 100 messages in ten seconds and 400 topics on a connection are allowed; of
 * the first two, four fifths at most are used. Every ping is answered, so silence means that two
 * have been lost. Tokens are good for a day, and connections do not outlive them. */
static const struct venue_recording recording = {
    .url = "wss://ws-api-spot.kucoin.com/",
    .path = "/",
    .channels = channels,
    .handshake = &kucoin_handshake,
    .greets = true,
    .ack = ACK_MESSAGE,
    .symbols_max = 400,
    .send_gap_ns = 200 * NS_PER_MS,
    .connects = 24,
    .connects_span_ns = NS_PER_MIN,
    .silence_ns = 40 * NS_PER_S,
    .age_max_ns = 24 * NS_PER_HOUR,
    .subscribe = subscribe,
    .keepalive_ns = KUCOIN_PING_NS,
    .keepalive = keepalive,
};

const struct venue venue_kucoin = {
    .name = "kucoin",
    .title = "KuCoin spot",
    .ids = IDS_ASCENDING,
    .has_no_mic = true,
    .decode = kucoin_decode,
    .decode_general = kucoin_decode_general,
    .decode_http = kucoin_decode_http,
    .klines = kucoin_klines,
    .klines_http = kucoin_klines_http,
    .describe = kucoin_describe,
    .symbol = symbol_of,
    .recording = &recording,
    .rest = &kucoin_rest,
    .serving = &kucoin_serving,
};
