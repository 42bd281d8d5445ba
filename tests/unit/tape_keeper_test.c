/* tape_keeper: whatever call of the disk fails once, every record is on the tape in the end. */
#include "tests/unit/tape_sample.h"

#include "recorder/tape_keeper.h"

#include "tests/unit/io_fault.c"

#define S INT64_C(1000000000)

/* Syncs at once when it is asked whether it has: the faulty disk is one thread's. */
struct late_sync {
    const struct io *io;
    struct io_file *file;
};

static void late_begin(void *arg, const struct io *io, struct io_file *file)
{
    *(struct late_sync *)arg = (struct late_sync){io, file};
}

static enum err late_wait(void *arg)
{
    const struct late_sync *late = arg;
    return late->io->sync(late->file);
}

static bool late_poll(void *arg, enum err *out)
{
    *out = late_wait(arg);
    return true;
}

static struct late_sync late;
static const struct tape_syncer syncer = {late_begin, late_poll, late_wait, &late};

static struct tape_writer_options tape_options(void)
{
    struct tape_writer_options options = unit_options(2000);
    options.syncer = &syncer;
    return options;
}

static struct tape_keeper *open_keeper(struct io_fault *fault)
{
    struct tape_keeper *keeper = NULL;
    struct tape_keeper_options options = {
        .io = io_fault_io(fault), .path = TAPE, .tape = tape_options()};
    assert_ok(tape_keeper_open(&keeper, &options));
    return keeper;
}

static struct record record_at(unsigned i, char text[32])
{
    snprintf(text, 32, "{\"n\":%u}", i);
    return feed_record(i, text);
}

/* Offers records [from, to) and works at 100 ms a record; returns how often it was told to wait. */
static unsigned feed(struct tape_keeper *keeper, unsigned from, unsigned to)
{
    unsigned waits = 0;
    int64_t now_ns = from * S;
    for (unsigned i = from; i < to;) {
        char text[32];
        struct record record = record_at(i, text);
        now_ns += S / 10;
        assert_ok(tape_keeper_work(keeper, now_ns));
        enum err err = tape_keeper_append(keeper, &record);
        if (err == ERR_STOP) {
            waits++;
            assert_true(waits < 10000);
            continue;
        }
        assert_ok(err);
        assert_int_equal(record.seq, i + 1);
        i++;
    }
    return waits;
}

static void check_tape(struct io_fault *fault, unsigned count)
{
    struct records read = {0};
    assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
    assert_int_equal(read.count, count);
    for (unsigned i = 0; i < count; i++) {
        char text[32];
        record_at(i, text);
        assert_int_equal(read.items[i].seq, i + 1);
        assert_memory_equal(read.items[i].data, text, strlen(text));
    }
    records_release(&read);
}

static void one_failing_call_loses_nothing(void **state)
{
    (void)state;
    static const enum fault_kind kinds[] = {FAULT_IO, FAULT_NOSPACE, FAULT_SHORT};
    for (size_t kind = 0; kind < 3; kind++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct io_fault *fault = io_fault_new();
            struct tape_keeper *keeper = open_keeper(fault);
            io_fault_arm(fault, CALL_ANY, n, kinds[kind], false);
            feed(keeper, 0, 120);
            assert_ok(tape_keeper_close(keeper));
            hit = io_fault_has_hit(fault);
            io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
            io_fault_crash(fault, n); /* closing has synced */
            check_tape(fault, 120);
            io_fault_free(fault);
            assert_true(n < 2000);
        }
    }
}

/* What was durable before a power loss is there after it, whatever failed in between. */
static void power_loss_keeps_what_was_durable(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct io_fault *fault = io_fault_new();
        struct tape_keeper *keeper = open_keeper(fault);
        io_fault_arm(fault, seed % 2 ? CALL_SYNC : CALL_WRITE, seed % 40 + 1, FAULT_IO, false);
        unsigned count = (unsigned)(20 + seed % 90);
        feed(keeper, 0, count);
        uint64_t durable = tape_keeper_durable_seq(keeper);
        struct io_fault *lost = io_fault_clone(fault);
        io_fault_crash(lost, seed);
        struct records read = {0};
        enum err err = unit_read(lost, TAPE, true, &read);
        assert_int_equal(err, ERR_END);
        size_t kept = 0;
        while (kept < read.count && read.items[kept].seq == kept + 1)
            kept++;
        assert_true(kept >= durable);
        records_release(&read);
        io_fault_free(lost);
        io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
        assert_ok(tape_keeper_close(keeper));
        io_fault_free(fault);
    }
}

static void a_disk_that_stays_broken_is_given_up_in_one_line(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_keeper *keeper = open_keeper(fault);
    feed(keeper, 0, 10);
    io_fault_arm(fault, CALL_WRITE, 1, FAULT_IO, true);
    enum err err = ERR_OK;
    char text[32];
    struct record record = record_at(10, text);
    int64_t now_ns = 10 * S;
    for (int i = 0; i < 100000 && !err; i++) {
        now_ns += S / 10;
        err = tape_keeper_work(keeper, now_ns);
        if (!err && tape_keeper_append(keeper, &record) == ERR_OK)
            tape_keeper_flush(keeper);
    }
    assert_int_equal(err, ERR_IO);
    assert_non_null(strstr(err_text(err), "cannot"));
    assert_true(now_ns > 60 * S);
    assert_int_equal(tape_keeper_close(keeper), ERR_IO);
    io_fault_free(fault);
}

struct disk {
    uint64_t free_bytes;
};

static bool space(void *arg, uint64_t *out_free, uint64_t *out_total)
{
    *out_free = ((struct disk *)arg)->free_bytes;
    *out_total = UINT64_C(1) << 30;
    return true;
}

static void a_full_disk_is_waited_for(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct disk disk = {.free_bytes = UINT64_C(1) << 29};
    struct tape_keeper_options options = {.io = io_fault_io(fault),
                                          .path = TAPE,
                                          .tape = tape_options(),
                                          .space = space,
                                          .arg = &disk};
    struct tape_keeper *keeper = NULL;
    assert_ok(tape_keeper_open(&keeper, &options));
    feed(keeper, 0, 20);
    disk.free_bytes = 1000;
    char text[32];
    struct record record = record_at(20, text);
    assert_ok(tape_keeper_work(keeper, 1000 * S));
    uint64_t calls = io_fault_calls(fault, CALL_WRITE);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(tape_keeper_append(keeper, &record), ERR_STOP);
        assert_ok(tape_keeper_work(keeper, (1002 + i) * S));
    }
    assert_int_equal(io_fault_calls(fault, CALL_WRITE), calls);
    struct tape_keeper_state now;
    tape_keeper_state(keeper, &now);
    assert_true(now.interrupted);
    assert_int_equal(now.disk, DISK_FULL);
    disk.free_bytes = UINT64_C(1) << 29;
    assert_ok(tape_keeper_work(keeper, 1200 * S));
    assert_ok(tape_keeper_append(keeper, &record));
    assert_ok(tape_keeper_close(keeper));
    check_tape(fault, 21);
    io_fault_free(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failing_call_loses_nothing),
        cmocka_unit_test(power_loss_keeps_what_was_durable),
        cmocka_unit_test(a_disk_that_stays_broken_is_given_up_in_one_line),
        cmocka_unit_test(a_full_disk_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
