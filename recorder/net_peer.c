#include "recorder/net_peer.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "recorder/net_log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct stamp net_now(void)
{
    return (struct stamp){.wall_ns = clock_wall_ns(), .mono_ns = clock_mono_ns()};
}

/* One line of UTF-8, whatever the peer sent. */
static void make_presentable(char *text)
{
    bool utf8 = buf_is_utf8(text, strlen(text));
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || (!utf8 && (unsigned char)*p >= 0x80))
            *p = '?';
}

void net_peer_say(struct net_peer *peer, const char *format, ...)
{
    if (*peer->reason)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(peer->reason, sizeof peer->reason, format, args);
    va_end(args);
    make_presentable(peer->reason);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void listen_to_log(struct net_peer *peer, bool listening)
{
    if (peer->listening != listening)
        net_log_listen(listening);
    peer->listening = listening;
}

void net_peer_drop(struct net_peer *peer)
{
    if (peer->state == NET_ENDED)
        return;
    peer->state = NET_ENDED;
    peer->core->ended++;
    listen_to_log(peer, false);
    if (peer->wsi)
        lws_set_wsi_user(peer->wsi, NULL); /* no more events */
    peer->wsi = NULL;
    resolver_free(peer->resolver);
    peer->resolver = NULL;
}

void net_peer_end(struct net_peer *peer)
{
    if (peer->state == NET_ENDED)
        return;
    bool was_up = peer->state == NET_UP;
    net_peer_drop(peer);
    peer->kind->ended(peer, net_now(), was_up);
}

void net_peer_kill(struct net_peer *peer, const char *reason)
{
    net_peer_say(peer, "%s", reason);
    if (peer->wsi)
        lws_set_timeout(peer->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    else
        net_peer_end(peer);
}

void net_peer_free(struct net_peer *peer)
{
    peer->kind->release(peer);
    free(peer);
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void wake_loop(void *arg)
{
    lws_cancel_service(arg);
}

enum err net_peer_start(struct net_peer *peer, struct net_core *core, const struct net_kind *kind,
                        const struct ws_url *url)
{
    if (core->peer_count == NET_PEERS_MAX)
        return err_fail(ERR_LIMIT, "more than %d connections at once", NET_PEERS_MAX);
    if (strlen(url->authority) > NET_AUTHORITY_MAX)
        return err_fail(ERR_NET, "host name '%s' is longer than %d bytes", url->authority,
                        NET_AUTHORITY_MAX);
    peer->core = core;
    peer->kind = kind;
    peer->url = *url;
    peer->tls.host = peer->url.host;
    peer->deadline_ns = clock_mono_ns() + NET_CONNECT_TIMEOUT_NS;
    peer->too_late = "no answer within 15 s";
    enum err err = resolver_start(&peer->resolver, url->host, wake_loop, core->context);
    if (!err)
        core->peers[core->peer_count++] = peer;
    return err;
}

/* Not now: libwebsockets is on the stack. */
static void try_next_address(struct net_peer *peer)
{
    listen_to_log(peer, false);
    if (peer->wsi)
        lws_set_wsi_user(peer->wsi, NULL);
    peer->wsi = NULL;
    peer->state = NET_RESOLVING;
    peer->core->again = true;
}

/* What libwebsockets gives, in our words. */
static const char *translate(const char *text)
{
    static const char ended[] = "the connection ended before the answer";
    static const struct {
        const char *given, *said;
    } texts[] = {
        {"read failed", ended},
        {"Peer hung up", ended},
        {"closed before established", ended},
        {"Closed before conn", ended},
        {"HS: URI missing", "the answer is no HTTP"},
        {"problems parsing header", "the answer is no HTTP, or its headers are too long"},
        {"HS: ACCEPT missing", "the answer has no Sec-WebSocket-Accept"},
        {"HS: Accept hash wrong", "the answer has a wrong Sec-WebSocket-Accept"},
        {"HS: PROTOCOL malformed", "the answer has a subprotocol that was not offered"},
        {"HS: EXT: unknown ext", "the answer has an extension that was not offered"},
        {"HS: UPGRADE missing", "the answer is no upgrade to WebSocket"},
        {"HS: UPGRADE malformed", "the answer is no upgrade to WebSocket"},
        {"HS: Upgrade to something other than websocket", "the answer is no upgrade to WebSocket"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(text, texts[i].given) == 0)
            return texts[i].said;
    return NULL;
}

/* What was found out here comes first, then what is known of the text that libwebsockets gives,
 * then what its log says, then that text. */
static void on_connect_error(struct net_peer *peer, const void *data, size_t size)
{
    char text[160] = "";
    if (data)
        snprintf(text, sizeof text, "%.*s", (int)(size < 150 ? size : 150), (const char *)data);
    const char *translated = translate(text), *logged = net_log_reason();
    if (!peer->tcp_up && peer->tried < peer->addresses.count && !*peer->reason) {
        try_next_address(peer);
        return;
    }
    if (*peer->tls.reason)
        net_peer_say(peer, "%s", peer->tls.reason);
    else if (translated)
        net_peer_say(peer, "%s", translated);
    else if (*logged || *text)
        net_peer_say(peer, "%s", *logged ? logged : text);
    else
        net_peer_say(peer, "no answer");
    net_log_clear();
    net_peer_end(peer);
}

static void connect_to_next(struct net_peer *peer)
{
    struct lws_client_connect_info info = {
        .context = peer->core->context,
        .address = peer->addresses.addresses[peer->address++ % peer->addresses.count],
        .port = peer->url.port,
        .ssl_connection = (peer->url.tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = peer->url.path,
        .host = peer->url.authority,
        .method = peer->method,
        .ietf_version_or_minus_one = -1,
        .userdata = peer,
        .local_protocol_name = peer->kind->protocol,
        .alpn = "http/1.1",
        .pwsi = &peer->wsi,
    };
    peer->tried++;
    peer->state = NET_CONNECTING;
    net_log_clear();
    listen_to_log(peer, true);
    /* Without a result the callback may have run already, or not. */
    if (!lws_client_connect_via_info(&info) && peer->state == NET_CONNECTING) {
        peer->wsi = NULL;
        on_connect_error(peer, NULL, 0);
    }
}

static void poll_resolver(struct net_peer *peer)
{
    enum resolver_state state = resolver_poll(peer->resolver, &peer->addresses);
    if (state == RESOLVER_BUSY)
        return;
    resolver_free(peer->resolver);
    peer->resolver = NULL;
    if (state == RESOLVER_DONE) {
        peer->address = peer->core->turn++;
        return;
    }
    net_peer_say(peer, "%s", peer->addresses.reason);
    net_peer_end(peer);
}

void net_peer_work(struct net_peer *peer, struct stamp now)
{
    if (peer->state == NET_RESOLVING && peer->resolver)
        poll_resolver(peer);
    if (peer->state == NET_RESOLVING && !peer->resolver)
        connect_to_next(peer);
    if (peer->state == NET_UP)
        peer->kind->work(peer, now);
    if (peer->state != NET_ENDED && peer->deadline_ns > 0 && now.mono_ns >= peer->deadline_ns) {
        peer->deadline_ns = 0;
        net_peer_kill(peer, peer->too_late);
    }
}

/* Why an established connection ended of which nobody said why. */
static const char *fate_of(const struct net_peer *peer)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    const SSL *ssl = peer->url.tls ? lws_get_ssl(peer->wsi) : NULL;
    if (ssl && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN))
        return "the venue ended it without a close message";
    int fd = lws_get_socket_fd(peer->wsi);
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return "the connection broke";
    if (info.tcpi_state == TCP_CLOSE)
        return ssl ? "the connection was cut" : "the connection was reset or timed out";
    if (info.tcpi_state == TCP_ESTABLISHED)
        return "the venue broke the protocol";
    return "the venue ended it without a close message";
}

int net_peer_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                   size_t size)
{
    struct stamp now = {0};
    if (reason == LWS_CALLBACK_CLIENT_RECEIVE)
        now = net_now();
    struct net_peer *peer = user;
    if (!peer)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE: /* TCP is up */
        peer->wsi = wsi;
        peer->tcp_up = true;
        listen_to_log(peer, false);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_connect_error(peer, in, size);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        net_peer_say(peer, "%s", peer->kind->fate ? peer->kind->fate : fate_of(peer));
        net_peer_end(peer);
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        return peer->kind->event(peer, wsi, reason, in, size, now);
    default:
        return 0;
    }
}
