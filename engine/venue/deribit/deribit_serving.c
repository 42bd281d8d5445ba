#include "engine/base/time_text.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (512u * 1024)

static enum err open_ws(const char *target, struct venue_subscriptions *subs)
{
    (void)subs;
    static const char wanted[] = "/ws/api/v2";
    struct venue_path path = venue_path_of(target);
    size_t size = path.size > 1 && path.text[path.size - 1] == '/' ? path.size - 1 : path.size;
    if (size != sizeof wanted - 1 || memcmp(path.text, wanted, size) != 0) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use %s", target, wanted);
    }
    return ERR_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* One request of a client and what answering it needs. */
struct request {
    struct json_span id, params; /* SPAN_NONE when not given */
    bool subscribe;
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    int64_t wall_ns;
    struct buf answer;
};

enum err deribit_append_times(struct buf *out, int64_t wall_ns)
{
    long long now_us = (long long)(wall_ns / NS_PER_US);
    return buf_printf(out, ",\"usIn\":%lld,\"usOut\":%lld,\"usDiff\":0,\"testnet\":false}", now_us,
                      now_us);
}

/* {"jsonrpc":"2.0","id":7 */
static enum err begin(struct request *request)
{
    const char *quote = request->id.kind == SPAN_STRING ? "\"" : "";
    bool echoed = request->id.kind == SPAN_STRING || request->id.kind == SPAN_NUMBER;
    enum err err = buf_append_text(&request->answer, "{\"jsonrpc\":\"2.0\"");
    return err || !echoed ? err
                          : buf_printf(&request->answer, ",\"id\":%s%.*s%s", quote,
                                       (int)request->id.size, request->id.text, quote);
}

static enum err finish(struct request *request, enum err err)
{
    if (!err) {
        err = deribit_append_times(&request->answer, request->wall_ns);
    }
    return err ? err : request->reply(request->answer.data, request->answer.size, request->arg);
}

static enum err give(struct request *request, const char *result)
{
    enum err err = begin(request);
    return finish(request, err ? err : buf_printf(&request->answer, ",\"result\":%s", result));
}

/* `data` is a JSON object or NULL. */
static enum err refuse(struct request *request, int code, const char *message, const char *data)
{
    enum err err = begin(request);
    if (!err) {
        err = buf_printf(&request->answer, ",\"error\":{\"message\":\"%s\"", message);
    }
    if (!err && data) {
        err = buf_printf(&request->answer, ",\"data\":%s", data);
    }
    return finish(request, err ? err : buf_printf(&request->answer, ",\"code\":%d}", code));
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static bool is_known(const char *channel)
{
    static const char *const known[] = {
        "trades.", "book.", "ticker.", "quote", "chart.trades.", "perpetual.", "incremental_ticker",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(channel, known[i], strlen(known[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* "trades.option.BTC.100ms" is all options of a currency. */
static bool is_whole_kind(const char *channel)
{
    size_t dots = 0;
    for (const char *at = channel; *at != '\0'; at++) {
        dots += *at == '.';
    }
    return dots == 3 && strncmp(channel, "trades.", 7) == 0;
}

/* Changes one subscription; false when the venue leaves the word out of its answer. */
static enum err change_word(struct request *request, struct json_span word, bool *out_done)
{
    char text[DERIBIT_WORD_MAX], channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    *out_done =
        json_scan_name(word, text, sizeof text) && deribit_split(text, channel, symbol) &&
        is_known(channel) &&
        (symbol[0] == '\0' ? is_whole_kind(channel) : request->has_symbol(symbol, request->arg));
    if (!*out_done) {
        return ERR_OK;
    }
    if (!request->subscribe) {
        venue_subscriptions_remove(request->subs, channel, symbol);
        return ERR_OK;
    }
    enum err err = venue_subscriptions_add(request->subs, channel, symbol);
    *out_done = err == ERR_OK;
    return err == ERR_LIMIT ? ERR_OK : err;
}

static enum err change(struct request *request)
{
    static const char *const names[] = {"channels"};
    struct json_span list = {0}, key, word;
    struct json_scan scan;
    if (request->params.kind != SPAN_OBJECT || json_scan_pick(request->params, names, 1, &list) ||
        list.kind != SPAN_ARRAY) {
        return refuse(request, -32602, "Invalid params",
                      "{\"reason\":\"value must be a list\",\"param\":\"channels\"}");
    }
    bool first = true, done = false;
    enum err err = begin(request);
    if (!err) {
        err = buf_append_text(&request->answer, ",\"result\":[");
    }
    json_scan_open(&scan, list);
    while (!err && json_scan_next(&scan, &key, &word)) {
        err = change_word(request, word, &done);
        if (!err && done) {
            err = buf_printf(&request->answer, "%s\"%.*s\"", first ? "" : ",", (int)word.size,
                             word.text);
            first = false;
        }
    }
    return finish(request, err ? err : buf_append_byte(&request->answer, ']'));
}

static enum err subscribe(struct request *request)
{
    request->subscribe = true;
    return change(request);
}

static enum err unsubscribe_all(struct request *request)
{
    bool beats = venue_subscriptions_has(request->subs, "heartbeat", "");
    request->subs->count = 0;
    enum err err = beats ? venue_subscriptions_add(request->subs, "heartbeat", "") : ERR_OK;
    return err ? err : give(request, "\"ok\"");
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* Whoever set a heartbeat is sent those of the tape. */
static enum err set_heartbeat(struct request *request)
{
    static const char *const names[] = {"interval"};
    struct json_span interval = {0};
    uint64_t seconds = 0;
    if (request->params.kind != SPAN_OBJECT ||
        json_scan_pick(request->params, names, 1, &interval) ||
        !json_scan_u64(interval, &seconds) || seconds < 10) {
        return refuse(request, -32602, "Invalid params",
                      "{\"reason\":\"must be at least 10\",\"param\":\"interval\"}");
    }
    enum err err = venue_subscriptions_add(request->subs, "heartbeat", "");
    return err ? err : give(request, "\"ok\"");
}

static enum err disable_heartbeat(struct request *request)
{
    venue_subscriptions_remove(request->subs, "heartbeat", "");
    return give(request, "\"ok\"");
}

static enum err test(struct request *request)
{
    return give(request, "{\"version\":\"1.2.26\"}");
}

static enum err get_time(struct request *request)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)(request->wall_ns / NS_PER_MS));
    return give(request, text);
}

static enum err handle(struct request *request, struct json_span document)
{
    static const struct {
        const char *method;
        enum err (*handle)(struct request *request);
    } methods[] = {
        {"public/subscribe", subscribe},
        {"public/unsubscribe", change},
        {"public/unsubscribe_all", unsubscribe_all},
        {"public/set_heartbeat", set_heartbeat},
        {"public/disable_heartbeat", disable_heartbeat},
        {"public/test", test},
        {"public/hello", test},
        {"public/get_time", get_time},
    };
    static const char *const names[] = {"jsonrpc", "id", "method", "params"};
    struct json_span values[4];
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 4, values)) {
        return refuse(request, -32700, "Parse error", NULL);
    }
    request->id = values[1];
    request->params = values[3];
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (json_scan_is(values[2], methods[i].method)) {
            return methods[i].handle(request);
        }
    }
    return refuse(request, -32601, "Method not found", NULL);
}

static enum err request_ws(const uint8_t *data, size_t size, int64_t wall_ns,
                           struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                           venue_reply_fn *reply, void *arg)
{
    struct request request = {
        .subs = subs, .has_symbol = has_symbol, .reply = reply, .arg = arg, .wall_ns = wall_ns};
    buf_init(&request.answer, REPLY_BYTES_MAX);
    enum err err = handle(&request, json_scan_document(data, size));
    buf_release(&request.answer);
    return err;
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* 0 up, 1 no change after up, 2 down, 3 no change after down; of the first it is not known. */
static int tick_direction(const struct trade *trade, const struct trade *before)
{
    int order = before ? decimal_compare(trade->price, before->price) : 0;
    return order > 0 ? 0 : order < 0 ? 2 : 1;
}

/* What a trade does not hold (mark and index price) has its price: clients want the members. */
enum err deribit_append_trade(struct buf *out, const struct trade *trade,
                              const struct trade *before)
{
    char price[DECIMAL_TEXT_MAX], amount[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(amount, trade->quantity);
    enum err err =
        buf_printf(out,
                   "{\"timestamp\":%lld,\"price\":%s,\"direction\":\"%s\",\"index_price\":%s,"
                   "\"instrument_name\":",
                   (long long)(trade->source_ns / NS_PER_MS), price,
                   trade->taker == TAKER_SELL ? "sell" : "buy", price);
    if (!err) {
        err = buf_append_json(out, trade->symbol, strlen(trade->symbol));
    }
    return err ? err
               : buf_printf(out,
                            ",\"trade_seq\":%llu,\"amount\":%s,\"mark_price\":%s,"
                            "\"tick_direction\":%d,\"trade_id\":\"%llu\"}",
                            (unsigned long long)trade->id, amount, price,
                            tick_direction(trade, before), (unsigned long long)trade->id);
}

/* So many in a notification; the caller writes the others into the next. */
enum { FRAME_TRADES_MAX = 1000 };

static enum err write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out)
{
    char word[DERIBIT_WORD_MAX];
    *out_count = 0;
    buf_clear(out);
    if (count == 0 || !deribit_join(writing->channel, trades[0].symbol, word)) {
        return err_fail(ERR_USAGE, "no trades to write, or their channel is too long");
    }
    enum err err = buf_append_text(
        out, "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":");
    if (!err) {
        err = buf_append_json(out, word, strlen(word));
    }
    if (!err) {
        err = buf_append_text(out, ",\"data\":[");
    }
    size_t written = count < FRAME_TRADES_MAX ? count : FRAME_TRADES_MAX;
    for (size_t i = 0; i < written && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        if (!err) {
            err = deribit_append_trade(out, &trades[i], i > 0 ? &trades[i - 1] : NULL);
        }
    }
    *out_count = written;
    return err ? err : buf_append_text(out, "]}}");
}

const struct venue_serving deribit_serving = {
    .open = open_ws,
    .request = request_ws,
    .write_trades = write_trades,
    .answer = deribit_answer,
};
