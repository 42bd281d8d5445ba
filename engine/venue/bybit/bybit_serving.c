#include "engine/base/time_text.h"
#include "engine/venue/bybit/bybit.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (64u * 1024)
#define ROWS_MAX        1024 /* of a frame of trades */
#define SPOT_ARGS_MAX   10
#define ID_SIZE_MAX     36

/* One request of a client and what answering it needs. */
struct request {
    enum bybit_category category;
    struct json_span id; /* SPAN_NONE when none was given */
    const char *op;
    int64_t wall_ns;
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    struct buf answer;
};

/* {"success":true,"ret_msg":"","conn_id":"...","req_id":"7","op":"subscribe"} */
static enum err answer(struct request *request, bool success, const char *text)
{
    struct buf *out = &request->answer;
    bool has_id = request->id.kind == SPAN_STRING;
    enum err err = buf_printf(out, "{\"success\":%s,\"ret_msg\":", success ? "true" : "false");
    err = err ? err : buf_append_json(out, text, strlen(text));
    err = err ? err
              : buf_printf(out, ",\"conn_id\":\"%016llx-0000\",\"req_id\":\"%.*s\",\"op\":\"%s\"}",
                           (unsigned long long)request->wall_ns, has_id ? (int)request->id.size : 0,
                           has_id ? request->id.text : "", request->op);
    return err ? err : request->reply(out->data, out->size, request->arg);
}

struct topic {
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
};

/* False when no such topic exists; `text` is then what the venue says. */
static bool read_topic(const struct request *request, struct json_span arg, struct topic *out,
                       char text[192])
{
    static const char *const known[] = {
        "publicTrade", "orderbook", "kline", "tickers",    "liquidation", "allLiquidation",
        "adlAlert",    "trade",     "rpi",   "priceLimit", "insurance",   "orderBookL2_25"};
    char topic[CHANNEL_MAX + SYMBOL_MAX];
    bool fine = json_scan_name(arg, topic, sizeof topic);
    const char *mark = fine ? strrchr(topic, '.') : NULL;
    fine = mark && mark - topic < CHANNEL_MAX && strlen(mark + 1) < SYMBOL_MAX;
    if (fine) {
        snprintf(out->channel, sizeof out->channel, "%.*s", (int)(mark - topic), topic);
        snprintf(out->symbol, sizeof out->symbol, "%s", mark + 1);
        size_t head = strcspn(out->channel, ".");
        fine = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            fine = fine || (strlen(known[i]) == head && memcmp(known[i], topic, head) == 0);
        }
    }
    if (!fine || !request->has_symbol(out->symbol, request->arg)) {
        json_scan_excerpt(arg, topic, sizeof topic);
        bool spot = request->category == BYBIT_SPOT;
        snprintf(text, 192, spot ? "Invalid symbol :[%s]" : "error:handler not found,topic:%s",
                 topic);
        return false;
    }
    return true;
}

static enum err change(struct request *request, struct json_span args, bool check)
{
    struct json_scan scan;
    struct json_span key, value;
    struct topic topic;
    char text[192];
    enum err err = ERR_OK;
    json_scan_open(&scan, args);
    while (!err && json_scan_next(&scan, &key, &value)) {
        if (!read_topic(request, value, &topic, text)) {
            return answer(request, false, text);
        }
        if (!check && strcmp(request->op, "subscribe") == 0) {
            err = venue_subscriptions_add(request->subs, topic.channel, topic.symbol);
        } else if (!check) {
            venue_subscriptions_remove(request->subs, topic.channel, topic.symbol);
        }
    }
    return err;
}

static size_t count_of(struct json_span args)
{
    struct json_scan scan;
    struct json_span key, value;
    size_t count = 0;
    json_scan_open(&scan, args);
    while (json_scan_next(&scan, &key, &value)) {
        count++;
    }
    return count;
}

/* One bad topic refuses them all. */
static enum err change_all(struct request *request, struct json_span args)
{
    if (args.kind != SPAN_ARRAY || count_of(args) == 0) {
        return answer(request, false, "error:request args is empty");
    }
    if (request->category == BYBIT_SPOT && count_of(args) > SPOT_ARGS_MAX) {
        return answer(request, false, "args size >10");
    }
    enum err err = change(request, args, true);
    if (err || request->answer.size > 0) {
        return err;
    }
    err = change(request, args, false);
    if (err == ERR_LIMIT) {
        return answer(request, false, "error:too many topics");
    }
    bool says = request->category == BYBIT_SPOT;
    return err ? err : answer(request, true, says ? request->op : "");
}

static enum err handle(struct request *request, struct json_span document)
{
    static const char *const names[] = {"req_id", "op", "args"};
    struct json_span values[3] = {0};
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 3, values)) {
        return answer(request, false, "error:invalid json");
    }
    if (values[0].kind == SPAN_STRING && values[0].size <= ID_SIZE_MAX) {
        request->id = values[0];
    }
    if (json_scan_is(values[1], "ping")) {
        request->op = "ping";
        return answer(request, true, "pong");
    }
    bool leave = json_scan_is(values[1], "unsubscribe");
    if (leave || json_scan_is(values[1], "subscribe")) {
        request->op = leave ? "unsubscribe" : "subscribe";
        return change_all(request, values[2]);
    }
    return answer(request, false, "error:unknown op");
}

static enum err request_of(enum bybit_category category, struct request *request,
                           const uint8_t *data, size_t size)
{
    request->category = category;
    request->op = "";
    buf_init(&request->answer, REPLY_BYTES_MAX);
    enum err err = handle(request, json_scan_document(data, size));
    buf_release(&request->answer);
    return err;
}

/* ---- trades -----------------------------------------------------------------------------------
 */

/* The direction of the price against the row before; the first one counts as up. */
static const char *tick_of(const struct trade *trades, size_t index, bool *up)
{
    int order = index > 0 ? decimal_compare(trades[index].price, trades[index - 1].price) : 1;
    *up = order != 0 ? order > 0 : *up;
    return order == 0 ? (*up ? "ZeroPlusTick" : "ZeroMinusTick") : *up ? "PlusTick" : "MinusTick";
}

static enum err append_row(struct buf *out, const struct trade *trade, const char *tick,
                           uint64_t sequence)
{
    enum err err = buf_printf(out, "{\"T\":%lld,\"s\":", (long long)(trade->source_ns / NS_PER_MS));
    err = err ? err : buf_append_json(out, trade->symbol, strlen(trade->symbol));
    err = err ? err
              : buf_printf(out, ",\"S\":\"%s\",\"v\":\"",
                           trade->taker == TAKER_SELL ? "Sell" : "Buy");
    err = err ? err : venue_text_append_decimal(out, trade->quantity);
    err = err ? err : buf_append_text(out, "\",\"p\":\"");
    err = err ? err : venue_text_append_decimal(out, trade->price);
    if (!err && tick) {
        err = buf_printf(out, "\",\"L\":\"%s", tick);
    }
    return err ? err
               : buf_printf(out, "\",\"i\":\"%llu\",\"BT\":false,\"RPI\":false,\"seq\":%llu}",
                            (unsigned long long)trade->id, (unsigned long long)sequence);
}

/* Ids are written as digits in all categories: what they are a hash of is not known. */
static enum err write_rows(enum bybit_category category, const struct venue_writing *writing,
                           const struct trade *trades, size_t count, struct buf *out)
{
    char topic[CHANNEL_MAX + SYMBOL_MAX];
    bool up = true;
    snprintf(topic, sizeof topic, "%s.%s", writing->channel, trades[0].symbol);
    buf_clear(out);
    enum err err = buf_append_text(out, "{\"topic\":");
    err = err ? err : buf_append_json(out, topic, strlen(topic));
    err = err ? err
              : buf_printf(out, ",\"type\":\"snapshot\",\"ts\":%lld,\"data\":[",
                           (long long)(writing->venue_ns / NS_PER_MS));
    for (size_t i = 0; i < count && !err; i++) {
        const char *tick = tick_of(trades, i, &up);
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err
                  : append_row(out, &trades[i], category == BYBIT_SPOT ? NULL : tick,
                               writing->sequence);
    }
    return err ? err : buf_append_text(out, "]}");
}

static enum err write_frame(enum bybit_category category, const struct venue_writing *writing,
                            const struct trade *trades, size_t count, size_t *out_count,
                            struct buf *out)
{
    count = count < ROWS_MAX ? count : ROWS_MAX;
    enum err err = count > 0 ? write_rows(category, writing, trades, count, out) : ERR_OK;
    *out_count = err ? 0 : count;
    return err;
}

static enum err open_path(enum bybit_category category, const char *target)
{
    struct venue_path path = venue_path_of(target);
    char own[32];
    snprintf(own, sizeof own, "/v5/public/%s", bybit_category_word(category));
    return venue_path_ends(path, own)
               ? ERR_OK
               : err_fail(ERR_UNKNOWN, "no such path '%s'; use %s", target, own);
}

/* ---- one of each for a category ---------------------------------------------------------------
 */

#define SERVING(name, category)                                                                    \
    static enum err name##_open(const char *target, struct venue_subscriptions *subs)              \
    {                                                                                              \
        (void)subs;                                                                                \
        return open_path(category, target);                                                        \
    }                                                                                              \
    static enum err name##_request(                                                                \
        const uint8_t *data, size_t size, int64_t wall_ns, struct venue_subscriptions *subs,       \
        venue_has_symbol_fn *has_symbol, venue_reply_fn *reply, void *arg)                         \
    {                                                                                              \
        struct request request = {.wall_ns = wall_ns,                                              \
                                  .subs = subs,                                                    \
                                  .has_symbol = has_symbol,                                        \
                                  .reply = reply,                                                  \
                                  .arg = arg};                                                     \
        return request_of(category, &request, data, size);                                         \
    }                                                                                              \
    static enum err name##_write(const struct venue_writing *writing, const struct trade *trades,  \
                                 size_t count, size_t *out_count, struct buf *out)                 \
    {                                                                                              \
        return write_frame(category, writing, trades, count, out_count, out);                      \
    }                                                                                              \
    static enum err name##_answer(const char *method, const char *target, const char *host,        \
                                  int64_t wall_ns, const struct venue_past *past, int *out_status, \
                                  struct buf *out)                                                 \
    {                                                                                              \
        (void)host;                                                                                \
        return bybit_answer(category, method, target, wall_ns, past, out_status, out);             \
    }                                                                                              \
    const struct venue_serving bybit_##name##_serving = {.open = name##_open,                      \
                                                         .request = name##_request,                \
                                                         .write_trades = name##_write,             \
                                                         .answer = name##_answer};

SERVING(spot, BYBIT_SPOT)
SERVING(linear, BYBIT_LINEAR)
SERVING(inverse, BYBIT_INVERSE)
