/* Windows, watermark, corrections, order and bounds, each by example. Times are seconds after a
 * whole minute. */
#include "engine/base/time_text.h"
#include "engine/candle/market_set.h"
#include "engine/tape/record.h"
#include "tests/unit/unit.h"

#define EPOCH     (INT64_C(1700006400) * NS_PER_S)
#define LINES_MAX 2048

/* One market set, with a line of text per update. */
struct bench {
    struct market_set set;
    size_t update_count, line_count;
    char lines[LINES_MAX][160];
    struct candle last;
    struct market_finding finding;
    enum market_set_verdict verdict;
    uint64_t seq;
    int64_t clock_ns;
};

static void describe_plain(const char *symbol, struct instrument *out)
{
    *out = (struct instrument){.kind = INSTRUMENT_OTHER};
    snprintf(out->symbol, sizeof out->symbol, "%s", symbol);
    memcpy(out->name, out->symbol, sizeof out->name);
}

static void describe_contract(const char *symbol, struct instrument *out)
{
    describe_plain(symbol, out);
    out->volume_unit = VOLUME_CONTRACT;
}

static void describe_inverse(const char *symbol, struct instrument *out)
{
    describe_plain(symbol, out);
    out->volume_unit = VOLUME_QUOTE;
}

static const struct venue base_venue = {
    .name = "test", .ids = IDS_CONTIGUOUS, .describe = describe_plain};
static const struct venue contract_venue = {
    .name = "test-contracts", .ids = IDS_CONTIGUOUS, .describe = describe_contract};
static const struct venue inverse_venue = {
    .name = "test-inverse", .ids = IDS_CONTIGUOUS, .describe = describe_inverse};
static const struct venue opaque_venue = {
    .name = "test-opaque", .ids = IDS_OPAQUE, .describe = describe_plain};
static const struct venue ascending_venue = {
    .name = "test-ascending", .ids = IDS_ASCENDING, .describe = describe_plain};
static const struct venue numberless_venue = {
    .name = "test-numberless", .ids = IDS_NONE, .describe = describe_plain};

static char *put(char *to, struct decimal value)
{
    *to++ = ' ';
    return to + decimal_format(to, value);
}

static void write_line(const struct candle *candle, void *arg)
{
    struct bench *bench = arg;
    bench->update_count++;
    bench->last = *candle;
    if (bench->line_count == LINES_MAX)
        return;
    char bar[BAR_TEXT_MAX], *to = bench->lines[bench->line_count++];
    bar_format(bar, candle->bar);
    to += sprintf(to, "%s %s %lld %s %u:", candle->symbol, bar,
                  (long long)(candle->open_ns - EPOCH) / NS_PER_S, candle_state_name(candle->state),
                  candle->revision);
    to = put(put(put(put(to, candle->open), candle->high), candle->low), candle->close);
    sprintf(put(to, candle->volume), " n%llu", (unsigned long long)candle->trades);
}

static void set_up(struct bench *bench, const char *bars, struct market_set_options *options)
{
    for (char bar[24]; sscanf(bars, "%23s", bar) == 1; bars += strspn(bars, " ") + strlen(bar))
        assert_ok(bar_parse(&options->bars[options->bar_count++], bar));
    assert_ok(market_set_init(&bench->set, options));
}

static struct bench *bench_new(const char *bars, int64_t lateness_ns, int64_t horizon_ns,
                               bool carry)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    struct market_set_options options = {
        .lateness_ns = lateness_ns,
        .horizon_ns = horizon_ns,
        .carry = carry,
        .forming = true,
        .candle = write_line,
        .arg = bench,
    };
    set_up(bench, bars, &options);
    return bench;
}

static void bench_free(struct bench *bench)
{
    market_set_release(&bench->set);
    free(bench);
}

/* A record received at that second. */
static void begin(struct bench *bench, double second)
{
    int64_t clock_ns = (int64_t)(second * 1000) * NS_PER_MS;
    market_set_begin(&bench->set,
                     &(struct market_set_record){++bench->seq, EPOCH + clock_ns, clock_ns,
                                                 clock_ns - bench->clock_ns});
    bench->clock_ns = clock_ns;
}

static void end(struct bench *bench)
{
    assert_ok(market_set_end(&bench->set));
}

static void tick(struct bench *bench, double second)
{
    begin(bench, second);
    end(bench);
}

static struct decimal number(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

static struct trade make_trade(const char *symbol, uint64_t id, double second, const char *price,
                               const char *quantity)
{
    struct trade trade = {
        .source_ns = EPOCH + (int64_t)(second * 1000) * NS_PER_MS,
        .has_id = true,
        .id = id,
        .first_id = id,
        .last_id = id,
        .count = 1,
        .price = number(price),
        .quantity = number(quantity),
        .taker = TAKER_BUY,
    };
    snprintf(trade.symbol, sizeof trade.symbol, "%s", symbol);
    return trade;
}

static void give_from(struct bench *bench, const struct venue *venue, uint32_t connection,
                      const struct trade *trade)
{
    const struct market *market;
    struct market_source source = {.venue = venue, .channel = "trade", .received = true};
    if (connection != 0)
        source.connection = market_set_connection(&bench->set, connection);
    if (connection != 0 && source.connection == NULL)
        assert_ok(market_set_open(&bench->set, venue, connection, true, &source.connection));
    assert_ok(
        market_set_trade(&bench->set, &source, trade, &bench->verdict, &bench->finding, &market));
}

static void give(struct bench *bench, const struct venue *venue, const struct trade *trade)
{
    give_from(bench, venue, 1, trade);
}

static void add(struct bench *bench, const char *symbol, uint64_t id, double second,
                const char *price, const char *quantity)
{
    struct trade trade = make_trade(symbol, id, second, price, quantity);
    give(bench, &base_venue, &trade);
}

/* A record with one trade of market X, received at its source time. */
static void trade_at(struct bench *bench, double received, uint64_t id, double second,
                     const char *price)
{
    begin(bench, received);
    add(bench, "X", id, second, price, "1");
    end(bench);
}

/* The updates since the last call. */
static void assert_lines(struct bench *bench, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count && i < bench->line_count; i++)
        assert_string_equal(bench->lines[i], lines[i]);
    assert_int_equal(bench->line_count, count);
    bench->line_count = 0;
}

#define assert_updates(bench, ...)                                                                 \
    assert_lines(bench, (const char *const[]){__VA_ARGS__},                                        \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define assert_no_updates(bench) assert_int_equal((bench)->line_count, 0)

/* ---- closing --------------------------------------------------------------------------------- */

static void a_window_closes_when_a_newer_trade_passes_its_end_and_the_lateness(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 500 * NS_PER_MS, 0, false);
    trade_at(b, 10, 1, 10, "5");
    assert_updates(b, "X 1m 0 forming 0: 5 5 5 5 1 n1");
    trade_at(b, 60, 2, 60.4, "6"); /* watermark 59.9 */
    assert_updates(b, "X 1m 60 forming 0: 6 6 6 6 1 n1");
    trade_at(b, 60, 3, 60.5, "7"); /* watermark 60.0 */
    assert_updates(b, "X 1m 0 closed 0: 5 5 5 5 1 n1", "X 1m 60 forming 0: 6 7 6 7 2 n2");
    bench_free(b);
}

static void silence_closes_a_window_at_the_same_place(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 500 * NS_PER_MS, 0, false);
    trade_at(b, 10, 1, 12, "5"); /* the venue's clock is 2 s ahead */
    assert_int_equal(b->line_count, 1);
    b->line_count = 0;
    tick(b, 58.499);
    assert_no_updates(b);
    tick(b, 58.5);
    assert_updates(b, "X 1m 0 closed 0: 5 5 5 5 1 n1");
    tick(b, 1000);
    assert_no_updates(b);
    bench_free(b);
}

static void a_receive_clock_far_behind_or_ahead_closes_nothing_early(void **state)
{
    (void)state;
    static const double skews[] = {-3600, -1.271, 0, 5, 86000};
    for (size_t i = 0; i < sizeof skews / sizeof skews[0]; i++) {
        struct bench *b = bench_new("1m", 0, 0, false);
        b->clock_ns = 0;
        begin(b, 90000);
        add(b, "X", 1, 90000 + skews[i], "5", "1");
        end(b);
        if (skews[i] > -86400 && b->verdict == MARKET_SET_DONE)
            assert_int_equal(b->finding.verdict, MARKET_COUNTED);
        assert_int_equal(b->last.state, CANDLE_FORMING);
        bench_free(b);
    }
}

static void a_record_that_changes_and_closes_gives_only_the_closed_update(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s", 0, 0, false);
    begin(b, 10);
    add(b, "X", 1, 0.1, "1", "1");
    add(b, "X", 2, 0.9, "2", "1");
    add(b, "X", 3, 3.0, "3", "1");
    add(b, "X", 4, 9.5, "4", "1");
    end(b);
    assert_updates(b, "X 1s 0 closed 0: 1 2 1 2 2 n2", "X 1s 3 closed 0: 3 3 3 3 1 n1",
                   "X 1s 9 forming 0: 4 4 4 4 1 n1");
    bench_free(b);
}

static void a_record_adds_its_trades_before_time_moves(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    trade_at(b, 59, 1, 59, "5");
    /* Received 5 s later without a record in between, but made before the window's end: it is in
     * time. */
    trade_at(b, 64, 2, 59.9, "6");
    assert_updates(b, "X 1m 0 forming 0: 5 5 5 5 1 n1", "X 1m 0 forming 0: 5 6 5 6 2 n2");
    trade_at(b, 64.1, 3, 60, "7");
    assert_updates(b, "X 1m 0 closed 0: 5 6 5 6 2 n2", "X 1m 60 forming 0: 7 7 7 7 1 n1");
    bench_free(b);
}

static void the_watermark_never_goes_back(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 600 * NS_PER_S, false);
    trade_at(b, 50, 1, 50, "5");
    tick(b, 60);
    assert_updates(b, "X 1m 0 forming 0: 5 5 5 5 1 n1", "X 1m 0 closed 0: 5 5 5 5 1 n1");
    /* Newer than the newest, older than the watermark: late all the same. */
    trade_at(b, 61, 2, 55, "6");
    assert_updates(b, "X 1m 0 corrected 1: 5 6 5 6 2 n2");
    assert_true(b->finding.late && !b->finding.out_of_order);
    bench_free(b);
}

/* ---- corrections ----------------------------------------------------------------------------- */

static void late_trades_correct_with_the_next_revision(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 120 * NS_PER_S, false);
    trade_at(b, 30, 2, 30, "5");
    trade_at(b, 61, 3, 61, "6");
    b->line_count = 0;
    trade_at(b, 62, 1, 10, "4");
    assert_updates(b, "X 1m 0 corrected 1: 4 5 4 5 2 n2");
    assert_int_equal(b->last.late, 1);
    assert_int_equal(b->last.out_of_order, 1);
    trade_at(b, 63, 9, 59, "9");
    assert_updates(b, "X 1m 0 corrected 2: 4 9 4 9 3 n3");
    assert_int_equal(b->last.late, 2);
    bench_free(b);
}

static void beyond_the_horizon_a_late_trade_is_lost(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 120 * NS_PER_S, false);
    trade_at(b, 30, 1, 30, "5");
    trade_at(b, 180, 2, 180, "6"); /* watermark - close = 120 s: still inside */
    b->line_count = 0;
    trade_at(b, 180.001, 3, 31, "5");
    assert_updates(b, "X 1m 0 corrected 1: 5 5 5 5 2 n2");
    trade_at(b, 180.002, 4, 32, "5");
    assert_no_updates(b);
    assert_int_equal(b->finding.verdict, MARKET_LOST_LATE);
    assert_true(b->finding.lost && !b->finding.late);
    bench_free(b);
}

static void a_trade_can_be_late_for_one_bar_and_lost_to_another(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s 1m", 0, 30 * NS_PER_S, false);
    trade_at(b, 1, 1, 1, "5");
    trade_at(b, 61, 2, 61, "6");
    b->line_count = 0;
    trade_at(b, 61, 3, 2, "7");
    assert_updates(b, "X 1m 0 corrected 1: 5 7 5 7 2 n2");
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    assert_true(b->finding.lost && b->finding.late);
    bench_free(b);
}

static void a_late_trade_for_a_window_that_closed_empty_makes_revision_1(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 600 * NS_PER_S, false);
    trade_at(b, 30, 1, 30, "5");
    trade_at(b, 150, 2, 150, "6");
    b->line_count = 0;
    trade_at(b, 151, 3, 90, "7");
    assert_updates(b, "X 1m 60 corrected 1: 7 7 7 7 1 n1");
    tick(b, 500); /* silence has closed windows that no trade was in */
    b->line_count = 0;
    trade_at(b, 501, 4, 400, "8");
    assert_updates(b, "X 1m 360 corrected 1: 8 8 8 8 1 n1");
    bench_free(b);
}

/* ---- order and values ------------------------------------------------------------------------ */

static void open_and_close_go_by_time_then_id_then_arrival(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 10);
    add(b, "X", 7, 5, "70", "1");
    add(b, "X", 8, 5, "80", "1");
    add(b, "X", 6, 5, "60", "1");
    end(b);
    assert_updates(b, "X 1m 0 forming 0: 60 80 60 80 3 n3");
    assert_int_equal(b->last.first_trade_id, 6);
    assert_int_equal(b->last.last_trade_id, 8);
    begin(b, 11);
    for (int i = 1; i <= 3; i++) {
        struct trade trade = make_trade("Y", 0, 5, i == 1 ? "1" : i == 2 ? "2" : "3", "1");
        trade.has_id = false;
        give(b, &base_venue, &trade);
    }
    end(b);
    assert_updates(b, "Y 1m 0 forming 0: 1 3 1 3 3 n3");
    bench_free(b);
}

static void sums_are_exact_and_keep_the_digits_of_the_venue(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    add(b, "X", 1, 1, "61800.30", "0.006");
    struct trade sell = make_trade("X", 2, 2, "61800.40", "0.010");
    sell.taker = TAKER_SELL;
    give(b, &base_venue, &sell);
    end(b);
    char text[CANDLE_FIELD_MAX];
    static const struct {
        enum candle_column column;
        const char *text;
    } fields[] = {
        {COLUMN_open, "61800.30"},
        {COLUMN_close, "61800.40"},
        {COLUMN_volume, "0.016"},
        {COLUMN_quote_volume, "988.80580"}, /* 370.80180 + 618.00400 */
        {COLUMN_taker_buy_volume, "0.006"},
        {COLUMN_taker_buy_quote_volume, "370.80180"},
        {COLUMN_vwap, "61800.362500"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_true(candle_field(&b->last, fields[i].column, text));
        assert_string_equal(text, fields[i].text);
    }
    bench_free(b);
}

static void a_candle_without_bought_volume_has_a_zero_with_digits(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    struct trade sell = make_trade("X", 2, 2, "1.50", "0.00001000");
    sell.taker = TAKER_SELL;
    give(b, &base_venue, &sell);
    end(b);
    char text[CANDLE_FIELD_MAX];
    candle_field(&b->last, COLUMN_taker_buy_volume, text);
    assert_string_equal(text, "0.00000000");
    candle_field(&b->last, COLUMN_taker_buy_quote_volume, text);
    assert_string_equal(text, "0.0000000000");
    bench_free(b);
}

static void vwap_has_four_digits_more_than_the_prices_and_ties_go_to_even(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *quantity_b, *vwap;
    } cases[] = {
        {"1", "2", "1", "1.5000"},
        {"1", "2", "2", "1.6667"},
        {"1", "2.0", "1", "1.50000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *b = bench_new("1m", 0, 0, false);
        begin(b, 1);
        add(b, "X", 1, 1, cases[i].a, "1");
        add(b, "X", 2, 1, cases[i].b, cases[i].quantity_b);
        end(b);
        char text[CANDLE_FIELD_MAX];
        candle_field(&b->last, COLUMN_vwap, text);
        assert_string_equal(text, cases[i].vwap);
        bench_free(b);
    }
    /* (1 * 19999 + 2) / 20000 = 1.00005 -> 1.0000; (1 * 19997 + 2 * 3) / 20000 = 1.00015 -> 1.0002
     */
    static const char *const ties[][3] = {{"19999", "1", "1.0000"}, {"19997", "3", "1.0002"}};
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new("1m", 0, 0, false);
        begin(b, 1);
        add(b, "X", 1, 1, "1", ties[i][0]);
        add(b, "X", 2, 1, "2", ties[i][1]);
        end(b);
        char text[CANDLE_FIELD_MAX];
        candle_field(&b->last, COLUMN_vwap, text);
        assert_string_equal(text, ties[i][2]);
        bench_free(b);
    }
}

static void of_equal_prices_the_one_with_most_digits_is_shown_whichever_came_first(void **state)
{
    (void)state;
    static const char *const orders[][2] = {{"5", "5.0"}, {"5.0", "5"}};
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new("1m", 0, 0, false);
        begin(b, 1);
        add(b, "X", 1 + i, 1, orders[i][0], "1");
        add(b, "X", 2 - i, 1, orders[i][1], "1");
        end(b);
        assert_updates(b, "X 1m 0 forming 0: 5 5.0 5.0 5.0 2 n2");
        bench_free(b);
    }
}

static void a_sum_that_does_not_fit_has_no_value_and_the_prices_stay(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s 1m", 0, 600 * NS_PER_S, false);
    char text[CANDLE_FIELD_MAX];
    /* An amount is 9e37, two are 1.8e38, the largest sum is 1.7e38. */
    for (int i = 1; i <= 2; i++) {
        begin(b, i);
        add(b, "X", (uint64_t)i, i, "9000000000000000000000000000", "10000000000");
        end(b);
        assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    }
    assert_int_equal(b->last.bar.size, 60 * NS_PER_S);
    assert_int_equal(b->last.trades, 2);
    assert_int_equal(b->last.flags & CANDLE_OVERFLOW, CANDLE_OVERFLOW);
    assert_int_equal(b->last.score, 0);
    static const enum candle_column none[] = {COLUMN_volume, COLUMN_quote_volume,
                                              COLUMN_taker_buy_volume,
                                              COLUMN_taker_buy_quote_volume, COLUMN_vwap};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(candle_field(&b->last, none[i], text));
    /* For good, whatever comes; the window beside it is untouched. */
    begin(b, 3);
    add(b, "X", 3, 3, "1", "1");
    end(b);
    assert_int_equal(b->last.trades, 3);
    assert_int_equal(b->last.flags & CANDLE_OVERFLOW, CANDLE_OVERFLOW);
    assert_true(candle_field(&b->last, COLUMN_low, text));
    assert_string_equal(text, "1");
    begin(b, 63);
    add(b, "X", 4, 63, "1.5", "2");
    end(b);
    assert_int_equal(b->last.flags & CANDLE_OVERFLOW, 0);
    assert_true(candle_field(&b->last, COLUMN_quote_volume, text));
    assert_string_equal(text, "3.0");
    bench_free(b);
}

static void a_product_or_a_count_that_does_not_fit_does_no_harm(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 3);
    add(b, "X", 3, 3, "9999999999999999999999999999", "9999999999999999999999999999");
    struct trade many = make_trade("Y", 4, 3, "1", "1");
    many.count = UINT64_MAX;
    give(b, &base_venue, &many);
    many.id = 5;
    give(b, &base_venue, &many);
    end(b);
    assert_int_equal(b->line_count, 2);
    assert_string_equal(b->last.symbol, "Y");
    assert_int_equal(b->last.trades, INT64_MAX);
    assert_int_equal(b->last.flags & CANDLE_OVERFLOW, 0);
    assert_int_equal(b->set.outlet.overflows, 0);
    tick(b, 100);
    assert_int_equal(b->set.outlet.overflows, 1); /* the candle of X */
    bench_free(b);
}

static void the_widest_numbers_still_have_an_average(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    add(b, "X", 1, 1, "9999999999999999999999999999", "1");
    add(b, "X", 2, 1, "0.0000000001", "1"); /* 14 digits more are asked for */
    end(b);
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    struct decimal rest;
    assert_ok(decimal_sub(&rest, b->last.vwap, number("4999999999999999999999999999")));
    assert_int_equal(decimal_compare(rest, number("0.5")), 0);
    assert_int_equal(b->last.vwap.scale, 10);
    bench_free(b);
}

static void contracts_have_no_amounts_of_money(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    struct trade trade =
        make_trade("X", 1, 1, "9999999999999999999999999999", "9999999999999999999999999999");
    give(b, &contract_venue, &trade);
    end(b);
    assert_int_equal(b->finding.verdict, MARKET_COUNTED); /* no product, no overflow */
    char text[CANDLE_FIELD_MAX];
    assert_true(candle_field(&b->last, COLUMN_volume, text));
    assert_false(candle_field(&b->last, COLUMN_quote_volume, text));
    assert_false(candle_field(&b->last, COLUMN_taker_buy_quote_volume, text));
    assert_false(candle_field(&b->last, COLUMN_vwap, text));
    bench_free(b);
}

static void inverse_quantities_are_amounts_of_money(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    struct trade trade = make_trade("X", 1, 1, "60000.5", "300");
    give(b, &inverse_venue, &trade);
    trade = make_trade("X", 2, 1, "60001.5", "200");
    trade.taker = TAKER_SELL;
    give(b, &inverse_venue, &trade);
    end(b);
    char text[CANDLE_FIELD_MAX];
    assert_true(candle_field(&b->last, COLUMN_volume_unit, text));
    assert_string_equal(text, "quote");
    assert_true(candle_field(&b->last, COLUMN_quote_volume, text));
    assert_string_equal(text, "500");
    assert_true(candle_field(&b->last, COLUMN_taker_buy_quote_volume, text));
    assert_string_equal(text, "300");
    assert_false(candle_field(&b->last, COLUMN_vwap, text));
    bench_free(b);
}

static void aggregated_rows_count_all_their_trades(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    struct trade row = make_trade("X", 50, 1, "5", "3");
    row.flags = TRADE_AGGREGATED;
    row.first_id = 1001;
    row.last_id = 1003;
    row.count = 3;
    give(b, &base_venue, &row);
    row.id = 51;
    row.first_id = row.last_id = 1004;
    row.count = 1;
    give(b, &base_venue, &row);
    add(b, "X", 1005, 2, "6", "1"); /* a single trade beside it */
    assert_int_equal(b->finding.verdict, MARKET_OTHER_CHANNEL);
    end(b);
    assert_updates(b, "X 1m 0 forming 0: 5 5 5 5 6 n4");
    assert_int_equal(b->last.first_trade_id, 1001);
    assert_int_equal(b->last.last_trade_id, 1004);
    assert_int_equal(b->last.missing, 0);
    bench_free(b);
}

static void what_does_not_count_changes_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    trade_at(b, 1, 10, 1, "5");
    b->line_count = 0;
    begin(b, 2);
    struct trade trade = make_trade("X", 11, 90, "6", "1");
    trade.flags = TRADE_EXCLUDED;
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_EXCLUDED);
    trade = make_trade("X", 5, 90, "6", "1");
    trade.flags = TRADE_SNAPSHOT;
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_SNAPSHOT);
    trade = make_trade("X", 10, 90, "6", "1");
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_DUPLICATE);
    trade = make_trade("X", 12, 90, "6", "0");
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_BAD_SIZE);
    trade = make_trade("X", 13, 90, "-6", "1");
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_BAD_PRICE);
    trade.source_ns /= 1000; /* us: that is early in 1970 */
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_TIME_UNIT);
    end(b);
    assert_no_updates(b); /* not even time: the window would have closed at 90 */
    bench_free(b);
}

/* ---- quality --------------------------------------------------------------------------------- */

static void a_repaired_hole_mends_the_candle_of_the_trade_that_showed_it(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 600 * NS_PER_S, false);
    trade_at(b, 50, 1, 50, "5");
    trade_at(b, 70, 4, 70, "6"); /* 2 and 3 are missing */
    assert_int_equal(b->last.missing, 2);
    trade_at(b, 130, 5, 130, "7");
    b->line_count = 0;
    trade_at(b, 131, 2, 59, "8"); /* the hole reached into the window before */
    assert_updates(b, "X 1m 0 corrected 1: 5 8 5 8 2 n2", "X 1m 60 corrected 1: 6 6 6 6 1 n1");
    assert_int_equal(b->last.missing, 1);
    trade_at(b, 132, 3, 61, "9");
    assert_updates(b, "X 1m 60 corrected 2: 9 9 6 6 2 n2");
    assert_int_equal(b->last.missing, 0);
    bench_free(b);
}

static void duplicates_come_out_with_the_next_update(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    trade_at(b, 1, 1, 1, "5");
    b->line_count = 0;
    trade_at(b, 2, 1, 1, "5");
    assert_no_updates(b);
    tick(b, 60);
    assert_updates(b, "X 1m 0 closed 0: 5 5 5 5 1 n1");
    assert_int_equal(b->last.duplicates, 1);
    bench_free(b);
}

static void the_first_window_of_each_bar_is_partial(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s 1m", 0, 0, false);
    trade_at(b, 1, 1, 1, "5"); /* and so does its connection: the minute lacks a second */
    assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_DISCONNECTED);
    trade_at(b, 2, 2, 2, "5");
    assert_updates(b, "X 1s 1 forming 0: 5 5 5 5 1 n1", "X 1m 0 forming 0: 5 5 5 5 1 n1",
                   "X 1s 1 closed 0: 5 5 5 5 1 n1", "X 1s 2 forming 0: 5 5 5 5 1 n1",
                   "X 1m 0 forming 0: 5 5 5 5 2 n2");
    assert_int_equal(b->last.flags, CANDLE_PARTIAL | CANDLE_DISCONNECTED);
    trade_at(b, 60, 3, 60, "5");
    assert_int_equal(b->last.flags, 0);
    bench_free(b);
}

/* ---- empty windows --------------------------------------------------------------------------- */

static void empty_windows_carry_the_last_close_in_silence_too(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 600 * NS_PER_S, true);
    trade_at(b, 30, 1, 30, "5.10");
    b->line_count = 0;
    trade_at(b, 200, 2, 200, "6");
    assert_updates(b, "X 1m 0 closed 0: 5.10 5.10 5.10 5.10 1 n1",
                   "X 1m 60 closed 0: 5.10 5.10 5.10 5.10 0 n0",
                   "X 1m 120 closed 0: 5.10 5.10 5.10 5.10 0 n0",
                   "X 1m 180 forming 0: 6 6 6 6 1 n1");
    tick(b, 299.999);
    assert_updates(b, "X 1m 180 closed 0: 6 6 6 6 1 n1");
    tick(b, 300);
    assert_updates(b, "X 1m 240 closed 0: 6 6 6 6 0 n0");
    assert_int_equal(b->last.flags & ~(uint32_t)CANDLE_CLOCK, CANDLE_CARRIED);
    char text[CANDLE_FIELD_MAX];
    assert_false(candle_field(&b->last, COLUMN_vwap, text));
    assert_false(candle_field(&b->last, COLUMN_first_trade_id, text));
    assert_false(candle_field(&b->last, COLUMN_last_trade_time, text));
    assert_false(candle_field(&b->last, COLUMN_first_seq, text));
    bench_free(b);
}

static void a_correction_moves_the_carried_candles_behind_it(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 600 * NS_PER_S, true);
    trade_at(b, 30, 1, 30, "5");
    trade_at(b, 250, 2, 250, "6");
    b->line_count = 0;
    trade_at(b, 251, 3, 40, "7");
    assert_updates(b, "X 1m 0 corrected 1: 5 7 5 7 2 n2", "X 1m 60 corrected 1: 7 7 7 7 0 n0",
                   "X 1m 120 corrected 1: 7 7 7 7 0 n0", "X 1m 180 corrected 1: 7 7 7 7 0 n0");
    trade_at(b, 252, 4, 130, "8"); /* into a carried one */
    assert_updates(b, "X 1m 120 corrected 2: 8 8 8 8 1 n1", "X 1m 180 corrected 2: 8 8 8 8 0 n0");
    trade_at(b, 253, 5, 35, "4"); /* does not change the close */
    assert_updates(b, "X 1m 0 corrected 2: 5 7 4 7 3 n3");
    bench_free(b);
}

static void a_late_trade_before_the_first_window_is_carried_up_to_it(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 600 * NS_PER_S, true);
    trade_at(b, 250, 9, 250, "6");
    b->line_count = 0;
    trade_at(b, 251, 2, 70, "7");
    assert_updates(b, "X 1m 60 corrected 1: 7 7 7 7 1 n1", "X 1m 120 corrected 1: 7 7 7 7 0 n0",
                   "X 1m 180 corrected 1: 7 7 7 7 0 n0");
    bench_free(b);
}

/* ---- many markets and bars ------------------------------------------------------------------- */

static void updates_go_by_market_bar_and_window(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s 1m", 0, 600 * NS_PER_S, false);
    begin(b, 1);
    add(b, "B", 1, 1, "1", "1");
    add(b, "A", 1, 1, "2", "1");
    end(b);
    b->line_count = 0;
    begin(b, 3);
    add(b, "A", 2, 3, "3", "1");
    add(b, "B", 2, 3, "4", "1");
    end(b);
    assert_updates(b, "B 1s 1 closed 0: 1 1 1 1 1 n1", "B 1s 3 forming 0: 4 4 4 4 1 n1",
                   "B 1m 0 forming 0: 1 4 1 4 2 n2", "A 1s 1 closed 0: 2 2 2 2 1 n1",
                   "A 1s 3 forming 0: 3 3 3 3 1 n1", "A 1m 0 forming 0: 2 3 2 3 2 n2");
    tick(b, 100); /* silence closes both in one record */
    assert_updates(b, "B 1s 3 closed 0: 4 4 4 4 1 n1", "B 1m 0 closed 0: 1 4 1 4 2 n2",
                   "A 1s 3 closed 0: 3 3 3 3 1 n1", "A 1m 0 closed 0: 2 3 2 3 2 n2");
    bench_free(b);
}

static void symbols_that_could_break_a_row_are_refused(void **state)
{
    (void)state;
    static const char *const symbols[] = {"",      "A,B",  "A\"B", "A\nB",     "A B",
                                          "\xc3(", "A\\B", "A'B",  "A\xc2\x9b"};
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        add(b, symbols[i], 1, 1, "1", "1");
        assert_int_equal(b->verdict, MARKET_SET_BAD_SYMBOL);
    }
    add(b, "XBT/USD", 1, 1, "1", "1");
    assert_int_equal(b->verdict, MARKET_SET_DONE);
    add(b, "币安人生USDT", 1, 1, "1", "1");
    assert_int_equal(b->verdict, MARKET_SET_DONE);
    end(b);
    assert_int_equal(b->line_count, 2);
    bench_free(b);
}

static void markets_beyond_the_maximum_are_refused_and_the_others_go_on(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    char symbol[16];
    for (int i = 0; i < MARKET_SET_MAX; i++) {
        snprintf(symbol, sizeof symbol, "S%d", i);
        add(b, symbol, 1, 1, "1", "1");
        assert_int_equal(b->verdict, MARKET_SET_DONE);
    }
    add(b, "ONEMORE", 1, 1, "1", "1");
    assert_int_equal(b->verdict, MARKET_SET_FULL);
    add(b, "S17", 2, 2, "1", "1");
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    end(b);
    assert_int_equal(b->update_count, MARKET_SET_MAX);
    tick(b, 61); /* the heap finds them all */
    assert_int_equal(b->update_count, 2 * MARKET_SET_MAX);
    bench_free(b);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void absurd_source_times_are_refused(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s 1w", 0, 0, true);
    trade_at(b, 1, 1, 1, "5");
    b->line_count = 0;
    begin(b, 2);
    struct trade trade = make_trade("X", 2, 0, "6", "1");
    static const int64_t absurd[] = {0, -1, INT64_MIN, INT64_MAX,
                                     EPOCH + 2 * NS_PER_S + NS_PER_DAY + 1};
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        trade.source_ns = absurd[i];
        give(b, &base_venue, &trade);
        assert_int_equal(b->finding.verdict, MARKET_ABSURD_TIME);
    }
    end(b);
    assert_updates(b, "X 1s 1 closed 0: 5 5 5 5 1 n1"); /* time moved by the clock alone */
    trade_at(b, 3, 2, 3, "6");
    assert_int_equal(b->finding.verdict, MARKET_COUNTED); /* not a duplicate of the refused one */
    bench_free(b);
}

static void replayed_years_later_old_source_times_are_fine(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    begin(b, 1);
    struct trade trade = make_trade("X", 1, 0, "6", "1");
    trade.source_ns = 17; /* 1970 */
    give(b, &base_venue, &trade);
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    end(b);
    bench_free(b);
}

static void a_jump_in_time_carries_a_bounded_number_of_windows(void **state)
{
    (void)state;
    struct bench *b = bench_new("1s", 0, 600 * NS_PER_S, true);
    trade_at(b, 0, 1, 0, "5");
    tick(b, 1 + 30.0 * 24 * 3600);
    size_t empty = (size_t)30 * 24 * 3600;
    assert_int_equal(b->update_count, 2 + SERIES_CARRIED_MAX);
    assert_int_equal(b->set.outlet.skipped, empty - SERIES_CARRIED_MAX);
    assert_int_equal(b->last.close_ns, EPOCH + (int64_t)(empty + 1) * NS_PER_S);
    b->update_count = 0;
    tick(b, 3 + 30.0 * 24 * 3600);
    assert_int_equal(b->update_count, 2);       /* and goes on */
    for (uint64_t seq = 99; seq < 101; seq++) { /* a clock that jumps to the end of time */
        market_set_begin(&b->set, &(struct market_set_record){seq, EPOCH, 0, INT64_MAX});
        end(b);
    }
    bench_free(b);
}

static void fill_more_windows_than_are_kept(bool forming)
{
    struct bench *b = bench_new("1s", BAR_SIZE_MAX, INT64_C(365) * NS_PER_DAY, false);
    size_t more = 10, given = SERIES_WINDOWS_MAX + more;
    b->set.outlet.forming = forming;
    begin(b, 0);
    for (size_t i = 0; i < given; i++)
        add(b, "X", 1 + i, (double)i, "5", "1");
    end(b);
    /* The lateness of a week closes none of them, the maximum does. */
    assert_string_equal(b->lines[0], "X 1s 0 closed 0: 5 5 5 5 1 n1");
    assert_true(forming ? b->update_count == given : b->update_count >= more);
    assert_int_equal(b->last.state, forming ? CANDLE_FORMING : CANDLE_CLOSED);
    const struct series *series = &b->set.markets[0]->series[0];
    assert_true(series->closed.count + series->forming.count <= SERIES_WINDOWS_MAX);
    begin(b, 1);
    add(b, "X", 100000, 0.5, "6", "1"); /* given up: nothing is known of it any more */
    assert_int_equal(b->finding.verdict, MARKET_LOST_LATE);
    add(b, "X", 100001, 40000.5, "6", "1");
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    end(b);
    bench_free(b);
}

static void windows_beyond_the_maximum_close_oldest_first(void **state)
{
    (void)state;
    fill_more_windows_than_are_kept(true);
    fill_more_windows_than_are_kept(false);
}

static void windows_inside_the_horizon_only_are_kept(void **state)
{
    (void)state;
    for (int carry = 0; carry < 2; carry++) {
        struct bench *b = bench_new("1s", 0, 20 * NS_PER_S, carry);
        for (int i = 1; i < 5000; i++)
            trade_at(b, i, (uint64_t)i, i, "5");
        const struct series *series = &b->set.markets[0]->series[0];
        assert_true(series->closed.count + series->forming.count <= 23);
        assert_true(series->closed.capacity <= 128);
        tick(b, 10000); /* and none of a market that is silent, but the close to carry */
        assert_true(series->closed.count <= (carry ? 22 : 0));
        bench_free(b);
    }
}

/* ---- what ids are good for ------------------------------------------------------------------- */

static void what_came_by_http_is_marked(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    trade_at(b, 1, 1, 1, "5");
    begin(b, 2);
    struct trade trade = make_trade("X", 2, 2, "5", "1");
    trade.flags = TRADE_BACKFILL;
    trade.count = 3;
    give(b, &base_venue, &trade);
    give(b, &base_venue, &trade);
    end(b);
    assert_int_equal(b->last.trades, 4);
    assert_int_equal(b->last.backfilled, 3);
    bench_free(b);
}

static void a_row_of_folded_ids_fills_all_of_them(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    trade_at(b, 1, 100, 1, "5");
    trade_at(b, 2, 105, 2, "5");
    assert_int_equal(b->finding.missing, 4);
    begin(b, 3);
    struct trade row = make_trade("X", 103, 1.5, "5", "2");
    row.folded = 2;
    give(b, &base_venue, &row);
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    assert_int_equal(b->finding.filled, 3);
    row.id = 104;
    give(b, &base_venue, &row); /* 102 to 104: a part is known */
    assert_int_equal(b->finding.verdict, MARKET_DUPLICATE);
    end(b);
    assert_int_equal(b->last.missing, 1);
    assert_int_equal(b->last.duplicates, 1);
    bench_free(b);
}

static void second_reports_count_only_when_the_first_is_missing(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    trade_at(b, 1, 1, 1, "5");
    begin(b, 2);
    struct trade again = make_trade("X", 1, 1, "5", "1");
    again.flags = TRADE_REPEAT;
    give(b, &base_venue, &again);
    assert_int_equal(b->finding.verdict, MARKET_REPEATED);
    again.id = 2;
    give(b, &base_venue, &again);
    assert_int_equal(b->finding.verdict, MARKET_COUNTED);
    end(b);
    assert_int_equal(b->last.trades, 2);
    assert_int_equal(b->last.duplicates, 0);
    bench_free(b);
}

static enum market_verdict verdict_of(struct bench *b, const struct venue *venue,
                                      uint32_t connection, const struct trade *trade)
{
    begin(b, (double)(b->clock_ns / NS_PER_MS) / 1000 + 0.001);
    give_from(b, venue, connection, trade);
    end(b);
    assert_int_equal(b->verdict, MARKET_SET_DONE);
    return b->finding.verdict;
}

static void ids_without_order_show_duplicates(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    static const uint64_t ids[] = {UINT64_C(0xfedcba9876543210), 17, UINT64_MAX, 0, 18};
    for (size_t i = 0; i < 5; i++) {
        struct trade trade = make_trade("X", ids[i], 1, "5", "1");
        assert_int_equal(verdict_of(b, &opaque_venue, 1, &trade), MARKET_COUNTED);
        assert_int_equal(b->finding.missing, 0);
        assert_int_equal(verdict_of(b, &opaque_venue, 2, &trade), MARKET_DUPLICATE);
    }
    bench_free(b);
}

/* At one time the first to come opens and the last closes, whatever their hashes. */
static void ids_without_order_leave_it_to_arrival(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    static const uint64_t ids[] = {500, 900, 20, 300};
    static const char *const prices[] = {"5.0", "6.0", "4.0", "5.5"};
    for (size_t i = 0; i < 4; i++) {
        struct trade trade = make_trade("X", ids[i], 1, prices[i], "1");
        trade.flags = TRADE_OPAQUE;
        assert_int_equal(verdict_of(b, &opaque_venue, 1, &trade), MARKET_COUNTED);
        assert_false(b->finding.out_of_order);
    }
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, b->last.open);
    assert_string_equal(text, "5.0");
    decimal_format(text, b->last.close);
    assert_string_equal(text, "5.5");
    bench_free(b);
}

static void ids_with_holes_show_duplicates_and_no_gaps(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    static const uint64_t ids[] = {10, 20, 15, 900};
    for (size_t i = 0; i < 4; i++) {
        struct trade trade = make_trade("X", ids[i], 1, "5", "1");
        assert_int_equal(verdict_of(b, &ascending_venue, 1, &trade), MARKET_COUNTED);
        assert_int_equal(b->finding.missing, 0);
        assert_int_equal(verdict_of(b, &ascending_venue, 2, &trade), MARKET_DUPLICATE);
    }
    bench_free(b);
}

static void without_ids_connections_merge_row_by_row(void **state)
{
    (void)state;
    struct bench *b = bench_new("1m", 0, 0, false);
    struct trade row = make_trade("X", 0, 1, "5", "1");
    row.has_id = false;
    assert_int_equal(verdict_of(b, &numberless_venue, 1, &row), MARKET_COUNTED);
    assert_int_equal(verdict_of(b, &numberless_venue, 1, &row), MARKET_COUNTED);
    assert_int_equal(verdict_of(b, &numberless_venue, 2, &row), MARKET_DUPLICATE);
    /* An answer of its own. */
    row.flags = TRADE_BACKFILL;
    assert_int_equal(verdict_of(b, &numberless_venue, 0, &row), MARKET_DUPLICATE);
    assert_int_equal(verdict_of(b, &numberless_venue, 0, &row), MARKET_DUPLICATE);
    assert_int_equal(verdict_of(b, &numberless_venue, 0, &row), MARKET_DUPLICATE);
    row.source_ns += NS_PER_MS;
    assert_int_equal(verdict_of(b, &numberless_venue, 0, &row), MARKET_COUNTED);
    bench_free(b);
}

static void without_order_of_ids_snapshots_repair_by_time(void **state)
{
    (void)state;
    const struct venue *const venues[] = {&opaque_venue, &numberless_venue};
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = bench_new("1m", 0, 0, false);
        struct trade before = make_trade("X", 700, 0.5, "5", "1");
        struct trade live = make_trade("X", 900, 1, "5", "2");
        struct trade lost = make_trade("X", 800, 1.5, "5", "3");
        before.flags = lost.flags = TRADE_SNAPSHOT;
        assert_int_equal(verdict_of(b, venues[i], 1, &before), MARKET_SNAPSHOT);
        assert_int_equal(verdict_of(b, venues[i], 1, &live), MARKET_COUNTED);
        assert_int_equal(verdict_of(b, venues[i], 2, &before), MARKET_SNAPSHOT);
        assert_int_equal(verdict_of(b, venues[i], 2, &lost), MARKET_COUNTED);
        assert_int_equal(verdict_of(b, venues[i], 3, &lost), MARKET_SNAPSHOT);
        bench_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_closes_when_a_newer_trade_passes_its_end_and_the_lateness),
        cmocka_unit_test(silence_closes_a_window_at_the_same_place),
        cmocka_unit_test(a_receive_clock_far_behind_or_ahead_closes_nothing_early),
        cmocka_unit_test(a_record_that_changes_and_closes_gives_only_the_closed_update),
        cmocka_unit_test(a_record_adds_its_trades_before_time_moves),
        cmocka_unit_test(the_watermark_never_goes_back),
        cmocka_unit_test(late_trades_correct_with_the_next_revision),
        cmocka_unit_test(beyond_the_horizon_a_late_trade_is_lost),
        cmocka_unit_test(a_trade_can_be_late_for_one_bar_and_lost_to_another),
        cmocka_unit_test(a_late_trade_for_a_window_that_closed_empty_makes_revision_1),
        cmocka_unit_test(open_and_close_go_by_time_then_id_then_arrival),
        cmocka_unit_test(sums_are_exact_and_keep_the_digits_of_the_venue),
        cmocka_unit_test(a_candle_without_bought_volume_has_a_zero_with_digits),
        cmocka_unit_test(vwap_has_four_digits_more_than_the_prices_and_ties_go_to_even),
        cmocka_unit_test(of_equal_prices_the_one_with_most_digits_is_shown_whichever_came_first),
        cmocka_unit_test(a_sum_that_does_not_fit_has_no_value_and_the_prices_stay),
        cmocka_unit_test(a_product_or_a_count_that_does_not_fit_does_no_harm),
        cmocka_unit_test(the_widest_numbers_still_have_an_average),
        cmocka_unit_test(contracts_have_no_amounts_of_money),
        cmocka_unit_test(inverse_quantities_are_amounts_of_money),
        cmocka_unit_test(what_came_by_http_is_marked),
        cmocka_unit_test(a_row_of_folded_ids_fills_all_of_them),
        cmocka_unit_test(second_reports_count_only_when_the_first_is_missing),
        cmocka_unit_test(ids_without_order_show_duplicates),
        cmocka_unit_test(ids_without_order_leave_it_to_arrival),
        cmocka_unit_test(ids_with_holes_show_duplicates_and_no_gaps),
        cmocka_unit_test(without_ids_connections_merge_row_by_row),
        cmocka_unit_test(without_order_of_ids_snapshots_repair_by_time),
        cmocka_unit_test(aggregated_rows_count_all_their_trades),
        cmocka_unit_test(what_does_not_count_changes_nothing),
        cmocka_unit_test(a_repaired_hole_mends_the_candle_of_the_trade_that_showed_it),
        cmocka_unit_test(duplicates_come_out_with_the_next_update),
        cmocka_unit_test(the_first_window_of_each_bar_is_partial),
        cmocka_unit_test(empty_windows_carry_the_last_close_in_silence_too),
        cmocka_unit_test(a_correction_moves_the_carried_candles_behind_it),
        cmocka_unit_test(a_late_trade_before_the_first_window_is_carried_up_to_it),
        cmocka_unit_test(updates_go_by_market_bar_and_window),
        cmocka_unit_test(symbols_that_could_break_a_row_are_refused),
        cmocka_unit_test(markets_beyond_the_maximum_are_refused_and_the_others_go_on),
        cmocka_unit_test(absurd_source_times_are_refused),
        cmocka_unit_test(replayed_years_later_old_source_times_are_fine),
        cmocka_unit_test(a_jump_in_time_carries_a_bounded_number_of_windows),
        cmocka_unit_test(windows_beyond_the_maximum_close_oldest_first),
        cmocka_unit_test(windows_inside_the_horizon_only_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
