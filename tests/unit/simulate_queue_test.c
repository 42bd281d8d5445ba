#include "replayer/simulate_queue.h"

#include "tests/unit/unit.h"

static void items_come_out_by_time_then_by_order_of_pushing(void **unused)
{
    (void)unused;
    struct simulate_queue queue;
    simulate_queue_init(&queue);
    uint64_t seed = 3;
    for (uint64_t i = 0; i < 5000; i++) {
        struct simulate_item item = {
            .wall_ns = (int64_t)unit_below(&seed, 300), .id_count = 1, .size = sizeof i};
        assert_ok(simulate_queue_push(&queue, &item, &i, &i));
    }
    struct simulate_item item;
    int64_t wall_ns = -1;
    uint64_t serial = 0, count = 0;
    while (simulate_queue_pop(&queue, INT64_MAX, &item)) {
        assert_true(item.wall_ns > wall_ns || (item.wall_ns == wall_ns && item.serial > serial));
        /* Ids and data are the item's own. */
        assert_true(item.ids[0] == item.serial);
        assert_memory_equal(simulate_item_data(&item), &item.serial, sizeof item.serial);
        wall_ns = item.wall_ns;
        serial = item.serial;
        count++;
        free(item.ids);
    }
    assert_int_equal(count, 5000);
    simulate_queue_release(&queue);
}

static void nothing_comes_out_before_it_is_due(void **unused)
{
    (void)unused;
    struct simulate_queue queue;
    struct simulate_item item = {.wall_ns = 10};
    simulate_queue_init(&queue);
    assert_false(simulate_queue_pop(&queue, INT64_MAX, &item));
    item = (struct simulate_item){.wall_ns = 10};
    assert_ok(simulate_queue_push(&queue, &item, NULL, NULL));
    assert_ok(simulate_queue_push(&queue, &item, NULL, NULL));
    assert_false(simulate_queue_pop(&queue, 9, &item));
    assert_true(simulate_queue_pop(&queue, 10, &item));
    free(item.ids);
    simulate_queue_release(&queue); /* frees what was left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_by_time_then_by_order_of_pushing),
        cmocka_unit_test(nothing_comes_out_before_it_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
