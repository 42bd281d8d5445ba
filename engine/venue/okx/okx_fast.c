#include "engine/venue/okx/okx.h"
#include "engine/venue/venue_fast_json.h"

#include <string.h>

/* ---- trades ---------------------------------------------------------------------------------- */

/* A row of several fills bears the last of their ids. */
static inline bool take_fills(struct fast *fast, struct trade *trade)
{
    uint64_t fills = 1;
    if (!FAST_EAT(fast, ",\"count\":\"")) {
        return true;
    }
    if (!fast_digits(fast, &fills) || !FAST_EAT(fast, "\"") || fills == 0 ||
        fills > OKX_FILLS_MAX || fills - 1 > trade->id) {
        return false;
    }
    trade->folded = fills - 1;
    trade->first_id = trade->id - trade->folded;
    trade->count = fills;
    return true;
}

/* Behind the fills: "source" and "seqId" say nothing here. */
static inline bool take_rest(struct fast *fast)
{
    uint64_t ignored = 0;
    return (!FAST_EAT(fast, ",\"source\":") || fast_skip_text(fast)) &&
           (!FAST_EAT(fast, ",\"seqId\":") || fast_u64(fast, &ignored)) && FAST_EAT(fast, "}");
}

static inline bool take_row(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    uint64_t ms = 0;
    if (!trade || !FAST_EAT(fast, "{\"instId\":\"") || !FAST_NAME(fast, trade->symbol) ||
        !FAST_EAT(fast, "\",\"tradeId\":\"") || !fast_digits(fast, &trade->id) ||
        !FAST_EAT(fast, "\",\"px\":\"") || !fast_decimal(fast, &trade->price) ||
        !FAST_EAT(fast, "\",\"sz\":\"") || !fast_decimal(fast, &trade->quantity) ||
        !FAST_EAT(fast, "\",\"side\":\"") || !FAST_TAKER(fast, trade, "buy\"", "sell\"") ||
        !FAST_EAT(fast, ",\"ts\":\"") || !fast_digits_ms(fast, &ms) ||
        !fast_scale(ms, NS_PER_MS, &trade->source_ns) || !FAST_EAT(fast, "\"")) {
        return false;
    }
    trade->has_id = true;
    fast_check_trade(trade);
    return take_fills(fast, trade) && take_rest(fast);
}

static bool decode_trades(struct fast *fast, struct venue_frame *frame)
{
    do {
        if (!take_row(fast, frame)) {
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

/* Behind "ts" of a book: checksum and numbers. */
#define TAIL_MAX 160

/* One row. The brace that ends it is the first that closes anything: so it is the only row, nothing
 * in it is an object, and no member of the frame comes behind it. */
static bool decode_row(struct fast *fast, struct venue_frame *frame)
{
    struct fast brace = *fast;
    uint64_t ms = 0;
    return fast_find(&brace, '}') && FAST_EAT_BACK(fast, "}]}") && brace.at == fast->end &&
           FAST_FIND_LAST(fast, ",\"ts\":\"", TAIL_MAX) && fast_digits_ms(fast, &ms) &&
           FAST_EAT(fast, "\"") && fast_scale(ms, NS_PER_MS, &frame->source_ns);
}

/* One candle, which is an array: its bracket is the first that closes anything. */
static bool decode_candle(struct fast *fast)
{
    return fast_find(fast, ']') && FAST_EAT(fast, "]]}") && fast_is_end(fast);
}

static bool decode_data(struct fast *fast, struct venue_frame *frame)
{
    if (FAST_EAT(fast, "},\"action\":") && !(fast_skip_text(fast) && FAST_EAT(fast, ","))) {
        return false;
    }
    (void)FAST_EAT(fast, "},");
    if (!FAST_EAT(fast, "\"data\":[")) {
        return false;
    }
    frame->kind = VENUE_DATA;
    return FAST_EAT(fast, "{") ? decode_row(fast, frame)
                               : FAST_EAT(fast, "[") && decode_candle(fast);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (!FAST_EAT(fast, "{\"arg\":{\"channel\":\"") || !FAST_NAME(fast, frame->channel) ||
        !FAST_EAT(fast, "\",\"instId\":\"") || !FAST_NAME(fast, frame->symbol) ||
        !FAST_EAT(fast, "\"")) {
        return false;
    }
    if (strcmp(frame->channel, "trades") == 0 || strcmp(frame->channel, "trades-all") == 0) {
        return FAST_EAT(fast, "},\"data\":[") && decode_trades(fast, frame);
    }
    return decode_data(fast, frame);
}

enum err okx_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK : fast_general(okx_decode_general, data, size, out);
}
