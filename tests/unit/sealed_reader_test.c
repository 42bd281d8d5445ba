/* tape_reader over sealed segments: what was sealed comes back, mixtures with live ones, what is
 * wanted and from when; and cuts, flipped bits and forged blocks: true records or a refusal, and
 * never more lost than one block of one lane. */
#include "tests/unit/sealed_sample.h"

#include "engine/base/bytes.h"
#include "engine/tape/sealed_frame.h"

#include "tests/unit/io_fault.c"

#define FIRST TAPE "/00000001.rwk.zst"

#define LOSSES_MAX 64

struct outcome {
    enum err err;
    struct records records;
    size_t loss_count;
    struct tape_loss losses[LOSSES_MAX];
};

static struct outcome read_with(struct io_fault *fault, const char *path,
                                const struct tape_reader_options *options)
{
    struct outcome outcome = {0};
    struct tape_reader *reader = NULL;
    struct record record;
    outcome.err = tape_reader_open(&reader, io_fault_io(fault), path, options);
    if (outcome.err != ERR_OK)
        return outcome;
    while ((outcome.err = tape_reader_next(reader, &record)) == ERR_OK)
        records_add(&outcome.records, &record);
    const struct tape_loss *losses = tape_reader_losses(reader, &outcome.loss_count);
    assert_true(outcome.loss_count <= LOSSES_MAX);
    if (outcome.loss_count)
        memcpy(outcome.losses, losses, outcome.loss_count * sizeof *losses);
    if (outcome.err == ERR_DAMAGED) {
        char text[ERR_TEXT_MAX];
        snprintf(text, sizeof text, "%s", err_text(ERR_DAMAGED));
        assert_err(ERR_DAMAGED, tape_reader_next(reader, &record));
        assert_string_equal(err_text(ERR_DAMAGED), text);
    }
    tape_reader_close(reader);
    return outcome;
}

static struct outcome read_tape(struct io_fault *fault, const char *path, bool salvage)
{
    const struct tape_reader_options options = {.salvage = salvage};
    return read_with(fault, path, &options);
}

/* `count` records in one live segment (or more when `segment_bytes` says so), all of them sealed.
 */
static struct io_fault *make_sealed(unsigned count, uint64_t segment_bytes, unsigned per_chunk,
                                    struct records *records, unsigned *out_segments)
{
    struct io_fault *fault = io_fault_new();
    char path[64];
    size_t size = 0;
    unsigned segments = 0;
    unit_write(fault, segment_bytes, count, 6, records);
    for (unit_path(path, 1); io_fault_data(fault, path, &size); unit_path(path, segments + 1)) {
        sample_seal(fault, path, per_chunk);
        segments++;
    }
    if (out_segments)
        *out_segments = segments;
    return fault;
}

static void assert_whole(struct io_fault *fault, const char *path, const struct records *records)
{
    struct outcome outcome = read_tape(fault, path, false);
    if (outcome.err != ERR_END)
        fail_msg("%s", err_text(outcome.err));
    assert_int_equal(outcome.loss_count, 0);
    assert_int_equal(outcome.records.count, records->count);
    assert_prefix(&outcome.records, records);
    records_release(&outcome.records);
}

static void what_was_sealed_comes_back(void **state)
{
    (void)state;
    for (unsigned per_chunk = 1; per_chunk <= 61; per_chunk += 12) {
        struct records records = {0};
        struct io_fault *fault = make_sealed(60, 0, per_chunk, &records, NULL);
        assert_whole(fault, TAPE, &records);
        assert_whole(fault, FIRST, &records);
        records_release(&records);
        io_fault_free(fault);
    }
}

static void live_and_sealed_segments_follow_one_another(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 8; mask++) {
        struct records records = {0};
        struct io_fault *fault = io_fault_new();
        char path[64];
        size_t size = 0;
        unit_write(fault, 500, 60, 6, &records);
        unsigned segments = 0;
        for (unit_path(path, 1); io_fault_data(fault, path, &size); unit_path(path, segments + 1))
            if (mask >> segments++ % 3 & 1)
                sample_seal(fault, path, 10);
        assert_true(segments > 3);
        assert_whole(fault, TAPE, &records);
        records_release(&records);
        io_fault_free(fault);
    }
}

/* How many records of the sample a block has: no damaged bit may cost more. */
static unsigned largest_block(const struct records *records, unsigned per_chunk)
{
    unsigned most = 0;
    for (size_t i = 0; i < records->count; i++) {
        const struct tape_lane lane = sample_lane(&records->items[i]);
        unsigned count = 0;
        for (size_t j = i / per_chunk * per_chunk;
             j < records->count && j / per_chunk == i / per_chunk; j++) {
            const struct tape_lane other = sample_lane(&records->items[j]);
            count += memcmp(&lane, &other, sizeof lane) == 0;
        }
        most = count > most ? count : most;
    }
    return most;
}

/* All missing records are told: as many as the losses say, and in the places they say. */
static bool accounts(const struct outcome *outcome, size_t count)
{
    uint64_t missing = 0, next = 1;
    for (size_t i = 0; i < outcome->loss_count; i++)
        missing += outcome->losses[i].missing;
    if (missing != count - outcome->records.count)
        return false;
    for (size_t i = 0; i <= outcome->records.count; i++) {
        const uint64_t seq = i < outcome->records.count ? outcome->records.items[i].seq : count + 1;
        for (; next < seq; next++) {
            bool told = false;
            for (size_t j = 0; j < outcome->loss_count; j++)
                told |= next >= outcome->losses[j].first_seq && next <= outcome->losses[j].last_seq;
            if (!told)
                return false;
        }
        next++;
    }
    return true;
}

/* What a reader must keep to, however the bytes were changed. */
static struct outcome assert_honest(struct io_fault *fault, const char *path,
                                    const struct records *records)
{
    struct outcome strict = read_tape(fault, path, false);
    assert_prefix(&strict.records, records);
    struct outcome salvage = read_tape(fault, path, true);
    assert_all_true(&salvage.records, records);
    assert_true(strict.records.count <= salvage.records.count);
    if (salvage.err == ERR_END)
        assert_true((strict.err == ERR_DAMAGED) == (salvage.loss_count > 0));
    size_t whole = 0;
    while (whole < salvage.records.count && salvage.records.items[whole].seq == whole + 1)
        whole++;
    assert_true(strict.records.count <= whole);
    /* Where one place is damaged and records are lost for it, all before the first of them. */
    if (salvage.loss_count == 1 && salvage.losses[0].missing > 0)
        assert_int_equal(strict.records.count, whole);
    records_release(&strict.records);
    return salvage;
}

static void any_flipped_bit_costs_one_lane_block_at_most(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_sealed(60, 0, 25, &records, NULL);
    const unsigned most = largest_block(&records, 25);
    size_t size = 0;
    uint8_t *data = io_fault_data(fault, FIRST, &size);
    const uint64_t index = bytes_get_u64(data + size - SEALED_END_MARK_SIZE + 32);
    assert_true(most < 12);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct outcome salvage = assert_honest(fault, bit % 3 ? TAPE : FIRST, &records);
        assert_int_equal(salvage.err, ERR_END);
        const bool harmless = bit / 8 < TAPE_SEGMENT_HEADER_SIZE || bit / 8 >= index;
        const size_t lost = records.count - salvage.records.count;
        if (salvage.loss_count != 1 || lost > (harmless ? 0 : most) ||
            !accounts(&salvage, records.count))
            fail_msg("bit %zu: %zu losses, first '%s', %zu records lost", bit, salvage.loss_count,
                     salvage.loss_count ? salvage.losses[0].reason : "", lost);
        records_release(&salvage.records);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    records_release(&records);
    io_fault_free(fault);
}

/* ---- cuts ----------------------------------------------------------------------------------- */

static uint8_t *copy_of(struct io_fault *fault, const char *path, size_t *size)
{
    const uint8_t *data = io_fault_data(fault, path, size);
    assert_non_null(data);
    uint8_t *copy = malloc(*size);
    memcpy(copy, data, *size);
    return copy;
}

/* Where each block of a whole sealed file begins and what it holds. */
struct block {
    size_t offset, size;
    struct sealed_lane_header header;
};
struct blocks {
    size_t count, end; /* end: where the index begins */
    struct block items[512];
};

static struct blocks list_blocks(const uint8_t *data)
{
    struct blocks blocks = {.end = TAPE_SEGMENT_HEADER_SIZE};
    uint32_t size;
    while ((size = sealed_lane_header_size(data + blocks.end)) > 0) {
        struct block *block = &blocks.items[blocks.count++];
        assert_true(blocks.count < 512);
        assert_null(sealed_lane_header_parse(&block->header, data + blocks.end, size));
        block->offset = blocks.end;
        block->size = size + block->header.columns_size + block->header.payloads_size;
        blocks.end += block->size;
    }
    return blocks;
}

static size_t whole_records_before(const struct blocks *blocks, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < blocks->count; i++)
        if (blocks->items[i].offset + blocks->items[i].size <= at)
            count += blocks->items[i].header.record_count;
    return count;
}

static void a_cut_anywhere_keeps_the_blocks_before_it(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_sealed(60, 0, 25, &records, NULL);
    size_t size = 0;
    uint8_t *whole = copy_of(fault, FIRST, &size);
    const struct blocks blocks = list_blocks(whole);
    for (size_t at = 0; at < size; at++) {
        io_fault_put(fault, FIRST, whole, at);
        struct outcome salvage = assert_honest(fault, TAPE, &records);
        assert_int_equal(salvage.err, ERR_END);
        assert_true(salvage.loss_count > 0);
        assert_int_equal(salvage.records.count, whole_records_before(&blocks, at));
        for (size_t i = 0; i < salvage.loss_count; i++)
            assert_false(salvage.losses[i].torn && at >= TAPE_SEGMENT_HEADER_SIZE);
        records_release(&salvage.records);
    }
    free(whole);
    records_release(&records);
    io_fault_free(fault);
}

static void a_cut_of_an_earlier_segment_is_told_exactly(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_sealed(60, 800, 12, &records, &segments);
    assert_true(segments >= 2);
    size_t size = 0;
    uint8_t *whole = copy_of(fault, FIRST, &size);
    for (size_t at = 0; at < size; at++) {
        io_fault_put(fault, FIRST, whole, at);
        struct outcome salvage = assert_honest(fault, TAPE, &records);
        assert_int_equal(salvage.err, ERR_END);
        assert_true(salvage.loss_count > 0);
        if (!accounts(&salvage, records.count))
            fail_msg("cut at %zu: %zu losses, first '%s'", at, salvage.loss_count,
                     salvage.losses[0].reason);
        records_release(&salvage.records);
    }
    free(whole);
    records_release(&records);
    io_fault_free(fault);
}

/* ---- blocks in other places ----------------------------------------------------------------- */

/* A file of pieces of another. */
struct pieces {
    uint8_t *bytes;
    size_t size;
};

static void add_piece(struct pieces *pieces, const uint8_t *data, size_t from, size_t to)
{
    pieces->bytes = realloc(pieces->bytes, pieces->size + (to - from) + 1);
    memcpy(pieces->bytes + pieces->size, data + from, to - from);
    pieces->size += to - from;
}

static void assert_loses_at_most(struct io_fault *fault, const struct pieces *pieces,
                                 const struct records *records, size_t most, const char *what)
{
    io_fault_put(fault, FIRST, pieces->bytes, pieces->size);
    struct outcome salvage = assert_honest(fault, TAPE, records);
    const size_t lost = records->count - salvage.records.count;
    if (salvage.err != ERR_END || salvage.loss_count == 0 || lost > most ||
        !accounts(&salvage, records->count))
        fail_msg("%s: %s, %zu losses, first '%s', %zu records lost", what, err_name(salvage.err),
                 salvage.loss_count, salvage.loss_count ? salvage.losses[0].reason : "", lost);
    records_release(&salvage.records);
}

static void blocks_that_change_places_cost_themselves_alone(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_sealed(60, 0, 25, &records, NULL);
    size_t size = 0;
    uint8_t *whole = copy_of(fault, FIRST, &size);
    const struct blocks blocks = list_blocks(whole);
    for (size_t i = 0; i < blocks.count; i++)
        for (size_t j = i + 1; j < blocks.count; j++) {
            const struct block *a = &blocks.items[i], *b = &blocks.items[j];
            /* Where lengths differ all blocks between are moved too, out of their chunk even. */
            if (a->header.chunk != b->header.chunk && a->size != b->size)
                continue;
            struct pieces pieces = {0};
            add_piece(&pieces, whole, 0, a->offset);
            add_piece(&pieces, whole, b->offset, b->offset + b->size);
            add_piece(&pieces, whole, a->offset + a->size, b->offset);
            add_piece(&pieces, whole, a->offset, a->offset + a->size);
            add_piece(&pieces, whole, b->offset + b->size, size);
            const size_t both = a->header.record_count + b->header.record_count;
            assert_loses_at_most(fault, &pieces, &records,
                                 a->header.chunk == b->header.chunk ? 0 : both, "swapped");
            free(pieces.bytes);
        }
    free(whole);
    records_release(&records);
    io_fault_free(fault);
}

static void doubled_and_absent_blocks_are_noticed(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_sealed(60, 0, 25, &records, NULL);
    size_t size = 0;
    uint8_t *whole = copy_of(fault, FIRST, &size);
    const struct blocks blocks = list_blocks(whole);
    for (size_t i = 0; i < blocks.count; i++) {
        const struct block *block = &blocks.items[i];
        for (size_t j = 0; j <= blocks.count; j++) {
            struct pieces pieces = {0};
            const size_t at = j < blocks.count ? blocks.items[j].offset : blocks.end;
            add_piece(&pieces, whole, 0, at);
            add_piece(&pieces, whole, block->offset, block->offset + block->size);
            add_piece(&pieces, whole, at, size);
            assert_loses_at_most(fault, &pieces, &records, 0, "doubled");
            free(pieces.bytes);
        }
        struct pieces pieces = {0};
        add_piece(&pieces, whole, 0, block->offset);
        add_piece(&pieces, whole, block->offset + block->size, size);
        assert_loses_at_most(fault, &pieces, &records, block->header.record_count, "absent");
        free(pieces.bytes);
    }
    free(whole);
    records_release(&records);
    io_fault_free(fault);
}

static void random_smashes_never_give_a_false_record(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_sealed(80, 600, 12, &records, &segments);
    uint64_t random = 5;
    assert_true(segments >= 3);
    for (int round = 0; round < 3000; round++) {
        char path[64];
        size_t size = 0;
        unit_path(path, 1 + (unsigned)unit_below(&random, segments));
        uint8_t *whole = copy_of(fault, path, &size);
        uint8_t *data = io_fault_data(fault, path, &size);
        const size_t length = 2 + (size_t)unit_below(&random, round % 5 ? 60 : 400);
        const size_t to = (size_t)unit_below(&random, size - length);
        const size_t from = (size_t)unit_below(&random, size - length);
        if (round % 2)
            memmove(data + to, whole + from, length);
        else
            for (size_t i = 0; i < length; i++)
                data[to + i] = (uint8_t)unit_random(&random);
        struct outcome salvage = assert_honest(fault, TAPE, &records);
        assert_int_equal(salvage.err, ERR_END);
        if (memcmp(data, whole, size) != 0)
            assert_true(salvage.loss_count > 0);
        if (!accounts(&salvage, records.count) && to + length < size - 200)
            fail_msg("round %d: %zu losses, first '%s'", round, salvage.loss_count,
                     salvage.losses[0].reason);
        records_release(&salvage.records);
        io_fault_put(fault, path, whole, size);
        free(whole);
    }
    records_release(&records);
    io_fault_free(fault);
}

/* ---- what is wanted, and from where --------------------------------------------------------- */

static bool wants_trades(const struct tape_lane *lane, bool before, void *arg)
{
    (void)arg;
    if (before)
        return lane->type == RECORD_TICK;
    return lane->role != LANE_MARKET;
}

static bool is_read(const struct record *record)
{
    return sample_lane(record).role != LANE_MARKET;
}

static void records_of_other_lanes_come_unread(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_sealed(60, 600, 14, &records, NULL);
    const struct tape_reader_options options = {.wants = wants_trades};
    struct outcome outcome = read_with(fault, TAPE, &options);
    size_t unread = 0;
    assert_int_equal(outcome.err, ERR_END);
    assert_int_equal(outcome.records.count, records.count);
    for (size_t i = 0; i < records.count; i++) {
        const struct record *is = &outcome.records.items[i];
        assert_int_equal(is->unread, !is_read(&records.items[i]));
        if (!is->unread) {
            assert_record(is, &records.items[i]);
            continue;
        }
        unread++;
        assert_int_equal(is->size, 0);
        const struct record should = records.items[i];
        assert_int_equal(is->seq, should.seq);
        assert_int_equal(is->type, should.type);
        assert_int_equal(is->flags, should.flags);
        assert_string_equal(is->venue, should.venue);
        assert_int_equal(is->connection, should.connection);
        assert_true(is->wall_ns == should.wall_ns && is->mono_ns == should.mono_ns);
        assert_true(is->source_ns == RECORD_NO_TIME);
    }
    assert_true(unread > 10 && unread < records.count - 10);
    records_release(&outcome.records);
    records_release(&records);
    io_fault_free(fault);
}

static void payloads_that_are_not_wanted_are_not_read(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options writing = unit_options(0);
    struct tape_writer *writer = NULL;
    const size_t size = 300000;
    uint8_t *noise = malloc(size);
    uint64_t random = 1;
    for (size_t i = 0; i < size; i++)
        noise[i] = (uint8_t)unit_random(&random);
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &writing));
    for (unsigned i = 0; i < 20; i++) {
        struct record record = feed_record(i, "small");
        record.type = RECORD_RECEIVED;
        record.seq = tape_writer_next_seq(writer);
        if (sample_lane(&record).role == LANE_MARKET) {
            record.data = noise;
            record.size = size;
        }
        assert_ok(tape_writer_append(writer, &record));
    }
    assert_ok(tape_writer_close(writer));
    sample_seal(fault, FIRST, 20);
    /* A byte in the middle of each large payload is changed: who does not read it does not care. */
    size_t file_size = 0;
    uint8_t *data = io_fault_data(fault, FIRST, &file_size);
    const struct blocks blocks = list_blocks(data);
    for (size_t i = 0; i < blocks.count; i++)
        if (blocks.items[i].header.lane.role == LANE_MARKET)
            data[blocks.items[i].offset + blocks.items[i].size / 2] ^= 1;
    const struct tape_reader_options options = {.wants = wants_trades};
    struct outcome outcome = read_with(fault, TAPE, &options);
    assert_int_equal(outcome.err, ERR_END);
    assert_int_equal(outcome.records.count, 20);
    records_release(&outcome.records);
    outcome = read_tape(fault, TAPE, false);
    assert_int_equal(outcome.err, ERR_DAMAGED);
    records_release(&outcome.records);
    free(noise);
    io_fault_free(fault);
}

static void any_number_can_be_the_first(void **state)
{
    (void)state;
    struct records records = {0};
    struct io_fault *fault = make_sealed(60, 600, 7, &records, NULL);
    for (uint64_t from = 0; from <= records.count + 2; from++) {
        const struct tape_reader_options options = {.from_seq = from};
        struct outcome outcome = read_with(fault, TAPE, &options);
        const uint64_t first = from ? from : 1;
        assert_int_equal(outcome.err, ERR_END);
        assert_int_equal(outcome.records.count,
                         first <= records.count ? records.count + 1 - first : 0);
        for (size_t i = 0; i < outcome.records.count; i++)
            assert_record(&outcome.records.items[i], &records.items[first - 1 + i]);
        records_release(&outcome.records);
    }
    records_release(&records);
    io_fault_free(fault);
}

/* A tape whose wall clock steps, some of its segments sealed. */
static struct io_fault *make_stepping(uint64_t *random, struct records *records)
{
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(400 + unit_below(random, 1200));
    struct tape_writer *writer = NULL;
    int64_t wall_ns = 1000000;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    for (unsigned i = 0; i < 100; i++) {
        struct record record = feed_record((unsigned)unit_below(random, 1000), "text");
        wall_ns += (int64_t)unit_below(random, 100);
        if (unit_below(random, 10) == 0)
            wall_ns += (int64_t)unit_below(random, 3000) - 1500;
        record.wall_ns = wall_ns;
        assert_ok(tape_writer_append(writer, &record));
        records_add(records, &record);
        if (unit_below(random, 5) == 0)
            assert_ok(tape_writer_flush(writer));
    }
    assert_ok(tape_writer_close(writer));
    char path[64];
    size_t size = 0;
    unsigned segment = 1;
    for (unit_path(path, 1); io_fault_data(fault, path, &size); unit_path(path, ++segment))
        if (unit_below(random, 3))
            sample_seal(fault, path, 1 + (unsigned)unit_below(random, 12));
    return fault;
}

static void assert_from(struct io_fault *fault, const struct records *records, int64_t from_ns,
                        bool with_wants)
{
    const struct tape_reader_options options = {.from_ns = from_ns,
                                                .wants = with_wants ? wants_trades : NULL};
    struct outcome outcome = read_with(fault, TAPE, &options);
    bool crossed = false;
    size_t at = 0;
    assert_int_equal(outcome.err, ERR_END);
    assert_int_equal(outcome.loss_count, 0);
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        crossed |= record->wall_ns >= from_ns;
        if (!crossed && !(with_wants && record->type == RECORD_TICK))
            continue;
        assert_true(at < outcome.records.count);
        const struct record *is = &outcome.records.items[at++];
        assert_int_equal(is->seq, record->seq);
        assert_true(is->wall_ns == record->wall_ns);
        if (!is->unread)
            assert_record(is, record);
        else
            assert_true(with_wants && !is_read(record));
    }
    assert_int_equal(at, outcome.records.count);
    records_release(&outcome.records);
}

static void a_time_is_found_as_a_full_scan_finds_it(void **state)
{
    (void)state;
    uint64_t random = 9;
    for (unsigned round = 0; round < 60; round++) {
        struct records records = {0};
        struct io_fault *fault = make_stepping(&random, &records);
        for (unsigned i = 0; i < 25; i++) {
            const struct record *near = &records.items[unit_below(&random, records.count)];
            assert_from(fault, &records, near->wall_ns - 1 + (int64_t)unit_below(&random, 3),
                        i % 2);
        }
        assert_from(fault, &records, 1, true);
        assert_from(fault, &records, INT64_MAX, true);
        /* An index that is damaged changes nothing but that more is read. */
        size_t size = 0;
        uint8_t *data = io_fault_data(fault, FIRST, &size);
        if (data[18] == 1) {
            data[size - SEALED_END_MARK_SIZE - 10] ^= 1;
            const struct tape_reader_options options = {
                .salvage = true, .from_ns = records.items[50].wall_ns, .wants = wants_trades};
            struct outcome damaged = read_with(fault, TAPE, &options);
            data[size - SEALED_END_MARK_SIZE - 10] ^= 1;
            struct outcome whole = read_with(fault, TAPE, &options);
            assert_int_equal(damaged.loss_count, 1);
            assert_int_equal(damaged.records.count, whole.records.count);
            for (size_t i = 0; i < whole.records.count; i++)
                assert_record(&damaged.records.items[i], &whole.records.items[i]);
            records_release(&damaged.records);
            records_release(&whole.records);
        }
        records_release(&records);
        io_fault_free(fault);
    }
}

static void a_time_is_found_without_reading_the_rest(void **state)
{
    (void)state;
    struct records records = {0};
    unsigned segments = 0;
    struct io_fault *fault = make_sealed(300, 600, 5, &records, &segments);
    assert_true(segments > 10);
    const int64_t from_ns = records.items[280].wall_ns;
    const struct tape_reader_options options = {.from_ns = from_ns};
    const uint64_t before = io_fault_calls(fault, CALL_READ);
    struct outcome outcome = read_with(fault, TAPE, &options);
    const uint64_t calls = io_fault_calls(fault, CALL_READ) - before;
    assert_int_equal(outcome.records.items[0].seq, 281);
    /* Header, end mark and index of each, and the last chunks. */
    assert_true(calls <= 3 * segments + 20);
    records_release(&outcome.records);
    records_release(&records);
    io_fault_free(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_comes_back),
        cmocka_unit_test(live_and_sealed_segments_follow_one_another),
        cmocka_unit_test(any_flipped_bit_costs_one_lane_block_at_most),
        cmocka_unit_test(a_cut_anywhere_keeps_the_blocks_before_it),
        cmocka_unit_test(a_cut_of_an_earlier_segment_is_told_exactly),
        cmocka_unit_test(blocks_that_change_places_cost_themselves_alone),
        cmocka_unit_test(doubled_and_absent_blocks_are_noticed),
        cmocka_unit_test(random_smashes_never_give_a_false_record),
        cmocka_unit_test(records_of_other_lanes_come_unread),
        cmocka_unit_test(payloads_that_are_not_wanted_are_not_read),
        cmocka_unit_test(any_number_can_be_the_first),
        cmocka_unit_test(a_time_is_found_as_a_full_scan_finds_it),
        cmocka_unit_test(a_time_is_found_without_reading_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
