/*
 * net_log: what libwebsockets says. Its callbacks do not tell why a TLS handshake or a connection
 * failed; only its log lines do. They are caught here and the last reason kept, so that the user
 * gets it in one line.
 *
 * One per process (libwebsockets has one log emitter); only the thread that runs libwebsockets may
 * use it.
 */
#ifndef REWICK_RECORDER_NET_LOG_H
#define REWICK_RECORDER_NET_LOG_H

#include <stdbool.h>

#define NET_LOG_TEXT_MAX 256

void net_log_install(void);
/* The system's error of a failed connect is only in a debug line: listen to those while a
 * connection is being made, and not longer, because there are many. */
void net_log_listen(bool connecting);
/* Forgets what was said; before an attempt. */
void net_log_clear(void);
/* The last reason said since, or "". */
const char *net_log_reason(void);

#endif
