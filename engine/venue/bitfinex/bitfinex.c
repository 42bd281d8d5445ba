#include "engine/venue/bitfinex/bitfinex.h"

#include "engine/base/time_text.h"

#include <string.h>

static const struct venue_channel channels[] = {
    {.name = "trades", .role = ROLE_TRADES},
    {.name = "ticker", .role = ROLE_TOP},
    {.name = "book", .role = ROLE_DEPTH},
    {.name = "book:R0", .role = ROLE_DEPTH},
    {.name = "candles:trade:1m", .role = ROLE_KLINES},
    {.name = NULL},
};

/* Each channel sends "hb" after 15 s without data: 35 s of silence are two that did not come. Over
 * 20 connects in a minute the venue blocks the address for a minute; it counts arrivals, which the
 * network may push together, so two are left to spare. */
static const struct venue_recording recording = {
    .url = "wss://api-pub.bitfinex.com/ws/2",
    .path = "/ws/2",
    .channels = channels,
    .greets = true,
    .ack = ACK_SYMBOL,
    .symbols_max = BITFINEX_CHANNELS_MAX,
    .send_gap_ns = 50 * NS_PER_MS,
    .connects = 18,
    .connects_span_ns = NS_PER_MIN,
    .silence_ns = 35 * NS_PER_S,
    .subscribe = bitfinex_subscribe,
    .keepalive_ns = 20 * NS_PER_S,
    .keepalive = bitfinex_keepalive,
};

/* "candles:trade:1m" -> candles and the key "trade:1m:tBTCUSD"; "book:R0" -> book with prec R0. */
static enum err append_words(struct buf *out, const char *channel, const char *symbol)
{
    size_t size = strcspn(channel, ":");
    const char *parameter = channel[size] == ':' ? channel + size + 1 : "";
    bool book = size == 4 && memcmp(channel, "book", 4) == 0;
    enum err err = buf_printf(out, "\"channel\":\"%.*s\"", (int)size, channel);
    if (!err && parameter[0] != '\0' && !book) {
        return buf_printf(out, ",\"key\":\"%s:%s\"", parameter, symbol);
    }
    if (!err) {
        err = buf_printf(out, ",\"symbol\":\"%s\"", symbol);
    }
    if (err || !book) {
        return err;
    }
    return buf_printf(out, ",\"prec\":\"%s\",\"freq\":\"F0\",\"len\":\"100\"",
                      parameter[0] != '\0' ? parameter : "P0");
}

/* First the request to number all frames of the connection (flag 65536), so that the tape can show
 * whether one is missing; asking again changes nothing. Then one message a channel. */
enum err bitfinex_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    if (change->leave) {
        return err_fail(ERR_UNKNOWN, "the venue is left by channel number only, which the message "
                                     "builder does not know; connect anew with what is to stay");
    }
    if (change->count == 0 || index > change->count) {
        return ERR_END;
    }
    buf_clear(out);
    if (index == 0) {
        return buf_append_text(out, "{\"event\":\"conf\",\"flags\":65536}");
    }
    enum err err = buf_append_text(out, "{\"event\":\"subscribe\",");
    if (!err) {
        err = append_words(out, change->channel, change->symbols[index - 1]);
    }
    return err ? err : buf_append_byte(out, '}');
}

enum err bitfinex_keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "{\"event\":\"ping\",\"cid\":%llu}", (unsigned long long)number);
}

const struct venue venue_bitfinex = {
    .name = "bitfinex",
    .title = "Bitfinex",
    .ids = IDS_ASCENDING,
    .has_no_mic = true,
    .routed = true,
    .decode = bitfinex_decode,
    .decode_general = bitfinex_decode_general,
    .decode_http = bitfinex_decode_http,
    .klines = bitfinex_klines,
    .describe = bitfinex_describe,
    .symbol = bitfinex_symbol,
    .recording = &recording,
    .rest = &bitfinex_rest,
    .serving = &bitfinex_serving,
};
