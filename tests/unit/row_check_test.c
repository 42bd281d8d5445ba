#include "engine/trade/row_check.h"
#include "tests/unit/unit.h"

/* A row that differs from others in its number only. */
static struct trade row(int number)
{
    return (struct trade){
        .source_ns = 1000 + number / 4,
        .price = {100 + number % 2, 2},
        .quantity = {1 + number / 2 % 2, 0},
        .taker = TAKER_BUY,
        .count = 1,
    };
}

static bool see(struct row_check *check, const struct trade *trade, uint32_t connection,
                uint64_t batch)
{
    bool is_new;
    struct row_source source = {connection, batch};
    assert_ok(row_check_see(check, trade, &source, &is_new));
    return is_new;
}

static bool live(struct row_check *check, int number, uint32_t connection)
{
    struct trade trade = row(number);
    return see(check, &trade, connection, 0);
}

static bool batch(struct row_check *check, int number, uint32_t connection, uint64_t batch)
{
    struct trade trade = row(number);
    return see(check, &trade, connection, batch);
}

static void equal_rows_of_one_connection_all_count(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    for (int i = 0; i < 5; i++)
        assert_true(live(&check, 1, 7));
    row_check_release(&check);
    row_check_release(&check);
}

static void another_connection_adds_only_what_it_saw_more_of(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    assert_true(live(&check, 1, 7));
    assert_true(live(&check, 1, 7));
    assert_false(live(&check, 1, 8));
    assert_false(live(&check, 1, 8));
    assert_true(live(&check, 1, 8));
    assert_false(live(&check, 1, 7)); /* its third */
    assert_true(live(&check, 1, 7));
    row_check_release(&check);
}

static void rows_differ_in_time_price_quantity_and_side(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    struct trade trade = row(1);
    assert_true(see(&check, &trade, 1, 0));
    trade.taker = TAKER_SELL;
    assert_true(see(&check, &trade, 2, 0));
    trade.price.mantissa++;
    assert_true(see(&check, &trade, 2, 0));
    trade.quantity.mantissa++;
    assert_true(see(&check, &trade, 2, 0));
    trade.source_ns++;
    assert_true(see(&check, &trade, 2, 0));
    assert_false(see(&check, &trade, 1, 0));
    /* The same number with other digits is the same. */
    trade.price = (struct decimal){trade.price.mantissa * 1000, (uint8_t)(trade.price.scale + 3)};
    trade.quantity = (struct decimal){trade.quantity.mantissa * 10, 1};
    assert_false(see(&check, &trade, 3, 0));
    row_check_release(&check);
}

static void a_batch_counts_for_itself(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    assert_true(live(&check, 1, 7));
    assert_true(live(&check, 1, 7));
    /* Two answers that overlap, each with what is there. */
    for (uint64_t answer = 20; answer < 22; answer++) {
        assert_false(batch(&check, 1, 0, answer));
        assert_false(batch(&check, 1, 0, answer));
        assert_int_equal(batch(&check, 2, 0, answer), answer == 20);
        assert_int_equal(batch(&check, 2, 0, answer), answer == 20);
    }
    row_check_release(&check);
}

/* The snapshot is what the connection has shown, whether live before it or not. */
static void a_snapshot_is_part_of_what_its_connection_showed(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    assert_true(batch(&check, 1, 7, 20));
    assert_true(live(&check, 1, 7));
    assert_false(batch(&check, 1, 7, 30));
    assert_false(batch(&check, 1, 7, 30));
    assert_true(live(&check, 1, 7));
    row_check_release(&check);
}

static void only_so_many_rows_are_known(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    for (int i = 0; i <= ROW_CHECK_ROWS_MAX; i++)
        assert_true(live(&check, i, 7));
    assert_false(live(&check, 1, 8));
    assert_true(live(&check, 0, 8)); /* forgotten */
    assert_int_equal(check.rows.count, ROW_CHECK_ROWS_MAX);
    row_check_release(&check);
}

static void a_forgotten_connection_never_counts_twice(void **state)
{
    (void)state;
    struct row_check check;
    row_check_init(&check);
    assert_true(live(&check, 1, 1));
    assert_true(live(&check, 1, 1));
    for (uint32_t connection = 2; connection < 12; connection++)
        assert_false(live(&check, 1, connection));
    assert_false(live(&check, 1, 1));
    assert_false(live(&check, 1, 1));
    assert_true(live(&check, 1, 1));
    row_check_release(&check);
}

/* Connections that show the same market, each from its own point on and in its own bursts: what
 * counts of a row at any moment is the most that one of them has shown, and in the end it is what
 * was traded. */
#define ROWS        24
#define MARKET      300
#define CONNECTIONS 3

struct replicas {
    int market[MARKET];
    size_t at[CONNECTIONS];
    unsigned shown[CONNECTIONS][ROWS], counted[ROWS];
};

static void show_next(struct replicas *replicas, struct row_check *check, size_t c)
{
    int number = replicas->market[replicas->at[c]++];
    bool want = ++replicas->shown[c][number] > replicas->counted[number];
    replicas->counted[number] += want;
    assert_int_equal(live(check, number, (uint32_t)c + 1), want);
}

static void equals_the_most_that_any_connection_showed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        uint64_t random = seed;
        unsigned traded[ROWS] = {0};
        struct replicas replicas = {0};
        struct row_check check;
        row_check_init(&check);
        for (int i = 0; i < MARKET; i++) {
            replicas.market[i] = (int)unit_below(&random, ROWS);
            traded[replicas.market[i]]++;
        }
        size_t connections = 2 + unit_below(&random, CONNECTIONS - 1);
        for (size_t c = 1; c < connections; c++)
            replicas.at[c] = unit_below(&random, 100);
        while (replicas.at[0] < MARKET) {
            size_t c = unit_below(&random, connections);
            for (uint64_t burst = unit_below(&random, 6); burst > 0; burst--)
                if (replicas.at[c] < MARKET)
                    show_next(&replicas, &check, c);
        }
        assert_memory_equal(replicas.counted, traded, sizeof traded);
        row_check_release(&check);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_rows_of_one_connection_all_count),
        cmocka_unit_test(another_connection_adds_only_what_it_saw_more_of),
        cmocka_unit_test(rows_differ_in_time_price_quantity_and_side),
        cmocka_unit_test(a_batch_counts_for_itself),
        cmocka_unit_test(a_snapshot_is_part_of_what_its_connection_showed),
        cmocka_unit_test(only_so_many_rows_are_known),
        cmocka_unit_test(a_forgotten_connection_never_counts_twice),
        cmocka_unit_test(equals_the_most_that_any_connection_showed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
