/* retention: the beginning of a tape is given up in whole segments, and what is left is a whole
 * tape. */
#include "tests/unit/tape_sample.h"

#include "engine/tape/tape_check.h"
#include "engine/tape/tape_folder.h"
#include "recorder/retention.h"

#include "tests/unit/io_fault.c"

#define S INT64_C(1000000000)

/* Forty records, ten segments or so, a minute each. */
static uint64_t write_tape_at(struct io_fault *fault, int64_t opened_ns)
{
    struct tape_writer *writer = NULL;
    struct tape_writer_options options = unit_options(700);
    options.wall_ns = opened_ns;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    for (unsigned i = 0; i < 40; i++) {
        struct record record = feed_record(i, "{\"a\":\"some more text for the segment\"}");
        record.wall_ns = (1000 + (int64_t)i * 15) * S;
        assert_ok(tape_writer_work(writer, (int64_t)i * 15 * S));
        assert_ok(tape_writer_append(writer, &record));
        assert_ok(tape_writer_flush(writer));
    }
    uint64_t bytes = tape_writer_bytes(writer);
    assert_ok(tape_writer_close(writer));
    return bytes;
}

static uint64_t write_tape(struct io_fault *fault)
{
    return write_tape_at(fault, 1000 * S);
}

static uint64_t first_seq(struct io_fault *fault)
{
    struct records read = {0};
    assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
    assert_true(read.count > 0);
    uint64_t first = read.items[0].seq;
    for (size_t i = 0; i < read.count; i++)
        assert_int_equal(read.items[i].seq, first + i);
    assert_int_equal(read.items[read.count - 1].seq, 40);
    records_release(&read);
    return first;
}

static void the_oldest_go_beyond_the_size(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    uint64_t bytes = write_tape(fault);
    struct retention retention = {.bytes = bytes / 2};
    uint32_t removed;
    assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 0, &removed));
    assert_true(removed > 0);
    uint64_t first = first_seq(fault), told;
    assert_true(first > 10 && first < 30);
    assert_ok(retention_first_seq(io_fault_io(fault), TAPE, &told));
    assert_int_equal(told, first);
    struct tape_summary summary;
    assert_ok(tape_check(io_fault_io(fault), TAPE, &summary, NULL, NULL));
    assert_int_equal(summary.damage_count, 0);
    assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 0, &removed));
    assert_int_equal(removed, 0);
    /* Numbers go on. */
    struct tape_writer *writer = NULL;
    struct tape_writer_options options = unit_options(0);
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_int_equal(tape_writer_next_seq(writer), 41);
    assert_ok(tape_writer_close(writer));
    io_fault_free(fault);
}

static void the_oldest_go_beyond_the_age(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    write_tape(fault);
    struct retention retention = {.age_ns = 200 * S};
    uint32_t removed;
    assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 1190 * S, &removed));
    assert_int_equal(removed, 0);
    assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 1600 * S, &removed));
    assert_true(removed > 0);
    /* What is younger than 200 s at 1600 s: from 1400 s on, record 400 / 15 = 27 or a little
     * before. */
    uint64_t first = first_seq(fault);
    assert_true(first > 18 && first <= 27);
    retention.age_ns = 1;
    assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 99999 * S, &removed));
    struct tape_folder folder = {0};
    assert_ok(tape_folder_list(&folder, io_fault_io(fault), TAPE, 0));
    assert_int_equal(folder.count, RETENTION_KEPT_MIN);
    tape_folder_release(&folder);
    io_fault_free(fault);
}

/* A machine without a clock of its own begins in 1970; what is recorded once its clock has been set
 * is as old as its records say. */
static void a_clock_that_was_set_right_makes_nothing_old(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    write_tape_at(fault, -1000000 * S);
    struct retention retention = {.age_ns = 10000 * S};
    uint32_t removed;
    assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 1600 * S, &removed));
    assert_int_equal(removed, 0);
    io_fault_free(fault);
}

/* A beginning that is only gone, without the mark, is still damage. */
static void a_lost_beginning_is_damage(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records read = {0};
    write_tape(fault);
    io_fault_remove(fault, TAPE "/00000001.rwk.zst");
    assert_err(ERR_DAMAGED, unit_read(fault, TAPE, false, &read));
    records_release(&read);
    io_fault_free(fault);
}

static void an_interrupted_removal_can_be_done_again(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct io_fault *fault = io_fault_new();
        write_tape(fault);
        struct retention retention = {.age_ns = 200 * S};
        uint32_t removed;
        io_fault_arm(fault, CALL_ANY, n, FAULT_IO, false);
        enum err err = retention_apply(&retention, io_fault_io(fault), TAPE, 1600 * S, &removed);
        hit = io_fault_has_hit(fault);
        assert_int_equal(err != ERR_OK, hit);
        io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
        io_fault_crash(fault, n);
        first_seq(fault);
        assert_ok(retention_apply(&retention, io_fault_io(fault), TAPE, 1600 * S, &removed));
        assert_true(first_seq(fault) > 18);
        io_fault_free(fault);
        assert_true(n < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_go_beyond_the_size),
        cmocka_unit_test(the_oldest_go_beyond_the_age),
        cmocka_unit_test(a_clock_that_was_set_right_makes_nothing_old),
        cmocka_unit_test(a_lost_beginning_is_damage),
        cmocka_unit_test(an_interrupted_removal_can_be_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
