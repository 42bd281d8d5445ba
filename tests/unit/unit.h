/* unit: cmocka with its own includes in the order it wants, and what many tests need. */
#ifndef REWICK_TESTS_UNIT_UNIT_H
#define REWICK_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/err.h"

/* Asserts ERR_OK and shows the text otherwise. */
#define assert_ok(expression)                                                                      \
    do {                                                                                           \
        enum err assert_ok_err = (expression);                                                     \
        if (assert_ok_err != ERR_OK)                                                               \
            fail_msg("%s: %s: %s", #expression, err_name(assert_ok_err), err_text(assert_ok_err)); \
    } while (0)

#define assert_err(code, expression)                                                               \
    do {                                                                                           \
        enum err assert_err_err = (expression);                                                    \
        if (assert_err_err != (code))                                                              \
            fail_msg("%s: %s, not %s", #expression, err_name(assert_err_err), err_name(code));     \
    } while (0)

/* A small seeded generator (splitmix64) for property tests. */
static inline uint64_t unit_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 .. below - 1 */
static inline uint64_t unit_below(uint64_t *state, uint64_t below)
{
    return unit_random(state) % below;
}

#endif
