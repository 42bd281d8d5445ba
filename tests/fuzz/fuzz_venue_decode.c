/*
 * Fuzzes all that venues make of foreign bytes. The first line says which venue and what to do with
 * the rest, "okx frames" or "kraken http 3"; a word that is none means one by its hash:
 *
 *     frames    frames of one connection, divided by NUL
 *     http      an HTTP answer; the number says to which address
 *     client    a client's request, then the same bytes as a frame of the tape
 *     name      a request target, an instrument, a symbol
 *     list      a page of the instrument list, and what is asked for with the names in it
 *     get       the target of an HTTP request to the played venue
 *     handshake the answer to a handshake
 *     respond   a frame that may demand an answer
 *
 * Beyond crashes: what is refused carries a reason and no trades, trades come sorted and in range,
 * klines are candles, instruments have names of their own, what a played venue sends is JSON or
 * "pong", and whatever an instrument list calls its symbols, messages stay JSON and targets stay
 * targets.
 */
#include "engine/tape/record.h"
#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WALL_NS INT64_C(1695633670428340000)

static const char *const urls[] = {
    "https://h/api/v3/trades?symbol=BTCUSDT", "https://h/fapi/v1/aggTrades?symbol=BTCUSDT",
    "https://h/products/BTC-USD/trades",      "https://h/market/products/BTC-USD/ticker",
    "https://h/0/public/Trades?pair=XBTUSDT",
};

static const char *const kline_urls[] = {
    "https://h/api/v3/klines?symbol=BTCUSDT&interval=1m",
    "https://h/v5/market/kline?symbol=BTCUSDT&interval=1",
    "https://h/api/v1/market/candles?symbol=BTC-USDT&type=1min",
    "https://h/api/v5/market/candles?instId=BTC-USDT&bar=1H",
    "https://h/0/public/OHLC?pair=XBTUSDT",
    "https://h/products/BTC-USD/candles?granularity=60",
};
#define KLINES 4

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

/* `count` of them came out, of which there was room for `max`. */
static void check_klines(const struct venue_kline *klines, size_t count, size_t max)
{
    assert(count <= max);
    for (size_t i = 0; i < count; i++) {
        const struct venue_kline *kline = &klines[i];
        assert(memchr(kline->symbol, '\0', sizeof kline->symbol) && kline->symbol[0] != '\0');
        assert(kline->size_ns > 0 && kline->open_ns > 0 && kline->state <= KLINE_FINAL);
        assert(!decimal_is_negative(kline->open) && !decimal_is_zero(kline->open));
        assert(!decimal_is_negative(kline->close) && !decimal_is_zero(kline->close));
        assert(decimal_compare(kline->low, kline->high) <= 0);
        assert(!decimal_is_negative(kline->volume));
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
    if (size != 4 || memcmp(data, "pong", 4) != 0)
        walk(json_scan_document(data, size));
    return ERR_OK;
}

static bool has_symbol(const char *symbol, void *arg)
{
    (void)arg;
    return symbol[0] != 'x';
}

/* As the venue spells one of these. */
static bool some_instrument(const struct venue *venue, struct instrument *out)
{
    static const char *const names[] = {"BTC-USDT", "BTC-USD", "BTC-USDT-PERP", "BTC-USD-PERP"};
    char symbol[SYMBOL_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (venue->symbol(names[i], symbol) == ERR_OK) {
            memset(out, 0, sizeof *out);
            venue->describe(symbol, out);
            return true;
        }
    }
    return false;
}

static void check_instrument(const struct instrument *item)
{
    assert(memchr(item->symbol, '\0', sizeof item->symbol));
    assert(memchr(item->request_symbol, '\0', sizeof item->request_symbol));
    assert(memchr(item->name, '\0', sizeof item->name) && item->name[0] != '\0');
    assert(memchr(item->base, '\0', sizeof item->base));
    assert(memchr(item->quote, '\0', sizeof item->quote));
    assert(memchr(item->contract_asset, '\0', sizeof item->contract_asset));
    assert(item->kind <= INSTRUMENT_OTHER && item->volume_unit <= VOLUME_QUOTE);
    assert(!decimal_is_negative(item->price_tick) && !decimal_is_negative(item->quantity_step));
    assert(!decimal_is_negative(item->contract_size));
}

/* ---- what the input is taken for ------------------------------------------------------------- */

static void decode(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    frame.connection = 1;
    while (size > 0) {
        const uint8_t *end = memchr(data, '\0', size);
        size_t length = end ? (size_t)(end - data) : size;
        enum err err = venue->decode(data, length, &frame);
        assert(!err);
        check_frame(&frame);
        if (venue->klines) {
            struct venue_kline klines[KLINES];
            check_klines(klines, venue->klines(&frame, data, length, klines, KLINES), KLINES);
            if (!venue->routed)
                check_klines(klines, venue->klines(NULL, data, length, klines, KLINES), KLINES);
        }
        size -= length + (end != NULL);
        data += length + (end != NULL);
    }
    venue_frame_release(&frame);
}

static void decode_http(const struct venue *venue, unsigned url, const uint8_t *data, size_t size)
{
    struct venue_frame frame;
    struct instrument instrument;
    struct buf target;
    buf_init(&target, 4096);
    venue_frame_init(&frame);
    const char *asked = urls[url % (sizeof urls / sizeof urls[0])];
    const struct venue_rest *rest = venue->rest;
    if (url % 2 == 0 && rest && rest->trades && some_instrument(venue, &instrument)) {
        struct venue_hole hole = {
            .instrument = &instrument,
            .channel = venue->recording->channels[0].name,
            .first_id = url & 4 ? 7 : 0,
            .last_id = url & 4 ? 11 : 0,
            .from_ns = WALL_NS - 60 * INT64_C(1000000000),
            .to_ns = WALL_NS,
            .now_ns = WALL_NS,
        };
        if (rest->trades(&hole, &target) == ERR_OK && buf_terminate(&target) == ERR_OK) {
            asked = (const char *)target.data;
        }
    }
    enum err err = venue->decode_http(asked, data, size, NULL, &frame);
    assert(!err);
    check_frame(&frame);
    venue_frame_release(&frame);
    buf_release(&target);
}

/* The same body as an answer to every request for klines. */
static void decode_klines(const struct venue *venue, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof kline_urls / sizeof kline_urls[0]; i++) {
        struct venue_kline klines[KLINES];
        size_t count = venue->klines_http(kline_urls[i], data, size, NULL, klines, KLINES);
        check_klines(klines, count, KLINES);
    }
}

static void check_message(const struct buf *out)
{
    walk(json_scan_document(out->data, out->size));
}

static void check_target(const struct buf *out)
{
    assert(out->size > 0 && out->data[0] == '/');
    for (size_t i = 0; i < out->size; i++)
        assert(out->data[i] > ' ' && out->data[i] < 0x7f && out->data[i] != '#');
}

/* Messages and targets with a symbol as a list spells it. */
static void ask_for(const struct venue *venue, const struct instrument *item)
{
    const char *const symbols[] = {item->symbol};
    struct venue_change change = {.symbols = symbols, .count = 1, .first_id = 7};
    struct venue_hole hole = {.instrument = item,
                              .channel = venue->recording->channels[0].name,
                              .first_id = 7,
                              .last_id = 11,
                              .from_ns = WALL_NS - INT64_C(60000000000),
                              .to_ns = WALL_NS,
                              .now_ns = WALL_NS};
    struct buf out;
    buf_init(&out, 1 << 16);
    for (const struct venue_channel *at = venue->recording->channels; at->name; at++) {
        change.channel = at->name;
        for (int leave = 0; leave < 2; leave++) {
            change.leave = leave;
            for (size_t i = 0; venue->recording->subscribe(&change, i, &out) == ERR_OK; i++)
                check_message(&out);
        }
    }
    if (venue->rest->trades && venue->rest->trades(&hole, &out) == ERR_OK)
        check_target(&out);
    buf_release(&out);
}

static void decode_list(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct instrument_list list;
    struct buf target;
    instrument_list_init(&list);
    buf_init(&target, 4096);
    enum err err = venue->rest->list(0, NULL, 0, &target);
    assert(!err && buf_terminate(&target) == ERR_OK);
    assert(venue->rest->is_list((const char *)target.data));
    err = venue->rest->decode_list((const char *)target.data, data, size, &list);
    assert(err != ERR_NOMEM);
    for (size_t i = 0; i < list.count; i++) {
        const struct instrument *item = &list.items[i];
        check_instrument(item);
        assert(instrument_list_symbol(&list, item->symbol) == item);
        assert(instrument_list_name(&list, item->name) == item);
        if (i < 4 && venue->recording)
            ask_for(venue, item);
    }
    /* The next page is asked for as this one says, in a form that is known again. */
    err = venue->rest->list(1, data, size, &target);
    if (!err) {
        check_target(&target);
        assert(buf_terminate(&target) == ERR_OK);
        assert(venue->rest->is_list((const char *)target.data));
    }
    buf_release(&target);
    instrument_list_release(&list);
}

/* A client asks, then gets the same bytes as a frame of the tape. */
static void ask(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct venue_subscriptions subs;
    struct buf out;
    venue_subscriptions_init(&subs);
    buf_init(&out, 1 << 20);
    enum err err =
        venue->serving->request(data, size, WALL_NS, &subs, has_symbol, check_reply, NULL);
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
static void name(const struct venue *venue, const char *text)
{
    char symbol[SYMBOL_MAX];
    struct venue_subscriptions subs;
    struct instrument instrument = {0};
    venue_subscriptions_init(&subs);
    (void)venue->serving->open(text, &subs);
    venue_subscriptions_release(&subs);
    if (text[0] != '\0') {
        venue->describe(text, &instrument);
        check_instrument(&instrument);
    }
    if (venue->symbol(text, symbol) == ERR_OK) {
        assert(strlen(symbol) < SYMBOL_MAX);
        venue->describe(symbol, &instrument);
        check_instrument(&instrument);
    }
}

static size_t past_trades(const char *symbol, const struct venue_span *span, size_t max,
                          struct trade *out, void *arg)
{
    size_t count = max < 3 ? max : 3;
    (void)arg;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct trade){.source_ns = WALL_NS + (int64_t)i,
                                .has_id = true,
                                .id = 7 + i,
                                .first_id = 7 + i,
                                .last_id = 7 + i,
                                .count = 1,
                                .price = {100, 2},
                                .quantity = {1, 3},
                                .taker = TAKER_BUY,
                                .flags = span->aggregated ? TRADE_AGGREGATED : 0};
        strncpy(out[i].symbol, symbol, SYMBOL_MAX - 1);
    }
    return count;
}

/* The text is the target of a GET, and of a POST. */
static void answer(const struct venue *venue, const char *target)
{
    struct instrument instrument;
    struct venue_past past = {.instruments = &instrument, .trades = past_trades};
    struct buf out;
    past.instrument_count = some_instrument(venue, &instrument);
    buf_init(&out, 1 << 20);
    for (int post = 0; post < 2 && venue->serving->answer; post++) {
        int status = 200;
        enum err err = venue->serving->answer(post ? "POST" : "GET", target, "h:1", WALL_NS, &past,
                                              &status, &out);
        assert(err == ERR_OK || err == ERR_UNKNOWN);
        if (!err) {
            struct json_span span = json_scan_document(out.data, out.size);
            assert(span.kind == SPAN_OBJECT || span.kind == SPAN_ARRAY);
        }
    }
    buf_release(&out);
}

static void shake_hands(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct buf url;
    int64_t keepalive_ns = 1;
    buf_init(&url, 1 << 16);
    if (venue->recording->handshake->address(data, size, 1, &url, &keepalive_ns) == ERR_OK) {
        assert(url.size > 5 && memcmp(url.data, "ws", 2) == 0 && keepalive_ns > 0);
    }
    buf_release(&url);
}

static void respond(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    if (venue->recording->respond(data, size, &out) == ERR_OK) {
        assert(out.size > 0);
    }
    buf_release(&out);
}

static void as_text(const struct venue *venue, void (*use)(const struct venue *, const char *),
                    const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    use(venue, text);
    free(text);
}

/* ---- the first line -------------------------------------------------------------------------- */

enum what { FRAMES, HTTP, CLIENT, NAME, LIST, GET, HANDSHAKE, RESPOND, WHAT_COUNT };

static const char *const whats[WHAT_COUNT] = {"frames", "http", "client",    "name",
                                              "list",   "get",  "handshake", "respond"};

static unsigned hash(const char *word)
{
    unsigned sum = 2166136261u;
    for (; *word; word++)
        sum = (sum ^ (unsigned char)*word) * 16777619u;
    return sum;
}

static const struct venue *find_venue(const char *word)
{
    const struct venue *venue = venue_find(word);
    size_t count = 0;
    while (venue_all()[count])
        count++;
    return venue ? venue : venue_all()[hash(word) % count];
}

static enum what find_what(const char *word)
{
    for (unsigned i = 0; i < WHAT_COUNT; i++)
        if (strcmp(whats[i], word) == 0)
            return (enum what)i;
    return (enum what)(hash(word) % WHAT_COUNT);
}

static void use(const struct venue *venue, enum what what, unsigned number, const uint8_t *data,
                size_t size)
{
    const struct venue_recording *recording = venue->recording;
    if (what == FRAMES)
        decode(venue, data, size);
    else if (what == HTTP && venue->decode_http) {
        decode_http(venue, number, data, size);
        if (venue->klines_http)
            decode_klines(venue, data, size);
    } else if (what == CLIENT && venue->serving)
        ask(venue, data, size);
    else if (what == NAME && venue->serving)
        as_text(venue, name, data, size);
    else if (what == LIST && venue->rest)
        decode_list(venue, data, size);
    else if (what == GET && venue->serving)
        as_text(venue, answer, data, size);
    else if (what == HANDSHAKE && recording && recording->handshake)
        shake_hands(venue, data, size);
    else if (what == RESPOND && recording && recording->respond)
        respond(venue, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[64], venue[32] = "", what[32] = "";
    unsigned number = 0;
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end || (size_t)(end - data) >= sizeof line)
        return 0;
    memcpy(line, data, (size_t)(end - data));
    line[end - data] = '\0';
    sscanf(line, "%31s %31s %3u", venue, what, &number);
    size -= (size_t)(end + 1 - data);
    use(find_venue(venue), find_what(what), number, end + 1, size);
    return 0;
}
