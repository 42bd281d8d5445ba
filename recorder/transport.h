/*
 * transport: what the conductor can do with the network, and nothing more: connect, send, close,
 * fetch. It knows no venue. One body runs on libwebsockets (net_transport), another is simulated
 * with a virtual clock (tests/sim).
 *
 *     conductor --connect, send, close, fetch--> TRANSPORT
 *               <--struct transport_events--
 *
 * Connections are named by their number on the tape, fetches by a number that the conductor
 * chooses. Results come as events, later or within the call itself. For every connect() exactly one
 * of: failed, or opened, messages, closed. For every fetch() exactly one answered.
 */
#ifndef REWICK_RECORDER_TRANSPORT_H
#define REWICK_RECORDER_TRANSPORT_H

#include "engine/base/err.h"
#include "recorder/ws_url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When something happened: both clocks, read together, first thing. */
struct stamp {
    int64_t wall_ns, mono_ns;
};

enum close_way {
    CLOSE_POLITE,  /* a close message; the peer has a moment to answer */
    CLOSE_AT_ONCE, /* the peer may be gone */
};

struct transport {
    /* ERR_NET, ERR_NOMEM with text: nothing was begun and no result will come. */
    enum err (*connect)(void *arg, uint32_t connection, const struct ws_url *url);
    /* A whole text message, copied. Only between opened and closed. ERR_LIMIT: the message before
     * is still on its way; try again later. */
    enum err (*send)(void *arg, uint32_t connection, const void *data, size_t size);
    /* Also before it is open: then conductor_failed() follows. `reason` is copied. */
    void (*close)(void *arg, uint32_t connection, enum close_way way, const char *reason);
    /* `url` holds host and scheme, `target` path and query. Answers are bounded by
     * RECORD_DATA_MAX less what goes in front, and by FETCH_TIMEOUT_NS. */
    enum err (*fetch)(void *arg, uint32_t fetch, const char *method, const struct ws_url *url,
                      const char *target);
    void *arg;
};

#define FETCH_TIMEOUT_NS (INT64_C(30) * 1000000000)

/* What a fetch gave. */
struct fetch_answer {
    int status;             /* HTTP status; 0: no answer, `reason` says why */
    int64_t retry_after_ns; /* what the Retry-After header says; 0 = nothing */
    const void *body;       /* valid during the call */
    size_t size;
    const char *reason; /* "" when status is not 0 */
};

/* To whom results go. All of it is called by the thread that owns the transport. */
struct transport_events {
    void (*opened)(void *arg, uint32_t connection, struct stamp now);
    void (*message)(void *arg, uint32_t connection, struct stamp now, const void *data, size_t size,
                    bool binary);
    /* A message over RECORD_DATA_MAX was left out. */
    void (*too_large)(void *arg, uint32_t connection, struct stamp now);
    /* A sign of life that is no message: a ping, a part of a message. */
    void (*heard)(void *arg, uint32_t connection, struct stamp now);
    /* After ERR_LIMIT: send() would take a message again. */
    void (*sendable)(void *arg, uint32_t connection, struct stamp now);
    void (*closed)(void *arg, uint32_t connection, struct stamp now, const char *reason);
    void (*failed)(void *arg, uint32_t connection, struct stamp now, const char *reason);
    void (*answered)(void *arg, uint32_t fetch, struct stamp now,
                     const struct fetch_answer *answer);
    void *arg;
};

#endif
