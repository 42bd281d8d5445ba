/*
 * Fuzzes all that venues make of foreign bytes. First byte: which venue and what to do with the
 * rest
 *
 *     venue = byte % 7; (byte / 7) % 4: 0 decode a frame, 1 an HTTP answer, 2 a client's request,
 *     3 a request target or a name
 *
 * Beyond crashes: what is refused carries a reason and no trades, trades come sorted and in range,
 * and what a played venue sends is JSON.
 */
#include "engine/tape/record.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const urls[] = {
    "https://h/api/v3/trades?symbol=BTCUSDT", "https://h/fapi/v1/aggTrades?symbol=BTCUSDT",
    "https://h/products/BTC-USD/trades",      "https://h/market/products/BTC-USD/ticker",
    "https://h/0/public/Trades?pair=XBTUSDT",
};

static void check_frame(const struct venue_frame *frame)
{
    assert(memchr(frame->channel, '\0', sizeof frame->channel));
    assert(memchr(frame->symbol, '\0', sizeof frame->symbol));
    assert(memchr(frame->error, '\0', sizeof frame->error));
    assert(frame->kind == VENUE_TRADES || frame->trade_count == 0);
    assert(frame->kind != VENUE_MALFORMED || frame->error[0] != '\0');
    for (size_t i = 0; i < frame->trade_count; i++) {
        const struct trade *trade = &frame->trades[i];
        assert(i == 0 || trade_compare(trade - 1, trade) <= 0);
        assert(trade->symbol[0] != '\0' && trade->source_ns > 0);
        assert(!decimal_is_negative(trade->price) && !decimal_is_negative(trade->quantity));
        assert(trade->flags & TRADE_EXCLUDED ||
               (trade->count > 0 && !decimal_is_zero(trade->price)));
    }
}

static void walk(struct json_span span)
{
    struct json_scan scan;
    struct json_span key, value;
    assert(span.kind == SPAN_OBJECT);
    json_scan_open(&scan, span);
    while (json_scan_next(&scan, &key, &value)) {
    }
    assert(!scan.fault);
}

static enum err check_reply(const void *data, size_t size, void *arg)
{
    (void)arg;
    walk(json_scan_document(data, size));
    return ERR_OK;
}

static bool has_symbol(const char *symbol, void *arg)
{
    (void)arg;
    return symbol[0] != 'x';
}

/* A client asks, then gets the same bytes as a frame of the tape. */
static void ask(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct venue_subscriptions subs;
    struct buf out;
    venue_subscriptions_init(&subs);
    buf_init(&out, 1 << 20);
    enum err err = venue->serving->request(data, size, INT64_C(1695633670428340000), &subs,
                                           has_symbol, check_reply, NULL);
    assert(!err);
    if (venue->serving->reframe) {
        struct venue_frame frame;
        venue_frame_init(&frame);
        err = venue->decode(data, size, &frame);
        assert(!err);
        err = venue->serving->reframe(&frame, data, size, &subs, &out);
        assert(!err);
        venue_frame_release(&frame);
    }
    buf_release(&out);
    venue_subscriptions_release(&subs);
}

/* A request target; the same text as an instrument and as a symbol. */
static void name(const struct venue *venue, const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), symbol[SYMBOL_MAX], instrument[INSTRUMENT_MAX];
    memcpy(text, data, size);
    text[size] = '\0';
    struct venue_subscriptions subs;
    venue_subscriptions_init(&subs);
    (void)venue->serving->open(text, &subs);
    venue_subscriptions_release(&subs);
    venue->instrument(text, instrument);
    if (venue->symbol(text, symbol) == ERR_OK) {
        assert(strlen(symbol) < SYMBOL_MAX);
        venue->instrument(symbol, instrument);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct venue_frame frame;
    if (size == 0) {
        return 0;
    }
    const struct venue *venue = venue_all()[data[0] % 7];
    unsigned what = data[0] / 7u % 4, url = data[0] / 28u % 5;
    data++;
    size--;
    if (what == 2) {
        ask(venue, data, size);
    } else if (what == 3) {
        name(venue, data, size);
    } else if (what == 0 || venue->decode_http) {
        enum err err = what == 0 ? venue->decode(data, size, &frame)
                                 : venue->decode_http(urls[url], data, size, &frame);
        assert(!err);
        check_frame(&frame);
    }
    return 0;
}
