#include "engine/sink/rpc_health.h"

#include "grpc/health/v1/health.pb-c.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;
#define STATUS_SERVING     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define STATUS_NOT_SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define STATUS_UNKNOWN     GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

struct watcher {
    struct rpc_health *health;
    struct rpc_call *call;
    bool known;
    bool told; /* something was sent: `last` */
    serving_status last;
};

struct rpc_health {
    const char *const *services;
    pthread_mutex_t lock;
    bool stopping;
    size_t watcher_count;
    struct watcher *watchers[RPC_HEALTH_WATCHERS_MAX]; /* each holds its call */
};

/* NULL: the call was failed. */
static Grpc__Health__V1__HealthCheckRequest *unpack(struct rpc_call *call, const uint8_t *request,
                                                    size_t size)
{
    Grpc__Health__V1__HealthCheckRequest *check =
        grpc__health__v1__health_check_request__unpack(NULL, size, request);
    if (check == NULL)
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT,
                 "the request is not a grpc.health.v1.HealthCheckRequest");
    return check;
}

static void serve_check(struct rpc_call *call, const uint8_t *request, size_t size, void *arg);
static void serve_watch(struct rpc_call *call, const uint8_t *request, size_t size, void *arg);

enum err rpc_health_new(struct rpc_health **out, const char *const *services)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return err_fail(ERR_NOMEM, "no memory for the health service");
    (*out)->services = services;
    pthread_mutex_init(&(*out)->lock, NULL);
    return ERR_OK;
}

void rpc_health_free(struct rpc_health *health)
{
    if (health == NULL)
        return;
    pthread_mutex_destroy(&health->lock);
    free(health);
}

void rpc_health_methods(struct rpc_health *health, struct rpc_method out[RPC_HEALTH_METHODS])
{
    out[0] = (struct rpc_method){"/grpc.health.v1.Health/Check", RPC_UNARY, serve_check, health};
    out[1] = (struct rpc_method){"/grpc.health.v1.Health/Watch", RPC_STREAM, serve_watch, health};
}

void rpc_health_stop(struct rpc_health *health)
{
    struct rpc_call *calls[RPC_HEALTH_WATCHERS_MAX];
    pthread_mutex_lock(&health->lock);
    health->stopping = true;
    size_t count = health->watcher_count;
    for (size_t i = 0; i < count; i++) {
        calls[i] = health->watchers[i]->call;
        rpc_call_ref(calls[i]);
    }
    pthread_mutex_unlock(&health->lock);
    for (size_t i = 0; i < count; i++) {
        rpc_stream_kick(calls[i]);
        rpc_call_unref(calls[i]);
    }
}

static bool is_known(const struct rpc_health *health, const char *service)
{
    if (service[0] == '\0')
        return true;
    for (const char *const *name = health->services; *name != NULL; name++)
        if (strcmp(*name, service) == 0)
            return true;
    return false;
}

static serving_status current_status(const struct rpc_health *health, bool known)
{
    if (!known)
        return STATUS_UNKNOWN;
    return health->stopping ? STATUS_NOT_SERVING : STATUS_SERVING;
}

static void serve_check(struct rpc_call *call, const uint8_t *request, size_t size, void *arg)
{
    struct rpc_health *health = arg;
    Grpc__Health__V1__HealthCheckRequest *check = unpack(call, request, size);
    if (check == NULL)
        return;
    if (is_known(health, check->service)) {
        Grpc__Health__V1__HealthCheckResponse response;
        grpc__health__v1__health_check_response__init(&response);
        pthread_mutex_lock(&health->lock);
        response.status = current_status(health, true);
        pthread_mutex_unlock(&health->lock);
        rpc_reply(call, &response.base);
    } else {
        rpc_fail(call, GRPC_STATUS_NOT_FOUND, "no service '%s' here", check->service);
    }
    grpc__health__v1__health_check_request__free_unpacked(check, NULL);
}

/* ---- watching ---------------------------------------------------------------------------------
 */

static enum rpc_next watcher_next(void *state, struct rpc_outgoing *out)
{
    struct watcher *watcher = state;
    pthread_mutex_lock(&watcher->health->lock);
    bool stopping = watcher->health->stopping;
    serving_status status = current_status(watcher->health, watcher->known);
    pthread_mutex_unlock(&watcher->health->lock);
    if (!watcher->told || watcher->last != status) {
        watcher->told = true;
        watcher->last = status;
        Grpc__Health__V1__HealthCheckResponse response;
        grpc__health__v1__health_check_response__init(&response);
        response.status = status;
        out->slices[out->count++] = rpc_pack(&response.base);
        return RPC_NEXT_MESSAGE;
    }
    if (!stopping)
        return RPC_NEXT_NOTHING;
    out->status = GRPC_STATUS_UNAVAILABLE;
    snprintf(out->text, sizeof out->text, "server is shutting down");
    return RPC_NEXT_STATUS;
}

static void watcher_closed(void *state)
{
    struct watcher *watcher = state;
    struct rpc_health *health = watcher->health;
    pthread_mutex_lock(&health->lock);
    size_t i = 0;
    while (health->watchers[i] != watcher)
        i++;
    health->watchers[i] = health->watchers[--health->watcher_count];
    pthread_mutex_unlock(&health->lock);
    rpc_call_unref(watcher->call);
}

static bool add_watcher(struct rpc_health *health, struct watcher *watcher)
{
    pthread_mutex_lock(&health->lock);
    bool room = health->watcher_count < RPC_HEALTH_WATCHERS_MAX;
    if (room)
        health->watchers[health->watcher_count++] = watcher;
    pthread_mutex_unlock(&health->lock);
    return room;
}

static const struct rpc_stream_events watcher_events = {
    .next = watcher_next,
    .closed = watcher_closed,
    .release = free,
};

static void watch(struct rpc_call *call, struct rpc_health *health, const char *service)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL) {
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    *watcher = (struct watcher){.health = health, .call = call, .known = is_known(health, service)};
    rpc_call_ref(call);
    if (!add_watcher(health, watcher)) {
        rpc_call_unref(call);
        free(watcher);
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED,
                 "%d watchers are here already, the most this server takes",
                 RPC_HEALTH_WATCHERS_MAX);
        return;
    }
    rpc_stream_open(call, &watcher_events, watcher);
}

static void serve_watch(struct rpc_call *call, const uint8_t *request, size_t size, void *arg)
{
    Grpc__Health__V1__HealthCheckRequest *check = unpack(call, request, size);
    if (check == NULL)
        return;
    watch(call, arg, check->service);
    grpc__health__v1__health_check_request__free_unpacked(check, NULL);
}
