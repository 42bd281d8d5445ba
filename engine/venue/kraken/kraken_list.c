#include "engine/base/time_text.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

#define ROWS_MAX     1000
#define DECIMALS_MAX 18

/* ---- the instrument list --------------------------------------------------------------------- */

static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous, (void)size;
    return venue_text_one_page(index, "/0/public/AssetPairs", out);
}

static bool is_list(const char *url)
{
    return venue_path_ends(venue_path_of(url), "/AssetPairs");
}

enum {
    PAIR_ALTNAME,
    PAIR_WSNAME,
    PAIR_DECIMALS,
    PAIR_LOT_DECIMALS,
    PAIR_TICK,
    PAIR_STATUS,
    PAIR_COUNT
};
static const char *const pair_names[PAIR_COUNT] = {
    "altname", "wsname", "pair_decimals", "lot_decimals", "tick_size", "status",
};

/* So many decimals are a step of 10^-n. */
static struct decimal step_of(const struct field_set *pair, size_t index)
{
    uint64_t decimals = 0;
    if (pair->values[index].kind != SPAN_NUMBER || !json_scan_u64(pair->values[index], &decimals) ||
        decimals > DECIMALS_MAX) {
        return DECIMAL_ZERO;
    }
    return (struct decimal){.mantissa = 1, .scale = (uint8_t)decimals};
}

/* Pairs without a wsname are not on the feed. `arg` is there for v1, whose symbols are wsnames as
 * they stand. */
static enum err read_pair(struct venue_frame *scratch, struct json_span key,
                          struct json_span element, struct instrument *out, void *arg)
{
    struct field_set pair;
    char wsname[SYMBOL_MAX], common[SYMBOL_MAX];
    (void)key;
    if (field_pick(scratch, &pair, element, pair_names, PAIR_COUNT) ||
        field_text(scratch, &pair, PAIR_WSNAME, wsname, sizeof wsname) ||
        !kraken_pair_common(wsname, common)) {
        return ERR_DAMAGED;
    }
    kraken_describe(arg ? wsname : common, out);
    if (field_text(scratch, &pair, PAIR_ALTNAME, out->request_symbol, sizeof out->request_symbol)) {
        return ERR_DAMAGED;
    }
    out->price_tick = field_is_set(&pair, PAIR_TICK) ? field_decimal_maybe(&pair, PAIR_TICK)
                                                     : step_of(&pair, PAIR_DECIMALS);
    out->quantity_step = step_of(&pair, PAIR_LOT_DECIMALS);
    /* post_only and cancel_only let nothing trade. */
    out->trading = !field_is_set(&pair, PAIR_STATUS) || field_is(&pair, PAIR_STATUS, "online") ||
                   field_is(&pair, PAIR_STATUS, "limit_only") ||
                   field_is(&pair, PAIR_STATUS, "reduce_only");
    return ERR_OK;
}

/* The object of pairs in {"error":[],"result":{...}}. */
static enum err find_pairs(struct venue_frame *scratch, struct json_span document,
                           struct json_span *out)
{
    static const char *const names[] = {"error", "result"};
    struct json_span first, key;
    struct json_scan scan;
    struct field_set answer;
    if (field_pick(scratch, &answer, document, names, 2) ||
        field_want(scratch, &answer, 0, SPAN_ARRAY)) {
        return ERR_DAMAGED;
    }
    json_scan_open(&scan, answer.values[0]);
    if (json_scan_next(&scan, &key, &first)) {
        field_refusal(scratch, first, (struct json_span){0});
        return ERR_DAMAGED;
    }
    *out = answer.values[1];
    return field_want(scratch, &answer, 1, SPAN_OBJECT);
}

static enum err decode_pairs(const char *url, const uint8_t *data, size_t size,
                             struct instrument_list *out, void *own)
{
    struct venue_frame scratch;
    struct json_span pairs = {0};
    venue_frame_init(&scratch);
    enum err err = find_pairs(&scratch, json_scan_document(data, size), &pairs);
    err = err ? field_no_list(&scratch, url) : field_entries(out, pairs, read_pair, own);
    venue_frame_release(&scratch);
    return err;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    return decode_pairs(url, data, size, out, NULL);
}

static enum err decode_v1_list(const char *url, const uint8_t *data, size_t size,
                               struct instrument_list *out)
{
    bool own = true;
    return decode_pairs(url, data, size, out, &own);
}

/* ---- missing trades -------------------------------------------------------------------------- */

/* From a time on, oldest first; in nanoseconds, because in seconds more than one page can have the
 * same time. The feed's times are cut to microseconds, never past the row's own. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    buf_clear(out);
    enum err err = buf_append_text(out, "/0/public/Trades?pair=");
    if (!err) {
        err = venue_text_append_url(out, hole->instrument->request_symbol);
    }
    return err ? err
               : buf_printf(out, "&since=%" PRId64 "&count=%d",
                            hole->from_ns > 0 ? hole->from_ns : 0, ROWS_MAX);
}

/* No rate is documented: one request every three seconds has gone on for long without a refusal. */
const struct venue_rest kraken_rest = {
    .url = "https://api.kraken.com",
    .gap_ns = 3 * NS_PER_S,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
    .trades_ascending = true,
};

/* v1 numbers nothing and its times are coarser than those of REST, so that rows of an answer cannot
 * be told from what has been received: nothing is repaired. */
const struct venue_rest kraken_v1_rest = {
    .url = "https://api.kraken.com",
    .gap_ns = 3 * NS_PER_S,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_v1_list,
    .trades = NULL,
};
