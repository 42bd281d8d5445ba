#include "engine/base/time_text.h"
#include "engine/tape/record.h"
#include "engine/venue/bitstamp/bitstamp.h"

#include <string.h>

enum { MSG_DATA, MSG_CHANNEL, MSG_EVENT, MSG_COUNT };
static const char *const msg_names[MSG_COUNT] = {"data", "channel", "event"};

enum { ROW_ID, ROW_AMOUNT, ROW_PRICE, ROW_TYPE, ROW_TIME, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "id", "amount_str", "price_str", "type", "microtimestamp",
};

enum err bitstamp_time(struct venue_frame *frame, const struct field_set *set, size_t index,
                       int64_t unit_ns, int64_t *out_ns)
{
    uint64_t number = 0;
    if (!json_scan_u64(set->values[index], &number) || number == 0 || number > INT64_MAX ||
        __builtin_mul_overflow((int64_t)number, unit_ns, out_ns)) {
        venue_frame_malformed(frame, "member '%s' is no time", set->names[index]);
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

/* The type is what the taker did: 0 bought, 1 sold. */
static enum err fill_taker(struct venue_frame *frame, const struct field_set *row,
                           struct trade *trade)
{
    uint64_t type = 0;
    if (field_id(frame, row, ROW_TYPE, SPAN_NUMBER, &type)) {
        return ERR_DAMAGED;
    }
    if (type > 1) {
        venue_frame_malformed(frame, "member 'type' is neither 0 nor 1");
        return ERR_DAMAGED;
    }
    trade->taker = type == 0 ? TAKER_BUY : TAKER_SELL;
    return ERR_OK;
}

static enum err decode_trade(struct venue_frame *frame, struct json_span data)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    memcpy(trade->symbol, frame->symbol, sizeof trade->symbol);
    trade->has_id = true;
    frame->kind = VENUE_TRADES;
    if (field_pick(frame, &row, data, row_names, ROW_COUNT) ||
        field_id(frame, &row, ROW_ID, SPAN_NUMBER, &trade->id) ||
        field_decimal(frame, &row, ROW_AMOUNT, SPAN_STRING, &trade->quantity) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        fill_taker(frame, &row, trade) ||
        bitstamp_time(frame, &row, ROW_TIME, NS_PER_US, &trade->source_ns)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* Books and orders: only their time is looked at. */
static enum err decode_data(struct venue_frame *frame, struct json_span data)
{
    static const char *const names[] = {"microtimestamp"};
    struct field_set row;
    frame->kind = VENUE_DATA;
    if (field_pick(frame, &row, data, names, 1)) {
        return ERR_DAMAGED;
    }
    return field_is_set(&row, 0) ? bitstamp_time(frame, &row, 0, NS_PER_US, &frame->source_ns)
                                 : ERR_OK;
}

/* {"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}} */
static enum err decode_error(struct venue_frame *frame, struct json_span data)
{
    static const char *const names[] = {"message"};
    struct field_set set = {0};
    if (data.kind == SPAN_OBJECT && field_pick(frame, &set, data, names, 1)) {
        return ERR_DAMAGED;
    }
    field_refusal(frame, set.values[0], (struct json_span){0});
    return ERR_OK;
}

/* What the venue says about the connection itself. */
static enum err decode_control(struct venue_frame *frame, const struct field_set *set)
{
    if (field_is(set, MSG_EVENT, "bts:error") ||
        field_is(set, MSG_EVENT, "bts:subscription_failed")) {
        return decode_error(frame, set->values[MSG_DATA]);
    }
    frame->leave = field_is(set, MSG_EVENT, "bts:unsubscription_succeeded");
    if (frame->leave || field_is(set, MSG_EVENT, "bts:subscription_succeeded")) {
        frame->kind = VENUE_ACK;
    } else if (field_is(set, MSG_EVENT, "bts:heartbeat")) {
        frame->kind = VENUE_HEARTBEAT;
    } else if (field_is(set, MSG_EVENT, "bts:request_reconnect")) {
        frame->kind = VENUE_STATUS;
        frame->reconnect = true;
    }
    return ERR_OK;
}

static bool is_control(struct json_span event)
{
    return event.size > 4 && memcmp(event.text, "bts:", 4) == 0;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    char word[BITSTAMP_WORD_MAX] = "";
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (!field_has(&set, MSG_EVENT)) {
        return ERR_OK;
    }
    if (field_want(frame, &set, MSG_EVENT, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&set, MSG_CHANNEL, word, sizeof word);
    bool named = bitstamp_split(word, frame->channel, frame->symbol);
    if (is_control(set.values[MSG_EVENT])) {
        return decode_control(frame, &set);
    }
    if (field_is(&set, MSG_EVENT, "trade")) {
        if (!named) {
            venue_frame_malformed(frame, "member 'channel' names no channel of a symbol");
            return ERR_DAMAGED;
        }
        if (strcmp(frame->channel, BITSTAMP_TRADES) == 0) {
            return decode_trade(frame, set.values[MSG_DATA]);
        }
    }
    return named ? decode_data(frame, set.values[MSG_DATA]) : ERR_OK;
}

enum err bitstamp_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
