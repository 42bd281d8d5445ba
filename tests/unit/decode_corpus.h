/*
 * decode_corpus: the frames of one venue that the fuzzer of decoders begins with.
 */
#ifndef REWICK_TESTS_UNIT_DECODE_CORPUS_H
#define REWICK_TESTS_UNIT_DECODE_CORPUS_H

#include "tests/unit/unit.h"

#define CORPUS     "tests/fuzz/corpus/decode_equal/"
#define SEPARATOR  '\x1e'
#define FRAMES_MAX 64
#define FRAME_MAX  4096

/* The corpus of one venue: "okx", then its frames. */
struct corpus {
    char bytes[16384];
    size_t count;
    struct {
        const char *text;
        size_t size;
    } frames[FRAMES_MAX];
};

/* The file is called as the venue, with '_' for '-'. */
static inline void corpus_read(struct corpus *corpus, const char *venue)
{
    char path[128];
    snprintf(path, sizeof path, CORPUS "%s", venue);
    for (char *at = path + sizeof CORPUS - 1; *at; at++) {
        *at = *at == '-' ? '_' : *at;
    }
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(corpus->bytes, 1, sizeof corpus->bytes, file);
    fclose(file);
    assert_true(size < sizeof corpus->bytes && size > strlen(venue) + 1);
    assert_memory_equal(corpus->bytes, venue, strlen(venue));
    corpus->count = 0;
    for (const char *at = corpus->bytes + strlen(venue) + 1, *end = corpus->bytes + size;
         at < end;) {
        const char *behind = memchr(at, SEPARATOR, (size_t)(end - at));
        behind = behind ? behind : end;
        assert_true(corpus->count < FRAMES_MAX);
        corpus->frames[corpus->count].text = at;
        corpus->frames[corpus->count++].size = (size_t)(behind - at);
        at = behind + 1;
    }
}

#endif
