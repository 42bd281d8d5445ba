#include "engine/base/time_text.h"
#include "replayer/import_format.h"
#include "tests/unit/unit.h"

#define T0 INT64_C(1633998523957215000) /* "1633998523.957215" */

struct reading {
    const struct import_format *format;
    struct import_parser parser;
    struct import_entry entry;
};

static struct reading begin(const char *name)
{
    struct reading reading = {.format = NULL};
    assert_ok(import_format_get(&reading.format, name));
    import_parser_init(&reading.parser, "https://example.com/trades");
    return reading;
}

static enum err feed(struct reading *reading, const char *line)
{
    reading->entry = (struct import_entry){.wall_ns = RECORD_NO_TIME};
    return reading->format->parse(&reading->parser, (const uint8_t *)line, strlen(line),
                                  &reading->entry);
}

static void assert_entry(struct reading *reading, const char *line, enum record_type type,
                         uint32_t connection, int64_t wall_ns, const char *data)
{
    assert_ok(feed(reading, line));
    const struct import_entry *entry = &reading->entry;
    assert_int_equal(entry->type, type);
    assert_int_equal(entry->connection, connection);
    assert_true(entry->wall_ns == wall_ns);
    assert_int_equal(entry->size, strlen(data));
    assert_memory_equal(entry->data, data, entry->size);
}

static void assert_refused(struct reading *reading, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (feed(reading, lines[i]) != ERR_DAMAGED)
            fail_msg("'%s' is not refused", lines[i]);
}
#define ASSERT_REFUSED(reading, lines)                                                             \
    assert_refused(reading, lines, sizeof lines / sizeof lines[0])

static void end(struct reading *reading)
{
    import_parser_release(&reading->parser);
}

static void names_the_known_formats(void **state)
{
    (void)state;
    const struct import_format *format;
    assert_err(ERR_UNKNOWN, import_format_get(&format, "csv"));
    assert_non_null(strstr(err_text(ERR_UNKNOWN), "'csv'"));
    assert_non_null(strstr(err_text(ERR_UNKNOWN), "hftbacktest"));
}

static void hftbacktest_is_time_and_frame(void **state)
{
    (void)state;
    struct reading r = begin("hftbacktest");
    assert_entry(&r, "1723161254087896568 {\"a\": 1} ", RECORD_RECEIVED, 1,
                 INT64_C(1723161254087896568), "{\"a\": 1} ");
    static const char *const bad[] = {"{\"a\":1}",
                                      "1723161254087 {}",
                                      "1723161254.087896568 {}",
                                      "1723161254087896568",
                                      "1723161254087896568 ",
                                      "1723161254087896568\t{}",
                                      "99999999999999999999 {}",
                                      "9999999999999999999 {}",
                                      " 1723161254087896568 {}",
                                      "-172316125408789656 {}",
                                      "028516140233948284 {}"};
    ASSERT_REFUSED(&r, bad);
    end(&r);
}

static void cryptofeed_text_has_four_kinds_of_lines(void **state)
{
    (void)state;
    struct reading r = begin("cryptofeed");
    assert_entry(&r, "wss://x/stream?a=b <-> 1633998523.957215", RECORD_CONNECTION, 1, T0,
                 "{\"event\":\"open\",\"url\":\"wss://x/stream?a=b\"}");
    assert_entry(&r, "wss://x/stream <- 1633998523.957215: {\"op\": \"sub\"}", RECORD_SENT, 1, T0,
                 "{\"op\": \"sub\"}");
    assert_entry(&r, "1633998523.957215: {\"e\":\"x <- 1: y\"}", RECORD_RECEIVED, 1, T0,
                 "{\"e\":\"x <- 1: y\"}");
    assert_entry(&r, "1618677372.1768699: [1]", RECORD_RECEIVED, 1, INT64_C(1618677372176869900),
                 "[1]");
    assert_entry(&r, "1618677372: [1]", RECORD_RECEIVED, 1, INT64_C(1618677372000000000), "[1]");
    assert_entry(&r, "1618677372.5: ", RECORD_RECEIVED, 1, INT64_C(1618677372500000000), "");
    assert_entry(&r, "https://x/t?p=1 -> 1633998523.957215: [2]", RECORD_HTTP, 0, T0, "[2]");
    assert_int_equal(r.entry.url_size, 15);
    assert_memory_equal(r.entry.url, "https://x/t?p=1", 15);
    assert_entry(&r, "wss://y <-> 1633998523.957215", RECORD_CONNECTION, 2, T0,
                 "{\"event\":\"open\",\"url\":\"wss://y\"}");
    assert_entry(&r, "1633998523.957215: x", RECORD_RECEIVED, 2, T0, "x");
    end(&r);
}

static void cryptofeed_text_may_begin_in_the_middle(void **state)
{
    (void)state;
    struct reading r = begin("cryptofeed");
    assert_entry(&r, "configuration: {\"a\": 1}", RECORD_CONFIG, 0, RECORD_NO_TIME, "{\"a\": 1}");
    assert_entry(&r, "1633998523.957215: x", RECORD_RECEIVED, 1, T0, "x");
    assert_entry(&r, "wss://y <-> 1633998523.957215", RECORD_CONNECTION, 2, T0,
                 "{\"event\":\"open\",\"url\":\"wss://y\"}");
    /* A brace where a line of text belongs: the form was told by the first line. */
    static const char *const bad[] = {"{\"t\":\"recv\"}",
                                      "nonsense",
                                      ": x",
                                      "1633998523.957215 x",
                                      "1633998523.957215:x",
                                      "1633998523957215: x",
                                      "16339985x3: x",
                                      "12.5: x",
                                      "wss://y <> 1633998523.9",
                                      "wss://y <-> soon",
                                      "wss://y <- 1633998523.9 x",
                                      "wss://\xff <-> 1633998523.9",
                                      "wss://a\x01 <-> 1633998523.9",
                                      "configuration: {",
                                      "configuration: []"};
    ASSERT_REFUSED(&r, bad);
    end(&r);
}

#define RECV "{\"t\":\"recv\",\"conn\":\"K.ws.1\",\"ts\":1633998523.957215,"

static void cryptofeed_json_lines_give_back_the_bytes(void **state)
{
    (void)state;
    struct reading r = begin("cryptofeed");
    const char *header =
        "{\"t\":\"header\",\"format\":2,\"exchange\":\"K\",\"config\":{\"trades\":[]},"
        "\"recorded\":1633998523.957215}";
    assert_entry(&r, header, RECORD_CONFIG, 0, T0, header);
    assert_entry(
        &r,
        "{\"conn\":\"K.ws.1\",\"ts\":1633998523.957215,\"t\":\"connect\",\"addr\":\"wss:\\/\\/k\"}",
        RECORD_CONNECTION, 1, T0, "{\"event\":\"open\",\"url\":\"wss://k\"}");
    assert_entry(
        &r,
        "{\"t\":\"send\",\"conn\":\"K.ws.1\",\"ts\":1633998523.957215,\"addr\":\"wss://k\","
        "\"data\":\"{\\\"op\\\":1}\"}",
        RECORD_SENT, 1, T0, "{\"op\":1}");
    assert_entry(&r, RECV "\"data\":\"{\\\"p\\\":\\\"1\\\\u00e9\\\"}\\n\"}", RECORD_RECEIVED, 1, T0,
                 "{\"p\":\"1\\u00e9\"}\n");
    assert_int_equal(r.entry.flags, 0);
    end(&r);
}

static void cryptofeed_json_lines_carry_binary_frames(void **state)
{
    (void)state;
    struct reading r = begin("cryptofeed");
    static const struct {
        const char *text, *bytes;
        size_t size;
    } good[] = {
        {"", "", 0}, {"AAH/+w==", "\0\1\xff\xfb", 4}, {"Zm8=", "fo", 2}, {"Zm9v", "foo", 3}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char line[256];
        snprintf(line, sizeof line, RECV "\"b64\":\"%s\"}", good[i].text);
        assert_ok(feed(&r, line));
        assert_int_equal(r.entry.flags, RECORD_BINARY);
        assert_int_equal(r.entry.size, good[i].size);
        if (good[i].size > 0)
            assert_memory_equal(r.entry.data, good[i].bytes, good[i].size);
    }
    static const char *const bad[] = {RECV "\"b64\":\"A\"}", RECV "\"b64\":\"A===\"}",
                                      RECV "\"b64\":\"A*==\"}", RECV "\"b64\":\"Zm8=Zm8=\"}"};
    ASSERT_REFUSED(&r, bad);
    end(&r);
}

static void cryptofeed_json_lines_tell_connections_by_name(void **state)
{
    (void)state;
    struct reading r = begin("cryptofeed");
#define CONNECT(name) "{\"t\":\"connect\",\"conn\":\"" name "\",\"ts\":1633998523,\"addr\":\"a\"}"
#define FRAME(name)   "{\"t\":\"recv\",\"conn\":\"" name "\",\"ts\":1633998523,\"data\":\"x\"}"
    static const struct {
        const char *line;
        uint32_t connection;
    } steps[] = {{CONNECT("A"), 1}, {CONNECT("B"), 2}, {FRAME("A"), 1}, {FRAME("B"), 2},
                 {FRAME("C"), 3},   {CONNECT("A"), 4}, {FRAME("A"), 4}, {FRAME("B"), 2}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_ok(feed(&r, steps[i].line));
        assert_int_equal(r.entry.connection, steps[i].connection);
    }
    assert_ok(feed(
        &r, "{\"t\":\"http\",\"conn\":\"K.http.0\",\"ts\":1633998523,\"url\":\"https:\\/\\/k\","
            "\"data\":\"[]\",\"headers\":{\"a\":\"b\"}}"));
    assert_int_equal(r.entry.type, RECORD_HTTP);
    assert_int_equal(r.entry.connection, 0);
    assert_int_equal(r.entry.url_size, 9);
    assert_memory_equal(r.entry.url, "https://k", 9);
    end(&r);
}

static void cryptofeed_json_lines_refuse_what_they_cannot_mean(void **state)
{
    (void)state;
    struct reading r = begin("cryptofeed");
    static const char *const bad[] = {
        "{\"t\":\"recv\",\"conn\":\"A\",\"data\":\"x\"}",
        "{\"t\":\"recv\",\"conn\":\"A\",\"ts\":\"1633998523\",\"data\":\"x\"}",
        "{\"t\":\"recv\",\"conn\":\"A\",\"ts\":1633998523,\"data\":{}}",
        "{\"t\":\"recv\",\"conn\":\"A\",\"ts\":1633998523,\"data\":\"\\ud800\"}",
        "{\"t\":\"recv\",\"conn\":7,\"ts\":1633998523,\"data\":\"x\"}",
        "{\"t\":\"recv\",\"ts\":1633998523,\"data\":\"x\"}",
        "{\"t\":\"recv\",\"conn\":"
        "\"0123456789012345678901234567890123456789012345678901234567890123\","
        "\"ts\":1633998523,\"data\":\"x\"}",
        "{\"t\":\"connect\",\"conn\":\"A\",\"ts\":1633998523}",
        "{\"t\":\"http\",\"conn\":\"A\",\"ts\":1633998523,\"data\":\"x\"}",
        "{\"t\":\"header\",\"config\":{]}",
        "{\"t\":\"other\"}",
        "{\"t\":1}",
        "{}",
        "{\"t\":\"recv\",\"conn\":\"A\",\"ts\":1633998523,\"data\":\"x\"",
        "1633998523.957215: x"};
    ASSERT_REFUSED(&r, bad);
    end(&r);
}

static void tardis_marks_disconnects(void **state)
{
    (void)state;
    struct reading r = begin("tardis");
    int64_t t = INT64_C(1559347210426000000); /* 2019-06-01T00:00:10.426Z */
    assert_err(ERR_END, feed(&r, ""));
    assert_entry(&r, "2019-06-01T00:00:10.426Z {\"a\": 1}", RECORD_RECEIVED, 1, t, "{\"a\": 1}");
    assert_entry(&r, "2019-06-01T00:00:10.4260001Z x", RECORD_RECEIVED, 1, t + 100, "x");
    assert_entry(&r, "2019-06-01T00:00:10.426Z ", RECORD_CONNECTION, 1, t,
                 "{\"event\":\"close\",\"reason\":\"disconnect marked in the capture\"}");
    assert_err(ERR_END, feed(&r, "2019-06-01T00:00:10.426Z"));
    assert_err(ERR_END, feed(&r, ""));
    assert_entry(&r, "2019-06-01T00:00:10.426Z y", RECORD_RECEIVED, 2, t, "y");
    assert_ok(feed(&r, ""));
    assert_int_equal(r.entry.type, RECORD_CONNECTION);
    assert_int_equal(r.entry.connection, 2);
    assert_true(r.entry.wall_ns == RECORD_NO_TIME);
    static const char *const bad[] = {"x",
                                      "{\"a\": 1}",
                                      "2019-06-01 00:00:10Z {}",
                                      "1559347210426 {}",
                                      "2019-13-01T00:00:10Z {}",
                                      " 2019-06-01T00:00:10Z {}"};
    ASSERT_REFUSED(&r, bad);
    end(&r);
}

static void frames_and_http_take_everything(void **state)
{
    (void)state;
    struct reading r = begin("frames");
    assert_entry(&r, " {\"a\": 1}\r", RECORD_RECEIVED, 1, RECORD_NO_TIME, " {\"a\": 1}\r");
    end(&r);
    r = begin("http");
    assert_true(r.format->whole);
    assert_entry(&r, "{\n}\n", RECORD_HTTP, 0, RECORD_NO_TIME, "{\n}\n");
    assert_memory_equal(r.entry.url, "https://example.com/trades", r.entry.url_size);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_known_formats),
        cmocka_unit_test(hftbacktest_is_time_and_frame),
        cmocka_unit_test(cryptofeed_text_has_four_kinds_of_lines),
        cmocka_unit_test(cryptofeed_text_may_begin_in_the_middle),
        cmocka_unit_test(cryptofeed_json_lines_give_back_the_bytes),
        cmocka_unit_test(cryptofeed_json_lines_carry_binary_frames),
        cmocka_unit_test(cryptofeed_json_lines_tell_connections_by_name),
        cmocka_unit_test(cryptofeed_json_lines_refuse_what_they_cannot_mean),
        cmocka_unit_test(tardis_marks_disconnects),
        cmocka_unit_test(frames_and_http_take_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
