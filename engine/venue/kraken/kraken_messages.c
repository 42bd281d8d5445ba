#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_text.h"

#include <string.h>

#define PAIRS_PER_MESSAGE 50

/* snapshot asks for the last fifty trades, which repair what a reconnect missed. */
enum err kraken_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, PAIRS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err = buf_printf(out, "{\"method\":\"%s\",\"params\":{\"channel\":\"%s\",\"symbol\":",
                              change->leave ? "unsubscribe" : "subscribe", change->channel);
    if (!err) {
        err = venue_text_append_list(out, change->symbols + first, size);
    }
    return err ? err
               : buf_printf(out, "%s},\"req_id\":%llu}", change->leave ? "" : ",\"snapshot\":true",
                            (unsigned long long)(change->first_id + index));
}

enum err kraken_keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "{\"method\":\"ping\",\"req_id\":%llu}", (unsigned long long)number);
}

/* "book-10" is asked for as name "book" with depth 10. */
static enum err append_subscription(const char *channel, struct buf *out)
{
    const char *mark = strchr(channel, '-');
    if (!mark) {
        return buf_printf(out, "\"subscription\":{\"name\":\"%s\"}", channel);
    }
    bool book = strncmp(channel, "book", 4) == 0;
    return buf_printf(out, "\"subscription\":{\"name\":\"%.*s\",\"%s\":%s}", (int)(mark - channel),
                      channel, book ? "depth" : "interval", mark + 1);
}

enum err kraken_v1_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    size_t first = 0, size = venue_text_part(change->count, PAIRS_PER_MESSAGE, index, &first);
    if (size == 0) {
        return ERR_END;
    }
    buf_clear(out);
    enum err err =
        buf_printf(out, "{\"event\":\"%s\",\"pair\":", change->leave ? "unsubscribe" : "subscribe");
    if (!err) {
        err = venue_text_append_list(out, change->symbols + first, size);
    }
    if (!err) {
        err = buf_append_byte(out, ',');
    }
    if (!err) {
        err = append_subscription(change->channel, out);
    }
    return err ? err
               : buf_printf(out, ",\"reqid\":%llu}",
                            (unsigned long long)(change->first_id + index));
}

enum err kraken_v1_keepalive(uint64_t number, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "{\"event\":\"ping\",\"reqid\":%llu}", (unsigned long long)number);
}
