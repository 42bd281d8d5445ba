/* http_record: the data of a RECORD_HTTP (see engine/tape/record.h). */
#ifndef REWICK_RECORDER_HTTP_RECORD_H
#define REWICK_RECORDER_HTTP_RECORD_H

#include "engine/base/buf.h"
#include "engine/tape/record.h"
#include "recorder/ws_url.h"

#include <stdbool.h>

/* Replaces what `out` holds by {"method":"GET","url":"https://host/target","status":200}, a line
 * feed and the body. `error` is added to the line unless it is NULL or "". */
enum err http_record_write(struct buf *out, const char *method, const struct ws_url *host,
                           const char *target, int status, const char *error, const void *body,
                           size_t size) ERR_MUST_CHECK;

struct http_record {
    char url[WS_URL_TEXT_MAX]; /* "" when it does not fit */
    int status;
    const uint8_t *body; /* borrowed from the record */
    size_t size;
};

/* False: it is no such record. */
bool http_record_read(struct http_record *out, const struct record *record);

#endif
