#include "engine/base/time_text.h"
#include "replayer/import_file.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define SECOND(n) (INT64_C(1700000000) * NS_PER_S + (n)*NS_PER_S)

/* A venue of its own: "@N" is a frame with the time 1700000000 + N, "#N" an answer with trades up
 * to it, all else has no time. */
static enum err decode(const uint8_t *data, size_t size, struct venue_frame *out)
{
    venue_frame_clear(out);
    out->kind = VENUE_DATA;
    out->source_ns = RECORD_NO_TIME;
    if (size > 1 && data[0] == '@')
        out->source_ns = SECOND(data[1] - '0');
    return ERR_OK;
}

static char asked[64];

static enum err decode_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_frame *out)
{
    assert_non_null(list);
    snprintf(asked, sizeof asked, "%s", url);
    venue_frame_clear(out);
    out->kind = VENUE_TRADES;
    out->source_ns = RECORD_NO_TIME;
    for (int i = 0; size > 1 && data[0] == '#' && i < data[1] - '0'; i++) {
        struct trade *trade;
        enum err err = venue_frame_add(out, &trade);
        if (err != ERR_OK)
            return err;
        trade->source_ns = SECOND(data[1] - '0' - i);
    }
    return ERR_OK;
}

static const struct venue venue = {
    .name = "somewhere", .decode = decode, .decode_http = decode_http};

static struct instrument_list no_instruments;

struct fixture {
    char path[64];
    struct import_settings settings;
    struct import_file *file;
    char complaints[8192];
};

static void keep(const char *text, void *arg)
{
    struct fixture *fixture = arg;
    size_t used = strlen(fixture->complaints);
    snprintf(fixture->complaints + used, sizeof fixture->complaints - used, "%s\n", text);
}

static void begin(struct fixture *fixture, const char *format, int64_t time_ns, const char *text)
{
    *fixture = (struct fixture){.settings = {.venue = &venue,
                                             .url = "https://u/\"q\"",
                                             .instruments = &no_instruments,
                                             .time_ns = time_ns}};
    assert_ok(import_format_get(&fixture->settings.format, format));
    snprintf(fixture->path, sizeof fixture->path, "/tmp/import_file_test.XXXXXX");
    int fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_ok(import_file_open(&fixture->file, &fixture->settings, fixture->path, keep, fixture));
}

static void end(struct fixture *fixture, uint64_t unreadable)
{
    struct record record;
    assert_err(ERR_END, import_file_next(fixture->file, &record));
    assert_err(ERR_END, import_file_next(fixture->file, &record));
    assert_int_equal(import_file_unreadable(fixture->file), unreadable);
    import_file_close(fixture->file);
    unlink(fixture->path);
}

static void assert_next(struct fixture *fixture, enum record_type type, int64_t wall_ns,
                        int64_t source_ns, const char *data)
{
    struct record record;
    assert_ok(import_file_next(fixture->file, &record));
    assert_int_equal(record.type, type);
    assert_string_equal(record.venue, "somewhere");
    assert_true(record.wall_ns == wall_ns);
    assert_true(record.source_ns == source_ns);
    assert_int_equal(record.size, strlen(data));
    assert_memory_equal(record.data, data, record.size);
}

static void says_where_and_why_and_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "hftbacktest", RECORD_NO_TIME,
          "1700000000000000000 @7\n\nnot a line\n\r\n1700000001000000000 x\n12 "
          "y\n1700000002000000000 z");
    assert_next(&f, RECORD_RECEIVED, SECOND(0), SECOND(7), "@7");
    assert_next(&f, RECORD_RECEIVED, SECOND(1), RECORD_NO_TIME, "x");
    assert_next(&f, RECORD_RECEIVED, SECOND(2), RECORD_NO_TIME, "z");
    end(&f, 2);
    char expected[256];
    snprintf(expected, sizeof expected,
             "%s:3: no receive time in nanoseconds in front\n%s:6: no receive time in nanoseconds "
             "in front\n",
             f.path, f.path);
    assert_string_equal(f.complaints, expected);
}

static void complains_a_bounded_number_of_times(void **state)
{
    (void)state;
    struct fixture f;
    char text[2000] = "";
    for (int i = 0; i < 100; i++)
        strncat(text, "bad\n", sizeof text - strlen(text) - 1);
    begin(&f, "hftbacktest", RECORD_NO_TIME, text);
    end(&f, 100);
    size_t lines = 0;
    for (const char *p = f.complaints; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, IMPORT_COMPLAINTS_MAX + 1);
    assert_non_null(strstr(f.complaints, "more of it is only counted"));
}

static void a_configuration_without_a_time_gets_that_of_what_follows(void **state)
{
    (void)state;
    struct fixture f;
    begin(
        &f, "cryptofeed", RECORD_NO_TIME,
        "configuration: {\"a\":1}\n\nbad\n1700000003.5: @1\nconfiguration: {}\n1700000005.0: x\n");
    assert_next(&f, RECORD_CONFIG, SECOND(3) + NS_PER_S / 2, RECORD_NO_TIME, "{\"a\":1}");
    assert_next(&f, RECORD_RECEIVED, SECOND(3) + NS_PER_S / 2, SECOND(1), "@1");
    assert_next(&f, RECORD_CONFIG, SECOND(3) + NS_PER_S / 2, RECORD_NO_TIME, "{}");
    assert_next(&f, RECORD_RECEIVED, SECOND(5), RECORD_NO_TIME, "x");
    end(&f, 1);
    begin(&f, "cryptofeed", RECORD_NO_TIME, "configuration: {\"a\":1}\n");
    end(&f, 0);
}

static void frames_take_their_own_time_or_the_one_before(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "frames", RECORD_NO_TIME, "first\n@2\nx\n@1\ny\n");
    assert_next(&f, RECORD_RECEIVED, SECOND(2), SECOND(2), "@2");
    assert_next(&f, RECORD_RECEIVED, SECOND(2), RECORD_NO_TIME, "x");
    assert_next(&f, RECORD_RECEIVED, SECOND(1), SECOND(1), "@1");
    assert_next(&f, RECORD_RECEIVED, SECOND(1), RECORD_NO_TIME, "y");
    end(&f, 1);
    assert_non_null(strstr(f.complaints,
                           ":1: no time in the frame and none before it; give the receive "
                           "time with --time"));
    begin(&f, "frames", SECOND(0), "first\n@2\n");
    assert_next(&f, RECORD_RECEIVED, SECOND(0), RECORD_NO_TIME, "first");
    assert_next(&f, RECORD_RECEIVED, SECOND(2), SECOND(2), "@2");
    end(&f, 0);
}

static void an_answer_is_received_at_its_newest_trade(void **state)
{
    (void)state;
    static const char head[] =
        "{\"method\":\"GET\",\"url\":\"https://u/\\\"q\\\"\",\"status\":200}\n#4\nrest\n";
    struct fixture f;
    begin(&f, "http", RECORD_NO_TIME, "#4\nrest\n");
    assert_next(&f, RECORD_HTTP, SECOND(4), RECORD_NO_TIME, head);
    assert_string_equal(asked, "https://u/\"q\"");
    assert_int_equal(import_file_trades(f.file), 4);
    end(&f, 0);
    begin(&f, "http", SECOND(9), "#4\nrest\n");
    assert_next(&f, RECORD_HTTP, SECOND(9), RECORD_NO_TIME, head);
    end(&f, 0);
    begin(&f, "http", RECORD_NO_TIME, "no trades");
    end(&f, 1);
    assert_non_null(strstr(f.complaints,
                           ":1: no trade with a time in the answer; give the receive time with "
                           "--time"));
}

static void an_empty_line_of_tardis_has_the_time_before_it(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "tardis", RECORD_NO_TIME, "\n2023-11-14T22:13:20Z x\n\n\n2023-11-14T22:13:21Z y\n");
    assert_next(&f, RECORD_RECEIVED, SECOND(0), RECORD_NO_TIME, "x");
    assert_next(&f, RECORD_CONNECTION, SECOND(0), RECORD_NO_TIME,
                "{\"event\":\"close\",\"reason\":\"disconnect marked in the capture\"}");
    assert_next(&f, RECORD_RECEIVED, SECOND(1), RECORD_NO_TIME, "y");
    end(&f, 0);
}

/* The text of a complaint may quote the input. */
static void complaints_do_not_steer_the_terminal(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, "cryptofeed", RECORD_NO_TIME, "configuration: {\"a\":\x1b[31m}\n");
    end(&f, 1);
    assert_null(strchr(f.complaints, 0x1b));
    assert_non_null(strstr(f.complaints, "the configuration is not JSON"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_where_and_why_and_goes_on),
        cmocka_unit_test(complains_a_bounded_number_of_times),
        cmocka_unit_test(a_configuration_without_a_time_gets_that_of_what_follows),
        cmocka_unit_test(frames_take_their_own_time_or_the_one_before),
        cmocka_unit_test(an_answer_is_received_at_its_newest_trade),
        cmocka_unit_test(an_empty_line_of_tardis_has_the_time_before_it),
        cmocka_unit_test(complaints_do_not_steer_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
