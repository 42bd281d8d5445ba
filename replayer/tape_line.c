#include "replayer/tape_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* RFC 4648, section 4 */
static enum err append_base64(struct buf *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum err err = buf_reserve(out, (size + 2) / 3 * 4);
    if (err != ERR_OK)
        return err;
    uint8_t *p = out->data + out->size;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)data[i] << 16;
        group |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        group |= left > 2 ? data[i + 2] : 0;
        *p++ = (uint8_t)digits[group >> 18];
        *p++ = (uint8_t)digits[group >> 12 & 63];
        *p++ = left > 1 ? (uint8_t)digits[group >> 6 & 63] : '=';
        *p++ = left > 2 ? (uint8_t)digits[group & 63] : '=';
    }
    out->size = (size_t)(p - out->data);
    return ERR_OK;
}

static enum err append_data(struct buf *out, const struct record *record)
{
    if (record->size == 0 || buf_is_utf8(record->data, record->size)) {
        enum err err = buf_append_text(out, "\"data\":");
        return err == ERR_OK ? buf_append_json(out, record->data, record->size) : err;
    }
    enum err err = buf_append_text(out, "\"data_base64\":\"");
    if (err == ERR_OK)
        err = append_base64(out, record->data, record->size);
    return err == ERR_OK ? buf_append_byte(out, '"') : err;
}

/* The members before and behind the venue, without buf_printf(), which formats twice. */
#define MEMBERS_MAX 256

enum err tape_line_json(struct buf *out, const struct record *record)
{
    char members[MEMBERS_MAX], source[24] = "null";
    if (record->source_ns != RECORD_NO_TIME)
        snprintf(source, sizeof source, "%" PRId64, record->source_ns);
    snprintf(members, sizeof members,
             "{\"seq\":%" PRIu64 ",\"type\":\"%s\",\"venue\":", record->seq,
             record_type_name(record->type));
    enum err err = buf_append_text(out, members);
    if (err == ERR_OK)
        err = buf_append_json(out, record->venue, strlen(record->venue));
    snprintf(members, sizeof members,
             ",\"connection\":%" PRIu32 ",\"wall_ns\":%" PRId64 ",\"mono_ns\":%" PRId64
             ",\"source_ns\":%s,\"binary\":%s,",
             record->connection, record->wall_ns, record->mono_ns, source,
             record->flags & RECORD_BINARY ? "true" : "false");
    if (err == ERR_OK)
        err = buf_append_text(out, members);
    if (err == ERR_OK)
        err = append_data(out, record);
    return err == ERR_OK ? buf_append(out, "}\n", 2) : err;
}

enum err tape_line_raw(struct buf *out, const struct record *record)
{
    enum err err = buf_append(out, record->data, record->size);
    return err == ERR_OK ? buf_append_byte(out, '\n') : err;
}
