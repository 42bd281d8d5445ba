#include "engine/base/time_text.h"
#include "engine/venue/kucoin/kucoin.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (64u * 1024)
#define ID_SIZE_MAX     64
#define TOPIC_TEXT_MAX  (KUCOIN_TOPICS_MAX * KUCOIN_TOPIC_MAX)

/* The path that bullet-public gives, or none; tokens are good whatever they are. */
static enum err open_path(const char *target, struct venue_subscriptions *subs)
{
    struct venue_path path = venue_path_of(target);
    (void)subs;
    if (path.size > 1 && !venue_path_ends(path, "/endpoint")) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /endpoint", target);
    }
    return ERR_OK;
}

static enum err greet(int64_t wall_ns, venue_reply_fn *reply, void *arg)
{
    char text[64];
    int size = snprintf(text, sizeof text, "{\"id\":\"%" PRIx64 "\",\"type\":\"welcome\"}",
                        (uint64_t)wall_ns);
    return reply(text, (size_t)size, arg);
}

/* ---- requests --------------------------------------------------------------------------------
 */

/* One request of a client and what answering it needs. */
struct request {
    struct json_span id;
    bool leave, silent; /* silent: it wants no acknowledgement */
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    int64_t wall_ns;
    struct buf answer;
};

static enum err send(struct request *request, enum err err)
{
    return err ? err : request->reply(request->answer.data, request->answer.size, request->arg);
}

/* Ids come back as text, however they were written. */
static enum err begin(struct request *request, const char *type)
{
    return buf_printf(&request->answer, "{\"id\":\"%.*s\",\"type\":\"%s\"", (int)request->id.size,
                      request->id.size > 0 ? request->id.text : "", type);
}

static enum err refuse(struct request *request, int code, const char *text)
{
    enum err err = begin(request, "error");
    err = err ? err : buf_printf(&request->answer, ",\"code\":%d,\"data\":", code);
    err = err ? err : buf_append_json(&request->answer, text, strlen(text));
    err = err ? err : buf_append_byte(&request->answer, '}');
    return send(request, err);
}

static bool is_topic(const char *channel)
{
    static const char *const known[] = {
        KUCOIN_TRADES,
        "/market/ticker",
        "/market/level2",
        "/market/snapshot",
        "/spotMarket/level1",
        "/spotMarket/level2Depth5",
        "/spotMarket/level2Depth50",
        "/contractMarket/execution",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(channel, known[i]) == 0) {
            return true;
        }
    }
    return strncmp(channel, "/market/candles_", 16) == 0;
}

/* Splits the next of "A,B" off; false at the end. */
static bool next_symbol(char **rest, char **out)
{
    *out = *rest;
    if (!*rest) {
        return false;
    }
    char *comma = strchr(*rest, ',');
    *rest = comma ? comma + 1 : NULL;
    if (comma) {
        *comma = '\0';
    }
    return true;
}

static enum err refuse_topic(struct request *request, const char *topic, const char *symbol)
{
    char text[2 * KUCOIN_TOPIC_MAX];
    snprintf(text, sizeof text, "topic %.64s:%.64s is not found", topic, symbol);
    return refuse(request, 404, text);
}

/* One symbol of a topic; ERR_UNKNOWN when the market does not have that. With `apply` false it only
 * looks. */
static enum err change_one(struct request *request, const char *topic, const char *symbol_text,
                           bool apply)
{
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    if (!kucoin_name(topic, symbol_text, channel, symbol) || !is_topic(channel) ||
        (symbol[0] != '\0' && !request->has_symbol(symbol, request->arg))) {
        return ERR_UNKNOWN;
    }
    if (!apply) {
        return ERR_OK;
    }
    if (request->leave) {
        venue_subscriptions_remove(request->subs, channel, symbol);
        return ERR_OK;
    }
    return venue_subscriptions_add(request->subs, channel, symbol);
}

/* All symbols of a topic, of which one bad one spoils all. */
static enum err change(struct request *request, struct json_span topic_span)
{
    char topic[TOPIC_TEXT_MAX], copy[TOPIC_TEXT_MAX], *symbol = NULL, *rest = NULL;
    size_t count = 0;
    char *mark = json_scan_name(topic_span, topic, sizeof topic) ? strchr(topic, ':') : NULL;
    if (!mark) {
        return refuse(request, 404, "topic is not found");
    }
    *mark++ = '\0';
    memcpy(copy, mark, strlen(mark) + 1);
    for (rest = copy; next_symbol(&rest, &symbol); count++) {
        if (change_one(request, topic, symbol, false)) {
            return refuse_topic(request, topic, symbol);
        }
    }
    if (count > KUCOIN_TOPICS_MAX) {
        return refuse(request, 509, "exceed max subscription count limitation of 100 per time");
    }
    for (rest = mark; next_symbol(&rest, &symbol);) {
        enum err err = change_one(request, topic, symbol, true);
        if (err) {
            return err == ERR_LIMIT ? refuse(request, 509, "exceed max subscription count") : err;
        }
    }
    if (request->silent) {
        return ERR_OK;
    }
    enum err err = begin(request, "ack");
    return send(request, err ? err : buf_append_byte(&request->answer, '}'));
}

static enum err pong(struct request *request)
{
    enum err err = begin(request, "pong");
    err = err ? err
              : buf_printf(&request->answer, ",\"timestamp\":%" PRId64 "}",
                           request->wall_ns / NS_PER_US);
    return send(request, err);
}

static enum err handle(struct request *request, struct json_span document)
{
    static const char *const names[] = {"id", "type", "topic", "response"};
    struct json_span values[4] = {0};
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 4, values)) {
        return refuse(request, 400, "invalid message");
    }
    if ((values[0].kind == SPAN_STRING || values[0].kind == SPAN_NUMBER) &&
        values[0].size <= ID_SIZE_MAX) {
        request->id = values[0];
    }
    request->silent = values[3].kind != SPAN_TRUE;
    request->leave = json_scan_is(values[1], "unsubscribe");
    if (request->leave || json_scan_is(values[1], "subscribe")) {
        return change(request, values[2]);
    }
    return json_scan_is(values[1], "ping") ? pong(request)
                                           : refuse(request, 415, "type is not supported");
}

static enum err request(const uint8_t *data, size_t size, int64_t wall_ns,
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

/* ---- trades ----------------------------------------------------------------------------------
 */

/* One trade a frame. Orders are not kept in trades. */
static enum err write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX], topic[KUCOIN_TOPIC_MAX + 1];
    const struct trade *trade = &trades[0];
    buf_clear(out);
    *out_count = 0;
    if (count == 0) {
        return ERR_OK;
    }
    decimal_format(price, trade->price);
    decimal_format(size, trade->quantity);
    snprintf(topic, sizeof topic, "%s:%s", writing->channel, trade->symbol);
    enum err err = buf_append_text(out, "{\"topic\":");
    err = err ? err : buf_append_json(out, topic, strlen(topic));
    err =
        err ? err
            : buf_append_text(
                  out, ",\"type\":\"message\",\"subject\":\"trade.l3match\",\"data\":{\"symbol\":");
    err = err ? err : buf_append_json(out, trade->symbol, strlen(trade->symbol));
    err = err ? err
              : buf_printf(out,
                           ",\"sequence\":\"%" PRIu64 "\",\"side\":\"%s\",\"size\":\"%s\","
                           "\"price\":\"%s\",\"time\":\"%" PRId64 "\",\"type\":\"match\","
                           "\"tradeId\":\"%" PRIu64 "\"}}",
                           trade->id, trade->taker == TAKER_SELL ? "sell" : "buy", size, price,
                           trade->source_ns, trade->id);
    *out_count = err ? 0 : 1;
    return err;
}

const struct venue_serving kucoin_serving = {
    .open = open_path,
    .greet = greet,
    .request = request,
    .write_trades = write_trades,
    .answer = kucoin_answer,
};
