#include "engine/base/time_text.h"
#include "engine/candle/candle.h"
#include "engine/tape/record.h"
#include "tests/unit/unit.h"

static struct candle example(void)
{
    return (struct candle){
        .venue = "binance",
        .instrument = "BTC-USDT",
        .bar = {BAR_TIME, NS_PER_MIN},
        .open_ns = INT64_C(1723161300) * NS_PER_S,
        .close_ns = INT64_C(1723161360) * NS_PER_S,
        .state = CANDLE_CORRECTED,
        .revision = 2,
        .open = {6180030, 2},
        .high = {6180040, 2},
        .low = {6180030, 2},
        .close = {6180040, 2},
        .volume = {16, 3},
        .quote_volume = {98880580, 5},
        .trades = 2,
        .taker_buy_volume = {6, 3},
        .taker_buy_quote_volume = {37080180, 5},
        .vwap = {INT64_C(61800362500), 6},
        .channel = "trade",
        .symbol = "BTCUSDT",
        .has_ids = true,
        .first_trade_id = UINT64_MAX,
        .last_trade_id = 0,
        .first_trade_ns = INT64_C(1723161300) * NS_PER_S + 5,
        .last_trade_ns = INT64_C(1723161359) * NS_PER_S + 120 * NS_PER_MS,
        .first_seq = 7,
        .last_seq = 9,
        .missing = 1,
        .duplicates = 2,
        .late = 3,
        .out_of_order = 4,
        .backfilled = 5,
        .flags = CANDLE_PARTIAL,
    };
}

static void every_column_has_a_name_a_kind_and_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char kind;
        const char *text;
    } want[CANDLE_COLUMN_COUNT] = {
        {"venue", 'T', "binance"},
        {"instrument", 'T', "BTC-USDT"},
        {"bar", 'T', "1m"},
        {"open_time", 'N', "2024-08-08T23:55:00Z"},
        {"close_time", 'N', "2024-08-08T23:56:00Z"},
        {"state", 'T', "corrected"},
        {"revision", 'I', "2"},
        {"open", 'D', "61800.30"},
        {"high", 'D', "61800.40"},
        {"low", 'D', "61800.30"},
        {"close", 'D', "61800.40"},
        {"volume", 'D', "0.016"},
        {"quote_volume", 'Q', "988.80580"},
        {"trades", 'I', "2"},
        {"taker_buy_volume", 'D', "0.006"},
        {"taker_buy_quote_volume", 'Q', "370.80180"},
        {"vwap", 'Q', "61800.362500"},
        {"volume_unit", 'T', "base"},
        {"channel", 'T', "trade"},
        {"symbol", 'T', "BTCUSDT"},
        {"first_trade_id", 'I', "18446744073709551615"},
        {"last_trade_id", 'I', "0"},
        {"first_trade_time", 'N', "2024-08-08T23:55:00.000000005Z"},
        {"last_trade_time", 'N', "2024-08-08T23:55:59.120Z"},
        {"first_seq", 'I', "7"},
        {"last_seq", 'I', "9"},
        {"missing", 'I', "1"},
        {"duplicates", 'I', "2"},
        {"late", 'I', "3"},
        {"out_of_order", 'I', "4"},
        {"backfilled", 'I', "5"},
        {"flags", 'F', "partial"},
    };
    struct candle candle = example();
    for (int i = 0; i < CANDLE_COLUMN_COUNT; i++) {
        char text[CANDLE_FIELD_MAX];
        enum candle_column column = (enum candle_column)i;
        assert_string_equal(candle_column_name(column), want[i].name);
        assert_int_equal(candle_column_kind(column), want[i].kind);
        assert_true(candle_field(&candle, column, text));
        assert_string_equal(text, want[i].text);
    }
}

static void assert_absent(const struct candle *candle, enum candle_column column)
{
    char text[CANDLE_FIELD_MAX] = "x";
    assert_false(candle_field(candle, column, text));
    assert_string_equal(text, "");
}

static void what_means_nothing_has_no_value(void **state)
{
    (void)state;
    struct candle candle = example();
    candle.has_ids = false;
    assert_absent(&candle, COLUMN_first_trade_id);
    assert_absent(&candle, COLUMN_last_trade_id);
    candle = example();
    candle.volume_unit = VOLUME_CONTRACT;
    assert_absent(&candle, COLUMN_quote_volume);
    assert_absent(&candle, COLUMN_taker_buy_quote_volume);
    assert_absent(&candle, COLUMN_vwap);
    char text[CANDLE_FIELD_MAX];
    assert_true(candle_field(&candle, COLUMN_volume_unit, text));
    assert_string_equal(text, "contract");
    candle = example();
    candle.trades = 0;
    candle.first_trade_ns = candle.last_trade_ns = RECORD_NO_TIME;
    static const enum candle_column absent[] = {
        COLUMN_vwap,      COLUMN_first_trade_id,  COLUMN_last_trade_id, COLUMN_first_trade_time,
        COLUMN_first_seq, COLUMN_last_trade_time, COLUMN_last_seq};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        assert_absent(&candle, absent[i]);
}

static void flags_and_states_are_words(void **state)
{
    (void)state;
    static const char *const flags[] = {"", "partial", "carried", "partial|carried"};
    struct candle candle = example();
    char text[CANDLE_FIELD_MAX];
    for (uint32_t i = 0; i < 4; i++) {
        candle.flags = i;
        assert_true(candle_field(&candle, COLUMN_flags, text));
        assert_string_equal(text, flags[i]);
    }
    assert_string_equal(candle_state_name(CANDLE_FORMING), "forming");
    assert_string_equal(candle_state_name(CANDLE_CLOSED), "closed");
    assert_string_equal(candle_state_name(CANDLE_CORRECTED), "corrected");
}

static void the_longest_values_fit_a_field(void **state)
{
    (void)state;
    struct candle candle = example();
    char symbol[SYMBOL_MAX];
    memset(symbol, 'X', sizeof symbol - 1);
    symbol[sizeof symbol - 1] = '\0';
    candle.symbol = symbol;
    candle.volume = (struct decimal){(int128)1 << 126, 36};
    candle.low = (struct decimal){-1, DECIMAL_SCALE_MAX};
    candle.bar.size = BAR_SIZE_MAX - BAR_SIZE_MIN;
    candle.open_ns = INT64_MIN + 1;
    for (int i = 0; i < CANDLE_COLUMN_COUNT; i++) {
        char text[CANDLE_FIELD_MAX];
        assert_true(candle_field(&candle, (enum candle_column)i, text));
        assert_true(strlen(text) < CANDLE_FIELD_MAX);
        assert_null(strpbrk(text, ",\"\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_has_a_name_a_kind_and_its_text),
        cmocka_unit_test(what_means_nothing_has_no_value),
        cmocka_unit_test(flags_and_states_are_words),
        cmocka_unit_test(the_longest_values_fit_a_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
