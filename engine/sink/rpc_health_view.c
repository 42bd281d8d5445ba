#include "engine/sink/rpc_health_view.h"

#include "engine/sink/health_message.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct viewer {
    struct rpc_health_view *view;
    struct rpc_call *call;
    Rewick__V1__WatchHealthRequest *request; /* owned */
    uint64_t sent;                           /* number of the round */
};

struct rpc_health_view {
    struct health_board *board;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    bool stopping;
    size_t count;
    struct viewer *viewers[HEALTH_VIEW_WATCHERS_MAX]; /* each holds its call */
};

static void serve_get(struct rpc_call *call, const uint8_t *request, size_t size, void *arg);
static void serve_watch(struct rpc_call *call, const uint8_t *request, size_t size, void *arg);

/* ---- waking ---------------------------------------------------------------------------------- */

static void kick_all(struct rpc_health_view *view)
{
    struct rpc_call *calls[HEALTH_VIEW_WATCHERS_MAX];
    pthread_mutex_lock(&view->lock);
    size_t count = view->count;
    for (size_t i = 0; i < count; i++) {
        calls[i] = view->viewers[i]->call;
        rpc_call_ref(calls[i]);
    }
    pthread_mutex_unlock(&view->lock);
    for (size_t i = 0; i < count; i++) {
        rpc_stream_kick(calls[i]);
        rpc_call_unref(calls[i]);
    }
}

static void *wake_viewers(void *arg)
{
    struct rpc_health_view *view = arg;
    uint64_t number = 0;
    while (health_board_wait(view->board, number)) {
        struct health_round *round = health_board_newest(view->board);
        number = round->number;
        health_round_unref(round);
        kick_all(view);
    }
    return NULL;
}

enum err rpc_health_view_open(struct rpc_health_view **out, struct health_board *board)
{
    struct rpc_health_view *view = calloc(1, sizeof *view);
    *out = view;
    if (view == NULL)
        return err_fail(ERR_NOMEM, "no memory for the health service");
    view->board = board;
    pthread_mutex_init(&view->lock, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    view->running = pthread_create(&view->thread, NULL, wake_viewers, view) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (view->running)
        return ERR_OK;
    rpc_health_view_close(view);
    *out = NULL;
    return err_fail(ERR_NOMEM, "cannot start a thread; raise the limit of processes (ulimit -u)");
}

void rpc_health_view_methods(struct rpc_health_view *view,
                             struct rpc_method out[HEALTH_VIEW_METHODS])
{
    out[0] = (struct rpc_method){"/" HEALTH_VIEW_SERVICE "/GetHealth", RPC_UNARY, serve_get, view};
    out[1] =
        (struct rpc_method){"/" HEALTH_VIEW_SERVICE "/WatchHealth", RPC_STREAM, serve_watch, view};
}

void rpc_health_view_stop(struct rpc_health_view *view)
{
    if (view == NULL || !view->running)
        return;
    health_board_stop(view->board);
    pthread_join(view->thread, NULL);
    view->running = false;
    pthread_mutex_lock(&view->lock);
    view->stopping = true;
    pthread_mutex_unlock(&view->lock);
    kick_all(view);
}

void rpc_health_view_close(struct rpc_health_view *view)
{
    if (view == NULL)
        return;
    pthread_mutex_destroy(&view->lock);
    free(view);
}

/* ---- getting --------------------------------------------------------------------------------- */

/* False: the call was failed. */
static bool check_request(struct rpc_call *call, bool unpacked, size_t venue_count,
                          const char *message)
{
    if (!unpacked)
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request is not a rewick.v1.%s", message);
    else if (venue_count > HEALTH_VIEW_VENUES_MAX)
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "venues: %zu names, %d are the most",
                 venue_count, HEALTH_VIEW_VENUES_MAX);
    return unpacked && venue_count <= HEALTH_VIEW_VENUES_MAX;
}

static void answer(struct rpc_call *call, const struct health_round *round, struct health_wish wish)
{
    struct health_message message;
    Rewick__V1__GetHealthResponse response;
    if (health_message_make(&message, round, wish) != ERR_OK) {
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    rewick__v1__get_health_response__init(&response);
    response.n_venues = message.count;
    response.venues = message.venues;
    rpc_reply(call, &response.base);
    health_message_release(&message);
}

static void serve_get(struct rpc_call *call, const uint8_t *data, size_t size, void *arg)
{
    const struct rpc_health_view *view = arg;
    Rewick__V1__GetHealthRequest *request =
        rewick__v1__get_health_request__unpack(NULL, size, data);
    size_t count = request != NULL ? request->n_venues : 0;
    if (check_request(call, request != NULL, count, "GetHealthRequest")) {
        struct health_round *round = health_board_newest(view->board);
        answer(call, round, (struct health_wish){count, request->venues});
        health_round_unref(round);
    }
    if (request != NULL)
        rewick__v1__get_health_request__free_unpacked(request, NULL);
}

/* ---- watching -------------------------------------------------------------------------------- */

static enum rpc_next give_round(struct viewer *viewer, const struct health_round *round,
                                struct rpc_outgoing *out)
{
    struct health_message message;
    Rewick__V1__WatchHealthResponse response;
    struct health_wish wish = {viewer->request->n_venues, viewer->request->venues};
    if (health_message_make(&message, round, wish) != ERR_OK) {
        out->status = GRPC_STATUS_RESOURCE_EXHAUSTED;
        snprintf(out->text, sizeof out->text, "out of memory");
        return RPC_NEXT_STATUS;
    }
    rewick__v1__watch_health_response__init(&response);
    response.n_venues = message.count;
    response.venues = message.venues;
    out->slices[out->count++] = rpc_pack(&response.base);
    viewer->sent = round->number;
    health_message_release(&message);
    return RPC_NEXT_MESSAGE;
}

static enum rpc_next viewer_next(void *state, struct rpc_outgoing *out)
{
    struct viewer *viewer = state;
    pthread_mutex_lock(&viewer->view->lock);
    bool stopping = viewer->view->stopping;
    pthread_mutex_unlock(&viewer->view->lock);
    struct health_round *round = health_board_newest(viewer->view->board);
    enum rpc_next next = RPC_NEXT_NOTHING;
    if (round != NULL && round->number > viewer->sent) {
        next = give_round(viewer, round, out);
    } else if (stopping) {
        next = RPC_NEXT_STATUS;
        out->status = GRPC_STATUS_UNAVAILABLE;
        snprintf(out->text, sizeof out->text, "server is shutting down");
    }
    health_round_unref(round);
    return next;
}

static void viewer_closed(void *state)
{
    struct viewer *viewer = state;
    struct rpc_health_view *view = viewer->view;
    size_t i = 0;
    pthread_mutex_lock(&view->lock);
    while (view->viewers[i] != viewer)
        i++;
    view->viewers[i] = view->viewers[--view->count];
    pthread_mutex_unlock(&view->lock);
    rpc_call_unref(viewer->call);
}

static void viewer_release(void *state)
{
    struct viewer *viewer = state;
    rewick__v1__watch_health_request__free_unpacked(viewer->request, NULL);
    free(viewer);
}

static const struct rpc_stream_events viewer_events = {
    .next = viewer_next,
    .closed = viewer_closed,
    .release = viewer_release,
};

static bool add_viewer(struct rpc_health_view *view, struct viewer *viewer)
{
    pthread_mutex_lock(&view->lock);
    bool room = view->count < HEALTH_VIEW_WATCHERS_MAX;
    if (room)
        view->viewers[view->count++] = viewer;
    pthread_mutex_unlock(&view->lock);
    return room;
}

/* Takes the request. */
static void watch(struct rpc_call *call, struct rpc_health_view *view,
                  Rewick__V1__WatchHealthRequest *request)
{
    struct viewer *viewer = calloc(1, sizeof *viewer);
    if (viewer == NULL) {
        rewick__v1__watch_health_request__free_unpacked(request, NULL);
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    *viewer = (struct viewer){.view = view, .call = call, .request = request};
    rpc_call_ref(call);
    if (!add_viewer(view, viewer)) {
        rpc_call_unref(call);
        viewer_release(viewer);
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED,
                 "%d watchers are here already, the most this server takes",
                 HEALTH_VIEW_WATCHERS_MAX);
        return;
    }
    rpc_stream_open(call, &viewer_events, viewer);
}

static void serve_watch(struct rpc_call *call, const uint8_t *data, size_t size, void *arg)
{
    Rewick__V1__WatchHealthRequest *request =
        rewick__v1__watch_health_request__unpack(NULL, size, data);
    size_t count = request != NULL ? request->n_venues : 0;
    if (check_request(call, request != NULL, count, "WatchHealthRequest"))
        watch(call, arg, request);
    else if (request != NULL)
        rewick__v1__watch_health_request__free_unpacked(request, NULL);
}
