/*
 * capture_net: the thread that owns all sockets. It runs the transport and the conductor, stamps
 * each message first thing, puts it into the capture queue and does nothing else with it; no
 * decoding, no disk, no waiting for anybody.
 *
 * All records of a tape's session are stamped by this one thread, which is why their monotonic time
 * never goes back.
 */
#ifndef REWICK_RECORDER_CAPTURE_NET_H
#define REWICK_RECORDER_CAPTURE_NET_H

#include "recorder/conductor.h"

/* How long venues have to answer our close message. */
#define CAPTURE_GOODBYE_NS INT64_C(400000000)
/* How often the state of the kernel's clock is noted on the tape. */
#define CAPTURE_CLOCK_NS (INT64_C(600) * 1000000000)

struct capture_net;

struct capture_net_options {
    const struct record_plan *plan; /* must outlive it */
    struct record_queue *queue;     /* must outlive it; ended when the thread ends */
    uint32_t first_connection;
    const char *ca_file; /* trust these certificates and no others; NULL = the system's */
    uint64_t seed;
};

/* Makes what the thread needs, and starts it with capture_net_run(). ERR_NET with text: the
 * certificates cannot be read or sockets cannot be made. */
enum err capture_net_new(struct capture_net **out,
                         const struct capture_net_options *options) ERR_MUST_CHECK;
enum err capture_net_run(struct capture_net *net) ERR_MUST_CHECK;
/* Any thread, from capture_net_new() to capture_net_free(): an order_give_fn with the capture_net
 * as arg. */
enum err capture_net_give(const struct order *order, void *net) ERR_MUST_CHECK;
/* Any thread, returns at once. */
void capture_net_stop(struct capture_net *net);
/* Waits for the end of the thread; at once when it never ran. */
void capture_net_join(struct capture_net *net);
/* Any thread; as of the last quarter of a second. */
void capture_net_stats(struct capture_net *net, struct conductor_stats *out);
void capture_net_free(struct capture_net *net); /* after joining; accepts NULL */

#endif
