#include "engine/venue/kraken/kraken.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

static const char *const channels[] = {"trade", "ticker", NULL};

/* Once subscribed the venue sends a heartbeat every second in which nothing else is sent, so
 * silence shows soon; a connection on which the client says nothing may be closed after a minute.
 * No limit of pairs, of messages or of age is documented: these are modest. */
static const struct venue_recording recording = {
    .url = "wss://ws.kraken.com/v2",
    .path = "/v2",
    .channel = "trade",
    .channels = channels,
    .symbols_max = 200,
    .send_gap_ns = 200 * NS_PER_MS,
    .silence_ns = 10 * NS_PER_S,
    .keepalive_ns = 30 * NS_PER_S,
    .subscribe = kraken_subscribe,
    .keepalive = kraken_keepalive,
};

/* Fifty pairs a message. snapshot asks for the last fifty trades, which repair what a reconnect
 * missed. */
enum { PAIRS_PER_MESSAGE = 50 };

enum err kraken_subscribe(const char *channel, const char *const *symbols, size_t count,
                          size_t index, struct buf *out)
{
    if (index > count / PAIRS_PER_MESSAGE || index * PAIRS_PER_MESSAGE >= count) {
        return ERR_END;
    }
    size_t first = index * PAIRS_PER_MESSAGE, left = count - first;
    buf_clear(out);
    enum err err = buf_printf(
        out, "{\"method\":\"subscribe\",\"params\":{\"channel\":\"%s\",\"symbol\":", channel);
    if (!err) {
        err = venue_text_append_list(out, symbols + first,
                                     left < PAIRS_PER_MESSAGE ? left : PAIRS_PER_MESSAGE);
    }
    return err ? err : buf_printf(out, ",\"snapshot\":true},\"req_id\":%zu}", index + 1);
}

enum err kraken_keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "{\"method\":\"ping\",\"req_id\":%llu}", (unsigned long long)number);
}

const struct venue venue_kraken = {
    .name = "kraken",
    .title = "Kraken spot",
    .volume_unit = VOLUME_BASE,
    .ids_contiguous = true,
    .decode = kraken_decode,
    .decode_http = kraken_decode_http,
    .symbol = kraken_symbol,
    .instrument = kraken_instrument,
    .recording = &recording,
    .serving = &kraken_serving,
};

const struct venue venue_kraken_v1 = {
    .name = "kraken-v1",
    .title = "Kraken spot, WebSocket v1",
    .volume_unit = VOLUME_BASE,
    .ids_contiguous = false,
    .decode = kraken_v1_decode,
    .decode_http = NULL,
    .symbol = kraken_v1_symbol,
    .instrument = kraken_v1_instrument,
    .recording = NULL,
    .serving = &kraken_v1_serving,
};
