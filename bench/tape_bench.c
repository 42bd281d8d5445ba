/*
 * tape_bench: what the live tape costs, on one core: frames in memory -> blocks -> a file, and back
 * to records.
 *
 *   tape_bench [--runs N] [--dir FOLDER]
 *
 * The frames are those of the public hftbacktest recordings in ../shared/captures (Binance: trades,
 * book tickers, depth; as many connections as files), or else such as these, invented. Their
 * receive times are real; the monotonic clock runs beside them with some tens of nanoseconds
 * between the two readings, as a recorder's does. Beside it, in the same run, libzstd at level 3
 * over the lines `receive-ns frame` of the same frames, and its decompression of the same blocks.
 *
 * Prints `name value unit  (lowest..highest)`: medians of N runs (default 7) in the thread's
 * processor time. Nothing is synced. `flush_RATE_...` is what blocks cost that are closed every
 * 100 ms at that many frames per second.
 */
#include "bench/bench.h"
#include "engine/base/clock.h"
#include "engine/base/io.h"
#include "engine/tape/tape_decoder.h"
#include "engine/tape/tape_encoder.h"
#include "engine/tape/tape_writer.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define CAPTURES      "../shared/captures/hftbacktest/"
#define FILE_MAX      ((size_t)256 << 20)
#define RUNS_MAX      99
#define MADE_FRAMES   200000
#define MADE_START    (INT64_C(1723161255) * NS_PER_S)
#define MONO_START    (INT64_C(86400) * NS_PER_S)
#define SEAM_MAX_NS   400 /* between the readings of the two clocks */
#define FLUSHES_PER_S 10

/* ---- frames --------------------------------------------------------------------------------- */

static struct record *records;
static size_t record_count, record_capacity;
static uint64_t line_bytes, packed_bytes; /* of lines as they are, and by zstd -3 */

static void add_record(const char *venue, uint32_t connection, int64_t wall_ns, const char *frame)
{
    static uint64_t random = 1;
    if (record_count == record_capacity) {
        record_capacity = record_capacity ? 2 * record_capacity : 65536;
        records = realloc(records, record_capacity * sizeof *records);
        if (records == NULL)
            bench_fail("out of memory");
    }
    const char *time = strstr(frame, "\"E\":");
    records[record_count++] = (struct record){
        .type = RECORD_RECEIVED,
        .venue = venue,
        .connection = connection,
        .wall_ns = wall_ns,
        .mono_ns =
            wall_ns - MADE_START + MONO_START + (int64_t)(bench_random(&random) % SEAM_MAX_NS),
        .source_ns = time ? strtoll(time + 4, NULL, 10) * NS_PER_MS : RECORD_NO_TIME,
        .data = (const uint8_t *)frame,
        .size = strlen(frame),
    };
}

/* `text` has a NUL behind it and is kept. */
static void add_lines(const char *venue, uint32_t connection, char *text)
{
    for (char *line = text, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        if (*end == '\n')
            *end++ = '\0';
        char *frame = strchr(line, ' ');
        if (frame)
            add_record(venue, connection, strtoll(line, NULL, 10), frame + 1);
    }
}

static bool add_recording(const char *venue, uint32_t connection, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, CAPTURES "%s", name);
    gzFile file = gzopen(path, "rb");
    if (!file)
        return false;
    char *text = bench_take(FILE_MAX, 1);
    int size = gzread(file, text, FILE_MAX - 1);
    gzclose(file);
    if (size <= 0)
        bench_fail("cannot read a recording");
    text = realloc(text, (size_t)size + 1);
    text[size] = '\0';
    add_lines(venue, connection, text);
    return true;
}

static int make_line(char *out, size_t room, int64_t now_ns, uint64_t random)
{
    const uint64_t price = 5871000 + random % 4000, quantity = 1 + (random >> 20) % 100000;
    const int64_t ms = now_ns / NS_PER_MS - 2;
    switch (random >> 62) {
    case 0:
        return snprintf(out, room,
                        "%" PRId64 " {\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\","
                        "\"E\":%" PRId64 ",\"T\":%" PRId64 ",\"s\":\"BTCUSDT\",\"t\":%" PRId64
                        ",\"p\":\"%" PRIu64 ".%02" PRIu64 "\",\"q\":\"0.%05" PRIu64
                        "\",\"m\":%s}}\n",
                        now_ns, ms, ms, now_ns / NS_PER_MS % 10000000000, price / 100, price % 100,
                        quantity, random & 1 ? "true" : "false");
    default:
        return snprintf(out, room,
                        "%" PRId64 " {\"stream\":\"btcusdt@bookTicker\",\"data\":{\"e\":"
                        "\"bookTicker\",\"u\":%" PRId64 ",\"s\":\"BTCUSDT\",\"b\":\"%" PRIu64
                        ".%02" PRIu64 "\",\"B\":\"%" PRIu64 ".%03" PRIu64 "\",\"a\":\"%" PRIu64
                        ".%02" PRIu64 "\",\"A\":\"%" PRIu64 ".%03" PRIu64 "\",\"T\":%" PRId64
                        ",\"E\":%" PRId64 "}}\n",
                        now_ns, now_ns / 1000000 * 7, price / 100, price % 100, quantity / 1000,
                        quantity % 1000, price / 100, (price + 1) % 100, quantity / 2000,
                        quantity % 997, ms, ms);
    }
}

static void invent(void)
{
    uint64_t random = 7;
    int64_t now_ns = MADE_START;
    size_t size = 0, room = (size_t)MADE_FRAMES * 256;
    char *text = bench_take(room, 1);
    for (size_t i = 0; i < MADE_FRAMES; i++) {
        now_ns += (int64_t)(bench_random(&random) % (6 * NS_PER_MS));
        size += (size_t)make_line(text + size, room - size, now_ns, bench_random(&random));
    }
    add_lines("usdm", 1, text);
}

static int by_time(const void *a, const void *b)
{
    const struct record *one = a, *other = b;
    return (one->wall_ns > other->wall_ns) - (one->wall_ns < other->wall_ns);
}

/* The same frames as the lines `receive-ns frame` of one file, and that by zstd. */
static void pack_lines(void)
{
    size_t room = 0;
    for (size_t i = 0; i < record_count; i++)
        room += records[i].size + 24;
    char *text = bench_take(room, 1), *end = text;
    for (size_t i = 0; i < record_count; i++)
        end += snprintf(end, records[i].size + 24, "%" PRId64 " %s\n", records[i].wall_ns,
                        (const char *)records[i].data);
    line_bytes = (uint64_t)(end - text);
    void *packed = bench_take(ZSTD_compressBound(line_bytes), 1);
    packed_bytes = ZSTD_compress(packed, ZSTD_compressBound(line_bytes), text, line_bytes, 3);
    if (ZSTD_isError(packed_bytes))
        bench_fail("cannot compress");
    free(packed);
    free(text);
}

/* All recordings in one capture, as a recorder would see them. */
static void load(void)
{
    bool real = add_recording("usdm", 1, "usdm/btcusdt_20240808.gz") &&
                add_recording("coinm", 2, "coinm/btcusd_perp_20240808.gz") &&
                add_recording("spot", 3, "spot/btcusdt_20240808.gz") &&
                add_recording("spot", 4, "spot/ethusdt_20240808.gz");
    if (!real && record_count > 0)
        bench_fail("some of the recordings are missing");
    if (!real)
        invent();
    qsort(records, record_count, sizeof *records, by_time);
    pack_lines();
    printf("# %zu %s frames, %.1f MB of lines, zstd %s\n", record_count,
           real ? "recorded" : "invented (no ../shared/captures)", (double)line_bytes / 1e6,
           ZSTD_versionString());
}

/* ---- figures -------------------------------------------------------------------------------- */

struct figure {
    size_t count;
    double values[RUNS_MAX];
};

static void note(struct figure *figure, int64_t ns)
{
    figure->values[figure->count++] = (double)ns / (double)record_count;
}

static double print_figure(const char *name, const char *unit, struct figure *figure)
{
    double median = bench_median(figure->values, figure->count);
    printf("%-28s %10.1f %s  (%.1f..%.1f)\n", name, median, unit, figure->values[0],
           figure->values[figure->count - 1]);
    return median;
}

/* ---- blocks --------------------------------------------------------------------------------- */

struct blocks {
    uint8_t *bytes;
    size_t size, capacity, count;
};

static void keep_block(struct blocks *blocks, struct tape_encoder *encoder)
{
    const struct tape_block_place place = {.salt = 1, .first_seq = 1 + blocks->count};
    const uint8_t *bytes;
    size_t size;
    uint32_t crc;
    bench_must(tape_encoder_finish(encoder, &place, &bytes, &size, &crc));
    if (blocks->capacity - blocks->size < size)
        bench_fail("more came out than went in");
    memcpy(blocks->bytes + blocks->size, bytes, size);
    blocks->size += size;
    blocks->count++;
    tape_encoder_clear(encoder);
}

/* Blocks end where tape_writer ends them, and after `per_block` records at the latest. */
static void encode(struct tape_encoder *encoder, struct blocks *blocks, size_t per_block)
{
    blocks->size = blocks->count = 0;
    for (size_t i = 0; i < record_count; i++) {
        if (!tape_encoder_has_room(encoder, &records[i]))
            keep_block(blocks, encoder);
        bench_must(tape_encoder_add(encoder, &records[i]));
        if (tape_encoder_content_size(encoder) >= TAPE_BLOCK_CONTENT_GOAL ||
            tape_encoder_count(encoder) >= per_block)
            keep_block(blocks, encoder);
    }
    if (tape_encoder_count(encoder) > 0)
        keep_block(blocks, encoder);
}

static size_t next_block(const struct blocks *blocks, size_t at, struct tape_block_header *header)
{
    uint32_t size = tape_block_header_size(blocks->bytes + at);
    if (size == 0 || tape_block_header_parse(header, blocks->bytes + at, size))
        bench_fail("a block cannot be read");
    return at + size;
}

static void decode(struct tape_decoder *decoder, const struct blocks *blocks)
{
    struct tape_block_header header;
    const struct record *out;
    const char *reason;
    size_t read = 0;
    for (size_t at = 0; at < blocks->size; at += header.frame_size) {
        at = next_block(blocks, at, &header);
        bench_must(tape_decoder_decode(decoder, &header, blocks->bytes + at, &out, &reason));
        for (uint32_t i = 0; i < header.record_count; i++, read++)
            if (out[i].wall_ns != records[read].wall_ns || out[i].size != records[read].size)
                bench_fail("what was read is not what was written");
    }
    if (read != record_count)
        bench_fail("records are missing");
}

/* What zstd alone needs for the same frames. */
static void unpack(ZSTD_DCtx *zstd, const struct blocks *blocks)
{
    static uint8_t content[TAPE_BLOCK_CONTENT_MAX];
    struct tape_block_header header;
    for (size_t at = 0; at < blocks->size; at += header.frame_size) {
        at = next_block(blocks, at, &header);
        if (ZSTD_decompressDCtx(zstd, content, sizeof content, blocks->bytes + at,
                                header.frame_size) != header.content_size)
            bench_fail("a block cannot be unpacked");
    }
}

/* ---- what is measured ----------------------------------------------------------------------- */

static struct blocks make_blocks(void)
{
    struct blocks blocks = {.capacity = 2 * line_bytes + (1u << 20)};
    blocks.bytes = bench_take(blocks.capacity, 1);
    return blocks;
}

static void measure_memory(int runs)
{
    struct figure encoding = {0}, decoding = {0}, unpacking = {0};
    struct tape_encoder *encoder;
    struct tape_decoder *decoder;
    struct blocks blocks = make_blocks();
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    bench_must(tape_encoder_new(&encoder, TAPE_ENCODER_ADAPTS));
    bench_must(tape_decoder_new(&decoder));
    for (int run = 0; run < runs; run++) {
        int64_t start = bench_cpu_ns();
        encode(encoder, &blocks, TAPE_BLOCK_RECORDS_MAX);
        note(&encoding, bench_cpu_ns() - start);
        start = bench_cpu_ns();
        decode(decoder, &blocks);
        note(&decoding, bench_cpu_ns() - start);
        start = bench_cpu_ns();
        unpack(zstd, &blocks);
        note(&unpacking, bench_cpu_ns() - start);
    }
    print_figure("encode_ns_per_frame", "ns", &encoding);
    double read = print_figure("read_ns_per_frame", "ns", &decoding);
    double alone = print_figure("zstd_ns_per_frame", "ns", &unpacking);
    printf("%-28s %10.2f times\n", "read_to_zstd", read / alone);
    printf("%-28s %10zu bytes\n", "live_bytes", blocks.size);
    printf("%-28s %10" PRIu64 " bytes\n", "zstd3_bytes", packed_bytes);
    printf("%-28s %10.3f times\n", "live_to_zstd3", (double)blocks.size / (double)packed_bytes);
    ZSTD_freeDCtx(zstd);
    tape_encoder_free(encoder);
    tape_decoder_free(decoder);
    free(blocks.bytes);
}

static void remove_tape(const char *path)
{
    char name[512];
    snprintf(name, sizeof name, "%s/00000001.rwk.zst", path);
    unlink(name);
    snprintf(name, sizeof name, "%s/LOCK", path);
    unlink(name);
    rmdir(path);
}

static void measure_writer(int runs, const char *path)
{
    struct figure figure = {0};
    const struct tape_writer_options options = {
        .flush_ns = 100 * NS_PER_MS, .sync_ns = INT64_MAX, .segment_bytes = UINT64_MAX};
    for (int run = 0; run < runs; run++) {
        struct tape_writer *writer;
        bench_must(tape_writer_open(&writer, io_posix(), path, &options));
        int64_t start = bench_cpu_ns();
        for (size_t i = 0; i < record_count; i++)
            bench_must(tape_writer_append(writer, &records[i]));
        bench_must(tape_writer_flush(writer));
        note(&figure, bench_cpu_ns() - start);
        bench_must(tape_writer_close(writer));
        remove_tape(path);
    }
    double ns = print_figure("write_ns_per_frame", "ns", &figure);
    printf("%-28s %10.0f frames/s\n", "write_frames_per_s", 1e9 / ns);
}

/* Time from block to block does not pass here: a rate is only a number of frames per block. */
static void measure_rate(int runs, unsigned rate)
{
    char name[64];
    struct figure figure = {0};
    struct tape_encoder *encoder;
    struct blocks blocks = make_blocks();
    bench_must(tape_encoder_new(&encoder, TAPE_ENCODER_ADAPTS));
    for (int run = 0; run < runs; run++) {
        int64_t start = bench_cpu_ns();
        encode(encoder, &blocks, rate / FLUSHES_PER_S);
        note(&figure, bench_cpu_ns() - start);
    }
    snprintf(name, sizeof name, "flush_%u_ns_per_frame", rate);
    print_figure(name, "ns", &figure);
    printf("flush_%-22u %10.3f times zstd3, %.1f bytes/frame\n", rate,
           (double)blocks.size / (double)packed_bytes, (double)blocks.size / (double)record_count);
    tape_encoder_free(encoder);
    free(blocks.bytes);
}

int main(int argc, char **argv)
{
    int runs = 7;
    const char *folder = "/tmp";
    char path[400];
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0)
            runs = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--dir") == 0)
            folder = argv[i + 1];
        else
            bench_fail("there are --runs N and --dir FOLDER");
    }
    if (argc % 2 == 0 || runs < 1 || runs > RUNS_MAX)
        bench_fail("there are --runs N, 1 to 99, and --dir FOLDER");
    snprintf(path, sizeof path, "%s/tape_bench.%d", folder, (int)getpid());
    load();
    measure_memory(runs);
    measure_writer(runs, path);
    static const unsigned rates[] = {100, 350, 1000, 5000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        measure_rate(runs < 3 ? runs : 3, rates[i]);
    return 0;
}
