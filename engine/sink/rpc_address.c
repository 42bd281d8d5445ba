#include "engine/sink/rpc_address.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum err fail_form(const char *text)
{
    return err_fail(
        ERR_USAGE,
        "'%s' is not an address to listen on; give HOST:PORT, for example 127.0.0.1:50051", text);
}

/* Digits only: strtoul() alone would take signs and blanks. */
static bool parse_port(uint16_t *out, const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > 5 || strspn(text, "0123456789") != size)
        return false;
    unsigned long value = strtoul(text, NULL, 10);
    if (value > UINT16_MAX)
        return false;
    *out = (uint16_t)value;
    return true;
}

/* Splits at the last colon; an IPv6 host has to stand in brackets. */
static bool split(struct rpc_address *out, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !parse_port(&out->port, colon + 1))
        return false;
    const char *host = text;
    size_t size = (size_t)(colon - text);
    bool bracketed = size >= 2 && host[0] == '[' && host[size - 1] == ']';
    if (bracketed) {
        host++;
        size -= 2;
    }
    if (size == 0 || size >= sizeof out->host)
        return false;
    memcpy(out->host, host, size);
    out->host[size] = '\0';
    return bracketed == (strchr(out->host, ':') != NULL);
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

enum err rpc_address_parse(struct rpc_address *out, const char *text)
{
    struct rpc_address address = {.port = 0};
    if (!split(&address, text))
        return fail_form(text);
    if (strcmp(address.host, "localhost") == 0)
        snprintf(address.host, sizeof address.host, "127.0.0.1");
    if (!is_loopback(address.host))
        return err_fail(ERR_USAGE,
                        "'%s' is not a loopback address; the service has no TLS, so give "
                        "127.0.0.1:PORT, [::1]:PORT or "
                        "localhost:PORT",
                        text);
    *out = address;
    return ERR_OK;
}

void rpc_address_format(char text[RPC_ADDRESS_TEXT_MAX], const struct rpc_address *address)
{
    bool v6 = strchr(address->host, ':') != NULL;
    /* A valid host is at most 45 characters long. */
    snprintf(text, RPC_ADDRESS_TEXT_MAX, "%s%.50s%s:%u", v6 ? "[" : "", address->host,
             v6 ? "]" : "", (unsigned)address->port);
}

static socklen_t fill_socket_address(struct sockaddr_storage *out,
                                     const struct rpc_address *address)
{
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    if (inet_pton(AF_INET, address->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address->port);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    inet_pton(AF_INET6, address->host, &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address->port);
    return sizeof *v6;
}

static enum err fail_listen(const struct rpc_address *address, int error)
{
    char text[RPC_ADDRESS_TEXT_MAX];
    rpc_address_format(text, address);
    switch (error) {
    case EADDRINUSE:
        return err_fail(ERR_NET,
                        "cannot listen on %s: address already in use; choose another with --grpc",
                        text);
    case EACCES:
        return err_fail(
            ERR_NET, "cannot listen on %s: permission denied; choose a port above 1023 with --grpc",
            text);
    default:
        return err_fail(ERR_NET, "cannot listen on %s: %s; choose another with --grpc", text,
                        strerror(error));
    }
}

enum err rpc_address_probe(const struct rpc_address *address)
{
    struct sockaddr_storage where;
    socklen_t size = fill_socket_address(&where, address);
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail_listen(address, errno);
    /* As the core does: connections of an earlier server that linger do not count. */
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int error = 0;
    if (bind(fd, (const struct sockaddr *)&where, size) != 0 || listen(fd, 1) != 0)
        error = errno;
    close(fd);
    return error == 0 ? ERR_OK : fail_listen(address, error);
}

/* An IPv4 address may come as one of IPv6. */
static bool is_same(const struct sockaddr_storage *found, const struct rpc_address *address)
{
    struct in_addr v4;
    bool wants_v4 = inet_pton(AF_INET, address->host, &v4) == 1;
    if (found->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)found;
        return wants_v4 && in->sin_port == htons(address->port) && in->sin_addr.s_addr == v4.s_addr;
    }
    if (found->ss_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)found;
    if (in->sin6_port != htons(address->port))
        return false;
    if (wants_v4)
        return IN6_IS_ADDR_V4MAPPED(&in->sin6_addr) &&
               memcmp(&in->sin6_addr.s6_addr[12], &v4, sizeof v4) == 0;
    return IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
}

static bool is_accepted_on(int fd, const struct rpc_address *address)
{
    struct sockaddr_storage own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    return getsockname(fd, (struct sockaddr *)&own, &own_size) == 0 && is_same(&own, address) &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0;
}

size_t rpc_address_connections(const struct rpc_address *address, bool hang_up)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] == '.' || !is_accepted_on(fd, address))
            continue;
        count++;
        if (hang_up)
            shutdown(fd, SHUT_RDWR);
    }
    closedir(folder);
    return count;
}
