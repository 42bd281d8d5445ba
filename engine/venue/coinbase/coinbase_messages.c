#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Keeps a message small enough for any server's limit. */
#define PRODUCTS_PER_MESSAGE 100

static enum err begin(const struct venue_change *change, size_t first, size_t count,
                      struct buf *out)
{
    buf_clear(out);
    enum err err = buf_printf(
        out, "{\"type\":\"%s\",\"product_ids\":", change->leave ? "unsubscribe" : "subscribe");
    return err ? err : venue_text_append_list(out, change->symbols + first, count);
}

/* The heartbeat shows that the connection lives, and the newest trade's id. It goes with every
 * channel of a product, and is left with its trades. */
enum err coinbase_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, PRODUCTS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    bool heartbeat = !change->leave || strcmp(change->channel, "matches") == 0;
    const char *word = strcmp(change->channel, "level2") == 0 ? "level2_batch" : change->channel;
    enum err err = begin(change, first, size, out);
    return err ? err
               : buf_printf(out, ",\"channels\":[\"%s\"%s]}", word,
                            heartbeat ? ",\"heartbeat\"" : "");
}

/* One channel a message: first all products of the channel, then, when subscribing, one message
 * for the heartbeats, without which the venue closes quiet connections. */
enum err coinbase_advanced_subscribe(const struct venue_change *change, size_t index,
                                     struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, PRODUCTS_PER_MESSAGE, index, &first);
    size_t messages = (change->count + PRODUCTS_PER_MESSAGE - 1) / PRODUCTS_PER_MESSAGE;
    const char *channel = change->channel;
    if (index == messages && !change->leave && change->count > 0) {
        channel = "heartbeats";
        first = 0;
        size = 1;
    }
    if (size == 0) {
        return ERR_END;
    }
    enum err err = begin(change, first, size, out);
    return err ? err : buf_printf(out, ",\"channel\":\"%s\"}", channel);
}
