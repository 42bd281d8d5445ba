/*
 * sink_grpc: candles to any number of gRPC clients (proto/rewick/v1/market_data.proto), with the
 * standard health and reflection services.
 *
 *     put() -> candle_hub (fan-out thread) -> candle_stream, one per client -> rpc_server
 * (completion threads) store_pool (readers of the store) -^
 *
 * StreamCandles gives history from the store, then live updates, without hole or duplicate: the
 * client is joined to the live updates first, then the store is read in pages once it has committed
 * all updates before that point, then what the pages have not shown follows (candle_stream.h).
 * History of any length takes bounded memory.
 *
 * Threads: put() and commit() are called on the engine's thread. put() packs the candle once and
 * leaves it in a bounded queue; with no client it does nothing. The fan-out thread hands it to the
 * clients' queues. No client can slow down the engine or another client. What overflows is never
 * lost silently:
 *   - a client's own queue is full (SINK_GRPC_CLIENT_UPDATES_MAX, SINK_GRPC_CLIENT_BYTES_MAX): its
 * stream ends with RESOURCE_EXHAUSTED and a text that says so;
 *   - the queue to the fan-out thread is full (HUB_EVENTS_MAX in candle_hub.h): all streams end so.
 * A client that comes back asks for history and has everything again.
 *
 * Closing gives out the last updates, tells health watchers NOT_SERVING, ends streams with
 * UNAVAILABLE "server is shutting down", waits SINK_GRPC_GRACE_NS for clients to take all that, and
 * cuts off those that do not.
 *
 * No fork() after opening. SIGINT and SIGTERM must be blocked or handled by the caller; the threads
 * made here block all signals. Raises the process's soft limit of open files to the hard one.
 */
#ifndef REWICK_ENGINE_SINK_SINK_GRPC_H
#define REWICK_ENGINE_SINK_SINK_GRPC_H

#include "engine/sink/sink.h"

#define SINK_GRPC_CLIENT_UPDATES_MAX 65536             /* updates waiting for one client */
#define SINK_GRPC_CLIENT_BYTES_MAX   (8 * 1024 * 1024) /* and their size */
#define SINK_GRPC_CLIENTS_MAX        256 /* streams at once; more get RESOURCE_EXHAUSTED */
#define SINK_GRPC_GRACE_NS           (INT64_C(1) * 1000000000)

/* `address` is HOST:PORT; port 0 takes a free one, and *out_port (may be NULL) tells which. Only
 * loopback addresses are allowed (ERR_USAGE for others). `store_path` is the SQLite file that a
 * sink_sqlite of the same process writes. ERR_NET: the address cannot be used; the text names it
 * and says what to do. */
enum err sink_grpc_open(struct sink **out, const char *address, const char *store_path,
                        int *out_port) ERR_MUST_CHECK;

#endif
