/*
 * receive_clock: receive time as the records tell it. It goes by the monotonic clock, which never
 * goes back within a session, and notes when the wall clock was set. Pure.
 */
#ifndef REWICK_ENGINE_RECEIVE_CLOCK_H
#define REWICK_ENGINE_RECEIVE_CLOCK_H

#include "engine/tape/record.h"

#include <stdbool.h>
#include <stdint.h>

/* The wall clock was stepped when it moved by so much more or less than the monotonic one. */
#define RECEIVE_STEP_NS (INT64_C(100) * 1000000)

struct receive_clock {
    bool started;
    int64_t mono_ns;      /* highest of the session */
    int64_t wall_ns;      /* of the last record */
    int64_t last_mono_ns; /* likewise */
};

/* From one time to a later one; 0 to an earlier one, INT64_MAX when it does not fit. */
static inline int64_t receive_elapsed(int64_t from_ns, int64_t to_ns)
{
    int64_t passed_ns;
    if (to_ns <= from_ns)
        return 0;
    return __builtin_sub_overflow(to_ns, from_ns, &passed_ns) ? INT64_MAX : passed_ns;
}

/* Whether the wall clock was set between the last record and one with these times. */
static inline bool receive_is_step(const struct receive_clock *clock, int64_t wall_ns,
                                   int64_t mono_ns)
{
    int64_t wall_moved_ns, mono_moved_ns, difference_ns;
    if (__builtin_sub_overflow(wall_ns, clock->wall_ns, &wall_moved_ns) ||
        __builtin_sub_overflow(mono_ns, clock->last_mono_ns, &mono_moved_ns) ||
        __builtin_sub_overflow(wall_moved_ns, mono_moved_ns, &difference_ns))
        return true;
    return difference_ns > RECEIVE_STEP_NS || difference_ns < -RECEIVE_STEP_NS;
}

/* A record of the same session. */
static inline void receive_clock_set(struct receive_clock *clock, int64_t wall_ns, int64_t mono_ns)
{
    if (mono_ns > clock->mono_ns)
        clock->mono_ns = mono_ns;
    clock->wall_ns = wall_ns;
    clock->last_mono_ns = mono_ns;
}

#endif
