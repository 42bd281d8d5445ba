#include "engine/base/time_text.h"
#include "engine/venue/kucoin/kucoin.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* ---- the instrument list --------------------------------------------------------------------
 */

static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous;
    (void)size;
    return venue_text_one_page(index, KUCOIN_LIST, out);
}

static bool is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), KUCOIN_LIST);
}

enum {
    ENTRY_SYMBOL,
    ENTRY_BASE,
    ENTRY_QUOTE,
    ENTRY_QUANTITY_STEP,
    ENTRY_PRICE_TICK,
    ENTRY_TRADING,
    ENTRY_COUNT
};
static const char *const entry_names[ENTRY_COUNT] = {
    "symbol", "baseCurrency", "quoteCurrency", "baseIncrement", "priceIncrement", "enableTrading",
};

static enum err read_entry(struct venue_frame *scratch, struct json_span key,
                           struct json_span element, struct instrument *out, void *arg)
{
    struct field_set entry;
    (void)key;
    (void)arg;
    if (field_pick(scratch, &entry, element, entry_names, ENTRY_COUNT) ||
        field_text(scratch, &entry, ENTRY_SYMBOL, out->symbol, sizeof out->symbol)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&entry, ENTRY_BASE, out->base, sizeof out->base);
    field_text_maybe(&entry, ENTRY_QUOTE, out->quote, sizeof out->quote);
    out->quantity_step = field_decimal_maybe(&entry, ENTRY_QUANTITY_STEP);
    out->price_tick = field_decimal_maybe(&entry, ENTRY_PRICE_TICK);
    out->trading = entry.values[ENTRY_TRADING].kind == SPAN_TRUE;
    return ERR_OK;
}

/* {"code":"200000","data":...}; another code refuses: the frame is a VENUE_ACK with an error then
 * and *out is SPAN_NONE. */
static enum err open_answer(struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct json_span *out)
{
    static const char *const names[] = {"code", "data", "msg"};
    struct field_set set;
    *out = (struct json_span){0};
    if (field_pick(frame, &set, json_scan_document(data, size), names, 3) ||
        field_want(frame, &set, 0, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (field_is(&set, 0, "200000")) {
        *out = set.values[1];
    } else {
        field_refusal(frame, set.values[0], set.values[2]);
    }
    return ERR_OK;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    struct venue_frame scratch;
    struct json_span entries;
    venue_frame_init(&scratch);
    enum err err = open_answer(&scratch, data, size, &entries);
    if (err || entries.kind != SPAN_ARRAY) {
        err = field_no_list(&scratch, url);
    } else {
        err = field_entries(out, entries, read_entry, NULL);
    }
    venue_frame_release(&scratch);
    return err;
}

/* ---- missing trades --------------------------------------------------------------------------
 */

/* The newest hundred: no request reaches further back. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    buf_clear(out);
    enum err err = buf_append_text(out, KUCOIN_HISTORIES "?symbol=");
    return err ? err : venue_text_append_url(out, hole->instrument->request_symbol);
}

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    return kucoin_trade(frame, element, arg, TRADE_BACKFILL);
}

static enum err decode_answer(struct venue_frame *frame, struct venue_path path,
                              const uint8_t *data, size_t size)
{
    char symbol[SYMBOL_MAX];
    struct json_span content;
    if (open_answer(frame, data, size, &content)) {
        return ERR_DAMAGED;
    }
    if (frame->kind == VENUE_ACK) {
        return ERR_OK;
    }
    if (venue_path_ends(path, KUCOIN_HANDSHAKE)) {
        frame->kind = VENUE_STATUS;
        return ERR_OK;
    }
    if (!venue_path_ends(path, KUCOIN_HISTORIES)) {
        frame->kind = VENUE_DATA;
        return kucoin_note(frame, content);
    }
    if (!venue_path_param(path, "symbol", symbol, sizeof symbol) || symbol[0] == '\0') {
        venue_frame_malformed(frame, "trades of no symbol");
        return ERR_DAMAGED;
    }
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, KUCOIN_TRADES, sizeof KUCOIN_TRADES);
    return field_each(frame, content, "data", decode_row, symbol);
}

enum err kucoin_decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *names, struct venue_frame *out)
{
    (void)names; /* REST spells symbols as the feed does */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, venue_path_of(url), data, size));
}

/* 2000 points of weight in 30 s are allowed, and an answer costs no more than four. */
const struct venue_rest kucoin_rest = {
    .url = "https://api.kucoin.com",
    .gap_ns = 100 * NS_PER_MS,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
    .trades_once = true,
};
