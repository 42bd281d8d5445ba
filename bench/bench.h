/*
 * bench: what the programs that measure share: failing, memory, invented numbers, processor time,
 * instructions, medians. Figures are for people, so floats are fine here.
 *
 * Nothing that fails comes back: the program says so in one line and ends.
 */
#ifndef REWICK_BENCH_BENCH_H
#define REWICK_BENCH_BENCH_H

#include "engine/base/err.h"
#include "engine/base/time_text.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((noreturn)) static inline void bench_fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
    exit(1);
}

static inline void bench_must(enum err err)
{
    if (err != ERR_OK)
        bench_fail(err_text(err));
}

/* Zeroed. */
static inline void *bench_take(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        bench_fail("out of memory");
    return memory;
}

/* splitmix64 */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- counters -------------------------------------------------------------------------------- */

/* The thread's. */
static inline int64_t bench_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Instructions of this thread outside the kernel, counted between bench_instructions_count(true)
 * and (false); close() it. -1 where the kernel counts none; the others accept that. */
static inline int bench_instructions_open(void)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .disabled = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static inline void bench_instructions_count(int counter, bool on)
{
    if (counter >= 0)
        ioctl(counter, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}

static inline uint64_t bench_instructions_read(int counter)
{
    uint64_t value = 0;
    if (counter >= 0 && read(counter, &value, sizeof value) != (ssize_t)sizeof value)
        bench_fail("cannot read the instruction counter");
    return value;
}

/* ---- figures --------------------------------------------------------------------------------- */

static inline int bench_compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Sorts them: the lowest is the first then, the highest the last. */
static inline double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof values[0], bench_compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

#endif
