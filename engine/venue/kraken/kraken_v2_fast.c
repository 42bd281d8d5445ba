#include "engine/tape/record.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_fast.h"

#include <string.h>

/* ---- trades ---------------------------------------------------------------------------------- */

FAST_INLINE bool take_row(struct fast *fast, struct venue_frame *frame, uint32_t flags)
{
    struct trade *trade = fast_trade(frame);
    if (!trade) {
        return false;
    }
    trade->flags = flags;
    trade->has_id = true;
    if (!FAST_EAT(fast, "{\"symbol\":\"") || !FAST_NAME(fast, trade->symbol) ||
        !FAST_EAT(fast, "\",\"side\":\"") || !FAST_TAKER(fast, trade, "buy\"", "sell\"") ||
        !FAST_EAT(fast, ",\"price\":") || !fast_number(fast, &trade->price) ||
        !FAST_EAT(fast, ",\"qty\":") || !fast_number(fast, &trade->quantity) ||
        !FAST_EAT(fast, ",\"ord_type\":\"") || !fast_skip_string(fast) ||
        !FAST_EAT(fast, "\",\"trade_id\":") || !fast_u64(fast, &trade->id) ||
        !FAST_EAT(fast, ",\"timestamp\":\"") || !fast_rfc3339(fast, &trade->source_ns) ||
        !FAST_EAT(fast, "\"}")) {
        return false;
    }
    fast_check_trade(trade);
    return true;
}

/* "update" or "snapshot", up to the first element of the data. */
FAST_INLINE bool take_type(struct fast *fast, bool *out_snapshot)
{
    *out_snapshot = !FAST_EAT(fast, "update\"");
    return !*out_snapshot || FAST_EAT(fast, "snapshot\"");
}

FAST_INLINE bool decode_trades(struct fast *fast, struct venue_frame *frame)
{
    bool snapshot = false;
    memcpy(frame->channel, "trade", sizeof "trade");
    if (!take_type(fast, &snapshot) || !FAST_EAT(fast, ",\"data\":[")) {
        return false;
    }
    do {
        if (!take_row(fast, frame, snapshot ? TRADE_SNAPSHOT : 0)) {
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

/* One row, whose time is the frame's; snapshots had none for long. The levels are stepped over. */
FAST_INLINE bool decode_book(struct fast *fast, struct venue_frame *frame)
{
    bool snapshot = false;
    uint64_t checksum = 0;
    FAST_DATA(frame, "book");
    if (!take_type(fast, &snapshot) || !FAST_EAT(fast, ",\"data\":[{\"symbol\":\"") ||
        !FAST_NAME(fast, frame->symbol) || !FAST_EAT(fast, "\",\"bids\":[") ||
        !fast_find(fast, ']') || !FAST_EAT(fast, "],\"asks\":[") || !fast_find(fast, ']') ||
        !FAST_EAT(fast, "],\"checksum\":") || !fast_u64(fast, &checksum)) {
        return false;
    }
    if (FAST_EAT(fast, ",\"timestamp\":\"") &&
        !(fast_rfc3339(fast, &frame->source_ns) && FAST_EAT(fast, "\""))) {
        return false;
    }
    return FAST_EAT(fast, "}]}") && fast_is_end(fast);
}

/* One row, read member by member: only some have a time, and not always at the same place. */
FAST_INLINE bool decode_ticker(struct fast *fast, struct venue_frame *frame)
{
    bool snapshot = false;
    FAST_DATA(frame, "ticker");
    if (!take_type(fast, &snapshot) || !FAST_EAT(fast, ",\"data\":[{\"symbol\":\"") ||
        !FAST_NAME(fast, frame->symbol) || !FAST_EAT(fast, "\"")) {
        return false;
    }
    while (FAST_EAT(fast, ",\"")) {
        if (FAST_EAT(fast, "timestamp\":\"")) {
            if (frame->source_ns != RECORD_NO_TIME || !fast_rfc3339(fast, &frame->source_ns) ||
                !FAST_EAT(fast, "\"")) {
                return false;
            }
        } else if (!fast_skip_string(fast) || !FAST_EAT(fast, "\":") || !fast_skip_scalar(fast)) {
            return false;
        }
    }
    return FAST_EAT(fast, "}]}") && fast_is_end(fast);
}

/* The frame has a time of its own; there is one row, for the first brackets that close close all.
 */
FAST_INLINE bool decode_ohlc(struct fast *fast, struct venue_frame *frame)
{
    bool snapshot = false;
    FAST_DATA(frame, "ohlc");
    if (!take_type(fast, &snapshot) || !FAST_EAT(fast, ",\"timestamp\":\"") ||
        !fast_rfc3339(fast, &frame->source_ns) || !FAST_EAT(fast, "\",\"data\":[{\"symbol\":\"") ||
        !FAST_NAME(fast, frame->symbol) || !FAST_EAT(fast, "\"")) {
        return false;
    }
    struct fast other = *fast;
    return !fast_find(&other, '{') && fast_find(fast, ']') && FAST_EAT(fast, "]}") &&
           fast_is_end(fast);
}

/* ---- frames ---------------------------------------------------------------------------------- */

FAST_INLINE bool decode_heartbeat(struct fast *fast, struct venue_frame *frame)
{
    memcpy(frame->channel, "heartbeat", sizeof "heartbeat");
    frame->kind = VENUE_HEARTBEAT;
    return fast_is_end(fast);
}

FAST_INLINE bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (!FAST_EAT(fast, "{\"channel\":\"")) {
        return false;
    }
    if (FAST_EAT(fast, "book\",\"type\":\"")) {
        return decode_book(fast, frame);
    }
    if (FAST_EAT(fast, "trade\",\"type\":\"")) {
        return decode_trades(fast, frame);
    }
    if (FAST_EAT(fast, "ticker\",\"type\":\"")) {
        return decode_ticker(fast, frame);
    }
    if (FAST_EAT(fast, "heartbeat\"}")) {
        return decode_heartbeat(fast, frame);
    }
    return FAST_EAT(fast, "ohlc\",\"type\":\"") && decode_ohlc(fast, frame);
}

FAST_HOT enum err kraken_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK : fast_general(kraken_decode_general, data, size, out);
}
