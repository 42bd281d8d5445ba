#include "engine/base/time_text.h"
#include "engine/venue/gemini/gemini.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

/* Older trades are not to be had. */
#define HISTORY_NS (7 * NS_PER_DAY)

/* ---- the instrument list --------------------------------------------------------------------
 */

/* The manual only tells of one symbol a request; "all" gives a row for each, spot and perpetuals.
 */
static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous;
    (void)size;
    return venue_text_one_page(index, GEMINI_DETAILS "all", out);
}

bool gemini_path_symbol(const char *url, const char *start, char out[SYMBOL_MAX])
{
    struct venue_path path = venue_path_of(url);
    size_t head = strlen(start), size = path.size;
    if (size > head && path.text[size - 1] == '/') {
        size--;
    }
    if (size <= head || memcmp(path.text, start, head) != 0 ||
        memchr(path.text + head, '/', size - head) ||
        !venue_path_decode(path.text + head, size - head, out, SYMBOL_MAX)) {
        return false;
    }
    venue_text_lower(out);
    return true;
}

static bool is_list(const char *url)
{
    char symbol[SYMBOL_MAX];
    return gemini_path_symbol(url, GEMINI_DETAILS, symbol);
}

enum {
    ENTRY_SYMBOL,
    ENTRY_BASE,
    ENTRY_QUOTE,
    ENTRY_QUANTITY_STEP,
    ENTRY_PRICE_TICK,
    ENTRY_STATUS,
    ENTRY_TYPE,
    ENTRY_COUNT
};
/* tick_size is the step of the quantity, quote_increment that of the price. */
static const char *const entry_names[ENTRY_COUNT] = {
    "symbol",          "base_currency", "quote_currency", "tick_size",
    "quote_increment", "status",        "product_type",
};

static enum instrument_kind kind_of(const struct field_set *entry)
{
    if (!field_is_set(entry, ENTRY_TYPE) || field_is(entry, ENTRY_TYPE, "spot")) {
        return INSTRUMENT_SPOT;
    }
    return field_is(entry, ENTRY_TYPE, "swap") ? INSTRUMENT_PERPETUAL : INSTRUMENT_OTHER;
}

/* A contract of a perpetual is one unit of its base currency. */
static enum err read_entry(struct venue_frame *scratch, struct json_span key,
                           struct json_span element, struct instrument *out, void *arg)
{
    struct field_set entry;
    (void)key;
    (void)arg;
    if (field_pick(scratch, &entry, element, entry_names, ENTRY_COUNT) ||
        gemini_symbol_of(scratch, &entry, ENTRY_SYMBOL, out->symbol)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&entry, ENTRY_BASE, out->base, sizeof out->base);
    field_text_maybe(&entry, ENTRY_QUOTE, out->quote, sizeof out->quote);
    out->kind = kind_of(&entry);
    out->quantity_step = field_decimal_maybe(&entry, ENTRY_QUANTITY_STEP);
    out->price_tick = field_decimal_maybe(&entry, ENTRY_PRICE_TICK);
    /* post_only and cancel_only let nothing trade. */
    out->trading =
        field_is(&entry, ENTRY_STATUS, "open") || field_is(&entry, ENTRY_STATUS, "limit_only");
    return ERR_OK;
}

static enum err check_element(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)frame;
    (void)element;
    (void)arg;
    return ERR_OK;
}

/* {"result":"error","reason":"InvalidSymbol","message":"..."} makes the frame a refusal; another
 * object leaves it as it was. */
static enum err look_for_refusal(struct venue_frame *frame, struct json_span document)
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

/* The row of a single symbol is the answer itself. */
static enum err decode_single(struct venue_frame *scratch, struct json_span document,
                              struct instrument_list *out)
{
    struct instrument instrument = {0};
    if (look_for_refusal(scratch, document) || scratch->kind == VENUE_ACK ||
        read_entry(scratch, (struct json_span){0}, document, &instrument, NULL)) {
        return ERR_DAMAGED;
    }
    return instrument_list_add(out, &instrument);
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    struct venue_frame scratch;
    struct json_span document = json_scan_document(data, size);
    venue_frame_init(&scratch);
    enum err err = document.kind == SPAN_ARRAY
                       ? field_each(&scratch, document, "symbols", check_element, NULL)
                       : decode_single(&scratch, document, out);
    if (err == ERR_DAMAGED) {
        err = field_no_list(&scratch, url);
    } else if (!err && document.kind == SPAN_ARRAY) {
        err = field_entries(out, document, read_entry, NULL);
    }
    venue_frame_release(&scratch);
    return err;
}

/* ---- missing trades --------------------------------------------------------------------------
 */

/* From an id or a time on, at most 500 of the oldest. Whether that time itself is in it the manual
 * does not say for certain: a millisecond earlier it is. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    int64_t from_ms = hole->from_ns / NS_PER_MS - 1;
    if (hole->now_ns - hole->to_ns > HISTORY_NS) {
        return err_fail(ERR_UNKNOWN, "trades of '%s' are older than gemini keeps them",
                        hole->instrument->symbol);
    }
    buf_clear(out);
    enum err err = buf_append_text(out, GEMINI_TRADES);
    err = err ? err : venue_text_append_url(out, hole->instrument->request_symbol);
    if (!err && hole->first_id > 0) {
        err = buf_printf(out, "?since_tid=%" PRIu64, hole->first_id - 1);
    } else if (!err) {
        err = buf_printf(out, "?timestamp=%" PRId64, from_ms > 0 ? from_ms : 0);
    }
    return err ? err : buf_printf(out, "&limit_trades=%d", GEMINI_ROWS_MAX);
}

enum { ROW_TIME, ROW_ID, ROW_PRICE, ROW_AMOUNT, ROW_TYPE, ROW_BROKEN, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "timestampms", "tid", "price", "amount", "type", "broken",
};

/* Auctions and blocks are in no feed of trades, so that a candle that was repaired must not have
 * them either; nor must it have trades that were undone. */
static enum err fill_type(struct venue_frame *frame, const struct field_set *row,
                          struct trade *trade)
{
    if (field_is(row, ROW_TYPE, "auction") || field_is(row, ROW_TYPE, "block")) {
        trade->flags |= TRADE_EXCLUDED;
    } else if (field_taker(frame, row, ROW_TYPE, "buy", "sell", &trade->taker)) {
        return ERR_DAMAGED;
    }
    if (row->values[ROW_BROKEN].kind == SPAN_TRUE) {
        trade->flags |= TRADE_EXCLUDED;
    }
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
    trade->has_id = true;
    if (field_pick(frame, &row, element, row_names, ROW_COUNT) ||
        gemini_time(frame, &row, ROW_TIME, &trade->source_ns) ||
        field_id(frame, &row, ROW_ID, SPAN_NUMBER, &trade->id) ||
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_AMOUNT, SPAN_STRING, &trade->quantity) ||
        fill_type(frame, &row, trade)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_answer(struct venue_frame *frame, const char *url, struct json_span document)
{
    char symbol[SYMBOL_MAX];
    if (document.kind != SPAN_ARRAY) {
        if (look_for_refusal(frame, document)) {
            return ERR_DAMAGED;
        }
        frame->kind = frame->kind == VENUE_ACK ? VENUE_ACK : VENUE_DATA;
        return ERR_OK;
    }
    if (!gemini_path_symbol(url, GEMINI_TRADES, symbol)) {
        frame->kind = VENUE_DATA;
        return field_each(frame, document, "answer", check_element, NULL);
    }
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, "trade", sizeof "trade");
    return field_each(frame, document, "trades", decode_row, symbol);
}

enum err gemini_decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *names, struct venue_frame *out)
{
    (void)names; /* REST takes symbols in either case */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, url, json_scan_document(data, size)));
}

/* 120 requests a minute are allowed, one a second is recommended. */
const struct venue_rest gemini_rest = {
    .url = "https://api.gemini.com",
    .gap_ns = NS_PER_S,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
    .trades_ascending = true,
};
