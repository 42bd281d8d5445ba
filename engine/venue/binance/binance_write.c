#include "engine/base/time_text.h"
#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

static const char *maker(const struct trade *trade)
{
    return trade->taker == TAKER_SELL ? "true" : "false";
}

/* ,"p":"61837.63","q":"0.02" */
static enum err append_amounts(const struct trade *trade, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    return buf_printf(out, ",\"p\":\"%s\",\"q\":\"%s\"", price, quantity);
}

enum err binance_append_range(const struct trade *trade, struct buf *out)
{
    return trade->flags & TRADE_EXCLUDED ? buf_append_text(out, ",\"f\":-1,\"l\":-1")
                                         : buf_printf(out, ",\"f\":%" PRIu64 ",\"l\":%" PRIu64,
                                                      trade->first_id, trade->last_id);
}

static enum err append_symbol(const struct trade *trade, struct buf *out)
{
    enum err err = buf_append_text(out, ",\"s\":");
    return err ? err : buf_append_json(out, trade->symbol, strlen(trade->symbol));
}

/* {"e":"trade","E":...,"s":"BTCUSDT","t":1,"p":"...","q":"...","T":...,"m":true,"M":true}, the
 * aggregate with "a" for "t" and its range before "T". */
static enum err spot_event(const struct venue_writing *writing, const struct trade *trade,
                           bool aggregated, struct buf *out)
{
    enum err err = buf_printf(out, "{\"e\":\"%s\",\"E\":%" PRId64,
                              aggregated ? "aggTrade" : "trade", writing->venue_ns / NS_PER_MS);
    if (!err) {
        err = append_symbol(trade, out);
    }
    if (!err) {
        err = buf_printf(out, ",\"%s\":%" PRIu64, aggregated ? "a" : "t", trade->id);
    }
    if (!err) {
        err = append_amounts(trade, out);
    }
    if (!err && aggregated) {
        err = binance_append_range(trade, out);
    }
    return err ? err
               : buf_printf(out, ",\"T\":%" PRId64 ",\"m\":%s,\"M\":true}",
                            trade->source_ns / NS_PER_MS, maker(trade));
}

static enum err futures_aggregate(const struct venue_writing *writing, const struct trade *trade,
                                  struct buf *out)
{
    enum err err = buf_printf(out, "{\"e\":\"aggTrade\",\"E\":%" PRId64 ",\"a\":%" PRIu64,
                              writing->venue_ns / NS_PER_MS, trade->id);
    if (!err) {
        err = append_symbol(trade, out);
    }
    if (!err) {
        err = append_amounts(trade, out);
    }
    if (!err) {
        err = binance_append_range(trade, out);
    }
    return err ? err
               : buf_printf(out, ",\"T\":%" PRId64 ",\"m\":%s}", trade->source_ns / NS_PER_MS,
                            maker(trade));
}

/* What was executed beside the book says so; ids that were spent on nothing are rows of zeros. */
static enum err futures_trade(const struct venue_writing *writing, const struct trade *trade,
                              struct buf *out)
{
    const char *execution = "MARKET";
    if (trade->flags & TRADE_EXCLUDED) {
        execution = decimal_is_zero(trade->price) ? "NA" : "INSURANCE_FUND";
    }
    enum err err = buf_printf(out, "{\"e\":\"trade\",\"E\":%" PRId64 ",\"T\":%" PRId64,
                              writing->venue_ns / NS_PER_MS, trade->source_ns / NS_PER_MS);
    if (!err) {
        err = append_symbol(trade, out);
    }
    if (!err) {
        err = buf_printf(out, ",\"t\":%" PRIu64, trade->id);
    }
    if (!err) {
        err = append_amounts(trade, out);
    }
    return err ? err : buf_printf(out, ",\"X\":\"%s\",\"m\":%s}", execution, maker(trade));
}

static enum err open_envelope(const struct venue_writing *writing, const struct trade *trade,
                              struct buf *out)
{
    char stream[BINANCE_STREAM_MAX];
    binance_stream_join(writing->channel, trade->symbol, stream);
    enum err err = buf_append_text(out, "{\"stream\":");
    if (!err) {
        err = buf_append_json(out, stream, strlen(stream));
    }
    return err ? err : buf_append_text(out, ",\"data\":");
}

/* One trade a frame. */
static enum err write_first(const struct venue_writing *writing, const struct trade *trades,
                            size_t count, bool futures, size_t *out_count, struct buf *out)
{
    bool aggregated = strcmp(writing->channel, "aggTrade") == 0;
    bool combined = writing->subs && writing->subs->combined;
    enum err err = ERR_OK;
    buf_clear(out);
    *out_count = count > 0;
    if (count == 0) {
        return ERR_OK;
    }
    if (combined) {
        err = open_envelope(writing, trades, out);
    }
    if (!err) {
        err = !futures     ? spot_event(writing, trades, aggregated, out)
              : aggregated ? futures_aggregate(writing, trades, out)
                           : futures_trade(writing, trades, out);
    }
    return err || !combined ? err : buf_append_byte(out, '}');
}

enum err binance_write_spot(const struct venue_writing *writing, const struct trade *trades,
                            size_t count, size_t *out_count, struct buf *out)
{
    return write_first(writing, trades, count, false, out_count, out);
}

enum err binance_write_futures(const struct venue_writing *writing, const struct trade *trades,
                               size_t count, size_t *out_count, struct buf *out)
{
    return write_first(writing, trades, count, true, out_count, out);
}
