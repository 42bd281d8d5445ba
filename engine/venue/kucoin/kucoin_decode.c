#include "engine/base/time_text.h"
#include "engine/venue/kucoin/kucoin.h"

#include <string.h>

enum { MSG_DATA, MSG_TOPIC, MSG_TYPE, MSG_ID, MSG_COUNT };
static const char *const msg_names[MSG_COUNT] = {"data", "topic", "type", "id"};

enum { ROW_SYMBOL, ROW_SEQUENCE, ROW_SIDE, ROW_SIZE, ROW_PRICE, ROW_TIME, ROW_TS, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "symbol", "sequence", "side", "size", "price", "time", "ts",
};

/* Spot writes numbers as strings, its REST times and all of the futures' as numbers. */
static enum json_span_kind kind_of(const struct field_set *set, size_t index)
{
    return set->values[index].kind == SPAN_NUMBER ? SPAN_NUMBER : SPAN_STRING;
}

static bool read_time(struct json_span value, int64_t *out_ns)
{
    uint64_t number = 0;
    return json_scan_u64(value, &number) && number > 0 && number <= INT64_MAX &&
           time_from_epoch(out_ns, (int64_t)number) == ERR_OK;
}

static enum err fill_time(struct venue_frame *frame, const struct field_set *row,
                          struct trade *trade)
{
    size_t index = field_has(row, ROW_TS) ? ROW_TS : ROW_TIME;
    if (!read_time(row->values[index], &trade->source_ns)) {
        venue_frame_malformed(frame, "member '%s' is no time", row_names[index]);
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

enum err kucoin_trade(struct venue_frame *frame, struct json_span element, const char *symbol,
                      uint32_t flags)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    memcpy(trade->symbol, symbol, strlen(symbol) + 1);
    trade->flags = flags;
    trade->has_id = true;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        (symbol[0] == '\0' &&
         field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol)) ||
        field_id(frame, &row, ROW_SEQUENCE, kind_of(&row, ROW_SEQUENCE), &trade->id) ||
        field_taker(frame, &row, ROW_SIDE, "buy", "sell", &trade->taker) ||
        field_decimal(frame, &row, ROW_SIZE, kind_of(&row, ROW_SIZE), &trade->quantity) ||
        field_decimal(frame, &row, ROW_PRICE, kind_of(&row, ROW_PRICE), &trade->price) ||
        fill_time(frame, &row, trade)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

enum err kucoin_note(struct venue_frame *frame, struct json_span data)
{
    static const char *const names[] = {"symbol", "time", "timestamp", "ts"};
    struct field_set set;
    if (data.kind != SPAN_OBJECT) {
        return ERR_OK;
    }
    if (field_pick(frame, &set, data, names, 4)) {
        return ERR_DAMAGED;
    }
    if (frame->symbol[0] == '\0') {
        field_text_maybe(&set, 0, frame->symbol, sizeof frame->symbol);
    }
    for (size_t i = 1; i < 4; i++) {
        int64_t time_ns = 0;
        if (read_time(set.values[i], &time_ns)) {
            frame->source_ns = time_ns;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* The time in a candle of the futures is when it opened, not when it was sent. */
static bool is_timed(const char *channel)
{
    static const char untimed[] = "/contractMarket/candle";
    return strncmp(channel, untimed, sizeof untimed - 1) != 0;
}

static enum err decode_push(struct venue_frame *frame, const struct field_set *set)
{
    char topic[KUCOIN_TOPIC_MAX];
    if (field_want(frame, set, MSG_TOPIC, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    char *mark =
        json_scan_name(set->values[MSG_TOPIC], topic, sizeof topic) ? strchr(topic, ':') : NULL;
    if (!mark) { /* none that has a symbol */
        return ERR_OK;
    }
    *mark = '\0';
    if (!kucoin_name(topic, mark + 1, frame->channel, frame->symbol)) {
        return ERR_OK;
    }
    struct json_span data = set->values[MSG_DATA];
    if (strcmp(frame->channel, KUCOIN_TRADES) == 0 ||
        strcmp(frame->channel, "/contractMarket/execution") == 0) {
        frame->kind = VENUE_TRADES;
        return kucoin_trade(frame, data, "", 0);
    }
    frame->kind = VENUE_DATA;
    return is_timed(frame->channel) ? kucoin_note(frame, data) : ERR_OK;
}

/* Ids are text, ours are numbers. */
static void take_id(struct venue_frame *frame, struct json_span id)
{
    frame->has_request_id =
        (id.kind == SPAN_STRING || id.kind == SPAN_NUMBER) && json_scan_u64(id, &frame->request_id);
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (!field_has(&set, MSG_TYPE)) {
        return ERR_OK;
    }
    if (field_want(frame, &set, MSG_TYPE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (field_is(&set, MSG_TYPE, "message")) {
        return decode_push(frame, &set);
    }
    if (field_is(&set, MSG_TYPE, "ack")) {
        frame->kind = VENUE_ACK;
        take_id(frame, set.values[MSG_ID]);
    } else if (field_is(&set, MSG_TYPE, "error")) {
        field_refusal(frame, set.values[MSG_DATA], (struct json_span){0});
        take_id(frame, set.values[MSG_ID]);
    } else if (field_is(&set, MSG_TYPE, "pong")) {
        frame->kind = VENUE_HEARTBEAT;
    } else if (field_is(&set, MSG_TYPE, "welcome")) {
        frame->kind = VENUE_STATUS;
    }
    return ERR_OK;
}

enum err kucoin_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
