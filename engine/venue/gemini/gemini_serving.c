#include "engine/venue/gemini/gemini.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (256u * 1024)
#define ID_SIZE_MAX     64

/* One request of a client and what answering it needs. */
struct request {
    struct json_span id;
    bool leave;
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    struct buf answer;
};

/* The old API sends heartbeats unasked. */
static enum err open_path(const char *target, struct venue_subscriptions *subs)
{
    static const char old[] = "/v2/marketdata";
    struct venue_path path = venue_path_of(target);
    size_t size = path.size > 1 && path.text[path.size - 1] == '/' ? path.size - 1 : path.size;
    if (size == sizeof old - 1 && memcmp(path.text, old, size) == 0) {
        return venue_subscriptions_add(subs, "heartbeat", "");
    }
    return size <= 1 ? ERR_OK
                     : err_fail(ERR_UNKNOWN, "no such path '%s'; use / or %s", target, old);
}

static enum err send(struct request *request, enum err err)
{
    return err ? err : request->reply(request->answer.data, request->answer.size, request->arg);
}

/* ---- the new API -----------------------------------------------------------------------------
 */

/* Ids that are numbers come back as numbers, however they were written. */
static enum err begin(struct request *request, int status)
{
    uint64_t number = 0;
    struct json_span id = request->id;
    bool text = id.kind == SPAN_STRING && !json_scan_u64(id, &number);
    const char *quote = text ? "\"" : "";
    bool given = id.kind == SPAN_STRING || id.kind == SPAN_NUMBER;
    return buf_printf(&request->answer, "{\"id\":%s%.*s%s,\"status\":%d", quote,
                      given ? (int)id.size : 4, given ? id.text : "null", quote, status);
}

static enum err confirm(struct request *request, const char *result)
{
    enum err err = begin(request, 200);
    err = err ? err : buf_printf(&request->answer, "%s}", result);
    return send(request, err);
}

static enum err refuse(struct request *request, int code, const char *message)
{
    enum err err = begin(request, 400);
    err = err ? err : buf_printf(&request->answer, ",\"error\":{\"code\":%d,\"msg\":", code);
    err = err ? err : buf_append_json(&request->answer, message, strlen(message));
    err = err ? err : buf_append_text(&request->answer, "}}");
    return send(request, err);
}

/* "btcusd@depth@100ms" -> "depth", "btcusd": frames do not tell their speed. */
static bool split_stream(struct request *request, struct json_span stream,
                         char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX])
{
    static const char *const known[] = {"trade", "bookTicker", "depth", "depth@100ms"};
    char text[GEMINI_STREAM_MAX];
    if (!json_scan_name(stream, text, sizeof text)) {
        return false;
    }
    char *mark = strchr(text, '@');
    if (!mark || mark == text || mark - text >= SYMBOL_MAX) {
        return false;
    }
    *mark = '\0';
    venue_text_lower(text);
    memcpy(symbol, text, strlen(text) + 1);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(mark + 1, known[i]) == 0) {
            size_t size = strcspn(known[i], "@");
            memcpy(channel, known[i], size);
            channel[size] = '\0';
            return request->has_symbol(symbol, request->arg);
        }
    }
    return false;
}

static enum err refuse_stream(struct request *request, struct json_span stream)
{
    char text[GEMINI_STREAM_MAX] = "", message[GEMINI_STREAM_MAX + 32];
    json_scan_excerpt(stream, text, sizeof text);
    snprintf(message, sizeof message, "Invalid stream name: %s", text);
    return refuse(request, -1013, message);
}

/* One bad name, and nothing of the request is done. */
static enum err change_streams(struct request *request, struct json_span params)
{
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    struct json_scan scan;
    struct json_span key, value;
    if (params.kind != SPAN_ARRAY) {
        return refuse(request, -1013, "Invalid parameters");
    }
    json_scan_open(&scan, params);
    while (json_scan_next(&scan, &key, &value)) {
        if (!split_stream(request, value, channel, symbol)) {
            return refuse_stream(request, value);
        }
    }
    json_scan_open(&scan, params);
    while (json_scan_next(&scan, &key, &value)) {
        enum err err = ERR_OK;
        (void)split_stream(request, value, channel, symbol);
        if (request->leave) {
            venue_subscriptions_remove(request->subs, channel, symbol);
        } else {
            err = venue_subscriptions_add(request->subs, channel, symbol);
        }
        if (err) {
            return err == ERR_LIMIT ? refuse(request, -1013, "Too many streams") : err;
        }
    }
    return confirm(request, "");
}

static enum err list_streams(struct request *request)
{
    struct buf *answer = &request->answer;
    enum err err = begin(request, 200);
    err = err ? err : buf_append_text(answer, ",\"result\":[");
    for (size_t i = 0; i < request->subs->count && !err; i++) {
        char stream[GEMINI_STREAM_MAX];
        const struct venue_subscription *item = &request->subs->items[i];
        snprintf(stream, sizeof stream, "%s@%s", item->symbol, item->channel);
        err = i > 0 ? buf_append_byte(answer, ',') : ERR_OK;
        err = err ? err : buf_append_json(answer, stream, strlen(stream));
    }
    err = err ? err : buf_append_text(answer, "]}");
    return send(request, err);
}

/* Methods are heard in either case. */
static enum err handle_method(struct request *request, struct json_span name,
                              struct json_span params)
{
    char method[32] = "";
    json_scan_excerpt(name, method, sizeof method);
    venue_text_lower(method);
    request->leave = strcmp(method, "unsubscribe") == 0;
    if (request->leave || strcmp(method, "subscribe") == 0) {
        return change_streams(request, params);
    }
    if (strcmp(method, "list_subscriptions") == 0) {
        return list_streams(request);
    }
    return strcmp(method, "ping") == 0 ? confirm(request, ",\"result\":{}")
                                       : refuse(request, -1020, "Unsupported operation");
}

/* ---- the old API -----------------------------------------------------------------------------
 */

static enum err refuse_old(struct request *request, const char *reason)
{
    return send(request,
                buf_printf(&request->answer, "{\"result\":\"error\",\"reason\":\"%s\"}", reason));
}

/* Nothing confirms: data are the answer. Symbols are upper case there and nothing else. */
static enum err change_old(struct request *request, struct json_span subscription, size_t *changed)
{
    static const char *const names[] = {"name", "symbols"};
    struct json_span values[2] = {0}, key, value;
    struct json_scan scan;
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX], lower[SYMBOL_MAX];
    enum err err = ERR_OK;
    if (subscription.kind != SPAN_OBJECT || json_scan_pick(subscription, names, 2, values) ||
        !json_scan_name(values[0], channel, sizeof channel) || values[1].kind != SPAN_ARRAY) {
        return ERR_OK;
    }
    json_scan_open(&scan, values[1]);
    while (!err && json_scan_next(&scan, &key, &value)) {
        if (!json_scan_name(value, symbol, sizeof symbol)) {
            continue;
        }
        memcpy(lower, symbol, sizeof lower);
        venue_text_upper(symbol);
        venue_text_lower(lower);
        if (!json_scan_is(value, symbol) || !request->has_symbol(lower, request->arg)) {
            continue;
        }
        ++*changed;
        if (request->leave) {
            venue_subscriptions_remove(request->subs, channel, lower);
        } else {
            err = venue_subscriptions_add(request->subs, channel, lower);
        }
    }
    return err;
}

static enum err handle_old(struct request *request, struct json_span type, struct json_span list)
{
    struct json_scan scan;
    struct json_span key, value;
    size_t changed = 0;
    enum err err = ERR_OK;
    request->leave = json_scan_is(type, "unsubscribe");
    if ((!request->leave && !json_scan_is(type, "subscribe")) || list.kind != SPAN_ARRAY) {
        return refuse_old(request, "InvalidJson");
    }
    json_scan_open(&scan, list);
    while (!err && json_scan_next(&scan, &key, &value)) {
        err = change_old(request, value, &changed);
    }
    if (err == ERR_LIMIT) {
        return refuse_old(request, "TooManySubscriptions");
    }
    return err || changed > 0 ? err : refuse_old(request, "NoValidTradingPairs");
}

/* ---- both ------------------------------------------------------------------------------------
 */

static enum err handle(struct request *request, struct json_span document)
{
    static const char *const names[] = {"id", "method", "params", "type", "subscriptions"};
    struct json_span values[5] = {0};
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 5, values)) {
        return refuse(request, -1013, "Invalid JSON");
    }
    if (values[3].kind != SPAN_NONE) {
        return handle_old(request, values[3], values[4]);
    }
    if (values[0].size <= ID_SIZE_MAX) {
        request->id = values[0];
    }
    return handle_method(request, values[1], values[2]);
}

static enum err request(const uint8_t *data, size_t size, int64_t wall_ns,
                        struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                        venue_reply_fn *reply, void *arg)
{
    struct request request = {.subs = subs, .has_symbol = has_symbol, .reply = reply, .arg = arg};
    (void)wall_ns;
    buf_init(&request.answer, REPLY_BYTES_MAX);
    enum err err = handle(&request, json_scan_document(data, size));
    buf_release(&request.answer);
    return err;
}

const struct venue_serving gemini_serving = {
    .open = open_path,
    .request = request,
    .write_trades = gemini_write_trades,
    .answer = gemini_answer,
};
