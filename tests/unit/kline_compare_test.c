/* Our candles against the venue's own, both made by hand. */
#include "engine/base/time_text.h"
#include "engine/compare/kline_compare.h"
#include "tests/unit/unit.h"

#define T0 INT64_C(1700000040) * NS_PER_S /* a full minute */

static const struct bar minute = {.kind = BAR_TIME, .size = NS_PER_MIN};

static struct decimal number(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

/* Three trades of ids 7 to 9 in the minute `index`. */
static struct candle our_candle(int64_t index)
{
    return (struct candle){
        .venue = "venue",
        .instrument = "BTC-USDT",
        .symbol = "BTCUSDT",
        .bar = minute,
        .open_ns = T0 + index * NS_PER_MIN,
        .close_ns = T0 + (index + 1) * NS_PER_MIN,
        .state = CANDLE_CLOSED,
        .open = number("100.00"),
        .high = number("102.00"),
        .low = number("99.00"),
        .close = number("101.00"),
        .volume = number("0.30"),
        .quote_volume = number("30.1234"),
        .taker_buy_volume = number("0.10"),
        .taker_buy_quote_volume = number("10.0567"),
        .vwap = number("100.411333"),
        .trades = 3,
        .volume_unit = VOLUME_BASE,
        .has_ids = true,
        .first_trade_id = 7,
        .last_trade_id = 9,
        .last_trade_ns = T0 + index * NS_PER_MIN + 50 * NS_PER_S,
        .has_connected = true,
        .connected_ppm = CANDLE_PPM,
    };
}

/* The same as the venue says it, with other digits. */
static struct venue_kline their_kline(int64_t index)
{
    return (struct venue_kline){
        .symbol = "BTCUSDT",
        .size_ns = NS_PER_MIN,
        .open_ns = T0 + index * NS_PER_MIN,
        .state = KLINE_FINAL,
        .open = number("100"),
        .high = number("102.0"),
        .low = number("99"),
        .close = number("101.000"),
        .volume = number("0.3"),
        .has_quote_volume = true,
        .has_trades = true,
        .has_taker_buy = true,
        .has_ids = true,
        .quote_volume = number("30.1234"),
        .taker_buy_volume = number("0.1"),
        .taker_buy_quote_volume = number("10.0567"),
        .trades = 3,
        .first_id = 7,
        .last_id = 9,
    };
}

/* ---- the outcome ----------------------------------------------------------------------------- */

#define SEEN_MAX 8
struct seen {
    size_t count;
    struct kline_verdict verdicts[SEEN_MAX];
};

static void see(const struct kline_verdict *verdict, void *arg)
{
    struct seen *seen = arg;
    if (seen->count < SEEN_MAX) {
        seen->verdicts[seen->count] = *verdict;
    }
    seen->count++;
}

static struct kline_compare *new_compare(struct seen *seen)
{
    const struct kline_compare_options options = {.bars = &minute,
                                                  .bar_count = 1,
                                                  .from_ns = INT64_MIN,
                                                  .to_ns = INT64_MAX,
                                                  .verdict = see,
                                                  .arg = seen};
    struct kline_compare *compare;
    memset(seen, 0, sizeof *seen);
    assert_ok(kline_compare_new(&compare, &options));
    return compare;
}

static void kline_in(struct kline_compare *compare, struct venue_kline kline)
{
    assert_ok(kline_compare_kline(compare, "venue", &kline, KLINE_NO_TIME));
}

static void candle_in(struct kline_compare *compare, struct candle candle)
{
    assert_ok(kline_compare_candle(compare, &candle));
}

/* One window between two others that we have, so that it lies inside. */
static struct kline_verdict judge_said(const struct candle *candle, const struct venue_kline *kline,
                                       int64_t said_ns, bool lost_late)
{
    struct seen seen;
    struct kline_compare *compare = new_compare(&seen);
    candle_in(compare, our_candle(-1));
    candle_in(compare, our_candle(1));
    if (candle) {
        candle_in(compare, *candle);
    }
    assert_ok(kline_compare_kline(compare, "venue", kline, said_ns));
    kline_compare_end(compare, lost_late);
    assert_int_equal(seen.count, 1);
    const struct kline_counts *counts = kline_compare_counts(compare);
    assert_int_equal(counts->equal + counts->differs + counts->explained, counts->compared);
    assert_int_equal(counts->compared + counts->not_covered, 1);
    assert_string_equal(seen.verdicts[0].venue, "venue");
    assert_string_equal(seen.verdicts[0].instrument, "BTC-USDT");
    assert_string_equal(seen.verdicts[0].symbol, "BTCUSDT");
    kline_compare_free(compare);
    return seen.verdicts[0];
}

static struct kline_verdict judge(const struct candle *candle, const struct venue_kline *kline)
{
    return judge_said(candle, kline, KLINE_NO_TIME, false);
}

static void assert_outcome(const struct kline_verdict *verdict, enum kline_outcome outcome,
                           enum kline_reason reason)
{
    assert_string_equal(kline_outcome_name(verdict->outcome), kline_outcome_name(outcome));
    assert_string_equal(kline_reason_text(verdict->reason), kline_reason_text(reason));
}

/* ---- equal ----------------------------------------------------------------------------------- */

static void equal_values_are_equal(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    struct kline_verdict verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EQUAL, KLINE_REASON_NONE);
    assert_int_equal(verdict.notes, 0);
    assert_int_equal(verdict.open_ns, T0);
}

static void cut_money_is_equal_and_says_so(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    kline.quote_volume = number("30.12"); /* of 30.1234 */
    struct kline_verdict verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EQUAL, KLINE_REASON_NONE);
    assert_int_equal(verdict.notes, KLINE_NOTE_CUT);
    kline.taker_buy_quote_volume = number("10.06"); /* of 10.0567: rounded, not cut */
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_DIFFERS, KLINE_REASON_NONE);
    assert_int_equal(verdict.difference_count, 1);
    assert_string_equal(verdict.differences[0].field, "taker_buy_quote_volume");
    assert_string_equal(verdict.differences[0].ours, "10.0567");
    assert_string_equal(verdict.differences[0].theirs, "10.06");
}

static void an_average_may_be_rounded(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    kline.has_vwap = true;
    static const struct {
        const char *vwap;
        bool equal;
    } cases[] = {
        {"100.411333", true}, {"100.4", true},  {"100.5", true},   {"100.41", true},
        {"100.42", true},     {"100.6", false}, {"100.43", false}, {"100.3", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kline.vwap = number(cases[i].vwap);
        struct kline_verdict verdict = judge(&candle, &kline);
        assert_int_equal(verdict.outcome, cases[i].equal ? KLINE_EQUAL : KLINE_DIFFERS);
    }
}

/* Contracts: price times quantity is no money, whatever the venue puts there. */
static void contracts_have_no_money(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    candle.volume_unit = VOLUME_CONTRACT;
    kline.quote_volume = number("5");
    kline.taker_buy_quote_volume = number("5");
    kline.has_vwap = true;
    kline.vwap = number("5");
    struct kline_verdict verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EQUAL, KLINE_REASON_NONE);
}

static void a_quiet_minute_is_equal(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    kline.volume = number("0.000");
    kline.trades = 0;
    kline.has_ids = false;
    struct kline_verdict verdict = judge(NULL, &kline);
    assert_outcome(&verdict, KLINE_EQUAL, KLINE_REASON_NONE);
    assert_int_equal(verdict.notes, KLINE_NOTE_QUIET);
    candle.trades = 0;
    candle.volume = number("0");
    candle.flags = CANDLE_CARRIED;
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EQUAL, KLINE_REASON_NONE);
    assert_int_equal(verdict.notes, KLINE_NOTE_QUIET);
    /* The venue saw trades that we did not. */
    kline = their_kline(0);
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_DIFFERS, KLINE_REASON_NONE);
    candle.flags |= CANDLE_DISCONNECTED | CANDLE_NO_DATA;
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EXPLAINED, KLINE_REASON_DISCONNECTED);
    verdict = judge(NULL, &kline);
    assert_outcome(&verdict, KLINE_DIFFERS, KLINE_REASON_NONE);
    assert_string_equal(verdict.differences[0].field, "volume");
    /* And the other way round. */
    candle = our_candle(0);
    kline.volume = number("0");
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_DIFFERS, KLINE_REASON_NONE);
}

/* ---- different ------------------------------------------------------------------------------- */

static void every_field_is_looked_at(void **state)
{
    static const char *const fields[] = {"open",         "high",   "low",
                                         "close",        "volume", "quote_volume",
                                         "trades",       "vwap",   "taker_buy_volume",
                                         "last_trade_id"};
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct candle candle = our_candle(0);
        struct venue_kline kline = their_kline(0);
        kline.has_vwap = true;
        kline.vwap = number("100.411333");
        struct decimal *const values[] = {&kline.open,  &kline.high,   &kline.low,
                                          &kline.close, &kline.volume, &kline.quote_volume,
                                          NULL,         &kline.vwap,   &kline.taker_buy_volume,
                                          NULL};
        if (values[i]) {
            *values[i] = number("7.77");
        } else if (i == 6) {
            kline.trades = 4;
        } else {
            kline.last_id = 10;
        }
        struct kline_verdict verdict = judge(&candle, &kline);
        assert_int_equal(verdict.difference_count, 1);
        assert_string_equal(verdict.differences[0].field, fields[i]);
        assert_true(verdict.outcome == KLINE_DIFFERS || i == 9 || i == 6);
    }
}

static void reasons_are_told(void **state)
{
    static const struct {
        uint32_t flags;
        uint64_t missing;
        enum kline_reason reason;
    } cases[] = {
        {0, 0, KLINE_REASON_NONE},
        {CANDLE_PARTIAL | CANDLE_DISCONNECTED, 5, KLINE_REASON_PARTIAL},
        {CANDLE_DISCONNECTED | CANDLE_MISSING, 5, KLINE_REASON_DISCONNECTED},
        {CANDLE_MISSING | CANDLE_DROPPED, 5, KLINE_REASON_MISSING},
        {CANDLE_DROPPED, 0, KLINE_REASON_LOST},
        {CANDLE_MALFORMED, 0, KLINE_REASON_LOST},
        {CANDLE_OVERFLOW, 0, KLINE_REASON_OVERFLOW},
        {CANDLE_CLOCK | CANDLE_SUSPECT_PRICE, 0, KLINE_REASON_NONE}, /* explain nothing */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct candle candle = our_candle(0);
        struct venue_kline kline = their_kline(0);
        candle.flags = cases[i].flags;
        candle.missing = cases[i].missing;
        kline.volume = number("0.4");
        struct kline_verdict verdict = judge(&candle, &kline);
        assert_outcome(&verdict,
                       cases[i].reason == KLINE_REASON_NONE ? KLINE_DIFFERS : KLINE_EXPLAINED,
                       cases[i].reason);
        /* They explain a difference, and are none by themselves. */
        kline.volume = number("0.3");
        verdict = judge(&candle, &kline);
        assert_int_equal(verdict.outcome == KLINE_EQUAL, cases[i].reason != KLINE_REASON_OVERFLOW);
    }
}

static void ids_tell_the_reason(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    kline.first_id = 6;
    kline.trades = 4;
    kline.volume = number("0.4");
    struct kline_verdict verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EXPLAINED, KLINE_REASON_IDS);
    assert_int_equal(verdict.difference_count, 3);
    assert_string_equal(verdict.differences[2].field, "first_trade_id");
    assert_string_equal(verdict.differences[2].ours, "7");
    assert_string_equal(verdict.differences[2].theirs, "6");
    /* The same range, but the venue leaves one of it out. */
    kline = their_kline(0);
    kline.trades = 2;
    kline.volume = number("0.2");
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_EXPLAINED, KLINE_REASON_EXCLUDED);
    /* Neither leaves anything out: nothing explains the volume. */
    kline.trades = 3;
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_DIFFERS, KLINE_REASON_NONE);
}

static void lost_late_trades_explain_what_we_have_less(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    kline.volume = number("0.4");
    struct kline_verdict verdict = judge_said(&candle, &kline, KLINE_NO_TIME, true);
    assert_outcome(&verdict, KLINE_EXPLAINED, KLINE_REASON_LATE);
    kline.volume = number("0.2");
    verdict = judge_said(&candle, &kline, KLINE_NO_TIME, true);
    assert_outcome(&verdict, KLINE_DIFFERS, KLINE_REASON_NONE);
}

/* ---- not covered ----------------------------------------------------------------------------- */

static void what_is_not_final_is_not_compared(void **state)
{
    struct candle candle = our_candle(0);
    struct venue_kline kline = their_kline(0);
    struct seen seen;
    (void)state;
    kline.state = KLINE_FORMING;
    kline.volume = number("0.2");
    struct kline_verdict verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_NOT_COVERED, KLINE_REASON_NOT_FINAL);
    assert_int_equal(verdict.difference_count, 0);
    /* Where nothing is said it is final when a later one has come ... */
    kline.state = KLINE_UNSAID;
    verdict = judge(&candle, &kline);
    assert_outcome(&verdict, KLINE_NOT_COVERED, KLINE_REASON_NOT_FINAL);
    kline = their_kline(0);
    kline.state = KLINE_UNSAID;
    struct kline_compare *compare = new_compare(&seen);
    struct venue_kline next = their_kline(1);
    next.state = KLINE_UNSAID;
    candle_in(compare, candle);
    candle_in(compare, our_candle(1));
    kline_in(compare, kline);
    kline_in(compare, next);
    kline_compare_end(compare, false);
    assert_int_equal(seen.count, 2);
    assert_outcome(&seen.verdicts[0], KLINE_EQUAL, KLINE_REASON_NONE);
    assert_int_equal(seen.verdicts[0].notes, 0);
    /* Not final, but equal already. */
    assert_outcome(&seen.verdicts[1], KLINE_EQUAL, KLINE_REASON_NONE);
    assert_int_equal(seen.verdicts[1].notes, KLINE_NOTE_FORMING);
    kline_compare_free(compare);
}

/* Both grow; they are equal when both hold the first trade, whoever is told first. */
static void a_forming_kline_agrees_at_a_time(void **state)
{
    (void)state;
    for (int order = 0; order < 3; order++) {
        struct seen seen;
        struct kline_compare *compare = new_compare(&seen);
        struct venue_kline kline = their_kline(0);
        struct candle early = our_candle(0), late = our_candle(0);
        kline.state = KLINE_FORMING;
        early.state = late.state = CANDLE_FORMING;
        late.volume = number("0.7");
        if (order == 0) {
            kline_in(compare, kline);
        }
        candle_in(compare, early);
        if (order == 1) {
            kline_in(compare, kline);
        }
        candle_in(compare, late);
        if (order == 2) { /* too late to tell */
            kline_in(compare, kline);
        }
        kline_compare_end(compare, false);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.verdicts[0].outcome, order == 2 ? KLINE_NOT_COVERED : KLINE_EQUAL);
        assert_int_equal(seen.verdicts[0].notes, order == 2 ? 0 : KLINE_NOTE_FORMING);
        kline_compare_free(compare);
    }
}

/* ... unless it was last said before the last of our trades. */
static void a_kline_that_trades_followed_is_not_final(void **state)
{
    (void)state;
    for (int64_t said_s = 49; said_s <= 50; said_s++) {
        struct seen seen;
        struct kline_compare *compare = new_compare(&seen);
        struct venue_kline kline = their_kline(0), next = their_kline(1);
        kline.state = next.state = KLINE_UNSAID;
        kline.volume = number("0.2");      /* one trade less */
        candle_in(compare, our_candle(0)); /* its last trade is 50 s after the beginning */
        assert_ok(kline_compare_kline(compare, "venue", &kline, T0 + said_s * NS_PER_S));
        kline_in(compare, next);
        kline_compare_end(compare, false);
        assert_int_equal(seen.verdicts[0].outcome, said_s < 50 ? KLINE_NOT_COVERED : KLINE_DIFFERS);
        kline_compare_free(compare);
    }
}

static void windows_that_we_do_not_have_are_not_covered(void **state)
{
    struct seen seen;
    struct kline_compare *compare = new_compare(&seen);
    struct venue_kline kline = their_kline(0);
    struct candle forming = our_candle(3);
    (void)state;
    forming.state = CANDLE_FORMING;
    forming.volume = number("0.1");
    candle_in(compare, our_candle(1));
    candle_in(compare, forming);
    kline_in(compare, their_kline(0)); /* before our first */
    kline_in(compare, their_kline(3)); /* ours is not closed */
    kline_in(compare, their_kline(4)); /* behind our last */
    kline.size_ns = 5 * NS_PER_MIN;    /* not built, and begins within five minutes */
    kline.open_ns = T0;
    kline_in(compare, kline);
    kline.open_ns = T0 - T0 % (5 * NS_PER_MIN);
    kline_in(compare, kline);
    kline = their_kline(0);
    memcpy(kline.symbol, "OTHER", 6);
    kline_in(compare, kline);
    kline_compare_end(compare, false);
    static const enum kline_reason reasons[] = {
        KLINE_REASON_OUTSIDE,     KLINE_REASON_NOT_CLOSED, KLINE_REASON_OUTSIDE,
        KLINE_REASON_NOT_ALIGNED, KLINE_REASON_NO_BAR,     KLINE_REASON_OUTSIDE,
    };
    assert_int_equal(seen.count, 6);
    size_t found[6] = {0};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(seen.verdicts[i].outcome, KLINE_NOT_COVERED);
        for (size_t j = 0; j < 6; j++) {
            found[j] += seen.verdicts[i].reason == reasons[j];
        }
    }
    for (size_t j = 0; j < 6; j++) {
        assert_int_equal(found[j], reasons[j] == KLINE_REASON_OUTSIDE ? 3 : 1);
    }
    kline_compare_free(compare);
}

/* ---- updates and bounds ---------------------------------------------------------------------- */

static void the_last_update_counts(void **state)
{
    struct seen seen;
    struct kline_compare *compare = new_compare(&seen);
    struct candle early = our_candle(0);
    struct venue_kline kline = their_kline(0);
    (void)state;
    kline.state = KLINE_FORMING;
    kline.volume = number("0.1");
    kline_in(compare, kline);
    early.volume = number("0.1");
    candle_in(compare, early);
    kline_in(compare, their_kline(0));
    kline_in(compare, kline); /* does not take back what was final */
    early = our_candle(0);
    early.state = CANDLE_CORRECTED;
    candle_in(compare, early);
    kline_compare_end(compare, false);
    assert_int_equal(seen.count, 1);
    assert_outcome(&seen.verdicts[0], KLINE_EQUAL, KLINE_REASON_NONE);
    kline_compare_free(compare);
}

/* More windows than are kept: the oldest are judged on the way, each once, in order. */
static void old_windows_are_judged_on_the_way(void **state)
{
    struct seen seen;
    struct kline_compare *compare = new_compare(&seen);
    const int64_t windows = 5 * KLINE_COMPARE_WINDOWS_MAX;
    (void)state;
    for (int64_t i = 0; i < windows; i++) {
        candle_in(compare, our_candle(i));
        kline_in(compare, their_kline(i));
        if (i == KLINE_COMPARE_WINDOWS_MAX + 1) {
            assert_int_equal(seen.count, 2);
        }
        kline_in(compare, their_kline(0)); /* once more: judged, and not again */
    }
    kline_compare_end(compare, false);
    assert_int_equal(seen.count, windows);
    assert_int_equal(kline_compare_counts(compare)->equal, windows);
    kline_compare_free(compare);
}

static void count_market(const struct kline_market *market, void *arg)
{
    size_t *count = arg;
    assert_int_equal(market->counts.equal, *count == 0 ? 2 : 1);
    assert_string_equal(market->symbol, *count == 0 ? "BTCUSDT" : "OTHER");
    ++*count;
}

static void markets_are_counted_apart(void **state)
{
    struct seen seen;
    struct kline_compare *compare = new_compare(&seen);
    struct venue_kline kline = their_kline(0);
    struct candle candle = our_candle(0);
    size_t count = 0;
    (void)state;
    candle.venue = "without";
    candle_in(compare, candle); /* it has no klines */
    candle = our_candle(0);
    candle.venue = "composite";
    candle.symbol = "BTC-USDT";
    candle_in(compare, candle);
    candle_in(compare, our_candle(0));
    candle_in(compare, our_candle(1));
    kline_in(compare, their_kline(1)); /* in any order */
    kline_in(compare, their_kline(0));
    candle = our_candle(0);
    candle.symbol = "OTHER";
    candle_in(compare, candle);
    memcpy(kline.symbol, "OTHER", 6);
    kline_in(compare, kline);
    kline_compare_end(compare, false);
    kline_compare_each_market(compare, count_market, &count);
    assert_int_equal(count, 2);
    kline_compare_free(compare);
    kline_compare_free(NULL);
}

static void the_range_is_kept_to(void **state)
{
    struct seen seen = {0};
    const struct kline_compare_options options = {.bars = &minute,
                                                  .bar_count = 1,
                                                  .from_ns = T0 + NS_PER_MIN,
                                                  .to_ns = T0 + 3 * NS_PER_MIN,
                                                  .verdict = see,
                                                  .arg = &seen};
    struct kline_compare *compare;
    (void)state;
    assert_ok(kline_compare_new(&compare, &options));
    for (int64_t i = 0; i < 5; i++) {
        candle_in(compare, our_candle(i));
        kline_in(compare, their_kline(i));
    }
    kline_compare_end(compare, false);
    assert_int_equal(kline_compare_counts(compare)->equal, 2);
    kline_compare_free(compare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_are_equal),
        cmocka_unit_test(cut_money_is_equal_and_says_so),
        cmocka_unit_test(an_average_may_be_rounded),
        cmocka_unit_test(contracts_have_no_money),
        cmocka_unit_test(a_quiet_minute_is_equal),
        cmocka_unit_test(every_field_is_looked_at),
        cmocka_unit_test(reasons_are_told),
        cmocka_unit_test(ids_tell_the_reason),
        cmocka_unit_test(lost_late_trades_explain_what_we_have_less),
        cmocka_unit_test(what_is_not_final_is_not_compared),
        cmocka_unit_test(a_forming_kline_agrees_at_a_time),
        cmocka_unit_test(a_kline_that_trades_followed_is_not_final),
        cmocka_unit_test(windows_that_we_do_not_have_are_not_covered),
        cmocka_unit_test(the_last_update_counts),
        cmocka_unit_test(old_windows_are_judged_on_the_way),
        cmocka_unit_test(markets_are_counted_apart),
        cmocka_unit_test(the_range_is_kept_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
