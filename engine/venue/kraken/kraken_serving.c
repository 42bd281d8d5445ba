#include "engine/venue/json_scan.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (256u * 1024)
#define ERROR_MAX       192

/* One request of a client and what answering it needs. */
struct request {
    struct json_span id; /* req_id or reqid; SPAN_NONE when none was given */
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    int64_t wall_ns;
    struct buf answer;
};

static enum err open_at(const char *path, const char *target, struct venue_subscriptions *subs)
{
    struct venue_path given = venue_path_of(target);
    size_t size = given.size;
    while (size > 1 && given.text[size - 1] == '/') {
        size--;
    }
    bool empty = size <= 1 && path[1] == '\0';
    if (!empty && (size != strlen(path) || memcmp(given.text, path, size) != 0)) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use %s", target, path);
    }
    return venue_subscriptions_add(subs, "status", "");
}

/* Any subscription brings the heartbeats with it; they cannot be subscribed to. */
static enum err add(struct request *request, const char *channel, const char *symbol)
{
    enum err err = venue_subscriptions_add(request->subs, "heartbeat", "");
    return err ? err : venue_subscriptions_add(request->subs, channel, symbol);
}

static enum err send(struct request *request, enum err err)
{
    if (!err) {
        err = request->reply(request->answer.data, request->answer.size, request->arg);
    }
    buf_clear(&request->answer);
    return err;
}

/* ,"req_id":7 */
static enum err append_id(struct request *request, const char *name)
{
    return request->id.kind == SPAN_NUMBER ? buf_printf(&request->answer, ",\"%s\":%.*s", name,
                                                        (int)request->id.size, request->id.text)
                                           : ERR_OK;
}

static enum err append_member(struct request *request, const char *before, const char *text)
{
    enum err err = buf_append_text(&request->answer, before);
    return err ? err : buf_append_json(&request->answer, text, strlen(text));
}

/* Calls `each` for the text of every string in a list, or of a single string. */
typedef enum err each_symbol_fn(struct request *request, const char *symbol, void *arg);

static enum err each_symbol(struct request *request, struct json_span list, each_symbol_fn *each,
                            void *arg)
{
    struct json_scan scan;
    struct json_span key, value;
    char symbol[SYMBOL_MAX];
    enum err err = ERR_OK;
    json_scan_open(&scan, list);
    while (!err && json_scan_next(&scan, &key, &value)) {
        json_scan_excerpt(value, symbol, sizeof symbol);
        err = each(request, symbol, arg);
    }
    return err;
}

/* ---- v2 -------------------------------------------------------------------------------------- */

static enum err open_v2(const char *target, struct venue_subscriptions *subs)
{
    return open_at("/v2", target, subs);
}

/* A connection's number needs all of 64 bits; so do ours. */
static uint64_t connection_number(int64_t wall_ns)
{
    return (uint64_t)wall_ns | UINT64_C(1) << 63;
}

static enum err greet_v2(int64_t wall_ns, venue_reply_fn *reply, void *arg)
{
    char text[192];
    int size = snprintf(text, sizeof text,
                        "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":"
                        "\"2.0.10\",\"system\":\"online\",\"api_version\":\"v2\",\"connection_id\":"
                        "%llu}]}",
                        (unsigned long long)connection_number(wall_ns));
    return reply(text, (size_t)size, arg);
}

/* ,"time_in":"...","time_out":"..."} */
static enum err append_times(struct request *request)
{
    static const char *const before[] = {",\"time_in\":\"", "\",\"time_out\":\""};
    enum err err = ERR_OK;
    for (size_t i = 0; i < 2 && !err; i++) {
        err = buf_append_text(&request->answer, before[i]);
        if (!err) {
            err = venue_text_append_us(&request->answer, request->wall_ns);
        }
    }
    return err ? err : buf_append_text(&request->answer, "\"}");
}

/* {"error":"...","method":"subscribe","req_id":7,"success":false,"symbol":"XBT/USD",times} */
static enum err refuse_v2(struct request *request, const char *method, const char *error,
                          const char *symbol)
{
    enum err err = append_member(request, "{\"error\":", error);
    if (!err && method) {
        err = append_member(request, ",\"method\":", method);
    }
    if (!err) {
        err = append_id(request, "req_id");
    }
    if (!err) {
        err = buf_append_text(&request->answer, ",\"success\":false");
    }
    if (!err && symbol) {
        err = append_member(request, ",\"symbol\":", symbol);
    }
    return send(request, err ? err : append_times(request));
}

struct change {
    bool subscribe;
    const char *method, *channel;
    bool has_snapshot, snapshot;
};

/* {"method":"subscribe","req_id":7,"result":{"channel":"trade","snapshot":true,"symbol":"BTC/USD"},
 * "success":true,times} */
static enum err confirm_v2(struct request *request, const struct change *change, const char *symbol)
{
    enum err err = append_member(request, "{\"method\":", change->method);
    if (!err) {
        err = append_id(request, "req_id");
    }
    if (!err) {
        err = append_member(request, ",\"result\":{\"channel\":", change->channel);
    }
    if (!err && change->has_snapshot) {
        err = buf_printf(&request->answer, ",\"snapshot\":%s", change->snapshot ? "true" : "false");
    }
    if (!err && symbol) {
        err = append_member(request, ",\"symbol\":", symbol);
    }
    if (!err) {
        err = buf_append_text(&request->answer, "},\"success\":true");
    }
    return send(request, err ? err : append_times(request));
}

static enum err change_symbol_v2(struct request *request, const char *symbol, void *arg)
{
    const struct change *change = arg;
    if (!request->has_symbol(symbol, request->arg)) {
        char error[ERROR_MAX];
        snprintf(error, sizeof error, "Currency pair not supported %s", symbol);
        return refuse_v2(request, change->method, error, symbol);
    }
    if (!change->subscribe) {
        venue_subscriptions_remove(request->subs, change->channel, symbol);
        return confirm_v2(request, change, symbol);
    }
    enum err err = add(request, change->channel, symbol);
    if (err == ERR_LIMIT) {
        return refuse_v2(request, change->method, "Too many subscriptions", symbol);
    }
    return err ? err : confirm_v2(request, change, symbol);
}

static enum err change_v2(struct request *request, const char *method, struct json_span params)
{
    static const char *const known[] = {"trade", "ticker", "book", "ohlc", NULL};
    static const char *const names[] = {"channel", "symbol", "snapshot"};
    struct json_span values[3] = {0};
    struct change change = {.subscribe = strcmp(method, "subscribe") == 0, .method = method};
    if (params.kind != SPAN_OBJECT || json_scan_pick(params, names, 3, values) ||
        values[0].kind != SPAN_STRING) {
        return refuse_v2(request, method, "Channel field must be provided", NULL);
    }
    if (json_scan_is(values[0], "instrument")) {
        change.channel = "instrument";
        if (!change.subscribe) {
            venue_subscriptions_remove(request->subs, change.channel, "");
            return confirm_v2(request, &change, NULL);
        }
        enum err err = add(request, change.channel, "");
        return err ? err : confirm_v2(request, &change, NULL);
    }
    for (size_t i = 0; known[i]; i++) {
        change.channel = json_scan_is(values[0], known[i]) ? known[i] : change.channel;
    }
    if (!change.channel) {
        return refuse_v2(request, method, "Channel not supported", NULL);
    }
    if (values[1].kind != SPAN_ARRAY) {
        return refuse_v2(request, method, "Symbol(s) field must be an array of strings", NULL);
    }
    change.has_snapshot = change.subscribe;
    /* Of trades a snapshot is sent when asked for, of all else unless it is not wanted. */
    change.snapshot = values[2].kind == SPAN_TRUE ||
                      (values[2].kind != SPAN_FALSE && strcmp(change.channel, "trade") != 0);
    return each_symbol(request, values[1], change_symbol_v2, &change);
}

static enum err pong_v2(struct request *request)
{
    enum err err = buf_append_text(&request->answer, "{\"method\":\"pong\"");
    if (!err) {
        err = append_id(request, "req_id");
    }
    return send(request, err ? err : append_times(request));
}

static enum err handle_v2(struct request *request, struct json_span document)
{
    static const char *const names[] = {"method", "params", "req_id"};
    struct json_span values[3];
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 3, values)) {
        return refuse_v2(request, NULL, "Malformed request", NULL);
    }
    request->id = values[2];
    if (json_scan_is(values[0], "ping")) {
        return pong_v2(request);
    }
    if (json_scan_is(values[0], "subscribe") || json_scan_is(values[0], "unsubscribe")) {
        return change_v2(
            request, json_scan_is(values[0], "subscribe") ? "subscribe" : "unsubscribe", values[1]);
    }
    return refuse_v2(request, NULL, "Method not supported", NULL);
}

static enum err request_v2(const uint8_t *data, size_t size, int64_t wall_ns,
                           struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                           venue_reply_fn *reply, void *arg)
{
    struct request request = {
        .subs = subs, .has_symbol = has_symbol, .reply = reply, .arg = arg, .wall_ns = wall_ns};
    buf_init(&request.answer, REPLY_BYTES_MAX);
    enum err err = handle_v2(&request, json_scan_document(data, size));
    buf_release(&request.answer);
    return err;
}

const struct venue_serving kraken_serving = {
    .open = open_v2,
    .greet = greet_v2,
    .request = request_v2,
    .write_trades = kraken_write_trades,
    .answer = kraken_answer,
};

/* ---- v1 -------------------------------------------------------------------------------------- */

static enum err open_v1(const char *target, struct venue_subscriptions *subs)
{
    return open_at("/", target, subs);
}

static enum err greet_v1(int64_t wall_ns, venue_reply_fn *reply, void *arg)
{
    char text[128];
    int size = snprintf(text, sizeof text,
                        "{\"connectionID\":%llu,\"event\":\"systemStatus\",\"status\":\"online\","
                        "\"version\":\"1.8.3\"}",
                        (unsigned long long)connection_number(wall_ns));
    return reply(text, (size_t)size, arg);
}

struct change_v1 {
    bool subscribe;
    const char *error;             /* NULL: fine */
    char channel[CHANNEL_MAX];     /* "book-10" */
    struct json_span subscription; /* echoed */
};

/* Channels with a parameter carry it in their name. */
static bool name_channel(struct change_v1 *change)
{
    static const char *const names[] = {"name", "depth", "interval"};
    static const char *const known[] = {"trade", "ticker", "spread", "book", "ohlc"};
    struct json_span values[3];
    char name[CHANNEL_MAX] = "";
    if (change->subscription.kind != SPAN_OBJECT ||
        json_scan_pick(change->subscription, names, 3, values)) {
        return false;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (json_scan_is(values[0], known[i])) {
            memcpy(name, known[i], strlen(known[i]) + 1);
        }
    }
    bool book = strcmp(name, "book") == 0, ohlc = strcmp(name, "ohlc") == 0;
    uint64_t number = book ? 10 : 1;
    struct json_span parameter = values[book ? 1 : 2];
    if (parameter.kind != SPAN_NONE && (!json_scan_u64(parameter, &number) || number > 1000000)) {
        return false;
    }
    if (book || ohlc) {
        snprintf(change->channel, sizeof change->channel, "%s-%u", book ? "book" : "ohlc",
                 (unsigned)number);
    } else {
        memcpy(change->channel, name, sizeof change->channel);
    }
    return name[0] != '\0';
}

/* channelID is not told: frames of the tape carry their own, and clients route by the last element.
 */
static enum err answer_v1(struct request *request, const struct change_v1 *change,
                          const char *symbol, const char *error)
{
    enum err err = ERR_OK;
    if (error) {
        err = append_member(request, "{\"errorMessage\":", error);
    } else {
        err = append_member(request, "{\"channelName\":", change->channel);
    }
    if (!err) {
        err = append_member(request, ",\"event\":\"subscriptionStatus\",\"pair\":", symbol);
    }
    if (!err) {
        err = append_id(request, "reqid");
    }
    const char *status = error ? "error" : change->subscribe ? "subscribed" : "unsubscribed";
    if (!err) {
        err = buf_printf(&request->answer, ",\"status\":\"%s\"", status);
    }
    if (!err && change->subscription.kind == SPAN_OBJECT) {
        err = buf_printf(&request->answer, ",\"subscription\":%.*s", (int)change->subscription.size,
                         change->subscription.text);
    }
    return send(request, err ? err : buf_append_byte(&request->answer, '}'));
}

static enum err change_symbol_v1(struct request *request, const char *symbol, void *arg)
{
    const struct change_v1 *change = arg;
    char error[ERROR_MAX];
    if (change->error || !request->has_symbol(symbol, request->arg)) {
        snprintf(error, sizeof error, "%s%s",
                 change->error ? change->error : "Currency pair not supported ",
                 change->error ? "" : symbol);
        return answer_v1(request, change, symbol, error);
    }
    if (!change->subscribe) {
        venue_subscriptions_remove(request->subs, change->channel, symbol);
        return answer_v1(request, change, symbol, NULL);
    }
    enum err err = add(request, change->channel, symbol);
    if (err == ERR_LIMIT) {
        return answer_v1(request, change, symbol, "Too many subscriptions");
    }
    return err ? err : answer_v1(request, change, symbol, NULL);
}

static enum err refuse_v1(struct request *request, const char *error)
{
    enum err err = append_member(request, "{\"errorMessage\":", error);
    if (!err) {
        err = buf_append_text(&request->answer, ",\"event\":\"error\"");
    }
    if (!err) {
        err = append_id(request, "reqid");
    }
    return send(request, err ? err : buf_append_byte(&request->answer, '}'));
}

static enum err handle_v1(struct request *request, struct json_span document)
{
    static const char *const names[] = {"event", "pair", "subscription", "reqid"};
    struct json_span values[4];
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 4, values)) {
        return refuse_v1(request, "Malformed request");
    }
    request->id = values[3];
    if (json_scan_is(values[0], "ping")) {
        enum err err = buf_append_text(&request->answer, "{\"event\":\"pong\"");
        if (!err) {
            err = append_id(request, "reqid");
        }
        return send(request, err ? err : buf_append_byte(&request->answer, '}'));
    }
    struct change_v1 change = {.subscribe = json_scan_is(values[0], "subscribe"),
                               .subscription = values[2]};
    if (!change.subscribe && !json_scan_is(values[0], "unsubscribe")) {
        return refuse_v1(request, "Unsupported event");
    }
    if (values[1].kind != SPAN_ARRAY) {
        return refuse_v1(request, "Pair field must be an array of strings");
    }
    change.error = name_channel(&change) ? NULL : "Subscription name invalid";
    return each_symbol(request, values[1], change_symbol_v1, &change);
}

static enum err request_v1(const uint8_t *data, size_t size, int64_t wall_ns,
                           struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                           venue_reply_fn *reply, void *arg)
{
    struct request request = {
        .subs = subs, .has_symbol = has_symbol, .reply = reply, .arg = arg, .wall_ns = wall_ns};
    buf_init(&request.answer, REPLY_BYTES_MAX);
    enum err err = handle_v1(&request, json_scan_document(data, size));
    buf_release(&request.answer);
    return err;
}

const struct venue_serving kraken_v1_serving = {
    .open = open_v1,
    .greet = greet_v1,
    .request = request_v1,
    .write_trades = kraken_v1_write_trades,
    .answer = kraken_answer,
};
