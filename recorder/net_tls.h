/*
 * net_tls: how peers are verified. One OpenSSL context for all connections of a transport: TLS 1.2
 * or newer, security level 2 (no keys under 112 bits, no MD5 or SHA-1 signatures), the chain up to
 * a trusted root, made for servers, in its time, and for the very host that was asked for: by name
 * or by IP address, from the subjectAltName alone, with a wildcard for one whole label at most.
 * Nothing turns any of this off. Revocation is not looked at: that needs questions to third
 * parties.
 *
 * libwebsockets makes the connections, but its own idea of a host name ends at 127 bytes or at the
 * first colon (IPv6), and it lets a certificate name its host in the common name; so names are set
 * and certificates judged here.
 */
#ifndef REWICK_RECORDER_NET_TLS_H
#define REWICK_RECORDER_NET_TLS_H

#include "engine/base/err.h"

#include <openssl/ssl.h>

#define NET_TLS_REASON_MAX 160

/* What one connection is held against, and what came of it. */
struct net_tls_peer {
    char *host;                      /* name or address; borrowed */
    char reason[NET_TLS_REASON_MAX]; /* why the handshake failed; "" when it did not */
};

/* The peer of a connection that begins its handshake; NULL refuses it. */
typedef struct net_tls_peer *net_tls_find_fn(void *arg, const SSL *ssl);

struct net_tls;

/* `ca_file` NULL: the system's certificates. `find` with `arg` must be valid as long as there are
 * connections. ERR_NET with text. */
enum err net_tls_new(struct net_tls **out, const char *ca_file, net_tls_find_fn *find,
                     void *arg) ERR_MUST_CHECK;
void net_tls_free(struct net_tls *tls); /* after the last connection; accepts NULL */
/* For making connections; borrowed. */
SSL_CTX *net_tls_context(struct net_tls *tls);

#endif
