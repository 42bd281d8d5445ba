/* tape_encoder, tape_decoder and the frame headers: the bytes as tape_format.h draws them, and
 * forged ones. */
#include "tests/unit/tape_sample.h"

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/tape/column.h"
#include "engine/tape/tape_decoder.h"
#include "engine/tape/tape_encoder.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/varint.h"

#include <zstd.h>

/* A block in memory of its own. */
struct block {
    uint8_t *bytes;
    size_t size;
    struct tape_block_header header;
};

static void parse_block(struct block *block)
{
    uint32_t size = tape_block_header_size(block->bytes);
    assert_true(size > 0);
    assert_null(tape_block_header_parse(&block->header, block->bytes, size));
    assert_int_equal(size + block->header.frame_size, block->size);
}

static struct block make_block(const struct record *records, size_t count)
{
    struct tape_encoder *encoder = NULL;
    struct tape_block_place place = {.salt = 7, .first_seq = 100, .chain = 9, .flags = 0};
    const uint8_t *bytes = NULL;
    struct block block = {0};
    uint32_t crc = 0;
    assert_ok(tape_encoder_new(&encoder, 3));
    for (size_t i = 0; i < count; i++)
        assert_ok(tape_encoder_add(encoder, &records[i]));
    assert_ok(tape_encoder_finish(encoder, &place, &bytes, &block.size, &crc));
    block.bytes = malloc(block.size);
    memcpy(block.bytes, bytes, block.size);
    tape_encoder_free(encoder);
    parse_block(&block);
    assert_int_equal(block.header.crc, crc);
    return block;
}

static struct block make_feed_block(void)
{
    struct record records[6];
    static const char *const texts[6] = {"first", "", "third one", "4", "{\"p\":1}", "\n\n"};
    for (unsigned i = 0; i < 6; i++)
        records[i] = feed_record(i, texts[i]);
    return make_block(records, 6);
}

/* A block of one record "a" of source 0 with this table, sums right. */
static struct block make_table_block(uint16_t flags, const void *table, size_t size)
{
    static const uint8_t source[] = {0, 0, 0, 0, 1, 'v'};
    struct block block = {.bytes = calloc(1, 72 + sizeof source + size + 4 + 64)};
    uint8_t *p = block.bytes + 72;
    memcpy(p, source, sizeof source);
    memcpy(p + sizeof source, table, size);
    uint8_t *frame = p + sizeof source + size + 4;
    struct tape_block_header header = {
        .size = (uint32_t)(frame - block.bytes),
        .record_count = 1,
        .first_seq = 100,
        .wall_ns = 5,
        .mono_ns = 6,
        .content_size = 2,
        .source_count = 1,
        .flags = flags,
        .table_size = (uint32_t)size,
    };
    header.frame_size = (uint32_t)ZSTD_compress(frame, 64, "a\n", 2, 1);
    header.frame_crc = crc32c(0, frame, header.frame_size);
    tape_block_header_write(block.bytes, &header);
    block.size = header.size + header.frame_size;
    return block;
}

static enum err decode(struct tape_decoder *decoder, const struct block *block, const char **reason)
{
    const struct record *records = NULL;
    *reason = NULL;
    enum err err = tape_decoder_decode(decoder, &block->header, block->bytes + block->header.size,
                                       &records, reason);
    /* Touches all that was given out, for the sanitizers. */
    uint64_t sum = 0;
    for (uint32_t i = 0; err == ERR_OK && i < block->header.record_count; i++) {
        sum += strlen(records[i].venue);
        for (size_t j = 0; j < records[i].size; j++)
            sum += records[i].data[j];
    }
    assert_true(sum < UINT64_MAX);
    assert_int_equal(err == ERR_DAMAGED, *reason != NULL);
    return err;
}

static void the_bytes_of_a_block_are_as_drawn(void **state)
{
    (void)state;
    const struct record records[2] = {
        {.type = RECORD_RECEIVED,
         .flags = RECORD_BINARY,
         .venue = "kraken",
         .connection = 5,
         .wall_ns = 1000,
         .mono_ns = 2000,
         .source_ns = 990,
         .data = (const uint8_t *)"ab",
         .size = 2},
        {.type = RECORD_TICK,
         .venue = "",
         .connection = 0,
         .wall_ns = 900,
         .mono_ns = 2064,
         .source_ns = RECORD_NO_TIME},
    };
    static const uint8_t sources[] = {5, 0, 0, 0, 6, 'k', 'r', 'a', 'k', 'e', 'n', 0, 0, 0, 0, 0};
    static const int64_t columns[TAPE_COLUMNS][2] = {{1, 4},    {0x81, 0}, {0, 1}, {2, 0},
                                                     {0, -100}, {0, 164},  {-10}};
    struct block block = make_block(records, 2);
    const uint8_t *b = block.bytes;
    const size_t table_size = bytes_get_u32(b + 68);
    const size_t header_size = 72 + sizeof sources + table_size + 4;
    assert_int_equal(bytes_get_u32(b), 0x184D2A51);
    assert_int_equal(bytes_get_u32(b + 4), header_size - 8);
    assert_memory_equal(b + 8, "RWKB", 4);
    assert_int_equal(bytes_get_u32(b + 12), 2);
    assert_int_equal(bytes_get_u64(b + 16), 7);
    assert_int_equal(bytes_get_u64(b + 24), 100);
    assert_int_equal(bytes_get_i64(b + 32), 1000);
    assert_int_equal(bytes_get_i64(b + 40), 2000);
    assert_int_equal(bytes_get_u32(b + 48), block.size - header_size);
    assert_int_equal(bytes_get_u32(b + 52), 4); /* "ab\n\n" */
    assert_int_equal(bytes_get_u32(b + 56), crc32c(0, b + header_size, block.size - header_size));
    assert_int_equal(bytes_get_u32(b + 60), 9);
    assert_int_equal(bytes_get_u16(b + 64), 2);
    assert_int_equal(bytes_get_u16(b + 66), 2); /* columns, not worth compressing */
    assert_memory_equal(b + 72, sources, sizeof sources);
    const uint8_t *table = b + 72 + sizeof sources, *table_end = table + table_size;
    for (int i = 0; i < TAPE_COLUMNS; i++) {
        int64_t numbers[2] = {0, 0};
        table = column_get(table, table_end, numbers, i == TAPE_COLUMN_SOURCE_TIME ? 1 : 2);
        assert_non_null(table);
        assert_true(numbers[0] == columns[i][0] && numbers[1] == columns[i][1]);
    }
    assert_ptr_equal(table, table_end);
    assert_int_equal(bytes_get_u32(b + header_size - 4), crc32c(0, b, header_size - 4));
    char content[16];
    assert_int_equal(
        ZSTD_decompress(content, sizeof content, b + header_size, block.size - header_size), 4);
    assert_memory_equal(content, "ab\n\n", 4);
    free(block.bytes);
}

static void the_bytes_of_segment_header_and_end_mark_are_as_drawn(void **state)
{
    (void)state;
    struct tape_segment_header header = {
        .version = 2,
        .number = 0x01020304,
        .id = "ABCDEFGHIJKLMNO",
        .salt = 0x1112131415161718,
        .first_seq = 0x2122232425262728,
        .next_connection = 0x31323334,
        .chain = 0x41424344,
        .wall_ns = -2,
    };
    uint8_t b[TAPE_SEGMENT_HEADER_SIZE], e[TAPE_END_MARK_SIZE];
    tape_segment_header_write(b, &header);
    assert_int_equal(sizeof b, 76);
    assert_int_equal(bytes_get_u32(b), 0x184D2A50);
    assert_int_equal(bytes_get_u32(b + 4), 68);
    assert_memory_equal(b + 8, "RWKTAPE", 8);
    assert_int_equal(bytes_get_u16(b + 16), 2);
    assert_int_equal(bytes_get_u16(b + 18), 0);
    assert_int_equal(bytes_get_u32(b + 20), 0x01020304);
    assert_memory_equal(b + 24, "ABCDEFGHIJKLMNO", 16);
    assert_int_equal(bytes_get_u64(b + 40), 0x1112131415161718);
    assert_int_equal(bytes_get_u64(b + 48), 0x2122232425262728);
    assert_int_equal(bytes_get_u32(b + 56), 0x31323334);
    assert_int_equal(bytes_get_u32(b + 60), 0x41424344);
    assert_int_equal(bytes_get_i64(b + 64), -2);
    assert_int_equal(bytes_get_u32(b + 72), crc32c(0, b, 72));
    assert_int_equal(header.crc, crc32c(0, b, 72));
    struct tape_end_mark mark = {.salt = 1, .next_seq = 2, .block_count = 3, .chain = 4};
    tape_end_mark_write(e, &mark);
    assert_int_equal(sizeof e, 44);
    assert_int_equal(bytes_get_u32(e), 0x184D2A52);
    assert_int_equal(bytes_get_u32(e + 4), 36);
    assert_memory_equal(e + 8, "RWKE\0\0\0\0", 8);
    assert_int_equal(bytes_get_u64(e + 16), 1);
    assert_int_equal(bytes_get_u64(e + 24), 2);
    assert_int_equal(bytes_get_u32(e + 32), 3);
    assert_int_equal(bytes_get_u32(e + 36), 4);
    assert_int_equal(bytes_get_u32(e + 40), crc32c(0, e, 40));
}

/* Version 1 says nothing at byte 18; in version 2 there are two kinds. */
static void the_kind_of_a_segment_is_told(void **state)
{
    (void)state;
    static const struct {
        uint16_t version, kind;
        const char *reason;
        bool sealed;
    } cases[] = {
        {1, 0, NULL, false},
        {1, 1, NULL, false},
        {2, 0, NULL, false},
        {2, 1, NULL, true},
        {2, 2, TAPE_REASON_NEWER, false},
        {3, 0, TAPE_REASON_NEWER, false},
        {0, 0, "segment header has an impossible version", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tape_segment_header header = {
            .version = cases[i].version, .number = 1, .first_seq = 1, .next_connection = 1};
        uint8_t b[TAPE_SEGMENT_HEADER_SIZE];
        tape_segment_header_write(b, &header);
        bytes_put_u16(b + 18, cases[i].kind);
        bytes_put_u32(b + 72, crc32c(0, b, 72));
        const char *reason = tape_segment_header_parse(&header, b, sizeof b);
        assert_true(reason == cases[i].reason || strcmp(reason, cases[i].reason) == 0);
        if (!reason)
            assert_int_equal(header.sealed, cases[i].sealed);
    }
}

static void varints_are_leb128(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        size_t size;
        uint8_t bytes[10];
    } cases[] = {
        {0, 1, {0}},
        {127, 1, {127}},
        {128, 2, {0x80, 1}},
        {300, 2, {0xAC, 2}},
        {UINT64_MAX, 10, {255, 255, 255, 255, 255, 255, 255, 255, 255, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[VARINT_SIZE_MAX];
        uint64_t value = 1;
        assert_ptr_equal(varint_put(bytes, cases[i].value), bytes + cases[i].size);
        assert_memory_equal(bytes, cases[i].bytes, cases[i].size);
        assert_ptr_equal(varint_get(bytes, bytes + cases[i].size, &value), bytes + cases[i].size);
        assert_true(value == cases[i].value);
        for (size_t cut = 0; cut < cases[i].size; cut++)
            assert_null(varint_get(bytes, bytes + cut, &value));
    }
    static const uint8_t too_large[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 2, 0};
    static const uint8_t too_long[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                       0x80, 0x80, 0x80, 0x80, 1};
    uint64_t value;
    assert_null(varint_get(too_large, too_large + sizeof too_large, &value));
    assert_null(varint_get(too_long, too_long + sizeof too_long, &value));
    static const int64_t signs[] = {0, -1, 1, -2, 2};
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(varint_zigzag((uint64_t)signs[i]) == i);
        assert_true(varint_unzigzag(i) == (uint64_t)signs[i]);
    }
    assert_true(varint_zigzag((uint64_t)INT64_MIN) == UINT64_MAX);
}

static void names_of_segments_are_exact(void **state)
{
    (void)state;
    char name[TAPE_NAME_SIZE];
    tape_segment_name(name, 12);
    assert_string_equal(name, "00000012.rwk.zst");
    assert_int_equal(tape_segment_number(name), 12);
    assert_int_equal(tape_segment_number("99999999.rwk.zst"), 99999999);
    static const char *const others[] = {
        "00000000.rwk.zst",  "0000012.rwk.zst", "00000012.rwk", "000000120.rwk.zst", "LOCK", "",
        "00000012.rwk.zstx", "+0000012.rwk.zst"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(tape_segment_number(others[i]), 0);
    assert_true(tape_name_is_temporary("00000012.rwk.zst.tmp"));
    assert_false(tape_name_is_temporary("00000012.rwk.zst"));
    assert_false(tape_name_is_temporary("12.rwk.zst.tmp"));
    char *joined = tape_path_join("a/b//", "c");
    assert_string_equal(joined, "a/b/c");
    free(joined);
}

/* Makes both checksums right again. */
static void seal(struct block *block)
{
    uint32_t size = block->header.size;
    bytes_put_u32(block->bytes + 56, crc32c(0, block->bytes + size, block->size - size));
    bytes_put_u32(block->bytes + size - 4, crc32c(0, block->bytes, size - 4));
}

static void assert_table(uint16_t flags, const void *table, size_t size, const char *reason)
{
    struct block block = make_table_block(flags, table, size);
    struct tape_decoder *decoder = NULL;
    const char *told = NULL;
    parse_block(&block);
    assert_ok(tape_decoder_new(&decoder));
    assert_err(reason ? ERR_DAMAGED : ERR_OK, decode(decoder, &block, &told));
    if (reason)
        assert_string_equal(told, reason);
    tape_decoder_free(decoder);
    free(block.bytes);
}

static void assert_table_refused(const uint8_t *row, size_t size, const char *reason)
{
    assert_table(0, row, size, reason);
}

static void a_wrong_row_is_refused(void **state)
{
    (void)state;
    static const char wrong[] = "record table of the block is wrong";
    static const char unfit[] = "record table and content of the block do not fit";
    assert_table_refused((const uint8_t[]){2, 0x80, 0, 1, 0, 0, 0}, 7, NULL);
    assert_table_refused((const uint8_t[]){200, 0x80, 0, 1, 0, 0, 0}, 7, NULL); /* a later type */
    assert_table_refused((const uint8_t[]){0, 0x80, 0, 1, 0, 0, 0}, 7, wrong);  /* no type */
    assert_table_refused((const uint8_t[]){2, 0x80, 1, 1, 0, 0, 0}, 7, wrong);  /* no such source */
    assert_table_refused((const uint8_t[]){2, 0x80, 0, 2, 0, 0, 0}, 7, wrong);  /* data too long */
    assert_table_refused((const uint8_t[]){2, 0x80, 0, 0, 0, 0, 0}, 7, wrong);  /* no line feed */
    assert_table_refused((const uint8_t[]){2, 0x00, 0, 1, 0, 0, 0}, 7, unfit); /* a byte too much */
    assert_table_refused((const uint8_t[]){2, 0x80, 0, 1, 0, 0, 0x80}, 7,
                         wrong); /* endless number */
    assert_table_refused((const uint8_t[]){2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}, 7, wrong);
}

/* The table of one record: source 5 ns as wall clock base and source time. */
static const int64_t good_numbers[TAPE_COLUMNS] = {2, 0x80, 0, 1, 0, 0, 0};

static void put_numbers(struct buf *out, enum tape_column changed, int64_t number)
{
    buf_clear(out);
    for (enum tape_column i = 0; i < TAPE_COLUMNS; i++)
        assert_ok(column_put(out, i == changed ? &number : &good_numbers[i], 1));
}

static void wrong_numbers_in_columns_are_refused(void **state)
{
    (void)state;
    static const char wrong[] = "record table of the block is wrong";
    static const struct {
        enum tape_column column;
        int64_t number;
        const char *reason;
    } cases[] = {
        {TAPE_COLUMN_TYPE, 2, NULL},
        {TAPE_COLUMN_TYPE, 200, NULL}, /* a later type */
        {TAPE_COLUMN_TYPE, 0, wrong},
        {TAPE_COLUMN_TYPE, 256, wrong},
        {TAPE_COLUMN_TYPE, -1, wrong},
        {TAPE_COLUMN_FLAGS, 0xFF, NULL},
        {TAPE_COLUMN_FLAGS, 0x180, wrong},
        {TAPE_COLUMN_FLAGS, INT64_MIN + 0x80, wrong},
        {TAPE_COLUMN_FLAGS, 0, wrong}, /* a source time too many */
        {TAPE_COLUMN_SOURCE, 1, wrong},
        {TAPE_COLUMN_SOURCE, -1, wrong},
        {TAPE_COLUMN_SIZE, 0, wrong}, /* no line feed there */
        {TAPE_COLUMN_SIZE, 2, wrong},
        {TAPE_COLUMN_SIZE, -1, wrong},
        {TAPE_COLUMN_SIZE, INT64_MAX, wrong},
        {TAPE_COLUMN_WALL, INT64_MIN, NULL},
        {TAPE_COLUMN_MONO, INT64_MAX, NULL},
        {TAPE_COLUMN_SOURCE_TIME, INT64_MAX, NULL},
        {TAPE_COLUMN_SOURCE_TIME, INT64_MIN, NULL},      /* base 5 makes it one */
        {TAPE_COLUMN_SOURCE_TIME, INT64_MAX - 4, wrong}, /* this is "no time" */
    };
    struct buf table;
    buf_init(&table, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_numbers(&table, cases[i].column, cases[i].number);
        assert_table(TAPE_BLOCK_FLAG_COLUMNS, table.data, table.size, cases[i].reason);
    }
    put_numbers(&table, TAPE_COLUMN_TYPE, 2);
    for (size_t cut = 1; cut < table.size; cut++)
        assert_table(TAPE_BLOCK_FLAG_COLUMNS, table.data, cut, wrong);
    assert_ok(buf_append_byte(&table, 0));
    assert_table(TAPE_BLOCK_FLAG_COLUMNS, table.data, table.size,
                 "record table and content of the block do not fit");
    buf_release(&table);
}

static void assert_compressed(const void *frames, size_t size, const char *reason)
{
    assert_table(TAPE_BLOCK_FLAG_COLUMNS | TAPE_BLOCK_FLAG_COMPRESSED, frames, size, reason);
}

static void a_compressed_table_is_one_frame_of_stated_and_bounded_size(void **state)
{
    (void)state;
    static const char wrong[] = "compressed record table of the block is wrong";
    static const size_t huge = TAPE_BLOCK_TABLE_MAX + 1;
    struct buf table;
    uint8_t frames[1024];
    buf_init(&table, 4096);
    put_numbers(&table, TAPE_COLUMN_TYPE, 2);
    size_t size = ZSTD_compress(frames, sizeof frames, table.data, table.size, 1);
    assert_compressed(frames, size, NULL);
    for (size_t cut = 1; cut < size; cut++)
        assert_compressed(frames, cut, wrong);
    frames[size] = 0;
    assert_compressed(frames, size + 1, wrong);
    assert_compressed(table.data, table.size, wrong); /* not compressed */
    /* Two frames; then one that does not state its size. */
    size_t half = ZSTD_compress(frames, sizeof frames, table.data, 5, 1);
    half += ZSTD_compress(frames + half, sizeof frames - half, table.data + 5, table.size - 5, 1);
    assert_compressed(frames, half, wrong);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0)));
    size = ZSTD_compress2(zstd, frames, sizeof frames, table.data, table.size);
    assert_compressed(frames, size, wrong);
    ZSTD_freeCCtx(zstd);
    /* Small, and too large when unpacked. */
    uint8_t *zeros = calloc(1, huge);
    size = ZSTD_compress(frames, sizeof frames, zeros, huge, 1);
    assert_false(ZSTD_isError(size));
    assert_compressed(frames, size, wrong);
    free(zeros);
    buf_release(&table);
}

/* Many records: the table is worth compressing, and comes back as it was. */
static void all_that_a_record_has_comes_back(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct record *records = calloc(COUNT, sizeof *records);
    uint64_t random = 5;
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            records[i] = feed_record(i, i % 100 ? "{}" : "");
            if (round == 0)
                continue;
            records[i].wall_ns = ends[unit_below(&random, 6)];
            records[i].mono_ns = ends[unit_below(&random, 6)];
            records[i].source_ns = ends[unit_below(&random, 6)];
            records[i].connection = (uint32_t)unit_below(&random, 50);
            records[i].type = (enum record_type)(1 + unit_below(&random, 255));
            records[i].flags = (uint8_t)unit_below(&random, 128);
        }
        struct block block = make_block(records, COUNT);
        struct tape_decoder *decoder = NULL;
        const struct record *out = NULL;
        const char *reason = NULL;
        assert_int_equal(block.header.flags, 6);
        assert_ok(tape_decoder_new(&decoder));
        assert_ok(tape_decoder_decode(decoder, &block.header, block.bytes + block.header.size, &out,
                                      &reason));
        for (unsigned i = 0; i < COUNT; i++) {
            records[i].seq = 100 + i;
            assert_record(&out[i], &records[i]);
        }
        tape_decoder_free(decoder);
        free(block.bytes);
    }
    free(records);
}

static void forged_insides_are_refused_or_read_within_bounds(void **state)
{
    (void)state;
    struct tape_decoder *decoder = NULL;
    uint64_t random = 9, refused = 0;
    struct block block = make_feed_block();
    uint8_t *whole = malloc(block.size);
    memcpy(whole, block.bytes, block.size);
    assert_ok(tape_decoder_new(&decoder));
    for (int round = 0; round < 60000; round++) {
        const char *reason = NULL;
        uint32_t size = block.header.size;
        memcpy(block.bytes, whole, block.size);
        for (uint64_t flips = 1 + unit_below(&random, 4); flips > 0; flips--) {
            size_t at = 12 + (size_t)unit_below(&random, block.size - 12);
            block.bytes[at] =
                unit_below(&random, 3) ? (uint8_t)unit_random(&random) : block.bytes[at] ^ 1;
        }
        /* The zstd frame keeps its place, so that the mutated table is what decides. */
        bytes_put_u32(block.bytes + 48, (uint32_t)(block.size - size));
        seal(&block);
        struct block forged = block;
        if (tape_block_header_parse(&forged.header, forged.bytes, size) ||
            decode(decoder, &forged, &reason) != ERR_OK)
            refused++;
    }
    assert_true(refused > 30000);
    memcpy(block.bytes, whole, block.size);
    parse_block(&block);
    const char *reason = NULL;
    assert_ok(decode(decoder, &block, &reason));
    tape_decoder_free(decoder);
    free(whole);
    free(block.bytes);
}

static void two_frames_or_an_empty_one_are_not_one_frame(void **state)
{
    (void)state;
    const struct record record = {
        .type = RECORD_SENT, .venue = "", .data = (const uint8_t *)"ab", .size = 2};
    struct block block = make_block(&record, 1);
    struct tape_decoder *decoder = NULL;
    const char *reason = NULL;
    uint8_t frames[200];
    size_t size = ZSTD_compress(frames, sizeof frames, "a", 1, 1);
    size += ZSTD_compress(frames + size, sizeof frames - size, "b\n", 2, 1);
    block.bytes = realloc(block.bytes, block.header.size + sizeof frames);
    memcpy(block.bytes + block.header.size, frames, size);
    bytes_put_u32(block.bytes + 48, (uint32_t)size);
    block.size = block.header.size + size;
    seal(&block);
    parse_block(&block);
    assert_ok(tape_decoder_new(&decoder));
    assert_err(ERR_DAMAGED, decode(decoder, &block, &reason));
    assert_string_equal(reason, "block does not hold one zstd frame");
    tape_decoder_free(decoder);
    free(block.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_of_a_block_are_as_drawn),
        cmocka_unit_test(the_bytes_of_segment_header_and_end_mark_are_as_drawn),
        cmocka_unit_test(the_kind_of_a_segment_is_told),
        cmocka_unit_test(varints_are_leb128),
        cmocka_unit_test(names_of_segments_are_exact),
        cmocka_unit_test(a_wrong_row_is_refused),
        cmocka_unit_test(wrong_numbers_in_columns_are_refused),
        cmocka_unit_test(a_compressed_table_is_one_frame_of_stated_and_bounded_size),
        cmocka_unit_test(all_that_a_record_has_comes_back),
        cmocka_unit_test(forged_insides_are_refused_or_read_within_bounds),
        cmocka_unit_test(two_frames_or_an_empty_one_are_not_one_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
