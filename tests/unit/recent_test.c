#include "engine/trade/recent.h"
#include "tests/unit/unit.h"

#include <stdbool.h>

#define MAX 256

static void the_oldest_goes_when_it_is_full(void **state)
{
    (void)state;
    struct recent recent;
    recent_init(&recent, 0, MAX);
    assert_int_equal(recent_first(&recent, 7), RECENT_NONE);
    for (uint64_t number = 0; number < 3 * MAX; number++) {
        assert_ok(recent_add(&recent, number, NULL));
        assert_int_not_equal(recent_first(&recent, number), RECENT_NONE);
        assert_int_equal(recent.count, number < MAX ? number + 1 : MAX);
        if (number >= MAX)
            assert_int_equal(recent_first(&recent, number - MAX), RECENT_NONE);
        if (number >= MAX - 1)
            assert_int_not_equal(recent_first(&recent, number - MAX + 1), RECENT_NONE);
    }
    recent_release(&recent);
    recent_release(&recent);
}

static void items_of_one_number_are_told_apart_by_who_looks(void **state)
{
    (void)state;
    struct recent recent;
    recent_init(&recent, sizeof(int), MAX);
    for (int i = 0; i < 100; i++) {
        void *item;
        assert_ok(recent_add(&recent, 42, &item));
        assert_int_equal(*(int *)item, 0);
        *(int *)item = i;
        assert_ok(recent_add(&recent, (uint64_t)i << 32, NULL));
    }
    bool seen[100] = {false};
    size_t count = 0;
    for (uint32_t at = recent_first(&recent, 42); at != RECENT_NONE;
         at = recent_next(&recent, at)) {
        int value = *(int *)recent_item(&recent, at);
        assert_false(seen[value]);
        seen[value] = true;
        count++;
    }
    assert_int_equal(count, 100);
    recent_release(&recent);
}

/* Against an array of the last MAX numbers. */
static void equals_a_plain_list(void **state)
{
    (void)state;
    uint64_t random = 5, last[MAX] = {0};
    struct recent recent;
    recent_init(&recent, 0, MAX);
    for (size_t step = 0; step < 20000; step++) {
        uint64_t number = unit_below(&random, 600) << (step % 3 * 20);
        bool known = false;
        for (size_t i = 0; i < MAX && i < step; i++)
            known |= last[i] == number;
        assert_int_equal(recent_first(&recent, number) != RECENT_NONE, known);
        assert_ok(recent_add(&recent, number, NULL));
        last[step % MAX] = number;
    }
    recent_release(&recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
        cmocka_unit_test(items_of_one_number_are_told_apart_by_who_looks),
        cmocka_unit_test(equals_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
