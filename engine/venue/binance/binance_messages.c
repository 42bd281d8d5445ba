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

enum err binance_subscribe(const char *channel, const char *const *symbols, size_t count,
                           size_t index, struct buf *out)
{
    if (index > count / STREAMS_PER_MESSAGE || index * STREAMS_PER_MESSAGE >= count) {
        return ERR_END;
    }
    size_t first = index * STREAMS_PER_MESSAGE;
    size_t left = count - first;
    buf_clear(out);
    enum err err = buf_append_text(out, "{\"method\":\"SUBSCRIBE\",\"params\":[");
    if (!err) {
        err = append_streams(channel, symbols + first,
                             left < STREAMS_PER_MESSAGE ? left : STREAMS_PER_MESSAGE, out);
    }
    return err ? err : buf_printf(out, "],\"id\":%zu}", index + 1);
}
