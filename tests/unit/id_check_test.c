#include "engine/trade/id_check.h"
#include "tests/unit/unit.h"

static struct id_finding see_row(struct id_check *check, uint64_t first, uint64_t last)
{
    struct id_finding finding;
    struct id_range ids = {first, last};
    assert_ok(id_check_see(check, ids, 1000 + (int64_t)last, false, &finding));
    return finding;
}

static struct id_finding see(struct id_check *check, uint64_t id)
{
    return see_row(check, id, id);
}

static struct id_finding see_snapshot(struct id_check *check, uint64_t id)
{
    struct id_finding finding;
    struct id_range ids = {id, id};
    assert_ok(id_check_see(check, ids, 1000 + (int64_t)id, true, &finding));
    return finding;
}

static void assert_finding(struct id_finding finding, enum id_verdict verdict, uint64_t missing)
{
    assert_int_equal(finding.verdict, verdict);
    assert_int_equal(finding.missing, missing);
}

static void consecutive_ids_are_new(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    for (uint64_t id = 100; id < 200; id++)
        assert_finding(see(&check, id), ID_NEW, 0);
    assert_int_equal(check.missing, 0);
    assert_int_equal(check.count, 1);
    id_check_release(&check);
}

static void an_id_seen_twice_is_a_duplicate(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see(&check, 5);
    see(&check, 6);
    assert_finding(see(&check, 6), ID_DUPLICATE, 0);
    assert_finding(see(&check, 5), ID_DUPLICATE, 0);
    id_check_release(&check);
}

static void a_hole_is_missing_until_it_is_filled_in_any_order(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see(&check, 300);
    assert_finding(see(&check, 310), ID_NEW, 9);
    assert_int_equal(check.missing, 9);
    static const uint64_t fills[] = {305, 301, 309, 303, 302, 304, 308, 306, 307};
    for (size_t i = 0; i < 9; i++) {
        struct id_finding finding = see(&check, fills[i]);
        assert_finding(finding, ID_FILL, 0);
        assert_int_equal(finding.revealed_ns, 1310); /* the trade that showed the hole */
        assert_finding(see(&check, fills[i]), ID_DUPLICATE, 0);
        assert_int_equal(check.missing, 8 - i);
    }
    assert_int_equal(check.count, 1);
    id_check_release(&check);
}

static void every_hole_remembers_who_showed_it(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see(&check, 1);
    see(&check, 4);
    see(&check, 8);
    assert_int_equal(see(&check, 6).revealed_ns, 1008);
    assert_int_equal(see(&check, 2).revealed_ns, 1004);
    assert_int_equal(see(&check, 7).revealed_ns, 1008);
    assert_int_equal(see(&check, 3).revealed_ns, 1004);
    assert_int_equal(see(&check, 5).revealed_ns, 1008);
    assert_int_equal(check.missing, 0);
    id_check_release(&check);
}

static void below_the_first_id_nothing_is_missing(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see(&check, 100);
    assert_finding(see(&check, 50), ID_NEW, 0);
    assert_finding(see(&check, 70), ID_NEW, 0);
    assert_finding(see(&check, 51), ID_NEW, 0);
    assert_finding(see(&check, 50), ID_DUPLICATE, 0);
    assert_int_equal(check.missing, 0);
    id_check_release(&check);
}

static void a_snapshot_before_the_first_live_trade_is_only_noted(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    assert_finding(see_snapshot(&check, 98), ID_NOTED, 0);
    assert_finding(see_snapshot(&check, 100), ID_NOTED, 0);
    assert_finding(see_snapshot(&check, 100), ID_NOTED, 0);
    assert_int_equal(check.missing, 0);
    /* The hole between snapshot and live shows. */
    assert_finding(see(&check, 103), ID_NEW, 2);
    assert_finding(see(&check, 100), ID_DUPLICATE, 0);
    id_check_release(&check);
}

static void a_snapshot_of_a_followed_market_repairs(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see(&check, 100);
    see(&check, 101);
    /* Reconnected: the snapshot begins before what was lost and goes beyond it. */
    assert_finding(see_snapshot(&check, 99), ID_NOTED, 0);
    assert_finding(see_snapshot(&check, 101), ID_NOTED, 0);
    assert_finding(see_snapshot(&check, 102), ID_NEW, 0);
    assert_finding(see_snapshot(&check, 105), ID_NEW, 2);
    assert_finding(see_snapshot(&check, 103), ID_FILL, 0);
    assert_int_equal(check.missing, 1);
    id_check_release(&check);
}

static void a_snapshot_fills_a_hole_that_is_missing_whatever_its_id(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see_snapshot(&check, 10);
    see(&check, 15); /* first live; 11..14 are missing */
    assert_finding(see_snapshot(&check, 12), ID_FILL, 0);
    assert_int_equal(check.missing, 3);
    id_check_release(&check);
}

static void another_numbering_is_no_gap(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see(&check, 1);
    assert_finding(see(&check, 2 + ID_CHECK_HOLE_MAX), ID_NEW, ID_CHECK_HOLE_MAX);
    assert_finding(see(&check, UINT64_C(1) << 60), ID_NEW, 0);
    assert_int_equal(check.missing, ID_CHECK_HOLE_MAX);
    assert_finding(see(&check, (UINT64_C(1) << 60) - 7), ID_NEW, 0); /* unknown ground */
    assert_finding(see(&check, UINT64_MAX), ID_NEW, 0);
    assert_finding(see(&check, UINT64_MAX), ID_DUPLICATE, 0);
    assert_finding(see(&check, 0), ID_NEW, 0);
    assert_finding(see(&check, 0), ID_DUPLICATE, 0);
    id_check_release(&check);
}

static void without_contiguous_ids_nothing_is_missing(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, false);
    see(&check, 10);
    assert_finding(see(&check, 20), ID_NEW, 0);
    assert_finding(see(&check, 15), ID_NEW, 0);
    assert_finding(see(&check, 15), ID_DUPLICATE, 0);
    assert_int_equal(check.missing, 0);
    id_check_release(&check);
}

static void the_lowest_hole_is_given_up_when_there_are_too_many(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    for (uint64_t i = 0; i < 3 * ID_CHECK_INTERVALS_MAX; i++)
        see(&check, 1000 + 3 * i);
    assert_int_equal(check.count, ID_CHECK_INTERVALS_MAX);
    assert_int_equal(check.missing, 2 * (3 * ID_CHECK_INTERVALS_MAX - 1));
    assert_int_equal(check.given_up, 2 * 2 * ID_CHECK_INTERVALS_MAX);
    assert_finding(see(&check, 1001), ID_DUPLICATE, 0); /* given up */
    uint64_t last = 1000 + 3 * (3 * ID_CHECK_INTERVALS_MAX - 1);
    assert_finding(see(&check, last - 1), ID_FILL, 0); /* not */
    /* Room in front of the lowest is made the same way. */
    assert_finding(see(&check, 10), ID_NEW, 0);
    assert_true(check.count <= ID_CHECK_INTERVALS_MAX);
    assert_true(check.capacity <= 4 * ID_CHECK_INTERVALS_MAX);
    id_check_release(&check);
}

static void a_row_of_several_ids_is_one_step(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    assert_finding(see_row(&check, 100, 104), ID_NEW, 0);
    assert_finding(see_row(&check, 105, 105), ID_NEW, 0);
    assert_finding(see_row(&check, 110, 112), ID_NEW, 4); /* 106..109 */
    struct id_finding fill = see_row(&check, 107, 109);
    assert_finding(fill, ID_FILL, 0);
    assert_int_equal(fill.filled, 3);
    assert_int_equal(fill.revealed_ns, 1112);
    assert_int_equal(check.missing, 1);
    assert_finding(see_row(&check, 90, 95), ID_NEW, 0);
    assert_finding(see_row(&check, 100, 104), ID_DUPLICATE, 0);
    id_check_release(&check);
}

static void a_row_that_is_known_in_part_counts_not_at_all(void **state)
{
    (void)state;
    struct id_check check;
    id_check_init(&check, true);
    see_row(&check, 100, 104);
    /* The end of it is new, but which part of its quantity? */
    assert_finding(see_row(&check, 103, 107), ID_DUPLICATE, 0);
    assert_finding(see_row(&check, 108, 108), ID_NEW, 3);
    assert_int_equal(check.missing, 3);
    assert_finding(see_row(&check, 104, 106), ID_DUPLICATE, 0);
    assert_finding(see_row(&check, 107, 108), ID_DUPLICATE, 0);
    assert_finding(see_row(&check, 99, 120), ID_DUPLICATE, 0); /* over all of it */
    assert_int_equal(check.missing, 3);
    /* Rows that bring the rest alone still count. */
    assert_finding(see_row(&check, 105, 105), ID_FILL, 0);
    assert_finding(see_row(&check, 106, 107), ID_FILL, 0);
    assert_int_equal(check.missing, 0);
    assert_int_equal(check.count, 1);
    id_check_release(&check);
}

static void absurd_folds_are_none(void **state)
{
    (void)state;
    assert_int_equal(id_range_of(100, 3).first, 97);
    assert_int_equal(id_range_of(100, 100).first, 0);
    assert_int_equal(id_range_of(100, 101).first, 100);
    assert_true(id_range_of(UINT64_MAX, UINT64_MAX).first == UINT64_MAX);
    assert_int_equal(id_range_of(1000000, ID_CHECK_RANGE_MAX).first, 1000000);
    assert_int_equal(id_range_of(1000000, ID_CHECK_RANGE_MAX - 1).first,
                     1000001 - ID_CHECK_RANGE_MAX);
}

/* Ids seen and missing as plain arrays. */
#define NAIVE_IDS 400
struct naive {
    bool seen[NAIVE_IDS], live;
    int64_t revealed_ns[NAIVE_IDS]; /* 0: not missing */
    uint64_t top, first_live, missing;
    bool any;
};

static struct id_finding naive_see(struct naive *n, struct id_range ids, int64_t source_ns,
                                   bool snapshot)
{
    bool counts = !snapshot || (n->live && ids.first > n->first_live);
    struct id_finding finding = {counts ? ID_NEW : ID_NOTED, 0, 0, ID_NOT_MISSING};
    if (!snapshot && !n->live) {
        n->live = true;
        n->first_live = ids.first;
    }
    bool seen = false;
    for (uint64_t id = ids.first; id <= ids.last; id++)
        seen |= n->seen[id];
    if (seen) {
        finding.verdict = snapshot ? ID_NOTED : ID_DUPLICATE;
        return finding;
    }
    for (uint64_t hole = n->top + 1; n->any && counts && hole < ids.first; hole++) {
        n->revealed_ns[hole] = source_ns;
        finding.missing++;
    }
    n->missing += finding.missing;
    for (uint64_t id = ids.first; id <= ids.last; id++) {
        n->seen[id] = true;
        if (n->revealed_ns[id] != 0) {
            finding = (struct id_finding){ID_FILL, 0, finding.filled + 1, n->revealed_ns[id]};
            n->revealed_ns[id] = 0;
            n->missing--;
        }
    }
    n->top = n->any && n->top > ids.last ? n->top : ids.last;
    n->any = true;
    return finding;
}

static void equals_plain_arrays_for_any_order_of_ids(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        uint64_t random = seed;
        struct naive naive = {0};
        struct id_check check;
        id_check_init(&check, true);
        uint64_t folds = seed % 3 == 0 ? 6 : 1;
        uint64_t next = unit_below(&random, 100), spread = 1 + unit_below(&random, 60);
        for (int step = 1; step < 400; step++) {
            uint64_t id = unit_below(&random, 3) == 0 ? unit_below(&random, NAIVE_IDS) : next;
            next = (next + unit_below(&random, spread) / 10 + 1) % NAIVE_IDS;
            bool snapshot = unit_below(&random, 8) == 0;
            struct id_range ids = id_range_of(id, unit_below(&random, folds));
            struct id_finding finding, want = naive_see(&naive, ids, step, snapshot);
            assert_ok(id_check_see(&check, ids, step, snapshot, &finding));
            assert_int_equal(finding.verdict, want.verdict);
            assert_int_equal(finding.missing, want.missing);
            assert_int_equal(finding.filled, want.filled);
            assert_int_equal(finding.revealed_ns, want.revealed_ns);
            assert_int_equal(check.missing, naive.missing);
        }
        id_check_release(&check);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consecutive_ids_are_new),
        cmocka_unit_test(an_id_seen_twice_is_a_duplicate),
        cmocka_unit_test(a_hole_is_missing_until_it_is_filled_in_any_order),
        cmocka_unit_test(every_hole_remembers_who_showed_it),
        cmocka_unit_test(below_the_first_id_nothing_is_missing),
        cmocka_unit_test(a_snapshot_before_the_first_live_trade_is_only_noted),
        cmocka_unit_test(a_snapshot_of_a_followed_market_repairs),
        cmocka_unit_test(a_snapshot_fills_a_hole_that_is_missing_whatever_its_id),
        cmocka_unit_test(another_numbering_is_no_gap),
        cmocka_unit_test(without_contiguous_ids_nothing_is_missing),
        cmocka_unit_test(the_lowest_hole_is_given_up_when_there_are_too_many),
        cmocka_unit_test(a_row_of_several_ids_is_one_step),
        cmocka_unit_test(a_row_that_is_known_in_part_counts_not_at_all),
        cmocka_unit_test(absurd_folds_are_none),
        cmocka_unit_test(equals_plain_arrays_for_any_order_of_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
