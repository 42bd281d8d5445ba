#include "engine/sink/candle_cursor.h"

#include "engine/base/time_text.h"
#include "tests/unit/fake_store.h"

static struct candle_store *store;
static struct candle_filter everything;

static int setup(void **state)
{
    (void)state;
    fake_init(5);
    if (candle_filter_init(&everything, NULL) != ERR_OK ||
        candle_store_open(&store, "fake") != ERR_OK)
        return -1;
    everything.forming = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    candle_store_close(store);
    candle_filter_release(&everything);
    fake_release();
    return 0;
}

static void make(uint64_t updates)
{
    for (uint64_t i = 0; i < updates; i++)
        fake_next();
    fake_commit(fake.update_count);
}

struct list {
    size_t count, stop_at; /* stop_at: refuse the row with this index; SIZE_MAX = never */
    struct candle rows[20000];
};

static enum err add(const struct candle *candle, void *arg)
{
    struct list *list = arg;
    if (list->count == list->stop_at)
        return ERR_STOP;
    assert_true(list->count < sizeof list->rows / sizeof list->rows[0]);
    list->rows[list->count++] = *candle;
    return ERR_OK;
}

static bool same(const struct candle *a, const struct candle *b)
{
    return a->open_ns == b->open_ns && bar_equal(a->bar, b->bar) &&
           strcmp(a->venue, b->venue) == 0 && strcmp(a->instrument, b->instrument) == 0;
}

static struct list *read_at_once(const struct candle_filter *filter)
{
    struct list *list = calloc(1, sizeof *list);
    list->stop_at = SIZE_MAX;
    struct candle_query query;
    candle_filter_query(filter, &query);
    assert_ok(candle_store_query(store, &query, add, list, NULL));
    return list;
}

static struct list *read_in_pages(const struct candle_filter *filter, uint64_t rows_max,
                                  uint64_t *out_pages)
{
    struct list *list = calloc(1, sizeof *list);
    list->stop_at = SIZE_MAX;
    struct candle_cursor cursor = {0};
    bool more = true;
    for (*out_pages = 0; more; ++*out_pages) {
        size_t before = list->count;
        uint64_t update = 0;
        assert_ok(candle_cursor_read(&cursor, store, filter, rows_max, add, list, &more, &update));
        assert_true(list->count - before <= rows_max);
        assert_int_equal(update, fake.committed);
        assert_true(*out_pages < 100000);
    }
    return list;
}

static void check_pages(const struct candle_filter *filter)
{
    static const uint64_t sizes[] = {1, 2, 3, 10, 1000, 100000};
    struct list *expected = read_at_once(filter);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t pages;
        struct list *got = read_in_pages(filter, sizes[i], &pages);
        assert_int_equal(got->count, expected->count);
        for (size_t row = 0; row < got->count; row++)
            assert_true(same(&got->rows[row], &expected->rows[row]));
        /* Gaps cost some empty looks, not one for each second. */
        assert_true(pages < 2 * expected->count / sizes[i] + 200);
        free(got);
    }
    free(expected);
}

static void pages_of_any_size_are_the_whole_list(void **state)
{
    (void)state;
    make(0);
    check_pages(&everything);
    make(3000);
    check_pages(&everything);
    struct candle_filter filter = everything;
    filter.forming = false;
    filter.from_ns = FAKE_BASE_NS + INT64_C(100) * 1000000000;
    filter.to_ns = FAKE_BASE_NS + INT64_C(5000) * 1000000000;
    check_pages(&filter);
}

/* Rows that appear anywhere between two pages: none comes twice, and none that was there before is
 * missing. */
static void rows_that_appear_meanwhile_shift_nothing(void **state)
{
    (void)state;
    make(4000);
    struct list *before = read_at_once(&everything);
    struct list *got = calloc(1, sizeof *got);
    got->stop_at = SIZE_MAX;
    struct candle_cursor cursor = {0};
    bool more = true;
    while (more) {
        assert_ok(candle_cursor_read(&cursor, store, &everything, 7, add, got, &more, NULL));
        make(5);
    }
    size_t found = 0;
    for (size_t i = 0; i < got->count; i++) {
        if (found < before->count && same(&got->rows[i], &before->rows[found]))
            found++;
        if (i > 0)
            assert_false(same(&got->rows[i - 1], &got->rows[i]) ||
                         got->rows[i].open_ns < got->rows[i - 1].open_ns);
    }
    assert_int_equal(found, before->count);
    free(before);
    free(got);
}

static void a_row_that_is_refused_is_the_next(void **state)
{
    (void)state;
    make(500);
    struct list *expected = read_at_once(&everything);
    struct list *got = calloc(1, sizeof *got);
    struct candle_cursor cursor = {0};
    bool more = true;
    for (got->stop_at = 3; more; got->stop_at += 3) {
        assert_ok(candle_cursor_read(&cursor, store, &everything, 100, add, got, &more, NULL));
        assert_true(got->stop_at < 20000);
    }
    assert_int_equal(got->count, expected->count);
    for (size_t row = 0; row < got->count; row++)
        assert_true(same(&got->rows[row], &expected->rows[row]));
    free(got);
    free(expected);
}

static void errors_of_the_store_come_through(void **state)
{
    (void)state;
    struct candle_cursor cursor = {0};
    bool more;
    atomic_store(&fake.reads_fail, 1);
    assert_err(ERR_IO, candle_cursor_read(&cursor, store, &everything, 1, add, NULL, &more, NULL));
    atomic_store(&fake.reads_fail, 0);
}

static void tokens_lead_on_where_the_page_ended(void **state)
{
    (void)state;
    make(2000);
    struct list *expected = read_at_once(&everything);
    struct list *got = calloc(1, sizeof *got);
    got->stop_at = SIZE_MAX;
    struct candle_cursor cursor = {0};
    bool more = true;
    for (;;) {
        assert_ok(candle_cursor_read(&cursor, store, &everything, 33, add, got, &more, NULL));
        if (!more)
            break;
        char token[CANDLE_CURSOR_TEXT_MAX];
        candle_cursor_format(token, &cursor, &everything);
        assert_ok(candle_cursor_parse(&cursor, token, &everything));
    }
    assert_int_equal(got->count, expected->count);
    free(got);
    free(expected);
}

static void tokens_that_were_changed_are_refused(void **state)
{
    (void)state;
    struct candle_cursor cursor = {.started = true,
                                   .open_ns = INT64_MIN,
                                   .same_open = 3,
                                   .span_ns = 5,
                                   .venue = "v:1",
                                   .instrument = "x/y z"};
    cursor.bar = (struct bar){BAR_TIME, 1000000000, 0};
    char token[CANDLE_CURSOR_TEXT_MAX];
    candle_cursor_format(token, &cursor, &everything);
    struct candle_cursor out;
    assert_ok(candle_cursor_parse(&out, token, &everything));
    assert_true(out.started && out.open_ns == INT64_MIN && out.same_open == 3 && out.span_ns == 5);
    assert_string_equal(out.venue, "v:1");
    assert_string_equal(out.instrument, "x/y z");
    for (size_t i = 0; i < strlen(token); i++) {
        char changed[CANDLE_CURSOR_TEXT_MAX];
        snprintf(changed, sizeof changed, "%s", token);
        changed[i] ^= 1;
        assert_err(ERR_USAGE, candle_cursor_parse(&out, changed, &everything));
        changed[i] = '\0';
        assert_err(ERR_USAGE, candle_cursor_parse(&out, changed, &everything));
    }
    struct candle_filter other = everything;
    other.from_ns = 0;
    assert_err(ERR_USAGE, candle_cursor_parse(&out, token, &other));
}

static void tokens_keep_the_kind_and_scale_of_a_bar(void **state)
{
    (void)state;
    static const struct bar bars[] = {
        {BAR_TIME, BAR_SIZE_MAX, 0},
        {BAR_TICK, BAR_TICKS_MAX, 0},
        {BAR_VOLUME, 5, BAR_DIGITS_MAX},
        {BAR_NOTIONAL, 999999999999999999, 0},
        {0}, /* a time without a row */
    };
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
        struct candle_cursor cursor = {.started = true, .bar = bars[i], .venue = "v"}, out;
        char token[CANDLE_CURSOR_TEXT_MAX];
        candle_cursor_format(token, &cursor, &everything);
        assert_ok(candle_cursor_parse(&out, token, &everything));
        assert_true(bar_equal(out.bar, bars[i]));
    }
    static const struct bar wrong[] = {
        {(enum bar_kind)4, 5, 0}, {BAR_TIME, 5, 0}, {BAR_VOLUME, 5, 200}, {BAR_TICK, -1, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct candle_cursor cursor = {.started = true, .bar = wrong[i], .venue = "v"}, out;
        char token[CANDLE_CURSOR_TEXT_MAX];
        candle_cursor_format(token, &cursor, &everything);
        assert_err(ERR_USAGE, candle_cursor_parse(&out, token, &everything));
    }
}

/* The order of bars: kind, then size by value. */
static void the_cursor_stands_between_bars_in_their_order(void **state)
{
    (void)state;
    static const struct bar bars[] = {
        {BAR_TIME, NS_PER_MIN, 0}, {BAR_TICK, 9, 0},   {BAR_TICK, 100, 0},  {BAR_VOLUME, 75, 2},
        {BAR_VOLUME, 8, 1},        {BAR_VOLUME, 1, 0}, {BAR_NOTIONAL, 1, 3}};
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++)
        for (size_t j = 0; j < sizeof bars / sizeof bars[0]; j++) {
            struct candle_cursor cursor = {
                .started = true, .bar = bars[i], .venue = "v", .instrument = "i"};
            struct candle candle = {.venue = "v", .instrument = "i", .bar = bars[j]};
            assert_int_equal(candle_cursor_before(&cursor, &candle), i < j);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_of_any_size_are_the_whole_list, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_that_appear_meanwhile_shift_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_refused_is_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_of_the_store_come_through, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_lead_on_where_the_page_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_keep_the_kind_and_scale_of_a_bar, setup, teardown),
        cmocka_unit_test_setup_teardown(the_cursor_stands_between_bars_in_their_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tokens_that_were_changed_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
