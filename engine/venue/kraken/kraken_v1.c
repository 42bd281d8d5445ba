#include "engine/tape/record.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_field.h"

#include <stdio.h>
#include <string.h>

/* [channelID, data, "trade", "XBT/USD"], a book update may have two data elements. */
#define ELEMENTS_MAX 8

enum { ROW_PRICE, ROW_VOLUME, ROW_TIME, ROW_SIDE, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {"price", "volume", "time", "side"};

enum {
    EVENT_NAME,
    EVENT_PAIR,
    EVENT_STATUS,
    EVENT_ERROR,
    EVENT_CHANNEL,
    EVENT_REQUEST,
    EVENT_COUNT
};
static const char *const event_names[EVENT_COUNT] = {
    "event", "pair", "status", "errorMessage", "channelName", "reqid",
};

static enum err decode_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)arg;
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    memcpy(trade->symbol, frame->symbol, sizeof trade->symbol);
    if (field_pick_row(frame, &row, element, row_names, ROW_COUNT) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_VOLUME, SPAN_STRING, &trade->quantity) ||
        field_time(frame, &row, ROW_TIME, FIELD_TIME_SECONDS, &trade->source_ns) ||
        field_taker(frame, &row, ROW_SIDE, "b", "s", &trade->taker)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* ---- times of books, candles and spreads -------------------------------------------------------
 */

static void note_newest(struct venue_frame *frame, int64_t time_ns)
{
    frame->source_ns = time_ns > frame->source_ns ? time_ns : frame->source_ns;
}

/* A level: [price, volume, time]. */
static enum err note_level(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)arg;
    struct field_set row;
    int64_t time_ns = RECORD_NO_TIME;
    if (field_pick_row(frame, &row, element, row_names, ROW_COUNT) ||
        field_time_maybe(frame, &row, ROW_TIME, FIELD_TIME_SECONDS, &time_ns)) {
        return ERR_DAMAGED;
    }
    note_newest(frame, time_ns);
    return ERR_OK;
}

/* {"as":[levels],"bs":[levels]} or {"a":[levels]} */
static enum err note_book(struct venue_frame *frame, struct json_span object)
{
    static const char *const names[] = {"as", "bs", "a", "b"};
    struct field_set sides;
    if (field_pick(frame, &sides, object, names, 4)) {
        return ERR_DAMAGED;
    }
    for (size_t i = 0; i < 4; i++) {
        if (sides.values[i].kind == SPAN_ARRAY &&
            field_each(frame, sides.values[i], names[i], note_level, NULL)) {
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

/* The newest time in the data: ohlc rows begin with it, levels and spreads have it third. */
static enum err note_times(struct venue_frame *frame, struct json_span data)
{
    static const char *const names[] = {"time"};
    struct field_set row;
    int64_t time_ns = RECORD_NO_TIME;
    if (strncmp(frame->channel, "book", 4) == 0 && data.kind == SPAN_OBJECT) {
        return note_book(frame, data);
    }
    if (strncmp(frame->channel, "ohlc", 4) == 0) {
        if (field_pick_row(frame, &row, data, names, 1) ||
            field_time_maybe(frame, &row, 0, FIELD_TIME_SECONDS, &time_ns)) {
            return ERR_DAMAGED;
        }
        note_newest(frame, time_ns);
        return ERR_OK;
    }
    return strcmp(frame->channel, "spread") == 0 ? note_level(frame, data, NULL) : ERR_OK;
}

/* ---- frames ------------------------------------------------------------------------------------
 */

static enum err decode_data(struct venue_frame *frame, const struct json_span *data, size_t count)
{
    frame->kind = VENUE_DATA;
    for (size_t i = 0; i < count; i++) {
        if (note_times(frame, data[i])) {
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

static enum err decode_array(struct venue_frame *frame, struct json_span document)
{
    struct json_scan scan;
    struct json_span key, value, elements[ELEMENTS_MAX];
    size_t count = 0, all = 0;
    json_scan_open(&scan, document);
    while (json_scan_next(&scan, &key, &value)) {
        if (all++ < ELEMENTS_MAX) {
            elements[count++] = value;
        }
    }
    if (scan.fault) {
        venue_frame_malformed(frame, "not JSON: %s", scan.fault);
        return ERR_DAMAGED;
    }
    if (all < 4 || all > ELEMENTS_MAX ||
        !json_scan_name(elements[count - 2], frame->channel, sizeof frame->channel) ||
        !json_scan_name(elements[count - 1], frame->symbol, sizeof frame->symbol)) {
        venue_frame_malformed(frame, "the array does not end with channel and pair");
        return ERR_DAMAGED;
    }
    if (strcmp(frame->channel, "trade") == 0) {
        frame->kind = VENUE_TRADES;
        return field_each(frame, elements[1], "data", decode_trade, NULL);
    }
    return decode_data(frame, elements + 1, count - 3);
}

static enum err decode_event(struct venue_frame *frame, struct json_span document)
{
    static const struct {
        const char *event, *channel;
        enum venue_frame_kind kind;
    } kinds[] = {
        {"heartbeat", "heartbeat", VENUE_HEARTBEAT},
        {"pong", "", VENUE_HEARTBEAT},
        {"systemStatus", "status", VENUE_STATUS},
        {"subscriptionStatus", "", VENUE_ACK},
    };
    struct field_set set;
    if (field_pick(frame, &set, document, event_names, EVENT_COUNT)) {
        return ERR_DAMAGED;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (field_is(&set, EVENT_NAME, kinds[i].event)) {
            frame->kind = kinds[i].kind;
            memcpy(frame->channel, kinds[i].channel, strlen(kinds[i].channel) + 1);
        }
    }
    field_request_id(frame, &set, EVENT_REQUEST);
    frame->leave = field_is(&set, EVENT_STATUS, "unsubscribed");
    if (field_is_set(&set, EVENT_CHANNEL) &&
        field_text(frame, &set, EVENT_CHANNEL, frame->channel, sizeof frame->channel)) {
        return ERR_DAMAGED;
    }
    if (field_is(&set, EVENT_NAME, "error") || field_is(&set, EVENT_STATUS, "error")) {
        field_refusal(frame, set.values[EVENT_ERROR], (struct json_span){0});
    }
    if (field_is_set(&set, EVENT_PAIR)) {
        return field_text(frame, &set, EVENT_PAIR, frame->symbol, sizeof frame->symbol);
    }
    return ERR_OK;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    return document.kind == SPAN_ARRAY ? decode_array(frame, document)
                                       : decode_event(frame, document);
}

enum err kraken_v1_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
