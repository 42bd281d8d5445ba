#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Rows of /trades and /historicalTrades. COIN-M adds baseQty, its qty counts contracts. */
enum { ROW_ID, ROW_PRICE, ROW_QUANTITY, ROW_TIME, ROW_MAKER, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {"id", "price", "qty", "time", "isBuyerMaker"};

/* Rows of /aggTrades have the members of the frame but its type and symbol. */
enum { AGG_ID, AGG_PRICE, AGG_QUANTITY, AGG_FIRST, AGG_LAST, AGG_TIME, AGG_MAKER, AGG_COUNT };
static const char *const agg_names[AGG_COUNT] = {"a", "p", "q", "f", "l", "T", "m"};

/* Where the two kinds of rows have what a trade needs. */
struct row_layout {
    const char *const *names;
    size_t count, id, price, quantity, time, maker;
    bool aggregated;
};
static const struct row_layout trade_layout = {
    row_names, ROW_COUNT, ROW_ID, ROW_PRICE, ROW_QUANTITY, ROW_TIME, ROW_MAKER, false,
};
static const struct row_layout agg_layout = {
    agg_names, AGG_COUNT, AGG_ID, AGG_PRICE, AGG_QUANTITY, AGG_TIME, AGG_MAKER, true,
};

struct answer {
    const struct row_layout *layout;
    char symbol[SYMBOL_MAX]; /* rows do not say it: it is in the question */
};

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    const struct answer *answer = arg;
    const struct row_layout *layout = answer->layout;
    struct trade *trade = NULL;
    struct field_set row;
    bool maker_bought = false;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    if (field_pick(frame, &row, element, layout->names, layout->count) ||
        field_id(frame, &row, layout->id, SPAN_NUMBER, &trade->id) ||
        field_decimal(frame, &row, layout->price, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, layout->quantity, SPAN_STRING, &trade->quantity) ||
        field_time(frame, &row, layout->time, FIELD_TIME_EPOCH, &trade->source_ns) ||
        field_bool(frame, &row, layout->maker, &maker_bought)) {
        return ERR_DAMAGED;
    }
    memcpy(trade->symbol, answer->symbol, sizeof trade->symbol);
    trade->has_id = true;
    trade->flags = TRADE_BACKFILL;
    trade->taker = maker_bought ? TAKER_SELL : TAKER_BUY;
    if (layout->aggregated &&
        binance_range(frame, trade, row.values[AGG_FIRST], row.values[AGG_LAST])) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_trades(struct venue_frame *frame, struct venue_path path,
                              struct json_span document, const struct row_layout *layout)
{
    struct answer answer = {.layout = layout};
    if (!venue_path_param(path, "symbol", answer.symbol, sizeof answer.symbol) ||
        answer.symbol[0] == '\0') {
        venue_frame_malformed(frame, "the request names no symbol");
        return ERR_DAMAGED;
    }
    venue_text_upper(answer.symbol);
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, layout->aggregated ? "aggTrade" : "trade",
           layout->aggregated ? sizeof "aggTrade" : sizeof "trade");
    return field_each(frame, document, "rows", decode_row, &answer);
}

static enum err decode_answer(struct venue_frame *frame, const char *url, struct json_span document)
{
    struct venue_path path = venue_path_of(url);
    if (document.kind == SPAN_OBJECT) {
        static const char *const names[] = {"code", "msg"};
        struct field_set error;
        if (field_pick(frame, &error, document, names, 2)) {
            return ERR_DAMAGED;
        }
        if (field_has(&error, 0) && field_has(&error, 1)) {
            binance_refusal(frame, error.values[0], error.values[1]);
            return ERR_OK;
        }
    }
    if (venue_path_ends(path, "/trades") || venue_path_ends(path, "/historicalTrades")) {
        return decode_trades(frame, path, document, &trade_layout);
    }
    if (venue_path_ends(path, "/aggTrades")) {
        return decode_trades(frame, path, document, &agg_layout);
    }
    if (venue_path_ends(path, "/klines") || venue_path_ends(path, "/depth")) {
        frame->kind = VENUE_DATA;
    }
    return ERR_OK;
}

enum err binance_decode_http(const char *url, const uint8_t *data, size_t size,
                             const struct instrument_list *list, struct venue_frame *out)
{
    (void)list; /* REST and streams spell symbols alike */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, url, json_scan_document(data, size)));
}
