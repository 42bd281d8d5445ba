#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_fast.h"

#include <string.h>

FAST_INLINE bool skip_orders(struct fast *fast)
{
    return FAST_EAT(fast, ",\"maker_order_id\":\"") && fast_skip_string(fast) &&
           FAST_EAT(fast, "\",\"taker_order_id\":\"") && fast_skip_string(fast) &&
           FAST_EAT(fast, "\",");
}

/* The side is the maker's: "sell" was hit by a buyer. */
FAST_INLINE bool decode_match(struct fast *fast, struct venue_frame *frame, uint32_t flags)
{
    uint64_t sequence = 0;
    struct trade *trade = fast_trade(frame);
    if (!trade) {
        return false;
    }
    trade->flags = flags;
    trade->has_id = true;
    if (!fast_u64(fast, &trade->id) || !skip_orders(fast) || !FAST_EAT(fast, "\"side\":\"") ||
        !FAST_TAKER(fast, trade, "sell\"", "buy\"") || !FAST_EAT(fast, ",\"size\":\"") ||
        !fast_decimal(fast, &trade->quantity) || !FAST_EAT(fast, "\",\"price\":\"") ||
        !fast_decimal(fast, &trade->price) || !FAST_EAT(fast, "\",\"product_id\":\"") ||
        !FAST_NAME(fast, trade->symbol) || !FAST_EAT(fast, "\",\"sequence\":") ||
        !fast_u64(fast, &sequence) || !FAST_EAT(fast, ",\"time\":\"") ||
        !fast_rfc3339(fast, &trade->source_ns) || !FAST_EAT(fast, "\"}") || !fast_is_end(fast)) {
        return false;
    }
    fast_check_trade(trade);
    memcpy(frame->channel, "matches", sizeof "matches");
    fast_finish_trades(frame);
    return true;
}

/* ---- market data -------------------------------------------------------------------------------
 * No bracket stands between the end and what is read there, so it belongs to the outermost object.
 */

FAST_INLINE bool decode_changes(struct fast *fast, struct venue_frame *frame)
{
    FAST_DATA(frame, "level2");
    return FAST_NAME(fast, frame->symbol) && FAST_EAT(fast, "\",\"changes\":[") &&
           FAST_EAT_BACK(fast, "\"}") && fast_rfc3339_back(fast, &frame->source_ns) &&
           FAST_EAT_BACK(fast, ",\"time\":\"");
}

FAST_INLINE bool decode_ticker(struct fast *fast, struct venue_frame *frame)
{
    uint64_t sequence = 0;
    FAST_DATA(frame, "ticker");
    if (!fast_u64(fast, &sequence) || !FAST_EAT(fast, ",\"product_id\":\"") ||
        !FAST_NAME(fast, frame->symbol) || !FAST_EAT(fast, "\"") || !FAST_EAT_BACK(fast, "\"}")) {
        return false;
    }
    fast_digits_back(fast);
    if (!FAST_EAT_BACK(fast, ",\"last_size\":\"")) {
        return false;
    }
    fast_digits_back(fast);
    return FAST_EAT_BACK(fast, "\",\"trade_id\":") && fast_rfc3339_back(fast, &frame->source_ns) &&
           FAST_EAT_BACK(fast, ",\"time\":\"");
}

/* ---- frames ---------------------------------------------------------------------------------- */

FAST_INLINE bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (FAST_EAT(fast, "{\"type\":\"l2update\",\"product_id\":\"")) {
        return decode_changes(fast, frame);
    }
    if (FAST_EAT(fast, "{\"type\":\"ticker\",\"sequence\":")) {
        return decode_ticker(fast, frame);
    }
    bool live = FAST_EAT(fast, "{\"type\":\"match\",\"trade_id\":");
    return (live || FAST_EAT(fast, "{\"type\":\"last_match\",\"trade_id\":")) &&
           decode_match(fast, frame, live ? 0 : TRADE_SNAPSHOT);
}

FAST_HOT enum err coinbase_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK
                                    : fast_general(coinbase_decode_general, data, size, out);
}
