#include "engine/base/time_text.h"
#include "engine/tape/record.h"
#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/venue_field.h"

#include <stdio.h>
#include <string.h>

/* ---- trades ---------------------------------------------------------------------------------- */

enum { ROW_ID, ROW_MTS, ROW_AMOUNT, ROW_PRICE, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {"ID", "MTS", "AMOUNT", "PRICE"};

/* Decimals are numbers, or strings when the connection asked for that (flag 8). */
static enum err read_decimal(struct venue_frame *frame, const struct field_set *row, size_t index,
                             struct decimal *out)
{
    bool text = row->values[index].kind == SPAN_STRING;
    return field_decimal(frame, row, index, text ? SPAN_STRING : SPAN_NUMBER, out);
}

enum err bitfinex_decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    memcpy(trade->symbol, frame->symbol, sizeof trade->symbol);
    trade->flags = *(const uint32_t *)arg;
    trade->has_id = true;
    if (field_pick_row(frame, &row, element, row_names, ROW_COUNT) ||
        field_id(frame, &row, ROW_ID, SPAN_NUMBER, &trade->id) ||
        field_time(frame, &row, ROW_MTS, FIELD_TIME_EPOCH, &trade->source_ns) ||
        read_decimal(frame, &row, ROW_AMOUNT, &trade->quantity) ||
        read_decimal(frame, &row, ROW_PRICE, &trade->price)) {
        return ERR_DAMAGED;
    }
    /* The sign is the taker's side. */
    trade->taker = TAKER_BUY;
    if (decimal_is_negative(trade->quantity)) {
        trade->taker = TAKER_SELL;
        trade->quantity.mantissa = -trade->quantity.mantissa;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_trades(struct venue_frame *frame, struct json_span data, bool snapshot,
                              uint32_t flags)
{
    frame->kind = VENUE_TRADES;
    return snapshot ? field_each(frame, data, "data", bitfinex_decode_row, &flags)
                    : bitfinex_decode_row(frame, data, &flags);
}

/* ---- data frames ----------------------------------------------------------------------------- */

/* [number, data], [number, "te", data]; behind them a frame number and a time if they were asked
 * for, and whatever the venue appends. */
#define ELEMENTS_MAX 8

struct elements {
    size_t count;
    struct json_span values[ELEMENTS_MAX];
};

void bitfinex_note_time(struct venue_frame *frame, uint64_t last)
{
    const uint64_t year_2001_ms = 1000000000000u;
    if (last >= year_2001_ms && last <= INT64_MAX / NS_PER_MS) {
        frame->source_ns = (int64_t)last * NS_PER_MS;
    }
}

static void note_time(struct venue_frame *frame, const struct elements *elements, size_t used)
{
    uint64_t last = 0;
    if (elements->count > used && json_scan_u64(elements->values[elements->count - 1], &last)) {
        bitfinex_note_time(frame, last);
    }
}

/* What number or names say about a frame. */
static enum err find_route(struct venue_frame *frame, struct json_span first)
{
    uint64_t number = 0;
    if (first.kind == SPAN_OBJECT) {
        /* Some recorders put the names in place of the number. */
        struct json_span words[BITFINEX_WORDS];
        if (json_scan_pick(first, bitfinex_word_names, BITFINEX_WORDS, words) ||
            !bitfinex_read_words(words, frame->channel, frame->symbol)) {
            venue_frame_malformed(frame, "the first element names no channel");
            return ERR_DAMAGED;
        }
        return ERR_OK;
    }
    if (first.kind != SPAN_NUMBER || !json_scan_u64(first, &number)) {
        return ERR_OK;
    }
    const struct venue_route *route = venue_routes_find(&frame->routes, frame->connection, number);
    if (route) {
        memcpy(frame->channel, route->channel, sizeof frame->channel);
        memcpy(frame->symbol, route->symbol, sizeof frame->symbol);
    } else {
        snprintf(frame->error, sizeof frame->error,
                 "no subscription of this connection has number %llu", (unsigned long long)number);
    }
    return ERR_OK;
}

static enum err decode_word(struct venue_frame *frame, const struct elements *elements)
{
    struct json_span word = elements->values[1];
    if (json_scan_is(word, "hb")) {
        frame->kind = VENUE_HEARTBEAT;
        frame->error[0] = '\0';
        note_time(frame, elements, 2);
        return ERR_OK;
    }
    bool executed = json_scan_is(word, "te"), updated = json_scan_is(word, "tu");
    if (frame->channel[0] == '\0') {
        return ERR_OK;
    }
    if (executed || updated) {
        return decode_trades(frame, elements->values[2], false, updated ? TRADE_REPEAT : 0);
    }
    /* Loans ("fte", "ftu") and checksums of books ("cs"). */
    if (json_scan_is(word, "fte") || json_scan_is(word, "ftu") || json_scan_is(word, "cs")) {
        frame->kind = VENUE_DATA;
        note_time(frame, elements, 3);
    }
    return ERR_OK;
}

static enum err decode_array(struct venue_frame *frame, struct json_span document)
{
    struct json_scan scan;
    struct json_span key, value;
    struct elements elements = {0};
    json_scan_open(&scan, document);
    while (json_scan_next(&scan, &key, &value)) {
        elements.values[elements.count < ELEMENTS_MAX ? elements.count++ : ELEMENTS_MAX - 1] =
            value;
    }
    if (scan.fault) {
        venue_frame_malformed(frame, "not JSON: %s", scan.fault);
        return ERR_DAMAGED;
    }
    if (find_route(frame, elements.values[0])) {
        return ERR_DAMAGED;
    }
    struct json_span data = elements.values[1];
    if (data.kind == SPAN_STRING) {
        return decode_word(frame, &elements);
    }
    if (data.kind != SPAN_ARRAY || frame->channel[0] == '\0') {
        return ERR_OK;
    }
    /* "trades" of a currency (fUSD) are loans. */
    if (strcmp(frame->channel, "trades") == 0 && frame->symbol[0] == 't') {
        return decode_trades(frame, data, true, TRADE_SNAPSHOT);
    }
    frame->kind = VENUE_DATA;
    note_time(frame, &elements, 2);
    return ERR_OK;
}

/* ---- events ---------------------------------------------------------------------------------- */

enum {
    EVENT_CHANNEL = WORD_CHANNEL, /* the words first */
    EVENT_NAME = BITFINEX_WORDS,
    EVENT_NUMBER,
    EVENT_CODE,
    EVENT_MSG,
    EVENT_STATUS,
    EVENT_COUNT
};
static const char *const event_names[EVENT_COUNT] = {
    "channel", "symbol", "key", "prec", "pair", "event", "chanId", "code", "msg", "status",
};

static enum err see_subscribed(struct venue_frame *frame, const struct field_set *set)
{
    uint64_t number = 0;
    frame->kind = VENUE_ACK;
    if (field_id(frame, set, EVENT_NUMBER, SPAN_NUMBER, &number)) {
        return ERR_DAMAGED;
    }
    if (frame->channel[0] == '\0' || frame->symbol[0] == '\0') {
        venue_frame_malformed(frame, "a subscription without channel or symbol");
        return ERR_DAMAGED;
    }
    return venue_routes_add(&frame->routes, frame->connection, number, frame->channel,
                            frame->symbol);
}

static enum err see_unsubscribed(struct venue_frame *frame, const struct field_set *set)
{
    uint64_t number = 0;
    frame->kind = VENUE_ACK;
    frame->leave = true;
    if (field_id(frame, set, EVENT_NUMBER, SPAN_NUMBER, &number)) {
        return ERR_DAMAGED;
    }
    const struct venue_route *route = venue_routes_find(&frame->routes, frame->connection, number);
    if (route) {
        memcpy(frame->channel, route->channel, sizeof frame->channel);
        memcpy(frame->symbol, route->symbol, sizeof frame->symbol);
    }
    venue_routes_remove(&frame->routes, frame->connection, number);
    return ERR_OK;
}

enum { CODE_DUPLICATE = 10301, CODE_RESTART = 20051, CODE_MAINTENANCE_OVER = 20061 };

/* Who is subscribed already has what it wants. */
static enum err see_error(struct venue_frame *frame, const struct field_set *set)
{
    uint64_t code = 0;
    frame->kind = VENUE_ACK;
    json_scan_u64(set->values[EVENT_CODE], &code);
    if (code != CODE_DUPLICATE) {
        field_refusal(frame, set->values[EVENT_MSG], (struct json_span){0});
    }
    return ERR_OK;
}

/* 20051: the server is about to stop. 20060: a maintenance began, nothing will come. 20061: it is
 * over, and all is to be subscribed again. */
static enum err see_info(struct venue_frame *frame, const struct field_set *set)
{
    uint64_t code = 0;
    frame->kind = VENUE_STATUS;
    memcpy(frame->channel, "info", sizeof "info");
    if (json_scan_u64(set->values[EVENT_CODE], &code)) {
        frame->reconnect = code == CODE_RESTART || code == CODE_MAINTENANCE_OVER;
    }
    return ERR_OK;
}

static enum err see_conf(struct venue_frame *frame, const struct field_set *set)
{
    frame->kind = VENUE_ACK;
    if (!field_is(set, EVENT_STATUS, "OK")) {
        field_refusal(frame, set->values[EVENT_MSG], (struct json_span){0});
    }
    return ERR_OK;
}

static enum err see_pong(struct venue_frame *frame, const struct field_set *set)
{
    (void)set;
    frame->kind = VENUE_HEARTBEAT;
    return ERR_OK;
}

static enum err decode_event(struct venue_frame *frame, struct json_span document)
{
    static const struct {
        const char *event;
        enum err (*see)(struct venue_frame *frame, const struct field_set *set);
    } events[] = {
        {"subscribed", see_subscribed},
        {"unsubscribed", see_unsubscribed},
        {"error", see_error},
        {"info", see_info},
        {"conf", see_conf},
        {"pong", see_pong},
    };
    struct field_set set;
    if (field_pick(frame, &set, document, event_names, EVENT_COUNT)) {
        return ERR_DAMAGED;
    }
    bitfinex_read_words(set.values, frame->channel, frame->symbol);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (field_is(&set, EVENT_NAME, events[i].event)) {
            return events[i].see(frame, &set);
        }
    }
    return ERR_OK;
}

enum err bitfinex_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    struct json_span document = json_scan_document(data, size);
    char symbol[SYMBOL_MAX];
    venue_frame_clear(out);
    enum err err =
        document.kind == SPAN_ARRAY ? decode_array(out, document) : decode_event(out, document);
    memcpy(symbol, out->symbol, sizeof symbol);
    err = field_finish(out, err);
    if (out->kind == VENUE_TRADES && out->trade_count == 0) {
        /* A snapshot of a pair that has never been traded is that pair's all the same. */
        memcpy(out->symbol, symbol, sizeof symbol);
    }
    return err;
}
