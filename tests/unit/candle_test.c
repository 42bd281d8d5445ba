#include "engine/base/time_text.h"
#include "engine/candle/candle.h"
#include "engine/tape/record.h"
#include "tests/unit/unit.h"

static struct candle example(void)
{
    static const struct identity identity = {
        .mic = "BNCX",
        .operating_mic = "XOFF",
        .base_currency = "none",
        .quote_currency = "USD",
        .base_dti = "4H95J0R2X",
        .quote_dti = "unknown",
        .cfi = "XXXXXX",
    };
    static const struct contribution members[] = {
        {"binance", "BTCUSDT", CONTRIBUTION_USED, {6180040, 2}, {61800362500, 6}, {16, 3}},
        {"kraken", "XBT/USDT", CONTRIBUTION_STALE, {70000, 0}, {700001, 1}, {1, 8}},
    };
    return (struct candle){
        .venue = "binance",
        .instrument = "BTC-USDT",
        .bar = {BAR_TIME, NS_PER_MIN, 0},
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
        .malformed = 6,
        .dropped = 7,
        .suspect = 8,
        .has_connected = true,
        .connected_ppm = 983333,
        .score = 80,
        .flags = CANDLE_PARTIAL,
        .connections = {.ids = {3, 4}, .count = 2},
        .latency = {UINT64_MAX, INT64_MIN, -1, 0, 1, 1000, INT64_MAX},
        .emit = {9, 10, 11, 12, 13, 14, 15},
        .has_clock_offset = true,
        .clock_offset_ns = -1270000000,
        .identity = &identity,
        .contribution_count = 2,
        .contributions = members,
        .tape = "000102030405060708090a0b0c0d0e0f",
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
        {"volume", 'Q', "0.016"},
        {"quote_volume", 'Q', "988.80580"},
        {"trades", 'I', "2"},
        {"taker_buy_volume", 'Q', "0.006"},
        {"taker_buy_quote_volume", 'Q', "370.80180"},
        {"vwap", 'Q', "61800.362500"},
        {"volume_unit", 'T', "base"},
        {"channel", 'T', "trade"},
        {"symbol", 'T', "BTCUSDT"},
        {"connections", 'L', "3|4"},
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
        {"malformed", 'I', "6"},
        {"dropped", 'I', "7"},
        {"suspect", 'I', "8"},
        {"connected", 'P', "0.983333"},
        {"score", 'I', "80"},
        {"flags", 'F', "partial"},
        {"latency_count", 'I', "18446744073709551615"},
        {"latency_min", 'S', "-9223372036854775808"},
        {"latency_mean", 'S', "-1"},
        {"latency_p50", 'S', "0"},
        {"latency_p90", 'S', "1"},
        {"latency_p99", 'S', "1000"},
        {"latency_max", 'S', "9223372036854775807"},
        {"clock_offset", 'S', "-1270000000"},
        {"mic", 'T', "BNCX"},
        {"operating_mic", 'T', "XOFF"},
        {"base_currency", 'T', "none"},
        {"quote_currency", 'T', "USD"},
        {"base_dti", 'T', "4H95J0R2X"},
        {"quote_dti", 'T', "unknown"},
        {"cfi", 'T', "XXXXXX"},
        {"contributions", 'L',
         "binance BTCUSDT used 61800.40 61800.362500 0.016|"
         "kraken XBT/USDT stale 70000 70000.1 0.00000001"},
        {"tape", 'T', "000102030405060708090a0b0c0d0e0f"},
        {"emit_count", 'I', "9"},
        {"emit_min", 'S', "10"},
        {"emit_mean", 'S', "11"},
        {"emit_p50", 'S', "12"},
        {"emit_p90", 'S', "13"},
        {"emit_p99", 'S', "14"},
        {"emit_max", 'S', "15"},
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

static void assert_absent_from_to(const struct candle *candle, enum candle_column first,
                                  enum candle_column last)
{
    for (enum candle_column column = first; column <= last; column++)
        assert_absent(candle, column);
}

static void assert_text(const struct candle *candle, enum candle_column column, const char *want)
{
    char text[CANDLE_FIELD_MAX];
    assert_true(candle_field(candle, column, text));
    assert_string_equal(text, want);
}

static void what_was_not_measured_has_no_value(void **state)
{
    (void)state;
    struct candle candle = example();
    candle.latency.count = 0;
    candle.emit.count = 0;
    candle.has_clock_offset = candle.has_connected = false;
    candle.identity = NULL;
    candle.tape = NULL;
    candle.contribution_count = 0;
    candle.connections.count = 0;
    assert_text(&candle, COLUMN_latency_count, "0");
    assert_absent_from_to(&candle, COLUMN_latency_min, COLUMN_cfi);
    assert_absent_from_to(&candle, COLUMN_contributions, COLUMN_emit_max);
    assert_absent(&candle, COLUMN_connections);
    assert_absent(&candle, COLUMN_connected);
    candle.ungraded = true;
    assert_absent_from_to(&candle, COLUMN_malformed, COLUMN_score);
    assert_absent_from_to(&candle, COLUMN_latency_count, COLUMN_latency_max);
}

static void a_sum_that_did_not_fit_takes_all_volumes_with_it(void **state)
{
    (void)state;
    struct candle candle = example();
    candle.flags = CANDLE_OVERFLOW;
    assert_absent_from_to(&candle, COLUMN_volume, COLUMN_quote_volume);
    assert_absent_from_to(&candle, COLUMN_taker_buy_volume, COLUMN_vwap);
    assert_text(&candle, COLUMN_trades, "2");
    assert_text(&candle, COLUMN_close, "61800.40");
}

static void connections_say_that_there_are_more(void **state)
{
    (void)state;
    struct candle candle = example();
    candle.connections =
        (struct candle_connections){.ids = {0, 9, 12, UINT32_MAX}, .count = 4, .more = true};
    assert_text(&candle, COLUMN_connections, "0|9|12|4294967295+");
}

static void shares_have_six_decimals(void **state)
{
    (void)state;
    static const struct {
        uint32_t ppm;
        const char *text;
    } cases[] = {{0, "0.000000"}, {1, "0.000001"}, {999999, "0.999999"}, {CANDLE_PPM, "1.000000"}};
    struct candle candle = example();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        candle.connected_ppm = cases[i].ppm;
        assert_text(&candle, COLUMN_connected, cases[i].text);
    }
}

/* Blanks and bars stand between the parts of the list. */
static void names_cannot_break_the_list_of_members(void **state)
{
    (void)state;
    struct contribution member = {"a b", "x|y,z\n", CONTRIBUTION_UNHEALTHY, {1, 0}, {2, 0}, {3, 0}};
    struct candle candle = example();
    candle.contribution_count = 1;
    candle.contributions = &member;
    assert_text(&candle, COLUMN_contributions, "a?b x?y?z? unhealthy 1 2 3");
    member.state = CONTRIBUTION_OUTLIER;
    assert_text(&candle, COLUMN_contributions, "a?b x?y?z? outlier 1 2 3");
}

static void the_digest_has_the_columns_in_front_of_the_tape(void **state)
{
    (void)state;
    static char row[CANDLE_ROW_MAX], digest_row[CANDLE_ROW_MAX];
    struct candle candle = example();
    size_t size = candle_row(&candle, row), digest_size = candle_digest_row(&candle, digest_row);
    assert_int_equal(strlen(row), size);
    assert_int_equal(strlen(digest_row), digest_size);
    static const char behind[] = ",000102030405060708090a0b0c0d0e0f,9,10,11,12,13,14,15\n";
    assert_string_equal(row + digest_size - 1, behind);
    assert_int_equal(digest_row[digest_size - 1], '\n');
    assert_memory_equal(row, digest_row, digest_size - 1);
    int commas = 0;
    for (size_t i = 0; i < digest_size; i++)
        commas += digest_row[i] == ',';
    assert_int_equal(commas + 1, CANDLE_DIGEST_COLUMNS);
}

static void flags_and_states_are_words(void **state)
{
    (void)state;
    /* The order of docs/candles.md. */
    static const char *const words[] = {
        "partial",      "carried", "disconnected", "no_data",      "missing",
        "malformed",    "dropped", "backfilled",   "suspect_time", "suspect_price",
        "suspect_size", "clock",   "overflow",     "few_venues",
    };
    static const char all[] =
        "partial|carried|disconnected|no_data|missing|malformed|dropped|backfilled|suspect_time|"
        "suspect_price|suspect_size|clock|overflow|few_venues";
    struct candle candle = example();
    char text[CANDLE_SHORT_MAX];
    assert_int_equal(CANDLE_FLAG_COUNT, sizeof words / sizeof words[0]);
    candle.flags = 0;
    assert_text(&candle, COLUMN_flags, "");
    for (int i = 0; i < CANDLE_FLAG_COUNT; i++) {
        candle.flags = UINT32_C(1) << i;
        assert_text(&candle, COLUMN_flags, words[i]);
    }
    candle.flags = UINT32_MAX; /* bits without a meaning are not shown */
    assert_text(&candle, COLUMN_flags, all);
    assert_int_equal(candle_flags_format(text, UINT32_MAX), strlen(all));
    assert_string_equal(text, all);
    assert_int_equal(candle_flags_format(text, 0), 0);
    assert_string_equal(text, "");
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
    char venue[RECORD_VENUE_MAX];
    memset(venue, 'v', sizeof venue - 1);
    venue[sizeof venue - 1] = '\0';
    const struct decimal longest = {-((int128)1 << 126) - 1, DECIMAL_SCALE_MAX};
    struct contribution members[CONTRIBUTIONS_MAX];
    for (size_t i = 0; i < CONTRIBUTIONS_MAX; i++)
        members[i] =
            (struct contribution){venue, symbol, CONTRIBUTION_UNHEALTHY, longest, longest, longest};
    candle.contributions = members;
    candle.contribution_count = CONTRIBUTIONS_MAX;
    for (int i = 0; i < CANDLE_COLUMN_COUNT; i++) {
        char text[CANDLE_FIELD_MAX];
        assert_true(candle_field(&candle, (enum candle_column)i, text));
        assert_true(strlen(text) < CANDLE_FIELD_MAX);
        assert_null(strpbrk(text, ",\"\n"));
        if (i != COLUMN_contributions) {
            assert_true(strlen(text) < CANDLE_SHORT_MAX);
            continue;
        }
        int members_seen = 1;
        for (const char *c = text; *c; c++)
            members_seen += *c == '|';
        assert_int_equal(members_seen, CONTRIBUTIONS_MAX);
    }
    static char row[CANDLE_ROW_MAX];
    assert_true(candle_row(&candle, row) < CANDLE_ROW_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_has_a_name_a_kind_and_its_text),
        cmocka_unit_test(what_means_nothing_has_no_value),
        cmocka_unit_test(what_was_not_measured_has_no_value),
        cmocka_unit_test(a_sum_that_did_not_fit_takes_all_volumes_with_it),
        cmocka_unit_test(connections_say_that_there_are_more),
        cmocka_unit_test(shares_have_six_decimals),
        cmocka_unit_test(names_cannot_break_the_list_of_members),
        cmocka_unit_test(the_digest_has_the_columns_in_front_of_the_tape),
        cmocka_unit_test(flags_and_states_are_words),
        cmocka_unit_test(the_longest_values_fit_a_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
