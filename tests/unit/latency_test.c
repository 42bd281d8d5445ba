#include "engine/candle/latency.h"

#include "engine/tape/varint.h"
#include "tests/unit/unit.h"

/* The same by the words of the header: all values, sorted. */
struct naive {
    int64_t values[6000];
    size_t count;
};

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t naive_middle(int64_t value)
{
    uint64_t a = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t q = a / 1000, width = 1;
    for (uint64_t power = 32; power <= q / 2; power *= 2)
        width *= 2;
    uint64_t middle = q / width * width * 1000 + width * 500;
    return value < 0 ? -(int64_t)middle : (int64_t)middle;
}

static int64_t naive_percentile(const struct naive *naive, unsigned p)
{
    size_t rank = naive->count * p / 100 + (naive->count * p % 100 != 0);
    int64_t middle = naive_middle(naive->values[rank - 1]);
    if (middle < naive->values[0])
        return naive->values[0];
    int64_t highest = naive->values[naive->count - 1];
    return middle > highest ? highest : middle;
}

static int64_t naive_mean(const struct naive *naive)
{
    int128 sum = 0;
    for (size_t i = 0; i < naive->count; i++)
        sum += naive->values[i];
    int128 count = (int128)naive->count, mean = sum / count;
    while (mean * count > sum)
        mean--;
    return (int64_t)mean;
}

static void assert_same(const struct latency *latency, struct naive *naive)
{
    qsort(naive->values, naive->count, sizeof naive->values[0], compare_values);
    struct latency_figures figures;
    latency_figures(latency, &figures);
    assert_int_equal(figures.count, naive->count);
    assert_int_equal(figures.min, naive->values[0]);
    assert_int_equal(figures.max, naive->values[naive->count - 1]);
    assert_int_equal(figures.mean, naive_mean(naive));
    assert_int_equal(figures.p50, naive_percentile(naive, 50));
    assert_int_equal(figures.p90, naive_percentile(naive, 90));
    assert_int_equal(figures.p99, naive_percentile(naive, 99));
    for (unsigned p = 1; p <= 100; p++)
        assert_int_equal(latency_percentile(latency, p), naive_percentile(naive, p));
}

/* What is visible of it, byte for byte. */
static void assert_equal(const struct latency *a, const struct latency *b)
{
    static uint8_t x[LATENCY_PACKED_MAX], y[LATENCY_PACKED_MAX];
    size_t size = latency_pack(a, x);
    assert_int_equal(size, latency_pack(b, y));
    assert_memory_equal(x, y, size);
}

/* All magnitudes and signs, the edges, and the usual: some ms with a tail. */
static int64_t any_value(uint64_t *random)
{
    static const int64_t edges[] = {0,     1,     -1,    999,   1000,      -999,      -1000,
                                    31999, 32000, 63999, 64000, INT64_MIN, INT64_MAX, -INT64_MAX};
    uint64_t bits = unit_random(random);
    switch (unit_below(random, 4)) {
    case 0:
        return edges[bits % (sizeof edges / sizeof edges[0])];
    case 1:
        return (int64_t)unit_random(random) >> bits % 64;
    default:
        return (int64_t)(5000000 + bits % 3000000 + (bits % 16 == 0 ? bits % 400000000 : 0));
    }
}

static void fill(struct latency *latency, struct latency_pool *pool, struct naive *naive,
                 size_t count, uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = any_value(random);
        assert_ok(latency_add(latency, pool, value));
        naive->values[naive->count++] = value;
    }
}

static void buckets_are_those_of_the_header(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        int index;
        int64_t middle;
    } cases[] = {
        {0, 0, 500},
        {999, 0, 500},
        {1000, 1, 1500},
        {31999, 31, 31500},
        {32000, 32, 32500},
        {63999, 63, 63500},
        {64000, 64, 65000},
        {65999, 64, 65000},
        {66000, 65, 67000},
        {127999, 95, 127000},
        {128000, 96, 130000},
        {-1, -1, -500},
        {-1000, -2, -1500},
        {-65999, -65, -65000},
        /* 2^63 / 1000 = 9.2e15, above 2^53: the first bucket of width 2^48. */
        {INT64_MAX, 1568, 1000 * (INT64_C(1) << 53) + 500 * (INT64_C(1) << 48)},
        {INT64_MIN, -1569, -1000 * (INT64_C(1) << 53) - 500 * (INT64_C(1) << 48)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(latency_bucket_of(cases[i].value), cases[i].index);
        assert_int_equal(latency_bucket_middle(latency_bucket_of(cases[i].value)), cases[i].middle);
    }
}

static void a_middle_is_off_by_a_64th_or_half_a_microsecond(void **state)
{
    (void)state;
    uint64_t random = 1;
    int before = 0;
    for (int i = 0; i < 500000; i++) {
        int64_t value = (int64_t)unit_random(&random) >> unit_below(&random, 64);
        int64_t middle = latency_bucket_middle(latency_bucket_of(value));
        int128 off = (int128)middle - value;
        int128 bound = value < 0 ? -(int128)value : value;
        bound = bound / 64 > 500 ? bound / 64 : 500;
        assert_true(off <= bound && -off <= bound);
        assert_int_equal(middle, naive_middle(value));
    }
    /* Without holes, upwards. */
    for (int64_t value = -300000; value < 300000; value += 100) {
        int index = latency_bucket_of(value);
        assert_true(value == -300000 || index == before || index == before + 1);
        before = index;
    }
}

static void figures_are_those_of_the_sorted_values(void **state)
{
    (void)state;
    struct latency_pool pool;
    latency_pool_init(&pool);
    uint64_t random = 7;
    static struct naive naive;
    for (size_t round = 0; round < 300; round++) {
        struct latency latency = {0};
        naive.count = 0;
        fill(&latency, &pool, &naive, round < 100 ? 1 + round : 1 + unit_below(&random, 1500),
             &random);
        assert_same(&latency, &naive);
        latency_clear(&latency, &pool);
    }
    latency_pool_release(&pool);
}

static void nothing_has_no_figures(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    struct latency latency = {0}, other = {0};
    struct latency_figures figures, none = {0};
    latency_figures(&latency, &figures);
    assert_memory_equal(&figures, &none, sizeof none);
    assert_ok(latency_merge(&latency, &pool, &other));
    assert_int_equal(latency.count, 0);
    assert_int_equal(latency_pack(&latency, NULL), 0);
    assert_ok(latency_unpack(&latency, &pool, NULL, 0));
    assert_int_equal(latency.count, 0);
    latency_clear(&latency, &pool);
    assert_null(pool.blocks);
    latency_pool_release(&pool);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    uint64_t random = 3;
    static struct naive naive;
    for (int round = 0; round < 200; round++) {
        struct latency forward = {0}, back = {0}, parts[5] = {0}, merged = {0}, again = {0};
        naive.count = 0;
        fill(&forward, &pool, &naive, 1 + unit_below(&random, 600), &random);
        for (size_t i = naive.count; i-- > 0;) {
            assert_ok(latency_add(&back, &pool, naive.values[i]));
            assert_ok(latency_add(&parts[unit_below(&random, 5)], &pool, naive.values[i]));
        }
        for (int i = 0; i < 5; i++) {
            assert_ok(latency_merge(&merged, &pool, &parts[i]));
            assert_ok(latency_merge(&again, &pool, &parts[4 - i]));
        }
        assert_equal(&forward, &back);
        assert_equal(&forward, &merged);
        assert_equal(&forward, &again);
        /* What was merged takes values like any other. */
        assert_ok(latency_add(&merged, &pool, naive.values[0]));
        naive.values[naive.count] = naive.values[0];
        naive.count++;
        assert_same(&merged, &naive);
        struct latency *all[] = {&forward,  &back,     &merged,   &again,   &parts[0],
                                 &parts[1], &parts[2], &parts[3], &parts[4]};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            latency_clear(all[i], &pool);
    }
    latency_pool_release(&pool);
}

static void all_buckets_at_once_fit(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    struct latency latency = {0}, copy = {0};
    static struct naive naive;
    naive.count = 0;
    for (int i = -LATENCY_BUCKETS; i < LATENCY_BUCKETS; i++)
        naive.values[naive.count++] = latency_bucket_middle((int16_t)i);
    /* From the middle outwards: every one is inserted. */
    for (size_t i = 0; i < naive.count / 2; i++) {
        assert_ok(latency_add(&latency, &pool, naive.values[naive.count / 2 + i]));
        assert_ok(latency_add(&latency, &pool, naive.values[naive.count / 2 - 1 - i]));
    }
    assert_int_equal(latency.bucket_count, 2 * LATENCY_BUCKETS);
    assert_same(&latency, &naive);
    static uint8_t packed[LATENCY_PACKED_MAX];
    assert_ok(latency_unpack(&copy, &pool, packed, latency_pack(&latency, packed)));
    assert_equal(&latency, &copy);
    latency_pool_release(&pool);
}

static void pieces_are_used_again(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    uint64_t random = 11;
    static struct naive naive;
    void *blocks = NULL;
    for (int round = 0; round < 2000; round++) {
        struct latency latency = {0};
        naive.count = 0;
        fill(&latency, &pool, &naive, 300, &random);
        latency_clear(&latency, &pool);
        assert_int_equal(latency.count, 0);
        if (round == 0)
            blocks = pool.blocks;
    }
    assert_ptr_equal(pool.blocks, blocks);
    latency_pool_release(&pool);
    assert_null(pool.blocks);
}

static void what_was_packed_comes_back_and_merges(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    uint64_t random = 5;
    static struct naive naive;
    static uint8_t packed[LATENCY_PACKED_MAX];
    for (int round = 0; round < 300; round++) {
        struct latency latency = {0}, twice = {0}, copy = {0};
        naive.count = 0;
        fill(&latency, &pool, &naive, 1 + unit_below(&random, 400), &random);
        size_t size = latency_pack(&latency, packed);
        assert_true(size <= LATENCY_PACKED_MAX);
        assert_ok(latency_unpack(&copy, &pool, packed, size));
        assert_equal(&copy, &latency);
        assert_ok(latency_merge(&twice, &pool, &latency));
        assert_ok(latency_merge(&twice, &pool, &latency));
        assert_ok(latency_unpack(&copy, &pool, packed, size));
        assert_equal(&copy, &twice);
        latency_clear(&latency, &pool);
        latency_clear(&twice, &pool);
        latency_clear(&copy, &pool);
    }
    latency_pool_release(&pool);
}

/* The layout of the header, by hand: 1000, 1000 and -5 are sum 1995, mean 665, rest 0. */
static void packed_bytes_are_those_of_the_header(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    struct latency latency = {0};
    assert_ok(latency_add(&latency, &pool, 1000));
    assert_ok(latency_add(&latency, &pool, -5));
    assert_ok(latency_add(&latency, &pool, 1000));
    uint8_t packed[LATENCY_PACKED_MAX];
    static const uint8_t expected[] = {3, 0xB2, 0x0A, 0, 9, 0xD0, 0x0F,
                                       /* bucket -1 holds one, bucket 1 two */
                                       1, 1, 2, 2};
    assert_int_equal(latency_pack(&latency, packed), sizeof expected);
    assert_memory_equal(packed, expected, sizeof expected);
    latency_pool_release(&pool);
}

struct packed {
    uint8_t data[400];
    size_t size;
};

static void put(struct packed *packed, int64_t value)
{
    uint8_t *end = varint_put(packed->data + packed->size, (uint64_t)value);
    packed->size = (size_t)(end - packed->data);
}

static void put_signed(struct packed *packed, int64_t value)
{
    put(packed, (int64_t)varint_zigzag((uint64_t)value));
}

static struct packed pack_head(int64_t count, int64_t mean, int64_t rest, int64_t min, int64_t max)
{
    struct packed packed = {.size = 0};
    put(&packed, count);
    put_signed(&packed, mean);
    put(&packed, rest);
    put_signed(&packed, min);
    put_signed(&packed, max);
    return packed;
}

static void assert_refused(struct latency_pool *pool, const struct packed *packed)
{
    struct latency latency = {0};
    assert_ok(latency_add(&latency, pool, 17));
    assert_err(ERR_DAMAGED, latency_unpack(&latency, pool, packed->data, packed->size));
    assert_int_equal(latency.count, 1);
    assert_int_equal(latency.bucket_count, 1);
    latency_clear(&latency, pool);
}

static void what_contradicts_itself_is_damaged(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    /* Two values, 1000 and 4001: buckets 1 and 4. What is changed is the only fault. */
    static const struct {
        const char *fault;
        int64_t count, mean, rest, min, max, first, first_count, difference, second_count;
    } cases[] = {
        {NULL, 2, 2500, 1, 1000, 4001, 1, 1, 3, 1},
        {"no values", 0, 2500, 1, 1000, 4001, 1, 1, 3, 1},
        {"more values than in the buckets", 3, 2500, 1, 1000, 4001, 1, 1, 3, 1},
        {"rest beyond the count", 2, 2499, 3, 1000, 4001, 1, 1, 3, 1},
        {"mean too low", 2, 1500, 0, 1000, 4001, 1, 1, 3, 1},
        {"mean too high", 2, 3000, 0, 1000, 4001, 1, 1, 3, 1},
        {"min in another bucket", 2, 2000, 1, 0, 4001, 1, 1, 3, 1},
        {"max in another bucket", 2, 3000, 0, 1000, 5000, 1, 1, 3, 1},
        {"min above max", 2, 2500, 1, 4001, 1000, 1, 1, 3, 1},
        {"empty bucket", 2, 2500, 1, 1000, 4001, 1, 0, 3, 2},
        {"bucket twice", 2, 1000, 0, 1000, 1000, 1, 1, 0, 1},
        {"bucket behind the last", 2, 2500, 1, 1000, 4001, 1, 1, 1568, 1},
        {"difference that wraps", 2, 2500, 1, 1000, 4001, 1, 1, -3, 1},
        {"bucket before the first", 2, 2500, 1, 1000, 4001, -1570, 1, 3, 1},
        {"counts that wrap", 2, 2500, 1, 1000, 4001, 1, INT64_MIN, 3, INT64_MIN + 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct packed packed =
            pack_head(cases[i].count, cases[i].mean, cases[i].rest, cases[i].min, cases[i].max);
        put_signed(&packed, cases[i].first);
        put(&packed, cases[i].first_count);
        put(&packed, cases[i].difference);
        put(&packed, cases[i].second_count);
        if (cases[i].fault != NULL) {
            assert_refused(&pool, &packed);
            continue;
        }
        struct latency latency = {0};
        assert_ok(latency_unpack(&latency, &pool, packed.data, packed.size));
        assert_int_equal(latency.sum, 5001);
        /* Cut anywhere, or with one byte more. */
        struct packed longer = packed;
        longer.size++;
        assert_refused(&pool, &longer);
        for (packed.size--; packed.size > 0; packed.size--)
            assert_refused(&pool, &packed);
    }
    latency_pool_release(&pool);
}

static void foreign_bytes_are_refused_or_make_sense(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    uint64_t random = 9;
    static struct naive naive;
    static uint8_t packed[LATENCY_PACKED_MAX], again[LATENCY_PACKED_MAX];
    for (int round = 0; round < 20000; round++) {
        struct latency latency = {0}, copy = {0};
        naive.count = 0;
        fill(&latency, &pool, &naive, 1 + unit_below(&random, 8), &random);
        size_t size = latency_pack(&latency, packed);
        packed[unit_below(&random, size)] ^= (uint8_t)(1 << unit_below(&random, 8));
        enum err err = latency_unpack(&copy, &pool, packed, size);
        assert_true(err == ERR_OK || err == ERR_DAMAGED);
        if (err == ERR_OK) {
            struct latency_figures figures;
            latency_figures(&copy, &figures);
            assert_true(figures.min <= figures.mean && figures.mean <= figures.max);
            assert_true(figures.min <= figures.p50 && figures.p99 <= figures.max);
            assert_true(latency_pack(&copy, again) <= size);
        }
        latency_clear(&latency, &pool);
        latency_clear(&copy, &pool);
    }
    latency_pool_release(&pool);
}

static void more_than_can_be_counted_is_refused(void **state)
{
    (void)state;
    struct latency_pool pool = {0};
    struct latency latency = {0}, one = {0};
    struct packed packed = pack_head((int64_t)LATENCY_COUNT_MAX, 1000, 0, 1000, 1000);
    put_signed(&packed, 1);
    put(&packed, (int64_t)LATENCY_COUNT_MAX);
    assert_ok(latency_unpack(&latency, &pool, packed.data, packed.size));
    assert_ok(latency_add(&one, &pool, 5000));
    assert_err(ERR_LIMIT, latency_add(&latency, &pool, 5000));
    assert_err(ERR_LIMIT, latency_merge(&latency, &pool, &one));
    assert_err(ERR_LIMIT, latency_merge(&one, &pool, &latency));
    assert_int_equal(latency.count, LATENCY_COUNT_MAX);
    assert_int_equal(latency.max, 1000);
    assert_int_equal(latency_percentile(&latency, 100), 1000);
    assert_int_equal(one.count, 1);
    latency_pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_are_those_of_the_header),
        cmocka_unit_test(a_middle_is_off_by_a_64th_or_half_a_microsecond),
        cmocka_unit_test(figures_are_those_of_the_sorted_values),
        cmocka_unit_test(nothing_has_no_figures),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(all_buckets_at_once_fit),
        cmocka_unit_test(pieces_are_used_again),
        cmocka_unit_test(what_was_packed_comes_back_and_merges),
        cmocka_unit_test(packed_bytes_are_those_of_the_header),
        cmocka_unit_test(what_contradicts_itself_is_damaged),
        cmocka_unit_test(foreign_bytes_are_refused_or_make_sense),
        cmocka_unit_test(more_than_can_be_counted_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
