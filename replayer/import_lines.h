/*
 * import_lines: the lines of a capture file, or all of it at once. Bounded memory: lines longer
 * than IMPORT_LINE_MAX are passed over. Not thread safe.
 */
#ifndef REWICK_REPLAYER_IMPORT_LINES_H
#define REWICK_REPLAYER_IMPORT_LINES_H

#include "engine/base/err.h"
#include "engine/tape/record.h"
#include "replayer/import_source.h"

#include <stddef.h>
#include <stdint.h>

/* Twice the largest record, for the escapes of JSON lines, and room for what stands around it. */
#define IMPORT_LINE_MAX (2u * RECORD_DATA_MAX + 4096u)

struct import_lines;

/* Takes the source, also when it fails. */
enum err import_lines_open(struct import_lines **out, struct import_source *source) ERR_MUST_CHECK;

/* The next line without its line feed, valid until the next call. ERR_END. With text: ERR_LIMIT
 * (the line is too long; the next call goes on behind it); ERR_DAMAGED (the packed data is broken
 * here; a line that was cut by it is not given out; ERR_END follows); ERR_IO. */
enum err import_lines_next(struct import_lines *lines, const uint8_t **out_line,
                           size_t *out_size) ERR_MUST_CHECK;
/* The same with all that is left as one line, line feeds included. */
enum err import_lines_rest(struct import_lines *lines, const uint8_t **out_data,
                           size_t *out_size) ERR_MUST_CHECK;

/* Number of the line last given out or complained about, from 1. */
uint64_t import_lines_number(const struct import_lines *lines);
const struct import_source *import_lines_source(const struct import_lines *lines);

void import_lines_close(struct import_lines *lines); /* closes the source too; accepts NULL */

#endif
