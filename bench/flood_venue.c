/*
 * flood_venue: exchanges that send trades at a given rate, for measuring a recorder. Each venue has
 * a port of its own and speaks its own protocol (venue->serving): subscribing, instrument list,
 * trades.
 *
 *   flood_venue [--rate N] [--seconds N] [--cert FILE --key FILE] VENUE...
 *
 * Prints "VENUE PORT" for each, then waits until every venue has a subscribed client, sends --rate
 * frames a second in all (0: as many as are taken), and at the end one line of JSON: what was sent.
 */
#include "engine/base/time_text.h"
#include "engine/venue/venue.h"
#include "tests/sim/sim_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VENUES_MAX  32
#define CLIENTS_MAX 256
#define OUT_MAX     (4u << 20) /* bytes waiting for a client that does not read: then it must wait */

struct flood_venue {
    const struct venue *venue;
    struct instrument instrument;
    int listener;
    uint64_t made;
};

struct client {
    int fd;
    SSL *tls;
    size_t venue;
    bool upgraded;
    struct venue_subscriptions subs;
    struct buf in, out;
    uint64_t sequence;
};

static struct flood_venue venues[VENUES_MAX];
static struct client clients[CLIENTS_MAX];
static size_t venue_count, client_count;
static SSL_CTX *tls_context;
static uint64_t sent_frames, sent_bytes;

static void die(const char *what)
{
    fprintf(stderr, "flood_venue: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- sockets ----------------------------------------------------------------------------------
 */

static int listen_anywhere(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("cannot listen");
    *out_port = ntohs(address.sin_port);
    return fd;
}

static ssize_t read_some(struct client *client, void *data, size_t size)
{
    if (!client->tls)
        return recv(client->fd, data, size, 0);
    int got = SSL_read(client->tls, data, (int)size);
    if (got > 0)
        return got;
    errno = EAGAIN;
    return SSL_get_error(client->tls, got) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static ssize_t write_some(struct client *client, const void *data, size_t size)
{
    if (!client->tls)
        return send(client->fd, data, size, MSG_NOSIGNAL);
    int put = SSL_write(client->tls, data, (int)(size > 16384 ? 16384 : size));
    return put > 0 ? put : -1;
}

static void flush(struct client *client)
{
    size_t done = 0;
    while (done < client->out.size) {
        ssize_t put = write_some(client, client->out.data + done, client->out.size - done);
        if (put <= 0)
            break;
        done += (size_t)put;
    }
    if (done > 0) {
        memmove(client->out.data, client->out.data + done, client->out.size - done);
        client->out.size -= done;
    }
}

static void drop(size_t index)
{
    struct client *client = &clients[index];
    SSL_free(client->tls);
    close(client->fd);
    venue_subscriptions_release(&client->subs);
    buf_release(&client->in);
    buf_release(&client->out);
    clients[index] = clients[--client_count];
}

static void take_client(size_t venue)
{
    int fd = accept4(venues[venue].listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
    if (fd < 0 || client_count == CLIENTS_MAX)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct client *client = &clients[client_count++];
    *client = (struct client){.fd = fd, .venue = venue};
    venue_subscriptions_init(&client->subs);
    buf_init(&client->in, 1u << 20);
    buf_init(&client->out, OUT_MAX + (1u << 20));
    if (tls_context) {
        client->tls = SSL_new(tls_context);
        SSL_set_fd(client->tls, fd);
        SSL_set_accept_state(client->tls);
    }
}

/* ---- protocol ---------------------------------------------------------------------------------
 */

static void put(struct client *client, const void *data, size_t size)
{
    if (buf_append(&client->out, data, size) != ERR_OK)
        die("a client's buffer is full");
}

static enum err send_frame(const void *data, size_t size, void *arg)
{
    uint8_t head[4] = {0x81, (uint8_t)size};
    size_t head_size = 2;
    if (size > 125) {
        head[1] = 126;
        head[2] = (uint8_t)(size >> 8);
        head[3] = (uint8_t)size;
        head_size = 4;
    }
    if (size > 65535)
        die("a frame is too large");
    put(arg, head, head_size);
    put(arg, data, size);
    return ERR_OK;
}

static bool has_symbol(const char *symbol, void *arg)
{
    const struct client *client = arg;
    return strcmp(symbol, venues[client->venue].instrument.symbol) == 0;
}

static void header(const char *request, const char *name, char *out, size_t size)
{
    const char *at = strcasestr(request, name);
    out[0] = '\0';
    if (!at)
        return;
    at += strlen(name);
    at += strspn(at, " ");
    snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static void upgrade(struct client *client, const char *request, const char *target)
{
    char key[128], text[192];
    uint8_t digest[SHA_DIGEST_LENGTH];
    char accept[64];
    header(request, "Sec-WebSocket-Key:", key, sizeof key);
    int size = snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    SHA1((const uint8_t *)text, (size_t)size, digest);
    EVP_EncodeBlock((uint8_t *)accept, digest, sizeof digest);
    size = snprintf(text, sizeof text,
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                    "Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                    accept);
    put(client, text, (size_t)size);
    const struct venue_serving *serving = venues[client->venue].venue->serving;
    client->upgraded = true;
    if (serving->open(target, &client->subs) != ERR_OK)
        die("a path is unknown");
    if (serving->greet && serving->greet(now_ns(CLOCK_REALTIME), send_frame, client) != ERR_OK)
        die("a venue cannot greet");
}

static void answer(struct client *client, const char *request, const char *method,
                   const char *target)
{
    const struct flood_venue *venue = &venues[client->venue];
    struct venue_past past = {.instrument_count = 1, .instruments = &venue->instrument};
    char host[256], head[128];
    int status = 200;
    struct buf body;
    buf_init(&body, 1u << 20);
    header(request, "Host:", host, sizeof host);
    if (venue->venue->serving->answer(method, target, host, now_ns(CLOCK_REALTIME), &past, &status,
                                      &body) != ERR_OK)
        status = 404;
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %d OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                        status, body.size);
    put(client, head, (size_t)size);
    if (body.size > 0)
        put(client, body.data, body.size);
    buf_release(&body);
}

/* True: the client is to be closed when its answer is out. */
static bool take_request(struct client *client)
{
    if (buf_terminate(&client->in) != ERR_OK || !strstr((char *)client->in.data, "\r\n\r\n"))
        return false;
    char method[16] = "", target[2048] = "", upgrade_to[32];
    const char *request = (const char *)client->in.data;
    sscanf(request, "%15s %2047s", method, target);
    header(request, "Upgrade:", upgrade_to, sizeof upgrade_to);
    if (strcasecmp(upgrade_to, "websocket") == 0)
        upgrade(client, request, target);
    else
        answer(client, request, method, target);
    buf_clear(&client->in);
    return !client->upgraded;
}

/* Masked frames of the client. False: it said goodbye. */
static bool take_frames(struct client *client)
{
    for (;;) {
        uint8_t *data = client->in.data;
        size_t size = client->in.size, head = 6;
        if (size < 6)
            return true;
        size_t length = data[1] & 0x7f;
        if (length == 126) {
            head = 8;
            length = (size_t)data[2] << 8 | data[3];
        } else if (length == 127) {
            die("a client's message is too large");
        }
        if (size < head + length)
            return true;
        const uint8_t *mask = data + head - 4;
        for (size_t i = 0; i < length; i++)
            data[head + i] ^= mask[i % 4];
        if ((data[0] & 15) == 8)
            return false;
        if ((data[0] & 15) == 1 && venues[client->venue].venue->serving->request(
                                       data + head, length, now_ns(CLOCK_REALTIME), &client->subs,
                                       has_symbol, send_frame, client) != ERR_OK)
            die("a venue cannot answer");
        memmove(data, data + head + length, size - head - length);
        client->in.size -= head + length;
    }
}

/* False: gone. */
static bool take_input(struct client *client)
{
    uint8_t data[16384];
    ssize_t got;
    while ((got = read_some(client, data, sizeof data)) > 0)
        if (buf_append(&client->in, data, (size_t)got) != ERR_OK)
            return false;
    if (got == 0)
        return false;
    if (client->upgraded)
        return take_frames(client);
    bool over = take_request(client);
    flush(client);
    return !over || client->out.size > 0;
}

/* ---- the flood --------------------------------------------------------------------------------
 */

static bool is_ready(const struct client *client)
{
    const struct flood_venue *venue = &venues[client->venue];
    return client->upgraded &&
           venue_subscriptions_has(&client->subs, venue->venue->recording->channels[0].name,
                                   venue->instrument.symbol);
}

static size_t count_ready(void)
{
    size_t ready = 0;
    for (size_t i = 0; i < client_count; i++)
        ready += is_ready(&clients[i]);
    return ready;
}

static void send_trade(struct client *client)
{
    static struct buf frame;
    if (frame.size_max == 0)
        buf_init(&frame, 1u << 16);
    struct flood_venue *venue = &venues[client->venue];
    struct trade trade = {.source_ns = now_ns(CLOCK_REALTIME) / NS_PER_MS * NS_PER_MS,
                          .has_id = venue->venue->ids != IDS_NONE,
                          .id = 1 + venue->made,
                          .count = 1,
                          .price = {6000000 + (int64_t)(venue->made * 7919 % 10007), 2},
                          .quantity = {1 + (int64_t)(venue->made % 97), 0},
                          .taker = venue->made % 2 ? TAKER_BUY : TAKER_SELL};
    trade.first_id = trade.last_id = trade.id;
    memcpy(trade.symbol, venue->instrument.symbol, sizeof trade.symbol);
    struct venue_writing writing = {.channel = venue->venue->recording->channels[0].name,
                                    .venue_ns = now_ns(CLOCK_REALTIME),
                                    .sequence = client->sequence++,
                                    .subs = &client->subs};
    size_t count;
    if (venue->venue->serving->write_trades(&writing, &trade, 1, &count, &frame) != ERR_OK)
        die("a trade cannot be written");
    venue->made++;
    sent_frames++;
    sent_bytes += frame.size;
    send_frame(frame.data, frame.size, client);
}

/* One frame to each ready client in turn, at most `count` in all; clients that do not take them are
 * left out. */
static void send_round(uint64_t count)
{
    static size_t turn;
    for (uint64_t i = 0; i < count; i++) {
        for (size_t tried = 0; tried < client_count; tried++) {
            struct client *client = &clients[turn++ % client_count];
            if (!is_ready(client) || client->out.size > 65536)
                continue;
            send_trade(client);
            break;
        }
    }
    for (size_t i = 0; i < client_count; i++)
        flush(&clients[i]);
}

static void serve(int wait_ms)
{
    struct pollfd fds[VENUES_MAX + CLIENTS_MAX];
    for (size_t i = 0; i < venue_count; i++)
        fds[i] = (struct pollfd){venues[i].listener, POLLIN, 0};
    size_t count = client_count;
    for (size_t i = 0; i < count; i++)
        fds[venue_count + i] = (struct pollfd){
            clients[i].fd, (short)(POLLIN | (clients[i].out.size > 0 ? POLLOUT : 0)), 0};
    poll(fds, venue_count + count, wait_ms);
    for (size_t i = count; i-- > 0;) {
        short events = fds[venue_count + i].revents;
        if (events & POLLOUT)
            flush(&clients[i]);
        if (events & (POLLIN | POLLHUP | POLLERR) && !take_input(&clients[i]))
            drop(i);
        else if (clients[i].out.size > 0 && !clients[i].upgraded)
            flush(&clients[i]);
    }
    for (size_t i = 0; i < venue_count; i++)
        if (fds[i].revents & POLLIN)
            take_client(i);
}

static void flood(uint64_t rate, int64_t seconds, size_t wanted)
{
    while (count_ready() < wanted)
        serve(20);
    int64_t begin_ns = now_ns(CLOCK_MONOTONIC), end_ns = begin_ns + seconds * NS_PER_S, at_ns;
    while ((at_ns = now_ns(CLOCK_MONOTONIC)) < end_ns) {
        if (rate == 0) {
            send_round(256);
            serve(0);
            continue;
        }
        uint64_t due = (uint64_t)((at_ns - begin_ns) / 1000) * rate / 1000000;
        uint64_t behind = due > sent_frames ? due - sent_frames : 0;
        send_round(behind < 16384 ? behind : 16384);
        serve(1);
    }
    double took = (double)(now_ns(CLOCK_MONOTONIC) - begin_ns) / 1e9;
    printf("{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"seconds\":%.3f,\"clients\":%zu}\n",
           sent_frames, sent_bytes, took, count_ready());
    fflush(stdout);
    /* What is on its way is still taken. */
    while (client_count > 0)
        serve(100);
}

int main(int argc, char **argv)
{
    uint64_t rate = 40000;
    int64_t seconds = 10;
    const char *cert = NULL, *key = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rate") == 0 && i + 1 < argc)
            rate = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = strtoll(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--cert") == 0 && i + 1 < argc)
            cert = argv[++i];
        else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
            key = argv[++i];
        else if (venue_count < VENUES_MAX && (venues[venue_count].venue = venue_find(argv[i])))
            venue_count++;
    }
    if (cert && key) {
        tls_context = SSL_CTX_new(TLS_server_method());
        if (!tls_context || SSL_CTX_use_certificate_chain_file(tls_context, cert) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) != 1)
            die("cannot use the certificate");
        SSL_CTX_set_mode(tls_context,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    for (size_t i = 0; i < venue_count; i++) {
        int port;
        if (!sim_instrument(venues[i].venue, 0, &venues[i].instrument))
            die("a venue has no instrument");
        venues[i].listener = listen_anywhere(&port);
        printf("%s %d %s\n", venues[i].venue->name, port, venues[i].instrument.name);
    }
    fflush(stdout);
    flood(rate, seconds, venue_count);
    return 0;
}
