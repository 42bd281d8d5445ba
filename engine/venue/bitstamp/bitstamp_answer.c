#include "engine/base/time_text.h"
#include "engine/venue/bitstamp/bitstamp.h"
#include "engine/venue/venue_past.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000

/* ---- instruments -----------------------------------------------------------------------------
 */

static const char *type_of(enum instrument_kind kind)
{
    return kind == INSTRUMENT_SPOT ? "SPOT" : kind == INSTRUMENT_PERPETUAL ? "PERPETUAL" : "OTHER";
}

static enum err member(struct buf *out, const char *before, const char *value)
{
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, value, strlen(value));
}

/* Steps are told as numbers of decimals, and only where they are powers of ten. */
static enum err decimals(struct buf *out, const char *name, struct decimal step)
{
    bool told = step.mantissa == 1;
    return told ? buf_printf(out, ",\"%s\":%d", name, step.scale) : ERR_OK;
}

/* What is not known to be two currencies has the pair's own spelling for a name. */
static enum err append_instrument(struct buf *out, const struct instrument *item)
{
    char name[2 * ASSET_MAX + SYMBOL_MAX];
    const char *const pair[] = {item->base, "/", item->quote, NULL};
    const char *const whole[] = {item->symbol, NULL};
    bool divided = item->base[0] != '\0' && item->quote[0] != '\0';
    enum err err = venue_name_join(name, sizeof name, divided ? pair : whole);
    err = err ? err : member(out, "{\"name\":", name);
    err = err ? err : member(out, ",\"market_symbol\":", item->symbol);
    err = err || !divided ? err : member(out, ",\"base_currency\":", item->base);
    err = err || !divided ? err : member(out, ",\"counter_currency\":", item->quote);
    err = err ? err : decimals(out, "base_decimals", item->quantity_step);
    err = err ? err : decimals(out, "counter_decimals", item->price_tick);
    return err ? err
               : buf_printf(out, ",\"trading\":\"%s\",\"market_type\":\"%s\"}",
                            item->trading ? "Enabled" : "Disabled", type_of(item->kind));
}

static enum err answer_list(const struct venue_past *past, struct buf *out)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = 0; i < past->instrument_count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_instrument(out, &past->instruments[i]);
    }
    return err ? err : buf_append_byte(out, ']');
}

/* ---- trades ----------------------------------------------------------------------------------
 */

static enum err append_row(struct buf *out, const struct trade *trade)
{
    char price[DECIMAL_TEXT_MAX], amount[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(amount, trade->quantity);
    return buf_printf(
        out,
        "{\"date\":\"%" PRId64 "\",\"tid\":\"%" PRIu64 "\",\"amount\":\"%s\",\"type\":"
        "\"%d\",\"price\":\"%s\"}",
        trade->source_ns / NS_PER_S, trade->id, amount, trade->taker == TAKER_SELL, price);
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

/* An hour unless the request says otherwise. */
static const struct bitstamp_span *span_of(struct venue_path path)
{
    char name[8] = "";
    if (!venue_path_param(path, "time", name, sizeof name)) {
        return &bitstamp_spans[1];
    }
    const struct bitstamp_span *span = bitstamp_spans;
    while (span->name && strcmp(span->name, name) != 0) {
        span++;
    }
    return span->name ? span : NULL;
}

static enum err refuse(int status, const char *reason, int *out_status, struct buf *out)
{
    *out_status = status;
    return buf_printf(out, "{\"status\":\"error\",\"reason\":\"%s\"}", reason);
}

static enum err answer_trades(struct venue_path path, const char *symbol, int64_t wall_ns,
                              const struct venue_past *past, int *out_status, struct buf *out)
{
    const struct instrument *instrument = venue_past_find(past, symbol);
    const struct bitstamp_span *length = span_of(path);
    if (!instrument) {
        return refuse(404, "Currency pair not found.", out_status, out);
    }
    if (!length) {
        return refuse(400, "Invalid time.", out_status, out);
    }
    struct venue_span span = VENUE_SPAN_ALL;
    span.newest = true;
    span.from_ns = wall_ns - length->length_ns;
    struct trade *trades = NULL;
    size_t count = 0;
    enum err err = venue_past_trades(past, instrument->symbol, &span, ROWS_MAX, &trades, &count);
    err = err ? err : append_rows(out, trades, count);
    free(trades);
    return err;
}

enum err bitstamp_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                         const struct venue_past *past, int *out_status, struct buf *out)
{
    struct venue_path path = venue_path_of(target);
    char symbol[SYMBOL_MAX];
    (void)host;
    *out_status = 200;
    buf_clear(out);
    if (strcmp(method, "GET") == 0 && venue_path_ends(path, BITSTAMP_LIST)) {
        return answer_list(past, out);
    }
    if (strcmp(method, "GET") == 0 && bitstamp_transactions_of(target, symbol)) {
        return answer_trades(path, symbol, wall_ns, past, out_status, out);
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'; use " BITSTAMP_LIST, target);
}
