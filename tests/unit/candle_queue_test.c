#include "engine/sink/candle_queue.h"

#include "tests/unit/unit.h"

#define EVENT_BYTES 100

static struct candle_event *new_event(uint64_t number)
{
    struct candle_event *event = calloc(1, sizeof *event);
    assert_non_null(event);
    atomic_init(&event->refs, 1);
    event->number = number;
    event->packed = grpc_slice_malloc(EVENT_BYTES);
    return event;
}

/* Leaves the only reference with the queue. */
static enum err push(struct candle_queue *queue, uint64_t number)
{
    struct candle_event *event = new_event(number);
    enum err err = candle_queue_push(queue, event);
    candle_event_unref(event);
    return err;
}

static uint64_t pop(struct candle_queue *queue)
{
    struct candle_event *event = candle_queue_pop(queue);
    uint64_t number = event == NULL ? 0 : event->number;
    if (event != NULL)
        candle_event_unref(event);
    return number;
}

static void first_in_first_out_at_any_length(void **state)
{
    (void)state;
    struct candle_queue queue = {.count_max = 5000, .bytes_max = UINT64_MAX};
    uint64_t random = 1, next_in = 1, next_out = 1;
    for (int i = 0; i < 200000; i++) {
        if (unit_below(&random, 100) < (unsigned)(i / 20000 % 2 == 0 ? 60 : 40)) {
            if (push(&queue, next_in) == ERR_OK)
                next_in++;
            else
                assert_int_equal(queue.count, 5000);
        } else if (queue.count > 0) {
            assert_int_equal(pop(&queue), next_out++);
        }
        assert_int_equal(queue.count, next_in - next_out);
        assert_int_equal(queue.bytes, queue.count * EVENT_BYTES);
    }
    candle_queue_release(&queue);
    assert_int_equal(queue.count, 0);
}

static void both_limits_hold(void **state)
{
    (void)state;
    struct candle_queue queue = {.count_max = 3, .bytes_max = UINT64_MAX};
    for (uint64_t n = 1; n <= 3; n++)
        assert_ok(push(&queue, n));
    assert_err(ERR_LIMIT, push(&queue, 4));
    assert_int_equal(pop(&queue), 1);
    assert_ok(push(&queue, 4));
    candle_queue_release(&queue);
    queue = (struct candle_queue){.count_max = 100, .bytes_max = 2 * EVENT_BYTES};
    assert_ok(push(&queue, 1));
    assert_ok(push(&queue, 2));
    assert_err(ERR_LIMIT, push(&queue, 3));
    candle_queue_release(&queue);
    assert_null(candle_queue_pop(&queue));
}

static bool keep_odd(const struct candle_event *event, void *arg)
{
    (void)arg;
    return event->number % 2 == 1;
}

static void what_is_taken_out_leaves_the_order(void **state)
{
    (void)state;
    struct candle_queue queue = {.count_max = 1000, .bytes_max = UINT64_MAX};
    candle_queue_keep(&queue, keep_odd, NULL); /* empty */
    for (uint64_t n = 1; n <= 100; n++)
        assert_ok(push(&queue, n));
    for (uint64_t n = 1; n <= 50; n++)
        assert_int_equal(pop(&queue), n);
    for (uint64_t n = 101; n <= 160; n++) /* around the end of the ring */
        assert_ok(push(&queue, n));
    candle_queue_keep(&queue, keep_odd, NULL);
    assert_int_equal(queue.count, 55);
    assert_int_equal(queue.bytes, 55 * EVENT_BYTES);
    for (uint64_t n = 51; n <= 160; n += 2)
        assert_int_equal(pop(&queue), n);
    assert_int_equal(queue.count, 0);
    candle_queue_release(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out_at_any_length),
        cmocka_unit_test(both_limits_hold),
        cmocka_unit_test(what_is_taken_out_leaves_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
