/*
 * descriptor_set: finds files and symbols in a serialized google.protobuf.FileDescriptorSet, for
 * server reflection. Reads the bytes where they are; allocates nothing; any thread.
 */
#ifndef REWICK_ENGINE_SINK_DESCRIPTOR_SET_H
#define REWICK_ENGINE_SINK_DESCRIPTOR_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes inside the set. */
struct span {
    const uint8_t *data;
    size_t size;
};

/* The file behind `from` (one FileDescriptorProto), the first for {NULL, 0}. False: no more. */
bool descriptor_set_next(struct span set, struct span from, struct span *out_file);
bool descriptor_set_file(struct span set, const char *name, struct span *out_file);
/* The file that declares a package's message, field, enum, enum value, service or method, by its
 * full name without a leading dot. */
bool descriptor_set_symbol(struct span set, const char *symbol, struct span *out_file);

/* Name number `index` that the file imports; false: it has no more. */
bool descriptor_file_dependency(struct span file, size_t index, struct span *out_name);
/* Full name of the file's service number `index`, NUL-terminated; false: no more, or longer than
 * `size`. */
bool descriptor_file_service(struct span file, size_t index, char *out, size_t size);

#endif
