#include "recorder/capture_net.h"

#include "engine/base/clock.h"
#include "recorder/net_log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HOUSEKEEPING_US (50 * 1000)
#define READ_BYTES      (64u * 1024)

struct capture_net {
    struct link_shared shared;
    size_t link_count;
    struct venue_link *links[OLD_LINKS_MAX];
    lws_sorted_usec_list_t housekeeping;
    atomic_bool stop;
    int64_t stop_by_ns; /* 0 = not stopping */
    bool woken;         /* a lookup has ended, or we are to stop */
    bool finished;
    pthread_t thread;
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    if (reason != LWS_CALLBACK_EVENT_WAIT_CANCELLED)
        return venue_link_callback(wsi, reason, user, in, size);
    struct capture_net *net = lws_context_user(lws_get_context(wsi));
    net->woken = true;
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "venue", .callback = on_event, .rx_buffer_size = READ_BYTES},
    {0},
};

/* ---- the loop ------------------------------------------------------------------------------- */

static void tick_if_silent(struct capture_net *net, int64_t now_ns)
{
    if (now_ns - net->shared.pushed_mono_ns < CAPTURE_TICK_NS)
        return;
    struct record tick = {
        .type = RECORD_TICK,
        .venue = "",
        .wall_ns = clock_wall_ns(),
        .mono_ns = now_ns,
        .source_ns = RECORD_NO_TIME,
        .data = (const uint8_t *)"",
    };
    /* Without room there are records waiting that tell the time as well. */
    if (record_queue_push(net->shared.queue, &tick))
        net->shared.pushed_mono_ns = now_ns;
}

static void work_towards_stop(struct capture_net *net, int64_t now_ns)
{
    if (net->stop_by_ns == 0)
        net->stop_by_ns = now_ns + CAPTURE_GOODBYE_NS;
    bool all_closed = true;
    for (size_t i = 0; i < net->link_count; i++)
        all_closed = venue_link_stop(net->links[i]) && all_closed;
    net->finished = all_closed || now_ns >= net->stop_by_ns;
}

static void work(struct capture_net *net)
{
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < net->link_count; i++)
        venue_link_tick(net->links[i]);
    tick_if_silent(net, clock_mono_ns());
    if (atomic_load(&net->stop))
        work_towards_stop(net, now_ns);
}

static void on_housekeeping(lws_sorted_usec_list_t *timer)
{
    struct capture_net *net = lws_container_of(timer, struct capture_net, housekeeping);
    work(net);
    lws_sul_schedule(net->shared.context, 0, timer, on_housekeeping, HOUSEKEEPING_US);
}

/* What was dropped must be told, even if the writer has to make room first. */
static void tell_last_gaps(struct capture_net *net)
{
    int64_t until_ns = clock_mono_ns() + 10 * CAPTURE_GOODBYE_NS;
    for (size_t i = 0; i < net->link_count; i++)
        while (!venue_link_tell_gaps(net->links[i]) && clock_mono_ns() < until_ns)
            clock_sleep_until(clock_mono_ns() + 1000000);
}

static void *run(void *arg)
{
    struct capture_net *net = arg;
    pthread_setname_np(pthread_self(), "rewick-net");
    on_housekeeping(&net->housekeeping);
    while (!net->finished && lws_service(net->shared.context, 0) >= 0) {
        if (net->woken) {
            net->woken = false;
            work(net);
        }
    }
    for (size_t i = 0; i < net->link_count; i++)
        venue_link_abandon(net->links[i]);
    tell_last_gaps(net);
    record_queue_end(net->shared.queue);
    return NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum err make_context(struct capture_net *net, const char *ca_file)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .client_ssl_ca_filepath = ca_file,
        .pt_serv_buf_size = READ_BYTES,
        .fd_limit_per_thread = OLD_LINKS_MAX + 16,
        .connect_timeout_secs = LINK_CONNECT_TIMEOUT_S,
        .timeout_secs = LINK_CONNECT_TIMEOUT_S,
        .alpn = "http/1.1",
        .user = net,
    };
    if (ca_file)
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    net_log_install();
    net_log_clear();
    net->shared.context = lws_create_context(&info);
    if (!net->shared.context)
        return err_fail(ERR_NET, "cannot set up libwebsockets: %s",
                        *net_log_reason() ? net_log_reason() : "no reason given");
    return ERR_OK;
}

static enum err make_links(struct capture_net *net, const struct capture_net_options *options)
{
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < OLD_VENUES_MAX; i++)
        old_budget_init(&net->shared.budgets[i], now_ns);
    for (size_t i = 0; i < options->plan->link_count; i++) {
        enum err err = venue_link_new(&net->links[i], &options->plan->links[i], &net->shared,
                                      options->seed + i);
        if (err)
            return err;
        net->link_count++;
    }
    return ERR_OK;
}

static void destroy(struct capture_net *net)
{
    if (net->shared.context)
        lws_context_destroy(net->shared.context);
    for (size_t i = 0; i < net->link_count; i++)
        venue_link_free(net->links[i]);
    free(net);
}

enum err capture_net_start(struct capture_net **out, const struct capture_net_options *options)
{
    struct capture_net *net = calloc(1, sizeof *net);
    if (!net)
        return err_fail(ERR_NOMEM, "out of memory for the connections");
    net->shared.queue = options->queue;
    net->shared.plan = options->plan;
    net->shared.next_connection = options->first_connection;
    net->shared.pushed_mono_ns = clock_mono_ns();
    enum err err = make_context(net, options->ca_file);
    err = err ? err : make_links(net, options);
    if (!err && pthread_create(&net->thread, NULL, run, net) != 0)
        err = err_fail(ERR_IO, "cannot start the network thread");
    if (err) {
        destroy(net);
        return err;
    }
    *out = net;
    return ERR_OK;
}

void capture_net_stop(struct capture_net *net)
{
    atomic_store(&net->stop, true);
    lws_cancel_service(net->shared.context);
}

void capture_net_join(struct capture_net *net)
{
    pthread_join(net->thread, NULL);
}

void capture_net_stats(const struct capture_net *net, struct link_stats *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < net->link_count; i++) {
        struct link_stats one;
        venue_link_stats(net->links[i], &one);
        out->opened += one.opened;
        out->failed += one.failed;
        out->dropped += one.dropped;
    }
}

void capture_net_free(struct capture_net *net)
{
    if (net)
        destroy(net);
}
