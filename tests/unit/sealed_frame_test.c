/* sealed_frame: the bytes as sealed_format.h draws them, and forged ones. */
#include "tests/unit/unit.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/sealed_frame.h"
#include "engine/tape/tape_frame.h"

static struct sealed_lane_header sample_header(void)
{
    return (struct sealed_lane_header){
        .chunk = 3,
        .salt = 0x1122334455667788,
        .chunk_first_seq = 1000,
        .chunk_count = 500,
        .record_count = 120,
        .block = 2,
        .block_count = 9,
        .columns_size = 311,
        .columns_content = 420,
        .columns_crc = 0xAABBCCDD,
        .payloads_size = 5000,
        .payloads_bytes = 25000,
        .payloads_crc = 0x01020304,
        .wall_min_ns = -5,
        .wall_max_ns = 1700000000000000000,
        .connection_max = 17,
        .behind_hole = true,
        .lane = {.type = RECORD_RECEIVED,
                 .role = LANE_TRADES,
                 .rules = 0x0102,
                 .venue = "binance",
                 .channel = "aggTrade",
                 .symbol = "BTCUSDT"},
    };
}

static struct buf put_header(struct sealed_lane_header header)
{
    struct buf buf;
    buf_init(&buf, 4096);
    assert_ok(sealed_lane_header_put(&buf, &header));
    assert_int_equal(buf.size, header.size);
    return buf;
}

static void renew_crc(uint8_t *bytes, size_t size)
{
    bytes_put_u32(bytes + size - 4, crc32c(0, bytes, size - 4));
}

static void lane_header_has_the_drawn_bytes(void **state)
{
    (void)state;
    struct buf buf = put_header(sample_header());
    const uint8_t *p = buf.data;
    assert_int_equal(buf.size, 96 + 7 + 8 + 7 + 4);
    assert_int_equal(bytes_get_u32(p), 0x184D2A53);
    assert_int_equal(bytes_get_u32(p + 4), buf.size - 8);
    assert_memory_equal(p + 8, "RWKL", 4);
    assert_int_equal(bytes_get_u32(p + 12), 3);
    assert_true(bytes_get_u64(p + 16) == 0x1122334455667788);
    assert_int_equal(bytes_get_u64(p + 24), 1000);
    assert_int_equal(bytes_get_u32(p + 32), 500);
    assert_int_equal(bytes_get_u32(p + 36), 120);
    assert_int_equal(bytes_get_u16(p + 40), 2);
    assert_int_equal(bytes_get_u16(p + 42), 9);
    assert_int_equal(bytes_get_u32(p + 44), 311);
    assert_int_equal(bytes_get_u32(p + 48), 420);
    assert_int_equal(bytes_get_u32(p + 52), 0xAABBCCDD);
    assert_int_equal(bytes_get_u32(p + 56), 5000);
    assert_int_equal(bytes_get_u32(p + 60), 25000);
    assert_int_equal(bytes_get_u32(p + 64), 0x01020304);
    assert_int_equal(p[68], 1);
    assert_int_equal(p[69], 2);
    assert_int_equal(bytes_get_u16(p + 70), 0x0102);
    assert_true(bytes_get_i64(p + 72) == -5);
    assert_true(bytes_get_i64(p + 80) == 1700000000000000000);
    assert_int_equal(bytes_get_u32(p + 88), 17);
    assert_int_equal(p[92], 1);
    assert_int_equal(p[93], 7);
    assert_int_equal(p[94], 8);
    assert_int_equal(p[95], 7);
    assert_memory_equal(p + 96, "binanceaggTradeBTCUSDT", 22);
    assert_int_equal(bytes_get_u32(p + 118), crc32c(0, p, 118));
    buf_release(&buf);
}

static void lane_header_comes_back(void **state)
{
    (void)state;
    struct sealed_lane_header header = sample_header(), back;
    struct buf buf = put_header(header);
    header.size = (uint32_t)buf.size;
    assert_int_equal(sealed_lane_header_size(buf.data), buf.size);
    assert_null(sealed_lane_header_parse(&back, buf.data, buf.size));
    assert_int_equal(back.size, header.size);
    assert_int_equal(back.chunk, header.chunk);
    assert_true(back.salt == header.salt);
    assert_true(back.chunk_first_seq == header.chunk_first_seq);
    assert_int_equal(back.chunk_count, header.chunk_count);
    assert_int_equal(back.record_count, header.record_count);
    assert_int_equal(back.block, header.block);
    assert_int_equal(back.block_count, header.block_count);
    assert_int_equal(back.columns_size, header.columns_size);
    assert_int_equal(back.columns_content, header.columns_content);
    assert_int_equal(back.columns_crc, header.columns_crc);
    assert_int_equal(back.payloads_size, header.payloads_size);
    assert_int_equal(back.payloads_bytes, header.payloads_bytes);
    assert_int_equal(back.payloads_crc, header.payloads_crc);
    assert_true(back.wall_min_ns == header.wall_min_ns);
    assert_true(back.wall_max_ns == header.wall_max_ns);
    assert_int_equal(back.connection_max, header.connection_max);
    assert_true(back.behind_hole);
    assert_int_equal(back.lane.type, header.lane.type);
    assert_int_equal(back.lane.role, header.lane.role);
    assert_int_equal(back.lane.rules, header.lane.rules);
    assert_string_equal(back.lane.venue, "binance");
    assert_string_equal(back.lane.channel, "aggTrade");
    assert_string_equal(back.lane.symbol, "BTCUSDT");
    buf_release(&buf);
}

/* The longest names and none at all. */
static void lane_header_holds_names_of_all_lengths(void **state)
{
    (void)state;
    struct sealed_lane_header header = sample_header(), back;
    memset(&header.lane.venue, 'v', RECORD_VENUE_MAX - 1);
    memset(&header.lane.channel, 'c', LANE_TEXT_MAX - 1);
    memset(&header.lane.symbol, 's', LANE_TEXT_MAX - 1);
    struct buf buf = put_header(header);
    assert_int_equal(sealed_lane_header_size(buf.data), 96 + 31 + 63 + 63 + 4);
    assert_null(sealed_lane_header_parse(&back, buf.data, buf.size));
    assert_string_equal(back.lane.venue, header.lane.venue);
    assert_string_equal(back.lane.symbol, header.lane.symbol);
    buf_release(&buf);

    header.lane = (struct tape_lane){.type = RECORD_TICK, .role = LANE_CONTROL};
    header.payloads_size = header.payloads_bytes = header.payloads_crc = 0;
    buf = put_header(header);
    assert_int_equal(sealed_lane_header_size(buf.data), 100);
    assert_null(sealed_lane_header_parse(&back, buf.data, buf.size));
    assert_string_equal(back.lane.venue, "");
    assert_string_equal(back.lane.channel, "");
    assert_string_equal(back.lane.symbol, "");
    buf_release(&buf);
}

/* The size says by itself whether a parse may be tried; then no bit may differ. */
static void every_changed_bit_of_a_lane_header_is_noticed(void **state)
{
    (void)state;
    struct buf buf = put_header(sample_header());
    struct sealed_lane_header back;
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        buf.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (sealed_lane_header_size(buf.data) == buf.size)
            assert_non_null(sealed_lane_header_parse(&back, buf.data, buf.size));
        buf.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_null(sealed_lane_header_parse(&back, buf.data, buf.size));
    buf_release(&buf);
}

static void lane_header_sizes_have_limits(void **state)
{
    (void)state;
    uint8_t prefix[8];
    bytes_put_u32(prefix, 0x184D2A53);
    bytes_put_u32(prefix + 4, 92);
    assert_int_equal(sealed_lane_header_size(prefix), 100);
    bytes_put_u32(prefix + 4, 91);
    assert_int_equal(sealed_lane_header_size(prefix), 0);
    bytes_put_u32(prefix + 4, 92 + 31 + 63 + 63);
    assert_int_equal(sealed_lane_header_size(prefix), 257);
    bytes_put_u32(prefix + 4, 92 + 31 + 63 + 63 + 1);
    assert_int_equal(sealed_lane_header_size(prefix), 0);
    bytes_put_u32(prefix + 4, UINT32_MAX);
    assert_int_equal(sealed_lane_header_size(prefix), 0);
    bytes_put_u32(prefix, 0x184D2A51);
    bytes_put_u32(prefix + 4, 92);
    assert_int_equal(sealed_lane_header_size(prefix), 0);
}

/* A right checksum over numbers that cannot be. */
static void forged_lane_headers_are_refused(void **state)
{
    (void)state;
    const struct {
        size_t offset, width;
        uint64_t value;
    } forged[] = {
        {12, 4, SEALED_CHUNKS_MAX},
        {24, 8, 0},
        {24, 8, UINT64_MAX - 499},
        {32, 4, 0},
        {32, 4, 119}, /* fewer than the block's */
        {32, 4, 127}, /* eight other blocks need a record each */
        {32, 4, SEALED_CHUNK_RECORDS_MAX + 1},
        {36, 4, 0},
        {36, 4, 501},
        {40, 2, 9},
        {42, 2, 0},
        {44, 4, 0},
        {44, 4, SEALED_FRAME_MAX + 1},
        {48, 4, 0},
        {48, 4, SEALED_COLUMNS_MAX + 1},
        {56, 4, 0},
        {56, 4, SEALED_FRAME_MAX + 1},
        {60, 4, 0},
        {60, 4, SEALED_CHUNK_BYTES_MAX + 1},
        {68, 1, 0},
        {68, 1, RECORD_TICK}, /* nothing received, and yet trades */
        {69, 1, LANE_CONTROL},
        {69, 1, 4},
        {72, 8, 1700000000000000001},
        {80, 8, (uint64_t)INT64_MIN},
        {93, 1, 6},
        {93, 1, 8},
        {94, 1, 64},
        {95, 1, 255},
        {97, 1, 0}, /* a zero byte in the venue's name */
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        struct buf buf = put_header(sample_header());
        struct sealed_lane_header back;
        memcpy(buf.data + forged[i].offset, &forged[i].value, forged[i].width);
        renew_crc(buf.data, buf.size);
        const char *reason = sealed_lane_header_parse(&back, buf.data, buf.size);
        if (!reason)
            fail_msg("case %zu was taken", i);
        assert_string_equal(reason, "lane header has impossible numbers");
        buf_release(&buf);
    }
}

static const struct sealed_chunk sample_chunks[] = {
    {76, 1, 65536, 7, SEALED_KIND_TALK | 1u << RECORD_RECEIVED, -3, 44, 1048576},
    {5000, 65537, 1, 1, 1u << RECORD_TICK, 50, 50, 0},
    {5100, 70000, 12, 12, 1u << RECORD_RECEIVED, INT64_MIN, INT64_MAX, SEALED_CHUNK_BYTES_MAX},
};

static struct buf put_index(uint32_t count)
{
    struct buf buf;
    buf_init(&buf, 4096);
    assert_ok(sealed_index_put(&buf, 99, sample_chunks, count));
    return buf;
}

static void index_has_the_drawn_bytes_and_comes_back(void **state)
{
    (void)state;
    for (uint32_t count = 0; count <= 3; count++) {
        struct buf buf = put_index(count);
        const uint8_t *p = buf.data, *chunks = NULL;
        uint32_t back = 77;
        assert_int_equal(buf.size, 24 + 48 * count + 4);
        assert_int_equal(bytes_get_u32(p), 0x184D2A54);
        assert_int_equal(bytes_get_u32(p + 4), buf.size - 8);
        assert_memory_equal(p + 8, "RWKI", 4);
        assert_int_equal(bytes_get_u32(p + 12), count);
        assert_int_equal(bytes_get_u64(p + 16), 99);
        assert_null(sealed_index_parse(99, buf.data, buf.size, &chunks, &back));
        assert_int_equal(back, count);
        for (uint32_t i = 0; i < count; i++) {
            const struct sealed_chunk is = sealed_chunk_get(chunks, i);
            const struct sealed_chunk *should = &sample_chunks[i];
            assert_true(is.offset == should->offset && is.first_seq == should->first_seq);
            assert_int_equal(is.record_count, should->record_count);
            assert_int_equal(is.block_count, should->block_count);
            assert_int_equal(is.kinds, should->kinds);
            assert_true(is.wall_min_ns == should->wall_min_ns);
            assert_true(is.wall_max_ns == should->wall_max_ns);
            assert_true(is.bytes == should->bytes);
        }
        buf_release(&buf);
    }
    struct buf buf = put_index(3);
    const uint8_t *entry = buf.data + 24;
    assert_int_equal(bytes_get_u64(entry), 76);
    assert_int_equal(bytes_get_u64(entry + 8), 1);
    assert_int_equal(bytes_get_u32(entry + 16), 65536);
    assert_int_equal(bytes_get_u16(entry + 20), 7);
    assert_int_equal(bytes_get_u16(entry + 22), 0x8002);
    assert_true(bytes_get_i64(entry + 24) == -3);
    assert_int_equal(bytes_get_i64(entry + 32), 44);
    assert_int_equal(bytes_get_u64(entry + 40), 1048576);
    buf_release(&buf);
}

static void every_changed_bit_of_an_index_is_noticed(void **state)
{
    (void)state;
    struct buf buf = put_index(3);
    const uint8_t *chunks = NULL;
    uint32_t count = 0;
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        buf.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_non_null(sealed_index_parse(99, buf.data, buf.size, &chunks, &count));
        buf.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < buf.size; size++)
        assert_non_null(sealed_index_parse(99, buf.data, size, &chunks, &count));
    assert_non_null(sealed_index_parse(98, buf.data, buf.size, &chunks, &count));
    assert_null(sealed_index_parse(99, buf.data, buf.size, &chunks, &count));
    buf_release(&buf);
}

static void forged_indexes_are_refused(void **state)
{
    (void)state;
    const size_t first = 24, second = 24 + 48;
    const struct {
        size_t offset, width;
        uint64_t value;
    } forged[] = {
        {12, 4, 2},
        {12, 4, 4},
        {12, 4, UINT32_MAX},
        {first, 8, 75},                              /* inside the segment header */
        {second, 8, 76},                             /* where the first is */
        {second, 8, UINT64_MAX},                     /* and no room for the third */
        {first + 8, 8, 0},                           /* no number */
        {first + 8, 8, 2},                           /* reaches into the second */
        {second + 8, 8, UINT64_MAX},                 /* numbers run over */
        {first + 16, 4, 0},                          /* no records */
        {first + 16, 4, UINT32_MAX},                 /* too many */
        {first + 20, 2, 0},                          /* no blocks */
        {second + 20, 2, 2},                         /* more blocks than records */
        {first + 24, 8, 45},                         /* lowest above highest */
        {first + 40, 8, SEALED_CHUNK_BYTES_MAX + 1}, /* too many bytes */
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        struct buf buf = put_index(3);
        const uint8_t *chunks = NULL;
        uint32_t count = 0;
        memcpy(buf.data + forged[i].offset, &forged[i].value, forged[i].width);
        renew_crc(buf.data, buf.size);
        if (!sealed_index_parse(99, buf.data, buf.size, &chunks, &count))
            fail_msg("case %zu was taken", i);
        buf_release(&buf);
    }
}

static const struct sealed_end_mark sample_mark = {
    .number = 12,
    .salt = 0x8877665544332211,
    .next_seq = 123456789012,
    .index_offset = 987654321,
    .block_count = 4321,
    .live_chain = 0xCAFEBABE,
    .first_seq = 123000000000,
    .id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .next_connection = 44,
    .file_crc = 0xFEEDF00D,
};

static void end_mark_has_the_drawn_bytes_and_comes_back(void **state)
{
    (void)state;
    uint8_t p[SEALED_END_MARK_SIZE];
    struct sealed_end_mark back;
    sealed_end_mark_write(p, &sample_mark);
    assert_int_equal(sizeof p, 88);
    assert_int_equal(bytes_get_u32(p), 0x184D2A52);
    assert_int_equal(bytes_get_u32(p + 4), 80);
    assert_memory_equal(p + 8, "RWKF", 4);
    assert_int_equal(bytes_get_u32(p + 12), 12);
    assert_true(bytes_get_u64(p + 16) == 0x8877665544332211);
    assert_true(bytes_get_u64(p + 24) == 123456789012);
    assert_int_equal(bytes_get_u64(p + 32), 987654321);
    assert_int_equal(bytes_get_u32(p + 40), 4321);
    assert_int_equal(bytes_get_u32(p + 44), 0xCAFEBABE);
    assert_true(bytes_get_u64(p + 48) == 123000000000);
    assert_memory_equal(p + 56, sample_mark.id, 16);
    assert_int_equal(bytes_get_u32(p + 72), 44);
    assert_int_equal(bytes_get_u32(p + 76), 0);
    assert_int_equal(bytes_get_u32(p + 80), 0xFEEDF00D);
    assert_int_equal(bytes_get_u32(p + 84), crc32c(0, p, 84));

    assert_null(sealed_end_mark_parse(&back, p));
    assert_int_equal(back.number, sample_mark.number);
    assert_true(back.salt == sample_mark.salt);
    assert_true(back.next_seq == sample_mark.next_seq);
    assert_true(back.index_offset == sample_mark.index_offset);
    assert_int_equal(back.block_count, sample_mark.block_count);
    assert_int_equal(back.live_chain, sample_mark.live_chain);
    assert_true(back.first_seq == sample_mark.first_seq);
    assert_memory_equal(back.id, sample_mark.id, 16);
    assert_int_equal(back.next_connection, sample_mark.next_connection);
    assert_int_equal(back.file_crc, sample_mark.file_crc);
}

static void changed_and_forged_end_marks_are_refused(void **state)
{
    (void)state;
    uint8_t p[SEALED_END_MARK_SIZE];
    struct sealed_end_mark back;
    sealed_end_mark_write(p, &sample_mark);
    for (size_t bit = 0; bit < 8 * sizeof p; bit++) {
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_non_null(sealed_end_mark_parse(&back, p));
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    struct sealed_end_mark marks[5];
    for (size_t i = 0; i < 5; i++)
        marks[i] = sample_mark;
    marks[0].number = 0;
    marks[1].first_seq = 0;
    marks[2].next_seq = sample_mark.first_seq - 1;
    marks[3].index_offset = 75;
    marks[4].next_connection = 0;
    for (size_t i = 0; i < 5; i++) {
        sealed_end_mark_write(p, &marks[i]);
        assert_string_equal(sealed_end_mark_parse(&back, p), "end mark has impossible numbers");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lane_header_has_the_drawn_bytes),
        cmocka_unit_test(lane_header_comes_back),
        cmocka_unit_test(lane_header_holds_names_of_all_lengths),
        cmocka_unit_test(every_changed_bit_of_a_lane_header_is_noticed),
        cmocka_unit_test(lane_header_sizes_have_limits),
        cmocka_unit_test(forged_lane_headers_are_refused),
        cmocka_unit_test(index_has_the_drawn_bytes_and_comes_back),
        cmocka_unit_test(every_changed_bit_of_an_index_is_noticed),
        cmocka_unit_test(forged_indexes_are_refused),
        cmocka_unit_test(end_mark_has_the_drawn_bytes_and_comes_back),
        cmocka_unit_test(changed_and_forged_end_marks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
