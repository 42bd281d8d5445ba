/*
 * rpc_reflection: the standard server reflection service, v1alpha and the same under v1, so that
 * grpcurl and its like need no .proto files. It hands out the descriptors that were built in (all
 * .proto files of the service, health and reflection); it lists the services that stand in them.
 */
#ifndef REWICK_ENGINE_SINK_RPC_REFLECTION_H
#define REWICK_ENGINE_SINK_RPC_REFLECTION_H

#include "engine/sink/rpc_server.h"

#define RPC_REFLECTION_METHODS      2
#define RPC_REFLECTION_FILES_MAX    32 /* of one answer: a file and all that it imports */
#define RPC_REFLECTION_SERVICES_MAX 64

/* Has no state. */
void rpc_reflection_methods(struct rpc_method out[RPC_REFLECTION_METHODS]);

#endif
