#include "engine/base/time_text.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_past.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 1000

/* One request and what answering it needs. */
struct question {
    const struct venue_past *past;
    struct venue_path path;
    int *status;
    struct buf *out;
};

static enum err refuse(const struct question *question, int status, const char *message)
{
    buf_clear(question->out);
    *question->status = status;
    return buf_printf(question->out, "{\"message\":\"%s\"}", message);
}

static enum err append_member(struct buf *out, const char *before, const char *text)
{
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, text, strlen(text));
}

/* What is not known is not told. */
static enum err append_step(struct buf *out, const char *name, struct decimal step)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, step);
    return decimal_is_zero(step) ? ERR_OK : buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

/* Calls `append` for every instrument that `wanted` lets through, with commas between. */
typedef enum err append_fn(const struct instrument *instrument, struct buf *out);
typedef bool wanted_fn(const struct instrument *instrument, const struct question *question);

static enum err append_each(const struct question *question, wanted_fn *wanted, append_fn *append,
                            size_t *out_count)
{
    enum err err = ERR_OK;
    *out_count = 0;
    for (size_t i = 0; i < question->past->instrument_count && !err; i++) {
        const struct instrument *instrument = &question->past->instruments[i];
        if (wanted && !wanted(instrument, question)) {
            continue;
        }
        err = (*out_count)++ > 0 ? buf_append_byte(question->out, ',') : ERR_OK;
        if (!err) {
            err = append(instrument, question->out);
        }
    }
    return err;
}

/* The instrument of "<prefix>/products/<id>/<what>"; false: no such path. *out NULL: no such
 * product. */
static bool find_product(const struct question *question, const char *prefix, const char *what,
                         const struct instrument **out)
{
    char id[SYMBOL_MAX];
    struct venue_path path = question->path;
    size_t head = strlen(prefix) + sizeof "/products/" - 1, tail = strlen(what);
    if (path.size <= head + tail || memcmp(path.text, prefix, strlen(prefix)) != 0 ||
        memcmp(path.text + strlen(prefix), "/products/", sizeof "/products/" - 1) != 0 ||
        !venue_path_ends(path, what)) {
        return false;
    }
    size_t size = path.size - head - tail;
    *out = venue_path_decode(path.text + head, size, id, sizeof id)
               ? venue_past_find(question->past, id)
               : NULL;
    return !memchr(path.text + head, '/', size);
}

/* The number in a parameter, left alone when it is not there; false when it is none. */
static bool read_number(const struct question *question, const char *name, uint64_t *number)
{
    char text[64];
    return !venue_path_param(question->path, name, text, sizeof text) ||
           venue_path_u64(question->path, name, number);
}

/* ---- Exchange -------------------------------------------------------------------------------- */

static enum err append_product(const struct instrument *instrument, struct buf *out)
{
    const char *status = instrument->trading ? "online" : "offline";
    const char *disabled = instrument->trading ? "false" : "true";
    enum err err = append_member(out, "{\"id\":", instrument->symbol);
    if (!err) {
        err = append_member(out, ",\"base_currency\":", instrument->base);
    }
    if (!err) {
        err = append_member(out, ",\"quote_currency\":", instrument->quote);
    }
    if (!err) {
        err = append_step(out, "quote_increment", instrument->price_tick);
    }
    if (!err) {
        err = append_step(out, "base_increment", instrument->quantity_step);
    }
    if (!err) {
        err = append_member(out, ",\"display_name\":", instrument->symbol);
    }
    return err ? err
               : buf_printf(out,
                            ",\"margin_enabled\":false,\"post_only\":false,\"limit_only\":false,"
                            "\"cancel_only\":false,\"status\":\"%s\",\"status_message\":\"\","
                            "\"trading_disabled\":%s,\"auction_mode\":false}",
                            status, disabled);
}

static enum err append_trade(const struct trade *trade, struct buf *out)
{
    enum err err = buf_printf(out, "{\"trade_id\":%" PRIu64, trade->id);
    if (!err) {
        err = coinbase_append_amounts(trade, out);
    }
    if (!err) {
        err = buf_append_text(out, ",\"time\":\"");
    }
    if (!err) {
        err = venue_text_append_us(out, trade->source_ns);
    }
    return err ? err : buf_append_text(out, "\"}");
}

/* Newest first; after=X: older than X, before=X: newer than X. */
static enum err answer_trades(const struct question *question, const struct instrument *instrument)
{
    struct venue_span span = VENUE_SPAN_ALL;
    uint64_t limit = ROWS_MAX, after = UINT64_MAX, before = 0;
    struct trade *trades = NULL;
    size_t count = 0;
    if (!read_number(question, "limit", &limit) || !read_number(question, "after", &after) ||
        !read_number(question, "before", &before)) {
        return refuse(question, 400, "invalid limit, before or after");
    }
    span.newest = true;
    span.last_id = after == UINT64_MAX || after == 0 ? after : after - 1;
    span.first_id = before < UINT64_MAX && before > 0 ? before + 1 : before;
    limit = limit < ROWS_MAX ? limit : ROWS_MAX;
    enum err err = venue_past_trades(question->past, instrument->symbol, &span, (size_t)limit,
                                     &trades, &count);
    if (!err) {
        err = buf_append_byte(question->out, '[');
    }
    for (size_t i = count; i-- > 0 && !err;) {
        err = append_trade(&trades[i], question->out);
        if (!err && i > 0) {
            err = buf_append_byte(question->out, ',');
        }
    }
    free(trades);
    return err ? err : buf_append_byte(question->out, ']');
}

static enum err answer_path(const struct question *question)
{
    const struct instrument *instrument = NULL;
    size_t count = 0;
    if (question->path.size == sizeof "/products" - 1 &&
        venue_path_ends(question->path, "/products")) {
        enum err err = buf_append_byte(question->out, '[');
        if (!err) {
            err = append_each(question, NULL, append_product, &count);
        }
        return err ? err : buf_append_byte(question->out, ']');
    }
    if (!find_product(question, "", "/trades", &instrument)) {
        return ERR_UNKNOWN;
    }
    return instrument ? answer_trades(question, instrument) : refuse(question, 404, "NotFound");
}

/* ---- Advanced Trade -------------------------------------------------------------------------- */

static const char market[] = "/api/v3/brokerage/market";

static bool is_advanced_wanted(const struct instrument *instrument, const struct question *question)
{
    char type[16], expiry[16];
    bool typed = venue_path_param(question->path, "product_type", type, sizeof type);
    bool timed = venue_path_param(question->path, "contract_expiry_type", expiry, sizeof expiry);
    const char *own = instrument->kind == INSTRUMENT_SPOT    ? "SPOT"
                      : instrument->kind == INSTRUMENT_OTHER ? "UNKNOWN_PRODUCT_TYPE"
                                                             : "FUTURE";
    bool perpetual = instrument->kind == INSTRUMENT_PERPETUAL;
    return (!typed || strcmp(type, own) == 0) &&
           (!timed || strcmp(expiry, perpetual ? "PERPETUAL" : "EXPIRING") == 0);
}

/* ,"future_product_details":{...} */
static enum err append_future(const struct instrument *instrument, struct buf *out)
{
    bool perpetual = instrument->kind == INSTRUMENT_PERPETUAL;
    enum err err = append_member(out, ",\"future_product_details\":{\"contract_root_unit\":",
                                 instrument->contract_asset[0] != '\0' ? instrument->contract_asset
                                                                       : instrument->base);
    if (!err) {
        err = append_step(out, "contract_size", instrument->contract_size);
    }
    if (!err) {
        err = buf_printf(out, ",\"contract_expiry_type\":\"%s\",\"contract_expiry\":",
                         perpetual ? "PERPETUAL" : "EXPIRING");
    }
    if (!err && perpetual) {
        err = buf_append_text(out, "null");
    } else if (!err) {
        err = buf_append_byte(out, '"');
        if (!err) {
            err = venue_text_append_time(out, instrument->expiry_ns);
        }
        if (!err) {
            err = buf_append_byte(out, '"');
        }
    }
    return err ? err : buf_append_byte(out, '}');
}

static enum err append_advanced(const struct instrument *instrument, struct buf *out)
{
    bool future = instrument->kind == INSTRUMENT_PERPETUAL || instrument->kind == INSTRUMENT_FUTURE;
    const char *type = instrument->kind == INSTRUMENT_SPOT ? "SPOT" : "UNKNOWN_PRODUCT_TYPE";
    enum err err = append_member(out, "{\"product_id\":", instrument->symbol);
    if (!err) {
        err = append_step(out, "base_increment", instrument->quantity_step);
    }
    if (!err) {
        err = append_step(out, "price_increment", instrument->price_tick);
    }
    if (!err) {
        err = buf_printf(out,
                         ",\"is_disabled\":%s,\"status\":\"%s\",\"cancel_only\":false,"
                         "\"limit_only\":false,\"post_only\":false,\"trading_disabled\":%s,"
                         "\"auction_mode\":false,\"product_type\":\"%s\"",
                         instrument->trading ? "false" : "true", future ? "" : "online",
                         instrument->trading ? "false" : "true", future ? "FUTURE" : type);
    }
    if (!err) {
        err = append_member(out, ",\"quote_currency_id\":", instrument->quote);
    }
    if (!err) {
        err = append_member(out, ",\"base_currency_id\":", future ? "" : instrument->base);
    }
    if (!err) {
        err = buf_append_text(out, ",\"view_only\":false");
    }
    if (!err && future) {
        err = append_future(instrument, out);
    }
    return err ? err : buf_append_byte(out, '}');
}

static enum err answer_advanced_list(const struct question *question)
{
    size_t count = 0;
    enum err err = buf_append_text(question->out, "{\"products\":[");
    if (!err) {
        err = append_each(question, is_advanced_wanted, append_advanced, &count);
    }
    return err ? err
               : buf_printf(question->out, "],\"num_products\":%zu,\"pagination\":null}", count);
}

static int64_t ns_of(uint64_t time_s)
{
    uint64_t limit_s = (uint64_t)(INT64_MAX / NS_PER_S);
    return (int64_t)(time_s < limit_s ? time_s : limit_s) * NS_PER_S;
}

/* The newest between start and end, in seconds, newest first. */
static enum err answer_ticker(const struct question *question, const struct instrument *instrument)
{
    struct venue_span span = VENUE_SPAN_ALL;
    uint64_t limit = 0, start = 0, end = UINT64_MAX;
    struct trade *trades = NULL;
    size_t count = 0;
    if (!read_number(question, "limit", &limit) || !read_number(question, "start", &start) ||
        !read_number(question, "end", &end) || limit == 0) {
        return refuse(question, 400, "limit, start and end must be whole numbers");
    }
    span.newest = true;
    span.from_ns = start > 0 ? ns_of(start) : INT64_MIN;
    span.to_ns = end < UINT64_MAX ? ns_of(end) : INT64_MAX;
    enum err err = venue_past_trades(question->past, instrument->symbol, &span,
                                     limit < ROWS_MAX ? (size_t)limit : ROWS_MAX, &trades, &count);
    if (!err) {
        err = buf_append_text(question->out, "{\"trades\":");
    }
    if (!err) {
        err = coinbase_append_newest_first(trades, count, question->out);
    }
    free(trades);
    return err ? err : buf_append_text(question->out, ",\"best_bid\":\"\",\"best_ask\":\"\"}");
}

static enum err answer_advanced_path(const struct question *question)
{
    const struct instrument *instrument = NULL;
    if (question->path.size == sizeof market - 1 + sizeof "/products" - 1 &&
        venue_path_ends(question->path, "/brokerage/market/products")) {
        return answer_advanced_list(question);
    }
    if (!find_product(question, market, "/ticker", &instrument)) {
        return ERR_UNKNOWN;
    }
    return instrument ? answer_ticker(question, instrument)
                      : refuse(question, 404, "valid product_id is required");
}

/* ---- both ------------------------------------------------------------------------------------ */

static enum err answer(enum err (*answer_at)(const struct question *question), const char *method,
                       const char *target, const struct venue_past *past, int *out_status,
                       struct buf *out)
{
    struct question question = {past, venue_path_of(target), out_status, out};
    buf_clear(out);
    *out_status = 200;
    enum err err = strcmp(method, "GET") == 0 ? answer_at(&question) : ERR_UNKNOWN;
    return err == ERR_UNKNOWN ? err_fail(ERR_UNKNOWN, "no such path '%s'", target) : err;
}

enum err coinbase_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                         const struct venue_past *past, int *out_status, struct buf *out)
{
    (void)host, (void)wall_ns;
    return answer(answer_path, method, target, past, out_status, out);
}

enum err coinbase_advanced_answer(const char *method, const char *target, const char *host,
                                  int64_t wall_ns, const struct venue_past *past, int *out_status,
                                  struct buf *out)
{
    (void)host, (void)wall_ns;
    return answer(answer_advanced_path, method, target, past, out_status, out);
}
