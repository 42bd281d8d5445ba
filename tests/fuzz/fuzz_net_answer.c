/*
 * Fuzzes what a peer says on a real socket: the first letter is h for the answer to an HTTP request
 * or w for what follows a WebSocket handshake, the second says into how many parts it is cut; the
 * rest is sent, then the peer closes.
 *
 * Beyond crashes: every request has one answer, every connection one end, and nothing comes after
 * it or is larger than promised.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/net_fetch.h"
#include "recorder/net_transport.h"
#include "tests/unit/raw_server.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The peer is gone long before. */
#define END_NS (15 * NS_PER_S)

static struct {
    bool websocket;
    unsigned parts;
    const uint8_t *data;
    size_t size;
} say;

static struct {
    uint32_t number; /* of the request or connection */
    unsigned opened, ended;
    volatile unsigned touched;
} got;

static atomic_bool said; /* the peer is done with `say` and its connection */

static void talk(int fd)
{
    char request[4096];
    if (say.websocket)
        raw_upgrade(fd);
    else if (!raw_read_request(fd, request, sizeof request))
        return;
    size_t part = say.size / say.parts + 1;
    for (size_t at = 0; at < say.size; at += part)
        raw_send(fd, say.data + at, at + part < say.size ? part : say.size - at);
    shutdown(fd, SHUT_WR);
    raw_wait_end(fd);
}

static void script(int fd)
{
    talk(fd);
    atomic_store(&said, true);
}

static void touch(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        got.touched += ((const uint8_t *)data)[i];
}

static void opened(void *arg, uint32_t number, struct stamp now)
{
    (void)arg;
    (void)now;
    assert(number == got.number && got.opened == 0 && got.ended == 0);
    got.opened++;
}

static void message(void *arg, uint32_t number, struct stamp now, const void *data, size_t size,
                    bool binary)
{
    (void)arg;
    (void)now;
    (void)binary;
    assert(number == got.number && got.opened == 1 && got.ended == 0 && size <= RECORD_DATA_MAX);
    touch(data, size);
}

static void sign(void *arg, uint32_t number, struct stamp now)
{
    (void)arg;
    (void)now;
    assert(number == got.number && got.ended == 0);
}

static void ended(void *arg, uint32_t number, struct stamp now, const char *reason)
{
    (void)arg;
    (void)now;
    assert(number == got.number && got.ended == 0 && reason[0] != '\0');
    got.ended++;
}

static void answered(void *arg, uint32_t number, struct stamp now,
                     const struct fetch_answer *answer)
{
    (void)arg;
    (void)now;
    assert(number == got.number && got.ended == 0);
    assert((answer->status == 0) == (answer->reason[0] != '\0'));
    assert(answer->status == 0 || (answer->status >= 200 && answer->status <= 599));
    assert(answer->size <= NET_BODY_MAX && answer->retry_after_ns >= 0);
    touch(answer->body, answer->size);
    got.ended++;
}

static const struct transport_events events = {.opened = opened,
                                               .message = message,
                                               .too_large = sign,
                                               .heard = sign,
                                               .sendable = sign,
                                               .closed = ended,
                                               .failed = ended,
                                               .answered = answered};

static struct net_transport *start(struct raw_server *server)
{
    struct net_transport *net;
    log_set_quiet(1);
    log_set_limit(1);
    raw_server_start(server, script);
    if (net_transport_new(&net, NULL) != ERR_OK)
        abort();
    net_transport_listen(net, &events);
    return net;
}

static enum err begin(const struct transport *body, int port)
{
    char text[64];
    struct ws_url url;
    snprintf(text, sizeof text, "%s://127.0.0.1:%d", say.websocket ? "ws" : "http", port);
    got.opened = got.ended = 0;
    atomic_store(&said, false);
    got.number++;
    if (say.websocket) {
        enum err err = ws_url_parse(&url, text, "/ws");
        return err ? err : body->connect(body->arg, got.number, &url);
    }
    enum err err = ws_url_parse_http(&url, text);
    return err ? err : body->fetch(body->arg, got.number, "GET", &url, "/");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct raw_server server;
    static struct net_transport *net;
    if (size < 2)
        return 0;
    if (!net)
        net = start(&server);
    say.websocket = data[0] == 'w';
    say.parts = data[1] % 4u + 1;
    say.data = data + 2;
    say.size = size - 2;
    enum err err = begin(net_transport_body(net), server.port);
    assert(!err);
    int64_t end_ns = clock_mono_ns() + END_NS;
    while ((got.ended == 0 || !atomic_load(&said)) && clock_mono_ns() < end_ns)
        net_transport_service(net, clock_mono_ns() + NS_PER_MS);
    assert(got.ended == 1 && atomic_load(&said));
    return 0;
}
