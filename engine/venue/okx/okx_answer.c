#include "engine/base/time_text.h"
#include "engine/venue/okx/okx.h"
#include "engine/venue/venue_text.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 500 /* of any answer with trades */

static enum err refuse(struct buf *out, const char *code, const char *text)
{
    enum err err = buf_printf(out, "{\"code\":\"%s\",\"data\":[],\"msg\":", code);
    err = err ? err : buf_append_json(out, text, strlen(text));
    return err ? err : buf_append_byte(out, '}');
}

/* ---- instruments ------------------------------------------------------------------------------
 */

static const char *kind_word(enum instrument_kind kind)
{
    static const char *const words[] = {
        [INSTRUMENT_SPOT] = "SPOT",      [INSTRUMENT_PERPETUAL] = "SWAP",
        [INSTRUMENT_FUTURE] = "FUTURES", [INSTRUMENT_OPTION] = "OPTION",
        [INSTRUMENT_OTHER] = "",
    };
    return words[kind];
}

/* ,"name":"value" with "" for what is not said */
static enum err member(struct buf *out, const char *name, const char *value)
{
    enum err err = buf_printf(out, ",\"%s\":", name);
    return err ? err : buf_append_json(out, value, strlen(value));
}

static enum err number(struct buf *out, const char *name, struct decimal value)
{
    char text[DECIMAL_TEXT_MAX] = "";
    if (!decimal_is_zero(value)) {
        decimal_format(text, value);
    }
    return member(out, name, text);
}

static enum err append_contract(struct buf *out, const struct instrument *item)
{
    enum err err = buf_append_text(out, ",\"instFamily\":");
    char family[2 * ASSET_MAX + 1] = "";
    if (item->base[0] != '\0') {
        const char *const parts[] = {item->base, "-", item->quote, NULL};
        err = err ? err : venue_name_join(family, sizeof family, parts);
    }
    err = err ? err : buf_append_json(out, family, strlen(family));
    family[strcspn(family, "_")] = '\0';
    err = err ? err : member(out, "uly", family);
    err = err ? err : number(out, "ctVal", item->contract_size);
    err = err ? err : member(out, "ctMult", decimal_is_zero(item->contract_size) ? "" : "1");
    err = err ? err : member(out, "ctValCcy", item->contract_asset);
    err = err ? err : number(out, "stk", item->strike);
    bool option = item->kind == INSTRUMENT_OPTION;
    err = err ? err : member(out, "optType", !option ? "" : item->call ? "C" : "P");
    return err ? err : member(out, "baseCcy", "");
}

static enum err append_spot(struct buf *out, const struct instrument *item)
{
    enum err err = member(out, "instFamily", "");
    err = err ? err : member(out, "uly", "");
    err = err ? err : member(out, "ctVal", "");
    err = err ? err : member(out, "ctValCcy", "");
    err = err ? err : member(out, "baseCcy", item->base);
    return err ? err : member(out, "quoteCcy", item->quote);
}

static enum err append_instrument(struct buf *out, const struct instrument *item)
{
    enum err err = buf_printf(out, "{\"instType\":\"%s\",\"instId\":", kind_word(item->kind));
    err = err ? err : buf_append_json(out, item->symbol, strlen(item->symbol));
    err =
        err ? err
            : (item->kind == INSTRUMENT_SPOT ? append_spot(out, item) : append_contract(out, item));
    if (!err && item->expiry_ns > 0) {
        err = buf_printf(out, ",\"expTime\":\"%lld\"", (long long)(item->expiry_ns / NS_PER_MS));
    } else if (!err) {
        err = member(out, "expTime", "");
    }
    err = err ? err : number(out, "tickSz", item->price_tick);
    err = err ? err : number(out, "lotSz", item->quantity_step);
    err = err ? err : member(out, "state", item->trading ? "live" : "suspend");
    return err ? err : buf_append_byte(out, '}');
}

static enum err answer_list(struct venue_path path, const struct venue_past *past, int *out_status,
                            struct buf *out)
{
    char kind[16] = "", symbol[SYMBOL_MAX] = "";
    if (!venue_path_param(path, "instType", kind, sizeof kind) ||
        (strcmp(kind, "SPOT") != 0 && strcmp(kind, "SWAP") != 0 && strcmp(kind, "FUTURES") != 0 &&
         strcmp(kind, "OPTION") != 0)) {
        *out_status = 400;
        return refuse(out, "51000", "Parameter instType error");
    }
    bool one = venue_path_param(path, "instId", symbol, sizeof symbol);
    enum err err = buf_append_text(out, "{\"code\":\"0\",\"data\":[");
    size_t written = 0;
    for (size_t i = 0; i < past->instrument_count && !err; i++) {
        const struct instrument *item = &past->instruments[i];
        if (strcmp(kind, kind_word(item->kind)) != 0 ||
            (one && strcmp(symbol, item->symbol) != 0)) {
            continue;
        }
        err = written++ > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_instrument(out, item);
    }
    return err ? err : buf_append_text(out, "],\"msg\":\"\"}");
}

/* ---- trades -----------------------------------------------------------------------------------
 */

static bool has_instrument(const struct venue_past *past, const char *symbol)
{
    for (size_t i = 0; i < past->instrument_count; i++) {
        if (strcmp(past->instruments[i].symbol, symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* "after": older than that id or (type 2) time; "before": newer than that id. */
static struct venue_span span_of(struct venue_path path)
{
    struct venue_span span = {.first_id = 0,
                              .last_id = UINT64_MAX,
                              .from_ns = INT64_MIN,
                              .to_ns = INT64_MAX,
                              .newest = true};
    uint64_t number = 0;
    char type[4] = "1";
    venue_path_param(path, "type", type, sizeof type);
    if (venue_path_u64(path, "after", &number) && number > 0) {
        if (strcmp(type, "2") != 0) {
            span.last_id = number - 1;
        } else if (number <= (uint64_t)(INT64_MAX / NS_PER_MS)) {
            span.to_ns = (int64_t)number * NS_PER_MS - 1;
        }
    }
    if (venue_path_u64(path, "before", &number) && number < UINT64_MAX) {
        span.first_id = number + 1;
    }
    return span;
}

/* Newest first. */
static enum err append_rows(struct buf *out, const struct trade *trades, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = count; i > 0 && !err; i--) {
        err = i < count ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : okx_append_trade(out, &trades[i - 1], trades[i - 1].folded > 0);
    }
    return err;
}

static enum err answer_trades(struct venue_path path, size_t rows_max,
                              const struct venue_past *past, struct buf *out)
{
    char symbol[SYMBOL_MAX] = "";
    uint64_t limit = 0;
    venue_path_param(path, "instId", symbol, sizeof symbol);
    if (!has_instrument(past, symbol)) {
        return refuse(out, "51001", "Instrument ID doesn't exist.");
    }
    if (!venue_path_u64(path, "limit", &limit) || limit == 0) {
        limit = 100;
    }
    limit = limit < rows_max ? limit : rows_max;
    struct venue_span span = span_of(path);
    struct trade *rows = malloc(ROWS_MAX * sizeof *rows);
    if (!rows) {
        return err_fail(ERR_NOMEM, "out of memory for %d trades", ROWS_MAX);
    }
    size_t count = past->trades ? past->trades(symbol, &span, (size_t)limit, rows, past->arg) : 0;
    enum err err = buf_append_text(out, "{\"code\":\"0\",\"msg\":\"\",\"data\":[");
    err = err ? err : append_rows(out, rows, count);
    free(rows);
    return err ? err : buf_append_text(out, "]}");
}

enum err okx_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                    const struct venue_past *past, int *out_status, struct buf *out)
{
    struct venue_path path = venue_path_of(target);
    (void)host;
    (void)wall_ns;
    *out_status = 200;
    buf_clear(out);
    if (strcmp(method, "GET") == 0 && venue_path_ends(path, "/api/v5/public/instruments")) {
        return answer_list(path, past, out_status, out);
    }
    if (strcmp(method, "GET") == 0 && venue_path_ends(path, "/api/v5/market/history-trades")) {
        return answer_trades(path, 100, past, out);
    }
    if (strcmp(method, "GET") == 0 && venue_path_ends(path, "/api/v5/market/trades")) {
        return answer_trades(path, ROWS_MAX, past, out);
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'", target);
}
