#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_fast.h"

#include <string.h>

/* "channel","XBT/USD"] to the end of the frame. */
FAST_INLINE bool take_names(struct fast *fast, struct venue_frame *frame)
{
    return FAST_EAT(fast, "\"") && FAST_NAME(fast, frame->channel) && FAST_EAT(fast, "\",\"") &&
           FAST_NAME(fast, frame->symbol) && FAST_EAT(fast, "\"]") && fast_is_end(fast);
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* ["354.04","0.28245396","1618678150.826417","s","m",""] */
FAST_INLINE bool take_row(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    if (!trade || !FAST_EAT(fast, "[\"") || !fast_decimal(fast, &trade->price) ||
        !FAST_EAT(fast, "\",\"") || !fast_decimal(fast, &trade->quantity) ||
        !FAST_EAT(fast, "\",\"") || !fast_seconds(fast, &trade->source_ns) ||
        !FAST_EAT(fast, "\",\"") || !FAST_TAKER(fast, trade, "b\"", "s\"") ||
        !FAST_EAT(fast, ",\"") || !fast_skip_string(fast) || !FAST_EAT(fast, "\",\"") ||
        !fast_skip_string(fast) || !FAST_EAT(fast, "\"]")) {
        return false;
    }
    fast_check_trade(trade);
    return true;
}

/* Behind the bracket that opens the rows. The pair stands at the end. */
FAST_INLINE bool decode_trades(struct fast *fast, struct venue_frame *frame)
{
    do {
        if (!take_row(fast, frame)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (!FAST_EAT(fast, "],") || !take_names(fast, frame) || strcmp(frame->channel, "trade") != 0) {
        return false;
    }
    for (size_t i = 0; i < frame->trade_count; i++) {
        memcpy(frame->trades[i].symbol, frame->symbol, sizeof frame->symbol);
    }
    fast_finish_trades(frame);
    return true;
}

/* ---- market data ----------------------------------------------------------------------------- */

FAST_INLINE bool take_level(struct fast *fast, int64_t *newest_ns)
{
    int64_t time_ns = 0;
    if (!FAST_EAT(fast, "[\"") || !fast_skip_string(fast) || !FAST_EAT(fast, "\",\"") ||
        !fast_skip_string(fast) || !FAST_EAT(fast, "\",\"") || !fast_seconds(fast, &time_ns) ||
        !FAST_EAT(fast, "\"")) {
        return false;
    }
    *newest_ns = time_ns > *newest_ns ? time_ns : *newest_ns;
    return FAST_EAT(fast, "]") || FAST_EAT(fast, ",\"r\"]"); /* "r": sent again */
}

/* "as":[levels],"bs":[levels] of a snapshot, "a":[levels] or "b":[levels] of an update. */
FAST_INLINE bool take_side_of_book(struct fast *fast, int64_t *newest_ns)
{
    if (!FAST_EAT(fast, "\"a\":[") && !FAST_EAT(fast, "\"b\":[") && !FAST_EAT(fast, "\"as\":[") &&
        !FAST_EAT(fast, "\"bs\":[")) {
        return false;
    }
    if (FAST_EAT(fast, "]")) {
        return true;
    }
    do {
        if (!take_level(fast, newest_ns)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    return FAST_EAT(fast, "]");
}

/* Behind the brace: {"a":[...]},{"b":[...],"c":"1234"},"book-10","XBT/USD"] */
FAST_INLINE bool decode_book(struct fast *fast, struct venue_frame *frame)
{
    do {
        if (FAST_EAT(fast, "\"c\":\"") ? !fast_skip_string(fast) || !FAST_EAT(fast, "\"")
                                       : !take_side_of_book(fast, &frame->source_ns)) {
            return false;
        }
    } while (FAST_EAT(fast, ",") || FAST_EAT(fast, "},{"));
    frame->kind = VENUE_DATA;
    return FAST_EAT(fast, "},") && take_names(fast, frame) &&
           strncmp(frame->channel, "book", 4) == 0;
}

/* A ticker has no time; the names stand at the end: },"ticker","XBT/USD"] */
FAST_INLINE bool decode_ticker(struct fast *fast, struct venue_frame *frame)
{
    FAST_DATA(frame, "ticker");
    struct fast name = *fast;
    if (!FAST_EAT_BACK(fast, "\"]")) {
        return false;
    }
    while (fast->end > fast->at && fast_is_plain(fast->end[-1])) {
        fast->end--;
    }
    name.at = fast->end;
    return FAST_EAT_BACK(fast, "},\"ticker\",\"") && FAST_NAME(&name, frame->symbol);
}

/* Behind the bracket: ["1542057314.748456","1542057360.435743",...],"ohlc-5","XBT/USD"] or
 * ["5698.40","5700.00","1542057299.545897","1.01","0.98"],"spread","XBT/USD"] */
FAST_INLINE bool decode_row(struct fast *fast, struct venue_frame *frame)
{
    struct fast row = *fast;
    if (!fast_find(fast, ']') || !FAST_EAT(fast, "],") || !take_names(fast, frame)) {
        return false;
    }
    frame->kind = VENUE_DATA;
    if (strncmp(frame->channel, "ohlc", 4) != 0 &&
        !(strcmp(frame->channel, "spread") == 0 && FAST_EAT(&row, "\"") && fast_skip_string(&row) &&
          FAST_EAT(&row, "\",\"") && fast_skip_string(&row) && FAST_EAT(&row, "\","))) {
        return false;
    }
    return FAST_EAT(&row, "\"") && fast_seconds(&row, &frame->source_ns) && FAST_EAT(&row, "\",");
}

/* ---- frames ---------------------------------------------------------------------------------- */

FAST_INLINE bool decode_heartbeat(struct fast *fast, struct venue_frame *frame)
{
    memcpy(frame->channel, "heartbeat", sizeof "heartbeat");
    frame->kind = VENUE_HEARTBEAT;
    return FAST_EAT(fast, "{\"event\":\"heartbeat\"}") && fast_is_end(fast);
}

FAST_INLINE bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    uint64_t number = 0;
    if (!FAST_EAT(fast, "[")) {
        return decode_heartbeat(fast, frame);
    }
    if (!fast_u64(fast, &number) || !FAST_EAT(fast, ",")) {
        return false;
    }
    if (FAST_EAT(fast, "{\"a\":[\"")) {
        return decode_ticker(fast, frame);
    }
    if (FAST_EAT(fast, "{")) {
        return decode_book(fast, frame);
    }
    if (!FAST_EAT(fast, "[")) {
        return false;
    }
    return fast_peek(fast) == '[' ? decode_trades(fast, frame) : decode_row(fast, frame);
}

FAST_HOT enum err kraken_v1_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK
                                    : fast_general(kraken_v1_decode_general, data, size, out);
}
