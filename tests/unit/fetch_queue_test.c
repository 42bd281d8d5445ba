#include "engine/base/time_text.h"
#include "recorder/fetch_queue.h"
#include "tests/unit/unit.h"

static const struct venue_rest slow = {.gap_ns = 2 * NS_PER_S}, quick = {.gap_ns = NS_PER_S};
static const struct venue venue_slow = {.name = "slow", .rest = &slow};
static const struct venue venue_quick = {.name = "quick", .rest = &quick};
static const struct ws_url host_a = {.authority = "a"}, host_b = {.authority = "b"};

static enum err add(struct fetch_queue *queue, const struct venue *venue, const struct ws_url *host,
                    uint32_t connection, const char *target, int64_t now_ns)
{
    struct fetch fetch = {.venue = venue, .host = host, .method = "GET", .connection = connection};
    snprintf(fetch.target, sizeof fetch.target, "%s", target);
    return fetch_queue_add(queue, &fetch, now_ns);
}

static enum fetch_outcome answer(struct fetch_queue *queue, struct fetch *fetch, int status,
                                 int64_t retry_after_ns, int64_t now_ns)
{
    struct fetch_answer got = {.status = status, .retry_after_ns = retry_after_ns, .reason = ""};
    enum fetch_outcome outcome = fetch_queue_answer(queue, fetch, &got, now_ns);
    if (outcome == FETCH_DONE)
        fetch_queue_done(fetch);
    return outcome;
}

static void each_host_has_its_pace(void **state)
{
    (void)state;
    struct fetch_queue queue;
    int64_t due_ns;
    fetch_queue_init(&queue, 1);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/1", 0));
    assert_ok(add(&queue, &venue_slow, &host_a, 0, "/2", 0)); /* the slower pace holds for both */
    assert_ok(add(&queue, &venue_quick, &host_b, 0, "/3", 0));
    assert_string_equal(fetch_queue_take(&queue, 0, &due_ns)->target, "/1");
    assert_string_equal(fetch_queue_take(&queue, 0, &due_ns)->target, "/3");
    assert_null(fetch_queue_take(&queue, 0, &due_ns));
    assert_int_equal(due_ns, 2 * NS_PER_S);
    assert_null(fetch_queue_take(&queue, due_ns - 1, &due_ns));
    assert_string_equal(fetch_queue_take(&queue, 2 * NS_PER_S, &due_ns)->target, "/2");
    assert_null(fetch_queue_take(&queue, 2 * NS_PER_S, &due_ns));
    assert_int_equal(due_ns, INT64_MAX);
    fetch_queue_release(&queue);
}

static void handshakes_go_first_and_are_tried_once(void **state)
{
    (void)state;
    struct fetch_queue queue;
    int64_t due_ns;
    fetch_queue_init(&queue, 1);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/trades", 0));
    assert_ok(add(&queue, &venue_quick, &host_a, 7, "/token", 5));
    assert_ok(add(&queue, &venue_quick, &host_a, 8, "/token", 5));
    struct fetch *fetch = fetch_queue_take(&queue, 10, &due_ns);
    assert_int_equal(fetch->connection, 7);
    assert_ptr_equal(fetch_queue_find(&queue, fetch->number), fetch);
    assert_int_equal(answer(&queue, fetch, 500, 0, 20), FETCH_DONE);
    assert_null(fetch_queue_find(&queue, 2));
    assert_int_equal(fetch_queue_take(&queue, 2 * NS_PER_S, &due_ns)->connection, 8);
    assert_int_equal(fetch_queue_take(&queue, 4 * NS_PER_S, &due_ns)->connection, 0);
    fetch_queue_release(&queue);
}

static void failures_are_tried_again_three_times_in_all(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct fetch_queue queue;
        int64_t due_ns, now_ns = 0;
        fetch_queue_init(&queue, seed);
        assert_ok(add(&queue, &venue_quick, &host_a, 0, "/1", 0));
        for (int try = 1; try <= FETCH_TRIES_MAX; try++) {
            struct fetch *fetch = fetch_queue_take(&queue, now_ns, &due_ns);
            assert_non_null(fetch);
            assert_int_equal(answer(&queue, fetch, try == 2 ? 0 : 503, 0, now_ns),
                             try == FETCH_TRIES_MAX ? FETCH_DONE : FETCH_AGAIN);
            if (try < FETCH_TRIES_MAX) {
                assert_null(fetch_queue_take(&queue, now_ns, &due_ns));
                assert_in_range(due_ns - now_ns, NS_PER_S, (1 << try) * NS_PER_S);
                now_ns = due_ns;
            }
        }
        assert_null(fetch_queue_take(&queue, now_ns + NS_PER_DAY, &due_ns));
        assert_int_equal(due_ns, INT64_MAX);
        fetch_queue_release(&queue);
    }
}

static void refusals_close_the_host_for_longer_and_longer(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {10, 20, 40, 80, 160, 320, 600, 600};
    struct fetch_queue queue;
    int64_t due_ns, now_ns = 0;
    char target[16];
    fetch_queue_init(&queue, 1);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/0", 0));
    for (int i = 0; i < 8; i++) {
        struct fetch *fetch = fetch_queue_take(&queue, now_ns, &due_ns);
        assert_non_null(fetch);
        if (answer(&queue, fetch, i % 2 ? 429 : 418, 0, now_ns) == FETCH_DONE) {
            snprintf(target, sizeof target, "/%d", i + 1);
            assert_ok(add(&queue, &venue_quick, &host_a, 0, target, now_ns));
        }
        assert_null(fetch_queue_take(&queue, now_ns, &due_ns));
        assert_int_equal(due_ns - now_ns, waits_s[i] * NS_PER_S);
        now_ns = due_ns;
    }
    /* One that is let through ends the row. */
    struct fetch *fetch = fetch_queue_take(&queue, now_ns, &due_ns);
    assert_int_equal(answer(&queue, fetch, 200, 0, now_ns), FETCH_DONE);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/a", now_ns));
    fetch = fetch_queue_take(&queue, now_ns + NS_PER_S, &due_ns);
    assert_int_equal(answer(&queue, fetch, 429, 0, now_ns + NS_PER_S), FETCH_AGAIN);
    assert_null(fetch_queue_take(&queue, now_ns + NS_PER_S, &due_ns));
    assert_int_equal(due_ns, now_ns + 11 * NS_PER_S);
    fetch_queue_release(&queue);
}

static void retry_after_is_kept_up_to_a_day(void **state)
{
    (void)state;
    struct fetch_queue queue;
    int64_t due_ns;
    fetch_queue_init(&queue, 1);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/1", 0));
    struct fetch *fetch = fetch_queue_take(&queue, 0, &due_ns);
    assert_int_equal(answer(&queue, fetch, 429, FETCH_PATIENCE_NS, 0), FETCH_AGAIN);
    assert_null(fetch_queue_take(&queue, FETCH_PATIENCE_NS - 1, &due_ns));
    fetch = fetch_queue_take(&queue, FETCH_PATIENCE_NS, &due_ns);
    assert_int_equal(answer(&queue, fetch, 429, INT64_MAX, FETCH_PATIENCE_NS), FETCH_DONE);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/2", FETCH_PATIENCE_NS));
    assert_null(fetch_queue_take(&queue, FETCH_PATIENCE_NS, &due_ns));
    assert_int_equal(due_ns, FETCH_PATIENCE_NS + NS_PER_DAY);
    fetch_queue_release(&queue);
}

static void few_are_under_way_and_so_many_wait(void **state)
{
    (void)state;
    struct fetch_queue queue;
    int64_t due_ns, now_ns = 0;
    char target[16];
    fetch_queue_init(&queue, 1);
    for (int i = 0; i < FETCH_QUEUE_MAX; i++) {
        snprintf(target, sizeof target, "/%d", i);
        assert_ok(add(&queue, &venue_quick, &host_a, 0, target, 0));
    }
    assert_err(ERR_STOP, add(&queue, &venue_quick, &host_a, 0, "/5", 0));
    assert_err(ERR_LIMIT, add(&queue, &venue_quick, &host_a, 0, "/new", 0));
    struct fetch *first = NULL;
    for (int i = 0; i < FETCH_UNDER_WAY_MAX; i++, now_ns += NS_PER_S) {
        struct fetch *fetch = fetch_queue_take(&queue, now_ns, &due_ns);
        assert_non_null(fetch);
        first = first ? first : fetch;
    }
    assert_null(fetch_queue_take(&queue, now_ns, &due_ns));
    assert_int_equal(due_ns, INT64_MAX);
    assert_int_equal(answer(&queue, first, 200, 0, now_ns), FETCH_DONE);
    assert_ok(add(&queue, &venue_quick, &host_a, 0, "/new", 0));
    assert_non_null(fetch_queue_take(&queue, now_ns, &due_ns));
    fetch_queue_release(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_host_has_its_pace),
        cmocka_unit_test(handshakes_go_first_and_are_tried_once),
        cmocka_unit_test(failures_are_tried_again_three_times_in_all),
        cmocka_unit_test(refusals_close_the_host_for_longer_and_longer),
        cmocka_unit_test(retry_after_is_kept_up_to_a_day),
        cmocka_unit_test(few_are_under_way_and_so_many_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
