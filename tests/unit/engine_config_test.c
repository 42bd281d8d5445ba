#include "engine/base/time_text.h"
#include "engine/engine.h"
#include "tests/unit/unit.h"

static struct engine_config config_of(const char *text)
{
    struct engine_config config;
    bool found;
    engine_config_default(&config);
    assert_ok(engine_config_read(&config, (const uint8_t *)text, strlen(text), &found));
    return config;
}

static void is_read_as_it_was_written(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    assert_ok(bar_parse(&config.bars[0], "1s"));
    assert_ok(bar_parse(&config.bars[1], "1w"));
    config.bar_count = 2;
    config.lateness_ns = 0;
    config.horizon_ns = ENGINE_HORIZON_MAX_NS;
    config.empty = EMPTY_CARRY;
    struct buf buf;
    buf_init(&buf, 4096);
    assert_ok(buf_append_byte(&buf, '{'));
    assert_ok(engine_config_write(&config, &buf));
    assert_ok(buf_append_text(&buf, ",\"other\":[1,{}]}"));
    assert_ok(buf_terminate(&buf));
    assert_string_equal(buf.data, "{\"bars\":[\"1s\",\"1w\"],\"lateness_ns\":0,\"horizon_ns\":"
                                  "31622400000000000,\"empty\":\"carry\",\"other\":[1,{}]}");
    struct engine_config read = config_of((const char *)buf.data);
    assert_true(engine_config_equal(&config, &read));
    buf_release(&buf);
}

static void members_that_are_not_there_keep_their_value(void **state)
{
    (void)state;
    struct engine_config config = config_of("{\"lateness_ns\":7}"), normal;
    engine_config_default(&normal);
    assert_int_equal(config.lateness_ns, 7);
    assert_false(engine_config_equal(&config, &normal));
    config.lateness_ns = normal.lateness_ns;
    assert_true(engine_config_equal(&config, &normal));
    bool found = true;
    assert_ok(engine_config_read(&config, (const uint8_t *)"{}", 2, &found));
    assert_false(found);
    assert_ok(engine_config_read(&config, (const uint8_t *)"{\"bars\":[\"5m\"]}", 15, &found));
    assert_true(found);
    assert_int_equal(config.bars[0].size, 5 * NS_PER_MIN);
}

static void what_is_wrong_is_damage_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "null",
        "{",
        "{\"bars\":[\"1s\"]",
        "{\"bars\":\"1s\"}",
        "{\"bars\":[]}",
        "{\"bars\":[1]}",
        "{\"bars\":[\"0s\"]}",
        "{\"bars\":[\"1s\",\"1s\"]}",
        "{\"bars\":[\"60s\",\"1m\"]}",
        "{\"bars\":[\"1m\"],\"bars\":[\"1s\"]}",
        "{\"bars\":[\"1s\",\"2s\",\"3s\",\"4s\",\"5s\",\"6s\",\"7s\",\"8s\",\"9s\",\"10s\",\"11s\","
        "\"12s\",\"13s\",\"14s\",\"15s\",\"16s\",\"17s\",\"18s\",\"19s\",\"20s\",\"21s\",\"22s\","
        "\"23s\",\"24s\",\"25s\",\"26s\",\"27s\",\"28s\",\"29s\",\"30s\",\"31s\",\"32s\",\"33s\"]}",
        "{\"lateness_ns\":-1}",
        "{\"lateness_ns\":604800000000001}",
        "{\"lateness_ns\":1.5}",
        "{\"lateness_ns\":\"1\"}",
        "{\"lateness_ns\":99999999999999999999}",
        "{\"horizon_ns\":-1}",
        "{\"horizon_ns\":31622400000000001}",
        "{\"empty\":\"flat\"}",
        "{\"empty\":true}",
        "{\"empty\":\"none\"} x",
        "{\"bars\":[\"\xff\"]}",
    };
    struct engine_config before, config;
    engine_config_default(&before);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bool found;
        config = before;
        err_clear();
        enum err err =
            engine_config_read(&config, (const uint8_t *)texts[i], strlen(texts[i]), &found);
        if (err != ERR_DAMAGED)
            fail_msg("%s is read", texts[i]);
        assert_true(engine_config_equal(&config, &before));
        if (strncmp(err_text(err), "configuration record of the tape is damaged: ", 45) != 0)
            fail_msg("%s: %s", texts[i], err_text(err));
    }
}

static void equal_means_the_same_bars_in_the_same_order(void **state)
{
    (void)state;
    struct engine_config a = config_of("{\"bars\":[\"1s\",\"1m\"]}");
    struct engine_config b = config_of("{\"bars\":[\"1m\",\"1s\"]}");
    struct engine_config c = config_of("{\"bars\":[\"1s\",\"60s\"]}");
    assert_false(engine_config_equal(&a, &b));
    assert_true(engine_config_equal(&a, &c));
    c.empty = EMPTY_CARRY;
    assert_false(engine_config_equal(&a, &c));
}

static void any_bytes_are_read_or_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"bars\":[\"1s\",\"1m\"],\"lateness_ns\":500,\"empty\":\"none\"}";
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        uint8_t data[sizeof text - 1];
        memcpy(data, text, sizeof data);
        for (int flips = 0; flips < 3; flips++)
            data[unit_below(&random, sizeof data)] = (uint8_t)unit_random(&random);
        struct engine_config config;
        bool found;
        engine_config_default(&config);
        enum err err =
            engine_config_read(&config, data, unit_below(&random, sizeof data + 1), &found);
        assert_true(err == ERR_OK || err == ERR_DAMAGED);
        assert_ok(engine_config_check(&config));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_as_it_was_written),
        cmocka_unit_test(members_that_are_not_there_keep_their_value),
        cmocka_unit_test(what_is_wrong_is_damage_and_changes_nothing),
        cmocka_unit_test(equal_means_the_same_bars_in_the_same_order),
        cmocka_unit_test(any_bytes_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
