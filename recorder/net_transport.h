/*
 * net_transport: the transport (transport.h) on libwebsockets: WebSocket and HTTP/1.1, TLS through
 * OpenSSL with peer and host always verified (no switch turns that off), TLS 1.2 or newer,
 * redirects refused, no permessage-deflate, messages of at most RECORD_DATA_MAX.
 *
 * One thread owns it: everything but net_transport_wake() belongs to the thread that calls
 * net_transport_service(), which is where all events come from (or from within the transport's own
 * functions). The receive time is taken first thing in the receive callback. When there are more
 * than 2,000 reads a second, reads are kept 250 us apart, because a wake-up costs more than a
 * message; a message may then have lain in the socket for that long before it gets its time.
 *
 * Close codes that libwebsockets 4.1.6 does not know (1012 to 2999) reach us as 1002; reasons say
 * so.
 */
#ifndef REWICK_RECORDER_NET_TRANSPORT_H
#define REWICK_RECORDER_NET_TRANSPORT_H

#include "recorder/transport.h"

struct net_transport;

/* Trusts `ca_file` and nothing else, or the system's certificates when it is NULL. ERR_NET with
 * text: certificates cannot be read or sockets cannot be made. */
enum err net_transport_new(struct net_transport **out, const char *ca_file) ERR_MUST_CHECK;
void net_transport_free(struct net_transport *net); /* accepts NULL; gives no more events */

/* Must be set before the first call; borrowed. */
void net_transport_listen(struct net_transport *net, const struct transport_events *events);
const struct transport *net_transport_body(struct net_transport *net);

/* Waits for the network, at most until `until_mono_ns`, and gives what came. */
void net_transport_service(struct net_transport *net, int64_t until_mono_ns);
/* Any thread: ends one wait, the present or the next one. */
void net_transport_wake(struct net_transport *net);

#endif
