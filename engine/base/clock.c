#include "engine/base/clock.h"

#include <errno.h>
#include <time.h>

#define NS_PER_SECOND INT64_C(1000000000)

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep_until(int64_t mono_ns)
{
    struct timespec until = {.tv_sec = mono_ns / NS_PER_SECOND, .tv_nsec = mono_ns % NS_PER_SECOND};
    if (mono_ns <= 0)
        return;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}
