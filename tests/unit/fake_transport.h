/*
 * fake_transport: a network with a virtual clock, on the other side of which stands whatever the
 * test says. Events happen in the order of their time, those of one time in the order in which they
 * were asked for; days pass in milliseconds.
 *
 *     conductor --transport--> FAKE_NET --struct fake_peer--> the test's venues
 *               <---events----          <--fake_net_say()..--
 *
 * For tests: it stops the program on a wrong use of the transport. Include fake_transport.c.
 */
#ifndef REWICK_TESTS_UNIT_FAKE_TRANSPORT_H
#define REWICK_TESTS_UNIT_FAKE_TRANSPORT_H

#include "recorder/transport.h"

struct fake_net;

/* The far end. Each may be NULL; then what is said there happens. */
struct fake_peer {
    /* Somebody connects: fake_net_open() or fake_net_fail(). NULL: it opens after 20 ms. */
    void (*connect)(struct fake_net *net, uint32_t connection, const struct ws_url *url, void *arg);
    /* A message has arrived. NULL: nothing. */
    void (*message)(struct fake_net *net, uint32_t connection, const char *text, void *arg);
    /* A connection that was open is no more, whoever ended it. NULL: nothing. */
    void (*gone)(struct fake_net *net, uint32_t connection, void *arg);
    /* A request: fake_net_answer(). NULL: no answer, after 20 ms. */
    void (*request)(struct fake_net *net, uint32_t fetch, const char *method,
                    const struct ws_url *url, const char *target, void *arg);
    void *arg;
};

struct fake_net *fake_net_new(int64_t mono_ns, int64_t wall_ns);
void fake_net_free(struct fake_net *net);
void fake_net_listen(struct fake_net *net, const struct transport_events *events);
void fake_net_set_peer(struct fake_net *net, const struct fake_peer *peer);
const struct transport *fake_net_transport(struct fake_net *net);

struct stamp fake_net_now(const struct fake_net *net);
/* Steps the wall clock. */
void fake_net_step(struct fake_net *net, int64_t step_ns);
/* So many of the following messages are refused with ERR_LIMIT; `sendable` comes after 50 ms. */
void fake_net_jam(struct fake_net *net, unsigned count);

/* All of it happens `delay_ns` from now; texts are copied. What comes for a connection that is no
 * more is left out. */
void fake_net_open(struct fake_net *net, uint32_t connection, int64_t delay_ns);
void fake_net_fail(struct fake_net *net, uint32_t connection, int64_t delay_ns, const char *reason);
void fake_net_say(struct fake_net *net, uint32_t connection, int64_t delay_ns, const char *text);
void fake_net_ping(struct fake_net *net, uint32_t connection, int64_t delay_ns);
void fake_net_too_large(struct fake_net *net, uint32_t connection, int64_t delay_ns);
void fake_net_cut(struct fake_net *net, uint32_t connection, int64_t delay_ns, const char *reason);
void fake_net_answer(struct fake_net *net, uint32_t fetch, int64_t delay_ns, int status,
                     int64_t retry_after_ns, const char *body);
void fake_net_call(struct fake_net *net, int64_t delay_ns,
                   void (*call)(struct fake_net *net, uint64_t number, void *arg), void *arg,
                   uint64_t number);

bool fake_net_is_open(const struct fake_net *net, uint32_t connection);
size_t fake_net_open_count(const struct fake_net *net);

/* Lets time pass until `until_ns` (monotonic): `work` is called after every event and whenever it
 * said that it wants to be. */
void fake_net_run(struct fake_net *net, int64_t until_ns,
                  int64_t (*work)(void *arg, struct stamp now), void *arg);

#endif
