/*
 * serve_http: plain HTTP requests to a played venue: its instrument list, trades of the past, the
 * handshake of venues that have one. The venue's own code writes the answers.
 *
 * Functions return what a libwebsockets callback has to return.
 */
#ifndef REWICK_REPLAYER_SERVE_HTTP_H
#define REWICK_REPLAYER_SERVE_HTTP_H

#include "replayer/serve_catalog.h"

#include <libwebsockets.h>

#define SERVE_TARGET_MAX   8192
#define SERVE_ANSWER_MAX   (16u * 1024 * 1024) /* bytes of an answer */
#define SERVE_ANSWERS_MAX  64                  /* being sent at a time; more get a 503 */
#define SERVE_QUESTION_MAX (64u * 1024)        /* bytes of a request's body, which nobody reads */

/* The answer to the request that a connection has made. */
struct serve_answer {
    struct buf body;
    size_t sent;
    size_t asked;  /* bytes of the request's body so far */
    size_t *count; /* of answers being sent, over all connections; NULL: none is */
};

/* The request target as the client sent it, but for %-escapes, which libwebsockets has undone.
 * False: it is too long. */
bool serve_http_target(struct lws *wsi, char *target, size_t target_size);

/* LWS_CALLBACK_HTTP. `count` counts answers; borrowed. */
int serve_http_begin(struct serve_answer *answer, struct lws *wsi,
                     const struct serve_market *market, size_t *count);
/* LWS_CALLBACK_HTTP_BODY, and its completion. */
int serve_http_body(struct serve_answer *answer, size_t size);
int serve_http_body_end(struct serve_answer *answer, struct lws *wsi,
                        const struct serve_market *market, size_t *count);
/* LWS_CALLBACK_HTTP_WRITEABLE */
int serve_http_writeable(struct serve_answer *answer, struct lws *wsi);
void serve_answer_release(struct serve_answer *answer); /* accepts a zeroed one */

#endif
