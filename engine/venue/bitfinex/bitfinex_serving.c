#include "engine/base/time_text.h"
#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (16u * 1024)

/* What a connection has asked for besides channels is kept among its subscriptions: frames written
 * here are numbered when it wanted that. */
#define NUMBERED "conf:seq"
#define FLAG_SEQ 65536u

/* The number of a channel is made from its names, so that it is the same at every place that needs
 * it. It fits 31 bits, as the venue's do. */
static uint32_t number_of(const char *channel, const char *symbol)
{
    uint32_t hash = 2166136261u;
    const char *const texts[] = {channel, "/", symbol};
    for (size_t i = 0; i < 3; i++) {
        for (const char *at = texts[i]; *at != '\0'; at++) {
            hash = (hash ^ (unsigned char)*at) * 16777619u;
        }
    }
    return 1 + hash % 2147483646u;
}

static enum err open_ws(const char *target, struct venue_subscriptions *subs)
{
    (void)subs;
    struct venue_path path = venue_path_of(target);
    size_t size = path.size > 1 && path.text[path.size - 1] == '/' ? path.size - 1 : path.size;
    if (size != 5 || memcmp(path.text, "/ws/2", 5) != 0) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /ws/2", target);
    }
    return ERR_OK;
}

static enum err greet(int64_t wall_ns, venue_reply_fn *reply, void *arg)
{
    char text[192];
    unsigned long long number = (unsigned long long)wall_ns;
    int size = snprintf(text, sizeof text,
                        "{\"event\":\"info\",\"version\":2,\"serverId\":\"%08llx-%04llx-4000-8000-"
                        "000000000000\",\"platform\":{\"status\":1}}",
                        number >> 16 & 0xffffffffu, number & 0xffffu);
    return reply(text, (size_t)size, arg);
}

/* ---- requests -------------------------------------------------------------------------------- */

enum {
    ASK_CHANNEL = WORD_CHANNEL, /* the words first */
    ASK_EVENT = BITFINEX_WORDS,
    ASK_NUMBER,
    ASK_CID,
    ASK_FLAGS,
    ASK_LEN,
    ASK_FREQ,
    ASK_SUB_ID,
    ASK_COUNT
};
static const char *const ask_names[ASK_COUNT] = {
    "channel", "symbol", "key",   "prec", "pair", "event",
    "chanId",  "cid",    "flags", "len",  "freq", "subId",
};

/* One message of a client and what answering it needs. */
struct request {
    struct json_span asked[ASK_COUNT];
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    int64_t wall_ns;
    struct buf answer;
};

static enum err send(struct request *request, enum err err)
{
    if (!err) {
        err = request->reply(request->answer.data, request->answer.size, request->arg);
    }
    buf_clear(&request->answer);
    return err;
}

/* ,"name":"text" or ,"name":7 as the client wrote it. */
static enum err echo(struct request *request, size_t index)
{
    struct json_span span = request->asked[index];
    bool string = span.kind == SPAN_STRING;
    if ((!string && span.kind != SPAN_NUMBER) || span.size > SYMBOL_MAX) {
        return ERR_OK;
    }
    const char *quote = string ? "\"" : "";
    return buf_printf(&request->answer, ",\"%s\":%s%.*s%s", ask_names[index], quote, (int)span.size,
                      span.text, quote);
}

/* The members of an answer that name the channel, behind the first. */
static enum err append_names(struct request *request)
{
    enum err err = ERR_OK;
    if (strncmp(request->channel, "candles", 7) == 0 ||
        strncmp(request->channel, "status", 6) == 0) {
        return echo(request, WORD_KEY);
    }
    if (request->symbol[0] != '\0') {
        err = buf_append_text(&request->answer, ",\"symbol\":");
        if (!err) {
            err = buf_append_json(&request->answer, request->symbol, strlen(request->symbol));
        }
    }
    if (!err && strncmp(request->channel, "book", 4) == 0) {
        bool plain = request->channel[4] == '\0';
        bool len = request->asked[ASK_LEN].kind != SPAN_NONE;
        err = buf_printf(&request->answer, ",\"prec\":\"%s\",\"freq\":\"F0\"",
                         plain ? "P0" : request->channel + 5);
        if (!err) {
            err =
                len ? echo(request, ASK_LEN) : buf_append_text(&request->answer, ",\"len\":\"25\"");
        }
    }
    if (!err) {
        err = echo(request, ASK_SUB_ID);
    }
    if (!err && request->symbol[0] != '\0') {
        err = buf_append_text(&request->answer, ",\"pair\":");
        if (!err) {
            err =
                buf_append_json(&request->answer, request->symbol + 1, strlen(request->symbol + 1));
        }
    }
    return err;
}

/* The channel's word without its parameter. */
static enum err append_channel(struct request *request)
{
    enum err err = buf_append_text(&request->answer, "\"channel\":");
    size_t size = strcspn(request->channel, ":");
    return err ? err : buf_append_json(&request->answer, request->channel, size);
}

/* {"channel":"trades","symbol":"tNO","event":"error","msg":"symbol: invalid","code":10300,...} */
static enum err refuse(struct request *request, const char *msg, int code)
{
    enum err err = buf_append_byte(&request->answer, '{');
    if (!err && request->channel[0] != '\0') {
        err = append_channel(request);
        if (!err) {
            err = append_names(request);
        }
        if (!err) {
            err = buf_append_byte(&request->answer, ',');
        }
    }
    if (!err) {
        err = buf_append_text(&request->answer, "\"event\":\"error\",\"msg\":");
    }
    if (!err) {
        err = buf_append_json(&request->answer, msg, strlen(msg));
    }
    return send(request, err ? err : buf_printf(&request->answer, ",\"code\":%d}", code));
}

static enum err confirm(struct request *request)
{
    enum err err = buf_append_text(&request->answer, "{\"event\":\"subscribed\",");
    if (!err) {
        err = append_channel(request);
    }
    if (!err) {
        err = buf_printf(&request->answer, ",\"chanId\":%u",
                         number_of(request->channel, request->symbol));
    }
    if (!err) {
        err = append_names(request);
    }
    return send(request, err ? err : buf_append_byte(&request->answer, '}'));
}

static bool is_known(const char *channel)
{
    static const char *const known[] = {"trades", "ticker", "book", "candles", "status"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t size = strlen(known[i]);
        if (strncmp(channel, known[i], size) == 0 &&
            (channel[size] == '\0' || channel[size] == ':')) {
            return true;
        }
    }
    return false;
}

/* The venue puts the letter in front of a symbol that has none. */
static void complete_symbol(char symbol[SYMBOL_MAX])
{
    size_t size = strlen(symbol);
    if (size > 0 && symbol[0] != 't' && symbol[0] != 'f' && size + 1 < SYMBOL_MAX) {
        memmove(symbol + 1, symbol, size + 1);
        symbol[0] = 't';
    }
}

static enum err subscribe(struct request *request)
{
    bool named = bitfinex_read_words(request->asked, request->channel, request->symbol);
    if (!named || !is_known(request->channel)) {
        return refuse(request, "channel: unknown", 10300);
    }
    complete_symbol(request->symbol);
    if (!request->has_symbol(request->symbol, request->arg)) {
        return refuse(request, "symbol: invalid", 10300);
    }
    size_t before = request->subs->count;
    bool numbered = venue_subscriptions_has(request->subs, NUMBERED, "");
    if (venue_subscriptions_has(request->subs, request->channel, request->symbol)) {
        return refuse(request, "subscribe: dup", 10301);
    }
    if (before - numbered >= BITFINEX_SERVED_MAX) {
        return refuse(request, "subscribe: limit", 10305);
    }
    enum err err = venue_subscriptions_add(request->subs, request->channel, request->symbol);
    return err ? err : confirm(request);
}

static enum err unsubscribe(struct request *request)
{
    uint64_t number = 0;
    json_scan_u64(request->asked[ASK_NUMBER], &number);
    for (size_t i = 0; i < request->subs->count; i++) {
        struct venue_subscription item = request->subs->items[i];
        if (item.symbol[0] != '\0' && number_of(item.channel, item.symbol) == number) {
            venue_subscriptions_remove(request->subs, item.channel, item.symbol);
            return send(request,
                        buf_printf(&request->answer,
                                   "{\"event\":\"unsubscribed\",\"status\":\"OK\",\"chanId\":%llu}",
                                   (unsigned long long)number));
        }
    }
    return refuse(request, "unsubscribe: invalid", 10400);
}

/* Of the flags only the numbers of frames change what is written here. */
static enum err configure(struct request *request)
{
    uint64_t flags = 0;
    json_scan_u64(request->asked[ASK_FLAGS], &flags);
    enum err err = ERR_OK;
    if (flags & FLAG_SEQ) {
        err = venue_subscriptions_add(request->subs, NUMBERED, "");
    } else {
        venue_subscriptions_remove(request->subs, NUMBERED, "");
    }
    return send(request, err ? err
                             : buf_printf(&request->answer,
                                          "{\"event\":\"conf\",\"status\":\"OK\",\"flags\":%llu}",
                                          (unsigned long long)flags));
}

static enum err pong(struct request *request)
{
    enum err err = buf_printf(&request->answer, "{\"event\":\"pong\",\"ts\":%lld",
                              (long long)(request->wall_ns / NS_PER_MS));
    if (!err) {
        err = echo(request, ASK_CID);
    }
    return send(request, err ? err : buf_append_byte(&request->answer, '}'));
}

static enum err handle(struct request *request, struct json_span document)
{
    static const struct {
        const char *event;
        enum err (*handle)(struct request *request);
    } events[] = {
        {"subscribe", subscribe},
        {"unsubscribe", unsubscribe},
        {"conf", configure},
        {"ping", pong},
    };
    /* What is no JSON is not answered. */
    if (document.kind != SPAN_OBJECT ||
        json_scan_pick(document, ask_names, ASK_COUNT, request->asked)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (json_scan_is(request->asked[ASK_EVENT], events[i].event)) {
            return events[i].handle(request);
        }
    }
    char event[64], msg[96];
    json_scan_excerpt(request->asked[ASK_EVENT], event, sizeof event);
    snprintf(msg, sizeof msg, "event: invalid (%s)", event);
    return refuse(request, msg, 10000);
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

/* ---- frames of a tape ------------------------------------------------------------------------ */

/* They carry the number of the recorded connection, the client knows its own. */
static enum err reframe(const struct venue_frame *frame, const uint8_t *data, size_t size,
                        const struct venue_subscriptions *subs, struct buf *out)
{
    struct json_scan scan;
    struct json_span document = json_scan_document(data, size), key, first;
    (void)subs;
    buf_clear(out);
    if (document.kind != SPAN_ARRAY || frame->channel[0] == '\0' || frame->symbol[0] == '\0') {
        return buf_append(out, data, size);
    }
    json_scan_open(&scan, document);
    if (!json_scan_next(&scan, &key, &first)) {
        return buf_append(out, data, size);
    }
    enum err err = buf_printf(out, "[%u", number_of(frame->channel, frame->symbol));
    const char *rest = first.text + first.size;
    return err ? err : buf_append(out, rest, (size_t)(document.text + document.size - rest));
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* Newest first. */
static enum err append_snapshot(struct buf *out, const struct trade *trades, size_t count)
{
    enum err err = buf_append_byte(out, '[');
    for (size_t i = count; i > 0 && !err; i--) {
        err = bitfinex_append_row(out, &trades[i - 1]);
        if (!err && i > 1) {
            err = buf_append_byte(out, ',');
        }
    }
    return err ? err : buf_append_byte(out, ']');
}

/* Of a snapshot the newest thirty are written, which count for all. */
enum { SNAPSHOT_MAX = 30 };

static enum err write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out)
{
    size_t left_out = count > SNAPSHOT_MAX ? count - SNAPSHOT_MAX : 0;
    *out_count = 0;
    buf_clear(out);
    if (count == 0) {
        return err_fail(ERR_USAGE, "no trades to write");
    }
    enum err err = buf_printf(out, "[%u,", number_of(writing->channel, trades[0].symbol));
    if (!err && writing->snapshot) {
        err = append_snapshot(out, trades + left_out, count - left_out);
    } else if (!err) {
        err = buf_append_text(out, "\"te\",");
        if (!err) {
            err = bitfinex_append_row(out, &trades[0]);
        }
    }
    if (!err && writing->subs && venue_subscriptions_has(writing->subs, NUMBERED, "")) {
        err = buf_printf(out, ",%llu", (unsigned long long)writing->sequence + 1);
    }
    *out_count = writing->snapshot ? count : 1;
    return err ? err : buf_append_byte(out, ']');
}

const struct venue_serving bitfinex_serving = {
    .open = open_ws,
    .greet = greet,
    .request = request_ws,
    .reframe = reframe,
    .write_trades = write_trades,
    .answer = bitfinex_answer,
};
