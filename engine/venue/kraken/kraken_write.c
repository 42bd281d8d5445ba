#include "engine/base/time_text.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

/* Order types are not kept in trades. */
static bool is_market_order(const struct trade *trade)
{
    return trade->id % 3 == 0;
}

static enum err append_v2(const struct trade *trade, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    enum err err = buf_append_text(out, "{\"symbol\":");
    if (!err) {
        err = buf_append_json(out, trade->symbol, strlen(trade->symbol));
    }
    if (!err) {
        err = buf_printf(out,
                         ",\"side\":\"%s\",\"price\":%s,\"qty\":%s,\"ord_type\":\"%s\","
                         "\"trade_id\":%" PRIu64 ",\"timestamp\":\"",
                         trade->taker == TAKER_SELL ? "sell" : "buy", price, quantity,
                         is_market_order(trade) ? "market" : "limit", trade->id);
    }
    if (!err) {
        err = venue_text_append_us(out, trade->source_ns);
    }
    return err ? err : buf_append_text(out, "\"}");
}

/* Updates come oldest first, snapshots newest first. */
enum err kraken_write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out)
{
    buf_clear(out);
    *out_count = count;
    enum err err = buf_printf(out, "{\"channel\":\"trade\",\"type\":\"%s\",\"data\":[",
                              writing->snapshot ? "snapshot" : "update");
    for (size_t i = 0; i < count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = append_v2(&trades[writing->snapshot ? count - 1 - i : i], out);
        }
    }
    return err ? err : buf_append_text(out, "]}");
}

enum err kraken_append_row(const struct trade *trade, const char *quote, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    enum err err = buf_printf(out, "[\"%s\",\"%s\",%s", price, quantity, quote);
    if (!err) {
        err = venue_text_append_seconds(out, trade->source_ns, quote[0] != '\0' ? 6 : 0);
    }
    return err ? err
               : buf_printf(out, "%s,\"%s\",\"%s\",\"\"", quote,
                            trade->taker == TAKER_SELL ? "s" : "b",
                            is_market_order(trade) ? "m" : "l");
}

/* [channelID,[rows],"trade","XBT/USD"] */
enum err kraken_v1_write_trades(const struct venue_writing *writing, const struct trade *trades,
                                size_t count, size_t *out_count, struct buf *out)
{
    (void)writing;
    buf_clear(out);
    *out_count = count;
    enum err err = buf_append_text(out, "[0,[");
    for (size_t i = 0; i < count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = kraken_append_row(&trades[i], "\"", out);
        }
        if (!err) {
            err = buf_append_byte(out, ']');
        }
    }
    if (!err) {
        err = buf_append_text(out, "],\"trade\",");
    }
    if (!err) {
        const char *pair = count > 0 ? trades[0].symbol : "";
        err = buf_append_json(out, pair, strlen(pair));
    }
    return err ? err : buf_append_byte(out, ']');
}
