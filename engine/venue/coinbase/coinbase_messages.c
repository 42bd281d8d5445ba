#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_text.h"

/* Keeps a message small enough for any server's limit. */
#define PRODUCTS_PER_MESSAGE 100

/* Which products message `index` names; 0 when there is no such message. */
static size_t slice(size_t count, size_t index, size_t *out_first)
{
    if (index > count / PRODUCTS_PER_MESSAGE) {
        return 0;
    }
    *out_first = index * PRODUCTS_PER_MESSAGE;
    size_t left = count - *out_first;
    return left < PRODUCTS_PER_MESSAGE ? left : PRODUCTS_PER_MESSAGE;
}

static enum err begin(struct buf *out, const char *const *symbols, size_t count)
{
    buf_clear(out);
    enum err err = buf_append_text(out, "{\"type\":\"subscribe\",\"product_ids\":");
    return err ? err : venue_text_append_list(out, symbols, count);
}

/* The heartbeat goes with the trades: it shows that the connection lives, and the newest trade's
 * id. */
enum err coinbase_subscribe(const char *channel, const char *const *symbols, size_t count,
                            size_t index, struct buf *out)
{
    size_t first = 0, size = slice(count, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    enum err err = begin(out, symbols + first, size);
    return err ? err : buf_printf(out, ",\"channels\":[\"%s\",\"heartbeat\"]}", channel);
}

/* One channel a message: first all products of the channel, then one message for the heartbeats,
 * without which the venue closes quiet connections. */
enum err coinbase_advanced_subscribe(const char *channel, const char *const *symbols, size_t count,
                                     size_t index, struct buf *out)
{
    size_t first = 0, size = slice(count, index, &first);
    size_t messages = (count + PRODUCTS_PER_MESSAGE - 1) / PRODUCTS_PER_MESSAGE;
    if (count == 0 || index > messages) {
        return ERR_END;
    }
    if (index == messages) {
        channel = "heartbeats";
        first = 0;
        size = 1;
    }
    enum err err = begin(out, symbols + first, size);
    return err ? err : buf_printf(out, ",\"channel\":\"%s\"}", channel);
}
