/*
 * plan_fetch: from the user's wish to a plan: addresses and channels first, then each venue's
 * instrument list, then the instruments by name.
 */
#ifndef REWICK_RECORDER_PLAN_FETCH_H
#define REWICK_RECORDER_PLAN_FETCH_H

#include "recorder/list_fetch.h"
#include "recorder/record_plan.h"

/* `before` (may be NULL): a plan whose lists are used again as long as they name everything. When a
 * venue's list cannot be had the capture must not wait for it: the user is warned, names are those
 * that he wrote, and the symbols come from the venue's grammar. Only a list file that is no good,
 * and names that nobody knows, are errors. `out` is released by the caller in any case. */
enum err plan_fetch_make(struct record_plan *out, const struct record_wish *wish,
                         const struct record_plan *before,
                         const struct list_fetch *fetch) ERR_MUST_CHECK;

#endif
