/*
 * record_control: how the recorder's threads tell the main thread that it is time to stop. The
 * first cause counts. Any thread may ask; the main thread waits on `wake_fd`.
 */
#ifndef REWICK_RECORDER_RECORD_CONTROL_H
#define REWICK_RECORDER_RECORD_CONTROL_H

#include "engine/base/err.h"

#include <stdatomic.h>

enum stop_cause {
    STOP_NONE,
    STOP_SIGNAL,  /* the user */
    STOP_TIME,    /* --for */
    STOP_SILENCE, /* --until-silent */
    STOP_REFUSED, /* no venue accepted a subscription */
    STOP_TAPE,    /* the tape cannot be written */
};

struct record_control {
    int wake_fd; /* readable when a cause is set; -1 when not open */
    atomic_int cause;
};

enum err record_control_open(struct record_control *control) ERR_MUST_CHECK;
void record_control_close(struct record_control *control);
void record_control_stop(struct record_control *control, enum stop_cause cause);
enum stop_cause record_control_cause(struct record_control *control);

#endif
