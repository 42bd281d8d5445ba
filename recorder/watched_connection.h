/*
 * watched_connection: one connection as the watch sees it: what is wanted of it and comes, and
 * whether a stream (a channel of it) is silent for longer than is usual.
 *
 * What is usual belongs to the link, of which connections are the one after the other, and so does
 * the patience with it: a stream is renewed at most every RENEW_WAIT_NS, and the wait doubles up to
 * RENEW_WAIT_MAX_NS for as long as that brings nothing.
 *
 * Pure. Part of capture_watch.
 */
#ifndef REWICK_RECORDER_WATCHED_CONNECTION_H
#define REWICK_RECORDER_WATCHED_CONNECTION_H

#include "recorder/capture_watch.h"
#include "recorder/connection_watch.h"
#include "recorder/stream_rate.h"

#define WATCH_STREAMS_MAX (2 * PLAN_STREAMS_MAX) /* channels of a venue over all plans */
/* A stream that has given nothing, or too little to know what is usual, is given up after this. */
#define WATCH_NOTHING_NS  (INT64_C(300) * 1000000000)
#define RENEW_WAIT_NS     (INT64_C(300) * 1000000000)
#define RENEW_WAIT_MAX_NS (INT64_C(6) * 3600 * 1000000000)

struct watched_link {
    struct watched_link *next;
    uint32_t number;
    int64_t renewed_ns; /* INT64_MIN: never */
    struct {
        struct stream_rate rate;
        int64_t wait_ns; /* from the last renewal to the next one; 0: none was for this stream */
        bool gave;       /* something came since then */
    } streams[WATCH_STREAMS_MAX];
};

struct watched_stream {
    bool carried;     /* something of it has been confirmed ... */
    int64_t since_ns; /* ... at this time, */
    int64_t last_ns;  /* and the last frame came then (since_ns until then) */
    uint64_t frames;
};

/* Frames of the last minute, by tens of seconds. */
struct frame_minute {
    int64_t part; /* number of the newest */
    uint64_t counts[6];
};

struct watched_connection {
    uint32_t number;
    struct watched_link *link; /* NULL: not known */
    struct capture_watch *watch;
    struct watched_venue *venue;
    bool began; /* its beginning was seen; else nobody knows what is wanted of it */
    bool open, greeted, settled, renewing;
    uint64_t frames, trades, malformed;
    int64_t opened_wall_ns, last_frame_wall_ns, last_data_wall_ns;
    struct frame_minute minute;
    struct connection_watch subs;
    struct watched_stream streams[WATCH_STREAMS_MAX];
    /* orders that are still to be given */
    bool give_greeted, give_settled, give_renew;
    char renew_why[160];
};

void watched_connection_carries(struct watched_connection *connection, size_t stream,
                                int64_t mono_ns);
void watched_connection_frame(struct watched_connection *connection, struct stamp now);
void watched_connection_data(struct watched_connection *connection, size_t stream,
                             struct stamp now);

/* Whether a stream of it is silent for longer than is usual, and what to say about that. */
bool watched_connection_is_silent(const struct watched_connection *connection,
                                  const char *const *channels, int64_t mono_ns, char out[160]);
/* It is to be renewed now: `renew_why` says why. */
bool watched_connection_renew(struct watched_connection *connection, const char *const *channels,
                              int64_t mono_ns);

void watched_connection_tell(const struct watched_connection *connection, int64_t mono_ns,
                             struct watch_connection *out);

#endif
