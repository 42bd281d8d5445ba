/*
 * capture_watch: looks at every record on its way to the tape and sees to it that what was asked
 * for comes, and that what is lost is fetched or told.
 *
 *     record -> WATCH -> connection_watch     confirmed, refused, settled
 *                     -> stream_rate          silence against the stream's own usual rate
 *                     -> repair_plan          holes in trade ids, holes of reconnects
 *                     -> health               state, figures and score of what came
 *                     -> orders to the conductor, lines for the user, status
 *
 * It is a function of the records and the time that passes, and of nothing else: the tape holds all
 * that it knows. One thread (the tape's).
 */
#ifndef REWICK_RECORDER_CAPTURE_WATCH_H
#define REWICK_RECORDER_CAPTURE_WATCH_H

#include "engine/base/buf.h"
#include "engine/health/health.h"
#include "recorder/order.h"
#include "recorder/record_plan.h"
#include "recorder/repair_plan.h"
#include "recorder/transport.h"

#include <stdatomic.h>

struct capture_watch;

struct capture_watch_options {
    const struct record_plan *plan; /* first; replaced by capture_watch_plan() */
    order_give_fn *give;
    void *give_arg;
};

enum err capture_watch_new(struct capture_watch **out,
                           const struct capture_watch_options *options) ERR_MUST_CHECK;
void capture_watch_free(struct capture_watch *watch); /* accepts NULL */

/* A new plan; the old one must stay valid until the watch is freed. */
void capture_watch_plan(struct capture_watch *watch, const struct record_plan *plan);

/* Every record that goes on the tape, in order; `frame` is what a received one or an HTTP answer
 * decodes to, else NULL. */
enum err capture_watch_see(struct capture_watch *watch, const struct record *record,
                           const struct venue_frame *frame) ERR_MUST_CHECK;
/* Records of an older session of the same tape, before the first of this one: so that holes of a
 * restart are seen. Only ids and times are taken from them. */
enum err capture_watch_recall(struct capture_watch *watch, const struct record *record,
                              const struct venue_frame *frame) ERR_MUST_CHECK;
/* What is due. Call often. */
void capture_watch_work(struct capture_watch *watch, struct stamp now);

/* Every venue has refused something and given nothing. `text` (may be NULL) borrowed: the last
 * refusal. */
bool capture_watch_all_refused(const struct capture_watch *watch, int64_t mono_ns,
                               const char **text);
/* Receive time (monotonic) of the last market data, 0 = none yet. */
int64_t capture_watch_data_ns(const struct capture_watch *watch);

/* For `rewick status` and the closing lines: per venue and per connection. Plain data. */
struct watch_connection {
    uint32_t connection, link;
    bool open, settled;
    size_t wanted, confirmed, refused;
    uint64_t frames, trades, malformed;
    int64_t opened_wall_ns, last_frame_wall_ns, last_data_wall_ns;
    int64_t
        usual_silence_ns; /* the longest that is usual between two frames of data; 0 = not known */
    uint64_t frames_per_min; /* over the last minute */
    bool has_report;
    struct health_report report; /* what the records say */
};

struct watch_venue {
    const struct venue *venue;
    enum health_state health;    /* the worse of what the watch knows and what the records say */
    char why[160];               /* of the worse one; "" when up */
    uint8_t score;               /* the report's, less 10 when the watch knows worse */
    struct health_report report; /* what the records say; zeroed before the first of the venue */
    uint64_t frames, trades, malformed;
    uint64_t reconnects, errors; /* connections lost; attempts failed */
    uint64_t refused;
    struct repair_stats repair;
    int64_t last_data_wall_ns;
    size_t connection_count;                    /* open ones and those that failed last */
    const struct watch_connection *connections; /* valid until the next see or work */
};

size_t capture_watch_venue_count(const struct capture_watch *watch);
void capture_watch_venue(struct capture_watch *watch, size_t index, struct stamp now,
                         struct watch_venue *out);

#endif
