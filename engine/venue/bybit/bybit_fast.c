#include "engine/venue/bybit/bybit.h"
#include "engine/venue/venue_fast_json.h"

#include <string.h>

/* ---- trades ---------------------------------------------------------------------------------- */

/* The members that a trade needs, one bit each. */
enum {
    SEEN_TIME = 1,
    SEEN_SYMBOL = 2,
    SEEN_SIDE = 4,
    SEEN_SIZE = 8,
    SEEN_PRICE = 16,
    SEEN_ID = 32,
    SEEN_ALL = 63,
};

/* Digits are the id itself; of any other text it is the hash, or there is none. */
static inline bool take_id(struct fast *fast, enum bybit_category category, struct trade *trade)
{
    const char *first = fast->at;
    const char letter = fast_peek(fast);
    trade->flags |= category == BYBIT_SPOT ? 0 : TRADE_OPAQUE;
    if (fast_digits_wide(fast, &trade->id)) {
        if (FAST_EAT(fast, "\"")) {
            trade->has_id = true;
            return true;
        }
    } else if (letter >= '0' && letter <= '9') {
        return false; /* more digits than are read here */
    }
    fast->at = first;
    trade->id = 0;
    if (!fast_skip_string(fast) || fast->at == first) {
        return false;
    }
    if (category != BYBIT_SPOT) {
        trade->has_id = true;
        trade->id = bybit_hash(first, (size_t)(fast->at - first));
    }
    return FAST_EAT(fast, "\"");
}

/* A member called by one letter, behind its colon; *out_bit is 0 for those that do not matter. */
static inline bool take_letter(struct fast *fast, char letter, enum bybit_category category,
                               struct trade *trade, unsigned *out_bit)
{
    switch (letter) {
    case 'T':
        *out_bit = SEEN_TIME;
        return fast_ms(fast, &trade->source_ns);
    case 's':
        *out_bit = SEEN_SYMBOL;
        return FAST_EAT(fast, "\"") && FAST_NAME(fast, trade->symbol) && FAST_EAT(fast, "\"");
    case 'S':
        *out_bit = SEEN_SIDE;
        return FAST_TAKER(fast, trade, "\"Buy\"", "\"Sell\"");
    case 'v':
        *out_bit = SEEN_SIZE;
        return FAST_EAT(fast, "\"") && fast_decimal(fast, &trade->quantity) && FAST_EAT(fast, "\"");
    case 'p':
        *out_bit = SEEN_PRICE;
        return FAST_EAT(fast, "\"") && fast_decimal(fast, &trade->price) && FAST_EAT(fast, "\"");
    case 'i':
        *out_bit = SEEN_ID;
        return FAST_EAT(fast, "\"") && take_id(fast, category, trade);
    default:
        return fast_is_plain(letter) && fast_skip_scalar(fast);
    }
}

static inline bool take_member(struct fast *fast, enum bybit_category category, struct trade *trade,
                               unsigned *seen)
{
    const char *at = fast->at;
    unsigned bit = 0;
    struct fast_name name;
    if (fast_left(fast) < 4 || at[0] != '"') {
        return false;
    }
    if (at[2] == '"' && at[3] == ':') {
        fast->at += 4;
        if (!take_letter(fast, at[1], category, trade, &bit) || (*seen & bit)) {
            return false;
        }
        *seen |= bit;
        return true;
    }
    if (FAST_EAT(fast, "\"BT\":") || FAST_EAT(fast, "\"RPI\":") || FAST_EAT(fast, "\"seq\":")) {
        return fast_skip_scalar(fast);
    }
    return fast_name(fast, &name) && fast_skip_scalar(fast);
}

/* Block trades ("BT") and retail orders ("RPI") are trades like all others. */
static inline bool take_row(struct fast *fast, enum bybit_category category,
                            struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    unsigned seen = 0;
    if (!trade || !FAST_EAT(fast, "{")) {
        return false;
    }
    do {
        if (!take_member(fast, category, trade, &seen)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    fast_check_trade(trade);
    return seen == SEEN_ALL && FAST_EAT(fast, "}");
}

/* Behind "data":[ to the end. */
static bool decode_trades(struct fast *fast, enum bybit_category category,
                          struct venue_frame *frame)
{
    do {
        if (!take_row(fast, category, frame)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (!FAST_EAT(fast, "]}") || !fast_is_end(fast)) {
        return false;
    }
    memcpy(frame->channel, "publicTrade", sizeof "publicTrade");
    fast_finish_trades(frame);
    return true;
}

/* The rows name the symbol again. A point in it would divide the topic elsewhere. */
static bool decode_trade_frame(struct fast *fast, enum bybit_category category,
                               struct venue_frame *frame)
{
    const char *first = fast->at;
    uint64_t ignored = 0;
    fast->at = fast_plain_end(fast->at, fast->end, '.');
    if ((size_t)(fast->at - first) >= SYMBOL_MAX) {
        return false;
    }
    if (FAST_EAT(fast, "\",\"type\":\"snapshot\",\"ts\":")) {
        return fast_u64(fast, &ignored) && FAST_EAT(fast, ",\"data\":[") &&
               decode_trades(fast, category, frame);
    }
    return FAST_EAT(fast, "\",\"ts\":") && fast_u64(fast, &ignored) &&
           FAST_EAT(fast, ",\"type\":\"snapshot\",\"data\":[") &&
           decode_trades(fast, category, frame);
}

/* ---- market data ----------------------------------------------------------------------------- */

/* "orderbook.50.BTCUSDT": divided at the last point. */
static bool take_topic(struct fast *fast, struct venue_frame *frame)
{
    const char *first = fast->at;
    if (!fast_skip_string(fast)) {
        return false;
    }
    const char *mark = memrchr(first, '.', (size_t)(fast->at - first));
    return mark &&
           fast_take_text(first, (size_t)(mark - first), frame->channel, sizeof frame->channel) &&
           fast_take_text(mark + 1, (size_t)(fast->at - mark) - 1, frame->symbol,
                          sizeof frame->symbol) &&
           FAST_EAT(fast, "\",");
}

/* At the end, where no bracket stands between it and the frame's last one. */
static bool take_last_time(struct fast *fast, int64_t *out_ns)
{
    const size_t size = sizeof ",'ts':1672324988882" - 1;
    if (fast_left(fast) < size) {
        return false;
    }
    fast->at = fast->end - size;
    return FAST_EAT(fast, ",\"ts\":") && fast_ms(fast, out_ns) && fast_is_end(fast);
}

/* The topic decides what a frame is, whatever else it holds. Its time stands in front in books, at
 * the end in tickers and candles. */
static bool decode_data(struct fast *fast, struct venue_frame *frame)
{
    if (!take_topic(fast, frame) || strcmp(frame->channel, "publicTrade") == 0 ||
        strcmp(frame->channel, "trade") == 0) {
        return false;
    }
    frame->kind = VENUE_DATA;
    if (FAST_EAT(fast, "\"type\":") && !(fast_skip_text(fast) && FAST_EAT(fast, ","))) {
        return false;
    }
    if (FAST_EAT(fast, "\"ts\":")) {
        return fast_ms(fast, &frame->source_ns) && FAST_EAT(fast, ",") && FAST_EAT_BACK(fast, "}");
    }
    return (FAST_EAT_BACK(fast, ",\"type\":\"snapshot\"}") || FAST_EAT_BACK(fast, "}")) &&
           take_last_time(fast, &frame->source_ns);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool decode_frame(struct fast *fast, enum bybit_category category, struct venue_frame *frame)
{
    if (FAST_EAT(fast, "{\"topic\":\"publicTrade.")) {
        return decode_trade_frame(fast, category, frame);
    }
    return FAST_EAT(fast, "{\"topic\":\"") && decode_data(fast, frame);
}

enum err bybit_spot_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, BYBIT_SPOT, out)
               ? ERR_OK
               : fast_general(bybit_spot_decode_general, data, size, out);
}

enum err bybit_contract_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, BYBIT_LINEAR, out)
               ? ERR_OK
               : fast_general(bybit_contract_decode_general, data, size, out);
}
