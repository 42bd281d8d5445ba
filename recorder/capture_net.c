#include "recorder/capture_net.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/net_transport.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>

#define STATS_NS (250 * NS_PER_MS)

struct capture_net {
    struct net_transport *transport;
    struct conductor *conductor;
    struct order_queue *orders;
    struct record_queue *queue;
    bool running;
    pthread_t thread;
    atomic_bool stop;
    int64_t clock_ns, stats_ns; /* when they are due, monotonic */
    pthread_mutex_t mutex;
    struct conductor_stats stats; /* under the mutex */
};

static struct stamp stamp_now(void)
{
    return (struct stamp){.wall_ns = clock_wall_ns(), .mono_ns = clock_mono_ns()};
}

/* ---- the clock --------------------------------------------------------------------------------
 */

/* Whether the kernel's clock follows a source, and how far off it may be: what a latency is worth.
 */
static void note_clock(struct capture_net *net, struct stamp now)
{
    struct timex state = {.modes = 0};
    int rc = adjtimex(&state);
    struct order order = {.kind = ORDER_NOTE, .venue = "", .record = RECORD_CONNECTION};
    if (rc < 0)
        snprintf(order.text, sizeof order.text, "{\"event\":\"clock\",\"synchronised\":null}");
    else
        snprintf(order.text, sizeof order.text,
                 "{\"event\":\"clock\",\"synchronised\":%s,\"estimated_error_us\":%ld,"
                 "\"maximum_error_us\":%ld}",
                 rc != TIME_ERROR && !(state.status & STA_UNSYNC) ? "true" : "false",
                 state.esterror, state.maxerror);
    net->clock_ns = now.mono_ns + CAPTURE_CLOCK_NS;
    conductor_order(net->conductor, &order, now);
}

/* ---- the thread -------------------------------------------------------------------------------
 */

static void publish_stats(struct capture_net *net)
{
    pthread_mutex_lock(&net->mutex);
    conductor_stats(net->conductor, &net->stats);
    pthread_mutex_unlock(&net->mutex);
}

static int64_t work(struct capture_net *net)
{
    struct stamp now = stamp_now();
    struct order order;
    while (order_queue_pop(net->orders, &order)) {
        conductor_order(net->conductor, &order, now);
        free(order.data);
    }
    if (now.mono_ns >= net->clock_ns)
        note_clock(net, now);
    if (now.mono_ns >= net->stats_ns) {
        net->stats_ns = now.mono_ns + STATS_NS;
        publish_stats(net);
    }
    return conductor_work(net->conductor, now);
}

/* Says goodbye, and leaves nothing untold. */
static void finish(struct capture_net *net)
{
    int64_t until_ns = clock_mono_ns() + CAPTURE_GOODBYE_NS;
    while (!conductor_stop(net->conductor, stamp_now()) && clock_mono_ns() < until_ns)
        net_transport_service(net->transport, clock_mono_ns() + 20 * NS_PER_MS);
    conductor_abandon(net->conductor, stamp_now());
    /* The tape's thread makes room; when it does not for long, it has failed and counts itself. */
    until_ns = clock_mono_ns() + 10 * NS_PER_S;
    while (!conductor_tell_gaps(net->conductor, stamp_now()) && clock_mono_ns() < until_ns)
        clock_sleep_until(clock_mono_ns() + 5 * NS_PER_MS);
}

static void *run(void *arg)
{
    struct capture_net *net = arg;
    pthread_setname_np(pthread_self(), "rewick-net");
    while (!atomic_load(&net->stop))
        net_transport_service(net->transport, work(net));
    finish(net);
    publish_stats(net);
    record_queue_end(net->queue);
    return NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void wake(void *arg)
{
    net_transport_wake(arg);
}

static enum err make(struct capture_net *net, const struct capture_net_options *options)
{
    enum err err = net_transport_new(&net->transport, options->ca_file);
    if (err)
        return err;
    struct conductor_options conductor = {
        .plan = options->plan,
        .transport = net_transport_body(net->transport),
        .queue = options->queue,
        .first_connection = options->first_connection,
        .seed = options->seed,
    };
    err = conductor_new(&net->conductor, &conductor);
    err = err ? err : order_queue_new(&net->orders, wake, net->transport);
    if (!err)
        net_transport_listen(net->transport, conductor_events(net->conductor));
    return err;
}

enum err capture_net_new(struct capture_net **out, const struct capture_net_options *options)
{
    struct capture_net *net = calloc(1, sizeof *net);
    if (!net)
        return err_fail(ERR_NOMEM, "out of memory for the network thread");
    net->queue = options->queue;
    pthread_mutex_init(&net->mutex, NULL);
    enum err err = make(net, options);
    if (err) {
        capture_net_free(net);
        return err;
    }
    *out = net;
    return ERR_OK;
}

enum err capture_net_run(struct capture_net *net)
{
    if (pthread_create(&net->thread, NULL, run, net) != 0)
        return err_fail(ERR_IO, "cannot start the network thread");
    net->running = true;
    return ERR_OK;
}

enum err capture_net_give(const struct order *order, void *arg)
{
    struct capture_net *net = arg;
    return order_queue_push(net->orders, order);
}

void capture_net_stop(struct capture_net *net)
{
    atomic_store(&net->stop, true);
    net_transport_wake(net->transport);
}

void capture_net_join(struct capture_net *net)
{
    if (net->running)
        pthread_join(net->thread, NULL);
    else
        record_queue_end(net->queue);
    net->running = false;
}

void capture_net_stats(struct capture_net *net, struct conductor_stats *out)
{
    pthread_mutex_lock(&net->mutex);
    *out = net->stats;
    pthread_mutex_unlock(&net->mutex);
}

void capture_net_free(struct capture_net *net)
{
    if (!net)
        return;
    net_transport_free(net->transport);
    conductor_free(net->conductor);
    order_queue_free(net->orders);
    pthread_mutex_destroy(&net->mutex);
    free(net);
}
