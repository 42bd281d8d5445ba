/*
 * decode_bench: what decoding costs per frame, on one core: the venue's decode(), its
 * decode_general(), and as a measure of both jansson's json_loadb() alone, which gives a tree and
 * no trade yet.
 *
 *   decode_bench [--venue TEXT] [--channel TEXT] [--slices N]
 *
 * Frames are those of the public recordings in ../shared/captures as far as they are there, and
 * such as venues' write_trades() makes of invented trades. They are grouped by venue and channel; a
 * group's frames fit the second-level cache, as they do behind a tape's decompression. Before
 * measuring, every frame is decoded both ways and compared in every member. The decoders take turns
 * slice by slice; figures are medians of slices, in ns of the thread's processor time, and
 * instructions where the kernel allows to count them. Without that,
 *
 *   valgrind --tool=callgrind --toggle-collect=run_fast decode_bench --venue NAME --slices 1
 *
 * counts them.
 */
#include "engine/base/time_text.h"
#include "engine/venue/venue.h"

#include <inttypes.h>
#include <jansson.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RECORDINGS  "bench/decode_recordings.txt"
#define CAPTURES    "../shared/captures/"
#define GROUPS_MAX  64
#define FRAMES_MAX  4096
#define BYTES_MAX   (512u << 10) /* of a group */
#define FILE_MAX    (256u << 20)
#define SLICES_MAX  63
#define SLICE_NS    (10 * NS_PER_MS)
#define READ_FRAMES 2048 /* between two looks at the clock, which costs as much as some frames */
#define MADE_FRAMES 512
#define MADE_START  (INT64_C(1723161255) * NS_PER_S)
#define DECODERS    3

static void fail(const char *what)
{
    fprintf(stderr, "decode_bench: %s\n", what);
    exit(1);
}

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

/* ---- groups of frames ------------------------------------------------------------------------ */

struct piece {
    const uint8_t *data;
    size_t size;
};

struct group {
    const struct venue *venue;
    char channel[CHANNEL_MAX];
    bool made; /* not recorded */
    uint32_t connection;
    size_t count, bytes, trades;
    struct piece frames[FRAMES_MAX];
};

struct groups {
    size_t count;
    struct group *items[GROUPS_MAX];
    struct venue_frame general, fast;
};

static struct group *group_of(struct groups *groups, const struct venue *venue, const char *channel,
                              bool made)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct group *group = groups->items[i];
        if (group->venue == venue && group->made == made && strcmp(group->channel, channel) == 0)
            return group;
    }
    if (groups->count == GROUPS_MAX)
        fail("too many groups");
    struct group *group = groups->items[groups->count++] = take(1, sizeof *group);
    group->venue = venue;
    group->made = made;
    memcpy(group->channel, channel, strlen(channel) + 1);
    return group;
}

static bool same_decimal(struct decimal a, struct decimal b)
{
    return a.mantissa == b.mantissa && a.scale == b.scale;
}

static bool same_trade(const struct trade *a, const struct trade *b)
{
    return strcmp(a->symbol, b->symbol) == 0 && a->source_ns == b->source_ns &&
           a->has_id == b->has_id && a->id == b->id && a->folded == b->folded &&
           a->first_id == b->first_id && a->last_id == b->last_id && a->count == b->count &&
           same_decimal(a->price, b->price) && same_decimal(a->quantity, b->quantity) &&
           a->taker == b->taker && a->flags == b->flags;
}

static bool same_frame(const struct venue_frame *a, const struct venue_frame *b)
{
    bool same = a->kind == b->kind && strcmp(a->channel, b->channel) == 0 &&
                strcmp(a->symbol, b->symbol) == 0 && a->source_ns == b->source_ns &&
                strcmp(a->error, b->error) == 0 && a->has_request_id == b->has_request_id &&
                a->request_id == b->request_id && a->leave == b->leave &&
                a->reconnect == b->reconnect && a->trade_count == b->trade_count;
    for (size_t i = 0; i < a->trade_count && same; i++)
        same = same_trade(&a->trades[i], &b->trades[i]);
    return same;
}

/* Of what is neither trades nor market data there is too little to matter. */
static void add_frame(struct groups *groups, const struct venue *venue, bool made,
                      const uint8_t *data, size_t size)
{
    if (venue->decode_general(data, size, &groups->general) != ERR_OK ||
        venue->decode(data, size, &groups->fast) != ERR_OK)
        fail(err_text(ERR_NOMEM));
    if (!same_frame(&groups->general, &groups->fast)) {
        fprintf(stderr, "%.*s\n", (int)size, (const char *)data);
        fail("the decoders read this frame of theirs differently");
    }
    if (groups->general.kind != VENUE_TRADES && groups->general.kind != VENUE_DATA)
        return;
    struct group *group = group_of(groups, venue, groups->general.channel, made);
    if (group->count == FRAMES_MAX || group->bytes + size > BYTES_MAX)
        return;
    /* A copy for each: reading beyond the end of one does not stay unseen under a sanitizer. */
    uint8_t *copy = take(size + 1, 1);
    memcpy(copy, data, size);
    group->frames[group->count++] = (struct piece){copy, size};
    group->bytes += size;
    group->trades += groups->general.trade_count;
}

/* ---- recordings ------------------------------------------------------------------------------ */

/* "time frame", "frame", or {"t":"recv","data":"frame"} */
enum form { FORM_STAMPED, FORM_BARE, FORM_JSON };

struct recording {
    char venue[32], file[128];
    enum form form;
};

static enum form form_of(const char *word)
{
    static const char *const words[] = {"stamped", "bare", "json"};
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(words[i], word) == 0)
            return (enum form)i;
    fail("a recording is of no known form");
    return FORM_BARE;
}

/* The file with a NUL behind it, unpacked when it is of gzip; NULL when there is none. */
static char *load(const char *path, size_t *out_size)
{
    gzFile file = gzopen(path, "rb");
    char *text = file ? take(FILE_MAX, 1) : NULL;
    if (!file)
        return NULL;
    int size = gzread(file, text, FILE_MAX - 1);
    gzclose(file);
    if (size < 0)
        fail("cannot read a recording");
    *out_size = (size_t)size;
    return text;
}

static char *unzstd(char *text, size_t *size)
{
    if (*size < 4 || memcmp(text, "\x28\xb5\x2f\xfd", 4) != 0)
        return text;
    char *plain = take(FILE_MAX, 1);
    *size = ZSTD_decompress(plain, FILE_MAX - 1, text, *size);
    if (ZSTD_isError(*size))
        fail("cannot unpack a recording");
    free(text);
    return plain;
}

static void add_json_line(struct groups *groups, const struct venue *venue, const char *line)
{
    json_t *root = json_loads(line, 0, NULL), *data = json_object_get(root, "data");
    const char *type = json_string_value(json_object_get(root, "t"));
    if (type && strcmp(type, "recv") == 0 && json_is_string(data))
        add_frame(groups, venue, false, (const uint8_t *)json_string_value(data),
                  json_string_length(data));
    json_decref(root);
}

static void add_line(struct groups *groups, const struct recording *recording,
                     const struct venue *venue, const char *line)
{
    if (recording->form == FORM_JSON) {
        add_json_line(groups, venue, line);
        return;
    }
    const char *frame = recording->form == FORM_STAMPED ? strchr(line, ' ') : line;
    if (frame && frame[frame != line] != '\0' && strchr("{[", frame[frame != line]))
        add_frame(groups, venue, false, (const uint8_t *)frame + (frame != line),
                  strlen(frame + (frame != line)));
}

static bool add_recording(struct groups *groups, const struct recording *recording)
{
    char path[256];
    size_t size = 0;
    const struct venue *venue = venue_find(recording->venue);
    snprintf(path, sizeof path, CAPTURES "%s", recording->file);
    char *text = load(path, &size);
    if (!venue || !text)
        return false;
    text = unzstd(text, &size);
    text[size] = '\0';
    for (char *line = text, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        if (*end == '\n')
            *end++ = '\0';
        add_line(groups, recording, venue, line);
    }
    free(text);
    groups->general.connection = ++groups->fast.connection;
    return true;
}

/* How many of them are there. */
static size_t add_recordings(struct groups *groups, const char *only)
{
    char line[256], form[16];
    struct recording recording;
    size_t there = 0;
    FILE *list = fopen(RECORDINGS, "r");
    if (!list)
        fail("no " RECORDINGS "; run it at the root of the tree");
    while (fgets(line, sizeof line, list)) {
        if (line[0] == '#' ||
            sscanf(line, "%31s %127s %15s", recording.venue, recording.file, form) != 3)
            continue;
        recording.form = form_of(form);
        if (strstr(recording.venue, only))
            there += add_recording(groups, &recording);
    }
    fclose(list);
    return there;
}

/* ---- invented trades ------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void make_trade(struct trade *out, const char *symbol, uint64_t number, uint64_t random)
{
    *out = (struct trade){
        .source_ns = MADE_START + (int64_t)(number * 37000000 + random % 1000) * NS_PER_US,
        .has_id = true,
        .id = 3735683259 + number,
        .first_id = 3735683259 + number,
        .last_id = 3735683259 + number,
        .count = 1,
        .price = {(int128)(6183000 + random % 2000), 2},
        .quantity = {(int128)(1 + (random >> 20) % 100000000), 8},
        .taker = random >> 63 ? TAKER_BUY : TAKER_SELL,
    };
    memcpy(out->symbol, symbol, strlen(symbol) + 1);
}

/* One trade a frame, as most frames are. */
static void add_made(struct groups *groups, const struct venue *venue)
{
    char symbol[SYMBOL_MAX];
    struct buf bytes;
    struct trade trade;
    struct venue_subscriptions subs;
    uint64_t random = 1;
    if (!venue->serving || !venue->serving->write_trades || !venue->recording || venue->routed ||
        venue->symbol("BTC-USDT", symbol) != ERR_OK)
        return;
    buf_init(&bytes, 1 << 20);
    venue_subscriptions_init(&subs);
    subs.combined = true;
    struct venue_writing writing = {
        .channel = venue->recording->channels[0].name, .venue_ns = MADE_START, .subs = &subs};
    for (uint64_t i = 0; i < MADE_FRAMES; i++) {
        size_t written = 0;
        make_trade(&trade, symbol, i, next_random(&random));
        writing.venue_ns = trade.source_ns + 3 * NS_PER_MS;
        writing.sequence = i;
        if (venue->serving->write_trades(&writing, &trade, 1, &written, &bytes) != ERR_OK)
            fail(err_text(ERR_NOMEM));
        add_frame(groups, venue, true, bytes.data, bytes.size);
    }
    venue_subscriptions_release(&subs);
    buf_release(&bytes);
}

/* ---- what is measured ------------------------------------------------------------------------ */

typedef void run_fn(const struct group *group, struct venue_frame *frame);

void run_fast(const struct group *group, struct venue_frame *frame);
void run_general(const struct group *group, struct venue_frame *frame);
void run_jansson(const struct group *group, struct venue_frame *frame);

__attribute__((noinline)) void run_fast(const struct group *group, struct venue_frame *frame)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->venue->decode(group->frames[i].data, group->frames[i].size, frame) != ERR_OK)
            fail(err_text(ERR_NOMEM));
}

__attribute__((noinline)) void run_general(const struct group *group, struct venue_frame *frame)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->venue->decode_general(group->frames[i].data, group->frames[i].size, frame) !=
            ERR_OK)
            fail(err_text(ERR_NOMEM));
}

__attribute__((noinline)) void run_jansson(const struct group *group, struct venue_frame *frame)
{
    (void)frame;
    for (size_t i = 0; i < group->count; i++)
        json_decref(
            json_loadb((const char *)group->frames[i].data, group->frames[i].size, 0, NULL));
}

static run_fn *const decoders[DECODERS] = {run_fast, run_general, run_jansson};

/* ---- counters -------------------------------------------------------------------------------- */

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Instructions of this thread outside the kernel; -1 where they cannot be counted. */
static int open_instructions(void)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static uint64_t read_instructions(int counter)
{
    uint64_t value = 0;
    if (counter >= 0 && read(counter, &value, sizeof value) != (ssize_t)sizeof value)
        fail("cannot read the instruction counter");
    return value;
}

/* ---- measuring ------------------------------------------------------------------------------- */

struct measured {
    double ns[DECODERS][SLICES_MAX]; /* per frame */
    double instructions;             /* of decode(), per frame; below zero: not counted */
};

static double run_slice(run_fn *run, const struct group *group, struct venue_frame *frame)
{
    int64_t begin_ns = cpu_ns(), spent_ns = 0;
    uint64_t frames = 0, read_at = READ_FRAMES;
    do {
        for (; frames < read_at; frames += group->count)
            run(group, frame);
        read_at = frames + READ_FRAMES;
        spent_ns = cpu_ns() - begin_ns;
    } while (spent_ns < SLICE_NS);
    return (double)spent_ns / (double)frames;
}

static void measure(const struct group *group, size_t slices, struct measured *out)
{
    struct venue_frame frame;
    int counter = open_instructions();
    venue_frame_init(&frame);
    for (size_t slice = 0; slice < slices; slice++)
        for (size_t i = 0; i < DECODERS; i++)
            out->ns[i][slice] = run_slice(decoders[i], group, &frame);
    uint64_t before = read_instructions(counter);
    run_fast(group, &frame);
    out->instructions =
        counter < 0 ? -1.0 : (double)(read_instructions(counter) - before) / (double)group->count;
    if (counter >= 0)
        close(counter);
    venue_frame_release(&frame);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void run_group(const struct group *group, size_t slices)
{
    static struct measured measured;
    char instructions[24] = "n/a", label[CHANNEL_MAX + 16];
    measure(group, slices, &measured);
    double fast = median(measured.ns[0], slices), general = median(measured.ns[1], slices);
    if (measured.instructions >= 0)
        snprintf(instructions, sizeof instructions, "%.0f", measured.instructions);
    snprintf(label, sizeof label, "%s%s", group->channel, group->made ? " (made)" : "");
    printf("%-18s %-22s %7zu %7zu %7.2f %8.1f %6.1f-%-6.1f %8.1f %8.1f %7s\n", group->venue->name,
           label, group->count, group->bytes / group->count,
           (double)group->trades / (double)group->count, fast, measured.ns[0][0],
           measured.ns[0][slices - 1], general, median(measured.ns[2], slices), instructions);
    fflush(stdout);
}

static size_t number_option(const char *text, size_t max)
{
    char *end = NULL;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || *text == '\0' || *end != '\0' || value < 1 || value > max)
        fail("--slices takes a number from 1 to 63");
    return (size_t)value;
}

int main(int argc, char **argv)
{
    static struct groups groups;
    const char *only = "", *channel = "";
    size_t slices = 15;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--venue") == 0 && argv[i + 1])
            only = argv[i + 1];
        else if (strcmp(argv[i], "--channel") == 0 && argv[i + 1])
            channel = argv[i + 1];
        else if (strcmp(argv[i], "--slices") == 0)
            slices = number_option(argv[i + 1], SLICES_MAX);
        else
            fail("usage: decode_bench [--venue TEXT] [--channel TEXT] [--slices N]");
    }
    venue_frame_init(&groups.general);
    venue_frame_init(&groups.fast);
    size_t there = add_recordings(&groups, only);
    for (const struct venue *const *venue = venue_all(); *venue; venue++)
        if (strstr((*venue)->name, only))
            add_made(&groups, *venue);
    fprintf(stderr, "%zu recordings; all other frames are made\n", there);
    printf("%-18s %-22s %7s %7s %7s %8s %13s %8s %8s %7s\n", "venue", "channel", "frames", "bytes",
           "trades", "decode", "least-most", "general", "jansson", "instr");
    for (size_t i = 0; i < groups.count; i++)
        if (strstr(groups.items[i]->channel, channel))
            run_group(groups.items[i], slices);
    return 0;
}
