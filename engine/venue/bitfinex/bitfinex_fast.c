#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/venue_fast_json.h"

#include <string.h>

/* ---- routes ---------------------------------------------------------------------------------- */

/* What the number stands for; false, for the general decoder to say so, when that is not known. */
static bool find_route(struct venue_frame *frame, uint64_t number)
{
    const struct venue_route *route = venue_routes_find(&frame->routes, frame->connection, number);
    if (!route || route->channel[0] == '\0') {
        return false;
    }
    memcpy(frame->channel, route->channel, sizeof frame->channel);
    memcpy(frame->symbol, route->symbol, sizeof frame->symbol);
    return true;
}

/* ---- the end of a frame ---------------------------------------------------------------------- */

/* Frame number and time of sending, where they were asked for: numbers; the last one. */
struct tail {
    bool has_number;
    uint64_t last;
};

static inline bool take_tail(struct fast *fast, struct tail *tail)
{
    *tail = (struct tail){0};
    while (FAST_EAT(fast, ",")) {
        tail->has_number = true;
        if (!fast_u64(fast, &tail->last)) {
            return false;
        }
    }
    return FAST_EAT(fast, "]") && fast_is_end(fast);
}

static inline void note_time(struct venue_frame *frame, const struct tail *tail)
{
    if (tail->has_number) {
        bitfinex_note_time(frame, tail->last);
    }
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* Decimals are numbers, or strings when the connection asked for that (flag 8). */
static inline bool take_decimal(struct fast *fast, struct decimal *out)
{
    return FAST_EAT(fast, "\"") ? fast_decimal(fast, out) && FAST_EAT(fast, "\"")
                                : fast_number(fast, out);
}

/* The sign is the taker's side. Nothing sold is no number that is written so. */
static inline bool take_amount(struct fast *fast, struct trade *trade)
{
    bool text = FAST_EAT(fast, "\""), sold = FAST_EAT(fast, "-");
    trade->taker = sold ? TAKER_SELL : TAKER_BUY;
    return (text ? fast_decimal(fast, &trade->quantity) && FAST_EAT(fast, "\"")
                 : fast_number(fast, &trade->quantity)) &&
           !(sold && trade->quantity.mantissa == 0);
}

/* [401590004,1674694478808,0.005,7245.3]; rows that have grown go to the general decoder. */
static inline bool take_row(struct fast *fast, struct venue_frame *frame, uint32_t flags)
{
    struct trade *trade = fast_trade(frame);
    if (!trade || !FAST_EAT(fast, "[") || !fast_u64(fast, &trade->id) || !FAST_EAT(fast, ",") ||
        !fast_epoch(fast, &trade->source_ns) || !FAST_EAT(fast, ",") || !take_amount(fast, trade) ||
        !FAST_EAT(fast, ",") || !take_decimal(fast, &trade->price) || !FAST_EAT(fast, "]")) {
        return false;
    }
    trade->flags = flags;
    trade->has_id = true;
    fast_check_trade(trade);
    return true;
}

/* All rows are of the route's symbol. */
static bool finish_trades(struct venue_frame *frame)
{
    for (size_t i = 0; i < frame->trade_count; i++) {
        memcpy(frame->trades[i].symbol, frame->symbol, sizeof frame->symbol);
    }
    fast_finish_trades(frame);
    return true;
}

static bool decode_trade(struct fast *fast, struct venue_frame *frame, uint64_t number,
                         uint32_t flags)
{
    struct tail tail;
    return take_row(fast, frame, flags) && take_tail(fast, &tail) && find_route(frame, number) &&
           finish_trades(frame);
}

/* Newest first. */
static bool decode_snapshot(struct fast *fast, struct venue_frame *frame)
{
    struct tail tail;
    do {
        if (!take_row(fast, frame, TRADE_SNAPSHOT)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    return FAST_EAT(fast, "]") && take_tail(fast, &tail) && finish_trades(frame);
}

/* ---- other frames ---------------------------------------------------------------------------- */

static bool decode_heartbeat(struct fast *fast, struct venue_frame *frame, uint64_t number)
{
    struct tail tail;
    if (!take_tail(fast, &tail) || !find_route(frame, number)) {
        return false;
    }
    frame->kind = VENUE_HEARTBEAT;
    note_time(frame, &tail);
    return true;
}

/* The last element, when it is a number: it stands between a comma and the bracket that ends the
 * frame. */
static bool take_last(struct fast *fast, struct tail *tail)
{
    *tail = (struct tail){0};
    if (!FAST_EAT_BACK(fast, "]") || fast_is_end(fast)) {
        return false;
    }
    if (fast->end[-1] == ']') { /* it is the data themselves */
        return true;
    }
    const char *first = fast_left(fast) > FAST_DIGITS_MAX ? fast->end - FAST_DIGITS_MAX : fast->at;
    fast->at = fast->end;
    while (fast->at > first && fast->at[-1] >= '0' && fast->at[-1] <= '9') {
        fast->at--;
    }
    tail->has_number = true;
    return fast->at > first && fast->at[-1] == ',' && fast_u64(fast, &tail->last);
}

/* Behind [number,[ of market data, which are not looked at, or of the trades before a subscription.
 */
static bool decode_array(struct fast *fast, struct venue_frame *frame, uint64_t number)
{
    struct tail tail;
    if (!find_route(frame, number)) {
        return false;
    }
    if (strcmp(frame->channel, "trades") == 0 && frame->symbol[0] == 't') {
        return decode_snapshot(fast, frame);
    }
    if (!take_last(fast, &tail)) {
        return false;
    }
    frame->kind = VENUE_DATA;
    note_time(frame, &tail);
    return true;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    uint64_t number = 0;
    if (!FAST_EAT(fast, "[") || !fast_u64(fast, &number) || !FAST_EAT(fast, ",")) {
        return false;
    }
    if (FAST_EAT(fast, "\"te\",")) {
        return decode_trade(fast, frame, number, 0);
    }
    if (FAST_EAT(fast, "\"tu\",")) {
        return decode_trade(fast, frame, number, TRADE_REPEAT);
    }
    if (FAST_EAT(fast, "\"hb\"")) {
        return decode_heartbeat(fast, frame, number);
    }
    return FAST_EAT(fast, "[") && decode_array(fast, frame, number);
}

enum err bitfinex_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK
                                    : fast_general(bitfinex_decode_general, data, size, out);
}
