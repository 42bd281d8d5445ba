#include "engine/venue/json_scan.h"
#include "engine/venue/venue_fast.h"
#include "tests/unit/unit.h"

/* The text in memory that ends where the text ends. */
static struct fast open_exact(const char *text, size_t size, char **out)
{
    *out = malloc(size + 1);
    memmove(*out + 1, text, size); /* nor does it begin where words like to */
    return fast_open((const uint8_t *)*out + 1, size);
}

/* What may stand behind a value: nothing, what ends it, and enough for reads of whole words. */
static const char *const tails[] = {
    "",   "\"", "\",",      "}", ",\"m\":true}", "\",\"quantity\":\"0.02000000\",\"time\":1}",
    "e5", " ",  "\xc3\xa9",
};
#define TAILS (sizeof tails / sizeof tails[0])

/* ---- fixed text ------------------------------------------------------------------------------ */

static void a_literal_is_eaten_at_both_ends_or_left_alone(void **state)
{
    (void)state;
    static const char text[] = "{\"channel\":\"market_trades\",\"timestamp\":\"2021";
    struct fast fast = fast_open((const uint8_t *)text, sizeof text - 1);
    assert_false(FAST_EAT(&fast, "{\"channel\":\"market_tradez\""));
    assert_false(FAST_EAT_BACK(&fast, "2022"));
    assert_true(fast_left(&fast) == sizeof text - 1);
    assert_true(FAST_EAT(&fast, "{\"channel\":\"market_trades\""));
    assert_true(FAST_EAT_BACK(&fast, ":\"2021"));
    assert_true(FAST_EAT(&fast, ",\"timestamp\""));
    assert_true(fast_is_end(&fast) && fast_peek(&fast) == '\0');
    assert_false(FAST_EAT(&fast, ":"));
}

/* Every length that words of different sizes are put together for. */
static void literals_differ_wherever_one_byte_does(void **state)
{
    (void)state;
    char text[64], other[64];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('A' + i % 60);
    }
    for (size_t size = 0; size <= sizeof text; size++) {
        memcpy(other, text, sizeof text);
        assert_true(fast_same(text, other, size));
        for (size_t i = 0; i < sizeof text; i++) {
            other[i] ^= (char)0x80;
            assert_true(fast_same(text, other, size) == (i >= size));
            other[i] ^= (char)0x80;
        }
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Digits, mostly few zeros in front, perhaps a point and digits. */
static size_t make_number(char *out, uint64_t *random, bool point)
{
    uint64_t drawn = unit_random(random);
    size_t whole = drawn % 23, fraction = point ? drawn / 32 % 23 : 0, size = 0;
    for (size_t i = 0; i < whole; i++) {
        out[size++] = (char)('0' + (drawn >> 60 == 0 && i < 2 ? 0 : unit_random(random) % 10));
    }
    if (point && drawn >> 59 & 3) {
        out[size++] = '.';
        for (size_t i = 0; i < fraction; i++) {
            out[size++] = (char)('0' + (drawn >> 50 & 1 ? 0 : unit_random(random) % 10));
        }
    }
    return size;
}

/* At least one digit on each side of the point, and no more than fit. */
static bool is_plain_decimal(const char *text, size_t size)
{
    const char *point = memchr(text, '.', size);
    size_t whole = point ? (size_t)(point - text) : size;
    return whole > 0 && size - (point ? 1 : 0) <= FAST_DIGITS_MAX && (!point || whole + 1 < size);
}

static void check_decimal(const char *text, size_t size, size_t tail)
{
    char bytes[128], *memory;
    size_t all = size + strlen(tails[tail]);
    struct decimal read = DECIMAL_ZERO, wanted, number;
    memcpy(bytes, text, size);
    memcpy(bytes + size, tails[tail], all - size);
    struct fast fast = open_exact(bytes, all, &memory), again = fast;
    const char *first = fast.at;
    bool fine = fast_decimal(&fast, &read);
    assert_true(fine == is_plain_decimal(text, size));
    bool zeros = size > 1 && text[0] == '0' && text[1] != '.';
    assert_true(fast_number(&again, &number) == (fine && !zeros));
    if (fine) {
        assert_true(fast.at == first + size);
        assert_ok(decimal_parse(&wanted, text, size));
        assert_true(read.mantissa == wanted.mantissa && read.scale == wanted.scale);
    }
    free(memory);
}

static void decimals_are_read_as_decimal_parse_reads_them(void **state)
{
    (void)state;
    uint64_t random = 1;
    char text[64];
    for (int i = 0; i < 60000; i++) {
        size_t size = make_number(text, &random, true);
        check_decimal(text, size, (size_t)i % TAILS);
    }
    static const char *const texts[] = {"0",
                                        "0.0",
                                        "00.50",
                                        "12345678",
                                        "12345678.12345678",
                                        "1.123456789",
                                        "123456789.1",
                                        "9999999999999999999",
                                        "0.9999999999999999999",
                                        "61837.63000000"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t tail = 0; tail < TAILS; tail++) {
            check_decimal(texts[i], strlen(texts[i]), tail);
        }
    }
}

static void no_sign_exponent_or_naked_point_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"-1.5", "+1", ".5", "5.",  "5.\"",
                                        "",     "\"", "x",  "1e5", "1.5E-7"};
    struct decimal number;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *memory;
        struct fast fast = open_exact(texts[i], strlen(texts[i]), &memory);
        assert_false(fast_decimal(&fast, &number) && FAST_EAT(&fast, "\""));
        free(memory);
    }
}

static void whole_numbers_are_read_as_json_scan_reads_them(void **state)
{
    (void)state;
    uint64_t random = 2;
    char text[128], *memory;
    for (int i = 0; i < 60000; i++) {
        uint64_t digits = 0, number = 0, wanted = 0;
        size_t size = make_number(text, &random, false);
        size_t tail = (size_t)i % TAILS, all = size + strlen(tails[tail]);
        memcpy(text + size, tails[tail], all - size);
        struct fast fast = open_exact(text, all, &memory), again = fast;
        const char *first = fast.at;
        bool fine = fast_digits(&fast, &digits);
        assert_true(fine == (size > 0 && size <= FAST_DIGITS_MAX));
        assert_true(fast_u64(&again, &number) == (fine && (text[0] != '0' || size == 1)));
        if (fine) {
            assert_true(json_scan_u64((struct json_span){SPAN_STRING, false, text, size}, &wanted));
            assert_true(digits == wanted && fast.at == first + size);
        }
        free(memory);
    }
}

/* ---- times ----------------------------------------------------------------------------------- */

/* As a number in the middle of a frame, and as its last bytes. */
static bool read_epoch(const char *text, int64_t *out_ns)
{
    char bytes[64], *memory;
    int64_t at_end_ns = 0;
    snprintf(bytes, sizeof bytes, "%s,\"m\":true}}", text);
    struct fast fast = open_exact(bytes, strlen(bytes), &memory);
    struct fast end = {fast.at, fast.at + strlen(text)};
    bool fine = fast_epoch(&fast, out_ns);
    assert_true(fine == fast_epoch(&end, &at_end_ns));
    assert_true(!fine || (*out_ns == at_end_ns && fast_is_end(&end) && fast_peek(&fast) == ','));
    free(memory);
    return fine;
}

static void epochs_are_ms_or_us_by_their_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns; /* 0: not read */
    } times[] = {
        {"1723161255342", INT64_C(1723161255342000000)},
        {"1723161255342001", INT64_C(1723161255342001000)},
        {"1", 1000000},
        {"9223372036854", INT64_C(9223372036854000000)},
        {"9223372036855", 0},
        {"99999999999999", 0},
        {"100000000000000", INT64_C(100000000000000000)},
        {"9223372036854775", INT64_C(9223372036854775000)},
        {"9223372036854776", 0},
        {"0", 0},
        {"0723161255342", 0},
        {"-1", 0},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t ns = 0;
        assert_true(read_epoch(times[i].text, &ns) == (times[i].ns != 0));
        assert_true(times[i].ns == 0 || ns == times[i].ns);
    }
}

static void check_time(const char *text, bool expected)
{
    char *memory;
    size_t size = strlen(text);
    int64_t ns = 0, wanted_ns = 0;
    struct fast fast = open_exact(text, size, &memory);
    bool fine = fast_rfc3339(&fast, &ns) && fast_is_end(&fast);
    if (fine != expected) {
        fail_msg("'%s' is %sread", text, fine ? "" : "not ");
    }
    if (fine) {
        assert_ok(time_parse_rfc3339(&wanted_ns, text, size));
        assert_true(ns == wanted_ns);
    }
    free(memory);
}

static void every_day_is_read_as_time_text_reads_it(void **state)
{
    (void)state;
    uint64_t random = 3;
    char text[64];
    for (int64_t day = 0; day < 47482; day++) { /* to the end of 2099 */
        uint64_t drawn = unit_random(&random);
        int64_t ns = day * NS_PER_DAY + (int64_t)(drawn % (uint64_t)NS_PER_DAY);
        ns -= ns % (drawn >> 61 == 0 ? NS_PER_S : drawn >> 61 < 4 ? NS_PER_MS : NS_PER_US);
        if (ns > 0) {
            time_format(text, ns);
            check_time(text, true);
        }
    }
    /* Days that there are not. */
    for (int month = 0; month <= 99; month++) {
        for (int date = 0; date <= 32; date++) {
            for (int year = 2019; year <= 2020; year++) {
                int64_t ns = 0;
                snprintf(text, sizeof text, "%04d-%02d-%02dT23:59:59Z", year, month, date);
                check_time(text, time_parse_rfc3339(&ns, text, strlen(text)) == ERR_OK);
            }
        }
    }
}

static void fractions_have_one_to_nine_digits(void **state)
{
    (void)state;
    char text[64];
    for (int digits = 0; digits <= 12; digits++) {
        snprintf(text, sizeof text, "2025-12-31T06:00:12.%.*sZ", digits, "516946132789");
        check_time(text, digits >= 1 && digits <= 9);
    }
}

static void times_of_other_forms_are_not_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00.000000Z",
        "1969-12-31T23:59:59Z",
        "2021-04-17t16:43:37Z",
        "2021-04-17 16:43:37Z",
        "2021-04-17T16:43:37z",
        "2021-04-17T16:43:37+00:00",
        "2021-04-17T24:43:37Z",
        "2021-04-17T16:60:37Z",
        "2021-04-17T16:43:60Z",
        "2021-04-17T16:43:37",
        "2021-04-17T16:43:3Z",
        "2021-04-17T16-43:37Z",
        "2021-04-17T16:43-37Z",
        "2021/04/17T16:43:37Z",
        "2x21-04-17T16:43:37Z",
        "2021-04-17T16:43:37.Z",
        "2100-01-01T00:00:00Z",
        "2021-04-17T16:43:\2637Z",
        "",
        "2021-04-17",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_time(texts[i], false);
    }
}

static void seconds_are_read_as_time_text_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fine;
    } times[] = {
        {"1618678150.826417", true},
        {"1618678150", true},
        {"0.5", true},
        {"9223372035.999999999", true},
        {"9223372036.1", false},
        {"0", false},
        {"0.0", false},
        {"1618678150.", false},
        {"1618678150.1234567890", false},
        {"-1", false},
        {"", false},
        {"1e5", false},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char *memory;
        int64_t ns = 0, wanted_ns = 0;
        size_t size = strlen(times[i].text);
        struct fast fast = open_exact(times[i].text, size, &memory);
        assert_true((fast_seconds(&fast, &ns) && fast_is_end(&fast)) == times[i].fine);
        if (times[i].fine) {
            assert_ok(time_parse_seconds(&wanted_ns, times[i].text, size));
            assert_true(ns == wanted_ns);
        }
        free(memory);
    }
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Each byte at each place, with and without enough behind it for whole words. */
static void each_byte_that_is_not_plain_ends_a_string(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 20; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[48], name[24], *memory;
                memset(text, 'B', sizeof text);
                text[at] = (char)byte;
                text[size] = '"';
                size_t all = size + 1 + (byte % 2 ? 16 : 0);
                bool plain = is_plain((unsigned char)byte);
                struct fast fast = open_exact(text, all, &memory), copy = fast, large = fast;
                bool ended = fast_skip_string(&fast);
                assert_true(ended == (plain || byte == '"'));
                assert_true(!ended || fast.at == memory + 1 + (plain ? size : at));
                bool copied = FAST_NAME(&copy, name);
                assert_true(copied == (plain || (byte == '"' && at > 0)));
                assert_true(!copied || strlen(name) == (plain ? size : at));
                assert_true(!copied || memcmp(name, text, strlen(name)) == 0);
                bool small = byte >= 'a' && byte <= 'z';
                assert_true(FAST_NAME_CAPITAL(&large, name) == (copied && !small));
                free(memory);
            }
        }
    }
}

static void names_must_fit(void **state)
{
    (void)state;
    char text[80], name[24], *memory;
    for (size_t size = 0; size < 40; size++) {
        for (size_t behind = 0; behind <= 16; behind += 8) {
            memset(text, 'n', sizeof text);
            text[size] = '"';
            memset(name, 'x', sizeof name);
            struct fast fast = open_exact(text, size + 1 + behind, &memory);
            assert_true(FAST_NAME(&fast, name) == (size > 0 && size < sizeof name));
            assert_true(size == 0 || size >= sizeof name || strlen(name) == size);
            free(memory);
        }
    }
}

static void flat_is_what_has_no_brackets_and_few_letters(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 20; size++) {
        for (size_t at = 0; at < size; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                char text[24], *memory;
                memset(text, '1', sizeof text);
                text[at] = (char)byte;
                unsigned small = byte | 0x20;
                bool flat = byte < 0x80 && !(small >= 'c' && small <= '}');
                struct fast fast = open_exact(text, size, &memory);
                assert_true(fast_is_flat(&fast) == flat);
                free(memory);
            }
        }
    }
}

static void scalars_are_stepped_over(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int size; /* 0: not */
    } values[] = {
        {"\"abc\",", 5}, {"true}", 4},     {"false", 5}, {"null,", 4}, {"12.50,", 5},
        {"-3]", 2},      {"0", 1},         {"\"\"", 2},  {"[1]", 0},   {"{\"a\":1}", 0},
        {"tru", 0},      {"\"a\\\"\"", 0}, {"\"a", 0},   {"01", 0},    {"-", 0},
        {"", 0},         {"5.", 0},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *memory;
        struct fast fast = open_exact(values[i].text, strlen(values[i].text), &memory);
        bool fine = fast_skip_scalar(&fast);
        assert_true(fine == (values[i].size > 0));
        assert_true(!fine || fast.at == memory + 1 + values[i].size);
        free(memory);
    }
}

/* ---- the frame ------------------------------------------------------------------------------- */

static void trades_begin_empty_and_end_in_order(void **state)
{
    (void)state;
    struct venue_frame frame;
    venue_frame_init(&frame);
    for (int round = 0; round < 2; round++) {
        venue_frame_clear(&frame);
        for (uint64_t i = 0; i < 40; i++) {
            static const struct trade empty;
            struct trade *trade = fast_trade(&frame);
            assert_non_null(trade);
            if (trade ==
                NULL) { /* the compiler does not know that assert_non_null() ends the test */
                return;
            }
            assert_memory_equal(trade, &empty, sizeof empty);
            memset(trade, 0xff, sizeof *trade);
            memcpy(trade->symbol, "BTC-USD", sizeof "BTC-USD");
            trade->source_ns = 1000 - (int64_t)(i / 2); /* newest first, in pairs */
            trade->id = 100 - i;
            trade->flags = 0;
        }
        fast_finish_trades(&frame);
        assert_int_equal(frame.kind, VENUE_TRADES);
        assert_string_equal(frame.symbol, "BTC-USD");
        assert_int_equal(frame.source_ns, 1000);
        for (size_t i = 0; i < 40; i++) {
            assert_int_equal(frame.trades[i].id, 61 + i);
        }
    }
    venue_frame_release(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_literal_is_eaten_at_both_ends_or_left_alone),
        cmocka_unit_test(literals_differ_wherever_one_byte_does),
        cmocka_unit_test(decimals_are_read_as_decimal_parse_reads_them),
        cmocka_unit_test(no_sign_exponent_or_naked_point_is_read),
        cmocka_unit_test(whole_numbers_are_read_as_json_scan_reads_them),
        cmocka_unit_test(epochs_are_ms_or_us_by_their_digits),
        cmocka_unit_test(every_day_is_read_as_time_text_reads_it),
        cmocka_unit_test(fractions_have_one_to_nine_digits),
        cmocka_unit_test(times_of_other_forms_are_not_read),
        cmocka_unit_test(seconds_are_read_as_time_text_reads_them),
        cmocka_unit_test(each_byte_that_is_not_plain_ends_a_string),
        cmocka_unit_test(names_must_fit),
        cmocka_unit_test(flat_is_what_has_no_brackets_and_few_letters),
        cmocka_unit_test(scalars_are_stepped_over),
        cmocka_unit_test(trades_begin_empty_and_end_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
