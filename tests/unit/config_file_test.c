#include "recorder/config_file.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define FILE_NAME "config_file_test.json"

/* One option of every kind, and those that "venues" stands for. */
struct target {
    const char *out;
    struct option_list bars;
    int64_t sync_ms, keep_age_ns;
    bool quiet;
    struct record_wish_options wish;
};

static struct target target;
static struct config_file file;
static char folder[] = "/tmp/rewick-config-XXXXXX";

static const struct command command = {
    .name = "record", .operands = "TAPE", .operands_min = 1, .operands_max = 1};

static enum err apply(const char *text)
{
    const struct option options[] = {
        {"config", "FILE", "", OPTION_STRING, NULL, 0, 0},
        {"out", "TAPE", "", OPTION_STRING, &target.out, 0, 0},
        {"venue", "V", "", OPTION_LIST, &target.wish.venues, 0, 0},
        {"channel", "C", "", OPTION_LIST, &target.wish.channels, 0, 0},
        {"bar", "BAR", "", OPTION_LIST, &target.bars, 0, 0},
        {"sync-ms", "N", "", OPTION_INTEGER, &target.sync_ms, 1, 600000},
        {"keep-age", "DURATION", "", OPTION_DURATION, &target.keep_age_ns, 1, INT64_MAX},
        {"no-candles", NULL, "", OPTION_FLAG, &target.quiet, 0, 0},
        {0},
    };
    FILE *out = fopen(FILE_NAME, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
    assert_int_equal(fclose(out), 0);
    target = (struct target){0};
    config_file_release(&file);
    return config_file_apply(&file, FILE_NAME, &command, options, &target.wish);
}

/* Paths in messages are then the same wherever the test runs. */
static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    config_file_release(&file);
    return unlink(FILE_NAME) == 0 && chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void assert_list(const struct option_list *list, const char *const *items)
{
    size_t count = 0;
    for (; items[count]; count++) {
        assert_true(count < list->count);
        assert_string_equal(list->items[count], items[count]);
    }
    assert_int_equal(list->count, count);
}

#define assert_items(list, ...) assert_list(list, (const char *const[]){__VA_ARGS__, NULL})

/* ---- what is said goes to its target --------------------------------------------------------- */

static void keys_are_options(void **state)
{
    (void)state;
    assert_ok(apply("{\"out\":\"a b.tape\",\"bar\":[\"1s\",\"1m\"],\"sync_ms\":250,"
                    "\"keep_age\":\"30d\",\"no_candles\":true}"));
    assert_string_equal(target.out, "a b.tape");
    assert_items(&target.bars, "1s", "1m");
    assert_int_equal(target.sync_ms, 250);
    assert_int_equal(target.keep_age_ns, INT64_C(30) * 86400 * 1000000000);
    assert_true(target.quiet);
}

static void a_list_may_be_one_text_and_a_flag_may_be_false(void **state)
{
    (void)state;
    assert_ok(apply("{\"bar\":\"1s,1m\",\"no_candles\":false}"));
    assert_items(&target.bars, "1s,1m");
    assert_false(target.quiet);
}

/* A text may look like anything: it is a value, never an option or an operand. */
static void values_are_values(void **state)
{
    (void)state;
    assert_ok(apply("{\"out\":\"--help\",\"bar\":[\"--\",\"a=b\"]}"));
    assert_string_equal(target.out, "--help");
    assert_items(&target.bars, "--", "a=b");
}

static void venues_stand_for_the_options_of_a_wish(void **state)
{
    (void)state;
    assert_ok(
        apply("{\"venues\":{\"kraken\":[\"BTC-USD\",\"ETH-USD\"],"
              "\"binance\":{\"redundant\":2,\"url\":\"wss://a:1/x\",\"rest_url\":\"https://b\","
              "\"instrument_list\":\"list.json\",\"channels\":[\"trades\",\"top\"],"
              "\"instruments\":[\"BTC-USDT\"]}}}"));
    assert_items(&target.wish.venues, "kraken:BTC-USD,ETH-USD", "binance:BTC-USDT");
    assert_items(&target.wish.channels, "binance=trades,top");
    assert_items(&target.wish.redundant, "binance=2");
    assert_items(&target.wish.urls, "binance=wss://a:1/x");
    assert_items(&target.wish.rest_urls, "binance=https://b");
    assert_items(&target.wish.lists, "binance=list.json");
}

static void an_empty_object_says_nothing(void **state)
{
    (void)state;
    assert_ok(apply("{}"));
    assert_null(target.out);
    assert_int_equal(target.wish.venues.count + target.bars.count, 0);
}

/* ---- what is wrong is said with its place ---------------------------------------------------- */

#define KNOWN "unknown key; there are venues, out, bar, sync_ms, keep_age, no_candles"

static const struct {
    const char *text, *message; /* the message without "config_file_test.json: " in front */
} wrong[] = {
    {"[]", "expected an object, {\"out\": ..., \"venues\": ...}"},
    {"{\"outt\":\"x\"}", "outt: " KNOWN},
    {"{\"sync-ms\":1}", "sync-ms: " KNOWN},
    {"{\"sync_msx\":1}", "sync_msx: " KNOWN},
    {"{\"venue\":\"kraken:BTC-USD\"}", "venue: " KNOWN},
    {"{\"channel\":\"top\"}", "channel: " KNOWN},
    {"{\"config\":\"x\"}", "config: " KNOWN},
    {"{\"out\":7}", "out: expected a text, found 7"},
    {"{\"out\":\"\"}", "out: expected a text, found \"\""},
    {"{\"out\":null}", "out: expected a text, found null"},
    {"{\"bar\":{}}", "bar: expected a text or a list of texts, found {}"},
    {"{\"bar\":[\"1s\",60]}", "bar[1]: expected a text, found 60"},
    {"{\"sync_ms\":\"5\"}", "sync_ms: expected a whole number, found \"5\""},
    {"{\"sync_ms\":1.5}", "sync_ms: expected a whole number, found 1.5"},
    {"{\"sync_ms\":0}", "sync_ms: '--sync-ms 0' is not a whole number from 1 to 600000"},
    {"{\"keep_age\":30}", "keep_age: expected a duration such as \"30s\", found 30"},
    {"{\"no_candles\":1}", "no_candles: expected true or false, found 1"},
    {"{\"venues\":[]}", "venues: expected an object with a member per venue, found []"},
    {"{\"venues\":{\"kraken\":\"BTC-USD\"}}",
     "venues.kraken: expected a list of instruments or an object, found \"BTC-USD\""},
    {"{\"venues\":{\"kraken\":[]}}", "venues.kraken: expected a list of texts, found []"},
    {"{\"venues\":{\"kraken\":[1]}}", "venues.kraken[0]: expected a name, found 1"},
    {"{\"venues\":{\"kraken\":[\"A-B\",\"C-D,E-F\"]}}",
     "venues.kraken[1]: expected a name, found \"C-D,E-F\""},
    {"{\"venues\":{\"kraken\":[\"\"]}}", "venues.kraken[0]: expected a name, found \"\""},
    {"{\"venues\":{\"kraken\":{}}}",
     "venues.kraken.instruments: expected a list of texts, found nothing"},
    {"{\"venues\":{\"kraken\":{\"instruments\":\"A-B\"}}}",
     "venues.kraken.instruments: expected a list of texts, found \"A-B\""},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"instrument\":[]}}}",
     "venues.kraken.instrument: unknown key; a venue has instruments, channels, redundant, url, "
     "rest_url and instrument_list"},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"channels\":\"top\"}}}",
     "venues.kraken.channels: expected a list of texts, found \"top\""},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"redundant\":5}}}",
     "venues.kraken.redundant: expected a number from 1 to 4, found 5"},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"redundant\":\"2\"}}}",
     "venues.kraken.redundant: expected a number from 1 to 4, found \"2\""},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"url\":1}}}",
     "venues.kraken.url: expected a text, found 1"},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"rest_url\":\"\"}}}",
     "venues.kraken.rest_url: expected a text, found \"\""},
    {"{\"venues\":{\"kraken\":{\"instruments\":[\"A-B\"],\"instrument_list\":[]}}}",
     "venues.kraken.instrument_list: expected a text, found []"},
    {"{\"out\":\"a\",\"out\":\"b\"}", "line 1, column 16: duplicate object key near '\"out\"'"},
    {"{\"out\":\n\"a\",}", "line 2, column 5: string or '}' expected near '}'"},
    {"{\"venues\":{\"a:b\":[\"A-B\"]}}", "venues.a:b: expected the name of a venue as the key"},
    {"{\"venues\":{\"a=b\":[\"A-B\"]}}", "venues.a=b: expected the name of a venue as the key"},
    {"{\"venues\":{\"\":[\"A-B\"]}}", "venues.: expected the name of a venue as the key"},
};

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char message[ERR_TEXT_MAX];
        snprintf(message, sizeof message, FILE_NAME ": %s", wrong[i].message);
        enum err err = apply(wrong[i].text);
        if (err != ERR_USAGE)
            fail_msg("%s is %s", wrong[i].text, err_name(err));
        assert_string_equal(err_text(err), message);
    }
}

/* A value of an option's own form is judged by the option. */
static void a_wrong_duration_names_file_and_key(void **state)
{
    (void)state;
    enum err err = apply("{\"keep_age\":\"soon\"}");
    assert_int_not_equal(err, ERR_OK);
    assert_int_equal(err_exit_status(err), 2);
    assert_non_null(strstr(err_text(err), FILE_NAME ": keep_age: --keep-age: "));
    assert_non_null(strstr(err_text(err), "soon"));
}

static void long_values_are_cut_in_messages(void **state)
{
    char text[512] = "{\"sync_ms\":\"", zeros[401];
    (void)state;
    memset(zeros, '0', sizeof zeros - 1);
    zeros[sizeof zeros - 1] = '\0';
    strcat(strcat(text, zeros), "\"}");
    assert_err(ERR_USAGE, apply(text));
    assert_true(strlen(err_text(ERR_USAGE)) < 160);
}

/* A key of any length is cut, not overrun. */
static void long_keys_are_cut_in_messages(void **state)
{
    static char text[4096], key[3001];
    (void)state;
    memset(key, 'k', sizeof key - 1);
    snprintf(text, sizeof text, "{\"venues\":{\"%s\":{\"instruments\":[7]}}}", key);
    assert_err(ERR_USAGE, apply(text));
    assert_non_null(strstr(err_text(ERR_USAGE), "expected a name, found 7"));
}

/* An option's list has room for 256 items; a file may not overrun it either. */
static void too_many_items_are_refused(void **state)
{
    static char text[16 * 1024];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"venues\":{");
    (void)state;
    for (int i = 0; i <= OPTION_LIST_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\"v%d\":[\"A-B\"]",
                                 i > 0 ? "," : "", i);
    snprintf(text + used, sizeof text - used, "}}");
    assert_err(ERR_USAGE, apply(text));
    assert_string_equal(err_text(ERR_USAGE), FILE_NAME ": venues.v256: more than 256 venues");
    assert_int_equal(target.wish.venues.count, OPTION_LIST_MAX);
}

static void a_missing_file_is_named(void **state)
{
    const struct option options[] = {{0}};
    struct config_file none = {0};
    struct record_wish_options wish = {0};
    (void)state;
    assert_err(ERR_MISSING, config_file_apply(&none, "absent.json", &command, options, &wish));
    assert_non_null(strstr(err_text(ERR_MISSING), "cannot read the configuration: "));
    assert_non_null(strstr(err_text(ERR_MISSING), "absent.json"));
    config_file_release(&none);
}

/* ---- the option itself ----------------------------------------------------------------------- */

static void the_file_is_found_among_the_words(void **state)
{
    static const struct {
        const char *words[4], *file;
    } cases[] = {
        {{"--out", "x"}, NULL},
        {{"--config", "a.json"}, "a.json"},
        {{"--out", "x", "--config=b.json"}, "b.json"},
        {{"--config", "a.json", "--config=b.json"}, "b.json"},
        {{"--config=b.json", "--config", "--config=c.json"}, "--config=c.json"},
        {{"--config"}, NULL},
        {{"--", "--config", "a.json"}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *words[4];
        int count = 0;
        for (; count < 4 && cases[i].words[count]; count++)
            words[count] = (char *)(uintptr_t)cases[i].words[count];
        const char *found = config_file_named(count, words);
        if (!cases[i].file)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_options),
        cmocka_unit_test(a_list_may_be_one_text_and_a_flag_may_be_false),
        cmocka_unit_test(values_are_values),
        cmocka_unit_test(venues_stand_for_the_options_of_a_wish),
        cmocka_unit_test(an_empty_object_says_nothing),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(a_wrong_duration_names_file_and_key),
        cmocka_unit_test(long_values_are_cut_in_messages),
        cmocka_unit_test(long_keys_are_cut_in_messages),
        cmocka_unit_test(too_many_items_are_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(the_file_is_found_among_the_words),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
