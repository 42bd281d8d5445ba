#include "engine/base/time_text.h"
#include "engine/venue/bybit/bybit.h"

#include <string.h>

enum {
    MSG_TOPIC,
    MSG_TIME,
    MSG_DATA,
    MSG_TIME_US,
    MSG_SUCCESS,
    MSG_TEXT,
    MSG_ID,
    MSG_OP,
    MSG_REQUEST,
    MSG_COUNT
};
static const char *const msg_names[MSG_COUNT] = {
    "topic", "ts", "data", "timestamp_e6", "success", "ret_msg", "req_id", "op", "request",
};

/* ---- trades -----------------------------------------------------------------------------------
 */

enum err bybit_fill_id(struct venue_frame *frame, const struct field_set *row, size_t index,
                       enum bybit_category category, struct trade *trade)
{
    if (field_want(frame, row, index, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    struct json_span id = row->values[index];
    if (id.size == 0) {
        venue_frame_malformed(frame, "member '%s' is empty", row->names[index]);
        return ERR_DAMAGED;
    }
    trade->has_id = true;
    trade->flags |= category == BYBIT_SPOT ? 0 : TRADE_OPAQUE;
    if (!json_scan_u64(id, &trade->id)) {
        trade->has_id = category != BYBIT_SPOT;
        trade->id = trade->has_id ? bybit_hash(id.text, id.size) : 0;
    }
    return ERR_OK;
}

/* A whole number of units of time after 1970, in a number or a string. */
static bool read_time(struct json_span value, int64_t unit_ns, int64_t *out_ns)
{
    uint64_t number = 0;
    return json_scan_u64(value, &number) && number > 0 &&
           number <= (uint64_t)(INT64_MAX / unit_ns) &&
           !__builtin_mul_overflow((int64_t)number, unit_ns, out_ns);
}

enum err bybit_fill_time(struct venue_frame *frame, const struct field_set *row, size_t index,
                         struct trade *trade)
{
    if (!read_time(row->values[index], NS_PER_MS, &trade->source_ns)) {
        venue_frame_malformed(frame, "member '%s' is %s", row->names[index],
                              field_has(row, index) ? "no time" : "missing");
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

enum { ROW_TIME, ROW_SYMBOL, ROW_SIDE, ROW_SIZE, ROW_PRICE, ROW_ID, ROW_COUNT };

/* Block trades ("BT") and retail orders ("RPI") are trades like all others. */
static enum err decode_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    static const char *const names[ROW_COUNT] = {"T", "s", "S", "v", "p", "i"};
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    if (field_pick(frame, &row, element, names, ROW_COUNT) ||
        bybit_fill_time(frame, &row, ROW_TIME, trade) ||
        field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_taker(frame, &row, ROW_SIDE, "Buy", "Sell", &trade->taker) ||
        field_decimal(frame, &row, ROW_SIZE, SPAN_STRING, &trade->quantity) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        bybit_fill_id(frame, &row, ROW_ID, *(const enum bybit_category *)arg, trade)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* v2 writes numbers now as numbers, now as strings. */
static enum err decimal_of(struct venue_frame *frame, const struct field_set *row, size_t index,
                           struct decimal *out)
{
    bool string = row->values[index].kind == SPAN_STRING;
    return field_decimal(frame, row, index, string ? SPAN_STRING : SPAN_NUMBER, out);
}

static enum err decode_v2_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    static const char *const names[ROW_COUNT] = {"trade_time_ms", "symbol", "side",
                                                 "size",          "price",  "trade_id"};
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    if (field_pick(frame, &row, element, names, ROW_COUNT) ||
        bybit_fill_time(frame, &row, ROW_TIME, trade) ||
        field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_taker(frame, &row, ROW_SIDE, "Buy", "Sell", &trade->taker) ||
        decimal_of(frame, &row, ROW_SIZE, &trade->quantity) ||
        decimal_of(frame, &row, ROW_PRICE, &trade->price) ||
        bybit_fill_id(frame, &row, ROW_ID, *(const enum bybit_category *)arg, trade)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* ---- frames -----------------------------------------------------------------------------------
 */

/* "orderbook.50.BTCUSDT" -> "orderbook.50", "BTCUSDT" */
static enum err split_topic(struct venue_frame *frame, const struct field_set *set)
{
    char topic[CHANNEL_MAX + SYMBOL_MAX];
    if (field_text(frame, set, MSG_TOPIC, topic, sizeof topic)) {
        return ERR_DAMAGED;
    }
    const char *mark = strrchr(topic, '.');
    const char *symbol = mark ? mark + 1 : "";
    size_t size = mark ? (size_t)(mark - topic) : strlen(topic), symbol_size = strlen(symbol);
    if (size >= sizeof frame->channel || symbol_size >= sizeof frame->symbol) {
        venue_frame_malformed(frame, "member 'topic' is too long");
        return ERR_DAMAGED;
    }
    memcpy(frame->channel, topic, size);
    frame->channel[size] = '\0';
    memcpy(frame->symbol, symbol, symbol_size + 1);
    return ERR_OK;
}

static enum err decode_push(struct venue_frame *frame, const struct field_set *set,
                            enum bybit_category category)
{
    struct json_span data = set->values[MSG_DATA];
    if (split_topic(frame, set)) {
        return ERR_DAMAGED;
    }
    if (strcmp(frame->channel, "publicTrade") == 0) {
        frame->kind = VENUE_TRADES;
        return field_each(frame, data, "data", decode_trade, &category);
    }
    if (strcmp(frame->channel, "trade") == 0 && data.kind == SPAN_ARRAY) {
        frame->kind = VENUE_TRADES;
        return field_each(frame, data, "data", decode_v2_trade, &category);
    }
    frame->kind = VENUE_DATA;
    if (!read_time(set->values[MSG_TIME], NS_PER_MS, &frame->source_ns)) {
        read_time(set->values[MSG_TIME_US], NS_PER_US, &frame->source_ns);
    }
    return ERR_OK;
}

/* {"success":true,"ret_msg":"","conn_id":"...","req_id":"7","op":"subscribe"}; v2 has "op" in
 * "request". Pongs have op "ping" and text "pong", or op "pong" and nothing else. */
static enum err decode_answer(struct venue_frame *frame, const struct field_set *set)
{
    static const char *const names[] = {"op"};
    struct field_set request = {.values = {set->values[MSG_OP]}};
    if (field_is(set, MSG_TEXT, "pong") || field_is(set, MSG_OP, "pong")) {
        frame->kind = VENUE_HEARTBEAT;
        return ERR_OK;
    }
    bool fine = false;
    if (field_bool(frame, set, MSG_SUCCESS, &fine) ||
        (set->values[MSG_REQUEST].kind == SPAN_OBJECT &&
         field_pick(frame, &request, set->values[MSG_REQUEST], names, 1))) {
        return ERR_DAMAGED;
    }
    frame->kind = VENUE_ACK;
    frame->leave = field_is(&request, 0, "unsubscribe");
    if (!fine) {
        field_refusal(frame, set->values[MSG_TEXT], (struct json_span){0});
    }
    /* The client's own text; ours are numbers. "" when it gave none. */
    if (set->values[MSG_ID].kind == SPAN_STRING) {
        frame->has_request_id = json_scan_u64(set->values[MSG_ID], &frame->request_id);
    }
    return ERR_OK;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document,
                             enum bybit_category category)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, MSG_TOPIC)) {
        return decode_push(frame, &set, category);
    }
    return field_has(&set, MSG_SUCCESS) || field_has(&set, MSG_OP) ? decode_answer(frame, &set)
                                                                   : ERR_OK;
}

enum err bybit_spot_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size), BYBIT_SPOT));
}

enum err bybit_contract_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size), BYBIT_LINEAR));
}
