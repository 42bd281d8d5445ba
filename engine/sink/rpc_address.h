/*
 * rpc_address: where the gRPC server may listen. Without TLS and a token only the loopback
 * interface is allowed: 127.0.0.0/8, ::1 (written [::1]) and localhost, which means 127.0.0.1.
 */
#ifndef REWICK_ENGINE_SINK_RPC_ADDRESS_H
#define REWICK_ENGINE_SINK_RPC_ADDRESS_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RPC_ADDRESS_TEXT_MAX 64

/* Plain data. */
struct rpc_address {
    char host[RPC_ADDRESS_TEXT_MAX]; /* numeric, without brackets */
    uint16_t port;                   /* 0 = any free one */
};

/* HOST:PORT. ERR_USAGE with text: not of that form, or not loopback. */
enum err rpc_address_parse(struct rpc_address *out, const char *text) ERR_MUST_CHECK;

/* "127.0.0.1:50051", "[::1]:50051" */
void rpc_address_format(char text[RPC_ADDRESS_TEXT_MAX], const struct rpc_address *address);

/* How many connections this process has accepted on it and not closed. With hang_up they are shut
 * down, whoever owns the descriptor: libgrpc does not close a connection that it is writing to, and
 * a client that is stopped takes no byte. */
size_t rpc_address_connections(const struct rpc_address *address, bool hang_up);

/* Listens on it for a moment, to learn why it cannot be used, which libgrpc does not say. ERR_NET
 * with text. */
enum err rpc_address_probe(const struct rpc_address *address) ERR_MUST_CHECK;

#endif
