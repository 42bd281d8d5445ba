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
 * measuring, every frame is decoded both ways, in the order of its recording and so behind the
 * answers to its subscriptions, and compared in every member; "left" is the share of a group's
 * frames, in percent, that decode() left to decode_general(). The decoders take turns slice by
 * slice; figures are medians of slices, in ns of the thread's processor time, and instructions
 * where the kernel allows to count them. Without that,
 *
 *   valgrind --tool=callgrind --toggle-collect=run_fast decode_bench --venue NAME --slices 1
 *
 * counts them.
 */
#include "bench/bench.h"
#include "engine/venue/venue.h"

#include <jansson.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define RECORDINGS  "bench/decode_recordings.txt"
#define CAPTURES    "../shared/captures/"
#define GROUPS_MAX  256
#define FRAMES_MAX  4096
#define BYTES_MAX   (512u << 10) /* of a group */
#define FILE_MAX    (256u << 20)
#define SLICES_MAX  63
#define SLICE_NS    (10 * NS_PER_MS)
#define READ_FRAMES 2048 /* between two looks at the clock, which costs as much as some frames */
#define MADE_FRAMES 512
#define MADE_START  (INT64_C(1723161255) * NS_PER_S)
#define DECODERS    3

/* ---- groups of frames ------------------------------------------------------------------------ */

struct piece {
    uint32_t connection;
    const uint8_t *data;
    size_t size;
};

struct group {
    const struct venue *venue;
    char channel[CHANNEL_MAX];
    bool made;         /* not recorded */
    size_t seen, left; /* of all recordings: frames, and those that decode() left */
    size_t count, bytes, trades;
    struct piece frames[FRAMES_MAX];
};

struct groups {
    size_t count;
    struct group *items[GROUPS_MAX];
    struct venue_frame general, fast; /* each knows the routes of all connections */
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
        bench_fail("too many groups");
    struct group *group = groups->items[groups->count++] = bench_take(1, sizeof *group);
    group->venue = venue;
    group->made = made;
    memcpy(group->channel, channel, strlen(channel) + 1);
    return group;
}

static void next_connection(struct groups *groups)
{
    groups->general.connection = ++groups->fast.connection;
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
    uint64_t left = groups->fast.general_count;
    bench_must(venue->decode_general(data, size, &groups->general));
    bench_must(venue->decode(data, size, &groups->fast));
    if (!same_frame(&groups->general, &groups->fast)) {
        fprintf(stderr, "%.*s\n", (int)size, (const char *)data);
        bench_fail("the decoders read this frame of theirs differently");
    }
    if (groups->general.kind != VENUE_TRADES && groups->general.kind != VENUE_DATA)
        return;
    struct group *group = group_of(groups, venue, groups->general.channel, made);
    group->seen++;
    group->left += groups->fast.general_count > left;
    if (group->count == FRAMES_MAX || group->bytes + size > BYTES_MAX)
        return;
    /* A copy for each: reading beyond the end of one does not stay unseen under a sanitizer. */
    uint8_t *copy = bench_take(size + 1, 1);
    memcpy(copy, data, size);
    group->frames[group->count++] = (struct piece){groups->fast.connection, copy, size};
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
    bench_fail("a recording is of no known form");
    return FORM_BARE;
}

/* The file with a NUL behind it, unpacked when it is of gzip; NULL when there is none. */
static char *load(const char *path, size_t *out_size)
{
    gzFile file = gzopen(path, "rb");
    char *text = file ? bench_take(FILE_MAX, 1) : NULL;
    if (!file)
        return NULL;
    int size = gzread(file, text, FILE_MAX - 1);
    gzclose(file);
    if (size < 0)
        bench_fail("cannot read a recording");
    *out_size = (size_t)size;
    return text;
}

static char *unzstd(char *text, size_t *size)
{
    if (*size < 4 || memcmp(text, "\x28\xb5\x2f\xfd", 4) != 0)
        return text;
    char *plain = bench_take(FILE_MAX, 1);
    *size = ZSTD_decompress(plain, FILE_MAX - 1, text, *size);
    if (ZSTD_isError(*size))
        bench_fail("cannot unpack a recording");
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
    next_connection(groups);
    for (char *line = text, *end; *line != '\0'; line = end) {
        end = line + strcspn(line, "\n");
        if (*end == '\n')
            *end++ = '\0';
        add_line(groups, recording, venue, line);
    }
    free(text);
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
        bench_fail("no " RECORDINGS "; run it at the root of the tree");
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

static bool has_symbol(const char *symbol, void *arg)
{
    (void)symbol;
    (void)arg;
    return true;
}

struct answered {
    struct groups *groups;
    const struct venue *venue;
};

static enum err see_answer(const void *data, size_t size, void *arg)
{
    const struct answered *answered = arg;
    add_frame(answered->groups, answered->venue, true, data, size);
    return ERR_OK;
}

/* Asks the played venue for a channel and decodes what it answers: routes are in that. */
static void subscribe(struct groups *groups, const struct venue *venue, const char *channel,
                      const char *symbol, struct venue_subscriptions *subs)
{
    struct answered answered = {groups, venue};
    const struct venue_change change = {.channel = channel, .symbols = &symbol, .count = 1};
    struct buf message;
    enum err err;
    buf_init(&message, 1 << 20);
    for (size_t i = 0; !(err = venue->recording->subscribe(&change, i, &message)); i++)
        bench_must(venue->serving->request(message.data, message.size, MADE_START, subs, has_symbol,
                                           see_answer, &answered));
    if (err != ERR_END)
        bench_must(err);
    buf_release(&message);
}

/* One trade a frame, as most frames are. */
static void add_made(struct groups *groups, const struct venue *venue)
{
    char symbol[SYMBOL_MAX];
    struct buf bytes;
    struct trade trade;
    struct venue_subscriptions subs;
    uint64_t random = 1;
    if (!venue->serving || !venue->serving->write_trades || !venue->recording ||
        venue->symbol("BTC-USDT", symbol) != ERR_OK)
        return;
    buf_init(&bytes, 1 << 20);
    venue_subscriptions_init(&subs);
    subs.combined = true;
    next_connection(groups);
    struct venue_writing writing = {
        .channel = venue->recording->channels[0].name, .venue_ns = MADE_START, .subs = &subs};
    subscribe(groups, venue, writing.channel, symbol, &subs);
    for (uint64_t i = 0; i < MADE_FRAMES; i++) {
        size_t written = 0;
        make_trade(&trade, symbol, i, bench_random(&random));
        writing.venue_ns = trade.source_ns + 3 * NS_PER_MS;
        writing.sequence = i;
        bench_must(venue->serving->write_trades(&writing, &trade, 1, &written, &bytes));
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

static inline void run_decoder(venue_decode_fn *decode, const struct group *group,
                               struct venue_frame *frame)
{
    for (size_t i = 0; i < group->count; i++) {
        frame->connection = group->frames[i].connection;
        bench_must(decode(group->frames[i].data, group->frames[i].size, frame));
    }
}

__attribute__((noinline)) void run_fast(const struct group *group, struct venue_frame *frame)
{
    run_decoder(group->venue->decode, group, frame);
}

__attribute__((noinline)) void run_general(const struct group *group, struct venue_frame *frame)
{
    run_decoder(group->venue->decode_general, group, frame);
}

__attribute__((noinline)) void run_jansson(const struct group *group, struct venue_frame *frame)
{
    (void)frame;
    for (size_t i = 0; i < group->count; i++)
        json_decref(
            json_loadb((const char *)group->frames[i].data, group->frames[i].size, 0, NULL));
}

static run_fn *const decoders[DECODERS] = {run_fast, run_general, run_jansson};

/* ---- measuring ------------------------------------------------------------------------------- */

struct measured {
    double ns[DECODERS][SLICES_MAX]; /* per frame */
    double instructions;             /* of decode(), per frame; below zero: not counted */
};

static double run_slice(run_fn *run, const struct group *group, struct venue_frame *frame)
{
    int64_t begin_ns = bench_cpu_ns(), spent_ns = 0;
    uint64_t frames = 0, read_at = READ_FRAMES;
    do {
        for (; frames < read_at; frames += group->count)
            run(group, frame);
        read_at = frames + READ_FRAMES;
        spent_ns = bench_cpu_ns() - begin_ns;
    } while (spent_ns < SLICE_NS);
    return (double)spent_ns / (double)frames;
}

static void measure(const struct group *group, size_t slices, struct venue_frame *frame,
                    struct measured *out)
{
    int counter = bench_instructions_open();
    for (size_t slice = 0; slice < slices; slice++)
        for (size_t i = 0; i < DECODERS; i++)
            out->ns[i][slice] = run_slice(decoders[i], group, frame);
    bench_instructions_count(counter, true);
    run_fast(group, frame);
    bench_instructions_count(counter, false);
    uint64_t instructions = bench_instructions_read(counter);
    out->instructions = counter < 0 ? -1.0 : (double)instructions / (double)group->count;
    if (counter >= 0)
        close(counter);
}

static void run_group(const struct group *group, size_t slices, struct venue_frame *frame)
{
    static struct measured measured;
    char instructions[24] = "n/a", label[CHANNEL_MAX + 16];
    measure(group, slices, frame, &measured);
    double fast = bench_median(measured.ns[0], slices);
    double general = bench_median(measured.ns[1], slices);
    double jansson = bench_median(measured.ns[2], slices);
    if (measured.instructions >= 0)
        snprintf(instructions, sizeof instructions, "%.0f", measured.instructions);
    snprintf(label, sizeof label, "%s%s", group->channel[0] ? group->channel : "-",
             group->made ? " (made)" : "");
    printf("%-18s %-22s %7zu %7zu %7.2f %6.2f %8.1f %6.1f-%-6.1f %8.1f %8.1f %7s\n",
           group->venue->name, label, group->count, group->bytes / group->count,
           (double)group->trades / (double)group->count,
           100.0 * (double)group->left / (double)group->seen, fast, measured.ns[0][0],
           measured.ns[0][slices - 1], general, jansson, instructions);
    fflush(stdout);
}

static size_t number_option(const char *text, size_t max)
{
    char *end = NULL;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || *text == '\0' || *end != '\0' || value < 1 || value > max)
        bench_fail("--slices takes a number from 1 to 63");
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
            bench_fail("usage: decode_bench [--venue TEXT] [--channel TEXT] [--slices N]");
    }
    venue_frame_init(&groups.general);
    venue_frame_init(&groups.fast);
    size_t there = add_recordings(&groups, only);
    for (const struct venue *const *venue = venue_all(); *venue; venue++)
        if (strstr((*venue)->name, only))
            add_made(&groups, *venue);
    fprintf(stderr, "%zu recordings; all other frames are made\n", there);
    printf("%-18s %-22s %7s %7s %7s %6s %8s %13s %8s %8s %7s\n", "venue", "channel", "frames",
           "bytes", "trades", "left", "decode", "least-most", "general", "jansson", "instr");
    for (size_t i = 0; i < groups.count; i++)
        if (strstr(groups.items[i]->channel, channel))
            run_group(groups.items[i], slices, &groups.fast);
    return 0;
}
