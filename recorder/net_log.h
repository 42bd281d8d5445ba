/*
 * net_log: what libwebsockets says. Its callbacks do not tell why a connection could not be made;
 * only its log lines do. They are caught here and the last reason kept, so that the user gets it in
 * one line. (Why a TLS handshake failed is known better, see net_tls.h.)
 *
 * libwebsockets has one log for the process; reasons are kept per thread that runs it.
 */
#ifndef REWICK_RECORDER_NET_LOG_H
#define REWICK_RECORDER_NET_LOG_H

#include <stdbool.h>

#define NET_LOG_TEXT_MAX 256

void net_log_install(void);
/* The system's error of a failed connect is only in a debug line: those are made while anybody
 * listens. Each begin needs its end, as soon as may be, because there are many. */
void net_log_listen(bool begin);
/* Forgets what was said. */
void net_log_clear(void);
/* The last reason said since, or "". */
const char *net_log_reason(void);

#endif
