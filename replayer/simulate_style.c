#include "replayer/simulate_style.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- numbers and times ---------------------------------------------------------------------- */

size_t simulate_number(char text[DECIMAL_TEXT_MAX], int64_t value, int digits, int wire)
{
    struct decimal number = {.mantissa = value, .scale = (uint8_t)digits};
    if (wire < 0) {
        while (number.scale > 0 && number.mantissa % 10 == 0) {
            number.mantissa /= 10;
            number.scale--;
        }
    }
    while (number.scale < wire) {
        number.mantissa *= 10;
        number.scale++;
    }
    return decimal_format(text, number);
}

size_t simulate_time(char text[TIME_TEXT_MAX], int64_t time_ns, int digits)
{
    int64_t fraction = time_ns % NS_PER_S;
    size_t length = time_format(text, time_ns - fraction);
    length--; /* the Z */
    char tail[24];
    int size = snprintf(tail, sizeof tail, ".%09" PRId64, fraction);
    if (digits >= 0)
        size = digits == 0 ? 0 : digits + 1;
    else
        while (size > 0 && (tail[size - 1] == '0' || tail[size - 1] == '.'))
            size = tail[size - 1] == '.' ? 0 : size - 1;
    memcpy(text + length, tail, (size_t)size);
    memcpy(text + length + size, "Z", 2);
    return length + (size_t)size + 1;
}

bool simulate_channel_aggregates(const char *channel)
{
    return strcmp(channel, "aggTrade") == 0;
}

/* A trade's numbers as text. */
struct trade_text {
    char price[DECIMAL_TEXT_MAX];
    char quantity[DECIMAL_TEXT_MAX];
};

static int64_t quantity_of(const struct simulate_frame *frame)
{
    int64_t sum = 0;
    for (size_t i = 0; i < frame->count; i++)
        sum += frame->trades[i]->quantity;
    return sum;
}

/* ---- binance: spot, USD-M, COIN-M ----------------------------------------------------------- */

static enum err open_stream(const struct simulate_frame *frame, struct buf *out)
{
    if (!frame->combined)
        return ERR_OK;
    char lower[SYMBOL_MAX];
    size_t length = strlen(frame->market->symbol);
    for (size_t i = 0; i <= length; i++)
        lower[i] = (char)tolower((unsigned char)frame->market->symbol[i]);
    return buf_printf(out, "{\"stream\":\"%s@%s\",\"data\":", lower, frame->channel);
}

static enum err close_stream(const struct simulate_frame *frame, struct buf *out)
{
    return frame->combined ? buf_append_byte(out, '}') : ERR_OK;
}

static enum err spot_row(const struct simulate_frame *frame, const struct trade_text *text,
                         struct buf *out)
{
    const struct simulate_trade *first = frame->trades[0];
    const struct simulate_trade *last = frame->trades[frame->count - 1];
    int64_t trade_ms = first->source_ns / NS_PER_MS;
    int64_t event_ms = frame->venue_ns / NS_PER_MS;
    const char *maker = first->taker_buy ? "false" : "true";
    if (simulate_channel_aggregates(frame->channel))
        return buf_printf(out,
                          "{\"e\":\"aggTrade\",\"E\":%" PRId64 ",\"s\":\"%s\",\"a\":%" PRIu64
                          ",\"p\":\"%s\",\"q\":\"%s\",\"f\":%" PRIu64 ",\"l\":%" PRIu64
                          ",\"T\":%" PRId64 ",\"m\":%s,\"M\":true}",
                          event_ms, frame->market->symbol, first->aggregate, text->price,
                          text->quantity, first->id, last->id, trade_ms, maker);
    return buf_printf(out,
                      "{\"e\":\"trade\",\"E\":%" PRId64 ",\"s\":\"%s\",\"t\":%" PRIu64
                      ",\"p\":\"%s\",\"q\":\"%s\",\"T\":%" PRId64 ",\"m\":%s,\"M\":true}",
                      event_ms, frame->market->symbol, first->id, text->price, text->quantity,
                      trade_ms, maker);
}

static enum err futures_row(const struct simulate_frame *frame, const struct trade_text *text,
                            struct buf *out)
{
    const struct simulate_trade *first = frame->trades[0];
    const struct simulate_trade *last = frame->trades[frame->count - 1];
    int64_t trade_ms = first->source_ns / NS_PER_MS;
    int64_t event_ms = frame->venue_ns / NS_PER_MS;
    const char *maker = first->taker_buy ? "false" : "true";
    if (simulate_channel_aggregates(frame->channel))
        return buf_printf(out,
                          "{\"e\":\"aggTrade\",\"E\":%" PRId64 ",\"a\":%" PRIu64
                          ",\"s\":\"%s\",\"p\":\"%s\",\"q\":\"%s\",\"f\":%" PRIu64 ",\"l\":%" PRIu64
                          ",\"T\":%" PRId64 ",\"m\":%s}",
                          event_ms, first->aggregate, frame->market->symbol, text->price,
                          text->quantity, first->id, last->id, trade_ms, maker);
    return buf_printf(out,
                      "{\"e\":\"trade\",\"E\":%" PRId64 ",\"T\":%" PRId64
                      ",\"s\":\"%s\",\"t\":%" PRIu64
                      ",\"p\":\"%s\",\"q\":\"%s\",\"X\":\"%s\",\"m\":%s}",
                      event_ms, trade_ms, frame->market->symbol, first->id, text->price,
                      text->quantity, first->off_book ? first->off_book : "MARKET", maker);
}

static enum err binance_trades(const struct simulate_frame *frame, int price_wire,
                               int quantity_wire, struct buf *out,
                               enum err (*row)(const struct simulate_frame *,
                                               const struct trade_text *, struct buf *))
{
    const struct simulate_digits *digits = &frame->market->options.digits;
    const struct simulate_trade *first = frame->trades[0];
    struct trade_text text;
    bool zero = first->price == 0;
    simulate_number(text.price, first->price, zero ? 0 : digits->price, zero ? 0 : price_wire);
    simulate_number(text.quantity, quantity_of(frame), zero ? 0 : digits->quantity,
                    zero ? 0 : quantity_wire);
    enum err err = open_stream(frame, out);
    if (err == ERR_OK)
        err = row(frame, &text, out);
    if (err == ERR_OK)
        err = close_stream(frame, out);
    return err;
}

static enum err spot_trades(const struct simulate_frame *frame, struct buf *out)
{
    return binance_trades(frame, 8, 8, out, spot_row);
}

static enum err futures_trades(const struct simulate_frame *frame, struct buf *out)
{
    const struct simulate_digits *digits = &frame->market->options.digits;
    return binance_trades(frame, digits->price, digits->quantity, out, futures_row);
}

/* Best bid and ask with sizes drawn now. */
struct book_text {
    char bid[DECIMAL_TEXT_MAX], bid_size[DECIMAL_TEXT_MAX];
    char ask[DECIMAL_TEXT_MAX], ask_size[DECIMAL_TEXT_MAX];
};

static void book_text(const struct simulate_frame *frame, struct book_text *text, int price_wire,
                      int quantity_wire)
{
    const struct simulate_market *market = frame->market;
    const struct simulate_digits *digits = &market->options.digits;
    simulate_number(text->bid, simulate_market_bid(market), digits->price, price_wire);
    simulate_number(text->ask, simulate_market_ask(market), digits->price, price_wire);
    simulate_number(text->bid_size, rng_between(frame->rng, 1, 500000), digits->quantity,
                    quantity_wire);
    simulate_number(text->ask_size, rng_between(frame->rng, 1, 500000), digits->quantity,
                    quantity_wire);
}

static enum err spot_book(const struct simulate_frame *frame, struct buf *out)
{
    struct book_text text;
    book_text(frame, &text, 8, 8);
    frame->market->sequence += 1 + rng_below(frame->rng, 20);
    enum err err = open_stream(frame, out);
    if (err == ERR_OK)
        err = buf_printf(out,
                         "{\"u\":%" PRIu64 ",\"s\":\"%s\",\"b\":\"%s\",\"B\":\"%s\","
                         "\"a\":\"%s\",\"A\":\"%s\"}",
                         frame->market->sequence, frame->market->symbol, text.bid, text.bid_size,
                         text.ask, text.ask_size);
    if (err == ERR_OK)
        err = close_stream(frame, out);
    return err;
}

static enum err futures_book(const struct simulate_frame *frame, struct buf *out)
{
    const struct simulate_digits *digits = &frame->market->options.digits;
    struct book_text text;
    book_text(frame, &text, digits->price, digits->quantity);
    frame->market->sequence += 1 + rng_below(frame->rng, 20);
    int64_t now_ms = frame->venue_ns / NS_PER_MS;
    enum err err = open_stream(frame, out);
    if (err == ERR_OK)
        err = buf_printf(out,
                         "{\"e\":\"bookTicker\",\"u\":%" PRIu64
                         ",\"s\":\"%s\",\"b\":\"%s\",\"B\":\"%s\",\"a\":\"%s\",\"A\":\"%s\","
                         "\"T\":%" PRId64 ",\"E\":%" PRId64 "}",
                         frame->market->sequence, frame->market->symbol, text.bid, text.bid_size,
                         text.ask, text.ask_size, now_ms, now_ms);
    if (err == ERR_OK)
        err = close_stream(frame, out);
    return err;
}

/* ---- coinbase Exchange ---------------------------------------------------------------------- */

static void order_id(struct rng *rng, char text[37])
{
    uint64_t a = rng_next(rng), b = rng_next(rng);
    snprintf(text, 37, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xFFFF), (unsigned)(a & 0xFFF),
             (unsigned)(b >> 48 & 0x3FFF) | 0x8000, b & UINT64_C(0xFFFFFFFFFFFF));
}

/* `side` on this feed is the maker's. */
static enum err coinbase_trades(const struct simulate_frame *frame, struct buf *out)
{
    struct simulate_market *market = frame->market;
    const struct simulate_trade *trade = frame->trades[0];
    char price[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX], time[TIME_TEXT_MAX];
    char maker[37], taker[37];
    simulate_number(price, trade->price, market->options.digits.price, -1);
    simulate_number(size, trade->quantity, market->options.digits.quantity, -1);
    simulate_time(time, trade->source_ns, 6);
    order_id(frame->rng, maker);
    order_id(frame->rng, taker);
    market->sequence += 1 + rng_below(frame->rng, 40);
    return buf_printf(out,
                      "{\"type\":\"%s\",\"trade_id\":%" PRIu64
                      ",\"maker_order_id\":\"%s\",\"taker_order_id\":\"%s\",\"side\":\"%s\","
                      "\"size\":\"%s\",\"price\":\"%s\",\"product_id\":\"%s\","
                      "\"sequence\":%" PRIu64 ",\"time\":\"%s\"}",
                      frame->snapshot ? "last_match" : "match", trade->id, maker, taker,
                      trade->taker_buy ? "sell" : "buy", size, price, market->symbol,
                      market->sequence, time);
}

/* `side` on this channel is the taker's. */
static enum err coinbase_ticker(const struct simulate_frame *frame, struct buf *out)
{
    struct simulate_market *market = frame->market;
    const struct simulate_digits *digits = &market->options.digits;
    struct book_text text;
    char price[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX], time[TIME_TEXT_MAX];
    book_text(frame, &text, -1, -1);
    simulate_number(price, market->last_price, digits->price, -1);
    simulate_number(size, market->last_quantity, digits->quantity, -1);
    simulate_time(time, frame->venue_ns, 6);
    return buf_printf(
        out,
        "{\"type\":\"ticker\",\"sequence\":%" PRIu64
        ",\"product_id\":\"%s\",\"price\":\"%s\",\"open_24h\":\"%s\","
        "\"volume_24h\":\"%" PRIu64 ".50860000\",\"low_24h\":\"%s\","
        "\"high_24h\":\"%s\",\"volume_30d\":\"%" PRIu64
        ".13097226\",\"best_bid\":\"%s\",\"best_bid_size\":\"%s\","
        "\"best_ask\":\"%s\",\"best_ask_size\":\"%s\",\"side\":\"%s\","
        "\"time\":\"%s\",\"trade_id\":%" PRIu64 ",\"last_size\":\"%s\"}",
        market->sequence, market->symbol, price, text.bid, 10000 + market->next_id % 1000, text.bid,
        text.ask, 300000 + market->next_id % 1000, text.bid, text.bid_size, text.ask, text.ask_size,
        market->last_taker_buy ? "buy" : "sell", time, market->next_id - 1, size);
}

static enum err coinbase_heartbeat(const struct simulate_frame *frame, struct buf *out)
{
    char time[TIME_TEXT_MAX];
    simulate_time(time, frame->venue_ns, 6);
    frame->market->sequence += 1 + rng_below(frame->rng, 40);
    return buf_printf(out,
                      "{\"type\":\"heartbeat\",\"last_trade_id\":%" PRIu64
                      ",\"product_id\":\"%s\",\"sequence\":%" PRIu64 ",\"time\":\"%s\"}",
                      frame->market->next_id - 1, frame->market->symbol, frame->market->sequence,
                      time);
}

/* ---- coinbase Advanced Trade ---------------------------------------------------------------- */

static enum err advanced_open(const struct simulate_frame *frame, const char *channel,
                              struct buf *out)
{
    char time[TIME_TEXT_MAX];
    simulate_time(time, frame->venue_ns, -1);
    return buf_printf(
        out, "{\"channel\":\"%s\",\"timestamp\":\"%s\",\"sequence_num\":%" PRIu64 ",\"events\":[{",
        channel, time, frame->sequence);
}

/* `side` on this channel is the maker's too: what trades at the ask says SELL. */
static enum err advanced_trade(const struct simulate_market *market,
                               const struct simulate_trade *trade, bool comma, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], size[DECIMAL_TEXT_MAX], time[TIME_TEXT_MAX];
    simulate_number(price, trade->price, market->options.digits.price, -1);
    simulate_number(size, trade->quantity, market->options.digits.quantity, -1);
    simulate_time(time, trade->source_ns, -1);
    return buf_printf(out,
                      "%s{\"product_id\":\"%s\",\"trade_id\":\"%" PRIu64
                      "\",\"price\":\"%s\",\"size\":\"%s\",\"time\":\"%s\",\"side\":\"%s\"}",
                      comma ? "," : "", market->symbol, trade->id, price, size, time,
                      trade->taker_buy ? "SELL" : "BUY");
}

/* Newest first. */
static enum err advanced_trades(const struct simulate_frame *frame, struct buf *out)
{
    enum err err = advanced_open(frame, frame->channel, out);
    if (err == ERR_OK)
        err = buf_printf(out, "\"type\":\"%s\",\"trades\":[",
                         frame->snapshot ? "snapshot" : "update");
    for (size_t i = frame->count; err == ERR_OK && i-- > 0;)
        err = advanced_trade(frame->market, frame->trades[i], i + 1 < frame->count, out);
    if (err == ERR_OK)
        err = buf_append_text(out, "]}]}");
    return err;
}

static enum err advanced_ticker(const struct simulate_frame *frame, struct buf *out)
{
    struct simulate_market *market = frame->market;
    struct book_text text;
    char price[DECIMAL_TEXT_MAX];
    book_text(frame, &text, -1, -1);
    simulate_number(price, market->last_price, market->options.digits.price, -1);
    enum err err = advanced_open(frame, frame->channel, out);
    if (err == ERR_OK)
        err = buf_printf(out,
                         "\"type\":\"update\",\"tickers\":[{\"type\":\"ticker\","
                         "\"product_id\":\"%s\",\"price\":\"%s\",\"volume_24_h\":\"%" PRIu64
                         ".28770938\",\"low_24_h\":\"%s\",\"high_24_h\":\"%s\","
                         "\"best_bid\":\"%s\",\"best_bid_quantity\":\"%s\","
                         "\"best_ask\":\"%s\",\"best_ask_quantity\":\"%s\"}]}]}",
                         market->symbol, price, 10000 + market->next_id % 1000, text.bid, text.ask,
                         text.bid, text.bid_size, text.ask, text.ask_size);
    return err;
}

/* The venue writes this time in the form of its own language. */
static enum err advanced_heartbeat(const struct simulate_frame *frame, struct buf *out)
{
    char time[TIME_TEXT_MAX];
    int64_t now = frame->venue_ns - 2 * NS_PER_MS;
    simulate_time(time, now, 9);
    time[10] = ' ';
    time[29] = '\0';
    int64_t uptime = now % (100000 * NS_PER_S);
    enum err err = advanced_open(frame, "heartbeats", out);
    if (err == ERR_OK)
        err = buf_printf(out,
                         "\"current_time\":\"%s +0000 UTC m=+%" PRId64 ".%09" PRId64
                         "\",\"heartbeat_counter\":%" PRId64 "}]}",
                         time, uptime / NS_PER_S, uptime % NS_PER_S, uptime / NS_PER_S);
    return err;
}

/* ---- kraken v2 ------------------------------------------------------------------------------ */

static enum err kraken_trade(const struct simulate_market *market,
                             const struct simulate_trade *trade, bool comma, struct buf *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX], time[TIME_TEXT_MAX];
    simulate_number(price, trade->price, market->options.digits.price,
                    market->options.digits.price);
    simulate_number(quantity, trade->quantity, market->options.digits.quantity, 8);
    simulate_time(time, trade->source_ns, 6);
    return buf_printf(out,
                      "%s{\"symbol\":\"%s\",\"side\":\"%s\",\"price\":%s,\"qty\":%s,"
                      "\"ord_type\":\"%s\",\"trade_id\":%" PRIu64 ",\"timestamp\":\"%s\"}",
                      comma ? "," : "", market->symbol, trade->taker_buy ? "buy" : "sell", price,
                      quantity, trade->id % 3 ? "limit" : "market", trade->id, time);
}

/* Updates come oldest first, snapshots newest first. */
static enum err kraken_trades(const struct simulate_frame *frame, struct buf *out)
{
    enum err err = buf_printf(out, "{\"channel\":\"trade\",\"type\":\"%s\",\"data\":[",
                              frame->snapshot ? "snapshot" : "update");
    for (size_t i = 0; err == ERR_OK && i < frame->count; i++) {
        size_t index = frame->snapshot ? frame->count - 1 - i : i;
        err = kraken_trade(frame->market, frame->trades[index], i > 0, out);
    }
    if (err == ERR_OK)
        err = buf_append_text(out, "]}");
    return err;
}

static enum err kraken_ticker(const struct simulate_frame *frame, struct buf *out)
{
    struct simulate_market *market = frame->market;
    const struct simulate_digits *digits = &market->options.digits;
    struct book_text text;
    char last[DECIMAL_TEXT_MAX];
    book_text(frame, &text, digits->price, 8);
    simulate_number(last, market->last_price, digits->price, digits->price);
    return buf_printf(out,
                      "{\"channel\":\"ticker\",\"type\":\"update\",\"data\":[{\"symbol\":\"%s\","
                      "\"bid\":%s,\"bid_qty\":%s,\"ask\":%s,\"ask_qty\":%s,\"last\":%s,"
                      "\"volume\":%" PRIu64 ".24790521,\"vwap\":%s,\"low\":%s,\"high\":%s,"
                      "\"change\":0.0,\"change_pct\":0.00}]}",
                      market->symbol, text.bid, text.bid_size, text.ask, text.ask_size, last,
                      1000 + market->next_id % 1000, last, text.bid, text.ask);
}

static enum err kraken_heartbeat(const struct simulate_frame *frame, struct buf *out)
{
    (void)frame;
    return buf_append_text(out, "{\"channel\":\"heartbeat\"}");
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct simulate_style styles[] = {
    {
        .venue = "binance",
        .instruments = "BTC-USDT,ETH-USDT",
        .tick = 1,
        .precision_ns = NS_PER_MS,
        .book_channel = "bookTicker",
        .trades = spot_trades,
        .book = spot_book,
    },
    {
        .venue = "binance-usdm",
        .instruments = "BTC-USDT-PERP,ETH-USDT-PERP",
        .coarse_quantity = true,
        .tick = 10,
        .precision_ns = NS_PER_MS,
        .off_book_channel = "trade",
        .book_channel = "bookTicker",
        .trades = futures_trades,
        .book = futures_book,
    },
    {
        .venue = "binance-coinm",
        .instruments = "BTC-USD-PERP,ETH-USD-PERP",
        .coarse_price = true,
        .tick = 1,
        .contracts = true,
        .precision_ns = NS_PER_MS,
        .book_channel = "bookTicker",
        .trades = futures_trades,
        .book = futures_book,
    },
    {
        .venue = "coinbase",
        .instruments = "BTC-USD,ETH-USD",
        .fine_quantity = true,
        .tick = 1,
        .precision_ns = NS_PER_US,
        .snapshot_max = 1,
        .snapshot_before_ack = true,
        .book_channel = "ticker",
        .heartbeat_channel = "heartbeat",
        .heartbeat_each_symbol = true,
        .trades = coinbase_trades,
        .book = coinbase_ticker,
        .heartbeat = coinbase_heartbeat,
    },
    {
        .venue = "coinbase-advanced",
        .instruments = "BTC-USD,ETH-USD",
        .fine_quantity = true,
        .tick = 1,
        .precision_ns = NS_PER_US,
        .grouping = GROUP_BATCH,
        .batch_ns = 250 * NS_PER_MS,
        .snapshot_max = 100,
        .snapshot_before_ack = true,
        .book_channel = "ticker",
        .heartbeat_channel = "heartbeats",
        .trades = advanced_trades,
        .book = advanced_ticker,
        .heartbeat = advanced_heartbeat,
    },
    {
        .venue = "kraken",
        .instruments = "BTC-USD,ETH-USD",
        .fine_quantity = true,
        .coarse_price = true,
        .tick = 1,
        .precision_ns = NS_PER_US,
        .grouping = GROUP_ORDER,
        .snapshot_max = 50,
        .book_channel = "ticker",
        .heartbeat_channel = "heartbeat",
        .heartbeat_when_idle = true,
        .trades = kraken_trades,
        .book = kraken_ticker,
        .heartbeat = kraken_heartbeat,
    },
};

#define STYLE_COUNT (sizeof styles / sizeof styles[0])

const struct simulate_style *simulate_style_at(size_t index)
{
    return index < STYLE_COUNT ? &styles[index] : NULL;
}

const struct simulate_style *simulate_style_find(const char *venue)
{
    for (size_t i = 0; i < STYLE_COUNT; i++)
        if (strcmp(styles[i].venue, venue) == 0)
            return &styles[i];
    return NULL;
}
