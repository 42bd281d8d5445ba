#include "engine/tape/record.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

enum { MSG_METHOD, MSG_PARAMS, MSG_ID, MSG_RESULT, MSG_ERROR, MSG_COUNT };
static const char *const msg_names[MSG_COUNT] = {"method", "params", "id", "result", "error"};

/* ---- trades ---------------------------------------------------------------------------------- */

enum { ROW_SEQ, ROW_TIME, ROW_PRICE, ROW_NAME, ROW_SIDE, ROW_AMOUNT, ROW_BLOCK, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "trade_seq", "timestamp", "price", "instrument_name", "direction", "amount", "block_trade_id",
};

/* Numbers are JSON numbers and keep their digits only as text. */
static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->flags = *(const uint32_t *)arg;
    trade->has_id = true;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        field_id(frame, &row, ROW_SEQ, SPAN_NUMBER, &trade->id) ||
        field_time(frame, &row, ROW_TIME, FIELD_TIME_EPOCH, &trade->source_ns) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_NUMBER, &trade->price) ||
        field_text(frame, &row, ROW_NAME, trade->symbol, sizeof trade->symbol) ||
        field_taker(frame, &row, ROW_SIDE, "buy", "sell", &trade->taker) ||
        field_decimal(frame, &row, ROW_AMOUNT, SPAN_NUMBER, &trade->quantity)) {
        return ERR_DAMAGED;
    }
    /* Agreed on beside the book, at a price of its own. */
    if (field_is_set(&row, ROW_BLOCK)) {
        trade->flags |= TRADE_EXCLUDED;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_trades(struct venue_frame *frame, struct json_span data, uint32_t flags)
{
    frame->kind = VENUE_TRADES;
    return field_each(frame, data, "data", decode_row, &flags);
}

/* ---- data of other channels ------------------------------------------------------------------ */

enum { DATA_NAME, DATA_TIME, DATA_MADE, DATA_COUNT };
static const char *const data_names[DATA_COUNT] = {
    "instrument_name",
    "timestamp",
    "creation_timestamp",
};

/* Instrument and time of an object; the time of several is the newest, a symbol that they do not
 * share is "". */
static enum err note_object(struct venue_frame *frame, struct json_span object, bool first)
{
    struct field_set set;
    char symbol[SYMBOL_MAX] = "";
    int64_t time_ns = RECORD_NO_TIME, made_ns = RECORD_NO_TIME;
    if (field_pick(frame, &set, object, data_names, DATA_COUNT) ||
        (field_is_set(&set, DATA_NAME) &&
         field_text(frame, &set, DATA_NAME, symbol, sizeof symbol)) ||
        field_time_maybe(frame, &set, DATA_TIME, FIELD_TIME_EPOCH, &time_ns) ||
        field_time_maybe(frame, &set, DATA_MADE, FIELD_TIME_EPOCH, &made_ns)) {
        return ERR_DAMAGED;
    }
    time_ns = time_ns == RECORD_NO_TIME ? made_ns : time_ns;
    frame->source_ns = time_ns > frame->source_ns ? time_ns : frame->source_ns;
    if (first) {
        memcpy(frame->symbol, symbol, sizeof symbol);
    } else if (strcmp(frame->symbol, symbol) != 0) {
        frame->symbol[0] = '\0';
    }
    return ERR_OK;
}

static enum err note_element(struct venue_frame *frame, struct json_span element, void *arg)
{
    size_t *count = arg;
    return element.kind == SPAN_OBJECT ? note_object(frame, element, (*count)++ == 0) : ERR_OK;
}

/* ---- notifications --------------------------------------------------------------------------- */

static enum err decode_notification(struct venue_frame *frame, struct json_span params)
{
    static const char *const names[] = {"channel", "data"};
    char word[DERIBIT_WORD_MAX], symbol[SYMBOL_MAX];
    struct field_set set;
    if (field_pick(frame, &set, params, names, 2) ||
        field_text(frame, &set, 0, word, sizeof word)) {
        return ERR_DAMAGED;
    }
    if (!deribit_split(word, frame->channel, symbol)) {
        venue_frame_malformed(frame, "member 'channel' is too long");
        return ERR_DAMAGED;
    }
    if (strncmp(frame->channel, "trades.", 7) == 0) {
        return decode_trades(frame, set.values[1], 0);
    }
    frame->kind = VENUE_DATA;
    if (set.values[1].kind == SPAN_OBJECT && note_object(frame, set.values[1], true)) {
        return ERR_DAMAGED;
    }
    /* Of charts the data do not name it. */
    if (symbol[0] != '\0') {
        memcpy(frame->symbol, symbol, sizeof symbol);
    }
    return ERR_OK;
}

static enum err decode_request(struct venue_frame *frame, const struct field_set *set)
{
    if (field_is(set, MSG_METHOD, "subscription")) {
        return decode_notification(frame, set->values[MSG_PARAMS]);
    }
    if (field_is(set, MSG_METHOD, "heartbeat")) {
        frame->kind = VENUE_HEARTBEAT;
        memcpy(frame->channel, "heartbeat", sizeof "heartbeat");
    }
    return ERR_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* What the id of a request of ours says that it asked for. */
struct asked {
    bool known;
    uint64_t count;
};

/* "7/100", "7/-100"; a plain number; anything else is another's. */
static struct asked read_id(struct venue_frame *frame, const struct field_set *set)
{
    struct asked asked = {0};
    char text[48], *slash = NULL;
    if (!json_scan_name(set->values[MSG_ID], text, sizeof text) || !(slash = strchr(text, '/'))) {
        field_request_id(frame, set, MSG_ID);
        return asked;
    }
    bool leave = slash[1] == '-';
    const char *count = slash + 1 + leave;
    struct json_span id = {SPAN_NUMBER, false, text, (size_t)(slash - text)};
    if (json_scan_u64((struct json_span){SPAN_NUMBER, false, count, strlen(count)}, &asked.count) &&
        json_scan_u64(id, &frame->request_id)) {
        asked.known = !leave;
        frame->leave = leave;
        frame->has_request_id = true;
    }
    return asked;
}

/* {"message":"Invalid params","data":{"reason":"value must be a list"},"code":-32602} */
static enum err decode_error(struct venue_frame *frame, struct json_span error)
{
    static const char *const names[] = {"message", "data"}, *const data_name[] = {"reason"};
    struct field_set set, data = {0};
    if (field_pick(frame, &set, error, names, 2) ||
        (set.values[1].kind == SPAN_OBJECT &&
         field_pick(frame, &data, set.values[1], data_name, 1))) {
        return ERR_DAMAGED;
    }
    field_refusal(frame, set.values[0], data.values[0]);
    return ERR_OK;
}

/* Names that the venue does not know are missing from the list, and nothing else says so. */
static void compare(struct venue_frame *frame, const struct asked *asked, size_t count)
{
    if (asked->known && count < asked->count) {
        snprintf(frame->error, sizeof frame->error, "only %zu of %llu channels were accepted",
                 count, (unsigned long long)asked->count);
    } else if (!asked->known && !frame->leave && frame->has_request_id && count == 0) {
        snprintf(frame->error, sizeof frame->error, "no channel was accepted");
    }
}

/* A list of words answers a subscription, one of objects a question about the market. */
static enum err decode_list(struct venue_frame *frame, struct json_span list,
                            const struct asked *asked)
{
    struct json_scan scan;
    struct json_span key, value;
    size_t words = 0, objects = 0;
    json_scan_open(&scan, list);
    while (json_scan_next(&scan, &key, &value)) {
        words += value.kind == SPAN_STRING;
        objects += value.kind == SPAN_OBJECT;
    }
    if (objects == 0) {
        compare(frame, asked, words);
        return ERR_OK;
    }
    objects = 0;
    frame->kind = VENUE_DATA;
    return field_each(frame, list, "result", note_element, &objects);
}

static enum err decode_object(struct venue_frame *frame, struct json_span result)
{
    enum { OBJECT_NAME, OBJECT_TRADES, OBJECT_VERSION, OBJECT_TICKS, OBJECT_COUNT };
    static const char *const names[OBJECT_COUNT] = {
        "instrument_name",
        "trades",
        "version",
        "ticks",
    };
    struct field_set set;
    if (field_pick(frame, &set, result, names, OBJECT_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, OBJECT_TRADES)) {
        memcpy(frame->channel, "trades.100ms", sizeof "trades.100ms");
        return decode_trades(frame, set.values[OBJECT_TRADES], TRADE_BACKFILL);
    }
    if (field_has(&set, OBJECT_VERSION)) { /* of public/test */
        frame->kind = VENUE_HEARTBEAT;
        return ERR_OK;
    }
    if (field_has(&set, OBJECT_NAME) || field_has(&set, OBJECT_TICKS)) {
        frame->kind = VENUE_DATA;
        return note_object(frame, result, true);
    }
    return ERR_OK;
}

static enum err decode_answer(struct venue_frame *frame, const struct field_set *set)
{
    struct asked asked = read_id(frame, set);
    struct json_span result = set->values[MSG_RESULT];
    frame->kind = VENUE_ACK;
    if (field_is_set(set, MSG_ERROR)) {
        return decode_error(frame, set->values[MSG_ERROR]);
    }
    if (result.kind == SPAN_ARRAY) {
        return decode_list(frame, result, &asked);
    }
    return result.kind == SPAN_OBJECT ? decode_object(frame, result) : ERR_OK;
}

static enum err decode_message(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (field_has(&set, MSG_METHOD)) {
        return decode_request(frame, &set);
    }
    return field_has(&set, MSG_RESULT) || field_has(&set, MSG_ERROR) ? decode_answer(frame, &set)
                                                                     : ERR_OK;
}

enum err deribit_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_message(out, json_scan_document(data, size)));
}

/* HTTP answers have the same form; to a GET they carry no id. */
enum err deribit_decode_http(const char *url, const uint8_t *data, size_t size,
                             const struct instrument_list *list, struct venue_frame *out)
{
    (void)url;
    (void)list; /* one spelling everywhere */
    return deribit_decode_general(data, size, out);
}

/* ---- tests of the venue ---------------------------------------------------------------------- */

/* {"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}} */
#define TEST_BYTES_MAX 256

enum err deribit_respond(const uint8_t *data, size_t size, struct buf *out)
{
    static const char *const type_name[] = {"type"};
    struct json_span values[MSG_COUNT], type;
    if (size > TEST_BYTES_MAX || size == 0 || !memmem(data, size, "test_request", 12)) {
        return ERR_END;
    }
    struct json_span document = json_scan_document(data, size);
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, msg_names, MSG_COUNT, values) ||
        !json_scan_is(values[MSG_METHOD], "heartbeat") || values[MSG_PARAMS].kind != SPAN_OBJECT ||
        json_scan_pick(values[MSG_PARAMS], type_name, 1, &type) ||
        !json_scan_is(type, "test_request")) {
        return ERR_END;
    }
    buf_clear(out);
    return buf_append_text(
        out, "{\"jsonrpc\":\"2.0\",\"id\":\"test\",\"method\":\"public/test\",\"params\":{}}");
}
