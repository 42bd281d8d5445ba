#include "engine/venue/gemini/gemini.h"
#include "engine/venue/venue_fast_json.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* ---- pieces ---------------------------------------------------------------------------------- */

static inline bool take_time(struct fast *fast, int64_t *out_ns)
{
    uint64_t number = 0;
    return fast_u64_wide(fast, &number) && fast_from_epoch(number, out_ns);
}

/* The old API has them in capitals. */
static inline bool take_symbol(struct fast *fast, char out[SYMBOL_MAX])
{
    if (!fast_copy(fast, out, SYMBOL_MAX, false)) {
        return false;
    }
    venue_text_lower(out);
    return true;
}

/* ---- the new API ----------------------------------------------------------------------------- */

/* m: the buyer was the maker, so the taker sold. */
static bool decode_trade(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    if (!trade || !take_time(fast, &trade->source_ns) || !FAST_EAT(fast, ",\"s\":\"") ||
        !FAST_NAME(fast, trade->symbol) || !FAST_EAT(fast, "\",\"t\":") ||
        !fast_u64_wide(fast, &trade->id) || !FAST_EAT(fast, ",\"p\":\"") ||
        !fast_decimal(fast, &trade->price) || !FAST_EAT(fast, "\",\"q\":\"") ||
        !fast_decimal(fast, &trade->quantity) || !FAST_EAT(fast, "\",\"m\":") ||
        !FAST_TAKER(fast, trade, "false}", "true}")) {
        return false;
    }
    trade->has_id = true;
    venue_text_lower(trade->symbol);
    fast_check_trade(trade);
    memcpy(frame->channel, "trade", sizeof "trade");
    fast_finish_trades(frame);
    return fast_is_end(fast);
}

/* Behind "E": the time of any event, and the symbol. */
static inline bool take_event(struct fast *fast, struct venue_frame *frame)
{
    return take_time(fast, &frame->source_ns) && FAST_EAT(fast, ",\"s\":\"") &&
           take_symbol(fast, frame->symbol) && FAST_EAT(fast, "\"");
}

/* Best prices and their sizes. Told by its members only, so all of them are read. */
static bool decode_top(struct fast *fast, struct venue_frame *frame)
{
    uint64_t ignored = 0;
    FAST_DATA(frame, "bookTicker");
    return fast_u64(fast, &ignored) && FAST_EAT(fast, ",\"E\":") && take_event(fast, frame) &&
           FAST_EAT(fast, ",\"b\":") && fast_skip_text(fast) && FAST_EAT(fast, ",\"B\":") &&
           fast_skip_text(fast) && FAST_EAT(fast, ",\"a\":") && fast_skip_text(fast) &&
           FAST_EAT(fast, ",\"A\":") && fast_skip_text(fast) && FAST_EAT(fast, "}") &&
           fast_is_end(fast);
}

/* The few best levels, without symbol and time: three members. */
static bool decode_levels(struct fast *fast, struct venue_frame *frame)
{
    uint64_t ignored = 0;
    FAST_DATA(frame, "");
    return fast_u64(fast, &ignored) && FAST_EAT(fast, ",\"bids\":[") && fast_skip_array(fast) &&
           FAST_EAT(fast, ",\"asks\":[") && FAST_EAT_BACK(fast, "]}") && !fast_find(fast, ':');
}

static bool decode_depth(struct fast *fast, struct venue_frame *frame)
{
    FAST_DATA(frame, "depth");
    return take_event(fast, frame) && FAST_EAT_BACK(fast, "}");
}

/* ---- the old API ----------------------------------------------------------------------------- */

/* Behind "symbol":" */
static inline bool take_old_trade(struct fast *fast, struct venue_frame *frame, uint32_t flags)
{
    struct trade *trade = fast_trade(frame);
    if (!trade || !take_symbol(fast, trade->symbol) || !FAST_EAT(fast, "\",\"event_id\":") ||
        !fast_u64(fast, &trade->id) || !FAST_EAT(fast, ",\"timestamp\":") ||
        !take_time(fast, &trade->source_ns) || !FAST_EAT(fast, ",\"price\":\"") ||
        !fast_decimal(fast, &trade->price) || !FAST_EAT(fast, "\",\"quantity\":\"") ||
        !fast_decimal(fast, &trade->quantity) || !FAST_EAT(fast, "\",\"side\":\"") ||
        !FAST_TAKER(fast, trade, "buy\"}", "sell\"}")) {
        return false;
    }
    trade->flags = flags;
    trade->has_id = true;
    fast_check_trade(trade);
    return true;
}

static bool decode_old_trade(struct fast *fast, struct venue_frame *frame)
{
    if (!take_old_trade(fast, frame, 0) || !fast_is_end(fast)) {
        return false;
    }
    memcpy(frame->channel, "l2", sizeof "l2");
    fast_finish_trades(frame);
    return true;
}

/* ["buy","9122.04","0.00121425"] */
static inline bool skip_change(struct fast *fast)
{
    return FAST_EAT(fast, "[") && fast_skip_text(fast) && FAST_EAT(fast, ",") &&
           fast_skip_text(fast) && FAST_EAT(fast, ",") && fast_skip_text(fast) &&
           FAST_EAT(fast, "]");
}

/* The first frame of a symbol: all of its book, and its last trades, newest first. */
static bool decode_snapshot(struct fast *fast, struct venue_frame *frame)
{
    do {
        if (!skip_change(fast)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (!FAST_EAT(fast, "],\"trades\":[")) {
        return false;
    }
    do {
        if (!FAST_EAT(fast, "{\"type\":\"trade\",\"symbol\":\"") ||
            !take_old_trade(fast, frame, TRADE_SNAPSHOT)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    (void)FAST_EAT(fast, "],\"auction_events\":[");
    if (!FAST_EAT(fast, "]}") || !fast_is_end(fast)) {
        return false;
    }
    fast_finish_trades(frame);
    return true;
}

/* Where changes of a book are the last member, no trades come with them. */
static bool decode_changes(struct fast *fast, struct venue_frame *frame)
{
    FAST_DATA(frame, "l2");
    if (!take_symbol(fast, frame->symbol) || !FAST_EAT(fast, "\",\"changes\":[")) {
        return false;
    }
    struct fast rest = *fast;
    return fast_find(&rest, ':') ? decode_snapshot(fast, frame) : FAST_EAT_BACK(fast, "]}");
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (FAST_EAT(fast, "{\"E\":")) {
        return decode_trade(fast, frame);
    }
    if (FAST_EAT(fast, "{\"e\":\"depthUpdate\",\"E\":")) {
        return decode_depth(fast, frame);
    }
    if (FAST_EAT(fast, "{\"u\":")) {
        return decode_top(fast, frame);
    }
    if (FAST_EAT(fast, "{\"type\":\"l2_updates\",\"symbol\":\"")) {
        return decode_changes(fast, frame);
    }
    if (FAST_EAT(fast, "{\"type\":\"trade\",\"symbol\":\"")) {
        return decode_old_trade(fast, frame);
    }
    return FAST_EAT(fast, "{\"lastUpdateId\":") && decode_levels(fast, frame);
}

enum err gemini_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK : fast_general(gemini_decode_general, data, size, out);
}
