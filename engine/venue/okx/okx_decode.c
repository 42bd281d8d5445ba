#include "engine/base/time_text.h"
#include "engine/venue/okx/okx.h"

#include <stdio.h>
#include <string.h>

enum {
    MSG_ARG,
    MSG_DATA,
    MSG_EVENT,
    MSG_CODE,
    MSG_TEXT,
    MSG_ID,
    MSG_CHANNEL,
    MSG_TABLE,
    MSG_COUNT
};
static const char *const msg_names[MSG_COUNT] = {
    "arg", "data", "event", "code", "msg", "id", "channel", "table",
};

enum { ROW_SYMBOL, ROW_ID, ROW_PRICE, ROW_SIZE, ROW_SIDE, ROW_TIME, ROW_FILLS, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "instId", "tradeId", "px", "sz", "side", "ts", "count",
};

/* The upgrade of a service: the connection ends within a minute. */
#define CODE_UPGRADE "64008"

/* A row of `count` fills bears the last of their ids. */
static enum err fill_folded(struct venue_frame *frame, const struct field_set *row,
                            struct trade *trade)
{
    uint64_t fills = 1;
    if (!field_is_set(row, ROW_FILLS)) {
        return ERR_OK;
    }
    if (field_id(frame, row, ROW_FILLS, SPAN_STRING, &fills)) {
        return ERR_DAMAGED;
    }
    if (fills == 0 || fills > OKX_FILLS_MAX || fills - 1 > trade->id) {
        venue_frame_malformed(frame, "member 'count' is no number of fills");
        return ERR_DAMAGED;
    }
    trade->folded = fills - 1;
    trade->first_id = trade->id - trade->folded;
    trade->count = fills;
    return ERR_OK;
}

/* Milliseconds as a string. */
static bool read_time(struct json_span value, int64_t *out_ns)
{
    uint64_t ms = 0;
    return json_scan_u64(value, &ms) && ms > 0 && ms <= INT64_MAX / NS_PER_MS &&
           !__builtin_mul_overflow((int64_t)ms, NS_PER_MS, out_ns);
}

static enum err fill_time(struct venue_frame *frame, const struct field_set *row,
                          struct trade *trade)
{
    if (field_want(frame, row, ROW_TIME, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (!read_time(row->values[ROW_TIME], &trade->source_ns)) {
        venue_frame_malformed(frame, "member 'ts' is no time");
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

enum err okx_trade(struct venue_frame *frame, struct json_span element, uint32_t flags)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->flags = flags;
    trade->has_id = true;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_id(frame, &row, ROW_ID, SPAN_STRING, &trade->id) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_SIZE, SPAN_STRING, &trade->quantity) ||
        field_taker(frame, &row, ROW_SIDE, "buy", "sell", &trade->taker) ||
        fill_time(frame, &row, trade) || field_check_trade(frame, trade)) {
        return ERR_DAMAGED;
    }
    return fill_folded(frame, &row, trade);
}

static enum err decode_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)arg;
    return okx_trade(frame, element, 0);
}

/* Rows of candles are arrays and begin with the time at which the candle opened. */
enum err okx_note_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    static const char *const names[] = {"ts"};
    struct field_set row;
    int64_t time_ns = 0;
    (void)arg;
    if (element.kind != SPAN_OBJECT) {
        return ERR_OK;
    }
    if (field_pick(frame, &row, element, names, 1)) {
        return ERR_DAMAGED;
    }
    if (read_time(row.values[0], &time_ns) && time_ns > frame->source_ns) {
        frame->source_ns = time_ns;
    }
    return ERR_OK;
}

/* "arg": {"channel":"trades","instId":"BTC-USDT"}; some channels are of no single instrument. */
static enum err decode_arg(struct venue_frame *frame, struct json_span arg)
{
    static const char *const names[] = {"channel", "instId"};
    struct field_set set;
    if (field_pick(frame, &set, arg, names, 2) ||
        field_text(frame, &set, 0, frame->channel, sizeof frame->channel)) {
        return ERR_DAMAGED;
    }
    return field_is_set(&set, 1) ? field_text(frame, &set, 1, frame->symbol, sizeof frame->symbol)
                                 : ERR_OK;
}

static enum err decode_push(struct venue_frame *frame, const struct field_set *set)
{
    if (decode_arg(frame, set->values[MSG_ARG])) {
        return ERR_DAMAGED;
    }
    bool trades =
        strcmp(frame->channel, "trades") == 0 || strcmp(frame->channel, "trades-all") == 0;
    frame->kind = trades ? VENUE_TRADES : VENUE_DATA;
    return field_each(frame, set->values[MSG_DATA], "data", trades ? decode_trade : okx_note_row,
                      NULL);
}

/* What stands between `mark` and the next comma or blank: "...channel:books,instId:BTC-USDX doesn't
 * exist". */
static void take_behind(const char *text, const char *mark, char *out, size_t out_size)
{
    const char *at = strstr(text, mark);
    at = at ? at + strlen(mark) : "";
    size_t size = strcspn(at, ", ");
    if (size > 0 && size < out_size && at[size] != '\0') {
        memcpy(out, at, size);
        out[size] = '\0';
    }
}

static void decode_error(struct venue_frame *frame, const struct field_set *set)
{
    char text[VENUE_ERROR_MAX] = "";
    field_refusal(frame, set->values[MSG_CODE], set->values[MSG_TEXT]);
    if (set->values[MSG_TEXT].kind == SPAN_STRING) {
        json_scan_excerpt(set->values[MSG_TEXT], text, sizeof text);
        take_behind(text, "channel:", frame->channel, sizeof frame->channel);
        take_behind(text, "instId:", frame->symbol, sizeof frame->symbol);
    }
}

/* {"event":"subscribe","arg":{...}}; v3 names channel and instrument in one: "spot/trade:BTC-USDT"
 */
static enum err decode_ack(struct venue_frame *frame, const struct field_set *set)
{
    frame->kind = VENUE_ACK;
    frame->leave = field_is(set, MSG_EVENT, "unsubscribe");
    if (field_is_set(set, MSG_ARG)) {
        return decode_arg(frame, set->values[MSG_ARG]);
    }
    char both[CHANNEL_MAX + SYMBOL_MAX] = "";
    if (field_is_set(set, MSG_CHANNEL) && field_text(frame, set, MSG_CHANNEL, both, sizeof both)) {
        return ERR_DAMAGED;
    }
    size_t size = strcspn(both, ":");
    if (size < sizeof frame->channel && strlen(both) - size <= sizeof frame->symbol) {
        memcpy(frame->channel, both, size);
        frame->channel[size] = '\0';
        snprintf(frame->symbol, sizeof frame->symbol, "%s", both[size] ? both + size + 1 : "");
    }
    return ERR_OK;
}

static enum err decode_event(struct venue_frame *frame, const struct field_set *set)
{
    struct json_span event = set->values[MSG_EVENT];
    enum err err = ERR_OK;
    if (field_is(set, MSG_EVENT, "error")) {
        decode_error(frame, set);
    } else if (field_is(set, MSG_EVENT, "subscribe") || field_is(set, MSG_EVENT, "unsubscribe")) {
        err = decode_ack(frame, set);
    } else if (field_is(set, MSG_EVENT, "notice")) {
        frame->kind = VENUE_STATUS;
        frame->reconnect = field_is(set, MSG_CODE, CODE_UPGRADE);
    } else if (field_is(set, MSG_EVENT, "channel-conn-count")) {
        frame->kind = VENUE_STATUS;
    } else if (field_is(set, MSG_EVENT, "channel-conn-count-error")) {
        field_refusal(frame, event, set->values[MSG_CHANNEL]);
    }
    /* A string of up to 32 letters and digits, the client's own; ours are numbers. */
    if (!err && frame->kind == VENUE_ACK && set->values[MSG_ID].kind == SPAN_STRING) {
        frame->has_request_id = json_scan_u64(set->values[MSG_ID], &frame->request_id);
    }
    return err;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, MSG_EVENT)) {
        return field_want(frame, &set, MSG_EVENT, SPAN_STRING) ? ERR_DAMAGED
                                                               : decode_event(frame, &set);
    }
    if (field_has(&set, MSG_ARG)) {
        return decode_push(frame, &set);
    }
    return field_has(&set, MSG_TABLE)
               ? okx_v3_decode(frame, set.values[MSG_TABLE], set.values[MSG_DATA])
               : ERR_OK;
}

enum err okx_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    if (size == 4 && (memcmp(data, "pong", 4) == 0 || memcmp(data, "ping", 4) == 0)) {
        out->kind = VENUE_HEARTBEAT;
        return ERR_OK;
    }
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
