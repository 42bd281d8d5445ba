/*
 * rpc_compare: the method CompareVenues of rewick.v1.MarketData: checks the request and answers it
 * from the store, on the threads of store_pool.
 */
#ifndef REWICK_ENGINE_SINK_RPC_COMPARE_H
#define REWICK_ENGINE_SINK_RPC_COMPARE_H

#include "engine/sink/rpc_server.h"
#include "engine/sink/store_pool.h"

/* Candles of one answer: some seconds of reading. More is RESOURCE_EXHAUSTED. */
#define RPC_COMPARE_ROWS_MAX 1000000

/* For rpc_method.serve; `pool` is the struct store_pool. */
void rpc_compare_serve(struct rpc_call *call, const uint8_t *data, size_t size, void *pool);

#endif
