#include "tests/unit/venue_equal.h"
#include "tests/unit/venue_past_sample.h"

#include <zstd.h>

static const char *const venues[] = {"bybit", "bybit-linear", "bybit-inverse"};

static uint32_t opaque_in(const char *venue)
{
    return strcmp(venue, "bybit") == 0 ? 0 : TRADE_OPAQUE;
}

/* ---- frames -----------------------------------------------------------------------------------
 */

/* The manual's example. */
static const char contract[] =
    "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304486868,\"data\":[{"
    "\"T\":"
    "1672304486865,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.001\",\"p\":\"16578.50\",\"L\":"
    "\"PlusTick\",\"i\":\"20f43950-d8dd-5b31-9112-a178eb6023af\",\"BT\":false}]}";

#define SPOT_ROW(id, time)                                                                         \
    "{\"i\":\"" id "\",\"T\":" time ",\"p\":\"3.6279\",\"v\":\"1.3637\",\"S\":\"Sell\",\"s\":"     \
    "\"BTCUSDT\",\"BT\":false,\"RPI\":false,\"seq\":7}"
#define SPOT(rows)                                                                                 \
    "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":1690720953113,\"type\":\"snapshot\",\"data\":"      \
    "[" rows "]}"

/* FNV-1a of 64 bits as its authors define it, of the text of the id: computed with
 *   python3 -c 'h=0xcbf29ce484222325
 *   for c in b"20f43950-d8dd-5b31-9112-a178eb6023af": h=((h^c)*0x100000001b3)%2**64
 *   print(h)' */
#define CONTRACT_ID UINT64_C(10637318428570714664)

static void a_contract_s_trade_bears_the_hash_of_its_uuid(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode("bybit-linear", contract);
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "publicTrade");
    assert_string_equal(frame.symbol, "BTCUSDT");
    assert_int_equal(frame.source_ns, INT64_C(1672304486865) * NS_PER_MS);
    assert_int_equal(frame.trade_count, 1);
    /* "snapshot" does not mean old. */
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTCUSDT", "16578.50", "0.001", CONTRACT_ID,
                                         INT64_C(1672304486865) * NS_PER_MS, TAKER_BUY,
                                         TRADE_OPAQUE});
    assert_true(frame.trades[0].has_id);
    venue_frame_release(&frame);
    assert_int_equal(venue_find("bybit-linear")->ids, IDS_OPAQUE);
    assert_int_equal(venue_find("bybit-inverse")->ids, IDS_OPAQUE);
}

static void a_spot_trade_is_numbered(void **state)
{
    (void)state;
    struct venue_frame frame =
        sample_decode("bybit", SPOT(SPOT_ROW("2200000000067341891", "1690720953111") "," SPOT_ROW(
                                   "2200000000067341890", "1690720953111")));
    assert_int_equal(frame.trade_count, 2);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTCUSDT", "3.6279", "1.3637", 2200000000067341890,
                                         INT64_C(1690720953111) * NS_PER_MS, TAKER_SELL, 0});
    assert_true(frame.trades[1].id == 2200000000067341891);
    venue_frame_release(&frame);
    /* An id that is no number has no place in that order. */
    frame = sample_decode("bybit", contract);
    assert_int_equal(frame.trade_count, 1);
    assert_false(frame.trades[0].has_id);
    venue_frame_release(&frame);
    assert_int_equal(venue_find("bybit")->ids, IDS_ASCENDING);
}

/* Sixteen rows of one ms with prices 1 to 16 and UUIDs, as the feed or REST writes them. */
static void append_rows(char *out, size_t size, bool rest)
{
    size_t used = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned price = rest ? 16 - i : i + 1;
        used += (size_t)snprintf(
            out + used, size - used,
            rest ? "%s{\"execId\":\"%08x-82bc-50de-be60-03eedbe3cdd7\",\"symbol\":\"BTCUSDT\","
                   "\"price\":\"%u\",\"size\":\"1\",\"side\":\"Buy\",\"time\":"
                   "\"1672304486865\"}"
                 : "%s{\"i\":\"%08x-82bc-50de-be60-03eedbe3cdd7\",\"s\":\"BTCUSDT\",\"p\":\"%u\","
                   "\"v\":\"1\",\"S\":\"Buy\",\"T\":1672304486865}",
            i ? "," : "", price * 2654435u, price);
    }
    assert_true(used < size);
}

/* Hashes have no order; the rows have: the feed's go up, those of REST go down. */
static void trades_of_one_ms_keep_their_order(void **state)
{
    (void)state;
    char rows[8192], text[9000];
    for (int rest = 0; rest < 2; rest++) {
        append_rows(rows, sizeof rows, rest);
        snprintf(text, sizeof text,
                 rest ? "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[%s]}}"
                      : "{\"topic\":\"publicTrade.BTCUSDT\",\"data\":[%s]}",
                 rows);
        struct venue_frame frame =
            rest ? sample_http("bybit-linear", "/v5/market/recent-trade?category=linear", text)
                 : sample_decode("bybit-linear", text);
        assert_int_equal(frame.trade_count, 16);
        bool ascending = true;
        for (size_t i = 0; i < 16; i++) {
            assert_true(frame.trades[i].price.mantissa == (int128)i + 1);
            ascending = ascending && (i == 0 || frame.trades[i].id > frame.trades[i - 1].id);
        }
        assert_false(ascending); /* or this would show nothing */
        venue_frame_release(&frame);
    }
}

static void trades_of_v2_are_read_too(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "bybit-linear",
        "{\"topic\":\"trade.BCHUSDT\",\"data\":[{\"symbol\":\"BCHUSDT\",\"tick_direction\":"
        "\"MinusTick\",\"price\":\"1053.90\",\"size\":0.14,\"timestamp\":"
        "\"2021-04-17T16:43:05.000Z\",\"trade_time_ms\":\"1618677785116\",\"side\":\"Buy\","
        "\"trade_id\":\"01cacfe9-8d1c-5ee4-995d-d79a43f955a6\"}]}");
    assert_string_equal(frame.channel, "trade");
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BCHUSDT", "1053.90", "0.14", frame.trades[0].id,
                                         INT64_C(1618677785116) * NS_PER_MS, TAKER_BUY,
                                         TRADE_OPAQUE});
    venue_frame_release(&frame);
    frame = sample_decode(
        "bybit-inverse",
        "{\"topic\":\"trade.BTCUSD\",\"data\":[{\"trade_time_ms\":1616304710061,\"symbol\":"
        "\"BTCUSD\",\"side\":\"Sell\",\"size\":237,\"price\":57073.5,\"trade_id\":"
        "\"f6198d62-4d4d-5908-9902-32c3aa5d9cfd\",\"cross_seq\":5404769827}]}");
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTCUSD", "57073.5", "237", frame.trades[0].id,
                                         INT64_C(1616304710061) * NS_PER_MS, TAKER_SELL,
                                         TRADE_OPAQUE});
    venue_frame_release(&frame);
}

static void other_frames_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *channel, *symbol;
        int64_t source_us;
    } data[] = {
        {"{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304484978,\"data\":{"
         "\"s\":\"BTCUSDT\",\"b\":[],\"a\":[],\"u\":1,\"seq\":2},\"cts\":1672304484976}",
         "orderbook.50", "BTCUSDT", 1672304484978000},
        {"{\"topic\":\"kline.1.BTCUSDT\",\"data\":[{\"start\":1672324800000,\"end\":1672324859999,"
         "\"confirm\":false,\"timestamp\":1672324988882}],\"ts\":1672324988882,\"type\":"
         "\"snapshot\"}",
         "kline.1", "BTCUSDT", 1672324988882000},
        {"{\"topic\":\"tickers.BTC-29DEC23-50000-C\",\"type\":\"delta\",\"data\":{},\"cs\":1,"
         "\"ts\":1672324988882}",
         "tickers", "BTC-29DEC23-50000-C", 1672324988882000},
        {"{\"topic\":\"orderBookL2_25.BTCUSDT\",\"type\":\"snapshot\",\"data\":{},\"cross_seq\":"
         "\"5737626212\",\"timestamp_e6\":\"1622543529282123\"}",
         "orderBookL2_25", "BTCUSDT", 1622543529282123},
        {"{\"topic\":\"insurance\",\"data\":[]}", "insurance", "", 0},
        {"{\"topic\":\"trade.BTCUSDT\",\"data\":{\"v\":\"2290000000036455162\"}}", "trade",
         "BTCUSDT", 0},
    };
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        assert_kind("bybit-linear", data[i].text, VENUE_DATA, data[i].channel, data[i].symbol);
        struct venue_frame frame = sample_decode("bybit", data[i].text);
        assert_int_equal(frame.source_ns,
                         data[i].source_us ? data[i].source_us * NS_PER_US : RECORD_NO_TIME);
        venue_frame_release(&frame);
    }
    static const char *const pongs[] = {
        "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"0970e817-426e-429a-a679-ff7f55e0b16a"
        "\",\"op\":\"ping\"}",
        "{\"args\":[\"1672916271846\"],\"op\":\"pong\"}",
        "{\"success\":true,\"ret_msg\":\"pong\",\"conn_id\":\"x\",\"request\":{\"op\":\"ping\","
        "\"args\":null}}",
    };
    for (size_t i = 0; i < 3; i++) {
        assert_kind("bybit", pongs[i], VENUE_HEARTBEAT, "", "");
    }
    assert_kind("bybit", "{\"ret_code\":0,\"result\":[]}", VENUE_OTHER, "", "");
}

static void answers_name_their_message(void **state)
{
    (void)state;
    struct venue_frame frame = sample_decode(
        "bybit", "{\"success\":true,\"ret_msg\":\"subscribe\",\"conn_id\":"
                 "\"2324d924-aa4d-45b0-a858-7b8be29ab52b\",\"req_id\":\"10001\",\"op\":"
                 "\"subscribe\"}");
    assert_true(frame.kind == VENUE_ACK && frame.error[0] == '\0' && !frame.leave);
    assert_true(frame.has_request_id && frame.request_id == 10001);
    venue_frame_release(&frame);
    frame = sample_decode("bybit-linear",
                          "{\"success\":false,\"ret_msg\":\"error:handler not "
                          "found,topic:publicTrade.NOTASYMBOL\",\"conn_id\":\"x\",\"req_id\":"
                          "\"3\",\"op\":\"subscribe\"}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "error:handler not found,topic:publicTrade.NOTASYMBOL");
    assert_true(frame.has_request_id && frame.request_id == 3);
    venue_frame_release(&frame);
    frame = sample_decode("bybit-linear", "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"x\","
                                          "\"req_id\":\"\",\"op\":\"unsubscribe\"}");
    assert_true(frame.kind == VENUE_ACK && frame.leave && !frame.has_request_id);
    venue_frame_release(&frame);
    frame = sample_decode("bybit-inverse",
                          "{\"success\":true,\"ret_msg\":\"\",\"conn_id\":\"x\",\"request\":{"
                          "\"op\":\"unsubscribe\",\"args\":[\"trade.EOSUSD\"]}}");
    assert_true(frame.kind == VENUE_ACK && frame.leave);
    venue_frame_release(&frame);
}

#define TRADE(members)                                                                             \
    "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":1,\"type\":\"snapshot\",\"data\":[{" members "}]}"
#define GOOD_HEAD "\"T\":1672304486865,\"s\":\"BTCUSDT\",\"S\":\"Buy\","

static void a_wrong_member_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {TRADE("\"T\":\"x\""), "'T' is no time"},
        {TRADE("\"s\":\"A\""), "'T' is missing"},
        {TRADE("\"T\":9223372036855"), "'T' is no time"},
        {TRADE("\"T\":0"), "'T' is no time"},
        {TRADE("\"T\":1,\"s\":[\"BTCUSDT\"]"), "'s' is not a string"},
        {TRADE("\"T\":1,\"s\":\"A\",\"S\":\"buy\""), "'S' is no side"},
        {TRADE(GOOD_HEAD "\"v\":1"), "'v' is not a string"},
        {TRADE(GOOD_HEAD "\"v\":\"1\",\"p\":\"-1\",\"i\":\"1\""), "below zero"},
        {TRADE(GOOD_HEAD "\"v\":\"1\",\"p\":\"1\",\"i\":1"), "'i' is not a string"},
        {TRADE(GOOD_HEAD "\"v\":\"1\",\"p\":\"1\",\"i\":\"\""), "'i' is empty"},
        {"{\"topic\":\"publicTrade.BTCUSDT\"}", "'data' is missing"},
        {"{\"topic\":\"publicTrade.BTCUSDT\",\"data\":{}}", "'data' is not an array"},
        {"{\"topic\":7}", "'topic' is not a string"},
        {"{\"topic\":\"12345678901234567890123456789012.A\"}", "'topic' is too long"},
        {"{\"success\":1,\"op\":\"subscribe\"}", "'success' is not a boolean"},
        {"pong", "not a JSON object"},
        {"[]", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            assert_malformed(venues[j], cases[i].text, cases[i].reason);
        }
    }
}

static void half_a_frame_gives_no_trade(void **state)
{
    (void)state;
    assert_cut_frames("bybit-linear", contract);
    assert_cut_frames("bybit", SPOT(SPOT_ROW("2200000000067341890", "1690720953111")));
    assert_cut_frames("bybit-inverse",
                      "{\"topic\":\"trade.BTCUSD\",\"data\":[{\"trade_time_ms\":1616304710061,"
                      "\"symbol\":\"BTCUSD\",\"side\":\"Sell\",\"size\":237,\"price\":57073.5,"
                      "\"trade_id\":\"f6198d62-4d4d-5908-9902-32c3aa5d9cfd\"}]}");
}

/* ---- names ------------------------------------------------------------------------------------
 */

static void the_grammar_of_symbols_is_read(void **state)
{
    (void)state;
    assert_instrument("bybit", "BTCUSDT", "BTCUSDT");
    assert_symbol("bybit", "BTC-USDT", "BTCUSDT");
    assert_names("bybit-linear", "BTC-USDT-PERP", "BTCUSDT");
    assert_symbol("bybit-linear", "BTC-USDT", "BTCUSDT");
    assert_names("bybit-linear", "BTC-USDC-PERP", "BTCPERP");
    assert_names("bybit-linear", "BTC-USDT-20231229", "BTCUSDT-29DEC23");
    assert_names("bybit-linear", "BTC-USDC-20230324", "BTC-24MAR23");
    assert_names("bybit-linear", "ETH-USDC-20230103", "ETH-3JAN23");
    assert_instrument("bybit-linear", "BTC-29DEC23-50000-C", "BTC-USDC-20231229-50000-C");
    assert_instrument("bybit-linear", "BTC-27MAR26-70000-P-USDT", "BTC-USDT-20260327-70000-P");
    assert_instrument("bybit-linear", "PERP", "PERP");
    assert_instrument("bybit-linear", "BTC-99DEC23", "BTC-99DEC23");
    assert_instrument("bybit-linear", "BTC-29DEZ23", "BTC-29DEZ23");
    assert_instrument("bybit-linear", "BTC-29DEC23-", "BTC-29DEC23-");
    assert_instrument("bybit-linear", "BTC-29DEC23-1-X", "BTC-29DEC23-1-X");
    assert_instrument("bybit-linear", "BTC-29DEC23-1-", "BTC-29DEC23-1-");
    assert_instrument("bybit-linear", "-29DEC23", "-29DEC23");
    assert_names("bybit-inverse", "BTC-USD-PERP", "BTCUSD");
    /* Settled 2022-06-24T08:00:00Z, as the venue's own frames said. */
    assert_names("bybit-inverse", "BTC-USD-20220624", "BTCUSDM22");
    assert_names("bybit-inverse", "ETH-USD-20260327", "ETHUSDH26");
    assert_names("bybit-inverse", "ETH-USD-20251226", "ETHUSDZ25");
    assert_instrument("bybit-inverse", "BTCUSDT", "BTCUSDT");
    assert_instrument("bybit-inverse", "M22", "M22");

    static const char *const unknown[][2] = {
        {"bybit", "BTC-USDT-PERP"},
        {"bybit-linear", "BTC-USD-PERP"},
        {"bybit-linear", "BTC-USDT-20231"},
        {"bybit-linear", "BTC-USDT-20231399"},
        {"bybit-inverse", "BTC-USDT-PERP"},
        {"bybit-inverse", "BTC-USD-20260326"},
        {"bybit-inverse", "BTC-USD-20260227"},
        {"bybit-inverse", "BTC-USD-SWAP"},
    };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        char symbol[SYMBOL_MAX];
        assert_err(ERR_UNKNOWN, venue_find(unknown[i][0])->symbol(unknown[i][1], symbol));
    }
}

static void inverse_contracts_count_dollars(void **state)
{
    (void)state;
    struct instrument out;
    venue_find("bybit-inverse")->describe("BTCUSDM22", &out);
    assert_int_equal(out.volume_unit, VOLUME_QUOTE);
    assert_int_equal(out.kind, INSTRUMENT_FUTURE);
    assert_int_equal(out.expiry_ns, INT64_C(1656057600) * NS_PER_S);
    venue_find("bybit-linear")->describe("BTCUSDT", &out);
    assert_int_equal(out.volume_unit, VOLUME_BASE);
    assert_int_equal(out.kind, INSTRUMENT_PERPETUAL);
    venue_find("bybit-linear")->describe("BTC-27MAR26-70000-P-USDT", &out);
    assert_int_equal(out.kind, INSTRUMENT_OPTION);
    assert_false(out.call);
    assert_int_equal(out.expiry_ns, INT64_C(1774598400) * NS_PER_S); /* the manual's deliveryTime */
}

/* ---- recording --------------------------------------------------------------------------------
 */

static void subscribes_in_the_venue_s_words(void **state)
{
    (void)state;
    assert_subscribe("bybit", "publicTrade", "BTCUSDT", 0,
                     "{\"req_id\":\"1\",\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\"]}");
    assert_subscribe("bybit", "publicTrade", "BTCUSDT", 1, NULL);
    assert_unsubscribe(
        "bybit-linear", "orderbook.50", "BTCUSDT", 0,
        "{\"req_id\":\"9\",\"op\":\"unsubscribe\",\"args\":[\"orderbook.50.BTCUSDT\"]"
        "}");
    assert_string_equal(venue_find("bybit-inverse")->recording->path, "/v5/public/inverse");
}

/* Ten topics a message, 21,000 characters of them on a connection. */
static void messages_keep_to_the_limits(void **state)
{
    (void)state;
    const struct venue_recording *recording = venue_find("bybit")->recording;
    char longest[SYMBOL_MAX];
    const char *symbols[256];
    memset(longest, 'X', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < 256; i++) {
        symbols[i] = longest;
    }
    assert_true(recording->symbols_max <= 256);
    const struct venue_change change = {.channel = "orderbook.200",
                                        .symbols = symbols,
                                        .count = recording->symbols_max,
                                        .first_id = UINT64_MAX - 600};
    struct buf out;
    size_t bytes = 0, messages = 0, topics = 0;
    buf_init(&out, 64 << 10);
    while (recording->subscribe(&change, messages, &out) == ERR_OK) {
        size_t own = 0;
        assert_ok(buf_terminate(&out));
        for (const char *at = (const char *)out.data; (at = strstr(at, "orderbook")); at++) {
            own++;
        }
        assert_true(own <= 10);
        topics += own;
        bytes += out.size;
        messages++;
    }
    assert_int_equal(topics, recording->symbols_max);
    assert_true(bytes < 21000);
    assert_ok(recording->keepalive(7, &out));
    assert_ok(buf_terminate(&out));
    assert_string_equal((const char *)out.data, "{\"req_id\":\"7\",\"op\":\"ping\"}");
    buf_release(&out);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static void assert_page(const char *venue, size_t index, const char *previous, const char *expected)
{
    struct buf out;
    buf_init(&out, 1024);
    enum err err = venue_find(venue)->rest->list(index, (const uint8_t *)previous,
                                                 previous ? strlen(previous) : 0, &out);
    if (expected) {
        assert_ok(err);
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
    } else {
        assert_int_equal(err, ERR_END);
    }
    buf_release(&out);
}

#define PAGE(list, cursor)                                                                         \
    "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"list\":[" list         \
    "],\"nextPageCursor\":" cursor "},\"retExtInfo\":{},\"time\":1735810114435}"

static void pages_follow_the_cursor(void **state)
{
    (void)state;
    assert_list_target("bybit", 0, "/v5/market/instruments-info?category=spot");
    assert_list_target("bybit-linear", 0, "/v5/market/instruments-info?category=linear&limit=1000");
    assert_list_target("bybit-inverse", 0,
                       "/v5/market/instruments-info?category=inverse&limit=1000");
    assert_page("bybit-linear", 1, PAGE("{}", "\"first%3DBIOUSDT%26last%3DBIOUSDT\""),
                "/v5/market/instruments-info?category=linear&limit=1000&cursor=first%3DBIOUSDT%"
                "26last%3DBIOUSDT");
    assert_page("bybit-linear", 1, PAGE("{}", "\"a b&c\""),
                "/v5/market/instruments-info?category=linear&limit=1000&cursor=a%20b%26c");
    assert_page("bybit-linear", 1, PAGE("{}", "\"\""), NULL);
    assert_page("bybit-linear", 1, PAGE("", "\"first%3DA\""), NULL);
    assert_page("bybit-linear", 1, "{}", NULL);
    assert_page("bybit-linear", 1, "", NULL);
    assert_page("bybit-linear", 1, "{\"retCode\":10006,\"retMsg\":\"Too many visits!\"}", NULL);
    assert_page("bybit", 1,
                "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"list\":[{}]},"
                "\"time\":1}",
                NULL);
    struct buf out;
    buf_init(&out, 1024);
    const char *endless = PAGE("{}", "\"a\"");
    assert_err(ERR_LIMIT, venue_find("bybit-linear")
                              ->rest->list(1000, (const uint8_t *)endless, strlen(endless), &out));
    buf_release(&out);
    assert_false(venue_find("bybit")->rest->is_list("https://api.bybit.com/v5/market/kline"));
}

#define LIST_URL(category) "https://api.bybit.com/v5/market/instruments-info?category=" category

/* From the manual's examples. */
static const char linear_list[] =
    "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"linear\",\"list\":[{\"symbol\":"
    "\"BTCUSDT\",\"symbolId\":5,\"contractType\":\"LinearPerpetual\",\"status\":\"Trading\","
    "\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"launchTime\":\"1585526400000\",\"deliveryTime\":"
    "\"0\",\"deliveryFeeRate\":\"\",\"priceScale\":\"2\",\"leverageFilter\":{\"minLeverage\":\"1\"}"
    ","
    "\"priceFilter\":{\"minPrice\":\"0.10\",\"maxPrice\":\"1999999.80\",\"tickSize\":\"0.10\"},"
    "\"lotSizeFilter\":{\"maxOrderQty\":\"1190.000\",\"minOrderQty\":\"0.001\",\"qtyStep\":"
    "\"0.001\"},\"settleCoin\":\"USDT\",\"isPreListing\":false,\"preListingInfo\":null},"
    "{\"symbol\":\"BIOUSDT\",\"contractType\":\"LinearPerpetual\",\"status\":\"PreLaunch\","
    "\"baseCoin\":\"BIO\",\"quoteCoin\":\"USDT\",\"deliveryTime\":\"1735117200000\"},"
    "{\"symbol\":\"BTC-29DEC23\",\"contractType\":\"LinearFutures\",\"status\":\"Trading\","
    "\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDC\",\"deliveryTime\":\"1703836800000\"},"
    "{\"symbol\":\"NAMELESS\"},7],\"nextPageCursor\":\"\"},\"retExtInfo\":{},\"time\":"
    "1735809771618}";
static const char inverse_list[] =
    "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"inverse\",\"list\":[{\"symbol\":"
    "\"BTCUSD\",\"contractType\":\"InversePerpetual\",\"status\":\"Trading\",\"baseCoin\":\"BTC\","
    "\"quoteCoin\":\"USD\",\"deliveryTime\":\"0\",\"priceFilter\":{\"tickSize\":\"0.50\"},"
    "\"lotSizeFilter\":{\"qtyStep\":\"1\"}},{\"symbol\":\"BTCUSDM22\",\"contractType\":"
    "\"InverseFutures\",\"status\":\"Trading\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USD\","
    "\"deliveryTime\":\"1656057600000\"}],\"nextPageCursor\":\"\"},\"time\":1}";
static const char spot_list[] =
    "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"list\":[{\"symbolId\":9,"
    "\"symbol\":\"BTCUSDT\",\"baseCoin\":\"BTC\",\"quoteCoin\":\"USDT\",\"innovation\":\"0\","
    "\"status\":\"Trading\",\"marginTrading\":\"utaOnly\",\"lotSizeFilter\":{\"basePrecision\":"
    "\"0.000001\",\"quotePrecision\":\"0.0000001\",\"minOrderQty\":\"0.000011\"},\"priceFilter\":{"
    "\"tickSize\":\"0.1\"},\"symbolType\":\"\"}]},\"retExtInfo\":{},\"time\":1760027412300}";

static void a_list_says_what_things_are(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_ok(rest_list("bybit-linear", LIST_URL("linear"), linear_list, &list));
    assert_int_equal(list.count, 3);
    const struct instrument *item = instrument_list_name(&list, "BTC-USDT-PERP");
    assert_non_null(item);
    assert_string_equal(item->symbol, "BTCUSDT");
    assert_true(item->trading && item->volume_unit == VOLUME_BASE && item->expiry_ns == 0);
    assert_decimal(item->price_tick, "0.10");
    assert_decimal(item->quantity_step, "0.001");
    assert_true(decimal_is_zero(item->contract_size));
    /* The delivery time of a perpetual is no expiry. */
    item = instrument_list_name(&list, "BIO-USDT-PERP");
    assert_non_null(item);
    assert_true(!item->trading && item->expiry_ns == 0);
    item = instrument_list_name(&list, "BTC-USDC-20231229");
    assert_non_null(item);
    assert_int_equal(item->kind, INSTRUMENT_FUTURE);
    instrument_list_release(&list);

    assert_ok(rest_list("bybit-inverse", LIST_URL("inverse"), inverse_list, &list));
    item = instrument_list_name(&list, "BTC-USD-PERP");
    assert_non_null(item);
    assert_int_equal(item->volume_unit, VOLUME_QUOTE);
    assert_decimal(item->contract_size, "1");
    assert_string_equal(item->contract_asset, "USD");
    item = instrument_list_name(&list, "BTC-USD-20220624");
    assert_non_null(item);
    assert_string_equal(item->symbol, "BTCUSDM22");
    instrument_list_release(&list);

    assert_ok(rest_list("bybit", LIST_URL("spot"), spot_list, &list));
    item = instrument_list_name(&list, "BTC-USDT");
    assert_non_null(item);
    assert_true(item->kind == INSTRUMENT_SPOT && item->trading);
    assert_decimal(item->quantity_step, "0.000001");
    instrument_list_release(&list);
}

static void what_is_no_list_is_said(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "[]",
        "{}",
        "{\"retCode\":0,\"result\":{}}",
        "{\"retCode\":\"0\",\"result\":{}}",
        "{\"retCode\":10001,\"retMsg\":\"params error: Category is invalid\",\"result\":{}}",
        "{\"retCode\":0,\"result\":[]}",
        "<html>",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct instrument_list list;
        instrument_list_init(&list);
        assert_err(ERR_DAMAGED, rest_list("bybit", LIST_URL("spot"), answers[i], &list));
        assert_int_equal(list.count, 0);
        instrument_list_release(&list);
    }
}

static void asks_for_the_newest_trades(void **state)
{
    (void)state;
    struct instrument item = {.request_symbol = "BTC-29DEC23"};
    const struct venue_hole hole = {.instrument = &item, .channel = "publicTrade", .to_ns = 1};
    assert_repair("bybit", &hole,
                  "/v5/market/recent-trade?category=spot&symbol=BTC-29DEC23&limit=60");
    assert_repair("bybit-linear", &hole,
                  "/v5/market/recent-trade?category=linear&symbol=BTC-29DEC23&limit=1000");
    assert_repair("bybit-inverse", &hole,
                  "/v5/market/recent-trade?category=inverse&symbol=BTC-29DEC23&limit=1000");
    for (size_t i = 0; i < 3; i++) {
        assert_true(venue_find(venues[i])->rest->trades_once);
    }
}

#define TRADES_URL(category) "https://api.bybit.com/v5/market/recent-trade?category=" category

static void answers_over_http_are_told_apart(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "bybit", TRADES_URL("spot&symbol=BTCUSDT"),
        "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"category\":\"spot\",\"list\":[{\"execId\":"
        "\"2100000000007764263\",\"symbol\":\"BTCUSDT\",\"price\":\"16618.49\",\"size\":\"0."
        "00012\","
        "\"side\":\"Buy\",\"time\":\"1672052955758\",\"isBlockTrade\":false}]},\"retExtInfo\":{},"
        "\"time\":1672053054358}");
    assert_int_equal(frame.kind, VENUE_TRADES);
    assert_string_equal(frame.channel, "publicTrade");
    assert_int_equal(frame.trade_count, 1);
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"BTCUSDT", "16618.49", "0.00012", 2100000000007764263,
                                         INT64_C(1672052955758) * NS_PER_MS, TAKER_BUY,
                                         TRADE_BACKFILL});
    venue_frame_release(&frame);
    /* The same execution has the same id, live and asked for. */
    frame = sample_http("bybit-linear", TRADES_URL("linear"),
                        "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[{\"execId\":"
                        "\"20f43950-d8dd-5b31-9112-a178eb6023af\",\"symbol\":\"BTCUSDT\",\"price\":"
                        "\"16578.50\",\"size\":\"0.001\",\"side\":\"Sell\",\"time\":"
                        "\"1672304486865\"}]}}");
    assert_int_equal(frame.trade_count, 1);
    assert_true(frame.trades[0].has_id && frame.trades[0].id == CONTRACT_ID);
    venue_frame_release(&frame);
    frame = sample_http("bybit", TRADES_URL("spot"),
                        "{\"retCode\":10006,\"retMsg\":\"Too many visits!\",\"result\":{}}");
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, "Too many visits!");
    venue_frame_release(&frame);
    frame = sample_http("bybit", "https://api.bybit.com/v5/market/kline?category=spot",
                        "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[]},\"time\":"
                        "1672053054358}");
    assert_int_equal(frame.kind, VENUE_DATA);
    assert_int_equal(frame.source_ns, INT64_C(1672053054358) * NS_PER_MS);
    venue_frame_release(&frame);
    frame = sample_http("bybit", TRADES_URL("spot"), "{\"retCode\":0,\"result\":{}}");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
}

/* ---- playing ----------------------------------------------------------------------------------
 */

#define CONN "\"conn_id\":\"178819d6e312af20-0000\","

static void requests_are_answered(void **state)
{
    (void)state;
    struct sample_client client = sample_connect("bybit-linear", "/v5/public/linear");
    assert_answer(&client, "{\"op\":\"ping\"}",
                  "{\"success\":true,\"ret_msg\":\"pong\"," CONN
                  "\"req_id\":\"\",\"op\":\"ping\"}");
    assert_answer(&client,
                  "{\"req_id\":\"a1\",\"op\":\"subscribe\",\"args\":[\"publicTrade.BTCUSDT\","
                  "\"kline.1.ETHUSDT\"]}",
                  "{\"success\":true,\"ret_msg\":\"\"," CONN
                  "\"req_id\":\"a1\",\"op\":\"subscribe\"}");
    assert_true(sample_is_sent(&client, contract));
    assert_true(sample_is_sent(&client, "{\"topic\":\"kline.1.ETHUSDT\",\"data\":[]}"));
    assert_false(sample_is_sent(&client, "{\"topic\":\"kline.5.ETHUSDT\",\"data\":[]}"));
    /* One topic that does not exist refuses the others with it. */
    assert_answer(
        &client, "{\"op\":\"subscribe\",\"args\":[\"tickers.BTCUSDT\",\"publicTrade.DOGEUSDT\"]}",
        "{\"success\":false,\"ret_msg\":\"error:handler not "
        "found,topic:publicTrade.DOGEUSDT\"," CONN "\"req_id\":\"\",\"op\":\"subscribe\"}");
    assert_false(sample_is_sent(&client, "{\"topic\":\"tickers.BTCUSDT\",\"data\":{}}"));
    assert_answer(&client, "{\"op\":\"unsubscribe\",\"args\":[\"publicTrade.BTCUSDT\"]}",
                  "{\"success\":true,\"ret_msg\":\"\"," CONN
                  "\"req_id\":\"\",\"op\":\"unsubscribe\"}");
    assert_false(sample_is_sent(&client, contract));
    static const char *const bad[] = {
        "{\"op\":\"subscribe\"}",
        "{\"op\":\"subscribe\",\"args\":[]}",
        "{\"op\":\"sing\"}",
        "{",
        "{\"op\":\"subscribe\",\"args\":[7]}",
        "{\"op\":\"subscribe\",\"args\":[\"BTCUSDT\"]}",
        "{\"op\":\"subscribe\",\"args\":[\"publicTrade.\"]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sample_request(&client, bad[i]);
        assert_int_equal(client.count, 1);
        struct venue_frame frame = sample_decode("bybit-linear", client.replies[0]);
        assert_true(frame.kind == VENUE_ACK && frame.error[0] != '\0');
        venue_frame_release(&frame);
    }
    venue_subscriptions_release(&client.subs);
    assert_err(ERR_UNKNOWN, client.venue->serving->open("/v5/public/spot", &client.subs));

    client = sample_connect("bybit", "/v5/public/spot");
    assert_answer(&client, "{\"req_id\":\"1\",\"op\":\"subscribe\",\"args\":[\"tickers.BTCUSDT\"]}",
                  "{\"success\":true,\"ret_msg\":\"subscribe\"," CONN
                  "\"req_id\":\"1\",\"op\":\"subscribe\"}");
    assert_answer(
        &client,
        "{\"op\":\"subscribe\",\"args\":[\"a.BTC\",\"a.BTC\",\"a.BTC\",\"a.BTC\",\"a.BTC\","
        "\"a.BTC\",\"a.BTC\",\"a.BTC\",\"a.BTC\",\"a.BTC\",\"a.BTC\"]}",
        "{\"success\":false,\"ret_msg\":\"args size >10\"," CONN
        "\"req_id\":\"\",\"op\":\"subscribe\"}");
    venue_subscriptions_release(&client.subs);
}

static void recorder_and_played_venue_understand_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct venue_recording *recording = venue_find(venues[i])->recording;
        struct sample_client client = sample_connect(venues[i], recording->path);
        const char *const symbols[] = {"BTCUSDT", "ETHUSDT"};
        for (const struct venue_channel *at = recording->channels; at->name; at++) {
            const struct venue_change change = {
                .channel = at->name, .symbols = symbols, .count = 2, .first_id = 31};
            struct buf out;
            buf_init(&out, 4096);
            assert_ok(recording->subscribe(&change, 0, &out));
            assert_ok(buf_terminate(&out));
            sample_request(&client, (const char *)out.data);
            assert_int_equal(client.count, 1);
            struct venue_frame frame = sample_decode(venues[i], client.replies[0]);
            assert_true(frame.kind == VENUE_ACK && frame.error[0] == '\0');
            assert_true(frame.has_request_id && frame.request_id == 31);
            venue_frame_release(&frame);
            assert_true(venue_subscriptions_has(&client.subs, at->name, "ETHUSDT"));
            buf_release(&out);
        }
        venue_subscriptions_release(&client.subs);
    }
}

static void written_trades_read_back(void **state)
{
    (void)state;
    uint64_t seed = 20260102;
    static struct trade trades[1100];
    struct buf out;
    buf_init(&out, 1 << 20);
    for (int round = 0; round < 60; round++) {
        const char *venue = venues[unit_below(&seed, 3)];
        size_t count = round == 0 ? 1100 : 1 + unit_below(&seed, 40), written = 0;
        struct trade trade = {.symbol = "BTCUSDT", .source_ns = INT64_C(1700000000000) * NS_PER_MS};
        for (size_t i = 0; i < count; i++) {
            past_next(&seed, &trade);
            trades[i] = trade;
        }
        const struct venue_writing writing = {
            .channel = "publicTrade", .sequence = 1, .venue_ns = trade.source_ns};
        assert_ok(
            venue_find(venue)->serving->write_trades(&writing, trades, count, &written, &out));
        assert_int_equal(written, count < 1024 ? count : 1024);
        assert_ok(buf_terminate(&out));
        struct venue_frame frame = sample_decode(venue, (const char *)out.data);
        assert_int_equal(frame.trade_count, written);
        assert_string_equal(frame.channel, "publicTrade");
        for (size_t i = 0; i < written; i++) {
            assert_same_trade(&frame.trades[i], &trades[i], opaque_in(venue));
        }
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

/* A list of many pages, read as the recorder reads it. */
static void a_written_list_reads_back(void **state)
{
    (void)state;
    static struct instrument items[2300];
    struct instrument_list list;
    struct venue_past past = {.instruments = items};
    for (size_t i = 0; i < 3; i++) {
        const struct venue_rest *rest = venue_find(venues[i])->rest;
        past.instrument_count = i == 1 ? 2300 : 700;
        for (size_t j = 0; j < past.instrument_count; j++) {
            char symbol[SYMBOL_MAX];
            snprintf(symbol, sizeof symbol, i == 2 ? "B%zuUSD%s" : "B%zuUSDT%s", j,
                     i == 0 || j % 2 ? ""
                     : i == 1        ? "-29DEC23"
                                     : "H26");
            venue_find(venues[i])->describe(symbol, &items[j]);
            if (i == 0) {
                snprintf(items[j].base, ASSET_MAX, "B%zu", j);
                snprintf(items[j].quote, ASSET_MAX, "USDT");
                instrument_name(&items[j], items[j].name);
            }
            if (i == 2) {
                items[j].contract_size = (struct decimal){.mantissa = 1};
                memcpy(items[j].contract_asset, "USD", 4);
            }
            items[j].price_tick = (struct decimal){.mantissa = 5, .scale = 1};
            items[j].quantity_step = (struct decimal){.mantissa = 1, .scale = 3};
        }
        struct buf previous = {0}, target;
        size_t pages = 0;
        instrument_list_init(&list);
        buf_init(&target, 1024);
        for (;; pages++) {
            enum err err = rest->list(pages, previous.data, previous.size, &target);
            buf_release(&previous);
            if (err == ERR_END) {
                break;
            }
            assert_ok(err);
            assert_ok(buf_terminate(&target));
            previous = past_get(venues[i], &past, (const char *)target.data, 200);
            assert_ok(
                rest->decode_list((const char *)target.data, previous.data, previous.size, &list));
        }
        assert_int_equal(pages, i == 1 ? 3 : 1);
        assert_int_equal(list.count, past.instrument_count);
        for (size_t j = 0; j < list.count; j++) {
            assert_same_instrument(&list.items[j], &items[j]);
        }
        instrument_list_release(&list);
        buf_release(&target);
    }
}

static void the_newest_trades_are_told(void **state)
{
    (void)state;
    uint64_t seed = 99;
    static const char *const symbols[] = {"BTCUSDT"};
    struct rest_past *own = rest_past_new("bybit", symbols, 1);
    struct trade trade = {.symbol = "BTCUSDT", .source_ns = INT64_C(1700000000000) * NS_PER_MS};
    for (size_t i = 0; i < 1500; i++) {
        past_next(&seed, &trade);
        own->trades[own->trade_count++] = trade;
    }
    const struct trade *trades = own->trades;
    const struct venue_past *past = &own->past;
    const struct venue_hole hole = {.instrument = &own->instruments[0]};
    for (size_t i = 0; i < 3; i++) {
        struct buf target;
        buf_init(&target, 1024);
        assert_ok(venue_find(venues[i])->rest->trades(&hole, &target));
        assert_ok(buf_terminate(&target));
        struct buf out = past_get(venues[i], past, (const char *)target.data, 200);
        struct venue_frame frame =
            sample_http(venues[i], (const char *)target.data, (const char *)out.data);
        size_t count = i == 0 ? 60 : 1000;
        assert_int_equal(frame.trade_count, count);
        for (size_t j = 0; j < count; j++) {
            assert_same_trade(&frame.trades[j], &trades[1500 - count + j],
                              TRADE_BACKFILL | opaque_in(venues[i]));
        }
        venue_frame_release(&frame);
        buf_release(&target);
        buf_release(&out);
    }
    static const char *const refused[] = {
        "/v5/market/recent-trade?category=linear&symbol=DOGEUSDT",
        "/v5/market/recent-trade?category=spot&symbol=BTCUSDT",
        "/v5/market/recent-trade?symbol=BTCUSDT",
        "/v5/market/instruments-info",
    };
    for (size_t i = 0; i < 4; i++) {
        struct buf out = past_get("bybit-linear", past, refused[i], 200);
        struct venue_frame frame = sample_http("bybit-linear", refused[i], (const char *)out.data);
        assert_true(frame.kind == VENUE_ACK && frame.error[0] != '\0');
        venue_frame_release(&frame);
        buf_release(&out);
    }
    struct buf out;
    int status = 0;
    buf_init(&out, 1024);
    assert_err(ERR_UNKNOWN, venue_find("bybit")->serving->answer("GET", "/v5/market/kline", "", 0,
                                                                 past, &status, &out));
    buf_release(&out);
    free(own);
}

/* ---- recordings -------------------------------------------------------------------------------
 */

struct counts {
    size_t frames, trades, ids;
};

static void count_line(char *line, void *arg)
{
    struct counts *counts = arg;
    const char *text = capture_frame(line);
    if (!text) {
        return;
    }
    struct venue_frame frame = sample_decode("bybit-inverse", text);
    if (frame.kind == VENUE_OTHER || frame.kind == VENUE_MALFORMED) {
        fail_msg("kind %d, '%s': %s", frame.kind, frame.error, text);
    }
    counts->frames++;
    counts->trades += frame.trade_count;
    for (const char *at = text; (at = strstr(at, "\"trade_id\"")); at++) {
        counts->ids++;
    }
    venue_frame_release(&frame);
}

static void a_recording_of_v2_decodes(void **state)
{
    (void)state;
    struct counts counts = {0};
    if (!capture_lines(CAPTURES "cryptofeed/BYBIT.ws.26.0", count_line, &counts)) {
        skip();
    }
    assert_int_equal(counts.trades, counts.ids);
    assert_int_equal(counts.trades, 150); /* grep -o '"trade_id"' | wc -l */
}

/* A push of kline.1. */
struct kline {
    char symbol[SYMBOL_MAX];
    int64_t start_ns, time_ns;
    struct decimal volume, turnover, close;
};

#define RECORDED_MAX 4096
struct recorded {
    size_t trade_count, kline_count;
    struct trade trades[RECORDED_MAX];
    struct kline klines[RECORDED_MAX];
};

static struct decimal decimal_in(const json_t *object, const char *name)
{
    struct decimal value = DECIMAL_ZERO;
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

static void keep_klines(struct recorded *recorded, const struct venue_frame *frame,
                        const char *text)
{
    json_t *root = json_loads(text, 0, NULL), *row = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(root, "data"), i, row)
    {
        struct kline *kline = &recorded->klines[recorded->kline_count++];
        snprintf(kline->symbol, sizeof kline->symbol, "%s", frame->symbol);
        kline->start_ns = json_integer_value(json_object_get(row, "start")) * NS_PER_MS;
        kline->time_ns = json_integer_value(json_object_get(row, "timestamp")) * NS_PER_MS;
        kline->volume = decimal_in(row, "volume");
        kline->turnover = decimal_in(row, "turnover");
        kline->close = decimal_in(row, "close");
    }
    json_decref(root);
}

static void keep_line(struct recorded *recorded, const char *line)
{
    json_t *root = json_loads(line, 0, NULL);
    assert_non_null(root);
    const char *text = json_string_value(json_object_get(root, "data"));
    if (strcmp(json_string_value(json_object_get(root, "t")), "recv") == 0) {
        struct venue_frame frame = sample_decode("bybit-linear", text);
        if (frame.kind == VENUE_OTHER || frame.kind == VENUE_MALFORMED) {
            fail_msg("kind %d, '%s': %s", frame.kind, frame.error, text);
        }
        assert_true(recorded->trade_count + frame.trade_count <= RECORDED_MAX);
        assert_true(recorded->kline_count + 8 <= RECORDED_MAX);
        for (size_t i = 0; i < frame.trade_count; i++) {
            recorded->trades[recorded->trade_count++] = frame.trades[i];
        }
        if (strcmp(frame.channel, "kline.1") == 0) {
            keep_klines(recorded, &frame, text);
        }
        venue_frame_release(&frame);
    }
    json_decref(root);
}

/* Is it what the first so many trades of its minute come to? */
static bool is_sum(const struct recorded *recorded, const struct kline *kline)
{
    struct decimal volume = DECIMAL_ZERO, turnover = DECIMAL_ZERO, amount;
    for (size_t i = 0; i < recorded->trade_count; i++) {
        const struct trade *trade = &recorded->trades[i];
        if (strcmp(trade->symbol, kline->symbol) != 0 || trade->source_ns < kline->start_ns ||
            trade->source_ns > kline->time_ns) {
            continue;
        }
        assert_ok(decimal_mul(&amount, trade->price, trade->quantity));
        assert_ok(decimal_add(&turnover, turnover, amount));
        assert_ok(decimal_add(&volume, volume, trade->quantity));
        if (decimal_compare(volume, kline->volume) == 0 &&
            decimal_compare(turnover, kline->turnover) == 0 &&
            decimal_compare(trade->price, kline->close) == 0) {
            return true;
        }
    }
    return decimal_is_zero(kline->volume);
}

static char *unpack(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file) {
        print_message("no %s here: not looked at\n", name);
        return NULL;
    }
    size_t capacity = 64 << 20, packed_max = 1 << 20;
    char *packed = malloc(packed_max), *text = malloc(capacity + 1);
    size_t packed_size = fread(packed, 1, packed_max, file);
    assert_true(packed_size < packed_max);
    fclose(file);
    size_t size = ZSTD_decompress(text, capacity, packed, packed_size);
    assert_false(ZSTD_isError(size));
    text[size] = '\0';
    free(packed);
    return text;
}

/* The recording begins half a second before a minute: of that minute all trades are there, and each
 * of the venue's own klines is the sum of some first of them. */
static void trades_of_a_recording_sum_up_to_its_klines(void **state)
{
    (void)state;
    const int64_t whole_ns = INT64_C(1786310820000) * NS_PER_MS;
    char *text = unpack(CAPTURES "cryptofeed-v3/BYBIT.jsonl.zst"), *rest = text;
    if (!text) {
        skip();
    }
    struct recorded *recorded = calloc(1, sizeof *recorded);
    size_t compared = 0;
    for (char *line = NULL; (line = strsep(&rest, "\n"));) {
        if (line[0] != '\0') {
            keep_line(recorded, line);
        }
    }
    for (size_t i = 0; i < recorded->kline_count; i++) {
        const struct kline *kline = &recorded->klines[i];
        if (kline->start_ns >= whole_ns) {
            assert_true(is_sum(recorded, kline));
            compared++;
        }
    }
    assert_true(compared > 50);
    free(recorded);
    free(text);
}

/* Two of these are answers of v2 over HTTP, which no tape of this venue holds. */
static bool decode_odd(const struct odd_line *line, struct venue_frame *out)
{
    if (strcmp(line->exchange, "bybit") != 0 || strncmp(line->raw, "{\"ret_code\"", 11) == 0) {
        return false;
    }
    const struct venue *venue =
        venue_find(strncmp(line->market, "Inverse", 7) == 0 ? "bybit-inverse" : "bybit-linear");
    assert_ok(venue->decode((const uint8_t *)line->raw, strlen(line->raw), out));
    return true;
}

static void odd_frames_mean_what_others_found(void **state)
{
    (void)state;
    odd_check_all(decode_odd, 9);
}

/* ---- both decoders ----------------------------------------------------------------------------
 */

/* As the venue sends them, and some that mean another thing than their ends promise. */
static const char *const equal_texts[] = {
    "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304486868,\"data\":[{"
    "\"T\":1672304486865,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.001\",\"p\":\"16578.50\",\"L\":"
    "\"PlusTick\",\"i\":\"20f43950-d8dd-5b31-9112-a178eb6023af\",\"BT\":false,\"RPI\":false,"
    "\"seq\":1783284617},{\"T\":1672304486864,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"12\",\"p\":"
    "\"16578\",\"L\":\"MinusTick\",\"i\":\"20f43950-d8dd-5b31-9112-a178eb6023ae\",\"BT\":true}]}",
    "{\"topic\":\"publicTrade.BTCUSDT\",\"ts\":1690720953113,\"type\":\"snapshot\",\"data\":[{"
    "\"i\":\"2200000000067341890\",\"T\":1690720953111,\"p\":\"3.6279\",\"v\":\"1.3637\",\"S\":"
    "\"Sell\",\"s\":\"BTCUSDT\",\"BT\":false}]}",
    "{\"topic\":\"publicTrade.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1672304486868,\"data\":[{"
    "\"i\":\"22000000000673418901234\",\"T\":1690720953111,\"p\":\"3\",\"v\":\"1\",\"S\":\"Sell\","
    "\"s\":\"BTCUSDT\"}]}",
    "{\"topic\":\"orderbook.50.BTCUSDT\",\"type\":\"delta\",\"ts\":1672304484979,\"data\":{\"s\":"
    "\"BTCUSDT\",\"b\":[[\"16493.50\",\"0\"]],\"a\":[],\"u\":18521289,\"seq\":7961638725},\"cts\":"
    "1672304484977}",
    "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":\"BTCUSDT\","
    "\"bid1Price\":\"65114.20\",\"bid1Size\":\"6.054\"},\"cs\":753843915209,\"ts\":1786310818183}",
    "{\"topic\":\"kline.1.SOLUSDT\",\"data\":[{\"start\":1786310760000,\"end\":1786310819999,"
    "\"interval\":\"1\",\"open\":\"77.28\",\"close\":\"77.31\",\"confirm\":false,\"timestamp\":"
    "1786310819005}],\"ts\":1786310819005,\"type\":\"snapshot\"}",
    "{\"topic\":\"orderBookL2_25.EOSUSD\",\"type\":\"delta\",\"data\":{\"delete\":[],\"update\":[],"
    "\"insert\":[],\"transactTimeE6\":0},\"cross_seq\":1225777225,\"timestamp_e6\":"
    "1618677786598877}",
    "{\"topic\":\"trade.EOSUSD\",\"data\":[{\"trade_time_ms\":1618677794864,\"timestamp\":\"2021-"
    "04-17T16:43:14.000Z\",\"symbol\":\"EOSUSD\",\"side\":\"Buy\",\"size\":1011,\"price\":7.969,"
    "\"tick_direction\":\"MinusTick\",\"trade_id\":\"dc1e538d-7006-59c8-b65c-090537455120\","
    "\"cross_seq\":1225777775}]}",
    "{\"topic\":\"tickers.BTCUSDT\",\"timestamp_e6\":1618677786598877,\"data\":{\"x\":{\"a\":1,"
    "\"ts\":1786310818183}}}",
};

static void both_decoders_say_the_same_of_changed_frames(void **state)
{
    (void)state;
    equal_decode_all("bybit", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
    equal_decode_all("bybit-linear", equal_texts, sizeof equal_texts / sizeof equal_texts[0]);
}

static void what_stands_between_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"topic\":\"tickers.BTCUSDT\",\"type\":\"delta\",\"data\":{\"symbol\":},\"ts\":"
        "1786310818183}",
    };
    assert_unseen("bybit", frames, sizeof frames / sizeof frames[0]);
}

static void both_decoders_say_the_same_of_a_recording(void **state)
{
    (void)state;
    equal_recording("bybit-inverse", CAPTURES "cryptofeed/BYBIT.ws.26.0", 76, 1018);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_s_trade_bears_the_hash_of_its_uuid),
        cmocka_unit_test(a_spot_trade_is_numbered),
        cmocka_unit_test(trades_of_one_ms_keep_their_order),
        cmocka_unit_test(trades_of_v2_are_read_too),
        cmocka_unit_test(other_frames_are_told_apart),
        cmocka_unit_test(answers_name_their_message),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(half_a_frame_gives_no_trade),
        cmocka_unit_test(the_grammar_of_symbols_is_read),
        cmocka_unit_test(inverse_contracts_count_dollars),
        cmocka_unit_test(subscribes_in_the_venue_s_words),
        cmocka_unit_test(messages_keep_to_the_limits),
        cmocka_unit_test(pages_follow_the_cursor),
        cmocka_unit_test(a_list_says_what_things_are),
        cmocka_unit_test(what_is_no_list_is_said),
        cmocka_unit_test(asks_for_the_newest_trades),
        cmocka_unit_test(answers_over_http_are_told_apart),
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(recorder_and_played_venue_understand_each_other),
        cmocka_unit_test(written_trades_read_back),
        cmocka_unit_test(a_written_list_reads_back),
        cmocka_unit_test(the_newest_trades_are_told),
        cmocka_unit_test(a_recording_of_v2_decodes),
        cmocka_unit_test(trades_of_a_recording_sum_up_to_its_klines),
        cmocka_unit_test(odd_frames_mean_what_others_found),
        cmocka_unit_test(both_decoders_say_the_same_of_changed_frames),
        cmocka_unit_test(what_stands_between_is_not_looked_at),
        cmocka_unit_test(both_decoders_say_the_same_of_a_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
