#include "engine/venue/bitstamp/bitstamp.h"

#include "engine/base/time_text.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

static const struct venue_channel channels[] = {
    {.name = BITSTAMP_TRADES, .role = ROLE_TRADES},
    {.name = "diff_order_book", .role = ROLE_DEPTH},
    {.name = "order_book", .role = ROLE_DEPTH},
    {.name = "detail_order_book", .role = ROLE_DEPTH},
    {.name = NULL},
};

bool bitstamp_split(const char *word, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX])
{
    const char *mark = strrchr(word, '_');
    size_t size = mark ? (size_t)(mark - word) : 0;
    if (size == 0 || size >= CHANNEL_MAX || mark[1] == '\0' || strlen(mark + 1) >= SYMBOL_MAX) {
        return false;
    }
    memcpy(channel, word, size);
    channel[size] = '\0';
    memcpy(symbol, mark + 1, strlen(mark + 1) + 1);
    return true;
}

/* A pair is written without a mark between its currencies: only the list divides it. */
static void describe(const char *symbol, struct instrument *out)
{
    static const char perpetual[] = "-perp";
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
    bool perpetual = strcmp(name.suffix, "PERP") == 0;
    if (name.suffix[0] != '\0' && !perpetual) {
        return err_fail(ERR_UNKNOWN, "bitstamp has no '%s'; write it like BTC-USD or BTC-USD-PERP",
                        instrument);
    }
    const char *const parts[] = {name.base, name.quote, perpetual ? "-perp" : "", NULL};
    err = venue_name_join(out, SYMBOL_MAX, parts);
    if (!err) {
        venue_text_lower(out);
    }
    return err;
}

/* One channel of one symbol a message; messages carry no id. */
static enum err subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    char word[BITSTAMP_WORD_MAX];
    if (index >= change->count) {
        return ERR_END;
    }
    buf_clear(out);
    snprintf(word, sizeof word, "%s_%s", change->channel, change->symbols[index]);
    enum err err = buf_printf(
        out, "{\"event\":\"bts:%ssubscribe\",\"data\":{\"channel\":", change->leave ? "un" : "");
    err = err ? err : buf_append_json(out, word, strlen(word));
    return err ? err : buf_append_text(out, "}}");
}

static enum err keepalive(uint64_t number, struct buf *out)
{
    (void)number;
    buf_clear(out);
    return buf_append_text(out, "{\"event\":\"bts:heartbeat\"}");
}

/* The venue sends nothing by itself in a quiet market; it answers our heartbeats. It asks to
 * connect anew before maintenance. Others say that it cuts connections after 90 days, which nothing
 * confirms: a day is taken for it, since a changeover costs nothing and a cut does. No other limit
 * is documented: these are modest. */
static const struct venue_recording recording = {
    .url = "wss://ws.bitstamp.net/",
    .path = "/",
    .channels = channels,
    .ack = ACK_MESSAGE,
    .symbols_max = 200,
    .send_gap_ns = 50 * NS_PER_MS,
    .connects = 24,
    .connects_span_ns = NS_PER_MIN,
    .silence_ns = 35 * NS_PER_S,
    .age_max_ns = NS_PER_DAY,
    .subscribe = subscribe,
    .keepalive_ns = 15 * NS_PER_S,
    .keepalive = keepalive,
};

const struct venue venue_bitstamp = {
    .name = "bitstamp",
    .title = "Bitstamp",
    .ids = IDS_ASCENDING,
    .decode = bitstamp_decode,
    .decode_general = bitstamp_decode_general,
    .decode_http = bitstamp_decode_http,
    .describe = describe,
    .symbol = symbol,
    .recording = &recording,
    .rest = &bitstamp_rest,
    .serving = &bitstamp_serving,
};
