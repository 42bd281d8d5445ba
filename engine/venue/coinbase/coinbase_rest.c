#include "engine/base/time_text.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

#define ROWS_MAX 1000

/* Has the answer an error instead of what was asked for? {"message":"..."} */
static enum err refused(struct venue_frame *scratch, struct json_span document)
{
    static const char *const names[] = {"message"};
    struct field_set error;
    if (document.kind == SPAN_OBJECT) {
        if (field_pick(scratch, &error, document, names, 1)) {
            return ERR_DAMAGED;
        }
        if (error.values[0].kind == SPAN_STRING) {
            field_refusal(scratch, error.values[0], (struct json_span){0});
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

static bool is_set(const struct field_set *set, size_t index)
{
    return set->values[index].kind == SPAN_TRUE;
}

/* ---- Exchange -------------------------------------------------------------------------------- */

static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous, (void)size;
    return venue_text_one_page(index, "/products", out);
}

static bool is_list(const char *url)
{
    struct venue_path path = venue_path_of(url);
    return venue_path_ends(path, "/products") && path.size == sizeof "/products" - 1;
}

enum {
    PRODUCT_ID,
    PRODUCT_BASE,
    PRODUCT_QUOTE,
    PRODUCT_QUOTE_STEP,
    PRODUCT_BASE_STEP,
    PRODUCT_POST_ONLY,
    PRODUCT_CANCEL_ONLY,
    PRODUCT_STATUS,
    PRODUCT_DISABLED,
    PRODUCT_COUNT
};
static const char *const product_names[PRODUCT_COUNT] = {
    "id",        "base_currency", "quote_currency", "quote_increment",  "base_increment",
    "post_only", "cancel_only",   "status",         "trading_disabled",
};

static enum err read_product(struct venue_frame *scratch, struct json_span key,
                             struct json_span element, struct instrument *out, void *arg)
{
    (void)key, (void)arg;
    struct field_set product;
    if (field_pick(scratch, &product, element, product_names, PRODUCT_COUNT) ||
        field_text(scratch, &product, PRODUCT_ID, out->symbol, sizeof out->symbol)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&product, PRODUCT_BASE, out->base, sizeof out->base);
    field_text_maybe(&product, PRODUCT_QUOTE, out->quote, sizeof out->quote);
    out->price_tick = field_decimal_maybe(&product, PRODUCT_QUOTE_STEP);
    out->quantity_step = field_decimal_maybe(&product, PRODUCT_BASE_STEP);
    out->trading = field_is(&product, PRODUCT_STATUS, "online") &&
                   !is_set(&product, PRODUCT_POST_ONLY) && !is_set(&product, PRODUCT_CANCEL_ONLY) &&
                   !is_set(&product, PRODUCT_DISABLED);
    return ERR_OK;
}

/* [products]; walked once before anything is added, so that half an answer adds nothing. */
static enum err check_array(struct venue_frame *scratch, struct json_span document)
{
    static const char *const none[] = {NULL};
    struct field_set set;
    return field_pick_row(scratch, &set, document, none, 0);
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    struct json_span document = json_scan_document(data, size);
    struct venue_frame scratch;
    venue_frame_init(&scratch);
    enum err err = refused(&scratch, document);
    if (!err) {
        err = check_array(&scratch, document);
    }
    err = err ? field_no_list(&scratch, url) : field_entries(out, document, read_product, NULL);
    venue_frame_release(&scratch);
    return err;
}

static enum err begin(const char *prefix, const char *what, const struct venue_hole *hole,
                      struct buf *out)
{
    buf_clear(out);
    enum err err = buf_printf(out, "%s/products/", prefix);
    if (!err) {
        err = venue_text_append_url(out, hole->instrument->request_symbol);
    }
    return err ? err : buf_printf(out, "/%s?limit=%d", what, ROWS_MAX);
}

/* Newest first, from below `after` on. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    enum err err = begin("", "trades", hole, out);
    if (!err && hole->last_id > 0 && hole->last_id < UINT64_MAX) {
        err = buf_printf(out, "&after=%" PRIu64, hole->last_id + 1);
    }
    return err;
}

/* Ten requests a second are allowed. */
const struct venue_rest coinbase_rest = {
    .url = "https://api.exchange.coinbase.com",
    .gap_ns = 125 * NS_PER_MS,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
};

/* ---- Advanced Trade -------------------------------------------------------------------------- */

static const char market[] = "/api/v3/brokerage/market";

/* The perpetual contracts are asked for again by themselves: not every answer for futures has had
 * them. */
static enum err advanced_list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    static const char *const queries[] = {
        "SPOT",
        "FUTURE",
        "FUTURE&contract_expiry_type=PERPETUAL",
    };
    (void)previous, (void)size;
    buf_clear(out);
    return index >= sizeof queries / sizeof queries[0]
               ? ERR_END
               : buf_printf(out, "%s/products?product_type=%s", market, queries[index]);
}

static bool advanced_is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), "/brokerage/market/products");
}

enum {
    ADVANCED_ID,
    ADVANCED_BASE_STEP,
    ADVANCED_QUOTE_STEP,
    ADVANCED_DISABLED,
    ADVANCED_STATUS,
    ADVANCED_CANCEL_ONLY,
    ADVANCED_POST_ONLY,
    ADVANCED_TRADING_DISABLED,
    ADVANCED_TYPE,
    ADVANCED_QUOTE,
    ADVANCED_BASE,
    ADVANCED_VIEW_ONLY,
    ADVANCED_PRICE_STEP,
    ADVANCED_FUTURE,
    ADVANCED_COUNT
};
static const char *const advanced_names[ADVANCED_COUNT] = {
    "product_id",       "base_increment",
    "quote_increment",  "is_disabled",
    "status",           "cancel_only",
    "post_only",        "trading_disabled",
    "product_type",     "quote_currency_id",
    "base_currency_id", "view_only",
    "price_increment",  "future_product_details",
};

/* A contract names no base currency: it is of so many units of something. */
static enum err read_future(struct venue_frame *scratch, struct json_span details,
                            struct instrument *out)
{
    static const char *const names[] = {
        "contract_expiry",
        "contract_size",
        "contract_root_unit",
        "contract_expiry_type",
    };
    struct field_set set;
    if (field_pick(scratch, &set, details, names, 4)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&set, 2, out->contract_asset, sizeof out->contract_asset);
    if (out->base[0] == '\0') {
        memcpy(out->base, out->contract_asset, sizeof out->base);
    }
    out->contract_size = field_decimal_maybe(&set, 1);
    /* One contract of one unit counts the same in both. */
    bool unit = decimal_compare(out->contract_size, (struct decimal){1, 0}) == 0;
    out->volume_unit = unit ? VOLUME_BASE : VOLUME_CONTRACT;
    if (field_is(&set, 3, "PERPETUAL")) {
        out->kind = INSTRUMENT_PERPETUAL;
        return ERR_OK;
    }
    out->kind = INSTRUMENT_FUTURE;
    return field_time(scratch, &set, 0, FIELD_TIME_RFC3339, &out->expiry_ns);
}

/* A product like BTC-USDC whose "alias" is BTC-USD shows the same book and the same trades: it is
 * listed as what it is, and whoever records both records them twice. */
static enum err read_advanced(struct venue_frame *scratch, struct json_span key,
                              struct json_span element, struct instrument *out, void *arg)
{
    (void)key, (void)arg;
    struct field_set product;
    if (field_pick(scratch, &product, element, advanced_names, ADVANCED_COUNT) ||
        field_text(scratch, &product, ADVANCED_ID, out->symbol, sizeof out->symbol)) {
        return ERR_DAMAGED;
    }
    field_text_maybe(&product, ADVANCED_BASE, out->base, sizeof out->base);
    field_text_maybe(&product, ADVANCED_QUOTE, out->quote, sizeof out->quote);
    out->price_tick = field_decimal_maybe(&product, field_is_set(&product, ADVANCED_PRICE_STEP)
                                                        ? ADVANCED_PRICE_STEP
                                                        : ADVANCED_QUOTE_STEP);
    out->quantity_step = field_decimal_maybe(&product, ADVANCED_BASE_STEP);
    char status[16];
    field_text_maybe(&product, ADVANCED_STATUS, status, sizeof status);
    out->trading = (status[0] == '\0' || strcmp(status, "online") == 0) &&
                   !is_set(&product, ADVANCED_DISABLED) &&
                   !is_set(&product, ADVANCED_TRADING_DISABLED) &&
                   !is_set(&product, ADVANCED_CANCEL_ONLY) &&
                   !is_set(&product, ADVANCED_POST_ONLY) && !is_set(&product, ADVANCED_VIEW_ONLY);
    if (field_is(&product, ADVANCED_TYPE, "FUTURE")) {
        return read_future(scratch, product.values[ADVANCED_FUTURE], out);
    }
    if (field_is_set(&product, ADVANCED_TYPE) && !field_is(&product, ADVANCED_TYPE, "SPOT")) {
        out->kind = INSTRUMENT_OTHER;
    }
    return ERR_OK;
}

static enum err advanced_decode_list(const char *url, const uint8_t *data, size_t size,
                                     struct instrument_list *out)
{
    static const char *const names[] = {"products"};
    struct json_span document = json_scan_document(data, size);
    struct venue_frame scratch;
    struct field_set answer;
    venue_frame_init(&scratch);
    enum err err = refused(&scratch, document);
    if (!err) {
        err = field_pick(&scratch, &answer, document, names, 1);
    }
    if (!err) {
        err = field_want(&scratch, &answer, 0, SPAN_ARRAY);
    }
    err = err ? field_no_list(&scratch, url)
              : field_entries(out, answer.values[0], read_advanced, NULL);
    venue_frame_release(&scratch);
    return err;
}

static int64_t seconds_of(int64_t time_ns)
{
    return time_ns > 0 ? time_ns / NS_PER_S : 0;
}

/* By whole seconds, newest first. */
static enum err advanced_trades(const struct venue_hole *hole, struct buf *out)
{
    enum err err = begin(market, "ticker", hole, out);
    return err ? err
               : buf_printf(out, "&start=%" PRId64 "&end=%" PRId64, seconds_of(hole->from_ns),
                            seconds_of(hole->to_ns) + 1);
}

const struct venue_rest coinbase_advanced_rest = {
    .url = "https://api.coinbase.com",
    .gap_ns = 125 * NS_PER_MS,
    .list = advanced_list,
    .is_list = advanced_is_list,
    .decode_list = advanced_decode_list,
    .trades = advanced_trades,
};
