/*
 * net_peer: one connection to a host as far as WebSocket and HTTP have it in common: the name is
 * looked up, TCP and TLS come up, something ends it, and why is known. net_socket and net_fetch
 * put their own struct around it.
 *
 *     RESOLVING --> CONNECTING --> UP --> ENDED        (each may go straight to ENDED)
 *
 * Addresses of a host are tried one after the other as long as TCP does not come up.
 *
 * Part of net_transport, used by nobody else; one thread. Whoever ends a peer does so by
 * net_peer_end(); the memory goes later, when libwebsockets is not on the stack (net_transport.c).
 */
#ifndef REWICK_RECORDER_NET_PEER_H
#define REWICK_RECORDER_NET_PEER_H

#include "recorder/net_tls.h"
#include "recorder/resolver.h"
#include "recorder/transport.h"

#include <libwebsockets.h>

/* Looking up, TCP, TLS and the upgrade together. */
#define NET_CONNECT_TIMEOUT_NS (INT64_C(15) * 1000000000)
/* What the peer has to answer our close message, and we to send it. */
#define NET_GOODBYE_NS (INT64_C(3) * 1000000000)
/* Both ways of a changeover for as many links as there may be, and the fetches. */
#define NET_PEERS_MAX 1100
/* libwebsockets writes the Host header into a field of this size. */
#define NET_AUTHORITY_MAX 119
/* One read, and how messages in parts come. */
#define NET_READ_BYTES (64u * 1024)

enum net_state { NET_RESOLVING, NET_CONNECTING, NET_UP, NET_ENDED };

struct net_peer;

/* What all peers of a transport share. */
struct net_core {
    struct lws_context *context;
    const struct transport_events *events;
    struct net_peer *peers[NET_PEERS_MAX];
    size_t peer_count;
    size_t received; /* bytes of messages in this round */
    size_t ended;    /* of them, waiting to be freed */
    unsigned turn;   /* so that each address of a host comes first once */
    bool again;      /* a peer goes on with its next address */
};

struct net_kind {
    const char *protocol; /* name in the table of libwebsockets */
    const char *fate;     /* the reason of an end of which nobody said why; NULL: find out */
    /* What libwebsockets has to say once it is about this kind; returns what its callback does. */
    int (*event)(struct net_peer *peer, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                 size_t size, struct stamp now);
    /* It came to nothing or is over: tell it. peer->reason says why. */
    void (*ended)(struct net_peer *peer, struct stamp now, bool was_up);
    /* Once a second, and when a lookup has ended. */
    void (*work)(struct net_peer *peer, struct stamp now);
    void (*release)(struct net_peer *peer); /* what is around the peer; not the peer itself */
};

struct net_peer {
    struct net_core *core;
    const struct net_kind *kind;
    const char *method; /* of HTTP; NULL for WebSocket */
    struct ws_url url;
    enum net_state state;
    bool tcp_up;    /* with the present address */
    bool listening; /* to the log, for the error of connect() */
    struct resolver *resolver;
    struct resolver_result addresses;
    size_t address, tried; /* which of them is next, how many were */
    struct lws *wsi;       /* NULL before there is one and after its end */
    int64_t deadline_ns;   /* monotonic; 0 = none */
    const char *too_late;  /* the reason when it passes */
    struct net_tls_peer tls;
    char reason[256];
};

struct stamp net_now(void);

/* Takes a zeroed peer at the beginning of a struct that malloc made: on success it belongs to the
 * core, which releases and frees it after its end. ERR_NET, ERR_NOMEM, ERR_LIMIT with text. */
enum err net_peer_start(struct net_peer *peer, struct net_core *core, const struct net_kind *kind,
                        const struct ws_url *url) ERR_MUST_CHECK;
void net_peer_work(struct net_peer *peer, struct stamp now);
/* Ends it without asking the other side. The first reason is the one that stays. */
void net_peer_kill(struct net_peer *peer, const char *reason);
/* The callback of libwebsockets, for any kind of peer. */
int net_peer_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                   size_t size);

/* Keeps the reason unless there is one. */
void net_peer_say(struct net_peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Tells the end, once. */
void net_peer_end(struct net_peer *peer);
/* Ends it and tells nobody. */
void net_peer_drop(struct net_peer *peer);
void net_peer_free(struct net_peer *peer); /* after its end */

#endif
