#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_fast.h"

#include <string.h>

/* ---- trades ---------------------------------------------------------------------------------- */

/* The side is the maker's (coinbase_advanced.c tells how that is known). */
FAST_INLINE bool take_row(struct fast *fast, struct venue_frame *frame, uint32_t flags)
{
    struct trade *trade = fast_trade(frame);
    if (!trade) {
        return false;
    }
    trade->flags = flags;
    trade->has_id = true;
    if (!FAST_EAT(fast, "{\"product_id\":\"") || !FAST_NAME(fast, trade->symbol) ||
        !FAST_EAT(fast, "\",\"trade_id\":\"") || !fast_digits(fast, &trade->id) ||
        !FAST_EAT(fast, "\",\"price\":\"") || !fast_decimal(fast, &trade->price) ||
        !FAST_EAT(fast, "\",\"size\":\"") || !fast_decimal(fast, &trade->quantity) ||
        !FAST_EAT(fast, "\",\"time\":\"") || !fast_rfc3339(fast, &trade->source_ns) ||
        !FAST_EAT(fast, "\",\"side\":\"") || !FAST_TAKER(fast, trade, "SELL\"}", "BUY\"}")) {
        return false;
    }
    fast_check_trade(trade);
    return true;
}

FAST_INLINE bool take_event(struct fast *fast, struct venue_frame *frame)
{
    uint32_t flags = 0;
    if (!FAST_EAT(fast, "{\"type\":\"update\",\"trades\":[")) {
        flags = TRADE_SNAPSHOT;
        if (!FAST_EAT(fast, "{\"type\":\"snapshot\",\"trades\":[")) {
            return false;
        }
    }
    do {
        if (!take_row(fast, frame, flags)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    return FAST_EAT(fast, "]}");
}

/* Behind "events":[ */
FAST_INLINE bool decode_trades(struct fast *fast, struct venue_frame *frame)
{
    memcpy(frame->channel, "market_trades", sizeof "market_trades");
    do {
        if (!take_event(fast, frame)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (!FAST_EAT(fast, "]}") || !fast_is_end(fast)) {
        return false;
    }
    fast_finish_trades(frame);
    return true;
}

/* ---- market data ----------------------------------------------------------------------------- */

/* The first of several alike may be followed by one of another product, so that there is only one
 * must be seen: the first bracket that closes closes all. */
FAST_INLINE bool is_last(struct fast *fast)
{
    return fast_find(fast, ']') && FAST_EAT(fast, "]}]}") && fast_is_end(fast);
}

FAST_INLINE bool decode_levels(struct fast *fast, struct venue_frame *frame)
{
    FAST_DATA(frame, "level2");
    return (FAST_EAT(fast, "{\"type\":\"update\"") || FAST_EAT(fast, "{\"type\":\"snapshot\"")) &&
           FAST_EAT(fast, ",\"product_id\":\"") && FAST_NAME(fast, frame->symbol) &&
           FAST_EAT(fast, "\",\"updates\":[") && is_last(fast);
}

FAST_INLINE bool decode_ticker(struct fast *fast, struct venue_frame *frame)
{
    frame->kind = VENUE_DATA;
    if (!(FAST_EAT(fast, "{\"type\":\"update\"") || FAST_EAT(fast, "{\"type\":\"snapshot\"")) ||
        !FAST_EAT(fast, ",\"tickers\":[{\"type\":\"ticker\",\"product_id\":\"") ||
        !FAST_NAME(fast, frame->symbol) || !FAST_EAT(fast, "\"")) {
        return false;
    }
    struct fast other = *fast;
    return !fast_find(&other, '{') && is_last(fast);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Between the channel and the events; old frames name a client, "". */
FAST_INLINE bool take_envelope(struct fast *fast, struct venue_frame *frame)
{
    uint64_t sequence = 0;
    if (FAST_EAT(fast, ",\"client_id\":\"") && !(fast_skip_string(fast) && FAST_EAT(fast, "\""))) {
        return false;
    }
    return FAST_EAT(fast, ",\"timestamp\":\"") && fast_rfc3339(fast, &frame->source_ns) &&
           FAST_EAT(fast, "\",\"sequence_num\":") && fast_u64(fast, &sequence) &&
           FAST_EAT(fast, ",\"events\":[");
}

FAST_INLINE bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (FAST_EAT(fast, "{\"channel\":\"l2_data\"")) {
        return take_envelope(fast, frame) && decode_levels(fast, frame);
    }
    if (FAST_EAT(fast, "{\"channel\":\"market_trades\"")) {
        return take_envelope(fast, frame) && decode_trades(fast, frame);
    }
    if (FAST_EAT(fast, "{\"channel\":\"ticker\"")) {
        memcpy(frame->channel, "ticker", sizeof "ticker");
    } else if (FAST_EAT(fast, "{\"channel\":\"ticker_batch\"")) {
        memcpy(frame->channel, "ticker_batch", sizeof "ticker_batch");
    } else {
        return false;
    }
    return take_envelope(fast, frame) && decode_ticker(fast, frame);
}

FAST_HOT enum err coinbase_advanced_decode(const uint8_t *data, size_t size,
                                           struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out)
               ? ERR_OK
               : fast_general(coinbase_advanced_decode_general, data, size, out);
}
