#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <unistd.h>

/* The clocks of the log, in place of the system's. */
static int64_t mono_ns;

int64_t clock_mono_ns(void)
{
    return mono_ns;
}

int64_t clock_wall_ns(void)
{
    return INT64_C(1700000000) * 1000000000; /* 2023-11-14T22:13:20Z */
}

/* ---- stderr ---------------------------------------------------------------------------------- */

static char said[256 * 1024];
static int real_stderr = -1, caught = -1;

static void catch_stderr(void)
{
    fflush(stderr);
    assert_int_equal(ftruncate(caught, 0), 0);
    assert_int_equal(lseek(caught, 0, SEEK_SET), 0);
    assert_true(dup2(caught, STDERR_FILENO) >= 0);
}

/* What was said since catch_stderr(). */
static const char *release_stderr(void)
{
    fflush(stderr);
    assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
    ssize_t size = pread(caught, said, sizeof said - 1, 0);
    assert_true(size >= 0);
    said[size] = '\0';
    return said;
}

static int open_file(void **state)
{
    char path[] = "/tmp/rewick-log-XXXXXX";
    (void)state;
    caught = mkstemp(path);
    real_stderr = dup(STDERR_FILENO);
    return caught >= 0 && real_stderr >= 0 && unlink(path) == 0 ? 0 : -1;
}

static int close_file(void **state)
{
    (void)state;
    return close(caught) == 0 && close(real_stderr) == 0 ? 0 : -1;
}

static int begin(void **state)
{
    (void)state;
    log_set_quiet(0);
    log_set_json(0);
    log_set_limit(0);
    mono_ns += INT64_C(1000) * 1000000000; /* whatever was counted before is past */
    return 0;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void each_call_is_one_line(void **state)
{
    (void)state;
    catch_stderr();
    log_info("%d trades of '%s'", 7, "x");
    log_warn("slow");
    log_error("broken");
    assert_string_equal(release_stderr(), "rewick: 7 trades of 'x'\nrewick: warning: slow\n"
                                          "rewick: broken\n");
}

/* What a peer said may stand in it. */
static void a_line_stays_one_whatever_it_holds(void **state)
{
    (void)state;
    catch_stderr();
    log_warn("closed: %s", "bye\nrewick: \x1b[2J\x7f");
    assert_string_equal(release_stderr(), "rewick: warning: closed: bye rewick:  [2J \n");
}

static void quiet_leaves_out_only_infos(void **state)
{
    (void)state;
    log_set_quiet(1);
    catch_stderr();
    log_info("a");
    log_warn("b");
    log_error("c");
    assert_string_equal(release_stderr(), "rewick: warning: b\nrewick: c\n");
}

static void machines_get_objects(void **state)
{
    (void)state;
    log_set_json(1);
    catch_stderr();
    log_info("a \"b\"\t\\");
    log_warn("b");
    log_error("c");
    assert_string_equal(
        release_stderr(),
        "{\"time\":\"2023-11-14T22:13:20Z\",\"level\":\"info\",\"text\":\"a \\\"b\\\"\\t\\\\\"}\n"
        "{\"time\":\"2023-11-14T22:13:20Z\",\"level\":\"warning\",\"text\":\"b\"}\n"
        "{\"time\":\"2023-11-14T22:13:20Z\",\"level\":\"error\",\"text\":\"c\"}\n");
}

/* A file's name may hold any byte; what can be read of the line is there. */
static void bytes_that_are_no_text_cost_no_line(void **state)
{
    (void)state;
    log_set_json(1);
    catch_stderr();
    log_error("cannot open '\xe9t\xe9'");
    json_t *line = json_loads(release_stderr(), 0, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "text")), "cannot open '?t?'");
    json_decref(line);
}

static void long_lines_are_cut(void **state)
{
    static char text[16 * 1024];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    catch_stderr();
    log_warn("%s", text);
    release_stderr();
    assert_int_equal(count_lines(said), 1);
    assert_true(strlen(said) > 1000 && strlen(said) < 2000);
    /* Cut within a letter: the rest is text still. */
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    log_set_json(1);
    for (int i = 0; i < 2; i++) {
        catch_stderr();
        log_warn("%s%s", i == 0 ? "" : "x", text);
        json_t *line = json_loads(release_stderr(), 0, NULL);
        assert_non_null(line);
        assert_true(strlen(json_string_value(json_object_get(line, "text"))) > 900);
        json_decref(line);
    }
}

/* ---- the limit ------------------------------------------------------------------------------- */

static void without_a_limit_all_is_said(void **state)
{
    (void)state;
    catch_stderr();
    for (int i = 0; i < 1000; i++)
        log_warn("again %d", i);
    assert_int_equal(count_lines(release_stderr()), 1000);
}

static void a_kind_is_said_so_often_in_a_minute(void **state)
{
    (void)state;
    log_set_limit(3);
    catch_stderr();
    for (int i = 0; i < 10; i++)
        log_warn("lost %d", i);
    assert_string_equal(release_stderr(), "rewick: warning: lost 0\nrewick: warning: lost 1\n"
                                          "rewick: warning: lost 2\n");
    mono_ns += INT64_C(59) * 1000000000;
    catch_stderr();
    log_warn("lost %d", 10);
    assert_string_equal(release_stderr(), "");
    mono_ns += INT64_C(1) * 1000000000;
    catch_stderr();
    log_warn("lost %d", 11);
    log_warn("lost %d", 12);
    assert_string_equal(release_stderr(),
                        "rewick: warning: lost 11 (and 8 more such lines before)\n"
                        "rewick: warning: lost 12\n");
}

static void machines_are_told_how_many_were_left_out(void **state)
{
    (void)state;
    log_set_limit(1);
    log_set_json(1);
    catch_stderr();
    for (int i = 0; i < 5; i++)
        log_info("gone %d", i);
    mono_ns += INT64_C(60) * 1000000000;
    log_info("gone %d", 5);
    release_stderr();
    assert_int_equal(count_lines(said), 2);
    assert_non_null(strstr(said, "\"text\":\"gone 5\",\"left_out\":4}\n"));
}

static void kinds_do_not_take_from_each_other(void **state)
{
    (void)state;
    log_set_limit(1);
    catch_stderr();
    for (int i = 0; i < 3; i++) {
        log_warn("one kind %d", i);
        log_info("another kind %d", i);
        log_warn("%s", i % 2 ? "a text as it is" : "another text as it is");
    }
    assert_string_equal(release_stderr(), "rewick: warning: one kind 0\nrewick: another kind 0\n"
                                          "rewick: warning: another text as it is\n"
                                          "rewick: warning: a text as it is\n");
}

static void errors_have_no_limit(void **state)
{
    (void)state;
    log_set_limit(1);
    catch_stderr();
    for (int i = 0; i < 50; i++)
        log_error("failed %d", i);
    assert_int_equal(count_lines(release_stderr()), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_call_is_one_line, begin),
        cmocka_unit_test_setup(a_line_stays_one_whatever_it_holds, begin),
        cmocka_unit_test_setup(quiet_leaves_out_only_infos, begin),
        cmocka_unit_test_setup(machines_get_objects, begin),
        cmocka_unit_test_setup(bytes_that_are_no_text_cost_no_line, begin),
        cmocka_unit_test_setup(long_lines_are_cut, begin),
        cmocka_unit_test_setup(without_a_limit_all_is_said, begin),
        cmocka_unit_test_setup(a_kind_is_said_so_often_in_a_minute, begin),
        cmocka_unit_test_setup(machines_are_told_how_many_were_left_out, begin),
        cmocka_unit_test_setup(kinds_do_not_take_from_each_other, begin),
        cmocka_unit_test_setup(errors_have_no_limit, begin),
    };
    return cmocka_run_group_tests(tests, open_file, close_file);
}
