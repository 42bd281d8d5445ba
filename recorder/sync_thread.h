/*
 * sync_thread: a thread that does nothing but wait for the disk, so that the tape's thread need not
 * (the tape_syncer of tape_writer.h).
 */
#ifndef REWICK_RECORDER_SYNC_THREAD_H
#define REWICK_RECORDER_SYNC_THREAD_H

#include "engine/tape/tape_writer.h"

struct sync_thread;

enum err sync_thread_start(struct sync_thread **out) ERR_MUST_CHECK;
/* Waits for a sync that is under way. Accepts NULL. */
void sync_thread_stop(struct sync_thread *sync);
/* Of one writer at a time; lives as long as the thread. */
const struct tape_syncer *sync_thread_syncer(struct sync_thread *sync);

#endif
