/*
 * candle_stream: one client of StreamCandles: history from the store, then live updates, without
 * hole or duplicate.
 *
 * Live only: joined to the hub at update M, the stream gives every wanted update above M.
 *
 * With history: the stream joins first and then reads the store page by page (candle_cursor), each
 * page when the client has taken the one before, each a read of its own that shows the rows as
 * after some update U. Of the live updates meanwhile
 *   - those for candles that the cursor has not reached are left to the pages to come: the next
 * page is read only when the store has committed the highest of their numbers (and M). So what
 * waits does not grow with the length of the history;
 *   - those for candles behind the cursor are queued;
 *   - while a page is under way all are queued, and judged when it is delivered: what it shows
 *     (numbers up to U) is taken out, the rest is as above. All of them are there by then, because
 *     a page is delivered when the hub has handled U;
 *   - those up to the U of the first page are in every page, and are never queued from then on.
 * What is queued after the last page is exactly what the client has not seen.
 *
 * A client that reads too slowly ends with RESOURCE_EXHAUSTED when more than
 * CANDLE_STREAM_UPDATES_MAX updates or CANDLE_STREAM_BYTES_MAX bytes wait for it. It is told so
 * when it reads on; when it does not within CANDLE_STREAM_END_NS, it is cut off.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_STREAM_H
#define REWICK_ENGINE_SINK_CANDLE_STREAM_H

#include "engine/sink/candle_hub.h"
#include "engine/sink/rpc_server.h"
#include "engine/sink/sink_grpc.h"
#include "engine/sink/store_pool.h"

#include "rewick/v1/market_data.pb-c.h"

#define CANDLE_STREAM_UPDATES_MAX SINK_GRPC_CLIENT_UPDATES_MAX
#define CANDLE_STREAM_BYTES_MAX   SINK_GRPC_CLIENT_BYTES_MAX
#define CANDLE_STREAM_PAGE_ROWS   2048        /* rows of the store in memory for one client */
#define CANDLE_STREAM_CHUNK_BYTES (64 * 1024) /* of history in one message, about */
#define CANDLE_STREAM_STORE_NS                                                                     \
    (INT64_C(10) * 1000000000) /* wait for the store to commit, at most */
#define CANDLE_STREAM_END_NS (INT64_C(30) * 1000000000)

/* Serves the call, whatever it asks; takes the request. */
void candle_stream_serve(struct rpc_call *call, Rewick__V1__StreamCandlesRequest *request,
                         struct candle_hub *hub, struct store_pool *pool);

#endif
