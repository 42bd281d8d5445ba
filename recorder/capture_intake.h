/*
 * capture_intake: what happens to each record between the capture queue and the tape: it is decoded
 * for the venue's time, appended, and shown to the watch. The same code runs in the tape's thread
 * and in simulations. One thread; plain data.
 */
#ifndef REWICK_RECORDER_CAPTURE_INTAKE_H
#define REWICK_RECORDER_CAPTURE_INTAKE_H

#include "recorder/capture_watch.h"
#include "recorder/tape_keeper.h"

struct capture_intake {
    struct tape_keeper *tape;       /* borrowed */
    struct capture_watch *watch;    /* borrowed */
    const struct record_plan *plan; /* borrowed; names the venues that are decoded */
    struct venue_frame frame;
};

void capture_intake_init(struct capture_intake *intake, struct tape_keeper *tape,
                         struct capture_watch *watch, const struct record_plan *plan);
void capture_intake_release(struct capture_intake *intake);
/* From now on; tells the watch. */
void capture_intake_plan(struct capture_intake *intake, const struct record_plan *plan);

/* Gives the record its number and source time. ERR_STOP: the tape takes nothing at the moment,
 * offer it again later. */
enum err capture_intake_take(struct capture_intake *intake, struct record *record) ERR_MUST_CHECK;

#endif
