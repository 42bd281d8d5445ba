#include "engine/venue/binance/binance.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (1024u * 1024)

/* ---- the request target ---------------------------------------------------------------------- */

/* Symbols in streams are lower case. Another spelling is acknowledged by the venue and never gets
 * anything: so here. */
static bool is_heard(const char *stream)
{
    char lower[BINANCE_STREAM_MAX];
    size_t size = strcspn(stream, "@");
    memcpy(lower, stream, size);
    lower[size] = '\0';
    venue_text_lower(lower);
    return stream[0] == '!' || strncmp(lower, stream, size) == 0;
}

static enum err change(struct venue_subscriptions *subs, const char *stream, bool add)
{
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    if (strlen(stream) >= BINANCE_STREAM_MAX || !is_heard(stream) ||
        !binance_stream_split(stream, channel, symbol)) {
        return ERR_OK;
    }
    if (add) {
        return venue_subscriptions_add(subs, channel, symbol);
    }
    venue_subscriptions_remove(subs, channel, symbol);
    return ERR_OK;
}

/* "a@trade/b@trade" */
static enum err add_streams(struct venue_subscriptions *subs, const char *streams)
{
    for (const char *at = streams; *at != '\0';) {
        char stream[BINANCE_STREAM_MAX];
        size_t size = strcspn(at, "/");
        if (size >= sizeof stream) {
            return err_fail(ERR_LIMIT, "stream '%.*s' is too long", (int)sizeof stream, at);
        }
        memcpy(stream, at, size);
        stream[size] = '\0';
        enum err err = change(subs, stream, true);
        if (err) {
            return err;
        }
        at += size + (at[size] == '/');
    }
    return ERR_OK;
}

/* Steps over "/name" when the path goes on with it as a whole part. */
static bool step(struct venue_path *path, const char *name)
{
    size_t size = strlen(name);
    if (path->size <= size || path->text[0] != '/' || memcmp(path->text + 1, name, size) != 0 ||
        (path->size > size + 1 && path->text[size + 1] != '/')) {
        return false;
    }
    path->text += size + 1;
    path->size -= size + 1;
    return true;
}

/* /ws, /ws/<stream>[/<stream>...], /stream, /stream?streams=<stream>/<stream>; for futures also
 * behind /public and /market. All paths carry all channels, as they did when older tapes were
 * recorded. */
static enum err open_target(const char *target, struct venue_subscriptions *subs)
{
    struct venue_path path = venue_path_of(target);
    char streams[VENUE_SUBSCRIPTIONS_MAX * 8] = "";
    bool fits = true;
    if (!step(&path, "public")) {
        (void)step(&path, "market");
    }
    subs->combined = step(&path, "stream");
    if (subs->combined) {
        fits = !strstr(path.query, "streams=") ||
               venue_path_param(path, "streams", streams, sizeof streams);
    } else if (step(&path, "ws")) {
        size_t slash = path.size > 0 ? 1 : 0;
        fits = venue_path_decode(path.text + slash, path.size - slash, streams, sizeof streams);
        path.size = 0;
    } else {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /stream or /ws", target);
    }
    if (!fits || path.size > 1) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /stream?streams=btcusdt@trade",
                        target);
    }
    return add_streams(subs, streams);
}

/* ---- requests -------------------------------------------------------------------------------- */

enum { REQUEST_METHOD, REQUEST_PARAMS, REQUEST_ID, REQUEST_COUNT };
static const char *const request_names[REQUEST_COUNT] = {"method", "params", "id"};

struct request {
    struct json_span values[REQUEST_COUNT];
    struct venue_subscriptions *subs;
    struct buf answer;
};

static enum err append_id(struct request *request)
{
    struct json_span id = request->values[REQUEST_ID];
    const char *quote = id.kind == SPAN_STRING ? "\"" : "";
    if (id.kind == SPAN_NONE) {
        return buf_append_byte(&request->answer, '}');
    }
    return buf_printf(&request->answer, ",\"id\":%s%.*s%s}", quote, (int)id.size, id.text, quote);
}

static enum err refuse(struct request *request, int code, const char *message)
{
    buf_clear(&request->answer);
    enum err err = buf_printf(&request->answer, "{\"code\":%d,\"msg\":", code);
    if (!err) {
        err = buf_append_json(&request->answer, message, strlen(message));
    }
    return err ? err : append_id(request);
}

static enum err confirm(struct request *request, const char *result)
{
    enum err err = buf_printf(&request->answer, "{\"result\":%s", result);
    return err ? err : append_id(request);
}

/* A 64-bit integer, up to 36 letters and digits, or null. */
static bool is_valid_id(struct json_span id)
{
    uint64_t number = 0;
    if (id.kind == SPAN_NUMBER && id.text[0] == '-') {
        id.text++;
        id.size--;
    }
    return id.kind == SPAN_NULL || (id.kind == SPAN_NUMBER && json_scan_u64(id, &number)) ||
           (id.kind == SPAN_STRING && !id.escaped && id.size <= 36);
}

/* SUBSCRIBE and UNSUBSCRIBE: names that do not exist are acknowledged too. */
static enum err change_streams(struct request *request, bool add)
{
    struct json_scan scan;
    struct json_span key, value, params = request->values[REQUEST_PARAMS];
    if (params.kind != SPAN_ARRAY) {
        return refuse(request, 2, "Invalid request: missing field `params`");
    }
    json_scan_open(&scan, params);
    while (json_scan_next(&scan, &key, &value)) {
        if (value.kind != SPAN_STRING) {
            return refuse(request, 2, "Invalid request: stream name must be a string");
        }
    }
    json_scan_open(&scan, params);
    while (json_scan_next(&scan, &key, &value)) {
        char stream[BINANCE_STREAM_MAX];
        enum err err = json_scan_text(value, stream, sizeof stream)
                           ? change(request->subs, stream, add)
                           : ERR_OK;
        if (err == ERR_LIMIT) {
            return refuse(request, 2, "Invalid request: too many parameters");
        }
        if (err) {
            return err;
        }
    }
    return confirm(request, "null");
}

static enum err list_streams(struct request *request)
{
    struct buf *answer = &request->answer;
    enum err err = buf_append_text(answer, "{\"result\":[");
    for (size_t i = 0; i < request->subs->count && !err; i++) {
        const struct venue_subscription *item = &request->subs->items[i];
        char stream[BINANCE_STREAM_MAX];
        binance_stream_join(item->channel, item->symbol, stream);
        err = i > 0 ? buf_append_byte(answer, ',') : ERR_OK;
        if (!err) {
            err = buf_append_json(answer, stream, strlen(stream));
        }
    }
    if (!err) {
        err = buf_append_byte(answer, ']');
    }
    return err ? err : append_id(request);
}

/* SET_PROPERTY ["combined", true] and GET_PROPERTY ["combined"]. */
static enum err property(struct request *request, bool set)
{
    struct json_scan scan;
    struct json_span key, name = {0}, value = {0}, params = request->values[REQUEST_PARAMS];
    if (params.kind == SPAN_ARRAY) {
        json_scan_open(&scan, params);
        if (json_scan_next(&scan, &key, &name) && !json_scan_next(&scan, &key, &value)) {
            value.kind = SPAN_NONE;
        }
    }
    if (name.kind != SPAN_STRING) {
        return refuse(request, 2, "Invalid request: property name must be a string");
    }
    if (!json_scan_is(name, "combined")) {
        return refuse(request, 0, "Unknown property");
    }
    if (!set) {
        return confirm(request, request->subs->combined ? "true" : "false");
    }
    if (value.kind != SPAN_TRUE && value.kind != SPAN_FALSE) {
        return refuse(request, 1, "Invalid value type: expected Boolean");
    }
    request->subs->combined = value.kind == SPAN_TRUE;
    return confirm(request, "null");
}

static enum err unknown_method(struct request *request)
{
    char method[64] = "", message[256];
    json_scan_excerpt(request->values[REQUEST_METHOD], method, sizeof method);
    snprintf(message, sizeof message,
             "Invalid request: unknown variant `%s`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
             "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`",
             method);
    return refuse(request, 2, message);
}

static enum err handle(struct request *request)
{
    struct json_span method = request->values[REQUEST_METHOD];
    if (method.kind != SPAN_STRING) {
        return refuse(request, 2, "Invalid request: missing field `method`");
    }
    if (!is_valid_id(request->values[REQUEST_ID])) {
        request->values[REQUEST_ID].kind = SPAN_NONE;
        return refuse(request, 2, "Invalid request: request ID must be an unsigned integer");
    }
    if (json_scan_is(method, "SUBSCRIBE") || json_scan_is(method, "UNSUBSCRIBE")) {
        return change_streams(request, json_scan_is(method, "SUBSCRIBE"));
    }
    if (json_scan_is(method, "LIST_SUBSCRIPTIONS")) {
        return list_streams(request);
    }
    if (json_scan_is(method, "SET_PROPERTY") || json_scan_is(method, "GET_PROPERTY")) {
        return property(request, json_scan_is(method, "SET_PROPERTY"));
    }
    return unknown_method(request);
}

static enum err answer_request(const uint8_t *data, size_t size, int64_t wall_ns,
                               struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                               venue_reply_fn *reply, void *arg)
{
    (void)wall_ns;
    (void)has_symbol; /* the venue does not look either */
    struct request request = {.subs = subs};
    buf_init(&request.answer, REPLY_BYTES_MAX);
    struct json_span document = json_scan_document(data, size);
    const char *fault = "expected value at line 1 column 1";
    if (document.kind == SPAN_OBJECT) {
        fault = json_scan_pick(document, request_names, REQUEST_COUNT, request.values);
    }
    enum err err = ERR_OK;
    if (fault) {
        char message[128];
        snprintf(message, sizeof message, "Invalid JSON: %s", fault);
        memset(request.values, 0, sizeof request.values);
        err = refuse(&request, 3, message);
    } else {
        err = handle(&request);
    }
    if (!err) {
        err = reply(request.answer.data, request.answer.size, arg);
    }
    buf_release(&request.answer);
    return err;
}

/* ---- raw and combined ------------------------------------------------------------------------ */

/* {"stream":"btcusdt@trade","data":<the event's bytes>} */
static enum err combine(const struct venue_frame *frame, const uint8_t *data, size_t size,
                        struct buf *out)
{
    char stream[BINANCE_STREAM_MAX];
    if (frame->channel[0] == '\0') {
        return buf_append(out, data, size);
    }
    binance_stream_join(frame->channel, frame->symbol, stream);
    enum err err = buf_append_text(out, "{\"stream\":");
    if (!err) {
        err = buf_append_json(out, stream, strlen(stream));
    }
    if (!err) {
        err = buf_append_text(out, ",\"data\":");
    }
    if (!err) {
        err = buf_append(out, data, size);
    }
    return err ? err : buf_append_byte(out, '}');
}

static enum err reframe(const struct venue_frame *frame, const uint8_t *data, size_t size,
                        const struct venue_subscriptions *subs, struct buf *out)
{
    static const char *const names[] = {"stream", "data", "e", "u", "lastUpdateId"};
    struct json_span values[5] = {0}, document = json_scan_document(data, size);
    buf_clear(out);
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 5, values)) {
        return buf_append(out, data, size);
    }
    struct json_span event = values[1];
    bool combined = values[0].kind == SPAN_STRING && event.kind >= SPAN_ARRAY;
    bool raw = values[2].kind == SPAN_STRING || values[3].kind == SPAN_NUMBER;
    if (combined && !subs->combined) {
        return buf_append(out, event.text, event.size);
    }
    return raw && !combined && subs->combined ? combine(frame, data, size, out)
                                              : buf_append(out, data, size);
}

const struct venue_serving binance_serving = {
    .open = open_target,
    .request = answer_request,
    .reframe = reframe,
    .write_trades = binance_write_spot,
    .answer = binance_answer_spot,
};

const struct venue_serving binance_usdm_serving = {
    .open = open_target,
    .request = answer_request,
    .reframe = reframe,
    .write_trades = binance_write_futures,
    .answer = binance_answer_usdm,
};

const struct venue_serving binance_coinm_serving = {
    .open = open_target,
    .request = answer_request,
    .reframe = reframe,
    .write_trades = binance_write_futures,
    .answer = binance_answer_coinm,
};
