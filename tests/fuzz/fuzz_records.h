/*
 * fuzz_records: records made of foreign bytes, for fuzzers of what takes records. The first line
 * names a venue (a word that is none means one by its hash); the rest is divided by NUL into
 * pieces of four letters and data:
 *
 *     type        r received, s sent, c connection, h HTTP, n notice of a gap, g config, t tick;
 *                 others are for the fuzzer
 *     connection  '1', '2', ...
 *     time        how long after the piece before: steps below
 *     wall        '<' sets the wall clock back an hour, '>' on, others do nothing
 */
#ifndef REWICK_TESTS_FUZZ_FUZZ_RECORDS_H
#define REWICK_TESTS_FUZZ_FUZZ_RECORDS_H

#include "engine/base/time_text.h"
#include "engine/tape/record.h"
#include "engine/venue/venue.h"

#include <stdio.h>
#include <string.h>

#define FUZZ_PIECES_MAX 64
#define FUZZ_WALL_NS    (INT64_C(1700000000) * 1000000000)

struct fuzz_records {
    const uint8_t *data;
    size_t size;
    const struct venue *venue;
    unsigned pieces;
    char type; /* of the piece that was read */
    struct record record;
};

static const struct venue *fuzz_venue(const char *name)
{
    const struct venue *venue = venue_find(name);
    unsigned sum = 0, count = 0;
    for (; *name; name++)
        sum = sum * 31 + (unsigned char)*name;
    while (venue_all()[count])
        count++;
    return venue ? venue : venue_all()[sum % count];
}

/* False: there is no first line. */
static bool fuzz_records_open(struct fuzz_records *in, const uint8_t *data, size_t size)
{
    char name[32] = "";
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    if (!end || (size_t)(end - data) >= sizeof name)
        return false;
    memcpy(name, data, (size_t)(end - data));
    *in = (struct fuzz_records){
        .data = end + 1, .size = size - (size_t)(end + 1 - data), .venue = fuzz_venue(name)};
    in->record.wall_ns = FUZZ_WALL_NS;
    in->record.mono_ns = NS_PER_S;
    in->record.venue = in->venue->name;
    return true;
}

static enum record_type fuzz_record_type(char letter)
{
    switch (letter) {
    case 's':
        return RECORD_SENT;
    case 'c':
        return RECORD_CONNECTION;
    case 'h':
        return RECORD_HTTP;
    case 'n':
        return RECORD_GAP;
    case 'g':
        return RECORD_CONFIG;
    case 't':
        return RECORD_TICK;
    default:
        return RECORD_RECEIVED;
    }
}

/* The next piece; its record's data end where the piece ends. */
static bool fuzz_records_next(struct fuzz_records *in)
{
    static const int64_t steps_ms[] = {0, 1, 50, 1000, 2500, 11000, 65000, 3700000};
    if (in->size < 4 || in->pieces++ == FUZZ_PIECES_MAX)
        return false;
    const uint8_t *end = memchr(in->data + 4, '\0', in->size - 4);
    size_t size = end ? (size_t)(end - in->data) : in->size;
    int64_t step_ns = steps_ms[in->data[2] % 8] * NS_PER_MS;
    in->type = (char)in->data[0];
    in->record.type = fuzz_record_type(in->type);
    in->record.connection = in->record.type == RECORD_RECEIVED || in->record.type == RECORD_SENT ||
                                    in->record.type == RECORD_CONNECTION
                                ? (uint32_t)in->data[1] % 16 + 1
                                : 0;
    in->record.seq++;
    in->record.mono_ns += step_ns;
    in->record.wall_ns +=
        step_ns + (in->data[3] == '<' ? -NS_PER_HOUR : 0) + (in->data[3] == '>' ? NS_PER_HOUR : 0);
    in->record.source_ns = RECORD_NO_TIME;
    in->record.data = in->data + 4;
    in->record.size = size - 4;
    in->data += size + (end != NULL);
    in->size -= size + (end != NULL);
    return true;
}

#endif
