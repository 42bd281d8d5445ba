#include "replayer/import_lines.h"
#include "tests/unit/unit.h"

#include <zlib.h>

static struct import_lines *lines_of(const void *data, size_t size)
{
    struct import_source *source;
    struct import_lines *lines;
    assert_ok(import_source_open_memory(&source, data, size));
    assert_ok(import_lines_open(&lines, source));
    return lines;
}

static void assert_line(struct import_lines *lines, const char *expected, uint64_t number)
{
    const uint8_t *line;
    size_t size;
    assert_ok(import_lines_next(lines, &line, &size));
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(line, expected, size);
    assert_int_equal(import_lines_number(lines), number);
}

static void assert_end(struct import_lines *lines)
{
    const uint8_t *line;
    size_t size;
    assert_err(ERR_END, import_lines_next(lines, &line, &size));
    assert_err(ERR_END, import_lines_next(lines, &line, &size));
    import_lines_close(lines);
}

static void splits_at_line_feeds_only(void **state)
{
    (void)state;
    struct import_lines *lines = lines_of("a\n\nb c\r\nlast", 12);
    assert_line(lines, "a", 1);
    assert_line(lines, "", 2);
    assert_line(lines, "b c\r", 3);
    assert_line(lines, "last", 4);
    assert_end(lines);
    lines = lines_of("a\n", 2);
    assert_line(lines, "a", 1);
    assert_end(lines);
    assert_end(lines_of("", 0));
}

/* Lines of all lengths around the sizes of the buffers, compared with a plain split. */
static void lines_of_any_length_come_out_whole(void **state)
{
    (void)state;
    uint64_t seed = 4;
    size_t size = 3u << 20;
    char *text = malloc(size);
    assert_non_null(text);
    size_t next_feed = 100;
    for (size_t i = 0; i < size; i++) {
        text[i] = i == next_feed ? '\n' : (char)('a' + i % 23);
        if (i == next_feed)
            next_feed = i + 1 + unit_below(&seed, unit_below(&seed, 10) == 0 ? 400000 : 900);
    }
    struct import_lines *lines = lines_of(text, size);
    uint64_t number = 0;
    for (const char *at = text, *end = text + size; at < end; number++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((feed ? feed : end) - at);
        const uint8_t *line;
        size_t got;
        assert_ok(import_lines_next(lines, &line, &got));
        assert_int_equal(got, length);
        assert_memory_equal(line, at, length);
        at += length + 1;
    }
    assert_int_equal(import_lines_number(lines), number);
    assert_end(lines);
    free(text);
}

static void a_line_that_is_too_long_costs_itself_only(void **state)
{
    (void)state;
    size_t max = IMPORT_LINE_MAX, size = 2 * max + 100;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    static const size_t extra[] = {1, 300000, 50u << 20};
    for (size_t i = 0; i < 3; i++) {
        size_t length = max + (extra[i] < max ? extra[i] : max);
        memcpy(text, "a\n", 2);
        memcpy(text + 2 + length, "\nb", 2);
        struct import_lines *lines = lines_of(text, 2 + length + 2);
        assert_line(lines, "a", 1);
        const uint8_t *line;
        size_t got;
        assert_err(ERR_LIMIT, import_lines_next(lines, &line, &got));
        assert_int_equal(import_lines_number(lines), 2);
        assert_line(lines, "b", 3);
        assert_end(lines);
        memset(text, 'x', size);
    }
    /* The longest that is allowed, and one that is too long and the last. */
    text[max] = '\n';
    struct import_lines *lines = lines_of(text, size);
    const uint8_t *line;
    size_t got;
    assert_ok(import_lines_next(lines, &line, &got));
    assert_int_equal(got, max);
    assert_err(ERR_LIMIT, import_lines_next(lines, &line, &got));
    assert_int_equal(import_lines_number(lines), 2);
    assert_end(lines);
    free(text);
}

static size_t gzip(uint8_t *out, size_t room, const char *text)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)text, .avail_in = (uInt)strlen(text)};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t size = z.total_out;
    deflateEnd(&z);
    return size;
}

/* What stands behind the last line feed when the packed data breaks is half a line: it must not
 * pass for one. */
static void a_line_cut_by_damage_is_not_given_out(void **state)
{
    (void)state;
    uint8_t packed[256];
    size_t size = gzip(packed, sizeof packed, "one\ntwo\nthr");
    struct import_lines *lines = lines_of(packed, size - 1);
    assert_line(lines, "one", 1);
    assert_line(lines, "two", 2);
    const uint8_t *line;
    size_t got;
    assert_err(ERR_DAMAGED, import_lines_next(lines, &line, &got));
    assert_int_equal(import_lines_number(lines), 3);
    assert_end(lines);
    lines = lines_of(packed, size);
    assert_line(lines, "one", 1);
    assert_line(lines, "two", 2);
    assert_line(lines, "thr", 3);
    assert_end(lines);
}

static void the_rest_is_everything(void **state)
{
    (void)state;
    const uint8_t *data;
    size_t size;
    struct import_lines *lines = lines_of("{\n}\n", 4);
    assert_ok(import_lines_rest(lines, &data, &size));
    assert_int_equal(size, 4);
    assert_memory_equal(data, "{\n}\n", 4);
    assert_err(ERR_END, import_lines_rest(lines, &data, &size));
    assert_int_equal(import_lines_number(lines), 1);
    import_lines_close(lines);
    lines = lines_of("", 0);
    assert_err(ERR_END, import_lines_rest(lines, &data, &size));
    assert_int_equal(import_lines_number(lines), 0);
    import_lines_close(lines);
    uint8_t packed[256];
    size_t packed_size = gzip(packed, sizeof packed, "{\"a\":\n1}");
    lines = lines_of(packed, packed_size - 3);
    assert_err(ERR_DAMAGED, import_lines_rest(lines, &data, &size));
    assert_err(ERR_END, import_lines_rest(lines, &data, &size));
    import_lines_close(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_at_line_feeds_only),
        cmocka_unit_test(lines_of_any_length_come_out_whole),
        cmocka_unit_test(a_line_that_is_too_long_costs_itself_only),
        cmocka_unit_test(a_line_cut_by_damage_is_not_given_out),
        cmocka_unit_test(the_rest_is_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
