/* Windows of composites: when they close, corrections, order and bounds, each by example. Times are
 * seconds after SAMPLE_OPEN_NS, a whole minute; lateness is 0. */
#include "engine/tape/record.h"
#include "tests/unit/composite_sample.h"

#define MARKETS_MAX 40
#define LINES_MAX   32

/* A set with a line of text per update. */
struct bench {
    struct composite_set *set;
    struct sample_clock clock;
    size_t market_count;
    struct sample_market markets[MARKETS_MAX];
    struct composite_member *members[MARKETS_MAX];
    char symbols[MARKETS_MAX][2];
    bool silent; /* forming candles are not wanted */
    size_t line_count;
    char lines[LINES_MAX][128];
    char row[CANDLE_ROW_MAX]; /* of the last update */
};

static int64_t at(int64_t seconds)
{
    return SAMPLE_OPEN_NS + seconds * NS_PER_S;
}

/* "BTC-USDT 1m +60 forming 0 100.5000 ab": instrument, bar, open time, state, revision, close, who
 * is used. */
static void describe(char *to, size_t size, const struct candle *candle)
{
    char bar[BAR_TEXT_MAX], close[DECIMAL_TEXT_MAX], used[CONTRIBUTIONS_MAX + 1] = "";
    size_t count = 0;
    bar_format(bar, candle->bar);
    decimal_format(close, candle->close);
    for (size_t i = 0; i < candle->contribution_count; i++) {
        if (candle->contributions[i].state == CONTRIBUTION_USED)
            used[count++] = candle->contributions[i].symbol[0];
    }
    snprintf(to, size, "%.16s %s +%d %s %u %.24s %.8s", candle->instrument, bar,
             (int)((candle->open_ns - SAMPLE_OPEN_NS) / NS_PER_S), candle_state_name(candle->state),
             candle->revision, close, used);
}

static void note(const struct candle *candle, void *arg)
{
    struct bench *bench = arg;
    assert_int_equal(candle->update, 0);
    candle_digest_row(candle, bench->row);
    if (bench->line_count < LINES_MAX)
        describe(bench->lines[bench->line_count++], sizeof bench->lines[0], candle);
}

static void give(struct candle *candle, void *arg)
{
    const struct bench *bench = arg;
    assert_true(!bench->silent || candle->state != CANDLE_FORMING);
    note(candle, arg);
}

static int64_t watermark(const void *market, void *arg)
{
    return sample_watermark(market, &((struct bench *)arg)->clock);
}

static int64_t reaches(const void *market, int64_t watermark_ns, void *arg)
{
    return sample_reaches(market, watermark_ns, &((struct bench *)arg)->clock);
}

/* A set of all instruments, by mean, with the bars 1m and 5m. */
static struct bench *bench_with_horizon(int64_t horizon_ns)
{
    static const struct bar bars[] = {{.kind = BAR_TIME, .size = NS_PER_MIN},
                                      {.kind = BAR_TIME, .size = 5 * NS_PER_MIN}};
    struct bench *bench = calloc(1, sizeof *bench);
    struct composite_config config;
    assert_non_null(bench);
    bench->clock.clock_ns = at(0);
    composite_config_default(&config);
    config.rules[0] = (struct composite_rule){"*", COMPOSITE_MEAN};
    config.rule_count = 1;
    assert_ok(composite_set_new(&bench->set, &config, bars, 2, horizon_ns));
    return bench;
}

static struct bench *bench_new(void)
{
    return bench_with_horizon(600 * NS_PER_S);
}

static void bench_free(struct bench *bench)
{
    composite_set_free(bench->set);
    free(bench);
}

/* The next market: 'a', 'b', ... */
static size_t join(struct bench *bench, const char *instrument)
{
    size_t i = bench->market_count++;
    bench->symbols[i][0] = (char)('a' + i);
    struct composite_market market = {"venue", bench->symbols[i], instrument,
                                      "",      VOLUME_BASE,       &bench->markets[i]};
    assert_ok(composite_set_join(bench->set, &market, &bench->members[i]));
    return i;
}

/* A trade moves the market's watermark. */
static void trade(struct bench *bench, size_t market, int64_t source_ns)
{
    sample_trade(&bench->markets[market], &bench->clock, source_ns);
    composite_set_moved(bench->set, bench->members[market]);
}

static void take_candle(struct bench *bench, size_t market, const struct candle *candle)
{
    assert_ok(composite_set_take(bench->set, bench->members[market], candle));
}

/* The market's candle of a minute. */
static void take(struct bench *bench, size_t market, int64_t open_ns, const char *price,
                 enum candle_state state)
{
    struct candle candle = member_candle(price, "1");
    candle.open_ns = open_ns;
    candle.close_ns = open_ns + NS_PER_MIN;
    candle.state = state;
    candle.revision = state == CANDLE_CORRECTED;
    take_candle(bench, market, &candle);
}

/* A trade and the forming candle that it makes. */
static void trade_take(struct bench *bench, size_t market, int64_t source_ns, const char *price)
{
    trade(bench, market, source_ns);
    take(bench, market, bar_open(SAMPLE_BAR, source_ns), price, CANDLE_FORMING);
}

/* The record is done. */
static void finish(struct bench *bench)
{
    struct composite_clock clock = {.clock_ns = bench->clock.clock_ns,
                                    .watermark = watermark,
                                    .reaches = reaches,
                                    .forming = !bench->silent,
                                    .give = give,
                                    .arg = bench};
    bench->line_count = 0;
    assert_ok(composite_set_end(bench->set, &clock));
}

/* And its updates have these lines. */
static void end_with(struct bench *bench, size_t count, const char *const *lines)
{
    finish(bench);
    for (size_t i = 0; i < count && i < bench->line_count; i++)
        assert_string_equal(bench->lines[i], lines[i]);
    assert_int_equal(bench->line_count, count);
}
#define end(bench, ...)                                                                            \
    end_with(bench, sizeof((const char *[]){"", __VA_ARGS__}) / sizeof(char *) - 1,                \
             (const char *[]){"", __VA_ARGS__} + 1)
#define end_silent(bench) end_with(bench, 0, NULL)

static void move_to(struct bench *bench, int64_t clock_ns)
{
    bench->clock.clock_ns = clock_ns;
}

/* ---- closing --------------------------------------------------------------------------------- */

static void closes_when_all_members_have(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    move_to(bench, at(10));
    trade_take(bench, a, at(10), "100");
    trade_take(bench, b, at(5), "101");
    end(bench, "BTC-USDT 1m +0 forming 0 100.5000 ab");
    assert_true(composite_set_deadline(bench->set) == at(65)); /* b is 5 s behind */

    move_to(bench, at(62));
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    trade_take(bench, a, at(62), "102");
    end(bench, "BTC-USDT 1m +0 forming 0 100.5000 ab", "BTC-USDT 1m +60 forming 0 102.0000 a");

    move_to(bench, at(65) - 1);
    end_silent(bench);
    move_to(bench, at(65));
    take(bench, b, at(0), "101", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 closed 0 100.5000 ab");
    assert_true(composite_set_deadline(bench->set) == at(125));
    bench_free(bench);
}

/* A record that changes a window and closes it gives the closed update only. */
static void changed_and_closed_is_one_update(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT");
    trade(bench, a, at(130));
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    take(bench, a, at(60), "101", CANDLE_CLOSED);
    take(bench, a, at(120), "102", CANDLE_FORMING);
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 a", "BTC-USDT 1m +60 closed 0 101.0000 a",
        "BTC-USDT 1m +120 forming 0 102.0000 a");
    bench_free(bench);
}

/* b has the newest trade of 50 s, received at 0 s: at 5 s its watermark is 55 s. The trade that
 * comes then is of 52 s: the watermark stays at 55 s for 3 s, and reaches 60 s at 5 + 8 = 13 s. */
static void a_watermark_that_stands_still_is_waited_for(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    move_to(bench, at(0));
    trade_take(bench, a, at(55), "100");
    trade_take(bench, b, at(50), "100");
    end(bench, "BTC-USDT 1m +0 forming 0 100.0000 ab");
    assert_true(composite_set_deadline(bench->set) == at(10));
    move_to(bench, at(5));
    trade_take(bench, b, at(52), "100");
    end(bench, "BTC-USDT 1m +0 forming 0 100.0000 ab");
    assert_true(composite_set_deadline(bench->set) == at(13));
    move_to(bench, at(12));
    end_silent(bench);
    move_to(bench, at(13));
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 ab");
    bench_free(bench);
}

static void a_market_without_a_counted_trade_holds_up_nothing(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 a");
    /* Its first trade: from now on it does. */
    trade_take(bench, b, at(61), "104");
    end(bench, "BTC-USDT 1m +60 forming 0 104.0000 b");
    move_to(bench, at(59)); /* watermarks 119, 120 */
    end_silent(bench);
    move_to(bench, at(60));
    end(bench, "BTC-USDT 1m +60 closed 0 104.0000 b");
    bench_free(bench);
}

/* A carried candle takes no part, and does not hold up closing. */
static void carried_candles_take_no_part(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    trade(bench, b, at(60));
    struct candle carried = member_candle("500", "1");
    carried.trades = 0;
    carried.flags = CANDLE_CARRIED;
    take_candle(bench, a, &carried);
    end_silent(bench);
    take(bench, b, at(0), "100", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +0 corrected 1 100.0000 b");
    take_candle(bench, a, &carried);
    end_silent(bench);
    bench_free(bench);
}

static void candles_of_other_bars_are_ignored(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT");
    struct candle candle = member_candle("100", "1");
    candle.bar = (struct bar){.kind = BAR_TICK, .size = 100};
    trade(bench, a, at(0));
    take_candle(bench, a, &candle);
    candle.bar = (struct bar){.kind = BAR_TIME, .size = 2 * NS_PER_MIN};
    take_candle(bench, a, &candle);
    end_silent(bench);
    bench_free(bench);
}

/* ---- corrections ----------------------------------------------------------------------------- */

static void changes_after_closing_are_corrections(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    trade(bench, b, at(60));
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    take(bench, b, at(0), "101", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 closed 0 100.5000 ab");
    take(bench, a, at(0), "100.5", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +0 corrected 1 100.75000 ab");
    take(bench, b, at(0), "100.5", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +0 corrected 2 100.50000 ab");
    bench_free(bench);
}

/* a has corrected its candle, but b could still trade in the window. */
static void a_members_correction_before_closing_is_none(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    trade_take(bench, b, at(59), "101");
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 forming 0 100.5000 ab");
    take(bench, a, at(0), "100.5", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +0 forming 0 100.75000 ab");
    move_to(bench, at(1));
    end(bench, "BTC-USDT 1m +0 closed 0 100.75000 ab");
    bench_free(bench);
}

/* Nobody had a candle of the window when it closed: revision 1, as for a market. In the record with
 * which it closes it would be revision 0. */
static void a_late_first_candle_is_revision_1(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    trade(bench, b, at(59));
    end_silent(bench);
    move_to(bench, at(1));
    take(bench, a, at(0), "100", CANDLE_CORRECTED); /* b gets to 60 s with this record */
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 a");
    move_to(bench, at(61));
    end_silent(bench);
    move_to(bench, at(62));
    take(bench, a, at(60), "100", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +60 corrected 1 100.0000 a");
    bench_free(bench);
}

/* c joins two minutes behind. What has closed stays closed: c's candle of it corrects when c closes
 * it. What has not waits for c. */
static void a_member_that_joins_behind_corrects(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT");
    trade(bench, a, at(130));
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    take(bench, a, at(120), "100", CANDLE_FORMING);
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 a", "BTC-USDT 1m +120 forming 0 100.0000 a");
    size_t b = join(bench, "BTC-USDT");
    trade_take(bench, b, at(10), "101");
    end_silent(bench); /* forming, in a window that has closed */
    assert_true(composite_set_deadline(bench->set) == at(170)); /* b is at 180 s then */
    move_to(bench, at(50));
    take(bench, b, at(0), "101", CANDLE_CLOSED);
    trade_take(bench, b, at(60), "102");
    take(bench, a, at(120), "100", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 corrected 1 100.5000 ab", "BTC-USDT 1m +120 forming 0 100.0000 a");
    move_to(bench, at(110));
    take(bench, b, at(60), "102", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +60 corrected 1 102.0000 b");
    move_to(bench, at(170));
    end(bench, "BTC-USDT 1m +120 closed 0 100.0000 a");
    bench_free(bench);
}

/* a was at 110 s with the record before: that no candle was there to close does not open the window
 * again. */
static void what_time_has_closed_stays_closed(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT");
    trade(bench, a, at(10));
    end_silent(bench);
    move_to(bench, at(100));
    end_silent(bench);
    size_t b = join(bench, "BTC-USDT");
    trade_take(bench, b, at(20), "100");
    end_silent(bench);
    move_to(bench, at(140));
    take(bench, b, at(0), "100", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 corrected 1 100.0000 b");
    bench_free(bench);
}

/* The horizon is 600 s from the window's end, 60 s, seen from the lowest watermark. */
static void nothing_is_corrected_beyond_the_horizon(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    trade(bench, b, at(1000));
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 a");
    move_to(bench, at(600));
    end_silent(bench);
    take(bench, a, at(0), "101", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +0 corrected 1 101.0000 a");
    move_to(bench, at(600) + 1);
    end_silent(bench);
    take(bench, a, at(0), "102", CANDLE_CORRECTED);
    take(bench, a, at(60), "103", CANDLE_CORRECTED);
    end(bench, "BTC-USDT 1m +60 corrected 1 103.0000 a");
    bench_free(bench);
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Composites in the order in which they were first seen, bars in theirs, windows by open time,
 * whatever order they came in. */
static void updates_have_one_order(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t eth = join(bench, "ETH-USDT"), btc = join(bench, "BTC-USDT");
    struct candle longer = member_candle("200", "1");
    longer.bar.size = 5 * NS_PER_MIN;
    longer.close_ns = longer.open_ns + longer.bar.size;
    longer.state = CANDLE_FORMING;
    trade(bench, btc, at(70));
    trade(bench, eth, at(70));
    take_candle(bench, btc, &longer);
    take(bench, btc, at(60), "101", CANDLE_FORMING);
    take(bench, btc, at(0), "100", CANDLE_CLOSED);
    take_candle(bench, eth, &longer);
    take(bench, eth, at(60), "11", CANDLE_FORMING);
    end(bench, "ETH-USDT 1m +60 forming 0 11.0000 a", "ETH-USDT 5m +0 forming 0 200.0000 a",
        "BTC-USDT 1m +0 closed 0 100.0000 b", "BTC-USDT 1m +60 forming 0 101.0000 b",
        "BTC-USDT 5m +0 forming 0 200.0000 b");
    bench->line_count = 0;
    composite_set_each_forming(bench->set, note, bench);
    assert_int_equal(bench->line_count, 4);
    assert_string_equal(bench->lines[0], "ETH-USDT 1m +60 forming 0 11.0000 a");
    assert_string_equal(bench->lines[3], "BTC-USDT 5m +0 forming 0 200.0000 b");
    bench_free(bench);
}

static void forming_ones_are_given_when_wanted(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    bench->silent = true;
    trade_take(bench, a, at(10), "100");
    trade_take(bench, b, at(11), "101");
    end_silent(bench);
    move_to(bench, at(50));
    end(bench, "BTC-USDT 1m +0 closed 0 100.5000 ab");
    bench_free(bench);
}

static void a_row_says_what_it_is(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, a, at(60));
    trade(bench, b, at(60));
    take(bench, a, at(0), "100.5", CANDLE_CLOSED);
    take(bench, b, at(0), "101", CANDLE_CLOSED);
    end(bench, "BTC-USDT 1m +0 closed 0 100.75000 ab");
    assert_string_equal(
        bench->row,
        "composite,BTC-USDT,1m,2024-08-08T23:55:00Z,2024-08-08T23:56:00Z,closed,0,100.75000,"
        "100.75000,100.75000,100.75000,2,201.5,2,2,201.5,100.75000,base,mean,BTC-USDT,,,,"
        "2024-08-08T23:55:30Z,2024-08-08T23:55:30Z,10,10,0,0,0,0,0,0,0,0,1.000000,100,,"
        "0,,,,,,,,,,,,,,,venue a used 100.5 100.5 1|venue b used 101 101 1\n");
    bench_free(bench);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void a_composite_has_so_many_members(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    for (size_t i = 0; i < CONTRIBUTIONS_MAX; i++)
        assert_non_null(bench->members[join(bench, "BTC-USDT")]);
    assert_null(bench->members[join(bench, "BTC-USDT")]);
    assert_non_null(bench->members[join(bench, "ETH-USDT")]);
    bench_free(bench);
}

/* b stands still a long way behind, so that nothing closes by itself. */
static void the_oldest_of_too_many_windows_closes(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    size_t a = join(bench, "BTC-USDT"), b = join(bench, "BTC-USDT");
    trade(bench, b, at(0));
    for (int64_t i = 0; i < COMPOSITE_WINDOWS_MAX; i++) {
        trade(bench, a, at(60 * i + 1));
        take(bench, a, at(60 * i), "100", CANDLE_FORMING);
        finish(bench);
        assert_int_equal(bench->line_count, 1);
    }
    int64_t next = COMPOSITE_WINDOWS_MAX;
    trade_take(bench, a, at(60 * next + 1), "101");
    end(bench, "BTC-USDT 1m +0 closed 0 100.0000 a", "BTC-USDT 1m +3932160 forming 0 101.0000 a");
    take(bench, a, at(0), "100", CANDLE_CLOSED);
    take(bench, b, at(0), "100", CANDLE_FORMING);
    end_silent(bench);
    bench_free(bench);
}

/* With a horizon of years all have closed; the one that goes is corrected before. */
static void the_oldest_of_too_many_windows_is_corrected_once_more(void **state)
{
    (void)state;
    struct bench *bench = bench_with_horizon(INT64_C(100000) * 3600 * NS_PER_S);
    size_t a = join(bench, "BTC-USDT");
    for (int64_t i = 0; i < COMPOSITE_WINDOWS_MAX; i++) {
        trade(bench, a, at(60 * i + 60));
        take(bench, a, at(60 * i), "100", CANDLE_CLOSED);
        finish(bench);
        assert_int_equal(bench->line_count, 1);
    }
    int64_t next = COMPOSITE_WINDOWS_MAX;
    take(bench, a, at(0), "102", CANDLE_CORRECTED);
    take(bench, a, at(60 * next), "101", CANDLE_FORMING);
    end(bench, "BTC-USDT 1m +0 corrected 1 102.0000 a",
        "BTC-USDT 1m +3932160 forming 0 101.0000 a");
    take(bench, a, at(0), "103", CANDLE_CORRECTED);
    end_silent(bench);
    bench_free(bench);
}

static void many_composites_are_found_again(void **state)
{
    (void)state;
    struct bench *bench = bench_new();
    struct composite_member *first[1000], *second;
    char names[1000][16];
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 1000; i++) {
            snprintf(names[i], sizeof names[i], "A%zu-USD", i);
            struct composite_market market = {"venue", "s",         names[i],
                                              "USD",   VOLUME_BASE, &bench->markets[0]};
            assert_ok(composite_set_join(bench->set, &market, round == 0 ? &first[i] : &second));
        }
    }
    /* One that closes first, though it was seen last: the heap of deadlines. */
    bench->members[0] = first[500];
    bench->members[1] = first[999];
    sample_trade(&bench->markets[0], &bench->clock, at(30));
    composite_set_moved(bench->set, second);
    take(bench, 0, at(0), "100", CANDLE_FORMING);
    take(bench, 1, at(-60), "100", CANDLE_FORMING);
    end(bench, "A500-USD 1m +0 forming 0 100.0000 s", "A999-USD 1m +-60 closed 0 100.0000 s");
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_when_all_members_have),
        cmocka_unit_test(changed_and_closed_is_one_update),
        cmocka_unit_test(a_watermark_that_stands_still_is_waited_for),
        cmocka_unit_test(a_market_without_a_counted_trade_holds_up_nothing),
        cmocka_unit_test(carried_candles_take_no_part),
        cmocka_unit_test(candles_of_other_bars_are_ignored),
        cmocka_unit_test(changes_after_closing_are_corrections),
        cmocka_unit_test(a_members_correction_before_closing_is_none),
        cmocka_unit_test(a_late_first_candle_is_revision_1),
        cmocka_unit_test(a_member_that_joins_behind_corrects),
        cmocka_unit_test(what_time_has_closed_stays_closed),
        cmocka_unit_test(nothing_is_corrected_beyond_the_horizon),
        cmocka_unit_test(updates_have_one_order),
        cmocka_unit_test(forming_ones_are_given_when_wanted),
        cmocka_unit_test(a_row_says_what_it_is),
        cmocka_unit_test(a_composite_has_so_many_members),
        cmocka_unit_test(the_oldest_of_too_many_windows_closes),
        cmocka_unit_test(the_oldest_of_too_many_windows_is_corrected_once_more),
        cmocka_unit_test(many_composites_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
