/*
 * link_set: all links of a recorder, as the plan wants them, and the hosts that they share. A new
 * plan changes the wires of links that stay, makes links and closes others. One thread.
 */
#ifndef REWICK_RECORDER_LINK_SET_H
#define REWICK_RECORDER_LINK_SET_H

#include "recorder/link.h"

#define LINK_SET_MAX 512
/* However much a host bears, two attempts to connect to it are this far apart. */
#define LINK_SPREAD_NS INT64_C(100000000)

struct link_set {
    uint64_t seed;
    uint32_t numbers; /* given so far */
    struct shard_set shards;
    struct link_host *hosts; /* owned list; hosts are remembered for ever, as they remember us */
    size_t count;
    struct link *links[LINK_SET_MAX]; /* owned */
};

void link_set_release(struct link_set *set); /* accepts a zeroed one; wires stay */
/* ERR_LIMIT, ERR_NOMEM with text: not all of it is carried. The plan must outlive the set. */
enum err link_set_update(struct link_set *set, const struct record_plan *plan,
                         struct wire_world *world, struct stamp now) ERR_MUST_CHECK;
/* Closes all. */
void link_set_close(struct link_set *set, struct wire_world *world, const char *reason);
/* Another changeover is under way at the host of this link. */
bool link_set_is_changing(const struct link_set *set, const struct link *link);

#endif
