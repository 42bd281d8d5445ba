/* health_board: rounds are published whole, replaced whole, and live as long as somebody reads. */
#include "tests/unit/unit.h"

#include "engine/base/log.h"
#include "engine/sink/health_board.h"

#include <pthread.h>

static void put(struct health_board *board, const char *venue, uint32_t connection, uint64_t seq)
{
    struct health_report report = {.venue = venue, .connection = connection, .seq = seq};
    assert_ok(health_board_put(board, &report));
}

static void test_a_round_is_seen_when_it_is_whole(void **state)
{
    (void)state;
    struct health_board *board;
    assert_ok(health_board_new(&board));
    assert_null(health_board_newest(board));
    health_board_publish(board);
    assert_null(health_board_newest(board));
    char name[] = "first"; /* the engine's string goes away with the engine */
    put(board, name, 0, 7);
    assert_null(health_board_newest(board));
    for (uint32_t number = 1; number <= 100; number++)
        put(board, name, number, 7);
    health_board_publish(board);
    memset(name, 'x', sizeof name - 1);
    struct health_round *old = health_board_newest(board);
    assert_int_equal(old->number, 1);
    assert_int_equal(old->count, 101);
    /* what is gone is not in the next one */
    put(board, "second", 0, 8);
    health_board_publish(board);
    struct health_round *round = health_board_newest(board);
    assert_int_equal(round->number, 2);
    assert_int_equal(round->count, 1);
    assert_string_equal(round->reports[0].venue, "second");
    health_board_free(board);
    assert_int_equal(old->count, 101);
    for (uint32_t number = 0; number <= 100; number++) {
        assert_string_equal(old->reports[number].venue, "first");
        assert_int_equal(old->reports[number].connection, number);
        assert_int_equal(old->reports[number].seq, 7);
    }
    health_round_unref(old);
    health_round_unref(round);
    health_round_unref(NULL);
}

static void test_a_round_has_a_limit(void **state)
{
    (void)state;
    struct health_board *board;
    log_set_quiet(2);
    assert_ok(health_board_new(&board));
    for (uint32_t number = 0; number < HEALTH_ROUND_MAX + 3; number++)
        put(board, "first", number, 1);
    health_board_publish(board);
    struct health_round *round = health_board_newest(board);
    assert_int_equal(round->count, HEALTH_ROUND_MAX);
    health_round_unref(round);
    put(board, "first", 0, 2); /* of a round that is never published */
    health_board_free(board);
    health_board_free(NULL);
}

#define ROUNDS 2000

static void *read_rounds(void *arg)
{
    struct health_board *board = arg;
    uintptr_t bad = 0;
    uint64_t number = 0;
    while (health_board_wait(board, number)) {
        struct health_round *round = health_board_newest(board);
        bad += round->number <= number || round->count != round->number % 5 + 1;
        number = round->number;
        for (size_t i = 0; i < round->count; i++)
            bad += round->reports[i].seq != number;
        health_round_unref(round);
    }
    return (void *)(bad + (number > ROUNDS));
}

static void test_readers_see_whole_rounds_only(void **state)
{
    (void)state;
    struct health_board *board;
    pthread_t readers[3];
    assert_ok(health_board_new(&board));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_rounds, board), 0);
    for (uint64_t seq = 1; seq <= ROUNDS; seq++) {
        for (uint32_t number = 0; number <= seq % 5; number++)
            put(board, "first", number, seq);
        health_board_publish(board);
    }
    health_board_stop(board);
    for (size_t i = 0; i < 3; i++) {
        void *bad;
        pthread_join(readers[i], &bad);
        assert_null(bad);
    }
    assert_false(health_board_wait(board, 0));
    health_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_is_seen_when_it_is_whole),
        cmocka_unit_test(test_a_round_has_a_limit),
        cmocka_unit_test(test_readers_see_whole_rounds_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
