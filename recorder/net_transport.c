#include "recorder/net_transport.h"

#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "recorder/net_fetch.h"
#include "recorder/net_log.h"
#include "recorder/net_socket.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Deadlines and signs of life are looked at this often. */
#define WORK_NS NS_PER_S
/* Records taken from one TLS connection before others have their turn. */
#define TLS_RECORDS_MAX 256
/* A rush: more reads than this in a window. */
#define RUSH_READS_PER_MS 2
#define WINDOW_NS         (10 * NS_PER_MS)
#define PAUSE_NS          (250 * NS_PER_US)
/* After so much there may be more, and no time to lose. */
#define PAUSE_BYTES_MAX (16u * 1024)
/* The kernel gives up on a peer that does not acknowledge: idle time, then probes. */
#define KEEPALIVE_S       20
#define KEEPALIVE_PROBES  3
#define KEEPALIVE_PAUSE_S 5
#define HEADER_BYTES_MAX  (16u * 1024)
/* Beyond our own deadlines, which come first because they know more. */
#define LWS_TIMEOUT_S 60

struct net_transport {
    struct net_core core; /* first: the user of the context */
    struct net_tls *tls;
    struct transport body;
    int timer;         /* timerfd; libwebsockets' own timers round to ms and spin for the rest */
    int64_t timer_ns;  /* what it is set to; 0 = it has passed */
    int64_t round_ns;  /* when the last round began */
    int64_t window_ns; /* when the present window began, */
    unsigned reads;    /* rounds in it that brought messages, */
    bool rush;         /* and whether the last one had many */
    int64_t work_ns;   /* when net_peer_work() is due */
    bool woken;        /* a lookup has ended, or net_transport_wake() */
    bool more;         /* TLS holds data that poll() cannot see */
};

/* ---- events of libwebsockets ---------------------------------------------------------------- */

static int on_timer(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    (void)user;
    (void)in;
    (void)size;
    if (reason != LWS_CALLBACK_RAW_RX_FILE)
        return 0;
    struct net_transport *net = lws_context_user(lws_get_context(wsi));
    uint64_t count;
    if (read(net->timer, &count, sizeof count) == (ssize_t)sizeof count)
        net->timer_ns = 0;
    return 0;
}

/* The first protocol also gets what belongs to none. */
static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    if (reason != LWS_CALLBACK_EVENT_WAIT_CANCELLED)
        return net_peer_event(wsi, reason, user, in, size);
    struct net_transport *net = lws_context_user(lws_get_context(wsi));
    net->woken = true;
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "websocket", .callback = on_event, .rx_buffer_size = NET_READ_BYTES},
    {.name = "http", .callback = on_event, .rx_buffer_size = NET_READ_BYTES},
    {.name = "timer", .callback = on_timer},
    {0},
};

static struct net_tls_peer *find_peer(void *arg, const SSL *ssl)
{
    struct net_core *core = arg;
    for (size_t i = 0; i < core->peer_count; i++)
        if (core->peers[i]->wsi && lws_get_ssl(core->peers[i]->wsi) == ssl)
            return &core->peers[i]->tls;
    return NULL;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void arm(struct net_transport *net, int64_t at_ns)
{
    if (net->timer_ns != 0 && net->timer_ns <= at_ns)
        return; /* too early a return does no harm */
    net->timer_ns = at_ns > 1 ? at_ns : 1;
    struct itimerspec spec = {
        .it_value = {.tv_sec = net->timer_ns / NS_PER_S, .tv_nsec = net->timer_ns % NS_PER_S}};
    timerfd_settime(net->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* Whether a whole record, or the end, is inside TLS already. */
static bool tls_has_data(SSL *ssl)
{
    char byte;
    if (!ssl || !SSL_is_init_finished(ssl) || !SSL_has_pending(ssl))
        return false;
    ERR_clear_error();
    int got = SSL_peek(ssl, &byte, 1);
    return got > 0 || SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ;
}

/* TLS reads ahead of what libwebsockets takes from it (that saves two system calls a record), and
 * libwebsockets would wait for more to come from the network before it goes on. */
static void drain_tls(struct net_transport *net)
{
    net->more = false;
    for (size_t i = 0; i < net->core.peer_count; i++) {
        struct net_peer *peer = net->core.peers[i];
        int turns = 0;
        if (!peer->url.tls)
            continue;
        while (peer->wsi && tls_has_data(lws_get_ssl(peer->wsi)) && turns++ < TLS_RECORDS_MAX) {
            struct lws_pollfd fd = {
                .fd = lws_get_socket_fd(peer->wsi), .events = POLLIN, .revents = POLLIN};
            lws_service_fd(net->core.context, &fd);
        }
        net->more = net->more || turns > TLS_RECORDS_MAX;
    }
}

static void work(struct net_transport *net)
{
    struct stamp now = net_now();
    if (!net->woken && !net->core.again && now.mono_ns < net->work_ns)
        return;
    net->woken = net->core.again = false;
    if (now.mono_ns >= net->work_ns)
        net->work_ns = now.mono_ns + WORK_NS;
    for (size_t i = 0; i < net->core.peer_count; i++)
        net_peer_work(net->core.peers[i], now);
}

static void sweep(struct net_core *core)
{
    size_t kept = 0;
    for (size_t i = 0; i < core->peer_count; i++) {
        if (core->peers[i]->state == NET_ENDED)
            net_peer_free(core->peers[i]);
        else
            core->peers[kept++] = core->peers[i];
    }
    core->peer_count = kept;
    core->ended = 0;
}

/* In a rush every message would come with a wake-up of its own, which costs more than the message:
 * reads are kept PAUSE_NS apart then, and only then. */
static void pause_in_rush(struct net_transport *net)
{
    int64_t now_ns = clock_mono_ns();
    if (now_ns - net->window_ns >= WINDOW_NS) {
        net->rush = net->reads > WINDOW_NS / NS_PER_MS * RUSH_READS_PER_MS &&
                    now_ns - net->window_ns < 2 * WINDOW_NS;
        net->window_ns = now_ns;
        net->reads = 0;
    }
    net->reads += net->core.received > 0;
    size_t received = net->core.received;
    if (net->rush && received > 0 && received < PAUSE_BYTES_MAX &&
        now_ns - net->round_ns < PAUSE_NS) {
        clock_sleep_until(net->round_ns + PAUSE_NS);
        now_ns = clock_mono_ns();
    }
    net->core.received = 0;
    net->round_ns = now_ns;
}

void net_transport_service(struct net_transport *net, int64_t until_mono_ns)
{
    pause_in_rush(net);
    arm(net, until_mono_ns < net->work_ns ? until_mono_ns : net->work_ns);
    net_log_clear();
    lws_service(net->core.context, net->more ? -1 : 0);
    drain_tls(net);
    if (net->woken || net->core.again || net->timer_ns == 0)
        work(net);
    if (net->core.ended > 0)
        sweep(&net->core);
}

void net_transport_wake(struct net_transport *net)
{
    lws_cancel_service(net->core.context);
}

/* ---- what the conductor calls --------------------------------------------------------------- */

static enum err body_connect(void *arg, uint32_t connection, const struct ws_url *url)
{
    struct net_transport *net = arg;
    return net_socket_open(&net->core, connection, url);
}

static enum err body_send(void *arg, uint32_t connection, const void *data, size_t size)
{
    struct net_transport *net = arg;
    struct net_socket *socket = net_socket_find(&net->core, connection);
    if (!socket)
        return err_fail(ERR_NET, "connection %u is not open", connection);
    return net_socket_send(socket, data, size);
}

static void body_close(void *arg, uint32_t connection, enum close_way way, const char *reason)
{
    struct net_transport *net = arg;
    struct net_socket *socket = net_socket_find(&net->core, connection);
    if (socket)
        net_socket_close(socket, way, reason);
}

static enum err body_fetch(void *arg, uint32_t fetch, const char *method, const struct ws_url *url,
                           const char *target)
{
    struct net_transport *net = arg;
    return net_fetch_start(&net->core, fetch, method, url, target);
}

/* ---- life ----------------------------------------------------------------------------------- */

static enum err make_context(struct net_transport *net)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .provided_client_ssl_ctx = net_tls_context(net->tls),
        .pt_serv_buf_size = NET_READ_BYTES,
        .max_http_header_data = HEADER_BYTES_MAX,
        .fd_limit_per_thread = NET_PEERS_MAX + 16,
        .connect_timeout_secs = LWS_TIMEOUT_S,
        .timeout_secs = LWS_TIMEOUT_S,
        .ka_time = KEEPALIVE_S,
        .ka_probes = KEEPALIVE_PROBES,
        .ka_interval = KEEPALIVE_PAUSE_S,
        .alpn = "http/1.1",
        .user = net,
    };
    net_log_install();
    net_log_clear();
    net->core.context = lws_create_context(&info);
    if (!net->core.context)
        return err_fail(ERR_NET, "cannot set up libwebsockets: %s",
                        *net_log_reason() ? net_log_reason() : "no reason given");
    return ERR_OK;
}

/* The descriptor belongs to the context afterwards. */
static enum err make_timer(struct net_transport *net)
{
    net->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (net->timer < 0)
        return err_errno("cannot make a timer");
    lws_sock_file_fd_type fd = {.filefd = net->timer};
    struct lws_vhost *vhost = lws_get_vhost_by_name(net->core.context, "default");
    if (vhost &&
        lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, fd, protocols[2].name, NULL))
        return ERR_OK;
    close(net->timer);
    return err_fail(ERR_NET, "cannot set up a timer");
}

enum err net_transport_new(struct net_transport **out, const char *ca_file)
{
    struct net_transport *net = calloc(1, sizeof *net);
    if (!net)
        return err_fail(ERR_NOMEM, "out of memory for the connections");
    net->body = (struct transport){
        .connect = body_connect,
        .send = body_send,
        .close = body_close,
        .fetch = body_fetch,
        .arg = net,
    };
    enum err err = net_tls_new(&net->tls, ca_file, find_peer, &net->core);
    err = err ? err : make_context(net);
    err = err ? err : make_timer(net);
    if (err) {
        net_transport_free(net);
        return err;
    }
    *out = net;
    return ERR_OK;
}

void net_transport_free(struct net_transport *net)
{
    if (!net)
        return;
    for (size_t i = 0; i < net->core.peer_count; i++)
        net_peer_drop(net->core.peers[i]);
    if (net->core.context)
        lws_context_destroy(net->core.context);
    sweep(&net->core);
    net_tls_free(net->tls);
    free(net);
}

void net_transport_listen(struct net_transport *net, const struct transport_events *events)
{
    net->core.events = events;
}

const struct transport *net_transport_body(struct net_transport *net)
{
    return &net->body;
}
