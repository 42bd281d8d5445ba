#include "engine/base/time_text.h"
#include "engine/venue/bitstamp/bitstamp.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <string.h>

#define REPLY_BYTES_MAX 4096

static enum err open_root(const char *target, struct venue_subscriptions *subs)
{
    (void)subs;
    if (venue_path_of(target).size > 1) {
        return err_fail(ERR_UNKNOWN, "no such path '%s'; use /", target);
    }
    return ERR_OK;
}

/* ---- requests --------------------------------------------------------------------------------
 */

/* One request of a client and what answering it needs. */
struct request {
    struct venue_subscriptions *subs;
    venue_has_symbol_fn *has_symbol;
    venue_reply_fn *reply;
    void *arg;
    struct buf answer;
};

static enum err send(struct request *request, enum err err)
{
    return err ? err : request->reply(request->answer.data, request->answer.size, request->arg);
}

static enum err refuse(struct request *request, const char *message)
{
    enum err err = buf_printf(&request->answer,
                              "{\"event\":\"bts:error\",\"channel\":\"\",\"data\":{\"code\":null,"
                              "\"message\":\"%s\"}}",
                              message);
    return send(request, err);
}

static enum err confirm(struct request *request, const char *event, const char *word)
{
    enum err err = buf_printf(&request->answer, "{\"event\":\"bts:%s\",\"channel\":", event);
    err = err ? err : buf_append_json(&request->answer, word, strlen(word));
    err = err ? err : buf_append_text(&request->answer, ",\"data\":{}}");
    return send(request, err);
}

static bool is_channel(const char *channel)
{
    static const char *const known[] = {BITSTAMP_TRADES,     "live_orders",     "order_book",
                                        "detail_order_book", "diff_order_book", "funding_rate"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(channel, known[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum err change(struct request *request, struct json_span data, bool leave)
{
    static const char *const names[] = {"channel"};
    struct json_span value = {0};
    char word[BITSTAMP_WORD_MAX], channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    if (data.kind != SPAN_OBJECT || json_scan_pick(data, names, 1, &value) ||
        !json_scan_name(value, word, sizeof word) || !bitstamp_split(word, channel, symbol) ||
        !is_channel(channel) || !request->has_symbol(symbol, request->arg)) {
        return refuse(request, leave ? "Bad unsubscription string." : "Bad subscription string.");
    }
    if (leave) {
        venue_subscriptions_remove(request->subs, channel, symbol);
        return confirm(request, "unsubscription_succeeded", word);
    }
    enum err err = venue_subscriptions_add(request->subs, channel, symbol);
    if (err == ERR_LIMIT) {
        return refuse(request, "Too many subscriptions.");
    }
    return err ? err : confirm(request, "subscription_succeeded", word);
}

static enum err handle(struct request *request, struct json_span document)
{
    static const char *const names[] = {"event", "data"};
    struct json_span values[2] = {0};
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, names, 2, values)) {
        return refuse(request, "Incorrect JSON format.");
    }
    if (json_scan_is(values[0], "bts:heartbeat")) {
        return send(request, buf_append_text(&request->answer,
                                             "{\"event\":\"bts:heartbeat\",\"channel\":\"\","
                                             "\"data\":{\"status\":\"success\"}}"));
    }
    bool leave = json_scan_is(values[0], "bts:unsubscribe");
    if (leave || json_scan_is(values[0], "bts:subscribe")) {
        return change(request, values[1], leave);
    }
    return refuse(request, "Incorrect JSON format.");
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

/* ---- trades ----------------------------------------------------------------------------------
 */

/* Both forms of the numbers have all digits here: nothing passes through a double. Orders are not
 * kept in trades; what stands for their ids is the trade's. */
static enum err append_trade(struct buf *out, const struct trade *trade)
{
    char price[DECIMAL_TEXT_MAX], amount[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(amount, trade->quantity);
    enum err err = buf_printf(
        out,
        "{\"data\":{\"id\":%" PRIu64 ",\"timestamp\":\"%" PRId64 "\",\"amount\":%s,\"amount_str\":"
        "\"%s\",\"price\":%s,\"price_str\":\"%s\",\"type\":%d,\"microtimestamp\":\"%" PRId64 "\"",
        trade->id, trade->source_ns / NS_PER_S, amount, amount, price, price,
        trade->taker == TAKER_SELL, trade->source_ns / NS_PER_US);
    return err ? err
               : buf_printf(out, ",\"buy_order_id\":%" PRIu64 ",\"sell_order_id\":%" PRIu64 "}",
                            trade->id, trade->id);
}

static enum err write_trades(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out)
{
    (void)writing;
    buf_clear(out);
    *out_count = 0;
    if (count == 0) {
        return ERR_OK;
    }
    char word[BITSTAMP_WORD_MAX] = BITSTAMP_TRADES "_";
    memcpy(word + sizeof BITSTAMP_TRADES, trades[0].symbol, sizeof trades[0].symbol);
    enum err err = append_trade(out, &trades[0]);
    err = err ? err : buf_append_text(out, ",\"channel\":");
    err = err ? err : buf_append_json(out, word, strlen(word));
    err = err ? err : buf_append_text(out, ",\"event\":\"trade\"}");
    *out_count = err ? 0 : 1;
    return err;
}

const struct venue_serving bitstamp_serving = {
    .open = open_root,
    .request = request,
    .write_trades = write_trades,
    .answer = bitstamp_answer,
};
