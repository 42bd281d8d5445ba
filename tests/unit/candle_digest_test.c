/* The digest, and the worked example of docs/candles.md. */
#include "engine/base/time_text.h"
#include "engine/candle/candle_digest.h"
#include "engine/engine.h"
#include "tests/unit/unit.h"

#define PAGE "docs/candles.md"

static struct candle_digest *digest_new(void)
{
    struct candle_digest *digest;
    assert_ok(candle_digest_new(&digest));
    return digest;
}

static void assert_digest(const struct candle_digest *digest, const char *want)
{
    char text[CANDLE_DIGEST_TEXT_MAX];
    assert_ok(candle_digest_text(digest, text));
    assert_string_equal(text, want);
}

static void without_updates_it_is_that_of_nothing(void **state)
{
    (void)state;
    struct candle_digest *digest = digest_new();
    /* FIPS 180-4: SHA-256 of the empty text. */
    assert_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    candle_digest_free(digest);
    candle_digest_free(NULL);
}

/* ---- the example ----------------------------------------------------------------------------- */

struct example {
    char *page;
    char rows[8192]; /* as the engine makes them */
    struct candle_digest *digest;
};

static void add_row(const struct candle *candle, void *arg)
{
    struct example *example = arg;
    assert_ok(candle_digest_add(example->digest, candle));
    char *to = example->rows + strlen(example->rows);
    for (int column = 0; column < CANDLE_DIGEST_COLUMNS; column++) {
        char text[CANDLE_FIELD_MAX];
        candle_field(candle, (enum candle_column)column, text);
        to += sprintf(to, "%s%s", column > 0 ? "," : "", text);
    }
    sprintf(to, "\n");
}

static void feed(struct engine *engine, uint64_t seq, enum record_type type, int64_t wall_ms,
                 const char *data)
{
    struct record record = {
        .seq = seq,
        .type = type,
        .venue = type == RECORD_RECEIVED ? "binance" : "",
        .wall_ns = wall_ms * NS_PER_MS,
        .mono_ns = wall_ms * NS_PER_MS,
        .source_ns = RECORD_NO_TIME,
        .data = (const uint8_t *)data,
        .size = strlen(data),
    };
    assert_ok(engine_feed(engine, &record));
}

/* What the page tells in words. */
static void make_example(struct example *example)
{
    const int64_t noon_ms = INT64_C(1723118400000);
    struct engine_config config;
    struct engine *engine;
    struct engine_outlet outlet = {.candle = add_row, .forming = true, .arg = example};
    engine_config_default(&config);
    assert_ok(engine_new(&engine, &config, NULL, &outlet));
    feed(engine, 1, RECORD_CONFIG, noon_ms, "{}");
    feed(engine, 2, RECORD_RECEIVED, noon_ms + 1000,
         "{\"e\":\"trade\",\"E\":1723118401001,\"s\":\"BTCUSDT\",\"t\":101,\"p\":\"61800.30\","
         "\"q\":\"0.006\",\"T\":1723118401000,\"m\":false,\"M\":true}");
    feed(engine, 3, RECORD_RECEIVED, noon_ms + 30250,
         "{\"e\":\"trade\",\"E\":1723118430251,\"s\":\"BTCUSDT\",\"t\":102,\"p\":\"61800.40\","
         "\"q\":\"0.010\",\"T\":1723118430250,\"m\":true,\"M\":true}");
    feed(engine, 4, RECORD_TICK, noon_ms + 70250, "");
    engine_free(engine);
}

static char *read_page(void)
{
    FILE *file = fopen(PAGE, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read; run the test from the root of the repository", PAGE);
    char *page = calloc(1, 65536);
    assert_non_null(page);
    assert_true(fread(page, 1, 65535, file) > 0);
    fclose(file);
    return page;
}

static void the_page_shows_a_true_example(void **state)
{
    (void)state;
    struct example example = {.page = read_page(), .digest = digest_new()};
    make_example(&example);
    char *rows = strstr(example.page, "```csv\n");
    assert_non_null(rows);
    rows += strlen("```csv\n");
    char *end = strstr(rows, "```");
    assert_non_null(end);
    char *hex = strstr(end, "\n    ");
    assert_non_null(hex);
    hex[5 + 64] = '\0';
    assert_digest(example.digest, hex + 5);
    *end = '\0';
    assert_string_equal(example.rows, rows);
    candle_digest_free(example.digest);
    free(example.page);
}

/* "cut -f1-N" of the recipe. */
static void the_page_says_how_many_columns_count(void **state)
{
    (void)state;
    char *page = read_page(), want[64];
    snprintf(want, sizeof want, "| cut -d, -f1-%d | sha256sum", (int)CANDLE_DIGEST_COLUMNS);
    assert_non_null(strstr(page, want));
    free(page);
}

/* What belongs to the place and the run is behind the columns that count. */
static void tape_and_emission_do_not_count(void **state)
{
    (void)state;
    struct candle_digest *here = digest_new(), *there = digest_new(), *other = digest_new();
    struct candle candle = {.venue = "v", .instrument = "i", .channel = "c", .symbol = "s"};
    candle.bar = (struct bar){BAR_TIME, NS_PER_S, 0};
    assert_ok(candle_digest_add(here, &candle));
    candle.tape = "00000000000000000000000000000007";
    candle.emit = (struct latency_figures){1, 2, 3, 4, 5, 6, 7};
    assert_ok(candle_digest_add(there, &candle));
    candle.score = 1;
    assert_ok(candle_digest_add(other, &candle));
    char text[CANDLE_DIGEST_TEXT_MAX], changed[CANDLE_DIGEST_TEXT_MAX];
    assert_ok(candle_digest_text(here, text));
    assert_digest(there, text);
    assert_ok(candle_digest_text(other, changed));
    assert_string_not_equal(text, changed);
    candle_digest_free(here);
    candle_digest_free(there);
    candle_digest_free(other);
}

static void the_page_names_every_column(void **state)
{
    (void)state;
    char *page = read_page();
    char *table = strstr(page, "## Columns"), *end = strstr(page, "## SQLite");
    assert_true(table != NULL && end != NULL);
    *end = '\0';
    for (int column = 0; column < CANDLE_COLUMN_COUNT; column++) {
        char name[64];
        snprintf(name, sizeof name, "`%s`", candle_column_name((enum candle_column)column));
        if (strstr(table, name) == NULL)
            fail_msg("%s does not explain column %s", PAGE, name);
    }
    free(page);
}

/* ---- as a hash ------------------------------------------------------------------------------- */

static struct candle sample(int i)
{
    return (struct candle){
        .venue = "binance",
        .instrument = "BTC-USDT",
        .bar = {BAR_TIME, NS_PER_S, 0},
        .open_ns = i * NS_PER_S,
        .close_ns = (i + 1) * NS_PER_S,
        .channel = "trade",
        .symbol = "BTCUSDT",
        .trades = 1,
    };
}

static void it_can_be_asked_for_at_any_time(void **state)
{
    (void)state;
    struct candle_digest *asked = digest_new(), *silent = digest_new();
    char text[CANDLE_DIGEST_TEXT_MAX], before[CANDLE_DIGEST_TEXT_MAX] = "";
    for (int i = 0; i < 1000; i++) { /* more than are gathered */
        struct candle candle = sample(i);
        assert_ok(candle_digest_add(asked, &candle));
        assert_ok(candle_digest_add(silent, &candle));
        assert_ok(candle_digest_text(asked, text));
        assert_string_not_equal(text, before);
        memcpy(before, text, sizeof before);
    }
    assert_digest(silent, text);
    candle_digest_free(asked);
    candle_digest_free(silent);
}

static void it_depends_on_order_but_not_on_what_a_run_is(void **state)
{
    (void)state;
    struct candle a = sample(1), b = sample(2), again = sample(1);
    again.update = 99;
    again.seq = 98;
    again.wall_ns = 97;
    struct candle_digest *first = digest_new(), *second = digest_new(), *third = digest_new();
    assert_ok(candle_digest_add(first, &a));
    assert_ok(candle_digest_add(first, &b));
    assert_ok(candle_digest_add(second, &again));
    assert_ok(candle_digest_add(second, &b));
    assert_ok(candle_digest_add(third, &b));
    assert_ok(candle_digest_add(third, &a));
    char text[CANDLE_DIGEST_TEXT_MAX], swapped[CANDLE_DIGEST_TEXT_MAX];
    assert_ok(candle_digest_text(first, text));
    assert_digest(second, text);
    assert_ok(candle_digest_text(third, swapped));
    assert_string_not_equal(text, swapped);
    candle_digest_free(first);
    candle_digest_free(second);
    candle_digest_free(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_updates_it_is_that_of_nothing),
        cmocka_unit_test(the_page_shows_a_true_example),
        cmocka_unit_test(the_page_says_how_many_columns_count),
        cmocka_unit_test(tape_and_emission_do_not_count),
        cmocka_unit_test(the_page_names_every_column),
        cmocka_unit_test(it_can_be_asked_for_at_any_time),
        cmocka_unit_test(it_depends_on_order_but_not_on_what_a_run_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
