/* tape_writer and tape_reader together: what goes in comes out, over segments, restarts and hands.
 */
#include "tests/unit/tape_sample.h"

#include "engine/tape/tape_format.h"

#include "tests/unit/io_fault.c"

static struct tape_writer *open_writer(struct io_fault *fault, uint64_t segment_bytes)
{
    struct tape_writer_options options = unit_options(segment_bytes);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    return writer;
}

static void assert_reads(struct io_fault *fault, const struct records *expected)
{
    struct records read = {0};
    assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
    assert_int_equal(read.count, expected->count);
    assert_prefix(&read, expected);
    records_release(&read);
}

static void append(struct tape_writer *writer, struct records *records, struct record record)
{
    uint64_t seq = tape_writer_next_seq(writer);
    assert_ok(tape_writer_append(writer, &record));
    assert_int_equal(record.seq, seq);
    records_add(records, &record);
}

static void every_kind_of_record_comes_back(void **state)
{
    (void)state;
    static const uint8_t binary[] = {0, 10, 13, 0xFF, 0xFE, 0, 0x18, 0x4D, 0x2A, 0x51};
    static const int64_t times[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1700000000};
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer *writer = open_writer(fault, 0);
    for (int type = 1; type <= RECORD_TYPE_MAX; type++)
        append(writer, &records,
               (struct record){.type = (enum record_type)type,
                               .flags = RECORD_BINARY,
                               .venue = "",
                               .source_ns = RECORD_NO_TIME,
                               .data = binary,
                               .size = sizeof binary});
    for (size_t size = 0; size < 4; size++)
        append(writer, &records,
               (struct record){.type = RECORD_SENT,
                               .venue = "a-venue-of-thirty-one-character",
                               .connection = UINT32_MAX,
                               .data = binary,
                               .size = size});
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 7; j++)
            append(writer, &records,
                   (struct record){.type = RECORD_RECEIVED,
                                   .venue = "v",
                                   .wall_ns = times[i],
                                   .mono_ns = times[j],
                                   .source_ns = times[(i + j) % 7]});
    assert_ok(tape_writer_close(writer));
    assert_reads(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

static void a_record_of_the_largest_size_comes_back(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer *writer = open_writer(fault, 0);
    uint64_t random = 5;
    uint8_t *data = malloc(RECORD_DATA_MAX + 1);
    for (size_t i = 0; i < RECORD_DATA_MAX + 1; i++)
        data[i] = (uint8_t)(unit_random(&random) & (i % 2 ? 0xFF : 0x0F));
    struct record record = {
        .type = RECORD_RECEIVED, .venue = "binance", .data = data, .size = RECORD_DATA_MAX};
    append(writer, &records, feed_record(1, "before"));
    append(writer, &records, record);
    append(writer, &records, feed_record(2, "behind"));
    record.size++;
    assert_err(ERR_LIMIT, tape_writer_append(writer, &record));
    assert_ok(tape_writer_close(writer));
    assert_reads(fault, &records);
    free(data);
    records_release(&records);
    io_fault_free(fault);
}

static void more_records_and_sources_than_a_block_holds_make_more_blocks(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer *writer = open_writer(fault, 0);
    for (uint32_t i = 0; i < TAPE_BLOCK_RECORDS_MAX + 10; i++)
        append(writer, &records, feed_record(1, ""));
    for (uint32_t i = 0; i < TAPE_BLOCK_SOURCES_MAX + 10; i++) {
        struct record record = feed_record(1, "");
        record.connection = i;
        append(writer, &records, record);
    }
    assert_int_equal(tape_writer_next_connection(writer), TAPE_BLOCK_SOURCES_MAX + 10);
    assert_ok(tape_writer_close(writer));
    assert_reads(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

static void records_that_cannot_be_written_are_refused_and_change_nothing(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer *writer = open_writer(fault, 0);
    struct record record = feed_record(1, "x");
    record.venue = "a-venue-of-thirty-two-characters";
    assert_int_equal(strlen(record.venue), RECORD_VENUE_MAX);
    assert_err(ERR_LIMIT, tape_writer_append(writer, &record));
    record = feed_record(1, "x");
    record.type = (enum record_type)0;
    assert_err(ERR_RANGE, tape_writer_append(writer, &record));
    append(writer, &records, feed_record(1, "y"));
    assert_ok(tape_writer_close(writer));
    assert_reads(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

/* Random records, flushes, syncs and restarts against a list. */
static void random_work_equals_a_list(uint64_t seed)
{
    static const char *const venues[] = {"", "binance", "kraken", "coinbase-advanced"};
    uint64_t random = seed;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer *writer = open_writer(fault, 600 + unit_below(&random, 4000));
    for (int step = 0; step < 400; step++) {
        uint8_t data[64];
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)unit_random(&random);
        switch (unit_below(&random, 24)) {
        case 0:
            assert_ok(tape_writer_flush(writer));
            break;
        case 1:
            assert_ok(tape_writer_sync(writer));
            assert_int_equal(tape_writer_durable_seq(writer), records.count);
            break;
        case 2:
            assert_ok(tape_writer_close(writer));
            writer = open_writer(fault, 600 + unit_below(&random, 4000));
            break;
        default:
            append(writer, &records,
                   (struct record){
                       .type = (enum record_type)(1 + unit_below(&random, RECORD_TYPE_MAX)),
                       .flags = unit_below(&random, 2) ? RECORD_BINARY : 0,
                       .venue = venues[unit_below(&random, 4)],
                       .connection = (uint32_t)unit_below(&random, 5),
                       .wall_ns = (int64_t)(unit_random(&random) >> unit_below(&random, 64)),
                       .mono_ns = (int64_t)(unit_random(&random) >> unit_below(&random, 64)),
                       .source_ns =
                           unit_below(&random, 2) ? RECORD_NO_TIME : (int64_t)unit_random(&random),
                       .data = data,
                       .size = (size_t)unit_below(&random, sizeof data + 1)});
        }
        assert_int_equal(tape_writer_next_seq(writer), records.count + 1);
    }
    assert_ok(tape_writer_close(writer));
    assert_reads(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

static void any_sequence_of_work_comes_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        random_work_equals_a_list(seed);
}

static void a_full_segment_is_closed_and_the_next_begun(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    unit_write(fault, 1500, 200, 10, &records);
    char path[64];
    size_t size = 0;
    for (unsigned segment = 1; segment <= 3; segment++) {
        unit_path(path, segment);
        assert_non_null(io_fault_data(fault, path, &size));
        assert_true(size >= 1500 && size < 1500 + 1500);
    }
    assert_reads(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

static void a_second_writer_is_refused_until_the_first_is_gone(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer *first = open_writer(fault, 0), *second = NULL;
    struct tape_writer_options options = unit_options(0);
    assert_err(ERR_LOCKED, tape_writer_open(&second, io_fault_io(fault), TAPE, &options));
    assert_non_null(strstr(err_text(ERR_LOCKED), "is being written by another process"));
    tape_writer_abandon(first);
    second = open_writer(fault, 0);
    assert_ok(tape_writer_close(second));
    io_fault_free(fault);
}

static void a_hundred_restarts_change_no_earlier_byte(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct io_fault *before = io_fault_clone(fault);
    for (unsigned restart = 0; restart < 100; restart++) {
        struct tape_writer *writer = open_writer(fault, 0);
        unit_append(writer, restart % 4, 2, &records);
        if (restart % 3 == 0)
            tape_writer_abandon(writer);
        else
            assert_ok(tape_writer_close(writer));
        for (unsigned segment = 1; segment <= restart; segment++) {
            char path[64];
            size_t size = 0, size_before = 0;
            unit_path(path, segment);
            const uint8_t *old = io_fault_data(before, path, &size_before);
            const uint8_t *now = io_fault_data(fault, path, &size);
            assert_int_equal(size, size_before);
            assert_memory_equal(now, old, size);
        }
        io_fault_free(before);
        before = io_fault_clone(fault);
    }
    assert_reads(fault, &records);
    io_fault_free(before);
    records_release(&records);
    io_fault_free(fault);
}

static void a_leftover_of_a_segment_that_was_never_named_is_removed(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    size_t size = 0;
    unit_write(fault, 0, 5, 5, NULL);
    io_fault_put(fault, TAPE "/00000002.rwk.zst.tmp", "rubbish", 7);
    io_fault_put(fault, TAPE "/notes.tmp", "mine", 4);
    struct tape_writer *writer = open_writer(fault, 0);
    assert_null(io_fault_data(fault, TAPE "/00000002.rwk.zst.tmp", &size));
    assert_non_null(io_fault_data(fault, TAPE "/notes.tmp", &size));
    assert_int_equal(tape_writer_next_seq(writer), 6);
    assert_ok(tape_writer_close(writer));
    io_fault_free(fault);
}

static void numbers_go_on_after_a_restart(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer *writer = open_writer(fault, 0);
    struct record record = feed_record(1, "x");
    record.connection = 41;
    uint8_t id[16];
    assert_int_equal(tape_writer_next_connection(writer), 1);
    assert_int_equal(tape_writer_durable_seq(writer), 0);
    memcpy(id, tape_writer_id(writer), sizeof id);
    assert_ok(tape_writer_append(writer, &record));
    assert_ok(tape_writer_flush(writer));
    tape_writer_abandon(writer);
    struct tape_writer_options options = unit_options(0);
    options.random[0] = 99;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_int_equal(tape_writer_next_connection(writer), 42);
    assert_int_equal(tape_writer_next_seq(writer), 2);
    assert_int_equal(tape_writer_written_seq(writer), 1);
    assert_memory_equal(tape_writer_id(writer), id, sizeof id);
    assert_ok(tape_writer_close(writer));
    /* An empty segment hands the numbers on. */
    writer = open_writer(fault, 0);
    assert_int_equal(tape_writer_next_connection(writer), 42);
    assert_int_equal(tape_writer_next_seq(writer), 2);
    assert_ok(tape_writer_close(writer));
    io_fault_free(fault);
}

#define MS INT64_C(1000000)

static void work_keeps_the_flush_and_the_sync_bound(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer *writer = open_writer(fault, 0);
    int64_t now = 77 * MS;
    for (int second = 0; second < 5; second++) {
        struct record record = feed_record(1, "x");
        assert_ok(tape_writer_work(writer, now));
        assert_ok(tape_writer_append(writer, &record));
        for (int64_t passed = 0; passed < 1200; passed += 10) {
            assert_ok(tape_writer_work(writer, now + passed * MS));
            assert_int_equal(tape_writer_written_seq(writer),
                             passed >= 100 ? record.seq : record.seq - 1);
            assert_int_equal(tape_writer_durable_seq(writer),
                             passed >= 1100 ? record.seq : record.seq - 1);
        }
        now += 1200 * MS;
    }
    /* A silent tape is not synced again and again. */
    uint64_t calls = io_fault_calls(fault, CALL_ANY);
    assert_ok(tape_writer_work(writer, now + 100000 * MS));
    assert_int_equal(io_fault_calls(fault, CALL_ANY), calls);
    assert_ok(tape_writer_close(writer));
    io_fault_free(fault);
}

static void a_tape_with_damage_before_its_end_is_not_continued(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    size_t size = 0;
    unit_write(fault, 0, 40, 10, NULL);
    io_fault_data(fault, TAPE "/00000001.rwk.zst", &size)[200] ^= 1;
    assert_err(ERR_DAMAGED, tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "rewick tape repair"));
    io_fault_data(fault, TAPE "/00000001.rwk.zst", &size)[200] ^= 1;
    io_fault_put(fault, TAPE "/00000003.rwk.zst", "", 0);
    assert_err(ERR_DAMAGED, tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    io_fault_free(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_record_comes_back),
        cmocka_unit_test(a_record_of_the_largest_size_comes_back),
        cmocka_unit_test(more_records_and_sources_than_a_block_holds_make_more_blocks),
        cmocka_unit_test(records_that_cannot_be_written_are_refused_and_change_nothing),
        cmocka_unit_test(any_sequence_of_work_comes_back),
        cmocka_unit_test(a_full_segment_is_closed_and_the_next_begun),
        cmocka_unit_test(a_second_writer_is_refused_until_the_first_is_gone),
        cmocka_unit_test(a_hundred_restarts_change_no_earlier_byte),
        cmocka_unit_test(a_leftover_of_a_segment_that_was_never_named_is_removed),
        cmocka_unit_test(numbers_go_on_after_a_restart),
        cmocka_unit_test(work_keeps_the_flush_and_the_sync_bound),
        cmocka_unit_test(a_tape_with_damage_before_its_end_is_not_continued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
