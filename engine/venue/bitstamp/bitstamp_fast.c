#include "engine/venue/bitstamp/bitstamp.h"
#include "engine/venue/venue_fast_json.h"

#include <string.h>

/* ---- channels -------------------------------------------------------------------------------- */

/* "diff_order_book_btcusd": divided at the last '_'. */
static bool take_word(const struct fast *word, struct venue_frame *frame)
{
    size_t size = fast_left(word);
    const char *mark = size > 0 ? memrchr(word->at, '_', size) : NULL;
    return mark &&
           fast_take_text(word->at, (size_t)(mark - word->at), frame->channel,
                          sizeof frame->channel) &&
           fast_take_text(mark + 1, (size_t)(word->end - mark) - 1, frame->symbol,
                          sizeof frame->symbol);
}

/* The rest of a channel of trades behind BITSTAMP_TRADES "_". */
static bool take_symbol(struct fast *fast, struct venue_frame *frame)
{
    memcpy(frame->channel, BITSTAMP_TRADES, sizeof BITSTAMP_TRADES);
    return FAST_NAME(fast, frame->symbol) && !strchr(frame->symbol, '_');
}

/* ---- trades ---------------------------------------------------------------------------------- */

static inline bool take_us(struct fast *fast, int64_t *out_ns)
{
    uint64_t us = 0;
    return fast_digits_wide(fast, &us) && fast_scale(us, NS_PER_US, out_ns);
}

static inline bool take_type(struct fast *fast, struct trade *trade)
{
    bool bought = FAST_EAT(fast, "0");
    trade->taker = bought ? TAKER_BUY : TAKER_SELL;
    return bought || FAST_EAT(fast, "1");
}

static inline bool take_orders(struct fast *fast)
{
    uint64_t ignored = 0;
    return FAST_EAT(fast, ",\"buy_order_id\":") && fast_u64_wide(fast, &ignored) &&
           FAST_EAT(fast, ",\"sell_order_id\":") && fast_u64_wide(fast, &ignored) &&
           FAST_EAT(fast, "}");
}

/* Behind "data":{ to the brace that ends it. */
static inline bool take_data(struct fast *fast, struct trade *trade)
{
    if (!FAST_EAT(fast, "\"id\":") || !fast_u64(fast, &trade->id) ||
        (FAST_EAT(fast, ",\"id_str\":") && !fast_skip_text(fast)) ||
        !FAST_EAT(fast, ",\"timestamp\":") || !fast_skip_text(fast) ||
        !FAST_EAT(fast, ",\"amount\":") || !fast_skip_number(fast) ||
        !FAST_EAT(fast, ",\"amount_str\":\"") || !fast_decimal(fast, &trade->quantity) ||
        !FAST_EAT(fast, "\",\"price\":") || !fast_skip_number(fast) ||
        !FAST_EAT(fast, ",\"price_str\":\"") || !fast_decimal(fast, &trade->price) ||
        !FAST_EAT(fast, "\",\"type\":") || !take_type(fast, trade) ||
        !FAST_EAT(fast, ",\"microtimestamp\":\"") || !take_us(fast, &trade->source_ns) ||
        !FAST_EAT(fast, "\"") || !take_orders(fast)) {
        return false;
    }
    trade->has_id = true;
    fast_check_trade(trade);
    return true;
}

static bool finish_trade(struct venue_frame *frame, struct trade *trade)
{
    memcpy(trade->symbol, frame->symbol, sizeof trade->symbol);
    fast_finish_trades(frame);
    return true;
}

static bool decode_trade(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    return trade && take_data(fast, trade) &&
           FAST_EAT(fast, ",\"channel\":\"" BITSTAMP_TRADES "_") && take_symbol(fast, frame) &&
           FAST_EAT(fast, "\",\"event\":\"trade\"}") && fast_is_end(fast) &&
           finish_trade(frame, trade);
}

/* The same with the event in front. */
static bool decode_named_trade(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    return trade && take_symbol(fast, frame) && FAST_EAT(fast, "\",\"data\":{") &&
           take_data(fast, trade) && FAST_EAT(fast, "}") && fast_is_end(fast) &&
           finish_trade(frame, trade);
}

/* ---- market data ----------------------------------------------------------------------------- */

/* Books begin with their times. */
static bool take_times(struct fast *fast, struct venue_frame *frame)
{
    frame->kind = VENUE_DATA;
    return FAST_EAT(fast, "\"timestamp\":") && fast_skip_text(fast) &&
           FAST_EAT(fast, ",\"microtimestamp\":\"") && take_us(fast, &frame->source_ns) &&
           FAST_EAT(fast, "\",");
}

/* Channel and event end the frame: they are its own, whatever stands in front of them. */
static bool decode_book(struct fast *fast, struct venue_frame *frame)
{
    struct fast word;
    return take_times(fast, frame) && FAST_EAT_BACK(fast, ",\"event\":\"data\"}") &&
           FAST_CUT_TEXT(fast, "},\"channel\":\"", BITSTAMP_WORD_MAX, &word) &&
           take_word(&word, frame);
}

static bool decode_named_book(struct fast *fast, struct venue_frame *frame)
{
    struct fast word = {fast->at, NULL};
    if (!fast_skip_string(fast)) {
        return false;
    }
    word.end = fast->at;
    return take_word(&word, frame) && FAST_EAT(fast, "\",\"data\":{") && take_times(fast, frame) &&
           FAST_EAT_BACK(fast, "}}");
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (FAST_EAT(fast, "{\"event\":\"trade\",\"channel\":\"" BITSTAMP_TRADES "_")) {
        return decode_named_trade(fast, frame);
    }
    if (FAST_EAT(fast, "{\"event\":\"data\",\"channel\":\"")) {
        return decode_named_book(fast, frame);
    }
    if (!FAST_EAT(fast, "{\"data\":{")) {
        return false;
    }
    struct fast trade = *fast;
    return FAST_EAT(&trade, "\"id\":") ? decode_trade(fast, frame) : decode_book(fast, frame);
}

enum err bitstamp_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK
                                    : fast_general(bitstamp_decode_general, data, size, out);
}
