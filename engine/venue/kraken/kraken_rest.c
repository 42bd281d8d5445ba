#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <string.h>

enum { ROW_PRICE, ROW_VOLUME, ROW_TIME, ROW_SIDE, ROW_TYPE, ROW_MISC, ROW_ID, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "price", "volume", "time", "side", "type", "misc", "trade_id",
};

/* Rows older than mid 2024 had id 0, the oldest none: they cannot be checked for duplicates. */
static enum err fill_id(struct venue_frame *frame, const struct field_set *row, struct trade *trade)
{
    if (!field_has(row, ROW_ID)) {
        return ERR_OK;
    }
    if (field_id(frame, row, ROW_ID, SPAN_NUMBER, &trade->id)) {
        return ERR_DAMAGED;
    }
    trade->has_id = trade->id != 0;
    return ERR_OK;
}

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    memcpy(trade->symbol, arg, SYMBOL_MAX);
    trade->flags = TRADE_BACKFILL;
    if (field_pick_row(frame, &row, element, row_names, ROW_COUNT) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_VOLUME, SPAN_STRING, &trade->quantity) ||
        field_time(frame, &row, ROW_TIME, FIELD_TIME_FLOAT, &trade->source_ns) ||
        field_taker(frame, &row, ROW_SIDE, "b", "s", &trade->taker) ||
        fill_id(frame, &row, trade)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* What a request is about. */
struct question {
    struct venue_path path;
    const struct instrument_list *list; /* may be NULL */
};

void kraken_answered_pair(struct venue_path path, const struct instrument_list *list,
                          const char *answered, char out[SYMBOL_MAX])
{
    char asked[SYMBOL_MAX];
    const struct instrument *instrument = NULL;
    if (list && venue_path_param(path, "pair", asked, sizeof asked)) {
        instrument = instrument_list_request_symbol(list, asked);
    }
    if (instrument) {
        memcpy(out, instrument->symbol, SYMBOL_MAX);
    } else {
        kraken_rest_symbol(answered, out);
    }
}

/* {"XBTUSDT":[rows],"last":"..."} */
static enum err decode_trades(struct venue_frame *frame, const struct question *question,
                              struct json_span result)
{
    struct json_scan scan;
    struct json_span key, value;
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, "trade", sizeof "trade");
    json_scan_open(&scan, result);
    while (json_scan_next(&scan, &key, &value)) {
        char pair[SYMBOL_MAX], symbol[SYMBOL_MAX];
        if (json_scan_is(key, "last")) {
            continue;
        }
        if (!json_scan_name(key, pair, sizeof pair)) {
            venue_frame_malformed(frame, "a member of 'result' is not called like a pair");
            return ERR_DAMAGED;
        }
        kraken_answered_pair(question->path, question->list, pair, symbol);
        enum err err = field_each(frame, value, pair, decode_row, symbol);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err decode_answer(struct venue_frame *frame, const struct question *question,
                              struct json_span document)
{
    static const char *const names[] = {"error", "result"};
    struct venue_path path = question->path;
    struct json_span first = {0}, key;
    struct json_scan scan;
    struct field_set set;
    if (field_pick(frame, &set, document, names, 2) || field_want(frame, &set, 0, SPAN_ARRAY)) {
        return ERR_DAMAGED;
    }
    /* Refusals come with HTTP status 200: {"error":["EGeneral:Too many requests"]} */
    json_scan_open(&scan, set.values[0]);
    if (json_scan_next(&scan, &key, &first)) {
        field_refusal(frame, first, (struct json_span){0});
        return ERR_OK;
    }
    if (venue_path_ends(path, "/Trades")) {
        return field_want(frame, &set, 1, SPAN_OBJECT)
                   ? ERR_DAMAGED
                   : decode_trades(frame, question, set.values[1]);
    }
    if (venue_path_ends(path, "/OHLC") || venue_path_ends(path, "/Depth") ||
        venue_path_ends(path, "/Ticker") || venue_path_ends(path, "/Spread")) {
        frame->kind = VENUE_DATA;
    }
    return ERR_OK;
}

enum err kraken_decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_frame *out)
{
    struct question question = {venue_path_of(url), list};
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, &question, json_scan_document(data, size)));
}
