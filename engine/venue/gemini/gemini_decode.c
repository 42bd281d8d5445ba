#include "engine/base/time_text.h"
#include "engine/venue/gemini/gemini.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Members of all frames of both APIs, in the order of a trade of the new one. */
enum {
    MSG_TIME,
    MSG_SYMBOL,
    MSG_ID,
    MSG_PRICE,
    MSG_QUANTITY,
    MSG_MAKER,
    MSG_EVENT,
    MSG_UPDATE,
    MSG_BOOK,
    MSG_REQUEST,
    MSG_STATUS,
    MSG_ERROR,
    MSG_OLD_TYPE,
    MSG_OLD_SYMBOL,
    MSG_OLD_TRADES,
    MSG_OLD_TIME,
    MSG_COUNT
};
static const char *const msg_names[MSG_COUNT] = {
    "E",  "s",      "t",     "p",    "q",      "m",      "e",         "u", "lastUpdateId",
    "id", "status", "error", "type", "symbol", "trades", "timestamp",
};

enum err gemini_symbol_of(struct venue_frame *frame, const struct field_set *set, size_t index,
                          char out[SYMBOL_MAX])
{
    if (field_text(frame, set, index, out, SYMBOL_MAX)) {
        return ERR_DAMAGED;
    }
    venue_text_lower(out);
    return ERR_OK;
}

enum err gemini_time(struct venue_frame *frame, const struct field_set *set, size_t index,
                     int64_t *out_ns)
{
    uint64_t number = 0;
    if (field_id(frame, set, index, SPAN_NUMBER, &number)) {
        return ERR_DAMAGED;
    }
    if (number == 0 || number > INT64_MAX || time_from_epoch(out_ns, (int64_t)number)) {
        venue_frame_malformed(frame, "member '%s' is no time", set->names[index]);
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

static void name_channel(struct venue_frame *frame, const char *channel)
{
    memcpy(frame->channel, channel, strlen(channel) + 1);
}

/* ---- the new API -----------------------------------------------------------------------------
 */

static enum err decode_trade(struct venue_frame *frame, const struct field_set *set)
{
    struct trade *trade = NULL;
    bool maker_bought = false;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->has_id = true;
    frame->kind = VENUE_TRADES;
    name_channel(frame, "trade");
    if (gemini_symbol_of(frame, set, MSG_SYMBOL, trade->symbol) ||
        field_id(frame, set, MSG_ID, SPAN_NUMBER, &trade->id) ||
        field_decimal(frame, set, MSG_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, set, MSG_QUANTITY, SPAN_STRING, &trade->quantity) ||
        gemini_time(frame, set, MSG_TIME, &trade->source_ns) ||
        field_bool(frame, set, MSG_MAKER, &maker_bought)) {
        return ERR_DAMAGED;
    }
    trade->taker = maker_bought ? TAKER_SELL : TAKER_BUY;
    return field_check_trade(frame, trade);
}

/* Books and tickers; the few best levels of a book come without symbol and time. */
static enum err decode_data(struct venue_frame *frame, const struct field_set *set,
                            const char *channel)
{
    frame->kind = VENUE_DATA;
    name_channel(frame, channel);
    if (field_has(set, MSG_SYMBOL) && gemini_symbol_of(frame, set, MSG_SYMBOL, frame->symbol)) {
        return ERR_DAMAGED;
    }
    return field_has(set, MSG_TIME) ? gemini_time(frame, set, MSG_TIME, &frame->source_ns) : ERR_OK;
}

/* {"id":4,"status":400,"error":{"code":-1013,"msg":"..."}} */
static enum err decode_answer(struct venue_frame *frame, const struct field_set *set)
{
    static const char *const names[] = {"msg"};
    struct field_set error = {0};
    uint64_t status = 0;
    struct json_span id = set->values[MSG_REQUEST];
    if (field_id(frame, set, MSG_STATUS, SPAN_NUMBER, &status) ||
        (field_is_set(set, MSG_ERROR) &&
         field_pick(frame, &error, set->values[MSG_ERROR], names, 1))) {
        return ERR_DAMAGED;
    }
    frame->kind = VENUE_ACK;
    /* The id is sent as text and comes back as a number. */
    frame->has_request_id =
        (id.kind == SPAN_NUMBER || id.kind == SPAN_STRING) && json_scan_u64(id, &frame->request_id);
    if (status != 200 || field_is_set(set, MSG_ERROR)) {
        field_refusal(frame, error.values[0], (struct json_span){0});
    }
    return ERR_OK;
}

/* ---- the old API -----------------------------------------------------------------------------
 */

enum { OLD_SYMBOL, OLD_ID, OLD_TIME, OLD_PRICE, OLD_QUANTITY, OLD_SIDE, OLD_COUNT };
static const char *const old_names[OLD_COUNT] = {
    "symbol", "event_id", "timestamp", "price", "quantity", "side",
};

/* The side is the taker's. */
static enum err decode_old_trade(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->flags = *(const uint32_t *)arg;
    trade->has_id = true;
    if (field_pick(frame, &row, element, old_names, OLD_COUNT) ||
        gemini_symbol_of(frame, &row, OLD_SYMBOL, trade->symbol) ||
        field_id(frame, &row, OLD_ID, SPAN_NUMBER, &trade->id) ||
        gemini_time(frame, &row, OLD_TIME, &trade->source_ns) ||
        field_decimal(frame, &row, OLD_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, OLD_QUANTITY, SPAN_STRING, &trade->quantity) ||
        field_taker(frame, &row, OLD_SIDE, "buy", "sell", &trade->taker)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* The first frame of a symbol has its whole book and its last trades, newest first. */
static enum err decode_l2(struct venue_frame *frame, const struct field_set *set)
{
    uint32_t flags = TRADE_SNAPSHOT;
    enum err err = ERR_OK;
    if (field_is_set(set, MSG_OLD_TRADES)) {
        err = field_each(frame, set->values[MSG_OLD_TRADES], "trades", decode_old_trade, &flags);
    }
    if (!err && frame->trade_count > 0) {
        frame->kind = VENUE_TRADES;
    }
    return err;
}

/* "candles_1m_updates" answers a subscription to "candles_1m". */
static bool name_candles(struct venue_frame *frame, struct json_span type)
{
    static const char head[] = "candles_", tail[] = "_updates";
    size_t ends = sizeof tail - 1, size = type.size;
    if (size <= sizeof head - 1 + ends || size - ends >= sizeof frame->channel ||
        memcmp(type.text, head, sizeof head - 1) != 0 ||
        memcmp(type.text + size - ends, tail, ends) != 0) {
        return false;
    }
    memcpy(frame->channel, type.text, size - ends);
    frame->channel[size - ends] = '\0';
    return true;
}

/* What else comes with a subscription to "l2". Blocks are traded beside the book. */
static bool is_of_l2(struct json_span type)
{
    static const char *const known[] = {"l2_updates",         "auction_open", "auction_result",
                                        "auction_indicative", "block_trade",  "auction_outcome"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (json_scan_is(type, known[i])) {
            return true;
        }
    }
    return false;
}

static enum err decode_old(struct venue_frame *frame, const struct field_set *set,
                           struct json_span document)
{
    uint32_t flags = 0;
    struct json_span type = set->values[MSG_OLD_TYPE];
    if (field_want(frame, set, MSG_OLD_TYPE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (json_scan_is(type, "heartbeat")) {
        frame->kind = VENUE_HEARTBEAT;
        name_channel(frame, "heartbeat");
        return field_has(set, MSG_OLD_TIME)
                   ? gemini_time(frame, set, MSG_OLD_TIME, &frame->source_ns)
                   : ERR_OK;
    }
    if (json_scan_is(type, "trade")) {
        frame->kind = VENUE_TRADES;
        name_channel(frame, "l2");
        return decode_old_trade(frame, document, &flags);
    }
    if (is_of_l2(type)) {
        name_channel(frame, "l2");
    } else if (!name_candles(frame, type)) {
        return ERR_OK;
    }
    frame->kind = VENUE_DATA;
    if (gemini_symbol_of(frame, set, MSG_OLD_SYMBOL, frame->symbol)) {
        return ERR_DAMAGED;
    }
    return json_scan_is(type, "l2_updates") ? decode_l2(frame, set) : ERR_OK;
}

/* {"result":"error","reason":"NoValidTradingPairs","message":"..."} */
static enum err decode_refusal(struct venue_frame *frame, struct json_span document)
{
    static const char *const names[] = {"result", "reason", "message"};
    struct field_set set;
    if (field_pick(frame, &set, document, names, 3)) {
        return ERR_DAMAGED;
    }
    if (field_is(&set, 0, "error")) {
        field_refusal(frame, set.values[1], set.values[2]);
    }
    return ERR_OK;
}

/* ---- both ------------------------------------------------------------------------------------
 */

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    /* First, so that the head of a frame of books, which are long, says all about it. */
    if (field_is(&set, MSG_EVENT, "depthUpdate")) {
        return decode_data(frame, &set, "depth");
    }
    if (field_has(&set, MSG_OLD_TYPE)) {
        return decode_old(frame, &set, document);
    }
    if (field_has(&set, MSG_STATUS)) {
        return decode_answer(frame, &set);
    }
    if (field_has(&set, MSG_EVENT)) { /* none that is known */
        return ERR_OK;
    }
    if (field_has(&set, MSG_ID) && field_has(&set, MSG_PRICE)) {
        return decode_trade(frame, &set);
    }
    if (field_has(&set, MSG_UPDATE) && field_has(&set, MSG_SYMBOL)) {
        return decode_data(frame, &set, "bookTicker");
    }
    return field_has(&set, MSG_BOOK) ? decode_data(frame, &set, "")
                                     : decode_refusal(frame, document);
}

enum err gemini_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}
