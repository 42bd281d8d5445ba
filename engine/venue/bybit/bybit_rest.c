#include "engine/base/time_text.h"
#include "engine/venue/bybit/bybit.h"
#include "engine/venue/venue_text.h"

#include <string.h>

#define LIST_PATH   "/v5/market/instruments-info"
#define TRADES_PATH "/v5/market/recent-trade"
#define PAGES_MAX   64

/* ---- answers ----------------------------------------------------------------------------------
 */

/* {"retCode":0,"retMsg":"OK","result":{...},"time":...}; another code refuses. */
enum { ANSWER_CODE, ANSWER_TEXT, ANSWER_RESULT, ANSWER_TIME, ANSWER_COUNT };
static const char *const answer_names[ANSWER_COUNT] = {"retCode", "retMsg", "result", "time"};

enum { RESULT_CATEGORY, RESULT_LIST, RESULT_CURSOR, RESULT_COUNT };
static const char *const result_names[RESULT_COUNT] = {"category", "list", "nextPageCursor"};

/* The members of "result"; a refusal makes the frame a VENUE_ACK with an error. */
static enum err open_answer(struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct field_set *out_answer, struct field_set *out_result)
{
    uint64_t code = 0;
    *out_result = (struct field_set){0};
    if (field_pick(frame, out_answer, json_scan_document(data, size), answer_names, ANSWER_COUNT) ||
        field_id(frame, out_answer, ANSWER_CODE, SPAN_NUMBER, &code)) {
        return ERR_DAMAGED;
    }
    if (code != 0) {
        field_refusal(frame, out_answer->values[ANSWER_TEXT], (struct json_span){0});
        return ERR_OK;
    }
    return field_pick(frame, out_result, out_answer->values[ANSWER_RESULT], result_names,
                      RESULT_COUNT);
}

/* ---- instruments ------------------------------------------------------------------------------
 */

/* The cursor comes with percent codes in it and goes back as it came; anything else that does not
 * belong into a query is coded. */
static enum err append_cursor(struct buf *out, const char *cursor)
{
    enum err err = ERR_OK;
    for (const char *c = cursor; *c != '\0' && !err; c++) {
        const char one[2] = {*c, '\0'};
        err = *c == '%' ? buf_append_byte(out, '%') : venue_text_append_url(out, one);
    }
    return err;
}

/* The cursor of the next page; "" when the answer before was the last one. */
static void next_cursor(const uint8_t *previous, size_t size, char *out, size_t out_size)
{
    struct venue_frame scratch;
    struct field_set answer, result;
    struct json_scan scan;
    struct json_span key, value;
    venue_frame_init(&scratch);
    bool fine = open_answer(&scratch, previous, size, &answer, &result) == ERR_OK &&
                result.values[RESULT_LIST].kind == SPAN_ARRAY;
    if (fine) {
        json_scan_open(&scan, result.values[RESULT_LIST]);
        fine = json_scan_next(&scan, &key, &value);
    }
    if (!fine || !json_scan_name(result.values[RESULT_CURSOR], out, out_size)) {
        out[0] = '\0';
    }
    venue_frame_release(&scratch);
}

static enum err list(enum bybit_category category, size_t index, const uint8_t *previous,
                     size_t size, struct buf *out)
{
    char cursor[256] = "";
    if (index > 0) {
        next_cursor(previous, size, cursor, sizeof cursor);
        if (cursor[0] == '\0') {
            return ERR_END;
        }
    }
    if (index >= PAGES_MAX) {
        return err_fail(ERR_LIMIT, "instrument list of %s has more than %d pages",
                        bybit_category_word(category), PAGES_MAX);
    }
    buf_clear(out);
    /* Spot is one page, whatever one asks for. */
    enum err err = buf_printf(out, LIST_PATH "?category=%s%s", bybit_category_word(category),
                              category == BYBIT_SPOT ? "" : "&limit=1000");
    if (!err && index > 0) {
        err = buf_append_text(out, "&cursor=");
        err = err ? err : append_cursor(out, cursor);
    }
    return err;
}

static enum err list_spot(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    return list(BYBIT_SPOT, index, previous, size, out);
}

static enum err list_linear(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    return list(BYBIT_LINEAR, index, previous, size, out);
}

static enum err list_inverse(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    return list(BYBIT_INVERSE, index, previous, size, out);
}

static bool is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), LIST_PATH);
}

enum {
    ENTRY_SYMBOL,
    ENTRY_TYPE,
    ENTRY_STATUS,
    ENTRY_BASE,
    ENTRY_QUOTE,
    ENTRY_EXPIRY,
    ENTRY_PRICE,
    ENTRY_LOT,
    ENTRY_COUNT
};
static const char *const entry_names[ENTRY_COUNT] = {
    "symbol",    "contractType", "status",      "baseCoin",
    "quoteCoin", "deliveryTime", "priceFilter", "lotSizeFilter",
};

/* A member of an object in an entry; 0 for what is not there. */
static struct decimal inner_decimal(struct venue_frame *scratch, struct json_span object,
                                    const char *name)
{
    struct field_set set;
    const char *const names[] = {name};
    bool fine = object.kind == SPAN_OBJECT && !field_pick(scratch, &set, object, names, 1);
    return fine ? field_decimal_maybe(&set, 0) : DECIMAL_ZERO;
}

/* A delivery time of a perpetual is the day on which it is taken off the list. */
static void take_contract(const struct field_set *entry, struct instrument *out)
{
    char type[32] = "";
    uint64_t expiry_ms = 0;
    json_scan_excerpt(entry->values[ENTRY_TYPE], type, sizeof type);
    bool perpetual = strstr(type, "Perpetual") != NULL, future = strstr(type, "Futures") != NULL;
    out->kind = perpetual ? INSTRUMENT_PERPETUAL : future ? INSTRUMENT_FUTURE : INSTRUMENT_OTHER;
    if (future && json_scan_u64(entry->values[ENTRY_EXPIRY], &expiry_ms) &&
        expiry_ms <= (uint64_t)(INT64_MAX / NS_PER_MS)) {
        out->expiry_ns = (int64_t)expiry_ms * NS_PER_MS;
    }
    if (strncmp(type, "Inverse", 7) == 0) {
        out->volume_unit = VOLUME_QUOTE;
        out->contract_size = (struct decimal){.mantissa = 1};
        memcpy(out->contract_asset, out->quote, sizeof out->quote);
    }
}

static enum err read_entry(struct venue_frame *scratch, struct json_span key,
                           struct json_span element, struct instrument *out, void *arg)
{
    struct field_set entry;
    (void)key;
    (void)arg;
    if (field_pick(scratch, &entry, element, entry_names, ENTRY_COUNT) ||
        field_text(scratch, &entry, ENTRY_SYMBOL, out->symbol, sizeof out->symbol) ||
        field_text(scratch, &entry, ENTRY_BASE, out->base, sizeof out->base) ||
        field_text(scratch, &entry, ENTRY_QUOTE, out->quote, sizeof out->quote)) {
        return ERR_DAMAGED;
    }
    bool contract = field_is_set(&entry, ENTRY_TYPE);
    if (contract) {
        take_contract(&entry, out);
    }
    out->price_tick = inner_decimal(scratch, entry.values[ENTRY_PRICE], "tickSize");
    out->quantity_step =
        inner_decimal(scratch, entry.values[ENTRY_LOT], contract ? "qtyStep" : "basePrecision");
    out->trading = field_is(&entry, ENTRY_STATUS, "Trading");
    return ERR_OK;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    struct venue_frame scratch;
    struct field_set answer, result;
    venue_frame_init(&scratch);
    enum err err = open_answer(&scratch, data, size, &answer, &result);
    if (err || result.values[RESULT_LIST].kind != SPAN_ARRAY) {
        err = field_no_list(&scratch, url);
    } else {
        err = field_entries(out, result.values[RESULT_LIST], read_entry, NULL);
    }
    venue_frame_release(&scratch);
    return err;
}

/* ---- trades -----------------------------------------------------------------------------------
 */

/* The newest, as many as there are: no request reaches further back. */
static enum err trades(enum bybit_category category, const struct venue_hole *hole, struct buf *out)
{
    buf_clear(out);
    enum err err =
        buf_printf(out, TRADES_PATH "?category=%s&symbol=", bybit_category_word(category));
    err = err ? err : venue_text_append_url(out, hole->instrument->request_symbol);
    return err ? err : buf_printf(out, "&limit=%d", category == BYBIT_SPOT ? 60 : 1000);
}

static enum err trades_spot(const struct venue_hole *hole, struct buf *out)
{
    return trades(BYBIT_SPOT, hole, out);
}

static enum err trades_linear(const struct venue_hole *hole, struct buf *out)
{
    return trades(BYBIT_LINEAR, hole, out);
}

static enum err trades_inverse(const struct venue_hole *hole, struct buf *out)
{
    return trades(BYBIT_INVERSE, hole, out);
}

enum { ROW_ID, ROW_SYMBOL, ROW_PRICE, ROW_SIZE, ROW_SIDE, ROW_TIME, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "execId", "symbol", "price", "size", "side", "time",
};

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set row;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->flags = TRADE_BACKFILL;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        bybit_fill_id(frame, &row, ROW_ID, *(const enum bybit_category *)arg, trade) ||
        field_text(frame, &row, ROW_SYMBOL, trade->symbol, sizeof trade->symbol) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_SIZE, SPAN_STRING, &trade->quantity) ||
        field_taker(frame, &row, ROW_SIDE, "Buy", "Sell", &trade->taker) ||
        bybit_fill_time(frame, &row, ROW_TIME, trade)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* They come newest first, and among those of one ms nothing else tells their order. */
static void turn_round(struct venue_frame *frame)
{
    for (size_t i = 0; i < frame->trade_count / 2; i++) {
        struct trade *other = &frame->trades[frame->trade_count - 1 - i];
        struct trade swap = frame->trades[i];
        frame->trades[i] = *other;
        *other = swap;
    }
}

static enum err decode_answer(struct venue_frame *frame, struct venue_path path,
                              const uint8_t *data, size_t size)
{
    struct field_set answer, result;
    enum bybit_category category = BYBIT_LINEAR;
    char word[16];
    if (open_answer(frame, data, size, &answer, &result)) {
        return ERR_DAMAGED;
    }
    if (frame->kind == VENUE_ACK) {
        return ERR_OK;
    }
    if (!venue_path_ends(path, TRADES_PATH)) {
        frame->kind = VENUE_DATA;
        return field_time_maybe(frame, &answer, ANSWER_TIME, FIELD_TIME_EPOCH, &frame->source_ns);
    }
    if (venue_path_param(path, "category", word, sizeof word) && strcmp(word, "spot") == 0) {
        category = BYBIT_SPOT;
    }
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, "publicTrade", sizeof "publicTrade");
    enum err err = field_each(frame, result.values[RESULT_LIST], "list", decode_row, &category);
    if (!err) {
        turn_round(frame);
    }
    return err;
}

enum err bybit_decode_http(const char *url, const uint8_t *data, size_t size,
                           const struct instrument_list *names, struct venue_frame *out)
{
    (void)names; /* REST spells instruments as the feed does */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, venue_path_of(url), data, size));
}

/* 600 requests in five seconds are allowed; nothing here needs them. */
#define REST                                                                                       \
    .url = "https://api.bybit.com", .gap_ns = 100 * NS_PER_MS, .is_list = is_list,                 \
    .decode_list = decode_list, .trades_once = true

const struct venue_rest bybit_spot_rest = {REST, .list = list_spot, .trades = trades_spot};
const struct venue_rest bybit_linear_rest = {REST, .list = list_linear, .trades = trades_linear};
const struct venue_rest bybit_inverse_rest = {REST, .list = list_inverse, .trades = trades_inverse};
