/*
 * status_server: the socket through which `rewick status` asks a running recorder: "control.sock"
 * in the tape's folder, for the same user only. A client connects, gets one JSON document and the
 * end.
 *
 * The main thread polls its descriptor and answers; clients that do not read are dropped.
 */
#ifndef REWICK_RECORDER_STATUS_SERVER_H
#define REWICK_RECORDER_STATUS_SERVER_H

#include "engine/base/buf.h"
#include "engine/base/err.h"

#define STATUS_SOCKET_NAME "control.sock"

struct status_server {
    int fd; /* readable when a client waits; -1 when closed */
    char *tape;
};

/* Replaces a socket that an earlier run left behind: the tape's lock is held. */
enum err status_server_open(struct status_server *server, const char *tape) ERR_MUST_CHECK;
void status_server_close(struct status_server *server); /* accepts one that is not open */

/* Answers the clients that wait with what `write` gives, at most a few per call. */
void status_server_answer(struct status_server *server,
                          enum err (*write)(struct buf *out, void *arg), void *arg);

/* The other side: the document of the recorder on that tape. ERR_MISSING: none runs. */
enum err status_ask(const char *tape, struct buf *out) ERR_MUST_CHECK;

#endif
