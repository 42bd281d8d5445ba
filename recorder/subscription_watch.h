/*
 * subscription_watch: whether the venues give what was asked for. Refused subscriptions are named
 * on stderr, an instrument from which nothing comes is warned about, and it knows when every venue
 * has refused.
 *
 * It looks at the records on their way to the tape; one thread.
 */
#ifndef REWICK_RECORDER_SUBSCRIPTION_WATCH_H
#define REWICK_RECORDER_SUBSCRIPTION_WATCH_H

#include "recorder/old_plan.h"

/* A subscribed instrument from which nothing came for this long gets a warning. */
#define WATCH_QUIET_NS INT64_C(30000000000)
/* All refused is believed when nothing else came for this long after the last refusal. */
#define WATCH_REFUSED_NS INT64_C(2000000000)
/* Refusals named per venue; reconnects would repeat them for ever. */
#define WATCH_REFUSALS_MAX 64

struct subscription_watch;

enum err subscription_watch_new(struct subscription_watch **out,
                                const struct old_plan *plan) ERR_MUST_CHECK;
void subscription_watch_free(struct subscription_watch *watch); /* accepts NULL */

/* Every record; `frame` is what a received one decodes to, else NULL. */
void subscription_watch_see(struct subscription_watch *watch, const struct record *record,
                            const struct venue_frame *frame);
/* Warns about what is due. Call now and then. */
void subscription_watch_work(struct subscription_watch *watch, int64_t mono_ns);

/* Every venue has refused something and given nothing. `text` (may be NULL) borrowed: the last
 * refusal. */
bool subscription_watch_all_refused(const struct subscription_watch *watch, int64_t mono_ns,
                                    const char **text);
/* Receive time (monotonic) of the last market data, 0 = none yet. */
int64_t subscription_watch_data_ns(const struct subscription_watch *watch);
/* Frames received from venue number `index` of the plan. */
uint64_t subscription_watch_frames(const struct subscription_watch *watch, size_t index);

#endif
