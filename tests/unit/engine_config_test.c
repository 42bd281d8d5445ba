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

/* The text of `config` in braces, to be released. */
static struct buf written(const struct engine_config *config)
{
    struct buf buf;
    buf_init(&buf, 65536);
    assert_ok(buf_append_byte(&buf, '{'));
    assert_ok(engine_config_write(config, &buf));
    assert_ok(buf_append_byte(&buf, '}'));
    assert_ok(buf_terminate(&buf));
    return buf;
}

static const char full[] =
    "{\"bars\":[\"1s\",\"1m\",\"100t\",\"0.5v\",\"1000000n\"],\"lateness_ns\":500000000,"
    "\"horizon_ns\":600000000000,\"empty\":\"none\",\"exclude\":[\"suspect\"],"
    "\"mics\":{\"binance\":\"BNCX\",\"kraken\":\"PGSL\"},"
    "\"composites\":{\"*\":\"vwap\",\"BTC-USDT\":\"median\",\"ETH-USD\":\"mean\",\"SOL-USD\":"
    "\"consolidated\"},\"same_quotes\":{\"USDC\":\"USD\",\"USDT\":\"USD\"},"
    "\"composite_stale_ns\":1,\"composite_score\":0,\"composite_outlier_ppm\":1000000,"
    "\"composite_venues\":32}";

static void every_member_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct engine_config config = config_of(full);
    assert_int_equal(config.bar_count, 5);
    assert_int_equal(config.bars[2].kind, BAR_TICK);
    assert_int_equal(config.bars[3].kind, BAR_VOLUME);
    assert_int_equal(config.bars[4].kind, BAR_NOTIONAL);
    assert_true(config.exclude_suspect);
    assert_int_equal(config.mic_count, 2);
    assert_string_equal(config.mics[1].venue, "kraken");
    assert_string_equal(config.mics[1].mic, "PGSL");
    const struct composite_config *composite = &config.composite;
    assert_int_equal(composite->rule_count, 4);
    assert_string_equal(composite->rules[1].instrument, "BTC-USDT");
    assert_int_equal(composite->rules[1].method, COMPOSITE_MEDIAN);
    assert_int_equal(composite->rules[3].method, COMPOSITE_CONSOLIDATED);
    assert_int_equal(composite->quote_count, 2);
    assert_string_equal(composite->quotes[1].from, "USDT");
    assert_string_equal(composite->quotes[1].to, "USD");
    assert_int_equal(composite->stale_ns, 1);
    assert_int_equal(composite->score_min, 0);
    assert_int_equal(composite->outlier_ppm, 1000000);
    assert_int_equal(composite->venues_min, 32);
    struct buf buf = written(&config);
    assert_string_equal(buf.data, full);
    buf_release(&buf);
}

/* Tapes with nothing new in them stay byte for byte what they were. */
static void defaults_are_written_as_four_members(void **state)
{
    (void)state;
    struct engine_config config;
    engine_config_default(&config);
    assert_ok(engine_config_check(&config));
    struct buf buf = written(&config);
    assert_string_equal(buf.data, "{\"bars\":[\"1m\"],\"lateness_ns\":500000000,\"horizon_ns\":"
                                  "600000000000,\"empty\":\"none\"}");
    buf_release(&buf);
}

static void names_are_written_so_that_json_holds_them(void **state)
{
    (void)state;
    struct engine_config config =
        config_of("{\"composites\":{\"\\u5e01\\u5b89-\\\"\\\\\":\"mean\"}}");
    struct buf buf = written(&config);
    struct engine_config read = config_of((const char *)buf.data);
    assert_string_equal(read.composite.rules[0].instrument, "\xe5\xb8\x81\xe5\xae\x89-\"\\");
    assert_true(engine_config_equal(&config, &read));
    buf_release(&buf);
}

/* The order in which things were said is no part of what was said. */
static void lists_are_put_in_their_order(void **state)
{
    (void)state;
    struct engine_config a = config_of("{\"bars\":[\"5n\",\"1h\",\"10t\",\"1s\",\"2t\",\"1v\"],"
                                       "\"mics\":{\"okx\":\"OKXE\",\"bitstamp\":\"BESA\"},"
                                       "\"composites\":{\"B-USD\":\"mean\",\"A-USD\":\"vwap\"},"
                                       "\"same_quotes\":{\"USDT\":\"USD\",\"USDC\":\"USD\"}}");
    struct engine_config b = config_of("{\"bars\":[\"1s\",\"1h\",\"2t\",\"10t\",\"1v\",\"5n\"],"
                                       "\"mics\":{\"bitstamp\":\"BESA\",\"okx\":\"OKXE\"},"
                                       "\"composites\":{\"A-USD\":\"vwap\",\"B-USD\":\"mean\"},"
                                       "\"same_quotes\":{\"USDC\":\"USD\",\"USDT\":\"USD\"}}");
    static const char *const order[] = {"1s", "1h", "2t", "10t", "1v", "5n"};
    for (size_t i = 0; i < 6; i++) {
        char text[BAR_TEXT_MAX];
        bar_format(text, a.bars[i]);
        assert_string_equal(text, order[i]);
    }
    assert_true(engine_config_equal(&a, &b));
    assert_string_equal(a.mics[0].venue, "bitstamp");
    assert_string_equal(a.composite.rules[0].instrument, "A-USD");
    assert_string_equal(a.composite.quotes[0].from, "USDC");
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
        "{\"bars\":[\"0t\"]}",
        "{\"bars\":[\"0.5v\",\"0.50v\"]}",
        "{\"exclude\":\"suspect\"}",
        "{\"exclude\":[\"late\"]}",
        "{\"exclude\":[7]}",
        "{\"exclude\":[\"suspect\",\"suspect\"]}",
        "{\"mics\":[\"binance\"]}",
        "{\"mics\":{\"binance\":7}}",
        "{\"mics\":{\"binance\":\"bncx\"}}",
        "{\"mics\":{\"binance\":\"BNC\"}}",
        "{\"mics\":{\"binance\":\"BNCXX\"}}",
        "{\"mics\":{\"binance\":\"XCRY\"}}",
        "{\"mics\":{\"nyse\":\"XNYS\"}}",
        "{\"mics\":{\"\":\"XNYS\"}}",
        "{\"mics\":{\"a-venue-with-a-name-of-32-bytes-or\":\"XNYS\"}}",
        "{\"composites\":\"vwap\"}",
        "{\"composites\":{\"BTC-USD\":1}}",
        "{\"composites\":{\"BTC-USD\":\"VWAP\"}}",
        "{\"composites\":{\"BTC-USD\":\"\"}}",
        "{\"composites\":{\"\":\"vwap\"}}",
        "{\"composites\":{\"BTC USD\":\"vwap\"}}",
        "{\"composites\":{\"BTC=USD\":\"vwap\"}}",
        "{\"composites\":{\"BTC,USD\":\"vwap\"}}",
        "{\"composites\":{\"BTC\\n\":\"vwap\"}}",
        "{\"composites\":{\"BTC\\u007f\":\"vwap\"}}",
        ("{\"composites\":{\"0123456789012345678901234567890123456789012345678901234567890123\":"
         "\"vwap\"}}"),
        "{\"same_quotes\":[]}",
        "{\"same_quotes\":{\"USDT\":\"USDT\"}}",
        "{\"same_quotes\":{\"USDT\":\"\"}}",
        "{\"same_quotes\":{\"\":\"USD\"}}",
        "{\"same_quotes\":{\"USDT\":null}}",
        "{\"same_quotes\":{\"USDC\":\"USDT\",\"USDT\":\"USD\"}}",
        "{\"same_quotes\":{\"USDT\":\"A-CODE-THAT-IS-LONGER-THAN-ANY-ASSET\"}}",
        "{\"composite_stale_ns\":0}",
        "{\"composite_stale_ns\":604800000000001}",
        "{\"composite_stale_ns\":\"1s\"}",
        "{\"composite_score\":101}",
        "{\"composite_score\":-1}",
        "{\"composite_score\":4294967296}",
        "{\"composite_score\":1.0}",
        "{\"composite_outlier_ppm\":0}",
        "{\"composite_outlier_ppm\":1000001}",
        "{\"composite_outlier_ppm\":4294967297}",
        "{\"composite_venues\":0}",
        "{\"composite_venues\":33}",
        "{\"composite_venues\":null}",
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

/* As many entries as a list has room for are read, one more is refused. */
static void lists_have_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        size_t max;
    } lists[] = {{"composites", "vwap", COMPOSITE_RULES_MAX},
                 {"same_quotes", "USD", COMPOSITE_QUOTES_MAX}};
    for (size_t i = 0; i < 2; i++)
        for (size_t more = 0; more < 2; more++) {
            struct buf buf;
            struct engine_config config;
            bool found;
            buf_init(&buf, 65536);
            engine_config_default(&config);
            assert_ok(buf_printf(&buf, "{\"%s\":{", lists[i].name));
            for (size_t item = 0; item < lists[i].max + more; item++)
                assert_ok(
                    buf_printf(&buf, "%s\"A%zu\":\"%s\"", item ? "," : "", item, lists[i].value));
            assert_ok(buf_append_text(&buf, "}}"));
            assert_err(more ? ERR_DAMAGED : ERR_OK,
                       engine_config_read(&config, buf.data, buf.size, &found));
            buf_release(&buf);
        }
}

static void a_list_on_the_tape_replaces_the_one_before(void **state)
{
    (void)state;
    struct engine_config config = config_of(full);
    static const char empty[] = "{\"exclude\":[],\"mics\":{},\"composites\":{\"A-B\":\"mean\"},"
                                "\"same_quotes\":{}}";
    bool found;
    assert_ok(engine_config_read(&config, (const uint8_t *)empty, strlen(empty), &found));
    assert_false(found);
    assert_false(config.exclude_suspect);
    assert_int_equal(config.mic_count, 0);
    assert_int_equal(config.composite.rule_count, 1);
    assert_int_equal(config.composite.quote_count, 0);
    assert_int_equal(config.composite.venues_min, 32);
}

/* Each member makes a difference. */
static void equal_means_the_same_in_every_member(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"bars\":[\"1s\"]}",
        "{\"lateness_ns\":1}",
        "{\"horizon_ns\":1}",
        "{\"empty\":\"carry\"}",
        "{\"exclude\":[]}",
        "{\"mics\":{}}",
        "{\"mics\":{\"binance\":\"BNCX\",\"kraken\":\"PESL\"}}",
        "{\"mics\":{\"bybit\":\"BNCX\",\"kraken\":\"PGSL\"}}",
        "{\"composites\":{}}",
        "{\"composites\":{\"*\":\"mean\",\"BTC-USDT\":\"median\",\"ETH-USD\":\"mean\","
        "\"SOL-USD\":\"consolidated\"}}",
        "{\"composites\":{\"*\":\"vwap\",\"BTC-USDC\":\"median\",\"ETH-USD\":\"mean\","
        "\"SOL-USD\":\"consolidated\"}}",
        "{\"same_quotes\":{\"USDT\":\"USD\"}}",
        "{\"same_quotes\":{\"USDC\":\"USD\",\"USDT\":\"EUR\"}}",
        "{\"same_quotes\":{\"USDC\":\"USD\",\"DAI\":\"USD\"}}",
        "{\"composite_stale_ns\":2}",
        "{\"composite_score\":1}",
        "{\"composite_outlier_ppm\":2}",
        "{\"composite_venues\":3}",
    };
    struct engine_config whole = config_of(full), same = config_of(full);
    assert_true(engine_config_equal(&whole, &same));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct engine_config other = whole;
        bool found;
        assert_ok(
            engine_config_read(&other, (const uint8_t *)others[i], strlen(others[i]), &found));
        if (engine_config_equal(&whole, &other) || engine_config_equal(&other, &whole))
            fail_msg("%s makes no difference", others[i]);
    }
    same = config_of("{\"bars\":[\"1s\",\"60s\"]}");
    whole = config_of("{\"bars\":[\"1m\",\"1s\"]}");
    assert_true(engine_config_equal(&whole, &same));
}

/* What no text can give, but a caller could. */
static void impossible_members_are_wrong_usage(void **state)
{
    (void)state;
    struct engine_config config;
    for (int i = 0; i < 8; i++) {
        engine_config_default(&config);
        switch (i) {
        case 0:
            config.bar_count = 0;
            break;
        case 1:
            config.bar_count = ENGINE_BARS_MAX + 1;
            break;
        case 2:
            config.bars[0] = (struct bar){BAR_TIME, 1, 0};
            break;
        case 3:
            config.bars[0] = (struct bar){BAR_VOLUME, 10, 1};
            break;
        case 4:
            config.mic_count = ENGINE_MICS_MAX + 1;
            break;
        case 5:
            config.composite.rule_count = COMPOSITE_RULES_MAX + 1;
            break;
        case 6:
            config.composite.quote_count = COMPOSITE_QUOTES_MAX + 1;
            break;
        default:
            config.composite.rule_count = 2;
            strcpy(config.composite.rules[0].instrument, "A-B");
            strcpy(config.composite.rules[1].instrument, "A-B");
        }
        err_clear();
        assert_err(ERR_USAGE, engine_config_check(&config));
        assert_string_not_equal(err_text(ERR_USAGE), "wrong usage");
    }
}

static void any_bytes_are_read_or_refused(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        uint8_t data[sizeof full - 1];
        memcpy(data, full, sizeof data);
        for (int flips = 0; flips < 3; flips++)
            data[unit_below(&random, sizeof data)] = (uint8_t)unit_random(&random);
        struct engine_config config;
        bool found;
        engine_config_default(&config);
        enum err err = engine_config_read(
            &config, data, i % 2 ? sizeof data : unit_below(&random, sizeof data + 1), &found);
        assert_true(err == ERR_OK || err == ERR_DAMAGED);
        assert_ok(engine_config_check(&config));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_read_as_it_was_written),
        cmocka_unit_test(every_member_is_read_as_it_was_written),
        cmocka_unit_test(defaults_are_written_as_four_members),
        cmocka_unit_test(names_are_written_so_that_json_holds_them),
        cmocka_unit_test(lists_are_put_in_their_order),
        cmocka_unit_test(members_that_are_not_there_keep_their_value),
        cmocka_unit_test(what_is_wrong_is_damage_and_changes_nothing),
        cmocka_unit_test(lists_have_their_limits),
        cmocka_unit_test(a_list_on_the_tape_replaces_the_one_before),
        cmocka_unit_test(equal_means_the_same_in_every_member),
        cmocka_unit_test(impossible_members_are_wrong_usage),
        cmocka_unit_test(any_bytes_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
