/*
 * sink_grpc: candles to any number of gRPC clients (proto/rewick/v1/market_data.proto), with the standard health
 * and reflection services.
 *
 * StreamCandles gives history from the store, then live updates, without hole or duplicate: the client is joined
 * to the live updates first, then the store is read once it has committed all updates before that point, then
 * live updates with higher numbers follow.
 *
 * Threads: put() and commit() are called on the engine's thread, pack the candle once and leave it in a bounded
 * queue; one fan-out thread hands it to the clients (it alone starts gRPC batches for streams); completion threads
 * do the rest. A slow client has a bounded queue of its own; when it is full the stream ends with
 * RESOURCE_EXHAUSTED. No client can slow down the engine.
 *
 * No fork() after opening. SIGINT and SIGTERM must be blocked or handled by the caller.
 */
#ifndef REWICK_ENGINE_SINK_SINK_GRPC_H
#define REWICK_ENGINE_SINK_SINK_GRPC_H

#include "engine/sink/sink.h"

#define SINK_GRPC_CLIENT_UPDATES_MAX 65536 /* updates waiting for one client */
#define SINK_GRPC_CLIENTS_MAX        256   /* streams at once; more get RESOURCE_EXHAUSTED */

/* `address` is HOST:PORT; port 0 takes a free one, and *out_port (may be NULL) tells which. Only loopback
 * addresses are allowed (ERR_USAGE for others). `store_path` is the SQLite file that a sink_sqlite of the same
 * process writes. ERR_NET: the address cannot be used; the text names it and says what to do. */
enum err sink_grpc_open(struct sink **out, const char *address, const char *store_path,
                        int *out_port) ERR_MUST_CHECK;

#endif
