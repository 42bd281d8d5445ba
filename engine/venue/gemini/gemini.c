#include "engine/venue/gemini/gemini.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

/* Keeps a message below 16 KB whatever the symbols are called. */
#define STREAMS_PER_MESSAGE 150

/* Frames of books do not tell the speed of their stream; it is the fast one that is asked for. */
static const struct venue_channel channels[] = {
    {.name = "trade", .role = ROLE_TRADES},
    {.name = "bookTicker", .role = ROLE_TOP},
    {.name = "depth", .role = ROLE_DEPTH},
    {.name = NULL},
};

/* A symbol is written without marks: only the list divides it. */
static void describe(const char *symbol, struct instrument *out)
{
    static const char perpetual[] = "perp";
    venue_describe_symbol(symbol, out);
    size_t size = strlen(out->symbol), tail = sizeof perpetual - 1;
    if (size > tail && strcmp(out->symbol + size - tail, perpetual) == 0) {
        out->kind = INSTRUMENT_PERPETUAL;
    }
}

static enum err symbol(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    if (name.suffix[0] != '\0' && strcmp(name.suffix, "PERP") != 0) {
        return err_fail(ERR_UNKNOWN, "gemini has no '%s'; write it like BTC-USD or BTC-GUSD-PERP",
                        instrument);
    }
    const char *const parts[] = {name.base, name.quote, name.suffix, NULL};
    err = venue_name_join(out, SYMBOL_MAX, parts);
    if (!err) {
        venue_text_lower(out);
    }
    return err;
}

static enum err append_stream(const char *symbol_text, const char *channel, struct buf *out)
{
    char stream[GEMINI_STREAM_MAX + 8];
    snprintf(stream, sizeof stream, "%s@%s%s", symbol_text, channel,
             strcmp(channel, "depth") == 0 ? "@100ms" : "");
    return buf_append_json(out, stream, strlen(stream));
}

static enum err subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, STREAMS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = buf_printf(out, "{\"id\":\"%llu\",\"method\":\"%s\",\"params\":[",
                              (unsigned long long)(change->first_id + index),
                              change->leave ? "unsubscribe" : "subscribe");
    for (size_t i = 0; i < size && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_stream(change->symbols[first + i], change->channel, out);
    }
    return err ? err : buf_append_text(out, "]}");
}

/* 300 connects in five minutes are allowed, of which four fifths are used. The venue pings every
 * 20 s. Neither an age nor a number of streams at which it cuts is documented: 200 is modest. */
static const struct venue_recording recording = {
    .url = "wss://ws.gemini.com/",
    .path = "/",
    .channels = channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 200,
    .send_gap_ns = 100 * NS_PER_MS,
    .connects = 240,
    .connects_span_ns = 5 * NS_PER_MIN,
    .silence_ns = 50 * NS_PER_S,
    .subscribe = subscribe,
};

const struct venue venue_gemini = {
    .name = "gemini",
    .title = "Gemini",
    .ids = IDS_ASCENDING,
    .has_no_mic = true,
    .decode = gemini_decode,
    .decode_general = gemini_decode_general,
    .decode_http = gemini_decode_http,
    .describe = describe,
    .symbol = symbol,
    .recording = &recording,
    .rest = &gemini_rest,
    .serving = &gemini_serving,
};
