/* The list of windows and its pool: that a queue of them takes no more memory than its length
 * needs. */
#include "engine/candle/composite_window.h"
#include "tests/unit/composite_sample.h"

static void need(struct composite_windows *windows, struct composite_pool *pool, int64_t open_ns,
                 bool closed)
{
    struct candle candle = {.open_ns = open_ns, .close_ns = open_ns + NS_PER_S};
    struct composite_window *window;
    struct composite_part *part;
    size_t index = composite_windows_index(windows, open_ns);
    assert_ok(composite_windows_need(windows, pool, index, &candle, closed, &window));
    assert_true(window->open_ns == open_ns && window->close_ns == open_ns + NS_PER_S);
    for (size_t member = 3; member-- > 0;) {
        assert_ok(composite_window_part(window, pool, member, &part));
        assert_int_equal(part->member, member);
    }
    assert_ok(composite_window_part(window, pool, 1, &part));
    assert_true(window->parts->next == part && part->next->next == NULL);
}

/* Three windows at a time, 100,000 in a row: after the first thousand nothing is allocated, which
 * the blocks of the pool and the room of the list show. */
static void a_queue_of_windows_takes_the_memory_of_its_length(void **state)
{
    (void)state;
    struct composite_pool pool = {0};
    struct composite_windows windows;
    const struct composite_block *blocks = NULL;
    composite_windows_init(&windows);
    for (int64_t i = 0; i < 100000; i++) {
        need(&windows, &pool, i, true);
        if (windows.count > 3)
            composite_windows_drop_first(&windows, &pool);
        if (i == 1000)
            blocks = pool.blocks;
    }
    assert_ptr_equal(pool.blocks, blocks);
    assert_true(windows.capacity <= 32);
    composite_windows_release(&windows);
    composite_pool_release(&pool);
}

static void windows_are_in_order(void **state)
{
    (void)state;
    struct composite_pool pool = {0};
    struct composite_windows windows;
    uint64_t random = 1;
    composite_windows_init(&windows);
    for (size_t i = 0; i < 1000; i++)
        need(&windows, &pool, (int64_t)unit_below(&random, 500), false);
    assert_true(windows.count > 400 && windows.count <= 500);
    for (size_t i = 1; i < windows.count; i++) {
        int64_t open_ns = composite_windows_at(&windows, i)->open_ns;
        assert_true(composite_windows_at(&windows, i - 1)->open_ns < open_ns);
        assert_int_equal(composite_windows_index(&windows, open_ns), i);
    }
    assert_int_equal(composite_windows_index(&windows, 500), windows.count);
    composite_windows_release(&windows);
    composite_pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_of_windows_takes_the_memory_of_its_length),
        cmocka_unit_test(windows_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
