#include "tests/unit/venue_sample.h"

static void the_registry_knows_all_venues(void **state)
{
    (void)state;
    const struct venue *venue = NULL;
    assert_null(venue_find("nobody"));
    assert_err(ERR_UNKNOWN, venue_get(&venue, "nobody"));
    char text[ERR_TEXT_MAX];
    snprintf(text, sizeof text, "%s", err_text(ERR_UNKNOWN));
    for (const struct venue *const *at = venue_all(); *at; at++) {
        assert_ptr_equal(venue_find((*at)->name), *at); /* no name twice */
        assert_ok(venue_get(&venue, (*at)->name));
        assert_ptr_equal(venue, *at);
        assert_true(strlen((*at)->name) < RECORD_VENUE_MAX && (*at)->title[0] != '\0');
        assert_true((*at)->decode && (*at)->describe && (*at)->symbol && (*at)->serving);
        assert_non_null(strstr(text, (*at)->name));
    }
}

static void check_channels(const struct venue_recording *recording)
{
    size_t host_size = strcspn(recording->url + strlen("wss://"), "/") + strlen("wss://");
    for (const struct venue_channel *at = recording->channels; at->name; at++) {
        assert_true(at->name[0] != '\0' && strlen(at->name) < CHANNEL_MAX);
        assert_ptr_equal(venue_channel_find(recording, at->name), at);
        assert_memory_equal(venue_channel_url(recording, at), "wss://", 6);
        assert_int_equal(venue_channel_path(recording, at)[0], '/');
    }
    assert_int_equal(recording->channels[0].role, ROLE_TRADES);
    /* A channel's own name goes before the role's. */
    const struct venue_channel *trades = venue_channel_find(recording, "trades");
    assert_true(trades == &recording->channels[0] || strcmp(trades->name, "trades") == 0);
    assert_null(venue_channel_find(recording, "no such channel"));
    assert_string_equal(recording->url + host_size, recording->path);
}

/* There are messages for every channel, and they come to an end. */
static void check_subscribing(const struct venue *venue)
{
    const char *const symbols[] = {"BTCUSDT", "ETHUSDT"};
    struct buf out;
    buf_init(&out, 1 << 16);
    for (const struct venue_channel *at = venue->recording->channels; at->name; at++) {
        for (int leave = 0; leave < 2; leave++) {
            struct venue_change change = {leave, at->name, symbols, 2, 7};
            size_t index = 0;
            enum err err;
            while ((err = venue->recording->subscribe(&change, index, &out)) == ERR_OK) {
                assert_true(out.size > 0 && buf_is_utf8(out.data, out.size));
                assert_true(++index < 10);
            }
            bool cannot_leave = leave && err == ERR_UNKNOWN && index == 0;
            if (!cannot_leave && (err != ERR_END || index == 0))
                fail_msg("%s, channel '%s': %s after %zu messages", venue->name, at->name,
                         err_text(err), index);
        }
    }
    buf_release(&out);
}

static void check_rest(const struct venue *venue)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_memory_equal(venue->rest->url, "https://", 8);
    assert_null(strchr(venue->rest->url + 8, '/'));
    assert_true(venue->rest->gap_ns > 0);
    assert_ok(venue->rest->list(0, NULL, 0, &out));
    assert_ok(buf_terminate(&out));
    assert_int_equal(out.data[0], '/');
    assert_true(venue->rest->is_list((const char *)out.data));
    assert_false(venue->rest->is_list("https://h/nothing"));
    buf_release(&out);
}

static void what_can_be_recorded_is_complete(void **state)
{
    (void)state;
    for (const struct venue *const *at = venue_all(); *at; at++) {
        const struct venue_recording *recording = (*at)->recording;
        if (!recording) {
            assert_string_equal((*at)->name, "kraken-v1");
            continue;
        }
        check_channels(recording);
        check_subscribing(*at);
        check_rest(*at);
        assert_true(recording->symbols_max > 0 && recording->send_gap_ns > 0);
        assert_true(recording->connects > 0 && recording->connects_span_ns > 0);
        assert_true(recording->silence_ns > 0 && recording->age_max_ns >= 0);
        assert_int_equal(recording->keepalive_ns > 0, recording->keepalive != NULL);
        /* A path that the venue is recorded at is one that it is played at. */
        struct venue_subscriptions subs;
        venue_subscriptions_init(&subs);
        assert_ok((*at)->serving->open(recording->path, &subs));
        venue_subscriptions_release(&subs);
    }
}

static void roles_have_words(void **state)
{
    (void)state;
    assert_string_equal(venue_role_name(ROLE_TRADES), "trades");
    assert_string_equal(venue_role_name(ROLE_TOP), "top");
    assert_string_equal(venue_role_name(ROLE_DEPTH), "depth");
    assert_string_equal(venue_role_name(ROLE_KLINES), "klines");
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void sorting_is_by_time_then_id_and_stable(void **state)
{
    (void)state;
    struct venue_frame frame;
    uint64_t random = 7;
    venue_frame_init(&frame);
    for (size_t count = 0; count < 300; count++) {
        venue_frame_clear(&frame);
        for (size_t i = 0; i < count; i++) {
            struct trade *trade = NULL;
            assert_ok(venue_frame_add(&frame, &trade));
            assert_true(trade->id == 0 && trade->symbol[0] == '\0');
            trade->source_ns = (int64_t)unit_below(&random, 8);
            trade->id = unit_below(&random, 8);
            trade->count = i; /* arrival */
        }
        venue_frame_sort(&frame);
        assert_int_equal(frame.trade_count, count);
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            const struct trade *a = &frame.trades[i > 0 ? i - 1 : 0], *b = &frame.trades[i];
            int order = trade_compare(a, b);
            assert_true(order < 0 || (order == 0 && a->count <= b->count));
            sum += b->count;
        }
        assert_int_equal(sum, count > 0 ? count * (count - 1) / 2 : 0);
    }
    venue_frame_release(&frame);
    venue_frame_release(&frame);
}

static void the_number_of_trades_is_bounded(void **state)
{
    (void)state;
    struct venue_frame frame;
    struct trade *trade = NULL;
    venue_frame_init(&frame);
    for (size_t i = 0; i < VENUE_TRADES_MAX; i++) {
        assert_ok(venue_frame_add(&frame, &trade));
    }
    assert_err(ERR_LIMIT, venue_frame_add(&frame, &trade));
    assert_int_equal(frame.trade_count, VENUE_TRADES_MAX);
    venue_frame_release(&frame);
}

/* One row too many is a malformed answer, not an error of ours. */
static void too_many_trades_are_malformed(void **state)
{
    (void)state;
    static const char row[] = "{\"trade_id\":1,\"side\":\"buy\",\"size\":\"1\",\"price\":\"1\","
                              "\"time\":\"2021-04-17T16:43:37Z\"}";
    struct buf body;
    struct venue_frame frame;
    buf_init(&body, 32u << 20);
    venue_frame_init(&frame);
    assert_ok(buf_append_byte(&body, '['));
    for (size_t i = 0; i <= VENUE_TRADES_MAX; i++) {
        if (i > 0) {
            assert_ok(buf_append_byte(&body, ','));
        }
        assert_ok(buf_append_text(&body, row));
    }
    assert_ok(buf_append_byte(&body, ']'));
    assert_ok(
        venue_find("coinbase")
            ->decode_http("https://h/products/A-B/trades", body.data, body.size, NULL, &frame));
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    assert_non_null(strstr(frame.error, "more than 100000 trades"));
    assert_int_equal(frame.trade_count, 0);
    venue_frame_release(&frame);
    buf_release(&body);
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static void subscriptions_are_a_set(void **state)
{
    (void)state;
    struct venue_subscriptions subs;
    venue_subscriptions_init(&subs);
    assert_false(venue_subscriptions_has(&subs, "trade", "BTC"));
    assert_false(venue_subscriptions_has(&subs, "trade", ""));
    assert_ok(venue_subscriptions_add(&subs, "trade", "BTC"));
    assert_ok(venue_subscriptions_add(&subs, "trade", "BTC"));
    assert_ok(venue_subscriptions_add(&subs, "book", "ETH"));
    assert_int_equal(subs.count, 2);
    assert_true(venue_subscriptions_has(&subs, "trade", "BTC"));
    assert_false(venue_subscriptions_has(&subs, "trade", "ETH"));
    assert_false(venue_subscriptions_has(&subs, "", ""));
    /* Several products in a frame: whoever has any of them. */
    assert_true(venue_subscriptions_has(&subs, "trade", ""));
    assert_false(venue_subscriptions_has(&subs, "ticker", ""));
    /* A channel taken whole. */
    assert_ok(venue_subscriptions_add(&subs, "trade", ""));
    assert_true(venue_subscriptions_has(&subs, "trade", "ETH"));
    venue_subscriptions_remove(&subs, "trade", "");
    venue_subscriptions_remove(&subs, "trade", "DOGE");
    venue_subscriptions_remove(&subs, "trade", "BTC");
    assert_int_equal(subs.count, 1);
    assert_false(venue_subscriptions_has(&subs, "trade", ""));
    venue_subscriptions_release(&subs);
}

static void subscriptions_are_bounded(void **state)
{
    (void)state;
    struct venue_subscriptions subs;
    char symbol[SYMBOL_MAX + 1];
    venue_subscriptions_init(&subs);
    for (int i = 0; i < VENUE_SUBSCRIPTIONS_MAX; i++) {
        snprintf(symbol, sizeof symbol, "S%d", i * 7919 % VENUE_SUBSCRIPTIONS_MAX);
        assert_ok(venue_subscriptions_add(&subs, "trade", symbol));
    }
    assert_int_equal(subs.count, VENUE_SUBSCRIPTIONS_MAX);
    assert_err(ERR_LIMIT, venue_subscriptions_add(&subs, "trade", "one more"));
    assert_ok(venue_subscriptions_add(&subs, "trade", "S17"));
    for (int i = 0; i < VENUE_SUBSCRIPTIONS_MAX; i++) {
        snprintf(symbol, sizeof symbol, "S%d", i);
        assert_true(venue_subscriptions_has(&subs, "trade", symbol));
        venue_subscriptions_remove(&subs, "trade", symbol);
    }
    assert_int_equal(subs.count, 0);
    memset(symbol, 'x', SYMBOL_MAX);
    symbol[SYMBOL_MAX] = '\0';
    assert_err(ERR_LIMIT, venue_subscriptions_add(&subs, "trade", symbol));
    assert_err(ERR_LIMIT, venue_subscriptions_add(&subs, symbol, "x"));
    venue_subscriptions_release(&subs);
}

/* ---- hostile input --------------------------------------------------------------------------- */

/* Real shapes of every venue; each is cut at every byte and damaged in many ways. */
static const struct {
    const char *venue, *url, *text; /* url NULL: a frame; "" : a request */
} shapes[] = {
    {"binance", NULL,
     "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1633998523963,\"s\":"
     "\"BTCUSDT\",\"a\":15683430,\"p\":\"0.35280000\",\"q\":\"58.00000000\",\"f\":19862790,\"l\":"
     "19862792,\"T\":1633998523963,\"m\":false,\"M\":true}}"},
    {"binance-usdm", NULL,
     "{\"e\":\"trade\",\"E\":1723161256322,\"T\":1723161256322,\"s\":\"BTCUSDT\",\"t\":5266583935,"
     "\"p\":\"61800.30\",\"q\":\"0.006\",\"X\":\"MARKET\",\"m\":false}"},
    {"binance", NULL,
     "{\"e\":\"kline\",\"E\":1633998534486,\"s\":\"LRCBTC\",\"k\":{\"t\":1,\"i\":\"1m\"}}"},
    {"binance", NULL, "{\"error\":{\"code\":2,\"msg\":\"Invalid request\"},\"id\":1}"},
    {"binance", "https://h/api/v3/aggTrades?symbol=BTCUSDT",
     "[{\"a\":26129,\"p\":\"0.01633102\",\"q\":\"4.70443515\",\"f\":27781,\"l\":27782,\"T\":"
     "1498793709153,\"m\":true}]"},
    {"binance", "",
     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"!bookTicker\"],\"id\":\"a\"}"},
    {"binance", "", "{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",true],\"id\":5}"},
    {"coinbase", NULL,
     "{\"type\":\"last_match\",\"trade_id\":881613,\"side\":\"buy\",\"size\":\"0.04\",\"price\":"
     "\"14.7775\",\"product_id\":\"BAND-GBP\",\"time\":\"2021-04-17T16:43:30.244075Z\"}"},
    {"coinbase", "https://h/products/A-B/trades",
     "[{\"trade_id\":74,\"side\":\"buy\",\"size\":\"0.01\",\"price\":\"10.0\",\"time\":"
     "\"2021-04-17T16:43:37.270697Z\"}]"},
    {"coinbase", "",
     "{\"type\":\"subscribe\",\"channels\":[{\"name\":\"heartbeat\",\"product_ids\":[\"ETH-USD\"]},"
     "\"matches\"],\"product_ids\":[\"BTC-USD\"]}"},
    {"coinbase-advanced", NULL,
     "{\"channel\":\"market_trades\",\"timestamp\":\"2025-12-31T06:00:12.516946132Z\",\"events\":[{"
     "\"type\":\"update\",\"trades\":[{\"product_id\":\"BTC-USD\",\"trade_id\":\"929248657\","
     "\"price\":\"88355.59\",\"size\":\"0.00136573\",\"time\":\"2025-12-31T06:00:12.44524Z\","
     "\"side\":\"SELL\"}]}]}"},
    {"coinbase-advanced", NULL,
     "{\"channel\":\"ticker\",\"events\":[{\"tickers\":[{\"product_id\":\"ETH-USD\"}]}]}"},
    {"coinbase-advanced", "https://h/market/products/BTC-USD/ticker",
     "{\"trades\":[{\"product_id\":\"BTC-USD\",\"trade_id\":\"9\",\"price\":\"8\",\"size\":\"1\","
     "\"time\":\"2025-12-31T06:00:12.44524Z\",\"side\":\"SELL\"}],\"best_bid\":\"1\"}"},
    {"coinbase-advanced", "",
     "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":\"market_trades\"}"},
    {"kraken", NULL,
     "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"MATIC/USD\",\"side\":"
     "\"sell\",\"price\":0.5117,\"qty\":40.0,\"trade_id\":4665906,\"timestamp\":"
     "\"2023-09-25T07:49:37.708706Z\"}]}"},
    {"kraken", NULL,
     "{\"error\":\"Currency pair\",\"method\":\"subscribe\",\"success\":false,\"symbol\":\"X/USD\","
     "\"time_out\":\"2026-10-06T17:39:49.588083Z\"}"},
    {"kraken", "https://h/0/public/Trades?pair=XBTUSDT",
     "{\"error\":[],\"result\":{\"XBTUSDT\":[[\"105433.6\",\"0.1\",1762795433.9717445,\"b\",\"l\","
     "\"\",10218208]],\"last\":\"1762820035982277754\"}}"},
    {"kraken", "",
     "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":[\"BTC/USD\"],"
     "\"snapshot\":true},\"req_id\":7}"},
    {"kraken-v1", NULL,
     "[993,[[\"354.04\",\"0.28\",\"1618678150.826417\",\"s\",\"m\",\"\"]],\"trade\",\"XMR/USD\"]"},
    {"kraken-v1", NULL,
     "[320,{\"a\":[[\"388\",\"0.02\",\"1622766170.577187\"]]},{\"b\":[],\"c\":\"2\"},\"book-25\","
     "\"XBT/USD\"]"},
    {"kraken-v1", NULL, "{\"connectionID\":18239578009413566319,\"event\":\"systemStatus\"}"},
    {"kraken-v1", "",
     "{\"event\":\"subscribe\",\"pair\":[\"XBT/USD\"],\"subscription\":{\"name\":\"book\","
     "\"depth\":10},\"reqid\":3}"},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static enum err count_reply(const void *data, size_t size, void *arg)
{
    assert_true(size > 0 && buf_is_utf8(data, size));
    ++*(size_t *)arg;
    return ERR_OK;
}

static void ask(const struct venue *venue, const uint8_t *data, size_t size)
{
    struct venue_subscriptions subs;
    size_t replies = 0;
    venue_subscriptions_init(&subs);
    assert_ok(venue->serving->request(data, size, SAMPLE_WALL_NS, &subs, sample_has_symbol,
                                      count_reply, &replies));
    venue_subscriptions_release(&subs);
}

/* Decodes or asks from memory that ends where the input ends. Returns the kind of the frame. */
static enum venue_frame_kind feed(size_t shape, const char *text, size_t size)
{
    static struct venue_frame frame;
    const struct venue *venue = venue_find(shapes[shape].venue);
    const char *url = shapes[shape].url;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, text, size);
    frame.kind = VENUE_OTHER;
    if (url && url[0] == '\0') {
        ask(venue, exact, size);
    } else {
        assert_ok(url ? venue->decode_http(url, exact, size, NULL, &frame)
                      : venue->decode(exact, size, &frame));
        assert_true(frame.kind == VENUE_TRADES || frame.trade_count == 0);
        assert_true(frame.kind != VENUE_MALFORMED || frame.error[0] != '\0');
        assert_true(strlen(frame.error) < VENUE_ERROR_MAX && !strpbrk(frame.error, "\n\r"));
    }
    free(exact);
    enum venue_frame_kind kind = frame.kind;
    venue_frame_release(&frame);
    return kind;
}

static void a_frame_cut_at_any_byte_is_malformed(void **state)
{
    (void)state;
    for (size_t shape = 0; shape < SHAPES; shape++) {
        size_t size = strlen(shapes[shape].text);
        bool request = shapes[shape].url && shapes[shape].url[0] == '\0';
        assert_int_not_equal(feed(shape, shapes[shape].text, size), VENUE_MALFORMED);
        for (size_t cut = 0; cut < size; cut++) {
            enum venue_frame_kind kind = feed(shape, shapes[shape].text, cut);
            if (!request && kind != VENUE_MALFORMED) {
                fail_msg("kind %d: %.*s", kind, (int)cut, shapes[shape].text);
            }
        }
    }
}

/* Every value of every member in turn, in any depth, becomes something else. */
static void any_value_of_any_type_is_survived(void **state)
{
    (void)state;
    static const char *const values[] = {
        "null",
        "true",
        "[]",
        "{}",
        "[[[[[[]]]]]]",
        "\"\"",
        "\"\\u0000\"",
        "-1",
        "1e999999999",
        "99999999999999999999999999999999999999999",
        "0.0000000000000000000000000000000000001",
        "\"9999-12-31T23:59:60.999999999Z\"",
        "\"99999999999999999999.9\"",
        "-0",
        "\"-0\"",
        "[{}]",
        "\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"
        "\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"
        "\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"",
    };
    char text[2048];
    for (size_t shape = 0; shape < SHAPES; shape++) {
        const char *from = shapes[shape].text;
        for (const char *at = from; (at = strpbrk(at, ":[,")); at++) {
            /* Up to the next structural byte: mostly one scalar, sometimes a ruin. */
            size_t head = (size_t)(at - from) + 1, scalar = strcspn(from + head, ",]}");
            for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                int size = snprintf(text, sizeof text, "%.*s%s%s", (int)head, from, values[i],
                                    from + head + scalar);
                assert_true(size > 0 && (size_t)size < sizeof text);
                (void)feed(shape, text, (size_t)size);
            }
        }
    }
}

static void random_damage_is_survived(void **state)
{
    (void)state;
    static const char alphabet[] = "{}[]\",:\\0129-.eE+tfn/@!%\xc3\xa9 ";
    uint64_t random = 4711;
    size_t malformed = 0;
    for (int round = 0; round < 60000; round++) {
        char text[512];
        size_t shape = unit_below(&random, SHAPES);
        size_t size = strlen(shapes[shape].text);
        memcpy(text, shapes[shape].text, size);
        for (uint64_t edits = 1 + unit_below(&random, 4); edits > 0; edits--) {
            text[unit_below(&random, size)] = alphabet[unit_below(&random, sizeof alphabet - 1)];
        }
        malformed += feed(shape, text, size) == VENUE_MALFORMED;
    }
    assert_true(malformed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_knows_all_venues),
        cmocka_unit_test(what_can_be_recorded_is_complete),
        cmocka_unit_test(roles_have_words),
        cmocka_unit_test(sorting_is_by_time_then_id_and_stable),
        cmocka_unit_test(the_number_of_trades_is_bounded),
        cmocka_unit_test(too_many_trades_are_malformed),
        cmocka_unit_test(subscriptions_are_a_set),
        cmocka_unit_test(subscriptions_are_bounded),
        cmocka_unit_test(a_frame_cut_at_any_byte_is_malformed),
        cmocka_unit_test(any_value_of_any_type_is_survived),
        cmocka_unit_test(random_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
