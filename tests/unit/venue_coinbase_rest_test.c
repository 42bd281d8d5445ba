#include "tests/unit/venue_rest_sample.h"

/* ---- instrument lists ------------------------------------------------------------------------ */

static void the_product_list_says_base_quote_and_steps(void **state)
{
    (void)state;
    static const char products[] =
        "[{\"id\":\"BTC-USD\",\"base_currency\":\"BTC\",\"quote_currency\":\"USD\","
        "\"quote_increment\":\"0.01\",\"base_increment\":\"0.00000001\",\"display_name\":\"BTC-"
        "USD\","
        "\"min_market_funds\":\"1\",\"margin_enabled\":false,\"post_only\":false,\"limit_only\":"
        "false,"
        "\"cancel_only\":false,\"status\":\"online\",\"status_message\":\"\",\"trading_disabled\":"
        "false},"
        "{\"status\":\"delisted\",\"id\":\"OLD-EUR\",\"quote_currency\":\"EUR\",\"base_currency\":"
        "\"OLD\",\"trading_disabled\":true},"
        "{\"id\":\"NEW-EUR\",\"status\":\"online\",\"post_only\":true},{\"id\":\"\"},null]";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("coinbase", 0, "/products");
    assert_list_target("coinbase", 1, NULL);
    assert_ok(rest_list("coinbase", "https://h/products", products, &list));
    assert_int_equal(list.count, 3);
    const struct instrument *btc = instrument_list_name(&list, "BTC-USD");
    assert_decimal(btc->price_tick, "0.01");
    assert_decimal(btc->quantity_step, "0.00000001");
    assert_string_equal(btc->base, "BTC");
    assert_string_equal(btc->quote, "USD");
    assert_true(btc->trading);
    assert_false(instrument_list_name(&list, "OLD-EUR")->trading);
    assert_false(instrument_list_symbol(&list, "NEW-EUR")->trading);
    assert_err(ERR_DAMAGED, rest_list("coinbase", "u", "{\"message\":\"slow down\"}", &list));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "slow down"));
    assert_err(ERR_DAMAGED, rest_list("coinbase", "u", "[{\"id\":\"A-B\"},", &list));
    assert_err(ERR_DAMAGED, rest_list("coinbase", "u", "{}", &list));
    assert_int_equal(list.count, 3);
    instrument_list_release(&list);
    assert_false(venue_find("coinbase")->rest->is_list("https://h/products/BTC-USD/trades"));
    assert_false(
        venue_find("coinbase")->rest->is_list("https://h/api/v3/brokerage/market/products"));
}

#define PRODUCT(id, rest)                                                                          \
    "{\"product_id\":\"" id "\",\"status\":\"\",\"is_disabled\":false," rest "}"

static void the_advanced_list_has_contracts_too(void **state)
{
    (void)state;
    /* Members as received in April 2026, shortened. */
    static const char products[] = "{\"products\":[" PRODUCT(
        "BTC-USD",
        "\"base_increment\":\"0.00000001\",\"quote_increment\":\"0.001\","
        "\"product_type\":\"SPOT\",\"quote_currency_id\":\"USD\","
        "\"base_currency_id\":\"BTC\",\"alias\":\"\",\"alias_to\":["
        "\"BTC-USDC\"],\"price_increment\":\"0.01\"") "," PRODUCT("BTC-USDC",
                                                                  "\"product_type\":"
                                                                  "\"SPOT\",\"quote_"
                                                                  "currency_id\":\"USDC\","
                                                                  "\"base_currency_id\":"
                                                                  "\"BTC\",\"alias\":\"BTC-"
                                                                  "USD\"") "," PRODUCT("BIT"
                                                                                       "-24"
                                                                                       "APR"
                                                                                       "26-"
                                                                                       "CD"
                                                                                       "E",
                                                                                       "\"b"
                                                                                       "ase"
                                                                                       "_in"
                                                                                       "cre"
                                                                                       "men"
                                                                                       "t\""
                                                                                       ":\""
                                                                                       "1\""
                                                                                       ",\""
                                                                                       "pro"
                                                                                       "duc"
                                                                                       "t_"
                                                                                       "typ"
                                                                                       "e\""
                                                                                       ":\""
                                                                                       "FUT"
                                                                                       "URE"
                                                                                       "\","
                                                                                       "\"q"
                                                                                       "uot"
                                                                                       "e_"
                                                                                       "cur"
                                                                                       "ren"
                                                                                       "cy_"
                                                                                       "id"
                                                                                       "\":"
                                                                                       "\"U"
                                                                                       "SD"
                                                                                       "\","
                                                                                       "\"b"
                                                                                       "ase"
                                                                                       "_cu"
                                                                                       "rre"
                                                                                       "ncy"
                                                                                       "_id"
                                                                                       "\":"
                                                                                       "\""
                                                                                       "\","
                                                                                       "\"p"
                                                                                       "ric"
                                                                                       "e_"
                                                                                       "inc"
                                                                                       "rem"
                                                                                       "ent"
                                                                                       "\":"
                                                                                       "\"5"
                                                                                       "\","
                                                                                       "\"f"
                                                                                       "utu"
                                                                                       "re_"
                                                                                       "pro"
                                                                                       "duc"
                                                                                       "t_"
                                                                                       "det"
                                                                                       "ail"
                                                                                       "s\""
                                                                                       ":{"
                                                                                       "\"v"
                                                                                       "enu"
                                                                                       "e\""
                                                                                       ":"
                                                                                       "\"c"
                                                                                       "de"
                                                                                       "\","
                                                                                       "\"c"
                                                                                       "ont"
                                                                                       "rac"
                                                                                       "t_"
                                                                                       "cod"
                                                                                       "e\""
                                                                                       ":\""
                                                                                       "BIT"
                                                                                       "\","
                                                                                       "\"c"
                                                                                       "ont"
                                                                                       "rac"
                                                                                       "t_"
                                                                                       "exp"
                                                                                       "iry"
                                                                                       "\":"
                                                                                       "\"2"
                                                                                       "026"
                                                                                       "-04"
                                                                                       "-24"
                                                                                       "T15"
                                                                                       ":00"
                                                                                       ":00"
                                                                                       "Z\""
                                                                                       ",\""
                                                                                       "con"
                                                                                       "tra"
                                                                                       "ct_"
                                                                                       "siz"
                                                                                       "e\""
                                                                                       ":\""
                                                                                       "0."
                                                                                       "01"
                                                                                       "\","
                                                                                       "\"c"
                                                                                       "ont"
                                                                                       "rac"
                                                                                       "t_"
                                                                                       "roo"
                                                                                       "t_"
                                                                                       "uni"
                                                                                       "t\""
                                                                                       ":\""
                                                                                       "BTC"
                                                                                       "\","
                                                                                       "\"c"
                                                                                       "ont"
                                                                                       "rac"
                                                                                       "t_"
                                                                                       "exp"
                                                                                       "iry"
                                                                                       "_ty"
                                                                                       "pe"
                                                                                       "\":"
                                                                                       "\"E"
                                                                                       "XPI"
                                                                                       "RIN"
                                                                                       "G\""
                                                                                       "}") "," PRODUCT("BTC-PERP-INTX",
                                                                                                        "\"product_type\":\"FUTURE\",\"quote_currency_id\":\"USDC\","
                                                                                                        "\"base_currency_id\":\"\",\"future_product_details\":{"
                                                                                                        "\"contract_expiry\":null,\"contract_size\":\"1\","
                                                                                                        "\"contract_root_unit\":\"BTC\",\"contract_expiry_type\":"
                                                                                                        "\"PERPETUAL\"}") "," PRODUCT("NO-EXPIRY-CDE",
                                                                                                                                      "\"product_type\":\"FUTURE\",\"future_product_details\":{}") "],"
                                                                                                                                                                                                   "\"num_products\":5,\"pagination\":null}";
    struct instrument_list list;
    instrument_list_init(&list);
    assert_list_target("coinbase-advanced", 0,
                       "/api/v3/brokerage/market/products?product_type=SPOT");
    assert_list_target("coinbase-advanced", 1,
                       "/api/v3/brokerage/market/products?product_type=FUTURE");
    assert_list_target(
        "coinbase-advanced", 2,
        "/api/v3/brokerage/market/products?product_type=FUTURE&contract_expiry_type=PERPETUAL");
    assert_list_target("coinbase-advanced", 3, NULL);
    assert_ok(rest_list("coinbase-advanced", "u", products, &list));
    assert_int_equal(list.count, 4);
    const struct instrument *spot = instrument_list_name(&list, "BTC-USD");
    assert_decimal(spot->price_tick, "0.01"); /* not quote_increment */
    assert_int_equal(spot->kind, INSTRUMENT_SPOT);
    assert_true(spot->trading);
    assert_string_equal(instrument_list_name(&list, "BTC-USDC")->symbol, "BTC-USDC");
    const struct instrument *future = instrument_list_name(&list, "BTC-USD-20260424");
    assert_string_equal(future->symbol, "BIT-24APR26-CDE");
    assert_int_equal(future->expiry_ns,
                     INT64_C(1777042800) * NS_PER_S); /* date -d 2026-04-24T15Z */
    assert_int_equal(future->volume_unit, VOLUME_CONTRACT);
    assert_decimal(future->contract_size, "0.01");
    assert_string_equal(future->contract_asset, "BTC");
    const struct instrument *perp = instrument_list_name(&list, "BTC-USDC-PERP");
    assert_string_equal(perp->symbol, "BTC-PERP-INTX");
    assert_int_equal(perp->volume_unit, VOLUME_BASE);
    assert_err(ERR_DAMAGED, rest_list("coinbase-advanced", "u", "[]", &list));
    assert_err(ERR_DAMAGED, rest_list("coinbase-advanced", "u", "{\"products\":{}}", &list));
    instrument_list_release(&list);
    assert_false(venue_find("coinbase-advanced")
                     ->rest->is_list("https://h/api/v3/brokerage/market/products/BTC-USD/ticker"));
}

static void contracts_stay_undivided_without_a_list(void **state)
{
    (void)state;
    struct instrument out;
    venue_find("coinbase-advanced")->describe("BIT-24APR26-CDE", &out);
    assert_string_equal(out.name, "BIT-24APR26-CDE");
    assert_int_equal(out.kind, INSTRUMENT_OTHER);
    venue_find("coinbase")->describe("BTC-USD", &out);
    assert_string_equal(out.base, "BTC");
    assert_string_equal(out.quote, "USD");
    assert_int_equal(out.kind, INSTRUMENT_SPOT);
}

/* ---- repair ---------------------------------------------------------------------------------- */

static void holes_are_asked_for_from_their_new_end(void **state)
{
    (void)state;
    struct instrument btc;
    venue_find("coinbase")->describe("BTC-USD", &btc);
    int64_t from_ns = INT64_C(1618677817) * NS_PER_S + 5, to_ns = from_ns + 3 * NS_PER_S;
    struct venue_hole hole = {&btc, "matches", 82008, 82010, from_ns, to_ns, to_ns};
    assert_repair("coinbase", &hole, "/products/BTC-USD/trades?limit=1000&after=82011");
    hole.last_id = UINT64_MAX;
    assert_repair("coinbase", &hole, "/products/BTC-USD/trades?limit=1000");
    assert_repair("coinbase-advanced", &hole,
                  "/api/v3/brokerage/market/products/BTC-USD/ticker?limit=1000&start=1618677817&"
                  "end=1618677821");
    assert_false(venue_find("coinbase")->rest->trades_ascending);
    assert_false(venue_find("coinbase-advanced")->rest->trades_ascending);
}

static void answers_of_repair_are_decoded(void **state)
{
    (void)state;
    struct venue_frame frame = sample_http(
        "coinbase-advanced", "https://h/api/v3/brokerage/market/products/BTC-USD/ticker?limit=2",
        "{\"trades\":[{\"trade_id\":\"34b080bf\"}],\"best_bid\":\"1\"}");
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
    frame = sample_http(
        "coinbase-advanced", "https://h/api/v3/brokerage/market/products/BTC-USD/ticker?limit=2",
        "{\"trades\":[{\"trade_id\":\"995\",\"product_id\":\"BTC-USD\",\"price\":\"68925.98\","
        "\"size\":\"0.5\",\"time\":\"2026-04-06T23:43:10.1Z\",\"side\":\"BUY\",\"exchange\":"
        "\"coinbase\"}],\"best_bid\":\"1\",\"best_ask\":\"2\"}");
    assert_sample(&frame.trades[0], &(struct sample_trade){"BTC-USD", "68925.98", "0.5", 995,
                                                           INT64_C(1775518990100) * NS_PER_MS,
                                                           TAKER_SELL, TRADE_BACKFILL});
    venue_frame_release(&frame);
}

/* ---- playing --------------------------------------------------------------------------------- */

static const char *const symbols[] = {"BTC-USD", "ETH-EUR", "BIT-24APR26-CDE", "BTC-PERP-INTX"};

static void trades_are_written_as_the_venue_does(void **state)
{
    (void)state;
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        uint32_t flags = snapshot ? TRADE_SNAPSHOT : 0;
        struct rest_past *past = rest_past_new("coinbase", symbols, 1);
        rest_past_fill(past, "BTC-USD", 400, NS_PER_US, 0);
        struct venue_writing writing = {
            .channel = "matches", .venue_ns = SAMPLE_WALL_NS, .sequence = 9, .snapshot = snapshot};
        assert_written_trades("coinbase", past, &writing, flags);
        past->trade_count = 0;
        rest_past_fill(past, "BTC-USD", 400, 10, 0);
        writing.channel = "market_trades";
        assert_written_trades("coinbase-advanced", past, &writing, flags);
        free(past);
    }
}

static void assert_written(const char *venue, const char *text, const struct venue_writing *writing)
{
    struct buf out;
    size_t count = 0;
    buf_init(&out, 4096);
    struct venue_frame frame = sample_decode(venue, text);
    assert_ok(venue_find(venue)->serving->write_trades(writing, frame.trades, frame.trade_count,
                                                       &count, &out));
    assert_ok(buf_terminate(&out));
    assert_string_equal((const char *)out.data, text);
    assert_int_equal(count, frame.trade_count);
    venue_frame_release(&frame);
    buf_release(&out);
}

static void a_written_batch_is_byte_for_byte_a_frame_of_the_venue(void **state)
{
    (void)state;
    /* A frame from the field, of 2025-12-31. */
    struct venue_writing writing = {
        .channel = "market_trades", .venue_ns = INT64_C(1767160812516946132), .sequence = 1851};
    assert_written(
        "coinbase-advanced",
        "{\"channel\":\"market_trades\",\"client_id\":\"\",\"timestamp\":"
        "\"2025-12-31T06:00:12.516946132Z\",\"sequence_num\":1851,\"events\":[{\"type\":\"update\","
        "\"trades\":[{\"product_id\":\"BTC-USD\",\"trade_id\":\"929248657\",\"price\":\"88355.59\","
        "\"size\":\"0.00136573\",\"time\":\"2025-12-31T06:00:12.44524Z\",\"side\":\"SELL\"}]}]}",
        &writing);
    /* Received on 2021-04-17, but for the ids of the orders. */
    writing = (struct venue_writing){.channel = "matches", .sequence = 333938798, .snapshot = true};
    assert_written(
        "coinbase",
        "{\"type\":\"last_match\",\"trade_id\":881613,\"maker_order_id\":"
        "\"00000000-0000-4000-8000-0000000d73cd\",\"taker_order_id\":"
        "\"00000000-0000-4000-9000-0000000d73cd\",\"side\":\"sell\",\"size\":\"0.04\",\"price\":"
        "\"14.7775\",\"product_id\":\"BAND-GBP\",\"sequence\":333938798,\"time\":"
        "\"2021-04-17T16:43:30.244075Z\"}",
        &writing);
}

static void the_list_goes_out_and_back(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("coinbase", symbols, 2);
    assert_answered_list("coinbase", past);
    past->instruments[0].price_tick = (struct decimal){5, 2};
    past->instruments[0].quantity_step = (struct decimal){1, 8};
    past->instruments[1].trading = false;
    assert_answered_list("coinbase", past);
    free(past);
    past = rest_past_new("coinbase-advanced", symbols, 4);
    struct instrument *future = &past->instruments[2], *perp = &past->instruments[3];
    past->instruments[0].price_tick = (struct decimal){5, 2};
    past->instruments[1].trading = false;
    future->kind = INSTRUMENT_FUTURE;
    future->expiry_ns = INT64_C(1777042800) * NS_PER_S;
    future->volume_unit = VOLUME_CONTRACT;
    future->contract_size = (struct decimal){1, 2};
    perp->kind = INSTRUMENT_PERPETUAL;
    perp->contract_size = (struct decimal){1, 0};
    for (size_t i = 2; i < 4; i++) {
        snprintf(past->instruments[i].base, ASSET_MAX, "BTC");
        snprintf(past->instruments[i].contract_asset, ASSET_MAX, "BTC");
        snprintf(past->instruments[i].quote, ASSET_MAX, "USD");
        instrument_name(&past->instruments[i], past->instruments[i].name);
    }
    assert_answered_list("coinbase-advanced", past);
    free(past);
}

static void matches_are_answered_by_id(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("coinbase", symbols, 2);
    rest_past_fill(past, "BTC-USD", 2500, NS_PER_US, 0);
    assert_answered_trades("coinbase", past, "/products/BTC-USD/trades", 1500, 1000);
    assert_answered_trades("coinbase", past, "/products/BTC-USD/trades?limit=3", 2497, 3);
    assert_answered_trades("coinbase", past, "/products/BTC-USD/trades?limit=1000&after=4000000900",
                           0, 900);
    assert_answered_trades("coinbase", past, "/products/BTC-USD/trades?limit=1000&after=4000001900",
                           900, 1000);
    assert_answered_trades("coinbase", past, "/products/BTC-USD/trades?before=4000002490", 2491, 9);
    assert_answered_trades("coinbase", past, "/products/ETH-EUR/trades", 0, 0);
    assert_answer_text("coinbase", past, "/products/NO-NO/trades", 404,
                       "{\"message\":\"NotFound\"}");
    assert_answer_text("coinbase", past, "/products/BTC-USD/trades?limit=x", 400,
                       "{\"message\":\"invalid limit, before or after\"}");
    assert_no_answer("coinbase", past, "GET", "/products/BTC-USD");
    assert_no_answer("coinbase", past, "GET", "/products/a/b/trades");
    assert_no_answer("coinbase", past, "GET", "/products/trades");
    assert_no_answer("coinbase", past, "POST", "/products");
    free(past);
}

static void advanced_trades_are_answered_by_time(void **state)
{
    (void)state;
    struct rest_past *past = rest_past_new("coinbase-advanced", symbols, 2);
    rest_past_fill(past, "BTC-USD", 2500, 100 * NS_PER_US, 0);
    static const char path[] = "/api/v3/brokerage/market/products/BTC-USD/ticker";
    char target[256];
    snprintf(target, sizeof target, "%s?limit=10", path);
    assert_answered_trades("coinbase-advanced", past, target, 2490, 10);
    int64_t start = past->trades[700].source_ns / NS_PER_S + 1;
    size_t first = 700, end = 700;
    while (past->trades[first].source_ns < start * NS_PER_S) {
        first++;
    }
    while (past->trades[end].source_ns <= (start + 20) * NS_PER_S) {
        end++;
    }
    assert_in_range(end - first, 10, 999);
    snprintf(target, sizeof target, "%s?limit=1000&start=%lld&end=%lld", path, (long long)start,
             (long long)start + 20);
    assert_answered_trades("coinbase-advanced", past, target, first, end - first);
    snprintf(target, sizeof target, "%s?start=1", path);
    assert_answer_text("coinbase-advanced", past, target, 400,
                       "{\"message\":\"limit, start and end must be whole numbers\"}");
    assert_answer_text("coinbase-advanced", past,
                       "/api/v3/brokerage/market/products/NO-NO/ticker?limit=1", 404,
                       "{\"message\":\"valid product_id is required\"}");
    assert_no_answer("coinbase-advanced", past, "GET", "/products");
    free(past);
}

static void a_long_hole_is_repaired_page_by_page(void **state)
{
    (void)state;
    assert_int_equal(assert_repairs_many("coinbase", "BTC-USD", "matches", NS_PER_US), 3);
    /* By time: pages overlap by a second or two. */
    assert_in_range(
        assert_repairs_many("coinbase-advanced", "BTC-USD", "market_trades", 100 * NS_PER_US), 3,
        4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_product_list_says_base_quote_and_steps),
        cmocka_unit_test(the_advanced_list_has_contracts_too),
        cmocka_unit_test(contracts_stay_undivided_without_a_list),
        cmocka_unit_test(holes_are_asked_for_from_their_new_end),
        cmocka_unit_test(answers_of_repair_are_decoded),
        cmocka_unit_test(trades_are_written_as_the_venue_does),
        cmocka_unit_test(a_written_batch_is_byte_for_byte_a_frame_of_the_venue),
        cmocka_unit_test(the_list_goes_out_and_back),
        cmocka_unit_test(matches_are_answered_by_id),
        cmocka_unit_test(a_long_hole_is_repaired_page_by_page),
        cmocka_unit_test(advanced_trades_are_answered_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
