#include "engine/venue/deribit/deribit.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Interval "raw" is for those who log in. "agg2" makes the same rows wait less or longer. */
static const struct venue_channel channels[] = {
    {.name = "trades.100ms", .role = ROLE_TRADES},
    {.name = "trades.agg2", .role = ROLE_TRADES},
    {.name = "quote", .role = ROLE_TOP},
    {.name = "ticker.100ms", .role = ROLE_TOP},
    {.name = "book.100ms", .role = ROLE_DEPTH},
    {.name = "book.none.20.100ms", .role = ROLE_DEPTH},
    {.name = "chart.trades.1", .role = ROLE_KLINES},
    {.name = NULL},
};

/* The heartbeat asked for comes every 10 s, so 30 s of silence are three that did not come. An
 * address may hold 32 connections at once; how often it may connect is not documented. A subscribe
 * request costs a tenth of what an address may spend at once, and three come back a second. */
static const struct venue_recording recording = {
    .url = "wss://www.deribit.com/ws/api/v2",
    .path = "/ws/api/v2",
    .channels = channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 400,
    .send_gap_ns = 400 * NS_PER_MS,
    .connects = 20,
    .connects_span_ns = NS_PER_MIN,
    .silence_ns = 30 * NS_PER_S,
    .subscribe = deribit_subscribe,
    .respond = deribit_respond,
};

enum { CHANNELS_PER_MESSAGE = 100 };

static enum err append_words(struct buf *out, const struct venue_change *change, size_t first,
                             size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && !err; i++) {
        char word[DERIBIT_WORD_MAX];
        if (!deribit_join(change->channel, change->symbols[first + i], word)) {
            return err_fail(ERR_UNKNOWN, "channel '%s' of '%s' is too long a word", change->channel,
                            change->symbols[first + i]);
        }
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = buf_append_json(out, word, strlen(word));
        }
    }
    return err;
}

/* First the heartbeat; asking for it again changes nothing. */
enum err deribit_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    unsigned long long id = change->first_id + index;
    if (!change->leave && change->count > 0 && index == 0) {
        buf_clear(out);
        return buf_printf(out,
                          "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"public/set_heartbeat\","
                          "\"params\":{\"interval\":10}}",
                          id);
    }
    size_t part = change->leave ? index : index - 1, first = 0;
    size_t count = venue_text_part(change->count, CHANNELS_PER_MESSAGE, part, &first);
    if (count == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = buf_printf(out,
                              "{\"jsonrpc\":\"2.0\",\"id\":\"%llu/%s%zu\",\"method\":\"public/"
                              "%ssubscribe\",\"params\":{\"channels\":[",
                              id, change->leave ? "-" : "", count, change->leave ? "un" : "");
    if (!err) {
        err = append_words(out, change, first, count);
    }
    return err ? err : buf_append_text(out, "]}}");
}

const struct venue venue_deribit = {
    .name = "deribit",
    .title = "Deribit",
    .ids = IDS_CONTIGUOUS,
    .has_no_mic = true,
    .decode = deribit_decode,
    .decode_general = deribit_decode_general,
    .decode_http = deribit_decode_http,
    .klines = deribit_klines,
    .describe = deribit_describe,
    .symbol = deribit_symbol,
    .recording = &recording,
    .rest = &deribit_rest,
    .serving = &deribit_serving,
};
