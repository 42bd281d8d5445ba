/*
 * net_fetch: one HTTP/1.1 request of net_transport, on a connection of its own: GET, or POST
 * without a body. Redirects are not followed; their status is the answer. An answer that was cut
 * short, or is larger than NET_BODY_MAX, is none.
 */
#ifndef REWICK_RECORDER_NET_FETCH_H
#define REWICK_RECORDER_NET_FETCH_H

#include "engine/tape/record.h"
#include "recorder/net_peer.h"

/* A record has room for it and for what goes in front. */
#define NET_BODY_MAX (RECORD_DATA_MAX - 4096)

/* ERR_USAGE for another method or a target that no request may hold. */
enum err net_fetch_start(struct net_core *core, uint32_t number, const char *method,
                         const struct ws_url *url, const char *target) ERR_MUST_CHECK;

/* What a Retry-After header means: seconds, or an HTTP date (RFC 9110, IMF-fixdate) against the
 * wall clock. 0 for what is neither, or past; a day at most. Pure. */
int64_t net_retry_after_ns(const char *text, int64_t wall_ns);

#endif
