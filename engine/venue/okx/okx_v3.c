#include "engine/venue/okx/okx.h"

#include <string.h>

enum { ROW_SIDE, ROW_ID, ROW_PRICE, ROW_SIZE, ROW_QUANTITY, ROW_SYMBOL, ROW_TIME, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "side", "trade_id", "price", "size", "qty", "instrument_id", "timestamp",
};

static enum err decode_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    (void)arg;
    if (err) {
        return err;
    }
    trade->has_id = true;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT)) {
        return ERR_DAMAGED;
    }
    size_t size = field_is_set(&row, ROW_SIZE) ? ROW_SIZE : ROW_QUANTITY;
    if (field_taker(frame, &row, ROW_SIDE, "buy", "sell", &trade->taker) ||
        field_id(frame, &row, ROW_ID, SPAN_STRING, &trade->id) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, size, SPAN_STRING, &trade->quantity) ||
        field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_time(frame, &row, ROW_TIME, FIELD_TIME_RFC3339, &trade->source_ns)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* What the first row says counts for the frame: v3 sends one instrument in each. */
static enum err note_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    (void)arg;
    if (frame->symbol[0] != '\0' || element.kind != SPAN_OBJECT) {
        return ERR_OK;
    }
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        (field_is_set(&row, ROW_SYMBOL) &&
         field_text(frame, &row, ROW_SYMBOL, frame->symbol, sizeof frame->symbol)) ||
        field_time_maybe(frame, &row, ROW_TIME, FIELD_TIME_RFC3339, &frame->source_ns)) {
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

enum err okx_v3_decode(struct venue_frame *frame, struct json_span table, struct json_span data)
{
    if (!json_scan_name(table, frame->channel, sizeof frame->channel)) {
        venue_frame_malformed(frame, "member 'table' is no name");
        return ERR_DAMAGED;
    }
    const char *mark = strchr(frame->channel, '/');
    bool trades = mark && strcmp(mark, "/trade") == 0;
    frame->kind = trades ? VENUE_TRADES : VENUE_DATA;
    return field_each(frame, data, "data", trades ? decode_trade : note_row, NULL);
}
