/* tape_seal: what is sealed is the same tape in another form, whatever happens meanwhile. */
#include "tests/unit/tape_sample.h"

#include "engine/base/crc32c.h"
#include "engine/tape/column.h"
#include "engine/tape/seal_chunk.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_check.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_frame.h"
#include "engine/tape/tape_seal.h"

#include "tests/unit/io_fault.c"

#include <zstd.h>

#define SEGMENT_BYTES 1500

/* A frame's lane follows from its number here; the third symbol is not known. */
static enum err judge(const struct record *record, struct tape_lane *out, void *arg)
{
    uint64_t *asked = arg;
    if (asked)
        (*asked)++;
    out->role = record->type == RECORD_RECEIVED ? LANE_TALK : LANE_CONTROL;
    out->rules = 9;
    if (record->type != RECORD_RECEIVED || record->seq % 5 == 0)
        return ERR_OK;
    out->role = record->seq % 2 ? LANE_TRADES : LANE_MARKET;
    snprintf(out->channel, sizeof out->channel, "%s", record->seq % 2 ? "trade" : "book");
    snprintf(out->symbol, sizeof out->symbol, "%s", record->seq % 3 ? "BTCUSDT" : "");
    return ERR_OK;
}

static struct tape_seal_options seal_options(bool with_last)
{
    return (struct tape_seal_options){.judge = {judge, NULL}, .with_last = with_last, .level = 3};
}

static enum err seal_tape(struct io_fault *fault, bool with_last, struct tape_seal_result *result)
{
    const struct tape_seal_options options = seal_options(with_last);
    struct tape_seal_result own;
    return tape_seal(io_fault_io(fault), TAPE, &options, result ? result : &own);
}

static bool is_sealed(struct io_fault *fault, unsigned segment)
{
    char path[64];
    bool sealed = false;
    unit_path(path, segment);
    assert_ok(tape_segment_is_sealed(io_fault_io(fault), path, &sealed));
    return sealed;
}

static bool is_there(struct io_fault *fault, const char *name)
{
    char path[128];
    size_t size = 0;
    snprintf(path, sizeof path, TAPE "/%s", name);
    return io_fault_data(fault, path, &size) != NULL;
}

static unsigned segment_count(struct io_fault *fault)
{
    unsigned count = 0;
    for (char name[TAPE_NAME_SIZE]; tape_segment_name(name, count + 1), is_there(fault, name);)
        count++;
    return count;
}

static void assert_no_leftover(struct io_fault *fault)
{
    for (unsigned i = 1; i < 40; i++) {
        char name[TAPE_NAME_SIZE];
        tape_seal_name(name, i);
        assert_false(is_there(fault, name));
    }
}

/* All records are there and the tape is whole. */
static void assert_tape(struct io_fault *fault, const struct records *records)
{
    struct records read = {0};
    struct tape_summary summary;
    enum err err = unit_read(fault, TAPE, false, &read);
    if (err != ERR_END)
        fail_msg("%s", err_text(err));
    assert_int_equal(read.count, records->count);
    for (size_t i = 0; i < read.count; i++)
        assert_record(&read.items[i], &records->items[i]);
    records_release(&read);
    assert_ok(tape_check(io_fault_io(fault), TAPE, &summary, NULL, NULL));
    assert_int_equal(summary.damage_count, 0);
    assert_int_equal(summary.missing_seqs, 0);
}

static uint8_t *copy_file(struct io_fault *fault, unsigned segment, size_t *out_size)
{
    char path[64];
    unit_path(path, segment);
    const uint8_t *data = io_fault_data(fault, path, out_size);
    assert_non_null(data);
    uint8_t *copy = malloc(*out_size + 1);
    memcpy(copy, data, *out_size);
    return copy;
}

/* ---- what comes out ------------------------------------------------------------------------- */

static void a_sealed_tape_reads_the_same(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_seal_result result;
    unit_write(fault, SEGMENT_BYTES, 150, 5, &records);
    const unsigned segments = segment_count(fault);
    assert_true(segments >= 4);
    assert_ok(seal_tape(fault, false, &result));
    assert_int_equal(result.sealed, segments - 1);
    assert_int_equal(result.already, 0);
    assert_int_equal(result.left, 1);
    for (unsigned i = 1; i <= segments; i++)
        assert_int_equal(is_sealed(fault, i), i < segments);
    assert_tape(fault, &records);
    assert_no_leftover(fault);

    assert_ok(seal_tape(fault, true, &result));
    assert_int_equal(result.sealed, 1);
    assert_int_equal(result.already, segments - 1);
    assert_int_equal(result.left, 0);
    assert_true(is_sealed(fault, segments));
    assert_tape(fault, &records);

    assert_ok(seal_tape(fault, true, &result));
    assert_int_equal(result.sealed, 0);
    assert_int_equal(result.already, segments);
    records_release(&records);
    io_fault_free(fault);
}

static void the_result_counts_what_was_sealed(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_seal_result result;
    unit_write(fault, 0, 60, 5, &records);
    size_t live = 0, sealed = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < records.count; i++)
        bytes += records.items[i].size;
    free(copy_file(fault, 1, &live));
    assert_ok(seal_tape(fault, true, &result));
    free(copy_file(fault, 1, &sealed));
    assert_int_equal(result.records, 60);
    assert_int_equal(result.frame_bytes, bytes);
    assert_int_equal(result.live_bytes, live);
    assert_int_equal(result.sealed_bytes, sealed);
    records_release(&records);
    io_fault_free(fault);
}

/* A block as a test reads it, from sealed_format.h and nothing else. */
struct block {
    struct sealed_lane_header header;
    const uint8_t *columns, *payloads;
    uint64_t offset;
};

static struct block take_block(const uint8_t *data, size_t size, size_t *at)
{
    struct block block = {.offset = *at};
    assert_true(size - *at > TAPE_FRAME_PREFIX_SIZE);
    const uint32_t header = sealed_lane_header_size(data + *at);
    assert_true(header > 0 && header <= size - *at);
    assert_null(sealed_lane_header_parse(&block.header, data + *at, header));
    assert_true(block.header.columns_size + block.header.payloads_size <= size - *at - header);
    block.columns = data + *at + header;
    block.payloads = block.columns + block.header.columns_size;
    assert_int_equal(crc32c(0, block.columns, block.header.columns_size), block.header.columns_crc);
    assert_int_equal(crc32c(0, block.payloads, block.header.payloads_size),
                     block.header.payloads_crc);
    *at += header + block.header.columns_size + block.header.payloads_size;
    return block;
}

/* The block's records as columns say, each compared with the true one; marks their numbers. */
static void check_block(const struct block *block, const struct records *records, uint8_t *seen)
{
    const struct sealed_lane_header *header = &block->header;
    const size_t count = header->record_count;
    uint8_t *content = malloc(header->columns_content);
    assert_int_equal(
        ZSTD_decompress(content, header->columns_content, block->columns, header->columns_size),
        header->columns_content);
    int64_t *columns[7];
    const uint8_t *p = content, *end = content + header->columns_content;
    for (int i = 0; i < 7; i++) {
        columns[i] = malloc(count * sizeof **columns);
        assert_non_null(p = column_get(p, end, columns[i], count));
    }
    assert_ptr_equal(p, end);
    uint64_t bytes = 0;
    int64_t source = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || columns[0][i] > columns[0][i - 1]);
        const uint64_t seq = header->chunk_first_seq + (uint64_t)columns[0][i];
        const struct record *record = NULL;
        for (size_t j = 0; j < records->count && !record; j++)
            if (records->items[j].seq == seq)
                record = &records->items[j];
        assert_non_null(record);
        struct tape_lane lane = {.type = record->type};
        assert_ok(judge(record, &lane, NULL));
        assert_int_equal(header->lane.type, record->type);
        assert_int_equal(header->lane.role, lane.role);
        assert_int_equal(header->lane.rules, 9);
        assert_string_equal(header->lane.venue, record->venue);
        assert_string_equal(header->lane.channel, lane.channel);
        assert_string_equal(header->lane.symbol, lane.symbol);
        assert_true(columns[1][i] == record->wall_ns);
        assert_true(columns[2][i] == record->mono_ns - record->wall_ns);
        assert_true(columns[1][i] >= header->wall_min_ns && columns[1][i] <= header->wall_max_ns);
        assert_int_equal(columns[3][i], record->connection);
        assert_true(record->connection <= header->connection_max);
        const bool has_source = record->source_ns != RECORD_NO_TIME;
        assert_int_equal(columns[4][i], record->flags | (has_source ? 0x80 : 0));
        if (has_source)
            source = record->source_ns;
        assert_true(columns[5][i] == source);
        assert_int_equal(columns[6][i], record->size);
        bytes += record->size;
        assert_int_equal(seen[seq]++, 0);
    }
    assert_int_equal(header->payloads_bytes, bytes);
    assert_int_equal(header->payloads_size == 0, bytes == 0);
    for (int i = 0; i < 7; i++)
        free(columns[i]);
    free(content);
}

static int lane_order(const struct tape_lane *a, const struct tape_lane *b)
{
    int order = (int)a->role - (int)b->role;
    order = order ? order : strcmp(a->venue, b->venue);
    order = order ? order : strcmp(a->channel, b->channel);
    return order ? order : strcmp(a->symbol, b->symbol);
}

static uint16_t kind_of(const struct tape_lane *lane)
{
    return (uint16_t)(1u << lane->type | (lane->role == LANE_TALK ? 0x8000u : 0));
}

/* Walks the whole file; gives its end mark. */
static struct sealed_end_mark check_segment(const uint8_t *data, size_t size,
                                            const struct tape_segment_header *live,
                                            const struct records *records)
{
    struct tape_segment_header header;
    struct sealed_end_mark mark;
    const uint8_t *chunks = NULL;
    uint32_t chunk_count = 0, block_count = 0;
    uint8_t *seen = calloc(records->items[records->count - 1].seq + 2, 1);
    assert_null(tape_segment_header_parse(&header, data, size));
    assert_true(header.sealed && header.number == live->number && header.salt == live->salt);
    assert_true(header.first_seq == live->first_seq && header.chain == live->chain);
    assert_true(header.wall_ns == live->wall_ns);
    assert_int_equal(header.next_connection, live->next_connection);
    assert_memory_equal(header.id, live->id, 16);
    const size_t end = size - SEALED_END_MARK_SIZE;
    assert_null(sealed_end_mark_parse(&mark, data + end));
    assert_int_equal(mark.file_crc, crc32c(0, data, end));
    assert_int_equal(mark.number, live->number);
    assert_true(mark.salt == live->salt && mark.first_seq == live->first_seq);
    assert_memory_equal(mark.id, live->id, 16);
    assert_null(sealed_index_parse(live->salt, data + mark.index_offset,
                                   end - (size_t)mark.index_offset, &chunks, &chunk_count));
    size_t at = TAPE_SEGMENT_HEADER_SIZE;
    for (uint32_t i = 0; i < chunk_count; i++) {
        const struct sealed_chunk chunk = sealed_chunk_get(chunks, i);
        struct tape_lane before = {0};
        uint32_t count = 0;
        uint64_t bytes = 0;
        uint16_t kinds = 0;
        int64_t wall_min = INT64_MAX, wall_max = INT64_MIN;
        assert_int_equal(chunk.offset, at);
        for (uint16_t j = 0; j < chunk.block_count; j++) {
            const struct block block = take_block(data, (size_t)mark.index_offset, &at);
            const struct sealed_lane_header *lane = &block.header;
            assert_int_equal(lane->chunk, i);
            assert_true(lane->salt == live->salt);
            assert_int_equal(lane->block, j);
            assert_int_equal(lane->block_count, chunk.block_count);
            assert_int_equal(lane->chunk_first_seq, chunk.first_seq);
            assert_int_equal(lane->chunk_count, chunk.record_count);
            assert_true(j == 0 || lane_order(&before, &lane->lane) <= 0);
            check_block(&block, records, seen);
            before = lane->lane;
            count += lane->record_count;
            bytes += lane->payloads_bytes;
            kinds |= kind_of(&lane->lane);
            wall_min = lane->wall_min_ns < wall_min ? lane->wall_min_ns : wall_min;
            wall_max = lane->wall_max_ns > wall_max ? lane->wall_max_ns : wall_max;
        }
        assert_int_equal(count, chunk.record_count);
        assert_int_equal(bytes, chunk.bytes);
        assert_int_equal(kinds, chunk.kinds);
        assert_true(wall_min == chunk.wall_min_ns && wall_max == chunk.wall_max_ns);
        block_count += chunk.block_count;
    }
    assert_int_equal(at, mark.index_offset);
    assert_int_equal(mark.block_count, block_count);
    for (uint64_t seq = live->first_seq; seq < mark.next_seq && chunk_count == 1; seq++)
        assert_int_equal(seen[seq], 1);
    free(seen);
    return mark;
}

static struct tape_segment_header header_of(struct io_fault *fault, unsigned segment)
{
    struct tape_segment_header header;
    size_t size = 0;
    uint8_t *data = copy_file(fault, segment, &size);
    assert_null(tape_segment_header_parse(&header, data, size));
    free(data);
    return header;
}

static void the_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_segment_header live[32] = {0};
    unit_write(fault, SEGMENT_BYTES, 150, 5, &records);
    const unsigned segments = segment_count(fault);
    for (unsigned i = 1; i <= segments; i++)
        live[i] = header_of(fault, i);
    assert_ok(seal_tape(fault, true, NULL));
    for (unsigned i = 1; i <= segments; i++) {
        size_t size = 0;
        uint8_t *data = copy_file(fault, i, &size);
        const struct sealed_end_mark mark = check_segment(data, size, &live[i], &records);
        /* The next one counts on and chains on as it did behind the live one. */
        if (i < segments) {
            assert_int_equal(mark.live_chain, live[i + 1].chain);
            assert_int_equal(mark.next_seq, live[i + 1].first_seq);
            assert_int_equal(mark.next_connection, live[i + 1].next_connection);
        } else {
            assert_int_equal(mark.next_seq, 151);
            assert_int_equal(mark.next_connection, 4);
        }
        free(data);
    }
    records_release(&records);
    io_fault_free(fault);
}

static void the_same_segment_makes_the_same_bytes(void **state)
{
    (void)state;
    uint8_t *bytes[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        struct io_fault *fault = io_fault_new();
        unit_write(fault, SEGMENT_BYTES, 60, 5, NULL);
        assert_ok(seal_tape(fault, true, NULL));
        bytes[i] = copy_file(fault, 1, &size[i]);
        io_fault_free(fault);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void every_record_is_judged_once_in_order(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    uint64_t asked = 0;
    struct tape_seal_options options = seal_options(true);
    struct tape_seal_result result;
    options.judge.arg = &asked;
    unit_write(fault, SEGMENT_BYTES, 60, 5, NULL);
    assert_ok(tape_seal(io_fault_io(fault), TAPE, &options, &result));
    assert_int_equal(asked, 60);
    io_fault_free(fault);
}

/* Large, empty and strange records; times that run over. */
static void every_kind_of_record_comes_back(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1700000000};
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    uint8_t *large = malloc(RECORD_DATA_MAX);
    uint64_t random = 7;
    for (size_t i = 0; i < RECORD_DATA_MAX; i++)
        large[i] = (uint8_t)unit_random(&random);
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    for (unsigned i = 0; i < 7 * 7 * 7; i++) {
        struct record record = {
            .type = (enum record_type)(1 + i % 9), /* two of them nobody knows */
            .flags = i % 2 ? RECORD_BINARY : 0,
            .venue = i % 3 ? "a-venue-of-thirty-one-character" : "",
            .connection = i % 4 ? i : UINT32_MAX,
            .wall_ns = times[i % 7],
            .mono_ns = times[i / 7 % 7],
            .source_ns = times[i / 49],
            .data = large,
            .size = i == 100 || i == 101 ? RECORD_DATA_MAX : i % 5 * i,
        };
        if (i % 8 == 0)
            record.source_ns = RECORD_NO_TIME;
        assert_ok(tape_writer_append(writer, &record));
        records_add(&records, &record);
    }
    assert_ok(tape_writer_close(writer));
    assert_ok(seal_tape(fault, true, NULL));
    assert_true(is_sealed(fault, 1));
    assert_tape(fault, &records);
    free(large);
    records_release(&records);
    io_fault_free(fault);
}

static void a_segment_without_records_is_sealed(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    unit_write(fault, 0, 0, 1, NULL);
    assert_ok(seal_tape(fault, true, NULL));
    assert_true(is_sealed(fault, 1));
    assert_tape(fault, &records);
    unit_write(fault, 0, 5, 5, &records);
    assert_tape(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

static void a_chunk_begins_where_numbers_jump(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, 20, 5, &records);
    assert_ok(tape_writer_skip_to(writer, 31));
    struct record gap = feed_record(0, "{\"reason\":\"lost\",\"count\":10}");
    gap.type = RECORD_GAP;
    assert_ok(tape_writer_append(writer, &gap));
    records_add(&records, &gap);
    unit_append(writer, 20, 5, &records);
    assert_ok(tape_writer_close(writer));
    const struct tape_segment_header live = header_of(fault, 1);
    assert_ok(seal_tape(fault, true, NULL));

    size_t size = 0, at = TAPE_SEGMENT_HEADER_SIZE;
    uint8_t *data = copy_file(fault, 1, &size);
    const struct sealed_end_mark mark = check_segment(data, size, &live, &records);
    assert_int_equal(mark.next_seq, 52);
    while (at < mark.index_offset) {
        const struct block block = take_block(data, size, &at);
        assert_int_equal(block.header.chunk_first_seq, block.header.chunk ? 31 : 1);
        assert_int_equal(block.header.chunk_count, block.header.chunk ? 21 : 20);
        assert_int_equal(block.header.behind_hole, block.header.chunk == 1);
    }
    assert_tape(fault, &records);
    free(data);
    records_release(&records);
    io_fault_free(fault);
}

/* More records than a chunk holds. */
static void a_chunk_ends_when_it_is_full(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    struct record record = feed_record(1, "{}");
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    for (unsigned i = 0; i < SEALED_CHUNK_RECORDS_MAX + 5; i++)
        assert_ok(tape_writer_append(writer, &record));
    assert_ok(tape_writer_close(writer));
    assert_ok(seal_tape(fault, true, NULL));
    size_t size = 0;
    uint64_t covered = 0;
    uint8_t *data = copy_file(fault, 1, &size);
    struct sealed_end_mark mark;
    const uint8_t *chunks = NULL;
    uint32_t count = 0;
    assert_null(sealed_end_mark_parse(&mark, data + size - SEALED_END_MARK_SIZE));
    assert_null(sealed_index_parse(mark.salt, data + mark.index_offset,
                                   size - SEALED_END_MARK_SIZE - (size_t)mark.index_offset, &chunks,
                                   &count));
    assert_true(count >= 2);
    for (uint32_t i = 0; i < count; i++)
        covered += sealed_chunk_get(chunks, i).record_count;
    assert_int_equal(covered, SEALED_CHUNK_RECORDS_MAX + 5);
    free(data);
    io_fault_free(fault);
}

/* ---- lanes ---------------------------------------------------------------------------------- */

/* As many lanes as there can be, in no order: each once, in order, with its own records. */
static void a_chunk_divides_by_lane(void **state)
{
    (void)state;
    struct seal_chunk *chunk = NULL;
    assert_ok(seal_chunk_new(&chunk));
    for (int round = 0; round < 2; round++) {
        uint32_t count = 0, total = 0;
        seal_chunk_begin(chunk, 1000, round == 1);
        for (uint32_t i = 0; i < 60000; i++) {
            char text[16];
            struct tape_lane lane = {.type = RECORD_RECEIVED, .role = LANE_MARKET};
            snprintf(lane.venue, sizeof lane.venue, "venue%u", i % 3);
            snprintf(lane.symbol, sizeof lane.symbol, "S%05u", (i * 7919) % 20000);
            snprintf(text, sizeof text, "%u", (i * 7919) % 20000);
            struct record record = feed_record(i, text);
            record.seq = 1000 + i;
            assert_true(seal_chunk_has_room(chunk, record.size));
            assert_ok(seal_chunk_add(chunk, &record, &lane));
        }
        assert_int_equal(seal_chunk_count(chunk), 60000);
        assert_int_equal(seal_chunk_first_seq(chunk), 1000);
        assert_int_equal(seal_chunk_behind_hole(chunk), round == 1);
        seal_chunk_sort(chunk, &count);
        assert_int_equal(count, 60000); /* 3 and 20000 have a common multiple of 60000 */
        const struct tape_lane *before = NULL;
        for (uint32_t i = 0; i < count; i++) {
            const struct seal_block block = seal_chunk_block(chunk, i);
            char text[16] = "";
            assert_true(!before || lane_order(before, block.lane) < 0);
            assert_int_equal(block.count, 1);
            memcpy(text, block.payloads + block.entries->offset, block.entries->size);
            assert_int_equal(strtoul(text, NULL, 10), strtoul(block.lane->symbol + 1, NULL, 10));
            before = block.lane;
            total += (uint32_t)block.count;
        }
        assert_int_equal(total, 60000);
    }
    seal_chunk_free(chunk);
}

static void a_chunk_takes_one_record_of_any_size(void **state)
{
    (void)state;
    struct seal_chunk *chunk = NULL;
    struct tape_lane lane = {.type = RECORD_HTTP, .role = LANE_CONTROL};
    uint8_t *large = calloc(1, RECORD_DATA_MAX);
    struct record record = {
        .seq = 1, .type = RECORD_HTTP, .venue = "", .data = large, .size = RECORD_DATA_MAX};
    assert_ok(seal_chunk_new(&chunk));
    seal_chunk_begin(chunk, 1, false);
    assert_true(seal_chunk_has_room(chunk, RECORD_DATA_MAX));
    assert_ok(seal_chunk_add(chunk, &record, &lane));
    assert_true(seal_chunk_has_room(chunk, 0));
    assert_false(seal_chunk_has_room(chunk, 1));
    seal_chunk_free(chunk);
    free(large);
}

/* ---- what is not sealed --------------------------------------------------------------------- */

static void a_segment_that_may_grow_stays_live(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer_options options = unit_options(SEGMENT_BYTES);
    struct tape_writer *writer = NULL;
    struct tape_seal_result result;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, 60, 5, &records);
    const unsigned segments = segment_count(fault);
    assert_ok(seal_tape(fault, true, &result));
    assert_int_equal(result.sealed, segments - 1);
    assert_int_equal(result.left, 1);
    unit_append(writer, 60, 5, &records);
    assert_ok(tape_writer_close(writer));
    assert_tape(fault, &records);
    assert_ok(seal_tape(fault, true, &result));
    assert_int_equal(result.left, 0);
    assert_tape(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

/* What a crash left behind the last whole block is no record. */
static void a_torn_tail_does_not_keep_a_segment_from_being_sealed(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    struct tape_seal_result result;
    for (int i = 0; i < 2; i++) { /* one crash inside a block, one behind it */
        char path[64];
        size_t size = 0;
        assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
        unit_append(writer, 20, 5, &records);
        tape_writer_abandon(writer);
        unit_path(path, (unsigned)i + 1);
        uint8_t *data = copy_file(fault, (unsigned)i + 1, &size);
        if (i == 0) {
            memcpy(data + size - 30, data + size / 2, 30);
            io_fault_put(fault, path, data, size);
            for (int j = 0; j < 5; j++) {
                records.count--;
                union {
                    const void *in;
                    void *out;
                } one = {records.items[records.count].data},
                  two = {records.items[records.count].venue};
                free(one.out);
                free(two.out);
            }
        }
        free(data);
    }
    unit_write(fault, 0, 20, 5, &records);
    assert_ok(seal_tape(fault, true, &result));
    assert_int_equal(result.sealed, 3);
    assert_tape(fault, &records);
    records_release(&records);
    io_fault_free(fault);
}

static void a_damaged_segment_stays_and_all_others_are_sealed(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_seal_result result;
    char path[64];
    size_t size = 0;
    unit_write(fault, SEGMENT_BYTES, 150, 5, NULL);
    const unsigned segments = segment_count(fault);
    unit_path(path, 2);
    uint8_t *before = copy_file(fault, 2, &size);
    before[size / 2] ^= 1;
    io_fault_put(fault, path, before, size);
    assert_err(ERR_DAMAGED, seal_tape(fault, true, &result));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "tape 'tape' is damaged: 00000002.rwk.zst"));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "rewick tape repair"));
    assert_int_equal(result.sealed, segments - 1);
    assert_int_equal(result.left, 1);
    size_t after_size = 0;
    uint8_t *after = copy_file(fault, 2, &after_size);
    assert_int_equal(after_size, size);
    assert_memory_equal(after, before, size);
    for (unsigned i = 1; i <= segments; i++)
        assert_int_equal(is_sealed(fault, i), i != 2);
    assert_no_leftover(fault);
    free(before);
    free(after);
    io_fault_free(fault);
}

/* A segment whose end was cut off looks like one that a crash ended: but for the next one. */
static void a_segment_that_was_cut_short_is_damaged(void **state)
{
    (void)state;
    for (unsigned cut = 1; cut <= 200; cut += 11) {
        struct io_fault *fault = io_fault_new();
        char path[64];
        size_t size = 0;
        unit_write(fault, SEGMENT_BYTES, 60, 5, NULL);
        unit_path(path, 1);
        uint8_t *data = copy_file(fault, 1, &size);
        io_fault_put(fault, path, data, size - cut);
        assert_err(ERR_DAMAGED, seal_tape(fault, false, NULL));
        assert_false(is_sealed(fault, 1));
        free(data);
        io_fault_free(fault);
    }
}

static void what_is_no_tape_is_told(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    assert_err(ERR_MISSING, seal_tape(fault, true, NULL));
    assert_non_null(strstr(err_text(ERR_MISSING), "tape 'tape' does not exist"));
    assert_ok(io_fault_io(fault)->make_dir(fault, TAPE));
    assert_err(ERR_DAMAGED, seal_tape(fault, true, NULL));
    assert_non_null(strstr(err_text(ERR_DAMAGED), "'tape' is not a tape"));
    assert_false(is_there(fault, TAPE_SEAL_LOCK_NAME));
    io_fault_free(fault);
}

static void only_one_seals_at_a_time(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct io_file *lock = NULL;
    unit_write(fault, SEGMENT_BYTES, 60, 5, NULL);
    assert_ok(io_fault_io(fault)->lock(fault, &lock, TAPE "/SEAL"));
    assert_err(ERR_LOCKED, seal_tape(fault, true, NULL));
    assert_string_equal(err_text(ERR_LOCKED),
                        "tape 'tape' is being sealed by another process; wait until that has "
                        "ended");
    assert_false(is_sealed(fault, 1));
    io_fault_io(fault)->close(lock);
    assert_ok(seal_tape(fault, true, NULL));
    io_fault_free(fault);
}

/* ---- callbacks ------------------------------------------------------------------------------ */

struct calls {
    unsigned stop_after, stop_calls, sealed;
    uint64_t live_bytes, sealed_bytes, done, total, records;
};

static bool count_stop(void *arg)
{
    struct calls *calls = arg;
    return ++calls->stop_calls > calls->stop_after;
}

static void count_sealed(uint32_t segment, uint64_t live_bytes, uint64_t sealed_bytes, void *arg)
{
    struct calls *calls = arg;
    assert_int_equal(segment, ++calls->sealed);
    calls->live_bytes += live_bytes;
    calls->sealed_bytes += sealed_bytes;
}

static void count_progress(const struct tape_seal_progress *progress, void *arg)
{
    struct calls *calls = arg;
    assert_true(progress->done >= calls->done && progress->done <= progress->total);
    assert_true(calls->total == 0 || progress->total == calls->total);
    assert_true(progress->records >= calls->records && progress->records <= 60);
    calls->done = progress->done;
    calls->total = progress->total;
    calls->records = progress->records;
}

static void asked_to_stop_it_leaves_whole_segments_only(void **state)
{
    (void)state;
    struct records records = {0};
    bool stopped = true;
    for (unsigned after = 0; stopped; after++) {
        struct io_fault *fault = io_fault_new();
        struct tape_seal_options options = seal_options(true);
        struct calls calls = {.stop_after = after};
        struct tape_seal_result result;
        options.stop = count_stop;
        options.sealed = count_sealed;
        options.progress = count_progress;
        options.arg = &calls;
        records_release(&records);
        unit_write(fault, SEGMENT_BYTES, 60, 5, &records);
        enum err err = tape_seal(io_fault_io(fault), TAPE, &options, &result);
        stopped = err == ERR_STOP;
        assert_true(stopped || err == ERR_OK);
        assert_int_equal(result.sealed, calls.sealed);
        assert_int_equal(result.live_bytes, calls.live_bytes);
        assert_int_equal(result.sealed_bytes, calls.sealed_bytes);
        for (unsigned i = 1; i <= segment_count(fault); i++)
            assert_int_equal(is_sealed(fault, i), i <= calls.sealed);
        assert_no_leftover(fault);
        assert_tape(fault, &records);
        io_fault_free(fault);
        assert_true(after < 100);
    }
    records_release(&records);
}

/* ---- the writer ----------------------------------------------------------------------------- */

static void a_writer_goes_on_behind_a_sealed_segment(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct records records = {0};
    for (int i = 0; i < 4; i++) {
        unit_write(fault, SEGMENT_BYTES, 60, 5, &records);
        assert_int_equal(records.items[records.count - 1].seq, 60 * (i + 1));
        assert_tape(fault, &records);
        assert_ok(seal_tape(fault, true, NULL));
        assert_tape(fault, &records);
    }
    /* Connection numbers go on as well. */
    struct tape_writer_options options = unit_options(0);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    assert_int_equal(tape_writer_next_connection(writer), 4);
    assert_ok(tape_writer_close(writer));
    records_release(&records);
    io_fault_free(fault);
}

static void a_writer_refuses_a_damaged_sealed_segment(void **state)
{
    (void)state;
    struct io_fault *fault = io_fault_new();
    struct tape_writer_options options = unit_options(0);
    char path[64];
    size_t size = 0;
    unit_write(fault, 0, 30, 5, NULL);
    assert_ok(seal_tape(fault, true, NULL));
    unit_path(path, 1);
    uint8_t *data = copy_file(fault, 1, &size);
    for (size_t at = 0; at < size; at += 7) {
        struct tape_writer *writer = NULL;
        data[at] ^= 0x10;
        io_fault_put(fault, path, data, size);
        assert_err(ERR_DAMAGED, tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
        data[at] ^= 0x10;
    }
    for (size_t cut = 1; cut < size; cut += 13) {
        struct tape_writer *writer = NULL;
        io_fault_put(fault, path, data, size - cut);
        assert_err(ERR_DAMAGED, tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    }
    free(data);
    io_fault_free(fault);
}

/* ---- faults --------------------------------------------------------------------------------- */

/* Whatever call fails, the tape is what it was; the next attempt goes on. */
static void sweep(enum fault_kind kind, bool for_ever)
{
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct io_fault *fault = io_fault_new();
        struct records records = {0};
        unit_write(fault, SEGMENT_BYTES, 60, 5, &records);
        io_fault_arm(fault, CALL_ANY, n, kind, for_ever);
        enum err err = seal_tape(fault, true, NULL);
        hit = io_fault_has_hit(fault);
        io_fault_arm(fault, CALL_ANY, 0, kind, false);
        assert_true(err == ERR_OK || (hit && (err == ERR_IO || err == ERR_NOSPACE)));
        assert_tape(fault, &records);
        assert_ok(seal_tape(fault, true, NULL));
        for (unsigned i = 1; i <= segment_count(fault); i++)
            assert_true(is_sealed(fault, i));
        assert_tape(fault, &records);
        assert_no_leftover(fault);
        records_release(&records);
        io_fault_free(fault);
        assert_true(n < 2000);
    }
}

static void any_failing_call_leaves_the_tape_as_it_was(void **state)
{
    (void)state;
    static const enum fault_kind kinds[] = {FAULT_IO, FAULT_NOSPACE, FAULT_SHORT};
    for (size_t i = 0; i < 3; i++) {
        sweep(kinds[i], false);
        sweep(kinds[i], true);
    }
}

/* Ended at any call, by a kill or by power loss: the same records, whichever form they are in. */
static void a_crash_at_any_call_leaves_the_tape_as_it_was(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        for (uint64_t seed = 0; seed < 12; seed++) {
            struct io_fault *fault = io_fault_new();
            struct records records = {0};
            unit_write(fault, SEGMENT_BYTES, 60, 5, &records);
            io_fault_arm(fault, CALL_ANY, n, seed % 2 ? FAULT_SHORT : FAULT_IO, true);
            enum err err = seal_tape(fault, true, NULL);
            hit = io_fault_has_hit(fault);
            assert_int_equal(err == ERR_OK, !hit);
            io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
            if (seed > 0)
                io_fault_crash(fault, seed * 1000 + n);
            assert_tape(fault, &records);
            unit_write(fault, SEGMENT_BYTES, 10, 5, &records);
            assert_ok(seal_tape(fault, true, NULL));
            assert_tape(fault, &records);
            assert_no_leftover(fault);
            records_release(&records);
            io_fault_free(fault);
        }
        assert_true(n < 2000);
    }
}

/* ---- beside others -------------------------------------------------------------------------- */

/* An io that gives up the tape's beginning before its n-th call. */
struct giving_up {
    struct io io;
    struct io_fault *fault;
    uint64_t countdown;
    uint32_t first;
};

static struct giving_up giving;

static void before_call(void)
{
    if (giving.countdown > 0 && --giving.countdown == 0)
        assert_ok(tape_folder_forget(io_fault_io(giving.fault), TAPE, giving.first));
}

static enum err giving_open(void *self, struct io_file **out, const char *path, enum io_mode mode)
{
    before_call();
    return fault_open(self, out, path, mode);
}

static enum err giving_write(struct io_file *file, const void *data, size_t size, uint64_t offset)
{
    before_call();
    return fault_write(file, data, size, offset);
}

static enum err giving_read(struct io_file *file, void *data, size_t size, uint64_t offset,
                            size_t *out_size)
{
    before_call();
    return fault_read(file, data, size, offset, out_size);
}

static enum err giving_sync(struct io_file *file)
{
    before_call();
    return fault_sync(file);
}

static enum err giving_sync_dir(void *self, const char *path)
{
    before_call();
    return fault_sync_dir(self, path);
}

static enum err giving_replace(void *self, const char *from, const char *to)
{
    before_call();
    return fault_replace(self, from, to);
}

static enum err giving_list_dir(void *self, const char *path,
                                enum err (*each)(const char *name, void *arg), void *arg)
{
    before_call();
    enum err err = fault_list_dir(self, path, each, arg);
    before_call();
    return err;
}

static enum err giving_remove(void *self, const char *path)
{
    before_call();
    return fault_remove_file(self, path);
}

static const struct io *give_up_at(struct io_fault *fault, uint64_t n, uint32_t first)
{
    giving = (struct giving_up){*io_fault_io(fault), fault, n, first};
    giving.io.open = giving_open;
    giving.io.write = giving_write;
    giving.io.read = giving_read;
    giving.io.sync = giving_sync;
    giving.io.sync_dir = giving_sync_dir;
    giving.io.replace = giving_replace;
    giving.io.list_dir = giving_list_dir;
    giving.io.remove = giving_remove;
    return &giving.io;
}

static void a_segment_that_is_given_up_does_not_come_back(void **state)
{
    (void)state;
    for (uint32_t first = 2; first <= 4; first++) {
        bool over = false;
        for (uint64_t n = 1; !over; n++) {
            struct io_fault *fault = io_fault_new();
            const struct tape_seal_options options = seal_options(true);
            struct tape_seal_result result;
            struct records records = {0}, read = {0};
            unit_write(fault, 700, 100, 5, &records);
            const unsigned segments = segment_count(fault);
            assert_true(segments > 4);
            assert_ok(tape_seal(give_up_at(fault, n, first), TAPE, &options, &result));
            over = giving.countdown > 0;
            if (!over) {
                for (unsigned i = 1; i <= segments; i++) {
                    char name[TAPE_NAME_SIZE];
                    tape_segment_name(name, i);
                    assert_int_equal(is_there(fault, name), i >= first);
                    if (i >= first)
                        assert_true(is_sealed(fault, i));
                }
                assert_no_leftover(fault);
                assert_err(ERR_END, unit_read(fault, TAPE, false, &read));
                assert_true(read.count > 0);
                for (size_t i = 0; i < read.count; i++)
                    assert_record(&read.items[i], &records.items[records.count - read.count + i]);
            }
            records_release(&records);
            records_release(&read);
            io_fault_free(fault);
            assert_true(n < 2000);
        }
    }
}

/* A reader that has the live segment open goes on with it, and then with sealed ones. */
static void a_reader_goes_on_while_the_tape_is_being_sealed(void **state)
{
    (void)state;
    for (size_t at = 0; at < 60; at += 7) {
        struct io_fault *fault = io_fault_new();
        struct records records = {0};
        const struct tape_reader_options options = {0};
        struct tape_reader *reader = NULL;
        struct record record;
        unit_write(fault, SEGMENT_BYTES, 60, 5, &records);
        assert_ok(tape_reader_open(&reader, io_fault_io(fault), TAPE, &options));
        for (size_t i = 0; i < 60; i++) {
            if (i == at)
                assert_ok(seal_tape(fault, true, NULL));
            assert_ok(tape_reader_next(reader, &record));
            assert_record(&record, &records.items[i]);
        }
        assert_err(ERR_END, tape_reader_next(reader, &record));
        unit_write(fault, SEGMENT_BYTES, 5, 5, &records);
        for (size_t i = 60; i < 65; i++) {
            assert_ok(tape_reader_next(reader, &record));
            assert_record(&record, &records.items[i]);
        }
        tape_reader_close(reader);
        records_release(&records);
        io_fault_free(fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_divides_by_lane),
        cmocka_unit_test(a_chunk_takes_one_record_of_any_size),
        cmocka_unit_test(the_bytes_are_those_of_the_format),
        cmocka_unit_test(a_chunk_begins_where_numbers_jump),
        cmocka_unit_test(a_chunk_ends_when_it_is_full),
        cmocka_unit_test(a_sealed_tape_reads_the_same),
        cmocka_unit_test(the_result_counts_what_was_sealed),
        cmocka_unit_test(the_same_segment_makes_the_same_bytes),
        cmocka_unit_test(every_record_is_judged_once_in_order),
        cmocka_unit_test(every_kind_of_record_comes_back),
        cmocka_unit_test(a_segment_without_records_is_sealed),
        cmocka_unit_test(a_segment_that_may_grow_stays_live),
        cmocka_unit_test(a_torn_tail_does_not_keep_a_segment_from_being_sealed),
        cmocka_unit_test(a_damaged_segment_stays_and_all_others_are_sealed),
        cmocka_unit_test(a_segment_that_was_cut_short_is_damaged),
        cmocka_unit_test(what_is_no_tape_is_told),
        cmocka_unit_test(only_one_seals_at_a_time),
        cmocka_unit_test(asked_to_stop_it_leaves_whole_segments_only),
        cmocka_unit_test(a_writer_goes_on_behind_a_sealed_segment),
        cmocka_unit_test(a_writer_refuses_a_damaged_sealed_segment),
        cmocka_unit_test(any_failing_call_leaves_the_tape_as_it_was),
        cmocka_unit_test(a_crash_at_any_call_leaves_the_tape_as_it_was),
        cmocka_unit_test(a_segment_that_is_given_up_does_not_come_back),
        cmocka_unit_test(a_reader_goes_on_while_the_tape_is_being_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
