#include "engine/base/time_text.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_past.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 1000

/* A number below this is in seconds: in nanoseconds it would be 1970. */
#define SECONDS_MAX UINT64_C(1000000000000)

/* One request and what answering it needs. */
struct question {
    const struct venue_past *past;
    struct venue_path path;
    struct buf *out;
};

/* Refusals come with status 200. */
static enum err refuse(const struct question *question, const char *error)
{
    buf_clear(question->out);
    return buf_printf(question->out, "{\"error\":[\"%s\"]}", error);
}

static enum err append_member(struct buf *out, const char *before, const char *text)
{
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, text, strlen(text));
}

/* The instrument that parameter "pair" names; NULL: there is none. */
static const struct instrument *find_pair(const struct question *question)
{
    char pair[SYMBOL_MAX];
    return venue_path_param(question->path, "pair", pair, sizeof pair)
               ? venue_past_find(question->past, pair)
               : NULL;
}

/* ---- the instrument list --------------------------------------------------------------------- */

/* 0.00000100 has six. */
static unsigned decimals_of(struct decimal step)
{
    while (step.scale > 0 && step.mantissa % 10 == 0) {
        step.mantissa /= 10;
        step.scale--;
    }
    return step.scale;
}

/* What is not known is not told. */
static enum err append_steps(const struct instrument *instrument, struct buf *out)
{
    enum err err = ERR_OK;
    if (!decimal_is_zero(instrument->quantity_step)) {
        err = buf_printf(out, ",\"lot_decimals\":%u", decimals_of(instrument->quantity_step));
    }
    if (!err && !decimal_is_zero(instrument->price_tick)) {
        char tick[DECIMAL_TEXT_MAX];
        decimal_format(tick, instrument->price_tick);
        err = buf_printf(out, ",\"pair_decimals\":%u,\"tick_size\":\"%s\"",
                         decimals_of(instrument->price_tick), tick);
    }
    return err;
}

static enum err append_pair(const struct instrument *instrument, struct buf *out)
{
    char wsname[SYMBOL_MAX];
    if (!kraken_pair_own(instrument->symbol, wsname)) {
        memcpy(wsname, instrument->symbol, sizeof wsname);
    }
    enum err err =
        buf_append_json(out, instrument->request_symbol, strlen(instrument->request_symbol));
    if (!err) {
        err = append_member(out, ":{\"altname\":", instrument->request_symbol);
    }
    if (!err) {
        err = append_member(out, ",\"wsname\":", wsname);
    }
    if (!err) {
        err = append_member(out, ",\"aclass_base\":\"currency\",\"base\":", instrument->base);
    }
    if (!err) {
        err = append_member(out, ",\"aclass_quote\":\"currency\",\"quote\":", instrument->quote);
    }
    if (!err) {
        err = append_steps(instrument, out);
    }
    return err ? err
               : buf_printf(out, ",\"lot_multiplier\":1,\"status\":\"%s\"}",
                            instrument->trading ? "online" : "cancel_only");
}

static enum err answer_pairs(const struct question *question)
{
    const struct instrument *only = find_pair(question);
    bool begun = false;
    if (!only && strstr(question->path.query, "pair=")) {
        return refuse(question, "EQuery:Unknown asset pair");
    }
    enum err err = buf_append_text(question->out, "{\"error\":[],\"result\":{");
    for (size_t i = 0; i < question->past->instrument_count && !err; i++) {
        const struct instrument *instrument = &question->past->instruments[i];
        if (only && instrument != only) {
            continue;
        }
        err = begun ? buf_append_byte(question->out, ',') : ERR_OK;
        if (!err) {
            err = append_pair(instrument, question->out);
        }
        begun = true;
    }
    return err ? err : buf_append_text(question->out, "}}");
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* "since" in nanoseconds or seconds; false when it is no time. *out is left alone when it is not
 * there. */
static bool read_since(const struct question *question, int64_t *out)
{
    char text[40];
    uint64_t number = 0;
    if (!venue_path_param(question->path, "since", text, sizeof text)) {
        return true;
    }
    if (venue_path_u64(question->path, "since", &number) && number >= SECONDS_MAX) {
        *out = number < INT64_MAX ? (int64_t)number : INT64_MAX;
        return true;
    }
    return time_parse_seconds(out, text, strlen(text)) == ERR_OK;
}

static enum err append_rows(const struct trade *trades, size_t count, struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = kraken_append_row(&trades[i], "", out);
        }
        if (!err) {
            err = buf_printf(out, ",%" PRIu64 "]", trades[i].has_id ? trades[i].id : 0);
        }
    }
    return err;
}

/* {"error":[],"result":{"XBTUSD":[rows],"last":"..."}}: `last` is where the next page begins. */
static enum err answer_trades(const struct question *question)
{
    const struct instrument *instrument = find_pair(question);
    struct venue_span span = VENUE_SPAN_ALL;
    struct trade *trades = NULL;
    uint64_t max = ROWS_MAX;
    size_t count = 0;
    if (!instrument) {
        return refuse(question, "EQuery:Unknown asset pair");
    }
    if (!read_since(question, &span.from_ns)) {
        return refuse(question, "EGeneral:Invalid arguments:since");
    }
    if (strstr(question->path.query, "count=") &&
        (!venue_path_u64(question->path, "count", &max) || max == 0)) {
        return refuse(question, "EGeneral:Invalid arguments:count");
    }
    span.newest = span.from_ns == INT64_MIN;
    enum err err = venue_past_trades(question->past, instrument->symbol, &span,
                                     max < ROWS_MAX ? (size_t)max : ROWS_MAX, &trades, &count);
    if (!err) {
        err =
            append_member(question->out, "{\"error\":[],\"result\":{", instrument->request_symbol);
    }
    if (!err) {
        err = buf_append_text(question->out, ":[");
    }
    if (!err) {
        err = append_rows(trades, count, question->out);
    }
    int64_t last_ns = count > 0 ? trades[count - 1].source_ns : span.newest ? 0 : span.from_ns;
    free(trades);
    return err ? err : buf_printf(question->out, "],\"last\":\"%" PRId64 "\"}}", last_ns);
}

enum err kraken_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out)
{
    (void)host, (void)wall_ns;
    struct question question = {past, venue_path_of(target), out};
    buf_clear(out);
    *out_status = 200;
    bool get = strcmp(method, "GET") == 0;
    if (get && venue_path_ends(question.path, "/0/public/AssetPairs")) {
        return answer_pairs(&question);
    }
    if (get && venue_path_ends(question.path, "/0/public/Trades")) {
        return answer_trades(&question);
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'; use /0/public/AssetPairs", target);
}
