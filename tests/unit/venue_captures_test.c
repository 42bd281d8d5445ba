/*
 * All frames of the real recordings, when they are there: each decodes, and its trades are what a
 * decoder made with jansson and the C library finds. The number of trades is checked a third time,
 * by a plain search for the words that mark a trade.
 */
#include "engine/tape/record.h"
#include "engine/venue/venue.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#define CAPTURES "../shared/captures/"

/* ---- files ----------------------------------------------------------------------------------- */

/* Whole file, unpacked, with a NUL; NULL when it is not there. Reads gzip, zstd and plain. */
static char *load(const char *name, size_t *out_size)
{
    size_t capacity = 1 << 20, size = 0;
    char *text = malloc(capacity + 1);
    gzFile file = gzopen(name, "rb");
    if (!file) {
        free(text);
        return NULL;
    }
    for (int got = 0; (got = gzread(file, text + size, (unsigned)(capacity - size))) > 0;) {
        size += (size_t)got;
        if (size == capacity) {
            text = realloc(text, (capacity *= 2) + 1);
        }
    }
    gzclose(file);
    if (strstr(name, ".zst")) {
        capacity = 64 << 20;
        char *packed = text;
        text = malloc(capacity + 1);
        size = ZSTD_decompress(text, capacity, packed, size);
        assert_false(ZSTD_isError(size));
        free(packed);
    }
    text[size] = '\0';
    *out_size = size;
    return text;
}

enum form { FORM_STAMPED, FORM_CRYPTOFEED, FORM_JSON_LINES, FORM_BARE };

/* The frame in a line, or NULL when the line holds none. `unwrapped` is freed by the caller. */
static const char *frame_in(enum form form, char *line, json_t **unwrapped)
{
    char *space = strchr(line, ' ');
    switch (form) {
    case FORM_STAMPED:
        return space ? space + 1 : NULL;
    case FORM_CRYPTOFEED:
        return space && space[-1] == ':' && line[0] >= '0' && line[0] <= '9' ? space + 1 : NULL;
    case FORM_JSON_LINES:
        *unwrapped = json_loads(line, 0, NULL);
        assert_non_null(*unwrapped);
        const char *type = json_string_value(json_object_get(*unwrapped, "t"));
        return strcmp(type, "recv") == 0 ? json_string_value(json_object_get(*unwrapped, "data"))
                                         : NULL;
    default:
        return line[0] != '\0' ? line : NULL;
    }
}

/* ---- the reference --------------------------------------------------------------------------- */

struct reference {
    char symbol[SYMBOL_MAX];
    const char *price, *quantity;
    uint64_t id;
    int64_t source_ns;
    bool bought, snapshot, aggregated;
    uint64_t count;
};

static const char *text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static int64_t rfc3339(const char *text)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_non_null(rest);
    int64_t ns = (int64_t)timegm(&tm) * 1000000000, unit = 100000000;
    if (*rest == '.') {
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10) {
            ns += (*rest - '0') * unit;
        }
    }
    assert_string_equal(rest, "Z");
    return ns;
}

static size_t of_binance(json_t *root, struct reference *out)
{
    json_t *event = json_object_get(root, "stream") ? json_object_get(root, "data") : root;
    const char *type = json_string_value(json_object_get(event, "e"));
    bool aggregated = type && strcmp(type, "aggTrade") == 0;
    if (!type || (!aggregated && strcmp(type, "trade") != 0)) {
        return 0;
    }
    *out = (struct reference){0};
    snprintf(out->symbol, sizeof out->symbol, "%s", text_of(event, "s"));
    out->price = text_of(event, "p");
    out->quantity = text_of(event, "q");
    out->id = (uint64_t)json_integer_value(json_object_get(event, aggregated ? "a" : "t"));
    out->source_ns = json_integer_value(json_object_get(event, "T")) * 1000000;
    out->bought = json_is_false(json_object_get(event, "m"));
    out->aggregated = aggregated;
    out->count = 1;
    if (aggregated) {
        out->count += (uint64_t)(json_integer_value(json_object_get(event, "l")) -
                                 json_integer_value(json_object_get(event, "f")));
    }
    return 1;
}

static size_t of_coinbase(json_t *root, struct reference *out)
{
    const char *type = text_of(root, "type");
    bool last = strcmp(type, "last_match") == 0;
    if (!last && strcmp(type, "match") != 0) {
        return 0;
    }
    *out = (struct reference){0};
    snprintf(out->symbol, sizeof out->symbol, "%s", text_of(root, "product_id"));
    out->price = text_of(root, "price");
    out->quantity = text_of(root, "size");
    out->id = (uint64_t)json_integer_value(json_object_get(root, "trade_id"));
    out->source_ns = rfc3339(text_of(root, "time"));
    out->bought = strcmp(text_of(root, "side"), "sell") == 0;
    out->snapshot = last;
    out->count = 1;
    return 1;
}

static size_t of_coinbase_advanced(json_t *root, struct reference *out)
{
    size_t count = 0;
    if (strcmp(text_of(root, "channel"), "market_trades") != 0) {
        return 0;
    }
    json_t *events = json_object_get(root, "events");
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *event = json_array_get(events, i), *rows = json_object_get(event, "trades");
        for (size_t row = json_array_size(rows); row-- > 0;) { /* newest first in the frame */
            json_t *trade = json_array_get(rows, row);
            struct reference *to = &out[count++];
            *to = (struct reference){0};
            snprintf(to->symbol, sizeof to->symbol, "%s", text_of(trade, "product_id"));
            to->price = text_of(trade, "price");
            to->quantity = text_of(trade, "size");
            to->id = strtoull(text_of(trade, "trade_id"), NULL, 10);
            to->source_ns = rfc3339(text_of(trade, "time"));
            to->bought = strcmp(text_of(trade, "side"), "SELL") == 0;
            to->snapshot = strcmp(text_of(event, "type"), "snapshot") == 0;
            to->count = 1;
        }
    }
    return count;
}

static size_t of_kraken_v1(json_t *root, struct reference *out)
{
    size_t size = json_array_size(root);
    if (size == 0 || strcmp(json_string_value(json_array_get(root, size - 2)), "trade") != 0) {
        return 0;
    }
    json_t *rows = json_array_get(root, 1);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        long long seconds = 0, micros = 0;
        sscanf(json_string_value(json_array_get(row, 2)), "%lld.%6lld", &seconds, &micros);
        out[i] = (struct reference){0};
        snprintf(out[i].symbol, sizeof out[i].symbol, "%s",
                 json_string_value(json_array_get(root, size - 1)));
        out[i].price = json_string_value(json_array_get(row, 0));
        out[i].quantity = json_string_value(json_array_get(row, 1));
        out[i].source_ns = (seconds * 1000000 + micros) * 1000;
        out[i].bought = strcmp(json_string_value(json_array_get(row, 3)), "b") == 0;
        out[i].count = 1;
    }
    return json_array_size(rows);
}

/* No frame of trades of v2 was recorded. */
static size_t of_kraken(json_t *root, struct reference *out)
{
    (void)out;
    const char *channel = json_string_value(json_object_get(root, "channel"));
    assert_true(!channel || strcmp(channel, "trade") != 0);
    return 0;
}

static int by_time(const void *left, const void *right)
{
    const struct reference *a = left, *b = right;
    if (a->source_ns != b->source_ns) {
        return a->source_ns < b->source_ns ? -1 : 1;
    }
    return (a->id > b->id) - (a->id < b->id);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void assert_decimal(struct decimal value, const char *text)
{
    char written[DECIMAL_TEXT_MAX];
    decimal_format(written, value);
    assert_string_equal(written, text);
}

static void assert_trade(const struct trade *trade, const struct reference *reference, bool ids)
{
    assert_string_equal(trade->symbol, reference->symbol);
    assert_decimal(trade->price, reference->price);
    assert_decimal(trade->quantity, reference->quantity);
    assert_int_equal(trade->source_ns, reference->source_ns);
    assert_int_equal(trade->has_id, ids);
    assert_true(trade->id == reference->id);
    assert_int_equal(trade->taker, reference->bought ? TAKER_BUY : TAKER_SELL);
    assert_true(trade->count == reference->count);
    uint32_t flags =
        (reference->snapshot ? TRADE_SNAPSHOT : 0) | (reference->aggregated ? TRADE_AGGREGATED : 0);
    assert_int_equal(trade->flags, flags);
}

struct capture {
    const char *file, *venue;
    enum form form;
    size_t (*reference)(json_t *root, struct reference *out);
    const char *mark; /* stands in a frame once per trade, and in no other frame */
    size_t trades;    /* in the file, counted with grep -o "$mark" */
};

static const struct capture captures[] = {
    {"hftbacktest/spot/btcusdt_20240808.gz", "binance", FORM_STAMPED, of_binance, "\"e\":\"trade\"",
     9757},
    {"hftbacktest/spot/ethusdt_20240808.gz", "binance", FORM_STAMPED, of_binance, "\"e\":\"trade\"",
     6106},
    {"hftbacktest/usdm/btcusdt_20240808.gz", "binance-usdm", FORM_STAMPED, of_binance,
     "\"e\":\"trade\"", 21313},
    {"hftbacktest/coinm/btcusd_perp_20240808.gz", "binance-coinm", FORM_STAMPED, of_binance,
     "\"e\":\"trade\"", 2286},
    {"cryptofeed/BINANCE.ws.1.0", "binance", FORM_CRYPTOFEED, of_binance, "\"e\":\"aggTrade\"", 2},
    {"cryptofeed/BINANCE-20210417.ws.1.0", "binance", FORM_CRYPTOFEED, of_binance,
     "\"e\":\"aggTrade\"", 24},
    {"cryptofeed/BINANCE_US.ws.1.0", "binance", FORM_CRYPTOFEED, of_binance, "\"e\":\"aggTrade\"",
     11},
    {"cryptofeed/BINANCE_FUTURES.ws.1.0", "binance-usdm", FORM_CRYPTOFEED, of_binance,
     "\"e\":\"aggTrade\"", 91},
    {"cryptofeed/COINBASE.ws.28.0", "coinbase", FORM_CRYPTOFEED, of_coinbase, "\"maker_order_id\"",
     107},
    {"tardis/coinbase_zecusdc_20190601.raw", "coinbase", FORM_STAMPED, of_coinbase,
     "\"maker_order_id\"", 4},
    {"cryptofeed-v3/COINBASE.jsonl.zst", "coinbase-advanced", FORM_JSON_LINES, of_coinbase_advanced,
     "\"trade_id\"", 210},
    {"cryptofeed/KRAKEN.ws.48.0", "kraken-v1", FORM_CRYPTOFEED, of_kraken_v1, ",\"\"]", 10},
    {"cryptofeed/KRAKEN.ws.49.0", "kraken-v1", FORM_CRYPTOFEED, of_kraken_v1, ",\"\"]", 0},
    {"cryptofeed/KRAKEN.ws.50.0", "kraken-v1", FORM_CRYPTOFEED, of_kraken_v1, ",\"\"]", 0},
    {"kraken-v2/frames.jsonl", "kraken", FORM_BARE, of_kraken, "\"trade_id\"", 0},
};

static size_t occurrences(const char *text, const char *mark)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, mark)); at += strlen(mark)) {
        count++;
    }
    return count;
}

/* Decodes one frame and compares; returns its number of trades. */
static size_t check_frame(const struct venue *venue, const struct capture *capture,
                          const char *text, struct venue_frame *frame)
{
    static struct reference references[512];
    assert_ok(venue->decode((const uint8_t *)text, strlen(text), frame));
    if (frame->kind == VENUE_MALFORMED || frame->kind == VENUE_OTHER) {
        fail_msg("%s: kind %d, %s: %.200s", capture->file, frame->kind, frame->error, text);
    }
    json_t *root = json_loads(text, JSON_DECODE_ANY, NULL);
    if (!root) { /* ids beyond 2^63 are too large for jansson: no frame of trades has them */
        assert_non_null(strstr(text, "onnection"));
        assert_int_equal(frame->kind, VENUE_STATUS);
        return 0;
    }
    size_t count = capture->reference(root, references);
    qsort(references, count, sizeof references[0], by_time);
    assert_int_equal(frame->kind == VENUE_TRADES, count > 0);
    assert_int_equal(frame->trade_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_trade(&frame->trades[i], &references[i], capture->reference != of_kraken_v1);
    }
    if (count > 0) {
        assert_int_equal(frame->source_ns, references[count - 1].source_ns);
    }
    assert_int_equal(count, occurrences(text, capture->mark));
    json_decref(root);
    return count;
}

static void check_capture(const struct capture *capture)
{
    char name[256];
    size_t size = 0, trades = 0, frames = 0;
    const struct venue *venue = NULL;
    struct venue_frame frame;
    snprintf(name, sizeof name, CAPTURES "%s", capture->file);
    char *text = load(name, &size);
    if (!text) {
        print_message("skipped: no %s\n", name);
        skip();
        return;
    }
    assert_ok(venue_get(&venue, capture->venue));
    venue_frame_init(&frame);
    for (char *line = text, *end = NULL; line && *line != '\0'; line = end) {
        end = strchr(line, '\n');
        if (end) {
            *end++ = '\0';
        }
        json_t *unwrapped = NULL;
        const char *bytes = frame_in(capture->form, line, &unwrapped);
        if (bytes) {
            trades += check_frame(venue, capture, bytes, &frame);
            frames++;
        }
        json_decref(unwrapped);
    }
    venue_frame_release(&frame);
    free(text);
    assert_true(frames > 0);
    assert_int_equal(trades, capture->trades);
}

static void captured_frames_decode_as_with_jansson(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof captures / sizeof captures[0]; i++) {
        check_capture(&captures[i]);
    }
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

/* The time is near to the double that jansson makes of it, and its digits stand in the text. */
static void assert_time_stands_in(const char *text, int64_t time_ns, double seconds)
{
    char digits[32];
    double fraction = seconds - (double)(time_ns / 1000000000);
    int64_t off_ns = time_ns % 1000000000 - (int64_t)(fraction * 1e9);
    assert_true(off_ns > -300 && off_ns < 300);
    int size = snprintf(digits, sizeof digits, " %lld.%09lld", (long long)time_ns / 1000000000,
                        (long long)time_ns % 1000000000);
    while (digits[size - 1] == '0') {
        digits[--size] = '\0';
    }
    assert_non_null(strstr(text, strcat(digits, ",")));
}

static void kraken_trades_over_http_keep_every_digit(void **state)
{
    (void)state;
    size_t size = 0;
    char *text = load(CAPTURES "kraken-rest/XBTUSDT-trades.json", &size);
    if (!text) {
        print_message("skipped: no " CAPTURES "kraken-rest\n");
        skip();
        return;
    }
    const struct venue *venue = venue_find("kraken");
    struct venue_frame frame;
    venue_frame_init(&frame);
    assert_ok(venue->decode_http("https://api.kraken.com/0/public/Trades?pair=XBTUSDT",
                                 (const uint8_t *)text, size, NULL, &frame));
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.symbol, "BTC/USDT");
    json_t *root = json_loads(text, 0, NULL);
    json_t *rows = json_object_get(json_object_get(root, "result"), "XBTUSDT");
    assert_int_equal(frame.trade_count, json_array_size(rows));
    for (size_t i = 0; i < frame.trade_count; i++) {
        const struct trade *trade = &frame.trades[i];
        json_t *row = json_array_get(rows, i);
        assert_decimal(trade->price, json_string_value(json_array_get(row, 0)));
        assert_decimal(trade->quantity, json_string_value(json_array_get(row, 1)));
        assert_time_stands_in(text, trade->source_ns, json_real_value(json_array_get(row, 2)));
        assert_true(trade->id == (uint64_t)json_integer_value(json_array_get(row, 6)));
        bool bought = strcmp(json_string_value(json_array_get(row, 3)), "b") == 0;
        assert_int_equal(trade->taker, bought ? TAKER_BUY : TAKER_SELL);
        assert_int_equal(trade->flags, TRADE_BACKFILL);
    }
    json_decref(root);
    free(text);
    text = load(CAPTURES "kraken-rest/XBTUSDT-ohlc-1m.json", &size);
    assert_ok(venue->decode_http("https://api.kraken.com/0/public/OHLC?pair=XBTUSDT&interval=1",
                                 (const uint8_t *)text, size, NULL, &frame));
    assert_int_equal(frame.kind, VENUE_DATA);
    free(text);
    venue_frame_release(&frame);
}

/* ---- single frames, with what another project asserts about them -------------------------------
 */

static const char *venue_of(const char *exchange, const char *market)
{
    static const char *const table[][3] = {
        {"binance", "Spot", "binance"},
        {"binance", "LinearSwap", "binance-usdm"},
        {"binance", "LinearFuture", "binance-usdm"},
        {"binance", "InverseSwap", "binance-coinm"},
        {"binance", "InverseFuture", "binance-coinm"},
        {"coinbase_pro", "Spot", "coinbase"},
        {"kraken", "Spot", "kraken-v1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(exchange, table[i][0]) == 0 && strcmp(market, table[i][1]) == 0) {
            return table[i][2];
        }
    }
    return NULL;
}

/* "1616176861895, extract_timestamp(...)" and "trade.quantity_base, 0.00035600" and so on. */
static void check_assertion(const char *assertion, const struct venue_frame *frame)
{
    const struct trade *trade = frame->trades;
    long long ms = 0;
    if (strstr(assertion, "extract_timestamp") && sscanf(assertion, " %lld", &ms) == 1) {
        /* They take the event time of a trade, we its own, which is not later. */
        if (frame->kind == VENUE_TRADES) {
            assert_true(frame->source_ns / 1000000 <= ms);
            assert_true(frame->source_ns / 1000000 > ms - 1000);
        } else {
            assert_int_equal(frame->source_ns / 1000000, ms);
        }
    }
    if (strstr(assertion, "None, extract_timestamp")) {
        assert_int_equal(frame->source_ns, RECORD_NO_TIME);
    }
    if (frame->kind != VENUE_TRADES) {
        return;
    }
    if (strncmp(assertion, "trade.side, ", 12) == 0) {
        assert_int_equal(trade->taker, strstr(assertion, "Buy") ? TAKER_BUY : TAKER_SELL);
    }
    if (strncmp(assertion, "trade.quantity_base, ", 21) == 0) {
        assert_decimal(trade->quantity, assertion + 21);
    }
}

static void odd_frames_agree_with_foreign_assertions(void **state)
{
    (void)state;
    size_t size = 0, checked = 0, trades = 0;
    char *text = load(CAPTURES "frames-odd.jsonl", &size);
    if (!text) {
        print_message("skipped: no " CAPTURES "frames-odd.jsonl\n");
        skip();
        return;
    }
    struct venue_frame frame;
    venue_frame_init(&frame);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *entry = json_loads(line, 0, NULL);
        const char *name = venue_of(text_of(entry, "exchange"), text_of(entry, "market_type"));
        if (name) {
            const char *raw = text_of(entry, "raw");
            const struct venue *venue = venue_find(name);
            assert_ok(venue->decode((const uint8_t *)raw, strlen(raw), &frame));
            if (frame.kind == VENUE_MALFORMED) {
                fail_msg("%s: %s: %s", name, frame.error, raw);
            }
            json_t *asserts = json_object_get(entry, "asserts");
            bool known = frame.kind != VENUE_OTHER;
            for (size_t i = 0; known && i < json_array_size(asserts); i++) {
                check_assertion(json_string_value(json_array_get(asserts, i)), &frame);
            }
            const char *module = json_string_value(json_object_get(entry, "module"));
            assert_int_equal(frame.kind == VENUE_TRADES, module && strcmp(module, "trade") == 0);
            trades += frame.trade_count;
            checked++;
        }
        json_decref(entry);
    }
    free(text);
    venue_frame_release(&frame);
    assert_true(checked >= 30);
    assert_int_equal(trades, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captured_frames_decode_as_with_jansson),
        cmocka_unit_test(kraken_trades_over_http_keep_every_digit),
        cmocka_unit_test(odd_frames_agree_with_foreign_assertions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
