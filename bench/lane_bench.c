/*
 * lane_bench: how small lanes become and how fast they come back.
 *
 *   lane_bench [--level N] [--rounds N] FILE ...
 *
 * FILE holds lines `receive-ns frame`, as captures of Binance streams are kept; "-" is stdin.
 * Frames are grouped by the channel of their stream, cut into blocks of at most 65,536 frames or 4
 * MiB, and each block is encoded and decoded; what comes back is compared. Sizes beside gzip -6 and
 * zstd of the same lines are of payloads alone: a tape keeps some bytes a record besides. Times are
 * processor time of the thread, the best of the rounds.
 */
#include "bench/bench.h"
#include "engine/base/buf.h"
#include "engine/tape/lane_codec.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define FILE_MAX        (1024u * 1024 * 1024)
#define LANES_MAX       64u
#define BLOCK_BYTES_MAX (4u * 1024 * 1024)
#define LEVEL           9
#define ROUNDS          5

struct lane {
    const char *name;
    size_t name_size;
    struct lane_text *frames;
    size_t count, capacity;
};

struct figures {
    size_t frames, bytes, packed;
    double encode_s, decode_s;
};

static struct {
    int level;
    size_t rounds;
    struct lane_encoder *encoder;
    struct lane_decoder *decoder;
} bench = {.level = LEVEL, .rounds = ROUNDS};

/* ---- lines ---------------------------------------------------------------------------------- */

static void read_all(struct buf *out, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!file)
        bench_fail(path);
    buf_init(out, FILE_MAX);
    size_t size;
    do {
        bench_must(buf_reserve(out, 1 << 20));
        size = fread(out->data + out->size, 1, 1 << 20, file);
        out->size += size;
    } while (size > 0);
    if (file != stdin)
        fclose(file);
}

/* The channel in {"stream":"btcusdt@trade",... */
static const char *channel_of(const char *frame, size_t size, size_t *out_size)
{
    static const char other[] = "other";
    const char *at = memchr(frame, '@', size < 64 ? size : 64);
    *out_size = sizeof other - 1;
    if (!at || strncmp(frame, "{\"stream\":\"", 11) != 0)
        return other;
    at++;
    size_t length = 0;
    while (at + length < frame + size && at[length] != '"' && at[length] != '@')
        length++;
    *out_size = length;
    return at;
}

static struct lane *find_lane(struct lane *lanes, size_t *count, const char *name, size_t size)
{
    for (size_t i = 0; i < *count; i++)
        if (lanes[i].name_size == size && memcmp(lanes[i].name, name, size) == 0)
            return &lanes[i];
    if (*count == LANES_MAX)
        bench_fail("too many channels");
    lanes[*count] = (struct lane){.name = name, .name_size = size};
    return &lanes[(*count)++];
}

static void add_frame(struct lane *lane, const char *frame, size_t size)
{
    if (lane->count == lane->capacity) {
        lane->capacity = lane->capacity ? 2 * lane->capacity : 1024;
        lane->frames = realloc(lane->frames, lane->capacity * sizeof *lane->frames);
        if (!lane->frames)
            bench_fail("out of memory");
    }
    lane->frames[lane->count++] = (struct lane_text){(const uint8_t *)frame, size};
}

static size_t split_lines(struct lane *lanes, const struct buf *text)
{
    size_t count = 0;
    const char *p = (const char *)text->data, *end = p + text->size;
    while (p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        if (!line_end)
            line_end = end;
        const char *frame = memchr(p, ' ', (size_t)(line_end - p));
        if (frame) {
            const size_t size = (size_t)(line_end - ++frame);
            size_t name_size;
            const char *name = channel_of(frame, size, &name_size);
            add_frame(find_lane(lanes, &count, name, name_size), frame, size);
        }
        p = line_end + 1;
    }
    return count;
}

/* ---- measuring ------------------------------------------------------------------------------ */

static size_t gzip_size(const struct buf *text)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        bench_fail("zlib");
    const size_t capacity = deflateBound(&stream, text->size);
    uint8_t *out = bench_take(capacity, 1);
    stream.next_in = text->data;
    stream.avail_in = (uInt)text->size;
    stream.next_out = out;
    stream.avail_out = (uInt)capacity;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        bench_fail("zlib");
    const size_t size = stream.total_out;
    deflateEnd(&stream);
    free(out);
    return size;
}

static size_t zstd_size(const struct buf *text, int level)
{
    const size_t capacity = ZSTD_compressBound(text->size);
    void *out = bench_take(capacity, 1);
    const size_t size = ZSTD_compress(out, capacity, text->data, text->size, level);
    free(out);
    return size;
}

static void run_block(const struct lane_text *frames, size_t count, size_t bytes,
                      struct figures *figures)
{
    const uint8_t *frame = NULL;
    size_t size = 0;
    int64_t encode_ns = INT64_MAX, decode_ns = INT64_MAX;
    for (size_t i = 0; i < bench.rounds; i++) {
        const int64_t begin_ns = bench_cpu_ns();
        bench_must(lane_encode(bench.encoder, frames, count, &frame, &size));
        const int64_t took_ns = bench_cpu_ns() - begin_ns;
        encode_ns = took_ns < encode_ns ? took_ns : encode_ns;
    }
    struct lane_text *texts = bench_take(count, sizeof *texts);
    uint8_t *back = bench_take(bytes + LANE_SLACK, 1);
    for (size_t i = 0; i < 3 * bench.rounds; i++) {
        const char *reason = "";
        const int64_t begin_ns = bench_cpu_ns();
        if (lane_decode(bench.decoder, frame, size, texts, count, back, bytes, &reason) != ERR_OK)
            bench_fail(reason);
        const int64_t took_ns = bench_cpu_ns() - begin_ns;
        decode_ns = took_ns < decode_ns ? took_ns : decode_ns;
    }
    for (size_t i = 0; i < count; i++)
        if (texts[i].size != frames[i].size ||
            memcmp(texts[i].data, frames[i].data, frames[i].size) != 0)
            bench_fail("a frame came back otherwise");
    free(texts);
    free(back);
    figures->frames += count;
    figures->bytes += bytes;
    figures->packed += size;
    figures->encode_s += (double)encode_ns / 1e9;
    figures->decode_s += (double)decode_ns / 1e9;
}

static struct figures run_lane(const struct lane *lane)
{
    struct figures figures = {0};
    for (size_t first = 0; first < lane->count;) {
        size_t count = 0, bytes = 0;
        while (first + count < lane->count && count < LANE_TEXTS_MAX &&
               (count == 0 || bytes + lane->frames[first + count].size <= BLOCK_BYTES_MAX))
            bytes += lane->frames[first + count++].size;
        run_block(lane->frames + first, count, bytes, &figures);
        first += count;
    }
    return figures;
}

static void print_row(const char *name, size_t name_size, const struct figures *f)
{
    const double mb = (double)f->bytes / 1e6;
    printf("  %-12.*s %7zu %10zu %9zu  %5.1f %9.1f %9.1f %8.1f\n", (int)name_size, name, f->frames,
           f->bytes, f->packed, (double)f->bytes / (double)f->packed, mb / f->encode_s,
           mb / f->decode_s, f->decode_s * 1e9 / (double)f->frames);
}

static void run_file(const char *path)
{
    struct buf text;
    read_all(&text, path);
    struct lane *lanes = bench_take(LANES_MAX, sizeof *lanes);
    const size_t count = split_lines(lanes, &text);
    struct figures all = {0};
    printf("%s\n  lane          frames      bytes    packed  ratio enc MB/s  dec MB/s ns/frame\n",
           path);
    for (size_t i = 0; i < count; i++) {
        const struct figures f = run_lane(&lanes[i]);
        print_row(lanes[i].name, lanes[i].name_size, &f);
        all.frames += f.frames;
        all.bytes += f.bytes;
        all.packed += f.packed;
        all.encode_s += f.encode_s;
        all.decode_s += f.decode_s;
        free(lanes[i].frames);
    }
    print_row("all", 3, &all);
    const size_t gzip = gzip_size(&text), zstd3 = zstd_size(&text, 3),
                 zstd19 = zstd_size(&text, 19);
    printf("  of gzip -6 (%zu) %.3f, of zstd -3 (%zu) %.3f, of zstd -19 (%zu) %.3f\n", gzip,
           (double)all.packed / (double)gzip, zstd3, (double)all.packed / (double)zstd3, zstd19,
           (double)all.packed / (double)zstd19);
    free(lanes);
    buf_release(&text);
}

int main(int argc, char **argv)
{
    int first = 1;
    for (; first + 1 < argc && strncmp(argv[first], "--", 2) == 0; first += 2) {
        const long number = strtol(argv[first + 1], NULL, 10);
        if (strcmp(argv[first], "--level") == 0)
            bench.level = (int)number;
        else if (strcmp(argv[first], "--rounds") == 0 && number > 0)
            bench.rounds = (size_t)number;
        else
            bench_fail("usage: lane_bench [--level N] [--rounds N] FILE ...");
    }
    bench_must(lane_encoder_new(&bench.encoder, bench.level));
    bench_must(lane_decoder_new(&bench.decoder));
    for (int i = first; i < argc; i++)
        run_file(argv[i]);
    lane_encoder_free(bench.encoder);
    lane_decoder_free(bench.decoder);
    return 0;
}
