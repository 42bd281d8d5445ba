/* Records in, candle updates out, with frames as the venues send them. */
#include "engine/base/time_text.h"
#include "engine/candle/candle_digest.h"
#include "engine/engine.h"
#include "tests/unit/unit.h"

#define T0        INT64_C(1700006400) /* a whole minute, in s */
#define LINES_MAX 256

struct bench {
    struct engine *engine;
    struct candle_digest *digest;
    uint64_t seq;
    size_t line_count, note_count, trade_count;
    char lines[LINES_MAX][160];
    char notes[LINES_MAX][600];
    struct candle last;
    uint32_t connection; /* of the frames that follow */
    double skew;         /* how far the receiver's clock is ahead, in s */
};

static void keep_candle(const struct candle *c, void *arg)
{
    struct bench *b = arg;
    b->last = *c;
    assert_ok(candle_digest_add(b->digest, c));
    if (b->line_count == LINES_MAX)
        return;
    char close[DECIMAL_TEXT_MAX];
    decimal_format(close, c->close);
    snprintf(b->lines[b->line_count++], sizeof b->lines[0], "%s %s %lld %s %u %s n%llu", c->venue,
             c->instrument, (long long)(c->open_ns / NS_PER_S - T0), candle_state_name(c->state),
             c->revision, close, (unsigned long long)c->trades);
}

static void keep_trade(const struct venue *venue, const char *instrument, const struct trade *trade,
                       const struct record *record, void *arg)
{
    struct bench *b = arg;
    b->trade_count++;
    snprintf(b->lines[b->line_count++], sizeof b->lines[0], "trade %s %s %llu %llu", venue->name,
             instrument, (unsigned long long)trade->id, (unsigned long long)record->seq);
}

static void keep_note(const char *text, void *arg)
{
    struct bench *b = arg;
    if (b->note_count < LINES_MAX)
        snprintf(b->notes[b->note_count++], sizeof b->notes[0], "%s", text);
}

static struct bench *bench_make(const struct engine_config *config,
                                const struct engine_filter *filter, struct engine_outlet outlet)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    outlet.candle = keep_candle;
    outlet.note = keep_note;
    outlet.arg = b;
    assert_ok(engine_new(&b->engine, config, filter, &outlet));
    assert_ok(candle_digest_new(&b->digest));
    return b;
}

static struct bench *bench_new(const struct engine_filter *filter, bool trades)
{
    struct engine_config config;
    engine_config_default(&config);
    struct engine_outlet outlet = {.forming = true, .trade = trades ? keep_trade : NULL};
    return bench_make(&config, filter, outlet);
}

static void bench_free(struct bench *b)
{
    engine_free(b->engine);
    candle_digest_free(b->digest);
    free(b);
}

static void feed(struct bench *b, enum record_type type, const char *venue, double second,
                 const char *data)
{
    int64_t time_ns = (int64_t)(second * 1000) * NS_PER_MS;
    struct record record = {
        .seq = ++b->seq,
        .type = type,
        .venue = venue,
        .connection = type == RECORD_TICK || type == RECORD_HTTP || type == RECORD_GAP ||
                              type == RECORD_CONFIG
                          ? 0
                          : b->connection,
        .wall_ns = T0 * NS_PER_S + time_ns + (int64_t)(b->skew * 1000) * NS_PER_MS,
        .mono_ns = 1000 + time_ns,
        .source_ns = RECORD_NO_TIME,
        .data = (const uint8_t *)data,
        .size = strlen(data),
    };
    assert_ok(engine_feed(b->engine, &record));
}

static void feed_spot(struct bench *b, const char *symbol, uint64_t id, double second,
                      const char *price)
{
    char data[400];
    snprintf(
        data, sizeof data,
        "{\"e\":\"trade\",\"E\":%lld,\"s\":\"%s\",\"t\":%llu,\"p\":\"%s\",\"q\":\"0.00100000\","
        "\"T\":%lld,\"m\":false,\"M\":true}",
        (long long)(T0 * 1000 + (int64_t)(second * 1000) + 3), symbol, (unsigned long long)id,
        price, (long long)(T0 * 1000 + (int64_t)(second * 1000)));
    feed(b, RECORD_RECEIVED, "binance", second, data);
}

static void feed_match(struct bench *b, uint64_t id, double second, const char *price)
{
    char data[400], time[TIME_TEXT_MAX];
    time_format(time, T0 * NS_PER_S + (int64_t)(second * 1000) * NS_PER_MS);
    snprintf(
        data, sizeof data,
        "{\"type\":\"match\",\"trade_id\":%llu,\"maker_order_id\":\"a\",\"taker_order_id\":\"b\","
        "\"side\":\"sell\",\"size\":\"0.5\",\"price\":\"%s\",\"product_id\":\"BTC-USD\","
        "\"sequence\":1,\"time\":\"%s\"}",
        (unsigned long long)id, price, time);
    feed(b, RECORD_RECEIVED, "coinbase", second, data);
}

static void assert_lines(struct bench *b, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count && i < b->line_count; i++)
        assert_string_equal(b->lines[i], lines[i]);
    assert_int_equal(b->line_count, count);
    b->line_count = 0;
}

#define assert_updates(b, ...)                                                                     \
    assert_lines(b, (const char *const[]){__VA_ARGS__},                                            \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* ---- frames ---------------------------------------------------------------------------------- */

static void frames_become_candles_and_ticks_close_them(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, true);
    feed_spot(b, "BTCUSDT", 1, 10, "61800.30");
    feed_match(b, 7, 11, "61900");
    assert_updates(b, "trade binance BTC-USDT 1 1", "binance BTC-USDT 0 forming 0 61800.30 n1",
                   "trade coinbase BTC-USD 7 2", "coinbase BTC-USD 0 forming 0 61900 n1");
    feed(b, RECORD_TICK, "", 60.4, "");
    assert_int_equal(b->line_count, 0);
    feed(b, RECORD_TICK, "", 60.5, ""); /* 500 ms of lateness */
    assert_updates(b, "binance BTC-USDT 0 closed 0 61800.30 n1",
                   "coinbase BTC-USD 0 closed 0 61900 n1");
    const struct engine_stats *stats = engine_stats(b->engine);
    assert_int_equal(stats->records, 4);
    assert_int_equal(stats->frames, 2);
    assert_int_equal(stats->trades, 2);
    assert_int_equal(stats->counted, 2);
    assert_int_equal(stats->updates, 4);
    assert_int_equal(stats->markets, 2);
    bench_free(b);
}

static void forming_candles_and_markets_can_be_listed(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_match(b, 7, 11, "61900");
    feed_spot(b, "ETHUSDT", 1, 12, "2500.10");
    b->line_count = 0;
    assert_ok(engine_each_forming(b->engine, keep_candle, b));
    assert_updates(b, "coinbase BTC-USD 0 forming 0 61900 n1",
                   "binance ETH-USDT 0 forming 0 2500.10 n1");
    struct engine_market market;
    assert_true(engine_market_at(b->engine, 1, &market));
    assert_string_equal(market.venue->name, "binance");
    assert_string_equal(market.instrument, "ETH-USDT");
    assert_string_equal(market.symbol, "ETHUSDT");
    assert_false(engine_market_at(b->engine, 2, &market));
    bench_free(b);
}

/* ---- clock ----------------------------------------------------------------------------------- */

static void feed_at(struct bench *b, enum record_type type, int64_t wall_ns, int64_t mono_ns)
{
    struct record record = {.seq = ++b->seq,
                            .type = type,
                            .venue = "",
                            .wall_ns = T0 * NS_PER_S + wall_ns,
                            .mono_ns = mono_ns,
                            .source_ns = RECORD_NO_TIME};
    assert_ok(engine_feed(b->engine, &record));
}

static void a_session_counts_monotonic_time_whatever_the_wall_clock_does(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "BTCUSDT", 1, 10, "5.0");
    b->line_count = 0;
    feed_at(b, RECORD_TICK, 5000 * NS_PER_S, 1000 + 11 * NS_PER_S); /* wall clock steps forward */
    feed_at(b, RECORD_TICK, -5000 * NS_PER_S, 1000 + 12 * NS_PER_S);
    feed_at(b, RECORD_TICK, 0, 0); /* monotonic clock of another thread: a little back */
    feed_at(b, RECORD_TICK, 0, 1000 + 60 * NS_PER_S);
    assert_int_equal(b->line_count, 0);
    feed_at(b, RECORD_TICK, 0, 1000 + 61 * NS_PER_S);
    assert_updates(b, "binance BTC-USDT 0 closed 0 5.0 n1");
    bench_free(b);
}

static void between_sessions_the_wall_clock_counts(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "BTCUSDT", 1, 10, "5.0");
    b->line_count = 0;
    /* Restarted after a boot: 20 s of wall time later the monotonic clock begins again. */
    feed_at(b, RECORD_CONFIG, 30 * NS_PER_S, 5);
    feed_at(b, RECORD_TICK, 30 * NS_PER_S, 5 + 30 * NS_PER_S);
    assert_int_equal(b->line_count, 0);
    feed_at(b, RECORD_TICK, 30 * NS_PER_S, 5 + 31 * NS_PER_S);
    assert_updates(b, "binance BTC-USDT 0 closed 0 5.0 n1");
    feed_spot(b, "BTCUSDT", 2, 65, "6.0");
    b->line_count = 0;
    feed_at(b, RECORD_CONFIG, -1000 * NS_PER_S, 0); /* a wall clock behind: no time has passed */
    assert_int_equal(b->line_count, 0);
    feed_at(b, RECORD_CONFIG, 1000 * NS_PER_S, 0);
    assert_updates(b, "binance BTC-USDT 60 closed 0 6.0 n1");
    bench_free(b);
}

static void clocks_at_the_ends_of_their_range_do_no_harm(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    static const int64_t ends[] = {0, INT64_MIN, INT64_MAX, -1, INT64_MIN, 1, INT64_MAX};
    feed_spot(b, "BTCUSDT", 1, 10, "5.0");
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 7; j++) {
            struct record record = {.seq = ++b->seq,
                                    .type = i == j ? RECORD_CONFIG : RECORD_TICK,
                                    .venue = "",
                                    .wall_ns = ends[i],
                                    .mono_ns = ends[j]};
            assert_ok(engine_feed(b->engine, &record));
        }
    feed_spot(b, "BTCUSDT", 2, 11, "5.0");
    bench_free(b);
}

/* ---- trouble --------------------------------------------------------------------------------- */

static void the_first_of_each_trouble_is_told_once_per_venue(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_RECEIVED, "binance", 1, "{\"e\":\"trade\",\"s\":\"BTCUSDT\"}");
    feed(b, RECORD_RECEIVED, "binance", 1, "nonsense");
    feed(b, RECORD_RECEIVED, "coinbase", 1, "nonsense");
    assert_int_equal(engine_stats(b->engine)->malformed, 3);
    assert_int_equal(b->note_count, 2);
    assert_memory_equal(b->notes[0], "binance: malformed frame, record 1: ", 36);
    assert_memory_equal(b->notes[1], "coinbase: malformed frame, record 3: ", 37);
    feed_spot(b, "BTCUSDT", 1, 2, "5");
    feed_spot(b, "BTCUSDT", 4, 3, "5");
    assert_string_equal(b->notes[2], "binance: no instrument list on this tape; names come from "
                                     "the spelling alone");
    assert_string_equal(b->notes[3],
                        "binance: 2 trade ids of BTCUSDT are missing before 4, record 5");
    feed_spot(b, "BTCUSDT", 5, 3 + 2 * 86400, "5"); /* received then, so fine */
    assert_int_equal(engine_stats(b->engine)->absurd_time, 0);
    assert_int_equal(engine_stats(b->engine)->missing, 2);
    feed_spot(b, "BTCUSDT", 3, 3, "5"); /* far beyond the horizon */
    assert_int_equal(engine_stats(b->engine)->lost_late, 1);
    assert_int_equal(engine_stats(b->engine)->missing, 1);
    assert_string_equal(b->notes[4],
                        "binance: trade of BTCUSDT came after the correction horizon, record 7");
    bench_free(b);
}

static void unknown_venues_and_records_are_counted(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_RECEIVED, "no\nsuch\x1b[2J", 1, "{}");
    feed(b, RECORD_RECEIVED, "", 1, "{}");
    feed(b, (enum record_type)77, "binance", 1, "{}");
    feed(b, RECORD_SENT, "binance", 1, "{}");
    feed(b, RECORD_CONNECTION, "binance", 1, "{}");
    assert_int_equal(engine_stats(b->engine)->other, 3);
    assert_int_equal(b->note_count, 1);
    assert_string_equal(b->notes[0], "venue 'no?such?[2J' is unknown, record 1");
    bench_free(b);
}

static void lost_records_are_added_up(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_GAP, "", 1,
         "{\"reason\":\"queue full\",\"count\":17,\"first_wall_ns\":1,\"last_wall_ns\":2}");
    feed(b, RECORD_GAP, "", 1, "{\"count\":3}");
    feed(b, RECORD_GAP, "", 1, "{\"count\":-3}");
    feed(b, RECORD_GAP, "", 1, "x");
    assert_int_equal(engine_stats(b->engine)->gap_records, 20);
    assert_int_equal(engine_stats(b->engine)->malformed, 2);
    bench_free(b);
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

#define TRADES_URL "https://api.binance.com/api/v3/historicalTrades?symbol=BTCUSDT&limit=2"
#define ROWS                                                                                       \
    "[{\"id\":2,\"price\":\"7.0\",\"qty\":\"1.0\",\"quoteQty\":\"7\",\"time\":1700006401000,"      \
    "\"isBuyerMaker\":true,\"isBestMatch\":true}]"

static void answers_with_status_200_repair(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "BTCUSDT", 1, 1, "5.0");
    feed_spot(b, "BTCUSDT", 3, 2, "6.0");
    assert_int_equal(engine_stats(b->engine)->missing, 1);
    b->line_count = 0;
    feed(b, RECORD_HTTP, "binance", 3,
         "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":200}\n" ROWS);
    assert_updates(b, "binance BTC-USDT 0 forming 0 6.0 n3");
    assert_int_equal(engine_stats(b->engine)->missing, 0);
    assert_int_equal(engine_stats(b->engine)->out_of_order, 1);
    bench_free(b);
}

static void other_answers_change_nothing_and_are_counted(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_HTTP, "binance", 1,
         "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":429}\n" ROWS);
    assert_int_equal(engine_stats(b->engine)->refused, 1);
    assert_string_equal(b->notes[0], "binance: HTTP status 429 for " TRADES_URL ", record 1");
    static const char *const malformed[] = {
        "",
        "\n",
        "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":200}",
        "{\"method\":\"GET\",\"status\":200}\n" ROWS,
        "{\"method\":\"GET\",\"url\":7,\"status\":200}\n" ROWS,
        "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":\"200\"}\n" ROWS,
        "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":200}\n{",
        "[]\n" ROWS,
    };
    size_t count = sizeof malformed / sizeof malformed[0];
    for (size_t i = 0; i < count; i++)
        feed(b, RECORD_HTTP, "binance", 1, malformed[i]);
    assert_int_equal(engine_stats(b->engine)->malformed, count);
    assert_int_equal(b->line_count, 0);
    bench_free(b);
}

/* ---- filter and determinism ------------------------------------------------------------------ */

static void feed_busy_minutes(struct bench *b)
{
    for (int i = 0; i < 400; i++) {
        feed_spot(b, "BTCUSDT", 100 + (uint64_t)i, i, "61800.30");
        feed_spot(b, "ETHUSDT", 100 + (uint64_t)(i ^ 1), i % 7 == 0 ? i - 3 : i, "2500.10");
        feed_match(b, 500 + (uint64_t)(i + i / 50), i, "61900.1");
        feed(b, RECORD_TICK, "", i + 0.9, "");
    }
}

static void a_filter_leaves_out_and_changes_nothing(void **state)
{
    (void)state;
    struct bench *all = bench_new(NULL, false);
    feed_busy_minutes(all);
    static const struct {
        const char *venue, *instrument, *prefix;
    } cases[] = {{"coinbase", NULL, "coinbase "},
                 {NULL, "ETH-USDT", "binance ETH-USDT "},
                 {"binance", "BTC-USDT", "binance BTC-USDT "},
                 {"kraken", NULL, "kraken "}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct engine_filter filter = {.venue_count = cases[i].venue != NULL,
                                       .instrument_count = cases[i].instrument != NULL,
                                       .venues = {cases[i].venue},
                                       .instruments = {cases[i].instrument}};
        struct bench *some = bench_new(&filter, false);
        feed_busy_minutes(some);
        size_t at = 0;
        for (size_t line = 0; line < all->line_count && at < some->line_count; line++)
            if (strncmp(all->lines[line], cases[i].prefix, strlen(cases[i].prefix)) == 0)
                assert_string_equal(some->lines[at++], all->lines[line]);
        assert_true(i == 3 ? some->line_count == 0 : at > 50);
        assert_int_equal(engine_stats(some->engine)->markets, i == 3 ? 0 : 1);
        bench_free(some);
    }
    bench_free(all);
}

static void the_same_records_give_the_same_digest(void **state)
{
    (void)state;
    char digests[3][CANDLE_DIGEST_TEXT_MAX];
    for (int i = 0; i < 3; i++) {
        struct bench *b = bench_new(NULL, false);
        feed_busy_minutes(b);
        if (i == 2)
            feed_spot(b, "BTCUSDT", 1000, 401, "1");
        assert_ok(candle_digest_text(b->digest, digests[i]));
        bench_free(b);
    }
    assert_string_equal(digests[0], digests[1]);
    assert_string_not_equal(digests[0], digests[2]);
}

/* ---- names ----------------------------------------------------------------------------------- */

#define LIST_URL "https://api.binance.com/api/v3/exchangeInfo"

static void feed_list(struct bench *b, const char *symbol, const char *base, const char *quote)
{
    char data[600];
    snprintf(data, sizeof data,
             "{\"method\":\"GET\",\"url\":\"" LIST_URL "\",\"status\":200}\n"
             "{\"timezone\":\"UTC\",\"symbols\":[{\"symbol\":\"%s\",\"status\":\"TRADING\","
             "\"baseAsset\":\"%s\",\"quoteAsset\":\"%s\",\"filters\":[]}]}",
             symbol, base, quote);
    feed(b, RECORD_HTTP, "binance", 0, data);
}

static void assert_market(struct bench *b, size_t index, const char *instrument)
{
    struct engine_market market;
    assert_true(engine_market_at(b->engine, index, &market));
    assert_string_equal(market.instrument, instrument);
}

static void the_instrument_list_names_what_is_met_after_it(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "EARLYLATE", 1, 1, "5");
    assert_int_equal(b->note_count, 1); /* no list yet */
    feed_list(b, "FOOBAR", "FOO", "BAR");
    feed_list(b, "EARLYLATE", "EARLY", "LATE");
    feed_spot(b, "FOOBAR", 1, 2, "5");
    feed_spot(b, "EARLYLATE", 2, 2, "5");
    assert_market(b, 0, "EARLYLATE");
    assert_market(b, 1, "FOO-BAR");
    assert_int_equal(b->note_count, 1);
    assert_int_equal(engine_stats(b->engine)->malformed, 0);
    bench_free(b);
}

static void with_a_list_nothing_is_told_about_spelling(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_list(b, "FOOBAR", "FOO", "BAR");
    feed_spot(b, "FOOBAR", 1, 1, "5");
    feed_match(b, 1, 1, "5"); /* BTC-USD says it by itself */
    assert_int_equal(b->note_count, 0);
    bench_free(b);
}

static void a_damaged_list_is_told_and_names_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_HTTP, "binance", 0,
         "{\"method\":\"GET\",\"url\":\"" LIST_URL "\",\"status\":200}\n{\"symbols\":[{\"sym");
    assert_int_equal(engine_stats(b->engine)->malformed, 1);
    assert_memory_equal(b->notes[0], "binance: malformed http, record 1: ", 35);
    bench_free(b);
}

static void a_filter_by_name_goes_by_the_list(void **state)
{
    (void)state;
    struct engine_filter filter = {.instrument_count = 1, .instruments = {"FOO-BAR"}};
    struct bench *b = bench_new(&filter, false);
    feed_list(b, "FOOBAR", "FOO", "BAR");
    feed_spot(b, "FOOBAR", 1, 1, "5");
    feed_spot(b, "BTCUSDT", 1, 1, "5");
    assert_int_equal(engine_stats(b->engine)->markets, 1);
    assert_int_equal(engine_stats(b->engine)->filtered, 1);
    bench_free(b);
}

static void prime(struct bench *b, enum record_type type, const char *venue, const char *data)
{
    struct record record = {
        .seq = ++b->seq,
        .type = type,
        .venue = venue,
        .connection = 7,
        .wall_ns = T0 * NS_PER_S,
        .data = (const uint8_t *)data,
        .size = strlen(data),
    };
    assert_ok(engine_prime(b->engine, &record));
}

static void what_lies_before_is_learnt_and_nothing_else(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    prime(b, RECORD_HTTP, "binance",
          "{\"method\":\"GET\",\"url\":\"" LIST_URL "\",\"status\":200}\n"
          "{\"symbols\":[{\"symbol\":\"FOOBAR\",\"status\":\"TRADING\",\"baseAsset\":\"FOO\","
          "\"quoteAsset\":\"BAR\",\"filters\":[]}]}");
    prime(b, RECORD_RECEIVED, "binance", "nonsense");
    prime(b, RECORD_TICK, "", "");
    prime(b, RECORD_RECEIVED, "nobody", "nonsense");
    prime(b, RECORD_RECEIVED, "bitfinex",
          "{\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":17470,"
          "\"symbol\":\"tBTCUSD\",\"pair\":\"BTCUSD\"}");
    prime(b, RECORD_RECEIVED, "bitfinex", "[17470,\"te\",[401597395,1700006400808,0.005,7245.3]]");
    assert_int_equal(engine_stats(b->engine)->records, 0);
    assert_int_equal(engine_stats(b->engine)->trades, 0);
    assert_int_equal(engine_stats(b->engine)->malformed, 0);
    assert_int_equal(engine_stats(b->engine)->other, 0);
    feed_spot(b, "FOOBAR", 1, 1, "5");
    assert_market(b, 0, "FOO-BAR");
    struct record record = {
        .seq = ++b->seq,
        .type = RECORD_RECEIVED,
        .venue = "bitfinex",
        .connection = 7,
        .wall_ns = (T0 + 2) * NS_PER_S,
        .mono_ns = 2 * NS_PER_S,
        .data = (const uint8_t *)"[17470,\"te\",[401597396,1700006401808,0.005,7245.3]]",
    };
    record.size = strlen((const char *)record.data);
    assert_ok(engine_feed(b->engine, &record));
    assert_int_equal(engine_stats(b->engine)->counted, 2);
    struct engine_market market;
    assert_true(engine_market_at(b->engine, 1, &market));
    assert_string_equal(market.symbol, "tBTCUSD");
    bench_free(b);
}

static void what_every_trade_became_adds_up(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_busy_minutes(b);
    const struct engine_stats *s = engine_stats(b->engine);
    assert_int_equal(s->trades, 1200);
    assert_int_equal(s->trades, s->counted + s->duplicates + s->excluded + s->snapshot +
                                    s->other_channel + s->filtered + s->absurd_time + s->time_unit +
                                    s->repeated + s->bad_price + s->bad_size);
    assert_int_equal(s->missing, 7); /* a hole every 50 matches */
    bench_free(b);
}

static void a_configuration_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct engine_config config;
    struct engine *engine;
    const struct engine_outlet outlet = {.candle = keep_candle};
    engine_config_default(&config);
    config.bar_count = 0;
    assert_err(ERR_USAGE, engine_new(&engine, &config, NULL, &outlet));
    engine_config_default(&config);
    config.bars[0].size = 1500 * NS_PER_MS;
    assert_err(ERR_USAGE, engine_new(&engine, &config, NULL, &outlet));
    engine_config_default(&config);
    config.bars[config.bar_count++] = config.bars[0];
    assert_err(ERR_USAGE, engine_new(&engine, &config, NULL, &outlet));
    assert_string_equal(err_text(ERR_USAGE), "bar '1m' is given twice; give each once");
    engine_config_default(&config);
    config.lateness_ns = -1;
    assert_err(ERR_USAGE, engine_new(&engine, &config, NULL, &outlet));
    engine_free(NULL);
}

/* True records of each type and venue with some bytes turned. */
static void damaged_records_are_taken(void **state)
{
    (void)state;
    static const struct {
        enum record_type type;
        const char *venue, *data;
    } records[] = {
        {RECORD_RECEIVED, "binance",
         "{\"e\":\"trade\",\"E\":1700006400003,\"s\":\"BTCUSDT\",\"t\":17,\"p\":\"61800.30\","
         "\"q\":\"0.1\",\"T\":1700006400000,\"m\":false,\"M\":true}"},
        {RECORD_RECEIVED, "binance",
         "{\"e\":\"aggTrade\",\"E\":1700006400003,\"s\":\"ETHUSDT\",\"a\":9,\"p\":\"2500.1\","
         "\"q\":\"0.1\",\"f\":1,\"l\":4,\"T\":1700006400000,\"m\":false,\"M\":true}"},
        {RECORD_RECEIVED, "coinbase",
         "{\"type\":\"match\",\"trade_id\":7,\"maker_order_id\":\"a\",\"taker_order_id\":\"b\","
         "\"side\":\"sell\",\"size\":\"0.5\",\"price\":\"61900\",\"product_id\":\"BTC-USD\","
         "\"sequence\":1,\"time\":\"2023-11-15T00:00:01.5Z\"}"},
        {RECORD_RECEIVED, "kraken-v1",
         "[993,[[\"354.04\",\"0.28\",\"1700006401.826417\",\"s\",\"m\",\"\"]],\"trade\",\"XMR/"
         "USD\"]"},
        {RECORD_HTTP, "binance",
         "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":200}\n" ROWS},
        {RECORD_GAP, "", "{\"reason\":\"queue full\",\"count\":17}"},
        {RECORD_CONFIG, "", "{\"bars\":[\"1m\"]}"},
    };
    struct bench *b = bench_new(NULL, false);
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        size_t pick = (size_t)unit_below(&random, sizeof records / sizeof records[0]);
        uint8_t data[400];
        size_t size = strlen(records[pick].data);
        memcpy(data, records[pick].data, size);
        for (uint64_t turned = unit_below(&random, 4); turned > 0; turned--)
            data[unit_below(&random, size)] =
                (uint8_t) "0123456789-.e\",:{}[]\n\xff"[unit_below(&random, 23)];
        struct record record = {
            .seq = ++b->seq,
            .type = records[pick].type,
            .venue = records[pick].venue,
            .wall_ns = T0 * NS_PER_S + i * NS_PER_MS,
            .mono_ns = i % 100 == 0 ? (int64_t)unit_random(&random) : i * NS_PER_MS,
            .data = data,
            .size = i % 3 == 0 ? size : unit_below(&random, size + 1),
        };
        assert_ok(engine_feed(b->engine, &record));
    }
    assert_int_equal(engine_stats(b->engine)->records, 100000);
    assert_true(engine_stats(b->engine)->malformed > 10000);
    assert_true(engine_stats(b->engine)->counted > 100);
    for (size_t i = 0; i < b->note_count; i++)
        assert_null(strpbrk(b->notes[i], "\n\r\x1b"));
    bench_free(b);
}

/* ---- who follows a market ---------------------------------------------------------------------
 */

/* A record of connection `connection` of Binance. */
static void connection_event(struct bench *b, uint32_t connection, double second, const char *data)
{
    b->connection = connection;
    feed(b, RECORD_CONNECTION, "binance", second, data);
}

#define OPEN_FOR(symbol)                                                                           \
    "{\"event\":\"open\",\"url\":\"wss://x\",\"wanted\":{\"trade\":[\"" symbol "\"]}}"
#define CLOSED "{\"event\":\"close\",\"reason\":\"x\"}"

static void assert_connected(const struct bench *b, uint32_t ppm)
{
    assert_true(b->last.has_connected);
    assert_int_equal(b->last.connected_ppm, ppm);
}

/* Of a minute: trades at :10 and at :70 of connection 1, which goes and comes in between. */
static void an_outage_is_not_connected(void **state)
{
    (void)state;
    static const char *const ends[] = {
        CLOSED, "{\"event\":\"error\",\"reason\":\"x\"}",
        "{\"event\":\"change\",\"leave\":{\"trade\":[\"BTCUSDT\"]}}"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct bench *b = bench_new(NULL, false);
        connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
        feed_spot(b, "BTCUSDT", 1, 10, "5");
        /* Followed since the open record, 10 s before the trade. */
        assert_connected(b, 1000000);
        connection_event(b, 1, 20, ends[i]);
        if (i == 2)
            connection_event(b, 1, 26, "{\"event\":\"change\",\"add\":{\"trade\":[\"BTCUSDT\"]}}");
        else
            connection_event(b, 2, 26, OPEN_FOR("BTCUSDT"));
        feed(b, RECORD_TICK, "", 60.5, "");
        assert_int_equal(b->last.state, CANDLE_CLOSED);
        assert_connected(b, 900000); /* 54 of 60 s */
        assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_DISCONNECTED);
        assert_int_equal(b->last.score, 90);
        bench_free(b);
    }
}

static void another_connection_that_follows_bridges_the_outage(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
    connection_event(b, 2, 5, OPEN_FOR("BTCUSDT"));
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    connection_event(b, 1, 20, CLOSED);
    feed(b, RECORD_TICK, "", 60.5, "");
    assert_connected(b, 1000000);
    bench_free(b);
}

static void connections_for_something_else_follow_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    connection_event(b, 2, 11, OPEN_FOR("ETHUSDT"));
    connection_event(b, 3, 12, "{\"event\":\"open\",\"wanted\":{\"depth@100ms\":[\"BTCUSDT\"]}}");
    connection_event(b, 1, 30, CLOSED);
    feed(b, RECORD_TICK, "", 60.5, "");
    assert_connected(b, 500000);
    bench_free(b);
}

/* The tape does not say what was asked for: it follows all markets of its venue. */
static void without_what_was_wanted_a_connection_follows_its_venue(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new(NULL, false);
        connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
        feed_spot(b, "BTCUSDT", 1, 10, "5");
        connection_event(b, 1, 20, CLOSED);
        if (i == 0) { /* not even that it was opened: its first frame is its opening */
            b->connection = 2;
            feed(b, RECORD_RECEIVED, "binance", 35, "{\"result\":null,\"id\":1}");
        } else {
            connection_event(b, 2, 35, "{\"event\":\"open\",\"url\":\"wss://x\"}");
        }
        feed(b, RECORD_TICK, "", 60.5, "");
        assert_connected(b, 750000); /* 20 .. 35 is lost */
        bench_free(b);
    }
}

static void a_trade_shows_that_its_connection_follows(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    connection_event(b, 1, 0, OPEN_FOR("ETHUSDT"));
    connection_event(b, 2, 0, OPEN_FOR("BTCUSDT"));
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    b->connection = 1;
    feed_spot(b, "BTCUSDT", 2, 15, "5");
    connection_event(b, 2, 20, CLOSED);
    feed(b, RECORD_TICK, "", 60.5, "");
    assert_connected(b, 1000000);
    char text[CANDLE_FIELD_MAX];
    assert_true(candle_field(&b->last, COLUMN_connections, text));
    assert_string_equal(text, "1|2");
    bench_free(b);
}

static void a_session_ends_with_the_record_before_the_next_one(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    feed(b, RECORD_TICK, "", 15, "");
    feed(b, RECORD_CONFIG, "", 39, "{}");
    feed(b, RECORD_TICK, "", 60.5, "");
    assert_connected(b, 250000);
    int64_t offset_ns;
    assert_false(engine_clock_offset(b->engine, 1, &offset_ns));
    bench_free(b);
}

static void before_the_first_trade_the_open_record_counts(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_TICK, "", 0, "");
    connection_event(b, 1, 15, OPEN_FOR("BTCUSDT"));
    feed_spot(b, "BTCUSDT", 1, 40, "5");
    feed(b, RECORD_TICK, "", 60.5, "");
    assert_connected(b, 750000);
    bench_free(b);
}

/* The one that was open first went before the market's first trade that counts. */
static void connections_that_have_gone_before_the_first_trade_do_not_count(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
    /* The market is there, but no trade has counted. */
    feed_spot(b, "BTCUSDT", 1, 10, "0");
    connection_event(b, 2, 15, OPEN_FOR("BTCUSDT"));
    connection_event(b, 1, 20, CLOSED);
    b->connection = 2;
    feed_spot(b, "BTCUSDT", 2, 40, "5");
    feed(b, RECORD_TICK, "", 60.5, "");
    assert_connected(b, 750000);
    bench_free(b);
}

static void what_nobody_followed_has_no_share(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_HTTP, "binance", 3,
         "{\"method\":\"GET\",\"url\":\"" TRADES_URL "\",\"status\":200}\n" ROWS);
    assert_int_equal(b->last.trades, 1);
    assert_false(b->last.has_connected);
    assert_int_equal(b->last.score, 100);
    assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_BACKFILLED);
    assert_int_equal(b->last.latency.count, 0);
    assert_false(b->last.has_clock_offset);
    char text[CANDLE_FIELD_MAX];
    assert_false(candle_field(&b->last, COLUMN_connected, text));
    assert_false(candle_field(&b->last, COLUMN_connections, text));
    bench_free(b);
}

/* ---- what a trade shows ------------------------------------------------------------------------
 */

static void lost_frames_belong_to_the_next_trade(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed(b, RECORD_RECEIVED, "binance", 1, "nonsense"); /* before there is a market */
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    assert_int_equal(b->last.malformed, 0);
    feed(b, RECORD_RECEIVED, "binance", 20, "nonsense");
    feed(b, RECORD_RECEIVED, "binance", 21, "nonsense");
    feed(b, RECORD_RECEIVED, "coinbase", 22, "nonsense"); /* of another venue */
    feed(b, RECORD_GAP, "binance", 23, "{\"reason\":\"x\",\"count\":9,\"frames\":4}");
    feed(b, RECORD_GAP, "", 24, "{\"reason\":\"x\",\"count\":3}"); /* of any: all count */
    feed(b, RECORD_TICK, "", 70, "");
    assert_int_equal(b->last.state, CANDLE_CLOSED);
    assert_int_equal(b->last.malformed + b->last.dropped, 0);
    feed_spot(b, "BTCUSDT", 2, 71, "5");
    assert_int_equal(b->last.malformed, 2);
    assert_int_equal(b->last.dropped, 7);
    assert_int_equal(b->last.flags, CANDLE_MALFORMED | CANDLE_DROPPED);
    assert_int_equal(b->last.score, 91);
    feed_spot(b, "BTCUSDT", 3, 72, "5");
    assert_int_equal(b->last.malformed, 2);
    assert_int_equal(engine_stats(b->engine)->dropped, 7);
    assert_int_equal(engine_stats(b->engine)->gap_records, 12);
    bench_free(b);
}

static void a_step_of_the_wall_clock_belongs_to_the_next_trade(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    b->skew = 0.1; /* not over 100 ms */
    feed(b, RECORD_TICK, "", 11, "");
    feed_spot(b, "BTCUSDT", 2, 12, "5");
    assert_int_equal(b->last.flags, CANDLE_PARTIAL);
    b->skew = 0.201;
    feed(b, RECORD_TICK, "", 13, "");
    assert_int_equal(engine_stats(b->engine)->clock_steps, 1);
    feed_spot(b, "BTCUSDT", 3, 14, "5");
    assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_CLOCK);
    feed_spot(b, "BTCUSDT", 4, 70, "5");
    assert_int_equal(b->last.flags, 0);
    feed(b, RECORD_CONFIG, "", 71, "{}"); /* from session to session it is no step */
    b->skew = 30;
    feed(b, RECORD_CONFIG, "", 72, "{}");
    assert_int_equal(engine_stats(b->engine)->clock_steps, 1);
    bench_free(b);
}

static void latency_and_clock_offset_are_those_of_the_connection(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    int64_t offset_ns;
    b->connection = 3;
    b->skew = 0.25;
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    b->connection = 4;
    b->skew = 0.35;
    feed_spot(b, "BTCUSDT", 2, 11, "5");
    assert_int_equal(b->last.latency.count, 2);
    assert_int_equal(b->last.latency.min, 250 * NS_PER_MS);
    assert_int_equal(b->last.latency.max, 350 * NS_PER_MS);
    assert_int_equal(b->last.latency.mean, 300 * NS_PER_MS);
    assert_true(b->last.has_clock_offset);
    assert_int_equal(b->last.clock_offset_ns, 350 * NS_PER_MS);
    assert_true(engine_clock_offset(b->engine, 3, &offset_ns));
    assert_int_equal(offset_ns, 250 * NS_PER_MS);
    assert_true(engine_clock_offset(b->engine, 4, &offset_ns));
    assert_int_equal(offset_ns, 350 * NS_PER_MS);
    assert_false(engine_clock_offset(b->engine, 5, &offset_ns));
    connection_event(b, 3, 12, CLOSED);
    assert_false(engine_clock_offset(b->engine, 3, &offset_ns));
    bench_free(b);
}

static void a_negative_latency_is_not_trusted(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    b->skew = -0.001;
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    assert_int_equal(b->last.latency.min, -NS_PER_MS);
    assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_CLOCK);
    bench_free(b);
}

/* ---- suspects and refusals ---------------------------------------------------------------------
 */

static struct bench *bench_of(const char *config_text)
{
    struct engine_config config;
    bool found;
    engine_config_default(&config);
    assert_ok(
        engine_config_read(&config, (const uint8_t *)config_text, strlen(config_text), &found));
    return bench_make(&config, NULL, (struct engine_outlet){.forming = true});
}

/* 20 trades at 5, then one at 11, above twice that. */
static void suspect_trades_count_unless_they_are_excluded(void **state)
{
    (void)state;
    for (int excluded = 0; excluded < 2; excluded++) {
        struct bench *b = bench_of(excluded ? "{\"exclude\":[\"suspect\"]}" : "{\"exclude\":[]}");
        for (uint64_t i = 1; i <= 20; i++)
            feed_spot(b, "BTCUSDT", i, 1, "5");
        feed_spot(b, "BTCUSDT", 21, 2, "10");
        assert_int_equal(engine_stats(b->engine)->suspect_price, 0); /* twice is not above */
        feed_spot(b, "BTCUSDT", 22, 2, "20.1");
        feed_spot(b, "BTCUSDT", 23, 3, "5");
        assert_int_equal(b->last.trades, excluded ? 22 : 23);
        assert_int_equal(b->last.suspect, 1);
        assert_int_equal(b->last.score, 99);
        assert_int_equal(b->last.missing, 0);
        assert_int_equal(b->last.high.mantissa, excluded ? 10 : 201);
        if (!excluded)
            assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_SUSPECT_PRICE);
        assert_int_equal(engine_stats(b->engine)->suspect_price, 1);
        assert_int_equal(engine_stats(b->engine)->suspect_excluded, excluded);
        assert_non_null(strstr(b->notes[b->note_count - 1], "suspect (suspect_price), record 22"));
        bench_free(b);
    }
}

static void a_time_far_ahead_of_the_market_is_suspect(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "BTCUSDT", 1, 0, "5");
    /* Received a moment later, but of 10 minutes and 1 ms after it. */
    char data[300];
    for (int i = 0; i < 2; i++) {
        snprintf(data, sizeof data,
                 "{\"e\":\"trade\",\"E\":1,\"s\":\"BTCUSDT\",\"t\":%d,\"p\":\"5\",\"q\":\"1\","
                 "\"T\":%lld,\"m\":false,\"M\":true}",
                 2 + i, (long long)(T0 * 1000 + 600000 + (i == 0 ? 0 : 600001)));
        feed(b, RECORD_RECEIVED, "binance", 0, data);
        assert_int_equal(engine_stats(b->engine)->suspect_time, i);
    }
    assert_int_equal(b->last.flags & CANDLE_SUSPECT_TIME, CANDLE_SUSPECT_TIME);
    assert_int_equal(engine_stats(b->engine)->counted, 3);
    bench_free(b);
}

static void bad_numbers_and_times_in_another_unit_are_refused(void **state)
{
    (void)state;
    struct bench *b = bench_new(NULL, false);
    feed_spot(b, "BTCUSDT", 1, 1, "5");
    feed_spot(b, "BTCUSDT", 2, 2, "0");
    static const char in_us[] = "{\"e\":\"trade\",\"E\":1,\"s\":\"BTCUSDT\",\"t\":3,\"p\":\"5\","
                                "\"q\":\"1\",\"T\":1700006403,\"m\":false,\"M\":true}";
    feed(b, RECORD_RECEIVED, "binance", 3, in_us); /* s, where ms belong */
    feed_spot(b, "BTCUSDT", 4, 4, "6");
    assert_int_equal(engine_stats(b->engine)->bad_price + engine_stats(b->engine)->excluded, 1);
    assert_int_equal(engine_stats(b->engine)->time_unit, 1);
    assert_int_equal(b->last.trades, 2);
    assert_int_equal(b->last.missing, 1); /* the refused one; a bad one takes part in numbering */
    bench_free(b);
}

/* ---- what candles say of themselves ------------------------------------------------------------
 */

static void candles_say_whose_book_it_is_and_which_tape(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    config.mic_count = 1;
    config.mics[0] = (struct engine_mic){"binance", "XNAS"};
    static const char tape[] = "00112233445566778899aabbccddeeff";
    struct bench *b = bench_make(&config, NULL, (struct engine_outlet){.tape = tape});
    feed_spot(b, "BTCUSDT", 1, 1, "5");
    feed_match(b, 1, 1, "5");
    feed(b, RECORD_TICK, "", 59, "");
    assert_int_equal(b->line_count, 0); /* no forming ones were wanted */
    feed(b, RECORD_TICK, "", 61, "");
    assert_updates(b, "binance BTC-USDT 0 closed 0 5 n1", "coinbase BTC-USD 0 closed 0 5 n1");
    char text[CANDLE_FIELD_MAX];
    assert_true(candle_field(&b->last, COLUMN_mic, text));
    assert_string_equal(text, "none"); /* coinbase is in no registry */
    assert_true(candle_field(&b->last, COLUMN_quote_currency, text));
    assert_string_equal(text, "USD");
    assert_true(candle_field(&b->last, COLUMN_base_currency, text));
    assert_string_equal(text, "none");
    assert_true(candle_field(&b->last, COLUMN_tape, text));
    assert_string_equal(text, tape);
    feed_spot(b, "BTCUSDT", 2, 70, "5");
    feed(b, RECORD_TICK, "", 150, "");
    assert_true(candle_field(&b->last, COLUMN_mic, text));
    assert_string_equal(text, "XNAS");
    bench_free(b);
}

static int64_t emit_clock_ns;
static unsigned emit_calls;

static int64_t emit_clock(void *arg)
{
    (void)arg;
    emit_calls++;
    return emit_clock_ns;
}

static void receive_to_emit_is_measured_once_per_record(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    struct bench *b =
        bench_make(&config, NULL, (struct engine_outlet){.forming = true, .now = emit_clock});
    emit_calls = 0;
    emit_clock_ns = 1000 + 10 * NS_PER_S + 700; /* feed() sets the monotonic clock to 1000 + time */
    feed_spot(b, "BTCUSDT", 1, 10, "5");
    assert_int_equal(b->last.emit.count, 1);
    assert_int_equal(b->last.emit.max, 700);
    emit_clock_ns = 1000 + 70 * NS_PER_S + 900;
    feed_spot(b, "BTCUSDT", 2, 70, "5"); /* closes the one, changes the other */
    assert_int_equal(b->line_count, 3);
    assert_int_equal(emit_calls, 2);
    assert_int_equal(b->last.emit.count, 1); /* of the new window */
    emit_clock_ns = INT64_MIN;               /* not comparable */
    feed_spot(b, "BTCUSDT", 3, 71, "5");
    assert_int_equal(b->last.emit.count, 1);
    emit_clock_ns = 1; /* before the record: no value either */
    feed_spot(b, "BTCUSDT", 4, 72, "5");
    assert_int_equal(b->last.emit.count, 1);
    bench_free(b);
}

struct reports {
    size_t count;
    int64_t last_wall_ns;
};
static struct reports reports;

static void keep_report(const struct health_report *report, void *arg)
{
    (void)arg;
    assert_string_equal(report->venue, "binance");
    reports.count++;
    reports.last_wall_ns = report->wall_ns;
}

static void health_is_reported_every_ten_seconds_of_the_records(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    struct bench *b = bench_make(&config, NULL, (struct engine_outlet){.health = keep_report});
    reports = (struct reports){0};
    connection_event(b, 1, 0, OPEN_FOR("BTCUSDT"));
    feed_spot(b, "BTCUSDT", 1, 1, "5");
    size_t before = reports.count;
    feed(b, RECORD_TICK, "", 9.9, "");
    assert_int_equal(reports.count, before);
    feed(b, RECORD_TICK, "", 10, "");
    assert_int_equal(reports.count, before + 2); /* the venue and its connection */
    assert_int_equal(reports.last_wall_ns, (T0 + 10) * NS_PER_S);
    feed(b, RECORD_TICK, "", 19.9, "");
    assert_int_equal(reports.count, before + 2);
    feed(b, RECORD_TICK, "", 45, ""); /* once, however long it was */
    assert_int_equal(reports.count, before + 4);
    feed(b, RECORD_TICK, "", 49, "");
    feed(b, RECORD_TICK, "", 50, "");
    assert_int_equal(reports.count, before + 6);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_become_candles_and_ticks_close_them),
        cmocka_unit_test(forming_candles_and_markets_can_be_listed),
        cmocka_unit_test(a_session_counts_monotonic_time_whatever_the_wall_clock_does),
        cmocka_unit_test(between_sessions_the_wall_clock_counts),
        cmocka_unit_test(clocks_at_the_ends_of_their_range_do_no_harm),
        cmocka_unit_test(the_first_of_each_trouble_is_told_once_per_venue),
        cmocka_unit_test(unknown_venues_and_records_are_counted),
        cmocka_unit_test(lost_records_are_added_up),
        cmocka_unit_test(answers_with_status_200_repair),
        cmocka_unit_test(other_answers_change_nothing_and_are_counted),
        cmocka_unit_test(a_filter_leaves_out_and_changes_nothing),
        cmocka_unit_test(the_same_records_give_the_same_digest),
        cmocka_unit_test(the_instrument_list_names_what_is_met_after_it),
        cmocka_unit_test(with_a_list_nothing_is_told_about_spelling),
        cmocka_unit_test(a_damaged_list_is_told_and_names_nothing),
        cmocka_unit_test(a_filter_by_name_goes_by_the_list),
        cmocka_unit_test(what_lies_before_is_learnt_and_nothing_else),
        cmocka_unit_test(what_every_trade_became_adds_up),
        cmocka_unit_test(a_configuration_that_cannot_be_is_refused),
        cmocka_unit_test(an_outage_is_not_connected),
        cmocka_unit_test(another_connection_that_follows_bridges_the_outage),
        cmocka_unit_test(connections_for_something_else_follow_nothing),
        cmocka_unit_test(without_what_was_wanted_a_connection_follows_its_venue),
        cmocka_unit_test(a_trade_shows_that_its_connection_follows),
        cmocka_unit_test(a_session_ends_with_the_record_before_the_next_one),
        cmocka_unit_test(before_the_first_trade_the_open_record_counts),
        cmocka_unit_test(connections_that_have_gone_before_the_first_trade_do_not_count),
        cmocka_unit_test(what_nobody_followed_has_no_share),
        cmocka_unit_test(lost_frames_belong_to_the_next_trade),
        cmocka_unit_test(a_step_of_the_wall_clock_belongs_to_the_next_trade),
        cmocka_unit_test(latency_and_clock_offset_are_those_of_the_connection),
        cmocka_unit_test(a_negative_latency_is_not_trusted),
        cmocka_unit_test(suspect_trades_count_unless_they_are_excluded),
        cmocka_unit_test(a_time_far_ahead_of_the_market_is_suspect),
        cmocka_unit_test(bad_numbers_and_times_in_another_unit_are_refused),
        cmocka_unit_test(candles_say_whose_book_it_is_and_which_tape),
        cmocka_unit_test(receive_to_emit_is_measured_once_per_record),
        cmocka_unit_test(health_is_reported_every_ten_seconds_of_the_records),
        cmocka_unit_test(damaged_records_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
