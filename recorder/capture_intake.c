#include "recorder/capture_intake.h"

#include "engine/engine_answer.h"

void capture_intake_init(struct capture_intake *intake, struct tape_keeper *tape,
                         struct capture_watch *watch, const struct record_plan *plan)
{
    *intake = (struct capture_intake){.tape = tape, .watch = watch, .plan = plan};
    venue_frame_init(&intake->frame);
}

void capture_intake_release(struct capture_intake *intake)
{
    venue_frame_release(&intake->frame);
}

void capture_intake_plan(struct capture_intake *intake, const struct record_plan *plan)
{
    if (plan == intake->plan)
        return;
    intake->plan = plan;
    capture_watch_plan(intake->watch, plan);
}

/* By the name's address: records carry the venue's own. */
static const struct plan_venue *venue_of(const struct capture_intake *intake,
                                         const struct record *record)
{
    const struct record_plan *plan = intake->plan;
    for (size_t i = 0; i < plan->venue_count; i++)
        if (plan->venues[i].venue->name == record->venue)
            return &plan->venues[i];
    return NULL;
}

/* What cannot be decoded has no source time and goes on the tape all the same. */
static const struct venue_frame *decode(struct capture_intake *intake, struct record *record)
{
    const struct plan_venue *venue = venue_of(intake, record);
    bool decoded = false;
    enum err err = ERR_OK;
    if (!venue)
        return NULL;
    intake->frame.connection = record->connection;
    if (record->type == RECORD_RECEIVED) {
        decoded = true;
        err = venue->venue->decode(record->data, record->size, &intake->frame);
        record->source_ns = err ? RECORD_NO_TIME : intake->frame.source_ns;
    } else if (record->type == RECORD_HTTP) {
        err = engine_answer_decode(record, venue->venue, &venue->list, &intake->frame, &decoded);
    }
    return decoded && !err ? &intake->frame : NULL;
}

enum err capture_intake_take(struct capture_intake *intake, struct record *record)
{
    const struct venue_frame *frame = decode(intake, record);
    enum err err = tape_keeper_append(intake->tape, record);
    return err ? err : capture_watch_see(intake->watch, record, frame);
}
