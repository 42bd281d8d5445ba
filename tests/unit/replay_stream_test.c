/*
 * The stream gives what the reader gives, whatever the number of threads: on
 * whole tapes, damaged ones, growing ones.
 */
#include "replayer/replay_stream.h"

#include "tests/unit/io_fault.c" /* compiled in */
#include "tests/unit/sealed_sample.h"

static int64_t from_ns; /* of all readers here */

static const unsigned thread_counts[] = {1, 2, 3, 8};

struct told {
    size_t count;
    struct tape_loss losses[64];
};

static void tell(const struct tape_loss *loss, void *arg)
{
    struct told *told = arg;
    if (told->count < 64)
        told->losses[told->count] = *loss;
    told->count++;
}

static enum err read_stream(struct io_fault *fault, bool salvage, unsigned threads,
                            struct records *records, struct told *told)
{
    struct replay_stream_options options = {
        .tape = {.salvage = salvage, .from_ns = from_ns, .each_loss = tell, .arg = told},
        .threads = threads,
        .decode = true,
    };
    struct replay_stream *stream = NULL;
    struct replay_batch batch;
    enum err err = replay_stream_open(&stream, io_fault_io(fault), TAPE, &options);
    while (err == ERR_OK) {
        err = replay_stream_next(stream, &batch);
        assert_true(err != ERR_OK || batch.count > 0);
        for (size_t i = 0; err == ERR_OK && i < batch.count; i++) {
            assert_int_equal(batch.records[i].row, 0);
            records_add(records, &batch.records[i]);
        }
    }
    if (err != ERR_END)
        assert_err(err, replay_stream_next(stream, &batch));
    replay_stream_close(stream);
    return err;
}

static void assert_same_losses(const struct told *is, const struct told *should)
{
    assert_int_equal(is->count, should->count);
    for (size_t i = 0; i < is->count && i < 64; i++) {
        assert_string_equal(is->losses[i].file, should->losses[i].file);
        assert_int_equal(is->losses[i].offset, should->losses[i].offset);
        assert_int_equal(is->losses[i].first_seq, should->losses[i].first_seq);
        assert_int_equal(is->losses[i].last_seq, should->losses[i].last_seq);
    }
}

static enum err read_all(struct io_fault *fault, bool salvage, struct records *records,
                         struct told *told)
{
    struct tape_reader_options options = {
        .salvage = salvage, .from_ns = from_ns, .each_loss = tell, .arg = told};
    struct tape_reader *reader = NULL;
    struct record record;
    enum err err = tape_reader_open(&reader, io_fault_io(fault), TAPE, &options);
    while (err == ERR_OK) {
        err = tape_reader_next(reader, &record);
        if (err == ERR_OK)
            records_add(records, &record);
    }
    tape_reader_close(reader);
    return err;
}

static void assert_like_the_reader(struct io_fault *fault, bool salvage)
{
    struct records should = {0};
    struct told told_should = {0};
    char text[ERR_TEXT_MAX];
    enum err err = read_all(fault, salvage, &should, &told_should);
    snprintf(text, sizeof text, "%s", err == ERR_END ? "" : err_text(err));
    for (size_t i = 0; i < sizeof thread_counts / sizeof thread_counts[0]; i++) {
        struct records is = {0};
        struct told told = {0};
        assert_err(err, read_stream(fault, salvage, thread_counts[i], &is, &told));
        if (err != ERR_END)
            assert_string_equal(err_text(err), text);
        assert_int_equal(is.count, should.count);
        for (size_t k = 0; k < is.count; k++)
            assert_record(&is.items[k], &should.items[k]);
        assert_same_losses(&told, &told_should);
        records_release(&is);
    }
    records_release(&should);
}

static void gives_what_the_reader_gives(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    unit_write(fault, 20000, 5000, 37, NULL);
    assert_like_the_reader(fault, false);
    assert_like_the_reader(fault, true);
    io_fault_free(fault);
}

/* Changes one byte of the segment. */
static void damage(struct io_fault *fault, unsigned segment, uint64_t offset)
{
    char path[64];
    unit_path(path, segment);
    size_t size = 0;
    uint8_t *data = io_fault_data(fault, path, &size);
    assert_true(offset < size);
    data[offset] ^= 0x10;
}

static void damage_is_told_in_its_place(void **state)
{
    (void)state;
    struct io_fault *fault;
    uint64_t random = 7;
    for (int round = 0; round < 20; round++) {
        fault = io_fault_new();
        unit_write(fault, 8000, 2000, 23, NULL);
        for (uint64_t places = 1 + unit_below(&random, 4); places > 0; places--)
            damage(fault, 1 + (unsigned)unit_below(&random, 3), unit_below(&random, 7000));
        assert_like_the_reader(fault, false);
        assert_like_the_reader(fault, true);
        io_fault_free(fault);
    }
}

/* Every byte of a sealed segment, when all is wanted and when only its end is: damage that costs no
 * record that is wanted is told, or stops, all the same. */
static void damage_of_a_sealed_segment_is_told(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = io_fault_new();
    char path[64];
    size_t size = 0;
    unit_write(fault, 0, 40, 6, &records);
    unit_path(path, 1);
    sample_seal(fault, path, 20);
    assert_non_null(io_fault_data(fault, path, &size));
    for (size_t offset = 0; offset < size; offset++) {
        struct io_fault *hurt = io_fault_clone(fault);
        damage(hurt, 1, offset);
        from_ns = offset % 2 ? records.items[30].wall_ns : 0;
        assert_like_the_reader(hurt, false);
        assert_like_the_reader(hurt, true);
        io_fault_free(hurt);
    }
    from_ns = 0;
    io_fault_free(fault);
    records_release(&records);
}

/* Some seconds on, now and then a step of the clock, forward or back. */
static void append_with_steps(struct tape_writer *writer, uint64_t *random, unsigned count)
{
    int64_t step_ns = 0;
    for (unsigned i = 0; i < count; i++) {
        struct record record = feed_record(i, "{}");
        if (unit_below(random, 12) == 0)
            step_ns = ((int64_t)unit_below(random, 61) - 30) * 1000000;
        record.wall_ns += step_ns;
        assert_ok(tape_writer_append(writer, &record));
        if (unit_below(random, 6) == 0)
            assert_ok(tape_writer_flush(writer));
    }
}

/* From the first record on that was received at the wanted time or later, all. */
static void seeking_gives_what_reading_everything_gives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct io_fault *fault = io_fault_new();
        struct tape_writer_options options = unit_options(seed % 3 == 0 ? 3000 : 0);
        struct tape_writer *writer = NULL;
        struct records all = {0}, sought = {0};
        struct told told = {0};
        uint64_t random = seed;
        assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
        append_with_steps(writer, &random, 150);
        assert_ok(tape_writer_close(writer));
        if (seed % 4 == 0) {
            char path[64];
            unit_path(path, 1);
            sample_seal(fault, path, 25);
        }
        assert_err(ERR_END, read_all(fault, false, &all, &told));
        from_ns =
            all.items[unit_below(&random, all.count)].wall_ns + (int64_t)unit_below(&random, 3) - 1;
        assert_like_the_reader(fault, false);
        assert_err(ERR_END, read_all(fault, false, &sought, &told));
        size_t first = 0;
        while (first < all.count && all.items[first].wall_ns < from_ns)
            first++;
        from_ns = 0;
        assert_int_equal(sought.count, all.count - first);
        for (size_t i = 0; i < sought.count; i++)
            assert_record(&sought.items[i], &all.items[first + i]);
        assert_int_equal(told.count, 0);
        records_release(&sought);
        records_release(&all);
        io_fault_free(fault);
    }
}

static void follows_a_tape_that_grows(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options writing = unit_options(4000);
    struct tape_writer *writer = NULL;
    struct records should = {0};
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &writing));
    unit_append(writer, 10, 5, &should);
    struct replay_stream_options options = {.threads = 3};
    struct replay_stream *stream = NULL;
    struct replay_batch batch;
    size_t count = 0;
    assert_ok(replay_stream_open(&stream, io_fault_io(fault), TAPE, &options));
    for (int round = 0; round < 30; round++) {
        enum err err;
        while ((err = replay_stream_next(stream, &batch)) == ERR_OK)
            for (size_t i = 0; i < batch.count; i++)
                assert_record(&batch.records[i], &should.items[count++]);
        assert_err(ERR_END, err);
        assert_int_equal(count, should.count);
        unit_append(writer, 20, 3, &should);
    }
    replay_stream_close(stream);
    assert_ok(tape_writer_close(writer));
    records_release(&should);
    io_fault_free(fault);
}

static void closing_early_is_fine(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    unit_write(fault, 0, 3000, 10, NULL);
    for (size_t i = 0; i < sizeof thread_counts / sizeof thread_counts[0]; i++) {
        struct replay_stream_options options = {.threads = thread_counts[i], .decode = true};
        struct replay_stream *stream = NULL;
        struct replay_batch batch;
        assert_ok(replay_stream_open(&stream, io_fault_io(fault), TAPE, &options));
        if (i % 2 == 0)
            assert_ok(replay_stream_next(stream, &batch));
        replay_stream_close(stream);
    }
    struct replay_stream_options options = {.threads = 2};
    struct replay_stream *stream = NULL;
    assert_err(ERR_MISSING, replay_stream_open(&stream, io_fault_io(fault), "nothing", &options));
    replay_stream_close(NULL);
    io_fault_free(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_the_reader_gives),
        cmocka_unit_test(damage_is_told_in_its_place),
        cmocka_unit_test(damage_of_a_sealed_segment_is_told),
        cmocka_unit_test(seeking_gives_what_reading_everything_gives),
        cmocka_unit_test(follows_a_tape_that_grows),
        cmocka_unit_test(closing_early_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
