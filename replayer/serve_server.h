/*
 * serve_server: the sockets of `rewick serve`: one listening port per venue, libwebsockets, one
 * thread.
 *
 * A single timerfd wakes the loop at the earliest deadline of all clients (libwebsockets' own
 * timers spin below a millisecond). SIGINT and SIGTERM come through a signalfd and end it in good
 * order.
 */
#ifndef REWICK_REPLAYER_SERVE_SERVER_H
#define REWICK_REPLAYER_SERVE_SERVER_H

#include "engine/sink/rpc_address.h"
#include "replayer/serve_client.h"

#define SERVE_CLIENTS_MAX    256          /* over all venues */
#define SERVE_MESSAGE_MAX    (64u * 1024) /* bytes of a client's message */
#define SERVE_PING_S         20           /* the server pings this often */
#define SERVE_PONG_TIMEOUT_S 80           /* and hangs up when nothing answers */

struct serve_server;

struct serve_server_options {
    const struct serve_catalog *catalog; /* borrowed */
    struct rpc_address address; /* port 0: any free ones; else the first, the others follow */
    struct pacing_speed speed;
    bool close_at_end;
};

/* Listens. ERR_NET with text. */
enum err serve_server_open(struct serve_server **out,
                           const struct serve_server_options *options) ERR_MUST_CHECK;
/* Port of the market with this index of the catalog. */
uint16_t serve_server_port(const struct serve_server *server, size_t market);
/* Until SIGINT or SIGTERM (then ERR_OK) or a failure. */
enum err serve_server_run(struct serve_server *server) ERR_MUST_CHECK;
void serve_server_close(struct serve_server *server); /* accepts NULL */

#endif
