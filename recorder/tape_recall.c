#include "recorder/tape_recall.h"

#include "engine/base/log.h"
#include "engine/engine_answer.h"
#include "engine/tape/tape_reader.h"

/* What was fetched fills holes like what was received. */
static enum err decode_http(const struct record *record, const struct plan_venue *plan,
                            struct venue_frame *frame)
{
    bool decoded;
    venue_frame_clear(frame);
    return engine_answer_decode(record, plan->venue, &plan->list, frame, &decoded);
}

static enum err recall(const struct record *record, const struct record_plan *plan,
                       struct venue_frame *frame, struct capture_watch *watch)
{
    const struct plan_venue *venue = record_plan_venue(plan, record->venue);
    enum err err = ERR_OK;
    if (!venue)
        return ERR_OK;
    frame->connection = record->connection;
    switch (record->type) {
    case RECORD_RECEIVED:
        err = venue->venue->decode(record->data, record->size, frame);
        break;
    case RECORD_HTTP:
        err = decode_http(record, venue, frame);
        break;
    case RECORD_CONNECTION:
        frame = NULL;
        break;
    default:
        return ERR_OK;
    }
    return err ? err : capture_watch_recall(watch, record, frame);
}

enum err tape_recall(const struct io *io, const char *path, uint64_t next_seq,
                     const struct record_plan *plan, struct capture_watch *watch)
{
    if (next_seq <= 1)
        return ERR_OK;
    struct tape_reader_options options = {
        .from_seq = next_seq > TAPE_RECALL_MAX ? next_seq - TAPE_RECALL_MAX : 1};
    struct tape_reader *reader = NULL;
    struct venue_frame frame;
    struct record record;
    venue_frame_init(&frame);
    enum err err = tape_reader_open(&reader, io, path, &options), kept = ERR_OK;
    while (!err && !kept) {
        err = tape_reader_next(reader, &record);
        kept = err ? ERR_OK : recall(&record, plan, &frame, watch);
    }
    if (err && err != ERR_END)
        log_warn(
            "what tape '%s' ended with is not known, so trades from before may not be fetched: "
            "%s",
            path, err_text(err));
    tape_reader_close(reader);
    venue_frame_release(&frame);
    return kept;
}
