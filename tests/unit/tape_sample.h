/* tape_sample: tapes for tests: makes records, writes tapes of them in memory, reads them back,
 * compares. */
#ifndef REWICK_TESTS_UNIT_TAPE_SAMPLE_H
#define REWICK_TESTS_UNIT_TAPE_SAMPLE_H

#include "tests/unit/unit.h"

#include "engine/tape/tape_reader.h"
#include "engine/tape/tape_writer.h"
#include "tests/unit/io_fault.h"

#define TAPE "tape"

/* Records with memory of their own. */
struct records {
    size_t count, capacity;
    struct record *items;
};

static inline void records_add(struct records *records, const struct record *record)
{
    if (records->count == records->capacity) {
        records->capacity = records->capacity ? 2 * records->capacity : 64;
        records->items = realloc(records->items, records->capacity * sizeof *records->items);
    }
    struct record *copy = &records->items[records->count++];
    uint8_t *data = malloc(record->size + 1);
    if (record->size > 0)
        memcpy(data, record->data, record->size);
    *copy = *record;
    copy->data = data;
    copy->venue = strdup(record->venue);
}

static inline void records_release(struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        union {
            const void *in;
            void *out;
        } data = {records->items[i].data}, venue = {records->items[i].venue};
        free(data.out);
        free(venue.out);
    }
    free(records->items);
    *records = (struct records){0};
}

static inline void assert_record(const struct record *is, const struct record *should)
{
    assert_int_equal(is->seq, should->seq);
    assert_int_equal(is->type, should->type);
    assert_int_equal(is->flags, should->flags);
    assert_string_equal(is->venue, should->venue);
    assert_int_equal(is->connection, should->connection);
    assert_true(is->wall_ns == should->wall_ns);
    assert_true(is->mono_ns == should->mono_ns);
    assert_true(is->source_ns == should->source_ns);
    assert_int_equal(is->size, should->size);
    if (should->size > 0)
        assert_memory_equal(is->data, should->data, should->size);
}

/* A record like those of a feed; `text` must outlive it. */
static inline struct record feed_record(unsigned i, const char *text)
{
    return (struct record){
        .type = i % 7 == 0 ? RECORD_TICK : RECORD_RECEIVED,
        .flags = i % 5 == 0 ? RECORD_BINARY : 0,
        .venue = i % 3 == 0 ? "kraken" : "binance",
        .connection = 1 + i % 3,
        .wall_ns = INT64_C(1700000000000000000) + (int64_t)i * 1234567,
        .mono_ns = INT64_C(5000000000) + (int64_t)i * 1234567,
        .source_ns =
            i % 4 == 0 ? RECORD_NO_TIME : INT64_C(1700000000000000000) + (int64_t)i * 1234000 - 5,
        .data = (const uint8_t *)text,
        .size = strlen(text),
    };
}

static inline struct tape_writer_options unit_options(uint64_t segment_bytes)
{
    return (struct tape_writer_options){
        .segment_bytes = segment_bytes,
        .wall_ns = 1700000000000000000,
        .random = {11, 22, 33, 44},
    };
}

/* Appends `count` feed records in blocks of `per_block`; keeps copies in `records` (may be NULL).
 */
static inline void unit_append(struct tape_writer *writer, unsigned count, unsigned per_block,
                               struct records *records)
{
    for (unsigned i = 0; i < count; i++) {
        char text[80];
        unsigned number = (unsigned)tape_writer_next_seq(writer);
        snprintf(text, sizeof text, "{\"e\":\"trade\",\"t\":%u,\"p\":\"%u.5\"}", number,
                 number * 7919 % 10007);
        struct record record = feed_record(number, text);
        assert_ok(tape_writer_append(writer, &record));
        if (records)
            records_add(records, &record);
        if (i % per_block == per_block - 1)
            assert_ok(tape_writer_flush(writer));
    }
    assert_ok(tape_writer_flush(writer));
}

static inline void unit_write(struct io_fault *fault, uint64_t segment_bytes, unsigned count,
                              unsigned per_block, struct records *records)
{
    struct tape_writer_options options = unit_options(segment_bytes);
    struct tape_writer *writer = NULL;
    assert_ok(tape_writer_open(&writer, io_fault_io(fault), TAPE, &options));
    unit_append(writer, count, per_block, records);
    assert_ok(tape_writer_close(writer));
}

/* Reads until something other than a record comes, and gives that. Records are copied when wanted.
 */
static inline enum err unit_read(struct io_fault *fault, const char *path, bool salvage,
                                 struct records *records)
{
    struct tape_reader_options options = {.salvage = salvage};
    struct tape_reader *reader = NULL;
    struct record record;
    enum err err = tape_reader_open(&reader, io_fault_io(fault), path, &options);
    while (err == ERR_OK) {
        err = tape_reader_next(reader, &record);
        if (err == ERR_OK)
            records_add(records, &record);
    }
    tape_reader_close(reader);
    return err;
}

/* Each of `is` is one of `should`, which are numbered from 1, unchanged and in order. */
static inline void assert_all_true(const struct records *is, const struct records *should)
{
    uint64_t before = 0;
    for (size_t i = 0; i < is->count; i++) {
        uint64_t seq = is->items[i].seq;
        assert_true(seq > before && seq <= should->count);
        assert_record(&is->items[i], &should->items[seq - 1]);
        before = seq;
    }
}

/* `is` are the first of `should`. */
static inline void assert_prefix(const struct records *is, const struct records *should)
{
    assert_all_true(is, should);
    assert_true(is->count == 0 || is->items[is->count - 1].seq == is->count);
}

static inline void unit_path(char path[64], unsigned segment)
{
    snprintf(path, 64, TAPE "/%08u.rwk.zst", segment);
}

#endif
