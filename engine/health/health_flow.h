/*
 * health_flow: what has come over a connection, or from a venue, minute by minute.
 *
 *     slot (shared by all flows): the running minute; slot - 1: the last full one; ... - 9
 *
 * Plain data; part of health. Pure.
 */
#ifndef REWICK_ENGINE_HEALTH_HEALTH_FLOW_H
#define REWICK_ENGINE_HEALTH_HEALTH_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_MINUTES   10 /* the running one and nine full ones */
#define HEALTH_WHOLE_MAX 15 /* minutes of which the usual rate is the median ... */
#define HEALTH_WHOLE_MIN 5  /* ... once there are so many */
#define HEALTH_NEVER     INT64_MIN
#define HEALTH_COUNT_MAX (INT64_C(1) << 48) /* of a minute; counts stay there */

struct health_minute {
    uint64_t frames, trades, malformed, dropped, reconnects, errors;
    int64_t missing; /* found less repaired */
};

struct health_flow {
    int64_t frame_ns, data_ns;  /* of the last one; HEALTH_NEVER */
    int64_t fault_ns;           /* a frame was malformed or dropped */
    int64_t lost_ns, failed_ns; /* a connection ended unplanned; an attempt failed */
    struct health_minute minutes[HEALTH_MINUTES];
    bool began_open; /* it was open when the running minute began */
    bool was_whole;  /* it was open at both ends of the last full minute */
    uint64_t usual;  /* frames per minute; 0: not known yet */
    size_t whole_count, whole_next;
    uint64_t whole[HEALTH_WHOLE_MAX]; /* frames of the newest whole minutes */
};

void health_flow_init(struct health_flow *flow);
/* The minute of this slot has ended; `open` at its end. The next slot begins empty. */
void health_flow_minute(struct health_flow *flow, size_t slot, bool open);
/* All minutes together; `missing` at least 0. */
void health_flow_sum(const struct health_flow *flow, struct health_minute *out);
/* Counts without overflow. */
void health_flow_add(uint64_t *count, uint64_t more);

#endif
