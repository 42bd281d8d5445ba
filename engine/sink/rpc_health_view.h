/*
 * rpc_health_view: the methods of rewick.v1.Health (proto/rewick/v1/health.proto): the newest
 * health reports of a board, once or as they come. (rpc_health is the standard service, which only
 * says whether this server serves.)
 *
 *     health_board -> a thread that wakes the watchers -> next() of each, when its client has taken
 *                     the last message
 *
 * A watcher has no queue: it is given the newest round when it can take one.
 */
#ifndef REWICK_ENGINE_SINK_RPC_HEALTH_VIEW_H
#define REWICK_ENGINE_SINK_RPC_HEALTH_VIEW_H

#include "engine/sink/health_board.h"
#include "engine/sink/rpc_server.h"

#define HEALTH_VIEW_SERVICE      "rewick.v1.Health"
#define HEALTH_VIEW_METHODS      2
#define HEALTH_VIEW_WATCHERS_MAX 256 /* at once; more get RESOURCE_EXHAUSTED */
#define HEALTH_VIEW_VENUES_MAX   128 /* names in a request; more are INVALID_ARGUMENT */

struct rpc_health_view;

/* Starts the thread. `board` is borrowed. */
enum err rpc_health_view_open(struct rpc_health_view **out,
                              struct health_board *board) ERR_MUST_CHECK;
void rpc_health_view_methods(struct rpc_health_view *view,
                             struct rpc_method out[HEALTH_VIEW_METHODS]);
/* Gives watchers the last round, ends their streams with UNAVAILABLE, and ends the thread; stops
 * the board. Accepts NULL. */
void rpc_health_view_stop(struct rpc_health_view *view);
/* When no call exists any more; accepts NULL. */
void rpc_health_view_close(struct rpc_health_view *view);

#endif
