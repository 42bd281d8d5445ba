#include "tests/unit/venue_sample.h"

#define MS INT64_C(1000000)

static const char trade[] =
    "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,\"s\":\"BTCUSDT\","
    "\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"T\":1723161255342,\"m\":true,"
    "\"M\":true}}";
static const char raw_trade[] =
    "{\"e\":\"trade\",\"E\":1723161255343,\"s\":\"BTCUSDT\","
    "\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"T\":1723161255342,\"m\":true,"
    "\"M\":true}";
static const char book_ticker[] =
    "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":"
    "\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\",\"A\":\"1.54698000\"}}";
static const char agg_trade[] =
    "{\"stream\":\"nknusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1633998523963,\"s\":"
    "\"NKNUSDT\",\"a\":15683430,\"p\":\"0.35280000\",\"q\":\"58.00000000\",\"f\":19862790,\"l\":"
    "19862792,\"T\":1633998523963,\"m\":false,\"M\":true}}";
static const char usdm_trade[] =
    "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161256322,\"T\":"
    "1723161256322,\"s\":\"BTCUSDT\",\"t\":5266583935,\"p\":\"61800.30\",\"q\":\"0.006\",\"X\":"
    "\"MARKET\",\"m\":false}}";

static const struct sample_trade expected_trade = {
    "BTCUSDT", "61837.63000000", "0.02000000", 3735683259, 1723161255342 * MS, TAKER_SELL, 0};

static void a_trade_comes_combined_or_raw(void **state)
{
    (void)state;
    const char *const forms[] = {trade, raw_trade};
    for (size_t i = 0; i < 2; i++) {
        struct venue_frame frame = sample_decode("binance", forms[i]);
        assert_int_equal(frame.kind, VENUE_TRADES);
        assert_string_equal(frame.channel, "trade");
        assert_string_equal(frame.symbol, "BTCUSDT");
        assert_int_equal(frame.source_ns, 1723161255342 * MS);
        assert_int_equal(frame.trade_count, 1);
        assert_sample(&frame.trades[0], &expected_trade);
        assert_true(frame.trades[0].has_id);
        assert_true(frame.trades[0].first_id == 3735683259 && frame.trades[0].count == 1);
        venue_frame_release(&frame);
    }
}

static void an_aggregate_counts_its_trades(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("binance", agg_trade);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"NKNUSDT", "0.35280000", "58.00000000", 15683430,
                                         1633998523963 * MS, TAKER_BUY, TRADE_AGGREGATED});
    assert_true(frame.trades[0].first_id == 19862790 && frame.trades[0].last_id == 19862792);
    assert_true(frame.trades[0].count == 3);
    venue_frame_release(&frame);
}

static uint32_t flags_of(const char *venue, const char *text)
{
    struct venue_frame frame = sample_decode(venue, text);
    assert_int_equal(frame.kind, VENUE_TRADES);
    uint32_t flags = frame.trades[0].flags;
    assert_true(frame.trades[0].id > 0);
    venue_frame_release(&frame);
    return flags;
}

#define USDM_ROW(rest)                                                                             \
    "{\"e\":\"trade\",\"E\":1,\"T\":1723161256322,\"s\":\"BTCUSDT\",\"t\":7,\"m\":false," rest "}"

static void what_is_no_market_trade_keeps_its_id_but_is_excluded(void **state)
{
    (void)state;
    assert_int_equal(flags_of("binance-usdm", usdm_trade), 0);
    assert_int_equal(flags_of("binance-usdm", USDM_ROW("\"p\":\"1\",\"q\":\"1\",\"X\":\"ADL\"")),
                     TRADE_EXCLUDED);
    assert_int_equal(
        flags_of("binance-usdm", USDM_ROW("\"p\":\"1\",\"q\":\"1\",\"X\":\"INSURANCE_FUND\"")),
        TRADE_EXCLUDED);
    assert_int_equal(flags_of("binance-usdm", USDM_ROW("\"p\":\"0\",\"q\":\"0\",\"X\":\"NA\"")),
                     TRADE_EXCLUDED);
    assert_int_equal(flags_of("binance-usdm", USDM_ROW("\"p\":\"0.00\",\"q\":\"1\"")),
                     TRADE_EXCLUDED);
    assert_int_equal(flags_of("binance-usdm", USDM_ROW("\"p\":\"1\",\"q\":\"0E-8\"")),
                     TRADE_EXCLUDED);
    /* An aggregate that was voided. */
    assert_int_equal(flags_of("binance",
                              "{\"e\":\"aggTrade\",\"s\":\"BTCUSDT\",\"a\":9,\"p\":\"0\","
                              "\"q\":\"0\",\"f\":-1,\"l\":-1,\"T\":1723161256322,"
                              "\"m\":false}"),
                     TRADE_EXCLUDED | TRADE_AGGREGATED);
}

static void times_of_16_digits_are_microseconds(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "binance", "{\"e\":\"trade\",\"E\":1723161255343001,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1\","
                   "\"q\":\"1\",\"T\":1723161255342123,\"m\":true}");
    assert_int_equal(frame.trades[0].source_ns, INT64_C(1723161255342123000));
    venue_frame_release(&frame);
}

static void ids_need_all_64_bits(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "binance", "{\"e\":\"trade\",\"s\":\"BTCUSDT\",\"t\":18446744073709551615,\"p\":\"1\","
                   "\"q\":\"1\",\"T\":1723161255342,\"m\":true}");
    assert_true(frame.trades[0].id == UINT64_MAX);
    venue_frame_release(&frame);
}

static void other_frames_tell_channel_symbol_and_time(void **state)
{
    (void)state;
    assert_kind("binance", book_ticker, VENUE_DATA, "bookTicker", "BTCUSDT");
    assert_kind("binance",
                "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"1\",\"A\":\"1\"}",
                VENUE_DATA, "bookTicker", "BTCUSDT");
    assert_kind("binance",
                "{\"stream\":\"nknusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"
                "1633998513068,\"s\":\"NKNUSDT\",\"U\":499869760,\"u\":499869760,\"b\":[],\"a\":[["
                "\"0.35380000\",\"3027.00000000\"]]}}",
                VENUE_DATA, "depth@100ms", "NKNUSDT");
    static const char kline[] =
        "{\"e\":\"kline\",\"E\":1633998534486,\"s\":\"LRCBTC\",\"k\":{\"t\":"
        "1633998480000,\"s\":\"LRCBTC\",\"i\":\"1m\",\"x\":false}}";
    assert_kind("binance", kline, VENUE_DATA, "kline_1m", "LRCBTC");
    struct venue_frame frame = sample_decode("binance", kline);
    assert_int_equal(frame.source_ns, 1633998534486 * MS);
    venue_frame_release(&frame);
    /* Books from REST in the middle of a capture, partial books, whole markets. */
    assert_kind("binance", "{\"lastUpdateId\":33933317943,\"bids\":[[\"1\",\"2\"]],\"asks\":[]}",
                VENUE_DATA, "", "");
    assert_kind(
        "binance",
        "{\"stream\":\"btcusdt@depth20\",\"data\":{\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}}",
        VENUE_DATA, "depth20", "BTCUSDT");
    assert_kind(
        "binance-coinm",
        "{\"stream\":\"!bookTicker\",\"data\":{\"u\":462118190224,\"e\":\"bookTicker\",\"s\":"
        "\"XMRUSD_PERP\",\"ps\":\"XMRUSD\",\"T\":1653811915499,\"E\":1653811915502}}",
        VENUE_DATA, "!bookTicker", "");
    assert_kind("binance", "{\"stream\":\"!miniTicker@arr\",\"data\":[{\"e\":\"24hrMiniTicker\"}]}",
                VENUE_DATA, "!miniTicker@arr", "");
    assert_kind("binance", "{\"e\":\"serverShutdown\",\"E\":1770123456789}", VENUE_STATUS,
                "serverShutdown", "");
    assert_kind("binance", "{\"result\":null,\"id\":1}", VENUE_ACK, "", "");
    assert_kind("binance", "{\"something\":\"new\"}", VENUE_OTHER, "", "");
    assert_refusal("binance", "{\"code\":2,\"msg\":\"Invalid request: unknown variant\"}",
                   "Invalid request: unknown variant (code 2)");
    assert_refusal("binance", "{\"error\":{\"code\":3,\"msg\":\"Invalid JSON\"},\"id\":1}",
                   "Invalid JSON (code 3)");
}

#define SPOT_TRADE(s, t, p, q, time, m)                                                            \
    "{\"e\":\"trade\",\"s\":" s ",\"t\":" t ",\"p\":" p ",\"q\":" q ",\"T\":" time ",\"m\":" m "}"

static void a_wrong_member_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {SPOT_TRADE("7", "1", "\"1\"", "\"1\"", "1723161255342", "true"), "'s' is not a string"},
        {SPOT_TRADE("\"A\\nB\"", "1", "\"1\"", "\"1\"", "1723161255342", "true"),
         "'s' is too long or has control characters"},
        {SPOT_TRADE("\"\"", "1", "\"1\"", "\"1\"", "1723161255342", "true"), "'s' is empty"},
        {SPOT_TRADE("\"B\"", "\"1\"", "\"1\"", "\"1\"", "1723161255342", "true"),
         "'t' is not a number"},
        {SPOT_TRADE("\"B\"", "-1", "\"1\"", "\"1\"", "1723161255342", "true"),
         "'t' is not a whole number"},
        {SPOT_TRADE("\"B\"", "18446744073709551616", "\"1\"", "\"1\"", "1723161255342", "true"),
         "'t' is not a whole number"},
        {SPOT_TRADE("\"B\"", "1", "1", "\"1\"", "1723161255342", "true"), "'p' is not a string"},
        {SPOT_TRADE("\"B\"", "1", "\"1,5\"", "\"1\"", "1723161255342", "true"),
         "'p' is no decimal"},
        {SPOT_TRADE("\"B\"", "1", "\"0.-10000\"", "\"1\"", "1723161255342", "true"),
         "'p' is no decimal"},
        {SPOT_TRADE("\"B\"", "1", "\"-5\"", "\"1\"", "1723161255342", "true"), "below zero"},
        {SPOT_TRADE("\"B\"", "1", "\"12345678901234567890123456789\"", "\"1\"", "1723161255342",
                    "true"),
         "'p' has too many digits"},
        {SPOT_TRADE("\"B\"", "1", "\"1\"", "null", "1723161255342", "true"), "'q' is not a string"},
        {SPOT_TRADE("\"B\"", "1", "\"1\"", "\"1\"", "\"now\"", "true"), "'T' is not a number"},
        {SPOT_TRADE("\"B\"", "1", "\"1\"", "\"1\"", "0", "true"), "'T' is out of range"},
        {SPOT_TRADE("\"B\"", "1", "\"1\"", "\"1\"", "99999999999999", "true"),
         "'T' is out of range"},
        {SPOT_TRADE("\"B\"", "1", "\"1\"", "\"1\"", "1723161255342", "1"), "'m' is not a boolean"},
        {"{\"e\":\"trade\",\"s\":\"B\"}", "'t' is missing"},
        {"{\"e\":5}", "'e' is not a string"},
        {"{\"stream\":\"btcusdt@trade\",\"data\":7}", "'data' is not an object"},
        {"{\"stream\":7,\"data\":{}}", "'stream' is not a string"},
        {"[1]x", "not JSON"},
        {"\"text\"", "not a JSON object"},
        {"", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_malformed("binance", cases[i].text, cases[i].reason);
    }
}

static void spot_symbols_are_divided_by_known_quotes(void **state)
{
    (void)state;
    assert_names("binance", "BTC-USDT", "BTCUSDT");
    assert_names("binance", "BTC-BUSD", "BTCBUSD");
    assert_names("binance", "BTC-FDUSD", "BTCFDUSD");
    assert_names("binance", "BTC-TUSD", "BTCTUSD");
    assert_names("binance", "ETH-BTC", "ETHBTC");
    assert_names("binance", "BUSD-TRY", "BUSDTRY");
    assert_names("binance", "USDT-TRY", "USDTTRY");
    assert_names("binance", "BUSD-USDT", "BUSDUSDT");
    assert_names("binance", "AAVEUP-USDT", "AAVEUPUSDT");
    assert_names("binance", "SWRV-BUSD", "SWRVBUSD");
    assert_names("binance", "PERL-BNB", "PERLBNB");
    assert_names("binance", "SHIB-DOGE", "SHIBDOGE");
    assert_names("binance", "BTC-USD", "BTCUSD");
    assert_names("binance", "BNB-USD", "BNBUSD");
    assert_names("binance", "USDT-USD", "USDTUSD");
    assert_names("binance", "ADA-EUR", "ADAEUR");
    assert_names("binance", "BTC-AEUR", "BTCAEUR");
    assert_names("binance", "1000SATS-FDUSD", "1000SATSFDUSD");
    assert_instrument("binance", "ARBUSD", "ARBUSD"); /* AR-BUSD or ARB-USD? */
    assert_instrument("binance", "USDT", "USDT");
    assert_instrument("binance", "WHATEVER", "WHATEVER");
    assert_names("binance", "\xe5\xb8\x81-USDT", "\xe5\xb8\x81USDT");
    assert_symbol("binance", "btc-usdt", "BTCUSDT");
}

static void contracts_never_share_the_name_of_the_spot_pair(void **state)
{
    (void)state;
    assert_names("binance-usdm", "BTC-USDT-PERP", "BTCUSDT");
    assert_names("binance-usdm", "ETH-BTC-PERP", "ETHBTC");
    assert_names("binance-usdm", "BTC-USDT-20210625", "BTCUSDT_210625");
    assert_symbol("binance-usdm", "BTC-USDT", "BTCUSDT");
    assert_instrument("binance-usdm", "ICPUSDT_SETTLED", "ICPUSDT_SETTLED");
    assert_names("binance-coinm", "BTC-USD-PERP", "BTCUSD_PERP");
    assert_names("binance-coinm", "BNB-USD-20210625", "BNBUSD_210625");
    assert_symbol("binance-coinm", "BTC-USD", "BTCUSD_PERP");
    assert_instrument("binance-coinm", "BTCUSD", "BTCUSD");
    assert_instrument("binance-coinm", "USD_PERP", "USD_PERP");
    struct instrument out;
    venue_find("binance-coinm")->describe("BNBUSD_210625", &out);
    assert_int_equal(out.kind, INSTRUMENT_FUTURE);
    assert_int_equal(out.volume_unit, VOLUME_CONTRACT);
    assert_int_equal(out.expiry_ns,
                     INT64_C(1624608000) * 1000 * MS); /* date -d 2021-06-25T08:00Z */
    venue_find("binance-usdm")->describe("BTCUSDT", &out);
    assert_int_equal(out.kind, INSTRUMENT_PERPETUAL);
    assert_int_equal(out.volume_unit, VOLUME_BASE);
    assert_string_equal(out.base, "BTC");
    assert_string_equal(out.quote, "USDT");
}

static void wrong_instruments_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",          "BTC",           "BTC-",         "-USDT",     "BTCUSDT",  "BTC/USDT",
        "BTC-USDT-", "BTC-USDT-PERP", "BTC-USDT-1-2", "B\"C-USDT", "BTC USDT", "A-B-C-D"};
    char out[SYMBOL_MAX], longest[300];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_err(ERR_UNKNOWN, venue_find("binance")->symbol(wrong[i], out));
        assert_non_null(strstr(err_text(ERR_UNKNOWN), "write it like"));
    }
    memset(longest, 'A', sizeof longest - 1);
    longest[40] = '-';
    longest[sizeof longest - 1] = '\0';
    assert_err(ERR_UNKNOWN, venue_find("binance")->symbol(longest, out));
    longest[80] = '\0';
    assert_err(ERR_UNKNOWN, venue_find("binance")->symbol(longest, out));
    static const char *const no_dates[] = {"BTC-USDT-2106", "BTC-USDT-210625", "BTC-USDT-20211325",
                                           "BTC-USDT-19990625", "BTC-USDT-202106251"};
    for (size_t i = 0; i < sizeof no_dates / sizeof no_dates[0]; i++) {
        assert_err(ERR_UNKNOWN, venue_find("binance-usdm")->symbol(no_dates[i], out));
    }
}

static void subscribes_in_messages_of_a_bounded_number_of_streams(void **state)
{
    (void)state;
    assert_subscribe("binance", "trade", "BTCUSDT", 0,
                     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":1}");
    assert_subscribe("binance", "trade", "BTCUSDT", 1, NULL);
    assert_subscribe("binance-us", "depth@100ms", "BTCUSD", 0,
                     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusd@depth@100ms\"],\"id\":1}");
    assert_unsubscribe("binance-usdm", "kline_1m", "BTCUSDT", 0,
                       "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@kline_1m\"],\"id\":9}");
    assert_unsubscribe("binance-usdm", "kline_1m", "BTCUSDT", 1, NULL);
    assert_subscribe("binance-coinm", "aggTrade", "BTCUSD_PERP", 0,
                     "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusd_perp@aggTrade\"],\"id\":1}");
    const char *symbols[401];
    struct buf out;
    size_t streams = 0, index = 0;
    buf_init(&out, 1 << 16);
    for (size_t i = 0; i < 401; i++) {
        symbols[i] = "ETHBTC";
    }
    const struct venue_recording *recording = venue_find("binance")->recording;
    struct venue_change change = {
        .channel = "aggTrade", .symbols = symbols, .count = 401, .first_id = 70};
    for (; recording->subscribe(&change, index, &out) == ERR_OK; index++) {
        char id[16];
        assert_ok(buf_terminate(&out));
        for (const char *at = (const char *)out.data; (at = strstr(at, "ethbtc@")); at++) {
            streams++;
        }
        snprintf(id, sizeof id, "\"id\":%zu}", 70 + index);
        assert_non_null(strstr((const char *)out.data, id));
    }
    assert_int_equal(index, 3);
    assert_int_equal(streams, 401);
    assert_err(ERR_END, recording->subscribe(&change, SIZE_MAX, &out));
    change.count = 400;
    assert_err(ERR_END, recording->subscribe(&change, 2, &out));
    change.count = 0;
    assert_err(ERR_END, recording->subscribe(&change, 0, &out));
    buf_release(&out);
}

static void futures_channels_have_their_own_paths(void **state)
{
    (void)state;
    const struct venue_recording *usdm = venue_find("binance-usdm")->recording;
    static const struct {
        const char *word, *channel, *url, *path;
    } cases[] = {
        {"trades", "aggTrade", "wss://fstream.binance.com/market/stream", "/market/stream"},
        {"trade", "trade", "wss://fstream.binance.com/public/stream", "/public/stream"},
        {"top", "bookTicker", "wss://fstream.binance.com/public/stream", "/public/stream"},
        {"depth", "depth@100ms", "wss://fstream.binance.com/public/stream", "/public/stream"},
        {"klines", "kline_1m", "wss://fstream.binance.com/market/stream", "/market/stream"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct venue_channel *channel = venue_channel_find(usdm, cases[i].word);
        assert_non_null(channel);
        assert_string_equal(channel->name, cases[i].channel);
        assert_string_equal(venue_channel_url(usdm, channel), cases[i].url);
        assert_string_equal(venue_channel_path(usdm, channel), cases[i].path);
    }
    const struct venue_recording *spot = venue_find("binance")->recording;
    assert_string_equal(venue_channel_url(spot, venue_channel_find(spot, "trade")), spot->url);
    assert_string_equal(venue_find("binance-us")->recording->url,
                        "wss://stream.binance.us:9443/stream");
}

static void answers_name_the_message_they_answer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_id, refused;
        uint64_t id;
    } cases[] = {
        {"{\"result\":null,\"id\":17}", true, false, 17},
        {"{\"id\":0,\"result\":[\"a@trade\"]}", true, false, 0},
        {"{\"result\":null,\"id\":\"a7\"}", false, false, 0},
        {"{\"result\":null,\"id\":null}", false, false, 0},
        {"{\"code\":2,\"msg\":\"Invalid request\",\"id\":18446744073709551615}", true, true,
         UINT64_MAX},
        {"{\"error\":{\"code\":3,\"msg\":\"Invalid JSON\"},\"id\":4}", true, true, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct venue_frame frame = sample_decode("binance", cases[i].text);
        assert_int_equal(frame.kind, VENUE_ACK);
        assert_int_equal(frame.has_request_id, cases[i].has_id);
        assert_true(!frame.has_request_id || frame.request_id == cases[i].id);
        assert_int_equal(frame.error[0] != '\0', cases[i].refused);
        venue_frame_release(&frame);
    }
}

static void a_shutdown_asks_to_connect_anew(void **state)
{
    (void)state;
    static const char *const shutdowns[] = {
        "{\"e\":\"serverShutdown\",\"E\":1770123456789}",
        "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1770123456789}}",
        "{\"stream\":\"!serverShutdown\",\"data\":{\"E\":1770123456789}}",
    };
    for (size_t i = 0; i < sizeof shutdowns / sizeof shutdowns[0]; i++) {
        struct venue_frame frame = sample_decode("binance-us", shutdowns[i]);
        assert_int_equal(frame.kind, VENUE_STATUS);
        assert_true(frame.reconnect);
        assert_int_equal(frame.source_ns, 1770123456789 * MS);
        venue_frame_release(&frame);
    }
    struct venue_frame frame = sample_decode("binance", book_ticker);
    assert_false(frame.reconnect);
    venue_frame_release(&frame);
}

/* ---- playing --------------------------------------------------------------------------------- */

static void opens_the_paths_of_the_venue(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        bool combined;
        size_t count;
    } fine[] = {
        {"/ws", false, 0},
        {"/ws/", false, 0},
        {"/ws/btcusdt@trade", false, 1},
        {"/ws/btcusdt@trade/ethusdt@aggTrade", false, 2},
        {"/stream", true, 0},
        {"/stream?streams=btcusdt@trade/btcusdt@kline_1m&timeUnit=MICROSECOND", true, 2},
        {"/stream?streams=btcusdt%40trade%2Fethusdt%40trade", true, 2},
        {"/public/ws/btcusdt@trade", false, 1},
        {"/market/stream?streams=btcusdt@aggTrade", true, 1},
        {"/ws/!bookTicker", false, 1},
        {"/stream?timeUnit=microsecond", true, 0},
    };
    static const char *const wrong[] = {"/",           "",         "/v2",
                                        "/wss",        "/streams", "/stream/btcusdt@trade",
                                        "/private/ws", "/ws/%zz",  "/stream?streams=%"};
    struct venue_subscriptions subs;
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        struct sample_client client = sample_connect("binance-usdm", fine[i].target);
        assert_int_equal(client.subs.combined, fine[i].combined);
        assert_int_equal(client.subs.count, fine[i].count);
        venue_subscriptions_release(&client.subs);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        venue_subscriptions_init(&subs);
        assert_err(ERR_UNKNOWN, venue_find("binance")->serving->open(wrong[i], &subs));
        venue_subscriptions_release(&subs);
    }
}

static void answers_requests_as_the_venue_does(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("binance", "/stream");
    assert_answer(
        &client,
        "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\",\"btcusdt@depth\"],\"id\":1}",
        "{\"result\":null,\"id\":1}");
    assert_true(sample_is_sent(&client, trade));
    assert_false(sample_is_sent(&client, book_ticker));
    assert_answer(&client, "{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":\"a7\"}",
                  "{\"result\":[\"btcusdt@depth\",\"btcusdt@trade\"],\"id\":\"a7\"}");
    assert_answer(&client,
                  "{\"method\":\"UNSUBSCRIBE\",\"params\":[\"btcusdt@trade\"],\"id\":null}",
                  "{\"result\":null,\"id\":null}");
    assert_false(sample_is_sent(&client, trade));
    /* Names that do not exist and names in upper case are acknowledged and stay silent. */
    assert_answer(
        &client,
        "{\"id\":-3,\"method\":\"SUBSCRIBE\",\"params\":[\"nope@nope\",\"BTCUSDT@trade\"]}",
        "{\"result\":null,\"id\":-3}");
    assert_false(sample_is_sent(&client, trade));
    assert_answer(&client, "{\"method\":\"GET_PROPERTY\",\"params\":[\"combined\"],\"id\":2}",
                  "{\"result\":true,\"id\":2}");
    assert_answer(&client, "{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",false],\"id\":5}",
                  "{\"result\":null,\"id\":5}");
    assert_false(client.subs.combined);
    venue_subscriptions_release(&client.subs);
}

static void refuses_requests_as_the_venue_does(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"method\":\"SET_PROPERTY\",\"params\":[\"x\",true],\"id\":5}",
         "{\"code\":0,\"msg\":\"Unknown property\",\"id\":5}"},
        {"{\"method\":\"SET_PROPERTY\",\"params\":[\"combined\",1],\"id\":5}",
         "{\"code\":1,\"msg\":\"Invalid value type: expected Boolean\",\"id\":5}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@trade\"]}",
         "{\"code\":2,\"msg\":\"Invalid request: request ID must be an unsigned integer\"}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[],\"id\":{}}",
         "{\"code\":2,\"msg\":\"Invalid request: request ID must be an unsigned integer\"}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":\"btcusdt@trade\",\"id\":1}",
         "{\"code\":2,\"msg\":\"Invalid request: missing field `params`\",\"id\":1}"},
        {"{\"method\":\"SUBSCRIBE\",\"params\":[1],\"id\":1}",
         "{\"code\":2,\"msg\":\"Invalid request: stream name must be a string\",\"id\":1}"},
        {"{\"id\":1}", "{\"code\":2,\"msg\":\"Invalid request: missing field `method`\",\"id\":1}"},
        {"{\"method\":\"GO\\\"\",\"id\":1}",
         "{\"code\":2,\"msg\":\"Invalid request: unknown variant `GO\\\"`, expected one of "
         "`SUBSCRIBE`, "
         "`UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`\",\"id\":1}"},
        {"{\"method\":", "{\"code\":3,\"msg\":\"Invalid JSON: it ends too early\"}"},
        {"hello", "{\"code\":3,\"msg\":\"Invalid JSON: expected value at line 1 column 1\"}"},
    };
    struct sample_client client = sample_connect("binance", "/ws");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_answer(&client, cases[i][0], cases[i][1]);
        assert_int_equal(client.subs.count, 0);
    }
    venue_subscriptions_release(&client.subs);
}

static void frames_are_brought_into_the_form_of_the_connection(void **state)
{
    (void)state;
    const struct venue_serving *serving = venue_find("binance")->serving;
    struct venue_subscriptions subs;
    struct buf out;
    venue_subscriptions_init(&subs);
    buf_init(&out, 1 << 16);
    const struct {
        const char *in;
        bool combined;
        const char *out;
    } cases[] = {
        {trade, true, trade},
        {trade, false, raw_trade},
        {raw_trade, true, trade},
        {raw_trade, false, raw_trade},
        {"{\"u\":1,\"s\":\"BTCUSDT\"}", true,
         "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":1,\"s\":\"BTCUSDT\"}}"},
        {"{\"result\":null,\"id\":1}", true, "{\"result\":null,\"id\":1}"},
        {"nonsense", false, "nonsense"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct venue_frame frame = sample_decode("binance", cases[i].in);
        subs.combined = cases[i].combined;
        assert_ok(serving->reframe(&frame, (const uint8_t *)cases[i].in, strlen(cases[i].in), &subs,
                                   &out));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, cases[i].out);
        venue_frame_release(&frame);
    }
    buf_release(&out);
    venue_subscriptions_release(&subs);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static void trades_over_http_get_their_symbol_from_the_question(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "binance", "https://api.binance.com/api/v3/historicalTrades?symbol=BTCUSDT&limit=2",
        "[{\"id\":28457,\"price\":\"4.00000100\",\"qty\":\"12.00000000\",\"quoteQty\":\"48."
        "000012\","
        "\"time\":1499865549590,\"isBuyerMaker\":true,\"isBestMatch\":true},{\"id\":28458,"
        "\"price\":"
        "\"4.1\",\"qty\":\"1\",\"time\":1499865549591,\"isBuyerMaker\":false}]");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "trade");
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTCUSDT", "4.00000100", "12.00000000", 28457,
                                         1499865549590 * MS, TAKER_SELL, TRADE_BACKFILL});
    assert_int_equal(frame.trades[1].taker, TAKER_BUY);
    venue_frame_release(&frame);
    frame =
        sample_http("binance-usdm", "http://127.0.0.1:1/fapi/v1/aggTrades?limit=1&symbol=btcusdt",
                    "[{\"a\":26129,\"p\":\"0.01633102\",\"q\":\"4.70443515\",\"f\":27781,\"l\":"
                    "27782,\"T\":1498793709153,\"m\":true}]");
    assert_sample(&frame.trades[0], &(struct sample_trade){"BTCUSDT", "0.01633102", "4.70443515",
                                                           26129, 1498793709153 * MS, TAKER_SELL,
                                                           TRADE_BACKFILL | TRADE_AGGREGATED});
    assert_true(frame.trades[0].count == 2);
    venue_frame_release(&frame);
}

static void other_http_answers_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *body;
        enum venue_frame_kind kind;
    } cases[] = {
        {"https://h/api/v3/trades?symbol=BTCUSDT", "[]", VENUE_TRADES},
        {"https://h/api/v3/trades", "[]", VENUE_MALFORMED},
        {"https://h/api/v3/trades?symbol=", "[]", VENUE_MALFORMED},
        {"https://h/api/v3/trades?symbol=BTCUSDT", "{}", VENUE_MALFORMED},
        {"https://h/api/v3/trades?symbol=BTCUSDT", "[{}]", VENUE_MALFORMED},
        {"https://h/api/v3/trades?symbol=X", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
         VENUE_ACK},
        {"https://h/api/v3/klines?symbol=BTCUSDT&interval=1m", "[[1,\"2\"]]", VENUE_DATA},
        {"https://h/api/v3/time", "{\"serverTime\":1}", VENUE_OTHER},
        {"", "[]", VENUE_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct venue_frame frame = sample_http("binance", cases[i].url, cases[i].body);
        assert_int_equal(frame.kind, cases[i].kind);
        assert_int_equal(frame.error[0] != '\0',
                         frame.kind == VENUE_MALFORMED || frame.kind == VENUE_ACK);
        venue_frame_release(&frame);
    }
}

static void market_data_are_told_by_their_head(void **state)
{
    (void)state;
    assert_head("binance",
                "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":"
                "1723161255208,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[[\"61\"\"0\"]],\"a\":[]}}",
                "depth@100ms", "BTCUSDT", 1723161255208 * MS);
    assert_head("binance-usdm",
                "{\"e\":\"depthUpdate\",\"E\":1723161256299,\"T\":1723161256298,\"s\":\"BTCUSDT\","
                "\"U\":1,,\"u\":2}",
                "depth", "BTCUSDT", 1723161256299 * MS);
    assert_head("binance",
                "{\"e\":\"kline\",\"E\":1633998534486,\"s\":\"LRCBTC\",\"k\":{\"t\":1633998480000,"
                "\"T\":1633998539999,\"s\":\"LRCBTC\",\"i\":\"1m\",\"f\":x}}",
                "kline_1m", "LRCBTC", 1633998534486 * MS);
    assert_head("binance",
                "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":50093239212,\"s\":\"BTCUSDT\","
                "\"b\":\"61837.63000000\",\"B\"\"3.78826000\"}}",
                "bookTicker", "BTCUSDT", RECORD_NO_TIME);
    assert_head("binance-coinm",
                "{\"u\":1007198632021,\"e\":\"bookTicker\",\"s\":\"BTCUSD_PERP\",\"ps\":\"BTCUSD\","
                "\"b\"\"61804.7\",\"T\":1723161257465,\"E\":1723161257476}",
                "bookTicker", "BTCUSD_PERP", 1723161257476 * MS);
}

/* What would make a frame another one than its head says is looked for. */
static void a_head_is_not_believed_where_more_may_follow(void **state)
{
    (void)state;
    assert_malformed("binance",
                     "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"stream\":\"btcusdt@trade\","
                     "\"data\":{}}",
                     "stream");
    struct venue_frame frame = sample_decode(
        "binance", "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":1,\"s\":\"BTCUSDT\",\"b\":"
                   "\"1\",\"E\":1723161257476,\"B\":\"2\"}}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, 1723161257476 * MS);
    venue_frame_release(&frame);
    assert_kind("binance",
                "{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"e\":\"24hrTicker\",\"E\":1723161257476}",
                VENUE_DATA, "ticker", "BTCUSDT");
    assert_kind(
        "binance",
        "{\"stream\":\"btcusdt@!depth\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\"}}",
        VENUE_DATA, "!depth", "BTCUSDT");
    /* "T" and "E" belong to another object than "u". */
    frame = sample_decode(
        "binance-usdm", "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":1,"
                        "\"s\":\"BTCUSDT\",\"b\":\"1\"},\"a\":{\"A\":1,\"T\":1723161256313,"
                        "\"E\":1723161256313}}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, RECORD_NO_TIME);
    venue_frame_release(&frame);
}

static void a_trade_is_read_to_its_last_byte(void **state)
{
    (void)state;
    char text[sizeof trade + 1];
    for (size_t size = 1; size < sizeof trade - 1; size++) {
        memcpy(text, trade, size);
        text[size] = '\0';
        assert_malformed("binance", text, "");
    }
    memcpy(text, trade, sizeof trade - 1);
    memcpy(text + sizeof trade - 1, "}", 2);
    assert_malformed("binance", text, "behind its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_comes_combined_or_raw),
        cmocka_unit_test(an_aggregate_counts_its_trades),
        cmocka_unit_test(what_is_no_market_trade_keeps_its_id_but_is_excluded),
        cmocka_unit_test(times_of_16_digits_are_microseconds),
        cmocka_unit_test(ids_need_all_64_bits),
        cmocka_unit_test(other_frames_tell_channel_symbol_and_time),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(spot_symbols_are_divided_by_known_quotes),
        cmocka_unit_test(contracts_never_share_the_name_of_the_spot_pair),
        cmocka_unit_test(wrong_instruments_are_refused),
        cmocka_unit_test(subscribes_in_messages_of_a_bounded_number_of_streams),
        cmocka_unit_test(futures_channels_have_their_own_paths),
        cmocka_unit_test(answers_name_the_message_they_answer),
        cmocka_unit_test(a_shutdown_asks_to_connect_anew),
        cmocka_unit_test(opens_the_paths_of_the_venue),
        cmocka_unit_test(answers_requests_as_the_venue_does),
        cmocka_unit_test(refuses_requests_as_the_venue_does),
        cmocka_unit_test(frames_are_brought_into_the_form_of_the_connection),
        cmocka_unit_test(trades_over_http_get_their_symbol_from_the_question),
        cmocka_unit_test(other_http_answers_are_told_apart),
        cmocka_unit_test(market_data_are_told_by_their_head),
        cmocka_unit_test(a_head_is_not_believed_where_more_may_follow),
        cmocka_unit_test(a_trade_is_read_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
