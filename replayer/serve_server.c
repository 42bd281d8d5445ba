#include "replayer/serve_server.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"

#include "replayer/serve_http.h"

#include <libwebsockets.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct session {
    struct lws *wsi;
    struct serve_server *server;
    struct session *next;
    struct serve_client client;
    struct buf message;         /* pieces of a message of the client */
    struct serve_answer answer; /* to a plain HTTP request, before the connection is a session */
    int64_t due_ns;             /* when to pump again */
    bool open;
};

struct listener {
    struct serve_server *server;
    const struct serve_market *market;
    struct lws_vhost *vhost;
    uint16_t port;
};

struct serve_server {
    struct serve_server_options options;
    struct lws_context *context;
    struct listener listeners[SERVE_VENUES_MAX];
    struct session *sessions; /* list of all that are open */
    size_t session_count, answer_count;
    int timer_fd, signal_fd;
    struct buf scratch; /* LWS_PRE bytes, then a frame */
    bool stop;
    enum err err; /* why it stopped */
};

/* ---- sessions ------------------------------------------------------------------------------- */

static struct listener *listener_of(struct lws *wsi)
{
    return lws_vhost_user(lws_get_vhost(wsi));
}

static enum err open_client(struct listener *listener, struct lws *wsi, struct serve_client *client)
{
    char target[SERVE_TARGET_MAX];
    if (!serve_http_target(wsi, target, sizeof target))
        return err_fail(ERR_UNKNOWN, "the request target is too long");
    struct serve_client_options options = {
        .market = listener->market,
        .speed = listener->server->options.speed,
        .close_at_end = listener->server->options.close_at_end,
    };
    return serve_client_open(client, &options, target, clock_wall_ns(), clock_mono_ns());
}

/* Wakes the loop at the earliest deadline of all sessions. */
static void set_timer(struct serve_server *server)
{
    int64_t due_ns = INT64_MAX;
    for (struct session *at = server->sessions; at; at = at->next)
        due_ns = at->due_ns < due_ns ? at->due_ns : due_ns;
    struct itimerspec spec = {0};
    if (due_ns != INT64_MAX) {
        /* Zero would switch it off. */
        int64_t when_ns = due_ns < 1 ? 1 : due_ns;
        spec.it_value.tv_sec = when_ns / NS_PER_S;
        spec.it_value.tv_nsec = when_ns % NS_PER_S;
    }
    timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void fail_session(struct session *session)
{
    log_warn("%s: client is cut off: %s", session->client.options.market->venue->name,
             err_text(ERR_IO));
    session->client.close = SERVE_CLOSE_FAULT;
    session->client.close_reason = "fault while reading the tape";
}

static void pump(struct session *session)
{
    struct serve_client *client = &session->client;
    bool was_open = client->close == SERVE_CLOSE_NONE;
    enum err err = serve_client_pump(client, clock_mono_ns(), &session->due_ns);
    if (err != ERR_OK)
        fail_session(session);
    if (client->close != SERVE_CLOSE_NONE) {
        session->due_ns = INT64_MAX;
        if (was_open && client->close == SERVE_CLOSE_POLICY)
            log_warn("%s: client is cut off: it reads too slowly, %zu bytes are waiting",
                     client->options.market->venue->name, serve_outbox_bytes(&client->outbox));
    }
    if (serve_outbox_bytes(&client->outbox) > 0 || client->close != SERVE_CLOSE_NONE)
        lws_callback_on_writable(session->wsi);
}

static int session_established(struct session *session, struct lws *wsi)
{
    struct listener *listener = listener_of(wsi);
    struct serve_server *server = listener->server;
    serve_answer_release(&session->answer);
    memset(session, 0, sizeof *session);
    if (server->session_count == SERVE_CLIENTS_MAX) {
        lws_close_reason(wsi, (enum lws_close_status)SERVE_CLOSE_TRY_LATER, NULL, 0);
        return -1;
    }
    enum err err = open_client(listener, wsi, &session->client);
    if (err != ERR_OK)
        return -1;
    session->wsi = wsi;
    session->server = server;
    session->open = true;
    session->next = server->sessions;
    server->sessions = session;
    server->session_count++;
    buf_init(&session->message, SERVE_MESSAGE_MAX);
    pump(session);
    set_timer(server);
    return 0;
}

static void session_closed(struct session *session)
{
    if (!session->open)
        return;
    struct serve_server *server = session->server;
    for (struct session **at = &server->sessions; *at; at = &(*at)->next) {
        if (*at == session) {
            *at = session->next;
            break;
        }
    }
    server->session_count--;
    serve_client_release(&session->client);
    buf_release(&session->message);
    session->open = false;
    set_timer(server);
}

static int session_received(struct session *session, const void *data, size_t size)
{
    struct serve_client *client = &session->client;
    if (lws_is_first_fragment(session->wsi))
        buf_clear(&session->message);
    enum err err = buf_append(&session->message, data, size);
    if (err == ERR_LIMIT) {
        client->close = SERVE_CLOSE_TOO_BIG;
        client->close_reason = "message too big";
        lws_callback_on_writable(session->wsi);
        return 0;
    }
    bool whole = lws_is_final_fragment(session->wsi) && !lws_remaining_packet_payload(session->wsi);
    if (err == ERR_OK && whole && client->close == SERVE_CLOSE_NONE)
        err = serve_client_request(client, session->message.data, session->message.size,
                                   clock_wall_ns(), clock_mono_ns());
    if (err != ERR_OK)
        fail_session(session);
    pump(session);
    set_timer(session->server);
    return 0;
}

/* Sends until the socket has enough. */
static int session_writeable(struct session *session)
{
    struct serve_client *client = &session->client;
    struct buf *scratch = &session->server->scratch;
    const uint8_t *data;
    size_t size;
    bool binary;
    /* A client that was too slow gets no more; its socket would only fill. */
    bool drop = client->close == SERVE_CLOSE_POLICY;
    while (!drop && serve_outbox_first(&client->outbox, &data, &size, &binary)) {
        if (lws_send_pipe_choked(session->wsi)) {
            lws_callback_on_writable(session->wsi);
            return 0;
        }
        buf_clear(scratch);
        if (buf_reserve(scratch, LWS_PRE + size) != ERR_OK)
            return -1;
        memcpy(scratch->data + LWS_PRE, data, size);
        int written = lws_write(session->wsi, scratch->data + LWS_PRE, size,
                                binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
        if (written < (int)size)
            return -1;
        serve_outbox_pop(&client->outbox);
        if (serve_outbox_bytes(&client->outbox) == 0 && client->close == SERVE_CLOSE_NONE) {
            pump(session);
            set_timer(session->server);
        }
    }
    if (client->close == SERVE_CLOSE_NONE)
        return 0;
    char reason[64];
    size_t length = (size_t)snprintf(reason, sizeof reason, "%s", client->close_reason);
    lws_close_reason(session->wsi, (enum lws_close_status)client->close, (unsigned char *)reason,
                     length < sizeof reason ? length : sizeof reason - 1);
    return -1;
}

/* ---- callbacks ------------------------------------------------------------------------------ */

static int refuse(struct lws *wsi)
{
    lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
    return -1;
}

/* Before the upgrade: no such path is a 404, as the venue answers. */
static int check_path(struct lws *wsi)
{
    struct serve_client client;
    enum err err = open_client(listener_of(wsi), wsi, &client);
    if (err != ERR_OK)
        return refuse(wsi);
    serve_client_release(&client);
    return 0;
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason,
                         struct serve_answer *answer, size_t size)
{
    struct listener *listener = listener_of(wsi);
    size_t *count = &listener->server->answer_count;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return serve_http_begin(answer, wsi, listener->market, count);
    case LWS_CALLBACK_HTTP_BODY:
        return serve_http_body(answer, size);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return serve_http_body_end(answer, wsi, listener->market, count);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return serve_http_writeable(answer, wsi);
    default:
        serve_answer_release(answer);
        return 0;
    }
}

static int venue_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t size)
{
    struct session *session = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
        return http_callback(wsi, reason, &session->answer, size);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return check_path(wsi);
    case LWS_CALLBACK_ESTABLISHED:
        return session_established(session, wsi);
    case LWS_CALLBACK_RECEIVE:
        return session_received(session, in, size);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return session_writeable(session);
    case LWS_CALLBACK_CLOSED:
        session_closed(session);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, size);
    }
}

static int timer_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t size)
{
    (void)user;
    (void)in;
    (void)size;
    if (reason != LWS_CALLBACK_RAW_RX_FILE)
        return 0;
    struct serve_server *server = listener_of(wsi)->server;
    uint64_t expirations;
    if (read(server->timer_fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
        return -1;
    int64_t now_ns = clock_mono_ns();
    for (struct session *at = server->sessions; at; at = at->next)
        if (at->due_ns <= now_ns)
            pump(at);
    set_timer(server);
    return 0;
}

static int signal_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t size)
{
    (void)user;
    (void)in;
    (void)size;
    if (reason != LWS_CALLBACK_RAW_RX_FILE)
        return 0;
    listener_of(wsi)->server->stop = true;
    lws_cancel_service(lws_get_context(wsi));
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "venue",
     .callback = venue_callback,
     .per_session_data_size = sizeof(struct session),
     .rx_buffer_size = 16 * 1024},
    {.name = "timer", .callback = timer_callback},
    {.name = "signals", .callback = signal_callback},
    {0},
};

/* ---- opening -------------------------------------------------------------------------------- */

static socklen_t socket_address(struct sockaddr_storage *out, const struct rpc_address *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address->port);
        return sizeof *v4;
    }
    inet_pton(AF_INET6, address->host, &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address->port);
    return sizeof *v6;
}

/* Listens for a moment: libwebsockets does not say why it cannot, and never fails for some reasons.
 */
static enum err probe(const struct rpc_address *address)
{
    struct sockaddr_storage storage;
    socklen_t length = socket_address(&storage, address);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    bool bad = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
               bind(fd, (struct sockaddr *)&storage, length) != 0 || listen(fd, 1) != 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (!bad)
        return ERR_OK;
    char text[RPC_ADDRESS_TEXT_MAX];
    rpc_address_format(text, address);
    const char *reason = error == EADDRINUSE ? "address already in use" : strerror(error);
    return err_fail(ERR_NET, "cannot listen on %s: %s; choose another with --listen", text, reason);
}

static enum err open_listener(struct serve_server *server, size_t index)
{
    /* A ping every SERVE_PING_S; only a pong keeps the connection. */
    static const lws_retry_bo_t keepalive = {
        .secs_since_valid_ping = SERVE_PING_S,
        .secs_since_valid_hangup = SERVE_PONG_TIMEOUT_S,
    };
    struct listener *listener = &server->listeners[index];
    struct rpc_address address = server->options.address;
    listener->server = server;
    listener->market = &server->options.catalog->markets[index];
    if (address.port != 0) {
        if (address.port + index > UINT16_MAX)
            return err_fail(ERR_USAGE, "no port left for '%s'; choose a lower one with --listen",
                            listener->market->venue->name);
        address.port = (uint16_t)(address.port + index);
    }
    enum err err = probe(&address);
    if (err != ERR_OK)
        return err;
    struct lws_context_creation_info info = {
        .port = address.port,
        .iface = address.host,
        .vhost_name = listener->market->venue->name,
        .protocols = protocols,
        .user = listener,
        .retry_and_idle_policy = &keepalive,
    };
    listener->vhost = lws_create_vhost(server->context, &info);
    int port = listener->vhost ? lws_get_vhost_listen_port(listener->vhost) : 0;
    if (port <= 0) {
        char text[RPC_ADDRESS_TEXT_MAX];
        rpc_address_format(text, &address);
        return err_fail(ERR_NET, "cannot listen on %s; choose another with --listen", text);
    }
    listener->port = (uint16_t)port;
    return ERR_OK;
}

static enum err adopt(struct serve_server *server, int fd, const char *protocol)
{
    lws_sock_file_fd_type type = {.filefd = fd};
    if (!lws_adopt_descriptor_vhost(server->listeners[0].vhost, LWS_ADOPT_RAW_FILE_DESC, type,
                                    protocol, NULL))
        return err_fail(ERR_NOMEM, "no memory for the server");
    return ERR_OK;
}

/* Signals are blocked in the whole process and read from a descriptor instead. */
static enum err open_descriptors(struct serve_server *server)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (server->signal_fd < 0 || server->timer_fd < 0)
        return err_errno("cannot start the server");
    return ERR_OK;
}

enum err serve_server_open(struct serve_server **out, const struct serve_server_options *options)
{
    struct serve_server *server = calloc(1, sizeof *server);
    if (!server)
        return err_fail(ERR_NOMEM, "no memory for the server");
    server->options = *options;
    server->signal_fd = server->timer_fd = -1;
    buf_init(&server->scratch, LWS_PRE + RECORD_DATA_MAX + 64 * 1024);
    enum err err = open_descriptors(server);
    lws_set_log_level(0, NULL);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .pt_serv_buf_size = 64 * 1024,
    };
    if (err == ERR_OK) {
        server->context = lws_create_context(&info);
        if (!server->context)
            err = err_fail(ERR_NOMEM, "no memory for the server");
    }
    for (size_t i = 0; err == ERR_OK && i < options->catalog->count; i++)
        err = open_listener(server, i);
    if (err == ERR_OK)
        err = adopt(server, server->signal_fd, "signals");
    if (err == ERR_OK)
        err = adopt(server, server->timer_fd, "timer");
    if (err != ERR_OK) {
        serve_server_close(server);
        return err;
    }
    *out = server;
    return ERR_OK;
}

uint16_t serve_server_port(const struct serve_server *server, size_t market)
{
    return server->listeners[market].port;
}

enum err serve_server_run(struct serve_server *server)
{
    while (!server->stop)
        if (lws_service(server->context, 0) < 0)
            return err_fail(ERR_NET, "the server's loop failed");
    return ERR_OK;
}

void serve_server_close(struct serve_server *server)
{
    if (!server)
        return;
    if (server->context)
        lws_context_destroy(server->context);
    buf_release(&server->scratch);
    free(server);
}
