/*
 * plan_keeper: what is captured, from the user's wish to a plan: addresses and channels first, then
 * each venue's instrument list, then the instruments by name. It keeps every plan that was ever in
 * use, because other threads may still look at the older ones.
 *
 *     wish --+--> PLAN --> conductor, tape's thread
 *            |
 *     lists -+--> answers for the tape
 *
 * When a venue's list cannot be had the capture does not wait for it: the user is warned, names are
 * those that he wrote, symbols come from the venue's grammar, and the list is asked for again every
 * PLAN_RETRY_NS. Main thread only; fetching blocks.
 */
#ifndef REWICK_RECORDER_PLAN_KEEPER_H
#define REWICK_RECORDER_PLAN_KEEPER_H

#include "recorder/list_fetch.h"
#include "recorder/record_plan.h"

/* Changes of subscriptions in the life of a recorder. */
#define PLANS_MAX     1024
#define PLAN_RETRY_NS (INT64_C(60) * 1000000000)

struct plan_keeper;

/* `http` is borrowed. */
enum err plan_keeper_new(struct plan_keeper **out, struct http_session *http) ERR_MUST_CHECK;
void plan_keeper_free(
    struct plan_keeper *keeper); /* accepts NULL; no plan may be in use any more */

/* The present plan, NULL before the first; stays until the keeper is freed. */
const struct record_plan *plan_keeper_plan(const struct plan_keeper *keeper);

/* A new plan. Lists that are known are used again as long as they name everything. Fetching ends
 * when `cancel_fd` becomes readable. ERR_USAGE, ERR_UNKNOWN (names that nobody knows), errors of a
 * list file; the present plan then stays. */
enum err plan_keeper_make(struct plan_keeper *keeper, const struct record_wish_options *options,
                          int cancel_fd) ERR_MUST_CHECK;
/* True: a list that was lacking is there, and with it a new plan. Names that it does not have are
 * told once, and the present plan stays. Call now and then. */
bool plan_keeper_retry(struct plan_keeper *keeper, int64_t mono_ns, int cancel_fd);
/* Gives the answers that have come since to `take` as the data of RECORD_HTTPs, and forgets them.
 */
enum err plan_keeper_answers(struct plan_keeper *keeper, list_answer_fn *take,
                             void *arg) ERR_MUST_CHECK;

#endif
