#include "engine/base/time_text.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

/* ---- Exchange -------------------------------------------------------------------------------- */

/* The id as an order's. */
static enum err append_order(const char *name, uint64_t id, unsigned version, struct buf *out)
{
    return buf_printf(out, ",\"%s\":\"%08x-0000-4000-%04x-%012" PRIx64 "\"", name,
                      (unsigned)(id >> 32), version, id & UINT64_C(0xFFFFFFFFFFFF));
}

/* The side is the maker's. */
enum err coinbase_append_amounts(const struct trade *trade, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(size, trade->quantity);
    return buf_printf(out, ",\"side\":\"%s\",\"size\":\"%s\",\"price\":\"%s\"",
                      trade->taker == TAKER_SELL ? "buy" : "sell", size, price);
}

static enum err append_match(const struct venue_writing *writing, const struct trade *trade,
                             struct buf *out)
{
    enum err err = buf_printf(out, "{\"type\":\"%s\",\"trade_id\":%" PRIu64,
                              writing->snapshot ? "last_match" : "match", trade->id);
    if (!err) {
        err = append_order("maker_order_id", trade->id, 0x8000, out);
    }
    if (!err) {
        err = append_order("taker_order_id", trade->id, 0x9000, out);
    }
    if (!err) {
        err = coinbase_append_amounts(trade, out);
    }
    if (!err) {
        err = buf_append_text(out, ",\"product_id\":");
    }
    if (!err) {
        err = buf_append_json(out, trade->symbol, strlen(trade->symbol));
    }
    if (!err) {
        err = buf_printf(out, ",\"sequence\":%" PRIu64 ",\"time\":\"", writing->sequence);
    }
    if (!err) {
        err = venue_text_append_us(out, trade->source_ns);
    }
    return err ? err : buf_append_text(out, "\"}");
}

enum err coinbase_write_trades(const struct venue_writing *writing, const struct trade *trades,
                               size_t count, size_t *out_count, struct buf *out)
{
    buf_clear(out);
    *out_count = count > 0;
    return count > 0 ? append_match(writing, trades, out) : ERR_OK;
}

/* ---- Advanced Trade -------------------------------------------------------------------------- */

static enum err append_advanced(const struct trade *trade, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(size, trade->quantity);
    enum err err = buf_append_text(out, "{\"product_id\":");
    if (!err) {
        err = buf_append_json(out, trade->symbol, strlen(trade->symbol));
    }
    if (!err) {
        err = buf_printf(
            out, ",\"trade_id\":\"%" PRIu64 "\",\"price\":\"%s\",\"size\":\"%s\",\"time\":\"",
            trade->id, price, size);
    }
    if (!err) {
        err = venue_text_append_time(out, trade->source_ns);
    }
    return err ? err
               : buf_printf(out, "\",\"side\":\"%s\"}",
                            trade->taker == TAKER_SELL ? "BUY" : "SELL");
}

enum err coinbase_append_newest_first(const struct trade *trades, size_t count, struct buf *out)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = count; i-- > 0 && !err;) {
        err = append_advanced(&trades[i], out);
        if (!err && i > 0) {
            err = buf_append_byte(out, ',');
        }
    }
    return err ? err : buf_append_byte(out, ']');
}

/* All in one batch. */
enum err coinbase_advanced_write_trades(const struct venue_writing *writing,
                                        const struct trade *trades, size_t count, size_t *out_count,
                                        struct buf *out)
{
    buf_clear(out);
    *out_count = count;
    enum err err =
        buf_append_text(out, "{\"channel\":\"market_trades\",\"client_id\":\"\",\"timestamp\":\"");
    if (!err) {
        err = venue_text_append_time(out, writing->venue_ns);
    }
    if (!err) {
        err = buf_printf(out,
                         "\",\"sequence_num\":%" PRIu64 ",\"events\":[{\"type\":\"%s\",\"trades\":",
                         writing->sequence, writing->snapshot ? "snapshot" : "update");
    }
    if (!err) {
        err = coinbase_append_newest_first(trades, count, out);
    }
    return err ? err : buf_append_text(out, "}]}");
}
