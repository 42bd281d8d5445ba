/* The tape's promises under failing calls and power loss: what is durable stays, what is lost is
 * told. */
#include "tests/unit/tape_sample.h"

#include "engine/tape/tape_check.h"

#include "tests/unit/io_fault.c"

#define SEGMENT_BYTES 700
#define MS            INT64_C(1000000)

/* What a recorder's life left behind. */
struct life {
    enum err err;
    char text[ERR_TEXT_MAX];
    struct records appended;
    uint64_t written_seq, durable_seq;
    bool was_open;
};

static void note(struct life *life, enum err err)
{
    if (err == ERR_OK)
        return;
    if (life->err == ERR_OK) {
        life->err = err;
        snprintf(life->text, sizeof life->text, "%s", err_text(err));
        return;
    }
    /* Every later call fails the same way. */
    assert_int_equal(err, life->err);
    assert_string_equal(err_text(err), life->text);
}

/* Forty records with work between them, over several segments; goes on calling after a failure, as
 * a careless caller would. */
static struct life live(struct io_fault *fault, uint64_t salt, bool close)
{
    struct life life = {0};
    struct tape_writer_options options = unit_options(SEGMENT_BYTES);
    struct tape_writer *writer = NULL;
    options.random[2] = salt;
    life.err = tape_writer_open(&writer, io_fault_io(fault), TAPE, &options);
    if (life.err != ERR_OK)
        return life;
    life.was_open = true;
    for (unsigned i = 0; i < 40; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"salt\":%u,\"n\":%u}", (unsigned)salt, i);
        struct record record = feed_record(i, text);
        note(&life, tape_writer_work(writer, (int64_t)i * 40 * MS));
        enum err err = tape_writer_append(writer, &record);
        if (err == ERR_OK)
            records_add(&life.appended, &record);
        note(&life, err);
        if (i % 11 == 10)
            note(&life, tape_writer_sync(writer));
        assert_true(tape_writer_durable_seq(writer) <= tape_writer_written_seq(writer));
        life.written_seq = tape_writer_written_seq(writer);
        life.durable_seq = tape_writer_durable_seq(writer);
    }
    if (close) {
        enum err err = tape_writer_close(writer);
        if (err == ERR_OK)
            life.written_seq = life.durable_seq = life.appended.items[39].seq;
        note(&life, err);
    } else {
        tape_writer_abandon(writer);
    }
    return life;
}

/* ---- failing calls -------------------------------------------------------------------------- */

/* After a failure the tape is a clean one of a prefix, and the text names the first number that is
 * not on it. */
static void check_after_failure(struct io_fault *fault, const struct life *life, bool for_ever)
{
    struct records read = {0};
    enum err err = unit_read(fault, TAPE, false, &read);
    if (!life->was_open) {
        assert_true(err == ERR_END || err == ERR_MISSING || err == ERR_DAMAGED);
        assert_int_equal(read.count, 0);
        records_release(&read);
        return;
    }
    assert_int_equal(err, ERR_END);
    assert_prefix(&read, &life->appended);
    const char *number = strstr(life->text, "records from number ");
    assert_non_null(number);
    uint64_t first_lost = strtoull(number + strlen("records from number "), NULL, 10);
    assert_non_null(strstr(number, " on are not on the tape; "));
    if (strstr(life->text, "cannot write")) {
        assert_true(read.count >= life->written_seq);
        assert_int_equal(first_lost, read.count + 1);
    } else {
        /* What was not durable is cut off; where the cut fails too, it may be there. */
        assert_non_null(strstr(life->text, "cannot sync tape"));
        assert_int_equal(first_lost, life->durable_seq + 1);
        assert_true(for_ever ? read.count >= life->durable_seq : read.count == life->durable_seq);
    }
    /* A single failure let the cut succeed: no torn tail. */
    struct tape_summary summary;
    assert_ok(tape_check(io_fault_io(fault), TAPE, &summary, NULL, NULL));
    assert_int_equal(summary.damage_count, 0);
    if (!for_ever)
        assert_int_equal(summary.torn_count, 0);
    records_release(&read);
}

static void check_going_on(struct io_fault *fault, const struct life *before)
{
    struct records read = {0}, again = {0};
    if (before->was_open)
        assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
    struct life life = live(fault, 99, true);
    assert_int_equal(life.err, ERR_OK);
    assert_err(ERR_END, unit_read(fault, TAPE, false, &again));
    assert_int_equal(again.count, read.count + life.appended.count);
    for (size_t i = 0; i < again.count; i++)
        assert_record(&again.items[i],
                      i < read.count ? &read.items[i] : &life.appended.items[i - read.count]);
    records_release(&read);
    records_release(&again);
    records_release(&life.appended);
}

/* Fails the n-th call for n = 1, 2, ... until a life passes without meeting it. */
static void sweep(enum fault_kind kind, bool for_ever)
{
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct io_fault *fault = io_fault_new();
        io_fault_arm(fault, CALL_ANY, n, kind, for_ever);
        struct life life = live(fault, 5, true);
        hit = io_fault_has_hit(fault);
        io_fault_arm(fault, CALL_ANY, 0, kind, false);
        assert_int_equal(life.err != ERR_OK, hit);
        if (hit) {
            check_after_failure(fault, &life, for_ever);
            check_going_on(fault, &life);
        }
        records_release(&life.appended);
        io_fault_free(fault);
        assert_true(n < 1000);
    }
}

static void any_failing_call_leaves_a_clean_prefix_and_says_so(void **state)
{
    (void)state;
    static const enum fault_kind kinds[] = {FAULT_IO, FAULT_NOSPACE, FAULT_SHORT};
    for (size_t i = 0; i < 3; i++) {
        sweep(kinds[i], false);
        sweep(kinds[i], true);
    }
}

static void a_full_disk_is_told_in_one_line(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, 20, 20, NULL);
    io_fault_arm(fault, CALL_WRITE, 1, FAULT_SHORT, false);
    struct record record = feed_record(1, "x");
    assert_ok(tape_writer_append(writer, &record));
    assert_err(ERR_NOSPACE, tape_writer_flush(writer));
    assert_string_equal(err_text(ERR_NOSPACE),
                        "cannot write to tape 'tape': no space left on device; records from number "
                        "21 on are not on the tape; free space and start again");
    assert_err(ERR_NOSPACE, tape_writer_close(writer));
    io_fault_free(fault);
}

static void a_failed_sync_is_not_tried_again(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, 4, 4, NULL);
    assert_ok(tape_writer_sync(writer));
    unit_append(writer, 4, 4, NULL);
    io_fault_arm(fault, CALL_SYNC, 1, FAULT_IO, false);
    assert_err(ERR_IO, tape_writer_sync(writer));
    assert_non_null(strstr(err_text(ERR_IO), "records from number 5 on are not on the tape"));
    assert_true(tape_writer_can_go_on(writer));
    uint64_t calls = io_fault_calls(fault, CALL_SYNC);
    assert_err(ERR_IO, tape_writer_sync(writer));
    assert_err(ERR_IO, tape_writer_work(writer, 100000 * MS));
    assert_int_equal(tape_writer_durable_seq(writer), 4);
    assert_int_equal(tape_writer_written_seq(writer), 8);
    assert_err(ERR_IO, tape_writer_close(writer));
    assert_int_equal(io_fault_calls(fault, CALL_SYNC), calls);
    io_fault_free(fault);
}

/* A syncer that ends when the test says so. */
struct slow_sync {
    const struct io *io;
    struct io_file *file;
    bool busy, over;
    enum err err;
    unsigned begun;
};

static void slow_begin(void *arg, const struct io *io, struct io_file *file)
{
    struct slow_sync *slow = arg;
    assert_false(slow->busy);
    *slow = (struct slow_sync){.io = io, .file = file, .busy = true, .begun = slow->begun + 1};
}

static void slow_end(struct slow_sync *slow)
{
    assert_true(slow->busy);
    slow->err = slow->io->sync(slow->file);
    slow->over = true;
}

static bool slow_poll(void *arg, enum err *out)
{
    struct slow_sync *slow = arg;
    assert_true(slow->busy);
    if (slow->over)
        slow->busy = false;
    *out = slow->err;
    return slow->over;
}

static enum err slow_wait(void *arg)
{
    struct slow_sync *slow = arg;
    if (!slow->over)
        slow_end(slow);
    slow->busy = false;
    return slow->err;
}

static void a_sync_elsewhere_holds_up_nothing(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct slow_sync slow = {0};
    struct tape_syncer syncer = {slow_begin, slow_poll, slow_wait, &slow};
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    options.syncer = &syncer;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_ok(tape_writer_work(writer, 0));
    unit_append(writer, 4, 4, NULL);
    assert_ok(tape_writer_work(writer, 5000 * MS)); /* written */
    assert_ok(tape_writer_work(writer, 10000 * MS));
    assert_int_equal(slow.begun, 1);
    unit_append(writer, 4, 4, NULL);
    assert_ok(tape_writer_work(writer, 20000 * MS));
    assert_int_equal(tape_writer_written_seq(writer), 8);
    assert_int_equal(tape_writer_durable_seq(writer), 0);
    slow_end(&slow);
    /* What was written meanwhile is not covered, and is synced next. */
    assert_ok(tape_writer_work(writer, 20001 * MS));
    assert_int_equal(tape_writer_durable_seq(writer), 4);
    assert_int_equal(slow.begun, 2);
    assert_ok(tape_writer_close(writer));
    assert_false(slow.busy);
    struct records read = {0};
    assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
    assert_int_equal(read.count, 8);
    records_release(&read);
    io_fault_free(fault);
}

/* Whatever call fails while a sync is under way: another writer goes on with the same numbers, and
 * with the records from durable_seq on nothing is missing, even after power loss. */
static void going_on_after_a_failure_loses_nothing(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct io_fault *fault = io_fault_new();
        struct slow_sync slow = {0};
        struct tape_syncer syncer = {slow_begin, slow_poll, slow_wait, &slow};
        struct tape_writer_options options = unit_options(SEGMENT_BYTES);
        struct tape_writer *writer = NULL;
        options.syncer = &syncer;
        assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
        io_fault_arm(fault, n % 2 ? CALL_SYNC : CALL_WRITE, n / 2 + 1, FAULT_IO, false);
        for (unsigned i = 0; i < 40; i++) {
            char text[32];
            snprintf(text, sizeof text, "{\"n\":%u}", i);
            struct record record = feed_record(i, text);
            while (true) {
                enum err err = tape_writer_work(writer, (int64_t)i * 300 * MS);
                if (slow.busy && !slow.over && i % 3 == 0)
                    slow_end(&slow);
                err = err ? err : tape_writer_append(writer, &record);
                if (err == ERR_OK)
                    break;
                assert_true(tape_writer_can_go_on(writer));
                uint64_t durable = tape_writer_durable_seq(writer);
                tape_writer_abandon(writer);
                options.random[2]++;
                assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
                uint64_t next = tape_writer_next_seq(writer);
                assert_true(next > durable && next <= i + 1);
                for (uint64_t seq = next; seq <= i; seq++) {
                    snprintf(text, sizeof text, "{\"n\":%u}", (unsigned)seq - 1);
                    struct record old = feed_record((unsigned)seq - 1, text);
                    assert_ok(tape_writer_append(writer, &old));
                    assert_int_equal(old.seq, seq);
                }
                snprintf(text, sizeof text, "{\"n\":%u}", i);
            }
        }
        hit = io_fault_has_hit(fault) || n < 8;
        io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
        assert_ok(tape_writer_close(writer));
        io_fault_crash(fault, n);
        struct records read = {0};
        assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
        assert_int_equal(read.count, 40);
        for (unsigned i = 0; i < 40; i++) {
            char text[32];
            snprintf(text, sizeof text, "{\"n\":%u}", i);
            assert_int_equal(read.items[i].seq, i + 1);
            assert_int_equal(read.items[i].size, strlen(text));
            assert_memory_equal(read.items[i].data, text, strlen(text));
        }
        records_release(&read);
        io_fault_free(fault);
        assert_true(n < 1000);
    }
}

static void a_reader_tells_a_failing_call_from_damage(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    unit_write(fault, SEGMENT_BYTES, 40, 4, &records);
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        for (int salvage = 0; salvage < 2; salvage++) {
            struct records read = {0};
            io_fault_arm(fault, CALL_ANY, n, FAULT_IO, false);
            enum err err = unit_read(fault, TAPE, salvage != 0, &read);
            hit = io_fault_has_hit(fault);
            /* Sizes for the progress bar may be missing; nothing else. */
            assert_true(err == ERR_IO || (err == ERR_END && read.count == records.count));
            assert_prefix(&read, &records);
            records_release(&read);
        }
        assert_true(n < 1000);
    }
    records_release(&records);
    io_fault_free(fault);
}

/* ---- power loss ----------------------------------------------------------------------------- */

static void assert_all_there(const struct records *read, const struct records *known,
                             uint64_t durable)
{
    assert_true(read->count >= durable);
    for (size_t i = 0; i < read->count; i++)
        assert_record(&read->items[i], &known->items[i]);
}

/* `known` becomes what is read after the crash: the truth of the next life. */
static void keep_read(struct records *known, struct records *read)
{
    records_release(known);
    *known = *read;
    *read = (struct records){0};
}

static void check_repair(struct io_fault *fault, const struct records *known)
{
    struct tape_summary before, after;
    uint64_t kept = 0;
    const struct io *io = io_fault_io(fault);
    assert_ok(tape_repair(io, TAPE, "repaired", &before, &kept));
    assert_ok(tape_check(io, "repaired", &after, NULL, NULL));
    assert_int_equal(after.damage_count + after.torn_count + after.missing_seqs, 0);
    assert_int_equal(after.gap_records, before.missing_seqs);
    assert_true(kept >= known->count);
}

/* Lives one after the other, each ended by power loss at some call. Returns false when the tape
 * needs a repair: writes that had not been synced came to the disk in another order. */
static bool one_crash(struct io_fault *fault, uint64_t *random, struct records *known,
                      uint64_t *durable)
{
    uint64_t end = 1 + unit_below(random, 130);
    io_fault_arm(fault, CALL_ANY, end, unit_below(random, 2) ? FAULT_SHORT : FAULT_IO, true);
    struct life life = live(fault, unit_random(random), unit_below(random, 4) == 0);
    if (life.err == ERR_OK)
        assert_false(io_fault_has_hit(fault));
    for (size_t i = 0; i < life.appended.count; i++)
        records_add(known, &life.appended.items[i]);
    records_release(&life.appended);
    if (life.durable_seq > *durable)
        *durable = life.durable_seq;
    io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
    bool killed = unit_below(random, 3) == 0;
    if (!killed)
        io_fault_crash(fault, unit_random(random));
    struct records read = {0};
    enum err err = unit_read(fault, TAPE, false, &read);
    bool is_tape = err == ERR_END || !strstr(err_text(err), "is not a tape");
    if (err == ERR_MISSING || !is_tape) {
        assert_int_equal(*durable, 0);
        records_release(known);
        return true;
    }
    assert_all_there(&read, known, killed ? life.written_seq : *durable);
    keep_read(known, &read);
    if (err == ERR_DAMAGED)
        check_repair(fault, known);
    else
        assert_int_equal(err, ERR_END);
    return err == ERR_END;
}

static void power_loss_keeps_all_that_was_durable(void **state)
{
    (void)state;
    unsigned damaged = 0, crashes = 0;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        uint64_t random = seed, durable = 0;
        struct io_fault *fault = io_fault_new();
        struct records known = {0};
        bool whole = true;
        for (int life = 0; life < 4 && whole; life++, crashes++)
            whole = one_crash(fault, &random, &known, &durable);
        damaged += !whole;
        records_release(&known);
        io_fault_free(fault);
    }
    /* Most crashes leave a torn tail at most. */
    assert_true(damaged < crashes / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_failing_call_leaves_a_clean_prefix_and_says_so),
        cmocka_unit_test(a_full_disk_is_told_in_one_line),
        cmocka_unit_test(a_failed_sync_is_not_tried_again),
        cmocka_unit_test(a_sync_elsewhere_holds_up_nothing),
        cmocka_unit_test(going_on_after_a_failure_loses_nothing),
        cmocka_unit_test(a_reader_tells_a_failing_call_from_damage),
        cmocka_unit_test(power_loss_keeps_all_that_was_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
