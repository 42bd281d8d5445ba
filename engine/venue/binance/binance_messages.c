#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Keeps a message below 16 KB whatever the symbols are called. */
#define STREAMS_PER_MESSAGE 200

static enum err append_streams(const char *channel, const char *const *symbols, size_t count,
                               struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        char stream[BINANCE_STREAM_MAX];
        if (strlen(symbols[i]) >= SYMBOL_MAX || strlen(channel) >= CHANNEL_MAX) {
            return err_fail(ERR_LIMIT, "symbol '%s' is too long", symbols[i]);
        }
        binance_stream_join(channel, symbols[i], stream);
        enum err err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = buf_append_json(out, stream, strlen(stream));
        }
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

enum err binance_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, STREAMS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = buf_printf(out, "{\"method\":\"%s\",\"params\":[",
                              change->leave ? "UNSUBSCRIBE" : "SUBSCRIBE");
    if (!err) {
        err = append_streams(change->channel, change->symbols + first, size, out);
    }
    return err ? err
               : buf_printf(out, "],\"id\":%llu}", (unsigned long long)(change->first_id + index));
}
