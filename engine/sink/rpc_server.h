/*
 * rpc_server: a gRPC server on the C core of libgrpc: methods, calls, completion threads, shutdown.
 * It knows nothing of candles. (The names begin with rpc_ because grpc_ is the library's.)
 *
 *     client -> completion thread -> method's serve() -> rpc_reply(), rpc_fail() or
 * rpc_stream_open()
 *
 * Calls. A unary call is answered once, from any thread, now or later, with rpc_reply() or
 * rpc_fail(). A stream is opened with rpc_stream_open() (or refused with rpc_fail()); from then on
 * the server *asks* what to send: next() is called by one thread at a time, whenever the last
 * message has gone out and after every rpc_stream_kick(). So a message is made when the client can
 * take it, and a slow client holds nothing back but its own stream.
 *
 * Threads: serve(), received() and closed() run on completion threads and must not block; next()
 * runs there or on the thread that kicks. Starting to send costs that thread the time of a
 * sendmsg(). The server calls nothing of yours with a lock held.
 *
 * Every method that is not registered is answered with UNIMPLEMENTED. Signals are blocked in all
 * threads made here.
 */
#ifndef REWICK_ENGINE_SINK_RPC_SERVER_H
#define REWICK_ENGINE_SINK_RPC_SERVER_H

#include "engine/base/err.h"
#include "engine/sink/rpc_address.h"

#include <grpc/slice.h>
#include <grpc/status.h>
#include <protobuf-c/protobuf-c.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RPC_METHODS_MAX       16
#define RPC_REQUEST_BYTES_MAX (256 * 1024) /* of one request; more is RESOURCE_EXHAUSTED */
#define RPC_RESPONSE_BYTES_MAX                                                                     \
    (3 * 1024 * 1024)      /* keep below what clients take by default, 4 MiB */
#define RPC_SLICES_MAX 64  /* pieces of one message */
#define RPC_TEXT_MAX   512 /* of a status, NUL included; more is cut */
/* Calls at once on one connection; more wait in the client. */
#define RPC_CONNECTION_CALLS_MAX 320
/* A peer that answers no ping, or takes no byte off the wire, for this long is disconnected. */
#define RPC_KEEPALIVE_MS         30000
#define RPC_KEEPALIVE_TIMEOUT_MS 20000
/* Clients that ping more often than this are sent away (too_many_pings). */
#define RPC_CLIENT_PING_MIN_MS 10000

struct rpc_server;
struct rpc_call;

enum rpc_kind {
    RPC_UNARY,
    RPC_STREAM, /* one request, many responses */
    RPC_BIDI,   /* requests are read with rpc_stream_read() */
};

/* Plain data; copied by rpc_server_open(). */
struct rpc_method {
    const char *path; /* "/package.Service/Method"; must live as long as the server */
    enum rpc_kind kind;
    /* `request` is borrowed for the call; empty for RPC_BIDI. */
    void (*serve)(struct rpc_call *call, const uint8_t *request, size_t size, void *arg);
    void *arg;
};

/* *out_port tells the port it listens on. ERR_NET when it cannot; why is not known here
 * (rpc_address_probe()). Calls may come before this returns. */
enum err rpc_server_open(struct rpc_server **out, const struct rpc_address *address,
                         const struct rpc_method *methods, size_t method_count,
                         int *out_port) ERR_MUST_CHECK;
/* No new connections and calls from here on. Streams must now be ended by their owners. */
void rpc_server_stop(struct rpc_server *server);
/* Waits until all calls have ended and all clients have hung up, for at most grace_ns; then cancels
 * the calls that are left and cuts the connections. After it, no call exists and no function of a
 * method runs. */
void rpc_server_wait(struct rpc_server *server, int64_t grace_ns);
/* After stop and wait; accepts NULL. */
void rpc_server_close(struct rpc_server *server);

void rpc_call_ref(struct rpc_call *call);
void rpc_call_unref(struct rpc_call *call);

/* Answers a unary call and forgets it: do not touch it afterwards. */
void rpc_reply(struct rpc_call *call, const ProtobufCMessage *message);
/* The same with packed bytes; takes the slice. */
void rpc_reply_slice(struct rpc_call *call, grpc_slice message);
/* Answers a unary call, or a stream that is not open, with a status that is not OK. */
void rpc_fail(struct rpc_call *call, grpc_status_code status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum rpc_next {
    RPC_NEXT_NOTHING, /* nothing to send until the next kick */
    RPC_NEXT_MESSAGE, /* the slices together are one message; ownership goes to the server */
    RPC_NEXT_STATUS,  /* end the stream; next() is not called again */
};

struct rpc_outgoing {
    size_t count;
    grpc_slice slices[RPC_SLICES_MAX];
    grpc_status_code status;
    char text[RPC_TEXT_MAX];
};

struct rpc_stream_events {
    enum rpc_next (*next)(void *state, struct rpc_outgoing *out);
    /* RPC_BIDI: what rpc_stream_read() brought, borrowed; NULL: the client has sent its last. */
    void (*received)(void *state, const uint8_t *data, size_t size);
    /* Once: the stream has ended, or the client has cancelled or gone. next() may still be called.
     */
    void (*closed)(void *state);
    /* Last call of all, when nobody holds a reference any more. */
    void (*release)(void *state);
};

/* Sends the headers and starts asking. `events` must live as long as the server. */
void rpc_stream_open(struct rpc_call *call, const struct rpc_stream_events *events, void *state);
/* There may be something to send. Any thread that holds a reference. */
void rpc_stream_kick(struct rpc_call *call);
/* Reads one message; one at a time. */
void rpc_stream_read(struct rpc_call *call);
/* Cuts the stream off without waiting for the client. */
void rpc_stream_cancel(struct rpc_call *call);

/* A packed message as a slice, owned by the caller. */
grpc_slice rpc_pack(const ProtobufCMessage *message);

#endif
