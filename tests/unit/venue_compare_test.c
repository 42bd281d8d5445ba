/*
 * Venues side by side, from candles made by hand: every expected figure is worked out in the
 * comment beside it, the correlations with floating point by the textbook formula.
 */
#include "engine/base/time_text.h"
#include "engine/compare/venue_compare.h"
#include "tests/unit/unit.h"

#define T0     INT64_C(1700000040) * NS_PER_S /* a full minute */
#define MINUTE ((struct bar){.kind = BAR_TIME, .size = NS_PER_MIN})
#define SECOND ((struct bar){.kind = BAR_TIME, .size = NS_PER_S})

static struct decimal number(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

/* A closed candle of BTC-USDT, flat at `close`. */
static struct candle candle_of(const char *venue, struct bar bar, int64_t index, const char *close,
                               const char *volume, const char *quote_volume)
{
    struct candle candle = {
        .venue = venue,
        .instrument = "BTC-USDT",
        .symbol = "BTCUSDT",
        .channel = "trade",
        .bar = bar,
        .open_ns = T0 + index * bar.size,
        .close_ns = T0 + (index + 1) * bar.size,
        .state = CANDLE_CLOSED,
        .trades = 1,
        .volume = number(volume),
        .quote_volume = number(quote_volume),
        .volume_unit = VOLUME_BASE,
        .has_connected = true,
        .connected_ppm = CANDLE_PPM,
        .score = 100,
    };
    candle.open = candle.high = candle.low = candle.close = number(close);
    return candle;
}

static struct venue_compare *new_compare(struct bar bar, struct bar lag_bar)
{
    const struct venue_compare_options options = {
        .bar = bar, .lag_bar = lag_bar, .from_ns = INT64_MIN, .to_ns = INT64_MAX};
    struct venue_compare *compare;
    assert_ok(venue_compare_new(&compare, &options));
    return compare;
}

static void take(struct venue_compare *compare, struct candle candle)
{
    assert_ok(venue_compare_take(compare, &candle));
}

/* ---- looking at the outcome ------------------------------------------------------------------ */

/* The fields of all rows, as "instrument venue field=text". */
struct seen {
    size_t count;
    struct {
        char instrument[INSTRUMENT_MAX], venue[32];
        char fields[COMPARE_COLUMN_COUNT][COMPARE_FIELD_MAX];
    } rows[16];
};

static enum err see(const struct venue_comparison *comparison, void *arg)
{
    struct seen *seen = arg;
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        size_t at = seen->count++;
        assert_true(at < 16);
        snprintf(seen->rows[at].instrument, INSTRUMENT_MAX, "%s", comparison->instrument);
        snprintf(seen->rows[at].venue, 32, "%s", row->venue);
        for (int column = 0; column < COMPARE_COLUMN_COUNT; column++) {
            char *text = seen->rows[at].fields[column];
            if (!compare_field(comparison, row, (enum compare_column)column, text)) {
                text[0] = '\0';
            }
        }
    }
    return ERR_OK;
}

static void look(struct venue_compare *compare, size_t venues_min, struct seen *out)
{
    memset(out, 0, sizeof *out);
    assert_ok(venue_compare_each(compare, venues_min, see, out));
}

static const char *field(const struct seen *seen, const char *venue, enum compare_column column)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->rows[i].venue, venue) == 0) {
            return seen->rows[i].fields[column];
        }
    }
    fail_msg("no row of %s", venue);
    return NULL;
}

#define assert_field(seen, venue, column, expected)                                                \
    assert_string_equal(field(&(seen), venue, COMPARE_##column), expected)

/* ---- values ---------------------------------------------------------------------------------- */

static void values_are_worked_out_by_hand(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    (void)state;
    take(compare, candle_of("aa", MINUTE, 0, "100.10", "1.5", "150.0"));
    take(compare, candle_of("aa", MINUTE, 1, "101.00", "0.5", "50.45"));
    take(compare, candle_of("bb", MINUTE, 0, "99.90", "3", "300.3"));
    take(compare, candle_of("bb", MINUTE, 1, "101.20", "1", "101.1"));
    take(compare, candle_of("composite", MINUTE, 0, "100.00", "4.5", "450.3"));
    take(compare, candle_of("composite", MINUTE, 1, "101.10", "1.5", "151.55"));
    look(compare, 2, &seen);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.rows[2].venue, "composite");
    assert_field(seen, "aa", close, "101.00");
    assert_field(seen, "aa", volume, "2.0");
    assert_field(seen, "aa", vwap, "100.225000"); /* 200.45 / 2, prices have 2 decimals */
    assert_field(seen, "bb", vwap, "100.350000"); /* 401.4 / 4 */
    /* 2 and 4 of 6, cut; the composite has none. */
    assert_field(seen, "aa", volume_share, "0.333333");
    assert_field(seen, "bb", volume_share, "0.666666");
    assert_field(seen, "composite", volume_share, "");
    /* 0.10 / 100.00 = 10 bps, -0.10 / 101.10 = -9.8912 bps (9.89119...). */
    assert_field(seen, "aa", reference, "composite");
    assert_field(seen, "aa", spread_last_bps, "-9.8912");
    assert_field(seen, "aa", spread_mean_bps, "0.0544");
    assert_field(seen, "aa", spread_size_bps, "9.9456");
    assert_field(seen, "bb", spread_last_bps, "9.8912");
    assert_field(seen, "bb", spread_mean_bps, "-0.0544");
    assert_field(seen, "composite", spread_last_bps, "");
    assert_field(seen, "aa", windows, "2");
    assert_field(seen, "aa", from_time, "2023-11-14T22:14:00Z");
    assert_field(seen, "aa", to_time, "2023-11-14T22:16:00Z");
    assert_field(seen, "aa", lead_bars, ""); /* one return is no series */
    venue_compare_free(compare);
}

static void an_update_replaces_what_was_there(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    struct candle candle = candle_of("aa", MINUTE, 0, "100", "1", "100");
    (void)state;
    take(compare, candle);
    candle.state = CANDLE_CORRECTED;
    candle.revision = 1;
    candle.close = number("102");
    candle.volume = number("3");
    candle.quote_volume = number("303");
    candle.trades = 3;
    take(compare, candle);
    /* Not these: forming, another bar. */
    candle.state = CANDLE_FORMING;
    candle.close = number("7");
    take(compare, candle);
    take(compare, candle_of("aa", SECOND, 0, "8", "1", "8"));
    look(compare, 1, &seen);
    assert_field(seen, "aa", close, "102");
    assert_field(seen, "aa", volume, "3");
    assert_field(seen, "aa", vwap, "101.0000");
    assert_field(seen, "aa", trades, "3");
    assert_field(seen, "aa", candles, "1");
    venue_compare_free(compare);
}

static void candles_out_of_order_make_the_same(void **state)
{
    struct seen forward, backward;
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct venue_compare *compare = new_compare(SECOND, SECOND);
        for (int64_t i = 0; i < 200; i++) {
            char close[32];
            int64_t index = turn ? 199 - i : i;
            for (int venue = 0; venue < 2; venue++) {
                snprintf(close, sizeof close, "%lld",
                         (long long)(1000 + (index * 7919 + venue * 13) % 101));
                take(compare, candle_of(venue ? "aa" : "bb", SECOND, index, close, "1", close));
            }
        }
        look(compare, 2, turn ? &backward : &forward);
        venue_compare_free(compare);
    }
    assert_memory_equal(&forward, &backward, sizeof forward);
}

static void gaps_uptime_and_score(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    (void)state;
    for (int64_t i = 0; i < 4; i++) {
        take(compare, candle_of("aa", MINUTE, i, "100", "1", "100"));
    }
    /* bb: nothing before the window 1, half connected in it, not connected in 2, quiet in 3. */
    struct candle candle = candle_of("bb", MINUTE, 1, "100", "1", "100");
    candle.connected_ppm = 500000;
    candle.score = 51;
    candle.missing = 7;
    candle.duplicates = 2;
    take(compare, candle);
    candle = candle_of("bb", MINUTE, 2, "100", "0", "0");
    candle.trades = 0;
    candle.flags = CANDLE_CARRIED | CANDLE_DISCONNECTED | CANDLE_NO_DATA;
    candle.connected_ppm = 0;
    candle.score = 0;
    take(compare, candle);
    candle = candle_of("bb", MINUTE, 3, "100", "0", "0");
    candle.trades = 0;
    candle.flags = CANDLE_CARRIED;
    take(compare, candle);
    look(compare, 2, &seen);
    assert_field(seen, "aa", no_data, "0");
    assert_field(seen, "aa", uptime, "1.000000");
    assert_field(seen, "bb", windows, "4");
    assert_field(seen, "bb", candles, "1");
    assert_field(seen, "bb", no_data, "2");       /* the windows 0 and 2 */
    assert_field(seen, "bb", uptime, "0.500000"); /* (0.5 + 0 + 1) / 3 */
    assert_field(seen, "bb", score, "50.33");     /* (51 + 0 + 100) / 3 */
    assert_field(seen, "bb", missing, "7");
    assert_field(seen, "bb", duplicates, "2");
    /* Carried candles after the last trade of anybody are beyond the range. */
    candle.open_ns += 5 * NS_PER_MIN;
    take(compare, candle);
    look(compare, 2, &seen);
    assert_field(seen, "bb", windows, "4");
    assert_field(seen, "bb", uptime, "0.500000");
    venue_compare_free(compare);
}

static void the_largest_of_comparable_volumes_is_the_reference(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    struct candle candle = candle_of("contracts", MINUTE, 0, "100", "500", "0");
    (void)state;
    candle.volume_unit = VOLUME_CONTRACT;
    candle.trades = 99;
    take(compare, candle);
    take(compare, candle_of("small", MINUTE, 0, "101", "1", "101"));
    take(compare, candle_of("large", MINUTE, 0, "100", "2", "200"));
    look(compare, 2, &seen);
    assert_field(seen, "small", reference, "large");
    assert_field(seen, "small", spread_last_bps, "100.0000");
    assert_field(seen, "large", volume_share, "0.666666");
    assert_field(seen, "contracts", volume_share, "");
    assert_field(seen, "contracts", vwap, "");
    assert_field(seen, "contracts", spread_last_bps, "0.0000");
    venue_compare_free(compare);
}

static void instruments_of_one_venue_are_left_out(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    struct candle candle = candle_of("aa", MINUTE, 0, "5", "1", "5");
    (void)state;
    take(compare, candle_of("aa", MINUTE, 0, "100", "1", "100"));
    take(compare, candle_of("bb", MINUTE, 0, "100", "1", "100"));
    candle.instrument = "ETH-USDT";
    take(compare, candle);
    candle.venue = "composite"; /* is no venue */
    take(compare, candle);
    look(compare, 2, &seen);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.rows[0].instrument, "BTC-USDT");
    look(compare, 1, &seen);
    assert_int_equal(seen.count, 4);
    assert_string_equal(seen.rows[2].instrument, "ETH-USDT");
    venue_compare_free(compare);
}

static void the_range_is_of_open_times(void **state)
{
    const struct venue_compare_options options = {
        .bar = MINUTE, .lag_bar = SECOND, .from_ns = T0 + NS_PER_MIN, .to_ns = T0 + 3 * NS_PER_MIN};
    struct venue_compare *compare;
    struct seen seen;
    (void)state;
    assert_ok(venue_compare_new(&compare, &options));
    for (int64_t i = 0; i < 5; i++) {
        take(compare, candle_of("aa", MINUTE, i, "100", "1", "100"));
    }
    look(compare, 1, &seen);
    assert_field(seen, "aa", candles, "2");
    venue_compare_free(compare);
    const struct venue_compare_options ticks = {.bar = {.kind = BAR_TICK, .size = 100},
                                                .lag_bar = SECOND};
    assert_err(ERR_USAGE, venue_compare_new(&compare, &ticks));
    assert_null(compare);
    venue_compare_free(NULL);
}

static void a_sum_that_does_not_fit_has_no_value(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    struct candle candle = candle_of("aa", MINUTE, 0, "100", "1", "100");
    (void)state;
    take(compare, candle_of("bb", MINUTE, 0, "100", "1", "100"));
    candle.flags = CANDLE_OVERFLOW;
    take(compare, candle);
    take(compare, candle_of("aa", MINUTE, 1, "100", "1", "100"));
    look(compare, 2, &seen);
    assert_field(seen, "aa", volume, "");
    assert_field(seen, "aa", vwap, "");
    assert_field(seen, "bb", volume_share, "");
    assert_field(seen, "bb", volume, "1");
    venue_compare_free(compare);
}

/* ---- latency --------------------------------------------------------------------------------- */

static void latencies_are_merged(void **state)
{
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, MINUTE);
    struct latency_pool pool;
    struct latency values = {0};
    (void)state;
    latency_pool_init(&pool);
    /* 1 .. 60 us in one window, 61 .. 100 in the next, where a bucket is one us wide up to 32, then
     * 1 up to 64, then 2: the middles are within half a bucket. */
    for (int64_t i = 1; i <= 100; i++) {
        assert_ok(latency_add(&values, &pool, i * NS_PER_US));
        if (i == 60 || i == 100) {
            struct candle candle = candle_of("aa", MINUTE, i / 100, "100", "1", "100");
            candle.latency_values = &values;
            take(compare, candle);
            take(compare, candle); /* replaces, and does not count twice */
            latency_clear(&values, &pool);
        }
    }
    latency_pool_release(&pool);
    look(compare, 1, &seen);
    assert_field(seen, "aa", latency_count, "100");
    assert_field(seen, "aa", latency_min, "1000");
    assert_field(seen, "aa", latency_max, "100000");
    long p50 = strtol(field(&seen, "aa", COMPARE_latency_p50), NULL, 10);
    long p99 = strtol(field(&seen, "aa", COMPARE_latency_p99), NULL, 10);
    assert_in_range(p50, 50000 - 800, 50000 + 800);
    assert_in_range(p99, 99000 - 1600, 99000 + 1600);
    venue_compare_free(compare);
}

/* ---- lead ------------------------------------------------------------------------------------ */

#define SERIES 400

/* A walk in cents. */
static void walk(int64_t prices[SERIES], uint64_t seed)
{
    prices[0] = 100000;
    for (size_t i = 1; i < SERIES; i++) {
        prices[i] = prices[i - 1] + (int64_t)unit_below(&seed, 201) - 100;
    }
}

static size_t points_of(struct lag_point *points, const int64_t *prices, size_t count,
                        int64_t first_bar)
{
    for (size_t i = 0; i < count; i++) {
        points[i] = (struct lag_point){first_bar + (int64_t)i, prices[i], 2};
    }
    return count;
}

static void who_moves_first_is_found(void **state)
{
    int64_t prices[SERIES];
    struct lag_point points[SERIES];
    struct lag_returns x, y;
    (void)state;
    walk(prices, 11);
    assert_ok(lag_returns_make(&x, points, points_of(points, prices, SERIES, 1000)));
    for (int lead = -LAG_MAX; lead <= LAG_MAX; lead++) {
        struct lag_result result;
        assert_ok(lag_returns_make(&y, points, points_of(points, prices, SERIES, 1000 + lead)));
        lag_correlate(&result, &x, &y);
        assert_true(result.found);
        assert_int_equal(result.lead, lead);
        assert_int_equal(result.permille, 1000);
        assert_int_equal(result.pairs, SERIES - 1);
        lag_returns_release(&y);
    }
    lag_returns_release(&x);
}

/* Newton's. */
static double root(double value)
{
    double found = 1;
    for (int i = 0; i < 100; i++) {
        found = (found + value / found) / 2;
    }
    return found;
}

/* The textbook's way. */
static double correlation(const double *x, const double *y, size_t count)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < count; i++) {
        mean_x += x[i] / (double)count;
        mean_y += y[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    return xy / (root(xx) * root(yy));
}

/* Two walks that share a part, the second two bars later. */
static void correlations_are_those_of_the_textbook(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        int64_t common[SERIES], own[SERIES], follower[SERIES];
        struct lag_point points[SERIES];
        struct lag_returns x, y;
        struct lag_result result;
        double best = -2;
        int best_lead = 0;
        walk(common, seed);
        walk(own, seed + 1000);
        for (size_t i = 0; i < SERIES; i++) {
            follower[i] = common[i < 2 ? 0 : i - 2] + (own[i] - 100000) / (int64_t)(1 + seed % 4);
        }
        assert_ok(lag_returns_make(&x, points, points_of(points, common, SERIES, 0)));
        assert_ok(lag_returns_make(&y, points, points_of(points, follower, SERIES, 0)));
        lag_correlate(&result, &x, &y);
        for (int lead = -LAG_MAX; lead <= LAG_MAX; lead++) {
            double a[SERIES], b[SERIES];
            size_t count = 0;
            for (int i = 1; i < SERIES; i++) {
                int j = i + lead;
                if (j >= 1 && j < SERIES) {
                    a[count] = (double)common[i] / (double)common[i - 1] - 1;
                    b[count++] = (double)follower[j] / (double)follower[j - 1] - 1;
                }
            }
            double found = correlation(a, b, count);
            if (found > best) {
                best = found;
                best_lead = lead;
            }
        }
        assert_int_equal(result.lead, 2);
        assert_int_equal(best_lead, 2);
        double off = (double)result.permille - best * 1000;
        assert_true(off >= -1 && off <= 1);
        lag_returns_release(&x);
        lag_returns_release(&y);
    }
}

static void a_mirror_correlates_negatively_at_most(void **state)
{
    int64_t prices[SERIES];
    struct lag_point points[SERIES];
    struct lag_returns x, y;
    struct lag_result result;
    (void)state;
    for (size_t i = 0; i < SERIES; i++) { /* up, down, up, ... */
        prices[i] = 100000 + (int64_t)(i % 2);
    }
    assert_ok(lag_returns_make(&x, points, points_of(points, prices, SERIES, 0)));
    for (size_t i = 0; i < SERIES; i++) {
        prices[i] = 100000 + (int64_t)((i + 1) % 2);
    }
    assert_ok(lag_returns_make(&y, points, points_of(points, prices, SERIES, 0)));
    lag_correlate(&result, &x, &y);
    /* At 0 they are opposite; a bar off they are alike, and of -1 and 1 it is -1. */
    assert_int_equal(result.lead, -1);
    assert_in_range(result.permille, 999, 1000);
    lag_returns_release(&x);
    lag_returns_release(&y);
}

/* A pause is carried over for so long, and not for longer. */
static void pauses_are_carried(void **state)
{
    struct lag_point points[] = {{10, 100, 0}, {11, 110, 0}, {11 + 1 + LAG_CARRY_BARS, 121, 0}};
    struct lag_returns returns;
    (void)state;
    assert_ok(lag_returns_make(&returns, points, 3));
    assert_int_equal(returns.count, 2 + LAG_CARRY_BARS);
    assert_int_equal(returns.items[0].value, 100000000); /* 10 % in 1e-9 */
    assert_int_equal(returns.items[1].value, 0);
    assert_int_equal(returns.items[1].bar, 12);
    assert_int_equal(returns.items[1 + LAG_CARRY_BARS].value, 100000000);
    lag_returns_release(&returns);
    points[2].bar++;
    assert_ok(lag_returns_make(&returns, points, 3));
    assert_int_equal(returns.count, 1 + LAG_CARRY_BARS); /* none for the bar it comes back in */
    lag_returns_release(&returns);
    points[1].price = 500;
    assert_ok(lag_returns_make(&returns, points, 2));
    assert_int_equal(returns.items[0].value, 1000000000); /* + 400 % counts as 100 % */
    lag_returns_release(&returns);
    assert_ok(lag_returns_make(&returns, points, 0));
    assert_int_equal(returns.count, 0);
    lag_returns_release(&returns);
}

static void too_little_says_nothing(void **state)
{
    int64_t prices[SERIES];
    struct lag_point points[SERIES];
    struct lag_returns x, y;
    struct lag_result result;
    (void)state;
    walk(prices, 5);
    assert_ok(lag_returns_make(&x, points, points_of(points, prices, LAG_PAIRS_MIN, 0)));
    lag_correlate(&result, &x, &x); /* one return less than points */
    assert_false(result.found);
    for (size_t i = 0; i < SERIES; i++) {
        prices[i] = 5;
    }
    assert_ok(lag_returns_make(&y, points, points_of(points, prices, SERIES, 0)));
    lag_correlate(&result, &y, &y); /* no movement */
    assert_false(result.found);
    lag_returns_release(&x);
    lag_returns_release(&y);
}

/* The largest returns there are, for the bounds of the sums. */
static void extreme_returns_fit(void **state)
{
    size_t count = LAG_RETURNS_MAX + 1000;
    struct lag_point *points = malloc(count * sizeof *points);
    struct lag_returns x;
    struct lag_result result;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        points[i] = (struct lag_point){(int64_t)i, i % 2 ? 1 : INT64_MAX, i % 2 ? 36 : 0};
    }
    assert_ok(lag_returns_make(&x, points, count));
    assert_int_equal(x.count, LAG_RETURNS_MAX);
    assert_int_equal(x.items[x.count - 1].bar, count - 1);
    lag_correlate(&result, &x, &x);
    assert_true(result.found);
    assert_int_equal(result.lead, 0);
    assert_int_equal(result.permille, 1000);
    lag_returns_release(&x);
    free(points);
}

static void the_lead_is_in_the_rows(void **state)
{
    int64_t prices[SERIES];
    struct seen seen;
    struct venue_compare *compare = new_compare(MINUTE, SECOND);
    (void)state;
    walk(prices, 3);
    take(compare, candle_of("first", MINUTE, 0, "1000", "9", "9000"));
    take(compare, candle_of("later", MINUTE, 0, "1000", "1", "1000"));
    for (int64_t i = 0; i < SERIES; i++) {
        char close[32];
        snprintf(close, sizeof close, "%lld.%02lld", (long long)prices[i] / 100,
                 (long long)prices[i] % 100);
        take(compare, candle_of("first", SECOND, i, close, "1", "1"));
        take(compare, candle_of("later", SECOND, i + 4, close, "1", "1"));
    }
    look(compare, 2, &seen);
    assert_field(seen, "later", reference, "first");
    assert_field(seen, "later", lead_bars, "-4");
    assert_field(seen, "later", correlation, "1.000");
    assert_field(seen, "later", lag_bar, "1s");
    assert_field(seen, "first", lead_bars, "");
    venue_compare_free(compare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_worked_out_by_hand),
        cmocka_unit_test(an_update_replaces_what_was_there),
        cmocka_unit_test(candles_out_of_order_make_the_same),
        cmocka_unit_test(gaps_uptime_and_score),
        cmocka_unit_test(the_largest_of_comparable_volumes_is_the_reference),
        cmocka_unit_test(instruments_of_one_venue_are_left_out),
        cmocka_unit_test(the_range_is_of_open_times),
        cmocka_unit_test(a_sum_that_does_not_fit_has_no_value),
        cmocka_unit_test(latencies_are_merged),
        cmocka_unit_test(who_moves_first_is_found),
        cmocka_unit_test(correlations_are_those_of_the_textbook),
        cmocka_unit_test(a_mirror_correlates_negatively_at_most),
        cmocka_unit_test(pauses_are_carried),
        cmocka_unit_test(too_little_says_nothing),
        cmocka_unit_test(extreme_returns_fit),
        cmocka_unit_test(the_lead_is_in_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
