#include "engine/identifier/currency.h"
#include "engine/identifier/dti.h"
#include "engine/identifier/identity.h"
#include "engine/identifier/mic.h"
#include "tests/unit/unit.h"

#include <ctype.h>

/* ---- the tables ------------------------------------------------------------------------------ */

static void is_date(const char *text)
{
    assert_int_equal(strlen(text), 10);
    assert_true(strncmp(text, "2026-", 5) == 0 && text[7] == '-');
}

static void every_mic_has_the_form_and_an_operator_in_the_list(void **state)
{
    (void)state;
    is_date(mic_table_date);
    assert_int_equal(mic_table_count, 2889); /* records of that release, expired ones included */
    for (size_t i = 0; i < mic_table_count; i++) {
        const struct mic *mic = &mic_table[i];
        assert_true(mic_has_form(mic->code));
        assert_true(i == 0 || strcmp(mic[-1].code, mic->code) < 0);
        assert_ptr_equal(mic_find(mic->code), mic);
        assert_non_null(mic_find(mic->operating));
    }
}

/* Rows of the registry, as people know them. */
static void known_mics_have_their_operators(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"XNYS", "XNYS"}, {"ARCX", "XNYS"}, {"XNAS", "XNAS"}, {"XNGS", "XNAS"}, {"XLON", "XLON"},
        {"XETR", "XETR"}, {"XCME", "XCME"}, {"PURE", "XCNQ"}, {"FNFX", "BGCF"}, {"GMNI", "XISX"},
        {"BNCX", "BNCX"}, {"FREX", "FREX"}, {"PESL", "PESL"}, {"PGSL", "PGSL"}, {"PGTP", "PGTP"},
        {"KRME", "KRME"}, {"CRYP", "CRYP"}, {"BESA", "BESA"}, {"BTSP", "BTSP"}, {"BUKL", "BUKL"},
        {"BUSA", "BUSA"}, {"BBVI", "BBVI"}, {"BPTE", "BPTE"}, {"BFSD", "BFSD"}, {"OKXE", "OKXE"},
        {"VAVO", "VAVO"}, {"REVX", "REVX"}, {"EDXM", "EDXM"}, {"LEDG", "LEDG"}, {"BKKT", "BKKT"},
        {"BTNL", "BTNL"}, {"XFTX", "XFTX"}, {"XOFF", "XOFF"}, {"XXXX", "XXXX"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *mic, *operating;
        assert_ok(identity_mic(rows[i][0], &mic, &operating));
        assert_string_equal(mic, rows[i][0]);
        assert_string_equal(operating, rows[i][1]);
    }
    assert_null(mic_find("XCRY"));
    assert_null(mic_find("XBIT"));
}

static void every_currency_has_the_form_a_number_and_places(void **state)
{
    (void)state;
    bool seen[1000] = {false};
    size_t places[5] = {0};
    is_date(currency_table_date);
    assert_int_equal(currency_table_count, 176);
    for (size_t i = 0; i < currency_table_count; i++) {
        const struct currency *currency = &currency_table[i];
        assert_true(currency_has_form(currency->code));
        assert_true(i == 0 || strcmp(currency[-1].code, currency->code) < 0);
        assert_ptr_equal(currency_find(currency->code), currency);
        assert_in_range(currency->number, 1, 999);
        assert_false(seen[currency->number]);
        seen[currency->number] = true;
        assert_true(currency->minor_units >= -1 && currency->minor_units <= 4);
        if (currency->minor_units >= 0)
            places[currency->minor_units]++;
    }
    /* As counted in the list itself. */
    assert_int_equal(places[0], 17);
    assert_int_equal(places[1], 0);
    assert_int_equal(places[2], 139);
    assert_int_equal(places[3], 7);
    assert_int_equal(places[4], 2);
}

static void known_currencies_have_their_numbers(void **state)
{
    (void)state;
    static const struct currency rows[] = {{"USD", 840, 2}, {"EUR", 978, 2},  {"JPY", 392, 0},
                                           {"KWD", 414, 3}, {"XAU", 959, -1}, {"XCG", 532, 2},
                                           {"ZWG", 924, 2}, {"SLE", 925, 2},  {"CLF", 990, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct currency *found = currency_find(rows[i].code);
        assert_non_null(found);
        assert_int_equal(found->number, rows[i].number);
        assert_int_equal(found->minor_units, rows[i].minor_units);
    }
    static const char *const gone[] = {"HRK", "SLL", "ZWL", "ANG", "BGN", "BTC", "XBT"};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        assert_null(currency_find(gone[i]));
}

static void every_dti_has_its_check_character(void **state)
{
    (void)state;
    is_date(dti_table_date);
    assert_true(dti_table_count >= 14);
    for (size_t i = 0; i < dti_table_count; i++) {
        const struct dti *dti = &dti_table[i];
        if (!dti_is_valid(dti->code))
            fail_msg("%s %s", dti->asset, dti->code);
        for (const char *at = dti->asset; *at; at++)
            assert_true(isupper((unsigned char)*at) || isdigit((unsigned char)*at));
        assert_ptr_equal(dti_find(dti->asset), dti);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(dti->code, dti_table[j].code);
        assert_false(currency_find(dti->asset) != NULL);
    }
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void damaged_codes_have_no_form(void **state)
{
    (void)state;
    static const char *const mics[] = {"",     "BNC",  "BNCXX",   "bncx",
                                       "BNC ", "BN-X", "BNC\xc3", "XNYS "};
    for (size_t i = 0; i < sizeof mics / sizeof mics[0]; i++)
        assert_false(mic_has_form(mics[i]));
    static const char *const currencies[] = {"", "US", "USDT", "usd", "U5D", "US ", "EUR "};
    for (size_t i = 0; i < sizeof currencies / sizeof currencies[0]; i++)
        assert_false(currency_has_form(currencies[i]));
    static const char *const dtis[] = {"",           "X9J9K872",   "X9J9K872SS", "x9j9k872s",
                                       "X9J9K872A",  "0J63Z4N32",  "4H95J0R2Y",  "X9J9K872S ",
                                       "X9J9-K872S", "4H95J0R2\n", "000000000"};
    for (size_t i = 0; i < sizeof dtis / sizeof dtis[0]; i++)
        assert_false(dti_is_valid(dtis[i]));
}

/* Other valid codes of the registry: a group, a stablecoin on a chain, a token with a known ticker,
 * and Tether on Ethereum. */
static void other_codes_of_the_registry_are_valid(void **state)
{
    (void)state;
    static const char *const codes[] = {"V15WLZJMF", "6QZ1LNC12", "ZFP9K2W9F",
                                        "1T7ZKLQPL", "2QWSBDMNC", "14CCHV9R7"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_true(dti_is_valid(codes[i]));
}

/* The check finds every single wrong character: that is what a hybrid system of ISO 7064 promises.
 */
static void one_wrong_character_is_always_found(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789BCDFGHJKLMNPQRSTVWXZ";
    for (size_t i = 0; i < dti_table_count; i++) {
        if (strcmp(dti_table[i].asset, "BTC") == 0)
            continue; /* its code is an exception to the check */
        for (size_t at = 0; at < DTI_SIZE - 1; at++)
            for (const char *other = alphabet; *other; other++) {
                char code[DTI_SIZE];
                memcpy(code, dti_table[i].code, sizeof code);
                code[at] = *other;
                assert_int_equal(dti_is_valid(code), *other == dti_table[i].code[at]);
            }
    }
}

/* Bitcoin's own code and no other with a check character that the rule does not give. */
static void bitcoin_is_the_only_exception(void **state)
{
    (void)state;
    assert_true(dti_is_valid("4H95J0R2X"));
    assert_true(dti_is_valid("4H95J0R2T"));
    assert_false(dti_is_valid("4H95J0R2W"));
    assert_false(dti_is_valid("4H95J0R3X"));
}

/* ---- what a market gets ---------------------------------------------------------------------- */

static void a_market_gets_what_is_known_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *mic;
        bool has_none;
        const char *base, *quote;
        struct identity expected;
    } rows[] = {
        {NULL, false, "BTC", "USD", {"unknown", "unknown", "none", "USD", "4H95J0R2X", "none", ""}},
        {NULL, true, "BTC", "USDT", {"none", "none", "none", "none", "4H95J0R2X", "unknown", ""}},
        {"PESL", false, "ETH", "EUR", {"PESL", "PESL", "none", "EUR", "X9J9K872S", "none", ""}},
        {"XNGS", true, "EUR", "USD", {"XNGS", "XNAS", "EUR", "USD", "none", "none", ""}},
        {NULL, true, "", "", {"none", "none", "unknown", "unknown", "unknown", "unknown", ""}},
        {NULL, true, "PEPE", "BTC", {"none", "none", "none", "none", "unknown", "4H95J0R2X", ""}},
        {NULL, true, "XAU", "JPY", {"none", "none", "XAU", "JPY", "none", "none", ""}},
        /* Mantle or tugrik: nobody can tell by the code. */
        {NULL, true, "MNT", "KRW", {"none", "none", "unknown", "KRW", "unknown", "none", ""}},
        /* ISO 4217 lists it for tests: it is no money. */
        {NULL, true, "XTS", "XTS", {"none", "none", "none", "none", "unknown", "unknown", ""}},
        {NULL, true, "USDC", "XBT", {"none", "none", "none", "none", "unknown", "unknown", ""}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct identity found;
        const struct identity *expected = &rows[i].expected;
        identity_find(&found, rows[i].mic, rows[i].has_none, rows[i].base, rows[i].quote);
        assert_string_equal(found.mic, expected->mic);
        assert_string_equal(found.operating_mic, expected->operating_mic);
        assert_string_equal(found.base_currency, expected->base_currency);
        assert_string_equal(found.quote_currency, expected->quote_currency);
        assert_string_equal(found.base_dti, expected->base_dti);
        assert_string_equal(found.quote_dti, expected->quote_dti);
        assert_string_equal(found.cfi, "unknown");
    }
}

static void wrong_mics_say_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"bncx", "'bncx' is no MIC; give four capital letters or digits"},
        {"", "'' is no MIC"},
        {"XCRY", "MIC 'XCRY' is not in the ISO 10383 list of 2026-"},
        {"AN MIC THAT IS MUCH TOO LONG TO BE QUOTED IN FULL", "'AN MIC THAT"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *mic = "untouched", *operating = "untouched";
        assert_err(ERR_UNKNOWN, identity_mic(rows[i].text, &mic, &operating));
        assert_non_null(strstr(err_text(ERR_UNKNOWN), rows[i].says));
        assert_string_equal(mic, "untouched");
        assert_string_equal(operating, "untouched");
        assert_true(strlen(err_text(ERR_UNKNOWN)) < 120);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mic_has_the_form_and_an_operator_in_the_list),
        cmocka_unit_test(known_mics_have_their_operators),
        cmocka_unit_test(every_currency_has_the_form_a_number_and_places),
        cmocka_unit_test(known_currencies_have_their_numbers),
        cmocka_unit_test(every_dti_has_its_check_character),
        cmocka_unit_test(damaged_codes_have_no_form),
        cmocka_unit_test(other_codes_of_the_registry_are_valid),
        cmocka_unit_test(one_wrong_character_is_always_found),
        cmocka_unit_test(bitcoin_is_the_only_exception),
        cmocka_unit_test(a_market_gets_what_is_known_of_it),
        cmocka_unit_test(wrong_mics_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
