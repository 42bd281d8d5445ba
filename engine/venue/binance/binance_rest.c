#include "engine/base/time_text.h"
#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

/* ---- the instrument list --------------------------------------------------------------------- */

/* Permission sets are two thirds of the answer and of no use here. */
static enum err spot_list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous, (void)size;
    return venue_text_one_page(index, "/api/v3/exchangeInfo?showPermissionSets=false", out);
}

static enum err us_list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous, (void)size;
    return venue_text_one_page(index, "/api/v3/exchangeInfo", out);
}

static enum err usdm_list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous, (void)size;
    return venue_text_one_page(index, "/fapi/v1/exchangeInfo", out);
}

static enum err coinm_list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous, (void)size;
    return venue_text_one_page(index, "/dapi/v1/exchangeInfo", out);
}

static bool is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), "/exchangeInfo");
}

enum {
    ENTRY_SYMBOL,
    ENTRY_STATUS,
    ENTRY_BASE,
    ENTRY_QUOTE,
    ENTRY_FILTERS,
    ENTRY_CONTRACT,
    ENTRY_DELIVERY,
    ENTRY_CONTRACT_STATUS,
    ENTRY_CONTRACT_SIZE,
    ENTRY_COUNT
};
static const char *const entry_names[ENTRY_COUNT] = {
    "symbol",       "status",       "baseAsset",      "quoteAsset",   "filters",
    "contractType", "deliveryDate", "contractStatus", "contractSize",
};

/* {"filterType":"PRICE_FILTER","tickSize":"0.01"} and {"filterType":"LOT_SIZE","stepSize":"0.1"} */
static enum err read_filter(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const char *const names[] = {"filterType", "tickSize", "stepSize"};
    struct instrument *instrument = arg;
    struct field_set filter;
    if (field_pick(scratch, &filter, element, names, 3)) {
        return ERR_DAMAGED;
    }
    if (field_is(&filter, 0, "PRICE_FILTER")) {
        instrument->price_tick = field_decimal_maybe(&filter, 1);
    } else if (field_is(&filter, 0, "LOT_SIZE")) {
        instrument->quantity_step = field_decimal_maybe(&filter, 2);
    }
    return ERR_OK;
}

/* PERPETUAL, TRADIFI_PERPETUAL; CURRENT_QUARTER, NEXT_QUARTER and what else ends; "" for what was
 * delisted. */
static enum err read_contract(struct venue_frame *scratch, const struct field_set *entry,
                              struct instrument *out)
{
    char type[48];
    field_text_maybe(entry, ENTRY_CONTRACT, type, sizeof type);
    if (strstr(type, "PERPETUAL")) {
        out->kind = INSTRUMENT_PERPETUAL;
    } else if (type[0] != '\0') {
        out->kind = INSTRUMENT_FUTURE;
        if (field_time(scratch, entry, ENTRY_DELIVERY, FIELD_TIME_EPOCH, &out->expiry_ns)) {
            return ERR_DAMAGED;
        }
    } else {
        out->kind = INSTRUMENT_OTHER;
    }
    out->contract_size = field_decimal_maybe(entry, ENTRY_CONTRACT_SIZE);
    if (!decimal_is_zero(out->contract_size)) { /* COIN-M: so many USD */
        out->volume_unit = VOLUME_CONTRACT;
        memcpy(out->contract_asset, out->quote, sizeof out->quote);
    }
    return ERR_OK;
}

static enum err read_entry(struct venue_frame *scratch, struct json_span key,
                           struct json_span element, struct instrument *out, void *arg)
{
    (void)key, (void)arg;
    struct field_set entry;
    if (field_pick(scratch, &entry, element, entry_names, ENTRY_COUNT) ||
        field_text(scratch, &entry, ENTRY_SYMBOL, out->symbol, sizeof out->symbol)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&entry, ENTRY_BASE, out->base, sizeof out->base);
    field_text_maybe(&entry, ENTRY_QUOTE, out->quote, sizeof out->quote);
    out->trading = field_is(&entry, ENTRY_STATUS, "TRADING") ||
                   field_is(&entry, ENTRY_CONTRACT_STATUS, "TRADING");
    if (entry.values[ENTRY_FILTERS].kind == SPAN_ARRAY &&
        field_each(scratch, entry.values[ENTRY_FILTERS], "filters", read_filter, out)) {
        return ERR_DAMAGED;
    }
    return field_has(&entry, ENTRY_CONTRACT) ? read_contract(scratch, &entry, out) : ERR_OK;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    static const char *const names[] = {"symbols", "code", "msg"};
    struct venue_frame scratch;
    struct field_set answer;
    venue_frame_init(&scratch);
    enum err err = field_pick(&scratch, &answer, json_scan_document(data, size), names, 3);
    if (!err && field_has(&answer, 1)) {
        binance_refusal(&scratch, answer.values[1], answer.values[2]);
        err = ERR_DAMAGED;
    }
    if (!err) {
        err = field_want(&scratch, &answer, 0, SPAN_ARRAY);
    }
    err =
        err ? field_no_list(&scratch, url) : field_entries(out, answer.values[0], read_entry, NULL);
    venue_frame_release(&scratch);
    return err;
}

/* ---- missing trades -------------------------------------------------------------------------- */

#define ROWS_MAX 1000

static enum err begin(const char *prefix, const char *path, const struct venue_hole *hole,
                      struct buf *out)
{
    buf_clear(out);
    enum err err = buf_printf(out, "%s%s?symbol=", prefix, path);
    if (!err) {
        err = venue_text_append_url(out, hole->instrument->request_symbol);
    }
    return err ? err : buf_printf(out, "&limit=%d", ROWS_MAX);
}

static int64_t ms_of(int64_t time_ns)
{
    return time_ns > 0 ? time_ns / NS_PER_MS : 0;
}

/* By aggregate id, else by time, of which a window of one hour may be asked for. */
static enum err aggregates(const char *prefix, const struct venue_hole *hole, struct buf *out)
{
    enum err err = begin(prefix, "/aggTrades", hole, out);
    if (err) {
        return err;
    }
    if (hole->last_id > 0) {
        return buf_printf(out, "&fromId=%" PRIu64, hole->first_id);
    }
    int64_t from_ms = ms_of(hole->from_ns), to_ms = ms_of(hole->to_ns);
    int64_t hour_ms = NS_PER_HOUR / NS_PER_MS;
    to_ms = to_ms - from_ms < hour_ms ? to_ms : from_ms + hour_ms - 1;
    return buf_printf(out, "&startTime=%" PRId64 "&endTime=%" PRId64, from_ms, to_ms);
}

static enum err no_source(const struct venue_hole *hole)
{
    return err_fail(ERR_UNKNOWN, "no source for trades of channel '%s'; use aggTrade",
                    hole->channel);
}

/* Aggregates by id. Raw trades by id need a key everywhere but on spot: there only the newest are
 * to be had. */
static enum err newest_or_aggregates(const char *prefix, const struct venue_hole *hole,
                                     struct buf *out)
{
    if (strcmp(hole->channel, "aggTrade") == 0) {
        return aggregates(prefix, hole, out);
    }
    return strcmp(hole->channel, "trade") == 0 ? begin(prefix, "/trades", hole, out)
                                               : no_source(hole);
}

static enum err spot_trades(const struct venue_hole *hole, struct buf *out)
{
    if (strcmp(hole->channel, "trade") != 0 || hole->last_id == 0) {
        return newest_or_aggregates("/api/v3", hole, out);
    }
    enum err err = begin("/api/v3", "/historicalTrades", hole, out);
    return err ? err : buf_printf(out, "&fromId=%" PRIu64, hole->first_id);
}

static enum err us_trades(const struct venue_hole *hole, struct buf *out)
{
    return newest_or_aggregates("/api/v3", hole, out);
}

static enum err usdm_trades(const struct venue_hole *hole, struct buf *out)
{
    return newest_or_aggregates("/fapi/v1", hole, out);
}

static enum err coinm_trades(const struct venue_hole *hole, struct buf *out)
{
    return newest_or_aggregates("/dapi/v1", hole, out);
}

/* ---- the tables ------------------------------------------------------------------------------ */

/* historicalTrades weighs 25 of 6000 a minute: 192 requests a minute are four fifths of that. */
const struct venue_rest binance_rest = {
    .url = "https://api.binance.com",
    .gap_ns = 320 * NS_PER_MS,
    .list = spot_list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = spot_trades,
    .trades_ascending = true,
};

/* Weights are smaller, and so is the limit: 1200 a minute. */
const struct venue_rest binance_us_rest = {
    .url = "https://api.binance.us",
    .gap_ns = 320 * NS_PER_MS,
    .list = us_list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = us_trades,
    .trades_ascending = true,
};

/* aggTrades weighs 20 of 2400 a minute. */
const struct venue_rest binance_usdm_rest = {
    .url = "https://fapi.binance.com",
    .gap_ns = 630 * NS_PER_MS,
    .list = usdm_list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = usdm_trades,
    .trades_ascending = true,
};

const struct venue_rest binance_coinm_rest = {
    .url = "https://dapi.binance.com",
    .gap_ns = 630 * NS_PER_MS,
    .list = coinm_list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = coinm_trades,
    .trades_ascending = true,
};
