#include "engine/base/time_text.h"
#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The venue refuses with HTTP status 500 and a row. */
static enum err refuse(const char *message, int *out_status, struct buf *out)
{
    *out_status = 500;
    return buf_printf(out, "[\"error\",10020,\"%s\"]", message);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Appends what one instrument gives to a list, nothing when it does not belong there. */
typedef enum err append_fn(struct buf *out, const struct instrument *instrument, const char *comma);

static enum err append_list(struct buf *out, const struct venue_past *past, append_fn *append)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = 0; i < past->instrument_count && !err; i++) {
        const struct instrument *instrument = &past->instruments[i];
        if (instrument->symbol[0] == 't') {
            err = append(out, instrument, out->data[out->size - 1] == '[' ? "" : ",");
        }
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err append_pair(struct buf *out, const struct instrument *instrument, const char *comma)
{
    enum err err = buf_append_text(out, comma);
    const char *pair = instrument->symbol + 1;
    return err ? err : buf_append_json(out, pair, strlen(pair));
}

static enum err append_spot(struct buf *out, const struct instrument *instrument, const char *comma)
{
    bool spot = instrument->kind != INSTRUMENT_PERPETUAL;
    return spot ? append_pair(out, instrument, comma) : ERR_OK;
}

static enum err append_contract(struct buf *out, const struct instrument *instrument,
                                const char *comma)
{
    bool spot = instrument->kind != INSTRUMENT_PERPETUAL;
    return spot ? ERR_OK : append_pair(out, instrument, comma);
}

/* ["BTCUSD",[null,null,null,"0.00001",...]]; sizes of orders are not known here. */
static enum err append_info(struct buf *out, const struct instrument *instrument, const char *comma)
{
    enum err err = buf_printf(out, "%s[", comma);
    if (!err) {
        err = append_pair(out, instrument, "");
    }
    return err ? err
               : buf_append_text(out, ",[null,null,null,\"0.00000001\",\"1000000.0\",null,null,"
                                      "null,null,null,null,null]]");
}

static enum err append_spot_info(struct buf *out, const struct instrument *instrument,
                                 const char *comma)
{
    bool spot = instrument->kind != INSTRUMENT_PERPETUAL;
    return spot ? append_info(out, instrument, comma) : ERR_OK;
}

static enum err append_contract_info(struct buf *out, const struct instrument *instrument,
                                     const char *comma)
{
    bool spot = instrument->kind != INSTRUMENT_PERPETUAL;
    return spot ? ERR_OK : append_info(out, instrument, comma);
}

/* ["UST","USDT"] for each code that is not the common one. */
static enum err append_codes(struct buf *out, const struct instrument *instrument,
                             const char *comma)
{
    char own[2][ASSET_MAX];
    const char *const common[2] = {instrument->base, instrument->quote};
    if (!bitfinex_divide(instrument->symbol + 1, own[0], own[1])) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    for (size_t i = 0; i < 2 && !err; i++) {
        if (common[i][0] != '\0' && strcmp(own[i], common[i]) != 0) {
            err = buf_printf(out, "%s[\"%s\",", comma, own[i]);
            if (!err) {
                err = buf_append_json(out, common[i], strlen(common[i]));
            }
            if (!err) {
                err = buf_append_byte(out, ']');
            }
            comma = ",";
        }
    }
    return err;
}

static enum err append_nothing(struct buf *out, const struct instrument *instrument,
                               const char *comma)
{
    (void)out;
    (void)instrument;
    (void)comma;
    return ERR_OK;
}

/* "pub:list:pair:exchange,pub:map:currency:sym" -> [[...],[...]]; what is not known is empty. */
static enum err answer_conf(const char *keys, const struct venue_past *past, struct buf *out)
{
    static const struct {
        const char *key;
        append_fn *append;
    } known[] = {
        {"pub:list:pair:exchange", append_spot}, {"pub:list:pair:futures", append_contract},
        {"pub:info:pair", append_spot_info},     {"pub:info:pair:futures", append_contract_info},
        {"pub:map:currency:sym", append_codes},
    };
    enum err err = buf_append_byte(out, '[');
    for (const char *key = keys; *key != '\0' && !err;) {
        size_t size = strcspn(key, ",");
        append_fn *append = append_nothing;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (strlen(known[i].key) == size && memcmp(known[i].key, key, size) == 0) {
                append = known[i].append;
            }
        }
        err = key == keys ? ERR_OK : buf_append_byte(out, ',');
        if (!err) {
            err = append_list(out, past, append);
        }
        key += size + (key[size] == ',');
    }
    return err ? err : buf_append_byte(out, ']');
}

/* ---- trades ---------------------------------------------------------------------------------- */

enum { ROWS_DEFAULT = 125 };

/* A query parameter that is a whole number from `low` to `high`; `fallback` when it is not given,
 * false when it is anything else. */
static bool read_number(struct venue_path path, const char *name, int64_t low, int64_t high,
                        int64_t fallback, int64_t *out)
{
    char text[32], *end = NULL;
    *out = fallback;
    if (!venue_path_param(path, name, text, sizeof text)) {
        return true;
    }
    long long number = strtoll(text, &end, 10);
    *out = number;
    return end != text && *end == '\0' && number >= low && number <= high;
}

struct asking {
    struct venue_span span;
    size_t max;
};

static bool read_asking(struct venue_path path, struct asking *asking)
{
    const int64_t far_ms = INT64_MAX / NS_PER_MS;
    int64_t limit = 0, start = 0, end = 0, sort = 0;
    if (!read_number(path, "limit", 1, BITFINEX_ROWS_MAX, ROWS_DEFAULT, &limit) ||
        !read_number(path, "start", 0, far_ms - 1, 0, &start) ||
        !read_number(path, "end", 0, far_ms - 1, far_ms - 1, &end) ||
        !read_number(path, "sort", -1, 1, -1, &sort)) {
        return false;
    }
    asking->max = (size_t)limit;
    asking->span = (struct venue_span){
        .last_id = UINT64_MAX,
        .from_ns = start * NS_PER_MS,
        .to_ns = end * NS_PER_MS + NS_PER_MS - 1,
        .newest = sort != 1,
    };
    return true;
}

/* [ID,MTS,AMOUNT,PRICE], the amount below zero when the taker sold. */
enum err bitfinex_append_row(struct buf *out, const struct trade *trade)
{
    enum err err = buf_printf(out, "[%llu,%lld,%s", (unsigned long long)trade->id,
                              (long long)(trade->source_ns / NS_PER_MS),
                              trade->taker == TAKER_SELL ? "-" : "");
    if (!err) {
        err = venue_text_append_decimal(out, trade->quantity);
    }
    if (!err) {
        err = buf_append_byte(out, ',');
    }
    if (!err) {
        err = venue_text_append_decimal(out, trade->price);
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err answer_trades(const char *symbol, struct venue_path path,
                              const struct venue_past *past, int *out_status, struct buf *out)
{
    struct asking asking;
    bool known = false;
    for (size_t i = 0; i < past->instrument_count; i++) {
        known |= strcmp(past->instruments[i].symbol, symbol) == 0;
    }
    if (!known || !read_asking(path, &asking)) {
        return refuse(known ? "limit: invalid" : "symbol: invalid", out_status, out);
    }
    struct trade *trades = calloc(asking.max, sizeof *trades);
    if (!trades) {
        return err_fail(ERR_NOMEM, "out of memory for %zu trades", asking.max);
    }
    size_t count =
        past->trades ? past->trades(symbol, &asking.span, asking.max, trades, past->arg) : 0;
    enum err err = buf_append_byte(out, '[');
    for (size_t i = 0; i < count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = bitfinex_append_row(out, &trades[asking.span.newest ? count - 1 - i : i]);
        }
    }
    free(trades);
    return err ? err : buf_append_byte(out, ']');
}

/* ---- paths ----------------------------------------------------------------------------------- */

enum err bitfinex_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                         const struct venue_past *past, int *out_status, struct buf *out)
{
    static const char conf[] = "/v2/conf/", trades[] = "/v2/trades/", hist[] = "/hist";
    struct venue_path path = venue_path_of(target);
    char text[512] = "";
    (void)host;
    (void)wall_ns;
    buf_clear(out);
    *out_status = 200;
    bool fits =
        strcmp(method, "GET") == 0 && venue_path_decode(path.text, path.size, text, sizeof text);
    size_t size = strlen(text);
    if (fits && strncmp(text, conf, sizeof conf - 1) == 0) {
        return answer_conf(text + sizeof conf - 1, past, out);
    }
    if (fits && strncmp(text, trades, sizeof trades - 1) == 0 && venue_path_ends(path, hist) &&
        size > sizeof trades + sizeof hist - 2) {
        text[size - (sizeof hist - 1)] = '\0';
        return answer_trades(text + sizeof trades - 1, path, past, out_status, out);
    }
    if (fits && strcmp(text, "/v2/platform/status") == 0) {
        return buf_append_text(out, "[1]");
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'", target);
}
