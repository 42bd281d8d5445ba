#include "engine/venue/venue_routes.h"
#include "tests/unit/unit.h"

static void add(struct venue_routes *routes, uint32_t connection, uint64_t number,
                const char *channel, const char *symbol)
{
    assert_ok(venue_routes_add(routes, connection, number, channel, symbol));
}

static void a_number_means_something_on_its_own_connection_only(void **state)
{
    (void)state;
    struct venue_routes routes = {0};
    assert_null(venue_routes_find(&routes, 1, 7));
    add(&routes, 1, 7, "trades", "tBTCUSD");
    add(&routes, 2, 7, "book", "tETHUSD");
    assert_string_equal(venue_routes_find(&routes, 1, 7)->symbol, "tBTCUSD");
    assert_string_equal(venue_routes_find(&routes, 2, 7)->channel, "book");
    assert_null(venue_routes_find(&routes, 3, 7));
    assert_null(venue_routes_find(&routes, 1, 8));
    venue_routes_remove(&routes, 1, 7);
    venue_routes_remove(&routes, 1, 7);
    assert_null(venue_routes_find(&routes, 1, 7));
    assert_string_equal(venue_routes_find(&routes, 2, 7)->symbol, "tETHUSD");
    venue_routes_release(&routes);
    venue_routes_release(&routes);
}

static void the_same_key_is_replaced_and_long_names_are_cut(void **state)
{
    (void)state;
    struct venue_routes routes = {0};
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    add(&routes, 1, UINT64_MAX, "trades", "tBTCUSD");
    add(&routes, 1, UINT64_MAX, name, name);
    assert_int_equal(routes.count, 1);
    const struct venue_route *route = venue_routes_find(&routes, 1, UINT64_MAX);
    assert_int_equal(strlen(route->channel), CHANNEL_MAX - 1);
    assert_int_equal(strlen(route->symbol), SYMBOL_MAX - 1);
    venue_routes_release(&routes);
}

static void the_oldest_goes_when_it_is_full(void **state)
{
    (void)state;
    struct venue_routes routes = {0};
    for (uint64_t i = 0; i < VENUE_ROUTES_MAX + 10; i++) {
        add(&routes, (uint32_t)(i % 3), i, "trades", "tBTCUSD");
    }
    assert_int_equal(routes.count, VENUE_ROUTES_MAX);
    for (uint64_t i = 0; i < VENUE_ROUTES_MAX + 10; i++) {
        bool kept = venue_routes_find(&routes, (uint32_t)(i % 3), i) != NULL;
        assert_int_equal(kept, i >= 10);
    }
    venue_routes_release(&routes);
}

/* A connection that lives on among others that come and go keeps its routes. */
static void what_is_used_stays(void **state)
{
    (void)state;
    struct venue_routes routes = {0};
    add(&routes, 1, 7, "trades", "tBTCUSD");
    add(&routes, 1, 8, "trades", "tETHUSD");
    for (uint32_t i = 2; i < 3 * VENUE_ROUTES_MAX; i++) {
        add(&routes, i, 7, "trades", "tBTCUSD");
        if (i % 1000 == 0) {
            assert_non_null(venue_routes_find(&routes, 1, 7));
        }
    }
    assert_int_equal(routes.count, VENUE_ROUTES_MAX);
    assert_non_null(venue_routes_find(&routes, 1, 7));
    assert_null(venue_routes_find(&routes, 1, 8));
    venue_routes_release(&routes);
}

/* Against a plain array. */
static void random_changes_are_those_of_a_plain_list(void **state)
{
    (void)state;
    enum { CONNECTIONS = 5, NUMBERS = 60 };
    struct venue_routes routes = {0};
    int model[CONNECTIONS][NUMBERS] = {0};
    uint64_t seed = 3;
    for (int step = 1; step < 20000; step++) {
        uint32_t connection = (uint32_t)unit_below(&seed, CONNECTIONS);
        uint64_t number = unit_below(&seed, NUMBERS);
        char symbol[SYMBOL_MAX];
        snprintf(symbol, sizeof symbol, "%d", step);
        if (unit_below(&seed, 3) > 0) {
            add(&routes, connection, number * 1000003, "c", symbol);
            model[connection][number] = step;
        } else {
            venue_routes_remove(&routes, connection, number * 1000003);
            model[connection][number] = 0;
        }
        connection = (uint32_t)unit_below(&seed, CONNECTIONS);
        number = unit_below(&seed, NUMBERS);
        const struct venue_route *route = venue_routes_find(&routes, connection, number * 1000003);
        assert_int_equal(route ? atoi(route->symbol) : 0, model[connection][number]);
    }
    venue_routes_release(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_means_something_on_its_own_connection_only),
        cmocka_unit_test(the_same_key_is_replaced_and_long_names_are_cut),
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
        cmocka_unit_test(what_is_used_stays),
        cmocka_unit_test(random_changes_are_those_of_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
