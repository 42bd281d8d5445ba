/*
 * import_source: the bytes of a capture file, unpacked. Plain, gzip (several members too) and zstd
 * (several frames too) are told apart by their first bytes, not by the name.
 *
 *     file or stdin -> IMPORT_SOURCE -> import_lines -> format -> records
 *
 * Streams: memory does not grow with the file (a zstd window is at most 128 MiB). Not thread safe.
 */
#ifndef REWICK_REPLAYER_IMPORT_SOURCE_H
#define REWICK_REPLAYER_IMPORT_SOURCE_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct import_source;

/* "-" is stdin. ERR_MISSING, ERR_IO. */
enum err import_source_open(struct import_source **out, const char *path) ERR_MUST_CHECK;
/* The same from memory, which is borrowed. */
enum err import_source_open_memory(struct import_source **out, const void *data,
                                   size_t size) ERR_MUST_CHECK;

/* Up to `size` bytes (at least one unless it fails). ERR_END; ERR_DAMAGED: the packed data is
 * broken or ends too early, everything readable was given out before, the text says why; ERR_IO.
 * Both come again when it is called again. */
enum err import_source_read(struct import_source *source, void *data, size_t size,
                            size_t *out_size) ERR_MUST_CHECK;

/* Bytes of the file read so far and in all (0: not known), for progress bars. */
void import_source_progress(const struct import_source *source, uint64_t *out_done,
                            uint64_t *out_total);

void import_source_close(struct import_source *source); /* accepts NULL */

#endif
