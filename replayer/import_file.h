/*
 * import_file: one capture file as records in its own order, and the account of what could not be
 * read in it.
 *
 *     file -> lines -> format -> entry -> IMPORT_FILE (times, source time) -> merge -> tape
 *
 * Not thread safe.
 */
#ifndef REWICK_REPLAYER_IMPORT_FILE_H
#define REWICK_REPLAYER_IMPORT_FILE_H

#include "engine/tape/record.h"
#include "engine/venue/venue.h"
#include "replayer/import_format.h"

/* The same for all files of an import. Strings are borrowed. */
struct import_settings {
    const struct import_format *format;
    const struct venue *venue;
    const char *url; /* what an HTTP answer answers; NULL if the format needs none */
    struct instrument_list *instruments; /* of the venue; answers add to it */
    int64_t time_ns; /* receive time where the file has none; RECORD_NO_TIME: not given */
};

/* Complaints told per file; more are only counted. */
#define IMPORT_COMPLAINTS_MAX 20

struct import_file;

/* `settings` is borrowed; `complain` gets every line for stderr, "FILE:LINE: reason", without a
 * line feed. ERR_MISSING, ERR_IO. */
enum err import_file_open(struct import_file **out, const struct import_settings *settings,
                          const char *path, void (*complain)(const char *text, void *arg),
                          void *arg) ERR_MUST_CHECK;

/* The next record that can be read. All is set but seq and mono_ns; `connection` counts within the
 * file. Valid until the next call. ERR_END; ERR_IO and ERR_NOMEM end the import. */
enum err import_file_next(struct import_file *file, struct record *out) ERR_MUST_CHECK;

/* Lines that could not be read, and trades that the venue's decoder found, so far. */
uint64_t import_file_unreadable(const struct import_file *file);
uint64_t import_file_trades(const struct import_file *file);
void import_file_progress(const struct import_file *file, uint64_t *out_done, uint64_t *out_total);

void import_file_close(struct import_file *file); /* accepts NULL */

#endif
