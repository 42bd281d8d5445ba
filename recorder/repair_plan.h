/*
 * repair_plan: which trades are missing or may be, and what to ask the venue for.
 *
 *     trades of frames and answers -> ids and times per market -> HOLES -> fetch orders -> answers
 * ...
 *
 * A hole is: ids that were skipped (IDS_CONTIGUOUS), or the time in which nobody carried a
 * subscription (reconnects, restarts). It is left alone for REPAIR_GRACE_NS, because another
 * connection may still fill it, then asked for page by page until it is filled, the venue has no
 * more, or REPAIR_TRIES_MAX attempts failed (waits double from REPAIR_RETRY_NS). Answers are
 * records on the tape, from which the engine repairs its candles, live and in every replay. What
 * stays open is told on the tape (RECORD_GAP, reason "not repaired", count 0, with symbol and ids
 * or times), and where ids cannot show whether something is missing the interval is told as well
 * (reason "possibly incomplete").
 *
 * One request per venue is under way at a time; the conductor keeps the venue's pace.
 *
 * Pure: a function of what it is given. Bounds: REPAIR_HOLES_MAX holes; more are told as not
 * repaired.
 */
#ifndef REWICK_RECORDER_REPAIR_PLAN_H
#define REWICK_RECORDER_REPAIR_PLAN_H

#include "engine/venue/venue.h"
#include "recorder/order.h"
#include "recorder/record_plan.h"
#include "recorder/transport.h"

#define REPAIR_HOLES_MAX 4096
#define REPAIR_GRACE_NS  (INT64_C(2) * 1000000000)
#define REPAIR_RETRY_NS  (INT64_C(5) * 1000000000)
#define REPAIR_TRIES_MAX 6
#define REPAIR_PAGES_MAX 1000                        /* per hole */
#define REPAIR_ANSWER_NS (INT64_C(120) * 1000000000) /* no answer by then: the try has failed */

struct repair_stats {
    uint64_t holes;    /* seen */
    uint64_t open;     /* now */
    uint64_t missing;  /* trades known to be missing, ever */
    uint64_t filled;   /* of those, by REST or by another connection */
    uint64_t fetched;  /* trades that came by REST and were new */
    uint64_t given_up; /* holes told as not repaired */
    uint64_t possible; /* intervals told as possibly incomplete */
};

struct repair_plan;

enum err repair_plan_new(struct repair_plan **out, const struct record_plan *plan,
                         order_give_fn *give, void *give_arg) ERR_MUST_CHECK;
void repair_plan_free(struct repair_plan *repair); /* accepts NULL */
void repair_plan_plan(struct repair_plan *repair, const struct record_plan *plan);

/* Trades of an older session, received or fetched, before all else: the newest of each market, and
 * what contiguous ids show to be missing still. */
enum err repair_plan_recall(struct repair_plan *repair, const struct venue *venue,
                            const struct venue_frame *frame) ERR_MUST_CHECK;
/* Trades of a received frame; those of a channel that makes no candles are ignored. */
enum err repair_plan_trades(struct repair_plan *repair, const struct venue *venue,
                            const struct venue_frame *frame, struct stamp now) ERR_MUST_CHECK;
/* Nobody carries these subscriptions from now on / somebody does again (settled). */
enum err repair_plan_uncovered(struct repair_plan *repair, const struct venue *venue,
                               const char *channel, const char *symbol,
                               struct stamp now) ERR_MUST_CHECK;
enum err repair_plan_covered(struct repair_plan *repair, const struct venue *venue,
                             const char *channel, const char *symbol,
                             struct stamp now) ERR_MUST_CHECK;
/* An HTTP answer of the venue that is no instrument list: `target` is path and query of its URL,
 * `frame` what it decodes to (NULL: status was not 200). */
enum err repair_plan_answer(struct repair_plan *repair, const struct venue *venue,
                            const char *target, int status, const struct venue_frame *frame,
                            struct stamp now) ERR_MUST_CHECK;
void repair_plan_work(struct repair_plan *repair, struct stamp now);
void repair_plan_stats(const struct repair_plan *repair, const struct venue *venue,
                       struct repair_stats *out);

#endif
