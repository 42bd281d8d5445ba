#include "engine/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_CAPACITY_MIN 64u

void buf_init(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max};
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    buf->data = NULL;
    buf->size = buf->capacity = 0;
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
}

enum err buf_reserve(struct buf *buf, size_t size)
{
    if (size <= buf->capacity - buf->size)
        return ERR_OK;
    if (buf->size > buf->size_max || size > buf->size_max - buf->size)
        return err_fail(ERR_LIMIT, "buffer would grow over its limit of %zu bytes", buf->size_max);
    size_t needed = buf->size + size;
    size_t capacity = buf->capacity > buf->size_max / 2 ? buf->size_max : buf->capacity * 2;
    if (capacity < BUF_CAPACITY_MIN)
        capacity = BUF_CAPACITY_MIN;
    if (capacity < needed)
        capacity = needed;
    uint8_t *data = realloc(buf->data, capacity);
    if (!data)
        return err_fail(ERR_NOMEM, "out of memory for a buffer of %zu bytes", capacity);
    buf->data = data;
    buf->capacity = capacity;
    return ERR_OK;
}

enum err buf_append(struct buf *buf, const void *data, size_t size)
{
    enum err err = buf_reserve(buf, size);
    if (err != ERR_OK || size == 0)
        return err;
    memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    return ERR_OK;
}

enum err buf_append_byte(struct buf *buf, uint8_t byte)
{
    return buf_append(buf, &byte, 1);
}

enum err buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

enum err buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return err_fail(ERR_DAMAGED, "text cannot be formatted");
    /* vsnprintf writes a NUL that does not count. */
    enum err err = buf_reserve(buf, (size_t)length);
    if (err != ERR_OK)
        return err;
    char local[256];
    char *to = local;
    if ((size_t)length >= sizeof local) {
        to = malloc((size_t)length + 1);
        if (!to)
            return err_fail(ERR_NOMEM, "out of memory for a text of %d bytes", length);
    }
    va_start(args, format);
    vsnprintf(to, (size_t)length + 1, format, args);
    va_end(args);
    err = buf_append(buf, to, (size_t)length);
    if (to != local)
        free(to);
    return err;
}

enum err buf_terminate(struct buf *buf)
{
    enum err err = buf_append_byte(buf, 0);
    if (err == ERR_OK)
        buf->size--;
    return err;
}

static enum err append_escape(struct buf *buf, uint8_t byte)
{
    switch (byte) {
    case '"':
        return buf_append(buf, "\\\"", 2);
    case '\\':
        return buf_append(buf, "\\\\", 2);
    case '\n':
        return buf_append(buf, "\\n", 2);
    case '\r':
        return buf_append(buf, "\\r", 2);
    case '\t':
        return buf_append(buf, "\\t", 2);
    default:
        return buf_printf(buf, "\\u%04x", byte);
    }
}

enum err buf_append_json(struct buf *buf, const void *text, size_t size)
{
    const uint8_t *bytes = text;
    enum err err = buf_append_byte(buf, '"');
    size_t plain = 0;
    for (size_t i = 0; i < size && err == ERR_OK; i++) {
        if (bytes[i] >= 0x20 && bytes[i] != '"' && bytes[i] != '\\')
            continue;
        err = buf_append(buf, bytes + plain, i - plain);
        if (err == ERR_OK)
            err = append_escape(buf, bytes[i]);
        plain = i + 1;
    }
    if (err == ERR_OK && size > plain)
        err = buf_append(buf, bytes + plain, size - plain);
    return err == ERR_OK ? buf_append_byte(buf, '"') : err;
}

/* Length of the well-formed sequence at s, 0 when there is none (RFC 3629, section 4). */
static size_t utf8_sequence(const uint8_t *s, size_t size)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
                    : s[0] >= 0xE0 && s[0] <= 0xEF ? 3
                    : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                                   : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

int buf_is_utf8(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence(bytes + i, size - i);
        if (length == 0)
            return 0;
        i += length;
    }
    return 1;
}
