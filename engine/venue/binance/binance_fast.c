#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_fast.h"

#include <string.h>

/* Members of events are called by one letter each, most of them. */
#define BIT(letter) (UINT64_C(1) << ((letter)&63))

/* Reads `"x":` of a member, to its value; 0 when it is of another form or `*seen` has it already. A
 * name of two letters (nq, st, ps) is '@': nothing that matters is called so. */
FAST_INLINE char take_letter(struct fast *fast, uint64_t *seen)
{
    if (fast_left(fast) < 8) {
        return '\0';
    }
    const char *at = fast->at;
    char letter = at[1];
    if ((fast_load4(at) & 0xffff00ff) == ('"' | '"' << 16 | (uint32_t)':' << 24)) {
        if (letter < 'A' || letter > 'z' || letter == '\\' || (*seen & BIT(letter))) {
            return '\0';
        }
        *seen |= BIT(letter);
        fast->at += 4;
        return letter;
    }
    bool two = at[0] == '"' && letter >= 'a' && letter <= 'z' && at[2] >= 'a' && at[2] <= 'z' &&
               at[3] == '"' && at[4] == ':';
    fast->at += 5;
    return two ? '@' : '\0';
}

/* ---- trades ---------------------------------------------------------------------------------- */

struct members {
    uint64_t seen;
    uint64_t trade_id, aggregate_id, first, last;
};

FAST_INLINE bool take_execution(struct fast *fast, struct trade *trade)
{
    if (FAST_EAT(fast, "\"MARKET\"")) {
        return true;
    }
    trade->flags |= TRADE_EXCLUDED;
    return FAST_EAT(fast, "\"") && fast_skip_string(fast) && FAST_EAT(fast, "\"");
}

/* Futures order their members otherwise than spot, and all have changed over the years. */
FAST_INLINE bool take_member(struct fast *fast, struct members *members, struct trade *trade)
{
    uint64_t ignored = 0;
    switch (take_letter(fast, &members->seen)) {
    case '\0':
        return false;
    case 'E':
        return fast_u64(fast, &ignored);
    case 's':
        return FAST_EAT(fast, "\"") && FAST_NAME_CAPITAL(fast, trade->symbol) &&
               FAST_EAT(fast, "\"");
    case 't':
        return fast_u64(fast, &members->trade_id);
    case 'a':
        return fast_u64(fast, &members->aggregate_id);
    case 'p':
        return FAST_EAT(fast, "\"") && fast_decimal(fast, &trade->price) && FAST_EAT(fast, "\"");
    case 'q':
        return FAST_EAT(fast, "\"") && fast_decimal(fast, &trade->quantity) && FAST_EAT(fast, "\"");
    case 'f':
        return fast_u64(fast, &members->first);
    case 'l':
        return fast_u64(fast, &members->last);
    case 'T':
        return fast_epoch(fast, &trade->source_ns);
    case 'X':
        return take_execution(fast, trade);
    case 'm': /* the buyer was the maker, so the taker sold */
        return FAST_TAKER(fast, trade, "false", "true");
    default:
        return fast_skip_scalar(fast);
    }
}

/* Behind the last member: the brackets that end the frame. */
FAST_INLINE bool take_end(struct fast *fast, bool combined)
{
    return (combined ? FAST_EAT(fast, "}}") : FAST_EAT(fast, "}")) && fast_is_end(fast);
}

/* The id, and the trades that an aggregate stands for. Voided ones (-1) are not read here. */
FAST_INLINE bool number_trade(struct trade *trade, const struct members *members, bool aggregated)
{
    trade->has_id = true;
    trade->id = aggregated ? members->aggregate_id : members->trade_id;
    if (aggregated) {
        trade->flags |= TRADE_AGGREGATED;
        trade->first_id = members->first;
        trade->last_id = members->last;
        trade->count = members->last - members->first + 1;
        return members->last >= members->first && trade->count > 0;
    }
    return true;
}

FAST_INLINE bool decode_trade(struct fast *fast, struct venue_frame *frame, bool combined,
                              bool aggregated)
{
    uint64_t wanted = BIT('s') | BIT('p') | BIT('q') | BIT('T') | BIT('m') |
                      (aggregated ? BIT('a') | BIT('f') | BIT('l') : BIT('t'));
    struct members members = {.seen = BIT('e')};
    struct trade *trade = fast_trade(frame);
    if (!trade) {
        return false;
    }
    do {
        if (!take_member(fast, &members, trade)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if ((members.seen & wanted) != wanted || !take_end(fast, combined) ||
        !number_trade(trade, &members, aggregated)) {
        return false;
    }
    if (!combined && aggregated) {
        memcpy(frame->channel, "aggTrade", sizeof "aggTrade");
    } else if (!combined) {
        memcpy(frame->channel, "trade", sizeof "trade");
    }
    fast_check_trade(trade);
    fast_finish_trades(frame);
    return true;
}

/* ---- market data ----------------------------------------------------------------------------- */

/* ,"T":1723161256313,"E":1723161256313 at the end of futures; spot has neither. */
FAST_INLINE bool take_times(struct fast *fast, int64_t *out_ns)
{
    const size_t size = sizeof ",'T':1723161256313,'E':1723161256313" - 1;
    if (fast_left(fast) < size) {
        return true;
    }
    struct fast tail = {fast->end - size, fast->end};
    if (!FAST_EAT(&tail, ",\"T\":")) {
        return true;
    }
    fast->end -= size;
    return fast_epoch(&tail, out_ns) && FAST_EAT(&tail, ",\"E\":") && fast_epoch(&tail, out_ns) &&
           fast_is_end(&tail);
}

/* Behind `"u":`. Of its other members only prices and sizes may come, a, A, b and B. */
FAST_INLINE bool decode_top(struct fast *fast, struct venue_frame *frame, bool combined, bool typed)
{
    uint64_t ignored = 0;
    if (!fast_u64(fast, &ignored) ||
        (!typed && FAST_EAT(fast, ",\"e\":") && !FAST_EAT(fast, "\"bookTicker\"")) ||
        !FAST_EAT(fast, ",\"s\":\"") || !FAST_NAME_CAPITAL(fast, frame->symbol) ||
        !FAST_EAT(fast, "\"")) {
        return false;
    }
    if (FAST_EAT(fast, ",\"ps\":\"") && !(fast_skip_string(fast) && FAST_EAT(fast, "\""))) {
        return false;
    }
    if (!(combined ? FAST_EAT_BACK(fast, "}}") : FAST_EAT_BACK(fast, "}")) ||
        !take_times(fast, &frame->source_ns) || !fast_is_flat(fast)) {
        return false;
    }
    if (!combined) {
        memcpy(frame->channel, "bookTicker", sizeof "bookTicker");
    }
    frame->kind = VENUE_DATA;
    return true;
}

/* The channel of a raw frame, and the event's type in any; what is behind it differs. */
FAST_INLINE bool take_type(struct fast *fast, struct venue_frame *frame, bool combined)
{
    char channel[CHANNEL_MAX];
    char *out = combined ? channel : frame->channel;
    if (FAST_EAT(fast, "depthUpdate\"")) {
        memcpy(out, "depth", sizeof "depth");
    } else if (FAST_EAT(fast, "kline\"")) {
        memcpy(out, "kline_", sizeof "kline_");
    } else if (FAST_EAT(fast, "24hrTicker\"")) {
        memcpy(out, "ticker", sizeof "ticker");
    } else if (FAST_EAT(fast, "24hrMiniTicker\"")) {
        memcpy(out, "miniTicker", sizeof "miniTicker");
    } else if (FAST_EAT(fast, "markPriceUpdate\"")) {
        memcpy(out, "markPrice", sizeof "markPrice");
    } else {
        return false;
    }
    return true;
}

/* The interval in a raw frame of klines: "k":{"t":1,"T":2,"s":"BTCUSDT","i":"1m", */
FAST_INLINE bool take_interval(struct fast *fast, struct venue_frame *frame)
{
    const size_t head = sizeof "kline_" - 1;
    char interval[8];
    uint64_t ignored = 0;
    if (!FAST_EAT(fast, ",\"k\":{\"t\":") || !fast_u64(fast, &ignored) ||
        !FAST_EAT(fast, ",\"T\":") || !fast_u64(fast, &ignored) || !FAST_EAT(fast, ",\"s\":\"") ||
        !fast_skip_string(fast) || !FAST_EAT(fast, "\",\"i\":\"") || !FAST_NAME(fast, interval)) {
        return false;
    }
    memcpy(frame->channel + head, interval, sizeof interval);
    return true;
}

/* Events with their time and symbol in front. */
FAST_INLINE bool decode_head(struct fast *fast, struct venue_frame *frame, bool combined)
{
    uint64_t ignored = 0;
    if (!take_type(fast, frame, combined) || !FAST_EAT(fast, ",\"E\":") ||
        !fast_epoch(fast, &frame->source_ns)) {
        return false;
    }
    if (FAST_EAT(fast, ",\"T\":") && !fast_u64(fast, &ignored)) {
        return false;
    }
    if (!FAST_EAT(fast, ",\"s\":\"") || !FAST_NAME_CAPITAL(fast, frame->symbol) ||
        !FAST_EAT(fast, "\"")) {
        return false;
    }
    if (!combined && strcmp(frame->channel, "kline_") == 0 && !take_interval(fast, frame)) {
        return false;
    }
    frame->kind = VENUE_DATA;
    return FAST_EAT_BACK(fast, "}");
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* btcusdt@depth@100ms: the event says the symbol again. A channel with '!' is the whole market's.
 */
FAST_INLINE bool take_stream(struct fast *fast, struct venue_frame *frame)
{
    const char *first = fast->at;
    fast->at = fast_plain_end(first, fast->end, '@');
    size_t size = (size_t)(fast->at - first);
    return size > 0 && size < SYMBOL_MAX && *first != '!' && FAST_EAT(fast, "@") &&
           fast_peek(fast) != '!' && FAST_NAME(fast, frame->channel);
}

FAST_INLINE bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    bool combined = FAST_EAT(fast, "{\"stream\":\"");
    if (combined ? !take_stream(fast, frame) || !FAST_EAT(fast, "\",\"data\":{")
                 : !FAST_EAT(fast, "{")) {
        return false;
    }
    bool typed = FAST_EAT(fast, "\"e\":\"bookTicker\",\"u\":");
    if (typed || FAST_EAT(fast, "\"u\":")) {
        return decode_top(fast, frame, combined, typed);
    }
    bool aggregated = FAST_EAT(fast, "\"e\":\"aggTrade\",");
    if (aggregated || FAST_EAT(fast, "\"e\":\"trade\",")) {
        return decode_trade(fast, frame, combined, aggregated);
    }
    return FAST_EAT(fast, "\"e\":\"") && decode_head(fast, frame, combined);
}

FAST_HOT enum err binance_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK
                                    : fast_general(binance_decode_general, data, size, out);
}
