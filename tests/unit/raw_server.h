/*
 * raw_server: a peer on loopback for tests, in a thread of its own: each connection is given to
 * `script`, one after the other, and closed when that returns. Helpers for scripts end the script's
 * writing quietly when the client is gone.
 */
#ifndef REWICK_TESTS_UNIT_RAW_SERVER_H
#define REWICK_TESTS_UNIT_RAW_SERVER_H

#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

struct raw_server {
    int fd, port;
    int last_opcode; /* of the frames that raw_read_frame() gave; after raw_server_stop() */
    void (*script)(int fd);
    pthread_t thread;
};

/* Set by raw_read_frame(), in the server's thread. */
static _Thread_local int raw_last_opcode = -1;

static void *raw_server_run(void *arg)
{
    struct raw_server *server = arg;
    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) {
        server->script(fd);
        close(fd);
    }
    server->last_opcode = raw_last_opcode;
    return NULL;
}

static inline void raw_server_start(struct raw_server *server, void (*script)(int fd))
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->script = script;
    server->last_opcode = -1;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, 16), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, raw_server_run, server), 0);
}

/* The clients must have gone, or the script must end by itself. */
static inline void raw_server_stop(struct raw_server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

static inline void raw_send(int fd, const void *data, size_t size)
{
    const char *bytes = data;
    for (size_t done = 0; done < size;) {
        ssize_t sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        done += (size_t)sent;
    }
}

static inline bool raw_read(int fd, void *data, size_t size)
{
    return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

static inline void raw_wait_end(int fd)
{
    char block[4096];
    while (recv(fd, block, sizeof block, 0) > 0)
        continue;
}

/* `head`: FIN and opcode. */
static inline void raw_send_frame(int fd, uint8_t head, const void *data, size_t size)
{
    uint8_t bytes[10] = {head, 127};
    for (int i = 0; i < 8; i++)
        bytes[2 + i] = (uint8_t)((uint64_t)size >> (8 * (7 - i)));
    if (size < 126) {
        bytes[1] = (uint8_t)size;
        raw_send(fd, bytes, 2);
    } else if (size < 65536) {
        const uint8_t small[4] = {head, 126, (uint8_t)(size >> 8), (uint8_t)size};
        raw_send(fd, small, 4);
    } else {
        raw_send(fd, bytes, 10);
    }
    raw_send(fd, data, size);
}

/* A frame of at most 125 bytes from a client, as text; its opcode, or -1 at the end. */
static inline int raw_read_frame(int fd, char *text, size_t room)
{
    uint8_t head[6];
    if (!raw_read(fd, head, sizeof head) || !(head[1] & 0x80) || (head[1] & 0x7f) >= room ||
        (head[1] & 0x7f) > 125)
        return -1;
    size_t size = head[1] & 0x7f;
    if (size > 0 && !raw_read(fd, text, size))
        return -1;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(text[i] ^ head[2 + i % 4]);
    text[size] = '\0';
    raw_last_opcode = head[0] & 0x0f;
    return raw_last_opcode;
}

/* Reads a request up to its empty line. */
static inline bool raw_read_request(int fd, char *request, size_t room)
{
    size_t size = 0;
    while (size + 1 < room && raw_read(fd, request + size, 1)) {
        request[++size] = '\0';
        if (size >= 4 && memcmp(request + size - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static inline void raw_answer(int fd, const char *answer)
{
    char request[4096];
    if (raw_read_request(fd, request, sizeof request))
        raw_send(fd, answer, strlen(answer));
}

/* Answers the WebSocket handshake. */
static inline void raw_upgrade(int fd)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char request[4096], key[128], answer[256];
    unsigned char hash[SHA_DIGEST_LENGTH], accept[64];
    if (!raw_read_request(fd, request, sizeof request))
        return;
    const char *found = strcasestr(request, "sec-websocket-key: ");
    if (!found)
        return;
    snprintf(key, sizeof key, "%.24s%s", found + strlen("sec-websocket-key: "), guid);
    SHA1((const unsigned char *)key, strlen(key), hash);
    EVP_EncodeBlock(accept, hash, sizeof hash);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             (const char *)accept);
    raw_send(fd, answer, strlen(answer));
}

#endif
