#include "engine/base/time_text.h"
#include "engine/venue/okx/okx.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (64u * 1024)
#define ID_SIZE_MAX     32 /* of the client's own ids: letters and digits */
#define ARG_SIZE_MAX    1024

/* One request of a client and what answering it needs. */
struct request {
    struct json_span id; /* SPAN_NONE when none was given */
    bool leave;
    int64_t wall_ns;
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    struct buf answer;
};

static enum err open_path(const char *target, struct venue_subscriptions *subs)
{
    struct venue_path path = venue_path_of(target);
    (void)subs;
    if (!venue_path_ends(path, "/ws/v5/public") && !venue_path_ends(path, "/ws/v5/business")) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /ws/v5/public or /ws/v5/business",
                        target);
    }
    return ERR_OK;
}

/* "connId":"a4d3ae55","id":"7"} and off it goes. */
static enum err finish(struct request *request, enum err err)
{
    struct buf *answer = &request->answer;
    if (!err) {
        err = buf_printf(answer, ",\"connId\":\"%08x\"", (unsigned)(request->wall_ns / NS_PER_MS));
    }
    if (!err && request->id.kind == SPAN_STRING) {
        err = buf_printf(answer, ",\"id\":\"%.*s\"", (int)request->id.size, request->id.text);
    }
    err = err ? err : buf_append_byte(answer, '}');
    err = err ? err : request->reply(answer->data, answer->size, request->arg);
    buf_clear(answer);
    return err;
}

static enum err refuse(struct request *request, const char *code, const char *text)
{
    enum err err = buf_append_text(&request->answer, "{\"event\":\"error\",\"msg\":");
    err = err ? err : buf_append_json(&request->answer, text, strlen(text));
    err = err ? err : buf_printf(&request->answer, ",\"code\":\"%s\"", code);
    return finish(request, err);
}

/* {"event":"subscribe","arg":{...}} with the argument as the client wrote it. */
static enum err confirm(struct request *request, struct json_span arg)
{
    enum err err =
        buf_printf(&request->answer,
                   "{\"event\":\"%s\",\"arg\":", request->leave ? "unsubscribe" : "subscribe");
    err = err ? err : buf_append(&request->answer, arg.text, arg.size);
    return finish(request, err);
}

static bool is_channel(const char *channel)
{
    static const char *const known[] = {
        "trades",        "trades-all", "tickers",     "bbo-tbt", "option-trades", "funding-rate",
        "open-interest", "mark-price", "price-limit", "status",  "instruments",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(channel, known[i]) == 0) {
            return true;
        }
    }
    return strstr(channel, "candle") || strncmp(channel, "books", 5) == 0;
}

/* An instrument that is not named means all of the channel. */
static enum err change_arg(struct request *request, struct json_span arg)
{
    static const char *const names[] = {"channel", "instId"};
    struct json_span values[2] = {0};
    char channel[CHANNEL_MAX] = "", symbol[SYMBOL_MAX] = "", text[256];
    if (arg.kind != SPAN_OBJECT || arg.size > ARG_SIZE_MAX ||
        json_scan_pick(arg, names, 2, values) ||
        !json_scan_name(values[0], channel, sizeof channel)) {
        return refuse(request, "60013", "Invalid args");
    }
    bool named = values[1].kind != SPAN_NONE;
    json_scan_excerpt(values[1], symbol, sizeof symbol);
    if (!is_channel(channel) || (named && !request->has_symbol(symbol, request->arg))) {
        snprintf(text, sizeof text,
                 "Wrong URL or channel:%s,instId:%s doesn't exist. Please use the correct URL, "
                 "channel and parameters referring to API document.",
                 channel, symbol);
        return refuse(request, "60018", text);
    }
    if (request->leave) {
        venue_subscriptions_remove(request->subs, channel, symbol);
        return confirm(request, arg);
    }
    enum err err = venue_subscriptions_add(request->subs, channel, symbol);
    if (err == ERR_LIMIT) {
        return refuse(request, "60014", "Requests too frequent");
    }
    return err ? err : confirm(request, arg);
}

static enum err change_all(struct request *request, struct json_span args)
{
    struct json_scan scan;
    struct json_span key, value;
    enum err err = ERR_OK;
    if (args.kind != SPAN_ARRAY) {
        return refuse(request, "60013", "Invalid args");
    }
    json_scan_open(&scan, args);
    while (!err && json_scan_next(&scan, &key, &value)) {
        err = change_arg(request, value);
    }
    return err;
}

static enum err handle(struct request *request, struct json_span document)
{
    static const char *const names[] = {"id", "op", "args"};
    struct json_span values[3] = {0};
    char text[96];
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 3, values)) {
        return refuse(request, "60012", "Invalid request");
    }
    if (values[0].kind == SPAN_STRING && values[0].size <= ID_SIZE_MAX) {
        request->id = values[0];
    }
    request->leave = json_scan_is(values[1], "unsubscribe");
    if (request->leave || json_scan_is(values[1], "subscribe")) {
        return change_all(request, values[2]);
    }
    char op[32] = "";
    json_scan_excerpt(values[1], op, sizeof op);
    snprintf(text, sizeof text, "Invalid op: %s", op);
    return refuse(request, "60019", text);
}

static enum err request(const uint8_t *data, size_t size, int64_t wall_ns,
                        struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                        venue_reply_fn *reply, void *arg)
{
    struct request request = {
        .subs = subs, .has_symbol = has_symbol, .reply = reply, .arg = arg, .wall_ns = wall_ns};
    if (size == 4 && memcmp(data, "ping", 4) == 0) {
        return reply("pong", 4, arg);
    }
    buf_init(&request.answer, REPLY_BYTES_MAX);
    enum err err = handle(&request, json_scan_document(data, size));
    buf_release(&request.answer);
    return err;
}

/* ---- trades -----------------------------------------------------------------------------------
 */

enum err okx_append_trade(struct buf *out, const struct trade *trade, bool fills)
{
    enum err err = buf_append_text(out, "{\"instId\":");
    err = err ? err : buf_append_json(out, trade->symbol, strlen(trade->symbol));
    err = err ? err
              : buf_printf(out, ",\"tradeId\":\"%llu\",\"px\":\"", (unsigned long long)trade->id);
    err = err ? err : venue_text_append_decimal(out, trade->price);
    err = err ? err : buf_append_text(out, "\",\"sz\":\"");
    err = err ? err : venue_text_append_decimal(out, trade->quantity);
    err = err ? err
              : buf_printf(out, "\",\"side\":\"%s\",\"ts\":\"%lld\"",
                           trade->taker == TAKER_SELL ? "sell" : "buy",
                           (long long)(trade->source_ns / NS_PER_MS));
    if (!err && fills) {
        err = buf_printf(out, ",\"count\":\"%llu\"", (unsigned long long)trade->folded + 1);
    }
    return err ? err : buf_append_text(out, ",\"source\":\"0\"}");
}

/* One row a frame; the first push after a subscription looks like any other. */
enum err okx_write_trades(const struct venue_writing *writing, const struct trade *trades,
                          size_t count, size_t *out_count, struct buf *out)
{
    bool fills = strcmp(writing->channel, "trades") == 0;
    buf_clear(out);
    *out_count = 0;
    if (count == 0) {
        return ERR_OK;
    }
    const char *symbol = trades[0].symbol;
    enum err err = buf_printf(out, "{\"arg\":{\"channel\":\"%s\",\"instId\":", writing->channel);
    err = err ? err : buf_append_json(out, symbol, strlen(symbol));
    err = err ? err : buf_append_text(out, "},\"data\":[");
    err = err ? err : okx_append_trade(out, &trades[0], fills);
    err = err ? err : buf_append_text(out, "]}");
    *out_count = err ? 0 : 1;
    return err;
}

const struct venue_serving okx_serving = {
    .open = open_path,
    .request = request,
    .write_trades = okx_write_trades,
    .answer = okx_answer,
};
