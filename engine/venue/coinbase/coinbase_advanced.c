#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_field.h"

#include <string.h>

enum { MSG_CHANNEL, MSG_TIMESTAMP, MSG_EVENTS, MSG_TYPE, MSG_MESSAGE, MSG_REASON, MSG_COUNT };
static const char *const msg_names[MSG_COUNT] = {
    "channel", "timestamp", "events", "type", "message", "reason",
};

enum { EVENT_TYPE, EVENT_TRADES, EVENT_TICKERS, EVENT_CANDLES, EVENT_PRODUCT, EVENT_COUNT };
static const char *const event_names[EVENT_COUNT] = {
    "type", "trades", "tickers", "candles", "product_id",
};

enum { ROW_PRODUCT, ROW_ID, ROW_PRICE, ROW_SIZE, ROW_TIME, ROW_SIDE, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "product_id", "trade_id", "price", "size", "time", "side",
};

/*
 * `side` is the maker's, as Coinbase's manual has it (some clients take it for the aggressor's).
 * Evidence, from a recording of 2026-08-09 with ticker and level2 beside the trades: all 9 live
 * trades with a quote before them are SELL at the best ask (6) or BUY at the best bid (3), none the
 * other way round. And the book shows the resting order being hit: trade 1068572092, "BUY"
 * 0.00171442 at 65083.66, took the bid of 65083.66 from 0.20371215 to 0.20199773, which is
 * 0.00171442 less.
 */
enum err coinbase_advanced_trade(struct venue_frame *frame, struct json_span element,
                                 uint32_t flags)
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
        field_text(frame, &row, ROW_PRODUCT, trade->symbol, sizeof trade->symbol) ||
        field_id(frame, &row, ROW_ID, SPAN_STRING, &trade->id) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_SIZE, SPAN_STRING, &trade->quantity) ||
        field_time(frame, &row, ROW_TIME, FIELD_TIME_RFC3339, &trade->source_ns) ||
        field_taker(frame, &row, ROW_SIDE, "SELL", "BUY", &trade->taker)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    return coinbase_advanced_trade(frame, element, *(const uint32_t *)arg);
}

static enum err decode_trades(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)arg;
    struct field_set event;
    if (field_pick(frame, &event, element, event_names, EVENT_COUNT) ||
        field_want(frame, &event, EVENT_TYPE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    uint32_t flags = field_is(&event, EVENT_TYPE, "snapshot") ? TRADE_SNAPSHOT : 0;
    return field_each(frame, event.values[EVENT_TRADES], "trades", decode_row, &flags);
}

/* The product that events or their rows have in common; "" once two differ. */
struct common {
    bool seen;
    char product[SYMBOL_MAX];
};

static enum err note_product(struct venue_frame *frame, const struct field_set *set, size_t index,
                             struct common *common)
{
    char product[SYMBOL_MAX];
    if (!field_is_set(set, index)) {
        return ERR_OK;
    }
    if (field_text(frame, set, index, product, sizeof product)) {
        return ERR_DAMAGED;
    }
    if (!common->seen) {
        memcpy(common->product, product, sizeof product);
    } else if (strcmp(common->product, product) != 0) {
        common->product[0] = '\0';
    }
    common->seen = true;
    return ERR_OK;
}

static enum err note_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT)) {
        return ERR_DAMAGED;
    }
    return note_product(frame, &row, ROW_PRODUCT, arg);
}

static enum err note_event(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set event;
    if (field_pick(frame, &event, element, event_names, EVENT_COUNT) ||
        note_product(frame, &event, EVENT_PRODUCT, arg)) {
        return ERR_DAMAGED;
    }
    for (size_t i = EVENT_TICKERS; i <= EVENT_CANDLES; i++) {
        if (field_is_set(&event, i) &&
            field_each(frame, event.values[i], event_names[i], note_row, arg)) {
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

static enum err decode_data(struct venue_frame *frame, const struct field_set *set)
{
    struct common common = {0};
    frame->kind = VENUE_DATA;
    if (strcmp(frame->channel, "l2_data") == 0) { /* subscribed to as level2 */
        memcpy(frame->channel, "level2", sizeof "level2");
    }
    enum err err = field_each(frame, set->values[MSG_EVENTS], "events", note_event, &common);
    if (!err) {
        memcpy(frame->symbol, common.product, sizeof frame->symbol);
    }
    return err;
}

static enum err decode_channel(struct venue_frame *frame, const struct field_set *set)
{
    if (field_text(frame, set, MSG_CHANNEL, frame->channel, sizeof frame->channel) ||
        field_time_maybe(frame, set, MSG_TIMESTAMP, FIELD_TIME_RFC3339, &frame->source_ns)) {
        return ERR_DAMAGED;
    }
    if (field_is(set, MSG_CHANNEL, "market_trades")) {
        frame->kind = VENUE_TRADES;
        return field_each(frame, set->values[MSG_EVENTS], "events", decode_trades, NULL);
    }
    if (field_is(set, MSG_CHANNEL, "heartbeats")) {
        frame->kind = VENUE_HEARTBEAT;
        return ERR_OK;
    }
    if (field_is(set, MSG_CHANNEL, "subscriptions")) {
        frame->kind = VENUE_ACK;
        frame->channel[0] = '\0';
        return ERR_OK;
    }
    static const char *const known[] = {"ticker", "ticker_batch", "l2_data", "candles", "status"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (field_is(set, MSG_CHANNEL, known[i])) {
            return decode_data(frame, set);
        }
    }
    return ERR_OK;
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, MSG_CHANNEL)) {
        return decode_channel(frame, &set);
    }
    if (field_is(&set, MSG_TYPE, "error")) {
        coinbase_refusal(frame, set.values[MSG_MESSAGE], set.values[MSG_REASON]);
    }
    return ERR_OK;
}

enum err coinbase_advanced_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
