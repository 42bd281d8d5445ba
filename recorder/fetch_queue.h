/*
 * fetch_queue: HTTP requests on their way, at each host's pace.
 *
 *     add --> WAITING --take--> UNDER WAY --answer--> done: the answer is given out
 *                ^                 |
 *                +-----------------+  no answer, 5xx; 429 and 418 when the wait is short
 *
 * Per host: at least the venue's gap between two requests, at most FETCH_UNDER_WAY_MAX at a time,
 * and after 429 or 418 nothing until what Retry-After says has passed (else a wait that doubles
 * from FETCH_BAN_NS). Requests without an answer and with a 5xx are tried again, at most
 * FETCH_TRIES_MAX times in all, with full jitter; the last answer is the answer.
 *
 * Pure: time is an argument, randomness a seed. Bounds: FETCH_QUEUE_MAX requests, under way or
 * waiting.
 */
#ifndef REWICK_RECORDER_FETCH_QUEUE_H
#define REWICK_RECORDER_FETCH_QUEUE_H

#include "engine/venue/venue.h"
#include "recorder/backoff.h"
#include "recorder/transport.h"

#define FETCH_QUEUE_MAX     64
#define FETCH_UNDER_WAY_MAX 4
#define FETCH_TRIES_MAX     3
/* Waits after 429 or 418 without Retry-After: this, doubling, at most FETCH_BAN_MAX_NS. What the
 * header says is kept up to a day. */
#define FETCH_BAN_NS         (INT64_C(10) * 1000000000)
#define FETCH_BAN_MAX_NS     (INT64_C(600) * 1000000000)
#define FETCH_RETRY_AFTER_NS (INT64_C(86400) * 1000000000)
/* A refused request is asked again by itself when the host wants no longer a pause than this; else
 * the refusal is the answer. */
#define FETCH_PATIENCE_NS (INT64_C(30) * 1000000000)

#define FETCH_TARGET_MAX 2048 /* bytes, NUL included */

struct fetch {
    uint32_t number; /* from 1; 0: no fetch */
    const struct venue *venue;
    const struct ws_url *host; /* borrowed: of a plan */
    const char *method;        /* borrowed */
    uint32_t connection;       /* for whose handshake; 0: none. Those are tried once and go first */
    char target[FETCH_TARGET_MAX];

    /* the queue's own */
    bool under_way;
    unsigned tries;
    int64_t due_ns;
    struct fetch_host *at;
};

struct fetch_queue {
    uint32_t numbers; /* given so far */
    struct backoff jitter;
    struct fetch fetches[FETCH_QUEUE_MAX];
    struct fetch_host *hosts; /* owned list */
};

enum fetch_outcome {
    FETCH_DONE,  /* this is the answer */
    FETCH_AGAIN, /* it will be tried again */
};

void fetch_queue_init(struct fetch_queue *queue, uint64_t seed);
void fetch_queue_release(struct fetch_queue *queue); /* accepts a zeroed one */

/* `fetch` says venue, host, method, connection and target. ERR_LIMIT with text: the queue is full;
 * ERR_STOP: the same request is waiting already. */
enum err fetch_queue_add(struct fetch_queue *queue, const struct fetch *fetch,
                         int64_t now_ns) ERR_MUST_CHECK;
/* One that may go out now, from here on under way; valid until fetch_queue_done(). NULL when there
 * is none; then *out_due_ns (INT64_MAX: never) is when there may be one. */
struct fetch *fetch_queue_take(struct fetch_queue *queue, int64_t now_ns, int64_t *out_due_ns);
/* The one under way of that number; NULL when there is none. */
struct fetch *fetch_queue_find(struct fetch_queue *queue, uint32_t number);
enum fetch_outcome fetch_queue_answer(struct fetch_queue *queue, struct fetch *fetch,
                                      const struct fetch_answer *answer, int64_t now_ns);
/* Takes it out. */
void fetch_queue_done(struct fetch *fetch);

#endif
