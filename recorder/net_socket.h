/*
 * net_socket: a WebSocket connection of net_transport. Messages come whole, in place when they came
 * in one piece, else put together; a message over RECORD_DATA_MAX is left out and counted.
 *
 * libwebsockets answers pings by itself and shows them to nobody (of pings that come before the
 * answer to the last one is out it drops all, so a flood costs no memory). That they came is seen
 * from the kernel's time of the last byte, once a second.
 */
#ifndef REWICK_RECORDER_NET_SOCKET_H
#define REWICK_RECORDER_NET_SOCKET_H

#include "recorder/net_peer.h"

/* A larger message could not be recorded as sent. */
#define NET_SEND_MAX RECORD_DATA_MAX
/* A larger buffer is given back after use. */
#define NET_ROOM_KEPT (1024u * 1024)

struct net_socket;

enum err net_socket_open(struct net_core *core, uint32_t connection,
                         const struct ws_url *url) ERR_MUST_CHECK;
/* The one with this number that has not ended, or NULL. */
struct net_socket *net_socket_find(const struct net_core *core, uint32_t connection);
enum err net_socket_send(struct net_socket *socket, const void *data, size_t size) ERR_MUST_CHECK;
void net_socket_close(struct net_socket *socket, enum close_way way, const char *reason);

#endif
