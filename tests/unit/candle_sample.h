/* candle_sample: candles for the tests of the sinks. */
#ifndef REWICK_TESTS_UNIT_CANDLE_SAMPLE_H
#define REWICK_TESTS_UNIT_CANDLE_SAMPLE_H

#include "engine/base/time_text.h"
#include "engine/candle/candle.h"
#include "tests/unit/unit.h"

/* 2024-08-08T23:55:00Z */
#define SAMPLE_OPEN_NS (INT64_C(1723161300) * NS_PER_S)

static inline struct decimal sample_decimal(const char *text)
{
    struct decimal value;
    assert_ok(decimal_parse(&value, text, strlen(text)));
    return value;
}

/* A closed one-minute candle with a value in every column, though no engine would give it members.
 */
static inline struct candle candle_sample(uint64_t update)
{
    static const struct identity identity = {"BNCX",      "XOFF", "none",   "USD",
                                             "4H95J0R2X", "none", "unknown"};
    static const struct contribution members[] = {
        {"binance", "BTCUSDT", CONTRIBUTION_USED, {6184402, 2}, {618400712, 4}, {1234567, 5}},
        {"kraken", "XBT/USDT", CONTRIBUTION_OUTLIER, {70000, 0}, {700001, 1}, {1, 8}},
    };
    return (struct candle){
        .venue = "binance",
        .instrument = "BTC-USDT",
        .bar = {BAR_TIME, NS_PER_MIN, 0},
        .open_ns = SAMPLE_OPEN_NS,
        .close_ns = SAMPLE_OPEN_NS + NS_PER_MIN,
        .state = CANDLE_CLOSED,
        .open = sample_decimal("61837.63000000"),
        .high = sample_decimal("61850.00000000"),
        .low = sample_decimal("61830.10000000"),
        .close = sample_decimal("61844.02000000"),
        .volume = sample_decimal("12.34567000"),
        .quote_volume = sample_decimal("763457.1234567800000000"),
        .trades = 1234,
        .taker_buy_volume = sample_decimal("6.10000000"),
        .taker_buy_quote_volume = sample_decimal("377200.0000000000000000"),
        .vwap = sample_decimal("61840.071234567891"),
        .volume_unit = VOLUME_BASE,
        .channel = "trade",
        .symbol = "BTCUSDT",
        .has_ids = true,
        .first_trade_id = 3700000001,
        .last_trade_id = 3700001234,
        .first_trade_ns = SAMPLE_OPEN_NS + 12 * NS_PER_MS,
        .last_trade_ns = SAMPLE_OPEN_NS + NS_PER_MIN - 7 * NS_PER_MS,
        .first_seq = 17,
        .last_seq = 1250,
        .missing = 1,
        .duplicates = 2,
        .late = 3,
        .out_of_order = 4,
        .backfilled = 5,
        .malformed = 6,
        .dropped = 7,
        .suspect = 8,
        .has_connected = true,
        .connected_ppm = 983333,
        .score = 80,
        .flags = CANDLE_PARTIAL,
        .connections = {.ids = {3, 4, 9, 12}, .count = 4, .more = true},
        .latency = {1229, -1500, 2100000, 1900000, 4700000, 9100000, 12000000},
        .emit = {3, 40000, 50000, 48000, 62000, 62000, 62000},
        .has_clock_offset = true,
        .clock_offset_ns = -1270000000,
        .identity = &identity,
        .contribution_count = 2,
        .contributions = members,
        .tape = "000102030405060708090a0b0c0d0e0f",
        .update = update,
        .seq = 1251,
        .wall_ns = SAMPLE_OPEN_NS + NS_PER_MIN,
    };
}

/* Equal in every column. */
static inline void assert_candle_equal(const struct candle *a, const struct candle *b)
{
    for (enum candle_column column = 0; column < CANDLE_COLUMN_COUNT; column++) {
        char left[CANDLE_FIELD_MAX] = "", right[CANDLE_FIELD_MAX] = "";
        bool any_left = candle_field(a, column, left), any_right = candle_field(b, column, right);
        if (any_left != any_right || strcmp(left, right) != 0)
            fail_msg("%s: '%s' is not '%s'", candle_column_name(column), left, right);
    }
}

#endif
