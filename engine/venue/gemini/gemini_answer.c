#include "engine/base/time_text.h"
#include "engine/venue/gemini/gemini.h"
#include "engine/venue/venue_past.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_DEFAULT 50

static enum err refuse(const char *reason, int *out_status, struct buf *out)
{
    *out_status = 400;
    return buf_printf(out, "{\"result\":\"error\",\"reason\":\"%s\",\"message\":\"%s\"}", reason,
                      reason);
}

/* ---- instruments -----------------------------------------------------------------------------
 */

static enum err member(struct buf *out, const char *before, const char *value)
{
    char upper[SYMBOL_MAX];
    memcpy(upper, value, strlen(value) + 1);
    venue_text_upper(upper);
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, upper, strlen(upper));
}

static enum err number(struct buf *out, const char *before, struct decimal value)
{
    enum err err = buf_append_text(out, before);
    return err ? err : venue_text_append_decimal(out, value);
}

static const char *type_of(enum instrument_kind kind)
{
    return kind == INSTRUMENT_SPOT ? "spot" : kind == INSTRUMENT_PERPETUAL ? "swap" : "other";
}

static enum err append_instrument(struct buf *out, const struct instrument *item)
{
    enum err err = member(out, "{\"symbol\":", item->symbol);
    err = err ? err : member(out, ",\"base_currency\":", item->base);
    err = err ? err : member(out, ",\"quote_currency\":", item->quote);
    err = err ? err : number(out, ",\"tick_size\":", item->quantity_step);
    err = err ? err : number(out, ",\"quote_increment\":", item->price_tick);
    return err ? err
               : buf_printf(out, ",\"status\":\"%s\",\"product_type\":\"%s\"}",
                            item->trading ? "open" : "closed", type_of(item->kind));
}

static enum err answer_all(const struct venue_past *past, struct buf *out)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = 0; i < past->instrument_count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_instrument(out, &past->instruments[i]);
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err answer_details(const char *symbol, const struct venue_past *past, int *out_status,
                               struct buf *out)
{
    if (strcmp(symbol, "all") == 0) {
        return answer_all(past, out);
    }
    const struct instrument *item = venue_past_find(past, symbol);
    return item ? append_instrument(out, item) : refuse("InvalidSymbol", out_status, out);
}

/* ---- trades ----------------------------------------------------------------------------------
 */

static enum err append_row(struct buf *out, const struct trade *trade)
{
    char price[DECIMAL_TEXT_MAX], amount[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(amount, trade->quantity);
    return buf_printf(out,
                      "{\"timestamp\":%" PRId64 ",\"timestampms\":%" PRId64 ",\"tid\":%" PRIu64
                      ",\"price\":\"%s\",\"amount\":\"%s\",\"exchange\":\"gemini\",\"type\":"
                      "\"%s\"}",
                      trade->source_ns / NS_PER_S, trade->source_ns / NS_PER_MS, trade->id, price,
                      amount, trade->taker == TAKER_SELL ? "sell" : "buy");
}

/* Newest first. */
static enum err append_rows(struct buf *out, const struct trade *trades, size_t count)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = count; i > 0 && !err; i--) {
        err = i < count ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_row(out, &trades[i - 1]);
    }
    return err ? err : buf_append_byte(out, ']');
}

/* The newest trades, or the oldest after an id, or else after a time. */
static struct venue_span span_of(struct venue_path path)
{
    struct venue_span span = VENUE_SPAN_ALL;
    uint64_t number = 0;
    span.newest = true;
    if (venue_path_u64(path, "since_tid", &number)) {
        span.newest = false;
        span.first_id = number < UINT64_MAX ? number + 1 : number;
    } else if (venue_path_u64(path, "timestamp", &number) ||
               venue_path_u64(path, "since", &number)) {
        span.newest = false;
        if (number > INT64_MAX || time_from_epoch(&span.from_ns, (int64_t)number)) {
            span.from_ns = INT64_MAX;
        }
    }
    return span;
}

static enum err answer_trades(struct venue_path path, const char *symbol,
                              const struct venue_past *past, int *out_status, struct buf *out)
{
    const struct instrument *instrument = venue_past_find(past, symbol);
    struct venue_span span = span_of(path);
    struct trade *trades = NULL;
    uint64_t limit = ROWS_DEFAULT;
    size_t count = 0;
    if (!instrument) {
        return refuse("InvalidSymbol", out_status, out);
    }
    (void)venue_path_u64(path, "limit_trades", &limit);
    limit = limit < GEMINI_ROWS_MAX ? limit : GEMINI_ROWS_MAX;
    enum err err =
        venue_past_trades(past, instrument->symbol, &span, (size_t)limit, &trades, &count);
    err = err ? err : append_rows(out, trades, count);
    free(trades);
    return err;
}

enum err gemini_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out)
{
    char symbol[SYMBOL_MAX];
    (void)host;
    (void)wall_ns;
    *out_status = 200;
    buf_clear(out);
    if (strcmp(method, "GET") == 0 && gemini_path_symbol(target, GEMINI_DETAILS, symbol)) {
        return answer_details(symbol, past, out_status, out);
    }
    if (strcmp(method, "GET") == 0 && gemini_path_symbol(target, GEMINI_TRADES, symbol)) {
        return answer_trades(venue_path_of(target), symbol, past, out_status, out);
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'; use " GEMINI_DETAILS "all", target);
}
