#include "engine/tape/column.h"
#include "tests/unit/unit.h"

#define COUNT 2000

static struct buf put(const int64_t *numbers, size_t count)
{
    struct buf column;
    buf_init(&column, 1 << 20);
    assert_ok(column_put(&column, numbers, count));
    return column;
}

static void assert_comes_back(const struct buf *column, const int64_t *numbers, size_t count)
{
    int64_t back[COUNT];
    const uint8_t *end = column->data + column->size;
    assert_ptr_equal(column_get(column->data, end, back, count), end);
    if (count > 0)
        assert_memory_equal(back, numbers, count * sizeof *numbers);
}

static void round_trip(const int64_t *numbers, size_t count)
{
    struct buf column = put(numbers, count);
    assert_comes_back(&column, numbers, count);
    buf_clear(&column);
    assert_ok(column_put_delta(&column, numbers, count));
    assert_comes_back(&column, numbers, count);
    buf_release(&column);
}

/* Bytes as docs/tape-format.md draws them. */
static void reads_what_the_format_says(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t size;
        int64_t numbers[4];
    } columns[] = {
        {{0, 1, 13}, 3, {-7, -7, -7, -7}},                        /* constant */
        {{1, 6, 10, 2, 1, 0, 0x80, 1}, 8, {10, -10, 0, 640}},     /* plain, unit 10 */
        {{2, 6, 5, 0xC8, 1, 2, 1, 0}, 8, {100, 105, 100, 100}},   /* delta, unit 5 */
        {{3, 6, 1, 0xC8, 1, 20, 0, 19}, 8, {100, 110, 120, 120}}, /* of delta */
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        int64_t numbers[4] = {0};
        const uint8_t *p = columns[i].bytes;
        assert_ptr_equal(column_get(p, p + columns[i].size, numbers, 4), p + columns[i].size);
        assert_memory_equal(numbers, columns[i].numbers, sizeof numbers);
    }
}

static void all_numbers_come_back(void **state)
{
    (void)state;
    static const int64_t odd[] = {0,         INT64_MIN, INT64_MAX,     -1, 1, INT64_MIN,
                                  INT64_MIN, INT64_MAX, INT64_MAX - 1, 0};
    round_trip(odd, sizeof odd / sizeof odd[0]);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        round_trip(odd + i, 1);
    round_trip(NULL, 0);
    uint64_t seed = 11;
    for (int round = 0; round < 300; round++) {
        int64_t numbers[COUNT];
        const size_t count = unit_below(&seed, round < 290 ? 40 : COUNT);
        const uint64_t step = unit_random(&seed) >> unit_below(&seed, 64);
        const unsigned noise = (unsigned)unit_below(&seed, 64);
        for (size_t i = 0; i < count; i++)
            numbers[i] = (int64_t)(i * step + (unit_random(&seed) >> noise) * (round % 3 ? 1 : 50));
        round_trip(numbers, count);
    }
}

static void takes_what_costs_least(void **state)
{
    (void)state;
    int64_t same[COUNT], even[COUNT], steady[COUNT], priced[COUNT], noisy[COUNT];
    uint64_t seed = 5;
    for (int i = 0; i < COUNT; i++) {
        same[i] = INT64_C(1723161255088);
        steady[i] = INT64_C(1723161255088169167) + INT64_C(1000000007) * i;
        even[i] = INT64_C(1723161255088169167) + 100 * (i + (int64_t)unit_below(&seed, 2));
        priced[i] = (int64_t)unit_below(&seed, 100) * 1000000;
        noisy[i] = (int64_t)unit_below(&seed, 100);
    }
    const struct {
        const int64_t *numbers;
        size_t bytes_max; /* for COUNT numbers */
    } columns[] = {
        {same, 16},          {steady, COUNT + 40},    {even, COUNT + 40},
        {priced, COUNT * 2}, {noisy, COUNT * 2 + 40},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        struct buf column = put(columns[i].numbers, COUNT);
        assert_true(column.size <= columns[i].bytes_max);
        buf_release(&column);
    }
    assert_int_equal(column_cost(same, COUNT), 0);
    assert_in_range(column_cost(noisy, COUNT), 4 * COUNT, 10 * COUNT);
}

/* Every cut and every changed byte: refused, or as many numbers that stay within their memory. */
static void refuses_what_is_no_column(void **state)
{
    (void)state;
    static const int64_t numbers[] = {5, 500000, -3, 17, 17, 900};
    const size_t count = sizeof numbers / sizeof numbers[0];
    struct buf column = put(numbers, count);
    int64_t back[7];
    for (size_t size = 0; size < column.size; size++) {
        uint8_t *exact = malloc(size ? size : 1);
        memcpy(exact, column.data, size);
        assert_null(column_get(exact, exact + size, back, count));
        free(exact);
    }
    const uint8_t *end = column.data + column.size;
    assert_null(column_get(column.data, end, back, count + 1));
    assert_null(column_get(column.data, end, back, count - 1));
    assert_null(column_get(column.data, end, back, 0));
    static const uint8_t none[][4] = {
        {4, 1, 0},       /* mode */
        {1, 2, 0, 0},    /* unit 0 */
        {0, 2, 0, 0},    /* a byte too many */
        {0, 0x80, 0x80}, /* length that does not end */
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(column_get(none[i], none[i] + 4, back, 1));
    for (size_t at = 0; at < column.size; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            column.data[at] ^= (uint8_t)(1u << bit);
            const uint8_t *p = column_get(column.data, end, back, count);
            assert_true(!p || p <= end);
            column.data[at] ^= (uint8_t)(1u << bit);
        }
    buf_release(&column);
}

static void keeps_to_the_ceiling_of_its_buffer(void **state)
{
    (void)state;
    static const int64_t numbers[] = {1, 2, 3};
    struct buf small;
    buf_init(&small, 16);
    assert_err(ERR_LIMIT, column_put(&small, numbers, 3));
    assert_int_equal(small.size, 0);
    buf_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_format_says),
        cmocka_unit_test(all_numbers_come_back),
        cmocka_unit_test(takes_what_costs_least),
        cmocka_unit_test(refuses_what_is_no_column),
        cmocka_unit_test(keeps_to_the_ceiling_of_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
