/* tape_check and tape_repair: what is said of a tape, and what is kept of a damaged one. */
#include "tests/unit/sealed_sample.h"

#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_check.h"
#include "engine/tape/tape_format.h"

#include "tests/unit/io_fault.c"

#define REPAIRED "repaired"

struct losses {
    size_t count;
    struct tape_loss items[64];
};

static void keep_loss(const struct tape_loss *loss, void *arg)
{
    struct losses *losses = arg;
    assert_true(losses->count < 64);
    losses->items[losses->count++] = *loss;
}

static struct tape_summary check(struct io_fault *fault, const char *path, struct losses *losses)
{
    struct tape_summary summary;
    losses->count = 0;
    assert_ok(tape_check(io_fault_io(fault), path, &summary, keep_loss, losses));
    assert_int_equal(summary.damage_count + summary.torn_count, losses->count);
    return summary;
}

/* 30 records, 5 in each block, three blocks in each segment or so. */
static struct io_fault *make_tape(struct records *records)
{
    struct io_fault *fault = io_fault_new();
    unit_write(fault, 900, 30, 5, records);
    return fault;
}

/* Offset of the n-th block (from 0) of a segment, as the format page says to find it. */
static size_t block_offset(struct io_fault *fault, unsigned segment, unsigned n)
{
    char path[64];
    size_t size = 0, at = TAPE_SEGMENT_HEADER_SIZE;
    unit_path(path, segment);
    const uint8_t *bytes = io_fault_data(fault, path, &size);
    for (unsigned i = 0; i < n; i++) {
        uint32_t content, frame;
        memcpy(&content, bytes + at + 4, 4);
        memcpy(&frame, bytes + at + 48, 4);
        at += 8 + content + frame;
    }
    assert_true(at < size);
    return at;
}

static void damage(struct io_fault *fault, unsigned segment, unsigned block)
{
    char path[64];
    size_t size = 0;
    size_t at = block_offset(fault, segment, block);
    unit_path(path, segment);
    io_fault_data(fault, path, &size)[at + 90] ^= 0x40;
}

static void a_whole_tape_is_counted(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    struct losses losses;
    static const char gap[] = "{\"reason\":\"queue full\",\"count\":17,\"first_wall_ns\":1}";
    struct record records[] = {
        {.type = RECORD_CONFIG,
         .venue = "",
         .wall_ns = 50,
         .data = (const uint8_t *)"{}",
         .size = 2},
        {.type = RECORD_RECEIVED,
         .venue = "a",
         .wall_ns = 70,
         .data = (const uint8_t *)"xyz",
         .size = 3},
        {.type = RECORD_RECEIVED,
         .venue = "b",
         .wall_ns = 40,
         .data = (const uint8_t *)"x",
         .size = 1},
        {.type = RECORD_SENT,
         .venue = "a",
         .wall_ns = 60,
         .data = (const uint8_t *)"four",
         .size = 4},
        {.type = RECORD_GAP,
         .venue = "a",
         .wall_ns = 60,
         .data = (const uint8_t *)gap,
         .size = sizeof gap - 1},
        {.type = RECORD_GAP,
         .venue = "a",
         .wall_ns = 60,
         .data = (const uint8_t *)"not json",
         .size = 8},
        {.type = RECORD_TICK, .venue = "a", .wall_ns = 60},
    };
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    struct tape_summary summary = check(fault, TAPE, &losses);
    assert_int_equal(summary.records, 0);
    assert_true(summary.first_wall_ns == RECORD_NO_TIME && !summary.closed);
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++)
        assert_ok(tape_writer_append(writer, &records[i]));
    uint8_t id[16];
    memcpy(id, tape_writer_id(writer), 16);
    assert_ok(tape_writer_close(writer));
    summary = check(fault, TAPE, &losses);
    assert_memory_equal(summary.id, id, 16);
    assert_int_equal(losses.count, 0);
    assert_int_equal(summary.segments, 1);
    assert_true(summary.closed);
    assert_int_equal(summary.records, 7);
    assert_int_equal(summary.first_seq, 1);
    assert_int_equal(summary.last_seq, 7);
    assert_int_equal(summary.content_bytes, 2 + 3 + 1 + 4 + sizeof gap - 1 + 8);
    assert_int_equal(summary.first_wall_ns, 40);
    assert_int_equal(summary.last_wall_ns, 70);
    assert_int_equal(summary.gap_records, 17);
    assert_int_equal(summary.venue_count, 3);
    assert_string_equal(summary.venues[1].venue, "a");
    assert_int_equal(summary.venues[1].records[RECORD_RECEIVED], 1);
    assert_int_equal(summary.venues[1].records[RECORD_SENT], 1);
    assert_int_equal(summary.venues[1].records[RECORD_GAP], 2);
    assert_int_equal(summary.venues[1].bytes, 3);
    size_t size = 0;
    assert_non_null(io_fault_data(fault, TAPE "/00000001.rwk.zst", &size));
    assert_int_equal(summary.file_bytes, size);
    io_fault_free(fault);
}

static void venues_beyond_the_table_share_its_last_line(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    struct losses losses;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    for (unsigned i = 0; i < TAPE_SUMMARY_VENUES_MAX + 5; i++) {
        char venue[16];
        snprintf(venue, sizeof venue, "venue-%u", i);
        struct record record = feed_record(1, "x");
        record.venue = venue;
        assert_ok(tape_writer_append(writer, &record));
    }
    assert_ok(tape_writer_close(writer));
    struct tape_summary summary = check(fault, TAPE, &losses);
    assert_int_equal(summary.venue_count, TAPE_SUMMARY_VENUES_MAX);
    assert_int_equal(summary.venues[TAPE_SUMMARY_VENUES_MAX - 1].records[RECORD_RECEIVED], 6);
    io_fault_free(fault);
}

static void damage_is_told_by_file_offset_and_missing_numbers(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_tape(&records);
    struct losses losses;
    size_t at = block_offset(fault, 1, 1), behind = block_offset(fault, 1, 2);
    damage(fault, 1, 1);
    struct tape_summary summary = check(fault, TAPE, &losses);
    assert_int_equal(losses.count, 1);
    assert_string_equal(losses.items[0].file, "00000001.rwk.zst");
    assert_int_equal(losses.items[0].offset, at);
    assert_int_equal(losses.items[0].size, behind - at);
    assert_int_equal(losses.items[0].first_seq, 6);
    assert_int_equal(losses.items[0].last_seq, 10);
    assert_false(losses.items[0].torn);
    assert_int_equal(summary.damage_count, 1);
    assert_int_equal(summary.missing_seqs, 5);
    assert_int_equal(summary.records, 25);
    records_release(&records);
    io_fault_free(fault);
}

static void a_torn_tail_is_told_apart_from_damage(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    struct losses losses;
    size_t size = 0;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, 10, 5, NULL);
    tape_writer_abandon(writer);
    const uint8_t *bytes = io_fault_data(fault, TAPE "/00000001.rwk.zst", &size);
    uint8_t *copy = malloc(size);
    memcpy(copy, bytes, size);
    io_fault_put(fault, TAPE "/00000001.rwk.zst", copy, size - 1);
    struct tape_summary summary = check(fault, TAPE, &losses);
    assert_int_equal(summary.torn_count, 1);
    assert_int_equal(summary.damage_count, 0);
    assert_int_equal(summary.missing_seqs, 5); /* the block's header tells what was in it */
    /* A restarted writer gives the numbers again: nothing is missing then. */
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, 5, 5, NULL);
    assert_ok(tape_writer_close(writer));
    summary = check(fault, TAPE, &losses);
    assert_int_equal(summary.torn_count, 1);
    assert_int_equal(summary.damage_count + summary.missing_seqs, 0);
    assert_int_equal(summary.records, 10);
    free(copy);
    io_fault_free(fault);
}

/* ---- repair --------------------------------------------------------------------------------- */

static void repair(struct io_fault *fault, const char *from, const char *to,
                   struct tape_summary *before, uint64_t *kept)
{
    assert_ok(tape_repair(io_fault_io(fault), from, to, before, kept));
    struct losses losses;
    struct tape_summary after = check(fault, to, &losses);
    assert_int_equal(losses.count, 0);
    assert_int_equal(after.missing_seqs, 0);
    assert_true(after.closed);
}

/* The repaired tape holds the true records under their numbers, and gap records for the rest. */
static void assert_repaired(struct io_fault *fault, const struct records *records,
                            const char *expected)
{
    struct records read = {0};
    size_t n = 0;
    assert_err(ERR_END, unit_read(fault, REPAIRED, false, &read));
    for (const char *p = expected; *p; n++) {
        char *end;
        uint64_t seq = strtoull(p, &end, 10);
        assert_true(n < read.count);
        const struct record *record = &read.items[n];
        assert_int_equal(record->seq, seq);
        if (*end == '*') {
            char start[64];
            uint64_t count = strtoull(end + 1, &end, 10);
            int length = snprintf(start, sizeof start, "{\"reason\":\"damage\",\"count\":%llu,",
                                  (unsigned long long)count);
            assert_int_equal(record->type, RECORD_GAP);
            assert_true(record->size > (size_t)length);
            assert_memory_equal(record->data, start, (size_t)length);
        } else {
            assert_record(record, &records->items[seq - 1]);
        }
        p = end + (*end == ' ');
    }
    assert_int_equal(n, read.count);
    records_release(&read);
}

static void repair_keeps_all_that_is_whole_and_closes_the_holes(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_tape(&records);
    struct tape_summary before;
    uint64_t kept = 0;
    damage(fault, 1, 1);
    damage(fault, 2, 0);
    struct io_fault *untouched = io_fault_clone(fault);
    repair(fault, TAPE, REPAIRED, &before, &kept);
    assert_int_equal(kept, 20);
    assert_int_equal(before.missing_seqs, 10);
    /* The header of the second segment says which numbers its first block had. */
    char expected[400] = "1 2 3 4 5 10*5";
    size_t size_second = 0;
    uint64_t lost;
    memcpy(&lost, io_fault_data(fault, TAPE "/00000002.rwk.zst", &size_second) + 48, 8);
    for (uint64_t seq = 11; seq <= 30; seq++)
        if (seq < lost || seq >= lost + 4)
            snprintf(expected + strlen(expected), 16, seq == lost + 4 ? " %u*5" : " %u",
                     (unsigned)seq);
    assert_repaired(fault, &records, expected);
    for (unsigned segment = 1; segment <= 2; segment++) {
        char path[64];
        size_t size = 0, size_before = 0;
        unit_path(path, segment);
        const uint8_t *now = io_fault_data(fault, path, &size);
        const uint8_t *old = io_fault_data(untouched, path, &size_before);
        assert_int_equal(size, size_before);
        assert_memory_equal(now, old, size);
    }
    records_release(&records);
    io_fault_free(untouched);
    io_fault_free(fault);
}

static void a_single_missing_record_is_closed_without_a_hole(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_summary before;
    uint64_t kept = 0;
    unit_write(fault, 0, 4, 1, &records);
    damage(fault, 1, 1);
    repair(fault, TAPE, REPAIRED, &before, &kept);
    assert_repaired(fault, &records, "1 2*1 3 4");
    records_release(&records);
    io_fault_free(fault);
}

static void losses_at_both_ends_are_told(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_summary before;
    uint64_t kept = 0;
    unit_write(fault, 0, 12, 3, &records);
    damage(fault, 1, 0);
    damage(fault, 1, 3);
    repair(fault, TAPE, REPAIRED, &before, &kept);
    assert_int_equal(kept, 6);
    assert_repaired(fault, &records, "3*3 4 5 6 7 8 9 12*3");
    records_release(&records);
    io_fault_free(fault);
}

static void a_repaired_tape_is_continued_and_repaired_again(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_summary before;
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    uint64_t kept = 0;
    unit_write(fault, 0, 12, 3, &records);
    damage(fault, 1, 1);
    repair(fault, TAPE, REPAIRED, &before, &kept);
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), REPAIRED, &options));
    assert_int_equal(tape_writer_next_seq(writer), 13);
    unit_append(writer, 3, 3, &records);
    assert_ok(tape_writer_close(writer));
    assert_repaired(fault, &records, "1 2 3 6*3 7 8 9 10 11 12 13 14 15");
    /* A second repair finds nothing to close and counts nothing twice. */
    repair(fault, REPAIRED, "again", &before, &kept);
    assert_int_equal(before.missing_seqs, 0);
    assert_int_equal(kept, 13);
    struct losses losses;
    assert_int_equal(check(fault, "again", &losses).gap_records, 3);
    records_release(&records);
    io_fault_free(fault);
}

static void a_repair_done_twice_gives_the_same_bytes(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_summary before;
    uint64_t kept = 0;
    size_t size = 0, size_again = 0;
    unit_write(fault, 0, 12, 3, NULL);
    damage(fault, 1, 1);
    repair(fault, TAPE, REPAIRED, &before, &kept);
    repair(fault, TAPE, "again", &before, &kept);
    const uint8_t *one = io_fault_data(fault, REPAIRED "/00000001.rwk.zst", &size);
    const uint8_t *two = io_fault_data(fault, "again/00000001.rwk.zst", &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(one, two, size);
    io_fault_free(fault);
}

static void repair_never_writes_over_anything(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    const struct io *io = io_fault_io(fault);
    struct tape_summary before;
    uint64_t kept = 0;
    unit_write(fault, 0, 12, 3, NULL);
    io_fault_put(fault, "file", "x", 1);
    assert_ok(io->make_dir(io->self, "folder"));
    assert_err(ERR_USAGE, tape_repair(io, TAPE, TAPE, &before, &kept));
    assert_err(ERR_USAGE, tape_repair(io, TAPE, "file", &before, &kept));
    assert_err(ERR_USAGE, tape_repair(io, TAPE, "folder", &before, &kept));
    assert_non_null(strstr(err_text(ERR_USAGE), "'folder' exists already; give a new folder"));
    assert_err(ERR_MISSING, tape_repair(io, "nowhere", REPAIRED, &before, &kept));
    io_fault_free(fault);
}

static void a_lone_segment_is_repaired_to_a_tape(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_tape(&records);
    struct tape_summary before;
    uint64_t kept = 0;
    size_t size = 0;
    const uint8_t *bytes = io_fault_data(fault, TAPE "/00000002.rwk.zst", &size);
    uint64_t first;
    memcpy(&first, bytes + 48, 8);
    assert_true(first > 2);
    repair(fault, TAPE "/00000002.rwk.zst", REPAIRED, &before, &kept);
    struct records read = {0};
    assert_err(ERR_END, unit_read(fault, REPAIRED, false, &read));
    assert_int_equal(read.items[0].seq, first - 1);
    assert_int_equal(read.items[0].type, RECORD_GAP);
    for (size_t i = 1; i < read.count; i++)
        assert_record(&read.items[i], &records.items[read.items[i].seq - 1]);
    assert_int_equal(read.count, kept + 1);
    records_release(&read);
    records_release(&records);
    io_fault_free(fault);
}

static void any_failing_call_of_a_repair_is_told_and_the_tape_untouched(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct io_fault *fault = io_fault_new();
        struct tape_summary before;
        uint64_t kept = 0;
        size_t size = 0, size_before = 0;
        unit_write(fault, 0, 12, 3, NULL);
        damage(fault, 1, 1);
        struct io_fault *untouched = io_fault_clone(fault);
        io_fault_arm(fault, CALL_ANY, n, FAULT_NOSPACE, false);
        enum err err = tape_repair(io_fault_io(fault), TAPE, REPAIRED, &before, &kept);
        hit = io_fault_has_hit(fault);
        assert_true(err == ERR_OK || err == ERR_NOSPACE);
        const uint8_t *now = io_fault_data(fault, TAPE "/00000001.rwk.zst", &size);
        const uint8_t *old = io_fault_data(untouched, TAPE "/00000001.rwk.zst", &size_before);
        assert_int_equal(size, size_before);
        assert_memory_equal(now, old, size);
        io_fault_free(untouched);
        io_fault_free(fault);
        assert_true(n < 200);
    }
}

/* ---- sealed segments ------------------------------------------------------------------------ */

/* What a check says of missing numbers, and what a reader who gives out the rest leaves out. */
struct numbers {
    uint64_t count, last;
    bool missing[256];
};

static void note_numbers(uint64_t first_seq, uint64_t last_seq, void *arg)
{
    struct numbers *numbers = arg;
    assert_true(first_seq > numbers->last && last_seq >= first_seq && last_seq < 256);
    for (uint64_t seq = first_seq; seq <= last_seq; seq++)
        numbers->missing[seq] = true;
    numbers->count += last_seq - first_seq + 1;
    numbers->last = last_seq;
}

static void assert_numbers_are_exact(struct io_fault *fault, const char *path, size_t count)
{
    struct numbers numbers = {0};
    struct tape_summary summary;
    struct records read = {0};
    const struct tape_check_watch watch = {.missing = note_numbers, .arg = &numbers};
    assert_ok(tape_check_watched(io_fault_io(fault), path, &summary, &watch));
    assert_err(ERR_END, unit_read(fault, path, true, &read));
    assert_int_equal(numbers.count, summary.missing_seqs);
    assert_int_equal(read.count + numbers.count, count);
    for (size_t i = 0; i < read.count; i++)
        assert_false(numbers.missing[read.items[i].seq]);
    records_release(&read);
}

/* Segment 2 of three or more is sealed, in chunks of a few records. */
static struct io_fault *make_mixture(struct records *records)
{
    struct io_fault *fault = io_fault_new();
    size_t size = 0;
    unit_write(fault, 1400, 120, 6, records);
    sample_seal(fault, TAPE "/00000002.rwk.zst", 17);
    assert_non_null(io_fault_data(fault, TAPE "/00000003.rwk.zst", &size));
    return fault;
}

static void a_sealed_tape_is_counted_as_the_live_one(void **state)
{
    (void)state;
    struct records records = {0};
    struct losses losses;
    struct io_fault *fault = make_tape(&records);
    struct tape_summary live = check(fault, TAPE, &losses);
    char path[64];
    for (unsigned segment = 1; segment <= live.segments; segment++) {
        unit_path(path, segment);
        sample_seal(fault, path, 7);
    }
    struct tape_summary sealed = check(fault, TAPE, &losses);
    assert_int_equal(losses.count, 0);
    assert_int_equal(live.sealed, 0);
    assert_int_equal(sealed.sealed, live.segments);
    live.sealed = sealed.sealed;
    live.file_bytes = sealed.file_bytes;
    assert_int_equal(live.venue_count, sealed.venue_count);
    assert_memory_equal(&live, &sealed, offsetof(struct tape_summary, venues));
    records_release(&records);
    io_fault_free(fault);
}

static void missing_numbers_of_a_lane_are_told_one_by_one(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_mixture(&records);
    size_t size = 0;
    uint8_t *data = io_fault_data(fault, TAPE "/00000002.rwk.zst", &size);
    for (size_t at = 0; at < size; at += 11) {
        data[at] ^= 4;
        data[size - 1 - at / 2] ^= 8;
        assert_numbers_are_exact(fault, TAPE, records.count);
        data[at] ^= 4;
        data[size - 1 - at / 2] ^= 8;
    }
    records_release(&records);
    io_fault_free(fault);
}

static void a_loss_names_its_lane(void **state)
{
    (void)state;
    struct records records = {0};
    struct losses losses;
    struct io_fault *fault = make_mixture(&records);
    size_t size = 0;
    uint8_t *data = io_fault_data(fault, TAPE "/00000002.rwk.zst", &size);
    const uint32_t header = sealed_lane_header_size(data + TAPE_SEGMENT_HEADER_SIZE);
    struct sealed_lane_header first;
    assert_null(sealed_lane_header_parse(&first, data + TAPE_SEGMENT_HEADER_SIZE, header));
    data[TAPE_SEGMENT_HEADER_SIZE + header + 8] ^= 1;
    check(fault, TAPE, &losses);
    char lane[TAPE_LANE_TEXT_MAX], expected[300];
    tape_lane_text(lane, &first.lane);
    snprintf(expected, sizeof expected,
             "columns do not match their checksum (lane %s, block 0 of chunk 0)", lane);
    assert_int_equal(losses.count, 1);
    assert_string_equal(losses.items[0].reason, expected);
    assert_int_equal(losses.items[0].offset, TAPE_SEGMENT_HEADER_SIZE);
    assert_int_equal(losses.items[0].missing, first.record_count);
    records_release(&records);
    io_fault_free(fault);
}

static void a_repair_keeps_the_other_lanes(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_mixture(&records);
    size_t size = 0;
    assert_non_null(io_fault_data(fault, TAPE "/00000002.rwk.zst", &size));
    for (size_t at = 1; at < size; at += 37) {
        struct io_fault *copy = io_fault_clone(fault);
        struct tape_summary before;
        struct records read = {0};
        uint64_t kept = 0;
        io_fault_data(copy, TAPE "/00000002.rwk.zst", &size)[at] ^= 0x10;
        repair(copy, TAPE, REPAIRED, &before, &kept);
        assert_int_equal(kept + before.missing_seqs, records.count);
        assert_err(ERR_END, unit_read(copy, REPAIRED, false, &read));
        uint64_t told = 0, true_ones = 0;
        for (size_t i = 0; i < read.count; i++) {
            const struct record *record = &read.items[i];
            unsigned long long count = 0;
            if (record->type == RECORD_GAP) {
                char text[200];
                snprintf(text, sizeof text, "%.*s", (int)record->size, (const char *)record->data);
                assert_int_equal(sscanf(text, "{\"reason\":\"damage\",\"count\":%llu", &count), 1);
                told += count;
            } else {
                assert_record(record, &records.items[record->seq - 1]);
                true_ones++;
            }
        }
        assert_int_equal(true_ones, kept);
        assert_int_equal(told, before.missing_seqs);
        records_release(&read);
        io_fault_free(copy);
    }
    records_release(&records);
    io_fault_free(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_tape_is_counted),
        cmocka_unit_test(venues_beyond_the_table_share_its_last_line),
        cmocka_unit_test(damage_is_told_by_file_offset_and_missing_numbers),
        cmocka_unit_test(a_torn_tail_is_told_apart_from_damage),
        cmocka_unit_test(repair_keeps_all_that_is_whole_and_closes_the_holes),
        cmocka_unit_test(a_single_missing_record_is_closed_without_a_hole),
        cmocka_unit_test(losses_at_both_ends_are_told),
        cmocka_unit_test(a_repaired_tape_is_continued_and_repaired_again),
        cmocka_unit_test(a_repair_done_twice_gives_the_same_bytes),
        cmocka_unit_test(repair_never_writes_over_anything),
        cmocka_unit_test(a_lone_segment_is_repaired_to_a_tape),
        cmocka_unit_test(any_failing_call_of_a_repair_is_told_and_the_tape_untouched),
        cmocka_unit_test(a_sealed_tape_is_counted_as_the_live_one),
        cmocka_unit_test(missing_numbers_of_a_lane_are_told_one_by_one),
        cmocka_unit_test(a_loss_names_its_lane),
        cmocka_unit_test(a_repair_keeps_the_other_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
