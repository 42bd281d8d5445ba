/*
 * health_score: the state, the score and the reasons, from the figures of a report: the tables of
 * docs/health.md. Pure; part of health.
 */
#ifndef REWICK_ENGINE_HEALTH_HEALTH_SCORE_H
#define REWICK_ENGINE_HEALTH_HEALTH_SCORE_H

#include "engine/health/health.h"

/* What the figures do not say. */
struct health_signs {
    bool down;
    bool trouble; /* something else than silence and refusals that makes it degraded */
    int64_t silence_ns, limit_ns; /* of the most silent connection; limit 0: not known */
    bool was_whole; /* it was open for all of the last full minute, so its rate can be judged */
};

/* Fills state, score and why. */
void health_judge(struct health_report *report, const struct health_signs *signs);

#endif
