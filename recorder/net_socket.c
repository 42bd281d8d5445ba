#include "recorder/net_socket.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "engine/tape/record.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel counts in steps of up to 10 ms. */
#define KERNEL_STEP_NS (10 * NS_PER_MS)

struct net_socket {
    struct net_peer peer; /* first */
    uint32_t connection;
    bool closing;       /* our close message is to be sent or is out */
    bool out_waits;     /* `out` holds a message */
    bool tell_sendable; /* a message was turned away */
    struct buf out;     /* LWS_PRE bytes, then the message */
    int64_t heard_ns;   /* monotonic: the last event */
    struct buf message; /* parts of a message so far */
    bool binary;        /* of that message */
    bool left_out;      /* that message is too large */
};

static const struct net_kind websocket;

static struct net_socket *socket_of(struct net_peer *peer)
{
    return (struct net_socket *)peer;
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void give(struct net_socket *socket, struct stamp now, const void *data, size_t size,
                 bool binary)
{
    const struct transport_events *events = socket->peer.core->events;
    events->message(events->arg, socket->connection, now, data, size, binary);
}

static void give_up_message(struct net_socket *socket, struct stamp now)
{
    const struct transport_events *events = socket->peer.core->events;
    socket->left_out = true;
    buf_release(&socket->message);
    events->too_large(events->arg, socket->connection, now);
}

/* One part of a message that did not come in one piece. Its receive time is that of the last part:
 * only then was it there. */
static void collect(struct net_socket *socket, struct stamp now, const void *data, size_t size,
                    bool last)
{
    const struct transport_events *events = socket->peer.core->events;
    if (!socket->left_out && buf_append(&socket->message, data, size) != ERR_OK)
        give_up_message(socket, now);
    if (!last) {
        events->heard(events->arg, socket->connection, now);
        return;
    }
    if (!socket->left_out)
        give(socket, now, socket->message.size > 0 ? (const char *)socket->message.data : "",
             socket->message.size, socket->binary);
    if (socket->message.capacity > NET_ROOM_KEPT)
        buf_release(&socket->message);
    buf_clear(&socket->message);
}

static void on_receive(struct net_socket *socket, struct lws *wsi, struct stamp now,
                       const void *data, size_t size)
{
    bool first = lws_is_first_fragment(wsi);
    bool last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    socket->heard_ns = now.mono_ns;
    socket->peer.core->received += size + 1;
    if (first && last) {
        give(socket, now, data, size, lws_frame_is_binary(wsi));
        return;
    }
    if (first) {
        socket->binary = lws_frame_is_binary(wsi);
        socket->left_out = false;
        buf_clear(&socket->message);
    }
    collect(socket, now, data, size, last);
}

/* When the last byte came, of whatever it was. */
static void look_for_life(struct net_peer *peer, struct stamp now)
{
    struct net_socket *socket = socket_of(peer);
    const struct transport_events *events = peer->core->events;
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (now.mono_ns - socket->heard_ns < NS_PER_S ||
        getsockopt(lws_get_socket_fd(peer->wsi), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return;
    int64_t came_ns = now.mono_ns - (int64_t)info.tcpi_last_data_recv * NS_PER_MS;
    if (came_ns <= socket->heard_ns + KERNEL_STEP_NS)
        return;
    socket->heard_ns = now.mono_ns;
    events->heard(events->arg, socket->connection, now);
}

/* ---- sending -------------------------------------------------------------------------------- */

enum err net_socket_send(struct net_socket *socket, const void *data, size_t size)
{
    static const uint8_t room[LWS_PRE];
    if (socket->peer.state != NET_UP || socket->closing)
        return err_fail(ERR_NET, "the connection is not open");
    if (size > NET_SEND_MAX)
        return err_fail(ERR_USAGE, "a message of more than %u bytes", NET_SEND_MAX);
    if (socket->out_waits) {
        socket->tell_sendable = true;
        return err_fail(ERR_LIMIT, "the message before is still on its way");
    }
    buf_clear(&socket->out);
    enum err err = buf_append(&socket->out, room, sizeof room);
    err = err ? err : buf_append(&socket->out, data, size);
    if (err)
        return err;
    socket->out_waits = true;
    lws_callback_on_writable(socket->peer.wsi);
    return ERR_OK;
}

/* Returns what the callback returns: -1 closes the connection. */
static int on_writeable(struct net_socket *socket, struct lws *wsi)
{
    const struct transport_events *events = socket->peer.core->events;
    if (socket->out_waits) {
        size_t size = socket->out.size - LWS_PRE;
        socket->out_waits = false;
        if (lws_write(wsi, socket->out.data + LWS_PRE, size, LWS_WRITE_TEXT) < (int)size) {
            net_peer_say(&socket->peer, "cannot send");
            return -1;
        }
        if (socket->closing)
            lws_callback_on_writable(wsi);
    } else if (socket->closing) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    }
    if (socket->tell_sendable && !socket->closing) {
        socket->tell_sendable = false;
        events->sendable(events->arg, socket->connection, net_now());
    }
    return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

enum err net_socket_open(struct net_core *core, uint32_t connection, const struct ws_url *url)
{
    struct net_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return err_fail(ERR_NOMEM, "out of memory for a connection");
    socket->connection = connection;
    buf_init(&socket->out, LWS_PRE + NET_SEND_MAX);
    buf_init(&socket->message, RECORD_DATA_MAX);
    enum err err = net_peer_start(&socket->peer, core, &websocket, url);
    if (err)
        free(socket);
    return err;
}

struct net_socket *net_socket_find(const struct net_core *core, uint32_t connection)
{
    for (size_t i = 0; i < core->peer_count; i++)
        if (core->peers[i]->kind == &websocket && core->peers[i]->state != NET_ENDED &&
            socket_of(core->peers[i])->connection == connection)
            return socket_of(core->peers[i]);
    return NULL;
}

void net_socket_close(struct net_socket *socket, enum close_way way, const char *reason)
{
    struct net_peer *peer = &socket->peer;
    net_peer_say(peer, "%s", *reason ? reason : "closed");
    if (way == CLOSE_AT_ONCE || peer->state != NET_UP) {
        net_peer_kill(peer, "");
        return;
    }
    if (socket->closing)
        return;
    socket->closing = true;
    peer->deadline_ns = clock_mono_ns() + NET_GOODBYE_NS;
    lws_callback_on_writable(peer->wsi);
}

static void on_upgrade_answer(struct net_peer *peer, struct lws *wsi)
{
    unsigned status = lws_http_client_http_response(wsi);
    if (status != 101)
        net_peer_say(peer, "the upgrade was answered with HTTP status %u%s", status,
                     status >= 300 && status < 400 ? "; redirects are not followed" : "");
}

static void on_established(struct net_socket *socket, struct lws *wsi)
{
    const struct transport_events *events = socket->peer.core->events;
    struct stamp now = net_now();
    socket->peer.wsi = wsi;
    socket->peer.state = NET_UP;
    socket->peer.deadline_ns = 0;
    socket->heard_ns = now.mono_ns;
    events->opened(events->arg, socket->connection, now);
}

static void on_peer_close(struct net_peer *peer, const uint8_t *data, size_t size)
{
    const char *text = size > 2 && buf_is_utf8(data + 2, size - 2) ? (const char *)data + 2 : "";
    int text_size = *text ? (int)(size - 2) : 0, code = size >= 2 ? data[0] << 8 | data[1] : 1005;
    /* libwebsockets turns codes that it does not know, 1012 "service restart" among them, into
     * 1002. */
    if (code == 1002)
        net_peer_say(peer, "the venue closed it with code 1002, or 1012 to 2999%s%.*s",
                     *text ? ": " : "", text_size, text);
    else
        net_peer_say(peer, "the venue closed it with code %d%s%.*s", code, *text ? ": " : "",
                     text_size, text);
}

static int on_event(struct net_peer *peer, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t size, struct stamp now)
{
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_RECEIVE:
        on_receive(socket_of(peer), wsi, now, in, size);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writeable(socket_of(peer), wsi);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        on_upgrade_answer(peer, wsi);
        break;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        on_established(socket_of(peer), wsi);
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(peer, in, size);
        break;
    default:
        break;
    }
    return 0;
}

static void on_ended(struct net_peer *peer, struct stamp now, bool was_up)
{
    const struct transport_events *events = peer->core->events;
    uint32_t connection = socket_of(peer)->connection;
    if (was_up)
        events->closed(events->arg, connection, now, peer->reason);
    else
        events->failed(events->arg, connection, now, peer->reason);
}

static void release(struct net_peer *peer)
{
    buf_release(&socket_of(peer)->out);
    buf_release(&socket_of(peer)->message);
}

static const struct net_kind websocket = {
    .protocol = "websocket",
    .event = on_event,
    .ended = on_ended,
    .work = look_for_life,
    .release = release,
};
