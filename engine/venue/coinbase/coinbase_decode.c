#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* A match, a row of /products/X/trades and all other frames, in the order of a match. */
enum {
    MSG_TYPE,
    MSG_TRADE_ID,
    MSG_SIDE,
    MSG_SIZE,
    MSG_PRICE,
    MSG_PRODUCT,
    MSG_TIME,
    MSG_MESSAGE,
    MSG_REASON,
    MSG_BIDS,
    MSG_COUNT
};
static const char *const msg_names[MSG_COUNT] = {
    "type", "trade_id", "side", "size", "price", "product_id", "time", "message", "reason", "bids",
};

/* What carries no trades that count. `ticker` folds several matches into one message. */
static const struct {
    const char *type, *channel;
    enum venue_frame_kind kind;
} kinds[] = {
    {"l2update", "level2", VENUE_DATA},
    {"ticker", "ticker", VENUE_DATA},
    {"heartbeat", "heartbeat", VENUE_HEARTBEAT},
    {"snapshot", "level2", VENUE_DATA},
    {"received", "full", VENUE_DATA},
    {"open", "full", VENUE_DATA},
    {"done", "full", VENUE_DATA},
    {"change", "full", VENUE_DATA},
    {"activate", "full", VENUE_DATA},
    {"rfq_match", "rfq_matches", VENUE_DATA},
    {"auction", "auctionfeed", VENUE_DATA},
    {"status", "status", VENUE_STATUS},
    {"subscriptions", "", VENUE_ACK},
};

/* Fills all but the product, which a row of the REST answer does not say. */
static enum err fill_trade(struct venue_frame *frame, struct trade *trade,
                           const struct field_set *set)
{
    trade->has_id = true;
    /* The side is the maker's: "sell" was hit by a buyer. */
    if (field_id(frame, set, MSG_TRADE_ID, SPAN_NUMBER, &trade->id) ||
        field_taker(frame, set, MSG_SIDE, "sell", "buy", &trade->taker) ||
        field_decimal(frame, set, MSG_SIZE, SPAN_STRING, &trade->quantity) ||
        field_decimal(frame, set, MSG_PRICE, SPAN_STRING, &trade->price) ||
        field_time(frame, set, MSG_TIME, FIELD_TIME_RFC3339, &trade->source_ns)) {
        return ERR_DAMAGED;
    }
    return field_check_trade(frame, trade);
}

static enum err decode_match(struct venue_frame *frame, const struct field_set *set, uint32_t flags)
{
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    frame->kind = VENUE_TRADES;
    memcpy(frame->channel, "matches", sizeof "matches");
    trade->flags = flags;
    if (field_text(frame, set, MSG_PRODUCT, trade->symbol, sizeof trade->symbol)) {
        return ERR_DAMAGED;
    }
    return fill_trade(frame, trade, set);
}

static enum err decode_other(struct venue_frame *frame, const struct field_set *set)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (field_is(set, MSG_TYPE, kinds[i].type)) {
            frame->kind = kinds[i].kind;
            memcpy(frame->channel, kinds[i].channel, strlen(kinds[i].channel) + 1);
        }
    }
    if (field_is_set(set, MSG_PRODUCT) &&
        field_text(frame, set, MSG_PRODUCT, frame->symbol, sizeof frame->symbol)) {
        return ERR_DAMAGED;
    }
    return field_time_maybe(frame, set, MSG_TIME, FIELD_TIME_RFC3339, &frame->source_ns);
}

/* Which product was refused stands at the head of the reason only. */
void coinbase_refusal(struct venue_frame *frame, struct json_span message, struct json_span reason)
{
    static const char tail[] = " is not a valid product";
    char text[SYMBOL_MAX + sizeof tail];
    field_refusal(frame, message, reason);
    frame->leave = json_scan_is(message, "Failed to unsubscribe");
    if (!json_scan_name(reason, text, sizeof text)) {
        return;
    }
    char *found = strstr(text, tail);
    size_t size = found ? (size_t)(found - text) : 0;
    if (size > 0 && size < SYMBOL_MAX && found[sizeof tail - 1] == '\0') {
        memcpy(frame->symbol, text, size);
        frame->symbol[size] = '\0';
    }
}

static enum err decode_frame(struct venue_frame *frame, struct json_span document)
{
    struct field_set set;
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    if (!field_has(&set, MSG_TYPE)) { /* a book from REST in the middle of a capture, or unknown */
        frame->kind = field_has(&set, MSG_BIDS) ? VENUE_DATA : VENUE_OTHER;
        return ERR_OK;
    }
    if (field_want(frame, &set, MSG_TYPE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (field_is(&set, MSG_TYPE, "match")) {
        return decode_match(frame, &set, 0);
    }
    if (field_is(&set, MSG_TYPE, "last_match")) {
        return decode_match(frame, &set, TRADE_SNAPSHOT);
    }
    if (field_is(&set, MSG_TYPE, "error")) {
        coinbase_refusal(frame, set.values[MSG_MESSAGE], set.values[MSG_REASON]);
        return ERR_OK;
    }
    return decode_other(frame, &set);
}

enum err coinbase_decode_general(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    return field_finish(out, decode_frame(out, json_scan_document(data, size)));
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    struct field_set set;
    struct trade *trade = NULL;
    enum err err = venue_frame_add(frame, &trade);
    if (err) {
        return err;
    }
    trade->flags = TRADE_BACKFILL;
    memcpy(trade->symbol, arg, SYMBOL_MAX);
    if (field_pick(frame, &set, element, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    return fill_trade(frame, trade, &set);
}

/* The X of ".../products/X/<what>"; false when the path is not of that form. */
static bool product_of(struct venue_path path, const char *what, char out[SYMBOL_MAX])
{
    static const char head[] = "/products/";
    if (!venue_path_ends(path, what)) {
        return false;
    }
    const char *found = memmem(path.text, path.size, head, sizeof head - 1);
    if (!found) {
        return false;
    }
    const char *first = found + sizeof head - 1, *end = path.text + path.size - strlen(what);
    return end > first && !memchr(first, '/', (size_t)(end - first)) &&
           venue_path_decode(first, (size_t)(end - first), out, SYMBOL_MAX);
}

/* {"message":"NotFound"} instead of what was asked for. */
static enum err decode_refusal(struct venue_frame *frame, struct json_span document, bool *out)
{
    struct field_set set;
    *out = false;
    if (document.kind != SPAN_OBJECT) {
        return ERR_OK;
    }
    if (field_pick(frame, &set, document, msg_names, MSG_COUNT)) {
        return ERR_DAMAGED;
    }
    *out = set.values[MSG_MESSAGE].kind == SPAN_STRING;
    if (*out) {
        field_refusal(frame, set.values[MSG_MESSAGE], set.values[MSG_REASON]);
    }
    return ERR_OK;
}

static enum err decode_answer(struct venue_frame *frame, const char *url, struct json_span document)
{
    struct venue_path path = venue_path_of(url);
    char product[SYMBOL_MAX] = "";
    bool refused = false;
    if (decode_refusal(frame, document, &refused) || refused) {
        return refused ? ERR_OK : ERR_DAMAGED;
    }
    if (product_of(path, "/trades", product)) {
        frame->kind = VENUE_TRADES;
        memcpy(frame->channel, "matches", sizeof "matches");
        return field_each(frame, document, "rows", decode_row, product);
    }
    if (product_of(path, "/candles", frame->symbol) || product_of(path, "/book", frame->symbol) ||
        product_of(path, "/ticker", frame->symbol)) {
        frame->kind = VENUE_DATA;
    }
    return ERR_OK;
}

enum err coinbase_decode_http(const char *url, const uint8_t *data, size_t size,
                              const struct instrument_list *list, struct venue_frame *out)
{
    (void)list; /* REST and feed spell products alike */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, url, json_scan_document(data, size)));
}

/* The Advanced ticker holds the last trades; each names its product. */
static enum err decode_advanced_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)arg;
    return coinbase_advanced_trade(frame, element, TRADE_BACKFILL);
}

static enum err decode_advanced_answer(struct venue_frame *frame, const char *url,
                                       struct json_span document)
{
    struct venue_path path = venue_path_of(url);
    char product[SYMBOL_MAX] = "";
    bool refused = false;
    if (decode_refusal(frame, document, &refused) || refused) {
        return refused ? ERR_OK : ERR_DAMAGED;
    }
    if (product_of(path, "/ticker", product)) {
        static const char *const names[] = {"trades"};
        struct field_set set;
        if (field_pick(frame, &set, document, names, 1)) {
            return ERR_DAMAGED;
        }
        frame->kind = VENUE_TRADES;
        memcpy(frame->channel, "market_trades", sizeof "market_trades");
        return field_each(frame, set.values[0], "trades", decode_advanced_row, NULL);
    }
    if (product_of(path, "/candles", frame->symbol)) {
        frame->kind = VENUE_DATA;
    }
    return ERR_OK;
}

enum err coinbase_advanced_decode_http(const char *url, const uint8_t *data, size_t size,
                                       const struct instrument_list *list, struct venue_frame *out)
{
    (void)list; /* REST and feed spell products alike */
    venue_frame_clear(out);
    return field_finish(out, decode_advanced_answer(out, url, json_scan_document(data, size)));
}
