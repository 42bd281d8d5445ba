#include "recorder/order.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int wakes;

static void wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&wakes, 1);
}

static void orders_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct order_queue *queue;
    static struct order order, got;
    wakes = 0;
    assert_ok(order_queue_new(&queue, wake, NULL));
    assert_false(order_queue_pop(queue, &got));
    for (uint32_t i = 1; i <= 3; i++) {
        order = (struct order){.kind = ORDER_RENEW, .connection = i};
        snprintf(order.text, sizeof order.text, "reason %u", i);
        assert_ok(order_queue_push(queue, &order));
    }
    assert_int_equal(wakes, 3);
    for (uint32_t i = 1; i <= 3; i++) {
        char text[16];
        snprintf(text, sizeof text, "reason %u", i);
        assert_true(order_queue_pop(queue, &got));
        assert_int_equal(got.connection, i);
        assert_string_equal(got.text, text);
    }
    assert_false(order_queue_pop(queue, &got));
    order_queue_free(queue);
}

static void a_full_queue_says_so_and_takes_nothing(void **state)
{
    (void)state;
    struct order_queue *queue;
    static struct order order, got;
    assert_ok(order_queue_new(&queue, NULL, NULL));
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < ORDER_QUEUE_MAX; i++) {
            order.connection = i;
            assert_ok(order_queue_push(queue, &order));
        }
        order.connection = 9999;
        assert_err(ERR_LIMIT, order_queue_push(queue, &order));
        for (uint32_t i = 0; i < ORDER_QUEUE_MAX; i++) {
            assert_true(order_queue_pop(queue, &got));
            assert_int_equal(got.connection, i);
        }
        assert_false(order_queue_pop(queue, &got));
    }
    order_queue_free(queue);
}

enum { THREADS = 4, EACH = 5000 };

static void *push_many(void *arg)
{
    struct order_queue *queue = ((void **)arg)[0];
    uint32_t first = (uint32_t)(uintptr_t)((void **)arg)[1];
    struct order *order = calloc(1, sizeof *order);
    for (uint32_t i = 0; i < EACH; i++) {
        order->connection = first + i;
        while (order_queue_push(queue, order) != ERR_OK)
            sched_yield();
    }
    free(order);
    return NULL;
}

/* Of each thread in order, of all threads everything. */
static void several_threads_may_give_orders(void **state)
{
    (void)state;
    struct order_queue *queue;
    static struct order got;
    pthread_t threads[THREADS];
    void *args[THREADS][2];
    uint32_t next[THREADS] = {0};
    assert_ok(order_queue_new(&queue, wake, NULL));
    for (size_t i = 0; i < THREADS; i++) {
        args[i][0] = queue;
        args[i][1] = (void *)(uintptr_t)(i * EACH);
        assert_int_equal(pthread_create(&threads[i], NULL, push_many, args[i]), 0);
    }
    for (int taken = 0; taken < THREADS * EACH;) {
        if (!order_queue_pop(queue, &got)) {
            sched_yield();
            continue;
        }
        uint32_t thread = got.connection / EACH;
        assert_int_equal(got.connection % EACH, next[thread]++);
        taken++;
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    order_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_come_out_as_they_went_in),
        cmocka_unit_test(a_full_queue_says_so_and_takes_nothing),
        cmocka_unit_test(several_threads_may_give_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
