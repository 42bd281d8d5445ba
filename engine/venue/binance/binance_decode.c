#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

enum {
    FRAME_STREAM,
    FRAME_DATA,
    FRAME_EVENT,
    FRAME_RESULT,
    FRAME_ID,
    FRAME_ERROR,
    FRAME_CODE,
    FRAME_MSG,
    FRAME_BOOK,
    FRAME_UPDATE,
    FRAME_COUNT
};
static const char *const frame_names[FRAME_COUNT] = {
    "stream", "data", "e", "result", "id", "error", "code", "msg", "lastUpdateId", "u",
};

/* In the order of a spot trade; futures order them otherwise. */
enum {
    EVENT_TYPE,
    EVENT_TIME,
    EVENT_SYMBOL,
    EVENT_TRADE_ID,
    EVENT_AGG_ID,
    EVENT_PRICE,
    EVENT_QUANTITY,
    EVENT_FIRST,
    EVENT_LAST,
    EVENT_TRADE_TIME,
    EVENT_EXECUTION,
    EVENT_MAKER,
    EVENT_KLINE,
    EVENT_COUNT
};
static const char *const event_names[EVENT_COUNT] = {
    "e", "E", "s", "t", "a", "p", "q", "f", "l", "T", "X", "m", "k",
};

bool binance_stream_split(const char *stream, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX])
{
    const char *at = strchr(stream, '@');
    size_t symbol_size = at && stream[0] != '!' ? (size_t)(at - stream) : 0;
    const char *rest = symbol_size > 0 ? at + 1 : stream;
    size_t size = strlen(rest);
    if (symbol_size >= SYMBOL_MAX || size == 0 || size >= CHANNEL_MAX) {
        return false;
    }
    memcpy(symbol, stream, symbol_size);
    symbol[symbol_size] = '\0';
    venue_text_upper(symbol);
    memcpy(channel, rest, size + 1);
    return true;
}

void binance_stream_join(const char *channel, const char *symbol, char out[BINANCE_STREAM_MAX])
{
    char lower[SYMBOL_MAX];
    memcpy(lower, symbol, strlen(symbol) + 1);
    venue_text_lower(lower);
    snprintf(out, BINANCE_STREAM_MAX, "%s%s%s", lower, lower[0] != '\0' ? "@" : "", channel);
}

void binance_refusal(struct venue_frame *frame, struct json_span code, struct json_span message)
{
    char text[VENUE_ERROR_MAX - 32] = "refused";
    char number[16] = "?";
    if (message.kind == SPAN_STRING) {
        json_scan_excerpt(message, text, sizeof text);
    }
    json_scan_excerpt(code, number, sizeof number);
    frame->kind = VENUE_ACK;
    snprintf(frame->error, sizeof frame->error, "%s (code %s)", text, number);
}

/* In aggregates that were voided the range is -1..-1, price and quantity are zero. */
static bool is_void(struct json_span first, struct json_span last)
{
    return first.kind == SPAN_NUMBER && last.kind == SPAN_NUMBER && first.size == 2 &&
           last.size == 2 && memcmp(first.text, "-1", 2) == 0 && memcmp(last.text, "-1", 2) == 0;
}

enum err binance_range(struct venue_frame *frame, struct trade *trade, struct json_span first,
                       struct json_span last)
{
    trade->flags |= TRADE_AGGREGATED;
    if (is_void(first, last)) {
        trade->flags |= TRADE_EXCLUDED;
        return ERR_OK;
    }
    if (first.kind != SPAN_NUMBER || !json_scan_u64(first, &trade->first_id) ||
        last.kind != SPAN_NUMBER || !json_scan_u64(last, &trade->last_id) ||
        trade->last_id < trade->first_id || trade->last_id - trade->first_id == UINT64_MAX) {
        venue_frame_malformed(frame, "members 'f' and 'l' are no range of trade ids");
        return ERR_DAMAGED;
    }
    trade->count = trade->last_id - trade->first_id + 1;
    return ERR_OK;
}

static enum err decode_trade(struct venue_frame *frame, const struct field_set *event,
                             bool aggregated)
{
    struct trade *trade = NULL;
    bool maker_bought = false;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    frame->kind = VENUE_TRADES;
    trade->has_id = true;
    if (field_text(frame, event, EVENT_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_id(frame, event, aggregated ? EVENT_AGG_ID : EVENT_TRADE_ID, SPAN_NUMBER,
                 &trade->id) ||
        field_decimal(frame, event, EVENT_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, event, EVENT_QUANTITY, SPAN_STRING, &trade->quantity) ||
        field_time(frame, event, EVENT_TRADE_TIME, FIELD_TIME_EPOCH, &trade->source_ns) ||
        field_bool(frame, event, EVENT_MAKER, &maker_bought)) {
        return ERR_DAMAGED;
    }
    venue_text_upper(trade->symbol);
    /* m: the buyer was the maker, so the taker sold. */
    trade->taker = maker_bought ? TAKER_SELL : TAKER_BUY;
    if (aggregated &&
        binance_range(frame, trade, event->values[EVENT_FIRST], event->values[EVENT_LAST])) {
        return ERR_DAMAGED;
    }
    /* Futures number what was executed beside the book (INSURANCE_FUND, ADL, NA) like trades. */
    if (field_has(event, EVENT_EXECUTION)) {
        if (field_want(frame, event, EVENT_EXECUTION, SPAN_STRING)) {
            return ERR_DAMAGED;
        }
        if (!field_is(event, EVENT_EXECUTION, "MARKET")) {
            trade->flags |= TRADE_EXCLUDED;
        }
    }
    return field_check_trade(frame, trade);
}

/* The channel of a raw frame, whose stream is not told. A book's update speed cannot be known. */
static enum err name_channel(struct venue_frame *frame, const struct field_set *event)
{
    static const char *const known[][2] = {
        {"depthUpdate", "depth"},
        {"24hrTicker", "ticker"},
        {"24hrMiniTicker", "miniTicker"},
        {"markPriceUpdate", "markPrice"},
    };
    if (field_text(frame, event, EVENT_TYPE, frame->channel, sizeof frame->channel)) {
        return ERR_DAMAGED;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(frame->channel, known[i][0]) == 0) {
            memcpy(frame->channel, known[i][1], strlen(known[i][1]) + 1);
        }
    }
    if (strcmp(frame->channel, "kline") != 0) {
        return ERR_OK;
    }
    static const char *const names[] = {"i"};
    struct field_set kline;
    char interval[8];
    if (field_pick(frame, &kline, event->values[EVENT_KLINE], names, 1) ||
        field_text(frame, &kline, 0, interval, sizeof interval)) {
        return ERR_DAMAGED;
    }
    snprintf(frame->channel, sizeof frame->channel, "kline_%s", interval);
    return ERR_OK;
}

/* An event that is no trade. Spot bookTickers and partial books have neither type nor time. */
static enum err decode_data(struct venue_frame *frame, const struct field_set *event)
{
    /* The venue closes within minutes: raw it is an event, combined a stream of its own. */
    frame->reconnect = field_is(event, EVENT_TYPE, "serverShutdown") ||
                       strcmp(frame->channel, "!serverShutdown") == 0;
    frame->kind = frame->reconnect ? VENUE_STATUS : VENUE_DATA;
    bool whole_market = frame->channel[0] == '!';
    if (field_has(event, EVENT_SYMBOL) && !whole_market) {
        if (field_text(frame, event, EVENT_SYMBOL, frame->symbol, sizeof frame->symbol)) {
            return ERR_DAMAGED;
        }
        venue_text_upper(frame->symbol);
    }
    size_t time = field_has(event, EVENT_TIME) ? EVENT_TIME : EVENT_TRADE_TIME;
    return field_time_maybe(frame, event, time, FIELD_TIME_EPOCH, &frame->source_ns);
}

static enum err decode_event(struct venue_frame *frame, struct json_span object)
{
    struct field_set event;
    if (field_pick(frame, &event, object, event_names, EVENT_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&event, EVENT_TYPE) && field_want(frame, &event, EVENT_TYPE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (frame->channel[0] == '\0' && field_has(&event, EVENT_TYPE) && name_channel(frame, &event)) {
        return ERR_DAMAGED;
    }
    bool aggregated = field_is(&event, EVENT_TYPE, "aggTrade");
    if (aggregated || field_is(&event, EVENT_TYPE, "trade")) {
        return decode_trade(frame, &event, aggregated);
    }
    return decode_data(frame, &event);
}

static enum err decode_combined(struct venue_frame *frame, const struct field_set *set)
{
    char stream[BINANCE_STREAM_MAX];
    if (field_text(frame, set, FRAME_STREAM, stream, sizeof stream)) {
        return ERR_DAMAGED;
    }
    if (!binance_stream_split(stream, frame->channel, frame->symbol)) {
        venue_frame_malformed(frame, "member 'stream' names no stream");
        return ERR_DAMAGED;
    }
    if (set->values[FRAME_DATA].kind == SPAN_ARRAY) { /* !ticker@arr and the like */
        frame->kind = VENUE_DATA;
        return ERR_OK;
    }
    if (field_want(frame, set, FRAME_DATA, SPAN_OBJECT)) {
        return ERR_DAMAGED;
    }
    return decode_event(frame, set->values[FRAME_DATA]);
}

/* {"result":null,"id":1}, {"code":2,"msg":"...","id":1} or {"error":{"code":2,"msg":"..."},"id":1}
 */
static enum err decode_answer(struct venue_frame *frame, const struct field_set *set)
{
    struct json_span code = set->values[FRAME_CODE], message = set->values[FRAME_MSG];
    if (field_is_set(set, FRAME_ERROR)) {
        static const char *const names[] = {"code", "msg"};
        struct field_set error;
        if (field_want(frame, set, FRAME_ERROR, SPAN_OBJECT) ||
            field_pick(frame, &error, set->values[FRAME_ERROR], names, 2)) {
            return ERR_DAMAGED;
        }
        code = error.values[0];
        message = error.values[1];
    }
    frame->kind = VENUE_ACK;
    field_request_id(frame, set, FRAME_ID);
    if (code.kind != SPAN_NONE) {
        binance_refusal(frame, code, message);
    }
    return ERR_OK;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (document.kind == SPAN_ARRAY) { /* a raw !ticker@arr */
        static const char *const none[] = {NULL};
        return field_pick_row(frame, &set, document, none, 0);
    }
    if (field_pick(frame, &set, document, frame_names, FRAME_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, FRAME_STREAM)) {
        /* Whose first members are an event's is taken for one without a look at the rest. */
        if (field_has(&set, FRAME_EVENT) || field_has(&set, FRAME_UPDATE)) {
            venue_frame_malformed(frame, "an event with member 'stream' beside its own");
            return ERR_DAMAGED;
        }
        return decode_combined(frame, &set);
    }
    if (field_has(&set, FRAME_EVENT)) {
        return decode_event(frame, document);
    }
    if (field_has(&set, FRAME_BOOK)) { /* a snapshot of a book; its symbol is not in it */
        return decode_event(frame, document);
    }
    if (field_has(&set, FRAME_UPDATE)) {
        memcpy(frame->channel, "bookTicker", sizeof "bookTicker");
        return decode_event(frame, document);
    }
    if (field_has(&set, FRAME_RESULT) || field_has(&set, FRAME_ERROR) ||
        field_has(&set, FRAME_CODE)) {
        return decode_answer(frame, &set);
    }
    return ERR_OK;
}

enum err binance_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
