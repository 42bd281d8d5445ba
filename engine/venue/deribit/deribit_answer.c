#include "engine/base/time_text.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What answering one HTTP request needs. */
struct question {
    struct venue_path path;
    const struct venue_past *past;
    int64_t wall_ns;
    int *out_status;
    struct buf *out;
};

static enum err finish(struct question *question, enum err err)
{
    return err ? err : deribit_append_times(question->out, question->wall_ns);
}

static enum err refuse(struct question *question, const char *param, const char *reason)
{
    *question->out_status = 400;
    return finish(question,
                  buf_printf(question->out,
                             "{\"jsonrpc\":\"2.0\",\"error\":{\"message\":\"Invalid params\","
                             "\"data\":{\"reason\":\"%s\",\"param\":\"%s\"},\"code\":-32602}",
                             reason, param));
}

/* ---- the instrument list --------------------------------------------------------------------- */

static const char *kind_of(const struct instrument *instrument)
{
    switch (instrument->kind) {
    case INSTRUMENT_SPOT:
        return "spot";
    case INSTRUMENT_PERPETUAL:
    case INSTRUMENT_FUTURE:
        return "future";
    case INSTRUMENT_OPTION:
        return "option";
    case INSTRUMENT_OTHER:
        break;
    }
    return "future_combo";
}

/* ,"name":123 */
static enum err append_number(struct buf *out, const char *name, struct decimal number)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, number);
    return decimal_is_zero(number) ? ERR_OK : buf_printf(out, ",\"%s\":%s", name, text);
}

static enum err append_name(struct buf *out, const char *before, const char *text)
{
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, text, strlen(text));
}

/* Perpetuals "end" in the year 3000. */
static enum err append_terms(struct buf *out, const struct instrument *instrument)
{
    bool perpetual = instrument->kind == INSTRUMENT_PERPETUAL;
    bool ends = instrument->expiry_ns > 0;
    enum err err = ERR_OK;
    if (perpetual || ends) {
        err = buf_printf(out, ",\"settlement_period\":\"%s\",\"expiration_timestamp\":%lld",
                         perpetual ? "perpetual" : "month",
                         ends ? (long long)(instrument->expiry_ns / NS_PER_MS) : 32503708800000);
    }
    if (!err && instrument->kind == INSTRUMENT_OPTION) {
        err = append_number(out, "strike", instrument->strike);
        if (!err) {
            err = buf_printf(out, ",\"option_type\":\"%s\"", instrument->call ? "call" : "put");
        }
    }
    return err;
}

static enum err append_instrument(struct buf *out, const struct instrument *instrument)
{
    bool inverse =
        instrument->volume_unit == VOLUME_QUOTE || strcmp(instrument->base, instrument->quote) == 0;
    enum err err = buf_printf(out, "{\"kind\":\"%s\",\"instrument_type\":\"%s\",\"is_active\":%s",
                              kind_of(instrument), inverse ? "reversed" : "linear",
                              instrument->trading ? "true" : "false");
    if (!err) {
        err = append_name(out, ",\"instrument_name\":", instrument->symbol);
    }
    if (!err) {
        err = append_name(out, ",\"base_currency\":", instrument->base);
    }
    if (!err) {
        err = append_name(out, ",\"quote_currency\":", instrument->quote);
    }
    if (!err) {
        err = append_terms(out, instrument);
    }
    if (!err) {
        err = append_number(out, "tick_size", instrument->price_tick);
    }
    if (!err) {
        err = append_number(out, "min_trade_amount", instrument->quantity_step);
    }
    if (!err) {
        err = append_number(out, "contract_size", instrument->contract_size);
    }
    return err ? err : buf_append_byte(out, '}');
}

/* The base of BTC-PERPETUAL and the quote of BTC_USDC-PERPETUAL are its "currency". */
static bool is_asked_for(const struct instrument *instrument, const char *currency,
                         const char *kind)
{
    bool any = strcmp(currency, "any") == 0 || strcmp(currency, instrument->base) == 0 ||
               strcmp(currency, instrument->quote) == 0;
    return any && (kind[0] == '\0' || strcmp(kind, kind_of(instrument)) == 0);
}

static enum err answer_instruments(struct question *question)
{
    char currency[ASSET_MAX], kind[ASSET_MAX] = "";
    if (!venue_path_param(question->path, "currency", currency, sizeof currency)) {
        return refuse(question, "currency", "must be given");
    }
    if (!venue_path_param(question->path, "kind", kind, sizeof kind)) {
        kind[0] = '\0';
    }
    enum err err = buf_append_text(question->out, "{\"jsonrpc\":\"2.0\",\"result\":[");
    bool first = true;
    for (size_t i = 0; i < question->past->instrument_count && !err; i++) {
        const struct instrument *instrument = &question->past->instruments[i];
        if (is_asked_for(instrument, currency, kind)) {
            err = first ? ERR_OK : buf_append_byte(question->out, ',');
            first = false;
            if (!err) {
                err = append_instrument(question->out, instrument);
            }
        }
    }
    return finish(question, err ? err : buf_append_byte(question->out, ']'));
}

/* ---- trades ---------------------------------------------------------------------------------- */

enum { ROWS_DEFAULT = 10 };

struct asking {
    struct venue_span span;
    size_t max;
    bool descending;
};

/* With a beginning trades come from there, without one the newest do. */
static bool read_asking(struct venue_path path, bool by_time, struct asking *asking)
{
    uint64_t first = 0, last = UINT64_MAX, count = ROWS_DEFAULT;
    const uint64_t far_ms = INT64_MAX / NS_PER_MS - 1;
    uint64_t from_ms = 0, to_ms = far_ms;
    char sorting[8] = "";
    bool from = venue_path_u64(path, "start_timestamp", &from_ms);
    bool seq = !by_time && venue_path_u64(path, "start_seq", &first);
    bool to = venue_path_u64(path, "end_timestamp", &to_ms);
    if (!by_time && !venue_path_u64(path, "end_seq", &last)) {
        last = UINT64_MAX;
    }
    if (!venue_path_u64(path, "count", &count)) {
        count = ROWS_DEFAULT;
    }
    bool sorted = venue_path_param(path, "sorting", sorting, sizeof sorting);
    *asking = (struct asking){
        .span = {.first_id = first, .last_id = last, .newest = !from && !seq},
        .max = count < DERIBIT_ROWS_MAX ? (size_t)count : DERIBIT_ROWS_MAX,
        .descending = sorted ? strcmp(sorting, "desc") == 0 : !from && !seq,
    };
    asking->span.from_ns = (int64_t)(from_ms < far_ms ? from_ms : far_ms) * NS_PER_MS;
    asking->span.to_ns = (int64_t)(to_ms < far_ms ? to_ms : far_ms) * NS_PER_MS + NS_PER_MS - 1;
    return count > 0 && count <= DERIBIT_ROWS_MAX && (!by_time || (from && to));
}

static enum err append_trades(struct buf *out, const struct trade *trades, size_t count,
                              bool descending)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && !err; i++) {
        size_t at = descending ? count - 1 - i : i;
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = deribit_append_trade(out, &trades[at], at > 0 ? &trades[at - 1] : NULL);
        }
    }
    return err;
}

/* One more than is wanted tells whether there are more. */
static enum err answer_span(struct question *question, const char *symbol,
                            const struct asking *asking)
{
    const struct venue_past *past = question->past;
    struct trade *trades = calloc(asking->max + 1, sizeof *trades);
    if (!trades) {
        return err_fail(ERR_NOMEM, "out of memory for %zu trades", asking->max);
    }
    size_t count =
        past->trades ? past->trades(symbol, &asking->span, asking->max + 1, trades, past->arg) : 0;
    bool more = count > asking->max;
    size_t skipped = more && asking->span.newest ? 1 : 0;
    enum err err = buf_append_text(question->out, "{\"jsonrpc\":\"2.0\",\"result\":{\"trades\":[");
    if (!err) {
        err = append_trades(question->out, trades + skipped, more ? asking->max : count,
                            asking->descending);
    }
    free(trades);
    return finish(question,
                  err ? err
                      : buf_printf(question->out, "],\"has_more\":%s}", more ? "true" : "false"));
}

static enum err answer_trades(struct question *question, bool by_time)
{
    struct asking asking;
    char symbol[SYMBOL_MAX];
    bool known = false;
    if (!venue_path_param(question->path, "instrument_name", symbol, sizeof symbol)) {
        return refuse(question, "instrument_name", "must be given");
    }
    for (size_t i = 0; i < question->past->instrument_count; i++) {
        known |= strcmp(question->past->instruments[i].symbol, symbol) == 0;
    }
    if (!known) {
        return refuse(question, "instrument_name", "instrument not found");
    }
    if (!read_asking(question->path, by_time, &asking)) {
        return refuse(question, "count", "must be from 1 to 1000, and both times given");
    }
    return answer_span(question, symbol, &asking);
}

static enum err answer_trades_by_time(struct question *question)
{
    return answer_trades(question, true);
}

static enum err answer_trades_by_number(struct question *question)
{
    return answer_trades(question, false);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static enum err answer_test(struct question *question)
{
    return finish(
        question,
        buf_append_text(question->out, "{\"jsonrpc\":\"2.0\",\"result\":{\"version\":\"1.2.26\"}"));
}

static enum err answer_time(struct question *question)
{
    return finish(question, buf_printf(question->out, "{\"jsonrpc\":\"2.0\",\"result\":%lld",
                                       (long long)(question->wall_ns / NS_PER_MS)));
}

enum err deribit_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                        const struct venue_past *past, int *out_status, struct buf *out)
{
    static const struct {
        const char *path;
        enum err (*answer)(struct question *question);
    } paths[] = {
        {"/api/v2/public/get_instruments", answer_instruments},
        {"/api/v2/public/get_last_trades_by_instrument", answer_trades_by_number},
        {"/api/v2/public/get_last_trades_by_instrument_and_time", answer_trades_by_time},
        {"/api/v2/public/test", answer_test},
        {"/api/v2/public/get_time", answer_time},
    };
    struct question question = {venue_path_of(target), past, wall_ns, out_status, out};
    (void)host;
    buf_clear(out);
    *out_status = 200;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(method, "GET") == 0 && question.path.size == strlen(paths[i].path) &&
            memcmp(question.path.text, paths[i].path, question.path.size) == 0) {
            return paths[i].answer(&question);
        }
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'", target);
}
