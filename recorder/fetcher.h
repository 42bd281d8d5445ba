/*
 * fetcher: carries out requests over HTTP: what is ordered and the handshakes of wires. Answers
 * become RECORD_HTTP, those of handshakes with the number of their connection; every request has
 * one, if only to say why it was not made.
 *
 *     order, wire -> fetch_queue -> transport -> RECORD_HTTP, wire
 */
#ifndef REWICK_RECORDER_FETCHER_H
#define REWICK_RECORDER_FETCHER_H

#include "recorder/fetch_queue.h"
#include "recorder/record_plan.h"
#include "recorder/wire_set.h"

struct fetcher {
    struct wire_world *world;
    struct wire_set *wires;
    /* A handshake gave no address. */
    void (*fail)(void *arg, struct wire *wire, struct stamp now, const char *reason);
    void *arg;
    struct fetch_queue queue;
    uint64_t fetches, failed;
};

/* GET `target` from the venue's host. */
void fetcher_order(struct fetcher *fetcher, const struct plan_venue *venue, const char *target,
                   struct stamp now);
/* The address of an ASKING wire, from `host`. An error with text: it will not come. */
enum err fetcher_ask(struct fetcher *fetcher, const struct wire *wire, const struct ws_url *host,
                     struct stamp now) ERR_MUST_CHECK;
/* Sends what is due and says when something will be. */
int64_t fetcher_work(struct fetcher *fetcher, struct stamp now);
void fetcher_answered(struct fetcher *fetcher, uint32_t number, struct stamp now,
                      const struct fetch_answer *answer);

#endif
