#include "engine/base/time_text.h"
#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_past.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_DEFAULT 500
#define ROWS_MAX     1000

/* What the three kinds of market have of their own. */
struct market {
    const char *prefix;
    bool futures, coins;
};

/* One request and what answering it needs. */
struct question {
    const struct market *market;
    const struct venue_past *past;
    struct venue_path path;
    int64_t wall_ns;
    int *status;
    struct buf *out;
};

static enum err refuse(const struct question *question, int code, const char *message)
{
    buf_clear(question->out);
    *question->status = 400;
    return buf_printf(question->out, "{\"code\":%d,\"msg\":\"%s\"}", code, message);
}

static enum err append_member(struct buf *out, const char *before, const char *text)
{
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, text, strlen(text));
}

/* ---- the instrument list --------------------------------------------------------------------- */

/* "filters":[...]; what is not known is not told. */
static enum err append_filters(const struct instrument *instrument, struct buf *out)
{
    char tick[DECIMAL_TEXT_MAX], step[DECIMAL_TEXT_MAX];
    bool has_tick = !decimal_is_zero(instrument->price_tick);
    bool has_step = !decimal_is_zero(instrument->quantity_step);
    decimal_format(tick, instrument->price_tick);
    decimal_format(step, instrument->quantity_step);
    enum err err = buf_append_text(out, ",\"filters\":[");
    if (!err && has_tick) {
        err = buf_printf(out,
                         "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"%s\","
                         "\"maxPrice\":\"1000000\",\"tickSize\":\"%s\"}%s",
                         tick, tick, has_step ? "," : "");
    }
    if (!err && has_step) {
        err = buf_printf(out,
                         "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"%s\","
                         "\"maxQty\":\"9000000\",\"stepSize\":\"%s\"}",
                         step, step);
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err append_contract(const struct market *market, const struct instrument *instrument,
                                struct buf *out)
{
    static const char *const types[] = {
        [INSTRUMENT_SPOT] = "",   [INSTRUMENT_PERPETUAL] = "PERPETUAL",
        [INSTRUMENT_OPTION] = "", [INSTRUMENT_FUTURE] = "CURRENT_QUARTER",
        [INSTRUMENT_OTHER] = "",
    };
    int64_t delivery_ms = instrument->kind == INSTRUMENT_FUTURE ? instrument->expiry_ns / NS_PER_MS
                                                                : INT64_C(4133404800000);
    enum err err = buf_printf(out, ",\"contractType\":\"%s\",\"deliveryDate\":%" PRId64,
                              types[instrument->kind], delivery_ms);
    if (!err && market->coins && !decimal_is_zero(instrument->contract_size)) {
        err = buf_append_text(out, ",\"contractSize\":");
        if (!err) {
            err = venue_text_append_decimal(out, instrument->contract_size);
        }
    }
    return err;
}

static enum err append_entry(const struct market *market, const struct instrument *instrument,
                             struct buf *out)
{
    enum err err = append_member(out, "{\"symbol\":", instrument->symbol);
    if (!err) {
        err = buf_printf(out, ",\"%s\":\"%s\"", market->coins ? "contractStatus" : "status",
                         instrument->trading ? "TRADING" : "BREAK");
    }
    if (!err) {
        err = append_member(out, ",\"baseAsset\":", instrument->base);
    }
    if (!err) {
        err = append_member(out, ",\"quoteAsset\":", instrument->quote);
    }
    if (!err && market->futures) {
        err = append_contract(market, instrument, out);
    }
    if (!err) {
        err = append_filters(instrument, out);
    }
    return err ? err : buf_append_byte(out, '}');
}

static enum err answer_list(const struct question *question)
{
    const struct venue_past *past = question->past;
    struct buf *out = question->out;
    char symbol[SYMBOL_MAX];
    bool one = venue_path_param(question->path, "symbol", symbol, sizeof symbol);
    if (one && !venue_past_find(past, symbol)) {
        return refuse(question, -1121, "Invalid symbol.");
    }
    enum err err = buf_printf(out,
                              "{\"timezone\":\"UTC\",\"serverTime\":%" PRId64
                              ",\"rateLimits\":[],\"exchangeFilters\":[],\"symbols\":[",
                              question->wall_ns / NS_PER_MS);
    bool begun = false;
    for (size_t i = 0; i < past->instrument_count && !err; i++) {
        if (one && strcmp(past->instruments[i].symbol, symbol) != 0) {
            continue;
        }
        err = begun ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = append_entry(question->market, &past->instruments[i], out);
        }
        begun = true;
    }
    return err ? err : buf_append_text(out, "]}");
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* ,"quoteQty":"48.00" or, where quantities are contracts of so many dollars, ,"baseQty":"0.01".
 * Left out when it cannot be told. */
static enum err append_other_amount(const struct market *market,
                                    const struct instrument *instrument, const struct trade *trade,
                                    struct buf *out)
{
    struct decimal amount;
    enum err err = decimal_mul(&amount, market->coins ? instrument->contract_size : trade->price,
                               trade->quantity);
    if (!err) {
        err = market->coins ? decimal_div(&amount, amount, trade->price, 8)
                            : decimal_rescale(&amount, amount, 8);
    }
    if (err || decimal_is_zero(amount)) {
        return ERR_OK;
    }
    err = buf_printf(out, ",\"%s\":\"", market->coins ? "baseQty" : "quoteQty");
    if (!err) {
        err = venue_text_append_decimal(out, amount);
    }
    return err ? err : buf_append_byte(out, '"');
}

static enum err append_row(const struct market *market, const struct instrument *instrument,
                           const struct trade *trade, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    enum err err = buf_printf(out, "{\"id\":%" PRIu64 ",\"price\":\"%s\",\"qty\":\"%s\"", trade->id,
                              price, quantity);
    if (!err) {
        err = append_other_amount(market, instrument, trade, out);
    }
    return err ? err
               : buf_printf(out, ",\"time\":%" PRId64 ",\"isBuyerMaker\":%s%s}",
                            trade->source_ns / NS_PER_MS,
                            trade->taker == TAKER_SELL ? "true" : "false",
                            market->futures ? "" : ",\"isBestMatch\":true");
}

static enum err append_aggregate(const struct market *market, const struct trade *trade,
                                 struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    enum err err =
        buf_printf(out, "{\"a\":%" PRIu64 ",\"p\":\"%s\",\"q\":\"%s\"", trade->id, price, quantity);
    if (!err) {
        err = binance_append_range(trade, out);
    }
    return err ? err
               : buf_printf(out, ",\"T\":%" PRId64 ",\"m\":%s%s}", trade->source_ns / NS_PER_MS,
                            trade->taker == TAKER_SELL ? "true" : "false",
                            market->futures ? "" : ",\"M\":true");
}

/* Futures leave out what was not executed in the book; its id is missing then. */
static enum err append_rows(const struct question *question, const struct instrument *instrument,
                            const struct venue_span *span, size_t max)
{
    const struct market *market = question->market;
    struct trade *trades = NULL;
    size_t count = 0;
    enum err err =
        venue_past_trades(question->past, instrument->symbol, span, max, &trades, &count);
    if (!err) {
        err = buf_append_byte(question->out, '[');
    }
    bool begun = false;
    for (size_t i = 0; i < count && !err; i++) {
        if (market->futures && trades[i].flags & TRADE_EXCLUDED) {
            continue;
        }
        err = begun ? buf_append_byte(question->out, ',') : ERR_OK;
        if (!err) {
            err = span->aggregated ? append_aggregate(market, &trades[i], question->out)
                                   : append_row(market, instrument, &trades[i], question->out);
        }
        begun = true;
    }
    free(trades);
    return err ? err : buf_append_byte(question->out, ']');
}

/* The number in a parameter; false when it is there and no number. */
static bool read_number(const struct question *question, const char *name, uint64_t *number,
                        bool *out_given)
{
    char text[64];
    *out_given = venue_path_param(question->path, name, text, sizeof text);
    return !*out_given || venue_path_u64(question->path, name, number);
}

static int64_t ns_of(uint64_t time_ms, int64_t rest_ns)
{
    int64_t limit_ms = INT64_MAX / NS_PER_MS - 1;
    return (time_ms < (uint64_t)limit_ms ? (int64_t)time_ms : limit_ms) * NS_PER_MS + rest_ns;
}

/* fromId and startTime begin at the old end, all else gives the newest. */
static enum err answer_trades(const struct question *question, bool by_id, bool aggregated)
{
    static const char bad[] = "Illegal characters found in a parameter.";
    struct venue_span span = VENUE_SPAN_ALL;
    uint64_t limit = ROWS_DEFAULT, from_id = 0, from_ms = 0, to_ms = 0;
    bool has_limit, has_id, has_from, has_to;
    char symbol[SYMBOL_MAX];
    if (!venue_path_param(question->path, "symbol", symbol, sizeof symbol) || symbol[0] == '\0') {
        return refuse(question, -1102,
                      "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
    }
    if (!read_number(question, "limit", &limit, &has_limit) ||
        !read_number(question, "fromId", &from_id, &has_id) ||
        !read_number(question, "startTime", &from_ms, &has_from) ||
        !read_number(question, "endTime", &to_ms, &has_to)) {
        return refuse(question, -1100, bad);
    }
    const struct instrument *instrument = venue_past_find(question->past, symbol);
    if (!instrument) {
        return refuse(question, -1121, "Invalid symbol.");
    }
    if (limit == 0) {
        return refuse(question, -1130, "Data sent for parameter 'limit' is not valid.");
    }
    span.aggregated = aggregated;
    span.first_id = by_id && has_id ? from_id : 0;
    span.from_ns = aggregated && has_from ? ns_of(from_ms, 0) : INT64_MIN;
    span.to_ns = aggregated && has_to ? ns_of(to_ms, NS_PER_MS - 1) : INT64_MAX;
    span.newest = !(by_id && has_id) && !(aggregated && has_from);
    return append_rows(question, instrument, &span, limit < ROWS_MAX ? (size_t)limit : ROWS_MAX);
}

/* ---- the paths ------------------------------------------------------------------------------- */

static bool is_path(const struct question *question, const char *path)
{
    size_t size = strlen(question->market->prefix);
    return question->path.size == size + strlen(path) &&
           memcmp(question->path.text, question->market->prefix, size) == 0 &&
           venue_path_ends(question->path, path);
}

static enum err answer_path(const struct question *question)
{
    if (is_path(question, "/exchangeInfo")) {
        return answer_list(question);
    }
    if (is_path(question, "/trades")) {
        return answer_trades(question, false, false);
    }
    if (is_path(question, "/historicalTrades")) {
        return answer_trades(question, true, false);
    }
    if (is_path(question, "/aggTrades")) {
        return answer_trades(question, true, true);
    }
    if (is_path(question, "/ping")) {
        return buf_append_text(question->out, "{}");
    }
    if (is_path(question, "/time")) {
        return buf_printf(question->out, "{\"serverTime\":%" PRId64 "}",
                          question->wall_ns / NS_PER_MS);
    }
    return ERR_UNKNOWN;
}

static enum err answer(const struct market *market, const char *method, const char *target,
                       int64_t wall_ns, const struct venue_past *past, int *out_status,
                       struct buf *out)
{
    struct question question = {market, past, venue_path_of(target), wall_ns, out_status, out};
    buf_clear(out);
    *out_status = 200;
    enum err err = strcmp(method, "GET") == 0 ? answer_path(&question) : ERR_UNKNOWN;
    return err == ERR_UNKNOWN ? err_fail(ERR_UNKNOWN, "no such path '%s'; use %s/exchangeInfo",
                                         target, market->prefix)
                              : err;
}

enum err binance_answer_spot(const char *method, const char *target, const char *host,
                             int64_t wall_ns, const struct venue_past *past, int *out_status,
                             struct buf *out)
{
    static const struct market market = {"/api/v3", false, false};
    (void)host;
    return answer(&market, method, target, wall_ns, past, out_status, out);
}

enum err binance_answer_usdm(const char *method, const char *target, const char *host,
                             int64_t wall_ns, const struct venue_past *past, int *out_status,
                             struct buf *out)
{
    static const struct market market = {"/fapi/v1", true, false};
    (void)host;
    return answer(&market, method, target, wall_ns, past, out_status, out);
}

enum err binance_answer_coinm(const char *method, const char *target, const char *host,
                              int64_t wall_ns, const struct venue_past *past, int *out_status,
                              struct buf *out)
{
    static const struct market market = {"/dapi/v1", true, true};
    (void)host;
    return answer(&market, method, target, wall_ns, past, out_status, out);
}
