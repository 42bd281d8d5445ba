/*
 * composite_group: the markets of one composite: their time, the windows of each bar, the updates.
 *
 * Time. A group's watermark is the lowest of its members'; members without a watermark (no trade of
 * theirs has counted yet) have no say. Between two records with trades of a member its watermark
 * stands still until time since its newest trade has caught up, then goes with the clock; two
 * numbers say it for any later clock, so that nobody has to be asked until the member moves again.
 * What is closed stays closed when a member joins whose watermark is lower.
 *
 * Internal to composite. Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_COMPOSITE_GROUP_H
#define REWICK_ENGINE_CANDLE_COMPOSITE_GROUP_H

#include "engine/candle/composite_window.h"

struct composite_group;

struct composite_member {
    struct composite_group *group;
    size_t index; /* in the group */
    const char *venue, *symbol;
    const void *market;
    bool moved; /* since the last advance */
    /* Watermark at a clock until it moves again: the larger of held_ns and clock + lead_ns.
     * INT64_MIN: none yet; never. */
    int64_t held_ns, lead_ns;
};

/* What all groups of a set share. */
struct composite_rules {
    struct composite_config config;
    size_t bar_count;
    struct bar *bars;
    int64_t horizon_ns;
};

struct composite_group {
    char name[INSTRUMENT_MAX];
    enum composite_method method;
    size_t index, heap_at; /* in the set */
    bool touched;
    int64_t deadline_ns;     /* clock at which a window will close if nobody moves */
    int64_t closed_until_ns; /* windows that end here or earlier have closed */
    size_t member_count;
    struct composite_member members[CONTRIBUTIONS_MAX];
    struct composite_windows windows[]; /* one per bar */
};

/* NULL: out of memory. */
struct composite_group *composite_group_new(const struct composite_rules *rules, const char *name,
                                            enum composite_method method);
void composite_group_free(struct composite_group *group, const struct composite_rules *rules);

/* NULL: there are CONTRIBUTIONS_MAX. */
struct composite_member *composite_group_join(struct composite_group *group,
                                              const struct composite_market *market);

/* A record begins that may change the group. before_ns: the clock of the record before; what had
 * closed by then has closed, whoever joins or moves now. */
void composite_group_begin(struct composite_group *group, int64_t before_ns);

/* A candle of a member with a trade. */
enum err composite_group_take(struct composite_group *group, const struct composite_rules *rules,
                              struct composite_pool *pool, const struct composite_member *member,
                              size_t bar, const struct candle *candle) ERR_MUST_CHECK;

/* The record is done: gives the updates of changed windows and of those that close now, forgets
 * those beyond the horizon, and sets the deadline. */
void composite_group_advance(struct composite_group *group, const struct composite_rules *rules,
                             struct composite_pool *pool, const struct composite_clock *clock);

/* Nothing changes; update is 0. */
void composite_group_each_forming(const struct composite_group *group,
                                  const struct composite_rules *rules,
                                  void (*each)(const struct candle *candle, void *arg), void *arg);

#endif
