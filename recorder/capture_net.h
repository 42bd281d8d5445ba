/*
 * capture_net: the thread that owns all sockets. It stamps each message first thing, puts it into
 * the capture queue and does nothing else with it; no decoding, no disk, no waiting for anybody.
 *
 * When nothing was received for CAPTURE_TICK_NS it puts a RECORD_TICK into the queue, so that time
 * passes in a silent market. All records of a tape's session are stamped by this one thread, which
 * is why their monotonic time never goes back.
 */
#ifndef REWICK_RECORDER_CAPTURE_NET_H
#define REWICK_RECORDER_CAPTURE_NET_H

#include "recorder/venue_link.h"

#define CAPTURE_TICK_NS INT64_C(250000000)
/* How long venues have to answer our close message. */
#define CAPTURE_GOODBYE_NS INT64_C(500000000)

struct capture_net;

struct capture_net_options {
    const struct old_plan *plan; /* must outlive it */
    struct record_queue *queue;     /* must outlive it; ended when the thread ends */
    uint32_t first_connection;
    const char *ca_file; /* trust these certificates and no others; NULL = the system's */
    uint64_t seed;
};

/* ERR_NET with text: the certificates cannot be read or sockets cannot be made. */
enum err capture_net_start(struct capture_net **out,
                           const struct capture_net_options *options) ERR_MUST_CHECK;
/* Any thread, returns at once. */
void capture_net_stop(struct capture_net *net);
/* Waits for the end of the thread. */
void capture_net_join(struct capture_net *net);
/* After joining. */
void capture_net_stats(const struct capture_net *net, struct link_stats *out);
void capture_net_free(struct capture_net *net); /* after joining; accepts NULL */

#endif
