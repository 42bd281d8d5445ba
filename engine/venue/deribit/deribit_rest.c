#include "engine/base/time_text.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <string.h>

#define PUBLIC "/api/v2/public/"

/* ---- the instrument list ---------------------------------------------------------------------
 */

static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous;
    (void)size;
    return venue_text_one_page(index, PUBLIC "get_instruments?currency=any&expired=false", out);
}

static bool is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), "/public/get_instruments");
}

enum {
    LIST_BASE,
    LIST_QUOTE,
    LIST_SETTLEMENT,
    LIST_PERIOD,
    LIST_NAME,
    LIST_TYPE,
    LIST_KIND,
    LIST_EXPIRY,
    LIST_STRIKE,
    LIST_OPTION,
    LIST_TICK,
    LIST_STEP,
    LIST_CONTRACT,
    LIST_ACTIVE,
    LIST_COUNT
};
static const char *const list_names[LIST_COUNT] = {
    "base_currency",
    "quote_currency",
    "settlement_currency",
    "settlement_period",
    "instrument_name",
    "instrument_type",
    "kind",
    "expiration_timestamp",
    "strike",
    "option_type",
    "tick_size",
    "min_trade_amount",
    "contract_size",
    "is_active",
};

static enum instrument_kind kind_of(const struct field_set *set)
{
    if (field_is(set, LIST_KIND, "spot")) {
        return INSTRUMENT_SPOT;
    }
    if (field_is(set, LIST_KIND, "option")) {
        return INSTRUMENT_OPTION;
    }
    if (!field_is(set, LIST_KIND, "future")) {
        return INSTRUMENT_OTHER; /* future_combo, option_combo */
    }
    return field_is(set, LIST_PERIOD, "perpetual") ? INSTRUMENT_PERPETUAL : INSTRUMENT_FUTURE;
}

/* Inverse futures are traded in dollars, so many to the contract; lists from before there were
 * others do not say which kind they are. */
static void fill_units(const struct field_set *set, struct instrument *out)
{
    bool future = out->kind == INSTRUMENT_PERPETUAL || out->kind == INSTRUMENT_FUTURE;
    bool inverse = field_is_set(set, LIST_TYPE) ? field_is(set, LIST_TYPE, "reversed")
                                                : strcmp(out->quote, "USD") == 0;
    bool dollars = future && inverse;
    out->volume_unit = dollars ? VOLUME_QUOTE : VOLUME_BASE;
    memcpy(out->contract_asset, dollars ? out->quote : out->base, sizeof out->contract_asset);
}

static enum err read_entry(struct venue_frame *scratch, struct json_span key,
                           struct json_span entry, struct instrument *out, void *arg)
{
    (void)key;
    (void)arg;
    struct field_set set;
    int64_t expiry_ns = 0;
    if (field_pick(scratch, &set, entry, list_names, LIST_COUNT) ||
        field_text(scratch, &set, LIST_NAME, out->symbol, sizeof out->symbol) ||
        field_text(scratch, &set, LIST_BASE, out->base, sizeof out->base) ||
        field_text(scratch, &set, LIST_QUOTE, out->quote, sizeof out->quote) ||
        field_want(scratch, &set, LIST_KIND, SPAN_STRING) ||
        field_time_maybe(scratch, &set, LIST_EXPIRY, FIELD_TIME_EPOCH, &expiry_ns)) {
        return ERR_DAMAGED;
    }
    out->kind = kind_of(&set);
    /* Perpetuals "end" in the year 3000. */
    bool ends = out->kind == INSTRUMENT_FUTURE || out->kind == INSTRUMENT_OPTION;
    out->expiry_ns = ends && expiry_ns > 0 ? expiry_ns : 0;
    out->strike = field_decimal_maybe(&set, LIST_STRIKE);
    out->call = field_is(&set, LIST_OPTION, "call");
    out->price_tick = field_decimal_maybe(&set, LIST_TICK);
    out->quantity_step = field_decimal_maybe(&set, LIST_STEP);
    out->contract_size = field_decimal_maybe(&set, LIST_CONTRACT);
    out->trading = set.values[LIST_ACTIVE].kind != SPAN_FALSE;
    fill_units(&set, out);
    return ERR_OK;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    static const char *const names[] = {"result"};
    struct venue_frame scratch;
    struct field_set set;
    venue_frame_init(&scratch);
    bool fine = !field_pick(&scratch, &set, json_scan_document(data, size), names, 1) &&
                !field_want(&scratch, &set, 0, SPAN_ARRAY);
    enum err err =
        fine ? field_entries(out, set.values[0], read_entry, NULL) : field_no_list(&scratch, url);
    venue_frame_release(&scratch);
    return err;
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* By number no more is asked for than one answer holds, so that it always begins at the old end. */
static enum err append_range(const struct venue_hole *hole, struct buf *out)
{
    unsigned long long first = hole->first_id, last = hole->last_id;
    if (last - first >= DERIBIT_ROWS_MAX) {
        last = first + DERIBIT_ROWS_MAX - 1;
    }
    return buf_printf(out, "&start_seq=%llu&end_seq=%llu", first, last);
}

static enum err append_span(const struct venue_hole *hole, struct buf *out)
{
    int64_t from_ms = hole->from_ns > 0 ? hole->from_ns / NS_PER_MS : 0;
    int64_t to_ms = hole->to_ns > 0 ? hole->to_ns / NS_PER_MS : 0;
    to_ms += hole->to_ns > 0 && hole->to_ns % NS_PER_MS > 0;
    return buf_printf(out, "&start_timestamp=%lld&end_timestamp=%lld", (long long)from_ms,
                      (long long)to_ms);
}

static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    bool numbered = hole->last_id > 0 && hole->last_id >= hole->first_id;
    buf_clear(out);
    enum err err = buf_printf(out, PUBLIC "get_last_trades_by_instrument%s?instrument_name=",
                              numbered ? "" : "_and_time");
    if (!err) {
        err = venue_text_append_url(out, hole->instrument->request_symbol);
    }
    if (!err) {
        err = numbered ? append_range(hole, out) : append_span(hole, out);
    }
    return err ? err : buf_printf(out, "&count=%d&sorting=asc", DERIBIT_ROWS_MAX);
}

/* Requests of one address that does not log in: 20 a second, and this takes a tenth of that. */
const struct venue_rest deribit_rest = {
    .url = "https://www.deribit.com",
    .gap_ns = 500 * NS_PER_MS,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
    .trades_ascending = true,
};
