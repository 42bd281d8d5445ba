#include "engine/engine_options.h"
#include "engine/tape/tape_writer.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define FIVE_SECONDS                                                                               \
    "{\"bars\":[\"5s\"],\"lateness_ns\":1000000,\"horizon_ns\":2000000,\"empty\":\"carry\"}"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/rewick-engine-options-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[128];
    static const char *const names[] = {"00000001.rwk.zst", "00000002.rwk.zst", "LOCK"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* A session: its configuration, then `frames` frames. */
static void write_session(const char *config, int frames)
{
    struct tape_writer *writer;
    struct tape_writer_options options = {.random = {1, 2, 3, 4}};
    assert_ok(tape_writer_open(&writer, io_posix(), folder, &options));
    struct record record = {.type = RECORD_CONFIG,
                            .venue = "",
                            .source_ns = RECORD_NO_TIME,
                            .data = (const uint8_t *)config,
                            .size = strlen(config)};
    assert_ok(tape_writer_append(writer, &record));
    record = (struct record){.type = RECORD_RECEIVED, .venue = "x", .source_ns = RECORD_NO_TIME};
    for (int i = 0; i < frames; i++)
        assert_ok(tape_writer_append(writer, &record));
    assert_ok(tape_writer_close(writer));
}

static void takes_what_the_tape_was_recorded_with(void **state)
{
    (void)state;
    struct engine_config config;
    bool found;
    write_session(FIVE_SECONDS, 1);
    assert_ok(engine_options_from_tape(&config, io_posix(), folder, false, &found));
    assert_true(found);
    assert_int_equal(config.bar_count, 1);
    assert_int_equal(config.bars[0].size, INT64_C(5000000000));
    assert_int_equal(config.lateness_ns, 1000000);
    assert_int_equal(config.horizon_ns, 2000000);
    assert_int_equal(config.empty, EMPTY_CARRY);
}

static void finds_a_recording_that_was_added_to_an_import(void **state)
{
    (void)state;
    struct engine_config config;
    bool found;
    write_session("{\"import\":{\"from\":\"tardis\"}}", 1000);
    write_session(FIVE_SECONDS, 1);
    assert_ok(engine_options_from_tape(&config, io_posix(), folder, false, &found));
    assert_true(found);
    assert_int_equal(config.bars[0].size, INT64_C(5000000000));
}

static void gives_the_defaults_where_nothing_is_said(void **state)
{
    (void)state;
    struct engine_config config, defaults;
    bool found;
    engine_config_default(&defaults);
    assert_ok(engine_options_from_tape(&config, io_posix(), "/nowhere", false, &found));
    assert_false(found);
    assert_true(engine_config_equal(&config, &defaults));
    write_session("{\"import\":{\"from\":\"tardis\"}}", 1);
    assert_ok(engine_options_from_tape(&config, io_posix(), folder, false, &found));
    assert_false(found);
    assert_true(engine_config_equal(&config, &defaults));
}

static void a_configuration_that_is_no_good_names_its_record(void **state)
{
    (void)state;
    struct engine_config config;
    bool found;
    write_session("{\"bars\":[\"0s\"]}", 1);
    assert_err(ERR_DAMAGED, engine_options_from_tape(&config, io_posix(), folder, false, &found));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "the configuration in record 1: "));
}

static void options_go_over_what_is_there(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    struct engine_options options = ENGINE_OPTIONS_NOT_SAID;
    assert_ok(engine_options_apply(&options, &config));
    assert_int_equal(config.bars[0].size, INT64_C(60000000000));
    options.bars = (struct option_list){2, {"1s,5s", "1m"}};
    options.lateness_ms = 7;
    options.horizon_ms = 8;
    options.empty = "carry";
    assert_ok(engine_options_apply(&options, &config));
    assert_int_equal(config.bar_count, 3);
    assert_int_equal(config.bars[2].size, INT64_C(60000000000));
    assert_int_equal(config.lateness_ns, 7000000);
    assert_int_equal(config.horizon_ns, 8000000);
    assert_int_equal(config.empty, EMPTY_CARRY);
}

/* What the words of a command line make of `config`. */
static enum err parse(struct engine_config *config, const char *line)
{
    static const struct command command = {.name = "x", .operands = ""};
    static char text[1024];
    struct engine_options options = ENGINE_OPTIONS_NOT_SAID;
    struct option table[ENGINE_OPTION_COUNT + 1] = {{0}};
    char *words[64];
    int count = 0, operands;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    engine_options_table(&options, table);
    enum err err = options_parse(&command, table, count, words, 0, &operands);
    return err == ERR_OK ? engine_options_apply(&options, config) : err;
}

static void every_option_reaches_its_member(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    assert_ok(parse(&config, "--bar 1000000n,50v --bar 100t,1s --lateness-ms 1 --horizon-ms 2 "
                             "--empty carry --exclude suspect --mic kraken=PGSL,binance=BNCX "
                             "--composite btc-usdt=median,*=mean --composite eth-usd "
                             "--same-quote usdt=usd,USDC=USD --composite-venues 3 "
                             "--composite-stale-ms 4 --composite-score 5 "
                             "--composite-outlier-ppm 6"));
    assert_int_equal(config.bar_count, 4);
    assert_int_equal(config.bars[0].kind, BAR_TIME);
    assert_int_equal(config.bars[3].kind, BAR_NOTIONAL);
    assert_int_equal(config.lateness_ns, 1000000);
    assert_int_equal(config.horizon_ns, 2000000);
    assert_int_equal(config.empty, EMPTY_CARRY);
    assert_true(config.exclude_suspect);
    assert_int_equal(config.mic_count, 2);
    assert_string_equal(config.mics[0].venue, "binance");
    assert_string_equal(config.mics[0].mic, "BNCX");
    assert_string_equal(config.mics[1].mic, "PGSL");
    const struct composite_config *composite = &config.composite;
    assert_int_equal(composite->rule_count, 3);
    assert_string_equal(composite->rules[0].instrument, "*");
    assert_int_equal(composite->rules[0].method, COMPOSITE_MEAN);
    assert_string_equal(composite->rules[1].instrument, "BTC-USDT");
    assert_int_equal(composite->rules[1].method, COMPOSITE_MEDIAN);
    assert_string_equal(composite->rules[2].instrument, "ETH-USD");
    assert_int_equal(composite->rules[2].method, COMPOSITE_VWAP);
    assert_int_equal(composite->quote_count, 2);
    assert_string_equal(composite->quotes[1].from, "USDT");
    assert_string_equal(composite->quotes[1].to, "USD");
    assert_int_equal(composite->venues_min, 3);
    assert_int_equal(composite->stale_ns, 4000000);
    assert_int_equal(composite->score_min, 5);
    assert_int_equal(composite->outlier_ppm, 6);
}

static void saying_nothing_keeps_what_is_there(void **state)
{
    (void)state;
    struct engine_config config, before;
    engine_config_default(&before);
    assert_ok(parse(&before, "--bar 5s --lateness-ms 0 --horizon-ms 0 --empty carry --exclude "
                             "suspect --mic kraken=PGSL --composite *=mean --same-quote A=B "
                             "--composite-venues 1 --composite-stale-ms 1 --composite-score 0 "
                             "--composite-outlier-ppm 1"));
    config = before;
    assert_ok(parse(&config, ""));
    assert_true(engine_config_equal(&config, &before));
}

static void a_list_replaces_the_one_that_is_there(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    assert_ok(
        parse(&config, "--mic kraken=PGSL --composite A-B --same-quote A=B --exclude suspect"));
    assert_ok(parse(&config, "--mic binance=BNCX --composite C-D --same-quote C=D"));
    assert_int_equal(config.mic_count, 1);
    assert_string_equal(config.mics[0].venue, "binance");
    assert_int_equal(config.composite.rule_count, 1);
    assert_string_equal(config.composite.rules[0].instrument, "C-D");
    assert_int_equal(config.composite.quote_count, 1);
    assert_string_equal(config.composite.quotes[0].from, "C");
    assert_true(config.exclude_suspect);
    assert_ok(parse(&config, "--mic none --composite none --same-quote none --exclude none"));
    struct engine_config normal;
    engine_config_default(&normal);
    assert_true(engine_config_equal(&config, &normal));
}

/* The options that are written for a configuration make it again. */
static void written_options_say_the_same(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--bar 1m --lateness-ms 500 --horizon-ms 600000 --empty none",
        "--bar 1s,1h,100t,0.5v,1000000n --lateness-ms 0 --horizon-ms 31622400000 --empty carry "
        "--exclude suspect --mic binance=BNCX,kraken=PGSL --composite *=vwap,BTC-USDT=median "
        "--same-quote USDC=USD,USDT=USD --composite-venues 32 --composite-stale-ms 1 "
        "--composite-score 100 --composite-outlier-ppm 1000000",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct engine_config config;
        struct buf buf;
        engine_config_default(&config);
        assert_ok(parse(&config, lines[i]));
        buf_init(&buf, 4096);
        assert_ok(engine_options_write(&config, &buf));
        assert_ok(buf_terminate(&buf));
        assert_string_equal(buf.data, lines[i]);
        buf_release(&buf);
    }
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } rows[] = {
        {"--bar 1s,,2s", "empty item"},
        {"--bar 0s", "bar '0s'"},
        {"--bar 60s,1m", "bar '1m' is given twice"},
        {"--bar none", "0 bars are not possible"},
        {"--bar 1m=5", "'1m=5' is no bar"},
        {"--bar 1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s,17s,18s,19s,20s,21s,22s,"
         "23s,24s,25s,26s,27s,28s,29s,30s,31s,32s --bar 33s",
         "has more than 0 items"},
        {"--empty some", "none or carry"},
        {"--exclude late", "--exclude 'late' is not known; it is none or suspect"},
        {"--lateness-ms 604800001", "--lateness-ms 604800001"},
        {"--mic kraken", "--mic 'kraken' names no MIC; give VENUE=MIC"},
        {"--mic kraken=", "'' is no MIC; give four capital letters or digits"},
        {"--mic kraken=pgsl", "'pgsl' is no MIC; give four capital letters or digits"},
        {"--mic kraken=PGSLX", "'PGSLX' is no MIC; give four capital letters or digits"},
        {"--mic kraken=XCRY", "MIC 'XCRY' is not in the ISO 10383 list of 20"},
        {"--mic nyse=XNYS", "unknown venue 'nyse'"},
        {"--mic kraken=PGSL --mic kraken=PESL", "venue 'kraken' is given two MICs"},
        {"--mic none,kraken=PGSL", "--mic 'none' names no MIC"},
        {"--composite BTC-USD=best", "composite 'BTC-USD' by 'best' is not known; give vwap, "},
        {"--composite BTC-USD=", "composite 'BTC-USD' by '' is not known"},
        {"--composite btc-usd,BTC-USD=mean", "composite 'BTC-USD' is given twice"},
        {"--composite =mean", "composite '' has no instrument's name"},
        {"--same-quote USDT", "--same-quote 'USDT' is no pair"},
        {"--same-quote USDT=", "'USDT=' are no two assets"},
        {"--same-quote USDT=usdt", "quote 'USDT' "},
        {"--same-quote USDT=USD --same-quote USDT=EUR", "quote 'USDT' is taken as two others"},
        {"--same-quote USDC=USDT,USDT=USD", "quote 'USDT' takes others and is taken as another"},
        {"--composite-venues 0", "from 1 to 32"},
        {"--composite-stale-ms 0", "from 1 to 604800000"},
        {"--composite-score 101", "from 0 to 100"},
        {"--composite-outlier-ppm 1000001", "from 1 to 1000000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct engine_config config;
        engine_config_default(&config);
        err_clear();
        if (parse(&config, rows[i].line) != ERR_USAGE)
            fail_msg("%s is taken", rows[i].line);
        if (!strstr(err_text(ERR_USAGE), rows[i].says))
            fail_msg("%s: %s", rows[i].line, err_text(ERR_USAGE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_what_the_tape_was_recorded_with, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(finds_a_recording_that_was_added_to_an_import, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(gives_the_defaults_where_nothing_is_said, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_configuration_that_is_no_good_names_its_record,
                                        make_folder, remove_folder),
        cmocka_unit_test(options_go_over_what_is_there),
        cmocka_unit_test(every_option_reaches_its_member),
        cmocka_unit_test(saying_nothing_keeps_what_is_there),
        cmocka_unit_test(a_list_replaces_the_one_that_is_there),
        cmocka_unit_test(written_options_say_the_same),
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
