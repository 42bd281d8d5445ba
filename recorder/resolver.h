/*
 * resolver: host name -> addresses, without holding up who asks. libwebsockets resolves with a
 * blocking call, and a dead name server would stop every connection of the recorder; so each lookup
 * runs in a thread of its own and libwebsockets gets numbers only.
 */
#ifndef REWICK_RECORDER_RESOLVER_H
#define REWICK_RECORDER_RESOLVER_H

#include "engine/base/err.h"

#include <stddef.h>

#define RESOLVER_ADDRESSES_MAX 8
#define RESOLVER_ADDRESS_MAX   64 /* text of one, NUL included */

enum resolver_state { RESOLVER_BUSY, RESOLVER_DONE, RESOLVER_FAILED };

struct resolver_result {
    size_t count;
    char addresses[RESOLVER_ADDRESSES_MAX][RESOLVER_ADDRESS_MAX];
    char reason[160]; /* when it failed */
};

struct resolver; /* one lookup */

/* `host` is copied. `done` (may be NULL) is called from another thread when there is an answer,
 * with `arg`, unless the lookup was freed before. */
enum err resolver_start(struct resolver **out, const char *host, void (*done)(void *arg),
                        void *arg) ERR_MUST_CHECK;
/* Fills `out` unless it is still busy. */
enum resolver_state resolver_poll(struct resolver *resolver, struct resolver_result *out);
/* Frees it, or leaves that to its thread when that is still waiting. Accepts NULL. */
void resolver_free(struct resolver *resolver);

#endif
