/* Rows of texts as table, CSV and NDJSON, with whatever a venue may put into a name. */
#include "replayer/text_rows.h"
#include "tests/unit/unit.h"

static const struct text_column columns[] = {{"name", 'T'}, {"count", 'I'}, {"parts", 'L'}};

/* What one run writes; static. */
static const char *written(enum text_format format, const char *const rows[][3], size_t count)
{
    static char text[4096];
    struct text_rows out;
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text - 1, "w");
    assert_non_null(file);
    assert_ok(text_rows_open(&out, file, format, columns, 3));
    for (size_t i = 0; i < count; i++) {
        assert_ok(text_rows_add(&out, rows[i]));
    }
    assert_ok(text_rows_close(&out));
    fclose(file);
    return text;
}

static const char *const plain[][3] = {{"a", "7", "x 1|y 2"}, {"longer", "1234567", ""}};
static const char *const empty[][3] = {{"a", NULL, NULL}};
static const char *const odd[][3] = {{"a,\"b\"\n", "7", "x"}, {"\xff\x1b[31m", "8", "\xff|y"}};

static void csv_quotes_what_it_must(void **state)
{
    (void)state;
    assert_string_equal(written(TEXT_CSV, plain, 2),
                        "name,count,parts\na,7,x 1|y 2\nlonger,1234567,\n");
    assert_string_equal(written(TEXT_CSV, empty, 1), "name,count,parts\na,,\n");
    assert_string_equal(written(TEXT_CSV, odd, 1), "name,count,parts\n\"a,\"\"b\"\"\n\",7,x\n");
    assert_string_equal(written(TEXT_CSV, plain, 0), "name,count,parts\n");
}

static void ndjson_is_json(void **state)
{
    (void)state;
    assert_string_equal(written(TEXT_NDJSON, plain, 2),
                        "{\"name\":\"a\",\"count\":7,\"parts\":[\"x 1\",\"y 2\"]}\n"
                        "{\"name\":\"longer\",\"count\":1234567,\"parts\":[]}\n");
    assert_string_equal(written(TEXT_NDJSON, empty, 1),
                        "{\"name\":\"a\",\"count\":null,\"parts\":null}\n");
    /* Bytes that are no UTF-8 become '?', for no reader would take the line. */
    assert_string_equal(written(TEXT_NDJSON, odd, 2),
                        "{\"name\":\"a,\\\"b\\\"\\n\",\"count\":7,\"parts\":[\"x\"]}\n"
                        "{\"name\":\"??[31m\",\"count\":8,\"parts\":[\"?\",\"y\"]}\n");
}

static void tables_are_aligned_and_harmless(void **state)
{
    (void)state;
    assert_string_equal(written(TEXT_TABLE, plain, 2), "name      count  parts\n"
                                                       "a             7  x 1|y 2\n"
                                                       "longer  1234567  \n");
    assert_string_equal(written(TEXT_TABLE, odd + 1, 1), "name    count  parts\n"
                                                         "??[31m      8  ?|y\n");
    assert_string_equal(written(TEXT_TABLE, plain, 0), "");
}

static void a_full_disk_is_told(void **state)
{
    struct text_rows out;
    FILE *full = fopen("/dev/full", "w");
    (void)state;
    if (!full) {
        skip();
    }
    setvbuf(full, NULL, _IONBF, 0);
    assert_err(ERR_NOSPACE, text_rows_open(&out, full, TEXT_CSV, columns, 3));
    assert_ok(text_rows_close(&out));
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_quotes_what_it_must),
        cmocka_unit_test(ndjson_is_json),
        cmocka_unit_test(tables_are_aligned_and_harmless),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
