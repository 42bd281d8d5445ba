#include "recorder/record_queue.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static uint8_t *pattern(uint64_t number, size_t size)
{
    uint8_t *data = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(number * 31 + i * 7);
    return data;
}

static struct record make(uint64_t number, const uint8_t *data, size_t size)
{
    return (struct record){
        .seq = number,
        .type = RECORD_RECEIVED,
        .flags = RECORD_BINARY,
        .venue = "kraken",
        .connection = (uint32_t)number + 1,
        .wall_ns = (int64_t)number * 3,
        .mono_ns = (int64_t)number * 5,
        .source_ns = RECORD_NO_TIME,
        .data = data,
        .size = size,
    };
}

static bool push(struct record_queue *queue, uint64_t number, size_t size)
{
    uint8_t *data = pattern(number, size);
    struct record record = make(number, data, size);
    bool pushed = record_queue_push(queue, &record);
    free(data);
    return pushed;
}

static void assert_is(const struct record *record, uint64_t number, size_t size)
{
    uint8_t *data = pattern(number, size);
    assert_int_equal(record->seq, number);
    assert_int_equal(record->type, RECORD_RECEIVED);
    assert_int_equal(record->flags, RECORD_BINARY);
    assert_string_equal(record->venue, "kraken");
    assert_int_equal(record->connection, number + 1);
    assert_int_equal(record->wall_ns, number * 3);
    assert_int_equal(record->mono_ns, number * 5);
    assert_true(record->source_ns == RECORD_NO_TIME);
    assert_int_equal(record->size, size);
    assert_memory_equal(record->data, data, size);
    free(data);
}

static void take(struct record_queue *queue, uint64_t number, size_t size)
{
    struct record record;
    assert_int_equal(record_queue_peek(queue, &record, 0), QUEUE_RECORD);
    assert_is(&record, number, size);
    record_queue_pop(queue);
}

static void records_come_out_whole_and_in_order(void **state)
{
    (void)state;
    struct record_queue *queue;
    struct record record;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    assert_int_equal(record_queue_peek(queue, &record, 0), QUEUE_EMPTY);
    for (uint64_t i = 0; i < 50; i++)
        assert_true(push(queue, i, (size_t)i * 3));
    for (uint64_t i = 0; i < 50; i++)
        take(queue, i, (size_t)i * 3);
    assert_int_equal(record_queue_peek(queue, &record, 0), QUEUE_EMPTY);
    record_queue_free(queue);
}

/* Every size from empty to nearly the whole, at every place of the ring. */
static void records_survive_the_wrap_at_any_place(void **state)
{
    (void)state;
    struct record_queue *queue;
    uint64_t random = 1, first = 0, last = 0;
    size_t sizes[4096];
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    for (int i = 0; i < 100000; i++) {
        size_t size =
            unit_below(&random, 8) == 0 ? unit_below(&random, 30000) : unit_below(&random, 300);
        sizes[last % 4096] = size;
        if (last - first < 4096 && unit_below(&random, 2) && push(queue, last, size)) {
            last++;
        } else if (first < last) {
            take(queue, first, sizes[first % 4096]);
            first++;
        }
    }
    while (first < last) {
        take(queue, first, sizes[first % 4096]);
        first++;
    }
    record_queue_free(queue);
}

static void a_full_queue_refuses_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct record_queue *queue;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    uint64_t count = 0;
    while (push(queue, count, 1000))
        count++;
    assert_in_range(count, 50, 65); /* 64 kB of 1000 bytes and what goes with each */
    assert_false(push(queue, 999, 1000));
    take(queue, 0, 1000);
    assert_true(push(queue, count, 1000));
    for (uint64_t i = 1; i <= count; i++)
        take(queue, i, 1000);
    record_queue_free(queue);
}

/* What was used before must not cost room: a reader that sleeps leaves the whole queue to fill. */
static void the_whole_queue_can_be_filled_from_any_place(void **state)
{
    (void)state;
    enum { SIZE = 4000, CAPACITY = 1024 * 1024 };
    for (uint64_t before = 0; before < 300; before += 7) {
        struct record_queue *queue;
        uint64_t count = 0;
        assert_ok(record_queue_new(&queue, CAPACITY));
        for (uint64_t i = 0; i < before; i++) {
            assert_true(push(queue, i, SIZE));
            take(queue, i, SIZE);
        }
        while (push(queue, count, SIZE))
            count++;
        assert_in_range(count * SIZE, CAPACITY * 9 / 10, CAPACITY);
        for (uint64_t i = 0; i < count; i++)
            take(queue, i, SIZE);
        record_queue_free(queue);
    }
}

static void an_empty_queue_takes_a_record_as_large_as_itself(void **state)
{
    (void)state;
    for (size_t before = 0; before < 60000; before += 1111) {
        struct record_queue *queue;
        assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
        assert_true(push(queue, 1, before));
        take(queue, 1, before);
        assert_true(push(queue, 2, 65000));
        assert_false(push(queue, 3, 65000));
        take(queue, 2, 65000);
        record_queue_free(queue);
    }
}

static void the_largest_record_fits_in_the_capture_queue(void **state)
{
    (void)state;
    struct record_queue *queue;
    assert_ok(record_queue_new(&queue, 64u * 1024 * 1024));
    for (uint64_t i = 0; i < 6; i++) {
        assert_true(push(queue, i, RECORD_DATA_MAX));
        take(queue, i, RECORD_DATA_MAX);
        assert_true(push(queue, 100 + i, 12345));
        take(queue, 100 + i, 12345);
    }
    record_queue_free(queue);
}

static void the_end_comes_after_the_last_record(void **state)
{
    (void)state;
    struct record_queue *queue;
    struct record record;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    push(queue, 1, 10);
    record_queue_end(queue);
    take(queue, 1, 10);
    assert_int_equal(record_queue_peek(queue, &record, INT64_C(60000000000)), QUEUE_ENDED);
    record_queue_free(queue);
}

/* ---- two threads ---------------------------------------------------------------------------- */

#define STRESS_COUNT 100000

static size_t stress_size(uint64_t number)
{
    return (size_t)(number * 2654435761u % 701);
}

static void *stress_push(void *arg)
{
    struct record_queue *queue = arg;
    for (uint64_t i = 0; i < STRESS_COUNT;)
        i += push(queue, i, stress_size(i));
    record_queue_end(queue);
    return NULL;
}

static void two_threads_lose_and_change_nothing(void **state)
{
    (void)state;
    struct record_queue *queue;
    pthread_t thread;
    uint64_t next = 0;
    enum record_queue_state got;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    pthread_create(&thread, NULL, stress_push, queue);
    do {
        struct record record;
        got = record_queue_peek(queue, &record, 1000000);
        if (got == QUEUE_RECORD) {
            assert_is(&record, next, stress_size(next));
            record_queue_pop(queue);
            next++;
        }
    } while (got != QUEUE_ENDED);
    assert_int_equal(next, STRESS_COUNT);
    pthread_join(thread, NULL);
    record_queue_free(queue);
}

/* One record at a time, so that the reader sleeps before each: no wake-up may be lost. The wait is
 * far longer than the test may take. */
static void *answer(void *arg)
{
    struct record_queue **queues = arg;
    struct record record;
    while (record_queue_peek(queues[0], &record, INT64_C(600000000000)) == QUEUE_RECORD) {
        bool pushed = record_queue_push(queues[1], &record);
        record_queue_pop(queues[0]);
        if (!pushed)
            break;
    }
    record_queue_end(queues[1]);
    return NULL;
}

static void a_sleeping_reader_is_woken_by_every_record(void **state)
{
    (void)state;
    struct record_queue *queues[2];
    pthread_t thread;
    assert_ok(record_queue_new(&queues[0], RECORD_QUEUE_BYTES_MIN));
    assert_ok(record_queue_new(&queues[1], RECORD_QUEUE_BYTES_MIN));
    pthread_create(&thread, NULL, answer, queues);
    for (uint64_t i = 0; i < 20000; i++) {
        struct record record;
        assert_true(push(queues[0], i, 8));
        assert_int_equal(record_queue_peek(queues[1], &record, INT64_C(600000000000)),
                         QUEUE_RECORD);
        assert_is(&record, i, 8);
        record_queue_pop(queues[1]);
    }
    record_queue_end(queues[0]);
    pthread_join(thread, NULL);
    record_queue_free(queues[0]);
    record_queue_free(queues[1]);
}

static void *wake(void *arg)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    record_queue_wake(arg);
    return NULL;
}

static void wake_ends_a_wait(void **state)
{
    (void)state;
    struct record_queue *queue;
    struct record record;
    pthread_t thread;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    record_queue_wake(queue); /* before the wait counts too */
    assert_int_equal(record_queue_peek(queue, &record, INT64_C(600000000000)), QUEUE_EMPTY);
    pthread_create(&thread, NULL, wake, queue);
    assert_int_equal(record_queue_peek(queue, &record, INT64_C(600000000000)), QUEUE_EMPTY);
    pthread_join(thread, NULL);
    record_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_out_whole_and_in_order),
        cmocka_unit_test(records_survive_the_wrap_at_any_place),
        cmocka_unit_test(a_full_queue_refuses_and_keeps_what_it_has),
        cmocka_unit_test(the_whole_queue_can_be_filled_from_any_place),
        cmocka_unit_test(an_empty_queue_takes_a_record_as_large_as_itself),
        cmocka_unit_test(the_largest_record_fits_in_the_capture_queue),
        cmocka_unit_test(the_end_comes_after_the_last_record),
        cmocka_unit_test(two_threads_lose_and_change_nothing),
        cmocka_unit_test(a_sleeping_reader_is_woken_by_every_record),
        cmocka_unit_test(wake_ends_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
