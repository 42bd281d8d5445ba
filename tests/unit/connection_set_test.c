/* Open connections and what each follows. */
#include "engine/candle/connection_set.h"
#include "tests/unit/unit.h"

static const struct venue venue = {.name = "test"};

static struct connection *add(struct connection_set *set, uint32_t id, bool all)
{
    struct connection *connection;
    assert_ok(connection_set_add(set, &venue, id, (int64_t)id * 10, all, &connection));
    return connection;
}

static bool want(struct connection *connection, const char *symbol)
{
    bool is_new;
    assert_ok(connection_want(connection, symbol, &is_new));
    return is_new;
}

static void connections_are_found_by_number(void **state)
{
    (void)state;
    struct connection_set set = {0};
    assert_null(connection_set_find(&set, 1));
    static const uint32_t ids[] = {50, 10, 4000000000, 30, 1, 40, 20, 60, 5, 35, 2};
    size_t count = sizeof ids / sizeof ids[0];
    for (size_t i = 0; i < count; i++)
        add(&set, ids[i], false);
    assert_int_equal(set.count, count);
    for (size_t i = 0; i < count; i++) {
        struct connection *found = connection_set_find(&set, ids[i]);
        assert_non_null(found);
        assert_int_equal(found->id, ids[i]);
        assert_int_equal(found->opened_ns, (int64_t)ids[i] * 10);
        assert_false(found->offset.known);
    }
    for (size_t i = 1; i < count; i++)
        assert_true(set.items[i - 1]->id < set.items[i]->id);
    assert_null(connection_set_find(&set, 31));
    assert_null(connection_set_find(&set, UINT32_MAX));
    connection_set_release(&set);
    assert_int_equal(set.count, 0);
}

static void what_was_removed_is_gone_and_its_number_is_free(void **state)
{
    (void)state;
    struct connection_set set = {0};
    for (uint32_t id = 1; id <= 20; id++)
        want(add(&set, id, false), "BTCUSDT");
    for (uint32_t id = 1; id <= 20; id += 3)
        connection_set_remove(&set, connection_set_find(&set, id));
    for (uint32_t id = 1; id <= 20; id++)
        assert_int_equal(connection_set_find(&set, id) != NULL, id % 3 != 1);
    assert_false(connection_follows(add(&set, 7, false), "BTCUSDT"));
    connection_set_release(&set);
}

static void symbols_are_wanted_and_left(void **state)
{
    (void)state;
    struct connection_set set = {0};
    struct connection *connection = add(&set, 1, false);
    assert_false(connection_follows(connection, "BTCUSDT"));
    connection_leave(connection, "BTCUSDT"); /* nothing to leave */
    assert_true(want(connection, "BTCUSDT"));
    assert_false(want(connection, "BTCUSDT"));
    assert_true(want(connection, "ETHUSDT"));
    assert_true(connection_follows(connection, "BTCUSDT"));
    assert_false(connection_follows(connection, "BTCUSD"));
    assert_false(connection_follows(connection, ""));
    connection_leave(connection, "BTCUSDT");
    assert_false(connection_follows(connection, "BTCUSDT"));
    assert_true(connection_follows(connection, "ETHUSDT"));
    assert_true(want(connection, "BTCUSDT"));
    connection_set_release(&set);
}

static void one_for_all_follows_everything_and_leaves_nothing(void **state)
{
    (void)state;
    struct connection_set set = {0};
    struct connection *connection = add(&set, 1, true);
    assert_true(connection_follows(connection, "ANY"));
    assert_false(want(connection, "ANY"));
    connection_leave(connection, "ANY");
    assert_true(connection_follows(connection, "ANY"));
    connection_set_release(&set);
}

static void symbols_beyond_the_maximum_are_not_followed(void **state)
{
    (void)state;
    struct connection_set set = {0};
    struct connection *connection = add(&set, 1, false);
    char symbol[16];
    for (int i = 0; i < CONNECTION_SYMBOLS_MAX; i++) {
        snprintf(symbol, sizeof symbol, "S%d", i);
        assert_true(want(connection, symbol));
    }
    assert_false(want(connection, "ONEMORE"));
    assert_false(connection_follows(connection, "ONEMORE"));
    assert_true(connection_follows(connection, "S0") && connection_follows(connection, "S65535"));
    connection_leave(connection, "S17");
    assert_true(want(connection, "ONEMORE"));
    connection_set_release(&set);
}

/* Against a plain table. */
static void random_wishes_are_kept(void **state)
{
    (void)state;
    struct connection_set set = {0};
    struct connection *connection = add(&set, 1, false);
    bool followed[200] = {false};
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        size_t pick = (size_t)unit_below(&random, 200);
        char symbol[16];
        snprintf(symbol, sizeof symbol, "SYM%zuUSDT", pick);
        assert_int_equal(connection_follows(connection, symbol), followed[pick]);
        if (unit_below(&random, 2)) {
            assert_int_equal(want(connection, symbol), !followed[pick]);
            followed[pick] = true;
        } else {
            connection_leave(connection, symbol);
            followed[pick] = false;
        }
    }
    connection_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_found_by_number),
        cmocka_unit_test(what_was_removed_is_gone_and_its_number_is_free),
        cmocka_unit_test(symbols_are_wanted_and_left),
        cmocka_unit_test(one_for_all_follows_everything_and_leaves_nothing),
        cmocka_unit_test(symbols_beyond_the_maximum_are_not_followed),
        cmocka_unit_test(random_wishes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
