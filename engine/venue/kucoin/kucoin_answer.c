#include "engine/venue/kucoin/kucoin.h"
#include "engine/venue/venue_past.h"
#include "engine/venue/venue_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 100

static enum err refuse(const char *code, const char *text, int *out_status, struct buf *out)
{
    *out_status = 400;
    return buf_printf(out, "{\"code\":\"%s\",\"msg\":\"%s\"}", code, text);
}

static enum err member(struct buf *out, const char *before, const char *value)
{
    enum err err = buf_append_text(out, before);
    return err ? err : buf_append_json(out, value, strlen(value));
}

static enum err number(struct buf *out, const char *before, struct decimal value)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, value);
    return member(out, before, text);
}

/* ---- instruments -----------------------------------------------------------------------------
 */

static enum err append_instrument(struct buf *out, const struct instrument *item)
{
    enum err err = member(out, "{\"symbol\":", item->symbol);
    err = err ? err : member(out, ",\"name\":", item->symbol);
    err = err ? err : member(out, ",\"baseCurrency\":", item->base);
    err = err ? err : member(out, ",\"quoteCurrency\":", item->quote);
    err = err ? err : number(out, ",\"baseIncrement\":", item->quantity_step);
    err = err ? err : number(out, ",\"priceIncrement\":", item->price_tick);
    return err ? err : buf_printf(out, ",\"enableTrading\":%s}", item->trading ? "true" : "false");
}

static enum err answer_list(const struct venue_past *past, struct buf *out)
{
    enum err err = buf_append_text(out, "{\"code\":\"200000\",\"data\":[");
    for (size_t i = 0; i < past->instrument_count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_instrument(out, &past->instruments[i]);
    }
    return err ? err : buf_append_text(out, "]}");
}

/* ---- trades ----------------------------------------------------------------------------------
 */

static enum err append_row(struct buf *out, const struct trade *trade)
{
    enum err err = buf_printf(out, "{\"sequence\":\"%" PRIu64 "\"", trade->id);
    err = err ? err : number(out, ",\"price\":", trade->price);
    err = err ? err : number(out, ",\"size\":", trade->quantity);
    return err ? err
               : buf_printf(out, ",\"side\":\"%s\",\"time\":%" PRId64 "}",
                            trade->taker == TAKER_SELL ? "sell" : "buy", trade->source_ns);
}

/* The newest hundred, oldest first. */
static enum err answer_trades(struct venue_path path, const struct venue_past *past,
                              int *out_status, struct buf *out)
{
    char symbol[SYMBOL_MAX] = "";
    struct venue_span span = VENUE_SPAN_ALL;
    struct trade *trades = NULL;
    size_t count = 0;
    span.newest = true;
    const struct instrument *instrument = venue_path_param(path, "symbol", symbol, sizeof symbol)
                                              ? venue_past_find(past, symbol)
                                              : NULL;
    if (!instrument) {
        return refuse("400100", "symbol not exists", out_status, out);
    }
    enum err err = venue_past_trades(past, instrument->symbol, &span, ROWS_MAX, &trades, &count);
    err = err ? err : buf_append_text(out, "{\"code\":\"200000\",\"data\":[");
    for (size_t i = 0; i < count && !err; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_row(out, &trades[i]);
    }
    free(trades);
    return err ? err : buf_append_text(out, "]}");
}

/* ---- handshake -------------------------------------------------------------------------------
 */

/* Played venues speak without TLS. A host that could not stand in an address is none of a client.
 */
static enum err answer_handshake(const char *host, int *out_status, struct buf *out)
{
    char endpoint[256];
    const char *const parts[] = {"ws://", host, "/endpoint", NULL};
    if (host[0] == '\0' || strpbrk(host, "/?#@ ") || !buf_is_utf8(host, strlen(host)) ||
        venue_name_join(endpoint, sizeof endpoint, parts)) {
        return refuse("400001", "Please check the URL of your request.", out_status, out);
    }
    enum err err = buf_append_text(out, "{\"code\":\"200000\",\"data\":{\"token\":\"played\","
                                        "\"instanceServers\":[{");
    err = err ? err : member(out, "\"endpoint\":", endpoint);
    return err ? err
               : buf_append_text(out, ",\"encrypt\":false,\"protocol\":\"websocket\","
                                      "\"pingInterval\":18000,\"pingTimeout\":10000}]}}");
}

enum err kucoin_answer(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out)
{
    struct venue_path path = venue_path_of(target);
    bool get = strcmp(method, "GET") == 0;
    (void)wall_ns;
    *out_status = 200;
    buf_clear(out);
    if (get && venue_path_ends(path, KUCOIN_LIST)) {
        return answer_list(past, out);
    }
    if (get && venue_path_ends(path, KUCOIN_HISTORIES)) {
        return answer_trades(path, past, out_status, out);
    }
    if (strcmp(method, "POST") == 0 && venue_path_ends(path, KUCOIN_HANDSHAKE)) {
        return answer_handshake(host, out_status, out);
    }
    return err_fail(ERR_UNKNOWN, "no such path '%s'; use " KUCOIN_LIST, target);
}
