#include "engine/base/decimal.h"
#include "tests/unit/unit.h"

static struct decimal parse(const char *text)
{
    struct decimal value;
    if (decimal_parse(&value, text, strlen(text)) != ERR_OK)
        fail_msg("'%s' is not a decimal", text);
    return value;
}

static void assert_text(const char *expected, struct decimal value)
{
    char text[DECIMAL_TEXT_MAX];
    size_t size = decimal_format(text, value);
    assert_int_equal(size, strlen(text));
    assert_string_equal(text, expected);
}

static void keeps_the_digits_of_the_text(void **state)
{
    (void)state;
    static const char *const same[] = {"0",          "1",
                                       "-1",         "61837.63000000",
                                       "0.00000001", "0.00000000",
                                       "40.0",       "9999999999999999999999999999",
                                       "-0.5",       "125000000000.00000000"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_text(same[i], parse(same[i]));
}

static void reads_the_odd_forms(void **state)
{
    (void)state;
    assert_text("0.0000000001", parse("1e-10"));
    assert_text("0.00000000", parse("0E-8"));
    assert_text("2000", parse("2e3"));
    assert_text("150", parse("1.5E+2"));
    assert_text("0.5", parse(".5"));
    assert_text("5", parse("5."));
    assert_text("7", parse("+007"));
    assert_text("0", parse("-0"));
    assert_text("0", parse("0e99"));
}

static void refuses_what_is_no_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    ".",    "-",     "1.2.3",   "1e", "1e+",
                                      "e5",  "0x10", "1,000", " 1",      "1 ", "NaN",
                                      "inf", "--1",  "1-1",   "0.-10000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct decimal value;
        assert_err(ERR_DAMAGED, decimal_parse(&value, bad[i], strlen(bad[i])));
    }
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const char *const big[] = {"99999999999999999999999999999", "1e28", "1e-37",
                                      "1e999999999999", "0.0000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof big / sizeof big[0]; i++) {
        struct decimal value = {42, 1};
        assert_err(ERR_RANGE, decimal_parse(&value, big[i], strlen(big[i])));
        assert_text("4.2", value);
    }
}

static void sums_take_the_larger_scale(void **state)
{
    (void)state;
    struct decimal out;
    assert_ok(decimal_add(&out, parse("0.10"), parse("0.2")));
    assert_text("0.30", out);
    assert_ok(decimal_sub(&out, parse("0.1"), parse("0.25")));
    assert_text("-0.15", out);
    assert_ok(decimal_mul(&out, parse("61800.30"), parse("0.006")));
    assert_text("370.80180", out);
}

static void overflow_is_an_error_and_changes_nothing(void **state)
{
    (void)state;
    const int128 largest = (int128)(~(uint128)0 >> 1);
    struct decimal out = parse("1.5");
    assert_err(ERR_RANGE, decimal_add(&out, (struct decimal){largest, 0}, parse("1")));
    assert_err(ERR_RANGE, decimal_sub(&out, (struct decimal){-largest - 1, 0}, parse("1")));
    assert_err(ERR_RANGE, decimal_mul(&out, (struct decimal){largest, 0}, parse("2")));
    assert_err(ERR_RANGE, decimal_add(&out, (struct decimal){largest, 0}, parse("0.1")));
    assert_err(ERR_RANGE, decimal_mul(&out, (struct decimal){1, 30}, (struct decimal){1, 7}));
    assert_err(ERR_RANGE, decimal_div(&out, parse("1"), parse("0"), 2));
    assert_err(ERR_RANGE, decimal_rescale(&out, (struct decimal){largest, 0}, 1));
    assert_text("1.5", out);
    assert_text("-170141183460469231731687303715884105728", (struct decimal){-largest - 1, 0});
}

static void compares_by_value(void **state)
{
    (void)state;
    const int128 largest = (int128)(~(uint128)0 >> 1);
    assert_int_equal(decimal_compare(parse("1.0"), parse("1.00")), 0);
    assert_int_equal(decimal_compare(parse("1.01"), parse("1.1")), -1);
    assert_int_equal(decimal_compare(parse("-1"), parse("-1.5")), 1);
    assert_int_equal(decimal_compare((struct decimal){largest, 0}, (struct decimal){1, 36}), 1);
    assert_int_equal(decimal_compare((struct decimal){-largest, 0}, (struct decimal){-1, 36}), -1);
    assert_int_equal(decimal_compare((struct decimal){1, 36}, (struct decimal){largest, 0}), -1);
}

static void division_rounds_half_to_even(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *result;
        uint8_t scale;
    } rows[] = {
        {"1", "3", "0.3333", 4}, {"2", "3", "0.6667", 4},   {"1", "8", "0.12", 2},
        {"3", "8", "0.38", 2},   {"-1", "8", "-0.12", 2},   {"-3", "8", "-0.38", 2},
        {"5", "2", "2", 0},      {"7", "2", "4", 0},        {"100.00", "4.0", "25.000", 3},
        {"0", "7", "0.00", 2},   {"0.001", "1000", "0", 0}, {"370.80180", "0.006", "61800.3000", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct decimal out;
        assert_ok(decimal_div(&out, parse(rows[i].a), parse(rows[i].b), rows[i].scale));
        assert_text(rows[i].result, out);
    }
}

/* (q * b + r) / b with 0 <= r < b must come back as q rounded by r, also where 10 * rest does not
 * fit. */
static void division_undoes_multiplication(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        int128 b = (int128)(unit_random(&seed) >> unit_below(&seed, 60)) + 1;
        int128 q = (int128)(unit_random(&seed) >> (2 + unit_below(&seed, 60)));
        int128 r = (int128)(unit_random(&seed) % (uint64_t)b);
        struct decimal out;
        int128 expected = q + (2 * r > b || (2 * r == b && (q & 1)));
        assert_ok(decimal_div(&out, (struct decimal){q * b + r, 0}, (struct decimal){b, 0}, 0));
        assert_true(out.mantissa == expected);
        /* The same quotient, with both sides blown up so far that the long way is taken. */
        int128 blow = (int128)1 << 62;
        if (b < (int128)1 << 50 && q < 1000) {
            assert_ok(decimal_div(&out, (struct decimal){(q * b + r) * blow, 0},
                                  (struct decimal){b * blow, 3}, 0));
            struct decimal small;
            assert_ok(
                decimal_div(&small, (struct decimal){q * b + r, 0}, (struct decimal){b, 3}, 0));
            assert_true(out.mantissa == small.mantissa);
        }
    }
}

static void rescaling_cuts_toward_zero(void **state)
{
    (void)state;
    struct decimal out;
    assert_ok(decimal_rescale(&out, parse("0.00112926999"), 8));
    assert_text("0.00112926", out);
    assert_ok(decimal_rescale(&out, parse("-1.29"), 1));
    assert_text("-1.2", out);
    assert_ok(decimal_rescale(&out, parse("1.5"), 4));
    assert_text("1.5000", out);
}

static void random_numbers_survive_text(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        struct decimal value = {(int128)(unit_random(&seed) >> unit_below(&seed, 64)) *
                                    (int128)(unit_below(&seed, 500000000) + 1),
                                (uint8_t)unit_below(&seed, 20)};
        if (unit_below(&seed, 2))
            value.mantissa = -value.mantissa;
        char text[DECIMAL_TEXT_MAX];
        size_t size = decimal_format(text, value);
        struct decimal back;
        assert_ok(decimal_parse(&back, text, size));
        assert_true(back.mantissa == value.mantissa && back.scale == value.scale);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_digits_of_the_text),
        cmocka_unit_test(reads_the_odd_forms),
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(sums_take_the_larger_scale),
        cmocka_unit_test(overflow_is_an_error_and_changes_nothing),
        cmocka_unit_test(compares_by_value),
        cmocka_unit_test(division_rounds_half_to_even),
        cmocka_unit_test(division_undoes_multiplication),
        cmocka_unit_test(rescaling_cuts_toward_zero),
        cmocka_unit_test(random_numbers_survive_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
