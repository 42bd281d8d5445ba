#include "engine/venue/deribit/deribit.h"
#include "engine/venue/venue_fast_json.h"

#include <string.h>

/* ---- trades ---------------------------------------------------------------------------------- */

/* The members that a trade needs, one bit each. */
enum {
    SEEN_SEQ = 1,
    SEEN_TIME = 2,
    SEEN_PRICE = 4,
    SEEN_NAME = 8,
    SEEN_SIDE = 16,
    SEEN_AMOUNT = 32,
    SEEN_ALL = 63,
};

/* A member that does not matter. Trades agreed on beside the book go to the general decoder. */
static inline bool skip_member(struct fast *fast)
{
    struct fast_name name;
    return fast_name(fast, &name) && !FAST_IS(name, "block_trade_id") && fast_skip_value(fast);
}

/* Names that begin with "t" or "i". */
static inline bool take_t(struct fast *fast, struct trade *trade, unsigned *out_bit)
{
    if (FAST_EAT(fast, "\"trade_seq\":")) {
        *out_bit = SEEN_SEQ;
        return fast_u64(fast, &trade->id);
    }
    if (FAST_EAT(fast, "\"timestamp\":")) {
        *out_bit = SEEN_TIME;
        return fast_epoch(fast, &trade->source_ns);
    }
    if (FAST_EAT(fast, "\"instrument_name\":")) {
        *out_bit = SEEN_NAME;
        return FAST_EAT(fast, "\"") && FAST_NAME(fast, trade->symbol) && FAST_EAT(fast, "\"");
    }
    return skip_member(fast);
}

static inline bool take_member(struct fast *fast, struct trade *trade, unsigned *seen)
{
    unsigned bit = 0;
    bool fine = false;
    char letter = fast_left(fast) > 1 ? fast->at[1] : '\0';
    if (letter == 't' || letter == 'i') {
        fine = take_t(fast, trade, &bit);
    } else if (letter == 'p' && FAST_EAT(fast, "\"price\":")) {
        bit = SEEN_PRICE;
        fine = fast_number(fast, &trade->price);
    } else if (letter == 'd' && FAST_EAT(fast, "\"direction\":")) {
        bit = SEEN_SIDE;
        fine = FAST_TAKER(fast, trade, "\"buy\"", "\"sell\"");
    } else if (letter == 'a' && FAST_EAT(fast, "\"amount\":")) {
        bit = SEEN_AMOUNT;
        fine = fast_number(fast, &trade->quantity);
    } else {
        fine = skip_member(fast);
    }
    fine = fine && (*seen & bit) == 0;
    *seen |= bit;
    return fine;
}

static inline bool take_row(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    unsigned seen = 0;
    if (!trade || !FAST_EAT(fast, "{")) {
        return false;
    }
    do {
        if (!take_member(fast, trade, &seen)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    trade->has_id = true;
    fast_check_trade(trade);
    return seen == SEEN_ALL && FAST_EAT(fast, "}");
}

static bool decode_trades(struct fast *fast, struct venue_frame *frame)
{
    if (!FAST_EAT(fast, "[")) {
        return false;
    }
    do {
        if (!take_row(fast, frame)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (!FAST_EAT(fast, "]}}") || !fast_is_end(fast)) {
        return false;
    }
    fast_finish_trades(frame);
    return true;
}

/* ---- market data ----------------------------------------------------------------------------- */

/* Candles have no time: of all their members none may be one. */
static bool decode_chart(struct fast *fast)
{
    struct fast_name name;
    do {
        if (!fast_name(fast, &name) || FAST_IS(name, "timestamp") ||
            FAST_IS(name, "creation_timestamp") || FAST_IS(name, "instrument_name") ||
            !fast_skip_value(fast)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    return FAST_EAT(fast, "}}}") && fast_is_end(fast);
}

/* In front of the time stand the type of a book's change or the underlying of an option. */
static bool skip_head(struct fast *fast)
{
    if (FAST_EAT(fast, "\"type\":")) {
        return fast_skip_text(fast) && FAST_EAT(fast, ",");
    }
    if (FAST_EAT(fast, "\"underlying_price\":")) {
        return fast_skip_value(fast) && FAST_EAT(fast, ",\"underlying_index\":") &&
               fast_skip_text(fast) && FAST_EAT(fast, ",");
    }
    return true;
}

/* The channel names the instrument, so the time is all that is asked of the data. */
static bool decode_data(struct fast *fast, struct venue_frame *frame)
{
    frame->kind = VENUE_DATA;
    if (!FAST_EAT(fast, "{") || frame->symbol[0] == '\0') {
        return false;
    }
    if (strncmp(frame->channel, "chart.", 6) == 0) {
        return decode_chart(fast);
    }
    return skip_head(fast) && FAST_EAT(fast, "\"timestamp\":") &&
           fast_epoch(fast, &frame->source_ns) && FAST_EAT(fast, ",") && FAST_EAT_BACK(fast, "}}}");
}

/* ---- frames ---------------------------------------------------------------------------------- */

static inline bool is_instrument(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Words of kinds, indexes and charts. */
static bool take_other_channel(struct fast *fast, struct venue_frame *frame)
{
    char word[DERIBIT_WORD_MAX];
    const char *first = fast->at;
    return fast_skip_string(fast) &&
           fast_take_text(first, (size_t)(fast->at - first), word, sizeof word) &&
           deribit_split(word, frame->channel, frame->symbol);
}

/* "book.BTC-PERPETUAL.100ms" -> "book.100ms" and the instrument, as deribit_split() does it. */
static bool take_channel(struct fast *fast, struct venue_frame *frame)
{
    const char *first = fast->at;
    const char *mark = fast_plain_end(first, fast->end, '.');
    size_t head = (size_t)(mark - first);
    if (head == 0 || fast->end - mark < 2 || mark[0] != '.' || !is_instrument(mark[1])) {
        return take_other_channel(fast, frame);
    }
    const char *symbol = mark + 1, *behind = fast_plain_end(symbol, fast->end, '.');
    fast->at = behind;
    if (!fast_skip_string(fast)) {
        return false;
    }
    size_t tail = (size_t)(fast->at - behind);
    if (head + tail >= CHANNEL_MAX ||
        !fast_take_text(symbol, (size_t)(behind - symbol), frame->symbol, sizeof frame->symbol)) {
        return false;
    }
    memcpy(frame->channel, first, head);
    memcpy(frame->channel + head, behind, tail);
    frame->channel[head + tail] = '\0';
    return true;
}

static bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    if (!FAST_EAT(fast, "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{"
                        "\"channel\":\"") ||
        !take_channel(fast, frame) || !FAST_EAT(fast, "\",\"data\":")) {
        return false;
    }
    return strncmp(frame->channel, "trades.", 7) == 0 ? decode_trades(fast, frame)
                                                      : decode_data(fast, frame);
}

enum err deribit_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK
                                    : fast_general(deribit_decode_general, data, size, out);
}
