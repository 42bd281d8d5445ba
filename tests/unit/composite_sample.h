/* composite_sample: members' candles for the tests of composites. Built on candle_sample. */
#ifndef REWICK_TESTS_UNIT_COMPOSITE_SAMPLE_H
#define REWICK_TESTS_UNIT_COMPOSITE_SAMPLE_H

#include "engine/candle/composite.h"
#include "tests/unit/candle_sample.h"

#define SAMPLE_BAR ((struct bar){.kind = BAR_TIME, .size = NS_PER_MIN})

/* A closed one-minute candle of one trade in the middle of its window: flat at `price`, good in
 * every respect. */
static inline struct candle member_candle(const char *price, const char *volume)
{
    struct decimal flat = sample_decimal(price), amount = sample_decimal(volume), money;
    assert_ok(decimal_mul(&money, flat, amount));
    return (struct candle){
        .venue = "venue",
        .instrument = "BTC-USDT",
        .bar = SAMPLE_BAR,
        .open_ns = SAMPLE_OPEN_NS,
        .close_ns = SAMPLE_OPEN_NS + NS_PER_MIN,
        .state = CANDLE_CLOSED,
        .open = flat,
        .high = flat,
        .low = flat,
        .close = flat,
        .volume = amount,
        .quote_volume = money,
        .taker_buy_volume = amount,
        .taker_buy_quote_volume = money,
        .trades = 1,
        .vwap = flat,
        .first_trade_ns = SAMPLE_OPEN_NS + 30 * NS_PER_S,
        .last_trade_ns = SAMPLE_OPEN_NS + 30 * NS_PER_S,
        .first_seq = 10,
        .last_seq = 10,
        .has_connected = true,
        .connected_ppm = CANDLE_PPM,
        .score = 100,
    };
}

/* A market of which only time matters; its watermark as docs/candles.md, "When a window closes",
 * has it. */
struct sample_clock {
    int64_t clock_ns, lateness_ns;
};
struct sample_market {
    bool traded;
    int64_t newest_ns, newest_clock_ns; /* newest trade's source time, and the clock then */
    int64_t held_ns;                    /* watermark when it came: never below that again */
};

static inline int64_t sample_watermark(const void *market, void *clock)
{
    const struct sample_market *m = market;
    const struct sample_clock *now = clock;
    if (!m->traded)
        return INT64_MIN;
    int64_t passed_ns = now->clock_ns - m->newest_clock_ns;
    int64_t watermark_ns = m->newest_ns + passed_ns - now->lateness_ns;
    return watermark_ns > m->held_ns ? watermark_ns : m->held_ns;
}

static inline int64_t sample_reaches(const void *market, int64_t watermark_ns, void *clock)
{
    const struct sample_market *m = market;
    const struct sample_clock *now = clock;
    if (!m->traded)
        return INT64_MAX;
    return m->newest_clock_ns + watermark_ns + now->lateness_ns - m->newest_ns;
}

static inline void sample_trade(struct sample_market *market, struct sample_clock *clock,
                                int64_t source_ns)
{
    market->held_ns = sample_watermark(market, clock);
    if (market->traded && source_ns < market->newest_ns)
        return;
    market->traded = true;
    market->newest_ns = source_ns;
    market->newest_clock_ns = clock->clock_ns;
}

static inline void assert_field(const struct candle *candle, enum candle_column column,
                                const char *expected)
{
    char text[CANDLE_FIELD_MAX];
    bool any = candle_field(candle, column, text);
    if (strcmp(any ? text : "", expected) != 0)
        fail_msg("%s is '%s', not '%s'", candle_column_name(column), any ? text : "", expected);
}

#endif
