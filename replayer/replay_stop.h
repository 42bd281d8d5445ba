/*
 * replay_stop: Ctrl-C and SIGTERM ask a run to end in good order. The second one ends the process
 * at once.
 */
#ifndef REWICK_REPLAYER_REPLAY_STOP_H
#define REWICK_REPLAYER_REPLAY_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* How long a signal may go unnoticed in replay_stop_wait(). */
#define REPLAY_STOP_SLICE_NS (INT64_C(50) * 1000000)

void replay_stop_install(void);
bool replay_stop_asked(void);

/* Sleeps until `mono_ns`, but no longer than one slice. */
void replay_stop_wait(int64_t mono_ns);

#endif
