/* disk_guard: warned an hour before, stopped before the reserve, going on when there is room. */
#include "recorder/disk_guard.h"
#include "tests/unit/unit.h"

#include <stdbool.h>

#define S   INT64_C(1000000000)
#define MIB (UINT64_C(1) << 20)

static void it_never_lets_a_write_meet_a_full_disk(void **state)
{
    (void)state;
    struct disk_guard guard;
    uint64_t total = 40960 * MIB, used = 0, rate = 5 * MIB;
    bool low = false;
    disk_guard_init(&guard, 256 * MIB, total);
    int64_t now_ns = S;
    for (;; now_ns += S) {
        enum disk_state disk = disk_guard_look(&guard, total - used, used, now_ns);
        if (disk == DISK_FULL)
            break;
        if (disk == DISK_LOW && !low) {
            low = true;
            int64_t left_s = (int64_t)((total - used) / rate);
            assert_true(left_s > 3300 && left_s < 3900);
        }
        used += rate;
        assert_true(used < total);
    }
    assert_true(low);
    assert_true(total - used >= DISK_RESERVE_MAX - rate);
    /* A little room is not enough, some is. */
    assert_int_equal(disk_guard_look(&guard, DISK_RESERVE_MAX + MIB, used, now_ns + S), DISK_FULL);
    assert_int_not_equal(disk_guard_look(&guard, DISK_RESERVE_MAX * 2, used, now_ns + 2 * S),
                         DISK_FULL);
}

static void a_small_disk_and_a_silent_market_are_fine(void **state)
{
    (void)state;
    struct disk_guard guard;
    disk_guard_init(&guard, 256 * MIB, MIB);
    assert_true(guard.reserve <= MIB / 20);
    assert_int_equal(disk_guard_look(&guard, MIB / 2, 0, S), DISK_OK);
    assert_int_equal(disk_guard_look(&guard, MIB / 2, 0, 100000 * S), DISK_OK);
    assert_true(guard.left_ns == INT64_MAX);
    assert_int_equal(disk_guard_look(&guard, 0, 0, 100001 * S), DISK_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_never_lets_a_write_meet_a_full_disk),
        cmocka_unit_test(a_small_disk_and_a_silent_market_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
