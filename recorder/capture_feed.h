/*
 * capture_feed: the way of records into the capture queue. One for all connections of a recorder:
 * it sees to it that monotonic time never goes back from record to record, that what does not fit
 * is counted (capture_drops) and that silence is marked with ticks.
 *
 * One thread, the one that pushes.
 */
#ifndef REWICK_RECORDER_CAPTURE_FEED_H
#define REWICK_RECORDER_CAPTURE_FEED_H

#include "engine/base/buf.h"
#include "recorder/capture_drops.h"
#include "recorder/transport.h"

/* A RECORD_TICK is pushed when nothing else was for this long. */
#define CAPTURE_TICK_NS INT64_C(250000000)

/* What was dropped of a venue's records that belong to no connection. */
struct feed_account {
    struct feed_account *next;
    const char *venue;
    struct capture_drops drops;
};

struct capture_feed {
    struct record_queue *queue;    /* borrowed */
    struct feed_account *accounts; /* owned; the first is that of no venue */
    int64_t pushed_mono_ns;        /* monotonic time of the newest record */
    uint64_t dropped;              /* records that are not on the tape */
};

/* Where a record comes from; `drops` is told of what does not fit. */
struct feed_source {
    const char *venue;
    uint32_t connection;
    struct capture_drops *drops;
};

enum err capture_feed_init(struct capture_feed *feed, struct record_queue *queue) ERR_MUST_CHECK;
void capture_feed_release(struct capture_feed *feed); /* accepts a zeroed one */

/* `data` with the source's venue and connection. The flag may be RECORD_BINARY. */
void capture_feed_push(struct capture_feed *feed, const struct feed_source *source,
                       enum record_type type, uint8_t flags, struct stamp stamp, const void *data,
                       size_t size);
/* Counts a record that was lost before it could be pushed. */
void capture_feed_lost(struct capture_feed *feed, const struct feed_source *source,
                       enum drop_reason reason, struct stamp stamp);
/* Pushes the gap records that are due; true: none is due any more. */
bool capture_feed_tell(struct capture_feed *feed, const struct feed_source *source,
                       struct stamp stamp);
/* The source of records of a venue ("" for none) that no living connection of ours speaks for. The
 * name must live as long as the queue. */
struct feed_source capture_feed_venue(struct capture_feed *feed, const char *venue,
                                      uint32_t connection);
/* capture_feed_tell() for all of those. */
bool capture_feed_tell_venues(struct capture_feed *feed, struct stamp stamp);
/* A tick if it is time; returns when the next may be due. */
int64_t capture_feed_tick(struct capture_feed *feed, struct stamp stamp);

#endif
