/*
 * rpc_health: the standard health service, grpc.health.v1.Health: Check and Watch of the services
 * it is told and of "", the server as a whole.
 */
#ifndef REWICK_ENGINE_SINK_RPC_HEALTH_H
#define REWICK_ENGINE_SINK_RPC_HEALTH_H

#include "engine/sink/rpc_server.h"

#define RPC_HEALTH_WATCHERS_MAX 256 /* at once; more get RESOURCE_EXHAUSTED */
#define RPC_HEALTH_METHODS      2

struct rpc_health;

/* Serving from the start. `services` is NULL-terminated, and borrowed. */
enum err rpc_health_new(struct rpc_health **out, const char *const *services) ERR_MUST_CHECK;
/* When no call exists any more; accepts NULL. */
void rpc_health_free(struct rpc_health *health);
void rpc_health_methods(struct rpc_health *health, struct rpc_method out[RPC_HEALTH_METHODS]);

/* NOT_SERVING from here on; watchers are told, then their streams end with UNAVAILABLE. */
void rpc_health_stop(struct rpc_health *health);

#endif
