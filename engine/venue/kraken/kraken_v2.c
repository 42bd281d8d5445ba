#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_field.h"

#include <string.h>

enum {
    MSG_CHANNEL,
    MSG_TYPE,
    MSG_TIMESTAMP,
    MSG_DATA,
    MSG_METHOD,
    MSG_ERROR,
    MSG_SUCCESS,
    MSG_SYMBOL,
    MSG_TIME_OUT,
    MSG_OLD_ERROR,
    MSG_RESULT,
    MSG_REQUEST,
    MSG_COUNT
};
static const char *const msg_names[MSG_COUNT] = {
    "channel", "type",   "timestamp", "data",  "method", "error",
    "success", "symbol", "time_out",  "Error", "result", "req_id",
};

enum { ROW_SYMBOL, ROW_SIDE, ROW_PRICE, ROW_QUANTITY, ROW_ID, ROW_TIMESTAMP, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "symbol", "side", "price", "qty", "trade_id", "timestamp",
};

static enum err decode_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->flags = *(const uint32_t *)arg;
    trade->has_id = true;
    /* The side is the taker's. Numbers are JSON numbers and keep their digits only as text. */
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_taker(frame, &row, ROW_SIDE, "buy", "sell", &trade->taker) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_NUMBER, &trade->price) ||
        field_decimal(frame, &row, ROW_QUANTITY, SPAN_NUMBER, &trade->quantity) ||
        field_id(frame, &row, ROW_ID, SPAN_NUMBER, &trade->id) ||
        field_time(frame, &row, ROW_TIMESTAMP, FIELD_TIME_RFC3339, &trade->source_ns)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_trades(struct venue_frame *frame, const struct field_set *set)
{
    if (field_want(frame, set, MSG_TYPE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    uint32_t flags = field_is(set, MSG_TYPE, "snapshot") ? TRADE_SNAPSHOT : 0;
    frame->kind = VENUE_TRADES;
    return field_each(frame, set->values[MSG_DATA], "data", decode_trade, &flags);
}

/* What the rows of other channels have in common. */
struct common {
    bool seen;
    char symbol[SYMBOL_MAX]; /* "" once two differ */
    int64_t newest_ns;
};

static enum err note_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct common *common = arg;
    struct field_set row;
    char symbol[SYMBOL_MAX] = "";
    int64_t time_ns = 0;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        (field_is_set(&row, ROW_SYMBOL) &&
         field_text(frame, &row, ROW_SYMBOL, symbol, sizeof symbol)) ||
        field_time_maybe(frame, &row, ROW_TIMESTAMP, FIELD_TIME_RFC3339, &time_ns)) {
        return ERR_DAMAGED;
    }
    if (!common->seen) {
        memcpy(common->symbol, symbol, sizeof symbol);
        common->newest_ns = time_ns;
    } else if (strcmp(common->symbol, symbol) != 0) {
        common->symbol[0] = '\0';
    }
    common->newest_ns = time_ns > common->newest_ns ? time_ns : common->newest_ns;
    common->seen = true;
    return ERR_OK;
}

static enum err decode_data(struct venue_frame *frame, const struct field_set *set)
{
    struct common common = {0};
    bool own_time = field_is_set(set, MSG_TIMESTAMP);
    frame->kind = VENUE_DATA;
    if (set->values[MSG_DATA].kind != SPAN_ARRAY) { /* instrument: lists of assets and pairs */
        return ERR_OK;
    }
    if (field_each(frame, set->values[MSG_DATA], "data", note_row, &common)) {
        return ERR_DAMAGED;
    }
    memcpy(frame->symbol, common.symbol, sizeof frame->symbol);
    /* The timestamp in an ohlc row is the interval's end. */
    if (!own_time && common.seen && !field_is(set, MSG_CHANNEL, "ohlc")) {
        frame->source_ns = common.newest_ns;
    }
    return ERR_OK;
}

static enum err decode_channel(struct venue_frame *frame, const struct field_set *set)
{
    static const char *const known[] = {"ticker", "book", "ohlc", "level3", "instrument"};
    if (field_text(frame, set, MSG_CHANNEL, frame->channel, sizeof frame->channel) ||
        field_time_maybe(frame, set, MSG_TIMESTAMP, FIELD_TIME_RFC3339, &frame->source_ns)) {
        return ERR_DAMAGED;
    }
    if (field_is(set, MSG_CHANNEL, "trade")) {
        return decode_trades(frame, set);
    }
    if (field_is(set, MSG_CHANNEL, "heartbeat")) {
        frame->kind = VENUE_HEARTBEAT;
    } else if (field_is(set, MSG_CHANNEL, "status")) {
        frame->kind = VENUE_STATUS;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (field_is(set, MSG_CHANNEL, known[i])) {
            return decode_data(frame, set);
        }
    }
    return ERR_OK;
}

/* A subscription that is granted says its channel and symbol in "result", a refused one its symbol
 * beside the error. */
static enum err name_subscription(struct venue_frame *frame, const struct field_set *set)
{
    static const char *const names[] = {"channel", "symbol"};
    struct field_set result = *set;
    size_t symbol = MSG_SYMBOL;
    if (set->values[MSG_RESULT].kind == SPAN_OBJECT) {
        if (field_pick(frame, &result, set->values[MSG_RESULT], names, 2) ||
            (field_is_set(&result, 0) &&
             field_text(frame, &result, 0, frame->channel, sizeof frame->channel))) {
            return ERR_DAMAGED;
        }
        symbol = 1;
    }
    if (field_is_set(&result, symbol)) {
        return field_text(frame, &result, symbol, frame->symbol, sizeof frame->symbol);
    }
    return ERR_OK;
}

/* An answer to a message of ours. */
static enum err decode_answer(struct venue_frame *frame, const struct field_set *set)
{
    if (field_time_maybe(frame, set, MSG_TIME_OUT, FIELD_TIME_RFC3339, &frame->source_ns) ||
        name_subscription(frame, set)) {
        return ERR_DAMAGED;
    }
    field_request_id(frame, set, MSG_REQUEST);
    frame->leave = field_is(set, MSG_METHOD, "unsubscribe");
    bool refused = set->values[MSG_SUCCESS].kind == SPAN_FALSE || field_is_set(set, MSG_ERROR);
    if (refused) {
        field_refusal(frame, set->values[MSG_ERROR], (struct json_span){0});
    } else {
        frame->kind = field_is(set, MSG_METHOD, "pong") ? VENUE_HEARTBEAT : VENUE_ACK;
    }
    return ERR_OK;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, MSG_METHOD) || field_has(&set, MSG_ERROR)) {
        return decode_answer(frame, &set);
    }
    if (field_has(&set, MSG_OLD_ERROR)) { /* {"Error":"Exceeded msg rate"} */
        field_refusal(frame, set.values[MSG_OLD_ERROR], (struct json_span){0});
        return ERR_OK;
    }
    return field_has(&set, MSG_CHANNEL) ? decode_channel(frame, &set) : ERR_OK;
}

enum err kraken_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
