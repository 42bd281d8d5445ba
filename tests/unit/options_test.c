#include "engine/base/options.h"
#include "tests/unit/unit.h"

struct targets {
    bool flag;
    const char *text;
    struct option_list list;
    int64_t number, duration, time;
};

static const struct command command = {
    .name = "test", .operands = "FILE...", .summary = "s", .operands_min = 1, .operands_max = 2};

static enum err parse(struct targets *targets, int *operands, int argc, char **argv)
{
    struct option options[] = {
        {"flag", NULL, "h", OPTION_FLAG, &targets->flag, 0, 0},
        {"text", "T", "h", OPTION_STRING, &targets->text, 0, 0},
        {"list", "L", "h", OPTION_LIST, &targets->list, 0, 0},
        {"number", "N", "h", OPTION_INTEGER, &targets->number, -5, 10},
        {"duration", "D", "h", OPTION_DURATION, &targets->duration, 1000, 5000000000},
        {"time", "T", "h", OPTION_TIME, &targets->time, 0, 0},
        {0},
    };
    return options_parse(&command, options, argc, argv, 1000000000, operands);
}

#define PARSE(targets, operands, ...)                                                              \
    parse(targets, operands, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),        \
          (char *[]){__VA_ARGS__})

static char flag[] = "--flag", text[] = "--text", text_eq[] = "--text=a=b", value[] = "-v",
            list[] = "--list", one[] = "1", two[] = "2", file[] = "file", dashes[] = "--",
            number[] = "--number", minus[] = "-5", eleven[] = "11", junk[] = "7x",
            unknown[] = "--unknown", duration[] = "--duration", d2s[] = "2s", d9s[] = "9s",
            when[] = "--time", back[] = "-1s", flag_eq[] = "--flag=1", shorty[] = "-x";

static void parses_every_kind(void **state)
{
    (void)state;
    struct targets t = {0};
    int operands;
    assert_ok(PARSE(&t, &operands, file, flag, text, value, list, one, list, two, number, minus,
                    duration, d2s, when, back, dashes, text_eq));
    assert_int_equal(operands, 2);
    assert_true(t.flag);
    assert_string_equal(t.text, "-v");
    assert_int_equal(t.list.count, 2);
    assert_string_equal(t.list.items[1], "2");
    assert_int_equal(t.number, -5);
    assert_int_equal(t.duration, 2000000000);
    assert_int_equal(t.time, 0);
    assert_ok(PARSE(&t, &operands, text_eq, file));
    assert_string_equal(t.text, "a=b");
}

static void wrong_calls_name_the_word_and_the_help(void **state)
{
    (void)state;
    struct targets t = {0};
    int n;
    assert_err(ERR_USAGE, PARSE(&t, &n, unknown, file));
    assert_string_equal(err_text(ERR_USAGE),
                        "unknown option '--unknown'; see 'rewick test --help'");
    assert_err(ERR_USAGE, PARSE(&t, &n, shorty, file));
    assert_err(ERR_USAGE, PARSE(&t, &n, file, text));
    assert_string_equal(err_text(ERR_USAGE),
                        "a value is missing after '--text'; see 'rewick test --help'");
    assert_err(ERR_USAGE, PARSE(&t, &n, file, number, eleven));
    assert_string_equal(err_text(ERR_USAGE), "'--number 11' is not a whole number from -5 to 10");
    assert_err(ERR_USAGE, PARSE(&t, &n, file, number, junk));
    assert_err(ERR_USAGE, PARSE(&t, &n, file, duration, d9s));
    assert_err(ERR_USAGE, PARSE(&t, &n, file, duration, junk));
    assert_err(ERR_USAGE, PARSE(&t, &n, file, when, junk));
    assert_err(ERR_USAGE, PARSE(&t, &n, file, flag_eq));
    assert_err(ERR_USAGE, PARSE(&t, &n, flag));
    assert_string_equal(err_text(ERR_USAGE),
                        "'rewick test' needs FILE...; see 'rewick test --help'");
    assert_err(ERR_USAGE, PARSE(&t, &n, one, two, file));
}

static void splits_lists(void **state)
{
    (void)state;
    char storage[32];
    const char *items[3];
    size_t count;
    assert_ok(options_split("a,bb,c", storage, sizeof storage, items, 3, &count));
    assert_int_equal(count, 3);
    assert_string_equal(items[1], "bb");
    assert_err(ERR_USAGE, options_split("a,,c", storage, sizeof storage, items, 3, &count));
    assert_err(ERR_USAGE, options_split("", storage, sizeof storage, items, 3, &count));
    assert_err(ERR_USAGE, options_split("a,b,c,d", storage, sizeof storage, items, 3, &count));
    assert_err(ERR_USAGE, options_split("a,b", storage, 3, items, 3, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_every_kind),
        cmocka_unit_test(wrong_calls_name_the_word_and_the_help),
        cmocka_unit_test(splits_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
