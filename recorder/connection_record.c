#include "recorder/connection_record.h"

#include <inttypes.h>
#include <string.h>

const struct venue_channel *item_span_channel(struct item_span items, size_t *at)
{
    const struct venue_channel *seen[PLAN_STREAMS_MAX];
    size_t seen_count = 0;
    for (size_t i = 0; i < items.count; i++) {
        const struct venue_channel *channel = items.items[i].channel;
        bool known = false;
        for (size_t k = 0; k < seen_count && !known; k++)
            known = seen[k] == channel;
        if (known)
            continue;
        if (seen_count == *at) {
            ++*at;
            return channel;
        }
        if (seen_count == PLAN_STREAMS_MAX)
            break;
        seen[seen_count++] = channel;
    }
    return NULL;
}

static enum err append_text(struct buf *out, const char *text)
{
    return buf_append_json(out, text, strlen(text));
}

static enum err append_symbols(struct buf *out, struct item_span items,
                               const struct venue_channel *channel)
{
    bool first = true;
    enum err err = buf_append_byte(out, '[');
    for (size_t i = 0; !err && i < items.count; i++) {
        if (items.items[i].channel != channel)
            continue;
        err = first ? ERR_OK : buf_append_byte(out, ',');
        err = err ? err : append_text(out, items.items[i].symbol);
        first = false;
    }
    return err ? err : buf_append_byte(out, ']');
}

/* {"trade":["BTCUSDT"],"top":["BTCUSDT"]} */
static enum err append_items(struct buf *out, struct item_span items)
{
    const struct venue_channel *channel;
    size_t at = 0;
    enum err err = buf_append_byte(out, '{');
    while (!err && (channel = item_span_channel(items, &at))) {
        err = at > 1 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_text(out, channel->name);
        err = err ? err : buf_append_byte(out, ':');
        err = err ? err : append_symbols(out, items, channel);
    }
    return err ? err : buf_append_byte(out, '}');
}

enum err connection_record_open(struct buf *out, const struct connection_open *open)
{
    buf_clear(out);
    enum err err = buf_append_text(out, "{\"event\":\"open\",\"url\":");
    err = err ? err : append_text(out, open->url);
    err = err ? err : buf_printf(out, ",\"link\":%" PRIu32, open->link);
    if (!err && open->replaces > 0)
        err = buf_printf(out, ",\"replaces\":%" PRIu32, open->replaces);
    err = err ? err : buf_append_text(out, ",\"wanted\":");
    err = err ? err : append_items(out, open->wanted);
    return err ? err : buf_append_byte(out, '}');
}

enum err connection_record_change(struct buf *out, struct item_span add, struct item_span leave)
{
    buf_clear(out);
    enum err err = buf_append_text(out, "{\"event\":\"change\"");
    if (!err && add.count > 0) {
        err = buf_append_text(out, ",\"add\":");
        err = err ? err : append_items(out, add);
    }
    if (!err && leave.count > 0) {
        err = buf_append_text(out, ",\"leave\":");
        err = err ? err : append_items(out, leave);
    }
    return err ? err : buf_append_byte(out, '}');
}

/* Reasons come from the network too: what is no UTF-8 would make the record no JSON. */
static enum err append_reason(struct buf *out, const char *event, const char *reason)
{
    buf_clear(out);
    enum err err = buf_printf(out, "{\"event\":\"%s\",\"reason\":", event);
    bool text = buf_is_utf8(reason, strlen(reason));
    return err ? err : append_text(out, text ? reason : "a reason that is no text");
}

enum err connection_record_close(struct buf *out, const char *reason, bool planned)
{
    enum err err = append_reason(out, "close", reason);
    return err ? err : buf_printf(out, ",\"planned\":%s}", planned ? "true" : "false");
}

enum err connection_record_error(struct buf *out, const char *reason)
{
    enum err err = append_reason(out, "error", reason);
    return err ? err : buf_append_byte(out, '}');
}

enum err connection_record_clock(struct buf *out, int64_t step_ns)
{
    buf_clear(out);
    return buf_printf(out, "{\"event\":\"clock\",\"step_ns\":%" PRId64 "}", step_ns);
}
