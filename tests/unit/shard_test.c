#include "recorder/shard.h"
#include "tests/unit/unit.h"

static const struct venue_channel channels[] = {
    {.name = "trade"}, {.name = "top"}, {.name = "book"}, {.name = "kline"}, {0}};
static struct venue_recording recording = {.channels = channels};
static const struct venue venue_one = {.name = "one", .recording = &recording};
static const struct venue venue_two = {.name = "two", .recording = &recording};

/* Symbols of `text`, one letter each, on `streams` channels; the third and later at /book. */
static void add_venue(struct record_plan *plan, const struct venue *venue, const char *text,
                      size_t streams)
{
    struct plan_venue *at = &plan->venues[plan->venue_count++];
    at->venue = venue;
    at->redundancy = 1;
    at->stream_count = streams;
    for (size_t i = 0; i < streams; i++) {
        at->streams[i].channel = &channels[i];
        assert_ok(ws_url_parse(&at->streams[i].url, "wss://host", i < 2 ? "/ws" : "/book"));
    }
    at->count = strlen(text);
    at->instruments = calloc(at->count + 1, sizeof *at->instruments);
    for (size_t i = 0; i < at->count; i++)
        at->instruments[i].symbol[0] = text[i];
}

static struct record_plan *plan_of(const char *symbols, size_t streams)
{
    struct record_plan *plan = calloc(1, sizeof *plan);
    add_venue(plan, &venue_one, symbols, streams);
    return plan;
}

static void plan_free(struct record_plan *plan)
{
    for (size_t i = 0; i < plan->venue_count; i++)
        free(plan->venues[i].instruments);
    free(plan);
}

/* "A.trade A.top" */
static const char *text_of(const struct shard_items *items, char text[1024])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < items->count; i++)
        used += (size_t)snprintf(text + used, 1024 - used, "%s%s.%s", i ? " " : "",
                                 items->items[i].symbol, items->items[i].channel->name);
    return text;
}

static void assert_items(const struct shard_items *items, const char *expected)
{
    char text[1024];
    assert_string_equal(text_of(items, text), expected);
}

static void channels_of_a_symbol_stay_together(void **state)
{
    (void)state;
    struct shard_set set = {0};
    struct record_plan *plan = plan_of("ABC", 2);
    recording.symbols_max = 5; /* two symbols of two channels, one place is left */
    assert_ok(shard_set_update(&set, plan));
    assert_int_equal(set.count, 2);
    assert_items(&set.shards[0]->wanted, "A.trade A.top B.trade B.top");
    assert_items(&set.shards[1]->wanted, "C.trade C.top");
    assert_int_equal(set.shards[0]->added, 4);
    shard_set_release(&set);
    plan_free(plan);
}

static void addresses_have_shards_of_their_own(void **state)
{
    (void)state;
    struct shard_set set = {0};
    struct record_plan *plan = plan_of("AB", 4);
    recording.symbols_max = 100;
    add_venue(plan, &venue_two, "A", 1);
    assert_ok(shard_set_update(&set, plan));
    assert_int_equal(set.count, 3);
    assert_items(&set.shards[0]->wanted, "A.trade A.top B.trade B.top");
    assert_string_equal(set.shards[0]->url->text, "wss://host/ws");
    assert_items(&set.shards[1]->wanted, "A.book A.kline B.book B.kline");
    assert_string_equal(set.shards[1]->url->text, "wss://host/book");
    assert_items(&set.shards[2]->wanted, "A.trade");
    assert_ptr_equal(set.shards[2]->venue, &venue_two);
    shard_set_release(&set);
    plan_free(plan);
}

static void what_has_no_room_together_is_divided(void **state)
{
    (void)state;
    struct shard_set set = {0};
    struct record_plan *plan = plan_of("AB", 2);
    recording.symbols_max = 1;
    assert_ok(shard_set_update(&set, plan));
    assert_int_equal(set.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(set.shards[i]->wanted.count, 1);
    shard_set_release(&set);
    plan_free(plan);
}

static void a_new_plan_moves_nothing_that_stays(void **state)
{
    (void)state;
    struct shard_set set = {0};
    struct record_plan *first = plan_of("ABCDEF", 1), *second = plan_of("FXYADZ", 1);
    struct record_plan *third = plan_of("F", 2), *none = calloc(1, sizeof *none);
    recording.symbols_max = 4;
    assert_ok(shard_set_update(&set, first)); /* ABCD, EF */
    assert_ok(shard_set_update(&set, second));
    assert_int_equal(set.count, 2);
    assert_items(&set.shards[0]->wanted, "A.trade D.trade X.trade Y.trade");
    assert_items(&set.shards[0]->left, "B.trade C.trade");
    assert_int_equal(set.shards[0]->added, 2);
    assert_items(&set.shards[1]->wanted, "F.trade Z.trade");
    assert_items(&set.shards[1]->left, "E.trade");

    /* A new channel of a symbol goes where the symbol is. */
    assert_ok(shard_set_update(&set, third));
    assert_int_equal(set.shards[0]->wanted.count, 0);
    assert_items(&set.shards[1]->wanted, "F.trade F.top");
    assert_int_equal(set.shards[1]->added, 1);
    shard_set_prune(&set);
    assert_int_equal(set.count, 1);

    assert_ok(shard_set_update(&set, none));
    assert_items(&set.shards[0]->left, "F.trade F.top");
    shard_set_prune(&set);
    assert_int_equal(set.count, 0);
    shard_set_release(&set);
    plan_free(first);
    plan_free(second);
    plan_free(third);
    plan_free(none);
}

static bool has(const struct shard_items *items, const struct venue_channel *channel, char symbol)
{
    for (size_t i = 0; i < items->count; i++)
        if (items->items[i].channel == channel && items->items[i].symbol[0] == symbol)
            return true;
    return false;
}

/* Random plans one after the other: each subscription in exactly one shard, none that is not
 * wanted, no shard above the limit, what stays stays where it was, and what came and went is what
 * the update says. */
static void any_row_of_plans_is_spread_exactly(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct shard_set set = {0};
        struct record_plan *plans[20];
        const struct shard *home[4][128] = {{0}};
        uint64_t random = seed;
        recording.symbols_max = 1 + (size_t)unit_below(&random, 30);
        for (int round = 0; round < 20; round++) {
            char symbols[64] = "";
            size_t count = 0, streams = 1 + (size_t)unit_below(&random, 4), total = 0;
            for (size_t i = 0; i < sizeof alphabet - 1; i++)
                if (unit_below(&random, 3) > 0)
                    symbols[count++] = alphabet[i];
            plans[round] = plan_of(symbols, streams);
            assert_ok(shard_set_update(&set, plans[round]));
            for (size_t c = 0; c < 4; c++)
                for (const char *at = alphabet; *at; at++) {
                    const struct shard *found = NULL, *before = home[c][(int)*at];
                    for (size_t i = 0; i < set.count; i++)
                        if (has(&set.shards[i]->wanted, &channels[c], *at)) {
                            assert_null(found);
                            found = set.shards[i];
                        }
                    assert_int_equal(found != NULL, c < streams && strchr(symbols, *at) != NULL);
                    if (before && found)
                        assert_ptr_equal(before, found);
                    if (before && !found)
                        assert_true(has(&before->left, &channels[c], *at));
                    home[c][(int)*at] = found;
                    total += found != NULL;
                }
            for (size_t i = 0; i < set.count; i++) {
                assert_true(set.shards[i]->wanted.count <= recording.symbols_max);
                total -= set.shards[i]->wanted.count;
            }
            assert_int_equal(total, 0);
            shard_set_prune(&set);
        }
        shard_set_release(&set);
        for (int round = 0; round < 20; round++)
            plan_free(plans[round]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_of_a_symbol_stay_together),
        cmocka_unit_test(addresses_have_shards_of_their_own),
        cmocka_unit_test(what_has_no_room_together_is_divided),
        cmocka_unit_test(a_new_plan_moves_nothing_that_stays),
        cmocka_unit_test(any_row_of_plans_is_spread_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
