/* tape_unit: what comes out of one block or chunk, whatever its columns tell behind right
 * checksums, and how long it lives. */
#include "tests/unit/sealed_sample.h"

#include "engine/base/crc32c.h"
#include "engine/tape/column.h"
#include "engine/tape/tape_scan.h"

#include <zstd.h>

#include "tests/unit/io_fault.c"

#define FIRST   TAPE "/00000001.rwk.zst"
#define RECORDS 40

enum { POSITION, WALL, MONO, CONNECTION, FLAGS, SOURCE, SIZE, COLUMNS };

/* One chunk of many lanes, and what it should give. */
struct sample {
    struct io_fault *fault;
    struct records records;
    struct tape_scan *scan;
    struct tape_unit unit;
    struct tape_unit_decoder *decoder;
};

static struct sample open_sample(bool sealed, const struct tape_reader_options *options)
{
    struct sample sample = {.fault = io_fault_new()};
    unit_write(sample.fault, 0, RECORDS, RECORDS, &sample.records);
    if (sealed)
        sample_seal(sample.fault, FIRST, RECORDS);
    assert_ok(tape_scan_open(&sample.scan, io_fault_io(sample.fault), TAPE, options));
    assert_ok(tape_scan_next(sample.scan, &sample.unit));
    assert_ok(tape_unit_decoder_new(&sample.decoder));
    assert_int_equal(sample.unit.sealed, sealed);
    assert_int_equal(sample.unit.record_count, RECORDS);
    return sample;
}

static void close_sample(struct sample *sample)
{
    tape_unit_decoder_free(sample->decoder);
    tape_unit_release(&sample->unit);
    tape_scan_close(sample->scan);
    records_release(&sample->records);
    io_fault_free(sample->fault);
}

/* The part of the chunk that has most records. */
static struct tape_unit_part *largest_part(struct tape_unit *unit)
{
    struct tape_unit_part *largest = &unit->parts[0];
    for (size_t i = 1; i < unit->part_count; i++)
        if (unit->parts[i].header.record_count > largest->header.record_count)
            largest = &unit->parts[i];
    assert_true(largest->header.record_count >= 3);
    return largest;
}

/* ---- forged columns ------------------------------------------------------------------------- */

struct forged {
    int64_t numbers[COLUMNS][RECORDS];
    size_t count[COLUMNS];
    size_t stray; /* bytes behind the columns */
};

static void read_columns(const struct tape_unit *unit, const struct tape_unit_part *part,
                         struct forged *out)
{
    uint8_t content[8192];
    const size_t size = ZSTD_decompress(content, sizeof content, unit->bytes.data + part->columns,
                                        part->header.columns_size);
    assert_int_equal(size, part->header.columns_content);
    const uint8_t *p = content;
    for (unsigned i = 0; i < COLUMNS; i++) {
        out->count[i] = part->header.record_count;
        p = column_get(p, content + size, out->numbers[i], out->count[i]);
        assert_non_null(p);
    }
}

/* Puts the columns into the part, with all lengths and checksums right. */
static void write_columns(struct tape_unit *unit, struct tape_unit_part *part,
                          const struct forged *forged)
{
    struct buf content;
    buf_init(&content, 65536);
    for (unsigned i = 0; i < COLUMNS; i++)
        assert_ok(column_put(&content, forged->numbers[i], forged->count[i]));
    for (size_t i = 0; i < forged->stray; i++)
        assert_ok(buf_append_byte(&content, 0));
    uint8_t frame[8192];
    const size_t size = ZSTD_compress(frame, sizeof frame, content.data, content.size, 3);
    assert_false(ZSTD_isError(size));
    part->columns = unit->bytes.size;
    part->header.columns_size = (uint32_t)size;
    part->header.columns_content = (uint32_t)content.size;
    part->header.columns_crc = crc32c(0, frame, size);
    assert_ok(buf_append(&unit->bytes, frame, size));
    buf_release(&content);
}

static void forge_nothing(struct forged *forged)
{
    (void)forged;
}

static void forge_equal_positions(struct forged *forged)
{
    forged->numbers[POSITION][1] = forged->numbers[POSITION][0];
}

static void forge_falling_positions(struct forged *forged)
{
    const int64_t first = forged->numbers[POSITION][0];
    forged->numbers[POSITION][0] = forged->numbers[POSITION][1];
    forged->numbers[POSITION][1] = first;
}

static void forge_one_position(struct forged *forged)
{
    for (size_t i = 0; i < forged->count[POSITION]; i++)
        forged->numbers[POSITION][i] = forged->numbers[POSITION][0];
}

static void forge_position_behind_the_chunk(struct forged *forged)
{
    forged->numbers[POSITION][forged->count[POSITION] - 1] = RECORDS;
}

static void forge_negative_position(struct forged *forged)
{
    forged->numbers[POSITION][0] = -1;
}

/* Between two of its own lies one of another lane. */
static void forge_position_of_another_lane(struct forged *forged)
{
    int64_t *positions = forged->numbers[POSITION];
    size_t i = 0;
    while (positions[i] + 1 == positions[i + 1])
        i++;
    assert_true(i + 1 < forged->count[POSITION]);
    positions[i]++;
}

static void forge_large_connection(struct forged *forged)
{
    forged->numbers[CONNECTION][0] = (int64_t)UINT32_MAX + 1;
}

static void forge_negative_connection(struct forged *forged)
{
    for (size_t i = 0; i < forged->count[CONNECTION]; i++)
        forged->numbers[CONNECTION][i] = -1;
}

static void forge_large_flags(struct forged *forged)
{
    forged->numbers[FLAGS][1] = 256;
}

static void forge_other_size(struct forged *forged)
{
    forged->numbers[SIZE][0]++;
}

static void forge_sizes_that_add_up(struct forged *forged)
{
    forged->numbers[SIZE][0]++;
    forged->numbers[SIZE][1]--;
}

static void forge_huge_size(struct forged *forged)
{
    forged->numbers[SIZE][0] = INT64_MIN;
}

static void forge_short_column(struct forged *forged)
{
    forged->count[WALL]--;
}

static void forge_long_column(struct forged *forged)
{
    forged->count[MONO]++;
    forged->numbers[MONO][forged->count[MONO] - 1] = 77;
}

static void forge_bytes_behind(struct forged *forged)
{
    forged->stray = 1;
}

static const struct {
    void (*forge)(struct forged *forged);
    const char *reason; /* NULL: nothing is wrong */
} forgeries[] = {
    {forge_nothing, NULL},
    {forge_equal_positions, "columns tell impossible places"},
    {forge_falling_positions, "columns tell impossible places"},
    {forge_one_position, "columns tell impossible places"},
    {forge_position_behind_the_chunk, "columns tell impossible places"},
    {forge_negative_position, "columns tell impossible places"},
    {forge_position_of_another_lane, "columns tell impossible places"},
    {forge_large_connection, "columns hold impossible numbers"},
    {forge_negative_connection, "columns hold impossible numbers"},
    {forge_large_flags, "columns hold impossible numbers"},
    {forge_other_size, "payloads have other lengths than the columns say"},
    {forge_sizes_that_add_up, "payloads have other lengths than the columns say"},
    {forge_huge_size, "payloads have other lengths than the columns say"},
    {forge_short_column, "columns are no columns"},
    {forge_long_column, "columns are no columns"},
    {forge_bytes_behind, "columns are no columns"},
};

static void assert_is_of(const struct tape_records *is, const struct records *should)
{
    for (size_t i = 0; i < is->count; i++)
        assert_record(&is->records[i], &should->items[is->records[i].seq - 1]);
}

static void check_forgery(size_t i)
{
    struct sample sample = open_sample(true, NULL);
    struct tape_unit_part *part = largest_part(&sample.unit);
    struct tape_records out = {0};
    struct forged forged = {0};
    const uint32_t count = part->header.record_count;
    read_columns(&sample.unit, part, &forged);
    forgeries[i].forge(&forged);
    write_columns(&sample.unit, part, &forged);
    /* Behind the others, so that it is the forged part that finds its place taken. */
    const struct tape_unit_part moved = *part;
    *part = sample.unit.parts[sample.unit.part_count - 1];
    sample.unit.parts[sample.unit.part_count - 1] = moved;
    assert_ok(tape_unit_decode(sample.decoder, &sample.unit, &out));
    assert_is_of(&out, &sample.records);
    if (!forgeries[i].reason) {
        assert_int_equal(out.fault_count, 0);
        assert_int_equal(out.count, RECORDS);
    } else {
        assert_int_equal(out.fault_count, 1);
        assert_string_equal(out.faults[0].reason, forgeries[i].reason);
        assert_int_equal(out.missing, count);
        assert_int_equal(out.count, RECORDS - count);
    }
    tape_records_release(&out);
    close_sample(&sample);
}

static void forged_columns_cost_their_block_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++)
        check_forgery(i);
}

/* ---- what is given out ---------------------------------------------------------------------- */

static void records_outlive_unit_and_decoder(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++) {
        struct sample sample = open_sample(sealed != 0, NULL), other = open_sample(true, NULL);
        struct tape_records first = {0}, second = {0};
        assert_ok(tape_unit_decode(sample.decoder, &sample.unit, &first));
        memset(sample.unit.bytes.data, 0xEE, sample.unit.bytes.size);
        assert_ok(tape_unit_decode(sample.decoder, &other.unit, &second));
        tape_unit_decoder_free(sample.decoder);
        sample.decoder = NULL;
        assert_int_equal(first.count, RECORDS);
        assert_int_equal(second.count, RECORDS);
        assert_is_of(&first, &sample.records);
        assert_is_of(&second, &other.records);
        tape_records_release(&first);
        tape_records_release(&second);
        close_sample(&sample);
        close_sample(&other);
    }
}

static void records_below_the_wanted_number_are_left_out(void **state)
{
    (void)state;
    for (int sealed = 0; sealed < 2; sealed++)
        for (uint64_t from = 1; from <= RECORDS; from += 13) {
            const struct tape_reader_options options = {.from_seq = from};
            struct sample sample = open_sample(sealed != 0, &options);
            struct tape_records out = {0};
            assert_ok(tape_unit_decode(sample.decoder, &sample.unit, &out));
            assert_int_equal(out.count, RECORDS + 1 - from);
            assert_int_equal(out.records[0].seq, from);
            assert_is_of(&out, &sample.records);
            tape_records_release(&out);
            close_sample(&sample);
        }
}

static void what_is_missing_below_the_wanted_number_is_not_told(void **state)
{
    (void)state;
    const struct tape_reader_options options = {.from_seq = 20};
    struct sample sample = open_sample(true, &options);
    struct tape_records out = {0};
    struct tape_unit_part *part = largest_part(&sample.unit);
    struct forged columns = {0};
    read_columns(&sample.unit, part, &columns);
    uint64_t wanted = 0;
    for (size_t i = 0; i < columns.count[POSITION]; i++)
        wanted += columns.numbers[POSITION][i] + 1 >= 20;
    assert_true(wanted > 0 && wanted < columns.count[POSITION]);
    sample.unit.bytes.data[part->payloads + part->header.payloads_size / 2] ^= 1;
    assert_ok(tape_unit_decode(sample.decoder, &sample.unit, &out));
    assert_int_equal(out.missing, wanted);
    assert_int_equal(out.count, RECORDS - 19 - wanted);
    assert_true(out.missing_first >= 20 && out.missing_last <= RECORDS);
    tape_records_release(&out);
    close_sample(&sample);
}

static void a_live_block_comes_out_whole_or_not_at_all(void **state)
{
    (void)state;
    struct sample sample = open_sample(false, NULL);
    struct tape_records out = {0};
    sample.unit.bytes.data[sample.unit.bytes.size - 1] ^= 1;
    assert_ok(tape_unit_decode(sample.decoder, &sample.unit, &out));
    assert_int_equal(out.count, 0);
    assert_int_equal(out.fault_count, 1);
    assert_int_equal(out.missing, RECORDS);
    assert_int_equal(out.missing_first, 1);
    assert_int_equal(out.missing_last, RECORDS);
    /* The memory is good for the next. */
    sample.unit.bytes.data[sample.unit.bytes.size - 1] ^= 1;
    assert_ok(tape_unit_decode(sample.decoder, &sample.unit, &out));
    assert_int_equal(out.count, RECORDS);
    assert_int_equal(out.fault_count, 0);
    assert_is_of(&out, &sample.records);
    tape_records_release(&out);
    close_sample(&sample);
}

static void huge_buffers_are_given_back(void **state)
{
    (void)state;
    struct buf buf = {0};
    assert_ok(tape_unit_make_room(&buf, 20000000, TAPE_UNIT_BYTES_MAX));
    buf.size = 20000000;
    assert_ok(tape_unit_make_room(&buf, 1000, TAPE_UNIT_BYTES_MAX));
    assert_true(buf.capacity >= 20000000); /* it was just used */
    assert_ok(tape_unit_make_room(&buf, 1000, TAPE_UNIT_BYTES_MAX));
    assert_true(buf.capacity < 20000000 && buf.capacity >= 1000);
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_columns_cost_their_block_and_nothing_else),
        cmocka_unit_test(records_outlive_unit_and_decoder),
        cmocka_unit_test(records_below_the_wanted_number_are_left_out),
        cmocka_unit_test(what_is_missing_below_the_wanted_number_is_not_told),
        cmocka_unit_test(a_live_block_comes_out_whole_or_not_at_all),
        cmocka_unit_test(huge_buffers_are_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
