/*
 * http_get: one HTTP request, waited for. For what is asked before the capture begins (instrument
 * lists) and for `rewick instruments`. Blocking; any thread that owns its own `http_session`.
 */
#ifndef REWICK_RECORDER_HTTP_GET_H
#define REWICK_RECORDER_HTTP_GET_H

#include "engine/base/buf.h"
#include "recorder/transport.h"

struct http_session;

enum err http_session_open(struct http_session **out, const char *ca_file) ERR_MUST_CHECK;
void http_session_close(struct http_session *session); /* accepts NULL */

/* The body replaces what `out` holds. *out_status is the HTTP status. ERR_NET with text: there was
 * no answer within FETCH_TIMEOUT_NS, or `cancel_fd` (>= 0) became readable. */
enum err http_get(struct http_session *session, const char *method, const struct ws_url *url,
                  const char *target, int cancel_fd, int *out_status, int64_t *out_retry_after_ns,
                  struct buf *out) ERR_MUST_CHECK;

#endif
