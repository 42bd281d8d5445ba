/*
 * rpc_market_data: the methods of rewick.v1.MarketData (proto/rewick/v1/market_data.proto): checks
 * requests, hands streams to candle_stream, and answers queries from the store on the threads of
 * store_pool.
 */
#ifndef REWICK_ENGINE_SINK_RPC_MARKET_DATA_H
#define REWICK_ENGINE_SINK_RPC_MARKET_DATA_H

#include "engine/sink/candle_hub.h"
#include "engine/sink/rpc_server.h"
#include "engine/sink/store_pool.h"

#define MARKET_DATA_SERVICE      "rewick.v1.MarketData"
#define MARKET_DATA_METHODS      4
#define MARKET_DATA_PAGE_DEFAULT 1000
#define MARKET_DATA_PAGE_MAX     10000

/* Plain data; borrowed by the methods, so it must live as long as the server. */
struct rpc_market_data {
    struct candle_hub *hub;
    struct store_pool *pool;
};

void rpc_market_data_methods(struct rpc_market_data *service,
                             struct rpc_method out[MARKET_DATA_METHODS]);

#endif
