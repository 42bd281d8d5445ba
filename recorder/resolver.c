#include "recorder/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resolver {
    pthread_mutex_t mutex;
    bool ready, abandoned;
    enum resolver_state state;
    struct resolver_result result;
    void (*done)(void *arg);
    void *arg;
    char host[];
};

static void destroy(struct resolver *resolver)
{
    pthread_mutex_destroy(&resolver->mutex);
    free(resolver);
}

static enum resolver_state look_up(const char *host, struct resolver_result *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list;
    int rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc == EAI_BADFLAGS || rc == EAI_NONAME || rc == EAI_ADDRFAMILY) {
        /* AI_ADDRCONFIG hides loopback addresses on a machine without any other. */
        hints.ai_flags = 0;
        rc = getaddrinfo(host, NULL, &hints, &list);
    }
    if (rc != 0) {
        snprintf(out->reason, sizeof out->reason, "host name '%.64s' cannot be resolved: %s", host,
                 gai_strerror(rc));
        return RESOLVER_FAILED;
    }
    for (struct addrinfo *a = list; a && out->count < RESOLVER_ADDRESSES_MAX; a = a->ai_next)
        if (getnameinfo(a->ai_addr, a->ai_addrlen, out->addresses[out->count], RESOLVER_ADDRESS_MAX,
                        NULL, 0, NI_NUMERICHOST) == 0)
            out->count++;
    freeaddrinfo(list);
    if (out->count > 0)
        return RESOLVER_DONE;
    snprintf(out->reason, sizeof out->reason, "host name '%.64s' has no address", host);
    return RESOLVER_FAILED;
}

static void *resolver_thread(void *arg)
{
    struct resolver *resolver = arg;
    struct resolver_result result = {0};
    enum resolver_state state = look_up(resolver->host, &result);
    pthread_mutex_lock(&resolver->mutex);
    resolver->result = result;
    resolver->state = state;
    resolver->ready = true;
    bool abandoned = resolver->abandoned;
    if (!abandoned && resolver->done)
        resolver->done(resolver->arg);
    pthread_mutex_unlock(&resolver->mutex);
    if (abandoned)
        destroy(resolver);
    return NULL;
}

enum err resolver_start(struct resolver **out, const char *host, void (*done)(void *arg), void *arg)
{
    struct resolver *resolver = calloc(1, sizeof *resolver + strlen(host) + 1);
    if (!resolver)
        return err_fail(ERR_NOMEM, "out of memory for a lookup of '%s'", host);
    memcpy(resolver->host, host, strlen(host) + 1);
    resolver->done = done;
    resolver->arg = arg;
    pthread_mutex_init(&resolver->mutex, NULL);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    int rc = pthread_create(&thread, &attr, resolver_thread, resolver);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        destroy(resolver);
        return err_fail(ERR_IO, "cannot start a thread to look up '%s': %s", host, strerror(rc));
    }
    *out = resolver;
    return ERR_OK;
}

enum resolver_state resolver_poll(struct resolver *resolver, struct resolver_result *out)
{
    pthread_mutex_lock(&resolver->mutex);
    enum resolver_state state = resolver->ready ? resolver->state : RESOLVER_BUSY;
    if (state != RESOLVER_BUSY)
        *out = resolver->result;
    pthread_mutex_unlock(&resolver->mutex);
    return state;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    pthread_mutex_lock(&resolver->mutex);
    bool ready = resolver->ready;
    resolver->abandoned = true;
    pthread_mutex_unlock(&resolver->mutex);
    if (ready)
        destroy(resolver);
}
