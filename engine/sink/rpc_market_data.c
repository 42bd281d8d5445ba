#include "engine/sink/rpc_market_data.h"

#include "engine/sink/candle_cursor.h"
#include "engine/sink/candle_message.h"
#include "engine/sink/candle_stream.h"
#include "engine/sink/rpc_compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One query under way. */
struct query {
    struct store_job job;
    struct rpc_call *call;
    struct store_pool *pool;
    Rewick__V1__GetCandlesRequest *candles;          /* GetCandles */
    Rewick__V1__ListInstrumentsRequest *instruments; /* ListInstruments */
    struct candle_filter filter;
    struct candle_cursor cursor;
    uint64_t rows, rows_max;
    bool full;
    struct buf response;
};

static void serve_stream(struct rpc_call *call, const uint8_t *data, size_t size, void *arg);
static void serve_candles(struct rpc_call *call, const uint8_t *data, size_t size, void *arg);
static void serve_instruments(struct rpc_call *call, const uint8_t *data, size_t size, void *arg);

void rpc_market_data_methods(struct rpc_market_data *service,
                             struct rpc_method out[MARKET_DATA_METHODS])
{
    out[0] = (struct rpc_method){"/" MARKET_DATA_SERVICE "/StreamCandles", RPC_STREAM, serve_stream,
                                 service};
    out[1] = (struct rpc_method){"/" MARKET_DATA_SERVICE "/GetCandles", RPC_UNARY, serve_candles,
                                 service};
    out[2] = (struct rpc_method){"/" MARKET_DATA_SERVICE "/ListInstruments", RPC_UNARY,
                                 serve_instruments, service};
    out[3] = (struct rpc_method){"/" MARKET_DATA_SERVICE "/CompareVenues", RPC_UNARY,
                                 rpc_compare_serve, service->pool};
}

static void fail_unpack(struct rpc_call *call, const char *message)
{
    rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request is not a rewick.v1.%s", message);
}

static void serve_stream(struct rpc_call *call, const uint8_t *data, size_t size, void *arg)
{
    const struct rpc_market_data *service = arg;
    Rewick__V1__StreamCandlesRequest *request =
        rewick__v1__stream_candles_request__unpack(NULL, size, data);
    if (request == NULL)
        fail_unpack(call, "StreamCandlesRequest");
    else
        candle_stream_serve(call, request, service->hub, service->pool);
}

/* ---- queries ----------------------------------------------------------------------------------
 */

static struct query *new_query(struct rpc_call *call, const struct rpc_market_data *service)
{
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL) {
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    query->call = call;
    query->pool = service->pool;
    buf_init(&query->response, RPC_RESPONSE_BYTES_MAX);
    return query;
}

static void free_query(struct query *query)
{
    buf_release(&query->response);
    candle_filter_release(&query->filter);
    if (query->candles != NULL)
        rewick__v1__get_candles_request__free_unpacked(query->candles, NULL);
    if (query->instruments != NULL)
        rewick__v1__list_instruments_request__free_unpacked(query->instruments, NULL);
    free(query);
}

/* Answers with what was collected, or with the reason why not; frees the query. */
static void finish(struct query *query, enum err err)
{
    if (err == ERR_OK)
        rpc_reply_slice(query->call, grpc_slice_from_copied_buffer(
                                         (const char *)query->response.data, query->response.size));
    else if (err == ERR_LIMIT)
        rpc_fail(query->call, GRPC_STATUS_RESOURCE_EXHAUSTED,
                 "the answer is larger than %d bytes; ask for less", RPC_RESPONSE_BYTES_MAX);
    else if (err == ERR_DAMAGED)
        rpc_fail(query->call, GRPC_STATUS_DATA_LOSS, "%s", err_text(err));
    else
        rpc_fail(query->call, GRPC_STATUS_UNAVAILABLE, "%s", err_text(err));
    free_query(query);
}

static void refuse(struct query *query, grpc_status_code status, const char *text)
{
    rpc_fail(query->call, status, "%s", text);
    free_query(query);
}

static void post(struct query *query)
{
    if (!store_pool_post(query->pool, &query->job, 0))
        refuse(query, GRPC_STATUS_UNAVAILABLE, "server is busy or shutting down; try again");
}

static struct query *query_of_job(struct store_job *job)
{
    return (struct query *)((char *)job - offsetof(struct query, job));
}

/* ---- GetCandles -------------------------------------------------------------------------------
 */

/* Room for the token behind the candles. */
#define TOKEN_ROOM (CANDLE_CURSOR_TEXT_MAX + 8)

/* A page of the largest size may not fit a message: then it ends early and the token leads on. */
static enum err add_candle(const struct candle *candle, void *arg)
{
    struct query *query = arg;
    query->full =
        store_pool_stopping(query->pool) ||
        query->response.size + CANDLE_MESSAGE_BYTES_MAX + TOKEN_ROOM > RPC_RESPONSE_BYTES_MAX;
    if (query->full)
        return ERR_STOP;
    query->rows++;
    return candle_message_append_candle(&query->response, candle);
}

static enum err add_token(struct query *query)
{
    char token[CANDLE_CURSOR_TEXT_MAX];
    candle_cursor_format(token, &query->cursor, &query->filter);
    Rewick__V1__GetCandlesResponse response;
    rewick__v1__get_candles_response__init(&response);
    response.next_page_token = token;
    enum err err =
        buf_reserve(&query->response, protobuf_c_message_get_packed_size(&response.base));
    if (err == ERR_OK)
        query->response.size +=
            protobuf_c_message_pack(&response.base, query->response.data + query->response.size);
    return err;
}

/* Fills the page, with as many looks into the store as it takes. */
static enum err read_candles(struct query *query, struct candle_store *store)
{
    uint32_t page_size = query->candles->page_size;
    query->rows_max = page_size == 0 ? MARKET_DATA_PAGE_DEFAULT : page_size;
    bool more = true;
    while (more && query->rows < query->rows_max && !query->full &&
           !store_pool_stopping(query->pool)) {
        enum err err =
            candle_cursor_read(&query->cursor, store, &query->filter, query->rows_max - query->rows,
                               add_candle, query, &more, NULL);
        if (err != ERR_OK)
            return err;
    }
    return more ? add_token(query) : ERR_OK;
}

static void run_candles(struct store_job *job, struct candle_store *store, const char *error)
{
    struct query *query = query_of_job(job);
    if (store == NULL)
        refuse(query, GRPC_STATUS_UNAVAILABLE, error);
    else
        finish(query, read_candles(query, store));
}

static enum err check_candles(struct query *query)
{
    const Rewick__V1__GetCandlesRequest *request = query->candles;
    enum err err = candle_filter_init(&query->filter, request->filter);
    if (err != ERR_OK)
        return err;
    if (request->from_ns != 0)
        query->filter.from_ns = request->from_ns;
    if (request->to_ns != 0)
        query->filter.to_ns = request->to_ns;
    query->filter.forming = request->forming;
    if (request->page_size > MARKET_DATA_PAGE_MAX)
        return err_fail(ERR_USAGE, "page_size: %u, %d is the most", request->page_size,
                        MARKET_DATA_PAGE_MAX);
    if (request->page_token[0] == '\0')
        return ERR_OK;
    return candle_cursor_parse(&query->cursor, request->page_token, &query->filter);
}

static void serve_candles(struct rpc_call *call, const uint8_t *data, size_t size, void *arg)
{
    struct query *query = new_query(call, arg);
    if (query == NULL)
        return;
    query->job.run = run_candles;
    query->candles = rewick__v1__get_candles_request__unpack(NULL, size, data);
    if (query->candles == NULL) {
        fail_unpack(call, "GetCandlesRequest");
        free_query(query);
        return;
    }
    enum err err = check_candles(query);
    if (err == ERR_OK)
        post(query);
    else
        refuse(query, GRPC_STATUS_INVALID_ARGUMENT, err_text(err));
}

/* ---- ListInstruments --------------------------------------------------------------------------
 */

static enum err add_instrument(const char *venue, const char *instrument, const char *symbol,
                               void *arg)
{
    struct query *query = arg;
    const struct candle_filter *filter = &query->filter;
    for (size_t i = 0; i < filter->venue_count; i++)
        if (strcmp(filter->venues[i], venue) == 0)
            return candle_message_append_instrument(&query->response, venue, instrument, symbol);
    return filter->venue_count > 0
               ? ERR_OK
               : candle_message_append_instrument(&query->response, venue, instrument, symbol);
}

static void run_instruments(struct store_job *job, struct candle_store *store, const char *error)
{
    struct query *query = query_of_job(job);
    if (store == NULL)
        refuse(query, GRPC_STATUS_UNAVAILABLE, error);
    else
        finish(query, candle_store_instruments(store, add_instrument, query));
}

static void serve_instruments(struct rpc_call *call, const uint8_t *data, size_t size, void *arg)
{
    struct query *query = new_query(call, arg);
    if (query == NULL)
        return;
    query->job.run = run_instruments;
    query->instruments = rewick__v1__list_instruments_request__unpack(NULL, size, data);
    if (query->instruments == NULL) {
        fail_unpack(call, "ListInstrumentsRequest");
        free_query(query);
        return;
    }
    Rewick__V1__CandleFilter filter;
    rewick__v1__candle_filter__init(&filter);
    filter.n_venues = query->instruments->n_venues;
    filter.venues = query->instruments->venues;
    enum err err = candle_filter_init(&query->filter, &filter);
    if (err == ERR_OK)
        post(query);
    else
        refuse(query, GRPC_STATUS_INVALID_ARGUMENT, err_text(err));
}
