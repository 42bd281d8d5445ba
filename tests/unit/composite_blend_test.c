/* Who takes part in a composite, and its values: each rule by hand, then against a naive model. */
#include "engine/candle/composite_blend.h"
#include "engine/tape/record.h"
#include "tests/unit/composite_sample.h"

#define MIDDLE_NS (SAMPLE_OPEN_NS + 30 * NS_PER_S)

/* Members' candles and what they are blended to. */
struct bench {
    struct composite_config config;
    size_t count;
    struct candle members[CONTRIBUTIONS_MAX];
    struct candle out;
    struct contribution contributions[CONTRIBUTIONS_MAX];
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){0};
    composite_config_default(&bench->config);
}

static struct candle *add(struct bench *bench, const char *price, const char *volume)
{
    assert_true(bench->count < CONTRIBUTIONS_MAX);
    struct candle *member = &bench->members[bench->count++];
    *member = member_candle(price, volume);
    return member;
}

static void set_prices(struct candle *candle, const char *open, const char *high, const char *low,
                       const char *close)
{
    candle->open = sample_decimal(open);
    candle->high = sample_decimal(high);
    candle->low = sample_decimal(low);
    candle->close = sample_decimal(close);
}

static void blend(struct bench *bench, enum composite_method method)
{
    static const char *const venues[] = {"a", "b", "c", "d", "e", "f"};
    struct composite_part parts[CONTRIBUTIONS_MAX];
    const struct composite_part *pointers[CONTRIBUTIONS_MAX];
    for (size_t i = 0; i < bench->count; i++) {
        parts[i] = (struct composite_part){.member = i, .venue = venues[i % 6], .symbol = "X"};
        composite_part_set(&parts[i], &bench->members[i]);
        pointers[i] = &parts[i];
    }
    bench->out = (struct candle){.venue = COMPOSITE_VENUE, .instrument = "BTC-USDT"};
    composite_blend(&bench->config, method, pointers, bench->count, &bench->out,
                    bench->contributions);
}

/* "USED" as u, and so on: "usxo" */
static void assert_states(const struct bench *bench, const char *expected)
{
    char text[CONTRIBUTIONS_MAX + 1] = "";
    assert_int_equal(bench->out.contribution_count, bench->count);
    for (size_t i = 0; i < bench->count; i++)
        text[i] = "usxo"[bench->contributions[i].state];
    assert_string_equal(text, expected);
}

static void assert_prices(const struct bench *bench, const char *open, const char *high,
                          const char *low, const char *close)
{
    assert_field(&bench->out, COLUMN_open, open);
    assert_field(&bench->out, COLUMN_high, high);
    assert_field(&bench->out, COLUMN_low, low);
    assert_field(&bench->out, COLUMN_close, close);
}

/* ---- methods --------------------------------------------------------------------------------- */

/* Weights 2 and 1; longest price 2 decimals, so 6.
 * open (2*100 + 1*103)/3 = 101; high (2*101 + 1*104.00)/3 = 102; low (2*99 + 100)/3 = 99.333333;
 * close (2*100 + 101)/3 = 100.333333.
 * vwap column: money 2*100 + 1*103 = 303 over 3. */
static void vwap_weighs_by_volume(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    set_prices(add(&bench, "100", "2"), "100", "101", "99", "100");
    set_prices(add(&bench, "103", "1"), "103", "104.00", "100", "101");
    blend(&bench, COMPOSITE_VWAP);
    assert_prices(&bench, "101.000000", "102.000000", "99.333333", "100.333333");
    assert_field(&bench.out, COLUMN_volume, "3");
    assert_field(&bench.out, COLUMN_quote_volume, "303");
    assert_field(&bench.out, COLUMN_vwap, "101.000000");
    assert_field(&bench.out, COLUMN_flags, "");
    assert_field(&bench.out, COLUMN_score, "100");
}

/* 32 members, so that a mean can lie in the middle between two numbers of 4 decimals:
 * open 31 * 100 + 101 = 3201, / 32 = 100.03125, to the even 100.0312;
 * close 31 * 100 + 99 = 3199, / 32 = 99.96875, to the even 99.9688. */
static void mean_rounds_half_to_even(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    for (int i = 0; i < CONTRIBUTIONS_MAX; i++)
        add(&bench, "100", "1");
    set_prices(&bench.members[7], "101", "101", "99", "99");
    blend(&bench, COMPOSITE_MEAN);
    assert_prices(&bench, "100.0312", "100.0312", "99.9688", "99.9688");
}

/* Each price has a middle of its own: opens 100 101 102, highs 103 105 104, lows 95 94 99.5,
 * closes 100.1 100.2 100.3; longest price 1 decimal, so 5. */
static void median_of_an_odd_number_is_the_middle_one(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    set_prices(add(&bench, "100", "1"), "102", "103", "95", "100.1");
    set_prices(add(&bench, "100", "9"), "100", "105", "94", "100.3");
    set_prices(add(&bench, "100", "1"), "101", "104", "99.5", "100.2");
    blend(&bench, COMPOSITE_MEDIAN);
    assert_prices(&bench, "101.00000", "104.00000", "95.00000", "100.20000");
}

/* Of 100 100.3 100.4 101 it is (100.3 + 100.4) / 2. */
static void median_of_an_even_number_is_the_mean_of_two(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "101", "1");
    add(&bench, "100.4", "1");
    add(&bench, "100", "1");
    add(&bench, "100.3", "1");
    blend(&bench, COMPOSITE_MEDIAN);
    assert_field(&bench.out, COLUMN_close, "100.35000");
}

/* First trade: b's, at 1 s. Last: a and c at 50 s, the later member's close. Highest 104.0 and
 * 104.00: the longest. Lowest c's. Digits are the venues'. */
static void consolidated_is_as_one_tape(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    struct candle *a = add(&bench, "100", "1");
    struct candle *b = add(&bench, "100", "1");
    struct candle *c = add(&bench, "100", "1");
    set_prices(a, "101", "104.0", "99", "100");
    set_prices(b, "102.5", "104.00", "100", "103");
    set_prices(c, "100.1", "103", "98.5", "100.75");
    a->first_trade_ns = SAMPLE_OPEN_NS + 2 * NS_PER_S;
    b->first_trade_ns = SAMPLE_OPEN_NS + 1 * NS_PER_S;
    c->first_trade_ns = SAMPLE_OPEN_NS + 1 * NS_PER_S;
    a->last_trade_ns = c->last_trade_ns = SAMPLE_OPEN_NS + 50 * NS_PER_S;
    bench.config.outlier_ppm = 100000;
    blend(&bench, COMPOSITE_CONSOLIDATED);
    assert_prices(&bench, "102.5", "104.00", "98.5", "100.75");
    assert_field(&bench.out, COLUMN_first_trade_time, "2024-08-08T23:55:01Z");
    assert_field(&bench.out, COLUMN_last_trade_time, "2024-08-08T23:55:50Z");
}

/* ---- who takes part -------------------------------------------------------------------------- */

/* 60 s older than the newest is not more than 60 s. */
static void stale_is_more_than_a_minute_behind_the_newest(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1")->last_trade_ns = MIDDLE_NS;
    add(&bench, "101", "1")->last_trade_ns = MIDDLE_NS - 60 * NS_PER_S;
    add(&bench, "102", "1")->last_trade_ns = MIDDLE_NS - 60 * NS_PER_S - 1;
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "uus");
    assert_field(&bench.out, COLUMN_close, "100.5000");
}

static void unhealthy_is_below_the_score(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1")->score = 50;
    add(&bench, "101", "1")->score = 49;
    add(&bench, "102", "1")->score = 77;
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "uxu");
    assert_field(&bench.out, COLUMN_close, "101.0000");
    assert_field(&bench.out, COLUMN_score, "50");
}

/* Median 100, of which 1 % is 1: 101.00 and 99 differ by just that, 101.01 by more. */
static void outlier_differs_by_more_than_a_percent_of_the_median(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "101.01", "1");
    add(&bench, "101.00", "1");
    add(&bench, "100", "1");
    add(&bench, "99", "1");
    add(&bench, "98.9999", "1");
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "ouuuo");
}

/* 100 100 102 102: of the two middle ones it is the lower, 100. */
static void outliers_are_seen_from_the_lower_middle(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "102", "1");
    add(&bench, "100", "1");
    add(&bench, "102", "1");
    add(&bench, "100", "1");
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "ouou");
}

/* Two cannot say which of them is wrong, though there were three before one was left out. */
static void outliers_need_three(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1");
    add(&bench, "200", "1");
    add(&bench, "100", "1")->score = 0;
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "uux");
    assert_field(&bench.out, COLUMN_close, "150.0000");
}

/* The newest is unhealthy, and by it the healthy one is stale. Both rules leave one out; what is
 * both is called stale. */
static void all_are_used_when_nobody_is_left(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1")->score = 20;
    add(&bench, "102", "1")->last_trade_ns = MIDDLE_NS - 61 * NS_PER_S;
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "uu");
    assert_field(&bench.out, COLUMN_close, "101.0000");
    assert_field(&bench.out, COLUMN_score, "20");
    bench.members[1].score = 0;
    add(&bench, "104", "1");
    blend(&bench, COMPOSITE_MEAN);
    assert_states(&bench, "xsu");
}

static void few_venues_have_the_score_0(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1");
    add(&bench, "102", "1")->score = 10;
    blend(&bench, COMPOSITE_VWAP);
    assert_states(&bench, "ux");
    assert_field(&bench.out, COLUMN_flags, "few_venues");
    assert_field(&bench.out, COLUMN_score, "0");
    assert_field(&bench.out, COLUMN_close, "100.0000");
    bench.config.venues_min = 1;
    blend(&bench, COMPOSITE_VWAP);
    assert_field(&bench.out, COLUMN_flags, "");
    assert_field(&bench.out, COLUMN_score, "100");
}

/* ---- sums and quality ------------------------------------------------------------------------ */

static void counts_are_sums_over_those_used(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    struct candle *members[3];
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t unit = i == 0 ? 1 : i == 1 ? 100 : 10000;
        members[i] = add(&bench, "100", "1.5");
        members[i]->trades = unit;
        members[i]->missing = 2 * unit;
        members[i]->duplicates = 3 * unit;
        members[i]->late = 4 * unit;
        members[i]->out_of_order = 5 * unit;
        members[i]->backfilled = 6 * unit;
        members[i]->malformed = 7 * unit;
        members[i]->dropped = 8 * unit;
        members[i]->suspect = 9 * unit;
        members[i]->first_seq = 50 - i;
        members[i]->last_seq = 60 + i;
    }
    members[0]->flags = CANDLE_PARTIAL | CANDLE_MISSING;
    members[1]->flags = CANDLE_CLOCK;
    members[2]->flags = CANDLE_SUSPECT_SIZE;
    members[0]->has_connected = false;
    members[0]->connected_ppm = 0;
    members[1]->connected_ppm = 900000;
    members[2]->connected_ppm = 10;
    members[2]->score = 49;
    members[0]->first_trade_ns = MIDDLE_NS - NS_PER_S;
    members[1]->last_trade_ns = MIDDLE_NS + NS_PER_S;
    blend(&bench, COMPOSITE_VWAP);
    assert_states(&bench, "uux");
    assert_field(&bench.out, COLUMN_trades, "101");
    assert_field(&bench.out, COLUMN_missing, "202");
    assert_field(&bench.out, COLUMN_duplicates, "303");
    assert_field(&bench.out, COLUMN_late, "404");
    assert_field(&bench.out, COLUMN_out_of_order, "505");
    assert_field(&bench.out, COLUMN_backfilled, "606");
    assert_field(&bench.out, COLUMN_malformed, "707");
    assert_field(&bench.out, COLUMN_dropped, "808");
    assert_field(&bench.out, COLUMN_suspect, "909");
    assert_field(&bench.out, COLUMN_first_seq, "49");
    assert_field(&bench.out, COLUMN_last_seq, "61");
    assert_field(&bench.out, COLUMN_first_trade_time, "2024-08-08T23:55:29Z");
    assert_field(&bench.out, COLUMN_last_trade_time, "2024-08-08T23:55:31Z");
    assert_field(&bench.out, COLUMN_flags, "partial|missing|clock");
    assert_field(&bench.out, COLUMN_connected, "0.900000");
    assert_field(&bench.out, COLUMN_score, "100");
}

/* Volumes keep the digits of the longest: 0.5 + 0.250 = 0.750; money 50.0 + 25.250 = 75.250;
 * bought 0.5 and 0.000. vwap 75.250 / 0.750 = 100.333333... with 4 decimals. */
static void volumes_are_sums_with_the_longest_digits(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "0.5");
    struct candle *seller = add(&bench, "101", "0.250");
    seller->taker_buy_volume = sample_decimal("0.000");
    seller->taker_buy_quote_volume = sample_decimal("0.000");
    blend(&bench, COMPOSITE_MEDIAN);
    assert_field(&bench.out, COLUMN_volume, "0.750");
    assert_field(&bench.out, COLUMN_quote_volume, "75.250");
    assert_field(&bench.out, COLUMN_taker_buy_volume, "0.500");
    assert_field(&bench.out, COLUMN_taker_buy_quote_volume, "50.000");
    assert_field(&bench.out, COLUMN_vwap, "100.3333");
}

static void contributions_name_all_that_traded(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100.5", "2")->vwap = sample_decimal("100.400000");
    struct candle *overflow = add(&bench, "100.6", "3");
    overflow->flags = CANDLE_OVERFLOW;
    overflow->score = 0;
    add(&bench, "100.7", "4")->last_trade_ns = MIDDLE_NS - 3600 * NS_PER_S;
    blend(&bench, COMPOSITE_VWAP);
    assert_field(&bench.out, COLUMN_contributions,
                 "a X used 100.5 100.400000 2|b X unhealthy 100.6 0 0|c X stale 100.7 100.7 4");
}

/* ---- what does not fit ----------------------------------------------------------------------- */

/* Its volumes are what was left when one did not fit. */
static struct candle *add_overflow(struct bench *bench, const char *price)
{
    struct candle *member = add(bench, price, "1");
    member->flags = CANDLE_OVERFLOW;
    member->score = 0;
    return member;
}

/* With --composite-score 0 nobody is unhealthy: (1*101 + 3*102) / 4 = 101.75, without the 101.2,
 * which has no volume to weigh with. */
static void a_member_without_volumes_weighs_nothing(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.config.score_min = 0;
    add(&bench, "101", "1");
    add_overflow(&bench, "101.2");
    add(&bench, "102", "3");
    blend(&bench, COMPOSITE_VWAP);
    assert_states(&bench, "uuu");
    assert_field(&bench.out, COLUMN_close, "101.75000");
    assert_field(&bench.out, COLUMN_volume, "");
    assert_field(&bench.out, COLUMN_vwap, "");
    assert_field(&bench.out, COLUMN_flags, "overflow");
    assert_field(&bench.out, COLUMN_score, "0");
}

static void without_any_weight_it_is_the_mean(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add_overflow(&bench, "100");
    add_overflow(&bench, "101");
    blend(&bench, COMPOSITE_VWAP);
    assert_states(&bench, "uu");
    assert_field(&bench.out, COLUMN_close, "100.5000");
    assert_field(&bench.out, COLUMN_quote_volume, "");
    assert_field(&bench.out, COLUMN_flags, "overflow");
    assert_true(decimal_is_zero(bench.out.volume) && decimal_is_zero(bench.out.vwap));
}

/* 10^37 * 100 has 40 digits, more than 127 bits: the weights are of no use. */
static void weights_that_do_not_fit_leave_the_mean(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1");
    struct candle *large = add(&bench, "101", "1");
    large->volume = sample_decimal("1000000000000000000000000000");
    large->volume.mantissa *= 10000000000;
    blend(&bench, COMPOSITE_VWAP);
    assert_field(&bench.out, COLUMN_close, "100.5000");
    assert_field(&bench.out, COLUMN_volume, "");
    assert_field(&bench.out, COLUMN_flags, "overflow");
    assert_field(&bench.out, COLUMN_score, "0");
}

/* 61800 and 10^-36 have no common number of decimals: the lower of them as it is. */
static void prices_without_a_sum_leave_the_lower_middle(void **state)
{
    (void)state;
    for (enum composite_method method = 0; method < COMPOSITE_CONSOLIDATED; method++) {
        struct bench bench;
        bench_init(&bench);
        add(&bench, "61800", "1");
        struct candle *tiny = add(&bench, "1", "1");
        set_prices(tiny, "1e-36", "1e-36", "1e-36", "1e-36");
        blend(&bench, method);
        assert_field(&bench.out, COLUMN_close, "0.000000000000000000000000000000000001");
        assert_field(&bench.out, COLUMN_flags, "overflow");
    }
}

/* 10^27 with 15 + 4 decimals would have 47 digits. With 11 it is 10^38, the largest power of ten
 * below 2^127; the other prices get the same. */
static void decimals_are_fewer_where_they_do_not_fit(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    set_prices(add(&bench, "1", "1"), "1", "1000000000000000000000000000", "0.000000000000001",
               "1");
    blend(&bench, COMPOSITE_MEDIAN);
    assert_prices(&bench, "1.00000000000", "1000000000000000000000000000.00000000000",
                  "0.00000000000", "1.00000000000");
}

static void counts_stop_at_the_largest_number(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    add(&bench, "100", "1")->trades = INT64_MAX;
    add(&bench, "100", "1")->trades = INT64_MAX - 5;
    blend(&bench, COMPOSITE_MEAN);
    assert_true(bench.out.trades == INT64_MAX);
}

/* ---- against a naive model ------------------------------------------------------------------- */

/* Everything in thousandths; random numbers have at most 3 decimals. */
static int128 thousandths(struct decimal value)
{
    for (; value.scale < 3; value.scale++)
        value.mantissa *= 10;
    return value.mantissa;
}

static struct decimal random_decimal(uint64_t *random, uint64_t low, uint64_t high)
{
    uint8_t scale = (uint8_t)unit_below(random, 4);
    int128 power = scale == 0 ? 1 : scale == 1 ? 10 : scale == 2 ? 100 : 1000;
    int128 value = (int128)(low + unit_below(random, high - low));
    return (struct decimal){value * power + (int128)unit_below(random, (uint64_t)power), scale};
}

static void random_member(uint64_t *random, struct candle *out)
{
    struct decimal *prices[] = {&out->open, &out->high, &out->low, &out->close};
    *out = member_candle("1", "1");
    uint64_t spread = 1 + unit_below(random, 100);
    for (size_t i = 0; i < 4; i++)
        *prices[i] = random_decimal(random, 1000, 1000 + spread);
    out->volume = random_decimal(random, 1, 1000);
    out->quote_volume = random_decimal(random, 1, 1000000);
    out->taker_buy_volume = random_decimal(random, 0, 2);
    out->first_trade_ns = SAMPLE_OPEN_NS + (int64_t)unit_below(random, 5);
    out->last_trade_ns = MIDDLE_NS + (int64_t)unit_below(random, 5) * 20 * NS_PER_S;
    out->score = (uint8_t)(unit_below(random, 4) == 0 ? unit_below(random, 101) : 100);
    out->trades = 1 + unit_below(random, 9);
    out->has_connected = unit_below(random, 2) != 0;
    out->connected_ppm = (uint32_t)unit_below(random, 1000001);
}

/* Rank by counting: as many are smaller, or equal and earlier. */
static size_t ranked(const int128 *values, size_t count, size_t rank)
{
    for (size_t i = 0; i < count; i++) {
        size_t below = 0;
        for (size_t j = 0; j < count; j++)
            below += values[j] < values[i] || (values[j] == values[i] && j < i);
        if (below == rank)
            return i;
    }
    fail();
    return 0;
}

/* numerator / denominator in units of 10^-scale, half to even. */
static int128 divided(int128 numerator, int128 denominator)
{
    int128 quotient = numerator / denominator, rest = numerator % denominator;
    if (2 * rest > denominator || (2 * rest == denominator && quotient % 2 != 0))
        quotient++;
    return quotient;
}

struct naive {
    const struct candle *used[CONTRIBUTIONS_MAX];
    size_t count;
    enum contribution_state states[CONTRIBUTIONS_MAX];
    int scale;
};

static void naive_choose(const struct bench *bench, struct naive *out)
{
    int64_t newest = 0;
    int128 closes[CONTRIBUTIONS_MAX];
    size_t at[CONTRIBUTIONS_MAX], left = 0;
    *out = (struct naive){0};
    for (size_t i = 0; i < bench->count; i++)
        if (bench->members[i].last_trade_ns > newest)
            newest = bench->members[i].last_trade_ns;
    for (size_t i = 0; i < bench->count; i++) {
        const struct candle *member = &bench->members[i];
        if (newest - member->last_trade_ns > 60 * NS_PER_S) {
            out->states[i] = CONTRIBUTION_STALE;
        } else if (member->score < 50) {
            out->states[i] = CONTRIBUTION_UNHEALTHY;
        } else {
            closes[left] = thousandths(member->close);
            at[left++] = i;
        }
    }
    for (size_t i = 0; i < left && left >= 3; i++) {
        int128 median = closes[ranked(closes, left, (left - 1) / 2)];
        int128 off = closes[i] > median ? closes[i] - median : median - closes[i];
        if (100 * off > median)
            out->states[at[i]] = CONTRIBUTION_OUTLIER;
    }
    for (size_t i = 0; i < bench->count && left == 0; i++)
        out->states[i] = CONTRIBUTION_USED;
    for (size_t i = 0; i < bench->count; i++) {
        if (out->states[i] == CONTRIBUTION_USED)
            out->used[out->count++] = &bench->members[i];
    }
}

static struct decimal price_of(const struct candle *candle, size_t which)
{
    const struct decimal prices[] = {candle->open, candle->high, candle->low, candle->close};
    return prices[which];
}

static int128 naive_average(const struct naive *naive, enum composite_method method, size_t which)
{
    int128 power = 1, sum = 0, weight = 0, prices[CONTRIBUTIONS_MAX];
    for (int i = 0; i < naive->scale; i++)
        power *= 10;
    for (size_t i = 0; i < naive->count; i++) {
        int128 own = method == COMPOSITE_VWAP ? thousandths(naive->used[i]->volume) : 1;
        prices[i] = thousandths(price_of(naive->used[i], which));
        sum += own * prices[i];
        weight += own;
    }
    if (method == COMPOSITE_MEDIAN) {
        sum = prices[ranked(prices, naive->count, naive->count / 2)] +
              prices[ranked(prices, naive->count, (naive->count - 1) / 2)];
        weight = 2;
    }
    return divided(sum * power, weight * 1000);
}

static void check_averages(const struct bench *bench, const struct naive *naive,
                           enum composite_method method)
{
    int128 money = 0, volume = 0, power = 1;
    for (size_t i = 0; i < 4; i++) {
        struct decimal expected = {naive_average(naive, method, i), (uint8_t)naive->scale};
        struct decimal actual = price_of(&bench->out, i);
        assert_true(actual.mantissa == expected.mantissa && actual.scale == expected.scale);
    }
    for (size_t i = 0; i < naive->count; i++) {
        money += thousandths(naive->used[i]->quote_volume);
        volume += thousandths(naive->used[i]->volume);
    }
    for (int i = 0; i < naive->scale; i++)
        power *= 10;
    assert_true(thousandths(bench->out.volume) == volume);
    assert_true(thousandths(bench->out.quote_volume) == money);
    assert_true(bench->out.vwap.mantissa == divided(money * power, volume));
}

static void check_quality(const struct bench *bench, const struct naive *naive)
{
    uint64_t trades = 0;
    uint32_t connected = UINT32_MAX;
    unsigned score = 100;
    for (size_t i = 0; i < naive->count; i++) {
        const struct candle *member = naive->used[i];
        trades += member->trades;
        if (member->has_connected && member->connected_ppm < connected)
            connected = member->connected_ppm;
        if (member->score < score)
            score = member->score;
    }
    assert_int_equal(bench->out.trades, trades);
    assert_int_equal(bench->out.has_connected, connected != UINT32_MAX);
    if (connected != UINT32_MAX)
        assert_int_equal(bench->out.connected_ppm, connected);
    assert_int_equal(bench->out.score, naive->count < 2 ? 0 : score);
    assert_int_equal(bench->out.flags, naive->count < 2 ? CANDLE_FEW_VENUES : 0);
}

static void same_as_the_naive_model(void **state)
{
    (void)state;
    size_t left_out[4] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        uint64_t random = seed;
        struct bench bench;
        struct naive naive;
        bench_init(&bench);
        bench.count = 1 + unit_below(&random, seed % 10 == 0 ? CONTRIBUTIONS_MAX : 6);
        for (size_t i = 0; i < bench.count; i++)
            random_member(&random, &bench.members[i]);
        naive_choose(&bench, &naive);
        for (size_t i = 0; i < naive.count; i++) {
            for (size_t price = 0; price < 4; price++) {
                int scale = price_of(naive.used[i], price).scale + 4;
                naive.scale = scale > naive.scale ? scale : naive.scale;
            }
        }
        for (enum composite_method method = 0; method < COMPOSITE_CONSOLIDATED; method++) {
            blend(&bench, method);
            for (size_t i = 0; i < bench.count; i++) {
                assert_int_equal(bench.contributions[i].state, naive.states[i]);
                left_out[naive.states[i]]++;
            }
            check_averages(&bench, &naive, method);
            check_quality(&bench, &naive);
        }
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(left_out[i] > 100); /* the seeds meet every rule */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vwap_weighs_by_volume),
        cmocka_unit_test(mean_rounds_half_to_even),
        cmocka_unit_test(median_of_an_odd_number_is_the_middle_one),
        cmocka_unit_test(median_of_an_even_number_is_the_mean_of_two),
        cmocka_unit_test(consolidated_is_as_one_tape),
        cmocka_unit_test(stale_is_more_than_a_minute_behind_the_newest),
        cmocka_unit_test(unhealthy_is_below_the_score),
        cmocka_unit_test(outlier_differs_by_more_than_a_percent_of_the_median),
        cmocka_unit_test(outliers_are_seen_from_the_lower_middle),
        cmocka_unit_test(outliers_need_three),
        cmocka_unit_test(all_are_used_when_nobody_is_left),
        cmocka_unit_test(few_venues_have_the_score_0),
        cmocka_unit_test(counts_are_sums_over_those_used),
        cmocka_unit_test(volumes_are_sums_with_the_longest_digits),
        cmocka_unit_test(contributions_name_all_that_traded),
        cmocka_unit_test(a_member_without_volumes_weighs_nothing),
        cmocka_unit_test(without_any_weight_it_is_the_mean),
        cmocka_unit_test(weights_that_do_not_fit_leave_the_mean),
        cmocka_unit_test(prices_without_a_sum_leave_the_lower_middle),
        cmocka_unit_test(decimals_are_fewer_where_they_do_not_fit),
        cmocka_unit_test(counts_stop_at_the_largest_number),
        cmocka_unit_test(same_as_the_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
