#include "engine/base/time_text.h"
#include "engine/venue/bybit/bybit.h"
#include "engine/venue/venue_text.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX   1000
#define PAGE_USUAL 500
#define SPOT_ROWS  60

/* What is asked, and where the answer goes. */
struct answer {
    enum bybit_category category;
    bool own; /* the category asked for is the one that is played; of others there is nothing */
    struct venue_path path;
    int64_t wall_ns;
    const struct venue_past *past;
    struct buf *out;
};

static enum err finish(struct answer *answer, enum err err)
{
    return err ? err
               : buf_printf(answer->out, "},\"retExtInfo\":{},\"time\":%lld}",
                            (long long)(answer->wall_ns / NS_PER_MS));
}

static enum err refuse(struct answer *answer, const char *text)
{
    enum err err = buf_append_text(answer->out, "{\"retCode\":10001,\"retMsg\":");
    err = err ? err : buf_append_json(answer->out, text, strlen(text));
    err = err ? err : buf_append_text(answer->out, ",\"result\":{");
    return finish(answer, err);
}

static enum err begin(struct answer *answer)
{
    char word[16] = "";
    venue_path_param(answer->path, "category", word, sizeof word);
    enum err err =
        buf_append_text(answer->out, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":");
    err = err ? err : buf_append_json(answer->out, word, strlen(word));
    return err ? err : buf_append_text(answer->out, ",\"list\":[");
}

/* ---- instruments ------------------------------------------------------------------------------
 */

static const char *type_word(enum bybit_category category, enum instrument_kind kind)
{
    bool future = kind == INSTRUMENT_FUTURE;
    return category == BYBIT_INVERSE ? (future ? "InverseFutures" : "InversePerpetual")
                                     : (future ? "LinearFutures" : "LinearPerpetual");
}

/* ,"name":{"inner":"0.1"} */
static enum err append_filter(struct buf *out, const char *name, const char *inner,
                              struct decimal value)
{
    enum err err = buf_printf(out, ",\"%s\":{\"%s\":\"", name, inner);
    if (!err && !decimal_is_zero(value)) {
        err = venue_text_append_decimal(out, value);
    }
    return err ? err : buf_append_text(out, "\"}");
}

static enum err append_instrument(struct answer *answer, const struct instrument *item)
{
    struct buf *out = answer->out;
    bool spot = answer->category == BYBIT_SPOT;
    enum err err = buf_append_text(out, "{\"symbol\":");
    err = err ? err : buf_append_json(out, item->symbol, strlen(item->symbol));
    if (!err && !spot) {
        err = buf_printf(out, ",\"contractType\":\"%s\"", type_word(answer->category, item->kind));
    }
    err = err ? err
              : buf_printf(
                    out, ",\"status\":\"%s\",\"baseCoin\":", item->trading ? "Trading" : "Closed");
    err = err ? err : buf_append_json(out, item->base, strlen(item->base));
    err = err ? err : buf_append_text(out, ",\"quoteCoin\":");
    err = err ? err : buf_append_json(out, item->quote, strlen(item->quote));
    if (!err && !spot) {
        err =
            buf_printf(out, ",\"deliveryTime\":\"%lld\"", (long long)(item->expiry_ns / NS_PER_MS));
    }
    err = err ? err : append_filter(out, "priceFilter", "tickSize", item->price_tick);
    err = err ? err
              : append_filter(out, "lotSizeFilter", spot ? "basePrecision" : "qtyStep",
                              item->quantity_step);
    return err ? err : buf_append_byte(out, '}');
}

static size_t limit_of(struct venue_path path, size_t usual, size_t max)
{
    uint64_t limit = 0;
    if (!venue_path_u64(path, "limit", &limit) || limit == 0) {
        return usual;
    }
    return limit < max ? (size_t)limit : max;
}

/* The cursor is "first=A&last=B" in percent codes, and the next page begins behind B. Clients send
 * it as it came or coded once more. */
static size_t page_start(const struct answer *answer)
{
    char coded[256], cursor[256];
    const struct venue_past *past = answer->past;
    if (!venue_path_param(answer->path, "cursor", coded, sizeof coded) ||
        !venue_path_decode(coded, strlen(coded), cursor, sizeof cursor)) {
        return 0;
    }
    const char *last = strstr(cursor, "last=");
    for (size_t i = 0; last && i < past->instrument_count; i++) {
        if (strcmp(past->instruments[i].symbol, last + 5) == 0) {
            return i + 1;
        }
    }
    return last ? past->instrument_count : 0;
}

static enum err append_cursor(struct answer *answer, const char *first, const char *last)
{
    enum err err = buf_append_text(answer->out, "],\"nextPageCursor\":\"");
    if (!err && last) {
        err = buf_append_text(answer->out, "first%3D");
        err = err ? err : venue_text_append_url(answer->out, first);
        err = err ? err : buf_append_text(answer->out, "%26last%3D");
        err = err ? err : venue_text_append_url(answer->out, last);
    }
    return err ? err : buf_append_byte(answer->out, '"');
}

static enum err answer_list(struct answer *answer)
{
    const struct venue_past *past = answer->past;
    char symbol[SYMBOL_MAX] = "";
    bool one = venue_path_param(answer->path, "symbol", symbol, sizeof symbol);
    bool spot = answer->category == BYBIT_SPOT;
    size_t max = spot ? SIZE_MAX : limit_of(answer->path, PAGE_USUAL, PAGE_MAX);
    size_t at = spot ? 0 : page_start(answer), end = answer->own ? past->instrument_count : 0;
    size_t written = 0, first = at;
    enum err err = begin(answer);
    for (; at < end && written < max && !err; at++) {
        if (one && strcmp(past->instruments[at].symbol, symbol) != 0) {
            continue;
        }
        err = written++ > 0 ? buf_append_byte(answer->out, ',') : ERR_OK;
        err = err ? err : append_instrument(answer, &past->instruments[at]);
    }
    bool more = !one && at < end;
    err = err ? err
              : append_cursor(answer, more ? past->instruments[first].symbol : NULL,
                              more ? past->instruments[at - 1].symbol : NULL);
    return finish(answer, err);
}

/* ---- trades -----------------------------------------------------------------------------------
 */

static enum err append_trade(struct buf *out, const struct trade *trade)
{
    enum err err =
        buf_printf(out, "{\"execId\":\"%llu\",\"symbol\":", (unsigned long long)trade->id);
    err = err ? err : buf_append_json(out, trade->symbol, strlen(trade->symbol));
    err = err ? err : buf_append_text(out, ",\"price\":\"");
    err = err ? err : venue_text_append_decimal(out, trade->price);
    err = err ? err : buf_append_text(out, "\",\"size\":\"");
    err = err ? err : venue_text_append_decimal(out, trade->quantity);
    return err ? err
               : buf_printf(out, "\",\"side\":\"%s\",\"time\":\"%lld\",\"isBlockTrade\":false}",
                            trade->taker == TAKER_SELL ? "Sell" : "Buy",
                            (long long)(trade->source_ns / NS_PER_MS));
}

static bool has_instrument(const struct venue_past *past, const char *symbol)
{
    for (size_t i = 0; i < past->instrument_count; i++) {
        if (strcmp(past->instruments[i].symbol, symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* Newest first. */
static enum err answer_trades(struct answer *answer)
{
    static const struct venue_span all = {0, UINT64_MAX, INT64_MIN, INT64_MAX, false, true};
    const struct venue_past *past = answer->past;
    char symbol[SYMBOL_MAX] = "";
    bool spot = answer->category == BYBIT_SPOT;
    size_t limit =
        limit_of(answer->path, spot ? SPOT_ROWS : PAGE_USUAL, spot ? SPOT_ROWS : PAGE_MAX);
    venue_path_param(answer->path, "symbol", symbol, sizeof symbol);
    if (!answer->own || !has_instrument(past, symbol)) {
        return refuse(answer, "params error: symbol invalid");
    }
    struct trade *rows = malloc(limit * sizeof *rows);
    if (!rows) {
        return err_fail(ERR_NOMEM, "out of memory for %zu trades", limit);
    }
    size_t count = past->trades ? past->trades(symbol, &all, limit, rows, past->arg) : 0;
    enum err err = begin(answer);
    for (size_t i = count; i > 0 && !err; i--) {
        err = i < count ? buf_append_byte(answer->out, ',') : ERR_OK;
        err = err ? err : append_trade(answer->out, &rows[i - 1]);
    }
    free(rows);
    err = err ? err : buf_append_byte(answer->out, ']');
    return finish(answer, err);
}

enum err bybit_answer(enum bybit_category category, const char *method, const char *target,
                      int64_t wall_ns, const struct venue_past *past, int *out_status,
                      struct buf *out)
{
    struct answer answer = {.category = category,
                            .path = venue_path_of(target),
                            .wall_ns = wall_ns,
                            .past = past,
                            .out = out};
    char word[16] = "";
    *out_status = 200;
    buf_clear(out);
    venue_path_param(answer.path, "category", word, sizeof word);
    answer.own = strcmp(word, bybit_category_word(category)) == 0;
    bool get = strcmp(method, "GET") == 0;
    bool list = get && venue_path_ends(answer.path, "/v5/market/instruments-info");
    bool trades = get && venue_path_ends(answer.path, "/v5/market/recent-trade");
    if (!list && !trades) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'", target);
    }
    if (word[0] == '\0') {
        return refuse(&answer, "params error: Category is invalid");
    }
    return list ? answer_list(&answer) : answer_trades(&answer);
}
