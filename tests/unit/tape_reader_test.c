/* tape_reader against cuts, flipped bits, forged ends and strange folders: true records or a
 * refusal. */
#include "tests/unit/tape_sample.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/tape_encoder.h"
#include "engine/tape/tape_format.h"
#include "engine/tape/tape_frame.h"

#include <unistd.h>

#include "tests/unit/io_fault.c"

#define PER_BLOCK 4
#define FIRST     TAPE "/00000001.rwk.zst"

struct outcome {
    enum err err;
    struct records records;
    size_t loss_count;
    bool has_tail;
    struct tape_loss tail; /* or the last loss */
    bool accounted;        /* every number left out lies in some loss's range */
};

static bool is_lost(const struct tape_loss *losses, size_t count, uint64_t seq)
{
    for (size_t i = 0; i < count; i++)
        if (seq >= losses[i].first_seq && seq <= losses[i].last_seq)
            return true;
    return false;
}

static bool accounts(const struct records *records, const struct tape_loss *losses, size_t count)
{
    uint64_t next = 1;
    for (size_t i = 0; i < records->count; i++) {
        for (; next < records->items[i].seq; next++)
            if (!is_lost(losses, count, next))
                return false;
        next++;
    }
    return true;
}

static struct outcome read_tape(struct io_fault *fault, const char *path, bool salvage)
{
    struct outcome outcome = {0};
    struct tape_reader_options options = {.salvage = salvage};
    struct tape_reader *reader = NULL;
    struct record record;
    outcome.err = tape_reader_open(&reader, io_fault_io(fault), path, &options);
    if (outcome.err != ERR_OK)
        return outcome;
    while ((outcome.err = tape_reader_next(reader, &record)) == ERR_OK)
        records_add(&outcome.records, &record);
    const struct tape_loss *losses = tape_reader_losses(reader, &outcome.loss_count);
    outcome.accounted = accounts(&outcome.records, losses, outcome.loss_count);
    if (outcome.loss_count)
        outcome.tail = losses[outcome.loss_count - 1];
    outcome.has_tail = tape_reader_tail(reader) != NULL;
    if (outcome.err == ERR_DAMAGED) {
        char text[ERR_TEXT_MAX];
        snprintf(text, sizeof text, "%s", err_text(ERR_DAMAGED));
        assert_err(ERR_DAMAGED, tape_reader_next(reader, &record));
        assert_string_equal(err_text(ERR_DAMAGED), text);
    }
    tape_reader_close(reader);
    return outcome;
}

static void cut(struct io_fault *fault, const char *path, const uint8_t *whole, size_t size)
{
    io_fault_put(fault, path, whole, size);
}

static uint8_t *copy_of(struct io_fault *fault, const char *path, size_t *size)
{
    const uint8_t *data = io_fault_data(fault, path, size);
    assert_non_null(data);
    uint8_t *copy = malloc(*size);
    memcpy(copy, data, *size);
    return copy;
}

/* Three segments of some blocks each. */
static struct io_fault *make_tape(struct records *records, unsigned *out_segments)
{
    struct io_fault *fault = io_fault_new();
    char path[64];
    size_t size = 0;
    unit_write(fault, 560, 40, PER_BLOCK, records);
    *out_segments = 0;
    do
        unit_path(path, ++*out_segments);
    while (io_fault_data(fault, path, &size));
    (*out_segments)--;
    assert_true(*out_segments >= 3);
    return fault;
}

static void append_and_read_all(struct io_fault *fault, struct records *kept)
{
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    options.random[2] = 77;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_int_equal(tape_writer_next_seq(writer), kept->count + 1);
    unit_append(writer, 3, 2, kept);
    assert_ok(tape_writer_close(writer));
    struct outcome outcome = read_tape(fault, TAPE, false);
    assert_int_equal(outcome.err, ERR_END);
    assert_int_equal(outcome.records.count, kept->count);
    assert_prefix(&outcome.records, kept);
    records_release(&outcome.records);
}

static void the_last_segment_cut_at_any_byte_keeps_its_whole_blocks(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    char path[64];
    size_t size = 0, count_before = 0;
    unit_path(path, segments - 1);
    io_fault_remove(fault, path);
    unit_path(path, segments);
    io_fault_remove(fault, path);
    unit_path(path, segments - 2);
    uint8_t *whole = copy_of(fault, path, &size);
    for (size_t at = 0; at <= size; at++) {
        cut(fault, path, whole, at);
        struct outcome outcome = read_tape(fault, TAPE, false);
        if (at < TAPE_SEGMENT_HEADER_SIZE) {
            assert_int_equal(outcome.err, ERR_DAMAGED);
        } else {
            assert_int_equal(outcome.err, ERR_END);
            assert_true(outcome.records.count % PER_BLOCK == 0);
            assert_true(outcome.records.count >= count_before);
            count_before = outcome.records.count;
        }
        assert_prefix(&outcome.records, &records);
        if (at >= TAPE_SEGMENT_HEADER_SIZE && at % 9 == 0) {
            struct io_fault *clone = io_fault_clone(fault);
            append_and_read_all(clone, &outcome.records);
            io_fault_free(clone);
        }
        records_release(&outcome.records);
    }
    assert_true(count_before >= 2 * PER_BLOCK);
    free(whole);
    records_release(&records);
    io_fault_free(fault);
}

static void an_earlier_segment_cut_at_any_byte_is_damage(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    size_t size = 0;
    char path[64];
    for (unsigned segment = 1; segment < segments; segment++) {
        unit_path(path, segment);
        uint8_t *whole = copy_of(fault, path, &size);
        for (size_t at = 0; at < size; at++) {
            cut(fault, path, whole, at);
            struct outcome strict = read_tape(fault, TAPE, false);
            assert_int_equal(strict.err, ERR_DAMAGED);
            assert_prefix(&strict.records, &records);
            struct outcome salvage = read_tape(fault, TAPE, true);
            assert_int_equal(salvage.err, ERR_END);
            assert_true(salvage.loss_count > 0 && salvage.accounted);
            assert_all_true(&salvage.records, &records);
            assert_int_equal(salvage.records.items[salvage.records.count - 1].seq, records.count);
            records_release(&strict.records);
            records_release(&salvage.records);
        }
        cut(fault, path, whole, size);
        free(whole);
    }
    records_release(&records);
    io_fault_free(fault);
}

static void any_flipped_bit_is_noticed_and_costs_one_block_at_most(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    for (unsigned segment = 1; segment <= segments; segment++) {
        char path[64];
        size_t size = 0;
        unit_path(path, segment);
        uint8_t *data = io_fault_data(fault, path, &size);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct outcome strict = read_tape(fault, TAPE, false);
            assert_true(strict.err == ERR_DAMAGED || (strict.err == ERR_END && strict.has_tail));
            assert_prefix(&strict.records, &records);
            struct outcome salvage = read_tape(fault, TAPE, true);
            assert_int_equal(salvage.err, ERR_END);
            assert_true(salvage.loss_count > 0 && salvage.accounted);
            assert_all_true(&salvage.records, &records);
            assert_true(salvage.records.count >= records.count - PER_BLOCK);
            records_release(&strict.records);
            records_release(&salvage.records);
            data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    records_release(&records);
    io_fault_free(fault);
}

static void random_smashes_never_give_a_false_record(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    uint64_t random = 3;
    for (int round = 0; round < 4000; round++) {
        char path[64];
        size_t size = 0;
        unit_path(path, 1 + (unsigned)unit_below(&random, segments));
        uint8_t *whole = copy_of(fault, path, &size);
        uint8_t *data = io_fault_data(fault, path, &size);
        size_t length = 2 + (size_t)unit_below(&random, 60);
        size_t to = (size_t)unit_below(&random, size - length);
        size_t from = (size_t)unit_below(&random, size - length);
        if (round % 2)
            memmove(data + to, whole + from, length);
        else
            for (size_t i = 0; i < length; i++)
                data[to + i] = (uint8_t)unit_random(&random);
        struct outcome strict = read_tape(fault, TAPE, false);
        struct outcome salvage = read_tape(fault, TAPE, true);
        assert_prefix(&strict.records, &records);
        assert_int_equal(salvage.err, ERR_END);
        assert_all_true(&salvage.records, &records);
        if (memcmp(data, whole, size) != 0)
            assert_true(salvage.loss_count > 0 && salvage.accounted);
        records_release(&strict.records);
        records_release(&salvage.records);
        io_fault_put(fault, path, whole, size);
        free(whole);
    }
    records_release(&records);
    io_fault_free(fault);
}

/* ---- forged ends ---------------------------------------------------------------------------- */

/* A segment without end mark and what a forger needs to know of it. */
struct base {
    struct io_fault *fault;
    struct records records;
    uint8_t *bytes;
    size_t size, first_block, last_block;
    struct tape_block_header last;
};

static void read_last_block(struct base *base)
{
    size_t at = TAPE_SEGMENT_HEADER_SIZE;
    base->first_block = at;
    while (at < base->size) {
        uint32_t size = tape_block_header_size(base->bytes + at);
        assert_true(size > 0);
        assert_null(tape_block_header_parse(&base->last, base->bytes + at, size));
        base->last_block = at;
        at += size + base->last.frame_size;
    }
    assert_int_equal(at, base->size);
}

static struct base make_base(void)
{
    struct base base = {.fault = io_fault_new()};
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(base.fault), TAPE, &options));
    unit_append(writer, 15, 5, &base.records);
    tape_writer_abandon(writer);
    base.bytes = copy_of(base.fault, FIRST, &base.size);
    read_last_block(&base);
    return base;
}

static void base_release(struct base *base)
{
    free(base->bytes);
    records_release(&base->records);
    io_fault_free(base->fault);
}

/* What comes behind the three whole blocks. */
struct tail {
    uint8_t bytes[8192];
    size_t size;
};

static struct tape_block_place good_place(const struct base *base)
{
    return (struct tape_block_place){
        .salt = base->last.salt, .first_seq = 16, .chain = base->last.crc};
}

/* A whole block of five records at that place. */
static void add_block(struct tail *tail, const struct tape_block_place *place)
{
    struct tape_encoder *encoder = NULL;
    const uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t crc = 0;
    assert_ok(tape_encoder_new(&encoder, 3));
    for (unsigned i = 0; i < 5; i++) {
        struct record record = feed_record(100 + i, "forged or true?");
        assert_ok(tape_encoder_add(encoder, &record));
    }
    assert_ok(tape_encoder_finish(encoder, place, &bytes, &size, &crc));
    memcpy(tail->bytes + tail->size, bytes, size);
    tail->size += size;
    tape_encoder_free(encoder);
}

/* Puts a number into the block header that the tail begins with and makes its checksum right. */
static void patch(struct tail *tail, size_t offset, uint32_t value)
{
    uint32_t size = tape_block_header_size(tail->bytes);
    bytes_put_u32(tail->bytes + offset, value);
    bytes_put_u32(tail->bytes + size - 4, crc32c(0, tail->bytes, size - 4));
}

static void add_end(struct tail *tail, struct tape_end_mark mark)
{
    tape_end_mark_write(tail->bytes + tail->size, &mark);
    tail->size += TAPE_END_MARK_SIZE;
}

static struct tape_end_mark good_end(const struct base *base)
{
    return (struct tape_end_mark){
        .salt = base->last.salt, .next_seq = 16, .block_count = 3, .chain = base->last.crc};
}

static void forge_zeros(const struct base *base, struct tail *tail)
{
    (void)base;
    tail->size = 4096;
}

static void forge_ones(const struct base *base, struct tail *tail)
{
    (void)base;
    memset(tail->bytes, 0xFF, 4096);
    tail->size = 4096;
}

static void forge_few_bytes(const struct base *base, struct tail *tail)
{
    (void)base;
    bytes_put_u32(tail->bytes, TAPE_BLOCK_MAGIC);
    tail->size = 7;
}

static void forge_half_header(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    tail->size = 60;
}

static void forge_half_frame(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    tail->size -= 3;
}

static void forge_zeros_in_frame(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    memset(tail->bytes + tail->size - 8, 0, 8);
}

static void forge_doubled_block(const struct base *base, struct tail *tail)
{
    tail->size = base->size - base->last_block;
    memcpy(tail->bytes, base->bytes + base->last_block, tail->size);
}

static void forge_older_block(const struct base *base, struct tail *tail)
{
    tail->size = base->last_block - base->first_block;
    memcpy(tail->bytes, base->bytes + base->first_block, tail->size);
}

static void forge_foreign_salt(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    place.salt ^= 1;
    add_block(tail, &place);
}

static void forge_wrong_chain(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    place.chain ^= 1;
    add_block(tail, &place);
}

static void forge_hole(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    place.first_seq = 18;
    add_block(tail, &place);
}

static void forge_repeat(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    place.first_seq = 15;
    add_block(tail, &place);
}

static void forge_hole_of_nothing(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    place.flags = TAPE_BLOCK_FLAG_HOLE;
    add_block(tail, &place);
}

static void forge_no_records(const struct base *base, struct tail *tail)
{
    forge_half_header(base, tail);
    tail->size = 0;
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 12, 0);
}

static void forge_too_many_records(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 12, TAPE_BLOCK_RECORDS_MAX);
}

static void forge_one_record_less(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 12, 4);
}

static void forge_huge_content(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 52, TAPE_BLOCK_CONTENT_MAX);
}

static void forge_content_over_limit(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 52, TAPE_BLOCK_CONTENT_MAX + 1);
}

static void forge_long_frame(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 48, 5000000);
}

static void forge_table_size(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    patch(tail, 68, bytes_get_u32(tail->bytes + 68) - 1);
}

static void forge_header_length(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    bytes_put_u32(tail->bytes + 4, UINT32_MAX);
}

static void forge_long_header(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    bytes_put_u32(tail->bytes + 4, 2000000);
}

static void forge_wrong_tag(const struct base *base, struct tail *tail)
{
    struct tape_block_place place = good_place(base);
    add_block(tail, &place);
    tail->bytes[8] = 'X';
}

static void forge_end_of_other_segment(const struct base *base, struct tail *tail)
{
    struct tape_end_mark mark = good_end(base);
    mark.salt ^= 1;
    add_end(tail, mark);
}

static void forge_end_with_other_count(const struct base *base, struct tail *tail)
{
    struct tape_end_mark mark = good_end(base);
    mark.block_count = 2;
    add_end(tail, mark);
}

static void forge_end_with_other_number(const struct base *base, struct tail *tail)
{
    struct tape_end_mark mark = good_end(base);
    mark.next_seq = 21;
    add_end(tail, mark);
}

static void forge_end_with_other_chain(const struct base *base, struct tail *tail)
{
    struct tape_end_mark mark = good_end(base);
    mark.chain ^= 1;
    add_end(tail, mark);
}

static void forge_half_end(const struct base *base, struct tail *tail)
{
    add_end(tail, good_end(base));
    tail->size -= 1;
}

static void forge_bytes_behind_end(const struct base *base, struct tail *tail)
{
    add_end(tail, good_end(base));
    tail->size += 512;
}

static const struct {
    void (*forge)(const struct base *base, struct tail *tail);
    enum err err; /* ERR_END: a torn tail; ERR_DAMAGED */
    const char *reason;
    uint64_t missing_last; /* 16 .. this are known to be missing; 0 = none */
} forgeries[] = {
    {forge_zeros, ERR_END, "zeros where a block should be", 0},
    {forge_ones, ERR_END, "no block or end mark here", 0},
    {forge_few_bytes, ERR_END, "block is cut off", 0},
    {forge_half_header, ERR_END, "block header is cut off", 0},
    {forge_half_frame, ERR_END, "block is cut off", 20},
    {forge_zeros_in_frame, ERR_END, "block does not match its checksum", 20},
    {forge_doubled_block, ERR_DAMAGED, "block does not follow the one before", 0},
    {forge_older_block, ERR_DAMAGED, "block does not follow the one before", 0},
    {forge_foreign_salt, ERR_END, "block belongs to another segment", 0},
    {forge_wrong_chain, ERR_DAMAGED, "block does not follow the one before", 0},
    {forge_hole, ERR_DAMAGED, "block leaves out record numbers", 17},
    {forge_repeat, ERR_DAMAGED, "block repeats record numbers", 0},
    {forge_hole_of_nothing, ERR_DAMAGED, "block repeats record numbers", 0},
    {forge_no_records, ERR_END, "block header has impossible numbers", 0},
    {forge_too_many_records, ERR_END, "block header has impossible numbers", 0},
    {forge_one_record_less, ERR_DAMAGED, "record table of the block is wrong", 19},
    {forge_huge_content, ERR_DAMAGED, "block does not decompress to the stated length", 20},
    {forge_content_over_limit, ERR_END, "block header has impossible numbers", 0},
    {forge_long_frame, ERR_END, "block is cut off", 20},
    {forge_table_size, ERR_END, "block header has impossible numbers", 0},
    {forge_header_length, ERR_END, "block header has an impossible length", 0},
    {forge_long_header, ERR_END, "block header is cut off", 0},
    {forge_wrong_tag, ERR_END, "no block or end mark here", 0},
    {forge_end_of_other_segment, ERR_END, "end mark belongs to another segment", 0},
    {forge_end_with_other_count, ERR_DAMAGED, "end mark tells another number of blocks", 0},
    {forge_end_with_other_number, ERR_DAMAGED, "end mark tells another record number", 20},
    {forge_end_with_other_chain, ERR_DAMAGED, "end mark does not follow the block before", 0},
    {forge_half_end, ERR_END, "end mark is cut off", 0},
    {forge_bytes_behind_end, ERR_DAMAGED, "bytes behind the end mark", 0},
};

static void check_forgery(struct base *base, size_t i)
{
    struct tail tail = {.size = 0};
    forgeries[i].forge(base, &tail);
    uint8_t *bytes = malloc(base->size + tail.size);
    memcpy(bytes, base->bytes, base->size);
    memcpy(bytes + base->size, tail.bytes, tail.size);
    io_fault_put(base->fault, FIRST, bytes, base->size + tail.size);
    struct outcome strict = read_tape(base->fault, TAPE, false);
    if (strict.err != forgeries[i].err)
        fail_msg("forgery %zu (%s): %s", i, forgeries[i].reason, err_name(strict.err));
    assert_int_equal(strict.records.count, 15);
    assert_prefix(&strict.records, &base->records);
    if (strict.err == ERR_DAMAGED) {
        assert_non_null(strstr(err_text(ERR_DAMAGED), forgeries[i].reason));
    } else {
        assert_true(strict.has_tail && strict.tail.torn);
        assert_string_equal(strict.tail.reason, forgeries[i].reason);
    }
    struct outcome salvage = read_tape(base->fault, TAPE, true);
    assert_int_equal(salvage.err, ERR_END);
    assert_int_equal(salvage.loss_count, 1);
    assert_string_equal(salvage.tail.reason, forgeries[i].reason);
    assert_int_equal(salvage.tail.torn, forgeries[i].err == ERR_END);
    assert_int_equal(salvage.tail.last_seq, forgeries[i].missing_last);
    assert_int_equal(salvage.tail.first_seq, forgeries[i].missing_last ? 16 : 0);
    /* A writer goes on behind a torn tail and refuses the rest, unless only a decoder can see it.
     */
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    enum err err = tape_writer_open(&writer, io_fault_io(base->fault), TAPE, &options);
    if (forgeries[i].err == ERR_END) {
        assert_int_equal(err, ERR_OK);
        assert_int_equal(tape_writer_next_seq(writer), 16);
        tape_writer_abandon(writer);
        io_fault_remove(base->fault, TAPE "/00000002.rwk.zst");
    } else if (err == ERR_OK) {
        assert_true(forgeries[i].forge == forge_one_record_less ||
                    forgeries[i].forge == forge_huge_content);
        tape_writer_abandon(writer);
        io_fault_remove(base->fault, TAPE "/00000002.rwk.zst");
    }
    records_release(&strict.records);
    records_release(&salvage.records);
    free(bytes);
}

static void forged_ends_are_told_apart(void **state)
{
    (void)state;
    struct base base = make_base();
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++)
        check_forgery(&base, i);
    base_release(&base);
}

static void a_true_block_and_end_are_accepted_by_the_same_means(void **state)
{
    (void)state;
    struct base base = make_base();
    struct tail tail = {.size = 0};
    struct tape_block_place place = good_place(&base);
    add_block(&tail, &place);
    uint8_t *bytes = malloc(base.size + tail.size);
    memcpy(bytes, base.bytes, base.size);
    memcpy(bytes + base.size, tail.bytes, tail.size);
    io_fault_put(base.fault, FIRST, bytes, base.size + tail.size);
    struct outcome outcome = read_tape(base.fault, TAPE, false);
    assert_int_equal(outcome.err, ERR_END);
    assert_int_equal(outcome.records.count, 20);
    assert_int_equal(outcome.loss_count, 0);
    records_release(&outcome.records);
    free(bytes);
    base_release(&base);
}

/* Every 72 bytes the start of a header of our own salt that claims to reach far over all others. */
static void forged_headers_without_end_do_not_stall_a_salvage(void **state)
{
    (void)state;
    struct base base = make_base();
    size_t size = 32 * 1024 * 1024; /* a checksum over each would take minutes */
    uint8_t *bytes = calloc(1, size);
    memcpy(bytes, base.bytes, base.size);
    for (size_t at = base.size; at + TAPE_BLOCK_FIXED_SIZE < size; at += TAPE_BLOCK_FIXED_SIZE) {
        bytes_put_u32(bytes + at, TAPE_BLOCK_MAGIC);
        bytes_put_u32(bytes + at + 4, 3000000);
        memcpy(bytes + at + 8, "RWKB", 4);
        bytes_put_u64(bytes + at + 16, base.last.salt);
    }
    io_fault_put(base.fault, FIRST, bytes, size);
    alarm(60);
    struct outcome outcome = read_tape(base.fault, TAPE, true);
    alarm(0);
    assert_int_equal(outcome.err, ERR_END);
    assert_int_equal(outcome.records.count, 15);
    records_release(&outcome.records);
    free(bytes);
    base_release(&base);
}

/* ---- strange folders ------------------------------------------------------------------------ */

static void swap_files(struct io_fault *fault, unsigned a, unsigned b)
{
    char path_a[64], path_b[64];
    size_t size_a = 0, size_b = 0;
    unit_path(path_a, a);
    unit_path(path_b, b);
    uint8_t *bytes_a = copy_of(fault, path_a, &size_a), *bytes_b = copy_of(fault, path_b, &size_b);
    io_fault_put(fault, path_a, bytes_b, size_b);
    io_fault_put(fault, path_b, bytes_a, size_a);
    free(bytes_a);
    free(bytes_b);
}

static void copy_file(struct io_fault *from, unsigned a, struct io_fault *to, unsigned b)
{
    char path[64];
    size_t size = 0;
    unit_path(path, a);
    uint8_t *bytes = copy_of(from, path, &size);
    unit_path(path, b);
    io_fault_put(to, path, bytes, size);
    free(bytes);
}

static void assert_damaged(struct io_fault *fault, const char *reason,
                           const struct records *records)
{
    struct outcome strict = read_tape(fault, TAPE, false);
    assert_int_equal(strict.err, ERR_DAMAGED);
    assert_non_null(strstr(err_text(ERR_DAMAGED), reason));
    assert_prefix(&strict.records, records);
    struct outcome salvage = read_tape(fault, TAPE, true);
    assert_int_equal(salvage.err, ERR_END);
    assert_true(salvage.loss_count > 0 && salvage.accounted);
    assert_all_true(&salvage.records, records);
    records_release(&strict.records);
    records_release(&salvage.records);
}

static void exchanged_segments_are_noticed(void **state)
{
    (void)state;
    struct records records = {0}, other_records = {0};
    unsigned segments = 0, others = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    struct io_fault *clone = io_fault_clone(fault);
    char path[64];

    unit_path(path, 2);
    io_fault_remove(clone, path);
    assert_damaged(clone, "segment is missing", &records);
    unit_path(path, 1);
    io_fault_remove(clone, path);
    assert_damaged(clone, "segments 1 to 2 are missing", &records);
    io_fault_free(clone);

    clone = io_fault_clone(fault);
    swap_files(clone, 2, 3);
    assert_damaged(clone, "segment has another number inside", &records);
    io_fault_free(clone);

    clone = io_fault_clone(fault);
    copy_file(fault, segments, clone, segments + 1);
    assert_damaged(clone, "segment has another number inside", &records);
    io_fault_free(clone);

    /* Another tape with the same numbers. */
    struct io_fault *other = io_fault_new();
    struct tape_writer_options options = unit_options(560);
    struct tape_writer *writer = NULL;
    options.random[0] = 12;
    options.random[2] = 34;
    assert_ok(tape_writer_open(&writer, io_fault_io(other), TAPE, &options));
    unit_append(writer, 36, PER_BLOCK, NULL);
    assert_ok(tape_writer_close(writer));
    clone = io_fault_clone(fault);
    copy_file(other, 2, clone, 2);
    assert_damaged(clone, "segment belongs to another tape", &records);
    io_fault_free(clone);
    io_fault_free(other);

    /* The same tape as another session wrote it. */
    other = make_tape(&other_records, &others);
    options = unit_options(560);
    options.random[2] = 35;
    io_fault_free(other);
    other = io_fault_new();
    assert_ok(tape_writer_open(&writer, io_fault_io(other), TAPE, &options));
    unit_append(writer, 36, PER_BLOCK, NULL);
    assert_ok(tape_writer_close(writer));
    clone = io_fault_clone(fault);
    copy_file(other, 2, clone, 2);
    assert_damaged(clone, "segment does not follow the one before", &records);
    io_fault_free(clone);

    io_fault_free(other);
    records_release(&records);
    records_release(&other_records);
    io_fault_free(fault);
}

static void what_is_no_tape_is_told(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    const struct io *io = io_fault_io(fault);
    struct tape_reader *reader = NULL;
    for (int salvage = 0; salvage < 2; salvage++) {
        struct tape_reader_options options = {.salvage = salvage != 0};
        assert_err(ERR_MISSING, tape_reader_open(&reader, io, "nowhere", &options));
        assert_non_null(strstr(err_text(ERR_MISSING), "tape 'nowhere' does not exist; give"));
        assert_ok(io->make_dir(io->self, "empty"));
        assert_err(ERR_DAMAGED, tape_reader_open(&reader, io, "empty", &options));
        assert_non_null(strstr(err_text(ERR_DAMAGED), "'empty' is not a tape: no segment in it"));
        io_fault_put(fault, "some.txt",
                     "just a text, longer than a segment header would be, and "
                     "then some more of it, and more",
                     80);
        assert_err(ERR_DAMAGED, tape_reader_open(&reader, io, "some.txt", &options));
        assert_non_null(strstr(err_text(ERR_DAMAGED), "'some.txt' is not a segment of a tape"));
        io_fault_put(fault, "nothing", "", 0);
        assert_err(ERR_DAMAGED, tape_reader_open(&reader, io, "nothing", &options));
    }
    io_fault_free(fault);
}

static void a_newer_format_is_told_and_not_taken_for_damage(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    uint8_t bytes[200] = {0};
    const uint32_t size = 120; /* a later header may be longer */
    bytes_put_u32(bytes, TAPE_SEGMENT_MAGIC);
    bytes_put_u32(bytes + 4, size - 8);
    memcpy(bytes + 8, "RWKTAPE", 8);
    bytes_put_u16(bytes + 16, TAPE_VERSION + 1);
    bytes_put_u32(bytes + size - 4, crc32c(0, bytes, size - 4));
    unit_write(fault, 0, 5, 5, NULL);
    for (int salvage = 0; salvage < 2; salvage++) {
        struct records records = {0};
        io_fault_put(fault, TAPE "/00000002.rwk.zst", bytes, sizeof bytes);
        assert_err(ERR_DAMAGED, unit_read(fault, TAPE, salvage != 0, &records));
        assert_non_null(strstr(err_text(ERR_DAMAGED), "was made by a newer rewick"));
        assert_int_equal(records.count, 5);
        assert_err(ERR_DAMAGED, unit_read(fault, TAPE "/00000002.rwk.zst", salvage != 0, &records));
        assert_non_null(strstr(err_text(ERR_DAMAGED), "was made by a newer rewick"));
        records_release(&records);
    }
    bytes[size - 1] ^= 1;
    io_fault_put(fault, TAPE "/00000002.rwk.zst", bytes, sizeof bytes);
    struct records records = {0};
    assert_err(ERR_DAMAGED, unit_read(fault, TAPE, false, &records));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "does not match its checksum"));
    records_release(&records);
    io_fault_free(fault);
}

static void one_segment_is_read_by_its_path(void **state)
{
    (void)state;
    struct records records = {0}, read = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    for (unsigned segment = 1; segment <= segments; segment++) {
        char path[64];
        unit_path(path, segment);
        size_t before = read.count;
        assert_err(ERR_END, unit_read(fault, path, false, &read));
        assert_true(segment == segments || read.count > before);
    }
    assert_int_equal(read.count, records.count);
    assert_prefix(&read, &records);
    records_release(&read);
    records_release(&records);
    io_fault_free(fault);
}

/* ---- following and seeking ------------------------------------------------------------------ */

static void any_number_can_be_the_first(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    for (uint64_t from = 0; from <= records.count + 2; from++) {
        struct tape_reader_options options = {.from_seq = from};
        struct tape_reader *reader = NULL;
        struct record record;
        assert_ok(tape_reader_open(&reader, io_fault_io(fault), TAPE, &options));
        for (uint64_t seq = from ? from : 1; seq <= records.count; seq++) {
            assert_ok(tape_reader_next(reader, &record));
            assert_int_equal(record.seq, seq);
            assert_record(&record, &records.items[seq - 1]);
        }
        uint64_t done = 0, total = 0;
        assert_err(ERR_END, tape_reader_next(reader, &record));
        tape_reader_progress(reader, &done, &total);
        assert_int_equal(done, total);
        assert_int_equal(tape_reader_segments(reader), segments);
        assert_true(tape_reader_closed(reader));
        tape_reader_close(reader);
    }
    records_release(&records);
    io_fault_free(fault);
}

static void a_tape_is_followed_while_it_is_written(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(900);
    struct tape_writer *writer = NULL;
    struct tape_reader *reader = NULL;
    struct records records = {0};
    struct record record;
    size_t read = 0;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_ok(tape_reader_open(&reader, io_fault_io(fault), TAPE, NULL));
    assert_memory_equal(tape_reader_id(reader), tape_writer_id(writer), 16);
    for (int round = 0; round < 60; round++) {
        assert_err(ERR_END, tape_reader_next(reader, &record));
        unit_append(writer, 1 + (unsigned)round % 5, 3, &records);
        if (round % 20 == 7) {
            assert_ok(tape_writer_close(writer));
            assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
        } else if (round % 20 == 17) {
            tape_writer_abandon(writer);
            assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
        }
        for (; read < records.count; read++) {
            assert_ok(tape_reader_next(reader, &record));
            assert_record(&record, &records.items[read]);
        }
    }
    assert_err(ERR_END, tape_reader_next(reader, &record));
    size_t losses = 0;
    tape_reader_losses(reader, &losses);
    assert_int_equal(losses, 0);
    tape_reader_close(reader);
    assert_ok(tape_writer_close(writer));
    records_release(&records);
    io_fault_free(fault);
}

static void half_a_block_is_waited_for(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *whole = make_tape(&records, &segments), *growing = io_fault_new();
    const struct io *io = io_fault_io(growing);
    struct tape_reader *reader = NULL;
    struct record record;
    size_t read = 0;
    assert_ok(io->make_dir(io->self, TAPE));
    for (unsigned segment = 1; segment <= segments; segment++) {
        char path[64];
        size_t size = 0;
        unit_path(path, segment);
        const uint8_t *bytes = io_fault_data(whole, path, &size);
        for (size_t at = TAPE_SEGMENT_HEADER_SIZE; at <= size; at++) {
            io_fault_put(growing, path, bytes, at);
            if (!reader)
                assert_ok(tape_reader_open(&reader, io, TAPE, NULL));
            enum err err;
            while ((err = tape_reader_next(reader, &record)) == ERR_OK)
                assert_record(&record, &records.items[read++]);
            assert_int_equal(err, ERR_END);
        }
    }
    size_t losses = 0;
    tape_reader_losses(reader, &losses);
    assert_int_equal(losses, 0);
    assert_int_equal(read, records.count);
    tape_reader_close(reader);
    records_release(&records);
    io_fault_free(whole);
    io_fault_free(growing);
}

static void the_place_of_a_record_is_its_block(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_tape(&records, &segments);
    struct tape_reader *reader = NULL;
    struct record record;
    uint64_t before = 0;
    assert_ok(tape_reader_open(&reader, io_fault_io(fault), TAPE, NULL));
    while (tape_reader_next(reader, &record) == ERR_OK) {
        char path[64];
        uint32_t segment = 0;
        uint64_t offset = 0;
        size_t size = 0;
        tape_reader_place(reader, &segment, &offset);
        unit_path(path, segment);
        const uint8_t *bytes = io_fault_data(fault, path, &size);
        assert_int_equal(bytes_get_u32(bytes + offset), TAPE_BLOCK_MAGIC);
        uint64_t first = bytes_get_u64(bytes + offset + 24);
        assert_true(first <= record.seq && record.seq < first + bytes_get_u32(bytes + offset + 12));
        assert_true(first >= before);
        before = first;
    }
    tape_reader_close(reader);
    records_release(&records);
    io_fault_free(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_segment_cut_at_any_byte_keeps_its_whole_blocks),
        cmocka_unit_test(an_earlier_segment_cut_at_any_byte_is_damage),
        cmocka_unit_test(any_flipped_bit_is_noticed_and_costs_one_block_at_most),
        cmocka_unit_test(random_smashes_never_give_a_false_record),
        cmocka_unit_test(forged_ends_are_told_apart),
        cmocka_unit_test(a_true_block_and_end_are_accepted_by_the_same_means),
        cmocka_unit_test(forged_headers_without_end_do_not_stall_a_salvage),
        cmocka_unit_test(exchanged_segments_are_noticed),
        cmocka_unit_test(what_is_no_tape_is_told),
        cmocka_unit_test(a_newer_format_is_told_and_not_taken_for_damage),
        cmocka_unit_test(one_segment_is_read_by_its_path),
        cmocka_unit_test(any_number_can_be_the_first),
        cmocka_unit_test(a_tape_is_followed_while_it_is_written),
        cmocka_unit_test(half_a_block_is_waited_for),
        cmocka_unit_test(the_place_of_a_record_is_its_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
