#include "engine/base/time_text.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

#define REPLY_BYTES_MAX (1024u * 1024)

/* One request of a client, of either feed. */
struct request {
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    void *arg;
    int64_t wall_ns;
    bool subscribe;
    char bad[SYMBOL_MAX * 2]; /* the product or channel that cannot be had; "" */
    const char *complaint;    /* NULL: fine */
};

/* ---- what both feeds share ------------------------------------------------------------------- */

static enum err open_target(const char *target, struct venue_subscriptions *subs)
{
    (void)subs;
    struct venue_path path = venue_path_of(target);
    if (path.size > 1) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /", target);
    }
    return ERR_OK;
}

/* {"type":"error","message":"...","reason":"<bad> <complaint>"} */
static enum err refuse(const char *message, const char *bad, const char *reason,
                       venue_reply_fn *reply, void *arg)
{
    char text[320];
    struct buf out;
    buf_init(&out, 4096);
    enum err err = buf_printf(&out, "{\"type\":\"error\",\"message\":\"%s\"", message);
    if (!err && reason) {
        snprintf(text, sizeof text, "%s%s%s", bad, bad[0] != '\0' ? " " : "", reason);
        err = buf_append_text(&out, ",\"reason\":");
        if (!err) {
            err = buf_append_json(&out, text, strlen(text));
        }
    }
    if (!err) {
        err = buf_append_byte(&out, '}');
    }
    if (!err) {
        err = reply(out.data, out.size, arg);
    }
    buf_release(&out);
    return err;
}

static enum err refuse_request(const struct request *request, venue_reply_fn *reply)
{
    return refuse(request->subscribe ? "Failed to subscribe" : "Failed to unsubscribe",
                  request->bad, request->complaint, reply, request->arg);
}

static void complain(struct request *request, struct json_span what, const char *complaint)
{
    if (what.kind == SPAN_STRING) {
        json_scan_excerpt(what, request->bad, sizeof request->bad);
    }
    request->complaint = complaint;
}

/* Type and kind of the request; false when it is neither subscribe nor unsubscribe. */
static bool read_type(struct request *request, struct json_span type)
{
    request->subscribe = json_scan_is(type, "subscribe");
    return request->subscribe || json_scan_is(type, "unsubscribe");
}

/* Adds or removes channel for all products; with `apply` false it only looks whether that can be
 * done. */
static enum err change(struct request *request, const char *channel, struct json_span products,
                       bool apply)
{
    struct json_scan scan;
    struct json_span key, value;
    enum err err = ERR_OK;
    if (products.kind != SPAN_ARRAY) {
        complain(request, products, "product_ids must be a list of products");
        return ERR_OK;
    }
    json_scan_open(&scan, products);
    while (!err && !request->complaint && json_scan_next(&scan, &key, &value)) {
        char product[SYMBOL_MAX];
        if (!json_scan_text(value, product, sizeof product) ||
            (request->subscribe && !request->has_symbol(product, request->arg))) {
            complain(request, value, "is not a valid product");
        } else if (apply && request->subscribe) {
            err = venue_subscriptions_add(request->subs, channel, product);
        } else if (apply) {
            venue_subscriptions_remove(request->subs, channel, product);
        }
    }
    if (err == ERR_LIMIT) {
        request->complaint = "too many subscriptions";
        return ERR_OK;
    }
    return err;
}

/* All that is active, `"channel":["product",...]` joined by `separator` parts. */
struct list_form {
    const char *before, *between, *after; /* a channel's name; its products follow */
};

static enum err append_active(struct buf *out, const struct venue_subscriptions *subs,
                              const struct list_form *form)
{
    enum err err = ERR_OK;
    const char *channel = NULL;
    for (size_t i = 0; i < subs->count && !err; i++) {
        const struct venue_subscription *item = &subs->items[i];
        /* A channel without products lists itself: "heartbeats":["heartbeats"]. */
        const char *product = item->symbol[0] != '\0' ? item->symbol : item->channel;
        if (channel && strcmp(channel, item->channel) == 0) {
            err = buf_append_byte(out, ',');
        } else {
            err = buf_printf(out, "%s%s%s%s%s", channel ? form->after : "", channel ? "," : "",
                             form->before, item->channel, form->between);
            channel = item->channel;
        }
        if (!err) {
            err = buf_append_json(out, product, strlen(product));
        }
    }
    return err || !channel ? err : buf_append_text(out, form->after);
}

/* ---- Exchange -------------------------------------------------------------------------------- */

/* What may be asked for, and what it is called in answers and frames. */
static const char *const channels[][2] = {
    {"matches", "matches"},     {"heartbeat", "heartbeat"}, {"ticker", "ticker"},
    {"ticker_batch", "ticker"}, {"level2", "level2"},       {"level2_batch", "level2"},
    {"status", "status"},       {"full", "full"},
};

static const char *find_channel(struct json_span name)
{
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        if (json_scan_is(name, channels[i][0])) {
            return channels[i][1];
        }
    }
    return NULL;
}

/* One element of "channels": a name, or {"name":...,"product_ids":[...]}. */
static enum err change_channel(struct request *request, struct json_span element,
                               struct json_span products, bool apply)
{
    static const char *const names[] = {"name", "product_ids"};
    struct json_span values[2] = {element, products};
    if (element.kind == SPAN_OBJECT) {
        if (json_scan_pick(element, names, 2, values)) {
            return ERR_OK;
        }
        if (values[1].kind == SPAN_NONE) {
            values[1] = products;
        }
    }
    const char *channel = find_channel(values[0]);
    if (!channel) {
        complain(request, values[0], "is not a valid channel");
        return ERR_OK;
    }
    if (strcmp(channel, "status") == 0) {
        return apply && request->subscribe ? venue_subscriptions_add(request->subs, channel, "")
                                           : ERR_OK;
    }
    return change(request, channel, values[1], apply);
}

static enum err change_channels(struct request *request, struct json_span list,
                                struct json_span products, bool apply)
{
    struct json_scan scan;
    struct json_span key, value;
    enum err err = ERR_OK;
    if (list.kind != SPAN_ARRAY) {
        complain(request, list, "must specify at least one channel");
        return ERR_OK;
    }
    json_scan_open(&scan, list);
    while (!err && !request->complaint && json_scan_next(&scan, &key, &value)) {
        err = change_channel(request, value, products, apply);
    }
    return err;
}

/* `head`, what is active in `form`, `tail`. */
static enum err send_active(const struct request *request, const char *head,
                            const struct list_form *form, const char *tail, venue_reply_fn *reply)
{
    struct buf out;
    buf_init(&out, REPLY_BYTES_MAX);
    enum err err = buf_append_text(&out, head);
    if (!err) {
        err = append_active(&out, request->subs, form);
    }
    if (!err) {
        err = buf_append_text(&out, tail);
    }
    if (!err) {
        err = reply(out.data, out.size, request->arg);
    }
    buf_release(&out);
    return err;
}

/* The values of a request's members; NULL, or what is wrong with it. */
static const char *read_request(const uint8_t *data, size_t size, const char *const names[3],
                                struct json_span values[3], struct request *request)
{
    struct json_span document = json_scan_document(data, size);
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 3, values)) {
        return "Malformed JSON";
    }
    return read_type(request, values[0]) ? NULL : "Type has to be either subscribe or unsubscribe";
}

/* {"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]}]} */
static enum err confirm(const struct request *request, venue_reply_fn *reply)
{
    static const struct list_form form = {"{\"name\":\"", "\",\"product_ids\":[", "]}"};
    return send_active(request, "{\"type\":\"subscriptions\",\"channels\":[", &form, "]}", reply);
}

static enum err answer_request(const uint8_t *data, size_t size, int64_t wall_ns,
                               struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                               venue_reply_fn *reply, void *arg)
{
    static const char *const names[] = {"type", "product_ids", "channels"};
    struct json_span values[3];
    struct request request = {subs, has_symbol, arg, wall_ns, false, "", NULL};
    const char *fault = read_request(data, size, names, values, &request);
    if (fault) {
        return refuse(fault, "", NULL, reply, arg);
    }
    enum err err = change_channels(&request, values[2], values[1], false);
    if (!err && !request.complaint) {
        err = change_channels(&request, values[2], values[1], true);
    }
    if (err) {
        return err;
    }
    return request.complaint ? refuse_request(&request, reply) : confirm(&request, reply);
}

const struct venue_serving coinbase_serving = {
    .open = open_target,
    .request = answer_request,
    .write_trades = coinbase_write_trades,
    .answer = coinbase_answer,
};

/* ---- Advanced Trade -------------------------------------------------------------------------- */

static const char *const advanced_channels[] = {
    "market_trades", "ticker", "ticker_batch", "level2", "candles", "status", "heartbeats", NULL,
};

static const char *find_advanced_channel(struct json_span name)
{
    for (size_t i = 0; advanced_channels[i]; i++) {
        if (json_scan_is(name, advanced_channels[i])) {
            return advanced_channels[i];
        }
    }
    return NULL;
}

static enum err change_advanced(struct request *request, struct json_span name,
                                struct json_span products)
{
    const char *channel = find_advanced_channel(name);
    if (!channel) {
        complain(request, name, "is not a valid channel");
        return ERR_OK;
    }
    if (strcmp(channel, "heartbeats") == 0) { /* whatever products are named */
        if (request->subscribe) {
            return venue_subscriptions_add(request->subs, channel, "");
        }
        venue_subscriptions_remove(request->subs, channel, "");
        return ERR_OK;
    }
    enum err err = change(request, channel, products, false);
    return err || request->complaint ? err : change(request, channel, products, true);
}

/* {"channel":"subscriptions","timestamp":"...","sequence_num":0,"events":[{"subscriptions":{...}}]}
 */
static enum err confirm_advanced(const struct request *request, venue_reply_fn *reply)
{
    static const struct list_form form = {"\"", "\":[", "]"};
    char time[TIME_TEXT_MAX], head[TIME_TEXT_MAX + 96];
    time_format(time, request->wall_ns);
    snprintf(head, sizeof head,
             "{\"channel\":\"subscriptions\",\"timestamp\":\"%s\","
             "\"sequence_num\":0,\"events\":[{\"subscriptions\":{",
             time);
    return send_active(request, head, &form, "}}]}", reply);
}

static enum err answer_advanced(const uint8_t *data, size_t size, int64_t wall_ns,
                                struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                                venue_reply_fn *reply, void *arg)
{
    static const char *const names[] = {"type", "product_ids", "channel"};
    struct json_span values[3];
    struct request request = {subs, has_symbol, arg, wall_ns, false, "", NULL};
    const char *fault = read_request(data, size, names, values, &request);
    if (fault) {
        return refuse(fault, "", NULL, reply, arg);
    }
    enum err err = change_advanced(&request, values[2], values[1]);
    if (err) {
        return err;
    }
    return request.complaint ? refuse_request(&request, reply) : confirm_advanced(&request, reply);
}

const struct venue_serving coinbase_advanced_serving = {
    .open = open_target,
    .request = answer_advanced,
    .write_trades = coinbase_advanced_write_trades,
    .answer = coinbase_advanced_answer,
};
