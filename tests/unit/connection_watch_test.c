/* connection_watch: wanted subscriptions are confirmed, refused or overdue. */
#include "tests/unit/unit.h"

#include "engine/base/time_text.h"
#include "recorder/connection_watch.h"
#include "tests/unit/repair_source.h"

struct bench {
    struct source source;
    struct connection_watch watch;
    struct venue_frame frame;
    int changes;
    char text[VENUE_ERROR_MAX];
};

static const char *const symbols[] = {"AAA", "BBB", "CCC", "DDD", "EEE"};
static const uint32_t numbers[] = {7, 3, 9, 1, 4};

static void on_changed(const struct watched_sub *sub, enum watched_state before, const char *text,
                       void *arg)
{
    struct bench *bench = arg;
    assert_int_not_equal(sub->state, before);
    bench->changes++;
    snprintf(bench->text, sizeof bench->text, "%s", text);
}

static struct bench *open_bench(enum venue_ack ack)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    source_init(&bench->source, IDS_CONTIGUOUS, true, false);
    bench->source.recording.ack = ack;
    venue_frame_init(&bench->frame);
    bench->frame.kind = VENUE_ACK;
    connection_watch_init(&bench->watch, &bench->source.venue, 0, on_changed, bench);
    return bench;
}

static void close_bench(struct bench *bench)
{
    connection_watch_release(&bench->watch);
    venue_frame_release(&bench->frame);
    free(bench);
}

static struct watched_list list_of(const char *channel, size_t first, size_t count)
{
    return (struct watched_list){channel, count, symbols + first, numbers + first};
}

static void want(struct bench *bench, const char *channel, size_t first, size_t count)
{
    struct watched_list list = list_of(channel, first, count);
    assert_ok(connection_watch_want(&bench->watch, &list));
}

static enum watched_state state_of(const struct bench *bench, uint32_t number)
{
    const struct watched_sub *sub = connection_watch_find(&bench->watch, number);
    assert_non_null(sub);
    return sub->state;
}

static bool ack(struct bench *bench, const char *symbol, int64_t id, const char *error)
{
    venue_frame_clear(&bench->frame);
    bench->frame.kind = VENUE_ACK;
    snprintf(bench->frame.symbol, SYMBOL_MAX, "%s", symbol);
    snprintf(bench->frame.error, VENUE_ERROR_MAX, "%s", error);
    bench->frame.has_request_id = id >= 0;
    bench->frame.request_id = id >= 0 ? (uint64_t)id : 0;
    return connection_watch_ack(&bench->watch, &bench->frame);
}

/* The message that the connection would send. */
static void sent(struct bench *bench, const char *text, int64_t mono_ns)
{
    connection_watch_sent(&bench->watch, text, strlen(text), mono_ns);
}

static void test_answers_by_number_of_the_message(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_MESSAGE);
    want(bench, "trade", 0, 5); /* messages 1 (7, 3), 2 (9, 1), 3 (4) */
    assert_true(ack(bench, "", 2, ""));
    assert_int_equal(state_of(bench, 9), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 1), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 7), SUB_WAITING);
    assert_false(connection_watch_settled(&bench->watch));
    assert_true(ack(bench, "", 1, "no such symbol"));
    assert_int_equal(state_of(bench, 7), SUB_REFUSED);
    assert_int_equal(state_of(bench, 3), SUB_REFUSED);
    assert_string_equal(bench->text, "no such symbol");
    assert_false(ack(bench, "", 17, "what?"));
    assert_true(ack(bench, "", 3, ""));
    assert_true(connection_watch_settled(&bench->watch));
    assert_int_equal(bench->watch.counts[SUB_CONFIRMED], 3);
    assert_int_equal(bench->watch.counts[SUB_REFUSED], 2);
    assert_int_equal(bench->changes, 5);
    close_bench(bench);
}

static void test_answers_without_number_come_in_order(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_MESSAGE);
    want(bench, "trade", 0, 3);
    assert_true(ack(bench, "", -1, ""));
    assert_int_equal(state_of(bench, 7), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 9), SUB_WAITING);
    assert_true(ack(bench, "", -1, "refused"));
    assert_int_equal(state_of(bench, 9), SUB_REFUSED);
    assert_false(ack(bench, "", -1, "more"));
    assert_true(connection_watch_settled(&bench->watch));
    close_bench(bench);
}

static void test_answers_by_symbol(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_SYMBOL);
    want(bench, "trade", 0, 2);
    assert_true(ack(bench, "BBB", 1, ""));
    assert_int_equal(state_of(bench, 3), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 7), SUB_WAITING);
    assert_false(ack(bench, "ZZZ", 1, ""));
    assert_false(ack(bench, "", -1, "")); /* says nothing */
    assert_int_equal(state_of(bench, 7), SUB_WAITING);
    assert_true(ack(bench, "AAA", -1, "no"));
    assert_true(connection_watch_settled(&bench->watch));
    close_bench(bench);
}

static void test_data_confirm_even_what_was_refused(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_MESSAGE);
    want(bench, "trade", 0, 2);
    assert_true(ack(bench, "", 1, "no"));
    assert_true(connection_watch_settled(&bench->watch));
    connection_watch_data(&bench->watch, 7);
    connection_watch_data(&bench->watch, 12345);
    assert_int_equal(state_of(bench, 7), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 3), SUB_REFUSED);
    close_bench(bench);
}

static void test_overdue_counts_from_sending(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_MESSAGE);
    want(bench, "trade", 0, 4);
    sent(bench, "{\"id\":1,\"trade\":[\"AAA\",\"BBB\"]}", NS_PER_S);
    sent(bench, "ping", 9 * NS_PER_S);
    connection_watch_work(&bench->watch, NS_PER_S + WATCH_ACK_NS - 1);
    assert_int_equal(bench->changes, 0);
    connection_watch_work(&bench->watch, NS_PER_S + WATCH_ACK_NS);
    assert_int_equal(state_of(bench, 7), SUB_OVERDUE);
    assert_int_equal(state_of(bench, 3), SUB_OVERDUE);
    assert_int_equal(state_of(bench, 9), SUB_WAITING);
    /* the second was not seen to be sent */
    connection_watch_work(&bench->watch, 9 * NS_PER_S + WATCH_SEND_NS + WATCH_ACK_NS - 1);
    assert_int_equal(state_of(bench, 9), SUB_WAITING);
    connection_watch_work(&bench->watch, 9 * NS_PER_S + WATCH_SEND_NS + WATCH_ACK_NS);
    assert_int_equal(state_of(bench, 9), SUB_OVERDUE);
    assert_false(connection_watch_settled(&bench->watch)); /* nothing at all is confirmed */
    assert_true(ack(bench, "", 1, ""));                    /* late */
    assert_int_equal(state_of(bench, 7), SUB_CONFIRMED);
    assert_true(connection_watch_settled(&bench->watch));
    close_bench(bench);
}

static void test_a_venue_without_answers_is_believed(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_NONE);
    want(bench, "trade", 0, 2);
    sent(bench, "{\"id\":1,\"trade\":[\"AAA\",\"BBB\"]}", NS_PER_S);
    assert_false(connection_watch_settled(&bench->watch));
    connection_watch_work(&bench->watch, NS_PER_S + WATCH_ACK_NS);
    assert_true(connection_watch_settled(&bench->watch));
    assert_int_equal(state_of(bench, 7), SUB_CONFIRMED);
    close_bench(bench);
}

static void test_changes_go_on_counting_messages(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_MESSAGE);
    want(bench, "trade", 0, 2);
    assert_true(ack(bench, "", 1, ""));
    struct watched_list leave = list_of("trade", 1, 1);
    assert_ok(connection_watch_leave(&bench->watch, &leave)); /* message 2 */
    assert_null(connection_watch_find(&bench->watch, 3));
    want(bench, "trade", 2, 2); /* message 3 */
    assert_false(connection_watch_settled(&bench->watch));
    assert_true(ack(bench, "", -1, "")); /* of leaving */
    assert_int_equal(state_of(bench, 9), SUB_WAITING);
    assert_true(ack(bench, "", 3, ""));
    assert_int_equal(state_of(bench, 9), SUB_CONFIRMED);
    assert_true(connection_watch_settled(&bench->watch));
    assert_int_equal(bench->watch.count, 3);
    want(bench, "trade", 0, 1); /* is there already */
    assert_int_equal(bench->watch.count, 3);
    assert_int_equal(state_of(bench, 7), SUB_CONFIRMED);
    close_bench(bench);
}

/* A message in front and one behind, as some venues need. */
static enum err framed_subscribe(const struct venue_change *change, size_t index, struct buf *out)
{
    buf_clear(out);
    if (index == 0)
        return buf_append_text(out, "begin");
    enum err err = source_subscribe(change, index - 1, out);
    bool behind = err == ERR_END && index == (change->count + 1) / 2 + 1;
    return behind ? buf_printf(out, "end %s", change->symbols[0]) : err;
}

static void test_messages_without_symbols_answer_nothing(void **state)
{
    (void)state;
    struct bench *bench = open_bench(ACK_MESSAGE);
    bench->source.recording.subscribe = framed_subscribe;
    want(bench, "trade", 0, 3); /* 1 begin, 2 (7, 3), 3 (9), 4 end */
    assert_int_equal(bench->watch.message_count, 4);
    assert_true(ack(bench, "", 1, ""));
    assert_true(ack(bench, "", 4, ""));
    assert_int_equal(bench->changes, 0);
    assert_true(ack(bench, "", 3, ""));
    assert_int_equal(state_of(bench, 9), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 3), SUB_WAITING);
    assert_true(ack(bench, "", 2, ""));
    assert_int_equal(state_of(bench, 7), SUB_CONFIRMED);
    assert_int_equal(state_of(bench, 3), SUB_CONFIRMED);
    close_bench(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_by_number_of_the_message),
        cmocka_unit_test(test_answers_without_number_come_in_order),
        cmocka_unit_test(test_answers_by_symbol),
        cmocka_unit_test(test_data_confirm_even_what_was_refused),
        cmocka_unit_test(test_overdue_counts_from_sending),
        cmocka_unit_test(test_a_venue_without_answers_is_believed),
        cmocka_unit_test(test_changes_go_on_counting_messages),
        cmocka_unit_test(test_messages_without_symbols_answer_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
