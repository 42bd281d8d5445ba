#include "recorder/status_server.h"

#include "recorder/capture_status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWERS_MAX   8
#define CLIENT_WAIT_S 2

/* A socket's path has room for 107 bytes only; through the folder's descriptor every tape fits. */
static enum err address_of(const char *tape, struct sockaddr_un *out, int *out_folder)
{
    *out_folder = open(tape, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*out_folder < 0)
        return err_errno("cannot open tape '%s'", tape);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/" STATUS_SOCKET_NAME,
             *out_folder);
    return ERR_OK;
}

static enum err listen_at(int fd, const struct sockaddr_un *address)
{
    unlink(address->sun_path);
    mode_t before = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof *address);
    umask(before);
    return rc == 0 && listen(fd, ANSWERS_MAX) == 0 ? ERR_OK : err_errno("cannot listen");
}

enum err status_server_open(struct status_server *server, const char *tape)
{
    struct sockaddr_un address;
    int folder;
    *server = (struct status_server){.fd = -1};
    enum err err = address_of(tape, &address, &folder);
    if (err)
        return err;
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    server->tape = strdup(tape);
    if (server->fd < 0 || !server->tape)
        err = err_errno("cannot make a socket");
    err = err ? err : listen_at(server->fd, &address);
    close(folder);
    if (err) {
        status_server_close(server);
        return err_context(err, "'%s/" STATUS_SOCKET_NAME "'", tape);
    }
    return ERR_OK;
}

void status_server_close(struct status_server *server)
{
    struct sockaddr_un address;
    int folder;
    if (server->fd >= 0) {
        close(server->fd);
        if (address_of(server->tape, &address, &folder) == ERR_OK) {
            unlink(address.sun_path);
            close(folder);
        } else {
            err_clear();
        }
    }
    free(server->tape);
    *server = (struct status_server){.fd = -1};
}

/* The document fits the socket's buffer mostly; who does not read within CLIENT_WAIT_S is dropped.
 */
static void send_all(int client, const struct buf *text)
{
    struct timeval wait = {.tv_sec = CLIENT_WAIT_S};
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    for (size_t sent = 0; sent < text->size;) {
        ssize_t now = send(client, text->data + sent, text->size - sent, MSG_NOSIGNAL);
        if (now <= 0)
            return;
        sent += (size_t)now;
    }
}

void status_server_answer(struct status_server *server,
                          enum err (*write)(struct buf *out, void *arg), void *arg)
{
    for (int i = 0; i < ANSWERS_MAX; i++) {
        int client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            return;
        struct buf text;
        buf_init(&text, CAPTURE_STATUS_BYTES_MAX);
        if (write(&text, arg) == ERR_OK)
            send_all(client, &text);
        else
            err_clear();
        buf_release(&text);
        close(client);
    }
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static enum err receive_all(int fd, struct buf *out)
{
    struct timeval wait = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    for (;;) {
        enum err err = buf_reserve(out, 4096);
        if (err)
            return err;
        ssize_t got = recv(fd, out->data + out->size, out->capacity - out->size, 0);
        if (got < 0)
            return err_errno("no answer from the recorder");
        if (got == 0)
            return out->size > 0 ? ERR_OK : err_fail(ERR_IO, "the recorder gave no answer");
        out->size += (size_t)got;
    }
}

enum err status_ask(const char *tape, struct buf *out)
{
    struct sockaddr_un address;
    int folder;
    enum err err = address_of(tape, &address, &folder);
    if (err)
        return err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        err = err_errno("cannot make a socket");
    else if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        err = errno == ENOENT || errno == ECONNREFUSED
                  ? err_fail(ERR_MISSING, "no recorder is running on tape '%s'", tape)
                  : err_errno("cannot ask the recorder of tape '%s'", tape);
    err = err ? err : receive_all(fd, out);
    if (fd >= 0)
        close(fd);
    close(folder);
    return err;
}
