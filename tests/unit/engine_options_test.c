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

static void wrong_options_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bars, *empty, *says;
    } rows[] = {
        {"1s,,2s", NULL, "empty item"},
        {"0s", NULL, "bar '0s'"},
        {"60s,1m", NULL, "bar '1m' is given twice"},
        {"1s", "some", "none or carry"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct engine_config config;
        engine_config_default(&config);
        struct engine_options options = ENGINE_OPTIONS_NOT_SAID;
        options.bars = (struct option_list){1, {rows[i].bars}};
        options.empty = rows[i].empty;
        assert_err(ERR_USAGE, engine_options_apply(&options, &config));
        assert_non_null(strstr(err_text(ERR_USAGE), rows[i].says));
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
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
