/*
 * buf: a growing byte buffer with a ceiling.
 *
 * The ceiling is stated when the buffer is made; what would go over it is ERR_LIMIT and changes
 * nothing. Memory is kept on buf_clear() and given back by buf_release(). Not thread safe.
 */
#ifndef REWICK_ENGINE_BASE_BUF_H
#define REWICK_ENGINE_BASE_BUF_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; /* owned; NULL while nothing was reserved */
    size_t size;   /* bytes in use */
    size_t capacity;
    size_t size_max;
};

void buf_init(struct buf *buf, size_t size_max);
void buf_release(struct buf *buf);
void buf_clear(struct buf *buf);

/* Room for `size` more bytes behind buf->size; write there, then add to buf->size. */
enum err buf_reserve(struct buf *buf, size_t size) ERR_MUST_CHECK;
enum err buf_append(struct buf *buf, const void *data, size_t size) ERR_MUST_CHECK;
enum err buf_append_byte(struct buf *buf, uint8_t byte) ERR_MUST_CHECK;
/* Text without its NUL. */
enum err buf_append_text(struct buf *buf, const char *text) ERR_MUST_CHECK;
enum err buf_printf(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));
/* A NUL behind the last byte that does not count in size, so data can be used as a C string. */
enum err buf_terminate(struct buf *buf) ERR_MUST_CHECK;

/* Appends `text` as a JSON string with its quotes: control characters, quotes and backslashes are
 * escaped, all else is copied as it is. The caller makes sure that it is UTF-8 (buf_is_utf8). */
enum err buf_append_json(struct buf *buf, const void *text, size_t size) ERR_MUST_CHECK;

/* 1 when data is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms), else 0. */
int buf_is_utf8(const void *data, size_t size);

#endif
