/*
 * Fuzzes what venues make of received frames three times over: decode(), decode_general() and the
 * reference must agree (tests/reference_decoder/decode_equal.h). The first line of the input is the
 * venue, the rest are frames of one connection, divided by RECORD SEPARATOR (0x1e):
 *
 *     okx
 *     {"event":"subscribe",...}<1e>{"arg":{"channel":"trades",...
 *
 * Each frame ends where memory ends: no decoder reads a byte behind it. Inputs are changed as JSON
 * (frame_mutate.h), and now and then as bytes.
 *
 * FUZZ_VENUE=okx: all inputs are that venue's, whatever their first line says.
 * FUZZ_DIFFERENCES=FILE: differences are counted, the first few of each sort are written there, and
 * it goes on. Otherwise the first one is shown and ends the run.
 */
#include "tests/reference_decoder/decode_equal.h"
#include "tests/reference_decoder/frame_mutate.h"

#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define SEPARATOR   0x1e
#define VENUES_MAX  64
#define FRAME_MAX   8192
#define GUARD       64 /* bytes behind a frame that nobody may touch */
#define SORTS_MAX   16 /* sorts of differences: by their words */
#define REPORTS_MAX 4  /* of each */

static struct decode_equal equals[VENUES_MAX];
static size_t venue_count;
static const char *only; /* FUZZ_VENUE */

static struct {
    FILE *file; /* NULL: the first difference ends the run */
    uint64_t count;
    struct {
        char words[160];
        unsigned reports;
    } sorts[SORTS_MAX];
} differences;

static void tell_differences(void)
{
    fprintf(stderr, "stat::differences: %llu\n", (unsigned long long)differences.count);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (; venue_all()[venue_count] && venue_count < VENUES_MAX; venue_count++)
        decode_equal_init(&equals[venue_count], venue_all()[venue_count]);
    only = getenv("FUZZ_VENUE");
    if (only && !venue_find(only)) {
        fprintf(stderr, "unknown venue '%s' in FUZZ_VENUE\n", only);
        exit(2);
    }
    const char *path = getenv("FUZZ_DIFFERENCES");
    differences.file = path ? fopen(path, "a") : NULL;
    atexit(tell_differences);
    return 0;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* What begins behind the first line; the whole of an input without one. */
static size_t head_size(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    return end ? (size_t)(end - data) + 1 : 0;
}

/* By its name, or by the hash of what is none. */
static struct decode_equal *find_venue(const uint8_t *data, size_t head)
{
    const char *name = only ? only : (const char *)data;
    size_t size = only ? strlen(only) : head > 0 ? head - 1 : 0;
    size_t hash = 0;
    for (size_t i = 0; i < venue_count; i++) {
        const char *known = equals[i].venue->name;
        if (strlen(known) == size && memcmp(known, name, size) == 0)
            return &equals[i];
    }
    for (size_t i = 0; i < size; i++)
        hash = hash * 31 + (unsigned char)name[i];
    return &equals[hash % venue_count];
}

/* The frame that begins at `at` ends there. */
static size_t frame_end(const uint8_t *data, size_t size, size_t at)
{
    const uint8_t *end = at < size ? memchr(data + at, SEPARATOR, size - at) : NULL;
    return end ? (size_t)(end - data) : size;
}

/* Are there few enough like this one? */
static bool is_news(const char *words)
{
    for (size_t i = 0; i < SORTS_MAX; i++) {
        if (differences.sorts[i].reports == 0)
            snprintf(differences.sorts[i].words, sizeof differences.sorts[i].words, "%s", words);
        if (strcmp(differences.sorts[i].words, words) == 0)
            return differences.sorts[i].reports++ < REPORTS_MAX;
    }
    return false;
}

static void report(const struct decode_equal *equal, const uint8_t *data, size_t size)
{
    if (!differences.file) {
        decode_equal_print(equal, data, size, stderr);
        abort();
    }
    differences.count++;
    if (is_news(equal->difference)) {
        decode_equal_print(equal, data, size, differences.file);
        fputc('\n', differences.file);
        fflush(differences.file);
    }
}

static void decode(struct decode_equal *equal, const uint8_t *data, size_t size)
{
    static _Alignas(16) uint8_t memory[FRAME_MAX + GUARD];
    size = size < FRAME_MAX ? size : FRAME_MAX;
    memcpy(memory, data, size);
    ASAN_POISON_MEMORY_REGION(memory + size, GUARD);
    if (!decode_equal_frame(equal, memory, size))
        report(equal, data, size);
    ASAN_UNPOISON_MEMORY_REGION(memory + size, GUARD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = head_size(data, size);
    struct decode_equal *equal = find_venue(data, at);
    while (at <= size) {
        size_t end = frame_end(data, size, at);
        decode(equal, data + at, end - at);
        at = end + 1;
    }
    decode_equal_restart(equal);
    return 0;
}

/* ---- changing them --------------------------------------------------------------------------- */

#define FRAMES_MAX 64

/* Where frames begin. */
static size_t find_frames(const uint8_t *data, size_t size, size_t at, size_t starts[FRAMES_MAX])
{
    size_t count = 0;
    while (at <= size && count < FRAMES_MAX) {
        starts[count++] = at;
        at = frame_end(data, size, at) + 1;
    }
    return count;
}

/* Puts a changed frame in the place of the old one. */
static size_t put_frame(uint8_t *data, size_t size, size_t at, size_t old, const uint8_t *frame,
                        size_t frame_size)
{
    memmove(data + at + frame_size, data + at + old, size - at - old);
    memcpy(data + at, frame, frame_size);
    return size - old + frame_size;
}

static size_t change_frame(uint64_t *random, uint8_t *data, size_t size, size_t max_size, size_t at)
{
    static uint8_t frame[FRAME_MAX];
    size_t old = frame_end(data, size, at) - at;
    size_t room = max_size - size + old < FRAME_MAX ? max_size - size + old : FRAME_MAX;
    size_t frame_size = old;
    if (old > room)
        return size;
    memcpy(frame, data + at, old);
    do {
        frame_size = frame_mutate(random, frame, frame_size, room);
    } while (frame_random(random, 2) == 0);
    return put_frame(data, size, at, old, frame, frame_size);
}

/* Twice, or away. */
static size_t change_order(uint64_t *random, uint8_t *data, size_t size, size_t max_size, size_t at)
{
    size_t length = frame_end(data, size, at) - at;
    if (frame_random(random, 2) == 0) {
        size_t gone = at + length < size ? length + 1 : length;
        return put_frame(data, size, at, gone, data, 0);
    }
    if (size + length + 1 > max_size)
        return size;
    memmove(data + at + length + 1, data + at, size - at);
    data[at + length] = SEPARATOR;
    return size + length + 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint64_t random = seed;
    size_t starts[FRAMES_MAX], head = head_size(data, size);
    if (head == 0 || size > max_size)
        return LLVMFuzzerMutate(data, size, max_size);
    if (frame_random(&random, 16) == 0)
        return head + LLVMFuzzerMutate(data + head, size - head, max_size - head);
    size_t count = find_frames(data, size, head, starts);
    size_t at = starts[frame_random(&random, count)];
    return frame_random(&random, 16) == 0 ? change_order(&random, data, size, max_size, at)
                                          : change_frame(&random, data, size, max_size, at);
}
