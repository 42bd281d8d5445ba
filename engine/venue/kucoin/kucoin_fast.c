#include "engine/venue/kucoin/kucoin.h"
#include "engine/venue/venue_fast_json.h"

#include <string.h>

/* ---- the frame around ------------------------------------------------------------------------ */

/* A message with its topic; `data` is what stands between the braces of that member. */
struct push {
    struct fast topic, data;
};

static inline bool take_topic(struct fast *fast, struct push *push)
{
    push->topic.at = fast->at;
    bool fine = fast_skip_string(fast);
    push->topic.end = fast->at;
    return fine;
}

/* Behind the topic's quote, data come last. */
static bool take_front(struct fast *fast, struct push *push)
{
    if (!FAST_EAT(fast, ",\"subject\":") || !fast_skip_text(fast) ||
        !FAST_EAT(fast, ",\"data\":{") || !FAST_EAT_BACK(fast, "}}")) {
        return false;
    }
    push->data = *fast;
    return true;
}

/* {"data":{...},"subject":"...","topic":"...","type":"message"} */
static bool take_back(struct fast *fast, struct push *push)
{
    struct fast subject;
    if (!FAST_EAT_BACK(fast, ",\"type\":\"message\"}") ||
        !FAST_CUT_TEXT(fast, ",\"topic\":\"", KUCOIN_TOPIC_MAX, &push->topic) ||
        !FAST_CUT_TEXT(fast, "},\"subject\":\"", KUCOIN_TOPIC_MAX, &subject)) {
        return false;
    }
    push->data = *fast;
    return true;
}

static bool take_push(struct fast *fast, struct push *push)
{
    if (FAST_EAT(fast, "{\"topic\":\"")) {
        return take_topic(fast, push) && FAST_EAT(fast, "\",\"type\":\"message\"") &&
               take_front(fast, push);
    }
    if (FAST_EAT(fast, "{\"type\":\"message\",\"topic\":\"")) {
        return take_topic(fast, push) && FAST_EAT(fast, "\"") && take_front(fast, push);
    }
    return FAST_EAT(fast, "{\"data\":{") && take_back(fast, push);
}

/* "/market/candles:BTC-USDT_1min", "/market/ticker:all": the interval is the channel's, and all is
 * no symbol. */
static bool name_topic(const struct fast *topic, const char *mark, struct venue_frame *frame)
{
    char text[KUCOIN_TOPIC_MAX];
    size_t size = fast_left(topic);
    if (size >= sizeof text) {
        return false;
    }
    memcpy(text, topic->at, size);
    text[size] = '\0';
    text[mark - topic->at] = '\0';
    return kucoin_name(text, text + (mark - topic->at) + 1, frame->channel, frame->symbol);
}

/* "/market/match:BTC-USDT", as kucoin_name() divides it. */
static bool divide_topic(const struct fast *topic, struct venue_frame *frame)
{
    const char *mark = fast_plain_end(topic->at, topic->end, ':');
    size_t left = (size_t)(topic->end - mark);
    if (left < 2) {
        return false;
    }
    if (left == sizeof ":all" - 1 || memchr(mark, '_', left)) {
        return name_topic(topic, mark, frame);
    }
    return fast_take_text(topic->at, (size_t)(mark - topic->at), frame->channel,
                          sizeof frame->channel) &&
           fast_take_text(mark + 1, left - 1, frame->symbol, sizeof frame->symbol);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Spot writes numbers as strings, futures as numbers. */
static inline bool take_u64(struct fast *fast, uint64_t *out)
{
    return FAST_EAT(fast, "\"") ? fast_digits_wide(fast, out) && FAST_EAT(fast, "\"")
                                : fast_u64_wide(fast, out);
}

static inline bool take_decimal(struct fast *fast, struct decimal *out)
{
    return FAST_EAT(fast, "\"") ? fast_decimal(fast, out) && FAST_EAT(fast, "\"")
                                : fast_number(fast, out);
}

static inline bool take_time(struct fast *fast, int64_t *out_ns)
{
    uint64_t number = 0;
    return take_u64(fast, &number) && fast_from_epoch(number, out_ns);
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* The members that a trade needs, one bit each. */
enum {
    SEEN_SYMBOL = 1,
    SEEN_SEQUENCE = 2,
    SEEN_SIDE = 4,
    SEEN_SIZE = 8,
    SEEN_PRICE = 16,
    SEEN_TIME = 32,
    SEEN_ALL = 63,
};

/* Members that do not matter, the usual ones first. */
static inline bool skip_member(struct fast *fast)
{
    struct fast_name name;
    if (FAST_EAT(fast, "\"takerOrderId\":\"") || FAST_EAT(fast, "\"makerOrderId\":\"") ||
        FAST_EAT(fast, "\"tradeId\":\"") || FAST_EAT(fast, "\"type\":\"")) {
        return fast_skip_string(fast) && FAST_EAT(fast, "\"");
    }
    return fast_name(fast, &name) && fast_skip_value(fast);
}

/* Names that begin with "s". */
static inline bool take_s(struct fast *fast, struct trade *trade, unsigned *out_bit)
{
    if (FAST_EAT(fast, "\"symbol\":\"")) {
        *out_bit = SEEN_SYMBOL;
        return FAST_NAME(fast, trade->symbol) && FAST_EAT(fast, "\"");
    }
    if (FAST_EAT(fast, "\"sequence\":")) {
        *out_bit = SEEN_SEQUENCE;
        return take_u64(fast, &trade->id);
    }
    if (FAST_EAT(fast, "\"side\":")) {
        *out_bit = SEEN_SIDE;
        return FAST_TAKER(fast, trade, "\"buy\"", "\"sell\"");
    }
    *out_bit = SEEN_SIZE;
    return FAST_EAT(fast, "\"size\":") && take_decimal(fast, &trade->quantity);
}

/* Spot has one time, "time", and the futures one, "ts". */
static inline bool take_member(struct fast *fast, struct trade *trade, unsigned *seen)
{
    unsigned bit = 0;
    bool fine = false;
    char letter = fast_left(fast) > 1 ? fast->at[1] : '\0';
    if (letter == 's') {
        fine = take_s(fast, trade, &bit);
    } else if (letter == 'p' && FAST_EAT(fast, "\"price\":")) {
        bit = SEEN_PRICE;
        fine = take_decimal(fast, &trade->price);
    } else if (letter == 't' && (FAST_EAT(fast, "\"time\":") || FAST_EAT(fast, "\"ts\":"))) {
        bit = SEEN_TIME;
        fine = take_time(fast, &trade->source_ns);
    } else {
        fine = skip_member(fast);
    }
    fine = fine && (*seen & bit) == 0;
    *seen |= bit;
    return fine;
}

static bool decode_trade(struct fast *fast, struct venue_frame *frame)
{
    struct trade *trade = fast_trade(frame);
    unsigned seen = 0;
    if (!trade) {
        return false;
    }
    do {
        if (!take_member(fast, trade, &seen)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (seen != SEEN_ALL || !fast_is_end(fast)) {
        return false;
    }
    trade->has_id = true;
    fast_check_trade(trade);
    fast_finish_trades(frame);
    return true;
}

/* ---- market data ----------------------------------------------------------------------------- */

/* Times of data by their members; the first of these that is there counts. */
struct times {
    int64_t time_ns, timestamp_ns, ts_ns; /* 0: not there */
};

/* To the comma or the end behind a value that is not looked at. The first brace behind that of
 * "changes" closes them: if they had objects in them, the frame would have more braces that open
 * than close. */
static inline bool skip_data(struct fast *fast)
{
    if (FAST_EAT(fast, "{")) {
        return fast_find(fast, '}') && FAST_EAT(fast, "}");
    }
    return FAST_EAT(fast, "[") ? fast_skip_array(fast) : fast_skip_value(fast);
}

static inline bool note_member(struct fast *fast, struct times *times)
{
    struct fast_name name;
    if (!fast_name(fast, &name)) {
        return false;
    }
    int64_t *time_ns = FAST_IS(name, "time")        ? &times->time_ns
                       : FAST_IS(name, "timestamp") ? &times->timestamp_ns
                       : FAST_IS(name, "ts")        ? &times->ts_ns
                                                    : NULL;
    return !time_ns ? skip_data(fast) : *time_ns == 0 && take_time(fast, time_ns);
}

/* Tickers and books have few members behind "time", if any. */
#define TIME_MAX 160

/* Data with "time", which counts for more than any other. "changes" is the only object in them:
 * they begin with it, or no brace stands between. */
static bool decode_timed(struct fast *fast, struct venue_frame *frame)
{
    uint64_t number = 0;
    if (FAST_EAT(fast, "\"changes\":{") && !(fast_find(fast, '}') && FAST_EAT(fast, "}"))) {
        return false;
    }
    struct fast brace = *fast;
    frame->kind = VENUE_DATA;
    return !fast_find(&brace, '}') && FAST_FIND_LAST(fast, ",\"time\":", TIME_MAX) &&
           fast_peek(fast) != '0' && fast_digits_ms(fast, &number) &&
           (fast_is_end(fast) || *fast->at == ',') && fast_from_epoch(number, &frame->source_ns);
}

/* Changes of a book as they were sent in 2021: without a time. Behind "sequenceStart": */
static bool decode_untimed(struct fast *fast, struct venue_frame *frame)
{
    uint64_t ignored = 0;
    frame->kind = VENUE_DATA;
    return fast_u64(fast, &ignored) && FAST_EAT(fast, ",\"symbol\":") && fast_skip_text(fast) &&
           FAST_EAT(fast, ",\"changes\":{") && fast_find(fast, '}') &&
           FAST_EAT(fast, "},\"sequenceEnd\":") && fast_digits_ms(fast, &ignored) &&
           fast_is_end(fast);
}

static bool decode_members(struct fast *fast, struct venue_frame *frame)
{
    struct times times = {0};
    do {
        if (!note_member(fast, &times)) {
            return false;
        }
    } while (FAST_EAT(fast, ","));
    if (times.ts_ns > 0 || times.timestamp_ns > 0 || times.time_ns > 0) {
        frame->source_ns = times.time_ns > 0        ? times.time_ns
                           : times.timestamp_ns > 0 ? times.timestamp_ns
                                                    : times.ts_ns;
    }
    frame->kind = VENUE_DATA;
    return fast_is_end(fast);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool decode_data(struct fast *fast, struct venue_frame *frame)
{
    struct fast timed = *fast;
    if (FAST_EAT(&timed, "\"sequenceStart\":")) {
        return decode_untimed(&timed, frame) || decode_members(fast, frame);
    }
    return decode_timed(&timed, frame) || decode_members(fast, frame);
}

/* The symbol "all" stands in the data, and the time of a candle of the futures is another. */
static bool decode_frame(struct fast *fast, struct venue_frame *frame)
{
    struct push push;
    if (!take_push(fast, &push) || !divide_topic(&push.topic, frame)) {
        return false;
    }
    if (strcmp(frame->channel, KUCOIN_TRADES) == 0 ||
        strcmp(frame->channel, "/contractMarket/execution") == 0) {
        return decode_trade(&push.data, frame);
    }
    return frame->symbol[0] != '\0' && strncmp(frame->channel, "/contractMarket/candle", 22) != 0 &&
           decode_data(&push.data, frame);
}

enum err kucoin_decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct fast fast = fast_open(data, size);
    venue_frame_clear(out);
    return decode_frame(&fast, out) ? ERR_OK : fast_general(kucoin_decode_general, data, size, out);
}
