#include "engine/sink/sink_grpc.h"

#include "engine/sink/candle_hub.h"
#include "engine/sink/rpc_address.h"
#include "engine/sink/rpc_health.h"
#include "engine/sink/rpc_health_view.h"
#include "engine/sink/rpc_market_data.h"
#include "engine/sink/rpc_reflection.h"
#include "engine/sink/rpc_server.h"
#include "engine/sink/store_pool.h"

#include <stdlib.h>
#include <sys/resource.h>

struct sink_grpc {
    struct sink sink;
    struct candle_hub *hub;
    struct store_pool *pool;
    struct health_board *board;
    struct rpc_health_view *view;
    struct rpc_health *health;
    struct rpc_market_data market_data;
    struct rpc_server *server;
};

_Static_assert(SINK_GRPC_CLIENTS_MAX == HUB_LISTENERS_MAX, "one limit");

static const char *const services[] = {MARKET_DATA_SERVICE, HEALTH_VIEW_SERVICE, NULL};

/* libgrpc 1.51 never accepts again after accept() has once failed for want of a descriptor
 * (CVE-2023-4785): have all that the system gives. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum err put(struct sink *sink, const struct candle *candle)
{
    candle_hub_put(((struct sink_grpc *)sink)->hub, candle);
    return ERR_OK;
}

static enum err put_health(struct sink *sink, const struct health_report *report)
{
    return health_board_put(((struct sink_grpc *)sink)->board, report);
}

/* A record is done: all reports that it gave are put. Candles need no commit: history waits until
 * the store has it. */
static enum err commit(struct sink *sink, uint64_t seq, uint64_t update, bool final)
{
    (void)seq, (void)update, (void) final;
    health_board_publish(((struct sink_grpc *)sink)->board);
    return ERR_OK;
}

static void free_parts(struct sink_grpc *grpc)
{
    rpc_server_close(grpc->server);
    rpc_health_free(grpc->health);
    rpc_health_view_close(grpc->view);
    health_board_free(grpc->board);
    store_pool_close(grpc->pool);
    candle_hub_close(grpc->hub);
    free(grpc);
}

/* Everybody who might start something on a call ends before the server does. */
static enum err close_sink(struct sink *sink)
{
    struct sink_grpc *grpc = (struct sink_grpc *)sink;
    if (grpc->server != NULL) {
        rpc_health_stop(grpc->health);
        rpc_health_view_stop(grpc->view);
        rpc_server_stop(grpc->server);
    }
    if (grpc->hub != NULL)
        candle_hub_stop(grpc->hub); /* gives out the last updates and ends the streams */
    if (grpc->pool != NULL)
        store_pool_stop(grpc->pool);
    if (grpc->server != NULL)
        rpc_server_wait(grpc->server, SINK_GRPC_GRACE_NS);
    free_parts(grpc);
    return ERR_OK;
}

static enum err start_server(struct sink_grpc *grpc, const struct rpc_address *address,
                             int *out_port)
{
    struct rpc_method methods[RPC_METHODS_MAX];
    size_t count = 0;
    rpc_market_data_methods(&grpc->market_data, methods + count);
    count += MARKET_DATA_METHODS;
    rpc_health_view_methods(grpc->view, methods + count);
    count += HEALTH_VIEW_METHODS;
    rpc_health_methods(grpc->health, methods + count);
    count += RPC_HEALTH_METHODS;
    rpc_reflection_methods(methods + count);
    count += RPC_REFLECTION_METHODS;
    int port;
    enum err err = rpc_server_open(&grpc->server, address, methods, count, &port);
    if (err == ERR_OK && out_port != NULL)
        *out_port = port;
    return err;
}

static enum err start(struct sink_grpc *grpc, const struct rpc_address *address,
                      const char *store_path, int *out_port)
{
    enum err err = candle_hub_open(&grpc->hub);
    if (err == ERR_OK)
        err = store_pool_open(&grpc->pool, store_path);
    if (err == ERR_OK)
        err = health_board_new(&grpc->board);
    if (err == ERR_OK)
        err = rpc_health_view_open(&grpc->view, grpc->board);
    if (err == ERR_OK)
        err = rpc_health_new(&grpc->health, services);
    grpc->market_data = (struct rpc_market_data){.hub = grpc->hub, .pool = grpc->pool};
    if (err == ERR_OK)
        err = start_server(grpc, address, out_port);
    return err;
}

enum err sink_grpc_open(struct sink **out, const char *address, const char *store_path,
                        int *out_port)
{
    *out = NULL;
    struct rpc_address where;
    enum err err = rpc_address_parse(&where, address);
    if (err == ERR_OK)
        err = rpc_address_probe(&where);
    if (err != ERR_OK)
        return err;
    raise_descriptor_limit();
    struct sink_grpc *grpc = calloc(1, sizeof *grpc);
    if (grpc == NULL)
        return err_fail(ERR_NOMEM, "no memory for the gRPC service");
    grpc->sink = (struct sink){"grpc", put, commit, put_health, close_sink};
    err = start(grpc, &where, store_path, out_port);
    if (err != ERR_OK)
        close_sink(&grpc->sink);
    else
        *out = &grpc->sink;
    return err;
}
