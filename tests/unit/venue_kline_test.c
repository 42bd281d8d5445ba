/*
 * The venues' own candles: frames and answers as the venues send them, and the same with something
 * wrong in them. Where a recording is there, all of its frames.
 */
#include "engine/base/time_text.h"
#include "engine/venue/venue.h"
#include "tests/unit/unit.h"

#include <zstd.h>

#define CAPTURES "../shared/captures/"
#define FEW      8

static size_t read_frame(const char *venue, const char *text, struct venue_kline *out, size_t max)
{
    return venue_find(venue)->klines(NULL, (const uint8_t *)text, strlen(text), out, max);
}

static size_t read_answer(const char *venue, const char *url, const char *text,
                          struct venue_kline *out, size_t max)
{
    return venue_find(venue)->klines_http(url, (const uint8_t *)text, strlen(text), NULL, out, max);
}

static void assert_decimal(struct decimal value, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, value);
    assert_string_equal(text, expected);
}

static void assert_prices(const struct venue_kline *kline, const char *open, const char *high,
                          const char *low, const char *close)
{
    assert_decimal(kline->open, open);
    assert_decimal(kline->high, high);
    assert_decimal(kline->low, low);
    assert_decimal(kline->close, close);
}

/* "2021-10-12T00:28:00Z" and the length in minutes. */
static void assert_window(const struct venue_kline *kline, const char *open, int64_t minutes)
{
    char text[TIME_TEXT_MAX];
    time_format(text, kline->open_ns);
    assert_string_equal(text, open);
    assert_int_equal(kline->size_ns, minutes * NS_PER_MIN);
}

/* ---- frames ---------------------------------------------------------------------------------- */

#define BINANCE_K                                                                                  \
    "{\"e\":\"kline\",\"E\":1633998534486,\"s\":\"LRCBTC\",\"k\":{\"t\":1633998480000,\"T\":"      \
    "1633998539999,\"s\":\"LRCBTC\",\"i\":\"1m\",\"f\":12368013,\"L\":12368013,\"o\":"             \
    "\"0.00000638\",\"c\":\"0.00000637\",\"h\":\"0.00000639\",\"l\":\"0.00000636\",\"v\":"         \
    "\"177.00000000\",\"n\":1,\"x\":false,\"q\":\"0.00112926\",\"V\":\"176.00000000\",\"Q\":"      \
    "\"0.00112925\",\"B\":\"0\"}}"

static void assert_lrcbtc(const struct venue_kline *kline)
{
    assert_string_equal(kline->symbol, "LRCBTC");
    assert_window(kline, "2021-10-12T00:28:00Z", 1);
    assert_prices(kline, "0.00000638", "0.00000639", "0.00000636", "0.00000637");
    assert_decimal(kline->volume, "177.00000000");
    assert_true(kline->has_quote_volume && kline->has_trades && kline->has_taker_buy);
    assert_true(kline->has_ids && !kline->has_vwap);
    assert_decimal(kline->quote_volume, "0.00112926");
    assert_decimal(kline->taker_buy_volume, "176.00000000");
    assert_decimal(kline->taker_buy_quote_volume, "0.00112925");
    assert_int_equal(kline->trades, 1);
    assert_int_equal(kline->first_id, 12368013);
    assert_int_equal(kline->last_id, 12368013);
    assert_int_equal(kline->state, KLINE_FORMING);
}

static void binance_says_ids_and_takers(void **state)
{
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("binance", BINANCE_K, &kline, 1), 1);
    assert_lrcbtc(&kline);
    assert_int_equal(
        read_frame("binance", "{\"stream\":\"lrcbtc@kline_1m\",\"data\":" BINANCE_K "}", &kline, 1),
        1);
    assert_lrcbtc(&kline);
    const char *const closed =
        "{\"stream\":\"sushiusdt@kline_1m\",\"data\":{\"e\":\"kline\",\"E\":1626992760203,\"s\":"
        "\"SUSHIUSDT\",\"k\":{\"t\":1626992700000,\"T\":1626992759999,\"s\":\"SUSHIUSDT\",\"i\":"
        "\"1m\",\"f\":126902874,\"L\":126902986,\"o\":\"7.6080\",\"c\":\"7.6170\",\"h\":\"7.6180\","
        "\"l\":\"7.6070\",\"v\":\"3005\",\"n\":113,\"x\":true,\"q\":\"22875.8590\",\"V\":\"1900\","
        "\"Q\":\"14464.6960\",\"B\":\"0\"}}}";
    assert_int_equal(read_frame("binance-usdm", closed, &kline, 1), 1);
    assert_string_equal(kline.symbol, "SUSHIUSDT");
    assert_int_equal(kline.state, KLINE_FINAL);
    assert_int_equal(kline.last_id - kline.first_id + 1, kline.trades);
}

/* COIN-M counts contracts; what stands where others have the money are coins. */
static void contracts_have_no_money(void **state)
{
    const char *const text =
        "{\"stream\":\"ethusd_perp@kline_1m\",\"data\":{\"e\":\"kline\",\"E\":1653818962599,\"s\":"
        "\"ETHUSD_PERP\",\"k\":{\"t\":1653818940000,\"T\":1653818999999,\"s\":\"ETHUSD_PERP\","
        "\"i\":"
        "\"1m\",\"f\":413873402,\"L\":413874164,\"o\":\"1786.56\",\"c\":\"1788.67\",\"h\":"
        "\"1789.24\",\"l\":\"1785.25\",\"v\":\"401601\",\"n\":763,\"x\":false,\"q\":"
        "\"2246.59444657\",\"V\":\"254246\",\"Q\":\"1422.31905487\",\"B\":\"0\"}}}";
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("binance-coinm", text, &kline, 1), 1);
    assert_decimal(kline.volume, "401601");
    assert_decimal(kline.taker_buy_volume, "254246");
    assert_true(kline.has_taker_buy && !kline.has_quote_volume);
}

/* Of a minute without trades the ids are -1. */
static void no_trades_no_ids(void **state)
{
    const char *const text =
        "{\"e\":\"kline\",\"E\":1633998534486,\"s\":\"LRCBTC\",\"k\":{\"t\":1633998480000000,\"T\":"
        "1633998539999999,\"s\":\"LRCBTC\",\"i\":\"1m\",\"f\":-1,\"L\":-1,\"o\":\"5\",\"c\":\"5\","
        "\"h\":\"5\",\"l\":\"5\",\"v\":\"0\",\"n\":0,\"x\":true,\"q\":\"0\",\"V\":\"0\",\"Q\":"
        "\"0\","
        "\"B\":\"0\"}}";
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("binance", text, &kline, 1), 1);
    assert_false(kline.has_ids);
    assert_window(&kline, "2021-10-12T00:28:00Z", 1); /* in us */
}

#define BYBIT_PUSH                                                                                 \
    "{\"topic\":\"kline.5.BTCUSDT\",\"data\":[{\"start\":1786310700000,\"end\":1786310999999,"     \
    "\"interval\":\"5\",\"open\":\"65119.9\",\"close\":\"65114.3\",\"high\":\"65120.9\",\"low\":"  \
    "\"65114.2\",\"volume\":\"1.576\",\"turnover\":\"102627.995\",\"confirm\":true,"               \
    "\"timestamp\":1786310818440}],\"ts\":1786310818440,\"type\":\"snapshot\"}"

static void bybit_confirms(void **state)
{
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("bybit-linear", BYBIT_PUSH, &kline, 1), 1);
    assert_string_equal(kline.symbol, "BTCUSDT");
    assert_window(&kline, "2026-08-09T21:25:00Z", 5);
    assert_prices(&kline, "65119.9", "65120.9", "65114.2", "65114.3");
    assert_decimal(kline.volume, "1.576");
    assert_decimal(kline.quote_volume, "102627.995");
    assert_int_equal(kline.state, KLINE_FINAL);
    assert_true(kline.has_quote_volume && !kline.has_trades && !kline.has_ids);
    /* Turnover of contracts in coins counts coins. */
    assert_int_equal(read_frame("bybit-inverse", BYBIT_PUSH, &kline, 1), 1);
    assert_false(kline.has_quote_volume);
}

static void kucoin_has_close_before_high(void **state)
{
    const char *const text =
        "{\"data\":{\"symbol\":\"DAPPT-BTC\",\"candles\":[\"1619378280\",\"0.0000001117\","
        "\"0.0000001123\",\"0.0000001126\",\"0.0000001116\",\"3799.1984\",\"0.00042624222239\"],"
        "\"time\":1619378332805085744},\"subject\":\"trade.candles.update\",\"topic\":"
        "\"/market/candles:DAPPT-BTC_1min\",\"type\":\"message\"}";
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("kucoin", text, &kline, 1), 1);
    assert_string_equal(kline.symbol, "DAPPT-BTC");
    assert_window(&kline, "2021-04-25T19:18:00Z", 1);
    assert_prices(&kline, "0.0000001117", "0.0000001126", "0.0000001116", "0.0000001123");
    assert_decimal(kline.volume, "3799.1984");
    assert_decimal(kline.quote_volume, "0.00042624222239");
    assert_int_equal(kline.state, KLINE_UNSAID);
}

static void okx_confirms_in_its_last_element(void **state)
{
    const char *const text =
        "{\"arg\":{\"channel\":\"candle1H\",\"instId\":\"BTC-USDT\"},\"data\":[[\"1654153200000\","
        "\"29930.7\",\"29936.3\",\"29920.7\",\"29931.3\",\"0.0111536\",\"333.86246417\","
        "\"333.86246417\",\"1\"],[\"1654156800000\",\"1\",\"2\",\"1\",\"2\",\"3\",\"4\",\"5\","
        "\"0\"]]}";
    struct venue_kline klines[FEW];
    (void)state;
    assert_int_equal(read_frame("okx", text, klines, FEW), 2);
    assert_string_equal(klines[0].symbol, "BTC-USDT");
    assert_window(&klines[0], "2022-06-02T07:00:00Z", 60);
    assert_prices(&klines[0], "29930.7", "29936.3", "29920.7", "29931.3");
    assert_decimal(klines[0].volume, "0.0111536");
    assert_decimal(klines[0].quote_volume, "333.86246417");
    assert_int_equal(klines[0].state, KLINE_FINAL);
    assert_int_equal(klines[1].state, KLINE_FORMING);
    const char *const older =
        "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"BTC-USDT-SWAP\"},\"data\":["
        "[\"1662716640000\",\"20702.4\",\"20710\",\"20702.3\",\"20703.8\",\"4070\",\"40.7\"]]}";
    assert_int_equal(read_frame("okx", older, klines, FEW), 1);
    assert_int_equal(klines[0].state, KLINE_UNSAID);
    assert_false(klines[0].has_quote_volume);
    assert_decimal(klines[0].volume, "4070");
}

static void kraken_never_says_final(void **state)
{
    const char *const v2 =
        "{\"channel\":\"ohlc\",\"type\":\"update\",\"timestamp\":\"2026-10-06T18:06:02.918011Z\","
        "\"data\":[{\"symbol\":\"BTC/USD\",\"open\":85754.8,\"high\":85754.9,\"low\":85754.6,"
        "\"close\":85754.7,\"trades\":12,\"volume\":0.51707722,\"vwap\":85754.7,\"interval_begin\":"
        "\"2026-10-06T18:06:00.000000000Z\",\"interval\":1,\"timestamp\":"
        "\"2026-10-06T18:07:00.000000Z\"}]}";
    const char *const v1 =
        "[343,[\"1675209613.118218\",\"1675209660.000000\",\"23135.00000\",\"23135.50000\","
        "\"23134.00000\",\"23135.40000\",\"23135.13297\",\"0.39012812\",7],\"ohlc-1\",\"XBT/USD\"]";
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("kraken", v2, &kline, 1), 1);
    assert_string_equal(kline.symbol, "BTC/USD");
    assert_window(&kline, "2026-10-06T18:06:00Z", 1);
    assert_prices(&kline, "85754.8", "85754.9", "85754.6", "85754.7");
    assert_int_equal(kline.trades, 12);
    assert_decimal(kline.vwap, "85754.7");
    assert_int_equal(kline.state, KLINE_UNSAID);
    assert_true(kline.has_vwap && kline.has_trades && !kline.has_quote_volume);
    assert_int_equal(read_frame("kraken-v1", v1, &kline, 1), 1);
    assert_string_equal(kline.symbol, "XBT/USD");
    assert_window(&kline, "2023-02-01T00:00:00Z", 1);
    assert_prices(&kline, "23135.00000", "23135.50000", "23134.00000", "23135.40000");
    assert_decimal(kline.volume, "0.39012812");
    assert_int_equal(kline.trades, 7);
}

static void deribit_counts_as_its_trades_do(void **state)
{
    const char *const inverse =
        "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":"
        "\"chart.trades.BTC-31MAR23.1\",\"data\":{\"volume\":0.00172302,\"tick\":1677628800000,"
        "\"open\":23215.0,\"low\":23214.0,\"high\":23216.5,\"cost\":40.0,\"close\":23215.5}}}";
    const char *const option =
        "{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":"
        "\"chart.trades.BTC-25MAR23-26500-P.3\",\"data\":{\"volume\":0.1,\"tick\":1679559480000,"
        "\"open\":0.003,\"low\":0.003,\"high\":0.003,\"cost\":0.0003,\"close\":0.003}}}";
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("deribit", inverse, &kline, 1), 1);
    assert_string_equal(kline.symbol, "BTC-31MAR23");
    assert_window(&kline, "2023-03-01T00:00:00Z", 1);
    assert_prices(&kline, "23215.0", "23216.5", "23214.0", "23215.5");
    assert_decimal(kline.volume, "40.0"); /* dollars, as in its trades */
    assert_false(kline.has_quote_volume);
    assert_int_equal(read_frame("deribit", option, &kline, 1), 1);
    assert_string_equal(kline.symbol, "BTC-25MAR23-26500-P");
    assert_window(&kline, "2023-03-23T08:18:00Z", 3);
    assert_decimal(kline.volume, "0.1");
    assert_decimal(kline.quote_volume, "0.0003");
}

/* What a number stands for is only known from the subscription. */
static void bitfinex_needs_its_routes(void **state)
{
    const char *const frames[] = {
        "{\"event\":\"subscribed\",\"channel\":\"candles\",\"chanId\":7,\"key\":"
        "\"trade:1m:tBTCUSD\"}",
        "[7,[[1654076100000,31672,31673,31674,31667,0.5],[1654076040000,1,1,1,1,2]]]",
        "[7,[1654076100000,31672,31673,31674,31667,0.00118434]]",
        "[7,\"hb\"]",
        "[{\"channel\":\"candles\",\"key\":\"trade:1m:tBTCF0:USTF0\"},"
        "[1654076040000,31672,31673,31674,31667,0.00118434]]",
        "[8,[1654076100000,31672,31673,31674,31667,0.00118434]]",
    };
    static const size_t expected[] = {0, 2, 1, 0, 1, 0};
    const struct venue *venue = venue_find("bitfinex");
    struct venue_frame frame;
    struct venue_kline klines[FEW];
    (void)state;
    venue_frame_init(&frame);
    frame.connection = 3;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        const uint8_t *data = (const uint8_t *)frames[i];
        size_t size = strlen(frames[i]);
        assert_ok(venue->decode(data, size, &frame));
        assert_int_equal(venue->klines(&frame, data, size, klines, FEW), expected[i]);
        if (expected[i] == 1) {
            assert_prices(&klines[0], "31672", "31674", "31667", "31673");
            assert_decimal(klines[0].volume, "0.00118434");
            assert_string_equal(klines[0].symbol, i == 2 ? "tBTCUSD" : "tBTCF0:USTF0");
            assert_int_equal(klines[0].size_ns, NS_PER_MIN);
        }
    }
    venue_frame_release(&frame);
}

static void coinbase_advanced_has_five_minutes(void **state)
{
    const char *const text =
        "{\"channel\":\"candles\",\"client_id\":\"\",\"timestamp\":\"2023-06-09T20:19:35.396Z\","
        "\"sequence_num\":0,\"events\":[{\"type\":\"snapshot\",\"candles\":[{\"start\":"
        "\"1688998200\",\"high\":\"1867.72\",\"low\":\"1865.63\",\"open\":\"1867.38\",\"close\":"
        "\"1866.81\",\"volume\":\"0.20269406\",\"product_id\":\"ETH-USD\"}]}]}";
    struct venue_kline kline;
    (void)state;
    assert_int_equal(read_frame("coinbase-advanced", text, &kline, 1), 1);
    assert_string_equal(kline.symbol, "ETH-USD");
    assert_window(&kline, "2023-07-10T14:10:00Z", 5);
    assert_prices(&kline, "1867.38", "1867.72", "1865.63", "1866.81");
    assert_decimal(kline.volume, "0.20269406");
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answers_say_symbol_and_length_in_the_request(void **state)
{
    struct venue_kline klines[FEW];
    (void)state;
    assert_int_equal(
        read_answer("binance", "https://h/api/v3/klines?symbol=BTCUSDT&interval=15m",
                    "[[1499040000000,\"0.01634790\",\"0.80000000\",\"0.01575800\",\"0.01577100\","
                    "\"148976.11427815\",1499644799999,\"2434.19055334\",308,\"1756.87402397\","
                    "\"28.46694368\",\"17928899.62484339\"]]",
                    klines, FEW),
        1);
    assert_string_equal(klines[0].symbol, "BTCUSDT");
    assert_window(&klines[0], "2017-07-03T00:00:00Z", 15);
    assert_prices(&klines[0], "0.01634790", "0.80000000", "0.01575800", "0.01577100");
    assert_decimal(klines[0].quote_volume, "2434.19055334");
    assert_decimal(klines[0].taker_buy_quote_volume, "28.46694368");
    assert_int_equal(klines[0].trades, 308);
    assert_int_equal(klines[0].state, KLINE_UNSAID);

    assert_int_equal(
        read_answer("bybit", "https://h/v5/market/kline?category=spot&symbol=BTCUSDT&interval=D",
                    "{\"retCode\":0,\"result\":{\"category\":\"spot\",\"symbol\":\"BTCUSDT\","
                    "\"list\":[[\"1670608800000\",\"17071\",\"17073\",\"17027\",\"17055.5\","
                    "\"268611\",\"15.74462667\"]]}}",
                    klines, FEW),
        1);
    assert_window(&klines[0], "2022-12-09T18:00:00Z", 1440);
    assert_prices(&klines[0], "17071", "17073", "17027", "17055.5");

    assert_int_equal(
        read_answer("kraken", "https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=60",
                    "{\"error\":[],\"result\":{\"XXBTZUSD\":[[1688671200,\"30306.1\",\"30306.2\","
                    "\"30305.7\",\"30305.9\",\"30306.1\",\"3.39243896\",23],[1688674800,\"1.0\","
                    "\"1.0\",\"1.0\",\"1.0\",\"0.0\",\"0.00000000\",0]],\"last\":1688672160}}",
                    klines, FEW),
        2);
    assert_string_equal(klines[0].symbol, "BTC/USD");
    assert_window(&klines[0], "2023-07-06T19:20:00Z", 60);
    assert_decimal(klines[0].vwap, "30306.1");
    assert_int_equal(klines[0].trades, 23);
    assert_false(klines[1].has_vwap);

    assert_int_equal(
        read_answer("kucoin", "https://h/api/v1/market/candles?type=1hour&symbol=BTC-USDT",
                    "{\"code\":\"200000\",\"data\":[[\"1545904980\",\"0.058\",\"0.049\",\"0.058\","
                    "\"0.049\",\"0.018\",\"0.000945\"]]}",
                    klines, FEW),
        1);
    assert_window(&klines[0], "2018-12-27T10:03:00Z", 60);
    assert_prices(&klines[0], "0.058", "0.058", "0.049", "0.049");

    assert_int_equal(read_answer("okx", "https://h/api/v5/market/candles?instId=BTC-USDT",
                                 "{\"code\":\"0\",\"msg\":\"\",\"data\":[[\"1597026360000\","
                                 "\"3.721\",\"3.743\",\"3.677\",\"3.708\",\"8422410\",\"22698348\","
                                 "\"12698348\",\"0\"]]}",
                                 klines, FEW),
                     1);
    assert_window(&klines[0], "2020-08-10T02:26:00Z", 1);
    assert_decimal(klines[0].quote_volume, "12698348");

    assert_int_equal(
        read_answer("coinbase", "https://h/products/BTC-USD/candles?granularity=300",
                    "[[1415398768,0.32,4.2,0.35,4.19,12.3],[1415398468,0.32,4.2,0.35,4.2,5]]",
                    klines, FEW),
        2);
    assert_string_equal(klines[0].symbol, "BTC-USD");
    assert_prices(&klines[0], "0.35", "4.2", "0.32", "4.19");
    assert_int_equal(klines[0].size_ns, 5 * NS_PER_MIN);
}

static void other_answers_hold_none(void **state)
{
    struct venue_kline kline;
    (void)state;
    assert_int_equal(
        read_answer("binance", "https://h/api/v3/trades?symbol=A&interval=1m", "[]", &kline, 1), 0);
    /* A month has no length. */
    assert_int_equal(read_answer("binance", "https://h/api/v3/klines?symbol=A&interval=1M",
                                 "[[1499040000000,\"1\",\"1\",\"1\",\"1\",\"1\",1499644799999,"
                                 "\"1\",1,\"1\",\"1\",\"0\"]]",
                                 &kline, 1),
                     0);
    assert_int_equal(read_answer("kraken", "https://h/0/public/Trades?pair=XBTUSD",
                                 "{\"error\":[],\"result\":{\"XXBTZUSD\":[],\"last\":\"1\"}}",
                                 &kline, 1),
                     0);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

struct sample {
    const char *venue, *text;
};
static const struct sample samples[] = {
    {"binance", BINANCE_K},
    {"bybit", BYBIT_PUSH},
    {"okx", "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"A-B\"},\"data\":[[\"1654154580000\","
            "\"2\",\"3\",\"1\",\"2\",\"5\",\"6\",\"7\",\"1\"]]}"},
    {"kucoin", "{\"data\":{\"candles\":[\"1619378280\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
               "\"topic\":\"/market/candles:A-B_1min\"}"},
    {"kraken", "{\"channel\":\"ohlc\",\"data\":[{\"symbol\":\"A/B\",\"open\":2,\"high\":3,\"low\":"
               "1,\"close\":2,\"trades\":5,\"volume\":6,\"vwap\":2,\"interval_begin\":"
               "\"2026-10-06T18:06:00Z\",\"interval\":1}]}"},
    {"kraken-v1", "[3,[\"1675209613.1\",\"1675209660.0\",\"2\",\"3\",\"1\",\"2\",\"2\",\"6\",7],"
                  "\"ohlc-1\",\"A/B\"]"},
    {"deribit", "{\"params\":{\"channel\":\"chart.trades.A-PERPETUAL.1\",\"data\":{\"volume\":6,"
                "\"tick\":1677628800000,\"open\":2,\"low\":1,\"high\":3,\"cost\":4,\"close\":2}}}"},
    {"coinbase-advanced", "{\"channel\":\"candles\",\"events\":[{\"candles\":[{\"start\":"
                          "\"1688998200\",\"high\":\"3\",\"low\":\"1\",\"open\":\"2\",\"close\":"
                          "\"2\",\"volume\":\"6\",\"product_id\":\"A-B\"}]}]}"},
};
#define SAMPLES (sizeof samples / sizeof samples[0])

/* Half a frame gives none, and no byte behind it is looked at. */
static void a_cut_frame_gives_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t size = strlen(samples[i].text);
        const struct venue *venue = venue_find(samples[i].venue);
        struct venue_kline kline;
        assert_int_equal(read_frame(samples[i].venue, samples[i].text, &kline, 1), 1);
        assert_int_equal(read_frame(samples[i].venue, samples[i].text, &kline, 0), 0);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *copy = malloc(cut + 1); /* for the sanitizers: not a byte more */
            memcpy(copy, samples[i].text, cut);
            uint8_t *exact = realloc(copy, cut ? cut : 1);
            assert_int_equal(venue->klines(NULL, exact, cut, &kline, 1), 0);
            free(exact);
        }
    }
}

static void check_kline(const struct venue_kline *kline)
{
    assert_true(kline->symbol[0] != '\0' && memchr(kline->symbol, '\0', SYMBOL_MAX));
    assert_true(kline->size_ns > 0 && kline->open_ns > 0);
    assert_false(decimal_is_negative(kline->volume) || decimal_is_zero(kline->open));
    assert_true(decimal_compare(kline->low, kline->high) <= 0);
}

/* What comes out of bytes that were changed at random is still in range. */
static void changed_bytes_do_no_harm(void **state)
{
    static const char alphabet[] = "\"{}[],:-.0129eEx\\\0\xff null";
    uint64_t random = 4;
    (void)state;
    for (unsigned round = 0; round < 40000; round++) {
        const struct sample *sample = &samples[unit_below(&random, SAMPLES)];
        size_t size = strlen(sample->text);
        uint8_t *copy = malloc(size);
        struct venue_kline klines[2];
        memcpy(copy, sample->text, size);
        for (uint64_t i = 1 + unit_below(&random, 3); i > 0; i--) {
            copy[unit_below(&random, size)] =
                (uint8_t)alphabet[unit_below(&random, sizeof alphabet)];
        }
        const char *reader = samples[unit_below(&random, SAMPLES)].venue;
        const char *venue = round % 4 ? sample->venue : reader;
        size_t count = venue_find(venue)->klines(NULL, copy, size, klines, 2);
        for (size_t i = 0; i < count; i++) {
            check_kline(&klines[i]);
        }
        free(copy);
    }
}

static void absurd_values_are_no_candle(void **state)
{
    static const char *const texts[] = {
        /* a low above the high, a price of zero, a volume below it, a time before 1970 */
        "{\"data\":{\"candles\":[\"1619378280\",\"2\",\"2\",\"1\",\"3\",\"5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_1min\"}",
        "{\"data\":{\"candles\":[\"1619378280\",\"0\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_1min\"}",
        "{\"data\":{\"candles\":[\"1619378280\",\"2\",\"2\",\"3\",\"1\",\"-5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_1min\"}",
        "{\"data\":{\"candles\":[\"-1\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_1min\"}",
        "{\"data\":{\"candles\":[\"9223372036854775807\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_1min\"}",
        "{\"data\":{\"candles\":[\"1619378280\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_1month\"}",
        "{\"data\":{\"candles\":[\"1619378280\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
        "\"topic\":\"/market/candles:A-B_999999week\"}",
        "{\"data\":{\"candles\":[\"1619378280\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]},"
        "\"topic\":\"/market/match:A-B_1min\"}",
    };
    struct venue_kline kline;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(read_frame("kucoin", texts[i], &kline, 1), 0);
    }
}

/* Whoever can record klines can also read them. */
static void recorded_klines_can_be_read(void **state)
{
    size_t count = 0;
    (void)state;
    for (const struct venue *const *at = venue_all(); *at; at++) {
        const struct venue_recording *recording = (*at)->recording;
        bool recorded = recording && venue_channel_find(recording, "klines");
        assert_int_equal(recorded, (*at)->klines != NULL);
        count += recorded;
    }
    assert_true(count >= 12);
}

/* ---- recordings ------------------------------------------------------------------------------ */

static char *load(const char *name)
{
    size_t capacity = 64 << 20;
    FILE *file = fopen(name, "rb");
    if (!file) {
        print_message("no %s here: not looked at\n", name);
        return NULL;
    }
    char *text = malloc(capacity + 1);
    size_t size = fread(text, 1, capacity, file);
    fclose(file);
    text[size] = '\0';
    return text;
}

/* Klines in the lines of a text recording, "seconds: frame"; `mark` finds them by a plain search.
 */
static void count_frames(const char *name, const char *venue, const char *mark, size_t expected)
{
    char *text = load(name), *rest = text;
    size_t found = 0, marked = 0;
    if (!text) {
        return;
    }
    for (char *line = NULL; (line = strsep(&rest, "\n"));) {
        const char *frame = strstr(line, ": {");
        struct venue_kline kline;
        if (!frame || strstr(line, "<-")) {
            continue;
        }
        size_t count = read_frame(venue, frame + 2, &kline, 1);
        assert_int_equal(count, strstr(frame, mark) != NULL);
        found += count;
        marked += strstr(frame, mark) != NULL;
        if (count) {
            check_kline(&kline);
            assert_int_equal(kline.size_ns, NS_PER_MIN);
            assert_true(!kline.has_ids || kline.last_id - kline.first_id + 1 == kline.trades);
        }
    }
    assert_int_equal(found, marked);
    assert_true(found >= expected);
    free(text);
}

static void recordings_are_read_whole(void **state)
{
    (void)state;
    count_frames(CAPTURES "cryptofeed/BINANCE.ws.1.0", "binance", "\"e\":\"kline\"", 1);
    count_frames(CAPTURES "cryptofeed/BINANCE_US.ws.1.0", "binance-us", "\"e\":\"kline\"", 1);
    count_frames(CAPTURES "cryptofeed/BINANCE_FUTURES.ws.1.0", "binance-usdm", "\"e\":\"kline\"",
                 10);
    count_frames(CAPTURES "cryptofeed/KUCOIN.ws.1.0", "kucoin", "\"candles\":[", 6);
}

static void an_answer_of_kraken_is_read_whole(void **state)
{
    static struct venue_kline klines[VENUE_KLINES_MAX];
    char *text = load(CAPTURES "kraken-rest/XBTUSDT-ohlc-1m.json");
    size_t empty = 0;
    (void)state;
    if (!text) {
        skip();
    }
    size_t count = read_answer("kraken", "https://api.kraken.com/0/public/OHLC?pair=XBTUSDT", text,
                               klines, VENUE_KLINES_MAX);
    assert_int_equal(count, 220);
    for (size_t i = 0; i < count; i++) {
        check_kline(&klines[i]);
        assert_string_equal(klines[i].symbol, "BTC/USDT");
        assert_true(i == 0 || klines[i].open_ns == klines[i - 1].open_ns + NS_PER_MIN);
        empty += decimal_is_zero(klines[i].volume);
    }
    assert_true(empty > 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binance_says_ids_and_takers),
        cmocka_unit_test(contracts_have_no_money),
        cmocka_unit_test(no_trades_no_ids),
        cmocka_unit_test(bybit_confirms),
        cmocka_unit_test(kucoin_has_close_before_high),
        cmocka_unit_test(okx_confirms_in_its_last_element),
        cmocka_unit_test(kraken_never_says_final),
        cmocka_unit_test(deribit_counts_as_its_trades_do),
        cmocka_unit_test(bitfinex_needs_its_routes),
        cmocka_unit_test(coinbase_advanced_has_five_minutes),
        cmocka_unit_test(answers_say_symbol_and_length_in_the_request),
        cmocka_unit_test(other_answers_hold_none),
        cmocka_unit_test(a_cut_frame_gives_none),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(absurd_values_are_no_candle),
        cmocka_unit_test(recorded_klines_can_be_read),
        cmocka_unit_test(recordings_are_read_whole),
        cmocka_unit_test(an_answer_of_kraken_is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
