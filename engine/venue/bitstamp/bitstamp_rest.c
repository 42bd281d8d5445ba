#include "engine/base/time_text.h"
#include "engine/venue/bitstamp/bitstamp.h"
#include "engine/venue/venue_text.h"

#include <string.h>

#define OLD_LIST     "/api/v2/trading-pairs-info/"
#define DECIMALS_MAX 18

const struct bitstamp_span bitstamp_spans[] = {
    {"minute", NS_PER_MIN}, {"hour", NS_PER_HOUR}, {"day", NS_PER_DAY}, {NULL, 0}};

/* ---- the instrument list --------------------------------------------------------------------
 */

static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous;
    (void)size;
    return venue_text_one_page(index, BITSTAMP_LIST, out);
}

static bool is_list(const char *url)
{
    struct venue_path path = venue_path_of(url);
    return venue_path_ends(path, BITSTAMP_LIST) || venue_path_ends(path, OLD_LIST);
}

enum {
    ENTRY_NAME,
    ENTRY_SYMBOL,
    ENTRY_OLD_SYMBOL,
    ENTRY_BASE_DECIMALS,
    ENTRY_COUNTER_DECIMALS,
    ENTRY_TRADING,
    ENTRY_TYPE,
    ENTRY_BASE,
    ENTRY_COUNTER,
    ENTRY_COUNT
};
static const char *const entry_names[ENTRY_COUNT] = {
    "name",    "market_symbol", "url_symbol",    "base_decimals",    "counter_decimals",
    "trading", "market_type",   "base_currency", "counter_currency",
};

static struct decimal step_of(const struct field_set *entry, size_t index)
{
    uint64_t decimals = 0;
    if (!json_scan_u64(entry->values[index], &decimals) || decimals > DECIMALS_MAX) {
        return DECIMAL_ZERO;
    }
    return (struct decimal){.mantissa = 1, .scale = (uint8_t)decimals};
}

/* The older list has no members for the currencies, only "name": "BTC/USD". */
static void take_pair(const struct field_set *entry, struct instrument *out)
{
    char name[2 * ASSET_MAX] = "";
    field_text_maybe(entry, ENTRY_BASE, out->base, sizeof out->base);
    field_text_maybe(entry, ENTRY_COUNTER, out->quote, sizeof out->quote);
    if (out->base[0] != '\0' && out->quote[0] != '\0') {
        return;
    }
    field_text_maybe(entry, ENTRY_NAME, name, sizeof name);
    const char *slash = strchr(name, '/');
    if (!slash || strchr(slash + 1, '/') ||
        !venue_text_asset(name, (size_t)(slash - name), out->base) ||
        !venue_text_asset(slash + 1, strlen(slash + 1), out->quote)) {
        out->base[0] = out->quote[0] = '\0';
    }
}

static enum instrument_kind kind_of(const struct field_set *entry)
{
    if (!field_is_set(entry, ENTRY_TYPE) || field_is(entry, ENTRY_TYPE, "SPOT")) {
        return INSTRUMENT_SPOT;
    }
    return field_is(entry, ENTRY_TYPE, "PERPETUAL") ? INSTRUMENT_PERPETUAL : INSTRUMENT_OTHER;
}

/* Perpetuals are counted in their base currency like spot. */
static enum err read_entry(struct venue_frame *scratch, struct json_span key,
                           struct json_span element, struct instrument *out, void *arg)
{
    struct field_set entry;
    (void)key;
    (void)arg;
    if (field_pick(scratch, &entry, element, entry_names, ENTRY_COUNT) ||
        field_text(scratch, &entry,
                   field_has(&entry, ENTRY_SYMBOL) ? ENTRY_SYMBOL : ENTRY_OLD_SYMBOL, out->symbol,
                   sizeof out->symbol)) {
        return ERR_DAMAGED;
    }
    take_pair(&entry, out);
    out->kind = kind_of(&entry);
    out->price_tick = step_of(&entry, ENTRY_COUNTER_DECIMALS);
    out->quantity_step = step_of(&entry, ENTRY_BASE_DECIMALS);
    out->trading = field_is(&entry, ENTRY_TRADING, "Enabled");
    return ERR_OK;
}

/* {"status":"error","reason":...} and its like make the frame a VENUE_ACK with an error. */
static enum err open_rows(struct venue_frame *frame, struct json_span document,
                          struct json_span *out)
{
    static const char *const names[] = {"reason", "error", "code"};
    struct field_set set;
    *out = document;
    if (document.kind == SPAN_ARRAY) {
        return ERR_OK;
    }
    if (field_pick(frame, &set, document, names, 3)) {
        return ERR_DAMAGED;
    }
    field_refusal(frame, set.values[field_is_set(&set, 0) ? 0 : 1], set.values[2]);
    return ERR_OK;
}

static enum err check_element(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)frame;
    (void)element;
    (void)arg;
    return ERR_OK;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    struct venue_frame scratch;
    struct json_span rows;
    venue_frame_init(&scratch);
    enum err err = open_rows(&scratch, json_scan_document(data, size), &rows);
    if (!err && rows.kind == SPAN_ARRAY) {
        err = field_each(&scratch, rows, "markets", check_element, NULL);
    }
    if (err || rows.kind != SPAN_ARRAY) {
        err = field_no_list(&scratch, url);
    } else {
        err = field_entries(out, rows, read_entry, NULL);
    }
    venue_frame_release(&scratch);
    return err;
}

/* ---- missing trades --------------------------------------------------------------------------
 */

/* A span ends when the venue answers, not when the hole was found: one that is nearly too short is
 * too short. */
static const char *span_for(int64_t back_ns)
{
    for (const struct bitstamp_span *span = bitstamp_spans; span->name; span++) {
        if (back_ns < span->length_ns - span->length_ns / 6) {
            return span->name;
        }
    }
    return NULL;
}

/* Transactions of the shortest span that reaches back to the hole, or else into it. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    const char *span = span_for(hole->now_ns - hole->from_ns);
    if (!span && span_for(hole->now_ns - hole->to_ns)) {
        span = "day";
    }
    if (!span) {
        return err_fail(ERR_UNKNOWN, "trades of '%s' are older than a day; bitstamp gives none",
                        hole->instrument->symbol);
    }
    buf_clear(out);
    enum err err = buf_append_text(out, BITSTAMP_TRANSACTIONS);
    err = err ? err : venue_text_append_url(out, hole->instrument->request_symbol);
    return err ? err : buf_printf(out, "/?time=%s", span);
}

bool bitstamp_transactions_of(const char *url, char symbol[SYMBOL_MAX])
{
    static const char start[] = BITSTAMP_TRANSACTIONS;
    struct venue_path path = venue_path_of(url);
    size_t head = sizeof start - 1, size = path.size;
    if (size > head && path.text[size - 1] == '/') {
        size--;
    }
    return size > head && memcmp(path.text, start, head) == 0 &&
           !memchr(path.text + head, '/', size - head) &&
           venue_path_decode(path.text + head, size - head, symbol, SYMBOL_MAX);
}

enum { ROW_ID, ROW_PRICE, ROW_AMOUNT, ROW_TYPE, ROW_DATE, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {"tid", "price", "amount", "type", "date"};

static bool take_type(struct json_span value, struct trade *trade)
{
    uint64_t type = 0;
    bool fine = json_scan_u64(value, &type) && type <= 1;
    trade->taker = type == 0 ? TAKER_BUY : TAKER_SELL;
    return fine;
}

/* Times are in whole seconds: cut, never past the feed's. Ids and types have been numbers once. */
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
        field_decimal(frame, &row, ROW_PRICE, SPAN_STRING, &trade->price) ||
        field_decimal(frame, &row, ROW_AMOUNT, SPAN_STRING, &trade->quantity) ||
        bitstamp_time(frame, &row, ROW_DATE, NS_PER_S, &trade->source_ns)) {
        return ERR_DAMAGED;
    }
    if (!json_scan_u64(row.values[ROW_ID], &trade->id) || !take_type(row.values[ROW_TYPE], trade)) {
        venue_frame_malformed(frame, "member 'tid' is no id or 'type' is neither 0 nor 1");
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

/* {"timestamp":"...","microtimestamp":"...","bids":[],"asks":[]} */
static enum err decode_other(struct venue_frame *frame, struct json_span document)
{
    static const char *const names[] = {"microtimestamp", "bids"};
    struct field_set set;
    if (document.kind == SPAN_ARRAY) { /* tickers, currencies */
        frame->kind = VENUE_DATA;
        return field_each(frame, document, "answer", check_element, NULL);
    }
    if (field_pick(frame, &set, document, names, 2)) {
        return ERR_DAMAGED;
    }
    frame->kind = VENUE_DATA;
    return field_is_set(&set, 0) ? bitstamp_time(frame, &set, 0, NS_PER_US, &frame->source_ns)
                                 : ERR_OK;
}

static enum err decode_answer(struct venue_frame *frame, const char *url, struct json_span document)
{
    char symbol[SYMBOL_MAX] = "";
    struct json_span rows;
    if (!bitstamp_transactions_of(url, symbol)) {
        return decode_other(frame, document);
    }
    if (open_rows(frame, document, &rows)) {
        return ERR_DAMAGED;
    }
    if (rows.kind != SPAN_ARRAY) {
        return ERR_OK;
    }
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, BITSTAMP_TRADES, sizeof BITSTAMP_TRADES);
    return field_each(frame, rows, "transactions", decode_row, symbol);
}

enum err bitstamp_decode_http(const char *url, const uint8_t *data, size_t size,
                              const struct instrument_list *names, struct venue_frame *out)
{
    (void)names; /* REST spells pairs as the feed does */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, url, json_scan_document(data, size)));
}

/* 8000 requests in ten minutes are allowed. */
const struct venue_rest bitstamp_rest = {
    .url = "https://www.bitstamp.net",
    .gap_ns = 100 * NS_PER_MS,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
    .trades_once = true,
};
