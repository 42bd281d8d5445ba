#include "engine/base/time_text.h"
#include "engine/venue/okx/okx.h"
#include "engine/venue/venue_text.h"

#include <string.h>

#define LIST_PATH    "/api/v5/public/instruments"
#define HISTORY_PATH "/api/v5/market/history-trades"

/* Trades older than three months are not to be had. */
#define HISTORY_NS (90 * NS_PER_DAY)

/* ---- instruments ------------------------------------------------------------------------------
 */

/* One answer for each kind, whole. Options can be listed per family only, and no answer here names
 * the families, so they are left to their own grammar. */
static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    static const char *const kinds[] = {"SPOT", "SWAP", "FUTURES"};
    (void)previous;
    (void)size;
    if (index >= sizeof kinds / sizeof kinds[0]) {
        return ERR_END;
    }
    buf_clear(out);
    return buf_printf(out, "%s?instType=%s", LIST_PATH, kinds[index]);
}

static bool is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), LIST_PATH);
}

enum {
    ENTRY_KIND,
    ENTRY_SYMBOL,
    ENTRY_FAMILY,
    ENTRY_UNDERLYING,
    ENTRY_BASE,
    ENTRY_QUOTE,
    ENTRY_VALUE,
    ENTRY_MULTIPLIER,
    ENTRY_ASSET,
    ENTRY_OPTION,
    ENTRY_STRIKE,
    ENTRY_EXPIRY,
    ENTRY_TICK,
    ENTRY_LOT,
    ENTRY_STATE,
    ENTRY_COUNT
};
static const char *const entry_names[ENTRY_COUNT] = {
    "instType", "instId",  "instFamily", "uly",     "baseCcy", "quoteCcy", "ctVal", "ctMult",
    "ctValCcy", "optType", "stk",        "expTime", "tickSz",  "lotSz",    "state",
};

static bool read_kind(const struct field_set *entry, enum instrument_kind *out)
{
    static const struct {
        const char *word;
        enum instrument_kind kind;
    } kinds[] = {{"SPOT", INSTRUMENT_SPOT},
                 {"SWAP", INSTRUMENT_PERPETUAL},
                 {"FUTURES", INSTRUMENT_FUTURE},
                 {"OPTION", INSTRUMENT_OPTION}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (field_is(entry, ENTRY_KIND, kinds[i].word)) {
            *out = kinds[i].kind;
            return true;
        }
    }
    return false;
}

/* What is not said stays "", which makes the symbol the name. */
static void take_asset(const struct field_set *entry, size_t index, char out[ASSET_MAX])
{
    if (!json_scan_name(entry->values[index], out, ASSET_MAX)) {
        out[0] = '\0';
    }
}

/* Contracts have no currencies of their own but a family, "BTC-USD" or "BTC-USD_UM"; the underlying
 * alone is the same for both of these. */
static void take_family(const struct field_set *entry, struct instrument *out)
{
    char pair[2 * ASSET_MAX];
    size_t index = ENTRY_FAMILY;
    if (!json_scan_name(entry->values[index], pair, sizeof pair)) {
        index = ENTRY_UNDERLYING;
    }
    if (json_scan_name(entry->values[index], pair, sizeof pair)) {
        size_t size = strcspn(pair, "-");
        const char *quote = pair + size + (pair[size] == '-');
        if (!venue_text_asset(pair, size, out->base) ||
            !venue_text_asset(quote, strlen(quote), out->quote)) {
            out->base[0] = out->quote[0] = '\0';
        }
    }
}

static void take_contract(const struct field_set *entry, struct instrument *out)
{
    uint64_t expiry_ms = 0;
    struct decimal multiplier = field_decimal_maybe(entry, ENTRY_MULTIPLIER);
    take_family(entry, out);
    take_asset(entry, ENTRY_ASSET, out->contract_asset);
    out->volume_unit = VOLUME_CONTRACT;
    out->contract_size = field_decimal_maybe(entry, ENTRY_VALUE);
    if (!decimal_is_zero(multiplier) &&
        decimal_mul(&out->contract_size, out->contract_size, multiplier)) {
        out->contract_size = DECIMAL_ZERO;
    }
    out->strike = field_decimal_maybe(entry, ENTRY_STRIKE);
    out->call = field_is(entry, ENTRY_OPTION, "C");
    /* Of a swap it is the day on which it is taken off the list. */
    bool ends = out->kind == INSTRUMENT_FUTURE || out->kind == INSTRUMENT_OPTION;
    if (ends && json_scan_u64(entry->values[ENTRY_EXPIRY], &expiry_ms) &&
        expiry_ms <= (uint64_t)(INT64_MAX / NS_PER_MS)) {
        out->expiry_ns = (int64_t)expiry_ms * NS_PER_MS;
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
        !read_kind(&entry, &out->kind)) {
        return ERR_DAMAGED;
    }
    if (out->kind == INSTRUMENT_SPOT) {
        take_asset(&entry, ENTRY_BASE, out->base);
        take_asset(&entry, ENTRY_QUOTE, out->quote);
    } else {
        take_contract(&entry, out);
    }
    out->price_tick = field_decimal_maybe(&entry, ENTRY_TICK);
    out->quantity_step = field_decimal_maybe(&entry, ENTRY_LOT);
    out->trading = field_is(&entry, ENTRY_STATE, "live");
    return ERR_OK;
}

/* All answers are {"code":"0","msg":"","data":[...]}; another code refuses. */
enum { ANSWER_CODE, ANSWER_TEXT, ANSWER_DATA, ANSWER_COUNT };
static const char *const answer_names[ANSWER_COUNT] = {"code", "msg", "data"};

/* The array; a refusal makes the frame a VENUE_ACK with an error and *out SPAN_NONE. */
static enum err open_answer(struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct json_span *out)
{
    struct field_set set;
    *out = (struct json_span){0};
    if (field_pick(frame, &set, json_scan_document(data, size), answer_names, ANSWER_COUNT) ||
        field_want(frame, &set, ANSWER_CODE, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (!field_is(&set, ANSWER_CODE, "0")) {
        field_refusal(frame, set.values[ANSWER_CODE], set.values[ANSWER_TEXT]);
        return ERR_OK;
    }
    if (field_want(frame, &set, ANSWER_DATA, SPAN_ARRAY)) {
        return ERR_DAMAGED;
    }
    *out = set.values[ANSWER_DATA];
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

/* ---- trades -----------------------------------------------------------------------------------
 */

/* Answers come newest first: what is older than the id or, where no ids are known, the ms. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    bool by_id = hole->last_id > 0;
    if (hole->now_ns - hole->to_ns > HISTORY_NS) {
        return err_fail(ERR_UNKNOWN, "trades of '%s' are older than okx keeps them",
                        hole->instrument->symbol);
    }
    buf_clear(out);
    enum err err = buf_append_text(out, HISTORY_PATH "?instId=");
    err = err ? err : venue_text_append_url(out, hole->instrument->request_symbol);
    uint64_t after = by_id ? hole->last_id : (uint64_t)(hole->to_ns / NS_PER_MS);
    after += after < UINT64_MAX;
    return err ? err
               : buf_printf(out, "&type=%d&after=%llu&limit=100", by_id ? 1 : 2,
                            (unsigned long long)after);
}

static enum err decode_row(struct venue_frame *frame, struct json_span element, void *arg)
{
    (void)arg;
    return okx_trade(frame, element, TRADE_BACKFILL);
}

static enum err decode_answer(struct venue_frame *frame, struct venue_path path,
                              const uint8_t *data, size_t size)
{
    struct json_span rows;
    if (open_answer(frame, data, size, &rows)) {
        return ERR_DAMAGED;
    }
    if (rows.kind != SPAN_ARRAY) {
        return ERR_OK;
    }
    if (venue_path_ends(path, HISTORY_PATH) || venue_path_ends(path, "/api/v5/market/trades")) {
        frame->kind = VENUE_TRADES;
        memcpy(frame->channel, "trades-all", sizeof "trades-all");
        return field_each(frame, rows, "data", decode_row, NULL);
    }
    frame->kind = VENUE_DATA;
    return field_each(frame, rows, "data", okx_note_row, NULL);
}

enum err okx_decode_http(const char *url, const uint8_t *data, size_t size,
                         const struct instrument_list *list_of_names, struct venue_frame *out)
{
    (void)list_of_names; /* REST spells instruments as the feed does */
    venue_frame_clear(out);
    return field_finish(out, decode_answer(out, venue_path_of(url), data, size));
}

/* 20 requests in two seconds are allowed for each of these paths. */
const struct venue_rest okx_rest = {
    .url = "https://openapi.okx.com",
    .gap_ns = 125 * NS_PER_MS,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
};
