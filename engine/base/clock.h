/*
 * clock: the operating system's clocks. For the recorder, the replayer and the sinks; the engine
 * never includes this (its time comes with the records).
 */
#ifndef REWICK_ENGINE_BASE_CLOCK_H
#define REWICK_ENGINE_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ns(void); /* CLOCK_REALTIME, since 1970-01-01 UTC */
int64_t clock_mono_ns(void); /* CLOCK_MONOTONIC, since boot */
void clock_sleep_until(int64_t mono_ns);

#endif
