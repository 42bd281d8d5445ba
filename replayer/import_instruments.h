/*
 * import_instruments: saved answers of a venue's instrument endpoint, as the records that they
 * stand for: `rewick import --instruments FILE`.
 *
 *     file -> validated by the venue's decode_list() -> RECORD_HTTP at the start of the tape
 *
 * Not thread safe.
 */
#ifndef REWICK_REPLAYER_IMPORT_INSTRUMENTS_H
#define REWICK_REPLAYER_IMPORT_INSTRUMENTS_H

#include "engine/base/buf.h"
#include "engine/venue/venue.h"

#define IMPORT_PAGES_MAX 64

struct import_instruments {
    struct instrument_list list; /* all of them */
    size_t page_count;
    struct buf pages[IMPORT_PAGES_MAX]; /* data of the records */
};

void import_instruments_init(struct import_instruments *instruments);
void import_instruments_release(struct import_instruments *instruments);

/* Adds files (plain, gzip, zstd), in the order of the venue's pages. ERR_USAGE: the venue has no
 * list, or not so many pages; ERR_DAMAGED: not such an answer, or it lists nothing. */
enum err import_instruments_load(struct import_instruments *instruments, const struct venue *venue,
                                 const char *const *paths, size_t count) ERR_MUST_CHECK;

#endif
