#include "tests/unit/venue_rest_sample.h"

/* ---- instrument lists ------------------------------------------------------------------------ */

/* Fields of exchangeInfo as the manuals show them, in another order here and there. */
static const char spot_info[] =
    "{\"timezone\":\"UTC\",\"serverTime\":1565246363776,\"rateLimits\":[{}],\"symbols\":["
    "{\"symbol\":\"ETHBTC\",\"status\":\"TRADING\",\"baseAsset\":\"ETH\",\"baseAssetPrecision\":8,"
    "\"quoteAsset\":\"BTC\",\"orderTypes\":[\"LIMIT\"],\"icebergAllowed\":true,\"filters\":["
    "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0.00000100\",\"maxPrice\":\"100000.00000000\","
    "\"tickSize\":\"0.00000100\"},{\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.00100000\","
    "\"maxQty\":"
    "\"100000.00000000\",\"stepSize\":\"0.00100000\"},{\"filterType\":\"MARKET_LOT_SIZE\","
    "\"stepSize\":\"7\"}],\"permissions\":[]},"
    "{\"filters\":[],\"quoteAsset\":\"USD\",\"baseAsset\":\"ARB\",\"status\":\"BREAK\",\"symbol\":"
    "\"ARBUSD\"},"
    "{\"symbol\":7},17,{\"status\":\"TRADING\"},"
    "{\"symbol\":\"X\",\"filters\":[3]},"
    "{\"symbol\":\"\xe5\xb8\x81USDT\",\"status\":\"TRADING\",\"baseAsset\":\"\xe5\xb8\x81\","
    "\"quoteAsset\":\"USDT\"}],\"exchangeFilters\":[]}";

static void the_spot_list_divides_what_spelling_does_not(void **state)
{
    (void)state;
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("binance", 0, "/api/v3/exchangeInfo?showPermissionSets=false");
    assert_list_target("binance", 1, NULL);
    assert_list_target("binance-us", 0, "/api/v3/exchangeInfo");
    assert_ok(rest_list("binance", "https://h/api/v3/exchangeInfo", spot_info, &list));
    assert_int_equal(list.count, 3); /* entries that are none are left out */
    const struct instrument *eth = instrument_list_name(&list, "ETH-BTC");
    assert_non_null(eth);
    assert_string_equal(eth->symbol, "ETHBTC");
    assert_string_equal(eth->request_symbol, "ETHBTC");
    assert_int_equal(eth->kind, INSTRUMENT_SPOT);
    assert_int_equal(eth->volume_unit, VOLUME_BASE);
    assert_decimal(eth->price_tick, "0.00000100");
    assert_decimal(eth->quantity_step, "0.00100000");
    assert_true(eth->trading);
    const struct instrument *arb = instrument_list_symbol(&list, "ARBUSD");
    assert_string_equal(arb->name, "ARB-USD"); /* which describe() cannot know */
    assert_false(arb->trading);
    assert_true(decimal_is_zero(arb->price_tick));
    assert_non_null(instrument_list_name(&list, "\xe5\xb8\x81-USDT"));
    instrument_list_release(&list);
}

static void the_usdm_list_tells_kind_and_expiry(void **state)
{
    (void)state;
    static const char info[] =
        "{\"symbols\":[{\"symbol\":\"BTCUSDT\",\"pair\":\"BTCUSDT\",\"contractType\":\"PERPETUAL\","
        "\"deliveryDate\":4133404800000,\"onboardDate\":1569398400000,\"status\":\"TRADING\","
        "\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"marginAsset\":\"USDT\",\"filters\":[{"
        "\"tickSize\":\"0.10\",\"filterType\":\"PRICE_FILTER\"}]},"
        "{\"symbol\":\"BTCUSDT_260327\",\"pair\":\"BTCUSDT\",\"contractType\":\"CURRENT_QUARTER\","
        "\"deliveryDate\":1774598400000,\"status\":\"TRADING\",\"baseAsset\":\"BTC\","
        "\"quoteAsset\":\"USDT\"},"
        "{\"symbol\":\"TSLAUSDT\",\"contractType\":\"TRADIFI_PERPETUAL\",\"deliveryDate\":"
        "4133404800000,\"status\":\"TRADING\",\"baseAsset\":\"TSLA\",\"quoteAsset\":\"USDT\"},"
        "{\"symbol\":\"ICPUSDT_SETTLED\",\"contractType\":\"\",\"deliveryDate\":1,\"status\":"
        "\"SETTLING\",\"baseAsset\":\"ICP\",\"quoteAsset\":\"USDT\"},"
        "{\"symbol\":\"BADUSDT\",\"contractType\":\"NEXT_QUARTER\",\"deliveryDate\":\"soon\"}]}";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("binance-usdm", 0, "/fapi/v1/exchangeInfo");
    assert_ok(rest_list("binance-usdm", "https://h/fapi/v1/exchangeInfo", info, &list));
    assert_int_equal(list.count, 4);
    const struct instrument *perp = instrument_list_name(&list, "BTC-USDT-PERP");
    assert_string_equal(perp->symbol, "BTCUSDT");
    assert_int_equal(perp->expiry_ns, 0);
    assert_int_equal(perp->volume_unit, VOLUME_BASE);
    const struct instrument *future = instrument_list_name(&list, "BTC-USDT-20260327");
    assert_string_equal(future->symbol, "BTCUSDT_260327");
    assert_int_equal(future->expiry_ns, INT64_C(1774598400) * NS_PER_S);
    assert_non_null(instrument_list_name(&list, "TSLA-USDT-PERP"));
    const struct instrument *settled = instrument_list_symbol(&list, "ICPUSDT_SETTLED");
    assert_int_equal(settled->kind, INSTRUMENT_OTHER);
    assert_string_equal(settled->name, "ICPUSDT_SETTLED");
    assert_false(settled->trading);
    instrument_list_release(&list);
}

static void the_coinm_list_counts_contracts(void **state)
{
    (void)state;
    static const char info[] =
        "{\"symbols\":[{\"filters\":[{\"minPrice\":\"0.1\",\"filterType\":\"PRICE_FILTER\","
        "\"tickSize\":\"0.1\"},{\"stepSize\":\"1\",\"filterType\":\"LOT_SIZE\"}],\"symbol\":"
        "\"BTCUSD_PERP\",\"pair\":\"BTCUSD\",\"contractType\":\"PERPETUAL\",\"deliveryDate\":"
        "4133404800000,\"contractStatus\":\"TRADING\",\"contractSize\":100,\"quoteAsset\":\"USD\","
        "\"baseAsset\":\"BTC\",\"marginAsset\":\"BTC\"}]}";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("binance-coinm", 0, "/dapi/v1/exchangeInfo");
    assert_ok(rest_list("binance-coinm", "https://h/dapi/v1/exchangeInfo", info, &list));
    const struct instrument *perp = instrument_list_name(&list, "BTC-USD-PERP");
    assert_int_equal(perp->volume_unit, VOLUME_CONTRACT);
    assert_decimal(perp->contract_size, "100");
    assert_string_equal(perp->contract_asset, "USD");
    assert_decimal(perp->quantity_step, "1");
    assert_true(perp->trading);
    instrument_list_release(&list);
}

static void what_is_no_list_adds_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"{\"code\":-1003,\"msg\":\"Too many requests\"}", "Too many requests (code -1003)"},
        {"{\"symbols\":7}", "'symbols' is not an array"},
        {"{}", "'symbols' is missing"},
        {"[]", "not a JSON object"},
        {"", "not a JSON object"},
        {"<html>", "not a JSON object"},
    };
    struct instrument_list list;
    instrument_list_init(&list);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_err(ERR_DAMAGED, rest_list("binance", "u", cases[i].text, &list));
        assert_non_null(strstr(err_text(ERR_DAMAGED), cases[i].reason));
    }
    /* Cut anywhere, the answer is no list, and not half of one. */
    char text[sizeof spot_info];
    for (size_t size = 0; size < sizeof spot_info - 1; size++) {
        memcpy(text, spot_info, size);
        text[size] = '\0';
        assert_err(ERR_DAMAGED, rest_list("binance", "u", text, &list));
    }
    assert_int_equal(list.count, 0);
    instrument_list_release(&list);
    assert_false(venue_find("binance")->rest->is_list("https://h/api/v3/aggTrades?symbol=X"));
}

/* ---- repair ---------------------------------------------------------------------------------- */

#define FROM_NS (INT64_C(1723161255342) * NS_PER_MS + 5)
#define TO_NS   (INT64_C(1723161259000) * NS_PER_MS)

static void holes_are_asked_for_by_id(void **state)
{
    (void)state;
    struct instrument btc, odd;
    venue_find("binance")->describe("BTCUSDT", &btc);
    venue_find("binance")->describe("\xe5\xb8\x81USDT", &odd);
    struct venue_hole hole = {&btc, "trade", 100, 250, FROM_NS, TO_NS, TO_NS};
    assert_repair("binance", &hole,
                  "/api/v3/historicalTrades?symbol=BTCUSDT&limit=1000&fromId=100");
    hole.last_id = UINT64_MAX;
    assert_repair("binance", &hole,
                  "/api/v3/historicalTrades?symbol=BTCUSDT&limit=1000&fromId=100");
    /* By id only with a key: the newest, which may do. */
    assert_repair("binance-us", &hole, "/api/v3/trades?symbol=BTCUSDT&limit=1000");
    assert_repair("binance-usdm", &hole, "/fapi/v1/trades?symbol=BTCUSDT&limit=1000");
    assert_repair("binance-coinm", &hole, "/dapi/v1/trades?symbol=BTCUSDT&limit=1000");
    hole.channel = "aggTrade";
    assert_repair("binance", &hole, "/api/v3/aggTrades?symbol=BTCUSDT&limit=1000&fromId=100");
    assert_repair("binance-us", &hole, "/api/v3/aggTrades?symbol=BTCUSDT&limit=1000&fromId=100");
    assert_repair("binance-usdm", &hole, "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000&fromId=100");
    assert_repair("binance-coinm", &hole,
                  "/dapi/v1/aggTrades?symbol=BTCUSDT&limit=1000&fromId=100");
    hole.first_id = 0;
    assert_repair("binance-usdm", &hole, "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000&fromId=0");
    hole.last_id = 0;
    assert_repair("binance-usdm", &hole,
                  "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000&startTime=1723161255342&endTime="
                  "1723161259000");
    hole.to_ns += 5 * NS_PER_HOUR;
    assert_repair("binance-usdm", &hole,
                  "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000&startTime=1723161255342&endTime="
                  "1723164855341");
    hole.channel = "bookTicker";
    assert_repair("binance", &hole, NULL);
    hole = (struct venue_hole){&odd, "aggTrade", 1, 2, FROM_NS, TO_NS, TO_NS};
    assert_repair("binance", &hole, "/api/v3/aggTrades?symbol=%E5%B8%81USDT&limit=1000&fromId=1");
}

static void answers_of_repair_are_decoded(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "binance", "https://h/api/v3/aggTrades?symbol=%E5%B8%81USDT&fromId=1",
        "[{\"a\":26129,\"p\":\"0.01633102\",\"q\":\"4.70443515\",\"f\":27781,\"l\":27781,"
        "\"T\":1498793709153,\"m\":true,\"M\":true}]");
    assert_string_equal(frame.channel, "aggTrade");
    assert_sample(&frame.trades[0],
                  &(struct sample_trade){"\xe5\xb8\x81USDT", "0.01633102", "4.70443515", 26129,
                                         INT64_C(1498793709153) * NS_PER_MS, TAKER_SELL,
                                         TRADE_AGGREGATED | TRADE_BACKFILL});
    venue_frame_release(&frame);
    frame = sample_http("binance-coinm", "https://h/dapi/v1/trades?symbol=BTCUSD_PERP",
                        "[{\"id\":28457,\"price\":\"9635.0\",\"qty\":\"1\",\"baseQty\":"
                        "\"0.01037883\",\"time\":1591250192508,\"isBuyerMaker\":false}]");
    assert_string_equal(frame.channel, "trade");
    assert_sample(&frame.trades[0], &(struct sample_trade){"BTCUSD_PERP", "9635.0", "1", 28457,
                                                           INT64_C(1591250192508) * NS_PER_MS,
                                                           TAKER_BUY, TRADE_BACKFILL});
    venue_frame_release(&frame);
}

/* ---- playing --------------------------------------------------------------------------------- */

static const char *const spot_symbols[] = {"BTCUSDT", "ETHBTC", "ARBUSD", "\xe5\xb8\x81USDT"};
static const char *const usdm_symbols[] = {"BTCUSDT", "ETHUSDT_260327", "ICPUSDT_SETTLED"};
static const char *const coinm_symbols[] = {"BTCUSD_PERP", "ETHUSD_260327"};

static void trades_are_written_as_the_venue_does(void **state)
{
    (void)state;
    struct venue_subscriptions combined = {.combined = true}, raw = {0};
    static const char *const venues[] = {"binance", "binance-us", "binance-usdm", "binance-coinm"};
    for (size_t i = 0; i < 8; i++) {
        bool aggregated = i % 2 > 0;
        struct rest_past *past = rest_past_new(venues[i / 2], spot_symbols, 1);
        rest_past_fill(past, "BTCUSDT", 300, NS_PER_MS, aggregated ? TRADE_AGGREGATED : 0);
        struct venue_writing writing = {.channel = aggregated ? "aggTrade" : "trade",
                                        .venue_ns = SAMPLE_WALL_NS,
                                        .subs = &combined};
        assert_written_trades(venues[i / 2], past, &writing, 0);
        writing.subs = &raw;
        assert_written_trades(venues[i / 2], past, &writing, 0);
        free(past);
    }
}

static void a_written_trade_is_byte_for_byte_a_frame_of_the_venue(void **state)
{
    (void)state;
    /* Received from the venue on 2024-08-08 and 2021-07-22, but for an event time. */
    static const char *const frames[][2] = {
        {"binance",
         "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,\"s\":"
         "\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":\"0.02000000\",\"T\":"
         "1723161255342,\"m\":true,\"M\":true}}"},
        {"binance",
         "{\"stream\":\"nknusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1723161255343,\"s\":"
         "\"NKNUSDT\",\"a\":15683430,\"p\":\"0.35280000\",\"q\":\"58.00000000\",\"f\":19862790,"
         "\"l\":19862790,\"T\":1633998523963,\"m\":false,\"M\":true}}"},
        {"binance-usdm",
         "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1723161255343,\"T\":"
         "1723161256322,\"s\":\"BTCUSDT\",\"t\":5266583935,\"p\":\"61800.30\",\"q\":\"0.006\","
         "\"X\":\"MARKET\",\"m\":false}}"},
        {"binance-usdm",
         "{\"stream\":\"ctkusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1723161255343,\"a\":"
         "16599292,\"s\":\"CTKUSDT\",\"p\":\"1.01100\",\"q\":\"10\",\"f\":23961322,\"l\":23961322,"
         "\"T\":1626992741421,\"m\":false}}"},
    };
    struct venue_subscriptions combined = {.combined = true};
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct venue_frame frame = sample_decode(frames[i][0], frames[i][1]);
        struct venue_writing writing = {.channel = frame.channel,
                                        .venue_ns = INT64_C(1723161255343) * NS_PER_MS,
                                        .subs = &combined};
        size_t count = 0;
        assert_ok(venue_find(frames[i][0])
                      ->serving->write_trades(&writing, frame.trades, 1, &count, &out));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, frames[i][1]);
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

static void excluded_trades_keep_their_ids(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"e\":\"trade\",\"E\":1,\"T\":1723161256322,\"s\":\"BTCUSDT\",\"t\":7,\"p\":\"0\",\"q\":"
        "\"0\",\"X\":\"NA\",\"m\":false}",
        "{\"e\":\"trade\",\"E\":1,\"T\":1723161256322,\"s\":\"BTCUSDT\",\"t\":8,\"p\":\"5.1\","
        "\"q\":"
        "\"2\",\"X\":\"INSURANCE_FUND\",\"m\":true}",
        "{\"e\":\"aggTrade\",\"E\":1,\"a\":9,\"s\":\"BTCUSDT\",\"p\":\"0\",\"q\":\"0\",\"f\":-1,"
        "\"l\":-1,\"T\":1723161256322,\"m\":true}",
    };
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct venue_frame frame = sample_decode("binance-usdm", rows[i]);
        assert_true(frame.trades[0].flags & TRADE_EXCLUDED);
        struct venue_writing writing = {.channel = frame.channel, .venue_ns = NS_PER_MS};
        size_t count = 0;
        assert_ok(venue_find("binance-usdm")
                      ->serving->write_trades(&writing, frame.trades, 1, &count, &out));
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, rows[i]);
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

static void set_steps(struct rest_past *past)
{
    for (size_t i = 0; i < past->past.instrument_count; i++) {
        past->instruments[i].price_tick = (struct decimal){1, 2};
        past->instruments[i].quantity_step = (struct decimal){100, 5};
        past->instruments[i].trading = i % 2 == 0;
    }
    past->instruments[1].price_tick = DECIMAL_ZERO;
}

static void the_list_goes_out_and_back(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("binance", spot_symbols, 4);
    assert_answered_list("binance", past);
    set_steps(past);
    assert_answered_list("binance", past);
    assert_answered_list("binance-us", past);
    free(past);
    past = rest_past_new("binance-usdm", usdm_symbols, 3);
    set_steps(past);
    assert_answered_list("binance-usdm", past);
    free(past);
    past = rest_past_new("binance-coinm", coinm_symbols, 2);
    set_steps(past);
    for (size_t i = 0; i < 2; i++) {
        past->instruments[i].contract_size = (struct decimal){100, 0};
        snprintf(past->instruments[i].contract_asset, ASSET_MAX, "USD");
    }
    assert_answered_list("binance-coinm", past);
    free(past);
}

static void trades_are_answered_by_id_and_by_time(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("binance", spot_symbols, 4);
    rest_past_fill(past, "BTCUSDT", 2500, NS_PER_MS, 0);
    assert_answered_trades("binance", past, "/api/v3/trades?symbol=BTCUSDT", 2000, 500);
    assert_answered_trades("binance", past, "/api/v3/trades?symbol=BTCUSDT&limit=7", 2493, 7);
    assert_answered_trades("binance", past, "/api/v3/trades?symbol=BTCUSDT&limit=5000", 1500, 1000);
    assert_answered_trades("binance", past,
                           "/api/v3/historicalTrades?symbol=BTCUSDT&limit=1000&fromId=4000000900",
                           900, 1000);
    assert_answered_trades("binance", past,
                           "/api/v3/historicalTrades?symbol=BTCUSDT&limit=1000&fromId=4000002499",
                           2499, 1);
    assert_answered_trades("binance-us", past,
                           "/api/v3/historicalTrades?symbol=BTCUSDT&limit=3&fromId=0", 0, 3);
    assert_answered_trades("binance", past, "/api/v3/trades?symbol=ETHBTC", 0, 0);
    free(past);
    past = rest_past_new("binance-usdm", usdm_symbols, 3);
    rest_past_fill(past, "BTCUSDT", 1500, NS_PER_MS, TRADE_AGGREGATED);
    assert_answered_trades("binance-usdm", past,
                           "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000&fromId=4000000100", 100,
                           1000);
    assert_answered_trades("binance-usdm", past, "/fapi/v1/aggTrades?symbol=BTCUSDT", 1000, 500);
    char target[256];
    int64_t from_ms = past->trades[300].source_ns / NS_PER_MS;
    int64_t to_ms = past->trades[310].source_ns / NS_PER_MS;
    size_t first = 300, last = 310; /* neighbours may share a time */
    while (past->trades[first - 1].source_ns == past->trades[300].source_ns) {
        first--;
    }
    while (past->trades[last + 1].source_ns == past->trades[310].source_ns) {
        last++;
    }
    snprintf(target, sizeof target, "/fapi/v1/aggTrades?symbol=BTCUSDT&startTime=%lld&endTime=%lld",
             (long long)from_ms, (long long)to_ms);
    assert_answered_trades("binance-usdm", past, target, first, last - first + 1);
    free(past);
}

/* The venue's REST has no rows for ids that were spent beside the book. */
static void futures_answers_leave_out_what_was_not_in_the_book(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("binance-usdm", usdm_symbols, 1);
    rest_past_fill(past, "BTCUSDT", 3, NS_PER_MS, 0);
    past->trades[1].flags = TRADE_EXCLUDED;
    char *text = rest_answer("binance-usdm", past, "/fapi/v1/trades?symbol=BTCUSDT", 200);
    struct venue_frame frame =
        sample_http("binance-usdm", "https://h/fapi/v1/trades?symbol=BTCUSDT", text);
    assert_int_equal(frame.trade_count, 2);
    assert_true(frame.trades[1].id == past->trades[2].id);
    venue_frame_release(&frame);
    free(text);
    free(past);
}

static void a_row_has_the_members_of_the_manual(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("binance", spot_symbols, 1);
    struct trade trade = {.symbol = "BTCUSDT",
                          .has_id = true,
                          .id = 28457,
                          .first_id = 28457,
                          .last_id = 28457,
                          .count = 1,
                          .source_ns = INT64_C(1499865549590) * NS_PER_MS,
                          .price = {400000100, 8},
                          .quantity = {1200000000, 8},
                          .taker = TAKER_SELL};
    past->trades[past->trade_count++] = trade;
    assert_answer_text("binance", past, "/api/v3/trades?symbol=BTCUSDT", 200,
                       "[{\"id\":28457,\"price\":\"4.00000100\",\"qty\":\"12.00000000\","
                       "\"quoteQty\":\"48.00001200\",\"time\":1499865549590,\"isBuyerMaker\":true,"
                       "\"isBestMatch\":true}]");
    free(past);
    past = rest_past_new("binance-coinm", coinm_symbols, 1);
    past->instruments[0].contract_size = (struct decimal){100, 0};
    snprintf(trade.symbol, sizeof trade.symbol, "BTCUSD_PERP");
    trade.price = (struct decimal){96350, 1};
    trade.quantity = (struct decimal){1, 0};
    past->trades[past->trade_count++] = trade;
    assert_answer_text("binance-coinm", past, "/dapi/v1/trades?symbol=BTCUSD_PERP", 200,
                       "[{\"id\":28457,\"price\":\"9635.0\",\"qty\":\"1\",\"baseQty\":"
                       "\"0.01037883\",\"time\":1499865549590,\"isBuyerMaker\":true}]");
    free(past);
}

static void refuses_as_the_venue_does(void **state)
{
    (void)state;
    static const struct {
        const char *target, *answer;
    } cases[] = {
        {"/api/v3/trades?symbol=NOPE", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"},
        {"/api/v3/exchangeInfo?symbol=NOPE", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"},
        {"/api/v3/trades",
         "{\"code\":-1102,\"msg\":\"Mandatory parameter 'symbol' was not sent, was empty/null, or "
         "malformed.\"}"},
        {"/api/v3/trades?symbol=BTCUSDT&limit=ten",
         "{\"code\":-1100,\"msg\":\"Illegal characters found in a parameter.\"}"},
        {"/api/v3/aggTrades?symbol=BTCUSDT&startTime=-5",
         "{\"code\":-1100,\"msg\":\"Illegal characters found in a parameter.\"}"},
        {"/api/v3/trades?symbol=BTCUSDT&limit=0",
         "{\"code\":-1130,\"msg\":\"Data sent for parameter 'limit' is not valid.\"}"},
    };
    struct rest_past *past = rest_past_new("binance", spot_symbols, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_answer_text("binance", past, cases[i].target, 400, cases[i].answer);
    }
    assert_answer_text("binance", past, "/api/v3/time", 200, "{\"serverTime\":1695633670428}");
    assert_no_answer("binance", past, "GET", "/api/v3/nothing");
    assert_no_answer("binance", past, "GET", "/fapi/v1/exchangeInfo");
    assert_no_answer("binance", past, "GET", "/x/api/v3/exchangeInfo");
    assert_no_answer("binance", past, "POST", "/api/v3/exchangeInfo");
    assert_no_answer("binance-usdm", past, "GET", "/api/v3/exchangeInfo");
    past->past.trades = NULL;
    assert_answer_text("binance", past, "/api/v3/aggTrades?symbol=BTCUSDT", 200, "[]");
    free(past);
}

static void a_long_hole_is_repaired_page_by_page(void **state)
{
    (void)state;
    assert_int_equal(assert_repairs_many("binance", "BTCUSDT", "trade", NS_PER_MS), 3);
    assert_int_equal(assert_repairs_many("binance", "BTCUSDT", "aggTrade", NS_PER_MS), 3);
    assert_int_equal(assert_repairs_many("binance-us", "BTCUSDT", "aggTrade", NS_PER_MS), 3);
    assert_int_equal(assert_repairs_many("binance-usdm", "BTCUSDT", "aggTrade", NS_PER_MS), 3);
    assert_int_equal(assert_repairs_many("binance-coinm", "BTCUSD_PERP", "aggTrade", NS_PER_MS), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spot_list_divides_what_spelling_does_not),
        cmocka_unit_test(the_usdm_list_tells_kind_and_expiry),
        cmocka_unit_test(the_coinm_list_counts_contracts),
        cmocka_unit_test(what_is_no_list_adds_nothing),
        cmocka_unit_test(holes_are_asked_for_by_id),
        cmocka_unit_test(answers_of_repair_are_decoded),
        cmocka_unit_test(trades_are_written_as_the_venue_does),
        cmocka_unit_test(a_written_trade_is_byte_for_byte_a_frame_of_the_venue),
        cmocka_unit_test(excluded_trades_keep_their_ids),
        cmocka_unit_test(the_list_goes_out_and_back),
        cmocka_unit_test(trades_are_answered_by_id_and_by_time),
        cmocka_unit_test(futures_answers_leave_out_what_was_not_in_the_book),
        cmocka_unit_test(a_row_has_the_members_of_the_manual),
        cmocka_unit_test(a_long_hole_is_repaired_page_by_page),
        cmocka_unit_test(refuses_as_the_venue_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
