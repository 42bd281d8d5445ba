/*
 * capture_drops: what happens when a record cannot go into the capture queue. It is dropped and
 * counted, and as soon as there is room a RECORD_GAP says how many and when, before anything newer
 * of the same connection: never silence.
 *
 * One per connection, used by the thread that pushes. Plain data.
 */
#ifndef REWICK_RECORDER_CAPTURE_DROPS_H
#define REWICK_RECORDER_CAPTURE_DROPS_H

#include "recorder/record_queue.h"

enum drop_reason {
    DROP_QUEUE_FULL, /* the writer (disk) did not keep up */
    DROP_TOO_LARGE,  /* a message over RECORD_DATA_MAX */
};
#define DROP_REASONS 2

struct capture_drops {
    uint64_t total; /* ever */
    struct {
        uint64_t count;  /* records */
        uint64_t frames; /* of those, messages of the venue */
        int64_t first_wall_ns, last_wall_ns;
    } pending[DROP_REASONS]; /* not told yet */
};

/* Pushes the record, after the gap records that are due; what does not fit is counted. */
void capture_drops_push(struct capture_drops *drops, struct record_queue *queue,
                        const struct record *record);
/* Counts a record that was lost before it could be pushed; what is too large is a message of the
 * venue. */
void capture_drops_count(struct capture_drops *drops, enum drop_reason reason, int64_t wall_ns);
/* Pushes the gap records that are due; `from` gives their venue, connection and times. True: none
 * is due any more. */
bool capture_drops_tell(struct capture_drops *drops, struct record_queue *queue,
                        const struct record *from);

#endif
