#include "engine/base/time_text.h"
#include "engine/venue/gemini/gemini.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

#define SNAPSHOT_MAX 50

static enum err append_trade(struct buf *out, const struct trade *trade)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    enum err err = buf_printf(out, "{\"E\":%" PRId64 ",\"s\":", trade->source_ns);
    err = err ? err : buf_append_json(out, trade->symbol, strlen(trade->symbol));
    return err ? err
               : buf_printf(out, ",\"t\":%" PRIu64 ",\"p\":\"%s\",\"q\":\"%s\",\"m\":%s}",
                            trade->id, price, quantity,
                            trade->taker == TAKER_SELL ? "true" : "false");
}

static enum err append_old_symbol(struct buf *out, const char *symbol)
{
    char upper[SYMBOL_MAX];
    memcpy(upper, symbol, strlen(symbol) + 1);
    venue_text_upper(upper);
    return buf_append_json(out, upper, strlen(upper));
}

static enum err append_old(struct buf *out, const struct trade *trade)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    enum err err = buf_append_text(out, "{\"type\":\"trade\",\"symbol\":");
    err = err ? err : append_old_symbol(out, trade->symbol);
    return err ? err
               : buf_printf(out,
                            ",\"event_id\":%" PRIu64 ",\"timestamp\":%" PRId64
                            ",\"price\":\"%s\",\"quantity\":\"%s\",\"side\":\"%s\"}",
                            trade->id, trade->source_ns / NS_PER_MS, price, quantity,
                            trade->taker == TAKER_SELL ? "sell" : "buy");
}

/* The first frame of a symbol, with an empty book; newest first. */
static enum err append_snapshot(struct buf *out, const struct trade *trades, size_t count)
{
    enum err err = buf_append_text(out, "{\"type\":\"l2_updates\",\"symbol\":");
    err = err ? err : append_old_symbol(out, trades[0].symbol);
    err = err ? err : buf_append_text(out, ",\"changes\":[],\"trades\":[");
    for (size_t i = count; i > 0 && !err; i--) {
        err = i < count ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_old(out, &trades[i - 1]);
    }
    return err ? err : buf_append_text(out, "],\"auction_events\":[]}");
}

enum err gemini_write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out)
{
    bool old = strcmp(writing->channel, "l2") == 0;
    enum err err = ERR_OK;
    buf_clear(out);
    *out_count = 0;
    if (count == 0) {
        return ERR_OK;
    }
    if (old && writing->snapshot) {
        count = count < SNAPSHOT_MAX ? count : SNAPSHOT_MAX;
        err = append_snapshot(out, trades, count);
    } else {
        count = 1;
        err = old ? append_old(out, &trades[0]) : append_trade(out, &trades[0]);
    }
    *out_count = err ? 0 : count;
    return err;
}
