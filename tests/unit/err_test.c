#include "engine/base/err.h"
#include "tests/unit/unit.h"

#include <errno.h>

static void keeps_one_line(void **state)
{
    (void)state;
    assert_int_equal(err_fail(ERR_USAGE, "bad '%s'", "a\nb"), ERR_USAGE);
    assert_string_equal(err_text(ERR_USAGE), "bad 'a b'");
    assert_int_equal(err_context(ERR_USAGE, "while %d", 1), ERR_USAGE);
    assert_string_equal(err_text(ERR_USAGE), "while 1: bad 'a b'");
}

static void adds_the_reason_of_the_system(void **state)
{
    (void)state;
    errno = ENOSPC;
    assert_int_equal(err_errno("cannot write '%s'", "x"), ERR_NOSPACE);
    assert_string_equal(err_text(ERR_NOSPACE), "cannot write 'x': no space left on device");
    errno = ENOENT;
    assert_int_equal(err_errno("cannot open '%s'", "x"), ERR_MISSING);
    errno = EIO;
    assert_int_equal(err_errno("cannot read '%s'", "x"), ERR_IO);
}

static void cuts_what_is_too_long(void **state)
{
    (void)state;
    char big[3000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)err_fail(ERR_IO, "%s", big);
    assert_int_equal(strlen(err_text(ERR_IO)), ERR_TEXT_MAX - 1);
    (void)err_context(ERR_IO, "%s", big);
    assert_int_equal(strlen(err_text(ERR_IO)), ERR_TEXT_MAX - 1);
}

static void every_code_has_a_text_and_a_status(void **state)
{
    (void)state;
    err_clear();
    assert_string_equal(err_text(ERR_LOCKED), "in use by another process");
    assert_int_equal(err_exit_status(ERR_OK), 0);
    assert_int_equal(err_exit_status(ERR_CHECK), 1);
    assert_int_equal(err_exit_status(ERR_USAGE), 2);
    assert_int_equal(err_exit_status(ERR_DAMAGED), 3);
    assert_int_equal(err_exit_status(ERR_NOSPACE), 4);
    assert_int_equal(err_exit_status(ERR_STOP), 0);
    assert_string_equal(err_name(ERR_NET), "ERR_NET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_one_line),
        cmocka_unit_test(adds_the_reason_of_the_system),
        cmocka_unit_test(cuts_what_is_too_long),
        cmocka_unit_test(every_code_has_a_text_and_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
