#include "recorder/capture_drops.h"
#include "tests/unit/unit.h"

#include <inttypes.h>

static struct record frame(int64_t wall_ns, size_t size)
{
    static const uint8_t data[4096];
    return (struct record){.type = RECORD_RECEIVED,
                           .venue = "binance",
                           .connection = 7,
                           .wall_ns = wall_ns,
                           .mono_ns = wall_ns,
                           .source_ns = RECORD_NO_TIME,
                           .data = data,
                           .size = size};
}

static bool take(struct record_queue *queue, struct record *out)
{
    static uint8_t copy[4096];
    if (record_queue_peek(queue, out, 0) != QUEUE_RECORD)
        return false;
    memcpy(copy, out->data, out->size);
    out->data = copy;
    record_queue_pop(queue);
    return true;
}

static void assert_gap(const struct record *record, const char *json)
{
    assert_int_equal(record->type, RECORD_GAP);
    assert_string_equal(record->venue, "binance");
    assert_int_equal(record->connection, 7);
    assert_int_equal(record->size, strlen(json));
    assert_memory_equal(record->data, json, record->size);
}

static void nothing_is_told_when_nothing_is_dropped(void **state)
{
    (void)state;
    struct record_queue *queue;
    struct capture_drops drops = {0};
    struct record record = frame(1, 10), got;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    capture_drops_push(&drops, queue, &record);
    assert_true(capture_drops_tell(&drops, queue, &record));
    assert_true(take(queue, &got));
    assert_int_equal(got.type, RECORD_RECEIVED);
    assert_false(take(queue, &got));
    assert_int_equal(drops.total, 0);
    record_queue_free(queue);
}

static void drops_are_told_with_count_and_times_before_what_is_newer(void **state)
{
    (void)state;
    struct record_queue *queue;
    struct capture_drops drops = {0};
    struct record got;
    int64_t now = 1000;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    int kept = 0;
    while (drops.total == 0) {
        struct record record = frame(now++, 4000);
        capture_drops_push(&drops, queue, &record);
        kept += drops.total == 0;
    }
    int64_t first = now - 1;
    for (int i = 0; i < 4; i++) {
        struct record record = frame(now++, 4000);
        capture_drops_push(&drops, queue, &record);
    }
    assert_int_equal(drops.total, 5);
    for (int i = 0; i < kept; i++)
        assert_true(take(queue, &got) && got.type == RECORD_RECEIVED);
    assert_false(take(queue, &got));

    struct record newer = frame(now, 10);
    capture_drops_push(&drops, queue, &newer);
    char json[200];
    snprintf(
        json, sizeof json,
        "{\"reason\":\"capture queue full\",\"count\":5,\"frames\":5,\"first_wall_ns\":%" PRId64
        ",\"last_wall_ns\":%" PRId64 "}",
        first, first + 4);
    assert_true(take(queue, &got));
    assert_gap(&got, json);
    assert_true(take(queue, &got) && got.type == RECORD_RECEIVED && got.wall_ns == now);
    assert_false(take(queue, &got));
    record_queue_free(queue);
}

static void each_reason_has_its_own_gap(void **state)
{
    (void)state;
    struct record_queue *queue;
    struct capture_drops drops = {0};
    struct record from = frame(50, 0), got;
    assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
    capture_drops_count(&drops, DROP_TOO_LARGE, 10);
    capture_drops_count(&drops, DROP_QUEUE_FULL, 20);
    assert_true(capture_drops_tell(&drops, queue, &from));
    assert_true(take(queue, &got));
    assert_gap(&got,
               "{\"reason\":\"capture queue full\",\"count\":1,\"frames\":0,\"first_wall_ns\":20,"
               "\"last_wall_ns\":20}");
    assert_true(take(queue, &got));
    assert_gap(&got,
               "{\"reason\":\"message too large\",\"count\":1,\"frames\":1,\"first_wall_ns\":10,"
               "\"last_wall_ns\":10}");
    assert_true(capture_drops_tell(&drops, queue, &from));
    assert_false(take(queue, &got));
    record_queue_free(queue);
}

struct tally {
    uint64_t kept, told;
};

static bool take_and_count(struct record_queue *queue, struct tally *tally)
{
    struct record got;
    if (!take(queue, &got))
        return false;
    tally->kept += got.type == RECORD_RECEIVED;
    if (got.type == RECORD_GAP)
        tally->told += strtoull(strstr((const char *)got.data, "count\":") + 7, NULL, 10);
    return true;
}

/* Whatever the order of pushing and taking: what was offered is there or counted in a gap. */
static void offered_is_kept_plus_told(void **state)
{
    (void)state;
    uint64_t dropped = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct record_queue *queue;
        struct capture_drops drops = {0};
        struct tally tally = {0};
        struct record from = frame(9999, 0);
        uint64_t random = seed, offered = 0;
        assert_ok(record_queue_new(&queue, RECORD_QUEUE_BYTES_MIN));
        for (int i = 0; i < 3000; i++) {
            struct record record = frame(i, (size_t)unit_below(&random, 4000));
            if (unit_below(&random, 100) < 60) {
                capture_drops_push(&drops, queue, &record);
                offered++;
            } else {
                take_and_count(queue, &tally);
            }
        }
        while (!capture_drops_tell(&drops, queue, &from))
            assert_true(take_and_count(queue, &tally));
        while (take_and_count(queue, &tally))
            continue;
        assert_int_equal(tally.kept + tally.told, offered);
        assert_int_equal(tally.told, drops.total);
        dropped += drops.total;
        record_queue_free(queue);
    }
    assert_true(dropped > 10000); /* it did happen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_when_nothing_is_dropped),
        cmocka_unit_test(drops_are_told_with_count_and_times_before_what_is_newer),
        cmocka_unit_test(each_reason_has_its_own_gap),
        cmocka_unit_test(offered_is_kept_plus_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
