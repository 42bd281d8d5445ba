/*
 * serve_client: one client of a played venue, without its socket.
 *
 *     request -> venue->serving -> subscriptions, replies -+
 *     tape -> serve_player -> frames that are due ---------+-> outbox -> socket
 *
 * Play starts SERVE_SETTLE_NS after the last request behind the first accepted subscription, so
 * that a client that subscribes in several messages misses nothing. Not thread safe; time is an
 * argument.
 */
#ifndef REWICK_REPLAYER_SERVE_CLIENT_H
#define REWICK_REPLAYER_SERVE_CLIENT_H

#include "engine/base/time_text.h"
#include "replayer/serve_outbox.h"
#include "replayer/serve_player.h"

#define SERVE_SETTLE_NS (400 * NS_PER_MS)
#define SERVE_SETTLE_MAX_NS                                                                        \
    (5 * NS_PER_S) /* after the first subscription play starts in any case */
/* A client that is this far behind is cut off, as venues do. */
#define SERVE_BACKLOG_MAX (8u * 1024 * 1024)
/* At full speed nobody is behind: the tape waits for the client. */
#define SERVE_BACKLOG_GOAL (256u * 1024)
#define SERVE_PUMP_MAX     1024 /* frames moved in one call */

struct serve_client_options {
    const struct serve_market *market; /* borrowed */
    struct pacing_speed speed;
    bool close_at_end;
};

/* RFC 6455 close codes. */
enum serve_close {
    SERVE_CLOSE_NONE = 0,
    SERVE_CLOSE_GOING_AWAY = 1001,
    SERVE_CLOSE_POLICY = 1008,
    SERVE_CLOSE_TOO_BIG = 1009,
    SERVE_CLOSE_FAULT = 1011,
    SERVE_CLOSE_TRY_LATER = 1013,
};

struct serve_client {
    struct serve_client_options options;
    struct venue_subscriptions subs;
    struct serve_outbox outbox;
    struct serve_player player;
    struct buf reframed;
    bool playing, ended;
    int64_t subscribed_ns;  /* first subscription, 0: none yet */
    int64_t start_ns;       /* when play starts, INT64_MAX: not yet known */
    enum serve_close close; /* once set: send what is in the outbox, then close with it */
    const char *close_reason;
};

/* ERR_UNKNOWN: the venue has no such path. */
enum err serve_client_open(struct serve_client *client, const struct serve_client_options *options,
                           const char *target, int64_t wall_ns, int64_t mono_ns) ERR_MUST_CHECK;
void serve_client_release(struct serve_client *client); /* accepts a zeroed one */

/* One whole message of the client. */
enum err serve_client_request(struct serve_client *client, const uint8_t *data, size_t size,
                              int64_t wall_ns, int64_t mono_ns) ERR_MUST_CHECK;

/* Moves what is due into the outbox. *out_next_ns: call again then; INT64_MAX: only after a request
 * or, at full speed, when the outbox has been emptied. */
enum err serve_client_pump(struct serve_client *client, int64_t mono_ns,
                           int64_t *out_next_ns) ERR_MUST_CHECK;

#endif
